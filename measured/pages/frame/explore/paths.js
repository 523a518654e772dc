// A player: runs move through their plane, step by step.
const { element } = measured;
const SECONDS_PER_STEP = 0.7;

measured.explorers.paths = async (figure, place) => {
  await measured.load("explore/sketch.js");
  const { sketch } = measured;
  const { svg } = sketch;
  const { step: word, label, colours, sides } = figure.options;
  const rows = measured.rows(figure);
  const labels = rows.map((row) => row.label).filter(Number.isFinite);
  const [low, high] = [Math.min(...labels), Math.max(...labels)];
  const last = Math.max(...rows.map((row) => row.point));
  let now = 0; // steps since the start; between two of them while it plays
  let playing = 0; // the frame that was asked for

  const panels = [...new Set(rows.map((row) => row.panel))].map((name) => {
    const runs = new Map();
    for (const row of rows) {
      if (row.panel !== name) continue;
      if (!runs.has(row.run)) runs.set(row.run, []);
      runs.get(row.run).push(row);
    }
    return { name, runs, chosen: new Set(), update: [], side: new Map(sides).get(name) };
  });

  // From the colour of the lowest label over that of the middle to that of the highest.
  function shade(value) {
    const stops = colours.map((colour) => colour[measured.theme().dark ? "dark" : "light"]);
    const share = high > low ? (Math.min(high, Math.max(low, value)) - low) / (high - low) : 1;
    const place = Math.min(stops.length - 2, Math.floor(share * (stops.length - 1)));
    const part = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
    const mix = [1, 3, 5].map((at) => {
      const [from, to] = [part(stops[place], at), part(stops[place + 1], at)];
      return Math.round(from + (to - from) * (share * (stops.length - 1) - place));
    });
    return `rgb(${mix.join(",")})`;
  }

  // Where a run is now: between two of its points while it plays.
  function where(points) {
    const before = points[Math.min(Math.floor(now), points.length - 1)];
    const after = points[Math.min(Math.floor(now) + 1, points.length - 1)];
    const share = now - Math.floor(now);
    return { x: before.x + share * (after.x - before.x), y: before.y + share * (after.y - before.y), label: before.label };
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Controls

  const output = element("output", {});
  const told = () => `${word} ${Math.floor(now)} of ${last}`;
  const play = measured.button("Play", () => (playing ? pause() : start()), { class: "play" });
  const back = measured.button("‹", () => go(Math.ceil(now) - 1), { "aria-label": `one ${word} back` });
  const on = measured.button("›", () => go(Math.floor(now) + 1), { "aria-label": `one ${word} on` });
  const { input, set } = sketch.slider(word, last, 0, (value) => `${word} ${value} of ${last}`, (value) => go(value));
  const controls = measured.group("player", play, back, on, input, output);

  function go(step) {
    pause();
    show(Math.min(last, Math.max(0, step)));
  }

  function show(step) {
    now = step;
    set(Math.floor(now));
    output.textContent = told();
    for (const panel of panels) for (const update of panel.update) update();
  }

  function start() {
    if (now >= last) show(0);
    play.textContent = "Pause";
    let before = performance.now();
    const frame = (time) => {
      const passed = Math.max(0, time - before) / 1000 / SECONDS_PER_STEP; // a frame may have begun before the press
      if (!sketch.isStill()) {
        before = time;
        show(Math.min(last, now + passed));
      } else if (passed >= 1) {
        before = time; // without motion, one step after the other
        show(Math.min(last, Math.floor(now) + 1));
      }
      if (now < last) playing = requestAnimationFrame(frame);
      else pause();
    };
    playing = requestAnimationFrame(frame);
  }

  function pause() {
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = now >= last ? "Play again" : "Play";
  }

  // ------------------------------------------------------------------------------------------------------------------
  // The plane

  function stageOf(panel, width) {
    const height = Math.round(Math.min(width, 380) * 0.92);
    const box = { left: 40, right: width - 10, top: 12, bottom: height - 40 };
    const all = [...panel.runs.values()].flat();
    const [x, y] = alike(all, box);
    const made = svg("svg", { class: "stage", width, height, role: "img", "aria-label": `${panel.name}: ${figure.alt}` });
    made.append(sketch.axes(x, y, box, { xTitle: panel.side.x, xCount: 5, yCount: 5 }));
    made.append(svg("text", { class: "title", transform: `translate(10 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, panel.side.y));
    panel.update.length = 0;
    const line = (points) => points.map((point) => `${x(point.x)},${y(point.y)}`).join(" ");
    const order = [[], [], []]; // whole ways below trails below dots
    for (const [name, points] of panel.runs) {
      const whole = svg("polyline", { class: "whole", points: line(points) });
      const trail = svg("polyline", { class: "trail" });
      const dots = points.map((point) => svg("circle", { class: "passed", r: 2.6, cx: x(point.x), cy: y(point.y) }));
      const head = svg("circle", { class: "head", r: 6, "data-run": name });
      const caption = svg("text", { class: "label", dx: 9, dy: 4 });
      order[0].push(whole);
      order[1].push(trail, ...dots);
      order[2].push(head, caption);
      panel.update.push(() => {
        const place = where(points);
        const passed = points.slice(0, Math.floor(now) + 1);
        trail.setAttribute("points", line([...passed, place]));
        dots.forEach((dot, index) => {
          dot.toggleAttribute("hidden", index > now);
          dot.style.fill = shade(points[index].label);
        });
        head.setAttribute("cx", x(place.x));
        head.setAttribute("cy", y(place.y));
        head.style.fill = shade(place.label);
        caption.setAttribute("x", x(place.x));
        caption.setAttribute("y", y(place.y));
        caption.textContent = panel.chosen.has(name) ? `${name}: ${measured.show(place.label)}` : "";
        const faint = panel.chosen.size > 0 && !panel.chosen.has(name);
        for (const part of [whole, trail, head, ...dots]) part.classList.toggle("faint", faint);
      });
      head.addEventListener("click", () => choose(panel, name));
    }
    made.append(...order.flat());
    return made;
  }

  // One scale for both directions, as distances are compared.
  function alike(points, box) {
    const ends = ["x", "y"].map((side) => {
      const values = points.map((point) => point[side]);
      return [Math.min(...values), Math.max(...values)];
    });
    const [wide, tall] = [box.right - box.left, box.bottom - box.top];
    const per = 1.08 * Math.max((ends[0][1] - ends[0][0]) / wide, (ends[1][1] - ends[1][0]) / tall) || 1;
    const [x, y] = ends.map(([from, to]) => (from + to) / 2);
    return [
      sketch.scale(x - (per * wide) / 2, x + (per * wide) / 2, box.left, box.right),
      sketch.scale(y - (per * tall) / 2, y + (per * tall) / 2, box.bottom, box.top),
    ];
  }

  function choose(panel, name) {
    if (!panel.chosen.delete(name)) panel.chosen.add(name);
    show(now);
  }

  // A button for each run, with what it has reached: pressed, the run stands out.
  function chipsOf(panel) {
    return [...panel.runs].map(([name, points]) => {
      const swatch = element("i", {});
      const value = element("b", {});
      const chip = element("button", { type: "button", class: "chip", "data-run": name, onclick: () => choose(panel, name) }, swatch, `${name} `, value);
      const update = () => {
        const { label: reached } = where(points);
        swatch.style.background = shade(reached);
        value.textContent = measured.show(reached);
        chip.setAttribute("aria-pressed", panel.chosen.has(name));
      };
      return { chip, update };
    });
  }

  // ------------------------------------------------------------------------------------------------------------------
  // The whole

  const sections = panels.map((panel) => {
    const stage = element("div", { class: "plane" });
    const chips = chipsOf(panel);
    const section = element(
      "section",
      { "aria-label": panel.name, "data-panel": panel.name },
      element("p", { class: "of-panel" }, panel.name),
      stage,
      element("div", { class: "chips", role: "group", "aria-label": `${panel.name}: ${label}` }, ...chips.map(({ chip }) => chip)),
    );
    return { panel, stage, chips, section };
  });
  const bar = element("span", { class: "gradient" });
  const legend = element("p", { class: "legend" }, `${label}: ${measured.show(low)} `, bar, ` ${measured.show(high)}`);
  place.element.append(
    element("div", { class: "paths-explorer" }, element("div", { class: "held" }, controls), element("div", { class: "panels" }, ...sections.map(({ section }) => section)), legend),
  );
  for (const { panel, stage, chips } of sections) {
    sketch.onWidth(stage, (width) => {
      stage.replaceChildren(stageOf(panel, width));
      panel.update.push(...chips.map(({ update }) => update));
      for (const update of panel.update) update();
    });
  }
  const paint = () => {
    const shades = colours.map((_, index) => shade(low + (index / (colours.length - 1)) * (high - low)));
    bar.style.background = `linear-gradient(to right, ${shades.join(", ")})`;
    show(now);
  };
  measured.onTheme(paint);
  paint();
  return (shown) => shown || pause();
};
