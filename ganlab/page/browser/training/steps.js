// The steps of both players, and whose turn it is.

import { clip, expose, hold, normalise } from "./bounds.js";
import { criticGradient, generatorGradient } from "./gradients.js";
import { LOSSES } from "./losses.js";
import { record } from "./measures.js";
import { update } from "./networks.js";
import { mixed } from "./penalties.js";
import { normals } from "./random.js";

const norm = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

function finite(g, player, value) {
  if (Number.isFinite(value)) return;
  throw new RangeError(`step ${g.step + 1}: the ${player}'s loss is ${value}; no weight was changed`);
}

export function criticStep(g, real, latents, mix) {
  const { discriminator: net, setup } = g;
  hold(net, setup.layers === "spectral");
  const row = criticGradient(g, real, latents, mix);
  finite(g, "discriminator", row.d_loss + row.penalty);
  expose(net);
  update(net, setup.d_optimizer, setup.d_rate, setup.beta1);
  if (setup.clip > 0) clip(net, setup.clip);
  normalise(net);
  g.criticStep++;
  return Object.assign(g.row, row);
}

export function generatorStep(g, real, latents) {
  hold(g.discriminator, g.setup.layers === "spectral");
  const g_loss = generatorGradient(g, real, latents);
  finite(g, "generator", g_loss);
  const g_norm = norm(g.generator.gradient);
  update(g.generator, g.setup.g_optimizer, g.setup.g_rate, g.setup.beta1);
  g.step++;
  return Object.assign(g.row, { g_loss, g_norm });
}

// Randomness is drawn outside the steps, one stream a purpose.

export function drawnCriticStep(g) {
  const { streams, setup, mix } = g;
  if (mixed(setup)) for (let i = 0; i < mix.length; i++) mix[i] = streams.mix.uniform();
  g.source.sample(g.real, setup.batch, streams.data);
  criticStep(g, g.real, normals(g.latents, streams.d_latents), mix);
}

export function drawnGeneratorStep(g) {
  if (LOSSES[g.setup.loss].relativistic) g.source.sample(g.real, g.setup.batch, g.streams.data);
  generatorStep(g, g.real, normals(g.latents, g.streams.g_latents));
  record(g);
}

// What comes next: the discriminator's head start, its n_critic steps, then one step of the generator.
export function halfStep(g) {
  const due = g.criticStep < g.setup.head_start || g.turn < g.setup.n_critic;
  if (g.criticStep >= g.setup.head_start) g.turn = due ? g.turn + 1 : 0;
  (due ? drawnCriticStep : drawnGeneratorStep)(g);
  return due ? "discriminator" : "generator";
}
