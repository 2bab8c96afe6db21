"""Checks of arguments that all sources share; each names the argument, the requirement and what came."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import Tensor

__all__ = ["check_choice", "check_count", "check_draw", "check_positive", "check_tensor", "described"]


def described(x: Tensor) -> str:
    """The dtype and the shape of a tensor in words.

    >>> described(torch.zeros(2, 3))
    'torch.float32 of shape (2, 3)'
    """
    return f"{x.dtype} of shape {tuple(x.shape)}"


def check_count(name: str, value: object) -> None:
    """Raise `ValueError` unless the value is a positive integer.

    >>> check_count("modes", 2.5)
    Traceback (most recent call last):
    ValueError: `modes` must be a positive integer, got 2.5
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer, got {value!r}")


def check_draw(name: str, value: object, rng: object) -> None:
    """Raise `ValueError` unless the value is a positive integer, `TypeError` unless `rng` is a stream.

    >>> check_draw("n", 3, 0)
    Traceback (most recent call last):
    TypeError: `rng` must be a torch.Generator, got int
    """
    check_count(name, value)
    if not isinstance(rng, torch.Generator):
        raise TypeError(f"`rng` must be a torch.Generator, got {type(rng).__name__}")


def check_positive(name: str, value: float) -> None:
    """Raise `ValueError` unless the value is positive and finite.

    >>> check_positive("radius", -1.0)
    Traceback (most recent call last):
    ValueError: `radius` must be positive and finite, got -1.0
    """
    if not 0 < value < math.inf:
        raise ValueError(f"`{name}` must be positive and finite, got {value}")


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Raise `ValueError` unless the value is one of the choices.

    >>> check_choice("split", "valid", ("train", "test"))
    Traceback (most recent call last):
    ValueError: `split` must be one of train, test, got 'valid'
    """
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(choices)}, got {value!r}")


def check_tensor(name: str, value: object) -> None:
    """Raise `TypeError` unless the value is a tensor.

    >>> check_tensor("x", [1, 2])
    Traceback (most recent call last):
    TypeError: `x` must be a torch.Tensor, got list; torch.as_tensor makes one of numbers
    """
    if not isinstance(value, Tensor):
        kind = type(value).__name__
        raise TypeError(f"`{name}` must be a torch.Tensor, got {kind}; torch.as_tensor makes one of numbers")
