"""Truth here: pictures whose pixels say which code, row and column they are of, read from a canvas."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab import explorables

SIDE, ROWS, COLUMNS = 8, 2, 3
GROUPS = ["coarse", "fine"]
SAID = [f"Sentence {code}." for code in range(4)]
STATE = "document.querySelector('[data-part=mixer]').mixer.state()"
PICTURE = "document.querySelector('canvas').toDataURL()"


def told(code, row, column):
    """A grey of its own for each picture, one of the 32 levels that are kept."""
    return (code * 6 + row * 3 + column) / 31 * 2 - 1


def part(**settings):
    images = torch.tensor(
        [[[told(code, i, j) for j in range(COLUMNS)] for i in range(ROWS)] for code in range(4)]
    )
    images = images[..., None, None, None].expand(4, ROWS, COLUMNS, 1, SIDE, SIDE)
    return explorables.mixer(images, GROUPS, SAID, **settings)


def level(code, row, column):
    return round((code * 6 + row * 3 + column) * 255 / 31)


def shown(page):
    page.wait_for_function(f"{STATE}.drawn === {STATE}.code")
    picture, gap = pixels(page.evaluate(PICTURE)), 4
    down, across = ([3 + i * SIDE + gap * (i > 0) for i in range(n + 1)] for n in (ROWS, COLUMNS))
    table = picture[np.ix_(down, across)][:, :, 0]
    return {place: level for place, level in np.ndenumerate(table) if place != (0, 0)}


def pixels(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))


def expected(code):
    table = {(0, j + 1): level(3, 0, j) for j in range(COLUMNS)}
    table |= {(i + 1, 0): level(0, i, 0) for i in range(ROWS)}
    return table | {(i + 1, j + 1): level(code, i, j) for i in range(ROWS) for j in range(COLUMNS)}


def test_the_reader_says_which_layers_come_from_the_row_and_which_from_the_column(visit):
    page = visit(part(start=2).html())
    assert shown(page) == expected(2)
    assert page.get_by_role("status").inner_text() == "Sentence 2."
    coarse, fine = page.get_by_role("group").filter(has=page.get_by_role("button", name="row")).all()[-2:]
    coarse.get_by_role("button", name="column").click()
    assert shown(page) == expected(3)
    fine.get_by_role("button", name="row").click()
    assert shown(page) == expected(1)
    assert page.get_by_role("status").inner_text() == "Sentence 1."
    assert "Sentence 1." in page.get_by_role("img").get_attribute("aria-label")
    pressed = [b.get_attribute("aria-pressed") for b in page.get_by_role("button").all()]
    assert pressed == ["false", "true", "true", "false"]


def test_by_keyboard_alone_layers_are_chosen(visit):
    page = visit(part().html())
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(STATE)["code"] == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out_and_all_fits_a_phone(scheme, visit, axe):
    page = visit(
        f"<main><h1>t</h1>{part().html()}</main>",
        color_scheme=scheme,
        viewport={"width": 360, "height": 740},
    )
    shown(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_scripts_the_table_stands_as_a_picture(visit):
    page = visit(part(start=1).html(), java_script_enabled=False)
    assert page.get_by_role("img").bounding_box()["width"] > 50
    assert "Sentence 1." in page.locator("noscript").inner_text()


def test_the_sheet_has_a_tile_for_each_picture():
    data = part().data
    sheet = pixels(data["sheet"])
    assert sheet.shape == (4 * ROWS * SIDE, COLUMNS * SIDE)
    for code, row, column in ((0, 0, 0), (2, 1, 2), (3, 0, 1)):
        tile = sheet[(code * ROWS + row) * SIDE :, column * SIDE :][:SIDE, :SIDE]
        assert (tile == level(code, row, column)).all()


def test_what_does_not_fit_is_refused():
    images = torch.zeros(4, 2, 3, 1, 8, 8)
    with pytest.raises(ValueError, match=r"`images` must have shape .*, got \(4, 2, 3, 3, 8, 8\)"):
        explorables.mixer(torch.zeros(4, 2, 3, 3, 8, 8), GROUPS, SAID)
    with pytest.raises(ValueError, match="`images` and `said` must have 4 entries, got 4 and 3"):
        explorables.mixer(images, GROUPS, SAID[:3])
    with pytest.raises(ValueError, match="`start` must be from 0 to 3, got 4"):
        explorables.mixer(images, GROUPS, SAID, start=4)
