// Check boxes in the order of the options; the page's own event makes one message of each tick.
function render({ model, el }) {
  const group = document.createElement("fieldset");
  group.className = "fisherlib-checks";
  el.append(group);

  function choose() {
    model.set("value", [...group.querySelectorAll("input:checked")].map((box) => box.value));
    model.save_changes();
  }

  function draw() {
    const legend = document.createElement("legend"), signs = model.get("signs"), chosen = model.get("value");
    const focused = group.contains(document.activeElement) ? document.activeElement.value : null;
    legend.textContent = model.get("description");
    group.title = model.get("tooltip");
    const boxes = model.get("options").map((name, k) => {
      const label = document.createElement("label"), box = document.createElement("input");
      const sign = document.createElement("span");
      const [color, letter] = signs[k] ?? ["", ""];
      Object.assign(box, { type: "checkbox", value: name, checked: chosen.includes(name) });
      box.setAttribute("aria-label", name); // the sign beside it is no part of its name
      box.addEventListener("change", choose);
      sign.textContent = letter;
      sign.style.color = color;
      sign.setAttribute("aria-hidden", "true");
      label.append(box, sign, name);
      return label;
    });
    group.replaceChildren(legend, ...boxes);
    if (focused !== null) group.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  }

  // Boxes stay where they are, and keep the focus, when only the ticks change.
  function tick() {
    const chosen = model.get("value");
    for (const box of group.querySelectorAll("input")) box.checked = chosen.includes(box.value);
  }

  model.on("change:options change:signs change:description", draw);
  model.on("change:value", tick);
  draw();
}
export default patient({ render });
