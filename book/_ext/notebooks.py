"""What is the same in every notebook: how it is executed, and the cell that prepares Google Colab.

`python book/_ext/notebooks.py execute [NOTEBOOK ...]` runs notebooks in place, as `make notebooks` does;
`... renew [NOTEBOOK ...]` puts the scripts of today's parts into their outputs, which needs no run;
`python book/_ext/notebooks.py repository URL` writes the address of the repository wherever it stands.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import sys
import tempfile
from datetime import date
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

__all__ = [
    "colab_cell",
    "digest",
    "execute",
    "facts",
    "in_book",
    "is_colab",
    "main",
    "prepare",
    "renew",
    "repository_url",
    "set_repository",
]

ROOT = Path(__file__).resolve().parents[2]
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"},
}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
COLAB_TAGS = ["colab", "remove-cell"]
PLACEHOLDER = "https://github.com/OWNER/REPOSITORY"
_NO_ADDRESS = "This copy of the book has no address yet from which its package could be installed."
SCRIPT = re.compile(r'(<script type="module" data-module="(\w+)">\n).*?(</script>)', re.DOTALL)
GITHUB = re.compile(r"https://github\.com/[\w-]+/[\w.-]*[\w-]")


def in_book(root: Path = ROOT) -> list[Path]:
    """The notebooks of the book: its chapters, and their solutions in a folder of their own."""
    return sorted([*(root / "book").glob("*.ipynb"), *(root / "book" / "solutions").glob("*.ipynb")])


def repository_url(root: Path = ROOT) -> str:
    """The address of the repository, from `_config.yml`; the placeholder until `make repository` set it."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]


def colab_cell(url: str) -> str:
    """The source of the first code cell of a notebook: it installs the package where there is none.

    While the repository has no address, it says so, and the run ends there.
    """
    if url == PLACEHOLDER:
        cure = f'    raise SystemExit("{_NO_ADDRESS}")'
    else:
        cure = f'    %pip install -q "ganlab-book @ git+{url}"'
    return (
        "# On Google Colab this installs the package of the book; elsewhere it does nothing.\n"
        "import importlib.util\n"
        "\n"
        'if importlib.util.find_spec("ganlab") is None:\n'
        f"{cure}"
    )


def is_colab(cell) -> bool:
    """Whether a cell of a notebook is the one that prepares Google Colab."""
    return "colab" in cell.metadata.get("tags", ())


def prepare(notebook, url: str):
    """The notebook with the metadata of the house and an up-to-date Colab cell before any other code cell."""
    notebook.metadata.clear()
    notebook.metadata.update(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    cells = notebook.cells
    if not any(is_colab(cell) for cell in cells):
        first = next((i for i, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
        cells.insert(first, nbformat.v4.new_code_cell(id="colab", metadata={"tags": list(COLAB_TAGS)}))
    for cell in filter(is_colab, cells):
        cell.source, cell.metadata["tags"] = colab_cell(url), list(COLAB_TAGS)
    return notebook


def execute(path: Path, url: str) -> None:
    """Run a notebook in place, from an empty directory, leaving nothing that differs next time.

    Beside it, in `checked/`, it leaves the facts of this run, from which the page says what was checked.
    """
    notebook = prepare(nbformat.read(path, as_version=4), url)
    before = _spent()
    with tempfile.TemporaryDirectory() as directory:
        client = NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            resources={"metadata": {"path": directory}},
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
        )
        client.execute(env=os.environ | ONE_THREAD | {"PYTHONHASHSEED": "0"})
    notebook.metadata.clear()
    notebook.metadata.update(METADATA)
    _write(path, notebook)
    _write_facts(path, facts(notebook, round(_spent() - before)))


def renew(path: Path) -> bool:
    """Whether a notebook carried a script of a part that is not today's; it then carries today's.

    A script comes from the package alone and not from what a cell computes, so that this is what a new run
    would leave there. The facts of the last run stay, but for the fingerprint.

    Raises `ValueError` where the outputs are not those of the last run.
    """
    notebook = nbformat.read(path, as_version=4)
    record = path.parent / "checked" / f"{path.stem}.json"
    known = json.loads(record.read_text(encoding="utf-8"))
    if known["digest"] != digest(notebook):
        raise ValueError(f"`path` must have the outputs of its last run, got others in {path}")
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = SCRIPT.sub(_todays, data["text/html"])
    known["digest"], before = digest(notebook), known["digest"]
    if known["digest"] == before:
        return False
    _write(path, notebook)
    _write_facts(path, known)
    return True


def _todays(script: re.Match[str]) -> str:
    from ganlab import parts

    return script[1] + parts.module(script[2]) + script[3]


def _spent() -> float:
    """Processor seconds of the processes that this one started and that have ended: of the kernels.

    Unlike the time on the clock they do not tell how busy the machine was.
    """
    times = os.times()
    return times.children_user + times.children_system


def facts(notebook, seconds: int) -> dict:
    """What can be said of a run of a notebook: when, with what, how much of it a test can compare.

    `seconds`: of one processor.
    """
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch").split("+")[0],
        "cells": sum(bool(cell.get("outputs")) for cell in notebook.cells),
        "equations": len(re.findall(r"\$\$\s*\([\w:-]+\)", prose)),
        "seconds": seconds,
        "digest": digest(notebook),
    }


def digest(notebook) -> str:
    """A fingerprint of the code of a notebook and of its outputs; prose may change without a new run.

    The cell for Colab does not count: it runs nowhere else, and changes with the address of the repository.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and not is_colab(cell)]
    code = [[cell.source, cell.outputs] for cell in cells]
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:16]


def set_repository(url: str, root: Path = ROOT) -> list[Path]:
    """The files that now name `url`: the configuration, the notebooks and what else named the address before.

    Raises `ValueError` where `url` is not the address of a repository on GitHub, which Colab opens.
    """
    if not GITHUB.fullmatch(url):
        raise ValueError(f"`url` must look like https://github.com/you/name, got {url!r}")
    before = re.compile(re.escape(repository_url(root)) + r"(?![\w-])")
    pages = [root / name for name in ("_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md")]
    touched = []
    for path in [*pages, *sorted((root / "book").glob("*.md")), *in_book(root)]:
        if not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        named = before.sub(lambda _: url, text)
        if path.suffix == ".ipynb":
            named = nbformat.writes(prepare(nbformat.reads(named, as_version=4), url)) + "\n"
        if named != text:
            path.write_text(named, encoding="utf-8")
            touched.append(path)
    return touched


def main(arguments: list[str]) -> int:
    match arguments:
        case ["execute", *names]:
            for path in map(Path, names) if names else in_book():
                print(path, flush=True)
                execute(path, repository_url())
        case ["renew", *names]:
            for path in map(Path, names) if names else in_book():
                if renew(path):
                    print(path, flush=True)
        case ["repository", url]:
            try:
                print("\n".join(str(path.relative_to(ROOT)) for path in set_repository(url)))
            except ValueError as error:
                print(error, file=sys.stderr)
                return 2
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def _write_facts(path: Path, record: dict) -> None:
    target = path.parent / "checked" / f"{path.stem}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _write(path: Path, notebook) -> None:
    nbformat.validate(notebook)
    temporary = path.with_suffix(".tmp")
    nbformat.write(notebook, temporary)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
