"""Truth here: SciPy's test of ranks and its trees of neighbours, areas counted by hand, sets of pixels."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial import KDTree
from scipy.stats import mannwhitneyu

from ganlab import data
from ganlab.evaluation import judging
from ganlab.experiments import EXPERIMENTS, building, draws, trials
from ganlab.experiments.studies import STUDIES, Study, cost
from ganlab.experiments.unseen import known_to, others, parted, told_of_known
from ganlab.training import train

BASE = replace(
    EXPERIMENTS["digits"],
    width=(8, 8),
    discriminator_width=(16, 8),
    batch_size=16,
    few=40,
    learning_rates=(1e-3, 1e-3),
    float64=True,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def of(pixels):
    """A set of images of one number each; the label is the place in the set."""
    return data.Images(
        "dots", torch.tensor(pixels, dtype=torch.uint8)[:, None, None, None], torch.arange(len(pixels))
    )


def test_an_unseen_image_is_no_copy_of_a_known_one():
    found = others(of([5, 7, 5, 9, 7, 1]), of([7, 9]))
    assert found.pixels.flatten().tolist() == [5, 5, 1]
    assert found.labels.tolist() == [0, 2, 5]
    with pytest.raises(ValueError, match="`known` must leave some of the 2 images, got all of them"):
        others(of([1, 2]), of([2, 1]))


def test_parts_share_nothing_and_lack_nothing():
    parts = parted(of(list(range(20))), (3, 5), seeded())
    assert [len(part) for part in parts] == [3, 5, 12]
    found = [int(x) for part in parts for x in part.pixels.flatten()]
    assert sorted(found) == list(range(20)) != found
    with pytest.raises(ValueError, match="`sizes` must sum to less than 20, got 15, 5"):
        parted(of(list(range(20))), (15, 5), seeded())


def test_what_is_known_is_what_ranks_and_trees_of_neighbours_say():
    setup = building.build(BASE, seed=3)
    train(setup.gan, setup.batches, 40)
    known = known_to(setup)
    assert len(known) == 40
    unseen, _ = parted(others(setup.source, known), (40,), seeded())
    drawn = known.batch(torch.arange(40), dtype=torch.float64)
    drawn = torch.cat([drawn, draws.samples_of(setup.gan, 60, seeded(1))])
    told = told_of_known(known, unseen, drawn, seeded(2), setup.gan)
    images = [x.batch(torch.arange(40), dtype=torch.float64) for x in (known, unseen)]
    scores = [setup.gan.discriminator(x).detach().numpy() for x in images]
    assert told["known_above"] == pytest.approx(mannwhitneyu(*scores).statistic / 40**2, rel=1e-12)
    assert told["score_gap"] == pytest.approx(scores[0].mean() - scores[1].mean(), rel=1e-9)
    far = [KDTree(x.flatten(1).numpy()).query(drawn.flatten(1).numpy())[0] for x in images]
    assert told["nearest_known"] == (far[0] < far[1]).mean()
    assert 0.4 <= told["nearest_known"] < 1


def test_a_discriminator_is_asked_about_images_as_it_sees_them():
    """A cutout hides 10/3 rows and as many columns of eight on average, and leaves 0 there."""
    white, black = (
        data.Images("flat", torch.full((1000, 1, 8, 8), v, dtype=torch.uint8), torch.zeros(1000).long())
        for v in (255, 0)
    )
    gan = SimpleNamespace(
        pack=1, classes=None, device="cpu", dtype=torch.float64, discriminator=lambda x: x.mean((1, 2, 3))
    )
    told = {}
    for policy in ((), ("cutout",)):
        gan.augment = policy
        told[policy] = told_of_known(white, black, torch.zeros(2, 1, 8, 8), seeded(), gan)
    assert told[()]["score_gap"] == 2.0
    assert told["cutout",]["score_gap"] == pytest.approx(2 * (1 - (10 / 3) ** 2 / 64), abs=0.02)
    assert told[()] == {"nearest_known": 0.5, "known_above": 1.0, "score_gap": 2.0}
    assert told_of_known(white, white, torch.zeros(2, 1, 8, 8), seeded(), gan)[
        "known_above"
    ] == pytest.approx(0.5, abs=0.03)
    gan.pack = 2
    assert told_of_known(white, black, torch.zeros(2, 1, 8, 8), seeded(), gan) == {"nearest_known": 0.5}


def test_a_study_of_few_images_judges_by_the_others_and_has_copies_beside_it(tmp_path, monkeypatch):
    kind = judging.KINDS["images"]
    monkeypatch.setitem(judging.KINDS, "images", kind._replace(samples=200))
    methods = {"plain": {"": {}}, "changed": {"": {"augment": ("translation",)}}}
    study = Study("Which?", BASE, methods, 6 * cost(BASE), (), (7, 8), rule="classifier_frechet")
    record = trials.run("few", study, tmp_path / "few.json")
    digits = data.digits()
    for cell in record.cells:
        setup = building.build(study.setting(cell["method"], ""), seed=cell["seed"])
        train(setup.gan, setup.batches, 6)
        rows = setup.batches.images.pixels.flatten(1).numpy()
        new = ~(digits.pixels.flatten(1).numpy()[:, None] == rows).all(2).any(1)
        unseen = replace(digits, pixels=digits.pixels[new], labels=digits.labels[new])
        drawn = draws.samples_of(setup.gan, 200, draws.stream(seed=cell["seed"]))
        told = judging.quality(unseen, drawn, draws.stream(1, seed=cell["seed"]), swift=True)
        assert cell["classifier_frechet"] == pytest.approx(told["classifier_frechet"], rel=1e-3)
        assert 0 <= cell["nearest_known"] <= 1
        assert 0.3 < cell["known_above"] < 0.7, "after six steps nothing is known by heart"
    assert record.rows[-2:] == ["blurred data", "copies"]
    assert set(record.values("copies", "nearest_known").values()) == {1.0}
    perfect = list(record.values("perfect sampler", "nearest_known").values())
    assert 0.3 < np.mean(perfect) < 0.7
    assert min(record.values("copies", "classifier_frechet").values()) > max(
        record.values("perfect sampler", "classifier_frechet").values()
    )


def test_the_cures_of_few_images_differ_in_the_cure_alone_and_have_seeds_of_their_own():
    study = STUDIES["few_images"]
    settings = {method: study.changed(method, "0.001") for method in study.methods}
    assert {len(levels) for levels in study.methods.values()} == {2}
    assert {setting.few for setting in settings.values()} == {30_000, 100}
    for method, setting in settings.items():
        plain = settings[f"{setting.few}, no cure"]
        cure = method.split(", ")[1]
        changed = {
            "no cure": {},
            "DiffAugment": {"augment": ("translation", "cutout")},
            "R1+R2": {"regularizers": (("r1", 0.5), ("r2", 0.5))},
        }[cure]
        assert setting == replace(plain, **changed)
        assert replace(plain, few=100) == settings["100, no cure"]
    for name in ("architectures", "small_data"):
        other = STUDIES[name]
        assert not {*study.tuning, *study.judging} & {*other.tuning, *other.judging}
