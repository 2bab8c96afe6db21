// What is measured of a game, and the curves that are kept of it.

import { apply } from "./networks.js";
import { normals } from "./random.js";

// The rule of ganlab.metrics.mode_coverage: a sample within 3 standard deviations of its nearest centre counts.
export function coverage(points, n, { centers, std }) {
  const counts = Array(centers.length).fill(0);
  for (let i = 0; i < n; i++) {
    let [best, nearest] = [Infinity, 0];
    for (let k = 0; k < centers.length; k++) {
      const square = (points[2 * i] - centers[k][0]) ** 2 + (points[2 * i + 1] - centers[k][1]) ** 2;
      if (square < best) [best, nearest] = [square, k];
    }
    if (best <= 9 * std * std) counts[nearest]++;
  }
  const near = counts.reduce((sum, count) => sum + count, 0);
  const share = (count) => (count ? (count / near) * Math.log((count / near) * counts.length) : 0);
  return {
    modes: counts.filter((count) => count).length,
    total: counts.length,
    high_quality: near / n,
    reverse_kl: near ? counts.reduce((sum, count) => sum + share(count), 0) : null,
  };
}

export function measure(g, n = 2500) {
  const latents = normals(new g.F(n * g.setup.latent_dim), g.streams.metric);
  return { step: g.step, ...coverage(apply(g.generator, latents, n, new g.F(2 * n)), n, g.source) };
}

// Curves keep at most 512 rows: when they are full, each two become their mean.
export const COLUMNS = ["step", "d_loss", "penalty", "g_loss", "g_norm"];

export function record(g) {
  const { history, row } = g;
  COLUMNS.forEach((name) => (history.sums[name] += name === "step" ? g.step : (row[name] ?? NaN)));
  if (++history.held === history.stride) {
    for (const name of COLUMNS) {
      history.columns[name].push(history.sums[name] / history.stride);
      history.sums[name] = 0;
    }
    history.held = 0;
  }
  if (history.columns.step.length >= 512) {
    history.stride *= 2;
    for (const name of COLUMNS) {
      const all = history.columns[name];
      history.columns[name] = all.filter((_, i) => i % 2).map((value, i) => (value + all[2 * i]) / 2);
    }
  }
  if (g.source.centers && g.step % g.every === 0) g.metrics.push(measure(g));
  if (g.metrics.length >= 400) {
    g.every *= 2;
    g.metrics = g.metrics.filter((_, i) => i % 2);
  }
}
