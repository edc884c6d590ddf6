// ---- Tables that can be sorted.

/**
 * A table. Columns are `{name, align, unit, cell}`; rows hold text, numbers or null; a click on a heading
 * sorts. Long tables begin with some rows and a button for the others.
 */
function table(columns, rows, { caption = null, foot = null, sorts = true, first = 60 } = {}) {
  const body = element("tbody", null);
  const more = element(
    "button", { type: "button", class: "more", onclick: () => { first = Infinity; draw(); } });
  const right = (index) => columns[index]?.align === "right";
  const decimals = columns.map((_, index) =>
    commonDecimals(rows.map((row) => list(row)[index]), columns[index]?.unit));
  let order = rows.map((_, index) => index);
  const cell = (value, index) => {
    const column = columns[index] ?? {};
    const made = column.cell?.(value);
    const content = made ?? (value === null || value === undefined ? "–"
      : typeof value === "number" ? withUnit(figure(value, decimals[index]), column.unit) : name(value));
    return element(
      "td", { class: right(index) ? "right" : lengthClass(string(value).length) }, content);
  };
  const draw = () => {
    body.replaceChildren(
      ...order.slice(0, first).map((index) => element("tr", null, list(rows[index]).map(cell))));
    more.hidden = order.length <= first;
    more.textContent = `Show all ${grouped(order.length)} rows`;
  };
  const headings = columns.map((column, index) => {
    const text = name(column.name);
    if (!sorts) return element("th", { scope: "col", class: right(index) ? "right" : null }, text);
    return element("th", { scope: "col", class: right(index) ? "right" : null },
      element("button", { type: "button", onclick: () => sort(index) }, text));
  });
  const sort = (index) => {
    const ascending = headings[index].getAttribute("aria-sort") === (right(index) ? "descending" : null);
    const down = !ascending && (right(index) || headings[index].getAttribute("aria-sort") === "ascending");
    headings.forEach((heading) => heading.removeAttribute("aria-sort"));
    headings[index].setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    order = rows.map((_, row) => row).sort((a, b) => {
      const [one, other] = [list(rows[a])[index] ?? null, list(rows[b])[index] ?? null];
      if (one === null || other === null) return (one === null) - (other === null);
      return sign * (typeof one === "number" && typeof other === "number" ? one - other
        : string(one).localeCompare(string(other), "en", { numeric: true }));
    });
    draw();
  };
  draw();
  return element(
    "div", null,
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption ?? "table" },
    element("table", null, caption && element("caption", { class: "spoken" }, caption),
      element("thead", null, element("tr", null, headings)), body,
      foot && element("tfoot", null, foot))), more);
}

/** Short texts stay on one line, long ones get some width. */
const lengthClass = (length) => (length > 40 ? "words" : length <= 24 ? "short" : null);

/** Decimals for all numbers of a column: none if they are whole, else about five digits of the largest. */
function commonDecimals(values, unit) {
  const sizes = values.filter((value) => number(value) !== null).map(Math.abs);
  if (sizes.every(Number.isInteger)) return 0;
  if (unit === "%") return 1;
  const digits = Math.max(0, 4 - Math.floor(Math.log10(Math.max(1, ...sizes))));
  const exact = (count) => sizes.every((size) => Math.abs(Number(size.toFixed(count)) - size) <= 1e-9 * size);
  return [...Array(digits).keys()].find(exact) ?? digits;
}
