"""A derivation on a reader's desk: its lines as text, lines that are put in the place of others, verdicts.

What a page asks for and what it is told is plain data: text, numbers and lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sympy import Contains

from . import DERIVATIONS
from .derivation import Definition, Derivation, Step
from .formulas import Names, Unreadable, names_in, read_relation
from .marking import marked
from .typeset import typeset
from .values import OUTCOMES, Variable, holds, measured, over_outcomes, variables
from .weighing import weighed
from .writing import write

__all__ = ["CLAIM", "Desk", "answers", "lines", "spoken"]

CLAIM = "claim"
"""The place of the claim, beside the places of the lines, which are counted from 0."""


def lines(derivation: Derivation) -> list[dict[str, Any]]:
    """What a page shows of a derivation: for each line its kind, its reason, its LaTeX, and a text to change.

    >>> [line["kind"] for line in lines(DERIVATIONS["bce_from_likelihood"]())]
    ['claim', 'given', 'given', 'given', 'definition', 'definition', 'step', 'definition', 'step']
    """
    shown = [{"kind": "claim", "reason": "", **_formula(derivation.claim)}]
    for given in derivation.assumptions:
        words = isinstance(given, str)
        shown.append(
            {"kind": "given", "reason": given if words else "", "latex": "" if words else typeset(given)}
        )
    for line in derivation.lines:
        kind = "definition" if isinstance(line, Definition) else "step"
        shown.append({"kind": kind, "reason": line.reason, **_formula(line.relation)})
    return shown


def _formula(relation: Any) -> dict[str, str]:
    return {"latex": typeset(relation), "text": write(relation)}


class Desk:
    r"""One derivation, with what its reader has changed in it.

    >>> desk = Desk("bce_from_likelihood")
    >>> [verdict["fault"] for verdict in desk.verdicts()]
    ['', '', '', '', '', '']
    >>> desk.change(2, "-log(L(y, D)) = -y log(D) + (1 - y) log(1 - D)")["latex"]
    '- \\log(L(y, D)) = \\left(1 - y\\right) \\log(1 - D) - y \\log D'
    """

    def __init__(self, name: str) -> None:
        self.derivation = self.original = DERIVATIONS[name]()
        relations = [self.original.claim, *(line.relation for line in self.original.lines)]
        self.names: Names = names_in([*relations, *self.original.given])
        self.variables: list[Variable] = variables(relations, self.original.given)
        self.start = {variable.what: variable.start for variable in self.variables}
        self.clear()
        if not all(_is_true(given, self._exact()) for given in self.original.given):
            laws = [variable.what for variable in self.variables if variable.mass]
            self.start |= dict.fromkeys(laws, self.start[laws[0]])  # equal laws, of which it is true
            self.clear()
        self._texts = {place: write(self._relation(place)) for place in self._places()}

    def clear(self) -> None:
        """Puts the lines back as they were written, and the numbers with which a reader begins."""
        self.derivation, self.numbers = self.original, dict(self.start)

    def _places(self) -> list[int | str]:
        return [*range(len(self.original.lines)), CLAIM]

    def _relation(self, place: int | str) -> Any:
        return self.derivation.claim if place == CLAIM else self.derivation.lines[int(place)].relation

    def change(self, place: int | str, text: str) -> dict[str, str]:
        """What stands at `place` from now on: the LaTeX and the text of a line that a reader typed.

        Raises `Unreadable` where the text is no formula of the grammar; the line then stays as it is.
        """
        if " ".join(text.split()) == self._texts[place]:
            relation = self.original.claim if place == CLAIM else self.original.lines[int(place)].relation
        else:
            relation = read_relation(text, self.names)
        if place == CLAIM:
            self.derivation = replace(self.derivation, claim=relation)
        else:
            changed = list(self.derivation.lines)
            changed[int(place)] = replace(changed[int(place)], relation=relation)
            self.derivation = replace(self.derivation, lines=tuple(changed))
        return _formula(relation)

    def verdicts(self) -> Iterator[dict[str, Any]]:
        """For each line in turn, the claim last: its place, and why it is not accepted, "" where it is."""
        places = iter(self._places())
        for line, fault in self.derivation.verdicts():
            place = next(places)
            yield {"place": place, "fault": self._sentence(line, self._relation(place), fault)}

    def _sentence(self, line: Step | Definition | None, relation: Any, fault: str) -> str:
        if not fault:
            return ""
        if fault == "only unfolds a name":
            return "This says no more than what its names stand for, so that nothing is shown by it."
        if isinstance(line, Definition):
            return "A definition says what a name stands for, and this is not what it stands for here."
        if fault.endswith("does not stand above"):
            return "This may be true, but it starts from what stands in no line above it."
        return (
            self._refuted(relation)
            or "No rule of the check shows this, and what is not shown is not accepted."
        )

    def _refuted(self, relation: Any) -> str:
        """A place at which the relation is false, in words; "" where none is found."""
        used = variables([relation], ())
        names = {variable.what: variable.name for variable in used}
        for numbers in self._trials():
            left, right = _sides(relation, numbers)
            if holds(relation, left, right) is False:
                count = None if over_outcomes(relation) else 1
                at = {names[what]: numbers[what][:count] for what in numbers if what in names}
                where = ", ".join(f"{name} = {_listed(each)}" for name, each in at.items())
                values = f"the left side is {spoken(left)} and the right side {spoken(right)}"
                return f"It is false: at {where} {values}." if where else f"It is false: {values}."
        return ""

    def _trials(self) -> Iterator[dict[Any, tuple[float, ...]]]:
        """The reader's numbers, and others that the assumptions allow; at most these, and always the same."""
        for factor in (1.0, 0.6, 1.7, -1.0):
            numbers = {v.what: _moved(v, self.numbers[v.what], factor) for v in self.variables}
            numbers = {v.what: _whole(v, numbers[v.what]) for v in self.variables}
            if all(_is_true(relation, numbers) for relation in self.original.given):
                yield numbers

    def _exact(self) -> dict[Any, tuple[float, ...]]:
        """The reader's numbers, with each density of mass one."""
        return {v.what: _whole(v, self.numbers[v.what]) for v in self.variables}

    def put(self, name: str, numbers: tuple[float, ...]) -> str:
        """Gives a variable its numbers; returns why they are none for it, "" where they are taken."""
        named = [variable for variable in self.variables if variable.name == name]
        if refusal := next(filter(None, (variable.refusal(numbers) for variable in named)), ""):
            return refusal
        self.numbers |= {variable.what: numbers for variable in named}
        return ""

    def uses(self, place: int | str) -> list[str]:
        """The names of the variables of a line."""
        used = {variable.what for variable in variables([self._relation(place)], ())}
        return list(dict.fromkeys(v.name for v in self.variables if v.what in used))

    def sides(self, place: int | str) -> dict[str, Any]:
        """Both sides of a line at the reader's numbers, if it is true there, and assumptions that are not.

        >>> Desk("bce_from_likelihood").sides("claim")["holds"]
        True
        """
        numbers = self._exact()
        relation = self._relation(place)
        left, right = _sides(relation, numbers)
        broken = [write(given) for given in self.original.given if not _is_true(given, numbers)]
        verdict = holds(relation, left, right)
        told = {"left": spoken(left), "right": spoken(right), "holds": verdict, "broken": broken}
        return told | {"outcomes": OUTCOMES if over_outcomes(relation) else 1}


def _sides(relation: Any, numbers: dict[Any, tuple[float, ...]]) -> tuple[Any, Any]:
    try:
        return measured(relation, numbers)
    except (TypeError, ValueError, ZeroDivisionError, NotImplementedError, AttributeError):
        return None, None


def _is_true(given: Any, numbers: dict[Any, tuple[float, ...]]) -> bool:
    """Whether an assumption is true at these numbers, ranges aside, which the variables know."""
    return isinstance(given, Contains) or holds(given, *_sides(given, numbers)) is not False


def _moved(variable: Variable, numbers: tuple[float, ...], factor: float) -> tuple[float, ...]:
    """Other numbers for a variable; the same where these are none for it."""
    moved = tuple(round(number * factor, 4) for number in numbers)
    turned = moved[1:] + moved[:1] if factor != 1 else moved
    return turned if not variable.whole and not variable.refusal(turned) else numbers


def _whole(variable: Variable, numbers: tuple[float, ...]) -> tuple[float, ...]:
    """The numbers of a density of mass one, divided by their sum."""
    return tuple(number / sum(numbers) for number in numbers) if variable.mass else numbers


def _listed(numbers: tuple[float, ...]) -> str:
    texts = [spoken(number) for number in numbers]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def spoken(value: Any) -> str:
    """A value in six digits, or what is said where there is none.

    >>> spoken(-0.69314718), spoken(2 + 1j), spoken([[0.0, 1.0]]), spoken(None)
    ('-0.693147', '2 + 1 i', '[0, 1]', 'not defined')
    """
    if value is None:
        return "not defined"
    if isinstance(value, list):
        return f"[{'; '.join(', '.join(map(spoken, row)) for row in value)}]"
    if isinstance(value, complex):
        return f"{value.real:.6g} {'-' if value.imag < 0 else '+'} {abs(value.imag):.6g} i"
    return f"{value + 0.0:.6g}"


_DESKS: dict[str, Desk] = {}


def answers(request: str) -> Iterator[str]:
    """What a page asks as JSON, answered by one JSON text or more: the way in for a reader's browser.

    `do` is one of ``open`` (the variables), ``prove`` (a verdict a line), ``change`` (a line by its `place`
    and `text`) and ``sides`` (of the line at `place`), each of the derivation `proof`. A page says each time
    what its reader has changed: `texts` by place, `numbers` by name. And ``mark`` asks what is said of a
    `text` as the answer of an `exercise`, ``weigh`` for both sides of each of its `texts` at `numbers`.

    >>> request = {"do": "change", "proof": "bce_from_likelihood", "place": 2, "text": "1 = 2 @"}
    >>> [json.loads(answer) for answer in answers(json.dumps(request))]
    [{'refused': '“@” is no sign of a formula.'}]
    """
    asked = json.loads(request)
    try:
        if asked["do"] == "mark":
            yield json.dumps(marked(asked["text"], asked["exercise"]))
            return
        if asked["do"] == "weigh":
            yield from (json.dumps(_weighed(text, asked["numbers"])) for text in asked["texts"])
            return
        if asked["proof"] not in _DESKS:
            _DESKS[asked["proof"]] = Desk(asked["proof"])
        desk = _DESKS[asked["proof"]]
        desk.clear()
        for place, text in asked.get("texts", {}).items():
            desk.change(_place(place), text)
        for name, numbers in asked.get("numbers", {}).items():
            if refusal := desk.put(name, tuple(map(float, numbers))):
                raise Unreadable(refusal)
        yield from (json.dumps(part) for part in _ASKED[asked["do"]](desk, asked))
    except Unreadable as refusal:
        yield json.dumps({"refused": str(refusal)})


def _weighed(text: str, numbers: dict[str, list[float]]) -> dict[str, Any]:
    told = weighed(text, numbers)
    return told | {side: spoken(told[side]) for side in ("left", "right")}


def _place(place: Any) -> int | str:
    return CLAIM if place == CLAIM else int(place)


def _open(desk: Desk, _: dict[str, Any]) -> Iterator[dict[str, Any]]:
    shown = {variable.name: variable for variable in desk.variables}
    yield {
        "variables": [
            {"name": v.name, "latex": v.latex, "numbers": desk.numbers[v.what], "mass": v.mass}
            for v in shown.values()
        ]
    }


def _sides_at(desk: Desk, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    place = _place(asked["place"])
    yield {"place": place, "uses": desk.uses(place), **desk.sides(place)}


def _change(desk: Desk, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    place = _place(asked["place"])
    yield {"place": place, **desk.change(place, asked["text"])}


_ASKED: dict[str, Callable[[Desk, dict[str, Any]], Iterator[dict[str, Any]]]] = {
    "open": _open,
    "prove": lambda desk, _: desk.verdicts(),
    "change": _change,
    "sides": _sides_at,
}
