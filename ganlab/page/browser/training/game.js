// A game: two networks, their data, their streams of random numbers, and what is kept of the course of it.
//
// It computes what ganlab.losses, regularizers, training and metrics compute; the tests compare them in float64.
// `F` is the kind of array: Float64Array is the faster one too, as a number in JavaScript has 64 bits.

import { COLUMNS } from "./measures.js";
import { initialize, network } from "./networks.js";
import { stream } from "./random.js";
import { SOURCES } from "./sources.js";
import { scene } from "./views.js";

const STREAMS = ["generator", "discriminator", "data", "d_latents", "g_latents", "mix", "metric", "view"];

export function game(setup, F) {
  const s = { ...setup };
  const streams = Object.fromEntries(STREAMS.map((name, i) => [name, stream(s.seed, i)]));
  const widths = (width, depth) => Array(depth).fill(width);
  const sizes = {
    generator: [s.latent_dim, ...widths(s.g_width, s.g_depth), 2],
    discriminator: [2, ...widths(s.d_width, s.d_depth), 1],
  };
  const [generator, discriminator] = ["generator", "discriminator"].map((name) =>
    initialize(network(F, sizes[name], s.activation), streams[name]),
  );
  const room = (columns) => new F(s.batch * columns);
  const zeros = (make) => Object.fromEntries(COLUMNS.map((name) => [name, make()]));
  const g = {
    setup: s,
    F,
    streams,
    generator,
    discriminator,
    source: SOURCES[s.data](s.points || []),
    step: 0,
    criticStep: 0,
    real: room(2),
    latents: room(s.latent_dim),
    mix: room(1),
    stack: room(6),
    slopes: room(3),
    others: room(1),
    row: {},
    turn: 0,
    limit: s.steps,
    start: setup,
    changes: [],
    history: { stride: 1, held: 0, sums: zeros(() => 0), columns: zeros(() => []) },
    metrics: [],
    every: 50,
  };
  g.shown = scene(g);
  return g;
}
