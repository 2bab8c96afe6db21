"""Transport distances against SciPy, POT and its linear programme, closed forms, quadrature and laws."""

import math
import os
import subprocess
import sys

import mpmath as mp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ganlab.theory.transport import (
    empirical_frechet,
    empirical_squared_mmd,
    empirical_wasserstein_1,
    frechet_gaussian,
    kantorovich_potential,
    squared_mmd,
    squared_mmd_gaussian,
    transport_cost,
    wasserstein_1,
    wasserstein_1_gaussian,
)

SAMPLES = st.lists(st.floats(-10, 10), min_size=1, max_size=8).map(torch.tensor)
P, Q, POINTS = [0.2, 0.0, 0.5, 0.3, 0.0], [0.0, 0.6, 0.0, 0.0, 0.4], [-1.0, 0.0, 0.5, 2.0, 3.0]


def _laws(rng, *shape):
    x = torch.rand(*shape, generator=rng)
    return x / x.sum(-1, keepdim=True)


def _covariance(rng, dim):
    root = torch.randn(dim, dim + 2, generator=rng)
    return root @ root.mT


def test_the_primal_and_the_dual_programme_agree_with_the_distribution_functions():
    k, points = len(P), np.array(POINTS)
    cost = np.abs(points[:, None] - points)
    marginals = np.vstack([np.kron(np.eye(k), np.ones(k)), np.kron(np.ones(k), np.eye(k))])
    primal = scipy.optimize.linprog(cost.ravel(), A_eq=marginals, b_eq=np.concatenate([P, Q])).fun
    rows = [np.eye(k)[i] - np.eye(k)[j] for i in range(k) for j in range(k)]
    dual = -scipy.optimize.linprog(np.subtract(Q, P), A_ub=rows, b_ub=cost.ravel(), bounds=(None, None)).fun
    assert_close(wasserstein_1(P, Q, POINTS).item(), 0.95, rtol=1e-14, atol=0)
    assert_close([primal, dual], [0.95, 0.95], rtol=1e-9, atol=0)
    assert_close(transport_cost(P, Q, cost).item(), 0.95, rtol=1e-13, atol=0)


def test_the_potential_is_1_lipschitz_and_attains_the_distance(rng):
    p, q, points = _laws(rng, 4, 7), _laws(rng, 4, 7), torch.randn(7, generator=rng)
    f = kantorovich_potential(p, q, points)
    slopes = (f.unsqueeze(-1) - f.unsqueeze(-2)).abs() - (points.unsqueeze(-1) - points).abs()
    assert slopes.max() <= 1e-14
    assert_close(((p - q) * f).sum(-1), wasserstein_1(p, q, points), rtol=1e-13, atol=0)
    assert kantorovich_potential([1.0], [1.0], [3.0]).tolist() == [0.0]


def test_distance_on_the_line_is_that_of_scipy(rng):
    for _ in range(10):
        p, q, points = _laws(rng, 9), _laws(rng, 9), torch.randn(9, generator=rng)
        expected = scipy.stats.wasserstein_distance(points.numpy(), points.numpy(), p.numpy(), q.numpy())
        assert_close(wasserstein_1(p, q, points).item(), expected, rtol=1e-12, atol=0)


def test_points_in_the_plane_on_a_line_give_the_distance_on_that_line(rng):
    p, q, along = _laws(rng, 6), _laws(rng, 6), torch.randn(6, generator=rng)
    plane = torch.stack([3 * along, 4 * along], -1)
    assert_close(wasserstein_1(p, q, plane), 5 * wasserstein_1(p, q, along), rtol=1e-12, atol=0)


@pytest.mark.parametrize("theta", [-0.5, 0.0, 1e-3, 2.0])
def test_parallel_lines_are_as_far_apart_as_they_are(theta):
    height = torch.linspace(0, 1, 20)
    real = torch.stack([torch.zeros(20), height], -1)
    fake = torch.stack([torch.full((20,), theta), height], -1)
    assert_close(empirical_wasserstein_1(real, fake).item(), abs(theta), rtol=1e-13, atol=0)


@pytest.mark.parametrize("n", [2, 10, 1000])
def test_a_little_mass_far_away_counts_for_wasserstein_and_not_for_total_variation(n):
    p, q = [1.0, 0.0], [1 - 1 / n, 1 / n]
    assert_close(wasserstein_1(p, q, [0.0, float(n * n)]).item(), float(n), rtol=1e-13, atol=0)


def test_weighted_samples_of_different_sizes_are_compared_by_quantiles(rng):
    for _ in range(10):
        x, y = torch.randn(7, generator=rng), torch.randn(4, generator=rng)
        p, q = _laws(rng, 7), _laws(rng, 4)
        expected = scipy.stats.wasserstein_distance(x.numpy(), y.numpy(), p.numpy(), q.numpy())
        got = empirical_wasserstein_1(x, y, x_weights=p, y_weights=q)
        assert_close(got.item(), expected, rtol=1e-12, atol=0)
        by_programme = transport_cost(p, q, (x.unsqueeze(-1) - y).abs())
        assert_close(got, by_programme, rtol=1e-12, atol=0)


def test_equal_samples_are_at_distance_zero_exactly(rng):
    x = torch.randn(50, generator=rng)
    assert empirical_wasserstein_1(x, x[torch.randperm(50, generator=rng)]) == 0
    assert wasserstein_1(P, P, POINTS) == 0


@given(x=SAMPLES, y=SAMPLES, z=SAMPLES)
@settings(max_examples=40, deadline=None)
def test_wasserstein_is_symmetric_and_obeys_the_triangle_inequality(x, y, z):
    assert_close(empirical_wasserstein_1(x, y), empirical_wasserstein_1(y, x), rtol=1e-13, atol=1e-14)
    through = empirical_wasserstein_1(x, y) + empirical_wasserstein_1(y, z)
    assert empirical_wasserstein_1(x, z) <= through + 1e-13


@given(x=SAMPLES, y=SAMPLES, shift=st.floats(-5, 5), scale=st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_wasserstein_moves_with_a_shift_and_grows_with_a_scale(x, y, shift, scale):
    distance = empirical_wasserstein_1(x, y)
    assert_close(empirical_wasserstein_1(x, x + shift).item(), abs(shift), rtol=1e-12, atol=1e-14)
    moved = empirical_wasserstein_1(scale * x + shift, scale * y + shift)
    assert_close(moved, abs(scale) * distance, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("theta", [-2.0, 0.7])
def test_the_slope_in_a_shift_is_one_however_far_the_samples_are(theta):
    theta = torch.tensor(theta, requires_grad=True)
    x = torch.tensor([0.0, 0.25, 1.0])
    (slope,) = torch.autograd.grad(empirical_wasserstein_1(x, x + theta), theta)
    assert_close(slope, theta.detach().sign(), rtol=1e-14, atol=0)


def test_slopes_match_finite_differences(rng):
    x = torch.randn(5, generator=rng, requires_grad=True)
    y = torch.randn(4, generator=rng)
    logits = torch.randn(5, generator=rng, requires_grad=True)
    plane = torch.randn(5, 2, generator=rng)

    def on_the_line(x, logits):
        return empirical_wasserstein_1(x, y, x_weights=logits.softmax(-1))

    def in_the_plane(logits):
        return wasserstein_1(logits.softmax(-1), torch.full((5,), 0.2), plane)

    assert torch.autograd.gradcheck(on_the_line, (x, logits))
    assert torch.autograd.gradcheck(in_the_plane, (logits,))


def test_transport_cost_is_the_linear_programme_for_any_cost(rng):
    p, q, cost = _laws(rng, 3), _laws(rng, 4), torch.rand(3, 4, generator=rng)
    marginals = np.vstack([np.kron(np.eye(3), np.ones(4)), np.kron(np.ones(3), np.eye(4))])
    plan = scipy.optimize.linprog(cost.numpy().ravel(), A_eq=marginals, b_eq=torch.cat([p, q]).numpy())
    assert_close(transport_cost(p, q, cost).item(), plan.fun, rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("m", "s"), [((0, 1), (1, 2)), ((0, 3), (1, 1)), ((2, 2), (0, 0.5)), ((0, 40), (1, 2)), ((1, 1), (3, 3))]
)
def test_distance_of_gaussians_is_the_mean_of_a_folded_normal(m, s):
    with mp.workdps(30):
        shift, scale = mp.mpf(m[0]) - m[1], mp.mpf(s[0]) - s[1]
        cuts = sorted({mp.mpf(-40), mp.mpf(0), mp.mpf(40), -shift / scale if scale else mp.mpf(1)})
        expected = mp.quad(lambda z: abs(shift + scale * z) * mp.npdf(z), cuts)
    got = wasserstein_1_gaussian(m[0], s[0], m[1], s[1]).item()
    assert_close(got, float(expected), rtol=1e-12, atol=1e-25)


def test_distance_of_gaussians_of_one_mean_and_of_one_width():
    assert f"{wasserstein_1_gaussian(0, 1, 1, 2).item():.10f}" == "1.1666309412"
    assert wasserstein_1_gaussian(0.0, 1.0, -3.0, 1.0) == 3
    assert_close(wasserstein_1_gaussian(0, 1, 0, 2).item(), math.sqrt(2 / math.pi), rtol=1e-14, atol=0)
    means = torch.tensor([1.0, 0.0], requires_grad=True)
    for slope in torch.autograd.grad(wasserstein_1_gaussian(0.0, 1.0, means, 1.0).sum(), means):
        assert slope.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_frechet_distance_is_the_trace_formula_with_scipys_root(dim, rng):
    m1, m2 = torch.randn(2, dim, generator=rng)
    c1, c2 = _covariance(rng, dim), _covariance(rng, dim)
    root = scipy.linalg.sqrtm(c1.numpy())
    cross = scipy.linalg.sqrtm(root @ c2.numpy() @ root)
    expected = (m1 - m2).square().sum().item() + float(np.trace(c1.numpy() + c2.numpy() - 2 * np.real(cross)))
    assert_close(frechet_gaussian(m1, c1, m2, c2).item(), expected, rtol=1e-10, atol=0)


def test_frechet_distance_of_commuting_and_of_singular_covariances():
    diagonal = frechet_gaussian([0.0, 0], [[1.0, 0], [0, 4]], [3.0, 4], [[9.0, 0], [0, 0.25]])
    assert_close(diagonal.item(), 25 + 4 + 2.25, rtol=1e-14, atol=0)
    line = frechet_gaussian([0.0, 0], [[1.0, 1], [1, 1]], [0.0, 0], [[0.0, 0], [0, 0]])
    assert_close(line.item(), 2.0, rtol=1e-14, atol=0)  # the trace
    crossed = frechet_gaussian([0.0, 0], [[1.0, 0], [0, 0]], [0.0, 0], [[0.0, 0], [0, 1]])
    assert_close(crossed.item(), 2.0, rtol=1e-14, atol=0)


def test_frechet_distance_of_close_gaussians_keeps_its_digits(rng):
    cov, rotation = _covariance(rng, 3), torch.linalg.qr(torch.randn(3, 3, generator=rng)).Q
    assert frechet_gaussian(torch.zeros(3), cov, torch.zeros(3), cov) < 1e-26
    far, near = torch.diag(torch.tensor([1.0, 4.0, 9.0])), torch.diag(torch.tensor([1 + 2.0**-20, 4.0, 9.0]))
    far, near = (rotation @ c @ rotation.mT for c in (far, near))
    with mp.workdps(40):
        expected = float((mp.sqrt(1 + mp.mpf(2) ** -20) - 1) ** 2)
    got = frechet_gaussian(torch.zeros(3), (far + far.mT) / 2, torch.zeros(3), (near + near.mT) / 2)
    assert_close(got.item(), expected, rtol=1e-8, atol=0)


def test_frechet_distance_is_batched_and_its_slopes_match_finite_differences(rng):
    m, c1, c2 = torch.randn(4, 2, generator=rng), _covariance(rng, 2), _covariance(rng, 2)
    batch = frechet_gaussian(m, c1, torch.zeros(2), c2)
    assert_close(batch[3], frechet_gaussian(m[3], c1, torch.zeros(2), c2), rtol=1e-13, atol=0)
    root = torch.randn(2, 2, generator=rng, requires_grad=True)

    def distance(root):
        return frechet_gaussian(root[0], root @ root.mT + torch.eye(2), torch.zeros(2), c2)

    assert torch.autograd.gradcheck(distance, (root,))


def test_empirical_frechet_fits_means_and_unbiased_covariances(rng):
    x, y = torch.randn(20, 3, generator=rng), 2 * torch.randn(30, 3, generator=rng) + 1
    cov_x, cov_y = (torch.from_numpy(np.cov(z.numpy(), rowvar=False)) for z in (x, y))
    expected = frechet_gaussian(x.mean(0), cov_x, y.mean(0), cov_y)
    assert_close(empirical_frechet(x, y), expected, rtol=1e-12, atol=0)
    assert_close(empirical_frechet([[0.0], [2.0]], [[3.0], [7.0]]).item(), 16 + 2.0, rtol=1e-13, atol=0)


def test_discrepancy_of_two_laws_is_the_quadratic_form_of_the_kernel():
    p, q, points = [0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [0.0, 1.0, 3.0]
    with mp.workdps(30):
        gap = [mp.mpf(a) - mp.mpf(b) for a, b in zip(p, q, strict=True)]
        kernel = [[mp.exp(-((mp.mpf(a) - b) ** 2) / 8) for a in points] for b in points]
        expected = mp.fsum(gap[i] * gap[j] * kernel[i][j] for i in range(3) for j in range(3))
    assert_close(squared_mmd(p, q, points, bandwidth=2.0).item(), float(expected), rtol=1e-13, atol=0)
    assert squared_mmd(p, p, [[0.0, 0], [1, 0], [3, 0]], bandwidth=2.0) == 0


@pytest.mark.parametrize("bandwidth", [0.5, 2.0])
def test_discrepancy_of_gaussians_is_what_quadrature_gives(bandwidth):
    m, s = (0.3, -0.8), (0.7, 1.6)

    def smoothed(mean, std, x):
        # the law seen through a kernel of half the width: E k(X, Y) is the integral of the product of two
        width = mp.sqrt(mp.mpf(std) ** 2 + mp.mpf(bandwidth) ** 2 / 2)
        return mp.npdf(x, mean, width)

    with mp.workdps(25):
        square = mp.quad(
            lambda x: (smoothed(m[0], s[0], x) - smoothed(m[1], s[1], x)) ** 2, [-40, -8, -3, 0, 3, 8, 40]
        )
        expected = float(square * mp.sqrt(2 * mp.pi) * bandwidth)
    got = squared_mmd_gaussian([m[0]], [[s[0] ** 2]], [m[1]], [[s[1] ** 2]], bandwidth=bandwidth)
    assert_close(got.item(), expected, rtol=1e-12, atol=0)


def test_discrepancy_of_gaussians_in_the_plane_factorises_for_independent_coordinates():
    def mean_kernel(d, total):  # one coordinate, bandwidth 1
        return math.exp(-(d**2) / (2 * (1 + total))) / math.sqrt(1 + total)

    expected = (
        mean_kernel(0, 2) * mean_kernel(0, 8)
        + mean_kernel(0, 1) ** 2
        - 2 * mean_kernel(1, 1.5) * mean_kernel(-2, 4.5)
    )
    got = squared_mmd_gaussian(
        [0.0, 0.0], [[1.0, 0], [0, 4]], [-1.0, 2.0], [[0.5, 0], [0, 0.5]], bandwidth=1.0
    )
    assert_close(got.item(), expected, rtol=1e-13, atol=0)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    turned = squared_mmd_gaussian(
        torch.zeros(2),
        turn @ torch.diag(torch.tensor([1.0, 4.0])) @ turn.mT,
        turn @ torch.tensor([-1.0, 2.0]),
        0.5 * torch.eye(2),
        bandwidth=1.0,
    )
    assert_close(turned, got, rtol=1e-12, atol=0)


def test_the_empirical_discrepancy_is_unbiased_over_all_samples_of_a_small_law():
    # every sample of 2 from each of two laws on three points, with its probability: their mean is the value
    p, q, points = (
        torch.tensor([0.5, 0.25, 0.25]),
        torch.tensor([0.125, 0.5, 0.375]),
        torch.tensor([0.0, 1, 3]),
    )
    mean = torch.tensor(0.0)
    for x in torch.cartesian_prod(torch.arange(3), torch.arange(3)):
        for y in torch.cartesian_prod(torch.arange(3), torch.arange(3)):
            weight = p[x].prod() * q[y].prod()
            mean += weight * empirical_squared_mmd(points[x], points[y], bandwidth=1.5)
    assert_close(mean, squared_mmd(p, q, points, bandwidth=1.5), rtol=1e-12, atol=0)


def test_the_empirical_discrepancy_comes_near_the_closed_form(rng):
    x, y = torch.randn(500, 1, generator=rng), 1 + torch.randn(500, 1, generator=rng)
    expected = squared_mmd_gaussian([0.0], [[1.0]], [1.0], [[1.0]], bandwidth=1.0)
    # five standard errors, the standard deviation over 400 draws of this size being 0.024
    assert_close(empirical_squared_mmd(x, y, bandwidth=1.0), expected, rtol=0, atol=5 * 0.024)
    assert empirical_squared_mmd([0.0, 1.0], [0.0, 1.0], bandwidth=1.0) < 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wasserstein_1([1.0], [1.0], [0.0, 1.0]), r"`points` must be \(K,\) or \(K, dim\) .* \(2,\)"),
        (lambda: wasserstein_1([1.0], [1.0], [math.inf]), "`points` must be finite, got inf"),
        (lambda: wasserstein_1([0.5], [1.0], [0.0]), "`p` must sum to 1"),
        (lambda: kantorovich_potential([1.0], [1.0], [[0.0]]), r"`points` must be \(1,\), got \(1, 1\)"),
        (lambda: transport_cost([1.0], [1.0], [[1.0, 2.0]]), r"`cost` must be \(N, M\) .* got \(1, 2\)"),
        (lambda: wasserstein_1_gaussian(0, -1.0, 0, 1), "`std_p` must not be negative, got -1"),
        (lambda: wasserstein_1_gaussian(0, 1, math.nan, 1), "`mean_q` must be finite, got nan"),
    ],
)
def test_what_is_no_transport_problem_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("x", "y", "weights", "message"),
    [
        ([], [1.0], None, r"`x` must be \(N,\) or \(N, dim\) and not empty, got \(0,\)"),
        ([1.0], [[1.0, 2.0]], None, r"`y` must have the dimension of `x`, got \(1, 2\) and \(1,\)"),
        ([1.0], [math.nan], None, "`y` must be finite, got nan"),
        ([1.0], [1.0], [0.5, 0.5], r"`x_weights` must be \(1,\), got \(2,\)"),
        ([1.0], [1.0], [0.5], "`x_weights` must sum to 1"),
    ],
)
def test_what_is_no_sample_is_refused_by_name(x, y, weights, message):
    with pytest.raises(ValueError, match=message):
        empirical_wasserstein_1(x, y, x_weights=weights)


@pytest.mark.parametrize(
    ("mean_p", "cov_p", "message"),
    [
        (
            [0.0, 0.0],
            [[1.0, 0.0], [0.0, -2.0]],
            "`cov_p` must be positive semi-definite, got an eigenvalue -2",
        ),
        ([0.0, 0.0], [[1.0, 2.0], [0.0, 1.0]], "`cov_p` must be symmetric, got a difference of 2"),
        (
            [0.0, 0.0],
            [1.0, 1.0],
            r"`cov_p` must be \(\.\.\., dim, dim\) for `mean_p` .* got \(2,\) and \(2,\)",
        ),
        ([0.0], [[1.0]], "`mean_q` must have the dimension of `mean_p`, got 2 and 1"),
        ([math.inf, 0.0], [[1.0, 0.0], [0.0, 1.0]], "`mean_p` must be finite, got inf"),
    ],
)
def test_what_is_no_gaussian_is_refused_by_name(mean_p, cov_p, message):
    mean_q, cov_q = [0.0, 0.0], torch.eye(2)
    with pytest.raises(ValueError, match=message):
        frechet_gaussian(mean_p, cov_p, mean_q, cov_q)
    with pytest.raises(ValueError, match=message):
        squared_mmd_gaussian(mean_p, cov_p, mean_q, cov_q, bandwidth=1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: empirical_frechet([[1.0]], [[1.0], [2.0]]), r"`x` must be \(N, dim\) .* got \(1, 1\)"),
        (lambda: empirical_frechet([1.0, 2.0], [1.0, 2.0]), r"`x` must be \(N, dim\) .* got \(2,\)"),
        (
            lambda: squared_mmd([1.0], [1.0], [[[0.0]]], bandwidth=1.0),
            r"`points` must be \(K,\) or \(K, dim\)",
        ),
        (lambda: squared_mmd([1.0], [1.0], [0.0], bandwidth=0.0), "`bandwidth` must be positive and finite"),
        (
            lambda: empirical_squared_mmd([1.0], [1.0, 2.0], bandwidth=1.0),
            "at least 2 samples each, got 1 and 2",
        ),
    ],
)
def test_too_few_samples_and_a_kernel_without_width_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
def test_a_library_that_is_read_anew_says_nothing_in_a_notebook(tmp_path):
    """Without bytecode Python reads POT's sources, and warns of how some docstrings are spelt."""
    code = "import warnings; from ganlab.theory import transport; warnings.simplefilter('error'); "
    code += "transport.transport_cost([0.5, 0.5], [1.0], [[1.0], [3.0]])"
    anew = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | anew, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_singular_covariance_leaves_the_gradient_of_its_neighbour_alone():
    """Truth: of N(0, C) to N(0, 2 I) the derivative in C is I - (2 C^-1)^(1/2), at C = I (1 - sqrt 2) I."""
    covariances = torch.stack([torch.eye(2), torch.diag(torch.tensor([1.0, 0.0]))]).double().requires_grad_()
    zero, other = torch.zeros(2, dtype=torch.float64), 2 * torch.eye(2, dtype=torch.float64)
    distances = frechet_gaussian(zero, covariances, zero, other)
    distances[0].backward()
    assert_close(covariances.grad[0], (1 - math.sqrt(2)) * torch.eye(2).double(), rtol=1e-12, atol=1e-12)
    assert_close(distances[1].item(), (1 - math.sqrt(2)) ** 2 + 2, rtol=1e-12, atol=0)
