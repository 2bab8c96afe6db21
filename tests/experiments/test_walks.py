"""A walk among latents: against SciPy's arcs, the lengths that Gaussians have, and the generator itself."""

import subprocess

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial import geometric_slerp

from ganlab.experiments import EXPERIMENTS, build_game, change, reports, walks
from ganlab.training.game import sample

SHARE = torch.linspace(0, 1, 7, dtype=torch.float64)
GREY = change(EXPERIMENTS["digits"], width=4, discriminator_width=4, ema=0.9)
COLOUR = change(EXPERIMENTS["stacked"], width=4, discriminator_width=4)


@pytest.mark.parametrize("dimension", [2, 3, 100])
def test_between_points_of_a_sphere_the_way_is_scipys_arc(rng, dimension):
    start, end = (x / x.norm() for x in torch.randn(2, dimension, generator=rng))
    wanted = geometric_slerp(start.numpy(), end.numpy(), SHARE.numpy())
    np.testing.assert_allclose(walks.spherical(start, end, SHARE).numpy(), wanted, rtol=0, atol=1e-12)


def test_a_walk_keeps_the_length_of_latents_where_a_line_loses_it(rng):
    start, end = torch.randn(2, 4000, generator=rng)
    lengths = walks.spherical(start, end, SHARE).norm(dim=1) / 4000**0.5
    assert ((lengths - 1).abs() < 0.05).all()
    assert ((start + end) / 2).norm() / 4000**0.5 == pytest.approx(0.5**0.5, abs=0.05)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0, -3.0])
def test_where_there_is_no_one_arc_the_line_is_taken(rng, factor):
    start = torch.randn(5, generator=rng)
    wanted = torch.stack([start + t * (factor - 1) * start for t in SHARE])
    torch.testing.assert_close(walks.spherical(start, factor * start, SHARE), wanted)


def test_a_path_is_a_round_of_its_stops(rng):
    found = walks.path(50, 3, 4, rng, dtype=torch.float64)
    stops = torch.randn(3, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(found[:, 0], stops)
    closed = torch.cat([found.flatten(0, 1), found[:1, 0]])
    units = closed / closed.norm(dim=1, keepdim=True)
    angles = (units[:-1] * units[1:]).sum(1).clamp(-1, 1).acos().reshape(3, 4)
    for one, two, steps in zip(stops, stops.roll(-1, 0), angles, strict=True):
        whole = torch.acos(torch.dot(one, two) / one.norm() / two.norm())
        assert steps.sum() == pytest.approx(whole.item(), rel=1e-9), "no step leaves the plane of the two"


def test_half_way_is_the_sum_of_both_ends_over_twice_the_cosine_of_half_the_angle(rng):
    found = walks.path(50, 3, 2, rng, dtype=torch.float64)
    stops, following = found[:, 0], found[:, 0].roll(-1, 0)
    angles = ((stops * following).sum(1) / stops.norm(dim=1) / following.norm(dim=1)).acos()
    torch.testing.assert_close(found[:, 1], (stops + following) / (2 * (angles / 2).cos())[:, None])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: walks.path(2, 1, 4, rng, dtype=torch.float64), "`stops` must be at least 2, got 1"),
        (lambda rng: walks.path(2, 2, 0, rng, dtype=torch.float64), "`frames` must be at least 1, got 0"),
        (
            lambda rng: walks.spherical(torch.zeros(2), torch.zeros(3), SHARE),
            r"`start` and `end` must be of one shape \(D,\), got \(2,\) and \(3,\)",
        ),
        (
            lambda rng: walks.pictures(build_game(EXPERIMENTS["ring"]), stops=2, frames=2, rng=rng),
            r"`gan` must make images, got one that makes samples of shape \(2,\)",
        ),
        (
            lambda rng: walks.pictures(
                build_game(change(GREY, conditional=True)), stops=2, frames=2, rng=rng, label=10
            ),
            "`label` must be from 0 to 9, got 10",
        ),
        (
            lambda rng: walks.pictures(build_game(COLOUR), stops=2, frames=1, rng=rng, average=True),
            None,
        ),
        (
            lambda rng: walks.pictures(
                build_game(change(GREY, ema=None)), stops=2, frames=1, rng=rng, average=True
            ),
            "`average` must be left out",
        ),
    ],
)
def test_what_cannot_be_walked_is_named(rng, call, message):
    if message is None:
        assert call(rng).shape == (2, 1, 3, 8, 8)
        return
    with pytest.raises(ValueError, match=message):
        call(rng)


def test_the_stops_are_samples_of_the_network_that_is_asked_for(rng):
    gan = build_game(GREY)
    for parameter in gan.average.module.parameters():
        parameter.data.mul_(1.5)
    for average, network in ((None, gan.average.module), (False, gan.generator)):
        found = walks.pictures(gan, stops=3, frames=2, rng=reports.stream(), average=average)
        latents = walks.path(100, 3, 2, reports.stream(), dtype=gan.dtype)
        torch.testing.assert_close(found[:, 0], sample(network, latents[:, 0]))


def test_the_stops_are_what_sample_draws_where_the_batch_norms_of_the_average_are_estimated_anew():
    gan = build_game(change(GREY, network="dcgan", ema_batches=2))
    walk = walks.pictures(gan, stops=3, frames=2, rng=reports.stream())
    drawn = reports.samples_of(gan, 3, reports.stream())
    torch.testing.assert_close(walk[:, 0], drawn)
    gan.ema_batches = 0
    assert not torch.allclose(reports.samples_of(gan, 3, reports.stream()), drawn)


def test_a_conditional_generator_keeps_to_one_class():
    gan = build_game(change(GREY, conditional=True))
    latents = walks.path(100, 2, 3, reports.stream(), dtype=gan.dtype).flatten(0, 1)
    for label in (0, 7):
        found = walks.pictures(gan, stops=2, frames=3, rng=reports.stream(), label=label, average=False)
        wanted = sample(gan.generator, latents, torch.full((6,), label))
        torch.testing.assert_close(found.flatten(0, 1), wanted)


def frames_of(path):
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        frames = []
        for number in range(film.n_frames):
            film.seek(number)
            frames.append(np.asarray(film.convert("RGB")).astype(int))
    return frames


@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_shows_each_image_in_its_order(tmp_path, rng, channels):
    walk = 2 * torch.rand(2, 3, channels, 8, 8, generator=rng) - 1
    walks.write(tmp_path / "a.gif", walk)
    frames = frames_of(tmp_path / "a.gif")
    assert len(frames) == 6
    for frame, image in zip(frames, walk.flatten(0, 1), strict=True):
        assert frame.shape == (256, 256, 3)
        wanted = (127.5 * (image + 1)).round().numpy().astype(int)
        shown = frame[16::32, 16::32].transpose(2, 0, 1)
        assert np.abs(shown - wanted).max() <= (0 if channels == 1 else 12)  # a palette has 256 colours


def test_a_strip_has_a_row_a_stop_and_ends_where_the_next_row_begins(tmp_path, rng):
    walk = 2 * torch.rand(3, 2, 1, 8, 8, generator=rng) - 1
    walks.write(tmp_path / "a.png", walk)
    with Image.open(tmp_path / "a.png") as strip:
        factor = strip.width // 28  # three columns of eight pixels, and four lines between
        assert strip.size == (28 * factor, 28 * factor)
        assert strip.width >= 512
        pixels = np.asarray(strip)[::factor, ::factor, 0].astype(int)
    tile = [
        [pixels[1 + 9 * row : 9 + 9 * row, 1 + 9 * column : 9 + 9 * column] for column in range(3)]
        for row in range(3)
    ]
    for row in range(3):
        wanted = [walk[row, 0], walk[row, 1], walk[(row + 1) % 3, 0]]
        for shown, image in zip(tile[row], wanted, strict=True):
            assert np.abs(shown - 127.5 * (image[0].numpy() + 1)).max() <= 0.51


def test_a_film_is_handed_to_ffmpeg_as_it_is_or_its_complaint_is_told(tmp_path, rng, monkeypatch):
    walk = 2 * torch.rand(2, 2, 3, 8, 8, generator=rng) - 1
    seen = {}

    def ffmpeg(command, *, input, **_):
        seen.update(command=command, input=input)
        if seen.get("fails"):
            return subprocess.CompletedProcess(command, 1, b"", b"unknown encoder")
        with open(command[-1], "wb") as file:
            file.write(b"a film")
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", ffmpeg)
    walks.write(tmp_path / "a.mp4", walk)
    assert (tmp_path / "a.mp4").read_bytes() == b"a film"
    assert "256x256" in seen["command"]
    raw = np.frombuffer(seen["input"], dtype=np.uint8).reshape(4, 256, 256, 3)
    wanted = (127.5 * (walk.flatten(0, 1) + 1)).round().numpy().astype(np.uint8).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(raw[:, ::32, ::32], wanted)
    seen["fails"] = True
    with pytest.raises(ValueError, match="ffmpeg could not write the film: unknown encoder"):
        walks.write(tmp_path / "b.mp4", walk)
    assert not (tmp_path / "b.mp4").exists()


def test_another_ending_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"`--out` must end in one of .png, .gif, .mp4, got '.*a.jpg'"):
        walks.write(tmp_path / "a.jpg", torch.zeros(2, 2, 1, 8, 8))
    assert not list(tmp_path.iterdir())
