// ---- The page: its sections, and the view of one run.

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
