// ---- A chart: axes, lines, bars or dots, a legend that tells the values under the pointer, and zoom.

/**
 * A chart. Its series are `{name, x, y, low, high, draw, colour, dash, marker, pale, smooths, edges}`, its
 * options `{title, note, alt, x, y, height, view, log, canLog, diagonal, latest, plain, fixed,
 * keepsColours}`.
 */
class Chart {
  series = [];
  marks = [];
  width = 0;
  shown = true;
  chosen = null;

  constructor(options) {
    this.options = { height: 230, view: new View(), ...options };
    this.view = this.options.view;
    this.view.charts.add(this);
    this.log = Boolean(options.log);
    this.clip = freshID("clip");
    this.svg = shape("svg", { tabindex: 0, role: "application", "aria-roledescription": "chart" });
    this.legend = element("ul", { class: "legend" });
    this.filter = element("input", {
      type: "search", placeholder: "Filter", "aria-label": "Filter the curves by name",
      oninput: () => this.drawList(),
    });
    this.list = element("ul", null);
    const logButton = options.canLog
      && toggle("log", this.log, (value) => { this.log = value; this.draw(); });
    if (logButton) logButton.setAttribute("aria-label", "Logarithmic scale");
    this.plot = element("div", { class: "plot" }, this.svg);
    this.side = element("div", { class: "list", hidden: true }, this.filter, this.list);
    this.middle = element("div", null, this.plot, this.side);
    this.figure = element("figure", { class: "chart" },
      element("div", { class: "head" }, element("h3", null, name(options.title)), logButton), this.legend,
      this.middle,
      options.note ? element("figcaption", null, string(options.note)) : null);
    this.listen();
    new ResizeObserver(() => {
      const width = Math.round(this.plot.clientWidth);
      if (width && width !== this.width) { this.width = width; this.draw(); }
    }).observe(this.plot);
  }

  /** Shows other values. */
  update(series, marks = []) {
    const names = (of) => JSON.stringify(of.map((one) => [one.name, one.colour]));
    const same = names(series) === names(this.series) && this.legend.childElementCount > 0;
    this.series = series;
    this.marks = marks;
    this.many = !this.options.keepsColours
      && series.length > (series[0]?.draw === "scatter" ? 6 * COLOURS : COLOURS);
    if (this.many) this.choose();
    if (!same) this.drawLegend();
    if (this.width) this.draw();
  }

  /** Of many series, a few are drawn in colour: at first those of a run with the largest last values. */
  choose() {
    const last = (one) => one.y.findLast((value) => value !== null) ?? -Infinity;
    if (!this.chosen) {
      const order = [...this.series];
      if (this.options.latest) order.sort((a, b) => last(b) - last(a));
      this.chosen = new Map(order.slice(0, 5).map((one, index) => [one.name, index]));
    }
    for (const one of this.series) one.colour = this.chosen.get(one.name) ?? null;
  }

  pick(name) {
    if (this.chosen.has(name)) this.chosen.delete(name);
    else {
      if (this.chosen.size >= COLOURS) this.chosen.delete(this.chosen.keys().next().value);
      const used = new Set(this.chosen.values());
      this.chosen.set(name, [...Array(COLOURS).keys()].find((index) => !used.has(index)));
    }
    this.choose();
    this.drawList();
    this.draw();
  }

  // -- Legend

  drawLegend() {
    this.side.hidden = !this.many;
    this.middle.className = this.many ? "many" : "";
    this.figure.classList.toggle("wide", this.many);
    this.legend.hidden = this.many || (this.series.length === 1 && this.options.plain);
    this.readouts = this.series.map(() => element("b", null));
    if (this.many) return this.drawList();
    this.legend.replaceChildren(...this.series.map((one, index) => element("li", null,
      swatch(one), element("span", { class: "name", title: one.name }, name(one.name)),
      this.readouts[index])));
  }

  drawList() {
    const wanted = this.filter.value.toLowerCase();
    const focused = this.list.contains(document.activeElement) && document.activeElement.dataset.name;
    this.list.replaceChildren(...this.series.flatMap((one, index) => {
      if (wanted && !one.name.toLowerCase().includes(wanted)) return [];
      const button = element("button", {
        type: "button", class: "name", "aria-pressed": String(one.colour !== null), "data-name": one.name,
        title: one.name, onclick: () => this.pick(one.name),
      }, swatch(one), element("span", { class: "name" }, name(one.name)), this.readouts[index]);
      if (focused === one.name) queueMicrotask(() => button.focus());
      return [element("li", null, button)];
    }));
  }

  // -- Drawing

  /** The values that are drawn: smoothed if the view says so. */
  values(one) {
    return this.view.smoothing > 0 && one.smooths ? smoothed(one.y, this.view.smoothing) : one.y;
  }

  domains() {
    const x = this.options.x ?? {};
    const y = this.options.y ?? {};
    const extent = [Infinity, -Infinity];
    const take = (value, into) => {
      if (value < into[0]) into[0] = value;
      if (value > into[1]) into[1] = value;
    };
    for (const one of this.series) {
      if (one.draw === "scatter") for (const value of one.x) { if (value !== null) take(value, extent); }
      else if (one.x.length) { take(one.x[0], extent); take(one.x[one.x.length - 1], extent); }
      if (one.draw === "bars" && !one.edges && one.x.length > 1) {
        const half = (one.x[one.x.length - 1] - one.x[0]) / (one.x.length - 1) / 2;
        take(one.x[0] - half, extent);
        take(one.x[one.x.length - 1] + half, extent);
      }
      if (one.edges) for (const edge of one.edges) take(edge, extent);
    }
    if (number(x.min) !== null) extent[0] = Math.min(x.min, extent[0]);
    if (number(x.max) !== null) extent[1] = Math.max(x.max, extent[1]);
    if (!(extent[0] <= extent[1])) extent.splice(0, 2, 0, 1);
    if (extent[0] === extent[1]) { extent[0] -= 0.5; extent[1] += 0.5; }
    const range = this.view.range ?? this.padded(extent);
    return { x: range, y: this.yDomain(range, y, take) };
  }

  padded(extent) {
    if (!this.series.some((one) => one.draw === "scatter")) return extent;
    const pad = 0.03 * (extent[1] - extent[0]);
    return [extent[0] - pad, extent[1] + pad];
  }

  yDomain(range, axis, take) {
    const extent = [Infinity, -Infinity];
    const fits = (value) => value !== null && value !== undefined && (!this.log || value > 0);
    for (const one of this.series) {
      const bare = this.many && one.colour === null;
      const drawn = this.values(one);
      for (let index = 0; index < one.x.length; index++) {
        if (one.x[index] === null || one.x[index] < range[0] || one.x[index] > range[1]) continue;
        if (fits(drawn[index])) take(drawn[index], extent);
        if (bare || !this.banded(one)) continue;
        if (fits(one.low[index])) take(one.low[index], extent);
        if (fits(one.high[index])) take(one.high[index], extent);
      }
      if (one.draw === "bars" && !this.log) take(0, extent);
    }
    if (number(axis.min) !== null && fits(axis.min)) extent[0] = Math.min(axis.min, extent[0]);
    if (number(axis.max) !== null && fits(axis.max)) extent[1] = Math.max(axis.max, extent[1]);
    if (!(extent[0] <= extent[1])) return null;
    const [low, high] = extent;
    if (this.log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
    if (high - low <= 1e-5 * Math.max(-low, high)) {
      return low === 0 ? [0, 1] : [low - 0.1 * Math.abs(low), high + 0.1 * Math.abs(high)];
    }
    const pad = 0.05 * (high - low);
    const zero = low >= 0 && low < 0.35 * high;
    return [zero ? 0 : number(axis.min) === low ? low : low - pad,
      number(axis.max) === high ? high + pad / 3 : high + pad];
  }

  draw() {
    if (!this.width) return;
    const { height } = this.options;
    const { x, y } = this.domains();
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.setAttribute("aria-label", this.describe(x));
    if (!y) {
      this.area = null;
      const text = this.log ? "No value above 0 to show on a logarithmic scale" : "No values yet";
      this.svg.replaceChildren(
        shape("text", { x: this.width / 2, y: height / 2, "text-anchor": "middle" }, text));
      return;
    }
    const ticks = (this.log ? logTicks : linearTicks)(
      y[0], y[1], Math.max(2, Math.floor((height - 40) / 38)));
    const left = 14 + Math.max(12, ...ticks.map((tick) => widthOf(tickText(tick))));
    const area = { left, right: this.width - 14, top: this.marks.length ? 22 : 10,
      bottom: height - (this.options.x?.label ? 40 : 26), x, y };
    const place = this.log ? Math.log10 : (value) => value;
    const [yLow, yHigh] = y.map(place);
    area.toX = (value) => area.left + (value - x[0]) / (x[1] - x[0]) * (area.right - area.left);
    area.toY = (value) => area.bottom - (place(value) - yLow) / (yHigh - yLow) * (area.bottom - area.top);
    this.area = area;
    this.pointer = shape("g", { "aria-hidden": "true" });
    const inside = shape("g", { "clip-path": `url(#${this.clip})` });
    this.svg.replaceChildren(
      shape("clipPath", { id: this.clip }, shape("rect", {
        x: left, y: area.top - 6, width: area.right - left + 8, height: area.bottom - area.top + 7,
      })),
      this.drawAxes(area, ticks), inside, this.drawMarks(area), this.pointer);
    if (this.options.diagonal) inside.append(this.drawDiagonal(area));
    const order = this.many ? [...this.series].sort((a, b) => (a.colour !== null) - (b.colour !== null))
      : this.series;
    for (const one of order) inside.append(...this.drawSeries(one, area));
    this.drawPointer(false);
  }

  describe([low, high]) {
    if (this.options.alt) return string(this.options.alt);
    const parts = this.series.slice(0, COLOURS).map((one) => {
      const last = one.y.findLast((value) => value !== null);
      return `${one.name}${last === undefined ? "" : ` ${figure(last)}`}`;
    });
    const axis = string(this.options.x?.label) || "step";
    return `${string(this.options.title)}, ${axis} ${tickText(low)} to ${tickText(high)}: `
      + `${parts.join(", ")}. Arrow keys read values, + and - zoom, Escape shows all.`;
  }

  drawAxes(area, ticks) {
    const group = shape("g", { "aria-hidden": "true" });
    for (const tick of ticks) {
      const y = area.toY(tick).toFixed(1);
      group.append(shape("line", { class: "gridline", x1: area.left, x2: area.right, y1: y, y2: y }),
        shape("text", { x: area.left - 8, y: Number(y) + 4, "text-anchor": "end" }, tickText(tick)));
    }
    let across = linearTicks(area.x[0], area.x[1], Math.max(3, Math.floor((area.right - area.left) / 72)));
    if (this.options.x?.whole) across = across.filter(Number.isInteger);
    for (const tick of across) {
      const x = area.toX(tick);
      const text = tickText(tick);
      const end = Math.min(x, this.width - widthOf(text) / 2 - 2);
      group.append(shape("line", { class: "axis", x1: x, x2: x, y1: area.bottom, y2: area.bottom + 4 }),
        shape("text", { x: end, y: area.bottom + 17, "text-anchor": "middle" }, text));
    }
    group.append(
      shape("line", { class: "axis", x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom }));
    const axis = this.options.x;
    if (axis?.label) {
      group.append(
        shape("text", { x: (area.left + area.right) / 2, y: area.bottom + 34, "text-anchor": "middle" },
        label(axis.label, 60) + (axis.unit ? ` (${label(axis.unit, 20)})` : "")));
    }
    return group;
  }

  drawDiagonal({ x, y, toX, toY }) {
    const [low, high] = [Math.max(x[0], y[0]), Math.min(x[1], y[1])];
    return shape("line", { class: "note", x1: toX(low), y1: toY(low), x2: toX(high), y2: toY(high) });
  }

  /** Vertical lines and rings: the best epoch. */
  drawMarks(area) {
    return shape("g", { "aria-hidden": "true" }, this.marks.flatMap((mark) => {
      if (mark.x < area.x[0] || mark.x > area.x[1]) return [];
      const x = area.toX(mark.x);
      const half = widthOf(mark.text) / 2;
      const ring = mark.y !== null && mark.y >= area.y[0] && mark.y <= area.y[1]
        && shape("circle",
          { class: "halo", cx: x, cy: area.toY(mark.y), r: 5, stroke: colour(mark.colour ?? 1) });
      return [shape("line", { class: "note", x1: x, x2: x, y1: area.top - 4, y2: area.bottom }), ring,
        shape("text",
          { x: Math.min(Math.max(x, half), this.width - half), y: area.top - 8, "text-anchor": "middle" },
          mark.text)]
        .filter(Boolean);
    }));
  }
}
