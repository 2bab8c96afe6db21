"""The bilinear game min over x, max over y of x y: how far one step of each update rule takes the players.

The step size is h; the vector field is F(x, y) = (y, -x). The radius of a rule is the factor that the
distance from the equilibrium is multiplied by in the long run.
"""

from __future__ import annotations

from typing import Any

from sympy import Derivative, I, ImmutableMatrix, Limit, Rational, Subs, Symbol, sqrt

from .derivation import Definition, Derivation, Step
from .statements import Term, above, below, define, equal, inside

__all__ = [
    "bilinear_alternating",
    "bilinear_extragradient",
    "bilinear_momentum",
    "bilinear_optimistic",
    "bilinear_simultaneous",
]

_x, _y = Symbol("x", real=True), Symbol("y", real=True)
_h = Symbol("h", positive=True)
_GAME = r"the game is $xy$, the step size $h > 0$, and a prime marks the point after the step"


def _after(x: Any, y: Any) -> tuple[Term, Term]:
    return Term("x'", x), Term("y'", y)


def bilinear_simultaneous() -> Derivation:
    """Simultaneous steps: the radius is sqrt(1 + h^2) > 1, for every h.

    Source: Daskalakis et al. 2018 [daskalakis2018].

    >>> bilinear_simultaneous().check()
    True
    """
    x, y = _after(_x - _h * _y, _y + _h * _x)
    return Derivation(
        name="Simultaneous steps on the bilinear game",
        claim=equal(x**2 + y**2, (1 + _h**2) * (_x**2 + _y**2)),
        assumptions=(_GAME,),
        lines=(
            Definition(equal(x, _x - _h * _y), "The first player descends"),
            Definition(equal(y, _y + _h * _x), "The second climbs, from the same point"),
            Step(equal(x**2, _x**2 - 2 * _h * _x * _y + _h**2 * _y**2), "The square of the first"),
            Step(equal(y**2, _y**2 + 2 * _h * _x * _y + _h**2 * _x**2), "and of the second"),
            Step(above(1 + _h**2, 1), "Each step leads outward"),
        ),
        source="Daskalakis et al. 2018 [daskalakis2018]",
    )


def bilinear_alternating() -> Derivation:
    """Alternating steps: x^2 + y^2 - h x y is conserved, an ellipse for h < 2; the radius is 1.

    Source: Gidel et al. 2019 [gidel2019].

    >>> bilinear_alternating().check()
    True
    """
    x = Term("x'", _x - _h * _y)
    y = Term("y'", _y + _h * (_x - _h * _y))
    step = ImmutableMatrix([[1, -_h], [_h, 1 - _h**2]])

    discriminant = Term(r"(\operatorname{tr} M)^2 - 4", step.trace() ** 2 - 4)
    return Derivation(
        name="Alternating steps on the bilinear game",
        claim=equal(x**2 + y**2 - _h * x * y, _x**2 + _y**2 - _h * _x * _y),
        assumptions=(inside(_h, 0, 2), _GAME),
        lines=(
            Definition(equal(x, _x - _h * _y), "The first player descends"),
            Definition(equal(y, _y + _h * x), "The second sees where the first has gone"),
            Definition(equal(Term(r"\det M", step.det()), 1), "The matrix M of a step has determinant one"),
            Definition(equal(discriminant, (2 - _h**2) ** 2 - 4), "Its trace is two less the square of h"),
            Step(
                equal(discriminant, -(_h**2) * (4 - _h**2)),
                "Its eigenvalues are complex for h below 2, hence of modulus one",
            ),
            Step(
                equal(_x**2 + _y**2 - _h * _x * _y, (_x - _h * _y / 2) ** 2 + (1 - _h**2 / 4) * _y**2),
                "What is conserved is a sum of squares",
            ),
            Step(above(1 - _h**2 / 4, 0), "with positive weights: an ellipse"),
        ),
        source="Gidel et al. 2019 [gidel2019]",
    )


def bilinear_extragradient() -> Derivation:
    """Extragradient: the radius is sqrt(1 - h^2 + h^4), below one for h < 1.

    Source: Mokhtari et al. 2020 [mokhtari2020].

    >>> bilinear_extragradient().check()
    True
    """
    ahead = Term(r"\bar x", _x - _h * _y), Term(r"\bar y", _y + _h * _x)
    x, y = _after(_x - _h * ahead[1], _y + _h * ahead[0])
    return Derivation(
        name="Extragradient on the bilinear game",
        claim=equal(x**2 + y**2, (1 - _h**2 + _h**4) * (_x**2 + _y**2)),
        assumptions=(inside(_h, 0, 1), _GAME, "a bar marks the look ahead"),
        lines=(
            Definition(equal(ahead[0], _x - _h * _y), "The first player looks ahead"),
            Definition(equal(ahead[1], _y + _h * _x), "and so does the second"),
            Definition(equal(x, _x - _h * ahead[1]), "The step of the first, from where it stands"),
            Definition(equal(y, _y + _h * ahead[0]), "and that of the second"),
            Step(equal(x, (1 - _h**2) * _x - _h * _y), "Put in, the first moves so"),
            Step(equal(y, (1 - _h**2) * _y + _h * _x), "and the second so"),
            Step(below(1 - _h**2 + _h**4, 1), "Each step leads inward"),
        ),
        source="Mokhtari et al. 2020 [mokhtari2020]",
    )


def bilinear_optimistic() -> Derivation:
    """Optimistic steps: squared radius (1 + sqrt(1 - 4h^2))/2 for h <= 1/2, below one iff h < 1/sqrt 3.

    z' = z - 2h F(z) + h F(z before), written with the complex number z = x + iy, for which F(z) = -i z.

    Source: Daskalakis et al. 2018 [daskalakis2018]; Mokhtari et al. 2020 [mokhtari2020].

    >>> bilinear_optimistic().check()
    True
    """
    root, s = Symbol("lambda", complex=True), Symbol("s", real=True)
    k = Symbol("k", real=True)
    inner = sqrt(1 - 4 * _h**2)
    outer = define(r"\rho^2", lambda h: (1 + (2 * h + sqrt(4 * h**2 - 1)) ** 2) / 4)

    rule = Term(r"\ell", root - (1 + 2 * I * _h) + I * _h / root)
    field = Term("F", _y - I * _x)
    large, small = ((1 + sign * inner) / 2 for sign in (1, -1))
    moduli = Term(r"|\lambda_1|^2", large**2 + _h**2), Term(r"|\lambda_2|^2", small**2 + _h**2)
    bound = Term("b", (1 + s) / 2)
    return Derivation(
        name="Optimistic steps on the bilinear game",
        claim=equal(
            root**2 - (1 + 2 * I * _h) * root + I * _h,
            (root - (1 + inner) / 2 - I * _h) * (root - (1 - inner) / 2 - I * _h),
        ),
        assumptions=(
            inside(s, 0, 1),
            above(k, Rational(1, 2)),
            r"$z = x + iy$, and $s = \sqrt{1 - 4h^2}$ for $h < \frac{1}{2}$",
            r"$k$ stands for a step size above $\frac{1}{2}$",
        ),
        lines=(
            Definition(equal(field, _y - I * _x), "The field, as a complex number"),
            Step(equal(field, -I * (_x + I * _y)), "is a quarter turn back"),
            Definition(
                equal(rule, root - (1 + 2 * I * _h) + I * _h / root), "For z = powers of lambda the rule"
            ),
            Step(
                equal(rule, (root**2 - (1 + 2 * I * _h) * root + I * _h) / root),
                "asks for a root of the polynomial",
            ),
            Definition(equal(moduli[0], large**2 + _h**2), "The larger root, squared modulus"),
            Definition(equal(moduli[1], small**2 + _h**2), "The smaller root, likewise"),
            Step(equal(moduli[0], large), "is its own real part"),
            Step(equal(moduli[1], small), "and so is that of the smaller one"),
            Definition(equal(bound, (1 + s) / 2), "With s for the root"),
            Step(below(bound, 1), "both are below one for h below 1/2"),
            Definition(equal(outer(k), outer(k).args[1]), "Above 1/2 both roots have real part 1/2"),
            Step(
                equal(outer(k), Rational(1, 2) * (4 * k**2 + 2 * k * sqrt(4 * k**2 - 1))),
                "The larger one, squared modulus",
            ),
            Step(above(Derivative(outer(k), k), 0), "grows with the step"),
            Definition(equal(outer(1 / sqrt(3)), 1), r"and reaches one at $1/\sqrt 3$"),
        ),
        source="Daskalakis et al. 2018 [daskalakis2018] and Mokhtari et al. 2020 [mokhtari2020]",
    )


def bilinear_momentum() -> Derivation:
    """Alternating steps with momentum beta: squared radius 1 + 2 beta h^2/(1 - beta)^3, to order h^2.

    Positive momentum leads outward, negative momentum inward.

    Source: Gidel et al. 2019; the expansion is ours [gidel2019].

    >>> bilinear_momentum().check()
    True
    """
    beta, root, small = Symbol("beta", real=True), Symbol("lambda", complex=True), Symbol("b", positive=True)
    factor = Term("P", (root - 1) * (root - beta))
    system = ImmutableMatrix([[factor, _h * root], [-_h * root**2, factor]])
    mu, nu = I / (1 - beta), (2 / (1 - beta) - 3) / (2 * (1 - beta) ** 2)
    near = 1 + mu * _h + nu * _h**2
    equation = define("Q", lambda z: (z - 1) ** 2 * (z - beta) ** 2 + _h**2 * z**3)
    shown = Term(r"Q(1 + \mu h + \nu h^2)", equation(near).doit())
    modulus = Term(r"|\lambda|^2", (1 + nu * _h**2) ** 2 + (_h / (1 - beta)) ** 2)

    determinant = Term(r"\det", system.det())
    inward = define("g", lambda b: 2 * b / (1 - b) ** 3)
    return Derivation(
        name="Momentum on the bilinear game",
        claim=equal(Limit((modulus - 1) / _h**2, _h, 0, "+"), 2 * beta / (1 - beta) ** 3),
        assumptions=(
            r"$-1 < \beta < 1$",
            r"$x' = x - hy + \beta(x - x_{-1})$, then $y' = y + hx' + \beta(y - y_{-1})$",
            r"$Q(\lambda) = (\lambda - 1)^2 (\lambda - \beta)^2 + h^2 \lambda^3$",
            r"$\lambda = 1 + \mu h + \nu h^2$",
            r"$\mu = \frac{i}{1 - \beta}$ and $\nu = (\frac{2}{1 - \beta} - 3)/(2 (1 - \beta)^2)$",
        ),
        lines=(
            Definition(equal(determinant, system.det()), "Powers solve the recursion where it is 0"),
            Step(equal(determinant, equation(root)), "It is the polynomial Q"),
            Definition(equal(shown, equation(near)), "Near one"),
            Step(
                equal(Subs(Derivative(shown, (_h, 2)), _h, 0), 0), "First order: mu annuls the leading term"
            ),
            Step(equal(Subs(Derivative(shown, (_h, 3)), _h, 0), 0), "Second order: nu annuls the next"),
            Definition(equal(modulus, modulus.args[1]), "The squared modulus, mu being imaginary"),
            Definition(equal(inward(beta), 2 * beta / (1 - beta) ** 3), "Its growth, by the square of h"),
            Definition(equal(inward(-small), -2 * small / (1 + small) ** 3), "With negative momentum"),
            Step(below(-2 * small / (1 + small) ** 3, 0), "the step leads inward"),
        ),
        source="Gidel et al. 2019 [gidel2019], expanded here",
    )
