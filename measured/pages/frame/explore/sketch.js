// What the explorers that draw for themselves share: SVG, scales, sliders. They load it before they draw.
const { element } = measured;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const phone = 560; // pixels of width below which things stand below one another

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// From numbers to pixels, and back by `.back`; `log` for a positive axis.
function scale(low, high, from, to, log = false) {
  const into = log ? Math.log10 : (value) => value;
  const [start, end] = [into(low), into(high)];
  const reach = end - start || 1;
  const place = (value) => from + ((into(value) - start) / reach) * (to - from);
  place.back = (pixel) => {
    const value = start + ((pixel - from) / (to - from)) * reach;
    return log ? 10 ** value : value;
  };
  return place;
}

// About `count` round numbers from `low` to `high`.
function ticks(low, high, count, log = false) {
  if (log) {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const every = Math.max(1, Math.ceil((last - first + 1) / count));
    const powers = [];
    for (let power = first; power <= last; power += every) powers.push(10 ** power);
    return powers.length > 1 ? powers : ticks(low, high, count);
  }
  const rough = (high - low) / count || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const [step] = [1, 2, 5, 10].map((times) => times * unit).sort((a, b) => Math.abs(Math.log(a / rough)) - Math.abs(Math.log(b / rough)));
  const found = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + 1e-9 * step; place += 1) {
    found.push(Number((place * step).toPrecision(12)));
  }
  return found;
}

const superscript = (whole) => [...String(whole)].map((digit) => ("−-".includes(digit) ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])).join("");

Object.assign(measured, {
  sketch: {
    svg,
    scale,
    ticks,
    phone,
    isStill: () => still.matches,

    // A number at a tick: powers of ten beyond a hundredth and ten thousand.
    tick(value, log = false) {
      const power = Math.round(Math.log10(Math.abs(value)));
      if (log && Math.abs(power) > 2 && Math.abs(value / 10 ** power - 1) < 1e-9) return `10${superscript(power)}`;
      return measured.show(value);
    },

    // 10 to a power as text, such as 10⁻⁷ or 3 × 10⁻⁷.
    power(value) {
      const power = Math.floor(Math.log10(value) + 1e-9);
      const times = Number((value / 10 ** power).toPrecision(2));
      return times === 1 ? `10${superscript(power)}` : `${times} × 10${superscript(power)}`;
    },

    // The element takes a colour that follows the theme: `--colour` in styles.
    coloured(made, colour) {
      made.classList.add("coloured");
      made.style.setProperty("--on-light", colour.light);
      made.style.setProperty("--on-dark", colour.dark);
      return made;
    },

    // A slider over 0, 1, ..., last. `change(place)` follows it, and `say(place)` is what is read aloud.
    slider(label, last, place, say, change) {
      const input = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": label });
      const set = (value) => {
        input.value = value;
        input.setAttribute("aria-valuetext", say(Number(input.value)));
      };
      input.addEventListener("input", () => {
        set(input.value);
        change(Number(input.value));
      });
      set(place);
      return { input, set };
    },

    // Calls `draw(width)` now and whenever the width of the element has changed.
    onWidth(box, draw) {
      let known = 0;
      const again = () => {
        const width = Math.floor(box.clientWidth);
        if (width && width !== known) draw((known = width));
      };
      new ResizeObserver(again).observe(box);
      again();
    },

    // Calls `move(event)` while a pointer is pressed on the element and drawn along; also for the first touch.
    onDrag(made, move) {
      made.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        made.setPointerCapture(event.pointerId);
        move(event);
      });
      made.addEventListener("pointermove", (event) => {
        if (made.hasPointerCapture(event.pointerId)) move(event);
      });
    },

    // The axes of a chart in a box of pixels {left, right, top, bottom}: lines across at ticks, numbers, titles.
    axes(x, y, box, { xTitle = "", yTitle = "", xLog = false, yLog = false, xCount = 5, yCount = 4 } = {}) {
      const made = svg("g", { class: "axes" });
      const [xs, ys] = [
        ticks(x.back(box.left), x.back(box.right), xCount, xLog),
        ticks(y.back(box.bottom), y.back(box.top), yCount, yLog),
      ];
      for (const at of ys) {
        made.append(
          svg("line", { x1: box.left, x2: box.right, y1: y(at), y2: y(at) }),
          svg("text", { x: box.left - 5, y: y(at), dy: "0.35em", "text-anchor": "end" }, this.tick(at, yLog)),
        );
      }
      for (const at of xs) {
        made.append(
          svg("line", { x1: x(at), x2: x(at), y1: box.top, y2: box.bottom }),
          svg("text", { x: x(at), y: box.bottom + 15, "text-anchor": "middle" }, this.tick(at, xLog)),
        );
      }
      if (yTitle) made.append(svg("text", { class: "title", x: 2, y: box.top - 8 }, yTitle));
      if (xTitle) {
        const middle = (box.left + box.right) / 2;
        made.append(svg("text", { class: "title", x: middle, y: box.bottom + 31, "text-anchor": "middle" }, xTitle));
      }
      return made;
    },
  },
});
