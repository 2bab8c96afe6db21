"""Networks with one fault each, which a game must name when it is built, before a step is taken."""

import pytest
import torch
from torch import nn
from torch.nn.functional import dropout

from ganlab import data
from ganlab.losses import minimax
from ganlab.networks import conditional_generator, mlp_discriminator, mlp_generator, projection_discriminator
from ganlab.regularizers import r1, wgan_gp
from ganlab.training import GAN, Penalty, train
from ganlab.training.distributed import Group
from ganlab.training.ensembles import train_together
from ganlab.training.optimizers import adam
from ganlab.training.players import Player
from ganlab.training.probes import couples_samples, refuse_coupling


class Centred(nn.Module):
    """A batch mean in a forward, of which no type tells."""

    def forward(self, x):
        return x - x.mean(0)


class Around(nn.Module):
    """The same, written into the network itself, around layers that are innocent."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 4), nn.Linear(4, 1)

    def forward(self, x):
        hidden = self.first(x)
        return self.last(hidden / hidden.std(0)).squeeze(1)


class Across(nn.Module):
    """Attention of the samples of a batch to each other: the batch where the sequence should stand."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(2, 1, batch_first=True)

    def forward(self, x):
        return self.attention(x[None], x[None], x[None])[0][0]


class Forgetful(nn.Module):
    """Dropout as a function."""

    def forward(self, x):
        return dropout(x, 0.5, self.training)


class Rounded(torch.autograd.Function):
    """A square whose gradient has no derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


class Square(nn.Module):
    def forward(self, x):
        return Rounded.apply(x)


def critic(*layers):
    return nn.Sequential(*layers, nn.Linear(2, 1), nn.Flatten(0)).double()


def game(discriminator, *, generator=None, penalties=(), **settings):
    rng = torch.Generator().manual_seed(0)
    generator = mlp_generator(2, (2,), width=4, rng=rng).double() if generator is None else generator
    return GAN(generator, discriminator, minimax, rng, penalties=penalties, **settings)


COUPLED = {
    "a layer": (critic(Centred()), "layer `0` is a Centred"),
    "inside a layer": (critic(nn.Sequential(nn.Tanh(), Across())), "layer `0.1` is a Across"),
    "around layers": (Around().double(), "layer `Around` is a Around"),
    "a type": (critic(nn.BatchNorm1d(2)), "layer `0` is a BatchNorm1d"),
    "a type at rest": (critic(nn.BatchNorm1d(2)).eval(), "layer `0` is a BatchNorm1d"),
}


@pytest.mark.parametrize("name", COUPLED)
def test_a_coupling_of_samples_is_seen_by_what_it_does_and_named_by_its_layer(name):
    network, message = COUPLED[name]
    with pytest.raises(ValueError, match=rf"{message}, which couples the samples of a batch; r1 needs"):
        game(network, penalties=[Penalty(r1, 1.0)])
    assert not game(network).rules.joint
    with pytest.raises(ValueError, match=rf"{message}.*a batch shared between processes needs"):
        game(network, group=Group(0, 2))


def test_a_coupled_generator_cannot_share_a_batch_and_may_stand_alone():
    generator = nn.Sequential(nn.Linear(2, 2), Centred()).double()
    generator.latent_dim = 2
    game(critic(), generator=generator, penalties=[Penalty(r1, 1.0)])
    with pytest.raises(ValueError, match="layer `1` is a Centred"):
        game(critic(), generator=generator, group=Group(0, 2))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_layers_that_keep_samples_apart_are_let_through_at_any_scale(scale):
    network = nn.Sequential(
        *(nn.Linear(6, 6), nn.LayerNorm(6), nn.Unflatten(1, (3, 2)), nn.GroupNorm(1, 3), nn.Conv1d(3, 4, 1)),
        *(nn.InstanceNorm1d(4), nn.TransformerEncoderLayer(2, 1, 4, dropout=0.0, batch_first=True)),
        *(nn.Flatten(), nn.Linear(8, 1), nn.Flatten(0)),
    ).float()
    x = scale * torch.randn(5, 6, dtype=torch.float32)
    assert not couples_samples(network, x)
    refuse_coupling(network, x, penalty="r1")


def test_labels_stand_beside_the_samples():
    rng = torch.Generator().manual_seed(0)
    generator = conditional_generator(2, (2,), classes=3, rng=rng).double()
    discriminator = projection_discriminator((2,), classes=3, rng=rng).double()
    GAN(generator, discriminator, minimax, rng, penalties=[Penalty(wgan_gp, 1.0)])


def test_packs_are_samples():
    rng = torch.Generator().manual_seed(0)
    discriminator = mlp_discriminator((4,), width=4, rng=rng).double()
    assert game(discriminator, penalties=[Penalty(wgan_gp, 1.0)], pack=2).rules.joint


@pytest.mark.parametrize(
    ("layer", "path"),
    [
        (nn.Dropout(0.5), "0`, a Dropout"),
        (nn.Sequential(nn.Tanh(), nn.RReLU()), "0.1`, a RReLU"),
        (Forgetful(), "0`, a Forgetful"),
    ],
)
def test_a_network_that_draws_by_itself_is_refused_by_its_layer(layer, path):
    with pytest.raises(ValueError, match=rf"`discriminator` must draw no .* as its layer `{path}, does"):
        game(critic(layer))
    generator = nn.Sequential(layer, nn.Linear(2, 2)).double()
    generator.latent_dim = 2
    with pytest.raises(ValueError, match=rf"`generator` must draw no .* as its layer `{path}, does"):
        game(critic(), generator=generator)


@pytest.mark.parametrize(
    "layer", [nn.Dropout1d(0.1), nn.AlphaDropout(0.1), nn.LSTM(2, 2, 2, dropout=0.1), nn.RReLU()]
)
def test_a_player_of_any_game_is_refused_by_the_types_of_its_layers(layer):
    with pytest.raises(
        ValueError, match=rf"`network` must draw no .* layer `1`, a {type(layer).__name__}, does"
    ):
        Player(nn.Sequential(nn.Linear(2, 2), layer), adam())
    Player(nn.Sequential(nn.Linear(2, 2), layer.eval()), adam())


def test_dropout_that_drops_nothing_trains_alone_and_stacked():
    layers = [nn.Dropout(0.0), nn.Dropout(0.5).eval()]
    games = [game(critic(*layers)) for _ in range(2)]
    batches = [data.batches(data.ring(), 8, torch.Generator(), dtype=torch.float64) for _ in games]
    train_together(games, batches, 1)
    train(games[0], batches[0], 1)


def test_a_compiled_discriminator_under_a_penalty_is_refused_by_name():
    whole = torch.compile(critic(nn.Tanh()), backend="aot_eager")
    inner = critic(nn.Tanh())
    inner[1].compile(backend="aot_eager")
    for network, place in ((whole, "a compiled module"), (inner, "layer `1`")):
        with pytest.raises(ValueError, match=f"must not be compiled where r1 is to be .*, got {place}"):
            game(network, penalties=[Penalty(r1, 1.0)])
        game(network)


def test_a_gradient_without_a_derivative_is_refused_by_the_penalty_that_needs_it():
    with pytest.raises(ValueError, match="wgan_gp needs a second derivative that the discriminator does not"):
        game(critic(Square()), penalties=[Penalty(wgan_gp, 1.0)])
    game(critic(Square()))


def test_a_probe_leaves_no_trace():
    torch.manual_seed(3)
    network = critic(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2)))
    generator = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).double()
    generator.latent_dim = 2
    kept = [{name: value.clone() for name, value in net.state_dict().items()} for net in (network, generator)]
    state = torch.get_rng_state()
    game(network, generator=generator, penalties=[Penalty(r1, 1.0)])
    assert torch.equal(torch.get_rng_state(), state)
    for before, net in zip(kept, (network, generator), strict=True):
        assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
        assert all(not module._forward_hooks and not module._forward_pre_hooks for module in net.modules())
        assert all(p.grad is None for p in net.parameters())
