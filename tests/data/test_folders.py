"""A folder of the reader's own pictures: every kind of file that may lie in one is read, or named."""

import os
import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image, features
from torchvision.transforms import functional

from ganlab import data, folders
from ganlab.data import DataError
from ganlab.folders import FolderWarning


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def noise(width, height, seed=0):
    """A colour picture (H, W, 3) without any symmetry."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path, pixels, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path, **settings)


def plain(colour, size=(40, 40), mode="RGB"):
    return Image.new(mode, size, colour)


def only(images):
    """The one picture of a set, (H, W, C) as numbers."""
    assert len(images) == 1
    return images.pixels[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(("width", "height"), [(60, 60), (90, 60), (60, 90), (61, 40), (7, 7), (300, 28)])
def test_a_picture_is_its_middle_square_made_so_large(root, width, height):
    pixels = noise(width, height)
    save(root / "a.png", pixels)
    side = min(width, height)
    square = functional.center_crop(Image.fromarray(pixels), [side, side])
    wanted = np.asarray(functional.resize(square, [16, 16], functional.InterpolationMode.BICUBIC))
    np.testing.assert_array_equal(only(data.folder(root, size=16)), wanted)


def test_the_shorter_side_becomes_the_size(root):
    """Stripes of a third each, in a picture three times as long as high: what is left is the middle one."""
    stripes = np.repeat([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], 40, axis=0).repeat(40, axis=1)
    save(root / "a.png", stripes)
    assert (only(data.folder(root, size=10)) == [0, 255, 0]).all()


def test_grey_is_the_usual_mean_of_the_colours_and_three_equal_channels(root):
    plain((200, 100, 50)).save(root / "a.png")
    grey = only(data.folder(root, channels=1))
    assert grey.shape == (28, 28, 1)
    assert (grey == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()
    shutil.rmtree(root)
    root.mkdir()
    plain(77, mode="L").save(root / "a.png")
    assert (only(data.folder(root)) == 77).all()
    assert (only(data.folder(root, channels=1)) == 77).all()


FORMATS = ["bmp", "png", "gif", "tif", "ppm", "tga", "webp", "jpg", "JPEG", "ico", "pcx", "sgi"]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_picture_is_read_in_each_format(root, ending):
    if ending == "webp" and not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    plain((10, 120, 240), (32, 32)).save(root / f"a.{ending}")
    difference = only(data.folder(root, size=8)).astype(int) - [10, 120, 240]
    assert abs(difference).max() <= (4 if ending in ("jpg", "JPEG", "webp") else 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LA", "RGBA", "I;16"])
def test_a_white_picture_is_white_in_every_mode(root, mode):
    if mode == "I;16":
        Image.fromarray(np.full((30, 30), 2**16 - 1, dtype=np.uint16)).save(root / "a.png")
    else:
        ending = "tif" if mode in ("CMYK", "YCbCr") else "png"
        plain("white").convert(mode).save(root / f"a.{ending}")
    assert (only(data.folder(root)) == 255).all()


def test_sixteen_bits_keep_their_upper_eight(root):
    ramp = np.repeat(np.arange(0, 2**16, 256, dtype=np.uint16)[:, None], 256, axis=1) + 200
    Image.fromarray(ramp).save(root / "a.png")
    assert (only(data.folder(root, size=256, channels=1))[:, 0, 0] == np.arange(256)).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_laid_on_white(root, mode):
    clear = plain((0, 0, 0, 0), mode="RGBA")
    if mode == "P":
        picture = plain(0, mode="P")
        picture.putpalette([0, 0, 0])
        picture.save(root / "a.png", transparency=0)
    else:
        clear.convert(mode).save(root / "a.png")
    assert (only(data.folder(root)) == 255).all()


def test_half_of_black_over_white_is_grey(root):
    plain((0, 0, 0, 128), mode="RGBA").save(root / "a.png")
    assert abs(only(data.folder(root)).astype(int) - 127.5).max() <= 1


def test_a_picture_is_turned_as_its_camera_says(root):
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[:20] = 255  # the upper half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(pixels).save(root / "a.png", exif=exif)
    found = only(data.folder(root, size=4, channels=1))[..., 0]
    assert (found[:, 3] > 250).all()
    assert (found[:, 0] < 5).all()


def test_of_a_film_the_first_frame_is_taken_and_that_is_said(root):
    first, second = plain("red"), plain("blue")
    first.save(root / "a.gif", save_all=True, append_images=[second, first])
    plain("red").save(root / "still.gif")
    with pytest.warns(FolderWarning, match=r"of 1 with several frames the first is taken: a.gif$"):
        images = data.folder(root)
    assert (images.pixels.permute(0, 2, 3, 1).numpy() == [255, 0, 0]).all()


# What is wrong with a file


def damage(path):
    save(path, noise(64, 64))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_damaged_files_are_named_counted_and_left_out(root):
    save(root / "good.png", noise(30, 30))
    damage(root / "cut.jpg")
    (root / "text.png").write_text("no picture")
    (root / "empty.gif").write_bytes(b"")
    (root / "gone.png").symlink_to(root / "nowhere.png")
    with pytest.warns(FolderWarning) as caught:
        images = data.folder(root)
    assert len(images) == 1
    (said,) = (str(one.message) for one in caught)
    assert said.startswith(f"{root}: 4 of 5 images cannot be read and are left out: ")
    assert "text.png (it is no image)" in said
    assert "empty.gif (it is no image)" in said
    assert "gone.png (No such file or directory)" in said
    assert "cut.jpg (image file is truncated" in said


def test_a_file_that_may_not_be_read_is_named(root, monkeypatch):
    """The tests may run as root, whom no file refuses."""
    save(root / "a.png", noise(30, 30))
    save(root / "b.png", noise(30, 30))
    real = folders.picture

    def refuse(path, **settings):
        if path.name == "b.png":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **settings)

    monkeypatch.setattr(folders, "picture", refuse)
    with pytest.warns(FolderWarning, match=r"1 of 2 images .* b.png \(Permission denied\)$"):
        data.folder(root)


def test_of_many_damaged_files_the_first_are_named(root):
    save(root / "good.png", noise(30, 30))
    for number in range(9):
        (root / f"{number}.png").write_text("no")
    with pytest.warns(FolderWarning, match=r": 0.png \(.*, 4.png \(it is no image\) and 4 more$"):
        data.folder(root)


def test_a_picture_of_numbers_without_a_scale_is_named(root):
    save(root / "good.png", noise(30, 30))
    Image.fromarray(np.ones((8, 8), dtype=np.float32)).save(root / "f.tif")
    Image.fromarray(np.full((8, 8), 10**6, dtype=np.int32)).save(root / "i.tif")
    with pytest.warns(FolderWarning) as caught:
        data.folder(root)
    assert "f.tif (it holds floating-point numbers, of which black and white are not kn" in str(
        caught[0].message
    )
    assert "i.tif (it holds numbers from 1000000 to 1000000, which are not those of 16" in str(
        caught[0].message
    )


def test_a_picture_too_large_to_be_meant_is_named(root, monkeypatch):
    save(root / "good.png", noise(10, 10))
    save(root / "bomb.png", noise(30, 30))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 800)
    with pytest.warns(FolderWarning, match=r"1 of 2 .* bomb.png \(Image size \(900 pixels\) exceeds limit"):
        data.folder(root)


def test_a_program_in_postscript_is_not_run_whatever_it_is_called(root):
    (root / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    (root / "b.eps").write_bytes((root / "a.png").read_bytes())
    with pytest.raises(DataError, match=r"whose 1 cannot be read: a.png \(it is no image\)"):
        data.folder(root)


def test_a_folder_where_nothing_can_be_read_is_refused(root):
    damage(root / "a.jpg")
    with pytest.raises(
        DataError, match=r"`path` must be a folder of images, got .*, whose 1 cannot be read: a"
    ):
        data.folder(root)
    assert not (root.parent / "cache").exists()


# What is wrong with a folder


def test_what_is_no_folder_of_images_is_one_sentence(root, tmp_path):
    (tmp_path / "file.png").write_text("")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (root / "thesis.txt").write_text("all of it")
    (root / ".hidden.png").write_text("")
    for path, message in {
        tmp_path / "nowhere": "`path` must be a folder that exists, got .*nowhere$",
        tmp_path / "a": "`path` must be a folder that exists, got .*a$",
        tmp_path / "file.png": "`path` must be a folder of images, got the file .*file.png$",
        root: "`path` must be a folder of images, got .*mine, which holds none, but 1 other file$",
    }.items():
        with pytest.raises(ValueError, match=message):
            data.folder(path)


def test_pictures_beside_folders_of_pictures_are_refused(root):
    save(root / "a.png", noise(9, 9))
    save(root / "cats" / "b.png", noise(9, 9))
    with pytest.raises(ValueError, match=r"one a class, but not both, got a.png beside cats/b.png in "):
        data.folder(root)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "`size` must be a whole number from 1 to 1024, got 0"),
        ({"size": 10**6}, "`size` must be a whole number from 1 to 1024, got 1000000"),
        ({"size": 28.0}, "`size` must be a whole number from 1 to 1024, got 28.0"),
        ({"channels": 4}, "`channels` must be 3, in colour, or 1, in grey, got 4"),
    ],
)
def test_a_size_or_a_channel_too_many_is_refused(root, settings, message):
    save(root / "a.png", noise(9, 9))
    with pytest.raises(ValueError, match=message):
        data.folder(root, **settings)


def test_a_circle_of_links_has_an_end(root):
    save(root / "cats" / "a.png", noise(9, 9))
    (root / "cats" / "up").symlink_to(root)
    (root / "dogs").mkdir()
    (root / "dogs" / "deeper").mkdir()
    save(root / "dogs" / "deeper" / "b.png", noise(9, 9))
    (root / "dogs" / "deeper" / "cats").symlink_to(root / "cats")
    with pytest.warns(FolderWarning, match=r"links lead back .* not followed: cats/up/, dogs/deeper/cats/$"):
        images = data.folder(root)
    assert images.labels.tolist() == [0, 1]


# Classes


def test_sub_folders_are_classes_in_the_order_of_their_names(root):
    for name, value, count in (("dogs", 20, 2), ("ants", 10, 1), ("cats/old/tabby", 30, 3)):
        for number in range(count):
            save(root / name / f"{number}.png", np.full((9, 9, 3), value))
    (root / "void").mkdir()
    (root / ".git").mkdir()
    with pytest.warns(FolderWarning, match="folders without an image are no class: void$"):
        images = data.folder(root)
    assert images.classes == ("ants", "cats", "dogs")
    assert images.labels.tolist() == [0, 1, 1, 1, 2, 2]
    assert images.pixels[:, 0, 0, 0].tolist() == [10, 30, 30, 30, 20, 20]


def test_one_class_is_a_class_and_none_is_none(root):
    save(root / "cats" / "a.png", noise(9, 9))
    assert data.folder(root).classes == ("cats",)
    assert data.folder(root / "cats").classes == ()
    assert data.folder(root / "cats").labels.tolist() == [0]


def test_a_class_of_which_nothing_can_be_read_is_refused(root):
    save(root / "cats" / "a.png", noise(9, 9))
    damage(root / "dogs" / "b.jpg")
    with pytest.raises(DataError, match=r"no image of the class dogs can be read: dogs/b.jpg \("):
        data.folder(root)


# The cache


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that were read, in order."""
    names, real = [], folders.picture

    def picture(path, **settings):
        names.append(path.name)
        return real(path, **settings)

    monkeypatch.setattr(folders, "picture", picture)
    return names


def test_a_second_reading_opens_no_file_and_says_the_same(root, reads):
    save(root / "a.png", noise(30, 30))
    (root / "b.png").write_text("no")
    with pytest.warns(FolderWarning) as first:
        one = data.folder(root)
    with pytest.warns(FolderWarning) as second:
        two = data.folder(root)
    assert reads == ["a.png", "b.png"]
    assert torch.equal(one.pixels, two.pixels)
    assert torch.equal(one.labels, two.labels)
    assert [str(a.message) for a in first] == [str(a.message) for a in second]


def again_as_if_nothing(path, pixels):
    """Other pixels in a file of the same length and the same time of change."""
    status = path.stat()
    before = path.read_bytes()
    save(path, pixels)
    assert len(path.read_bytes()) == len(before)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: save(root / "c.bmp", noise(9, 9)),
        lambda root: (root / "a.bmp").unlink(),
        lambda root: (root / "a.bmp").rename(root / "z.bmp"),
        lambda root: again_as_if_nothing(root / "a.bmp", noise(9, 9, seed=5)),
    ],
    ids=["more", "fewer", "renamed", "other pixels"],
)
def test_a_folder_that_changed_is_read_again(root, reads, change):
    save(root / "a.bmp", noise(9, 9, seed=1))
    save(root / "b.bmp", noise(9, 9, seed=2))
    before = data.folder(root)
    change(root)
    reads.clear()
    after = data.folder(root)
    assert reads == sorted(os.listdir(root))
    assert data.checksum(after) != data.checksum(before)
    assert len(list((root.parent / "cache" / "ganlab" / "folders").iterdir())) == 1


def test_each_size_and_colour_is_kept_by_itself(root, reads):
    save(root / "a.png", noise(30, 30))
    for _ in range(2):
        shapes = [
            data.folder(root, size=size, channels=channels).shape for size in (8, 9) for channels in (1, 3)
        ]
    assert shapes == [(1, 8, 8), (3, 8, 8), (1, 9, 9), (3, 9, 9)]
    assert len(reads) == 4


@pytest.mark.parametrize("position", [10, -10, None], ids=["head", "pixels", "cut"])
def test_a_damaged_cache_is_made_again(root, reads, position):
    save(root / "a.png", noise(30, 30))
    wanted = data.folder(root)
    (kept,) = (root.parent / "cache" / "ganlab" / "folders").iterdir()
    content = bytearray(kept.read_bytes())
    if position is None:
        del content[-5:]
    else:
        content[position] ^= 255
    kept.write_bytes(content)
    assert torch.equal(data.folder(root).pixels, wanted.pixels)
    assert len(reads) == 2
    data.folder(root)
    assert len(reads) == 2


def test_without_a_place_for_the_cache_pictures_are_read_all_the_same(root, reads, monkeypatch):
    (root.parent / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "file"))
    save(root / "a.png", noise(30, 30))
    for _ in range(2):
        assert len(data.folder(root)) == 1
    assert len(reads) == 2


def test_nothing_is_said_of_a_folder_that_is_as_it_should_be(root):
    save(root / "a.png", noise(30, 30))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert data.folder(root).batch(torch.tensor([0])).shape == (1, 3, 28, 28)
