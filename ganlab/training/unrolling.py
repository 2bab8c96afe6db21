"""A discriminator that the generator sees some of its own steps ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.func import grad

from ganlab.training.players import Network, Weights

__all__ = ["Unroll", "unrolled"]


@dataclass(frozen=True)
class Unroll:
    """A discriminator that the generator sees `steps` gradient steps ahead, each of size `rate`.

    The generator descends its loss against D_k, where D_0 is the discriminator and D_{i+1} = D_i - rate times
    the gradient of the discriminator's objective, on the draw of the generator's step. Its gradient goes
    through those steps; the discriminator itself stays where it is. The steps are plain descent, so that
    `rate` is a learning rate without Adam's scaling.

    Raises `ValueError` where `steps` is below 1 or `rate` is not positive.
    Source: Metz et al. 2017, eqs. 5 to 8 [metz2017].

    >>> Unroll(1, 0.1)
    Unroll(steps=1, rate=0.1)
    """

    steps: int
    rate: float

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {self.steps}")
        if not self.rate > 0:
            raise ValueError(f"`rate` must be positive, got {self.rate}")


def unrolled(network: Network, objective: Callable[[Network], Tensor], unroll: Unroll) -> Network:
    """The network as it would be after the steps of `unroll` down `objective`, with its graph to it.

    Each step is weights - rate * gradient of `objective(network)`, a scalar that is the same function at each
    step. Pure.

    Source: Metz et al. 2017, eqs. 5 to 8 [metz2017].

    >>> import torch
    >>> critic = Network(torch.nn.Linear(1, 1, bias=False)).at({"weight": torch.zeros(1, 1)})
    >>> def rise(critic): return critic(torch.ones(1, 1)).mean() - critic(torch.full((4, 1), 3.0)).mean()
    >>> ahead = unrolled(critic, rise, Unroll(2, 0.1))
    >>> print(f"{ahead(torch.ones(1, 1)).item():.6f}")  # two steps of 0.1 up the slope 3 - 1
    0.400000
    """

    def at(weights: Weights) -> Tensor:
        return objective(network.at(weights))

    weights = network.weights
    for _ in range(unroll.steps):
        slopes = grad(at)(weights)
        weights = {name: value - unroll.rate * slopes[name] for name, value in weights.items()}
    return network.at(weights)
