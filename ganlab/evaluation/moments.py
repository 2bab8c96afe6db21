"""Means and covariances of features, kept in files as other tools keep them, and the distance of two of them.

A file is a `.npz` with the arrays `mu` (F,) and `sigma` (F, F): the form in which the statistics of the usual
data sets are passed on, so that an FID needs no real images. Nothing in such a file is run.
"""

from __future__ import annotations

import io
import zipfile
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.storage import write_atomically
from ganlab.theory.probability import ArrayLike, as_floating
from ganlab.theory.transport import frechet_gaussian

__all__ = ["Moments", "frechet", "of_features", "read", "write"]

_ROUNDED = 1e3  # roundings by which an eigenvalue may lie below zero


class Moments(NamedTuple):
    """The mean (F,) and the covariance (F, F) of features, both in float64."""

    mean: Tensor
    covariance: Tensor


def of_features(features: ArrayLike) -> Moments:
    """The mean of features (N, F) and their unbiased covariance, divided by N - 1.

    Raises `ValueError` where they are not (N, F) with N at least 2, or one is not finite.

    >>> of_features([[0.0], [2.0]])
    Moments(mean=tensor([1.], dtype=torch.float64), covariance=tensor([[2.]], dtype=torch.float64))
    """
    x = as_floating(features, name="features").detach().cpu().double()
    if x.ndim != 2 or len(x) < 2 or x.shape[1] == 0:
        raise ValueError(f"`features` must have shape (N, F) with N at least 2, got {tuple(x.shape)}")
    if not x.isfinite().all():
        raise ValueError("`features` must be finite, got infinity or NaN")
    return Moments(x.mean(0), torch.atleast_2d(torch.cov(x.T)))


def frechet(first: Moments, second: Moments) -> float:
    """The squared Frechet distance of the Gaussians with these moments; see `frechet_gaussian`.

    Of the 2048 features of Inception v3 it is the FID. Raises `ValueError` where they are of another number
    of features, or one covariance is none.
    Source: Heusel et al. 2017, eq. 6 [heusel2017].

    >>> frechet(of_features([[0.0], [2.0]]), of_features([[3.0], [5.0]]))
    9.0
    """
    counts = len(first.mean), len(second.mean)
    if counts[0] != counts[1]:
        raise ValueError(f"`second` must be of {counts[0]} features, as `first`, got {counts[1]}")
    return frechet_gaussian(*first, *second).item()


def read(path: str | PathLike[str]) -> Moments:
    """The moments that a `.npz` file holds as `mu` and `sigma`; other arrays in it are left alone.

    A covariance that was stored in less than double precision may have rounded eigenvalues below zero, which
    become zero.

    Raises `OSError` where the file cannot be read, `ValueError` naming the file and the array where it is no
    `.npz`, lacks one of them, or holds other numbers than a mean (F,) and a covariance (F, F).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "real.npz"
    ...     write(path, of_features([[0.0], [2.0]]))
    ...     read(path).covariance.item()
    2.0
    """
    path = Path(path)
    try:
        stored = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        if isinstance(stored, np.ndarray):
            raise ValueError("it is one array, and no archive of several")
        with stored:
            if missing := [name for name in ("mu", "sigma") if name not in stored]:
                raise ValueError(f"it has no `{missing[0]}`, only {', '.join(stored) or 'nothing'}")
            mean, covariance = stored["mu"], stored["sigma"]
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} must be a .npz file with `mu` and `sigma`: {error}") from None
    for name, array in (("mu", mean), ("sigma", covariance)):
        if not np.issubdtype(array.dtype, np.floating):
            raise ValueError(f"`{name}` of {path} must be floating-point numbers, got {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"`{name}` of {path} must be finite, got infinity or NaN")
    if mean.ndim != 1 or mean.size == 0:
        raise ValueError(f"`mu` of {path} must have shape (F,), got {mean.shape}")
    if covariance.shape != (len(mean), len(mean)):
        wanted = (len(mean), len(mean))
        raise ValueError(f"`sigma` of {path} must have shape {wanted} beside `mu`, got {covariance.shape}")
    return Moments(torch.from_numpy(mean.astype(np.float64)), _settled(covariance, path))


def write(path: str | PathLike[str], moments: Moments) -> None:
    """Write moments into a `.npz` file as `mu` (F,) and `sigma` (F, F) in float64; whole or not at all.

    Raises `ValueError` where the path does not end in .npz or the shapes are others.

    >>> write("real.txt", of_features([[0.0], [2.0]]))
    Traceback (most recent call last):
    ValueError: `path` must end in .npz, got 'real.txt'
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"`path` must end in .npz, got {str(path)!r}")
    mean, covariance = (np.asarray(x.detach().cpu().double()) for x in moments)
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise ValueError(
            f"`moments` must be a mean (F,) and a covariance (F, F), got {mean.shape} and {covariance.shape}"
        )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, mu=mean, sigma=covariance)
    write_atomically(path, buffer.getvalue())


def _settled(covariance: np.ndarray, path: Path) -> Tensor:
    """The covariance in float64, exactly symmetric, and without the rounding of a smaller precision."""
    found, rounding = torch.from_numpy(covariance.astype(np.float64)), float(np.finfo(covariance.dtype).eps)
    size = found.abs().max()
    apart = (found - found.mT).abs().max()
    if apart > _ROUNDED * rounding * size:
        raise ValueError(f"`sigma` of {path} must be symmetric, got a difference of {apart:.3g}")
    found = (found + found.mT) / 2
    values, vectors = torch.linalg.eigh(found)
    if values[0] < -_ROUNDED * rounding * values[-1].clamp_min(0):
        raise ValueError(
            f"`sigma` of {path} must be positive semi-definite, got an eigenvalue {values[0]:.3g}"
        )
    return found if values[0] >= 0 else (vectors * values.clamp_min(0)) @ vectors.mT
