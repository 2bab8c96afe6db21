"""What a run was asked for: read from its folder, and checked, before anything of the run is loaded."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ganlab import facts, storage
from ganlab.experiments import catalogue
from ganlab.experiments.catalogue import Experiment, look_up

__all__ = [
    "BEST",
    "DEVICES",
    "Measure",
    "Request",
    "check_best",
    "check_device",
    "check_steps",
    "ended",
    "identity",
    "lengthen",
    "origin",
    "read",
    "require",
    "start",
]

DEVICES = ("auto", "cpu", "cuda", "cuda:1", "mps")
"""Where a run can be made; "auto" is cuda where there is one, and else cpu. `cuda:1` stands for any number.

>>> DEVICES[0]
'auto'
"""


class Measure(NamedTuple):
    """What is known of a measure without taking it: whether `more` is better, and of which kinds of data."""

    more: bool
    kinds: tuple[str, ...]


BEST: dict[str, Measure] = {
    "modes": Measure(True, ("mixture", "stacked")),
    "high_quality": Measure(True, ("mixture",)),
    "reverse_kl": Measure(False, ("mixture", "stacked")),
    "jensen_shannon": Measure(False, ("mixture",)),
    "wasserstein_1": Measure(False, ("mixture", "points")),
    "classifier_frechet": Measure(False, ("images",)),
    "classifier_kernel": Measure(False, ("images",)),
}
"""The measures by which the best checkpoint of a run can be told; see `ganlab.evaluation.judging.quality`.

>>> BEST["wasserstein_1"].more
False
"""


@dataclass(frozen=True)
class Request:
    """What a run folder remembers of the command that made it.

    `seeds`: one game each. `device`: auto, cpu or cuda. `checkpoint_every`: generator steps. `tensorboard`:
    generator steps between two scalars, None for no such log. `pictures`: the checksum of the pictures of a
    folder, None for other data: a run goes on with those that it began with. `steps`: what the run was asked
    for later, None for the steps of its set-up. `init`: the checkpoint of another run from whose weights it
    started, None for random ones. `best`: the measure by which the best checkpoint is kept, taken every
    `best_every` generator steps; None for none.

    >>> Request(catalogue.EXPERIMENTS["ring"]).seeds
    (0,)
    """

    experiment: Experiment
    seeds: tuple[int, ...] = (0,)
    data_dir: str | None = None
    device: str = "auto"
    checkpoint_every: int = 1000
    tensorboard: int | None = None
    pictures: str | None = None
    steps: int | None = None
    init: str | None = None
    best: str | None = None
    best_every: int = 500

    @property
    def total(self) -> int:
        """The generator steps asked for."""
        return self.steps or self.experiment.steps


def read(folder: Path) -> tuple[Request, str]:
    """The request of a run folder, and the checksum by which the checkpoints of the run are told.

    A request that an earlier version of the package wrote lacks the newer settings, which then have their
    defaults; its checksum is of what it wrote.

    Raises `ValueError` where the folder is no run, or its request is of no version that is known here.

    >>> read(Path("nowhere"))
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    path = require(folder)
    try:
        document = json.loads(path.read_text())
        stored = document | {
            "experiment": catalogue.from_dict(document["experiment"]),
            "seeds": tuple(document["seeds"]),
        }
        return Request(**stored), identity(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must hold the request of a run, got {error!r}") from None


def require(folder: Path) -> Path:
    """Where the request of a run folder lies.

    Raises `ValueError` where there is none; see `read`.

    >>> require(Path("nowhere"))
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    path = folder / "request.json"
    if not path.is_file():
        raise ValueError(f"`RUN` must be a run folder, got {folder}: {path} is missing")
    return path


def identity(document: dict[str, Any]) -> str:
    """The checksum of a stored request: of its set-up and its seeds, as they were written down.

    >>> identity({"experiment": {}, "seeds": [0]})[:8]
    'cac5b2ef'
    """
    asked = json.dumps([document["experiment"], document["seeds"]], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def start(folder: Path, name: str | None) -> int:
    """The step to go on from: of the checkpoint of that name, or of the newest; 0 for the beginning.

    Raises `ValueError` where there is no checkpoint of that name, naming those there are.

    >>> start(Path("nowhere"), "start")
    0
    """
    found = storage.steps(folder)
    if name is None:
        return found[-1] if found else 0
    names = {storage.folder_of(folder, step).name: step for step in found} | {"start": 0}
    return names[look_up(names, name, "--from")]


def check_best(name: str, experiment: Experiment) -> None:
    """Raise `ValueError` unless the package can take the measure of the data of the set-up.

    >>> check_best("fid", catalogue.EXPERIMENTS["swiss_roll"])
    Traceback (most recent call last):
    ValueError: `--best` must be one of wasserstein_1, got 'fid'
    """
    kind = catalogue.data_facts(experiment.data)["kind"]
    known = [measure for measure, told in BEST.items() if kind in told.kinds]
    if kind == "images" and not _has_classifier(experiment.data):
        known = []
    if not known:
        raise ValueError(
            f"`--best` must be left out for {experiment.data}: the package has no measure of its samples, "
            f"got {name!r}"
        )
    look_up(known, name, "--best")


def _has_classifier(data: object) -> bool:
    return isinstance(data, str) and (facts.FILE.parent / "weights" / f"{data}.safetensors").is_file()


def check_device(name: str, experiment: Experiment) -> None:
    """Raise `ValueError` unless there can be such a device, and it computes in the precision of the set-up.

    >>> check_device("gpu", catalogue.EXPERIMENTS["ring"])
    Traceback (most recent call last):
    ValueError: `--device` must be one of auto, cpu, cuda, cuda:1, mps, got 'gpu'; did you mean 'cpu'?
    """
    if not re.fullmatch(r"cuda:\d+", name, re.ASCII):
        look_up(DEVICES, name, "--device")
    if name == "mps" and experiment.float64:
        raise ValueError("`--device` must not be mps for a set-up in double precision: `--no-float64` is not")


def check_steps(request: Request, steps: int | None) -> None:
    """Raise `ValueError` where a run is to take fewer steps than it was asked for.

    >>> check_steps(Request(catalogue.EXPERIMENTS["ring"]), 10)
    Traceback (most recent call last):
    ValueError: `--steps` must be at least 5000, which the run was asked for before, got 10
    """
    if steps is not None and steps < request.total:
        raise ValueError(
            f"`--steps` must be at least {request.total}, which the run was asked for before, got {steps}"
        )


def origin(folder: Path, seeds: tuple[int, ...]) -> str:
    """The path of the newest checkpoint of a run, from whose weights a run of these seeds can start.

    Raises `ValueError` where the folder is no run, has no checkpoint, or has neither one seed nor as many.

    >>> origin(Path("nowhere"), (0,))
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    lent = len(read(folder)[0].seeds)
    found = storage.steps(folder)
    if not found:
        raise ValueError(f"`--init` must be a run with a checkpoint, got {folder}, which has none yet")
    if lent not in (1, len(seeds)):
        raise ValueError(f"`--init` must be a run of one seed or of {len(seeds)}, got {folder} of {lent}")
    return str(storage.folder_of(folder, found[-1]).resolve())


def lengthen(folder: Path, steps: int) -> None:
    """Write into the request of a run that it goes on to so many steps; all else in it stays as it was.

    Raises `ValueError` where the folder is no run.

    >>> lengthen(Path("nowhere"), 10)
    Traceback (most recent call last):
    ValueError: `RUN` must be a run folder, got nowhere: nowhere/request.json is missing
    """
    path = require(folder)
    document = json.loads(path.read_text()) | {"steps": steps}
    storage.write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())


def ended(request: Request) -> str | None:
    """What of the set-up ends before the run does, as a sentence; None where nothing does.

    A schedule, and noise that fades, are those of the steps that were asked for first: a run that is made
    longer keeps what it has done, and goes on at the last rates.

    >>> ended(Request(catalogue.change(catalogue.EXPERIMENTS["ring"], instance_noise=0.1), steps=9000))
    'the instance noise ended at step 5000'
    """
    first, parts = request.experiment.steps, []
    if request.total <= first:
        return None
    if request.experiment.schedule != "constant":
        parts.append(
            f"the {request.experiment.schedule} schedule ended at step {first}: from there on each rate "
            "stays at 1 % of the first"
        )
    if request.experiment.instance_noise:
        parts.append(f"the instance noise ended at step {first}")
    return "; ".join(parts) or None
