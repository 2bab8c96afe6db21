"""One idea behind the losses: the least risk of a classifier is, turned round, an f-divergence.

For each loss with terms phi(a) on real and phi(-a) on fake the least value of p phi(a) + q phi(-a) is a
concave function of (p, q), and what it falls short of its value at p = q is a divergence.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Function, Max, Min, Rational, S, exp, log, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, above, at_least, at_most, define, densities, equal, integral, mean, normalised

__all__ = ["brier_risk", "exponential_risk", "hinge_risk", "logistic_risk"]

_p, _q, _D = densities("p", "q", "D")
_a = Function("a", real=True)(_p.args[0])
_ASSUMED = (
    normalised(_p),
    normalised(_q),
    r"$p$ and $q$ are the positive densities of real and fake, and $a$ is any real score",
)


def _risk(phi: Any, psi: Any) -> tuple[Any, Any]:
    """The risk as an integral, and at a point, of a loss phi on real and psi on fake."""
    risk = define("R", lambda a: mean(_p, phi(a)) + mean(_q, psi(a)))
    return risk, define("r", lambda a: _p * phi(a) + _q * psi(a))


def logistic_risk() -> Derivation:
    """The least logistic risk: 2 log 2 - 2 JSD(p, q).

    Source: Reid & Williamson 2011 [reid2011].

    >>> logistic_risk().check()
    True
    """
    risk, r = _risk(lambda a: log(1 + exp(-a)), lambda a: log(1 + exp(a)))
    best = log(_p / _q)
    m = (_p + _q) / 2
    jsd = Term(r"\operatorname{JSD}", (mean(_p, log(_p / m)) + mean(_q, log(_q / m))) / 2)
    least = _p * log(1 + _q / _p) + _q * log(1 + _p / _q)
    return Derivation(
        name="Logistic loss and the Jensen-Shannon divergence",
        claim=equal(risk(Term("a^*", best)), 2 * log(2) - 2 * jsd),
        assumptions=_ASSUMED,
        lines=(
            Definition(equal(r(_a), _p * log(1 + exp(-_a)) + _q * log(1 + exp(_a))), "The risk at a point"),
            Step(above(Derivative(r(_a), (_a, 2)), 0), "is strictly convex in the score"),
            Step(at_least(r(_a), least), "and least"),
            Definition(equal(r(best), least), "at the log-ratio of the densities"),
            Step(equal(integral(least), 2 * log(2) - 2 * jsd), "The integral, with the middle written out"),
        ),
        source="Reid & Williamson 2011 [reid2011]",
    )


def brier_risk() -> Derivation:
    """The least squared-error risk: 1/2 minus a quarter of the integral of (p - q)^2/(p + q).

    Source: Reid & Williamson 2011 [reid2011].

    >>> brier_risk().check()
    True
    """
    risk, r = _risk(lambda d: (1 - d) ** 2, lambda d: d**2)
    best = _p / (_p + _q)
    triangular = Term(r"\Delta", integral((_p - _q) ** 2 / (_p + _q)))
    return Derivation(
        name="Squared loss and the triangular discrimination",
        claim=equal(risk(Term("D^*", best)), Rational(1, 2) - triangular / 4),
        assumptions=(
            normalised(_p),
            normalised(_q),
            r"$p$ and $q$ are the positive densities of real and fake, and $a$ is any real output",
        ),
        lines=(
            Definition(equal(r(_a), _p * (1 - _a) ** 2 + _q * _a**2), "The risk at a point"),
            Step(equal(r(_a), r(best) + (_p + _q) * (_a - best) ** 2), "is least at p over p + q"),
            Step(equal(r(best), _p * _q / (_p + _q)), "with half the harmonic mean as value"),
            Step(at_most(r(best), (_p + _q) / 4), "which is at most half the arithmetic mean"),
            Step(
                equal((_p + _q) / 4 - r(best), (_p - _q) ** 2 / (4 * (_p + _q))), "The difference at a point"
            ),
        ),
        source="Reid & Williamson 2011 [reid2011]",
    )


def exponential_risk() -> Derivation:
    """The least exponential risk: 2 minus the squared Hellinger distance, the integral of (√p - √q)^2.

    Source: Reid & Williamson 2011 [reid2011].

    >>> exponential_risk().check()
    True
    """
    risk, r = _risk(lambda a: exp(-a), lambda a: exp(a))
    best = log(_p / _q) / 2
    hellinger = Term("H^2", integral((sqrt(_p) - sqrt(_q)) ** 2))
    return Derivation(
        name="Exponential loss and the Hellinger distance",
        claim=equal(risk(Term("a^*", best)), 2 - hellinger),
        assumptions=_ASSUMED,
        lines=(
            Definition(equal(r(_a), _p * exp(-_a) + _q * exp(_a)), "The risk at a point"),
            Step(
                equal(r(_a), 2 * sqrt(_p * _q) + (sqrt(_p) * exp(-_a / 2) - sqrt(_q) * exp(_a / 2)) ** 2),
                "is a square above the geometric mean",
            ),
            Definition(equal(r(best), 2 * sqrt(_p * _q)), "and reaches it at half the log-ratio"),
            Step(equal(hellinger, integral(_p + _q - 2 * sqrt(_p * _q))), "The distance, multiplied out"),
        ),
        source="Reid & Williamson 2011 [reid2011]",
    )


def hinge_risk() -> Derivation:
    """The least hinge risk: 2 minus twice the total variation, the integral of |p - q|/2.

    Source: Reid & Williamson 2011 [reid2011].

    >>> hinge_risk().check()
    True
    """
    risk, r = _risk(lambda a: Max(0, 1 - a), lambda a: Max(0, 1 + a))
    tv = Term(r"\operatorname{TV}", integral(Abs(_p - _q)) / 2)

    either = Term("r_0", Min(r(S.One), r(S.NegativeOne)))
    return Derivation(
        name="Hinge loss and total variation",
        claim=at_least(risk(_a), 2 - 2 * tv),
        assumptions=_ASSUMED,
        lines=(
            Definition(equal(r(_a), _p * Max(0, 1 - _a) + _q * Max(0, 1 + _a)), "The risk at a point"),
            Step(at_least(r(_a), 2 * Min(_p, _q)), "No score does better than the smaller density, twice"),
            Definition(equal(either, Min(r(S.One), r(S.NegativeOne))), "The better of the scores 1 and -1"),
            Step(equal(either, 2 * Min(_p, _q)), "reaches it"),
            Step(equal(tv, integral(_p + _q - 2 * Min(_p, _q)) / 2), "The difference of the densities"),
        ),
        source="Reid & Williamson 2011 [reid2011]",
    )
