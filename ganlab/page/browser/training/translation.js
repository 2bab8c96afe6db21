// A game of four players in the plane: two translators that lead each other home, and a critic on either side.
//
// It computes what ganlab.training.Translation computes; the tests compare them in float64. `there` maps the source
// to the target, `back` the target to the source.

import { LOSSES } from "./losses.js";
import { apply, collect, forward, initialize, network, pullback, update } from "./networks.js";
import { stream } from "./random.js";

const PLAYERS = { there: 2, back: 2, sourceCritic: 1, targetCritic: 1 }; // how many numbers each returns
const [LOSS] = Object.values(LOSSES);
const BETA1 = 0.5;

// `setup`: seed, width, depth, batch; cycle and paired, the weights of the cycle and of known pairs; most, how many
// pairs may become known.
export function fourPlayers(setup, F) {
  const { seed, width, depth, batch, most } = setup;
  const players = Object.entries(PLAYERS).map(([name, outputs], i) => {
    const net = network(F, [2, ...Array(depth).fill(width), outputs], "leaky_relu");
    return [name, initialize(net, stream(seed, i))];
  });
  return {
    ...Object.fromEntries(players),
    F,
    setup,
    stack: new F(2 * (2 * batch + most)),
    slopes: { real: new F(batch), fake: new F(batch) },
    pairs: { known: new F(0), wanted: new F(0) },
    step: 0,
    row: {},
  };
}

const carried = (g, net, x) => apply(net, x, x.length / 2, new g.F(x.length));

function finite(g, who, value) {
  if (!Number.isFinite(value)) throw new RangeError(`step ${g.step + 1}: the loss of the ${who} is ${value}`);
}

// One step of both critics, each on its own side.
export function criticsStep(g, x, y, rate) {
  const sides = [
    [g.targetCritic, y, carried(g, g.there, x)],
    [g.sourceCritic, x, carried(g, g.back, y)],
  ];
  const total = sides.reduce((sum, [net, real, fake]) => sum + told(g, net, real, fake), 0);
  finite(g, "critics", total);
  for (const [net] of sides) update(net, "adam", rate, BETA1);
  return Object.assign(g.row, { d_loss: total / 2 });
}

// The loss of a critic; its gradient goes into its network.
function told({ stack, slopes }, net, real, fake) {
  const n = real.length / 2;
  stack.set(real);
  stack.set(fake, 2 * n);
  const scores = forward(net, stack.subarray(0, 4 * n), 2 * n);
  const [r, f] = [scores.subarray(0, n), scores.subarray(n, 2 * n)];
  const loss = LOSS.discriminator(r, f, slopes.real.subarray(0, n), slopes.fake.subarray(0, n));
  net.d[net.last].set(slopes.real.subarray(0, n));
  net.d[net.last].set(slopes.fake.subarray(0, n), n);
  pullback(net, net.d, 2 * n, 1);
  collect(net, net.d, net.y, 0, 2 * n, true);
  return loss;
}

// One step of both translators. Each sees three kinds of points: those that the other one made, which it should lead
// home; those of its own side, with which it should fool its critic; and the pairs that are known.
export function translatorsStep(g, x, y, rate) {
  const { there, back, pairs } = g;
  const [target, source] = [carried(g, there, x), carried(g, back, y)];
  const [ahead, behind] = [fooled(g, g.targetCritic, target), fooled(g, g.sourceCritic, source)];
  const out = homewards(g, there, [source, x, pairs.known], [y, pairs.wanted]);
  const home = homewards(g, back, [target, y, pairs.wanted], [x, pairs.known]);
  const g_loss = (ahead.loss + behind.loss) / 2;
  const cycle = out.cycle + home.cycle;
  finite(g, "translators", g_loss + cycle);
  learn(there, out.rows, ahead.push, home.push);
  learn(back, home.rows, behind.push, out.push);
  for (const net of [there, back]) update(net, "adam", rate, BETA1);
  g.step++;
  return Object.assign(g.row, { g_loss, cycle });
}

// The generator's loss of points, and its slope in them.
function fooled({ slopes }, critic, made) {
  const n = made.length / 2;
  const loss = LOSS.generator(
    null,
    forward(critic, made, n).subarray(0, n),
    null,
    slopes.fake.subarray(0, n),
  );
  critic.d[critic.last].set(slopes.fake.subarray(0, n));
  return { loss, push: pullback(critic, critic.d, n, 0).slice(0, 2 * n) };
}

// A translator on all of its points. Returns its part of the cycle error, and `push`, the slope of that in the points
// which the other one made. The slopes in its results, but for those of its own side, stay in its adjoints.
function homewards({ setup, stack }, net, [made, own, given], [homes, wanted]) {
  const [n, p] = [made.length, given.length];
  [made, own, given].forEach((points, i) => stack.set(points, i * n));
  const rows = n + p / 2;
  const results = forward(net, stack.subarray(0, 2 * rows), rows);
  const d = net.d[net.last];
  let cycle = 0;
  for (let i = 0; i < n; i++) {
    const off = results[i] - homes[i];
    cycle += Math.abs(off) / n;
    d[i] = (setup.cycle * Math.sign(off)) / n;
  }
  for (let i = 0, at = 2 * n; i < p; i++, at++) d[at] = (2 * setup.paired * (results[at] - wanted[i])) / p;
  return { cycle, rows, push: pullback(net, net.d, n / 2, 0).slice(0, n) };
}

// The gradient of a translator, once it is known what its results are worth to its critic and on the way home.
function learn(net, rows, fooling, returning) {
  const n = fooling.length;
  for (let i = 0; i < n; i++) net.d[net.last][n + i] = fooling[i] + returning[i];
  pullback(net, net.d, rows, 1);
  collect(net, net.d, net.y, 0, rows, true);
}
