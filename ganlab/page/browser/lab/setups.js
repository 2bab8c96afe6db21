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
  layers: choice("Layers of D", { plain: "as they are", spectral: "divided by their spectral norm" }, live),
  clip: number("Clip D's weights to (0: not at all)", 0, 0, 10, live),
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
  Game: ["loss", ...Object.keys(PENALTIES), "layers", "clip", "n_critic", "head_start"],
  Learning: ["g_rate", "d_rate", "g_optimizer", "d_optimizer", "beta1", "batch", "steps"],
  Networks: ["g_width", "g_depth", "d_width", "d_depth", "activation", "latent_dim"],
};
export const EXTENT = 2.8;
export const MOST_POINTS = 100;

const PLAIN = { g_optimizer: "sgd", d_optimizer: "sgd" };

// What each preset is and what to expect of it; `turn` is what cures it, or spoils it, and what to expect then.
export const PRESETS = {
  healthy: {
    label: "Healthy",
    note: "Both players learn at one pace, and R1 and R2 calm the discriminator. Expect the crosses to settle on all eight modes, and both losses to come near their dotted lines.",
    setup: { r1: 0.05, r2: 0.05 },
    turn: {
      label: "Spoil it",
      says: "Spoil it: take R1 and R2 away.",
      setup: { r1: 0, r2: 0 },
      expect: "Without the penalties: expect modes that are found, lost and found again.",
    },
  },
  collapse: {
    label: "Mode collapse",
    note: "The generator learns ten times as fast as its discriminator. Expect its points to bunch together and to hop from place to place.",
    setup: { g_rate: 2e-3, d_rate: 2e-4, activation: "relu", latent_dim: 16, steps: 6000 },
    turn: {
      label: "Cure",
      says: "Cure: let the discriminator be twice as fast.",
      setup: { g_rate: 1e-3, d_rate: 2e-3 },
      expect: "Rates of 0.001 for G and 0.002 for D: expect the clump to come apart.",
    },
  },
  saturation: {
    label: "Saturation",
    note: "A head start makes the discriminator sure of itself. There log(1 - D) is flat: expect arrows of no length, and a generator that stands still.",
    setup: { loss: "minimax", g_optimizer: "sgd", g_rate: 0.01, head_start: 2000, steps: 6000 },
    turn: {
      label: "Cure",
      says: "Cure: the non-saturating loss, with R1 and R2.",
      setup: { loss: "non_saturating", r1: 0.05, r2: 0.05 },
      expect:
        "The non-saturating loss, with R1 and R2 of 0.05: expect a push at once, and crosses on their way.",
    },
  },
  rotation: {
    label: "Rotation",
    note: "A linear critic and one Gaussian. Expect the players to circle the equilibrium and to come no nearer to it.",
    setup: {
      data: "blob",
      loss: "wasserstein",
      ...PLAIN,
      g_rate: 0.01,
      d_rate: 0.01,
      g_depth: 0,
      d_depth: 0,
      steps: 20000,
    },
    turn: {
      label: "Cure",
      says: "Cure: R1.",
      setup: { r1: 0.1 },
      expect: "R1 with a weight of 0.1: expect a spiral that ends on the data.",
    },
  },
  weak_critic: {
    label: "Critic too weak",
    note: "A linear discriminator sees no more than the mean. Expect its loss to stay at 2 log 2, as at the equilibrium, while the generator has not found the ring.",
    setup: { r1: 0.05, r2: 0.05, d_depth: 0, steps: 6000 },
    turn: {
      label: "Cure",
      says: "Cure: two hidden layers for D.",
      setup: { d_depth: 2 },
      expect: "Another network is another game, which begins anew: expect all eight modes.",
    },
  },
  penalty: {
    label: "Gradient penalty",
    note: "A Wasserstein critic under the WGAN-GP penalty, five steps of it to each of the generator's. Expect the crosses to gather on the ring and then on its modes, and the critic's loss, minus the distance that it sees, to come back towards 0.",
    setup: { loss: "wasserstein", gp: 0.1, n_critic: 5, batch: 64, steps: 6000 },
    turn: {
      label: "Spoil it",
      says: "Spoil it: one step of each.",
      setup: { n_critic: 1 },
      expect: "One step of the critic to each of the generator's: expect crosses that run about.",
    },
  },
};
