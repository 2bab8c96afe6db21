"""What the game decides once the discriminator is best: the optimum, its value, and the equilibrium."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Limit, Rational, S, Subs, Symbol, log

from .derivation import Definition, Derivation, Step
from .statements import (
    Term,
    above,
    at_least,
    at_most,
    below,
    define,
    densities,
    equal,
    inside,
    integral,
    mean,
    normalised,
)

__all__ = [
    "divergence_after_a_step",
    "jensen_shannon_bounds",
    "mutual_information",
    "nash_converse",
    "nash_equilibrium",
    "off_support",
    "optimal_discriminator",
    "value_at_optimum",
    "value_lower_bound",
]

_DENSITIES = r"$p$ and $q$ are the densities of real and fake, positive where they are compared"
_p, _q, _D = densities("p", "q", "D")
_best = _p / (_p + _q)
_BEST = Term("D^*", _best)


def _integrand(d: Any) -> Any:
    return _p * log(d) + _q * log(1 - d)


def _kl(a: Any, b: Any) -> Any:
    return mean(a, log(a / b))


_value = define("V", lambda d: mean(_p, log(d)) + mean(_q, log(1 - d)))
_pointwise = define("v", _integrand)
_m = (_p + _q) / 2
_JSD = Term(r"\operatorname{JSD}", (_kl(_p, _m) + _kl(_q, _m)) / 2)
_bern_kl = define(r"\operatorname{kl}", lambda s, t: s * log(s / t) + (1 - s) * log((1 - s) / (1 - t)))


def optimal_discriminator() -> Derivation:
    """The best discriminator, D* = p / (p + q), as the unique maximum at every point.

    v(D) = p log D + q log(1 - D) is strictly concave, and its slope (p - (p + q) D) / (D (1 - D)) has one
    zero, with second derivative -(p + q)^3 / (p q) there.

    Source: Goodfellow et al. 2014, Prop. 1 [goodfellow2014].

    >>> optimal_discriminator().check()
    True
    """
    slope = Derivative(_pointwise(_D), _D)
    return Derivation(
        name="The optimal discriminator",
        claim=at_most(_value(_D), _value(_best)),
        assumptions=(inside(_D, 0, 1), _DENSITIES),
        lines=(
            Step(equal(_value(_D), integral(_pointwise(_D))), "The value is an integral over points"),
            Definition(equal(_pointwise(_D), _integrand(_D)), "At a point only one number is free, D"),
            Step(equal(slope, (_p - (_p + _q) * _D) / (_D * (1 - _D))), "The slope has one zero"),
            Step(equal(Subs(slope, _D, _best), 0), "First order: it is p over p + q"),
            Step(
                equal(Subs(Derivative(_pointwise(_D), (_D, 2)), _D, _best), -((_p + _q) ** 3) / (_p * _q)),
                "Second order at that point: a maximum",
            ),
            Step(below(Derivative(_pointwise(_D), (_D, 2)), 0), "Strictly concave everywhere: the only one"),
        ),
        source="Goodfellow et al. 2014, Prop. 1 [goodfellow2014]",
    )


def off_support() -> Derivation:
    """The best discriminator where a density vanishes: 0 without real data, 1 without fakes, else arbitrary.

    At p = 0 the value q log(1 - D) falls in D and its least upper bound 0 is reached at D = 0; at q = 0 it is
    the mirror image; at p = q = 0 every D gives 0.

    Source: Goodfellow et al. 2014, Prop. 1 [goodfellow2014].

    >>> off_support().check()
    True
    """
    p, q = Symbol("p", positive=True), Symbol("q", positive=True)
    d = Symbol("D", real=True)
    v = p * log(d) + q * log(1 - d)
    only_fake = Subs(v, p, 0)

    value, best = define("v", lambda d: p * log(d) + q * log(1 - d)), Term("D^*", p / (p + q))
    return Derivation(
        name="The optimal discriminator off the support",
        claim=below(only_fake, Limit(q * log(1 - d), d, 0, "+")),
        assumptions=(
            inside(d, 0, 1),
            "all three cases at one point; the claim is for points without real data",
        ),
        lines=(
            Definition(equal(value(d), v), "What a point adds to the value"),
            Step(below(Derivative(Subs(value(d), p, 0), d), 0), "No real data: the smaller D the better"),
            Step(equal(Limit(Subs(value(d), p, 0), d, 0, "+"), 0), "so that D = 0 attains the upper bound"),
            Step(above(Derivative(Subs(value(d), q, 0), d), 0), "No fakes: the larger D the better"),
            Step(equal(Limit(Subs(value(d), q, 0), d, 1, "-"), 0), "so that D = 1 attains the upper bound"),
            Step(below(Subs(value(d), q, 0), 0), "and no D inside does"),
            Step(equal(Subs(value(d), (p, q), (0, 0)), 0), "Neither: every D is as good"),
            Definition(equal(best, p / (p + q)), "The formula"),
            Step(equal(Limit(best, p, 0, "+"), 0), "agrees at p = 0"),
            Step(equal(Limit(best, q, 0, "+"), 1), "and at q = 0"),
        ),
        source="Goodfellow et al. 2014, Prop. 1 [goodfellow2014]",
    )


def value_at_optimum() -> Derivation:
    """The value at the best discriminator: V(D*) = -log 4 + 2 JSD(p, q).

    JSD is half the divergence of p from the middle m = (p + q)/2 plus half that of q, in nats.

    Source: Goodfellow et al. 2014, Thm. 1 [goodfellow2014].

    >>> value_at_optimum().check()
    True
    """
    middle = Term("m", _m)
    return Derivation(
        name="The value at the optimal discriminator",
        claim=equal(_value(_BEST), -log(4) + 2 * _JSD),
        assumptions=(normalised(_p), normalised(_q), _DENSITIES),
        lines=(
            Definition(equal(_BEST, _p / (_p + _q)), "The optimal discriminator"),
            Step(equal(_value(_BEST), _kl_form(_p + _q)), "put into the value"),
            Definition(equal(middle, (_p + _q) / 2), "The middle of the two densities"),
            Step(equal(log(_p / (_p + _q)), log(_p / middle) - log(2)), "Each logarithm gives up a log 2"),
            Step(
                equal(_kl_form(_p + _q), _kl_form(middle) - 2 * log(2)), "and each density integrates to one"
            ),
            Definition(
                equal(2 * _JSD, _kl_form(middle)), "What is left is twice the Jensen-Shannon divergence"
            ),
        ),
        source="Goodfellow et al. 2014, Thm. 1 [goodfellow2014]",
    )


def _kl_form(other: Any) -> Any:
    return mean(_p, log(_p / other)) + mean(_q, log(_q / other))


def jensen_shannon_bounds() -> Derivation:
    """The bounds 0 <= JSD <= log 2; zero only where p = q, log 2 where the supports are disjoint.

    Source: Lin 1991 [lin1991].

    >>> jensen_shannon_bounds().check()
    True
    """
    j = define("j", lambda p, q: p * log(2 * p / (p + q)) / 2 + q * log(2 * q / (p + q)) / 2)
    missing = _p * log(1 + _q / _p) / 2 + _q * log(1 + _p / _q) / 2
    slope = Derivative(j(_p, _q), _p)

    gap = Term("g", log(2) * _m - j(_p, _q))
    return Derivation(
        name="The bounds of the Jensen-Shannon divergence",
        claim=at_most(_JSD, log(2)),
        assumptions=(normalised(_p), normalised(_q), _DENSITIES),
        lines=(
            Step(equal(_JSD, integral(j(_p, _q))), "The divergence is an integral over points"),
            Step(equal(slope, log(2 * _p / (_p + _q)) / 2), "Its integrand is stationary in p at p = q"),
            Step(equal(Subs(j(_p, _q), _p, _q), 0), "where it is zero"),
            Step(above(Derivative(j(_p, _q), (_p, 2)), 0), "Strictly convex: zero nowhere else"),
            Step(at_least(_JSD, 0), "The lower bound"),
            Definition(equal(gap, log(2) * _m - j(_p, _q)), "What is missing to log 2 of the middle"),
            Step(equal(gap, missing), "is a sum of two logarithms above zero"),
            Step(above(missing, 0), "so that it is positive where both densities are"),
            Step(equal(Limit(missing, _q, 0, "+"), 0), "and vanishes where one of them does"),
        ),
        source="Lin 1991 [lin1991]",
    )


def mutual_information() -> Derivation:
    """The Jensen-Shannon divergence as the information of a sample about its label: log 2 - H(Y|X).

    Y is a fair coin; X is real where Y = 1, fake where Y = 0. The least mean cross-entropy is H(Y|X).

    Source: Lin 1991 [lin1991].

    >>> mutual_information().check()
    True
    """
    h = define("h", lambda d: -d * log(d) - (1 - d) * log(1 - d))
    middle = Term("m", _m)
    entropy = Term("H(Y|X)", mean(middle, h(_BEST)))
    return Derivation(
        name="The divergence as mutual information",
        claim=equal(log(2) - entropy, _JSD),
        assumptions=(normalised(_p), normalised(_q), "the label Y is a fair coin, 1 for real and 0 for fake"),
        lines=(
            Definition(equal(middle, (_p + _q) / 2), "The density of a sample whose label is unknown"),
            Step(
                equal(_BEST, _p / 2 / middle),
                "Bayes: the optimal discriminator is the distribution of Y given X",
            ),
            Definition(
                equal(h(Rational(1, 2)), log(2)), "Before the sample is seen the label is worth log 2"
            ),
            Definition(
                equal(entropy, mean(middle, h(_BEST))), "After it, the mean entropy of that distribution"
            ),
            Step(
                equal(middle * h(_BEST), -(_p * log(_BEST) + _q * log(1 - _BEST)) / 2),
                "Point by point it is the best cross-entropy",
            ),
            Step(equal(entropy, -_value(_BEST) / 2), "which is minus half the value of the game"),
        ),
        source="Lin 1991 [lin1991]",
    )


def value_lower_bound() -> Derivation:
    """Any discriminator bounds the divergence from below: V(D)/2 + log 2 <= JSD.

    The gap is the regret of D: V(D*) - V(D) is the integral of (p + q) kl(D*, D), where kl(s, t) is the
    divergence of two coins.

    Source: Goodfellow et al. 2014, Thm. 1 [goodfellow2014].

    >>> value_lower_bound().check()
    True
    """
    s, t = Symbol("s", real=True), Symbol("t", real=True)
    regret = integral((_p + _q) * _bern_kl(_BEST, _D))

    lost = Term("R", _value(_BEST) - _value(_D))
    return Derivation(
        name="Every discriminator gives a lower bound",
        claim=at_most(_value(_D) / 2 + log(2), _JSD),
        assumptions=(
            inside(_D, 0, 1),
            normalised(_p),
            normalised(_q),
            inside(s, 0, 1),
            inside(t, 0, 1),
            _DENSITIES,
        ),
        lines=(
            Definition(
                equal(_bern_kl(s, t), s * log(s / t) + (1 - s) * log((1 - s) / (1 - t))),
                "The divergence of two coins",
            ),
            Step(at_least(_bern_kl(s, t), 0), "It is not negative"),
            Definition(equal(lost, _value(_BEST) - _value(_D)), "The regret of D"),
            Step(equal(lost, regret), "is such a divergence, averaged"),
            Step(at_least(regret, 0), "so that no D does better than the best"),
            Step(equal(_JSD, _value(_BEST) / 2 + log(2)), "and the best one attains the divergence"),
        ),
        source="Goodfellow et al. 2014, Thm. 1 [goodfellow2014]",
    )


def divergence_after_a_step() -> Derivation:
    """How a step changes the divergence: by what the value at any D changes, and by what its regret changes.

    For a generator that goes from q_0 to q_1: 2 JSD(p, q_1) - 2 JSD(p, q_0) = (V_1 - V_0) + (R_1 - R_0). So
    the divergence falls if and only if the value falls by more than the regret rises.

    Source: the statement is ours, from Goodfellow et al. 2014, Thm. 1 [goodfellow2014].

    >>> divergence_after_a_step().check()
    True
    """
    before, after = densities("q_0", "q_1")
    value = define("V", lambda d, q: mean(_p, log(d)) + mean(q, log(1 - d)))
    jsd = define(r"\operatorname{JSD}", lambda p, q: (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2)
    best = define("D^*", lambda p, q: p / (p + q))
    regret = define("R", lambda d, q: value(best(_p, q), q) - value(d, q))
    change = value(_D, after) - value(_D, before) + (regret(_D, after) - regret(_D, before))
    return Derivation(
        name="What a step does to the divergence",
        claim=equal(2 * jsd(_p, after) - 2 * jsd(_p, before), change),
        assumptions=(
            normalised(_p),
            normalised(before),
            normalised(after),
            r"the densities are positive, $0 < D < 1$, and $D$ has a finite value before and after",
        ),
        lines=(
            Step(
                equal(jsd(_p, before), (value(_D, before) + regret(_D, before)) / 2 + log(2)),
                "Before the step, value and regret add up to the best value",
            ),
            Step(
                equal(jsd(_p, after), (value(_D, after) + regret(_D, after)) / 2 + log(2)),
                "and so they do after it, for the same D",
            ),
        ),
        source="own statement, from Goodfellow et al. 2014, Thm. 1 [goodfellow2014]",
    )


def nash_equilibrium() -> Derivation:
    """The saddle point over all densities and all discriminators: V(D; p, p) <= V(1/2; p, q).

    With q = p and D = 1/2 nobody gains: any D against p has a value of at most -log 4, and 1/2 has it against
    every q.

    Source: Goodfellow et al. 2014, sec. 4 [goodfellow2014].

    >>> nash_equilibrium().check()
    True
    """
    value = define("V", lambda d, fake: mean(_p, log(d)) + mean(fake, log(1 - d)))
    return Derivation(
        name="The Nash equilibrium over densities",
        claim=at_most(value(_D, _p), value(S.Half, _q)),
        assumptions=(inside(_D, 0, 1), normalised(_p), normalised(_q), _DENSITIES),
        lines=(
            Step(equal(value(S.Half, _q), -log(4)), "Against D = 1/2 every generator has the same value"),
            Step(equal(value(_D, _p), mean(_p, log((1 - _D) * _D))), "Against q = p"),
            Step(at_most(mean(_p, log((1 - _D) * _D)), -log(4)), "no discriminator does better than 1/2"),
        ),
        source="Goodfellow et al. 2014, sec. 4 [goodfellow2014]",
    )


def nash_converse() -> Derivation:
    """No other equilibrium: where fakes are placed best, the best discriminator cannot tell the two apart.

    Mass is balanced: E_p D* - E_q D* is the mean of (2 D* - 1)^2 over the middle of the two laws. Both
    generator losses fall in D, so that a best reply sits where D is largest and E_p D* <= E_q D*. Hence
    D* = 1/2 and q = p.

    Source: the proof is ours; the theorem is in Goodfellow et al. 2014, sec. 4 [goodfellow2014].

    >>> nash_converse().check()
    True
    """
    middle = Term("m", _m)
    apart = mean(middle, (2 * _BEST - 1) ** 2)
    return Derivation(
        name="The equilibrium is the only one",
        claim=equal(apart, 0),
        assumptions=(
            normalised(_p),
            normalised(_q),
            at_most(mean(_p, _BEST), mean(_q, _BEST)),
            "the last line says that fakes are a best reply: they sit where D is largest",
            _DENSITIES,
        ),
        lines=(
            Step(equal(apart, mean(middle, 2 * _BEST * (2 * _BEST - 1))), "Both distributions have mass one"),
            Step(
                equal(middle * (2 * _BEST * (2 * _BEST - 1)), (_p - _q) * _BEST),
                "Twice the middle times 2 D - 1 is the difference of the densities",
            ),
            Step(
                equal(apart, mean(_p, _BEST) - mean(_q, _BEST)),
                "So the mean square is what real samples are answered more than fakes",
            ),
        ),
        source="own proof, for Goodfellow et al. 2014, sec. 4 [goodfellow2014]",
    )
