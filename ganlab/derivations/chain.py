"""Whether a line starts from what stands above it: the terms that have been written, and their parts.

A line may begin with a part of a line above (some of the terms of a sum, or of the factors of a product,
count as one), with such a part differentiated, integrated, taken to a limit or at another point, or with the
difference of the two sides of a relation above. A name brings what it stands for, and may be taken for other
arguments. A matrix stands where its entries do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sympy import Add, Basic, Derivative, Eq, Integral, Limit, MatrixBase, Mul, Subs, preorder_traversal
from sympy.core.relational import Relational

from .statements import Term

__all__ = ["only_unfolds", "stands"]

_OPERATORS = (Derivative, Integral, Limit, Subs)


def only_unfolds(relation: Any) -> bool:
    """Whether a relation is an equality that says no more than what its names stand for.

    >>> from sympy.abc import x
    >>> f = Term("f", x**2)
    >>> only_unfolds(Eq(f, x**2, evaluate=False)), only_unfolds(Eq(Derivative(f, x), 2 * x, evaluate=False))
    (True, False)
    """
    return isinstance(relation, Eq) and _unfold(relation.lhs) == _unfold(relation.rhs)


def stands(side: Any, above: Iterable[Any]) -> bool:
    """Whether `side` is a part of one of the relations `above`, or made of such a part as said at the top.

    >>> from sympy import exp
    >>> from sympy.abc import x, y
    >>> above = [Eq(y, x + exp(x) + 1, evaluate=False)]
    >>> stands(x + exp(x), above), stands(Derivative(exp(x), x), above), stands(exp(2 * x), above)
    (True, True, False)
    """
    relations = list(above)
    parts = {part for relation in relations for part in _parts(relation)}
    entries = side.flat() if isinstance(side, MatrixBase) else [side]
    return all(_made_of(entry, parts, relations) for entry in entries)


def _made_of(side: Any, parts: set[Any], relations: list[Any]) -> bool:
    if side in parts or _is_part_of_one(side, parts) or _is_taken_elsewhere(side, parts):
        return True
    if isinstance(side, _OPERATORS):
        return _made_of(side.args[0], parts, relations)
    return any(side in _differences(r) for r in relations if isinstance(r, Relational))


def _differences(relation: Any) -> tuple[Any, Any]:
    return relation.lhs - relation.rhs, relation.rhs - relation.lhs


def _parts(relation: Any) -> Iterator[Any]:
    for part in preorder_traversal(relation):
        if isinstance(part, Basic) and not isinstance(part, Relational):
            yield part


def _is_part_of_one(side: Any, parts: set[Any]) -> bool:
    """Whether some of the terms of one sum, or factors of one product, make up `side`."""
    if not isinstance(side, (Add, Mul)):
        return False
    mine = Counter(side.args)
    return any(mine <= Counter(part.args) for part in parts if part.func is side.func)


def _is_taken_elsewhere(side: Any, parts: set[Any]) -> bool:
    """Whether `side` is a named function which stands with other arguments."""
    if not isinstance(side, Term) or side.head is None:
        return False
    return any(isinstance(part, Term) and part.head == side.head for part in parts)


def _unfold(e: Any) -> Any:
    while e.has(Term):
        e = e.replace(lambda part: isinstance(part, Term), lambda part: part.args[1])
    return e
