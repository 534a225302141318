// What is wrong with the words of a figure of plotly.js, as a list of sentences: words on one another, out of the figure, or
// too faint for the ground. Words that WebGL draws (ticks of a surface) are not elements of the page, and are not seen.

const ROLES = {
  gtitle: "title", "gtitle-subtitle": "subtitle", xtick: "tick", ytick: "tick", cbtitle: "title of a colour bar", legendtext: "legend",
  legendtitletext: "title of a legend", "annotation-text": "note", "slider-label": "slider", textpoint: "name of a point",
};

function faults(gd, ground) {
  const frame = gd.getBoundingClientRect();
  const words = [...gd.querySelectorAll("svg text")].filter(seen).map(box);
  const found = [];
  words.forEach((a, k) => {
    const out = a.corners.some(([x, y]) => x < frame.left - 1 || x > frame.right + 1 || y < frame.top - 1 || y > frame.bottom + 1);
    if (out) found.push(`${told(a)} leaves the figure`);
    for (const b of words.slice(k + 1)) if (overlap(a.corners, b.corners)) found.push(`${told(a)} lies on ${told(b)}`);
    const faint = contrast(a.color, ground);
    if (!a.onColours && faint < 3) found.push(`${told(a)} has a contrast of ${faint.toFixed(1)}`);
  });
  for (const bar of gd.querySelectorAll(".legend .scrollbar")) if (bar.getBoundingClientRect().height > 1) found.push("the legend is cut");
  if (gd.scrollWidth > gd.parentElement.clientWidth + 1) found.push("the figure is wider than its place");
  return found;
}

function seen(text) {
  if (!text.textContent.trim() || text.closest(".modebar, .hoverlayer, .infolayer .rangeslider-container")) return false;
  const { width, height } = text.getBoundingClientRect();
  const shown = getComputedStyle(text);
  return width > 0 && height > 0 && shown.visibility !== "hidden" && shown.display !== "none" && Number(shown.opacity) > 0;
}

// The corners of the words on the page, turned as they are; letters fill the middle of their box only.
function box(text) {
  const { x, y, width, height } = text.getBBox(), turn = text.getScreenCTM(), rows = Math.max(1, text.querySelectorAll("tspan.line").length);
  const thin = (0.18 * height) / rows;
  const at = (h, v) => [turn.a * h + turn.c * v + turn.e, turn.b * h + turn.d * v + turn.f];
  const corners = [[x + 1, y + thin], [x + width - 1, y + thin], [x + width - 1, y + height - thin], [x + 1, y + height - thin]];
  const names = [text, text.parentElement, text.parentElement?.parentElement].flatMap((each) => (each?.getAttribute("class") ?? "").split(" "));
  const role = Object.entries(ROLES).find(([name]) => names.includes(name))?.[1] ?? names.find((name) => /title/.test(name)) ?? "words";
  const onColours = role === "name of a point" || text.closest(".updatemenu-container, .slider-container") !== null;
  return { role, onColours, corners: corners.map(([h, v]) => at(h, v)), text: text.textContent.trim(), color: getComputedStyle(text).fill };
}

const told = ({ role, text }) => `${role} “${text.length > 40 ? `${text.slice(0, 39)}…` : text}”`;

// Whether two convex shapes share more than a point: no side of either parts them.
function overlap(a, b) {
  return [a, b].every((shape) => shape.every(([x, y], k) => {
    const [u, v] = shape[(k + 1) % shape.length], normal = [v - y, x - u];
    const along = (points) => points.map(([h, w]) => h * normal[0] + w * normal[1]);
    const [p, q] = [along(a), along(b)];
    return Math.min(...p) < Math.max(...q) && Math.min(...q) < Math.max(...p);
  }));
}

function contrast(color, ground) {
  const light = (shade) => {
    const [r, g, b] = shade.match(/[\d.]+/g).map((part) => Number(part) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const [a, b] = [light(color), light(ground)];
  return Math.max(a, b) / Math.min(a, b);
}
