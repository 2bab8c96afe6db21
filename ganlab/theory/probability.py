"""Probability vectors: read at the door, counted from samples, packed into products.

A probability vector is the last axis of a floating-point tensor; axes before it are a batch. What is not
a tensor (a list, an array) is read in float64; a tensor keeps its precision, integers become float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "ArrayLike",
    "as_floating",
    "frequencies",
    "numbers_between",
    "pack",
    "probability_vector",
    "probability_vectors",
    "steadying",
    "weighed",
]

ArrayLike = Tensor | Sequence[Any] | Any
"""Anything that `torch.as_tensor` takes: a tensor, an array, a nested list of numbers."""

_LARGEST_PACK = 1 << 22


def as_floating(x: ArrayLike, *, name: str = "x") -> Tensor:
    """`x` as a floating-point tensor: a floating-point tensor as it is, anything else in float64.

    Raises `TypeError` where it holds something else than numbers, `ValueError` where its rows differ in
    length.

    >>> as_floating([1, 2]).dtype, as_floating(torch.ones(2, dtype=torch.float32)).dtype
    (torch.float64, torch.float32)
    """
    if isinstance(x, Tensor) and x.is_floating_point():
        return x
    try:
        return torch.as_tensor(x, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        kind = ValueError if "expected sequence of length" in str(error) else TypeError
        raise kind(f"`{name}` must be numbers, in a tensor, an array or lists, got {x!r:.80}") from None


def numbers_between(x: ArrayLike, low: float, high: float, *, name: str = "x") -> Tensor:
    """`x` as a floating-point tensor, after a check that it is finite and lies between `low` and `high`.

    A slope that reaches it and is too large for its dtype arrives as the largest number of that sign.
    Raises `ValueError` where it does not, `TypeError` where it holds something else than numbers.

    >>> numbers_between([0.0, 1.0], 0, 1)
    tensor([0., 1.], dtype=torch.float64)
    """
    x = as_floating(x, name=name)
    values = x.detach()
    wrong = values[~((values >= low) & (values <= high) & values.isfinite())]
    if wrong.numel():
        bounds = "must not be negative" if high == math.inf else f"must lie in [{low:g}, {high:g}]"
        raise ValueError(f"`{name}` {bounds}, and be finite, got {wrong[0].item():.6g}")
    return _with_finite_slopes(x)


def _with_finite_slopes(x: Tensor) -> Tensor:
    """`x`, with the largest number in the place of a slope beyond it: 1/x overflows where x is subnormal.

    An infinite slope times a subnormal probability is nan in the backward pass of a softmax.
    """
    if not x.requires_grad or torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return x
    largest = torch.finfo(x.dtype).max
    x = x.view_as(x)
    x.register_hook(lambda slope: None if slope is None else slope.clamp(-largest, largest))
    return x


def probability_vector(p: ArrayLike, *, name: str = "p") -> Tensor:
    """`p` as a tensor (..., K) of probabilities on its last axis, after a check that it is one.

    The sum may be off by the square root of the machine precision (1.5e-8 in float64), and is left as it is.

    Raises `ValueError` where `p` has no axis or no outcome, is negative or not finite, or does not sum to 1.

    >>> probability_vector([0.25, 0.75])
    tensor([0.2500, 0.7500], dtype=torch.float64)
    """
    p = numbers_between(p, 0, math.inf, name=name)
    if p.ndim == 0 or p.shape[-1] == 0:
        raise ValueError(
            f"`{name}` must have at least one outcome on its last axis, got shape {tuple(p.shape)}"
        )
    total = p.detach().sum(-1).flatten()
    worst = (total - 1).abs()
    if total.numel() and worst.max() > torch.finfo(p.dtype).eps ** 0.5:
        came = total[worst.argmax()].item()
        raise ValueError(f"`{name}` must sum to 1 along the last axis, got {came:.9g}")
    return p


def probability_vectors(
    p: ArrayLike, q: ArrayLike, *, names: tuple[str, str] = ("p", "q")
) -> tuple[Tensor, Tensor]:
    """`p` and `q` as tensors of probabilities on the last axis, over the same outcomes and of one dtype.

    `p` (..., K) and `q` (..., K): the axes before the last broadcast.

    Raises `ValueError` where one is no probability vector, or where they differ in the number of outcomes.

    >>> p, q = probability_vectors([0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]])
    >>> p.shape, q.shape
    (torch.Size([2]), torch.Size([2, 2]))
    """
    first, second = probability_vector(p, name=names[0]), probability_vector(q, name=names[1])
    if first.shape[-1] != second.shape[-1]:
        came = f"{second.shape[-1]} and {first.shape[-1]}"
        raise ValueError(f"`{names[1]}` must have as many outcomes as `{names[0]}`, got {came}")
    dtype = torch.promote_types(first.dtype, second.dtype)
    return first.to(dtype), second.to(dtype)


def steadying(p: Tensor, q: Tensor) -> Tensor:
    """A power of two s for which s p / (s p + s q) and its slopes are numbers; mostly 1.

    `p`, `q`: not negative, of shapes that broadcast. The sum of two numbers may overflow, and so does one
    over a subnormal sum.

    >>> steadying(torch.tensor([0.5, 1e-40]), torch.tensor([0.5, 0.0])).log2()
    tensor([ 0., 46.])
    """
    number, total = torch.finfo(torch.promote_types(p.dtype, q.dtype)), (p + q).detach()
    small = torch.where(total < number.tiny / number.eps, number.eps**-2, 1.0)
    return torch.where(total.isinf(), 0.5, small).to(total.dtype)


def weighed(weight: Tensor, x: Tensor) -> Tensor:
    """The product `weight` x, in which 0 times anything, infinite or not, is 0.

    Both of any shapes that broadcast; `weight` must not be negative. The gradient is 0 where the weight is.

    >>> weighed(torch.tensor([0.0, 0.5]), torch.tensor([-torch.inf, 4.0]))
    tensor([0., 2.])
    """
    return torch.where(weight > 0, weight * torch.where(weight > 0, x, 0), 0)


def pack(p: ArrayLike, m: int) -> Tensor:
    """The law of `m` independent draws from `p`: p^m over the K^m tuples, flattened on the last axis.

    A discriminator that sees packs of m samples plays its game between `pack(p_data, m)` and `pack(p_g, m)`.
    `p` (..., K), returns (..., K**m).

    Raises `ValueError` where `p` is no probability vector, `m` < 1, or K**m exceeds 2**22.

    Source: Lin et al. 2018 [lin2018].

    >>> pack([0.25, 0.75], 2)
    tensor([0.0625, 0.1875, 0.1875, 0.5625], dtype=torch.float64)
    """
    p = probability_vector(p)
    if m < 1 or p.shape[-1] ** m > _LARGEST_PACK:
        came = f"{m} draws of {p.shape[-1]} outcomes"
        raise ValueError(f"`m` must be at least 1 and give at most {_LARGEST_PACK} tuples, got {came}")
    packed = p
    for _ in range(m - 1):
        packed = (packed.unsqueeze(-1) * p.unsqueeze(-2)).flatten(-2)
    return packed


def frequencies(samples: ArrayLike, outcomes: int, *, name: str = "samples") -> Tensor:
    """The share of each of the `outcomes` among the samples, a probability vector (outcomes,) in float64.

    `samples` (N,): integers in [0, outcomes).

    Raises `TypeError` where the samples are not integers, and `ValueError` where there is none, or one is out
    of range.

    >>> frequencies([0, 2, 2, 0], 3)
    tensor([0.5000, 0.0000, 0.5000], dtype=torch.float64)
    """
    as_floating(samples, name=name)
    samples = torch.as_tensor(samples)
    if samples.is_floating_point() and samples.numel():
        raise TypeError(f"`{name}` must be integers, the indices of outcomes, got {samples.dtype}")
    if samples.ndim != 1 or samples.numel() == 0:
        raise ValueError(f"`{name}` must be one-dimensional and not empty, got shape {tuple(samples.shape)}")
    low, high = int(samples.min()), int(samples.max())
    if low < 0 or high >= outcomes:
        raise ValueError(f"`{name}` must lie in [0, {outcomes}), got {low if low < 0 else high}")
    return torch.bincount(samples.long(), minlength=outcomes).double() / samples.numel()
