"""The parts of the first page: a guess by the losses alone, and a lab with one slider.

Truth is what a browser does with them, and the stored runs of ten seeds that the guess speaks of.
"""

import math
import re
import runpy
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from oracles.films import film
from PIL import Image

from ganlab import explorables
from ganlab.experiments import results
from ganlab.page.films import Curve, stored

ROOT = Path(__file__).parents[2]
RUNS = {"ring_lost": "ring_collapse_small", "ring_found": "ring_collapse_two_rates"}
VERDICT = "A has failed: it ends with 1 of 8 modes, B with 8 of 8. More."


def run(modes, losses=(1.4, 0.7)):
    """A film of thirty frames whose training ends with so many of eight modes."""
    steps = np.array([5, 100, 200, 290])
    curves = {"d_loss": np.full(4, losses[0]), "g_loss": np.full(4, losses[1])}
    curves = {name: Curve(steps, values) for name, values in curves.items()}
    curves["modes"] = Curve(np.array([0, 10, 290]), np.array([0.0, 3.0, modes]))
    return film(frames=30, curves=curves, made={"modes": 8}, loss="non_saturating")


def guess():
    return explorables.guess({"A": run(1), "B": run(8, (1.0, 1.5))}, more="More.")


# The guess: what is true of the runs


@pytest.mark.parametrize("name", RUNS)
def test_a_film_is_one_of_ten_stored_runs_and_ends_as_that_one_did(name):
    recording, result = stored(name), results.load(RUNS[name])
    assert recording.made["experiment"] == RUNS[name]
    assert recording.made["seed"] == result.seeds[0]
    assert recording.curves["modes"].values[-1] == result.each[0]["modes"]


def late(name):
    """Of each of the ten runs, the mean losses of both players in the second half."""
    result = results.load(RUNS[name])
    half = np.array(result.steps) > result.steps[-1] / 2
    return np.stack([np.array(result.history[loss])[half].mean(0) for loss in ("d_loss", "g_loss")], 1)


def test_the_losses_of_every_failed_run_are_nearer_to_those_of_an_equilibrium():
    lost, found = ([row["modes"] for row in results.load(name).each] for name in RUNS.values())
    assert len(lost) == len(found) == 10
    assert max(lost) <= 2
    assert set(found) == {8}
    equilibrium = [2 * math.log(2), math.log(2)]
    off = [abs(late(name) - equilibrium).sum(1) for name in RUNS]
    assert off[0].max() < 0.1
    assert off[1].min() > 0.8


@pytest.mark.parametrize("swapped", [False, True])
def test_the_run_with_fewer_modes_has_failed_whatever_its_losses_are(swapped):
    runs = {"A": run(1), "B": run(8)}
    part = explorables.guess(dict(reversed(runs.items())) if swapped else runs)
    assert part.data["failed"] == "A"
    assert repr(part) == "Guess: A has failed: it ends with 1 of 8 modes, B with 8 of 8"


def test_what_is_no_question_is_refused():
    for message, runs in (
        ("`recordings` must be two, got 1", {"A": run(1)}),
        ("`recordings` must have losses and modes, got [] of 'B'", {"A": run(1), "B": film()}),
        ("`recordings` must end with different numbers of modes, got 3 of both", {"A": run(3), "B": run(3)}),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            explorables.guess(runs)


# The guess in a browser


def begun(page):
    page.locator(".explorable-player").wait_for()
    assert page.get_by_role("status").first.inner_text() == f"No. {VERDICT}"
    pressed = [button.get_attribute("aria-pressed") for button in page.locator("[aria-pressed]").all()[:2]]
    assert pressed == ["false", "true"]


def test_before_the_choice_nothing_moves_and_nothing_tells(visit):
    page = visit(guess().html())
    assert page.locator(".explorable-guess svg[role=img]").count() == 2
    assert page.locator("canvas").count() == 0
    assert "failed:" not in page.locator("body").inner_text()
    spoken = page.locator("[aria-label]").evaluate_all("all => all.map((e) => e.ariaLabel).join()")
    assert "modes" not in spoken


def test_by_mouse_the_obvious_answer_is_wrong_and_the_films_play_from_the_start(visit):
    page = visit("<div id=here></div>")
    page.clock.install(time=datetime(2020, 1, 1))
    page.goto(page.url)
    page.set_content(guess().html())
    page.clock.pause_at(datetime(2020, 1, 2))
    page.get_by_role("button", name="B has failed").click()
    begun(page)
    slider, cursors = page.get_by_role("slider"), page.locator(".pair line.cursor")
    assert (slider.input_value(), page.get_by_role("button", name="Pause").count()) == ("0", 1)
    page.clock.run_for(170)
    assert (slider.input_value(), cursors.count()) == ("1", 2)
    page.clock.run_for(30 * 160)
    assert (slider.input_value(), page.get_by_role("button", name="Play").count()) == ("29", 1)
    page.get_by_role("button", name="A has failed").click()
    assert page.get_by_role("status").first.inner_text() == f"Right. {VERDICT}"
    assert page.locator(".explorable-player").count() == 1


def test_by_keyboard_alone_and_by_touch_the_same_is_said(visit):
    page = visit(guess().html())
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    begun(page)
    phone = visit(guess().html(), has_touch=True, viewport={"width": 360, "height": 740})
    phone.get_by_role("button", name="B has failed").tap()
    begun(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    planes = [plane.bounding_box() for plane in phone.locator("canvas").all()]
    assert planes[0]["y"] == planes[1]["y"]  # beside each other


def test_who_wants_little_motion_sees_how_the_films_end(visit):
    page = visit(guess().html(), reduced_motion="reduce")
    page.get_by_role("button", name="B has failed").click()
    begun(page)
    assert page.get_by_role("button", name="Play").is_visible()
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "step 290 of 290"


def test_both_pairs_are_drawn_on_one_range(visit):
    page = visit(guess().html())
    page.locator(".pair").nth(1).get_by_text("2 log 2").first.wait_for()
    texts = "all => all.map((svg) => [...svg.querySelectorAll('text')].map((text) => text.textContent))"
    first, second = page.locator(".pair svg[role=img]").evaluate_all(texts)
    assert first == second
    assert "2 log 2" in first


def test_without_scripts_the_curves_stand_and_the_answer_is_told(visit):
    page = visit(guess().html(), java_script_enabled=False)
    assert page.get_by_role("img").bounding_box()["height"] > 300
    assert VERDICT.removesuffix(" More.") in page.locator("body").inner_text()


# The picture of the README


def test_the_picture_of_the_readme_is_light_and_is_what_the_stored_runs_give():
    script = runpy.run_path(str(ROOT / "book" / "pictures" / "moving.py"))
    runs = {title: stored(name) for name, title in script["RUNS"].items()}
    assert f"]({script['TARGET'].relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert script["TARGET"].stat().st_size < 600_000
    with Image.open(script["TARGET"]) as picture:
        assert picture.n_frames == len(runs["calm losses"].steps)
        picture.seek(picture.n_frames - 1)
        kept = np.asarray(picture.convert("RGB")).astype(int)
    again = np.asarray(script["_frame"](runs, len(runs["calm losses"].steps) - 1)).astype(int)
    assert (abs(kept - again).max(-1) > 32).mean() < 0.01


# The lab with one slider

STATE = "document.querySelector('[data-part=speed]').speed.state()"


def lab():
    return explorables.speed({"ten times as fast": stored("ring_lost")}, setup={"batch": 64})


def wait(page, condition):
    page.wait_for_function(f"(() => {{ const s = {STATE}; return {condition}; }})()", timeout=60_000)


def test_the_lab_is_still_until_its_reader_starts_it_and_can_be_stopped(visit):
    page = visit(lab().html())
    wait(page, "s.ready")
    page.wait_for_timeout(300)
    assert page.evaluate(STATE)["step"] == 0
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "1 times the discriminator's"
    for key in ("Tab", "Space"):
        page.keyboard.press(key)
    wait(page, "s.step > 20")
    page.get_by_role("button", name="Pause").click()
    wait(page, "s.mode === 'paused' && !s.wanted")
    page.get_by_role("status").filter(has_text="paused").wait_for()


def test_each_speed_begins_anew_and_goes_on_if_the_game_ran(visit):
    page = visit(lab().html())
    wait(page, "s.ready")
    page.get_by_role("slider").press("End")
    wait(page, "s.ready && s.step === 0 && s.setup.g_rate === 10 * s.setup.d_rate")
    assert page.evaluate(STATE)["mode"] == "paused"
    page.get_by_role("button", name="Play").click()
    wait(page, "s.step > 1500")  # so far that the game begun anew is seen before it comes there
    page.get_by_role("slider").press("ArrowLeft")
    wait(page, "s.setup.g_rate === 9 * s.setup.d_rate && s.step < 1500 && s.mode === 'running'")
    wait(page, "s.step > 1500")


def test_ten_times_as_fast_as_its_discriminator_the_generator_loses_the_modes(visit):
    page = visit(lab().html())
    wait(page, "s.ready")
    page.get_by_role("slider").press("End")
    page.get_by_role("button", name="Play").click()
    wait(page, "s.step >= 500")
    assert page.evaluate(STATE)["metrics"]["modes"] <= 2


def test_out_of_sight_it_waits_and_removed_it_ends(visit):
    page = visit("<div style='height: 3000px'></div>" + lab().html())
    wait(page, "s.ready && s.held.offscreen")
    page.get_by_role("button", name="Play").evaluate("(button) => button.click()")
    page.wait_for_timeout(200)
    assert page.evaluate(STATE)["step"] == 0
    page.get_by_role("button", name="Pause").scroll_into_view_if_needed()
    wait(page, "s.step > 5")


def test_without_scripts_the_ends_of_runs_stand(visit):
    page = visit(lab().html(), java_script_enabled=False)
    assert page.get_by_role("img").bounding_box()["width"] > 200
    assert "1 of 8 modes at the end" in page.locator("body").inner_text()
