"""How smooth the ways of a generator with styles are, what a line reads off, and what a layer holds.

The functions take plain ones, from latents or styles to what is measured, so that each can be tried on a map
whose answer is known.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

__all__ = ["label_survival", "linear_probe", "path_length", "spherical_between", "straight_between"]

Way = Callable[[Tensor, Tensor, Tensor], Tensor]


def straight_between(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The points (N, D) on the straight lines from `start` (N, D) to `end` at the shares (N,) of the way.

    >>> straight_between(torch.zeros(1, 2), torch.ones(1, 2), torch.tensor([0.25])).tolist()
    [[0.25, 0.25]]
    """
    return start + share[:, None] * (end - start)


def spherical_between(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The points (N, D) on the arcs between the directions of `start` and `end` (N, D), of length sqrt(D).

        sqrt(D) (sin((1 - t) a) s + sin(t a) e) / sin a,  s and e of length one, a the angle between them

    Raises `ValueError` where two directions are the same or opposite, so that there is no one arc.
    Source: Karras et al. 2019, section 4.1 [karras2019].

    >>> middle = spherical_between(torch.eye(2)[:1], torch.eye(2)[1:], torch.tensor([0.5]))
    >>> round(middle.square().sum().item(), 4)
    2.0
    """
    units = [torch.nn.functional.normalize(ends.double(), dim=1) for ends in (start, end)]
    angle = (units[0] * units[1]).sum(1, keepdim=True).clamp(-1, 1).acos()
    if (angle.sin() < 1e-6).any():
        raise ValueError("`start` and `end` must differ in direction, and not be opposite")
    share = share[:, None].double()
    on = (((1 - share) * angle).sin() * units[0] + (share * angle).sin() * units[1]) / angle.sin()
    return (start.shape[1] ** 0.5 * on).to(start.dtype)


def path_length(
    features: Callable[[Tensor], Tensor],
    start: Tensor,
    end: Tensor,
    share: Tensor,
    *,
    between: Way = straight_between,
    step: float = 1e-3,
) -> Tensor:
    """The squared speed (N,) of what `features` makes of a point on the way from `start` to `end`.

        |f(w(t + step / 2)) - f(w(t - step / 2))|^2 / step^2,  w(t) as `between` has it, at t = `share`

    Its mean over pairs of points and over t uniform on [0, 1] is the perceptual path length. A straight way
    at one speed has the least mean of all ways between two ends, the squared distance of these.
    `features`: from points (M, D) to (M, F). `start`, `end` (N, D), `share` (N,).

    Raises `ValueError` unless `step` is positive.
    Source: Karras et al. 2019, section 4.1 [karras2019], with a step on both sides.

    >>> double = path_length(lambda w: 2 * w, torch.zeros(1, 2), torch.ones(1, 2), torch.tensor([0.3]))
    >>> print(f"{double.item():.3f}")
    8.000
    """
    if not step > 0:
        raise ValueError(f"`step` must be positive, got {step}")
    ends = [features(between(start, end, share + sign * step / 2)) for sign in (1, -1)]
    return ((ends[0] - ends[1]) / step).square().flatten(1).sum(1)


def linear_probe(
    seen: Tensor, labels: Tensor, unseen: Tensor, others: Tensor, *, ridge: float = 1e-3
) -> float:
    """The share of `others` (M,), the labels of `unseen` (M, D), that a linear map names which knew `seen`.

    The map is the one of least squares from `seen` (N, D) and a constant to the indicators of `labels` (N,),
    with `ridge` times N added to the squares of its weights; the largest of its values names the class.

    Raises `ValueError` unless `ridge` is positive and all features are finite.
    Source: after Karras et al. 2019, section 4.2 [karras2019], who use support vectors.

    >>> x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    >>> linear_probe(x, (x[:, 0] > 0).long(), torch.tensor([[-0.5], [3.0]]), torch.tensor([0, 1]))
    1.0
    """
    if not ridge > 0:
        raise ValueError(f"`ridge` must be positive, got {ridge}")
    if not (seen.isfinite().all() and unseen.isfinite().all()):
        raise ValueError("`seen` and `unseen` must be finite, got infinity or NaN")
    known, asked = (torch.cat([x, torch.ones_like(x[:, :1])], 1).double() for x in (seen, unseen))
    count = int(max(labels.max(), others.max())) + 1
    square = known.T @ known + ridge * len(known) * torch.eye(known.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(square, known.T @ one_hot(labels, count).double())
    return ((asked @ weights).argmax(1) == others).double().mean().item()


def label_survival(
    labels: Callable[[Tensor], Tensor], first: Tensor, second: Tensor
) -> tuple[list[list[float]], int]:
    """The shares of images that keep the label of `first` under its styles in some layers; and of how many.

    Entry i of row j, i at most j, is of the images whose layers i to j have the styles of `first` and whose
    other layers have those of `second`; the rest of the matrix is 0. Counted are the pairs whose two images
    have different labels, so that an image without a layer of `first` would score 0.

    `labels`: from styles (M, L, D) to the labels (M,) of their images. `first`, `second`: (N, L, D).

    Raises `ValueError` where all pairs have one label.

    >>> first, second = torch.ones(4, 2, 1), torch.zeros(4, 2, 1)
    >>> label_survival(lambda styles: styles[:, 0, 0].long(), first, second)  # the first layer decides
    ([[1.0, 0.0], [1.0, 0.0]], 4)
    """
    own = labels(first)
    apart = own != labels(second)
    count, layers = int(apart.sum()), first.shape[1]
    if not count:
        raise ValueError("`first` and `second` must hold a pair of different labels")
    own, first, second = own[apart], first[apart], second[apart]
    matrix = [[0.0] * layers for _ in range(layers)]
    for last in range(layers):
        for begin in range(last + 1):
            styles = second.clone()
            styles[:, begin : last + 1] = first[:, begin : last + 1]
            matrix[last][begin] = (labels(styles) == own).double().mean().item()
    return matrix, count
