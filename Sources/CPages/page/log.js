// ---- The log.

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
