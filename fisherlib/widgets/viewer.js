// Shows the atoms of one configuration by the MoleculeViewer of chemiscope's program, which makes no request.
//
// The program comes from the kernel, packed, when the first view is shown; all views of a page share it.

const PATIENCE = 30000; // ms without an answer
const VALUES = "values"; // what the viewer calls the property that colours the atoms

let lasting = null; // the model as it hears the kernel while views come and go

function program() {
  const model = lasting;
  window.fisherlibChemiscope ??= new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no answer from the kernel; is it running?")), PATIENCE);
    const heard = async (content, buffers) => {
      if (!("program" in content)) return;
      clearTimeout(late);
      model.off("msg:custom", heard);
      if (content.program) reject(new Error(content.program));
      else run(buffers[0]).then(resolve, reject);
    };
    model.on("msg:custom", heard);
    model.send({ program: true });
  }).catch((error) => {
    window.fisherlibChemiscope = undefined; // the next view tries again
    throw error;
  });
  return window.fisherlibChemiscope;
}

async function run(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(stream).text();
  // A page with a loader of modules, as Voilà, would keep the program for itself.
  const script = document.createElement("script");
  script.src = URL.createObjectURL(new Blob(["(function (exports, module, define) {", text, "\n})();"]));
  // It brings a plotly.js of its own, and takes the style sheet of that out of the page: ours hides meanwhile.
  const style = document.getElementById("plotly.js-style-global");
  if (style) style.id = "fisherlib-plotly-style";
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error("the browser refuses the program of the viewer"));
    document.head.append(script);
  }).finally(() => { if (style) style.id = "plotly.js-style-global"; });
  URL.revokeObjectURL(script.src);
  return window.Chemiscope;
}

// Without what belongs to a page of chemiscope: buttons and settings that need its style sheets, black letters on any ground.
function adapted(viewer, place) {
  const style = Object.assign(document.createElement("style"), { textContent: ".chsp-viewer-button, .chsp-cell-info { display: none; }" });
  place.firstChild.shadowRoot.append(style);
  viewer._options.modal.shadow.host.style.display = "none";
  viewer._updateColorBar = () => {};
  viewer._resetView = () => { // all atoms in sight, also after a double click
    viewer._viewer.zoomTo();
    viewer._viewer.zoom(0.95);
    viewer._viewer.setSlab(-1000, 1000);
  };
  return viewer;
}

function part(parent, kind, name, words = "") {
  const made = parent.appendChild(document.createElement(kind));
  made.className = name;
  made.textContent = words;
  return made;
}

function render({ model, el }) {
  el.classList.add("fisherlib-viewer");
  const place = part(el, "div", "fisherlib-scene");
  const said = part(el, "div", "fisherlib-scene-status", "loading the viewer …");
  const bar = part(el, "div", "fisherlib-bar");
  said.setAttribute("role", "status");
  let viewer = null, queue = Promise.resolve(), shown = null, gone = false;

  function show() {
    const { structure, values, label, low, high, spheres, cell } = model.get("scene");
    if (!structure) return;
    const environments = structure.names.map((_, center) => ({ structure: 0, center, cutoff: 0 }));
    const same = shown === structure.names.length; // of one run: it stays as it was turned
    viewer.applySettings({ color: { property: "element" } }); // until the values fit the atoms
    viewer.load(structure, { [VALUES]: values }, { target: "atom", environments, keepOrientation: same });
    shown = structure.names.length;
    viewer.applySettings({ bonds: !spheres, spaceFilling: spheres, unitCell: Boolean(structure.cell) && cell });
    if (values.length) viewer.applySettings({ color: { property: VALUES, palette: "viridis", min: low, max: high } });
    mark();
    legend(values.length ? [label, low, high] : null);
  }

  function mark() {
    const atom = model.get("atom");
    if (!viewer || !model.get("scene").structure) return;
    viewer.highlight(atom < 0 ? undefined : atom);
  }

  function legend(range) {
    bar.replaceChildren();
    if (!range) return;
    const words = (value) => Number(value).toPrecision(3).replace("-", "\u2212");
    part(bar, "span", "", words(range[1]));
    part(bar, "span", "fisherlib-ramp");
    part(bar, "span", "", `${words(range[2])}  ${range[0]}`);
  }

  async function draw() {
    if (gone || !el.clientWidth) return; // hidden parts of a page have no width
    if (!viewer) {
      const { MoleculeViewer, Warnings } = await program();
      if (gone) return;
      viewer = adapted(new MoleculeViewer(place, ["element", VALUES], new Warnings()), place);
      viewer.onselect = (atom) => {
        model.set("atom", atom);
        model.save_changes();
      };
      place.viewer = viewer;
      said.textContent = "";
      observer.disconnect();
    }
    show();
  }

  const next = () => {
    queue = queue.then(draw).catch((error) => { said.textContent = `the structure is not shown: ${error.message}`; });
  };
  const observer = new ResizeObserver(() => { if (!viewer) next(); });
  observer.observe(el);
  model.on("change:scene", next);
  model.on("change:atom", mark);
  return () => {
    gone = true;
    observer.disconnect();
    model.off("change:scene", next);
    model.off("change:atom", mark);
    viewer?.remove();
  };
}

// A file from the kernel, which the browser keeps where it keeps downloads; once, however many views there are.
function initialize({ model }) {
  lasting = model;
  model.on("msg:custom", (content, buffers) => {
    if (!("file" in content)) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(buffers, { type: "chemical/x-xyz" }));
    link.download = content.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}

export default patient({ initialize, render });
