// Sends files in pieces that fit any server's message limit; each piece is sent after the last one has been written.
// Several files, or those of a folder, are one upload.
const PIECE = 2 * 1024 * 1024;
const PATIENCE = 30000; // ms without an answer

// The files of what was dropped, folders included, each with its place below what was dropped.
async function dropped(items) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean), found = [];
  async function walk(entry, place) {
    if (entry.isFile) {
      found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), place });
      return;
    }
    const reader = entry.createReader(); // gives a hundred at a time
    for (let some = [0]; some.length; ) {
      some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      for (const each of some) if (!each.name.startsWith(".")) await walk(each, `${place}${entry.name}/`);
    }
  }
  for (const entry of entries) await walk(entry, "");
  return found;
}

// One upload at a time, on whatever page the person is meanwhile: views of the field come and go with the pages.
function uploader() {
  let model = null, files = [], total = 0, at = 0, timer = null, words = "";
  let number = Math.floor(Math.random() * 2 ** 40); // of the upload; another page may send to the same kernel
  const views = new Set(); // what each is told

  const tell = (said) => {
    words = said;
    for (const told of views) told(said);
  };

  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => tell("no answer from the kernel; is it running?"), PATIENCE);
  };

  const about = (offset) => {
    const { file, place } = files[at];
    return { number, name: file.name, size: file.size, offset, file: at, files: files.length, folder: place, total };
  };

  async function send(offset) {
    const current = number, message = about(offset);
    try {
      const piece = await files[at].file.slice(offset, offset + PIECE).arrayBuffer();
      if (current !== number) return; // other files were chosen meanwhile
      wait();
      model.send(message, undefined, [piece]);
    } catch (error) { // the file has changed or is gone
      tell(`the browser cannot read ${message.name}: ${error.message}`);
    }
  }

  function heard(answer) {
    if (!files.length || answer.number !== number) return;
    clearTimeout(timer);
    const { file } = files[at];
    if (answer.next < file.size) {
      tell(`${file.name}: ${Math.round((100 * answer.next) / file.size)} %`);
      send(answer.next);
    } else if (!answer.stop && at + 1 < files.length) {
      at += 1;
      tell(`file ${at + 1} of ${files.length}`);
      send(0);
    } else {
      tell("");
    }
  }

  return {
    listen(to) {
      model = to;
      model.on("msg:custom", heard);
    },
    begin(chosen) {
      if (!chosen.length) return;
      files = chosen;
      number += 1;
      at = 0;
      total = files.reduce((sum, { file }) => sum + file.size, 0);
      tell("");
      if (total > model.get("limit")) model.send(about(0)); // the kernel refuses it in words
      else send(0);
    },
    follow(told) {
      views.add(told);
      told(words);
      return () => views.delete(told);
    },
  };
}

function show({ model, el }, upload) {
  const zone = document.createElement("div"), input = document.createElement("input");
  const asked = document.createElement("span"), said = document.createElement("small");
  input.type = "file";
  input.accept = model.get("accept");
  input.multiple = model.get("several");
  input.title = model.get("tooltip"); // in place of the browser's "No file chosen"
  input.setAttribute("aria-label", model.get("label"));
  zone.className = "fisherlib-drop";
  asked.setAttribute("aria-hidden", "true"); // the field has the name of its label
  said.setAttribute("role", "status");
  const label = document.createElement("b");
  label.textContent = model.get("label");
  asked.append(label, `: ${model.get("hint")}`);
  zone.append(input, asked, said);
  el.classList.add("fisherlib-upload");
  el.append(zone);

  input.addEventListener("change", () => {
    upload.begin([...input.files].map((file) => ({ file, place: "" })));
    input.value = ""; // the same name can be chosen again
  });
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      event.stopPropagation(); // JupyterLab would take a file that is dropped
      zone.classList.toggle("over", name.startsWith("drage") || name === "dragover");
    });
  }
  zone.addEventListener("drop", async (event) => {
    try {
      const found = await dropped(event.dataTransfer.items);
      upload.begin(model.get("several") ? found : found.slice(0, 1));
    } catch (error) {
      said.textContent = `the browser cannot read what was dropped: ${error.message}`;
    }
  });
  return upload.follow((words) => { said.textContent = words; });
}

export default () => {
  const upload = uploader();
  return patient({ initialize: ({ model }) => upload.listen(model), render: (view) => show(view, upload) });
};
