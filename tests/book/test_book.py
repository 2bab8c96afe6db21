"""What the pages say. Truth is the register of equations and the outputs of the notebooks.

Notebooks as files are the business of `test_notebooks`, built pages that of `test_pages`.
"""

import ast
import io
import re
from base64 import b64encode
from decimal import Decimal
from pathlib import Path

import mpmath
import nbformat
import numpy as np
import pytest
from equations import entries
from equations.reading import normalise
from oracles.pages import (
    CHAPTERS,
    NAMES,
    NOTEBOOKS,
    NUMBER,
    PAGES,
    QUIZZES,
    ROOT,
    SOLUTIONS,
    bundles,
    cells,
    code_cells,
    decimals,
    different_pixels,
    figures,
    is_shown,
    named,
    numbers,
    outside_code,
    prose,
    record,
)
from PIL import Image
from pybtex.database import parse_file

BIBLIOGRAPHY = parse_file(ROOT / "book" / "references.bib").entries
PINNED = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), flags=re.M))
PLAIN_INSTRUCTIONS = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}


# The pages


def test_the_table_of_contents_and_the_folder_agree():
    assert len(PAGES) == len(NAMES)
    folder = [path for kind in ("md", "ipynb") for path in (ROOT / "book").rglob(f"*.{kind}")]
    assert sorted(PAGES) == sorted(folder)


@named(PAGES)
def test_a_page_begins_with_its_only_title(path):
    assert re.match(r"# \S", cells(path)[0].source)
    assert len(re.findall(r"^# ", outside_code(prose(path)), flags=re.M)) == 1


@named(PAGES)
def test_every_citation_is_in_the_bibliography(path):
    cited = re.findall(r"\{cite(?::\w)?\}`([^`]+)`", prose(path))
    keys = {key.strip() for group in cited for key in group.split(",")}
    assert keys <= set(BIBLIOGRAPHY), keys - set(BIBLIOGRAPHY)


@named(PAGES)
def test_a_directive_keeps_a_distance_from_its_body(path):
    """Jupyter and Colab show the fence as a line of text, and a body that touches it as part of that line."""
    lines = [line.strip() for line in prose(path).split("\n")]
    for number, line in enumerate(lines):
        if re.match(r":::+\{", line):
            after = next(other for other in lines[number + 1 :] if not re.match(r":\w+:", other))
            assert after == "", f"no blank line after {line}"
        if re.fullmatch(r":::+", line):
            assert lines[number - 1] == "", f"no blank line before the end of {lines[number - 1]}"


# Equations


def labelled(path):
    return labels(prose(path))


def labels(text):
    """The displays that have a label, {label: LaTeX}; one without is a step and claims nothing."""
    displays = re.findall(r"\$\$(.+?)\$\$(?:[ \t]*\(([\w:-]+)\))?", text, re.S)
    return {label: latex for latex, label in displays if label}


def test_a_display_without_a_label_is_passed_over():
    text = "a\n\n$$\nx\n$$\n\nso that\n\n$$\ny = 1\n$$ (a-label)\n\n$$\nz\n$$\n"
    assert labels(text) == {"a-label": "\ny = 1\n"}


def registered(path):
    """The register of a page; a page of solutions has no labelled equation, and so none."""
    return [] if path in SOLUTIONS else getattr(entries(path.stem), "EQUATIONS", [])


EQUATIONS = [(path.stem, equation) for path in PAGES for equation in registered(path)]
by_equation = pytest.mark.parametrize(
    "equation", [e for _, e in EQUATIONS], ids=[f"{page}-{e.label}" for page, e in EQUATIONS]
)


@named(PAGES)
def test_the_labelled_equations_are_those_of_the_register(path):
    on_page = {label: normalise(latex) for label, latex in labelled(path).items()}
    in_register = {equation.label: normalise(equation.latex) for equation in registered(path)}
    assert on_page == in_register
    assert len(in_register) == len(registered(path)), "a label occurs twice"


MACHINERY = {"__init__", "by_hand", "mutants", "oracles", "reading", "trial"}


def test_every_module_of_the_register_is_a_page():
    modules = {path.stem for path in (Path(__file__).parent / "equations").glob("*.py")}
    assert modules > MACHINERY
    assert modules - MACHINERY <= {path.stem for path in PAGES}


@by_equation
def test_an_equation_holds(equation):
    assert equation.check(equation.latex) is True


@by_equation
def test_a_wrong_equation_would_not_pass(equation):
    """Each relation in turn: one is added behind an equals sign, an inequality is turned round."""
    found = list(re.finditer(r"(?<=\s)&?(=|\\le|\\ge|<|>)(?=\s)", equation.latex))
    assert found, "no relation to break"
    for relation in found:
        wrong = {"=": "= 1 +", r"\le": ">", r"\ge": "<", "<": r"\ge", ">": r"\le"}[relation[1]]
        broken = equation.latex[: relation.start()] + wrong + equation.latex[relation.end() :]
        with pytest.raises(AssertionError, match="does not hold"):
            equation.check(broken)


# Numbers

EXERCISE = re.compile(r"^(:{3,})\{exercise\}[^\n]*\n.*?^\1$", re.M | re.S)


def unsupported(page, known=()):
    """The decimals in prose, captions and alternative texts that no output above them shows.

    What an exercise gives is no claim, and is passed over.
    """
    shown, missing = list(known), []
    for cell in page:
        if cell.cell_type == "markdown":
            claims = re.sub(EXERCISE, "", cell.source)
            missing += [number for number in decimals(claims) if not is_shown(number, shown)]
            continue
        words = cell.metadata.get("mystnb", {})
        about = words.get("image", {}).get("alt", "") + " " + words.get("figure", {}).get("caption", "")
        missing += [number for number in decimals(about) if not is_shown(number, shown)]
        shown += numbers(cell)
    return missing


def measured(path):
    """The decimals in the fields *Number* of the museum, each of which its own test computes."""
    fields = re.findall(r"^Number\n: ((?:.+\n)+)", prose(path), re.M) if path.stem == "failures" else []
    return set(decimals("\n".join(fields)))


@named([path for path in PAGES if path.stem != "corrections" and path not in SOLUTIONS])
def test_every_decimal_in_the_prose_is_in_an_output_above_it_or_cited(path):
    published = getattr(entries(path.stem), "PUBLISHED", {})  # the corrections compute their own
    known = {*published, *measured(path)}
    assert [number for number in unsupported(cells(path)) if number not in known] == []
    assert all(key in prose(path) and key in BIBLIOGRAPHY for key in published.values())


@named(SOLUTIONS)
def test_every_decimal_of_a_solution_is_in_an_output_of_its_page_or_in_its_chapter(path):
    """Or in what the exercise gives: a solution is words first, and then the cell that computes."""
    chapter = path.parents[1] / path.name
    given = "".join(match[0] for match in EXERCISE.finditer(prose(chapter)))
    known = [Decimal(number) for number in NUMBER.findall(given.replace("−", "-"))]
    known += [number for page in (path, chapter) for cell in code_cells(page) for number in numbers(cell)]
    assert unsupported(cells(path), known) == []


def test_decimals_are_found_where_they_are_and_nowhere_else():
    text = (
        "It is 0.6931, not -1.5, or $9.08 \\times 10^{-5}$; see {eq}`a-1.5`, [there](page-2.5.md), eq. 3.31, "
        "section 3.4, Python 3.11, `x = 7.5`, 98.9%, 1-2.5, v1.2.3 and (0.25, 1.5).\n```\n4.5\n```\n"
    )
    assert decimals(text) == ["0.6931", "-1.5", "9.08e-5", "98.9", "0.25", "1.5"]


def test_the_digits_of_a_script_of_its_data_or_of_a_picture_are_not_shown():
    html = (
        '<p>It is 0.25.</p><script type="application/json">{"x": 0.75}</script><script>f(0.5)</script>'
        '<style>p { margin: 1.5em }</style><img src="data:x,3.5" alt="">'
    )
    output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "4.5"})
    found = numbers(nbformat.v4.new_code_cell(outputs=[output]))
    assert sorted(found) == [Decimal("0.25"), Decimal("4.5")]


@pytest.mark.parametrize(
    ("written", "output", "verdict"),
    [
        ("0.6931", "loss 0.69314718", True),
        ("0.6931", "0.6931", True),
        ("0.6932", "0.69314718", False),
        ("0.6931", "0.693", False),
        ("0.69310", "0.6931", False),
        ("-1.20", "mean -1.204", True),
        ("1.20", "mean -1.204", False),
        ("9.08e-5", "slope -9.08e-05", False),
        ("-9.08e-5", "slope -9.08e-05", True),
        ("0.1", "0.15", False),
        ("0.2", "0.15", True),
        ("2.5", "2 5", False),
    ],
)
def test_a_decimal_is_shown_by_an_output_that_rounds_to_it(written, output, verdict):
    shown = [Decimal(number) for number in NUMBER.findall(output)]
    assert is_shown(written, shown) is verdict


def test_an_output_below_the_prose_is_no_support():
    output = nbformat.v4.new_output("stream", text="0.25")
    code = nbformat.v4.new_code_cell("print(1 / 4)", outputs=[output])
    text = nbformat.v4.new_markdown_cell("It is 0.25.")
    assert unsupported([text, code]) == ["0.25"]
    assert unsupported([code, text]) == []
    given = ":::{exercise} A number\n:label: a-exercise-1\n\nLet it be 0.75.\n\n:::\n\nIt is 0.5."
    assert unsupported([nbformat.v4.new_markdown_cell(given)]) == ["0.5"]
    code.metadata["mystnb"] = {"image": {"alt": "A line at 0.25."}, "figure": {"caption": "It is 0.5."}}
    assert unsupported([code]) == ["0.25", "0.5"]


# Cells


@named(NOTEBOOKS)
def test_no_code_cell_is_longer_than_a_screen_or_wider_than_the_page(path):
    lengths = {cell.source.count("\n") + 1: cell.source for cell in code_cells(path)}
    assert max(lengths) <= 45, lengths[max(lengths)]
    lines = [line for cell in code_cells(path) for line in cell.source.split("\n")]
    assert max(map(len, lines)) <= 88, max(lines, key=len)  # a page is narrower than a screen


@named(NOTEBOOKS)
def test_no_output_is_heavy_or_names_a_place_on_this_machine(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            text = str(output.get("text", "")) + "".join(map(str, output.get("data", {}).values()))
            assert len(text) <= 200_000, cell.source
            assert not re.search(r"(?:/home/|/Users/|/root/|/tmp/|/work/|[A-Z]:\\\\)", text), cell.source


# Figures


@named(NOTEBOOKS)
def test_every_figure_says_what_it_shows(path):
    names = []
    for cell in figures(path):
        words = cell.metadata["mystnb"]
        alt, caption = words["image"]["alt"], words["figure"]["caption"]
        assert alt.endswith(".")
        assert len(alt) >= 60
        assert not re.search(r"\.(png|svg|jpe?g)\b", alt)
        assert caption.endswith(".")
        assert alt != caption
        names.append(words["figure"]["name"])
    assert len(set(names)) == len(names)


@named(NOTEBOOKS)
def test_a_figure_cell_ends_by_showing_it(path):
    """The repr of what the last line returned would stand on the page, with an address in memory."""
    assert all(cell.source.rstrip().split("\n")[-1] == "plt.show()" for cell in figures(path))


def test_a_changed_figure_would_be_seen():
    def png(shade, columns):
        pixels = np.full((50, 50, 3), 255, dtype=np.uint8)
        pixels[:8, :columns] = shade
        buffer = io.BytesIO()
        Image.fromarray(pixels[::-1]).save(buffer, "png")
        return b64encode(buffer.getvalue())

    assert different_pixels(png(0, 8), png(0, 8)) == different_pixels(png(0, 8), png(10, 8)) == 0
    assert different_pixels(png(0, 8), png(200, 8)) == 1
    assert different_pixels(png(0, 8), png(0, 10)) == 0.2


# Exercises and quizzes


@named(CHAPTERS)
def test_a_chapter_says_what_it_asks_and_ends_with_what_it_gave(path):
    text = prose(path)
    for landmark in ("**You will be able to**", "**Before you start.**", "**Time.**", "**Sources.**"):
        assert landmark in text
    for heading in ("What can go wrong", "Exercises", "Quiz", "To take away"):
        assert re.search(rf"^## {heading}$", text, flags=re.M), heading


@named(QUIZZES)
def test_a_quiz_is_asked_on_the_page_of_its_name(path):
    page = next(page for page in CHAPTERS if page.stem == path.stem)
    source = "\n".join(cell.source for cell in code_cells(page))
    assert f'exercises.quiz("{path.stem}")' in source
    asked = re.findall(rf'exercises\.check\("{path.stem}-(\w+)"', source)
    assert asked == list(record(path)["exercises"])
    assert set(asked) <= {label.rsplit("-", 1)[1] for label in tasks(page)}
    assert len(asked) >= 3


def tasks(chapter):
    """The exercises of a chapter, in their order: {label: what it asks}."""
    found = (match[0] for match in EXERCISE.finditer(prose(chapter)))
    return {re.search(r"^:label: (\S+)$", text, re.M)[1]: text for text in found}


@named(CHAPTERS)
def test_each_exercise_leads_to_its_solution_which_stands_apart_in_the_same_order(path):
    found = tasks(path)
    prefix = next(iter(found)).split("-")[0]
    assert list(found) == [f"{prefix}-exercise-{number}" for number in range(1, len(found) + 1)]
    for number, text in enumerate(found.values(), 1):
        assert f"(solutions/{path.stem}.ipynb#exercise-{number})" in text, f"exercise {number} has no link"
    assert "{solution}" not in prose(path)
    solutions = prose(path.parent / "solutions" / path.name)
    heads = re.findall(r"^## Exercise (\d+)\n\n:::+\{solution\} (\S+)$", solutions, re.M)
    assert heads == [(label.rsplit("-", 1)[1], label) for label in found]
    assert solutions.count("{solution}") == solutions.count("\n## ") == len(heads)


@named(SOLUTIONS)
def test_a_solution_defines_the_functions_that_are_asked_for_as_they_are_asked_for(path):
    """Their names and their arguments, with defaults."""
    asked = re.findall(r"[Ww]rite (?:a function )?`(\w+\([\w, =.-]*\))`", prose(path.parents[1] / path.name))
    trees = [ast.parse(re.sub(r"^%.*$", "", cell.source, flags=re.M)) for cell in code_cells(path)]
    defined = {
        f"{node.name}({ast.unparse(node.args)})"
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    for call in asked:
        assert ast.unparse(ast.parse(f"def {call}: pass").body[0]).split("\n")[0][4:-1] in defined, call


@named(SOLUTIONS)
def test_a_line_that_a_solution_quotes_from_its_chapter_is_there(path):
    quoted = re.findall(r'the line "([^"]+)"', prose(path))
    chapter = " ".join(prose(path.parents[1] / path.name).split())
    assert [line for line in quoted if line not in chapter] == []


@named(SOLUTIONS)
def test_a_solution_passes_the_check_of_its_exercise(path):
    marked = [cell for cell in code_cells(path) if "exercises.check(" in cell.source]
    told = [
        (re.search(r'exercises\.check\("([\w-]+)"', cell.source)[1], bundles(cell)[-1]["text/plain"])
        for cell in marked
    ]
    asked = record(next(quiz for quiz in QUIZZES if quiz.stem == path.stem))["exercises"]
    assert [name for name, _ in told] == [f"{path.stem}-{number}" for number in asked]
    assert [text for _, text in told if not text.startswith("Right. ")] == []


@named(QUIZZES)
def test_the_answers_to_numeric_exercises_and_their_slips_are_their_definitions_evaluated(path):
    """Of a function the values at its cases."""
    exercises = {n: e for n, e in record(path)["exercises"].items() if e["kind"] in ("number", "function")}
    truths = getattr(entries(path.stem), "EXERCISES", {})
    assert set(exercises) == set(truths)
    for number, exercise in exercises.items():
        answers = [exercise["answer"], *(mistake["answer"] for mistake in exercise["misconceptions"])]
        for key, truth in zip(answers, truths[number](), strict=True):
            for one, other in zip(np.ravel(key), np.ravel(np.array(truth, dtype=object)), strict=True):
                assert mpmath.almosteq(float(one), other, rel_eps=1e-5, abs_eps=1e-12), number
