"""Each theorem of the course as a `Derivation` whose displayed lines are the lines that are checked.

`DERIVATIONS` maps the name of each to the function that returns it. The import costs SymPy alone.

>>> from ganlab.derivations import bce_in_logits
>>> bce_in_logits().check()
True
"""

from __future__ import annotations

from collections.abc import Callable

from .cross_entropy import (
    bce_from_likelihood,
    bce_in_logits,
    label_smoothing,
    proper_scoring,
    squared_error_gradient,
    two_sided_label_smoothing,
    value_from_bce,
)
from .derivation import Derivation, DerivationError, Step
from .typeset import typeset

__all__ = [
    "DERIVATIONS",
    "Derivation",
    "DerivationError",
    "Step",
    "bce_from_likelihood",
    "bce_in_logits",
    "label_smoothing",
    "proper_scoring",
    "squared_error_gradient",
    "two_sided_label_smoothing",
    "typeset",
    "value_from_bce",
]

DERIVATIONS: dict[str, Callable[[], Derivation]] = {
    function.__name__: function
    for function in (
        bce_from_likelihood,
        bce_in_logits,
        proper_scoring,
        squared_error_gradient,
        value_from_bce,
        label_smoothing,
        two_sided_label_smoothing,
    )
}
