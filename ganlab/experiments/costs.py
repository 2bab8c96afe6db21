"""What a step costs: operations, products and bytes are counted, and three prices make seconds of them.

    seconds = a N + F / r + B / b

N operations are called, each at a fixed price a; F floating-point operations of matrix products are done at a
rate r; and B bytes are read and written at a rate b. The counts belong to the step and are the same on every
machine; the prices belong to the machine, and are fitted to a few measured steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["Counts", "Prices", "count", "fitted", "measured", "seconds"]

_MEASURED = Path(__file__).parents[1] / "assets" / "costs.json"
_PRODUCTS = ("mm", "addmm", "bmm", "baddbmm")
_FREE = ("view", "_unsafe_view", "t", "transpose", "expand", "detach", "alias", "split", "unsqueeze", "slice",
         "select", "permute", "unbind", "split_with_sizes", "as_strided", "squeeze")  # fmt: skip


class Counts(NamedTuple):
    """What one step does: operations called, floating-point operations of products, bytes moved."""

    operations: float
    flops: float
    bytes: float


class Prices(NamedTuple):
    """Prices of a machine: seconds an operation, seconds a floating-point operation, seconds a byte."""

    operation: float
    flop: float
    byte: float


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.operations = self.flops = self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        self.operations += 1
        if name in _FREE:
            return made
        tensors = [leaf for leaf in tree_leaves((args, kwargs, made)) if isinstance(leaf, Tensor)]
        self.bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        if name in _PRODUCTS:
            inner = args[-1].shape[-2] if name in ("mm", "bmm") else args[2].shape[-2]
            self.flops += 2 * made.numel() * inner
        return made


def count(step: Callable[[], Any]) -> Counts:
    """What `step()` does: every operation that PyTorch is asked for while it runs.

    A product of (n, k) and (k, m) is 2 n k m floating-point operations; of all other operations the bytes
    alone count. A tensor that is looked at anew, as a view is, costs no bytes.

    >>> import torch
    >>> a = torch.ones(3, 4, dtype=torch.float32)
    >>> count(lambda: a @ a.T)
    Counts(operations=2, flops=72, bytes=132)
    """
    with _Counter() as counter:
        step()
    return Counts(counter.operations, counter.flops, counter.bytes)


def fitted(counts: Sequence[Counts], measured: Sequence[float]) -> Prices:
    """The prices, none below zero, at which counts cost the measured seconds with the least relative error.

    The sum of the squares of (predicted / measured - 1) is least. Raises `ValueError` where there are fewer
    than three steps, or a time is not positive.

    >>> fitted([Counts(1, 0, 0), Counts(0, 2, 0), Counts(0, 0, 4)], [3.0, 4.0, 2.0])
    Prices(operation=3.0, flop=2.0, byte=0.5)
    """
    if len(counts) < 3 or len(counts) != len(measured):
        raise ValueError(
            f"`counts` and `measured` must be of three steps or more, got {len(counts)} and {len(measured)}"
        )
    if any(not value > 0 for value in measured):
        raise ValueError(f"`measured` must be positive, got {min(measured)}")
    from scipy.optimize import nnls

    table = np.array(counts, dtype=float) / np.array(measured, dtype=float)[:, None]
    scale = table.max(0)
    scale[scale == 0] = 1.0
    found, _ = nnls(table / scale, np.ones(len(measured)))
    return Prices(*(float(value) for value in found / scale))


def seconds(counts: Counts, prices: Prices) -> float:
    """What the counts cost at these prices.

    >>> seconds(Counts(10, 200, 400), Prices(1.0, 0.1, 0.01))
    34.0
    """
    return float(sum(n * price for n, price in zip(counts, prices, strict=True)))


def measured() -> dict[str, Any]:
    """The measured steps of one machine that the package ships: `machine`, and a list of steps by kind.

    Each step has its settings, its counts, and `seconds`, processor seconds a step. They are measured by
    `tests/benchmarks/scale.py`.

    >>> sorted(measured())
    ['machine', 'processes', 'stacked', 'steps']
    """
    return json.loads(_MEASURED.read_text())
