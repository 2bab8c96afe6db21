"""What answers `train` and `resume`: a run, what is shown while it goes on, and what it leaves.

This module loads torch; a request is checked before it is loaded.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ganlab.cli.printing import complain, note, tell
from ganlab.evaluation import judging
from ganlab.experiments import best, reports, requests, runs
from ganlab.experiments.requests import Request
from ganlab.experiments.runs import Run
from ganlab.storage import write_atomically
from ganlab.training import distributed
from ganlab.training.distributed import Group, LostProcessError

__all__ = ["go_on", "start"]


class Interrupted(Exception):
    """Someone asked for an end, and the games are between two steps."""


def start(name: str, request: Request, options: argparse.Namespace) -> int:
    """The exit code of a new run of the set-up `name`, after it has trained and left all of its files."""
    if request.tensorboard:
        reports.require_tensorboard()
    try:
        with distributed.join() as group:
            run = runs.create(_agreed_folder(options.out, name, group), request, group=group)
            with _held(run.folder, group):
                return _run(run, as_json=options.json)
    except LostProcessError as error:
        return complain(error, 1)


def go_on(options: argparse.Namespace) -> int:
    """The exit code of a run that goes on to the steps asked for, or to more."""
    result = options.folder / "result.json"
    try:
        with distributed.join() as group, _held(options.folder, group):
            run = runs.resume(
                options.folder,
                start=options.start,
                data_dir=options.data_dir,
                device=options.device,
                steps=options.steps,
                group=group,
            )
            if run.writes and (told := requests.ended(run.request)):
                note(told)
            if run.step < run.total or _steps_told(result) != run.step:
                return _run(run, as_json=options.json)
    except LostProcessError as error:
        return complain(error, 1)
    if run.writes:
        if not options.json:
            print(f"nothing is left to do: all {run.total} steps were done; `--steps N` asks for more")
        tell(json.loads(result.read_text()), as_json=options.json)
    return 0


def _steps_told(result: Path) -> int | None:
    """Of how many steps a result tells, None where it is not there or cannot be read."""
    try:
        return json.loads(result.read_text())["steps"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
        return complain(
            f"{error}; `ganlab resume {run.folder}`, with any number of processes, goes on from step "
            f"{run.saved}, the last one saved",
            1,
        )
    except OSError as error:
        return complain(
            f"{error}; `ganlab resume {run.folder}` goes on from step {run.saved}, the last one saved", 1
        )
    except KeyboardInterrupt:
        return complain(
            f"stopped at once; `ganlab resume {run.folder}` goes on from step {run.saved}, "
            "the last one saved",
            130,
        )
    if run.step < run.total:
        go_on = f"go on with: ganlab resume {run.folder}"
        print(f"\nstopped at step {run.step} of {run.total}, and saved; {go_on}", file=sys.stderr)
        return 130
    tell(result, as_json=as_json)
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
    """The log of a process that writes no files."""


def _progress(run: Run) -> Any:
    """A bar with the rate and the time left; silent where nobody looks."""
    from tqdm import tqdm

    quiet = not (run.writes and sys.stderr.isatty())
    return tqdm(
        total=run.total, initial=run.step, unit="step", disable=quiet, file=sys.stderr, dynamic_ncols=True
    )


def _finish(run: Run) -> dict[str, Any]:
    """Write the history and a picture of samples; return what is known of their quality."""
    run.history.save(run.folder / "history.json")
    source, seeds = run.setups[0].source, run.request.seeds
    kind = judging.kind_of(source)
    count = kind.samples if kind.coverage else reports.PICTURES[kind.shown].samples
    drawn = [reports.samples_of(gan, count, reports.stream()) for gan in run.games]
    reports.picture(run.folder / "samples.png", run, drawn, reports.stream(1))
    each = [
        {"seed": seed} | _last(run, index) | judging.coverage(source, samples) | _best(run, seed)
        for index, (seed, samples) in enumerate(zip(seeds, drawn, strict=True))
    ]
    result: dict[str, Any] = {"run": str(run.folder), "steps": run.step}
    return result | (each[0] if len(seeds) == 1 else {"each": each, "spread": reports.spreads(each)})


def _best(run: Run, seed: int) -> dict[str, Any]:
    """The best value of the measure by which one seed's best checkpoint was kept, and its step."""
    if run.request.best is None:
        return {}
    kept = best.kept(run.folder, seed) or {"value": None, "step": None}
    return {"best": kept["value"], "best_step": kept["step"]}


def _last(run: Run, index: int) -> dict[str, float]:
    """The last losses of one seed."""
    last = run.history.values[-1:].reshape(-1, len(run.history.columns), len(run.games))[0, :, index]
    losses = dict(zip(run.history.columns, last.tolist(), strict=True))
    return {name: losses[name] for name in ("d_loss", "g_loss")}
