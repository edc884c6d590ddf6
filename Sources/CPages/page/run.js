// ---- The parts of a run: header, workers, where the time goes, memory, model, config, environment, log.

/** Each state's tone and word. */
const STATES = {
  starting: ["off", "starting"], waiting: ["warn", "waiting for workers"], training: ["busy", "training"],
  finished: ["good", "finished"], stopped: ["warn", "stopped"], failed: ["bad", "failed"],
  interrupted: ["warn", "interrupted"],
  member: ["good", "member"], spare: ["off", "spare"], joining: ["busy", "joining"], left: ["off", "left"],
  lost: ["bad", "lost"],
};
const stateOf = (value) => (Object.hasOwn(STATES, string(value)) ? STATES[value] : ["off", label(value, 20) || "–"]);

function pill([tone, text]) { return element("span", { class: `pill dot ${tone}` }, text); }

const share = (value) => element("span", { class: "bar share", "aria-hidden": "true" },
  element("i", { style: { width: `${Math.min(100, Math.max(0, 100 * value)).toFixed(1)}%` } }));

class Header {
  constructor() {
    this.state = element("span", null);
    this.link = element("span", null);
    this.body = element("header", { class: "run" });
  }

  update(run) {
    const [progress, best, time] = [record(run.progress), record(run.best), record(run.time)];
    const state = stateOf(run.state);
    const part = number(progress.steps) > 0
      ? Math.min(1, Math.max(0, (number(progress.step) ?? 0) / progress.steps)) : null;
    this.state.replaceChildren(pill(state));
    if (!this.title) {
      this.title = element("h1", null);
      this.kept = element("span", { class: "soft" });
      this.note = element("p", { class: "message", hidden: true });
      this.fillBar = element("i", null);
      this.bar = element(
        "div", { class: "bar progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0,
        "aria-valuemax": 100 }, this.fillBar);
      this.tiles = element("dl", { class: "tiles" });
      this.figures = element("div", null);
      this.body.append(element("div", { class: "title" }, this.title, this.state, this.link, this.kept),
        this.note, this.bar, this.tiles, this.figures);
    }
    this.title.replaceChildren(name(run.name));
    this.kept.replaceChildren(number(time.started) !== null ? `started ${day(time.started)}` : "");
    this.note.hidden = !run.message;
    this.note.className = `message ${state[0]}`;
    this.note.textContent = string(run.message);
    this.bar.hidden = part === null || run.state === "finished";
    this.bar.setAttribute("aria-valuenow", String(Math.round(100 * (part ?? 0))));
    this.fillBar.style.width = `${(100 * (part ?? 0)).toFixed(2)}%`;
    this.drawTiles(run, progress, best, time, part);
    if (JSON.stringify(run.figures) !== this.drawn) {
      this.drawn = JSON.stringify(run.figures);
      this.figures.replaceChildren(figuresTable(list(run.figures)));
    }
  }

  drawTiles(run, progress, best, time, part) {
    const of = (value, total) => (number(total) > 0 ? `of ${figure(total)}` : null);
    const tiles = [
      number(progress.step) !== null && ["Step", figure(progress.step), [of(progress.step, progress.steps),
        part !== null && part < 1 && percent(part)].filter(Boolean).join(", ")],
      number(progress.epoch) !== null
        && ["Epoch", figure(progress.epoch), of(progress.epoch, progress.epochs)],
      number(progress.samples_per_second) !== null
        && ["Speed", figure(Math.round(progress.samples_per_second)), "samples/s"],
      ["starting", "waiting", "training"].includes(run.state) && number(progress.seconds_left) !== null
        && ["Time left", duration(progress.seconds_left), "at this speed"],
      number(time.training) !== null && ["Training time", duration(time.training), null],
      number(best.value) !== null
        && [`Best ${label(string(best.monitor).replace(/[._]/g, " "), 32)}`, figure(best.value),
        [number(best.epoch) !== null && `epoch ${figure(best.epoch)}`,
          number(best.step) !== null && `step ${figure(best.step)}`]
          .filter(Boolean).join(", ")],
    ].filter(Boolean);
    this.tiles.replaceChildren(
      ...tiles.map(
        ([title, value, below]) => element("div", { class: title.startsWith("Best") ? "best" : null },
      element("dt", null, title), element("dd", null, value, below ? element("small", null, below) : null))));
  }
}

/** The results with their intervals, drawn on one scale where they are shares. */
function figuresTable(figures) {
  const rows = figures.map(record).filter((one) => string(one.name));
  if (!rows.length) return "";
  const drawn = rows.some((one) => number(one.low) !== null && number(one.high) !== null);
  const shares = drawn
    && rows.filter((one) => number(one.low) !== null).every((one) => one.low >= 0 && one.high <= 1);
  const from = shares ? Math.min(...rows.filter((one) => number(one.low) !== null).map((one) => one.low)) : 0;
  const floor = Math.floor(Math.max(0, 2 * from - 1) * 10) / 10;
  const columns = [{ name: "set" }, { name: "measure" }, { name: "value", align: "right" },
    ...(drawn ? [{ name: "95 % interval", align: "right" }] : []),
    ...(shares ? [{ name: `${floor} to 1`, cell: (one) => whisker(one, floor) }] : [])];
  return element(
    "div", { class: "figures" },
    table(columns, rows.map((one) => [string(one.set), string(one.name).replace(/_/g, " "),
    withUnit(figure(number(one.value)), one.unit),
    ...(drawn ? [number(one.low) === null
      || number(one.high) === null ? null : `${figure(one.low)} to ${figure(one.high)}`] : []),
    ...(shares ? [one] : [])]), { caption: "Results", sorts: false }));
}

function whisker(one, floor) {
  if (number(one.low) === null || number(one.high) === null || number(one.value) === null) {
    return element("span", null);
  }
  const x = (value) => 4 + 152 * Math.max(0, (value - floor) / (1 - floor));
  return shape("svg", { viewBox: "0 0 160 12", width: 160, height: 12, "aria-hidden": "true" },
    shape("line", { class: "axis", x1: 4, x2: 156, y1: 6, y2: 6 }),
    shape("line",
      { x1: x(one.low), x2: x(one.high), y1: 6, y2: 6, stroke: "var(--c0)", "stroke-width": 3,
        "stroke-linecap": "round" }),
    shape("circle", { cx: x(one.value), cy: 6, r: 4, fill: "var(--c0)" }));
}

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

/** The log, with a filter by level and text. The newest entries stand last, and stay in sight. */
class Log {
  first = 300;

  constructor() {
    this.level = element("select", { "aria-label": "Level", onchange: () => this.draw() },
      [["0", "all levels"], ["1", "info and above"], ["2", "warnings and errors"], ["3", "errors"]].map(
        ([value, text]) =>
        element("option", { value, selected: value === "1" }, text)));
    this.search = element(
      "input", { type: "search", placeholder: "Search", "aria-label": "Search the log",
        oninput: () => this.draw() });
    this.count = element("span", { class: "small" });
    this.more = element(
      "button", { type: "button", class: "more", onclick: () => { this.first = Infinity; this.draw(); } });
    this.rows = element("ol", { class: "log", tabindex: 0, "aria-label": "Log" });
    this.body = element(
      "div", null, element("div", { class: "tools" }, this.level, this.search, this.count), this.rows,
      this.more);
  }

  update(events) {
    if (events.length === this.events?.length && events[0] === this.events?.[0]) return events.length;
    this.events = events;
    this.draw();
    return events.length;
  }

  draw() {
    const order = ["debug", "info", "warning", "error"];
    const wanted = this.search.value.toLowerCase();
    const found = this.events.map(record).filter(
      (entry) => Math.max(0, order.indexOf(entry.level)) >= Number(this.level.value)
      && (!wanted || `${string(entry.text)} ${string(entry.event)}`.toLowerCase().includes(wanted)));
    const { rows } = this;
    const atEnd = !rows.childElementCount || rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 8;
    this.count.textContent = `${grouped(found.length)} of ${grouped(this.events.length)} entries`;
    this.more.hidden = found.length <= this.first;
    this.more.textContent = `Show all ${grouped(found.length)} entries`;
    rows.replaceChildren(...found.slice(-Math.min(this.first, 1e9)).map((entry) => element("li", {
      class: order.includes(entry.level) ? entry.level : null,
    }, element("time", null, clock(entry.time)), element("span", { class: "level" }, string(entry.level)),
    element("bdi", { class: "text" }, string(entry.text)))));
    if (atEnd) rows.scrollTop = rows.scrollHeight;
  }
}
