// What every page does beyond its links: keys for tables, dialogs, the word on a lost connection, and a
// press that is not sent twice.
(() => {
  "use strict";
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

  // j and k walk through the rows of the first table that has links, Enter opens the row's first link.
  function rows() {
    return [...document.querySelectorAll("table[data-keys] tbody tr")].filter((row) => row.offsetParent !== null);
  }
  function walk(step) {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const next = Math.min(Math.max(now + step, 0), all.length - 1);
    all[now]?.removeAttribute("aria-selected");
    all[next].setAttribute("aria-selected", "true");
    all[next].scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const help = document.getElementById("keys");
    const act = {
      j: () => walk(1),
      k: () => walk(-1),
      "/": () => document.querySelector("[data-search]")?.focus(),
      "?": () => help && (help.open ? help.close() : help.showModal()),
      Enter: () => {
        if (event.target !== document.body) return false;
        document.querySelector('tr[aria-selected="true"] a')?.click();
        return true;
      },
    }[event.key];
    if (act && act() !== false) event.preventDefault();
  });

  // <button data-opens="id"> opens a dialog; one inside it with data-closes closes it, and so does its backdrop.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    const opened = opener && !event.ctrlKey && !event.metaKey && document.getElementById(opener.dataset.opens);
    if (opened) {
      event.preventDefault(); // a link leads to the same on a page of its own
      if (!opened.open) opened.showModal();
    }
    if (event.target.closest("[data-closes]") || event.target.matches("dialog")) event.target.closest("dialog")?.close();
  });

  // The second press of an impatient finger is not sent.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });

  // On a phone the menu is a row to scroll: it opens where one is.
  const here = document.querySelector(".nav [aria-current]");
  const row = here?.closest("ul");
  if (row && row.scrollWidth > row.clientWidth) {
    const [own, all] = [here.getBoundingClientRect(), row.getBoundingClientRect()];
    row.scrollLeft += own.left + own.width / 2 - (all.left + all.width / 2);
  }

  const lost = document.getElementById("offline");
  const tell = () => { if (lost) lost.hidden = navigator.onLine; };
  addEventListener("online", tell);
  addEventListener("offline", tell);
  tell();

  // A part that could not be fetched stays as it is and says so; the next announcement asks again.
  document.body.addEventListener("htmx:sendError", () => { if (lost) lost.hidden = false; });
  document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) tell(); });
})();
