"""The record of one theorem: what is claimed, under which assumptions, why, and who said so first."""

from __future__ import annotations

from dataclasses import dataclass
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
        above, number = [self.claim, *self._given()], 0
        for line in self.lines:
            if isinstance(line, Definition):
                self._must(
                    only_unfolds(line.relation), f"definition ({line.reason})", "says more than a name"
                )
            else:
                number += 1
                place = f"step {number} ({line.reason})"
                self._must(not only_unfolds(line.relation), place, "only unfolds a name")
                self._show(line.relation, place)
                self._must(
                    stands(line.relation.lhs, above), place, f"{line.relation.lhs} does not stand above"
                )
            above.append(line.relation)
        self._must(not only_unfolds(self.claim), "claim", "only unfolds a name")
        self._show(self.claim, "claim")
        return True

    def _must(self, holds: bool, place: str, otherwise: str) -> None:
        if not holds:
            raise DerivationError(f"{self.name}, {place}: {otherwise}")

    def _show(self, relation: Any, place: str) -> None:
        try:
            prove(relation, self._given())
        except Undecided as error:
            raise DerivationError(f"{self.name}, {place}: {error}") from None

    def _given(self) -> tuple[Any, ...]:
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
