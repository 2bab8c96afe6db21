"""What the answers of the best discriminator tell: a ratio of densities, a sum of means, an accuracy."""

from __future__ import annotations

from sympy import Abs, Rational, Subs, Symbol, sign

from .derivation import Definition, Derivation, Step
from .statements import Term, at_most, define, densities, equal, integral, mean, normalised

__all__ = ["accuracy_bound", "mean_answers", "posterior_odds"]

_p, _q, _D = densities("p", "q", "D")
_HALF = Rational(1, 2)
_BEST = Term("D^*", _p / (_p + _q))


def posterior_odds() -> Derivation:
    """The ratio of the densities from the answer to unequal shares: its odds by the odds of the coin.

    Source: Goodfellow, Bengio & Courville 2016, ch. 3 [goodfellow2016].

    >>> posterior_odds().check()
    True
    """
    p, q, pi = Symbol("p", positive=True), Symbol("q", positive=True), Symbol("pi", positive=True)
    mixed = pi * p + (1 - pi) * q
    answer = Term("P(1|x)", pi * p / mixed)
    return Derivation(
        name="The ratio of the densities from unequal shares",
        claim=equal(p / q, answer / (1 - answer) * ((1 - pi) / pi)),
        assumptions=(
            r"a share $\pi$ of the samples is real, $0 < \pi < 1$",
            r"$p$ and $q$ are the densities of real and fake at the point $x$, both positive",
        ),
        lines=(
            Definition(equal(answer, pi * p / mixed), "Bayes' rule: the real share of the density at x"),
            Step(equal(1 - answer, (1 - pi) * q / mixed), "The rest is the share of the fakes"),
            Step(
                equal(answer / (1 - answer), pi / (1 - pi) * (p / q)),
                "In the odds the whole density cancels",
            ),
            Step(equal(Subs(answer, pi, _HALF), p / (p + q)), r"With equal shares the answer is $D^*$"),
        ),
        source="Goodfellow, Bengio & Courville 2016, ch. 3 [goodfellow2016]",
    )


def mean_answers() -> Derivation:
    """The mean answers of the best discriminator to real and to fake add up to one.

    Source: the statement is ours, for the optimum of Goodfellow et al. 2014, Prop. 1 [goodfellow2014].

    >>> mean_answers().check()
    True
    """
    both = mean(_p, _BEST) + mean(_q, _BEST)
    point = Term("a", _p * _BEST + _q * _BEST)
    return Derivation(
        name="The sum of the mean answers",
        claim=equal(both, 1),
        assumptions=(normalised(_p), r"$p$ and $q$ are the densities of real and fake"),
        lines=(
            Definition(equal(_BEST, _p / (_p + _q)), "The optimal discriminator"),
            Definition(equal(point, _p * _BEST + _q * _BEST), "What a point adds to the two means"),
            Step(equal(point, _p), "The denominator cancels, and the density of the data is left"),
            Step(equal(both, integral(_p)), "whose integral is one"),
        ),
        source="own statement, for Goodfellow et al. 2014, Prop. 1 [goodfellow2014]",
    )


def accuracy_bound() -> Derivation:
    """The share of right answers is at most (1 + TV(p, q))/2, which the best discriminator has.

    A sample is called real where D > 1/2 and fake where D < 1/2; D = 1/2 counts as a toss of a coin.

    Source: Reid & Williamson 2011 [reid2011].

    >>> accuracy_bound().check()
    True
    """
    said = define("s", lambda d: sign(2 * d - 1))

    def right(d: Term) -> Term:
        return integral((_p * (1 + said(d)) + _q * (1 - said(d))) / 4)

    accuracy = define("A", right)
    tv = Term(r"\operatorname{TV}", integral(Abs(_p - _q)) / 2)
    return Derivation(
        name="The accuracy of a discriminator",
        claim=at_most(accuracy(_D), _HALF + tv / 2),
        assumptions=(
            normalised(_p),
            normalised(_q),
            r"real and fake are equally frequent, and $D = 1/2$ counts as half a right answer",
        ),
        lines=(
            Definition(equal(said(_D), sign(2 * _D - 1)), "The verdict: 1 for real, -1 for fake"),
            Definition(
                equal(accuracy(_D), right(_D)),
                "Half of p is right where it says real, half of q where it says fake",
            ),
            Step(
                equal(accuracy(_D), _HALF + integral(said(_D) * (_p - _q)) / 4),
                "One half, and what the verdicts gain at each point",
            ),
            Step(at_most(said(_D) * (_p - _q), Abs(_p - _q)), "which is at best the difference of the two"),
            Step(equal(accuracy(_BEST), _HALF + tv / 2), "The optimal discriminator always has it"),
        ),
        source="Reid & Williamson 2011 [reid2011]",
    )
