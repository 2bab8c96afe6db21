// How a generator moves its points against a border: up the logarithm of what the discriminator says of them.

import { nearestOn } from "./borders.js";
import { within } from "./levels.js";

const RATE = 0.25;
const MOST = 0.9; // no point goes farther in one move

const turn = ([a, b], [c, d], [e, f]) => (c - a) * (f - b) - (d - b) * (e - a) >= 0;
const meets = (a, b, [c, d]) => turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b);

// On which side a point lies: 1 where the discriminator says real, else -1. It is the side of a place of the
// lattice beside it, from which no border is crossed.
export function sideOf({ side, step, ticks }, signed, segments, point) {
  const [i, j] = point.map((x) => Math.min(Math.max(Math.floor((x - ticks[0]) / step), 0), side - 2));
  const beside = [0, 1].flatMap((v) => [0, 1].map((u) => [i + u, j + v]));
  const free = beside.find(([u, v]) => !segments.some((ends) => meets(point, [ticks[u], ticks[v]], ends)));
  const [u, v] = free ?? beside[0];
  return signed[v * side + u] > 0 ? 1 : -1;
}

// The points after a move. With D = sigmoid(sure * signed distance), log D rises by sure * (1 - D) along the
// distance and -log(1 - D) by sure * D, which is what a `frozen` generator follows.
export function pushed(points, { grid, signed, segments, sure, frozen }) {
  if (!segments.length) return points;
  return points.map((point) => {
    const near = nearestOn(segments, point);
    const away = [0, 1].map((k) => point[k] - near[k]);
    const distance = Math.hypot(...away);
    const side = sideOf(grid, signed, segments, point);
    const said = 1 / (1 + Math.exp(-sure * side * distance));
    const move = Math.min(RATE * sure * (frozen ? said : 1 - said), MOST);
    return within([0, 1].map((k) => point[k] + (move * side * away[k]) / (distance || 1)));
  });
}
