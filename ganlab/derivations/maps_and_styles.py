"""Maps between samples and styles of layers: moves, cycles, demodulation, gaps, truncation and noise."""

from __future__ import annotations

from sympy import Abs, Function, Integral, Max, Min, Subs, Symbol, cos, exp, oo, pi, sin, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, above, at_least, at_most, define, densities, equal, inside, mean, normalised

__all__ = [
    "bend_lifts_the_mean",
    "demodulation",
    "fade_between",
    "length_of_a_random_push",
    "linear_generator",
    "move_of_a_map",
    "noise_of_a_layer",
    "price_of_a_gap",
    "start_together",
    "straight_way",
    "translator_alone",
    "truncated_styles",
]

_a, _b, _u, _v = (Symbol(name, real=True) for name in ("a", "b", "u", "v"))
_weight = Symbol("lambda", positive=True)
_CYCLE = r"$G(x) = x + u$ and $F(y) = y + v$: both ways are off by $|u + v|$, with the weight $\lambda$"
_CRITICS = r"the critics, held fixed, add $a u$ and $b v$ to the losses"


def move_of_a_map() -> Derivation:
    """How far a turn by phi and a stretch by a and b move the points, in the squared mean.

    Source: the derivation is ours, after de Bezenac et al. 2021 [debezenac2021].

    >>> move_of_a_map().check()
    True
    """
    a, b, c = (Symbol(name, positive=True) for name in ("a", "b", "c"))
    phi = Symbol("phi", real=True)
    b11, b12 = Term("B_{11}", a * cos(phi)), Term("B_{12}", -a * sin(phi))
    b21, b22 = Term("B_{21}", b * sin(phi)), Term("B_{22}", b * cos(phi))
    size = Term(r"S", b11**2 + b12**2 + b21**2 + b22**2)
    moved = Term("M", c * ((b11 - 1) ** 2 + b12**2 + b21**2 + (b22 - 1) ** 2))
    return Derivation(
        name="The move of a map",
        claim=equal(moved, c * (a**2 + b**2 + 2 - 2 * (a + b) * cos(phi))),
        assumptions=(
            r"$B$ turns by $\varphi$ and then stretches by $a$ and $b$; the two numbers of $x$ are not"
            r" correlated and have the mean square $c$",
            r"$B_{11} = a \cos\varphi$, $B_{12} = -a \sin\varphi$, $B_{21} = b \sin\varphi$ and"
            r" $B_{22} = b \cos\varphi$",
            r"so $\mathbb{E}|Bx - x|^2$ is $c$ times the sum of the squared entries of $B - I$",
        ),
        lines=(
            Definition(equal(size, size.args[1]), "The squared entries of B"),
            Step(equal(size, a**2 + b**2), "A turn changes no length"),
            Definition(equal(moved, moved.args[1]), "The squared entries of B - I"),
            Step(equal(moved, c * (size + 2 - 2 * (b11 + b22))), "Multiplied out, with the diagonal"),
        ),
        source="own derivation, after de Bezenac et al. 2021 [debezenac2021]",
    )


def translator_alone() -> Derivation:
    """A translator that leaves the identity alone pays more for the cycle than a weak critic offers.

    Source: the derivation is ours, for the cycle of Zhu et al. 2017 [zhu2017].

    >>> translator_alone().check()
    True
    """
    change = Term("J", _a * _u + _b * _v + 2 * _weight * Abs(_u + _v))
    return Derivation(
        name="No translator leaves alone",
        claim=at_most((2 * _weight - Abs(_a)) * Abs(_u), Subs(change, _v, 0)),
        assumptions=(_CYCLE, _CRITICS),
        lines=(
            Definition(equal(change, change.args[1]), "The change of the losses"),
            Step(equal(Subs(change, _v, 0), _a * _u + 2 * _weight * Abs(_u)), "G moves alone"),
            Step(at_least(_a * _u, -Abs(_a) * Abs(_u)), "The critic offers at most this"),
        ),
        source="own derivation, for the cycle of Zhu et al. 2017 [zhu2017]",
    )


def start_together() -> Derivation:
    """Two translators that move against each other keep the cycle closed: the losses change by (a - b) u.

    Source: the derivation is ours, for the cycle of Zhu et al. 2017 [zhu2017].

    >>> start_together().check()
    True
    """
    change = Term("J", _a * _u + _b * _v + 2 * _weight * Abs(_u + _v))
    return Derivation(
        name="Two translators leave together",
        claim=equal(Subs(change, _v, -_u), (_a - _b) * _u),
        assumptions=(_CYCLE, _CRITICS),
        lines=(
            Definition(equal(change, change.args[1]), "The change of the losses"),
            Step(equal(Subs(Abs(_u + _v), _v, -_u), 0), "With opposite shifts the cycle stays closed"),
            Step(equal(Subs(_a * _u + _b * _v, _v, -_u), (_a - _b) * _u), "and the critics are left"),
        ),
        source="own derivation, for the cycle of Zhu et al. 2017 [zhu2017]",
    )


def demodulation() -> Derivation:
    """The mean square of a weighted sum of inputs that are not correlated, input by input.

    Source: Karras et al. 2020, sec. 2.2 [karras2020].

    >>> demodulation().check()
    True
    """
    total, x = Symbol("S", real=True), Symbol("x", real=True)
    squares, mixed, own = Symbol("V", positive=True), Symbol("r", real=True), Symbol("m", positive=True)
    longer = Term("s", (total + _b * x) ** 2)
    mean_square = Term("V'", squares + 2 * _b * mixed + _b**2 * own)
    return Derivation(
        name="What demodulation divides by",
        claim=equal(Subs(mean_square, (mixed, own), (0, 1)), squares + _b**2),
        assumptions=(
            r"$S$ is the sum of some inputs, with the mean square $V$; the next input $x$ has the weight $b$",
            r"$r = \mathbb{E}[S x] = 0$, as $x$ is not correlated with them, and $m = \mathbb{E}[x^2] = 1$",
        ),
        lines=(
            Definition(equal(longer, (total + _b * x) ** 2), "The square of the longer sum"),
            Step(equal(longer, total**2 + 2 * _b * total * x + _b**2 * x**2), "Multiplied out"),
            Definition(equal(mean_square, mean_square.args[1]), "The means of its parts"),
            Step(
                equal(Subs(2 * _b * mixed, mixed, 0), 0), "The middle one is zero: each input adds its square"
            ),
        ),
        source="Karras et al. 2020, sec. 2.2 [karras2020]",
    )


def linear_generator() -> Derivation:
    """A linear generator maps the middle of two latents to the middle of their samples.

    Source: Karras et al. 2019, sec. 4 [karras2019].

    >>> linear_generator().check()
    True
    """
    slope, start, share = (Symbol(name, real=True) for name in ("A", "g", "s"))
    g = define("G", lambda u: slope * u + start)
    return Derivation(
        name="A linear generator has no hole",
        claim=equal(g((_u + _v) / 2), (g(_u) + g(_v)) / 2),
        assumptions=(r"$G(u) = A u + g$ is linear up to a constant, here for one latent and one feature",),
        lines=(
            Definition(equal(g(_u), slope * _u + start), "A sample"),
            Step(equal((g(_u) + g(_v)) / 2, slope * (_u + _v) / 2 + start), "The mean of two of them"),
            Step(
                equal(g((1 - share) * _u + share * _v), (1 - share) * g(_u) + share * g(_v)),
                "In any share, not only in the middle, the constant is there once",
            ),
        ),
        source="Karras et al. 2019, sec. 4 [karras2019]",
    )


_h, _epsilon = Symbol("h", positive=True), Symbol("epsilon", real=True)
_ENERGY = Term("E", (1 - _epsilon) + _epsilon * (1 + _h / _epsilon) ** 2)
_SHARE = r"a share $\epsilon$ of the latents crosses a gap of the width $h$, the others have slope one"


def price_of_a_gap() -> Derivation:
    """The mean squared slope of a map that crosses a gap in a share of its latents: 1 + 2 h + h^2/epsilon.

    Source: the derivation is ours, after Karras et al. 2019, sec. 4 [karras2019].

    >>> price_of_a_gap().check()
    True
    """
    slope = Term("s", (_epsilon + _h) / _epsilon)
    energy = Term("E", (1 - _epsilon) + _epsilon * slope**2)
    return Derivation(
        name="The price of a gap",
        claim=equal(energy, 1 + 2 * _h + _h**2 / _epsilon),
        assumptions=(_SHARE,),
        lines=(
            Definition(equal(slope, (_epsilon + _h) / _epsilon), "The slope on the way, length by share"),
            Step(equal(slope, 1 + _h / _epsilon), "is larger by what the gap adds"),
            Definition(equal(energy, energy.args[1]), "The mean of the squares over both parts"),
            Step(
                equal(_epsilon * slope**2, _epsilon + 2 * _h + _h**2 / _epsilon), "The second, multiplied out"
            ),
        ),
        source="own derivation, after Karras et al. 2019, sec. 4 [karras2019]",
    )


def straight_way() -> Derivation:
    """No way over a gap has a smaller mean square than the straight one: (1 + h)^2 is the least.

    Source: the derivation is ours, after Karras et al. 2019, sec. 4 [karras2019].

    >>> straight_way().check()
    True
    """
    excess = _ENERGY - (1 + _h) ** 2
    return Derivation(
        name="A straight way is the shortest",
        claim=at_most((1 + _h) ** 2, _ENERGY),
        assumptions=(inside(_epsilon, 0, 1), _SHARE),
        lines=(
            Definition(equal(_ENERGY, _ENERGY.args[1]), "The mean of the squared slopes"),
            Definition(
                equal(
                    Term("m", (1 - _epsilon) + _epsilon * (1 + _h / _epsilon)),
                    (1 - _epsilon) + _epsilon * (1 + _h / _epsilon),
                ),
                "The mean slope",
            ),
            Step(equal((1 - _epsilon) + _epsilon * (1 + _h / _epsilon), 1 + _h), "is the whole length"),
            Step(
                equal(excess, _h**2 * (1 - _epsilon) / _epsilon), "The square of the mean lies this far below"
            ),
            Step(above(_h**2 * (1 - _epsilon) / _epsilon, 0), "which is zero only where all latents cross"),
        ),
        source="own derivation, after Karras et al. 2019, sec. 4 [karras2019]",
    )


def truncated_styles() -> Derivation:
    """Truncation keeps the mean of a style and multiplies its variance by psi^2.

    Source: Karras et al. 2019, sec. 4 [karras2019].

    >>> truncated_styles().check()
    True
    """
    (q,) = densities("q")
    w = q.args[0]
    psi, middle = Symbol("psi", real=True), Symbol("m", real=True)
    pulled = Term("v", middle + psi * (w - middle))
    spread, after = Term("V", mean(q, (w - middle) ** 2)), Term("V'", mean(q, (pulled - middle) ** 2))
    center, other = Term("m'", mean(q, pulled)), Symbol("y", real=True)
    second = Term("v_2", middle + psi * (other - middle))
    apart = Term("d", pulled - second)
    return Derivation(
        name="What truncation keeps",
        claim=equal(after, psi**2 * spread),
        assumptions=(
            normalised(q),
            r"$x$ is a number of a style, here for $w$, and $m$ its mean under $q$",
        ),
        lines=(
            Definition(equal(pulled, pulled.args[1]), "A style that is pulled to the mean"),
            Definition(equal(center, mean(q, pulled)), "Its mean"),
            Step(equal(center, middle + psi * mean(q, w - middle)), "stays, as x - m has the mean zero"),
            Definition(equal(spread, spread.args[1]), "The variance before"),
            Definition(equal(after, after.args[1]), "and after"),
            Definition(equal(second, second.args[1]), "Another style that is pulled"),
            Definition(equal(apart, pulled - second), "The distance of two styles, afterwards"),
            Step(equal(apart, psi * (w - other)), "is multiplied, and so is that from the mean"),
        ),
        source="Karras et al. 2019, sec. 4 [karras2019]",
    )


def noise_of_a_layer() -> Derivation:
    """Noise of the strength b leaves the mean of a number and adds b^2 to its variance.

    Source: Karras et al. 2019, sec. 2 [karras2019].

    >>> noise_of_a_layer().check()
    True
    """
    x, n = Symbol("x", real=True), Symbol("n", real=True)
    normal = exp(-(n**2) / 2) / sqrt(2 * pi)
    moved = Term("y", x + _b * n)
    middle = Term("m", Integral(moved * normal, (n, -oo, oo)))
    spread = Term("V", Integral((moved - x) ** 2 * normal, (n, -oo, oo)))
    square = Term("m_2", Integral(n**2 * normal, (n, -oo, oo)))
    return Derivation(
        name="The noise of a layer",
        claim=equal(spread, _b**2),
        assumptions=(r"$n$ is normal with the mean zero and the mean square one, and $b$ its strength",),
        lines=(
            Definition(equal(moved, x + _b * n), "A number with its noise"),
            Definition(equal(middle, middle.args[1]), "Its mean"),
            Step(equal(middle, x), "is what it was"),
            Definition(equal(square, square.args[1]), "The mean square of the noise"),
            Step(equal(square, 1), "is one"),
            Definition(
                equal(spread, spread.args[1]), "So the squared distance is the square of the strength"
            ),
        ),
        source="Karras et al. 2019, sec. 2 [karras2019]",
    )


def bend_lifts_the_mean() -> Derivation:
    """A leaky rectifier lies above its lines, so that the mean behind it is at least its value at the mean.

    Source: the derivation is ours, for the noise of Karras et al. 2019, sec. 2 [karras2019].

    >>> bend_lifts_the_mean().check()
    True
    """
    (q,) = densities("q")
    noise = Function("s", real=True)(q.args[0])
    leak, slope = Symbol("a", real=True), Symbol("c", real=True)
    at, t = Symbol("y", real=True), Symbol("t", real=True)
    f = define("f", lambda t: Max(t, leak * t))
    average = Term("M", mean(q, f(at + _b * noise)))
    line = Term("l", mean(q, slope * (at + _b * noise)))
    return Derivation(
        name="A bend lifts the mean",
        claim=at_least(average, slope * (at + _b * mean(q, noise))),
        assumptions=(
            inside(slope, leak, 1),
            inside(leak, 0, 1),
            normalised(q),
            r"$f(t) = \max(t, a t)$ has the slopes $a$ and 1; $c$ is any slope between them",
            r"$y$, here for $x$, meets the noise $s$ with the mean zero",
        ),
        lines=(
            Definition(equal(f(t), Max(t, leak * t)), "The leaky rectifier"),
            Step(at_least(f(t), slope * t), "lies above each line of such a slope"),
            Definition(equal(average, average.args[1]), "The mean of its values"),
            Definition(equal(line, line.args[1]), "That of the line"),
            Step(
                equal(line, slope * (at + _b * mean(q, noise))),
                "is its value at y, as the noise has the mean zero; for c = 1 or c = a that is f",
            ),
        ),
        source="own derivation, for the noise of Karras et al. 2019, sec. 2 [karras2019]",
    )


def length_of_a_random_push() -> Derivation:
    """The mean squared length of K y, for random y: the sum of all squared entries of K.

    Source: Karras et al. 2020, sec. 3.2 [karras2020].

    >>> length_of_a_random_push().check()
    True
    """
    k11, k12, k21, k22, y1, y2, mixed = (
        Symbol(name, real=True) for name in ("k_11", "k_12", "k_21", "k_22", "y_1", "y_2", "r")
    )
    own = Symbol("m", positive=True)
    length = Term("S", (k11 * y1 + k12 * y2) ** 2 + (k21 * y1 + k22 * y2) ** 2)
    first, second = Term("c_1", k11**2 + k21**2), Term("c_2", k12**2 + k22**2)
    product = Term("c_{12}", k11 * k12 + k21 * k22)
    average = Term("M", first * own + 2 * product * mixed + second * own)
    return Derivation(
        name="The length of a random push",
        claim=equal(Subs(average, (mixed, own), (0, 1)), first + second),
        assumptions=(
            r"$K$ has two rows and two columns, and $c_i = \|K e_i\|^2$",
            r"$r = \mathbb{E}[y_1 y_2]$ is zero, and $m$, the mean square of a number of $y$, is one",
        ),
        lines=(
            Definition(equal(length, length.args[1]), "The squared length of K y"),
            Definition(equal(first, first.args[1]), "The squared length of the first column"),
            Definition(equal(second, second.args[1]), "of the second,"),
            Definition(equal(product, product.args[1]), "and their product"),
            Step(equal(length, first * y1**2 + 2 * product * y1 * y2 + second * y2**2), "Multiplied out"),
            Definition(equal(average, average.args[1]), "The means of its parts"),
            Step(equal(Subs(2 * product * mixed, mixed, 0), 0), "of which the middle one is zero"),
        ),
        source="Karras et al. 2020, sec. 3.2 [karras2020]",
    )


def fade_between() -> Derivation:
    """A pixel that fades from one picture to another stays between the two.

    Source: Karras et al. 2018, sec. 2 [karras2018].

    >>> fade_between().check()
    True
    """
    mixed = Term("f", _a * _u + (1 - _a) * _v)
    return Derivation(
        name="A fade stays between",
        claim=at_most(Min(_u, _v), mixed),
        assumptions=(inside(_a, 0, 1), r"$u$ and $v$ are a pixel of the finer and of the coarser picture"),
        lines=(
            Definition(equal(mixed, _a * _u + (1 - _a) * _v), "The pixel at the share a of the fade"),
            Step(equal(mixed, _v + _a * (_u - _v)), "lies a share of the way from v to u"),
            Step(
                at_most(mixed, Max(_u, _v)),
                "and so not above the larger; nor, by the claim, below the smaller",
            ),
        ),
        source="Karras et al. 2018, sec. 2 [karras2018]",
    )
