"""What the chapter on classes claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import norm, truncnorm

from equations import Equation, proved
from equations.oracles import entropies, entropy, jsd
from equations.reading import holds

LABELS = {"X": "X", "Y": "Y"}


def joints() -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of joint laws of three classes (rows) and four places, some cells without mass."""
    rng = np.random.default_rng(3)
    found = [tuple(rng.dirichlet(np.full(12, sharp), 2).reshape(2, 3, 4)) for sharp in (1.0, 0.3, 5.0)]
    p, q = found[0]
    sparse = p * (rng.random((3, 4)) < 0.7)
    return [*found, (sparse / sparse.sum(), q), (p, p)]


def the_gap(latex: str) -> bool:
    """By the entropies of the tables themselves, for the pairs, the samples and the fair mixture."""
    for p, q in joints():
        known = {"H_p": entropies(p), "H_q": entropies(q), "H_m": entropies((p + q) / 2)}
        marginals = {"p": p.sum(0), "q": q.sum(0)}
        assert holds(latex, JSD=jsd, p_xy=p, q_xy=q, **marginals, **known, **LABELS)
    return proved("divergence_of_pairs")


def density(joint: np.ndarray) -> Callable[..., float]:
    """p(x), p(x, y) and p(y | x) of a table; places are numbers and classes texts, so that each is known."""
    rows = {name: row for row, name in enumerate("abc")}

    def p(*given: Any) -> float:
        if len(given) == 1:
            return joint[:, given[0]].sum() if not isinstance(given[0], str) else float("nan")
        if isinstance(given[0], str):
            label, place = given
            return joint[rows[label], place] / joint[:, place].sum()
        place, label = given
        return joint[rows[label], place]

    return p


def the_split(latex: str) -> bool:
    for p, q in joints()[:3]:
        for x in range(4):
            for y in "abc":
                assert holds(latex, x=x, y=y, p_data=density(p), p_g=density(q))
    return proved("log_ratio_of_pairs")


def the_projection(latex: str) -> bool:
    """The log-ratio of two tables whose classifiers are softmaxes of linear scores of two features."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(2, 4))
    tables, norms, weights = [], [], []
    for _ in range(2):
        w, marginal = rng.normal(size=(3, 2)), rng.dirichlet(np.ones(4))
        scores = w @ features
        norms.append(logsumexp(scores, axis=0))
        weights.append(w)
        tables.append(np.exp(scores - norms[-1]) * marginal)
    p, q = tables
    aside = np.log(p.sum(0) / q.sum(0)) - norms[0] + norms[1]
    vectors = weights[0] - weights[1]
    for x in range(4):
        for y in range(3):
            known = {
                "f*": lambda x, y: float(np.log(p[y, x] / q[y, x])),
                "psi": lambda x: aside[x],
                "v": [lambda y, j=j: vectors[y, j] for j in range(2)],
                "phi": [lambda x, j=j: features[j, x] for j in range(2)],
            }
            assert holds(latex, x=x, y=y, n=2, **known)
    return proved("projection_score")


def coins(a: Any, b: Any) -> Any:
    """Twice the Jensen-Shannon divergence of two coins, in mpmath."""

    def part(p: Any, q: Any) -> Any:
        middle = (p + q) / 2
        return p * mpmath.log(p / middle) + q * mpmath.log(q / middle)

    return part(a, b) + part(1 - a, 1 - b)


def least_share(a: float, weight: float) -> float:
    """Where twice the divergence and the price of ambiguous samples are least, by its numeric slope."""

    def slope(b: float) -> float:
        with mpmath.workdps(30):
            return float(mpmath.diff(lambda b: coins(mpmath.mpf(a), b) + weight * (1 - b) * mpmath.log(2), b))

    return brentq(slope, 1e-9, 1 - 1e-12, xtol=1e-14)


def gain(a: float, b: float, weight: float) -> float:
    """What the non-saturating generator loses by a step of mass from shared to own modes."""
    own, shared = a / (a + b), (1 - a) / (2 - a - b)
    return -np.log(own) + np.log(shared) - weight * np.log(2)


def resting_share(a: float, weight: float) -> float:
    """Where no step of mass gains; one, where more own modes always gain."""
    return 1.0 if gain(a, 1.0, weight) < 0 else brentq(lambda b: gain(a, b, weight), 0, 1, xtol=1e-14)


SHARES = ((0.5, 1.0), (0.3, 0.4), (0.6, 0.2), (1 / 3, 0.9))


def at_the_least(latex: str) -> bool:
    return all(
        holds(latex, a=a, b=least_share(a, weight), **{"lambda": weight})
        for a, weight in (*SHARES, (0.4, 3.0))
    ) and proved("bias_of_a_classifier")


def at_rest(latex: str) -> bool:
    return all(
        holds(latex, a=a, b=resting_share(a, weight), **{"lambda": weight}) for a, weight in SHARES
    ) and proved("rest_of_a_classifier")


CUT = ((1.0, 0.5), (-1.0, 0.5), (0.3, 2.0), (2.5, 0.1))
TABLES = (
    [[0.25, 0.25], [0.0, 0.5]],
    [[0.5, 0.0], [0.0, 0.5]],
    [[0.0625, 0.125, 0.0625], [0.0625, 0.0, 0.6875]],
)
RESTS = ((0.5, 1.0, "minimax"), (0.5, 1.0, "rest"), (1 / 3, 2.0, "minimax"), (0.25, 5.0, "rest"))


def _cut() -> list[Any]:
    right = [float(truncnorm(-bound, bound).ppf(norm.cdf(z))) for z, bound in CUT]
    return [right, [min(max(z, -bound), bound) for z, bound in CUT], [z * bound for z, bound in CUT]]


def _left() -> list[Any]:
    tables = [np.array(table) for table in TABLES]
    other = [entropy(table.ravel()) - entropy(table.sum(1)) for table in tables]
    return [[entropies(table)("Y", "X") for table in tables], other]


def _rests() -> list[Any]:
    right = [(least_share if kind == "minimax" else resting_share)(a, weight) for a, weight, kind in RESTS]
    beyond = brentq(lambda b: gain(0.25, b, 5.0), 0, 1.74)
    return [[*right, 0.7], [*right[:3], beyond, 0.7]]


EXERCISES: dict[str, Callable[[], Any]] = {
    "1": lambda: [0.05 / (0.05 + 0.15), 0.2 / (0.2 + 0.2), 0.15 / (0.05 + 0.15)],
    "2": lambda: [resting_share(1 / 3, 1.0), 1 / 3, resting_share(0.5, 1.0)],
    "3": lambda: [
        brentq(lambda w: gain(1 / 3, 1.0, w), 0, 9),
        brentq(lambda w: gain(0.5, 1.0, w), 0, 9),
        2 ** brentq(lambda w: gain(1 / 3, 1.0, w), 0, 9),
    ],
    "4": lambda: [np.square([0.5, 0.25, 0.25]).sum(), 1 / 3, 0.5],
    "6": _cut,
    "7": _left,
    "12": _rests,
}
QUIZ: dict[str, Callable[[], Any]] = {
    "sure-share": lambda: [resting_share(0.5, 1.0), 0.5, least_share(0.5, 1.0)],
    "obedience-order": lambda: [0.0, 0.5, 0.75, 1.0],
}
SAID: dict[str, Callable[[], Any]] = {}

EQUATIONS = [
    Equation(
        "cond-gap",
        r"""
        \mathrm{JSD}(p_{xy}, q_{xy}) = \mathrm{JSD}(p, q) + H_m(Y \mid X)
        - \frac{1}{2} H_p(Y \mid X) - \frac{1}{2} H_q(Y \mid X)
        """,
        the_gap,
    ),
    Equation(
        "cond-split",
        r"""
        \log \frac{p_{\text{data}}(x, y)}{p_g(x, y)} = \log \frac{p_{\text{data}}(x)}{p_g(x)}
        + \log \frac{p_{\text{data}}(y \mid x)}{p_g(y \mid x)}
        """,
        the_split,
    ),
    Equation(
        "cond-projection",
        r"f^{*}(x, y) = \psi(x) + \sum_{j=1}^{n} v_j(y) \, \phi_j(x)",
        the_projection,
    ),
    Equation("cond-minimax", r"\frac{b (2 - a - b)}{(1 - b)(a + b)} = 2^{\lambda}", at_the_least),
    Equation("cond-rest", r"\frac{(1 - a)(a + b)}{a (2 - a - b)} = 2^{\lambda}", at_rest),
]
