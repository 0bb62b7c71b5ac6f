// What the server announces becomes a DOM event named after its topic, on <body>.
// HTMX parts listen to it and ask again for themselves; charts take the point from event.detail.data.
(() => {
  "use strict";
  const path = document.body.dataset.stream;
  if (!path) return;
  const SILENCE = 60000; // the server says something at least every 25 s
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  let pause = 1000;
  let watch = 0;
  let before = false;

  // A part that is being fetched anew is about to be replaced, and what is announced meanwhile would be lost
  // on it: its successor asks once more.
  const again = new Set();
  const raise = (topic, detail) => {
    for (const part of document.querySelectorAll(".htmx-request[id][hx-trigger]")) {
      if (part.getAttribute("hx-trigger").includes(`${topic} from:body`)) again.add(part.id);
    }
    document.body.dispatchEvent(new CustomEvent(topic, { detail }));
  };
  document.body.addEventListener("htmx:afterSettle", ({ target }) => {
    if (!again.delete(target.id)) return;
    window.htmx.ajax("GET", target.getAttribute("hx-get"), { source: target, target, swap: "outerHTML" });
  });
  const state = (name) => { document.documentElement.dataset.streamState = name; };

  function connect() {
    state("connecting");
    const socket = new WebSocket(address);
    const listen = () => {
      clearTimeout(watch);
      watch = setTimeout(() => socket.close(), SILENCE);
    };
    socket.addEventListener("open", listen);
    socket.addEventListener("message", (message) => {
      listen();
      const event = JSON.parse(message.data);
      if (event.topic === "stream.ready") {
        pause = 1000;
        state("open");
        raise("stream.open", {});
        // After an interruption something may have been missed: every part asks again.
        if (before) raise("stream.gap", {});
        before = true;
      } else if (event.topic !== "stream.beat") {
        raise(event.topic, event);
      }
    });
    socket.addEventListener("close", () => {
      clearTimeout(watch);
      state("closed");
      setTimeout(connect, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, 30000);
    });
  }
  connect();
})();
