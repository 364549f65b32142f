"use strict";
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const find = document.getElementById("find");
  const choices = [...document.querySelectorAll("select[data-filter]")];
  const found = document.getElementById("found");

  const chosen = (row) => choices.every(({ value, dataset }) => value === "" || row.dataset[dataset.filter] === value);

  function filter() {
    const wanted = find.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits || !chosen(row);
      shown += row.hidden ? 0 : 1;
    }
    found.textContent = `${shown} of ${rows.length} shown`;
  }

  function compare(first, second, column) {
    const [a, b] = [first, second].map((row) => row.cells[column].dataset.value);
    if (a === "" || b === "") return null;
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en") : x - y;
  }

  function sort(header, column) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const empty = (row) => row.cells[column].dataset.value === "";
    rows.sort((first, second) => {
      const order = compare(first, second, column);
      return order === null ? empty(first) - empty(second) : up ? order : -order;
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
