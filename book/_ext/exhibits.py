"""The Sphinx extension of the museum: below the heading of each exhibit, what it shows when it moves.

What an exhibit shows is in `exhibits/NAME.json`, which `pictures/exhibits.py` makes. The page has a picture
of it and fetches the rest when a reader asks: as a script, which a page opened from a disk may load too.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path

import numpy as np
from docutils import nodes

from ganlab import parts
from ganlab.page import posters
from ganlab.page.films import Recording

__all__ = ["poster", "said", "setup"]

BOOK = Path(__file__).resolve().parents[1]
PAGE, LABEL = "book/failures", "fail-"
_LOOKS = {"broken": ("fake", "solid"), "cured": ("discriminator", "dashed")}


def setup(app):
    app.add_config_value("exhibits_sources", _digest(), "env", types=[str])
    app.connect("config-inited", _write, priority=90)
    app.connect("doctree-read", _hang)
    return {"version": "1", "parallel_read_safe": True}


def _films():
    """What each exhibit shows, by its name."""
    paths = sorted((BOOK / "exhibits").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def _digest():
    sources = sorted((BOOK / "exhibits").glob("*.json"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _write(app, config):
    folder = Path(app.doctreedir) / "museum"
    (folder / "exhibits").mkdir(parents=True, exist_ok=True)
    for name, film in _films().items():
        text = json.dumps(film, separators=(",", ":"))
        script = f"(window.exhibited??=(n,f)=>(exhibited[n]=f))({json.dumps(name)},{text});\n"
        (folder / "exhibits" / f"{name}.js").write_text(script, encoding="utf-8")
        (folder / "exhibits" / f"{name}.svg").write_text(poster(film), encoding="utf-8")
    config.html_static_path.append(str(folder))


def poster(film: dict) -> str:
    """A picture of an exhibit that stands still, as SVG: both curves, or both clouds at their end."""
    if film["kind"] == "plane":
        return posters.clouds({key: _end(film, key) for key in _LOOKS})
    values = [value for key in _LOOKS for value in film[key] if value is not None]
    window = (min(values), max(values))
    rows = [
        {"name": key, "role": role, "dash": dash, "values": film[key]} for key, (role, dash) in _LOOKS.items()
    ]
    return posters.lines({"x": film["x"], "xName": film["xName"], "functions": rows, "y": window})


def _end(film, key):
    """The last frame of one run of an exhibit, as a recording with nothing but its points."""
    real, points = (_unpacked(film[name], film["extent"]) for name in ("real", key))
    last = points.reshape(len(film["steps"][key]), -1, 2)[-1:]
    nothing = np.zeros((1, 2, 2))
    return Recording(np.array(film["steps"][key][-1:]), real, last, nothing, nothing[:, :0], film["extent"])


def _unpacked(text, extent):
    levels = np.frombuffer(base64.b64decode(text), np.int8).astype(float)
    return 1.25 * extent * levels.reshape(-1, 2) / 127


def said(film: dict) -> str:
    """What the picture of an exhibit shows, in words."""
    if film["kind"] == "plane":
        ends = {key: film["numbers"][key][-1] for key in _LOOKS}
        what = f"Real and generated points of two trainings; {film['counter']}"
    else:
        ends = {key: film[key][-1] for key in _LOOKS}
        what = f"{film['yName']} over {film['xName']}"
    numbers = ("no number" if end is None else f"{end:.4g}" for end in ends.values())
    return f"{what}: broken it ends at {', cured at '.join(numbers)}."


def _hang(app, doctree):
    if app.env.docname != PAGE:
        return
    films = _films()
    up = "../" * PAGE.count("/")
    first = True
    for section in list(doctree.findall(nodes.section)):
        names = [one.removeprefix(LABEL) for one in section["ids"] if one.startswith(LABEL)]
        film = films.get(names[0]) if names else None
        if film is None:
            continue
        address = f"{up}_static/exhibits/{names[0]}"
        data = {"title": section.next_node(nodes.title).astext(), "alt": said(film)}
        data |= {"src": f"{address}.js", "poster": f"{address}.svg"}
        part = parts.html("exhibit", data, fallback=_still(data, styled=first), script=False)
        section.insert(1, nodes.raw(text=part, format="html", classes=["live"]))
        first = False


def _still(data, *, styled):
    """What stands there until the script runs, as high as what comes then."""
    style = f"<style>{parts.style('exhibit')}</style>" if styled else ""
    image = (
        f'<img src="{data["poster"]}" alt="{html.escape(data["alt"])}" width="610" height="230" '
        'loading="lazy" data-kind="drawing">'
    )
    bar = '<div class="bar" style="visibility: hidden"><output>&nbsp;</output></div>'
    body = f'<div class="screen">{image}</div>{bar}'
    return f'{style}<div class="explorable explorable-exhibit">{body}</div>'
