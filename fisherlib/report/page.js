// Draws the figures of the page (with the functions of figures/adapt.js, put in front of this file) and keeps them in step
// with their selectors, the width and the theme of the page, and the paper it is printed on.

const PAPER = 960; // px; the width of the text on paper, which page.css scales to that of a sheet
const drawings = [];

function merged(target, changes) {
  for (const [name, value] of Object.entries(changes)) {
    const nested = value !== null && typeof value === "object" && !Array.isArray(value);
    target[name] = nested ? merged(target[name] ?? {}, value) : value;
  }
  return target;
}

// A figure, and where it is drawn. The frames of its selectors refer to the list of values by index; other frames are of an
// animation.
function addFigure(id, figure, { values, frames }, animation) {
  const gd = document.getElementById(id);
  const selects = Array.from(document.querySelectorAll(`select[data-figure="${id}"]`));
  const drawing = { gd, figure, shown: figure, selects, values, frames, animation, drawn: false };
  drawings.push(drawing);
  selects.forEach((select) => select.addEventListener("change", () => { choose(drawing); draw(drawing); }));
  if (selects.length) choose(drawing); // a browser may restore earlier choices when the page is loaded again
  draw(drawing);
}

// Selectors together choose one of the frames. Options that go with none of the earlier choices are not offered.
function choose(drawing) {
  const { figure, selects, values, frames } = drawing;
  const agrees = (choice, upTo) => upTo.every(({ dataset, value }) => (choice[dataset.key] ?? value) === value);
  const trace = (places) => Object.fromEntries(Object.entries(places).map(([name, place]) => [name, values[place]]));
  selects.forEach((select, k) => {
    const left = frames.filter(({ choice }) => agrees(choice, selects.slice(0, k)));
    for (const option of select.options) {
      option.disabled = option.hidden = !left.some(({ choice }) => (choice[select.dataset.key] ?? option.value) === option.value);
    }
    if (select.selectedOptions[0]?.disabled) select.value = [...select.options].find((option) => !option.disabled).value;
    select.nextElementSibling.textContent = select.value; // what the paper shows
  });
  const frame = frames.find(({ choice }) => agrees(choice, selects));
  drawing.shown = { data: frame.data.map(trace), layout: merged(structuredClone(figure.layout), frame.layout) };
}

// Draws a figure for the width that it has, or for paper. A browser prints what is drawn before this returns.
function draw(drawing) {
  const { gd, shown, animation, drawn } = drawing;
  const width = drawings.printing ? PAPER : gd.clientWidth;
  if (!width) return; // hidden
  const { data, layout } = adapted(shown, width, !drawings.printing && isDark(gd));
  const whole = { uirevision: "kept", ...layout, width, autosize: false }; // the camera survives a change of selection
  const inPlace = drawn && drawing.width === width;
  if (drawn && !inPlace && layout.scene) whole.scene = { ...layout.scene, camera: gd._fullLayout.scene._scene.getCamera() };
  Object.assign(drawing, { drawn: true, width });
  const plot = Plotly[inPlace ? "react" : "newPlot"](gd, data, whole, settings(shown));
  if (!inPlace && animation.length) plot.then(() => Plotly.addFrames(gd, animation));
  dress(gd.parentElement, gd, shown);
  gd.parentElement.classList.toggle("fisherlib-dark", !drawings.printing && isDark(gd));
}

// On paper every figure has the width of the text, and a picture in place of each surface: browsers do not print WebGL.
function toPaper() {
  if (drawings.printing) return; // a browser may tell of it twice
  drawings.printing = true;
  document.documentElement.classList.add("measured"); // plotly.js measures text as if no style sheet made it smaller
  drawings.forEach(draw);
  for (const { gd } of drawings) {
    for (const name of gd._fullLayout?._subplots?.gl3d ?? []) pictured(gd._fullLayout[name]._scene);
  }
  document.documentElement.classList.remove("measured");
}

function pictured(scene) {
  const picture = Object.assign(new Image(), { src: scene.toImage("png"), className: "pictured", alt: "" });
  scene.container.append(picture);
}

function toScreen() {
  if (!drawings.printing) return;
  drawings.printing = false;
  document.querySelectorAll("img.pictured").forEach((picture) => picture.remove());
  drawings.forEach(draw);
}

addEventListener("beforeprint", toPaper);
addEventListener("afterprint", toScreen);
matchMedia("print").addEventListener("change", ({ matches }) => (matches ? toPaper() : toScreen()));

// What is wider than the page scrolls sideways, from the keyboard as well.
function reachable() {
  for (const wide of document.querySelectorAll(".output_area, math[display=block], pre")) {
    if (wide.scrollWidth > wide.clientWidth) wide.setAttribute("tabindex", "0");
    else wide.removeAttribute("tabindex");
  }
}

let resized = 0;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => {
    drawings.filter(({ gd, width }) => gd.clientWidth !== width).forEach(draw);
    reachable();
  }, 100);
});
addEventListener("DOMContentLoaded", () => {
  reachable();
  onTheme(() => drawings.printing || drawings.forEach(draw));
  // The numbers of the page as a file, also where the page is opened from a file.
  for (const link of document.querySelectorAll("a[data-numbers]")) {
    const numbers = document.getElementById(link.dataset.numbers).textContent;
    link.href = URL.createObjectURL(new Blob([numbers], { type: "application/json" }));
  }
});
