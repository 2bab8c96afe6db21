"""What bounds the Jensen-Shannon divergence: total variation on both sides, processing, and a mixture."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Max, Min, Symbol, log, symbols

from .derivation import Definition, Derivation, Step
from .statements import Term, at_least, at_most, define, densities, equal, inside, integral, mean, normalised

__all__ = ["data_processing", "fano_bound", "overlap_bound", "past_generators"]

_DENSITIES = r"$p$ and $q$ are the densities of real and fake, positive where they are compared"
_MIDDLE = r"$m = (p + q)/2$ is the middle of the two, and $D^* = p/(p + q)$ the best answer"
_p, _q, _D = densities("p", "q", "D")
_m = Term("m", (_p + _q) / 2)
_BEST = Term("D^*", _p / (_p + _q))
_h = define("h", lambda d: -d * log(d) - (1 - d) * log(1 - d))
_j = define("j", lambda p, q: (p * log(2 * p / (p + q)) + q * log(2 * q / (p + q))) / 2)
_TV = Term(r"\operatorname{TV}", integral(Abs(_p - _q)) / 2)


def _kl(a: Any, b: Any) -> Any:
    return mean(a, log(a / b))


_jsd = define(r"\operatorname{JSD}", lambda p, q: (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2)
_unsure = mean(_m, _h(_BEST))


def overlap_bound() -> Derivation:
    """The divergence is at most TV(p, q) log 2: the entropy of an answer lies above its chord.

    Source: Lin 1991 [lin1991].

    >>> overlap_bound().check()
    True
    """
    overlap = Term("S", integral(Min(_p, _q)))
    return Derivation(
        name="The divergence below total variation",
        claim=at_most(_jsd(_p, _q), _TV * log(2)),
        assumptions=(normalised(_p), normalised(_q), _DENSITIES, _MIDDLE),
        lines=(
            Step(
                equal(_jsd(_p, _q), log(2) - _unsure),
                "The divergence is log 2 less the mean entropy of the best answer",
            ),
            Step(
                at_least(_m * _h(_BEST), log(2) * Min(_p, _q)),
                "The entropy is concave: at each point it lies above its chord",
            ),
            Definition(equal(overlap, integral(Min(_p, _q))), "The smaller density, summed up"),
            Step(equal(overlap, 1 - _TV), "is what total variation leaves of one"),
        ),
        source="Lin 1991 [lin1991]",
    )


def fano_bound() -> Derivation:
    """Fano's inequality for a coin: the divergence is at least log 2 - h((1 - TV(p, q))/2).

    The best discriminator is wrong on a share w = (1 - TV)/2. Its mean entropy is at most the price of one
    sureness for all samples, which is h(w) at its best.

    Source: Lin 1991 [lin1991].

    >>> fano_bound().check()
    True
    """
    t = Symbol("t", real=True)
    wrong, right = Term("w", integral(Min(_p, _q)) / 2), Term("r", integral(Max(_p, _q)) / 2)
    entropy = -wrong * log(wrong) - right * log(right)
    coin = Term(r"h\left(\frac{1 - \operatorname{TV}}{2}\right)", entropy)
    return Derivation(
        name="The divergence above total variation",
        claim=at_most(log(2) - coin, _jsd(_p, _q)),
        assumptions=(normalised(_p), normalised(_q), inside(t, 0, 1), _DENSITIES, _MIDDLE),
        lines=(
            Definition(equal(wrong, integral(Min(_p, _q)) / 2), "The best answer is wrong on this share"),
            Step(equal(wrong, (1 - _TV) / 2), "which total variation gives"),
            Definition(equal(right, integral(Max(_p, _q)) / 2), "and right on that one"),
            Step(equal(right, (1 + _TV) / 2), "which is the rest"),
            Definition(equal(coin, entropy), "The entropy of these two"),
            Step(
                equal(_jsd(_p, _q), log(2) - _unsure),
                "The divergence is log 2 less the mean entropy of the best answer",
            ),
            Step(
                at_most(_unsure, -wrong * log(t) - right * log(1 - t)),
                r"To be equally sure of every sample, by any $t$, costs no less: so it does for $t = w$",
            ),
        ),
        source="Lin 1991 [lin1991]",
    )


def data_processing() -> Derivation:
    """Processing makes no divergence: what merges two points adds no more than the two did.

    A discriminator of what was made is one of what went in, and worth the same. Any other map of finitely
    many points is made of such merges, and noise is a map of the pair of sample and noise.

    Source: Kullback & Leibler 1951 [kullback1951].

    >>> data_processing().check()
    True
    """
    p, q, other_p, other_q = symbols("p_1 q_1 p_2 q_2", positive=True)
    d = Symbol("D", real=True)
    value = define("v", lambda p, q, d: (p * log(2 * d) + q * log(2 * (1 - d))) / 2)
    merged = p + other_p, q + other_q
    best = merged[0] / (merged[0] + merged[1])
    return Derivation(
        name="What processing cannot do",
        claim=at_most(_j(*merged), _j(p, q) + _j(other_p, other_q)),
        assumptions=(
            inside(d, 0, 1),
            r"$T$ merges two points; a point with the densities $p$ and $q$ adds $j(p, q)$ to JSD",
        ),
        lines=(
            Definition(
                equal(value(p, q, d), (p * log(2 * d) + q * log(2 * (1 - d))) / 2),
                "What a point adds for any answer D",
            ),
            Step(
                equal(value(*merged, d), value(p, q, d) + value(other_p, other_q, d)),
                "To answer after the merge is to answer both points alike",
            ),
            Step(at_least(_j(p, q), value(p, q, d)), "but each point may have an answer of its own"),
            Step(at_least(_j(other_p, other_q), value(other_p, other_q, d)), "which does no worse"),
            Step(equal(_j(*merged), value(*merged, best)), "than the best answer to what was merged"),
        ),
        source="Kullback & Leibler 1951 [kullback1951]",
    )


def past_generators() -> Derivation:
    """The divergence from a mixture is at most the mean of the divergences, whatever the share.

    With the newest of n generators at the share 1/n, and the mean of those before it as the other one, this
    gives the mean of n, one generator after the other.

    Source: Lin 1991 [lin1991].

    >>> past_generators().check()
    True
    """
    before, newest = densities("q_0", "q_1")
    share = Symbol("lambda", real=True)
    value = define("v", lambda q, d: (_p * log(2 * d) + q * log(2 * (1 - d))) / 2)
    both = Term(r"\bar{q}", share * newest + (1 - share) * before)
    return Derivation(
        name="Against all past generators",
        claim=at_most(_jsd(_p, both), share * _jsd(_p, newest) + (1 - share) * _jsd(_p, before)),
        assumptions=(
            inside(share, 0, 1),
            inside(_D, 0, 1),
            r"of $n$ generators $q_1$ is the newest, $\lambda = 1/n$, and $q_0$ the mean of the others",
        ),
        lines=(
            Definition(equal(both, share * newest + (1 - share) * before), "The mixture of all samples"),
            Step(equal(_jsd(_p, both), integral(_j(_p, both))), "The divergence is a sum over points"),
            Definition(
                equal(value(newest, _D), (_p * log(2 * _D) + newest * log(2 * (1 - _D))) / 2),
                "What a point adds for any answer D",
            ),
            Step(
                equal(value(both, _D), share * value(newest, _D) + (1 - share) * value(before, _D)),
                "Against the mixture it adds the mean, if D is one answer to all",
            ),
            Step(at_least(_j(_p, newest), value(newest, _D)), "but each may have an answer of its own"),
            Step(at_least(_j(_p, before), value(before, _D)), "which does no worse"),
            Step(equal(_j(_p, both), value(both, _p / (_p + both))), "than the best answer to the mixture"),
        ),
        source="Lin 1991 [lin1991]",
    )
