"""The words of a derivation: named quantities, relations kept as written, and restrictions of a symbol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Contains, Eq, Expr, Function, Ge, Gt, Integral, Interval, Le, Lt, Symbol, sympify
from sympy.core.symbol import Str
from sympy.printing.precedence import PRECEDENCE

from .typeset import typeset

__all__ = [
    "Term",
    "above",
    "at_least",
    "at_most",
    "below",
    "define",
    "densities",
    "equal",
    "inside",
    "integral",
    "mean",
    "normalised",
]

_X = Symbol("x", real=True)


class Term(Expr):
    """A named quantity: it is displayed by its name and counts as its body, such as JSD(p, q).

    >>> from sympy.abc import x
    >>> Term(r"f", x**2).doit()
    x**2
    """

    is_commutative = True

    @property
    def head(self) -> str | None:
        """The name of a function before its arguments, as V in V(D); None where nothing is in brackets.

        >>> define("V", lambda d: d**2)(Symbol("D")).head
        'V'
        """
        name, bracket, _ = str(self.args[0]).partition("(")
        return name.removesuffix(r"\left") if bracket and name else None

    @property
    def precedence(self) -> int:
        """That of a product where the name is more than one symbol, so that a power brackets it."""
        return PRECEDENCE["Mul" if str(self.args[0]).startswith(("\\partial", "\\det")) else "Atom"]

    def __new__(cls, name: str | Str, body: Any) -> Term:
        """`name` in LaTeX, and the expression that it stands for."""
        return Expr.__new__(cls, name if isinstance(name, Str) else Str(name), sympify(body))

    def doit(self, **hints: Any) -> Any:
        """The body, evaluated."""
        return self.args[1].doit(**hints)

    def sort_key(self, order: Any = None) -> Any:
        """The place of a symbol, after the letters, so that a product reads 2 p f(u) (1 - f(u))."""
        return Symbol("{" + str(self.args[0])).sort_key(order)

    def _eval_derivative(self, s: Any) -> Any:
        body: Any = self.args[1]
        return body.diff(s)

    def _latex(self, printer: Any) -> str:
        return str(self.args[0])

    def _sympystr(self, printer: Any) -> str:
        return str(self.args[0])


def define(name: str, body: Callable[..., Any]) -> Callable[..., Term]:
    r"""A named function: displayed as a name with its arguments, it counts as `body`.

    >>> from sympy import exp
    >>> from sympy.abc import a
    >>> sigma = define(r"\sigma", lambda a: 1 / (1 + exp(-a)))
    >>> typeset(sigma(-a)), sigma(0).doit()
    ('\\sigma(- a)', 1/2)
    """

    def value(*arguments: Any) -> Term:
        shown = ", ".join(typeset(sympify(argument)) for argument in arguments)
        left, right = (r"\left(", r"\right)") if r"\frac" in shown else ("(", ")")
        return Term(f"{name}{left}{shown}{right}", body(*(sympify(argument) for argument in arguments)))

    return value


def equal(lhs: Any, rhs: Any) -> Any:
    """The relation lhs = rhs, kept as written."""
    return Eq(sympify(lhs), sympify(rhs), evaluate=False)


def at_most(lhs: Any, rhs: Any) -> Any:
    """The relation lhs <= rhs, kept as written."""
    return Le(sympify(lhs), sympify(rhs), evaluate=False)


def at_least(lhs: Any, rhs: Any) -> Any:
    """The relation lhs >= rhs, kept as written."""
    return Ge(sympify(lhs), sympify(rhs), evaluate=False)


def below(lhs: Any, rhs: Any) -> Any:
    """The relation lhs < rhs, kept as written."""
    return Lt(sympify(lhs), sympify(rhs), evaluate=False)


def above(lhs: Any, rhs: Any) -> Any:
    """The relation lhs > rhs, kept as written."""
    return Gt(sympify(lhs), sympify(rhs), evaluate=False)


def inside(symbol: Any, low: Any, high: Any) -> Any:
    """The assumption low < symbol < high."""
    return Contains(symbol, Interval.open(low, high))


def densities(*names: str) -> tuple[Any, ...]:
    """Positive functions of x, displayed without their argument.

    >>> densities("p", "q")
    (p(x), q(x))
    """
    return tuple(Function(name, positive=True)(_X) for name in names)


def integral(integrand: Any) -> Any:
    """The integral over x, displayed and not carried out.

    >>> p, q = densities("p", "q")
    >>> integral(p * q)
    Integral(p(x)*q(x), x)
    """
    return Integral(sympify(integrand), _X)


def mean(density: Any, integrand: Any) -> Any:
    """The integral of density times integrand, over x.

    >>> p, = densities("p")
    >>> mean(p, 1)
    Integral(p(x), x)
    """
    return integral(density * sympify(integrand))


def normalised(density: Any) -> Any:
    """The assumption that a density integrates to one."""
    return equal(mean(density, 1), 1)
