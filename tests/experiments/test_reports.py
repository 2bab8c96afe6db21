"""Reports against what the samples are known to be:."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab import reports
from ganlab.experiments import EXPERIMENTS, build_game, change, draws
from ganlab.losses import LOSSES, label_smoothing
from ganlab.networks import NETWORKS
from ganlab.training.history import History

POINTS = change(EXPERIMENTS["ring"], width=8)
CONVOLUTIONS = change(
    EXPERIMENTS["digits"], network="dcgan", width=4, discriminator_width=4, batch_size=4, ema=0.5
)


@pytest.mark.parametrize("name", NETWORKS)
def test_drawing_changes_no_network_and_no_stream(name):
    gan = build_game(change(CONVOLUTIONS, network=name, width=None, discriminator_width=None))
    before = {key: value.clone() for key, value in gan.state().items()}
    drawn = reports.samples_of(gan, 7, torch.Generator().manual_seed(0))
    assert drawn.shape == (7, 1, 8, 8)
    assert all(torch.equal(value, before[key]) for key, value in gan.state().items())
    assert gan.generator.training


def test_a_draw_in_pieces_is_the_draw_of_a_game(rng, monkeypatch):
    gan = build_game(POINTS)
    expected = gan.sample(23, torch.Generator().manual_seed(0))
    monkeypatch.setattr(draws, "CHUNK", 5)
    torch.testing.assert_close(reports.samples_of(gan, 23, rng), expected, rtol=1e-12, atol=1e-12)


def test_the_average_and_the_last_generator_are_told_apart(rng):
    gan = build_game(POINTS)
    with torch.no_grad():
        for weight in gan.average.module.parameters():
            weight.zero_()
    assert (reports.samples_of(gan, 3, rng) == 0).all()
    assert (reports.samples_of(gan, 3, rng, average=True) == 0).all()
    assert (reports.samples_of(gan, 3, rng, average=False) != 0).all()
    alone = build_game(change(POINTS, ema=None))
    with pytest.raises(ValueError, match="`average` must be left out: this game keeps no moving average"):
        reports.samples_of(alone, 3, rng, average=True)
    with pytest.raises(ValueError, match="`count` must be at least 1, got 0"):
        reports.samples_of(alone, 0, rng)


def test_the_spread_over_seeds_is_unknown_where_a_seed_is():
    each = [{"seed": 1, "modes": 8, "reverse_kl": None}, {"seed": 2, "modes": 6, "reverse_kl": 0.5}]
    over = reports.spreads(each)
    assert over.keys() == {"modes", "reverse_kl"}
    assert over["modes"]["mean"] == 7
    assert over["reverse_kl"]["mean"] is None
    assert over["reverse_kl"]["lowest"] == 0.5
    text = reports.sentences({"each": each, "spread": over})
    assert [line.split() for line in text.splitlines()][1] == ["1", "8", "unknown"]


def test_curves_of_one_seed_of_several_are_read_for_that_seed():
    steps = torch.arange(400.0)
    good = torch.stack([1.3 - 0.9 * torch.exp(-steps / 40), 0.75 + 0.5 * torch.exp(-steps / 40)], 1)
    lost = torch.stack([torch.full((400,), 0.05), torch.full((400,), 6.0)], 1)
    history = History.of(("d_loss", "g_loss"), list(range(1, 401)), torch.stack([good, lost], -1))
    patterns = [
        reports.diagnosed(history, index, loss="non_saturating", found={})["pattern"] for index in (0, 1)
    ]
    assert patterns == ["healthy", "D too strong"]
    missing = reports.diagnosed(history, 0, loss="non_saturating", found={"modes": 2, "modes_total": 8})
    assert missing["pattern"] == "collapse suspected"


def test_a_smoothed_run_is_read_by_its_pair_which_no_name_finds():
    """The best D at equal laws: 0.9/1.9 for every sample; of one that sees all, the entropy of the label."""
    smoothed = label_smoothing(LOSSES["non_saturating"], 0.1)
    blind = -(0.9 * math.log(9 / 19) + 0.1 * math.log(10 / 19) + math.log(10 / 19))
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    level = np.array([0.15 * blind + 0.85 * entropy, 0.99 * entropy + 0.01 * blind])  # two seeds
    values = torch.tensor(np.stack([np.tile(level, (400, 1)), np.ones((400, 2))], 1))
    values[:, 0] += 0.01 * torch.randn(400, 2, generator=torch.Generator().manual_seed(0)).double()
    history = History.of(("d_loss", "g_loss"), list(range(1, 401)), values)
    told = [reports.diagnosed(history, index, loss=smoothed, found={})["pattern"] for index in (0, 1)]
    assert told == ["collapse suspected", "D too strong"]
    assert reports.diagnosed(history, 0, loss=smoothed.name, found={})["pattern"] == "cannot tell"


def test_a_picture_of_images_keeps_each_pixel(tmp_path):
    images = torch.linspace(-1, 1, 12).reshape(3, 1, 2, 2)
    reports.write_samples(tmp_path / "a.png", images)
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture)
    factor = pixels.shape[1] // 7
    assert pixels.shape == (7 * factor, 7 * factor, 3)
    assert pixels.shape[1] >= 512
    small = pixels[factor // 2 :: factor, factor // 2 :: factor, 0]
    expected = np.round(255 * (images.numpy()[:, 0] + 1) / 2)
    np.testing.assert_array_equal(small[1:3, 1:3], expected[0])
    np.testing.assert_array_equal(small[1:3, 4:6], expected[1])
    np.testing.assert_array_equal(small[4:6, 1:3], expected[2])


def test_an_ending_that_says_nothing_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(
        ValueError, match=r"`--out` must end in one of \.png, \.npy, \.safetensors, got '.*a\.gif'"
    ):
        reports.write_samples(tmp_path / "a.gif", torch.zeros(1, 1, 2, 2))
    assert not list(tmp_path.iterdir())
