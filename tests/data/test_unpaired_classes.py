"""Classes that belong together: which images are on which side, counted from the files; what is refused."""

from dataclasses import replace

import pytest
import torch

from ganlab import data


def marked(labels, mark):
    """An image set of 2x2 pixels, each image of one grey, which is `mark` and its label."""
    labels = torch.tensor(labels)
    pixels = (mark + labels).to(torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
    return data.Images("marked", pixels, labels)


@pytest.fixture
def sides():
    seen, unseen = (marked([1, 4, 4], 10), marked([2, 2, 5], 20)), (marked([4, 1], 30), marked([5, 2], 40))
    return data.UnpairedClasses(seen[0], seen[1], unseen[0], unseen[1], {1: 5, 4: 2})


def greys(images):
    return sorted(set(((images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()))


def test_each_side_and_what_judges_it_come_from_sets_of_their_own(sides, rng):
    x, y = sides.draw(200, rng)
    unseen, labels = sides.held_out(200, rng)
    assert (greys(x), greys(y), greys(unseen)) == ([11, 14], [22, 25], [31, 34])
    assert greys(sides.sample(200, rng)) == [22, 25]
    assert greys(unseen[labels == 4]) == [34], "a label stays with its image"
    assert sides.shape == (1, 2, 2)


def test_samples_of_both_sides_are_independent(sides, rng):
    x, y = sides.draw(4000, rng)
    shoe, other = x[:, 0, 0, 0] > x.mean(), y[:, 0, 0, 0] > y.mean()
    both = (shoe & other).double().mean()
    assert both == pytest.approx(float(shoe.double().mean() * other.double().mean()), abs=0.025)


def test_a_class_has_the_partner_that_is_said(sides):
    assert sides.partners_of(torch.tensor([4, 1, 1])).tolist() == [2, 5, 5]


def test_sets_that_do_not_fit_the_partners_are_refused(sides):
    with pytest.raises(ValueError, match=r"`target` must have the classes \[2, 5\] .*, got \[1\]"):
        replace(sides, target=marked([1], 0))
    other = data.Images("large", torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.tensor([1, 4]))
    with pytest.raises(ValueError, match=r"`unseen` must have the shape \(1, 2, 2\), got \(1, 3, 3\)"):
        replace(sides, unseen=other)


def test_shoes_and_tops_are_the_images_of_their_classes():
    try:
        found = data.shoes_and_tops()
        train, test = (data.fashion_mnist(split=split) for split in ("train", "test"))
    except data.DataError:
        pytest.skip("Fashion-MNIST is not here")
    for images, whole, classes in (
        (found.source, train, {0, 7}),
        (found.target, train, {2, 9}),
        (found.unseen, test, {0, 7}),
        (found.unseen_target, test, {2, 9}),
    ):
        own = [i for i, label in enumerate(whole.labels.tolist()) if label in classes]
        assert images.pixels.equal(whole.pixels[own])
        assert images.labels.equal(whole.labels[own])
    assert found.partners == {7: 9, 0: 2}  # sneaker to boot, T-shirt to pullover: Xiao et al. 2017, table 2
