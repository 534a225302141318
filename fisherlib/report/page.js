// Connects the selectors above a figure to it: a trace is shown when every entry of its `meta` agrees with them.
function connectSelectors(id) {
  const figure = document.getElementById(id);
  const selects = Array.from(document.querySelectorAll(`select[data-figure="${id}"]`));
  const agrees = (meta) => selects.every(({dataset, value}) => (meta[dataset.key] ?? value) === value);
  const selectable = (meta) => selects.some(({dataset}) => meta?.[dataset.key] !== undefined);

  function show() {
    const traces = [...figure.data.keys()].filter((k) => selectable(figure.data[k].meta));
    const changes = figure.layout.meta?.relayout ?? {};
    const layout = Object.assign({}, ...selects.map(({dataset, value}) => changes[dataset.key]?.[value]));
    Plotly.update(figure, {visible: traces.map((k) => agrees(figure.data[k].meta))}, layout, traces);
  }

  selects.forEach((select) => select.addEventListener("change", show));
  show(); // a browser may restore earlier choices when the page is loaded again
}
