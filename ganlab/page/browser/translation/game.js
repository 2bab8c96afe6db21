// The game of this part: its planes, the points that are shown and judged, and its course.

import {
  anyPoints,
  batchOf,
  isKnown,
  judged,
  placeOfPoint,
  pointsOfEach,
  symmetryOf,
  truthOfPoint,
} from "../training/blobs.js";
import { apply } from "../training/networks.js";
import { stream } from "../training/random.js";
import { criticsStep, fourPlayers, translatorsStep } from "../training/translation.js";

const NETWORKS = { width: 32, depth: 3, batch: 64, paired: 10 };
const STREAMS = { source: 21, target: 22, pairs: 23, shown: 24, others: 25 };
const RATE = 2e-3;
const EACH = 20; // points that are shown of a blob
export const LENGTH = 1000; // steps from the last change on
export const MOST = { pairs: 10, cycle: 100, seed: 9999, blobs: 5 };

const chance = (seed, what) => stream(seed, STREAMS[what]);

// `setup`: cycle, pairs and seed. `planes` as in training/blobs.js.
export function begun(setup, planes) {
  const { batch } = NETWORKS;
  const players = fourPlayers({ ...NETWORKS, ...setup, most: MOST.pairs }, Float64Array);
  const game = {
    setup,
    players,
    since: 0,
    batches: ["source", "target"].map((side) => ({
      side,
      room: new Float64Array(2 * batch),
      rng: chance(setup.seed, side),
    })),
  };
  return laid(game, planes);
}

const flat = (points) => Float64Array.from(points.flat());

// Other planes for a game that goes on; its learning rate is a new one again.
export function laid(game, planes) {
  const { seed, pairs } = game.setup;
  const { players } = game;
  const known = isKnown(planes) ? anyPoints(planes, pairs, chance(seed, "pairs")) : [];
  players.pairs = {
    known: flat(known.map((point) => placeOfPoint(planes, point))),
    wanted: flat(known.map((point) => truthOfPoint(planes, point))),
  };
  const points = pointsOfEach(planes, EACH, chance(seed, "shown"));
  return Object.assign(game, {
    planes,
    known,
    points,
    source: flat(points.map((point) => placeOfPoint(planes, point))),
    target: batchOf(
      planes,
      "target",
      new Float64Array(2 * EACH * planes.target.length),
      chance(seed, "others"),
    ),
    since: players.step,
  });
}

export const isOver = ({ players, since }) => players.step >= since + LENGTH;

// One step of all four, at a rate that falls in a line from the last change on.
export function advance(game) {
  const { players, planes, batches, since } = game;
  const rate = RATE * (1 - (players.step - since) / LENGTH);
  for (const turn of [criticsStep, translatorsStep]) {
    turn(players, ...batches.map(({ side, room, rng }) => batchOf(planes, side, room, rng)), rate);
  }
}

// Where the points of the source are taken and where the way back leads from there, and what that is worth.
export function looked({ players, planes, points, source }) {
  const through = (net, x) => apply(net, x, points.length, new Float64Array(x.length));
  const made = through(players.there, source);
  const again = through(players.back, made);
  const found = judged(planes, points, made, again);
  return { made, again, ...found, symmetry: isKnown(planes) ? symmetryOf(found.goes) : null };
}
