"""Metrics by name: each answers as its function does, of the samples that it should see."""

import pytest
import torch

from ganlab import data
from ganlab.evaluation import by_name, neighbours
from ganlab.evaluation.classifiers import load


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_every_metric_answers_for_images_beside_real_ones():
    images = data.digits()
    noise = 2 * torch.rand(60, 1, 8, 8, generator=seeded(0)) - 1
    found = by_name.measured(images, noise, seeded(1), list(by_name.METRICS))
    numbers = {name for name in found if not name.startswith("real_")} - {"judged"}
    assert numbers == {name.removeprefix("real_") for name in found if name.startswith("real_")}
    assert found["judged"] == 60
    for better in ("classifier_score", "precision", "density", "coverage", "f_recall", "f_precision"):
        assert found[f"real_{better}"] > found[better], better
    for worse in ("nearest_neighbour_accuracy", "kernel_of_blocks", "sliced_wasserstein"):
        assert found[f"real_{worse}"] < found[worse], worse


def test_features_are_those_of_the_classifier_and_real_samples_are_drawn_once():
    images, drawn = data.digits(), data.digits(split="test").batch(torch.arange(50))
    found = by_name.measured(images, drawn, seeded(2), ["precision_recall"])
    order = torch.randperm(len(images), generator=seeded(2))
    classifier = load("digits")
    real, other, fake = (classifier.features(x) for x in (*images.batch(order[:100]).split(50), drawn))
    assert (found["precision"], found["recall"]) == neighbours.precision_recall(real, fake)
    assert (found["real_precision"], found["real_recall"]) == neighbours.precision_recall(real, other)


def test_no_more_than_half_of_a_finite_set_is_judged_and_no_more_than_the_most():
    images = data.digits()
    some = by_name.measured(images, images.batch(torch.arange(900)), seeded(3), ["sliced_wasserstein"])
    assert some["judged"] == len(images) // 2 == 718
    ring = data.ring()
    many = by_name.measured(ring, ring.sample(2100, seeded(4)), seeded(5), ["sliced_wasserstein"])
    assert many["judged"] == by_name.MOST == 2000


@pytest.mark.parametrize(
    ("count", "names", "message"),
    [
        (20, ["fid"], "`names` must be some of classifier_score, precision_recall, .*, got 'fid'"),
        (9, ["precision_recall"], "`drawn` must be at least 10 samples to be judged by neighbours, got 9"),
        (20, ["classifier_score"], "must not ask for the logits of a classifier: these data have none"),
    ],
)
def test_what_cannot_be_judged_is_refused(count, names, message):
    with pytest.raises(ValueError, match=message):
        by_name.measured(data.ring(), data.ring().sample(count, seeded(0)), seeded(1), names)


def test_features_of_images_without_a_classifier_are_not_their_pixels(rng):
    images = data.stacked(data.digits())
    with pytest.raises(ValueError, match="must not ask for the features of a classifier"):
        by_name.measured(images, images.sample(50, rng), rng, ["precision_recall"])
