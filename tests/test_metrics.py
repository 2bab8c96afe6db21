"""Truth here: samples placed by hand, closed forms, SciPy's chi-square, entropy and correlation.

Sampling tests fix the seed and allow five standard errors.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance
from torch.testing import assert_close

from ganlab.data import Mixture, grid, ring
from ganlab.metrics import discriminator_error, mode_coverage, perfect_sampler_share

SIGMAS = 5


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def line(k=4, *, std=0.1, weights=None):
    """Modes at 0, 10, 20, ... of the real line: where a point belongs can be seen."""
    return Mixture(10 * torch.arange(k, dtype=torch.float64)[:, None], std, weights)


def at(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


# --- Mode coverage ---


def test_coverage_of_samples_placed_by_hand():
    # Within 0.3 of a mode: two at 0, one at 10, none at 20, one at 30; two of the six lie between modes.
    coverage = mode_coverage(at(0.0, 0.2, 9.8, 15.0, 20.4, 30.0), line())
    assert (coverage.modes, coverage.total) == (3, 4)
    assert coverage.counts.tolist() == [2, 1, 0, 1]
    assert_close(coverage.high_quality, 4 / 6, rtol=0, atol=1e-15)
    # KL((1/2, 1/4, 0, 1/4) || uniform) = log 4 - H = 2 log 2 - 3/2 log 2
    assert_close(coverage.reverse_kl, 0.5 * math.log(2), rtol=1e-12, atol=0)


def test_jensen_shannon_beside_it_is_scipys():
    coverage = mode_coverage(at(0.0, 0.2, 9.8, 15.0, 20.4, 30.0), line())
    root = distance.jensenshannon([2 / 4, 1 / 4, 0, 1 / 4], [1 / 4] * 4)
    assert_close(coverage.jensen_shannon, root**2, rtol=1e-12, atol=0)


@given(modes=st.integers(1, 12), covered=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_even_coverage_of_some_modes_has_reverse_kl_log_of_the_ratio(modes, covered):
    covered = min(modes, covered)
    coverage = mode_coverage(line(modes).centers[:covered], line(modes))
    assert coverage.modes == covered
    assert_close(coverage.reverse_kl, math.log(modes / covered), rtol=1e-12, atol=1e-15)


def test_many_modes_touched_and_one_preferred_is_collapse_that_the_count_hides():
    # 993 samples on the first mode and one on each of the others: eight of eight modes.
    samples = torch.cat([ring().centers[:1].expand(993, 2), ring().centers[1:]])
    coverage = mode_coverage(samples, ring())
    assert (coverage.modes, coverage.high_quality) == (8, 1.0)
    expected = stats.entropy([993, *[1] * 7], [1] * 8)
    assert_close(coverage.reverse_kl, expected, rtol=1e-12, atol=0)
    assert coverage.reverse_kl > 0.95 * math.log(8)


def test_reverse_kl_is_against_the_weights_of_the_modes():
    uneven = line(2, weights=torch.tensor([0.75, 0.25]))
    assert_close(mode_coverage(at(0, 0, 0, 10), uneven).reverse_kl, 0.0, rtol=0, atol=1e-15)
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert_close(mode_coverage(at(0, 10), uneven).reverse_kl, expected, rtol=1e-12, atol=0)


def test_weights_in_float32_are_no_obstacle():
    uneven = line(3, weights=torch.tensor([0.6, 0.3, 0.1], dtype=torch.float32))
    assert_close(
        mode_coverage(at(0, 10, 20), uneven).reverse_kl, stats.entropy([1] * 3, [6, 3, 1]), rtol=1e-6, atol=0
    )


def test_the_histogram_is_of_the_samples_of_high_quality_alone():
    # Three of four samples belong to mode 0 by nearness, but only one of them lies on it.
    coverage = mode_coverage(at(0.0, 1.0, -2.0, 10.0), line(2))
    assert coverage.counts.tolist() == [1, 1]
    assert_close(coverage.reverse_kl, 0.0, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("radius", "expected"), [(1.0, 1), (2.0, 2), (3.0, 3), (4.0, 4)])
def test_the_radius_counts_standard_deviations_and_the_edge_belongs_to_the_mode(radius, expected):
    # std 1/8 makes the distances and the radii exact.
    coverage = mode_coverage(at(1 / 8, 2 / 8, 3 / 8, 4 / 8), line(2, std=1 / 8), radius=radius)
    assert coverage.counts.tolist() == [expected, 0]


def test_distance_is_euclidean_and_not_by_coordinate():
    # (2.2, 2.2) standard deviations: each coordinate is within 3, the distance 3.11 is not.
    mixture = Mixture(torch.zeros(1, 2), 1.0)
    assert mode_coverage(torch.tensor([[2.2, 2.2]]), mixture).modes == 0
    assert mode_coverage(torch.tensor([[2.1, 2.1]]), mixture).modes == 1


def test_without_a_sample_of_high_quality_the_divergences_are_unknown():
    coverage = mode_coverage(at(5.0, 15.0, math.inf), line())
    assert (coverage.modes, coverage.high_quality) == (0, 0.0)
    assert math.isnan(coverage.reverse_kl)
    assert math.isnan(coverage.jensen_shannon)


def test_a_sample_at_infinity_is_far_from_every_mode():
    coverage = mode_coverage(at(0.0, math.inf, -math.inf), line())
    assert coverage.counts.tolist() == [1, 0, 0, 0]
    assert_close(coverage.high_quality, 1 / 3, rtol=0, atol=1e-15)


@given(seed=st.integers(0, 99), data=st.data())
@settings(max_examples=15, deadline=None)
def test_neither_the_order_of_samples_nor_the_names_of_modes_matter(seed, data):
    mixture = ring(5, std=0.3)
    samples = mixture.sample(40, seeded(seed))
    order = data.draw(st.permutations(range(5)))
    renamed = Mixture(mixture.centers[order], mixture.std)
    shuffled = samples[torch.randperm(40, generator=seeded(seed))]
    one, other = mode_coverage(samples, mixture), mode_coverage(shuffled, renamed)
    assert one.counts[order].tolist() == other.counts.tolist()
    assert (one.modes, one.high_quality) == (other.modes, other.high_quality)
    assert_close(one.reverse_kl, other.reverse_kl, rtol=1e-12, atol=1e-15)


@given(shift=st.floats(-100, 100), angle=st.floats(0, 6.3), scale=st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_moving_turning_and_scaling_the_plane_changes_nothing(shift, angle, scale):
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    mixture = ring(4, std=0.25)
    samples = mixture.sample(50, seeded())
    moved = Mixture(scale * mixture.centers @ turn.T.double() + shift, scale * 0.25)
    one = mode_coverage(samples, mixture)
    other = mode_coverage(scale * samples.double() @ turn.T.double() + shift, moved)
    assert one.counts.tolist() == other.counts.tolist()


@pytest.mark.parametrize("mixture", [ring(), grid()], ids=["ring", "grid"])
def test_the_mixtures_own_samples_score_what_a_perfect_sampler_does(mixture, rng):
    n, k = 10_000, len(mixture.centers)
    coverage = mode_coverage(mixture.sample(n, rng), mixture)
    share = 1 - math.exp(-4.5)
    assert abs(coverage.high_quality - share) < SIGMAS * (share * (1 - share) / n) ** 0.5
    assert coverage.modes == k
    # 2 n KL of a histogram from its own law is chi-square with k - 1 degrees of freedom, for large n.
    assert 2 * coverage.counts.sum() * coverage.reverse_kl < stats.chi2.ppf(1 - 1e-6, k - 1)


def test_samples_in_float32_and_with_a_gradient_are_read_as_they_are():
    samples = ring().centers.float().requires_grad_()
    coverage = mode_coverage(samples, ring())
    assert coverage.modes == 8
    assert not coverage.counts.requires_grad


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.zeros(5), r"`samples` must have shape \(N, 2\) with N at least 1, got \(5,\)"),
        (torch.zeros(5, 3), r"`samples` must have shape \(N, 2\) with N at least 1, got \(5, 3\)"),
        (torch.zeros(0, 2), r"`samples` must have shape \(N, 2\) with N at least 1, got \(0, 2\)"),
        (torch.tensor([[0, 0], [0, math.nan]]), "`samples` must not hold NaN, got it in 1 of 2 points"),
    ],
)
def test_what_are_no_samples_is_refused_by_name(samples, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(samples, ring())


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan])
def test_a_radius_that_is_not_positive_is_refused(radius):
    with pytest.raises(ValueError, match=f"`radius` must be positive, in standard deviations, got {radius}"):
        mode_coverage(ring().centers, ring(), radius=radius)
    with pytest.raises(ValueError, match=f"`radius` must be positive, in standard deviations, got {radius}"):
        perfect_sampler_share(2, radius)


# --- The perfect sampler ---


@pytest.mark.parametrize("dim", [1, 2, 3, 10, 784])
@pytest.mark.parametrize("radius", [0.5, 1.0, 3.0, 28.0])
def test_the_perfect_share_is_the_chi_square_distribution(dim, radius):
    assert_close(perfect_sampler_share(dim, radius), stats.chi2.cdf(radius**2, dim), rtol=1e-9, atol=1e-300)


def test_the_perfect_share_is_989_in_a_thousand_in_the_plane_and_997_on_the_line():
    assert_close(perfect_sampler_share(), 1 - math.exp(-4.5), rtol=1e-14, atol=0)
    assert_close(perfect_sampler_share(1), math.erf(3 / math.sqrt(2)), rtol=1e-14, atol=0)


def test_modes_that_overlap_score_above_the_perfect_share(rng):
    close = grid(5, spacing=1.0, std=0.5)
    assert mode_coverage(close.sample(2_500, rng), close).high_quality > perfect_sampler_share() + 0.005


@pytest.mark.parametrize("dim", [0, -1, 2.0, True])
def test_a_dimension_that_is_no_positive_integer_is_refused(dim):
    with pytest.raises(ValueError, match=f"`dim` must be a positive integer, got {dim!r}"):
        perfect_sampler_share(dim)


# --- The discriminator against its optimum ---


def test_correlation_is_scipys_and_the_error_is_the_mean_of_the_differences(rng):
    scores, log_ratio = torch.randn(50, generator=rng), torch.randn(50, generator=rng)
    error = discriminator_error(scores, log_ratio)
    expected = stats.pearsonr(scores.numpy(), log_ratio.numpy()).statistic
    assert_close(error.correlation, expected, rtol=1e-10, atol=0)
    assert_close(error.mean_absolute, np.abs(scores.numpy() - log_ratio.numpy()).mean(), rtol=1e-12, atol=0)


def test_the_log_ratio_of_two_gaussians_is_scored_without_error():
    # log N(x; 0, 1) - log N(x; 1, 1) = 1/2 - x
    real, fake = Mixture(torch.tensor([[0.0]]), 1.0), Mixture(torch.tensor([[1.0]]), 1.0)
    x = torch.linspace(-3, 3, 25)
    log_ratio = real.log_density(x[:, None]) - fake.log_density(x[:, None])
    error = discriminator_error(0.5 - x, log_ratio)
    assert_close(error, type(error)(1.0, 0.0), rtol=0, atol=1e-12)


@given(slope=st.floats(0.01, 100), offset=st.floats(-50, 50))
@settings(max_examples=25, deadline=None)
def test_a_wrong_scale_keeps_the_correlation_and_shows_in_the_error(slope, offset):
    truth = torch.linspace(-2, 2, 9, dtype=torch.float64)
    error = discriminator_error(slope * truth + offset, truth)
    assert_close(error.correlation, 1.0, rtol=0, atol=1e-9)
    expected = ((slope - 1) * truth + offset).abs().mean().item()
    assert_close(error.mean_absolute, expected, rtol=1e-9, atol=1e-12)
    assert_close(discriminator_error(-slope * truth, truth).correlation, -1.0, rtol=0, atol=1e-9)


def test_a_constant_score_has_an_error_and_no_correlation():
    error = discriminator_error(torch.zeros(2), torch.tensor([-1.0, 3.0]))
    assert math.isnan(error.correlation)
    assert error.mean_absolute == 2.0


@pytest.mark.parametrize(
    ("scores", "log_ratio", "message"),
    [
        (torch.zeros(3, 1), torch.zeros(3, 1), r"must both have shape \(N,\), .*got \(3, 1\) and \(3, 1\)"),
        (torch.zeros(3), torch.zeros(4), r"must both have shape \(N,\), .*got \(3,\) and \(4,\)"),
        (torch.zeros(1), torch.zeros(1), r"N at least 2, got \(1,\) and \(1,\)"),
        (
            torch.tensor([0, math.nan]),
            torch.zeros(2),
            "`scores` and `log_ratio` must be finite, got infinity or NaN",
        ),
        (
            torch.zeros(2),
            torch.tensor([0, math.inf]),
            "`scores` and `log_ratio` must be finite, got infinity or NaN",
        ),
    ],
)
def test_scores_that_cannot_be_compared_are_refused_by_name(scores, log_ratio, message):
    with pytest.raises(ValueError, match=message):
        discriminator_error(scores, log_ratio)
