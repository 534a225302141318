// Asks the kernel whether it is alive, after each action in the panel and rarely otherwise; and has the page named for
// screen readers (access.js, which stands before this). One widget does both, since a slow page takes two seconds for each.
const GLANCE = 1000; // ms
const ACTIONS = ["change", "click", "keydown"];

function render({ model, el }) {
  let number = 0, open = false; // of pings, and whether the last one is unanswered
  let waited = 0, rest = 0, limit = Infinity; // s: without an answer, without a question, and when to give up

  // Voilà shows no cells to run: there the page must be loaded again.
  const way = document.querySelector("[data-voila]") ? "load the page again" : "run all cells again";

  const panel = () => el.closest(".fisherlib-dashboard, .fisherlib");

  function ping() {
    number += 1;
    open = true;
    rest = 0;
    try {
      model.send({ ping: number });
    } catch {
      limit = 0; // the connection itself is gone
    }
  }

  function say() {
    const patience = model.get("patience"), gone = waited >= Math.min(4 * patience, limit);
    const words = gone ? `The kernel does not answer; ${way}.`
      : waited >= patience ? `No answer from the kernel for ${Math.round(waited)} s: it is busy, or gone.` : "";
    if (el.textContent !== words) el.textContent = words;
    el.classList.toggle("fisherlib-error", gone);
  }

  function glance() { // counts seconds instead of reading a clock, which runs on while the computer sleeps
    if (document.visibilityState !== "visible" || !panel()?.getClientRects().length) return;
    if (open) {
      waited += GLANCE / 1000;
      if (waited % model.get("pace") < GLANCE / 1000) ping();
    } else {
      rest += GLANCE / 1000;
      if (rest >= model.get("pace")) ping();
    }
    say();
    name(panel());
  }

  function act(event) {
    if (panel()?.contains(event.target) && !open && rest >= 1) ping();
  }

  function answered() {
    open = false;
    waited = 0;
    limit = Infinity;
    say();
  }

  function disconnected() {
    limit = waited + 3; // ask once more, and do not wait long
    ping();
  }

  // JupyterLab's manager of widgets, whenever it has fetched all states from the kernel, sets them after updates that came
  // meanwhile: what is shown may be old for ever.
  const { restored, restoredStatus } = model.widget_manager ?? {};
  const renew = () => {
    try {
      model.send({ renew: true });
    } catch {
      limit = 0; // as for a ping
    }
  };

  el.setAttribute("role", "alert");
  restored?.connect(renew);
  if (restoredStatus) renew(); // it may have been a moment ago
  model.on("msg:custom", answered);
  model.on("comm_live_update", disconnected);
  for (const action of ACTIONS) document.addEventListener(action, act, true);
  const timer = setInterval(glance, GLANCE);
  return () => {
    clearInterval(timer);
    for (const action of ACTIONS) document.removeEventListener(action, act, true);
    model.off("msg:custom", answered);
    model.off("comm_live_update", disconnected);
    restored?.disconnect(renew);
  };
}
export default patient({ render });
