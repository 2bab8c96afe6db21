"""The exhibits of the museum as they move. Truth is the page with its numbers, and what a browser shows."""

import json
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ganlab.page import parts

BOOK = Path(__file__).parents[2] / "book"
LABELS = re.findall(r"^\(fail-([\w-]+)\)=", (BOOK / "failures.md").read_text("utf-8"), re.MULTILINE)
FILMS = {path.stem: json.loads(path.read_text("utf-8")) for path in (BOOK / "exhibits").glob("*.json")}
GIVEN = dict(
    re.findall(
        r"^\(fail-([\w-]+)\)=\n(?:(?!^\().*\n)*?Number\n: ((?:.+\n)+)",
        (BOOK / "failures.md").read_text("utf-8"),
        re.MULTILINE,
    )
)

# On what the two curves end; None where there is no number. Each stands on the page, in the field *Number*.
ENDS = {
    "saturation": (0.000045, 0.999955),
    "sigmoid": (100, 20),
    "doubled-sigmoid": (1.0064, None),
    "sign": (0.9, -0.1),
    "labels": (0.40, 0.60),
    "ring": (0, 1.531),
    "range": (1, None),
    "weak": (1.386, None),
    "heart": (0.69, None),
    "clipping": (7.49, None),
    "critic-sign": (1.50, 0.50),
    "scale": (100.0, 6.0),
    "one-layer": (9.0, 1.0),
    "batch-norm": (0.0, 6.0),
    "penalty": (64, 1),
    "ignored": (0, 0.2158),
    "loud": (64, 1),
    "checkerboard": (2, 4),
    "sight": (1.3863, None),
    "mixed": (0.0, 2.0),
    "damaged": (None, 3),
    "left-over": (0.667, 0.500),
    "holds-both": (0.667, None),
    "no-detach": (0.8, -0.1),
    "detach": (0, None),
    "no-grad": (None, None),
    "stale-scores": (1.680, 0.283),
    "compiled": (None, 4),
    "still": (170, -10),
    "average": (0.82, None),
    "buffers": (2.0, 0.0),
    "mode": (1.303, 2),
    "seed": (64, 6400),
}


def test_every_exhibit_has_what_moves_and_nothing_moves_without_an_exhibit():
    assert set(FILMS) == set(LABELS)


@pytest.mark.parametrize("name", sorted(ENDS))
def test_a_curve_ends_on_the_number_of_the_page(name):
    words = GIVEN[name].replace(",", "")
    for kind, number in zip(("broken", "cured"), ENDS[name], strict=True):
        if number is None:
            continue
        digits = max(len(f"{number}".split(".")[-1]) if isinstance(number, float) else 0, 0)
        assert FILMS[name][kind][-1] == pytest.approx(number, abs=0.51 * 10**-digits)
        written = [text for text in re.findall(r"-?\d+(?:\.\d+)?", words) if float(text) == number]
        assert written or (name, kind) in {("heart", "broken"), ("ring", "broken")}, words


def test_the_sample_of_a_critic_that_lags_runs_as_far_as_the_page_says():
    """By hand: the farthest place past the data, with one step of the critic and with five."""
    film = FILMS["lag"]
    assert -min(film["broken"]) == pytest.approx(1.39, abs=0.005)
    assert -min(film["cured"]) == pytest.approx(0.85, abs=0.005)


def test_the_smallest_game_goes_round_in_its_period_and_comes_home_with_its_cure():
    film = FILMS["rotation"]
    place = np.array(film["broken"])
    crossings = np.flatnonzero((place[:-1] > 0) & (place[1:] <= 0))
    assert np.diff(crossings) == pytest.approx(2 * np.pi / 0.1, abs=1)
    assert abs(np.array(film["cured"])[-20:]).max() < 0.02


def test_mixed_columns_lie_off_their_segment_by_the_mean_of_two_uniform_numbers():
    """E|u - v| is 1/3, and the distance from the diagonal is that over the root of two; of 4000 pairs."""
    film = FILMS["columns"]
    assert film["broken"][-1] == pytest.approx(1 / (3 * np.sqrt(2)), abs=5 * 0.236 / np.sqrt(2 * 4000))
    assert film["level"]["y"] == pytest.approx(0.2357, abs=5e-5)


def test_all_exhibits_together_weigh_little():
    assert sum(path.stat().st_size for path in (BOOK / "exhibits").glob("*.json")) < 100_000


# In a browser

STATE = "document.querySelector('[data-part=exhibit]').exhibit.state()"


def shown(visit, name, **context):
    """The page with one exhibit, and what its script says of itself."""
    data = {"title": name, "film": FILMS[name]}
    page = visit(parts.html("exhibit", data, fallback="<p>still</p>"), **context)
    return page, lambda: page.evaluate(STATE)


def stopped(visit, name, **context):
    """A page with one exhibit and a clock that stands."""
    page = visit("<div id=here></div>", **context)
    page.clock.install(time=datetime(2020, 1, 1))
    page.goto(page.url)
    page.set_content(parts.html("exhibit", {"title": name, "film": FILMS[name]}, fallback="<p>still</p>"))
    page.clock.pause_at(datetime(2020, 1, 2))
    return page


def test_it_stands_still_until_it_is_asked_and_stops_at_its_end(visit):
    page = stopped(visit, "scale")
    page.clock.run_for(1000)
    assert page.evaluate(STATE)["at"] == 0
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1000)
    now = page.evaluate(STATE)
    assert now["moving"]
    assert 0 < now["at"] < 1
    page.clock.run_for(6000)
    now = page.evaluate(STATE)
    assert (now["moving"], now["at"], now["value"]) == (False, 1, 100)
    assert page.get_by_role("status").inner_text() == (
        "Broken: step of the critic 1000; slope of the critic 100"
    )


@pytest.mark.parametrize("touch", [False, True], ids=["keyboard", "touch"])
def test_the_switch_shows_the_cure(touch, visit):
    page, state = shown(visit, "mode", has_touch=touch, viewport={"width": 360, "height": 740})
    cured = page.get_by_role("button", name="Cured")
    if touch:
        cured.tap()
    else:
        cured.focus()
        page.keyboard.press("Enter")
    page.wait_for_function(f"{STATE}.at === 1")
    assert (state()["kind"], state()["value"]) == ("cured", 2)
    assert cured.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_points_move_and_end_where_the_page_says(visit):
    page, state = shown(visit, "collapse", reduced_motion="reduce")
    canvas = "document.querySelector('canvas').toDataURL()"
    page.get_by_role("button", name="Play").click()
    page.wait_for_selector("canvas")
    before = page.evaluate(canvas)
    page.wait_for_function(f"{STATE}.at === 1")
    assert page.evaluate(canvas) != before
    assert state()["value"] == 1
    page.get_by_role("button", name="Cured").click()
    page.wait_for_function(f"{STATE}.kind === 'cured' && {STATE}.at === 1")
    assert state()["value"] == 8


def test_who_wants_little_motion_gets_a_picture_a_second(visit):
    page = stopped(visit, "average", reduced_motion="reduce")
    page.get_by_role("button", name="Play").click()
    places = []
    for _ in range(8):
        page.clock.run_for(500)
        places.append(page.evaluate(STATE)["at"])
    assert places[0] == 0
    assert places[1::2] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6])


def test_what_cannot_be_loaded_is_told(visit):
    data = {"title": "x", "src": "nowhere.js", "alt": "A still picture", "poster": "data:image/png;base64,"}
    page = visit(parts.html("exhibit", data, fallback="<p>still</p>"))
    page.get_by_role("button", name="Play").click()
    page.get_by_text("could not be loaded").wait_for()
    assert len(page.complaints) == 1  # the browser's own, of the file
    page.complaints.clear()
