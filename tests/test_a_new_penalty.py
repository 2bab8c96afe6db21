"""Penalties that no module of the package names, added here and driven through all that knows penalties.

Each is one line: a place and a price. Two are of the package's places and prices, one brings its own."""

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganlab import cli, data, facts, reports
from ganlab.evaluation import judging
from ganlab.experiments import EXPERIMENTS, build, change
from ganlab.losses import minimax, non_saturating, wasserstein
from ganlab.networks import mlp_discriminator, mlp_generator
from ganlab.regularizers import (
    AROUND_DATA,
    AT_DATA,
    BETWEEN,
    LENGTH,
    OFF_ONE,
    REGULARIZERS,
    GradientPenalty,
    Place,
    Price,
    r1,
    sample_mix,
)
from ganlab.theory.dynamics import dirac_gan, jacobian, linear_quadratic_gan
from ganlab.training import (
    GAN,
    Penalty,
    Unroll,
    discriminator_step,
    draw_for_discriminator,
    draw_for_generator,
    generator_step,
    pack,
    train,
)
from ganlab.training.distributed import Group
from ganlab.training.ensembles import train_together


def _signs(real, rng):
    return 2.0 * torch.randint(2, real.shape[:1], generator=rng).to(real.dtype) - 1


BESIDE = Place(
    "half a unit beside the data",
    ("real",),
    lambda real, fake, mix: real + 0.5 * mix.view(-1, *[1] * (real.ndim - 1)),
    _signs,
    lambda count, spread: (torch.tensor([[-1.0], [1.0]]), torch.tensor([0.5, 0.5])),
)
FOURTH = Price("n^4", lambda gradients: gradients.square().sum(1).square(), smooth=True)

NEW = {
    "gp0": GradientPenalty("gp0", BETWEEN, LENGTH),
    "two_sided": GradientPenalty("two_sided", AT_DATA, OFF_ONE),
    "beside": GradientPenalty("beside", BESIDE, FOURTH),
}
POINTS = {
    "gp0": lambda real, fake, mix: fake + mix[:, None] * (real - fake),
    "two_sided": lambda real, fake, mix: real,
    "beside": lambda real, fake, mix: real + 0.5 * mix[:, None],
}
PRICES = {"gp0": lambda n: n**2, "two_sided": lambda n: (n - 1) ** 2, "beside": lambda n: n**4}
SLOPES = {"gp0": lambda n: 2 * n, "two_sided": lambda n: 2 * (n - 1), "beside": lambda n: 4 * n**3}

new = pytest.mark.parametrize("name", NEW)


@pytest.fixture(autouse=True)
def _in_the_table(monkeypatch):
    for name, penalty in NEW.items():
        monkeypatch.setitem(REGULARIZERS, name, penalty)


def game(seed=3, loss=non_saturating, count=1, **settings):
    rng = torch.Generator().manual_seed(seed)
    generator = mlp_generator(2, (2,), width=8, rng=rng).double()
    discriminator = mlp_discriminator((2 * count,), width=8, rng=rng).double()
    gan = GAN(generator, discriminator, loss, rng, pack=count, **settings)
    return gan, data.batches(data.ring(), 16, torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(name, critic, real, fake, mix):
    """The price of PyTorch's own gradient at points that are written out here."""
    points = POINTS[name](real, fake, mix).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return PRICES[name](gradient.square().sum(1).sqrt()).mean()


@new
def test_it_charges_what_its_formula_says(name, rng):
    """A critic x^T A x with slopes (A + A^T) x, in NumPy."""
    a, real, fake = (torch.randn(n, 3, generator=rng) for n in (3, 6, 6))
    mix = sample_mix(NEW[name], real, rng=rng)
    slopes = POINTS[name](real, fake, mix).numpy() @ (a + a.T).numpy()
    expected = PRICES[name](np.sqrt((slopes**2).sum(1))).mean()
    value = NEW[name](lambda x: torch.einsum("ni,ij,nj->n", x, a, x), real, fake, mix=mix)
    assert_close(value.item(), expected, rtol=1e-12, atol=0)


@new
@pytest.mark.parametrize("count", [1, 2])
def test_it_trains_and_is_recorded_with_its_weight_when_it_is_due(name, count):
    gan, batches = game(count=count, penalties=[Penalty(NEW[name], 0.3, every=2)])
    drawn = draw_for_discriminator(gan, batches)
    real, fake = pack(drawn.real, count), pack(gan.generator(drawn.latents).detach(), count)
    expected = 2 * 0.3 * by_hand(name, gan.discriminator, real, fake, drawn.mixes[0])
    assert expected > 0
    assert_close(discriminator_step(gan, drawn)["penalty"], expected.detach(), rtol=1e-12, atol=0)
    assert discriminator_step(gan, draw_for_discriminator(gan, batches))["penalty"] == 0


@new
def test_it_stacks_over_seeds(name):
    settings = {"penalties": [Penalty(NEW[name], 0.3), Penalty(r1, 0.1, every=2)]}
    together, alone = ([game(seed, **settings) for seed in (3, 4)] for _ in range(2))
    history = train_together(*map(list, zip(*together, strict=True)), 10)
    for index, pair in enumerate(alone):
        single = train(*pair, 10)
        for column in single.columns:
            assert_close(history[column][:, index], single[column], rtol=0, atol=1e-10)


@new
def test_an_unrolled_discriminator_pays_it_ahead(name):
    """Truth: a copy descended by torch.optim.SGD, and differences of its loss along the generator."""
    gan, batches = game(loss=minimax, unroll=Unroll(2, 0.3), penalties=[Penalty(NEW[name], 0.3)])
    drawn = draw_for_generator(gan, batches)
    rng = torch.Generator().manual_seed(9)
    direction = [torch.randn(p.shape, generator=rng) for p in gan.generator.parameters()]
    before, discriminator = deepcopy(gan.generator), deepcopy(gan.discriminator)

    def value(shift):
        moved, ahead = deepcopy(before), deepcopy(discriminator)
        sgd = torch.optim.SGD(ahead.parameters(), lr=0.3)
        with torch.no_grad():
            for parameter, along in zip(moved.parameters(), direction, strict=True):
                parameter += shift * along
            fake = moved(drawn.latents)
        for _ in range(2):
            sgd.zero_grad()
            cost = 0.3 * by_hand(name, ahead, drawn.real, fake, drawn.mixes[0])
            (minimax.discriminator(ahead(drawn.real), ahead(fake)) + cost).backward()
            sgd.step()
        return minimax.generator(ahead(drawn.real), ahead(fake)).item()

    found = []
    gan.players["generator"].stepper.register_step_pre_hook(
        lambda *_: found.extend(p.grad.clone() for p in gan.generator.parameters())
    )
    assert_close(generator_step(gan, drawn)["g_loss"].item(), value(0.0), rtol=1e-12, atol=0)
    slope = sum((gradient * along).sum() for gradient, along in zip(found, direction, strict=True))
    assert_close(slope.item(), (value(1e-5) - value(-1e-5)) / 2e-5, rtol=1e-6, atol=1e-9)


@new
def test_processes_share_what_it_draws(name):
    whole = draw_for_discriminator(*game(penalties=[Penalty(NEW[name], 1.0)]))
    halves = [
        draw_for_discriminator(*game(penalties=[Penalty(NEW[name], 1.0)], group=Group(rank, 2)))
        for rank in (0, 1)
    ]
    if whole.mixes[0] is None:
        assert halves[0].mixes == halves[1].mixes == (None,)
    else:
        assert_close(torch.cat([half.mixes[0] for half in halves]), whole.mixes[0], rtol=0, atol=0)


@new
def test_the_dirac_gan_feels_its_derivative(name):
    """The slope is |ψ| everywhere, so that the pull is the derivative of the price, towards 0 for ψ > 0."""
    state = torch.tensor([0.7, -1.5])
    pull = dirac_gan(wasserstein, penalty=NEW[name], weight=0.25)(state) - dirac_gan(wasserstein)(state)
    assert_close(pull, torch.tensor([0.0, 0.25 * SLOPES[name](1.5)]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("place", [BETWEEN, AROUND_DATA], ids=lambda place: place.name)
def test_the_quadratic_game_sees_points_that_are_drawn(place):
    """The moments of x̂ by hand; the pull is ∂/∂(w, u) of E (2 w x̂ + u)^2 = 4 w^2 m2 + 4 w u m1 + u^2."""
    a, b, w, u = state = [1.5, 0.5, -0.4, 0.3]
    mean, std = 0.8, 1.2
    first, second, other = mean, mean**2 + std**2, a * a + b * b
    m1, m2 = {
        BETWEEN.name: ((mean + b) / 2, (second + other + mean * b) / 3),
        AROUND_DATA.name: (first, second + (0.5 * std) ** 2),
    }[place.name]
    fields = [
        linear_quadratic_gan(wasserstein, mean=mean, std=std, **settings)
        for settings in ({}, {"penalty": GradientPenalty("own", place, LENGTH), "weight": 1.0})
    ]
    plain, penalised = (field(torch.tensor(state)) for field in fields)
    pull = torch.tensor([0, 0, 8 * w * m2 + 4 * u * m1, 4 * w * m1 + 2 * u])
    assert_close(plain - penalised, pull, rtol=1e-10, atol=1e-10)
    z = torch.tensor(state)
    steps = 1e-6 * torch.eye(4)
    slopes = [(fields[1](z + step) - fields[1](z - step)) / 2e-6 for step in steps]
    assert_close(jacobian(fields[1], z), torch.stack(slopes, 1), rtol=1e-6, atol=1e-6)


def test_the_quadratic_game_refuses_a_kink_by_name():
    with pytest.raises(ValueError, match=r"must have the price n\^2.*two_sided: \(n - 1\)\^2 at the data"):
        linear_quadratic_gan(wasserstein, penalty=NEW["two_sided"], weight=1.0)
    with pytest.raises(
        TypeError, match=r"`function` must be a GradientPenalty, a place and a price, got <func"
    ):
        Penalty(by_hand, 1.0)
    with pytest.raises(TypeError, match=r"must be a GradientPenalty, a place and a price, got <function"):
        dirac_gan(wasserstein, penalty=by_hand, weight=1.0)


@new
def test_it_has_a_name_on_the_command_line_and_resumes(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reports, "picture", lambda *_: None)
    monkeypatch.setitem(judging.KINDS, "mixture", judging.KINDS["mixture"]._replace(samples=100))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    arguments = [
        "train",
        "--regularizer",
        f"{name}=0.5:2",
        "--steps",
        "4",
        "--batch-size",
        "16",
        "--out",
        "run",
    ]
    assert cli.main(arguments) == 0
    stored = json.loads(Path("run/request.json").read_text())["experiment"]
    assert stored["regularizers"] == [[name, 0.5, 2]]
    assert json.loads(Path("run/history.json").read_text())
    capsys.readouterr()
    assert cli.main(["list", "--json"]) == 0
    assert name in json.loads(capsys.readouterr().out)["regularizers"]
    assert cli.main(["train", "--regularizer", "gp9=1", "--steps", "1", "--out", "other"]) == 2
    assert name in capsys.readouterr().err


@new
def test_a_set_up_may_have_it_and_normalised_batches_may_not(name):
    gan = build(change(EXPERIMENTS["ring"], regularizers=((name, 0.2),))).gan
    assert gan.penalties[0].function is NEW[name]
    rng = torch.Generator().manual_seed(0)
    coupled = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match=rf"layer `1` is a BatchNorm1d.*{name} needs"):
        GAN(
            mlp_generator(2, (2,), rng=rng).double(),
            coupled,
            minimax,
            rng,
            penalties=[Penalty(NEW[name], 1.0)],
        )


def test_the_table_says_what_each_is_and_whether_it_draws():
    told = facts.table("regularizers")
    assert told["gp0"] == {"place": "between", "price": "n^2", "reads": ["real", "fake"], "draws": True}
    assert told["two_sided"] == {
        "place": "at the data",
        "price": "(n - 1)^2",
        "reads": ["real"],
        "draws": False,
    }


def test_a_place_says_what_it_reads_and_draws_as_it_integrates():
    with pytest.raises(ValueError, match=r"`reads` must hold 'real', 'fake' or both, got \('noise',\)"):
        Place("nowhere", ("noise",), lambda real, fake, mix: real)
    with pytest.raises(
        ValueError, match="`draw` and `nodes` must both be given or neither, got one for half"
    ):
        Place("half", ("real",), lambda real, fake, mix: real, _signs)
