"""What a film of a training holds. Truth here is a closed form, a count by hand, and the unrecorded run."""

import importlib.util
import json
import re
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from oracles.films import film
from torch import nn
from torch.testing import assert_close

from ganlab import data, experiments, films, game, losses, networks, training
from ganlab.page.films import Curve, Recorder, Recording, generator_push, schedule
from ganlab.training.history import History

ROOT = Path(__file__).resolve().parents[2]
W = torch.tensor([1.5, -0.5], dtype=torch.float64)


class Linear(nn.Module):
    """D(x) = W x, whose gradient is W everywhere."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(W.clone())

    def forward(self, x):
        return x @ self.weight


def linear_gan(loss, rng, **settings):
    return game.GAN(networks.mlp_generator(3, (2,), width=8, rng=rng), Linear(), loss, rng, **settings)


def small_gan(rng, discriminator=None, **settings):
    discriminator = discriminator or networks.mlp_discriminator((2,), width=8, rng=rng)
    generator = networks.mlp_generator(3, (2,), width=8, rng=rng)
    return game.GAN(generator, discriminator, losses.non_saturating, rng, **settings)


# The push


@pytest.mark.parametrize(
    ("loss", "share"),
    [
        (losses.non_saturating, lambda real, fake: torch.sigmoid(-fake)),
        (losses.minimax, lambda real, fake: torch.sigmoid(fake)),
        (losses.wasserstein, lambda real, fake: torch.ones_like(fake)),
        (losses.least_squares, lambda real, fake: 1 - fake),
        (losses.relativistic_pairing, lambda real, fake: torch.sigmoid(real - fake)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_push_on_a_point_is_its_share_of_the_loss_times_the_slope_of_the_discriminator(loss, share, rng):
    gan = linear_gan(loss, rng)
    real, latents = torch.randn(6, 2, generator=rng), torch.randn(6, 3, generator=rng)
    fake, push = generator_push(gan, real, latents)
    assert_close(fake, gan.generator(latents).detach())
    assert_close(push, share(real @ W, fake @ W)[:, None] * W)


def test_the_push_leaves_both_networks_as_they_were(rng):
    gan = small_gan(rng, nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1), nn.Flatten(0)))
    gan.discriminator.train()
    before = deepcopy(gan.discriminator.state_dict())
    first = generator_push(gan, torch.zeros(4, 2), torch.ones(4, 3))[1]
    assert_close(first, generator_push(gan, torch.zeros(4, 2), torch.ones(4, 3))[1])
    assert all(torch.equal(before[name], x) for name, x in gan.discriminator.state_dict().items())
    assert all(module.training for module in gan.discriminator.modules())
    parameters = [*gan.generator.parameters(), *gan.discriminator.parameters()]
    assert all(p.grad is None and p.requires_grad for p in parameters)


# The recorder


def state_after(steps, recorded, discriminator):
    rng = torch.Generator().manual_seed(1)
    gan = small_gan(rng, discriminator(rng), ema=0.9)
    ring = data.ring()
    callbacks = [Recorder(gan, ring, steps=steps, frames=3, measured=50)] if recorded else []
    history = training.train(gan, data.batches(ring, 16, rng), steps, callbacks=callbacks)
    return gan.state(), history.values


@pytest.mark.parametrize("spectral", [False, True])
def test_a_recorded_run_is_the_unrecorded_one_bit_for_bit(spectral):
    def discriminator(rng):
        torch.manual_seed(0)
        net = networks.mlp_discriminator((2,), width=8, rng=rng)
        for layer in [m for m in net.modules() if isinstance(m, nn.Linear)] if spectral else []:
            torch.nn.utils.parametrizations.spectral_norm(layer)
        return net

    (plain, rows), (filmed, same_rows) = (
        state_after(7, recorded, discriminator) for recorded in (False, True)
    )
    assert torch.equal(rows, same_rows)
    assert plain.keys() == filmed.keys()
    assert all(torch.equal(plain[name], filmed[name]) for name in plain)


def test_frames_are_taken_at_the_start_and_at_the_steps_of_the_schedule(rng):
    gan, ring = small_gan(rng), data.ring()
    recorder = Recorder(gan, ring, steps=9, frames=4, points=10, arrows=3, resolution=5, measured=20)
    seen = []
    recorder.listeners.append(lambda r: seen.append(int(r.recording().steps[-1])))
    training.train(gan, data.batches(ring, 8, rng), 12, callbacks=[recorder])
    recording = recorder.recording()
    assert recording.steps.tolist() == [0, 1, 4, 9]
    assert seen == [1, 4, 9]
    assert [p.shape for p in (recording.real, recording.fake, recording.field, recording.arrows)] == [
        (10, 2), (4, 10, 2), (4, 5, 5), (4, 3, 2)]  # fmt: skip
    assert recording.curves["d_loss"].steps[-1] == 9
    assert recording.made == {"modes": 8}


def test_a_recorder_that_joins_a_run_counts_its_steps_from_there(rng):
    gan, ring = small_gan(rng), data.ring()
    batches = data.batches(ring, 8, rng)
    training.train(gan, batches, 5)
    recorder = Recorder(gan, ring, steps=4, frames=3, points=4, arrows=0, measured=4)
    training.train(gan, batches, 4, callbacks=[recorder])
    assert recorder.recording().steps.tolist() == [5, 6, 9]


def test_a_source_that_is_no_mixture_has_no_modes_to_count(rng):
    gan = small_gan(rng)
    recorder = Recorder(gan, data.swiss_roll(), steps=2, frames=2, points=4, arrows=1)
    assert recorder.recording().curves == {}


def test_the_field_is_what_the_discriminator_says_at_the_corners_and_between(rng):
    recorder = Recorder(linear_gan(losses.non_saturating, rng), data.ring(), steps=1, frames=2, resolution=3,
                        extent=2.0, points=4, arrows=0, measured=4)  # fmt: skip
    corner = torch.sigmoid(torch.tensor([2.0, 2.0]) @ W).item()
    field = recorder.recording().field[0]
    assert field[2, 2] == pytest.approx(corner)
    assert field[1, 1] == 0.5
    assert field[2, 0] == pytest.approx(torch.sigmoid(torch.tensor([-2.0, 2.0]) @ W).item())  # up and left


@pytest.mark.parametrize(
    ("loss", "words", "middle"),
    [
        (losses.least_squares, "score, cut off at 0 and 1", 0.0),
        (losses.wasserstein, "score, lowest to highest", 0.5),
        (losses.relativistic_pairing, "score, lowest to highest", 0.5),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_score_that_is_no_logit_is_not_called_a_probability(loss, words, middle, rng):
    recorder = Recorder(
        linear_gan(loss, rng), data.ring(), steps=1, resolution=3, points=4, arrows=1, measured=4
    )
    recording = recorder.recording()
    assert recording.reads == words
    assert recording.field[0, 1, 1] == pytest.approx(middle)
    assert (recording.field.min(), recording.field.max()) == (0, 1)


def test_the_columns_are_means_over_equal_stretches_of_steps(rng):
    history = History()
    values = torch.randn(450, generator=rng)
    for step, value in enumerate(values, 1):
        history.append(step, {"d_loss": value})
    recorder = Recorder(linear_gan(losses.hinge, rng), data.swiss_roll(), steps=450, points=4, arrows=1)
    recorder([recorder.gan], history)
    recorder._frames.append((400, recorder._frames[0][1]))
    curve = recorder.recording().curves["d_loss"]
    assert len(curve.steps) == 200
    assert curve.steps[-1] == 400
    assert_close(curve.values, values[:400].reshape(200, 2).mean(1).numpy())


def test_the_schedule_starts_at_zero_ends_at_the_end_and_slows_down():
    for steps, frames in ((1000, 40), (7, 40), (1, 2), (100_000, 12)):
        taken = schedule(steps, frames)
        assert (taken[0], taken[-1]) == (0, steps)
        assert taken == sorted(set(taken))
        assert len(taken) <= frames
    gaps = np.diff(schedule(10_000, 20))
    assert (np.diff(gaps) > 0).all()


# Files


def test_a_recording_survives_json_to_half_a_level():
    recording = film(frames=4, points=50, side=8)
    copy = Recording.from_json(json.loads(json.dumps(recording.to_json())))
    half = 1.25 / 4095 * (1 + 1e-9)
    assert abs(copy.real - recording.real).max() <= half
    assert abs(copy.fake - recording.fake).max() <= half
    assert abs(copy.field - recording.field).max() <= 0.5 / 255 * (1 + 1e-9)
    assert copy.to_json() | {"longest": 0} == recording.to_json() | {"longest": 0}


def test_arrows_keep_their_direction_and_their_length_to_a_few_percent_of_it():
    arrows = np.array([[[3.0, 4.0], [0.03, -0.04], [0.0, 0.0]]]).repeat(3, 0)
    copy = Recording.from_json(film(arrows=arrows).to_json())
    assert_close(copy.arrows[0, 0], np.array([3.0, 4.0]), rtol=0.01, atol=0)
    assert_close(copy.arrows[0, 1], np.array([0.03, -0.04]), rtol=0.1, atol=0)
    assert (copy.arrows[0, 2] == 0).all()


def test_points_far_outside_stay_outside_the_window():
    fake = np.full((3, 5, 2), 40.0)
    copy = Recording.from_json(film(fake=fake).to_json())
    assert (copy.fake > 1).all()


def test_a_file_is_written_and_read(tmp_path):
    curve = Curve(np.array([1, 2, 3]), np.array([1.0, np.nan, np.inf]))
    recording = film(curves={"d_loss": curve}, made={"seed": 3})
    recording.save(tmp_path / "film.json")
    copy = films.load(tmp_path / "film.json")
    assert copy.made == {"seed": 3}
    assert_close(copy.curves["d_loss"].values, np.array([1.0, np.nan, np.nan]), equal_nan=True)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": [0]}', "not json"])
def test_a_file_that_holds_something_else_is_named(text, tmp_path):
    path = tmp_path / "film.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(f"{path} must hold a recording, got")):
        films.load(path)


def test_a_damaged_recording_is_refused():
    document = film().to_json()
    for key, value in (
        ("fake", document["fake"][:-4]),
        ("field", "?"),
        ("resolution", 5),
        ("steps", [0, 0, 1]),
    ):
        with pytest.raises(ValueError, match="`document` must hold a recording"):
            Recording.from_json(document | {key: value})


@pytest.mark.parametrize("name", ["ring_lost", "ring_found"])
def test_the_stored_run_begins_as_the_code_begins_it(name):
    spec = importlib.util.spec_from_file_location("record", ROOT / "book" / "pictures" / "recordings.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    stored, again = films.stored(name), script.record(name, steps=40)
    count = len(again.steps)
    assert count >= 6
    assert stored.steps[:count].tolist() == again.steps.tolist()
    level = 2 * 1.25 * again.extent / 4095
    inside = abs(again.fake) < 1.2 * again.extent
    assert abs(stored.fake[:count] - again.fake)[inside].max() <= level
    assert abs(stored.field[:count] - again.field).max() <= 1 / 255
    assert stored.made["experiment"] == script.RUNS[name]
    assert stored.steps[-1] == experiments.EXPERIMENTS[script.RUNS[name]].steps


def test_the_stored_run_is_lost():
    assert films.stored("ring_lost").curves["modes"].values[-10:].max() <= 2


# What is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": np.array([], dtype=int)}, "`steps` must hold at least one frame, got none"),
        ({"steps": np.array([0, 5, 5])}, "`steps` must rise, got [0, 5, 5]"),
        ({"real": np.zeros((5, 3))}, "`real` must have the shape (N, 2), got (5, 3)"),
        ({"real": np.zeros((0, 2))}, "`real` must have the shape (N, 2), got (0, 2)"),
        ({"fake": np.zeros((2, 5, 2))}, "`fake` must have the shape (3, M, 2), got (2, 5, 2)"),
        (
            {"field": np.zeros((3, 4, 5))},
            "`field` must have the shape (3, R, R), R at least 2, got (3, 4, 5)",
        ),
        (
            {"arrows": np.zeros((3, 6, 2))},
            "`arrows` must have the shape (3, A, 2), A at most M, got (3, 6, 2)",
        ),
        ({"field": np.full((3, 4, 4), 1.5)}, "`field` must lie in [0, 1], got 1.5 to 1.5"),
        ({"real": np.zeros((1001, 2))}, "`real` must be at most 1000 points, got 1001"),
        ({"extent": 0.0}, "`extent` must be positive and finite, got 0.0"),
        ({"real": np.full((5, 2), np.inf)}, "`real` must be finite, got inf"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else re.sub(r"\W+", "-", value)[:40],
)
def test_a_recording_of_another_shape_is_refused(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        film(**changes)


def test_a_point_that_is_no_number_is_refused_with_its_step():
    fake = film().fake.copy()
    fake[1, 2, 0] = np.nan
    with pytest.raises(ValueError, match=re.escape("`fake` must be finite, got nan at step 10")):
        film(fake=fake)


def test_a_curve_of_two_lengths_is_refused():
    with pytest.raises(
        ValueError, match=re.escape("must both have shape (T,) with T at least 1, got (2,) and (3,)")
    ):
        Curve(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"points": 1001}, "`points` must be from 1 to 1000, got 1001"),
        ({"points": 3, "arrows": 4}, "`arrows` must be from 0 to `points` = 3, got 4"),
        ({"resolution": 65}, "`resolution` must be from 2 to 64, got 65"),
        ({"frames": 1}, "`frames` must be at least 2, got 1"),
        ({"steps": 0}, "`steps` must be at least 1, got 0"),
    ],
    ids=str,
)
def test_a_recorder_out_of_range_is_refused(settings, message, rng):
    with pytest.raises(ValueError, match=re.escape(message)):
        Recorder(small_gan(rng), data.ring(), **{"steps": 5, **settings})


def test_a_gan_that_cannot_be_drawn_is_refused(rng):
    images = game.GAN(networks.mlp_generator(3, (1, 2, 2), width=8, rng=rng),
                      networks.mlp_discriminator((1, 2, 2), width=8, rng=rng), losses.hinge, rng)  # fmt: skip
    with pytest.raises(
        ValueError, match=re.escape("`gan` must make points of the plane, (2,), got samples of")
    ):
        Recorder(images, data.ring(), steps=5)
    packed = small_gan(rng, networks.mlp_discriminator((4,), width=8, rng=rng), pack=2)
    with pytest.raises(
        ValueError, match="`gan` must judge its points one by one to be drawn, got `pack` = 2"
    ):
        Recorder(packed, data.ring(), steps=5)
    several = SimpleNamespace(sample_shape=(2,), classes=8, pack=1)
    with pytest.raises(ValueError, match="`gan` must be unconditional to be drawn, got one with 8 classes"):
        Recorder(several, data.ring(), steps=5)
