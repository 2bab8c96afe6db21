"""Judging samples by the class that was asked for: against counts by hand and laws of perfect samples."""

import math

import pytest
import torch

from ganlab import data
from ganlab.evaluation import classifiers, judging, metrics, nulls, obedience
from ganlab.evaluation.obedience import asked_against_seen, of_images, of_points

RING = data.shared_ring()


def rng_of(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_table_counts_asked_against_seen():
    labels, seen = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 2, 1, 2, 2, 0])
    assert asked_against_seen(labels, seen, 3).tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 2]]
    assert asked_against_seen(labels, seen, 3, 4).shape == (3, 4)
    with pytest.raises(ValueError, match="`seen` must be from 0 to 1, got up to 2"):
        asked_against_seen(labels, seen, 3, 2)
    with pytest.raises(
        ValueError, match=r"`seen` must have the shape \(N,\) of `labels`, \(6,\), got \(5,\)"
    ):
        asked_against_seen(labels, seen[1:], 3)


def test_a_perfect_sampler_obeys_and_has_every_mode_of_each_class():
    drawn, labels = RING.draw(8000, rng_of(), dtype=torch.float64)
    found = of_points(RING, drawn, labels, rng_of(1))
    assert (found["obedience"], found["class_modes"], found["class_modes_total"]) == (1.0, 12, 12)
    # half of all points, within five standard errors
    assert found["certain"] == pytest.approx(0.5, abs=5 * math.sqrt(0.25 / 8000))
    assert found["real_certain"] == 0.5
    assert found["class_tv"] < 0.05
    assert found["class_wasserstein_1"] == pytest.approx(found["real_class_wasserstein_1"], abs=0.1)


def test_samples_by_hand_are_counted_as_they_are():
    # class 0 has the modes 0, 1, 2 with shares 1/4, 1/2, 1/4: one at each, and one at mode 5
    drawn, labels = RING.centers[[0, 1, 2, 5]], torch.zeros(4, dtype=torch.long)
    found = of_points(RING, drawn, labels, rng_of())
    assert found["obedience"] == 0.75
    assert found["class_modes"] == 3
    assert found["certain"] == 0.5  # modes 1 and 5
    # |1/4 - 1/4| + |1/4 - 1/2| + |1/4 - 1/4| + |1/4 - 0| = 1/2; the classes never asked for have all to miss
    assert found["class_tv"] == pytest.approx((0.25 + 3 * 0.5) / 4)


def test_ignored_labels_score_what_chance_gives():
    drawn, labels = nulls.labelled(RING)["label ignored"](40_000, rng_of())
    found = of_points(RING, drawn, labels, rng_of(1))
    # an own mode, 1/2 of the points, is that of the asked class by 1/4, a shared one by 2/4
    assert found["obedience"] == pytest.approx(3 / 8, abs=5 * math.sqrt(0.25 / 40_000))


def test_a_class_at_one_mode_obeys_and_is_seen_to_have_collapsed():
    drawn, labels = nulls.labelled(RING)["one mode a class"](4000, rng_of())
    found = of_points(RING, drawn, labels, rng_of(1))
    assert (found["obedience"], found["class_modes"], found["certain"]) == (1.0, 4, 1.0)
    assert found["class_tv"] == pytest.approx(0.5)


def test_a_ring_whose_classes_are_its_modes_has_nothing_shared():
    ring = data.ring()
    found = of_points(ring, *ring.draw(800, rng_of(), dtype=torch.float64), rng_of(1))
    assert (found["obedience"], found["class_modes"], found["class_modes_total"]) == (1.0, 8, 8)
    assert "certain" not in found


def test_the_distance_in_a_class_sees_labels_that_are_swapped():
    drawn, labels = RING.draw(4000, rng_of(), dtype=torch.float64)
    honest, swapped = (of_points(RING, drawn, y, rng_of(1)) for y in (labels, (labels + 2) % 4))
    assert swapped["class_wasserstein_1"] > 10 * honest["class_wasserstein_1"]
    assert swapped["obedience"] < 0.01


def test_images_are_judged_by_the_classifier_class_by_class():
    images, classifier = data.digits(), classifiers.load("digits")
    index = torch.cat([(images.labels == label).nonzero()[:60, 0] for label in range(10)])
    drawn, labels = images.batch(index), images.labels[index]
    found = of_images(images, drawn, labels, rng_of())
    assert found["obedience"] == pytest.approx(
        (classifier.labels(drawn) == labels).double().mean().item(), abs=1e-12
    )
    order = torch.randperm(len(images), generator=rng_of())
    distances, spreads = [], []
    for label in range(10):
        places = order[images.labels[order] == label]
        fake = classifier.features(drawn[labels == label])
        real = classifier.features(images.batch(places[:60]))
        distances.append(metrics.classifier_frechet(real, fake))
        both = torch.cat([real, classifier.features(images.batch(places[60:120]))]).double()
        spreads.append(
            (((fake - fake.mean(0)) ** 2).sum(1).mean() / ((both - both.mean(0)) ** 2).sum(1).mean()).item()
        )
    assert found["class_frechet"] == pytest.approx(sum(distances) / 10, rel=1e-5)
    assert found["class_spread"] == pytest.approx(sum(spreads) / 10, rel=1e-5)
    assert found["least_class_spread"] == pytest.approx(min(spreads), rel=1e-5)
    assert found["real_obedience"] == pytest.approx(345 / 360)


def test_a_class_of_one_image_has_no_spread():
    drawn, labels = nulls.labelled(data.digits())["one image a class"](200, rng_of())
    found = of_images(data.digits(), drawn, labels, rng_of())
    assert found["obedience"] == 1.0
    assert found["class_spread"] == found["least_class_spread"] == pytest.approx(0, abs=1e-9)


def test_of_a_class_that_is_asked_for_once_only_obedience_is_said():
    images = data.digits()
    index = torch.stack([(images.labels == label).nonzero()[0, 0] for label in range(10)])
    found = of_images(images, images.batch(index), images.labels[index], rng_of())
    assert found == {"obedience": 1.0, "real_obedience": pytest.approx(345 / 360)}


def test_nothing_is_said_without_labels_or_without_a_judge():
    drawn = RING.sample(10, rng_of())
    assert judging.asked(RING, drawn, None, rng_of()) == {}
    assert judging.asked(data.swiss_roll(), drawn, torch.zeros(10, dtype=torch.long), rng_of()) == {}
    unjudged = data.Images("mine", data.digits().pixels, data.digits().labels)
    assert (
        obedience.of_images(unjudged, torch.zeros(4, 1, 8, 8), torch.zeros(4, dtype=torch.long), rng_of())
        == {}
    )
