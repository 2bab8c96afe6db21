// A host runs one game for a page: it takes messages and answers with frames.

import { game } from "./game.js";
import { drawnCriticStep, drawnGeneratorStep, halfStep } from "./steps.js";
import { summary, view } from "./views.js";

const now = () => performance.now();

// `post` sends an answer, `budget` is how many milliseconds a piece of training takes, `soon` calls a function
// after the messages that wait. Returns what takes a message.
export function host(post, F, budget, soon) {
  const h = {
    post,
    F,
    budget,
    soon,
    game: null,
    mode: "paused",
    pace: 0,
    waiting: false,
    framed: 0,
    lastPost: 0,
    timer: null,
    ready: 0,
    ticks: [],
  };
  return (message) => ACTIONS[message.type](h, message);
}

const ACTIONS = {
  reset(h, { setup, frames }) {
    h.game = game(setup, h.F);
    [h.mode, h.framed, h.ticks] = ["paused", frames, []];
    frame(h, "reset", { real: h.game.shown.real, extent: h.game.source.extent });
  },
  stop(h) {
    h.mode = "paused";
  },
  run(h, message) {
    const g = h.game;
    h.pace = message.pace;
    if (g.step >= g.limit) g.limit = g.step + g.setup.steps;
    [h.mode, h.waiting, h.ticks] = ["running", false, []];
    later(h);
  },
  pause(h) {
    h.mode = "paused";
    frame(h, "pause");
  },
  step(h, { who }) {
    h.mode = "paused";
    if (attempt(h, () => single(h.game, who))) frame(h, who);
  },
  tune(h, { setup }) {
    const g = h.game;
    const changed = Object.keys(setup).filter((name) => setup[name] !== g.setup[name]);
    const values = Object.fromEntries(changed.map((name) => [name, setup[name]]));
    if (changed.length) g.changes.push({ step: g.step, ...values });
    Object.assign(g.setup, setup);
    frame(h, "tune");
  },
  seen(h) {
    h.waiting = false;
  },
  export({ game: g, post }) {
    const { columns, stride } = g.history;
    const kept = { start: g.start, changes: g.changes, stride, columns, points: g.metrics };
    post({ type: "export", ...summary(g), ...kept, ...view(g) });
  },
};

function frame(h, done, more) {
  const g = h.game;
  const kept = { columns: g.history.columns, points: g.metrics };
  const state = { mode: h.mode, done, reached: g.step >= g.limit, rate: rate(h) };
  h.post({ type: "frame", ...summary(g), ...view(g), ...kept, ...state, ...more });
  [h.waiting, h.lastPost] = [true, now()];
}

function rate({ ticks }) {
  const [first, last] = [ticks[0], ticks.at(-1)];
  return first && last[1] > first[1] ? (1000 * (last[0] - first[0])) / (last[1] - first[1]) : 0;
}

function attempt(h, work) {
  try {
    return work();
  } catch (error) {
    h.mode = "paused";
    h.post({ type: "failure", message: String(error.message), ...summary(h.game) });
    return null;
  }
}

function single(g, who) {
  const times = { discriminator: 1, generator: 0, both: g.setup.n_critic }[who];
  for (let i = 0; i < times; i++) drawnCriticStep(g);
  if (who !== "discriminator") drawnGeneratorStep(g);
  return true;
}

function wholeStep(g) {
  while (halfStep(g) !== "generator" && g.criticStep > g.setup.head_start);
}

// At most 600 steps a second, so that the eye can follow two small networks; a head start has nothing to follow.
function steps(h, until) {
  while (now() < until && now() >= h.ready && h.game.step < h.game.limit) {
    wholeStep(h.game);
    if (h.game.step) h.ready = Math.max(h.ready, now() - 100) + 1000 / 600;
  }
  return "both";
}

function run(h) {
  h.timer = null;
  if (h.mode !== "running") return;
  const g = h.game;
  const until = now() + h.budget;
  const done = attempt(h, () => (h.pace ? halfStep(g) : steps(h, until)));
  if (!done) return;
  h.ticks = [...h.ticks.filter(([, at]) => at > now() - 2000), [g.step, now()]];
  if (g.step >= g.limit) h.mode = "paused";
  const due = !h.waiting && now() - h.lastPost >= h.framed;
  if (h.pace || h.mode === "paused" || due) frame(h, done);
  if (h.mode === "running") later(h);
}

function later(h) {
  if (h.timer !== null) return;
  const wait = h.pace || Math.ceil(h.ready - now());
  const next = () => run(h);
  h.timer = wait > 0 ? setTimeout(next, wait) : (h.soon(next) ?? 0);
}
