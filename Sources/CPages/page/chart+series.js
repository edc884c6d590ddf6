// ---- How a chart draws its series.

Object.assign(Chart.prototype, {
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
  },

  fits(x, y) { return x !== null && y !== null && y !== undefined && (!this.log || y > 0); },

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
  },

  /** Whether the range within buckets is shown: those of more than three curves would hide each other. */
  banded(one) { return one.low?.length > 0 && this.series.length <= 3; },

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
  },

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
  },

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
  },
});
