"""Layers and latents of images: fields, batches, averages of weights, and ways from one latent to another."""

from __future__ import annotations

from sympy import Integral, Subs, Symbol, cos, exp, log, oo, pi, sin, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, at_least, define, equal

__all__ = [
    "average_of_weights",
    "blind_to_agreement",
    "latent_arc",
    "latent_line",
    "latent_shell",
    "mixed_batch",
    "receptive_field",
]

_alpha, _d = Symbol("alpha", real=True), Symbol("d", positive=True)
_z = Symbol("z", real=True)
_normal = exp(-(_z**2) / 2) / sqrt(2 * pi)


def receptive_field() -> Derivation:
    """What a convolution adds to the field and to the distance of neighbours: r + (k - 1) j, and s j.

    Source: Luo et al. 2016, sec. 1 [luo2016].

    >>> receptive_field().check()
    True
    """
    r, j, kernel, stride = (Symbol(name, positive=True) for name in ("r", "j", "k", "s"))
    place = Symbol("i", real=True)
    begin = define("b", lambda i: i * j)
    field = Term(r"r_{\text{new}}", begin(place + kernel - 1) + r - begin(place))
    apart = Term(r"j_{\text{new}}", begin(stride * (place + 1)) - begin(stride * place))
    return Derivation(
        name="The receptive field of a convolution",
        claim=equal(field, r + (kernel - 1) * j),
        assumptions=(
            r"place $i$ of the map sees the $r$ pixels from $b(i) = i j$ on",
            r"a layer of kernel $k$ reads the places $i$ to $i + k - 1$; its stride is $s$",
        ),
        lines=(
            Definition(equal(begin(place), place * j), "Where the field of a place begins"),
            Step(equal(begin(place + 1), begin(place) + j), "The next place begins j pixels later"),
            Definition(
                equal(field, field.args[1]), "From the first pixel of the first to the last of the last"
            ),
            Step(
                equal(begin(place + kernel - 1) - begin(place), (kernel - 1) * j),
                "Between these two lie k - 1 such distances",
            ),
            Definition(equal(apart, apart.args[1]), "Of the new map only every s-th place is kept"),
            Step(equal(apart, stride * j), "so that neighbours lie s times as far apart"),
        ),
        source="Luo et al. 2016, sec. 1 [luo2016]",
    )


def blind_to_agreement() -> Derivation:
    """A score that is a sum over two details pays at least 2 log 2 where real and fake differ in agreement.

    Source: the derivation is ours; the loss is that of Goodfellow et al. 2014 [goodfellow2014].

    >>> blind_to_agreement().check()
    True
    """
    m, s, t = (Symbol(name, real=True) for name in ("m", "s", "t"))
    soft = define(r"\operatorname{softplus}", lambda t: log(1 + exp(t)))
    real, fake = (soft(-m - s) + soft(-m + s)) / 2, (soft(m + t) + soft(m - t)) / 2
    loss, bound = Term("L_D", real + fake), Term("b", soft(-m) + soft(m))
    return Derivation(
        name="Blind to agreement",
        claim=at_least(loss, 2 * log(2)),
        assumptions=(
            r"the real scores are $f(u_1, v_1) = m + s$ and $f(u_2, v_2) = m - s$",
            r"the generated ones, with the same sum, are $f(u_1, v_2) = m + t$ and $f(u_2, v_1) = m - t$",
            r"$\operatorname{softplus}(t) = \log(1 + e^t)$",
        ),
        lines=(
            Definition(equal(loss, real + fake), "The mean loss on real and on generated pictures"),
            Step(at_least(real, soft(-m)), "A convex function is least at the mean of the real scores"),
            Step(at_least(fake, soft(m)), "and of the generated ones, which is the same"),
            Definition(equal(bound, soft(-m) + soft(m)), "The two bounds together"),
            Step(at_least(bound, 2 * log(2)), "Once more: the mean of m and -m is zero"),
        ),
        source="own derivation, for the loss of Goodfellow et al. 2014 [goodfellow2014]",
    )


def mixed_batch() -> Derivation:
    """Mean and variance of a batch of half real and half generated samples.

    Source: the derivation is ours, for the normalisation of Ioffe & Szegedy 2015 [ioffe2015].

    >>> mixed_batch().check()
    True
    """
    mean_r, mean_f = Symbol("mu_r", real=True), Symbol("mu_f", real=True)
    spread_r, spread_f = Symbol("tau_r", positive=True), Symbol("tau_f", positive=True)
    middle = Term(r"\mu", (mean_r + mean_f) / 2)
    about_r, about_f = spread_r**2 + (mean_r - middle) ** 2, spread_f**2 + (mean_f - middle) ** 2
    spread = Term(r"\tau^2", (about_r + about_f) / 2)
    return Derivation(
        name="One mixed batch",
        claim=equal(spread, (spread_r**2 + spread_f**2) / 2 + (mean_r - mean_f) ** 2 / 4),
        assumptions=(
            r"the mean square about $\mu$ is the variance plus the square of the way from the mean to $\mu$",
        ),
        lines=(
            Definition(equal(middle, (mean_r + mean_f) / 2), "The mean of the mixed batch"),
            Definition(equal(spread, (about_r + about_f) / 2), "Its variance, half from each kind"),
            Step(
                equal((mean_r - middle) ** 2, (mean_r - mean_f) ** 2 / 4),
                "The real mean lies half the distance away",
            ),
            Step(
                equal((mean_f - middle) ** 2, (mean_r - mean_f) ** 2 / 4),
                "and so does the generated one, on the other side",
            ),
        ),
        source="own derivation, for the normalisation of Ioffe & Szegedy 2015 [ioffe2015]",
    )


def average_of_weights() -> Derivation:
    """What a moving average holds after n steps, from one step to the next.

    Source: the derivation is ours; averages of generators are in Yazici et al. 2019 [yazici2019].

    >>> average_of_weights().check()
    True
    """
    n = Symbol("n", positive=True, integer=True)
    beta = Symbol("beta", positive=True)
    first, total, new = (Symbol(name, real=True) for name in ("u_0", "S", "theta"))
    before = Term("u_n", beta**n * first + (1 - beta) * total)
    longer = Term("S'", beta * total + new)
    after = Term("u_{n+1}", beta * before + (1 - beta) * new)
    return Derivation(
        name="What an average of weights remembers",
        claim=equal(after, beta ** (n + 1) * first + (1 - beta) * longer),
        assumptions=(
            r"$S = \beta^{n-1} \theta_1 + \ldots + \beta \theta_{n-1} + \theta_n$ is the sum for $n$ steps",
            r"$\theta = \theta_{n+1}$ are the next weights, and $S'$ the sum for $n + 1$ steps",
        ),
        lines=(
            Definition(equal(before, before.args[1]), "Let this hold after n steps"),
            Step(equal(Subs(before, (n, total), (0, 0)), first), "It does so at the start"),
            Definition(equal(longer, beta * total + new), "One term more, the others a power higher"),
            Definition(equal(after, after.args[1]), "A step of the average"),
            Step(
                equal(beta * before, beta ** (n + 1) * first + (1 - beta) * beta * total),
                "What was there counts by the decay less",
            ),
        ),
        source="own derivation, for the averages of Yazici et al. 2019 [yazici2019]",
    )


def latent_shell() -> Derivation:
    """The squared length of d normal numbers: the mean d and the variance 2 d.

    Source: White 2016 [white2016].

    >>> latent_shell().check()
    True
    """
    second = Term("m_2", Integral(_z**2 * _normal, (_z, -oo, oo)))
    fourth = Term("m_4", Integral(_z**4 * _normal, (_z, -oo, oo)))
    mean, variance = Term("M", _d * second), Term("V", _d * (fourth - second**2))
    return Derivation(
        name="Latents lie in a shell",
        claim=equal(variance, 2 * _d),
        assumptions=(
            r"the $d$ numbers of $z$ are independent and normal, with the mean zero and the variance one",
            r"$M$ is the mean of $\|z\|^2$ and $V$ its variance: sums over the $d$ numbers",
        ),
        lines=(
            Definition(equal(second, second.args[1]), "The mean square of one number"),
            Step(equal(second, 1), "is its variance"),
            Definition(equal(mean, _d * second), "The mean squared length"),
            Step(equal(mean, _d), "is their number"),
            Definition(equal(fourth, fourth.args[1]), "The mean of the square of a square"),
            Step(equal(fourth, 3), "for a normal number"),
            Definition(equal(variance, _d * (fourth - second**2)), "Variances of independent squares add up"),
        ),
        source="White 2016 [white2016]",
    )


def latent_line() -> Derivation:
    """The mean squared length on the line between two latents: ((1 - alpha)^2 + alpha^2) d.

    Source: White 2016 [white2016].

    >>> latent_line().check()
    True
    """
    first, second = Symbol("u", real=True), Symbol("v", real=True)
    mean = Term("m_1", Integral(_z * _normal, (_z, -oo, oo)))
    square = Term("m_2", Integral(_z**2 * _normal, (_z, -oo, oo)))
    point = Term("w^2", ((1 - _alpha) * first + _alpha * second) ** 2)
    length = Term(
        "M", _d * ((1 - _alpha) ** 2 * square + 2 * _alpha * (1 - _alpha) * mean**2 + _alpha**2 * square)
    )
    return Derivation(
        name="A line between two latents",
        claim=equal(length, ((1 - _alpha) ** 2 + _alpha**2) * _d),
        assumptions=(
            r"$u$ and $v$ are a number of $z_0$ and of $z_1$: independent, normal, of mean 0 and variance 1",
            r"$M$ is the mean of $\|(1 - \alpha) z_0 + \alpha z_1\|^2$, the sum over $d$ numbers",
        ),
        lines=(
            Definition(equal(point, point.args[1]), "The square of a number on the way"),
            Step(
                equal(
                    point,
                    (1 - _alpha) ** 2 * first**2
                    + 2 * _alpha * (1 - _alpha) * first * second
                    + _alpha**2 * second**2,
                ),
                "Multiplied out",
            ),
            Definition(equal(mean, mean.args[1]), "The mean of each number"),
            Step(equal(mean, 0), "is zero, and so is that of the product"),
            Definition(equal(square, square.args[1]), "The mean of each square"),
            Step(equal(square, 1), "is one"),
            Definition(equal(length, length.args[1]), "The means put in, over all numbers"),
        ),
        source="White 2016 [white2016]",
    )


def latent_arc() -> Derivation:
    """The arc between two latents of length one keeps the length and turns at one speed.

    Source: White 2016 [white2016].

    >>> latent_arc().check()
    True
    """
    phi = Symbol("phi", positive=True)
    weights = sin((1 - _alpha) * phi) / sin(phi), sin(_alpha * phi) / sin(phi)
    along = Term("x_{\\alpha}", weights[0] + weights[1] * cos(phi))
    across = Term("y_{\\alpha}", weights[1] * sin(phi))
    return Derivation(
        name="An arc between two latents",
        claim=equal(along**2 + across**2, 1),
        assumptions=(
            r"in the plane of the two $z_0 = (1, 0)$ and $z_1 = (\cos\phi, \sin\phi)$, $0 < \phi < \pi$",
            r"$z_{\alpha} = (x_{\alpha}, y_{\alpha})$",
        ),
        lines=(
            Definition(equal(along, along.args[1]), "The part along the first latent"),
            Step(equal(along, cos(_alpha * phi)), "By the sine of a difference"),
            Definition(equal(across, sin(_alpha * phi)), "The part across it, where the sine cancels"),
            Step(equal(Subs(along, _alpha, 1), cos(phi)), "The way ends at the second latent"),
        ),
        source="White 2016 [white2016]",
    )
