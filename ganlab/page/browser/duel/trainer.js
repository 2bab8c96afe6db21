// A discriminator that trains against the points of the reader, a few steps at a time.

import { LOSSES } from "../training/losses.js";
import { apply, collect, forward, initialize, network, pullback, update } from "../training/networks.js";
import { chance } from "./levels.js";

const SIZES = [2, 24, 24, 1];
const DRAWS = 3; // samples of each point in a batch
const RATE = 0.006;
const [GAME] = Object.values(LOSSES);

// `data`: the twenty points of the data; `std`: of the noise around points.
export function trainer(data, std, seed) {
  const rows = 2 * DRAWS * data.length;
  return {
    net: initialize(network(Float64Array, SIZES, "tanh"), chance(seed, "training")),
    rng: chance(seed, "training"),
    data,
    std,
    steps: 0,
    batch: new Float64Array(2 * rows),
    slopes: new Float64Array(rows),
  };
}

// One step of the discriminator on samples of the data and of the points.
export function teach(judge, points) {
  const { net, rng, data, std, batch, slopes } = judge;
  const half = slopes.length / 2;
  [data, points].forEach((centres, kind) => {
    for (let i = 0; i < half; i++) {
      const at = 2 * (kind * half + i);
      batch[at] = centres[i % centres.length][0] + std * rng.normal();
      batch[at + 1] = centres[i % centres.length][1] + std * rng.normal();
    }
  });
  const scores = forward(net, batch, 2 * half);
  const [real, fake] = [scores.subarray(0, half), scores.subarray(half, 2 * half)];
  GAME.discriminator(real, fake, slopes.subarray(0, half), slopes.subarray(half));
  net.d[net.last].set(slopes);
  pullback(net, net.d, 2 * half, 1);
  collect(net, net.d, net.y, 0, 2 * half, true);
  update(net, "adam", RATE, 0.5);
  judge.steps++;
}

// Its logits on a lattice.
export function logitsOn({ net }, { side, ticks }) {
  const places = new Float64Array(2 * side * side);
  for (let at = 0; at < side * side; at++) {
    places[2 * at] = ticks[at % side];
    places[2 * at + 1] = ticks[Math.floor(at / side)];
  }
  return apply(net, places, side * side, new Float64Array(side * side));
}

// Where the logit rises at each point: the way that a generator would take.
export function slopesAt({ net }, points) {
  const scores = forward(net, Float64Array.from(points.flat()), points.length);
  net.d[net.last].fill(1, 0, points.length);
  const flat = pullback(net, net.d, points.length, 0);
  return points.map((_, i) => ({ score: scores[i], slope: [flat[2 * i], flat[2 * i + 1]] }));
}
