// The desk by keyboard, and the count of what waits, kept up to date.
(() => {
  "use strict";
  const EVERY = 20000;
  const typing = (event) => event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const rows = [...document.querySelectorAll("#result_list tbody tr")];
  let place = -1;

  function go(step) {
    if (!rows.length) return;
    if (place >= 0) rows[place].classList.remove("here");
    place = Math.min(Math.max(place + step, 0), rows.length - 1);
    rows[place].classList.add("here");
    rows[place].scrollIntoView({ block: "nearest" });
    const link = rows[place].querySelector("th a, td a");
    if (link) link.focus({ preventScroll: true });
  }

  function choose() {
    const box = place >= 0 && rows[place].querySelector("input.action-select");
    if (box) box.click();
  }

  function decide(action) {
    const button = document.querySelector(`#decide button[value=${action}]`);
    if (button) return button.click();
    const select = document.querySelector("#changelist-form select[name=action]");
    if (!select || ![...select.options].some((option) => option.value === action)) return undefined;
    if (!document.querySelector("input.action-select:checked")) choose();
    if (!document.querySelector("input.action-select:checked")) return undefined;
    select.value = action;
    return document.querySelector("#changelist-form button[name=index]").click();
  }

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    x: choose,
    a: () => decide("approve"),
    r: () => decide("reject"),
    d: () => decide("defer"),
    "/": () => document.querySelector("#searchbar")?.focus(),
    "?": () => document.querySelector("details.keys")?.toggleAttribute("open"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  const count = document.querySelector("#waiting");
  if (count) {
    setInterval(async () => {
      if (document.hidden) return;
      const answer = await fetch(count.dataset.url, { headers: { Accept: "application/json" } }).catch(() => null);
      if (!answer || !answer.ok) return;
      const { waiting } = await answer.json();
      count.textContent = waiting;
      document.querySelector("#newer").hidden = String(waiting) === count.dataset.shown;
    }, EVERY);
  }
})();
