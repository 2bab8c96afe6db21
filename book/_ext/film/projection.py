"""The film as a file: each picture drawn once, held as long as its line stands, and encoded by ffmpeg."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from film import script, stage, tracks
from film.lines import RATE, Line, Scene

__all__ = ["FOLDER", "MOST_BYTES", "encode", "frame", "frames", "make"]

FOLDER = Path(__file__).resolve().parents[3] / "_build" / "film"
MOST_BYTES = 12_000_000
SIZE = (1280, 720)
FADE = 4
"""Frames in which one picture turns into the next: no cut is a flash."""


def frame(scene: Scene, line: Line, moved: float = 1.0, *, width: int = SIZE[0]) -> np.ndarray:
    """One picture of the film, as an array (height, width, 3) of bytes."""
    figure = stage.blank(scene.title)
    line.picture(figure, moved)
    return stage.drawn(figure, width)


def frames(
    scenes: Iterable[Scene] | None = None, *, width: int = SIZE[0]
) -> Iterator[tuple[np.ndarray, int]]:
    """The pictures in their order, each with the number of frames for which it is held."""
    last = None
    for scene in scenes or script.scenes():
        for line in scene.lines:
            left = round(line.seconds * RATE)
            for picture, held in _pictures(scene, line, width):
                faded = [] if last is None or line.steps or line.moves else list(_between(last, picture))
                for between in faded[: left - 1]:
                    yield between, 1
                    left -= 1
                held = min(held or left, left)
                yield picture, held
                left -= held
                last = picture
            if left:
                yield last, left


def _pictures(scene: Scene, line: Line, width: int) -> Iterator[tuple[np.ndarray, int]]:
    """The pictures of one line; 0 says that one is held until the line is over."""
    if not line.moves:
        yield frame(scene, line, width=width), 0
        return
    whole = round(line.moves * RATE)
    count = line.steps or whole
    edges = [round(whole * step / count) for step in range(count + 1)]
    for step in range(count):
        yield frame(scene, line, step / max(count - 1, 1), width=width), edges[step + 1] - edges[step]


def _between(one: np.ndarray, other: np.ndarray) -> Iterator[np.ndarray]:
    if one.shape == other.shape and (one != other).any():
        for step in range(1, FADE + 1):
            part = step / (FADE + 1)
            yield np.rint((1 - part) * one + part * other).astype(np.uint8)


def encode(pictures: Iterable[tuple[np.ndarray, int]], target: Path, *, size: tuple[int, int] = SIZE) -> None:
    """Write pictures as a film that a browser plays, whole or not at all.

    Raises `RuntimeError` where ffmpeg is missing or fails.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise RuntimeError("the film needs ffmpeg, which is not installed; on Debian: apt-get install ffmpeg")
    part = target.with_suffix(".part.mp4")
    command = [program, "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{size[0]}x{size[1]}", "-r", str(RATE), "-i", "-", "-an", "-c:v", "libx264"]
    command += ["-preset", "medium", "-tune", "animation", "-crf", "25", "-g", str(8 * RATE), "-threads", "1"]
    command += ["-pix_fmt", "yuv420p", "-movflags", "+faststart", str(part)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            for picture, held in pictures:
                for _ in range(held):
                    process.stdin.write(picture.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass
        complaint = process.stderr.read().decode(errors="replace")
    if process.returncode:
        part.unlink(missing_ok=True)
        raise RuntimeError(f"ffmpeg did not make the film: {complaint.strip()}")
    part.replace(target)


def make(folder: Path = FOLDER) -> Path:
    """Make the whole film, and beside it its tracks and what it was made of; where the film is.

    Raises `RuntimeError` where ffmpeg does not make it, or it is heavier than it may be.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "film.mp4"
    encode(frames(), target)
    size = target.stat().st_size
    if size > MOST_BYTES:
        raise RuntimeError(f"the film is to weigh at most {MOST_BYTES} bytes, got {size}")
    (folder / "captions.vtt").write_text(tracks.vtt(script.cues()), encoding="utf-8")
    (folder / "chapters.vtt").write_text(tracks.vtt(script.chapters(), wrapped=False), encoding="utf-8")
    made = {"script": script.digest(), "bytes": size, "seconds": round(script.duration(), 2)}
    made["took"] = round(time.monotonic() - started)
    (folder / "film.json").write_text(json.dumps(made) + "\n", encoding="utf-8")
    return target
