"""What can be asked of the command line, and the experiment and the seeds that an answer stands for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ganlab import experiments
from ganlab.data import DATASETS
from ganlab.evaluation import judging
from ganlab.experiments import reports
from ganlab.experiments.catalogue import Experiment, Regularizer

__all__ = ["parser", "requested", "seeds"]

DESCRIPTION = """Train a GAN, go on with a run that was stopped, and see what a run is worth.

Exit codes: 0 done; 1 the run failed; 2 the request was wrong; 130 interrupted, and saved."""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; `command` of what it returns is the name of the command.

    >>> parser().parse_args(["train", "--data", "grid"]).data
    'grid'
    """
    found = argparse.ArgumentParser(
        prog="ganlab",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = found.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
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
    evaluate.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help=f"default: {_by_kind({name: kind.samples for name, kind in judging.KINDS.items()})}",
    )
    evaluate.add_argument(
        "--fid", action="store_true", help="FID and KID too, through torch-fidelity (default: off)"
    )
    evaluate.add_argument("--seed", type=int, default=0, help="fixes the samples (default: 0)")
    evaluate.add_argument("--data-dir", help="where image files lie (default: as the run had it)")
    commands.add_parser("list", parents=[spoken], help="what there is: data sets, networks, losses, set-ups")
    return found


def _add_train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument("--data", help="the data set; its own set-up applies (default: ring)")
    train.add_argument("--experiment", help="a named set-up instead (default: that of the data set)")
    train.add_argument("--out", type=Path, help="the run folder (default: runs/NAME-1, -2, ...)")
    randomness = train.add_mutually_exclusive_group()
    randomness.add_argument("--seed", type=int, default=0, help="fixes every random number (default: 0)")
    randomness.add_argument(
        "--seeds", help="several at once, in one folder: N for 0 to N-1, or a list as 3,5,8"
    )
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
    settings = train.add_argument_group("settings", "Each default is that of the set-up: see `ganlab list`.")
    settings.add_argument("--network", help="the architecture of both networks")
    settings.add_argument("--loss", help="the loss of both players")
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
        "--count",
        type=int,
        metavar="N",
        help=f"default: {_by_kind({name: way.samples for name, way in reports.PICTURES.items()})}",
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


def _by_kind(numbers: dict[str, int]) -> str:
    """A number for each kind in words, those of one number together."""
    names = {n: ", ".join(name for name, other in numbers.items() if other == n) for n in numbers.values()}
    return "; ".join(f"{n} for {name}" for n, name in names.items())


def requested(options: argparse.Namespace) -> tuple[str, Experiment]:
    """The name of the set-up that the options of `train` ask for, and the set-up with their settings.

    Raises `ValueError` where a name is unknown or a number is out of range.

    >>> requested(parser().parse_args(["train", "--data", "ring", "--steps", "7"]))[1].steps
    7
    """
    if options.data is not None:
        experiments.look_up(DATASETS, options.data, "--data")
    name = options.experiment or options.data or "ring"
    if options.experiment is not None:
        experiments.look_up(experiments.EXPERIMENTS, name, "--experiment")
        experiment = experiments.EXPERIMENTS[name]
    else:
        experiment = experiments.default(name)
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


def _regularizers(texts: list[str] | None) -> tuple[Regularizer, ...] | None:
    if texts is None:
        return None
    return tuple(_regularizer(text) for text in texts if text != "none")


def _regularizer(text: str) -> Regularizer:
    name, _, numbers = text.partition("=")
    weight, colon, every = numbers.partition(":")
    try:
        return (name, float(weight), int(every)) if colon else (name, float(weight))
    except ValueError:
        raise ValueError(f"`--regularizer` must be NAME=WEIGHT[:EVERY] or none, got {text!r}") from None


def seeds(text: str) -> tuple[int, ...]:
    """The seeds that a text stands for: a number N for 0 to N - 1, or several with commas.

    Raises `ValueError` where it is neither, or a seed is negative or comes twice.

    >>> seeds("3"), seeds("3,5,8")
    ((0, 1, 2), (3, 5, 8))
    """
    try:
        numbers = tuple(int(number) for number in text.split(","))
    except ValueError:
        numbers = ()
    found = tuple(range(numbers[0])) if len(numbers) == 1 else numbers
    if not found or min(found) < 0 or len(set(found)) < len(found):
        raise ValueError(
            f"`--seeds` must be a positive number, or distinct seeds with commas as 3,5,8, got {text!r}"
        )
    return found
