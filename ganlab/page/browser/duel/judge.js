// The reader as the discriminator: a border to draw, round after round, against a generator that moves.

import { legend } from "../kit/axes.js";
import { button, make } from "../kit/elements.js";
import { segmentsOf, signedDistance, tidied } from "./borders.js";
import { frame, nats, offerNext, painter, percent } from "./frame.js";
import { LEVELS, NOISE, ROUNDS, dealt } from "./levels.js";
import { MOST_STROKES, MOST_SURE, STEP, rounded } from "./links.js";
import { placeOf, zeros } from "./plane.js";
import { pushed } from "./pushing.js";
import { TOP, bestLogits, bestScale, divergence, lattice, regretOf, smoothed, valueOf } from "./smoothed.js";

const GRID = lattice(80);
const FINE = 0.02;
const WORDS = {
  task: "You are the discriminator: draw the border between circles and crosses.",
  about: "Real samples as circles, generated ones as crosses, and the border that you draw",
  hint: "By keys: arrows move the square, Enter sets a corner of the border, Backspace takes it back.",
};
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const COLUMNS = ["round", "JSD", "your value", "best value", "regret"];

export function judge(host, game, act) {
  const deal = dealt("discriminator", game.level, game.seed);
  const j = {
    game,
    deal,
    p: smoothed(GRID, deal.data, NOISE.discriminator),
    points: deal.start,
    sure: 3,
    strokes: [],
    corners: [],
    tracing: null,
    cursor: null,
    rounds: [],
    answered: null,
    moving: null,
    calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
  j.parts = frame(host, game, WORDS, { ...act, share: () => act.share({ ...game, rounds: j.rounds }) });
  build(j);
  j.paint = painter(j.parts.plane, () => scene(j));
  j.paintBest = painter(j.best, () => bestScene(j));
  meet(j);
  for (const { sure, strokes } of game.rounds) replay(j, sure, strokes);
  show(j);
  return {
    resized: () => show(j),
    state: () => ({
      ...summary(j),
      points: j.points,
      sure: j.sure,
      strokes: j.strokes,
      moving: j.moving !== null,
    }),
    destroy: () => cancelAnimationFrame(j.moving?.frame),
  };
}

const summary = ({ rounds, answered }) => ({
  rounds: rounds.map((round) => ({ ...round })),
  answered: answered !== null,
});

function build(j) {
  const { side, plane, status, onwards } = j.parts;
  const range = { type: "range", min: 0, max: MOST_SURE, step: 0.1, value: j.sure };
  j.slider = make("input", { ...range, oninput: () => be(j, Number(j.slider.value)) });
  j.said = make("output", { "aria-hidden": "true" });
  j.answer = button("Answer", () => reply(j), { class: "main" });
  j.clear = button("Clear", () => wipe(j));
  j.next = button("Let the generator move", () => go(j), { class: "main", hidden: true });
  const label = "The best discriminator's answer, with its border";
  j.best = make("canvas", { class: "plane small", role: "img", "aria-label": label, hidden: true });
  j.name = make("p", { class: "title", hidden: true }, "the best discriminator, D* = p/(p + q)");
  j.key = legend([
    { name: "your border", role: "ink", dash: "solid" },
    { name: "the best border", role: "ink", dash: "dashed" },
  ]);
  j.score = make(
    "p",
    { class: "score", hidden: true },
    make("output", { "aria-hidden": "true" }),
    " nats of regret",
  );
  j.table = make("table", { hidden: true });
  const sure = make("label", { class: "sure" }, "How sure", j.slider);
  const drive = make("div", { class: "bar" }, j.answer, j.clear, j.next);
  side.append(sure, j.said, drive, j.score, status, onwards, j.key, j.name, j.best, j.table);
  plane.classList.add("drawing");
  plane.addEventListener("pointerdown", (event) => start(j, event));
  plane.addEventListener("pointermove", (event) => trace(j, event));
  for (const name of ["pointerup", "pointercancel"]) plane.addEventListener(name, () => finish(j));
  plane.addEventListener("keydown", (event) => press(j, event));
  for (const name of ["focus", "blur"]) plane.addEventListener(name, () => j.paint());
}

// A round begins: the samples that are there now.
function meet(j) {
  Object.assign(j, { strokes: [], corners: [], answered: null, signed: null });
  j.q = smoothed(GRID, j.points, NOISE.discriminator);
  j.jsd = divergence(GRID, j.p, j.q);
}

// Drawing

const free = (j) => j.answered === null && j.moving === null;

function start(j, event) {
  if (event.button || !free(j)) return;
  j.parts.plane.setPointerCapture(event.pointerId);
  [j.tracing, j.corners, j.cursor] = [[placeOf(j.parts.plane, event).point], [], null];
}

function trace(j, event) {
  if (!j.tracing) return;
  j.tracing.push(placeOf(j.parts.plane, event).point);
  j.paint();
}

function finish(j) {
  const stroke = j.tracing && tidied(j.tracing);
  j.tracing = null;
  if (stroke) draw(j, [...j.strokes, rounded(stroke)]);
  else j.paint();
}

function press(j, event) {
  const way = MOVES[event.key];
  if (!free(j) || !(way || ["Enter", " ", "Backspace"].includes(event.key))) return;
  event.preventDefault();
  j.cursor ??= [0, 0];
  if (way) {
    const step = (event.shiftKey ? 2 : 8) * STEP;
    [j.cursor] = rounded([j.cursor.map((x, k) => x + step * way[k])]);
    j.paint();
    return;
  }
  const others = j.corners.length > 1 ? j.strokes.slice(0, -1) : j.strokes;
  if (event.key === "Backspace") j.corners = j.corners.slice(0, -1);
  else if (j.corners.length < 24 && String(j.corners.at(-1)) !== String(j.cursor))
    j.corners = [...j.corners, j.cursor];
  draw(j, j.corners.length > 1 ? [...others, j.corners] : others);
}

function draw(j, strokes) {
  j.strokes = strokes.slice(-MOST_STROKES);
  j.signed = strokes.length ? signedDistance(GRID, j.strokes, j.p, j.q) : null;
  show(j);
}

function wipe(j) {
  j.corners = [];
  draw(j, []);
}

function be(j, sure) {
  j.sure = Math.round(10 * sure) / 10;
  show(j);
}

// Rounds

function reply(j) {
  if (!free(j) || !j.signed) return;
  const { p, q, signed, sure } = j;
  const best = bestScale(GRID, p, q, signed, 3 * MOST_SURE);
  const regret = regretOf(GRID, p, q, signed, sure);
  const border = Math.min(regretOf(GRID, p, q, signed, best), regret);
  const value = valueOf(GRID, p, q, signed, sure);
  j.answered = { sure, strokes: j.strokes, regret, border, value, best, jsd: j.jsd };
  j.rounds = [...j.rounds, j.answered];
  show(j);
}

function replay(j, sure, strokes) {
  if (j.answered) advance(j);
  Object.assign(j, { sure, strokes });
  j.signed = strokes.length ? signedDistance(GRID, strokes, j.p, j.q) : new Float64Array(j.p.length);
  reply(j);
}

const moved = (j) =>
  pushed(j.points, {
    grid: GRID,
    signed: j.signed,
    segments: segmentsOf(j.strokes),
    sure: j.sure,
    frozen: LEVELS.discriminator[j.game.level - 1].frozen,
  });

function advance(j) {
  j.points = moved(j);
  meet(j);
}

// The generator's move takes half a second, unless the reader wants little motion.
function go(j) {
  const [from, to] = [j.points, moved(j)];
  const begun = performance.now();
  const turn = () => {
    const share = j.calm ? 1 : Math.min((performance.now() - begun) / 500, 1);
    j.points = from.map((point, i) => point.map((x, k) => x + share * (to[i][k] - x)));
    j.moving = share < 1 ? { frame: requestAnimationFrame(turn) } : null;
    if (j.moving) j.paint();
    else {
      meet(j);
      show(j);
      j.parts.plane.focus({ preventScroll: true });
    }
  };
  j.moving = {};
  turn();
}

// What is seen

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

const crosses = ({ points, deal }) =>
  deal.offsets.map((offset, i) => offset.map((x, k) => points[i % points.length][k] + x));

function scene(j) {
  const strokes = segmentsOf(j.strokes);
  return {
    grid: GRID,
    answers: j.signed?.map((distance) => sigmoid(j.sure * distance)),
    real: j.deal.real,
    fake: crosses(j),
    strokes: [...strokes, ...(j.tracing ? [j.tracing] : [])],
    contour: j.answered ? zeros(GRID, bestLogits(j.p, j.q)) : [],
    cursor: document.activeElement === j.parts.plane && free(j) ? j.cursor : null,
    rings: j.corners.slice(-1),
  };
}

function bestScene(j) {
  const logits = bestLogits(j.p, j.q);
  return { grid: GRID, answers: logits.map(sigmoid), real: [], fake: [], contour: zeros(GRID, logits) };
}

function show(j) {
  const { answered, rounds, sure } = j;
  const last = rounds.length >= ROUNDS;
  j.slider.value = sure;
  j.slider.disabled = !free(j);
  j.said.textContent = `a sixth of the picture from the border you are ${percent(sigmoid(sure))} sure`;
  j.slider.setAttribute("aria-valuetext", j.said.textContent);
  j.answer.disabled = !j.signed;
  [j.answer.hidden, j.clear.hidden, j.next.hidden] = [answered, answered, !answered || last].map(Boolean);
  for (const part of [j.name, j.best, j.score, j.key]) part.hidden = !answered;
  j.table.hidden = !rounds.length;
  if (answered) j.score.firstChild.textContent = nats(answered.regret);
  offerNext(j.parts, j.game, answered && last);
  tabulate(j);
  say(j);
  j.paint();
  if (answered) j.paintBest();
}

function say(j) {
  const { answered, rounds, jsd, parts } = j;
  if (!answered) {
    const now = j.signed ? "Say how sure you are, then answer." : "Draw in the picture.";
    parts.status.textContent = `Round ${rounds.length + 1} of ${ROUNDS}. ${now}`;
    return;
  }
  const { regret, border, sure, best } = answered;
  const why = sure > best ? "because you were too sure" : "because you were not sure enough";
  const words = [`${nats(border)} for the place of the border, ${nats(regret - border)} ${why}. `];
  if (regret < FINE) words.unshift("Hardly anything: ");
  words.push(
    `The best answer earns ${nats(2 * jsd - 2 * TOP)}, that is 2 JSD − log 4, and yours ${nats(answered.value)}.`,
  );
  const total = rounds.reduce((sum, round) => sum + round.regret, 0);
  const end =
    rounds.length < ROUNDS
      ? []
      : [make("b", {}, ` After ${ROUNDS} rounds your regret is ${nats(total)} nats.`)];
  parts.status.replaceChildren(...words, ...end);
}

function tabulate({ table, rounds }) {
  const head = COLUMNS.map((word) => make("th", { scope: "col" }, word));
  const rows = rounds.map(({ jsd, value, regret }, i) => {
    const numbers = [jsd, value, 2 * jsd - 2 * TOP, regret].map((x) => make("td", {}, nats(x)));
    return make("tr", {}, make("th", { scope: "row" }, String(i + 1)), ...numbers);
  });
  table.replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}
