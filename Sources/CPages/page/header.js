// ---- The head of a run: its state, progress and results.

/** Each state's tone and word. */
const STATES = {
  starting: ["off", "starting"], waiting: ["warn", "waiting for workers"], training: ["busy", "training"],
  finished: ["good", "finished"], stopped: ["warn", "stopped"], failed: ["bad", "failed"],
  interrupted: ["warn", "interrupted"],
  member: ["good", "member"], spare: ["off", "spare"], joining: ["busy", "joining"], left: ["off", "left"],
  lost: ["bad", "lost"],
};
const stateOf = (value) =>
  Object.hasOwn(STATES, string(value)) ? STATES[value] : ["off", label(value, 20) || "–"];

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
