"""What the generator follows: its gradients in the logit and at the best discriminator, and what falls."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Function, Integral, Limit, Subs, Symbol, exp, log, oo, pi, sqrt

from .derivation import Definition, Derivation, Step
from .statements import (
    Term,
    above,
    at_least,
    below,
    define,
    densities,
    equal,
    mean,
    normalised,
)

__all__ = [
    "envelope_theorem",
    "gaussian_gradients",
    "gradient_ratio",
    "non_saturating_divergence",
    "non_saturating_gradient",
    "pathwise_gradient",
    "reverse_kl_minus_jsd",
    "saturating_gradient",
    "softened_reverse_kl",
    "sum_of_gradients",
]

_a, _D = Symbol("a", real=True), Symbol("D", real=True)
_sigma = define(r"\sigma", lambda a: 1 / (1 + exp(-a)))
_LOGIT = r"$a$ is the logit of the discriminator on a fake, $D = \sigma(a)$, and $p$, $q > 0$"
_p, _q = Symbol("p", positive=True), Symbol("q", positive=True)
_theta = Symbol("theta", real=True)
_q_theta = Function("q", positive=True)(_theta)
_moved = Derivative(_q_theta, _theta)
_FAMILY = (
    r"$p$ and $q = q_\theta$ are densities at a point, positive there, $q$ differentiable in $\theta$",
    r"under the integral a constant times $dq/d\theta$ counts as zero, since $q$ keeps mass one",
)


def saturating_gradient() -> Derivation:
    """The gradient of the saturating loss log(1 - D): -sigma(a) in the logit, which dies as D grows sure.

    Source: Goodfellow et al. 2014, sec. 3 [goodfellow2014].

    >>> saturating_gradient().check()
    True
    """
    loss = log(1 - _sigma(_a))

    of_output = define(r"\ell", lambda d: log(1 - d))
    return Derivation(
        name="The saturating gradient",
        claim=equal(Derivative(loss, _a), -_sigma(_a)),
        assumptions=(_LOGIT,),
        lines=(
            Definition(equal(of_output(_D), log(1 - _D)), "The loss of an output D"),
            Step(
                equal(Derivative(of_output(_D), _D), -1 / (1 - _D)),
                "In the output the slope is at least one",
            ),
            Step(
                equal(Derivative(_sigma(_a), _a), _sigma(_a) * (1 - _sigma(_a))), "The slope of the sigmoid"
            ),
            Step(
                equal(Derivative(loss, _a), -1 / (1 - _sigma(_a)) * Derivative(_sigma(_a), _a)),
                "The chain rule multiplies them",
            ),
            Step(equal(Limit(-_sigma(_a), _a, -oo), 0), "A fake that is seen through has no gradient"),
            Step(equal(Subs(-_sigma(_a), _a, log(_p / _q)), -_p / (_p + _q)), "At the optimal discriminator"),
            Step(below(-_sigma(_a), 0), "It always asks for a higher logit"),
        ),
        source="Goodfellow et al. 2014, sec. 3 [goodfellow2014]",
    )


def non_saturating_gradient() -> Derivation:
    """The gradient of the non-saturating loss -log D: -(1 - sigma(a)) in the logit, at most one in size.

    Source: Goodfellow et al. 2014, sec. 3 [goodfellow2014].

    >>> non_saturating_gradient().check()
    True
    """
    loss = -log(_sigma(_a))

    of_output = define(r"\ell", lambda d: -log(d))
    return Derivation(
        name="The non-saturating gradient",
        claim=equal(Derivative(loss, _a), -(1 - _sigma(_a))),
        assumptions=(_LOGIT,),
        lines=(
            Definition(equal(of_output(_D), -log(_D)), "The loss of an output D"),
            Step(equal(Derivative(of_output(_D), _D), -1 / _D), "In the output the slope is unbounded"),
            Step(
                equal(Derivative(_sigma(_a), _a), _sigma(_a) * (1 - _sigma(_a))), "The slope of the sigmoid"
            ),
            Step(
                equal(Derivative(loss, _a), -1 / _sigma(_a) * Derivative(_sigma(_a), _a)),
                "The chain rule multiplies them",
            ),
            Step(
                equal(Limit(-(1 - _sigma(_a)), _a, -oo), -1), "A fake that is seen through has the full slope"
            ),
            Step(equal(Limit(-(1 - _sigma(_a)), _a, oo), 0), "A fake that passes for real has none"),
            Step(below(1 - _sigma(_a), 1), "In the logit the gradient is bounded, not large"),
            Step(
                equal(Subs(-(1 - _sigma(_a)), _a, log(_p / _q)), -_q / (_p + _q)),
                "At the optimal discriminator",
            ),
        ),
        source="Goodfellow et al. 2014, sec. 3 [goodfellow2014]",
    )


def gradient_ratio() -> Derivation:
    """How much stronger the non-saturating gradient is than the saturating one: e^(-a), which is q/p at D*.

    Source: Goodfellow et al. 2014, sec. 3 [goodfellow2014].

    >>> gradient_ratio().check()
    True
    """
    ratio = Derivative(-log(_sigma(_a)), _a) / Derivative(log(1 - _sigma(_a)), _a)
    return Derivation(
        name="The ratio of the two generator gradients",
        claim=equal(ratio, exp(-_a)),
        assumptions=(_LOGIT,),
        lines=(
            Step(equal(Derivative(-log(_sigma(_a)), _a), -(1 - _sigma(_a))), "The non-saturating gradient"),
            Step(equal(Derivative(log(1 - _sigma(_a)), _a), -_sigma(_a)), "The saturating gradient"),
            Step(equal(ratio, (1 - _sigma(_a)) / _sigma(_a)), "Their ratio is the odds of fake"),
            Step(equal((1 - _sigma(_a)) / _sigma(_a), exp(-_a)), "which the logit gives"),
            Step(equal(Subs(exp(-_a), _a, log(_p / _q)), _q / _p), "At the optimal discriminator"),
            Step(
                equal(Subs((1 - _sigma(_a)) / _sigma(_a), _a, -log(19)), 19),
                "At the logit $-\\log 19$, which is D = 0.05, the factor is 19",
            ),
            Step(equal(Subs(exp(-_a), _a, 0), 1), "At D = 1/2 the two are the same"),
        ),
        source="Goodfellow et al. 2014, sec. 3 [goodfellow2014]",
    )


def _at_a_point() -> tuple[Any, Any, Any]:
    """The integrands of V(D*), of 2 JSD and of KL(q, p), for a density q that moves with theta."""
    q = _q_theta
    best = _p / (_p + q)
    value = _p * log(best) + q * log(1 - best)
    return value, _p * log(2 * _p / (_p + q)) + q * log(2 * q / (_p + q)), q * log(q / _p)


def envelope_theorem() -> Derivation:
    """The gradient of the optimal value, D frozen: d v(D*)/d theta = log(1 - D*) dq/d theta.

    The discriminator moves with theta, but v is stationary in D at D*, so its motion does not count. Hence
    the saturating loss at D*, frozen, has the gradient of 2 JSD.

    Source: Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled].

    >>> envelope_theorem().check()
    True
    """
    _, jsd, _ = _at_a_point()
    frozen = _p * log(_D) + _q_theta * log(1 - _D)
    best = Term("D^*", _p / (_p + _q_theta))
    named = _p * log(best) + _q_theta * log(1 - best)

    point, twice = Term("v", frozen), Term("2j", jsd)
    return Derivation(
        name="The envelope theorem of the game",
        claim=equal(Derivative(named, _theta), log(1 - best) * _moved),
        assumptions=_FAMILY,
        lines=(
            Definition(equal(point, frozen), "What a point adds to the value of D"),
            Definition(equal(best, _p / (_p + _q_theta)), "The optimal discriminator follows q"),
            Step(equal(Subs(Derivative(point, _D), _D, best), 0), "In D the value is stationary there"),
            Step(equal(Derivative(point, _theta), log(1 - _D) * _moved), "With D frozen only q moves"),
            Step(
                equal(
                    Derivative(named, _theta),
                    Subs(Derivative(point, _D), _D, best) * Derivative(best, _theta) + log(1 - best) * _moved,
                ),
                "The total derivative is the sum of the two",
            ),
            Definition(equal(twice, jsd), "Twice the Jensen-Shannon divergence, at the point"),
            Step(
                equal(Derivative(twice, _theta), log(1 - best) * _moved + log(2) * _moved),
                "has the same derivative, but for a constant",
            ),
        ),
        source="Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled]",
    )


def pathwise_gradient() -> Derivation:
    """From the motion of samples to that of their density: E_z of dF(G(z))/d theta is d/d theta of E_q F.

    Where a sample at x moves at the speed u, the density q moves by minus the slope of the flux q u. The
    integrands q u dF/dx and F dq/d theta then differ by the slope of F q u, whose integral is zero if F q u
    dies at both ends and F does not jump. At a jump of F it is minus q u times the jump.

    Source: Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled].

    >>> pathwise_gradient().check()
    True
    """
    x = Symbol("x", real=True)
    q = Function("q", positive=True)(x, _theta)
    u, f = Function("u", real=True)(x, _theta), Function("F", real=True)(x)
    moved = Term(r"\partial_\theta q", -u * Derivative(q, x) - q * Derivative(u, x))
    return Derivation(
        name="Samples that move and densities that move",
        claim=equal(q * u * Derivative(f, x) - f * moved, Derivative(f * q * u, x)),
        assumptions=(
            r"the sample $x = G(z; \theta)$ moves at the speed $u$ as $\theta$ grows, on the line",
            r"the mass $q s$ between neighbours at distance $s$ stays, and $s$ grows by $s \, \partial_x u$,",
            r"so that $\partial_\theta q = -u \, \partial_x q - q \, \partial_x u$",
        ),
        lines=(
            Step(equal(moved, -Derivative(q * u, x)), "The density moves by minus the slope of the flux"),
            Step(
                equal(Derivative(f * q * u, x), q * u * Derivative(f, x) + f * Derivative(q * u, x)),
                "The slope of a product, wherever F has one",
            ),
        ),
        source="Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled]",
    )


def non_saturating_divergence() -> Derivation:
    """The non-saturating gradient at the frozen D*, as the gradient of KL(q, p) - 2 JSD.

    Source: Arjovsky & Bottou 2017, Thm. 2.5 [arjovsky2017principled].

    >>> non_saturating_divergence().check()
    True
    """
    _, jsd, kl = _at_a_point()
    q = _q_theta
    best = Term("D^*", _p / (_p + q))

    loss, twice, reverse = Term(r"\ell", -q * log(_D)), Term("2j", jsd), Term("k", kl)
    return Derivation(
        name="What the non-saturating loss descends",
        claim=equal(Derivative(reverse - twice, _theta), -log(best) * _moved + (1 - log(2)) * _moved),
        assumptions=_FAMILY,
        lines=(
            Definition(equal(best, _p / (_p + q)), "The optimal discriminator"),
            Definition(equal(loss, -q * log(_D)), "The loss at a point, for any D"),
            Step(equal(Derivative(loss, _theta), -log(_D) * _moved), "D being frozen"),
            Definition(equal(reverse, kl), "The reverse divergence KL(q, p), at the point"),
            Definition(equal(twice, jsd), "Twice the Jensen-Shannon divergence, at the point"),
            Step(equal(Derivative(reverse, _theta), log(q / _p) * _moved + _moved), "How the first moves"),
            Step(equal(Derivative(twice, _theta), log(2 * q / (_p + q)) * _moved), "How the second moves"),
            Step(
                equal(
                    Derivative(reverse - twice, _theta),
                    (log(q / _p) - log(2 * q / (_p + q))) * _moved + _moved,
                ),
                "The difference",
            ),
            Step(
                equal(log(q / _p) - log(2 * q / (_p + q)), -log(best) - log(2)),
                "What is left of the two logarithms",
            ),
        ),
        source="Arjovsky & Bottou 2017, Thm. 2.5 [arjovsky2017principled]",
    )


def sum_of_gradients() -> Derivation:
    """The saturating and the non-saturating gradient at the frozen D* add up to the gradient of KL(q, p).

    Source: Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled].

    >>> sum_of_gradients().check()
    True
    """
    _, _, kl = _at_a_point()
    q = _q_theta
    best = Term("D^*", _p / (_p + q))

    saturating, other = Term(r"\ell_1", q * log(1 - _D)), Term(r"\ell_2", -q * log(_D))
    reverse = Term("k", kl)
    return Derivation(
        name="The two generator gradients add up",
        claim=equal(Derivative(reverse, _theta), (log(1 - best) - log(best)) * _moved + _moved),
        assumptions=_FAMILY,
        lines=(
            Definition(equal(best, _p / (_p + q)), "The optimal discriminator"),
            Definition(equal(saturating, q * log(1 - _D)), "The saturating loss at a point"),
            Definition(equal(other, -q * log(_D)), "The non-saturating loss at a point"),
            Definition(equal(reverse, kl), "The reverse divergence KL(q, p), at the point"),
            Step(equal(Derivative(saturating, _theta), log(1 - _D) * _moved), "With D frozen"),
            Step(equal(Derivative(other, _theta), -log(_D) * _moved), "and the other one"),
            Step(
                equal(log(1 - best) - log(best), log(q / _p)),
                "Together they weigh by the log-ratio of the densities",
            ),
            Step(
                equal(Derivative(reverse, _theta), log(q / _p) * _moved + _moved),
                "which is how KL(q, p) moves",
            ),
        ),
        source="Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled]",
    )


def reverse_kl_minus_jsd() -> Derivation:
    """The divergence behind the non-saturating loss: KL(q, p) - 2 JSD(p, q) = 2 KL(m, p), with m = (p + q)/2.

    It is not negative: the minus sign in front of JSD does no harm.

    Source: Shannon et al. 2020 [shannon2020].

    >>> reverse_kl_minus_jsd().check()
    True
    """
    p, q = densities("p", "q")
    m = (p + q) / 2
    middle = Term("m", m)
    jsd = Term(r"\operatorname{JSD}", (mean(p, log(p / m)) + mean(q, log(q / m))) / 2)
    kl = define(r"\operatorname{KL}", lambda a, b: mean(a, log(a / b)))
    return Derivation(
        name="The softened reverse divergence",
        claim=equal(kl(q, p) - 2 * jsd, 2 * kl(middle, p)),
        assumptions=(normalised(p), normalised(q), r"$p$ and $q$ are positive densities"),
        lines=(
            Definition(equal(middle, (p + q) / 2), "The middle of the two densities"),
            Definition(equal(2 * jsd, kl(p, middle) + kl(q, middle)), "Twice the Jensen-Shannon divergence"),
            Step(
                equal(kl(q, p) - 2 * jsd, mean(q, log(q / p) - log(q / middle)) - mean(p, log(p / middle))),
                "By law, what is averaged under it",
            ),
            Step(
                equal(log(q / p) - log(q / middle), log(middle / p)), "Under q the logarithms leave m over p"
            ),
            Step(equal(kl(q, p) - 2 * jsd, mean(p + q, log(middle / p))), "and under p they do the same"),
            Step(at_least(2 * kl(middle, p), 0), "A divergence is not negative"),
        ),
        source="Shannon et al. 2020 [shannon2020]",
    )


def softened_reverse_kl() -> Derivation:
    """The softened reverse divergence as an f-divergence with f'' = 1/(u^2 (1 + u)), where u = p/q.

    f(u) = (1 + u) log((1 + u)/(2u)). With p - q added, which integrates to zero, the integrand is
    (1 - log 2) p where q drops a mode and infinite where q invents one: the loss seeks modes.

    Source: Shannon et al. 2020 [shannon2020].

    >>> softened_reverse_kl().check()
    True
    """
    u = Symbol("u", positive=True)
    f = define("f", lambda u: (1 + u) * log((1 + u) / (2 * u)))

    added = Term("J", _q * f(_p / _q))
    return Derivation(
        name="The softened reverse divergence is an f-divergence",
        claim=equal(Derivative(f(u), (u, 2)), 1 / (u**2 * (1 + u))),
        assumptions=(r"$u = p/q$ and $f(u) = (1 + u)\log\frac{1 + u}{2u}$",),
        lines=(
            Definition(equal(f(1), 0), "f vanishes where the densities agree"),
            Step(equal(Derivative(f(u), u), log((1 + u) / (2 * u)) - 1 / u), "The first derivative"),
            Step(
                equal(Derivative(f(u), (u, 2)), 1 / u**2 - 1 / (u * (1 + u))),
                "The second derivative, term by term",
            ),
            Step(above(Derivative(f(u), (u, 2)), 0), "It is strictly convex"),
            Definition(equal(added, _q * f(_p / _q)), "What a point adds to the divergence"),
            Step(equal(added, (_p + _q) * log((_p + _q) / (2 * _p))), "is the integrand of 2 KL(m, p)"),
            Step(equal(Limit(added, _q, 0, "+"), -log(2) * _p), "A dropped mode has a finite price"),
            Step(equal(Limit(added, _p, 0, "+"), oo), "An invented one has an infinite price"),
        ),
        source="Shannon et al. 2020 [shannon2020]",
    )


def gaussian_gradients() -> Derivation:
    """The two generator gradients for p = N(0, 1), q = N(theta, 1) at D*: they add up to theta.

    Saturating: theta E_p[q/(p + q)]; non-saturating: theta E_q[q/(p + q)]; their sum is the slope of
    KL(q, p) = theta^2/2. A sample x = z + theta moves at speed one, and the logit a(x) = theta^2/2 - theta x.

    Source: Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled].

    >>> gaussian_gradients().check()
    True
    """
    x, theta = Symbol("x", real=True), _theta
    p, q = exp(-(x**2) / 2) / sqrt(2 * pi), exp(-((x - theta) ** 2) / 2) / sqrt(2 * pi)
    shown_p, shown_q = Term("p", p), Term("q", q)
    logit = Term("a", theta**2 / 2 - theta * x)
    sat = Derivative(log(1 - _sigma(logit)), x)
    ns = Derivative(-log(_sigma(logit)), x)
    kl = Integral(shown_q * log(shown_q / shown_p), (x, -oo, oo))
    return Derivation(
        name="Two unit normals and the two generator gradients",
        claim=equal(sat + ns, Derivative(kl, theta)),
        assumptions=(
            r"$p$ is the density of $N(0, 1)$, $q$ of $N(\theta, 1)$, both at $x$; $a$ is the logit of $D^*$",
        ),
        lines=(
            Step(equal(logit, log(shown_p / shown_q)), "The logit is the log-ratio, a line"),
            Step(
                equal(sat, theta * shown_p / (shown_p + shown_q)),
                "The saturating gradient at a fake",
            ),
            Step(
                equal(ns, theta * shown_q / (shown_p + shown_q)),
                "The non-saturating gradient at a fake",
            ),
            Step(equal(sat + ns, theta), "Their sum does not depend on the fake"),
            Step(equal(kl, theta**2 / 2), "The reverse divergence of the two normals"),
            Step(
                below(shown_p / (shown_p + shown_q), shown_p / shown_q),
                "Far from p the saturating part dies with the ratio",
            ),
        ),
        source="Arjovsky & Bottou 2017, sec. 2 [arjovsky2017principled]",
    )
