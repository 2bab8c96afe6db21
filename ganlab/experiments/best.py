"""The best checkpoint of a run by a measure that is taken now and then, on random numbers of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Generator

from ganlab import storage
from ganlab.evaluation import judging
from ganlab.experiments import draws, requests
from ganlab.experiments.building import Setup
from ganlab.experiments.requests import Request
from ganlab.storage import CheckpointError
from ganlab.training.game import GAN

__all__ = ["keep", "kept", "measure", "restore", "stream"]

_DRAW = 4  # no judge uses this one


def keep(folder: Path, request: Request, setups: Sequence[Setup], identity: str) -> None:
    """Measure each seed of a run, and store the game of one that is better than its best so far.

    Only the games are read, and no random number of theirs is drawn: a run ends in the same weights with this
    and without. A value that is unknown is no best. `identity`: the checksum of the request.
    """
    for seed, setup in zip(request.seeds, setups, strict=True):
        value = measure(request, setup, seed)
        before = kept(folder, seed)
        if value is None or (before and not _better(request.best, value, before["value"])):
            continue
        about = {"measure": request.best, "value": value, "step": setup.gan.step, "request": identity}
        storage.save(_place(folder, seed), setup.gan.step, setup.gan.state(), about, keep=1)


def measure(request: Request, setup: Setup, seed: int) -> float | None:
    """The measure that the request names, of samples of the game's shown generator; None where unknown.

    The latents and the real samples are the same at every step, so that two steps are compared by nothing but
    their weights, and others than those by which `ganlab evaluate` judges.

    Raises `ValueError` where the request names no measure, or the data set has it not.
    """
    if request.best is None:
        raise ValueError("`request` must name a measure in `best`, got None")
    rng, kind = stream(seed), judging.kind_of(setup.source)
    drawn = draws.samples_of(setup.gan, kind.samples, rng)
    found = judging.coverage(setup.source, drawn)
    if request.best not in found:
        found = judging.quality(setup.source, drawn, rng, swift=request.best != "classifier_kernel")
    if request.best not in found:
        raise ValueError(f"`best` must be one of {', '.join(found)}, got {request.best!r}")
    value = found[request.best]
    return None if value is None or not math.isfinite(value) else value


def stream(seed: int) -> Generator:
    """The random numbers by which the steps of the run of a seed are compared: of no run, and of no judge.

    >>> stream(0).initial_seed() == draws.stream(0).initial_seed()
    False
    """
    return draws.stream(_DRAW, seed=seed)


def kept(folder: Path, seed: int) -> dict[str, Any] | None:
    """What is known of the best checkpoint of a seed: its `measure`, `value` and `step`; None without one.

    Raises `CheckpointError` where it is damaged.

    >>> kept(Path("nowhere"), 0)
    """
    if not storage.steps(_place(folder, seed)):
        return None
    return storage.latest(_place(folder, seed))[1]


def restore(folder: Path, request: Request, games: Sequence[GAN], identity: str) -> None:
    """Let each game stand where its best checkpoint does.

    Raises `CheckpointError` where there is none yet, or it is damaged or of another run.
    """
    for seed, gan in zip(request.seeds, games, strict=True):
        place = _place(folder, seed)
        if not storage.steps(place):
            raise CheckpointError(f"{folder} has kept no best checkpoint of seed {seed} yet")
        tensors, about, path = storage.latest(place)
        if about.get("request") != identity:
            raise CheckpointError(f"{path} is of another run: it was not made for {folder / 'request.json'}")
        gan.load_state(tensors)


def _place(folder: Path, seed: int) -> Path:
    return folder / "best" / f"seed-{seed}"


def _better(name: str | None, value: float, before: float) -> bool:
    more = requests.BEST[name or ""].more
    return value > before if more else value < before
