// ---- What charts are made of: colours, dashes, marks, smoothing, and the view that charts share.

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

  /** Shows a range of x, or all; one that is too narrow to draw is refused. */
  zoom(range) {
    if (range && !(range[1] - range[0] > 1e-9 * Math.max(Math.abs(range[0]), Math.abs(range[1])))) return;
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
