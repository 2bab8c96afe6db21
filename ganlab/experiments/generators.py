"""Trained generators that the package holds, for pictures whose training takes minutes.

`load` reads one; `python -m ganlab.experiments.generators NAME` trains it again, by its set-up and from the
first seed, and writes the averaged weights, in half precision.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ganlab.evaluation import judging
from ganlab.experiments import building, draws
from ganlab.experiments.catalogue import EXPERIMENTS, change, look_up
from ganlab.experiments.styled import told_of_styles
from ganlab.storage import write_atomically
from ganlab.training.loop import train

__all__ = ["STORED", "load", "main"]

STORED = ("fashion_mnist_styles",)
"""The set-ups whose generators the package holds.

>>> STORED
('fashion_mnist_styles',)
"""


def load(name: str) -> Any:
    """The trained generator of a set-up, in evaluation mode and in float64, its weights frozen.

    In double precision its pictures are the same on every machine to many digits. How it was made, and what
    it is worth, is in the JSON file beside its weights, in the package's folder `assets/weights`.

    Raises `ValueError` where the package holds none of that name.

    >>> load("fashion_mnist_style")
    Traceback (most recent call last):
    ValueError: `name` must be one of fashion_mnist_styles, got 'fashion_mnist_style'; did you mean
    'fashion_mnist_styles'?
    """
    look_up(STORED, name, "name")
    generator = building.build_game(EXPERIMENTS[name]).generator.double()
    stored = files("ganlab").joinpath(f"assets/weights/{name}.safetensors").read_bytes()
    weights = safetensors.torch.load(stored)
    generator.load_state_dict({key: weight.double() for key, weight in weights.items()})
    return generator.requires_grad_(False).eval()


def main(arguments: Sequence[str] | None = None) -> None:
    """Train a generator, and write NAME.safetensors and NAME.json into the folder `--out`.

    What is said of it is said of the stored weights. Without the images, or with a number that makes no
    sense, the exit code is 2 and nothing is written.
    """
    parser = argparse.ArgumentParser(prog="python -m ganlab.experiments.generators", description=__doc__)
    parser.add_argument("name", choices=STORED, help="the set-up")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write into")
    parser.add_argument("--data-dir", help="where the image files lie, if not in the usual places")
    parser.add_argument("--steps", type=int, help="generator steps (those of the set-up)")
    wanted = parser.parse_args(arguments)
    experiment = EXPERIMENTS[wanted.name]
    try:
        experiment = change(experiment, **({} if wanted.steps is None else {"steps": wanted.steps}))
        source = building.load_source(experiment, wanted.data_dir)
    except ValueError as error:
        parser.error(str(error))
    setup, started = building.build(experiment, seed=0, source=source), time.process_time()
    train(setup.gan, setup.batches, experiment.steps, n_critic=experiment.n_critic)
    seconds, network = time.process_time() - started, setup.gan.shown
    weights = {key: weight.half().contiguous() for key, weight in network.state_dict().items()}
    network.load_state_dict({key: weight.float() for key, weight in weights.items()})
    drawn = draws.samples_of(setup.gan, judging.kind_of(source).samples, draws.stream())
    report = {
        "command": f"{parser.prog} {wanted.name} --out FOLDER",
        "seed": 0,
        "steps": experiment.steps,
        "parameters": sum(weight.numel() for weight in weights.values()),
        "processor_seconds": round(seconds),
        "worth": judging.quality(source, drawn, draws.stream(1), swift=True),
        "styles": told_of_styles(setup.gan, source, draws.stream(3)),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    wanted.out.mkdir(parents=True, exist_ok=True)
    write_atomically(wanted.out / f"{wanted.name}.safetensors", safetensors.torch.save(weights))
    write_atomically(wanted.out / f"{wanted.name}.json", (json.dumps(report, indent=1) + "\n").encode())
    print(f"{wanted.name}: {experiment.steps} steps in {seconds:.0f} s, {report['worth']}")


if __name__ == "__main__":
    main()
