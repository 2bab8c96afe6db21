"""The record of one theorem: what is claimed, under which assumptions, why, and who said so first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .proof import Undecided, prove
from .typeset import typeset

__all__ = ["Derivation", "DerivationError", "Step"]


class DerivationError(ValueError):
    """A step or a claim that could not be shown, with the place and what remained of it."""


@dataclass(frozen=True)
class Step:
    """One relation of a derivation and the reason why it holds.

    `reason` is text; mathematics in it stands between dollar signs.
    """

    relation: Any
    reason: str


@dataclass(frozen=True)
class Derivation:
    r"""A theorem whose displayed lines are the lines that are checked.

    `claim`: a sympy relation. `assumptions`: words for the reader, and sympy relations (``inside``,
    ``above``, an integral equal to one) that the check may use, beside what the symbols themselves assume.
    `steps`: relations with one reason each. `source`: who proved it, with the bibliography key in brackets.

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
    steps: tuple[Step, ...]
    source: str

    def check(self) -> bool:
        """True when every step and the claim hold identically under the assumptions.

        A relation that cannot be decided counts as not shown. Raises `DerivationError` that names the
        derivation, the step (counted from one) and what remained.
        """
        for number, step in enumerate(self.steps, start=1):
            self._show(step.relation, f"step {number} ({step.reason})")
        self._show(self.claim, "claim")
        return True

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
        for number, step in enumerate(self.steps, start=1):
            rows.append(rf"&\text{{{number}. {step.reason}}}\\ &\qquad {typeset(step.relation)}")
        return "\\begin{aligned}\n" + "\\\\[1ex]\n".join(rows) + "\n\\end{aligned}"

    def _assumed(self) -> str:
        shown = [rf"\text{{{a}}}" if isinstance(a, str) else typeset(a) for a in self.assumptions]
        return r"\\ &\qquad ".join(shown)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"
