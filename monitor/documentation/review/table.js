"use strict";
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const find = document.getElementById("find");
  const choices = [...document.querySelectorAll("select[data-filter]")];
  const found = document.getElementById("found");
  const words = new Map();
  const { compare } = new Intl.Collator("en");

  // The words of all rows are gathered when the first letter is typed.
  function wordsOf(row) {
    if (!words.size) for (const each of rows) words.set(each, each.textContent.toLowerCase());
    return words.get(row);
  }

  const chosen = (row) => choices.every(({ value, dataset }) => value === "" || row.dataset[dataset.filter] === value);

  function filter() {
    const wanted = find.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const hidden = !chosen(row) || (wanted !== "" && !wordsOf(row).includes(wanted));
      if (row.hidden !== hidden) row.hidden = hidden;
      shown += hidden ? 0 : 1;
    }
    found.textContent = `${shown} of ${rows.length} shown`;
  }

  function order([a, x], [b, y]) {
    if (a === "" || b === "") return null;
    return Number.isNaN(x) || Number.isNaN(y) ? compare(a, b) : x - y;
  }

  function sort(header, column) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keys = new Map();
    for (const row of rows) {
      const text = row.cells[column].dataset.value;
      keys.set(row, [text, Number(text)]);
    }
    rows.sort((first, second) => {
      const [a, b] = [keys.get(first), keys.get(second)];
      const found = order(a, b);
      return found === null ? (a[0] === "") - (b[0] === "") : up ? found : -found;
    });
    body.append(...rows);
  }

  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.dataset.label = header.textContent;
    button.addEventListener("click", () => sort(header, column));
    header.replaceChildren(button);
  });
  find.addEventListener("input", filter);
  for (const choice of choices) choice.addEventListener("change", filter);
  document.querySelector(".controls").hidden = false;
  filter();
})();
