"""Changes of images that carry a gradient: what a discriminator sees in the place of an image.

If only real images are changed, the generator learns to make changed ones; if a change does not let the
gradient through, it learns nothing. So all of them are functions of the image and of numbers drawn before the
step, and `ganlab.training.objectives` applies them wherever the discriminator is asked: to real and to
generated images alike, in its own step and in the generator's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "augment",
    "check_policy",
    "colour",
    "cutout",
    "numbers_of",
    "translation",
]


class Augmentation(NamedTuple):
    """One kind of change: `change(x, u)` of images x (N, C, H, W) by u (N, `numbers`), uniform on [0, 1)."""

    change: Callable[[Tensor, Tensor], Tensor]
    numbers: int


def colour(x: Tensor, u: Tensor) -> Tensor:
    """The images with another brightness, saturation and contrast.

    x <- x + u_1 - 1/2,  x <- m + 2 u_2 (x - m),  x <- M + (u_3 + 1/2) (x - M)

    in turn, with m the mean over the channels of each place and M the mean over the whole image.
    x: (N, C, H, W) -> (N, C, H, W); u: (N, 3). What results may lie outside [-1, 1].
    Source: Zhao et al. 2020, section 3.2, and its code [zhao2020].
    """
    brightness, saturation, contrast = u[:, :, None, None, None].unbind(1)
    x = x + (brightness - 0.5)
    mean = x.mean(1, keepdim=True)
    x = mean + 2 * saturation * (x - mean)
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (x - mean)


def translation(x: Tensor, u: Tensor) -> Tensor:
    """The images shifted by whole pixels, up to an eighth of each side, with 0 where nothing is left.

    y_ij = x_{i + s, j + t}, with s uniform on -S .. S for S = floor(H / 8 + 1/2), and t likewise for W.

    x: (N, C, H, W) -> (N, C, H, W); u: (N, 2).
    Source: Zhao et al. 2020, section 3.2, and its code [zhao2020].
    """
    for axis in (2, 3):
        most = (x.shape[axis] + 4) // 8
        x = _shifted(x, _whole(u[:, axis - 2], 2 * most + 1) - most, axis)
    return x


def cutout(x: Tensor, u: Tensor) -> Tensor:
    """The images with 0 in a rectangle of half of each side, whose middle is anywhere in the image.

    x: (N, C, H, W) -> (N, C, H, W); u: (N, 2). The rectangle has c = floor(H / 2 + 1/2) rows, the first of
    which is o - floor(c / 2) with o uniform on 0 .. H - (c mod 2), and columns likewise; it may reach beyond
    the image.
    Source: Zhao et al. 2020, section 3.2, and its code [zhao2020].
    """
    rows, columns = (_covered(u[:, axis - 2], x.shape[axis]) for axis in (2, 3))
    return x * ~(rows[:, None, :, None] & columns[:, None, None, :])


AUGMENTATIONS: dict[str, Augmentation] = {
    "colour": Augmentation(colour, 3),
    "translation": Augmentation(translation, 2),
    "cutout": Augmentation(cutout, 2),
}
"""The changes by name. On images in [-1, 1] the 0 that translation and cutout leave is the middle grey.

Source: Zhao et al. 2020 [zhao2020].

>>> list(AUGMENTATIONS)
['colour', 'translation', 'cutout']
"""


def augment(x: Tensor, u: Tensor, policy: Sequence[str]) -> Tensor:
    """The images x (N, C, H, W) after each change that `policy` names, in its order.

    u: (N, `numbers_of(policy)`), uniform on [0, 1). Pure, and differentiable in x.

    Raises `ValueError` where u has another shape.

    >>> x = torch.arange(64.0).reshape(1, 1, 8, 8)
    >>> augment(x, torch.tensor([[0.5, 0.9]]), ["translation"])[0, 0, 0]
    tensor([1., 2., 3., 4., 5., 6., 7., 0.])
    """
    wanted = (len(x), numbers_of(policy))
    if u.shape != wanted:
        raise ValueError(f"`u` must have shape {wanted} for {', '.join(policy)}, got {tuple(u.shape)}")
    for kind in (AUGMENTATIONS[name] for name in policy):
        own, u = u[:, : kind.numbers], u[:, kind.numbers :]
        x = kind.change(x, own)
    return x


def numbers_of(policy: Sequence[str]) -> int:
    """How many numbers the changes of a policy read for each image.

    >>> numbers_of(["colour", "cutout"])
    5
    """
    return sum(AUGMENTATIONS[name].numbers for name in policy)


def check_policy(policy: Sequence[str], shape: Sequence[int]) -> None:
    """Raise `ValueError` unless `policy` names known changes, each once, of samples that are images.

    >>> check_policy(["cutout"], (2,))
    Traceback (most recent call last):
    ValueError: `augment` must be left out for samples of shape (2,): it changes images (C, H, W)
    """
    odd = next((name for name in policy if name not in AUGMENTATIONS), None)
    if odd is not None:
        raise ValueError(f"`augment` must hold some of {', '.join(AUGMENTATIONS)}, got {odd!r}")
    if len(set(policy)) < len(policy):
        raise ValueError(f"`augment` must name each change once, got {', '.join(policy)}")
    if policy and len(shape) != 3:
        raise ValueError(
            f"`augment` must be left out for samples of shape {tuple(shape)}: it changes images (C, H, W)"
        )


def _whole(u: Tensor, count: int) -> Tensor:
    """u, uniform on [0, 1), as whole numbers 0 .. count - 1, all equally likely."""
    return (u * count).long()  # the largest u below 1 is rounded to less than `count` too


def _shifted(x: Tensor, shift: Tensor, axis: int) -> Tensor:
    """x (N, C, H, W) read from `shift` (N,) places further on along the axis, and 0 beyond its end."""
    side = x.shape[axis]
    places = torch.arange(side, device=x.device) + shift[:, None]
    inside = (places >= 0) & (places < side)
    form = (-1, 1, side, 1) if axis == 2 else (-1, 1, 1, side)
    found = x.gather(axis, places.clamp(0, side - 1).reshape(form).expand_as(x))
    return found * inside.reshape(form)


def _covered(u: Tensor, side: int) -> Tensor:
    """Which of the places along a side of the image are cut out, (N, side)."""
    size = (side + 1) // 2
    first = _whole(u, side + 1 - size % 2) - size // 2
    places = torch.arange(side, device=u.device)
    return (places >= first[:, None]) & (places < first[:, None] + size)
