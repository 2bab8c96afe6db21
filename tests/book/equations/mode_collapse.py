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
from ganlab import divergences, dynamics, losses, probability

SHARES = [(4, 1), (4, 2), (8, 7), (5, 5)]  # of so many equal modes, this many are served


class Law(list[Any]):
    """A law that a display can scale, and whose powers are the laws of so many independent samples."""

    def __pow__(self, m: Any) -> Law:
        assert m == int(m) > 0, f"a pack of {m} samples does not hold"
        return Law(mpmath.fprod(pack) for pack in product(self, repeat=int(m)))

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
    return Law(mpmath.mpf(k < kept) / kept for k in range(modes))


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
    return True


def how_many_are_captured(latex: str) -> bool:
    """By going through all the draws of n samples there are."""
    for h in (*laws(3, 3), even(3, 2)):
        for n in (1, 2, 5):
            draws = product(range(3), repeat=n)
            mean = mpmath.fsum(mpmath.fprod(h[k] for k in draw) * len(set(draw)) for draw in draws)
            assert holds(latex, h=h, K=3, n=n, M_n=mean)
    return True


# What is charged


def one_point_is_best(latex: str) -> bool:
    """Mixtures of random laws on four points, against random discriminators."""
    random = Random(1)
    for q, s in zip(laws(), reversed(list(laws())), strict=True):
        t, answers = mpmath.mpf(random.random()), [mpmath.mpf(random.random()) for _ in range(4)]
        both = {"q": list(zip(q, range(4), strict=True)), "s": list(zip(s, range(4), strict=True))}
        both["r"] = [((1 - t) * a + t * b, i) for i, (a, b) in enumerate(zip(q, s, strict=True))]
        least = {"min": lambda loss: min(loss(i) for i in range(4))}
        assert strictly(latex, t=t, D=answers.__getitem__, **both, **least)
        best = answers.index(max(answers))
        both["s"] = both["r"] = [(int(i == best), i) for i in range(4)]
        assert touches(latex, t=1, D=answers.__getitem__, **both, **least)
        both["q"] = both["s"]
        assert touches(latex, t=t, D=answers.__getitem__, **both, **least)
    return True


def the_price_of_a_share(latex: str) -> bool:
    for modes, kept in SHARES:
        p, q = even(modes, modes), even(modes, kept)
        env = {"p": p, "m": middle(p, q), "KL": kl, "alpha": mpmath.mpf(kept) / modes}
        assert holds(latex, **env)
        assert (sides(latex, **env)[0] > 1e-6) is (kept < modes), "the price of all modes alone is zero"
    return True


def the_local_loss(latex: str) -> bool:
    """From the densities of the two laws, by Bayes' rule."""
    for c, s in ((2, 1), (1, mpmath.mpf("0.5")), (mpmath.mpf("0.7"), 2)):

        def normal(x: Any, mean: Any, s: Any = s) -> Any:
            return mpmath.npdf(x, mean, s)

        def best(x: Any, c: Any = c, normal: Any = normal) -> Any:
            p = (normal(x, -c) + normal(x, c)) / 2
            return p / (p + normal(x, -c))

        for x in (-2, -0.3, 0, 1.7):
            assert holds(latex, x=mpmath.mpf(x), c=c, s=s, e=mpmath.e, **{"D*": best})
    return True


def two_rates(latex: str) -> bool:
    """The Jacobian of the step, from automatic differentiation of the package's game."""
    for loss in (losses.minimax, losses.non_saturating):
        for rates in ((0.1, 0.1), (0.02, 1.5), (2.0, 0.3)):
            step = {"rule": dynamics.simultaneous, "step_size": torch.tensor(rates, dtype=torch.float64)}
            values = dynamics.spectrum(dynamics.dirac_gan(loss), torch.zeros(2), **step)
            env = {"lambda": complex(values[0]), "eta_g": rates[0], "eta_d": rates[1]}
            assert holds(latex, **env)
    return True


# Packs


def the_packed_game(latex: str) -> bool:
    """The least loss over all discriminators of packs, by a numerical search over their logits."""
    for p, q in zip(laws(3, 2), reversed(list(laws(3, 2))), strict=True):
        for m in (1, 2, 3):
            p_m, q_m = (np.array([float(x) for x in Law(law) ** m]) for law in (p, q))

            def loss(a: Any, p_m: Any = p_m, q_m: Any = q_m) -> float:
                return float(p_m @ np.logaddexp(0, -a) + q_m @ np.logaddexp(0, a))

            found = minimize(loss, np.zeros(len(p_m)), tol=1e-14, options={"gtol": 1e-9})
            least = {"min": lambda body: body("the best"), "L": lambda _, found=found: found.fun}
            assert holds(latex, p=Law(p), q=Law(q), m=m, JSD=jsd, **least)
    return True


def packs_see_collapse(latex: str) -> bool:
    """By going through all the packs, beside the package's laws of packs and two derivations."""
    for modes, kept in SHARES:
        for m in (1, 2, 3, 4):
            p, q = Law(even(modes, modes)), Law(even(modes, kept))
            packed = [probability.pack([float(x) for x in law], m) for law in (p, q)]
            assert mpmath.almosteq(jsd(p**m, q**m), float(divergences.jensen_shannon(*packed)), abs_eps=1e-12)
            assert holds(latex, p=p, q=q, m=m, alpha=mpmath.mpf(kept) / modes, TV=tv, JSD=jsd)
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
EXERCISES: dict[str, Check] = {
    "1": _half_on_one,
    "3": lambda: [_packs_needed(2), _packs_needed(1), mpmath.mpf(8)],
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
    "exercise 3": _four_are_too_few,
}

EQUATIONS = [
    Equation(
        "mc-reverse-kl",
        r"\mathrm{KL}(h \,\|\, w) = \sum_{k=1}^{K} h_k \log \frac{h_k}{w_k}",
        the_histogram,
    ),
    Equation("mc-even", r"\mathrm{KL}(h \,\|\, w) = \log \frac{K}{M}", evenly),
    Equation("mc-expected", r"M_n = \sum_{k=1}^{K} (1 - (1 - h_k)^{n})", how_many_are_captured),
    Equation(
        "mc-linear",
        r"""
        \begin{aligned}
        \mathbb{E}_{x \sim r}[-\log D(x)]
          &= (1 - t) \, \mathbb{E}_{x \sim q}[-\log D(x)] + t \, \mathbb{E}_{x \sim s}[-\log D(x)] \\
          &\ge \min_{x} (-\log D(x))
        \end{aligned}
        """,
        one_point_is_best,
    ),
    Equation(
        "mc-share",
        r"2 \, \mathrm{KL}(m \,\|\, p) = (1 + \alpha) \log \frac{1 + \alpha}{2 \alpha} - (1 - \alpha) \log 2",
        the_price_of_a_share,
    ),
    Equation(
        "mc-local",
        r"-\log D^{*}(x) = \log\left(1 + \frac{2}{1 + e^{2 c x / s^{2}}}\right)",
        the_local_loss,
    ),
    Equation("mc-two-rates", r"|\lambda| = \sqrt{1 + \frac{\eta_g \eta_d}{4}}", two_rates),
    Equation("mc-packed", r"\min_{D} L(D) = 2 \log 2 - 2 \, \mathrm{JSD}(p^{m}, q^{m})", the_packed_game),
    Equation(
        "mc-packs",
        r"""
        \begin{aligned}
        \mathrm{TV}(p^{m}, q^{m}) &= 1 - \alpha^{m}, \\
        \mathrm{JSD}(p^{m}, q^{m}) &= \log 2 - \frac{1}{2} \left( (1 + \alpha^{m}) \log(1 + \alpha^{m})
          - \alpha^{m} \log \alpha^{m} \right)
        \end{aligned}
        """,
        packs_see_collapse,
    ),
]
