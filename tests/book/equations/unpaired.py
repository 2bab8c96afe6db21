"""What the chapter on unpaired translation claims: each equation, as printed, against another source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import torch

from equations import Equation, proved
from equations.reading import holds, strictly, touches
from ganlab import data, losses
from ganlab.training.translation import Crossing, translators_objective

# The cycle


def the_cycle(latex: str) -> bool:
    """The package's cycle error of one-number samples, each of which is drawn equally often."""
    x, y = torch.tensor([[0.3], [1.1], [-2.0]]).double(), torch.tensor([[0.7], [4.0]]).double()
    for slope, bend in ((2.0, 0.5), (-1.5, -0.2)):

        def there(z: Any, slope: float = slope) -> Any:
            return slope * z + 1

        def back(z: Any, bend: float = bend) -> Any:
            return bend * z * z - 0.4

        networks: dict[str, Any] = {"there": there, "back": back}
        networks |= {name: lambda z: 0 * z[:, 0] for name in ("source_critic", "target_critic")}
        drawn = Crossing(x, y, None, torch.zeros(3).double())
        found = translators_objective(networks, drawn, losses.non_saturating)[1]["cycle"]
        p, q = ([(1 / len(z), value) for value in z.flatten().tolist()] for z in (x, y))
        assert holds(latex, C=float(found), p=p, q=q, G=there, F=back)
    return True


def no_trace(latex: str) -> bool:
    """With maps of the line whose inverse is known in closed form, between others that are no inverses."""
    for x in map(mpmath.mpf, ("0.3", "-1.7", "4")):
        there, back = (lambda z: 3 * z - 1), (lambda z: z * z + 2)
        assert holds(latex, x=x, G=there, F=back, S=mpmath.sinh, U=mpmath.asinh)
        assert holds(latex, x=x, G=there, F=back, S=lambda z: 5 - z, U=lambda z: 5 - z)
    return True


# Symmetries


def polygon(n: int) -> np.ndarray:
    return np.exp(2j * np.pi * np.arange(n) / n)


def symmetric_orders(n: int, weights: tuple[float, ...] | None = None) -> list[tuple[int, ...]]:
    """All orders of the corners that keep every distance, and every weight, by trying all of them."""
    corners = polygon(n)
    apart = abs(corners[:, None] - corners)
    kept = np.ones(n) if weights is None else np.array(weights)
    found = []
    for order in itertools.permutations(range(n)):
        new = list(order)
        if np.allclose(apart[np.ix_(new, new)], apart) and np.allclose(kept[new], kept):
            found.append(order)
    return found


def how_many(latex: str) -> bool:
    """All orders of three to six corners are tried; those that keep the distances are counted."""
    return all(holds(latex, N=len(symmetric_orders(n)), n=n) for n in (3, 4, 5, 6))


def one_blob_alone(latex: str) -> bool:
    """All choices of some blobs are listed, and those counted that are all the same."""
    for n, k in ((5, 1), (5, 2), (5, 4), (3, 5)):
        choices = list(itertools.product(range(n), repeat=k))
        same = sum(len(set(choice)) == 1 for choice in choices)
        assert holds(latex, P=mpmath.mpf(same) / len(choices), k=k, n=n)
    return True


def ring_move(turn: float, stretch: tuple[float, float], flip: bool = False) -> float:
    """The mean squared move of a ring of five, from its centres and the variance inside a blob."""
    rings = data.turned_rings(turn, stretch=stretch)
    points = rings.source.centers.numpy()
    angle = math.radians(turn)
    matrix = np.diag(stretch) @ [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix = matrix @ np.diag([1, -1]) if flip else matrix
    change = matrix - np.eye(2)
    between = ((points @ change.T) ** 2).sum(1).mean()
    return float(between + rings.source.std**2 * (change**2).sum())


SPREAD = 0.5 + 0.05**2  # E[x_1^2] on the ring of radius one


def the_move_of_a_turn(latex: str) -> bool:
    """The centres of a ring of five are moved one by one; the blobs add their own variance."""
    for turn, stretch in ((36.0, (1.5, 0.75)), (-52.0, (1.5, 0.75)), (110.0, (0.5, 2.0)), (0.0, (1.0, 3.0))):
        known = {"a": stretch[0], "b": stretch[1], "varphi": math.radians(turn), "cos": mpmath.cos}
        assert holds(latex, M=ring_move(turn, stretch), c=SPREAD, **known)
    return proved("move_of_a_map")


# The wall


def alone(latex: str) -> bool:
    """An equality where the loss falls, strict where it rises; and both sides by their definition."""
    for a, weight in ((1.3, 10.0), (-2.0, 0.5), (30.0, 10.0)):
        downhill = -math.copysign(0.4, a)
        assert touches(latex, a=a, u=downhill, **{"lambda": weight})
        assert strictly(latex, a=a, u=-downhill, **{"lambda": weight})
    return proved("translator_alone")


def together(latex: str) -> bool:
    """The package's cycle error of two shifts that cancel, and the two linear losses."""
    x, y = torch.tensor([[0.2], [1.0]]).double(), torch.tensor([[3.0], [5.0]]).double()
    for a, b, u, weight in ((1.0, -0.5, 0.3, 10.0), (0.7, 2.0, -1.1, 3.0)):
        networks: dict[str, Any] = {"there": lambda z, u=u: z + u, "back": lambda z, u=u: z - u}
        networks |= {name: lambda z: 0 * z[:, 0] for name in ("source_critic", "target_critic")}
        drawn = Crossing(x, y, None, torch.zeros(3).double())
        cycle = float(translators_objective(networks, drawn, losses.non_saturating)[1]["cycle"])
        assert holds(latex, J=a * u + b * -u + weight * cycle, a=a, b=b, u=u)
    return proved("start_together")


# Exercises


def nearest_turn(turn: float, n: int = 5) -> float:
    """By trying all turns by corners."""
    turns = [(turn + 360 / n * j + 180) % 360 - 180 for j in range(n)]
    return min(turns, key=abs)


def number_of(order: tuple[int, ...]) -> int:
    """The number of an order among all symmetric ones, turns first; -1 for none."""
    n = len(order)
    if order not in symmetric_orders(n):
        return -1
    return order[0] if order[1] == (order[0] + 1) % n else n + order[0]


def agreeing(known: list[int], n: int) -> int:
    """How many symmetric orders leave these corners where they are."""
    return sum(all(order[k] == k for k in known) for order in symmetric_orders(n))


def least_moved(turn: float, stretch: tuple[float, float], n: int) -> int:
    """By the moves of all symmetric maps, with the corners moved one by one."""
    corners = polygon(n)
    points = np.stack([corners.real, corners.imag], 1)
    angle = math.radians(turn)
    matrix = np.diag(stretch) @ [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    moves = {}
    for order in symmetric_orders(n):
        moves[number_of(order)] = ((points[list(order)] @ matrix.T - points) ** 2).sum(1).mean()
    return min(moves, key=moves.__getitem__)


ORDERS = ([1, 2, 3, 4, 0], [0, 4, 3, 2, 1], [0, 2, 4, 1, 3], [2, 1, 0], [3, 2, 1, 0])
KNOWN = (([], 5), ([0], 5), ([2, 2, 2], 5), ([0, 3], 5), ([0, 3], 6))
TURNS = ((20.0, (1.0, 1.0), 5), (50.0, (1.0, 1.0), 5), (-100.0, (1.0, 1.0), 5), (50.0, (1.5, 0.75), 5))

Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [len(symmetric_orders(5, (2, 1, 1, 1, 1))), len(symmetric_orders(5)), 1],
    "2": lambda: [1 - mpmath.mpf(1) / 5**2, 1 - mpmath.mpf(1) / 5**3, mpmath.mpf(1) / 5**2],
    "3": lambda: [nearest_turn(50.0), 50, -nearest_turn(50.0), 50 - 36],
    "5": lambda: [2 * 10, 10, 10 / 2],
    "6": lambda: [[number_of(tuple(order)) for order in ORDERS], [1, 5, -1, 2, 3], [1, 5, 5, 5, 7]],
    "7": lambda: [[agreeing(*known) for known in KNOWN], [10, 1, 1, 1, 1], [10, 2, 2, 1, 1]],
    "12": lambda: [[least_moved(*turn) for turn in TURNS], [0, 0, 0, 0], [0, 1, 4, 1]],
}
QUIZ: dict[str, Check] = {
    "how-many-maps": lambda: [len(symmetric_orders(6)), 6, math.factorial(6)],
    "order-the-knowledge": lambda: [
        agreeing([0, 3], 5),
        agreeing([0], 5),
        sum(number_of(order) < 5 for order in symmetric_orders(5)),
        len(symmetric_orders(5)),
    ],
}
SAID: dict[str, Check] = {}

EQUATIONS = [
    Equation(
        "unp-cycle",
        r"C = \mathbb{E}_{x \sim p}[|F(G(x)) - x|] + \mathbb{E}_{y \sim q}[|G(F(y)) - y|]",
        the_cycle,
    ),
    Equation("unp-free", r"F(U(S(G(x)))) = F(G(x))", no_trace),
    Equation("unp-count", r"N = 2 n", how_many),
    Equation("unp-pairs", r"P = n^{1 - k}", one_blob_alone),
    Equation(
        "unp-move",
        r"M = c (a^{2} + b^{2} + 2 - 2 (a + b) \cos(\varphi))",
        the_move_of_a_turn,
    ),
    Equation("unp-alone", r"(2 \lambda - |a|) \cdot |u| \le a u + 2 \lambda \cdot |u|", alone),
    Equation("unp-together", r"J = (a - b) u", together),
]
