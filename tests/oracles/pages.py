"""The pages of the book as a reader meets them: in their order, their prose, their numbers and outputs."""

import io
import re
from base64 import b64decode
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from importlib.resources import files
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def toc_pages(entry):
    here = [entry[key] for key in ("root", "file") if key in entry]
    below = [item for key in ("parts", "chapters", "sections") for item in entry.get(key, ())]
    return here + [name for item in below for name in toc_pages(item)]


NAMES = toc_pages(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))


PAGES = [path for name in NAMES for path in sorted(ROOT.glob(f"{name}.*"))]


NOTEBOOKS = [path for path in PAGES if path.suffix == ".ipynb"]


QUIZZES = sorted(Path(str(files("ganlab") / "assets" / "quizzes")).glob("*.yml"))


SOLUTIONS = [path for path in NOTEBOOKS if path.parent.name == "solutions"]


CHAPTERS = [
    path for path in NOTEBOOKS if path not in SOLUTIONS and path.stem in {quiz.stem for quiz in QUIZZES}
]


def inside(path):
    """Where a page stands in the book, without its kind: `lab`, `solutions/wgan_gp`; the stem of a quiz."""
    beside = (ROOT / "book") in path.parents
    return path.relative_to(ROOT / "book").with_suffix("").as_posix() if beside else path.stem


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=[inside(path) for path in paths])


def cells(path):
    """The cells of a page; a page in Markdown is one cell."""
    if path.suffix == ".md":
        return [nbformat.v4.new_markdown_cell(path.read_text(encoding="utf-8"))]
    return nbformat.read(path, as_version=4).cells


def prose(path):
    return "\n\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")


def code_cells(path):
    return [cell for cell in cells(path) if cell.cell_type == "code" and "colab" not in tags(cell)]


def tags(cell):
    return set(cell.metadata.get("tags", ()))


def figures(path):
    return [cell for cell in code_cells(path) if any("image/png" in data for data in bundles(cell))]


def bundles(cell):
    return [output.get("data", {}) for output in cell.get("outputs", ())]


def different_pixels(one, other):
    """The share of drawn pixels of two images in which some channel differs by more than 16 of 255.

    A pixel is drawn where either image is not the colour of its corner: paper is no agreement.
    """
    one, other = (np.asarray(Image.open(io.BytesIO(b64decode(png))).convert("RGB")) for png in (one, other))
    if one.shape != other.shape:
        return 1.0
    drawn = (one != one[0, 0]).any(-1) | (other != other[0, 0]).any(-1)
    different = (abs(one.astype(int) - other.astype(int)) > 16).any(-1)
    return float(different.sum() / max(drawn.sum(), 1))


def outside_code(markdown):
    return re.sub(r"^```.*?^```", "", markdown, flags=re.M | re.S)


_NOT_PROSE = (
    r"^```.*?^```",  # code
    r"`[^`]*`",  # code, citations and cross-references
    r"\]\([^)]*\)",  # addresses
    r"\b(?:Python|PyTorch|version|eq\.|equation|section|sec\.|chapter|theorem|table|figure)\s+\d+(?:\.\d+)+",
)


_DECIMAL = re.compile(r"(?<![\w.\\-])-?\d+\.\d+(?:e[-+]?\d+)?(?![\w.]*\.\d)")


NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def decimals(markdown):
    """The decimal numbers of a text, as written, without those of code, addresses, versions and sections."""
    for pattern in _NOT_PROSE:
        markdown = re.sub(pattern, " ", markdown, flags=re.M | re.S | re.I)
    markdown = markdown.replace("−", "-")
    markdown = re.sub(r"\s*\\times\s*10\^\{?(-?\d+)\}?", r"e\1", markdown)
    return _DECIMAL.findall(markdown)


def numbers(cell):
    """The numbers that a reader sees in the outputs of a cell."""
    shown = [output.get("text", "") for output in cell.get("outputs", ())]
    for data in bundles(cell):
        shown += [
            _read(text) if kind == "text/html" else text for kind, text in data.items() if "text/" in kind
        ]
    return [Decimal(number) for text in shown for number in NUMBER.findall(text.replace("−", "-"))]


def _read(html):
    """The words of a piece of HTML, without its scripts, its data and its pictures."""
    soup = BeautifulSoup(html, "html.parser")
    for hidden in soup(["script", "style"]):
        hidden.decompose()
    return soup.get_text(" ")


def is_shown(written, shown):
    """Whether one of the numbers shown has at least as many digits and rounds to the one written."""
    number = Decimal(written)
    exact = [other for other in shown if other.as_tuple().exponent <= number.as_tuple().exponent]
    ways = (ROUND_HALF_EVEN, ROUND_HALF_UP)
    return any(number == other.quantize(number, rounding=way) for other in exact for way in ways)


def record(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))
