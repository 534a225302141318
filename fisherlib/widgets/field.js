// What is missing or wrong of a control, under it; the control itself is marked for a screen reader.
function render({ model, el }) {
  const said = document.createElement("span");
  said.id = `fisherlib-question-${Math.random().toString(36).slice(2)}`;
  el.append(said);
  let tries = 50; // the control may be drawn later than its question

  function mark() {
    const sentence = model.get("sentence"), wrong = Boolean(sentence) && model.get("wrong");
    said.textContent = sentence;
    el.classList.toggle("fisherlib-error", wrong);
    const controls = el.closest(".fisherlib-field")?.querySelectorAll("input, select") ?? [];
    for (const control of controls) {
      for (const [name, value] of [["aria-invalid", "true"], ["aria-describedby", said.id]]) {
        if (wrong) control.setAttribute(name, value);
        else control.removeAttribute(name);
      }
    }
    if (!controls.length && tries-- > 0) setTimeout(mark, 100);
  }

  model.on("change:sentence", mark);
  model.on("change:wrong", mark);
  mark();
  return () => {
    tries = 0;
    model.off("change:sentence", mark);
    model.off("change:wrong", mark);
  };
}
export default { render };
