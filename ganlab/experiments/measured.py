"""What a study measures of samples: those of its games and those that no training made, its null rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from ganlab import data
from ganlab.evaluation import judging, nulls
from ganlab.evaluation.translations import translated
from ganlab.experiments import reports, studies
from ganlab.experiments.studies import Study
from ganlab.experiments.unseen import DRAWN, parted, told_of_known
from ganlab.theory.transport import empirical_wasserstein_1

__all__ = ["judged", "kept_of_map", "null_rows", "short", "shortened"]

_MAP = {"right", "arrived", "least_right", "map_error", "cycle_error", "symmetry"}  # of a translation

Cell = dict[str, Any]


def judged(source: Any, drawn: Tensor, rng: Generator, labels: Tensor | None = None) -> Cell:
    """The measures of samples (N, ...) that a study keeps: those of the kind of the data, W1 once.

    `labels` (N,): the classes that were asked for, where some were.

    >>> found = judged(data.ring(), data.ring().centers, torch.Generator().manual_seed(0))
    >>> found["modes"], found["high_quality"]
    (8, 1.0)
    """
    if drawn.ndim > 2:
        found = judging.quality(source, drawn, rng, swift=True)
    else:
        found = judging.coverage(source, drawn)
        some = drawn[: judging.TRANSPORTED].double()
        real = source.sample(len(some), rng, dtype=torch.float64)
        found["wasserstein_1"] = empirical_wasserstein_1(real, some).item()
    found |= judging.asked(source, drawn, labels, rng)
    return {name: short(found[name]) for name in studies.MEASURES if name in found}


def short(value: Any) -> Any:
    """The value as a file keeps it: a float with five digits.

    >>> short(1 / 3), short(8)
    (0.33333, 8)
    """
    return float(f"{value:.5g}") if isinstance(value, float) else value


def shortened(told: Mapping[str, Any]) -> Cell:
    """The same numbers as a file keeps them.

    >>> shortened({"modes": 8, "reverse_kl": 1 / 3})
    {'modes': 8, 'reverse_kl': 0.33333}
    """
    return {name: short(value) for name, value in told.items()}


def kept_of_map(told: Mapping[str, Any]) -> Cell:
    """What a study keeps of a map that is judged: its measures, and which symmetry it is, if one.

    >>> kept_of_map({"right": 1.0, "count": 3})
    {'right': 1.0}
    """
    return shortened({name: value for name, value in told.items() if name in _MAP})


def null_rows(study: Study, source: data.Source) -> list[Cell]:
    """The measures of each null row of a source, once for each judging seed of the study.

    >>> rows = null_rows(studies.STUDIES["cures_ring"].short(0.01), data.ring())
    >>> [row["modes"] for row in rows if row["null"] == "half of the modes"]
    [4, 4]
    """
    if isinstance(source, data.Unpaired | data.UnpairedClasses):
        return _null_maps(study, source)
    count = judging.kind_of(source).samples
    if study.base.conditional:
        return _labelled_nulls(study, source, count)
    found = []
    for name, sampler in nulls.samplers(source).items():
        for seed in study.judging:
            drawn = sampler(count, reports.stream(seed=seed))
            numbers = judged(source, drawn, reports.stream(1, seed=seed))
            found.append({"null": name, "seed": seed, **numbers})
    if isinstance(source, data.Images):
        own = [{"null": "perfect sampler", "seed": seed, **_held_out(source, seed)} for seed in study.judging]
        found = own + found
        found = found if study.base.few is None else _beside_known(found, source, study.base.few, count)
    return found


def _beside_known(rows: Sequence[Cell], source: data.Images, few: int, count: int) -> list[Cell]:
    """The null rows, the perfect sampler's with what `few` known images make of it, and copies of these."""
    perfect, found = [row for row in rows if row["null"] == "perfect sampler"], list(rows)
    for row in perfect:
        rng = reports.stream(4, seed=row["seed"])
        known, fresh, rest = parted(source, (few, DRAWN), rng)
        told = told_of_known(known, rest, fresh.batch(torch.arange(DRAWN)), rng)
        row |= shortened(told)
        copies = known.batch(torch.randint(few, (count,), generator=rng))
        numbers = judged(rest, copies, reports.stream(1, seed=row["seed"]))
        numbers |= told_of_known(known, rest, copies, rng)
        found.append({"null": "copies", "seed": row["seed"], **numbers})
    return found


def _null_maps(study: Study, source: data.Unpaired | data.UnpairedClasses) -> list[Cell]:
    found = []
    for name, maps in nulls.maps(source).items():
        for seed in study.judging:
            told = translated(source, *maps, reports.stream(2, seed=seed))
            found.append({"null": name, "seed": seed, **kept_of_map(told)})
            if name == "by lot":  # beside what it draws from, each image in its own place
                real = {measure: short(told[f"real_{measure}"]) for measure in ("right", "arrived")}
                found.append({"null": "real images", "seed": seed, **real})
    return found


def _labelled_nulls(study: Study, source: Any, count: int) -> list[Cell]:
    found = []
    for name, sampler in nulls.labelled(source).items():
        for seed in study.judging:
            drawn, labels = sampler(count, reports.stream(seed=seed))
            numbers = judged(source, drawn, reports.stream(1, seed=seed), labels)
            if name == "perfect sampler" and isinstance(source, data.Images):
                told = judging.asked(source, drawn, labels, reports.stream(1, seed=seed))
                numbers |= _held_out(source, seed) | {"class_frechet": short(told["real_class_frechet"])}
                numbers["obedience"] = short(told["real_obedience"])
            found.append({"null": name, "seed": seed, **numbers})
    return found


def _held_out(source: data.Images, seed: int) -> Cell:
    """What real images score against as many others, none of them in both."""
    count = min(judging.kind_of(source).samples, len(source) // 2)
    some = source.batch(torch.arange(count))  # the judge needs samples, and their score is not kept
    told = judging.quality(source, some, reports.stream(1, seed=seed), swift=True)
    return {"classifier_frechet": short(told["real_classifier_frechet"])}
