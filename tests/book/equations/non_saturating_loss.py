"""What the chapter on the non-saturating loss claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import mpmath
import torch

from equations import Equation
from equations.reading import holds
from ganlab import derivations, losses

Law = Callable[[Any], Any]


def sigma(a: Any) -> Any:
    """The sigmoid in any precision."""
    return 1 / (1 + mpmath.exp(-a))


def normal(mean: Any, std: Any) -> Law:
    """The density of a normal law in any precision."""
    return lambda x: mpmath.exp(-(((x - mean) / std) ** 2) / 2) / (std * mpmath.sqrt(2 * mpmath.pi))


# Batches and points


def batches(count: int = 10) -> Iterator[dict[str, Any]]:
    """Six generated samples, each with an answer of the discriminator."""
    rng = torch.Generator().manual_seed(0)
    for _ in range(count):
        scores = 4 * torch.randn(6, generator=rng, dtype=torch.float64)
        answers = [sigma(mpmath.mpf(score)) for score in scores.tolist()]
        law = [(mpmath.mpf(1) / 6, i) for i in range(6)]
        yield {"scores": scores, "D": lambda i, d=answers: d[i], "G": lambda z: z, "p_z": law}


def the_loss(latex: str, name: str, pair: losses.GANLoss) -> bool:
    """Against the package's loss on random batches."""
    for env in batches():
        value = float(pair.generator(env["scores"], env["scores"]))
        assert holds(latex, **env, **{name: value})
    return True


def points(count: int = 20) -> Iterator[dict[str, Any]]:
    """Answers and logits, and logits f that depend on a parameter as those of a network do."""
    random = Random(0)
    for _ in range(count):
        u, v, w = (mpmath.mpf(random.uniform(-3, 3)) for _ in range(3))
        yield {
            "D": mpmath.mpf(random.uniform(0.01, 0.99)),
            "a": mpmath.mpf(random.uniform(-12, 12)),
            "theta": mpmath.mpf(random.uniform(-1, 1)),
            "f": lambda theta, u=u, v=v, w=w: u * mpmath.tanh(v * theta + w) - v * theta,
            "e": mpmath.e,
            "sigma": sigma,
        }


def at_points(latex: str, *names: str) -> bool:
    """By numerical differentiation in forty digits, beside the derivations that the page names."""
    with mpmath.workdps(40):
        assert all(holds(latex, **point) for point in points())
    return all(derivations.DERIVATIONS[name]().check() for name in names)


# Laws


def nodes(width: float = 13, step: float = 0.05) -> list[Any]:
    """The points of the trapezoidal rule, exponentially exact for what decays like a normal density."""
    count = round(width / step)
    return [mpmath.mpf(i) * width / count for i in range(-count, count + 1)]


NODES = nodes()


def kl(p: Law, q: Law) -> Any:
    """The integral of p log(p/q) over the line."""
    return (NODES[1] - NODES[0]) * mpmath.fsum(p(x) * mpmath.log(p(x) / q(x)) for x in NODES)


def jsd(p: Law, q: Law) -> Any:
    """The Jensen-Shannon divergence from its definition."""
    middle = mixture(p, q)
    return (kl(p, middle) + kl(q, middle)) / 2


def mixture(p: Law, q: Law) -> Law:
    return lambda x: (p(x) + q(x)) / 2


FAMILIES: list[tuple[Callable[[Any, Any], Any], Callable[[Any], Law]]] = [
    (lambda z, theta: z + theta, lambda theta: normal(theta, 1)),
    (lambda z, theta: theta * z + 1, lambda theta: normal(1, theta)),
]


def at_the_best_discriminator(latex: str, name: str) -> bool:
    """For a law that is moved and one that is widened, D* held at the present parameter."""
    p_data, noise = normal(0, 1), normal(0, 1)
    law = [((NODES[1] - NODES[0]) * noise(z), z) for z in NODES]
    for theta, (generator, family) in zip((mpmath.mpf("0.8"), mpmath.mpf("1.3")), FAMILIES, strict=True):
        q = family(theta)
        env = {"p_data": p_data, "p": family, "theta": theta, "p_z": law, "G": generator}
        best = {"D*": lambda x, q=q: p_data(x) / (p_data(x) + q(x))}
        assert holds(latex, **env, **best, KL=kl, JSD=jsd)
    return derivations.DERIVATIONS[name]().check()


def softened(latex: str) -> bool:
    """For pairs of normal densities, beside two derivations."""
    for mean, std in ((1, 1), (0, "1.5"), (-2, "1.2")):
        p, q = normal(0, 1), normal(mpmath.mpf(mean), mpmath.mpf(std))
        assert holds(latex, p=p, q=q, m=mixture(p, q), KL=kl, JSD=jsd)
    return derivations.reverse_kl_minus_jsd().check() and derivations.softened_reverse_kl().check()


# Keys


def _growing_steps() -> Any:
    """The end of 200 steps of Adam without a small number in its divisor, written out.

    The gradient of the saturating loss is in proportion to the mean of e^(2x), as long as D is small.
    """
    rng = torch.Generator().manual_seed(0)
    theta, first, second = 0.0, 0.0, 0.0
    for step in range(1, 201):
        noise = torch.randn(128, generator=rng, dtype=torch.float64)
        slope = -float((2 * (theta + 0.1 * noise)).exp().mean())
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        theta -= 0.01 * first / (1 - 0.9**step) / (second / (1 - 0.999**step)) ** 0.5
    return mpmath.mpf(theta)


def _odds(d: str) -> Any:
    return (1 - mpmath.mpf(d)) / mpmath.mpf(d)


def _exercise_1() -> list[Any]:
    d = mpmath.mpf("0.2")
    return [_odds("0.2"), mpmath.log(d) / mpmath.log(1 - d), 1 / _odds("0.2"), 1 / d, 1 - d]


QUIZ = {"ratio": lambda: _odds("0.1")}
EXERCISES = {"1": _exercise_1, "3": lambda: [_growing_steps(), mpmath.mpf(0), mpmath.mpf(2)]}

EQUATIONS = [
    Equation(
        "ns-saturating",
        r"L_{\text{sat}} = \mathbb{E}_{z \sim p_z}[\log(1 - D(G(z)))]",
        lambda latex: the_loss(latex, "L_sat", losses.minimax),
    ),
    Equation(
        "ns-non-saturating",
        r"L_{\text{ns}} = \mathbb{E}_{z \sim p_z}[-\log D(G(z))]",
        lambda latex: the_loss(latex, "L_ns", losses.non_saturating),
    ),
    Equation(
        "ns-output",
        r"\frac{\partial}{\partial D} \log(1 - D) = -\frac{1}{1 - D}, \qquad"
        r" \frac{\partial}{\partial D} (-\log D) = -\frac{1}{D}",
        lambda latex: at_points(latex, "saturating_gradient", "non_saturating_gradient"),
    ),
    Equation(
        "ns-logit",
        r"\frac{\partial}{\partial a} \log(1 - \sigma(a)) = -\sigma(a), \qquad"
        r" \frac{\partial}{\partial a} (-\log \sigma(a)) = -(1 - \sigma(a))",
        lambda latex: at_points(latex, "saturating_gradient", "non_saturating_gradient"),
    ),
    Equation(
        "ns-parameters",
        r"""
        \begin{aligned}
        \frac{\partial}{\partial \theta} \log(1 - \sigma(f(\theta)))
          &= -\sigma(f(\theta)) \, \frac{\partial}{\partial \theta} f(\theta), \\
        \frac{\partial}{\partial \theta} (-\log \sigma(f(\theta)))
          &= -(1 - \sigma(f(\theta))) \, \frac{\partial}{\partial \theta} f(\theta)
        \end{aligned}
        """,
        at_points,
    ),
    Equation(
        "ns-ratio",
        r"\frac{1 - \sigma(a)}{\sigma(a)} = e^{-a}",
        lambda latex: at_points(latex, "gradient_ratio"),
    ),
    Equation(
        "ns-envelope",
        r"\mathbb{E}_{z \sim p_z}\left[\frac{\partial}{\partial \theta} \log(1 - D^{*}(G(z; \theta)))\right]"
        r" = \frac{\partial}{\partial \theta} 2 \, \mathrm{JSD}(p_{\text{data}}, p_\theta)",
        lambda latex: at_the_best_discriminator(latex, "envelope_theorem"),
    ),
    Equation(
        "ns-divergence",
        r"\mathbb{E}_{z \sim p_z}\left[\frac{\partial}{\partial \theta} (-\log D^{*}(G(z; \theta)))\right]"
        r" = \frac{\partial}{\partial \theta} \left( \mathrm{KL}(p_\theta \,\|\, p_{\text{data}})"
        r" - 2 \, \mathrm{JSD}(p_{\text{data}}, p_\theta) \right)",
        lambda latex: at_the_best_discriminator(latex, "non_saturating_divergence"),
    ),
    Equation(
        "ns-softened",
        r"\mathrm{KL}(q \,\|\, p) - 2 \, \mathrm{JSD}(p, q) = 2 \, \mathrm{KL}(m \,\|\, p) \ge 0",
        softened,
    ),
]
