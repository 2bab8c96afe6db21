r"""A reader of the book's displays: LaTeX in, numbers out, so that what is checked is what is printed.

It knows the part of LaTeX in which a course writes identities: sums, products, fractions, powers, norms,
logarithms, finite expectations, minima, derivatives, integrals over the line, functions and relations. Each
name stands for what the environment says: a number, a vector (`mpmath.matrix`), a function, or a law, which
is a list of pairs (weight, value). Names lose their fonts and braces: `p_{\text{data}}` is "p_data", `\eta`
is "eta", `\operatorname{softplus}` is "softplus". Accents and gradients stay: `\hat{x}` is "hat x",
`\nabla f` is "nabla f". Of a family `p_\theta` the environment gives "theta" and "p", a function of the
parameter.

On the way the reader marks what it finds, so that `mutants` can break a display at each of these places.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath

__all__ = [
    "Mark",
    "Unreadable",
    "holds",
    "marked",
    "meets",
    "normalise",
    "read",
    "sides",
    "strictly",
    "touches",
]

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


class Mark(NamedTuple):
    """Something that the reader found in its tokens: its kind, its ends, and the ends of its parts."""

    kind: str
    start: int
    end: int
    parts: tuple[tuple[int, int], ...] = ()


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
            if not (_real(left) and _real(right) and _RELATIONS[relation](left, right)):
                raise AssertionError(f"{left} {relation} {right} does not hold in {normalise(latex)}")
            left = right
    return True


def touches(latex: str, *which: int, **environment: Any) -> bool:
    """The display holds, and so it does with equality in these of its inequalities, all if none is named."""
    return holds(latex, **environment) and holds(_altered(latex, lambda _: "=", which), **environment)


def strictly(latex: str, *which: int, **environment: Any) -> bool:
    """The display holds, and none of these of its inequalities, all if none is named, is an equality."""
    strict = {r"\le": "<", r"\ge": ">"}
    return holds(latex, **environment) and holds(_altered(latex, strict.__getitem__, which), **environment)


def meets(latex: str, **environment: Any) -> bool:
    """The two sides of a strict inequality are equal here, where it just fails."""
    holds(re.sub(r"[<>]", "=", latex), **environment)
    try:
        holds(latex, **environment)
    except AssertionError:
        return True
    raise AssertionError(f"{normalise(latex)} does not hold strictly: it is true where its sides are equal")


def sides(latex: str, **environment: Any) -> list[Any]:
    """The values of the sides of a display that is one statement."""
    (statement,) = read(latex)
    return [statement[0](environment), *(side(environment) for _, side in statement[1:])]


def _altered(latex: str, new: Callable[[str], str], which: tuple[int, ...]) -> str:
    """The display with another relation in place of these inequalities, counted from 0."""
    parts = re.split(r"(\\[lg]e)(?![A-Za-z])", latex)
    chosen = which or range(len(parts) // 2)
    return "".join(new(part) if i % 2 and i // 2 in chosen else part for i, part in enumerate(parts))


def read(latex: str) -> list[list[Any]]:
    """The statements of a display, each a side and pairs (relation, side); a side awaits an environment."""
    return [_statement(_Tokens(_tokens(part))) for part in _parts(latex)]


def marked(latex: str) -> list[tuple[list[str], list[Mark]]]:
    """For each statement of a display its tokens and what the reader finds in them."""
    found = []
    for part in _parts(latex):
        tokens = _Tokens(_tokens(part))
        _statement(tokens)
        found.append((tokens.items, tokens.marks))
    return found


def _parts(latex: str) -> list[str]:
    text = re.sub(r"\\(begin|end)\{\w+\}", " ", normalise(latex))
    return re.split(r",\s*(?:\\\\|\\q?quad)+", text)


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token not in _SILENT]


def _real(a: Any) -> bool:
    return isinstance(a, mpmath.matrix) or not getattr(a, "imag", 0)


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, mpmath.matrix) or isinstance(b, mpmath.matrix):
        return bool(mpmath.norm(a - b) <= 1e-9 * mpmath.norm(a) + 1e-10)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-10)


class _Tokens:
    """A stretch of the tokens of one statement, the place in it, and the marks made so far."""

    def __init__(self, items: list[str], start: int = 0, end: int | None = None, marks: Any = None) -> None:
        self.items = items
        self.place = start
        self.end = len(items) if end is None else end
        self.marks: list[Mark] = [] if marks is None else marks

    @property
    def text(self) -> str:
        return " ".join(self.items[self.place : self.end])

    def peek(self, ahead: int = 0) -> str:
        position = self.place + ahead
        return self.items[position] if position < self.end else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if not token or (expected and token not in expected):
            wanted = " or ".join(expected) or "more"
            raise Unreadable(f"expected {wanted}, found {token or 'the end'} in {' '.join(self.items)}")
        self.place += 1
        return token

    def group(self) -> _Tokens:
        """What stands in braces, or a single token."""
        if self.peek() != "{":
            self.take()
            return _Tokens(self.items, self.place - 1, self.place, self.marks)
        start, depth = self.place + 1, 0
        while True:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
            if depth == 0:
                return _Tokens(self.items, start, self.place - 1, self.marks)

    def mark(self, kind: str, start: int, *parts: tuple[int, int]) -> None:
        self.marks.append(Mark(kind, start, self.place, parts))


def _statement(tokens: _Tokens) -> list[Any]:
    sides: list[Any] = [_sum(tokens)]
    ends = [(0, tokens.place)]
    while tokens.peek() in _RELATIONS:
        relation, start = tokens.take(), tokens.place
        sides.append((relation, _sum(tokens)))
        ends.append((start, tokens.place))
    if tokens.peek() or len(sides) == 1:
        left = tokens.peek() or "nothing"
        raise Unreadable(f"no relation, or {left} left over in {' '.join(tokens.items)}")
    tokens.mark("chain", 0, *ends)
    return sides


def _whole(tokens: _Tokens) -> Value:
    """A stretch of tokens that is one sum and nothing else."""
    value = _sum(tokens)
    if tokens.peek():
        raise Unreadable(f"{tokens.peek()} left over in {' '.join(tokens.items)}")
    return value


def _sum(tokens: _Tokens) -> Value:
    start, ends = tokens.place, []
    terms = [(1, _product(tokens))] if tokens.peek() not in ("+", "-") else []
    ends += [(start, tokens.place)] * len(terms)
    while tokens.peek() in ("+", "-"):
        begin = tokens.place
        sign = 1 if tokens.take() == "+" else -1
        if tokens.peek() == "-":
            sign = -sign * len(tokens.take())
        terms.append((sign, _product(tokens)))
        ends.append((begin, tokens.place))
    tokens.mark("sum", start, *ends)
    if terms[0][0] == 1 and len(terms) == 1:
        return terms[0][1]
    return lambda env: sum(sign * term(env) for sign, term in terms)


def _product(tokens: _Tokens) -> Value:
    start = tokens.place
    factors = [(1, _power(tokens))]
    ends = [(start, tokens.place)]
    while (
        (token := tokens.peek())
        and token not in _RELATIONS
        and token not in "+-)]}|"
        and token not in _COMMAS
    ):
        if token == r"\}":
            break
        inverse, begin = token == "/", tokens.place
        if token in ("/", r"\cdot", r"\times"):
            tokens.take()
        factors.append((-1 if inverse else 1, _power(tokens)))
        ends.append((begin, tokens.place))
    tokens.mark("product", start, *ends)
    if len(factors) == 1:
        return factors[0][1]
    return lambda env: math.prod(factor(env) if sign > 0 else 1 / factor(env) for sign, factor in factors)


def _power(tokens: _Tokens) -> Value:
    start = tokens.place
    base = _atom(tokens)
    if tokens.peek() != "^":
        return base
    end = tokens.place
    tokens.take()
    exponent = _whole(tokens.group())
    tokens.mark("power", start, (start, end))
    return lambda env: base(env) ** exponent(env)


def _atom(tokens: _Tokens) -> Value:
    token = tokens.peek()
    if re.fullmatch(r"\d+(\.\d+)?", token):
        number = mpmath.mpf(tokens.take())
        tokens.mark("number", tokens.place - 1)
        return lambda env: number
    if token in _GROUPS:
        return _bracket(tokens)
    for prefixes, reader in _READERS:
        if token in prefixes:
            return reader(tokens)
    return _named(tokens)


def _bracket(tokens: _Tokens) -> Value:
    start = tokens.place
    opening = tokens.take()
    inside = _sum(tokens)
    tokens.take(_GROUPS[opening])
    tokens.mark("bracket", start)
    if opening == r"\|":
        return lambda env: mpmath.norm(inside(env))
    return (lambda env: abs(inside(env))) if opening == "|" else inside


def _function(tokens: _Tokens) -> Value:
    start = tokens.place
    function, argument = _FUNCTIONS[tokens.take()], _power(tokens)
    tokens.mark("function", start, (start + 1, tokens.place))
    return lambda env: function(argument(env))


def _fraction(tokens: _Tokens) -> Value:
    start = tokens.place
    tokens.take()
    above, below = tokens.group(), tokens.group()
    order = re.fullmatch(r"\\partial(?: \^ (?:\{ )?(\d)(?: \})?)?", above.text)
    if order:
        begin = tokens.place
        body = _product(tokens)
        tokens.mark("derivative", start, (begin, tokens.place))
        return _derivative(below.text, int(order.group(1) or 1), body)
    ends = (above.place, above.end), (below.place, below.end)
    top, bottom = _whole(above), _whole(below)
    tokens.mark("fraction", start, *ends)
    return lambda env: top(env) / bottom(env)


def _derivative(below: str, order: int, body: Value) -> Value:
    variable = _name(_Tokens(_tokens(re.sub(r"\\partial|\^ (\{ )?\d( \})?", "", below))))
    return lambda env: mpmath.diff(lambda at: body({**env, variable: at}), env[variable], order)


def _root(tokens: _Tokens) -> Value:
    start = tokens.place
    tokens.take()
    inside = tokens.group()
    ends = inside.place, inside.end
    root = _whole(inside)
    tokens.mark("root", start, ends)
    return lambda env: mpmath.sqrt(root(env))


def _series(tokens: _Tokens) -> Value:
    tokens.take()
    tokens.take("_")
    index, start = tokens.group().text.split(" = ")
    tokens.take("^")
    end, body = _whole(tokens.group()), _product(tokens)
    return lambda env: sum(body({**env, index: i}) for i in range(int(start), _whole_number(end(env)) + 1))


def _whole_number(value: Any) -> int:
    if value != int(value):
        raise Unreadable(f"a sum must end at a whole number, got {value}")
    return int(value)


def _extremum(tokens: _Tokens) -> Value:
    kind = tokens.take()[1:]
    tokens.mark("extremum", tokens.place - 1)
    if tokens.peek() == "(":
        arguments = _arguments(tokens)
        return lambda env: {"min": min, "max": max}[kind](argument(env) for argument in arguments)
    tokens.take("_")
    variable, body = _name(tokens.group()), _product(tokens)
    return lambda env: _lookup(env, kind)(lambda at: body({**env, variable: at}))


def _integral(tokens: _Tokens) -> Value:
    """What stands before `d x`, over the whole line; how it is integrated the environment says, as "int"."""
    ends = range(tokens.place + 1, tokens.end - 1)
    end = next((i for i in ends if tokens.items[i] == "d" and tokens.items[i + 1].isalpha()), None)
    if end is None:
        return _named(tokens)
    tokens.take()
    body = _whole(_Tokens(tokens.items, tokens.place, end, tokens.marks))
    tokens.place = end + 1
    variable = _name(tokens)
    return lambda env: _lookup(env, "int")(lambda at: body({**env, variable: at}))


def _expectation(tokens: _Tokens) -> Value:
    tokens.take()
    tokens.group()
    tokens.take("_")
    below = tokens.group()
    variables = below.text.split(r" \sim ")[0]
    names = [_name(_Tokens(_tokens(part))) for part in variables.strip("( )").split(",")]
    below.place = below.items.index(r"\sim", below.place) + 1
    distribution, body = _named_once(below), _bracket(tokens)

    def mean(env: dict[str, Any]) -> Any:
        pairs = _lookup(env, distribution)
        bound = ((w, dict(zip(names, v if len(names) > 1 else (v,), strict=True))) for w, v in pairs)
        return sum(weight * body({**env, **values}) for weight, values in bound)

    return mean


def _named_once(tokens: _Tokens) -> str:
    """A name, marked: a mutant puts its partner there."""
    start = tokens.place
    name = _name(tokens)
    tokens.mark("name", start)
    return name


def _named(tokens: _Tokens) -> Value:
    start = tokens.place
    name = _named_once(tokens)
    if tokens.peek() != "(":
        return lambda env: _lookup(env, name)
    if _is_variable(name):  # y (1 - y) is a product
        return lambda env: _lookup(env, name)
    ends: list[tuple[int, int]] = [(start, tokens.place)]
    arguments = _arguments(tokens, ends)
    tokens.mark("call", start, *ends)
    return lambda env: _lookup(env, name)(*(argument(env) for argument in arguments))


def _is_variable(name: str) -> bool:
    return name in _VARIABLES or (len(name) == 1 and name.islower() and name not in "fgh")


def _arguments(tokens: _Tokens, ends: list[tuple[int, int]] | None = None) -> list[Value]:
    """The arguments in brackets; where each stands is added to `ends`."""
    ends = [] if ends is None else ends
    tokens.take("(")
    start = tokens.place
    arguments = [_sum(tokens)]
    ends.append((start, tokens.place))
    while tokens.peek() in _COMMAS:
        tokens.take()
        start = tokens.place
        arguments.append(_sum(tokens))
        ends.append((start, tokens.place))
    tokens.take(")")
    return arguments


def _name(tokens: _Tokens) -> str:
    token = tokens.take()
    if not re.fullmatch(r"\\?[A-Za-z]+", token):
        raise Unreadable(f"cannot read {token} in {' '.join(tokens.items)}")
    if token in _ACCENTS:
        rest = tokens if token == r"\nabla" else tokens.group()
        return f"{token[1:]} {_name(rest)}"
    name = tokens.group().text.replace(" ", "") if token in _FONTS else token
    if tokens.peek() == "_":
        tokens.take()
        name += "_" + re.sub(r"\\(text|mathrm)|[{} ]", "", tokens.group().text)
    if tokens.peek() == "^" and "*" in (tokens.peek(1), tokens.peek(2) * (tokens.peek(1) == "{")):
        tokens.take()
        name += tokens.group().text
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
    ({r"\int"}, _integral),
    ({r"\mathbb"}, _expectation),
]
