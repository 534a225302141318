// What widgets leave out for screen readers and for a mouse at rest: names of sliders, which fields need an answer, which
// lines are read aloud, and no help that says "null".
function set(element, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

function name(panel) {
  for (const label of panel.querySelectorAll('[title="null"], [title=""]')) label.removeAttribute("title");
  for (const field of panel.querySelectorAll(".fisherlib-field")) {
    const control = field.querySelector("input, select"), sentence = field.querySelector(".widget-html-content");
    if (!control || !sentence) continue;
    sentence.id ||= `fisherlib-${Math.random().toString(36).slice(2)}`;
    const asked = field.classList.contains("fisherlib-asked");
    set(control, { "aria-invalid": asked ? "true" : null, "aria-describedby": asked ? sentence.id : null });
  }
  for (const slider of panel.querySelectorAll(".widget-inline-hbox:has(.noUi-handle)")) {
    const label = slider.querySelector(".widget-label")?.textContent ?? "", readout = slider.querySelector(".widget-readout");
    for (const handle of slider.querySelectorAll(".noUi-handle")) {
      set(handle, { "aria-label": label, "aria-valuetext": readout?.textContent || null });
    }
    if (readout) set(readout, { "aria-label": `${label}, typed`, role: readout.isContentEditable ? "textbox" : null });
  }
  for (const line of panel.querySelectorAll(".fisherlib-status")) set(line, { role: "status", "aria-live": "polite" });
  for (const bar of panel.querySelectorAll(".progress")) set(bar, { role: "progressbar", "aria-label": "progress" });
}
