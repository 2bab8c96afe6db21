"""What answers `study`: a comparison of methods, cell by cell, and its table at the end.

This module loads torch; a request is checked before it is loaded.
"""

from __future__ import annotations

import argparse
from functools import partial

import torch

from ganlab.experiments import studies, trials

__all__ = ["run"]

SHORT = 0.02  # of the budget


def run(options: argparse.Namespace) -> int:
    """The exit code of a study, after all of its cells; each is told as it ends."""
    torch.set_num_threads(1)
    study = studies.STUDIES[options.name]
    path = studies.path_of(options.name, options.out)
    study = study.short(SHORT) if options.short else study
    record = trials.run(options.name, study, path, watch=partial(print, flush=True))
    chosen = "\n".join(f"{method}: {level}" for method, level in record.chosen.items())
    print(studies.table(record) if study.judging else chosen)
    print(f"{record}; it is in {path}")
    return 0
