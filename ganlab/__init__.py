"""The tested companion package of *The Minimax Game*, a course book on generative adversarial networks.

The modules stand on floors, and an import only ever goes down::

    floor 4  cli  arguments  reports  runs              the command line
    floor 3  experiments                                named, complete set-ups
    floor 2  explorables                                things that move on a page
             ensembles  plotting  exercises             many seeds, figures, self-checks
             recordings                                 films of a training
    floor 1  training  dynamics  metrics                processes and how to judge them
             game  history  diagnosis  classifiers      what they read, change and leave behind
    floor 0  losses  regularizers                       ideas, one module each
             divergences  densities  f_divergences  bayes_risks  transport
             derivations  data  networks  checkpoints  distributed

Importing ``ganlab`` costs nothing: a module loads when it is first named.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "arguments",
    "bayes_risks",
    "checkpoints",
    "classifiers",
    "cli",
    "data",
    "densities",
    "derivations",
    "diagnosis",
    "distributed",
    "divergences",
    "dynamics",
    "ensembles",
    "exercises",
    "experiments",
    "explorables",
    "f_divergences",
    "game",
    "history",
    "losses",
    "metrics",
    "networks",
    "parts",
    "plotting",
    "quadrature",
    "recordings",
    "records",
    "regularizers",
    "reports",
    "reproducible",
    "runs",
    "training",
    "transport",
]

_MODULES = frozenset(__all__) - {"__version__", "reproducible"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'ganlab' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)


def reproducible(seed: int, *, dtype: torch.dtype | None = None) -> torch.Generator:
    """A seeded random stream, after fixing everything else that makes a run differ from the last one.

    One thread, deterministic algorithms, the global seed, and `dtype` (float64 unless said) as the default
    floating-point type. In float64 a healthy training run of a small network agrees between processors to
    many more digits than we print; in float32 it does not.

    `seed`: a non-negative integer. Raises `ValueError` where it is negative or not an integer.

    >>> import ganlab, torch
    >>> previous = torch.get_default_dtype()
    >>> a = torch.rand(3, generator=ganlab.reproducible(0))
    >>> b = torch.rand(3, generator=ganlab.reproducible(0))
    >>> bool((a == b).all()), a.dtype
    (True, torch.float64)
    >>> torch.set_default_dtype(previous)
    """
    import torch

    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"`seed` must be a non-negative integer, got {seed!r}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.set_default_dtype(dtype or torch.float64)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)
