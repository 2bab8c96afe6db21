"""What the page of symbols defines: each divergence, as printed, against the package and another library."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance

from equations import Equation
from equations.oracles import jsd, kl, of_laws, pairs, tv, vector
from equations.reading import holds
from ganlab import divergences


def measured(divergence: Callable[..., torch.Tensor]) -> Callable[[Any, Any], float]:
    """What the package measures of two distributions, and no number where one has not the mass 1."""
    return of_laws(lambda a, b: float(divergence(torch.from_numpy(vector(a)), torch.from_numpy(vector(b)))))


def relative_entropy(latex: str) -> bool:
    """The package's, which is SciPy's and infinite where q lacks mass of p; as a sum where all have mass."""
    for p, q in pairs():
        package = measured(divergences.kl)
        assert np.isclose(package(p, q), kl(p, q), rtol=1e-12, atol=1e-12)
        assert np.isinf(package(p, q)) == bool(((q == 0) & (p > 0)).any())
        if min(p.min(), q.min()) > 0:
            assert holds(latex, n=len(p), p=p, q=q, KL=package)
    return True


def from_the_middle(latex: str) -> bool:
    """The package's, from relative entropies by SciPy; log 2 where no outcome is shared."""
    for p, q in pairs():
        assert p @ q or np.isclose(jsd(p, q), np.log(2))
        assert holds(latex, p=p, q=q, KL=kl, JSD=measured(divergences.jensen_shannon))
    return True


def half_the_area(latex: str) -> bool:
    """The package's, which is the largest difference that one of all events makes."""
    for p, q in pairs():
        events = [list(event) for size in range(len(p) + 1) for event in combinations(range(len(p)), size)]
        assert np.isclose(max(p[event].sum() - q[event].sum() for event in events), tv(p, q))
        assert holds(latex, n=len(p), p=p, q=q, TV=measured(divergences.total_variation))
    return True


def the_cheapest_plan(latex: str) -> bool:
    """SciPy's distance on the line, by a linear programme over all couplings, which is SciPy's too."""
    rng = np.random.default_rng(0)
    for p, q in pairs(2):
        places = rng.normal(size=len(p))
        ways = [(mpmath.matrix([x]), mpmath.matrix([y])) for x in places for y in places]

        def least(cost: Any, p: Any = p, q: Any = q, ways: Any = ways) -> float:
            n = len(p)
            margins = np.vstack([np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))])
            plan = linprog(
                [float(cost([(1, way)])) for way in ways], A_eq=margins, b_eq=np.concatenate([p, q])
            )
            return float(cost(list(zip(plan.x, ways, strict=True))))

        distance = of_laws(lambda a, b, x=places: wasserstein_distance(x, x, vector(a), vector(b)))
        assert holds(latex, p=p, q=q, inf=least, W_1=distance)
    return True


EQUATIONS = [
    Equation(
        "notation-kl",
        r"\mathrm{KL}(p \,\|\, q) = \sum_{i=1}^{n} p_i \log \frac{p_i}{q_i}",
        relative_entropy,
    ),
    Equation(
        "notation-jsd",
        r"\mathrm{JSD}(p, q) = \frac{1}{2} \, \mathrm{KL}(p \,\|\, \tfrac{p + q}{2})"
        r" + \frac{1}{2} \, \mathrm{KL}(q \,\|\, \tfrac{p + q}{2})",
        from_the_middle,
    ),
    Equation(
        "notation-tv",
        r"\mathrm{TV}(p, q) = \frac{1}{2} \sum_{i=1}^{n} |p_i - q_i|",
        half_the_area,
    ),
    Equation(
        "notation-w1",
        r"W_1(p, q) = \inf_{\gamma \in \Gamma(p, q)} \mathbb{E}_{(x, y) \sim \gamma}[\|x - y\|]",
        the_cheapest_plan,
    ),
]
