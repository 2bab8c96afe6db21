"""Truth here: closed forms, SciPy's densities and distributions, scikit-learn's own arrays, laws of sampling.

Sampling tests fix the seed and allow five standard errors.
"""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn.datasets import load_digits, make_swiss_roll
from torch.testing import assert_close

from ganlab.data import (
    DATASETS,
    Images,
    Mixture,
    SwissRoll,
    batches,
    check_images,
    digits,
    grid,
    ring,
    shared_ring,
    stacked,
    swiss_roll,
)

SIGMAS = 5


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def uneven():
    """Three modes in the plane with different weights."""
    centers = torch.tensor([[0.0, 0.0], [1.0, 0.5], [-2.0, 1.0]])
    return Mixture(centers, 0.4, torch.tensor([0.5, 0.3, 0.2]))


def numbered(n):
    """n images of 2x2 pixels, of which image i holds the value i alone."""
    pixels = torch.arange(n, dtype=torch.uint8)[:, None, None, None].expand(n, 1, 2, 2)
    return Images("numbered", pixels, torch.arange(n) % 10)


def numbers_in(batch):
    """Which of the numbered images these are."""
    return ((batch[:, 0, 0, 0] + 1) * 127.5).round().long().tolist()


# --- Mixtures ---


@given(modes=st.integers(2, 30), radius=st.floats(0.1, 10))
@settings(deadline=None)
def test_ring_centres_are_distinct_and_neighbours_are_a_chord_apart(modes, radius):
    distances = torch.pdist(ring(modes, radius=radius, std=0.01).centers)
    assert_close(distances.min().item(), 2 * radius * math.sin(math.pi / modes), rtol=1e-12, atol=0)


def test_ring_of_eight_starts_at_the_right_and_goes_round_by_45_degrees():
    half = math.sqrt(2)
    expected = [(2, 0), (half, half), (0, 2), (-half, half), (-2, 0), (-half, -half), (0, -2), (half, -half)]
    assert_close(ring().centers, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-15)


@pytest.mark.parametrize("kept_as", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("computed_in", [torch.float64, torch.float32])
@pytest.mark.parametrize("radius", [2.0, 300.0])
def test_the_published_ring_of_eight_that_has_seven_modes_is_refused(computed_in, kept_as, radius):
    angles = torch.linspace(0, 2 * math.pi, 8, dtype=computed_in)  # the first and the last are one angle
    wrong = radius * torch.stack([angles.cos(), angles.sin()], 1)
    assert torch.pdist(wrong).min() < radius * 1e-6
    with pytest.raises(ValueError, match=r"`centers` must be pairwise distinct, got two at distance"):
        Mixture(wrong.to(kept_as), 0.02 * radius)


def test_centres_that_differ_by_rounding_alone_are_one_however_narrow_the_modes_are():
    angles = torch.linspace(0, 2 * math.pi, 8, dtype=torch.float32)
    ends = torch.stack([angles.cos(), angles.sin()], 1)[[0, -1]]
    assert torch.pdist(ends).item() > 1e-7
    with pytest.raises(ValueError, match="`centers` must be pairwise distinct"):
        Mixture(ends, 1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_modes_that_are_two_are_taken_in_every_precision(dtype):
    assert len(Mixture(ring(30).centers.to(dtype), 0.02).centers) == 30
    assert len(Mixture(grid(9).centers.to(dtype), 0.05).centers) == 81
    assert len(Mixture(torch.tensor([[0.0], [0.01]], dtype=dtype), 1.0).centers) == 2  # near, but apart


def test_grid_is_the_square_lattice_around_the_origin():
    expected = set(itertools.product((-4.0, -2.0, 0.0, 2.0, 4.0), repeat=2))
    assert {tuple(center) for center in grid().centers.tolist()} == expected
    assert grid(2, spacing=3.0).centers.tolist() == [[-1.5, -1.5], [-1.5, 1.5], [1.5, -1.5], [1.5, 1.5]]


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_log_density_is_scipys(dim, rng):
    mixture = Mixture(torch.randn(4, dim, generator=rng), 0.7, torch.tensor([0.1, 0.2, 0.3, 0.4]))
    x = 3 * torch.randn(50, dim, generator=rng)
    expected = sum(
        weight * stats.multivariate_normal(center, 0.7**2 * np.eye(dim)).pdf(x.numpy())
        for weight, center in zip(mixture.weights.numpy(), mixture.centers.numpy(), strict=True)
    )
    assert_close(mixture.log_density(x), torch.from_numpy(np.log(expected)), rtol=1e-12, atol=1e-12)


def test_density_integrates_to_one():
    line = Mixture(torch.tensor([[-1.0], [2.0]]), 0.5, torch.tensor([0.25, 0.75]))
    total, bound = integrate.quad(lambda x: line.log_density(torch.tensor([[x]])).exp().item(), -8, 9)
    assert abs(total - 1) < bound < 1e-6


def test_log_density_is_finite_and_right_where_every_density_underflows():
    far = torch.tensor([[1e4, 0.0]])
    # Only the nearest centre, (2, 0), counts; 1/8 of the mass is on it.
    expected = math.log(1 / 8) - (1e4 - 2) ** 2 / (2 * 0.02**2) - math.log(2 * math.pi * 0.02**2)
    assert_close(ring().log_density(far).item(), expected, rtol=1e-12, atol=0)


def test_log_density_is_computed_in_float64_from_points_in_float32():
    point = torch.tensor([[2.01, 0.0]], dtype=torch.float32)
    assert_close(ring().log_density(point), ring().log_density(point.double()), rtol=0, atol=0)


@given(order=st.permutations(range(3)))
@settings(deadline=None)
def test_naming_the_modes_in_another_order_leaves_the_density(order):
    mixture, x = uneven(), torch.randn(20, 2, generator=seeded())
    other = Mixture(mixture.centers[list(order)], mixture.std, mixture.weights[list(order)])
    assert_close(other.log_density(x), mixture.log_density(x), rtol=1e-12, atol=1e-12)


def test_equal_weights_are_the_default():
    centers = torch.tensor([[0.0], [1.0]])
    x = torch.linspace(-1, 2, 7)[:, None]
    even = Mixture(centers, 0.3, torch.tensor([0.5, 0.5]))
    assert_close(Mixture(centers, 0.3).log_density(x), even.log_density(x), rtol=0, atol=0)
    assert Mixture(centers, 0.3).probabilities.tolist() == [0.5, 0.5]


def test_weights_rounded_to_float32_still_sum_to_one_in_float64():
    weights = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float32)
    assert abs(weights.double().sum() - 1) > 1e-9
    probabilities = Mixture(torch.eye(3), 1.0, weights).probabilities
    assert_close(probabilities.sum().item(), 1.0, rtol=0, atol=1e-15)


def test_samples_have_the_mean_and_covariance_of_the_mixture(rng):
    mixture, n = uneven(), 40_000
    x = mixture.sample(n, rng)
    mean = mixture.weights @ mixture.centers
    spread = mixture.centers - mean
    covariance = spread.T @ (mixture.weights[:, None] * spread) + 0.4**2 * torch.eye(2)
    assert ((x.mean(0) - mean).abs() < SIGMAS * (covariance.diag() / n).sqrt()).all()
    products = (x - mean)[:, :, None] * (x - mean)[:, None, :]
    assert ((products.mean(0) - covariance).abs() < SIGMAS * products.std(0) / n**0.5).all()


def test_samples_fall_on_the_modes_in_proportion_to_their_weights(rng):
    mixture, n = Mixture(torch.tensor([[0.0], [10.0], [20.0]]), 0.1, torch.tensor([0.6, 0.3, 0.1])), 20_000
    shares = torch.bincount((mixture.sample(n, rng)[:, 0] / 10).round().long()) / n
    p = torch.tensor([0.6, 0.3, 0.1])
    assert ((shares - p).abs() < SIGMAS * (p * (1 - p) / n).sqrt()).all()


def test_samples_around_a_centre_are_gaussian_with_the_given_standard_deviation(rng):
    x = Mixture(torch.tensor([[3.0, -1.0]]), 0.2).sample(5_000, rng)
    assert stats.kstest(x[:, 0].numpy(), stats.norm(3, 0.2).cdf).pvalue > 1e-4
    assert stats.kstest(x[:, 1].numpy(), stats.norm(-1, 0.2).cdf).pvalue > 1e-4


# --- The roll ---


def test_without_noise_the_roll_is_the_spiral_whose_radius_is_its_angle(rng):
    x = 7.5 * swiss_roll(noise=0).sample(1_000, rng)
    t = x.norm(dim=1)
    assert_close(x, t[:, None] * torch.stack([t.cos(), t.sin()], 1), rtol=0, atol=1e-12)
    assert stats.kstest(t.numpy(), stats.uniform(1.5 * math.pi, 3 * math.pi).cdf).pvalue > 1e-4


def test_the_roll_has_the_law_of_scikit_learns(rng):
    ours = swiss_roll(noise=0.25, scale=1.0).sample(5_000, rng).numpy()
    theirs = make_swiss_roll(5_000, noise=0.25, random_state=0)[0][:, [0, 2]]
    for direction in np.array([[1, 0], [0, 1], [0.6, 0.8]]):
        assert stats.ks_2samp(ours @ direction, theirs @ direction).pvalue > 1e-4


def test_the_noise_of_the_roll_has_its_standard_deviation_over_the_scale():
    n = 20_000  # the same seed draws the same curve, so that the difference is the noise alone
    noise = SwissRoll().sample(n, seeded()) - SwissRoll(noise=0.0).sample(n, seeded())
    std = 0.25 / 7.5
    assert ((noise.std(0) - std).abs() < SIGMAS * std / (2 * n) ** 0.5).all()


# --- What all sources of points keep ---

SOURCES = [ring(), grid(), uneven(), swiss_roll(), stacked(numbered(10))]
IDS = ["ring", "grid", "uneven", "swiss_roll", "stacked"]


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_a_seed_gives_the_same_draws_again_and_another_seed_others(source):
    assert torch.equal(source.sample(9, seeded(1)), source.sample(9, seeded(1)))
    assert not torch.equal(source.sample(9, seeded(1)), source.sample(9, seeded(2)))


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_a_seed_gives_the_same_draws_in_each_precision(source):
    single = source.sample(9, seeded(), dtype=torch.float32)
    assert single.dtype == torch.float32
    double = source.sample(9, seeded(), dtype=torch.float64)
    assert_close(single, double.float(), rtol=0, atol=1e-7)


@pytest.mark.parametrize("source", SOURCES[:4], ids=IDS[:4])
def test_points_come_in_the_default_dtype(source, rng):
    assert source.sample(2, rng).dtype == torch.float64
    torch.set_default_dtype(torch.float32)
    assert source.sample(2, rng).dtype == torch.float32


@pytest.mark.parametrize("source", [*SOURCES, numbered(20)], ids=[*IDS, "images"])
def test_the_global_random_stream_is_left_alone(source, rng):
    before = torch.get_rng_state()
    next(batches(source, 8, rng))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("source", SOURCES, ids=IDS)
def test_sampling_refuses_a_bad_number_and_a_seed_in_place_of_a_stream(source, rng):
    with pytest.raises(ValueError, match="`n` must be a positive integer, got 0"):
        source.sample(0, rng)
    with pytest.raises(TypeError, match=r"`rng` must be a torch\.Generator, got int"):
        source.sample(3, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ring(0), "`modes` must be a positive integer, got 0"),
        (lambda: ring(2.5), "`modes` must be a positive integer, got 2.5"),
        (lambda: ring(True), "`modes` must be a positive integer, got True"),
        (lambda: ring(radius=-1.0), "`radius` must be positive and finite, got -1.0"),
        (lambda: ring(std=0.0), "`std` must be positive and finite, got 0.0"),
        (lambda: grid(0), "`side` must be a positive integer, got 0"),
        (lambda: grid(spacing=math.inf), "`spacing` must be positive and finite, got inf"),
        (lambda: grid(std=math.nan), "`std` must be positive and finite, got nan"),
        (lambda: swiss_roll(noise=-0.1), "`noise` must be finite and not negative, got -0.1"),
        (lambda: swiss_roll(scale=0.0), "`scale` must be positive and finite, got 0.0"),
        (lambda: Mixture(torch.zeros(3), 1.0), r"`centers` must be finite numbers of shape \(K, D\), got"),
        (
            lambda: Mixture(torch.zeros(0, 2), 1.0),
            r"`centers` must be .*, got torch.float64 of shape \(0, 2\)",
        ),
        (lambda: Mixture(torch.tensor([[math.nan]]), 1.0), "`centers` must be finite numbers"),
        (lambda: Mixture(torch.eye(2), 1.0, torch.tensor([1.0])), r"`weights` must be \(2,\), positive"),
        (lambda: Mixture(torch.eye(2), 1.0, torch.tensor([1.0, 0.0])), r"with sum 1, got \[1.0, 0.0\]"),
        (lambda: Mixture(torch.eye(2), 1.0, torch.tensor([0.5, 0.4])), r"with sum 1, got \[0.5, 0.4\]"),
        (lambda: ring().log_density(torch.zeros(3)), r"`x` must have shape \(n, 2\), got \(3,\)"),
        (lambda: ring().log_density(torch.zeros(4, 3)), r"`x` must have shape \(n, 2\), got \(4, 3\)"),
    ],
)
def test_bad_points_are_refused_by_name(build, message):
    with pytest.raises(ValueError, match=message):
        build()


# --- Images ---


def test_digits_are_scikit_learns_on_the_scale_from_minus_one_to_one():
    images, bunch = digits(split="all"), load_digits()
    batch = images.batch(torch.arange(1797), dtype=torch.float64)
    assert_close(batch[:, 0], torch.from_numpy(bunch.images / 8 - 1), rtol=0, atol=0)
    assert images.labels.tolist() == bunch.target.tolist()
    assert (batch.min(), batch.max()) == (-1, 1)


def test_the_two_parts_of_the_digits_are_the_whole():
    parts = [digits(split="train"), digits(split="test")]
    assert [len(part) for part in parts] == [1437, 360]
    assert torch.equal(torch.cat([part.pixels for part in parts]), digits(split="all").pixels)
    assert all((torch.bincount(part.labels) > 0).sum() == 10 for part in parts)


def test_an_unknown_split_of_the_digits_is_refused():
    with pytest.raises(ValueError, match="`split` must be one of train, test, all, got 'valid'"):
        digits(split="valid")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_an_unknown_split_of_the_larger_sets_is_refused_before_any_file_is_sought(name, tmp_path):
    with pytest.raises(ValueError, match="`split` must be one of train, test, got 'all'"):
        DATASETS[name].make(tmp_path, split="all")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("maximum", [16, 255])
def test_black_is_minus_one_and_white_is_one_exactly(maximum, dtype):
    pixels = torch.tensor([[[[0, maximum]]]], dtype=torch.uint8)
    batch = Images("two", pixels, torch.zeros(1).long(), maximum).batch(torch.tensor([0]), dtype=dtype)
    assert batch.flatten().tolist() == [-1.0, 1.0]
    assert batch.dtype == dtype


def test_a_batch_leaves_the_stored_pixels_as_they_are():
    images = numbered(5)
    images.batch(torch.tensor([4, 4, 0])).zero_()
    assert images.pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 1, 4, 4), torch.zeros(2)), r"`pixels` must be uint8 .*, got torch.float32"),
        (
            (torch.zeros(2, 4, 4, dtype=torch.uint8), torch.zeros(2)),
            r"shape \(N, C, H, W\), got .*\(2, 4, 4\)",
        ),
        (
            (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(3)),
            r"`labels` must have shape \(2,\), got",
        ),
        ((torch.full((1, 1, 1, 1), 17, dtype=torch.uint8), torch.zeros(1), 16), "go above `maximum`, 16"),
        ((torch.zeros(0, 1, 1, 1, dtype=torch.uint8), torch.zeros(0)), "`pixels` must not be empty"),
    ],
)
def test_bad_images_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        Images("bad", *arguments)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), TypeError, "`x` must be floating-point .* torch.uint8"),
        (torch.zeros(2, 4, 4), ValueError, r"`x` must have shape \(N, C, H, W\), not empty, got \(2, 4, 4\)"),
        (torch.zeros(0, 1, 4, 4), ValueError, r"not empty, got \(0, 1, 4, 4\)"),
        (torch.full((1, 1, 1, 2), math.nan), ValueError, "`x` must not hold NaN, got 2 of them"),
        (torch.full((1, 1, 1, 1), 1.001), ValueError, r"within \[-1, 1\], got values from 1.001 to 1.001"),
        (torch.full((1, 1, 1, 1), -math.inf), ValueError, r"within \[-1, 1\], got values from -inf to -inf"),
    ],
)
def test_what_is_no_image_batch_is_refused_at_the_border(x, error, message):
    with pytest.raises(error, match=message):
        check_images(x)


def test_a_proper_image_batch_passes_the_border_as_it_is():
    x = torch.tensor([-1.0, 0.0, 1.0]).reshape(1, 1, 1, 3)
    assert check_images(x) is x


# --- Stacked digits ---


def test_the_mode_of_a_stacked_image_is_read_off_its_channels(rng):
    pictures, modes = stacked(numbered(10)).draw(200, rng)
    shown = [numbers_in(pictures[:, [channel]]) for channel in range(3)]
    assert modes.tolist() == [100 * a + 10 * b + c for a, b, c in zip(*shown, strict=True)]


def test_the_thousand_modes_are_equally_likely_when_the_digits_are(rng):
    _, modes = stacked(numbered(10)).draw(50_000, rng)
    counts = torch.bincount(modes, minlength=1000)
    assert len(counts) == 1000
    assert stats.chisquare(counts.numpy()).pvalue > 1e-4


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            Images("rgb", torch.zeros(1, 3, 2, 2, dtype=torch.uint8), torch.zeros(1)),
            "must have one channel, got 3",
        ),
        (
            Images("letters", torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.tensor([10])),
            "must have labels 0 to 9, got 10 to 10",
        ),
    ],
)
def test_only_single_channel_digits_can_be_stacked(images, message):
    with pytest.raises(ValueError, match=message):
        stacked(images)


# --- Endless batches ---


def test_an_epoch_shows_each_image_once_and_the_next_one_in_another_order(rng):
    stream = batches(numbered(12), 4, rng)
    epochs = [[i for _ in range(3) for i in numbers_in(next(stream))] for _ in range(2)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert epochs[0] != epochs[1]


@given(n=st.integers(1, 40), batch_size=st.integers(1, 40), epochs=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_no_batch_is_short_and_no_epoch_repeats_an_image(n, batch_size, epochs):
    batch_size = min(batch_size, n)
    stream = batches(numbered(n), batch_size, seeded())
    for _ in range(epochs):
        seen = [i for _ in range(n // batch_size) for i in numbers_in(next(stream))]
        assert len(seen) == len(set(seen)) == n // batch_size * batch_size


def test_every_order_of_three_images_is_equally_likely(rng):
    stream, n = batches(numbered(3), 3, rng), 3_000
    orders = [tuple(numbers_in(next(stream))) for _ in range(n)]
    counts = [orders.count(order) for order in itertools.permutations(range(3))]
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("source", [ring(), swiss_roll(), numbered(11)], ids=["ring", "swiss_roll", "images"])
@pytest.mark.parametrize("done", [0, 1, 2, 3, 7])
def test_resuming_equals_no_interruption(source, done):
    stream = batches(source, 4, seeded(1))
    for _ in range(done):
        next(stream)
    state = stream.state_dict()
    expected = [next(stream) for _ in range(5)]
    resumed = batches(source, 4, seeded(2))
    next(resumed)
    resumed.load_state_dict(state)
    for batch in expected:
        assert torch.equal(next(resumed), batch)


@pytest.mark.parametrize("source", [ring(), numbered(11)], ids=["ring", "images"])
def test_the_state_is_made_of_tensors_alone(source, rng):
    assert all(isinstance(value, torch.Tensor) for value in batches(source, 4, rng).state_dict().values())


def test_the_state_of_another_image_set_is_refused(rng):
    state = batches(numbered(10), 2, rng).state_dict()
    with pytest.raises(ValueError, match="`state` must be of 12 images, got 10"):
        batches(numbered(12), 2, rng).load_state_dict(state)


@pytest.mark.parametrize("source", [ring(), numbered(10)], ids=["ring", "images"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batches_come_in_the_dtype_asked_for(source, dtype, rng):
    assert next(batches(source, 3, rng, dtype=dtype)).dtype == dtype


def test_labels_come_with_their_samples(rng):
    mixture = Mixture(torch.tensor([[0.0], [100.0], [200.0]]), 1e-3)
    points, modes = next(batches(mixture, 64, rng, labelled=True))
    assert torch.equal((points[:, 0] / 100).round().long(), modes)
    images = digits()
    stream = batches(images, 32, rng, labelled=True)
    pictures, labels = next(stream)
    chosen = stream.order[:32]
    assert torch.equal(labels, images.labels[chosen])
    assert torch.equal(pictures, images.batch(chosen))


def test_labels_do_not_change_the_samples():
    streams = [
        batches(grid(), 16, torch.Generator().manual_seed(5), labelled=labelled) for labelled in (False, True)
    ]
    assert torch.equal(next(streams[0]), next(streams[1])[0])


def test_the_shared_ring_gives_a_point_of_an_even_mode_one_of_two_labels(rng):
    source, n = shared_ring(), 40_000
    points, labels = source.draw(n, rng, dtype=torch.float64)
    mode = torch.cdist(points, source.centers).argmin(1)
    joint = torch.zeros(4, 8, dtype=torch.float64)
    for label, place in zip(labels.tolist(), mode.tolist(), strict=True):
        joint[label, place] += 1 / n
    told = torch.zeros(4, 8, dtype=torch.float64)
    for label in range(4):
        told[label, 2 * label + 1] = 1 / 8
        told[label, 2 * label] = told[label, (2 * label + 2) % 8] = 1 / 16
    assert_close(source.joint, told, rtol=1e-12, atol=0)
    assert_close(joint, told, rtol=0, atol=5 * math.sqrt(0.11 / n))


def test_the_points_of_the_shared_ring_are_those_of_the_ring():
    for make in (ring, shared_ring):
        points = make().sample(50, torch.Generator().manual_seed(4))
        if make is ring:
            first = points
    assert torch.equal(first, points)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            torch.ones(3, 2) / 2,
            r"`labels` must have shape \(2, C\), a row a mode, got torch.float32 of shape",
        ),
        (torch.ones(2, 2), "`labels` must be probabilities with sum 1 in each row"),
        (torch.tensor([[1.5, -0.5], [0.5, 0.5]]), "`labels` must be probabilities with sum 1 in each row"),
    ],
)
def test_labels_of_modes_that_are_no_probabilities_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        Mixture(torch.tensor([[-1.0], [1.0]]), 0.1, labels=labels)
    with pytest.raises(ValueError, match="`modes` must be even and at least 4, got 7"):
        shared_ring(7)


def test_labels_of_a_source_without_any_are_refused(rng):
    with pytest.raises(ValueError, match="`labelled` needs a source that draws labels, got a SwissRoll"):
        batches(swiss_roll(), 8, rng, labelled=True)


def test_unasked_points_follow_the_default_dtype_and_images_are_float32(rng):
    assert next(iter(batches(ring(), 3, rng))).dtype == torch.float64
    assert next(iter(batches(numbered(5), 3, rng))).dtype == torch.float32


@pytest.mark.parametrize("source", [ring(), numbered(10)], ids=["ring", "images"])
@pytest.mark.parametrize("size", [0, -3, 2.0, True])
def test_a_batch_size_that_is_no_positive_integer_is_refused(source, size, rng):
    with pytest.raises(ValueError, match=f"`batch_size` must be a positive integer, got {size!r}"):
        batches(source, size, rng)


def test_a_batch_larger_than_the_image_set_is_refused(rng):
    with pytest.raises(ValueError, match="`batch_size` must be at most 10, the number of images, got 11"):
        batches(numbered(10), 11, rng)


def test_a_seed_in_place_of_a_stream_is_refused():
    with pytest.raises(TypeError, match=r"`rng` must be a torch\.Generator, got int"):
        batches(ring(), 4, 0)


# --- The module ---


def test_each_set_that_needs_no_file_loads_by_its_name(rng):
    for name in ("ring", "grid", "swiss_roll", "digits", "stacked"):
        assert len(next(batches(DATASETS[name].load(), 4, rng))) == 4


@pytest.mark.slow
def test_importing_the_module_loads_neither_torchvision_nor_scikit_learn():
    script = (
        "import sys, ganlab.data; print([m for m in ('torchvision', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- What is no source, and no tensor ---


class Plain:
    def sample(self, n, rng):
        return torch.zeros(n, 2)


class Exact:
    def sample(self, n, rng, **settings):
        return torch.zeros(n, 2, dtype=settings["dtype"])


def test_batches_take_anything_that_samples_in_a_dtype_and_refuse_the_rest_by_name(rng):
    assert next(batches(Exact(), 3, rng, dtype=torch.float32)).dtype == torch.float32
    with pytest.raises(
        TypeError, match=r"`source` must have `sample\(n, rng, \*, dtype=None\)`, got `sample"
    ):
        batches(Plain(), 3, rng)
    with pytest.raises(TypeError, match="got a list without `sample`"):
        batches([1, 2], 3, rng)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: Mixture([[0.0, 1.0]], 0.1), "centers"),
        (lambda: Mixture(np.eye(2), 0.1), "centers"),
        (lambda: Mixture(torch.eye(2), 0.1, [0.5, 0.5]), "weights"),
        (lambda: ring().log_density(np.zeros((3, 2))), "x"),
        (lambda: check_images(np.zeros((2, 1, 4, 4))), "x"),
        (lambda: Images("x", np.zeros((2, 1, 4, 4), dtype=np.uint8), torch.zeros(2)), "pixels"),
        (lambda: Images("x", torch.zeros(2, 1, 4, 4, dtype=torch.uint8), [0, 1]), "labels"),
    ],
)
def test_what_is_no_tensor_is_refused_by_name(build, name):
    with pytest.raises(TypeError, match=rf"`{name}` must be a torch\.Tensor, got (list|ndarray)"):
        build()


def test_images_with_their_channels_last_are_refused():
    with pytest.raises(ValueError, match=r"got \(2, 32, 32, 3\): x\.permute\(0, 3, 1, 2\)"):
        check_images(torch.zeros(2, 32, 32, 3))
    with pytest.raises(ValueError, match=r"`pixels` must have shape \(N, C, H, W\), got \(2, 28, 28, 1\)"):
        Images("x", torch.zeros(2, 28, 28, 1, dtype=torch.uint8), torch.zeros(2))
    assert check_images(torch.zeros(2, 3, 9, 3)).shape == (2, 3, 9, 3)  # narrow, and right


@pytest.mark.parametrize(("settings", "name"), [({"scale": 0.0}, "scale"), ({"noise": -1.0}, "noise")])
def test_a_spiral_without_a_size_is_refused(settings, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        SwissRoll(**settings)
