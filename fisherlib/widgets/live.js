// Draws the figure of a LiveFigure in every view; plotly.js and figures/adapt.js are put in front of this file.

const { Plotly } = window;

function render({ model, el }) {
  const picked = (event) => { // a lasso that is given up sends no event, or one without points
    const whole = (number) => (Number.isInteger(number) ? number : null); // on a grid it is a pair
    const points = (event?.points ?? []).filter(({ x, y }) => x !== undefined && y !== undefined);
    if (points.length) model.send({ picked: points.map(({ curveNumber, pointNumber, x, y }) => [curveNumber, whole(pointNumber), x, y]) });
  };

  const turned = (camera) => {
    model.set("camera", camera);
    model.save_changes();
  };

  const listen = (gd) => {
    gd.on("plotly_click", picked);
    gd.on("plotly_selected", picked);
  };

  const screen = follow(el, { camera: () => model.get("camera"), turned, listen });
  let shown = null; // JSON of the figure that is shown
  const show = () => {
    const text = model.get("drawing");
    if (text && text !== shown) screen.become(JSON.parse(text));
    shown = text;
  };
  model.on("change:drawing", show);
  show();
  return () => screen.stop();
}

export default patient({ render });
