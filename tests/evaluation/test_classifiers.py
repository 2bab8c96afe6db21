"""Truth here: the labels of images no classifier has seen, the layers written out, counts by arithmetic."""

import json
import math
import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn.functional import conv2d
from torch.testing import assert_close

from ganlab import classifiers, data
from ganlab.evaluation.classifiers import CLASSIFIERS, accuracy, build, load, main, train
from ganlab.networks import initialize

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def held_out(name):
    """The test images; Debian has those of Fashion-MNIST, and continuous integration installs them."""
    if name == "digits":
        return data.digits(split="test")
    if not FASHION_MNIST.exists() and not os.environ.get("CI"):
        pytest.skip(f"no {FASHION_MNIST}: Debian's package dataset-fashion-mnist is not installed")
    return data.fashion_mnist(FASHION_MNIST, split="test")


def stored(name):
    folder = files("ganlab") / "assets" / "weights"
    return json.loads((folder / f"{name}.json").read_text()), (folder / f"{name}.safetensors").read_bytes()


# --- The classifiers of the package ---


@pytest.mark.parametrize(("name", "share"), [("digits", 0.95), ("fashion_mnist", 0.9)])
def test_the_accuracy_on_unseen_images_is_the_one_that_is_stated(name, share):
    images, (report, _) = held_out(name), stored(name)
    classifier, right = load(name), 0
    for part in torch.arange(len(images)).split(500):
        right += int((classifier.labels(images.batch(part)) == images.labels[part]).sum())
    assert right / len(images) > share
    # Another processor may round a tie the other way: two images in a thousand
    assert_close(right / len(images), report["accuracy"], rtol=0, atol=0.002)
    assert_close(accuracy(classifier, images), right / len(images), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_is_stored_is_small_and_says_where_it_comes_from(name):
    report, content = stored(name)
    assert len(content) < 500_000
    weights = safetensors.torch.load(content)
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert sum(weight.numel() for weight in weights.values()) == report["parameters"]
    assert report["command"].startswith(f"python -m ganlab.evaluation.classifiers --data {name} --seed ")
    assert {"python", "torch"} <= report["versions"].keys()
    assert report["images"]["unseen"] >= 360
    assert report["processor_seconds"] < 120  # so that two minutes are enough for one core


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_loaded_classifier_is_frozen_and_in_float32_whatever_the_default(name):
    classifier = load(name)
    assert not classifier.training
    for path, parameter in classifier.named_parameters():
        assert parameter.dtype == torch.float32, path
        assert not parameter.requires_grad


def test_features_are_the_last_hidden_layer_and_the_logits_are_linear_in_them(rng):
    classifier = load("digits")
    images = torch.rand(6, 1, 8, 8, generator=rng) * 2 - 1
    first, second, third, last = (m for m in classifier.modules() if hasattr(m, "weight"))
    x = conv2d(images.float(), first.weight, first.bias, stride=2, padding=1).clamp_min(0)
    x = conv2d(x, second.weight, second.bias, stride=2, padding=1).clamp_min(0)
    hidden = (x.reshape(6, 64 * 2 * 2) @ third.weight.T + third.bias).clamp_min(0)
    assert classifier.features(images).shape == (6, 64)
    assert_close(classifier.features(images), hidden, rtol=1e-4, atol=1e-5)
    logits = hidden @ last.weight.T + last.bias
    assert_close(classifier(images), logits, rtol=1e-4, atol=1e-4)
    assert torch.equal(classifier.labels(images), logits.argmax(1))


def test_labels_count_the_modes_of_stacked_digits():
    """Three channels are three pictures; a wrong order or reshape would leave a tenth of the modes right."""
    pictures, modes = data.stacked(held_out("digits")).draw(400, seeded())
    labels = load("digits").labels(pictures.reshape(1200, 1, 8, 8)).reshape(400, 3)
    found = labels @ torch.tensor([100, 10, 1])
    assert (found == modes).double().mean() > 0.8  # about 0.958^3


# --- Building and training ---


@pytest.mark.parametrize(("shape", "width", "features"), [((1, 28, 28), 32, 64), ((3, 8, 12), 5, 7)])
def test_parameters_are_counted_by_arithmetic(shape, width, features):
    classifier = build(shape, rng=seeded(), width=width, features=features, classes=10)
    channels, height, breadth = shape
    wanted = channels * 16 * width + width
    wanted += width * 16 * 2 * width + 2 * width
    wanted += 2 * width * (height // 4) * (breadth // 4) * features + features
    wanted += features * 10 + 10
    assert sum(p.numel() for p in classifier.parameters()) == wanted
    x = torch.zeros(3, *shape)
    assert classifier(x).shape == (3, 10)
    assert classifier.features(x).shape == (3, features)


def test_a_short_training_beats_chance_by_far_and_a_seed_repeats_it():
    images = data.digits()
    before = torch.get_rng_state()
    one, same = (train("digits", images, rng=seeded(3), epochs=2) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.dtype == torch.float32
    assert accuracy(one, held_out("digits")) > 0.5  # ten classes: chance is a tenth


def test_the_rate_rises_over_a_tenth_falls_on_a_cosine_and_scales_the_steps_of_adam():
    done = np.linspace(0, 1, 41)
    expected = np.minimum(done / 0.1, 1) * np.cos(math.pi * done / 2) ** 2
    assert_close([classifiers._rate(x) for x in done], expected.tolist(), rtol=0, atol=1e-15)
    # Two steps: the first at the rate 0, the second at half of 0.002, which Adam reaches.
    images, start = data.digits(), seeded()
    few = data.Images("few", images.pixels[:64], images.labels[:64], maximum=16)
    before = initialize(build((1, 8, 8), rng=seeded(), width=32).float(), start)
    after = train("digits", few, rng=seeded(), epochs=1)
    moved = [(a - b).abs().max().item() for a, b in zip(after.parameters(), before.parameters(), strict=True)]
    assert 0.9e-3 < max(moved) < 1.002e-3
    assert not any(parameter.requires_grad for parameter in after.parameters())
    assert not after.training


def test_half_of_the_batches_of_clothes_are_mirrored():
    images, mirrored = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 4, 4), 0
    recipe = CLASSIFIERS["fashion_mnist"]._replace(shift=0)
    for seed in range(1000):
        mirrored += classifiers._varied(images, recipe, seeded(seed))[0, 0, 0, 0].item() == 3
    assert abs(mirrored - 500) < 5 * math.sqrt(250)


@pytest.mark.parametrize(
    ("name", "side", "batch_size", "epochs", "rows", "columns"),
    [("digits", 8, 32, 60, {2, 3, 4}, {3, 4, 5}), ("fashion_mnist", 28, 64, 10, {3}, {4, 23})],
)
def test_training_moves_digits_and_shows_clothes_in_a_mirror(
    name, side, batch_size, epochs, rows, columns, monkeypatch
):
    """A picture with one bright pixel: where that pixel is seen tells how the picture was moved."""
    pixels = torch.zeros(batch_size, 1, side, side, dtype=torch.uint8)
    pixels[:, :, 3, 4] = 16
    images = data.Images("dots", pixels, torch.zeros(batch_size, dtype=torch.int64), maximum=16)
    seen, convolve = [], nn.Conv2d.forward

    def watched(layer, x):
        seen.extend([x] if x.shape[1] == 1 else [])
        return convolve(layer, x)

    monkeypatch.setattr(nn.Conv2d, "forward", watched)
    train(name, images, rng=seeded(), epochs=epochs)
    places = {tuple((batch[0, 0] > 0).nonzero()[0].tolist()) for batch in seen}
    assert places == {(row, column) for row in rows for column in columns}
    assert all(batch.shape == (batch_size, 1, side, side) for batch in seen)
    assert {value for batch in seen for value in batch.unique().tolist()} == {-1, 1}


def test_the_command_writes_weights_and_what_they_are_worth(tmp_path, capsys):
    main(["--data", "digits", "--out", str(tmp_path / "new"), "--epochs", "1", "--seed", "2"])
    report = json.loads((tmp_path / "new" / "digits.json").read_text())
    weights = safetensors.torch.load((tmp_path / "new" / "digits.safetensors").read_bytes())
    classifier = train("digits", data.digits(), rng=seeded(2), epochs=1)
    for name, parameter in classifier.named_parameters():
        assert torch.equal(weights[name], parameter.half())
    rounded = {name: weight.float() for name, weight in weights.items()}
    classifier.load_state_dict(rounded)
    assert report["accuracy"] == accuracy(classifier, held_out("digits"))
    assert report["images"] == {"seen": 1437, "unseen": 360}
    assert report["command"] == (
        "python -m ganlab.evaluation.classifiers --data digits --seed 2 --epochs 1 --out FOLDER"
    )
    assert report["parameters"] == sum(weight.numel() for weight in weights.values())
    assert (report["threads"], report["versions"]["torch"]) == (torch.get_num_threads(), torch.__version__)
    assert f"{report['accuracy']:.2%} of 360 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--data", "mnist"], "invalid choice: 'mnist'"),
        (["--data", "digits", "--epochs", "0"], "`epochs` must be at least 1, got 0"),
        (["--data", "fashion_mnist", "--data-dir", "nowhere"], "`root` must hold train-images"),
    ],
)
def test_a_command_that_cannot_be_done_ends_with_two_and_writes_nothing(given, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*given, "--out", str(tmp_path / "new")])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


# --- What is refused ---


def test_images_that_are_none_are_refused_by_name():
    classifier = load("digits")
    for use in (classifier, classifier.features, classifier.labels):
        with pytest.raises(
            ValueError, match=r"`images` must have shape \(N, 1, 8, 8\), got \(2, 1, 28, 28\)"
        ):
            use(torch.zeros(2, 1, 28, 28))
        with pytest.raises(ValueError, match=r"must lie within \[-1, 1\], got values from 2 to 2"):
            use(torch.full((2, 1, 8, 8), 2.0))
        with pytest.raises(TypeError, match=r"must be floating-point images in \[-1, 1\], got torch\.uint8"):
            use(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))


def test_names_and_sizes_that_do_not_exist_are_refused():
    for use in (load, lambda name: train(name, data.digits(), rng=seeded())):
        with pytest.raises(ValueError, match="`name` must be one of digits, fashion_mnist, got 'mnist'"):
            use("mnist")
    for shape in ((1, 28, 30), (28, 28)):
        with pytest.raises(
            ValueError, match=r"`shape` must be \(C, H, W\) with sides that are multiples of 4"
        ):
            build(shape, rng=seeded())
    with pytest.raises(ValueError, match="`epochs` must be at least 1, got 0"):
        train("digits", data.digits(), rng=seeded(), epochs=0)
    with pytest.raises(ValueError, match=r"`images` must have shape \(1, 28, 28\), got \(1, 8, 8\)"):
        train("fashion_mnist", data.digits(), rng=seeded())
    with pytest.raises(TypeError, match=r"`rng` must be a torch\.Generator, got int"):
        train("digits", data.digits(), rng=0)
