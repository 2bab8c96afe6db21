"""The tested companion package of *The Minimax Game*, a course book on generative adversarial networks.

Its wings stand on floors, and an import only ever goes down::

    floor 7  cli                                what can be asked, and what answers
    floor 6  experiments                        set-ups by name, runs, results, reports
             page                               films, explorers, quizzes and the lab, as they live on a page
    floor 5  plotting                           figures
    floor 4  training                           a game, its steps and its loop; many seeds, many processes
             evaluation                         modes, distances, features, and what loss curves say
    floor 3  theory                             divergences, densities, transport, games small enough to solve
             data  networks                     point clouds and images; generators and discriminators
    floor 2  lipschitz  derivations             how steep a critic is; the theorems, as sympy checks them
    floor 1  losses  regularizers               pairs of losses; gradient penalties
             storage  folders  facts            files that are whole; pictures; what there is by name

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
    "alarms",
    "bayes_risks",
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
    "evaluation",
    "exercises",
    "experiments",
    "explorables",
    "f_divergences",
    "facts",
    "films",
    "folders",
    "game",
    "history",
    "judging",
    "lipschitz",
    "losses",
    "metrics",
    "network_games",
    "networks",
    "page",
    "parts",
    "plotting",
    "probability",
    "quadrature",
    "regularizers",
    "reports",
    "reproducible",
    "results",
    "runs",
    "stability",
    "storage",
    "tables",
    "theory",
    "training",
    "transport",
    "two_samples",
]

_WINGS = {
    "theory": "bayes_risks densities divergences dynamics f_divergences network_games probability quadrature "
    "stability transport",
    "training": "distributed ensembles game history",
    "evaluation": "classifiers diagnosis judging metrics two_samples",
    "experiments": "alarms reports results runs",
    "page": "exercises explorables films parts tables",
}
_PATHS = {name: f"{wing}.{name}" for wing, names in _WINGS.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{_PATHS.get(name, name)}")
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
