"""What one step of a rule makes of an eigenvalue of the game, and which step sizes a spectrum allows.

Near an equilibrium a game is linear, dz/dt = J z. A rule that both players follow at once multiplies an
eigenvector of J by factors that depend on the product of the step size and the eigenvalue alone, the **move**
m = h κ. The exact motion over the time h has the factor e^m. Where all factors of all eigenvalues are inside
the unit circle, the step brings the players closer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["MULTIPLIED", "StepChoice", "choose_step", "multipliers"]

MULTIPLIED = ("simultaneous", "extragradient", "optimistic", "heavy_ball", "flow")
"""The rules whose factors are functions of the move alone; players in turns are not among them.

>>> [name for name in MULTIPLIED if len(multipliers(name, 0.1j)) == 2]
['optimistic', 'heavy_ball']
"""

_GRID = np.geomspace(1e-4, 10.0, 2001)  # steps that are tried, times the largest modulus of an eigenvalue
_GOLDEN = (5**0.5 - 1) / 2


def multipliers(rule: str, moves: Tensor | complex, *, momentum: float = 0.5) -> Tensor:
    """The factors (..., r) of one step, largest modulus first, for `moves` m = h κ (...).

    With r = 1: 1 + m for `simultaneous`, 1 + m + m^2 for `extragradient`, e^m for `flow`. With r = 2, since
    the rule has a memory: the roots of x^2 - (1 + 2 m) x + m for `optimistic`, of x^2 - (1 + β + m) x + β
    for `heavy_ball`, where β is the `momentum`.

    Raises `ValueError` for a rule that is not in `MULTIPLIED`.
    Source: Gidel et al. 2019, section 3 [gidel2019]; Mokhtari et al. 2020 [mokhtari2020].

    >>> multipliers("extragradient", 0.5j).tolist()  # 1 - 1/4 + i/2
    [(0.75+0.5j)]
    """
    m = torch.as_tensor(moves).to(torch.complex128)
    if rule not in MULTIPLIED:
        raise ValueError(f"`rule` must be one of {', '.join(MULTIPLIED)}, got {rule!r}")
    if rule == "optimistic":
        return _roots(1 + 2 * m, m)
    if rule == "heavy_ball":
        return _roots(1 + momentum + m, torch.full_like(m, momentum))
    single = {"simultaneous": 1 + m, "extragradient": 1 + m + m * m, "flow": m.exp()}
    return single[rule][..., None]


def _roots(total: Tensor, product: Tensor) -> Tensor:
    """The roots (..., 2) of x^2 - total x + product, largest modulus first.

    The second is the product by the first: their difference would lose digits where they are far apart.
    """
    root = (total * total - 4 * product).sqrt()
    sign = torch.where((total.conj() * root).real < 0, -1.0, 1.0)
    first = (total + sign * root) / 2
    second = torch.where(first.abs() > 0, product / torch.where(first.abs() > 0, first, 1), 0)
    return torch.stack([first, second], -1)


class StepChoice(NamedTuple):
    """Step sizes that a spectrum allows: below `largest` the players come closer, fastest at `best`.

    `factor`: by which the distance shrinks in the long run in one step of the best size. Where no small step
    is attracted, `largest` and `best` are 0 and `factor` is 1; where every step is, `largest` is infinite.
    """

    largest: float
    best: float
    factor: float


def choose_step(
    eigenvalues: Tensor, rule: str = "simultaneous", *, momentum: float = 0.5, bound: float | None = None
) -> StepChoice:
    """The largest and the best step size of `rule` for a game with these `eigenvalues` (n,), none of them 0.

    The largest is the first at which a factor reaches the unit circle, for `simultaneous` the least of
    -2 Re κ / |κ|^2; the best makes the largest modulus of all factors as small as it can be before that. Both
    are found by trying 2001 sizes up to `bound`, 10 / max |κ| unless given, and refining.

    Raises `ValueError` where there are no eigenvalues or one is 0, whose factor is 1 at every step.

    >>> choice = choose_step(torch.tensor([-0.25 + 0.5j, -0.25 - 0.5j]))
    >>> print(f"{choice.largest:.4f} {choice.best:.4f} {choice.factor:.4f}")
    1.6000 0.8000 0.8944
    """
    values = torch.as_tensor(eigenvalues).flatten().to(torch.complex128)
    size = values.abs().max().item() if len(values) else 0.0
    if not len(values) or not bool((values.abs() > 0).all()):
        raise ValueError(f"`eigenvalues` must be one or more numbers, none of them 0, got {values.tolist()}")

    def radius(steps: Tensor) -> Tensor:
        return multipliers(rule, steps[:, None] * values, momentum=momentum).abs().flatten(1).amax(1)

    tried = torch.from_numpy(_GRID) * ((bound or 10 / size) / _GRID[-1])
    found = radius(tried)
    outside = (found >= 1).nonzero()
    end = int(outside[0]) if len(outside) else len(tried)
    if end == 0:
        return StepChoice(0.0, 0.0, 1.0)
    largest = _crossing(radius, tried[end - 1], tried[end]) if len(outside) else float("inf")
    place = int(found[:end].argmin())
    low = tried[max(place - 1, 0)].item()
    high = min(tried[min(place + 1, len(tried) - 1)].item(), largest)
    best = _lowest(radius, low, high)
    return StepChoice(largest, best, _at(radius, best))


def _at(radius, step: float) -> float:
    return radius(torch.tensor([step], dtype=torch.float64)).item()


def _crossing(radius, low: Tensor, high: Tensor) -> float:
    """Where the radius reaches 1 between a step that is inside and one that is not, by bisection."""
    inside, outside = low.item(), high.item()
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if _at(radius, middle) < 1 else (inside, middle)
    return (inside + outside) / 2


def _lowest(radius, low: float, high: float) -> float:
    """Where the radius is least between two steps, by golden sections."""
    for _ in range(60):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if _at(radius, left) < _at(radius, right) else (left, high)
    return (low + high) / 2
