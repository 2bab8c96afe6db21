"""Translations between classes, of images whose grey is their class: what is right is counted by hand."""

import types

import pytest
import torch

from ganlab import data
from ganlab.evaluation import classifiers, judging, nulls
from ganlab.evaluation.translations import translated
from ganlab.experiments import records, reports

GREY = 127.5


def grey(labels):
    pixels = labels.to(torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
    return data.Images("grey", pixels, labels)


SOURCE, TARGET = torch.tensor([1, 4] * 50 + [4] * 100), torch.tensor([5, 2, 2])
SIDES = data.UnpairedClasses(grey(SOURCE), grey(TARGET), grey(SOURCE), grey(TARGET), {1: 5, 4: 2})


def seen(x):
    return ((x[:, 0, 0, 0] + 1) * GREY).round().long()


@pytest.fixture(autouse=True)
def _who_reads_the_grey(monkeypatch):
    monkeypatch.setattr(classifiers, "load", lambda name: types.SimpleNamespace(labels=seen))


def to(table):
    """The map that gives an image of each grey another one."""

    def there(x):
        new = torch.tensor([table[label] for label in seen(x).tolist()])
        return (new / GREY - 1)[:, None, None, None].expand_as(x)

    return there


def same(x):
    return x


@pytest.mark.parametrize(
    ("table", "right", "arrived", "least"),
    [
        ({1: 5, 4: 2}, 1.0, 1.0, 1.0),
        ({1: 2, 4: 5}, 0.0, 1.0, 0.0),
        ({1: 5, 4: 5}, 0.25, 1.0, 0.0),
        ({1: 2, 4: 2}, 0.75, 1.0, 0.0),
        ({1: 1, 4: 2}, 0.75, 0.75, 0.0),
        ({1: 1, 4: 4}, 0.0, 0.0, 0.0),
    ],
)
def test_right_is_of_the_class_that_belongs_and_arrived_of_any(table, right, arrived, least, rng):
    found = translated(SIDES, to(table), same, rng, 4000)
    assert found["right"] == pytest.approx(right, abs=0.035)  # five standard errors of a quarter
    assert found["arrived"] == pytest.approx(arrived, abs=0.035)
    assert found["least_right"] == least
    assert (found["real_right"], found["real_arrived"], found["samples"]) == (1.0, 1.0, 4000)


def test_the_cycle_error_is_the_length_of_what_is_left(rng):
    there, back = to({1: 5, 4: 2}), to({5: 1, 2: 4})
    found = translated(SIDES, there, lambda y: back(y) + 0.25, rng, 50)
    assert found["cycle_error"] == pytest.approx(0.5)  # four pixels, each 0.25 away: 2 * 0.25


def test_what_the_judge_errs_on_real_images_stands_beside(rng, monkeypatch):
    worse = types.SimpleNamespace(labels=lambda x: torch.where(seen(x) == 5, 7, seen(x)))
    monkeypatch.setattr(classifiers, "load", lambda name: worse)
    found = translated(SIDES, to({1: 5, 4: 2}), same, rng, 50)
    assert found["real_right"] == found["real_arrived"] == pytest.approx(2 / 3)


def test_the_null_rows_are_a_lot_and_no_move(rng):
    maps = nulls.maps(SIDES)
    assert list(maps) == ["by lot", "no move"]
    lot = translated(SIDES, *maps["by lot"], rng, 9000)
    # independent draws: 1/4 of the source wants 5, which is 1/3 of the target
    assert lot["right"] == pytest.approx(1 / 4 * 1 / 3 + 3 / 4 * 2 / 3, abs=0.027)
    assert lot["arrived"] == 1.0
    still = translated(SIDES, *maps["no move"], rng, 50)
    assert (still["right"], still["arrived"], still["cycle_error"]) == (0.0, 0.0, 0.0)


def test_samples_are_judged_as_images_of_the_target(rng, monkeypatch):
    """With the pixels for features, images of the target are near, and those of the source are far."""
    monkeypatch.setattr(
        classifiers, "load", lambda name: types.SimpleNamespace(features=lambda x: x.flatten(1))
    )
    monkeypatch.setattr(classifiers, "CLASSIFIERS", {"grey": None})
    bright = grey(torch.tensor([200, 250]).repeat(50))
    sides = data.UnpairedClasses(grey(SOURCE), bright, grey(SOURCE), bright, {1: 200, 4: 250})
    near, far = (
        judging.quality(sides, x.batch(torch.arange(100)), rng) for x in (sides.target, sides.source)
    )
    apart = 4 * ((225 - 3.25) / GREY) ** 2  # four pixels, each with the distance of the means
    assert near["classifier_frechet"] < 0.1
    assert far["classifier_frechet"] > 0.9 * apart


def test_each_measure_of_a_translation_has_a_name_in_both_tables():
    found = {"right", "arrived", "least_right", "cycle_error"}
    assert found <= records.MEASURES.keys()
    assert found <= reports.MEASURES.keys()
