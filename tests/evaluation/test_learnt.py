"""A judge of drawn shapes: their classes are known, and so is what it may have seen of them."""

import math

import pytest
import torch
from scipy.stats import binom

from ganlab import data
from ganlab.evaluation import classifiers, judging, learnt
from ganlab.evaluation.learnt import LEAST, judge_of, parts

NAMES = ("bar", "disc", "frame")


def rng_of(seed=0):
    return torch.Generator().manual_seed(seed)


def shapes(count, *, seed=0, names=NAMES):
    """So many noisy pictures, (N, 1, 16, 16), of a bar, of a disc or of a frame, at places of their own."""
    rng = rng_of(seed)
    labels = torch.arange(count) % len(names)
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    pixels = torch.randint(60, (count, 1, 16, 16), generator=rng, dtype=torch.uint8)
    for picture, label in zip(pixels, labels.tolist(), strict=True):
        y, x = (int(place) for place in torch.randint(6, 10, (2,), generator=rng))
        far = torch.maximum((rows - y).abs(), (columns - x).abs())
        inside = {
            "bar": (columns - x).abs() <= 1,
            "disc": (rows - y) ** 2 + (columns - x) ** 2 <= 16,
            "frame": far == 5,
        }[names[label]]
        picture[0, inside] = 220
    return data.Images("shapes", pixels, labels, classes=names)


@pytest.fixture(scope="module")
def judged():
    return shapes(180), judge_of(shapes(180), rng=rng_of())


def test_a_quarter_of_each_class_is_held_out_and_nothing_is_in_both_parts():
    images = shapes(96 + 25)
    seen, unseen = parts(images, rng=rng_of())
    counts = images.labels.bincount().tolist()
    assert images.labels[unseen].bincount().tolist() == [count // 4 for count in counts]
    assert sorted([*seen.tolist(), *unseen.tolist()]) == list(range(len(images)))


def test_the_judge_learns_from_its_part_alone_and_its_accuracy_is_of_the_other(monkeypatch):
    images, learnt_from = shapes(180), []
    images.labels[::9] = (
        images.labels[::9] + 1
    ) % 3  # what is wrong can be learnt by heart, and not foreseen
    real = classifiers.train

    def train(recipe, some, *, rng):
        learnt_from.append(some)
        return real(recipe, some, rng=rng)

    monkeypatch.setattr(classifiers, "train", train)
    judge = judge_of(images, rng=rng_of())
    seen, unseen = parts(images, rng=rng_of())
    (some,) = learnt_from
    assert torch.equal(some.pixels, images.pixels[seen])
    right = (judge.classifier.labels(images.batch(unseen)) == images.labels[unseen]).double().mean()
    assert judge.accuracy == pytest.approx(right.item(), abs=1e-12)
    commonest = max(images.labels[unseen].tolist().count(label) for label in range(3)) / len(unseen)
    assert (judge.seen, judge.unseen, judge.commonest) == (len(seen), len(unseen), pytest.approx(commonest))
    assert judge.accuracy < 1


def test_the_judge_of_shapes_names_shapes_that_are_new(judged):
    judge, fresh = judged[1], shapes(300, seed=5)
    right = (judge.classifier.labels(fresh.batch(torch.arange(300))) == fresh.labels).double().mean().item()
    assert judge.accuracy > 0.9
    assert right == pytest.approx(judge.accuracy, abs=5 * math.sqrt(0.1 * 0.9 / 45) + 0.02)


def test_obedience_is_told_of_a_folder_with_a_judge_and_not_without(judged):
    images, judge = judged
    drawn, labels = shapes(90, seed=9).batch(torch.arange(90)), torch.arange(90) % 3
    assert judging.asked(images, drawn, labels, rng_of()) == {}
    judge = judge._replace(accuracy=0.75)
    obeyed = judging.asked(images, drawn, labels, rng_of(), judge=judge)
    assert obeyed["obedience"] > 0.9
    assert obeyed["real_obedience"] == 0.75
    crossed = judging.asked(images, drawn, (labels + 1) % 3, rng_of(), judge=judge)
    assert crossed["obedience"] < 0.1 < crossed["class_frechet"]
    assert crossed["class_frechet"] > 3 * obeyed["class_frechet"]


def test_a_judge_of_meaningless_labels_is_refused():
    images = shapes(180)
    guessed = data.Images(
        "mixed", images.pixels, images.labels[torch.randperm(180, generator=rng_of())], classes=NAMES
    )
    wanted = r"the classes of mixed must be told apart by the judge, got one that names \d+ of 45 held-out"
    with pytest.raises(ValueError, match=wanted):
        judge_of(guessed, rng=rng_of())


@pytest.mark.parametrize(("unseen", "classes"), [(10, 2), (45, 3), (400, 10)])
def test_a_judge_is_refused_up_to_the_number_that_the_binomial_law_says(unseen, classes):
    commonest = 1 / classes
    poor = commonest + (1 - commonest) / 4
    least = next(k for k in range(unseen + 1) if 1 - binom.cdf(k - 1, unseen, poor) <= 0.01)
    nobody = classifiers.build((1, 8, 8), rng=rng_of())
    for right in (least, least - 1):
        judge = learnt.Judge(nobody, right / unseen, commonest, 3 * unseen, unseen)
        if right == least:
            learnt._refuse_guesses(judge, "shapes")
        else:
            with pytest.raises(ValueError, match=f"names {right} of {unseen} held-out images"):
                learnt._refuse_guesses(judge, "shapes")


def test_what_cannot_have_a_judge_is_named():
    with pytest.raises(ValueError, match="shapes must have at least two classes to be judged, got 1"):
        judge_of(shapes(60, names=("bar",)), rng=rng_of())
    images = shapes(60)
    keep = torch.cat([torch.arange(60)[images.labels != 1], torch.arange(60)[images.labels == 1][:19]])
    few = data.Images("few", images.pixels[keep], images.labels[keep], classes=NAMES)
    with pytest.raises(
        ValueError, match=f"each class of few must have at least {LEAST} .* got disc with 19$"
    ):
        judge_of(few, rng=rng_of())
    odd = data.Images("odd", images.pixels[:, :, :15, :15], images.labels, classes=NAMES)
    with pytest.raises(ValueError, match=r"`size` must be a multiple of 4 .* got 15 by 15"):
        judge_of(odd, rng=rng_of())
