"""What keeps a critic smooth: gradient penalties, weight clipping, spectral normalisation, Lipschitz bounds.

A penalty is a function `(critic, real, fake, *, mix=None, rng=None) -> ()`. It returns the bare expectation;
the weight belongs to the caller. It is pure once `mix` is given, so that a step can be repeated, stacked over
seeds with `torch.func.vmap`, or shared between processes; `sample_mix` draws the `mix` that a penalty wants.

The gradient meant here is the gradient of the score of one sample with respect to that sample, and its norm
runs over all axes but the first. It is a gradient *per sample* only where the critic treats the samples of a
batch independently, which batch normalisation does not: `refuse_batch_norm`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = [
    "REGULARIZERS",
    "dragan",
    "input_gradient",
    "r1",
    "r2",
    "sample_mix",
    "wgan_gp",
    "wgan_lp",
]

Critic = Callable[[Tensor], Tensor]
Penalty = Callable[..., Tensor]


def wgan_gp(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    *,
    mix: Tensor | None = None,
    rng: torch.Generator | None = None,
) -> Tensor:
    """The mean squared distance from 1 of the critic's gradient norm, on segments from fake to real.

    E (‖∇f(x̂)‖ - 1)^2 with x̂ = mix · real + (1 - mix) · fake, one coefficient per sample.

    `real`, `fake`: (N, ...) of one shape; `mix`: (N,) in [0, 1], drawn uniformly from `rng` when not given.
    Returns (). At a sample where the critic is flat the penalty is exactly 1 and its gradient is taken to be
    0, one of the subgradients of the norm.

    Raises `ValueError` where shapes differ, the batch is empty, `mix` leaves [0, 1], neither `mix` nor `rng`
    is given, or the critic does not return (N,).
    Source: Gulrajani et al. 2017, eq. 3 [gulrajani2017].

    >>> w = torch.tensor([1.2, 0.8], dtype=torch.float64)
    >>> real, fake = torch.ones(4, 2, dtype=torch.float64), torch.zeros(4, 2, dtype=torch.float64)
    >>> penalty = wgan_gp(lambda x: x @ w, real, fake, mix=torch.full((4,), 0.3, dtype=torch.float64))
    >>> print(f"{10 * penalty:.10f}")
    1.9555897963
    """
    slopes = _norms(input_gradient(critic, _interpolate(real, fake, mix, rng)))
    return (slopes - 1).square().mean()


def wgan_lp(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    *,
    mix: Tensor | None = None,
    rng: torch.Generator | None = None,
) -> Tensor:
    """The mean squared excess over 1 of the critic's gradient norm, on segments from fake to real.

    E max(0, ‖∇f(x̂)‖ - 1)^2, the one-sided penalty: a slope below 1 is allowed, as the Lipschitz condition
    says. Arguments, shapes and errors are those of `wgan_gp`.

    Source: Petzka et al. 2018 [petzka2018].

    >>> real, fake = torch.ones(4, 2), torch.zeros(4, 2)
    >>> mix = torch.rand(4, generator=torch.Generator().manual_seed(0))
    >>> [wgan_lp(lambda x: slope * x[:, 0], real, fake, mix=mix).item() for slope in (0.5, 1.0, 3.0)]
    [0.0, 0.0, 4.0]
    """
    squares = _squared_norms(input_gradient(critic, _interpolate(real, fake, mix, rng)))
    return (squares.clamp(min=1).sqrt() - 1).square().mean()  # no root of a number below 1: smooth at slope 0


def r1(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    *,
    mix: Tensor | None = None,
    rng: torch.Generator | None = None,
) -> Tensor:
    """The mean squared gradient norm of the critic on the real samples.

    E ‖∇f(x)‖^2 over `real` (N, ...), without the factor 1/2: with the weight γ/2 it is the R1 of the paper.
    `fake`, `mix` and `rng` are ignored; they are there so that all penalties are called alike. Returns ().

    Raises `ValueError` where the batch is empty or the critic does not return (N,).
    Source: Mescheder et al. 2018, eq. 9 [mescheder2018].

    >>> r1(lambda x: 2 * x.sum(1), torch.zeros(4, 3), torch.zeros(4, 3)).item()
    12.0
    """
    return _squared_norms(input_gradient(critic, real, name="real")).mean()


def r2(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    *,
    mix: Tensor | None = None,
    rng: torch.Generator | None = None,
) -> Tensor:
    """The mean squared gradient norm of the critic on the generated samples.

    E ‖∇f(x)‖^2 over `fake` (N, ...), without the factor 1/2. `real`, `mix` and `rng` are ignored. Returns ().

    Raises `ValueError` where the batch is empty or the critic does not return (N,).
    Source: Mescheder et al. 2018, section 4.1 [mescheder2018].

    >>> r2(lambda x: x.square().sum(1), torch.zeros(4, 3), torch.ones(4, 3)).item()
    12.0
    """
    return _squared_norms(input_gradient(critic, fake, name="fake")).mean()


def dragan(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    *,
    mix: Tensor | None = None,
    rng: torch.Generator | None = None,
) -> Tensor:
    """The mean squared distance from 1 of the critic's gradient norm, around the real samples.

    E (‖∇f(x + δ)‖ - 1)^2 over `real` (N, ...). `mix` is the noise δ itself, of the shape of `real` and in its
    units. When not given it is drawn from `rng` as δ ~ N(0, c^2 I), independent in every coordinate of every
    sample, with c half the standard deviation of all entries of `real`. The Gaussian is the paper's; the
    scale is the one common in programs, many of which add uniform noise on [0, c) instead. `fake` is ignored.
    Returns ().

    Raises `ValueError` where `mix` has another shape, neither `mix` nor `rng` is given, the batch is empty,
    or the critic does not return (N,).
    Source: Kodali et al. 2017 [kodali2017].

    >>> dragan(lambda x: x[:, 0] ** 2, torch.ones(4, 2), torch.zeros(4, 2), mix=torch.zeros(4, 2)).item()
    1.0
    """
    _check_points(real, "real")
    noise = sample_mix(dragan, real, rng=rng) if mix is None else mix
    if noise is None or noise.shape != real.shape:
        raise ValueError(
            f"`mix` is the noise and must have the shape of `real`, {tuple(real.shape)}, got {_shape(mix)}"
        )
    return (_norms(input_gradient(critic, real + noise)) - 1).square().mean()


REGULARIZERS: dict[str, Penalty] = {
    "wgan_gp": wgan_gp,
    "wgan_lp": wgan_lp,
    "r1": r1,
    "r2": r2,
    "dragan": dragan,
}
"""The penalties by name, all of one signature.

>>> REGULARIZERS["r1"] is r1
True
"""


def sample_mix(penalty: Penalty, real: Tensor, *, rng: torch.Generator | None) -> Tensor | None:
    """The random numbers that `penalty` wants for the batch `real`, or None where it wants none.

    Coefficients (N,), uniform on [0, 1), for `wgan_gp` and `wgan_lp`; Gaussian noise of the shape of `real`
    for `dragan`; None for `r1` and `r2`. Drawn on the CPU, then moved to where `real` is.

    Raises `ValueError` where `penalty` is none of `REGULARIZERS` or `rng` is missing.

    >>> rng = torch.Generator().manual_seed(0)
    >>> sample_mix(wgan_gp, torch.zeros(8, 3, 4, 4), rng=rng).shape
    torch.Size([8])
    """
    if penalty in (r1, r2):
        return None
    if penalty not in (wgan_gp, wgan_lp, dragan):
        raise ValueError(f"`penalty` must be one of {', '.join(REGULARIZERS)}, got {penalty!r}")
    if rng is None:
        raise ValueError("give `mix` or `rng`: the global random state is never read")
    if penalty is dragan:
        noise = torch.randn(real.shape, generator=rng, dtype=real.dtype).to(real.device)
        return 0.5 * real.std(correction=0) * noise
    return torch.rand(real.shape[0], generator=rng, dtype=real.dtype).to(real.device)


def input_gradient(critic: Critic, points: Tensor, *, name: str = "points") -> Tensor:
    """The gradient of each sample's score with respect to that sample, itself differentiable.

    `points`: (N, ...); returns the same shape. It can be differentiated again, with respect to the critic's
    parameters and to `points`, in eager code, inside `torch.func` transforms and inside `torch.compile`. In
    the latter two it is `torch.func.vjp`, elsewhere `torch.autograd.grad`, which on small networks is faster
    and gives the same numbers. A critic that does not depend on its input has the gradient 0.

    Raises `ValueError` where the batch is empty or the critic does not return (N,), and `TypeError` where
    `points` is not floating point.

    >>> input_gradient(lambda x: x.square().sum(1), torch.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 4.0], [6.0, 8.0]]
    """
    _check_points(points, name)
    if _in_transform():
        scores, pull_back = torch.func.vjp(lambda x: _scores(critic, x), points)[:2]
        return pull_back(torch.ones_like(scores))[0]
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad():
        x = points if points.requires_grad else points.detach().requires_grad_()
        total = _scores(critic, x).sum()
        if not total.requires_grad:
            return torch.zeros_like(points)
        return torch.autograd.grad(total, x, create_graph=differentiable, materialize_grads=True)[0]


def _in_transform() -> bool:
    """Whether a `torch.func` transform or the compiler is at work, where `requires_grad_` is forbidden."""
    if torch.compiler.is_compiling():
        return True
    try:
        torch.empty(0).requires_grad_()
    except RuntimeError:
        return True
    return False


def _scores(critic: Critic, points: Tensor) -> Tensor:
    scores = critic(points)
    if scores.shape != points.shape[:1]:
        raise ValueError(
            f"`critic` must return one score a sample, {tuple(points.shape[:1])}, got {_shape(scores)}"
        )
    return scores


def _squared_norms(gradient: Tensor) -> Tensor:
    return gradient.flatten(1).square().sum(1)


def _norms(gradient: Tensor) -> Tensor:
    return torch.linalg.vector_norm(gradient.flatten(1), dim=1)  # its gradient at 0 is 0, not NaN


def _interpolate(real: Tensor, fake: Tensor, mix: Tensor | None, rng: torch.Generator | None) -> Tensor:
    _check_points(real, "real")
    if real.shape != fake.shape:
        raise ValueError(
            f"`fake` must have the shape of `real`, {tuple(real.shape)}, got {tuple(fake.shape)}"
        )
    mix = sample_mix(wgan_gp, real, rng=rng) if mix is None else mix
    if mix is None or mix.shape != real.shape[:1]:
        raise ValueError(
            f"`mix` must hold one coefficient a sample, {tuple(real.shape[:1])}, got {_shape(mix)}"
        )
    if mix.device.type == "cpu" and not _in_transform() and not bool(((mix >= 0) & (mix <= 1)).all()):
        raise ValueError(f"`mix` must lie in [0, 1], got {mix.min():g} to {mix.max():g}")
    mix = mix.view(-1, *[1] * (real.ndim - 1))  # (N, 1, ..., 1)
    return mix * real + (1 - mix) * fake


def _check_points(points: Tensor, name: str) -> None:
    if not points.is_floating_point():
        raise TypeError(f"`{name}` must be floating point, got {points.dtype}")
    if points.ndim < 2 or points.shape[0] == 0:
        raise ValueError(
            f"`{name}` must be a batch (N, ...) of at least one sample, got {tuple(points.shape)}"
        )


def _shape(value: Tensor | None) -> tuple[int, ...] | None:
    return None if value is None else tuple(value.shape)
