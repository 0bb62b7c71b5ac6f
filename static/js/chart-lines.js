// Kinds of chart drawn by ECharts: regime, lines, area, rotation. Tooltips are built from nodes, never from
// HTML text, so that the page's strict content policy holds.
(() => {
  "use strict";
  const { kinds } = window.charts;

  function make(plot, option, look) {
    const chart = window.echarts.init(plot, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: look.font, color: look.colour("muted") },
      ...option,
    });
    look.after?.(chart);
    return {
      resize: () => {
        chart.resize();
        look.after?.(chart);
      },
      dispose: () => chart.dispose(),
    };
  }
  const at = (data, key) => data.columns.findIndex((column) => column.key === key);
  const when = (value) => value.slice(0, 10);

  // The tooltip: a heading and one line a series, each with its mark, name and value.
  function tip(look, lines) {
    return {
      trigger: "axis", confine: true, className: "tip", backgroundColor: look.colour("surface"), borderColor: look.colour("line"),
      textStyle: { color: look.colour("text"), fontSize: 13 }, transitionDuration: 0,
      axisPointer: { type: "line", lineStyle: { color: look.colour("line-strong"), type: "dashed" } },
      formatter: (found) => box(...lines([].concat(found)[0])),
    };
  }
  function box(title, rows) {
    const out = document.createElement("div");
    const head = out.appendChild(document.createElement("b"));
    head.textContent = title;
    for (const [colour, name, value] of rows) {
      const line = out.appendChild(document.createElement("div"));
      line.className = "tip-line";
      const mark = line.appendChild(document.createElement("i"));
      mark.style.backgroundColor = colour || "transparent";
      line.appendChild(document.createElement("span")).textContent = name;
      line.appendChild(document.createElement("b")).textContent = value;
    }
    return out;
  }

  // Names at the lines' ends are moved apart where lines end close to each other.
  function spread(chart, ends, top, bottom) {
    const GAP = 15;
    const placed = ends.filter((end) => end.value !== null && end.value !== undefined)
      .map((end) => ({ ...end, y: chart.convertToPixel({ yAxisIndex: 0 }, end.value) })).sort((a, b) => a.y - b.y);
    let floor = top;
    for (const end of placed) {
      end.to = Math.max(end.y, floor);
      floor = end.to + GAP;
    }
    let ceiling = chart.getHeight() - bottom;
    for (const end of [...placed].reverse()) {
      end.to = Math.min(end.to, ceiling);
      ceiling = end.to - GAP;
    }
    const series = ends.map(() => ({}));
    for (const end of placed) series[end.order] = { endLabel: { offset: [0, end.to - end.y] } };
    chart.setOption({ series });
  }

  // Names beside points: to the right where there is room, moved up or down until none lies on another or on a
  // point; one that had to go far gets a line back to its point.
  function label(chart, points, look) {
    const HEIGHT = 16, POINT = 8;
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `600 12px ${look.font}`;
    const spots = points.map((point) => {
      const [x, y] = chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, point.value);
      return { ...point, x, y, width: pen.measureText(point.name).width + 6 };
    }).sort((a, b) => a.y - b.y);
    const taken = spots.map((spot) => [spot.x - POINT, spot.y - POINT, spot.x + POINT, spot.y + POINT, spot]);
    const hits = (box, own) => taken.some(([a, b, c, d, spot]) => spot !== own && box[0] < c && box[2] > a && box[1] < d && box[3] > b);
    const series = [];
    for (const spot of spots) {
      let chosen = null;
      for (let step = 0; !chosen && step < 24; step += 1) {
        const shift = (step % 2 ? 1 : -1) * Math.ceil(step / 2) * 9;
        for (const right of [true, false]) {
          const from = right ? spot.x + 9 : spot.x - 9 - spot.width;
          const box = [from, spot.y + shift - HEIGHT / 2, from + spot.width, spot.y + shift + HEIGHT / 2];
          const inside = box[0] > 40 && box[2] < chart.getWidth() - 4 && box[1] > 32 && box[3] < chart.getHeight() - 48;
          if (inside && !hits(box, spot)) { chosen = { box, right, shift }; break; }
        }
      }
      if (chosen) taken.push([...chosen.box, null]);
      const end = chosen && Math.abs(chosen.shift) > HEIGHT / 2 ? [chosen.right ? chosen.box[0] : chosen.box[2], spot.y + chosen.shift] : [spot.x, spot.y];
      series.push({ id: `name-${spot.name}`, data: [{ value: spot.value, label: { show: Boolean(chosen), position: chosen?.right === false ? "left" : "right", offset: [0, chosen?.shift ?? 0] } }] });
      series.push({ id: `lead-${spot.name}`, data: [spot.value, chart.convertFromPixel({ xAxisIndex: 0, yAxisIndex: 0 }, end)] });
    }
    chart.setOption({ series });
  }

  const axis = (look, more) => ({
    axisLine: { lineStyle: { color: look.colour("line-strong") } },
    axisTick: { show: false },
    axisLabel: { color: look.colour("muted"), fontSize: 12, hideOverlap: true },
    nameTextStyle: { color: look.colour("muted"), fontSize: 12 },
    splitLine: { lineStyle: { color: look.colour("line") } },
    ...more,
  });
  // What stands below a row: its day, or the share of 1 that the first column holds.
  const below = (data) => (data.columns[0].kind === "share" ? (row) => percent(row[0]) : (row) => when(row[0]));
  const times = (data, look, more) => axis(look, {
    type: "category", data: data.rows.map(below(data)), boundaryGap: false, splitLine: { show: false }, ...more,
  });
  const short = (value) => window.charts.plain(Number(value.toPrecision(3))).replace(/(\.\d*?)0+(?= |$)/, "$1").replace(/\.(?= |$)/, "").replace("-", "−");
  const percent = (value) => `${Math.round(100 * value)} %`.replace("-", "−");
  const titled = (column) => (column.unit ? `${column.name}, ${column.unit}` : column.name);
  const PALETTE = ["accent", "volatile", "down", "up", "warn", "good", "bad", "neutral"];

  // Runs of equal words as bands behind the line.
  function bands(data, key, look) {
    const place = at(data, key);
    const runs = [];
    data.rows.forEach((row, index) => {
      const last = runs[runs.length - 1];
      if (last && last.word === row[place]) last.to = index;
      else runs.push({ word: row[place], from: index, to: index });
    });
    return runs.filter((run) => run.word).map((run) => [
      { xAxis: run.from, itemStyle: { color: look.colour(run.word), opacity: 0.16 } },
      { xAxis: Math.min(run.to + 1, data.rows.length - 1) },
    ]);
  }

  // The market's price over its regimes, and the exposure that was advised below it.
  kinds.regime = (plot, data, look) => {
    const [price, exposure] = ["price", "exposure"].map((key) => at(data, key));
    const areas = { silent: true, data: bands(data, "regime", look) };
    const left = look.narrow ? 56 : 72;
    const column = (key) => data.rows.map((row) => row[key]);
    const prices = column(price).filter((value) => value > 0);
    const logarithmic = Math.max(...prices) / Math.min(...prices) > 6;
    return make(plot, {
      grid: [{ left, right: 12, top: 28, height: "56%" }, { left, right: 12, bottom: 28, height: "18%" }],
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: tip(look, ({ dataIndex }) => {
        const row = data.rows[dataIndex];
        return [when(row[0]), data.columns.slice(1).map((entry, index) => [
          entry.key === "regime" ? look.colour(row[index + 1] || "neutral") : "", entry.name,
          look.said(row[index + 1], entry) + (entry.unit && entry.kind === "number" ? ` ${entry.unit}` : ""),
        ])];
      }),
      xAxis: [times(data, look, { axisLabel: { show: false } }), times(data, look, { gridIndex: 1 })],
      yAxis: [
        axis(look, { type: logarithmic ? "log" : "value", scale: true, name: titled(data.columns[price]) + (logarithmic ? ` (${look.set.log})` : ""), nameLocation: "end", nameTextStyle: { align: "left", color: look.colour("muted"), padding: [0, 0, 0, -left + 8] }, axisLabel: { formatter: short, color: look.colour("muted") }, ...(logarithmic ? { min: (range) => range.min * 0.95, max: (range) => range.max * 1.05 } : { splitNumber: 4 }) }),
        axis(look, { gridIndex: 1, min: 0, max: 1, interval: 0.5, name: titled(data.columns[exposure]), nameTextStyle: { align: "left", color: look.colour("muted"), padding: [0, 0, -4, -left + 8] }, axisLabel: { formatter: percent, color: look.colour("muted") } }),
      ],
      series: [
        { type: "line", data: column(price), showSymbol: false, lineStyle: { color: look.colour("text"), width: 1.6 }, markArea: areas },
        { type: "line", step: "end", xAxisIndex: 1, yAxisIndex: 1, data: column(exposure), showSymbol: false, lineStyle: { color: look.colour("accent"), width: 1.6 }, areaStyle: { color: look.colour("accent"), opacity: 0.14 } },
      ],
    }, look);
  };

  // Every number column as a line, or stacked as areas; names stand at the lines' ends.
  function lines(plot, data, look, stacked) {
    const wanted = (look.set.show || "").split(" ").filter(Boolean);
    const shown = data.columns.map((column, index) => ({ ...column, index })).slice(1)
      .filter((column) => (column.kind === "number" || column.kind === "share") && (!wanted.length || wanted.includes(column.key)));
    const shares = shown.every((column) => column.kind === "share");
    const ink = (column, order) => (column.colour ? look.visible(column.colour) : look.colour(PALETTE[order % PALETTE.length]));
    const many = shown.length > 5;
    const unit = shown[0].unit;
    const drawn = [...shown.map((column) => column.index), ...(look.set.band || "").split(" ").map((key) => at(data, key)).filter((index) => index >= 0)];
    const values = data.rows.flatMap((row) => drawn.map((index) => row[index])).filter((value) => value !== null);
    const flat = Math.max(...values) - Math.min(...values) < 0.05; // whole per cents would repeat themselves
    const share = (value) => (flat ? `${(100 * value).toFixed(1)} %`.replace("-", "−") : percent(value));
    const logarithmic = Boolean(look.set.log) && Math.max(...values) / Math.min(...values) > 4;
    const name = (shown.length === 1 ? titled(shown[0]) : (look.set.axis || unit || "")) + (logarithmic ? ` (${look.set.log})` : "");
    if (shown.length > 1) {
      const last = data.rows[data.rows.length - 1];
      look.after = (chart) => {
        let sum = 0;
        const ends = shown.map((column, order) => {
          sum += last[column.index] ?? 0;
          return { order, value: stacked ? sum : last[column.index] };
        });
        spread(chart, ends, 34, data.columns[0].kind === "share" ? 60 : 34);
      };
    }
    return make(plot, {
      grid: { left: look.narrow ? 46 : 64, right: shown.length === 1 ? 12 : look.narrow ? 92 : 120, top: 28, bottom: data.columns[0].kind === "share" ? 46 : 28 },
      tooltip: tip(look, ({ dataIndex }) => {
        const row = data.rows[dataIndex];
        const told = shown.map((column, order) => [ink(column, order), column.name, look.said(row[column.index], column), row[column.index]]);
        return [below(data)(row), (stacked ? told.reverse() : told.sort((a, b) => (b[3] ?? -Infinity) - (a[3] ?? -Infinity)))];
      }),
      xAxis: times(data, look, data.columns[0].kind === "share" ? { name: titled(data.columns[0]), nameLocation: "middle", nameGap: 26 } : {}),
      yAxis: axis(look, {
        type: logarithmic ? "log" : "value", logBase: 2, scale: !stacked, name, nameTextStyle: { align: "left", color: look.colour("muted"), padding: [0, 0, 0, look.narrow ? -38 : -56] },
        min: look.set.min ? Number(look.set.min) : null, max: look.set.max ? Number(look.set.max) : null,
        axisLabel: { formatter: shares ? share : short, color: look.colour("muted") },
      }),
      series: shown.map((column, order) => ({
        type: "line", name: column.name, data: data.rows.map((row) => row[column.index]), showSymbol: data.rows.length === 1, z: 3,
        stack: stacked ? "all" : undefined, emphasis: { focus: many ? "series" : "none" },
        lineStyle: { color: ink(column, order), width: stacked ? 0.8 : 1.8 }, itemStyle: { color: ink(column, order) },
        areaStyle: stacked ? { color: ink(column, order), opacity: 0.72 } : shown.length === 1 && !look.set.band ? { color: ink(column, order), opacity: 0.08, origin: "start" } : undefined,
        endLabel: shown.length > 1 ? { show: true, formatter: "{a}", color: look.colour("text"), fontSize: 12, width: look.narrow ? 82 : 108, overflow: "truncate" } : undefined,
        markLine: order === 0 && look.set.mark ? { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: look.colour("line-strong"), type: "dashed" }, data: [{ yAxis: Number(look.set.mark) }] } : undefined,
      })).concat(band(data, look)),
    }, look);
  }
  kinds.lines = (plot, data, look) => lines(plot, data, look, false);
  kinds.area = (plot, data, look) => lines(plot, data, look, true);
  kinds.curve = kinds.lines;

  // The space between the two columns named in data-band, behind the lines: an interval.
  function band(data, look) {
    const [low, high] = (look.set.band || "").split(" ").map((key) => at(data, key));
    if (!(low >= 0 && high >= 0)) return [];
    const silent = { type: "line", silent: true, showSymbol: false, stack: "band", stackStrategy: "all", lineStyle: { opacity: 0 }, z: 1 };
    const width = (row) => (row[low] === null || row[high] === null ? null : row[high] - row[low]);
    return [
      { ...silent, data: data.rows.map((row) => row[low]) },
      { ...silent, data: data.rows.map(width), areaStyle: { color: look.colour("accent"), opacity: 0.16 } },
    ];
  }

  // What was said across, what came true upwards: a dot a bin, as large as its cases, on its interval. On the
  // diagonal probabilities mean what they say.
  kinds.reliability = (plot, data, look) => {
    const [said, came, low, high, count] = ["said", "true", "low", "high", "count"].map((key) => at(data, key));
    const top = Math.max(...data.rows.flatMap((row) => [row[said], row[high]]));
    const end = Math.min(1, Math.ceil(top * 10 + 0.001) / 10);
    const most = Math.max(...data.rows.map((row) => row[count]));
    const both = { type: "value", min: 0, max: end, axisLabel: { formatter: percent, color: look.colour("muted") } };
    return make(plot, {
      grid: { left: look.narrow ? 46 : 64, right: 20, top: 30, bottom: 46 },
      tooltip: { ...tip(look, (found) => {
        const row = found.data.row;
        return [look.said(row[came], data.columns[came]), data.columns.map((column, index) => ["", column.name, look.said(row[index], column)])];
      }), trigger: "item" },
      xAxis: axis(look, { ...both, name: data.columns[said].name, nameLocation: "middle", nameGap: 28, splitLine: { show: false } }),
      yAxis: axis(look, { ...both, name: data.columns[came].name, nameTextStyle: { align: "left", color: look.colour("muted"), padding: [0, 0, 0, look.narrow ? -38 : -56] } }),
      series: [
        { type: "line", silent: true, data: [[0, 0], [end, end]], showSymbol: false, lineStyle: { color: look.colour("line-strong"), type: "dashed", width: 1.4 } },
        ...data.rows.map((row) => ({ type: "line", silent: true, showSymbol: false, data: [[row[said], row[low]], [row[said], row[high]]], lineStyle: { color: look.colour("accent"), width: 2, opacity: 0.6 } })),
        { type: "line", lineStyle: { opacity: 0 }, symbol: "circle", itemStyle: { color: look.colour("accent") }, showAllSymbol: true,
          symbolSize: (value, { dataIndex }) => 6 + 8 * Math.sqrt(data.rows[dataIndex][count] / most),
          data: data.rows.map((row) => ({ value: [row[said], row[came]], row })) },
      ],
    }, look);
  };

  // Where each sector stands against the market, and the way it came: strength across, its change upwards.
  kinds.rotation = (plot, data, look) => {
    const [name, colour, x, y, time] = ["sector", "colour", "strength", "momentum", "time"].map((key) => at(data, key));
    const tails = new Map();
    for (const row of data.rows) {
      if (row[x] === null || row[y] === null) continue;
      if (!tails.has(row[name])) tails.set(row[name], []);
      tails.get(row[name]).push(row);
    }
    const all = [...tails.values()].flat();
    const reach = (place) => Math.max(0.5, ...all.map((row) => Math.abs(row[place] - 100))) * 1.18;
    const [wide, high] = [reach(x), reach(y)];
    const corner = (word, px, py, tone) => [
      { coord: [px < 0 ? 100 - wide : 100, py < 0 ? 100 - high : 100], itemStyle: { color: look.colour(tone), opacity: 0.07 }, name: data.quadrants[word],
        label: { show: true, position: `inside${py < 0 ? "Bottom" : "Top"}${px < 0 ? "Left" : "Right"}`, color: look.colour("muted"), fontSize: 12 } },
      { coord: [px < 0 ? 100 : 100 + wide, py < 0 ? 100 : 100 + high] },
    ];
    const number = (value) => value.toFixed(1);
    look.after = (chart) => label(chart, [...tails].map(([word, rows]) => ({ name: word, value: [rows.at(-1)[x], rows.at(-1)[y]] })), look);
    return make(plot, {
      grid: { left: look.narrow ? 44 : 56, right: 16, top: 30, bottom: 46 },
      tooltip: { ...tip(look, (found) => {
        const row = found.data.row;
        return [row[name], [["", data.columns[time].name, when(row[time])], ["", data.columns[x].name, number(row[x])], ["", data.columns[y].name, number(row[y])]]];
      }), trigger: "item" },
      xAxis: axis(look, { type: "value", min: 100 - wide, max: 100 + wide, name: data.columns[x].name, nameLocation: "middle", nameGap: 28, axisLabel: { formatter: number, showMinLabel: false, showMaxLabel: false, color: look.colour("muted") }, splitLine: { show: false } }),
      yAxis: axis(look, { type: "value", min: 100 - high, max: 100 + high, name: data.columns[y].name, nameTextStyle: { align: "left", color: look.colour("muted"), padding: [0, 0, 0, look.narrow ? -36 : -48] }, axisLabel: { formatter: number, showMinLabel: false, showMaxLabel: false, color: look.colour("muted") }, splitLine: { show: false } }),
      series: [
        { type: "line", silent: true, data: [],
          markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: look.colour("line-strong"), type: "solid" }, data: [{ xAxis: 100 }, { yAxis: 100 }] },
          markArea: { silent: true, data: [corner("leading", 1, 1, "up"), corner("weakening", 1, -1, "warn"), corner("lagging", -1, -1, "down"), corner("improving", -1, 1, "accent")] } },
        ...[...tails].flatMap(([name, rows]) => {
          const ink = look.visible(rows[0][colour]);
          const last = rows[rows.length - 1];
          const still = { type: "line", silent: true, showSymbol: false, showAllSymbol: true };
          return [
            {
              type: "line", name, smooth: 0.3, lineStyle: { color: ink, width: 1.6, opacity: 0.35 }, itemStyle: { color: ink },
              symbol: "circle", symbolSize: (value, { dataIndex }) => (dataIndex === rows.length - 1 ? 12 : 4), showAllSymbol: true,
              emphasis: { focus: "series", lineStyle: { opacity: 1, width: 2.4 } },
              data: rows.map((row, index) => ({ value: [row[x], row[y]], row, itemStyle: { opacity: index === rows.length - 1 ? 1 : 0.4 } })),
            },
            { ...still, id: `lead-${name}`, lineStyle: { color: look.colour("line-strong"), width: 1 }, data: [] },
            { ...still, id: `name-${name}`, name, showSymbol: true, symbolSize: 0.1, z: 5, data: [[last[x], last[y]]], label: { show: false, formatter: name, color: look.colour("text"), fontSize: 12, fontWeight: 600 } },
          ];
        }),
      ],
    }, look);
  };
})();
