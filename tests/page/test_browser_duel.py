"""The two games in a browser, by mouse, keyboard and touch. Truth is what the page shows and its state."""

import math
import random

import pytest
from oracles.duel import links, node

from ganlab import parts

STATE = "document.querySelector('[data-part=duel]').duel.state()"
GENERATOR, DISCRIMINATOR = "#play1--as-generator", "#play1--as-discriminator"


@pytest.fixture
def play(visit):
    """A function of a fragment that opens a page with the games."""

    def play(fragment="", around="{}", **context):
        html = around.format(parts.html("duel", {}, fallback="<p>It needs JavaScript.</p>"))
        page = visit(f'<main style="font: 16px sans-serif"><h1>t</h1>{html}</main>', **context)
        if fragment:
            page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
            wait(page, f"location.hash === '{fragment}'")
        return page

    return play


def state(page):
    return page.evaluate(STATE)


def wait(page, condition):
    page.wait_for_function(f"(() => {{ const s = {STATE}; return {condition}; }})()", timeout=60_000)


def at(page, x, y):
    """Where a point of the plane is on the screen."""
    box = page.locator("canvas.plane").first.bounding_box()
    unit = box["width"] / 6
    return box["x"] + (x + 3) * unit, box["y"] + (3 - y) * unit


def middle(points):
    return [sum(point[k] for point in points) / len(points) for k in (0, 1)]


def drag(page, *way):
    page.mouse.move(*at(page, *way[0]))
    page.mouse.down()
    for point in way[1:]:
        page.mouse.move(*at(page, *point), steps=4)
    page.mouse.up()


def cloud(level=1, seed=0):
    """Where the one cloud of the first level is; its crosses begin opposite."""
    return [-x for x in middle(dealt_start(level, seed))]


def dealt_start(level, seed):
    return node(f'return duel.dealt("generator", {level}, {seed}).start')


# The generator


def test_before_the_reader_does_something_the_task_stands_there_and_nothing_moves(play):
    page = play()
    assert page.get_by_text("You are the generator: drag the crosses onto the circles.").is_visible()
    wait(page, "s.steps === 120")
    page.wait_for_timeout(300)
    seen = state(page)
    assert (seen["who"], seen["level"], seen["steps"], seen["running"]) == ("generator", 1, 120, False)
    assert seen["jsd"] > 0.69


def test_one_drag_by_mouse_fools_the_best_discriminator_and_leads_on(play):
    page = play()
    wait(page, "s.steps === 120")
    here, there = middle(state(page)["points"]), cloud()
    drag(page, here, there)
    assert page.locator(".verdict").inner_text().startswith("Fooled. Even the best discriminator")
    wait(page, "s.jsd < 0.05 && s.steps > 150")
    assert middle(state(page)["points"]) == pytest.approx(there, abs=0.15)
    page.get_by_role("button", name="Next level").click()
    wait(page, "s.level === 2 && s.jsd > 0.5")
    assert page.get_by_role("button", name="Next level").count() == 0


def test_the_discriminator_learns_what_was_moved_and_comes_to_rest(play):
    page = play(f"{GENERATOR}--level-3--seed-1")
    wait(page, "s.steps === 120")
    start = state(page)["points"]
    drag(page, middle(start), (1.5, 1.5))
    moved = [point for point, before in zip(state(page)["points"], start, strict=True) if point != before]
    assert len([point for point in moved if math.dist(point, (1.5, 1.5)) < 0.8]) == 5
    wait(page, "s.running")
    wait(page, "s.steps > 180 && s.found <= s.jsd && s.jsd - s.found < 0.2")
    wait(page, "!s.running")  # some seconds after the last drag
    steps = state(page)["steps"]
    page.wait_for_timeout(300)
    assert state(page)["steps"] == steps


def test_by_keyboard_alone_crosses_are_taken_and_moved(play):
    page = play(f"{GENERATOR}--level-5--seed-3")
    start = state(page)["points"]
    plane = page.locator("canvas.plane").first
    for _ in range(8):
        page.keyboard.press("Tab")
        if plane.evaluate("(plane) => plane === document.activeElement"):
            break
    assert page.get_by_text("By keys: arrows move the ringed crosses").is_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("ArrowRight")
    found = state(page)["points"]
    assert [after != before for after, before in zip(found, start, strict=True)] == [True] * 2 + [False] * 18
    assert found[0][0] - start[0][0] == pytest.approx(0.4, abs=0.05)
    assert found[1][1] - start[1][1] == pytest.approx(0.05, abs=0.03)


def touch(page, *way):
    finger = page.context.new_cdp_session(page)
    for i, kind in enumerate(["touchStart", *["touchMove"] * (len(way) - 1), "touchEnd"]):
        points = [] if kind == "touchEnd" else [dict(zip("xy", way[i], strict=True))]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_by_touch_crosses_are_dragged_and_beside_them_the_page_scrolls(play):
    phone = {"has_touch": True, "viewport": {"width": 360, "height": 640}}
    page = play(around="{}<p style='height: 3000px'>", **phone)
    here, there = middle(state(page)["points"]), cloud()
    way = [[a + share * (b - a) for a, b in zip(here, there, strict=True)] for share in (0, 0.3, 0.6, 1)]
    touch(page, *[at(page, *point) for point in way])
    wait(page, "s.jsd < 0.05")
    assert page.evaluate("scrollY") == 0
    left, top = at(page, -2.8, -2.8)
    touch(page, *[(left, top - 40 * i) for i in range(4)])
    page.wait_for_function("scrollY > 40")
    assert state(page)["jsd"] < 0.05


def test_out_of_sight_nothing_is_learnt(play):
    page = play(around="{}<p style='height: 4000px'>")
    wait(page, "s.steps === 120")
    drag(page, middle(state(page)["points"]), (0, 0))
    wait(page, "s.steps > 130")
    page.evaluate("scrollTo(0, 4000)")
    wait(page, "!s.running")


def test_the_best_discriminator_can_be_seen_instead(play):
    page = play(f"{GENERATOR}--level-1--seed-0")
    wait(page, "s.steps === 120")
    picture = "document.querySelector('canvas.plane').toDataURL()"
    page.get_by_label("where D pushes them").uncheck()
    page.wait_for_timeout(100)
    trained = page.evaluate(picture)
    page.get_by_label("the best D instead").check()
    page.wait_for_function(f"(before) => {picture} !== before", arg=trained)


# The discriminator


def answer(page):
    page.get_by_role("button", name="Answer").click()
    return state(page)["rounds"][-1]


def border(seed=0):
    """A line between the two clouds of the first level, and one along the way between them."""
    x, y = cloud(1, seed)
    size = math.hypot(x, y)
    return [(-y / size, x / size), (y / size, -x / size)], [(x / size, y / size), (-x / size, -y / size)]


def test_one_stroke_and_one_click_say_what_the_best_answer_was(play):
    page = play()
    page.get_by_role("button", name="Be the discriminator").click()
    assert page.get_by_role("button", name="Answer").is_disabled()
    good, bad = border()
    drag(page, *good)
    round_ = answer(page)
    assert round_["regret"] < 0.1
    assert 0 <= round_["border"] <= round_["regret"]
    assert page.get_by_role("img", name="The best discriminator's answer").is_visible()
    said = page.locator(".verdict").inner_text()
    assert f"{round_['border']:.2f} for the place of the border" in said
    assert "you were not sure enough" in said
    page.get_by_role("button", name="Begin again").click()
    drag(page, *bad)
    assert answer(page)["regret"] > 1
    assert "you were too sure" in page.locator(".verdict").inner_text()


def test_too_sure_of_a_bad_border_costs_more(play):
    page = play(f"{DISCRIMINATOR}--level-1--seed-0")
    drag(page, *border()[1])
    page.get_by_role("slider", name="How sure").press("End")
    sure = answer(page)
    page.get_by_role("button", name="Begin again").click()
    drag(page, *border()[1])
    page.get_by_role("slider", name="How sure").press("Home")
    unsure = answer(page)
    assert sure["border"] == pytest.approx(unsure["border"], abs=0.05)
    assert sure["regret"] > 3 * unsure["regret"]
    assert unsure["value"] == pytest.approx(-2 * math.log(2), abs=1e-6)  # it answers 1/2 everywhere


def test_five_rounds_are_played_the_generator_comes_nearer_and_all_are_listed(play):
    page = play(f"{DISCRIMINATOR}--level-1--seed-4")
    for turn in range(5):
        drag(page, *border(4)[0])
        answer(page)
        assert page.locator("tbody tr").count() == turn + 1
        if turn < 4:
            page.get_by_role("button", name="Let the generator move").click()
            wait(page, "!s.answered && !s.moving")
    rounds = state(page)["rounds"]
    assert rounds[-1]["jsd"] < rounds[0]["jsd"] - 0.1
    total = sum(round_["regret"] for round_ in rounds)
    assert f"After 5 rounds your regret is {total:.2f} nats." in page.locator(".verdict").inner_text()
    assert page.get_by_role("button", name="Let the generator move").count() == 0
    page.get_by_role("button", name="Next level").click()
    wait(page, "s.level === 2 && s.rounds.length === 0")


def test_by_keyboard_alone_a_border_is_drawn_and_answered(play):
    page = play(f"{DISCRIMINATOR}--level-1--seed-0", reduced_motion="reduce")
    page.locator("canvas.plane").first.focus()
    keys = ["ArrowUp"] * 5 + ["Enter"] + ["ArrowDown"] * 9 + ["Enter", "ArrowLeft", "Enter", "Backspace"]
    for key in keys:
        page.keyboard.press(key)
    (stroke,) = state(page)["strokes"]
    assert stroke[0] == pytest.approx([0, 0.95], abs=0.02)
    assert stroke[1] == pytest.approx([0, -0.74], abs=0.02)
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Answer":
            break
    page.keyboard.press("Enter")
    assert len(state(page)["rounds"]) == 1
    before = state(page)["points"]
    page.get_by_role("button", name="Let the generator move").press("Enter")
    assert state(page)["points"] != before  # at once, for who wants little motion
    assert page.evaluate("document.activeElement.className").startswith("plane")


def test_by_touch_a_border_is_drawn_on_a_phone(play):
    phone = {"has_touch": True, "viewport": {"width": 360, "height": 740}}
    page = play(DISCRIMINATOR, around="{}<p style='height: 3000px'>", **phone)
    (a, b), (c, d) = border()[0]
    touch(page, *[at(page, a + share * (c - a), b + share * (d - b)) for share in (0, 0.25, 0.5, 0.75, 1)])
    assert len(state(page)["strokes"]) == 1
    assert page.evaluate("scrollY") == 0
    assert answer(page)["regret"] < 0.1


# Links


def linked(page):
    page.get_by_role("button", name="Link to this game").click()
    link = page.evaluate("location.hash")
    assert page.get_by_label("Link to this game").last.input_value().endswith(link)
    return link


def test_a_link_brings_the_points_of_the_generator_to_another_reader(play):
    page = play(f"{GENERATOR}--level-4--seed-8")
    drag(page, middle(state(page)["points"]), (2, 0.5))
    sent, link = state(page), linked(page)
    found = state(play(link))
    assert (found["level"], found["seed"]) == (4, 8)
    assert found["points"] == sent["points"]
    assert found["jsd"] == sent["jsd"]


def test_a_link_brings_the_rounds_of_the_discriminator_to_another_reader(play):
    page = play(f"{DISCRIMINATOR}--level-2--seed-5", reduced_motion="reduce")
    for way in ([(-1, 1), (1, -1)], [(-1, -1), (0, 0.4), (1, 1)]):
        drag(page, *way)
        answer(page)
        if len(state(page)["rounds"]) < 2:
            page.get_by_role("button", name="Let the generator move").click()
    sent = state(page)
    found = state(play(linked(page)))
    assert found["rounds"] == sent["rounds"]
    assert found["points"] == sent["points"]
    assert found["answered"]


def test_no_link_and_no_order_of_clicks_breaks_the_page(play):
    page = play(reduced_motion="reduce")
    monkey = random.Random(5)
    act = """(which) => {
      const all = [...document.querySelectorAll('.explorable-duel :is(button, select, input)')]
        .filter((e) => !e.disabled && e.checkVisibility());
      const e = all[which % all.length];
      if (e.tagName === 'BUTTON' || e.type === 'checkbox') e.click();
      else if (e.tagName === 'SELECT') e.selectedIndex = which % e.options.length;
      else if (e.type !== 'text') e.value = ['', '-3', '1e9', '7.6'][which % 4];
      e.dispatchEvent(new Event('input'));
      e.dispatchEvent(new Event('change'));
    }"""
    for i, link in enumerate(links(60)):
        page.evaluate("(link) => { location.hash = link; }", link)
        page.evaluate(act, monkey.randrange(1000))
        if i % 3 == 0:
            drag(page, *[(monkey.uniform(-3, 3), monkey.uniform(-3, 3)) for _ in range(3)])
            page.evaluate(act, monkey.randrange(1000))
        seen = state(page)
        assert 0 <= seen["seed"] <= 9999
        assert all(math.isfinite(x) for point in seen["points"] for x in point)
    page.evaluate("(link) => { location.hash = link; }", f"{GENERATOR}--level-1")
    wait(page, "s.jsd > 0.69")


def test_a_link_that_cannot_be_read_is_told(play):
    page = play("#play7--level-2")
    assert state(page)["notice"] == "The link could not be read: here is a new game."
    page.get_by_role("button", name="Be the discriminator").click()
    assert state(page)["notice"] == ""


# Circumstances


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out_of_either_game(scheme, play, axe):
    page = play(color_scheme=scheme)
    wait(page, "s.steps === 120")
    assert axe(page) == []
    page.get_by_role("button", name="Be the discriminator").click()
    assert axe(page) == []
    drag(page, *border()[0])
    answer(page)
    assert axe(page) == []


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_both_games_fit_the_width_of_a_page(width, play):
    page = play(viewport={"width": width, "height": 740})
    for name in ("Be the discriminator", "Be the generator"):
        page.get_by_role("button", name=name).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            "[...document.querySelectorAll('.explorable-duel :is(button, select)')]"
            ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).length"
        )
        assert small == 0


def test_without_javascript_a_sentence_stands_there(visit):
    page = visit(parts.html("duel", {}, fallback="<p>It needs JavaScript.</p>"), java_script_enabled=False)
    assert page.get_by_text("It needs JavaScript.").is_visible()
