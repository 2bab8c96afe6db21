"""The field of two networks against small games by hand, `backward` of plain PyTorch, and differences."""

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus
from torch.testing import assert_close

from ganlab.losses import minimax, non_saturating
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.regularizers import r1, r2, wgan_gp
from ganlab.theory.dynamics import dirac_gan, jacobian, spectrum, trajectory
from ganlab.theory.network_games import network_game


def _pair(rng):
    settings = {"width": 3, "depth": 1, "activation": nn.Tanh, "rng": rng}
    return mlp_generator(1, (2,), **settings), mlp_discriminator((2,), **settings)


def _samples(rng):
    return {"real": torch.randn(5, 2, generator=rng), "latents": torch.randn(5, 1, generator=rng)}


def _by_backward(generator, discriminator, real, latents, weight, at):
    """Minus the gradients of both losses, as a training loop computes them."""
    generator, discriminator = generator.double(), discriminator.double()
    real, latents = real.double(), latents.double()
    fake = generator(latents)
    loss_g = softplus(-discriminator(fake)).mean()
    slopes_g = torch.autograd.grad(loss_g, list(generator.parameters()))
    fake = fake.detach()
    loss_d = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
    x = {"real": real, "fake": fake}[at].clone().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    loss_d = loss_d + weight * slope.square().sum(1).mean()
    slopes_d = torch.autograd.grad(loss_d, list(discriminator.parameters()))
    return -torch.cat([slope.flatten() for slope in (*slopes_g, *slopes_d)])


@pytest.mark.parametrize(("penalty", "at"), [(r1, "real"), (r2, "fake")], ids=["r1", "r2"])
def test_the_velocity_is_the_step_of_a_training_loop(penalty, at, rng):
    generator, discriminator = _pair(rng)
    samples = _samples(rng)
    field, state = network_game(
        non_saturating, generator, discriminator, penalties=[(penalty, 0.7)], **samples
    )
    assert field.sizes == (14, 13)
    expected = _by_backward(generator, discriminator, **samples, weight=0.7, at=at)
    assert_close(field(state), expected, rtol=1e-10, atol=1e-12)


def test_the_jacobian_of_networks_is_that_of_central_differences(rng):
    field, state = network_game(non_saturating, *_pair(rng), penalties=[(r1, 0.3)], **_samples(rng))
    steps = 1e-6 * torch.eye(len(state), dtype=torch.float64)
    columns = [(field(state + d) - field(state - d)) / 2e-6 for d in steps]
    assert_close(jacobian(field, state), torch.stack(columns, 1), rtol=0, atol=1e-7)


def test_two_single_weights_are_the_dirac_gan():
    line, score = nn.Linear(1, 1, bias=False), nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(0))
    one = torch.ones(1, 1)
    field, _ = network_game(minimax, line, score, real=0 * one, latents=one, penalties=[(r1, 0.25)])
    small = dirac_gan(minimax, penalty=r1, weight=0.25)
    start = torch.tensor([1.0, -0.5], dtype=torch.float64)
    assert_close(spectrum(field, 0 * start), spectrum(small, 0 * start))
    assert_close(trajectory(field, start, 20), trajectory(small, start, 20))


def test_what_the_game_cannot_hold_fixed_is_refused(rng):
    pair, samples = _pair(rng), _samples(rng)
    for penalty in ((wgan_gp, 1.0), (r1, -1.0)):
        with pytest.raises(ValueError, match="`penalties` must look at the data or at generated samples"):
            network_game(minimax, *pair, penalties=[penalty], **samples)
    with pytest.raises(ValueError, match="`latents` must be as many as `real`, 5, got 4"):
        network_game(minimax, *pair, real=samples["real"], latents=samples["latents"][:4])


def test_a_look_at_the_field_writes_into_no_network(rng):
    networks = [
        nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2)),
        nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)),
    ]
    generator, discriminator = (network.double() for network in networks)
    before = {name: buffer.clone() for name, buffer in generator.named_buffers()}
    x, z = torch.randn(2, 8, 2, generator=rng, dtype=torch.float64)
    field, state = network_game(non_saturating, generator, discriminator, real=x, latents=z)
    assert_close(field(state), field(state), rtol=0, atol=0)
    assert all(torch.equal(buffer, before[name]) for name, buffer in generator.named_buffers())
