// ---- Tables, and the plots of a report: each kind has one function, which makes a figure.

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

/** A figure with a title, without axes. */
const titledFigure = (plot, tools, ...content) =>
  element("figure", { "aria-label": plot.alt ? string(plot.alt) : null },
  plot.title || tools ? element("div", { class: "head" }, element("h3", null, name(plot.title)), tools)
    : null, content,
  plot.note ? element("figcaption", null, string(plot.note)) : null);

function axisOf(value) {
  const axis = record(value);
  return { label: string(axis.label) || " ", unit: string(axis.unit), min: number(axis.min),
    max: number(axis.max) };
}

/** A chart of a report. The y axis has its name above the chart, where it is read best. */
function reportChart(plot, series, options) {
  const y = axisOf(plot.y);
  const above = y.label.trim() ? `${label(y.label, 60)}${y.unit ? ` (${label(y.unit, 20)})` : ""}` : null;
  const chart = new Chart({
    title: plot.title, note: plot.note, alt: plot.alt, x: axisOf(plot.x), y: { ...y, unit: "" },
    diagonal: plot.diagonal === true, height: 300, plain: true, ...options,
  });
  if (above) chart.middle.before(element("div", { class: "soft small" }, above));
  chart.update(series);
  return chart.figure;
}

/** Pairs of values as two lists of equal length; what is no number is left out. */
function pairs(x, y, sorted) {
  const found = [];
  list(x).forEach(
    (value, index) => { if (number(value) !== null) found.push([value, number(list(y)[index])]); });
  // Falling values, such as recall, are turned round first, so that equal ones keep their neighbours.
  if (sorted && found.length && found[0][0] > found[found.length - 1][0]) found.reverse();
  if (sorted) found.sort((a, b) => a[0] - b[0]);
  return { x: found.map((pair) => pair[0]), y: found.map((pair) => pair[1]) };
}

const PLOTS = {
  lines(plot) {
    const series = list(plot.series).map((one, index) => {
      const draw = ["line", "steps", "dots", "bars"].includes(record(one).draw) ? one.draw : "line";
      const values = pairs(record(one).x, record(one).y, true);
      return {
        name: string(record(one).name), ...values, low: [], high: [], draw, colour: index % COLOURS,
        dash: draw === "dots" ? null : DASHES[index % DASHES.length],
        marker: draw === "line" && values.x.length < 30,
      };
    });
    return reportChart(plot, series);
  },

  scatter(plot) {
    const groups = list(plot.groups);
    return reportChart(plot, groups.map((group, index) => ({
      name: string(record(group).name) || "points", ...pairs(record(group).x, record(group).y), low: [],
      high: [],
      draw: "scatter", colour: index % COLOURS, marker: Math.floor(index / COLOURS) + (index % COLOURS),
    })), { height: 360, fixed: true });
  },

  histogram(plot) {
    const edges = numbers(plot.edges).filter((edge) => edge !== null);
    const counts = numbers(plot.counts).slice(0, Math.max(0, edges.length - 1));
    const middles = counts.map((_, index) => (edges[index] + edges[index + 1]) / 2);
    return reportChart({ ...plot, y: plot.y ?? { label: "count" } }, [{
      name: "count", x: middles, y: counts, low: [], high: [], edges, draw: "bars", colour: 0,
    }], { height: 220, latest: false });
  },

  table(plot) {
    const columns = list(plot.columns).map((column) => ({
      name: string(record(column).name), align: record(column).align, unit: record(column).unit,
    }));
    const figure = titledFigure(plot, null,
      table(columns, list(plot.rows), { caption: string(plot.alt) || string(plot.title) }));
    figure.classList.toggle(
      "wide", columns.length > 6 || list(plot.rows).some((row) => string(list(row)).length > 90));
    return figure;
  },

  images(plot) {
    const items = list(plot.items).map(record);
    const figure = titledFigure(
      plot, null, element("div", { class: "pictures" }, items.map((item) => element("figure", null,
      /^data:image\/(png|jpeg);base64,/.test(string(item.src))
        ? element("img", { src: item.src, alt: string(item.alt) || string(item.caption) })
        : element("p", { class: "soft small" }, "no picture"),
      element("figcaption", null, name(item.caption))))));
    figure.classList.add("wide");
    // A single picture, such as a sheet of samples, may take the width of the page.
    figure.classList.toggle("single", items.length === 1);
    return figure;
  },

  text(plot) { return titledFigure(plot, null, element("p", { class: "words" }, string(plot.text))); },

  confusion(plot) { return new Confusion(plot).figure; },
};

function drawPlot(plot) {
  const known = plot && typeof plot === "object" && Object.hasOwn(PLOTS, string(plot.kind));
  if (known) {
    try { return PLOTS[plot.kind](plot); } catch { /* told below */ }
  }
  const { title, kind } = record(plot);
  return titledFigure({ title: string(title) || "A plot" }, null,
    element("p", { class: "soft" }, `This plot (kind “${label(kind, 40)}”) cannot be shown here.`));
}

/** The confusion matrix: right predictions in blue, mistakes in orange, both by the share of their row. */
class Confusion {
  rates = false;
  at = null;

  constructor(plot) {
    this.names = list(plot.classes).map(string);
    this.size = this.names.length;
    this.counts = this.names.map((_, row) =>
      this.names.map((_, column) => Math.max(0, number(list(list(plot.counts)[row])[column]) ?? 0)));
    this.totals = this.counts.map((row) => row.reduce((sum, count) => sum + count, 0));
    this.svg = shape("svg", { tabindex: 0, role: "application", "aria-roledescription": "confusion matrix",
      "aria-label": `${string(plot.alt)} Arrow keys walk over the cells.` });
    this.told = element("p", { class: "sentence" });
    this.box = element(
      "div", { class: "scroll whole", hidden: !this.size }, element("div", { class: "plot" }, this.svg));
    const tools = choice("", ["counts", "rates"], 0, (index) => { this.rates = index === 1; this.draw(); });
    this.figure = titledFigure(plot, tools, this.box, this.told);
    this.figure.classList.toggle("wide", this.size > 12);
    new ResizeObserver(() => {
      if (this.box.clientWidth && this.box.clientWidth !== this.width) {
        this.width = this.box.clientWidth;
        this.draw();
      }
    }).observe(this.box);
    this.listen();
    this.tell();
  }

  draw() {
    if (!this.width) return;
    const { size } = this;
    const longest = Math.max(8, ...this.names.map((text) => widthOf(label(text, 16))));
    const left = 30 + longest;
    const cell = Math.max(
      size > 60 ? 4 : 10,
      Math.min(46, Math.floor((Math.min(this.width, 900) - left - 8) / Math.max(1, size))));
    const upright = longest > cell - 2;
    const top = 30 + (upright ? longest : 14);
    Object.assign(this, { left, cell, top });
    const [width, height] = [left + cell * size + 8, top + cell * size + 6];
    this.svg.parentNode.style.width = `${width}px`;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const every = Math.max(1, Math.ceil(13 / cell));
    this.cursor = shape(
      "rect", { fill: "none", stroke: "var(--ink)", "stroke-width": 2, width: cell, height: cell,
        visibility: "hidden" });
    this.svg.replaceChildren(
      shape("text", { x: left, y: 14, class: "strong" }, "predicted →"),
      shape("text", { x: 12, y: top + 60, class: "strong", transform: `rotate(-90 12 ${top + 60})` },
        "← true"),
      shape("rect", { x: left, y: top, width: cell * size, height: cell * size, fill: "var(--sunken)" }),
      ...this.labels(every, upright), ...this.cells(), this.cursor);
    this.mark();
  }

  labels(every, upright) {
    const { left, top, cell } = this;
    return this.names.flatMap((text, index) => {
      if (index % every) return [];
      const middle = cell * (index + 0.5);
      const [x, y] = [left + middle, top - 6];
      return [
        shape("text", { x: left - 6, y: top + middle + 4, "text-anchor": "end" }, label(text, 16)),
        upright ? shape("text", { x, y, transform: `rotate(-90 ${x} ${y}) translate(0 4)` }, label(text, 16))
          : shape("text", { x, y, "text-anchor": "middle" }, label(text, 16)),
      ];
    });
  }

  cells() {
    const { left, top, cell, size } = this;
    const gap = cell > 12 ? 1 : 0;
    const made = [];
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const count = this.counts[row][column];
        if (!count) continue;
        const share = count / this.totals[row];
        const strength = row === column ? share : Math.sqrt(share);
        const [x, y] = [left + column * cell, top + row * cell];
        made.push(shape("rect", {
          x, y, width: cell - gap, height: cell - gap,
          fill: `rgba(var(--${row === column ? "cell" : "miss"}), ${(0.2 + 0.8 * strength).toFixed(3)})`,
        }));
        const text = this.rates ? (100 * share).toFixed(share < 0.1 ? 1 : 0) : grouped(count);
        if (cell >= 18 && widthOf(text) <= cell - 3) {
          made.push(shape("text", {
            x: x + (cell - gap) / 2, y: y + cell / 2 + 4, "text-anchor": "middle", class: "strong",
            style: strength > 0.6 ? { fill: "var(--panel)" } : {},
          }, text));
        }
      }
    }
    return made;
  }

  tell() {
    if (!this.at) {
      const all = this.totals.reduce((sum, total) => sum + total, 0);
      const right = this.counts.reduce((sum, row, index) => sum + row[index], 0);
      this.told.replaceChildren(
        all ? `${grouped(right)} of ${grouped(all)} are right (${percent(right / all)}). `
        + (this.rates ? "Cells show percent of the true class."
          : "Cells count samples; a row is a true class.") : "No samples.");
      return;
    }
    const [row, column] = this.at;
    const count = this.counts[row][column];
    this.told.replaceChildren(
      "true ", name(label(this.names[row], 60)), ", predicted ", name(label(this.names[column], 60)),
      `: ${grouped(count)} of ${grouped(this.totals[row])}`
      + (this.totals[row] ? ` (${percent(count / this.totals[row])} of the true class)` : ""));
  }

  mark() {
    if (this.at) {
      this.cursor.setAttribute("x", this.left + this.at[1] * this.cell);
      this.cursor.setAttribute("y", this.top + this.at[0] * this.cell);
    }
    this.cursor.setAttribute("visibility", this.at ? "visible" : "hidden");
  }

  go(row, column, aloud) {
    this.at = row === null || !this.size ? null
      : [row, column].map((value) => Math.min(this.size - 1, Math.max(0, value)));
    this.tell();
    if (this.cursor) this.mark();
    if (aloud) speak(this.told.textContent);
  }

  listen() {
    this.svg.addEventListener("pointermove", (event) => {
      const box = this.svg.getBoundingClientRect();
      const scale = this.svg.viewBox.baseVal.width / box.width;
      const column = Math.floor(((event.clientX - box.left) * scale - this.left) / this.cell);
      const row = Math.floor(((event.clientY - box.top) * scale - this.top) / this.cell);
      const inside = row >= 0 && column >= 0 && row < this.size && column < this.size;
      this.go(inside ? row : null, column, false);
    });
    this.svg.addEventListener("pointerleave", () => this.go(null, 0, false));
    this.svg.addEventListener("blur", () => this.go(null, 0, false));
    this.svg.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [row, column] = this.at ?? [0, 0];
      if (this.at) this.go(row + step[0], column + step[1], true); else this.go(0, 0, true);
    });
  }
}
