// The lab with one slider: how many times as fast as its discriminator the generator learns.
// `mount(root, data)`: `setup` has what differs from the lab's standard. `root.speed.state()` tells what goes on.

import CSS from "./speed/speed.css" with { type: "text" };
import { button, make } from "./kit/elements.js";
import { watched } from "./kit/eye.js";
import { follow, stage } from "./kit/stage.js";
import { go } from "./lab/actions.js";
import { connect } from "./lab/connection.js";
import { ask } from "./lab/display.js";
import { clean } from "./lab/links.js";

const PLANE = "Real and generated points in the plane; the sentence below says what they show";
const CURVES = "Losses of both players; the sentence below says the last values";

export function mount(root, data) {
  const lab = {
    given: data.setup,
    frames: matchMedia("(prefers-reduced-motion: reduce)").matches ? 500 : 40, // milliseconds from one to the next
    setup: null,
    shown: { field: true, arrows: false, manifold: false },
    frame: null,
    reals: {},
    mode: "paused",
    wanted: false,
    held: { offscreen: false, hidden: document.hidden },
    spoken: { at: 0, timer: null },
    due: false,
    closed: false,
  };
  lab.parts = parts(lab, stage(root, "speed", "A GAN that trains in this page, with one slider", CSS));
  const leave = surround(lab);
  lab.line = connect(
    (message) => receive(lab, message),
    () => {},
  );
  begin(lab);
  root.speed = Object.freeze({ state: () => state(lab) });
  return {
    destroy() {
      lab.closed = true;
      clearTimeout(lab.spoken.timer);
      lab.line.stop();
      leave();
      root.replaceChildren();
    },
  };
}

function parts(lab, section) {
  const about = {
    "aria-label": "Speed of G, the generator",
    type: "range",
    min: 1,
    max: 10,
    step: 1,
    value: 1,
  };
  const found = {
    section,
    slider: make("input", { ...about, oninput: () => chosen(lab), onchange: () => begin(lab) }),
    clock: make("output", { "aria-hidden": "true" }),
    play: button("Play", () => press(lab), { class: "main", "aria-pressed": "false" }),
    plane: make("canvas", { class: "plane", role: "img", "aria-label": PLANE }),
    curves: { losses: make("canvas", { class: "chart", role: "img", "aria-label": CURVES }) },
    count: make("p", { class: "count", "aria-hidden": "true" }),
    status: make("p", { role: "status" }),
  };
  const slider = make("label", { class: "speed" }, "Speed of G", found.slider, found.clock);
  const drive = make("div", { class: "bar" }, found.play, slider);
  const beside = make("div", {}, found.count, found.curves.losses, found.status);
  section.append(drive, make("div", { class: "sight" }, found.plane, beside));
  return found;
}

// The set-up at the speed of the slider.
function chosen({ given, parts: { slider, clock } }) {
  clock.textContent = `${slider.value} ×`;
  slider.setAttribute("aria-valuetext", `${slider.value} times the discriminator's`);
  const { setup } = clean(given);
  return { ...setup, g_rate: Number(slider.value) * setup.d_rate };
}

// Each speed is a run of its own, from the same networks and with the same seed.
function begin(lab) {
  lab.setup = chosen(lab);
  lab.line.send({ type: "reset", setup: lab.setup, frames: lab.frames });
  go(lab);
}

function press(lab) {
  want(lab, !lab.wanted);
  if (lab.wanted) go(lab);
  else lab.line.send({ type: "pause" });
}

function want(lab, wanted) {
  const { play } = lab.parts;
  lab.wanted = wanted;
  play.textContent = wanted ? "Pause" : "Play";
  play.setAttribute("aria-pressed", String(wanted));
}

function receive(lab, message) {
  if (lab.closed) return;
  if (message.type === "failure" || (message.reached && message.mode === "paused")) want(lab, false);
  if (message.type !== "frame") return;
  if (message.real) Object.assign(lab.reals, { points: message.real, extent: message.extent });
  [lab.frame, lab.mode] = [message, message.mode];
  ask(lab);
}

function surround(lab) {
  const {
    parts: { section },
    held,
  } = lab;
  const unwatch = watched(section, (inView) => {
    held.offscreen = !inView;
    go(lab);
  });
  const release = follow(section, () => ask(lab));
  const turned = () => {
    held.hidden = document.hidden;
    go(lab);
  };
  document.addEventListener("visibilitychange", turned);
  return () => {
    unwatch();
    release();
    document.removeEventListener("visibilitychange", turned);
  };
}

function state({ setup, mode, wanted, held, frame }) {
  const found = { step: frame?.step ?? 0, metrics: frame?.metrics ?? null, row: { ...frame?.row } };
  return Object.freeze({
    setup: { ...setup },
    mode,
    wanted,
    held: { ...held },
    ...found,
    ready: frame !== null,
  });
}
