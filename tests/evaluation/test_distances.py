"""Truth here: POT and SciPy for the sliced distance, torch-fidelity for the kernel, a law for the bias."""

import numpy as np
import ot
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch_fidelity.metric_kid import kernel_poly, mmd2

from ganlab.evaluation.distances import frechet_of_many, kernel_of_blocks, sliced_wasserstein
from ganlab.theory.transport import empirical_wasserstein_1


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_the_sliced_distance_is_the_mean_of_those_of_scipy_over_the_same_directions():
    x, y = torch.randn(2, 60, 5, generator=seeded(0), dtype=torch.float64)
    units = torch.randn(5, 7, generator=seeded(1), dtype=torch.float64).numpy()
    units = units / np.linalg.norm(units, axis=0)
    shadows = [(x.numpy() @ u, y.numpy() @ u) for u in units.T]
    expected = np.mean([wasserstein_distance(*pair) for pair in shadows])
    assert sliced_wasserstein(x, y, rng=seeded(1), directions=7) == pytest.approx(expected, rel=1e-12)


def test_the_sliced_distance_is_that_of_pot_up_to_directions():
    x = torch.randn(200, 3, generator=seeded(2), dtype=torch.float64)
    y = 1.5 * torch.randn(200, 3, generator=seeded(3), dtype=torch.float64) + 1
    peer = ot.sliced_wasserstein_distance(x.numpy(), y.numpy(), n_projections=4000, seed=0, p=1)
    assert sliced_wasserstein(x, y, rng=seeded(4), directions=4000) == pytest.approx(float(peer), rel=0.03)


def test_the_sliced_distance_is_at_most_the_distance_and_takes_pictures():
    x, y = torch.randn(2, 40, 1, 3, 3, generator=seeded(5), dtype=torch.float64)
    whole = empirical_wasserstein_1(x.flatten(1), y.flatten(1)).item()
    assert 0 < sliced_wasserstein(x, y, rng=seeded(6)) <= whole


def test_a_block_is_the_kernel_distance_of_torch_fidelity():
    x, y = torch.randn(2, 30, 4, generator=seeded(7), dtype=torch.float64) + torch.tensor([[[0.0]], [[0.5]]])
    found = kernel_of_blocks(x, y, rng=seeded(8), size=30, blocks=3)
    settings = {"kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1}
    grams = [kernel_poly(a.numpy(), b.numpy(), **settings) for a, b in ((x, x), (x, y), (y, y))]
    assert found.mean == pytest.approx(mmd2(*grams), rel=1e-9)
    assert found.deviation == pytest.approx(0, abs=1e-9), "each block is the whole set, in another order"


def test_blocks_of_equal_laws_have_the_mean_nothing():
    rng = seeded(9)
    x, y = torch.randn(2, 3000, 3, generator=rng, dtype=torch.float64)
    found = kernel_of_blocks(x, y, rng=rng, size=50, blocks=60)
    assert abs(found.mean) < 4 * found.deviation / 60**0.5
    assert found.blocks == 60


def test_the_line_takes_the_bias_away():
    """For N(0, I) of F features the distance at N is about (F (F + 1) / 2 + 2 F) / N, and its limit 0."""
    rng, features = seeded(10), 6
    x, y = torch.randn(2, 20_000, features, generator=rng, dtype=torch.float64)
    sizes = [250, 400, 700, 1000] * 40
    found = frechet_of_many(x, y, sizes=sizes, rng=rng)
    slope = features * (features + 1) / 2 + 2 * features
    assert found.slope == pytest.approx(slope, rel=0.15)
    assert abs(found.limit) < 0.15 * slope / 250
    moved = frechet_of_many(x, y + torch.tensor([1.0, 0, 0, 0, 0, 0]), sizes=sizes, rng=rng)
    assert moved.limit == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: sliced_wasserstein(x, x[1:], rng=seeded(0)), r"must have one shape \(N, ...\)"),
        (lambda x: sliced_wasserstein(x, x, rng=seeded(0), directions=0), "`directions` must be at least 1"),
        (lambda x: sliced_wasserstein(x, x / 0, rng=seeded(0)), "must be finite, got infinity or NaN"),
        (lambda x: kernel_of_blocks(x, x, rng=seeded(0)), "`size` must be between 2 and 9"),
        (lambda x: kernel_of_blocks(x, x, rng=seeded(0), size=4, blocks=1), "`blocks` must be at least 2"),
        (
            lambda x: frechet_of_many(x, x, sizes=[5, 5], rng=seeded(0)),
            "`sizes` must be at least two numbers",
        ),
        (lambda x: frechet_of_many(x, x, sizes=[5, 10], rng=seeded(0)), "numbers from 2 to 9"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.randn(9, 2, generator=seeded(0)))


def test_blocks_refuse_an_undefined_feature_wherever_it_stands(rng):
    x = torch.randn(50, 3, generator=rng)
    y = x.clone()
    y[49, 0] = float("nan")
    for real, fake in ((x, y), (y, x)):
        with pytest.raises(ValueError, match="must be finite"):
            kernel_of_blocks(real, fake, rng=torch.Generator().manual_seed(0), size=2, blocks=2)
