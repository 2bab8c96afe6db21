// All that the lab knows of losses: the facts, which are those of `ganlab.losses`, and the slopes of their terms.

import FACTS from "../../../assets/facts.json" with { type: "json" };

const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const TERMS = {
  up: [(a) => softplus(-a), (a) => -sigmoid(-a)],
  down: [softplus, sigmoid],
  saturating: [(a) => -softplus(a), (a) => -sigmoid(a)],
  one: [(a) => (a - 1) ** 2 / 2, (a) => a - 1],
  zero: [(a) => a ** 2 / 2, (a) => a],
  more: [(a) => -a, () => -1],
  less: [(a) => a, () => 1],
  above: [(a) => Math.max(0, 1 - a), (a) => (a < 1 ? -1 : 0)],
  below: [(a) => Math.max(0, 1 + a), (a) => (a > -1 ? 1 : 0)],
};

// The mean of a term over the scores; its slopes go into `ds`.
function mean([value, derivative], s, ds) {
  let sum = 0;
  for (let i = 0; i < s.length; i++) {
    sum += value(s[i]);
    ds[i] = derivative(s[i]) / s.length;
  }
  return sum / s.length;
}

function pairing(r, f, dr, df) {
  const n = r.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += softplus(f[i] - r[i]);
    df[i] = sigmoid(f[i] - r[i]) / n;
    dr[i] = -df[i];
  }
  return sum / n;
}

function average(r, f, dr, df) {
  const n = r.length;
  const [mr, mf] = [r, f].map((s) => s.reduce((sum, x) => sum + x, 0) / n);
  let [sum, sr, sf] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    sum += softplus(mf - r[i]) + softplus(f[i] - mr);
    sr += dr[i] = -sigmoid(mf - r[i]) / n;
    sf += df[i] = sigmoid(f[i] - mr) / n;
  }
  for (let i = 0; i < n; i++) {
    dr[i] -= sf / n;
    df[i] -= sr / n;
  }
  return sum / n;
}

const separate = (real, fake, generated) => ({
  discriminator: (r, f, dr, df) => mean(TERMS[real], r, dr) + mean(TERMS[fake], f, df),
  generator: (r, f, dr, df) => mean(TERMS[generated], f, df),
});
const relative = (loss) => ({
  discriminator: loss,
  generator: (r, f, dr, df) => loss(f, r, df, dr),
});
const PLAYED = {
  non_saturating: separate("up", "down", "up"),
  minimax: separate("up", "down", "saturating"),
  least_squares: separate("one", "zero", "one"),
  hinge: separate("above", "below", "more"),
  wasserstein: separate("more", "less", "more"),
  relativistic_pairing: relative(pairing),
  relativistic_average: relative(average),
};

// The losses that the lab can play, the first one unless another is chosen: the two players, and all facts.
export const LOSSES = Object.fromEntries(
  Object.entries(PLAYED).map(([name, players]) => [name, { ...FACTS.losses[name], ...players }]),
);

// How sure D is that a point is real, in [0, 1], from its raw scores, as `GANLoss.read` has it.
export function said(scores, loss) {
  const { logistic, targets } = LOSSES[loss];
  if (logistic) return scores.map(sigmoid);
  const [high, low] = targets ?? [Math.max(...scores), Math.min(...scores)];
  if (!(high > low)) return scores.map(() => 0.5);
  return scores.map((a) => Math.min(Math.max((a - low) / (high - low), 0), 1));
}
