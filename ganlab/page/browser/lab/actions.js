// What the reader does with the lab.

import { ask, say, show } from "./display.js";
import { clean, same, stateOf } from "./links.js";
import { FIELDS, PRESETS } from "./setups.js";

export function choose(lab, name) {
  const { seed, points } = lab.setup;
  lab.preset = name;
  if (PRESETS[name]) adopt(lab, clean({ ...PRESETS[name].setup, seed, points }).setup);
  else show(lab);
}

// Cures the preset that is chosen, or turns it back. What must begin anew goes on by itself if it was running.
export function treat(lab) {
  const { name, turned } = stateOf(lab.setup, lab.preset);
  if (name === "custom") return;
  const { setup, turn } = PRESETS[name];
  const { seed, points } = lab.setup;
  const running = lab.wanted;
  adopt(lab, clean({ ...setup, ...(!turned && turn.setup), seed, points }).setup);
  say(lab, turned ? "" : turn.expect);
  if (running && !lab.wanted) toggle(lab, turned ? "" : turn.expect);
}

export function change(lab, name, value) {
  const next = clean({ ...lab.setup, [name]: value });
  const bad = next.refused.includes(name);
  say(lab, bad ? `${FIELDS[name]?.label ?? "points"}: ${next.setup[name]} is what the lab can do.` : "");
  adopt(lab, next.setup);
}

// A live setting goes into the game as it runs; any other starts a new one.
export function adopt(lab, next) {
  const names = [...Object.keys(FIELDS), "points"].filter((name) => !same(next[name], lab.setup[name]));
  lab.setup = next;
  show(lab);
  if (names.length && names.every((name) => FIELDS[name]?.live))
    lab.line.send({ type: "tune", setup: lab.setup });
  else if (names.length) reset(lab);
}

export function reset(lab) {
  [lab.wanted, lab.frame] = [false, null];
  lab.line.send({ type: "reset", setup: lab.setup, frames: lab.calm ? 500 : 40 });
  show(lab);
}

export function toggle(lab, said = "") {
  lab.wanted = !lab.wanted;
  if (lab.wanted) {
    say(lab, said);
    go(lab);
  } else lab.line.send({ type: "pause" });
  show(lab);
}

export function step(lab, who) {
  lab.wanted = false;
  lab.line.send({ type: "step", who });
  show(lab);
}

export function pace(lab, slow) {
  lab.slow = slow;
  if (lab.wanted) go(lab);
}

export function reveal(lab, name, visible) {
  lab.shown[name] = visible;
  ask(lab);
}

// A game runs while the reader wants it to and can see it.
export function go({ wanted, held, slow, line }) {
  if (!wanted) return;
  const seen = !held.offscreen && !held.hidden;
  line.send(seen ? { type: "run", pace: slow ? 600 : 0 } : { type: "pause" });
}
