// Fits a figure of plotly.js to the page it stands on: its theme, its width, what is saved of it, its keys and its name.
//
// Plain functions, put in front of the scripts that draw. A figure is {data, layout}; it is never changed: copies are.
//
//   adapted(figure, width, dark)  the figure as it is drawn: stacked, then themed
//   settings(figure)              the third argument of Plotly.newPlot
//   downloads(gd), views(gd)      rows of buttons to put below a figure that is drawn
//   named(gd)                     a name, a place among the tab stops, and arrow keys that turn a surface

const NARROW = 640; // px; below it panels go below one another
const FAMILY = '"Open Sans", verdana, arial, sans-serif'; // as plotly.js has it
const CLEAR = "rgba(0,0,0,0)";
const LINE = 1.3; // height of a line of text, as plotly.js has it

function adapted(figure, width, dark) {
  return themed(stacked(figure, width), dark);
}

// ---- Theme

// Whether the page around an element is dark: by JupyterLab's and Voilà's word, else by its background, else by the system.
function isDark(element) {
  const told = document.body.dataset.jpThemeLight;
  if (told) return told === "false";
  for (let at = element; at; at = at.parentElement) {
    const ground = parsed(getComputedStyle(at).backgroundColor);
    if (ground && ground[3] > 0.5) return lightness(ground) < 0.4;
  }
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme.includes("dark") && (!scheme.includes("light") || matchMedia("(prefers-color-scheme: dark)").matches);
}

// Calls back when the theme of the page changes; returns how to stop that.
function onTheme(callback) {
  const observer = new MutationObserver(callback);
  for (const element of [document.body, document.documentElement]) {
    observer.observe(element, { attributes: true, attributeFilter: ["data-jp-theme-light", "class", "style"] });
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", callback);
  };
}

// The figure without a ground of its own; in the dark its greys, and black and white, change places.
function themed({ data, layout }, dark) {
  const filled = new Set(data.filter(({ type }) => FILLED.test(type)).map(place));
  const own = (trace) => (parsed(trace.fillcolor)?.[3] === 1 ? { fillcolor: trace.fillcolor } : {}); // a value may have that colour
  const shown = dark ? { data: data.map((trace) => ({ ...swapped(trace, "", filled.has(place(trace))), ...own(trace) })), layout: swapped(layout) } : { data, layout: { ...layout } };
  const ink = dark ? "#d8dbe2" : "#5a6472";
  Object.assign(shown.layout, { paper_bgcolor: CLEAR, plot_bgcolor: CLEAR });
  shown.layout.modebar = { bgcolor: CLEAR, color: dark ? "#8f949c" : "#848a94", activecolor: ink, ...layout.modebar };
  if (!dark) return shown;
  const [font, title] = [shown.layout.font, shown.layout.title];
  shown.layout.font = { ...font, color: font?.color ?? ink };
  if (title?.font && !title.font.color) shown.layout.title = { ...title, font: { ...title.font, color: ink } };
  for (const name of ["updatemenus", "sliders"]) { // what plotly.js paints under the mouse is light, so these stay light
    if (layout[name]) shown.layout[name] = layout[name].map((each) => ({ bgcolor: "#b9bec7", ...each, ...pale(name, each) }));
  }
  return shown;
}

function pale(name, { font, currentvalue }) {
  if (name === "updatemenus") return { font: { color: "#222222", ...font } };
  return { font: { color: "#d8dbe2", ...font }, currentvalue: { ...currentvalue, font: { color: "#d8dbe2", ...currentvalue?.font } } };
}

const FILLED = /^(surface|contour|heatmap|histogram2d|mesh3d)/;
const inSpace = ({ type }) => /3d$|^surface$/.test(type);
const place = (trace) => (inSpace(trace) ? (trace.scene ?? "scene") : (trace.xaxis ?? "x") + (trace.yaxis ?? "y"));

// A copy in which every neutral colour is exchanged, but white where it stands on colours. Arrays of numbers are shared.
function swapped(value, key = "", onColours = false) {
  const color = (text) => (onColours && lightness(parsed(text) ?? [0, 0, 0]) > 0.95 ? text : opposite(text));
  if (Array.isArray(value)) {
    if (value[0] !== null && typeof value[0] === "object" && !Array.isArray(value[0])) return value.map((each) => swapped(each));
    return /color$/.test(key) && typeof value[0] === "string" ? value.map(color) : value;
  }
  if (value !== null && typeof value === "object" && !ArrayBuffer.isView(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, swapped(part, name, onColours)]));
  }
  return /color$/.test(key) && typeof value === "string" ? color(value) : value;
}

// Of a grey the one that is as far from a dark ground; of a colour itself. Plotly's own dark blues count as greys.
function opposite(color) {
  const shade = parsed(color);
  if (!shade || Math.max(...shade.slice(0, 3)) - Math.min(...shade.slice(0, 3)) > 60) return color;
  const light = lightness(shade);
  const grey = Math.round(255 * (light < 0.5 ? Math.min(0.93, 1 - 0.62 * light) : 0.067 + 1.1 * (1 - light)));
  return shade[3] === 1 ? `rgb(${grey}, ${grey}, ${grey})` : `rgba(${grey}, ${grey}, ${grey}, ${shade[3]})`;
}

function parsed(color) {
  const text = { white: "#ffffff", black: "#000000" }[color] ?? String(color);
  const hex = /^#(?:([\da-f])([\da-f])([\da-f])|([\da-f]{2})([\da-f]{2})([\da-f]{2}))$/i.exec(text);
  if (hex) return [...hex.slice(1).filter(Boolean).map((part) => parseInt(part.padStart(2, part), 16)), 1];
  const parts = /^rgba?\(([^)]*)\)$/.exec(text)?.[1].split(/[\s,/]+/).map(Number);
  return parts && parts.slice(0, 3).every(isFinite) ? [...parts.slice(0, 3), parts[3] ?? 1] : null;
}

const lightness = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b) / 255;

// ---- Width

// The figure for a width in pixels: long words in lines; below NARROW its panels below one another. Its height grows with them.
function stacked(figure, width) {
  const { data, layout } = { data: figure.data.map((trace) => ({ ...trace })), layout: structuredClone(figure.layout) };
  const margin = (layout.margin = { l: 80, r: 80, t: 100, b: 80, ...layout.margin });
  const height = (layout.height ??= 450);
  const plot = { width: width - margin.l - margin.r, height: height - margin.t - margin.b };
  const cells = panels(data, layout);
  for (const note of layout.annotations ?? []) {
    if (note.xref === "paper" && note.yref === "paper") nearest(cells, note)?.notes.push(note);
  }
  const narrow = width < NARROW && cells.length > 0;
  const { above, below, taller } = narrow ? piled(data, layout, cells, plot, width) : inLines(layout, cells, plot);
  const top = above + headed(layout, width), bottom = below + keyed(data, layout, width, narrow);
  layout.height = Math.round(height + top + taller + bottom);
  margin.t += top;
  margin.b += bottom;
  const { title } = layout;
  if (title?.yref === "container" && title.y > 0.5) title.y = 1 - ((1 - title.y) * height) / layout.height;
  for (const each of [...(layout.sliders ?? []), ...(layout.updatemenus ?? [])]) { // they stand below the axes
    if (each.y < 0) each.y *= plot.height / (plot.height + taller);
  }
  return { data, layout };
}

const long = (reference) => reference.replace(/^([xyz])(\d*)$/, "$1axis$2"); // the axis "x2" is called "xaxis2" in a layout

// The panels of a figure, column by column: their axes or scene, and which part of the figure they take.
function panels(data, layout) {
  const found = new Map();
  const base = (name) => (layout[name]?.overlaying ? long(layout[name].overlaying) : name);
  const add = (x, y) => {
    const [h, v] = [base(x), base(y)].map((name) => layout[name]?.domain ?? [0, 1]);
    if (layout[x] && layout[y]) found.set(base(x) + base(y), { x: base(x), y: base(y), left: h[0], right: h[1], low: v[0], high: v[1], notes: [] });
  };
  for (const name of Object.keys(layout)) if (/^yaxis\d*$/.test(name)) add(long(layout[name].anchor ?? "x"), name);
  for (const trace of data) {
    if (!inSpace(trace)) add(long(trace.xaxis ?? "x"), long(trace.yaxis ?? "y"));
    else {
      const scene = trace.scene ?? "scene", { x = [0, 1], y = [0, 1] } = layout[scene]?.domain ?? {};
      found.set(scene, { scene, left: x[0], right: x[1], low: y[0], high: y[1], notes: [] });
    }
  }
  return [...found.values()].sort((a, b) => (Math.abs(a.left - b.left) > 0.02 ? a.left - b.left : b.high - a.high));
}

// The panel that a note of the figure belongs to: most are titles of panels, and stand above them.
function nearest(cells, { x, y }) {
  const off = (at, low, high) => Math.max(low - at, at - high, 0);
  const away = (cell) => off(x, cell.left, cell.right) + off(y, cell.low, cell.high) + 1e-3 * Math.abs(y - cell.high);
  return cells.reduce((best, cell) => (best && away(best) <= away(cell) ? best : cell), undefined);
}

// Breaks the words of each panel into lines that are as long as the panel. Returns the pixels needed above and below all.
function inLines(layout, cells, plot) {
  let above = 0, below = 0;
  for (const cell of cells) {
    const [wide, tall] = [(cell.right - cell.left) * plot.width, (cell.high - cell.low) * plot.height];
    const taller = cell.notes.map((note) => wrap(note, wide, sizeOf(note, layout)));
    if (cell.high > 0.99) above = Math.max(above, ...taller);
    if (cell.scene) continue;
    wrapTitle(layout[cell.y], tall);
    const more = wrapTitle(layout[cell.x], wide);
    if (cell.low < 0.01) below = Math.max(below, more);
  }
  return { above, below, taller: 0 };
}

// Puts the panels below one another. Returns the pixels needed above and below all, and by how much they are taller together.
function piled(data, layout, cells, plot, width) {
  const { margin } = layout, bars = colorbars(data, layout);
  const flat = cells.some((cell) => !cell.scene);
  margin.l = Math.min(margin.l, 60) || (flat ? 60 : 0);
  margin.r = Math.min(margin.r, 20);
  const wide = width - margin.l - margin.r;
  const already = (k) => k > 0 && Math.abs(cells[k].left - cells[k - 1].left) < 0.02; // below the one before in any case
  const last = (k) => k === cells.length - 1;
  const barred = (cell) => bars.filter(({ of }) => of(cell));
  const under = (cell) => feet(data, layout, cell, wide) + (barred(cell).length ? BAR : 0);
  let end = 0, above = 0;
  const places = cells.map((cell, k) => {
    const size = (cell.high - cell.low) * plot.height;
    const square = cell.scene || layout[cell.x].scaleanchor || layout[cell.y].scaleanchor;
    const tall = square ? Math.min(size, cell.scene ? wide / 1.1 : wide) : size; // a higher scene cuts its sides
    const taller = cell.notes.map((note) => wrap(note, wide, sizeOf(note, layout)));
    const head = Math.max(0, ...cell.notes.filter(({ y }) => y >= cell.high - 0.01).map((note) => sizeOf(note, layout) * LINE * lines(note.text) + 6));
    if (!cell.scene && !already(k)) reveal(layout, layout[cell.y], tall);
    const gap = already(k) ? (cells[k - 1].low - cell.high) * plot.height + Math.max(0, ...taller) : head + 12;
    const start = k ? end + Math.max(gap, head + under(cells[k - 1])) : 0;
    if (!k) above = cell.high > 0.99 ? Math.max(0, ...taller) : head;
    end = start + tall;
    return { start, end };
  });
  const below = Math.max(0, under(cells.at(-1)) - margin.b + 30);
  cells.forEach((cell, k) => {
    const now = { low: last(k) ? 0 : 1 - places[k].end / end, high: 1 - places[k].start / end };
    for (const note of cell.notes) {
      note.x = (note.x - cell.left) / (cell.right - cell.left);
      const over = (note.y - cell.high) * plot.height / end, share = (note.y - cell.low) / (cell.high - cell.low);
      note.y = over >= 0 ? now.high + over : now.low + share * (now.high - now.low);
    }
    for (const { bar } of barred(cell)) {
      const side = bar.title?.text ? { title: { ...bar.title, side: "bottom", text: inside(bar.title.text, wide, 12) } } : {};
      const y = now.low - feet(data, layout, cell, wide) / end;
      Object.assign(bar, { orientation: "h", thickness: 12, x: 0.5, xanchor: "center", len: 1, y, yanchor: "top" }, side);
    }
    if (cell.scene) small((layout[cell.scene] ??= {}));
    if (cell.scene) layout[cell.scene].domain = { x: [0, 1], y: [now.low, now.high] };
    else [layout[cell.x].domain, layout[cell.y].domain] = [[0, 1], [now.low, now.high]];
  });
  return { above, below, taller: end - plot.height };
}

// Smaller words for a small scene, which has no room for others.
function small(scene) {
  for (const name of ["xaxis", "yaxis", "zaxis"]) {
    const axis = (scene[name] = { ...scene[name] });
    axis.tickfont = { size: 10, ...axis.tickfont };
    if (textOf(axis)) axis.title = { text: inside(textOf(axis), 100, 10), font: { ...axis.title?.font, size: 10 } };
  }
}

// What an axis has left to its neighbour on the left: the words beside its ticks, and its title.
function reveal(layout, axis, tall) {
  const neighbour = axis.matches && layout[long(axis.matches)];
  if (neighbour) {
    axis.showticklabels = neighbour.showticklabels ?? true;
    if (!textOf(axis) && textOf(neighbour)) axis.title = structuredClone(neighbour.title);
  }
  wrapTitle(axis, tall);
}

// Pixels that the words below a panel take: beside its ticks, and the title of its axis.
function feet(data, layout, cell, wide) {
  if (cell.scene) return 8;
  const axis = layout[cell.x];
  wrapTitle(axis, wide);
  const hidden = axis.showticklabels === false || axis.visible === false;
  const own = data.filter((trace) => long(trace.xaxis ?? "x") === cell.x).flatMap((trace) => Array.from(trace.x ?? []));
  const names = new Set(Array.isArray(axis.ticktext) ? axis.ticktext : axis.type === "category" ? own : []);
  const wides = [...names].map((name) => extent(name, 12));
  const turned = !hidden && wides.reduce((sum, each) => sum + each + 8, 0) > wide;
  if (turned) axis.tickangle = -45;
  const labels = hidden ? 4 : 24 + (turned ? 0.75 * Math.max(...wides) : 0);
  return labels + (textOf(axis) ? 14 + 12 * LINE * lines(textOf(axis)) : 0);
}

const BAR = 72; // px that a colour bar below its panel takes, with its ticks and its title

// The upright colour bars: the options of each, and whether it belongs to a panel. A common one belongs to the first.
function colorbars(data, layout) {
  const found = [], seen = new Set();
  data.forEach((trace, k) => {
    for (const part of [trace, trace.marker, trace.line]) {
      if (!part || typeof part !== "object") continue;
      const common = part.coloraxis && layout[part.coloraxis];
      const shades = part === trace ? FILLED.test(trace.type) : Array.isArray(part.color) || part.color?.bdata;
      const shown = common ? common.showscale !== false : part.showscale ?? (part === trace && shades);
      if (!shown || (common && seen.has(common))) continue;
      seen.add(common);
      const owner = common ?? (part === trace ? trace : (trace[part === trace.marker ? "marker" : "line"] = { ...part }));
      owner.colorbar = { ...owner.colorbar };
      const own = (cell) => (cell.scene ? cell.scene === place(trace) : !inSpace(trace) && cell.x === long(trace.xaxis ?? "x") && cell.y === long(trace.yaxis ?? "y"));
      found.push({ bar: owner.colorbar, of: own, trace: k });
    }
  });
  return found.filter(({ bar }) => bar.orientation !== "h");
}

// Title and subtitle of the figure. Returns the pixels they have grown by.
function headed(layout, width) {
  const { title } = layout;
  if (!title?.text && !title?.subtitle?.text) return 0;
  const room = width * (1 - (title.x ?? 0.05)) - 12;
  const more = wrap(title, room, title.font?.size ?? 17);
  if (!title.subtitle?.text) return more;
  return more + wrap(title.subtitle, room, title.subtitle.font?.size ?? 12);
}

// The legend: below all panels of a narrow figure. Returns the pixels by which it has more than one line.
function keyed(data, layout, width, narrow) {
  const shown = data.filter((trace) => trace.showlegend !== false && trace.name && trace.visible !== false && !FILLED.test(trace.type));
  if (layout.showlegend === false || shown.length < (layout.showlegend ? 1 : 2)) return 0;
  const legend = (layout.legend ??= {});
  const low = legend.yref === "container";
  if (narrow) Object.assign(legend, { orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom" });
  if (legend.orientation !== "h") return 0;
  const room = (width - layout.margin.l - layout.margin.r) * (1 - (legend.x ?? 0)) - 50;
  if (narrow) for (const trace of shown) trace.name = inside(trace.name, room, 12);
  const wide = shown.map((trace) => extent(trace.name, 12) + 45);
  const columns = wide.reduce((sum, each) => sum + each, 0) <= room + 50 ? shown.length : Math.max(1, Math.floor((room + 50) / Math.max(...wide)));
  const tall = shown.reduce((sum, trace) => sum + 3 + 12 * LINE * lines(trace.name), 0) / columns;
  return Math.max(0, Math.round(Math.max(tall, Math.ceil(shown.length / columns) * 19) - 19)) + (narrow && !low ? 10 : 0);
}

// ---- Words

const textOf = (axis) => (typeof axis?.title === "string" ? axis.title : axis?.title?.text) ?? "";
const sizeOf = (note, layout) => note.font?.size ?? layout.font?.size ?? 12;
const lines = (text) => String(text).split(/<br\s*\/?>/i).length;

// Breaks the text of a title or note into lines. Returns the pixels that it has grown by.
function wrap(owner, room, size) {
  const before = lines(owner.text ?? "");
  owner.text = inside(owner.text ?? "", room, size);
  return (lines(owner.text) - before) * size * LINE;
}

function wrapTitle(axis, room) {
  if (!textOf(axis)) return 0;
  axis.title = typeof axis.title === "string" ? { text: axis.title } : { ...axis.title };
  return wrap(axis.title, Math.max(room, 60), axis.title.font?.size ?? 14);
}

// A text in lines of at most so many pixels. Lines that were broken for a wide page are joined first.
function inside(text, room, size) {
  const given = String(text).split(/<br\s*\/?>/i);
  if (given.every((line) => extent(line, size) <= room)) return text;
  const joined = [];
  given.forEach((line, k) => {
    if (k && plain(given[k - 1]).length > 80) joined[joined.length - 1] += ` ${line}`;
    else joined.push(line);
  });
  return joined.flatMap((line) => broken(line, room, size)).join("<br>");
}

function broken(line, room, size) {
  const made = [];
  for (const word of line.split(/ +(?![^<]*>)/)) { // not inside a tag
    const longer = made.length ? `${made.at(-1)} ${word}` : word;
    if (made.length && extent(longer, size) <= room) made[made.length - 1] = longer;
    else made.push(word);
  }
  return made;
}

let ruler = null;

// The width of a text in pixels.
function extent(text, size) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `${size}px ${FAMILY}`;
  return Math.max(...String(text).split(/<br\s*\/?>/i).map((line) => ruler.measureText(plain(line)).width));
}

// A text without its tags.
function plain(text) {
  const bare = String(text ?? "").replace(/<br\s*\/?>/gi, " ").replace(/<sup>(.*?)<\/sup>/gi, "^$1").replace(/<sub>(.*?)<\/sub>/gi, "_$1").replace(/<[^>]*>/g, "");
  const named = { amp: "&", lt: "<", gt: ">", nbsp: " ", quot: '"' };
  return bare.replace(/&(\w+);/g, (whole, name) => named[name] ?? whole).replace(/\s+/g, " ").trim();
}

// ---- Drawing

const PATIENCE = 2000; // ms; on a page that is still loading plotly.js may never report that it is done

// Draws figures in an element and keeps the last one fit: it follows the theme and the width, and has buttons below it.
//
// plotly.js writes its guesses (types and ranges of axes, shrunken domains) into the figure that it has drawn, and a figure
// that is updated keeps some of them. So every figure is drawn afresh. Only a surface is updated to another surface in
// place: it keeps its camera, and setting up 3D drawing is slow. In other colours the same figure stays what it is.
//
//   camera   says where the surfaces are looked at from, if they were turned before
//   turned   called with the camera when a person has turned a surface
//   listen   called with the drawn element when it is a new plot, which has no listeners
function follow(el, { camera = () => null, turned = () => {}, listen = () => {} } = {}) {
  const gd = el.appendChild(document.createElement("div"));
  let figure = null, drawn = null, at = {}, revision = 0, seen = null;
  let queue = Promise.resolve();

  const done = (plot) => Promise.race([plot, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);

  const moved = (changes) => {
    if (!Object.keys(changes).some((name) => name.startsWith("scene.camera"))) return;
    seen = structuredClone(changes["scene.camera"] ?? gd.layout.scene.camera);
    turned(seen);
  };

  async function draw() {
    const now = { width: el.clientWidth, dark: isDark(el) }; // asked before drawing: it may change meanwhile, and is drawn for again
    if (!figure || !now.width) return; // hidden parts of a page have no width
    if (figure === drawn && now.width === at.width && now.dark === at.dark) return;
    if (!drawn && !figure.data.length) return; // no empty axes before the first figure
    const fit = stacked(figure, now.width);
    const shape = JSON.stringify([fit.layout, fit.data.map(({ name }) => name)]);
    if (figure === drawn && shape === at.shape && now.dark === at.dark) await done(Plotly.relayout(gd, { autosize: true }));
    else await plot(themed(fit, now.dark), now, { shape, frame: frameOf(fit) });
    at = { ...now, shape, frame: frameOf(fit) };
    el.dispatchEvent(new Event("fisherlib-drawn")); // plotly.js forgets its listeners when it draws afresh
  }

  async function plot({ data, layout }, now, { shape, frame }) {
    const same = figure === drawn;
    const inPlace = drawn && (same ? shape === at.shape : layout.scene && gd._fullLayout.scene && frame === at.frame);
    if (!same) revision += 1;
    drawn = figure;
    el.style.minHeight = `${layout.height ?? 0}px`; // so that the page does not jump
    Object.assign(layout, { autosize: true, width: undefined, uirevision: revision });
    const eye = seen ?? camera();
    if (layout.scene && eye?.eye) layout.scene = { ...layout.scene, camera: structuredClone(eye) };
    if (same) keep(gd, data, layout);
    await done(Plotly[inPlace ? "react" : "newPlot"](gd, data, layout, settings(figure)));
    if (!same) dress(el, gd, figure);
    el.classList.toggle("fisherlib-dark", now.dark);
    if (inPlace) return;
    gd.on("plotly_relayout", moved);
    listen(gd);
  }

  const next = () => {
    queue = queue.then(draw).catch((error) => console.error("the figure was not drawn:", error));
    return queue;
  };
  const observer = new ResizeObserver(next);
  observer.observe(el);
  const away = onTheme(next);
  return {
    gd,
    become(shown) {
      figure = shown;
      return next();
    },
    stop() {
      observer.disconnect();
      away();
      Plotly.purge(gd);
    },
  };
}

// Where the panels and the colour bars of a figure stand: plotly.js does not move a colour bar.
function frameOf({ data, layout }) {
  const bars = data.map(({ colorbar }) => colorbar && [colorbar.orientation, colorbar.x, colorbar.y, colorbar.len]);
  const parts = Object.entries(layout).filter(([name]) => /^([xy]axis|scene)\d*$/.test(name));
  return JSON.stringify([bars, parts.map(([name, part]) => [name, part.domain])]);
}

// What a person has done to a figure goes over to the same figure drawn again: zoom, selection, what the legend hides.
function keep(gd, data, layout) {
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis\d*$/.test(name) && gd.layout[name]?.autorange === false) {
      layout[name] = { ...layout[name], range: [...gd.layout[name].range], autorange: false };
    }
  }
  if (gd.layout.selections) layout.selections = gd.layout.selections;
  data.forEach((trace, k) => {
    for (const name of ["selectedpoints", "visible"]) if (gd.data[k]?.[name] !== undefined) trace[name] = gd.data[k][name];
  });
}

// The settings of plotly.js. Points are selected only where the page answers; images are saved by the buttons below.
function settings(figure) {
  const pick = figure.layout.meta?.pick;
  return {
    displaylogo: false,
    showSendToCloud: false, // plotly.js offers to upload a figure to a server
    modeBarButtonsToRemove: ["toImage", ...(pick ? [] : ["select2d", "lasso2d"])],
    modeBarButtonsToAdd: pick ? ["select2d", "lasso2d"] : [],
  };
}

// ---- Names, keys, buttons

const STYLE = `
.fisherlib-tools { display: flex; flex-wrap: wrap; gap: 2px 4px; align-items: baseline; padding: 2px 4px 4px; font: 12px/1.5 ${FAMILY}; color: #5a6472; }
.fisherlib-tools span { margin-left: 10px; }
.fisherlib-tools span:first-child { margin-left: auto; }
.fisherlib-tools button { font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: 4px; padding: 0 6px; cursor: pointer; text-decoration: underline; text-decoration-color: #8f949c80; text-underline-offset: 3px; }
.fisherlib-tools button:hover { border-color: currentColor; }
.fisherlib-dark > .fisherlib-tools { color: #b9bec7; }
.fisherlib-tools button:focus-visible, .js-plotly-plot.fisherlib-figure:focus-visible { outline: 2px solid #1a7fd6; outline-offset: 1px; }
body[data-jp-theme-light="false"] .jp-OutputArea-output[data-mime-type^="application/vnd.plotly"] .js-plotly-plot { filter: invert(0.93) hue-rotate(180deg); }
@media print { .fisherlib-tools { display: none; } }`; // still figures that JupyterLab draws by itself have a white ground

// Gives a drawn figure its name, its keys and its buttons; those of the figure before are replaced.
function dress(el, gd, figure) {
  if (!document.getElementById("fisherlib-figures")) document.head.append(element("style", { id: "fisherlib-figures", textContent: STYLE }));
  named(gd, figure);
  const row = element("div", { className: "fisherlib-tools" });
  if (figure.layout.scene) row.append(element("span", { textContent: "View:" }), ...views(gd, figure));
  row.append(element("span", { textContent: "Save:" }), ...downloads(gd, figure));
  el.querySelector(":scope > .fisherlib-tools")?.remove();
  if (figure.data.length) gd.after(row);
}

const element = (tag, properties) => Object.assign(document.createElement(tag), properties);

const button = (textContent, title, onclick) => {
  const made = element("button", { type: "button", textContent, title, onclick });
  made.setAttribute("aria-label", `${textContent}: ${title}`);
  return made;
};

// Names a figure for those who do not see it, and lets keys reach it and turn its surface.
function named(gd, figure) {
  const { text, subtitle } = figure.layout.title ?? {};
  const words = [text, subtitle?.text].map(plain).filter(Boolean).join(". ") || "Figure";
  const turning = figure.layout.scene ? " Arrow keys turn the surface, plus and minus bring it nearer and away." : "";
  gd.classList.add("fisherlib-figure");
  gd.tabIndex = 0;
  gd.setAttribute("role", "figure"); // not "img": the buttons inside would be hidden from a screen reader
  gd.setAttribute("aria-label", `${words}.${turning}`.replace("..", "."));
  gd.onkeydown = figure.layout.scene ? (event) => turnedBy(gd, event) : null;
}

const STEPS = { ArrowLeft: [-1, 0, 1], ArrowRight: [1, 0, 1], ArrowUp: [0, 1, 1], ArrowDown: [0, -1, 1], "+": [0, 0, 0.9], "-": [0, 0, 1 / 0.9] };

// Turns a surface by ten degrees around its middle.
function turnedBy(gd, event) {
  const step = STEPS[event.key];
  if (!step || event.target !== gd || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  const camera = structuredClone(gd._fullLayout.scene._scene.getCamera());
  const { x, y, z } = camera.eye, far = Math.hypot(x, y, z), ten = Math.PI / 18;
  const around = Math.atan2(y, x) + step[0] * ten;
  const up = Math.min(1.55, Math.max(-1.55, Math.asin(z / far) + step[1] * ten));
  const flat = far * step[2] * Math.cos(up);
  camera.eye = { x: flat * Math.cos(around), y: flat * Math.sin(around), z: far * step[2] * Math.sin(up) };
  Plotly.relayout(gd, { "scene.camera": camera });
}

// Buttons for the usual views of a surface.
function views(gd, figure) {
  const from = (x, y, z) => ({ eye: { x, y, z }, center: { x: 0, y: 0, z: 0 }, up: { x: 0, y: 0, z: 1 } });
  const all = [
    ["top", "from above", from(0, -0.02, 2.2)],
    ["front", "along the second direction", from(0, -2.2, 0.5)],
    ["side", "along the first direction", from(2.2, 0, 0.5)],
    ["as before", "as it was drawn first", figure.layout.scene.camera ?? from(1.25, 1.25, 1.25)],
  ];
  return all.map(([text, title, camera]) => button(text, `look ${title}`.replace("look as", "as"), () => Plotly.relayout(gd, { "scene.camera": structuredClone(camera) })));
}

// ---- Saving

const COLUMN = { inches: 3.5, width: 432 }; // of a journal; a letter of 12 px has 7 pt there
const PAGE = { inches: 7, width: 864 }; // both columns, for panels side by side

// Buttons that save a figure as a journal prints it, on a light ground, and its data.
function downloads(gd, figure) {
  const size = panels(figure.data, figure.layout).some(({ left }) => left > 0.02) ? PAGE : COLUMN;
  const name = () => slug(figure.layout.title?.text || figure.data.find((trace) => trace.name)?.name || "figure");
  const printed = `${size.inches} inches wide`;
  return [
    button("SVG", `drawing, ${printed}`, async () => save(`${name()}.svg`, await image(gd, figure, "svg", size))),
    button("PNG", `picture, ${printed}, 3 × ${size.width} points`, async () => save(`${name()}.png`, await image(gd, figure, "png", size))),
    button("CSV", "the data of the figure", () => save(`${name()}.csv`, new Blob([`\ufeff${csv(gd)}`], { type: "text/csv" }))),
  ];
}

// The figure as a file, with the zoom and the camera that it has on the page.
async function image(gd, figure, format, { inches, width }) {
  const { data, layout } = adapted(figure, width, false);
  keep(gd, data, layout);
  if (layout.scene) layout.scene.camera = structuredClone(gd._fullLayout.scene._scene.getCamera());
  const whole = { ...layout, paper_bgcolor: "white", plot_bgcolor: "white", autosize: false, width };
  const text = await Plotly.toImage({ data, layout: whole }, { format, width, height: layout.height, scale: format === "png" ? 3 : 1 });
  const [head, body] = [text.slice(0, text.indexOf(",")), text.slice(text.indexOf(",") + 1)];
  if (format === "png") return new Blob([Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))], { type: "image/png" });
  const drawing = head.includes("base64") ? atob(body) : decodeURIComponent(body);
  const size = `width="${inches}in" height="${((inches * layout.height) / width).toFixed(3)}in"`;
  return new Blob([drawing.replace(/width="[\d.]+" height="[\d.]+"/, size)], { type: "image/svg+xml" });
}

function save(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const GREEK = "α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi ο omicron π pi ρ rho ς sigma σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega";
const LATIN = new Map(GREEK.split(/ (?=[^a-z])/).map((pair) => pair.split(" ")));

// A name of a file: "Loss around θ_f, 1200 K" is "loss-around-theta-f-1200-k".
function slug(title) {
  const letters = plain(title).toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const latin = [...letters].map((letter) => (LATIN.has(letter) ? ` ${LATIN.get(letter)} ` : letter)).join("");
  return latin.replace(/[^a-z\d]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 100) || "figure";
}

// The data of a figure as one table: a row for each point of each trace, and a column for each title of an axis.
function csv(gd) {
  const heads = ["trace"], rows = [];
  const column = (head) => {
    if (!heads.includes(head)) heads.push(head);
    return heads.indexOf(head);
  };
  const surfaces = new Set(gd._fullData.filter(({ type }) => type === "surface").map(({ name }) => name));
  for (const trace of gd._fullData) {
    if (trace.visible === false || (trace.type === "contour" && surfaces.has(trace.name))) continue; // the surface says the same
    const columns = Object.fromEntries(["x", "y", "z"].map((letter) => [letter, head(gd, trace, letter)]));
    for (const point of pointsOf(trace)) {
      const row = [plain(trace.name)];
      for (const [key, value] of Object.entries(point)) row[column(columns[key] ?? key.replace(/[xyz]$/, (letter) => columns[letter]))] = value;
      rows.push(row);
    }
  }
  return [heads, ...rows].map((row) => Array.from({ length: heads.length }, (_, k) => quoted(row[k])).join(",")).join("\n") + "\n";
}

function quoted(value) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? plain(value) : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// The title of an axis; of one without, that of the axis it goes with.
function head(gd, trace, letter) {
  const given = gd.layout; // without the words that plotly.js has for an axis without a title
  if (inSpace(trace)) {
    const own = letter === "z" && trace.type === "surface" && trace.name;
    return plain(own || textOf(given[trace.scene ?? "scene"]?.[`${letter}axis`])) || letter;
  }
  if (letter === "z") return plain(trace.colorbar?.title?.text || given[trace.coloraxis]?.colorbar?.title?.text || trace.name) || "z";
  const axis = given[long(trace[`${letter}axis`] ?? letter)];
  return plain(textOf(axis) || textOf(axis?.matches && given[long(axis.matches)]) || letter);
}

// The points of a trace: their places, bars and words.
function pointsOf(trace) {
  const { x, y, z, text, error_x: ex, error_y: ey } = trace;
  if (Array.isArray(z) && z[0]?.length !== undefined) {
    const at = (axis, k, start = 0, step = 1) => axis?.[k] ?? start + k * step;
    return z.flatMap((row, i) => Array.from(row, (value, j) => ({ x: at(x, j, trace.x0, trace.dx), y: at(y, i, trace.y0, trace.dy), z: value })));
  }
  const many = Math.max(x?.length ?? 0, y?.length ?? 0);
  return Array.from({ length: many }, (_, k) => {
    const point = { x: x?.[k] ?? k, y: y?.[k] ?? k };
    if (z) point.z = z[k];
    if (ex?.visible && ex.array) point["error of x"] = ex.array[k];
    if (ey?.visible && ey.array) point["error of y"] = ey.array[k];
    if (Array.isArray(text) && text[k]) point.label = text[k];
    return point;
  });
}
