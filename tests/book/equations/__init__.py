"""The register of the book's labelled equations: what is printed, and why it is true.

Each chapter has a module here of its name with `EQUATIONS`. A test holds the LaTeX of an entry to the LaTeX
of the page, and runs the check on it. It may also have `QUIZ` and `EXERCISES`, the keys of its numeric and
ordered questions computed from their definitions (for an exercise a list: the answer, then each mistake);
`SAID`, what a question or an exercise says besides in numbers, in its choices, reasons and hints, be it given
or computed; and `PUBLISHED`, the decimals that the prose takes from a source, with its bibliography key.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import NamedTuple

from ganlab.derivations import DERIVATIONS

__all__ = ["Equation", "entries", "proved"]


class Equation(NamedTuple):
    """A labelled display: `check` is given its LaTeX, and returns True or raises `AssertionError`.

    In `same` stand the mutants that a check may accept, written as `mutants` writes them, with the reason.
    """

    label: str
    latex: str
    check: Callable[[str], bool]
    same: Mapping[str, str] = MappingProxyType({})


@cache
def proved(derivation: str) -> bool:
    """Whether each line of a derivation of this name holds; asked once, however many formulas are tried."""
    return DERIVATIONS[derivation]().check()


def entries(slug: str) -> ModuleType:
    """The module of a chapter; one without entries for a page that has no labelled equation."""
    name = f"{__name__}.{slug}"
    if importlib.util.find_spec(name) is None:
        return ModuleType(name)
    return importlib.import_module(name)
