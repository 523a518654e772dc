// What all explorers share. Loaded when a reader first explores a figure.
//
// How a shape brings its own explorer
// -----------------------------------
// In Python, the figure's class says `explorer: ClassVar[str] = "surface"` (or overrides `explored_by`, where not every figure
// of the shape can be explored), names the columns of its table in `fields`, and gives whatever else is needed in
// `explorer_options()`. The page then has a button "Explore", and the site a file
// `data/<chapter>/<figure>.js` with the rows of the CSV. In the frame, `explore/surface.js` registers
//
//     measured.explorers.surface = async (figure, place) => { ...; return (shown) => {}; };
//
// It is loaded when first asked for (this file is there by then), and called once for each figure that a reader explores.
//
// figure  {id: "chapter/name", label: "Figure 2.1.3", shape, title, caption, alt, note,
//          fields: names of columns for scripts, columns: their headings for readers, rows: [[...], ...],
//          looks: [[name, {colour: {light, dark}, marker: "o", dash: "solid"}], ...], options: what explorer_options() gave}
//         A number in `rows` that is not finite is the text "inf", "-inf" or "nan".
// place   {element: an empty <div class="explorer"> in the place of the drawing, whose height it has at least,
//          height: that of the drawing in pixels, say(text, forAWhile = true): a line for the reader, also read aloud}
//
// What it returns, if anything, is called with false when the reader goes back to the drawing, and with true on return:
// stop and start what moves. An error that it throws puts the drawing back and tells the reader; one whose message ends in
// ".js", as `measured.load` throws it, tells that this file is missing.
//
// Helpers, all of which take text from an experiment as text:
//   measured.element(name, attributes, ...children)  makes an element; attributes that begin with "on" are listeners
//   measured.plotly()            loads plotly.min.js once; use it for what cannot be drawn otherwise
//   measured.plain(text)         text for plotly, which takes what looks like HTML as HTML: every text that is not fixed here
//   measured.theme()             {dark, ink, muted, paper, line, accent}: colours of the page as they are now
//   measured.onTheme(redraw)     calls redraw() whenever the reader's preference changes
//   measured.layout(theme)       what a plotly chart has in common with the others
//   measured.config              the same for plotly's configuration
//   measured.button(text, press), measured.box(text, checked, change), measured.group(label, ...controls)
//   measured.rows(figure)        rows as objects by field
//   measured.show(value)         a number in four digits, a whole one in full
// Explorers must not use eval, fetch, innerHTML or inline event handlers, and must heed `prefers-reduced-motion`.

const { element } = measured;
const preference = matchMedia("(prefers-color-scheme: dark)");

Object.assign(measured, {
  explorers: {},

  async explorerOf(name) {
    await measured.load(`explore/${name}.js`);
    return measured.explorers[name];
  },

  async plotly() {
    await measured.load("plotly.min.js");
    return globalThis.Plotly;
  },

  plain: (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),

  theme() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const names = ["ink", "muted", "paper", "line", "accent"];
    return { dark: preference.matches, ...Object.fromEntries(names.map((name) => [name, colour(name)])) };
  },

  onTheme: (redraw) => preference.addEventListener("change", () => redraw()),

  layout: (theme) => ({
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: theme.ink },
    hoverlabel: { bgcolor: theme.paper, bordercolor: theme.muted, font: { family: "system-ui, sans-serif", color: theme.ink, size: 13 }, align: "left" },
    showlegend: false,
    autosize: true,
  }),

  config: { displayModeBar: false, responsive: false, showTips: false, doubleClick: "reset" },

  button: (text, press, attributes = {}) => element("button", { type: "button", onclick: press, ...attributes }, text),

  box(text, checked, change, sample = "") {
    const input = element("input", { type: "checkbox", checked, onchange: () => change(input.checked) });
    return element("label", {}, input, sample, ` ${text}`);
  },

  group: (label, ...controls) => element("div", { role: "group", "aria-label": label, class: "controls" }, ...controls),

  rows: (figure) => figure.rows.map((row) => Object.fromEntries(figure.fields.map((field, place) => [field, row[place]]))),

  show(value) {
    if (typeof value !== "number") return value === "inf" ? "∞" : value === "-inf" ? "−∞" : String(value ?? "");
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en").replace("-", "−");
    const size = Math.abs(value);
    const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
    return text.replace("-", "−").replace(/e\+?/, "e").replace("e-", "e−");
  },
});
