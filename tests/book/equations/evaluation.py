"""What the chapter on evaluation claims: each equation, as printed, against another source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.stats
import torch
from torch.nn.functional import softplus

from equations import Equation, proved
from equations.reading import holds, strictly, touches

# A verdict and its level


def the_level_of_a_verdict(latex: str) -> bool:
    """All orders of R usual values and one more: in which share is the last an extreme?"""
    for usual in (1, 2, 3, 5):
        orders = itertools.permutations(range(usual + 1))
        share = np.mean([order[0] in (0, usual) for order in orders])
        assert holds(latex, epsilon=float(share), R=usual)
    return True


# Counting


def _multinomial(weights: list[Fraction], draws: int) -> Iterable[tuple[Fraction, list[int]]]:
    """All outcomes of so many draws, each with its probability."""
    for outcome in itertools.product(range(len(weights)), repeat=draws):
        counts = [outcome.count(i) for i in range(len(weights))]
        yield math.prod((weights[i] for i in outcome), start=Fraction(1)), counts


def the_bias_of_a_histogram(latex: str) -> bool:
    """The second-order term of KL(q || p), sum (q - p)^2 / (2 p), averaged over all outcomes."""
    for weights, draws in (
        ([Fraction(1, 2)] * 2, 3),
        ([Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)], 4),
        ([Fraction(1, 4)] * 4, 2),
    ):
        term = sum(
            chance
            * sum((Fraction(n, draws) - w) ** 2 / (2 * w) for n, w in zip(counts, weights, strict=True))
            for chance, counts in _multinomial(weights, draws)
        )
        assert holds(latex, b_KL=mpmath.mpf(term.numerator) / term.denominator, K=len(weights), N=draws)
    return proved("bias_of_a_histogram")


def _answers(seed: int, samples: int, classes: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=samples)


def the_score_of_a_classifier(latex: str) -> bool:
    """The mean divergence from the mean answer, by SciPy, against entropies that mpmath adds up."""

    def entropy(p: Any) -> Any:
        return -sum(x * mpmath.log(x) for x in map(mpmath.mpf, p))

    for seed, samples, classes in ((0, 3, 4), (1, 5, 2), (2, 1, 3)):
        answers = _answers(seed, samples, classes)
        middle = answers.mean(0)
        score = np.exp(np.mean([scipy.stats.entropy(row, middle) for row in answers]))
        env = {"bar pi": middle.tolist(), "pi": [row.tolist() for row in answers]}
        assert holds(latex, S=float(score), H=entropy, N=samples, **env)
    return proved("classifier_score")


def the_curve_of_two_histograms(latex: str) -> bool:
    """The largest mass of q that is slope times some mass of p, as a linear programme."""
    p, q = [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]

    def most(slope: Any, side: int) -> float:
        """Masses v of p and u = slope v of q; the sum of u (side 0) or of v (side 1)."""
        gain = float(slope) if side == 0 else 1.0
        room = [(0, min(a, b / float(slope))) for a, b in zip(p, q, strict=True)]
        return -scipy.optimize.linprog([-gain] * len(p), bounds=room).fun

    for slope in (0.25, 1.0, 3.0):
        values = {"P": lambda s: most(s, 0), "R": lambda s: most(s, 1)}
        env = {"lambda": mpmath.mpf(slope), "p": p, "q": q, "K": 3}
        assert holds(latex, **values, **env)
    return True


# Moments


def _frechet(first: np.ndarray, second: np.ndarray) -> float:
    root = scipy.linalg.sqrtm(first)
    cross = scipy.linalg.sqrtm(root @ second @ root)
    return float(np.trace(first + second - 2 * cross).real)


def _curvature(d: int, i: int, j: int) -> float:
    """The second derivative of the distance of covariances at I, along a symmetric entry, by differences."""
    step = 1e-3
    change = np.zeros((d, d))
    change[i, j] = change[j, i] = 1.0
    values = [_frechet(np.eye(d), np.eye(d) + t * change) for t in (step, -step, 2 * step, -2 * step)]
    return (16 * (values[0] + values[1]) - values[2] - values[3]) / (12 * step**2)


def the_bias_of_the_frechet_distance(latex: str) -> bool:
    """Second-order term: variances of means and of covariance entries of normal samples, times curvatures.

    With N samples a mean has the variance 1/N, a diagonal entry of the covariance 2/N and another one 1/N, to
    first order in 1/N; the differences of two sets have twice as much.
    """
    for d in (1, 2, 4):
        entries = [(i, j) for i in range(d) for j in range(i, d)]
        spread = sum((2 if i == j else 1) * round(_curvature(d, i, j), 5) for i, j in entries)
        for tau, n in ((1.0, 10), (0.3, 70)):
            bias = tau**2 * (2 * d / n + spread / n)
            assert holds(latex, b_FD=bias, tau=tau, N=n, d=d)
    return proved("bias_of_a_frechet_distance")


def the_kernel_distance_as_moments(latex: str) -> bool:
    """The same from all moments up to the third: (1 + a)^3 = 1 + 3 a + 3 a^2 + a^3, and each power is one."""
    rng = np.random.default_rng(3)
    for dim in (1, 2, 3):
        places = [rng.normal(size=dim).round(3) for _ in range(5)]
        p, q = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
        total = 0.0
        for power, times in ((1, 3), (2, 3), (3, 1)):
            for axes in itertools.product(range(dim), repeat=power):
                gap = sum((a - b) * np.prod(x[list(axes)]) for a, b, x in zip(p, q, places, strict=True))
                total += times * gap**2 / dim**power

        def kernel(x: Any, y: Any, d: int = dim) -> Any:
            return (sum(a * b for a, b in zip(x, y, strict=True)) / mpmath.mpf(d) + 1) ** 3

        laws = {
            name: [(float(w), tuple(map(float, x))) for w, x in zip(weights, places, strict=True)]
            for name, weights in (("p", p), ("q", q))
        }
        assert holds(latex, KD=float(total), h=kernel, **laws)
    return True


# Neighbours


def the_expected_coverage(latex: str) -> bool:
    """Around one real sample, all orders of the others: is one of the k nearest generated?"""
    for n, m, k in ((4, 3, 2), (3, 3, 1), (5, 2, 3), (2, 4, 1)):
        others = [False] * (n - 1) + [True] * m
        orders = itertools.permutations(range(len(others)))
        share = np.mean([any(others[i] for i in order[:k]) for order in orders])
        assert holds(latex, c=float(share), B=lambda a, b: math.comb(int(a), int(b)), N=n, M=m, k=k)
    return True


def _relabelled(size: int) -> Iterable[tuple[int, ...]]:
    return itertools.combinations(range(2 * size), size)


def the_accuracy_of_one_neighbour(latex: str) -> bool:
    """Fixed points, all ways to call half of them real: how often is the nearest of the same kind?"""
    rng = np.random.default_rng(5)
    for size in (2, 3, 4):
        points = rng.normal(size=(2 * size, 3))
        apart = np.linalg.norm(points[:, None] - points, axis=2) + 99 * np.eye(2 * size)
        nearest = apart.argmin(1)
        found = []
        for real in _relabelled(size):
            kind = np.isin(np.arange(2 * size), real)
            found.append(np.mean(kind == kind[nearest]))
        assert holds(latex, a=float(np.mean(found)), N=size)
    return True


def the_share_of_the_known(latex: str) -> bool:
    """Fixed points, all ways to call half of them known; some samples are copies of known ones."""
    rng = np.random.default_rng(6)
    for size, copies, others in ((3, 1, 3), (2, 2, 2), (3, 0, 4)):
        points, fresh = rng.normal(size=(2 * size, 2)), rng.normal(size=(others, 2))
        nearest = np.linalg.norm(fresh[:, None] - points, axis=2).argmin(1)
        shares = [(copies + np.isin(nearest, known).sum()) / (copies + others) for known in _relabelled(size)]
        assert holds(latex, s=float(np.mean(shares)), c=mpmath.mpf(copies) / (copies + others))
    return True


# Small batches, and losses


def a_batch_of_one(latex: str) -> bool:
    rng = np.random.default_rng(7)
    for dim in (1, 3):
        places, weights = rng.normal(size=(4, dim)), rng.dirichlet(np.ones(4))
        law = [(float(w), mpmath.matrix(x.tolist())) for w, x in zip(weights, places, strict=True)]
        middle = mpmath.matrix((weights @ places).tolist())
        assert holds(latex, p=law, mu=middle)
    return proved("batch_of_one")


def a_list_and_its_copy(latex: str) -> bool:
    """The logistic loss of the same scores on either side, by PyTorch; equal where all scores are 0."""
    for scores in ([0.0, 0.0], [1.0, -3.0, 0.2], [5.0], [-0.1, 0.1]):
        f = torch.tensor(scores, dtype=torch.float64)
        loss = float(softplus(-f).mean() + softplus(f).mean())
        check = strictly if any(scores) else touches
        assert check(latex, L_D=loss)
    return proved("nash_equilibrium")


# Keys


def _kernel(x: list[list[float]], y: list[list[float]]) -> float:
    a, b = np.array(x), np.array(y)
    values = [(u @ v / a.shape[1] + 1) ** 3 for u, v in itertools.product(a, b)]
    own = [
        np.mean([(s[i] @ s[j] / s.shape[1] + 1) ** 3 for i in range(len(s)) for j in range(len(s)) if i != j])
        for s in (a, b)
    ]
    return float(sum(own) - 2 * np.mean(values))


def _kernel_with_itself(x: list[list[float]], y: list[list[float]]) -> float:
    a, b = np.array(x), np.array(y)
    return float(
        sum(
            sign * np.mean([(u @ v / a.shape[1] + 1) ** 3 for u, v in itertools.product(s, t)])
            for sign, s, t in ((1, a, a), (1, b, b), (-2, a, b))
        )
    )


KERNELS = [
    ([[0.0], [1.0]], [[2.0], [0.0]]),
    ([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [2.0, 1.0]]),
    ([[1.0], [1.0]], [[1.0], [1.0]]),
]
LINES = [
    ([0.0, 1.0, 3.0, 7.0], [0.5, 2.5], 1),
    ([0.0, 1.0, 3.0, 7.0], [0.5, 9.0], 2),
    ([0.0, 2.0, 4.0], [10.0], 1),
]


def _covered(real: list[float], fake: list[float], k: int, own: int = 0) -> float:
    hits = 0
    for i, x in enumerate(real):
        radius = sorted(abs(x - y) for j, y in enumerate(real) if own or j != i)[k - 1]
        hits += any(abs(x - y) <= radius for y in fake)
    return hits / len(real)


def _precise(real: list[float], fake: list[float], k: int) -> float:
    radii = [sorted(abs(x - y) for j, y in enumerate(real) if j != i)[k - 1] for i, x in enumerate(real)]
    return float(np.mean([any(abs(x - y) <= r for x, r in zip(real, radii, strict=True)) for y in fake]))


def _rank_p(value: float, usual: list[float], both: bool = True) -> float:
    """The share of the R + 1 values, as ranks, that are as extreme on the nearer side; doubled for both."""
    sides = [1 + sum(x <= value for x in usual), 1 + sum(x >= value for x in usual)]
    return min(1.0, (2 if both else 1) * min(sides) / (len(usual) + 1))


USUAL = [
    (5.0, [1.0, 2.0, 3.0]),
    (2.5, [1.0, 2.0, 3.0]),
    (0.0, [float(i) for i in range(1, 40)]),
    (1.5, [float(i) for i in range(1, 40)]),
]

Check = Callable[[], Any]
EXERCISES: dict[str, Check] = {
    "1": lambda: [next(r for r in range(1, 999) if Fraction(2, r + 1) <= Fraction(1, 100)), 99, 200],
    "2": lambda: [
        math.exp(scipy.stats.entropy([0.5, 0.25, 0.25])),
        3,
        scipy.stats.entropy([0.5, 0.25, 0.25]),
    ],
    "3": lambda: [mpmath.mpf(999) / 2 / mpmath.mpf("0.005"), 199_800, 100_000],
    "4": lambda: [
        1 - Fraction(math.comb(399, 5), math.comb(799, 5)),
        1 - Fraction(1, 2) ** 5,
        Fraction(math.comb(399, 5), math.comb(799, 5)),
    ],
    "5": lambda: [2 * mpmath.mpf("0.62") - 1, mpmath.mpf("0.62"), mpmath.mpf("0.12")],
    "6": lambda: [
        [_kernel(*case) for case in KERNELS],
        [_kernel_with_itself(*case) for case in KERNELS],
    ],
    "7": lambda: [
        [_covered(*case) for case in LINES],
        [_covered(*case, 1) for case in LINES],
        [_precise(*case) for case in LINES],
    ],
    "12": lambda: [
        [_rank_p(*case) for case in USUAL],
        [_rank_p(*case, both=False) for case in USUAL],
    ],
}
QUIZ: dict[str, Check] = {
    "modes-of-a-sampler": lambda: [mpmath.mpf(999) / 52_000, mpmath.mpf(999) / 26_000, 0],
    "nearest": lambda: [mpmath.mpf(n - 1) / (2 * n - 1) for n in (2, 3, 10, 1000)],
}
SAID: dict[str, Check] = {
    "exercise 4": lambda: [400 - 1 + 400],
}
PUBLISHED = {"78.9": "lin2018", "4.50": "lin2018", "0.06": "lin2018", "0.029": "huang2024"}

EQUATIONS = [
    Equation("eval-level", r"\epsilon = \frac{2}{R + 1}", the_level_of_a_verdict),
    Equation("eval-kl-bias", r"b_{\mathrm{KL}} = \frac{K - 1}{2 N}", the_bias_of_a_histogram),
    Equation(
        "eval-score",
        r"\log S = H(\bar{\pi}) - \frac{1}{N} \sum_{n=1}^{N} H(\pi_n)",
        the_score_of_a_classifier,
    ),
    Equation(
        "eval-curve",
        r"""
        P(\lambda) = \sum_{i=1}^{K} \min(\lambda p_i, q_i), \qquad
        R(\lambda) = \sum_{i=1}^{K} \min(p_i, \frac{q_i}{\lambda})
        """,
        the_curve_of_two_histograms,
    ),
    Equation(
        "eval-frechet-bias",
        r"b_{\mathrm{FD}} = \frac{\tau^{2}}{N} \left( 2 d + \frac{d (d + 1)}{2} \right)",
        the_bias_of_the_frechet_distance,
    ),
    Equation(
        "eval-kernel",
        r"""
        \mathrm{KD} = \mathbb{E}_{x \sim p}[\mathbb{E}_{y \sim p}[h(x, y)]]
        + \mathbb{E}_{x \sim q}[\mathbb{E}_{y \sim q}[h(x, y)]]
        - 2 \mathbb{E}_{x \sim p}[\mathbb{E}_{y \sim q}[h(x, y)]]
        """,
        the_kernel_distance_as_moments,
    ),
    Equation(
        "eval-coverage",
        r"c = 1 - \frac{B(N - 1, k)}{B(N + M - 1, k)}",
        the_expected_coverage,
    ),
    Equation("eval-neighbour", r"a = \frac{N - 1}{2 N - 1}", the_accuracy_of_one_neighbour),
    Equation("eval-copies", r"s = c + \frac{1 - c}{2}", the_share_of_the_known),
    Equation(
        "eval-one",
        r"""
        \mathbb{E}_{x \sim p}[\mathbb{E}_{y \sim p}[\|x - y\|^{2}]]
        = 2 \mathbb{E}_{x \sim p}[\|x - \mu\|^{2}]
        """,
        a_batch_of_one,
    ),
    Equation("eval-list", r"L_D \ge 2 \log 2", a_list_and_its_copy),
]
