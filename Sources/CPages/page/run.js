// ---- The parts of a run: workers, where the time goes, memory, model, environment.

/** The columns of the workers, by the keys of their values. */
const WORKER_COLUMNS = {
  number: { name: "worker", align: "right" }, name: { name: "name" }, address: { name: "address" },
  state: { name: "state", cell: (value) => pill(stateOf(value)) }, rank: { name: "rank", align: "right" },
  microbatches: { name: "microbatches", align: "right" },
  share: { name: "share of a step", align: "right",
    cell: (value) => known(value) ?? [percent(value), share(value)] },
  speed: { name: "speed", align: "right", cell: (value) => known(value) ?? `${value.toFixed(2)}\u00a0×` },
  waiting: { name: "waiting", align: "right", cell: percent },
  heartbeat: { name: "heartbeat", align: "right", cell: (value) => known(value) ?? `${duration(value)} ago` },
  memory: { name: "memory", align: "right", cell: bytes }, step: { name: "step", align: "right" },
  phase: { name: "phase" },
};
/** A dash for what is no number, else null. */
const known = (value) => (number(value) === null ? "–" : null);

function workersTable(workers) {
  // Those who compute stand first, those who are gone last: they have no part in the work any more.
  const order = ["member", "joining", "spare", "left", "lost"];
  const isGone = (row) => order.indexOf(row.state) > 2;
  const keys = Object.keys(WORKER_COLUMNS);
  const lasting = ["number", "name", "address", "state", "memory", "step"];
  const value = (row, key) => (isGone(row) && !lasting.includes(key) ? null : row[key] ?? null);
  const rows = workers.map(record).sort((a, b) =>
    order.indexOf(a.state) - order.indexOf(b.state) || (number(a.number) ?? 0) - (number(b.number) ?? 0));
  // Columns of which nothing is known are left out.
  const used = keys.filter((key, index) => index < 4 || rows.some((row) => value(row, key) !== null));
  return table(
    used.map((key) => WORKER_COLUMNS[key]), rows.map((row) => used.map((key) => value(row, key))),
    { caption: "Workers", sorts: false, first: 200 });
}

/** Milliseconds per step of each worker as stacked bars, and as a table. */
function phasesFigure(phases) {
  const rows = phases.map(record).map((row) => {
    const steps = Math.max(1, number(row.steps) ?? 1);
    const read = (parts) =>
      list(parts).map((part) => [string(list(part)[0]), (number(list(part)[1]) ?? 0) * 1000 / steps]);
    const parts = read(row.parts);
    return { row, parts, beside: read(row.beside), total: parts.reduce((sum, part) => sum + part[1], 0) };
  });
  const names = [...new Set(rows.flatMap(({ parts }) => parts.map(([part]) => part)))];
  const besides = [...new Set(rows.flatMap(({ beside }) => beside.map(([part]) => part)))];
  const longest = Math.max(1e-9, ...rows.map(({ total }) => total));
  const tint = (part) => (part === "waiting" ? "var(--line)" : colour(names.indexOf(part)));
  const who = (row) => [
    string(row.worker) && `worker ${string(row.worker)}`, string(row.name) && `(${string(row.name)})`,
  ].filter(Boolean).join(" ");
  const told = (milliseconds) => `${pointed(milliseconds.toFixed(2))} ms`;
  const thick = rows.length > 16 ? 12 : 20;
  const pitch = thick + (rows.length > 16 ? 4 : 10);
  const plot = element("div", { class: "plot" });
  const draw = (width) => {
    const left = 12 + Math.min(Math.max(0, ...rows.map(({ row }) => widthOf(who(row)))), width * 0.3);
    const scale = (width - left - widthOf(told(longest)) - 16) / longest;
    plot.replaceChildren(shape("svg", {
      viewBox: `0 0 ${width} ${pitch * rows.length}`, role: "img",
      "aria-label": `Milliseconds per step: ${rows.slice(0, 20).map(({ row, total }) => `${who(row)} ${
        total.toFixed(2)}`).join(", ")}`,
    }, rows.map(({ row, parts, total }, index) => {
      const y = pitch * index;
      let x = left;
      return [shape(
        "text", { x: left - 10, y: y + thick / 2 + 4, "text-anchor": "end" },
        fitted(who(row), left - 12)),
        ...parts.map(([part, milliseconds]) => {
          const wide = milliseconds * scale;
          const bar = shape("rect", { x, y, width: Math.max(0, wide - 1), height: thick, fill: tint(part) },
            shape("title", null,
              `${part}: ${milliseconds.toFixed(2)} ms per step (${percent(total && milliseconds / total)})`));
          x += wide;
          return bar;
        }), shape("text", { x: x + 6, y: y + thick / 2 + 4, class: "strong" }, told(total))];
    })));
  };
  new ResizeObserver(() => { if (plot.clientWidth) draw(plot.clientWidth); }).observe(plot);
  const milliseconds = (value) => (number(value) === null ? "–" : value.toFixed(2));
  const right = (part) => ({ name: part, align: "right", cell: milliseconds });
  return [
    element("ul", { class: "legend" }, names.map((part) => element("li", null,
      element("i", { class: "chip", style: { background: tint(part), "margin-right": "0" } }),
      element("span", { class: "name" }, name(part))))),
    plot,
    element("details", { class: "part" }, element("summary", null, "As a table, in milliseconds per step"),
      table([{ name: "worker" }, { name: "steps", align: "right" }, right("step"), ...names.map(right),
        ...besides.map((part) => right(`${part} (beside)`))],
      rows.map(({ row, parts, beside, total }) => [who(row), number(row.steps), total,
        ...names.map((part) => new Map(parts).get(part) ?? null),
        ...besides.map((part) => new Map(beside).get(part) ?? null)]),
      { caption: "Milliseconds per step", sorts: false }),
      besides.length
        ? element("p", { class: "soft small" },
          "“Beside” ran while the step went on, on other threads.") : null),
  ];
}

function memoryTable(memory) {
  const rows = memory.map(record).sort((a, b) =>
    string(a.what).localeCompare(string(b.what), "en", { numeric: true }));
  const largest = Math.max(1, ...rows.map((row) => number(row.bytes) ?? 0));
  return table(
    [{ name: "process" }, { name: "memory", align: "right", cell: bytes },
      { name: "limit", align: "right", cell: bytes },
    { name: "", cell: (value) => share((number(value) ?? 0) / largest) }],
  rows.map((row) => [string(row.what), number(row.bytes), number(row.limit), number(row.bytes)]),
  { caption: "Memory", sorts: false });
}

function modelTable(model) {
  const rows = list(model.rows).map(record);
  const all = number(model.parameters) ?? rows.reduce((sum, row) => sum + (number(row.parameters) ?? 0), 0);
  const foot = element(
    "tr", null, element("th", { colspan: 3, scope: "row" }, "all"),
    element("td", { class: "right" }, figure(all)),
    element("td", null));
  return table(
    [{ name: "layer" }, { name: "kind" }, { name: "output" }, { name: "parameters", align: "right" },
    { name: "", cell: (value) => (value ? share(value / Math.max(1, all)) : "") }],
  rows.map((row) =>
    [string(row.name), string(row.kind), string(row.output), number(row.parameters), number(row.parameters)]),
  { caption: "Layers of the model", foot, sorts: false, first: 100 });
}

const pairsList = (values) => element("dl", { class: "pairs" }, values.flatMap((pair) => {
  const [key, value] = list(pair);
  return [element("dt", null, titled(key)), element("dd", null, name(value))];
}));
