// A table of fits: the head of each row is a button that opens its fit; it scrolls inside, under headings that stay in sight.
function cell(name, scope, content) {
  const made = document.createElement(name);
  if (scope) made.scope = scope;
  made.append(content);
  return made;
}

function render({ model, el }) {
  const place = document.createElement("div"), table = document.createElement("table");
  place.className = "fisherlib-fits-table";
  place.append(table);
  el.append(place);

  function opener([name], k) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.title = `Show ${name} on all pages`;
    button.setAttribute("aria-pressed", k === model.get("chosen"));
    button.addEventListener("click", () => model.send({ opened: k }));
    return button;
  }

  function draw() {
    const from = place.scrollTop, focused = [...table.querySelectorAll("button")].indexOf(document.activeElement);
    const head = document.createElement("thead"), body = document.createElement("tbody");
    head.append(document.createElement("tr"));
    head.firstChild.append(...model.get("headings").map((name) => cell("th", "col", name)));
    body.append(...model.get("rows").map((fit, k) => {
      const line = document.createElement("tr"), header = cell("th", "row", opener(fit, k));
      const note = document.createElement("small");
      note.textContent = fit[2];
      if (fit[2]) header.append(note);
      line.append(header, ...fit[1].map((text) => cell("td", "", text)));
      return line;
    }));
    const caption = document.createElement("caption");
    caption.textContent = model.get("caption");
    table.replaceChildren(caption, head, body);
    place.scrollTop = from;
    if (focused >= 0) table.querySelectorAll("button")[focused]?.focus();
  }

  model.on("change:rows change:chosen", draw);
  draw();
}
export default patient({ render });
