"""The generators that the package holds: of which set-ups, for how long they learnt, and what they are worth.

`assets/baseline.json` has a row a set-up, the baseline of the book, and `assets/weights/generators` its
weights. Nothing is trained or loaded here: `ganlab.experiments.generators` makes the rows, and reads the
weights.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganlab import facts
from ganlab.experiments import catalogue
from ganlab.experiments.catalogue import Experiment
from ganlab.experiments.records import MEASURES
from ganlab.experiments.requests import Request

__all__ = ["SEED", "Row", "budget", "path_of", "request", "row", "rows", "table"]

SEED = 30
"""The seed of a generator of the baseline. No study and no stored run has it: nothing was chosen by it.

>>> SEED
30
"""

FILE = facts.FILE.with_name("baseline.json")
SHOWN = (
    "modes",
    "high_quality",
    "wasserstein_1",
    "classifier_frechet",
    "map_error",
    "obedience",
)


@dataclass(frozen=True)
class Row:
    """What is known of one stored generator.

    `experiment`: its set-up, with the steps that the budget bought. `budget`: processor seconds of its data,
    see `budget`; `seconds`: those that its training took. `samples`: how many were judged, and `measures`:
    what they scored, each number once for each of several draws. `size`: of its file in bytes; `sha256`: the
    checksum of that file. `seed`: of its training. One with a seed other than `SEED` was kept for the
    pictures of a chapter, has the steps of its set-up, and is no part of the baseline.
    """

    experiment: Experiment
    budget: float
    seconds: float
    samples: int
    measures: Mapping[str, Sequence[float]]
    size: int
    sha256: str
    seed: int = SEED

    def facts(self) -> dict[str, Any]:
        """What is known of it in a list: the means of its measures, and the price."""
        found = {name: statistics.fmean(values) for name, values in self.measures.items()}
        return {
            "budget": self.budget,
            "steps": self.experiment.steps,
            **{name: float(f"{value:.4g}") for name, value in found.items()},
            "size": self.size,
            "sha256": self.sha256,
        }


def rows() -> dict[str, Row]:
    """The stored generators by the name of their set-up, in the order of the catalogue.

    >>> list(rows())[:2]
    ['ring', 'grid']
    """
    if not FILE.is_file():
        return {}
    stored = json.loads(FILE.read_text(encoding="utf-8"))["rows"]
    return {name: _read(told) for name, told in stored.items()}


def row(name: str) -> Row:
    """What is known of the stored generator of a set-up.

    Raises `ValueError` naming those there are where there is none of that name.

    >>> row("ring").budget
    20.0
    >>> row("rnig")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: `--pretrained` must be one of ring, ..., got 'rnig'; did you mean 'ring'?
    """
    found = rows()
    return found[catalogue.look_up(found, name, "--pretrained")]


def request(name: str) -> Request:
    """What a run of the stored generator would have been asked for, without an average: it is the one shown.

    Raises what `row` raises.

    >>> request("ring").experiment.ema
    """
    told = row(name)
    return Request(replace(told.experiment, ema=None, ema_batches=0), seeds=(told.seed,))


def budget(experiment: Experiment) -> float:
    """The processor seconds for which a set-up is trained: 20 on points, 30 on small images, 60 on others.

    Small are those of at most 8x8 pixels.

    >>> [budget(catalogue.EXPERIMENTS[name]) for name in ("ring", "digits", "fashion_mnist")]
    [20.0, 30.0, 60.0]
    """
    shape = catalogue.data_facts(experiment.data)["shape"]
    if len(shape) == 1:
        return 20.0
    return 30.0 if math.prod(shape[1:]) <= 64 else 60.0


def path_of(name: str, folder: Path | None = None) -> Path:
    """Where the weights of a set-up lie, in `folder` or among the package's own.

    >>> path_of("ring").name
    'ring.safetensors'
    """
    place = facts.FILE.parent / "weights" / "generators" if folder is None else folder
    return place / f"{name}.safetensors"


def table(names: Sequence[str] | None = None) -> tuple[list[str], list[list[str]]]:
    """The head of the baseline table, and a line for each generator; all of them unless named.

    Seconds of the budget and the steps that it bought; the mean of each measure over the draws; thousands of
    bytes, and the first digits of the checksum. One seed trained each of them: a line says what to expect,
    and two lines are no comparison.

    Raises `ValueError` where there is no such generator.

    >>> head, lines = table(["ring"])
    >>> head[:5], lines[0][:2]
    (['set-up', 'seconds', 'steps', 'modes', 'high quality'], ['ring', '20'])
    """
    found = rows() if names is None else {name: row(name) for name in names}
    measures = [name for name in SHOWN if any(name in one.measures for one in found.values())]
    head = ["set-up", "seconds", "steps", *(MEASURES[name] for name in measures), "kB", "SHA-256"]
    return head, [_line(name, one, measures) for name, one in found.items()]


def _line(name: str, one: Row, measures: Sequence[str]) -> list[str]:
    cells = [
        f"{statistics.fmean(one.measures[measure]):.3g}" if measure in one.measures else ""
        for measure in measures
    ]
    size = f"{one.size / 1000:.0f}"
    return [name, f"{one.budget:.0f}", str(one.experiment.steps), *cells, size, one.sha256[:8]]


def _read(told: dict[str, Any]) -> Row:
    known: dict[str, Any] = told | {"experiment": catalogue.from_dict(told["experiment"])}
    return Row(**known)
