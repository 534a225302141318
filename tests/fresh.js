// What a figure of plotly.js shows, as plain values: two figures that show the same give the same values.

function shown(gd) {
  const full = gd._fullLayout;
  const names = Object.keys(full).filter((name) => /^[xy]axis\d*$/.test(name)).sort();
  const scenes = Object.keys(full).filter((name) => /^scene\d*$/.test(name)).sort();
  return {
    layout: {
      title: full.title?.text ?? null, subtitle: full.title?.subtitle?.text ?? null,
      height: full.height, legend: full.showlegend, scattermode: full.scattermode ?? null,
      annotations: (full.annotations ?? []).map(({text, x, y, visible}) => [text, x, y, visible]),
      shapes: (full.shapes ?? []).map(({type, x0, x1, y0, y1}) => [type, x0, x1, y0, y1]),
    },
    axes: Object.fromEntries(names.map((name) => [name, axis(full[name])])),
    scenes: Object.fromEntries(scenes.map((name) => [name, scene(full[name])])),
    traces: gd._fullData.map(trace),
    pixels: {size: [full.width, full.height], plots: names.map((name) => [full[name]._offset, full[name]._length]), marks: marks(gd)},
  };
}

function axis(a) {
  return {
    type: a.type, domain: a.domain, range: a.range, autorange: a.autorange, rangemode: a.rangemode ?? null, constrain: a.constrain,
    matches: a.matches ?? null, scaleanchor: a.scaleanchor || null, anchor: a.anchor, side: a.side, title: a.title?.text ?? null,
    categories: a.type === "category" ? [...a._categories] : [], ticks: [a.tickmode, a.nticks, a.tickangle, a.showticklabels],
    reset: [a._rangeInitial0 ?? null, a._rangeInitial1 ?? null, a._autorangeInitial ?? null], // where a double click leads
  };
}

function scene(s) {
  const of = (a) => ({type: a.type, range: a.range, autorange: a.autorange, title: a.title?.text ?? null});
  const names = (s.annotations ?? []).map(({text, x, y, z, visible}) => [text, x, y, z, visible]);
  return {x: of(s.xaxis), y: of(s.yaxis), z: of(s.zaxis), domain: s.domain, aspect: [s.aspectmode, s.aspectratio], eye: s.camera.eye, names};
}

function trace(t) {
  const flat = (v) => v === undefined || v === null ? [] : Array.from(v).flatMap((e) => typeof e === "object" && e !== null ? flat(e) : [e]);
  const summary = (v) => {
    const all = flat(v), numbers = all.filter((e) => typeof e === "number" && isFinite(e));
    return [all.length, numbers.reduce((sum, e) => sum + e, 0), all[0] ?? null, all.at(-1) ?? null];
  };
  return {
    type: t.type, mode: t.mode ?? null, name: t.name ?? null, visible: t.visible, legend: t.showlegend ?? null,
    axes: [t.xaxis ?? null, t.yaxis ?? null, t.scene ?? null], x: summary(t.x), y: summary(t.y), z: summary(t.z),
    text: flat(t.text).length, shades: [t.zmin ?? null, t.zmax ?? null, t.cmin ?? null, t.cmax ?? null],
    marker: t.marker ? [t.marker.color, t.marker.symbol ?? null, t.marker.size, t.marker.opacity ?? null] : [],
    line: t.line ? [t.line.color ?? null, t.line.width, t.line.dash ?? null, t.line.shape ?? null] : [],
    fill: [t.fill ?? null, t.fillcolor ?? null], bars: [t.error_x?.visible ?? null, t.error_y?.visible ?? null],
  };
}

// What stands on the page: boxes of points and lines, from the corner of the figure.
function marks(gd) {
  const corner = gd.getBoundingClientRect();
  return [...gd.querySelectorAll(".scatterlayer .trace, .heatmaplayer image, .contourlayer .contour")].map((mark) => {
    const {left, top, width, height} = mark.getBoundingClientRect();
    return [mark.querySelectorAll(".point").length, left - corner.left, top - corner.top, width, height];
  });
}

// Where what is shown is not what is wanted: a list of sentences.
function differences(got, wanted, path = "", pixel = 0) {
  if (typeof got === "number" && typeof wanted === "number") {
    const near = Object.is(got, wanted) || Math.abs(got - wanted) <= Math.max(pixel, 1e-6 * Math.max(Math.abs(got), Math.abs(wanted)));
    return near ? [] : [`${path}: ${got}, fresh ${wanted}`];
  }
  if (got === null || wanted === null || typeof got !== "object" || typeof wanted !== "object") {
    return got === wanted ? [] : [`${path}: ${JSON.stringify(got)}, fresh ${JSON.stringify(wanted)}`];
  }
  return [...new Set([...Object.keys(got), ...Object.keys(wanted)])].flatMap((key) =>
    differences(got[key] ?? null, wanted[key] ?? null, path ? `${path}.${key}` : key, path === "pixels" ? 1 : pixel));
}
