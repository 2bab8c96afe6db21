"""Train a GAN from the command line, go on with a run that was stopped, and list what there is.

Exit codes: 0 done; 1 the run failed; 2 the request was wrong; 130 interrupted, and saved.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Generator, Tensor

from ganlab import experiments
from ganlab.checkpoints import steps as checkpoint_steps
from ganlab.checkpoints import write_atomically
from ganlab.data import Mixture, SwissRoll
from ganlab.experiments import Experiment, Setup
from ganlab.history import History
from ganlab.losses import LOSSES
from ganlab.metrics import mode_coverage, perfect_sampler_share
from ganlab.regularizers import REGULARIZERS

__all__ = ["main"]

SAMPLES = 10_000  # judged at the end of a run on a point cloud
IMAGES = 64  # shown at the end of a run on images


@dataclass(frozen=True)
class Request:
    """What a run folder remembers of the command that made it."""

    experiment: Experiment
    seed: int
    data_dir: str | None
    device: str
    checkpoint_every: int


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments`, those of the process unless given.

    >>> main(["train", "--data", "rnig"])
    2
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        return 130
    except ArithmeticError as error:
        return _complain(error, 1)
    except (ValueError, OSError) as error:
        return _complain(error, 2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ganlab", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data-dir", help="where image files lie (default: $GANLAB_DATA, else the usual places)"
    )
    shared.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    shared.add_argument(
        "--json", action="store_true", help="print the result as one line of JSON (default: off)"
    )

    train = commands.add_parser("train", parents=[shared], help="train a GAN and keep what it made")
    train.add_argument("--data", help="the data set; its own set-up applies (default: ring)")
    train.add_argument("--experiment", help="a named set-up instead (default: that of the data set)")
    train.add_argument("--out", type=Path, help="the run folder (default: runs/NAME-1, -2, ...)")
    train.add_argument("--seed", type=int, default=0, help="fixes every random number (default: 0)")
    train.add_argument(
        "--checkpoint-every", type=int, default=1000, metavar="N", help="generator steps (default: 1000)"
    )
    settings = train.add_argument_group("settings", "Each default is that of the set-up: see `ganlab list`.")
    settings.add_argument("--loss", help="one of the seven losses")
    settings.add_argument(
        "--regularizer", action="append", metavar="NAME=WEIGHT", help="may be given again; `none` for none"
    )
    settings.add_argument("--steps", type=int, metavar="N", help="generator steps")
    settings.add_argument("--batch-size", type=int, metavar="N", help="samples in a batch")
    settings.add_argument("--lr", type=float, help="learning rate of both networks")
    settings.add_argument(
        "--n-critic", type=int, metavar="N", help="discriminator steps for each generator step"
    )
    train.set_defaults(run=_train)

    resume = commands.add_parser(
        "resume", parents=[shared], help="go on with a run to the steps first asked for"
    )
    resume.add_argument("folder", type=Path, metavar="RUN", help="the run folder")
    resume.set_defaults(run=_resume)

    listing = commands.add_parser("list", help="what there is: data sets, losses, regularizers, set-ups")
    listing.add_argument("--json", action="store_true", help="print it as JSON (default: off)")
    listing.set_defaults(run=_list)
    return parser


def _train(options: argparse.Namespace) -> int:
    name, experiment = _requested(options)
    if options.checkpoint_every < 1:
        raise ValueError(f"`--checkpoint-every` must be at least 1, got {options.checkpoint_every}")
    if options.seed < 0:
        raise ValueError(f"`--seed` must be at least 0, got {options.seed}")
    request = Request(experiment, options.seed, options.data_dir, options.device, options.checkpoint_every)
    setup = _build(request)
    folder = _new_folder(options.out, name)
    _write_json(folder / "request.json", asdict(request))
    return _run(request, setup, folder, History(), as_json=options.json)


def _resume(options: argparse.Namespace) -> int:
    from ganlab.training import load_checkpoint

    path = options.folder / "request.json"
    if not path.is_file():
        raise ValueError(f"`RUN` must be a run folder, got {options.folder}: {path} is missing")
    stored = json.loads(path.read_text())
    stored["experiment"] = experiments.from_dict(stored["experiment"])
    request = Request(**stored)
    if options.data_dir:
        request = replace(request, data_dir=options.data_dir)
    if options.device != "auto":
        request = replace(request, device=options.device)
    setup = _build(request)
    history = History()
    if checkpoint_steps(options.folder):
        history = load_checkpoint(options.folder, setup.gan, setup.batches)
    return _run(request, setup, options.folder, history, as_json=options.json)


def _requested(options: argparse.Namespace) -> tuple[str, Experiment]:
    """The name and the settings that the options ask for."""
    if options.data is not None:
        experiments.look_up(experiments.DEFAULTS, options.data, "--data")
    name = options.experiment or experiments.DEFAULTS[options.data or "ring"]
    experiments.look_up(experiments.EXPERIMENTS, name, "--experiment")
    experiment = experiments.EXPERIMENTS[name]
    if options.data is not None and experiment.data != options.data:
        raise ValueError(f"`--data` must be {experiment.data} for the set-up {name}, got {options.data!r}")
    given: dict[str, Any] = {
        "loss": options.loss,
        "steps": options.steps,
        "batch_size": options.batch_size,
        "n_critic": options.n_critic,
        "learning_rates": None if options.lr is None else (options.lr, options.lr),
        "regularizers": _regularizers(options.regularizer),
    }
    settings = {key: value for key, value in given.items() if value is not None}
    return name, experiments.change(experiment, **settings)


def _regularizers(texts: list[str] | None) -> tuple[tuple[str, float], ...] | None:
    if texts is None:
        return None
    pairs = []
    for text in texts:
        name, equals, weight = text.partition("=")
        if name == "none" and not equals:
            continue
        try:
            pairs.append((name, float(weight)))
        except ValueError:
            raise ValueError(f"`--regularizer` must be NAME=WEIGHT or none, got {text!r}") from None
    return tuple(pairs)


def _build(request: Request) -> Setup:
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # two threads beside another busy process are many times slower than one
    device = request.device
    experiments.look_up(("auto", "cpu", "cuda"), device, "--device")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "`--device` must be cpu or auto on this machine, which has no CUDA device, got 'cuda'"
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return experiments.build(request.experiment, seed=request.seed, data_dir=request.data_dir, device=device)


def _new_folder(wanted: Path | None, name: str) -> Path:
    if wanted is None:
        taken = (Path("runs") / f"{name}-{number}" for number in range(1, sys.maxsize))
        wanted = next(folder for folder in taken if not folder.exists())
    if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
        raise ValueError(
            f"`--out` must be a new or an empty folder, got {wanted}; `ganlab resume` goes on with a run"
        )
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        write_atomically(wanted / "request.json", b"{}")
    except OSError as error:
        raise ValueError(
            f"`--out` must be a folder that can be written, got {wanted} ({error.strerror})"
        ) from None
    return wanted


def _run(request: Request, setup: Setup, folder: Path, history: History, *, as_json: bool) -> int:
    """Train to the steps asked for, and leave the run folder complete whatever happens on the way."""
    from ganlab.training import save_checkpoint

    gan, total, started, first = setup.gan, request.experiment.steps, time.monotonic(), setup.gan.step
    with _interruption() as asked, _progress(first, total) as bar:

        def after_step(*_: Any) -> None:
            bar.update()
            if asked.is_set():
                raise KeyboardInterrupt

        try:
            _train_with_checkpoints(request, setup, folder, history, after_step)
        except KeyboardInterrupt:
            save_checkpoint(folder, gan, setup.batches, history)
    result = {"run": str(folder), "steps": gan.step, **_finish(request, setup, folder, history)}
    result["seconds"] = round(time.monotonic() - started, 1)
    _write_json(folder / "result.json", result)
    if gan.step < total:
        print(f"\nstopped at step {gan.step} of {total}; go on with: ganlab resume {folder}", file=sys.stderr)
        return 130
    print(json.dumps(result) if as_json else _sentences(result))
    return 0


def _train_with_checkpoints(
    request: Request, setup: Setup, folder: Path, history: History, after_step: Callable[..., None]
) -> None:
    from ganlab.training import save_checkpoint, train

    gan, every, total = setup.gan, request.checkpoint_every, request.experiment.steps
    while gan.step < total:
        # Checkpoints lie at multiples of the interval: a resumed run saves where an uninterrupted one does.
        piece = min(every - gan.step % every, total - gan.step)
        n_critic = request.experiment.n_critic
        train(gan, setup.batches, piece, n_critic=n_critic, history=history, callbacks=[after_step])
        save_checkpoint(folder, gan, setup.batches, history)


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that the step under way is finished; the second one kills."""
    asked, usual = threading.Event(), signal.getsignal(signal.SIGINT)

    def note(*_: Any) -> None:
        asked.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, usual)


def _progress(first: int, total: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=first, unit="step", disable=not sys.stderr.isatty())


def _finish(request: Request, setup: Setup, folder: Path, history: History) -> dict[str, Any]:
    """Write the history and a picture of samples; return what is known of their quality."""
    import torch

    history.save(folder / "history.json")
    rng = torch.Generator().manual_seed(request.seed)
    points = isinstance(setup.source, Mixture | SwissRoll)
    drawn = setup.gan.sample(SAMPLES if points else IMAGES, rng).cpu()
    _picture(folder / "samples.png", request, setup, history, drawn, rng)
    last = {name: float(history[name][-1]) for name in history.columns[:1] + history.columns[-1:]}
    if not isinstance(setup.source, Mixture):
        return last
    coverage = mode_coverage(drawn, setup.source)
    return last | {
        "modes": coverage.modes,
        "modes_total": coverage.total,
        "high_quality": coverage.high_quality,
        "perfect_high_quality": perfect_sampler_share(),
        "reverse_kl": coverage.reverse_kl if coverage.modes else None,
        "samples": SAMPLES,
    }


def _picture(
    path: Path, request: Request, setup: Setup, history: History, drawn: Tensor, rng: Generator
) -> None:
    from io import BytesIO

    from matplotlib.figure import Figure

    from ganlab import plotting

    figure = Figure(figsize=(9, 4.5), layout="constrained", dpi=150)
    left, right = figure.subplots(1, 2)
    if isinstance(setup.source, Mixture | SwissRoll):
        real = setup.source.sample(1000, rng, dtype=drawn.dtype)
        plotting.samples(left, real, drawn[:1000])
    else:
        plotting.image_grid(left, drawn)
    if len(history):
        plotting.loss_curves(right, history, loss=request.experiment.loss, window=min(50, len(history)))
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def _sentences(result: dict[str, Any]) -> str:
    lines = [f"{result['steps']} steps in {result['seconds']} s; the run is in {result['run']}"]
    if "modes" in result:
        divergence = "unknown" if result["reverse_kl"] is None else f"{result['reverse_kl']:.3f} nats"
        lines.append(
            f"modes {result['modes']}/{result['modes_total']}, "
            f"high quality {result['high_quality']:.1%} (a perfect sampler: "
            f"{result['perfect_high_quality']:.1%}), reverse KL {divergence}, of {result['samples']} samples"
        )
    return "\n".join(lines)


def _list(options: argparse.Namespace) -> int:
    settings = {name: experiments.to_dict(value) for name, value in experiments.EXPERIMENTS.items()}
    found: dict[str, Any] = {
        "data": list(experiments.DEFAULTS),
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


def _plain(value: Any) -> str:
    """A setting in one word: (0.5, 0.999) as 0.5/0.999, (("r1", 0.05),) as r1=0.05."""
    if isinstance(value, tuple | list):
        pairs = [f"{item[0]}={item[1]}" if isinstance(item, tuple | list) else str(item) for item in value]
        return "/".join(pairs) or "none"
    return "none" if value is None else str(value)


def _complain(error: Exception, code: int) -> int:
    print(f"ganlab: {' '.join(str(error).split())}", file=sys.stderr)
    return code


def _write_json(path: Path, document: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())
