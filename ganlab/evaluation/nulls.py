"""Samplers that no training made: what a method has to beat before its numbers mean anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d

from ganlab.data import DATASETS, Images, Mixture, Stacked, Unpaired, UnpairedClasses, stacked

__all__ = ["labelled", "maps", "samplers"]

Sampler = Callable[[int, Generator], Tensor]
Map = Callable[[Tensor], Tensor]
Labelled = Callable[[int, Generator], tuple[Tensor, Tensor]]
BLUR = 5  # times the width of a mode: the samples still lie about the modes, and few of them near


def samplers(source: Any) -> dict[str, Sampler]:
    """The null rows of a source, by name, each a function of a count and an `rng`.

    Of a mixture: a "perfect sampler"; its "shape without modes", the circle on which all centres lie, or the
    box that they span, uniformly; "one mode"; "half of the modes", evenly; and "blurred data", each mode five
    times as wide. Of labelled images: "one class", "half of the classes", and "blurred data", each image the
    mean over squares of five by five pixels; a perfect sampler is real images that were held out, which the
    judge draws itself. Of stacked digits: "held-out digits", stacks of those that neither the games nor the
    classifier saw. Of these and of other data: a "perfect sampler". Points are float64, images float32.

    >>> from ganlab.data import ring
    >>> rng = torch.Generator().manual_seed(0)
    >>> [f"{sampler(100, rng).norm(dim=1).mean():.1f}" for sampler in samplers(ring()).values()]
    ['2.0', '2.0', '2.0', '2.0', '2.0']
    """
    if isinstance(source, Images):
        return _of_images(source)
    made: dict[str, Any] = {"perfect sampler": source}
    if isinstance(source, Mixture):
        centers, std = source.centers, source.std
        made |= {
            "shape without modes": _Shape(centers),
            "one mode": Mixture(centers[:1], std),
            "half of the modes": Mixture(centers[: (len(centers) + 1) // 2], std),
            "blurred data": Mixture(centers, BLUR * std, source.weights),
        }
    if isinstance(source, Stacked):
        made["held-out digits"] = stacked(cast("Images", DATASETS[source.images.name].load(split="test")))
    return {name: partial(one.sample, dtype=torch.float64) for name, one in made.items()}


def maps(source: Unpaired | UnpairedClasses) -> dict[str, tuple[Map, Map]]:
    """The null rows of a translation, by name: the map there and the map back.

    The "true map" and its inverse, and "no move", the identity both ways. Where classes alone belong together
    there is no true map; "by lot" answers any image with a real one of the other side, whatever its class.

    >>> from ganlab.data import turned_rings
    >>> list(maps(turned_rings()))
    ['true map', 'no move']
    """
    still: tuple[Map, Map] = (lambda x: x, lambda x: x)
    if isinstance(source, UnpairedClasses):
        rng = Generator().manual_seed(0)
        there, back = (_lot(images, rng) for images in (source.unseen_target, source.unseen))
        return {"by lot": (there, back), "no move": still}
    return {"true map": (source.ahead, source.undo), "no move": still}


def _lot(images: Images, rng: Generator) -> Map:
    return lambda x: images.batch(torch.randint(len(images), (len(x),), generator=rng))


def labelled(source: Any) -> dict[str, Labelled]:
    """The null rows of a source with labels, functions of a count and an `rng`: samples, and what was asked.

    "perfect sampler"; "label ignored", perfect samples of classes drawn anew; and, of a mixture, "one mode a
    class", the likeliest, and, where modes are shared, "modes of one class alone"; of images "one image a
    class". Samples of images are real ones, so that a judge who compares with real images flatters them. The
    last rows have each class in turn. Points are float64, images float32.

    >>> from ganlab.data import shared_ring
    >>> made, asked = labelled(shared_ring())["one mode a class"](6, torch.Generator().manual_seed(0))
    >>> made.shape, asked.tolist()
    (torch.Size([6, 2]), [0, 1, 2, 3, 0, 1])
    """
    own = _of_a_set(source) if isinstance(source, Images) else _of_a_mixture(source)
    perfect = own.pop("perfect sampler")

    def ignored(count: int, rng: Generator) -> tuple[Tensor, Tensor]:
        drawn, labels = perfect(count, rng)
        return drawn, labels[torch.randperm(count, generator=rng)]

    return {"perfect sampler": perfect, "label ignored": ignored, **own}


def _of_a_mixture(source: Mixture) -> dict[str, Labelled]:
    centers, joint = source.centers.double(), source.joint

    def within(kept: Tensor) -> Labelled:
        rows = joint * kept

        def draw(count: int, rng: Generator) -> tuple[Tensor, Tensor]:
            labels = torch.arange(count) % len(joint)
            mode = torch.multinomial(rows[labels], 1, generator=rng).squeeze(1)
            noise = torch.randn(count, centers.shape[1], generator=rng, dtype=torch.float64)
            return centers[mode] + source.std * noise, labels

        return draw

    likeliest = torch.nn.functional.one_hot(joint.argmax(1), joint.shape[1])
    found: dict[str, Labelled] = {
        "perfect sampler": partial(source.draw, dtype=torch.float64),
        "one mode a class": within(likeliest),
    }
    sole = (joint > 0).sum(0) == 1
    if not bool(sole.all()) and bool((joint * sole).sum(1).all()):
        found["modes of one class alone"] = within(sole)
    return found


def _of_a_set(source: Images) -> dict[str, Labelled]:
    def real(count: int, rng: Generator) -> tuple[Tensor, Tensor]:
        index = torch.randint(len(source), (count,), generator=rng)
        return source.batch(index), source.labels[index]

    def single(count: int, rng: Generator) -> tuple[Tensor, Tensor]:
        classes = source.labels.unique()
        shown = [int(torch.nonzero(source.labels == label)[0]) for label in classes]
        places = torch.arange(count) % len(classes)
        return source.batch(torch.tensor(shown)[places]), classes[places]

    return {"perfect sampler": real, "one image a class": single}


def _of_images(source: Images) -> dict[str, Sampler]:
    classes = source.labels.unique()

    def some(kept: Tensor) -> Sampler:
        index = torch.isin(source.labels, kept).nonzero().squeeze(1)
        return lambda count, rng: source.batch(index[torch.randint(len(index), (count,), generator=rng)])

    def blurred(count: int, rng: Generator) -> Tensor:
        return avg_pool2d(some(classes)(count, rng), BLUR, 1, BLUR // 2, count_include_pad=False)

    half = classes[: (len(classes) + 1) // 2]
    return {"one class": some(classes[:1]), "half of the classes": some(half), "blurred data": blurred}


class _Shape:
    """The circle on which all centres lie, where there is one, or the box that they span, uniformly."""

    def __init__(self, centers: Tensor) -> None:
        self.centers = centers.double()

    def sample(self, n: int, rng: Generator, *, dtype: torch.dtype | None = None) -> Tensor:
        middle = self.centers.mean(0)
        away = (self.centers - middle).norm(dim=1)
        uniform = torch.rand(n, self.centers.shape[1], generator=rng, dtype=torch.float64)
        if self.centers.shape[1] == 2 and bool((away - away.mean()).abs().max() < 1e-6 * away.mean()):
            turn = 2 * math.pi * uniform[:, 0]
            points = middle + away.mean() * torch.stack([turn.cos(), turn.sin()], 1)
        else:
            low, high = self.centers.amin(0), self.centers.amax(0)
            points = low + (high - low) * uniform
        return points.to(dtype or torch.get_default_dtype())
