"""Judging a game that learns from few images of a set, by the other images of that set.

The known images are drawn at random, so that to a game which knew none of them both kinds would be alike:
whatever sets them apart was learnt by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Generator, Tensor

from ganlab.data import Images
from ganlab.evaluation.neighbours import copying
from ganlab.experiments.building import Setup
from ganlab.training.augmentations import augment, numbers_of
from ganlab.training.game import GAN

__all__ = ["DRAWN", "known_to", "others", "parted", "told_of_known"]

SCORED = 1000  # images of each kind whose scores are compared, at most, and among which neighbours are sought
DRAWN = 500
"""How many samples are asked whether a known image is nearer to them.

>>> DRAWN
500
"""


def known_to(setup: Setup) -> Images:
    """The images that a game learns from.

    >>> from ganlab.experiments import EXPERIMENTS, build, change
    >>> len(known_to(build(change(EXPERIMENTS["digits"], few=100))))
    100
    """
    return cast("Any", setup.batches).images


def others(source: Images, known: Images) -> Images:
    """The images of a set that differ from each of the known ones in some pixel.

    Raises `ValueError` where there is none.

    >>> from ganlab.data import digits
    >>> few = replace(digits(), pixels=digits().pixels[:400], labels=digits().labels[:400])
    >>> len(others(digits(), few))
    1037
    """
    seen = {pixels.tobytes() for pixels in known.pixels.numpy()}
    kept = torch.tensor([pixels.tobytes() not in seen for pixels in source.pixels.numpy()])
    if not kept.any():
        raise ValueError(f"`known` must leave some of the {len(source)} images, got all of them")
    return replace(source, pixels=source.pixels[kept], labels=source.labels[kept])


def parted(source: Images, sizes: Sequence[int], rng: Generator) -> list[Images]:
    """Parts of a set of these sizes and what is left, no image in two of them, drawn at random.

    Raises `ValueError` where the set is too small to leave one.

    >>> from ganlab.data import digits
    >>> [len(part) for part in parted(digits(), (40, 500), torch.Generator().manual_seed(0))]
    [40, 500, 897]
    """
    left = len(source) - sum(sizes)
    if left < 1:
        raise ValueError(f"`sizes` must sum to less than {len(source)}, got {', '.join(map(str, sizes))}")
    order = torch.randperm(len(source), generator=rng)
    return [
        replace(source, pixels=source.pixels[index], labels=source.labels[index])
        for index in order.split([*sizes, left])
    ]


def told_of_known(
    known: Images, unseen: Images, drawn: Tensor, rng: Generator, gan: GAN | None = None
) -> dict[str, float]:
    """How well generated images, and a discriminator, know the images that were learnt from.

    `nearest_known`: the share of the samples `drawn` (N, C, H, W) that are nearer to a known image than to
    any of as many unseen ones, by all their pixels; see `copying`. 1/2 is expected of samples that owe
    nothing to the known images. Of the discriminator of `gan`, where it is given and scores images one by
    one, without labels: `known_above`, the share of pairs of a known and an unseen image in which the known
    one has the higher score, where 1/2 is expected if none was learnt by heart, equal scores counting one
    half; and `score_gap`, the mean score of the known less that of the unseen. It sees both as it sees all
    images, changed where the game changes them.

    >>> from ganlab.data import digits
    >>> few = replace(digits(), pixels=digits().pixels[:400], labels=digits().labels[:400])
    >>> rng = torch.Generator().manual_seed(0)
    >>> told_of_known(few, others(digits(), few), few.batch(torch.arange(400)), rng)
    {'nearest_known': 1.0}
    """
    count = min(len(known), len(unseen), SCORED)
    mine, rest = (_some(images, count, rng).flatten(1) for images in (known, unseen))
    found = {"nearest_known": copying(drawn[:DRAWN].flatten(1), mine, rest).known}
    if gan is None or gan.pack > 1 or gan.classes:
        return found
    high, low = (_scores(gan, _some(images, SCORED, rng), rng) for images in (known, unseen))
    apart = high[:, None] - low[None, :]
    above = ((apart > 0).double() + (apart == 0).double() / 2).mean()
    return found | {"known_above": above.item(), "score_gap": apart.mean().item()}


def _some(images: Images, count: int, rng: Generator) -> Tensor:
    """At most so many images of a set, no two of them the same."""
    return images.batch(torch.randperm(len(images), generator=rng)[:count])


def _scores(gan: GAN, images: Tensor, rng: Generator) -> Tensor:
    u = torch.rand(len(images), numbers_of(gan.augment), generator=rng)
    seen = augment(images, u, gan.augment).to(gan.device, gan.dtype)
    with torch.no_grad():
        return gan.discriminator(seen).double().cpu()
