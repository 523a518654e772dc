// Explores curves, trends, dots and scatters: panels of series over x, as the drawing has them.
const { element, plain, show } = measured;
const MARKERS = { o: "circle", s: "square", "^": "triangle-up", D: "diamond", v: "triangle-down", P: "cross", p: "pentagon", "*": "star", h: "hexagon", "<": "triangle-left", ">": "triangle-right" };
const SIGNS = { o: "●", s: "■", "^": "▲", D: "◆", v: "▼", P: "✚", p: "⬟", "*": "★", h: "⬢", "<": "◀", ">": "▶" };
const STROKES = { dashed: "dash", dotted: "dot" };
const DASHES = ["dot", "dash", "dashdot"];
const NAMES = { curves: "series", trend: "series", dots: "name", scatter: "kind", own: "kind" };
const NARROW = 560; // pixels below which panels stand below one another
const SMALLEST = 220; // pixels of height that a panel needs
const LINE = 14; // pixels from the name of a mark to the next above it

// The number of a row that is drawn against x.
const valueOf = (row) => row.median ?? row.value ?? row.y;

// The table of an author's own drawing, of which only the kinds of its columns are known: each number against the first.
function ownRows(figure) {
  const { x, ys, kind } = figure.options;
  return ys.flatMap((y) =>
    figure.rows.map((row) => ({ panel: figure.columns[y], kind: kind === null ? "" : row[kind], x: row[x], y: row[y] })),
  );
}

measured.explorers.charts = async (figure, place) => {
  const Plotly = await measured.plotly();
  const { panels, marks, reference, alike } = figure.options;
  const named = NAMES[figure.shape];
  const looks = new Map(figure.looks);
  const rows = figure.shape === "own" ? ownRows(figure) : measured.rows(figure);
  const names = [...new Set(rows.map((row) => row[named]))];
  const byPanel = new Map(panels.map((panel) => [panel.name, new Map()]));
  for (const row of rows) {
    const series = byPanel.get(row.panel);
    if (!series.has(row[named])) series.set(row[named], []);
    series.get(row[named]).push(row);
  }
  const measuredPanels = panels.filter((panel) => byPanel.get(panel.name).size);
  const isFine = matchMedia("(pointer: fine)").matches;
  const state = {
    hidden: new Set(),
    seeds: true,
    log: Object.fromEntries(["x", "y"].map((side) => [side, new Map(panels.map((panel) => [panel.name, panel[side].log]))])),
    drag: isFine, // a finger that moves over a chart scrolls the page
    view: 0, // a new number is a view as it was in the beginning
  };

  // What is drawn in a panel, as plotly's traces.
  function traces(panel, theme) {
    const found = [];
    for (const [name, points] of byPanel.get(panel.name)) {
      const colour = name === reference || !looks.has(name) ? theme.ink : looks.get(name).colour[theme.dark ? "dark" : "light"];
      const symbol = MARKERS[looks.get(name)?.marker] ?? "circle";
      const dash = STROKES[looks.get(name)?.dash] ?? "solid";
      const visible = !state.hidden.has(name);
      const common = { type: "scatter", name: plain(name), visible, hoverinfo: "text", showlegend: false };
      for (const part of SHAPES[figure.shape](points, { colour, symbol, dash, isReference: name === reference, seeds: state.seeds })) {
        const text = part.hoverinfo === "skip" ? undefined : part.points.map((point) => hover(panel, name, point));
        const { points: shown, ...look } = part;
        found.push({ ...common, x: shown.map((point) => point.x), hovertext: text, ...look });
      }
    }
    // Bands below all lines.
    return [...found.filter((trace) => trace.hoverinfo === "skip"), ...found.filter((trace) => trace.hoverinfo !== "skip")];
  }

  // What stands beside a point that a reader points at.
  function hover(panel, name, point) {
    const lines = [`<b>${plain(name)}</b>`];
    if (panel.x.title) lines.push(`${plain(panel.x.title)}: ${show(point.x)}`);
    lines.push(`${plain(panel.y.title)}: ${show(valueOf(point))}`);
    if (figure.shape === "curves") {
      if (point.low !== point.high) lines.push(`middle 80 %: ${show(point.low)} to ${show(point.high)}`);
    } else if (point.low !== null && point.low !== undefined) lines.push(`95 % interval: ${show(point.low)} to ${show(point.high)}`);
    if (point.n) lines.push(`n = ${point.n}`);
    return lines.join("<br>");
  }

  function axis(panel, side, theme) {
    const log = state.log[side].get(panel.name);
    const limits = panel[side].limits ?? (alike ? reach(side, log) : undefined);
    const decades = log ? Math.log10(reach(side, log, byPanel.get(panel.name)).reduce((low, high) => high / low)) : 0;
    return {
      type: log ? "log" : "linear",
      // Many powers of ten are written as such, few as numbers; so many ticks that 2 and 5 are shown where there is room.
      ...(log && decades < 5 ? { tickformat: ",~g", nticks: decades > 2.2 ? Math.round(decades / 0.85) : decades > 1.4 ? 4 : decades > 0.9 ? 3 : 5 } : { nticks: 7 }),
      tickangle: side === "x" ? "auto" : 0,
      ...(panel[side].title ? {} : { showticklabels: false, showgrid: false }),
      ...(limits ? { range: log ? limits.map(Math.log10) : limits, autorange: false } : { autorange: true }),
      gridcolor: theme.line,
      linecolor: theme.muted,
      tickcolor: theme.muted,
      showline: true,
      zeroline: false,
      automargin: true,
      exponentformat: "power",
      fixedrange: !state.drag,
    };
  }

  // The ends of the numbers of all panels, or of one, with some room.
  function reach(side, log, series = undefined) {
    const of = series ? [...series.values()].flat() : rows;
    const values = of.flatMap((row) => (side === "x" ? [row.x] : [valueOf(row), row.low ?? NaN, row.high ?? NaN]));
    const usable = values.filter((value) => Number.isFinite(value) && !(log && value <= 0));
    if (!usable.length) return [1, 10];
    const scaled = usable.map((value) => (log ? Math.log10(value) : value));
    const low = scaled.reduce((one, other) => Math.min(one, other));
    const high = scaled.reduce((one, other) => Math.max(one, other));
    const room = 0.05 * (high - low || 1);
    return [low - room, high + room].map((value) => (log ? 10 ** value : value));
  }

  function layout(panel, theme, height) {
    const at = (side, value) => (state.log[side].get(panel.name) ? Math.log10(value) : value);
    const line = { type: "line", layer: "below", line: { color: theme.muted, width: 1.2 } };
    const text = { showarrow: false, font: { size: 11, color: theme.muted } };
    return {
      ...measured.layout(theme),
      height,
      margin: { l: 12, r: 14, t: 8 + LINE * marks.length, b: 12 },
      hovermode: "closest",
      hoverdistance: isFine ? 25 : 60, // a finger is broad
      dragmode: state.drag ? "zoom" : false,
      uirevision: state.view,
      xaxis: axis(panel, "x", theme),
      yaxis: axis(panel, "y", theme),
      shapes: [
        ...panel.levels.map(([, level]) => ({ ...line, xref: "paper", x0: 0, x1: 1, y0: level, y1: level, line: { ...line.line, dash: "dash" } })),
        ...marks.map(([, mark], number) => ({ ...line, yref: "paper", y0: 0, y1: 1, x0: mark, x1: mark, line: { ...line.line, dash: DASHES[number] } })),
      ],
      annotations: [
        ...panel.levels.map(([name, level]) => ({ ...text, text: plain(name), xref: "paper", x: 1, xanchor: "right", y: at("y", level), yanchor: "bottom" })),
        ...marks.map(([name, mark], number) => ({ ...text, text: plain(name), yref: "paper", y: 1, yanchor: "bottom", yshift: LINE * number, x: at("x", mark) })),
      ],
    };
  }

  const plots = new Map();
  const grid = element("div", { class: "panels" });
  for (const panel of panels) {
    const heading = element("p", { class: "panel" }, element("b", {}, panel.name), ` ${panel.y.title.startsWith(panel.name) ? panel.y.title.slice(panel.name.length) : panel.y.title}`);
    if (!measuredPanels.includes(panel)) {
      grid.append(element("div", {}, heading, "not measured"));
      continue;
    }
    const plot = element("div", {
      class: "plot",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "chart",
      "aria-label": `${panel.name}. Arrow keys go from point to point, plus and minus zoom.`,
      onkeydown: (event) => press(panel, event),
    });
    plots.set(panel.name, plot);
    grid.append(element("div", {}, heading, plot, element("p", { class: "across" }, panel.x.title)));
  }

  function render() {
    const theme = measured.theme();
    const across = place.element.clientWidth < NARROW ? 1 : Math.min(2, panels.length);
    grid.style.gridTemplateColumns = `repeat(${across}, minmax(0, 1fr))`;
    const height = Math.max(SMALLEST, Math.round(place.height / Math.ceil(panels.length / across)) - 60);
    return Promise.all(
      measuredPanels.map((panel) =>
        Plotly.react(plots.get(panel.name), traces(panel, theme), layout(panel, theme, height), measured.config),
      ),
    );
  }

  // Whether all numbers on one side could stand on a logarithmic axis.
  function isPositive(side) {
    return rows.every((row) => (side === "x" ? row.x : valueOf(row)) > 0);
  }

  function scaleButton(side) {
    const of = state.log[side];
    const button = measured.button(`Log ${side}`, () => {
      const log = !allLog();
      for (const panel of panels) of.set(panel.name, log);
      state.view += 1;
      button.setAttribute("aria-pressed", String(log));
      render();
    });
    const allLog = () => measuredPanels.every((panel) => of.get(panel.name));
    const someLog = measuredPanels.some((panel) => of.get(panel.name));
    button.setAttribute("aria-pressed", allLog() ? "true" : someLog ? "mixed" : "false");
    return isPositive(side) || someLog ? [button] : [];
  }

  function zoom(by, only = undefined) {
    for (const [name, plot] of plots) {
      if (only && name !== only) continue;
      const ranges = {};
      for (const side of ["xaxis", "yaxis"]) {
        const [low, high] = plot._fullLayout[side].range;
        const [middle, half] = [(low + high) / 2, ((high - low) / 2) * by];
        ranges[`${side}.range`] = [middle - half, middle + half];
      }
      Plotly.relayout(plot, ranges);
    }
  }

  const reset = () => ((state.view += 1), render());

  // From point to point with the arrow keys, read aloud as well.
  const current = new Map();
  function press(panel, event) {
    const plot = plots.get(panel.name);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "+" || event.key === "=") zoom(0.5, panel.name);
    else if (event.key === "-") zoom(2, panel.name);
    else if (event.key === "0") reset();
    else if (event.key === "Escape") Plotly.Fx.unhover(plot);
    else if (step) {
      const points = plot.data.flatMap((trace, curveNumber) =>
        trace.hovertext && trace.visible === true ? trace.x.map((_, pointNumber) => ({ curveNumber, pointNumber })) : [],
      );
      if (!points.length) return;
      const at = ((current.get(panel.name) ?? (step > 0 ? -1 : 0)) + step + points.length) % points.length;
      current.set(panel.name, at);
      Plotly.Fx.hover(plot, [points[at]]);
      const text = plot.data[points[at].curveNumber].hovertext[points[at].pointNumber];
      const entities = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
      place.say(text.replace(/<br>/g, "; ").replace(/<\/?b>/g, "").replace(/&(lt|gt|amp);/g, (found) => entities[found]), false);
    } else return;
    event.preventDefault();
  }

  const boxes = names.map((name) => {
    const look = looks.get(name);
    const sample = element("span", { "aria-hidden": "true", class: "sample" }, name === reference ? "┅" : (SIGNS[look?.marker] ?? "●"));
    const box = measured.box(name, true, (on) => (state.hidden[on ? "delete" : "add"](name), render()), sample);
    return { name, box, sample, input: box.querySelector("input") };
  });
  function colourSamples() {
    const { dark } = measured.theme();
    for (const { name, sample } of boxes) sample.style.color = looks.get(name)?.colour[dark ? "dark" : "light"] ?? "";
  }
  const all = (on) =>
    measured.button(on ? "All" : "None", () => {
      state.hidden = new Set(on ? [] : names);
      for (const { input } of boxes) input.checked = on;
      render();
    });

  const seeds = figure.shape === "dots" ? [measured.box("single seeds", true, (on) => ((state.seeds = on), render()))] : [];
  const drag = measured.box("drag to zoom", state.drag, (on) => ((state.drag = on), render()));
  const series = names.length > 1 ? [measured.group("Series", ...(names.length > 3 ? [all(true), all(false)] : []), ...boxes.map(({ box }) => box))] : [];
  place.element.append(
    grid,
    ...series,
    measured.group(
      "View",
      ...scaleButton("x"),
      ...scaleButton("y"),
      measured.button("Zoom in", () => zoom(0.5)),
      measured.button("Zoom out", () => zoom(2)),
      measured.button("Reset", reset),
      drag,
      ...seeds,
    ),
  );
  colourSamples();
  await render();

  // Of what a tap shows, plotly takes away again as the finger leaves.
  for (const plot of isFine ? [] : plots.values()) {
    plot.on("plotly_click", ({ points: [{ curveNumber, pointNumber }] }) =>
      setTimeout(() => Plotly.Fx.hover(plot, [{ curveNumber, pointNumber }]), 100),
    );
  }

  let width = place.element.clientWidth;
  new ResizeObserver(() => {
    if (place.element.hidden || !place.element.clientWidth || place.element.clientWidth === width) return;
    width = place.element.clientWidth;
    render();
  }).observe(place.element);
  measured.onTheme(() => (colourSamples(), render()));
};

// The parts in which a series is drawn: the points of each, and how they look.
const finite = (value, otherwise = 0) => (Number.isFinite(value) ? value : otherwise);
const bars = (points, colour, width) => ({
  type: "data",
  symmetric: false,
  array: points.map((point) => finite(point.high - point.value)),
  arrayminus: points.map((point) => finite(point.value - point.low)),
  color: colour,
  thickness: 1.2,
  width,
});

const SHAPES = {
  curves(points, { colour, symbol, dash, isReference }) {
    const y = points.map((point) => point.median);
    if (isReference) return [{ points, y, mode: "lines", line: { color: colour, width: 3, dash: "3px,3px" } }];
    const few = points.length <= 20;
    const middle = { points, y, mode: few ? "lines+markers" : "lines", line: { color: colour, width: 2, dash }, marker: { color: colour, symbol, size: 6 } };
    if (points.every((point) => point.low === point.high)) return [middle];
    const edge = { points, mode: "lines", line: { width: 0, color: colour }, hoverinfo: "skip" };
    const band = { fill: "tonexty", fillcolor: `${colour}29` };
    return [
      { ...edge, y: points.map((point) => point.low) },
      { ...edge, ...band, y: points.map((point) => point.high) },
      middle,
    ];
  },

  trend: (points, { colour, symbol, dash }) => [
    {
      points,
      y: points.map((point) => point.value),
      error_y: bars(points, colour, 3),
      mode: "lines+markers",
      line: { color: colour, width: 1.8, dash },
      marker: { color: colour, symbol, size: 7 },
    },
  ],

  dots(points, { colour, symbol, seeds }) {
    const [singles, summary] = [points.slice(0, -1), points.slice(-1)];
    const y = (of) => of.map((point) => point.value);
    return [
      ...(seeds && singles.length ? [{ points: singles, y: y(singles), mode: "markers", marker: { color: colour, size: 6, opacity: 0.45 } }] : []),
      { points: summary, y: y(summary), error_y: bars(summary, colour, 4), mode: "markers", marker: { color: colour, symbol, size: 10 } },
    ];
  },

  scatter: (points, { colour, symbol }) => [
    {
      points,
      y: points.map((point) => point.y),
      mode: "markers",
      marker: { color: colour, symbol, size: points.length < 400 ? 7 : 4, opacity: 0.6 },
    },
  ],
};
SHAPES.own = SHAPES.scatter;
