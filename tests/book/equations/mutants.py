r"""Formulas that are wrong by one small thing, made from those of the page.

`mutants` gives, for a display, one for each place that the reader marks and each way to break it: a relation
made strict or loose or turned round, a bound sharpened by one hundredth, a sign turned, a term, a factor, a
root, a power, a logarithm or a condition left out, a number raised by one, a fraction upside down, two
arguments exchanged, one scaled, a map left out of a chain, a name put for its partner. A check must refuse
each, unless it is listed as the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from equations.reading import Mark, marked

__all__ = ["Mutant", "mutants", "written"]

Tokens = list[str]
Broken = Iterator[tuple[str, Tokens]]

_STRICT = {r"\le": "<", r"\ge": ">"}
_LOOSE = {"<": r"\le", ">": r"\ge"}
_TURNED = {r"\le": r"\ge", r"\ge": r"\le", "<": ">", ">": "<"}
_SMALLER = {r"\le", "<"}
_SPACED = {"=", r"\le", r"\ge", "<", ">", "+", "-", ",", r"\qquad"}
_MORE = ["1.01", r"\cdot"]
_OF_NUMBERS = {"KL", "JSD", "TV", "W_1", "kl", "h", r"\sigma", "softplus", "BCE", "J", "V_x", "Q_p", "Q_q"}
_CHAINED = re.compile(r"[A-Z] \( .+ \)")  # another map of what stands in its brackets
_PARTNERS = [
    ("p", "q"),
    ("h", "w"),
    ("m", "p"),
    ("m", "q"),
    ("r", "q"),
    ("r", "s"),
    ("q", "s"),
    ("q", "r"),
    ("a", "b"),
    ("K", "M"),
    ("x", "y"),
    ("c", r"\mu"),
    ("c", r"\tau"),
    ("D", "D ^ { * }"),
    ("G", "G ^ { * }"),
    ("h _ i", "w _ i"),
    ("w _ 1", "w _ 2"),
    ("L _ D", "L _ G"),
    (r"\delta _ { 0 }", r"\delta _ { \theta }"),
    (r"\eta _ g", r"\eta _ d"),
    (r"\theta", r"\psi"),
    (r"\Delta", r"\lambda"),
    (r"p _ { \text { data } }", "p _ g"),
    (r"p _ { \text { data } }", "p _ z"),
    (r"p _ { \text { data } }", r"p _ \theta"),
    (r"p _ { \text { data } }", "r"),
    ("F _ p", "F _ q"),
    ("Q _ p", "Q _ q"),
    ("x _ t", "y _ t"),
    ("x _ { t + 1 }", "y _ { t + 1 }"),
]


class Mutant(NamedTuple):
    """What was done, the statement that came out, and the display with it."""

    how: str
    statement: str
    latex: str


def mutants(latex: str) -> Iterator[Mutant]:
    """All the mutants of a display, each once, in the order of its statements."""
    statements = marked(latex)
    whole = [written(items) for items, _ in statements]
    seen = {tuple(whole)}
    for at, (items, marks) in enumerate(statements):
        names = {" ".join(items[mark.start : mark.end]) for mark in marks if mark.kind == "name"}
        for mark in marks:
            for how, broken in _broken(items, mark, marks, names):
                parts = [*whole[:at], written(broken), *whole[at + 1 :]]
                if tuple(parts) not in seen:
                    seen.add(tuple(parts))
                    yield Mutant(how, parts[at], r", \qquad ".join(parts))


def written(tokens: Tokens) -> str:
    """The tokens as LaTeX, with a space where two would run into each other and around a relation."""
    text = ""
    for token in tokens:
        apart = text and token[0].isalnum() and re.search(r"(\\[A-Za-z]+|\d)$", text)
        text += f" {token} " if token in _SPACED else f" {token}" if apart else token
    return re.sub(r" +", " ", text).strip()


def _broken(items: Tokens, mark: Mark, marks: list[Mark], names: set[str]) -> Broken:
    place = (mark.start, mark.end)
    if mark.kind == "sum" and place in _samples(items, marks):
        return
    if mark.kind == "sum" and place in _between_bars(items, marks):
        yield from ((how, new) for how, new in _terms(items, mark) if how != "sign" or len(mark.parts) > 1)
    elif mark.kind == "name":
        yield from _partners(items, mark, names)
    elif mark.kind in _WAYS:
        yield from _WAYS[mark.kind](items, mark)


def _samples(items: Tokens, marks: list[Mark]) -> set[tuple[int, int]]:
    """Where the arguments stand that are samples: what is asked for by its name is not scaled."""
    calls = [mark for mark in marks if mark.kind == "call"]
    plain = [mark for mark in calls if _called(items, mark) not in _OF_NUMBERS]
    return {part for mark in plain for part in mark.parts[1:]}


def _between_bars(items: Tokens, marks: list[Mark]) -> set[tuple[int, int]]:
    """Where a sign changes nothing."""
    bars = [mark for mark in marks if mark.kind == "bracket" and items[mark.start] in ("|", r"\|")]
    return {(mark.start + 1, mark.end - 1) for mark in bars}


def _called(items: Tokens, mark: Mark) -> str:
    return re.sub(r"\\(mathrm|operatorname)|[{}]", "", "".join(items[slice(*mark.parts[0])]))


def _put(items: Tokens, start: int, end: int, new: Tokens) -> Tokens:
    return [*items[:start], *new, *items[end:]]


def _relations(items: Tokens, mark: Mark) -> Broken:
    """Each inequality strict or loose, turned round, and sharper by a hundredth and by a thousandth."""
    pairs = [items[a[0] : b[1]] for a, b in zip(mark.parts, mark.parts[1:], strict=False)]
    for left, right in zip(mark.parts, mark.parts[1:], strict=False):
        at = left[1]
        relation = items[at]
        if relation in _STRICT:
            yield "strict", _put(items, at, at + 1, [_STRICT[relation]])
        if relation in _LOOSE:
            yield "loose", _put(items, at, at + 1, [_LOOSE[relation]])
        if relation not in _TURNED:
            continue
        yield "turned", _put(items, at, at + 1, [_TURNED[relation]])
        one, other = items[slice(*left)], items[slice(*right)]
        small, large = (one, other) if relation in _SMALLER else (other, one)
        share = [] if ["0"] in (one, other) else [["|", *large, "|", "/", "100"]]  # of nothing
        for size in (*share, ["0.001"]):
            sharper = [*small, "+", *size]
            new = [*sharper, relation, *large] if relation in _SMALLER else [*large, relation, *sharper]
            chain = [new if pair == items[left[0] : right[1]] else pair for pair in pairs]
            joined = [token for pair in chain for token in (*pair, ",", r"\qquad")][:-2]
            yield "sharper", joined


def _terms(items: Tokens, mark: Mark) -> Broken:
    for start, end in mark.parts:
        signed = items[start] in ("+", "-")
        bare = items[start + signed : end]
        flipped = "+" if items[start] == "-" else "-"
        if bare != ["0"]:
            yield "sign", _put(items, start, end, [flipped, *bare])
            yield "scaled", _put(items, start, end, [*items[start : start + signed], *_MORE, *bare])
        if len(mark.parts) > 1:
            yield "term dropped", _put(items, start, end, [])


def _factors(items: Tokens, mark: Mark) -> Broken:
    if len(mark.parts) > 1:
        for place, (start, end) in enumerate(mark.parts):
            divides = place == 0 and items[mark.parts[1][0]] == "/"
            yield "factor dropped", _put(items, start, end, ["1"] if divides else [])


def _power(items: Tokens, mark: Mark) -> Broken:
    yield "power dropped", _put(items, mark.start, mark.end, items[slice(*mark.parts[0])])


def _number(items: Tokens, mark: Mark) -> Broken:
    old = items[mark.start]
    new = ["0.01"] if old == "0" else [str(int(old) + 1)]
    yield "number", _put(items, mark.start, mark.end, new)


def _bracket(items: Tokens, mark: Mark) -> Broken:
    inside = items[mark.start + 1 : mark.end - 1]
    if items[mark.start] == "|":
        yield "absolute value dropped", _put(items, mark.start, mark.end, ["{", *inside, "}"])
    if items[mark.start] == r"\|":
        squared = [*items[mark.start : mark.end], "^", "{", "2", "}"]
        yield "norm squared", _put(items, mark.start, mark.end, squared)


def _function(items: Tokens, mark: Mark) -> Broken:
    argument = items[slice(*mark.parts[0])]
    yield "function dropped", _put(items, mark.start, mark.end, ["{", *argument, "}"])
    scaled = [items[mark.start], "{", "2", *argument, "}"]
    yield "argument scaled", _put(items, mark.start, mark.end, scaled)


def _fraction(items: Tokens, mark: Mark) -> Broken:
    above, below = (items[slice(*part)] for part in mark.parts)
    new = [items[mark.start], "{", *below, "}", "{", *above, "}"]
    yield "upside down", _put(items, mark.start, mark.end, new)


def _derivative(items: Tokens, mark: Mark) -> Broken:
    yield "derivative dropped", _put(items, mark.start, mark.parts[0][0], [])


def _root(items: Tokens, mark: Mark) -> Broken:
    yield "root dropped", _put(items, mark.start, mark.end, ["{", *items[slice(*mark.parts[0])], "}"])


def _extremum(items: Tokens, mark: Mark) -> Broken:
    other = {r"\min": r"\max", r"\max": r"\min"}.get(items[mark.start])
    if other and items[mark.end] == "(":
        yield "extremum", _put(items, mark.start, mark.end, [other])


def _call(items: Tokens, mark: Mark) -> Broken:
    arguments = [items[slice(*part)] for part in mark.parts[1:]]
    start, end = mark.parts[1][0], mark.end - 1
    name = _called(items, mark)
    if len(arguments) == 1 and _CHAINED.fullmatch(" ".join(arguments[0])):
        yield "map dropped", _put(items, mark.start, mark.end, arguments[0])
    if len(arguments) == 2:
        comma = items[mark.parts[1][1]]
        how = "condition" if comma == r"\mid" else "argument"
        yield f"{how}s of {name} exchanged", _put(items, start, end, [*arguments[1], comma, *arguments[0]])
        yield f"{how} of {name} dropped", _put(items, start, end, arguments[0])
    if name in _OF_NUMBERS:
        for (begin, stop), argument in zip(mark.parts[1:], arguments, strict=True):
            if argument == ["0"]:
                continue
            yield f"argument of {name} scaled", _put(items, begin, stop, ["2", "{", *argument, "}"])


def _partners(items: Tokens, mark: Mark, names: set[str]) -> Broken:
    here = " ".join(items[mark.start : mark.end])
    for pair in _PARTNERS:
        for one, other in (pair, pair[::-1]):
            if here == one and other in names:
                yield "partner", _put(items, mark.start, mark.end, other.split())


_WAYS: dict[str, Callable[[Tokens, Mark], Broken]] = {
    "chain": _relations,
    "sum": _terms,
    "product": _factors,
    "power": _power,
    "number": _number,
    "bracket": _bracket,
    "function": _function,
    "fraction": _fraction,
    "derivative": _derivative,
    "root": _root,
    "extremum": _extremum,
    "call": _call,
}
