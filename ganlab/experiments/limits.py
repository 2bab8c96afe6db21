"""The ranges of the numbers of a set-up, and which of its settings do not go together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ganlab import facts

__all__ = ["check_normalised", "check_numbers", "check_smoothing"]


def check_numbers(changed: Any) -> None:
    """Raise `ValueError`, naming the setting, where a number of the experiment `changed` is out of range.

    So it is, too, where two numbers do not go together, as a batch that cannot be cut into its parts.

    >>> from ganlab.experiments import EXPERIMENTS
    >>> from dataclasses import replace
    >>> check_numbers(replace(EXPERIMENTS["ring"], accumulate=3))
    Traceback (most recent call last):
    ValueError: `batch_size` must be a multiple of `accumulate`, 3, got 256
    """
    for field in fields(changed):
        if not all(map(math.isfinite, _numbers(value := getattr(changed, field.name)))):
            raise ValueError(f"`{field.name}` must be finite, got {value}")
    for name in ("steps", "batch_size", "n_critic", "latent_dim", "pack", "accumulate"):
        if getattr(changed, name) < 1:
            raise ValueError(f"`{name}` must be at least 1, got {getattr(changed, name)}")
    if changed.batch_size % changed.pack:
        raise ValueError(
            f"`batch_size` must be a multiple of `pack`, {changed.pack}, got {changed.batch_size}"
        )
    if changed.accumulate > 1:
        _check_parts(changed)
    if len(changed.learning_rates) != 2 or any(not rate > 0 for rate in changed.learning_rates):
        raise ValueError(f"`learning_rates` must be positive, one each, got {changed.learning_rates}")
    if not changed.instance_noise >= 0:
        raise ValueError(f"`instance_noise` must be at least 0, got {changed.instance_noise}")
    if len(changed.betas) != 2 or any(not 0 <= beta < 1 for beta in changed.betas):
        raise ValueError(f"`betas` must be two numbers in [0, 1), got {changed.betas}")
    if changed.ema is not None and not 0 <= changed.ema < 1:
        raise ValueError(f"`ema` must be in [0, 1), got {changed.ema}")
    if changed.ema_batches < 0:
        raise ValueError(f"`ema_batches` must be at least 0, got {changed.ema_batches}")
    if changed.ema_batches and changed.ema is None:
        raise ValueError(f"`ema_batches` must be 0 where `ema` is none, got {changed.ema_batches}")
    if changed.clip is not None and not changed.clip > 0:
        raise ValueError(f"`clip` must be positive, got {changed.clip}")
    for name in ("mixing", "growing"):
        if not 0 <= getattr(changed, name) <= 1:
            raise ValueError(f"`{name}` must be in [0, 1], got {getattr(changed, name)}")
    if changed.mapping < 0:
        raise ValueError(f"`mapping` must be at least 0, got {changed.mapping}")
    if changed.bf16 and changed.float64:
        raise ValueError("`bf16` needs networks in float32: `float64` must be off")
    if changed.unroll and not (changed.unroll[0] >= 1 and changed.unroll[1] > 0):
        raise ValueError(f"`unroll` must be at least one step and a positive rate, got {changed.unroll}")


def _numbers(value: Any) -> Iterator[float]:
    """The numbers of a setting, which may be a tuple of tuples."""
    if isinstance(value, tuple):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, (int, float)):
        yield value


def _check_parts(changed: Any) -> None:
    """Refuse what is not the same for a batch taken in parts, as far as names and numbers tell."""
    smallest = changed.accumulate * changed.pack
    if changed.batch_size % smallest:
        times = f" x `pack`, {changed.pack}" if changed.pack > 1 else ""
        raise ValueError(
            f"`batch_size` must be a multiple of `accumulate`, {changed.accumulate}{times}, "
            f"got {changed.batch_size}"
        )
    for name in ("unroll", "spectral_norm", "minibatch_std"):
        if getattr(changed, name):
            raise ValueError(
                f"`accumulate` must be 1 beside `{name}`, which is not the same for a batch in parts, "
                f"got {changed.accumulate}"
            )


def check_normalised(changed: Any) -> None:
    """Raise `ValueError` where the discriminator of `changed` cannot have spectral normalisation.

    >>> from ganlab.experiments import EXPERIMENTS
    >>> from dataclasses import replace
    >>> check_normalised(replace(EXPERIMENTS["ring"], spectral_norm=True, clip=0.1))
    Traceback (most recent call last):
    ValueError: `clip` must be left out beside `spectral_norm`, which makes up for it, got 0.1
    """
    if facts.table("networks")[changed.network]["starts_at_zero"]:
        raise ValueError(
            f"`spectral_norm` must be left out for the network {changed.network}: layers of its "
            "discriminator start at zero, and have no norm to be divided by"
        )
    if changed.clip:
        raise ValueError(
            f"`clip` must be left out beside `spectral_norm`, which makes up for it, got {changed.clip}"
        )


def check_smoothing(changed: Any) -> None:
    """Raise `ValueError` where the loss of `changed` has no labels, or they cannot be so smooth.

    >>> from ganlab.experiments import EXPERIMENTS
    >>> from dataclasses import replace
    >>> check_smoothing(replace(EXPERIMENTS["ring"], smoothing=1.0))
    Traceback (most recent call last):
    ValueError: `smoothing` must be in [0, 1), got 1.0
    """
    smoothed = [name for name, told in facts.table("losses").items() if told["logistic"]]
    if changed.loss not in smoothed:
        raise ValueError(
            f"`loss` must be one of {', '.join(smoothed)} to have labels that can be smoothed, "
            f"got {changed.loss}"
        )
    if not 0 <= changed.smoothing < 1:
        raise ValueError(f"`smoothing` must be in [0, 1), got {changed.smoothing}")
    if not 0 <= changed.fake_label < 1 - changed.smoothing:
        raise ValueError(
            f"`fake_label` must be at least 0 and below the real label, {1 - changed.smoothing:g}, "
            f"got {changed.fake_label}"
        )
