"""What the chapter on the variants claims: each equation, as printed, against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

import mpmath
import numpy as np
import torch
from scipy.optimize import linprog
from scipy.special import expit
from torch import nn
from torch.nn.functional import conv2d, pad

from equations import Equation, proved
from equations.oracles import jsd, tv, vector
from equations.reading import holds, strictly, touches
from ganlab import lipschitz, losses, transport
from ganlab.losses import GANLoss

Function = Callable[[Any], Any]
Vector = mpmath.matrix

RIGHT_ANGLE = "at a right angle a step and the one back are equally long"
NOTHING = "a number that is zero is zero with any factor"
COUNTS = (((1, 2, 3, 4), (4, 1, 3, 2)), ((5, 1, 2, 2), (1, 2, 3, 4)), ((2, 2, 5, 1), (3, 3, 2, 2)))
"""How many of ten samples lie at each of four places, real and generated."""


def laws(counts: Any) -> tuple[np.ndarray, np.ndarray]:
    p, q = (np.array(count) / sum(count) for count in counts)
    return p, q


def law(weights: np.ndarray) -> list[Any]:
    return list(zip(weights.tolist(), range(len(weights)), strict=True))


def weights(of: Any) -> np.ndarray:
    """The masses of a law, given as pairs or as a vector."""
    return vector([pair[0] for pair in of] if isinstance(of, list) else of)


def samples(counts: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The places of ten real and of ten generated samples."""
    real, fake = (torch.repeat_interleave(torch.arange(len(c)), torch.tensor(c)) for c in counts)
    return real, fake


def loss_of(pair: GANLoss, counts: Any) -> Function:
    """The discriminator's loss of the package for scores by place; paired losses see each pair once."""
    real, fake = samples(counts)
    if pair.name == "relativistic_pairing":
        real, fake = real.repeat_interleave(len(fake)), fake.repeat(len(real))

    def loss(f: Any) -> torch.Tensor:
        scores = torch.as_tensor(f, dtype=torch.float64)
        return pair.discriminator(scores[real], scores[fake])

    return loss


@cache
def bottom(name: str, counts: Any) -> np.ndarray:
    """Where a smooth convex loss of scores by place is least, by Newton's method from zero.

    A constant that is added to all scores may leave the loss as it is.
    """
    loss = loss_of(losses.LOSSES[name], counts)
    f = torch.zeros(len(counts[0]), dtype=torch.float64)
    for _ in range(60):
        slope = torch.func.grad(loss)(f)
        bend = torch.func.jacrev(torch.func.grad(loss))(f)
        step, size_of_step = torch.linalg.pinv(bend, rtol=1e-10) @ slope, 1.0
        while loss(f - size_of_step * step) > loss(f) and size_of_step > 1e-9:
            size_of_step /= 2
        f = f - size_of_step * step
    assert torch.func.grad(loss)(f).abs().max() < 1e-12
    return f.numpy()


# Prices and their best scores

PRICES: dict[str, tuple[Function, Function, Callable[[Any, Any], Any]]] = {
    "logistic": (
        lambda f: mpmath.log1p(mpmath.exp(-f)),
        lambda f: mpmath.log1p(mpmath.exp(f)),
        lambda p, q: mpmath.log(p / q),
    ),
    "least squares": (lambda f: (f - 1) ** 2, lambda f: f**2, lambda p, q: p / (p + q)),
    "exponential": (lambda f: mpmath.exp(-f), mpmath.exp, lambda p, q: mpmath.log(p / q) / 2),
}


def the_rule(latex: str) -> bool:
    """For three pairs of prices, at best scores that are known in closed form."""
    with mpmath.workdps(30):
        for real, fake, best in PRICES.values():
            for p, q in ((0.2, 0.7), (1.5, 0.3), (0.9, 1.1)):
                p, q = mpmath.mpf(p), mpmath.mpf(q)
                assert holds(latex, p=p, q=q, f=best(p, q), ell_r=real, ell_g=fake)
    return True


def triangular(p: Any, q: Any) -> float:
    a, b = weights(p), weights(q)
    return float(((a - b) ** 2 / (a + b)).sum())


def the_squares(latex: str) -> bool:
    """The least loss of the package over scores by place, found by Newton's method."""
    for counts in COUNTS:
        p, q = laws(counts)
        loss = loss_of(losses.least_squares, counts)
        best = bottom("least_squares", counts)
        env = {"min": lambda of, best=best: of(best), "L_D": lambda f, loss=loss: float(loss(f))}
        answers = {"D*": lambda x, p=p, q=q: p[x] / (p[x] + q[x])}
        assert holds(latex, p=law(p), q=law(q), Delta=triangular, **env, **answers)
    return proved("least_squares_value")


def best_hinge(p: np.ndarray, q: np.ndarray, far: np.ndarray | None = None) -> np.ndarray:
    """The scores by place with the least hinge loss, of slope at most one where distances are given."""
    k = len(p)
    eye, none = np.eye(k), np.zeros((k, k))
    rows, room = [np.hstack([-eye, -eye, none]), np.hstack([eye, none, -eye])], [-np.ones(2 * k)]
    if far is not None:
        rises = np.array([eye[i] - eye[j] for i in range(k) for j in range(k)])
        rows.append(np.hstack([rises, np.zeros((k * k, 2 * k))]))
        room.append(far.flatten())
    found = linprog(
        np.concatenate([np.zeros(k), p, q]),
        A_ub=np.vstack(rows),
        b_ub=np.concatenate(room),
        bounds=[(None, None)] * k + [(0, None)] * 2 * k,
    )
    assert found.success
    return found.x[:k]


def variation(p: Any, q: Any) -> float:
    return tv(weights(p), weights(q))


def the_hinge(latex: str) -> bool:
    """The least loss of the package by a linear programme."""
    for counts in COUNTS:
        p, q = laws(counts)
        loss, best = loss_of(losses.hinge, counts), best_hinge(p, q)
        env = {"min": lambda of, best=best: of(best), "L_D": lambda f, loss=loss: float(loss(f))}
        assert holds(latex, p=law(p), q=law(q), TV=variation, **env)
    return proved("hinge_total_variation")


def the_held_hinge(latex: str) -> bool:
    """By a linear programme over scores of slope at most one; two points at a distance reach the bound."""

    def asked(counts: Any, points: torch.Tensor, judge: Callable[..., bool]) -> bool:
        p, q = laws(counts)
        far = torch.cdist(points, points)
        loss, best = loss_of(losses.hinge, counts), best_hinge(p, q, far.numpy())

        def distance(a: Any, b: Any) -> float:
            one, other = (torch.from_numpy(weights(each)) for each in (a, b))
            return float(transport.wasserstein_1(one, other, points))

        env = {"min": lambda of: of(best), "L_D": lambda f: float(loss(f))}
        return judge(latex, p=law(p), q=law(q), TV=variation, W_1=distance, **env)

    rng = torch.Generator().manual_seed(2)
    for counts in COUNTS:
        points = 2 * torch.randn(4, 2, generator=rng, dtype=torch.float64)
        assert asked(counts, points, strictly)
    for distance in (0.4, 1.9, 2.0, 3.5):
        points = torch.tensor([[0.0], [distance]], dtype=torch.float64)
        assert asked(((10, 0), (0, 10)), points, touches)
    # far apart, and partly the same: the total variation decides
    return asked(((7, 3), (2, 8)), torch.tensor([[0.0], [9.0]], dtype=torch.float64), touches) and proved(
        "hinge_with_a_slope"
    )


# Scores that are compared


def the_pairs(latex: str) -> bool:
    """The least loss of the package over all pairs, by Newton's method, and the divergence by definition."""
    for counts in COUNTS:
        p, q = laws(counts)
        loss = loss_of(losses.relativistic_pairing, counts)
        best = bottom("relativistic_pairing", counts)
        env = {"min": lambda of, best=best: of(best), "L_D": lambda f, loss=loss: float(loss(f))}
        densities = {"p_data": p.__getitem__, "p_g": q.__getitem__}
        orders = {"P_rg": np.outer(p, q).flatten(), "P_gr": np.outer(q, p).flatten()}
        shift = {"c": best[0] - np.log(p[0] / q[0])}
        for x in range(len(p)):
            assert holds(
                latex, x=x, JSD=jsd, **shift, **densities, **orders, **env, **{"f*": best.__getitem__}
            )
    return proved("pairing_jensen_shannon")


def the_average(latex: str) -> bool:
    """Where the package's loss is least, by Newton's method."""
    for counts in COUNTS:
        p, q = laws(counts)
        best = bottom("relativistic_average", counts)
        means = {"M_p": p @ best, "M_q": q @ best}
        env = {"A": p @ expit(means["M_q"] - best), "B": q @ expit(best - means["M_p"]), "sigma": expit}
        densities = {"p_data": p.__getitem__, "p_g": q.__getitem__}
        for x in range(len(p)):
            assert holds(latex, x=x, **means, **env, **densities, **{"f*": best.__getitem__})
    return proved("relativistic_average")


# Conditions


def steepest(p: np.ndarray, q: np.ndarray, width: np.ndarray, looked: np.ndarray, lam: float) -> np.ndarray:
    """The slopes of the best penalised critic between places, from each choice of signs one Newton step."""

    def loss(slope: torch.Tensor) -> torch.Tensor:
        scores = torch.cat([torch.zeros(1, dtype=torch.float64), (slope * torch.from_numpy(width)).cumsum(0)])
        fine = torch.from_numpy(looked * width) @ (slope.abs() - 1) ** 2
        return torch.from_numpy(q - p) @ scores + lam * fine

    found = []
    for signs in product((1.0, -1.0), repeat=len(width)):
        start = 2 * torch.tensor(signs, dtype=torch.float64)
        bend = torch.func.jacrev(torch.func.grad(loss))(start)
        end = start - torch.linalg.solve(bend, torch.func.grad(loss)(start))
        found.append((float(loss(end)), end.numpy()))
    return min(found, key=lambda each: each[0])[1]


def the_slope(latex: str) -> bool:
    """A critic on four places with slopes between, its gain as a difference of two means."""
    random = np.random.default_rng(0)
    for counts in COUNTS:
        p, q = laws(counts)
        width, looked = random.uniform(0.3, 2, 3), random.uniform(0.1, 0.6, 3)
        for lam in (0.1, 1.0, 10.0):
            best = steepest(p, q, width, looked, lam)
            sums = {"F_p": p.cumsum().__getitem__, "F_q": q.cumsum().__getitem__}
            env = {"nabla f*": best.__getitem__, "hat p": looked.__getitem__, "lambda": lam}
            for x in range(3):
                assert holds(latex, x=x, **sums, **env)
    return proved("penalty_bias")


def the_kink(latex: str) -> bool:
    """All networks with weights on a grid, one by one."""
    random = np.random.default_rng(1)
    for units, c, levels in ((1, 0.7, 5), (2, 0.7, 5), (2, 1.5, 3), (3, 0.4, 3)):
        real, fake = random.normal(size=5), random.normal(1, 1, size=5)
        places = np.concatenate([real, fake])
        ends = np.linspace(-c, c, levels)
        each = [np.maximum(0, w * places + b) for w, b in product(ends, ends)]
        outer = [last * unit for last in (-c, 0.0, c) for unit in each]

        def networks(units: int = units, outer: Any = outer) -> Iterator[np.ndarray]:
            return (sum(parts) for parts in product(outer, repeat=units))

        env = {
            "E": lambda values: values[:5].mean() - values[5:].mean(),
            "sup": lambda of, networks=networks: max(map(of, networks())),
            "max": lambda of, each=each: max(map(of, each)),
        }
        assert holds(latex, M=units, c=c, **env)
    return proved("clipped_units")


# Pushes


def the_pushes(latex: str) -> bool:
    """By automatic differentiation through the package's generator losses, for two normal densities."""
    pairs = {"sat": losses.minimax, "ns": losses.non_saturating, "ls": losses.least_squares}
    real = torch.zeros(1, dtype=torch.float64)
    for mean, scale, at in ((1.0, 1.0, 0.3), (-0.5, 1.7, 1.2), (2.0, 0.6, 1.5)):
        x = torch.tensor([at], dtype=torch.float64, requires_grad=True)
        logit = -(x**2) / 2 + (x - mean) ** 2 / (2 * scale**2) + np.log(scale)
        env: dict[str, Any] = {"D*": 1 / (1 + mpmath.exp(-mpmath.mpf(logit.item())))}
        env["v"] = -at + (at - mean) / mpmath.mpf(scale) ** 2
        for name, pair in pairs.items():
            score = logit.sigmoid() if name == "ls" else logit
            (slope,) = torch.autograd.grad(pair.generator(real, score), x, retain_graph=True)
            env[f"v_{name}"] = -slope.item()
        assert holds(latex, **env)
    return proved("pushes_of_the_best")


# Spectral normalisation


def the_angle(latex: str) -> bool:
    """The package's power iteration beside the singular vectors of NumPy."""
    rng = torch.Generator().manual_seed(2)
    for _ in range(3):
        layer = lipschitz.spectral_norm(nn.Linear(2, 2).double())
        W = torch.randn(2, 2, generator=rng, dtype=torch.float64)
        _, (first, second), right = np.linalg.svd(W.numpy())
        told = {"parametrizations.weight.original": W}
        vectors = {name: v.double() for name, v in layer.named_buffers()}
        angles = []
        for _ in range(4):
            v = vectors["parametrizations.weight.0._v"].numpy()
            angles.append(abs(right[1] @ v) / abs(right[0] @ v))
            vectors = lipschitz.power_iteration(layer, told, vectors)
        for k in (1, 2, 3):
            env = {"tan": mpmath.tan, "varphi_0": mpmath.atan(angles[0]), "varphi_k": mpmath.atan(angles[k])}
            assert holds(latex, k=k, sigma_1=mpmath.mpf(first), sigma_2=mpmath.mpf(second), **env)
    return proved("power_iteration")


def the_growth(latex: str) -> bool:
    """The gradient of a loss of W over its norm, by automatic differentiation through singular values."""
    rng = torch.Generator().manual_seed(3)
    for shape in ((3, 2), (4, 4), (1, 5)):
        W = torch.randn(shape, generator=rng, dtype=torch.float64, requires_grad=True)
        x, y = (
            torch.randn(6, shape[1], generator=rng).double(),
            torch.randn(6, shape[0], generator=rng).double(),
        )
        loss = (x @ (W / torch.linalg.matrix_norm(W, 2)).T - y).tanh().square().mean()
        (slope,) = torch.autograd.grad(loss, W)
        parts = {"W": Vector(W.flatten().tolist()), "nabla L": Vector(slope.flatten().tolist())}
        for eta in (0.1, 3.0):
            assert holds(latex, eta=mpmath.mpf(eta), **parts)
    return proved("scale_free_step")


def written_out(kernel: torch.Tensor, size: int, stride: int, circular: bool) -> tuple[np.ndarray, int]:
    """A convolution as a matrix, and the largest number of patches that one pixel lies in, by counting."""
    _, inputs, height, width = kernel.shape

    def run(images: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if circular:
            images = pad(images, (0, width - 1, 0, height - 1), mode="circular")
            return conv2d(images, weight, stride=stride)
        return conv2d(images, weight, stride=stride, padding=1)

    basis = torch.eye(inputs * size * size, dtype=torch.float64).view(-1, inputs, size, size)
    seen = torch.ones(1, 1, height, width, dtype=torch.float64)
    alone = torch.eye(size * size, dtype=torch.float64).view(-1, 1, size, size)
    counts = run(alone, seen).flatten(1).sum(1)
    return run(basis, kernel).flatten(1).T.numpy(), int(counts.max())


def the_convolution(latex: str) -> bool:
    """Convolutions written out pixel by pixel: random kernels, one place, and ones."""
    rng = torch.Generator().manual_seed(4)

    def asked(kernel: torch.Tensor, judge: Callable[..., bool], *which: int, **how: Any) -> bool:
        K, n = written_out(kernel, **{"size": 6, "stride": 1, "circular": True} | how)
        env = {"R": kernel.flatten(1).numpy(), "K": K, "n": n}
        return judge(latex, *which, sigma_1=lambda matrix: np.linalg.norm(matrix, 2), **env)

    for shape, how in (
        ((2, 3, 3, 3), {}),
        ((4, 2, 4, 4), {"stride": 2, "circular": False}),
        ((1, 1, 2, 3), {}),
    ):
        assert asked(torch.randn(shape, generator=rng, dtype=torch.float64), strictly, **how)
    place = torch.zeros(2, 2, 3, 3, dtype=torch.float64)
    place[:, :, 1, 2] = torch.randn(2, 2, generator=rng, dtype=torch.float64)
    assert asked(place, touches, 0)
    assert asked(place, strictly, 1)
    for shape in ((1, 1, 3, 3), (1, 1, 2, 2)):
        ones = torch.ones(shape, dtype=torch.float64)
        assert asked(ones, touches, 1)
        assert asked(ones, strictly, 0)
    return proved("norm_of_a_convolution")


# Keys


def _squares() -> list[Any]:
    p, q = np.array([3, 1]) / 4, np.array([1, 3]) / 4
    answer = p / (p + q)
    loss = (p @ (1 - answer) ** 2 + q @ answer**2) / 2
    return [loss, q @ answer, 0.25]


def _clipped() -> list[Any]:
    ends = np.linspace(-0.1, 0.1, 201)
    unit = max(max(0.0, 2 * w + b) - max(0.0, b) for w, b in product(ends, ends))
    return [64 * 0.1 * unit, 64 * unit, 0.1 * unit, 2]


def _rounds() -> list[Any]:
    cases = [([[3, 0], [0, 2]], [0.6, 0.8], n) for n in (0, 1, 3)] + [([[1, 2], [3, 4]], [1, 0], 20)]

    def length(matrix: Any, start: Any, rounds: int, once: bool) -> float:
        W, v = np.array(matrix, dtype=float), np.array(start, dtype=float)
        moved = np.linalg.matrix_power(W if once else W.T @ W, rounds) @ v
        return float(np.linalg.norm(W @ moved) / np.linalg.norm(moved))

    return [[length(*case, once) for case in cases] for once in (False, True)]


def _map_norms() -> list[Any]:
    """Each convolution written out as a matrix on the pixels."""
    cases = ([[1, 1], [1, 1]], 8), ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], 8), ([[1, 2], [0, -1]], 6)
    found = []
    for kernel, side in cases:
        K, _ = written_out(torch.tensor(kernel, dtype=torch.float64)[None, None], side, 1, True)
        found.append([np.linalg.norm(K, 2), np.linalg.norm(kernel), abs(np.sum(kernel))])
    return [list(row) for row in zip(*found, strict=True)]


def _scores() -> list[Any]:
    """By a search over scores, and for pairing by the differences of the logits."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    logit = [float(mpmath.log(a / b)) for a, b in zip(p, q, strict=True)]
    hinge = [float(np.sign(a - b)) for a, b in zip(p, q, strict=True)]
    first = [logit, (p / (p + q)).tolist(), hinge]
    return [[*first, [each - logit[0] for each in logit]], [*first, logit]]


EXERCISES: dict[str, Callable[[], Any]] = {
    "1": lambda: [2 * (0.2 + 0.3 + 0.2), 0.2 + 0.3 + 0.2, 0.3 + 0.3],
    "2": _squares,
    "3": lambda: [2 - 2 * 0.3, 2 - 0.3, 2 * 0.3],
    "5": _clipped,
    "6": _rounds,
    "7": _map_norms,
    "12": _scores,
}
QUIZ: dict[str, Callable[[], Any]] = {
    "squares-left": lambda: [0.3 / 2, 0.3, 0.3**2 / 2],
    "stretch-order": lambda: [1, 2, 3, 5],
}
SAID: dict[str, Callable[[], Any]] = {}

EQUATIONS = [
    Equation(
        "var-pointwise",
        r"\frac{\partial}{\partial f} (p \, \ell_r(f) + q \, \ell_g(f)) = 0",
        the_rule,
        {
            r"- \frac{\partial}{\partial f}(p\ell_r(f) + q\ell_g(f)) = 0": NOTHING,
            r"1.01\cdot\frac{\partial}{\partial f}(p\ell_r(f) + q\ell_g(f)) = 0": NOTHING,
        },
    ),
    Equation(
        "var-triangular",
        r"""
        \min_{f} L_D(f) = \frac{1}{2} \mathbb{E}_{x \sim q}[D^{*}(x)] = \frac{1}{4} - \frac{1}{8} \Delta(p, q)
        """,
        the_squares,
    ),
    Equation("var-hinge", r"\min_{f} L_D(f) = 2 - 2 \, \mathrm{TV}(p, q)", the_hinge),
    Equation(
        "var-bounded",
        r"\min_{f \in \mathcal{F}_1} L_D(f) \ge 2 - \min(W_1(p, q), 2 \, \mathrm{TV}(p, q))",
        the_held_hinge,
    ),
    Equation(
        "var-pairing",
        r"""
        f^{*}(x) = \log \frac{p_{\text{data}}(x)}{p_g(x)} + c, \qquad
        \min_{f} L_D(f) = \log 2 - \mathrm{JSD}(P_{rg}, P_{gr})
        """,
        the_pairs,
    ),
    Equation(
        "var-average",
        r"""
        p_{\text{data}}(x) \, (\sigma(M_q - f^{*}(x)) + B) = p_g(x) \, (\sigma(f^{*}(x) - M_p) + A)
        """,
        the_average,
    ),
    Equation(
        "var-slope",
        r"|\nabla f^{*}(x)| = 1 + \frac{|F_p(x) - F_q(x)|}{2 \lambda \, \hat{p}(x)}",
        the_slope,
    ),
    Equation("var-clipped", r"\sup_{f} E(f) = M \, c \, \max_{u} |E(u)|", the_kink),
    Equation(
        "var-push",
        r"""
        v_{\text{sat}} = D^{*} \, v, \qquad v_{\text{ns}} = (1 - D^{*}) \, v, \qquad
        v_{\text{ls}} = (1 - D^{*})^{2} D^{*} \, v
        """,
        the_pushes,
    ),
    Equation(
        "var-power",
        r"\tan(\varphi_k) = \left( \frac{\sigma_2}{\sigma_1} \right)^{2 k} \tan(\varphi_0)",
        the_angle,
        dict.fromkeys(
            (
                r"\tan(\varphi_k) = (\frac{ - \sigma_2}{\sigma_1})^{2 k}\tan(\varphi_0)",
                r"\tan(\varphi_k) = (\frac{\sigma_2}{ - \sigma_1})^{2 k}\tan(\varphi_0)",
                r"\tan(\varphi_k) = ( - \frac{\sigma_2}{\sigma_1})^{2 k}\tan(\varphi_0)",
            ),
            "an even power",
        ),
    ),
    Equation(
        "var-grows",
        r"\|W - \eta \, \nabla L\|^{2} = \|W\|^{2} + \|\eta \, \nabla L\|^{2}",
        the_growth,
        {
            r"\| - W - \eta\nabla L\|^{2} = \|W\|^{2} + \|\eta\nabla L\|^{2}": RIGHT_ANGLE,
            r"\|W + \eta\nabla L\|^{2} = \|W\|^{2} + \|\eta\nabla L\|^{2}": RIGHT_ANGLE,
        },
    ),
    Equation("var-convolution", r"\sigma_1(R) \le \sigma_1(K) \le \sqrt{n} \, \sigma_1(R)", the_convolution),
]
