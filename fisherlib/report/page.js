function merged(target, changes) {
  for (const [name, value] of Object.entries(changes)) {
    const nested = value !== null && typeof value === "object" && !Array.isArray(value);
    target[name] = nested ? merged(target[name] ?? {}, value) : value;
  }
  return target;
}

// Connects a figure to its selectors: together they choose one of its frames. Options that go with none of the earlier
// choices are not offered. Traces of the frames refer to the list of values by index.
function connectSelectors(id, {values, frames}) {
  const figure = document.getElementById(id);
  const selects = Array.from(document.querySelectorAll(`select[data-figure="${id}"]`));
  const layout = structuredClone(figure.layout); // plotly.js changes the layout that it is given
  const agrees = (choice, upTo) => upTo.every(({dataset, value}) => (choice[dataset.key] ?? value) === value);
  const trace = (places) => Object.fromEntries(Object.entries(places).map(([name, place]) => [name, values[place]]));

  function offer() {
    selects.forEach((select, k) => {
      const left = frames.filter(({choice}) => agrees(choice, selects.slice(0, k)));
      for (const option of select.options) {
        option.disabled = option.hidden = !left.some(({choice}) => (choice[select.dataset.key] ?? option.value) === option.value);
      }
      if (select.selectedOptions[0]?.disabled) select.value = [...select.options].find((option) => !option.disabled).value;
    });
  }

  function show() {
    offer();
    const frame = frames.find(({choice}) => agrees(choice, selects));
    Plotly.react(figure, frame.data.map(trace), merged(structuredClone(layout), frame.layout));
  }

  selects.forEach((select) => select.addEventListener("change", show));
  show(); // a browser may restore earlier choices when the page is loaded again
}
