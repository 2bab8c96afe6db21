// A complete set-up from any values, and the link that carries it.

import { EXTENT, FIELDS, MOST_POINTS, PRESETS } from "./setups.js";

export const VERSION = 1;

const byteOf = (x) => Math.round((Math.min(Math.max(x / EXTENT, -1), 1) + 1) * 127.5);
export const onLattice = ([x, y]) => [x, y].map((value) => (byteOf(value) / 127.5 - 1) * EXTENT);

// A complete set-up from any values, and the names of those that were refused or brought within their range.
export function clean(values) {
  const given = values !== null && typeof values === "object" ? values : {};
  const [setup, refused] = [{}, []];
  for (const [name, field] of Object.entries(FIELDS)) {
    setup[name] = field.value;
    if (!Object.hasOwn(given, name)) continue;
    const value = field.choices ? String(given[name]) : Number(String(given[name]).trim() || NaN);
    const fits = field.choices ? Object.hasOwn(field.choices, value) : Number.isFinite(value);
    if (fits)
      setup[name] = field.choices
        ? value
        : Math.min(Math.max(field.whole ? Math.round(value) : value, field.low), field.high);
    if (!fits || setup[name] !== value) refused.push(name);
  }
  const points = Array.isArray(given.points) ? given.points : [];
  const fit = points
    .filter((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite))
    .slice(0, MOST_POINTS);
  setup.points = fit.map(onLattice);
  if (fit.length < points.length) refused.push("points");
  return { setup, refused };
}

const pointOf = (pair) => [0, 2].map((i) => (parseInt(pair.slice(i, i + 2), 16) / 127.5 - 1) * EXTENT);
const hex = (byte) => byte.toString(16).padStart(2, "0");

// The fragment that carries a set-up: letters, digits, _ and - only, so that any script may take it for an id.
export function toLink(setup) {
  const fields = Object.entries(FIELDS).filter(([name, field]) => setup[name] !== field.value);
  const parts = fields.map(
    ([name, field]) => `${name}-${field.choices ? setup[name] : String(setup[name]).replace(".", "_")}`,
  );
  if (setup.points.length)
    parts.push(
      `points-${setup.points
        .flat()
        .map((x) => hex(byteOf(x)))
        .join("")}`,
    );
  return [`lab${VERSION}`, ...parts].join("--");
}

const standard = (reason) => ({
  setup: clean({}).setup,
  notice: `The link ${reason}, so the standard set-up is shown.`,
});

// The set-up of a fragment, and a sentence where it could not be taken as it is; null where it is none of ours.
export function fromLink(fragment) {
  const text = String(fragment).replace(/^#/, "").slice(0, 4000);
  if (!/^lab\d/.test(text)) return null;
  const [head, ...parts] = text.split("--");
  const version = /^lab(\d{1,6})$/.exec(head);
  if (!version || Number(version[1]) < 1) return standard("could not be read");
  if (Number(version[1]) > VERSION) return standard("was made by a newer lab");
  const [values, unknown] = [{}, []];
  for (const part of parts) {
    const [, name, value] = /^([a-z_0-9]+)-([\w-]+)$/.exec(part) ?? [null, part, ""];
    const known = name === "points" ? /^(?:[0-9a-f]{4})+$/.test(value) : value && Object.hasOwn(FIELDS, name);
    if (!known) unknown.push(name.slice(0, 40));
    else if (name === "points") values.points = value.match(/.{4}/g).map(pointOf);
    else values[name] = FIELDS[name].choices ? value : value.replace("_", ".");
  }
  const { setup, refused } = clean(values);
  const odd = [...refused, ...unknown];
  return { setup, notice: odd.length ? `Not taken as the link had it: ${odd.slice(0, 8).join(", ")}.` : "" };
}

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Which preset a set-up is, if any, and whether it has been turned round: cured, or spoilt. Seed, drawn points and
// the step at which it stops may be any. The cure of one may be another: the preset `first` is asked first.
export function stateOf(setup, first = "healthy") {
  const plain = { ...setup, points: [] };
  const rest = Object.entries(PRESETS).filter(([name]) => name !== first);
  for (const [name, preset] of [[first, PRESETS[first]], ...rest]) {
    for (const turned of [false, true]) {
      const wanted = {
        ...preset.setup,
        ...(turned && preset.turn.setup),
        seed: setup.seed,
        steps: setup.steps,
      };
      if (same(clean(wanted).setup, plain)) return { name, turned };
    }
  }
  return { name: "custom", turned: false };
}

export function presetOf(setup) {
  const { name, turned } = stateOf(setup);
  return turned ? "custom" : name;
}
