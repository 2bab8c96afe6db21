"""What the chapter on binary cross-entropy claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import brentq

from equations import Equation, proved
from equations.oracles import entropies, jsd, least, pairs
from equations.reading import holds, strictly, touches
from ganlab import losses


def bce(y: Any, d: Any) -> float:
    """PyTorch's cross-entropy of one probability and one label."""
    return float(torch.nn.functional.binary_cross_entropy(_tensor(d), _tensor(y)))


def textbook(y: Any, d: Any) -> Any:
    """The cross-entropy in any precision."""
    return -y * mpmath.log(d) - (1 - y) * mpmath.log(1 - d)


def likelihood(y: Any, d: Any) -> float:
    """The probability of a label under PyTorch's Bernoulli law."""
    return float(torch.distributions.Bernoulli(_tensor(d)).log_prob(_tensor(y)).exp())


def entropy(d: Any) -> float:
    """PyTorch's entropy of a coin."""
    return float(torch.distributions.Bernoulli(_tensor(d)).entropy())


def sigma(a: Any) -> Any:
    """The sigmoid in any precision."""
    return 1 / (1 + mpmath.exp(-a))


def _tensor(x: Any) -> torch.Tensor:
    return torch.tensor(float(x), dtype=torch.float64)


def points(count: int = 20) -> Iterator[dict[str, Any]]:
    """Labels, hard and soft, with probabilities and logits, and the functions that the equations name."""
    random = Random(0)
    for _ in range(count):
        yield {
            "y": mpmath.mpf(random.choice([0, 1, random.random()])),
            "D": mpmath.mpf(random.uniform(0.01, 0.99)),
            "pi": mpmath.mpf(random.uniform(0.01, 0.99)),
            "a": mpmath.mpf(random.uniform(-12, 12)),
            "e": mpmath.e,
            "BCE": bce,
            "h": entropy,
            "sigma": sigma,
            "softplus": lambda x: float(losses.softplus(_tensor(x))),
        }


def batches(count: int = 10) -> Iterator[dict[str, Any]]:
    """Six real and six generated samples with their logits, each batch a law, and their labelled mixture."""
    rng = torch.Generator().manual_seed(0)
    for _ in range(count):
        logits = 3 * torch.randn(12, generator=rng, dtype=torch.float64)
        d = [mpmath.mpf(answer) for answer in logits.sigmoid().tolist()]
        yield {
            "logits": (logits[:6], logits[6:]),
            "D": lambda sample, d=d: d[int(sample)],
            "G": lambda z: z + 6,
            "p_data": [(1 / 6, i) for i in range(6)],
            "p_z": [(1 / 6, i) for i in range(6)],
            "m": [(1 / 12, (i, int(i < 6))) for i in range(12)],
            "BCE": bce,
        }


def the_likelihood_of_a_label(latex: str) -> bool:
    """At random probabilities, for both labels."""
    for point in points():
        answers = {0: 1 - point["D"] ** 2, 1: point["D"] ** 2, 5: point["D"]}
        at = {"x": 5, "D": answers.__getitem__, "P": lambda y, x, d=answers: likelihood(y, d[x])}
        assert holds(latex, y=0, **at)
        assert holds(latex, y=1, **at)
    return True


def at_points(latex: str, derivation: str) -> bool:
    """At random points, beside the derivation that the page displays."""
    return all(holds(latex, **point) for point in points()) and proved(derivation)


def strictly_proper(latex: str) -> bool:
    """An equality where the answer is the truth, in the middle and near the ends, and nowhere else."""
    for point in points():
        for truth in (point["pi"], mpmath.mpf("1e-6"), mpmath.mpf("0.999")):
            assert touches(latex, **(point | {"pi": truth, "D": truth}))
            assert strictly(latex, **(point | {"pi": truth}))
    return proved("proper_scoring")


def with_derivatives(latex: str, derivation: str) -> bool:
    """At random points in forty digits, which derivatives want, with the textbook's cross-entropy."""
    with mpmath.workdps(40):
        assert all(holds(latex, **(point | {"BCE": textbook})) for point in points())
    return proved(derivation)


def the_mean_over_a_data_set(latex: str) -> bool:
    """For eight labelled points, beside the derivation that adds two of them."""
    random = Random(1)
    d = [mpmath.mpf(random.uniform(0.02, 0.98)) for _ in range(8)]
    sample = {"N": 8, "x": range(8), "y": [random.choice([0, 1]) for _ in range(8)]}
    assert holds(latex, **sample, D=lambda x: d[x], P=lambda y, x: likelihood(y, d[x]), BCE=bce)
    return proved("bce_from_likelihood")


def jensen(latex: str) -> bool:
    """An equality where the answers are alike, wherever there is mass, and nowhere else."""
    random = Random(2)
    for _ in range(20):
        values = [mpmath.mpf(random.uniform(0.01, 0.99)) for _ in range(5)]
        assert strictly(latex, p=[(0.2, i) for i in range(5)], D=values.__getitem__)
        somewhere = list(zip((0.5, 0.3, 0.2, 0, 0), range(5), strict=True))
        assert touches(latex, p=somewhere, D=[values[0], values[0], values[0], *values[3:]].__getitem__)
    return True


def the_two_terms(latex: str) -> bool:
    """Against the package's loss on random batches, beside the derivation of both."""
    for env in batches():
        assert holds(latex, **env, L_D=float(losses.minimax.discriminator(*env["logits"])))
    return proved("value_from_bce")


def smoothed(latex: str) -> bool:
    """Against the package's smoothed loss on random batches, for several s."""
    for s, env in zip((0.0, 0.1, 0.25, 0.5, 0.9), batches(5), strict=True):
        pair = losses.label_smoothing(losses.minimax, s)
        value = float(pair.discriminator(*env["logits"]))
        assert holds(latex, **env, s=mpmath.mpf(s), L_D=lambda s, value=value: value)
    return True


def the_smoothed_optimum(latex: str) -> bool:
    """Against the logit at which the package's smoothed loss is flat, for random densities at a point."""
    random = Random(3)
    for _ in range(10):
        p, q, s = random.uniform(0.1, 2), random.choice([0, random.uniform(0.1, 2)]), random.uniform(0.1, 0.5)
        logit = brentq(_slope, -30, 30, args=(p, q, s), xtol=1e-13)
        found = sigma(mpmath.mpf(logit))
        assert holds(
            latex, x=0, s=s, p_data=lambda x, p=p: p, p_g=lambda x, q=q: q, **{"D*": lambda x, d=found: d}
        )
    return proved("label_smoothing")


def _slope(logit: float, p: float, q: float, s: float) -> float:
    """The slope in the logit of p times the loss of a real sample plus q times that of a generated one."""
    score = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    nothing = torch.tensor([-800.0], dtype=torch.float64)
    real = losses.label_smoothing(losses.minimax, s).discriminator(score, nothing)
    fake = losses.minimax.discriminator(-nothing, score)
    return float(torch.autograd.grad(p * real + q * fake, score)[0])


def the_conditional_entropy(latex: str) -> bool:
    """Against a search over all discriminators on four points, and the entropies of the joint law."""
    for p, q in pairs(1):
        joint = np.stack([q, p]) / 2
        law = [(float(joint[y, x]), (x, y)) for x in range(4) for y in (0, 1) if joint[y, x]]
        labels = {"H": entropies(joint), "X": "X", "Y": "Y"}
        assert holds(latex, m=law, p_data=p, p_g=q, JSD=jsd, BCE=textbook, min=_least, **labels)
    return True


def _least(risk: Any) -> float:
    return least(lambda d: risk(lambda x: mpmath.mpf(d[x])), 4)


def _mean_cost(real: list[str], fake: list[str]) -> Any:
    """The sum of the two means, in the working precision, for answers given as decimals."""
    real_part = -sum(mpmath.log(mpmath.mpf(d)) for d in real) / len(real)
    return real_part - sum(mpmath.log(1 - mpmath.mpf(d)) for d in fake) / len(fake)


def _confident_and_wrong() -> list[Any]:
    answer = -mpmath.log(mpmath.mpf("0.1"))
    other_label = -mpmath.log(1 - mpmath.mpf("0.1"))
    return [answer, answer / mpmath.log(2), answer / mpmath.log(10), -answer, other_label]


_ANSWERS = [("0.9", "0.1"), ("0.5", "0.5"), ("0.9", "0.9"), ("0.1", "0.9")]

QUIZ = {
    "confident-and-wrong": _confident_and_wrong,
    "by-loss": lambda: [_mean_cost([real], [fake]) for real, fake in _ANSWERS],
}


def _exercise_1() -> list[Any]:
    answer = _mean_cost(["0.9", "0.5"], ["0.2"])
    pooled = -mpmath.log(mpmath.mpf("0.9") * mpmath.mpf("0.5") * mpmath.mpf("0.8"))
    wrong_label = _mean_cost(["0.9", "0.5"], ["0.8"])
    return [answer, answer / 2, pooled / 3, pooled, answer / mpmath.log(2), -answer, wrong_label]


EXERCISES = {
    "1": _exercise_1,
    "3": lambda: [
        (1 - mpmath.mpf("0.2")) / 2,
        1 / mpmath.mpf(2),
        1 - mpmath.mpf("0.2"),
        (1 + mpmath.mpf("0.2")) / 2,
    ],
}


def _smoothed_half() -> list[Any]:
    """The best answer if the laws are equal, smoothed and not, by a search; the label; half way to one."""
    found = [sigma(mpmath.mpf(brentq(_slope, -30, 30, args=(1, 1, s), xtol=1e-13))) for s in (0.1, 0)]
    return [*found, 1 - 0.1, 1 - 0.1 / 2]


SAID = {
    "by-loss": lambda: [*map(float, sum(_ANSWERS, ())), 1 / 2],
    "factor-one-half": lambda: [1 / 2],
    "smoothed-optimum": _smoothed_half,
}

EQUATIONS = [
    Equation(
        "bce-likelihood",
        r"P(y \mid x) = D(x)^{y} \, (1 - D(x))^{1 - y}",
        the_likelihood_of_a_label,
    ),
    Equation(
        "bce-loss",
        r"\mathrm{BCE}(y, D) = -y \log D - (1 - y) \log(1 - D)",
        lambda latex: at_points(latex, "bce_from_likelihood"),
    ),
    Equation(
        "bce-mean",
        r"-\frac{1}{N} \sum_{i=1}^{N} \log P(y_i \mid x_i)"
        r" = \frac{1}{N} \sum_{i=1}^{N} \mathrm{BCE}(y_i, D(x_i))",
        the_mean_over_a_data_set,
    ),
    Equation(
        "bce-jensen",
        r"\mathbb{E}_{x \sim p}[\log D(x)] \le \log \mathbb{E}_{x \sim p}[D(x)]",
        jensen,
    ),
    Equation(
        "bce-proper",
        r"""
        \begin{aligned}
        \pi \, \mathrm{BCE}(1, D) &+ (1 - \pi) \, \mathrm{BCE}(0, D) \\
          &= h(\pi) + \pi \log \frac{\pi}{D} + (1 - \pi) \log \frac{1 - \pi}{1 - D} \\
          &\ge h(\pi)
        \end{aligned}
        """,
        strictly_proper,
    ),
    Equation(
        "bce-logits",
        r"\mathrm{BCE}(y, \sigma(a)) = \operatorname{softplus}(a) - y a,"
        r" \qquad \operatorname{softplus}(a) = \log(1 + e^{a})",
        lambda latex: at_points(latex, "bce_in_logits"),
    ),
    Equation(
        "bce-gradient",
        r"\frac{\partial}{\partial a} \mathrm{BCE}(y, \sigma(a)) = \sigma(a) - y",
        lambda latex: with_derivatives(latex, "bce_in_logits"),
    ),
    Equation(
        "bce-squared",
        r"\frac{\partial}{\partial a} (\sigma(a) - y)^{2}"
        r" = 2 \, \sigma(a) \, (1 - \sigma(a)) \, (\sigma(a) - y)",
        lambda latex: with_derivatives(latex, "squared_error_gradient"),
    ),
    Equation(
        "bce-discriminator",
        r"L_D = \mathbb{E}_{x \sim p_{\text{data}}}[-\log D(x)]"
        r" + \mathbb{E}_{z \sim p_z}[-\log(1 - D(G(z)))]",
        the_two_terms,
    ),
    Equation(
        "bce-half",
        r"\mathbb{E}_{(x, y) \sim m}[\mathrm{BCE}(y, D(x))] = \frac{1}{2} L_D",
        the_two_terms,
    ),
    Equation(
        "bce-conditional",
        r"\min_{D} \, \mathbb{E}_{(x, y) \sim m}[\mathrm{BCE}(y, D(x))] = H(Y \mid X)"
        r" = \log 2 - \mathrm{JSD}(p_{\text{data}}, p_g)",
        the_conditional_entropy,
    ),
    Equation(
        "bce-smoothed",
        r"L_D(s) = \mathbb{E}_{x \sim p_{\text{data}}}[\mathrm{BCE}(1 - s, D(x))]"
        r" + \mathbb{E}_{z \sim p_z}[\mathrm{BCE}(0, D(G(z)))]",
        smoothed,
    ),
    Equation(
        "bce-smoothed-optimum",
        r"D^{*}(x) = \frac{(1 - s) \, p_{\text{data}}(x)}{p_{\text{data}}(x) + p_g(x)}",
        the_smoothed_optimum,
    ),
]
