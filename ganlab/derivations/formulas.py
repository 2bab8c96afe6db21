"""What a reader types, as a relation of SymPy: a small grammar and the names of one derivation, nothing else.

The text is cut into names, numbers and signs, and put together by the rules below; it is never given to
Python or to SymPy as text. `writing` writes what is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sympy import (
    Add,
    Derivative,
    Eq,
    Ge,
    Gt,
    I,
    ImmutableMatrix,
    Integer,
    Integral,
    Le,
    Limit,
    Lt,
    MatrixBase,
    Mul,
    Pow,
    Rational,
    Subs,
    Symbol,
    oo,
    pi,
    preorder_traversal,
    sqrt,
)
from sympy.core.function import AppliedUndef

from .statements import Term
from .typeset import typeset
from .writing import FUNCTIONS, name_of

__all__ = ["Names", "Unreadable", "names_in", "read_expression", "read_relation"]

Names = dict[str, Any]

_RELATIONS: dict[str, Any] = {"=": Eq, "<=": Le, ">=": Ge, "<": Lt, ">": Gt}
_LONGEST = 400
_DEEPEST = 40
_DIGITS = 12
_LARGEST_POWER = 30
_SIGNS = re.compile(r"<=|>=|[-+/^()\[\],;=<>|*]")
_DERIVATIVE = re.compile(r"d(?:\^(\d))?/d(?=\w)")
_ARGUMENTS = {"abs": (1, 1), "max": (2, 9), "min": (2, 9)}
_SPELLINGS = {"−": "-", "–": "-", "·": " ", "×": " ", "≤": "<=", "≥": ">=", "**": "^", "∞": "oo", "→": ","}
_SPELLINGS |= {"∫": "int", "√": "sqrt", "²": "^2", "³": "^3", "½": "(1/2)", "’": "'"}
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho ς sigma tau "
)
_GREEK += "upsilon phi chi psi omega"
_SPELLINGS |= {chr(0x3B1 + place): name for place, name in enumerate(_GREEK.split())}


class Unreadable(ValueError):
    """A text that is no formula of the grammar, with a sentence that says where it goes wrong."""


def names_in(relations: Iterable[Any]) -> Names:
    r"""What each name of these relations stands for, by its spelling.

    >>> from sympy import Symbol, exp, log
    >>> from ganlab.derivations.statements import define, equal
    >>> a = Symbol("a", real=True)
    >>> sigma = define(r"\sigma", lambda a: 1 / (1 + exp(-a)))
    >>> sorted(names_in([equal(log(sigma(a)), 0)]))
    ['a', 'sigma(a)']
    """
    parts = (part for relation in relations for part in preorder_traversal(relation, keys=None))
    named = [part for part in parts if isinstance(part, (Symbol, Term, AppliedUndef))]
    spelled = {name_of(typeset(part)): part for part in named}
    return {name: part for name, part in spelled.items() if name not in ("+", "-")}  # the sides of limits


def read_relation(text: str, names: Names) -> Any:
    """The relation that a text says.

    Raises `Unreadable` where the text is not of the grammar, or holds a name that is not among `names`.

    >>> p = Symbol("p", positive=True)
    >>> read_relation("p^2/2 + p >= -1", {"p": p})
    p**2/2 + p >= -1
    >>> read_relation("__import__ = 1", {"p": p})
    Traceback (most recent call last):
        ...
    ganlab.derivations.formulas.Unreadable: “__import__” is no name of this derivation; the names are p.
    """
    reader = _Reader(_tokens(text, names), names)
    left = reader.sum()
    sign = reader.take(*_RELATIONS)
    right = reader.sum()
    reader.end()
    if isinstance(left, MatrixBase) != isinstance(right, MatrixBase):
        raise Unreadable("A matrix is compared with a matrix only.")
    return _RELATIONS[sign](left, right, evaluate=False)


def read_expression(text: str, names: Names) -> Any:
    """The expression that a text says; raises as `read_relation` does.

    >>> read_expression("-y log(D)", {name: Symbol(name) for name in "yD"})
    -y*log(D)
    """
    reader = _Reader(_tokens(text, names), names)
    whole = reader.sum()
    reader.end()
    return whole


def _tokens(text: str, names: Names) -> list[str]:
    """The text cut into the longest names, numbers and signs; each name of the derivation after a colon."""
    if len(text) > _LONGEST:
        raise Unreadable(f"A line has at most {_LONGEST} characters.")
    for other, plain in _SPELLINGS.items():
        text = text.replace(other, plain)
    text = re.sub(r"\\([A-Za-z]+)", r" \1 ", text)
    longest = sorted(names, key=len, reverse=True)
    heads = sorted(_heads(names), key=len, reverse=True)
    found, place = [], 0
    while place < len(text):
        rest = text[place:]
        if match := re.match(r"\s+", rest):
            place += match.end()
            continue
        token, length = _first(rest, longest, heads)
        found.append(token)
        place += length
    return found


def _first(rest: str, longest: list[str], heads: list[str]) -> tuple[str, int]:
    if match := _DERIVATIVE.match(rest):
        return f"d{match[1] or 1}", match.end()
    for name in longest:
        if length := _spans(name, rest):
            return f":{name}", length
    for head in heads:
        if (length := _spans(head, rest)) and rest[length:].startswith("("):
            return f"@{head}", length
    if match := re.match(r"\d+(?:\.\d+)?|[A-Za-z_]\w*|" + _SIGNS.pattern, rest):
        return match[0], match.end()
    raise Unreadable(f"“{rest[0]}” is no sign of a formula.")


def _spans(name: str, rest: str) -> int:
    """How much of the text is this name, whatever spaces are in it; 0 where the text begins otherwise."""
    pattern = r"\s*".join(re.escape(part) for part in re.findall(r"\w+|\S", name))
    match = re.match(pattern + (r"(?!\w)" if name[-1].isalnum() else ""), rest)
    return match.end() if match else 0


def _heads(names: Names) -> dict[str, tuple[Term, list[Any]]]:
    """The named functions, each with a place where it stands and the names that are its arguments there."""
    found: dict[str, tuple[Term, list[Any]]] = {}
    for name, term in names.items():
        head, bracket, inside = name.partition("(")
        if bracket and isinstance(term, Term) and head not in names:
            arguments = [names.get(argument.strip()) for argument in inside[:-1].split(",")]
            if all(isinstance(argument, (Symbol, AppliedUndef)) for argument in arguments):
                found.setdefault(head, (term, arguments))
    return found


class _Reader:
    """The tokens of one line, the place in them, and how deep in brackets that is."""

    def __init__(self, tokens: list[str], names: Names) -> None:
        self.tokens, self.names, self.place, self.depth = tokens, names, 0, 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if not token or (wanted and token not in wanted):
            expected = " or ".join(wanted) or "more"
            raise Unreadable(f"Expected {expected}, found {token.lstrip(':@') or 'the end'}.")
        self.place += 1
        return token

    def end(self) -> None:
        if self.peek():
            raise Unreadable(f"“{self.peek().lstrip(':@')}” is left over: one relation makes a line.")

    def sum(self, *, below: bool = False) -> Any:
        terms = [] if self.peek() in ("+", "-") else [self.product(below=below)]
        while self.peek() in ("+", "-"):
            terms.append(_times(-1, self.product()) if self.take() == "-" else self.product())
        return _joined(Add, terms)

    def product(self, *, below: bool = False) -> Any:
        """Factors; those below a line stay factors, where SymPy would write 2 (1 + u) as a sum."""
        if self.peek() == "-":
            self.take()
            return _times(-1, self.product())
        above, divisors = [self.power()], []
        while (token := self.peek()) and (token in ("/", "*") or self._begins(token)):
            if token in ("/", "*"):
                self.take()
            (divisors if token == "/" else above).append(self.power(below=token == "/"))
        whole = _joined(partial(Mul, evaluate=not below), above)
        return _joined(Mul, [whole, *(_raised(divisor, Integer(-1)) for divisor in divisors)])

    def _begins(self, token: str) -> bool:
        return (token[0] in ":@([|" and token != "|") or token[0].isalnum()

    def power(self, *, below: bool = False) -> Any:
        base = self.atom(below=below)
        if self.peek() != "^":
            return base
        self.take()
        if self.peek() == "-":
            self.take()
            return _raised(base, _times(-1, self.power()))
        return _raised(base, self.power())

    def atom(self, *, below: bool = False) -> Any:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unreadable("These brackets are nested too deep.")
        value = self._atom(self.take(), below)
        self.depth -= 1
        return value

    def _atom(self, token: str, below: bool) -> Any:
        if token.startswith(":"):
            return self.names[token[1:]]
        if token.startswith("@"):
            return self._applied(token[1:])
        if token[0].isdigit():
            return _number(token)
        if token in ("(", "|"):
            inside = self.sum(below=below and token == "(")
            self.take({"(": ")", "|": "|"}[token])
            return inside if token == "(" else FUNCTIONS["abs"](_scalar(inside))
        if token == "[":
            return self._matrix()
        return self._word(token)

    def _word(self, word: str) -> Any:
        if re.fullmatch(r"d\d", word):
            variable = self._variable()
            if self.peek() == "^":
                self.take()
                self.take()
            self.take("(")
            return self._closed(Derivative(_scalar(self.sum()), (variable, int(word[1]))))
        special = {"int": self._integral, "lim": self._limit, "at": self._value, "sqrt": self._root}
        if word in special:
            self.take("(")
            return self._closed(special[word](_scalar(self.sum())))
        if word in FUNCTIONS:
            return self._function(word)
        if word in ("oo", "pi", "i"):
            return {"oo": oo, "pi": pi, "i": I}[word]
        known = ", ".join(self.names)
        if re.match(r"[A-Za-z_]", word):
            raise Unreadable(f"“{word}” is no name of this derivation; the names are {known}.")
        raise Unreadable(f"“{word}” cannot stand here.")

    def _closed(self, value: Any) -> Any:
        self.take(")")
        return value

    def _arguments(self) -> list[Any]:
        self.take("(")
        found = [_scalar(self.sum())]
        while self.peek() == ",":
            self.take()
            found.append(_scalar(self.sum()))
        return self._closed(found)

    def _function(self, name: str) -> Any:
        if self.peek() != "(":
            return FUNCTIONS[name](_scalar(self.power()))
        arguments = self._arguments()
        fewest, most = _ARGUMENTS.get(name, (1, 1))
        if not fewest <= len(arguments) <= most:
            raise Unreadable(f"{name} takes {fewest} argument{'s or more' if fewest > 1 else ''}.")
        return FUNCTIONS[name](*arguments)

    def _applied(self, head: str) -> Any:
        term, places = _heads(self.names)[head]
        arguments = self._arguments()
        if len(arguments) != len(places):
            raise Unreadable(f"{head} takes {len(places)} argument{'s' * (len(places) > 1)}.")
        shown = ", ".join(map(typeset, arguments))
        left, right = (r"\left(", r"\right)") if r"\frac" in shown else ("(", ")")
        body = term.args[1].subs(list(zip(places, arguments, strict=True)), simultaneous=True)
        return Term(f"{term.head}{left}{shown}{right}", body)

    def _variable(self) -> Any:
        token = self.take()
        named = self.names.get(token[1:]) if token.startswith(":") else None
        if not isinstance(named, (Symbol, AppliedUndef)):
            raise Unreadable(f"“{token.lstrip(':@')}” is no variable of this derivation.")
        return named

    def _integral(self, body: Any) -> Any:
        self.take(",")
        variable = self._integrated()
        if self.peek() != ",":
            return Integral(body, variable)
        self.take()
        low = self.sum()
        self.take(",")
        return Integral(body, (variable, low, self.sum()))

    def _integrated(self) -> Any:
        """The variable of an integral, which need not stand anywhere else."""
        if self.peek() == "x":
            self.take()
            return Symbol("x", real=True)
        return self._variable()

    def _limit(self, body: Any) -> Any:
        self.take(",")
        variable = self._variable()
        self.take(",")
        negative = self.peek() in ("+", "-") and self.take() == "-"
        end = self.product()
        end = -end if negative else end
        if end in (oo, -oo):
            return Limit(body, variable, end)
        return Limit(body, variable, end, self.take("+", "-"))

    def _value(self, body: Any) -> Any:
        old, new = [], []
        while self.peek() == ",":
            self.take()
            old.append(self._variable())
            self.take("=")
            new.append(_scalar(self.sum()))
        if not old:
            raise Unreadable("at(...) needs a place, such as at(f, D = 1/2).")
        return Subs(body, tuple(old), tuple(new))

    def _root(self, body: Any) -> Any:
        return sqrt(body)

    def _matrix(self) -> Any:
        rows = [[_scalar(self.sum())]]
        while self.peek() in (",", ";"):
            if self.take() == ";":
                rows.append([])
            rows[-1].append(_scalar(self.sum()))
        self.take("]")
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("The rows of a matrix are of one length.")
        return ImmutableMatrix(rows)


def _number(token: str) -> Any:
    if len(token) > _DIGITS:
        raise Unreadable(f"A number has at most {_DIGITS} digits.")
    return Rational(token)


def _scalar(value: Any) -> Any:
    if isinstance(value, MatrixBase):
        raise Unreadable("A matrix can only be a side of its own.")
    return value


def _times(one: Any, other: Any) -> Any:
    return _scalar(one) * _scalar(other)


def _joined(kind: Callable[..., Any], parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else kind(*map(_scalar, parts))


def _raised(base: Any, exponent: Any) -> Any:
    base, exponent = _scalar(base), _scalar(exponent)
    if exponent.is_number and abs(exponent) > _LARGEST_POWER:
        raise Unreadable(f"A power is at most {_LARGEST_POWER}.")
    if base == 0 and exponent.is_negative:
        raise Unreadable("Nothing is divided by zero.")
    return Pow(base, exponent)
