"""Small games, the rules by which their players move, and how the motion ends.

A game here has a handful of parameters, the **state** (d,): the generator's first, then the discriminator's.
Its vector field v(state) points where each player's own loss falls fastest,

    v = (-∂L_G/∂θ, -∂L_D/∂ψ),

and it is computed by automatic differentiation through `ganlab.losses` and `ganlab.regularizers`: there is no
second formula. Expectations are sums over quadrature nodes, so that nothing here is random.

An update rule is a function `(field, state, step_size, *, previous=None) -> state`. Rules with a memory
(optimistic, heavy ball) remember one state, which is handed to them as `previous`; without it they start from
rest. So the pair (state, previous) is all there is to know, and a rule stays a pure function whose Jacobian
can be taken. All computation is in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.func import jacrev, vjp, vmap

from ganlab.lipschitz import clip_weights
from ganlab.losses import GANLoss
from ganlab.regularizers import GradientPenalty, input_gradient

__all__ = [
    "RULES",
    "Field",
    "Verdict",
    "alternating",
    "bilinear",
    "clip_discriminator",
    "consensus",
    "dirac_gan",
    "extragradient",
    "flow",
    "gaussian_mean_game",
    "heavy_ball",
    "jacobian",
    "linear_quadratic_gan",
    "optimistic",
    "simultaneous",
    "spectrum",
    "trajectory",
    "verdict",
]

Rule = Callable[..., Tensor]
Projection = Callable[[Tensor], Tensor]

_NEUTRAL = 1e-6  # growth per step up to which the spectrum decides nothing
_MIXES = 4  # values of a penalty's random number, for which a price n^2 of a quadratic critic is exact
_FLAT = 0.005  # change of log distance from one half of a run to the next that counts as none


@dataclass(frozen=True)
class Field:
    """The vector field of a game of two players: calling it on states (..., d) returns velocities (..., d).

    `losses`: the first and the second player's loss, each a function of the whole state (d,) that returns ().
    `sizes`: how many of the d parameters belong to each. For a GAN the first player is the generator.

    >>> field = bilinear()
    >>> field(torch.tensor([1.0, 2.0], dtype=torch.float64)).tolist()
    [-2.0, 1.0]
    """

    losses: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
    sizes: tuple[int, int]

    def __call__(self, state: Tensor) -> Tensor:
        """The velocities (..., d) when both players move."""
        return self.velocity(state, 0) + self.velocity(state, 1)

    def velocity(self, state: Tensor, player: int) -> Tensor:
        """The velocities (..., d) when only `player`, 0 or 1, moves: zero in the other's parameters.

        Raises `ValueError` where the last axis of `state` (..., d) is not d.
        """
        d = sum(self.sizes)
        if state.shape[-1:] != (d,):
            raise ValueError(f"`state` must have {d} entries on its last axis, got {tuple(state.shape)}")
        states = state.reshape(-1, d)
        slopes = input_gradient(_rowwise(self.losses[player], states), states, name="state")
        mine = torch.arange(d, device=state.device).lt(self.sizes[0]) == (player == 0)
        return torch.where(mine, -slopes, 0.0).view(state.shape)


def bilinear() -> Field:
    """The game f(x, y) = x y, which x wants small and y wants large; the equilibrium is 0.

    The field is v(x, y) = (-y, x): the flow runs in circles, and whether a rule converges is a matter of how
    it cuts the corners. The state is (x, y).

    Source: Daskalakis et al. 2018 [daskalakis2018].

    >>> [complex(x) for x in spectrum(bilinear(), torch.zeros(2))]
    [1j, -1j]
    """
    return Field((lambda s: s[0] * s[1], lambda s: -s[0] * s[1]), (1, 1))


def dirac_gan(
    loss: GANLoss, *, penalty: GradientPenalty | None = None, weight: float = 0.0, instance_noise: float = 0.0
) -> Field:
    """The Dirac-GAN: real data at 0, generated data at θ, discriminator with score ψ x; the equilibrium is 0.

    The state is (θ, ψ). Score high means real, so ψ here is -ψ of the paper, where the discriminator scores
    generated data high; norms and spectra are the same. For `minimax` the field is
    v = (ψ σ(θψ), -θ σ(θψ)), with Jacobian eigenvalues ± i/2 at 0.

    `penalty` is added to the discriminator's loss with `weight`: `r1` with weight γ/2 is the R1 of the paper.
    The critic is linear, its gradient ψ everywhere, so that where a penalty looks does not matter.
    `instance_noise`: standard deviation of Gaussian noise that is added to real and generated data alike.

    Raises `ValueError` for a negative weight or noise, a weight without a penalty, or noise with
    `relativistic_average`, whose batch mean is no expectation over single samples.
    Source: Mescheder et al. 2018, definition 2.1 [mescheder2018].

    >>> from ganlab.losses import non_saturating
    >>> from ganlab.regularizers import r1
    >>> for weight in (0.0, 0.25, 1.0):  # γ = 0, 1/2, 2
    ...     values = spectrum(dirac_gan(non_saturating, penalty=r1, weight=weight), torch.zeros(2))
    ...     print(*(f"{complex(x):+.4f}" for x in values))
    +0.0000+0.5000j +0.0000-0.5000j
    -0.2500+0.4330j -0.2500-0.4330j
    -0.1340+0.0000j -1.8660+0.0000j
    """
    nodes = _normal_nodes(instance_noise)
    return _scalar_gan(
        loss,
        real=nodes.points,
        generator=lambda theta: theta[0] + nodes.points,
        critic=lambda psi, x: psi[0] * x,
        sizes=(1, 1),
        weights=nodes.weights,
        penalty=penalty,
        weight=weight,
    )


def gaussian_mean_game(
    loss: GANLoss,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    penalty: GradientPenalty | None = None,
    weight: float = 0.0,
) -> Field:
    """Real data N(mean, std^2), generated data N(θ, std^2), score ψ x + b; the equilibrium is (mean, 0, 0).

    The state is (θ, ψ, b). For the logistic losses the scores include the optimal discriminator, whose logit
    log p/q is linear in x when the spreads agree. Other arguments and errors as for `dirac_gan`.

    Source: Goodfellow et al. 2014, section 4 for the optimal discriminator [goodfellow2014].

    >>> from ganlab.losses import minimax
    >>> state = torch.tensor([1.0, -1.0, 0.5], dtype=torch.float64)  # ψ and b of log p/q for θ = 1
    >>> v = gaussian_mean_game(minimax)(state)
    >>> print(f"{v[0]:.9f}")  # minus the gradient of 2 JSD
    -0.397972867
    """
    nodes = _normal_nodes(std)
    return _scalar_gan(
        loss,
        real=mean + nodes.points,
        generator=lambda theta: theta[0] + nodes.points,
        critic=lambda psi, x: psi[0] * x + psi[1],
        sizes=(1, 2),
        weights=nodes.weights,
        penalty=penalty,
        weight=weight,
    )


def linear_quadratic_gan(
    loss: GANLoss,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    penalty: GradientPenalty | None = None,
    weight: float = 0.0,
) -> Field:
    """Real data N(mean, std^2), linear generator a z + b with z ~ N(0, 1), quadratic score w x^2 + u x.

    The state is (a, b, w, u); the equilibria are a = ± std, b = mean, w = u = 0. With `wasserstein` the field
    is v = (2 w a, 2 w b + u, std^2 + mean^2 - a^2 - b^2, mean - b). Other arguments and errors as for
    `dirac_gan`; the price of the penalty can only be n^2, since quadrature does not see the kinks of others.

    Source: Nagarajan & Kolter 2017 [nagarajan2017].

    >>> from ganlab.losses import wasserstein
    >>> state = torch.tensor([2.0, 1.0, 0.5, 0.25], dtype=torch.float64)
    >>> print([round(x, 10) for x in linear_quadratic_gan(wasserstein)(state).tolist()])
    [2.0, 1.25, -4.0, -1.0]
    """
    if penalty is not None and not _checked(penalty).price.smooth:
        raise ValueError(
            "`penalty` must have the price n^2, or one as smooth, where the critic is not linear, "
            f"got {penalty}"
        )
    nodes = _normal_nodes(1.0)
    return _scalar_gan(
        loss,
        real=mean + std * nodes.points,
        generator=lambda theta: theta[0] * nodes.points + theta[1],
        critic=lambda psi, x: psi[0] * x.square() + psi[1] * x,
        sizes=(2, 2),
        weights=nodes.weights,
        penalty=penalty,
        weight=weight,
        linear=False,
    )


def simultaneous(
    field: Field, state: Tensor, step_size: float | Tensor, *, previous: Tensor | None = None
) -> Tensor:
    """The next state when both players step from where they are: z + h v(z).

    `state` (..., d); `step_size` h is a number, or (d,) for one rate a parameter. `previous` is ignored.

    >>> simultaneous(bilinear(), torch.tensor([1.0, 0.0]).double(), 0.1).tolist()
    [1.0, 0.1]
    """
    return state + step_size * field(state)


def alternating(
    field: Field, state: Tensor, step_size: float | Tensor, *, previous: Tensor | None = None
) -> Tensor:
    """The next state when the first player steps, and then the second, who sees the first one's step.

    For a GAN that is the generator and then the discriminator: the training loop's sequence, read from one
    discriminator step to the next. Arguments as for `simultaneous`.

    >>> alternating(bilinear(), torch.tensor([1.0, 1.0]).double(), 0.5).tolist()
    [0.5, 1.25]
    """
    state = state + step_size * field.velocity(state, 0)
    return state + step_size * field.velocity(state, 1)


def extragradient(
    field: Field, state: Tensor, step_size: float | Tensor, *, previous: Tensor | None = None
) -> Tensor:
    """The next state by the velocity at a point ahead: z + h v(z + h v(z)).

    Arguments as for `simultaneous`.
    Source: Korpelevich 1976 [korpelevich1976].

    >>> extragradient(bilinear(), torch.tensor([1.0, 0.0]).double(), 0.5).tolist()
    [0.75, 0.5]
    """
    return state + step_size * field(state + step_size * field(state))


def optimistic(
    field: Field, state: Tensor, step_size: float | Tensor, *, previous: Tensor | None = None
) -> Tensor:
    """The next state by twice the present velocity less the one before: z + 2 h v(z) - h v(z_previous).

    Arguments as for `simultaneous`; without `previous` the step is the simultaneous one.
    Source: Daskalakis et al. 2018 [daskalakis2018].

    >>> z = torch.tensor([1.0, 0.0]).double()
    >>> optimistic(bilinear(), z, 0.5).tolist(), optimistic(bilinear(), z, 0.5, previous=0 * z).tolist()
    ([1.0, 0.5], [1.0, 1.0])
    """
    velocity = field(state)
    past = velocity if previous is None else field(previous)
    return state + step_size * (2 * velocity - past)


def consensus(
    field: Field,
    state: Tensor,
    step_size: float | Tensor,
    *,
    previous: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """The next state when both players also shorten the velocity: z + h (v - γ ∇‖v‖^2 / 2).

    ∇‖v‖^2 / 2 is J^T v, with J the Jacobian of the field; `strength` is γ. Arguments as for `simultaneous`.
    Source: Mescheder et al. 2017 [mescheder2017].

    >>> consensus(bilinear(), torch.tensor([1.0, 0.0]).double(), 0.5).tolist()
    [0.5, 0.5]
    """
    velocity, transposed = vjp(field, state)[:2]
    return state + step_size * (velocity - strength * transposed(velocity)[0])


def heavy_ball(
    field: Field,
    state: Tensor,
    step_size: float | Tensor,
    *,
    previous: Tensor | None = None,
    momentum: float = 0.5,
    turns: bool = False,
) -> Tensor:
    """The next state with a share of the last displacement kept: z + h v(z) + β (z - z_previous).

    `momentum` β may be negative. With `turns` the players alternate, the second seeing the first one's step.
    Arguments as for `simultaneous`.
    Source: Gidel et al. 2019 [gidel2019].

    >>> z = torch.tensor([1.0, 0.0]).double()
    >>> heavy_ball(bilinear(), z, 0.5, previous=0 * z).tolist()
    [1.5, 0.5]
    """
    kept = torch.zeros_like(state) if previous is None else momentum * (state - previous)
    if not turns:
        return state + step_size * field(state) + kept
    first, second = kept.split(field.sizes, -1)
    state = state + step_size * field.velocity(state, 0) + torch.cat([first, 0 * second], -1)
    return state + step_size * field.velocity(state, 1) + torch.cat([0 * first, second], -1)


RULES: dict[str, Rule] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
    "optimistic": optimistic,
    "consensus": consensus,
    "heavy_ball": heavy_ball,
    "alternating_heavy_ball": partial(heavy_ball, turns=True),
}
"""The update rules by name, all of one signature; `consensus` and `heavy_ball` with their default strengths.

>>> RULES["extragradient"] is extragradient
True
"""


def clip_discriminator(field: Field, bound: float) -> Projection:
    """A projection of states (..., d): the discriminator's parameters clamped to [-bound, bound].

    To be given to `trajectory`, which applies it after each step.
    Source: Arjovsky et al. 2017, algorithm 1 [arjovsky2017wgan].

    >>> clip_discriminator(bilinear(), 0.5)(torch.tensor([2.0, 2.0])).tolist()
    [2.0, 0.5]
    """

    def project(state: Tensor) -> Tensor:
        state = state.clone()
        clip_weights([state[..., field.sizes[0] :]], bound)
        return state

    return project


def trajectory(
    field: Field,
    state: Tensor,
    steps: int,
    *,
    rule: Rule = simultaneous,
    step_size: float | Tensor = 0.1,
    project: Projection | None = None,
) -> Tensor:
    """The states (steps + 1, ..., d) that `rule` visits from `state` (..., d), the start included.

    Many starts are many rows, moved together. `project` is applied after every step. Nothing is checked on
    the way: a game that diverges ends in infinities. The result carries no gradient.

    Raises `ValueError` where `steps` is negative or `step_size` is not positive.

    >>> path = trajectory(bilinear(), torch.tensor([1.0, 0.0]), 2, step_size=0.5)
    >>> path.tolist()
    [[1.0, 0.0], [1.0, 0.5], [0.75, 1.0]]
    """
    if steps < 0:
        raise ValueError(f"`steps` must be 0 or more, got {steps}")
    if not bool((torch.as_tensor(step_size) > 0).all()):
        raise ValueError(f"`step_size` must be positive, got {step_size}")
    path = [torch.as_tensor(state).detach().double()]
    with torch.no_grad():
        for _ in range(steps):
            after = rule(field, path[-1], step_size, previous=path[-2] if len(path) > 1 else None)
            path.append(after if project is None else project(after))
    return torch.stack(path)


def flow(
    field: Field,
    state: Tensor,
    times: Sequence[float] | np.ndarray,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-12,
) -> Tensor:
    """The states (T, d) at `times` (T,) of dz/dt = v(z), with z = `state` (d,) at the first of them.

    Integrated by SciPy's eighth-order Runge-Kutta method; `rtol` and `atol` bound the error of each step.

    Raises `ValueError` where `times` does not increase, `RuntimeError` where the integrator gives up.

    >>> path = flow(bilinear(), torch.tensor([1.0, 0.0]), [0.0, torch.pi / 2])
    >>> bool(torch.allclose(path[1], torch.tensor([0.0, 1.0]).double(), atol=1e-9))
    True
    """
    from scipy.integrate import solve_ivp

    grid = np.asarray(times, dtype=float)
    if grid.ndim != 1 or len(grid) < 2 or not (np.diff(grid) > 0).all():
        raise ValueError(f"`times` must be at least two increasing numbers, got {times}")

    def velocity(_: float, z: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return field(torch.from_numpy(z)).numpy()

    start = torch.as_tensor(state).detach().double().numpy()
    with np.errstate(all="ignore"):  # a solution that blows up is reported below
        solution = solve_ivp(velocity, grid[[0, -1]], start, "DOP853", t_eval=grid, rtol=rtol, atol=atol)
    if not solution.success:
        raise RuntimeError(f"the integrator stopped at time {solution.t[-1]:g}: {solution.message}")
    return torch.from_numpy(solution.y.T.copy())


def jacobian(field: Field, state: Tensor) -> Tensor:
    """The Jacobian (d, d) of the vector field at `state` (d,): entry (i, j) is ∂v_i/∂z_j.

    Raises `ValueError` where it does not exist, as at a flat critic under `wgan_gp`.

    >>> jacobian(bilinear(), torch.zeros(2)).tolist()
    [[0.0, -1.0], [1.0, 0.0]]
    """
    return _finite(_derivative(field, torch.as_tensor(state).detach().double()), state)


def spectrum(
    field: Field, state: Tensor, *, rule: Rule | None = None, step_size: float | Tensor = 0.1
) -> Tensor:
    """The eigenvalues at `state` (d,) of the field's Jacobian or, given a `rule`, of one update's.

    Without a rule: (d,), largest real part first; the flow is attracted where all real parts are negative.
    With a rule: largest modulus first; steps are attracted where all moduli are below 1. A rule with a
    memory acts on (state, previous) and has 2d eigenvalues, any other has d.

    Raises `ValueError` where the Jacobian does not exist.

    >>> radius = spectrum(bilinear(), torch.zeros(2), rule=extragradient, step_size=0.5)[0].abs()
    >>> print(f"{radius:.6f} = {(1 - 0.5**2 + 0.5**4) ** 0.5:.6f}")
    0.901388 = 0.901388
    """
    if rule is None:
        return _sorted(torch.linalg.eigvals(jacobian(field, state)), lambda x: (-x.real, -x.imag))
    state = torch.as_tensor(state).detach().double()
    by_state = _finite(_derivative(lambda z: rule(field, z, step_size, previous=state), state), state)
    by_memory = _finite(_derivative(lambda z: rule(field, state, step_size, previous=z), state), state)
    if by_memory.any():
        identity = torch.eye(len(state), dtype=state.dtype)
        by_state = torch.cat([torch.cat([by_state, by_memory], 1), torch.cat([identity, 0 * identity], 1)])
    return _sorted(torch.linalg.eigvals(by_state), lambda x: (-abs(x), -x.imag))


class Verdict(NamedTuple):
    """How a motion ends, how fast, and what says so.

    `rate`: for linear convergence and for divergence the factor by which the distance changes in a step (in a
    unit of time for the flow), by the spectrum where that is the evidence; for sublinear convergence the
    exponent a of distance ~ t^-a; for a cycle the mean distance from the equilibrium; None where unknown.
    `evidence`: the spectrum at the equilibrium, or a trajectory, which can mislead where it is short.
    """

    kind: Literal["converges linearly", "converges sublinearly", "cycles", "diverges", "undecided"]
    rate: float | None
    evidence: Literal["spectrum", "trajectory"]


def verdict(
    field: Field,
    equilibrium: Tensor,
    *,
    start: Tensor,
    rule: Rule | None = None,
    step_size: float = 0.1,
    steps: int = 4096,
    project: Projection | None = None,
) -> Verdict:
    """How the motion from `start` (d,) ends, relative to `equilibrium` (d,).

    Without a rule the motion is the flow, over the time `steps` · `step_size`. It converges linearly where
    the spectrum at the equilibrium is inside the unit circle (for the flow, in the left half-plane) and the
    trajectory shrinks as it says. Where the spectrum does not decide, or speaks of a neighbourhood that the
    trajectory leaves, the largest distances over the second eighth, the second quarter and the second half of
    the run are compared: equal within 0.5 % is a cycle if the motion also crosses over, growth is divergence,
    the same loss twice is a power law unless the equilibrium repels, anything else is undecided.

    Raises `ValueError` where `steps` is below 64 or `start` is the equilibrium.

    >>> from ganlab.losses import wasserstein
    >>> one = torch.ones(2)
    >>> verdict(dirac_gan(wasserstein), 0 * one, start=one, rule=alternating, steps=200).kind
    'cycles'
    """
    if steps < 64:
        raise ValueError(f"`steps` must be at least 64 to tell one ending from another, got {steps}")
    equilibrium, start = torch.as_tensor(equilibrium).double(), torch.as_tensor(start).double()
    if torch.equal(start, equilibrium):
        raise ValueError("`start` must not be the equilibrium, where nothing moves")
    if rule is None:
        path = flow(field, start, step_size * np.arange(steps + 1), rtol=1e-6, atol=1e-9)
    else:
        path = trajectory(field, start, steps, rule=rule, step_size=step_size, project=project)
    unit = step_size if rule is None else 1.0
    growth = _growth(field, equilibrium, rule, step_size)
    return _judge(path - equilibrium, unit, growth)


def _judge(path: Tensor, unit: float, growth: float) -> Verdict:
    """The verdict on `path` (T + 1, d) around 0, steps of length `unit` apart; `growth` is the spectrum's."""
    steps, distances = len(path) - 1, path.norm(dim=-1)
    early, middle, late = (distances[steps // n : 2 * steps // n + 1].max().item() for n in (8, 4, 2))
    before, last = (math.log(max(b, 1e-300) / max(a, 1e-300)) for a, b in ((early, middle), (middle, late)))
    gone = late < 1e-6 * distances[0].item()
    if growth < -_NEUTRAL and (gone or last < growth * steps / 8):
        return Verdict("converges linearly", math.exp(growth / unit), "spectrum")
    if gone:
        return Verdict("converges linearly", None, "trajectory")
    if not last <= _FLAT:  # a NaN is not
        spread = growth > _NEUTRAL
        rate = growth if spread else 2 * last / steps
        return Verdict("diverges", math.exp(rate / unit), "spectrum" if spread else "trajectory")
    if last < -_FLAT:
        steady = not growth > _NEUTRAL and abs(last / min(before, -1e-3) - 1) < 0.25
        rate = -last / math.log(2) if steady else None
        return Verdict("converges sublinearly" if steady else "undecided", rate, "trajectory")
    turns = (path[steps // 2 :] - path[steps // 2]).norm(dim=-1).max() > late
    rate = distances[steps // 2 :].mean().item() if turns else None
    return Verdict("cycles" if turns else "undecided", rate, "trajectory")


def _growth(field: Field, equilibrium: Tensor, rule: Rule | None, step_size: float) -> float:
    """The exponent of growth per step at the equilibrium; NaN where the field has no Jacobian there."""
    try:
        values = spectrum(field, equilibrium, rule=rule, step_size=step_size)
    except ValueError:
        return math.nan
    return step_size * values.real.max().item() if rule is None else math.log(values.abs().max().item())


class _Nodes(NamedTuple):
    points: Tensor  # (K,)
    weights: Tensor  # (K,), of sum 1


def _normal_nodes(std: float) -> _Nodes:
    """Gauss-Hermite nodes for N(0, std^2), exact up to degree 159; the point 0 where std is 0."""
    if std < 0:
        raise ValueError(f"a standard deviation must be 0 or more, got {std}")
    points, weights = np.polynomial.hermite_e.hermegauss(1 if std == 0 else 80)
    return _Nodes(torch.from_numpy(std * points), torch.from_numpy(weights / weights.sum()))


def _scalar_gan(
    loss: GANLoss,
    *,
    real: Tensor,
    generator: Callable[[Tensor], Tensor],
    critic: Callable[[Tensor, Tensor], Tensor],
    sizes: tuple[int, int],
    weights: Tensor,
    penalty: GradientPenalty | None,
    weight: float,
    linear: bool = True,
) -> Field:
    """The field of a GAN on the line; `real` and `generator(theta)` are the nodes (K,), `weights` theirs.

    The slope of a `linear` critic is the same everywhere, so that any one point will do for a penalty.
    """
    if weight < 0 or (weight > 0 and penalty is None):
        raise ValueError(
            f"`weight` must be 0 or more, and 0 without a `penalty`, got {weight} with {penalty}"
        )
    if loss.whole_batch and len(real) > 1:
        raise ValueError(f"`loss` must not be {loss.name} here: it is no expectation over single samples")
    if penalty is not None:
        _checked(penalty)
    expected = partial(_expected, weights=weights, product=loss.relativistic)
    spread = float(((real - real @ weights).square() @ weights).sqrt())

    def scores(state: Tensor) -> tuple[Tensor, Tensor]:
        theta, psi = state[: sizes[0]], state[sizes[0] :]
        return critic(psi, real), critic(psi, generator(theta))

    def penalised(state: Tensor, penalty: GradientPenalty) -> Tensor:
        theta, psi = state[: sizes[0]], state[sizes[0] :]
        place = penalty.place
        law = place.nodes(1 if linear else _MIXES, spread) if place.nodes else ((None,), (1.0,))

        def at(mix: Tensor | None) -> Tensor:
            def one(x: Tensor, y: Tensor) -> Tensor:
                points = place.points(x[:, None], y[:, None], mix)
                return penalty.at(lambda p: critic(psi, p[:, 0]), points)

            product = len(place.reads) > 1 and not linear
            return _expected(one, real, generator(theta), weights=weights, product=product)

        return torch.stack([share * at(mix) for mix, share in zip(*law, strict=True)]).sum()

    def discriminator_loss(state: Tensor) -> Tensor:
        value = expected(loss.discriminator, *scores(state))
        return value if penalty is None else value + weight * penalised(state, penalty)

    return Field((lambda state: expected(loss.generator, *scores(state)), discriminator_loss), sizes)


def _checked(penalty: object) -> GradientPenalty:
    if not isinstance(penalty, GradientPenalty):
        raise TypeError(f"`penalty` must be a GradientPenalty, a place and a price, got {penalty!r}")
    return penalty


def _expected(
    term: Callable[[Tensor, Tensor], Tensor], first: Tensor, second: Tensor, *, weights: Tensor, product: bool
) -> Tensor:
    """The expectation of `term`, taken one node at a time as a batch of one.

    A term that is a sum of a function of `first` and one of `second` needs no `product` of the two.
    """
    if len(weights) == 1:
        return term(first, second)
    if product:
        first, second = first.repeat_interleave(len(weights)), second.repeat(len(weights))
        weights = torch.outer(weights, weights).flatten()
    return vmap(term)(first[:, None], second[:, None]) @ weights


def _rowwise(loss: Callable[[Tensor], Tensor], states: Tensor) -> Callable[[Tensor], Tensor]:
    return vmap(loss) if len(states) > 1 else lambda rows: loss(rows[0])[None]


def _derivative(function: Callable[[Tensor], Tensor], state: Tensor) -> Tensor:
    return cast(Tensor, jacrev(function)(state))


def _finite(matrix: Tensor, state: Tensor) -> Tensor:
    if not bool(torch.isfinite(matrix).all()):
        raise ValueError(f"`field` must be differentiable at `state`, it is not at {state.tolist()}")
    return matrix


def _sorted(values: Tensor, key: Callable[[complex], tuple[float, float]]) -> Tensor:
    return torch.tensor(sorted((complex(x) for x in values), key=key), dtype=torch.complex128)
