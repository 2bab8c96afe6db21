"""The parts of a page that live without a kernel: a script, its data, and what stands there without them.

A part is an ES module in `ganlab/page/browser` that exports `mount(root, data)`; what it imports lies in
folders beside it, or in `ganlab/assets/facts.json`, of which it gets the tables that it names, or is the
`mount` of another part, under a name of its own. It asks nothing of the network: modules, style sheets and
the program of a worker are written out, each once, so that the HTML of a part is enough alone: in Jupyter, in
Colab, in a file.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from importlib.resources import files
from typing import Any

from ganlab import facts

__all__ = ["html", "module", "names", "plain", "style"]

_FOLDER = files("ganlab") / "page" / "browser"

_HOST = """
for (const root of document.querySelectorAll('[data-part="NAME"]:not([data-mounted])')) {
  root.dataset.mounted = "";
  mount(root, JSON.parse(root.querySelector('script[type="application/json"]').textContent));
  root.querySelectorAll(":scope > .fallback, :scope > noscript").forEach((node) => node.remove());
}
"""

_PATH = r'"(\.\.?/[\w./-]+)"'
_IMPORT = re.compile(rf"^import \{{([^}}]*)\}} from {_PATH};$", re.MULTILINE)
_SHEET = re.compile(rf'^import (\w+) from {_PATH} with \{{ type: "text" \}};$', re.MULTILINE)
_FACTS = re.compile(
    r'^import (\w+) from "(?:\.\./)+assets/facts\.json" with \{ type: "json" \};$', re.MULTILINE
)
_WORKER = re.compile(rf"new URL\({_PATH}, import\.meta\.url\)")
_COMMENT = re.compile(r"//|/\*\*.*\*/$")
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b\*? *(\w+))", re.MULTILINE)


def names() -> list[str]:
    """The parts that exist, in alphabetical order: the modules that export `mount`.

    >>> "quiz" in names()
    True
    """
    found = sorted(path.name for path in _FOLDER.iterdir() if path.name.endswith(".js"))
    return [name[:-3] for name in found if _is_part(name)]


def module(name: str) -> str:
    """The script of a part: its module, with what it imports, and a loop that mounts it on a page's data.

    Raises `ValueError` that lists what exists where there is no part of this `name`.

    >>> "export function mount(root, data)" in module("quiz")
    True
    """
    _check(name)
    return _alone(f"{name}.js") + _HOST.replace("NAME", name)


def _check(name: str) -> None:
    if name not in names():
        raise ValueError(f"`name` must be one of {', '.join(names())}, got {name!r}")


def plain(name: str) -> str:
    """The script of a part for `<script src=...>` in a page that is opened from a disk.

    Browsers load no module from a disk. This is the same script as a function that calls itself.

    >>> plain("quiz").startswith("(() => {"), "export" in plain("quiz").split()
    (True, False)
    """
    return f'(() => {{\n"use strict";\n{_EXPORT.sub("", module(name))}}})();\n'


def style(name: str) -> str:
    """The style sheet of a part, its colours first: for what a page shows of it before its script runs.

    Raises `ValueError` where the part has no style sheet of its own.

    >>> ".part-quiz" in style("quiz")
    True
    """
    sheets = [path for path in _needed(f"{name}.js", []) if path.endswith(".css")] if name in names() else []
    if not sheets:
        raise ValueError(f"`name` must be a part with a style sheet, got {name!r}")
    return "\n".join(_sheet(path) for path in sheets)


def html(name: str, data: Any, *, fallback: str, script: bool = True) -> str:
    """The HTML of a part, the same for the same data: an element with the data and, beside it, the script.

    `data`: what `mount` is given, as plain lists, mappings, numbers and text. `fallback`: HTML that stands
    there until the script runs, and for good where scripts may not run. `script`: whether the script comes
    along; a page of the book loads it once for all its parts.

    Raises `ValueError` for a part that does not exist, and for data that JSON cannot hold, such as NaN.

    >>> html("quiz", {"chapters": []}, fallback="<p>No quiz.</p>", script=False).split(">")[0]
    '<div class="part" id="quiz-9b44599f24" data-part="quiz"'
    """
    _check(name)
    try:
        text = _json(data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`data` must be what JSON can hold, got {error}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return (
        f'<div class="part" id="{name}-{digest}" data-part="{name}">'
        f'<script type="application/json">{text}</script>'
        f'<div class="fallback">\n{fallback}\n</div></div>'
        + (f'\n<script type="module" data-module="{name}">\n{module(name)}</script>' if script else "")
    )


def _json(data: Any) -> str:
    """The shortest JSON that may stand in a script."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _alone(entry: str) -> str:
    """A module as a script: before it all that it imports, each module as a function that is called once.

    What these functions return are constants of the script, so that an imported name is found where it is
    used; two modules of a part therefore may not export the same name.
    """
    *before, _ = (path for path in _needed(entry, []) if path.endswith(".js"))
    _refuse_namesakes(before)
    workers = [worker for path in [*before, entry] for worker in _workers(path)]
    abroad = [path for worker in workers for path in _needed(worker, []) if path != worker]
    here = [path for path in before if path not in [*abroad, *workers]]
    script = [_constants(path) for path in here] + [_body(entry)]
    return "".join([*_with_workers(workers, list(dict.fromkeys(abroad)), [*here, entry]), *script])


def _with_workers(workers: list[str], abroad: list[str], here: list[str]) -> list[str]:
    """What workers need too, as one function: its text, with that of a worker, is the worker's program."""
    if not workers:
        return []
    wanted = {(path, name) for user in [*workers, *here] for path, name in _imported(user)}
    names = ", ".join(sorted(name for path, name in wanted if path in abroad))
    modules = "".join(_constants(path) for path in abroad)
    shared = (
        f"const $shared = () => {{\n{modules}return {{ {names} }};\n}};\nconst {{ {names} }} = $shared();\n"
    )
    return [shared, *(f"const {_program(w)} = ({{ {names} }}) => {{\n{_body(w)}}};\n" for w in workers)]


def _constants(path: str) -> str:
    """A module as a constant for each name that it exports; of a part one for all, as each has a `mount`."""
    names = ", ".join(_EXPORT.findall(_text(path)))
    left = _program(path) if _is_part(path) else f"{{ {names} }}"
    return f"const {left} = (() => {{\n{_EXPORT.sub('', _body(path))}return {{ {names} }};\n}})();\n"


def _is_part(path: str) -> bool:
    return "\nexport function mount(" in _text(path)


def _body(path: str) -> str:
    """A module without comments, with what it imports: other names, style sheets, workers, facts."""

    def renamed(match: re.Match[str]) -> str:
        other = _beside(path, match[2])
        held = f"{_program(other)}." if _is_part(other) else ""
        pairs = (name.split(" as ") for name in match[1].split(",") if " as " in name)
        return "".join(f"const {new.strip()} = {held}{name.strip()};\n" for name, new in pairs)

    def sheet(match: re.Match[str]) -> str:
        return f"const {match[1]} = `{_sheet(_beside(path, match[2]))}`;"

    def worker(match: re.Match[str]) -> str:
        program = f'`"use strict";(${{{_program(_beside(path, match[1]))}}})(($' + "{$shared})())`"
        return f'URL.createObjectURL(new Blob([{program}], {{ type: "text/javascript" }}))'

    def known(match: re.Match[str]) -> str:
        kinds = sorted(set(re.findall(rf"\b{match[1]}\.(\w+)", _text(path))))
        return f"const {match[1]} = {_json({kind: facts.table(kind) for kind in kinds})};"

    text = _FACTS.sub(known, _IMPORT.sub(renamed, _text(path)))
    text = _WORKER.sub(worker, _SHEET.sub(sheet, text))
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not _COMMENT.match(line))


def _sheet(path: str) -> str:
    """A style sheet without comments and without spaces that mean nothing, a rule a line."""
    text = " ".join(re.sub(r"/\*.*?\*/", "", _text(path), flags=re.DOTALL).split())
    return re.sub(r" ?([{};,]) ?| ?(?<=:) (?=[^{}]*[;}])", r"\1", text).replace(";}", "}").replace("}", "}\n")


def _program(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))


def _needed(path: str, found: list[str]) -> list[str]:
    """`found`, and a file with all that it needs, directly or not: each once, after what it needs itself."""
    sheets = [_beside(path, match[2]) for match in _SHEET.finditer(_text(path))]
    for other in [*(other for other, _ in _imported(path)), *_workers(path), *sheets]:
        if other not in found:
            _needed(other, found)
    found.append(path)
    return found


def _imported(path: str) -> list[tuple[str, str]]:
    """The names that a module imports, each with its module."""
    return [
        (_beside(path, match[2]), name.split(" as ")[0].strip())
        for match in _IMPORT.finditer(_text(path))
        for name in match[1].split(",")
        if name.strip()
    ]


def _workers(path: str) -> list[str]:
    return [_beside(path, match[1]) for match in _WORKER.finditer(_text(path))]


def _refuse_namesakes(paths: list[str]) -> None:
    found: dict[str, str] = {}
    for path in paths:
        for name in _EXPORT.findall(_text(path)):
            if name in found:
                raise ValueError(f"{found[name]} and {path} export the same name, {name!r}")
            found[name] = path


def _beside(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))


def _text(path: str) -> str:
    return _FOLDER.joinpath(*path.split("/")).read_text(encoding="utf-8")
