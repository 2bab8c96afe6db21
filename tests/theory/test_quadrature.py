"""Integrals against closed forms, each inside the error that comes with it; nodes against NumPy's."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ganlab import quadrature
from ganlab.theory.quadrature import first_points, integrate, narrow_peaks

CASES = {
    "gaussian": (lambda x: torch.exp(-x.square() / 2), (-math.inf, math.inf), (), math.sqrt(2 * math.pi)),
    "cauchy": (lambda x: 1 / (1 + x.square()), (-math.inf, math.inf), (), math.pi),
    "heavy tail": (lambda x: (1 + x).pow(-1.2), (0, math.inf), (), 5.0),
    "left half": (lambda x: x.exp(), (-math.inf, 1.0), (), math.e),
    "pole at 0": (lambda x: x.pow(-0.9), (0.0, 1.0), (), 10.0),
    "pole at 0 and a tail": (lambda x: x.pow(-0.5) * (-x).exp(), (0.0, math.inf), (), math.sqrt(math.pi)),
    "weak pole at 1": (lambda x: (1 - x).pow(-0.5), (0.0, 1.0), (), 2.0),
    "kink": (lambda x: (x - 0.3).abs(), (0.0, 1.0), (), 0.29),
    "jump": (lambda x: (x > 0.3).double(), (0.0, 1.0), (), 0.7),
    "jump with a breakpoint": (lambda x: (x > 0.3).double(), (0.0, 1.0), (0.3,), 0.7),
    "spike": (
        lambda x: torch.exp(-((x - 7) / 1e-6).square()),
        (0.0, 10.0),
        (7.0,),
        1e-6 * math.sqrt(math.pi),
    ),
    "two narrow peaks": (
        lambda x: torch.exp(-((x - 3) / 0.02).square()) + torch.exp(-((x + 2) / 0.02).square()),
        (-math.inf, math.inf),
        (),
        0.04 * math.sqrt(math.pi),
    ),
}


def test_gauss_nodes_and_weights_are_those_of_numpy():
    nodes, weights = np.polynomial.legendre.leggauss(20)
    ours = quadrature._gauss(20)
    assert_close(ours[0], torch.from_numpy(nodes), rtol=0, atol=3e-16)
    assert_close(ours[1], torch.from_numpy(weights), rtol=0, atol=3e-15)


def test_lobatto_rule_has_both_ends_and_integrates_polynomials_of_degree_19():
    nodes, weights = quadrature._lobatto(11)
    assert nodes[0] == -1
    assert nodes[-1] == 1
    for degree in range(20):
        expected = 2 / (degree + 1) if degree % 2 == 0 else 0.0
        assert_close((weights * nodes**degree).sum().item(), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_integral_lies_within_its_error_of_the_closed_form(case):
    f, support, breakpoints, expected = CASES[case]
    result = integrate(lambda x: f(x).unsqueeze(0), support, breakpoints)
    error = result.errors.item() + result.unresolved
    assert abs(result.values.item() - expected) <= error
    assert error < (1e-6 if case == "weak pole at 1" else 1e-12) * max(expected, 1)


@pytest.mark.parametrize("place", [0.1, 0.25, 1 / 3, 0.5, 0.6180339887498949, 0.9])
def test_kinks_and_jumps_are_found_wherever_they_are(place):
    def rows(x):
        return torch.stack([(x - place).abs(), (x > place).double()])

    result = integrate(rows, (0.0, 1.0))
    expected = torch.tensor([(place**2 + (1 - place) ** 2) / 2, 1 - place])
    assert ((result.values - expected).abs() <= result.errors).all()
    assert (result.errors < 1e-12).all()


def test_no_kink_hides_between_the_end_of_a_panel_and_its_first_point(rng):
    for place in torch.rand(100, generator=rng).tolist():
        result = integrate(lambda x, place=place: (x - place).abs().unsqueeze(0), (0.0, 1.0))
        expected = (place**2 + (1 - place) ** 2) / 2
        assert abs(result.values.item() - expected) <= result.errors.item()


@pytest.mark.parametrize(
    ("f", "support"),
    [
        (lambda x: 1 / x, (0.0, 1.0)),
        (lambda x: 1 / (1 + x.abs()), (-math.inf, math.inf)),
        (lambda x: 1 / (1 - x), (0.0, 1.0)),
        (lambda x: torch.ones_like(x), (-math.inf, 0.0)),
    ],
)
def test_an_integral_that_diverges_is_seen_to(f, support):
    assert integrate(lambda x: f(x).unsqueeze(0), support).unresolved == math.inf


def test_rows_are_integrated_together_and_slopes_flow():
    rate = torch.tensor(2.0, requires_grad=True)
    result = integrate(lambda x: torch.stack([(-rate * x).exp(), x * (-rate * x).exp()]), (0.0, math.inf))
    assert_close(result.values.detach(), torch.tensor([0.5, 0.25]), rtol=1e-13, atol=0)
    (slope,) = torch.autograd.grad(result.values[0], rate)
    assert_close(slope.item(), -0.25, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("support", "breakpoints", "message"),
    [
        ((1.0, 1.0), (), r"`support` must be \(left, right\) with left < right, got \(1\.0, 1\.0\)"),
        ((0.0, 1.0), (2.0,), r"`breakpoints` must lie inside the support \(0\.0, 1\.0\), got 2\.0"),
    ],
)
def test_an_empty_support_and_a_breakpoint_outside_are_refused(support, breakpoints, message):
    with pytest.raises(ValueError, match=message):
        integrate(lambda x: x.unsqueeze(0), support, breakpoints)


@pytest.mark.parametrize("place", [0.3, -7.0, 1e3, 1e12])
def test_a_peak_that_the_points_step_over_is_climbed(place):
    def logs(x):
        return torch.stack([-((x - place) / (1e-9 * place)).square(), -((x - 1) / 3).square()])

    assert min(abs(peak / place - 1) for peak in narrow_peaks(logs)) < 1e-12


def test_what_the_points_resolve_is_no_peak_and_neither_is_a_jump():
    def logs(x):
        inside = torch.where((x > 2) & (x < 2.001), 0.0, -math.inf)
        return torch.stack([-x.square(), -x.abs() - (x - 3).abs(), inside, -x.abs()])

    assert narrow_peaks(logs) == []


def test_points_lie_inside_the_support_and_near_its_ends_and_breakpoints():
    points = first_points((0.0, 1.0), [0.3])
    assert 0 < points[0] < 1e-80
    assert points[-1] == math.nextafter(1, 0)
    assert ((points - 0.3).abs() < 1e-15).any()


def test_the_rounding_of_the_points_is_part_of_the_error():
    # a spike of a hundred spacings of the numbers around it
    width = 100 * math.ulp(1e6)
    result = integrate(lambda x: (-((x - 1e6) / width).square()).exp().unsqueeze(0), (0.0, 2e6), [1e6])
    assert (
        abs(result.values.item() / (width * math.sqrt(math.pi)) - 1)
        <= result.errors.item() / result.values.item()
    )
    assert result.errors.item() > 1e-3 * result.values.item()
