"""What a page prints keeps the bounds that the page proves, up to the rounding of what it prints.

Truth is the bound itself and, of the distance of N(0, 1) from N(1, 4), the mean of |1 + Z|.
"""

import math
import re

import pytest
from comparisons.cells import printed
from scipy.stats import norm

DISTANCE = math.sqrt(2 / math.pi) * math.exp(-0.5) + 1 - 2 * norm.cdf(-1)
HALF = 0.005 + 1e-9  # of the last digit printed


def earned_by_slope(text):
    """The last number of each row of a table that has one, its head aside."""
    found = [re.findall(r"\d+\.\d+", line) for line in text.strip().split("\n")[1:]]
    return [float(numbers[-1]) for numbers in found if numbers]


def shares_and_slopes(text):
    """Pairs such as `0.64 (1.12)`."""
    return [tuple(map(float, pair)) for pair in re.findall(r"(\d\.\d+) \((\d\.\d+)\)", text)]


def test_a_critic_earns_at_most_its_slope_times_the_distance():
    found = earned_by_slope(printed("wgan_gp", "wgan-gp-20"))
    assert len(found) == 4
    assert max(found) <= DISTANCE + HALF


def test_a_critic_with_spectral_normalisation_earns_at_most_its_slope_times_the_distance():
    found = shares_and_slopes(printed("wgan_gp", "wgan-gp-27b"))
    assert len(found) == 6
    assert [pair for pair in found if pair[0] - HALF > pair[1] + HALF] == []


def test_straight_critics_earn_at_most_the_distance_of_their_samples():
    text = printed("wgan_gp", "wgan-gp-10")
    found = [float(value) for value in re.findall(r"earned / slope (\d\.\d+)", text)]
    assert len(found) == 4
    assert max(found) <= float(re.findall(r"W1 of the two samples: (\d\.\d+)", text)[0]) + HALF


@pytest.mark.parametrize("slip", ["penalty  right sign\na, weight 1  10 of 10  2.0  1.2", "x\nb  1.18"])
def test_a_quotient_above_the_distance_is_found(slip):
    assert max(earned_by_slope(slip)) > DISTANCE + HALF


def test_more_than_the_slope_allows_is_found():
    (pair,) = shares_and_slopes("moved by 3  1.02 (1.00)")
    assert pair[0] - HALF > pair[1] + HALF
