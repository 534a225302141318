// Sends a file in pieces that fit any server's message limit; each piece is sent after the last one has been written.
const PIECE = 2 * 1024 * 1024;
const PATIENCE = 30000; // ms without an answer

function render({ model, el }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const said = document.createElement("span");
  input.type = "file";
  input.accept = model.get("accept");
  label.append(model.get("label"), " ", input);
  el.classList.add("fisherlib-upload");
  el.append(label, said);
  let file = null, number = 0, timer = null;

  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { said.textContent = "no answer from the kernel; is it running?"; }, PATIENCE);
  };

  async function send(offset) {
    const current = number, piece = await file.slice(offset, offset + PIECE).arrayBuffer();
    if (current !== number) return; // another file was chosen meanwhile
    wait();
    model.send({ number, name: file.name, size: file.size, offset }, undefined, [piece]);
  }

  input.addEventListener("change", () => {
    file = input.files[0];
    if (!file) return;
    number += 1;
    if (file.size > model.get("limit")) {
      said.textContent = "";
      model.send({ number, name: file.name, size: file.size, offset: 0 });
    } else send(0);
  });

  model.on("msg:custom", (answer) => {
    clearTimeout(timer);
    if (!file || answer.number !== number) return;
    said.textContent = answer.next < file.size ? `${file.name}: ${Math.round((100 * answer.next) / file.size)} %` : "";
    if (answer.next < file.size) send(answer.next);
    else input.value = ""; // the same name can be chosen again
  });
}
export default { render };
