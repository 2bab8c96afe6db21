"""Factors of a step against the eigenvalues of matrices written by hand, spectra against simulated paths."""

import cmath
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ganlab.losses import minimax, non_saturating
from ganlab.regularizers import r1, r2, zero_gp
from ganlab.theory.dynamics import (
    alternating,
    consensus,
    dirac_gan,
    extragradient,
    heavy_ball,
    optimistic,
    simultaneous,
    spectrum,
    trajectory,
)
from ganlab.theory.stability import MULTIPLIED, StepChoice, choose_step, multipliers

ZERO = torch.zeros(2, dtype=torch.float64)


def _matrix(rule, m, momentum):
    """The step as a matrix on (z, z before) for a scalar game dz/dt = κ z, m = h κ, from the rule's words."""
    return {
        "simultaneous": [[1 + m]],
        "extragradient": [[1 + m * (1 + m)]],
        "optimistic": [[1 + 2 * m, -m], [1, 0]],
        "heavy_ball": [[1 + m + momentum, -momentum], [1, 0]],
        "flow": [[cmath.exp(m)]],
    }[rule]


@pytest.mark.parametrize("rule", MULTIPLIED)
@given(real=st.floats(-3, 3), imag=st.floats(-3, 3), momentum=st.floats(-0.9, 0.9))
@settings(max_examples=25, deadline=None)
def test_factors_are_the_eigenvalues_of_the_step(rule, real, imag, momentum):
    """By sum and product, which do not ask in which order two equal moduli stand."""
    matrix = np.array(_matrix(rule, complex(real, imag), momentum), dtype=complex)
    got = multipliers(rule, complex(real, imag), momentum=momentum).numpy()
    assert got.shape == (len(matrix),)
    size = 1 + abs(matrix).max() ** 2
    assert abs(got.sum() - np.trace(matrix)) < 1e-12 * size
    assert abs(got.prod() - np.linalg.det(matrix)) < 1e-12 * size
    assert abs(got[0]) >= abs(got[-1]) - 1e-12 * size


def test_a_small_factor_keeps_its_digits():
    """Optimistic, m = 1e-9: the small root is m (1 - m) up to m^3."""
    small = multipliers("optimistic", 1e-9)[1]
    assert abs(small / (1e-9 * (1 - 1e-9)) - 1) < 1e-14
    assert multipliers("heavy_ball", 0.0, momentum=0.0).tolist() == [1, 0]
    assert multipliers("heavy_ball", -1.0, momentum=0.0).tolist() == [0, 0]


def test_many_moves_have_their_factors_on_a_last_axis():
    moves = torch.tensor([[0.1j, -0.2], [0.3, 0.4j], [0.0, 1.0]])
    assert multipliers("flow", moves).shape == (3, 2, 1)
    assert multipliers("optimistic", moves).shape == (3, 2, 2)
    assert_close(multipliers("optimistic", moves)[1, 1], multipliers("optimistic", 0.4j))


# Steps that a spectrum allows


@pytest.mark.parametrize(
    ("rule", "largest", "best", "factor"),
    [
        ("extragradient", 1, math.sqrt(1 / 2), math.sqrt(3 / 4)),  # least of 1 - h^2 + h^4
        ("optimistic", 1 / math.sqrt(3), 1 / 2, math.sqrt(1 / 2)),  # (1 + sqrt(1 - 4 h^2))/2 up to h = 1/2
        ("simultaneous", 0, 0, 1),
        ("flow", 0, 0, 1),
    ],
)
@pytest.mark.parametrize("speed", [0.5, 1.0, 20.0])
def test_steps_for_a_pure_rotation(rule, largest, best, factor, speed):
    got = choose_step(torch.tensor([1j, -1j]) * speed, rule)
    assert_close(torch.tensor(got), torch.tensor([largest / speed, best / speed, factor]), rtol=1e-6, atol=0)


@pytest.mark.parametrize("brake", [0.1, 0.5, 0.9])
def test_simultaneous_steps_of_a_braked_pair(brake):
    """κ = -c/2 ± i sqrt(1 - c^2)/2: largest 4 c, best 2 c, factor sqrt(1 - c^2)."""
    kappa = complex(-brake / 2, math.sqrt(1 - brake**2) / 2)
    got = choose_step(torch.tensor([kappa, kappa.conjugate()]))
    expected = torch.tensor([4 * brake, 2 * brake, math.sqrt(1 - brake**2)])
    assert_close(torch.tensor(got), expected, rtol=1e-6, atol=0)


def test_real_eigenvalues_are_a_matter_of_their_condition_number():
    """Gradient descent between curvatures 1 and 9: largest 2/9, best 2/10, factor 8/10 (Polyak)."""
    got = choose_step(torch.tensor([-1.0, -4.0, -9.0]))
    assert_close(torch.tensor(got), torch.tensor([2 / 9, 0.2, 0.8]), rtol=1e-6, atol=0)
    ball = (2 / (1 + 3)) ** 2, (2 / 4) ** 2  # heavy ball: h = 4/(sqrt L + sqrt l)^2, β = (2/4)^2, factor 1/2
    got = choose_step(torch.tensor([-1.0, -9.0]), "heavy_ball", momentum=ball[1])
    assert_close(torch.tensor([got.best, got.factor]), torch.tensor([ball[0], 0.5]), rtol=1e-3, atol=1e-3)


def test_the_largest_step_is_found_to_the_last_digits_and_momentum_is_one_half_unless_given():
    """Heavy ball on one real eigenvalue -k: a factor is -1 where the step is 2 (1 + beta) / k."""
    for k in (1e-3, 0.7, 3.0):
        value = torch.tensor([-k], dtype=torch.float64)
        assert choose_step(value, "heavy_ball").largest == pytest.approx(3 / k, rel=1e-13)
        assert choose_step(value, "heavy_ball", momentum=0.2).largest == pytest.approx(2.4 / k, rel=1e-13)


def test_at_rest_the_factors_are_one_and_the_momentum_which_is_one_half_unless_given():
    for chosen, momentum in (({}, 0.5), ({"momentum": 0.25}, 0.25)):
        found = multipliers("heavy_ball", torch.zeros(1), **chosen)
        assert found.dtype == torch.complex128
        assert_close(found, torch.tensor([[1, momentum]], dtype=torch.complex128), rtol=0, atol=1e-15)


def test_a_motion_that_every_step_follows_has_no_largest_step():
    got = choose_step(torch.tensor([-2.0]), "flow")
    assert got.largest == math.inf
    assert choose_step(torch.tensor([-2.0]), "flow", bound=3.0).best == pytest.approx(3.0)
    assert choose_step(torch.tensor([-2.0]), "flow").best == pytest.approx(10 / 2)
    assert choose_step(torch.tensor([0.1 + 1j]), "extragradient").largest == 0


# Spectrum and simulation


def _held(rule, **settings):
    return lambda *arguments, **memory: rule(*arguments, **memory, **settings)


LIGHT = {"penalty": r1, "weight": 0.2}
ROWS = {
    "simultaneous": ({}, simultaneous, 0.4),
    "alternating": ({}, alternating, 0.4),
    "extragradient": ({}, extragradient, 0.4),
    "optimistic": ({}, optimistic, 0.4),
    "momentum 0.5": ({}, _held(heavy_ball, momentum=0.5), 0.4),
    "momentum -0.5": ({}, _held(heavy_ball, momentum=-0.5), 0.4),
    "momentum 0.5 in turns": ({}, _held(heavy_ball, momentum=0.5, turns=True), 0.4),
    "momentum -0.5 in turns": ({}, _held(heavy_ball, momentum=-0.5, turns=True), 0.4),
    "consensus": ({}, _held(consensus, strength=1.0), 0.4),
    "two rates": ({}, simultaneous, torch.tensor([0.1, 1.6], dtype=torch.float64)),
    "two rates in turns": ({}, alternating, torch.tensor([0.1, 1.6], dtype=torch.float64)),
    "R1": (LIGHT, simultaneous, 0.4),
    "R1 in turns": (LIGHT, alternating, 0.4),
    "R1, two rates": (LIGHT, simultaneous, torch.tensor([0.1, 1.6], dtype=torch.float64)),
    "R1, two rates in turns": (LIGHT, alternating, torch.tensor([0.1, 1.6], dtype=torch.float64)),
    "R2": ({"penalty": r2, "weight": 0.2}, simultaneous, 0.4),
    "zero-centred": ({"penalty": zero_gp, "weight": 0.2}, simultaneous, 0.4),
    "instance noise": ({"instance_noise": 0.8}, simultaneous, 0.4),
}


def _closed(name):
    """Sum and product of the eigenvalues of the 2x2 steps, by hand: J = (0, 1/2; -1/2, -c)."""
    h, brake = 0.4, 0.0
    if "R1" in name or name in ("R2", "zero-centred"):
        brake = 2 * 0.2
    if name == "instance noise":
        brake = 0.8**2 / 2
    h_g, h_d = (0.1, 1.6) if "two rates" in name else (h, h)
    turned = h_g * h_d / 4
    if "turns" in name or name == "alternating":
        return 2 - brake * h_d - turned, 1 - brake * h_d
    return 2 - brake * h_d, 1 - brake * h_d + turned


@pytest.mark.parametrize("loss", [minimax, non_saturating], ids=lambda loss: loss.name)
@pytest.mark.parametrize("name", ROWS)
def test_spectrum_and_simulation_agree_to_nine_digits(name, loss):
    """A path of a linear step obeys the recursion whose polynomial has the eigenvalues as its roots; from a
    start of size 1e-7 the logistic games are linear to 1e-14."""
    options, rule, h = ROWS[name]
    field = dirac_gan(loss, **options)
    values = spectrum(field, ZERO, rule=rule, step_size=h)
    start = torch.tensor([6e-8, -8e-8], dtype=torch.float64)
    path = trajectory(field, start, 60, rule=rule, step_size=h).numpy()
    powers = np.poly(values.numpy()).real[::-1]  # of the constant term first
    windows = np.stack([path[k : len(path) - len(powers) + 1 + k] for k in range(len(powers))])
    left_over = np.tensordot(powers, windows, 1)
    assert np.abs(left_over).max() < 1e-9 * np.abs(path).max(axis=0).min()
    if len(values) == 2 and name not in ("extragradient", "consensus"):
        trace, determinant = _closed(name)
        assert_close(values.sum().real.item(), trace, rtol=0, atol=1e-12)
        assert_close(values.prod().real.item(), determinant, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_the_long_run_of_a_path_is_the_largest_modulus(name):
    """Of a pair that turns, the area between two states in a row grows by the squared modulus; of a real one,
    the distance by the larger: 80 steps, once the memory has died out."""
    options, rule, h = ROWS[name]
    field = dirac_gan(minimax, **options)
    values = spectrum(field, ZERO, rule=rule, step_size=h)
    path = trajectory(field, torch.tensor([6e-10, -8e-10]).double(), 112, rule=rule, step_size=h)
    if values[0].imag:
        early, late = (torch.linalg.det(path[t : t + 2]).abs().sqrt() for t in (30, 110))
    else:
        early, late = path[30].norm(), path[110].norm()
    assert_close((late / early).item() ** (1 / 80), values[0].abs().item(), rtol=1e-7, atol=0)


@pytest.mark.parametrize("brake", [0.2, 0.5, 0.8])
def test_steps_in_turns_have_their_own_best(brake):
    """sqrt(1 - c h) up to h = 4 (1 - c), where it is |1 - 2 c|; attracted below 4 (sqrt(1 + c^2) - c)."""
    field = dirac_gan(minimax, penalty=r1, weight=brake / 2)

    def modulus(h):
        return spectrum(field, ZERO, rule=alternating, step_size=h)[0].abs().item()

    best, largest = 4 * (1 - brake), 4 * (math.sqrt(1 + brake**2) - brake)
    for h in (0.3 * best, 0.8 * best):
        assert_close(modulus(h), math.sqrt(1 - brake * h), rtol=1e-12, atol=0)
    assert_close(modulus(best), abs(1 - 2 * brake), rtol=0, atol=1e-7)
    assert modulus(1.02 * best) > modulus(best) + 1e-3
    assert_close(modulus(largest), 1.0, rtol=1e-12, atol=0)
    assert modulus(0.99 * largest) < 1 < modulus(1.01 * largest)


def test_requests_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"`rule` must be one of simultaneous, .*got 'alternating'"):
        multipliers("alternating", 0.1j)
    for values in ([], [0.0, -1.0]):
        with pytest.raises(ValueError, match="`eigenvalues` must be one or more numbers, none of them 0"):
            choose_step(torch.tensor(values))
    assert StepChoice._fields == ("largest", "best", "factor")
