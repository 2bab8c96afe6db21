"""What a game demands of its numbers and of its pair of networks, before it plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import Any

import torch
from torch import nn

from ganlab.losses import GANLoss
from ganlab.training.averages import keeps_statistics
from ganlab.training.rules import Penalty

__all__ = [
    "check_average",
    "check_kinds",
    "check_numbers",
    "check_pair",
    "check_styling",
    "classes_of",
    "made_of",
]


def check_kinds(loss: object, rng: object, penalties: object) -> None:
    """Raise `TypeError` where a loss, a random stream or penalties are something else, such as a name.

    >>> check_kinds("hinge", torch.Generator(), ())
    Traceback (most recent call last):
    TypeError: `loss` must be a GANLoss, such as `ganlab.losses.hinge`, got 'hinge'
    """
    if not isinstance(loss, GANLoss):
        raise TypeError(f"`loss` must be a GANLoss, such as `ganlab.losses.hinge`, got {loss!r}")
    if not isinstance(rng, torch.Generator):
        raise TypeError(f"`rng` must be a torch.Generator, got {type(rng).__name__}")
    if not isinstance(penalties, Sequence) or any(not isinstance(one, Penalty) for one in penalties):
        raise TypeError(
            "`penalties` must be a list of `ganlab.training.Penalty`, each a penalty and its weight, got "
            f"{penalties!r}"
        )


def check_numbers(rates: tuple[float, float], ema: float | None, clip: float | None) -> None:
    """Raise `ValueError` unless there are two positive rates, `clip` is positive and `ema` is in [0, 1).

    >>> check_numbers((1e-3, 0.0), None, None)
    Traceback (most recent call last):
    ValueError: `learning_rates` must be positive, got (0.001, 0.0)
    """
    if not isinstance(rates, Sequence) or len(rates) != 2:
        raise ValueError(f"`learning_rates` must be two, of the generator and the discriminator, got {rates}")
    if any(not rate > 0 for rate in rates):
        raise ValueError(f"`learning_rates` must be positive, got {rates}")
    if ema is not None and not 0 <= ema < 1:
        raise ValueError(f"`ema` must be in [0, 1), got {ema}")
    if clip is not None and not clip > 0:
        raise ValueError(f"`clip` must be positive, got {clip}")


def check_average(generator: nn.Module, ema: float | None, ema_batches: int) -> None:
    """Raise `ValueError` where the statistics of an average are to be mended and there is none, or no norm.

    >>> check_average(nn.Linear(2, 2), None, 5)
    Traceback (most recent call last):
    ValueError: `ema_batches` needs an average, `ema`, whose statistics it mends, got 5
    """
    if ema_batches < 0:
        raise ValueError(f"`ema_batches` must be at least 0, got {ema_batches}")
    if ema_batches and ema is None:
        raise ValueError(
            f"`ema_batches` needs an average, `ema`, whose statistics it mends, got {ema_batches}"
        )
    if ema_batches and not keeps_statistics(generator):
        raise ValueError(
            "`ema_batches` must be 0 where the generator has no batch normalisation, "
            f"as this one has none, got {ema_batches}"
        )


def check_pair(generator: nn.Module, discriminator: nn.Module, *, pack: int, bf16: bool) -> None:
    """Raise `ValueError` where the networks differ in dtype or classes, or do not go with `pack` or `bf16`.

    >>> check_pair(nn.Linear(1, 1), nn.Linear(1, 1).double(), pack=1, bf16=False)
    Traceback (most recent call last):
    ValueError: `generator` and `discriminator` must have one dtype, got ['torch.float32', 'torch.float64']
    """
    dtypes = {parameter.dtype for net in (generator, discriminator) for parameter in net.parameters()}
    if len(dtypes) != 1:
        raise ValueError(
            f"`generator` and `discriminator` must have one dtype, got {sorted(map(str, dtypes))}"
        )
    if bf16 and dtypes != {torch.float32}:
        raise ValueError(f"`bf16` needs networks in float32, got {dtypes.pop()}")
    classes = classes_of(generator), classes_of(discriminator)
    if classes[0] != classes[1]:
        raise ValueError(
            f"`generator` and `discriminator` must know the same number of classes, got {classes}"
        )
    if classes[0] and pack > 1:
        raise ValueError("`pack` must be 1 where the networks are conditional: a pack has no one label")


def check_styling(gan: Any) -> None:
    """Raise `ValueError` where the networks of a game cannot mix styles, or grow, as it says.

    >>> from types import SimpleNamespace
    >>> check_styling(SimpleNamespace(mixing=2.0))
    Traceback (most recent call last):
    ValueError: `mixing` must be in [0, 1], got 2.0
    """
    if not 0 <= gan.mixing <= 1:
        raise ValueError(f"`mixing` must be in [0, 1], got {gan.mixing}")
    if gan.mixing and not hasattr(gan.generator, "style_layers"):
        raise ValueError(f"`mixing` must be 0 for a generator without styles of layers, got {gan.mixing}")
    networks = {"generator": gan.generator, "discriminator": gan.discriminator}
    for name, network in networks.items():
        if (getattr(network, "level", None) is not None) != (gan.growth is not None):
            wanted = "grow as `growth` says" if gan.growth is not None else "have a `growth` to follow"
            raise ValueError(f"`{name}` must {wanted}, got a {type(network).__name__}")


def classes_of(network: nn.Module) -> int | None:
    """How many classes a network is told, None for one that is told none.

    >>> classes_of(nn.Linear(1, 1))
    """
    return getattr(network, "classes", None)


def made_of(value: Any) -> Any:
    """A loss, a penalty or a function in a form that is equal for two that compute the same.

    A function is its code and what it holds: one that was made anew for each game is the same in all.

    >>> from ganlab.losses import label_smoothing, minimax
    >>> made_of(label_smoothing(minimax, 0.1)) == made_of(label_smoothing(minimax, 0.1))
    True
    >>> made_of(minimax) == made_of(minimax._replace(generator=minimax.discriminator))
    False
    """
    if isinstance(value, tuple):
        return tuple(map(made_of, value))
    if is_dataclass(value):
        return tuple(made_of(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, FunctionType):
        held = tuple(cell.cell_contents for cell in value.__closure__ or ())
        return value.__code__, made_of(held), made_of(value.__defaults__)
    return value
