// ---- The plots of a report: each kind has one function, which makes a figure.

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
