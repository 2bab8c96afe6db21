"""Running a study: its tuning seeds, the choice by its rule, its judging seeds and its null rows.

The file of a study is written whole after every cell, so that a study that was stopped goes on where it was.
What is asked and by which rule stands in the file from its first line on; the chosen levels are written
before the first judging seed runs.
"""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab import data
from ganlab.evaluation import judging
from ganlab.experiments import building, draws, reports, studies
from ganlab.experiments.catalogue import Experiment
from ganlab.experiments.draws import judged_as_map
from ganlab.experiments.measured import Cell, judged, kept_of_map, null_rows, short, shortened
from ganlab.experiments.studies import Record, Study, read
from ganlab.experiments.styled import told_of_styles
from ganlab.experiments.unseen import DRAWN, known_to, others, told_of_known
from ganlab.storage import write_atomically
from ganlab.training.ensembles import train_all
from ganlab.training.game import GAN
from ganlab.training.history import History
from ganlab.training.players import NonFiniteLossError
from ganlab.training.rules import pack

__all__ = ["Look", "look", "price_of", "run"]

LOOKS = 50  # at the discriminator, evenly over a run
ALONG = (LOOKS // 4, LOOKS // 2)  # the looks after which the samples are judged too, besides the last
PRICED = 20  # turns by whose time a turn is priced
STAGES = 8  # of its growth at which a game that grows is priced
PROBED = 200  # latents whose samples are asked for their gradients


def run(
    name: str,
    study: Study,
    path: Path,
    *,
    watch: Callable[[str], None] = lambda line: None,
) -> Record:
    """The study, run to its end and stored at `path`; a file that is there already is gone on with.

    `watch` is called with a line after each cell.

    A file of the same plan that judged the chosen levels alone is gone on with where every level is asked.

    Raises `ValueError` where the file is of another study or of another plan of it.
    """
    plan = json.loads(json.dumps(study.plan()))
    record = _begun(name, plan, path)
    source = building.load_source(study.base)
    if study.unit == "seconds" and not record.prices:
        record = _replaced(record, prices=_prices(study, source))
        _save(record, path)
    for method, levels in study.methods.items():
        if len(levels) > 1 and not study.levels_of:
            for group in _groups(study, method, list(levels)):
                record = _filled(record, study, source, (method, group, "tuning"), path, watch)
    record = _replaced(record, chosen=_chosen(record, study))
    _save(record, path)
    for method, levels in study.methods.items():
        asked = list(levels) if study.every_level else [record.chosen[method]]
        for group in _groups(study, method, asked):
            record = _filled(record, study, source, (method, group, "judging"), path, watch)
    if not record.nulls:
        record = _replaced(record, nulls=null_rows(study, source))
    _save(record, path)
    return record


class Look(NamedTuple):
    """What a discriminator does, at one moment of a run.

    `push_cosine`: the mean cosine between the gradients of its scores at two generated samples, 1 where it
    pushes all of them the same way. `score_sd`: the standard deviation of its scores over real and generated
    samples. `scores`: those at fixed points, by which two moments are compared.
    """

    push_cosine: float
    score_sd: float
    scores: Tensor


def look(gan: GAN, latents: Tensor, real: Tensor, points: Tensor) -> Look:
    """What the discriminator of `gan` does to the samples of `latents` (N, latent_dim).

    `real` (N, dim): samples of the data. `points` (M, dim) are where its scores are kept. All counts are
    multiples of the game's pack.
    """
    with torch.no_grad():
        fake = gan.generator(latents)
    fake.requires_grad_(True)
    scores = gan.discriminator(pack(fake, gan.pack))
    (slopes,) = torch.autograd.grad(scores.sum(), fake)
    units = torch.nn.functional.normalize(slopes.flatten(1), dim=1).double()
    n = len(units)
    cosine = (units.sum(0).square().sum() - n) / (n * (n - 1))
    with torch.no_grad():
        others = gan.discriminator(pack(real, gan.pack))
        fixed = gan.discriminator(pack(points, gan.pack))
    spread = torch.cat([scores.detach(), others]).double().std()
    return Look(cosine.item(), spread.item(), fixed.double())


# --- One cell -------------------------------------------------------------------------------------------


def price_of(setups: Sequence[Any], setting: Experiment) -> float:
    """The processor seconds of a turn of one of these games: of one that grows, the mean over its growth.

    `setting`: the set-up of all of them. They are trained a little, and are not to be used any more.
    """
    games, streams, found = [s.gan for s in setups], [s.batches for s in setups], []
    stages = STAGES if setting.growing else 1
    for stage in range(stages):
        for game in games if setting.growing else ():
            game.step = round((stage + 0.5) / stages * setting.steps)
        times = []
        for turns in (3, PRICED, PRICED, PRICED):
            started = time.process_time()
            train_all(games, streams, turns, n_critic=setting.n_critic)
            times.append((time.process_time() - started) / (turns * len(games)))
        found.append(min(times[1:]))
    return sum(found) / stages


def _filled(
    record: Record,
    study: Study,
    source: data.Source,
    key: tuple[str, list[str], str],
    path: Path,
    watch: Callable[[str], None],
) -> Record:
    """The record with the runs of one method at some levels, unless it has them; stored."""
    method, group, phase = key
    seeds = study.tuning if phase == "tuning" else study.judging
    have = {(c["method"], c["level"], c["phase"]) for c in record.cells}
    levels = [level for level in group if (method, level, phase) not in have]
    if not levels or not seeds:
        return record
    asked = [(level, seed) for level in levels for seed in seeds]
    runs = [(study.setting(method, level, record.prices), seed) for level, seed in asked]
    along = study.rule if phase == "judging" and study.unit == "seconds" else None
    together = [[run] for run in runs] if study.apart else [runs]
    found = [cell for some in together for cell in _runs(some, source, along)]
    cells = [
        {"method": method, "level": level, "phase": phase, "seed": seed, **numbers}
        for (level, seed), numbers in zip(asked, found, strict=True)
    ]
    record = _replaced(record, cells=[*record.cells, *cells])
    _save(record, path)
    for level in levels:
        own = [cell for cell in cells if cell["level"] == level]
        worth = " ".join(f"{cell.get(study.rule, math.inf):.3g}" for cell in own)
        seconds = sum(cell["seconds"] for cell in own)
        title = f"{method} {level}".strip()
        watch(f"{title}, {phase}: {studies.MEASURES[study.rule]} {worth}; {seconds:.0f} s")
    return record


def _groups(study: Study, method: str, levels: Sequence[str]) -> list[list[str]]:
    """The levels, those together that differ in numbers which games side by side may have of their own."""
    groups: dict[Experiment, list[str]] = {}
    for level in levels:
        setting = study.changed(method, level)
        kinds = tuple((name, 0.0) for name, *_ in setting.regularizers)
        noise = float(setting.instance_noise > 0)
        alike = replace(setting, regularizers=kinds, learning_rates=(1.0, 1.0), instance_noise=noise)
        groups.setdefault(alike, []).append(level)
    return list(groups.values())


Run = tuple[Experiment, int]


def _prices(study: Study, source: data.Source) -> dict[str, dict[str, float]]:
    """The processor seconds of a turn of one game, alone or beside those of all judging seeds."""
    found: dict[str, dict[str, float]] = {}
    for method, levels in study.methods.items():
        for group in _groups(study, method, list(levels)):
            setting = study.changed(method, group[0])
            seeds = study.judging[:1] if study.apart else study.judging
            setups = [building.build(setting, seed=seed, source=source) for seed in seeds]
            price = short(price_of(setups, setting))
            found.setdefault(method, {}).update((level, price) for level in group)
    return found


def _runs(runs: Sequence[Run], source: data.Source, along: str | None) -> list[Cell]:
    """The numbers of each run of a set-up with a seed; where one breaks down, halves of them run apart."""
    try:
        return _together(runs, source, along)
    except NonFiniteLossError:
        if len(runs) == 1:
            return [{"steps": runs[0][0].steps, "failed": True, "seconds": 0.0}]
    half = len(runs) // 2
    return _runs(runs[:half], source, along) + _runs(runs[half:], source, along)


def _together(runs: Sequence[Run], source: Any, along: str | None) -> list[Cell]:
    started, setting = time.process_time(), runs[0][0]
    setups = [building.build(own, seed=seed, source=source) for own, seed in runs]
    gans = [setup.gan for setup in setups]
    judges = [source if setting.few is None else others(source, known_to(setup)) for setup in setups]
    every, looks = max(1, setting.steps // LOOKS), [[] for _ in gans]
    streams = [setup.batches for setup in setups]
    seeds, ways, pauses = [seed for _, seed in runs], [[] for _ in gans], []
    callbacks = [_looking(looks, source, every)] if _probed(gans[0]) else []
    if along:
        marks = {every * place for place in ALONG}
        callbacks.append(_passing(ways, judges, along, marks, seeds, pauses))
    train_all(
        gans,
        streams,
        setting.steps,
        n_critic=setting.n_critic,
        callbacks=callbacks,
        callback_every=every,
    )
    seconds = (time.process_time() - started - sum(pauses)) / len(gans)
    told = {"steps": setting.steps, "seconds": round(seconds, 2)}
    found = [
        {**told, **_judged(gan, judge, seed), **_looked(own), **_of_styles(gan, source, seed)}
        | _of_known(setup, judge, seed)
        for gan, setup, judge, seed, own in zip(gans, setups, judges, seeds, looks, strict=True)
    ]
    if along:
        for cell, way in zip(found, ways, strict=True):
            cell["along"] = [*way, [setting.steps, cell[along]]]
    return found


def _probed(game: Any) -> bool:
    """Whether a study looks at the discriminator on the way: at that of a GAN of points without classes."""
    return isinstance(game, GAN) and len(game.sample_shape) == 1 and not game.classes


def _judged(gan: Any, source: Any, seed: int) -> Cell:
    count = judging.kind_of(source).samples
    drawn = reports.samples_of(gan, count, reports.stream(seed=seed))
    found = judged(source, drawn, reports.stream(1, seed=seed), draws.labels_of(gan, count))
    return found | kept_of_map(judged_as_map(gan, source, reports.stream(2, seed=seed)))


def _of_known(setup: building.Setup, judge: Any, seed: int) -> Cell:
    if judge is setup.source:
        return {}
    drawn = reports.samples_of(setup.gan, DRAWN, reports.stream(seed=seed))
    told = told_of_known(known_to(setup), judge, drawn, reports.stream(4, seed=seed), setup.gan)
    return shortened(told)


def _of_styles(gan: Any, source: Any, seed: int) -> Cell:
    told = told_of_styles(gan, source, reports.stream(3, seed=seed)) if isinstance(gan, GAN) else {}
    return shortened(told)


def _passing(
    ways: list[list[list[float]]],
    judges: Sequence[Any],
    rule: str,
    marks: set[int],
    seeds: Sequence[int],
    pauses: list[float],
) -> Callable[..., None]:
    """A callback that notes a measure of each game at some steps, by the draws that judge its end.

    What that took is noted in `pauses`.
    """

    def after(games: Sequence[GAN], _: History) -> None:
        if games[0].step in marks:
            started = time.process_time()
            for game, judge, seed, way in zip(games, judges, seeds, ways, strict=True):
                way.append([game.step, _judged(game, judge, seed)[rule]])
            pauses.append(time.process_time() - started)

    return after


def _looking(looks: list[list[Look]], source: Any, every: int) -> Callable[..., None]:
    """A callback that looks at each game every so many steps, always at the same places."""
    rng, form = reports.stream(2), torch.float32  # the same places whatever the default is
    real = source.sample(PROBED, rng, dtype=form)
    corner = 1.25 * real.abs().amax(0)
    points = (2 * torch.rand(PROBED, len(corner), generator=rng, dtype=form) - 1) * corner

    def after(games: Sequence[GAN], _: History) -> None:
        if games[0].step % every:
            return
        latents = torch.randn(PROBED, games[0].latent_dim, generator=reports.stream(3), dtype=form)
        for game, own in zip(games, looks, strict=True):
            own.append(look(game, *(x.to(game.dtype) for x in (latents, real, points))))

    return after


def _looked(looks: Sequence[Look]) -> Cell:
    """The means of the looks over the second half of a run, and how far D's scores turn between two looks.

    `turnover`: 1 less the correlation of the scores at fixed points, at two looks that follow each other.
    """
    late = looks[len(looks) // 2 :]
    if len(late) < 2:
        return {}
    if any(float(own.scores.std()) == 0 for own in late):  # such scores correlate with nothing
        return {}
    turns = [1 - np.corrcoef(a.scores, b.scores)[0, 1] for a, b in pairwise(late)]
    means = {
        "push_cosine": np.mean([own.push_cosine for own in late]),
        "score_sd": np.mean([own.score_sd for own in late]),
        "turnover": np.mean(turns),
    }
    return shortened({name: float(value) for name, value in means.items()})


# --- The file -------------------------------------------------------------------------------------------


def _begun(name: str, plan: Mapping[str, Any], path: Path) -> Record:
    if not path.is_file():
        versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
        record = Record(name, f"ganlab study {name}", versions, plan, {}, [], [])
        _save(record, path)
        return record
    try:
        record = read(path)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must hold a study, got {error!r}") from None
    if plan["every_level"]:  # what chose the levels is the same
        record = _replaced(record, plan={**record.plan, "every_level": True})
    if (record.name, record.plan) != (name, plan):
        raise ValueError(f"{path} must hold {name} as it is planned now, got another study or another plan")
    return record


def _chosen(record: Record, study: Study) -> dict[str, str]:
    """The level of each method that the rule picks; the first of equals."""
    if study.levels_of:
        return dict(studies.load(study.levels_of).chosen)
    found = {}
    for method, levels in study.methods.items():
        means = {
            level: np.mean(list(record.values(method, study.rule, level=level, phase="tuning").values()))
            for level in (levels if len(levels) > 1 else ())
        }
        found[method] = min(means, key=means.__getitem__, default=next(iter(levels)))
    return found


def _replaced(record: Record, **changed: Any) -> Record:
    return Record(**(vars(record) | changed))


def _save(record: Record, path: Path) -> None:
    """Write the record, a line a cell, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for key, value in vars(record).items():
        lines = isinstance(value, list) and value
        text = "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]" if lines else json.dumps(value)
        rows.append(f" {json.dumps(key)}: {text}")
    write_atomically(path, ("{\n" + ",\n".join(rows) + "\n}\n").encode())
