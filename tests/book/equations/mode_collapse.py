"""What the chapter on mode collapse claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import minimize

from equations import Equation, proved
from equations.reading import holds, sides, strictly, touches
from ganlab import divergences, dynamics, losses, probability, regularizers

SHARES = [(4, 1), (4, 2), (8, 7), (5, 5)]  # of so many equal modes, this many are served


class Law(list[Any]):
    """A law that a display can scale, and whose powers are the laws of so many independent samples."""

    def __pow__(self, k: Any) -> Law:
        assert k == int(k) > 0, f"a pack of {k} samples does not hold"
        return Law(mpmath.fprod(pack) for pack in product(self, repeat=int(k)))

    def __rmul__(self, factor: Any) -> Law:
        return Law(factor * share for share in self)

    def __radd__(self, nothing: int) -> Law:
        return self


def laws(count: int = 5, size: int = 4) -> Iterator[Law]:
    """Random probability vectors in any precision."""
    random = Random(0)
    for _ in range(count):
        weights = [mpmath.mpf(random.uniform(0.05, 1)) for _ in range(size)]
        yield Law(weight / mpmath.fsum(weights) for weight in weights)


def kl(p: Any, q: Any) -> Any:
    """The sum of p log(p/q), in which a p of zero adds nothing."""
    return mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a)


def jsd(p: Any, q: Any) -> Any:
    return (kl(p, middle(p, q)) + kl(q, middle(p, q))) / 2


def tv(p: Any, q: Any) -> Any:
    return mpmath.fsum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


def middle(p: Any, q: Any) -> Law:
    return Law((a + b) / 2 for a, b in zip(p, q, strict=True))


def even(modes: int, kept: int) -> Law:
    """The law that serves `kept` of the modes, all alike."""
    return Law(mpmath.mpf(i < kept) / kept for i in range(modes))


# Counting


def the_histogram(latex: str) -> bool:
    """Random histograms and weights, by the package's divergence; also with a mode that is hardly served."""

    def known(h: Any, w: Any) -> float:
        return float(divergences.kl([float(x) for x in h], [float(x) for x in w]))

    tiny = mpmath.mpf("1e-30")
    for h, w in zip(laws(), reversed(list(laws())), strict=True):
        assert holds(latex, h=h, w=w, K=4, KL=known)
        assert holds(latex, h=[h[0] + h[1] - tiny, tiny, *h[2:]], w=w, K=4, KL=known)
    return True


def evenly(latex: str) -> bool:
    for modes, kept in SHARES:
        assert holds(latex, h=even(modes, kept), w=even(modes, modes), K=modes, M=kept, KL=kl)
    return proved("even_shares")


def how_many_are_captured(latex: str) -> bool:
    """By going through all the draws of n samples there are."""
    for h in (*laws(3, 3), even(3, 2)):
        for n in (1, 2, 5):
            draws = product(range(3), repeat=n)
            mean = mpmath.fsum(mpmath.fprod(h[i] for i in draw) * len(set(draw)) for draw in draws)
            assert holds(latex, h=h, K=3, n=n, M_n=mean)
    return proved("captured_modes")


# What is charged


def one_point_is_best(latex: str) -> bool:
    """Random laws on four points, against random discriminators; then all mass where D is largest."""
    random = Random(1)
    for q in laws():
        answers = [mpmath.mpf(random.random()) for _ in range(4)]
        known = {"D": answers.__getitem__, "min": lambda loss: min(loss(i) for i in range(4))}
        assert strictly(latex, q=list(zip(q, range(4), strict=True)), **known)
        best = answers.index(max(answers))
        assert touches(latex, q=[(int(i == best), i) for i in range(4)], **known)
    return proved("mean_and_least_value")


def the_price_of_a_share(latex: str) -> bool:
    for modes, kept in SHARES:
        p, q = even(modes, modes), even(modes, kept)
        env = {"p": p, "m": middle(p, q), "KL": kl, "alpha": mpmath.mpf(kept) / modes}
        assert holds(latex, **env)
        assert (sides(latex, **env)[0] > 1e-6) is (kept < modes), "the price of all modes alone is zero"
    return proved("price_of_lost_modes")


def the_local_loss(latex: str) -> bool:
    """From the densities of the two laws, by Bayes' rule."""
    for c, tau in ((2, 1), (1, mpmath.mpf("0.5")), (mpmath.mpf("0.7"), 2)):

        def normal(x: Any, mean: Any, tau: Any = tau) -> Any:
            return mpmath.npdf(x, mean, tau)

        def best(x: Any, c: Any = c, normal: Any = normal) -> Any:
            p = (normal(x, -c) + normal(x, c)) / 2
            return p / (p + normal(x, -c))

        for x in (-2, -0.3, 0, 1.7):
            assert holds(latex, x=mpmath.mpf(x), c=c, tau=tau, e=mpmath.e, **{"D*": best})
    return proved("loss_at_a_lost_mode")


def the_mean_cosine(latex: str) -> bool:
    """From the angles between all pairs of different pushes, in two and in five dimensions."""
    random = Random(2)
    for n, dim in ((2, 2), (3, 2), (6, 5)):
        pushes = [mpmath.matrix([random.gauss(0.5, 1) for _ in range(dim)]) for _ in range(n)]
        units = [push / mpmath.norm(push) for push in pushes]
        angles = [
            mpmath.acos((one.T * other)[0] / mpmath.norm(one) / mpmath.norm(other))
            for i, one in enumerate(pushes)
            for j, other in enumerate(pushes)
            if i != j
        ]
        mean = mpmath.fsum(map(mpmath.cos, angles)) / len(angles)
        assert holds(latex, n=n, u=units, C=mean)
    return proved("mean_cosine")


def two_rates(latex: str) -> bool:
    """The Jacobian of the step, from automatic differentiation of the package's game."""
    for loss in (losses.minimax, losses.non_saturating):
        for rates in ((0.1, 0.1), (0.02, 1.5), (2.0, 0.3)):
            step = {"rule": dynamics.simultaneous, "step_size": torch.tensor(rates, dtype=torch.float64)}
            values = dynamics.spectrum(dynamics.dirac_gan(loss), torch.zeros(2), **step)
            env = {"kappa": complex(values[0]), "eta_g": rates[0], "eta_d": rates[1]}
            assert holds(latex, **env)
    return proved("two_rates")


def with_r1(latex: str) -> bool:
    """The eigenvalues of the step of the package's game, where they are a pair that turns."""
    for loss in (losses.minimax, losses.non_saturating):
        for weight, rates in ((0.3, (0.1, 0.1)), (0.1, (0.3, 1.5)), (1.0, (2.0, 0.3))):
            step = {"rule": dynamics.simultaneous, "step_size": torch.tensor(rates, dtype=torch.float64)}
            game = dynamics.dirac_gan(loss, penalty=regularizers.r1, weight=weight)
            values = [complex(value) for value in dynamics.spectrum(game, torch.zeros(2), **step)]
            assert abs(values[0].imag) > 1e-3
            for value in values:
                assert holds(latex, kappa=value, eta_g=rates[0], eta_d=rates[1], **{"lambda": weight})
    return proved("two_rates_with_r1")


# Cures


def two_penalties(latex: str) -> bool:
    """By the package's penalties of a quadratic score, whose gradient is known, on weighted samples."""
    for i in range(3):
        points = torch.randn(2, 4, 2, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
        slope = torch.tensor([0.3, -1.2], dtype=torch.float64)
        bend = torch.tensor([[0.7, 0.2], [0.2, -0.4]], dtype=torch.float64)

        def score(x: Any, slope: Any = slope, bend: Any = bend) -> Any:
            return x @ slope + torch.einsum("ni,ij,nj->n", x, bend, x) / 2

        def rise(x: Any, slope: Any = slope, bend: Any = bend) -> Any:
            return mpmath.matrix(
                [float(v) for v in slope + bend @ torch.tensor([float(c) for c in x], dtype=torch.float64)]
            )

        laws = [[(mpmath.mpf(1) / 4, mpmath.matrix(x.tolist())) for x in half] for half in points]
        values = [penalty(score, *points).item() for penalty in (regularizers.r1, regularizers.r2)]
        assert holds(latex, p=laws[0], q=laws[1], R1=values[0], R2=values[1], **{"nabla a": rise})
    return True


def pairs_of_scores(latex: str) -> bool:
    """By the package's loss of both players, whose roles are exchanged."""
    for i in range(3):
        scores = 3 * torch.randn(2, 5, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
        a, b = (list(map(mpmath.mpf, half.tolist())) for half in scores)
        values = {
            "L_D": losses.relativistic_pairing.discriminator(*scores).item(),
            "L_G": losses.relativistic_pairing.generator(*scores).item(),
        }
        known = {"a": a, "b": b, "n": 5, "softplus": lambda x: mpmath.log1p(mpmath.exp(x))}
        assert holds(latex, **known, **values)
    return True


# Packs


def the_packed_game(latex: str) -> bool:
    """The least loss over all discriminators of packs, by a numerical search over their logits."""
    for p, q in zip(laws(3, 2), reversed(list(laws(3, 2))), strict=True):
        for k in (1, 2, 3):
            p_k, q_k = (np.array([float(x) for x in Law(law) ** k]) for law in (p, q))

            def loss(a: Any, p_k: Any = p_k, q_k: Any = q_k) -> float:
                return float(p_k @ np.logaddexp(0, -a) + q_k @ np.logaddexp(0, a))

            found = minimize(loss, np.zeros(len(p_k)), tol=1e-14, options={"gtol": 1e-9})
            least = {"min": lambda body: body("the best"), "L": lambda _, found=found: found.fun}
            assert holds(latex, p=Law(p), q=Law(q), k=k, JSD=jsd, **least)
    return proved("logistic_risk")


def packs_see_collapse(latex: str) -> bool:
    """By going through all the packs, beside the package's laws of packs and two derivations."""
    for modes, kept in SHARES:
        for k in (1, 2, 3, 4):
            p, q = Law(even(modes, modes)), Law(even(modes, kept))
            packed = [probability.pack([float(x) for x in law], k) for law in (p, q)]
            assert mpmath.almosteq(jsd(p**k, q**k), float(divergences.jensen_shannon(*packed)), abs_eps=1e-12)
            assert holds(latex, p=p, q=q, k=k, alpha=mpmath.mpf(kept) / modes, TV=tv, JSD=jsd)
    return proved("packing") and proved("packing_jensen_shannon")


# Keys


def _half_on_one() -> list[Any]:
    h, w = [mpmath.mpf(1) / 2] + [mpmath.mpf(1) / 14] * 7, even(8, 8)
    bits = kl(h, w) / mpmath.log(2)
    return [kl(h, w), mpmath.mpf(0), mpmath.log(2), kl(w, h), bits]


def _packs_needed(factor: int) -> Any:
    """The least m at which 2 log 2 less `factor` JSD is below one, for seven modes of eight."""
    p, q = Law(even(8, 8)), Law(even(8, 7))
    losses_of = ((m, 2 * mpmath.log(2) - factor * _closed(mpmath.mpf(7) / 8, m)) for m in range(1, 99))
    assert mpmath.almosteq(_closed(mpmath.mpf(7) / 8, 2), jsd(p**2, q**2))
    return mpmath.mpf(next(m for m, loss in losses_of if loss < 1))


def _closed(alpha: Any, m: int) -> Any:
    s = alpha**m
    return mpmath.log(2) - ((1 + s) * mpmath.log(1 + s) - s * mpmath.log(s)) / 2


Check = Callable[[], Any]
QUIZ: dict[str, Check] = {
    "reverse-kl": lambda: mpmath.log(4),
    "histograms-in-order": lambda: [
        kl(even(8, 8), even(8, 8)),
        _half_on_one()[0],
        kl(even(8, 4), even(8, 8)),
        kl(even(8, 1), even(8, 8)),
    ],
}


def _uneven_packs() -> list[Any]:
    """By going through all packs: of the uneven generator, of the one with lost modes, and two slips."""
    p, half = even(4, 4), even(4, 2)
    uneven = Law([mpmath.mpf(3) / 4, *[mpmath.mpf(1) / 12] * 3])
    assert mpmath.almosteq(tv(p, uneven), tv(p, half))
    return [tv(p**2, uneven**2), tv(p**2, half**2), tv(p, uneven) ** 2, tv(p**3, uneven**3)]


def _packed_images() -> list[Any]:
    """From the places of each number, by loops over packs, members and pixels."""
    first, second = (
        [[float(2 * i + j + 1) for j in (0, 1)] for i in range(4)],
        [[0.0, i + 1.0] for i in range(4)],
    )
    neighbours, apart, along = [], [], []
    for images in (first, second):
        neighbours.append([[[images[2 * pack + member]] for member in (0, 1)] for pack in (0, 1)])
        apart.append([[[images[pack + 2 * member]] for member in (0, 1)] for pack in (0, 1)])
        along.append([[[images[2 * pack] + images[2 * pack + 1]]] for pack in (0, 1)])
    return [neighbours, apart, along]


def _spreads_in_groups() -> list[Any]:
    """By NumPy, which divides by n or by n - 1 as it is told."""
    cases = [[[0, 0], [2, 4]], [[1, 1], [1, 1]]], [[[0, 0], [0, 2]], [[4, 0], [0, 0]]]
    ways = (
        lambda group: np.std(group, axis=0).mean(),
        lambda group: np.std(group, axis=0, ddof=1).mean(),
        lambda group: np.std(group, axis=0).sum(),
    )
    return [[[float(way(np.array(group, float))) for group in case] for case in cases] for way in ways]


def _small_study() -> list[Any]:
    """In whole tenths, by sorting: the choice by the tuning seeds, then the two slips."""
    first = (
        [[10, 12, 11], [9, 10, 8]],
        [[1] * 10, [10, 9, 14, 13, 8, 11, 20, 7, 12, 15]],
        [20, 21, 20, 22, 19, 24, 18, 20, 23, 21],
    )
    second = ([[5], [7], [4]], [list(range(3, 13)), [0] * 10, list(range(10, 101, 10))], [20] * 10)

    def answer(case: Any, choosing: int, ends: int) -> list[Any]:
        means = [sum(row) / len(row) for row in case[choosing]]
        place = means.index(min(means))
        less = sorted(a - b for a, b in zip(case[1][place], case[2], strict=True))
        found = [mpmath.mpf(less[4] + less[5]) / 2, less[ends], less[-1 - ends]]
        return [mpmath.mpf(place), *(mpmath.mpf(value) / 10 for value in found)]

    return [[answer(case, *slip) for case in (first, second)] for slip in ((0, 1), (1, 1), (0, 0))]


def _noisy_width() -> list[Any]:
    return [
        mpmath.sqrt(mpmath.mpf("0.1") ** 2 + mpmath.mpf("0.5") ** 2),
        *map(mpmath.mpf, ("0.6", "0.5", "0.1")),
    ]


EXERCISES: dict[str, Check] = {
    "1": _half_on_one,
    "3": _uneven_packs,
    "5": lambda: [_packs_needed(2), _packs_needed(1), mpmath.mpf(8)],
    "6": _packed_images,
    "7": _spreads_in_groups,
    "9": _noisy_width,
    "12": _small_study,
}


def _price_of_one_of_eight() -> list[Any]:
    return [2 * kl(middle(even(8, 8), even(8, 1)), even(8, 8))]


def _two_samples() -> list[Any]:
    p, q = even(8, 8), even(8, 4)
    return [tv(p, q), tv(p**2, q**2)]


def _four_are_too_few() -> list[Any]:
    losses_of = [2 * mpmath.log(2) - 2 * _closed(mpmath.mpf(7) / 8, m) for m in (1, 2, 3, 4, 5)]
    assert losses_of[3] > 1 > losses_of[4]
    return [1, 2, 3]


SAID: dict[str, Check] = {
    "eight-of-eight": lambda: [_half_on_one()[0]],
    "why-allowed": _price_of_one_of_eight,
    "histograms-in-order": lambda: [8],
    "two-samples": _two_samples,
    "exercise 1": lambda: [mpmath.mpf(1) / 14],
    "exercise 5": _four_are_too_few,
}

EQUATIONS = [
    Equation(
        "mc-reverse-kl",
        r"\mathrm{KL}(h \,\|\, w) = \sum_{i=1}^{K} h_i \log \frac{h_i}{w_i}",
        the_histogram,
    ),
    Equation("mc-even", r"\mathrm{KL}(h \,\|\, w) = \log \frac{K}{M}", evenly),
    Equation("mc-expected", r"M_n = \sum_{i=1}^{K} (1 - (1 - h_i)^{n})", how_many_are_captured),
    Equation(
        "mc-linear",
        r"\mathbb{E}_{x \sim q}[-\log D(x)] \ge \min_{x} (-\log D(x))",
        one_point_is_best,
    ),
    Equation(
        "mc-share",
        r"2 \, \mathrm{KL}(m \,\|\, p) = (1 + \alpha) \log \frac{1 + \alpha}{2 \alpha} - (1 - \alpha) \log 2",
        the_price_of_a_share,
    ),
    Equation(
        "mc-local",
        r"-\log D^{*}(x) = \log\left(1 + \frac{2}{1 + e^{2 c x / \tau^{2}}}\right)",
        the_local_loss,
    ),
    Equation("mc-two-rates", r"|\kappa| = \sqrt{1 + \frac{\eta_g \eta_d}{4}}", two_rates),
    Equation(
        "mc-cosine",
        r"C = \frac{1}{n (n - 1)} \left( \| \sum_{j=1}^{n} u_j \|^{2} - n \right)",
        the_mean_cosine,
    ),
    Equation(
        "mc-damped",
        r"|\kappa|^{2} = 1 + \frac{\eta_g \eta_d}{4} - 2 \lambda \eta_d",
        with_r1,
    ),
    Equation(
        "mc-r1",
        r"""
        \mathrm{R1} = \mathbb{E}_{x \sim p}[\|\nabla a(x)\|^{2}], \qquad
        \mathrm{R2} = \mathbb{E}_{x \sim q}[\|\nabla a(x)\|^{2}]
        """,
        two_penalties,
    ),
    Equation(
        "mc-pairing",
        r"""
        L_D = \frac{1}{n} \sum_{j=1}^{n} \operatorname{softplus}(b_j - a_j), \qquad
        L_G = \frac{1}{n} \sum_{j=1}^{n} \operatorname{softplus}(a_j - b_j)
        """,
        pairs_of_scores,
    ),
    Equation("mc-packed", r"\min_{D} L(D) = 2 \log 2 - 2 \, \mathrm{JSD}(p^{k}, q^{k})", the_packed_game),
    Equation(
        "mc-packs",
        r"""
        \begin{aligned}
        \mathrm{TV}(p^{k}, q^{k}) &= 1 - \alpha^{k}, \\
        \mathrm{JSD}(p^{k}, q^{k}) &= \log 2 - \frac{1}{2} \left( (1 + \alpha^{k}) \log(1 + \alpha^{k})
          - \alpha^{k} \log \alpha^{k} \right)
        \end{aligned}
        """,
        packs_see_collapse,
    ),
]
