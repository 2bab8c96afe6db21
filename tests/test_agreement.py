"""Each key quantity of the course reached in three ways that share no code: by computer algebra (SymPy,
written out here), by the package's closed form, and by what a reader would do: sample or differentiate.

The first two must agree to 1e-12. The third has the tolerance of its row: rounding for derivatives, five
standard errors for samples.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import pytest
import sympy as sp
import torch
from torch.distributions import Normal

from ganlab import (
    bayes_risks,
    densities,
    divergences,
    dynamics,
    f_divergences,
    losses,
    regularizers,
    transport,
)

P, Q = (
    (sp.Rational(1, 2), sp.Rational(1, 3), sp.Rational(1, 6)),
    (sp.Rational(1, 6), sp.Rational(1, 6), sp.Rational(2, 3)),
)
FLOATS = [float(x) for x in P], [float(x) for x in Q]
COUNT = 400_000


class Row(NamedTuple):
    symbolic: Callable[[], sp.Expr]
    closed: Callable[[], object]
    estimate: Callable[[], tuple[float, float]]  # value and tolerance


def drawn(seed=0):
    """Outcomes of P and of Q, (COUNT,) each."""
    rng = torch.Generator().manual_seed(seed)
    return [torch.multinomial(torch.tensor(law), COUNT, replacement=True, generator=rng) for law in FLOATS]


def sampled(at_real, at_fake):
    """The sum of two sample means, with five standard errors of it."""
    x, y = drawn()
    real, fake = at_real[x], at_fake[y]
    error = math.sqrt(real.var().item() / COUNT + fake.var().item() / COUNT)
    return (real.mean() + fake.mean()).item(), 5 * error


def logits():
    """The logit of D* at the three outcomes."""
    return (torch.tensor(FLOATS[0]) / torch.tensor(FLOATS[1])).log()


def expectation(law, term):
    return sum(weight * term(p, q) for weight, p, q in zip(law, P, Q, strict=True))


def symbolic_jsd():
    middle = [(p + q) / 2 for p, q in zip(P, Q, strict=True)]
    halves = [sum(a * sp.log(a / m) for a, m in zip(law, middle, strict=True)) / 2 for law in (P, Q)]
    return sum(halves)


def value_by_samples():
    """V(D*) is minus what the discriminator pays on samples of both kinds."""
    a = logits()
    return sampled(-losses.softplus(-a), -losses.softplus(a))


def jsd_by_samples():
    value, error = value_by_samples()
    return value / 2 + math.log(2), error / 2


def best_logit(smoothing):
    """Newton's method on the discriminator's loss at one point with p = 0.6 and q = 0.4."""
    pair = losses.label_smoothing(losses.minimax, smoothing)
    a = torch.zeros(1, requires_grad=True)
    away = torch.full((1,), -800.0)  # a generated sample that costs nothing

    def loss(a):
        real = pair.discriminator(a, away)
        fake = pair.discriminator(-away, a) - pair.discriminator(-away, away)
        return 0.6 * real + 0.4 * fake

    for _ in range(30):
        (slope,) = torch.autograd.grad(loss(a), a, create_graph=True)
        (curvature,) = torch.autograd.grad(slope, a)
        a = (a - slope / curvature).detach().requires_grad_()
    return a.sigmoid().item(), 1e-10


def symbolic_best_d(label):
    d = sp.symbols("d", positive=True)
    cost = -sp.Rational(3, 5) * (label * sp.log(d) + (1 - label) * sp.log(1 - d)) - sp.Rational(
        2, 5
    ) * sp.log(1 - d)
    (root,) = sp.solve(sp.diff(cost, d), d)
    return root


def gaussian_gradient(loss):
    """The generator's gradient at theta = 1 for N(0,1) against N(theta,1), at D*, by Gauss-Hermite nodes."""
    import numpy as np

    nodes, weights = (torch.tensor(x) for x in np.polynomial.hermite_e.hermegauss(80))
    theta = torch.tensor(1.0, requires_grad=True)
    x = theta + nodes
    score = 0.5 - x  # log p/q at theta = 1, held fixed
    each = torch.stack([loss.generator(score[:1].detach(), score[i : i + 1]) for i in range(len(nodes))])
    mean = (weights / weights.sum() * each).sum()
    return torch.autograd.grad(mean, theta)[0].item(), 1e-9


def symbolic_gaussian_gradient(power):
    """theta times the integral of p q/(p+q) or of q^2/(p+q), at theta = 1."""
    x = sp.symbols("x", real=True)
    p = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    q = sp.exp(-((x - 1) ** 2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.Integral((p if power == 1 else q) * q / (p + q), (x, -40, 40))


def jsd_slope():
    """The derivative of 2 JSD in theta, as a central difference of the closed form."""
    p = Normal(0.0, 1.0)

    def double(theta):
        return 2 * densities.jensen_shannon_density(p.log_prob, Normal(theta, 1.0).log_prob).value

    h = 1e-3
    return (8 * (double(1 + h) - double(1 - h)) - (double(1 + 2 * h) - double(1 - 2 * h))) / (12 * h)


def softened_slope():
    p = Normal(0.0, 1.0)

    def softened(theta):
        return densities.softened_reverse_kl_density(p.log_prob, Normal(theta, 1.0).log_prob).value

    h = 1e-3
    return (8 * (softened(1 + h) - softened(1 - h)) - (softened(1 + 2 * h) - softened(1 - 2 * h))) / (12 * h)


def penalty_at(point, weights):
    """The worked example: a critic whose gradient at the interpolate is (1.2, 0.8)."""
    critic = lambda x: x @ torch.tensor(weights)  # noqa: E731 - a formula, not a function of its own
    real, fake = torch.tensor([point]), torch.tensor([point])
    return 10 * regularizers.wgan_gp(critic, real, fake, mix=torch.tensor([0.5]))


def finite_difference_penalty():
    """The same norm from differences of the critic's values."""
    w, h = (1.2, 0.8), 1e-6
    slopes = [((w[i] * h) - (-w[i] * h)) / (2 * h) for i in range(2)]
    return 10 * (math.hypot(*slopes) - 1) ** 2, 1e-8


def radius_by_steps(rule, steps=200, h=0.1):
    path = dynamics.trajectory(dynamics.bilinear(), torch.tensor([1.0, 0.0]), steps, rule=rule, step_size=h)
    return (path[-1].norm() / path[0].norm()).item() ** (1 / steps), 1e-10


def extragradient_radius():
    h, x, y = sp.Rational(1, 10), *sp.symbols("x y", real=True)
    ahead = (x - h * y, y + h * x)
    after = (x - h * ahead[1], y + h * ahead[0])
    return sp.sqrt(sp.simplify((after[0] ** 2 + after[1] ** 2) / (x**2 + y**2)))


def dirac_rate():
    """Real part of the spectrum with R1, gamma = 1/2, from a Jacobian worked in SymPy."""
    theta, psi, gamma = sp.symbols("theta psi gamma", real=True)
    sigma = 1 / (1 + sp.exp(-theta * psi))
    field = sp.Matrix([psi * (1 - sigma), -theta * sigma - gamma * psi])
    jacobian = field.jacobian([theta, psi]).subs({theta: 0, psi: 0, gamma: sp.Rational(1, 2)})
    return sp.re(next(iter(jacobian.eigenvals())))


def dirac_by_path():
    """The same rate from how fast a simulated flow shrinks."""
    field = dynamics.dirac_gan(losses.non_saturating, penalty=regularizers.r1, weight=0.25)
    states = dynamics.flow(
        field, torch.tensor([1e-4, 0.0]), torch.tensor([0.0, 2 * 2 * math.pi / math.sqrt(3 / 4)])
    )
    duration = 4 * math.pi / math.sqrt(3 / 4)
    return math.log((states[-1].norm() / states[0].norm()).item()) / duration, 1e-6


def folded_normal_mean():
    """E|N(1, 1)|, the distance of the quantiles 1 + z."""
    return sp.sqrt(2 / sp.pi) * sp.exp(-sp.Rational(1, 2)) + sp.erf(1 / sp.sqrt(2))


def sorted_distance():
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(2, COUNT, generator=rng)
    difference = (1 + 2 * z[1].sort().values) - z[0].sort().values
    return difference.abs().mean().item(), 0.02


ROWS = {
    "Jensen-Shannon divergence": Row(
        symbolic_jsd, lambda: divergences.jensen_shannon(*FLOATS), jsd_by_samples
    ),
    "value of the game at D*": Row(
        lambda: 2 * symbolic_jsd() - sp.log(4),
        lambda: divergences.value(*FLOATS, divergences.optimal_discriminator(*FLOATS)),
        value_by_samples,
    ),
    "KL of the generator from the data": Row(
        lambda: expectation(Q, lambda p, q: sp.log(q / p)),
        lambda: divergences.kl(FLOATS[1], FLOATS[0]),
        lambda: sampled(torch.zeros(3), -logits()),
    ),
    "total variation": Row(
        lambda: sum(abs(p - q) for p, q in zip(P, Q, strict=True)) / 2,
        lambda: divergences.total_variation(*FLOATS),
        lambda: sampled(logits().sign() / 2, -logits().sign() / 2),
    ),
    "best hinge loss": Row(
        lambda: 2 * (1 - sum(abs(p - q) for p, q in zip(P, Q, strict=True)) / 2),
        lambda: bayes_risks.bayes_risk(*FLOATS, "hinge"),
        lambda: sampled((1 - logits().sign()).relu(), (1 + logits().sign()).relu()),
    ),
    "Pearson's chi-squared by its dual": Row(
        lambda: expectation(Q, lambda p, q: (p / q - 1) ** 2),
        lambda: f_divergences.f_divergence(*FLOATS, "pearson"),
        lambda: sampled(
            f_divergences.optimal_witness(*FLOATS, "pearson"),
            -(lambda t: t + t.square() / 4)(f_divergences.optimal_witness(*FLOATS, "pearson")),
        ),
    ),
    "D* without smoothing": Row(
        lambda: symbolic_best_d(1),
        lambda: divergences.optimal_discriminator(0.6, 0.4),
        lambda: best_logit(0.0),
    ),
    "D* with the real label at 0.9": Row(
        lambda: symbolic_best_d(sp.Rational(9, 10)),
        lambda: divergences.optimal_discriminator(0.6, 0.4, real_label=0.9),
        lambda: best_logit(0.1),
    ),
    "saturating gradient at D*": Row(
        lambda: symbolic_gaussian_gradient(1), jsd_slope, lambda: gaussian_gradient(losses.minimax)
    ),
    "non-saturating gradient at D*": Row(
        lambda: symbolic_gaussian_gradient(2),
        softened_slope,
        lambda: gaussian_gradient(losses.non_saturating),
    ),
    "penalty of the worked example": Row(
        lambda: 10 * (sp.sqrt(sp.Rational(6, 5) ** 2 + sp.Rational(4, 5) ** 2) - 1) ** 2,
        lambda: penalty_at([0.9, 1.4], [1.2, 0.8]),
        finite_difference_penalty,
    ),
    "radius of extragradient": Row(
        extragradient_radius,
        lambda: dynamics.spectrum(
            dynamics.bilinear(), torch.zeros(2), rule=dynamics.extragradient, step_size=0.1
        )[0].abs(),
        lambda: radius_by_steps(dynamics.extragradient),
    ),
    "rate of R1 on the Dirac-GAN": Row(
        dirac_rate,
        lambda: (
            dynamics.spectrum(
                dynamics.dirac_gan(losses.non_saturating, penalty=regularizers.r1, weight=0.25),
                torch.zeros(2),
            )[0].real
        ),
        dirac_by_path,
    ),
    "Wasserstein-1 between N(0,1) and N(1,2)": Row(
        folded_normal_mean,
        lambda: transport.wasserstein_1_gaussian(0.0, 1.0, 1.0, 2.0),
        sorted_distance,
    ),
}
# Finite differences of a closed form cannot reach 1e-12.
CLOSED_TOLERANCE = {"saturating gradient at D*": 1e-9, "non-saturating gradient at D*": 1e-9}


@pytest.mark.parametrize("name", ROWS)
def test_three_ways_to_one_number(name):
    row = ROWS[name]
    symbolic = float(sp.N(row.symbolic(), 20))
    assert float(row.closed()) == pytest.approx(symbolic, rel=CLOSED_TOLERANCE.get(name, 1e-12), abs=1e-15)
    value, tolerance = row.estimate()
    assert value == pytest.approx(symbolic, rel=0, abs=tolerance)
    assert tolerance < 0.05 * max(abs(symbolic), 0.2), "an estimate this loose would agree with anything"


def test_saturating_and_non_saturating_gradient_add_up_to_that_of_the_reverse_kl():
    """KL(N(theta,1) to N(0,1)) = theta^2 / 2, whose slope at 1 is 1."""
    total = gaussian_gradient(losses.minimax)[0] + gaussian_gradient(losses.non_saturating)[0]
    assert total == pytest.approx(1.0, abs=1e-10)
