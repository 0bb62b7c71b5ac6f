// Light, dark or as the system has it. Loaded before the first paint, so that nothing flashes.
(() => {
  "use strict";
  const KEY = "theme";
  const ORDER = ["system", "light", "dark"];
  const root = document.documentElement;

  // What this browser was told last; before that, what the account says; before that, the system.
  function stored() {
    const saved = ORDER.includes(root.dataset.savedTheme) ? root.dataset.savedTheme : "system";
    try {
      const value = localStorage.getItem(KEY);
      return ORDER.includes(value) ? value : saved;
    } catch {
      return saved; // storage may be forbidden; the switch then lasts for the page
    }
  }

  function apply(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    root.dispatchEvent(new Event("themechange")); // charts take their colours anew
  }

  let theme = stored();
  apply(theme);

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const name = () => {
        const label = button.dataset[theme];
        button.setAttribute("aria-label", label);
        button.title = label;
      };
      button.hidden = false;
      name();
      button.addEventListener("click", () => {
        theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
        try {
          localStorage.setItem(KEY, theme);
        } catch {
          // see above
        }
        apply(theme);
        name();
      });
    }
    // The account's form sets the colours for every browser: this one forgets what it was told.
    document.querySelector("[data-forgets-theme]")?.addEventListener("submit", () => {
      try {
        localStorage.removeItem(KEY);
      } catch {
        // see above
      }
    });
    // A menu closes when one looks elsewhere.
    document.addEventListener("click", (event) => {
      for (const menu of document.querySelectorAll("details:is(.menu, .more)[open]")) {
        if (!menu.contains(event.target)) menu.open = false;
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of document.querySelectorAll("details:is(.menu, .more)[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  });
})();
