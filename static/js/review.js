// The queue of suggestions by keyboard; and what was chosen is not swept away when the queue changes.
(() => {
  "use strict";
  const cases = () => [...document.querySelectorAll("[data-case]")];
  const boxes = () => [...document.querySelectorAll("#decide input[name=chosen]")];
  let here = ""; // the case the reader stands on, by key: the list may be exchanged meanwhile

  function go(step) {
    const all = cases();
    if (!all.length) return;
    const now = all.findIndex((one) => one.dataset.case === here);
    const next = all[Math.min(Math.max(now + step, 0), all.length - 1)];
    here = next.dataset.case;
    for (const one of all) one.toggleAttribute("data-here", one === next);
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function tell() {
    const chosen = boxes().filter((box) => box.checked).length;
    const count = document.querySelector("[data-count]");
    if (count) count.textContent = chosen ? `(${chosen.toLocaleString(document.documentElement.lang)})` : "";
    const all = document.querySelector("[data-all]");
    if (all) {
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  }
  function choose() {
    document.querySelector(`[data-case="${CSS.escape(here)}"] input[name=chosen]`)?.click();
  }
  function decide(decision) {
    const some = boxes().some((box) => box.checked);
    const value = some ? decision : `${decision}:${here}`;
    document.querySelector(`#decide button[value="${CSS.escape(value)}"]`)?.click();
  }

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    x: choose,
    a: () => decide("approve"),
    d: () => decide("defer"),
    r: () => decide("reject"),
    Enter: () => document.querySelector(`[data-case="${CSS.escape(here)}"] a`)?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    if (event.key === "Enter" && !event.target.matches("[data-case], body")) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
    tell();
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id !== "queue" || !boxes().some((box) => box.checked)) return;
    event.preventDefault();
    document.getElementById("newer").hidden = false;
  });
  document.body.addEventListener("htmx:afterSettle", tell);
  tell();
})();
