// ---- How a chart answers to the pointer, fingers and keys.

Object.assign(Chart.prototype, {
  /** The crosshair and the values under it; without a pointer, the last values. */
  drawPointer(announce) {
    if (!this.readouts || !this.pointer) return;
    this.pointer.replaceChildren();
    const { area } = this;
    const x = this.series.some((one) => one.draw === "scatter") ? null : this.snapped();
    const said = this.series.map((one, index) => this.readout(one, index, x)).filter(Boolean);
    if (x === null || !area || x < area.x[0] || x > area.x[1]) return;
    const at = area.toX(x);
    const text = this.options.x?.whole ? figure(Math.round(x)) : figure(x);
    this.pointer.prepend(shape("line", { class: "cross", x1: at, x2: at, y1: area.top, y2: area.bottom }));
    this.flag(at, text);
    if (!announce) return;
    speak(`${string(this.options.x?.label) || "step"} ${text}: ${said.slice(0, COLOURS).join(", ")}`);
  },

  /** Writes the value at x into the legend and marks it; returns it in words if the series has a colour. */
  readout(one, index, x) {
    const values = this.values(one);
    const at = x === null || !one.x.length ? -1 : nearest(one.x, x);
    const last = this.options.latest ? values.findLast((value) => value !== null) : null;
    const value = number(at >= 0 ? values[at] : last);
    const text = value === null ? "" : withUnit(figure(value), this.options.y?.unit);
    if (this.readouts[index].textContent !== text) this.readouts[index].textContent = text;
    if (at < 0 || value === null || one.colour === null) return null;
    if (this.area && this.fits(one.x[at], value) && one.draw !== "bars") {
      this.pointer.append(shape("circle", {
        cx: this.area.toX(one.x[at]), cy: this.area.toY(value), r: 4, fill: colour(one.colour),
        stroke: "var(--panel)",
      }));
    }
    return `${one.name} ${text}`;
  },

  /** A small label on the x axis. */
  flag(at, text) {
    const half = widthOf(text) / 2 + 8;
    const middle = Math.min(Math.max(at, half), this.width - half);
    this.pointer.append(shape("g", { class: "flag" },
      shape("rect", { x: middle - half, y: this.area.bottom + 3, width: 2 * half, height: 18, rx: 3 }),
      shape("text", { x: middle, y: this.area.bottom + 16, "text-anchor": "middle" }, text)));
  },

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
  },

  pointAt(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const { area } = this;
    const part = Math.min(1, Math.max(0, (x - area.left) / (area.right - area.left)));
    return { x, y, value: area.x[0] + part * (area.x[1] - area.x[0]) };
  },

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
  },

  listen() {
    const { svg, view } = this;
    const fingers = new Map();
    let start = null;
    svg.addEventListener("pointerdown", (event) => {
      if (!this.area || event.button > 0) return;
      const here = this.pointAt(event);
      fingers.set(event.pointerId, here);
      if (event.pointerType !== "mouse" || this.options.fixed) return view.point(here.value, null);
      start = here;
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (this.area) this.follow(this.pointAt(event), event.pointerId, fingers, start);
    });
    svg.addEventListener("pointerup", (event) => {
      fingers.delete(event.pointerId);
      if (!start || !this.area) return;
      const [from, to] = [start, this.pointAt(event)];
      start = null;
      const range = [Math.min(from.value, to.value), Math.max(from.value, to.value)];
      if (Math.abs(to.x - from.x) > 8) view.zoom(range);
    });
    svg.addEventListener("pointercancel", (event) => {
      fingers.delete(event.pointerId);
      start = null;
    });
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") this.leave(); });
    svg.addEventListener("blur", () => this.leave());
    svg.addEventListener("dblclick", () => view.zoom(null));
    svg.addEventListener("keydown", (event) => this.key(event));
  },

  /** The pointer moves: two fingers zoom, one pointer reads values, a pressed mouse chooses a range. */
  follow(here, id, fingers, start) {
    if (fingers.size === 2 && fingers.has(id) && !this.options.fixed) return this.pinch(fingers, id, here);
    if (this.series.some((one) => one.draw === "scatter")) return this.tellPoint(here);
    this.view.point(here.value, null);
    if (start && Math.abs(here.x - start.x) > 4) this.drawRange(start.x, here.x);
  },

  leave() { this.view.point(null, null); },

  drawRange(from, to) {
    this.pointer.append(shape("rect", {
      class: "range", x: Math.min(from, to), width: Math.abs(to - from), y: this.area.top,
      height: this.area.bottom - this.area.top,
    }));
  },

  /** Two fingers keep the values that they touched under them. */
  pinch(fingers, moved, here) {
    const [other] = [...fingers].filter(([id]) => id !== moved).map(([, point]) => point);
    const mine = fingers.get(moved);
    mine.x = here.x;
    if (Math.abs(here.x - other.x) < 20 || Math.abs(mine.value - other.value) < 1e-12) return;
    const slope = (mine.value - other.value) / (here.x - other.x);
    const low = other.value - slope * (other.x - this.area.left);
    const high = other.value + slope * (this.area.right - other.x);
    if (slope > 0) this.view.zoom([low, high]);
  },

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
  },
});
