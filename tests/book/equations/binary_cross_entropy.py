"""What the chapter on binary cross-entropy claims: each equation, as printed, against another source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
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
    return proved("mean_of_logarithms")


def the_two_terms(latex: str) -> bool:
    """Against the package's loss on random batches, beside the derivation of both."""
    for env in batches():
        assert holds(latex, **env, L_D=float(losses.minimax.discriminator(*env["logits"])))
    return proved("value_from_bce")


def unequal(latex: str) -> bool:
    """Against the logit at which PyTorch's loss of a joined batch is flat, for several sizes."""
    random = Random(4)
    for n_r, n_g in ((3, 1), (1, 1), (64, 96), (7, 2)):
        p, q = random.uniform(0.1, 2), random.uniform(0.1, 2)
        logit = brentq(_slope, -30, 30, args=(n_r * p, n_g * q, 0, 0), xtol=1e-13)
        at = {"p_data": lambda x, p=p: p, "p_g": lambda x, q=q: q}
        found = sigma(mpmath.mpf(logit))
        assert holds(latex, x=0, n_r=n_r, n_g=n_g, **at, **{"D*": lambda x, d=found: d})
    return proved("proper_scoring")


def least_squares(latex: str) -> bool:
    """At random answers, in and outside of the unit interval, and where the answer is the truth."""
    random = Random(5)
    for point in points(10):
        for d in (point["pi"], mpmath.mpf(random.uniform(-2, 3))):
            assert holds(latex, pi=point["pi"], d=d)
    return proved("squared_price")


def the_floor(latex: str) -> bool:
    """The least where a real and a generated sample are answered 1 and 0, the largest where 0 and 1."""
    random = Random(6)
    known = {"softplus": lambda x: float(losses.softplus(_tensor(x)))}
    assert touches(latex, 0, D_r=mpmath.mpf(1), D_g=mpmath.mpf(0), **known)
    assert touches(latex, 1, D_r=mpmath.mpf(0), D_g=mpmath.mpf(1), **known)
    for d_r, d_g in (
        (1, 0.01),
        (0.99, 0),
        (0, 0.99),
        (0.01, 1),
        *((random.random(), random.random()) for _ in range(10)),
    ):
        assert strictly(latex, D_r=mpmath.mpf(d_r), D_g=mpmath.mpf(d_g), **known)
    return proved("two_sigmoids")


LABELS = ((0.0, 0.0), (0.1, 0.0), (0.25, 0.1), (0.5, 0.3), (0.9, 0.05))


def smoothed(latex: str) -> bool:
    """Against PyTorch's losses of random batches, and the package's where one side is smoothed."""
    for (s, t), env in zip(LABELS, batches(5), strict=True):
        value = sum(
            float(_with_logits(logits, torch.full_like(logits, label)))
            for logits, label in zip(env["logits"], (1 - s, t), strict=True)
        )
        pair = losses.label_smoothing(losses.minimax, s)
        assert t or abs(value - float(pair.discriminator(*env["logits"]))) < 1e-12
        asked = {(s, t): value}
        given = {"s": mpmath.mpf(s), "t": mpmath.mpf(t)}
        assert holds(latex, **env, **given, L_D=lambda s, t, asked=asked: asked.get((s, t), math.nan))
    return True


_with_logits = torch.nn.functional.binary_cross_entropy_with_logits


def the_smoothed_optimum(latex: str) -> bool:
    """Against the logit at which the smoothed loss is flat, for random densities at a point."""
    random = Random(3)
    for s, t in LABELS[1:] * 3:
        p, q = random.uniform(0.1, 2), random.choice([0, random.uniform(0.1, 2)])
        logit = brentq(_slope, -30, 30, args=(p, q, s, t), xtol=1e-13)
        found = sigma(mpmath.mpf(logit))
        laws = {"p_data": lambda x, p=p: p, "p_g": lambda x, q=q: q}
        assert holds(latex, x=0, s=s, t=t, **laws, **{"D*": lambda x, d=found: d})
    return proved("label_smoothing") and proved("two_sided_label_smoothing")


def _slope(logit: float, p: float, q: float, s: float, t: float = 0.0) -> float:
    """The slope in the logit of p times the loss of a real sample plus q times that of a generated one."""
    score = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    nothing = torch.tensor([-800.0], dtype=torch.float64)
    real = losses.label_smoothing(losses.minimax, s).discriminator(score, nothing)
    fake = _with_logits(score, torch.full_like(score, t))
    return float(torch.autograd.grad(p * real + q * fake, score)[0])


def the_least_smoothed_loss(latex: str) -> bool:
    """Against a search over all discriminators on four points; some are of one kind alone."""
    for (p, q), (s, t) in product(pairs(1), LABELS[1:4]):
        middle = (p + q) / 2
        best = np.divide((1 - s) * p + t * q, 2 * middle, out=np.full(4, 0.5), where=middle > 0)
        known = {"D*": best.__getitem__, "h": lambda d: entropy(d) if 0 < d < 1 else 0.0}
        law = [(float(weight), x) for x, weight in enumerate(middle)]
        assert holds(latex, m=law, s=s, t=t, **known, **_smoothed_search(p, q, s, t))
    return proved("two_sided_label_smoothing") and proved("proper_scoring")


def _smoothed_search(p: Any, q: Any, s: float, t: float) -> dict[str, Any]:
    """The least value over all answers, and the smoothed loss of those that are tried just now."""
    now: list[Any] = []

    def loss(*labels: float) -> Any:
        if labels != (s, t):
            return math.nan
        return sum(p[x] * textbook(1 - s, now[x]) + q[x] * textbook(t, now[x]) for x in range(4))

    def risk(d: Any, of: Any) -> Any:
        now[:] = [mpmath.mpf(answer) for answer in d]
        return of(now)

    return {"L_D": loss, "min": lambda of: least(lambda d: risk(d, of), 4)}


def the_conditional_entropy(latex: str) -> bool:
    """Against a search over all discriminators on four points, and the entropies of the joint law."""
    for p, q in pairs(1):
        joint = np.stack([q, p]) / 2
        law = [(float(joint[y, x]), (x, y)) for x in range(4) for y in (0, 1) if joint[y, x]]
        labels = {"H": entropies(joint), "X": "X", "Y": "Y"}
        assert holds(latex, m=law, p_data=p, p_g=q, JSD=jsd, BCE=textbook, min=_least, **labels)
    return proved("proper_scoring") and proved("mutual_information")


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


def _soft_price(*labels: str) -> Any:
    """The mean entropy of labels, each the best answer for itself."""
    return sum(textbook(y, y) for y in map(mpmath.mpf, labels)) / len(labels)


def _labels_of_nine_and_two_tenths() -> list[Any]:
    share, real, fake = map(mpmath.mpf, ("0.7", "0.9", "0.2"))
    mean = share * real + (1 - share) * fake
    apart = share * textbook(real, real) + (1 - share) * textbook(fake, fake)
    return [textbook(mean, mean), mean, textbook(share, share), apart, 2 * textbook(mean, mean)]


def _more_real_than_generated() -> list[Any]:
    p, q = mpmath.mpf("0.6"), mpmath.mpf("0.4")  # densities in the ratio that the answer says
    return [96 * p / (96 * p + 32 * q), p, 32 * p / (32 * p + 96 * q), mpmath.mpf(96) / (96 + 32)]


def _pushed() -> list[Any]:
    slopes = [
        mpmath.diff(lambda a, y=y: textbook(y, sigma(a)), 2) for y in map(mpmath.mpf, ("0.85", "1", "0"))
    ]
    return [slopes[0], -slopes[0], slopes[1], slopes[2]]


def _as_bad_as_a_coin() -> list[Any]:
    def worst(undecided: int, right: int) -> Any:
        """The answer to one more sample at which all cost what so many undecided answers do."""
        return mpmath.exp(-(undecided * mpmath.log(2) + right * mpmath.log(mpmath.mpf("0.99"))))

    return [worst(10, 9), worst(10, 0), worst(9, 9), worst(1, 9)]


def _cut_slope() -> list[Any]:
    d = sigma(mpmath.mpf("-28.5"))
    whole = (d - 1) * d * (1 - d)
    return [whole / mpmath.mpf("1e-12"), -whole / mpmath.mpf("1e-12"), -1, whole]


def _prices_of_a_table() -> list[Any]:
    scores, labels = torch.zeros(64 + 64, 1), torch.zeros(64 + 64)
    return [(labels * scores).numel(), labels.numel(), (labels[:64] * scores[:64]).numel()]


def _swapped() -> list[Any]:
    right, given = _mean_cost(["0.02"], ["0.99"]), _mean_cost(["0.99"], ["0.02"])
    return [right, given, right / 2]


def _resting() -> list[Any]:
    """The s below one half whose label has this entropy; its label; one term alone; another s."""
    rests = mpmath.mpf("0.5004024235381879")  # 0.5004 in the log
    s = mpmath.findroot(lambda s: textbook(1 - s, 1 - s) - rests, 0.15)
    assert f"{float(_soft_price('0.1')):.4f}" == "0.3251"
    assert f"{float(rests):.4f}" == "0.5004"
    return [s, 1 - s, 1 - mpmath.exp(-rests), mpmath.mpf("0.1")]


def _four_causes() -> list[Any]:
    """The causes whose losses are those of the logs, in the order of the logs; two mix-ups."""
    floor = mpmath.log(1 + mpmath.exp(-1)) + mpmath.log(2)
    causes = [floor, 2 * mpmath.log(2), 2 * mpmath.log(2) / mpmath.log(2), _soft_price("0.9")]
    shown = [f"{float(loss):.4f}" for loss in causes]
    found = [shown.index(log) + 1 for log in ("1.3863", "1.0064", "0.3251", "2.0000")]
    return [int("".join(map(str, found))), 3142, 2413]


def _five_prices() -> list[Any]:
    def prices(soft: str) -> Any:
        labels = map(mpmath.mpf, ("1", "0.5", "0", soft, "0"))
        return sum(
            mpmath.log1p(mpmath.exp(a)) - y * a for a, y in zip((-1000, -1, 0, 1, 1000), labels, strict=True)
        )

    with mpmath.workdps(500):
        return [prices("0.9") / 5, prices("0.9"), prices("1") / 5, (prices("0.9") - 2000) / 5]


EXERCISES = {
    "1": _exercise_1,
    "3": lambda: [
        (1 - mpmath.mpf("0.2")) / 2,
        1 / mpmath.mpf(2),
        1 - mpmath.mpf("0.2"),
        (1 + mpmath.mpf("0.2")) / 2,
    ],
    "4": _labels_of_nine_and_two_tenths,
    "5": _more_real_than_generated,
    "6": _pushed,
    "7": _as_bad_as_a_coin,
    "8": _cut_slope,
    "9": _prices_of_a_table,
    "10": _swapped,
    "11": _resting,
    "12": _four_causes,
    "13": _five_prices,
}


def _smoothed_half() -> list[Any]:
    """The best answer if the laws are equal, smoothed and not, by a search; the label; half way to one."""
    found = [sigma(mpmath.mpf(brentq(_slope, -30, 30, args=(1, 1, s), xtol=1e-13))) for s in (0.1, 0)]
    return [*found, 1 - 0.1, 1 - 0.1 / 2]


SAID = {
    "by-loss": lambda: [*map(float, sum(_ANSWERS, ())), 1 / 2],
    "factor-one-half": lambda: [1 / 2],
    "smoothed-optimum": _smoothed_half,
    "exercise 4": lambda: [0.9, 0.2],
    "exercise 5": lambda: [2 * 0.6 / 0.4, 96 / 32 * 2 * 0.6 / 0.4],
    "exercise 6": lambda: [0.85],
    "exercise 7": lambda: [10, 10 - 1],
    "exercise 8": lambda: [1e-12],
    "exercise 9": lambda: [64],
    "exercise 11": lambda: [_soft_price("0.2"), _soft_price("0.1")],
    "exercise 12": lambda: [0.9, 2 * mpmath.log(2), _soft_price("0.9")],
    "exercise 13": lambda: [1000, 0.5, 0.9],
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
        "bce-unequal",
        r"D^{*}(x) = \frac{n_r \, p_{\text{data}}(x)}{n_r \, p_{\text{data}}(x) + n_g \, p_g(x)}",
        unequal,
    ),
    Equation(
        "bce-conditional",
        r"\min_{D} \, \mathbb{E}_{(x, y) \sim m}[\mathrm{BCE}(y, D(x))] = H(Y \mid X)"
        r" = \log 2 - \mathrm{JSD}(p_{\text{data}}, p_g)",
        the_conditional_entropy,
    ),
    Equation(
        "bce-smoothed",
        r"L_D(s, t) = \mathbb{E}_{x \sim p_{\text{data}}}[\mathrm{BCE}(1 - s, D(x))]"
        r" + \mathbb{E}_{z \sim p_z}[\mathrm{BCE}(t, D(G(z)))]",
        smoothed,
    ),
    Equation(
        "bce-smoothed-optimum",
        r"D^{*}(x) = \frac{(1 - s) \, p_{\text{data}}(x) + t \, p_g(x)}{p_{\text{data}}(x) + p_g(x)}",
        the_smoothed_optimum,
    ),
    Equation(
        "bce-smoothed-least",
        r"\min_{D} L_D(s, t) = 2 \, \mathbb{E}_{x \sim m}[h(D^{*}(x))]",
        the_least_smoothed_loss,
    ),
    Equation(
        "bce-least-squares",
        r"\pi (d - 1)^{2} + (1 - \pi) d^{2} = \pi (1 - \pi) + (d - \pi)^{2}",
        least_squares,
    ),
    Equation(
        "bce-floor",
        r"\operatorname{softplus}(-1) + \log 2 \le"
        r" \operatorname{softplus}(-D_r) + \operatorname{softplus}(D_g)"
        r" \le \log 2 + \operatorname{softplus}(1)",
        the_floor,
    ),
]
