"""The museum of failures: mistakes found in published code, each made again here and caught by a check.

A check is a function of an implementation that raises `AssertionError` where the implementation is wrong.
Each is run on what `ganlab` does, which must pass, and on small wrong implementations, which must not. What
counts as truth is arithmetic in the check itself: a closed form, a derivative, a count of what happened."""

import copy
import math
import re
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy, softplus
from torch.testing import assert_close

from ganlab import data
from ganlab.lipschitz import clip_weights
from ganlab.losses import (
    hinge,
    label_smoothing,
    minimax,
    non_saturating,
    relativistic_average,
    relativistic_pairing,
    wasserstein,
)
from ganlab.networks import dcgan_generator, mlp_discriminator, mlp_generator
from ganlab.regularizers import input_gradient, r1, wgan_gp
from ganlab.training import (
    GAN,
    Penalty,
    discriminator_step,
    draw_for_discriminator,
    draw_for_generator,
    generator_step,
    sample,
    train,
)

EXHIBITS = []


def exhibit(number, check, right, **wrong):
    EXHIBITS.append((number, check, right, wrong))


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def _slopes(function, *scores):
    """The derivative of each sample's share of a mean loss, in the precision of the scores."""
    scores = [score.clone().requires_grad_() for score in scores]
    value = function(*scores)
    slopes = torch.autograd.grad(value, scores, materialize_grads=True, allow_unused=True)
    return value.detach(), *(len(s) * g for s, g in zip(scores, slopes, strict=True))


def _message(call, *errors):
    """The message of the error that `call` must raise."""
    try:
        call()
    except errors as error:
        return str(error)
    raise AssertionError("nothing was refused")


# Losses

CONFIDENT = torch.tensor([-120.0, -30.0, 0.0, 20.0, 30.0, 120.0], dtype=torch.float32)


def check_confident_scores_keep_value_and_gradient(discriminator_loss):
    """Real scores a: softplus(-a), slope σ(a) - 1. Generated scores b: softplus(b), slope σ(b). Float32."""
    scores = CONFIDENT.double()
    value, real, fake = _slopes(discriminator_loss, CONFIDENT, CONFIDENT)
    assert_close(value.double(), (softplus(-scores) + softplus(scores)).mean(), rtol=1e-5, atol=0)
    assert_close(real.double(), torch.sigmoid(scores) - 1, rtol=0, atol=1e-6)
    assert_close(fake.double(), torch.sigmoid(scores), rtol=0, atol=1e-6)


def sigmoid_then_cross_entropy(d_real, d_fake):
    d_real, d_fake = torch.sigmoid(d_real), torch.sigmoid(d_fake)
    ones, zeros = torch.ones_like(d_real), torch.zeros_like(d_fake)
    return binary_cross_entropy(d_real, ones) + binary_cross_entropy(d_fake, zeros)


exhibit(
    1,
    check_confident_scores_keep_value_and_gradient,
    non_saturating.discriminator,
    sigmoid_then_cross_entropy=sigmoid_then_cross_entropy,
)


def check_the_non_saturating_loss_does_not_saturate(generator_loss):
    """Its slope is σ(a) - 1: close to -1 where the discriminator is sure."""
    _, _, slope = _slopes(generator_loss, CONFIDENT, CONFIDENT)
    assert_close(slope.double(), torch.sigmoid(CONFIDENT.double()) - 1, rtol=0, atol=1e-6)


exhibit(
    2,
    check_the_non_saturating_loss_does_not_saturate,
    non_saturating.generator,
    logarithm_of_sigmoid_plus_epsilon=lambda d_real, d_fake: -(torch.sigmoid(d_fake) + 1e-8).log().mean(),
    sigmoid_then_cross_entropy=lambda d_real, d_fake: sigmoid_then_cross_entropy(d_fake, 0 * d_fake - 200),
)


def check_a_wasserstein_critic_is_pushed_equally_at_every_score(discriminator_loss):
    scores = torch.tensor([-50.0, -1.0, 0.0, 1.0, 50.0])
    _, real, fake = _slopes(discriminator_loss, scores, scores)
    assert_close(real, torch.full((5,), -1.0), rtol=1e-12, atol=0)
    assert_close(fake, torch.full((5,), 1.0), rtol=1e-12, atol=0)


exhibit(
    7,
    check_a_wasserstein_critic_is_pushed_equally_at_every_score,
    wasserstein.discriminator,
    hinge_loss_under_its_name=hinge.discriminator,
)


def check_the_relativistic_generator_looks_at_real_scores(loss):
    real, fake = torch.randn(2, 6, generator=_seeded())
    _, slope, _ = _slopes(loss.generator, real, fake)
    assert (slope.abs() > 1e-3).all()


def _overwritten(loss):
    return loss._replace(generator=non_saturating.generator)


for relativistic in (relativistic_average, relativistic_pairing):
    exhibit(
        11,
        check_the_relativistic_generator_looks_at_real_scores,
        relativistic,
        overwritten_by_the_standard_loss=_overwritten(relativistic),
    )


def check_relativistic_players_swap_roles(loss):
    """L_G(real, fake) = L_D(fake, real), and each player lowers its loss by raising its own side."""
    real, fake = torch.randn(2, 6, generator=_seeded())
    assert_close(loss.generator(real, fake), loss.discriminator(fake, real), rtol=1e-12, atol=0)
    _, real_slope, fake_slope = _slopes(loss.discriminator, real, fake)
    assert (real_slope < 0).all()
    assert (fake_slope > 0).all()


for relativistic in (relativistic_average, relativistic_pairing):
    exhibit(
        12,
        check_relativistic_players_swap_roles,
        relativistic,
        both_players_minimise_the_same=relativistic._replace(generator=relativistic.discriminator),
        sign_of_the_difference=relativistic._replace(
            discriminator=lambda d_real, d_fake: softplus(d_real - d_fake).mean(),
            generator=lambda d_real, d_fake: softplus(d_fake - d_real).mean(),
        ),
    )


def check_the_minimax_generator_saturates(generator_loss):
    """log(1 - D) has slope -σ(a), which is -log D's slope times exp(a): at a = -20 they differ by 2e-9."""
    scores = torch.tensor([-20.0, -6.0, 0.0, 6.0])
    _, _, slope = _slopes(generator_loss, scores, scores)
    assert_close(slope, -torch.sigmoid(scores), rtol=1e-10, atol=0)
    _, _, other = _slopes(non_saturating.generator, scores, scores)
    assert_close(slope / other, scores.exp(), rtol=1e-10, atol=0)


exhibit(
    13,
    check_the_minimax_generator_saturates,
    minimax.generator,
    called_the_same_as_minus_log_d=lambda d_real, d_fake: softplus(-d_fake).mean(),
)


def check_smoothing_is_one_sided_and_leaves_the_generator_alone(smooth):
    """s = 0.2: for p = q the best D is (1 - s)/2; generated labels stay 0, and G keeps its loss."""
    loss, s = smooth(non_saturating, 0.2), 0.2
    scores = torch.randn(5, generator=_seeded())
    best = torch.full((5,), math.log((1 - s) / (1 + s)))  # the logit of (1 - s)/2
    _, real, fake = _slopes(loss.discriminator, best, best)
    assert_close(real + fake, torch.zeros(5), rtol=0, atol=1e-12)
    _, _, fake = _slopes(loss.discriminator, scores, scores)
    assert_close(fake, torch.sigmoid(scores), rtol=1e-12, atol=0)
    other = scores.roll(1)
    assert_close(loss.discriminator(other, scores), loss.discriminator(scores, scores), rtol=1e-12, atol=0)
    assert_close(loss.generator(scores, scores), non_saturating.generator(scores, scores), rtol=1e-12, atol=0)


def _soft(scores, label):
    return (label * softplus(-scores) + (1 - label) * softplus(scores)).mean()


def two_sided(loss, s):
    return loss._replace(discriminator=lambda real, fake: _soft(real, 1 - s) + _soft(fake, s))


def frozen_random_labels(loss, s):
    labels = 1 - 2 * s * torch.rand(5, generator=_seeded(1))
    return loss._replace(discriminator=lambda real, fake: _soft(real, labels) + _soft(fake, 0))


def smoothed_for_the_generator_too(loss, s):
    smoothed = label_smoothing(loss, s)
    return smoothed._replace(generator=lambda real, fake: _soft(fake, 1 - s))


exhibit(
    14,
    check_smoothing_is_one_sided_and_leaves_the_generator_alone,
    label_smoothing,
    two_sided=two_sided,
    frozen_random_labels=frozen_random_labels,
    smoothed_for_the_generator_too=smoothed_for_the_generator_too,
)


# Penalties


def _penalty(mix, norm, gradient=input_gradient):
    """A gradient penalty put together from its parts, some of them wrong."""

    def penalty(critic, real, fake, *, rng):
        coefficient = mix(real, rng)
        return (norm(gradient(critic, coefficient * real + (1 - coefficient) * fake)) - 1).square().mean()

    return penalty


def _per_sample(real, rng):
    return torch.rand(len(real), *[1] * (real.ndim - 1), generator=rng)


def _right_norm(gradient):
    return gradient.flatten(1).norm(dim=1)


def _points_seen(penalty, real, fake):
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    penalty(critic, real, fake, rng=_seeded(2))
    return seen[0]


def check_a_critic_of_unit_slope_is_not_charged(penalty):
    """Slopes 1 and 3 over all axes but the first cost 0 and 4, in the plane and for images."""
    for shape in [(4, 2), (4, 2, 3, 3), (4, 3, 4, 2)]:
        w = torch.randn(shape[1:], generator=_seeded())
        w = w / w.square().sum().sqrt()
        real, fake = torch.randn(2, *shape, generator=_seeded(1))
        for slope, cost in [(1.0, 0.0), (3.0, 4.0)]:
            value = penalty(lambda x, w=slope * w: (x * w).flatten(1).sum(1), real, fake, rng=_seeded(2))
            assert_close(value, torch.tensor(cost), rtol=0, atol=1e-12)


exhibit(
    3,
    check_a_critic_of_unit_slope_is_not_charged,
    wgan_gp,
    norm_over_channels=_penalty(_per_sample, lambda g: g.norm(2, dim=1)),
)
exhibit(
    4,
    check_a_critic_of_unit_slope_is_not_charged,
    wgan_gp,
    norm_over_the_whole_batch=_penalty(_per_sample, lambda g: g.norm(2)),
)


def check_each_sample_has_one_coefficient_of_its_own(penalty):
    """With real 1 and fake 0 the point itself is the coefficient."""
    real = torch.ones(6, 2, 3, 3)
    points = _points_seen(penalty, real, 0 * real)
    assert_close(points, points[:, :1, :1, :1].expand(6, 2, 3, 3), rtol=0, atol=1e-12)
    assert len(points[:, 0, 0, 0].unique()) == 6
    assert ((points >= 0) & (points <= 1)).all()


exhibit(
    5,
    check_each_sample_has_one_coefficient_of_its_own,
    wgan_gp,
    one_for_the_batch=_penalty(lambda real, rng: torch.rand((1,), generator=rng), _right_norm),
    one_for_each_pixel=_penalty(lambda real, rng: torch.rand(real.shape, generator=rng), _right_norm),
)


def check_any_number_of_channels_and_axes_is_accepted(penalty):
    for shape in [(4, 2), (4, 1, 3, 3), (4, 2, 3, 3), (4, 3, 3, 3)]:
        real, fake = torch.randn(2, *shape, generator=_seeded())
        try:
            value = penalty(lambda x: x.flatten(1).sum(1), real, fake, rng=_seeded(1))
        except (RuntimeError, IndexError) as error:
            raise AssertionError(f"shape {shape}: {error}") from error
        assert_close(value.item(), (math.sqrt(math.prod(shape[1:])) - 1) ** 2, rtol=1e-12, atol=0)


exhibit(
    6,
    check_any_number_of_channels_and_axes_is_accepted,
    wgan_gp,
    view_as_three_channels=_penalty(
        lambda real, rng: _per_sample(real, rng).expand(-1, 3, 3, 3), _right_norm
    ),
    sum_over_axes_one_two_three=_penalty(_per_sample, lambda g: g.square().sum((1, 2, 3)).sqrt()),
)


def check_the_penalty_is_a_mean_over_the_whole_segment(penalty):
    """f = x^2 / 2 between 1 and 0 has slopes uniform on [0, 1]: E (x - 1)^2 = 1/3."""
    real = torch.ones(100_000, 1)
    value = penalty(lambda x: x[:, 0] ** 2 / 2, real, 0 * real, rng=_seeded()).item()
    assert abs(value - 1 / 3) < 5 * math.sqrt(1 / 5 - 1 / 9) / math.sqrt(100_000)  # five standard errors


exhibit(
    7,
    check_the_penalty_is_a_mean_over_the_whole_segment,
    wgan_gp,
    at_real_points_only=_penalty(lambda real, rng: torch.ones(len(real), 1), _right_norm),
)


def check_weights_stay_within_the_clip(clip):
    net = mlp_discriminator((2,), rng=_seeded())
    clip(net.parameters(), 0.01)
    assert max(p.abs().max() for p in net.parameters()) <= 0.01
    assert min(p.abs().max() for p in net.parameters()) > 0


def forgotten(parameters, bound):
    return None


exhibit(7, check_weights_stay_within_the_clip, clip_weights, forgotten=forgotten)


def check_a_dead_critic_gets_a_finite_gradient(penalty):
    net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.Flatten(0))
    nn.init.constant_(net[0].bias, -100.0)
    real, fake = torch.randn(2, 4, 2, generator=_seeded())
    value = penalty(net, real, fake, rng=_seeded())
    assert value.item() == 1.0
    slopes = torch.autograd.grad(value, list(net.parameters()), materialize_grads=True, allow_unused=True)
    assert all(slope.isfinite().all() for slope in slopes)


exhibit(
    8,
    check_a_dead_critic_gets_a_finite_gradient,
    wgan_gp,
    root_of_a_sum_of_squares=_penalty(_per_sample, lambda g: g.flatten(1).square().sum(1).sqrt()),
)


def check_batch_norm_under_a_penalty_is_refused_by_name(build):
    critic = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1), nn.Flatten(0))
    assert re.search(r"`1` is a BatchNorm1d.*wgan_gp", _message(lambda: build(critic), ValueError))


def _with_penalty(critic):
    generator = mlp_generator(3, (2,), rng=_seeded())
    return GAN(generator, critic, wasserstein, _seeded(), penalties=[Penalty(wgan_gp, 10.0)])


exhibit(
    9,
    check_batch_norm_under_a_penalty_is_refused_by_name,
    _with_penalty,
    let_through=lambda critic: (critic, wgan_gp),
)


def check_the_gradient_of_the_penalty_reaches_the_weights(penalty):
    """Along a random direction it is the central difference of the value, and it is not 0."""
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    real, fake = torch.randn(2, 4, 2, generator=_seeded())
    weight = net[0].weight
    direction, start = torch.randn(weight.shape, generator=_seeded(1)), weight.detach().clone()

    def value(step):
        with torch.no_grad():
            weight.copy_(start + step * direction)
        return penalty(net, real, fake, rng=_seeded(2))

    difference = (value(1e-5).item() - value(-1e-5).item()) / 2e-5
    (slope,) = torch.autograd.grad(value(0.0), weight, allow_unused=True, materialize_grads=True)
    assert abs(difference) > 1e-4
    assert_close((slope * direction).sum().item(), difference, rtol=1e-5, atol=0)


def rebuilt_from_a_number(critic, real, fake, *, rng):
    return torch.tensor([r1(critic, real, fake).item()], requires_grad=True).sum()


for penalty in (r1, wgan_gp):
    exhibit(
        20,
        check_the_gradient_of_the_penalty_reaches_the_weights,
        penalty,
        rebuilt_from_a_number=rebuilt_from_a_number,
        first_derivative_only=_penalty(
            _per_sample, _right_norm, lambda critic, x: input_gradient(critic, x).detach().requires_grad_()
        ),
    )


# Networks and data


def check_normalisation_keeps_its_small_epsilon(network):
    layers = [layer for layer in network.modules() if hasattr(layer, "eps")]
    assert layers
    assert all(layer.eps <= 1e-3 for layer in layers)


exhibit(
    10,
    check_normalisation_keeps_its_small_epsilon,
    dcgan_generator(3, (1, 8, 8), rng=_seeded(), width=8),
    momentum_given_as_second_argument=nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8, 0.8)),
)


class _Normalised(nn.Module):
    """A generator with batch normalisation, whose buffers move in training mode."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 3
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, z):
        return self.layers(z)


def check_looking_at_samples_changes_nothing(take):
    generator, latents = _Normalised(), torch.randn(16, 3, generator=_seeded())
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    samples = take(generator, latents)
    assert not samples.requires_grad
    assert generator.training
    for name, value in generator.state_dict().items():
        assert torch.equal(value, before[name]), name


exhibit(
    18,
    check_looking_at_samples_changes_nothing,
    sample,
    in_training_mode=lambda generator, latents: generator(latents).detach(),
    with_a_graph=lambda generator, latents: generator.eval()(latents),
    left_in_evaluation_mode=lambda generator, latents: generator.eval()(latents).detach(),
)


def check_data_fill_the_range_of_tanh(to_numbers):
    """Bytes 0, 51, ..., 255 become -1, -0.6, ..., 1."""
    pixels = torch.arange(0, 256, 51, dtype=torch.uint8).reshape(1, 1, 2, 3)
    expected = torch.tensor([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0]).reshape(1, 1, 2, 3)
    assert_close(to_numbers(pixels).double(), expected, rtol=0, atol=1e-6)


def _as_images(pixels):
    return data.check_images(data.Images("six grey pixels", pixels, torch.zeros(1)).batch(torch.tensor([0])))


exhibit(
    19,
    check_data_fill_the_range_of_tanh,
    _as_images,
    zero_to_one=lambda pixels: pixels.float() / 255,
    half_range=lambda pixels: pixels.float() / 255 - 0.5,
)


def check_the_average_carries_the_buffers(average_of):
    """With decay 0 the average is the generator, and must give what it gives in evaluation mode."""
    generator = _Normalised()
    average = average_of(generator)
    latents = 2 + torch.randn(64, 3, generator=_seeded())
    for _ in range(3):
        with torch.no_grad():
            generator(latents)
        average.update_parameters(generator)
    assert_close(sample(average.module, latents), sample(generator, latents), rtol=1e-12, atol=1e-12)


def _average_of_a_game(generator):
    return GAN(generator, mlp_discriminator((2,), rng=_seeded()), non_saturating, _seeded(), ema=0.0).average


def parameters_only(generator):
    average = copy.deepcopy(generator)

    def update(model):
        with torch.no_grad():
            for old, new in zip(average.parameters(), model.parameters(), strict=True):
                old.copy_(new)

    return SimpleNamespace(module=average, update_parameters=update)


exhibit(
    21,
    check_the_average_carries_the_buffers,
    _average_of_a_game,
    parameters_only=parameters_only,
)


def check_a_ring_of_eight_has_eight_modes(centres_of):
    """Neighbours on a circle of radius 2 are 4 sin(π / 8) apart."""
    centres = centres_of(8)
    assert centres.shape == (8, 2)
    assert_close(torch.pdist(centres).min().item(), 4 * math.sin(math.pi / 8), rtol=1e-12, atol=0)
    assert_close(centres.norm(dim=1), torch.full((8,), 2.0), rtol=1e-12, atol=0)


def both_ends_of_the_circle(modes):
    angles = torch.linspace(0, 2 * math.pi, modes)
    return 2 * torch.stack([angles.cos(), angles.sin()], 1)


exhibit(
    23,
    check_a_ring_of_eight_has_eight_modes,
    lambda modes: data.ring(modes).centers,
    both_ends_of_the_circle=both_ends_of_the_circle,
)


# Steps


def _game(loss=non_saturating, **settings):
    generator = mlp_generator(3, (2,), width=8, depth=2, rng=_seeded(1)).double()
    discriminator = mlp_discriminator((2,), width=8, depth=2, rng=_seeded(2)).double()
    return GAN(generator, discriminator, loss, _seeded(3), **settings)


def _batches(size=16):
    return data.batches(data.ring(), size, _seeded(4), dtype=torch.float64)


def _writes(module):
    """A list that gets an entry whenever a gradient is written into a parameter of `module`."""
    written = []
    for parameter in module.parameters():
        parameter.register_post_accumulate_grad_hook(written.append)
    return written


def _step(optimizer, loss):
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def check_a_generator_step_writes_no_discriminator_gradient(step):
    gan = _game()
    ours, theirs = _writes(gan.generator), _writes(gan.discriminator)
    step(gan, draw_for_generator(gan, _batches()))
    assert len(ours) == len(list(gan.generator.parameters()))
    assert not theirs


def without_freezing(gan, drawn):
    scores = gan.discriminator(gan.generator(drawn.latents))
    _step(gan.g_optimizer, gan.loss.generator(scores.detach(), scores))


def with_gradients_thrown_away_later(gan, drawn):
    without_freezing(gan, drawn)
    gan.d_optimizer.zero_grad(set_to_none=True)


exhibit(
    15,
    check_a_generator_step_writes_no_discriminator_gradient,
    generator_step,
    without_freezing=without_freezing,
    with_gradients_thrown_away_later=with_gradients_thrown_away_later,
)


def check_a_discriminator_step_writes_no_generator_gradient(step):
    gan = _game()
    ours, theirs = _writes(gan.discriminator), _writes(gan.generator)
    step(gan, draw_for_discriminator(gan, _batches()))
    assert len(ours) == len(list(gan.discriminator.parameters()))
    assert not theirs


def without_detaching(gan, drawn):
    fake = gan.generator(drawn.latents)
    _step(gan.d_optimizer, gan.loss.discriminator(gan.discriminator(drawn.real), gan.discriminator(fake)))


exhibit(
    16,
    check_a_discriminator_step_writes_no_generator_gradient,
    discriminator_step,
    without_detaching=without_detaching,
)


def check_the_generator_steps_on_fresh_noise_after_every_second_critic_step(run):
    gan, order, latents = _game(wasserstein), [], []
    gan.d_optimizer.register_step_post_hook(lambda *_: order.append("D"))
    gan.g_optimizer.register_step_post_hook(lambda *_: order.append("G"))
    gan.generator.register_forward_pre_hook(lambda _, inputs: latents.append(inputs[0].detach()))
    run(gan, _batches(), 6, n_critic=2)
    assert "".join(order) == "DDG" * 6
    drawn = torch.cat(latents)
    assert len(drawn.unique(dim=0)) == len(drawn) == 18 * 16


def _alternate(gan, batches, steps, n_critic, *, epoch, fresh):
    """The ratio counted inside an epoch of `epoch` batches, from 0 again in the next."""
    while gan.step < steps:
        i = gan.critic_step % epoch
        drawn = draw_for_discriminator(gan, batches)
        discriminator_step(gan, drawn)
        if (i + 1) % n_critic == 0:
            generator_step(gan, draw_for_generator(gan, batches) if fresh else drawn)


exhibit(
    17,
    check_the_generator_steps_on_fresh_noise_after_every_second_critic_step,
    train,
    the_critics_noise_again=lambda *a, n_critic: _alternate(*a, n_critic, epoch=100, fresh=False),
    a_count_that_starts_again_each_epoch=lambda *a, n_critic: _alternate(*a, n_critic, epoch=5, fresh=True),
)


def check_a_step_never_waits_for_the_device(steps):
    """On the "meta" device, which has shapes and no numbers, reading one is an error."""
    gan, real = _game(penalties=[Penalty(r1, 0.1)]), torch.empty(16, 2, device="meta")
    drawn = [draw_for_discriminator(gan, _batches()), draw_for_generator(gan, _batches())]
    drawn = [draw._replace(real=real, latents=draw.latents.to("meta")) for draw in drawn]
    gan.generator.to("meta")
    gan.discriminator.to("meta")
    gan.g_optimizer = torch.optim.SGD(gan.generator.parameters(), lr=0.1)
    gan.d_optimizer = torch.optim.SGD(gan.discriminator.parameters(), lr=0.1)
    for step, draw in zip(steps, drawn, strict=True):
        try:
            step(gan, draw)
        except (RuntimeError, NotImplementedError) as error:
            raise AssertionError(f"a number was read: {error}") from error


def _logged(step):
    def logging(gan, drawn):
        return {name: value.item() for name, value in step(gan, drawn).items()}

    return logging


exhibit(
    22,
    check_a_step_never_waits_for_the_device,
    (discriminator_step, generator_step),
    a_number_logged_every_step=(_logged(discriminator_step), _logged(generator_step)),
)


def check_a_nan_stops_the_run_and_says_where(step):
    gan = _game()
    with torch.no_grad():
        gan.discriminator.layers[0].weight[0, 0] = math.nan
    before = [p.detach().clone() for p in gan.discriminator.parameters()]
    message = _message(lambda: step(gan, draw_for_discriminator(gan, _batches())), ArithmeticError)
    assert "step 1" in message
    assert "non_saturating" in message
    assert "discriminator.layers.0.weight" in message
    for old, new in zip(before, gan.discriminator.parameters(), strict=True):
        assert torch.equal(old.nan_to_num(), new.nan_to_num())


def nan_replaced_in_the_gradient(gan, drawn):
    fake = gan.generator(drawn.latents).detach()
    gan.loss.discriminator(gan.discriminator(drawn.real), gan.discriminator(fake)).backward()
    for parameter in gan.discriminator.parameters():
        parameter.grad.nan_to_num_(0.0)
    gan.d_optimizer.step()


def step_skipped_in_silence(gan, drawn):
    fake = gan.generator(drawn.latents).detach()
    loss = gan.loss.discriminator(gan.discriminator(drawn.real), gan.discriminator(fake))
    if not loss.isnan():
        _step(gan.d_optimizer, loss)


def stopped_without_saying_where(gan, drawn):
    raise ArithmeticError("NaN")


exhibit(
    24,
    check_a_nan_stops_the_run_and_says_where,
    discriminator_step,
    nan_replaced_in_the_gradient=nan_replaced_in_the_gradient,
    step_skipped_in_silence=step_skipped_in_silence,
    stopped_without_saying_where=stopped_without_saying_where,
)


# The visit


def _label(number, check, name):
    return f"{number:02d}-{check.__name__.removeprefix('check_')}-{name}"


@pytest.mark.parametrize(
    ("check", "right"),
    [
        pytest.param(check, right, id=_label(number, check, getattr(right, "__name__", "ours")))
        for number, check, right, _ in EXHIBITS
    ],
)
def test_our_implementation_passes_the_check(check, right):
    check(right)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        pytest.param(check, implementation, id=_label(number, check, name))
        for number, check, _, wrong in EXHIBITS
        for name, implementation in wrong.items()
    ],
)
def test_the_wrong_implementation_is_caught(check, wrong):
    with pytest.raises(AssertionError):
        check(wrong)


def test_every_error_of_the_catalogue_is_on_show():
    assert {number for number, *_ in EXHIBITS} == set(range(1, 25))
    assert all(wrong for *_, wrong in EXHIBITS)
