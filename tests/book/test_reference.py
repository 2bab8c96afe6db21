"""How docstrings become pages, by small docstrings whose pages are known, and that each name has its page."""

import importlib
import pkgutil
import re
import runpy
from collections import Counter
from pathlib import Path

import pytest

import ganlab

ROOT = Path(__file__).parents[2]
reading = runpy.run_path(str(ROOT / "book/_ext/reference.py"))["reading"]
API = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "book/api").glob("*.md")}
SPOKEN_FOR = (
    "data",
    "derivations",
    "networks",
)  # the page of the wing shows what its modules offer to others


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["The norm |x|, of p_g * q."], [r"The norm \|x\|, of p\_g \* q."]),
        (["**Bold.** Then, *with, commas*."], ["**Bold.** Then, *with, commas*."]),
        (["A *stressed* and a **loud word**."], ["A *stressed* and a **loud word**."]),
        (["2*a*b and f*"], [r"2\*a\*b and f\*"]),
        (["`a_b` and `c*`."], ["``a_b`` and ``c*``."]),
        (["A ``b`` stays."], ["A ``b`` stays."]),
        (["A `name that", "runs on` here."], ["A ``name that", "runs on`` here."]),
        (["Source: Lin 1991 [lin1991, villani2009]."], ["Source: Lin 1991 :cite:`lin1991,villani2009`."]),
        (["An interval [0, 1) and a list [a].", ""], ["An interval [0, 1) and a list [a]."]),
        (["One.", "Raises `E` where.", "Source: S."], ["One.", "", "Raises ``E`` where.", "", "Source: S."]),
        (["    L = |D|_2"], ["::", "", "    L = |D|_2"]),
        ([">>> f(`x`)", "|y|"], [">>> f(`x`)", "|y|"]),
    ],
)
def test_a_docstring_reads_as_it_was_meant(lines, shown):
    assert [line for line in reading(lines) if line] == [line for line in shown if line]


def test_blocks_stay_apart():
    assert reading(["One.", "", "", "Two."]) == ["One.", "", "", "Two.", "", ""]


# The pages


def modules():
    """Every module with public names of its own, but for those whose wing speaks for them."""
    for module in pkgutil.walk_packages(ganlab.__path__, "ganlab."):
        wing = module.name.split(".")[1]
        if not module.ispkg and wing not in SPOKEN_FOR and not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)
    yield from (importlib.import_module(f"ganlab.{wing}") for wing in SPOKEN_FOR)


def shown():
    """How often a function or class stands on a page, by where it was defined."""
    found = Counter()
    for text in API.values():
        for name in re.findall(r"^\.\. automodule:: (\S+)$", text, re.MULTILINE):
            module, left_out = importlib.import_module(name), re.search(r":exclude-members: (.*)", text)
            public = set(module.__all__) - set(left_out[1].split(", ") if left_out else [])
            found.update(id(getattr(module, public_name)) for public_name in public)
    return found


def test_every_public_function_and_class_has_one_place_among_the_pages():
    times = shown()
    wrong = {
        f"{module.__name__}.{name}": times[id(getattr(module, name))]
        for module in modules()
        for name in module.__all__
        if callable(getattr(module, name)) and times[id(getattr(module, name))] != 1
    }
    assert not wrong


def test_the_index_and_the_contents_name_every_page_once():
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    pages = sorted(API.keys() - {"index"})
    assert sorted(re.findall(r"\]\(([\w-]+)\.md\)", API["index"])) == pages
    assert sorted(re.findall(r"^ +- file: book/api/([\w-]+)$", contents, re.M)) == sorted([*pages, "index"])
