// The lab's elements, from top to bottom.

import { button, make } from "../kit/elements.js";
import { change, choose, pace, reset, reveal, step, toggle, treat } from "./actions.js";
import { drawing } from "./drawing.js";
import { savePicture, share } from "./files.js";
import { FIELDS, GROUPS, PRESETS } from "./setups.js";

const PARTS = {
  field: "what D says",
  arrows: "arrows: where G is pushed",
  manifold: "G's grid of latents",
};
const KEY = [
  ["real", "\u25CF", "real"],
  ["fake", "\u00D7", "generated"],
  ["discriminator", "\u25A0", "D says real"],
];
const CURVES = {
  losses: "losses of both players",
  coverage: "modes found and reverse KL",
  gradient: "length of the generator's gradient",
};
const HINT =
  "Draw with the pointer, or from the keyboard: arrow keys move the square, Space or Enter sets a point, Backspace takes the last one back. Each point is the centre of one Gaussian.";
const PLANE = "Real and generated points in the plane; the sentence below the pictures says what they show";

let mounted = 0;

// Builds the lab's section into `lab.parts`; a compact lab has the settings in `front` and no others.
export function build(lab, front) {
  const { compact } = lab;
  const spoken = { role: "status", "aria-live": "polite" };
  const parts = (lab.parts = {
    presets: presetsOf(lab),
    note: make("p", { class: "note" }),
    turn: button("", () => treat(lab), { class: "turn" }),
    play: button("Play", () => toggle(lab), { class: "main" }),
    plane: planeOf(lab),
    curves: curvesOf(compact ? 1 : 3),
    count: make("p", { class: "count", "aria-hidden": "true" }),
    status: make("p", spoken),
    notice: make("p", { ...spoken, class: "notice" }),
    hint: make("p", { id: `part-lab-hint-${++mounted}`, hidden: true }, HINT),
    inputs: inputsOf(lab),
    clear: button("Clear the points", () => change(lab, "points", []), { hidden: true }),
    address: addressOf(),
  });
  const row = (...children) => make("div", { class: "bar" }, ...children);
  const side = make("div", { class: "side" }, parts.note, ...Object.values(parts.curves));
  const stage = make("div", { class: "stage" }, make("div", {}, parts.plane, parts.hint), side);
  const chosen = front.map((name) => labelled(lab, name));
  const again = button("Reset", () => reset(lab));
  parts.section = make("section", { class: "part-lab", "aria-label": "A GAN that trains in this page" });
  parts.section.append(
    make("div", { class: "bar drive" }, parts.play, parts.turn, again, parts.count),
    chipsOf(lab),
    stage,
    row(...moves(lab)),
    row(keyOf(), ...toggles(lab)),
    row(...chosen),
    parts.status,
    parts.notice,
  );
  if (!compact) parts.section.append(settings(lab), row(...takings(lab)));
}

function presetsOf(lab) {
  const chip = ([name, { label }]) => [name, button(label, () => choose(lab, name), { class: "chip" })];
  return Object.fromEntries(Object.entries(PRESETS).map(chip));
}

const chipsOf = ({ parts }) =>
  make("div", { class: "chips", role: "group", "aria-label": "Presets" }, ...Object.values(parts.presets));

// JupyterLab would take the arrow keys from a plane without the first attribute.
function planeOf(lab) {
  const about = { "data-lm-suppress-shortcuts": "true", class: "plane", role: "img", "aria-label": PLANE };
  return make("canvas", { ...about, ...drawing(lab) });
}

function curvesOf(count) {
  const canvas = (what) =>
    make("canvas", {
      class: "chart",
      role: "img",
      "aria-label": `Curves: ${what}; the sentence below says the last values`,
    });
  const some = Object.entries(CURVES).slice(0, count);
  return Object.fromEntries(some.map(([name, what]) => [name, canvas(what)]));
}

function inputsOf(lab) {
  const input = ([name, field]) => {
    const onchange = ({ target }) => change(lab, name, target.value);
    if (!field.choices) {
      const range = { min: field.low, max: field.high, step: field.whole ? 1 : "any" };
      return [name, make("input", { type: "number", name, ...range, onchange })];
    }
    const options = Object.entries(field.choices).map(([value, text]) => make("option", { value }, text));
    return [name, make("select", { name, onchange }, ...options)];
  };
  return Object.fromEntries(Object.entries(FIELDS).map(input));
}

const labelled = ({ parts }, name) => make("label", {}, FIELDS[name].label, parts.inputs[name]);

function moves(lab) {
  const slower = make("input", { type: "checkbox", onchange: ({ target }) => pace(lab, target.checked) });
  return [
    button("Step D", () => step(lab, "discriminator")),
    button("Step G", () => step(lab, "generator")),
    button("Step both", () => step(lab, "both")),
    make("label", {}, slower, " slow motion"),
  ];
}

function keyOf() {
  const key = make("p", { class: "key" });
  for (const [name, mark, text] of KEY) {
    const look = { class: "sign", style: `color: var(--${name})`, "aria-hidden": "true" };
    key.append(make("span", look, mark), `${text} `);
  }
  return key;
}

const toggles = (lab) =>
  Object.entries(PARTS).map(([name, text]) => {
    const onchange = ({ target }) => reveal(lab, name, target.checked);
    const box = make("input", { type: "checkbox", onchange });
    box.checked = lab.shown[name];
    return make("label", {}, box, ` ${text}`);
  });

function addressOf() {
  const about = { class: "link", "aria-label": "Link to this set-up" };
  return make("input", { type: "text", readonly: true, hidden: true, ...about });
}

function settings(lab) {
  const groups = Object.entries(GROUPS).map(([title, names]) => {
    const fields = names.filter((name) => name !== "loss").map((name) => labelled(lab, name));
    return make("fieldset", {}, make("legend", {}, title), make("div", { class: "fields" }, ...fields));
  });
  return make("details", {}, make("summary", {}, "All settings"), ...groups);
}

const takings = (lab) => [
  lab.parts.clear,
  button("Link to this set-up", () => share(lab)),
  button("Save run (JSON)", () => lab.line.send({ type: "export" })),
  button("Save picture (PNG)", () => savePicture(lab)),
  lab.parts.address,
];
