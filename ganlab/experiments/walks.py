"""A walk among the latents of a generator: from one sample to the next along lengths that latents have."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from ganlab import plotting
from ganlab.experiments import draws
from ganlab.storage import write_atomically
from ganlab.training import game
from ganlab.training.game import GAN

__all__ = ["RATE", "path", "pictures", "spherical", "write"]

RATE = 12
"""Frames of a film in a second.

>>> RATE
12
"""

_WIDTH = 512  # of a strip or a film, at least
_FILM = 256


def spherical(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The latents between two, along the arc from one to the other: (T, D) for the shares (T,) of the way.

        z(t) = sin((1 - t) a) / sin a · start + sin(t a) / sin a · end,  a the angle between start and end

    A Gaussian latent of many dimensions has a length near sqrt(D). The arc keeps to such lengths; the
    straight line does not, and at its middle is shorter by sqrt(2). Where the angle is 0 or a half turn the
    line is taken, since there is no one arc.

    `start`, `end`: (D,). Raises `ValueError` where they are of another shape or of two.
    Source: White 2016, section 3.1 [white2016].

    >>> half = spherical(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.5]))
    >>> print(f"{half.norm().item():.4f}")
    1.0000
    """
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(
            f"`start` and `end` must be of one shape (D,), got {tuple(start.shape)} and {tuple(end.shape)}"
        )
    share = share[:, None]
    cosine = torch.dot(start, end) / (start.norm() * end.norm()).clamp_min(1e-30)
    angle = cosine.clamp(-1, 1).acos()
    if angle.sin() < 1e-4:
        return (1 - share) * start + share * end
    return (((1 - share) * angle).sin() * start + (share * angle).sin() * end) / angle.sin()


def path(latent_dim: int, stops: int, frames: int, rng: Generator, *, dtype: torch.dtype) -> Tensor:
    """The latents (stops, frames, D) of a round walk: from each stop so many steps towards the next.

    The first of each row is the stop itself, N(0, 1) in every coordinate; the last stop leads to the first.

    Raises `ValueError` where `stops` is below 2 or `frames` below 1.

    >>> path(5, 3, 4, torch.Generator().manual_seed(0), dtype=torch.float32).shape
    torch.Size([3, 4, 5])
    """
    if stops < 2:
        raise ValueError(f"`stops` must be at least 2, got {stops}")
    if frames < 1:
        raise ValueError(f"`frames` must be at least 1, got {frames}")
    ends = torch.randn((stops, latent_dim), generator=rng, dtype=dtype)
    share = torch.arange(frames, dtype=dtype) / frames
    return torch.stack([spherical(ends[i], ends[(i + 1) % stops], share) for i in range(stops)])


def pictures(
    gan: GAN,
    *,
    stops: int,
    frames: int,
    rng: Generator,
    average: bool | None = None,
    label: int = 0,
) -> Tensor:
    """The images (stops, frames, C, H, W) on a round walk of a generator, on the CPU; see `path`.

    `average`: of the averaged generator, or of the last one; None for the average where there is one.
    `label`: the class that a conditional generator is asked for throughout.

    Raises `ValueError` where the samples are no images, the class is none of the generator's, an average is
    wanted and there is none, or a number is out of range.
    """
    if len(gan.sample_shape) != 3:
        raise ValueError(f"`gan` must make images, got one that makes samples of shape {gan.sample_shape}")
    if gan.classes and not 0 <= label < gan.classes:
        raise ValueError(f"`label` must be from 0 to {gan.classes - 1}, got {label}")
    network = draws.network_of(gan, average)
    latents = path(gan.latent_dim, stops, frames, rng, dtype=gan.dtype)
    rows = []
    for row in latents.to(gan.device):
        labels = torch.full((len(row),), label, device=gan.device) if gan.classes else None
        rows.append(game.sample(network, row, labels).cpu())
    return torch.stack(rows)


def write(file: Path, walk: Tensor) -> None:
    """Write the images (stops, frames, C, H, W) of a walk in the form that the ending of `file` names.

    `.png`: a strip a stop, that ends where the next begins. `.gif`: a film without end, by Pillow, in 256
    colours. `.mp4`: the film by ffmpeg, which has to be on the machine.

    Raises `ValueError` where the ending is another, or ffmpeg fails, and `OSError` where it is missing.
    """
    writers = {".png": _strip, ".gif": _gif, ".mp4": _mp4}
    if file.suffix not in writers:
        raise ValueError(f"`--out` must end in one of {', '.join(writers)}, got {str(file)!r}")
    write_atomically(file, writers[file.suffix](walk))


def _strip(walk: Tensor) -> bytes:
    ends = walk[:, :1].roll(-1, 0)
    rows = torch.cat([walk, ends], 1)
    return _saved(_enlarged(plotting.tile(rows.flatten(0, 1), columns=rows.shape[1]), _WIDTH), "png")


def _gif(walk: Tensor) -> bytes:
    first, *others = _film(walk)
    loop = {"save_all": True, "append_images": others, "duration": round(1000 / RATE), "loop": 0}
    return _saved(first, "gif", **loop)


def _mp4(walk: Tensor) -> bytes:
    """The film as H.264 where this ffmpeg has it, in the pixel format that every player knows."""
    import tempfile

    film = [frame.convert("RGB") for frame in _film(walk)]
    width, height = film[0].size
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "walk.mp4"
        source = [
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            f"{width}x{height}",
            "-r",
            str(RATE),
            "-i",
            "-",
        ]
        shape = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", str(target)]
        command = ["ffmpeg", "-loglevel", "error", "-y", *source, *shape]
        ended = subprocess.run(
            command, input=b"".join(f.tobytes() for f in film), capture_output=True, check=False
        )
        if ended.returncode or not target.is_file():
            raise ValueError(
                f"ffmpeg could not write the film: {ended.stderr.decode(errors='replace')[-200:]}"
            )
        return target.read_bytes()


def _film(walk: Tensor) -> list[Any]:
    """Each image of the walk, in its order, alone and enlarged; grey ones stay grey."""
    from PIL import Image

    found = []
    for image in walk.flatten(0, 1):
        numbers = (255 * (image.float() + 1) / 2).round().clamp(0, 255).to(torch.uint8)
        frame = Image.fromarray(numbers[0].numpy() if len(numbers) == 1 else numbers.movedim(0, -1).numpy())
        factor = max(1, -(-_FILM // frame.width))
        found.append(frame.resize((frame.width * factor, frame.height * factor), Image.Resampling.NEAREST))
    return found


def _enlarged(pixels: Any, width: int) -> Any:
    from PIL import Image

    image = Image.fromarray((255 * pixels).round().astype("uint8"))
    factor = max(1, -(-width // image.width))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _saved(image: Any, form: str, **settings: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **settings)
    return buffer.getvalue()
