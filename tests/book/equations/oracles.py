"""Divergences of finite laws by their definitions: nothing is normalised, and an outcome may have no mass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import entr, expit, rel_entr

__all__ = [
    "entropies",
    "entropy",
    "information",
    "jsd",
    "kl",
    "least",
    "of_laws",
    "only",
    "pairs",
    "tv",
    "vector",
]


def vector(law: Any) -> np.ndarray:
    """A law as floating-point numbers, whatever arithmetic the display did on it; no mass is negative."""
    numbers = np.asarray(law, dtype=float)
    if (numbers < 0).any():
        raise ValueError(f"no law: {numbers}")
    return numbers


def kl(p: Any, q: Any) -> float:
    return float(rel_entr(vector(p), vector(q)).sum())


def jsd(p: Any, q: Any) -> float:
    middle = (vector(p) + vector(q)) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


def tv(p: Any, q: Any) -> float:
    return float(np.abs(vector(p) - vector(q)).sum() / 2)


def entropy(p: Any) -> float:
    return float(entr(vector(p)).sum())


def of_laws(divergence: Callable[[Any, Any], float]) -> Callable[[Any, Any], float]:
    """The same divergence, but no number where one of the two has not the mass one."""

    def known(p: Any, q: Any) -> float:
        return divergence(p, q) if np.allclose([vector(p).sum(), vector(q).sum()], 1) else float("nan")

    return known


def pairs(count: int = 5, outcomes: int = 4) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Random pairs of laws; then laws without mass here and there, equal ones and disjoint ones."""
    rng = np.random.default_rng(0)
    for sharpness in (1.0, 0.1, 10.0):
        for _ in range(count):
            p, q = rng.dirichlet(np.full(outcomes, sharpness), 2)
            yield p, q
    left, right = np.arange(outcomes) < outcomes - 1, np.arange(outcomes) > 0
    yield p * left / (p @ left), q
    yield p, q * right / (q @ right)
    yield p * left / (p @ left), q * right / (q @ right)
    yield p, p
    far = np.arange(outcomes) < outcomes // 2
    yield p * far / (p @ far), q * ~far / (q @ ~far)


def only(value: Any, *arguments: Any) -> Callable[..., Any]:
    """A function that is known at these arguments alone, and elsewhere no number."""
    return lambda *given: (
        value
        if len(given) == len(arguments) and all(a is b for a, b in zip(given, arguments, strict=True))
        else float("nan")
    )


def entropies(joint: np.ndarray) -> Callable[..., float]:
    """H of the label "Y", of the sample "X", and of one given the other; the rows of the table are labels."""
    known = {"Y": entropy(joint.sum(1)), "X": entropy(joint.sum(0))}

    def h(*given: str) -> float:
        return known[given[0]] if len(given) == 1 else entropy(joint.ravel()) - known[given[1]]

    return h


def information(value: float) -> Callable[..., float]:
    """What the sample "X" and the label "Y" tell of each other, in either order."""
    return lambda *given: value if sorted(given) == ["X", "Y"] else float("nan")


def least(of: Callable[[np.ndarray], Any], count: int) -> float:
    """The least value over so many answers, each of which has a term of its own, convex in its logit.

    Each is searched for by itself between -30 and 30. What does not depend on the answers has no least value.
    """
    logits = np.full(count, 0.3)
    start = float(of(expit(logits)))
    for i in range(count):

        def at(a: float, i: int = i) -> float:
            return float(of(expit(np.where(np.arange(count) == i, a, logits))))

        logits[i] = minimize_scalar(at, bounds=(-30, 30), method="bounded", options={"xatol": 1e-12}).x
    found = float(of(expit(logits)))
    assert found < start, f"a least value that is the same for all answers does not hold: {found}"
    return found
