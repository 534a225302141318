// A widget whose script may take its time. anywidget (0.11) gives a script two seconds to load; after that it drops every
// message of the kernel to the widget, for good: on a busy machine a figure stays empty, and a button never hears its answer.

// The same widget, which passes the kernel's messages to ipywidgets itself, and asks for what it has missed.
function patient({ initialize, render }) {
  return {
    initialize(given) {
      hear(given.model).catch(() => {}); // the kernel is gone, which the page tells elsewhere
      return initialize?.(given);
    },
    render,
  };
}

async function hear(model) {
  const real = await model.widget_manager.get_model(model.get("_name"));
  const ofIpywidgets = Object.getPrototypeOf(Object.getPrototypeOf(real)); // the class that anywidget's derives from
  real.comm?.on_msg((message) => ofIpywidgets._handle_comm_msg.call(real, message));
  model.send({ again: true });
}

