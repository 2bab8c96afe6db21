"""The record of one theorem: what is claimed, under which assumptions, why, and who said so first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .chain import only_unfolds, stands
from .proof import Undecided, prove
from .typeset import typeset

__all__ = ["Definition", "Derivation", "DerivationError", "Step"]


class DerivationError(ValueError):
    """A step or a claim that could not be shown, with the place and what remained of it."""


@dataclass(frozen=True)
class Definition:
    """What a name stands for: displayed, and no step, since nothing is shown by it.

    `reason` is text; mathematics in it stands between dollar signs.
    """

    relation: Any
    reason: str


@dataclass(frozen=True)
class Step:
    """One relation of a derivation, which starts from what stands above it, and the reason why it holds.

    `reason` is text; mathematics in it stands between dollar signs.
    """

    relation: Any
    reason: str


@dataclass(frozen=True)
class Derivation:
    r"""A theorem whose displayed lines are the lines that are checked.

    `claim`: a sympy relation. `assumptions`: words for the reader, and sympy relations (``inside``,
    ``above``, an integral equal to one) that the check may use, beside what the symbols themselves assume.
    `lines`: definitions, and steps with one reason each; a step begins with a term that stands above it, in
    the claim, an assumption or an earlier line. `source`: who proved it, with the key of the bibliography.

    >>> from sympy import Symbol, log
    >>> from ganlab.derivations.statements import equal
    >>> p = Symbol("p", positive=True)
    >>> halves = Derivation("halves", equal(log(p / 2), log(p) - log(2)), (), (), "")
    >>> halves.check()
    True
    >>> Derivation("wrong", equal(log(p / 2), log(p)), (), (), "").check()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ganlab.derivations.derivation.DerivationError: wrong, claim: could not show log(p/2) = log(p); what ...
    """

    name: str
    claim: Any
    assumptions: tuple[Any, ...]
    lines: tuple[Step | Definition, ...]
    source: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The lines that show something, which are counted from one."""
        return tuple(line for line in self.lines if isinstance(line, Step))

    def check(self) -> bool:
        """True when every step and the claim hold identically under the assumptions, each line in its place.

        A relation that cannot be decided counts as not shown. Raises `DerivationError` that names the
        derivation, the step (counted from one) and what remained; or says that a step starts from what does
        not stand above it, that it only unfolds a name, or that a definition does more.
        """
        numbers = {id(step): f"step {number} ({step.reason})" for number, step in enumerate(self.steps, 1)}
        for line, fault in self.verdicts():
            if fault:
                place = "claim" if line is None else numbers.get(id(line), f"definition ({line.reason})")
                raise DerivationError(f"{self.name}, {place}: {fault}")
        return True

    def verdicts(self) -> Iterator[tuple[Step | Definition | None, str]]:
        """Each line with its fault, "" where it has none; the claim, as None, comes last.

        A line is judged when it is asked for, and by itself: what stands above it may be refused.

        >>> from sympy import Symbol, log
        >>> from ganlab.derivations.statements import equal
        >>> p = Symbol("p", positive=True)
        >>> wrong, claim = equal(log(p / 2), log(p)), equal(log(p / 2), log(p) - log(2))
        >>> [fault for _, fault in Derivation("d", claim, (), (Step(wrong, "a guess"),), "").verdicts()]
        ['could not show log(p/2) = log(p); what remained: -log(2)', '']
        """
        above = [self.claim, *self.given]
        for line in self.lines:
            yield line, self._fault(line, above)
            above.append(line.relation)
        yield None, "only unfolds a name" if only_unfolds(self.claim) else _unshown(self.claim, self.given)

    def _fault(self, line: Step | Definition, above: list[Any]) -> str:
        if isinstance(line, Definition):
            return "" if only_unfolds(line.relation) else "says more than a name"
        if only_unfolds(line.relation):
            return "only unfolds a name"
        if fault := _unshown(line.relation, self.given):
            return fault
        return "" if stands(line.relation.lhs, above) else f"{line.relation.lhs} does not stand above"

    @property
    def given(self) -> tuple[Any, ...]:
        """The assumptions that are relations."""
        return tuple(assumption for assumption in self.assumptions if not isinstance(assumption, str))

    def latex(self) -> str:
        """The display, `aligned`: claim, assumptions, then each reason above its relation."""
        rows = [rf"&\textbf{{Claim}}\\ &\qquad {typeset(self.claim)}"]
        rows += [rf"&\textbf{{where}}\\ &\qquad {given}" for given in [self._assumed()] if given]
        numbers = {id(step): f"{number}. " for number, step in enumerate(self.steps, start=1)}
        for line in self.lines:
            rows.append(
                rf"&\text{{{numbers.get(id(line), '')}{line.reason}}}\\ &\qquad {typeset(line.relation)}"
            )
        return "\\begin{aligned}\n" + "\\\\[1ex]\n".join(rows) + "\n\\end{aligned}"

    def _assumed(self) -> str:
        shown = [rf"\text{{{a}}}" if isinstance(a, str) else typeset(a) for a in self.assumptions]
        return r"\\ &\qquad ".join(shown)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


@lru_cache(maxsize=512)
def _unshown(relation: Any, given: tuple[Any, ...]) -> str:
    """Why a relation is not shown, "" where it is; remembered, since a reader changes one line of many."""
    try:
        prove(relation, given)
    except Undecided as error:
        return str(error)
    return ""
