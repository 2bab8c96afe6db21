"""Truth here: archives whose pickles NumPy itself wrote, torchvision's own reader and its checksums.

The small sets are stand-ins: their checksums replace the known ones for the length of a test.
"""

import hashlib
import io
import json
import pickle
import struct
import tarfile
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision

from ganlab import data
from ganlab.cli import main
from ganlab.data import DataError, cifar, cifar10, idx
from ganlab.evaluation import judging

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def batch(number, count=4):
    """A batch as the authors wrote it: protocol 2, and texts as bytes."""
    numbers = np.random.default_rng(number).integers(0, 256, (count, 3072), dtype=np.uint8)
    labels = [(number + place) % 10 for place in range(count)]
    return {b"batch_label": b"one of six", b"data": numbers, b"labels": labels, b"filenames": [b"x"] * count}


class Python2(pickle._Pickler):
    """A writer of pickles as Python 2 wrote them, where texts were bytes."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_text(self, text):
        content = text.encode("ascii") if isinstance(text, str) else text
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)

    dispatch[bytes] = dispatch[str] = save_text


def written(document):
    file = io.BytesIO()
    Python2(file, protocol=2).dump(document)
    return file.getvalue()


@pytest.fixture
def batches(monkeypatch, tmp_path):
    """Six small batches, known as CIFAR-10, on a machine without data and without a network."""
    found = {name: written(batch(number)) for number, name in enumerate(NAMES)}
    know(found, monkeypatch)
    monkeypatch.setattr(idx, "_SYSTEM", tmp_path / "system")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANLAB_DATA", raising=False)
    monkeypatch.setattr(torchvision.datasets.utils, "download_url", offline)
    return found


def know(found, monkeypatch):
    for name, content in found.items():
        monkeypatch.setitem(cifar.MD5, name, hashlib.md5(content).hexdigest())


def offline(*_):
    raise URLError("Name or service not known")


def unpacked(folder, found):
    (folder / "cifar-10-batches-py").mkdir(parents=True)
    for name, content in found.items():
        (folder / "cifar-10-batches-py" / name).write_bytes(content)
    return folder


def packed(folder, found):
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name, content in found.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return folder


def expected(split):
    numbers = range(5) if split == "train" else [5]
    documents = [batch(number) for number in numbers]
    pixels = np.concatenate([document[b"data"] for document in documents]).reshape(-1, 3, 32, 32)
    return torch.from_numpy(pixels), torch.tensor(
        [label for document in documents for label in document[b"labels"]]
    )


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("layout", [unpacked, packed])
@pytest.mark.parametrize("inside", [".", "CIFAR10"])
def test_the_images_are_those_that_numpy_wrote(batches, tmp_path, split, layout, inside):
    layout(tmp_path / "mine" / inside, batches)
    images = cifar10(tmp_path / "mine", split=split)
    pixels, labels = expected(split)
    assert torch.equal(images.pixels, pixels)
    assert torch.equal(images.labels, labels)
    assert (images.name, images.shape, images.maximum) == ("cifar10", (3, 32, 32), 255)


def test_torchvision_reads_the_same_images_from_the_same_files(batches, tmp_path, monkeypatch):
    unpacked(tmp_path, batches)
    theirs = torchvision.datasets.CIFAR10
    monkeypatch.setattr(theirs, "_check_integrity", lambda self: True)
    monkeypatch.setattr(theirs, "_load_meta", lambda self: None)
    for split in ("train", "test"):
        ours, known = cifar10(tmp_path, split=split), theirs(tmp_path, train=split == "train")
        assert torch.equal(ours.pixels, torch.from_numpy(known.data.transpose(0, 3, 1, 2).copy()))
        assert ours.labels.tolist() == known.targets


def test_the_checksums_are_those_of_torchvision():
    theirs = torchvision.datasets.CIFAR10
    assert list(cifar.MD5.items()) == [tuple(entry) for entry in theirs.train_list + theirs.test_list]
    assert (theirs.filename, theirs.base_folder) == (cifar.ARCHIVE, cifar.BATCHES)


class Trap:
    """What a pickle can do to whoever loads it: here it would leave a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("place", [b"data", b"labels", b"filenames"])
def test_no_code_of_a_pickle_is_run_even_where_the_checksum_is_right(batches, tmp_path, monkeypatch, place):
    trap = tmp_path / "sprung"
    batches["test_batch"] = written(batch(5) | {place: Trap(trap)})
    know(batches, monkeypatch)
    with pytest.raises(DataError, match=r"holds no images .* asks for \S+\.open, which is not read"):
        cifar10(unpacked(tmp_path, batches), split="test")
    assert not trap.exists()
    pickle.loads(batches["test_batch"], encoding="latin1")[place.decode()].close()
    assert trap.exists()  # and so the trap was one


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({b"data": np.zeros((4, 3072), dtype=np.int16)}, "rows of 3072 numbers of type b?'i2'"),
        ({b"data": np.zeros((4, 3071), dtype=np.uint8)}, "rows of 3071 numbers"),
        ({b"data": np.zeros((3072, 4), dtype=np.uint8).T}, "rows of 3072 numbers of type b?'u1'"),
        ({b"data": np.full((4, 3072), None)}, "rows of 3072 numbers of type b?'O8'"),
        ({b"labels": [1, 2]}, "12288 bytes and 2 labels for 4 images"),
        ({b"labels": ["one"] * 4}, ""),
        ({b"data": [1, 2, 3]}, "state"),
    ],
)
def test_what_are_no_images_is_refused_by_name(batches, tmp_path, monkeypatch, change, fault):
    batches["test_batch"] = written(batch(5) | change)
    know(batches, monkeypatch)
    with pytest.raises(DataError, match=f"test_batch that holds no images of 3x32x32 bytes .*{fault}"):
        cifar10(unpacked(tmp_path, batches), split="test")


@pytest.mark.parametrize("layout", [unpacked, packed])
def test_a_file_that_was_altered_is_refused_before_it_is_read(batches, tmp_path, layout):
    broken = batches | {"data_batch_3": batches["data_batch_3"][:-1] + b"!"}
    with pytest.raises(DataError, match=r"has a data_batch_3 whose content is not that of CIFAR-10"):
        cifar10(layout(tmp_path, broken))
    assert len(cifar10(tmp_path, split="test")) == 4


def test_an_archive_cut_short_is_an_error_that_names_it(batches, tmp_path):
    file = packed(tmp_path, batches) / "cifar-10-python.tar.gz"
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"cifar-10-python.tar.gz cannot be read .*delete or replace it"):
        cifar10(tmp_path)
    packed(tmp_path, {"data_batch_1": batches["data_batch_1"]})
    with pytest.raises(DataError, match=r"no whole archive of CIFAR-10: it has no .*/data_batch_2"):
        cifar10(tmp_path)


def test_the_usual_places_are_searched_in_order(batches, tmp_path, monkeypatch):
    unpacked(tmp_path / "cache" / "ganlab", batches)
    assert len(cifar10()) == 20
    other = {name: written(batch(number, count=2)) for number, name in enumerate(NAMES)}
    know(other, monkeypatch)
    packed(tmp_path / "named", other)
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "named"))
    assert len(cifar10()) == 10


def test_no_files_and_no_network_is_one_sentence_with_the_cure(batches, tmp_path, monkeypatch, capsys):
    with pytest.raises(
        DataError, match=r"CIFAR-10 is in none of .*system.*could not be downloaded .*not known"
    ):
        cifar10()
    with pytest.raises(DataError, match="`root` must hold the folder cifar-10-batches-py or the archive"):
        cifar10(tmp_path)
    assert main(["train", "--data", "cifar10", "--out", str(tmp_path / "run")]) == 2
    assert "--data-dir" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_download_is_kept_and_not_repeated(batches, tmp_path, monkeypatch):
    asked = []

    def download(url, root, filename, md5):
        asked.append((url, md5))
        packed(tmp_path / "there", batches)
        (tmp_path / "there" / filename).rename(f"{root}/{filename}")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    assert len(cifar10()) == 20
    assert len(cifar10(split="test")) == 4
    assert asked == [(torchvision.datasets.CIFAR10.url, torchvision.datasets.CIFAR10.tgz_md5)]


def test_colour_images_without_a_classifier_are_judged_by_nothing_but_fid(batches, tmp_path):
    source = data.DATASETS["cifar10"].load(packed(tmp_path, batches))
    drawn = source.batch(torch.arange(4))
    assert drawn.aminmax() == (-1, 1)
    assert judging.quality(source, drawn, torch.Generator()) == {"samples": 4}
    assert judging.kind_of(source).real(source, 4, torch.Generator()).shape == (4, 3, 32, 32)


def test_a_run_on_colour_images_is_trained_with_all_settings_and_drawn(batches, tmp_path):
    packed(tmp_path, batches)
    run = str(tmp_path / "run")
    settings = ["--width", "4", "--batch-size", "4", "--latent-dim", "4", "--attention", "8", "--conditional"]
    settings += ["--ema-batches", "1", "--augment", "colour,cutout"]
    where = ["--data-dir", str(tmp_path), "--out", run]
    assert main(["train", "--data", "cifar10", "--steps", "2", *settings, *where]) == 0
    stored = json.loads((tmp_path / "run" / "request.json").read_text())["experiment"]
    wanted = {"attention": 8, "augment": ["colour", "cutout"], "ema_batches": 1, "conditional": True}
    assert wanted.items() <= stored.items()
    assert main(["sample", run, "--count", "4", "--out", str(tmp_path / "drawn.npy")]) == 0
    drawn = np.load(tmp_path / "drawn.npy")
    assert drawn.shape == (4, 3, 32, 32)
    assert np.abs(drawn).max() <= 1
