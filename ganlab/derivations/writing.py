"""A relation as one line of text that a keyboard has: what `formulas` reads back.

A product is written by spaces, a power by `^`, a derivative `d/da(...)`; `int(f, x)` is an integral,
`lim(f, D, 0+)` a limit, `at(f, D = 1/2)` a value. A named quantity has its name: `JSD`, `sigma(a)`, `D^*`.
"""

from __future__ import annotations

import re
from typing import Any

from sympy import (
    Abs,
    Add,
    Derivative,
    I,
    Integral,
    Limit,
    MatrixBase,
    Max,
    Min,
    Mul,
    Pow,
    Rational,
    Subs,
    Symbol,
    cos,
    exp,
    fraction,
    log,
    oo,
    pi,
    sign,
    sin,
    tanh,
)
from sympy.core.function import AppliedUndef

from .statements import Term
from .typeset import ordered, typeset

__all__ = ["FUNCTIONS", "RELATIONS", "name_of", "spelled", "write"]

FUNCTIONS: dict[str, Any] = {
    "log": log,
    "exp": exp,
    "tanh": tanh,
    "sin": sin,
    "cos": cos,
    "sign": sign,
    "abs": Abs,
    "max": Max,
    "min": Min,
}
"""The functions that a line may hold, by the name that a reader types."""

RELATIONS = {"==": "=", "<=": "<=", ">=": ">=", "<": "<", ">": ">"}
"""The relations of SymPy, and how each is written."""

_NAMES = {function: name for name, function in FUNCTIONS.items()}
_SUM, _PRODUCT, _POWER, _WHOLE = range(4)
_FONTS = re.compile(r"\\(?:operatorname|mathcal|mathrm|text|left|right)(?![A-Za-z])")
_FRACTION = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")


def write(relation: Any) -> str:
    """A relation in one line, as a reader could type it.

    >>> from sympy import Eq, Symbol
    >>> p, q = Symbol("p"), Symbol("q")
    >>> write(Eq(log(p / (p + q)), -log(1 + q / p), evaluate=False))
    'log(p/(p + q)) = -log(1 + q/p)'
    """
    return f"{_text(relation.lhs)} {RELATIONS[relation.rel_op]} {_text(relation.rhs)}"


def spelled(e: Any) -> str:
    """An expression in one line, as a reader could type it.

    >>> from sympy.abc import x
    >>> spelled(Derivative(x**2, (x, 2)) - 2)
    'd^2/dx^2(x^2) - 2'
    """
    return _text(e)


def name_of(latex: str) -> str:
    r"""The LaTeX of a name in letters.

    >>> name_of(r"\operatorname{BCE}\left(1, \frac{1}{2}\right)"), name_of(r"\partial_\psi\dot\theta")
    ('BCE(1, 1/2)', 'partial_psi dot theta')
    """
    plain = latex
    while _FRACTION.search(plain):
        plain = _FRACTION.sub(lambda m: f"{_bracketed(m[1])}/{_bracketed(m[2])}", plain)
    plain = _FONTS.sub("", plain).replace(r"\,", " ")
    plain = re.sub(r"\\([A-Za-z]+)", r" \1 ", plain)
    plain = re.sub(r"[{}]", "", re.sub(r"\{(\w*)\}", r"\1", plain))
    plain = re.sub(r"\s*([_^(),/=|'])\s*", r"\1", plain).replace(",", ", ")
    return re.sub(r"\s+", " ", plain).strip()


def _bracketed(part: str) -> str:
    return part if re.fullmatch(r"\\?\w+", part.strip()) else f"({part})"


def _text(e: Any, level: int = _SUM) -> str:
    text, own = _written(e)
    return f"({text})" if own < level else text


def _written(e: Any) -> tuple[str, int]:
    """The text of an expression, and how strongly it holds together."""
    if isinstance(e, (Symbol, Term, AppliedUndef)):
        return name_of(typeset(e)), _WHOLE
    if isinstance(e, Rational) or e in (oo, -oo):
        return str(e), _SUM if e < 0 else _PRODUCT if e.is_Rational and not e.is_Integer else _WHOLE
    if isinstance(e, Add):
        return _sum(e), _SUM
    if isinstance(e, Mul):
        return _product(e)
    if isinstance(e, Pow):
        return _power(e)
    if e in (pi, I):
        return str(e).lower(), _WHOLE
    if isinstance(e, MatrixBase):
        rows: list[list[Any]] = e.tolist()
        return f"[{'; '.join(', '.join(map(_text, row)) for row in rows)}]", _WHOLE
    return _called(e), _WHOLE


def _sum(e: Any) -> str:
    shown = [_text(term, _SUM) for term in ordered(e.as_ordered_terms())]
    rest = [f" - {part[1:].strip()}" if part.startswith("-") else f" + {part}" for part in shown[1:]]
    return shown[0] + "".join(rest)


def _product(e: Any) -> tuple[str, int]:
    number, _ = e.as_coeff_Mul()
    if number.is_negative:
        return f"-{_text(-e, _PRODUCT)}", _SUM
    above, below = fraction(e, exact=True)
    if below != 1:
        return f"{_text(above, _PRODUCT)}/{_text(below, _POWER)}", _PRODUCT
    return " ".join(_text(factor, _POWER) for factor in e.as_ordered_factors()), _PRODUCT


def _power(e: Any) -> tuple[str, int]:
    if e.exp == Rational(1, 2):
        return f"sqrt({_text(e.base)})", _WHOLE
    if e.exp.is_Rational and e.exp < 0:
        return f"1/{_text(1 / e, _POWER)}", _PRODUCT
    return f"{_text(e.base, _WHOLE)}^{_text(e.exp, _WHOLE)}", _POWER


def _called(e: Any) -> str:
    parts: Any = e.args
    if isinstance(e, Derivative):
        return _derivative(e)
    if isinstance(e, Integral):
        body, (variable, *ends) = parts
        return f"int({', '.join(map(_text, (body, variable, *ends)))})"
    if isinstance(e, Limit):
        body, variable, end, side = parts
        return f"lim({_text(body)}, {_text(variable)}, {_text(end)}{'' if end in (oo, -oo) else side})"
    if isinstance(e, Subs):
        body, old, new = parts
        pairs = (f"{_text(o)} = {_text(n)}" for o, n in zip(old, new, strict=True))
        return f"at({', '.join([_text(body), *pairs])})"
    if e.func in _NAMES:
        return f"{_NAMES[e.func]}({', '.join(map(_text, e.args))})"
    raise ValueError(f"`relation` must be of what a reader can type, got {e}")


def _derivative(e: Any) -> str:
    ((variable, order),) = e.variable_count
    power = "" if order == 1 else f"^{order}"
    return f"d{power}/d{_text(variable)}{power}({_text(e.expr)})"
