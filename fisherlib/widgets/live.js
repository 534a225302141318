// Draws the figure of a LiveFigure in every view; plotly.js is put in front of this file.
//
// plotly.js writes its guesses (types and ranges of axes, shrunken domains) into the figure that it has drawn, and a figure
// that is updated keeps some of them. So every figure is drawn afresh. Only a surface is updated to another surface in
// place: it keeps its camera, and setting up 3D drawing is slow.

const { Plotly } = window;
const CONFIG = { displaylogo: false, showSendToCloud: false }; // plotly.js offers to upload a figure to a server
const PATIENCE = 2000; // ms; on a page that is still loading plotly.js may never report that it is done

function render({ model, el }) {
  const gd = el.appendChild(document.createElement("div"));
  let drawn = null; // JSON of the figure that is drawn
  let width = 0; // pixels it was drawn for
  let queue = Promise.resolve();

  const turned = (changes) => {
    if (!Object.keys(changes).some((name) => name.startsWith("scene.camera"))) return;
    model.set("camera", structuredClone(changes["scene.camera"] ?? gd.layout.scene.camera));
    model.save_changes();
  };

  const picked = (event) => { // a lasso that is given up sends no event, or one without points
    const whole = (number) => (Number.isInteger(number) ? number : null); // on a grid it is a pair
    const points = (event?.points ?? []).filter(({ x, y }) => x !== undefined && y !== undefined);
    if (points.length) model.send({ picked: points.map(({ curveNumber, pointNumber, x, y }) => [curveNumber, whole(pointNumber), x, y]) });
  };

  const done = (plot) => Promise.race([plot, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);

  async function draw() {
    const text = model.get("drawing");
    const room = el.clientWidth; // asked before drawing: it may change meanwhile, and is then drawn for again
    if (!text || !room) return; // hidden parts of a page have no width
    if (text !== drawn) await become(text);
    else if (room !== width) await done(Plotly.relayout(gd, { autosize: true }));
    width = room;
  }

  async function become(text) {
    const { data, layout } = JSON.parse(text);
    if (drawn === null && !data.length) return; // no empty axes before the first figure
    const inPlace = drawn !== null && layout.scene && gd._fullLayout.scene;
    drawn = text;
    el.style.minHeight = `${layout.height ?? 0}px`; // so that the page does not jump
    if (layout.scene && model.get("camera").eye) layout.scene.camera = structuredClone(model.get("camera"));
    const whole = { ...layout, autosize: true, width: undefined };
    const plot = inPlace ? Plotly.react(gd, data, whole, CONFIG) : Plotly.newPlot(gd, data, whole, CONFIG);
    await done(plot);
    if (inPlace) return;
    gd.on("plotly_relayout", turned); // a new plot has no listeners
    gd.on("plotly_click", picked);
    gd.on("plotly_selected", picked);
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
