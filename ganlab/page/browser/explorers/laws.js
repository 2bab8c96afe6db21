// Mixtures of Gaussians on a line, and what the best discriminator makes of two of them.

import { clamp } from "../kit/numbers.js";

export const LOG2 = Math.log(2);
const ROOT = Math.log(2 * Math.PI) / 2;

// A law is a list of [weight, mean, standard deviation].
export function logDensity(law, x) {
  let [top, sum] = [-Infinity, 0];
  for (const [weight, mean, std] of law) {
    const z = (x - mean) / std;
    const term = Math.log(weight) - Math.log(std) - ROOT - (z * z) / 2;
    if (term > top) [sum, top] = [sum * Math.exp(top - term) + 1, term];
    else sum += Math.exp(term - top);
  }
  return top + Math.log(sum);
}

export const density = (law, x) => Math.exp(logDensity(law, x));

export const mean = (law) => law.reduce((sum, [weight, m]) => sum + weight * m, 0);

export function deviation(law) {
  const centre = mean(law);
  return Math.sqrt(law.reduce((sum, [weight, m, std]) => sum + weight * (std * std + (m - centre) ** 2), 0));
}

// The law moved and widened to another mean and another standard deviation.
export function placed(law, centre, width) {
  const [m, factor] = [mean(law), width / deviation(law)];
  return law.map(([weight, mu, std]) => [weight, centre + factor * (mu - m), factor * std]);
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const best = (p, q, x) => 1 / (1 + Math.exp(logDensity(q, x) - logDensity(p, x)));

// JSD(p, q) and V(D*) = E_p[log D*] + E_q[log(1 - D*)], in nats, each by the trapezoidal rule on its own
// integrand: for smooth densities that fall off on both sides it is exact to rounding once the step is small.
export function compare(p, q) {
  const all = [...p, ...q];
  const low = Math.min(...all.map(([, m, s]) => m - 10 * s));
  const high = Math.max(...all.map(([, m, s]) => m + 10 * s));
  const count = clamp(Math.ceil((16 * (high - low)) / Math.min(...all.map(([, , s]) => s))), 400, 40000);
  const step = (high - low) / count;
  let [jsd, value] = [0, 0];
  for (let i = 0; i <= count; i++) {
    const x = low + i * step;
    const [a, b] = [logDensity(p, x), logDensity(q, x)];
    const [real, fake] = [-softplus(b - a), -softplus(a - b)]; // log D*, log(1 - D*)
    jsd += (Math.exp(a) * (LOG2 + real) + Math.exp(b) * (LOG2 + fake)) / 2;
    value += Math.exp(a) * real + Math.exp(b) * fake;
  }
  return { jsd: jsd * step, value: value * step };
}
