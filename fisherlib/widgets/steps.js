// Buttons of the pages. Arrow keys go from one to the next, beside the Tab key.
const MARKS = { done: "✓", open: "○", blocked: "⊘" };

function render({ model, el }) {
  const bar = document.createElement("div");
  bar.className = "fisherlib-steps";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Pages");
  const buttons = model.get("options").map((title) => {
    const button = document.createElement("button"), word = document.createElement("small");
    button.type = "button";
    button.append(title, word);
    button.addEventListener("click", () => {
      model.set("value", title);
      model.save_changes();
    });
    return button;
  });
  bar.append(...buttons);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], here = buttons.indexOf(document.activeElement);
    if (!step || here < 0) return;
    event.preventDefault();
    buttons[(here + step + buttons.length) % buttons.length].focus();
  });

  function tell() {
    const steps = model.get("steps");
    model.get("options").forEach((title, k) => {
      const [state, why] = steps[title] ?? ["open", ""], chosen = model.get("value") === title;
      buttons[k].setAttribute("aria-pressed", chosen);
      if (chosen) buttons[k].setAttribute("aria-current", "step");
      else buttons[k].removeAttribute("aria-current");
      buttons[k].title = why;
      buttons[k].dataset.state = state;
      buttons[k].querySelector("small").textContent = ` ${MARKS[state]} ${state}`;
    });
  }

  model.on("change:steps change:value", tell);
  tell();
  el.append(bar);
}
export default patient({ render });
