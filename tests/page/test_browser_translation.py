"""The two planes of unpaired translation in a browser, by mouse, keyboard and touch.

Truth is what the page shows and its state. How fast it trains is not judged here: the machine may be busy.
"""

import pytest

from ganlab import explorables

STATE = "document.querySelector('[data-part=translation]').translation.state()"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.fixture
def play(visit):
    """A function of a preset that opens a page with the planes."""

    def play(preset="cycle", around="{}", **context):
        html = around.format(explorables.translation(preset).html())
        page = visit(f'<main style="font: 16px sans-serif"><h1>t</h1>{html}</main>', **context)
        if context.get("java_script_enabled", True):
            wait(page, "s.seen")
        return page

    return play


def state(page):
    return page.evaluate(STATE)


def wait(page, condition):
    page.wait_for_function(f"(() => {{ const s = {STATE}; return {condition}; }})()", timeout=120_000)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def plane(page, side):
    return page.locator("canvas.plane").nth(["source", "target"].index(side))


def at(page, side, point):
    """Where a point of a plane is on the screen."""
    box = plane(page, side).bounding_box()
    unit = box["width"] / 4
    return box["x"] + (point[0] + 2) * unit, box["y"] + (2 - point[1]) * unit


def drag(page, side, *way):
    page.mouse.move(*at(page, side, way[0]))
    page.mouse.down()
    for point in way[1:]:
        page.mouse.move(*at(page, side, point), steps=4)
    page.mouse.up()


def blobs(page, side):
    return state(page)["planes"][side]


# Training


def test_nothing_moves_before_the_reader_does_something(play):
    page = play()
    page.wait_for_timeout(300)
    seen = state(page)
    assert (seen["step"], seen["wanted"], seen["asIs"]) == (0, False, True)
    assert seen["status"] == "Ready: two translators that have learnt nothing."
    assert seen["note"].startswith("Two critics and a cycle.")


def test_with_five_pairs_each_blob_goes_to_its_number_and_the_sentence_says_so(play):
    page = play()
    press(page, "With five pairs")
    assert state(page)["pairs"] == 5
    press(page, "Run")
    wait(page, "s.seen.right === 1 && s.seen.reached === 5 && s.step > 100")
    press(page, "Pause")
    wait(page, "s.status.includes('paused')")
    seen = state(page)
    assert f"Step {seen['step']}, paused." in seen["status"]
    assert "100% of the points lie at the blob with their number." in seen["status"]
    assert "1 to 1, 2 to 2, 3 to 3, 4 to 4, 5 to 5. This is the true map." in seen["status"]
    figures = page.locator(".figures").inner_text()
    assert "100% at the blob with their number" in figures
    assert "5 of 5 blobs reached" in figures


def test_a_game_that_is_over_is_listed_and_another_seed_runs_at_once(play):
    page = play("pairs")
    press(page, "Run")
    wait(page, "s.step === 1000 && !s.wanted")
    page.get_by_text("Ended so far: seed 0, the true map.").wait_for()
    press(page, "Another seed")
    wait(page, "s.setup.seed === 1 && s.step > 0 && s.step < 1000 && s.wanted")
    assert state(page)["ends"] == {"0": 0}
    press(page, "Without the cycle")
    wait(page, "s.step === 0 && s.setup.cycle === 0 && !s.wanted")
    assert state(page)["ends"] == {}
    assert state(page)["pairs"] == 0


def test_the_same_seed_is_the_same_run_and_another_one_is_not(play):
    page = play()
    errors = []
    for seed in ("3", "3", "4"):
        page.get_by_label("Seed", exact=True).fill(seed)
        page.keyboard.press("Enter")
        press(page, "Reset")
        for step in range(3):
            press(page, "Step")
            wait(page, f"s.step === {step + 1}")
        wait(page, "s.status.startsWith('Step 3, paused')")
        errors.append(state(page)["seen"]["error"])
    assert errors[0] == errors[1] != errors[2]


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [("Seed", "1e9", 9999), ("Seed", "", 0), ("Known pairs", "2.6", 3), ("Weight of the cycle", "-1", 0)],
)
def test_a_number_is_brought_within_its_range(field, typed, kept, play):
    page = play()
    box = page.get_by_label(field, exact=True)
    box.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('change')); }", typed)
    assert float(box.input_value()) == kept
    assert kept in state(page)["setup"].values()


# The reader's own blobs


def test_a_blob_is_dragged_by_mouse_while_the_game_goes_on(play):
    page = play()
    press(page, "Run")
    wait(page, "s.step > 5")
    before = blobs(page, "target")
    drag(page, "target", before[2], (-1, 1), (0, 0.2))
    after = blobs(page, "target")
    assert after[2] == pytest.approx([0, 0.2], abs=0.05)
    assert after[:2] + after[3:] == before[:2] + before[3:]
    step = state(page)["step"]
    assert step > 5
    wait(page, f"s.step > {step}")
    seen = state(page)
    assert not seen["asIs"]
    assert seen["note"].startswith("Your own blobs")
    assert "This is" not in seen["status"]
    assert page.get_by_role("button", pressed=True).count() == 0
    press(page, "The cycle alone")
    assert blobs(page, "target") == before


def test_by_keyboard_alone_the_game_runs_and_blobs_move_come_and_go(play):
    page = play()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait(page, "s.step > 2")
    page.keyboard.press("Space")
    wait(page, "!s.wanted")
    for _ in range(8):
        page.keyboard.press("Tab")
        if plane(page, "source").evaluate("(plane) => plane === document.activeElement"):
            break
    assert state(page)["notice"] == "Blob 1 of the source, at 1.0, 0.0."
    before = blobs(page, "source")
    for key in ("Enter", "ArrowLeft", "ArrowLeft", "Shift+ArrowUp"):
        page.keyboard.press(key)
    assert blobs(page, "source")[1] == pytest.approx([before[1][0] - 0.2, before[1][1] + 0.02])
    assert state(page)["notice"] == "Blob 2 of the source, at 0.1, 1.0."
    page.keyboard.press("Backspace")
    assert blobs(page, "source") == before[:1] + before[2:]
    page.keyboard.press("+")
    assert len(blobs(page, "source")) == 5
    page.keyboard.press("+")
    assert len(blobs(page, "source")) == 5
    for _ in range(9):
        page.keyboard.press("Delete")
    assert len(blobs(page, "source")) == 1


def touch(page, *way):
    finger = page.context.new_cdp_session(page)
    for i, kind in enumerate(["touchStart", *["touchMove"] * (len(way) - 1), "touchEnd"]):
        points = [] if kind == "touchEnd" else [dict(zip("xy", way[i], strict=True))]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_by_touch_a_blob_is_dragged_and_beside_them_the_page_scrolls(play):
    page = play(around="{}<p style='height: 3000px'>", **PHONE)
    here = blobs(page, "source")[0]
    way = [[a + share * (b - a) for a, b in zip(here, (1.5, 1.5), strict=True)] for share in (0, 0.5, 1)]
    touch(page, *[at(page, "source", point) for point in way])
    assert blobs(page, "source")[0] == pytest.approx([1.5, 1.5], abs=0.05)
    assert page.evaluate("scrollY") == 0
    left, top = at(page, "source", (-1.9, -1.9))
    touch(page, *[(left, top - 40 * i) for i in range(4)])
    page.wait_for_function("scrollY > 40")
    assert blobs(page, "source")[0] == pytest.approx([1.5, 1.5], abs=0.05)


def test_where_one_side_has_fewer_blobs_no_map_is_known(play):
    page = play("pairs")
    press(page, "Remove a blob from the target")
    press(page, "Step")
    wait(page, "s.step === 1 && s.status.includes('Step 1')")
    seen = state(page)
    assert (seen["pairs"], seen["seen"]["right"]) == (0, None)
    assert "Which blob belongs to which is not known." in seen["status"]
    assert "of 4 blobs are reached" in seen["status"]
    assert "not known at the blob with their number" in page.locator(".figures").inner_text()
    press(page, "Remove a blob from the source")
    assert state(page)["pairs"] == 5
    assert page.get_by_role("button", name="Add a blob to the source").is_enabled()


# Circumstances


def test_the_game_waits_while_it_is_out_of_sight(play):
    page = play(around="{}<p style='height: 4000px'>")
    press(page, "Run")
    wait(page, "s.step > 5")
    page.evaluate("scrollTo(0, 4000)")
    wait(page, "s.held && s.status.includes('waiting until it is in view')")
    before = state(page)["step"]
    page.wait_for_timeout(300)
    assert state(page)["step"] == before
    page.evaluate("scrollTo(0, 0)")
    wait(page, f"s.step > {before}")


def test_a_reader_who_wants_no_motion_gets_two_pictures_a_second(play):
    page = play(reduced_motion="reduce")
    page.evaluate(
        """() => { const brush = CanvasRenderingContext2D.prototype, fill = brush.fillText;
        window.texts = 0;
        brush.fillText = function (...a) { window.texts++; fill.apply(this, a); }; }"""
    )
    press(page, "Run")
    wait(page, "s.step > 5")
    before, began = page.evaluate("[texts, performance.now()]")
    page.wait_for_timeout(1000)
    after, ended = page.evaluate("[texts, performance.now()]")
    assert after - before <= 10 * (2 + 2 * (ended - began) / 1000)  # ten numbers a picture


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out(scheme, play, axe):
    page = play("pairs", color_scheme=scheme)
    assert axe(page) == []
    press(page, "Remove a blob from the source")
    press(page, "Step")
    wait(page, "s.status.includes('Step 1')")
    plane(page, "target").focus()
    assert axe(page) == []


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_both_planes_stand_side_by_side_and_stay_where_they_are(width, play):
    page = play(viewport={"width": width, "height": 740})
    boxes = [plane(page, side).bounding_box() for side in ("source", "target")]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = "[...document.querySelectorAll('.explorable-translation :is(button, input)')]"
    assert page.evaluate(f"{small}.filter((e) => e.getBoundingClientRect().height < 44).length") == 0
    seed = page.get_by_label("Seed", exact=True).bounding_box()["y"]
    press(page, "Run")
    wait(page, "s.step > 5 && s.status.includes('Step')")
    for preset in ("With five pairs", "Without the cycle"):
        press(page, preset)
        wait(page, "s.step === 0")
        assert plane(page, "source").bounding_box() == boxes[0]
    assert page.get_by_label("Seed", exact=True).bounding_box()["y"] == seed


def test_run_and_both_planes_fit_one_screen(play):
    page = play(**PHONE)
    button = page.get_by_role("button", name="Run").bounding_box()
    box = plane(page, "target").bounding_box()
    assert box["y"] + box["height"] - button["y"] <= 740 - 64


def test_without_scripts_both_rings_stand_as_a_picture(play):
    page = play(java_script_enabled=False)
    assert page.get_by_role("img").bounding_box()["width"] > 300
    assert "a round ring" in page.locator("noscript").inner_text()


def test_a_preset_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="`preset` must be one of cycle, pairs, none, got 'ring'"):
        explorables.translation("ring")
