"""The museum of failures: mistakes of code that raise no error, or one that explains little, and their cures.

Each is written as it stands in loops of plain PyTorch, and so is its cure. What tells one from the other is a
number with a closed form, which the page gives and `NUMBERS` computes.
"""

import copy
import math
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
import torch
from PIL import Image, UnidentifiedImageError
from torch import nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganlab import losses, regularizers
from ganlab.data import folder
from ganlab.folders import FolderWarning
from ganlab.networks import layered_generator
from ganlab.networks.style import ModulatedConv
from ganlab.training.averages import MovingAverage

LOG_2 = math.log(2)
FLOOR = math.log1p(math.exp(-1))
"""The loss of a real sample whose "logit" is a probability, at its best: log(1 + 1/e)."""


def label(scores, value):
    """The cross-entropy of scores with one label for all."""
    return binary_cross_entropy_with_logits(scores, torch.full_like(scores, value))


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


# Losses


@pytest.mark.parametrize(("squashed", "floor"), [(True, FLOOR + LOG_2), (False, 0.0)])
def test_a_doubled_sigmoid_rests_on_a_floor_and_logits_have_none(squashed, floor):
    """A real sample at 1 and a generated one at -1: nothing is easier to tell apart."""
    line = nn.Linear(1, 1)
    discriminator = nn.Sequential(line, nn.Sigmoid()) if squashed else line
    adam = torch.optim.Adam(discriminator.parameters(), lr=0.1)
    for _ in range(200):
        adam.zero_grad()
        loss = label(discriminator(torch.ones(1, 1)), 1.0) + label(discriminator(-torch.ones(1, 1)), 0.0)
        loss.backward()
        adam.step()
    assert floor < loss.item() < floor + 0.01


def test_what_a_doubled_sigmoid_takes_for_a_probability_lies_between_a_half_and_three_quarters():
    certain = torch.tensor([-1e3, 1e3]).sigmoid()
    torch.testing.assert_close(certain.sigmoid(), torch.tensor([0.5, sigmoid(1)]), rtol=1e-14, atol=0)
    torch.testing.assert_close(label(certain[1:], 1.0).item(), FLOOR, rtol=1e-14, atol=0)
    torch.testing.assert_close(label(certain[:1], 0.0).item(), LOG_2, rtol=1e-14, atol=0)


def test_a_rounded_probability_costs_100_and_has_no_slope_and_a_logit_costs_what_it_should():
    """A generated sample with the logit 20, in single precision."""
    a = torch.tensor([20.0], dtype=torch.float32, requires_grad=True)
    rounded = binary_cross_entropy(a.sigmoid(), torch.zeros_like(a))
    right = label(a, 0.0)
    slopes = [torch.autograd.grad(loss, a)[0].item() for loss in (rounded, right)]
    assert (rounded.item(), right.item(), slopes) == (100.0, 20.0, [0.0, 1.0])


@pytest.mark.parametrize(
    ("loss", "slope"),
    [(losses.minimax, -sigmoid(-10)), (losses.non_saturating, sigmoid(-10) - 1)],
    ids=["minimax", "non_saturating"],
)
def test_the_slope_of_a_sample_that_is_seen_through(loss, slope):
    a = torch.tensor([-10.0], requires_grad=True)
    (got,) = torch.autograd.grad(loss.generator(a, a), a)
    torch.testing.assert_close(got.item(), slope, rtol=1e-12, atol=0)


# Steps

TWO_THIRDS = (2 / 3, -math.log(2 / 3) - math.log(1 / 3), -math.log(2 / 3))
BASELINES = (1 / 2, 2 * LOG_2, LOG_2)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(("cleared", "rest"), [(False, TWO_THIRDS), (True, BASELINES)])
def test_gradients_left_by_the_other_step_hold_the_discriminator_at_two_thirds(optimizer, cleared, rest):
    """The samples have the law of the data, so that one logit is all that a discriminator can say."""
    logit = torch.zeros(1, requires_grad=True)
    steps = optimizer([logit], lr=0.05)
    for _ in range(300):
        if cleared:
            steps.zero_grad()
        d_loss = label(logit, 1.0) + label(logit, 0.0)
        d_loss.backward()
        steps.step()
        steps.zero_grad()
        g_loss = label(logit, 1.0)
        g_loss.backward()  # the generator moves, and leaves this in the discriminator
    torch.testing.assert_close(
        (logit.sigmoid().item(), d_loss.item(), g_loss.item()), rest, rtol=0, atol=1e-3
    )


@pytest.mark.parametrize(
    ("loss", "held", "low", "high"),
    [
        (losses.non_saturating, True, 2 / 3 - 5e-3, 2 / 3 + 5e-3),
        (losses.minimax, True, 0.9, 1.0),
        (losses.non_saturating, False, 0.5 - 1e-6, 0.5 + 1e-6),
        (losses.minimax, False, 0.5 - 1e-6, 0.5 + 1e-6),
    ],
)
def test_an_optimizer_that_holds_both_networks_moves_the_discriminator_off_one_half(loss, held, low, high):
    """As above, with plain steps. The minimax loss takes back what D learns of fakes: D goes to 1."""
    logit, weight = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    d_steps = torch.optim.SGD([logit], lr=0.05)
    g_steps = torch.optim.SGD([weight, logit] if held else [weight], lr=0.05)
    for _ in range(300):
        d_steps.zero_grad()
        loss.discriminator(logit, logit).backward()
        d_steps.step()
        d_steps.zero_grad()
        g_steps.zero_grad()
        loss.generator(logit, logit + 0 * weight).backward()
        g_steps.step()
    assert low < logit.sigmoid().item() < high


@pytest.mark.parametrize(
    ("loss", "detached", "push"),
    [
        (losses.non_saturating, False, lambda d: 2 * d - 1),
        (losses.minimax, False, lambda d: 0 * d),
        (losses.non_saturating, True, lambda d: d - 1),
        (losses.minimax, True, lambda d: -d),
    ],
)
def test_a_discriminator_step_without_detach_takes_the_push_from_the_generator(loss, detached, push):
    """The discriminator is 1 · x, and does not move here; the generator moves the samples themselves.

    Its gradients are cleared after its own step, as in many loops, and so not in between."""
    weight, place = torch.ones(1, requires_grad=True), torch.tensor([0.1, 0.5, 0.9]).logit().requires_grad_()
    fake = place.detach() if detached else place
    loss.discriminator(0 * weight, weight * fake).backward()
    loss.generator(0 * weight, weight * place).backward()
    torch.testing.assert_close(3 * place.grad, push(place.detach().sigmoid()))


@pytest.mark.parametrize("detached", [True, False])
def test_a_generator_whose_samples_are_detached_in_its_own_step_never_moves(detached):
    """Adam leaves alone what has no gradient, and nothing is said."""
    generator, discriminator = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    before = generator.weight.detach().clone()
    adam = torch.optim.Adam(generator.parameters(), lr=0.1)
    for _ in range(5):
        fake = generator(torch.randn(8, 2))
        adam.zero_grad()
        label(discriminator(fake.detach() if detached else fake), 1.0).backward()
        adam.step()
    assert (generator.weight.grad is None) is detached
    assert bool((generator.weight - before).norm() == 0) is detached


@pytest.mark.parametrize("retained", [False, True])
def test_a_second_way_back_through_the_generator_is_refused_and_retaining_the_graph_is_no_cure(retained):
    """What is kept only so that the message goes away leaves the gradient of D's loss in the generator."""
    z, real = torch.randn(2, 8, 2)
    generator, discriminator = nn.Linear(2, 2), nn.Linear(2, 1)
    ways = []
    fake = generator(z)
    fake.register_hook(ways.append)
    d_loss = label(discriminator(real), 1.0) + label(discriminator(fake), 0.0)
    left = torch.autograd.grad(d_loss, generator.weight, retain_graph=True)[0]
    ways.clear()
    d_loss.backward(retain_graph=retained)
    g_loss = label(discriminator(fake), 1.0)
    if not retained:
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
            g_loss.backward()
        return
    g_loss.backward()
    right = torch.autograd.grad(label(discriminator(generator(z)), 1.0), generator.weight)[0]
    torch.testing.assert_close(generator.weight.grad, right + left)
    assert (len(ways), left.norm() > 0.1 * right.norm()) == (2, True)


def test_with_detach_there_is_one_way_back_through_the_generator():
    z, real = torch.randn(2, 8, 2)
    generator, discriminator = nn.Linear(2, 2), nn.Linear(2, 1)
    ways = []
    fake = generator(z)
    fake.register_hook(ways.append)
    (label(discriminator(real), 1.0) + label(discriminator(fake.detach()), 0.0)).backward()
    label(discriminator(fake), 1.0).backward()
    right = torch.autograd.grad(label(discriminator(generator(z)), 1.0), generator.weight)[0]
    torch.testing.assert_close(generator.weight.grad, right)
    assert len(ways) == 1


def slope_three():
    """x -> 3 (0.6 x_1 + 0.8 x_2), in three layers."""
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.LeakyReLU(1.0), nn.Linear(2, 1, bias=False))
    net[0].weight.data, net[2].weight.data = torch.eye(2), torch.tensor([[1.8, 2.4]])
    return net


def penalised(critic):
    x = torch.randn(8, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()


@pytest.mark.parametrize(
    ("trained", "donated", "words"),
    [
        (True, True, "compiled with non-empty donated buffers"),
        (False, True, "does not currently support double backward"),
        (True, False, "does not currently support double backward"),
    ],
)
def test_a_compiled_critic_has_no_second_derivative_and_the_critic_in_it_has(trained, donated, words):
    """Which message comes depends on the step before. The switch that it names does not help."""
    torch.compiler.reset()
    with torch._functorch.config.patch(donated_buffer=donated):
        critic = torch.compile(slope_three(), backend="aot_eager_decomp_partition")
        if trained:
            critic(torch.randn(8, 2, requires_grad=True)).sum().backward()
        with pytest.raises(RuntimeError, match=words):
            penalised(critic).backward()
    inner = critic._orig_mod
    inner.zero_grad()
    price = penalised(inner)
    price.backward()
    torch.testing.assert_close(price.item(), (3.0 - 1) ** 2)
    torch.testing.assert_close(inner[2].weight.grad, 2 * (3.0 - 1) * torch.tensor([[0.6, 0.8]]))


@pytest.mark.parametrize(("loss", "push"), [("label 0", 0.9), ("minimax", -0.9), ("label 1", -0.1)])
def test_a_wrong_sign_pushes_the_logit_of_a_good_sample_down(loss, push):
    """A sample that the discriminator takes for real at 0.9: the slope of its loss in the logit."""
    a = torch.tensor([0.9]).logit().requires_grad_()
    paid = {"label 0": label(a, 0.0), "minimax": -label(a, 0.0), "label 1": label(a, 1.0)}[loss]
    torch.testing.assert_close(torch.autograd.grad(paid, a)[0].item(), push)


@pytest.mark.parametrize("how", ["no_grad", "frozen"])
def test_without_a_graph_no_tensor_of_the_generator_gets_a_gradient_and_with_frozen_weights_each_does(how):
    generator = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    discriminator = nn.Linear(2, 1).requires_grad_(how != "frozen")
    with torch.set_grad_enabled(how != "no_grad"):
        scores = discriminator(generator(torch.randn(4, 2)))
    if how == "frozen":
        label(scores, 1.0).backward()
    assert sum(w.grad is not None for w in generator.parameters()) == (4 if how == "frozen" else 0)
    assert all(w.grad is None for w in discriminator.parameters())


def mixed_slope(act, weight):
    """d/dx of w tanh(w x) at x = 1, the activation from one weight and the factors from another."""
    return weight**2 * (1 - math.tanh(act) ** 2)


@pytest.mark.parametrize(("moved", "slope"), [(False, mixed_slope(1, 1)), (True, mixed_slope(1, 2))])
def test_a_score_from_before_the_step_has_the_slope_of_no_discriminator(moved, slope):
    """As the fused optimizer does: both weights go from 1 to 2, and nobody counts."""
    x, weights = torch.ones(1, requires_grad=True), [torch.ones(1, requires_grad=True) for _ in range(2)]
    score = weights[1] * torch.tanh(weights[0] * x)
    if moved:
        for weight in weights:
            weight.data.fill_(2)
    torch.testing.assert_close(torch.autograd.grad(score, x)[0].item(), slope)
    assert moved is False or slope > 4 * mixed_slope(1, 1) - 1e-9 > mixed_slope(2, 2)


# Data and labels

NODES, WEIGHTS = (torch.from_numpy(a) for a in np.polynomial.hermite_e.hermegauss(40))
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def mean_label(scores, value):
    """The mean cross-entropy over a normal law, by quadrature."""
    target = torch.full_like(scores, value)
    return binary_cross_entropy_with_logits(scores, target, weight=WEIGHTS, reduction="sum")


def data_called_real():
    """The mean of D over data N(0, 1), at the best D against samples N(1, 1): p / (p + q) = σ(1/2 - x)."""
    return float(mpmath.quad(lambda x: mpmath.npdf(x) / (1 + mpmath.exp(x - 0.5)), [-12, 0, 12]))


@pytest.mark.parametrize(
    ("for_data", "wanted", "called_real", "home"),
    [(0.0, 1.0, "less", False), (1.0, 1.0, "more", True), (0.0, 0.0, "less", True)],
    ids=["swapped", "right", "swapped in both steps"],
)
def test_swapped_labels_call_the_samples_real_and_send_them_away(for_data, wanted, called_real, home):
    line, place = nn.Linear(1, 1), torch.ones(1, requires_grad=True)

    def score(x):
        return line(x[:, None])[:, 0]

    newton = torch.optim.LBFGS(line.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def closure():
        newton.zero_grad()
        loss = mean_label(score(NODES), for_data) + mean_label(score(NODES + 1), 1 - for_data)
        loss.backward()
        return loss

    newton.step(closure)
    mean = (WEIGHTS * score(NODES).sigmoid()).sum().item()
    expected = data_called_real() if called_real == "more" else 1 - data_called_real()
    torch.testing.assert_close(mean, expected, rtol=0, atol=1e-4)
    mean_label(score(NODES + place), wanted).backward()
    assert (place.grad.item() > 0) is home  # a step goes against the gradient, and home is at 0


BEYOND = math.erfc(1 / math.sqrt(2))


@pytest.mark.parametrize(("scale", "axis", "diagonal"), [(1.0, 1.0, 2 - math.sqrt(2)), (0.4, 0.0, 0.0)])
def test_a_generator_that_ends_in_tanh_reaches_no_mode_outside_its_square(scale, axis, diagonal):
    """The eight modes of the ring of radius 2, each with a sample of its own that may go where it likes."""
    angles = torch.arange(8) * math.pi / 4
    modes = scale * 2 * torch.stack([angles.cos(), angles.sin()], 1)
    before_tanh = torch.zeros(8, 2, requires_grad=True)
    adam = torch.optim.Adam([before_tanh], lr=0.2)
    for _ in range(150):
        adam.zero_grad()
        (before_tanh.tanh() - modes).square().sum().backward()
        adam.step()
    away = (before_tanh.tanh() - modes).norm(dim=1)
    torch.testing.assert_close(away, torch.tensor([axis, diagonal]).repeat(4), rtol=0, atol=5e-3)


def test_a_third_of_standardised_data_lies_where_tanh_cannot_reach_and_none_once_scaled():
    x = torch.randn(100_000)
    share = (x.abs() > 1).double().mean().item()
    assert abs(share - BEYOND) < 5 * math.sqrt(BEYOND * (1 - BEYOND) / len(x))
    assert ((x / x.abs().max()).abs() > 1).sum() == 0


# Critics


@pytest.mark.parametrize(
    ("critic_sign", "generator_sign", "ends"), [(1, 1, 0.5), (-1, 1, 1.5), (1, -1, 1.5), (-1, -1, 0.5)]
)
def test_a_critic_with_its_sign_turned_leads_away_and_two_turned_signs_lead_home(
    critic_sign, generator_sign, ends
):
    """The data lie at 0, the samples at 1; the critic w x is clipped to |w| <= 1, and is best at -1."""
    critic, place = torch.zeros(1, requires_grad=True), torch.ones(1, requires_grad=True)
    d_steps, g_steps = torch.optim.SGD([critic], lr=10.0), torch.optim.SGD([place], lr=0.01)
    for _ in range(50):
        d_steps.zero_grad()
        (critic_sign * (critic * place.detach() - critic * 0)).backward()
        d_steps.step()
        critic.data.clamp_(-1, 1)
        g_steps.zero_grad()
        (-generator_sign * critic.detach() * place).backward()
        g_steps.step()
    gap = critic * 0 - critic * place
    torch.testing.assert_close((place.item(), gap.item()), (ends, critic_sign * ends), rtol=1e-10, atol=0)


@pytest.mark.parametrize(("weight", "steps", "slope"), [(0.0, 1000, 100.0), (0.1, 1000, 6.0)])
def test_the_slope_of_a_critic_without_a_condition_grows_by_the_same_amount_each_step(weight, steps, slope):
    """A linear critic w x, data and samples 1 apart in the mean; plain steps of a tenth on its loss."""
    w = torch.zeros(1, requires_grad=True)
    rule = torch.optim.SGD([w], lr=0.1)
    for _ in range(steps):
        rule.zero_grad()
        (-w + weight * (w - 1).square()).sum().backward()
        rule.step()
    torch.testing.assert_close(w.item(), slope, rtol=1e-6, atol=0)


def farthest(turns, *, rate=0.1, weight=0.1, steps=100):
    """How far a sample runs past the data at 0, from 1, before a penalised critic s x has turned round.

    The critic begins at its best, s = -1, and takes `turns` steps to each of the sample's.
    """
    s, place, past = -1.0, 1.0, 0.0
    for _ in range(steps):
        for _ in range(turns):
            s += rate * (-place - 2 * weight * (abs(s) - 1) * (1 if s > 0 else -1))
        place += rate * s
        past = max(past, -place)
    return past


@pytest.mark.parametrize("turns", [1, 5])
def test_a_critic_that_lags_lets_the_sample_run_past_the_data(turns):
    """The same by autograd, through the losses and the penalty of the package."""
    critic, place = torch.tensor([[-1.0]], requires_grad=True), torch.ones(1, 1, requires_grad=True)
    d_steps, g_steps = torch.optim.SGD([critic], lr=0.1), torch.optim.SGD([place], lr=0.1)
    past = 0.0
    for _ in range(100):
        for _ in range(turns):
            d_steps.zero_grad()
            data, fake = torch.zeros(1, 1), place.detach()
            penalty = regularizers.wgan_gp(lambda x: (x @ critic)[:, 0], data, fake, mix=torch.ones(1))
            loss = losses.wasserstein.discriminator((data @ critic)[:, 0], (fake @ critic)[:, 0])
            (loss + 0.1 * penalty).backward()
            d_steps.step()
        g_steps.zero_grad()
        losses.wasserstein.generator(torch.zeros(1), (place @ critic.detach())[:, 0]).backward()
        g_steps.step()
        past = max(past, -place.item())
    torch.testing.assert_close(past, farthest(turns), rtol=1e-6, atol=0)


@pytest.mark.parametrize(("which", "slope"), [("last", 3.0**2), ("all", 1.0)])
def test_a_chain_is_as_steep_as_its_links_that_nothing_bounds(which, slope):
    layers = [nn.Linear(2, 2, bias=False) for _ in range(3)]
    for layer in layers:
        layer.weight.data = 3 * torch.eye(2)
    for layer in layers if which == "all" else layers[-1:]:
        nn.utils.parametrizations.spectral_norm(layer)
    x = torch.randn(16, 2)
    stretched = nn.Sequential(*layers)(x).norm(dim=1) / x.norm(dim=1)
    torch.testing.assert_close(stretched, torch.full((16,), slope), rtol=1e-5, atol=0)


@pytest.mark.parametrize(("normalised", "gap"), [(True, 0.0), (False, 6.0)])
def test_of_two_batches_normalised_apart_a_critic_sees_no_difference_of_means(normalised, gap):
    """Data 3 away from the samples, and a last layer of slope 2: the mean scores ought to be 6 apart."""
    last = nn.Linear(1, 1)
    last.weight.data.fill_(2)
    critic = nn.Sequential(nn.BatchNorm1d(1), last) if normalised else last
    x = torch.randn(64, 1)
    got = (critic(x + 3).mean() - critic(x).mean()).item()
    torch.testing.assert_close(got, gap, rtol=1e-6, atol=1e-6)


REALS, FAKES = torch.ones(2, 2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
OFF_THE_SEGMENT = 1 / (3 * math.sqrt(2))
"""E|u - v| / sqrt 2 for u and v uniform on [0, 1]: how far (u, v) lies from the diagonal, in the mean."""


@pytest.mark.parametrize(("shape", "away"), [((2,), OFF_THE_SEGMENT), ((2, 1), 0.0)])
def test_one_mixing_number_a_column_leaves_the_segment(shape, away):
    """Two real samples at (1, 1) and two generated ones at (0, 0); five standard errors."""
    seen = []
    for _ in range(2000):
        alpha = torch.rand(shape)
        seen.append(alpha * REALS + (1 - alpha) * FAKES)
    distance = torch.stack(seen)[:, 0].diff(dim=1).abs().mean() / math.sqrt(2)
    assert abs(distance.item() - away) <= (5 * math.sqrt(1 / 18 / 2 / 2000) if away else 0)


def test_a_flat_list_of_mixing_numbers_is_refused_or_is_one_a_column():
    images, alpha = torch.ones(8, 1, 8, 8), torch.rand(8)
    mixed = alpha * images
    torch.testing.assert_close(mixed, alpha.expand(8, 1, 8, 8))  # all images alike, each column another mix
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        torch.rand(3) * torch.ones(3, 2)
    cured = alpha.view(-1, 1, 1, 1) * images
    torch.testing.assert_close(cured.flatten(1), alpha[:, None].expand(8, 64))


def of_the_mean(critic, x):
    x = x.requires_grad_()
    return torch.autograd.grad(critic(x).mean(), x)[0].norm(dim=1)


def of_the_whole_batch(critic, x):
    x = x.requires_grad_()
    return torch.autograd.grad(critic(x).sum(), x)[0].norm()[None]


def of_each_sample(critic, x):
    return regularizers.input_gradient(critic, x).norm(dim=1)


@pytest.mark.parametrize(
    ("norm", "asked"), [(of_the_mean, 64.0), (of_the_whole_batch, 1 / 8), (of_each_sample, 1.0)]
)
def test_the_slope_that_a_wrong_penalty_really_asks_for(norm, asked):
    """With 64 samples; a linear critic of that slope pays nothing, one that is a tenth steeper does."""
    direction = torch.tensor([0.6, 0.8])
    paid = [
        (norm(lambda x, s=s: s * x @ direction, torch.randn(64, 2)) - 1).square().mean().item()
        for s in (asked, 1.1 * asked)
    ]
    torch.testing.assert_close(paid, [0.0, 0.01], rtol=1e-6, atol=1e-12)


# Loops and averages


@pytest.mark.parametrize(("reset", "points"), [(True, 64), (False, 6400)])
def test_a_seed_that_is_set_inside_the_loop_draws_one_batch_for_ever(reset, points):
    torch.manual_seed(0)
    drawn = []
    for _ in range(100):
        if reset:
            torch.manual_seed(0)
        drawn.append(torch.randn(64, 2))
    assert len(torch.cat(drawn).unique(dim=0)) == points


def by_parameters(network, average):
    """As it stands in many loops."""
    for mean, new in zip(average.parameters(), network.parameters(), strict=True):
        mean.data.lerp_(new.data, 0.1)


@pytest.mark.parametrize(
    ("kind", "mean", "spread"), [("loop", 2.0, 3.0), ("pytorch", 0.0, 1.0), ("ours", 0.0, 1.0)]
)
def test_an_average_without_buffers_normalises_with_the_statistics_of_the_start(kind, mean, spread):
    """A layer of batch normalisation whose inputs have the mean 2 and the standard deviation 3."""
    points = torch.randn(1000, 1)
    points = 2 + 3 * (points - points.mean()) / points.std(correction=0)
    network = nn.BatchNorm1d(1)
    averages = {
        "loop": copy.deepcopy(network),
        "pytorch": AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.9)),
        "ours": MovingAverage(network, 0.9),
    }
    average = averages[kind]
    for _ in range(200):
        network(points)
        by_parameters(network, average) if kind == "loop" else average.update_parameters(network)
    shown = average.eval()(points) if kind != "ours" else average.module.eval()(points)
    got = (shown.mean().item(), shown.std(correction=0).item())
    torch.testing.assert_close(got, (mean, spread), rtol=1e-3, atol=1e-3)


def after_ten_batches(mean, variance):
    """The running statistics of PyTorch, which keep nine tenths each time and begin at 0 and 1."""
    kept = 0.9**10
    return (1 - kept) * mean, kept + (1 - kept) * variance


@pytest.mark.parametrize(("mode", "mean"), [("train", 0.0), ("eval", (2 - after_ten_batches(2, 9)[0]))])
def test_samples_in_the_wrong_mode_are_normalised_with_other_numbers(mode, mean):
    """A layer of batch normalisation after ten batches whose inputs have the mean 2 and the deviation 3."""
    points = torch.randn(1000, 1)
    points = 2 + 3 * (points - points.mean()) / points.std()
    layer = nn.BatchNorm1d(1)
    for _ in range(10):
        layer(points)
    running = (layer.running_mean.item(), layer.running_var.item())
    torch.testing.assert_close(running, after_ten_batches(2, 9), rtol=1e-6, atol=0)
    got = layer.train(mode == "train")(points).mean().item()
    expected = mean if mode == "train" else mean / math.sqrt(running[1] + layer.eps)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


def test_one_sample_cannot_be_normalised_with_its_own_batch():
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        layer(torch.randn(1, 3))
    assert layer.eval()(torch.randn(1, 3)).shape == (1, 3)


@pytest.mark.parametrize(("told", "charged"), [(False, 0.0), (True, 3 / 4 * math.log(4 / 3))])
def test_perfect_samples_with_labels_by_the_toss_of_a_coin_are_charged_only_as_pairs(told, charged):
    """The best scores of a sample alone, or of each pair, by gradient steps on exact means."""
    data = torch.tensor([[0.5, 0.0], [0.0, 0.5]], dtype=torch.float64)  # classes by samples
    made = torch.full((2, 2), 0.25, dtype=torch.float64)
    scores = torch.zeros((2, 2) if told else (2,), dtype=torch.float64, requires_grad=True)
    steps = torch.optim.LBFGS([scores], max_iter=100, tolerance_grad=1e-12)

    def loss():
        of_pairs = scores.expand(2, 2)
        real, fake = losses.softplus(-of_pairs), losses.softplus(of_pairs)
        return (data * real).sum() + (made * fake).sum()

    def closure():
        steps.zero_grad()
        value = loss()
        value.backward()
        return value

    steps.step(closure)
    # where one law has nothing the best score is infinite: the rest of the loss is cut by a score of -25
    assert LOG_2 - loss().item() / 2 == pytest.approx(charged, abs=1e-6)
    assert made.diagonal().sum() == 0.5  # obedience


# Pictures


def louder(divided, factor):
    """Six layers whose style scales all channels by a factor: the size of the maps behind them."""
    rng = torch.Generator().manual_seed(3)
    x = torch.randn(1, 8, 7, 7, generator=rng, dtype=torch.float64)
    for _ in range(6):
        layer = ModulatedConv(8, 8, 4, rng, demodulated=divided).double()
        layer.scale.weight.data.zero_()
        layer.scale.bias.data.fill_(factor - 1)
        x = nn.functional.leaky_relu(layer(x, torch.ones(1, 4, dtype=torch.float64)), 0.2)
    return x.square().mean().sqrt().item()


@pytest.mark.parametrize(("divided", "factor"), [(False, 64), (True, 1)])
def test_a_style_that_scales_all_channels_is_inherited_by_each_layer_unless_it_is_divided_away(
    divided, factor
):
    assert louder(divided, 2.0) / louder(divided, 1.0) == pytest.approx(factor, rel=1e-6)


def at_the_ends(generator, z):
    with torch.no_grad():
        return (generator(z).abs() > 0.99).double().mean().item()


@pytest.mark.parametrize(("divided", "drowned"), [(False, True), (True, False)])
def test_a_loud_style_drives_pictures_to_the_ends_of_their_range_unless_it_is_divided_away(divided, drowned):
    """The share of pixels that tanh takes beyond 0.99, under some styles and under those twice as loud."""
    for seed in range(3):
        rng = torch.Generator().manual_seed(seed)
        generator = layered_generator(16, (1, 28, 28), rng=rng)
        z = torch.randn(16, 16, generator=rng)
        for layer in generator.convolutions:
            layer.demodulated = divided

        before = at_the_ends(generator, z)
        for layer in generator.convolutions:  # 1 + scale becomes 2 + 2 scale
            layer.scale.weight.data *= 2
            layer.scale.bias.data.mul_(2).add_(1)
        after = at_the_ends(generator, z)
        assert (before < 0.4 and after > 0.9) is drowned
        assert (after == pytest.approx(before, abs=1e-4) and before < 0.01) is not drowned


@pytest.mark.parametrize(("kernel", "counts"), [(3, {1, 2, 4}), (5, {4, 6, 9}), (4, {4}), (2, {1})])
def test_a_kernel_that_the_stride_does_not_divide_covers_pixels_unevenly(kernel, counts):
    ones = torch.ones(1, 1, 9, 9)
    picture = nn.functional.conv_transpose2d(ones, torch.ones(1, 1, kernel, kernel), stride=2)
    middle = picture[0, 0, 6:12, 6:12]
    assert set(middle.int().flatten().tolist()) == counts
    assert middle.mean().item() == pytest.approx(kernel**2 / 4)


def test_the_slopes_of_a_strided_convolution_are_as_uneven():
    x = torch.zeros(1, 1, 19, 19, requires_grad=True)
    nn.functional.conv2d(x, torch.ones(1, 1, 3, 3), stride=2).sum().backward()
    assert set(x.grad[0, 0, 6:12, 6:12].int().flatten().tolist()) == {1, 2, 4}


def two_spots(left, right):
    picture = torch.zeros(1, 28, 28)
    picture[0, 13:15, 6:8], picture[0, 13:15, 19:21] = left, right
    return picture


@pytest.mark.parametrize(("layers", "learns"), [(0, False), (1, True)])
def test_a_sum_of_short_sights_cannot_ask_for_agreement_and_one_more_layer_can(layers, learns):
    """Two convolutions see 10 pixels; another one with kernel 3 behind them sees 18."""
    stack = [nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 8, 4, 2, 1), nn.LeakyReLU(0.2)]
    stack += layers * [nn.Conv2d(8, 8, 3, 1, 1), nn.LeakyReLU(0.2)]
    discriminator = nn.Sequential(*stack, nn.Flatten(), nn.Linear(8 * 49, 1))
    real = torch.stack([two_spots(1, 1), two_spots(-1, -1)])
    fake = torch.stack([two_spots(1, -1), two_spots(-1, 1)])
    adam = torch.optim.Adam(discriminator.parameters(), lr=0.01)
    for _ in range(100):
        loss = label(discriminator(real), 1.0) + label(discriminator(fake), 0.0)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss.item() < 0.1 if learns else 2 * LOG_2 - 1e-12 < loss.item() < 2 * LOG_2 + 1e-3


@pytest.mark.parametrize(("way", "gap"), [("two", 0.0), ("mixed", 2 / math.sqrt(2)), ("running", 2.0)])
def test_batch_norm_shows_two_kinds_apart_in_three_ways(way, gap):
    """A channel with the means 2 and 0 and the variances 1; running numbers of two batches in turn."""
    fake = torch.randn(1000, 1)
    fake = (fake - fake.mean()) / fake.std(correction=0)
    real, layer = fake + 2, nn.BatchNorm1d(1, affine=False, momentum=0.01)
    if way == "mixed":
        shown = layer(torch.cat([real, fake])).chunk(2)
    else:
        for _ in range(1000):
            shown = layer(real), layer(fake)
    if way == "running":
        shown = layer.eval()(real), layer(fake)
    assert (shown[0].mean() - shown[1].mean()).item() == pytest.approx(gap, abs=1e-2)


def test_a_damaged_picture_stops_a_loop_and_is_counted_by_the_folder(tmp_path):
    for place in range(3):
        Image.new("L", (9, 9), 40 * place).save(tmp_path / f"{place}.png")
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    with pytest.raises(UnidentifiedImageError, match="cannot identify image file"):
        [Image.open(file).load() for file in sorted(tmp_path.iterdir())]
    with pytest.warns(
        FolderWarning, match=r"1 of 4 images cannot be read .*: damaged.png \(it is no image\)"
    ):
        assert len(folder(tmp_path, size=8, channels=1)) == 3


# The page


def apart_by_one():
    """The Jensen-Shannon divergence of N(0, 1) and N(1, 1), in nats, by quadrature."""

    def density(x):
        p, q = mpmath.npdf(x), mpmath.npdf(x, 1, 1)
        return (p * mpmath.log(2 * p / (p + q)) + q * mpmath.log(2 * q / (p + q))) / 2

    return float(mpmath.quad(density, [-12, 0.5, 13]))


NUMBERS = {
    "fail-sign": lambda: [0.9, 0.9, 0.9 - 1],
    "fail-collapse": lambda: [math.log(8), 2 * LOG_2],
    "fail-rotation": lambda: [2 * math.pi / (2 * math.asin(1 / 20)), math.sqrt(1 + 1 / 100)],
    "fail-heart": lambda: [LOG_2, apart_by_one()],
    "fail-clipping": lambda: [(4 / 3) ** 3, (4 / 3) ** 7],
    "fail-one-layer": lambda: [3.0**2, 1.0],
    "fail-scale": lambda: [1000 * 0.1, 1 + 1 / (2 * 0.1)],
    "fail-lag": lambda: [farthest(1), farthest(5)],
    "fail-batch-norm": lambda: [0.0, 6.0],
    "fail-stale-scores": lambda: [mixed_slope(1, 1), mixed_slope(2, 2), mixed_slope(1, 2)],
    "fail-mode": lambda: [*after_ten_batches(2, 9)],
    "fail-saturation": lambda: [sigmoid(-10), 1 - sigmoid(-10)],
    "fail-ring": lambda: [4 * math.sin(math.pi / 8)],
    "fail-weak": lambda: [2 * LOG_2],
    "fail-average": lambda: [0.999, 0.999**200, 0.9],
    "fail-doubled-sigmoid": lambda: [FLOOR, LOG_2, FLOOR + LOG_2, 1 / 2, sigmoid(1)],
    "fail-left-over": lambda: [*TWO_THIRDS, 1 / 2, 2 * LOG_2, LOG_2],
    "fail-holds-both": lambda: [*TWO_THIRDS],
    "fail-no-detach": lambda: [2 * 0.9 - 1, 0.9 - 1],
    "fail-critic-sign": lambda: [1 + 50 * 0.01, 1 - 50 * 0.01, -1 - 50 * 0.01, 1 - 50 * 0.01],
    "fail-columns": lambda: [OFF_THE_SEGMENT],
    "fail-penalty": lambda: [64 ** -(1 / 2)],
    "fail-labels": lambda: [1 - data_called_real(), data_called_real()],
    "fail-range": lambda: [100 * BEYOND, 2 - math.sqrt(2)],
    "fail-buffers": lambda: [2.0, 3.0, 0.0, 1.0],
    "fail-checkerboard": lambda: [9 / 4],
    "fail-ignored": lambda: [1 / 2, 3 / 4 * math.log(4 / 3)],
    "fail-sight": lambda: [2 * LOG_2],
    "fail-mixed": lambda: [0.0, 2 / math.sqrt(2), 2.0],
}
"""What stands in decimals in the field *Number* of an exhibit, in its order."""

PAGE = (Path(__file__).parents[2] / "book" / "failures.md").read_text(encoding="utf-8")
GIVEN = dict(re.findall(r"^\((fail-[\w-]+)\)=\n(?:(?!^\().*\n)*?Number\n: ((?:.+\n)+)", PAGE, re.M))


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_the_number_of_an_exhibit_is_the_computed_one(name):
    given = re.findall(r"(?<![\w.])-?\d+\.\d+", GIVEN[name])
    assert given == [
        f"{value:.{len(text.split('.')[1])}f}" for text, value in zip(given, NUMBERS[name](), strict=True)
    ]


def test_every_exhibit_with_a_number_is_computed():
    assert set(GIVEN) >= set(NUMBERS)
    assert {name for name, words in GIVEN.items() if re.search(r"\d\.\d", words)} == set(NUMBERS)


MESSAGES = re.search(r"^Messages\n((?:.+\n)+)", PAGE, re.M)[1]


@pytest.mark.parametrize("words", re.findall(r"(?<!\*)\*([^*\n]+)\*", MESSAGES))
def test_a_message_of_the_list_is_raised_in_a_test(words):
    """In a string, as what `pytest.raises` has to find."""
    tests = [file.read_text(encoding="utf-8") for file in Path(__file__).parents[1].glob("**/test_*.py")]
    assert any(re.search(rf"[\"'`][^\"'\n]*{re.escape(words)}", text) for text in tests), words
