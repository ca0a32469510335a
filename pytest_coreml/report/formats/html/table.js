// The table: sort by a column, filter by words, verdict and compute units.
const table = document.getElementById("table");
if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const key = (row, column, kind) => {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.toLowerCase();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const sort = (header, column) => {
    const descending = header.getAttribute("aria-sort") === "ascending";
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    const keyed = rows.map((row) => [key(row, column, header.dataset.sort), row]);
    keyed.sort(([one], [other]) => {
      // What was not measured comes last either way.
      if (one === null || other === null) return (one === null) - (other === null);
      return sign * (typeof one === "string" ? one.localeCompare(other) : one - other);
    });
    body.append(...keyed.map(([, row]) => row));
  };
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = element("button", { type: "button", textContent: header.textContent });
    header.replaceChildren(button);
    button.addEventListener("click", () => sort(header, column));
  });
  const [words, standing, units, found] = ["find", "find-standing", "find-units", "found"].map((id) =>
    document.getElementById(id),
  );
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.cells[0].textContent.toLowerCase();
      const fits =
        wanted.every((word) => text.includes(word)) &&
        (!standing.value || row.dataset.standing === standing.value) &&
        (!units.value || row.dataset.units === units.value);
      row.hidden = !fits;
      const index = row.querySelector("a").hash.slice(1);
      document.getElementById(index).hidden = !fits;
      count += fits;
    }
    found.textContent = count === rows.length ? "" : `${count} of ${rows.length} tests`;
  };
  [words, standing, units].forEach((input) => input.addEventListener("input", filter));
  words.form.addEventListener("submit", (event) => event.preventDefault());
}
