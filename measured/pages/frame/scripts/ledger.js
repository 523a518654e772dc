// Filters and sorts the ledger. Without scripts the whole table is there, in the order of the report.
const form = document.getElementById("filters");
if (form) {
  const body = document.querySelector("#ledger tbody");
  const rows = [...body.rows];

  function update() {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.words.toLowerCase();
    for (const row of rows) {
      row.hidden = !(
        (!wanted.group || row.dataset.group === wanted.group) &&
        (!wanted.outcome || row.dataset.outcome === wanted.outcome) &&
        (!wanted.kind || row.dataset.kind === wanted.kind) &&
        row.textContent.toLowerCase().includes(words)
      );
    }
    const key = (row) => row.dataset[wanted.order];
    const compare = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
    body.append(...(wanted.order ? [...rows].sort(compare) : rows));
    document.getElementById("shown").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  form.hidden = false;
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
}
