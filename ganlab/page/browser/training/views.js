// What a picture shows: the generator's images of fixed latents, the steepest descent of its loss at some of
// them, the discriminator's scores on a lattice, and the images of a grid of latents.

import { hold } from "./bounds.js";
import { LOSSES } from "./losses.js";
import { apply, forward, pullback } from "./networks.js";
import { normals } from "./random.js";

const SHOWN = 250;
const ARROWS = 60;
const LATTICE = 32;
const LINES = 9;
const TICKS = 25;

export function scene(g) {
  const { streams, setup, source, F } = g;
  const lattice = new F(2 * LATTICE ** 2);
  for (let i = 0; i < LATTICE ** 2; i++) {
    lattice[2 * i] = source.extent * ((2 * (i % LATTICE) + 1) / LATTICE - 1);
    lattice[2 * i + 1] = source.extent * (1 - (2 * Math.floor(i / LATTICE) + 1) / LATTICE);
  }
  const dims = setup.latent_dim;
  const lines = dims > 1 ? 2 * LINES : 1;
  const grid = new F(lines * TICKS * dims);
  for (let line = 0; line < lines; line++) {
    for (let tick = 0; tick < TICKS; tick++) {
      const along = (4 * tick) / (TICKS - 1) - 2;
      const across = (4 * (line % LINES)) / (LINES - 1) - 2;
      const at = (line * TICKS + tick) * dims;
      grid[at] = line < LINES ? along : across;
      if (dims > 1) grid[at + 1] = line < LINES ? across : along;
    }
  }
  const real = source.sample(new F(2 * SHOWN), SHOWN, streams.view);
  return { real, latents: normals(new F(SHOWN * dims), streams.view), lattice, grid, lines };
}

export function view(g) {
  const { F, shown, generator: G, discriminator: D, setup } = g;
  hold(D, setup.layers === "spectral");
  const fake = apply(G, shown.latents, SHOWN, new F(2 * SHOWN));
  const manifold = apply(G, shown.grid, shown.lines * TICKS, new F(2 * shown.lines * TICKS));
  const field = apply(D, shown.lattice, LATTICE ** 2, new F(LATTICE ** 2));
  const points = new F(4 * ARROWS);
  points.set(fake.subarray(0, 2 * ARROWS));
  points.set(shown.real.subarray(0, 2 * ARROWS), 2 * ARROWS);
  const scores = forward(D, points, 2 * ARROWS).slice(0, 2 * ARROWS);
  const slopes = new F(2 * ARROWS);
  const [f, r] = [scores.subarray(0, ARROWS), scores.subarray(ARROWS)];
  LOSSES[setup.loss].generator(r, f, slopes.subarray(ARROWS), slopes.subarray(0, ARROWS));
  D.d[D.last].set(slopes.subarray(0, ARROWS));
  const arrows = pullback(D, D.d, ARROWS, 0)
    .slice(0, 2 * ARROWS)
    .map((x) => -ARROWS * x);
  const single = (values) => Float32Array.from(values);
  return {
    fake: single(fake),
    arrows: single(arrows),
    field: single(field),
    manifold: single(manifold),
    ticks: TICKS,
  };
}

export function summary(g) {
  const { step, criticStep, turn, row, metrics, source, setup } = g;
  return {
    step,
    criticStep,
    turn,
    row: { ...row },
    metrics: metrics.at(-1) ?? null,
    total: source.centers?.length ?? 0,
    setup,
  };
}
