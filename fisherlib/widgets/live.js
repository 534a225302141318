// Draws the figure of a LiveFigure wherever it is shown; plotly.js stands above this text.
//
// plotly.js writes what it guesses (types and ranges of axes, domains it has shrunk) into the figure it has drawn, and a
// figure that is changed step by step keeps some of it. So every figure is drawn from nothing. Only a surface becomes
// another surface in place: it is the one that is turned, and setting up its 3D drawing takes long.

const { Plotly } = window;
const CONFIG = { displaylogo: false, showSendToCloud: false }; // plotly.js offers to upload a figure to its makers' server
const PATIENCE = 2000; // ms; in a page that is still being built plotly.js may never say that it is done

function render({ model, el }) {
  const gd = el.appendChild(document.createElement("div"));
  let drawn = null; // the text of the figure that is there
  let width = 0; // pixels it was drawn for
  let queue = Promise.resolve();

  const turned = (changes) => {
    if (!Object.keys(changes).some((name) => name.startsWith("scene.camera"))) return;
    model.set("camera", structuredClone(changes["scene.camera"] ?? gd.layout.scene.camera));
    model.save_changes();
  };

  const clicked = ({ points }) => {
    const { x, y } = points.find(({ data }) => data.type === "contour") ?? {};
    if (x !== undefined) model.send({ clicked: [x, y] });
  };

  async function draw() {
    const text = model.get("drawing");
    if (!text || !el.clientWidth) return; // a part of a page that is not open has no width yet
    if (text !== drawn) await become(text);
    else if (el.clientWidth !== width) await Plotly.relayout(gd, { autosize: true });
    width = el.clientWidth;
  }

  async function become(text) {
    const { data, layout } = JSON.parse(text);
    if (drawn === null && !data.length) return; // nothing yet, so no empty axes either
    const inPlace = drawn !== null && layout.scene && gd._fullLayout.scene;
    drawn = text;
    el.style.minHeight = `${layout.height ?? 0}px`; // the page does not jump while nothing is there
    if (layout.scene && model.get("camera").eye) layout.scene.camera = structuredClone(model.get("camera"));
    const whole = { ...layout, autosize: true, width: undefined };
    const plot = inPlace ? Plotly.react(gd, data, whole, CONFIG) : Plotly.newPlot(gd, data, whole, CONFIG);
    await Promise.race([plot, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    if (inPlace) return;
    gd.on("plotly_relayout", turned); // a new plot has none of these
    gd.on("plotly_click", clicked);
  }

  const next = () => {
    queue = queue.then(draw).catch((error) => console.error("the figure was not drawn:", error));
  };
  model.on("change:drawing", next);
  const observer = new ResizeObserver(next);
  observer.observe(el);
  return () => {
    observer.disconnect();
    Plotly.purge(gd);
  };
}

export default { render };
