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
