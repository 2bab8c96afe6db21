"""Named set-ups: each can be built and takes a step, the seed fixes all of it, and errors name names."""

import itertools
import math

import pytest
import torch

from ganlab import data, experiments, training
from ganlab.experiments import DEFAULTS, EXPERIMENTS, SCHEDULES, build, change, from_dict, look_up, to_dict

LOCAL = [name for name, experiment in EXPERIMENTS.items() if "mnist" not in experiment.data]


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


def test_settings_reach_the_game():
    setup = build(
        change(
            EXPERIMENTS["ring"],
            loss="minimax",
            smoothing=0.1,
            regularizers=(("r1", 0.5), ("wgan_gp", 0.1)),
            learning_rates=(1e-3, 2e-3),
            betas=(0.0, 0.99),
            schedule="linear",
            steps=100,
        )
    )
    gan = setup.gan
    assert [(p.function.__name__, p.weight) for p in gan.penalties] == [("r1", 0.5), ("wgan_gp", 0.1)]
    assert gan.d_optimizer.param_groups[0]["lr"] == 2e-3
    assert gan.g_optimizer.param_groups[0]["betas"] == (0.0, 0.99)
    assert gan.schedule(50) == 0.5
    assert "0.9" in gan.loss.name


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
    assert set(DEFAULTS) == set(data.DATASETS)
    assert all(EXPERIMENTS[name].data == key for key, name in DEFAULTS.items())


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
        ({"steps": 0}, "`steps` must be at least 1, got 0"),
        ({"latent_dim": 0}, "`latent_dim` must be at least 1, got 0"),
        ({"learning_rates": (1e-3, -1.0)}, "`learning_rates` must be positive"),
        ({"smoothing": 1.0}, r"`smoothing` must be in \[0, 1\), got 1"),
    ],
)
def test_a_bad_setting_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        change(EXPERIMENTS["ring"], **settings)


def test_a_name_far_from_all_gets_no_suggestion():
    with pytest.raises(ValueError, match=r"got 'zzzz'$"):
        look_up(experiments.DEFAULTS, "zzzz", "data")
