// The reader as the generator: twenty points to drag, and a discriminator that trains against them meanwhile.

import { axes, legend } from "../kit/axes.js";
import { button, make } from "../kit/elements.js";
import { watched } from "../kit/eye.js";
import { frame, nats, offerNext, painter, percent } from "./frame.js";
import { HANDS, LEVELS, NOISE, dealt, within } from "./levels.js";
import { STEP, rounded } from "./links.js";
import { placeOf } from "./plane.js";
import { TOP, bestLogits, difference, divergence, lattice, regretOf, smoothed } from "./smoothed.js";
import { logitsOn, slopesAt, teach, trainer } from "./trainer.js";

const GRID = lattice(48);
const FOOLED = 0.05;
const AWAKE = 6000; // milliseconds for which the discriminator trains after the reader did something
const AHEAD = 120; // steps that it has taken before the reader comes
const WORDS = {
  task: "You are the generator: drag the crosses onto the circles.",
  about: "Real points as circles, your twenty points as crosses, green where the discriminator says real",
  hint: "By keys: arrows move the ringed crosses, Enter takes the next ones.",
};
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const LINES = [
  { name: "JSD of your points from the data", role: "fake", dash: "solid" },
  { name: "what this discriminator has found of it", role: "discriminator", dash: "dashed" },
];

export function forge(host, game, act) {
  const deal = dealt("generator", game.level, game.seed);
  const std = NOISE.generator;
  const f = {
    game,
    deal,
    p: smoothed(GRID, deal.data, std),
    judge: trainer(deal.data, std, game.seed),
    points: game.points ?? rounded(deal.start).map(within),
    hand: LEVELS.generator[game.level - 1].hand,
    first: 0,
    group: null,
    held: null,
    hover: null,
    best: false,
    pushes: true,
    history: [],
    until: 0,
    closed: false,
    running: false,
    calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
    painted: 0,
    told: { at: 0, text: "" },
  };
  f.parts = frame(host, game, WORDS, { ...act, share: () => act.share({ ...game, points: f.points }) });
  build(f);
  f.paint = painter(f.parts.plane, () => scene(f));
  weigh(f);
  const leave = begin(f);
  return {
    resized: () => show(f),
    state: () => ({ points: f.points, jsd: f.jsd, found: f.found, steps: f.judge.steps, running: f.running }),
    destroy() {
      f.closed = true;
      leave();
    },
  };
}

function build(f) {
  const { side, plane, status, onwards } = f.parts;
  f.score = make("output", { "aria-hidden": "true" });
  const scale = make("span", {}, ` nats between you and the data, of at most ${nats(TOP)}`);
  const chart = make("div");
  const size = { height: 150, x: [0, 1], y: [-0.1, 0.8], xLabel: "step of the discriminator" };
  const label = "Both over the steps of the discriminator; the sentence below says the last values";
  f.chart = axes(chart, { ...size, lines: [], landmarks: [{ name: "log 2", y: TOP }], label });
  f.hands = HANDS.map((count) => button(count === 20 ? "all" : String(count), () => take(f, count)));
  const hands = make("div", {
    class: "bar",
    role: "group",
    "aria-label": "How many crosses to take at once",
  });
  hands.append("Take", ...f.hands);
  const looks = make(
    "div",
    { class: "bar" },
    box(f, "pushes", "where D pushes them"),
    box(f, "best", "the best D instead"),
  );
  side.append(
    make("p", { class: "score" }, f.score, scale),
    legend(LINES),
    chart,
    status,
    onwards,
    hands,
    looks,
  );
  const listen = (name, act, options) => plane.addEventListener(name, (event) => act(f, event), options);
  listen("pointerdown", grasp);
  listen("pointermove", drag);
  for (const name of ["pointerup", "pointercancel"]) listen(name, release);
  listen("pointerleave", () => hover(f, null));
  listen("touchstart", keep, { passive: false });
  listen("keydown", press);
}

function box(f, name, words) {
  const input = make("input", { type: "checkbox", onchange: () => ((f[name] = input.checked), show(f)) });
  input.checked = f[name];
  return make("label", {}, input, words);
}

// What is exact of the points as they stand.
function weigh(f) {
  f.q = smoothed(GRID, f.points, NOISE.generator);
  f.jsd = divergence(GRID, f.p, f.q);
  f.right = (1 + difference(GRID, f.p, f.q)) / 2;
  if (f.logits) f.found = f.jsd - regretOf(GRID, f.p, f.q, f.logits) / 2;
}

// The discriminator learns before the first picture of it, and later for as long as the reader plays in view.
function begin(f) {
  const turned = () => f.running || (f.until && wake(f));
  const unwatch = watched(f.parts.plane, (inView) => {
    f.seen = inView;
    if (f.seen && f.judge.steps < AHEAD) prepare(f);
    turned();
  });
  document.addEventListener("visibilitychange", turned);
  show(f);
  return () => {
    unwatch();
    document.removeEventListener("visibilitychange", turned);
  };
}

function prepare(f) {
  if (f.closed || f.judge.steps >= AHEAD) return;
  for (let i = 0; i < 10; i++) teach(f.judge, f.points);
  if (f.judge.steps < AHEAD) setTimeout(() => prepare(f), 0);
  else look(f);
}

function wake(f) {
  f.until = performance.now() + AWAKE;
  if (f.running || f.closed) return;
  f.running = true;
  requestAnimationFrame(() => advance(f));
}

function advance(f) {
  const now = performance.now();
  if (f.closed || !f.seen || document.hidden || (now > f.until && f.held === null)) {
    f.running = false;
    say(f);
    return;
  }
  for (let i = 0; i < 2; i++) teach(f.judge, f.points);
  if (now - f.painted > (f.calm ? 500 : 30)) {
    f.painted = now;
    look(f);
  }
  requestAnimationFrame(() => advance(f));
}

// What the discriminator says now.
function look(f) {
  f.logits = logitsOn(f.judge, GRID);
  weigh(f);
  f.history.push([f.judge.steps, f.jsd, f.found]);
  if (f.history.length > 400) f.history = f.history.filter((_, i) => i % 2);
  show(f);
  say(f, 1000);
}

const answer = (a) => 1 / (1 + Math.exp(-a));

function scene(f) {
  const logits = f.best ? bestLogits(f.p, f.q) : f.logits;
  const pushes =
    f.pushes && !f.best && f.logits ? slopesAt(f.judge, f.points).map((at, i) => push(at, f.points[i])) : [];
  return {
    grid: GRID,
    answers: logits?.map(answer),
    real: f.deal.real,
    fake: f.points,
    rings: ringed(f).map((i) => f.points[i]),
    pushes,
  };
}

// The steepest way up log D from a point, at most half a unit long.
function push({ score, slope }, point) {
  const length = (1 - answer(score)) * Math.hypot(...slope);
  const scale = (0.5 * Math.min(length, 1)) / (Math.hypot(...slope) || 1);
  return [point, point.map((x, k) => x + scale * slope[k])];
}

function show(f) {
  f.paint();
  f.score.textContent = nats(f.jsd);
  offerNext(f.parts, f.game, f.jsd < FOOLED && f.held === null);
  f.hands.forEach((each, i) => each.setAttribute("aria-pressed", String(HANDS[i] === f.hand)));
  const { svg, options, draw } = f.chart;
  const x = f.history.map(([step]) => step);
  options.lines = LINES.map((line, k) => ({ ...line, x, y: f.history.map((row) => row[k + 1]) }));
  options.x = [x[0] ?? 0, Math.max(x.at(-1) ?? 1, (x[0] ?? 0) + 100)];
  draw(svg.parentNode.clientWidth);
  if (!f.running) say(f);
}

function verdict({ jsd, found, right }) {
  const share = `would be right on ${percent(right)} of samples`;
  if (jsd < FOOLED)
    return ["Fooled. ", `Even the best discriminator ${share}, real or yours; guessing is right on 50%.`];
  if (found < jsd - 0.1) return ["This discriminator is behind. ", `The best one ${share}.`];
  return ["", `The best discriminator ${share}, real or yours.`];
}

// At once when the reader acts, and at most once a second while the discriminator learns.
function say(f, wait = 0) {
  const [beginning, rest] = verdict(f);
  const now = performance.now();
  if (f.held !== null || now - f.told.at < wait || f.told.text === beginning + rest) return;
  f.told = { at: now, text: beginning + rest };
  f.parts.status.replaceChildren(make("b", {}, beginning), rest);
}

// Taking points and moving them

const nearestTo = (f, [x, y]) =>
  f.points
    .map(([a, b], i) => [Math.hypot(a - x, b - y), i])
    .sort((one, other) => one[0] - other[0])
    .slice(0, f.hand)
    .map(([, i]) => i);

// What the keys move: the first and its nearest, until others are taken.
const group = (f) => (f.group ??= nearestTo(f, f.points[f.first]));
const chosen = (f) => (document.activeElement === f.parts.plane ? group(f) : []);

// All twenty would hide each other.
function ringed(f) {
  const taken = f.held?.taken ?? f.hover ?? chosen(f);
  return taken.length < f.points.length ? taken : taken.slice(0, 1);
}

function take(f, count) {
  [f.hand, f.group] = [count, null];
  show(f);
}

function grasp(f, event) {
  if (event.button) return;
  const { point } = placeOf(f.parts.plane, event);
  if (event.pointerType === "touch" && !near(f, event)) return;
  f.parts.plane.setPointerCapture(event.pointerId);
  const taken = nearestTo(f, point);
  [f.first, f.group] = [taken[0], taken];
  f.held = { taken, from: point, start: taken.map((i) => f.points[i]) };
  wake(f);
}

function drag(f, event) {
  const { point } = placeOf(f.parts.plane, event);
  if (f.held === null) {
    if (event.pointerType === "mouse") hover(f, nearestTo(f, point));
    return;
  }
  const { taken, from, start } = f.held;
  move(
    f,
    taken,
    start.map((at) => at.map((x, k) => x + point[k] - from[k])),
  );
}

function release(f) {
  if (f.held === null) return;
  [f.held, f.hover] = [null, null];
  settle(f);
}

function hover(f, taken) {
  if (f.held !== null) return;
  f.hover = taken;
  f.paint();
}

// A finger that is not near a cross scrolls the page.
const near = (f, event) => {
  const { point, unit } = placeOf(f.parts.plane, event);
  return f.points.some(([x, y]) => Math.hypot(x - point[0], y - point[1]) * unit < 40);
};

function keep(f, event) {
  if (event.touches.length === 1 && near(f, event.touches[0])) event.preventDefault();
}

function move(f, taken, places) {
  f.points = f.points.map((point, i) => (taken.includes(i) ? within(places[taken.indexOf(i)]) : point));
  changed(f);
}

// Where the points come to rest is where a link can put them.
function settle(f) {
  f.points = rounded(f.points).map(within);
  changed(f);
  say(f);
}

function changed(f) {
  weigh(f);
  wake(f);
  show(f);
}

function press(f, event) {
  const way = MOVES[event.key];
  if (way) {
    const step = (event.shiftKey ? 2 : 8) * STEP;
    const places = group(f).map((i) => f.points[i].map((x, k) => x + step * way[k]));
    move(f, group(f), places);
    settle(f);
  } else if (event.key === "Enter" || event.key === " ") {
    const on = event.shiftKey ? f.points.length - 1 : 1;
    [f.first, f.group] = [(f.first + on) % f.points.length, null];
    f.paint();
  } else return;
  event.preventDefault();
}
