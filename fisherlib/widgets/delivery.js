// A file that comes in pieces when it is asked for, to open or to save, and lines of commands to copy.
const KINDS = { html: "text/html" };
const made = (tag, properties, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

function render({ model, el }) {
  let number = 0;

  // The whole file, piece by piece; a later wish replaces it.
  const fetched = () => new Promise((resolve, reject) => {
    const current = ++number, pieces = [];
    let size = 0;
    const heard = (answer, buffers) => {
      if (answer.number !== current) return;
      if (answer.error || current !== number) { model.off("msg:custom", heard); reject(new Error(answer.error ?? "asked again")); return; }
      pieces.push(new Uint8Array(buffers[0].buffer ?? buffers[0]).slice());
      size += pieces.at(-1).length;
      if (size < answer.size && pieces.at(-1).length) model.send({ number, offset: size });
      else { model.off("msg:custom", heard); resolve(new Blob(pieces, { type: KINDS[model.get("name").split(".").at(-1)] ?? "" })); }
    };
    model.on("msg:custom", heard);
    model.send({ number, offset: 0 });
  });

  const handed = (text, title, use, said) => made("button", {
    type: "button", textContent: text, title, className: "jupyter-button",
    onclick: async () => {
      said.textContent = " …";
      try {
        const told = use(URL.createObjectURL(await fetched()));
        said.textContent = told ? ` ${told}` : "";
      } catch (error) { said.textContent = ` ${error.message}`; }
    },
  });

  const show = () => {
    el.replaceChildren();
    const name = model.get("name");
    if (!name) return;
    const said = made("span", { role: "status" });
    const open = handed("Open the report", "in a tab of its own", (url) => window.open(url, "_blank") ? "" : "the browser lets no tab open: save the page instead", said);
    const save = handed(`Save ${name}`, "as a file of this computer", (href) => { made("a", { href, download: name }).click(); }, said);
    el.append(made("p", {}, open, " ", save, said), made("p", {}, "It lies in ", made("code", { textContent: model.get("place") }), ". To write it again:"));
    for (const line of model.get("lines")) {
      const code = made("code", { textContent: line, style: "overflow-wrap: anywhere; white-space: pre-wrap" });
      const copy = made("button", { type: "button", textContent: "Copy", title: "copies the line", className: "jupyter-button" });
      copy.onclick = async () => {
        getSelection().selectAllChildren(code);
        try {
          await navigator.clipboard.writeText(line);
          copy.textContent = "Copied";
        } catch {
          copy.textContent = "Selected: copy it with the keyboard"; // no clipboard, or none for this page
        }
      };
      el.append(made("p", {}, code, " ", copy));
    }
    if (model.get("note")) el.append(made("p", { textContent: model.get("note") }));
  };
  for (const name of ["name", "lines", "note"]) model.on(`change:${name}`, show);
  show();
}

export default patient({ render });
