"""A judge for labelled images that the package has no classifier of: one is trained on a part of them.

What it is worth is measured on the images that it has not seen, and a judge that knows too little is refused:
the obedience that it would see is its own guessing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from ganlab.data import Images
from ganlab.evaluation import classifiers

__all__ = ["LEAST", "Judge", "judge_of", "parts"]

LEAST = 20
"""The fewest images of a class from which a judge learns, the held-out ones among them.

>>> LEAST
20
"""

_HELD_OUT = 4  # one image in so many of each class
_BATCH = 32
_STEPS = 800  # at least, unless that is more passes than `_PASSES`
_PASSES = (3, 60)  # the fewest and the most over the images
_DOUBT = 0.01  # with which a judge may be no better than the one that knows a quarter


class Judge(NamedTuple):
    """A classifier and what it is worth. `accuracy`: the share of the `unseen` held-out images that it names.

    `commonest`: the share of these that always naming the commonest class would. `seen`: how many it learnt
    from.
    """

    classifier: classifiers.Classifier
    accuracy: float
    commonest: float
    seen: int
    unseen: int

    def facts(self) -> dict[str, Any]:
        """What is told of it, as JSON can hold it."""
        return {name: value for name, value in self._asdict().items() if name != "classifier"}


def judge_of(images: Images, *, rng: Generator) -> Judge:
    """A judge of labelled images: the small classifier, trained on three quarters of each class.

    The images are seen as they are, neither moved nor in a mirror, since that might change their class. With
    c the share of the commonest class, a judge is refused that might as well know a quarter of the images and
    guess at the others: unless so many right answers have a probability of at most 1 % at the accuracy
    c + (1 - c) / 4.

    Raises `ValueError` where the images have no two classes, a class has fewer than `LEAST` images, their
    sides are no multiples of 4, or the judge is refused.
    """
    seen, unseen = (_part(images, index) for index in parts(images, rng=rng))
    height, width = images.shape[1:]
    if height % 4 or width % 4:
        raise ValueError(
            f"`size` must be a multiple of 4 for images to have a judge, got {height} by {width}"
        )
    count, batch = len(seen), min(_BATCH, len(seen))
    fewest, most = _PASSES
    recipe = classifiers.Recipe(
        (images.shape[0], height, width),
        epochs=min(max(-(-_STEPS * batch // count), fewest), most),
        batch_size=batch,
        mirrored=False,
        shift=0,
        classes=_classes(images),
    )
    judge = classifiers.train(recipe, seen, rng=rng)
    right = classifiers.accuracy(judge, unseen)
    commonest = unseen.labels.bincount().max().item() / len(unseen)
    found = Judge(judge, right, commonest, count, len(unseen))
    _refuse_guesses(found, images.name)
    return found


def parts(images: Images, *, rng: Generator) -> tuple[Tensor, Tensor]:
    """The places of the images that a judge learns from, and of the held-out ones, a quarter of each class.

    Raises `ValueError` where the images have no two classes, or a class has fewer than `LEAST`.

    >>> from ganlab.data import digits
    >>> seen, unseen = parts(digits(), rng=torch.Generator().manual_seed(0))
    >>> len(seen), len(unseen), bool(torch.isin(seen, unseen).any())
    (1082, 355, False)
    """
    classes = _classes(images)
    names = images.classes or tuple(map(str, range(classes)))
    if classes < 2:
        raise ValueError(f"{images.name} must have at least two classes to be judged, got {classes}")
    counts = images.labels.bincount(minlength=classes).tolist()
    few = [f"{name} with {count}" for name, count in zip(names, counts, strict=True) if count < LEAST]
    if few:
        raise ValueError(
            f"each class of {images.name} must have at least {LEAST} images to have a judge, got "
            f"{', '.join(few)}"
        )
    order, held = torch.randperm(len(images), generator=rng), []
    for label, count in enumerate(counts):
        held.append(order[images.labels[order] == label][: count // _HELD_OUT])
    unseen = torch.cat(held)
    return order[~torch.isin(order, unseen)], unseen


def _classes(images: Images) -> int:
    return len(images.classes) or int(images.labels.max()) + 1


def _part(images: Images, index: Tensor) -> Images:
    pixels, labels = images.pixels[index], images.labels[index]
    return Images(images.name, pixels, labels, maximum=images.maximum, classes=images.classes)


def _refuse_guesses(judge: Judge, name: str) -> None:
    from scipy.stats import binom

    right = round(judge.accuracy * judge.unseen)
    poor = judge.commonest + (1 - judge.commonest) / 4
    if binom.sf(right - 1, judge.unseen, poor) > _DOUBT:
        raise ValueError(
            f"the classes of {name} must be told apart by the judge, got one that names {right} of "
            f"{judge.unseen} held-out images, where the commonest class alone has "
            f"{round(judge.commonest * judge.unseen)}: what it said of samples would be near chance"
        )
