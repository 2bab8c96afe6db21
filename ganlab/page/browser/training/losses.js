// All that the lab knows of losses: their names, how a raw score is read, their landmarks, and their slopes.

const LOG2 = Math.log(2);

// `reading` says how a raw score tells how sure D is: as a logit, as a number between the targets 0 and 1, as a
// margin between -1 and 1, or, without one, by its place among the other scores. `landmarks` are the losses of
// D and of G where p_g = p_data and D is best, as in ganlab.plotting.LANDMARKS: value and name.
export const FACTS = {
  non_saturating: {
    label: "non-saturating",
    reading: "logit",
    landmarks: [
      [2 * LOG2, "2 log 2"],
      [LOG2, "log 2"],
    ],
  },
  minimax: {
    label: "saturating (minimax)",
    reading: "logit",
    landmarks: [
      [2 * LOG2, "2 log 2"],
      [-LOG2, "-log 2"],
    ],
  },
  least_squares: {
    label: "least squares",
    reading: "target",
    landmarks: [
      [0.25, "1/4"],
      [0.125, "1/8"],
    ],
  },
  hinge: {
    label: "hinge",
    reading: "margin",
    landmarks: [
      [2, "2"],
      [0, "0"],
    ],
  },
  wasserstein: { label: "Wasserstein", reading: null, landmarks: [] },
  relativistic_pairing: {
    label: "relativistic pairing",
    reading: null,
    landmarks: [
      [LOG2, "log 2"],
      [LOG2, "log 2"],
    ],
  },
  relativistic_average: {
    label: "relativistic average",
    reading: null,
    landmarks: [
      [2 * LOG2, "2 log 2"],
      [2 * LOG2, "2 log 2"],
    ],
  },
};

const clip = (x) => Math.min(Math.max(x, 0), 1);
const READINGS = {
  logit: (a) => 1 / (1 + Math.exp(-a)),
  target: clip,
  margin: (a) => clip((a + 1) / 2),
};

// How sure D is that a point is real, in [0, 1], from its raw scores.
export function said(scores, loss) {
  const reading = READINGS[FACTS[loss].reading];
  if (reading) return scores.map((a) => reading(a));
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  return scores.map((a) => (a - low) / (high - low || 1));
}

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
  relativistic: true,
});
export const LOSSES = {
  minimax: separate("up", "down", "saturating"),
  non_saturating: separate("up", "down", "up"),
  least_squares: separate("one", "zero", "one"),
  wasserstein: separate("more", "less", "more"),
  hinge: separate("above", "below", "more"),
  relativistic_average: relative(average),
  relativistic_pairing: relative(pairing),
};
