"""Unpaired translation: the game of four players against PyTorch written out, stopped, and side by side."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganlab import data
from ganlab.evaluation.translations import symmetry, translated
from ganlab.experiments import EXPERIMENTS, building, change, draws
from ganlab.losses import LOSSES
from ganlab.networks import TRANSLATORS, mlp_discriminator, mlp_translator, still_translator
from ganlab.training import Translation, load_checkpoint, save_checkpoint, train, train_together
from ganlab.training.states import state
from ganlab.training.translation import Crossing, translators_objective

RINGS = data.turned_rings()
SMALL = change(EXPERIMENTS["turned_rings"], float64=True, width=8, batch_size=16, steps=6, ema=0.9)


def made(seed=0, **settings):
    return building.build(change(SMALL, **settings), seed=seed)


def numbers(game):
    return {name: value.clone() for name, value in state(game).items()}


def assert_same(ours, truth, **tolerance):
    assert ours.keys() == truth.keys()
    for name in truth:
        assert_close(
            ours[name], truth[name], check_dtype=False, msg=lambda text, n=name: f"{n}: {text}", **tolerance
        )


def test_four_players_move_as_a_plain_loop_moves_them():
    settings = {"schedule": "constant", "cycle": 10.0, "pairs": 3, "move": 2.0, "ema": None}
    setup, other = made(**settings), made(**settings)
    game, batches = other.gan, other.batches
    there, back, source_critic, target_critic = (copy.deepcopy(p.network) for p in game.players.values())
    known, wanted = game.pairs
    translators = torch.optim.Adam([*there.parameters(), *back.parameters()], 1e-3, (0.5, 0.999))
    critics = torch.optim.Adam([*source_critic.parameters(), *target_critic.parameters()], 1e-3, (0.5, 0.999))
    bce = nn.functional.binary_cross_entropy_with_logits
    one, zero = torch.ones(16, dtype=torch.float64), torch.zeros(16, dtype=torch.float64)
    for step in range(5):
        x, y = next(batches)
        critics.zero_grad()
        loss = bce(target_critic(y), one) + bce(target_critic(there(x).detach()), zero)
        (loss + bce(source_critic(x), one) + bce(source_critic(back(y).detach()), zero)).backward()
        critics.step()
        x, y = next(batches)
        translators.zero_grad()
        loss = bce(target_critic(there(x)), one) + bce(source_critic(back(y)), one)
        loss = loss + 10 * ((back(there(x)) - x).abs().mean() + (there(back(y)) - y).abs().mean())
        fading = 2.0 * max(0.0, 1 - step / 3)  # gone after half of the six steps
        loss = loss + fading * ((there(x) - x).square().mean() + (back(y) - y).square().mean())
        loss = loss + 10 * ((there(known) - wanted).square().mean() + (back(wanted) - known).square().mean())
        loss.backward()
        translators.step()
    train(setup.gan, setup.batches, 5)
    for player, truth in zip(
        setup.gan.players.values(), (there, back, source_critic, target_critic), strict=True
    ):
        for ours, theirs in zip(player.network.parameters(), truth.parameters(), strict=True):
            assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_stop_and_a_resume_leave_no_trace_bit_for_bit(tmp_path):
    whole = made()
    train(whole.gan, whole.batches, 6)
    cut = made()
    save_checkpoint(tmp_path, cut.gan, cut.batches, train(cut.gan, cut.batches, 4))
    late = made()
    history = load_checkpoint(tmp_path, late.gan, late.batches)
    train(late.gan, late.batches, 2, history=history)
    assert len(history) == 6
    assert_same(numbers(late.gan), numbers(whole.gan), rtol=0, atol=0)


@pytest.mark.parametrize(
    "settings", [{"cycle": 0.0}, {"pairs": 2}, {"move": 1.0, "loss": "relativistic_pairing"}]
)
def test_seeds_side_by_side_are_those_seeds_alone(settings):
    setups = [made(seed, **settings) for seed in (0, 1)]
    together = train_together([s.gan for s in setups], [s.batches for s in setups], 4)
    alone = made(1, **settings)
    history = train(alone.gan, alone.batches, 4)
    assert_same(numbers(setups[1].gan), numbers(alone.gan), rtol=1e-10, atol=1e-12)
    assert_close(together.of_run(1).values, history.values, rtol=1e-10, atol=1e-12)


def test_samples_depend_on_no_other_sample_and_move_nothing():
    game = made()[0]
    points = game.given(8, torch.Generator().manual_seed(1))
    game.given = lambda count, _: points[:count]
    for name in ("there", "back"):
        player = game.players[name]
        player.network.layers = nn.Sequential(nn.BatchNorm1d(2).double(), *player.network.layers)
    before = numbers(game)
    few, many = (game.sample(n, torch.Generator(), average=False) for n in (4, 8))
    assert_close(few, many[:4], rtol=1e-12, atol=0)
    assert all(torch.equal(value, numbers(game)[name]) for name, value in before.items())
    assert game.generator.training


@pytest.mark.parametrize("sizes", [(4, 1), (4, 3)])
def test_pairs_that_do_not_pair_are_refused(sizes):
    game = made()[0]
    points = game.given(8, torch.Generator().manual_seed(1))
    networks = [player.network for player in game.players.values()]
    pairs = tuple(points[:size] for size in sizes)
    with pytest.raises(ValueError, match=r"`pairs` must be two tensors of as many samples of shape \(2,\)"):
        Translation(*networks, game.loss, given=game.given, pairs=pairs)


def test_a_state_of_other_weights_of_the_cycle_is_refused():
    with pytest.raises(ValueError, match=r"`cycle` was 10\.0, and is 3\.0"):
        made(cycle=3.0).gan.load_state(made().gan.state())


def test_the_true_maps_have_neither_cycle_nor_pair_error_and_a_known_move():
    networks = {"there": RINGS.ahead, "back": RINGS.undo}
    networks |= {name: lambda x: torch.zeros(len(x)) for name in ("source_critic", "target_critic")}
    rng = torch.Generator().manual_seed(0)
    x, y = RINGS.draw(20_000, rng)
    pairs = RINGS.pairs(4, rng)
    total, row = translators_objective(
        networks, Crossing(x, y, pairs, torch.tensor([1.0, 0.0, 1.0])), LOSSES["hinge"]
    )
    assert_close(row["cycle"], torch.tensor(0.0), atol=1e-6, rtol=0)
    assert_close(total, torch.tensor(0.0), atol=1e-6, rtol=0)
    # (1/2) E|Ax - x|^2 = (c/2) |A - 1|_F^2 with E xx^T = c 1, c = 1/2 + 0.05^2, and twice, there and back
    matrix = RINGS.ahead(torch.eye(2, dtype=torch.float64)).T
    move = (0.5 + 0.05**2) * (matrix - torch.eye(2)).square().sum()
    assert_close(row["move"].double(), move, rtol=2e-2, atol=0)


def test_a_ring_turned_by_a_corner_is_itself_and_the_measures_say_which_turn():
    fifth = data.turned_rings(72.0, stretch=(1.0, 1.0))
    rng = torch.Generator().manual_seed(0)
    found = translated(RINGS, lambda x: RINGS.ahead(fifth.ahead(x)), lambda y: fifth.undo(RINGS.undo(y)), rng)
    assert (found["right"], found["modes"], found["symmetry"]) == (0.0, 5, 1)
    assert found["cycle_error"] < 1e-12
    # every point moves by the chord of 72 degrees of its own circle; E|x|^2 = 1 + 2 (0.05)^2
    chord = 2 * torch.sin(torch.deg2rad(torch.tensor(36.0))) * (1 + 2 * 0.05**2) ** 0.5
    assert_close(found["map_error"], chord.item(), rtol=1e-2, atol=0)


def test_symmetries_are_numbered_turns_first():
    corners = torch.arange(5)
    turns = [symmetry(corners, (corners + j) % 5, 5) for j in range(5)]
    flips = [symmetry(corners, (j - corners) % 5, 5) for j in range(5)]
    assert turns + flips == list(range(10))
    others = [p for p in torch.cartesian_prod(*[corners] * 5) if len(set(p.tolist())) == 5]
    assert sum(symmetry(corners, p, 5) is not None for p in others) == 10  # of 120 orders


def test_both_sides_of_the_digits_have_no_image_in_common_and_judge_as_the_negative():
    digits = data.inverted_digits()
    both = {bytes(image.numpy()) for side in (digits.source, digits.others) for image in side.pixels}
    assert len(both) == 1797  # scikit-learn's digits are all different
    rng = torch.Generator().manual_seed(0)
    negative, same = (translated(digits, f, f, rng) for f in (torch.neg, lambda x: x))
    assert negative["map_error"] == 0
    assert negative["right"] == pytest.approx(negative["real_right"], abs=0.02)
    assert negative["right"] > 0.95
    assert same["right"] < 0.2


def test_a_still_translator_starts_as_the_identity_and_can_leave_it(rng):
    translator, x = still_translator((1, 4, 4), rng=rng, width=8), torch.randn(3, 1, 4, 4, generator=rng)
    assert_close(translator(x), x, rtol=0, atol=0)
    translator(x).square().sum().backward()
    assert translator.layers[-1].weight.grad.abs().max() > 0


def test_a_pixel_of_a_translated_image_sees_no_farther_than_its_convolutions(rng):
    translator = TRANSLATORS["convolutions"]((1, 12, 12), rng=rng, width=4, depth=1)
    x = torch.randn(1, 1, 12, 12, generator=rng).requires_grad_()
    (slopes,) = torch.autograd.grad(translator(x)[0, 0, 6, 6], x)
    seen = slopes[0, 0].abs() > 0
    assert seen[4:9, 4:9].all()
    assert seen.sum() == 25


def test_samples_of_a_game_are_translations_of_its_source():
    setup = made(ema=None)
    drawn = draws.samples_of(setup.gan, 7, draws.stream())
    x, _ = RINGS.held_out(7, draws.stream(), dtype=torch.float64)
    assert_close(drawn, setup.gan.players["there"].network(x).detach(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("turned_rings", {"pack": 2}, "`pack` must be left out for turned_rings, which has two sides, got 2"),
        ("ring", {"cycle": 1.0}, "`cycle` must be left out for ring, which has no two sides"),
        ("turned_rings", {"cycle": -1.0}, "`cycle` must be at least 0, got -1.0"),
        (
            "turned_rings",
            {"translator": "convolutions"},
            "`translator` must not be convolutions for the points",
        ),
        ("turned_rings", {"translator": "mpl"}, "did you mean 'mlp'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(name, settings, message):
    with pytest.raises(ValueError, match=message):
        change(EXPERIMENTS[name], **settings)


def test_networks_that_do_not_fit_are_refused(rng):
    points = [mlp_translator((2,), rng=rng) for _ in range(2)]
    critics = [mlp_discriminator((2,), rng=rng) for _ in range(2)]
    given = {"given": lambda n, r: RINGS.source.sample(n, r)}
    with pytest.raises(ValueError, match="`back` must keep the shape of a sample"):
        Translation(points[0], nn.Linear(2, 3), *critics, LOSSES["hinge"], **given)
    with pytest.raises(ValueError, match="`target_critic` must return raw scores of shape"):
        Translation(*points, critics[0], nn.Linear(2, 1), LOSSES["hinge"], **given)
    game = Translation(*points, *critics, LOSSES["hinge"], **given)
    with pytest.raises(TypeError, match="`batches` must give samples of both sides"):
        train(game, data.batches(RINGS.source, 4, rng), 1)
