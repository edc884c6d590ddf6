// ---- Where the time goes: milliseconds per step of each worker.

/** Stacked bars, and the same as a table. */
function phasesFigure(phases) {
  const rows = phases.map(record).map(perStep);
  const names = [...new Set(rows.flatMap(({ parts }) => parts.map(([part]) => part)))];
  const tint = (part) => (part === "waiting" ? "var(--line)" : colour(names.indexOf(part)));
  const plot = element("div", { class: "plot" });
  new ResizeObserver(() => {
    if (plot.clientWidth) plot.replaceChildren(phaseBars(rows, tint, plot.clientWidth));
  }).observe(plot);
  const legend = names.map((part) => element("li", null,
    element("i", { class: "chip", style: { background: tint(part), "margin-right": "0" } }),
    element("span", { class: "name" }, name(part))));
  return [element("ul", { class: "legend" }, legend), plot, phaseTable(rows, names)];
}

/** The milliseconds of a step of a worker: in the step, and beside it on other threads. */
function perStep(row) {
  const steps = Math.max(1, number(row.steps) ?? 1);
  const read = (parts) =>
    list(parts).map((part) => [string(list(part)[0]), (number(list(part)[1]) ?? 0) * 1000 / steps]);
  const parts = read(row.parts);
  const who = [string(row.worker) && `worker ${string(row.worker)}`,
    string(row.name) && `(${string(row.name)})`];
  return {
    who: who.filter(Boolean).join(" "), steps: number(row.steps), parts, beside: read(row.beside),
    total: parts.reduce((sum, part) => sum + part[1], 0),
  };
}

function phaseBars(rows, tint, width) {
  const told = (milliseconds) => `${pointed(milliseconds.toFixed(2))} ms`;
  const longest = Math.max(1e-9, ...rows.map(({ total }) => total));
  const thick = rows.length > 16 ? 12 : 20;
  const pitch = thick + (rows.length > 16 ? 4 : 10);
  const left = 12 + Math.min(Math.max(0, ...rows.map(({ who }) => widthOf(who))), width * 0.3);
  const scale = (width - left - widthOf(told(longest)) - 16) / longest;
  const words = rows.slice(0, 20).map(({ who, total }) => `${who} ${total.toFixed(2)}`).join(", ");
  const row = ({ who, parts, total }, index) => {
    const [y, middle] = [pitch * index, pitch * index + thick / 2 + 4];
    let x = left;
    const bars = parts.map(([part, milliseconds]) => {
      const share = percent(total && milliseconds / total);
      const bar = shape("rect", {
        x, y, width: Math.max(0, milliseconds * scale - 1), height: thick, fill: tint(part),
      }, shape("title", null, `${part}: ${milliseconds.toFixed(2)} ms per step (${share})`));
      x += milliseconds * scale;
      return bar;
    });
    return [shape("text", { x: left - 10, y: middle, "text-anchor": "end" }, fitted(who, left - 12)), bars,
      shape("text", { x: x + 6, y: middle, class: "strong" }, told(total))];
  };
  return shape("svg", {
    viewBox: `0 0 ${width} ${pitch * rows.length}`, role: "img",
    "aria-label": `Milliseconds per step: ${words}`,
  }, rows.map(row));
}

function phaseTable(rows, names) {
  const besides = [...new Set(rows.flatMap(({ beside }) => beside.map(([part]) => part)))];
  const milliseconds = (value) => (number(value) === null ? "–" : value.toFixed(2));
  const right = (part) => ({ name: part, align: "right", cell: milliseconds });
  const columns = [{ name: "worker" }, { name: "steps", align: "right" }, right("step"), ...names.map(right),
    ...besides.map((part) => right(`${part} (beside)`))];
  const values = rows.map(({ who, steps, parts, beside, total }) => [who, steps, total,
    ...names.map((part) => new Map(parts).get(part) ?? null),
    ...besides.map((part) => new Map(beside).get(part) ?? null)]);
  return element(
    "details", { class: "part" }, element("summary", null, "As a table, in milliseconds per step"),
    table(columns, values, { caption: "Milliseconds per step", sorts: false }),
    besides.length > 0 && element("p", { class: "soft small" },
      "“Beside” ran while the step went on, on other threads."));
}
