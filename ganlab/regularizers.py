"""Gradient penalties: what keeps a critic smooth, each of them a place and a price.

A penalty asks the critic for its gradient at certain points, the **place**, and charges for the length n of
that gradient, the **price**:

    E price(‖∇f(x)‖) over the points x of the place.

Places own their random numbers: `BETWEEN` real and generated samples, at the data (`AT_DATA`), at the
generated samples (`AT_GENERATED`), around the data (`AROUND_DATA`). Prices are squares: `LENGTH` is n^2,
`OFF_ONE` is (n - 1)^2, `ABOVE_ONE` is max(0, n - 1)^2. Another penalty is another line, and may be used
wherever one from the table may:

>>> gp0 = GradientPenalty("gp0", BETWEEN, LENGTH)
>>> gp0(lambda x: 2 * x.sum(1), torch.ones(4, 3), torch.zeros(4, 3), mix=torch.rand(4)).item()
12.0

A penalty is called `(critic, real, fake, *, mix=None, rng=None) -> ()`. It returns the bare expectation; the
weight belongs to the caller. It is pure once `mix` is given, so that a step can be repeated, stacked over
seeds with `torch.func.vmap`, or shared between processes; `sample_mix` draws the `mix` that a penalty wants.
A critic that draws random numbers by itself, as one with dropout does, makes it impure: a game refuses it.

The gradient meant here is the gradient of the score of one sample with respect to that sample, and its norm
runs over all axes but the first. It is a gradient *per sample* only where the critic treats the samples of a
batch independently, which batch normalisation does not: `ganlab.lipschitz.refuse_batch_norm`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

__all__ = [
    "ABOVE_ONE",
    "AROUND_DATA",
    "AT_DATA",
    "AT_GENERATED",
    "BETWEEN",
    "LENGTH",
    "OFF_ONE",
    "REGULARIZERS",
    "GradientPenalty",
    "Place",
    "Price",
    "dragan",
    "input_gradient",
    "r1",
    "r2",
    "sample_mix",
    "wgan_gp",
    "wgan_lp",
    "zero_gp",
]

Critic = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Place:
    """Where a penalty asks the critic, and the random numbers that the place needs.

    `name`: as it stands in a table. `reads`: which samples it looks at, of "real" and "fake".
    `points(real, fake, mix)`: the points (N, ...). `draw(real, rng)`: the random numbers `mix` for the batch
    `real` (N, ...), drawn from `rng` on the CPU and moved to where `real` is. `nodes(count, spread)`: the
    same law for one sample on a line, as quadrature: `count` values of `mix`, each for a batch of one, and
    their weights, of sum 1; `spread` is the standard deviation of the data. Both are None where nothing is
    random.

    Raises `ValueError` where `reads` names anything else, or only one of `draw` and `nodes` is given.

    >>> AT_DATA.points(torch.ones(1, 2), torch.zeros(1, 2), None).tolist()
    [[1.0, 1.0]]
    """

    name: str
    reads: tuple[str, ...]
    points: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    draw: Callable[[Tensor, torch.Generator], Tensor] | None = None
    nodes: Callable[[int, float], tuple[Tensor, Tensor]] | None = None

    def __post_init__(self) -> None:
        if not self.reads or not set(self.reads) <= {"real", "fake"}:
            raise ValueError(f"`reads` must hold 'real', 'fake' or both, got {self.reads}")
        if (self.draw is None) != (self.nodes is None):
            raise ValueError(f"`draw` and `nodes` must both be given or neither, got one for {self.name}")


@dataclass(frozen=True)
class Price:
    """What a gradient costs: `of` maps gradients (N, D) to prices (N,); `formula` says it of their length n.

    `smooth`: the price has all derivatives in the gradient, at 0 too. So has n^2, a sum of squares; (n - 1)^2
    has a kink at n = 0 and max(0, n - 1)^2 a jump of its second derivative at n = 1.

    >>> OFF_ONE.formula, OFF_ONE.of(torch.tensor([[3.0, 4.0]])).tolist()
    ('(n - 1)^2', [16.0])
    """

    formula: str
    of: Callable[[Tensor], Tensor]
    smooth: bool = False


@dataclass(frozen=True, repr=False)
class GradientPenalty:
    """A penalty `name`: E price(‖∇f(x)‖) over the points x of a place.

    It is called `(critic, real, fake, *, mix=None, rng=None)` and returns (). `real`, `fake`: (N, ...);
    one that the place does not read is ignored. `mix`: the random numbers of the place, drawn from `rng`
    where they are not given; ignored where the place needs none. In eager code the samples that it reads must
    be detached: otherwise `backward` would send a gradient into the generator as well, and free its graph.
    Inside a `torch.func` transform, which names what it differentiates, they may carry a graph.

    Raises `ValueError` where a batch is empty, shapes differ, `mix` is not what the place wants, neither
    `mix` nor `rng` is given, a sample that the place reads carries a graph, or the critic does not return
    (N,); `TypeError` where samples are not floating point or the critic is compiled.

    >>> GradientPenalty("r1", AT_DATA, LENGTH)
    r1: n^2 at the data
    """

    name: str
    place: Place
    price: Price

    def __call__(
        self,
        critic: Critic,
        real: Tensor,
        fake: Tensor,
        *,
        mix: Tensor | None = None,
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """The mean price of the gradients at the points of the place, ()."""
        samples = {"real": real, "fake": fake}
        for name in self.place.reads:
            _check_points(samples[name], name)
            _check_detached(samples[name], name, self.name)
        mix = sample_mix(self, real, rng=rng) if mix is None else mix
        return self.at(critic, self.place.points(real, fake, mix))

    def at(self, critic: Critic, points: Tensor) -> Tensor:
        """The mean price of the gradients at `points` (N, ...), wherever they come from, ()."""
        return self.price.of(input_gradient(critic, points).flatten(1)).mean()

    def facts(self) -> dict[str, Any]:
        """The place, the price, which samples it reads and whether it draws random numbers, for a table."""
        place = self.place
        return {
            "place": place.name,
            "price": self.price.formula,
            "reads": list(place.reads),
            "draws": place.draw is not None,
        }

    def __repr__(self) -> str:
        return f"{self.name}: {self.price.formula} {self.place.name}"

    @property
    def __name__(self) -> str:
        """The name, as a function has it."""
        return self.name


def sample_mix(penalty: GradientPenalty, real: Tensor, *, rng: torch.Generator | None) -> Tensor | None:
    """The random numbers that `penalty` wants for the batch `real`, or None where it wants none.

    Coefficients (N,), uniform on [0, 1), between samples; Gaussian noise of the shape of `real` around the
    data; None at the data and at the generated samples. Drawn on the CPU, then moved to where `real` is.

    Raises `TypeError` where `penalty` is no `GradientPenalty`, `ValueError` where `rng` is missing.

    >>> rng = torch.Generator().manual_seed(0)
    >>> sample_mix(wgan_gp, torch.zeros(8, 3, 4, 4), rng=rng).shape
    torch.Size([8])
    """
    if not isinstance(penalty, GradientPenalty):
        raise TypeError(f"`penalty` must be a GradientPenalty, a place and a price, got {penalty!r}")
    if penalty.place.draw is None:
        return None
    if rng is None:
        raise ValueError("give `mix` or `rng`: the global random state is never read")
    return penalty.place.draw(real, rng)


# Places


def _at_real(real: Tensor, fake: Tensor, mix: Tensor | None) -> Tensor:
    return real


def _at_fake(real: Tensor, fake: Tensor, mix: Tensor | None) -> Tensor:
    return fake


def _on_segments(real: Tensor, fake: Tensor, mix: Tensor | None) -> Tensor:
    if real.shape != fake.shape:
        raise ValueError(
            f"`fake` must have the shape of `real`, {tuple(real.shape)}, got {tuple(fake.shape)}"
        )
    if mix is None or mix.shape != real.shape[:1]:
        raise ValueError(
            f"`mix` must hold one coefficient a sample, {tuple(real.shape[:1])}, got {_shape(mix)}"
        )
    if mix.device.type == "cpu" and not _in_transform() and not bool(((mix >= 0) & (mix <= 1)).all()):
        raise ValueError(f"`mix` must lie in [0, 1], got {mix.min():g} to {mix.max():g}")
    mix = mix.view(-1, *[1] * (real.ndim - 1))  # (N, 1, ..., 1)
    return mix * real + (1 - mix) * fake


def _coefficients(real: Tensor, rng: torch.Generator) -> Tensor:
    return torch.rand(real.shape[0], generator=rng, dtype=real.dtype).to(real.device)


def _coefficient_nodes(count: int, spread: float) -> tuple[Tensor, Tensor]:
    points, weights = np.polynomial.legendre.leggauss(count)
    return torch.from_numpy((points + 1) / 2)[:, None], torch.from_numpy(weights / 2)


def _with_noise(real: Tensor, fake: Tensor, mix: Tensor | None) -> Tensor:
    if mix is None or mix.shape != real.shape:
        raise ValueError(
            f"`mix` is the noise and must have the shape of `real`, {tuple(real.shape)}, got {_shape(mix)}"
        )
    return real + mix


def _noise(real: Tensor, rng: torch.Generator) -> Tensor:
    noise = torch.randn(real.shape, generator=rng, dtype=real.dtype).to(real.device)
    return 0.5 * real.std(correction=0) * noise


def _noise_nodes(count: int, spread: float) -> tuple[Tensor, Tensor]:
    points, weights = np.polynomial.hermite_e.hermegauss(count)
    scaled = torch.from_numpy(0.5 * spread * points)[:, None, None]
    return scaled, torch.from_numpy(weights / weights.sum())


AT_DATA = Place("at the data", ("real",), _at_real)
"""The real samples themselves."""

AT_GENERATED = Place("at the generated samples", ("fake",), _at_fake)
"""The generated samples themselves."""

BETWEEN = Place("between", ("real", "fake"), _on_segments, _coefficients, _coefficient_nodes)
"""On segments from generated to real samples: x̂ = mix · real + (1 - mix) · fake.

`mix`: one coefficient a sample, (N,), uniform on [0, 1). `real` and `fake` have one shape.
"""

AROUND_DATA = Place("around the data", ("real",), _with_noise, _noise, _noise_nodes)
"""The real samples with noise: x + δ.

`mix` is δ itself, of the shape of `real` and in its units: N(0, c^2 I), independent in every coordinate of
every sample, with c half the standard deviation of all entries of `real`.
"""


# Prices


def _squared_norms(gradients: Tensor) -> Tensor:
    return gradients.square().sum(1)


def _off_one(gradients: Tensor) -> Tensor:
    return (torch.linalg.vector_norm(gradients, dim=1) - 1).square()  # the norm's gradient at 0 is 0, not NaN


def _above_one(gradients: Tensor) -> Tensor:
    squares = _squared_norms(gradients)
    return (squares.clamp(min=1).sqrt() - 1).square()  # no root of a number below 1: smooth at slope 0


LENGTH = Price("n^2", _squared_norms, smooth=True)
"""The squared length itself: any slope costs. No root is taken."""

OFF_ONE = Price("(n - 1)^2", _off_one)
"""The squared distance of the length from 1: slopes below 1 and above 1 cost alike.

A flat critic costs exactly 1, and the gradient of that is taken to be 0, a subgradient of the norm.
"""

ABOVE_ONE = Price("max(0, n - 1)^2", _above_one)
"""The squared excess of the length over 1: a slope below 1 is free, as the Lipschitz condition says."""


# Penalties

wgan_gp = GradientPenalty("wgan_gp", BETWEEN, OFF_ONE)
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

wgan_lp = GradientPenalty("wgan_lp", BETWEEN, ABOVE_ONE)
"""The mean squared excess over 1 of the critic's gradient norm, on segments from fake to real.

E max(0, ‖∇f(x̂)‖ - 1)^2, the one-sided penalty: a slope below 1 is allowed, as the Lipschitz condition
says. Arguments, shapes and errors are those of `wgan_gp`.

Source: Petzka et al. 2018 [petzka2018].

>>> real, fake = torch.ones(4, 2), torch.zeros(4, 2)
>>> mix = torch.rand(4, generator=torch.Generator().manual_seed(0))
>>> [wgan_lp(lambda x: slope * x[:, 0], real, fake, mix=mix).item() for slope in (0.5, 1.0, 3.0)]
[0.0, 0.0, 4.0]
"""

r1 = GradientPenalty("r1", AT_DATA, LENGTH)
"""The mean squared gradient norm of the critic on the real samples.

E ‖∇f(x)‖^2 over `real` (N, ...), without the factor 1/2: with the weight γ/2 it is the R1 of the paper.
`fake`, `mix` and `rng` are ignored; they are there so that all penalties are called alike. Returns ().

Raises `ValueError` where the batch is empty or the critic does not return (N,).
Source: Mescheder et al. 2018, eq. 9 [mescheder2018].

>>> r1(lambda x: 2 * x.sum(1), torch.zeros(4, 3), torch.zeros(4, 3)).item()
12.0
"""

r2 = GradientPenalty("r2", AT_GENERATED, LENGTH)
"""The mean squared gradient norm of the critic on the generated samples.

E ‖∇f(x)‖^2 over `fake` (N, ...), without the factor 1/2. `real`, `mix` and `rng` are ignored. Returns ().

Raises `ValueError` where the batch is empty or the critic does not return (N,).
Source: Mescheder et al. 2018, section 4.1 [mescheder2018].

>>> r2(lambda x: x.square().sum(1), torch.zeros(4, 3), torch.ones(4, 3)).item()
12.0
"""

zero_gp = GradientPenalty("zero_gp", BETWEEN, LENGTH)
"""The mean squared gradient norm of the critic on segments from fake to real, the zero-centred penalty.

E ‖∇f(x̂)‖^2 with x̂ as for `wgan_gp`, whose arguments, shapes and errors these are.

Source: Thanh-Tung et al. 2019 [thanhtung2019].

>>> real, fake = torch.ones(4, 3), torch.zeros(4, 3)
>>> zero_gp(lambda x: 2 * x.sum(1), real, fake, mix=torch.rand(4)).item()
12.0
"""

dragan = GradientPenalty("dragan", AROUND_DATA, OFF_ONE)
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

REGULARIZERS: dict[str, GradientPenalty] = {
    penalty.name: penalty for penalty in (wgan_gp, wgan_lp, zero_gp, r1, r2, dragan)
}
"""The penalties by name.

>>> for penalty in REGULARIZERS.values():
...     print(penalty)
wgan_gp: (n - 1)^2 between
wgan_lp: max(0, n - 1)^2 between
zero_gp: n^2 between
r1: n^2 at the data
r2: n^2 at the generated samples
dragan: (n - 1)^2 around the data
"""


# Gradients


def input_gradient(critic: Critic, points: Tensor, *, name: str = "points") -> Tensor:
    """The gradient of each sample's score with respect to that sample, itself differentiable.

    `points`: (N, ...); returns the same shape. It can be differentiated again, with respect to the critic's
    parameters and to `points`, in eager code, inside `torch.func` transforms and inside `torch.compile`. In
    the latter two it is `torch.func.vjp`, elsewhere `torch.autograd.grad`, which on small networks is faster
    and gives the same numbers. A critic that does not depend on its input has the gradient 0. Attention is
    computed step by step, since its fused kernels have no second derivative.

    Raises `ValueError` where the batch is empty or the critic does not return (N,), and `TypeError` where
    `points` is not floating point, or where the critic is compiled, which takes its second derivative away.

    >>> input_gradient(lambda x: x.square().sum(1), torch.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 4.0], [6.0, 8.0]]
    """
    _check_points(points, name)
    if _in_transform():
        scores, pull_back = torch.func.vjp(lambda x: _scores(critic, x), points)[:2]
        return pull_back(torch.ones_like(scores))[0]
    differentiable = torch.is_grad_enabled()
    if differentiable:
        _check_uncompiled(critic)
    with torch.enable_grad():
        x = points if points.requires_grad else points.detach().requires_grad_()
        total = _scores(critic, x).sum()
        if not total.requires_grad:
            return torch.zeros_like(points)
        return torch.autograd.grad(total, x, create_graph=differentiable, materialize_grads=True)[0]


def _scores(critic: Critic, points: Tensor) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        scores = critic(points)
    if scores.shape != points.shape[:1]:
        raise ValueError(
            f"`critic` must return one score a sample, {tuple(points.shape[:1])}, got {_shape(scores)}"
        )
    return scores


def _in_transform() -> bool:
    """Whether a `torch.func` transform or the compiler is at work, where `requires_grad_` is forbidden."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


def _check_uncompiled(critic: Any) -> None:
    if any(
        getattr(critic, mark, None) is not None
        for mark in ("_orig_mod", "_torchdynamo_orig_callable", "_compiled_call_impl")
    ):
        raise TypeError(
            "`critic` must not be compiled: the gradient of a compiled function cannot be differentiated "
            "again; give the function itself, and compile the whole step"
        )


def _check_detached(samples: Tensor, name: str, penalty: str) -> None:
    if samples.grad_fn is not None and torch.is_grad_enabled() and not _in_transform():
        raise ValueError(
            f"`{name}` must be detached, got samples with a graph, through which {penalty} would send a "
            f"gradient to what made them: give `{name}.detach()`"
        )


def _check_points(points: Tensor, name: str) -> None:
    if not points.is_floating_point():
        raise TypeError(f"`{name}` must be floating point, got {points.dtype}")
    if points.ndim < 2 or points.shape[0] == 0:
        raise ValueError(
            f"`{name}` must be a batch (N, ...) of at least one sample, got {tuple(points.shape)}"
        )


def _shape(value: Tensor | None) -> tuple[int, ...] | None:
    return None if value is None else tuple(value.shape)
