// Coins are dragged from list to list: a drop posts the form that the buttons beside it post. Without a mouse
// the buttons do the same.
(() => {
  "use strict";
  let held = null; // the row that is dragged

  const home = (row) => row.closest("[data-list]");
  function accepts(list) {
    return held && list && list !== home(held) && list.dataset.list in actions;
  }
  function post(address, values) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = address;
    form.hidden = true;
    const token = document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? "";
    for (const [name, value] of Object.entries({ csrfmiddlewaretoken: token, ...values })) {
      const field = form.appendChild(document.createElement("input"));
      field.name = name;
      field.value = value;
    }
    document.body.append(form);
    form.requestSubmit();
  }
  const actions = {
    tier: (list, row) => post(list.dataset.action, { asset: row.dataset.coin, tier: list.dataset.tier }),
    own: (list, row) => (row.dataset.move
      ? post(row.dataset.move, { list: list.dataset.pk })
      : post(list.dataset.action, { symbol: row.dataset.symbol })),
  };

  document.addEventListener("dragstart", (event) => {
    held = event.target.closest?.("tr[data-coin]") ?? null;
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.dataset.symbol);
    held.classList.add("held");
    document.querySelectorAll("[data-list]").forEach((list) => list.classList.toggle("open", Boolean(accepts(list))));
  });
  document.addEventListener("dragover", (event) => {
    const list = event.target.closest?.("[data-list]");
    document.querySelectorAll("[data-list].over").forEach((each) => each !== list && each.classList.remove("over"));
    if (!accepts(list)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    list.classList.add("over");
  });
  document.addEventListener("drop", (event) => {
    const list = event.target.closest?.("[data-list]");
    if (!accepts(list)) return;
    event.preventDefault();
    actions[list.dataset.list](list, held);
  });
  document.addEventListener("dragend", () => {
    held?.classList.remove("held");
    held = null;
    document.querySelectorAll("[data-list]").forEach((list) => list.classList.remove("open", "over"));
  });
})();
