// ---- The time line: a lane for each worker, from joining to leaving, and lanes for what concerns all.

/** Where an event stands, and how it is drawn: the lane, the kind of its mark and its colour. */
const MARKS = {
  worker_joined: ["worker", 5, "--good"], worker_left: ["worker", 1, "--c6"],
  worker_lost: ["worker", 4, "--bad"],
  worker_refused: ["worker", 3, "--warn"], worker_spare: ["worker", 1, "--warn"],
  worker_paused: ["worker", 1, "--warn"],
  audit_convicted: ["worker", 4, "--bad"], workers_disconnected: ["worker", 3, "--warn"],
  process_ended: ["run", 3, "--bad"], process_replaced: ["run", 0, "--good"],
  host_failed: ["run", 3, "--bad"],
  recovery_started: ["recoveries", 2, "--warn"], recovered: ["recoveries", 0, "--good"],
  checkpoint_written: ["checkpoints", 3, "--c0"], checkpoint_failed: ["checkpoints", 4, "--bad"],
  checkpoint_passed_over: ["checkpoints", 2, "--warn"],
  text_sampled: ["texts", 1, "--c0"], sample_failed: ["texts", 3, "--warn"],
  run_resumed: ["run", 2, "--c0"], generation_started: ["run", 0, "--c0"], stopped_early: ["run", 1, "--c0"],
  stop_requested: ["run", 1, "--warn"], run_stopped: ["run", 1, "--warn"], run_failed: ["run", 4, "--bad"],
  run_finished: ["run", 1, "--good"], workers_missing: ["run", 2, "--warn"],
  workers_stalled: ["run", 2, "--warn"],
};
const LANES = 24;

const markOf = (entry) => (Object.hasOwn(MARKS, string(entry.event)) ? MARKS[entry.event] : null);

class TimeLine {
  constructor() {
    this.svg = shape(
      "svg", { role: "group", "aria-label": "Time line: joins, losses, recoveries and checkpoints" });
    this.plot = element("div", { class: "plot" }, this.svg);
    this.told = element("p", { class: "sentence", "aria-live": "polite" });
    this.rows = element("div", null);
    this.body = element("div", null, this.plot, this.told,
      element("details", { class: "part" }, element("summary", null, "As a list, the newest first"),
        this.rows));
    new ResizeObserver(() => {
      const width = Math.round(this.plot.clientWidth);
      if (width && width !== this.width) { this.width = width; this.draw(); }
    }).observe(this.plot);
    this.say(null);
  }

  /** Shows the run; returns the number of marked events. */
  update(run) {
    const events = list(run.events).filter((entry) => entry && number(entry.time) !== null && markOf(entry));
    const time = record(run.time);
    this.begin = Math.min(number(time.started) ?? Infinity, ...events.slice(0, 1).map((entry) => entry.time));
    this.end = Math.max(number(time.now) ?? -Infinity, ...events.slice(-1).map((entry) => entry.time));
    const grown = events.length !== this.events?.length || events[0] !== this.events?.[0];
    this.events = events;
    if (!events.length) return 0;
    const running = ["training", "waiting", "starting"].includes(run.state);
    if (grown) this.drawRows();
    // While time alone passes, the picture need not follow every second, nor under the pointer at all.
    const late = this.end - (this.drawnEnd ?? 0) > 0.02 * (this.end - this.begin);
    if (grown || running !== this.running || (late && !this.plot.matches(":hover, :focus-within"))) {
      this.running = running;
      this.draw();
    }
    return events.length;
  }

  drawRows() {
    this.rows.replaceChildren(table(
      [{ name: "time" }, { name: "since start", align: "right", cell: (value) => duration(value) },
        { name: "step", align: "right" }, { name: "event" }],
      [...this.events].reverse().map(
        (entry) => [clock(entry.time), entry.time - this.begin, number(entry.step), string(entry.text)]),
      { caption: "Events of the time line, the newest first" }));
  }

  lanes() {
    const workers = new Map();
    for (const entry of this.events) {
      if (markOf(entry)[0] !== "worker" || entry.worker === null || entry.worker === undefined) continue;
      if (!workers.has(entry.worker)) workers.set(entry.worker, []);
      workers.get(entry.worker).push(entry);
    }
    const shared = ["run", "recoveries", "checkpoints", "texts"].map((title) => ({
      title, entries: this.events.filter((entry) =>
        markOf(entry)[0] === title
          || (title === "run" && markOf(entry)[0] === "worker" && (entry.worker ?? null) === null)),
    })).filter((lane) => lane.entries.length);
    const own = [...workers].sort((a, b) => a[0] - b[0]);
    // Of too many workers those with the most events are told apart; the list has all.
    const shown = own.length <= LANES ? own
      : [...own].sort((a, b) => b[1].length - a[1].length).slice(0, LANES).sort((a, b) => a[0] - b[0]);
    this.omitted = own.length - shown.length;
    return [...shared,
      ...shown.map(([number, entries]) => ({ title: `worker ${label(number, 8)}`, entries, worker: true }))];
  }

  draw() {
    if (!this.width || !this.events?.length) return;
    this.drawnEnd = this.end;
    const focused = this.plot.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const lanes = this.lanes();
    const height = 24 * lanes.length + 34;
    const [left, right] = [88, this.width - 16];
    const span = Math.max(this.end - this.begin, 0.001);
    const toX = (time) => left + (time - this.begin) / span * (right - left);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.replaceChildren(...this.axis(span, toX, height - 26, left));
    lanes.forEach((lane, index) => {
      const y = 16 + 24 * index;
      this.svg.append(shape("text", { x: left - 12, y: y + 4, "text-anchor": "end" }, lane.title),
        shape("line", { class: "gridline", x1: left, x2: right, y1: y, y2: y }),
        ...(lane.worker ? this.bars(lane.entries, toX, y) : lane.title === "recoveries"
          ? this.spans(lane.entries, toX, y) : []),
        ...this.marks(lane, toX, y));
    });
    if (focused) this.svg.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  axis(span, toX, bottom, left) {
    const units = [[1, "s"], [60, "min"], [3600, "h"], [86400, "d"]].filter(
      ([seconds]) => span >= 2 * seconds);
    const [seconds, unit] = units[units.length - 1] ?? [1, "s"];
    return linearTicks(0, span / seconds, Math.max(2, Math.floor((this.width - left) / 90))).flatMap(
      (tick) => {
      const x = toX(this.begin + tick * seconds);
      return [shape("line", { class: "gridline", x1: x, x2: x, y1: 4, y2: bottom }),
        shape("text", { x: Math.min(x, this.width - 18), y: bottom + 18, "text-anchor": "middle" },
          `${tickText(tick)} ${unit}`)];
    });
  }

  /** A worker's presence: a bar from each joining to the leaving or loss after it. */
  bars(entries, toX, y) {
    const bars = [];
    let from = null;
    const close = (to) => {
      if (from === null) return;
      bars.push(shape(
        "rect", { x: toX(from), y: y - 4, width: Math.max(1, toX(to) - toX(from)), height: 8, rx: 2,
        fill: "var(--c0)", opacity: 0.28 }));
      from = null;
    };
    for (const entry of entries) {
      if (entry.event === "worker_joined") from ??= entry.time;
      if (["worker_left", "worker_lost", "audit_convicted", "worker_refused"].includes(entry.event)) {
        close(entry.time);
      }
    }
    close(this.end);
    return bars;
  }

  spans(entries, toX, y) {
    return entries.flatMap((entry, index) => {
      if (entry.event !== "recovery_started") return [];
      const end = entries.slice(index + 1).find((later) => later.event === "recovered")?.time ?? this.end;
      return [shape(
        "rect", { x: toX(entry.time), y: y - 4, width: Math.max(2, toX(end) - toX(entry.time)), height: 8,
        fill: "var(--warn)", opacity: 0.35 })];
    });
  }

  /** Marks that can be pointed at and reached by keyboard; those of one kind that would overlap are one. */
  marks(lane, toX, y) {
    const groups = [];
    for (const entry of lane.entries) {
      const last = groups[groups.length - 1];
      if (last && last[0].event === entry.event && toX(entry.time) - toX(last[last.length - 1].time) < 9
        && toX(entry.time) - toX(last[0].time) < 60) last.push(entry);
      else groups.push([entry]);
    }
    return groups.map((entries) => {
      const [, kind, tint] = markOf(entries[0]);
      const first = entries[0];
      const last = entries[entries.length - 1];
      const text = `${clock(first.time)}: ${string(first.text)}`
        + (entries.length > 1
          ? `, and ${entries.length - 1} more like it until ${clock(last.time)}: ${string(last.text)}` : "");
      const x = (toX(first.time) + toX(last.time)) / 2;
      const key = `${first.event}/${first.time}/${string(first.worker)}`;
      const told = () => this.say(text);
      const wide = Math.max(0, toX(last.time) - toX(first.time)) / 2;
      const open = kind > 3;
      return shape("g", {
        class: "mark", tabindex: 0, role: "img", "aria-label": text, "data-key": key,
        "data-event": string(first.event),
        onpointerenter: told, onfocus: told, onpointerleave: () => this.say(null),
        onblur: () => this.say(null),
      }, shape("rect", { x: x - wide - 8, y: y - 11, width: 2 * wide + 16, height: 22, fill: "transparent" }),
      entries.length > 1
        && shape("line",
          { x1: x - wide, x2: x + wide, y1: y, y2: y, stroke: `var(${tint})`, "stroke-width": 4,
        "stroke-linecap": "round", opacity: 0.5 }),
      shape("path",
        { d: marker(kind, x, y, 5), fill: open ? "none" : `var(${tint})`, stroke: `var(${tint})`,
          "stroke-width": open ? 2.5 : 1 }));
    });
  }

  say(text) {
    this.told.textContent = text ?? ("Point at a mark, or move to it with Tab, to read what happened."
      + (this.omitted > 0 ? ` ${this.omitted} more workers are in the list.` : ""));
  }
}
