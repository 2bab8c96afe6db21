"""First-order rules by which a player takes a step: Adam, gradient descent, RMSprop.

Each rule exists twice. One network is stepped by PyTorch's own optimizer, fused where there is one; the
stacked networks of many seeds are stepped by the rule as a function of its state, which `torch.func` and
`torch.compile` can follow. The tests hold the two to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["OPTIMIZERS", "Optimizer", "Stepped", "adam", "rmsprop", "sgd"]

EPS = 1e-8  # the default of torch.optim, of Adam and of RMSprop

Slots = dict[str, Tensor]


class Stepped(NamedTuple):
    """A weight after a step, and what the rule remembers of it."""

    weight: Tensor
    slots: Slots


@dataclass(frozen=True)
class Optimizer:
    """A rule with its settings: `name`, `settings`, PyTorch's optimizer of it, and the rule as a function.

    `of(parameters, rate)` is the optimizer of PyTorch. `slots` are the names under which it remembers
    something the size of a weight. `step(weight, gradient, slots, count, rate)` returns the weight and the
    slots after the step of that number, counted from 1; `count` and `rate` are scalar tensors. Two rules are
    equal where their names and settings are.

    >>> adam((0.5, 0.999)) == adam((0.5, 0.999)), adam((0.5, 0.999)) == adam((0.0, 0.9))
    (True, False)
    """

    name: str
    settings: tuple[float, ...]
    slots: tuple[str, ...]
    of: Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]
    step: Callable[[Tensor, Tensor, Slots, Tensor, Tensor], Stepped]

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Optimizer) and (self.name, self.settings) == (other.name, other.settings)

    def __hash__(self) -> int:
        return hash((self.name, self.settings))


def adam(betas: tuple[float, float] = (0.5, 0.999)) -> Optimizer:
    """Adam: a step of the size of the rate along the mean gradient over its root mean square.

    m and v are running means of the gradient and of its square with decays `betas`, freed of their bias
    towards 0; the weight moves by -rate m / (sqrt(v) + 1e-8).

    Raises `ValueError` where a decay is outside [0, 1).
    Source: Kingma & Ba 2015, algorithm 1 [kingma2015].

    >>> weight = torch.zeros(1, requires_grad=True)
    >>> rule = adam().of([weight], 0.1)
    >>> (5 * weight).sum().backward()
    >>> rule.step()
    >>> round(weight.item(), 6)  # the first step is as long as the rate
    -0.1
    """
    if any(not 0 <= beta < 1 for beta in betas):
        raise ValueError(f"`betas` must be in [0, 1), got {betas}")

    def of(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=rate, betas=betas, fused=True)

    def step(weight: Tensor, gradient: Tensor, slots: Slots, count: Tensor, rate: Tensor) -> Stepped:
        first_scale, second_scale = (1 - beta**count for beta in betas)
        first = torch.lerp(slots["exp_avg"], gradient, 1 - betas[0])
        second = betas[1] * slots["exp_avg_sq"] + (1 - betas[1]) * gradient.square()
        scale = (second / second_scale.to(gradient.dtype)).sqrt() + EPS
        moved = weight - (rate / first_scale).to(gradient.dtype) * first / scale
        return Stepped(moved, {"exp_avg": first, "exp_avg_sq": second})

    return Optimizer("adam", tuple(betas), ("exp_avg", "exp_avg_sq"), of, step)


def sgd() -> Optimizer:
    """Gradient descent on the loss of a batch: the weight moves by -rate times the gradient.

    Source: Robbins & Monro 1951 [robbins1951].

    >>> weight = torch.zeros(1, requires_grad=True)
    >>> rule = sgd().of([weight], 0.1)
    >>> (5 * weight).sum().backward()
    >>> rule.step()
    >>> weight.item()
    -0.5
    """

    def of(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=rate)

    def step(weight: Tensor, gradient: Tensor, slots: Slots, count: Tensor, rate: Tensor) -> Stepped:
        return Stepped(weight - rate.to(gradient.dtype) * gradient, {})

    return Optimizer("sgd", (), (), of, step)


def rmsprop(alpha: float = 0.99) -> Optimizer:
    """RMSprop: the gradient over the root of its running mean square, without a running mean of its own.

    v is the running mean of the squared gradient with decay `alpha`, which begins at 0; the weight moves by
    -rate g / (sqrt(v) + 1e-8). It is the rule of the first Wasserstein GAN.

    Raises `ValueError` where `alpha` is outside [0, 1).
    Source: Tieleman & Hinton 2012 [tieleman2012]; Arjovsky et al. 2017, algorithm 1 [arjovsky2017wgan].

    >>> weight = torch.zeros(1, requires_grad=True)
    >>> rule = rmsprop(0.75).of([weight], 0.1)
    >>> (5 * weight).sum().backward()
    >>> rule.step()
    >>> round(weight.item(), 6)  # v is a quarter of the square
    -0.2
    """
    if not 0 <= alpha < 1:
        raise ValueError(f"`alpha` must be in [0, 1), got {alpha}")

    def of(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, lr=rate, alpha=alpha)

    def step(weight: Tensor, gradient: Tensor, slots: Slots, count: Tensor, rate: Tensor) -> Stepped:
        square = alpha * slots["square_avg"] + (1 - alpha) * gradient.square()
        return Stepped(
            weight - rate.to(gradient.dtype) * gradient / (square.sqrt() + EPS), {"square_avg": square}
        )

    return Optimizer("rmsprop", (alpha,), ("square_avg",), of, step)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"adam": adam, "sgd": sgd, "rmsprop": rmsprop}
"""The rules by name; each is called with its settings.

>>> OPTIMIZERS["sgd"]().name
'sgd'
"""
