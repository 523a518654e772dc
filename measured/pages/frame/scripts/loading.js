// What pages have in place of fetch, which a page that is a file may not use: files of the site that are scripts.
// A file with data calls `measured.table(id, content)` or `measured.drawing(id, svg)`, where id is "chapter/figure".
const root = new URL(".", document.currentScript.src);
const asked = new Map();
const arrived = { table: new Map(), drawing: new Map() };

Object.assign(globalThis.measured, {
  // Runs a script of the site, once however often it is asked for; an error has the path as its message.
  load(path) {
    if (!asked.has(path)) {
      asked.set(
        path,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = new URL(path, root).href;
          script.addEventListener("load", () => resolve());
          script.addEventListener("error", () => {
            script.remove();
            asked.delete(path); // so that a reader can try again
            reject(new Error(path));
          });
          document.head.append(script);
        }),
      );
    }
    return asked.get(path);
  },
  table: (id, content) => arrived.table.set(id, content),
  drawing: (id, svg) => arrived.drawing.set(id, svg),

  // What the file of a figure's table, or of its drawing, hands over.
  async tableOf(id) {
    await measured.load(`data/${id}.js`);
    return arrived.table.get(id);
  },
  async drawingOf(id) {
    await measured.load(`figures/${id}.js`);
    return arrived.drawing.get(id);
  },

  // An element with attributes and children; text is text, whatever it contains.
  element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  },
});
