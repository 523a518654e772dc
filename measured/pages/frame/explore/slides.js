// A knob that one turns: curves with a moving cursor, and how the answer to each example is shared out at that value.
const { element } = measured;

measured.explorers.slides = async (figure, place) => {
  await measured.load("explore/sketch.js");
  const { sketch } = measured;
  place.element.style.minHeight = "0"; // the drawing is longer, as it shows several values of the knob at once
  const { svg } = sketch;
  const { knob, y, names, pictures, marks, stops } = figure.options;
  const axes = new Map(y);
  const looks = new Map(figure.looks);
  const rows = measured.rows(figure);
  const values = [...new Set(rows.map((row) => row.at))];
  let at = values.indexOf(stops[Math.floor(stops.length / 2)]);
  if (at < 0) at = Math.floor(values.length / 2);

  const written = (value) => String(Number(value.toPrecision(6))).replace("-", "−");
  const number = (value) => (typeof value === "number" ? value : NaN);
  const panels = [...new Set(rows.map((row) => row.panel))].map((name) => panelOf(name));

  // Numbers by chart or example, and by series or name, a list over the values of the knob.
  function panelOf(name) {
    const kinds = { curve: new Map(), share: new Map() };
    for (const row of rows) {
      if (row.panel !== name) continue;
      const found = kinds[row.kind];
      if (!found.has(row.of)) found.set(row.of, new Map());
      const lines = found.get(row.of);
      if (!lines.has(row.name)) lines.set(row.name, []);
      lines.get(row.name)[values.indexOf(row.at)] = number(row.value);
    }
    const shown = new Map(new Map(pictures).get(name) ?? []);
    return { name, curves: kinds.curve, shares: kinds.share, pictures: shown, update: [] };
  }

  const everything = (chart) =>
    panels.flatMap((panel) => [...(panel.curves.get(chart) ?? new Map()).values()].flat()).filter(Number.isFinite);

  // ------------------------------------------------------------------------------------------------------------------
  // The knob

  const output = element("output", {});
  const spoken = (index) =>
    [
      `${knob} = ${written(values[index])}`,
      ...panels.map((panel) => {
        const told = [...panel.curves].map(([chart, lines]) =>
          [...lines].map(([name, line]) => `${axes.get(chart).title} ${name} ${measured.show(line[index])}`).join(", "),
        );
        return `${panel.name}: ${told.join("; ")}`;
      }),
    ].join(". ");
  const { input, set } = sketch.slider(knob, values.length - 1, at, spoken, turn);
  const share = (value) => (value - values[0]) / (values.at(-1) - values[0] || 1);
  const named = marks.map(([name, value]) => {
    const mark = element("button", { type: "button", class: "mark", onclick: () => turn(nearest(value)) }, name);
    mark.style.setProperty("--share", share(value));
    return mark;
  });
  const handle = element("div", { class: "knob" }, output, element("div", { class: "track" }, input, ...named));

  function nearest(value) {
    const distances = values.map((other) => Math.abs(other - value));
    return distances.indexOf(Math.min(...distances));
  }

  function turn(index) {
    at = index;
    set(at);
    output.textContent = `${knob} = ${written(values[at])}`;
    for (const panel of panels) for (const update of panel.update) update();
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Curves

  function chartOf(panel, chart, lines, width) {
    const { title, log } = axes.get(chart);
    const height = 98;
    const box = { left: 44, right: width - 14, top: 6, bottom: height - 20 };
    const found = everything(chart).filter((value) => !log || value > 0);
    const [low, high] = [Math.min(...found), Math.max(...found)];
    const room = log ? 0 : 0.05 * (high - low);
    const x = sketch.scale(values[0], values.at(-1), box.left, box.right);
    const y = sketch.scale(low - room, high + room, box.bottom, box.top, log);
    const made = svg("svg", { class: "chart", width, height, "aria-hidden": "true" });
    made.append(sketch.axes(x, y, box, { yLog: log, yCount: 3, xCount: width < 300 ? 4 : 6 }));
    for (const [, value] of marks) made.append(svg("line", { class: "mark", x1: x(value), x2: x(value), y1: box.top, y2: box.bottom }));
    const cursor = svg("line", { class: "cursor", y1: box.top - 4, y2: box.bottom });
    made.append(cursor);
    const readings = [];
    for (const [name, line] of lines) {
      const drawn = line.map((value, index) => [x(values[index]), y(value)]).filter((point) => point.every(Number.isFinite));
      const path = svg("polyline", { class: "curve", points: drawn.map((point) => point.join(",")).join(" ") });
      const dot = svg("circle", { class: "now", r: 4.5, "data-series": name });
      const reading = element("span", { class: "reading" });
      const swatch = element("i", { class: "swatch" });
      for (const part of [path, dot, swatch]) sketch.coloured(part, looks.get(name).colour);
      made.append(path, dot);
      readings.push([name, line, dot, reading, swatch]);
    }
    const told = readings.map(([, , , reading, swatch]) => element("span", {}, swatch, reading));
    const heading = element("p", { class: "readings" }, element("b", {}, title), " ", ...told);
    panel.update.push(() => {
      const now = x(values[at]);
      cursor.setAttribute("x1", now);
      cursor.setAttribute("x2", now);
      for (const [name, line, dot, reading] of readings) {
        reading.textContent = `${name} ${measured.show(line[at])}`;
        dot.setAttribute("cx", now);
        const height = y(line[at]);
        dot.toggleAttribute("hidden", !Number.isFinite(height));
        if (Number.isFinite(height)) dot.setAttribute("cy", height);
      }
    });
    sketch.onDrag(made, (event) => turn(nearest(x.back(event.clientX - made.getBoundingClientRect().left))));
    return element("div", { "data-chart": chart }, heading, made);
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Examples

  function pictureOf({ grey, columns }) {
    const canvas = element("canvas", { width: columns, height: grey.length / 2 / columns, "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    for (let pixel = 0; pixel < grey.length / 2; pixel += 1) {
      const paper = 255 - parseInt(grey.slice(2 * pixel, 2 * pixel + 2), 16);
      image.data.set([paper, paper, paper, 255], 4 * pixel);
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  function exampleOf(panel, title, shares) {
    const picture = panel.pictures.get(title);
    const bars = names.map((name) => {
      const bar = element("i", { class: name === picture.truth ? "share right" : "share", "data-name": name });
      return { name, bar, column: element("span", {}, bar, element("b", {}, name)) };
    });
    const says = element("p", {});
    const made = element(
      "li",
      { "data-example": title },
      pictureOf(picture),
      element("div", { class: "bars", "aria-hidden": "true" }, ...bars.map(({ column }) => column)),
      says,
    );
    panel.update.push(() => {
      let best = names[0];
      for (const { name, bar } of bars) {
        const value = shares.get(name)[at];
        bar.style.setProperty("--share", value);
        if (value > shares.get(best)[at]) best = name;
      }
      const right = best === picture.truth;
      for (const { name, column } of bars) column.classList.toggle("best", name === best);
      made.classList.toggle("wrong", !right);
      says.textContent = `${right ? "✓" : "✗"} ${best}: ${Math.round(100 * shares.get(best)[at])} %${right ? "" : `, is ${picture.truth}`}`;
    });
    return made;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // The whole

  const sections = panels.map((panel) => {
    const charts = element("div", { class: "charts" });
    const examples = [...panel.shares].map(([title, shares]) => exampleOf(panel, title, shares));
    const fixed = panel.update.length;
    const section = element(
      "section",
      { "aria-label": panel.name, "data-panel": panel.name },
      element("p", { class: "of-panel" }, panel.name),
      charts,
      element("ul", { class: "examples" }, ...examples),
    );
    return { panel, section, charts, fixed };
  });
  const choices = sections.map(({ panel, section }) =>
    measured.button(panel.name, () => choose(section), { class: "choice" }),
  );
  function choose(section) {
    sections.forEach((other, index) => {
      other.section.classList.toggle("chosen", other.section === section);
      choices[index].setAttribute("aria-pressed", other.section === section);
    });
  }
  const tabs = element("div", { class: "tabs", role: "group", "aria-label": "shown" }, ...choices);
  const all = element("div", { class: "panels" }, ...sections.map(({ section }) => section));
  const held = element("div", { class: "held" }, handle, ...(panels.length > 1 ? [tabs] : []));
  place.element.append(element("div", { class: "slides-explorer" }, held, all));
  choose(sections[0].section);
  for (const { panel, charts, fixed } of sections) {
    sketch.onWidth(charts, (width) => {
      panel.update.length = fixed;
      charts.replaceChildren(...[...panel.curves].map(([chart, lines]) => chartOf(panel, chart, lines, width)));
      for (const update of panel.update) update();
    });
  }
  turn(at);
};
