// ---- The page: its sections, the listening to a running training, and the start.

const MOST_EVENTS = 5000;
/** Sections of plots, by the plots' `section`. */
const PLOT_SECTIONS = {
  evaluation: "Evaluation", mistakes: "Mistakes", clusters: "Clusters and components", data: "Data",
  model: "Inside the model", comparison: "Differences",
};

/** The sections that can be folded, and a table of contents of those that show something. */
class Page {
  sections = new Map();

  constructor(root) {
    this.nav = element("nav", { "aria-label": "Contents" });
    this.main = element("main", { id: "main" });
    this.top = element("div", null);
    this.foot = element("footer", null);
    root.append(element("a", { class: "skip", href: "#main" }, "Skip to the content"), spoken,
      element("div", { class: "frame" }, element("div", null), this.top, this.nav, this.main,
        element("div", null), this.foot));
    this.seen = new IntersectionObserver(() => this.mark(), { rootMargin: "0px 0px -60% 0px" });
    for (const [event, open] of [["beforeprint", true], ["afterprint", false]]) {
      window.addEventListener(event, () => this.unfold(open));
    }
  }

  /** The body of a section; `shown` says whether there is something in it. */
  section(id, title, shown = true, aside = null) {
    let section = this.sections.get(id);
    if (!section) {
      section = {
        body: element("div", { class: "body" }), aside: element("span", { class: "soft" }),
        link: element("a", { href: `#${id}` }, title),
      };
      section.frame = element("details", { id, open: true },
        element("summary", null, element("h2", null, title), section.aside), section.body);
      this.sections.set(id, section);
      this.main.append(section.frame);
      this.nav.append(section.link);
      this.seen.observe(section.frame);
    }
    section.frame.hidden = section.link.hidden = !shown;
    if (aside !== null && section.aside.textContent !== aside) section.aside.textContent = aside;
    return section.body;
  }

  mark() {
    const line = window.innerHeight * 0.4;
    let current = null;
    for (const section of this.sections.values()) {
      if (!section.frame.hidden && section.frame.getBoundingClientRect().top < line) current = section;
    }
    for (const section of this.sections.values()) {
      if (section === current) section.link.setAttribute("aria-current", "true");
      else section.link.removeAttribute("aria-current");
    }
  }

  /** On paper everything is unfolded; afterwards what was folded is folded again. */
  unfold(open) {
    if (open) {
      this.folded = [...document.querySelectorAll("details:not([open])")];
      for (const details of this.folded) details.open = true;
    } else for (const details of this.folded ?? []) details.open = false;
  }
}

/** One run on the page. `update` draws the parts whose values have changed. */
class RunView {
  constructor(page, live) {
    this.page = page;
    this.header = new Header();
    this.curves = new Curves(live);
    this.timeLine = new TimeLine();
    this.log = new Log();
    this.drawn = new Map();
    page.top.replaceChildren(this.header.body);
    // The order of the page.
    for (const [id, title] of [["curves", "Curves"], ["workers", "Workers"], ["time-line", "Time line"],
      ["plots-evaluation", PLOT_SECTIONS.evaluation], ["plots-mistakes", PLOT_SECTIONS.mistakes],
      ["plots-clusters", PLOT_SECTIONS.clusters], ["plots-data", PLOT_SECTIONS.data],
      ["time", "Where the time goes"],
      ["memory", "Memory"], ["model", "Model"], ["plots-model", PLOT_SECTIONS.model], ["config", "Config"],
      ["environment", "Environment"], ["log", "Log"]]) page.section(id, title, false);
    page.section("curves", "Curves", false).append(this.curves.body);
    page.section("time-line", "Time line", false).append(this.timeLine.body);
    page.section("log", "Log", false).append(this.log.body);
  }

  update(run) {
    const { page } = this;
    this.header.update(run);
    page.section("curves", "Curves", this.curves.update([run]) > 0);
    const workers = list(run.workers);
    const members = workers.filter((worker) => record(worker).state === "member").length;
    this.part("workers", workers, workersTable,
      run.state === "finished" ? "" : `${grouped(members)} of ${grouped(workers.length)} take part`);
    page.section("time-line", "Time line", this.timeLine.update(run) > 0);
    this.part("time", list(run.phases), phasesFigure, "milliseconds per step");
    this.part("memory", list(run.memory), memoryTable);
    this.part("model", list(record(run.model).rows), () => modelTable(record(run.model)),
      number(record(run.model).parameters) === null ? null : `${figure(run.model.parameters)} parameters`);
    this.part("config", run.config ? [run.config] : [],
      ([text]) => element("pre", { tabindex: 0 }, string(text)));
    const facts = [list(run.environment), run.command, run.directory, list(run.dropped)];
    this.part("environment", facts.flat().some(Boolean) ? facts : [], () => this.environment(run));
    this.part("plots", list(run.plots), (plots) => { drawPlots(page, plots); return ""; });
    const events = list(run.events);
    page.section("log", "Log", this.log.update(events) > 0);
    page.mark();
  }

  /** Draws a section anew if its values are others than those that it shows. */
  part(id, values, draw, aside = null) {
    const text = JSON.stringify(values);
    if (this.drawn.get(id) === text) return;
    this.drawn.set(id, text);
    if (id === "plots") return draw(values);
    const section = this.page.sections.get(id);
    const body = this.page.section(id, "", values.length > 0, aside);
    if (!values.length) return;
    const scrolled = section.body.querySelector(".scroll")?.scrollLeft;
    const open = section.body.querySelector("details.part")?.open;
    body.replaceChildren(...[draw(values)].flat());
    if (scrolled) section.body.querySelector(".scroll").scrollLeft = scrolled;
    if (open) section.body.querySelector("details.part").open = true;
  }

  environment(run) {
    const dropped = list(run.dropped).map(record).filter((one) => number(one.count) > 0);
    return [
      pairsList([...(run.directory ? [["run directory", run.directory]] : []), ...list(run.environment),
        ...dropped.map((one) => [`left out by ${string(one.sink)}`, `${figure(one.count)} entries`])]),
      run.command ? [element("h3", { class: "part" }, "The command that reproduces it"),
        element("pre", { class: "command", tabindex: 0 }, string(run.command))] : [],
    ].flat();
  }
}

function drawPlots(page, plots) {
  const groups = new Map();
  for (const plot of plots) {
    const wanted = string(record(plot).section);
    const section = Object.hasOwn(PLOT_SECTIONS, wanted) ? wanted : "evaluation";
    if (!groups.has(section)) groups.set(section, element("div", { class: "grid" }));
    groups.get(section).append(drawPlot(plot));
  }
  for (const section of Object.keys(PLOT_SECTIONS)) {
    const id = `plots-${section}`;
    if (!groups.has(section) && !page.sections.has(id)) continue;
    page.section(id, PLOT_SECTIONS[section], groups.has(section)).replaceChildren(groups.get(section) ?? "");
  }
}

// ---- Several runs

function drawComparison(page, shown) {
  const runs = list(shown.runs).map(record);
  page.top.replaceChildren(element("header", { class: "run" }, element("div", { class: "title" },
    element("h1", null, `${runs.length} runs compared`))));
  const columns = [{ name: "run",
    cell: (index) =>
      [element("i", { class: "chip", style: { background: colour(index) } }), name(runs[index].name)] },
    { name: "state", cell: (value) => pill(stateOf(value)) }, { name: "steps", align: "right" },
    { name: "epochs", align: "right" },
    { name: "training time", align: "right", cell: duration }, { name: "best", align: "right" },
    { name: "directory" }];
  page.section("runs", "Runs").append(table(columns, runs.map((run, index) => {
    const [progress, best] = [record(run.progress), record(run.best)];
    return [index, run.state, number(progress.step), number(progress.epoch),
      number(record(run.time).training),
      number(best.value) === null ? null
        : `${string(best.monitor).replace(/[._]/g, " ")} ${figure(best.value)}`, run.directory ?? null];
  }), { caption: "Runs" }));
  const curves = new Curves(false);
  const body = page.section("curves", "Curves");
  body.append(curves.body);
  curves.offerRuns(runs);
  page.section("curves", "Curves", curves.update(runs) > 0);
  drawPlots(page, list(shown.plots));
  const keys = [...new Set(
    runs.flatMap((run) => list(run.environment).map((pair) => string(list(pair)[0]))))];
  const rows = keys.map(
    (key) => [titled(key),
      ...runs.map((run) => list(run.environment).find((pair) => list(pair)[0] === key)?.[1] ?? null)]);
  page.section("environment", "Environment", keys.length > 0)
    .append(table(
      [{ name: "" }, ...runs.map((run) => ({ name: label(run.name, 30) }))], rows,
      { caption: "Environment", sorts: false }));
}

// ---- A running training

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
    document.addEventListener("visibilitychange", () => { if (this.late) this.schedule(); });
    window.addEventListener("pagehide", () => this.source?.close());
    window.addEventListener("pageshow", (event) => { if (event.persisted && !this.over) this.connect(); });
    this.connect();
  }

  connect() {
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
    if (this.failures > 6) {
      const again = element(
        "button", { type: "button", onclick: () => { this.failures = 1; this.connect(); } }, "Try again");
      this.tell(["bad", "the server has gone"], again);
      return;
    }
    this.tell(["warn", "no connection, trying again"]);
    setTimeout(() => this.connect(), 1000 * 2 ** (this.failures - 1));
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
    else drawPlots(page, [...list(runs[0].plots), ...list(shown.plots)]);
  }
  page.foot.textContent = made;
  page.mark();
}

start();
