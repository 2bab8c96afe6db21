"""A page that breathes: how much code, how many names and words, how many exercises a chapter has.

Before its exercises a chapter has at most 4000 words. At most 60 lines of its code are visible, with at
most twelve names of the package; the rest is folded (`hide-input`, `hide-cell`), and the cells of
exercises and of the quiz do not count. No sentence has more than 40 words, an equation within a line
being one and a display none. Of its exercises, ten or more, the level stands at the end of the title:
`(by hand)` at least three times, `(debug)` and `(log)` at least twice each, `(longer)` at least once,
`(code)` for the rest. The time that it says it takes to read is no shorter than it is: 200 words or four
lines of visible code a minute, and two minutes a display.

A chapter of `PACED` has one line of argument of at most 2700 words. What stands aside is under one heading,
`## Going further`, and what comes after it is looked up, not read on: `## What can go wrong` and such. The
paragraph about the time says how long the main line alone takes, and leads to the rest.

`HELD` names the chapters that keep to this. To add one, put its name into the list and run

    pytest tests/book/test_budgets.py -k NAME
"""

import re
from collections import Counter

from nbformat.v4 import new_code_cell, new_markdown_cell
from oracles.pages import CHAPTERS, ROOT, cells, named, tags

import ganlab

HELD: list[str] = [
    "binary_cross_entropy",
    "minimax_game",
    "optimal_discriminator",
    "non_saturating_loss",
    "mode_collapse",
    "wgan_gp",
    "game_dynamics",
    "images",
    "variants",
    "tricks",
    "conditional",
    "unpaired",
    "style",
    "evaluation",
    "at_scale",
]
held = named([path for path in CHAPTERS if path.stem in HELD])
PACED: list[str] = [
    "binary_cross_entropy",
    "minimax_game",
    "optimal_discriminator",
    "non_saturating_loss",
    "mode_collapse",
    "wgan_gp",
    "game_dynamics",
    "images",
    "variants",
    "tricks",
    "conditional",
    "unpaired",
    "style",
    "evaluation",
    "at_scale",
]
paced = named([path for path in CHAPTERS if path.stem in PACED])
first_part = named([path for path in CHAPTERS if path.stem in PACED[:6]])

FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "exercise", "quiz"}
LEVELS = {"by hand": 3, "debug": 2, "log": 2, "longer": 1, "code": 0}


def visible(page):
    """The code that a reader sees without unfolding, a line an entry, without comments."""
    shown = [cell.source for cell in page if cell.cell_type == "code" and not tags(cell) & FOLDED]
    lines = [line.strip() for source in shown for line in source.split("\n")]
    return [line for line in lines if line and not line.startswith("#")]


MODULES = "|".join(sorted(ganlab.__all__))


def names(page):
    """The names of the package in the visible code: `losses.hinge` is one, however often it stands there."""
    return set(re.findall(rf"\b(?:ganlab|{MODULES})\.\w+", "\n".join(visible(page))))


def lesson(page):
    """The prose of a page before its exercises."""
    text = "\n\n".join(cell.source for cell in page if cell.cell_type == "markdown")
    return re.split(r"^## Exercises$", text, flags=re.M)[0]


def main_line(page):
    """The cells of a page without its side roads: those from `## Going further` to the next such heading."""
    kept, aside = [], False
    for cell in page:
        if cell.cell_type == "code":
            kept += [] if aside else [cell]
            continue
        stays = ""
        for part in re.split(r"^(?=## )", cell.source, flags=re.M):
            if heading := re.match(r"## (.*)", part):
                aside = heading[1] == "Going further"
            stays += "" if aside else part
        kept += [new_markdown_cell(stays)] if stays else []
    return kept


def plain(markdown):
    """What is read of a text, without displays, code, tables and headings; □ is a formula or a role."""
    text = re.sub(r"^(`{3,}).*?^\1$|\$\$.*?\$\$(?:\s*\([\w:-]+\))?", "\n\n", markdown, flags=re.M | re.S)
    text = re.sub(r"^(?::{3,}|#|:\w+:|\||\(\S+\)=).*$", "\n", text, flags=re.M)
    text = re.sub(r"^\s*(?:[-*]|\d+\.)\s", "\n\n", text, flags=re.M)
    text = re.sub(r"\{term\}`([^`<]*?)(?: <[^`]*)?`", r"\1", text)
    text = re.sub(r"\{[\w:]+\}`[^`]*`|\$[^$]*\$|`[^`]*`", "□", text)
    return re.sub(r"[*_>]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))


def sentences(markdown):
    """The sentences of a text as lists of words."""
    pieces = re.split(r"(?<=[.!?])[\"')]?\s+(?=[\"'(]?[A-ZÀ-Þ□])|\n\s*\n", plain(markdown))
    return [piece.split() for piece in pieces if piece.split()]


def words(markdown):
    """How many words a text has; a formula is none."""
    return sum(re.search(r"[^\W\d_]", word) is not None for part in sentences(markdown) for word in part)


def minutes(page):
    """How long a chapter takes to read before its exercises."""
    displays = len(re.findall(r"\$\$", lesson(page))) // 2
    return words(lesson(page)) / 200 + 2 * displays + len(visible(page)) / 4


def unproven(page):
    """How long it takes without the proofs: a display that is only read takes twenty seconds."""
    displays = len(re.findall(r"\$\$", lesson(page))) // 2
    return words(lesson(page)) / 200 + displays / 3 + len(visible(page)) / 4


def promised(page):
    """How many minutes a chapter says that it takes to read."""
    return int(re.search(r"^\*\*Time\.\*\*[^.]*?(\d+) minutes", lesson(page), re.M)[1])


def alone(page):
    """How many minutes a chapter says that its main line takes."""
    return int(re.search(r"^\*\*Time\.\*\*[\s\S]*?main line (?:alone )?takes (\d+)", lesson(page), re.M)[1])


def skipping(page):
    """How many minutes a chapter says that it takes without the proofs: the whole, and the main line."""
    time = re.search(r"^\*\*Time\.\*\*[\s\S]*?(?=\n\n)", lesson(page) + "\n\n", re.M)[0]
    return tuple(map(int, re.findall(r"(\d+) (?:if you skip the proofs|without them)", time)))


def levels(page):
    """How often each level stands at the end of the title of an exercise, and of how many."""
    text = "\n".join(cell.source for cell in page if cell.cell_type == "markdown")
    titles = re.findall(r"^:{3,}\{exercise\} (.*)$", text, re.M)
    return Counter(found[1] if (found := re.search(r"\(([\w ]+)\)$", title)) else "" for title in titles)


@held
def test_a_chapter_shows_sixty_lines_of_code_and_twelve_names_at_most(path):
    assert len(visible(cells(path))) <= 60
    assert len(names(cells(path))) <= 12, sorted(names(cells(path)))


@held
def test_a_chapter_has_four_thousand_words_at_most_before_its_exercises(path):
    assert words(lesson(cells(path))) <= 4000


@held
def test_no_sentence_has_more_than_forty_words(path):
    text = "\n\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")
    assert [" ".join(words) for words in sentences(text) if len(words) > 40] == []


@held
def test_a_chapter_takes_no_longer_to_read_than_it_says(path):
    assert minutes(cells(path)) <= promised(cells(path))


@paced
def test_the_main_line_of_a_chapter_has_2700_words_at_most(path):
    assert words(lesson(main_line(cells(path)))) <= 2700


@paced
def test_the_main_line_takes_no_longer_than_it_says(path):
    assert minutes(main_line(cells(path))) <= alone(cells(path)) < promised(cells(path))


@first_part
def test_without_the_proofs_a_chapter_takes_no_longer_than_it_says(path):
    whole, line = skipping(cells(path))
    assert whole - 10 < unproven(cells(path)) <= whole
    assert line - 10 < unproven(main_line(cells(path))) <= line < whole


@paced
def test_what_stands_aside_is_under_one_heading_near_the_end(path):
    headings = re.findall(r"^## (.*)$", lesson(cells(path)), re.M)
    after = headings[headings.index("Going further") + 1 :]
    assert set(after) <= {"What can go wrong", "Explore", "Problem, symptom, remedy"}
    left = lesson(main_line(cells(path)))
    assert "Going further" not in re.findall(r"^## (.*)$", left, re.M)
    assert re.search(r"^\*\*Time\.\*\*(?:.+\n)*?.*\[Going further\]\(#going-further\)", left, re.M)


def test_the_first_page_says_how_long_the_chapters_of_part_one_take():
    first, chapters = ROOT / "book" / "intro.ipynb", [path for path in CHAPTERS if path.stem in HELD[:6]]
    said = re.search(
        r"takes (\d+) to (\d+) minutes .*?(\d+) to (\d+) if you skip the proofs"
        r".*?(\d+) to (\d+) minutes without them",
        lesson(cells(first)),
    )
    times = [[promised(cells(path)) for path in chapters]]
    times += zip(*[skipping(cells(path)) for path in chapters], strict=True)
    assert list(map(int, said.groups())) == [bound(some) for some in times for bound in (min, max)]
    assert "main line alone takes an hour or less" in lesson(cells(first))
    assert max(alone(cells(path)) for path in chapters if path.stem in PACED) <= 60


@held
def test_a_chapter_has_ten_exercises_of_all_kinds(path):
    found = levels(cells(path))
    assert found.total() >= 10
    assert set(found) <= set(LEVELS), f"levels are {', '.join(LEVELS)}"
    assert {level: found[level] for level, least in LEVELS.items() if found[level] < least} == {}


# Convicted


def test_what_is_held_is_a_chapter():
    assert set(HELD) <= {path.stem for path in CHAPTERS}


def code(source, *marks):
    return new_code_cell(source, metadata={"tags": list(marks)})


def test_visible_code_is_counted_without_what_is_folded():
    page = [code("import torch\n\n# why\nx = losses.hinge(ganlab.facts)  # y"), new_markdown_cell("a = 1")]
    page += [code("a = data.ring()", tag) for tag in sorted(FOLDED)]
    assert visible(page) == ["import torch", "x = losses.hinge(ganlab.facts)  # y"]
    assert names(page) == {"losses.hinge", "ganlab.facts"}
    assert names([code("losses.hinge(losses.hinge.discriminator)")]) == {"losses.hinge"}


def aside(page):
    """The text of the side roads of a page, from `## Going further` to the next such heading."""
    text = "\n\n".join(cell.source for cell in page if cell.cell_type == "markdown")
    return "".join(re.findall(r"^## Going further$.*?(?=^## )", text, flags=re.M | re.S))


@paced
def test_an_exercise_that_needs_an_equation_of_a_side_road_is_announced(path):
    page = cells(path)
    known = set(re.findall(r"^\$\$ \((\S+)\)$", aside(page), flags=re.M))
    text = "\n\n".join(cell.source for cell in page if cell.cell_type == "markdown")
    announced, *exercises = re.split(r"^## Exercises$", text, flags=re.M)[1].split(":::{exercise}")
    needy = {
        number
        for number, exercise in enumerate(exercises, 1)
        if known & set(re.findall(r"\{eq\}`([^`]+)`", exercise.split("## ")[0]))
    }
    assert needy <= set(map(int, re.findall(r"(?<![\w#])\d+(?![\w-])", announced)))


def test_words_are_counted_as_they_are_read():
    text = (
        "# A title\n\n**One** two, $a = b$ four: {eq}`x` [six seven](a.md) `eight`.\n\n"
        "$$\na = b\n$$ (x)\n\n:::{note} Nothing\n:label: a\n\nA {term}`logit <logits>` is.\n\n:::\n"
        '| a | b |\n\n```python\nno words\n```\n\n- Point (one).\n- Is it? "Yes." And he said e.g. no.\n'
    )
    assert [len(words) for words in sentences(text)] == [8, 3, 2, 2, 1, 5]
    assert words(text) == 18
    assert lesson([new_markdown_cell("A b.\n\n## Exercises\n\nC d."), new_markdown_cell("E.")]).split() == [
        "A",
        "b.",
    ]


def test_the_time_to_read_grows_with_words_displays_and_code():
    text = "**Time.** Reading: about 3 minutes." + " word" * 196
    text += "\n\n$$\na\n$$\n\n## Exercises\n\n$$\nb\n$$\n"
    page = [new_markdown_cell(text), code("a = 1\nb = 2"), code("c = 3", "hide-cell")]
    assert promised(page) == 3
    assert minutes(page) == 1 + 2 + 2 / 4
    assert unproven(page) == 1 + 1 / 3 + 2 / 4


def test_what_a_chapter_takes_without_proofs_is_read_of_its_time():
    text = "**Time.** 9 minutes, and 5 if you skip the proofs. The main line takes 6, and 4 without them."
    text += "\n\n7 if you skip the proofs"
    assert skipping([new_markdown_cell(text)]) == (5, 4)


def test_the_main_line_is_what_does_not_stand_aside():
    parts = ["# T", "## A\n\n### a", "## Going further\n\nx", "### b", "## What can go wrong", "## Exercises"]
    page = [new_markdown_cell(part) for part in parts]
    page.insert(4, code("aside = 1"))
    assert [cell.source for cell in main_line(page)] == [*parts[:2], *parts[4:]]
    within = [new_markdown_cell("a\n\n## Going further\n\nb\n\n## Explore\n\nc")]
    assert [cell.source for cell in main_line(within)] == ["a\n\n## Explore\n\nc"]


def test_the_level_of_an_exercise_stands_in_its_title():
    text = ":::{exercise} A number (by hand)\n:label: a\n\n:::\n\n::::{exercise} A proof\n\n::::\n"
    assert levels([new_markdown_cell(text)]) == {"by hand": 1, "": 1}
