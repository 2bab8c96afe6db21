// The part's elements, from top to bottom.

import { button, make } from "../kit/elements.js";
import { add, another, begin, change, choose, remove, step, toggle } from "./actions.js";
import { listen } from "./moving.js";
import { FIELDS, PRESETS } from "./setups.js";

const SIDES = {
  source: "Source: points x, and lines to where the way back ends",
  target: "Target: where the points of the source are taken",
};
const SAYS = "; the sentence below says what is seen";
const KEYS = " By keys: arrows move it, Enter takes the next one, + adds one, Backspace removes it.";
const FIGURES = {
  error: "cycle error",
  right: "at the blob with their number",
  reached: "blobs reached",
};

let mounted = 0;

export function build(t) {
  const id = `translation-hint-${++mounted}`;
  const row = (name, ...children) => make("div", { class: `bar ${name}` }, ...children);
  const parts = (t.parts = {
    run: button("Run", () => toggle(t), { class: "main" }),
    count: make("p", { class: "count", "aria-hidden": "true" }),
    chips: chipsOf(t),
    note: make("p", { class: "note" }),
    planes: {},
    blobs: {},
    ...Object.fromEntries(
      Object.keys(FIGURES).map((name) => [name, make("output", { "aria-hidden": "true" })]),
    ),
    status: make("p", { class: "said", role: "status" }),
    notice: make("p", { class: "notice", role: "status" }),
    ends: make("p", { class: "ends" }),
    inputs: inputsOf(t),
  });
  const sides = Object.entries(SIDES).map(([side, words]) => sideOf(t, side, words, id));
  const chips = make("div", { class: "bar chips", role: "group", "aria-label": "Presets" });
  chips.append(...Object.values(parts.chips));
  const figures = make("p", { class: "figures", "aria-hidden": "true" });
  for (const [name, words] of Object.entries(FIGURES))
    figures.append(make("span", {}, parts[name], ` ${words}`));
  const again = button("Reset", () => begin(t));
  t.body.append(
    row(
      "drive",
      parts.run,
      button("Step", () => step(t)),
      again,
      parts.count,
    ),
    chips,
    parts.note,
    make("div", { class: "sides" }, ...sides),
    make("p", { class: "hint", id }, "Drag a blob.", make("span", {}, KEYS)),
    figures,
    parts.status,
    parts.notice,
    row(
      "fields",
      ...Object.entries(FIELDS).map(([name, { label }]) => make("label", {}, label, parts.inputs[name])),
      button("Another seed", () => another(t)),
    ),
    parts.ends,
  );
}

function chipsOf(t) {
  const chip = ([name, { label }]) => [name, button(label, () => choose(t, name), { class: "chip" })];
  return Object.fromEntries(Object.entries(PRESETS).map(chip));
}

function inputsOf(t) {
  const input = ([name, { most, whole }]) => {
    const onchange = ({ target }) => change(t, name, target.value);
    const range = { type: "number", name, min: 0, max: most, step: whole ? 1 : "any" };
    return [name, make("input", { ...range, onchange })];
  };
  return Object.fromEntries(Object.entries(FIELDS).map(input));
}

// A plane, its name above it and its buttons below. JupyterLab would take the keys from it without the first attribute.
function sideOf(t, side, words, hint) {
  const canvas = make("canvas", {
    "data-lm-suppress-shortcuts": "true",
    class: "plane",
    tabindex: "0",
    role: "application",
    "aria-label": `${words}${SAYS}`,
    "aria-describedby": hint,
  });
  listen(t, side, canvas);
  t.parts.planes[side] = canvas;
  const named = (text, act, at) =>
    button(text, () => act(t, side), { "aria-label": `${text} ${at} ${side}` });
  const buttons = (t.parts.blobs[side] = {
    add: named("Add a blob", add, "to the"),
    remove: named("Remove a blob", remove, "from the"),
  });
  const title = make("p", { class: "title", "aria-hidden": "true" }, side);
  return make("div", {}, title, canvas, make("div", { class: "bar" }, buttons.add, buttons.remove));
}
