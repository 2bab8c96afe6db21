"""Truth here: samples placed by hand, closed forms, SciPy's statistics, square roots and matching.

Sampling tests fix the seed and allow five standard errors. FID and KID are those of torch-fidelity with a toy
extractor, whose features are the pixels.
"""

import math
import sys
import urllib.error
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, optimize, stats
from scipy.spatial import distance
from torch.testing import assert_close

from ganlab.data import Mixture, grid, ring, swiss_roll
from ganlab.evaluation.metrics import (
    classifier_frechet,
    classifier_kernel,
    discriminator_error,
    empirical_distance_to_data,
    fid_kid,
    mode_coverage,
    over_seeds,
    perfect_sampler_share,
    spread,
)

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


@pytest.mark.parametrize("mixture", ["ring", None, swiss_roll()])
def test_modes_are_those_of_a_mixture(mixture):
    with pytest.raises(TypeError, match=r"`mixture` must be a `Mixture`, as .* makes one, got "):
        mode_coverage(torch.zeros(3, 2), mixture)


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


def test_rounding_never_takes_a_correlation_beyond_one():
    for seed in range(300):
        x = torch.randn(7, generator=seeded(seed))
        assert discriminator_error(x / 3, x).correlation <= 1
        assert discriminator_error(-x / 3, x).correlation >= -1


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


# --- Over seeds ---


def test_spread_is_the_mean_with_scipys_standard_error_and_the_range():
    values = [7.0, 8.0, 8.0, 6.5, 8.0]
    found = spread(values)
    assert_close(found.mean, np.mean(values), rtol=1e-14, atol=0)
    assert_close(found.standard_error, stats.sem(values), rtol=1e-14, atol=0)
    assert found[2:] == (6.5, 8.0, 5, 0)


def test_spread_takes_a_list_an_array_and_a_tensor_with_a_gradient():
    as_list = spread([1.0, 2.0])
    assert spread(np.array([1, 2])) == as_list
    assert spread(torch.tensor([1.0, 2.0], requires_grad=True)) == as_list
    assert spread([torch.tensor(1.0), torch.tensor(2.0)]) == as_list


def test_one_seed_has_a_mean_and_no_standard_error():
    found = spread([3.0])
    assert (found.mean, found.lowest, found.highest, found.seeds) == (3.0, 3.0, 3.0, 1)
    assert math.isnan(found.standard_error)


def test_an_unknown_seed_makes_the_mean_unknown_unless_it_is_left_out():
    strict, skipped = spread([1.0, math.nan, 3.0]), spread([1.0, math.nan, 3.0], skip_unknown=True)
    assert math.isnan(strict.mean)
    assert math.isnan(strict.standard_error)
    assert skipped[:2] == (2.0, 1.0)
    for found in (strict, skipped):
        assert found[2:] == (1.0, 3.0, 3, 1)


def test_seeds_that_are_all_unknown_have_nothing_to_say_either_way():
    for found in (spread([math.nan] * 2), spread([math.nan] * 2, skip_unknown=True)):
        assert all(math.isnan(x) for x in found[:4])
        assert (found.seeds, found.unknown) == (2, 2)


def test_an_infinite_seed_has_an_infinite_mean_and_no_standard_error():
    found = spread([1.0, math.inf])
    assert (found.mean, found.highest) == (math.inf, math.inf)
    assert math.isnan(found.standard_error)


def test_a_spread_reads_as_one_line():
    assert str(spread([6.0, 8.0, math.nan], skip_unknown=True)) == (
        "7 +- 1 (6 to 8 over 3 seeds, unknown for 1)"
    )
    assert str(spread([2.0, 2.0])) == "2 +- 0 (2 to 2 over 2 seeds)"
    assert str(spread([2.0])) == "2 +- nan (2 to 2 over 1 seed)"


def test_over_seeds_sums_up_the_numbers_of_the_records_and_leaves_out_the_rest():
    samples = torch.stack([line().centers, line().centers[:2].repeat(2, 1), torch.full((4, 1), 5.0)])
    found = over_seeds([mode_coverage(x, line()) for x in samples])
    assert set(found) == {"modes", "total", "high_quality", "reverse_kl", "jensen_shannon"}
    assert found["modes"][:1] + found["modes"][2:] == (2.0, 0.0, 4.0, 3, 0)
    assert_close(found["high_quality"].mean, 2 / 3, rtol=1e-14, atol=0)
    assert math.isnan(found["reverse_kl"].mean)
    assert found["reverse_kl"].unknown == 1


def test_over_seeds_can_skip_what_is_unknown():
    samples = torch.stack([line().centers, torch.full((4, 1), 5.0)])
    found = over_seeds([mode_coverage(x, line()) for x in samples], skip_unknown=True)
    assert_close(found["reverse_kl"].mean, 0.0, rtol=0, atol=1e-15)


class Other(NamedTuple):
    modes: int


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "`records` must be some of one kind, got none"),
        (
            [Other(1), discriminator_error(torch.ones(2), torch.ones(2))],
            "must be some of one kind, got DiscriminatorError and Other",
        ),
    ],
)
def test_records_that_do_not_belong_together_are_refused(records, message):
    with pytest.raises(ValueError, match=message):
        over_seeds(records)


@pytest.mark.parametrize(("values", "shape"), [([], r"\(0,\)"), ([[1.0]], r"\(1, 1\)"), (1.0, r"\(\)")])
def test_a_spread_of_what_is_no_list_of_numbers_is_refused(values, shape):
    with pytest.raises(ValueError, match=rf"`values` must be \(S,\), one number a seed, got {shape}"):
        spread(values)


# --- The distance to the data ---


class Fixed(NamedTuple):
    """A source that deals out the points it was given, N at a time."""

    points: torch.Tensor

    def sample(self, n, rng, *, dtype=None):
        return self.points[torch.randperm(len(self.points), generator=rng)[:n]].to(dtype)


def test_the_distance_is_that_of_the_best_matching(rng):
    points = torch.randn(40, 3, generator=rng)
    samples = torch.randn(40, 3, generator=rng)
    found = empirical_distance_to_data(samples, Fixed(points), rng, repeats=2)
    cost = distance.cdist(points.numpy(), samples.numpy())
    expected = cost[optimize.linear_sum_assignment(cost)].mean()
    assert_close(found.samples.mean, expected, rtol=1e-10, atol=0)
    assert_close(found.perfect.mean, 0.0, rtol=0, atol=1e-12)  # each draw is the same forty points


def test_three_draws_unless_asked_and_one_is_enough(rng):
    samples = ring().sample(20, rng)
    assert empirical_distance_to_data(samples, ring(), rng).samples.seeds == 3
    assert empirical_distance_to_data(samples, ring(), rng, repeats=1).perfect.seeds == 1


def test_moving_the_samples_far_moves_the_distance_by_the_way(rng):
    near = ring().sample(60, rng)
    found = empirical_distance_to_data(near + torch.tensor([300.0, 400.0]), ring(), rng)
    assert abs(found.samples.mean - 500) < 2 * 2  # both laws lie within 2 + 3 std of their centres


def test_the_data_itself_scores_what_a_perfect_sampler_does_and_not_zero():
    gap, repeats = [], 4
    for seed in range(6):
        rng = seeded(seed)
        found = empirical_distance_to_data(swiss_roll().sample(60, rng), swiss_roll(), rng, repeats=repeats)
        assert found.perfect.seeds == repeats
        assert found.perfect.lowest > 0.05
        gap.append(found.samples.mean - found.perfect.mean)
    assert abs(np.mean(gap)) < SIGMAS * stats.sem(gap)


def test_a_perfect_sampler_seems_the_nearer_the_more_points_there_are():
    means = [
        empirical_distance_to_data(ring().sample(n, seeded()), ring(), seeded(1)).perfect.mean
        for n in (20, 80, 320)
    ]
    assert means[0] > 1.3 * means[1] > 1.3**2 * means[2]


@pytest.mark.parametrize(
    ("samples", "settings", "message"),
    [
        (torch.zeros(5001, 2), {}, "`samples` must be at most 5000 for exact transport, got 5001"),
        (torch.zeros(5, 3), {}, r"`samples` must have shape \(N, 2\) with N at least 1, got \(5, 3\)"),
        (torch.tensor([[0.0, math.nan]]), {}, "`samples` must not hold NaN, got it in 1 of 1 points"),
        (torch.tensor([[0.0, math.inf]]), {}, "must be finite, got inf"),
        (torch.zeros(5, 2), {"repeats": 0}, "`repeats` must be at least 1, got 0"),
    ],
)
def test_a_distance_that_cannot_be_measured_is_refused(samples, settings, message, rng):
    with pytest.raises(ValueError, match=message):
        empirical_distance_to_data(samples, ring(), rng, **settings)


# --- Distances of features ---


def moments(mean, root, count, rng):
    """`count` samples whose mean and unbiased covariance are exactly `mean` and root root^T."""
    x = torch.randn(count, len(mean), generator=rng)
    x = x - x.mean(0)
    whitened = torch.linalg.solve(torch.linalg.cholesky(torch.cov(x.T)), x.T)
    return mean + whitened.T @ root.T


def test_frechet_of_two_gaussians_that_commute_is_the_closed_form(rng):
    # Diagonal covariances: |m - m'|^2 + sum (s - s')^2
    mean, std = (
        torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]]),
        torch.tensor([[1.0, 2.0, 3.0], [2.0, 0.5, 3.0]]),
    )
    real, fake = (moments(m, s.diag(), 50, rng) for m, s in zip(mean, std, strict=True))
    assert_close(classifier_frechet(real, fake), 1 + 4 + 1 + 2.25, rtol=1e-10, atol=0)


@given(seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_frechet_is_scipys_square_root_of_the_covariances(seed):
    rng = seeded(seed)
    real = torch.randn(30, 4, generator=rng) @ torch.randn(4, 4, generator=rng)
    fake = torch.randn(25, 4, generator=rng) @ torch.randn(4, 4, generator=rng) + 1
    c_real, c_fake = np.cov(real.T.numpy()), np.cov(fake.T.numpy())
    root = linalg.sqrtm(c_real @ c_fake).real
    expected = ((real.mean(0) - fake.mean(0)) ** 2).sum().item() + np.trace(c_real + c_fake - 2 * root)
    assert_close(classifier_frechet(real, fake), expected, rtol=1e-7, atol=1e-7)


def test_frechet_to_a_collapsed_generator_is_the_spread_of_the_data(rng):
    # All fake features at one point m': |m - m'|^2 + tr C
    real = moments(torch.zeros(5), torch.eye(5), 20, rng)
    assert_close(classifier_frechet(real, torch.ones(20, 5)), 10.0, rtol=1e-10, atol=0)


def test_frechet_with_fewer_samples_than_features_is_that_within_their_span(rng):
    # Twelve features that are a rotation of two: the covariances are singular, the distance is the plane's.
    turn = torch.linalg.qr(torch.randn(12, 12, generator=rng)).Q[:2]
    real, fake = torch.randn(6, 2, generator=rng), 3 * torch.randn(6, 2, generator=rng) + 1
    in_plane = classifier_frechet(real, fake)
    assert_close(classifier_frechet(real @ turn, fake @ turn), in_plane, rtol=1e-7, atol=0)
    assert_close(classifier_frechet(real @ turn, real @ turn), 0.0, rtol=0, atol=1e-10)


def test_features_in_float32_lose_nothing_to_it(rng):
    real, fake = (torch.randn(40, 8, generator=rng).float() + 100 for _ in range(2))
    assert_close(
        classifier_frechet(real, fake), classifier_frechet(real.double(), fake.double()), rtol=0, atol=0
    )


def test_frechet_of_equal_laws_is_biased_by_what_the_docstring_says():
    n, width, scale, trials = 400, 12, 2.0, 40
    found = []
    for seed in range(trials):
        rng = seeded(seed)
        found.append(classifier_frechet(*(scale * torch.randn(2, n, width, generator=rng))))
    expected = scale**2 * (width * (width + 1) / 2 + 2 * width) / n
    assert abs(np.mean(found) - expected) < SIGMAS * stats.sem(found) + expected * width / n


def kernel(x, y):
    return float((x @ y / len(x) + 1) ** 3)


def test_kernel_distance_is_the_double_sum(rng):
    real, fake = torch.randn(7, 3, generator=rng), torch.randn(5, 3, generator=rng) + 0.5
    within_real = np.mean([kernel(x, y) for i, x in enumerate(real) for j, y in enumerate(real) if i != j])
    within_fake = np.mean([kernel(x, y) for i, x in enumerate(fake) for j, y in enumerate(fake) if i != j])
    between = np.mean([kernel(x, y) for x in real for y in fake])
    assert_close(classifier_kernel(real, fake), within_real + within_fake - 2 * between, rtol=1e-10, atol=0)


def test_kernel_distance_in_blocks_is_that_of_scikit_learns_kernel(rng):
    from sklearn.metrics.pairwise import polynomial_kernel

    real, fake = torch.randn(2100, 4, generator=rng), torch.randn(1100, 4, generator=rng) * 1.5
    k = {
        (a, b): polynomial_kernel(x.numpy(), y.numpy(), degree=3, coef0=1)
        for a, x in (("r", real), ("f", fake))
        for b, y in (("r", real), ("f", fake))
    }
    within = sum((k[a, a].sum() - k[a, a].trace()) / (n * (n - 1)) for a, n in (("r", 2100), ("f", 1100)))
    assert_close(classifier_kernel(real, fake), within - 2 * k["r", "f"].mean(), rtol=1e-9, atol=0)


def test_kernel_distance_is_unbiased_for_equal_laws_and_for_unequal_ones():
    # One feature, N(0, 1) and N(1, 1); k = sum of C(3, j) (xy)^j, so MMD^2 = sum C(3, j) (m_j - m'_j)^2 with
    # moments (0, 1, 0) and (1, 2, 4): 3 (1)^2 + 3 (1)^2 + (4)^2 = 22.
    for shift, expected in ((0.0, 0.0), (1.0, 22.0)):
        found = []
        for seed in range(400):
            real, fake = torch.randn(2, 30, 1, generator=seeded(seed))
            found.append(classifier_kernel(real, fake + shift))
        assert abs(np.mean(found) - expected) < SIGMAS * stats.sem(found)
        assert expected or min(found) < 0


def test_frechet_grows_with_fewer_samples_of_one_law_and_the_kernel_distance_does_not(rng):
    few = [torch.randn(2, 20, 6, generator=rng) for _ in range(200)]
    many = [torch.randn(2, 200, 6, generator=rng) for _ in range(20)]
    assert np.mean([classifier_frechet(*x) for x in few]) > 5 * np.mean(
        [classifier_frechet(*x) for x in many]
    )
    kernels = [classifier_kernel(*x) for x in few]
    assert abs(np.mean(kernels)) < SIGMAS * stats.sem(kernels)


@pytest.mark.parametrize("measure", [classifier_frechet, classifier_kernel])
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(1, 3), torch.zeros(4, 3), r"`real_features` must have shape \(N, F\) with N at least 2"),
        (torch.zeros(4, 3), torch.zeros(4), r"`fake_features` must have shape \(N, F\).*got \(4,\)"),
        (torch.zeros(4, 0), torch.zeros(4, 0), r"`real_features` must have shape .*got \(4, 0\)"),
        (torch.zeros(4, 3), torch.zeros(4, 2), "must be of one classifier, got 3 and 2 features"),
        (torch.zeros(4, 3), torch.full((4, 3), math.nan), "`fake_features` must be finite"),
    ],
)
def test_features_that_cannot_be_compared_are_refused_by_name(measure, real, fake, message):
    with pytest.raises(ValueError, match=message):
        measure(real, fake)


# --- FID and KID, by torch-fidelity ---


def bytes_of(images):
    """Features of the toy extractor, by numpy."""
    levels = np.rint(127.5 * (images.numpy() + 1))
    levels = np.broadcast_to(levels, (len(images), 3, *images.shape[2:]))
    return torch.from_numpy(levels.reshape(len(images), -1) / 100)


@pytest.mark.parametrize("channels", [1, 3])
def test_fid_and_kid_are_the_distances_of_the_features_that_the_extractor_gives(pixels, channels, rng):
    real = torch.rand(40, channels, 2, 2, generator=rng) * 2 - 1
    fake = torch.rand(30, channels, 2, 2, generator=rng) - 1
    found = fid_kid(real, fake, extractor=pixels)
    features = bytes_of(real), bytes_of(fake)
    assert_close(found.fid, classifier_frechet(*features), rtol=1e-5, atol=0)
    # All thirty fakes against thirty of the forty reals: near the value for all, and it varies over subsets.
    assert abs(found.kid - classifier_kernel(*features)) < found.kid_std
    assert found.kid_std > 0


def test_kid_of_equal_numbers_is_the_kernel_distance_of_all(pixels, rng):
    real = torch.rand(25, 3, 2, 1, generator=rng) * 2 - 1
    fake = torch.rand(25, 3, 2, 1, generator=rng) * 2 - 1
    found = fid_kid(real, fake, extractor=pixels, batch_size=7)
    assert_close(found.kid, classifier_kernel(bytes_of(real), bytes_of(fake)), rtol=1e-10, atol=1e-14)
    assert math.isnan(found.kid_std)  # one value has no spread; rounding is none


def test_fid_of_images_with_known_moments_is_the_closed_form(pixels):
    # Bytes 0 and 200 against 100 and 100 in each of three channels: the means agree, the deviations differ.
    real = torch.tensor([-1.0, 200 / 127.5 - 1])[:, None, None, None]
    fake = torch.full((2, 1, 1, 1), 100 / 127.5 - 1)
    # tr C = 3 x the unbiased variance of {0, 2} = 3 x 2
    assert_close(fid_kid(real, fake, extractor=pixels).fid, 6.0, rtol=1e-9, atol=0)


def test_the_ends_of_the_range_are_the_first_and_the_last_byte(pixels):
    real = torch.tensor([-1.0, 1.0, -1.0, 1.0])[:, None, None, None]
    fake = torch.tensor([0.0, 0.0, 0.0, 0.0])[:, None, None, None]  # 127.5, a half: to the even 128
    expected = 3 * (1.275 - 1.28) ** 2 + 3 * np.var([0, 2.55, 0, 2.55], ddof=1)
    assert_close(fid_kid(real, fake, extractor=pixels).fid, expected, rtol=1e-9, atol=0)


def test_the_seed_chooses_the_subsets_of_kid(pixels, rng):
    real, fake = 2 * torch.rand(2, 30, 3, 1, 1, generator=rng) - 1
    one, again, other = (
        fid_kid(real, fake, extractor=pixels, subset_size=10, seed=seed) for seed in (0, 0, 1)
    )
    assert one == again
    assert one.fid == other.fid
    assert one.kid != other.kid


def test_kid_is_taken_over_subsets_of_the_size_that_is_asked_for_and_nothing_is_printed(pixels, rng, capfd):
    # A subset is two of four images, so that each estimate is one of 36 values.
    real, fake = 2 * torch.rand(2, 4, 3, 1, 1, generator=rng) - 1
    found = fid_kid(real, fake, extractor=pixels, subset_size=2)
    x, y = bytes_of(real), bytes_of(fake)
    pairs = list(combinations(range(4), 2))
    every = [classifier_kernel(x[list(a)], y[list(b)]) for a in pairs for b in pairs]
    assert_close(found.kid_std, np.std(every), rtol=0.3, atol=0)
    assert abs(found.kid - np.mean(every)) < SIGMAS * np.std(every) / 10  # a hundred subsets
    assert capfd.readouterr() == ("", "")


def test_images_from_zero_to_one_are_not_taken_for_images_from_minus_one(pixels, rng):
    dark, bright = 2 * torch.rand(4, 1, 2, 2, generator=rng) - 1, torch.rand(4, 1, 2, 2, generator=rng)
    with pytest.raises(ValueError, match=r"`real_images` must lie within \[-1, 1\], got none below 0"):
        fid_kid(bright, dark, extractor=pixels)
    with pytest.warns(UserWarning, match=r"`fake_images` must lie within \[-1, 1\], got none below 0"):
        fid_kid(dark, bright, extractor=pixels)


def test_channels_at_the_end_are_refused_with_the_cure(pixels):
    images = np.zeros((2, 32, 32, 3), dtype=np.float32)
    with pytest.raises(ValueError, match=r"`real_images` .* got \(2, 32, 32, 3\): x\.permute\(0, 3, 1, 2\)"):
        fid_kid(images, images, extractor=pixels)


def test_arrays_and_lists_are_taken_where_a_tensor_is(pixels, rng):
    real, fake = 2 * torch.rand(2, 9, 3, 1, 1, generator=rng) - 1
    assert (
        fid_kid(real.numpy(), fake.numpy(), extractor=pixels).fid == fid_kid(real, fake, extractor=pixels).fid
    )
    x, y = real.flatten(1), fake.flatten(1)
    for apart in (classifier_frechet, classifier_kernel):
        assert apart(x.tolist(), y.numpy()) == apart(x, y)
    points = ring().sample(50, rng)
    assert mode_coverage(points.tolist(), ring())[:4] == mode_coverage(points, ring())[:4]
    assert discriminator_error([0.0, 1.0, 3.0], np.array([0.0, 2.0, 3.0])).mean_absolute == pytest.approx(
        1 / 3
    )
    far = [
        empirical_distance_to_data(given, ring(), torch.Generator().manual_seed(1), repeats=1)
        for given in (points, points.tolist())
    ]
    assert far[0].samples.mean == far[1].samples.mean


def test_a_source_without_samples_of_a_dtype_is_refused_by_name(rng):
    class Plain:
        def sample(self, n, rng):
            return torch.zeros(n, 2)

    with pytest.raises(TypeError, match="`source`"):
        empirical_distance_to_data(torch.zeros(3, 2), Plain(), rng)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Where the weights of Inception v3 would lie; no network is there."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    def refuse(*_, **__):
        raise urllib.error.URLError("no network here")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    return tmp_path / "hub" / "checkpoints" / URL_INCEPTION_V3.split("/")[-1]


def test_weights_that_are_nowhere_are_named_with_the_place_and_the_cure(weights, rng):
    images = 2 * torch.rand(2, 3, 8, 8, generator=rng) - 1
    with pytest.raises(OSError, match=r"weights of Inception v3 are not in .*no network here") as caught:
        fid_kid(images, images)
    assert str(weights) in str(caught.value)
    assert "put the file there" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK half of a download"])
def test_damaged_weights_are_named(weights, content, rng):
    weights.parent.mkdir(parents=True)
    weights.write_bytes(content)
    images = 2 * torch.rand(2, 3, 8, 8, generator=rng) - 1
    with pytest.raises(OSError, match=r"is damaged: its SHA-256 .* delete or replace it") as caught:
        fid_kid(images, images)
    assert str(weights) in str(caught.value)
    assert weights.read_bytes() == content


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (lambda x: mode_coverage(x, ring()), "samples"),
        (lambda x: empirical_distance_to_data(x, ring(), torch.Generator()), "samples"),
        (lambda x: discriminator_error([0.0, 1.0], x), "log_ratio"),
        (lambda x: classifier_frechet(x, [[0.0]]), "real_features"),
        (lambda x: classifier_kernel([[0.0]], x), "fake_features"),
        (lambda x: fid_kid(x, x), "real_images"),
        (lambda x: spread(x), "values"),
    ],
)
def test_what_holds_no_numbers_is_refused_by_name(measure, name):
    for wrong in (["a", "b"], "ab", [{}, {}], None):
        with pytest.raises(TypeError, match=f"`{name}` must be numbers, in a tensor, an array or lists, got"):
            measure(wrong)
    with pytest.raises(ValueError, match=f"`{name}` must be numbers, in a tensor, an array or lists, got"):
        measure([[1.0, 2.0], [3.0]])


@pytest.mark.parametrize("records", [[[1.0], [2.0]], np.eye(2), ["a"], [{"modes": 1}]])
def test_records_that_have_no_names_are_refused(records):
    with pytest.raises(TypeError, match="`records` must be named tuples, one a seed, got"):
        over_seeds(records)


def test_without_torch_fidelity_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(
        ImportError, match=r'`fid_kid` needs torch-fidelity: pip install "ganlab-book\[fidelity\]"'
    ):
        fid_kid(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4))


@pytest.mark.parametrize(
    ("real", "fake", "settings", "error", "message"),
    [
        (
            torch.zeros(2, 2, 4, 4),
            torch.zeros(2, 3, 4, 4),
            {},
            ValueError,
            r"`real_images` must have 1 or 3 channels and at least 2 images, got \(2, 2, 4, 4\)",
        ),
        (
            torch.zeros(2, 3, 4, 4),
            torch.zeros(1, 3, 4, 4),
            {},
            ValueError,
            r"`fake_images` must have 1 or 3 channels and at least 2 images, got \(1, 3, 4, 4\)",
        ),
        (
            torch.zeros(2, 3, 4, 4),
            torch.full((2, 3, 4, 4), 2.0),
            {},
            ValueError,
            r"`fake_images` must lie within \[-1, 1\], got values from 2 to 2",
        ),
        (
            torch.zeros(2, 3, 4, 4, dtype=torch.uint8),
            torch.zeros(2, 3, 4, 4),
            {},
            TypeError,
            "`real_images` must be floating-point images",
        ),
        (
            torch.zeros(2, 3, 4, 4),
            torch.zeros(2, 3, 4, 4),
            {"subset_size": 1},
            ValueError,
            "`subset_size` must be at least 2, got 1",
        ),
    ],
)
def test_images_that_cannot_be_scored_are_refused_by_name(real, fake, settings, error, message):
    with pytest.raises(error, match=message):
        fid_kid(real, fake, **settings)
