"""Train a GAN from the command line, go on with a run that was stopped, and see what a run is worth.

A request is checked here, against names and files; what it asks for is loaded when it is known to be right.

Exit codes: 0 done; 1 the run failed; 2 the request was wrong; 130 interrupted, and saved.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ganlab import facts
from ganlab.cli import arguments as asked_for
from ganlab.cli import listing
from ganlab.cli.printing import complain, warned
from ganlab.experiments import pretrained, requests
from ganlab.experiments.catalogue import data_facts, look_up
from ganlab.experiments.requests import Request

__all__ = ["main"]

ENDINGS = (".png", ".npy", ".safetensors")
_NO_ROOM = re.compile(
    r"can't allocate memory|not enough memory|out of memory|storage size calculation overflowed",
    re.IGNORECASE,
)
OPTIONS = {"learning_rates": "--lr", "root": "--data-dir", "names": "--metrics", "drawn": "--samples"}
"""What a message of the package names, and what the command line calls it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments`, those of the process unless given.

    >>> main(["train", "--data", "rnig"])
    2
    """
    options = asked_for.parser().parse_args(arguments)
    try:
        with warned():
            code = _ANSWERS[options.command](options)
            if sys.stdout:  # None where it was closed
                sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return complain("interrupted", 130)
    except BrokenPipeError:  # whoever read what was printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer goes there at the exit
        return 0
    except ArithmeticError as error:
        return complain(error, 1)
    except (ValueError, OSError) as error:
        return complain(_in_options(str(error)), 2)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _NO_ROOM.search(str(error)):
            raise
        return complain("there is not enough memory for numbers or networks as large as were asked for", 1)


def _in_options(message: str) -> str:
    for name, option in OPTIONS.items():
        message = message.replace(f"`{name}`", f"`{option}`")
    return message


def _train(options: argparse.Namespace) -> int:
    name, experiment = asked_for.requested(options)
    for argument, least in (("checkpoint_every", 1), ("seed", 0), ("tensorboard", 1), ("best_every", 1)):
        value = getattr(options, argument)
        if value is not None and value < least:
            raise ValueError(f"`--{argument.replace('_', '-')}` must be at least {least}, got {value}")
    requests.check_device(options.device, experiment)
    if options.best is not None:
        requests.check_best(options.best, experiment)
    _refuse_used(options.out)
    seeds = (options.seed,) if options.seeds is None else asked_for.seeds(options.seeds)
    if max(seeds) >= 2**63:
        raise ValueError(f"a seed must be below 2^63, got {max(seeds)}")
    if options.init is not None and not (options.init / "request.json").is_file():
        raise ValueError(f"`--init` must be a run folder, got {options.init} without a request.json")
    request = Request(
        experiment,
        seeds=seeds,
        data_dir=options.data_dir,
        device=options.device,
        checkpoint_every=options.checkpoint_every,
        tensorboard=options.tensorboard,
        init=None if options.init is None else requests.origin(options.init, seeds),
        best=options.best,
        best_every=options.best_every,
    )
    from ganlab.cli import training

    return training.start(name, request, options)


def _refuse_used(out: Path | None) -> None:
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"`--out` must be a new or an empty folder, got {out}; `ganlab resume` goes on with a run"
        )


def _refuse_place(out: Path | None) -> None:
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"`--out` must be a file in a folder that exists, got {out}")


def _resume(options: argparse.Namespace) -> int:
    request, _ = requests.read(options.folder)
    requests.start(options.folder, options.start)
    requests.check_steps(request, options.steps)
    if options.device is not None:
        requests.check_device(options.device, request.experiment)
    from ganlab.cli import training

    return training.go_on(options)


def _sample(options: argparse.Namespace) -> int:
    if options.of is not None:
        raise ValueError(f"`--of` is now called `--seed`: give `--seed {options.of}`")
    request = _looked_at(options, count=1)
    _refuse_average(options, request)
    _refuse_label(options, request)
    if options.out is not None and options.out.suffix not in ENDINGS:
        raise ValueError(f"`--out` must end in one of {', '.join(ENDINGS)}, got {str(options.out)!r}")
    _refuse_place(options.out)
    from ganlab.cli import looking

    return looking.sample(request, options)


def _walk(options: argparse.Namespace) -> int:
    request = _looked_at(options, stops=2, frames=1)
    _refuse_average(options, request)
    if _shown(request) == "scatter":
        raise ValueError(
            f"`RUN` must be a run on images, got one on the points of {request.experiment.data}: "
            "`ganlab sample` draws them"
        )
    films = [".gif", ".mp4"] if shutil.which("ffmpeg") else [".gif"]
    if options.out is not None and options.out.suffix not in (".png", *films):
        missing = "" if ".mp4" in films else ", and .mp4 where ffmpeg is on the path"
        raise ValueError(
            f"`--out` must end in one of {', '.join(('.png', *films))}{missing}, got {str(options.out)!r}"
        )
    _refuse_label(options, request)
    _refuse_place(options.out)
    from ganlab.cli import looking

    return looking.walk(request, options)


def _shown(request: Request) -> str:
    """How samples of the data of a run are shown."""
    return facts.table("kinds")[data_facts(request.experiment.data)["kind"]]["shown"]


def _refuse_average(options: argparse.Namespace, request: Request) -> None:
    if options.average and request.experiment.ema is None:
        raise ValueError("`--average` asks for what this run has not: it keeps no average of its generator")


def _refuse_label(options: argparse.Namespace, request: Request) -> None:
    classes = data_facts(request.experiment.data)["classes"] if request.experiment.conditional else 0
    if options.label is not None and not 0 <= options.label < classes:
        wanted = f"from 0 to {classes - 1}" if classes else "left out for a run without `--conditional`"
        raise ValueError(f"`--label` must be {wanted}, got {options.label}")


def _evaluate(options: argparse.Namespace) -> int:
    request = _looked_at(options, samples=1)
    if options.fid and _shown(request) == "scatter":
        raise ValueError("`--fid` must be left out for a run on points: it compares images")
    _refuse_files(options)
    if options.judge:
        _refuse_judge(request)
    for name in options.metrics.split(",") if options.metrics else ():
        look_up(facts.names("metrics"), name, "--metrics")
    from ganlab.cli import looking

    return looking.evaluate(request, options)


def _refuse_judge(request: Request) -> None:
    """Refuse a judge of classes where there is one already, where none was asked for, or there are no two."""
    asked = request.experiment
    if isinstance(asked.data, str):
        raise ValueError(f"`--judge` must be left out for {asked.data}: it is for a folder of class folders")
    if not asked.conditional:
        raise ValueError("`--judge` must be left out for a run without `--conditional`: it asks for no class")
    if len(asked.data.labels) < 2:
        raise ValueError(
            f"`--judge` needs at least two classes to tell apart, got {', '.join(asked.data.labels)} alone"
        )


def _refuse_files(options: argparse.Namespace) -> None:
    """Refuse files of FID that are not there, of another kind, or that nobody reads."""
    weights, against, kept = options.fid_weights, options.fid_against, options.fid_keep
    for name, path in (("weights", weights), ("against", against), ("keep", kept)):
        if path is not None and not options.fid:
            raise ValueError(f"`--fid-{name}` must be left out without `--fid`, got {path}")
    if weights is not None and not weights.is_file():
        raise ValueError(f"`--fid-weights` must be a file that exists, got {weights}")
    if against is not None and not (against.is_dir() or (against.suffix == ".npz" and against.is_file())):
        raise ValueError(f"`--fid-against` must be a folder or a .npz file that exists, got {against}")
    if kept is not None and (kept.suffix != ".npz" or not kept.parent.is_dir()):
        raise ValueError(f"`--fid-keep` must be a .npz file in a folder that exists, got {kept}")
    if kept is not None and against is not None and not against.is_dir():
        raise ValueError(f"`--fid-keep` must be left out beside {against}, which is kept already")


def _looked_at(options: argparse.Namespace, **least: int) -> Request:
    """The request of the run that is looked at, after a check of what the ways of looking share."""
    request = _stored(options)
    for name, bound in least.items():
        wanted = getattr(options, name)
        if wanted is not None and wanted < bound:
            raise ValueError(f"`--{name}` must be at least {bound}, got {wanted}")
    if getattr(options, "truncation", None) is not None and not options.truncation > 0:
        raise ValueError(f"`--truncation` must be positive, got {options.truncation}")
    if options.draw < 0:
        raise ValueError(f"`--draw` must be at least 0, got {options.draw}")
    if options.seed is not None and options.seed not in request.seeds:
        raise ValueError(
            f"`--seed` must be one of {', '.join(map(str, request.seeds))}, the seeds of the run, got "
            f"{options.seed}; other samples of the same seed are `--draw {max(options.seed, 1)}`"
        )
    if options.best and request.best is None:
        raise ValueError("`--best` asks for what this run has not: it was trained without `--best METRIC`")
    return request


def _stored(options: argparse.Namespace) -> Request:
    """The request of the run, or of the generator of the package, that is looked at."""
    if options.pretrained is None:
        if options.folder is None:
            raise ValueError("`RUN`, a run folder, or `--pretrained NAME` must be given, got neither")
        return requests.read(options.folder)[0]
    given = {
        "RUN": options.folder is not None,
        "--seed": options.seed is not None,
        "--best": options.best,
        "--average": getattr(options, "average", None) is True,
        "--last": getattr(options, "average", None) is False,
    }
    for name in (name for name, there in given.items() if there):
        raise ValueError(f"`{name}` must be left out beside `--pretrained`, which is one generator")
    return pretrained.request(options.pretrained)


def _study(options: argparse.Namespace) -> int:
    look_up(facts.names("studies"), options.name, "NAME")
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"`--out` must be a folder, got the file {options.out}")
    from ganlab.cli import studying

    return studying.run(options)


def _list(options: argparse.Namespace) -> int:
    print(listing.as_json() if options.json else listing.text())
    return 0


_ANSWERS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train": _train,
    "resume": _resume,
    "sample": _sample,
    "walk": _walk,
    "evaluate": _evaluate,
    "study": _study,
    "list": _list,
}
