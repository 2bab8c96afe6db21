"""Frechet distance on Fashion-MNIST after equal processor time: our set-ups beside peers.

    python tests/benchmarks/peers.py                          60 seconds, seeds 0 to 4
    python tests/benchmarks/peers.py --seconds 30 --seeds 2

A peer takes part where it is installed, without what it depends on: `pip install --no-deps torchgan
pytorch-gan-zoo`. Each brings its own DCGAN, initial weights and losses, at the width that brings its
generator nearest to the parameters of ours, at the rate of its examples and at 0.001. The loop is the plain
one of their trainers on batches in memory, without their logs; batches are those of ours, with a border of
two pixels, since their smallest picture has 32. Samples are cut back to 28 and judged as ours are: 10 000
against real ones, by the classifier of the package. The clock of a run stands while it is judged.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganlab.evaluation import judging
from ganlab.experiments import EXPERIMENTS, building, draws
from ganlab.experiments.catalogue import Experiment
from ganlab.training import train

torch.set_num_threads(1)
OURS = ("fashion_mnist", "fashion_mnist_dcgan", "fashion_mnist_dcgan_quick")
STRETCH = 20  # steps between two looks at the clock
SAMPLES = 10_000  # judged


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=5)
    wanted = parser.parse_args()
    source = building.load_source(EXPERIMENTS["fashion_mnist"])
    sides: dict[str, Callable[[int], tuple[float, int]]] = {}
    for name in OURS:
        setting = replace(EXPERIMENTS[name], schedule="constant")
        sides[name] = lambda seed, setting=setting: ours(setting, source, seed, wanted.seconds)
    parameters = size(building.build_game(EXPERIMENTS["fashion_mnist_dcgan"]).generator)
    for name, found in PEERS.items():
        try:
            peer = found()
        except ImportError as error:
            print(f"{name} is left out: {error}")
            continue
        width = nearest_width(peer, parameters)
        for rate in sorted({peer.rate, 1e-3}):
            sides[f"{name}, width {width}, rate {rate:g}"] = lambda seed, p=peer, r=rate, w=width: theirs(
                p, r, w, source, seed, wanted.seconds
            )
    for name, side in sides.items():
        found = [side(seed) for seed in range(wanted.seeds)]
        values = sorted(value for value, _ in found)
        middle, steps = statistics.median(values), statistics.median(step for _, step in found)
        print(
            f"{name}: Frechet {middle:.1f} ({values[0]:.1f} to {values[-1]:.1f}), {steps:.0f} steps",
            flush=True,
        )


if __name__ == "__main__":
    main()
