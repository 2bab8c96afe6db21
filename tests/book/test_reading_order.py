"""Nothing is used before it is defined. Truth is the register, `reading_order.yml`, read beside the pages.

In the order of the table of contents each page may use what is defined on an earlier page. What has its
place on a later page needs a forward note where it is first mentioned: a link to that page, as
`[...](wgan_gp.ipynb)`, or to a label there, in the same paragraph. A word of the glossary may be a `{term}`
instead. Code and what it prints are looked at as well; there the note stands in the paragraph before or
after.

On its own page a thing gets its name where it is first mentioned, the first screen aside: in italics or
bold, in a heading or a title, or as a `{term}`. A loss, a cure, a divergence or a distance is written down
there, in a formula or in plain code, within the next six paragraphs.

`HELD` names the pages that keep to this. To add one, put its name into the list and run

    pytest tests/book/test_reading_order.py -k NAME

What fails says which thing is used, and where. A new thing is a line of the register, and one that moves
changes its page there. Not held are the pages that list everything for looking up, `notation` and
`how_to_run`.
"""

import re

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_output
from oracles.pages import ROOT, prose
from oracles.reading_order import (
    ORDER,
    REGISTER,
    early,
    labels,
    markdown,
    pieces,
    read,
    said,
    things,
    unmarked,
    unwritten,
)

from ganlab import losses, regularizers

HELD: list[str] = [
    "intro",
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
THINGS = things()
PLACES = {name: labels(read(name)) for name in ORDER}
held = pytest.mark.parametrize("name", HELD)


@held
def test_what_a_page_uses_is_defined_before_or_linked(name):
    assert early(pieces(read(name)), ORDER[ORDER.index(name) :], THINGS, PLACES) == {}


@held
def test_what_a_page_defines_has_its_name_at_the_first_mention(name):
    assert unmarked(pieces(read(name)), name, used(), PLACES) == {}


@held
def test_what_a_page_defines_is_written_down_there(name):
    assert unwritten(pieces(read(name)), name, THINGS) == []


def used():
    """The things that some page of the reading order mentions."""
    texts = [said(piece.source) for name in ORDER for piece in pieces(read(name))]
    return [thing for thing in THINGS if any(thing.mention.search(text) for text in texts)]


# The register


def test_the_register_follows_the_order_of_the_pages():
    homes = list(dict.fromkeys(thing.home for thing in THINGS))
    assert homes == [name for name in ORDER if name in homes]
    assert len({thing.name for thing in THINGS}) == len(THINGS)
    assert set(HELD) <= set(ORDER) - {"notation", "how_to_run"}


def test_every_word_of_the_glossary_has_a_place():
    glossary = prose(ROOT / "book" / "glossary.md")
    words = re.findall(r"^(\S.*)\n  \S", glossary[glossary.index("```{glossary}") :], re.M)
    known = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))["known"]
    assert len(words) > 35
    missing = [
        word
        for word in words
        if word not in known and not any(thing.mention.search(f"{{term}}`{word}`") for thing in THINGS)
    ]
    assert missing == []


def test_every_loss_and_penalty_of_the_package_has_a_place():
    names = [name.replace("_", " ") for name in (*losses.LOSSES, *regularizers.REGULARIZERS)]
    also = {"minimax": "losses.minimax", "wasserstein": "losses.wasserstein", "wgan gp": "wgan_gp"}
    also |= {"wgan lp": "wgan_lp", "zero gp": "zero_gp"}
    missing = [
        name for name in names if not any(thing.mention.search(also.get(name, name)) for thing in THINGS)
    ]
    assert missing == []


# Convicted


TRIAL = things(
    {
        "one": {"term": ["score"]},
        "two": {"cure": [{"R1": ["r1_penalty"]}], "term": ["mode"]},
    }
)


def found(*blocks):
    return early(pieces(markdown(*blocks)), ["one", "two"], TRIAL, {"two": {"two-r1"}})


def test_a_use_before_the_page_of_a_thing_is_found_unless_it_is_linked():
    assert list(found("# One", "The score falls. Here R1 helps.")) == ["R1"]
    assert list(found("We lose modes.", "See [there](two.ipynb).")) == ["mode"]
    assert found("Here R1 helps, see [Two](two.ipynb#r1).") == {}
    assert found("Here R1 helps, by {eq}`two-r1`.", "R1 again.") == {}
    assert list(found("Here {term}`R1` helps, by {eq}`one-r1`.")) == ["R1"]
    assert found("We lose a {term}`mode`.") == {}
    assert found("| [R1 and others](three.md) |") == {}
    assert found("A model of {cite}`R1`, [code](r1.md), $$\nx\n$$ (R1)") == {}


def test_code_and_what_it_prints_are_uses_too():
    printed = new_code_cell("print(1)", outputs=[new_output("stream", text="R1   0.5")])
    for cell in (new_code_cell("r1_penalty(critic)"), printed):
        for words, names in (("Look:", ["R1"]), ("Look, before [Two](two.ipynb):", [])):
            page = [*markdown(words), cell]
            assert list(early(pieces(page), ["one", "two"], TRIAL, {})) == names
        cell.metadata["tags"] = ["hide-cell"]
        assert pieces([cell]) == []


def at_home(*blocks):
    page = pieces(markdown(*blocks))
    return list(unmarked(page, "two", TRIAL, {"two": {"two-r1"}})), unwritten(page, "two", TRIAL)


def test_a_thing_gets_its_name_where_it_is_first_mentioned_and_is_written_down():
    formula = "$$\nR = \\mathbb{E}[x]\n$$ (two-r1)"
    mode = "## What is a *mode*?"
    assert at_home("# T", "You will meet R1.", mode, "*R1* is", formula) == ([], [])
    assert at_home("# T", mode, "Now R1 helps.", "**R1** is", formula) == (["R1"], [])
    assert at_home("# T", mode, "Now R1 helps, {eq}`two-r1`.", "**R1** is", formula) == ([], [])
    assert at_home("# T", mode, "R1 is", formula) == (["R1"], [])
    assert at_home("# T", mode, "### R1", "It helps.") == ([], ["R1"])
    assert at_home("# T", mode, "### R1", *["More."] * 6, formula) == ([], ["R1"])
    assert at_home("# T", "## S", "*R1*", formula, "One mode.") == (["mode"], [])
