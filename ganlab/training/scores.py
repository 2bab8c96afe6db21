"""Whether a discriminator's scores can be what its loss takes them for.

Every loss takes raw scores; a logistic one applies the sigmoid itself. A discriminator that ends in a sigmoid
still trains, its losses look healthy, and the generator learns from slopes that are a quarter of what they
should be, or none. So a `GAN` looks before it is built: at the last module, and at the scores themselves.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganlab.losses import GANLoss

__all__ = ["check_scores"]

SQUASHING: dict[type[nn.Module], tuple[float, float]] = {
    nn.Sigmoid: (0.0, 1.0),
    nn.Hardsigmoid: (0.0, 1.0),
    nn.Softmax: (0.0, 1.0),
    nn.Tanh: (-1.0, 1.0),
    nn.Softsign: (-1.0, 1.0),
    nn.LogSigmoid: (-math.inf, 0.0),
}
"""The modules that squash what they are given, each with the interval that it squashes into.

>>> SQUASHING[nn.Tanh]
(-1.0, 1.0)
"""

_FACTORS = (10.0, 1e3, 1e5)  # so that weights may be small, as at a start or after clipping
_FAR, _PROBES = 1e4, 16


def check_scores(
    discriminator: nn.Module, loss: GANLoss, shape: tuple[int, ...], labels: Tensor | None = None
) -> None:
    """Refuse a discriminator whose scores are squashed before a loss that wants them raw.

    A least-squares score may be squashed into an interval that holds its targets, 1 and 0; a logit, or a
    score without an origin, into none. `shape`: of what the discriminator judges. `labels`: (1,), for a
    conditional one.

    Raises `ValueError` where what it returns is the output of a module in `SQUASHING`; warns, naming the
    interval, where scores stay within (0, 1) or (-1, 1) however large its weights and what it sees are.

    >>> from ganlab.losses import least_squares, non_saturating
    >>> nets = nn.Linear(2, 1), nn.Flatten(0), nn.Sigmoid()
    >>> check_scores(nn.Sequential(*nets), least_squares, (2,))
    >>> check_scores(nn.Sequential(*nets), non_saturating, (2,))
    Traceback (most recent call last):
    ValueError: `discriminator` must return raw scores for the non_saturating loss, got one that ends in a
    Sigmoid: leave it out
    """
    weight = next(discriminator.parameters(), torch.zeros(()))
    noise = torch.randn(_PROBES, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    probe = noise.to(weight)
    rest = () if labels is None else (labels[:1].expand(_PROBES),)
    with torch.no_grad(), _evaluating(discriminator):
        last = _last_module(discriminator, (probe, *rest))
        if last and not _holds(SQUASHING[type(last)], loss):
            raise ValueError(
                f"`discriminator` must return raw scores for the {loss.name} loss, got one that ends in a "
                f"{type(last).__name__}: leave it out"
            )
        scores = [_scores(discriminator, factor, (_FAR * probe, *rest)) for factor in _FACTORS]
    kept = [score for score in scores if bool(score.isfinite().all())]
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        if kept and all(low <= score.min() < score.max() <= high for score in kept):
            if not _holds((low, high), loss):
                warnings.warn(
                    f"`discriminator` must return raw scores for the {loss.name} loss, and seems to squash "
                    f"them: they lie in [{low:g}, {high:g}] however large its weights are",
                    stacklevel=2,
                )
            return


def _scores(network: nn.Module, factor: float, arguments: tuple[Tensor, ...]) -> Tensor:
    """The scores of a network whose weights are all so many times larger."""
    large = {name: factor * value for name, value in network.named_parameters()}
    return functional_call(network, large, arguments)


def _holds(interval: tuple[float, float], loss: GANLoss) -> bool:
    """Whether scores in the interval can reach all that the loss asks for."""
    return loss.targets is not None and all(interval[0] <= end <= interval[1] for end in loss.targets)


def _last_module(network: nn.Module, arguments: tuple[Tensor, ...]) -> nn.Module | None:
    """The squashing module whose output is what the network returns, if there is one."""
    outputs: list[tuple[nn.Module, Tensor]] = []

    def keep(module: nn.Module, _: Any, output: Tensor) -> None:
        outputs.append((module, output))

    hooks = [module.register_forward_hook(keep) for module in network.modules() if type(module) in SQUASHING]
    try:
        scores = network(*arguments)
    finally:
        for hook in hooks:
            hook.remove()
    same = (
        module
        for module, output in outputs
        if output.numel() == scores.numel() and bool((output.flatten() == scores.flatten()).all())
    )
    return next(same, None)


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """A context in which the network is in evaluation mode; afterwards each module is as it was."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
