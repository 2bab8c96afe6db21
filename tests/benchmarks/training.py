"""Seconds per training step: ours beside the step of the most copied public scripts, written out plainly.

    make benchmarks        or        python tests/benchmarks/training.py [ring] [wgan_gp] [dcgan] [memory]

Both sides run the same networks (of the DCGAN the scripts' own, of the same sizes), batch and data on one
thread, each in a process of its own. A figure is processor time, the median of interleaved rounds; a ratio is
that of two sides in the same round, and holds on the machine that printed it alone.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.utils.data import DataLoader, TensorDataset

from ganlab import data, networks
from ganlab.losses import non_saturating, wasserstein
from ganlab.regularizers import wgan_gp
from ganlab.training import GAN, Penalty, train
from ganlab.training.ensembles import train_together
from ganlab.training.history import History
from ganlab.training.loop import keep_freed_memory

torch.set_num_threads(1)
SEEDS = 16
Side = Callable[[int], None]  # takes that many steps
Seconds = dict[str, list[float]]


def endless(loader: DataLoader) -> Iterator[Tensor]:
    while True:
        for (batch,) in loader:
            yield batch


def plain(
    generator: nn.Module,
    discriminator: nn.Module,
    real: Tensor,
    batch: int,
    *,
    penalty: bool = False,
    device: str = "cpu",
) -> Side:
    """The copied scripts' step: sigmoid outputs and BCELoss, default Adam, no freezing, a DataLoader."""
    g_adam = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    batches = endless(DataLoader(TensorDataset(real), batch_size=batch, shuffle=True, drop_last=True))
    criterion, latent_dim = nn.BCELoss(), generator.latent_dim

    def classify(x: Tensor) -> Tensor:
        return discriminator(x) if penalty else torch.sigmoid(discriminator(x))

    def step() -> None:
        x = next(batches).to(device)
        ones, zeros = torch.ones(len(x), device=device), torch.zeros(len(x), device=device)
        d_adam.zero_grad()
        fake = generator(torch.randn(len(x), latent_dim, device=device))
        if penalty:
            mix = torch.rand(len(x), 1, device=device)
            between = (mix * x + (1 - mix) * fake.detach()).requires_grad_()
            scores = discriminator(between)
            slopes = torch.autograd.grad(
                scores, between, torch.ones_like(scores), create_graph=True, retain_graph=True
            )[0]
            d_loss = classify(fake.detach()).mean() - classify(x).mean()
            d_loss = d_loss + 0.1 * ((slopes.norm(2, dim=1) - 1) ** 2).mean()
        else:
            d_loss = criterion(classify(x), ones) + criterion(classify(fake.detach()), zeros)
        d_loss.backward()
        d_adam.step()
        g_adam.zero_grad()
        scores = classify(generator(torch.randn(len(x), latent_dim, device=device)))
        g_loss = -scores.mean() if penalty else criterion(scores, ones)
        g_loss.backward()
        g_adam.step()

    return lambda steps: [step() for _ in range(steps)] and None


def ring_game(seed: int, dtype: torch.dtype, width: int, penalty: bool, device: str = "cpu"):
    rng = torch.Generator().manual_seed(seed)
    generator = networks.mlp_generator(2, (2,), width=width, depth=3, rng=rng).to(dtype)
    discriminator = networks.mlp_discriminator((2,), width=width, depth=3, rng=rng).to(dtype)
    loss, penalties = (wasserstein, [Penalty(wgan_gp, 0.1)]) if penalty else (non_saturating, [])
    gan = GAN(generator, discriminator, loss, rng, penalties=penalties, device=device)
    return gan, data.batches(data.ring(), 256, torch.Generator().manual_seed(seed + 1), dtype=dtype)


def alone(gan: GAN, batches) -> Side:
    return lambda steps: train(gan, batches, steps, history=History()) and None


def together(setups, *, compiled: bool) -> Side:
    gans, batches = zip(*setups, strict=True)
    return lambda steps: train_together(gans, batches, steps, compiled=compiled) and None


def measure(
    sides: dict[str, tuple[Callable[[], Side], int]], *, rounds: int = 15, steps: int = 50
) -> Seconds:
    """Processor seconds a seed and step of each round: `sides` maps a name to its maker and number of seeds.

    The sides take turns, each in a process of its own: what one does to memory is no help to another.
    """
    workers = {name: _Worker(make) for name, (make, _) in sides.items()}
    for worker in workers.values():
        worker(5)
    found: Seconds = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (_, seeds) in sides.items():
            found[name].append(workers[name](steps) / steps / seeds)
    for worker in workers.values():
        worker.near.send(0)
        worker.process.join()
    return found


class _Worker:
    """A process that takes steps of one side when asked, and tells their processor time."""

    def __init__(self, make: Callable[[], Side]) -> None:
        context = multiprocessing.get_context("spawn")
        self.near, far = context.Pipe()
        self.process = context.Process(target=serve, args=(make, far), daemon=True)
        self.process.start()
        far.close()  # so that the end of the process ends the wait for it

    def __call__(self, steps: int) -> float:
        self.near.send(steps)
        return self.near.recv()


def serve(make: Callable[[], Side], far) -> None:
    side = make()
    while steps := far.recv():
        started = time.process_time()
        side(steps)
        far.send(time.process_time() - started)


def report(title: str, seconds: Seconds, base: str) -> None:
    """The medians, and how many times faster than `base` a side was in the same round, with the quartiles."""
    print(f"\n{title}\n{'':34}{'µs a seed-step':>16}{'ratio':>8}   middle half")
    for name, values in seconds.items():
        ratios = [theirs / ours for theirs, ours in zip(seconds[base], values, strict=True)]
        low, middle, high = statistics.quantiles(ratios)
        median = 1e6 * statistics.median(values)
        print(f"{name:34}{median:16.0f}{middle:8.2f}   {low:.2f} to {high:.2f}", flush=True)


def ring_side(kind: str, dtype: torch.dtype, penalty: bool) -> Side:
    torch.set_default_dtype(dtype)
    if kind == "plain":
        gan, _ = ring_game(0, dtype, 32, penalty)
        real = data.ring().sample(60_000, torch.Generator().manual_seed(0), dtype=dtype)
        return plain(gan.generator, gan.discriminator, real, 256, penalty=penalty)
    if kind == "one seed":
        return alone(*ring_game(1, dtype, 32, penalty))
    return together([ring_game(s, dtype, 32, penalty) for s in range(SEEDS)], compiled=kind == "compiled")


def ring(*, penalty: bool = False) -> None:
    title = f"Ring, width 32, batch 256{', WGAN-GP, one critic step' if penalty else ''}"
    for dtype in (torch.float32, torch.float64):
        name = str(dtype).removeprefix("torch.")
        sides = {
            f"{kind if seeds == 1 else f'{seeds} {kind}'}, {name}": (
                partial(ring_side, kind, dtype, penalty),
                seeds,
            )
            for kind, seeds in {"plain": 1, "one seed": 1, "stacked": SEEDS, "compiled": SEEDS}.items()
        }
        report(title, measure(sides), f"plain, {name}")


def plain_dcgan() -> tuple[nn.Module, nn.Module]:
    """The layers of `networks.dcgan_*` as the scripts write them, maps in PyTorch's usual layout."""
    generator = nn.Sequential(
        nn.Linear(100, 128 * 49, bias=False),
        nn.Unflatten(1, (128, 7, 7)),
        *(nn.BatchNorm2d(128), nn.ReLU(inplace=True)),
        nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
        *(nn.BatchNorm2d(64), nn.ReLU(inplace=True)),
        *(nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Conv2d(1, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Conv2d(64, 128, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Flatten(), nn.Linear(128 * 49, 1), nn.Flatten(0)),
    )
    generator.latent_dim = 100
    return generator, discriminator


def dcgan_pair(*, bf16: bool = False) -> GAN:
    rng = torch.Generator().manual_seed(0)
    generator = networks.dcgan_generator(100, (1, 28, 28), rng=rng)
    return GAN(generator, networks.dcgan_discriminator((1, 28, 28), rng=rng), non_saturating, rng, bf16=bf16)


def dcgan_side(kind: str) -> Side:
    pixels = torch.randint(256, (4096, 1, 28, 28), dtype=torch.uint8)
    images = data.Images("noise", pixels, torch.zeros(4096, dtype=torch.long))
    gan, scripts = dcgan_pair(bf16=kind == "bf16"), plain_dcgan()
    ours = gan.generator, gan.discriminator
    assert [count(net) for net in scripts] == [count(net) for net in ours]
    if kind.startswith("plain"):
        return plain(*(scripts if kind == "plain" else ours), images.batch(torch.arange(4096)), 64)
    return alone(gan, data.batches(images, 64, torch.Generator().manual_seed(1)))


def dcgan() -> None:
    kinds = {"plain": "plain", "plain step, our networks": "plain step", "ours": "ours", "ours, bf16": "bf16"}
    sides = {name: (partial(dcgan_side, kind), 1) for name, kind in kinds.items()}
    seconds = measure(sides, rounds=31, steps=3)
    report("DCGAN 28x28, width 64, batch 64", seconds, "plain")
    rate, low_rate = matrix_rate(), matrix_rate(dtype=torch.bfloat16)
    share = dcgan_flops(dcgan_pair(), 64) / statistics.median(seconds["ours"]) / rate
    print(f"share of this machine's matrix-product rate in float32: {share:.0%}")
    print(
        f"matrix-product rate in bf16: {low_rate / rate:.2f} of that in float32, the limit of what bf16 gains"
    )


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def dcgan_flops(gan: GAN, batch: int) -> float:
    """Floating-point operations of one step, counted by PyTorch while it runs one."""
    from torch.utils.flop_counter import FlopCounterMode

    images = data.Images(
        "n", torch.zeros(batch, *gan.sample_shape, dtype=torch.uint8), torch.zeros(batch).long()
    )
    with FlopCounterMode(display=False) as counter:
        train(gan, data.batches(images, batch, torch.Generator().manual_seed(0)), 1)
    return counter.get_total_flops()


def matrix_rate(size: int = 1024, dtype: torch.dtype = torch.float32) -> float:
    """Floating-point operations a second of a square product on one thread, in the fastest library at hand.

    A convolution with a kernel of one pixel is the same product, and may run in another library than `@`.
    """
    a, b = torch.randn(2, size, size, dtype=dtype)
    picture, kernel = b.view(1, size, 32, -1), a.view(size, size, 1, 1)
    torch.testing.assert_close(
        conv2d(picture, kernel).view(size, -1).double(), a.double() @ b.double(), rtol=0.1, atol=2
    )
    times = []
    for _ in range(7):
        for product in (lambda: a @ b, lambda: conv2d(picture, kernel)):
            started = time.process_time()
            product()
            times.append(time.process_time() - started)
    return 2 * size**3 / min(times)


def width_128_side(kind: str) -> Side:
    game = ring_game(0, torch.float32, 128, False)
    return bare_step(*game) if kind == "tensors alone" else alone(*game)


def width_128() -> None:
    """How much of a step is arithmetic: ours beside its own tensor operations alone."""
    from torch.utils.flop_counter import FlopCounterMode

    gan, batches = ring_game(0, torch.float32, 128, False)
    with FlopCounterMode(display=False) as counter:
        train(gan, batches, 1)
    sides = {kind: (partial(width_128_side, kind), 1) for kind in ("tensors alone", "ours")}
    seconds = measure(sides, steps=200)
    report("Ring, width 128, batch 256: what the engine adds", seconds, "tensors alone")
    ours = statistics.median(seconds["ours"])
    overhead = ours / statistics.median(seconds["tensors alone"]) - 1
    print(f"engine overhead: {overhead:.1%} of the step")
    share = counter.get_total_flops() / ours / matrix_rate()
    print(f"share of this machine's matrix-product rate: {share:.0%}")


def bare_step(gan: GAN, batches) -> Side:
    """The same tensor operations with nothing around them: no draw, history, checks or callbacks objects."""
    softplus = torch.nn.functional.softplus
    g, d, latents = gan.generator, gan.discriminator, torch.Generator().manual_seed(0)
    keep_freed_memory()

    def step() -> None:
        real = next(batches)
        with torch.no_grad():
            fake = g(torch.randn(256, 2, generator=latents))
        (softplus(-d(real)).mean() + softplus(d(fake)).mean()).backward()
        gan.d_optimizer.step()
        gan.d_optimizer.zero_grad()
        for parameter in d.parameters():
            parameter.requires_grad_(False)
        softplus(-d(g(torch.randn(256, 2, generator=latents)))).mean().backward()
        gan.g_optimizer.step()
        gan.g_optimizer.zero_grad()
        for parameter in d.parameters():
            parameter.requires_grad_(True)

    return lambda steps: [step() for _ in range(steps)] and None


def memory() -> None:
    """Peak memory at step 2 000 and at step 20 000: the difference is what a long run keeps."""
    gan, batches = ring_game(0, torch.float32, 32, False)
    history = History()
    peaks = []
    for steps in (2_000, 18_000):
        train(gan, batches, steps, history=history)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    kept = 20_000 * len(history.columns) * 8 / 2**20
    print(f"\nMemory: {peaks[0]:.0f} MiB after 2 000 steps, {peaks[1]:.0f} MiB after 20 000 steps")
    print(f"        of which the history of all steps takes {kept:.1f} MiB")


BENCHMARKS = {
    "ring": ring,
    "wgan_gp": lambda: ring(penalty=True),
    "width_128": width_128,
    "dcgan": dcgan,
    "memory": memory,
}

if __name__ == "__main__":
    print(f"torch {torch.__version__}, one thread, machine load {os.getloadavg()[0]:.1f}")
    for name in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[name]()
