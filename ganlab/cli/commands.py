"""Train a GAN from the command line, go on with a run that was stopped, and see what a run is worth.

Exit codes: 0 done; 1 the run failed; 2 the request was wrong; 130 interrupted, and saved.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ganlab import experiments
from ganlab.cli import arguments as asked_for
from ganlab.data import DATASETS
from ganlab.evaluation import judging
from ganlab.experiments import reports, runs
from ganlab.experiments.runs import Request, Run
from ganlab.losses import LOSSES
from ganlab.networks import NETWORKS
from ganlab.regularizers import REGULARIZERS
from ganlab.storage import write_atomically
from ganlab.training import distributed
from ganlab.training.distributed import Group, LostProcessError

__all__ = ["main"]


class Interrupted(Exception):
    """Someone asked for an end, and the games are between two steps."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments`, those of the process unless given.

    >>> main(["train", "--data", "rnig"])
    2
    """
    options = asked_for.parser().parse_args(arguments)
    commands = {"train": _train, "resume": _resume, "sample": _sample, "evaluate": _evaluate, "list": _list}
    try:
        return commands[options.command](options)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except (ArithmeticError, LostProcessError) as error:
        return _complain(error, 1)
    except (ValueError, OSError) as error:
        return _complain(error, 2)


# --- Training -------------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    name, experiment = asked_for.requested(options)
    for argument, least in (("checkpoint_every", 1), ("seed", 0), ("tensorboard", 1)):
        value = getattr(options, argument)
        if value is not None and value < least:
            raise ValueError(f"`--{argument.replace('_', '-')}` must be at least {least}, got {value}")
    if options.tensorboard:
        reports.require_tensorboard()
    request = Request(
        experiment,
        seeds=(options.seed,) if options.seeds is None else asked_for.seeds(options.seeds),
        data_dir=options.data_dir,
        device=options.device,
        checkpoint_every=options.checkpoint_every,
        tensorboard=options.tensorboard,
    )
    with distributed.join() as group:
        run = runs.create(_agreed_folder(options.out, name, group), request, group=group)
        with _held(run.folder, group):
            return _run(run, as_json=options.json)


def _resume(options: argparse.Namespace) -> int:
    with distributed.join() as group, _held(options.folder, group):
        run = runs.resume(
            options.folder, start=options.start, data_dir=options.data_dir, device=options.device, group=group
        )
        result = options.folder / "result.json"
        if run.step < run.total or not result.is_file():
            return _run(run, as_json=options.json)
    if run.writes:
        if not options.json:
            print(f"nothing is left to do: all {run.total} steps were done")
        _tell(json.loads(result.read_text()), as_json=options.json)
    return 0


@contextmanager
def _held(folder: Path, group: Group | None) -> Iterator[None]:
    """A context in which the folder is locked, by the first process for all that share the run."""
    with runs.locked(folder) if group is None or group.first else nullcontext():
        yield


def _agreed_folder(wanted: Path | None, name: str, group: Group | None) -> Path:
    """A free folder: that of the first process, where several share the run."""
    if group is None:
        return _free_folder(wanted, name)
    return Path(group.of_first(str(_free_folder(wanted, name)) if group.first else ""))


def _free_folder(wanted: Path | None, name: str) -> Path:
    if wanted is None:
        taken = (Path("runs") / f"{name}-{number}" for number in range(1, sys.maxsize))
        return next(folder for folder in taken if not folder.exists())
    if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
        raise ValueError(
            f"`--out` must be a new or an empty folder, got {wanted}; `ganlab resume` goes on with a run"
        )
    return wanted


def _run(run: Run, *, as_json: bool) -> int:
    """Train to the steps asked for, and leave the run folder complete whatever happens on the way.

    Here alone is decided what is shown and written while a run goes on and when it ends.
    """
    started, first = time.monotonic(), run.step
    try:
        with ExitStack() as stack:
            asked = stack.enter_context(_interruption(patient=run.group is not None))
            log = stack.enter_context(reports.board(run)) if run.writes else _nothing
            bar = stack.enter_context(_progress(run))

            def watch(run: Run) -> None:
                bar.update(run.step - bar.n)
                log()
                if run.group.any(asked.is_set()) if run.group else asked.is_set():
                    raise Interrupted

            try:
                runs.go_on(run, watch)
            except Interrupted:
                runs.save(run)
        if not run.writes:
            return 0 if run.step == run.total else 130
        result = _finish(run) | {"seconds": round(time.monotonic() - started, 1), "first_step": first + 1}
        write_atomically(run.folder / "result.json", (json.dumps(result, indent=1) + "\n").encode())
    except LostProcessError as error:
        return _complain(
            f"{error}; `ganlab resume {run.folder}`, with any number of processes, goes on from step "
            f"{run.saved}, the last one saved",
            1,
        )
    except KeyboardInterrupt:
        return _complain(
            f"stopped at once; `ganlab resume {run.folder}` goes on from step {run.saved}, "
            "the last one saved",
            130,
        )
    if run.step < run.total:
        go_on = f"go on with: ganlab resume {run.folder}"
        print(f"\nstopped at step {run.step} of {run.total}, and saved; {go_on}", file=sys.stderr)
        return 130
    _tell(result, as_json=as_json)
    return 0


@contextmanager
def _interruption(*, patient: bool) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that a step is finished; the second one kills.

    `patient`: a second one does nothing, since torchrun sends it right after the first.
    """
    kinds = (signal.SIGINT, signal.SIGTERM)
    asked, usual = threading.Event(), {kind: signal.getsignal(kind) for kind in kinds}

    def restore() -> None:
        for kind, handler in usual.items():
            signal.signal(kind, handler)

    def note(*_: Any) -> None:
        asked.set()
        if not patient:
            restore()

    for kind in kinds:
        signal.signal(kind, note)
    try:
        yield asked
    finally:
        restore()


def _nothing() -> None:
    """What a process that does not write logs."""


def _progress(run: Run) -> Any:
    """A bar with the rate and the time left; silent where nobody looks."""
    from tqdm import tqdm

    quiet = not (run.writes and sys.stderr.isatty())
    return tqdm(
        total=run.total, initial=run.step, unit="step", disable=quiet, file=sys.stderr, dynamic_ncols=True
    )


def _finish(run: Run) -> dict[str, Any]:
    """Write the history and a picture of samples; return what is known of their quality."""
    import torch

    run.history.save(run.folder / "history.json")
    source, seeds = run.setups[0].source, run.request.seeds
    kind = judging.kind_of(source)
    count = kind.samples if kind.coverage else reports.PICTURES[kind.shown].samples
    rngs = [torch.Generator().manual_seed(seed) for seed in seeds]
    drawn = [reports.draw(gan, count, rng) for gan, rng in zip(run.games, rngs, strict=True)]
    reports.picture(run.folder / "samples.png", run, drawn, rngs[0])
    each = [
        {"seed": seed} | _last(run, index) | judging.coverage(source, samples)
        for index, (seed, samples) in enumerate(zip(seeds, drawn, strict=True))
    ]
    result: dict[str, Any] = {"run": str(run.folder), "steps": run.step}
    return result | (each[0] if len(seeds) == 1 else {"each": each, "spread": reports.over_seeds(each)})


def _last(run: Run, index: int) -> dict[str, float]:
    """The last losses of one seed."""
    last = run.history.values[-1:].reshape(-1, len(run.history.columns), len(run.games))[0, :, index]
    losses = dict(zip(run.history.columns, last.tolist(), strict=True))
    return {name: losses[name] for name in ("d_loss", "g_loss")}


# --- Looking at a run -----------------------------------------------------------------------------------


def _sample(options: argparse.Namespace) -> int:
    import torch

    request, games, _ = runs.view(options.folder)
    seed = request.seeds[0] if options.of is None else options.of
    if seed not in request.seeds:
        raise ValueError(f"`--of` must be one of {', '.join(map(str, request.seeds))}, got {seed}")
    gan = games[request.seeds.index(seed)]
    if options.average and gan.average is None:
        raise ValueError("`--average` asks for what this run has not: it keeps no average of its generator")
    way = reports.PICTURES[judging.KINDS[DATASETS[request.experiment.data].kind].shown]
    count = way.samples if options.count is None else options.count
    rng = torch.Generator().manual_seed(options.seed)
    drawn = reports.draw(gan, count, rng, average=options.average)
    out = options.out or options.folder / "drawn.png"
    reports.write_samples(
        out, drawn, experiments.load(request.experiment, request.data_dir) if way.over_real else None
    )
    print(f"{count} samples of step {gan.step}, of the {_which(gan, options.average)} generator, in {out}")
    return 0


def _which(gan: Any, average: bool | None) -> str:
    return "averaged" if gan.average is not None and average is not False else "last"


def _evaluate(options: argparse.Namespace) -> int:
    import torch

    request, games, history = runs.view(options.folder)
    source = experiments.load(request.experiment, options.data_dir or request.data_dir)
    count = judging.kind_of(source).samples if options.samples is None else options.samples
    each = []
    for index, (seed, gan) in enumerate(zip(request.seeds, games, strict=True)):
        rng = torch.Generator().manual_seed(options.seed)
        drawn = reports.draw(gan, count, rng)
        found = judging.quality(source, drawn, rng)
        found |= judging.fidelity(source, drawn, rng) if options.fid else {}
        verdict = reports.verdict(history, index, loss=gan.loss.name, found=found)
        each.append({"seed": seed} | found | {"verdict": verdict})
    result: dict[str, Any] = {"run": str(options.folder), "steps": games[0].step}
    result |= each[0] if len(each) == 1 else {"each": each, "spread": reports.over_seeds(each)}
    _tell(result, as_json=options.json)
    return 0


def _list(options: argparse.Namespace) -> int:
    settings = {name: experiments.to_dict(value) for name, value in experiments.EXPERIMENTS.items()}
    found: dict[str, Any] = {
        "data": list(DATASETS),
        "networks": list(NETWORKS),
        "losses": list(LOSSES),
        "regularizers": list(REGULARIZERS),
    }
    if options.json:
        print(json.dumps(found | {"experiments": settings}))
        return 0
    for kind, names in found.items():
        print(f"{kind}: {', '.join(names)}")
    print("experiments:")
    for name, values in settings.items():
        print(f"  {name}: " + ", ".join(f"{key} {_plain(value)}" for key, value in values.items()))
    return 0


# --- What is printed ------------------------------------------------------------------------------------


def _tell(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
        return
    seeds = f" of {len(result['each'])} seeds" if "each" in result else ""
    time_taken = f" in {result['seconds']} s" if "seconds" in result else ""
    steps = f"{result['steps'] - result.get('first_step', 1) + 1} steps"
    print(f"{steps}{seeds}{time_taken}; the run is in {result['run']}")
    print(reports.sentences(result))


def _plain(value: Any) -> str:
    """A setting in one word: (0.5, 0.999) as 0.5/0.999, (("r1", 0.05, 4),) as r1=0.05:4."""
    if isinstance(value, tuple | list):
        return "/".join(_plain_item(item) for item in value) or "none"
    return "none" if value is None else str(value)


def _plain_item(item: Any) -> str:
    return f"{item[0]}={':'.join(map(str, item[1:]))}" if isinstance(item, tuple | list) else str(item)


def _complain(error: Exception | str, code: int) -> int:
    print(f"ganlab: {' '.join(str(error).split())}", file=sys.stderr)
    return code
