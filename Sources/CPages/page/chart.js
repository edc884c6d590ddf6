// ---- A chart: axes, lines, bars or dots, a legend that tells the values under the pointer, and zoom.

const COLOURS = 8;
const DASHES = [null, "7 4", "2 3", "9 3 2 3", "12 4", "4 4", "1 4", "6 2 2 2 2 2"];
const colour = (index) => `var(--c${index % COLOURS})`;

/** The sample of a line in a legend. */
function swatch(series) {
  const stroke = series.colour === null ? "var(--faint)" : colour(series.colour);
  const middle = { fill: stroke, stroke };
  const picture = shape("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" });
  if (series.draw === "scatter") {
    picture.append(shape("path", { ...middle, d: marker(series.marker ?? 0, 12, 5, 4) }));
  } else if (series.draw === "bars") {
    picture.append(shape("rect", { ...middle, x: 6, y: 1, width: 12, height: 8 }));
  } else {
    if (series.draw !== "dots") {
      picture.append(shape("line", {
        x1: 1, x2: 23, y1: 5, y2: 5, stroke, "stroke-width": 2, opacity: series.pale ? 0.45 : null,
        "stroke-dasharray": series.colour === null ? null : series.dash,
      }));
    }
    if (series.marker || series.draw === "dots") {
      picture.append(shape("circle", { ...middle, cx: 12, cy: 5, r: 3 }));
    }
  }
  return picture;
}

/** The outline of a mark: a circle, square, triangle, diamond, cross or bar by its number. */
function marker(kind, x, y, r) {
  const [a, b] = [x.toFixed(1), y.toFixed(1)];
  switch (kind % 6) {
    case 0: return `M${a} ${b}m${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case 1: return `M${a} ${b}m${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`;
    case 2: return `M${a} ${b}m0 ${-r}l${r} ${2 * r}h${-2 * r}z`;
    case 3: return `M${a} ${b}m0 ${-r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`;
    case 4: return `M${a} ${b}m${-r} ${-r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
    default: return `M${a} ${b}m0 ${-r}v${2 * r}m${-r} ${-r}h${2 * r}`;
  }
}

/** An exponential mean without the pull towards its first value; gaps stay gaps. */
function smoothed(values, weight) {
  let [mean, mass] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return mean / mass;
  });
}

/** The index of the value nearest to x; `xs` ascends. */
function nearest(xs, x) {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle; else high = middle;
  }
  return high > low && Math.abs(xs[high] - x) < Math.abs(xs[low] - x) ? high : low;
}

/** What charts with one x axis share: the part that is shown, the pointer and the smoothing. */
class View {
  range = null;
  hover = null;
  smoothing = 0;
  charts = new Set();
  changed = () => {};

  zoom(range) {
    this.range = range;
    this.changed();
    for (const chart of this.charts) chart.draw();
  }

  point(x, from) {
    this.hover = x;
    for (const chart of this.charts) chart.drawPointer(chart === from);
  }

  redraw() { for (const chart of this.charts) chart.draw(); }
}

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

  drawSeries(one, area) {
    const rest = one.colour === null;
    const stroke = rest ? null : colour(one.colour);
    if (one.draw === "bars") return [this.drawBars(one, area, stroke)];
    if (one.draw === "scatter") return [this.drawScatter(one, area, stroke)];
    const parts = [];
    const values = this.values(one);
    if (!rest && this.banded(one)) {
      parts.push(shape("path", { class: "band", fill: stroke, d: this.band(one, area) }));
    }
    if (values !== one.y && !rest) {
      parts.push(shape("path", { class: "curve raw", stroke, d: this.line(one, one.y, area) }));
    }
    if (one.draw !== "dots") {
      parts.push(shape("path", {
        class: rest ? "curve rest" : one.pale ? "curve pale" : "curve",
        "data-last": one.x[one.x.length - 1] ?? null, stroke,
        "stroke-dasharray": rest ? null : one.dash,
        d: this.line(one, values, area),
      }));
    }
    const points = one.y.filter((value) => value !== null).length;
    if (!rest && (one.draw === "dots" || points === 1 || (one.marker && points <= 40))) {
      const dots = one.x.flatMap((x, index) =>
        this.fits(x, values[index]) ? [marker(0, area.toX(x), area.toY(values[index]), 2.6)] : []);
      parts.push(shape("path", { fill: stroke, d: dots.join("") }));
    }
    return parts;
  }

  fits(x, y) { return x !== null && y !== null && y !== undefined && (!this.log || y > 0); }

  /** A path through the values; of many in one column of pixels only the first, least, greatest and last. */
  line(one, values, area) {
    const thin = one.x.length > 3 * this.width;
    let path = "";
    let pen = "M";
    let column = null;
    const to = ([x, y]) => { path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`; pen = "L"; };
    const flush = () => {
      if (!column) return;
      const { points } = column;
      const picked = points.length < 5 ? points
        : [...new Set([points[0], column.top, column.bottom, points[points.length - 1]])].sort(
          (a, b) => a[0] - b[0]);
      picked.forEach(to);
      column = null;
    };
    const first = Math.max(0, nearest(one.x, area.x[0]) - 1);
    const last = Math.min(one.x.length - 1, nearest(one.x, area.x[1]) + 1);
    for (let index = first; index <= last; index++) {
      if (!this.fits(one.x[index], values[index])) { flush(); pen = "M"; continue; }
      const point = [area.toX(one.x[index]), area.toY(values[index])];
      if (one.draw === "steps" && pen === "L") path += `H${point[0].toFixed(1)}`;
      if (!thin || one.draw === "steps") { to(point); continue; }
      if (column && Math.floor(point[0]) !== column.at) flush();
      column ??= { at: Math.floor(point[0]), points: [], top: point, bottom: point };
      column.points.push(point);
      if (point[1] < column.top[1]) column.top = point;
      if (point[1] > column.bottom[1]) column.bottom = point;
    }
    flush();
    return path;
  }

  /** Whether the range within buckets is shown: those of more than three curves would hide each other. */
  banded(one) { return one.low?.length > 0 && this.series.length <= 3; }

  band(one, area) {
    const upper = [];
    const lower = [];
    for (let index = 0; index < one.x.length; index++) {
      const [low, high] = [one.low[index], one.high[index]];
      if (!this.fits(one.x[index], high)) continue;
      const x = area.toX(one.x[index]).toFixed(1);
      upper.push(`${x} ${area.toY(high).toFixed(1)}`);
      lower.push(`${x} ${area.toY(this.fits(0, low) ? low : area.y[0]).toFixed(1)}`);
    }
    return upper.length ? `M${upper.concat(lower.reverse()).join("L")}Z` : "";
  }

  drawBars(one, area, fill) {
    const base = area.toY(this.log ? area.y[0] : Math.max(0, area.y[0]));
    const width = 0.8 * Math.min(60, (area.right - area.left) / Math.max(1, one.x.length));
    const path = one.x.flatMap((x, index) => {
      const value = one.y[index];
      if (!this.fits(x, value)) return [];
      const [from, to] = one.edges
        ? [area.toX(one.edges[index]) + 0.5,
          Math.max(area.toX(one.edges[index + 1]) - 0.5, area.toX(one.edges[index]) + 1)]
        : [area.toX(x) - width / 2, area.toX(x) + width / 2];
      const [left, foot, top, right] = [from, base, area.toY(value), to].map((edge) => edge.toFixed(1));
      return [`M${left} ${foot}V${top}H${right}V${foot}Z`];
    });
    return shape("path", { fill, opacity: 0.85, d: path.join("") });
  }

  drawScatter(one, area, stroke) {
    const radius = one.x.length > 2000 ? 1.6 : one.x.length > 300 ? 2.2 : 3;
    const open = (one.marker ?? 0) % 6 > 3;
    const path = one.x.flatMap((x, index) =>
      this.fits(x, one.y[index])
        ? [marker(one.marker ?? 0, area.toX(x), area.toY(one.y[index]), radius)] : []);
    return shape(
      "path", { class: stroke ? null : "rest", fill: open ? "none" : stroke ?? "var(--faint)",
        stroke: open ? stroke : null,
      "fill-opacity": stroke ? 0.65 : 0.3, d: path.join("") });
  }

  // -- The pointer

  /** The crosshair and the values under it; without a pointer, the last values. */
  drawPointer(announce) {
    if (!this.readouts || !this.pointer) return;
    this.pointer.replaceChildren();
    const { area } = this;
    const scatter = this.series.some((one) => one.draw === "scatter");
    const x = scatter ? null : this.snapped();
    const said = [];
    this.series.forEach((one, index) => {
      let text = "";
      const values = this.values(one);
      if (x !== null && one.x.length) {
        const at = nearest(one.x, x);
        const value = values[at];
        if (number(value) !== null) {
          text = withUnit(figure(value), this.options.y?.unit);
          if (one.colour !== null && area && this.fits(one.x[at], value) && one.draw !== "bars") {
            this.pointer.append(shape("circle", {
              cx: area.toX(one.x[at]), cy: area.toY(value), r: 4, fill: colour(one.colour),
              stroke: "var(--panel)",
            }));
          }
          if (one.colour !== null) said.push(`${one.name} ${text}`);
        }
      } else if (this.options.latest) {
        const last = values.findLast((value) => value !== null);
        if (last !== undefined) text = withUnit(figure(last), this.options.y?.unit);
      }
      if (this.readouts[index] && this.readouts[index].textContent !== text) {
        this.readouts[index].textContent = text;
      }
    });
    if (x === null || !area || x < area.x[0] || x > area.x[1]) return;
    const at = area.toX(x);
    const text = this.options.x?.whole ? figure(Math.round(x)) : figure(x);
    this.pointer.prepend(shape("line", { class: "cross", x1: at, x2: at, y1: area.top, y2: area.bottom }));
    this.flag(at, text);
    if (announce) {
      speak(`${string(this.options.x?.label) || "step"} ${text}: ${said.slice(0, COLOURS).join(", ")}`);
    }
  }

  /** A small label on the x axis. */
  flag(at, text) {
    const half = widthOf(text) / 2 + 8;
    const middle = Math.min(Math.max(at, half), this.width - half);
    this.pointer.append(shape("g", { class: "flag" },
      shape("rect", { x: middle - half, y: this.area.bottom + 3, width: 2 * half, height: 18, rx: 3 }),
      shape("text", { x: middle, y: this.area.bottom + 16, "text-anchor": "middle" }, text)));
  }

  /** The x of a value nearest to the pointer. */
  snapped() {
    const wanted = this.view.hover;
    if (wanted === null) return null;
    let best = null;
    for (const one of this.series) {
      if (!one.x.length || (this.many && one.colour === null)) continue;
      const x = one.x[nearest(one.x, wanted)];
      if (x !== null && (best === null || Math.abs(x - wanted) < Math.abs(best - wanted))) best = x;
    }
    return best;
  }

  pointAt(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const { area } = this;
    const part = Math.min(1, Math.max(0, (x - area.left) / (area.right - area.left)));
    return { x, y, value: area.x[0] + part * (area.x[1] - area.x[0]) };
  }

  /** Names the point of a scatter plot that is nearest to the pointer. */
  tellPoint({ x, y }) {
    const { area } = this;
    let best = { distance: 400 };
    for (const one of this.series) {
      one.x.forEach((value, index) => {
        if (!this.fits(value, one.y[index])) return;
        const [a, b] = [area.toX(value), area.toY(one.y[index])];
        const distance = (a - x) ** 2 + (b - y) ** 2;
        if (distance < best.distance) best = { distance, a, b, one, index };
      });
    }
    this.pointer.replaceChildren();
    if (!best.one) return;
    const values = [best.one.x, best.one.y].map((axis) => figure(axis[best.index]));
    const text = `${label(best.one.name)}: ${values.join(", ")}`;
    this.pointer.append(
      shape("circle", { class: "halo", cx: best.a, cy: best.b, r: 5, stroke: "var(--ink)" }));
    this.flag(best.a, text);
  }

  listen() {
    const { svg, view } = this;
    const fingers = new Map();
    let start = null;
    svg.addEventListener("pointerdown", (event) => {
      if (!this.area || event.button > 0) return;
      fingers.set(event.pointerId, this.pointAt(event));
      if (event.pointerType === "mouse" && !this.options.fixed) {
        start = this.pointAt(event);
        svg.setPointerCapture(event.pointerId);
      }
      else view.point(this.pointAt(event).value, null);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!this.area) return;
      const here = this.pointAt(event);
      if (fingers.size === 2 && fingers.has(event.pointerId) && !this.options.fixed) {
        return this.pinch(fingers, event.pointerId, here);
      }
      if (this.series.some((one) => one.draw === "scatter")) return this.tellPoint(here);
      view.point(here.value, null);
      if (start && Math.abs(here.x - start.x) > 4) this.drawRange(start.x, here.x);
    });
    const done = (event) => {
      fingers.delete(event.pointerId);
      if (!start || !this.area) return;
      const [from, to] = [start, this.pointAt(event)];
      start = null;
      if (Math.abs(to.x - from.x) > 8) {
        view.zoom([Math.min(from.value, to.value), Math.max(from.value, to.value)]);
      }
    };
    svg.addEventListener("pointerup", done);
    svg.addEventListener("pointercancel", (event) => { fingers.delete(event.pointerId); start = null; });
    svg.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "mouse") return;
      if (this.series.some((one) => one.draw === "scatter")) this.pointer?.replaceChildren();
      else view.point(null, null);
    });
    svg.addEventListener("dblclick", () => view.zoom(null));
    svg.addEventListener("blur", () => view.point(null, null));
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  drawRange(from, to) {
    this.pointer.append(shape("rect", {
      class: "range", x: Math.min(from, to), width: Math.abs(to - from), y: this.area.top,
      height: this.area.bottom - this.area.top,
    }));
  }

  /** Two fingers keep the values that they touched under them. */
  pinch(fingers, moved, here) {
    const [other] = [...fingers].filter(([id]) => id !== moved).map(([, point]) => point);
    const mine = fingers.get(moved);
    if (Math.abs(here.x - other.x) < 20 || Math.abs(mine.value - other.value) < 1e-12) return;
    const slope = (mine.value - other.value) / (here.x - other.x);
    const low = other.value - slope * (other.x - this.area.left);
    const high = other.value + slope * (this.area.right - other.x);
    if (slope > 0) this.view.zoom([low, high]);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.view.point(null, null);
      this.view.zoom(null);
    }
    if (!this.area) return;
    const [low, high] = this.area.x;
    const here = this.view.hover ?? high;
    const longest = this.series.reduce(
      (best, one) => (one.x.length > (best?.x.length ?? 0) ? one : best), null);
    const move = (by) => {
      if (!longest) return;
      const index = nearest(longest.x, here) + (this.view.hover === null ? 0 : by);
      this.view.point(longest.x[Math.min(longest.x.length - 1, Math.max(0, index))] ?? null, this);
    };
    const zoom = (factor) => this.view.zoom([here - (here - low) * factor, here + (high - here) * factor]);
    const actions = {
      ArrowLeft: () => move(event.shiftKey ? -10 : -1), ArrowRight: () => move(event.shiftKey ? 10 : 1),
      Home: () => this.view.point(low, this), End: () => this.view.point(high, this),
      "+": () => zoom(0.5), "-": () => zoom(2),
    };
    if (!actions[event.key] || (this.options.fixed && "+-".includes(event.key))) return;
    event.preventDefault();
    actions[event.key]();
  }
}
