"""What the chapter on the Wasserstein distance claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise, permutations
from random import Random
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import linear_sum_assignment, linprog
from scipy.stats import wasserstein_distance

from equations import Equation, proved
from equations.oracles import of_laws, vector
from equations.reading import holds, strictly, touches
from ganlab import divergences, losses, networks, regularizers, transport
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


def best_plan(costs: Any, p: Any, q: Any) -> np.ndarray:
    """The masses that the cheapest plan moves between each two points, by SciPy's linear programme."""
    k = len(p)
    rows, columns = np.kron(np.eye(k), np.ones(k)), np.kron(np.ones(k), np.eye(k))
    return linprog(costs, A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([p, q])).x


def the_cheapest_plan(latex: str) -> bool:
    """The programme over all couplings, solved by SciPy, against the package."""
    for points, p, q in clouds():
        vectors = [Vector(point) for point in points.tolist()]
        pairs = [(x, y) for x in vectors for y in vectors]

        def least(cost: Function, p: Any = p, q: Any = q, pairs: Any = pairs) -> float:
            costs = [float(cost([(1, pair)])) for pair in pairs]
            return float(cost(list(zip(best_plan(costs, p, q), pairs, strict=True))))

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


def where_mass_moves(latex: str) -> bool:
    """For the plan and the critic that two programmes of SciPy find apart: each move of any mass."""
    for points, p, q in clouds():
        far, best = torch.cdist(points, points).numpy(), best_critic(p - q, points)
        masses = best_plan(far.flatten(), p, q).reshape(far.shape)
        moves = [(i, j) for i, j in zip(*np.nonzero(masses > 1e-9), strict=True) if i != j]
        assert len(moves) >= 3
        known = {tuple(point): value for point, value in zip(points.tolist(), best, strict=True)}
        potential = {"f*": lambda at, known=known: known[tuple(map(float, at))]}
        for i, j in moves:
            assert holds(latex, x=Vector(points[i].tolist()), y=Vector(points[j].tolist()), **potential)
    return proved("critic_follows_the_plan")


def area_between(latex: str) -> bool:
    """For finite distributions on the line, their functions by counting, against SciPy's distance."""
    for points, p, q in clouds(dim=1):
        line = points[:, 0].numpy()
        places = np.sort(line)

        def area(of: Function, places: Any = places) -> Any:
            return sum((b - a) * of((a + b) / 2) for a, b in pairwise(places))

        def function(weights: Any, line: Any = line) -> Function:
            return lambda x: float(weights[line <= x].sum())

        scipys = of_laws(lambda a, b, x=line: wasserstein_distance(x, x, vector(a), vector(b)))
        env = {"int": area, "F_p": function(p), "F_q": function(q), "W_1": scipys}
        assert holds(latex, p=p, q=q, **env)
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
    return proved("sorted_pairs") and proved("kantorovich_rubinstein")


def values_with_room(far: np.ndarray) -> np.ndarray:
    """What a best critic says of real points, so that it has no kink at the generated ones, by SciPy.

    Each generated point has a partner in the best matching; the programme makes the least lead of the
    partner, over all other real points from which the critic could fall to it, as large as it can be.
    """
    k, (_, partner) = len(far), linear_sum_assignment(far.T)  # for each generated point its real one
    others = [(j, i) for j in range(k) for i in range(k) if i != partner[j]]
    rows, room = np.zeros((len(others), k + 1)), np.zeros(len(others))
    for row, (j, i) in enumerate(others):
        rows[row, [i, partner[j], k]] = 1, -1, 1
        room[row] = far[i, j] - far[partner[j], j]
    found = linprog([*[0] * k, -1], A_ub=rows, b_ub=room, bounds=[(0, None)] * (k + 1)).x
    assert found[-1] > 0.01, "two matchings are nearly as good"
    return found[:-1]


def the_slope_of_the_distance(latex: str) -> bool:
    """Four points and four that a map makes: the best of all matchings, beside one fixed best critic."""
    rng = torch.Generator().manual_seed(5)
    real, noise = (
        [Vector(point) for point in points.tolist()]
        for points in torch.randn(2, 4, 2, generator=rng, dtype=torch.float64)
    )
    theta = mpmath.mpf("0.7")

    def made(theta: Any) -> Function:
        return lambda z: Vector([z[0] + theta * z[1], theta**2 - z[1]])

    def cheapest(p: Any, q: Any) -> Any:
        ways = ([mpmath.norm(x - y) for x, y in zip(p, order, strict=True)] for order in permutations(q))
        return min(sum(way) / 4 for way in ways)

    generated = [made(theta)(z) for z in noise]
    values = values_with_room(np.array([[float(mpmath.norm(x - y)) for y in generated] for x in real]))

    def best(at: Vector) -> Any:
        return max(value - mpmath.norm(at - x) for value, x in zip(values, real, strict=True))

    family = {"q": lambda theta: [made(theta)(z) for z in noise], "G": made}
    env = {"p_z": [(mpmath.mpf(1) / 4, z) for z in noise], "f*": best, "W_1": cheapest}
    assert abs(sum(map(best, real)) - sum(map(best, generated)) - 4 * cheapest(real, generated)) < 1e-6
    return holds(latex, theta=theta, p=real, **family, **env) and proved("descent_of_the_distance")


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
    return proved("steep_critic")


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


def the_clipped_slope(latex: str) -> bool:
    """By autograd, for rectified networks: clipped at random, strictly; an equality with all at the bound."""
    rng = torch.Generator().manual_seed(6)
    for layers, units, size, c in ((2, 3, 2, 0.5), (3, 4, 5, 0.7), (4, 8, 2, 0.1)):
        net = networks.mlp_discriminator(
            (size,), rng=rng, width=units, depth=layers - 1, activation=torch.nn.ReLU
        ).double()
        env = {"c": mpmath.mpf(c), "ell": layers, "M": units, "n": size, "x": 0}
        for judge in (strictly, touches):
            for weight in net.parameters():
                weight.data.uniform_(-c, c, generator=rng) if judge is strictly else weight.data.fill_(c)
            at = torch.rand(1, size, generator=rng, dtype=torch.float64)
            gradient = Vector(regularizers.input_gradient(net, at)[0].tolist())
            assert judge(latex, **env, **{"nabla f": lambda x, gradient=gradient: gradient})
    return proved("clipped_slope")


def the_wrong_slopes(latex: str) -> bool:
    """A linear critic on the line and the wrong penalties of a batch, by the root of a numerical slope."""
    wrong = {  # from the gradients of N scores in N samples
        "w_mean": lambda slopes: sum((abs(slope / len(slopes)) - 1) ** 2 for slope in slopes) / len(slopes),
        "w_batch": lambda slopes: (mpmath.sqrt(sum(slope**2 for slope in slopes)) - 1) ** 2,
    }
    with mpmath.workdps(30):
        for count, delta, weight in ((4, 1, 10), (8, 3, 1), (64, 2, 5)):
            env = {"N": count, "Delta": mpmath.mpf(delta), "lambda": mpmath.mpf(weight)}
            for name, fine in wrong.items():

                def loss(w: Any, fine: Any = fine, count: int = count, env: Any = env) -> Any:
                    return -w * env["Delta"] + env["lambda"] * fine([w] * count)

                start = count if name == "w_mean" else mpmath.mpf(1) / 2
                env[name] = mpmath.findroot(lambda w, loss=loss: mpmath.diff(loss, w), start)
            assert holds(latex, **env)
    return proved("penalty_on_a_wrong_norm")


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


def _exercise_2() -> list[Any]:
    """By SciPy; the mean, the differences without lengths and the total variation, by their definitions."""
    places, p, q = [0, 1, 2, 3, 5], [0.5, 0.25, 0, 0, 0.25], [0.25, 0, 0.5, 0.25, 0]
    apart = np.subtract(p, q)
    means = abs(np.dot(apart, places))
    return [
        wasserstein_distance(places, places, p, q),
        means,
        abs(apart.cumsum()).sum(),
        abs(apart).sum() / 2,
    ]


def _exercise_4() -> list[Any]:
    """Four layers of 128 units, points in the plane; the wrong counts of paths and of coordinates."""
    fourth = [mpmath.sqrt(2) * 128**3, mpmath.sqrt(2) * 128**4, mpmath.mpf(128) ** 3, mpmath.sqrt(2)]
    return [1 / mpmath.root(paths, 4) for paths in fourth]


def _exercise_6() -> list[Any]:
    matrix = np.array([[2.0, 1.0], [0.0, 2.0]])
    largest = np.linalg.svd(matrix, compute_uv=False).max()
    return [largest, abs(np.linalg.eigvals(matrix)).max(), np.linalg.norm(matrix), largest**2]


def _exercise_9() -> list[Any]:
    earned, paid = mpmath.mpf("20.62"), mpmath.mpf("92.21")
    return [earned / (1 + mpmath.sqrt(paid)), earned, earned / paid, earned / mpmath.sqrt(paid)]


def _exercise_11() -> list[Any]:
    """The critic is the sum of the squares of a sample, whose gradient is twice the sample."""
    cases = [
        ([[3.0, 1]], [[1.0, 2]], [0.5]),
        ([[1.0, 0, 0, 0], [1.0] * 4], [[0.0] * 4, [3.0] * 4], [0.5, 0.25]),
    ]

    def over(fine: Function, swap: bool = False) -> list[Any]:
        values = []
        for real, fake, alpha in cases:
            share = 1 - np.array(alpha) if swap else np.array(alpha)
            points = share[:, None] * np.array(real) + (1 - share[:, None]) * np.array(fake)
            values.append(fine(2 * points))
        return values

    def each(slopes: Any) -> Any:
        return (np.linalg.norm(slopes, axis=1) - 1) ** 2

    return [
        over(lambda slopes: each(slopes).mean()),
        over(lambda slopes: each(slopes / len(slopes)).mean()),
        over(lambda slopes: (np.linalg.norm(slopes) - 1) ** 2),
        over(lambda slopes: each(slopes).sum()),
        over(lambda slopes: each(slopes).mean(), swap=True),
    ]


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
    "exercise 5": lambda: [10],
    "exercise 7": lambda: [128],
    "exercise 9": lambda: [1.92],
    "exercise 11": lambda: [3, 4],
}
EXERCISES = {
    "1": _exercise_1,
    "2": _exercise_2,
    "4": _exercise_4,
    "5": lambda: [_settled(3, 1), mpmath.mpf(1), _settled(3, 10)],
    "6": _exercise_6,
    "9": _exercise_9,
    "11": _exercise_11,
}

EQUATIONS = [
    Equation(
        "wgan-primal",
        r"W_1(p, q) = \inf_{\gamma \in \Gamma(p, q)} \mathbb{E}_{(x, y) \sim \gamma}[\|x - y\|]",
        the_cheapest_plan,
    ),
    Equation(
        "wgan-dual",
        r"W_1(p, q) = \sup_{f \in \mathcal{F}_1}"
        r" \left( \mathbb{E}_{x \sim p}[f(x)] - \mathbb{E}_{x \sim q}[f(x)] \right)",
        the_best_critic,
    ),
    Equation("wgan-slackness", r"f^{*}(x) - f^{*}(y) = \|x - y\|", where_mass_moves),
    Equation("wgan-area", r"W_1(p, q) = \int |F_p(x) - F_q(x)| \, dx", area_between),
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
        "wgan-descent",
        r"\frac{\partial}{\partial \theta} W_1(p, q_\theta)"
        r" = -\frac{\partial}{\partial \theta} \mathbb{E}_{z \sim p_z}[f^{*}(G_\theta(z))]",
        the_slope_of_the_distance,
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
    Equation("wgan-clip", r"\|\nabla f(x)\| \le c^{\ell} M^{\ell - 1} \sqrt{n}", the_clipped_slope),
    Equation("wgan-mix", r"\hat{x} = \alpha x + (1 - \alpha) y", the_points_between),
    Equation(
        "wgan-penalty",
        r"\mathrm{GP} = \mathbb{E}_{\hat{x} \sim \hat{p}}[(\|\nabla f(\hat{x})\| - 1)^{2}]",
        lambda latex: a_penalty(latex, "GP", regularizers.wgan_gp),
    ),
    Equation(
        "wgan-gradient",
        r"\frac{\partial}{\partial w_1} \lambda \left( \sqrt{w_1^{2} + w_2^{2}} - 1 \right)^{2}"
        r" = 2 \lambda (\|w\| - 1) \frac{w_1}{\|w\|}",
        the_second_derivative,
    ),
    Equation(
        "wgan-one-sided",
        r"\mathrm{LP} = \mathbb{E}_{\hat{x} \sim \hat{p}}[\max(0, \|\nabla f(\hat{x})\| - 1)^{2}]",
        lambda latex: a_penalty(latex, "LP", regularizers.wgan_lp),
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
    Equation(
        "wgan-wrong",
        r"w_{\text{mean}} = N + \frac{N^{2} \Delta}{2 \lambda}, \qquad"
        r" w_{\text{batch}} = \frac{1}{\sqrt{N}} + \frac{\Delta}{2 \lambda N}",
        the_wrong_slopes,
    ),
]
