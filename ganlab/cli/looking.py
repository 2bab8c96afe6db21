"""What answers `sample`, `walk` and `evaluate`: drawing from a run, and judging it.

This module loads torch; a request is checked before it is loaded.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ganlab.cli.printing import tell
from ganlab.evaluation import by_name, judging, learnt
from ganlab.experiments import building, draws, generators, reports, runs, walks
from ganlab.experiments.catalogue import data_facts
from ganlab.experiments.draws import judged_as_map
from ganlab.experiments.requests import Request

__all__ = ["evaluate", "sample", "walk"]

STRIP, FILM = 8, 24  # images from one stop of a walk to the next


def sample(request: Request, options: argparse.Namespace) -> int:
    """The exit code after writing what the generator of a run draws."""
    gan, origin = _generator(request, options)
    way = reports.PICTURES[judging.KINDS[data_facts(request.experiment.data)["kind"]].shown]
    count = way.samples if options.count is None else options.count
    wanted = {"average": options.average, "label": options.label, "truncation": options.truncation}
    drawn = reports.samples_of(gan, count, reports.stream(options.draw), **wanted)
    out = options.out or _beside(options, "drawn.png")
    reports.write_samples(
        out, drawn, building.load_source(request.experiment, request.data_dir) if way.over_real else None
    )
    told = "" if options.label is None else f" of class {options.label}"
    print(f"{count} samples{told} of {origin}, in {out}")
    return 0


def walk(request: Request, options: argparse.Namespace) -> int:
    """The exit code after writing what the generator of a run makes of a walk among its latents."""
    gan, origin = _generator(request, options)
    if not hasattr(gan, "latent_dim"):
        asked = options.folder or options.pretrained
        raise ValueError(f"`RUN` must be a run whose generator has latents, got {asked}: it translates")
    files = [options.out] if options.out else [_beside(options, f"walk.{end}") for end in ("png", "gif")]
    for file in files:
        frames = options.frames or (STRIP if file.suffix == ".png" else FILM)
        settings = {"average": options.average, "label": options.label or 0}
        rng = reports.stream(options.draw)
        found = walks.pictures(gan, stops=options.stops, frames=frames, rng=rng, **settings)
        walks.write(file, found)
        print(f"{options.stops} stops with {frames} images from each to the next, at {origin}, in {file}")
    return 0


def _generator(request: Request, options: argparse.Namespace) -> tuple[Any, str]:
    """The game that is drawn from, and which of its generators, in words."""
    if options.pretrained is not None:
        name = options.pretrained
        return generators.game_of(name), f"step {request.experiment.steps}, of {name}"
    _, games, _ = runs.view(options.folder, at_best=options.best)
    gan = games[0 if options.seed is None else request.seeds.index(options.seed)]
    which = "averaged" if gan.average is not None and options.average is not False else "last"
    return gan, f"step {gan.step}, of the {which} generator"


def _beside(options: argparse.Namespace, name: str) -> Path:
    """Where a file goes that no option names: into the run folder, or here under the generator's name."""
    return Path(f"{options.pretrained}-{name}") if options.pretrained else options.folder / name


def _fidelity(options: argparse.Namespace) -> dict[str, Any]:
    """How FID is asked for, as far as that was said."""
    asked = {"weights": options.fid_weights, "against": options.fid_against, "kept": options.fid_keep}
    return {name: value for name, value in asked.items() if value is not None}


def evaluate(request: Request, options: argparse.Namespace) -> int:
    """The exit code after judging the samples and the loss curves of a run, seed by seed.

    Of a generator of the package there are no curves.
    """
    history = None
    if options.pretrained is not None:
        games = [generators.game_of(options.pretrained)]
        result: dict[str, Any] = {"pretrained": options.pretrained, "steps": request.experiment.steps}
    else:
        _, games, history = runs.view(options.folder, at_best=options.best)
        result = {"run": str(options.folder), "steps": len(history)}
    source: Any = building.load_source(request.experiment, options.data_dir or request.data_dir)
    count = judging.kind_of(source).samples if options.samples is None else options.samples
    names = options.metrics.split(",") if options.metrics else []
    judge = learnt.judge_of(source, rng=reports.stream(0)) if options.judge else None
    result |= {} if judge is None else {"judge": judge.facts()}
    each = []
    for index, (seed, gan) in enumerate(zip(request.seeds, games, strict=True)):
        if options.seed not in (None, seed):
            continue
        rng = reports.stream(options.draw)
        drawn = reports.samples_of(gan, count, rng, truncation=options.truncation)
        found = judging.quality(source, drawn, rng) | judged_as_map(gan, source, rng)
        found |= judging.asked(source, drawn, draws.labels_of(gan, count), rng, judge=judge)
        found |= judging.fidelity(source, drawn, rng, **_fidelity(options)) if options.fid else {}
        found |= by_name.measured(source, drawn, rng, names) if names else {}
        if history is not None:
            found |= {"verdict": reports.diagnosed(history, index, loss=gan.loss, found=found)}
        step = {"step": gan.step} if options.best else {}
        if options.truncation is not None:
            step["truncation"] = options.truncation
        each.append({"seed": seed} | step | found)
    result |= each[0] if len(each) == 1 else {"each": each, "spread": reports.spreads(each)}
    tell(result, as_json=options.json)
    return 0
