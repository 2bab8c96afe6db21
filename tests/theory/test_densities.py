"""Divergences of densities against closed forms and mpmath's quadrature, always within the error returned;
their slopes against the gradients that the theory of the game gives."""

import math

import mpmath as mp
import pytest
import torch
from torch.distributions import Beta, Cauchy, Laplace, Normal, StudentT
from torch.nn.functional import logsigmoid
from torch.testing import assert_close

from ganlab import densities
from ganlab.theory.densities import (
    jensen_shannon_density,
    kl_density,
    pearson_chi2_density,
    softened_reverse_kl_density,
    total_variation_density,
    wasserstein_1_quantile,
)

# f(u) of each divergence, as sum q f(p/q), for mpmath
GENERATORS = {
    "kl_density": lambda u: u * mp.log(u),
    "jensen_shannon_density": lambda u: (u * mp.log(2 * u / (1 + u)) + mp.log(2 / (1 + u))) / 2,
    "total_variation_density": lambda u: abs(u - 1) / 2,
    "pearson_chi2_density": lambda u: (u - 1) ** 2,
    "neyman_chi2_density": lambda u: (u - 1) ** 2 / u,
    "triangular_discrimination_density": lambda u: (u - 1) ** 2 / (u + 1),
    "squared_hellinger_density": lambda u: (mp.sqrt(u) - 1) ** 2,
    "softened_reverse_kl_density": lambda u: (1 + u) * mp.log((1 + u) / (2 * u)),
}
BY_NAME = pytest.mark.parametrize("name", GENERATORS)


def number(x):
    return torch.tensor(float(x), dtype=torch.float64)


def normal(mean, std=1.0):
    return Normal(number(mean), number(std)).log_prob


def cauchy(location, scale):
    return Cauchy(number(location), number(scale)).log_prob


def uniform(left, right):
    return lambda x: torch.where((x > left) & (x < right), -math.log(right - left), -math.inf)


def beta_of_logit(a, b):
    log_norm = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return lambda y: a * logsigmoid(y) + b * logsigmoid(-y) - log_norm


def assert_within_error(result, expected, *, rtol=1e-12):
    assert abs(result.value.item() - expected) <= result.error
    assert result.error <= rtol * max(abs(expected), 1e-300)


def _reference(name, theta, std=1):
    """By mpmath, over N(0, 1) and N(theta, std^2), cut where the densities cross."""
    with mp.workdps(30):
        theta, std = mp.mpf(theta), mp.mpf(std)
        # the densities cross where x^2/2 = (x - theta)^2 / (2 std^2) + log std
        crossing = [1 - 1 / std**2, 2 * theta / std**2, -((theta / std) ** 2) - 2 * mp.log(std)]
        cuts = [-40, -10, -3, *mp.polyroots([c for c in crossing if c]), theta + 3, theta + 10, theta + 40]

        def integrand(x):
            q = mp.npdf(x, theta, std)
            return q * GENERATORS[name](mp.npdf(x) / q)

        return float(mp.quad(integrand, sorted(cuts)))


@BY_NAME
@pytest.mark.parametrize(("theta", "std"), [(0.5, 1), (2, 1), (0.25, 1.25)])
def test_value_of_normals_lies_within_its_error_of_mpmath(name, theta, std):
    assert_within_error(getattr(densities, name)(normal(0), normal(theta, std)), _reference(name, theta, std))


@BY_NAME
def test_equal_densities_are_at_distance_zero_exactly(name):
    assert getattr(densities, name)(normal(1), normal(1)).value == 0


@pytest.mark.parametrize(
    ("theta", "digits"),
    [
        (0.5, "0.0303113005"),
        (1, "0.1114214822"),
        (2, "0.3368308203"),
        (3, "0.5267773065"),
        (4, "0.6327201937"),
        (6, "0.6892979330"),
    ],
)
def test_jensen_shannon_of_shifted_normals(theta, digits):
    result = jensen_shannon_density(normal(0), normal(theta))
    expected = _reference("jensen_shannon_density", theta)
    assert_within_error(result, expected)
    assert f"{expected:.10f}" == digits


def test_softened_reverse_kl_of_normals_one_apart():
    expected = _reference("softened_reverse_kl_density", 1)
    assert_within_error(softened_reverse_kl_density(normal(0), normal(1)), expected)
    assert f"{expected:.10f}" == "0.2771570356"


@pytest.mark.parametrize("theta", [1e-6, 1e-3, 50.0, 200.0])
def test_kl_of_shifted_normals_is_half_the_squared_shift_where_neither_density_is_a_number(theta):
    assert_within_error(
        kl_density(normal(0), normal(theta)), theta**2 / 2, rtol=1e-7 if theta < 1e-5 else 1e-9
    )


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("kl_density", 1 / 2),
        ("jensen_shannon_density", 1 / 8),
        ("pearson_chi2_density", 1),
        ("neyman_chi2_density", 1),
        ("triangular_discrimination_density", 1 / 2),
        ("squared_hellinger_density", 1 / 4),
        ("softened_reverse_kl_density", 1 / 4),
    ],
)
def test_close_densities_are_apart_by_the_fisher_information(name, factor):
    # f''(1)/2 times the squared shift, the Fisher information of a shift being 1, up to its fourth power
    assert_close(
        getattr(densities, name)(normal(0), normal(1e-4)).value.item(), factor * 1e-8, rtol=5e-8, atol=0
    )


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        (normal(0, 1), normal(1, 2), math.log(2) + 2 / 8 - 1 / 2),
        (Laplace(number(0), number(1)).log_prob, normal(0), math.log(math.pi / 2) / 2),
        (cauchy(0, 1), cauchy(1, 2), math.log(10 / 8)),  # log(((s + t)^2 + d^2) / (4 s t))
    ],
)
def test_kl_has_its_closed_form(p, q, expected):
    assert_within_error(kl_density(p, q), expected)


@pytest.mark.parametrize("name", [n for n in GENERATORS if n[:2] not in ("kl", "pe", "ne")])
def test_a_heavier_tail_is_integrated_to_its_end(name):
    student = StudentT(number(3)).log_prob
    got = getattr(densities, name)(student, normal(0))
    with mp.workdps(20):
        norm = 2 / (mp.pi * mp.sqrt(3))

        def integrand(x):
            p, q = norm / (1 + x**2 / 3) ** 2, mp.npdf(x)
            return q * GENERATORS[name](p / q) if x < 60 else p * limits[name]

        limits = {
            "jensen_shannon_density": mp.log(2) / 2,
            "total_variation_density": mp.mpf(1) / 2,
            "triangular_discrimination_density": 1,
            "squared_hellinger_density": 1,
            "softened_reverse_kl_density": -mp.log(2),
        }
        crossing = mp.findroot(lambda x: mp.log(norm / (1 + x**2 / 3) ** 2 / mp.npdf(x)), 2)
        expected = float(2 * mp.quad(integrand, [0, crossing, 5, 10, 60, 1000, 10**6, mp.inf]))
    assert abs(got.value.item() - expected) <= got.error


@pytest.mark.parametrize(
    "result",
    [
        lambda: kl_density(cauchy(0, 1), normal(0)),
        lambda: pearson_chi2_density(normal(0, 2), normal(0, 1)),
        lambda: pearson_chi2_density(StudentT(number(3)).log_prob, normal(0)),
        lambda: kl_density(uniform(0, 1), uniform(0.5, 1.5)),
        lambda: kl_density(uniform(0, 1), uniform(0.5, 1.5), breakpoints=(0, 0.5, 1, 1.5)),
        lambda: softened_reverse_kl_density(uniform(0.5, 1), uniform(0, 1), breakpoints=(0, 0.5, 1)),
    ],
)
def test_what_diverges_is_infinite(result):
    assert result() == (torch.inf, 0.0)


@pytest.mark.parametrize("mean", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("std", [0.5**0.5, math.nextafter(0.5**0.5, 0), 0.5])
def test_rounding_far_out_is_no_peak(mean, std):
    # at std^2 = 1/2 the squares in 2 log p - log q cancel, and leave their rounding
    expected = math.log(std) + (1 + mean**2) / (2 * std**2) - 1 / 2
    assert_within_error(kl_density(normal(0), normal(mean, std)), expected)


@pytest.mark.parametrize("std", [0.75, 0.71])
def test_pearson_converges_to_the_last_where_it_only_just_does(std):
    # int p^2/q = std^2 / sqrt(2 std^2 - 1) for p = N(0, 1), q = N(0, std^2)
    std = torch.tensor(std).item()
    result = pearson_chi2_density(normal(0), normal(0, std))
    assert_within_error(result, std**2 / math.sqrt(2 * std**2 - 1) - 1, rtol=1e-11)


def test_uniforms_that_half_overlap_are_half_of_log_2_apart():
    p, q, cuts = uniform(0, 1), uniform(0.5, 1.5), (0, 0.5, 1, 1.5)
    assert_within_error(jensen_shannon_density(p, q, breakpoints=cuts), math.log(2) / 2)
    assert_within_error(jensen_shannon_density(p, q), math.log(2) / 2, rtol=1e-8)
    assert_within_error(total_variation_density(p, q, breakpoints=cuts), 0.5)


@pytest.mark.parametrize("a", [0.1, 0.5])
def test_a_pole_at_zero_is_integrated_through(a):
    # KL(Beta(a, 1) to the uniform) = log a + (1 - a)/a
    result = kl_density(Beta(torch.tensor(a), torch.tensor(1.0)).log_prob, uniform(0, 1), support=(0.0, 1.0))
    assert_within_error(result, math.log(a) + (1 - a) / a)


def test_poles_at_both_ends_need_another_variable():
    with mp.workdps(30):
        a, b = mp.mpf("0.1"), mp.mpf("0.2")
        exact = (a - 1) * (mp.digamma(a) - mp.digamma(a + b)) + (b - 1) * (mp.digamma(b) - mp.digamma(a + b))
        exact = float(exact - mp.log(mp.beta(a, b)))
    assert_within_error(kl_density(beta_of_logit(0.1, 0.2), beta_of_logit(1.0, 1.0)), exact)
    beta = Beta(torch.tensor(0.1), torch.tensor(0.2)).log_prob
    with pytest.raises(ValueError, match=r"`log_p` must integrate to 1 over `support`, got 0\.99"):
        kl_density(beta, uniform(0, 1), support=(0.0, 1.0))


def test_a_weak_pole_at_one_is_integrated_with_an_honest_error():
    arcsine = Beta(torch.tensor(0.5), torch.tensor(0.5)).log_prob
    result = kl_density(arcsine, uniform(0, 1), support=(0.0, 1.0))
    assert_within_error(result, math.log(4 / math.pi), rtol=1e-6)


def test_a_narrow_spike_between_the_points_is_found_by_its_logarithm_and_the_same_as_if_named():
    p, q = normal(1000, 1e-3), normal(1000 + 2.0**-10, 1e-3)
    expected = _reference("jensen_shannon_density", 2.0**-10 / 1e-3)
    for cuts in ((), (1000,)):
        assert_within_error(jensen_shannon_density(p, q, breakpoints=cuts), expected, rtol=1e-9)


@pytest.mark.parametrize("place", [1.0, -300.0, 12345.678])
@pytest.mark.parametrize("cuts", [False, True])
def test_a_spike_as_narrow_as_eleven_digits_is_no_divergence(place, cuts):
    result = jensen_shannon_density(
        normal(place, abs(place) * 1e-11),
        normal(place, abs(place) * 2e-11),
        breakpoints=[place] * cuts,
    )
    assert_within_error(result, _reference("jensen_shannon_density", 0, 2), rtol=1e-4)


def mixture(weight, first, second):
    return lambda x: torch.logaddexp(math.log1p(-weight) + first(x), math.log(weight) + second(x))


@pytest.mark.parametrize("weight", [9e-7, 1e-9, 1e-13, 1e-30])
@pytest.mark.parametrize("place", [60.0, 1e3, -1e5])
def test_a_far_mode_of_small_mass_is_not_missed(weight, place):
    # nothing of the one is left where the other lies
    expected = (1 - weight) * math.log1p(-weight) + weight * (math.log(weight) + place**2 / 2)
    result = kl_density(mixture(weight, normal(0), normal(place)), normal(0))
    assert abs(result.value.item() - expected) <= result.error + 1e-15
    assert result.error < 1e-3 * expected


def hidden(weight, width):
    """A normal law on top of a heavy tail, between the points that the rule asks."""
    return mixture(weight, StudentT(number(3)).log_prob, normal(1234.5, width))


@pytest.mark.parametrize("weight", [1e-5, 1e-7, 1e-10])
def test_mass_that_cannot_be_seen_is_refused_where_it_may_cost_anything(weight):
    p, q = hidden(weight, 1e-3), StudentT(number(3)).log_prob
    for divergence in (kl_density, pearson_chi2_density):
        with pytest.raises(ValueError, match="`log_p` must integrate to 1 over `support`"):
            divergence(p, q)
    for divergence in (densities.neyman_chi2_density, softened_reverse_kl_density):
        with pytest.raises(ValueError, match="`log_q` must integrate to 1 over `support`"):
            divergence(q, p)
    named = kl_density(p, q, breakpoints=[1234.5])
    with mp.workdps(30):  # of the spike alone: elsewhere the densities are in the ratio 1 - weight
        w, tail = mp.mpf(weight), 2 / (mp.pi * mp.sqrt(3)) / (1 + mp.mpf(1234.5) ** 2 / 3) ** 2
        height = mp.log(w / (tail * mp.mpf("1e-3") * mp.sqrt(2 * mp.pi))) - mp.mpf(1) / 2
        expected = float(w * height + (1 - w) * mp.log(1 - w))
    assert_close(named.value.item(), expected, rtol=1e-3, atol=0)  # the tail adds to the spike


def test_mass_that_cannot_be_seen_is_an_error_of_what_it_bounds():
    p, q = hidden(1e-7, 1e-3), StudentT(number(3)).log_prob
    for divergence, most in ((jensen_shannon_density, math.log(2) / 2), (total_variation_density, 1)):
        result = divergence(p, q)
        assert 1e-7 * most <= result.error < 3e-7
    with pytest.raises(ValueError, match="`log_p` must integrate to 1"):
        jensen_shannon_density(hidden(1e-5, 1e-3), q)


def test_no_density_is_asked_outside_its_support():
    asked = []

    def watched(log_density):
        def ask(x):
            asked.append(x)
            return log_density(x)

        return ask

    width = 1e-13
    shifted = watched(uniform(1, 1 + width))
    for support, cuts in [((1.0, 1 + width), ()), ((1.0, 1 + width), (1 + width / 2,))]:
        assert jensen_shannon_density(shifted, shifted, support=support, breakpoints=cuts).value == 0
        x = torch.cat(asked)
        assert ((x > support[0]) & (x < support[1])).all()


def test_a_density_that_vanishes_at_one_point_costs_what_the_integral_says():
    # KL(N(0, 1) to x^2 N(0, 1)) = -E log x^2 = log 2 + Euler's constant
    def squared(x):
        return 2 * x.abs().log() + normal(0)(x)

    assert_within_error(kl_density(normal(0), squared), math.log(2) + float(mp.euler), rtol=1e-10)
    shifted = kl_density(normal(3), lambda x: squared(x - 3))
    assert_within_error(shifted, math.log(2) + float(mp.euler), rtol=1e-8)


def test_what_is_too_large_for_a_float_is_not_called_divergent():
    # the chi-squared divergence is exp(theta^2) - 1
    assert pearson_chi2_density(normal(0), normal(40)) == (torch.inf, torch.inf)
    for place in (0.0, 100.0):  # what the narrow peaks are cut at may overflow, and diverges no more for it
        narrow = normal(place, 1e-3), normal(place + 1e-2, 0.00072)
        assert pearson_chi2_density(*narrow) == (torch.inf, torch.inf)
    assert_close(pearson_chi2_density(normal(0), normal(20)).value.item(), math.exp(400), rtol=1e-9, atol=0)


def pareto(power):
    return lambda x: torch.where(x > 1, math.log(power) - (power + 1) * x.log(), -math.inf)


def test_what_converges_too_slowly_to_be_seen_is_refused():
    def stretched(x):  # a density that falls as exp(-sqrt x)
        return torch.where(x > 0, -x.clamp_min(0).sqrt() - math.log(2), -math.inf)

    half_line = {"support": (1.0, math.inf)}

    def tail(x):
        return stretched(x - 1)

    # the integrand falls as 1/x^1.001, 1/x and 1/x^0.999
    with pytest.raises(ValueError, match=r"must fall so fast .* that it shows whether"):
        kl_density(pareto(0.501), tail, **half_line)
    assert kl_density(pareto(0.5), tail, **half_line) == (torch.inf, 0.0)
    assert kl_density(pareto(0.499), tail, **half_line) == (torch.inf, 0.0)
    power = 0.6
    with mp.workdps(20):  # E log p + log 2 + E sqrt(x - 1)
        root = power * mp.beta(power - mp.mpf(1) / 2, mp.mpf(3) / 2)
        expected = float(mp.log(power) - (power + 1) / mp.mpf(power) + mp.log(2) + root)
    assert_within_error(kl_density(pareto(power), tail, **half_line), expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("p", "q", "options", "message"),
    [
        (normal(0), lambda x: -x.square(), {}, r"`log_q` must integrate to 1 over `support`, got 1\.77245"),
        (normal(0), normal(0), {"support": (0.0, math.inf)}, r"`log_p` must integrate .* got 0\.5"),
        (lambda x: x * math.nan, normal(0), {}, "`log_p` must be a number on its support, got nan at"),
        (lambda x: x.sum(), normal(0), {}, r"`log_p` must map points \(\d+,\) to as many values, got \(\)"),
        (normal(0), normal(0), {"support": (1.0, 0.0)}, "`support` must be"),
        (
            normal(0),
            normal(0),
            {"support": (0.0, 1.0), "breakpoints": (3.0,)},
            "`breakpoints` must lie inside",
        ),
    ],
)
def test_what_is_no_density_is_refused_by_name(p, q, options, message):
    with pytest.raises(ValueError, match=message):
        jensen_shannon_density(p, q, **options)


@pytest.mark.parametrize(
    ("theta", "saturating", "non_saturating"),
    [(1.0, "0.3979728672", "0.6020271328"), (1.5, "0.4644502794", "1.0355497206")],
)
def test_slopes_in_a_shift_are_those_of_the_two_generators_at_the_best_discriminator(
    theta, saturating, non_saturating
):
    shift = torch.tensor(theta, requires_grad=True)
    q = Normal(shift, torch.tensor(1.0)).log_prob
    (minimax_slope,) = torch.autograd.grad(2 * jensen_shannon_density(normal(0), q).value, shift)
    (softened_slope,) = torch.autograd.grad(softened_reverse_kl_density(normal(0), q).value, shift)
    with mp.workdps(30):  # theta int p q / (p + q) and theta int q^2 / (p + q), by the envelope theorem
        shares = [
            theta
            * mp.quad(lambda x, f=f: f(mp.npdf(x), mp.npdf(x, theta)), [-12, -4, 0, theta, 4 + theta, 14])
            for f in (lambda p, q: p * q / (p + q), lambda p, q: q * q / (p + q))
        ]
    assert_close(minimax_slope.item(), float(shares[0]), rtol=1e-11, atol=0)
    assert_close(softened_slope.item(), float(shares[1]), rtol=1e-11, atol=0)
    assert [f"{float(s):.10f}" for s in shares] == [saturating, non_saturating]


@BY_NAME
def test_slopes_in_a_width_match_finite_differences(name):
    width = torch.tensor(1.3, requires_grad=True)

    def divergence(width):
        return getattr(densities, name)(normal(0), Normal(torch.tensor(0.4), width).log_prob).value

    assert torch.autograd.gradcheck(divergence, (width,), atol=1e-6)


def test_wasserstein_of_normals_is_the_mean_of_a_folded_normal():
    p, q = Normal(torch.tensor(0.0), torch.tensor(1.0)), Normal(torch.tensor(1.0), torch.tensor(2.0))
    with mp.workdps(30):
        expected = mp.quad(lambda z: abs(1 + z) * mp.npdf(z), [-30, -1, 30])
    result = wasserstein_1_quantile(p.icdf, q.icdf)
    assert_within_error(result, float(expected))
    assert f"{float(expected):.10f}" == "1.1666309412"


def test_wasserstein_of_laws_with_jumps_and_without_a_mean():
    def coin(u):
        return (u > 0.25).double()

    assert_within_error(wasserstein_1_quantile(coin, torch.zeros_like, breakpoints=(0.25,)), 0.75)
    heavy = Cauchy(number(0), number(1)).icdf
    assert wasserstein_1_quantile(heavy, Normal(number(0), number(1)).icdf) == (torch.inf, 0.0)


def test_wasserstein_of_laws_whose_quantiles_meet_at_an_end():
    # |100 + u - (100 + 2 u)| = u, which rounds to nothing near 0
    assert_within_error(wasserstein_1_quantile(lambda u: 100 + u, lambda u: 100 + 2 * u), 0.5)
    assert wasserstein_1_quantile(lambda u: 100 + u, lambda u: 100 + u).value == 0


@pytest.mark.parametrize("place", [0.03, 0.2, 0.4441, 0.5, 0.77, 0.99])
@pytest.mark.parametrize("width", [0.003, 1e-6, 1e-12])
def test_jumps_that_nobody_named_are_found(place, width):
    def two_points(level):
        return lambda u: torch.where(u > level, 2 / width, 0.0)

    result = wasserstein_1_quantile(two_points(place), two_points(place + width))
    expected = 2 / width * ((place + width) - place)
    assert abs(result.value.item() - expected) <= result.error + 1e-15 / width
    assert result.error < 1e-9 + 2e-15 / width


def test_a_law_of_many_atoms_is_held_between_bounds():
    atoms = torch.linspace(0, 1, 50)

    def staircase(u):
        return atoms[(u * 50).floor().long().clamp(0, 49)]

    result = wasserstein_1_quantile(staircase, lambda u: u)
    expected = float(
        mp.fsum(
            mp.quad(
                lambda u, k=k: abs(mp.mpf(k) / 49 - u), [mp.mpf(k) / 50, mp.mpf(k) / 49, mp.mpf(k + 1) / 50]
            )
            for k in range(50)
        )
    )
    assert_within_error(result, expected, rtol=1e-9)


def test_a_distance_that_is_finite_by_a_hair_is_refused_and_one_that_is_not_is_infinite():
    def pareto(power):
        return lambda u: (1 - u) ** -(1 / power)

    with pytest.raises(ValueError, match="must differ by less than"):
        wasserstein_1_quantile(pareto(1.01), torch.zeros_like)
    assert wasserstein_1_quantile(pareto(1.0), torch.zeros_like) == (torch.inf, 0.0)
    result = wasserstein_1_quantile(pareto(1.25), torch.zeros_like)
    assert abs(result.value.item() - 5) <= result.error < 0.1


def test_what_is_no_quantile_is_refused():
    with pytest.raises(ValueError, match="`quantile_q` must not decrease, got"):
        wasserstein_1_quantile(lambda u: u, lambda u: -u)


def test_a_level_outside_the_unit_interval_is_refused():
    with pytest.raises(
        ValueError, match=r"`breakpoints` must lie inside the support \(0\.0, 1\.0\), got 1\.5"
    ):
        wasserstein_1_quantile(torch.zeros_like, torch.zeros_like, breakpoints=(1.5,))
