r"""A reader of the book's displays: LaTeX in, numbers out, so that what is checked is what is printed.

It knows the part of LaTeX in which a course writes identities: sums, products, fractions, powers, norms,
logarithms, finite expectations, minima, derivatives, functions and relations. Each name stands for what
the environment says: a number, a vector (`mpmath.matrix`), a function, or a law, which is a list of pairs
(weight, value). Names lose their fonts and braces: `p_{\text{data}}` is "p_data", `\eta` is "eta",
`\operatorname{softplus}` is "softplus". Accents and gradients stay: `\hat{x}` is "hat x", `\nabla f` is
"nabla f". Of a family `p_\theta` the environment gives "theta" and "p", a function of the parameter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import mpmath

__all__ = ["Unreadable", "holds", "normalise", "read"]

Value = Callable[[dict[str, Any]], Any]

_TOKEN = re.compile(r"\\[A-Za-z]+|\\[^A-Za-z]|\d+(?:\.\d+)?|\S")
_SILENT = {r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr", r"\big", r"\Big", "&", "\\\\"}
_SILENT |= {r"\,", r"\;", r"\!", r"\:", r"\ ", r"\displaystyle", r"\quad", r"\qquad"}
_FONTS = {r"\text", r"\mathrm", r"\operatorname", r"\mathcal"}
_ACCENTS = {r"\hat", r"\bar", r"\tilde", r"\nabla"}
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: _close(a, b),
    r"\le": lambda a, b: a <= b or _close(a, b),
    r"\ge": lambda a, b: a >= b or _close(a, b),
    "<": lambda a, b: a < b and not _close(a, b),
    ">": lambda a, b: a > b and not _close(a, b),
}
_FUNCTIONS = {r"\log": mpmath.log, r"\exp": mpmath.exp, r"\tanh": mpmath.tanh}
_EXTREMA = {r"\min", r"\max", r"\sup", r"\inf"}
_GROUPS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "|": "|", r"\|": r"\|"}
_VARIABLES = {"alpha", "beta", "epsilon", "eta", "gamma", "lambda", "mu", "pi", "theta"}
_COMMAS = {",", ";", r"\mid", r"\|", r"\parallel"}


class Unreadable(ValueError):
    """A display that the reader does not know, or a name that the environment does not give."""


def normalise(latex: str) -> str:
    """The LaTeX without differences that cannot be seen: runs of white space, and a full stop at the end."""
    return re.sub(r"\s+", " ", latex).strip().rstrip(".,").strip()


def holds(latex: str, **environment: Any) -> bool:
    """True when every relation of the display holds for these values; `AssertionError` where one does not."""
    for statement in read(latex):
        left = statement[0](environment)
        for relation, side in statement[1:]:
            right = side(environment)
            if not _RELATIONS[relation](left, right):
                raise AssertionError(f"{left} {relation} {right} does not hold in {normalise(latex)}")
            left = right
    return True


def read(latex: str) -> list[list[Any]]:
    """The statements of a display, each a side and pairs (relation, side); a side awaits an environment."""
    text = re.sub(r"\\(begin|end)\{\w+\}", " ", normalise(latex))
    parts = re.split(r",\s*(?:\\\\|\\q?quad)+", text)
    return [_statement(_Tokens(part)) for part in parts]


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, mpmath.matrix) or isinstance(b, mpmath.matrix):
        return bool(mpmath.norm(a - b) <= 1e-9 * mpmath.norm(a) + 1e-10)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-10)


class _Tokens:
    """The tokens of one statement and the place in them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items = [token for token in _TOKEN.findall(text) if token not in _SILENT]
        self.place = 0

    def peek(self, ahead: int = 0) -> str:
        position = self.place + ahead
        return self.items[position] if position < len(self.items) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if not token or (expected and token not in expected):
            raise Unreadable(
                f"expected {' or '.join(expected) or 'more'}, found {token or 'the end'} in {self.text}"
            )
        self.place += 1
        return token

    def group(self) -> str:
        """The raw text of a group in braces, or of a single token."""
        if self.peek() != "{":
            return self.take()
        start, depth = self.place + 1, 0
        while True:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
            if depth == 0:
                return " ".join(self.items[start : self.place - 1])


def _statement(tokens: _Tokens) -> list[Any]:
    sides: list[Any] = [_sum(tokens)]
    while tokens.peek() in _RELATIONS:
        sides.append((tokens.take(), _sum(tokens)))
    if tokens.peek() or len(sides) == 1:
        raise Unreadable(f"no relation, or {tokens.peek() or 'nothing'} left over in {tokens.text}")
    return sides


def _sum(tokens: _Tokens) -> Value:
    terms = [(1, _product(tokens))] if tokens.peek() not in ("+", "-") else []
    while tokens.peek() in ("+", "-"):
        sign = 1 if tokens.take() == "+" else -1
        if tokens.peek() == "-":
            sign = -sign * len(tokens.take())
        terms.append((sign, _product(tokens)))
    if terms[0][0] == 1 and len(terms) == 1:
        return terms[0][1]
    return lambda env: sum(sign * term(env) for sign, term in terms)


def _product(tokens: _Tokens) -> Value:
    factors = [(1, _power(tokens))]
    while (
        (token := tokens.peek())
        and token not in _RELATIONS
        and token not in "+-)]}|"
        and token not in _COMMAS
    ):
        if token == r"\}":
            break
        inverse = token == "/"
        if token in ("/", r"\cdot", r"\times"):
            tokens.take()
        factors.append((-1 if inverse else 1, _power(tokens)))
    if len(factors) == 1:
        return factors[0][1]
    return lambda env: math.prod(factor(env) if sign > 0 else 1 / factor(env) for sign, factor in factors)


def _power(tokens: _Tokens) -> Value:
    base = _atom(tokens)
    if tokens.peek() != "^":
        return base
    tokens.take()
    exponent = _sum(_Tokens(tokens.group()))
    return lambda env: base(env) ** exponent(env)


def _atom(tokens: _Tokens) -> Value:
    token = tokens.peek()
    if re.fullmatch(r"\d+(\.\d+)?", token):
        number = mpmath.mpf(tokens.take())
        return lambda env: number
    if token in _GROUPS:
        return _bracket(tokens)
    for prefixes, reader in _READERS:
        if token in prefixes:
            return reader(tokens)
    return _named(tokens)


def _bracket(tokens: _Tokens) -> Value:
    opening = tokens.take()
    inside = _sum(tokens)
    tokens.take(_GROUPS[opening])
    if opening == r"\|":
        return lambda env: mpmath.norm(inside(env))
    return (lambda env: abs(inside(env))) if opening == "|" else inside


def _function(tokens: _Tokens) -> Value:
    function, argument = _FUNCTIONS[tokens.take()], _power(tokens)
    return lambda env: function(argument(env))


def _fraction(tokens: _Tokens) -> Value:
    tokens.take()
    above, below = tokens.group(), tokens.group()
    order = re.fullmatch(r"\\partial(?: \^ (?:\{ )?(\d)(?: \})?)?", above)
    if order:
        return _derivative(below, int(order.group(1) or 1), _product(tokens))
    top, bottom = _sum(_Tokens(above)), _sum(_Tokens(below))
    return lambda env: top(env) / bottom(env)


def _derivative(below: str, order: int, body: Value) -> Value:
    variable = _name(_Tokens(re.sub(r"\\partial|\^ (\{ )?\d( \})?", "", below)))
    return lambda env: mpmath.diff(lambda at: body({**env, variable: at}), env[variable], order)


def _root(tokens: _Tokens) -> Value:
    tokens.take()
    inside = _sum(_Tokens(tokens.group()))
    return lambda env: mpmath.sqrt(inside(env))


def _series(tokens: _Tokens) -> Value:
    tokens.take()
    tokens.take("_")
    index, start = tokens.group().split(" = ")
    tokens.take("^")
    end, body = _sum(_Tokens(tokens.group())), _product(tokens)
    return lambda env: sum(body({**env, index: i}) for i in range(int(start), int(end(env)) + 1))


def _extremum(tokens: _Tokens) -> Value:
    kind = tokens.take()[1:]
    if tokens.peek() == "(":
        arguments = _arguments(tokens)
        return lambda env: {"min": min, "max": max}[kind](argument(env) for argument in arguments)
    tokens.take("_")
    variable, body = _name(_Tokens(tokens.group())), _product(tokens)
    return lambda env: _lookup(env, kind)(lambda at: body({**env, variable: at}))


def _expectation(tokens: _Tokens) -> Value:
    tokens.take()
    tokens.group()
    tokens.take("_")
    variables, law = (part.strip() for part in tokens.group().split(r"\sim"))
    names = [_name(_Tokens(part)) for part in variables.strip("( )").split(",")]
    distribution, body = _name(_Tokens(law)), _bracket(tokens)

    def mean(env: dict[str, Any]) -> Any:
        pairs = _lookup(env, distribution)
        bound = ((w, dict(zip(names, v if len(names) > 1 else (v,), strict=True))) for w, v in pairs)
        return sum(weight * body({**env, **values}) for weight, values in bound)

    return mean


def _named(tokens: _Tokens) -> Value:
    name = _name(tokens)
    if tokens.peek() != "(":
        return lambda env: _lookup(env, name)
    if _is_variable(name):  # y (1 - y) is a product
        return lambda env: _lookup(env, name)
    arguments = _arguments(tokens)
    return lambda env: _lookup(env, name)(*(argument(env) for argument in arguments))


def _is_variable(name: str) -> bool:
    return name in _VARIABLES or (len(name) == 1 and name.islower() and name not in "fgh")


def _arguments(tokens: _Tokens) -> list[Value]:
    tokens.take("(")
    arguments = [_sum(tokens)]
    while tokens.peek() in _COMMAS:
        tokens.take()
        arguments.append(_sum(tokens))
    tokens.take(")")
    return arguments


def _name(tokens: _Tokens) -> str:
    token = tokens.take()
    if not re.fullmatch(r"\\?[A-Za-z]+", token):
        raise Unreadable(f"cannot read {token} in {tokens.text}")
    if token in _ACCENTS:
        rest = tokens if token == r"\nabla" else _Tokens(tokens.group())
        return f"{token[1:]} {_name(rest)}"
    name = tokens.group().replace(" ", "") if token in _FONTS else token
    if tokens.peek() == "_":
        tokens.take()
        name += "_" + re.sub(r"\\(text|mathrm)|[{} ]", "", tokens.group())
    if tokens.peek() == "^" and tokens.peek(1) in ("*", "{") and "*" in tokens.items[tokens.place + 1 :][:2]:
        tokens.take()
        name += tokens.group()
    return name.replace("\\", "")


def _lookup(env: dict[str, Any], name: str) -> Any:
    if name in env:
        return env[name]
    series, _, index = name.partition("_")
    if index in env and series in env:
        family = env[series]
        return family(env[index]) if callable(family) else family[int(env[index]) - 1]
    raise Unreadable(f"no value for {name}; the environment gives {', '.join(sorted(env))}")


_READERS: list[tuple[Any, Callable[[_Tokens], Value]]] = [
    (_FUNCTIONS, _function),
    ({r"\frac", r"\tfrac", r"\dfrac"}, _fraction),
    ({r"\sqrt"}, _root),
    ({r"\sum"}, _series),
    (_EXTREMA, _extremum),
    ({r"\mathbb"}, _expectation),
]
