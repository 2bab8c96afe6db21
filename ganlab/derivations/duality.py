"""The f-divergences as games: the convex conjugate of each f, its best critic, and the bound that it gives.

D_f(p, q) = E_q f(p/q) >= E_p T - E_q f*(T) for every critic T with values where f* is finite, with equality
at T* = f'(p/q). The arguments are in that order throughout: u = p/q, real over fake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Abs, Derivative, Function, S, Subs, Symbol, exp, log, sign, sqrt

from .derivation import Definition, Derivation, Step
from .statements import (
    Term,
    above,
    at_least,
    below,
    define,
    densities,
    equal,
    inside,
    integral,
    mean,
)

__all__ = [
    "dual_gan",
    "dual_jensen_shannon",
    "dual_kl",
    "dual_pearson",
    "dual_reverse_kl",
    "dual_squared_hellinger",
    "dual_total_variation",
]

_Function = Callable[[Any], Any]
_p, _q = densities("p", "q")
_T = Function("T", real=True)(_p.args[0])
_u = Symbol("u", positive=True)
_SOURCE = "Nowozin et al. 2016 [nowozin2016]"


def _duality(
    name: str,
    f: _Function,
    conjugate: _Function,
    *,
    best: Any,
    domain: Any,
    at_one: Any = S.Zero,
    lines: tuple[Step | Definition, ...],
) -> Derivation:
    """The claim and the common lines; `best` is f' as a function of u, `domain` what T may be."""
    shown, dual, gain = define("f", f), define("f^*", conjugate), _gain(conjugate)
    critic = Term("T^*", best)
    return Derivation(
        name=name,
        claim=at_least(integral(_q * shown(_p / _q)), mean(_p, _T) - mean(_q, dual(_T))),
        assumptions=(
            *domain,
            r"$u = p/q > 0$, and $T$ is any critic with values where $f^*$ is finite",
        ),
        lines=(
            Definition(equal(shown(_u), f(_u)), "The generating function"),
            Definition(equal(dual(_T), conjugate(_T)), "and its convex conjugate"),
            Definition(equal(shown(1), at_one), "The value where the densities agree"),
            Definition(equal(gain(_T), _u * _T - dual(_T)), "What a critic earns at a point, by q"),
            *lines,
            Definition(equal(critic, best), "The best critic"),
            Step(equal(gain(critic), shown(_u)), "At the best critic the bound is tight"),
            Step(at_least(shown(_u), gain(_T)), "No critic exceeds it at any point"),
        ),
        source=_SOURCE,
    )


def _gain(conjugate: _Function) -> Any:
    return define("b", lambda t: _u * t - define("f^*", conjugate)(t))


def _smooth(
    name: str,
    f: _Function,
    conjugate: _Function,
    best: Any,
    domain: tuple[Any, ...],
    **more: Any,
) -> Derivation:
    shown, gain = define("f", f), _gain(conjugate)
    lines = (
        Step(equal(Derivative(shown(_u), _u), best), "The slope of f"),
        Step(above(Derivative(shown(_u), (_u, 2)), 0), "f is strictly convex"),
        Step(
            equal(Subs(Derivative(gain(_T), _T), _T, best), 0),
            "Where the critic is that slope its gain is stationary",
        ),
    )
    return _duality(name, f, conjugate, best=best, domain=domain, lines=lines, **more)


def dual_kl() -> Derivation:
    """The Kullback-Leibler divergence: f(u) = u log u, f*(t) = e^(t - 1), T* = 1 + log u.

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_kl().check()
    True
    """
    return _smooth(
        "The dual of the Kullback-Leibler divergence",
        lambda u: u * log(u),
        lambda t: exp(t - 1),
        1 + log(_u),
        (),
    )


def dual_reverse_kl() -> Derivation:
    """The reverse Kullback-Leibler divergence: f(u) = -log u, f*(t) = -1 - log(-t) for t < 0, T* = -1/u.

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_reverse_kl().check()
    True
    """
    return _smooth(
        "The dual of the reverse Kullback-Leibler divergence",
        lambda u: -log(u),
        lambda t: -1 - log(-t),
        -1 / _u,
        (below(_T, 0),),
    )


def dual_pearson() -> Derivation:
    """The Pearson divergence: f(u) = (u - 1)^2, f*(t) = t + t^2/4, T* = 2(u - 1).

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_pearson().check()
    True
    """
    return _smooth(
        "The dual of the Pearson divergence",
        lambda u: (u - 1) ** 2,
        lambda t: t + t**2 / 4,
        2 * (_u - 1),
        (),
    )


def dual_squared_hellinger() -> Derivation:
    """The squared Hellinger distance: f(u) = (sqrt u - 1)^2, f*(t) = t/(1 - t) for t < 1, T* = 1 - 1/sqrt u.

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_squared_hellinger().check()
    True
    """
    return _smooth(
        "The dual of the squared Hellinger distance",
        lambda u: (sqrt(u) - 1) ** 2,
        lambda t: t / (1 - t),
        1 - 1 / sqrt(_u),
        (below(_T, 1),),
    )


def dual_jensen_shannon() -> Derivation:
    """Twice the Jensen-Shannon divergence: f*(t) = -log(2 - e^t) for t < log 2, T* = log(2u/(1 + u)).

    f(u) = u log u - (u + 1) log((1 + u)/2).

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_jensen_shannon().check()
    True
    """
    return _smooth(
        "The dual of twice the Jensen-Shannon divergence",
        lambda u: u * log(u) - (u + 1) * log((1 + u) / 2),
        lambda t: -log(2 - exp(t)),
        log(2 * _u / (1 + _u)),
        (below(_T, log(2)),),
    )


def dual_gan() -> Derivation:
    """The game of 2014, 2 JSD - log 4: f*(t) = -log(1 - e^t) for t < 0, and T* = log(u/(1 + u)) = log D*.

    f(u) = u log u - (u + 1) log(1 + u). With T = log D the bound is the value V(D).

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_gan().check()
    True
    """
    return _smooth(
        "The dual behind the original game",
        lambda u: u * log(u) - (u + 1) * log(1 + u),
        lambda t: -log(1 - exp(t)),
        log(_u / (1 + _u)),
        (below(_T, 0),),
        at_one=-2 * log(2),
    )


def dual_total_variation() -> Derivation:
    """The total variation: f(u) = |u - 1|/2, f*(t) = t for -1/2 < t < 1/2, T* = sign(u - 1)/2.

    f has a kink at u = 1, where every admissible T is best; at the ends of the interval f* is continuous.

    Source: Nowozin et al. 2016 [nowozin2016].

    >>> dual_total_variation().check()
    True
    """
    f = define("f", lambda u: Abs(u - 1) / 2)
    return _duality(
        "The dual of the total variation",
        lambda u: Abs(u - 1) / 2,
        lambda t: t,
        best=sign(_u - 1) / 2,
        domain=(inside(_T, -S.Half, S.Half),),
        lines=(
            Definition(
                equal(f(1 + _u), _u / 2), "Above one the slope is a half, as far as the critic may go"
            ),
            Step(equal(f(1 / (1 + _u)), _u / (1 + _u) / 2), "Below one it is minus a half"),
        ),
    )
