"""Tricks in closed form: running means, smoothed labels, the noise of steps, penalties now and then."""

from __future__ import annotations

from sympy import Derivative, I, Subs, Symbol, cos, exp, log, sin

from .derivation import Definition, Derivation, Step
from .statements import Term, define, equal

__all__ = [
    "age_of_a_memory",
    "lazy_penalty",
    "lazy_penalty_with_adam",
    "memory_of_gradients",
    "running_mean_of_a_circle",
    "smoothed_push",
    "spread_of_steps",
    "turns_of_a_budget",
    "weights_of_a_memory",
]

_beta = Symbol("beta", positive=True)
_n = Symbol("n", positive=True, integer=True)
_steps, _weight = Symbol("L", positive=True), Symbol("lambda", positive=True)
_u, _r = Symbol("u", real=True), Symbol("r", real=True)
_LAZY = r"$u$ and $r$ are the slopes of loss and penalty in one weight, the same in all $L$ steps"


def smoothed_push() -> Derivation:
    """What label smoothing leaves of the slope of the best logit, at a place where that answer is D.

    Source: the derivation is ours; smoothing is in Salimans et al. 2016, sec. 3.4 [salimans2016].

    >>> smoothed_push().check()
    True
    """
    a, s, t = Symbol("a", real=True), Symbol("s", positive=True), Symbol("t", positive=True)
    plain = Term("D", 1 / (1 + exp(-a)))
    smooth = Term(r"\hat D", (1 - s) * plain + t * (1 - plain))
    logit = Term(r"\hat a", log(smooth) - log(1 - smooth))
    share = (1 - s - t) * (1 - plain) * plain / ((1 - smooth) * smooth)
    return Derivation(
        name="The push of smoothed labels",
        claim=equal(Derivative(logit, a), share),
        assumptions=(
            r"$a$ is the best logit without smoothing, $D = \sigma(a)$, and $s + t < 1$",
            r"$h = d\hat a / da$, and by the chain rule the slope of $\hat a$ is $h$ times that of $a$",
        ),
        lines=(
            Definition(equal(plain, 1 / (1 + exp(-a))), "The best answer to plain labels"),
            Step(equal(Derivative(plain, a), plain * (1 - plain)), "moves with its logit so"),
            Definition(equal(smooth, smooth.args[1]), "The best answer to smoothed labels"),
            Step(equal(Derivative(smooth, a), (1 - s - t) * plain * (1 - plain)), "moves less"),
            Definition(equal(logit, logit.args[1]), "Its logit"),
            Step(
                equal(Derivative(logit, a), Derivative(smooth, a) / ((1 - smooth) * smooth)),
                "moves with it by the rule of logits",
            ),
        ),
        source="own derivation, for the smoothing of Salimans et al. 2016, sec. 3.4 [salimans2016]",
    )


def memory_of_gradients() -> Derivation:
    """The running mean of gradients as a weighted sum, from one step to the next.

    Source: Kingma & Ba 2015, sec. 3 [kingma2015].

    >>> memory_of_gradients().check()
    True
    """
    total, new, next_one = (Symbol(name, real=True) for name in ("S", "g", "k"))
    before = Term("m_n", (1 - _beta) * total)
    after = Term("m_{n+1}", _beta * before + (1 - _beta) * new)
    later = Term("m_{n+2}", _beta * after + (1 - _beta) * next_one)
    return Derivation(
        name="The memory of gradients",
        claim=equal(after, (1 - _beta) * (_beta * total + new)),
        assumptions=(
            r"$S = \beta^{n-1} g_1 + \ldots + \beta g_{n-1} + g_n$ is the sum for $n$ steps",
            r"$g = g_{n+1}$, and $\beta S + g$ is the sum for $n + 1$ steps; $k = g_{n+2}$",
        ),
        lines=(
            Definition(equal(before, (1 - _beta) * total), "Let this hold after n steps"),
            Step(equal(Subs(before, total, 0), 0), "It does so at the start, before any gradient"),
            Definition(equal(after, after.args[1]), "A step of the mean"),
            Definition(equal(later, later.args[1]), "and one more"),
            Step(
                equal(later, (1 - _beta) * (_beta**2 * total + _beta * new + next_one)),
                "Each step multiplies the old ones by the decay and adds a new one",
            ),
        ),
        source="Kingma & Ba 2015, sec. 3 [kingma2015]",
    )


def weights_of_a_memory() -> Derivation:
    """The weights of a running mean add up to 1 - beta^n, from one step to the next.

    Source: Kingma & Ba 2015, sec. 3 [kingma2015].

    >>> weights_of_a_memory().check()
    True
    """
    total = Term("W_n", (1 - _beta**_n) / (1 - _beta))
    longer = Term("W_{n+1}", _beta * total + 1)
    return Derivation(
        name="The weights of a memory",
        claim=equal((1 - _beta) * longer, 1 - _beta ** (_n + 1)),
        assumptions=(r"$W_n = 1 + \beta + \ldots + \beta^{n-1}$ and $0 < \beta < 1$",),
        lines=(
            Definition(equal(total, total.args[1]), "Let this hold after n steps"),
            Step(equal(Subs(total, _n, 1), 1), "It does so after one"),
            Definition(equal(longer, _beta * total + 1), "One step more: all a power higher, and a new one"),
            Step(
                equal(_beta * total, (_beta - _beta ** (_n + 1)) / (1 - _beta)),
                "The old ones, a power higher",
            ),
        ),
        source="Kingma & Ba 2015, sec. 3 [kingma2015]",
    )


def age_of_a_memory() -> Derivation:
    """The mean age of what a running mean remembers: beta/(1 - beta).

    Source: the derivation is ours, for the means of Kingma & Ba 2015 [kingma2015].

    >>> age_of_a_memory().check()
    True
    """
    series = Term("G", 1 / (1 - _beta))
    age = Term("A", (1 - _beta) * _beta * Derivative(series, _beta))
    return Derivation(
        name="The age of a memory",
        claim=equal(age, _beta / (1 - _beta)),
        assumptions=(
            r"$G = 1 + \beta + \beta^2 + \ldots$ with $0 < \beta < 1$",
            r"$\beta \, dG/d\beta = \beta + 2 \beta^2 + 3 \beta^3 + \ldots$ counts each power by its age",
        ),
        lines=(
            Definition(equal(series, 1 / (1 - _beta)), "The geometric series"),
            Step(equal(series, 1 + _beta * series), "is one and, a power higher, itself"),
            Definition(equal(age, age.args[1]), "The mean age, weight times age"),
            Step(equal(Derivative(series, _beta), 1 / (1 - _beta) ** 2), "The slope of the series"),
        ),
        source="own derivation, for the means of Kingma & Ba 2015 [kingma2015]",
    )


def running_mean_of_a_circle() -> Derivation:
    """The squared radius of the running mean of a point on a circle: (1 - beta)^2/|1 - beta e^(-ix)|^2.

    Source: the derivation is ours; averages of generators are in Yazici et al. 2019 [yazici2019].

    >>> running_mean_of_a_circle().check()
    True
    """
    x = Symbol("x", real=True)
    turn, back = Term("e", cos(x) - I * sin(x)), Term(r"\bar e", cos(x) + I * sin(x))
    ratio, mirrored = (
        Term(name, (1 - _beta) / (1 - _beta * t)) for name, t in (("c", turn), (r"\bar c", back))
    )
    below = Term("N", (1 - _beta * turn) * (1 - _beta * back))
    return Derivation(
        name="The running mean of a circle",
        claim=equal(ratio * mirrored, (1 - _beta) ** 2 / (1 - 2 * _beta * cos(x) + _beta**2)),
        assumptions=(
            r"the point is $z_n = e^{i x n}$, its mean $m_n = c \, z_n$, and $\gamma = |c|$; $e = e^{-ix}$",
            r"a bar marks the conjugate, so that $\gamma^2 = c \bar c$ and $N = |1 - \beta e^{-ix}|^2$",
        ),
        lines=(
            Definition(equal(turn, cos(x) - I * sin(x)), "A step back on the circle"),
            Definition(equal(ratio, (1 - _beta) / (1 - _beta * turn)), "The ratio of the mean to the point"),
            Step(
                equal(ratio, _beta * ratio * turn + 1 - _beta),
                "is one that a step of the mean leaves as it is",
            ),
            Definition(equal(back, cos(x) + I * sin(x)), "A step forward"),
            Definition(equal(below, below.args[1]), "The denominator times its conjugate"),
            Step(equal(below, 1 - 2 * _beta * cos(x) + _beta**2), "is its squared size"),
            Definition(equal(mirrored, (1 - _beta) / (1 - _beta * back)), "The conjugate of the ratio"),
        ),
        source="own derivation, for the averages of Yazici et al. 2019 [yazici2019]",
    )


def spread_of_steps() -> Derivation:
    """The variance at which plain noisy steps settle: eta xi^2/(N c (2 - eta c)).

    Source: the derivation is ours; stochastic steps are those of Robbins & Monro 1951 [robbins1951].

    >>> spread_of_steps().check()
    True
    """
    eta, pull, noise, batch = (Symbol(name, positive=True) for name in ("eta", "c", "xi", "N"))
    w, error = Symbol("w", real=True), Symbol("e", real=True)
    moved = Term("w'", w - eta * (pull * w + error))
    squared = Term("s", moved**2)
    settled = Term(r"\tau^2", eta**2 * noise**2 / batch / (1 - (1 - eta * pull) ** 2))
    square = (1 - eta * pull) ** 2 * w**2 - 2 * eta * (1 - eta * pull) * w * error + eta**2 * error**2
    return Derivation(
        name="The spread of noisy steps",
        claim=equal(settled, eta * noise**2 / (batch * pull * (2 - eta * pull))),
        assumptions=(
            r"$e$ is the noise of a batch of $N$: mean zero, variance $\xi^2 / N$, new in each step",
            r"$\tau^2$ is the mean of $w^2$, and $0 < \eta c < 2$",
        ),
        lines=(
            Definition(equal(moved, w - eta * (pull * w + error)), "A step"),
            Definition(equal(squared, moved**2), "The square of what it makes"),
            Step(equal(squared, square), "of which the middle part has the mean zero"),
            Definition(
                equal(settled, settled.args[1]),
                "So the mean square settles where what it loses is what comes",
            ),
            Step(
                equal(settled, (1 - eta * pull) ** 2 * settled + eta**2 * noise**2 / batch),
                "since a step leaves it as it is",
            ),
        ),
        source="own derivation, for the steps of Robbins & Monro 1951 [robbins1951]",
    )


def lazy_penalty() -> Derivation:
    """A penalty of L times the weight in every L-th step: the same mean slope.

    Source: Karras et al. 2020, sec. 3.1 [karras2020].

    >>> lazy_penalty().check()
    True
    """
    total = Term("T", (_steps - 1) * _u + (_u + _steps * _weight * _r))
    return Derivation(
        name="A lazy penalty",
        claim=equal(total / _steps, _u + _weight * _r),
        assumptions=(_LAZY,),
        lines=(
            Definition(equal(total, total.args[1]), "L - 1 steps without the penalty, one with all of it"),
            Step(
                equal(total, _steps * _u + _steps * _weight * _r), "The loss counts in each, the penalty once"
            ),
            Step(equal(_steps * _u + _steps * _weight * _r, _steps * (_u + _weight * _r)), "as if in each"),
        ),
        source="Karras et al. 2020, sec. 3.1 [karras2020]",
    )


def lazy_penalty_with_adam() -> Derivation:
    """The mean square of the slopes of a lazy penalty, by which Adam divides: larger than without laziness.

    Source: the derivation is ours, after Karras et al. 2020, sec. 3.1 [karras2020].

    >>> lazy_penalty_with_adam().check()
    True
    """
    total = Term("T", (_steps - 1) * _u**2 + (_u + _steps * _weight * _r) ** 2)
    return Derivation(
        name="A lazy penalty under Adam",
        claim=equal(total / _steps, (_u + _weight * _r) ** 2 + (_steps - 1) * _weight**2 * _r**2),
        assumptions=(_LAZY,),
        lines=(
            Definition(equal(total, total.args[1]), "The squares of L steps, of which one has the penalty"),
            Step(
                equal(
                    (_u + _steps * _weight * _r) ** 2,
                    _u**2 + 2 * _steps * _weight * _u * _r + _steps**2 * _weight**2 * _r**2,
                ),
                "In this one the penalty is squared with its factor",
            ),
            Step(
                equal(
                    total,
                    _steps * _u**2 + 2 * _steps * _weight * _u * _r + _steps**2 * _weight**2 * _r**2,
                ),
                "In all, the last part has one L more than the others",
            ),
        ),
        source="own derivation, after Karras et al. 2020, sec. 3.1 [karras2020]",
    )


def turns_of_a_budget() -> Derivation:
    """How many turns a budget of scored samples buys: B/((k (2 + l) + 1) N).

    Source: the derivation is ours; comparing at one budget is in Lucic et al. 2018 [lucic2018].

    >>> turns_of_a_budget().check()
    True
    """
    budget, steps, extra, batch = (Symbol(name, positive=True) for name in ("B", "k", "ell", "N"))
    step = define("s", lambda ell: batch + batch + ell * batch)
    turn = Term("t", steps * step(extra) + batch)
    return Derivation(
        name="The turns that a budget buys",
        claim=equal(budget / turn, budget / ((steps * (2 + extra) + 1) * batch)),
        assumptions=(r"a turn is $k$ steps of $D$ and one of $G$, and $n = B / t$",),
        lines=(
            Definition(
                equal(step(extra), 2 * batch + extra * batch),
                r"A step of D scores two batches, and $\ell$ more for its penalties",
            ),
            Step(equal(step(extra), (2 + extra) * batch), "in all so many samples"),
            Definition(equal(turn, steps * step(extra) + batch), "A turn scores one batch more, for G"),
            Step(equal(turn, (steps * (2 + extra) + 1) * batch), "which is its price"),
        ),
        source="own derivation, for the budgets of Lucic et al. 2018 [lucic2018]",
    )
