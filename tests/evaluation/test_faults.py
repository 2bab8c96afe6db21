"""Truth here: SciPy's filters, counts of what was put in, and the level of a rank test by enumeration."""

import itertools

import numpy as np
import pytest
import scipy.ndimage
import torch

from ganlab import data
from ganlab.evaluation import faults


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_the_parts_are_the_whole_set_and_share_nothing():
    images = data.digits(split="all")
    made = faults.parts(images, 500, seeded(0))
    whole = torch.cat(made[:3]).flatten(1)
    wanted = images.batch(torch.arange(len(images)), dtype=torch.float64).flatten(1)
    assert sorted(map(tuple, whole.tolist())) == sorted(map(tuple, wanted.tolist()))
    assert torch.equal(torch.bincount(made.labels).sum(), torch.tensor(797))


def test_a_blur_inside_is_the_uniform_filter_of_scipy():
    x = data.digits().batch(torch.arange(5), dtype=torch.float64)
    expected = np.stack([scipy.ndimage.uniform_filter(image[0], 3) for image in x.numpy()])
    np.testing.assert_allclose(faults.blurred(x)[:, 0, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=1e-12)
    half = faults.blurred(x, 0.5)
    np.testing.assert_allclose(half, (x + faults.blurred(x)) / 2, atol=1e-15)
    assert torch.equal(faults.blurred(x, 0.0), x)
    assert faults.blurred(x)[0, 0, 0, 0] == pytest.approx(x[0, 0, :2, :2].mean().item())


def test_noise_has_its_spread_in_the_middle_and_stays_within_the_range():
    grey = torch.zeros(100, 1, 8, 8, dtype=torch.float64)
    made = faults.noisy(grey, 0.2, seeded(1))
    assert made.std().item() == pytest.approx(0.2, rel=0.03)
    loud = faults.noisy(grey, 5.0, seeded(1))
    assert loud.min() == -1
    assert loud.max() == 1


def test_classes_are_those_asked_for_and_no_picture_comes_twice_before_all_have_come():
    labels = torch.arange(30) % 3
    pictures = torch.arange(30.0)
    made = faults.of_classes(pictures, labels, [0, 2], 15, seeded(2))
    assert set((made.long() % 3).tolist()) == {0, 2}
    assert len(made.unique()) == 15
    often = faults.of_classes(pictures, labels, [1], 25, seeded(3))
    assert torch.bincount(often.long()).bincount().tolist() == [19, 0, 5, 5]


def test_as_many_copies_are_planted_as_asked_for():
    fresh, known = torch.zeros(50, 1), 1 + torch.arange(60.0)[:, None]
    made = faults.copied(fresh, known, 0.3, seeded(4))
    planted = made[made > 0]
    assert len(planted) == len(planted.unique()) == 15


@pytest.mark.parametrize("usual", [3, 4])
def test_the_level_of_a_verdict_is_that_of_all_orders(usual):
    """Each order of R + 1 different numbers is equally likely: outside in 2 of R + 1."""
    orders = list(itertools.permutations(range(usual + 1)))
    told = [faults.verdict(order[0], order[1:], better=1) for order in orders]
    assert np.mean([one != 0 for one in told]) == pytest.approx(2 / (usual + 1))
    assert sum(told) == 0


def test_a_verdict_says_which_way_and_equal_to_the_edge_is_usual():
    assert faults.verdict(4.0, [1.0, 3.0], better=-1) == -1
    assert faults.verdict(0.0, [1.0, 3.0], better=-1) == 1
    assert faults.verdict(3.0, [1.0, 3.0], better=1) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: faults.parts(data.digits(), 719, seeded(0)),
            "`count` must be at least 1 and less than 718.5",
        ),
        (lambda: faults.blurred(torch.zeros(1, 1, 2, 2), 1.5), r"`weight` must lie within \[0, 1\], got 1.5"),
        (lambda: faults.noisy(torch.zeros(1, 1, 2, 2), -1, seeded(0)), "`std` must not be negative, got -1"),
        (
            lambda: faults.of_classes(torch.zeros(2), torch.zeros(2), [3], 1, seeded(0)),
            r"`classes` must be some that occur in `labels`, got \[3\]",
        ),
        (
            lambda: faults.copied(torch.zeros(4, 1), torch.zeros(1, 1), 1.0, seeded(0)),
            "`known` must be at least 4 for so many copies, got 1",
        ),
        (lambda: faults.verdict(1.0, [1.0], better=2), "`better` must be 1 or -1, got 2"),
        (lambda: faults.verdict(1.0, [], better=1), "`value` and `usual` must be numbers"),
        (lambda: faults.verdict(float("nan"), [1.0], better=1), "`value` and `usual` must be numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
