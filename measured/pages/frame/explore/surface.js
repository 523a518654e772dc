// A surface that turns: the quantity on a plane as a landscape, with the path over it, and its value where one points.
const { element } = measured;
const HIGH = 0.95; // of the relief, where the plane reaches from -1 to 1
const FAR = 7; // from the eye to the middle
const START = { azimuth: -55, elevation: 38, zoom: 1 };
const degree = Math.PI / 180;

// From a point of the box to the screen: u to the right, v upwards, in units of the box, and how far it is behind the middle.
function projection({ azimuth, elevation }) {
  const [a, e] = [azimuth * degree, elevation * degree];
  const [ca, sa, ce, se] = [Math.cos(a), Math.sin(a), Math.cos(e), Math.sin(e)];
  return (x, y, z) => {
    const across = x * ca - y * sa;
    const away = x * sa + y * ca;
    const depth = away * ce - z * se;
    const near = FAR / (FAR + depth);
    return { u: across * near, v: (z * ce + away * se) * near, depth };
  };
}
measured.projection = projection;

measured.explorers.surface = async (figure, place) => {
  await measured.load("explore/sketch.js");
  const { sketch } = measured;
  const { x: xTitle, y: yTitle, value: title, colours } = figure.options;
  const rows = measured.rows(figure);
  const level = (value) => Math.log10(Math.max(Number(value), 1e-300));
  const grid = rows.filter((row) => row.kind === "grid" && Number.isFinite(Number(row.value)));
  const [low, high] = [Math.min(...grid.map((row) => level(row.value))), Math.max(...grid.map((row) => level(row.value)))];
  const view = { ...START };
  const panels = [...new Set(rows.map((row) => row.panel))].map(panelOf);
  let asked = 0;

  function panelOf(name) {
    const cells = grid.filter((row) => row.panel === name);
    const axis = (side) => [...new Set(cells.map((row) => row[side]))].sort((a, b) => a - b);
    const [xs, ys] = [axis("x"), axis("y")];
    const values = ys.map(() => xs.map(() => NaN));
    const places = [xs, ys].map((axis) => new Map(axis.map((at, index) => [at, index])));
    for (const row of cells) values[places[1].get(row.y)][places[0].get(row.x)] = row.value;
    const path = rows.filter((row) => row.panel === name && row.kind === "path");
    return { name, xs, ys, values, path, read: null };
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Places and colours

  const share = (at, axis) => (2 * (at - axis[0])) / (axis.at(-1) - axis[0] || 1) - 1;
  const heightOf = (value) => HIGH * ((level(value) - low) / (high - low || 1) - 0.5);
  const pointOf = (panel, x, y, value) => [share(x, panel.xs), share(y, panel.ys), heightOf(value)];

  function shade(value, light, theme) {
    const stops = colours.map((colour) => colour[theme.dark ? "dark" : "light"]);
    const at = Math.min(1, Math.max(0, (level(value) - low) / (high - low || 1))) * (stops.length - 1);
    const place = Math.min(stops.length - 2, Math.floor(at));
    const mix = [1, 3, 5].map((digit) => {
      const [from, to] = [stops[place], stops[place + 1]].map((colour) => parseInt(colour.slice(digit, digit + 2), 16));
      const plain = from + (to - from) * (at - place);
      return Math.round(light < 1 ? plain * light : plain + (255 - plain) * (light - 1));
    });
    return `rgb(${mix.join(",")})`;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Drawing

  function draw(panel) {
    const { canvas, width, height } = panel;
    if (!width) return;
    const context = canvas.getContext("2d");
    const theme = measured.theme();
    const sharp = Math.min(3, devicePixelRatio || 1);
    canvas.width = width * sharp;
    canvas.height = height * sharp;
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.lineJoin = "round";
    const project = projection(view);
    const [steep, flat] = [Math.sin(view.elevation * degree), Math.cos(view.elevation * degree)];
    const size = view.zoom * Math.min(width / 3.5, height / (2.45 + 0.75 * steep)); // from above the corners reach farther
    const onScreen = ([x, y, z]) => {
      const { u, v, depth } = project(x, y, z);
      return { x: width / 2 + size * u, y: (0.5 - 0.05 * flat) * height - size * v, depth };
    };
    canvas.placeOf = (x, y, value) => {
      const { x: across, y: down } = onScreen(pointOf(panel, x, y, value));
      return [across, down];
    };
    const nodes = panel.values.map((line, row) => line.map((value, column) => onScreen(pointOf(panel, panel.xs[column], panel.ys[row], value))));
    panel.nodes = nodes;
    drawBox(context, panel, onScreen, theme);
    drawRelief(context, panel, nodes, theme);
    drawPath(context, panel, onScreen, theme);
    if (panel.read) drawReading(context, onScreen, panel.read, theme);
  }

  // Floor, its titles and numbers at the sides that are nearest, and the upright axis at the left.
  function drawBox(context, panel, onScreen, theme) {
    const floor = -HIGH / 2;
    const line = (from, to) => {
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    };
    context.strokeStyle = theme.line;
    context.fillStyle = theme.muted;
    context.lineWidth = 1;
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => onScreen([x, y, floor]));
    corners.forEach((corner, index) => line(corner, corners[(index + 1) % 4]));
    const nearest = (ends) => ends.reduce((a, b) => (a.middle.depth < b.middle.depth ? a : b));
    const beside = (at, out) => {
      const long = Math.hypot(out.x - at.x, out.y - at.y) || 1;
      return (pixels) => ({ x: at.x + (pixels * (out.x - at.x)) / long, y: at.y + (pixels * (out.y - at.y)) / long });
    };
    const alongX = nearest([-1, 1].map((y) => ({ middle: onScreen([0, y, floor]), out: (x) => beside(onScreen([x, y, floor]), onScreen([x, 1.3 * y, floor])) })));
    const alongY = nearest([-1, 1].map((x) => ({ middle: onScreen([x, 0, floor]), out: (y) => beside(onScreen([x, y, floor]), onScreen([1.3 * x, y, floor])) })));
    const written = [];
    for (const [side, axis, name] of [[alongX, panel.xs, xTitle], [alongY, panel.ys, yTitle]]) {
      context.textAlign = "center";
      for (const at of sketch.ticks(axis[0], axis.at(-1), 3)) {
        const out = side.out(share(at, axis));
        line(out(0), out(5));
        context.fillText(sketch.tick(at), out(16).x, out(16).y);
        written.push([out(16), context.measureText(sketch.tick(at)).width]);
      }
      const wide = context.measureText(name).width;
      const meets = (left, down) =>
        written.some(([at, width]) => Math.abs(at.y - down) < 13 && at.x + width / 2 > left - 3 && at.x - width / 2 < left + wide + 3);
      const far = side.out(0)(34);
      const aside = far.x - panel.width / 2;
      const start = far.x - wide * Math.min(1, Math.max(0, 0.5 - (1.5 * aside) / panel.width));
      context.textAlign = "left";
      const left = Math.min(panel.width - wide - 2, Math.max(2, start));
      let down = far.y;
      while (meets(left, down) && down < panel.height - 9) down += 3;
      context.fillText(name, left, Math.min(panel.height - 9, down));
      written.push([{ x: left + wide / 2, y: down }, wide]);
    }
    const left = corners.map((corner, index) => [corner.x, index]).sort((a, b) => a[0] - b[0])[0][1];
    const [x, y] = [[-1, -1], [1, -1], [1, 1], [-1, 1]][left];
    line(onScreen([x, y, -HIGH / 2]), onScreen([x, y, HIGH / 2]));
    context.textAlign = "right";
    for (const at of sketch.ticks(10 ** low, 10 ** high, 4, true)) {
      if (heightOf(at) < -HIGH / 2 - 0.01) continue;
      const tick = onScreen([x, y, heightOf(at)]);
      line(tick, { x: tick.x - 4, y: tick.y });
      context.fillText(sketch.tick(at, true), tick.x - 7, tick.y);
    }
    const top = onScreen([x, y, HIGH / 2]);
    context.textAlign = "left";
    context.fillText(title, Math.max(4, Math.min(top.x - 20, panel.width - 60)), top.y - 16);
  }

  // Faces from the farthest to the nearest, as bright as they are turned to a lamp over the reader's left shoulder.
  function drawRelief(context, panel, nodes, theme) {
    const faces = [];
    const lamp = [-0.45, 0.5, 0.74];
    const [a, e] = [view.azimuth * degree, view.elevation * degree];
    for (let row = 0; row + 1 < panel.ys.length; row += 1) {
      for (let column = 0; column + 1 < panel.xs.length; column += 1) {
        const around = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]];
        const corners = around.map(([r, c]) => nodes[r][c]);
        const values = around.map(([r, c]) => panel.values[r][c]);
        if (!corners.every(({ x, y }) => Number.isFinite(x + y))) continue;
        const [p, q, r, s] = around.map(([r, c], index) => pointOf(panel, panel.xs[c], panel.ys[r], values[index]));
        const [first, second] = [r.map((part, side) => part - p[side]), s.map((part, side) => part - q[side])];
        const normal = [0, 1, 2].map((side) => first[(side + 1) % 3] * second[(side + 2) % 3] - first[(side + 2) % 3] * second[(side + 1) % 3]);
        const long = Math.hypot(...normal) || 1;
        const [nx, ny, nz] = normal.map((part) => part / long);
        const [across, away] = [nx * Math.cos(a) - ny * Math.sin(a), nx * Math.sin(a) + ny * Math.cos(a)];
        const turned = [across, nz * Math.cos(e) + away * Math.sin(e), -(away * Math.cos(e) - nz * Math.sin(e))];
        const bright = turned.reduce((sum, part, side) => sum + part * lamp[side], 0);
        const middle = 10 ** (values.reduce((sum, value) => sum + level(value), 0) / 4);
        faces.push({ corners, depth: corners.reduce((sum, { depth }) => sum + depth, 0), colour: shade(middle, 0.62 + 0.55 * Math.max(0, bright), theme) });
      }
    }
    faces.sort((one, other) => other.depth - one.depth);
    context.lineWidth = 0.8;
    for (const { corners, colour } of faces) {
      context.beginPath();
      corners.forEach(({ x, y }, index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.fillStyle = context.strokeStyle = colour;
      context.fill();
      context.stroke();
      context.strokeStyle = theme.dark ? "rgba(0,0,0,0.22)" : "rgba(255,255,255,0.3)";
      context.stroke();
    }
  }

  // The value of the surface between grid points, where a point of the path hangs over it; null outside.
  function below(panel, x, y) {
    const before = (axis, at) => axis.findIndex((_, index) => index + 1 < axis.length && at >= axis[index] && at <= axis[index + 1]);
    const [column, row] = [before(panel.xs, x), before(panel.ys, y)];
    if (column < 0 || row < 0) return null;
    const part = (axis, index, at) => (at - axis[index]) / (axis[index + 1] - axis[index]);
    const [right, up] = [part(panel.xs, column, x), part(panel.ys, row, y)];
    const line = (index) => level(panel.values[index][column]) * (1 - right) + level(panel.values[index][column + 1]) * right;
    return 10 ** (line(row) * (1 - up) + line(row + 1) * up);
  }

  function drawPath(context, panel, onScreen, theme) {
    const points = panel.path.map((row) => onScreen(pointOf(panel, row.x, row.y, row.value)));
    context.strokeStyle = theme.ink;
    context.lineWidth = 1;
    context.setLineDash([2, 2]);
    panel.path.forEach((row, index) => {
      const value = below(panel, row.x, row.y);
      if (value === null) return;
      const foot = onScreen(pointOf(panel, row.x, row.y, value));
      context.beginPath();
      context.moveTo(points[index].x, points[index].y);
      context.lineTo(foot.x, foot.y);
      context.stroke();
    });
    context.setLineDash([]);
    for (const [colour, wide] of [[theme.paper, 4], [theme.ink, 1.8]]) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.beginPath();
      points.forEach(({ x, y }, index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.stroke();
    }
    points.forEach(({ x, y }, index) => {
      const end = index === points.length - 1;
      context.beginPath();
      context.arc(x, y, end || index === 0 ? 4.5 : 2.5, 0, 2 * Math.PI);
      context.fillStyle = index === 0 && !end ? theme.paper : theme.ink;
      context.strokeStyle = index === 0 || !end ? theme.ink : theme.paper;
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    });
  }

  function drawReading(context, onScreen, read, theme) {
    const { x, y } = onScreen(read.point);
    const foot = onScreen([read.point[0], read.point[1], -HIGH / 2]);
    context.strokeStyle = theme.ink;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(foot.x, foot.y);
    context.stroke();
    context.setLineDash([]);
    for (const [radius, colour] of [[6.5, theme.paper], [5, theme.ink]]) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.fill();
    }
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Reading

  function read(panel, found) {
    panel.read = found;
    panel.output.replaceChildren();
    if (!found) panel.output.append("Point at the surface to read it.");
    else {
      const { what, x, y, value } = found;
      const told = `${what}${xTitle}: ${measured.show(x)} · ${yTitle}: ${measured.show(y)} · `;
      panel.output.append(told, element("b", {}, `${title}: ${measured.show(value)}`));
    }
    redraw();
  }

  function node(panel, row, column) {
    const [x, y, value] = [panel.xs[column], panel.ys[row], panel.values[row][column]];
    return { what: "", x, y, value, row, column, point: pointOf(panel, x, y, value) };
  }

  function nearest(panel, event) {
    const box = panel.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    panel.path.forEach((row, index) => {
      const [across, down] = panel.canvas.placeOf(row.x, row.y, row.value);
      const far = Math.hypot(across - x, down - y);
      if (far < 7 && (!best || far < best.far)) {
        const what = panel.path.length > 1 ? `path, point ${index + 1} of ${panel.path.length} · ` : "marked point · ";
        best = { far, what, x: row.x, y: row.y, value: row.value, point: pointOf(panel, row.x, row.y, row.value) };
      }
    });
    if (best) return best;
    let score = Infinity;
    panel.nodes.forEach((line, row) =>
      line.forEach((place, column) => {
        const far = Math.hypot(place.x - x, place.y - y);
        if (far < 16 && far + 14 * place.depth < score) {
          score = far + 14 * place.depth; // of two that are as near, the one in front
          best = node(panel, row, column);
        }
      }),
    );
    return best;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Turning

  function redraw() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => panels.forEach(draw));
  }

  function turn(azimuth, elevation, zoom = 1) {
    cancelAnimationFrame(arriving);
    view.azimuth = ((view.azimuth + azimuth + 540) % 360) - 180;
    view.elevation = Math.min(90, Math.max(0, view.elevation + elevation));
    view.zoom = Math.min(4, Math.max(0.5, view.zoom * zoom));
    for (const panel of panels) Object.assign(panel.canvas.dataset, { azimuth: view.azimuth, elevation: view.elevation, zoom: view.zoom });
    redraw();
  }

  const reset = () => turn(START.azimuth - view.azimuth, START.elevation - view.elevation, START.zoom / view.zoom);

  const KEYS = {
    ArrowLeft: () => turn(6, 0),
    ArrowRight: () => turn(-6, 0),
    ArrowUp: () => turn(0, 4),
    ArrowDown: () => turn(0, -4),
    "+": () => turn(0, 0, 1.15),
    "=": () => turn(0, 0, 1.15),
    "-": () => turn(0, 0, 1 / 1.15),
    Home: reset,
    0: reset,
  };
  const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] };

  function listen(panel) {
    const { canvas } = panel;
    const fingers = new Map();
    const apart = () => {
      const [one, other] = [...fingers.values()];
      return other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      read(panel, nearest(panel, event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return read(panel, nearest(panel, event));
      const wide = apart();
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (fingers.size > 1) return turn(0, 0, apart() / (wide || 1));
      return turn(0.5 * (before.x - event.clientX), 0.4 * (event.clientY - before.y));
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => fingers.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // a wheel alone moves the page
      event.preventDefault();
      turn(0, 0, Math.exp(-event.deltaY / 200));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const move = event.shiftKey && MOVES[event.key];
      if (move) {
        const { row = Math.floor(panel.ys.length / 2), column = Math.floor(panel.xs.length / 2) } = panel.read ?? {};
        const keep = (at, axis) => Math.min(axis.length - 1, Math.max(0, at));
        const started = panel.read?.row !== undefined;
        read(panel, node(panel, keep(row + (started ? move[0] : 0), panel.ys), keep(column + (started ? move[1] : 0), panel.xs)));
      } else if (KEYS[event.key]) KEYS[event.key]();
      else return;
      event.preventDefault();
    });
  }

  // ------------------------------------------------------------------------------------------------------------------
  // The whole

  const help = "Drag, or use the arrow keys, to turn; plus and minus zoom; Shift with an arrow key moves the point that is read.";
  const controls = measured.group(
    "view",
    ...[
      ["⟲", "turn left", () => turn(12, 0)],
      ["⟳", "turn right", () => turn(-12, 0)],
      ["▲", "look from higher up", () => turn(0, 8)],
      ["▼", "look from lower down", () => turn(0, -8)],
      ["+", "nearer", () => turn(0, 0, 1.2)],
      ["−", "farther", () => turn(0, 0, 1 / 1.2)],
    ].map(([text, name, press]) => measured.button(text, press, { "aria-label": name, title: name })),
    measured.button("reset", reset),
  );
  const sections = panels.map((panel) => {
    panel.canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": `${panel.name}: ${figure.alt} ${help}` });
    panel.output = element("p", { class: "reading", "aria-live": "polite" });
    return element("section", { "aria-label": panel.name, "data-panel": panel.name }, element("p", { class: "of-panel" }, panel.name), panel.canvas, panel.output);
  });
  const all = element("div", { class: panels.length > 1 ? "panels" : "panels one" }, ...sections);
  place.element.append(element("div", { class: "surface-explorer" }, controls, all, element("p", { class: "legend" }, help)));
  let arriving = 0;
  turn(0, 0);
  for (const [index, panel] of panels.entries()) {
    listen(panel);
    read(panel, null);
    sketch.onWidth(sections[index], (width) => {
      panel.width = width;
      panel.height = Math.round(Math.min(width * 0.88, 480));
      panel.canvas.style.height = `${panel.height}px`;
      redraw();
    });
  }
  measured.onTheme(redraw);
  if (!sketch.isStill()) arrive();

  // A quarter turn says that it turns.
  function arrive() {
    const began = performance.now();
    const frame = (time) => {
      const left = (1 - Math.min(1, Math.max(0, time - began) / 1400)) ** 3;
      view.azimuth = START.azimuth + 50 * left;
      panels.forEach(draw);
      if (left > 0) arriving = requestAnimationFrame(frame);
    };
    arriving = requestAnimationFrame(frame);
  }
};
