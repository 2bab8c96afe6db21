"""What the chapter on the optimal discriminator claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import minimize
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from equations import Equation
from equations.reading import holds
from ganlab import derivations, divergences

PUBLISHED = {"0.868": "zhang2023", "0.157": "zhang2023"}


def numbers(law: Any) -> np.ndarray:
    """A law as floating-point numbers, whatever arithmetic the display did on it."""
    return np.asarray(law, dtype=float)


def jsd(p: Any, q: Any) -> float:
    """SciPy's Jensen-Shannon distance, squared: in nats."""
    return float(jensenshannon(numbers(p), numbers(q)) ** 2)


def kl(p: Any, q: Any) -> float:
    """SciPy's relative entropy."""
    return float(entropy(numbers(p), numbers(q)))


def points(count: int = 20) -> Iterator[dict[str, Any]]:
    """Two densities at a point and an answer there, with the value that the package gives to all three.

    The package wants probability vectors: a second outcome takes the rest of the mass, and its share of the
    value is taken off.
    """
    random = Random(0)
    for _ in range(count):
        p, q = (mpmath.mpf(random.uniform(0.05, 0.9)) for _ in range(2))
        yield {"p": p, "q": q, "D": mpmath.mpf(random.uniform(0.05, 0.95)), "x": 0}


def pointwise(p: Any, q: Any, d: Any) -> float:
    """What the first of two outcomes adds to the package's value."""
    laws = [torch.tensor([float(x), 1 - float(x)], dtype=torch.float64) for x in (p, q)]
    whole = divergences.value(*laws, torch.tensor([float(d), 0.5], dtype=torch.float64))
    return float(whole + (laws[0][1] + laws[1][1]) * np.log(2))


def games(count: int = 10) -> Iterator[dict[str, Any]]:
    """Random laws on four outcomes and random answers, as laws to average over and as the vectors p and q."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        p, q, d = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4)), rng.uniform(0.05, 0.95, 4)
        middle = (p + q) / 2
        best = p / (2 * middle)
        yield {
            "vectors": (p, q, d),
            "p_data": list(zip(p.tolist(), range(4), strict=True)),
            "p_g": list(zip(q.tolist(), range(4), strict=True)),
            "m": list(zip(middle.tolist(), range(4), strict=True)),
            "D": lambda x, d=d: mpmath.mpf(d[x]),
            "D*": lambda x, best=best: mpmath.mpf(best[x]),
            "G": None,
        }


def value_of(p: Any, q: Any, d: Any) -> float:
    """The package's value."""
    return float(divergences.value(*(torch.from_numpy(numbers(x)) for x in (p, q, d))))


def the_value_over_samples(latex: str) -> bool:
    """Against the package's value of probability vectors."""
    for game in games():
        known = value_of(*game["vectors"])
        assert holds(latex, **game, V=lambda d, g, known=known: known)
    return True


def the_value_at_a_point(latex: str) -> bool:
    """Against the package's value of one outcome; the slope by differences of it in forty digits."""
    for point in points():
        p, q = point["p"], point["q"]
        assert abs(pointwise(p, q, point["D"]) - float(_integrand(p, q, point["D"]))) < 1e-9
        with mpmath.workdps(40):
            assert holds(latex, **point, V_x=lambda d, p=p, q=q: _integrand(p, q, d))
    return derivations.optimal_discriminator().check()


def _integrand(p: Any, q: Any, d: Any) -> Any:
    return p * mpmath.log(d) + q * mpmath.log(1 - d)


def the_best_answer(latex: str) -> bool:
    """Against a search over all discriminators on four outcomes."""
    for game in games(5):
        p, q, _ = game["vectors"]
        found = minimize(lambda a, p=p, q=q: _loss(p, q, a), np.zeros(4), jac=True, tol=1e-15, method="BFGS")
        answers = 1 / (1 + np.exp(-_polished(p, q, found.x)))
        laws = {"p_data": lambda x, p=p: p[x], "p_g": lambda x, q=q: q[x], "D*": lambda x, d=answers: d[x]}
        assert all(holds(latex, x=x, **laws) for x in range(4))
    return derivations.optimal_discriminator().check() and derivations.off_support().check()


def _loss(p: np.ndarray, q: np.ndarray, a: np.ndarray) -> tuple[float, np.ndarray]:
    """The discriminator's loss of logits, and its gradient."""
    return float(p @ np.logaddexp(0, -a) + q @ np.logaddexp(0, a)), (p + q) / (1 + np.exp(-a)) - p


def _polished(p: np.ndarray, q: np.ndarray, a: np.ndarray) -> np.ndarray:
    """The logits after a few steps of Newton's method."""
    for _ in range(5):
        d = 1 / (1 + np.exp(-a))
        a = a - ((p + q) * d - p) / ((p + q) * d * (1 - d))
    return a


def the_posterior(latex: str) -> bool:
    """Against the normalised column of the joint table, for several shares of real samples."""
    for game in games(5):
        p, q, _ = game["vectors"]
        for share in (0.1, 0.5, 0.75):
            joint = np.stack([(1 - share) * q, share * p])
            given = joint / joint.sum(0)
            laws = {"p_data": lambda x, p=p: p[x], "p_g": lambda x, q=q: q[x]}
            assert holds(latex, x=2, pi=share, P=lambda y, x, given=given: given[int(y), x], **laws)
    return True


def the_density_ratio(latex: str) -> bool:
    """With the package's best discriminator and its logit, for random densities."""
    for point in points():
        best = divergences.optimal_discriminator(float(point["p"]), float(point["q"]))
        at = {
            "p_data": lambda x, p=point["p"]: p,
            "p_g": lambda x, q=point["q"]: q,
            "D*": lambda x, best=best: float(best),
            "a*": lambda x, best=best: float(best.logit()),
        }
        assert holds(latex, x=0, **at)
    return True


def the_divergence(latex: str) -> bool:
    """With SciPy's divergences of both kinds, and the package's."""
    for game in games():
        p, q, _ = game["vectors"]
        ours = divergences.jensen_shannon(torch.from_numpy(p), torch.from_numpy(q))
        assert holds(latex, p=p, q=q, KL=kl, JSD=jsd)
        assert holds(latex, p=p, q=q, KL=kl, JSD=lambda p, q, ours=ours: float(ours))
    return True


def the_value_at_the_best(latex: str) -> bool:
    """Against a search over all discriminators, with SciPy's divergence."""
    for game in games(5):
        p, q, _ = game["vectors"]
        answers = {
            "V": lambda d, g, p=p, q=q: value_of(p, q, d),
            "max": lambda value, p=p, q=q: value(1 / (1 + np.exp(-_polished(p, q, np.log(p / q) + 0.1)))),
            "D*": p / (p + q),
        }
        assert holds(latex, p_data=p, p_g=q, G=None, JSD=jsd, **answers)
        found = minimize(lambda a, p=p, q=q: _loss(p, q, a), np.zeros(4), jac=True, tol=1e-12)
        assert abs(-found.fun - value_of(p, q, answers["D*"])) < 1e-8
    return derivations.value_at_optimum().check()


def the_regret(latex: str) -> bool:
    """With the divergence of coins from SciPy, and the package's values."""
    for game in games():
        p, q, d = game["vectors"]
        best = p / (p + q)
        values = {
            "V": lambda answers, g, p=p, q=q, d=d, best=best, game=game: (
                value_of(p, q, best) if answers is game["D*"] else value_of(p, q, d)
            ),
            "kl": lambda s, t: kl([s, 1 - s], [t, 1 - t]),
        }
        assert holds(latex, **game, **values)
    return derivations.value_lower_bound().check()


def the_bounds(latex: str) -> bool:
    """For random pairs of laws, a pair of equal ones and a disjoint pair, with SciPy's divergence."""
    even = np.full(4, 0.25)
    pairs = [game["vectors"][:2] for game in games()]
    pairs += [(even, even), (np.array([1.0, 0.0]), np.array([0.0, 1.0]))]
    assert all(holds(latex, p=p, q=q, JSD=jsd) for p, q in pairs)
    return derivations.jensen_shannon_bounds().check()


def the_information(latex: str) -> bool:
    """With the entropies of the joint table of label and sample, from their definitions."""
    for game in games():
        p, q, _ = game["vectors"]
        joint = np.stack([q, p]) / 2
        left_over = float(-(joint * np.log(joint / joint.sum(0))).sum())
        information = float(divergences.mutual_information(torch.from_numpy(joint)))
        known = {
            "JSD": jsd,
            "I": lambda x, y, information=information: information,
            "H": lambda *given, left_over=left_over: left_over if len(given) == 2 else float(np.log(2)),
        }
        assert holds(latex, p_data=p, p_g=q, X="X", Y="Y", **known)
    return derivations.mutual_information().check()


def the_incentive(latex: str) -> bool:
    """Where the integrand is written with SciPy's relative entropy of numbers, p log(p/m) - p + m."""
    from scipy.special import kl_div

    def integrand(p: Any, q: Any) -> Any:
        middle = (p + q) / 2
        plain = (p * mpmath.log(p / middle) + q * mpmath.log(q / middle)) / 2
        known = (kl_div(float(p), float(middle)) + kl_div(float(q), float(middle))) / 2
        assert abs(plain - known) < 1e-12
        return plain

    for point in points():
        with mpmath.workdps(40):
            assert holds(latex, p=point["p"], q=point["q"], J=integrand)
    return derivations.jensen_shannon_bounds().check()


def disjoint_points(latex: str) -> bool:
    """For two points on a grid, with SciPy's two distances."""
    places = np.arange(-20, 21) / 4
    for theta in (-4.0, 0.25, 3.0):
        laws = {"delta_0": (places == 0).astype(float), "delta_theta": (places == theta).astype(float)}

        def distance(p: Any, q: Any) -> float:
            return float(wasserstein_distance(places, places, p, q))

        assert holds(latex, theta=theta, JSD=jsd, W_1=distance, **laws)
    return derivations.parallel_lines().check()


QUIZ = {
    "posterior": lambda: mpmath.mpf("0.3") / (mpmath.mpf("0.3") + mpmath.mpf("0.1")),
    "from-value": lambda: (mpmath.log(4) - 1) / 2,
}


def _normal_laws(distance: int) -> Any:
    """The divergence of two normal laws of variance 1, by mpmath's quadrature."""

    def density(x: Any, mean: int) -> Any:
        return mpmath.npdf(x, mean, 1)

    def term(x: Any) -> Any:
        p, q = density(x, 0), density(x, distance)
        return (p * mpmath.log(2 * p / (p + q)) + q * mpmath.log(2 * q / (p + q))) / 2

    return mpmath.quad(term, [-12, -4, 0, distance, 4 + distance, 12 + distance])


def _exercise_3() -> list[Any]:
    answer = _normal_laws(2)
    return [answer, 2 * answer, 2 * answer - mpmath.log(4), answer / mpmath.log(2), _normal_laws(1)]


EXERCISES = {
    "1": lambda: [
        -mpmath.log(2),
        (mpmath.log(4) - mpmath.log(2)) / 2,
        mpmath.log(2),
        -mpmath.log(4),
        -mpmath.log(2) / 2,
        -1,
    ],
    "3": _exercise_3,
}

EQUATIONS = [
    Equation(
        "opt-value",
        r"V(D, G) = \mathbb{E}_{x \sim p_{\text{data}}}[\log D(x)] + \mathbb{E}_{x \sim p_g}[\log(1 - D(x))]",
        the_value_over_samples,
    ),
    Equation(
        "opt-pointwise",
        r"""
        V_x(D) = p \log D + q \log(1 - D), \qquad
        \frac{\partial}{\partial D} V_x(D) = \frac{p - (p + q) D}{(1 - D) D}
        """,
        the_value_at_a_point,
    ),
    Equation(
        "opt-concave",
        r"\frac{\partial^2}{\partial D^2} V_x(D) = -\frac{p}{D^{2}} - \frac{q}{(1 - D)^{2}} < 0",
        the_value_at_a_point,
    ),
    Equation(
        "opt-best",
        r"D^{*}(x) = \frac{p_{\text{data}}(x)}{p_{\text{data}}(x) + p_g(x)}",
        the_best_answer,
    ),
    Equation(
        "opt-posterior",
        r"P(1 \mid x) = \frac{\pi \, p_{\text{data}}(x)}{\pi \, p_{\text{data}}(x) + (1 - \pi) \, p_g(x)}",
        the_posterior,
    ),
    Equation(
        "opt-ratio",
        r"""
        \frac{D^{*}(x)}{1 - D^{*}(x)} = \frac{p_{\text{data}}(x)}{p_g(x)}, \qquad
        a^{*}(x) = \log \frac{p_{\text{data}}(x)}{p_g(x)}
        """,
        the_density_ratio,
    ),
    Equation(
        "opt-jsd",
        r"\mathrm{JSD}(p, q) = \frac{1}{2} \, \mathrm{KL}(p \| \tfrac{p + q}{2})"
        r" + \frac{1}{2} \, \mathrm{KL}(q \| \tfrac{p + q}{2})",
        the_divergence,
    ),
    Equation(
        "opt-theorem",
        r"\max_{D} V(D, G) = V(D^{*}, G) = -\log 4 + 2 \, \mathrm{JSD}(p_{\text{data}}, p_g)",
        the_value_at_the_best,
    ),
    Equation(
        "opt-regret",
        r"V(D^{*}, G) - V(D, G) = 2 \, \mathbb{E}_{x \sim m}[\mathrm{kl}(D^{*}(x), D(x))] \ge 0",
        the_regret,
    ),
    Equation("opt-bounds", r"0 \le \mathrm{JSD}(p, q) \le \log 2", the_bounds),
    Equation(
        "opt-information",
        r"\mathrm{JSD}(p_{\text{data}}, p_g) = I(X; Y) = H(Y) - H(Y \mid X)",
        the_information,
    ),
    Equation(
        "opt-incentive",
        r"\frac{\partial}{\partial q} J(p, q) = \frac{1}{2} \log \frac{2 q}{p + q}",
        the_incentive,
    ),
    Equation(
        "opt-disjoint",
        r"\mathrm{JSD}(\delta_{0}, \delta_{\theta}) = \log 2,"
        r" \qquad W_{1}(\delta_{0}, \delta_{\theta}) = |\theta|",
        disjoint_points,
    ),
]
