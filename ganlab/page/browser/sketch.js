// A curve to draw before it is shown: empty axes, the reader's guess, then the true curve and how far it is away.
// `mount(root, data)`: data is what `ganlab.explorables.sketch` writes. `root.sketch.state()` tells what goes on.

import { axes, legend } from "./kit/axes.js";
import { button, make } from "./kit/elements.js";
import { nearest, shown } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";
import { apart, completed, joined } from "./sketch/curve.js";
import CSS from "./sketch/sketch.css" with { type: "text" };

export function mount(root, data) {
  const sketch = {
    data,
    body: stage(root, "sketch", `Draw the curve first: ${data.name}`, CSS),
    known: data.x.map(() => null),
    last: null,
    place: Math.floor(data.x.length / 2),
    revealed: false,
    keyed: false,
    width: 0,
  };
  build(sketch);
  show(sketch);
  const release = follow(sketch.body, (now) => {
    sketch.width = now;
    show(sketch);
  });
  root.sketch = Object.freeze({
    state: () => ({ guess: completed(sketch.known), revealed: sketch.revealed, away: away(sketch) }),
  });
  return {
    destroy() {
      release();
      root.replaceChildren();
    },
  };
}

function build(sketch) {
  const { body, data } = sketch;
  const own = { name: "your guess", role: "ink", dash: "dashed" };
  const truth = { name: data.name, role: data.role, dash: data.dash };
  sketch.keys = [data.given, [...data.given, own, truth]].map((lines) =>
    lines.length ? legend(lines) : null,
  );
  const host = make("div", { class: "axes" });
  body.append(make("p", { class: "task" }, data.task), ...sketch.keys.filter(Boolean), host);
  const ranges = { x: [data.x[0], data.x.at(-1)], y: data.y, xLabel: data.xName, height: 240 };
  const label = `Empty axes for your guess of ${data.name}; the two sliders below draw from the keyboard`;
  const pick = (at, phase) => draw(sketch, at, phase);
  sketch.axes = axes(host, { ...ranges, lines: [], landmarks: data.landmarks, label, pick });
  sketch.invitation = make(
    "p",
    { class: "invitation", "aria-hidden": "true" },
    "Draw here, from left to right.",
  );
  host.append(sketch.invitation);
  controls(sketch);
}

function controls(sketch) {
  const { body, data } = sketch;
  const [low, high] = data.y;
  const at = { min: 0, max: data.x.length - 1, step: 1, oninput: () => look(sketch) };
  sketch.across = make("input", { type: "range", ...at });
  sketch.up = make("input", {
    type: "range",
    min: low,
    max: high,
    step: (high - low) / 100,
    value: (low + high) / 2,
    oninput: () => raise(sketch),
  });
  sketch.show = button("Show the curve", () => reveal(sketch), { class: "main", disabled: true });
  sketch.again = button("Draw again", () => restart(sketch), { hidden: true });
  sketch.said = make("p", { role: "status" });
  const sliders = make("div", { class: "bar" });
  sliders.append(make("label", {}, "place", sketch.across), make("label", {}, "height", sketch.up));
  sliders.addEventListener("focusin", () => {
    sketch.keyed = true;
    show(sketch);
  });
  sketch.sliders = sliders;
  body.append(sliders, make("div", { class: "bar" }, sketch.show, sketch.again), sketch.said);
}

// By pointer: a new stroke begins where the pointer goes down.
function draw(sketch, { x, y }, phase) {
  if (sketch.revealed) return;
  if (phase === "down") sketch.last = null;
  set(sketch, nearest(sketch.data.x, x), y);
}

// By slider: heights that are set one after the other are joined.
function raise(sketch) {
  if (sketch.revealed) return;
  set(sketch, sketch.place, Number(sketch.up.value));
}

function set(sketch, i, y) {
  sketch.known = joined(sketch.known, [i, y], sketch.last);
  [sketch.last, sketch.place] = [[i, y], i];
  show(sketch);
}

function look(sketch) {
  sketch.place = Number(sketch.across.value);
  show(sketch);
}

function reveal(sketch) {
  sketch.revealed = true;
  show(sketch);
  const far = `On average your guess is ${shown(away(sketch), 2)}${sketch.data.unit} away from it.`;
  sketch.said.replaceChildren(make("b", {}, far), ` ${sketch.data.missed}`);
  sketch.again.focus({ preventScroll: true });
}

function restart(sketch) {
  Object.assign(sketch, { known: sketch.data.x.map(() => null), last: null, revealed: false });
  sketch.said.replaceChildren();
  show(sketch);
  sketch.across.focus({ preventScroll: true });
}

const away = ({ data, known, revealed }) => (revealed ? apart(completed(known), data.truth) : null);

function show(sketch) {
  const { data, known, place, revealed, across, up } = sketch;
  const guess = completed(known);
  sketch.invitation.hidden = guess !== null;
  sketch.show.disabled = guess === null;
  [sketch.show.hidden, sketch.again.hidden, sketch.sliders.hidden] = [revealed, !revealed, revealed];
  const [before, after] = sketch.keys;
  if (before) before.hidden = revealed;
  after.hidden = !revealed;
  across.value = place;
  across.setAttribute("aria-valuetext", `${data.xName} ${shown(data.x[place], 3)}`);
  if (guess) up.value = guess[place];
  up.setAttribute("aria-valuetext", guess ? `your guess ${shown(guess[place], 3)}` : "nothing drawn yet");
  if (sketch.width) paint(sketch, guess);
}

function paint({ axes: plot, data, place, revealed, keyed }, guess) {
  const { x } = data;
  const lines = data.given.map((line) => ({ ...line, x, look: "given" }));
  if (revealed) lines.push({ ...hairs(x, guess, data.truth), role: "neutral", dash: "solid", look: "gap" });
  if (guess) lines.push({ x, y: guess, role: "ink", dash: revealed ? "dashed" : "solid", look: "own" });
  if (revealed) lines.push({ x, y: data.truth, role: data.role, dash: data.dash, look: "true" });
  plot.options.lines = lines;
  const now = keyed && !revealed ? { cursor: x[place] } : {};
  plot.draw(plot.svg.parentNode.clientWidth, now);
  const paths = plot.svg.querySelectorAll("path.curve");
  lines.forEach((line, i) => paths[i]?.classList.add(line.look));
}

// A short upright line at each sample, from one curve to the other.
const hairs = (x, one, other) => ({
  x: x.flatMap((at) => [at, at, at]),
  y: x.flatMap((_, i) => [one[i], other[i], null]),
});
