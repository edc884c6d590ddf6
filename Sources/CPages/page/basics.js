"use strict";
// The page of a run, its report and the comparison of several. Everything that the document holds is text: it
// reaches the page as text nodes and attributes, and is never parsed as HTML.

// ---- Values of the document, which may be null, absent or of another type than expected.

const list = (value) => (Array.isArray(value) ? value : []);
const record = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const numbers = (value) => list(value).map(number);
const string = (value) => {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

// ---- Elements.

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "style") {
      for (const [name, setting] of Object.entries(value)) node.style.setProperty(name, setting);
    }
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter(
    (child) => child !== null && child !== undefined && child !== false));
  return node;
}

const element = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const shape = (name, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** A name from outside: isolated, so that right-to-left text in it moves nothing beside it. */
const name = (value) =>
  element("bdi", { title: string(value).length > 60 ? string(value) : null }, string(value));

/** Text for a label in a drawing: one line, no marks of direction, at most `limit` characters. */
function label(value, limit = 24) {
  const text = string(value).replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ");
  const characters = [...text];
  return characters.length > limit ? characters.slice(0, Math.max(1, limit - 1)).join("") + "…" : text;
}

const ruler = document.createElement("canvas").getContext("2d");
/** The width in pixels of a text in a drawing. */
function widthOf(text) {
  if (!ruler) return 7 * text.length;
  ruler.font = `11.5px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/** As much of a name as fits into so many pixels of a drawing. */
function fitted(value, width) {
  let limit = Math.max(2, Math.min([...label(value, 200)].length, Math.floor(width / 3)));
  while (limit > 2 && widthOf(label(value, limit)) > width) limit -= 1;
  return label(value, limit);
}

/** "samples_per_second" as "Samples per second". */
const titled = (value) => string(value).replace(/_/g, " ").replace(/^./u, (first) => first.toUpperCase());

let ids = 0;
const freshID = (prefix) => `${prefix}-${++ids}`;

const spoken = element("div", { class: "spoken", "aria-live": "polite" });
/** Tells a screen reader what the keyboard has just reached. */
const speak = (text) => { spoken.textContent = text; };

/** A button that stays pressed until it is pressed again. */
function toggle(text, pressed, changed) {
  const button = element("button", { type: "button", "aria-pressed": String(pressed) }, text);
  button.addEventListener("click", () => {
    const value = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(value));
    changed(value);
  });
  return button;
}

/** Buttons of which one is pressed. */
function choice(title, names, chosen, changed) {
  const buttons = names.map((text, index) => element("button", {
    type: "button", "aria-pressed": String(index === chosen), onclick: () => {
      buttons.forEach((button, other) => button.setAttribute("aria-pressed", String(other === index)));
      changed(index);
    },
  }, text));
  return element(
    "span", { class: "group", role: "group", "aria-label": title }, element("span", null, title), buttons);
}

// ---- Numbers for people, the same in every locale.

const grouped = (digits) => string(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** A measure: 1,437 if whole, else about five digits: 0.9389, 12.346, 1.23e-5. */
function figure(value, decimals = null) {
  if (number(value) === null) return "–";
  const size = Math.abs(value);
  if (decimals !== null && size < 1e8 && (size === 0 || size >= 10 ** -decimals / 2)) {
    return pointed(value.toFixed(decimals));
  }
  if (size === 0) return "0";
  if (size >= 1e15 || (size >= 1e8 && !Number.isInteger(value))) return exponent(value, 4);
  if (Number.isInteger(value)) return grouped(value);
  if (size < 1e-3) return exponent(value, 2);
  return pointed(value.toFixed(Math.max(0, 4 - Math.floor(Math.max(0, Math.log10(size))))));
}

/** Groups the digits before the point. */
function pointed(text) {
  const [whole, rest] = text.split(".");
  return grouped(whole) + (rest ? `.${rest}` : "");
}

const exponent = (value, digits) => value.toExponential(digits).replace(/\.?0+e/, "e").replace("e+", "e");
const percent = (value) => (number(value) === null ? "–" : `${(100 * value).toFixed(1)}\u00a0%`);
const withUnit = (text, unit) => (string(unit) && text !== "–" ? `${text}\u00a0${label(unit, 20)}` : text);

function bytes(value) {
  if (number(value) === null) return "–";
  let [size, unit] = [value, 0];
  while (Math.abs(size) >= 1023.95 && unit < 4) [size, unit] = [size / 1024, unit + 1];
  return `${unit ? size.toFixed(1) : Math.round(size)}\u00a0${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

function duration(value) {
  if (number(value) === null || Math.abs(value) > 1e11) return "–";
  const seconds = Math.max(0, value);
  if (seconds < 9.995) return `${seconds.toFixed(2)}\u00a0s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}\u00a0s`;
  const whole = Math.round(seconds);
  const two = (part) => String(part).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min ${two(whole % 60)}\u00a0s`;
  return `${grouped(Math.floor(whole / 3600))}\u00a0h ${two(Math.floor(whole / 60) % 60)}\u00a0min`;
}

/** The time of day of this computer: 14:48:51. */
function clock(seconds) {
  if (number(seconds) === null || Math.abs(seconds) > 8e12) return "–";
  const date = new Date(1000 * seconds);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(
    (part) => String(part).padStart(2, "0")).join(":");
}

function day(seconds) {
  if (number(seconds) === null || Math.abs(seconds) > 8e12) return "–";
  const date = new Date(1000 * seconds);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return `${parts.map((part) => String(part).padStart(2, "0")).join("-")} ${clock(seconds)}`;
}

// ---- Axes.

/** Round values from low to high, about `count`. */
function linearTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  // In a range narrower than doubles can count, the next tick would be the same one.
  const least = 1e-12 * Math.max(Math.abs(low), Math.abs(high));
  if (!(rough > least) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const ticks = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + 1e-9 * step; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** Powers of ten, and 2 and 5 between them where there are few. */
function logTicks(low, high, count) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
  const ticks = [];
  for (let power = first; power <= last; power++) {
    const factors = last - first <= 2 ? [1, 2, 5] : [1];
    if ((power - first) % every === 0) for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  }
  const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  return inside.length > 1 ? inside : linearTicks(low, high, count).filter((tick) => tick > 0);
}

/** A short number for an axis: 0.25, 1,500, 20k, 1.5M, 1e-5. */
function tickText(value) {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return exponent(value, 2);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(6))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(6))}k`;
  return pointed(String(Number(value.toPrecision(8))));
}
