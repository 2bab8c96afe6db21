"""Named set-ups: each can be built and takes a step, the seed fixes all of it, and errors name names."""

import itertools
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganlab import data, reports, training
from ganlab.experiments import (
    EXPERIMENTS,
    SCHEDULES,
    build,
    build_game,
    catalogue,
    change,
    default,
    from_dict,
    load_source,
    look_up,
    to_dict,
)
from ganlab.networks import NETWORKS
from ganlab.training.ensembles import train_all

LOCAL = [name for name, experiment in EXPERIMENTS.items() if not data.DATASETS[experiment.data].files]
DIGITS = EXPERIMENTS["digits"]


@pytest.mark.parametrize("name", LOCAL)
def test_every_set_up_builds_and_takes_a_step(name):
    experiment = EXPERIMENTS[name]
    setup = build(change(experiment, batch_size=32), seed=1)
    history = training.train(setup.gan, setup.batches, 1, n_critic=experiment.n_critic)
    assert all(math.isfinite(history[column][0]) for column in history.columns)
    assert setup.gan.dtype == (torch.float64 if experiment.float64 else torch.float32)
    assert (setup.gan.average is None) == (experiment.ema is None)


def test_the_seed_fixes_networks_data_and_draws():
    def numbers(seed):
        torch.rand(seed + 3)  # the global stream plays no part
        setup = build(change(EXPERIMENTS["ring"], batch_size=16), seed=seed)
        training.train(setup.gan, setup.batches, 2)
        return torch.cat([value.flatten().double() for value in setup.gan.state().values()])

    assert torch.equal(numbers(5), numbers(5))
    assert not torch.equal(numbers(5), numbers(6))


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_the_default_dtype_changes_nothing(name):
    states = []
    for dtype in (torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        setup = build(change(EXPERIMENTS[name], batch_size=8))
        training.train(setup.gan, setup.batches, 2)
        states.append(setup.gan.state())
        assert torch.get_default_dtype() == dtype
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_settings_reach_the_game():
    setup = build(
        change(
            EXPERIMENTS["ring"],
            loss="minimax",
            smoothing=0.1,
            fake_label=0.2,
            regularizers=(("r1", 0.5), ("wgan_gp", 0.1, 16)),
            learning_rates=(1e-3, 2e-3),
            betas=(0.0, 0.99),
            schedule="linear",
            steps=100,
        )
    )
    gan = setup.gan
    applied = [(penalty.function.__name__, penalty.weight, penalty.every) for penalty in gan.penalties]
    assert applied == [("r1", 0.5, 1), ("wgan_gp", 0.1, 16)]
    assert gan.d_optimizer.param_groups[0]["lr"] == 2e-3
    assert gan.g_optimizer.param_groups[0]["betas"] == (0.0, 0.99)
    assert gan.schedule(50) == 0.5
    assert gan.loss.name == "minimax, labels 0.9 and 0.2"


TINY = change(EXPERIMENTS["ring"], batch_size=16, width=8)
FURTHER = {
    "sgd": {"optimizer": "sgd"},
    "rmsprop and clipping": {"optimizer": "rmsprop", "clip": 0.01, "loss": "wasserstein", "n_critic": 2},
    "spectral norm": {"spectral_norm": True, "loss": "hinge"},
    "classes": {"conditional": True},
    "classes that are guessed": {"conditional": True, "condition": "auxiliary", "class_weight": 0.5},
    "twin classifiers": {"conditional": True, "condition": "twin", "regularizers": (("r1", 0.1),)},
    "classes under a spectral norm": {
        "conditional": True,
        "condition": "concatenation",
        "spectral_norm": True,
    },
    "classes and penalties": {"conditional": True, "regularizers": (("r1", 0.1), ("wgan_gp", 0.1, 2))},
    "spread and unrolling": {"minibatch_std": True, "unroll": (2, 0.1), "pack": 2},
}


@pytest.mark.parametrize("settings", FURTHER.values(), ids=FURTHER.keys())
@pytest.mark.parametrize("seeds", [(0,), (0, 4)], ids=len)
def test_what_the_package_has_can_be_asked_of_a_set_up(settings, seeds):
    experiment = change(TINY, **settings)
    setups = [build(experiment, seed=seed) for seed in seeds]
    games, streams = [setup.gan for setup in setups], [setup.batches for setup in setups]
    before = [torch.nn.utils.parameters_to_vector(game.discriminator.parameters()) for game in games]
    history = train_all(games, streams, 2, n_critic=experiment.n_critic)
    assert history.values.isfinite().all()
    for game, start in zip(games, before, strict=True):
        assert {player.optimizer.name for player in game.players.values()} == {experiment.optimizer}
        weights = torch.nn.utils.parameters_to_vector(game.discriminator.parameters()).detach()
        assert not torch.equal(weights, start)
        assert (weights.abs().max() <= 0.01).item() == (experiment.clip == 0.01)
        assert game.classes == (8 if experiment.conditional else None)
        assert reports.samples_of(game, 9, torch.Generator().manual_seed(0)).shape == (9, 2)


def test_a_spectrally_normalised_discriminator_has_layers_of_norm_one():
    game = build_game(change(TINY, spectral_norm=True), seed=1)
    layers = [layer for layer in game.discriminator.modules() if isinstance(layer, torch.nn.Linear)]
    norms = [torch.linalg.svdvals(layer.weight.detach())[0].item() for layer in layers]
    assert len(norms) == 4
    assert norms == pytest.approx([1.0] * 4, rel=0.05)
    plain = build_game(TINY, seed=1)
    assert all(torch.equal(game.state()[f"generator.{name}"], value) for name, value in _weights(plain))


def _weights(game):
    return game.generator.state_dict().items()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture_can_be_told_a_class(name):
    experiment = change(DIGITS, network=name, width=None, discriminator_width=None, batch_size=8)
    setup = build(change(experiment, conditional=True, minibatch_std=True))
    pictures, labels = next(setup.batches)
    assert (pictures.shape, labels.shape) == ((8, 1, 8, 8), (8,))
    assert torch.isfinite(training.train(setup.gan, setup.batches, 1).values).all()


@pytest.mark.parametrize("name", [name for name, entry in data.DATASETS.items() if not entry.files])
def test_a_data_set_has_as_many_labels_as_its_entry_says(name):
    entry = data.DATASETS[name]
    source = entry.load()
    if entry.classes is None:
        assert entry.kind.startswith("unpaired") or not hasattr(source, "draw")
        return
    rng = torch.Generator().manual_seed(0)
    labels = source.draw(60_000, rng)[1] if hasattr(source, "draw") else source.labels
    assert labels.unique().tolist() == list(range(entry.classes))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture_serves_images_with_packing_and_the_minibatch_statistic(name):
    packed = change(DIGITS, network=name, width=None, discriminator_width=None, batch_size=8, pack=2)
    setup = build(change(packed, minibatch_std=True))
    assert torch.isfinite(training.train(setup.gan, setup.batches, 1).values).all()
    plain = build_game(packed)
    counts = [sum(weight.numel() for weight in gan.discriminator.parameters()) for gan in (setup.gan, plain)]
    assert counts[0] > counts[1]  # the last layer reads one number more
    assert setup.gan.pack == plain.pack == 2


def test_few_images_are_learnt_from_and_each_seed_has_its_own():
    few = change(DIGITS, few=40, batch_size=20)
    whole = load_source(few)
    seen = []
    for seed in (0, 0, 1):
        setup = build(few, seed=seed, source=whole)
        assert setup.source is whole  # which samples are judged by
        met = [torch.cat([next(setup.batches) for _ in range(2)]).flatten(1) for _ in range(3)]
        epochs = [epoch.unique(dim=0) for epoch in met]
        assert len(epochs[0]) == 40
        assert all(torch.equal(epoch, epochs[0]) for epoch in epochs)
        seen.append(epochs[0])
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
    labels = {tuple(pixels.tolist()): int(label) for pixels, label in zip(*_whole(whole), strict=True)}
    pictures, classes = next(build(change(few, conditional=True), source=whole).batches)
    told = [labels[tuple(picture.tolist())] for picture in pictures.flatten(1)]
    assert told == classes.tolist()
    with pytest.raises(ValueError, match="`few` must be at most 1437, the number of images, got 1438"):
        build(change(few, few=1438), source=whole)


def _whole(images):
    return images.batch(torch.arange(len(images))).flatten(1), images.labels


def test_the_average_of_a_set_up_is_drawn_from_with_statistics_of_its_own():
    small = change(DIGITS, network="dcgan", width=4, discriminator_width=4, batch_size=8, ema=0.5)
    drawn = []
    for count in (0, 2):
        gan, batches, _ = build(change(small, ema_batches=count))
        training.train(gan, batches, 3)
        drawn += [
            reports.samples_of(gan, 4, torch.Generator().manual_seed(0), average=which)
            for which in (None, True, False)
        ]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[3], drawn[4])
    assert not torch.equal(drawn[0], drawn[3])
    assert torch.equal(drawn[2], drawn[5])


def test_a_width_of_none_is_the_default_of_the_architecture():
    wide = change(DIGITS, network="dcgan", width=64, discriminator_width=64)
    default = change(DIGITS, network="dcgan", width=None, discriminator_width=None)
    states = [build_game(experiment).state() for experiment in (wide, default)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_instance_noise_falls_on_a_line_to_nothing():
    gan = build_game(change(EXPERIMENTS["ring"], instance_noise=0.8, steps=4))
    levels = []
    for gan.step in range(6):
        levels.append(gan.noise_level)
    assert levels == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0, 0.0])


@pytest.mark.parametrize("name", [name for name, entry in data.DATASETS.items() if not entry.files])
def test_a_game_without_its_data_is_the_game_with_it(name):
    experiment = change(default(name), batch_size=4)
    setup = build(experiment, seed=2)
    alone = build_game(experiment, seed=2)
    drawn = next(setup.batches)
    for samples in drawn if isinstance(drawn, tuple) else (drawn,):
        assert samples.shape == (4, *data.DATASETS[name].shape) == (4, *alone.sample_shape)
    assert all(torch.equal(value, alone.state()[key]) for key, value in setup.gan.state().items())


def test_stacked_digits_show_three_digits_in_three_channels():
    source = data.DATASETS["stacked"].load()
    pictures, modes = source.draw(5, torch.Generator().manual_seed(0))
    known = data.digits()
    everything = known.batch(torch.arange(len(known)))
    for picture, mode in zip(pictures, modes.tolist(), strict=True):
        for channel, digit in zip(picture, (mode // 100, mode // 10 % 10, mode % 10), strict=True):
            match = (everything[:, 0] == channel).all(-1).all(-1)
            assert digit in known.labels[match].tolist()


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_start_at_one_fall_and_end_at_one_percent(name):
    factors = [SCHEDULES[name](share / 100) for share in range(101)]
    assert factors[0] == pytest.approx(1.0)
    assert all(a >= b > 0 for a, b in itertools.pairwise(factors))
    assert factors[-1] == pytest.approx(1.0 if name == "constant" else 0.01)


def test_the_cosine_schedule_is_half_way_down_at_half_time():
    assert SCHEDULES["cosine"](0.5) == pytest.approx(0.505)


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS.keys())
def test_settings_survive_being_written_down(experiment):
    import json

    assert from_dict(json.loads(json.dumps(to_dict(experiment)))) == experiment


def test_stored_settings_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="the stored settings must be those of an experiment"):
        from_dict({"data": "ring", "colour": "blue"})


def test_every_data_set_has_a_set_up_of_its_own():
    assert all(EXPERIMENTS[name] == default(name) for name in data.DATASETS)
    assert all(EXPERIMENTS[name].data == name for name in data.DATASETS)
    with pytest.raises(ValueError, match=r"`data` must be one of ring, .*did you mean 'swiss_roll'"):
        default("swis_roll")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": "celeba"}, "`data` must be one of ring"),
        ({"loss": "hing"}, "did you mean 'hinge'"),
        (
            {"schedule": "cos"},
            "`schedule` must be one of constant, linear, cosine, got 'cos'; did you mean 'cosine'",
        ),
        ({"regularizers": (("r9", 1.0),)}, "`regularizer` must be one of"),
        ({"regularizers": (("r1", -1.0),)}, "the weight of `r1` must be at least 0, got -1"),
        ({"regularizers": (("r1", 1.0, 0),)}, "the interval of `r1` must be a positive integer, got 0"),
        ({"network": "dcgn"}, "`network` must be one of mlp, .*did you mean 'dcgan'"),
        ({"network": "dcgan"}, "`network` must be mlp for the points of ring, got 'dcgan'"),
        ({"pack": 0}, "`pack` must be at least 1, got 0"),
        ({"pack": 3}, "`batch_size` must be a multiple of `pack`, 3, got 256"),
        ({"instance_noise": -0.1}, "`instance_noise` must be at least 0, got -0.1"),
        ({"steps": 0}, "`steps` must be at least 1, got 0"),
        ({"latent_dim": 0}, "`latent_dim` must be at least 1, got 0"),
        ({"learning_rates": (1e-3, -1.0)}, "`learning_rates` must be positive"),
        ({"smoothing": 1.0}, r"`smoothing` must be in \[0, 1\), got 1"),
        (
            {"smoothing": 0.1, "fake_label": 0.9},
            r"`fake_label` must be at least 0 and below the real label, 0\.9, got 0\.9",
        ),
        ({"fake_label": 0.1, "loss": "hinge"}, "to have labels that can be smoothed, got hinge"),
        (
            {"smoothing": 0.1, "loss": "hinge"},
            "`loss` must be one of minimax, non_saturating to have labels that can be smoothed, got hinge",
        ),
        ({"optimizer": "adma"}, "`optimizer` must be one of adam, sgd, rmsprop, got 'adma'; did you mean 'a"),
        ({"betas": (0.5, 1.0)}, r"`betas` must be two numbers in \[0, 1\), got \(0.5, 1.0\)"),
        ({"ema": 1.0}, r"`ema` must be in \[0, 1\), got 1.0"),
        ({"ema_batches": -1}, "`ema_batches` must be at least 0, got -1"),
        ({"ema_batches": 3, "ema": None}, "`ema_batches` must be 0 where `ema` is none, got 3"),
        ({"few": 300}, "`few` must be none for ring, which is no set of images, got 300"),
        (
            {"data": "digits", "batch_size": 64, "few": 63},
            "`few` must be at least `batch_size`, 64, or none, got 63",
        ),
        ({"clip": 0.0}, "`clip` must be positive, got 0.0"),
        ({"clip": 0.1, "spectral_norm": True}, "`clip` must be left out beside `spectral_norm`"),
        ({"condition": "twin"}, "`condition` must be left out where `conditional` is off, got 'twin'"),
        (
            {"conditional": True, "condition": "told"},
            "`condition` must be one of projection, conc.* got 'told'",
        ),
        ({"conditional": True, "pack": 2}, "`pack` must be 1 where `conditional` is on"),
        (
            {"conditional": True, "data": "swiss_roll"},
            "`conditional` needs data with labels, one of ring, grid, shared_ring, .*, got swiss_roll",
        ),
        ({"unroll": (0, 0.1)}, r"`unroll` must be at least one step and a positive rate, got \(0, 0.1\)"),
        ({"unroll": (1, 0.0)}, r"`unroll` must be at least one step and a positive rate, got \(1, 0.0\)"),
        ({"bf16": True}, "`bf16` needs networks in float32: `float64` must be off"),
        ({"width": 0}, "`width` must be at least 1, got 0"),
        ({"discriminator_width": (8, 0)}, r"`discriminator_width` must be at least 1, got \(8, 0\)"),
        (
            {"data": "digits", "network": "dcgan", "width": (8, 8)},
            r"`width` must be one number for the network dcgan, got \(8, 8\)",
        ),
    ],
)
def test_a_bad_setting_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        change(EXPERIMENTS["ring"], **settings)


def test_a_name_far_from_all_gets_no_suggestion():
    with pytest.raises(ValueError, match=r"got 'zzzz'$"):
        look_up(data.DATASETS, "zzzz", "data")


def test_a_set_up_is_looked_up_changed_and_written_down_without_torch():
    code = (
        "import sys; from ganlab import experiments as e;"
        "changed = e.change(e.EXPERIMENTS['digits'], steps=7, smoothing=0.1, network='dcgan',"
        "width=None, discriminator_width=None);"
        "assert e.from_dict(e.to_dict(changed)) == changed and e.default('ring') == e.EXPERIMENTS['ring'];"
        "assert not {'torch', 'numpy', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_name_of_a_setup_can_be_searched_for():
    text = Path(catalogue.__file__).read_text(encoding="utf-8")
    assert not [name for name in EXPERIMENTS if f'"{name}":' not in text and name not in data.DATASETS]
