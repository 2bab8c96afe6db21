"""Frechet distance on Fashion-MNIST after equal processor time: our set-ups beside peers.

    python tests/benchmarks/peers.py                20 seconds, six seeds; writes ganlab/assets/peers.json
    python tests/benchmarks/peers.py --seconds 5 --seeds 1 --out peers.json

A peer takes part where it is installed, without what it depends on: `pip install --no-deps torchgan
pytorch-gan-zoo`. Each brings its own DCGAN, initial weights and losses, at the width that brings its
generator nearest to the parameters of ours, at the rate of its examples, at 0.001 and at 0.003. The loop is
the plain one of their trainers on batches in memory, without their logs; batches are those of ours, with a
border of two pixels, since their smallest picture has 32. Samples are cut back to 28 and judged as ours are:
10 000 against real ones, by the classifier of the package. The clock of a run stands while it is judged. All
sides play with one seed before the next seed begins, so that other work on the machine meets them alike.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganlab.evaluation import judging
from ganlab.experiments import EXPERIMENTS, building, draws
from ganlab.experiments.catalogue import Experiment, to_dict
from ganlab.storage import write_atomically
from ganlab.training import train

torch.set_num_threads(1)
OURS = ("fashion_mnist", "fashion_mnist_dcgan")
STRETCH = 20  # steps between two looks at the clock
SAMPLES = 10_000  # judged
FIRST = 300  # the first seed: no study has it or those that follow
OUT = Path(__file__).parents[2] / "ganlab" / "assets" / "peers.json"


class Peer(NamedTuple):
    """Its two networks of a width, the losses of D and of G on their outputs, Adam's rate and betas."""

    make: Callable[[int], tuple[nn.Module, nn.Module]]
    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[[Tensor], Tensor]
    rate: float
    betas: tuple[float, float]


def gan_zoo() -> Peer:
    from ganzoo.losses import basic_losses as losses
    from ganzoo.misc.ops import initialize_weights
    from ganzoo.nn_modules.dcgan_nets import DCGAN_Discriminator, DCGAN_Generator

    def make(width: int) -> tuple[nn.Module, nn.Module]:
        pair = DCGAN_Generator(100, width, 32, 1), DCGAN_Discriminator(32, 1, width, "sigmoid")
        return pair[0].apply(initialize_weights), pair[1].apply(initialize_weights)

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (losses.vanilla_gan_lossfn_D_real(real) + losses.vanilla_gan_lossfn_D_fake(fake))

    return Peer(make, d_loss, losses.vanilla_gan_lossfn_G, 1e-3, (0.5, 0.999))


def torchgan() -> Peer:
    from torchgan.losses import MinimaxDiscriminatorLoss, MinimaxGeneratorLoss
    from torchgan.models import DCGANDiscriminator, DCGANGenerator

    def make(width: int) -> tuple[nn.Module, nn.Module]:
        return DCGANGenerator(100, 32, 1, width), DCGANDiscriminator(32, 1, width)

    return Peer(make, MinimaxDiscriminatorLoss(), MinimaxGeneratorLoss(), 2e-4, (0.5, 0.999))


PEERS = {"pytorch-gan-zoo": gan_zoo, "torchgan": torchgan}


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def nearest_width(peer: Peer, parameters: int) -> int:
    """The width of a peer whose generator has as many parameters as ours, as nearly as may be."""
    return min(range(4, 65, 4), key=lambda width: abs(size(peer.make(width)[0]) - parameters))


def judged(draw: Callable[[int], Tensor], source: Any, seed: int) -> float:
    drawn = torch.cat([draw(SAMPLES // 10) for _ in range(10)])
    return judging.quality(source, drawn, draws.stream(1, seed=seed), swift=True)["classifier_frechet"]


def ours(experiment: Experiment, source: Any, seed: int, seconds: float) -> tuple[float, int]:
    setup, spent = building.build(experiment, seed=seed, source=source), 0.0
    while spent < seconds:
        started = time.process_time()
        train(setup.gan, setup.batches, STRETCH, n_critic=experiment.n_critic)
        spent += time.process_time() - started
    rng = draws.stream(seed=seed)
    return judged(lambda n: draws.samples_of(setup.gan, n, rng), source, seed), setup.gan.step


def theirs(peer: Peer, rate: float, width: int, source: Any, seed: int, seconds: float) -> tuple[float, int]:
    torch.manual_seed(seed)
    generator, discriminator = peer.make(width)
    adams = [
        torch.optim.Adam(network.parameters(), rate, peer.betas) for network in (generator, discriminator)
    ]
    batches = building.build(EXPERIMENTS["fashion_mnist_dcgan"], seed=seed, source=source).batches
    spent, steps = 0.0, 0
    while spent < seconds:
        started = time.process_time()
        for _ in range(STRETCH):
            real = pad(next(batches), (2, 2, 2, 2), value=-1.0)
            fake = generator(torch.randn(len(real), 100, 1, 1))
            adams[1].zero_grad()
            peer.d_loss(discriminator(real), discriminator(fake.detach())).backward()
            adams[1].step()
            adams[0].zero_grad()
            peer.g_loss(discriminator(fake)).backward()
            adams[0].step()
        steps += STRETCH
        spent += time.process_time() - started
    generator.eval()

    def draw(n: int) -> Tensor:
        with torch.no_grad():
            return generator(torch.randn(n, 100, 1, 1))[:, :, 2:-2, 2:-2]

    return judged(draw, source, seed), steps


def all_sides(source: Any, seconds: float) -> dict[str, Callable[[int], tuple[float, int]]]:
    """The sides by name: each plays one game of a seed, and tells its distance and its steps."""
    sides: dict[str, Callable[[int], tuple[float, int]]] = {}
    for name in OURS:
        setting = replace(EXPERIMENTS[name], schedule="constant")
        sides[name] = lambda seed, setting=setting: ours(setting, source, seed, seconds)
    parameters = size(building.build_game(EXPERIMENTS["fashion_mnist_dcgan"]).generator)
    for name, found in PEERS.items():
        try:
            peer = found()
        except ImportError as error:
            print(f"{name} is left out: {error}")
            continue
        width = nearest_width(peer, parameters)
        for rate in sorted({peer.rate, 1e-3, 3e-3}):  # 3e-3 is that of our set-ups
            sides[f"{name}, rate {rate:g}"] = lambda seed, p=peer, r=rate, w=width: theirs(
                p, r, w, source, seed, seconds
            )
    return sides


def save(path: Path, seconds: float, seeds: list[int], sides: list[str], cells: list[dict[str, Any]]) -> None:
    """Write what is known so far, in the form of a study: a line a game."""
    present = [name for name in PEERS if any(side.startswith(name) for side in sides)]
    document = {
        "name": "peers",
        "command": shlex.join(["python", "tests/benchmarks/peers.py", *sys.argv[1:]]),
        "versions": {name: version(name) for name in ("torch", *present)},
        "plan": {
            "question": "Are our set-ups level with peers after equal processor time?",
            "base": to_dict(EXPERIMENTS["fashion_mnist_dcgan"]),
            "methods": {side: {"": {}} for side in sides},
            "budget": seconds,
            "unit": "seconds",
            "apart": True,
            "judging": seeds,
        },
        "chosen": dict.fromkeys(sides, ""),
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in document.items()]
    games = ",\n  ".join(map(json.dumps, cells))
    text = "{\n" + "".join(lines) + ' "cells": [\n  ' + games + '\n ],\n "nulls": []\n}\n'
    write_atomically(path, text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=FIRST, help="the first seed")
    parser.add_argument("--only", nargs="+", metavar="SIDE", help="sides by name (default: all)")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    source = building.load_source(EXPERIMENTS["fashion_mnist"])
    sides, cells = all_sides(source, wanted.seconds), []
    if unknown := {*(wanted.only or ())} - sides.keys():
        parser.error(f"--only must name sides, {'; '.join(sides)}, got {'; '.join(sorted(unknown))}")
    sides = {name: side for name, side in sides.items() if not wanted.only or name in wanted.only}
    seeds = [wanted.first + k for k in range(wanted.seeds)]
    for seed in seeds:
        for name, side in sides.items():
            value, steps = side(seed)
            cells.append(
                {
                    "method": name,
                    "level": "",
                    "phase": "judging",
                    "seed": seed,
                    "steps": steps,
                    "seconds": wanted.seconds,
                    "classifier_frechet": float(f"{value:.5g}"),
                }
            )
            print(f"{name}, seed {seed}: Frechet {value:.1f}, {steps} steps", flush=True)
            save(wanted.out, wanted.seconds, seeds, list(sides), cells)
    for name in sides:
        own = [cell for cell in cells if cell["method"] == name]
        values = sorted(cell["classifier_frechet"] for cell in own)
        middle, steps = statistics.median(values), statistics.median(cell["steps"] for cell in own)
        print(f"{name}: Frechet {middle:.1f} ({values[0]:.1f} to {values[-1]:.1f}), {steps:.0f} steps")


if __name__ == "__main__":
    main()
