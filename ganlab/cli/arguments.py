"""What can be asked of the command line, and the experiment and the seeds that an answer stands for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

import ganlab
from ganlab import facts
from ganlab.cli.settings import SETTINGS
from ganlab.experiments import catalogue
from ganlab.experiments.catalogue import Experiment, Regularizer, look_up

__all__ = ["parser", "requested", "seeds"]

DESCRIPTION = """Train a GAN, go on with a run that was stopped, and see what a run is worth.

Exit codes: 0 done; 1 the run failed; 2 the request was wrong; 130 interrupted, and saved."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints end with where to look; so do those of its commands."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code 2, after the usage, what was wrong, and how to be told more."""
        told = f"`{self.prog} --help` explains each option"
        if self.prog == "ganlab":
            told = "`ganlab --help` lists the commands, `ganlab COMMAND --help` the options of one"
        super().error(f"{message}; {told}")


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; `command` of what it returns is the name of the command.

    >>> parser().parse_args(["train", "--data", "grid"]).data
    'grid'
    """
    found = _Parser(
        prog="ganlab",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    found.add_argument("--version", action="version", version=f"ganlab {ganlab.__version__}")
    commands = found.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument(
        "--json", action="store_true", help="print the result as one line of JSON (default: off)"
    )
    stored = argparse.ArgumentParser(add_help=False)
    stored.add_argument("folder", type=Path, metavar="RUN", help="the run folder")
    looked_at = argparse.ArgumentParser(add_help=False)
    looked_at.add_argument("folder", type=Path, nargs="?", metavar="RUN", help="the run folder")
    looked_at.add_argument(
        "--pretrained",
        metavar="NAME",
        help="instead of a run, the generator that the package holds of this set-up: see `ganlab list`",
    )

    kinds = {
        "train": (_add_train_options, [as_json], "train a GAN and keep what it made"),
        "resume": (
            _add_resume_options,
            [stored, as_json],
            "go on with a run, to the steps asked for or beyond",
        ),
        "sample": (_add_sample_options, [looked_at], "draw from a run's generator"),
        "walk": (
            _add_walk_options,
            [looked_at],
            "walk among the latents of a run's generator, image by image",
        ),
        "evaluate": (
            _add_evaluate_options,
            [looked_at, as_json],
            "judge a run's samples and its loss curves",
        ),
        "study": (_add_study_options, [], "run a comparison of methods, or go on with it"),
        "list": (None, [as_json], "what there is: data sets, networks, losses, set-ups"),
    }
    for name, (add_options, parents, told) in kinds.items():
        command = commands.add_parser(name, parents=parents, help=told, allow_abbrev=False)
        if add_options:
            add_options(command)
    return found


def _add_train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "--data",
        metavar="NAME",
        help="the data set, or folder:PATH for a folder of pictures; its own set-up applies (default: ring)",
    )
    train.add_argument(
        "--size", type=int, metavar="N", help="pixels on a side of the pictures of a folder (default: 28)"
    )
    train.add_argument(
        "--channels", type=int, metavar="N", help="of the pictures of a folder: 3, or 1 for grey (default: 3)"
    )
    train.add_argument("--experiment", help="a named set-up instead (default: that of the data set)")
    train.add_argument(
        "--data-dir", help="where image files lie (default: $GANLAB_DATA, else the usual places)"
    )
    train.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... or mps (default: auto)")
    train.add_argument("--out", type=Path, help="the run folder (default: runs/NAME-1, -2, ...)")
    train.add_argument(
        "--init",
        type=Path,
        metavar="RUN",
        help="start from the last weights of another run of the same networks (default: from random ones)",
    )
    randomness = train.add_mutually_exclusive_group()
    randomness.add_argument("--seed", type=int, default=0, help="fixes every random number (default: 0)")
    randomness.add_argument(
        "--seeds", help="several at once, in one folder: N for 0 to N-1, or a list as 3,5,8"
    )
    train.add_argument(
        "--checkpoint-every", type=int, default=1000, metavar="N", help="generator steps (default: 1000)"
    )
    train.add_argument(
        "--best",
        metavar="METRIC",
        help="keep the best checkpoint by a measure that `ganlab evaluate` prints, as wasserstein_1 or "
        "classifier_frechet (default: none is kept)",
    )
    train.add_argument(
        "--best-every", type=int, default=500, metavar="N", help="measured every N steps (default: 500)"
    )
    train.add_argument(
        "--tensorboard",
        type=int,
        nargs="?",
        const=100,
        metavar="N",
        help="log scalars every N steps, 100 unless given, and samples at checkpoints (default: off)",
    )
    _add_settings(train)


def _add_settings(train: argparse.ArgumentParser) -> None:
    settings = train.add_argument_group("settings", "Each default is that of the set-up: see `ganlab list`.")
    settings.add_argument(
        "--regularizer",
        action="append",
        metavar="NAME=WEIGHT[:EVERY]",
        help="may be given again; `none` for none; EVERY: only in every so many discriminator steps",
    )
    for setting in SETTINGS:
        form: dict[str, Any] = {"metavar": setting.form}
        if setting.form is None:
            form = {"action": argparse.BooleanOptionalAction, "default": None}
        settings.add_argument(f"--{setting.field.replace('_', '-')}", help=setting.help, **form)


def _add_resume_options(resume: argparse.ArgumentParser) -> None:
    resume.add_argument(
        "--from",
        dest="start",
        metavar="CHECKPOINT",
        help="an earlier checkpoint, as in step-00001000, or `start`; later ones are removed, since the run "
        "makes them again (default: the newest)",
    )
    resume.add_argument("--data-dir", help="where image files lie (default: as the run had it)")
    resume.add_argument("--device", help="auto, cpu, cuda, cuda:1, ... or mps (default: as the run had it)")
    resume.add_argument(
        "--steps", type=int, metavar="N", help="go on to so many (default: those that were asked for)"
    )


def _add_sample_options(sample: argparse.ArgumentParser) -> None:
    sample.add_argument(
        "--count",
        type=int,
        metavar="N",
        help=f"default: {_by_kind('pictures')}",
    )
    sample.add_argument(
        "--out", type=Path, help="a .png, .npy or .safetensors file (default: drawn.png in the run folder)"
    )
    sample.add_argument(
        "--label",
        type=int,
        metavar="N",
        help="the class that a conditional generator shows (default: each in turn)",
    )
    _add_which(sample)
    _add_truncation(sample)
    sample.add_argument("--of", help=argparse.SUPPRESS)


def _add_walk_options(walk: argparse.ArgumentParser) -> None:
    walk.add_argument(
        "--out",
        type=Path,
        help="a strip as .png, a film as .gif, or as .mp4 where ffmpeg is (default: walk.png and walk.gif in "
        "the run folder)",
    )
    walk.add_argument(
        "--stops",
        type=int,
        default=4,
        metavar="N",
        help="latents on the way, and back to the first (default: 4)",
    )
    walk.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="images from one stop to the next (default: 8 in a strip, 24 in a film)",
    )
    walk.add_argument(
        "--label", type=int, metavar="N", help="the class that a conditional generator shows (default: 0)"
    )
    _add_which(walk)


def _add_which(command: argparse.ArgumentParser) -> None:
    """Which generator of a run is drawn from, and by which random numbers."""
    command.add_argument(
        "--seed", type=int, metavar="N", help="which of the seeds of the run (default: the first)"
    )
    _add_draw(command)
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--average",
        action="store_true",
        default=None,
        help="from the averaged generator (default, where the run has one)",
    )
    which.add_argument("--last", action="store_false", dest="average", help="from the last one")


def _add_study_options(study: argparse.ArgumentParser) -> None:
    study.add_argument("name", metavar="NAME", help=f"one of {', '.join(facts.names('studies'))}")
    study.add_argument(
        "--out",
        type=Path,
        default=Path("studies"),
        metavar="FOLDER",
        help="where NAME.json is written after every cell; one that is there is gone on with "
        "(default: studies)",
    )
    study.add_argument(
        "--short", action="store_true", help="two methods, two seeds, a fiftieth of the budget (default: off)"
    )


def _add_evaluate_options(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("--samples", type=int, metavar="N", help=f"default: {_by_kind('kinds')}")
    evaluate.add_argument(
        "--fid", action="store_true", help="FID and KID too, through torch-fidelity (default: off)"
    )
    evaluate.add_argument(
        "--fid-weights",
        type=Path,
        metavar="FILE",
        help="the weights of Inception v3, where torch-fidelity has no network to fetch them; with `--fid`",
    )
    evaluate.add_argument(
        "--fid-against",
        type=Path,
        metavar="PATH",
        help="a folder of pictures, or a .npz file with `mu` and `sigma`, instead of the data; with `--fid`",
    )
    evaluate.add_argument(
        "--fid-keep",
        type=Path,
        metavar="FILE",
        help="keep `mu` and `sigma` of the real images in a .npz file; with `--fid`",
    )
    evaluate.add_argument(
        "--metrics",
        metavar="NAME[,NAME...]",
        help=f"these too, of at most 2000 samples: {', '.join(facts.names('metrics'))} (default: none)",
    )
    evaluate.add_argument(
        "--judge",
        action="store_true",
        help="of a conditional run on a folder: train a small classifier on its pictures first, which says "
        "what class a sample is of (default: off)",
    )
    evaluate.add_argument(
        "--seed", type=int, metavar="N", help="the one seed of the run that is judged (default: all of them)"
    )
    _add_draw(evaluate)
    _add_truncation(evaluate)
    evaluate.add_argument("--data-dir", help="where image files lie (default: as the run had it)")


def _add_truncation(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--truncation",
        type=float,
        metavar="BOUND",
        help="draw all latents from the normal distribution cut to [-BOUND, BOUND]; of the network layered: "
        "pull the styles to their mean until that share of their way is left (default: no bound)",
    )


def _add_draw(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--best",
        action="store_true",
        help="at the best checkpoint of a run with `--best` (default: the newest)",
    )
    command.add_argument(
        "--draw",
        type=int,
        default=0,
        metavar="N",
        help="which samples: each number fixes others (default: 0)",
    )


def _by_kind(kind: str) -> str:
    """How many samples each kind has in words, those of one number together."""
    numbers = {name: told["samples"] for name, told in facts.table(kind).items()}
    names = {n: ", ".join(name for name, other in numbers.items() if other == n) for n in numbers.values()}
    return "; ".join(f"{n} for {name}" for n, name in names.items())


def requested(options: argparse.Namespace) -> tuple[str, Experiment]:
    """The name of the set-up that the options of `train` ask for, and the set-up with their settings.

    Raises `ValueError` where a name is unknown or a number is out of range.

    >>> requested(parser().parse_args(["train", "--data", "ring", "--steps", "7"]))[1].steps
    7
    """
    folder = _folder(options)
    if folder is None and options.data is not None:
        look_up((*facts.names("data"), "folder:PATH"), options.data, "--data")
    name = options.experiment or options.data or "ring"
    if folder is not None:
        name, experiment = folder
    elif options.experiment is not None:
        look_up(catalogue.EXPERIMENTS, name, "--experiment")
        experiment = catalogue.EXPERIMENTS[name]
    else:
        experiment = catalogue.default(name)
    if folder is None and options.data is not None and experiment.data != options.data:
        raise ValueError(f"`--data` must be {experiment.data} for the set-up {name}, got {options.data!r}")
    settings = _settings(options)
    settings = catalogue.for_network(experiment, settings) | settings
    if "condition" in settings:
        settings = {"conditional": True} | settings
    if "width" in settings:
        settings = {"discriminator_width": None} | settings
    changed = catalogue.change(experiment, **settings)
    if "betas" in settings and changed.optimizer != "adam":
        raise ValueError(f"`--betas` must be left out: {changed.optimizer} has none")
    return name, changed


def _folder(options: argparse.Namespace) -> tuple[str, Experiment] | None:
    """The name and the set-up of a folder of pictures, where one is asked for.

    Raises `ValueError` where what only a folder has is asked of other data, or the other way round.
    """
    given = {name: getattr(options, name) for name in ("size", "channels")}
    given = {name: value for name, value in given.items() if value is not None}
    if options.data is None or not options.data.startswith(catalogue.FOLDER):
        for name in given:
            raise ValueError(f"`--{name}` must be left out unless `--data` is folder:PATH, got {given[name]}")
        return None
    for name in ("experiment", "data_dir"):
        if getattr(options, name) is not None:
            raise ValueError(f"`--{name.replace('_', '-')}` must be left out beside `--data folder:PATH`")
    try:
        experiment = catalogue.of_folder(options.data.removeprefix(catalogue.FOLDER), **given)
    except ValueError as error:  # in the words of the command line
        raise ValueError(str(error).replace("`path`", "`--data`")) from None
    return experiment.data.name, experiment  # type: ignore[union-attr] - a `Folder`


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by the name that they have in a set-up."""
    found: dict[str, Any] = {"regularizers": _regularizers(options.regularizer)}
    for setting in SETTINGS:
        text = getattr(options, setting.field)
        flag = f"--{setting.field.replace('_', '-')}"
        name = {"lr": "learning_rates"}.get(setting.field, setting.field)
        if text is not None:
            found[name] = setting.read(flag, text)
    if found["regularizers"] is None:
        del found["regularizers"]
    return found


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
    found = tuple(range(min(numbers[0], 10_001))) if len(numbers) == 1 else numbers
    if not found or min(found) < 0 or len(set(found)) < len(found) or len(found) > 10_000:
        raise ValueError(
            f"`--seeds` must be a number up to 10000, or distinct seeds with commas as 3,5,8, got {text!r}"
        )
    return found
