// The levels of both players, and what a seed makes of them: twenty points of the data, twenty to begin from.

import { clamp } from "../kit/numbers.js";
import { stream } from "../training/random.js";

export const COUNT = 20;
export const VISIBLE = 3; // half of the plane that is shown
export const REACH = 2.6; // how far from the middle a point may lie
export const ROUNDS = 5;

// The standard deviation of the noise around each point.
export const NOISE = { generator: 0.35, discriminator: 0.6 };

const polar = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)];
const each = (make) => Array.from({ length: COUNT }, (_, i) => make(i));

// The twenty points of the data from an angle, and the middle of the twenty to begin from.
const one = (angle) => ({ data: each(() => polar(1.5, angle)), from: polar(-1.5, angle) });
const two = (angle) => ({
  data: each((i) => polar(1.8, angle + (i % 4 ? 0 : 2))),
  from: polar(1.8, angle + 4),
});
const four = (angle) => ({ data: each((i) => polar(1.8, angle + (Math.PI / 2) * (i % 4))), from: [0, 0] });
const ten = (angle) => ({ data: each((i) => polar(2, angle + (Math.PI / 5) * (i % 10))), from: [0, 0] });
const spiral = (angle) => ({
  data: each((i) => polar(0.6 + 0.09 * i, angle + 0.27 * i)),
  from: polar(2, angle + 7),
});

// `hand`: how many points are taken at once. `frozen`: the generator minimises log(1 - D).
export const LEVELS = {
  generator: [
    { name: "One cloud", make: one, hand: 20, note: "One drag takes all twenty." },
    { name: "Two clouds", make: two, hand: 5, note: "Three quarters of the data lie in one of them." },
    { name: "Four clouds", make: four, hand: 5, note: "Try all on one cloud first." },
    { name: "Ten clouds", make: ten, hand: 2, note: "Two crosses each." },
    { name: "A spiral", make: spiral, hand: 1, note: "One at a time." },
  ],
  discriminator: [
    { name: "One cloud", make: one, note: "One stroke is enough: it goes on to the frame." },
    { name: "Two clouds", make: two, note: "The best border bends." },
    { name: "Four clouds", make: four, note: "Close a loop, or draw several strokes." },
    {
      name: "Saturating",
      make: one,
      frozen: true,
      note: "It minimises log(1 − D). Be very sure, and see how far it moves.",
    },
  ],
};
export const HANDS = [1, 2, 5, 20];

const STREAMS = { place: 11, start: 12, shown: 13, training: 14 };
export const chance = (seed, what) => stream(seed, STREAMS[what]);

export const within = (point) => point.map((x) => clamp(x, -REACH, REACH));

// What a level begins with: `data` and `start`, lists of points, and `real`, some samples of the data to show.
export function dealt(who, level, seed) {
  const { data, from } = LEVELS[who][level - 1].make(2 * Math.PI * chance(seed, "place").uniform());
  const [begin, show] = [chance(seed, "start"), chance(seed, "shown")];
  const near = ([x, y], std, rng) => [x + std * rng.normal(), y + std * rng.normal()];
  return {
    data,
    start: data.map(() => within(near(from, 0.3, begin))),
    real: [...data, ...data, ...data].map((point) => near(point, NOISE[who], show)),
    offsets: [...data, ...data, ...data].map(() => near([0, 0], NOISE[who], show)),
  };
}
