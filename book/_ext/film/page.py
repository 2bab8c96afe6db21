"""The Sphinx extension of the page `film`: the player, the transcript and the stills, from the script.

The film itself is made by `make film` and kept in `_build/film`. Where it is not there, or was made of
another script, the page says so, and has all the rest.
"""

from __future__ import annotations

import hashlib
import html
import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from film import projection, script, tracks
from film.lines import Scene
from film.proofs import latex_of

__all__ = ["PAGE", "player", "setup", "still", "transcript"]

PAGE = "book/film"
HERE = Path(__file__).resolve().parent
_PLACE = "../_static/film"
_MISSING = (
    "This copy of the book was built without the film: `make film` makes it, with ffmpeg, in some minutes of "
    "one processor, and the next build shows it here; what it says and shows stands below."
)
_WIDTH, _TONES = 960, 64
_SENTENCES = 4  # lines of the script in a paragraph at most


def setup(app):
    app.connect("env-get-outdated", _outdated)
    app.connect("source-read", _fill)
    app.connect("html-page-context", _load_script)
    app.connect("build-finished", _bring, priority=960)  # after what no page uses was dropped
    return {"version": "1", "parallel_read_safe": True}


def _outdated(app, env, added, changed, removed):
    """The page of the film where its script or its file has changed; what it says is trained anew to know."""
    if PAGE not in env.found_docs:
        return []
    before, env.film_sources = getattr(env, "film_sources", None), _digest()
    return [] if env.film_sources == before else [PAGE]


def _digest():
    made = projection.FOLDER / "film.json"
    kept = made.read_bytes() if made.exists() else b""
    return hashlib.sha256(_sources() + kept + str(film()).encode()).hexdigest()


def _sources():
    return b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py"))) + script.digest().encode()


def film(folder: Path | None = None) -> Path | None:
    """Where the film of this script is; None where there is none."""
    folder = folder or projection.FOLDER
    try:
        made = json.loads((folder / "film.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    target = folder / "film.mp4"
    return target if target.exists() and made.get("script") == script.digest() else None


def _fill(app, docname, source):
    if docname == PAGE:
        source[0] = source[0].replace("% the player\n", player(film() is not None))
        source[0] = source[0].replace("% the transcript\n", transcript())


def player(there: bool) -> str:
    """The film with its tracks and chapters as Markdown, or a sentence that it is not there."""
    if not there:
        return f"{_MISSING}\n"
    chapters = "".join(
        f'<li><a href="{_PLACE}/film.mp4#t={cue.start:.2f}" data-start="{cue.start:.2f}">'
        f"<span>{tracks.clock(cue.start)}</span> {html.escape(cue.said.split(' ', 1)[1])}</a></li>\n"
        for cue in script.chapters()
    )
    length = tracks.clock(script.duration())
    return (
        '<div class="film">\n'
        f'<video controls preload="none" playsinline width="1280" height="720" poster="{_PLACE}/poster.png" '
        f'data-dark="{_PLACE}/poster-dark.png" '
        f'aria-label="The film, {length} minutes, without sound, with captions">\n'
        f'<source src="{_PLACE}/film.mp4" type="video/mp4">\n'
        f'<track kind="captions" srclang="en" label="English" src="{_PLACE}/captions.vtt" default>\n'
        f'<track kind="chapters" srclang="en" label="Chapters" src="{_PLACE}/chapters.vtt">\n'
        "</video>\n"
        f'<script type="application/json" class="film-lines">{_lines()}</script>\n'
        f'<ol class="film-chapters" aria-label="Chapters of the film">\n{chapters}</ol>\n'
        "</div>\n"
    )


def _lines() -> str:
    """The captions as JSON, for a page from a disk, where a browser reads no text track."""
    lines = [
        [round(cue.start, 3), round(cue.end, 3), "\n".join(tracks.halves(cue.said))] for cue in script.cues()
    ]
    return json.dumps(lines, separators=(",", ":")).replace("<", "\\u003c")


def transcript() -> str:
    """What is said, the formulas that are shown with it, and a still of each scene, as Markdown."""
    return "\n".join(_told(number, scene) for number, scene in enumerate(script.scenes(), 1))


def _told(number: int, scene: Scene) -> str:
    title = " ".join(scene.title.split()).split(" ", 1)[1]
    picture = (
        f'<figure class="film-still"><img src="{_PLACE}/{number}.png" alt="{html.escape(scene.alt)}" '
        f'width="{_WIDTH}" height="{_WIDTH * 9 // 16}" loading="lazy" data-kind="drawing"></figure>'
    )
    blocks, said, seen = [f"## {title}", picture], [], set()
    for line in scene.lines:
        said.append(line.said)
        fresh = [latex for latex in latex_of(line.picture) if latex not in seen]
        if fresh:
            blocks += [" ".join(said), *(f"$$\n{latex}\n$$" for latex in fresh)]
            seen.update(fresh)
            said = []
        elif len(said) == _SENTENCES:
            blocks.append(" ".join(said))
            said = []
    blocks += [" ".join(said)] if said else []
    return "\n\n".join([*blocks, f"At length: {{doc}}`{scene.page}`."]) + "\n"


def still(scene: Scene, place: int) -> Image.Image:
    """A picture of the film with few tones, which weighs little."""
    drawn = Image.fromarray(projection.frame(scene, scene.lines[place], width=_WIDTH))
    return drawn.quantize(_TONES, dither=Image.Dither.NONE)


def dark(image: Image.Image) -> Image.Image:
    """The picture as the style sheet shows a drawing on a dark page: invert(0.93) hue-rotate(180deg)."""
    rgb = 0.93 - 0.86 * np.asarray(image.convert("RGB")) / 255
    turned = 2 * (rgb @ [0.213, 0.715, 0.072])[..., None] - rgb
    levels = np.rint(255 * turned.clip(0, 1)).astype(np.uint8)
    return Image.fromarray(levels).quantize(_TONES, dither=Image.Dither.NONE)


def _load_script(app, pagename, templatename, context, doctree):
    if pagename == PAGE and app.builder.name == "html":
        app.add_js_file("film.js", loading_method="defer")


def _bring(app, exception):
    """Put the stills and the tracks into the site, and the film where there is one."""
    if exception is not None or app.builder.name != "html" or PAGE not in app.env.found_docs:
        return
    target = Path(app.outdir) / "_static" / "film"
    target.mkdir(parents=True, exist_ok=True)
    for path in _stills(Path(app.doctreedir)).glob("*.png"):
        shutil.copy(path, target)
    (target / "captions.vtt").write_text(tracks.vtt(script.cues()), encoding="utf-8")
    (target / "chapters.vtt").write_text(tracks.vtt(script.chapters(), wrapped=False), encoding="utf-8")
    if (made := film()) is not None:
        shutil.copy(made, target)
    else:
        (target / "film.mp4").unlink(missing_ok=True)


def _stills(kept: Path) -> Path:
    """The folder with a still of each scene and the poster, drawn where the film has changed."""
    folder = kept / f"film-{hashlib.sha256(_sources()).hexdigest()[:12]}"
    if not folder.exists():
        for old in kept.glob("film-*"):
            shutil.rmtree(old, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, scene in enumerate(script.scenes(), 1):
            still(scene, scene.still).save(folder / f"{number}.png", optimize=True)
        poster = still(script.scenes()[0], 0)
        poster.save(folder / "poster.png", optimize=True)
        dark(poster).save(folder / "poster-dark.png", optimize=True)
    return folder
