"""Estimates and costs: biases of small samples, scores, spreads of parts, and the slopes of log-ratios."""

from __future__ import annotations

from sympy import Abs, Derivative, Function, Integer, Integral, Max, Subs, Symbol, exp, log, oo, pi, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, define, densities, equal, mean

__all__ = [
    "batch_of_one",
    "better_of_two",
    "bias_of_a_frechet_distance",
    "bias_of_a_histogram",
    "classifier_score",
    "divergence_along_samples",
    "mean_of_parts",
    "one_norm_for_a_part",
    "products_of_a_step",
    "slope_of_the_best_logit",
    "spread_of_parts",
]

_tau = Symbol("tau", positive=True)
_n, _m, _size, _d = (Symbol(name, positive=True) for name in ("n", "m", "N", "d"))


def bias_of_a_histogram() -> Derivation:
    """What a perfect generator scores in KL(q, p) over K classes, to second order: (K - 1)/(2 N).

    Source: the derivation is ours, for the divergence of Kullback & Leibler 1951 [kullback1951].

    >>> bias_of_a_histogram().check()
    True
    """
    p, q, classes = (Symbol(name, positive=True) for name in ("p", "q", "K"))
    one = Term("k", q * log(q / p))
    variance = Term("v", p * (1 - p) ** 2 + (1 - p) * p**2)
    added = Term("b", variance / _size / (2 * p))
    total = Term(r"b_{\mathrm{KL}}", classes * Subs(added, p, 1 / classes))
    return Derivation(
        name="The bias of a histogram",
        claim=equal(total, (classes - 1) / (2 * _size)),
        assumptions=(
            r"$p$ is the share of a class, $q$ the one found among $N$ samples: mean $p$, variance $v / N$",
            r"the first-order terms $q - p$ have the sum zero, and the second are $(q - p)^2 / (2p)$",
            r"the shares $p$ of the $K$ classes have the mean $1/K$",
        ),
        lines=(
            Definition(equal(one, q * log(q / p)), "What a class adds to the divergence"),
            Step(
                equal(Subs(Derivative(one, q), q, p), 1), "Its slope at the true share is one for all classes"
            ),
            Step(equal(Subs(Derivative(one, (q, 2)), q, p), 1 / p), "and this is its bend"),
            Definition(equal(variance, variance.args[1]), "The variance of one draw, hit or miss"),
            Step(equal(variance, p * (1 - p)), "in short"),
            Definition(equal(added, variance / _size / (2 * p)), "The mean of the second-order term"),
            Step(
                equal(added, (1 - p) / (2 * _size)), "is linear in the share, so that the mean share will do"
            ),
            Definition(equal(total, total.args[1]), "The sum over K classes"),
        ),
        source="own derivation, for the divergence of Kullback & Leibler 1951 [kullback1951]",
    )


def classifier_score() -> Derivation:
    """The logarithm of the classifier score, for two pictures: the entropy of the mean less the mean entropy.

    Source: Barratt & Sharma 2018, sec. 2 [barratt2018].

    >>> classifier_score().check()
    True
    """
    p, q = densities("p", "q")
    middle = Term(r"\bar \pi", (p + q) / 2)
    score = Term(r"\log S", (mean(p, log(p / middle)) + mean(q, log(q / middle))) / 2)
    entropy = define("H", lambda r: -mean(r, log(r)))
    return Derivation(
        name="The score of a classifier",
        claim=equal(score, entropy(middle) - (entropy(p) + entropy(q)) / 2),
        assumptions=(
            r"$p = \pi_1$ and $q = \pi_2$ are the answers to two pictures, $H$ the entropy over classes",
        ),
        lines=(
            Definition(equal(middle, (p + q) / 2), "The mean answer"),
            Definition(equal(score, score.args[1]), "The mean divergence from it"),
            Step(
                equal(mean(p, log(p / middle)), -entropy(p) - mean(p, log(middle))),
                "A divergence is an entropy and a mean logarithm",
            ),
            Step(
                equal(entropy(middle), -(mean(p, log(middle)) + mean(q, log(middle))) / 2),
                "The average of that over the pictures is one more entropy",
            ),
        ),
        source="Barratt & Sharma 2018, sec. 2 [barratt2018]",
    )


def bias_of_a_frechet_distance() -> Derivation:
    """The bias of the Frechet distance for d independent normal features, to first order in 1/N.

    Source: the derivation is ours, after Chong & Forsyth 2020 [chong2020].

    >>> bias_of_a_frechet_distance().check()
    True
    """
    error = Symbol("e", real=True)
    root = Term("r", (sqrt(_tau**2 + error) - _tau) ** 2)
    means = Term("b_1", _d * 2 * _tau**2 / _size)
    entries = Term("s", _d * 2 * (2 * _tau**4 / _size) + _d * (_d - 1) * 2 * (_tau**4 / _size))
    total = Term(r"b_{\mathrm{FD}}", means + entries / (4 * _tau**2))
    return Derivation(
        name="The bias of a Frechet distance",
        claim=equal(total, _tau**2 / _size * (2 * _d + _d * (_d + 1) / 2)),
        assumptions=(
            r"two sets of $N$ samples have $d$ independent normal features of the variance $\tau^2$",
            r"an entry of one covariance has the variance $2 \tau^4 / N$ on the diagonal, else $\tau^4 / N$",
        ),
        lines=(
            Definition(equal(means, means.args[1]), "The squared distance of the means"),
            Definition(equal(root, root.args[1]), "What an error of a variance adds to the distance"),
            Step(
                equal(Subs(Derivative(root, (error, 2)), error, 0), 1 / (2 * _tau**2)),
                r"is $e^2 / (4 \tau^2)$, to second order",
            ),
            Definition(equal(entries, entries.args[1]), "The mean squares of all entries of the difference"),
            Step(equal(entries, 2 * _d * (_d + 1) * _tau**4 / _size), "together"),
            Definition(equal(total, total.args[1]), "Both parts"),
        ),
        source="own derivation, after Chong & Forsyth 2020 [chong2020]",
    )


def batch_of_one() -> Derivation:
    """Two independent pictures lie twice as far apart, in mean square, as each from the mean picture.

    Source: the derivation is ours, after Stanczuk et al. 2021 [stanczuk2021].

    >>> batch_of_one().check()
    True
    """
    x, y, middle, mixed = (Symbol(name, real=True) for name in ("x", "y", "mu", "r"))
    spread = Symbol("V", positive=True)
    square = Term("s", (x - y) ** 2)
    apart = Term("M", spread - 2 * mixed + spread)
    return Derivation(
        name="A batch of one",
        claim=equal(Subs(apart, mixed, 0), 2 * spread),
        assumptions=(
            r"$x$ and $y$ are the same pixel of two independent pictures, with the mean $\mu$",
            r"$V$ is the mean of $(x - \mu)^2$, and $r$, that of $(x - \mu)(y - \mu)$, is zero",
        ),
        lines=(
            Definition(equal(square, (x - y) ** 2), "The squared difference"),
            Step(
                equal(square, (x - middle) ** 2 - 2 * (x - middle) * (y - middle) + (y - middle) ** 2),
                "about the mean, multiplied out",
            ),
            Definition(equal(apart, spread + spread - 2 * mixed), "The means of its parts"),
            Step(equal(Subs(-2 * mixed, mixed, 0), 0), "of which the middle one is zero"),
        ),
        source="own derivation, after Stanczuk et al. 2021 [stanczuk2021]",
    )


def better_of_two() -> Derivation:
    """By how much the larger of two noisy numbers is too large: tau/sqrt(pi).

    Source: the derivation is ours; choosing a checkpoint is in Lucic et al. 2018 [lucic2018].

    >>> better_of_two().check()
    True
    """
    x, y, t = Symbol("x", real=True), Symbol("y", real=True), Symbol("t", positive=True)
    normal = exp(-(t**2) / (4 * _tau**2)) / (2 * _tau * sqrt(pi))
    apart = Term("A", 2 * Integral(t * normal, (t, 0, oo)))
    return Derivation(
        name="The better of two",
        claim=equal(apart / 2, _tau / sqrt(pi)),
        assumptions=(
            r"$x$ and $y$ are two independent errors, normal with the mean zero and the variance $\tau^2$",
            r"their difference is normal with the variance $2 \tau^2$, and $\beta = A / 2$",
        ),
        lines=(
            Definition(equal(Term("m", Max(x, y)), Max(x, y)), "The larger one"),
            Step(equal(Max(x, y), (x + y) / 2 + Abs(x - y) / 2), "is the middle and half of the distance"),
            Definition(equal(apart, apart.args[1]), "The mean distance, from both signs"),
            Step(equal(apart, 2 * _tau / sqrt(pi)), "is this; the middle has the mean zero"),
        ),
        source="own derivation, for the choice of checkpoints in Lucic et al. 2018 [lucic2018]",
    )


def spread_of_parts() -> Derivation:
    """What a part adds to the variance of a batch: its own variance and the square of the way to the mean.

    Source: the derivation is ours, for the normalisation of Ioffe & Szegedy 2015 [ioffe2015].

    >>> spread_of_parts().check()
    True
    """
    x, own, whole, mixed = (Symbol(name, real=True) for name in ("x", "mu_j", "mu", "r"))
    spread = Symbol("v_j", positive=True)
    square = Term("s", (x - whole) ** 2)
    added = Term("a_j", spread + 2 * mixed * (own - whole) + (own - whole) ** 2)
    return Derivation(
        name="The spread of the parts",
        claim=equal(Subs(added, mixed, 0), spread + (own - whole) ** 2),
        assumptions=(
            r"an input of part $j$ has the mean $\mu_j$ and the variance $v_j$ there; $\mu = \hat\mu$",
            r"$r$, the mean of $x - \mu_j$ over the part, is zero",
            r"$\hat v$ is the mean of $a_j$ over the $m$ equal parts",
        ),
        lines=(
            Definition(equal(square, (x - whole) ** 2), "A squared deviation"),
            Step(
                equal(square, (x - own) ** 2 + 2 * (x - own) * (own - whole) + (own - whole) ** 2),
                "by way of the mean of the part",
            ),
            Definition(equal(added, added.args[1]), "Its mean over the part"),
            Step(equal(Subs(2 * mixed * (own - whole), mixed, 0), 0), "The mixed term cancels"),
        ),
        source="own derivation, for the normalisation of Ioffe & Szegedy 2015 [ioffe2015]",
    )


def mean_of_parts() -> Derivation:
    """The gradient of a mean over a batch is the mean of the gradients of equal parts.

    Source: the derivation is ours, for the batches of Brock et al. 2019 [brock2019].

    >>> mean_of_parts().check()
    True
    """
    theta = Symbol("theta", real=True)
    l1, l2, l3, l4 = (Function(f"l_{i}", real=True)(theta) for i in (1, 2, 3, 4))
    first, second = Term("L_1", (l1 + l2) / 2), Term("L_2", (l3 + l4) / 2)
    whole = Term("L", (l1 + l2 + l3 + l4) / 4)
    return Derivation(
        name="The mean of equal parts",
        claim=equal(Derivative(whole, theta), (Derivative(first, theta) + Derivative(second, theta)) / 2),
        assumptions=(r"$l_1$ to $l_4$ are the losses of four samples, in two equal parts",),
        lines=(
            Definition(equal(first, (l1 + l2) / 2), "The loss of the first part"),
            Definition(equal(second, (l3 + l4) / 2), "and of the second"),
            Definition(equal(whole, (l1 + l2 + l3 + l4) / 4), "That of the batch"),
            Definition(equal(whole, (first + second) / 2), "is their mean, since the parts are equal"),
            Step(
                equal(
                    Derivative(whole, theta),
                    sum((Derivative(one, theta) for one in (l1, l2, l3, l4)), Integer(0)) / 4,
                ),
                "A derivative goes through a mean",
            ),
            Step(
                equal(Derivative(first, theta), (Derivative(l1, theta) + Derivative(l2, theta)) / 2),
                "and through that of a part",
            ),
        ),
        source="own derivation, for the batches of Brock et al. 2019 [brock2019]",
    )


def one_norm_for_a_part() -> Derivation:
    """Where the slope rests if a penalty takes one norm over the n/m slopes of a part: sqrt(m/n).

    Source: the derivation is ours, for the penalty of Gulrajani et al. 2017 [gulrajani2017].

    >>> one_norm_for_a_part().check()
    True
    """
    slope = Symbol("s", positive=True)
    norm = Term("N", sqrt(_n / _m * slope**2))
    penalty = Term("P", (norm - 1) ** 2)
    rest = sqrt(_m / _n)
    return Derivation(
        name="One norm for a part",
        claim=equal(Subs(penalty, slope, rest), 0),
        assumptions=(r"a part has $n / m$ samples, and the critic the slope $s > 0$ at each",),
        lines=(
            Definition(equal(norm, sqrt(_n / _m * slope**2)), "The norm of all slopes of a part"),
            Step(equal(Subs(norm, slope, rest), 1), "is one where they are this small"),
            Definition(equal(penalty, (norm - 1) ** 2), "The penalty"),
            Step(equal(penalty, _n / _m * (slope - rest) ** 2), "is a parabola, with its lowest point there"),
        ),
        source="own derivation, for the penalty of Gulrajani et al. 2017 [gulrajani2017]",
    )


def products_of_a_step() -> Derivation:
    """The operations of the products of a step of both players, for linear layers.

    Source: the derivation is ours; the operations are counted in PyTorch, Paszke et al. 2019 [paszke2019].

    >>> products_of_a_step().check()
    True
    """
    of_g, of_d, first_g, first_d = (Symbol(name, positive=True) for name in ("W_G", "W_D", "w_G", "w_D"))
    run = define("R", lambda w: 2 * _n * w)
    turn_d = Term("T_D", run(of_g) + 2 * run(of_d) + 4 * run(of_d) - 2 * run(first_d))
    turn_g = Term("T_G", run(of_g) + run(of_d) + run(of_d) + 2 * run(of_g) - run(first_g))
    return Derivation(
        name="The products of a step",
        claim=equal(turn_d + turn_g, _n * (8 * of_g + 16 * of_d - 2 * first_g - 4 * first_d)),
        assumptions=(
            r"$R(W) = 2 n W$ operations take $n$ samples through $W$ weights",
            r"back, the gradients of weights and of inputs cost as much each; $w_G$, $w_D$ are first layers",
        ),
        lines=(
            Definition(equal(run(of_g), 2 * _n * of_g), "A run of the generator"),
            Definition(
                equal(turn_d, turn_d.args[1]), "Its run, D on two batches, back twice that, less its inputs"
            ),
            Step(equal(turn_d, _n * (2 * of_g + 12 * of_d - 4 * first_d)), "make the turn of D"),
            Definition(
                equal(turn_g, turn_g.args[1]), "Both run, D back to its inputs, G back whole, less its inputs"
            ),
            Step(equal(turn_g, _n * (6 * of_g + 4 * of_d - 2 * first_g)), "make the turn of G"),
        ),
        source="own derivation, for the count of Paszke et al. 2019 [paszke2019]",
    )


def slope_of_the_best_logit() -> Derivation:
    """The slope of the best logit: the score of the data less that of the samples.

    Source: Yin et al. 2024, sec. 3 [yin2024dmd].

    >>> slope_of_the_best_logit().check()
    True
    """
    x = Symbol("x", real=True)
    p, q = (Function(name, positive=True)(x) for name in ("p", "q"))
    best = Term("f^*", log(p / q))
    of_data, of_samples = Term("s_p", Derivative(p, x) / p), Term("s_q", Derivative(q, x) / q)
    return Derivation(
        name="The slope of the best logit",
        claim=equal(Derivative(best, x), of_data - of_samples),
        assumptions=(r"$p$ and $q$ are positive densities with a slope, here on the line",),
        lines=(
            Definition(equal(best, log(p / q)), "The best logit"),
            Definition(equal(of_data, of_data.args[1]), "The score of the data"),
            Step(equal(of_data, Derivative(log(p), x)), "is the slope of their log-density"),
            Definition(equal(of_samples, of_samples.args[1]), "The score of the samples"),
            Step(equal(of_samples, Derivative(log(q), x)), "is that of theirs"),
        ),
        source="Yin et al. 2024, sec. 3 [yin2024dmd]",
    )


def divergence_along_samples() -> Derivation:
    """The slope of KL(q, p) in the parameter of q, at a place: the log-ratio, held fixed, times that of q.

    Source: Yin et al. 2024, sec. 3 [yin2024dmd].

    >>> divergence_along_samples().check()
    True
    """
    theta, p = Symbol("theta", real=True), Symbol("p", positive=True)
    q = Function("q", positive=True)(theta)
    added, frozen = Term("k", q * log(q / p)), Symbol("F", real=True)
    moved = Term("e", q * frozen)
    return Derivation(
        name="The divergence along its samples",
        claim=equal(Derivative(added, theta), log(q / p) * Derivative(q, theta) + Derivative(q, theta)),
        assumptions=(
            r"$q = q_\theta$ and $p$ are positive densities at a place",
            r"the integral of $dq/d\theta$ is zero, since $q$ keeps mass one",
            r"$F$ is the log-ratio $\log(q / p)$ at the place, held fixed; its slope in $x$ is $s_q - s_p$",
        ),
        lines=(
            Definition(equal(added, q * log(q / p)), "What a place adds to the divergence"),
            Step(
                equal(Derivative(log(q / p), theta), Derivative(q, theta) / q),
                "Through the logarithm the density counts once more",
            ),
            Definition(equal(moved, q * frozen), "A mean of the log-ratio, held fixed"),
            Step(
                equal(Derivative(moved, theta), frozen * Derivative(q, theta)),
                "has the same slope but for what integrates to zero; the next proof moves the samples",
            ),
        ),
        source="Yin et al. 2024, sec. 3 [yin2024dmd]",
    )
