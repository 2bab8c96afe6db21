"""Fields, spectra and orbits against formulas worked out by hand and written in NumPy, against SciPy's
quadrature, and against what the flows conserve; the field under test is never its own witness."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from torch.testing import assert_close

from ganlab.losses import (
    LOSSES,
    least_squares,
    minimax,
    non_saturating,
    relativistic_average,
    relativistic_pairing,
    wasserstein,
)
from ganlab.regularizers import REGULARIZERS, dragan, r1, r2, wgan_gp, wgan_lp
from ganlab.theory.dynamics import (
    RULES,
    Field,
    Verdict,
    _judge,
    alternating,
    bilinear,
    clip_discriminator,
    consensus,
    dirac_gan,
    extragradient,
    flow,
    gaussian_mean_game,
    heavy_ball,
    jacobian,
    linear_quadratic_gan,
    optimistic,
    simultaneous,
    spectrum,
    trajectory,
    verdict,
)

ZERO = torch.zeros(2, dtype=torch.float64)
START = torch.tensor([1.0, -1.0], dtype=torch.float64)
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def _sigmoid(t):
    return 1 / (1 + np.exp(-t))


def _closed_fields(theta, psi):
    """The Dirac-GAN fields by hand: t = θψ is the score of the generated point, that of the real one is 0."""
    t = theta * psi
    return {
        "minimax": (psi * _sigmoid(t), -theta * _sigmoid(t)),
        "non_saturating": (psi * _sigmoid(-t), -theta * _sigmoid(t)),
        "least_squares": (-psi * (t - 1), -theta * t),
        "wasserstein": (psi, -theta),
        "hinge": (psi, -theta * (t > -1)),
        "relativistic_average": (2 * psi * _sigmoid(-t), -2 * theta * _sigmoid(t)),
        "relativistic_pairing": (psi * _sigmoid(-t), -theta * _sigmoid(t)),
    }


def _by_hand(name, state, h, steps, turns=False, damping=0.0):
    """`steps` updates in plain floats; `damping` γ is that of the penalty (γ/2) ψ^2. Returns the norms."""
    theta, psi = state
    norms = [math.hypot(theta, psi)]
    for _ in range(steps):
        v_theta, v_psi = _closed_fields(theta, psi)[name]
        moved = theta + h * v_theta
        if turns:
            v_psi = _closed_fields(moved, psi)[name][1]
        theta, psi = moved, psi + h * (v_psi - damping * psi)
        norms.append(math.hypot(theta, psi))
    return torch.tensor(norms)


def _norms(path):
    return path.norm(dim=-1)


# Fields


@pytest.mark.parametrize("name", _closed_fields(0.0, 0.0))
@given(theta=st.floats(-3, 3), psi=st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_dirac_field_is_the_one_derived_by_hand(name, theta, psi):
    field = dirac_gan(LOSSES[name])
    got = field(torch.tensor([theta, psi], dtype=torch.float64))
    assert_close(got, torch.tensor(_closed_fields(theta, psi)[name], dtype=torch.float64), **EXACT)


@pytest.mark.parametrize("name", REGULARIZERS)
def test_penalties_pull_only_on_the_discriminator_with_their_own_derivative(name):
    """With slope |ψ| everywhere: (|ψ| - 1)^2, its positive part, or ψ^2, times the weight."""
    pulls = {"n^2": 2 * -1.5, "(n - 1)^2": -2 * 0.5, "max(0, n - 1)^2": -2 * 0.5}
    state = torch.tensor([0.7, -1.5])
    plain = dirac_gan(wasserstein)(state)
    penalised = dirac_gan(wasserstein, penalty=REGULARIZERS[name], weight=0.25)(state)
    assert_close(
        penalised - plain, torch.tensor([0.0, -0.25 * pulls[REGULARIZERS[name].price.formula]]), **EXACT
    )


@pytest.mark.parametrize("loss", [minimax, non_saturating, relativistic_pairing], ids=lambda loss: loss.name)
def test_instance_noise_enters_as_an_expectation(loss):
    """∂L_D/∂ψ at θ = 0.8, ψ = -0.6 by SciPy's quadrature over the noise, s = 0.9."""
    theta, psi, s = 0.8, -0.6, 0.9

    def mean(function, std=s):
        def weighted(e):
            return function(e) * math.exp(-0.5 * (e / std) ** 2) / (std * math.sqrt(2 * math.pi))

        return quad(weighted, -10 * std, 10 * std, epsabs=1e-13, epsrel=1e-13)[0]

    separate = mean(lambda e: e * _sigmoid(-psi * e)) - mean(
        lambda e: (theta + e) * _sigmoid(psi * (theta + e))
    )
    paired = -mean(lambda e: (theta + e) * _sigmoid(psi * (theta + e)), std=s * math.sqrt(2))
    field = dirac_gan(loss, instance_noise=s)
    expected = paired if loss is relativistic_pairing else separate
    assert_close(field(torch.tensor([theta, psi]))[1].item(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("theta", [0.5, 1.0, 1.5])
def test_gaussian_generator_at_the_optimal_discriminator_descends_the_divergence(theta):
    """log p/q = θ^2/2 - θ x. With p = N(0, 1), q = N(θ, 1), minus the gradients of 2 JSD and KL(q, p) - 2 JSD
    are -θ ∫ pq/(p + q) and -θ ∫ q^2/(p + q); at θ = 1 they are -0.3979728672 and -0.6020271328."""

    def integral(top):
        def integrand(x):
            p, q = math.exp(-(x**2) / 2), math.exp(-((x - theta) ** 2) / 2)
            return top(p, q) / (p + q) / math.sqrt(2 * math.pi)

        return quad(integrand, -12, 12 + theta, epsabs=1e-13, epsrel=1e-13)[0]

    optimal = torch.tensor([theta, -theta, theta**2 / 2])
    for loss, top in [(minimax, lambda p, q: p * q), (non_saturating, lambda p, q: q * q)]:
        velocity = gaussian_mean_game(loss)(optimal)
        assert_close(velocity[0].item(), -theta * integral(top), rtol=0, atol=1e-9)
        assert_close(velocity[1:], torch.zeros(2), rtol=0, atol=1e-9)


def test_gaussian_game_moves_and_scales_with_the_data():
    """x -> 3 + 2 x turns score ψ x + b into (ψ/2) x + b - 3 ψ/2; θ' doubles."""
    here = gaussian_mean_game(minimax)(torch.tensor([0.5, -0.7, 0.2]))
    there = gaussian_mean_game(minimax, mean=3.0, std=2.0)(torch.tensor([4.0, -0.35, 0.2 + 1.05]))
    assert_close(there[0], here[0] / 2, rtol=1e-10, atol=0)
    assert_close(there[2], here[2], rtol=1e-10, atol=0)


@given(state=st.lists(st.floats(-2, 2), min_size=4, max_size=4), mean=st.floats(-1, 1), std=st.floats(0.1, 2))
@settings(max_examples=20, deadline=None)
def test_linear_quadratic_field_is_the_polynomial_of_its_moments(state, mean, std):
    """E f = w E x^2 + u E x and R1 = 4 w^2 E x^2 + 4 w u E x + u^2, differentiated by hand; weight 0.3."""
    a, b, w, u = state
    second = std**2 + mean**2
    plain = [2 * w * a, 2 * w * b + u, second - a**2 - b**2, mean - b]
    pull = [0, 0, 8 * w * second + 4 * u * mean, 4 * w * mean + 2 * u]
    z = torch.tensor(state, dtype=torch.float64)
    got = linear_quadratic_gan(wasserstein, mean=mean, std=std)(z)
    assert_close(got, torch.tensor(plain, dtype=torch.float64), rtol=1e-11, atol=1e-11)
    got = linear_quadratic_gan(wasserstein, mean=mean, std=std, penalty=r1, weight=0.3)(z)
    expected = torch.tensor(plain, dtype=torch.float64) - 0.3 * torch.tensor(pull, dtype=torch.float64)
    assert_close(got, expected, rtol=1e-11, atol=1e-11)


def test_r2_in_the_linear_quadratic_game_looks_at_generated_data():
    """Generated data N(b, a^2): the pull is that of R1 with E x^2 = a^2 + b^2 and E x = b."""
    a, b, w, u = 1.5, 0.5, -0.4, 0.3
    z = torch.tensor([a, b, w, u])
    pull = linear_quadratic_gan(wasserstein)(z) - linear_quadratic_gan(wasserstein, penalty=r2, weight=1.0)(z)
    second = a * a + b * b
    assert_close(pull, torch.tensor([0, 0, 8 * w * second + 4 * u * b, 4 * w * b + 2 * u]), **EXACT)


def test_many_states_at_once_are_the_same_as_one_at_a_time(rng):
    states = torch.randn(2, 3, 2, generator=rng)
    field = dirac_gan(non_saturating, penalty=wgan_gp, weight=0.5, instance_noise=0.3)
    for i in range(2):
        for j in range(3):
            assert_close(field(states)[i, j], field(states[i, j]), **EXACT)


def test_each_player_follows_only_its_own_loss():
    field = Field((lambda s: s[0] ** 2 + 5 * s[2], lambda s: s[1] * s[2] + 7 * s[0]), (1, 2))
    state = torch.tensor([3.0, 2.0, 4.0])
    assert_close(field.velocity(state, 0), torch.tensor([-6.0, 0.0, 0.0]), **EXACT)
    assert_close(field.velocity(state, 1), torch.tensor([0.0, -4.0, -2.0]), **EXACT)
    assert_close(field(state), torch.tensor([-6.0, -4.0, -2.0]), **EXACT)


# Spectra of the Dirac-GAN's table


@pytest.mark.parametrize(
    ("loss", "frequency"),
    [
        (minimax, 0.5),
        (non_saturating, 0.5),
        (wasserstein, 1.0),
        (relativistic_pairing, 0.5),
        (relativistic_average, 1.0),
    ],
    ids=lambda x: getattr(x, "name", x),
)
def test_without_a_penalty_the_equilibrium_is_a_centre(loss, frequency):
    assert_close(spectrum(dirac_gan(loss), ZERO), torch.tensor([frequency * 1j, -frequency * 1j]), **EXACT)


def _pair_of_roots(damping, frequency):
    """Roots of λ^2 + damping λ + frequency^2."""
    return np.sort_complex(np.roots([1.0, damping, frequency**2]))[::-1].copy()


@pytest.mark.parametrize("gamma", [0.25, 0.5, 1.5, 2.0])
@pytest.mark.parametrize("penalty", [r1, r2], ids=["r1", "r2"])
def test_r1_damps_with_critical_weight_one(penalty, gamma):
    """-γ/2 ± sqrt(γ^2/4 - 1/4): complex below γ = 1, real above."""
    values = spectrum(dirac_gan(non_saturating, penalty=penalty, weight=gamma / 2), ZERO)
    assert_close(values, torch.from_numpy(_pair_of_roots(gamma, 0.5)), rtol=0, atol=1e-10)
    assert bool(values.imag.abs().max() > 1e-6) == (gamma < 1)


@pytest.mark.parametrize("variance", [0.5, 1.0, 3.0])
def test_instance_noise_is_r1_to_first_order(variance):
    """-s2/4 ± sqrt(s2^2/16 - 1/4), the spectrum of R1 with γ = s2/2; critical at s2 = 2."""
    values = spectrum(dirac_gan(minimax, instance_noise=math.sqrt(variance)), ZERO)
    assert_close(values, torch.from_numpy(_pair_of_roots(variance / 2, 0.5)), rtol=0, atol=1e-10)
    assert_close(
        values, spectrum(dirac_gan(minimax, penalty=r1, weight=variance / 4), ZERO), rtol=0, atol=1e-10
    )
    assert bool(values.imag.abs().max() > 1e-6) == (variance < 2)


def test_wgan_gp_has_no_jacobian_at_its_equilibrium_and_the_one_sided_penalty_leaves_a_centre():
    with pytest.raises(ValueError, match="`field` must be differentiable at `state`, it is not at"):
        jacobian(dirac_gan(wasserstein, penalty=wgan_gp, weight=0.5), ZERO)
    values = spectrum(dirac_gan(wasserstein, penalty=wgan_lp, weight=0.5), ZERO)
    assert_close(values, torch.tensor([1j, -1j]), **EXACT)


def test_wgan_gp_velocity_jumps_across_the_equilibrium():
    """-(γ/2) d(|ψ| - 1)^2/dψ -> ± γ as ψ -> 0±."""
    field = dirac_gan(wasserstein, penalty=wgan_gp, weight=0.5)
    above, below = field(torch.tensor([0.0, 1e-9]))[1], field(torch.tensor([0.0, -1e-9]))[1]
    assert_close(above.item(), 1.0, rtol=0, atol=1e-8)
    assert_close(below.item(), -1.0, rtol=0, atol=1e-8)


def test_jacobian_matches_central_differences(rng):
    field = gaussian_mean_game(non_saturating, penalty=r1, weight=0.4)
    state, e = torch.randn(3, generator=rng), 1e-6 * torch.eye(3)
    columns = [(field(state + d) - field(state - d)) / 2e-6 for d in e]
    assert_close(jacobian(field, state), torch.stack(columns, 1), rtol=0, atol=1e-8)


# Rules


@pytest.mark.parametrize("h", [0.1, 0.3, 0.5])
def test_rules_on_the_bilinear_game_have_the_radii_of_their_closed_forms(h):
    """Known roots; v = (-y, x) is multiplication by i on x + i y."""
    radii = {
        simultaneous: math.sqrt(1 + h**2),
        alternating: 1.0,
        extragradient: math.sqrt(1 - h**2 + h**4),
        optimistic: math.sqrt((1 + math.sqrt(1 - 4 * h**2)) / 2),
        consensus: math.sqrt((1 - h) ** 2 + h**2),
    }
    for rule, radius in radii.items():
        values = spectrum(bilinear(), ZERO, rule=rule, step_size=h)
        assert_close(values[0].abs().item(), radius, rtol=1e-7, atol=0)
        assert len(values) == (4 if rule is optimistic else 2)


def test_optimistic_steps_converge_below_one_over_root_three_only():
    edge = 1 / math.sqrt(3)
    radius = [
        spectrum(bilinear(), ZERO, rule=optimistic, step_size=h)[0].abs()
        for h in (0.99 * edge, edge, 1.01 * edge)
    ]
    assert radius[0] < 1 - 1e-3
    assert_close(radius[1].item(), 1.0, rtol=1e-12, atol=0)
    assert radius[2] > 1 + 1e-3


def test_extragradient_converges_below_step_one_only():
    radius = [
        spectrum(bilinear(), ZERO, rule=extragradient, step_size=h)[0].abs().item() for h in (0.9, 1.0, 1.1)
    ]
    assert radius[0] < 1 - 1e-3
    assert_close(radius[1], 1.0, rtol=1e-12, atol=0)
    assert radius[2] > 1 + 1e-3


@pytest.mark.parametrize("momentum", [0.9, 0.5, 0.0, -0.3, -0.5])
def test_alternating_momentum_on_the_bilinear_game(momentum):
    """x' = x - h y + b (x - x_), y' = y + h x' + b (y - y_), as a matrix on (x, y, x_, y_); h = 0.1."""
    table = {0.9: 1.19214, 0.5: 1.03230, 0.0: 1.0, -0.3: 0.99863, -0.5: 0.99852}
    h, b = 0.1, momentum
    x_row = np.array([1 + b, -h, -b, 0])
    matrix = np.stack([x_row, np.array([0, 1 + b, 0, -b]) + h * x_row, [1, 0, 0, 0], [0, 1, 0, 0]])
    expected = np.abs(np.linalg.eigvals(matrix)).max()

    def rule(field, state, step_size, *, previous=None):
        return heavy_ball(field, state, step_size, previous=previous, momentum=b, turns=True)

    got = spectrum(bilinear(), ZERO, rule=rule, step_size=h)[0].abs().item()
    assert_close(got, expected, rtol=1e-7, atol=0)
    assert_close(got, table[momentum], rtol=0, atol=5e-6)


def test_simultaneous_momentum_on_the_bilinear_game():
    """z' = (1 + i h) z + b (z - z_): the roots of r^2 - (1 + i h + b) r + b."""
    expected = np.abs(np.roots([1, -(1 + 0.2j - 0.4), -0.4])).max()
    got = spectrum(bilinear(), ZERO, rule=lambda *a, **k: heavy_ball(*a, **k, momentum=-0.4), step_size=0.2)
    assert_close(got[0].abs().item(), expected, rtol=1e-10, atol=0)


def test_two_time_scales_do_not_bring_the_dirac_gan_to_rest():
    """SimGD with rates h_g and h_d has radius sqrt(1 + h_g h_d / 4) > 1."""
    for h_g, h_d in [(0.01, 0.1), (0.1, 0.01), (0.001, 1.0)]:
        rates = torch.tensor([h_g, h_d])
        radius = spectrum(dirac_gan(non_saturating), ZERO, rule=simultaneous, step_size=rates)[0].abs().item()
        assert_close(radius, math.sqrt(1 + h_g * h_d / 4), rtol=1e-12, atol=0)
        assert radius > 1


@pytest.mark.parametrize("gamma", [0.5, 1.0, 4.0])
def test_consensus_damps_the_dirac_gan_up_to_its_step_size_limit(gamma):
    """Eigenvalues -γ/4 ± i/2, so steps are attracted iff h < 8 γ / (γ^2 + 4)."""
    limit = 8 * gamma / (gamma**2 + 4)

    def rule(field, state, step_size, *, previous=None):
        return consensus(field, state, step_size, previous=previous, strength=gamma)

    values = spectrum(dirac_gan(minimax), ZERO, rule=rule, step_size=0.1)
    expected = torch.tensor([1 - 0.1 * gamma / 4 + 0.05j, 1 - 0.1 * gamma / 4 - 0.05j])
    assert_close(values, expected, **EXACT)
    assert spectrum(dirac_gan(minimax), ZERO, rule=rule, step_size=0.99 * limit)[0].abs() < 1
    assert spectrum(dirac_gan(minimax), ZERO, rule=rule, step_size=1.01 * limit)[0].abs() > 1


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_every_rule_rests_at_the_equilibrium_and_starts_from_rest(rule):
    field = dirac_gan(non_saturating, penalty=r1, weight=0.5)
    assert_close(rule(field, ZERO, 0.1), ZERO, **EXACT)
    assert_close(rule(field, START, 0.1), rule(field, START, 0.1, previous=START), **EXACT)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_rules_move_many_starts_together(rule, rng):
    starts = torch.randn(3, 2, generator=rng)
    field = dirac_gan(non_saturating)
    together = trajectory(field, starts, 4, rule=rule, step_size=0.2)
    assert together.shape == (5, 3, 2)
    for i, start in enumerate(starts):
        assert_close(together[:, i], trajectory(field, start, 4, rule=rule, step_size=0.2), **EXACT)


@pytest.mark.parametrize("h", [0.1, 0.5, 1.5])
def test_alternating_steps_keep_a_quadratic_form(h):
    """x^2 + y^2 - h x y on f = x y; θ^2 + ψ^2 + h θ ψ on the Wasserstein Dirac-GAN, turning the other way."""
    for field, sign in [(bilinear(), -1), (dirac_gan(wasserstein), 1)]:
        x, y = trajectory(field, START, 200, rule=alternating, step_size=h).T
        form = x**2 + y**2 + sign * h * x * y
        assert_close(form, form[0].expand(201), rtol=1e-11, atol=0)


def test_alternating_steps_of_size_two_grow_linearly():
    path = _norms(trajectory(bilinear(), torch.tensor([1.0, 0.0]), 200, rule=alternating, step_size=2.0))
    assert_close((path[200] / path[100]).item(), 2.0, rtol=0.02, atol=0)


def test_alternating_order_is_generator_then_discriminator():
    """(x, y) -> (x - h y, y + h (x - h y))."""
    got = alternating(bilinear(), torch.tensor([1.0, 2.0]), 0.25)
    assert_close(got, torch.tensor([0.5, 2.125]), **EXACT)


# Orbits of the Dirac-GAN's table: h = 0.1, γ = 1, from a point of norm sqrt 2


@pytest.mark.parametrize("turns", [False, True], ids=["simultaneous", "alternating"])
@pytest.mark.parametrize("name", ["minimax", "non_saturating", "wasserstein"])
def test_orbits_are_those_of_the_maps_written_by_hand(name, turns):
    rule = alternating if turns else simultaneous
    path = trajectory(dirac_gan(LOSSES[name]), START, 300, rule=rule, step_size=0.1)
    assert_close(_norms(path), _by_hand(name, START.tolist(), 0.1, 300, turns), rtol=1e-11, atol=0)


def test_saturating_gan_under_simultaneous_steps_grows_at_every_step():
    norms = _norms(trajectory(dirac_gan(minimax), START, 500, step_size=0.1))
    assert (norms.diff() > 0).all()
    small = trajectory(dirac_gan(minimax), 1e-6 * START, 100, step_size=0.1)
    assert_close((_norms(small)[100] / _norms(small)[0]).item(), (1 + 0.01 / 4) ** 50, rtol=1e-9, atol=0)


def test_saturating_gan_under_alternating_steps_circles_and_drifts_outward():
    """The largest norm, from 1.414: 1.419 after 10 000 steps of 0.1; above 3 after 10 000 steps of 0.5, where
    rounding alone moves the second digit."""
    assert_close(_by_hand("minimax", (1, -1), 0.1, 10_000, True).max().item(), 1.419, rtol=0, atol=5e-4)
    assert _by_hand("minimax", (1, -1), 0.5, 10_000, True).max() > 3
    norms = _norms(trajectory(dirac_gan(minimax), START, 400, rule=alternating, step_size=0.5))
    assert_close(norms, _by_hand("minimax", (1, -1), 0.5, 400, True), rtol=1e-8, atol=0)


def test_non_saturating_gan_under_simultaneous_steps_settles_on_a_circle_of_radius_root_2_h():
    """Norms 0.444 to 0.450 at h = 0.1, from inside and from outside; sqrt(2 h) = 0.447."""
    for start in [(0.1, -0.1), (1, -1)]:
        late = _by_hand("non_saturating", start, 0.1, 6000)[-300:]
        assert 0.4435 < late.min() < late.max() < 0.4505
    starts = torch.tensor([[0.25, -0.25], [0.4, -0.4]])
    norms = _norms(trajectory(dirac_gan(non_saturating), starts, 200, step_size=0.1))
    assert norms[-1, 0] > 1.02 * norms[0, 0]
    assert norms[-1, 1] < 0.98 * norms[0, 1]


def test_non_saturating_gan_under_alternating_steps_decays_like_the_flow():
    """Norm 0.2 at t = 200, where sqrt(8/t) is 0.2 and the flow has 0.1984."""
    norms = _by_hand("non_saturating", (1, -1), 0.1, 2000, True)
    assert_close(norms[2000].item(), 0.2, rtol=0, atol=5e-4)
    ours = _norms(trajectory(dirac_gan(non_saturating), START, 600, rule=alternating, step_size=0.1))
    assert_close(ours, norms[:601], rtol=1e-11, atol=0)


@pytest.mark.parametrize("rule", [simultaneous, alternating])
def test_r1_reaches_the_equilibrium_at_the_linear_rate_of_its_spectrum(rule):
    """γ = 1: the norm is 2.3e-10 after 500 simultaneous steps."""
    field = dirac_gan(minimax, penalty=r1, weight=0.5)
    norms = _norms(trajectory(field, START, 500, rule=rule, step_size=0.1))
    radius = spectrum(field, ZERO, rule=rule, step_size=0.1)[0].abs().item()
    assert_close((norms[500] / norms[400]).item() ** 0.01, radius, rtol=3e-3, atol=0)
    if rule is simultaneous:
        assert_close(norms[500].item(), 2.3e-10, rtol=0.01, atol=0)
        assert_close(norms, _by_hand("minimax", START.tolist(), 0.1, 500, damping=1.0), rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize(("rule", "low", "high"), [(simultaneous, 1.28, 1.63), (alternating, 1.14, 1.49)])
def test_wgan_gp_never_comes_to_rest(rule, low, high):
    """Norms 1.29 to 1.62 under simultaneous and 1.15 to 1.48 under alternating steps, after 500."""
    field = dirac_gan(wasserstein, penalty=wgan_gp, weight=0.5)
    path = trajectory(field, torch.tensor([1.3, 0.0]), 400, rule=rule, step_size=0.1)
    late = _norms(path)[150:]
    assert low < late.min() < low + 0.03
    assert high - 0.03 < late.max() < high


@pytest.mark.parametrize(
    ("rule", "low", "high"), [(simultaneous, 0.4995, 0.5705), (alternating, 0.4865, 0.5125)]
)
def test_clipped_critic_orbits_its_bound(rule, low, high):
    """c = 0.5: norms 0.500 to 0.570 under simultaneous and 0.487 to 0.512 under alternating steps."""
    field = dirac_gan(wasserstein)
    project = clip_discriminator(field, 0.5)
    path = trajectory(field, 0.5 * START, 400, rule=rule, step_size=0.1, project=project)
    assert path[1:, 1].abs().max() <= 0.5
    late = _norms(path)[200:]
    assert low < late.min() < low + 0.01
    assert high - 0.01 < late.max() < high


def test_small_clipped_steps_end_on_the_circle_of_the_bound():
    field = dirac_gan(wasserstein)
    start, project = torch.tensor([0.6, -0.5]), clip_discriminator(field, 0.5)
    norms = _norms(trajectory(field, start, 500, rule=alternating, step_size=0.02, project=project))
    assert_close(norms[-300:], torch.full((300,), 0.5), rtol=0, atol=0.01)


def test_instance_noise_brings_the_dirac_gan_to_rest():
    field = dirac_gan(non_saturating, instance_noise=1.0)
    norms = _norms(trajectory(field, START, 200, step_size=0.3))
    assert norms[200] < 0.01 * norms[100] < 1e-3


def test_consensus_brings_the_dirac_gan_to_rest():
    norms = _norms(trajectory(dirac_gan(non_saturating), START, 150, rule=consensus, step_size=0.4))
    assert norms[150] < 1e-5


# Flows


def test_flow_of_the_saturating_and_the_wasserstein_gan_keeps_the_norm():
    for loss in (minimax, wasserstein):
        norms = _norms(flow(dirac_gan(loss), START, np.linspace(0, 8, 9), rtol=1e-9, atol=1e-11))
        assert_close(norms, torch.full((9,), math.sqrt(2)), rtol=0, atol=1e-8)


def test_flow_of_the_non_saturating_gan_loses_what_the_law_says():
    """d/dt (θ^2 + ψ^2)/2 = -θψ tanh(θψ/2), at points and along the way."""
    field = dirac_gan(non_saturating)
    for z in (START, torch.tensor([0.4, 1.3], dtype=torch.float64)):
        product = (z[0] * z[1]).item()
        assert_close((z @ field(z)).item(), -product * math.tanh(product / 2), rtol=1e-12, atol=0)
    path = flow(field, START, np.linspace(0, 6, 241), rtol=1e-8, atol=1e-10)
    product = path.prod(1)
    loss = torch.trapezoid(product * torch.tanh(product / 2), dx=6 / 240)
    assert_close(
        (path[0].square().sum() - path[-1].square().sum()).item() / 2, loss.item(), rtol=1e-3, atol=0
    )


def test_flow_of_the_non_saturating_gan_goes_like_root_8_over_t():
    """0.1984 at t = 200, where sqrt(8/t) is 0.2."""
    norms = _norms(flow(dirac_gan(non_saturating), START, [0, 200], rtol=1e-5, atol=1e-7))
    assert_close(norms[1].item(), 0.1984, rtol=0, atol=2e-4)


def test_flow_of_a_linear_field_is_the_matrix_exponential():
    field = dirac_gan(wasserstein, penalty=r1, weight=0.3)
    matrix = torch.tensor([[0.0, 1.0], [-1.0, -0.6]])
    path = flow(field, START, [0.0, 1.0, 2.5])
    for t, z in zip([0.0, 1.0, 2.5], path, strict=True):
        assert_close(z, torch.linalg.matrix_exp(t * matrix) @ START, rtol=0, atol=1e-9)


def test_flow_of_wgan_gp_is_a_cycle():
    """Norms 1.19 to 1.46."""
    field = dirac_gan(wasserstein, penalty=wgan_gp, weight=0.5)
    late = _norms(flow(field, torch.tensor([1.3, 0.0]), np.linspace(0, 10, 101), rtol=1e-4, atol=1e-5))[35:]
    assert 1.18 < late.min() < 1.22
    assert 1.43 < late.max() < 1.47


# Gaussian means


def test_a_generator_step_may_increase_the_divergence_and_the_game_still_converge():
    """The Jensen-Shannon divergence of N(0, 1) and N(θ, 1) grows with |θ|."""
    field = gaussian_mean_game(non_saturating)
    path = trajectory(field, torch.tensor([2.0, 0.0, 0.0]), 250, rule=alternating, step_size=0.5)
    distance = path[:, 0].abs()
    assert (distance.diff() > 1e-9).sum() > 20
    assert path[-1].norm() < 1e-2 * path[0].norm()


# Verdicts


@pytest.mark.parametrize(
    ("field", "rule", "kind", "evidence"),
    [
        (bilinear(), simultaneous, "diverges", "spectrum"),
        (bilinear(), alternating, "cycles", "trajectory"),
        (bilinear(), extragradient, "converges linearly", "spectrum"),
        (bilinear(), optimistic, "converges linearly", "spectrum"),
        (bilinear(), RULES["alternating_heavy_ball"], "diverges", "spectrum"),
        (dirac_gan(minimax), simultaneous, "diverges", "spectrum"),
        (dirac_gan(wasserstein, penalty=wgan_gp, weight=0.5), simultaneous, "cycles", "trajectory"),
        (dirac_gan(non_saturating, penalty=r1, weight=0.5), alternating, "converges linearly", "spectrum"),
        (dirac_gan(minimax), None, "cycles", "trajectory"),
        (dirac_gan(minimax, penalty=r1, weight=0.5), None, "converges linearly", "spectrum"),
    ],
)
def test_verdicts_of_the_table(field, rule, kind, evidence):
    got = verdict(field, ZERO, start=START, rule=rule, step_size=0.1, steps=256)
    assert (got.kind, got.evidence) == (kind, evidence)


def test_rates_of_a_verdict_are_factors_exponents_and_radii():
    h, options = 0.3, {"start": START, "step_size": 0.3, "steps": 512}
    growth = verdict(bilinear(), ZERO, rule=simultaneous, **options)
    assert_close(growth.rate, math.sqrt(1 + h * h), rtol=1e-12, atol=0)
    bent = verdict(dirac_gan(minimax), ZERO, start=START, rule=simultaneous, step_size=0.1, steps=256)
    assert_close(
        bent.rate, math.sqrt(1 + 0.01 / 4), rtol=1e-12, atol=0
    )  # of the equilibrium, not of the orbit
    damped = verdict(dirac_gan(minimax, penalty=r1, weight=0.25), ZERO, start=START, step_size=0.3, steps=128)
    assert_close(damped.rate, math.exp(-0.25), rtol=1e-12, atol=0)  # a unit of time
    power = verdict(dirac_gan(non_saturating), ZERO, rule=alternating, **options)
    assert (power.kind, power.evidence) == ("converges sublinearly", "trajectory")
    assert_close(power.rate, 0.5, rtol=0, atol=0.08)
    cycle = verdict(dirac_gan(wasserstein), ZERO, start=START, step_size=0.1, steps=128)
    assert_close(cycle.rate, math.sqrt(2), rtol=1e-4, atol=0)


def test_a_circle_around_an_unstable_equilibrium_is_a_cycle_and_not_divergence():
    got = verdict(
        dirac_gan(non_saturating), ZERO, start=0.5 * START, rule=simultaneous, step_size=0.3, steps=1024
    )
    assert got.kind == "cycles"
    assert_close(got.rate, math.sqrt(0.6), rtol=0.05, atol=0)


def test_an_approach_to_an_unstable_equilibrium_is_no_convergence():
    # Simultaneous steps of 0.2 multiply small distances by sqrt(1.01): the way in from afar ends on a circle.
    options = {"start": START, "rule": simultaneous, "step_size": 0.2}
    assert verdict(dirac_gan(non_saturating), ZERO, steps=256, **options).kind == "undecided"


def _radial(speed):
    """A field on the plane with v(z) = speed(‖z‖^2) z, each player owning one coordinate."""
    return Field((lambda s: _potential(s, speed), lambda s: _potential(s, speed)), (1, 1))


def _potential(s, speed):
    return -(speed(s.detach().square().sum()) * s.square().sum()) / 2


def test_a_verdict_follows_the_trajectory_where_the_equilibrium_attracts_only_nearby():
    """v = (r^2 - 1) z: attracted inside the unit circle, thrown out from beyond it."""
    field = _radial(lambda square: square - 1)
    inside = verdict(field, ZERO, start=0.3 * START, rule=simultaneous, step_size=0.05, steps=128)
    assert inside == Verdict("converges linearly", pytest.approx(0.95), "spectrum")
    outside = verdict(field, ZERO, start=START, rule=simultaneous, step_size=0.05, steps=128)
    assert outside.kind == "diverges"


def test_a_verdict_says_when_it_cannot_tell():
    """Distances that fall ever faster, or stand still without turning, prove nothing; an exponential does."""
    times = torch.linspace(0, 1, 257)[:, None]
    assert _judge(1 - 0.4 * times**4, 1.0, math.nan) == Verdict("undecided", None, "trajectory")
    assert _judge(1 + 0 * times, 1.0, math.nan) == Verdict("undecided", None, "trajectory")
    assert _judge(torch.exp(-40 * times), 1.0, math.nan) == Verdict("converges linearly", None, "trajectory")
    grown = _judge(torch.exp(40 * times), 1.0, math.nan)
    assert grown == Verdict("diverges", pytest.approx(math.exp(40 / 256)), "trajectory")
    assert _judge(torch.cat([times[1:], torch.tensor([[math.inf]])]), 1.0, math.nan).kind == "diverges"


def test_a_saturated_standstill_is_not_taken_for_a_cycle():
    """At θψ = -60 the saturating field is e^-60 of its size."""
    field = dirac_gan(minimax)
    got = verdict(field, ZERO, start=torch.tensor([6.0, -10.0]), rule=alternating, step_size=0.1, steps=64)
    assert got.kind == "undecided"


# Errors


def test_requests_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"`state` must have 2 entries on its last axis, got \(3,\)"):
        bilinear()(torch.zeros(3))
    with pytest.raises(
        ValueError, match=r"`weight` must be 0 or more, and 0 without a `penalty`, got 1\.0 with None"
    ):
        dirac_gan(minimax, weight=1.0)
    with pytest.raises(ValueError, match=r"`weight` must be 0 or more, .* got -1\.0"):
        dirac_gan(minimax, penalty=r1, weight=-1.0)
    with pytest.raises(ValueError, match="a standard deviation must be 0 or more, got -1"):
        dirac_gan(minimax, instance_noise=-1)
    with pytest.raises(ValueError, match="`loss` must not be relativistic_average here: it is no"):
        gaussian_mean_game(relativistic_average)
    with pytest.raises(ValueError, match=r"must have the price n\^2, .* not linear, got dragan: "):
        linear_quadratic_gan(wasserstein, penalty=dragan, weight=1.0)
    with pytest.raises(ValueError, match="`steps` must be 0 or more, got -1"):
        trajectory(bilinear(), ZERO, -1)
    with pytest.raises(ValueError, match="`step_size` must be positive, got 0"):
        trajectory(bilinear(), ZERO, 1, step_size=0)
    with pytest.raises(ValueError, match="`times` must be at least two increasing numbers"):
        flow(bilinear(), START, [0.0, 2.0, 1.0])
    with pytest.raises(ValueError, match="`steps` must be at least 64"):
        verdict(bilinear(), ZERO, start=START, steps=10)
    with pytest.raises(ValueError, match="`start` must not be the equilibrium"):
        verdict(bilinear(), ZERO, start=ZERO)


def test_a_flow_that_blows_up_is_an_error():
    field = _radial(lambda square: square)  # r' = r^3 is infinite at t = 1/4 from r = sqrt 2
    with pytest.raises(RuntimeError, match="the integrator stopped at time"):
        flow(field, START, [0.0, 1.0], rtol=1e-2, atol=1e-2)


def test_least_squares_pulls_the_score_of_generated_data_to_one():
    """Its generator is at rest where θψ = 1, although θ is not 0."""
    assert_close(dirac_gan(least_squares)(torch.tensor([2.0, 0.5]))[0].item(), 0.0, rtol=0, atol=1e-15)


def test_a_verdict_is_relative_to_its_equilibrium():
    """The game moved to (3, -2) ends as the game at 0 does, with the same rate."""
    there = torch.tensor([3.0, -2.0])
    moved = Field(
        (lambda s: (s[0] - 3) * (s[1] + 2), lambda s: -(s[0] - 3) * (s[1] + 2)),
        (1, 1),
    )
    options = {"rule": extragradient, "step_size": 0.3, "steps": 128}
    home = verdict(bilinear(), ZERO, start=START, **options)
    away = verdict(moved, there, start=there + START, **options)
    assert home.kind == away.kind == "converges linearly"
    assert_close(away.rate, home.rate, rtol=1e-9, atol=0)


def test_a_verdict_sees_the_projection():
    """A clipped critic keeps the simultaneous game on a bounded orbit, which without it diverges."""
    field = dirac_gan(wasserstein)
    options = {"start": START, "rule": simultaneous, "step_size": 0.1, "steps": 2048}
    free = verdict(field, ZERO, **options)
    clipped = verdict(field, ZERO, project=clip_discriminator(field, 0.5), **options)
    assert free.kind == "diverges"
    assert clipped.kind == "cycles"
