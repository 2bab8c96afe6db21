// Points with normal noise on each, as densities on a lattice of the plane, and what discriminators make of two.
//
// Sums over the lattice are integrals: for densities as smooth as these the rule of midpoints is exact to
// rounding once the step is below the noise. A discriminator is given by its logits.

const SPAN = 5.8; // half of the lattice, so that all of the noise lies on it
export const TOP = Math.log(2); // the largest divergence

export function lattice(side) {
  const step = (2 * SPAN) / side;
  return {
    side,
    step,
    span: SPAN,
    ticks: Float64Array.from({ length: side }, (_, i) => -SPAN + (i + 0.5) * step),
  };
}

// The density of the points, each with noise of this standard deviation; rows run upwards.
export function smoothed({ side, ticks }, points, std) {
  const sums = new Float64Array(side * side);
  const bell = (at, middle) => Math.exp(-(((at - middle) / std) ** 2) / 2);
  const scale = 1 / (2 * Math.PI * std * std * points.length);
  for (const [x, y] of points) {
    const [across, up] = [x, y].map((middle) => ticks.map((at) => bell(at, middle)));
    for (let j = 0; j < side; j++) {
      const height = scale * up[j];
      for (let i = 0, at = j * side; i < side; i++, at++) sums[at] += height * across[i];
    }
  }
  return sums;
}

// The logit of the best discriminator, log(p / q).
export const bestLogits = (p, q) => p.map((value, i) => Math.log(value / q[i]));

// The Jensen-Shannon divergence, in nats.
export function divergence({ step }, p, q) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const middle = (p[i] + q[i]) / 2;
    if (p[i] > 0) sum += p[i] * Math.log(p[i] / middle);
    if (q[i] > 0) sum += q[i] * Math.log(q[i] / middle);
  }
  return Math.max((sum * step * step) / 2, 0);
}

// Total variation, half the area between two densities.
export const difference = ({ step }, p, q) =>
  p.reduce((sum, value, i) => sum + Math.abs(value - q[i]), 0) * ((step * step) / 2);

const above = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))); // log(1 + e^x)

// The value of a discriminator, E_p[log D] + E_q[log(1 - D)]; its logits are `scale` times those given.
export function valueOf({ step }, p, q, logits, scale = 1) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const a = scale * logits[i];
    sum -= p[i] * above(-a) + q[i] * above(a);
  }
  return sum * step * step;
}

// What it loses against the best one.
export const regretOf = (grid, p, q, logits, scale = 1) =>
  Math.max(2 * divergence(grid, p, q) - 2 * TOP - valueOf(grid, p, q, logits, scale), 0);

// The scale from 0 to `most` with the largest value, which is concave in it: by the golden section.
export function bestScale(grid, p, q, logits, most) {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0, most];
  let inner = [high - ratio * (high - low), low + ratio * (high - low)];
  let found = inner.map((scale) => valueOf(grid, p, q, logits, scale));
  while (high - low > 1e-4 * most) {
    if (found[0] > found[1]) {
      high = inner[1];
      inner = [high - ratio * (high - low), inner[0]];
      found = [valueOf(grid, p, q, logits, inner[0]), found[0]];
    } else {
      low = inner[0];
      inner = [inner[1], low + ratio * (high - low)];
      found = [found[1], valueOf(grid, p, q, logits, inner[1])];
    }
  }
  return (low + high) / 2;
}
