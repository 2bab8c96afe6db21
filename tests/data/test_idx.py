"""Truth here: files written byte by byte to the IDX description, torchvision's own reader, Debian's files.

The small sets below are stand-ins: their checksums replace the known ones for the length of a test. The one
real set that a test reads is Debian's Fashion-MNIST; continuous integration must have it.
"""

import gzip
import hashlib
import os
import struct
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision

from ganlab.data import DataError, fashion_mnist, idx, mnist
from ganlab.data.idx import read_images

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
STEMS = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]
LAYOUTS = ["FashionMNIST/raw", "fashion-mnist", "."]


def header(*sizes):
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


def small_files():
    """Seven images to train on and three to test on, all different."""
    files = {}
    for prefix, n, first in (("train", 7, 0), ("t10k", 3, 100)):
        pixels = bytes((first + i) % 256 for i in range(n * 28 * 28))
        files[f"{prefix}-images-idx3-ubyte"] = header(n, 28, 28) + pixels
        files[f"{prefix}-labels-idx1-ubyte"] = header(n) + bytes(range(n))
    return files


@pytest.fixture
def files(monkeypatch, tmp_path):
    """The small files, known as Fashion-MNIST, on a machine without data and without a network."""
    files = small_files()
    digests = {stem: hashlib.sha256(content).hexdigest() for stem, content in files.items()}
    monkeypatch.setitem(idx._SHA256, "FashionMNIST", digests)
    monkeypatch.setattr(idx, "_SYSTEM", tmp_path / "system")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANLAB_DATA", raising=False)
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", offline)
    return files


def offline(self):
    raise URLError("Name or service not known")


def write(folder, files, *, compressed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for stem, content in files.items():
        path = folder / (stem + ".gz" * compressed)
        path.write_bytes(gzip.compress(content) if compressed else content)


def listing(folder):
    return sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))


# --- Finding and reading ---


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compressed", [True, False], ids=["gz", "plain"])
def test_each_layout_is_found_and_read_byte_for_byte(files, tmp_path, layout, compressed):
    write(tmp_path / "data" / layout, files, compressed=compressed)
    pixels, labels = read_images("FashionMNIST", "test", tmp_path / "data")
    assert pixels.shape == (3, 1, 28, 28)
    assert bytes(pixels.flatten().tolist()) == files["t10k-images-idx3-ubyte"][16:]
    assert labels.tolist() == [0, 1, 2]
    assert (pixels.dtype, labels.dtype) == (torch.uint8, torch.int64)


def test_the_split_says_which_files_are_read(files, tmp_path):
    write(tmp_path, files)
    assert [len(fashion_mnist(tmp_path, split=split)) for split in ("train", "test")] == [7, 3]


def test_places_are_searched_in_order_and_the_cache_last(files, tmp_path, monkeypatch):
    places = [tmp_path / "named", tmp_path / "system", tmp_path / "cache" / "ganlab"]
    monkeypatch.setenv("GANLAB_DATA", str(places[0]))
    for place in reversed(places):
        write(place / "fashion-mnist", files)
        found = idx._located("FashionMNIST", STEMS[:2], None)
        assert [path.parent for path in found] == [place / "fashion-mnist"] * 2


def test_without_a_cache_variable_the_cache_lies_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("GANLAB_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert idx.places() == [Path("/usr/share/datasets"), tmp_path / ".cache" / "ganlab"]


def test_a_place_with_half_of_the_files_is_passed_over(files, tmp_path, monkeypatch):
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "named"))
    write(tmp_path / "named", {STEMS[0]: files[STEMS[0]]})
    write(tmp_path / "system" / "fashion-mnist", files)
    assert len(fashion_mnist()) == 7


# --- What is missing ---


@pytest.mark.parametrize("left_out", STEMS[:2])
def test_a_folder_that_is_named_must_hold_both_files(files, tmp_path, left_out):
    del files[left_out]
    write(tmp_path / "data", files)
    with pytest.raises(
        DataError, match=f"`root` must hold {left_out} or {left_out}.gz, .* got {tmp_path}/data"
    ):
        fashion_mnist(tmp_path / "data")


def test_a_folder_that_is_named_is_not_replaced_by_the_usual_places(files, tmp_path):
    write(tmp_path / "system" / "fashion-mnist", files)
    with pytest.raises(DataError, match="leave `root` out to look in the usual places and to download"):
        fashion_mnist(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "failure",
    [URLError("no route to host"), RuntimeError("Error downloading"), IncompleteRead(b"", 9), TimeoutError()],
    ids=lambda failure: type(failure).__name__,
)
def test_no_files_and_no_network_is_one_sentence_with_the_cure(files, tmp_path, monkeypatch, failure):
    def download(self):
        raise failure

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", download)
    with pytest.raises(DataError) as raised:
        fashion_mnist()
    message = str(raised.value)
    assert message.startswith(f"FashionMNIST is in none of {tmp_path}/system, {tmp_path}/cache/ganlab, and")
    assert (str(failure) or type(failure).__name__) in message
    assert message.endswith("Debian has them: apt-get install dataset-fashion-mnist")
    assert "\n" not in message


def test_a_failed_download_leaves_nothing_that_could_be_taken_for_data(files, tmp_path, monkeypatch):
    def half(self):
        write(Path(self.raw_folder), dict(list(files.items())[:2]))
        raise URLError("connection reset")

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", half)
    with pytest.raises(DataError, match="connection reset"):
        fashion_mnist()
    assert not [path for path in tmp_path.rglob("*") if path.name != "cache"]


def test_a_cache_that_cannot_be_written_is_the_same_error(files, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"could not be downloaded .*(Not a directory|File exists)"):
        fashion_mnist()


def test_mnist_is_not_said_to_be_in_debian(files, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.MNIST, "download", offline)
    with pytest.raises(DataError, match=r"name a folder with its files by --data-dir or GANLAB_DATA$"):
        mnist()


def test_a_download_is_kept_and_not_repeated(files, tmp_path, monkeypatch):
    calls = []

    def download(self):
        calls.append(self.root)
        write(Path(self.raw_folder), files)
        write(Path(self.raw_folder), files, compressed=False)

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", download)
    assert [len(fashion_mnist()), len(fashion_mnist(split="test"))] == [7, 3]
    assert len(calls) == 1
    cache = tmp_path / "cache" / "ganlab"
    assert [path.name for path in cache.iterdir()] == ["FashionMNIST"]
    assert torchvision.datasets.FashionMNIST(cache, train=False).data.shape == (3, 28, 28)


def test_a_download_replaces_what_is_incomplete_in_the_cache(files, tmp_path, monkeypatch):
    raw = tmp_path / "cache" / "ganlab" / "FashionMNIST" / "raw"
    write(raw, {STEMS[0]: b"left by an older download"})

    def download(self):
        write(Path(self.raw_folder), files)
        write(Path(self.raw_folder), files, compressed=False)

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", download)
    assert len(fashion_mnist()) == 7


# --- What is damaged ---


def flipped(content, position):
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


PACKED = gzip.compress(small_files()[STEMS[0]])
PLAIN = small_files()[STEMS[0]]


@pytest.mark.parametrize(
    ("ending", "content", "fault"),
    [
        (".gz", PACKED[: len(PACKED) // 2], r"cannot be read \(Compressed file ended"),
        (".gz", b"", r"is no IDX file of 3-D bytes, it starts "),
        (".gz", flipped(PACKED, 0), r"cannot be read \(Not a gzipped file"),
        (".gz", flipped(PACKED, len(PACKED) // 2), r"cannot be read \(|holds|SHA-256 differs"),
        (".gz", flipped(PACKED, len(PACKED) - 6), r"cannot be read \(CRC check failed"),
        (
            ".gz",
            gzip.compress(flipped(PLAIN, 500)),
            r"its content is not that of FashionMNIST \(SHA-256 differs",
        ),
        ("", PLAIN[:1000], "holds 984 bytes of 5488"),
        ("", PLAIN + b"x", "holds 5489 bytes of 5488"),
        ("", PLAIN[:10], "is no IDX file of 3-D bytes, it starts 00000803"),
        ("", b"", "is no IDX file of 3-D bytes, it starts ;"),
        ("", flipped(PLAIN, 3), "is no IDX file of 3-D bytes, it starts 00000802"),
        ("", small_files()[STEMS[1]] + bytes(99), "is no IDX file of 3-D bytes, it starts 00000801"),
        ("", b"<!DOCTYPE html><html>", "is no IDX file of 3-D bytes, it starts 3c21444f"),
        ("", flipped(PLAIN, 7), "holds 5488 bytes of 4704"),
        ("", flipped(PLAIN, 500), "its content is not that of FashionMNIST"),
        ("", small_files()[STEMS[2]], "its content is not that of FashionMNIST"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault_and_the_cure(files, tmp_path, ending, content, fault):
    write(tmp_path / "data", files, compressed=ending == ".gz")
    path = tmp_path / "data" / (STEMS[0] + ending)
    path.write_bytes(content)
    before = listing(tmp_path)
    with pytest.raises(DataError, match=fault) as raised:
        fashion_mnist(tmp_path / "data")
    assert str(raised.value).startswith(f"{path} ")
    assert str(raised.value).endswith("; delete or replace it, and FashionMNIST will be looked for again")
    assert listing(tmp_path) == before


def test_a_damaged_file_in_the_usual_places_is_an_error_and_not_passed_over(files, tmp_path, monkeypatch):
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "named"))
    write(tmp_path / "named", {**files, STEMS[1]: flipped(files[STEMS[1]], 9)})
    write(tmp_path / "system" / "fashion-mnist", files)
    with pytest.raises(DataError, match=r"named/train-labels-idx1-ubyte.gz is complete, but its content"):
        fashion_mnist()


def test_a_file_that_may_not_be_read_is_named(files, tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    write(tmp_path / "data", files)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz cannot be read \(.*Permission denied"):
        fashion_mnist(tmp_path / "data")


def test_the_files_of_one_set_are_not_taken_for_the_other(files, tmp_path):
    write(tmp_path, files)
    with pytest.raises(DataError, match="is complete, but its content is not that of MNIST"):
        mnist(tmp_path)


# --- The real set ---


@pytest.fixture(scope="module")
def debian():
    if not DEBIAN.is_dir():
        assert not os.environ.get("CI"), "continuous integration must install dataset-fashion-mnist"
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    return DEBIAN


@pytest.mark.parametrize(("split", "n"), [("train", 60_000), ("test", 10_000)])
def test_debians_fashion_mnist_has_its_published_size_and_balance(debian, split, n):
    images = fashion_mnist(debian, split=split)
    assert images.pixels.shape == (n, 1, 28, 28)
    assert torch.bincount(images.labels).tolist() == [n // 10] * 10


def test_debians_fashion_mnist_is_what_torchvision_reads(debian, tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for stem in STEMS:
        (raw / stem).write_bytes(b"")  # torchvision asks for all four, and reads two
        if "t10k" in stem:
            (raw / stem).write_bytes(gzip.decompress((debian / f"{stem}.gz").read_bytes()))
    theirs, ours = (
        torchvision.datasets.FashionMNIST(tmp_path, train=False),
        fashion_mnist(tmp_path, split="test"),
    )
    assert torch.equal(ours.pixels[:, 0], theirs.data)
    assert torch.equal(ours.labels, theirs.targets)
    assert torch.equal(fashion_mnist(debian, split="test").pixels, ours.pixels)


def test_debians_archives_are_torchvisions_but_for_the_gzip_header(debian):
    """Debian took the file name and the time out of each header; put back, torchvision's checksums hold."""
    known = dict(torchvision.datasets.FashionMNIST.resources)
    for stem, moment in zip(STEMS, [1504176606, 1504176606, 1504176627, 1504176627], strict=True):
        body = (debian / f"{stem}.gz").read_bytes()[10:]
        upstream = (
            b"\x1f\x8b\x08\x08" + struct.pack("<I", moment) + b"\x00\x03" + stem.encode() + b"\x00" + body
        )
        assert hashlib.md5(upstream, usedforsecurity=False).hexdigest() == known[f"{stem}.gz"]
