// The browser lab's set-ups: what can be chosen, presets, and the link that carries a choice.

export const VERSION = 1;

const choice = (label, choices, more) => ({ label, choices, value: Object.keys(choices)[0], ...more });
const number = (label, value, low, high, more) => ({ label, value, low, high, ...more });
const whole = { whole: true };
const live = { live: true }; // may change while the game goes on

const OPTIMIZERS = { adam: "Adam", sgd: "plain gradient" };

export const FIELDS = {
  data: choice("Data", {
    ring: "ring of eight",
    grid: "grid of 25",
    swiss_roll: "Swiss roll",
    two_moons: "two moons",
    blob: "one Gaussian",
    drawn: "draw your own",
  }),
  loss: choice(
    "Loss",
    {
      non_saturating: "non-saturating",
      minimax: "saturating (minimax)",
      least_squares: "least squares",
      hinge: "hinge",
      wasserstein: "Wasserstein",
      relativistic_pairing: "relativistic pairing",
      relativistic_average: "relativistic average",
    },
    live,
  ),
  gp: number("WGAN-GP weight", 0, 0, 100, live),
  r1: number("R1 weight", 0, 0, 100, live),
  r2: number("R2 weight", 0, 0, 100, live),
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
  Game: ["loss", "gp", "r1", "r2", "n_critic", "head_start"],
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

const byteOf = (x) => Math.round((Math.min(Math.max(x / EXTENT, -1), 1) + 1) * 127.5);
export const onLattice = ([x, y]) => [x, y].map((value) => (byteOf(value) / 127.5 - 1) * EXTENT);

// A complete set-up from any values, and the names of those that were refused or brought within their range.
export function clean(values) {
  const given = values !== null && typeof values === "object" ? values : {};
  const [setup, refused] = [{}, []];
  for (const [name, field] of Object.entries(FIELDS)) {
    setup[name] = field.value;
    if (!Object.hasOwn(given, name)) continue;
    const value = field.choices ? String(given[name]) : Number(String(given[name]).trim() || NaN);
    const fits = field.choices ? Object.hasOwn(field.choices, value) : Number.isFinite(value);
    if (fits)
      setup[name] = field.choices
        ? value
        : Math.min(Math.max(field.whole ? Math.round(value) : value, field.low), field.high);
    if (!fits || setup[name] !== value) refused.push(name);
  }
  const points = Array.isArray(given.points) ? given.points : [];
  const fit = points
    .filter((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite))
    .slice(0, MOST_POINTS);
  setup.points = fit.map(onLattice);
  if (fit.length < points.length) refused.push("points");
  return { setup, refused };
}

const pointOf = (pair) => [0, 2].map((i) => (parseInt(pair.slice(i, i + 2), 16) / 127.5 - 1) * EXTENT);
const hex = (byte) => byte.toString(16).padStart(2, "0");

// The fragment that carries a set-up: letters, digits, _ and - only, so that any script may take it for an id.
export function toLink(setup) {
  const fields = Object.entries(FIELDS).filter(([name, field]) => setup[name] !== field.value);
  const parts = fields.map(
    ([name, field]) => `${name}-${field.choices ? setup[name] : String(setup[name]).replace(".", "_")}`,
  );
  if (setup.points.length)
    parts.push(
      `points-${setup.points
        .flat()
        .map((x) => hex(byteOf(x)))
        .join("")}`,
    );
  return [`lab${VERSION}`, ...parts].join("--");
}

// The set-up of a fragment, and a sentence where it could not be taken as it is; null where it is none of ours.
export function fromLink(fragment) {
  const text = String(fragment).replace(/^#/, "").slice(0, 4000);
  if (!/^lab\d/.test(text)) return null;
  const [head, ...parts] = text.split("--");
  const version = /^lab(\d{1,6})$/.exec(head);
  const standard = "so the standard set-up is shown.";
  if (!version || Number(version[1]) < 1)
    return { setup: clean({}).setup, notice: `The link could not be read, ${standard}` };
  if (Number(version[1]) > VERSION)
    return { setup: clean({}).setup, notice: `The link was made by a newer lab, ${standard}` };
  const [values, unknown] = [{}, []];
  for (const part of parts) {
    const [, name, value] = /^([a-z_0-9]+)-([\w-]+)$/.exec(part) ?? [null, part, ""];
    const known = name === "points" ? /^(?:[0-9a-f]{4})+$/.test(value) : value && Object.hasOwn(FIELDS, name);
    if (!known) unknown.push(name.slice(0, 40));
    else if (name === "points") values.points = value.match(/.{4}/g).map(pointOf);
    else values[name] = FIELDS[name].choices ? value : value.replace("_", ".");
  }
  const { setup, refused } = clean(values);
  const odd = [...refused, ...unknown];
  return { setup, notice: odd.length ? `Not taken as the link had it: ${odd.slice(0, 8).join(", ")}.` : "" };
}

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export const presetOf = (setup) =>
  Object.keys(PRESETS).find((name) =>
    same(clean({ ...PRESETS[name].setup, seed: setup.seed }).setup, setup),
  ) ?? "custom";
