// Filters and sorts the ledger, and keeps the choice in the address. Without scripts all claims are there, in the order of
// the report.
const form = document.getElementById("filters");
if (form) {
  const list = document.getElementById("ledger");
  const rows = [...list.children];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const names = ["group", "outcome", "kind", "words", "order"];

  function compare(order) {
    if (order === "distance") {
      const far = (row) => (row.dataset.distance === "" ? -Infinity : Number(row.dataset.distance));
      return (a, b) => far(b) - far(a) || 0;
    }
    return (a, b) => a.dataset[order].localeCompare(b.dataset[order], "en", { numeric: true });
  }

  function update() {
    const wanted = Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
    const words = wanted.words.toLowerCase();
    for (const row of rows) {
      row.hidden = !(
        ["group", "outcome", "kind"].every((name) => !wanted[name] || row.dataset[name] === wanted[name]) &&
        texts.get(row).includes(words)
      );
    }
    list.append(...(wanted.order ? [...rows].sort(compare(wanted.order)) : rows));
    document.getElementById("shown").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  function keep() {
    const chosen = new URLSearchParams(new FormData(form));
    for (const name of names) if (!chosen.get(name)) chosen.delete(name);
    history.replaceState(null, "", chosen.size ? `#?${chosen}` : location.pathname);
  }

  function restore() {
    if (!location.hash.startsWith("#?")) return;
    const chosen = new URLSearchParams(location.hash.slice(2));
    for (const name of names) form.elements[name].value = chosen.get(name) ?? "";
    update();
  }

  form.addEventListener("input", () => { update(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", restore);
  update();
  restore();
}
