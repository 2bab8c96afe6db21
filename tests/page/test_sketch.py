"""Curves to draw before they are shown. Truth is mpmath and SciPy for the curves, and what a browser does."""

import math

import mpmath
import numpy as np
import pytest
from oracles.scripts import FOLDER, run
from scipy import integrate, stats

from ganlab import explorables

NAMES = ("best_answer", "saturating_slope", "two_distances")
every_sketch = pytest.mark.parametrize("name", NAMES)
STATE = "document.querySelector('[data-part=sketch]').sketch.state()"


def samples(name):
    data = explorables.sketch(name).data
    return np.array(data["x"]), np.array(data["truth"]), [np.array(line["y"]) for line in data["given"]]


# The curves


def test_the_best_answer_is_the_share_of_the_data_in_the_densities():
    x, truth, (p, q) = samples("best_answer")
    data = 0.4 * stats.norm.pdf(x, -2, 0.7) + 0.6 * stats.norm.pdf(x, 1, 0.7)
    generator = stats.norm.pdf(x, 0.5, 1.2)
    assert abs(p - data).max() < 1e-6
    assert abs(q - generator).max() < 1e-6
    assert abs(truth - data / (data + generator)).max() < 1e-6
    assert len(x) == 81


def test_the_slope_of_the_saturating_loss_is_its_derivative():
    x, truth, _ = samples("saturating_slope")
    with mpmath.workdps(30):
        exact = [float(mpmath.diff(lambda a: mpmath.log(1 - 1 / (1 + mpmath.exp(-a))), a)) for a in x]
    assert abs(truth - exact).max() < 1e-6


def test_twice_the_divergence_is_that_of_two_normal_laws_and_their_distance_is_the_shift():
    x, truth, (w1,) = samples("two_distances")
    assert abs(w1 - x).max() < 1e-6
    for theta, value in list(zip(x, truth, strict=True))[::6]:
        laws = stats.norm(0, 0.25), stats.norm(theta, 0.25)

        def loss(at, laws=laws):
            p, q = (law.pdf(at) for law in laws)
            return sum(one * math.log(2 * one / (p + q)) for one in (p, q) if one > 0)

        exact, _ = integrate.quad(loss, -2, theta + 2, points=[0, theta / 2, theta], limit=200)
        assert value == pytest.approx(exact, abs=2e-6)


@every_sketch
def test_what_stands_on_the_axes_is_on_them_and_one_sentence_says_what_is_missed(name):
    data = explorables.sketch(name).data
    low, high = data["y"]
    assert low <= min(data["truth"]) < max(data["truth"]) <= high
    assert len(data["x"]) == len(data["truth"]) > 50
    assert data["missed"].startswith("Easily missed: ")


def test_a_curve_that_does_not_exist_is_refused():
    message = "`name` must be one of best_answer, saturating_slope, two_distances, got 'best'"
    with pytest.raises(ValueError, match=message):
        explorables.sketch("best")


# A guess and its distance


def drawn(body):
    """What the module of the guess answers in Node."""
    address = (FOLDER / "sketch" / "curve.js").read_text(encoding="utf-8").replace("export ", "")
    return run(f"{address}\n{body}")


def test_what_was_not_drawn_lies_between_what_was():
    assert drawn("return completed([null, 1, null, null, 4, null])") == [1, 1, 2, 3, 4, 4]
    assert drawn("return completed([null, null])") is None


def test_a_stroke_that_skips_samples_draws_them_too_and_a_new_stroke_begins_alone():
    body = "const none = Array(5).fill(null); const one = joined(none, [4, 8], null);"
    assert drawn(f"{body} return joined(one, [0, 0], [4, 8])") == [0, 2, 4, 6, 8]
    assert drawn(f"{body} return joined(one, [0, 0], null)") == [0, None, None, None, 8]


def test_the_distance_is_the_mean_absolute_difference():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 50))
    found = drawn(f"return apart({one.tolist()}, {other.tolist()})")
    assert found == pytest.approx(np.abs(one - other).mean(), rel=1e-12)


# In a browser


def place(page, x, y):
    """Where a point of the axes is on the screen; the margins are those of the axes."""
    box, data = page.locator("svg.pick").bounding_box(), explorables.sketch("two_distances").data
    (x0, x1), (y0, y1) = (data["x"][0], data["x"][-1]), data["y"]
    across, up = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)
    return box["x"] + 46 + across * (box["width"] - 54), box["y"] + 206 - up * 198


def revealed(page):
    page.get_by_role("button", name="Show the curve").click()
    state = page.evaluate(STATE)
    truth = explorables.sketch("two_distances").data["truth"]
    assert state["revealed"]
    assert state["away"] == pytest.approx(np.abs(np.array(state["guess"]) - truth).mean(), rel=1e-9)
    said = page.get_by_role("status").inner_text()
    assert f"On average your guess is {state['away']:.2g} nats away from it. Easily missed: it has" in said
    return state


@every_sketch
def test_nothing_is_told_before_something_was_drawn(name, visit):
    page = visit(explorables.sketch(name).html())
    assert page.get_by_role("button", name="Show the curve").is_disabled()
    assert page.get_by_role("status").inner_text() == ""
    assert "missed" not in page.locator("body").inner_text()
    assert page.locator("path.true, path.own").count() == 0


def test_by_mouse_a_guess_is_drawn_compared_and_drawn_again(visit):
    page = visit(explorables.sketch("two_distances").html())
    page.mouse.move(*place(page, 0, 0))
    page.mouse.down()
    page.mouse.move(*place(page, 3, 1.5), steps=3)
    page.mouse.up()
    guess = revealed(page)["guess"]
    assert guess == pytest.approx(np.linspace(0, 1.5, 61).tolist(), abs=0.02)
    for look in ("true", "own", "gap"):
        assert page.locator(f"path.{look}").count() == 1
    page.mouse.click(*place(page, 1, 1))
    assert page.evaluate(STATE)["guess"] == guess  # what is compared stays as it was
    page.get_by_role("button", name="Draw again").click()
    assert page.evaluate(STATE)["guess"] is None
    assert page.locator("path.true").count() == 0


def test_by_keyboard_alone_a_guess_is_drawn_and_the_distance_is_told(visit):
    page = visit(explorables.sketch("two_distances").html())
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    across, up = page.get_by_role("slider").all()
    assert across.get_attribute("aria-valuetext") == "their distance 0"
    page.keyboard.press("Tab")
    assert up.get_attribute("aria-valuetext") == "nothing drawn yet"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert up.get_attribute("aria-valuetext") == "your guess 2"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    guess = page.evaluate(STATE)["guess"]
    assert guess == pytest.approx(np.linspace(0.02, 2, 61).tolist(), abs=1e-9)
    page.keyboard.press("Enter")  # the button that took the focus draws again
    assert not page.evaluate(STATE)["revealed"]


def test_by_touch_one_draws_and_the_page_stays_where_it_is(visit):
    page = visit(
        explorables.sketch("two_distances").html() + "<p style='height: 3000px'>",
        has_touch=True,
        viewport={"width": 360, "height": 740},
    )
    finger = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * 4, "touchEnd"]
    for i, kind in enumerate(kinds):
        x, y = place(page, 0.6 * min(i, 4), 0.4 * min(i, 4))
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    guess = revealed(page)["guess"]
    assert guess[48] == pytest.approx(1.6, abs=0.03)
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out(scheme, visit, axe):
    page = visit(f"<main><h1>t</h1>{explorables.sketch('best_answer').html()}</main>", color_scheme=scheme)
    assert axe(page) == []
    page.mouse.click(*place(page, 1, 1))
    page.get_by_role("button", name="Show the curve").click()
    assert axe(page) == []


@every_sketch
def test_without_scripts_the_curve_stands_with_what_is_missed(name, visit):
    page = visit(explorables.sketch(name).html(), java_script_enabled=False)
    assert page.get_by_role("img").bounding_box()["width"] > 200
    assert "Easily missed" in page.locator("noscript").inner_text()
