// ---- The curves of a run, or of several runs over each other.

const GROUP_TITLES = {
  loss: "Loss", learning_rate: "Learning rate", gradient_norms: "Gradient norms (L2)",
  dead_units: "Dead units",
  samples_per_second: "Speed",
};
/** Groups that describe the training and not the model come last. */
const GROUP_ORDER = ["learning_rate", "samples_per_second", "dead_units", "gradient_norms"];
const LOGARITHMIC = new Set(["gradient_norms"]);

class Curves {
  constructor(live) {
    this.live = live;
    this.view = new View();
    this.charts = new Map();
    this.byEpoch = false;
    this.hidden = new Set();
    this.body = element("div", null);
    this.grid = element("div", { class: "grid" });
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const chart = target.chart;
        chart.shown = isIntersecting;
        if (isIntersecting && chart.stale) chart.stale();
      }
    }, { rootMargin: "200px" });
    this.body.append(this.tools(), this.grid);
  }

  tools() {
    const told = element("output", null, "0");
    const slider = element("input", {
      type: "range", min: 0, max: 0.99, step: 0.01, value: 0, oninput: () => {
        this.view.smoothing = Number(slider.value);
        told.textContent = this.view.smoothing ? this.view.smoothing.toFixed(2) : "0";
        this.view.redraw();
      },
    });
    const reset = element(
      "button", { type: "button", hidden: true, onclick: () => this.view.zoom(null) }, "Show all");
    this.view.changed = () => { reset.hidden = this.view.range === null; };
    this.axis = choice("x axis", ["step", "epoch"], 0, (index) => {
      this.byEpoch = index === 1;
      this.view.range = this.view.hover = null;
      this.view.changed();
      this.update(this.runs);
    });
    this.runTools = element("span", { class: "group runs" });
    return element("div", { class: "tools" }, element("label", null, "Smoothing", slider, told), this.axis,
      this.runTools, reset,
      element("span", { class: "small" }, matchMedia("(pointer: coarse)").matches
        ? "Touch a chart to read it; two fingers look closer."
        : "Drag across a chart to look closer; double-click shows all."));
  }

  /** Draws what the runs have now. Charts that cannot be seen are drawn when they come into sight. */
  update(runs) {
    this.runs = runs;
    this.axis.hidden = !runs.every((run) => perEpoch(run) > 0);
    const groups = new Map();
    runs.forEach((run, index) => {
      for (const curve of list(run.curves)) {
        if (!curve || typeof curve !== "object") continue;
        const group = string(curve.group) || "other";
        if (runs.length > 1 && (group === "gradient_norms" || group === "dead_units" || isPale(curve, run))) {
          continue;
        }
        if (!groups.has(group)) groups.set(group, []);
        groups.get(group).push({ curve, run, index });
      }
    });
    const rank = (group) => GROUP_ORDER.indexOf(group);
    const order = [...groups.keys()].sort((a, b) => rank(a) - rank(b));
    for (const group of order) this.draw(group, groups.get(group));
    const wanted = order.map((group) => this.charts.get(group).figure);
    for (const [group, chart] of this.charts) if (!groups.has(group)) chart.figure.remove();
    wanted.forEach((figure, index) => {
      if (this.grid.children[index] !== figure) {
        this.grid.insertBefore(figure, this.grid.children[index] ?? null);
      }
    });
    return order.length;
  }

  draw(group, members) {
    let chart = this.charts.get(group);
    if (!chart) {
      chart = new Chart({
        title: Object.hasOwn(GROUP_TITLES, group) ? GROUP_TITLES[group] : titled(group), view: this.view,
        canLog: true, log: LOGARITHMIC.has(group), latest: true, keepsColours: this.runs.length > 1,
        x: { whole: true }, y: { unit: "" },
      });
      this.charts.set(group, chart);
      chart.figure.dataset.group = group;
      chart.figure.chart = chart;
      this.seen.observe(chart.figure);
    }
    const work = () => {
      chart.stale = null;
      chart.options.x = { label: this.byEpoch ? "epoch" : "step", whole: !this.byEpoch };
      chart.options.y.unit = string(members[0].curve.unit);
      const shown = members.filter(({ index }) => !this.hidden.has(index));
      chart.update(shown.map((member, place) => this.series(member, place, shown)), this.marks(shown));
    };
    if (this.live && chart.width && !chart.shown) chart.stale = work; else work();
  }

  series({ curve, run, index }, place, members) {
    const factor = this.byEpoch ? perEpoch(run) : 1;
    const several = this.runs.length > 1;
    const x = [];
    const y = [];
    const low = [];
    const high = [];
    const banded = list(curve.low).length > 0;
    list(curve.x).forEach((value, at) => {
      if (number(value) === null) return;
      x.push(value / factor);
      y.push(number(list(curve.y)[at]));
      if (banded) { low.push(number(curve.low[at])); high.push(number(list(curve.high)[at])); }
    });
    const set = string(curve.set);
    const twins = members.filter((other) => set && other.curve.set === curve.set && other.index === index);
    const pale = isPale(curve, run);
    const twin = !pale && twins.filter((other) => other.curve.by === curve.by)[0]?.curve !== curve;
    const colourOf = several ? index : set === "validation" && !twin ? 1 : set === "train" && !twin ? 0
      : members.length === 1 ? 0 : set ? 2 + place : place;
    const dashed = several ? set === "train" : set === "validation";
    const title = string(curve.name) || set || string(curve.id);
    return {
      name: several ? `${string(run.name)}${this.sameNames ? ` (${index + 1})` : ""}, ${title}` : title, x,
      y, low, high,
      draw: "line", colour: colourOf % COLOURS,
      dash: dashed ? (several ? "2 3" : "7 4") : several ? DASHES[Math.floor(index / COLOURS) % DASHES.length]
        : set ? null : DASHES[place % DASHES.length],
      pale, smooths: curve.group !== "learning_rate", marker: set !== "" && curve.by === "epoch",
    };
  }

  /** The best epoch: a line in every chart of a measure, and a ring on the curve that was monitored. */
  marks(members) {
    if (this.runs.length > 1 || !members.some(({ curve }) => string(curve.set))) return [];
    const { run } = members[0];
    const best = record(run.best);
    if (number(best.step) === null) return [];
    const place = members.findIndex(({ curve }) => curve.id === best.monitor);
    return [{
      x: this.byEpoch ? best.step / perEpoch(run) : best.step, y: place >= 0 ? number(best.value) : null,
      text: place >= 0 ? `best ${figure(best.value)}` : "best",
      colour: string(members[place]?.curve.set) === "train" ? 0 : 1,
    }];
  }

  /** Buttons that show and hide runs. */
  offerRuns(runs) {
    this.sameNames = new Set(runs.map((run) => string(run.name))).size < runs.length;
    this.runTools.append(element("span", null, "runs"), ...runs.map((run, index) => {
      const button = toggle(label(run.name, 18) + (this.sameNames ? ` (${index + 1})` : ""), true, (on) => {
        if (on) this.hidden.delete(index); else this.hidden.add(index);
        this.update(this.runs);
      });
      button.prepend(element("i", { class: "chip", style: { background: colour(index) } }));
      return button;
    }));
  }
}

/** Values of steps are noise around those of epochs: the same colour, paler, and not compared. */
function isPale(curve, run) {
  return curve.by === "step" && string(curve.set) !== "" && list(run.curves).some((other) =>
    record(other).by === "epoch" && other.set === curve.set && other.group === curve.group);
}

function perEpoch(run) {
  const { steps, epochs } = record(run.progress);
  return number(steps) > 0 && number(epochs) > 0 ? steps / epochs : 0;
}
