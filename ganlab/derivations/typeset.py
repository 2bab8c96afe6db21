"""LaTeX for the displays: the field's symbols, and nothing that KaTeX or MathJax would refuse."""

from __future__ import annotations

from typing import Any

from sympy import Basic
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

__all__ = ["ordered", "typeset"]

_TALL = (r"\frac", r"\int", r"\sum", r"\begin", r"\left")
_SIGNS = {"==": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "!=": r"\ne"}


class _Printer(LatexPrinter):
    """SymPy's printer with the habits of a textbook: log D, (p + q)/2, a sum that starts with no minus."""

    def _add_parens(self, s: str) -> str:
        return rf"\left({s}\right)" if any(mark in s for mark in _TALL) else f"({s})"

    def _head(self, head: str, expr: Any, exp: str | None) -> str:
        head = head if exp is None else f"{head}^{{{exp}}}"
        argument = self._print(expr.args[0])
        plain = expr.args[0].is_Symbol or expr.args[0].is_Integer or isinstance(expr.args[0], AppliedUndef)
        return f"{head} {argument}" if plain else f"{head}{self._add_parens(argument)}"

    def _needs_mul_brackets(self, expr: Any, first: bool = False, last: bool = False) -> bool:
        """A quantity that has a name is shown by it, and needs none, whatever it stands for."""
        return not hasattr(expr, "_latex") and super()._needs_mul_brackets(expr, first=first, last=last)

    def _print_log(self, expr: Any, exp: str | None = None) -> str:
        return self._head(r"\log", expr, exp)

    def _print_tanh(self, expr: Any, exp: str | None = None) -> str:
        return self._head(r"\tanh", expr, exp)

    def _print_sin(self, expr: Any, exp: str | None = None) -> str:
        return self._head(r"\sin", expr, exp)

    def _print_cos(self, expr: Any, exp: str | None = None) -> str:
        return self._head(r"\cos", expr, exp)

    def _print_sign(self, expr: Any, exp: str | None = None) -> str:
        return self._head(r"\operatorname{sign}", expr, exp)

    def _print_AppliedUndef(self, expr: Any, exp: str | None = None) -> str:
        name = self._deal_with_super_sub(expr.func.__name__)
        return name if exp is None else f"{name}^{{{exp}}}"

    def _print_Add(self, expr: Any, order: str | None = None) -> str:
        terms = self._as_ordered_terms(expr, order=order)
        numbers: list[Any] = [term.as_coeff_Mul()[0] for term in terms]
        common = {number.q for number in numbers if number.is_Rational}
        if len(common) == 1 and common != {1} and len(terms) > 1:
            whole = common.pop()
            return rf"\frac{{{self._sum([term * whole for term in terms])}}}{{{whole}}}"
        return self._sum(terms)

    def _sum(self, terms: list[Any]) -> str:
        shown = [self._print(term) for term in ordered(terms)]
        rest = [f" - {part[1:].strip()}" if part.startswith("-") else f" + {part}" for part in shown[1:]]
        return shown[0] + "".join(rest)

    def _print_Subs(self, subs: Any) -> str:
        body, old, new = subs.args
        points = r",\, ".join(f"{self._print(o)} = {self._print(n)}" for o, n in zip(old, new, strict=True))
        return rf"\left. {self._print(body)} \right|_{{{points}}}"

    def _print_Contains(self, e: Any) -> str:
        symbol, interval = e.args
        low, high = (self._print(end) for end in (interval.start, interval.end))
        return f"{low} < {self._print(symbol)} < {high}"

    def _print_Relational(self, expr: Any) -> str:
        return f"{self._print(expr.lhs)} {_SIGNS[expr.rel_op]} {self._print(expr.rhs)}"


def ordered(terms: list[Any]) -> list[Any]:
    """The terms with a positive one first: a number and then rising powers, or else as SymPy has them."""
    if terms[-1].is_Rational and terms[-1] > 0:
        return terms[::-1]
    first = next((term for term in terms if not term.could_extract_minus_sign()), terms[0])
    return [first, *(term for term in terms if term is not first)]


def typeset(expr: Basic) -> str:
    r"""The LaTeX of an expression or a relation, the same string on every run.

    >>> from sympy import Eq, Symbol, log
    >>> D = Symbol("D")
    >>> typeset(Eq(log(D), (D - 1) / 2, evaluate=False))
    '\\log D = \\frac{D - 1}{2}'
    """
    return _Printer({"mat_delim": "(", "diff_operator": "d"}).doprint(expr)
