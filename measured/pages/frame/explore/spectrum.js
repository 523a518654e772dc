// Eigenvalues under a tolerance that one drags: which count as zero, and what the point would then be called.
const { element } = measured;
const STEPS = 4; // of the slider in a power of ten

measured.explorers.spectrum = async (figure, place) => {
  await measured.load("explore/sketch.js");
  const { sketch } = measured;
  const { svg } = sketch;
  const { tolerance: given, decades, colours, words } = figure.options;
  const colour = new Map(colours);
  const groups = [];
  for (const row of measured.rows(figure)) {
    let group = groups.find(({ name }) => name === row.panel);
    if (!group) groups.push((group = { name: row.panel, points: [], update: [] }));
    let point = group.points.find(({ name }) => name === row.point);
    if (!point) group.points.push((point = { name: row.point, values: [] }));
    point.values.push(Number(row.eigenvalue));
  }
  for (const point of groups.flatMap(({ points }) => points)) point.largest = Math.max(...point.values.map(Math.abs)) || 1;

  const last = decades * STEPS;
  let tolerance = given;

  const toleranceAt = (position) => Number(`1e${Math.floor(position / STEPS) - decades}`) * 10 ** ((position % STEPS) / STEPS);
  const positionOf = (share) => Math.min(last, Math.max(0, Math.round(STEPS * (decades + Math.log10(share || 1e-99)))));

  const signOf = (value, bound) => (value > bound ? "positive" : value < -bound ? "negative" : "zero");
  function signsOf(point) {
    const counts = { negative: 0, zero: 0, positive: 0 };
    for (const value of point.values) counts[signOf(value, tolerance * point.largest)] += 1;
    return counts;
  }
  function nameOf({ negative, zero, positive }) {
    if (negative && positive) return words.saddle;
    if (zero) return words.undecided;
    return positive ? words.minimum : words.maximum;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // The tolerance

  const output = element("output", {});
  const summary = element("p", { class: "summary", "aria-live": "polite" });
  const spoken = (position) => `${sketch.power(toleranceAt(position))} of the largest magnitude`;
  const { input, set } = sketch.slider("tolerance", last, positionOf(given), spoken, (position) => choose(toleranceAt(position)));
  const reset = measured.button("as in the text", () => choose(given), { class: "reset" });
  const controls = measured.group("what counts as zero", element("span", {}, "zero is below "), output, input, reset);

  function choose(share) {
    tolerance = share;
    set(positionOf(share));
    output.textContent = sketch.power(share);
    reset.disabled = share === given;
    const found = new Map();
    for (const group of groups) {
      for (const point of group.points) {
        const name = nameOf(signsOf(point));
        found.set(name, (found.get(name) ?? 0) + 1);
      }
      for (const update of group.update) update();
    }
    const total = groups.reduce((sum, group) => sum + group.points.length, 0);
    const told = Object.values(words).filter((name) => found.has(name)).map((name) => `${name}: ${found.get(name)}`);
    summary.textContent = `Of ${total} points, ${told.join(", ")}.`;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Eigenvalues

  // Decades above the smallest that is shown, with the sign.
  const decadesOf = (share) => (Math.abs(share) <= Number(`1e-${decades}`) ? 0 : Math.sign(share) * (decades + Math.log10(Math.abs(share))));

  function stripOf(group, width) {
    const narrow = width < sketch.phone;
    const [top, tall, foot] = [20, narrow ? 38 : 24, 30];
    const columns = [26, 56, 86].map((right) => (narrow ? width - 162 : width - 166) + right); // of counts; names come after them
    const box = { left: narrow ? 6 : 118, right: width - (narrow ? 6 : 176), top, bottom: top + tall * group.points.length };
    const x = sketch.scale(-decades - 0.5, decades + 0.5, box.left, box.right);
    const made = svg("svg", { class: "strip", width, height: box.bottom + foot, role: "img", "aria-label": `${group.name}: ${figure.alt}` });
    const band = svg("path", { class: "band" });
    const edges = svg("path", { class: "edge" });
    // One band behind all points, or one for each where names stand between them.
    const parts = narrow ? group.points.map((_, line) => [top + tall * line + 17, 19]) : [[box.top, box.bottom - box.top]];
    made.append(band);
    const every = box.right - box.left < 340 ? 8 : 4;
    const marks = [[0, "0"]];
    for (let power = 0; power > -decades + 2; power -= every) {
      const text = sketch.tick(Number(`1e${power}`), true);
      for (const side of [-1, 1]) marks.push([side * (decades + power), `${side < 0 ? "−" : ""}${text === "1" ? "1" : text}`]);
    }
    for (const [at, text] of marks) {
      made.append(
        svg("line", { class: "tick", x1: x(at), x2: x(at), y1: box.bottom, y2: box.bottom + 4 }),
        svg("text", { class: "number", x: x(at), y: box.bottom + 18, "text-anchor": "middle" }, text),
      );
    }
    made.append(svg("line", { class: "base", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
    for (const [index, [sign, text]] of [["negative", "−"], ["zero", "0"], ["positive", "+"]].entries()) {
      made.append(sketch.coloured(svg("text", { class: "sign", x: columns[index], y: 12, "text-anchor": "end" }, text), colour.get(sign)));
    }
    group.update.length = 0;
    group.points.forEach((point, line) => {
      const middle = box.top + tall * line + (narrow ? 26 : tall / 2);
      const baseline = narrow ? box.top + tall * line + 12 : middle + 4;
      const paths = ["negative", "zero", "positive"].map((sign) => [sign, sketch.coloured(svg("path", { class: "values" }), colour.get(sign))]);
      const counts = ["negative", "zero", "positive"].map((sign, index) => {
        const at = { x: columns[index], y: baseline, "text-anchor": "end", "data-sign": sign };
        return [sign, svg("tspan", at)];
      });
      const named = svg("tspan", { class: "name", x: columns[2] + 12, y: baseline });
      made.append(
        ...paths.map(([, path]) => path),
        svg("text", { class: "point", x: narrow ? box.left : box.left - 8, y: baseline, "text-anchor": narrow ? "start" : "end" }, point.name),
        svg("text", { class: "counts", "data-point": point.name }, ...counts.map(([, count]) => count), named),
      );
      group.update.push(() => {
        const found = signsOf(point);
        for (const [sign, path] of paths) {
          const values = point.values.filter((value) => signOf(value, tolerance * point.largest) === sign);
          path.setAttribute("d", values.map((value) => `M${x(decadesOf(value / point.largest)).toFixed(2)} ${middle - 7}v14`).join(""));
        }
        for (const [sign, count] of counts) {
          count.textContent = found[sign];
          count.classList.toggle("none", !found[sign]);
        }
        named.textContent = nameOf(found);
      });
    });
    made.append(edges);
    group.update.push(() => {
      const [left, right] = [-1, 1].map((side) => x(side * decadesOf(tolerance)));
      band.setAttribute("d", parts.map(([from, size]) => `M${left} ${from}H${right}v${size}H${left}z`).join(""));
      edges.setAttribute("d", parts.flatMap(([from, size]) => [left, right].map((at) => `M${at} ${from}v${size}`)).join(""));
    });
    sketch.onDrag(made, (event) => {
      const at = Math.abs(x.back(event.clientX - made.getBoundingClientRect().left));
      choose(toleranceAt(Math.round(STEPS * Math.min(decades, at))));
    });
    return made;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // The whole

  const strips = groups.map((group) => ({ group, strip: element("div", {}) }));
  place.element.append(
    element(
      "div",
      { class: "spectrum-explorer" },
      element("div", { class: "held" }, controls, summary),
      ...strips.map(({ group, strip }) => element("section", { "aria-label": group.name, "data-group": group.name }, element("p", { class: "of-panel" }, group.name), strip)),
      element("p", { class: "legend" }, "eigenvalue over the largest magnitude; drag the edge of the band, or the slider"),
    ),
  );
  for (const { group, strip } of strips) {
    sketch.onWidth(strip, (width) => {
      strip.replaceChildren(stripOf(group, width));
      for (const update of group.update) update();
    });
  }
  choose(given);
};
