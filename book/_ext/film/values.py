"""The numbers of the film, each from a stored run, from the theory or from a game of two steps."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.distributions import Normal

from ganlab import divergences, experiments, films, losses, results, training
from ganlab.theory.densities import jensen_shannon_density

__all__ = [
    "FAR",
    "POINT",
    "SURE",
    "Moment",
    "divergence",
    "moment",
    "numbers",
    "recording",
    "result",
    "visited",
]

_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
FAR = 6.0
"""The distance of two Gaussians, in standard deviations, at which a generator is called far away."""
POINT = (0.75, 0.25)
"""The densities p and q at the one point that is looked at."""
SURE = 0.05
"""What D says of a cross that it sees through."""
SLOW = 100
"""The step of a real run that is shown in slow motion."""


def count(number: float) -> str:
    """A small number as a word; a larger one, or one that is not whole, in digits."""
    whole = float(number).is_integer()
    return _WORDS[int(number)] if whole and number < len(_WORDS) else f"{number:g}"


@cache
def recording(name: str) -> films.Recording:
    """A stored film of a training."""
    return films.stored(name)


@cache
def result(name: str) -> results.Result:
    """A stored result of several seeds."""
    return results.load(name)


@cache
def divergence(apart: float) -> float:
    """The Jensen-Shannon divergence of two standard Gaussians whose means are so far apart, in nats."""
    p, q = Normal(0.0, 1.0), Normal(apart, 1.0)
    return jensen_shannon_density(p.log_prob, q.log_prob, breakpoints=(0.0, apart / 2, apart)).value.item()


def visited(run: films.Recording, share: float = 0.9) -> int:
    """Next to how many different clusters of the ring nine in ten points of a run lay, in some frame."""
    angles = 2 * math.pi * np.arange(run.made["modes"]) / run.made["modes"]
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], 1)
    nearest = ((run.fake[:, :, None] - centres) ** 2).sum(-1).argmin(-1)
    held = np.stack([(nearest == cluster).mean(1) for cluster in range(len(centres))])
    return int((held >= share).any(1).sum())


class Moment(NamedTuple):
    """One alternating step of a real run: its points, and both losses on their batches, before and after."""

    real: np.ndarray
    fake: np.ndarray
    moved: np.ndarray
    push: np.ndarray
    fields: tuple[np.ndarray, np.ndarray]
    d_loss: tuple[float, float]
    g_loss: tuple[float, float]
    extent: float


@cache
def moment(steps: int = SLOW) -> Moment:
    """The step after the first `steps` of the run that finds all clusters, taken turn by turn."""
    name, seed = "ring_collapse_two_rates", 10
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        setup = experiments.EXPERIMENTS[name]
        gan, batches, _ = experiments.build(setup, seed=seed)
        training.train(gan, batches, steps, n_critic=setup.n_critic)
        extent = recording("ring_found").extent
        turn = gan.turn("discriminator")
        drawn = turn.draw(gan, batches)
        before = _field(gan, extent)
        d_before = training.discriminator_step(gan, drawn)["d_loss"].item()
        d_after = _loss(gan, "discriminator", drawn)
        turn = gan.turn("generator")
        drawn_g = turn.draw(gan, batches)
        fake, push = films.generator_push(gan, drawn.real, drawn_g.latents)
        after = _field(gan, extent)
        g_before = training.generator_step(gan, drawn_g)["g_loss"].item()
        g_after = _loss(gan, "generator", drawn_g)
        with torch.no_grad():
            moved = gan.generator(drawn_g.latents)
    finally:
        torch.set_default_dtype(dtype)
    arrays = [tensor.numpy() for tensor in (drawn.real, fake, moved, push)]
    return Moment(*arrays, (before, after), (d_before, d_after), (g_before, g_after), extent)


def _field(gan: Any, extent: float, resolution: int = 60) -> np.ndarray:
    axis = torch.linspace(-extent, extent, resolution)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    with torch.no_grad():
        scores = gan.discriminator(torch.stack([x.flatten(), y.flatten()], 1))
    return scores.sigmoid().reshape(x.shape).numpy()


def _loss(gan: Any, mover: str, drawn: Any) -> float:
    """The loss of one player on batches that are drawn, with the weights as they are."""
    with torch.no_grad():
        fake = gan.generator(drawn.latents)
        d_fake = gan.discriminator(fake)
        if mover == "generator":
            return gan.loss.generator(d_fake, d_fake).item()
        return gan.loss.discriminator(gan.discriminator(drawn.real), d_fake).item()


@cache
def numbers() -> dict[str, str]:
    """What stands in the braces of the script, by name."""
    lost, found, there = recording("ring_lost"), recording("ring_found"), result("ring_non_saturating")
    ten_lost, ten_found = result("ring_collapse_small"), result("ring_collapse_two_rates")
    for_d, for_g = losses.minimax.equilibrium[0], losses.non_saturating.equilibrium[1]
    rates = ten_lost.experiment.learning_rates
    quick = ten_found.experiment.learning_rates
    kept = [row["modes"] for row in ten_lost.each]
    slow, late = moment(), there.history["d_loss"][-1, 0]
    best = divergences.optimal_discriminator(POINT[0], POINT[1]).item()
    return {
        "p": f"{POINT[0]:g}",
        "q": f"{POINT[1]:g}",
        "best": f"{best:g}",
        "clusters": count(found.made["modes"]),
        "log_2": f"{for_g:.2f}",
        "two_log_2": f"{for_d:.2f}",
        "log_4": f"{for_d:.2f}",
        "far": count(FAR),
        "far_jsd": f"{divergence(FAR):.3f}",
        "most_jsd": f"{math.log(2):.3f}",
        "there_loss": f"{late:.2f}",
        "there_modes": count(min(row["modes"] for row in there.each)),
        "there_runs": count(len(there.each)),
        "lost_loss": f"{_last(lost, 'd_loss'):.2f}",
        "found_loss": f"{_last(found, 'd_loss'):.2f}",
        "lost_modes": count(lost.curves["modes"].values[-1]),
        "found_modes": count(found.curves["modes"].values[-1]),
        "lost_least": count(min(kept)),
        "lost_most": count(max(kept)),
        "found_least": count(min(row["modes"] for row in ten_found.each)),
        "runs": count(len(kept)),
        "times": count(round(rates[0] / rates[1], 6)),
        "quick": count(round(quick[1] / quick[0], 6)),
        "lost_top": count(lost.curves["modes"].values.max()),
        "sure": f"{SURE:g}",
        "stronger": f"{(1 - SURE) / SURE:.0f}",
        "visited": count(visited(lost)),
        "steps": f"{lost.steps[-1]}",
        "slow": f"{SLOW}",
        "d_before": f"{slow.d_loss[0]:.3f}",
        "d_after": f"{slow.d_loss[1]:.3f}",
        "g_before": f"{slow.g_loss[0]:.3f}",
        "g_after": f"{slow.g_loss[1]:.3f}",
    }


def _last(run: films.Recording, name: str, share: float = 0.5) -> float:
    """The mean of a curve over the last part of a run."""
    values = run.curves[name].values
    return float(values[int(len(values) * (1 - share)) :].mean())
