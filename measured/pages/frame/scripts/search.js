// Search over headings, claims, figures, terms and works. Its index is a script, loaded when the field is first used, as pages
// that are opened from files can load no data.
const field = document.getElementById("search");
const list = document.getElementById("results");
const root = new URL(".", document.currentScript.src);
const MOST = 12;
const WEIGHTS = { chapter: 3, term: 2.5, section: 2, page: 2, document: 2, claim: 1.5, figure: 1.2, work: 1 };

const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
const words = (text) => plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
let loading = null;

function entries() {
  loading ??= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = new URL("search-index.js", root);
    script.onload = () =>
      resolve(
        globalThis.SEARCH_INDEX.map(([kind, title, text, address]) => ({
          kind, title, text, address, inTitle: words(title), inText: words(text),
        })),
      );
    script.onerror = () => resolve([]);
    document.head.append(script);
  });
  return loading;
}

// How well an entry fits a word: a whole word counts more than its beginning, a title more than the text below it.
function fit(entry, word) {
  const stem = word.length > 3 ? word.replace(/s$/, "") : word;
  const best = (given, whole, part) =>
    given.includes(word) ? whole : given.some((one) => one.startsWith(stem)) ? part * (0.7 + 0.3 / (1 + given.length)) : 0;
  return Math.max(best(entry.inTitle, 10, 6), best(entry.inText, 3, 2));
}

function found(all, query) {
  const wanted = words(query);
  if (!wanted.length) return [];
  return all
    .map((entry, place) => {
      const fits = wanted.map((word) => fit(entry, word));
      const score = fits.includes(0) ? 0 : fits.reduce((sum, one) => sum + one, 0) + (WEIGHTS[entry.kind] ?? 1);
      const isWhole = plain(entry.title) === plain(query.trim()) ? 20 : 0;
      return { entry, place, score: score && score + isWhole };
    })
    .filter(({ score }) => score)
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .map(({ entry }) => entry);
}

// The text with what was looked for marked, as text: nothing in it is read as HTML.
function marked(text, query) {
  const pieces = document.createDocumentFragment();
  const wanted = words(query);
  for (const piece of text.split(/([\p{L}\p{N}]+)/u)) {
    const node = wanted.some((word) => plain(piece).startsWith(word)) ? document.createElement("mark") : null;
    if (node) node.textContent = piece;
    pieces.append(node ?? piece);
  }
  return pieces;
}

// A long text from a little before the first word that was looked for.
function excerpt(text, query) {
  const at = Math.max(0, Math.min(...words(query).map((word) => plain(text).indexOf(word)).filter((place) => place >= 0)));
  if (!Number.isFinite(at) || at < 90) return text;
  return `… ${text.slice(text.indexOf(" ", at - 60) + 1)}`;
}

if (field && list) {
  const told = document.getElementById("num-found");
  let chosen = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];
  function choose(place) {
    chosen = place;
    options().forEach((option, at) => option.setAttribute("aria-selected", at === place));
    const option = options()[place];
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }
  function close() {
    list.hidden = true;
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    choose(-1);
  }
  function open(option) {
    close();
    field.blur();
    location.href = option.dataset.address;
  }
  async function update() {
    const query = field.value;
    const all = await entries();
    if (query !== field.value) return;
    const hits = found(all, query);
    list.replaceChildren(
      ...hits.slice(0, MOST).map((entry, place) => {
        const option = document.createElement("li");
        option.id = `result-${place}`;
        option.setAttribute("role", "option");
        option.dataset.address = new URL(entry.address, root).href;
        const [kind, title, text] = ["span", "b", "span"].map((tag) => document.createElement(tag));
        kind.className = "kind";
        kind.textContent = entry.kind;
        title.append(marked(entry.title, query));
        text.className = "text";
        text.append(marked(excerpt(entry.text, query), query));
        option.append(kind, title, text);
        return option;
      }),
    );
    const isAsked = words(query).length > 0;
    const sentence = hits.length ? `${hits.length} found${hits.length > MOST ? `, the best ${MOST} shown` : ""}` : "Nothing found";
    told.textContent = isAsked ? sentence : "";
    if (isAsked && !hits.length) {
      const none = document.createElement("li");
      none.className = "none";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = "Nothing found. Try a shorter word.";
      list.append(none);
    }
    list.hidden = !isAsked;
    field.setAttribute("aria-expanded", String(isAsked));
    choose(isAsked && hits.length ? 0 : -1);
  }

  const pattern = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "results" };
  for (const [name, value] of Object.entries(pattern)) field.setAttribute(name, value);
  document.querySelector(".search").hidden = false;
  field.addEventListener("focus", () => {
    entries();
    if (field.value) update();
  });
  field.addEventListener("input", update);
  field.addEventListener("keydown", (event) => {
    const num = options().length;
    if (event.key === "ArrowDown" && num) choose((chosen + 1) % num);
    else if (event.key === "ArrowUp" && num) choose((chosen + num - 1) % num);
    else if (event.key === "Enter" && options()[chosen]?.dataset.address) open(options()[chosen]);
    else if (event.key === "Escape") {
      if (list.hidden) field.blur();
      close();
      field.value = "";
    } else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-address]");
    if (option) open(option);
  });
  field.addEventListener("blur", close);
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
