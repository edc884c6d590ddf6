// ---- The parts of a run: workers, memory, model, environment.

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
