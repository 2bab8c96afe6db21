"""The parts of a page that live without a kernel: a script, its data, and what stands there without them.

A part is an ES module in `ganlab/page/browser` that exports `mount(root, data)`. It asks nothing of the
network, and what it imports from beside it is written out, so that the HTML of a part is enough alone: in
Jupyter, in Colab, in a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from typing import Any

__all__ = ["html", "module", "names", "plain"]

_FOLDER = files("ganlab") / "page" / "browser"

_HOST = """
for (const root of document.querySelectorAll('[data-part="NAME"]:not([data-mounted])')) {
  root.dataset.mounted = "";
  mount(root, JSON.parse(root.querySelector('script[type="application/json"]').textContent));
  root.querySelectorAll(":scope > .fallback, :scope > noscript").forEach((node) => node.remove());
}
"""


_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.MULTILINE)
_COMMENT = re.compile(r"//|/\*\*.*\*/$")
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b\*? *(\w+))", re.MULTILINE)


def names() -> list[str]:
    """The parts that exist, in alphabetical order: the modules that export `mount`.

    >>> "quiz" in names()
    True
    """
    found = sorted(path.name[:-3] for path in _FOLDER.iterdir() if path.name.endswith(".js"))
    return [name for name in found if "\nexport function mount(" in _source(name)]


def module(name: str) -> str:
    """The script of a part: its module, with what it imports, and a loop that mounts it on a page's data.

    Raises `ValueError` that lists what exists where there is no part of this `name`.

    >>> "export function mount(root, data)" in module("quiz")
    True
    """
    if name not in names():
        raise ValueError(f"`name` must be one of {', '.join(names())}, got {name!r}")
    return _alone(_source(name)) + _HOST.replace("NAME", name)


def plain(name: str) -> str:
    """The script of a part for `<script src=...>` in a page that is opened from a disk.

    Browsers load no module from a disk. This is the same script as a function that calls itself.

    >>> plain("quiz").startswith("(() => {"), "export" in plain("quiz").split()
    (True, False)
    """
    return f'(() => {{\n"use strict";\n{_EXPORT.sub("", module(name))}}})();\n'


def html(name: str, data: Any, *, fallback: str, script: bool = True) -> str:
    """The HTML of a part, the same for the same data: an element with the data and, beside it, the script.

    `data`: what `mount` is given, as plain lists, mappings, numbers and text. `fallback`: HTML that stands
    there until the script runs, and for good where scripts may not run. `script`: whether the script comes
    along; a page of the book loads it once for all its parts.

    Raises `ValueError` for a part that does not exist, and for data that JSON cannot hold, such as NaN.

    >>> html("quiz", {"chapters": []}, fallback="<p>No quiz.</p>", script=False).split(">")[0]
    '<div class="part" id="quiz-9b44599f24" data-part="quiz"'
    """
    code = module(name)
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"`data` must be what JSON can hold, got {error}") from None
    text = text.replace("<", "\\u003c")
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return (
        f'<div class="part" id="{name}-{digest}" data-part="{name}">'
        f'<script type="application/json">{text}</script>'
        f'<div class="fallback">\n{fallback}\n</div></div>'
        + (f'\n<script type="module" data-module="{name}">\n{code}</script>' if script else "")
    )


def _source(name: str) -> str:
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8")


def _alone(source: str) -> str:
    """A module without comments, each module that it imports from beside it written out in its place."""

    def written_out(match: re.Match[str]) -> str:
        wanted, name = match[1].replace(" as ", ": "), match[2]
        inside = _alone(_source(name))
        exported = ", ".join(_EXPORT.findall(inside))
        return f"const {{{wanted}}} = (() => {{\n{_EXPORT.sub('', inside)}return {{ {exported} }};\n}})();"

    lines = (line.strip() for line in _IMPORT.sub(written_out, source).splitlines())
    return "".join(f"{line}\n" for line in lines if line and not _COMMENT.match(line))
