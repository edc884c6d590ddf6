// ---- The confusion matrix.

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
