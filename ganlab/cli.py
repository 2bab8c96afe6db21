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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ganlab import experiments, reports, runs
from ganlab.checkpoints import write_atomically
from ganlab.data import Mixture, SwissRoll
from ganlab.experiments import Experiment
from ganlab.losses import LOSSES
from ganlab.networks import NETWORKS
from ganlab.regularizers import REGULARIZERS
from ganlab.runs import Request, Run

__all__ = ["main"]

SAMPLES = 10_000  # judged of a run on a point cloud
IMAGES = 64  # shown at the end of a run on images


class Interrupted(Exception):
    """Someone asked for an end, and the games are between two steps."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments`, those of the process unless given.

    >>> main(["train", "--data", "rnig"])
    2
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except ArithmeticError as error:
        return _complain(error, 1)
    except (ValueError, OSError) as error:
        return _complain(error, 2)


# --- What can be asked ----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ganlab",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    machine = argparse.ArgumentParser(add_help=False)
    machine.add_argument(
        "--data-dir", help="where image files lie (default: $GANLAB_DATA, else the usual places)"
    )
    machine.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    spoken = argparse.ArgumentParser(add_help=False)
    spoken.add_argument(
        "--json", action="store_true", help="print the result as one line of JSON (default: off)"
    )
    stored = argparse.ArgumentParser(add_help=False)
    stored.add_argument("folder", type=Path, metavar="RUN", help="the run folder")

    train = commands.add_parser(
        "train", parents=[machine, spoken], help="train a GAN and keep what it made", allow_abbrev=False
    )
    _add_train_options(train)
    resume = commands.add_parser(
        "resume",
        parents=[stored, machine, spoken],
        help="go on with a run to the steps first asked for",
        allow_abbrev=False,
    )
    resume.add_argument(
        "--from",
        dest="start",
        metavar="CHECKPOINT",
        help="an earlier checkpoint, as in step-00001000, or `start`; later ones are removed, since the run "
        "makes them again (default: the newest)",
    )
    resume.set_defaults(run=_resume)
    sample = commands.add_parser(
        "sample", parents=[stored], help="draw from a run's generator", allow_abbrev=False
    )
    _add_sample_options(sample)
    evaluate = commands.add_parser(
        "evaluate",
        parents=[stored, spoken],
        help="judge a run's samples and its loss curves",
        allow_abbrev=False,
    )
    evaluate.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help="default: %(default)s")
    evaluate.add_argument("--seed", type=int, default=0, help="fixes the samples (default: 0)")
    evaluate.add_argument("--data-dir", help="where image files lie (default: as the run had it)")
    evaluate.set_defaults(run=_evaluate)
    listing = commands.add_parser(
        "list", parents=[spoken], help="what there is: data sets, networks, losses, set-ups"
    )
    listing.set_defaults(run=_list)
    return parser


def _add_train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument("--data", help="the data set; its own set-up applies (default: ring)")
    train.add_argument("--experiment", help="a named set-up instead (default: that of the data set)")
    train.add_argument("--out", type=Path, help="the run folder (default: runs/NAME-1, -2, ...)")
    seeds = train.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, default=0, help="fixes every random number (default: 0)")
    seeds.add_argument("--seeds", help="several at once, in one folder: N for 0 to N-1, or a list as 3,5,8")
    train.add_argument(
        "--checkpoint-every", type=int, default=1000, metavar="N", help="generator steps (default: 1000)"
    )
    train.add_argument(
        "--tensorboard",
        type=int,
        nargs="?",
        const=100,
        metavar="N",
        help="log scalars every N steps, 100 unless given, and samples at checkpoints (default: off)",
    )
    train.set_defaults(run=_train)
    settings = train.add_argument_group("settings", "Each default is that of the set-up: see `ganlab list`.")
    settings.add_argument("--network", help="the architecture of both networks")
    settings.add_argument("--loss", help="one of the seven losses")
    settings.add_argument(
        "--regularizer",
        action="append",
        metavar="NAME=WEIGHT[:EVERY]",
        help="may be given again; `none` for none; EVERY: only in every so many discriminator steps",
    )
    settings.add_argument("--steps", type=int, metavar="N", help="generator steps")
    settings.add_argument("--batch-size", type=int, metavar="N", help="samples in a batch")
    settings.add_argument("--lr", type=float, help="learning rate of both networks")
    settings.add_argument(
        "--n-critic", type=int, metavar="N", help="discriminator steps for each generator step"
    )


def _add_sample_options(sample: argparse.ArgumentParser) -> None:
    sample.add_argument(
        "--count", type=int, metavar="N", help=f"default: {IMAGES} images or {reports.POINTS} points"
    )
    sample.add_argument(
        "--out", type=Path, help="a .png, .npy or .safetensors file (default: drawn.png in the run folder)"
    )
    sample.add_argument("--seed", type=int, default=0, help="fixes the samples (default: 0)")
    sample.add_argument(
        "--of", type=int, metavar="SEED", help="which of the seeds of the run (default: the first)"
    )
    which = sample.add_mutually_exclusive_group()
    which.add_argument(
        "--average",
        action="store_true",
        default=None,
        help="from the averaged generator (default, where the run has one)",
    )
    which.add_argument("--last", action="store_false", dest="average", help="from the last one")
    sample.set_defaults(run=_sample)


# --- Training -------------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    name, experiment = _requested(options)
    for argument, least in (("checkpoint_every", 1), ("seed", 0), ("tensorboard", 1)):
        value = getattr(options, argument)
        if value is not None and value < least:
            raise ValueError(f"`--{argument.replace('_', '-')}` must be at least {least}, got {value}")
    if options.tensorboard:
        reports.require_tensorboard()
    request = Request(
        experiment,
        seeds=(options.seed,) if options.seeds is None else _seeds(options.seeds),
        data_dir=options.data_dir,
        device=options.device,
        checkpoint_every=options.checkpoint_every,
        tensorboard=options.tensorboard,
    )
    run = runs.create(_free_folder(options.out, name), request)
    with runs.locked(run.folder):
        return _run(run, as_json=options.json)


def _resume(options: argparse.Namespace) -> int:
    with runs.locked(options.folder):
        run = runs.resume(
            options.folder, start=options.start, data_dir=options.data_dir, device=options.device
        )
        result = options.folder / "result.json"
        if run.step < run.total or not result.is_file():
            return _run(run, as_json=options.json)
    if not options.json:
        print(f"nothing is left to do: all {run.total} steps were done")
    _tell(json.loads(result.read_text()), as_json=options.json)
    return 0


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
        "network": options.network,
        "loss": options.loss,
        "steps": options.steps,
        "batch_size": options.batch_size,
        "n_critic": options.n_critic,
        "learning_rates": None if options.lr is None else (options.lr, options.lr),
        "regularizers": _regularizers(options.regularizer),
    }
    settings = {key: value for key, value in given.items() if value is not None}
    if settings.get("network", experiment.network) != experiment.network:
        settings |= {"width": None, "discriminator_width": None}  # the set-up's are of its own architecture
    return name, experiments.change(experiment, **settings)


def _regularizers(texts: list[str] | None) -> tuple[experiments.Regularizer, ...] | None:
    if texts is None:
        return None
    return tuple(_regularizer(text) for text in texts if text != "none")


def _regularizer(text: str) -> experiments.Regularizer:
    name, _, numbers = text.partition("=")
    weight, colon, every = numbers.partition(":")
    try:
        return (name, float(weight), int(every)) if colon else (name, float(weight))
    except ValueError:
        raise ValueError(f"`--regularizer` must be NAME=WEIGHT[:EVERY] or none, got {text!r}") from None


def _seeds(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(number) for number in text.split(","))
    except ValueError:
        numbers = ()
    seeds = tuple(range(numbers[0])) if len(numbers) == 1 else numbers
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ValueError(
            f"`--seeds` must be a positive number, or distinct seeds with commas as 3,5,8, got {text!r}"
        )
    return seeds


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
            asked = stack.enter_context(_interruption())
            log = stack.enter_context(reports.board(run))
            bar = stack.enter_context(_progress(run))

            def watch(run: Run) -> None:
                bar.update(run.step - bar.n)
                log()
                if asked.is_set():
                    raise Interrupted

            try:
                runs.go_on(run, watch)
            except Interrupted:
                runs.save(run)
        result = _finish(run) | {"seconds": round(time.monotonic() - started, 1), "first_step": first + 1}
        write_atomically(run.folder / "result.json", (json.dumps(result, indent=1) + "\n").encode())
    except KeyboardInterrupt:
        return _complain(
            f"stopped at once; `ganlab resume {run.folder}` goes on from step {run.saved}, the last one saved",
            130,
        )
    if run.step < run.total:
        go_on = f"go on with: ganlab resume {run.folder}"
        print(f"\nstopped at step {run.step} of {run.total}, and saved; {go_on}", file=sys.stderr)
        return 130
    _tell(result, as_json=as_json)
    return 0


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that a step is finished; the second one kills."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    asked, usual = threading.Event(), {kind: signal.getsignal(kind) for kind in kinds}

    def restore() -> None:
        for kind, handler in usual.items():
            signal.signal(kind, handler)

    def note(*_: Any) -> None:
        asked.set()
        restore()

    for kind in kinds:
        signal.signal(kind, note)
    try:
        yield asked
    finally:
        restore()


def _progress(run: Run) -> Any:
    """A bar with the rate and the time left; silent where nobody looks."""
    from tqdm import tqdm

    quiet = not sys.stderr.isatty()
    return tqdm(
        total=run.total, initial=run.step, unit="step", disable=quiet, file=sys.stderr, dynamic_ncols=True
    )


def _finish(run: Run) -> dict[str, Any]:
    """Write the history and a picture of samples; return what is known of their quality."""
    import torch

    run.history.save(run.folder / "history.json")
    source, seeds = run.setups[0].source, run.request.seeds
    count = SAMPLES if isinstance(source, Mixture | SwissRoll) else IMAGES
    rngs = [torch.Generator().manual_seed(seed) for seed in seeds]
    drawn = [reports.draw(gan, count, rng) for gan, rng in zip(run.games, rngs, strict=True)]
    reports.picture(run.folder / "samples.png", run, drawn, rngs[0])
    each = [
        {"seed": seed} | _last(run, index) | reports.coverage(source, samples)
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
    points = gan.sample_shape == (2,)
    count = (reports.POINTS if points else IMAGES) if options.count is None else options.count
    rng = torch.Generator().manual_seed(options.seed)
    drawn = reports.draw(gan, count, rng, average=options.average)
    out = options.out or options.folder / "drawn.png"
    reports.write_samples(out, drawn, experiments.load(request.experiment) if points else None)
    print(f"{count} samples of step {gan.step}, of the {_which(gan, options.average)} generator, in {out}")
    return 0


def _which(gan: Any, average: bool | None) -> str:
    return "averaged" if gan.average is not None and average is not False else "last"


def _evaluate(options: argparse.Namespace) -> int:
    import torch

    request, games, _ = runs.view(options.folder)
    source = experiments.load(request.experiment, options.data_dir or request.data_dir)
    each = []
    for seed, gan in zip(request.seeds, games, strict=True):
        rng = torch.Generator().manual_seed(options.seed)
        drawn = reports.draw(gan, options.samples, rng)
        each.append({"seed": seed} | reports.quality(source, drawn, rng))
    result: dict[str, Any] = {"run": str(options.folder), "steps": games[0].step}
    result |= each[0] if len(each) == 1 else {"each": each, "spread": reports.over_seeds(each)}
    _tell(result, as_json=options.json)
    return 0


def _list(options: argparse.Namespace) -> int:
    settings = {name: experiments.to_dict(value) for name, value in experiments.EXPERIMENTS.items()}
    found: dict[str, Any] = {
        "data": list(experiments.DEFAULTS),
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
