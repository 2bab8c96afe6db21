"""What the chapter on the Wasserstein distance claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import linprog

from equations import Equation, proved
from equations.oracles import vector
from equations.reading import holds, strictly, touches
from ganlab import divergences, losses, regularizers, transport
from ganlab.training import Draw, Penalty, Rules, discriminator_objective

Vector = mpmath.matrix
Function = Callable[[Any], Any]


def clouds(count: int = 3, size: int = 5, dim: int = 2) -> Iterator[tuple[Any, ...]]:
    """Points (K, dim) and two laws on them; in the last pair each has a point without mass."""
    rng = torch.Generator().manual_seed(0)
    for number in range(count):
        points = torch.randn(size, dim, generator=rng, dtype=torch.float64)
        p, q = torch.rand(2, size, generator=rng, dtype=torch.float64).softmax(1).numpy()
        if number == count - 1:
            p[0] = q[1] = 0
        yield points, p / p.sum(), q / q.sum()


def distance(points: torch.Tensor) -> Function:
    """The package's distance of two laws on these points, which are vectors or lists of pairs."""

    def weights(law: Any) -> torch.Tensor:
        return torch.from_numpy(vector([pair[0] for pair in law] if isinstance(law, list) else law))

    return lambda p, q: float(transport.wasserstein_1(weights(p), weights(q), points))


def law(weights: np.ndarray) -> list[Any]:
    return list(zip(weights.tolist(), range(len(weights)), strict=True))


# The distance


def the_cheapest_plan(latex: str) -> bool:
    """The programme over all couplings, solved by SciPy, against the package."""
    for points, p, q in clouds():
        vectors = [Vector(point) for point in points.tolist()]
        pairs = [(x, y) for x in vectors for y in vectors]

        def least(cost: Function, p: Any = p, q: Any = q, pairs: Any = pairs) -> float:
            k = len(p)
            rows = np.kron(np.eye(k), np.ones(k))
            columns = np.kron(np.ones(k), np.eye(k))
            costs = [float(cost([(1, pair)])) for pair in pairs]
            plan = linprog(costs, A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([p, q]))
            return float(cost(list(zip(plan.x, pairs, strict=True))))

        assert holds(latex, p=p, q=q, inf=least, W_1=distance(points))
    return True


def best_critic(gains: Any, points: torch.Tensor) -> np.ndarray:
    """The 1-Lipschitz values on the points that earn most, by SciPy's linear programme."""
    far = torch.cdist(points, points).numpy()
    k = len(far)
    rises = np.array([np.eye(k)[i] - np.eye(k)[j] for i in range(k) for j in range(k)])
    return linprog(-np.asarray(gains), A_ub=rises, b_ub=far.flatten(), bounds=[(0, None)] * k).x


def the_best_critic(latex: str) -> bool:
    """The programme over all 1-Lipschitz functions, solved by SciPy, against the package."""
    for points, p, q in clouds():

        def greatest(earned: Function, points: Any = points) -> float:
            gains = [float(earned(lambda x, i=i: float(x == i))) for i in range(len(points))]
            return float(earned(best_critic(gains, points).__getitem__))

        assert holds(latex, p=law(p), q=law(q), sup=greatest, W_1=distance(points))
    return proved("kantorovich_rubinstein")


def quantile_by_quantile(latex: str) -> bool:
    """For finite laws on the line, quantiles by search, against the linear programme of POT."""
    for points, p, q in clouds(dim=1):
        line, order = points[:, 0].sort()
        order = order.numpy()
        levels = {name: weights[order].cumsum() for name, weights in (("Q_p", p), ("Q_q", q))}

        def quantile(u: float, name: str, line: Any = line, levels: Any = levels) -> float:
            return float(line[int((levels[name] < u).sum())])

        ends = sorted({0.0, *levels["Q_p"].tolist()[:-1], *levels["Q_q"].tolist()[:-1], 1.0})
        uniform = [(b - a, (a + b) / 2) for a, b in pairwise(ends)]
        quantiles = {name: lambda u, name=name: quantile(u, name) for name in levels}
        far = torch.cdist(points, points)

        def programme(p: Any, q: Any, far: Any = far) -> float:
            return float(transport.transport_cost(*(torch.from_numpy(vector(x)) for x in (p, q)), far))

        assert holds(latex, p=p, q=q, U=uniform, **quantiles, W_1=programme)
    return True


def parallel(latex: str) -> bool:
    """For lines of seven points, both divergences by the package."""
    z = torch.linspace(0, 1, 7, dtype=torch.float64)
    even, none = torch.full((7,), 1 / 7, dtype=torch.float64), torch.zeros(7, dtype=torch.float64)
    for theta in (-2.0, 0.3, 5.0):
        points = torch.stack([torch.cat([0 * z, 0 * z + theta]), torch.cat([z, z])], 1)
        env = {"p": torch.cat([even, none]), "theta": mpmath.mpf(theta)}
        family = {"q": lambda theta: torch.cat([none, even])}
        distances = {
            "W_1": lambda p, q, points=points: float(transport.wasserstein_1(p, q, points)),
            "JSD": lambda p, q: float(divergences.jensen_shannon(p, q)),
        }
        assert holds(latex, **env, **family, **distances)
    return proved("parallel_lines")


def the_scale(latex: str) -> bool:
    """For random critics on points, K their steepest slope; an equality for the best one, times K."""
    random = Random(1)
    for points, p, q in clouds(10):
        far, values = torch.cdist(points, points), [random.uniform(-3, 3) for _ in range(5)]
        f = torch.tensor(values, dtype=torch.float64)
        steepest = ((f[:, None] - f).abs() / far.clamp(min=1e-9)).max()
        known = {"p": law(p), "q": law(q), "W_1": distance(points)}
        assert strictly(latex, **known, f=values.__getitem__, K=float(steepest))
        best = best_critic(p - q, points)
        for scale in (0.25, 1, 3):
            assert touches(latex, **known, f=(scale * best).__getitem__, K=scale)
    return True


# The losses and the penalty


def the_losses(latex: str) -> bool:
    """Against the package's losses on random scores."""
    rng = torch.Generator().manual_seed(2)
    for _ in range(5):
        real, fake = torch.randn(2, 6, generator=rng, dtype=torch.float64)
        scores = torch.cat([real, fake]).tolist()
        laws = {name: [(1 / 6, i) for i in range(6)] for name in ("p_data", "p_z")}
        env = {"f": scores.__getitem__, "G": lambda z: z + 6}
        pair = losses.wasserstein
        values = {"L_D": float(pair.discriminator(real, fake)), "L_G": float(pair.generator(real, fake))}
        assert holds(latex, **laws, **env, **values)
    return True


def critic(x: torch.Tensor) -> torch.Tensor:
    """A curved critic whose gradient is written out below."""
    return (x[:, 0] * x[:, 1]).sin() + x[:, 0]


def slope(x: Vector) -> Vector:
    """The gradient of `critic` at one point."""
    inner = mpmath.cos(x[0] * x[1])
    return Vector([x[1] * inner + 1, x[0] * inner])


def pairs(count: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(3)
    real, fake = torch.randn(2, count, 2, generator=rng, dtype=torch.float64)
    return real, fake, torch.rand(count, generator=rng, dtype=torch.float64)


def the_points_between(latex: str) -> bool:
    """Against the points at which the package asks a critic."""
    real, fake, mix = pairs()
    asked: list[torch.Tensor] = []

    def spy(x: torch.Tensor) -> torch.Tensor:
        asked.append(x.detach())
        return critic(x)

    regularizers.wgan_gp(spy, real, fake, mix=mix)
    for x, y, alpha, seen in zip(*(t.tolist() for t in (real, fake, mix, asked[0])), strict=True):
        assert holds(latex, x=Vector(x), y=Vector(y), alpha=mpmath.mpf(alpha), **{"hat x": Vector(seen)})
    return True


def a_penalty(latex: str, name: str, function: Function) -> bool:
    """Against the package's penalty, which finds the gradient by itself."""
    real, fake, mix = pairs()
    points = mix[:, None] * real + (1 - mix[:, None]) * fake
    between = [(1 / 6, Vector(point)) for point in points.tolist()]
    value = float(function(critic, real, fake, mix=mix).detach())
    drawn = Draw(real, torch.zeros(6, 1), (mix,))
    rules = Rules(losses.wasserstein, (Penalty(function, 1.0),))
    _, row = discriminator_objective(critic, fake, drawn, rules)
    assert abs(float(row["penalty"].detach()) - value) < 1e-12
    return holds(latex, **{"hat p": between, "nabla f": slope, name: value})


def the_second_derivative(latex: str) -> bool:
    """By numerical differentiation, beside the derivation."""
    random = Random(4)
    with mpmath.workdps(40):
        for _ in range(10):
            w = [mpmath.mpf(random.uniform(-2, 2)) for _ in range(2)]
            weight = mpmath.mpf(random.uniform(0.1, 10))
            assert holds(latex, w=Vector(w), w_1=w[0], w_2=w[1], **{"lambda": weight})
    return proved("penalty_gradient")


def the_soft_wall(latex: str) -> bool:
    """By the root of the numerical slope, in thirty digits, which no other point undercuts."""
    with mpmath.workdps(30):
        for delta, weight in (("1", "10"), ("1", "0.1"), ("3", "1"), ("0.2", "2")):
            env = {"Delta": mpmath.mpf(delta), "lambda": mpmath.mpf(weight)}
            best = mpmath.findroot(lambda w, env=env: mpmath.diff(lambda at: soft_loss(at, env), w), 1.5)
            assert holds(latex, **env, **{"w*": best}, min=lambda of, best=best: lowest(of, best))
    return proved("penalty_bias")


def soft_loss(w: Any, env: dict[str, Any]) -> Any:
    return -w * env["Delta"] + env["lambda"] * (abs(w) - 1) ** 2


def lowest(of: Function, at: Any) -> Any:
    """The value at a point, where none on a wide grid is below it."""
    assert all(of(at) <= of(mpmath.mpf(i) / 10) for i in range(-100, 101))
    return of(at)


def _exercise_1() -> list[Any]:
    norm, gained = mpmath.sqrt(mpmath.mpf("1.5") ** 2 + 4), 1
    right = gained + 10 * (norm - 1) ** 2
    squared = gained + 10 * (norm**2 - 1) ** 2
    light = gained + (norm - 1) ** 2
    return [right, right - 2, squared, gained + 10 * norm**2, right - gained, light]


def _settled(delta: float, weight: float) -> Any:
    return 1 + mpmath.mpf(delta) / (2 * mpmath.mpf(weight))


def _fine_of_the_flat_critic() -> list[Any]:
    """Data at 0 and 10, generated points at 1 and 9: from 1 to 9 the slope is zero, and the fine one."""
    flat = [max(0, min(9, max(pair)) - max(1, min(pair))) / abs(pair[0] - pair[1]) for pair in _PAIRS]
    return [10, sum(flat) / 4]


_PAIRS = [(real, fake) for real in (0, 10) for fake in (1, 9)]
QUIZ = {
    "penalty-by-hand": lambda: 10 * (mpmath.mpf(2) - 1) ** 2,
    "slopes-in-order": lambda: [_settled(0, 10), _settled(1, 10), _settled(1, 1), _settled(1, 0.1)],
}
SAID = {
    "norm-one": _fine_of_the_flat_critic,
    "slopes-in-order": lambda: [10, 0.1, 1 / 20, 1 / 2, 5],
    "exercise 1": lambda: [10],
    "exercise 3": lambda: [10],
}
EXERCISES = {"1": _exercise_1, "3": lambda: [_settled(3, 1), mpmath.mpf(1), _settled(3, 10)]}

EQUATIONS = [
    Equation(
        "wgan-primal",
        r"W_1(p, q) = \inf_{\pi \in \Pi(p, q)} \mathbb{E}_{(x, y) \sim \pi}[\|x - y\|]",
        the_cheapest_plan,
    ),
    Equation(
        "wgan-dual",
        r"W_1(p, q) = \sup_{f \in \mathcal{F}_1}"
        r" \left( \mathbb{E}_{x \sim p}[f(x)] - \mathbb{E}_{x \sim q}[f(x)] \right)",
        the_best_critic,
    ),
    Equation(
        "wgan-line",
        r"W_1(p, q) = \mathbb{E}_{u \sim U}[|Q_p(u) - Q_q(u)|]",
        quantile_by_quantile,
    ),
    Equation(
        "wgan-lines",
        r"W_1(p, q_\theta) = |\theta|, \qquad \mathrm{JSD}(p, q_\theta) = \log 2",
        parallel,
    ),
    Equation(
        "wgan-critic",
        r"""
        \begin{aligned}
        L_D &= \mathbb{E}_{z \sim p_z}[f(G(z))] - \mathbb{E}_{x \sim p_{\text{data}}}[f(x)], \\
        L_G &= -\mathbb{E}_{z \sim p_z}[f(G(z))]
        \end{aligned}
        """,
        the_losses,
    ),
    Equation(
        "wgan-bound",
        r"\mathbb{E}_{x \sim p}[f(x)] - \mathbb{E}_{x \sim q}[f(x)] \le K \, W_1(p, q)",
        the_scale,
    ),
    Equation("wgan-mix", r"\hat{x} = \alpha x + (1 - \alpha) y", the_points_between),
    Equation(
        "wgan-penalty",
        r"P = \mathbb{E}_{\hat{x} \sim \hat{p}}[(\|\nabla f(\hat{x})\| - 1)^{2}]",
        lambda latex: a_penalty(latex, "P", regularizers.wgan_gp),
    ),
    Equation(
        "wgan-gradient",
        r"\frac{\partial}{\partial w_1} \lambda \left( \sqrt{w_1^{2} + w_2^{2}} - 1 \right)^{2}"
        r" = 2 \lambda (\|w\| - 1) \frac{w_1}{\|w\|}",
        the_second_derivative,
    ),
    Equation(
        "wgan-one-sided",
        r"P_1 = \mathbb{E}_{\hat{x} \sim \hat{p}}[\max(0, \|\nabla f(\hat{x})\| - 1)^{2}]",
        lambda latex: a_penalty(latex, "P_1", regularizers.wgan_lp),
    ),
    Equation(
        "wgan-bias",
        r"w^{*} = 1 + \frac{\Delta}{2 \lambda}, \qquad"
        r" \min_{w} (-w \Delta + \lambda (|w| - 1)^{2}) = -\Delta - \frac{\Delta^{2}}{4 \lambda}",
        the_soft_wall,
        {
            r"\min_{w}( - w\Delta + \lambda({w} - 1)^{2}) = - \Delta - \frac{\Delta^{2}}{4\lambda}": (
                "the least value is where w is above one, and on the left the loss only grows"
            )
        },
    ),
]
