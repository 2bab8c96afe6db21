"""Truth here: the three equations of the paper written out as sums, singular values, laws of attention."""

import pytest
import torch
from oracles.games import same_side_by_side
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from ganlab.experiments import EXPERIMENTS, build, build_game, change
from ganlab.lipschitz import spectral_norm
from ganlab.networks import NETWORKS, SelfAttention
from ganlab.networks.layers import Flatten
from ganlab.training import train

ABLE = ("dcgan", "residual")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def layer(channels=16, gamma=0.7):
    made = SelfAttention(channels, seeded()).double()
    nn.init.constant_(made.gamma, gamma)
    return made


def maps(*shape, seed=1):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def kernels(made):
    return {name: getattr(made, name).weight.detach()[:, :, 0, 0] for name in "fghv"}


def by_hand(made, x):
    """Equations 1 to 3, with i and j over the places: the weights (N, j, i) and the output."""
    own = kernels(made)
    places = x.flatten(2)
    keys, queries, values = (torch.einsum("kc,nci->nki", own[name], places) for name in "fgh")
    scores = torch.einsum("nki,nkj->nij", keys, queries)
    beta = scores.exp() / scores.exp().sum(1, keepdim=True)  # over i
    found = torch.einsum("ck,nki,nij->ncj", own["v"], values, beta)
    return beta.transpose(1, 2), (places + made.gamma.item() * found).reshape(x.shape)


@pytest.mark.parametrize("shape", [(2, 16, 3, 4), (1, 8, 1, 1), (3, 3, 2, 2)])
def test_attention_is_the_three_equations_of_the_paper(shape):
    made, x = layer(shape[1]), maps(*shape)
    weights, output = by_hand(made, x)
    assert_close(made.weights(x), weights, rtol=1e-12, atol=1e-14)
    assert_close(made(x), output, rtol=1e-12, atol=1e-14)


def test_the_weights_of_each_place_are_shares_that_sum_to_one():
    weights = layer().weights(20 * maps(3, 16, 4, 5))
    assert weights.shape == (3, 20, 20)
    assert weights.min() >= 0
    assert_close(weights.sum(2), torch.ones(3, 20, dtype=torch.float64), rtol=1e-13, atol=0)
    assert (weights.sum(1) - 1).abs().max() > 0.5  # and not over the places that look


def test_places_have_no_order():
    """Whatever moves all places moves what they find with them: no place is known by where it lies."""
    made, x, order = layer(), maps(2, 16, 3, 4), torch.randperm(12, generator=seeded(2))
    moved = x.flatten(2)[:, :, order].reshape(x.shape)
    assert_close(made(moved), made(x).flatten(2)[:, :, order].reshape(x.shape), rtol=1e-12, atol=1e-14)


def test_every_place_is_within_one_step_of_every_other():
    made, x = layer(), maps(1, 16, 5, 5)
    slope = torch.autograd.functional.jacobian(lambda x: made(x)[0, :, 0, 0].sum(), x)
    assert slope.abs().sum(1).min() > 0


@pytest.mark.parametrize("gamma", [0.0, 0.7])
def test_gradients_and_second_gradients_match_finite_differences(gamma):
    made, x = layer(8, gamma), maps(2, 8, 2, 2).requires_grad_()
    assert gradcheck(made, x)
    assert gradgradcheck(made, x)


def test_the_layer_starts_as_the_identity_and_learns_at_once():
    made, x = SelfAttention(16, seeded()).double(), maps(2, 16, 3, 3)
    assert torch.equal(made(x), x)
    (made(x) * maps(2, 16, 3, 3, seed=3)).sum().backward()
    assert made.gamma.grad.abs() > 1e-3


def test_parameters_are_counted_by_arithmetic():
    for channels, inner in ((64, 8), (16, 2), (8, 1), (3, 1)):
        assert sum(p.numel() for p in layer(channels).parameters()) == 4 * channels * inner + 1


def test_the_deviations_at_the_start_are_one_over_the_root_of_the_inputs():
    own = kernels(SelfAttention(512, seeded()))
    for name, inputs in (("f", 512), ("g", 512), ("h", 512), ("v", 64)):
        spread = own[name].square().mean().sqrt().item()
        assert spread == pytest.approx(inputs**-0.5, rel=5 / (2 * own[name].numel()) ** 0.5)


def test_spectral_normalisation_divides_the_four_convolutions_and_leaves_gamma():
    made = spectral_norm(nn.Sequential(layer(32)), power_iterations=30)
    for kernel in kernels(made[0]).values():
        assert torch.linalg.svdvals(kernel)[0].item() == pytest.approx(1.0, rel=1e-6)
    assert made[0].gamma.item() == 0.7


# --- In a pair ---


def pair(name, attention, shape=(3, 16, 16), **settings):
    made = NETWORKS[name]
    options = {"width": 4, "attention": attention} | settings
    generator = made.generator(3, shape, rng=seeded(1), **options)
    return generator.double(), made.discriminator(shape, rng=seeded(2), **options).double()


def attentions(network):
    return [one for one in network.modules() if isinstance(one, SelfAttention)]


@pytest.mark.parametrize("name", ABLE)
@pytest.mark.parametrize("height", [8, 4])
def test_attention_stands_in_both_networks_where_the_maps_are_so_high(name, height):
    shape, seen = (3, 16, 24), []
    networks = pair(name, height, shape)
    for network in networks:
        (found,) = attentions(network)
        found.register_forward_hook(lambda _, given, __: seen.append(tuple(given[0].shape[1:])))
    scores = networks[1](networks[0](maps(5, 3)))
    assert scores.shape == (5,)
    channels = {8: 4, 4: 8}[height]
    assert seen == [(channels, height, height * 3 // 2)] * 2


def test_attention_follows_a_batch_norm_in_the_discriminator_too():
    options = {"rng": seeded(), "width": 4, "attention": 4, "batch_norm": True}
    layers = NETWORKS["dcgan"].discriminator((3, 16, 16), **options).layers
    (place,) = (index for index, one in enumerate(layers) if isinstance(one, SelfAttention))
    kinds = [type(one) for one in layers[place - 3 : place]]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU]
    assert isinstance(layers[place + 1], Flatten)


def test_a_dcgan_starts_as_the_one_without_attention():
    for plain, attending in zip(pair("dcgan", None), pair("dcgan", 8), strict=True):
        x = maps(4, 3) if hasattr(plain, "latent_dim") else maps(4, 3, 16, 16)
        assert torch.equal(plain(x), attending(x))


@pytest.mark.parametrize("name", ABLE)
@pytest.mark.parametrize("height", [16, 2, 0, 8.5])
def test_a_height_that_no_scale_has_is_refused_with_those_there_are(name, height):
    for make in NETWORKS[name]:
        sizes = (3,) if make is NETWORKS[name].generator else ()
        with pytest.raises(
            ValueError, match=r"`attention` must be None or the height of a scale of \(3, 16, 16"
        ):
            make(*sizes, (3, 16, 16), rng=seeded(), attention=height)


# --- In a set-up ---

TINY = change(
    EXPERIMENTS["digits"],
    network="dcgan",
    width=4,
    discriminator_width=4,
    batch_size=8,
    latent_dim=3,
    attention=4,
)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"network": "residual", "regularizers": (("r1", 0.1),)},
        {"spectral_norm": True, "ema": 0.9, "ema_batches": 2},
        {"conditional": True, "regularizers": (("wgan_gp", 1.0),)},
        {"pack": 2, "unroll": (1, 0.1)},
        {"bf16": True},
    ],
    ids=lambda settings: " ".join(settings) or "plain",
)
def test_a_set_up_with_attention_trains_and_goes_on_bit_for_bit(settings):
    runs = [build(change(TINY, **settings), seed=1) for _ in range(2)]
    train(runs[0].gan, runs[0].batches, 2)
    stored = {name: value.clone() for name, value in runs[0].gan.state().items()}
    place = runs[0].batches.state_dict()
    expected = train(runs[0].gan, runs[0].batches, 1)
    runs[1].gan.load_state(stored)
    runs[1].batches.load_state_dict(place)
    assert torch.equal(train(runs[1].gan, runs[1].batches, 1).values, expected.values)
    for network in (runs[0].gan.generator, runs[0].gan.discriminator):
        (found,) = attentions(network)
        assert found.gamma.item() != 0


def test_seeds_side_by_side_attend_as_each_does_alone():
    setup = change(
        TINY,
        network="residual",
        loss="relativistic_pairing",
        regularizers=(("r1", 0.1), ("r2", 0.1)),
        float64=True,
    )
    same_side_by_side(setup)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"network": "mlp", "width": 8},
            "`network` must be dcgan or residual to have `attention`, got 'mlp'",
        ),
        ({"network": "style"}, "`network` must be dcgan or residual to have `attention`, got 'style'"),
        ({"attention": 0}, "`attention` must be at least 1, got 0"),
        ({"attention": 5}, r"`attention` must be None or the height of a scale of \(1, 8, 8\), 4, got 5"),
    ],
)
def test_attention_where_there_can_be_none_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build_game(change(TINY, **settings))
