"""Small classifiers of digits and Fashion-MNIST, whose features and labels judge generated images.

`load` reads one from the package; `python -m ganlab.evaluation.classifiers --data fashion_mnist --out FOLDER`
trains it again in under two minutes on two cores. A distance between their features compares generators of
this book with each other, and is no FID: that name belongs to the features of one large network.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from collections.abc import Sequence
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import NamedTuple, cast

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from ganlab import data
from ganlab.networks import initialize
from ganlab.storage import write_atomically

__all__ = ["CLASSIFIERS", "Classifier", "Recipe", "accuracy", "build", "load", "main", "train"]


class Recipe(NamedTuple):
    """How one classifier is made: the shape of its images, how long it learns, what may be done to an image.

    `mirrored`: half of the batches are seen in a mirror. `shift`: the most pixels an image is moved by.
    """

    shape: tuple[int, int, int]
    epochs: int
    batch_size: int
    mirrored: bool
    shift: int
    width: int = 32
    features: int = 64
    classes: int = 10
    learning_rate: float = 2e-3


CLASSIFIERS: dict[str, Recipe] = {
    "digits": Recipe((1, 8, 8), epochs=60, batch_size=32, mirrored=False, shift=1),
    "fashion_mnist": Recipe((1, 28, 28), epochs=7, batch_size=64, mirrored=True, shift=0, width=24),
}
"""The classifiers that the package holds. There is none of MNIST: the one of digits reads 8x8 pixels, and
nothing here enlarges or shrinks an image.

>>> CLASSIFIERS["digits"].shape
(1, 8, 8)
"""


class Classifier(nn.Module):
    """Two strided convolutions and a hidden layer of F units: images (N, C, H, W) to logits (N, classes).

    Images must lie in [-1, 1]; they are computed in the dtype of the weights. See `build`.
    """

    def __init__(self, layers: nn.Sequential, shape: Sequence[int]):
        super().__init__()
        self.layers, self.shape = layers, tuple(shape)

    def forward(self, images: Tensor) -> Tensor:
        """The logits (N, classes) of images (N, C, H, W) in [-1, 1]."""
        return self.layers[-1](self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """The units (N, F) of the last hidden layer, none negative, for images (N, C, H, W) in [-1, 1].

        Raises `TypeError` where the images are not floating-point, `ValueError` where they leave [-1, 1] or
        have another shape.
        """
        data.check_images(images)
        if tuple(images.shape[1:]) != self.shape:
            wanted = ", ".join(["N", *map(str, self.shape)])
            raise ValueError(f"`images` must have shape ({wanted}), got {tuple(images.shape)}")
        return self.layers[:-1](images.to(next(self.parameters()).dtype))

    def labels(self, images: Tensor) -> Tensor:
        """The likeliest class of each image, (N,) int64, for images (N, C, H, W) in [-1, 1]."""
        return self(images).argmax(1)


def build(
    shape: Sequence[int], *, rng: torch.Generator, width: int = 32, features: int = 64, classes: int = 10
) -> Classifier:
    """An untrained classifier of images (C, H, W), whose sides are multiples of 4.

    Two 4x4 convolutions of stride 2 to `width` and 2 `width` channels, a hidden layer of `features` units
    and the logits, rectifiers between. Parameters: (16 C + 1) w + (16 w + 1) 2 w + (2 w H W / 16 + 1) F +
    (F + 1) classes with w = `width` and F = `features`. Raises `ValueError` where a side is no multiple of 4.

    >>> classifier = build((1, 28, 28), rng=torch.Generator().manual_seed(0))
    >>> sum(p.numel() for p in classifier.parameters())
    234794
    """
    channels, *sides = shape
    if len(sides) != 2 or any(side % 4 for side in sides):
        raise ValueError(f"`shape` must be (C, H, W) with sides that are multiples of 4, got {tuple(shape)}")
    layers = nn.Sequential(
        nn.utils.skip_init(nn.Conv2d, channels, width, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.utils.skip_init(nn.Conv2d, width, 2 * width, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.utils.skip_init(nn.Linear, 2 * width * math.prod(sides) // 16, features),
        nn.ReLU(),
        nn.utils.skip_init(nn.Linear, features, classes),
    )
    return Classifier(initialize(layers, rng), shape)


def load(name: str) -> Classifier:
    """The trained classifier of a data set, in evaluation mode and in float32, its weights frozen.

    `name`: "digits" or "fashion_mnist". Its accuracy on images it has not seen, and the command that made
    it, are in the JSON file beside its weights, in the package's folder `assets/weights`.
    Raises `ValueError` on another name.

    >>> classifier = load("digits")
    >>> images = data.digits(split="test")
    >>> classifier.labels(images.batch(torch.arange(8))).tolist() == images.labels[:8].tolist()
    True
    >>> classifier.features(images.batch(torch.arange(8))).shape
    torch.Size([8, 64])
    """
    recipe = _recipe(name)
    classifier = _blank(recipe)
    stored = files("ganlab").joinpath(f"assets/weights/{name}.safetensors").read_bytes()
    weights = safetensors.torch.load(stored)
    classifier.load_state_dict({key: weight.float() for key, weight in weights.items()})
    return classifier.requires_grad_(False).eval()


def train(
    name: str | Recipe,
    images: data.Images,
    *,
    rng: torch.Generator,
    epochs: int | None = None,
) -> Classifier:
    """A classifier trained on `images` as the recipe of `name` has it, or as a recipe says, in float32.

    Cross-entropy and Adam, its rate rising over the first tenth of the steps and falling to zero on a
    cosine. `epochs`: passes over the images, None for those of the recipe. Everything random comes from
    `rng`. Raises `ValueError` where the name is unknown, the images have another shape, or `epochs` is not
    positive.
    """
    recipe = name if isinstance(name, Recipe) else _recipe(name)
    epochs = recipe.epochs if epochs is None else epochs
    if epochs < 1:
        raise ValueError(f"`epochs` must be at least 1, got {epochs}")
    if images.shape != recipe.shape:
        raise ValueError(f"`images` must have shape {recipe.shape}, got {images.shape}")
    classifier = _blank(recipe)
    initialize(classifier, rng)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=recipe.learning_rate, fused=True)
    steps = epochs * (len(images) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    for _ in range(epochs):
        order = torch.randperm(len(images), generator=rng)
        for index in order[: steps // epochs * recipe.batch_size].split(recipe.batch_size):
            seen = _varied(images.batch(index), recipe, rng)
            optimizer.zero_grad()
            cross_entropy(classifier.layers(seen), images.labels[index]).backward()
            optimizer.step()
            schedule.step()
    return classifier.requires_grad_(False).eval()


def accuracy(classifier: Classifier, images: data.Images) -> float:
    """The share of `images` whose likeliest class is their label.

    >>> accuracy(load("digits"), data.digits(split="test")) > 0.9
    True
    """
    parts = torch.arange(len(images)).split(1000)
    with torch.no_grad():
        found = torch.cat([classifier.labels(images.batch(part)) for part in parts])
    return (found == images.labels).double().mean().item()


def main(arguments: Sequence[str] | None = None) -> None:
    """Train a classifier, and write NAME.safetensors and NAME.json into the folder `--out`.

    The weights are stored in float16, and the accuracy is that of the stored ones. Without the images, or
    with a number that makes no sense, the exit code is 2 and nothing is written.
    """
    parser = argparse.ArgumentParser(prog="python -m ganlab.evaluation.classifiers", description=__doc__)
    parser.add_argument("--data", required=True, choices=CLASSIFIERS, help="what to learn")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write into")
    parser.add_argument("--data-dir", help="where the image files lie, if not in the usual places")
    parser.add_argument("--seed", type=int, default=0, help="fixes the weights and every draw (0)")
    parser.add_argument("--epochs", type=int, help="passes over the images (those of the recipe)")
    wanted = parser.parse_args(arguments)
    try:
        seen, unseen = (_images(wanted.data, split, wanted.data_dir) for split in ("train", "test"))
        start, work = time.perf_counter(), time.process_time()
        rng = torch.Generator().manual_seed(wanted.seed)
        classifier = train(wanted.data, seen, rng=rng, epochs=wanted.epochs)
    except ValueError as error:
        parser.error(str(error))
    seconds, work = round(time.perf_counter() - start), round(time.process_time() - work)
    weights = {key: weight.half() for key, weight in classifier.state_dict().items()}
    classifier.load_state_dict({key: weight.float() for key, weight in weights.items()})
    share = accuracy(classifier, unseen)
    epochs = f" --epochs {wanted.epochs}" if wanted.epochs else ""
    report = {
        "command": f"{parser.prog} --data {wanted.data} --seed {wanted.seed}{epochs} --out FOLDER",
        "accuracy": share,
        "images": {"seen": len(seen), "unseen": len(unseen)},
        "parameters": sum(weight.numel() for weight in weights.values()),
        "seconds": seconds,
        "processor_seconds": work,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    wanted.out.mkdir(parents=True, exist_ok=True)
    write_atomically(wanted.out / f"{wanted.data}.safetensors", safetensors.torch.save(weights))
    write_atomically(wanted.out / f"{wanted.data}.json", (json.dumps(report, indent=2) + "\n").encode())
    print(f"{wanted.data}: {share:.2%} of {len(unseen)} images not seen before, after {seconds} s")


def _recipe(name: str) -> Recipe:
    if name not in CLASSIFIERS:
        raise ValueError(f"`name` must be one of {', '.join(CLASSIFIERS)}, got {name!r}")
    return CLASSIFIERS[name]


def _blank(recipe: Recipe) -> Classifier:
    """A classifier in float32, whatever the default dtype; its weights are to be replaced."""
    rng = torch.Generator().manual_seed(0)
    sizes = {"width": recipe.width, "features": recipe.features, "classes": recipe.classes}
    return build(recipe.shape, rng=rng, **sizes).float()


def _rate(done: float) -> float:
    return min(1.0, 10 * done) * (1 + math.cos(math.pi * done)) / 2


def _varied(images: Tensor, recipe: Recipe, rng: torch.Generator) -> Tensor:
    """The batch moved by a few pixels, with the background coming in, and perhaps in a mirror."""
    mirror, *corner = torch.randint(2**31, (3,), generator=rng).tolist()
    if recipe.mirrored and mirror % 2:
        images = images.flip(3)
    height, width = images.shape[2:]
    top, left = (place % (2 * recipe.shift + 1) for place in corner)
    return pad(images, [recipe.shift] * 4, value=-1.0)[:, :, top : top + height, left : left + width]


def _images(name: str, split: str, folder: str | PathLike[str] | None) -> data.Images:
    return cast("data.Images", data.DATASETS[name].load(folder, split=split))


if __name__ == "__main__":
    main()
