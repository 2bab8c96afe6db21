// The browser lab's set-ups: what can be chosen, and presets.

import { LOSSES } from "../training/losses.js";
import { PENALTIES } from "../training/penalties.js";

const choice = (label, choices, more) => ({ label, choices, value: Object.keys(choices)[0], ...more });
const number = (label, value, low, high, more) => ({ label, value, low, high, ...more });
const whole = { whole: true };
const live = { live: true }; // may change while the game goes on

const OPTIMIZERS = { adam: "Adam", sgd: "plain gradient" };

const labels = (facts) => Object.fromEntries(Object.entries(facts).map(([name, { label }]) => [name, label]));
const titles = Object.fromEntries(Object.entries(LOSSES).map(([name, { title }]) => [name, title]));
const weights = Object.fromEntries(
  Object.entries(labels(PENALTIES)).map(([name, label]) => [
    name,
    number(`${label} weight`, 0, 0, 100, live),
  ]),
);

export const FIELDS = {
  data: choice("Data", {
    ring: "ring of eight",
    grid: "grid of 25",
    swiss_roll: "Swiss roll",
    two_moons: "two moons",
    blob: "one Gaussian",
    drawn: "draw your own",
  }),
  loss: choice("Loss", titles, live),
  ...weights,
  g_optimizer: choice("Optimizer of G", OPTIMIZERS, live),
  d_optimizer: choice("Optimizer of D", OPTIMIZERS, live),
  g_rate: number("Learning rate of G", 1e-3, 1e-6, 1, live),
  d_rate: number("Learning rate of D", 1e-3, 1e-6, 1, live),
  beta1: number("Adam's beta 1", 0.5, 0, 0.99, live),
  n_critic: number("D steps per G step", 1, 1, 20, { ...whole, ...live }),
  head_start: number("Head start of D, steps", 0, 0, 5000, whole),
  g_width: number("Width of G", 32, 1, 128, whole),
  g_depth: number("Hidden layers of G", 2, 0, 4, whole),
  d_width: number("Width of D", 32, 1, 128, whole),
  d_depth: number("Hidden layers of D", 2, 0, 4, whole),
  activation: choice("Activation", { leaky_relu: "leaky ReLU", tanh: "tanh", relu: "ReLU" }),
  latent_dim: number("Latent dimensions", 2, 1, 16, whole),
  batch: number("Batch", 128, 4, 512, whole),
  seed: number("Seed", 0, 0, 999999, whole),
  steps: number("Stop after, G steps", 3000, 1, 20000, whole),
};
export const GROUPS = {
  Game: ["loss", ...Object.keys(PENALTIES), "n_critic", "head_start"],
  Learning: ["g_rate", "d_rate", "g_optimizer", "d_optimizer", "beta1", "batch", "steps"],
  Networks: ["g_width", "g_depth", "d_width", "d_depth", "activation", "latent_dim"],
};
export const EXTENT = 2.8;
export const MOST_POINTS = 100;

const PLAIN = { g_optimizer: "sgd", d_optimizer: "sgd" };

export const PRESETS = {
  healthy: {
    label: "Healthy",
    note: "Both players learn at one pace and R1 and R2 calm the discriminator. The crosses settle on all eight modes, and both losses come near their dotted lines.",
    setup: { r1: 0.05, r2: 0.05 },
  },
  collapse: {
    label: "Mode collapse",
    note: "The generator learns ten times as fast as its discriminator. Its points bunch together and hop from place to place. Cure: give both a learning rate of 0.001, and reset.",
    setup: { g_rate: 2e-3, d_rate: 2e-4, activation: "relu", latent_dim: 16, steps: 1500 },
  },
  saturation: {
    label: "Saturation",
    note: "A head start has made the discriminator sure of itself. There log(1 - D) is flat: the arrows have no length and the generator stands still. Cure: choose the non-saturating loss, while it runs.",
    setup: { loss: "minimax", g_optimizer: "sgd", g_rate: 0.01, head_start: 2000, steps: 1000 },
  },
  rotation: {
    label: "Rotation",
    note: "A linear critic and one Gaussian: the players circle the equilibrium and come no nearer to it. Cure: set the R1 weight to 0.1, while it runs.",
    setup: {
      data: "blob",
      loss: "wasserstein",
      ...PLAIN,
      g_rate: 0.01,
      d_rate: 0.01,
      g_depth: 0,
      d_depth: 0,
      steps: 6000,
    },
  },
  weak_critic: {
    label: "Critic too weak",
    note: "A linear discriminator sees no more than the mean. Its loss stays at 2 log 2, as at the equilibrium, and yet the generator has not found the ring. Cure: give D two hidden layers.",
    setup: { r1: 0.05, r2: 0.05, d_depth: 0, steps: 1500 },
  },
  penalty: {
    label: "Gradient penalty",
    note: "A Wasserstein critic under the WGAN-GP penalty, five steps of it to each of the generator's. The crosses gather on the ring and then on its modes, and the critic's loss, minus the distance that it sees, comes back towards 0. Spoil it: give D one step per G step.",
    setup: { loss: "wasserstein", gp: 0.1, n_critic: 5, batch: 64, steps: 2000 },
  },
};
