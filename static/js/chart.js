// The frame around every chart: asks the address in data-url for columns and rows, lets the kind named in
// data-chart draw them, and builds the table behind it. Kinds register themselves in window.charts.kinds as
// draw(plot, data, look) and return {resize, dispose}. Texts come from the page, so they are translated there.
(() => {
  "use strict";
  const RANGE = "chart-range";
  const MOST_ROWS = 400; // of the table in the page; the file has all
  const root = document.documentElement;
  const kinds = {};
  const open = new Map(); // figure -> {handle, data, look, request}

  // Numbers as precise as their size deserves; Latin digits in charts in every language.
  function plain(value) {
    const size = Math.abs(value);
    for (const [unit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"]]) {
      if (size >= unit) return `${(value / unit).toFixed(2)} ${letter}`;
    }
    if (size >= 100) return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
    if (size >= 1 || size === 0) return String(Number(value.toFixed(size < 10 ? 4 : 2)));
    return value.toPrecision(3).includes("e") ? value.toFixed(Math.min(2 - Math.floor(Math.log10(size)), 18)) : value.toPrecision(3);
  }
  function said(value, column) {
    if (value === null || value === undefined) return "–";
    if (column.kind === "time") return value.replace("T00:00:00Z", "").replace("T", " ").replace("Z", "");
    if (column.kind === "word" || typeof value === "string") return column.words?.[value] ?? String(value);
    if (column.kind === "share") return `${(100 * value).toFixed(1)} %`.replace("-", "−");
    return plain(value).replace("-", "−");
  }

  // Colours of the theme that is on, read when a chart is drawn.
  function look(figure) {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      colour, said, plain,
      font: style.getPropertyValue("--font").trim(),
      still: matchMedia("(prefers-reduced-motion: reduce)").matches,
      narrow: figure.clientWidth < 560,
      set: figure.dataset,
      range: figure.dataset.range || stored(),
      visible: (hex) => visible(hex, colour("surface")),
    };
  }
  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const light = (hex) => {
    const [r, g, b] = channels(hex).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // A sector's own colour, moved towards white or black until it stands out from the card (3 to 1).
  function visible(hex, ground) {
    if (!/^#[0-9a-f]{6}$/i.test(hex) || !/^#[0-9a-f]{6}$/i.test(ground)) return hex;
    const back = light(ground);
    const goal = back < 0.4 ? 255 : 0;
    let parts = channels(hex);
    for (let step = 0; step < 12; step += 1) {
      const now = `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
      const [high, low] = [Math.max(light(now), back), Math.min(light(now), back)];
      if ((high + 0.05) / (low + 0.05) >= 3) return now;
      parts = parts.map((part) => part + (goal - part) * 0.14);
    }
    return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
  }

  function stored() {
    try {
      return localStorage.getItem(RANGE) || "1y";
    } catch {
      return "1y";
    }
  }

  function say(figure, state, text) {
    figure.dataset.state = state;
    figure.querySelector(".state").textContent = text || "";
  }

  async function load(figure) {
    const entry = open.get(figure);
    entry.request?.abort();
    entry.request = new AbortController();
    const address = new URL(figure.dataset.url, location.href);
    if (figure.querySelector(".ranges")) address.searchParams.set("range", stored());
    figure.querySelector("[data-csv]")?.setAttribute("href", csv(address));
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" }, signal: entry.request.signal });
      if (response.status === 401) return say(figure, "error", figure.dataset.ended);
      if (response.status === 403) return say(figure, "forbidden", figure.dataset.forbidden);
      if (!response.ok) return say(figure, "error", figure.dataset.error);
      entry.data = await response.json();
      paint(figure);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof TypeError)) console.error(error);
      if (!entry.data) say(figure, "error", navigator.onLine ? figure.dataset.error : figure.dataset.offline);
    }
  }
  function csv(address) {
    const file = new URL(address);
    file.searchParams.set("format", "csv");
    return file.pathname + file.search;
  }

  function paint(figure) {
    const entry = open.get(figure);
    if (!entry?.data) return;
    const plot = figure.querySelector(".plot");
    entry.handle?.dispose();
    entry.handle = null;
    plot.replaceChildren();
    if (!entry.data.rows.length) {
      say(figure, "empty", entry.data.note || figure.dataset.empty);
    } else {
      say(figure, "drawn");
      entry.handle = kinds[figure.dataset.chart](plot, entry.data, look(figure));
    }
    table(figure);
  }

  // The table behind the chart, built when somebody looks at it, newest first.
  function table(figure) {
    const behind = figure.querySelector(".behind");
    const { data } = open.get(figure);
    if (!behind?.open || !data) return;
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    for (const column of data.columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = column.unit ? `${column.name}, ${column.unit}` : column.name;
      if (column.kind === "number" || column.kind === "share") cell.className = "num";
      head.append(cell);
    }
    const body = made.createTBody();
    for (const row of data.rows.slice(-MOST_ROWS).reverse()) {
      const line = body.insertRow();
      row.forEach((value, at) => {
        const cell = line.insertCell();
        cell.textContent = said(value, data.columns[at]);
        if (data.columns[at].kind === "number" || data.columns[at].kind === "share") cell.className = "num";
      });
    }
    behind.querySelector(".scroll").replaceChildren(made);
  }

  function press(range) {
    for (const button of document.querySelectorAll(".ranges [data-range]")) {
      button.setAttribute("aria-pressed", String(button.dataset.range === range));
    }
  }

  const seen = new ResizeObserver((entries) => {
    for (const { target } of entries) open.get(target.closest("[data-chart]"))?.handle?.resize?.();
  });
  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      load(target);
    }
  }, { rootMargin: "400px" });

  function start(figure) {
    if (open.has(figure)) return;
    open.set(figure, { handle: null, data: null, request: null });
    say(figure, "loading", figure.dataset.loading);
    seen.observe(figure.querySelector(".plot"));
    figure.querySelector(".ranges")?.removeAttribute("hidden");
    figure.querySelector(".behind")?.addEventListener("toggle", () => table(figure));
    for (const topic of (figure.dataset.reload || "").split(" ").filter(Boolean)) {
      document.body.addEventListener(topic, () => open.has(figure) && open.get(figure).data && load(figure));
    }
    near.observe(figure);
  }
  function all(within) {
    for (const [figure, entry] of open) {
      if (figure.isConnected) continue;
      entry.handle?.dispose();
      open.delete(figure);
    }
    within.querySelectorAll?.("[data-chart]").forEach(start);
    press(stored());
  }
  const again = () => [...open.keys()].forEach((figure) => figure.isConnected && paint(figure));

  document.addEventListener("DOMContentLoaded", () => {
    all(document);
    document.body.addEventListener("htmx:load", (event) => all(event.target));
    document.body.addEventListener("stream.gap", () => open.forEach((entry, figure) => entry.data && load(figure)));
    document.addEventListener("click", (event) => {
      const button = event.target.closest(".ranges [data-range]");
      if (!button) return;
      try {
        localStorage.setItem(RANGE, button.dataset.range);
      } catch {
        // the choice then lasts for this press
      }
      press(button.dataset.range);
      open.forEach((entry, figure) => figure.querySelector(".ranges") && (entry.data || entry.request) && load(figure));
    });
    root.addEventListener("themechange", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    addEventListener("online", () => open.forEach((entry, figure) => entry.data || load(figure)));
  });
  window.charts = { kinds, open, plain, said };
})();
