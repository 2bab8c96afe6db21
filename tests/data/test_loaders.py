"""A DataLoader as a stream: its own batches in its own order, and the same after a stop; faults by name."""

import itertools

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from ganlab import data, training
from ganlab.data import from_loader
from ganlab.experiments import EXPERIMENTS, build, change


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(n, batch_size=4, *, seed=0, **settings):
    """A loader of the numbers 0 to n - 1 as points, each with itself as its label."""
    numbers = torch.arange(float(n))[:, None]
    return DataLoader(
        TensorDataset(numbers, torch.arange(n)), batch_size, shuffle=True, generator=seeded(seed), **settings
    )


def of(stream, count):
    return [next(stream).flatten().tolist() for _ in range(count)]


def test_its_batches_are_those_of_the_loader_epoch_after_epoch():
    loader = numbered(12)
    expected = [batch[0].flatten().tolist() for _ in range(3) for batch in loader]
    assert of(from_loader(numbered(12)), 9) == expected
    assert sorted(itertools.chain(*expected[:3])) == list(range(12))


def test_a_batch_that_is_not_full_is_left_out():
    stream = from_loader(numbered(10))
    assert [len(batch) for batch in of(stream, 6)] == [4] * 6
    assert len(set(itertools.chain(*of(stream, 2)))) == 8


def test_labels_come_with_their_samples():
    points, labels = next(from_loader(numbered(12), labelled=True))
    assert points.flatten().tolist() == labels.tolist()


@pytest.mark.parametrize(("done", "workers"), [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (7, 0), (4, 1)])
def test_resuming_equals_no_interruption(done, workers):
    stream = from_loader(numbered(14, num_workers=workers))
    of(stream, done)
    state = stream.state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    expected = of(stream, 5)
    resumed = from_loader(numbered(14, seed=9))
    of(resumed, 2)
    resumed.load_state_dict(state)
    assert of(resumed, 5) == expected


def test_the_global_random_stream_is_left_alone():
    before = torch.get_rng_state()
    of(from_loader(numbered(12)), 4)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_game_trains_on_a_loader_as_on_batches_of_the_same_points():
    points = data.ring().sample(512, seeded())
    loader = DataLoader(TensorDataset(points), 256, generator=seeded(1))
    ends = []
    for stream in (from_loader(loader), itertools.cycle(points.split(256))):
        gan = build(change(EXPERIMENTS["ring"], width=8)).gan
        source = stream if hasattr(stream, "state_dict") else Cycled(stream)
        training.train(gan, source, 4)
        ends.append(torch.cat([weight.flatten() for weight in gan.generator.parameters()]))
    assert torch.equal(*ends)


class Cycled:
    batch_size = 256

    def __init__(self, batches):
        self.batches = batches

    def __next__(self):
        return next(self.batches)


@pytest.mark.parametrize(
    ("loader", "error", "message"),
    [
        ([1, 2], TypeError, r"`loader` must be a torch\.utils\.data\.DataLoader, got a list"),
        (DataLoader(range(4), batch_size=None, generator=seeded()), ValueError, "must have a `batch_size`"),
        (DataLoader(range(4), 2), ValueError, "`loader` must have a generator of its own, got none"),
    ],
)
def test_a_loader_that_cannot_be_resumed_is_refused(loader, error, message):
    with pytest.raises(error, match=message):
        from_loader(loader)


@pytest.mark.parametrize(
    ("items", "labelled", "message"),
    [
        (TensorDataset(torch.rand(4, 1, 8, 8)), False, r"images in \[-1, 1\], got none below 0"),
        (TensorDataset(2 * torch.ones(4, 1, 8, 8)), False, r"within \[-1, 1\], got values from 2 to 2"),
        (TensorDataset(torch.zeros(4, 32, 32, 3)), False, "puts the channels first"),
        (TensorDataset(torch.zeros(4, 2)), True, "batches of tensors, samples and labels, got Tensor"),
        (["a", "b", "c", "d"], False, "batches of tensors, samples, got str"),
        ([{"x": 1}] * 4, False, "batches of tensors, samples, got dict"),
        (TensorDataset(torch.zeros(3, 2)), False, "batches of 4, got none in a whole epoch"),
    ],
)
def test_a_batch_that_is_none_is_refused_by_name(items, labelled, message):
    with pytest.raises(ValueError, match=message):
        next(from_loader(DataLoader(items, 4, generator=seeded()), labelled=labelled))


def test_the_state_of_a_longer_loader_is_refused():
    stream = from_loader(numbered(40))
    of(stream, 9)
    with pytest.raises(ValueError, match="`state` must be of this loader, got one after 9 batches"):
        from_loader(numbered(12)).load_state_dict(stream.state_dict())


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        (numbered(512, 256), "`batches` must be an endless iterator, got a DataLoader; .*from_loader"),
        (iter(numbered(512, 256)), "`batches` must give tensors, got a list; .*from_loader"),
    ],
)
def test_training_on_a_bare_loader_names_the_bridge(batches, message):
    with pytest.raises(TypeError, match=message):
        training.train(build(EXPERIMENTS["ring"]).gan, batches, 1)
