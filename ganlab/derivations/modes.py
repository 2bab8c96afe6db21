"""Modes: what a histogram of them costs, who is captured, and what the discriminator says of a lost one."""

from __future__ import annotations

from sympy import Function, Limit, Symbol, cos, exp, log, pi, sin, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, at_least, define, densities, equal, mean, normalised

__all__ = [
    "captured_modes",
    "even_shares",
    "loss_at_a_lost_mode",
    "mean_and_least_value",
    "mean_cosine",
    "price_of_lost_modes",
]

_alpha = Symbol("alpha", positive=True)


def even_shares() -> Derivation:
    """The reverse KL of a generator that serves M of K equal modes evenly: log(K/M).

    The lost modes have the share epsilon each, which goes to zero.

    Source: the derivation is ours; the divergence is that of Kullback & Leibler 1951 [kullback1951].

    >>> even_shares().check()
    True
    """
    served, lost = (Symbol(name, positive=True, integer=True) for name in ("M", "L"))
    share = Symbol("epsilon", positive=True)
    modes = Term("K", served + lost)
    each = Term("h", (1 - lost * share) / served)
    rest = share * log(modes * share)
    divergence = Term(r"\mathrm{KL}", served * each * log(modes * each) + lost * rest)
    return Derivation(
        name="A generator that serves some modes evenly",
        claim=equal(Limit(divergence, share, 0, "+"), log(modes / served)),
        assumptions=(
            r"of $K = M + L$ modes of weight $1/K$ the generator serves $M$ with the share $h$ each",
            r"the other $L$ have the share $\epsilon$, which goes to zero; $h \log(h / w) = h \log(K h)$",
        ),
        lines=(
            Definition(equal(modes, served + lost), "The served modes and the lost ones"),
            Definition(equal(each, (1 - lost * share) / served), "The served modes share what is left"),
            Definition(
                equal(divergence, served * each * log(modes * each) + lost * rest), "The sum over all modes"
            ),
            Step(equal(Limit(rest, share, 0, "+"), 0), "In the end a lost mode adds nothing"),
            Step(equal(Limit(modes * each, share, 0, "+"), modes / served), "A served one has this ratio"),
            Step(
                equal(Limit(served * each * log(modes * each), share, 0, "+"), log(modes / served)),
                "and together they have all the mass",
            ),
        ),
        source="own derivation, for the divergence of Kullback & Leibler 1951 [kullback1951]",
    )


def captured_modes() -> Derivation:
    """The chance that n independent samples capture a mode of share h: 1 - (1 - h)^n, sample by sample.

    Source: the derivation is ours; the count of modes is that of Srivastava et al. 2017 [srivastava2017].

    >>> captured_modes().check()
    True
    """
    n, u = Symbol("n", positive=True, integer=True), Symbol("u", positive=True)
    h = Term("h", 1 - u)
    missed = Term("m_{n-1}", u ** (n - 1))
    before = Term("c_{n-1}", 1 - missed)
    captured = Term("c_n", before + h * missed)
    return Derivation(
        name="How many modes are captured",
        claim=equal(captured, 1 - (1 - h) ** n),
        assumptions=(
            r"each of $n$ independent samples hits the mode with probability $h$, and misses with $u$",
            r"$M_n$ is the sum of $c_n$ over the modes",
        ),
        lines=(
            Definition(equal(h, 1 - u), "The share of the mode"),
            Definition(equal(missed, u ** (n - 1)), "The chance that n - 1 samples miss it"),
            Definition(equal(before, 1 - missed), "and that one of them captures it"),
            Definition(
                equal(captured, before + h * missed), "Captured before, or missed and then hit by the last"
            ),
            Step(
                equal(h * missed, missed - u**n),
                "Hit first by the last sample: missed by the others, less missed by all",
            ),
            Step(equal(captured, 1 - u * missed), "It is still missed if the last sample misses as well"),
        ),
        source="own derivation, for the count of Srivastava et al. 2017 [srivastava2017]",
    )


def mean_and_least_value() -> Derivation:
    """A mean is never below the least value that it averages: a fixed discriminator wants one point.

    Source: Metz et al. 2017, sec. 2.4 [metz2017].

    >>> mean_and_least_value().check()
    True
    """
    (q,) = densities("q")
    least, excess = Symbol("m", real=True), Function("s", real=True)(q.args[0])
    loss = Term(r"\ell", least + excess**2)
    return Derivation(
        name="A mean and its least value",
        claim=at_least(mean(q, loss), least),
        assumptions=(
            normalised(q),
            r"$\ell = -\log D$ is the loss of a sample at $x$, and $m$ its least value over all $x$",
            r"$s^2$ is how far $\ell$ lies above $m$",
        ),
        lines=(
            Definition(equal(loss, least + excess**2), "The loss at a place, from its least value up"),
            Step(equal(mean(q, loss), least + mean(q, excess**2)), "The least value is paid everywhere"),
            Step(at_least(mean(q, excess**2), 0), "The rest is a mean of squares, zero where s is"),
        ),
        source="Metz et al. 2017, sec. 2.4 [metz2017]",
    )


def mean_cosine() -> Derivation:
    """The mean cosine over pairs of n unit vectors, from the squared length S of their sum.

    Source: the derivation is ours; common pushes are in Metz et al. 2017, sec. 1 [metz2017].

    >>> mean_cosine().check()
    True
    """
    others = Symbol("k", positive=True, integer=True)
    mean_of_pairs, angle = Symbol("C", real=True), Symbol("phi", real=True)
    n = Term("n", others + 1)
    own = Term("e", cos(angle) ** 2 + sin(angle) ** 2)
    length = Term("S", n * own + n * (n - 1) * mean_of_pairs)
    return Derivation(
        name="The mean cosine of the pushes",
        claim=equal(mean_of_pairs, (length - n) / (n * (n - 1))),
        assumptions=(
            r"$S = \|u_1 + \ldots + u_n\|^2$ is the sum of $u_j \cdot u_l$ over all pairs",
            r"$C$ is its mean over the pairs of different pushes; each push has $n - 1 = k$ others",
            r"a push is $(\cos\phi, \sin\phi)$ in the plane through it",
        ),
        lines=(
            Definition(equal(own, cos(angle) ** 2 + sin(angle) ** 2), "A push times itself"),
            Step(equal(own, 1), "is one, since its length is"),
            Definition(
                equal(length, n * own + n * (n - 1) * mean_of_pairs), "Each with itself, and with the others"
            ),
            Step(equal(length - n, n * (n - 1) * mean_of_pairs), "Without the first kind the pairs are left"),
        ),
        source="own derivation, for the pushes of Metz et al. 2017 [metz2017]",
    )


def loss_at_a_lost_mode() -> Derivation:
    """The loss -log D* at x, for data in two modes at -c and c and samples in the first alone.

    Source: the example is ours; the gradient that dies far away is in Arjovsky & Bottou 2017
    [arjovsky2017principled].

    >>> loss_at_a_lost_mode().check()
    True
    """
    x, c, tau = Symbol("x", real=True), Symbol("c", positive=True), Symbol("tau", positive=True)
    normal = define("N", lambda m: exp(-((x - m) ** 2) / (2 * tau**2)) / (tau * sqrt(2 * pi)))
    p, q = Term("p", (normal(-c) + normal(c)) / 2), Term("q", normal(-c))
    best = Term("D^*", p / (p + q))
    ratio = exp(2 * c * x / tau**2)
    return Derivation(
        name="The loss beside a lost mode",
        claim=equal(-log(best), log(1 + 2 / (1 + ratio))),
        assumptions=(
            r"$N(m)$ is the density at $x$ of the normal distribution of mean $m$ and variance $\tau^2$",
        ),
        lines=(
            Definition(equal(p, (normal(-c) + normal(c)) / 2), "The data have two modes"),
            Definition(equal(q, normal(-c)), "The generator makes the first"),
            Definition(equal(best, p / (p + q)), "The best discriminator"),
            Step(equal(-log(best), log(1 + q / p)), "Its loss depends on the ratio of the densities"),
            Step(equal(q / p, 2 / (1 + normal(c) / normal(-c))), "which is that of two normal ones"),
            Step(equal(normal(c) / normal(-c), ratio), "In the exponent only the mixed term is left"),
        ),
        source="own example, cf. Arjovsky & Bottou 2017 [arjovsky2017principled]",
    )


def price_of_lost_modes() -> Derivation:
    """What the non-saturating game charges for serving a share alpha of the modes evenly: 2 KL(m, p).

    Source: the example is ours; the divergence is that of Shannon et al. 2020 [shannon2020].

    >>> price_of_lost_modes().check()
    True
    """
    p = Symbol("p", positive=True)
    served, lost = Term("m_1", (p + p / _alpha) / 2), Term("m_0", p / 2)
    added, other = Term("k_1", served * log(served / p)), Term("k_0", lost * log(lost / p))
    total = Term(r"\mathrm{KL}", _alpha / p * added + (1 - _alpha) / p * other)
    return Derivation(
        name="The price of lost modes",
        claim=equal(2 * total, (1 + _alpha) * log((1 + _alpha) / (2 * _alpha)) - (1 - _alpha) * log(2)),
        assumptions=(
            r"$p$ is the density of the data at a place",
            r"$q = p/\alpha$ on the served modes, a share $\alpha < 1$ of all, and zero elsewhere",
            r"$m = (p + q)/2$, and a place adds $m \log(m/p)$ to $\mathrm{KL}(m \,\|\, p)$",
        ),
        lines=(
            Definition(equal(served, (p + p / _alpha) / 2), "On a served mode"),
            Definition(equal(added, served * log(served / p)), "What a place there adds"),
            Step(equal(served / p, (1 + _alpha) / (2 * _alpha)), "The ratio there"),
            Definition(equal(lost, p / 2), "On a lost mode"),
            Definition(equal(other, -p / 2 * log(2)), "What a place there adds, with half the density"),
            Definition(
                equal(total, _alpha / p * added + (1 - _alpha) / p * other),
                r"The data have the mass $\alpha$ on the served modes",
            ),
            Step(
                equal(_alpha / p * added, (1 + _alpha) / 2 * log((1 + _alpha) / (2 * _alpha))),
                "so that these add this",
            ),
        ),
        source="own example, for the divergence of Shannon et al. 2020 [shannon2020]",
    )
