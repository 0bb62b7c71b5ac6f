// Kinds of chart drawn by lightweight-charts: candles (with volume, indicators, and the levels of signals) and
// lines. The library is credited beside the chart instead of by its own mark, which needs inline style.
(() => {
  "use strict";
  const { kinds } = window.charts;
  const LW = window.LightweightCharts;
  const seconds = (text) => Math.floor(Date.parse(text) / 1000);
  const places = (value) => (value >= 100 ? 2 : value >= 1 ? 4 : Math.min(2 - Math.floor(Math.log10(value)) + 2, 12));

  function frame(plot, look, more) {
    const line = look.colour("line");
    return LW.createChart(plot, {
      autoSize: false, width: plot.clientWidth, height: plot.clientHeight,
      layout: { background: { color: look.colour("surface") }, textColor: look.colour("muted"), fontFamily: look.font, fontSize: 12, attributionLogo: false, panes: { separatorColor: line } },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderColor: look.colour("line-strong") },
      timeScale: { borderColor: look.colour("line-strong"), timeVisible: false, rightOffset: 3 },
      localization: { locale: "en-GB" },
      crosshair: { mode: LW.CrosshairMode.Normal },
      handleScroll: { mouseWheel: false, vertTouchDrag: false }, handleScale: { mouseWheel: false },
      ...more,
    });
  }
  const at = (data, key) => data.columns.findIndex((column) => column.key === key);
  const points = (data, key) => data.rows.filter((row) => row[at(data, key)] !== null)
    .map((row) => ({ time: seconds(row[0]), value: row[at(data, key)] }));

  // What the crosshair points at, in words above the drawing.
  function legend(plot, chart, data, keys, look) {
    const box = document.createElement("div");
    box.className = "price-legend";
    plot.append(box);
    const byTime = new Map(data.rows.map((row) => [seconds(row[0]), row]));
    const write = (row) => {
      if (!row) return;
      box.replaceChildren(...[0, ...keys.map((key) => at(data, key))].filter((place) => place >= 0).map((place) => {
        const part = document.createElement("span");
        part.textContent = place === 0 ? look.said(row[0], data.columns[0]) : `${data.columns[place].name} ${look.said(row[place], data.columns[place])}`;
        return part;
      }));
    };
    write(data.rows[data.rows.length - 1]);
    chart.subscribeCrosshairMove((move) => write(byTime.get(move.time) || data.rows[data.rows.length - 1]));
  }

  function finish(chart, plot) {
    chart.timeScale().fitContent();
    return { resize: () => plot.clientWidth && chart.resize(plot.clientWidth, plot.clientHeight), dispose: () => chart.remove() };
  }

  kinds.candles = (plot, data, look) => {
    const intraday = !["1d", "1w", "1M"].includes(data.timeframe);
    const chart = frame(plot, look, { timeScale: { borderColor: look.colour("line-strong"), timeVisible: intraday, rightOffset: 3 } });
    const [open, high, low, close] = ["open", "high", "low", "close"].map((key) => at(data, key));
    const last = data.rows[data.rows.length - 1][close];
    const format = { type: "custom", minMove: 10 ** -places(last), formatter: (value) => (Math.abs(value) < last * 1e-9 ? "0" : look.plain(Number(value.toPrecision(7)))) };
    const [up, down] = [look.colour("up"), look.colour("down")];
    const bars = chart.addSeries(LW.CandlestickSeries, { upColor: up, borderUpColor: up, wickUpColor: up, downColor: look.colour("surface"), borderDownColor: down, wickDownColor: down, priceFormat: format });
    bars.setData(data.rows.map((row) => ({ time: seconds(row[0]), open: row[open], high: row[high], low: row[low], close: row[close] })));
    const quiet = { lineWidth: 1, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false, priceFormat: format };
    for (const [key, colour, style] of [["sma_50", "accent", 0], ["sma_200", "volatile", 0], ["upper", "line-strong", 2], ["lower", "line-strong", 2]]) {
      chart.addSeries(LW.LineSeries, { ...quiet, color: look.colour(colour), lineStyle: style }).setData(points(data, key));
    }
    const volume = chart.addSeries(LW.HistogramSeries, { priceFormat: { type: "volume" }, priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false });
    volume.setData(data.rows.map((row) => ({ time: seconds(row[0]), value: row[at(data, "volume")] ?? 0, color: `${row[close] >= row[open] ? up : down}55` })));
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    const rsi = chart.addSeries(LW.LineSeries, { color: look.colour("volatile"), lineWidth: 1.5, priceLineVisible: false, lastValueVisible: !look.narrow }, 1);
    rsi.setData(points(data, "rsi"));
    for (const level of [30, 70]) rsi.createPriceLine({ price: level, color: look.colour("line-strong"), lineWidth: 1, lineStyle: 2, axisLabelVisible: false });
    chart.panes()[1]?.setHeight(Math.round(plot.clientHeight * 0.18));
    signals(chart, bars, data, look);
    legend(plot, chart, data, look.narrow ? ["close", "rsi"] : ["open", "high", "low", "close", "volume", "sma_50", "sma_200", "rsi"], look);
    return finish(chart, plot);
  };

  // An arrow where a signal was issued, a dot where it ended; an open one has its three levels drawn.
  function signals(chart, bars, data, look) {
    const first = seconds(data.rows[0][0]);
    const end = seconds(data.rows[data.rows.length - 1][0]);
    const marks = [];
    for (const [order, signal] of (data.signals || []).entries()) {
      const silent = order > 0 || look.narrow; // words for the newest one only: others would cover each other
      const long = signal.direction === "long";
      const colour = look.colour(long ? "up" : "down");
      const issued = Math.min(seconds(signal.time), end);
      if (issued >= first) marks.push({ time: issued, position: long ? "belowBar" : "aboveBar", shape: long ? "arrowUp" : "arrowDown", color: colour, text: silent ? "" : signal.name });
      const closed = signal.closed_at ? Math.min(seconds(signal.closed_at), end) : 0;
      if (closed >= first && closed > issued) marks.push({ time: closed, position: "aboveBar", shape: "circle", color: look.colour("muted"), text: silent ? "" : signal.outcome, size: 0.6 });
      if (!signal.has_levels) continue;
      for (const [key, ink, style] of [["entry", "text", 0], ["target", "up", 2], ["stop", "down", 2]]) {
        bars.createPriceLine({ price: Number(signal[key]), color: look.colour(ink), lineWidth: 1, lineStyle: style, axisLabelVisible: true, title: signal.words[key] });
      }
    }
    marks.sort((a, b) => a.time - b.time);
    const times = data.rows.map((row) => seconds(row[0]));
    const snap = (time) => times.reduce((best, one) => (one <= time ? one : best), times[0]);
    if (marks.length) LW.createSeriesMarkers(bars, marks.map((mark) => ({ ...mark, time: snap(mark.time) })));
  }

  kinds.lines = (plot, data, look) => {
    const chart = frame(plot, look);
    const inks = ["accent", "volatile", "down", "up"];
    const shown = data.columns.slice(1).filter((column) => column.kind === "number" || column.kind === "share");
    shown.forEach((column, order) => {
      const series = chart.addSeries(LW.LineSeries, {
        color: look.colour(inks[order % inks.length]), lineWidth: 2, priceLineVisible: false, title: shown.length > 1 ? column.name : "",
        priceFormat: column.kind === "share" ? { type: "custom", minMove: 0.001, formatter: (value) => `${Math.round(100 * value)} %` } : { type: "custom", minMove: 1e-12, formatter: look.plain },
        autoscaleInfoProvider: look.set.max ? () => ({ priceRange: { minValue: Number(look.set.min), maxValue: Number(look.set.max) } }) : undefined,
      });
      series.setData(points(data, column.key));
      if (order === 0 && look.set.mark) series.createPriceLine({ price: Number(look.set.mark), color: look.colour("line-strong"), lineWidth: 1, lineStyle: 2, axisLabelVisible: false });
    });
    chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.12, bottom: 0.06 } });
    legend(plot, chart, data, shown.map((column) => column.key), look);
    return finish(chart, plot);
  };
})();
