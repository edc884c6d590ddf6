"use strict";
// The page on which a person tries a served model. Whatever comes from the server is put in as text.
(() => {
  const byId = (id) => document.getElementById(id);
  const show = (id, isShown) => { byId(id).hidden = !isShown; };
  let models = [], model = null, needsKey = false, picture = null, pictureURL = null;

  const make = (name, text, parent) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };

  /// Whether the model continues texts.
  const continues = () => model.takes === "text" && model.answers === "text";

  const path = () => continues() ? "/v1/completions" : models.length === 1
    ? "/v1/predict" : "/v1/models/" + encodeURIComponent(model.name) + "/predict";

  const about = () => {
    if (continues()) {
      return "It continues texts: it sees up to " + model.context + " of " + model.vocabulary +
        " different tokens at once. Trained for " + model.step + " steps.";
    }
    const shape = model.shape.join(" × ");
    const takes = { image: "a picture (" + shape + " after scaling)", table: "a row of a table",
      array: "numbers of the shape " + shape,
      text: "a text of up to " + model.shape[0] + " tokens" }[model.takes];
    const answers = { class: "one of " + model.classes.length + " classes", values: "values",
      reconstruction: "the sample as it reconstructs it", cluster: "the cluster" }[model.answers];
    return "It takes " + takes + " and answers with " + answers + ". Trained for " + model.step + " steps.";
  };

  // MARK: The form

  const fields = () => [...byId("row").querySelectorAll("input, select")];

  const makeRow = () => {
    const row = byId("row");
    row.replaceChildren();
    for (const column of model.columns) {
      const label = make("label", column.name, row);
      const field = make(column.kind === "category" ? "select" : "input", undefined, label);
      if (column.kind !== "category") {
        field.inputMode = "decimal";
        field.value = column.may_be_missing ? "" : "0";
        field.placeholder = column.may_be_missing ? "missing" : "";
        continue;
      }
      if (column.may_be_missing) make("option", "(missing)", field).value = "";
      for (const name of column.categories) make("option", name, field);
    }
  };

  const nested = (shape) => shape.length === 0
    ? 0 : Array.from({ length: shape[0] }, () => nested(shape.slice(1)));

  const choose = (index) => {
    model = models[index];
    byId("title").textContent = model.name;
    document.title = "Try " + model.name;
    byId("about").textContent = about();
    show("picture", model.takes === "image");
    show("row", model.takes === "table");
    show("list", model.takes === "array");
    show("text", model.takes === "text");
    show("wish", continues());
    byId("prompt-label").textContent = continues() ? "The beginning of the text" : "A text";
    byId("submit").textContent = continues() ? "Continue" : "Predict";
    show("answer", false);
    show("continuation", false);
    show("fault", false);
    if (model.takes === "table") makeRow();
    if (model.takes === "array") {
      byId("numbers-label").textContent = "Numbers of the shape " + model.shape.join(" × ");
      byId("numbers").value = JSON.stringify(nested(model.shape));
    }
    showExample();
  };

  /// The request's type and body; throws with a sentence if something is missing.
  const request = () => {
    if (model.takes === "image") {
      if (!picture) throw new Error("Choose a picture first.");
      return [pictureType(), picture];
    }
    if (continues()) return ["application/json", JSON.stringify(wish())];
    if (model.takes === "text") {
      return ["application/json", JSON.stringify({ inputs: [byId("prompt").value] })];
    }
    if (model.takes === "array") return ["application/json", '{"inputs": [' + byId("numbers").value + "]}"];
    return ["application/json", JSON.stringify({ inputs: [cells()] })];
  };

  /// What is asked of a language model.
  const wish = () => ({
    model: model.name, prompt: byId("prompt").value, max_tokens: Number(byId("tokens").value),
    temperature: Number(byId("temperature").value),
  });

  const pictureType = () => picture && picture.type === "image/png" ? "image/png" : "image/jpeg";

  const cells = () => {
    const row = Object.create(null);
    fields().forEach((field, index) => {
      const column = model.columns[index];
      row[column.name] = field.value === "" ? null : field.value;
    });
    return row;
  };

  const usePicture = (file) => {
    if (!file) return;
    picture = file;
    if (pictureURL) URL.revokeObjectURL(pictureURL);
    pictureURL = URL.createObjectURL(file);
    byId("preview").src = pictureURL;
    show("preview", true);
    byId("hint").textContent = file.name;
    showExample();
  };

  // MARK: The example

  const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

  const showExample = () => {
    const lines = ["curl " + quoted(location.origin + path())];
    if (needsKey) lines.push("-H 'Authorization: Bearer KEY'");
    if (model.takes === "image") {
      const name = picture ? picture.name : "photo.jpg";
      lines.push("-H 'Content-Type: " + pictureType() + "'", "--data-binary @" + quoted(name));
    } else {
      let body = model.takes === "table" ? JSON.stringify({ inputs: [cells()] }) : request()[1];
      if (body.length > 600) body = '{"inputs": [[0, 0, …]]}';
      lines.push("-H 'Content-Type: application/json'", "-d " + quoted(body));
    }
    byId("example").textContent = lines.join(" \\\n  ");
  };

  // MARK: The answer

  const percent = (value) => value === null ? "not a number" : (100 * value).toFixed(1) + " %";
  const number = (value) => value === null ? "not a number" : String(Number(value.toPrecision(6)));

  const showValues = (values, isProbability, isRanked) => {
    const table = byId("values").tBodies[0];
    table.replaceChildren();
    let entries = Object.entries(values);
    if (isRanked) entries.sort((a, b) => b[1] - a[1]);
    for (const [name, value] of entries.slice(0, 30)) {
      const row = make("tr", undefined, table);
      const head = make("th", name, row);
      head.scope = "row";
      if (isProbability) {
        const bar = make("td", undefined, row);
        bar.className = "bar";
        const meter = make("meter", undefined, bar);
        meter.value = value ?? 0;
        meter.setAttribute("aria-hidden", "true");
      }
      make("td", isProbability ? percent(value) : number(value), row).className = "number";
    }
  };

  const showAnswer = (answer) => {
    const sample = answer.predictions[0];
    if (sample.class !== undefined) {
      byId("headline").textContent = sample.class;
      showValues(sample.probabilities ?? sample.scores, sample.probabilities !== undefined, true);
    } else if (sample.cluster !== undefined) {
      byId("headline").textContent = "Cluster " + sample.cluster;
      showValues({ "distance to its centre": sample.distance }, false, false);
    } else {
      const entries = Object.entries(sample.values);
      byId("headline").textContent = entries.length === 1 ? number(entries[0][1]) : "Values";
      showValues(sample.values, false, false);
    }
    show("answer", true);
  };

  const failWith = (error) =>
    fail(error instanceof TypeError ? "The server does not answer: has it ended?" : error.message);

  const fail = (text) => {
    byId("fault").textContent = text;
    show("fault", true);
    show("answer", false);
  };

  /// Shows a text while it is made. A new one ends the one before.
  let reading = null;
  const continueText = async () => {
    show("fault", false);
    if (reading) reading.abort();
    const own = reading = new AbortController();
    const shown = byId("continuation");
    try {
      const response = await fetch(path(), { method: "POST", signal: own.signal,
        headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...wish(), stream: true }) });
      if (!response.ok) {
        const text = await response.text();
        try { return fail(JSON.parse(text).error.message); } catch { return fail(text); }
      }
      shown.textContent = byId("prompt").value;
      show("continuation", true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part = await reader.read(); !part.done; part = await reader.read()) {
        const events = (rest + part.value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          if (!event.startsWith("data: ") || event === "data: [DONE]") continue;
          const piece = JSON.parse(event.slice(6));
          if (piece.error) return fail(piece.error.message);
          shown.append(piece.choices[0].text);
        }
      }
    } catch (error) {
      if (error.name !== "AbortError") failWith(error);
    }
  };

  const predict = async () => {
    if (continues()) return continueText();
    show("fault", false);
    try {
      const [type, body] = request();
      const response = await fetch(path(), { method: "POST", headers: { "Content-Type": type }, body });
      const text = await response.text();
      let answer = {};
      try { answer = JSON.parse(text); } catch { answer = { error: text }; }
      if (response.ok) showAnswer(answer); else fail(answer.error ?? text);
    } catch (error) {
      failWith(error);
    }
  };

  // MARK: Events

  byId("form").addEventListener("submit", (event) => { event.preventDefault(); predict(); });
  byId("form").addEventListener("input", () => { if (model) showExample(); });
  byId("file").addEventListener("change", (event) => usePicture(event.target.files[0]));
  byId("models").addEventListener("change", (event) => choose(Number(event.target.value)));
  const drop = byId("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") usePicture(event.dataTransfer.files[0]);
    });
  }

  fetch("/v1/models").then(async (response) => {
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return JSON.parse(text);
  }).then((list) => {
    models = list.models;
    needsKey = list.needs_key;
    models.forEach((model, index) => { make("option", model.name, byId("models")).value = String(index); });
    show("choice", models.length > 1);
    choose(0);
  }).catch(failWith);
})();
