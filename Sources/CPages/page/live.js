// ---- Listening to a running training, and the start.

const MOST_EVENTS = 5000;
const MOST_TRIES = 6;
/** Puts a change into the run: curves are cut and continued, events appended, all else replaced. */
function merge(run, change) {
  for (const [key, value] of Object.entries(record(change))) {
    if (key === "curves") mergeCurves(run, list(value));
    else if (key === "events") run.events = list(run.events).concat(list(value)).slice(-MOST_EVENTS);
    else run[key] = value;
  }
}

function mergeCurves(run, changes) {
  run.curves = list(run.curves);
  for (const change of changes.map(record)) {
    let curve = run.curves.find((other) => record(other).id === change.id);
    if (!curve) run.curves.push(curve = { x: [], y: [], low: [], high: [] });
    const { from, x, y, low, high, ...facts } = change;
    const at = Math.max(0, number(from) ?? 0);
    Object.assign(curve, facts);
    for (const [key, values] of Object.entries({ x, y, low, high })) {
      const kept = list(curve[key]);
      kept.length = Math.min(kept.length, at);
      for (const value of list(values)) kept.push(value);
      curve[key] = kept;
    }
  }
}

/** Listens to the server of a run, and draws at most four times a second and never in a hidden tab. */
class Live {
  failures = 0;
  timer = null;
  cost = 0;
  late = false;

  constructor(view, run) {
    this.view = view;
    this.run = run;
    document.addEventListener("visibilitychange", () => {
      if (this.late) this.schedule();
      // A computer that has slept tries again when somebody looks.
      if (!document.hidden && this.failures > MOST_TRIES && !this.over) this.again();
    });
    window.addEventListener("pagehide", () => this.source?.close());
    window.addEventListener("pageshow", (event) => { if (event.persisted && !this.over) this.connect(); });
    this.connect();
  }

  connect() {
    this.source?.close();
    this.tell(["off", this.failures ? "connecting again" : "connecting"]);
    const source = (this.source = new EventSource("events"));
    const hear = (kind, act) => source.addEventListener(kind, (event) => {
      let data;
      try { data = JSON.parse(event.data); } catch { return; }
      this.failures = 0;
      act(data);
    });
    hear("state", (run) => { this.replace(run); this.tell(["busy", "live"]); });
    hear("change", (change) => { merge(this.run, change); this.schedule(); });
    hear("end", (run) => {
      this.over = true;
      source.close();
      this.replace(run);
      this.tell([stateOf(this.run.state)[0], "the run has ended"]);
    });
    source.onerror = () => { source.close(); if (!this.over) this.retry(); };
  }

  /** Tries again after growing pauses, and in the end only when it is asked to. */
  retry() {
    this.failures += 1;
    if (this.failures > MOST_TRIES) {
      const again = element("button", { type: "button", onclick: () => this.again() }, "Try again");
      this.tell(["bad", "the server has gone"], again);
      return;
    }
    this.tell(["warn", "no connection, trying again"]);
    setTimeout(() => this.connect(), 1000 * 2 ** (this.failures - 1));
  }

  again() {
    this.failures = 1;
    this.connect();
  }

  tell(state, button = null) { this.view.header.link.replaceChildren(pill(state), button ?? ""); }

  replace(run) {
    this.run = record(run);
    this.schedule();
  }

  /** Drawing takes at most a twentieth of one processor. */
  schedule() {
    this.late = true;
    if (this.timer !== null || document.hidden) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (document.hidden) return;
      this.late = false;
      const begin = performance.now();
      show(this.view, this.run);
      this.cost = performance.now() - begin;
    }, this.drawnOnce ? Math.min(2000, Math.max(250, 20 * this.cost)) : 0);
    this.drawnOnce = true;
  }
}

function show(view, run) {
  view.update(run);
  const { step, steps } = record(run.progress);
  const part = run.state === "training" && steps > 0 ? `${Math.floor(100 * step / steps)} % ` : "";
  document.title = `${part}${label(run.name, 60)} (${stateOf(run.state)[1]})`;
}

function start() {
  const page = new Page(document.getElementById("page"));
  let shown = {};
  try {
    shown = record(JSON.parse(document.getElementById("document").textContent));
  } catch { /* an empty page says so */ }
  const runs = list(shown.runs).map(record);
  const made = `${string(shown.program)}${number(shown.made) === null ? "" : `, ${day(shown.made)}`}`;
  if (!runs.length) page.top.append(element("p", null, "This page holds no run."));
  else if (shown.kind === "comparison") drawComparison(page, shown);
  else {
    const view = new RunView(page, shown.kind === "live");
    show(view, runs[0]);
    if (shown.kind === "live") new Live(view, runs[0]);
  }
  page.foot.textContent = made;
  page.mark();
}

start();
