"""Training against a plain loop written out here with PyTorch's own loss and optimizer, and against the
contracts of a step: which gradients exist, which draws are fresh, what a stop and a resume leave behind."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.testing import assert_close

from ganlab import data
from ganlab.lipschitz import spectral_norm
from ganlab.losses import LOSSES, minimax, non_saturating, relativistic_pairing
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.regularizers import r1, wgan_gp
from ganlab.training import (
    GAN,
    NonFiniteLossError,
    Penalty,
    Unroll,
    discriminator_step,
    draw_for_discriminator,
    draw_for_generator,
    frozen,
    generator_gradient_norm,
    generator_objective,
    generator_step,
    load_checkpoint,
    pack,
    sample,
    save_checkpoint,
    sgd,
    train,
)


def networks(seed=1, width=8):
    rng = torch.Generator().manual_seed(seed)
    generator = mlp_generator(3, (2,), width=width, depth=2, rng=rng).double()
    return generator, mlp_discriminator((2,), width=width, depth=2, rng=rng).double()


def game(loss=non_saturating, **settings):
    return GAN(*networks(), loss, torch.Generator().manual_seed(2), **settings)


def ring_batches(size=16, seed=3):
    return data.batches(data.ring(), size, torch.Generator().manual_seed(seed), dtype=torch.float64)


class Recorded:
    """Real batches that remember what they handed out."""

    def __init__(self, size=16):
        self.stream, self.batch_size, self.given = ring_batches(size), size, []

    def __next__(self):
        self.given.append(next(self.stream))
        return self.given[-1]


def snapshot(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_a_run_equals_a_plain_loop_written_with_pytorch_alone():
    gan, batches = game(learning_rates=(2e-3, 1e-3)), ring_batches()
    generator, discriminator = networks()
    betas = (0.5, 0.999)
    g_adam = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=betas, foreach=False)
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=betas, foreach=False)
    rng = torch.Generator().manual_seed(2)
    seeds = torch.randint(2**62, (5,), generator=rng).tolist()
    d_latents, g_latents = (torch.Generator().manual_seed(seed) for seed in seeds[:2])
    real_batches, ones, zeros = ring_batches(), torch.ones(16), torch.zeros(16)

    history = train(gan, batches, 25, n_critic=2)
    for step in range(25):
        for _ in range(2):
            fake = generator(torch.randn(16, 3, generator=d_latents)).detach()
            scores = discriminator(next(real_batches)), discriminator(fake)
            d_loss = sum(
                binary_cross_entropy_with_logits(s, y) for s, y in zip(scores, (ones, zeros), strict=True)
            )
            d_adam.zero_grad()
            d_loss.backward()
            d_adam.step()
        scores = discriminator(generator(torch.randn(16, 3, generator=g_latents)))
        g_loss = binary_cross_entropy_with_logits(scores, ones)
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        assert_close(history["d_loss"][step], d_loss.item(), rtol=1e-10, atol=0)
        assert_close(history["g_loss"][step], g_loss.item(), rtol=1e-10, atol=0)
    for ours, plain in ((gan.generator, generator), (gan.discriminator, discriminator)):
        for name, value in plain.state_dict().items():
            assert_close(ours.state_dict()[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_each_step_moves_its_own_player_and_leaves_no_gradient_anywhere(loss):
    gan, batches = game(loss), ring_batches()
    for step, drawing, moved, still in (
        (discriminator_step, draw_for_discriminator, gan.discriminator, gan.generator),
        (generator_step, draw_for_generator, gan.generator, gan.discriminator),
    ):
        before, other = snapshot(moved), snapshot(still)
        step(gan, drawing(gan, batches))
        weights = [name for name in before if name.endswith("weight")]  # a shift of the scores may be free
        assert not any(torch.equal(before[name], moved.state_dict()[name]) for name in weights)
        assert all(torch.equal(other[name], value) for name, value in still.state_dict().items())
        parameters = [*gan.generator.parameters(), *gan.discriminator.parameters()]
        assert all(parameter.grad is None for parameter in parameters)
        assert all(parameter.requires_grad for parameter in parameters)


def test_no_gradient_reaches_the_other_network_even_before_it_could_be_cleared(monkeypatch):
    """The optimizers' clearing is switched off, so that whatever backward wrote stays to be seen."""
    gan, batches = game(minimax), ring_batches()
    monkeypatch.setattr(torch.optim.Adam, "zero_grad", lambda *_, **__: None)
    discriminator_step(gan, draw_for_discriminator(gan, batches))
    assert all(parameter.grad is None for parameter in gan.generator.parameters())
    assert all(parameter.grad is not None for parameter in gan.discriminator.parameters())
    for parameter in gan.discriminator.parameters():
        parameter.grad = None
    generator_step(gan, draw_for_generator(gan, batches))
    assert all(parameter.grad is None for parameter in gan.discriminator.parameters())
    assert all(parameter.grad is not None for parameter in gan.generator.parameters())


def test_a_discriminator_with_batch_norm_sees_real_and_generated_samples_apart():
    """Normalised apart, each kind has mean 0 in front of the last layer: the mean scores are its bias."""

    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.last = nn.BatchNorm1d(2, affine=False), nn.Linear(2, 1)

        def forward(self, x):
            return self.last(self.norm(x)).squeeze(1)

    gan = GAN(networks()[0], Normed(), non_saturating, torch.Generator().manual_seed(2))
    bias = gan.discriminator.last.bias.item()
    row = discriminator_step(gan, draw_for_discriminator(gan, ring_batches()))
    assert_close(row["d_real"].item(), bias, rtol=0, atol=1e-12)
    assert_close(row["d_fake"].item(), bias, rtol=0, atol=1e-12)


def test_a_discriminator_without_it_is_run_once_on_both():
    gan, calls = game(), []
    gan.discriminator.register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[0])))
    discriminator_step(gan, draw_for_discriminator(gan, ring_batches()))
    assert calls == [32]


def test_the_generator_is_judged_on_a_fresh_batch():
    gan, batches = game(), ring_batches()
    first, second = draw_for_discriminator(gan, batches), draw_for_generator(gan, batches)
    assert not torch.isclose(first.latents, second.latents).any()
    assert not torch.isclose(draw_for_generator(gan, batches).latents, second.latents).any()


def test_only_losses_that_compare_draw_real_samples_for_the_generator():
    for loss, count in ((non_saturating, 1), (relativistic_pairing, 2)):
        gan, batches = game(loss), Recorded()
        discriminator_step(gan, draw_for_discriminator(gan, batches))
        generator_step(gan, draw_for_generator(gan, batches))
        assert len(batches.given) == count


def test_a_step_is_a_function_of_the_networks_and_the_draw():
    rows = []
    for _ in range(2):
        gan, batches = game(penalties=[Penalty(wgan_gp, 0.1)]), ring_batches()
        drawn = draw_for_discriminator(gan, batches)
        torch.rand(7)  # the global stream has moved: nothing may depend on it
        rows.append(discriminator_step(gan, drawn))
    assert all(torch.equal(rows[0][name], rows[1][name]) for name in rows[0])


def test_the_penalty_enters_with_its_weight_and_stays_out_of_d_loss():
    plain, penalised = game(), game(penalties=[Penalty(r1, 0.5)])
    drawn = draw_for_discriminator(plain, ring_batches())
    real = drawn.real.clone().requires_grad_()
    (slope,) = torch.autograd.grad(penalised.discriminator(real).sum(), real)
    row = discriminator_step(penalised, drawn._replace(mixes=(None,)))
    assert_close(row["penalty"], 0.5 * slope.square().sum(1).mean(), rtol=1e-12, atol=0)
    assert_close(row["d_loss"], discriminator_step(plain, drawn)["d_loss"], rtol=1e-12, atol=0)


def test_a_lazy_penalty_is_applied_every_kth_step_with_k_times_its_weight():
    gan = game(penalties=[Penalty(r1, 0.5, every=3)])
    lone = game(penalties=[Penalty(r1, 0.5)])
    history = train(gan, ring_batches(), 7)
    expected = discriminator_step(lone, draw_for_discriminator(lone, ring_batches()))["penalty"]
    assert [penalty > 0 for penalty in history["penalty"]] == [True, False, False, True, False, False, True]
    assert_close(history["penalty"][0], 3 * expected.item(), rtol=1e-12, atol=0)


def test_the_average_follows_parameters_and_buffers():
    rng = torch.Generator().manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    generator.latent_dim = 3
    gan = GAN(generator, networks()[1], non_saturating, rng, ema=0.9)
    batches, expected = ring_batches(), None
    for _ in range(4):
        train(gan, batches, 1)
        now = {name: v for name, v in snapshot(generator).items() if v.is_floating_point()}
        expected = now if expected is None else {n: 0.9 * expected[n] + 0.1 * v for n, v in now.items()}
    averaged = gan.average.module.state_dict()
    assert {"1.running_mean", "1.running_var"} < expected.keys()
    for name, value in expected.items():
        assert_close(averaged[name], value, rtol=1e-12, atol=1e-15)
    latents = torch.randn(5, 3, generator=torch.Generator().manual_seed(8))
    drawn = gan.sample(5, torch.Generator().manual_seed(8))
    assert_close(drawn, sample(gan.average.module, latents), rtol=0, atol=0)


def test_the_schedule_scales_both_learning_rates():
    gan = game(schedule=lambda step: 1 / (1 + step), learning_rates=(1e-3, 4e-3))
    train(gan, ring_batches(), 4)
    assert_close(gan.g_optimizer.param_groups[0]["lr"], 1e-3 / 4)
    assert_close(gan.d_optimizer.param_groups[0]["lr"], 4e-3 / 4)


def test_instance_noise_is_drawn_for_both_kinds_with_its_deviation():
    gan, batches = game(instance_noise=lambda step: 0.5 / (1 + step)), Recorded(5000)
    drawn = draw_for_discriminator(gan, batches)
    assert drawn.noise.shape == (2, 5000, 2)
    error = 0.5 / math.sqrt(2 * 10_000)  # of a standard deviation from 10 000 numbers
    assert_close(drawn.noise.std(dim=(1, 2)), torch.full((2,), 0.5), rtol=0, atol=5 * error)
    seen = []
    gan.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    discriminator_step(gan, drawn)
    real, fake = seen[0].split(5000)
    assert_close(real, batches.given[0] + drawn.noise[0], rtol=0, atol=0)
    assert_close(fake, gan.generator(drawn.latents) + drawn.noise[1], rtol=1e-12, atol=1e-12)
    gan.step = 1
    assert gan.noise_level == 0.25


@pytest.mark.parametrize("shape", [(2,), (3, 4, 4)])
def test_packing_joins_whole_samples(shape, rng):
    x = torch.randn(6, *shape, generator=rng)
    packed = pack(x, 3)
    assert packed.shape == (2, 3 * shape[0], *shape[1:])
    assert_close(packed[1], torch.cat([x[3], x[4], x[5]]), rtol=0, atol=0)


def test_a_packed_discriminator_sees_packs_and_trains():
    rng = torch.Generator().manual_seed(0)
    generator, _ = networks()
    gan = GAN(generator, mlp_discriminator((4,), width=8, rng=rng).double(), non_saturating, rng, pack=2)
    assert len(train(gan, ring_batches(), 3)) == 3
    with pytest.raises(ValueError, match="multiple of `pack` = 2, got 15"):
        train(gan, ring_batches(15), 1)


def test_sampling_moves_no_buffer_and_keeps_the_mode():
    generator = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    generator[2].eval()
    before = snapshot(generator)
    drawn = sample(generator, torch.randn(8, 3))
    assert not drawn.requires_grad
    assert all(torch.equal(before[name], value) for name, value in generator.state_dict().items())
    assert generator.training
    assert generator[1].training
    assert not generator[2].training


def test_frozen_gives_back_what_it_took_even_after_an_error():
    layer = nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    with pytest.raises(RuntimeError), frozen(layer):
        raise RuntimeError
    assert layer.weight.requires_grad
    assert not layer.bias.requires_grad


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_loss_that_is_not_finite_stops_before_a_weight_changes(player):
    def broken(d_real, d_fake):
        return d_fake.mean() * math.nan

    gan = game(non_saturating._replace(**{player: broken}))
    before = [snapshot(gan.generator), snapshot(gan.discriminator)]
    message = rf"step 1: the {player}'s non_saturating loss is nan; every weight is still finite"
    with pytest.raises(NonFiniteLossError, match=message):
        train(gan, ring_batches(), 5)
    assert all(torch.equal(before[0][name], value) for name, value in gan.generator.state_dict().items())
    if player == "discriminator":  # in the other case it has taken a good step by then
        assert all(
            torch.equal(before[1][name], value) for name, value in gan.discriminator.state_dict().items()
        )


def test_the_weight_that_broke_is_named():
    gan = game()
    train(gan, ring_batches(), 2)
    with torch.no_grad():
        gan.discriminator.layers[2].bias[1] = math.inf
    with pytest.raises(NonFiniteLossError, match=r"step 3: .* `discriminator.layers.2.bias` is not finite"):
        train(gan, ring_batches(), 1)


FULL = {
    "penalties": [Penalty(wgan_gp, 0.1, every=2), Penalty(r1, 0.01)],
    "ema": 0.9,
    "schedule": lambda step: 1 / (1 + step / 10),
    "instance_noise": 0.1,
}


def image_batches():
    return data.batches(data.digits(), 700, torch.Generator().manual_seed(4), dtype=torch.float64)


def image_game(**settings):
    rng = torch.Generator().manual_seed(1)
    generator = mlp_generator(3, (1, 8, 8), width=8, rng=rng).double()
    return GAN(generator, mlp_discriminator((1, 8, 8), width=8, rng=rng).double(), minimax, rng, **settings)


def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(tmp_path):
    whole, whole_batches = image_game(**FULL), image_batches()
    expected = train(whole, whole_batches, 14, n_critic=2)

    first, first_batches = image_game(**FULL), image_batches()
    history = train(first, first_batches, 7, n_critic=2)
    save_checkpoint(tmp_path, first, first_batches, history)
    second, second_batches = image_game(**FULL), image_batches()
    history = load_checkpoint(tmp_path, second, second_batches)
    assert (second.step, second.critic_step) == (7, 14)
    history = train(second, second_batches, 7, n_critic=2, history=history)

    assert torch.equal(history.values, expected.values)
    assert history.columns == expected.columns
    wanted, got = whole.state(), second.state()
    assert wanted.keys() == got.keys()
    assert all(torch.equal(value, got[name]) for name, value in wanted.items())
    assert torch.equal(next(whole_batches), next(second_batches))


def test_a_checkpoint_that_the_batches_refuse_leaves_the_game_as_it_was(tmp_path):
    gan, batches = image_game(), image_batches()
    save_checkpoint(tmp_path, gan, batches, train(gan, batches, 1))
    fewer, fresh = image_batches(), image_game()
    whole = fewer.images
    fewer.images = replace(whole, pixels=whole.pixels[:100], labels=whole.labels[:100])
    before = {name: value.clone() for name, value in fresh.state().items()}
    with pytest.raises(ValueError, match="`state` must be of 100 images"):
        load_checkpoint(tmp_path, fresh, fewer)
    assert all(torch.equal(value, fresh.state()[name]) for name, value in before.items())
    assert fresh.step == 0


def test_a_checkpoint_of_other_networks_is_refused_and_changes_nothing(tmp_path):
    gan, batches = image_game(), image_batches()
    save_checkpoint(tmp_path, gan, batches, train(gan, batches, 1))
    rng = torch.Generator().manual_seed(1)
    wider = GAN(
        mlp_generator(3, (1, 8, 8), width=8, rng=rng).double(),
        mlp_discriminator((1, 8, 8), width=9, rng=rng).double(),
        minimax,
        rng,
    )
    before = wider.state()
    with pytest.raises(
        ValueError, match=r"does not fit the discriminator: `layers\.\d\.weight` must be of shape"
    ):
        load_checkpoint(tmp_path, wider, image_batches())
    assert all(torch.equal(value, wider.state()[name]) for name, value in before.items())
    with pytest.raises(ValueError, match=r"does not fit the average: `.*` is in only one of them"):
        load_checkpoint(tmp_path, image_game(ema=0.9), image_batches())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_no_gradient_of_before_is_added_to_a_step(accumulate):
    first, second = game(accumulate=accumulate), game(accumulate=accumulate)
    for network in (first.generator, first.discriminator):
        sum(weight.sum() for weight in network.parameters()).backward()
    for gan in (first, second):
        train(gan, ring_batches(), 1)
    for name, value in second.state().items():
        assert_close(first.state()[name], value, rtol=0, atol=0, msg=name)


def test_a_state_is_a_copy_and_a_game_can_go_back_to_it_twice():
    gan, other = game(ema=0.9), game(ema=0.9)
    train(gan, ring_batches(), 3)
    taken = gan.state()
    before = {name: value.clone() for name, value in taken.items()}
    other.load_state(taken)
    for each in (gan, other):
        train(each, ring_batches(), 2)
    assert all(torch.equal(taken[name], value) for name, value in before.items())
    ends = other.state()
    for each in (gan, other):
        each.load_state(taken)
        train(each, ring_batches(), 2)
        assert all(torch.equal(each.state()[name], value) for name, value in ends.items())


def test_a_state_of_another_precision_is_refused():
    with pytest.raises(ValueError, match=r"`layers.0.weight` must be of torch.float64, got torch.float32"):
        game().load_state({name: value.float() for name, value in game().state().items()})


def test_scores_of_real_samples_ask_for_real_samples():
    gan, paired = game(), game(relativistic_pairing)
    drawn = draw_for_generator(gan, ring_batches())
    with pytest.raises(ValueError, match="`drawn` must hold real samples"):
        discriminator_step(gan, drawn)
    with pytest.raises(ValueError, match="`drawn` must hold real samples"):
        generator_step(paired, drawn)


def test_the_gradient_norm_moves_no_buffer_and_takes_what_has_yet_to_grow_for_zero():
    generator, discriminator = networks()
    generator.layers[1] = nn.Sequential(nn.BatchNorm1d(8).double(), generator.layers[1])
    generator.register_parameter("later", nn.Parameter(torch.ones(3, dtype=torch.float64)))
    discriminator.layers[0] = spectral_norm(discriminator.layers[0])
    gan = GAN(generator, discriminator, non_saturating, torch.Generator().manual_seed(2))
    before = gan.state()
    norm = generator_gradient_norm(gan, draw_for_generator(gan, ring_batches()))
    assert norm > 0
    streams = {name for name in before if name.startswith("streams.")}
    assert all(torch.equal(gan.state()[name], before[name]) for name in before.keys() - streams)


def test_the_gradient_norm_leaves_out_what_asks_for_no_gradient():
    """Truth: the gradients that `backward` leaves in the parameters that stay free."""
    gan = game()
    drawn = draw_for_generator(gan, ring_batches())
    fixed, *free = gan.generator.parameters()
    fixed.requires_grad_(False)
    norm = generator_gradient_norm(gan, drawn)
    generator_objective(gan.discriminator, gan.generator(drawn.latents), drawn, gan.rules).backward()
    assert_close(norm, torch.cat([each.grad.flatten() for each in free]).norm(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_gradient_norm_is_the_length_of_what_plain_descent_would_move_by(loss):
    """Truth: the difference quotient of the objective along its own descent direction."""
    gan, batches = game(loss), ring_batches()
    drawn = draw_for_generator(gan, batches)
    before = gan.state()
    norm = generator_gradient_norm(gan, drawn)
    assert all(torch.equal(value, gan.state()[name]) for name, value in before.items())
    assert all(p.grad is None for net in (gan.generator, gan.discriminator) for p in net.parameters())
    moved = game(loss)

    def objective():
        return generator_objective(moved.discriminator, moved.generator(drawn.latents), drawn, moved.rules)

    parameters = list(moved.generator.parameters())
    objective().backward()
    step = 1e-5 / norm
    values = []
    for sign in (1, -2):
        with torch.no_grad():
            for parameter in parameters:
                parameter += sign * step * parameter.grad / norm
            values.append(objective())
    assert_close((values[0] - values[1]) / (2 * step), norm, rtol=1e-5, atol=0)


def descended(discriminator, real, fake, loss, steps, rate):
    """A copy of the discriminator after plain descent with PyTorch's own SGD, for the tests of unrolling."""
    copy = deepcopy(discriminator)
    sgd = torch.optim.SGD(copy.parameters(), lr=rate)
    for _ in range(steps):
        sgd.zero_grad()
        (loss.discriminator(copy(real), copy(fake)) + 0.1 * r1(copy, real, fake)).backward()
        sgd.step()
    return copy


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("loss", [minimax, non_saturating, relativistic_pairing], ids=lambda loss: loss.name)
def test_the_unrolled_gradient_is_that_of_the_loss_after_the_steps_ahead(loss, steps):
    """Truth: central differences of the loss against a discriminator descended by torch.optim.SGD."""
    penalties = [Penalty(r1, 0.1)]
    gan = game(loss, unroll=Unroll(steps, 0.5), penalties=penalties)
    drawn, before = draw_for_generator(gan, ring_batches()), snapshot(gan.discriminator)
    found = []
    gan.g_optimizer.register_step_pre_hook(
        lambda *_: found.extend(p.grad.clone() for p in gan.generator.parameters())
    )
    recorded = generator_step(gan, drawn)["g_loss"]
    assert all(torch.equal(before[name], value) for name, value in gan.discriminator.state_dict().items())
    assert all(parameter.grad is None for parameter in gan.discriminator.parameters())

    generator, discriminator = networks()
    rng = torch.Generator().manual_seed(9)
    direction = [torch.randn(p.shape, generator=rng) for p in generator.parameters()]

    def value(shift):
        moved = deepcopy(generator)
        with torch.no_grad():
            for parameter, along in zip(moved.parameters(), direction, strict=True):
                parameter += shift * along
            fake = moved(drawn.latents)
        ahead = descended(discriminator, drawn.real, fake, loss, steps, 0.5)
        return loss.generator(ahead(drawn.real), ahead(fake)).item()

    assert_close(recorded.item(), value(0.0), rtol=1e-12, atol=0)
    slope = sum((gradient * along).sum() for gradient, along in zip(found, direction, strict=True))
    assert_close(slope.item(), (value(1e-5) - value(-1e-5)) / 2e-5, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_unrolling_adds_the_pull_towards_the_data_in_the_bilinear_game(steps):
    """D(x) = w x and one point t: ahead, w + k r (mean - t), so that the loss is -t (w + k r (mean - t))."""

    class Point(nn.Module):
        latent_dim = 1

        def __init__(self):
            super().__init__()
            self.t = nn.Parameter(torch.tensor([0.7]))

        def forward(self, z):
            return self.t.expand(len(z), 1)

    class Slope(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor(0.3))

        def forward(self, x):
            return self.w * x[:, 0]

    gan = GAN(
        Point(), Slope(), LOSSES["wasserstein"], torch.Generator().manual_seed(0), unroll=Unroll(steps, 0.1)
    )
    batches = data.batches(data.Mixture(torch.tensor([[2.0]]), 1e-9), 8, torch.Generator().manual_seed(1))
    slopes = []
    gan.g_optimizer.register_step_pre_hook(lambda *_: slopes.append(gan.generator.t.grad.item()))
    generator_step(gan, draw_for_generator(gan, batches))
    reach = 0.1 * steps
    assert_close(slopes[0], -(0.3 + reach * (2.0 - 0.7)) + reach * 0.7, rtol=0, atol=1e-8)


class Labelled(nn.Module):
    """A linear map with one bias a class, as either player: three latents or two coordinates in."""

    latent_dim, classes = 3, 4

    def __init__(self, inputs, outputs):
        super().__init__()
        rng = torch.Generator().manual_seed(inputs)
        self.weight = nn.Parameter(torch.randn(inputs, outputs, generator=rng))
        self.bias = nn.Parameter(torch.randn(self.classes, outputs, generator=rng))

    def forward(self, x, labels):
        y = x @ self.weight + self.bias[labels]
        return y.squeeze(1) if y.shape[1] == 1 else y


def labelled_batches(classes=4):
    return data.batches(data.ring(classes), 16, torch.Generator().manual_seed(3), labelled=True)


def labelled_game(loss=non_saturating, **settings):
    return GAN(Labelled(3, 2), Labelled(2, 1), loss, torch.Generator().manual_seed(2), **settings)


def test_both_players_are_given_the_labels_of_the_real_samples():
    gan, batches, twin = labelled_game(relativistic_pairing), labelled_batches(), labelled_batches()
    for drawing, step, name in (
        (draw_for_discriminator, discriminator_step, "d_loss"),
        (draw_for_generator, generator_step, "g_loss"),
    ):
        drawn, (real, labels) = drawing(gan, batches), next(twin)
        assert torch.equal(drawn.real, real)
        assert torch.equal(drawn.labels, labels)
        fake = gan.generator(drawn.latents, labels)
        gap = gan.discriminator(real, labels) - gan.discriminator(fake, labels)
        sign = 1 if name == "d_loss" else -1
        expected = torch.nn.functional.softplus(-sign * gap).mean()
        assert_close(step(gan, drawn)[name], expected.detach())


def test_a_penalty_sees_the_critic_under_the_labels():
    gan = labelled_game(penalties=[Penalty(r1, 1.0)])
    row = discriminator_step(gan, draw_for_discriminator(gan, labelled_batches()))
    assert_close(row["penalty"], Labelled(2, 1).weight.square().sum().detach())


def test_samples_are_of_the_classes_asked_for_or_of_each_in_turn(rng):
    gan = labelled_game()
    with torch.no_grad():
        gan.generator.weight.zero_()
    bias = gan.generator.bias.detach()
    assert torch.equal(gan.sample(6, rng), bias[[0, 1, 2, 3, 0, 1]])
    assert torch.equal(gan.sample(2, rng, labels=torch.tensor([3, 3])), bias[[3, 3]])


def test_labels_and_networks_that_do_not_fit_are_refused():
    rng = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match=r"must know the same number of classes, got \(4, None\)"):
        GAN(Labelled(3, 2), networks()[1], non_saturating, rng)
    with pytest.raises(ValueError, match="`pack` must be 1 where the networks are conditional"):
        labelled_game(pack=2)
    with pytest.raises(ValueError, match="conditional networks need batches with labels"):
        draw_for_discriminator(labelled_game(), ring_batches())
    with pytest.raises(ValueError, match="labels must be in 0 to 3, got up to 7"):
        draw_for_discriminator(labelled_game(), labelled_batches(8))


def test_networks_without_classes_train_on_labelled_batches_and_ignore_the_labels():
    assert len(train(game(), labelled_batches(8), 1)) == 1


def test_bfloat16_changes_the_scores_by_its_rounding_and_leaves_penalties_in_float32():
    """Truth: bfloat16 keeps 8 bits: a score of size 1 may be off by about 2^-8, surely by less than ten."""
    rows = []
    for bf16 in (False, True):
        generator, discriminator = (network.float() for network in networks(width=32))
        rng = torch.Generator().manual_seed(2)
        gan = GAN(generator, discriminator, non_saturating, rng, bf16=bf16, penalties=[Penalty(r1, 1.0)])
        drawn = draw_for_discriminator(gan, ring_batches())
        rows.append(
            discriminator_step(gan, drawn) | generator_step(gan, draw_for_generator(gan, ring_batches()))
        )
        assert all(parameter.dtype == torch.float32 for parameter in discriminator.parameters())
    exact, rounded = rows
    assert all(value.dtype == torch.float32 for value in rounded.values())
    assert torch.equal(exact["penalty"], rounded["penalty"])
    assert exact["d_real"] != rounded["d_real"]
    for name in exact:
        assert_close(rounded[name], exact[name], rtol=0, atol=10 / 256)


def test_settings_of_looking_ahead_and_of_precision_are_checked():
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        Unroll(0, 0.1)
    with pytest.raises(ValueError, match=r"`rate` must be positive, got 0\.0"):
        Unroll(1, 0.0)
    with pytest.raises(ValueError, match=r"`bf16` needs networks in float32, got torch\.float64"):
        game(bf16=True)


def test_callbacks_see_every_step():
    seen = []
    train(
        game(),
        ring_batches(),
        3,
        callbacks=[lambda games, history: seen.append((games[0].step, len(history)))],
    )
    assert seen == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"learning_rates": 1e-3},
            "`learning_rates` must be two, of the generator and the discriminator, got 0.001",
        ),
        ({"learning_rates": (0.0, 1e-3)}, r"`learning_rates` must be positive, got \(0.0, 0.001\)"),
        ({"ema": 1.0}, r"`ema` must be in \[0, 1\), got 1.0"),
        (
            {"betas": (0.0, 0.9), "optimizer": sgd()},
            r"`betas` must be left out beside `optimizer`, which has its own, got \(0.0, 0.9\)",
        ),
        ({"pack": 0}, r"`pack` must be at least 1, got 0"),
        ({"instance_noise": -0.1}, r"`instance_noise` must be at least 0, got -0.1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        game(**settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ("hinge", torch.Generator()),
            "`loss` must be a GANLoss, such as `ganlab.losses.hinge`, got 'hinge'",
        ),
        ((non_saturating, 0), "`rng` must be a torch.Generator, got int"),
        (
            (non_saturating, torch.Generator(), [r1]),
            r"`penalties` must be a list of .*Penalty.*, got \[r1: n\^2",
        ),
        ((non_saturating, torch.Generator(), Penalty(r1, 0.1)), "`penalties` must be a list of .*Penalty"),
    ],
    ids=["a name", "a seed", "a penalty without a weight", "no list"],
)
def test_what_is_no_loss_stream_or_penalty_is_refused_by_name(given, message):
    with pytest.raises(TypeError, match=message):
        GAN(*networks(), *given)


def test_networks_that_do_not_fit_are_refused_when_the_game_is_built(rng):
    generator, discriminator = networks()
    with pytest.raises(ValueError, match=r"`generator` must have the attribute `latent_dim`"):
        GAN(nn.Linear(3, 2), discriminator, minimax, rng)
    with pytest.raises(ValueError, match=r"must have one dtype, got \['torch.float32', 'torch.float64'\]"):
        GAN(generator.float(), discriminator, minimax, rng)
    column = nn.Sequential(nn.Linear(2, 1)).double()
    with pytest.raises(ValueError, match=r"raw scores of shape \(N,\), got \(2, 1\)"):
        GAN(generator.double(), column, minimax, rng)
    normalised = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1), nn.Flatten(0)).double()
    GAN(generator, normalised, minimax, rng)
    with pytest.raises(ValueError, match=r"layer `1` is a BatchNorm1d.*wgan_gp"):
        GAN(generator, normalised, minimax, rng, penalties=[Penalty(wgan_gp, 1.0)])


def test_bad_requests_are_refused_before_a_step():
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        train(game(), ring_batches(), 0)
    with pytest.raises(ValueError, match="`n_critic` must be at least 1, got 0"):
        train(game(), ring_batches(), 1, n_critic=0)
    with pytest.raises(ValueError, match="`count` must be at least 1, got 0"):
        game().sample(0, torch.Generator())
    with pytest.raises(ValueError, match="`weight` must be at least 0, got -1"):
        Penalty(r1, -1)
    with pytest.raises(ValueError, match="`every` must be at least 1, got 0"):
        Penalty(r1, 1.0, every=0)
    with pytest.raises(ValueError, match=r"the shape of generated ones, \(2,\), got \(1, 8, 8\)"):
        train(game(), image_batches(), 1)
