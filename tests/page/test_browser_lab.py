"""The browser lab in a real browser, by mouse and by keyboard. Truth is what the page shows and its state.

The page stands alone, as in a notebook: one file with the part inlined, served by the test itself. Every
other request is refused and recorded. Training speed is not judged here: the machine may be busy.
"""

import contextlib
import json
import random

import pytest

from ganlab import parts

HOME = "http://lab.test/"
PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Lab</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body {{ margin: 8px; }}</style></head><body><div id="around">{part}</div></body></html>"""
STATE = "document.querySelector('[data-part=lab]').lab.state()"
OLD = "window.Worker = undefined;"  # a browser without workers
SHUT = """window.Worker = class { postMessage() {} terminate() {}
  constructor() { setTimeout(() => this.onerror(new Event('error'))); } };"""


@contextlib.contextmanager
def visit(browser, fragment="", *, script=None, data=None, **context):
    """A page with the lab, ready; at its end nothing may have been complained of or asked from elsewhere."""
    fallback = "<p>Here a GAN trains in the page, which needs JavaScript.</p>"
    page = PAGE.format(part=parts.html("lab", data or {}, fallback=fallback))
    complaints, foreign = [], []

    def answer(route):
        if route.request.url.split("#")[0] == HOME:
            route.fulfill(body=page, content_type="text/html")
        else:
            foreign.append(route.request.url)
            route.abort()

    with contextlib.closing(
        browser.new_context(**{"viewport": {"width": 1100, "height": 900}} | context)
    ) as c:
        c.route("**/*", answer)
        tab = c.new_page()
        tab.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        if script:
            tab.add_init_script(script)
        tab.goto(HOME + fragment)
        if context.get("java_script_enabled", True):
            tab.wait_for_function(f"{STATE}.ready")
        yield tab
        assert complaints == []
        assert foreign == []


def state(tab):
    return tab.evaluate(STATE)


def wait(tab, condition, seconds=60):
    tab.wait_for_function(f"(() => {{ const s = {STATE}; return {condition}; }})()", timeout=1000 * seconds)


def press(tab, name):
    tab.get_by_role("button", name=name, exact=True).click()


def field(tab, name):
    return tab.locator(f".part-lab [name={name}]")


# Training


def test_the_healthy_preset_finds_all_eight_modes(browser):
    with visit(browser) as tab:
        assert state(tab)["preset"] == "healthy"
        assert state(tab)["status"] == "Ready: ring of eight, non-saturating loss, seed 0."
        press(tab, "Play")
        wait(tab, "s.metrics && s.metrics.modes === 8")
        press(tab, "Pause")
        wait(tab, "s.mode === 'paused' && s.status.includes('paused')")
        now = state(tab)
        assert f"Step {now['step']} of G, {now['criticStep']} of D, paused." in now["status"]
        assert "(2 log 2 is 1.386)" in now["status"]
        assert f"{now['metrics']['modes']} of 8 modes" in now["status"]


def test_by_keyboard_alone_the_collapse_preset_loses_the_modes(browser):
    with visit(browser) as tab:
        focused = "document.activeElement.textContent"
        passed = []
        while "Mode collapse" not in passed:
            tab.keyboard.press("Tab")
            passed.append(tab.evaluate(focused))
        assert passed == ["Play", "Spoil it", "Reset", "Healthy", "Mode collapse"]
        tab.keyboard.press("Enter")
        wait(tab, "s.preset === 'collapse'")
        for _ in range(4):
            tab.keyboard.press("Shift+Tab")
        assert tab.evaluate(focused) == "Play"
        tab.keyboard.press("Enter")
        wait(tab, "s.step >= 400")
        tab.keyboard.press("Space")
        wait(tab, "s.mode === 'paused'")
        assert state(tab)["metrics"]["modes"] <= 2


# Cures: what a first-time reader clicks, and nothing else


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_saturation_is_cured_in_three_clicks(touch, browser):
    size = {"width": 360, "height": 740} if touch else {"width": 1280, "height": 720}
    with visit(browser, viewport=size, has_touch=touch) as tab:
        click = (
            (lambda name: tab.get_by_role("button", name=name, exact=True).tap())
            if touch
            else lambda name: press(tab, name)
        )
        click("Saturation")
        click("Play")
        wait(tab, "s.step >= 100")
        before = state(tab)
        assert before["row"]["g_norm"] < 1e-3
        assert before["metrics"]["modes"] == 0
        click("Cure")
        wait(tab, "s.turned")
        wait(tab, f"s.step > {state(tab)['step'] + 30}")
        assert state(tab)["wanted"]
        wait(tab, f"s.row.g_norm > {100 * before['row']['g_norm']}")
        wait(tab, "s.metrics.modes >= 2", 120)
        assert "expect a push at once" in state(tab)["notice"]


DISTANCE = """() => new Promise((done) => requestAnimationFrame(() => done(
  Math.abs(document.querySelector('[data-part=lab]').lab.state().row.d_loss))))"""


def test_rotation_is_cured_in_three_clicks(browser):
    with visit(browser) as tab:
        press(tab, "Rotation")
        press(tab, "Play")
        wait(tab, "s.step >= 700")  # a turn takes 630
        swing = max(abs(tab.evaluate(DISTANCE)) for _ in range(60))
        press(tab, "Cure")
        cured = state(tab)["step"]
        wait(tab, f"s.step > {cured + 2500}", 120)
        assert state(tab)["turned"]
        calm = max(abs(tab.evaluate(DISTANCE)) for _ in range(60))
        assert calm < swing / 4
        press(tab, "Undo")
        wait(tab, "!s.turned && s.setup.r1 === 0")
        assert state(tab)["preset"] == "rotation"


def test_a_cure_that_needs_another_network_begins_anew_and_plays_on(browser):
    with visit(browser, data={"preset": "weak_critic"}) as tab:
        press(tab, "Play")
        wait(tab, "s.step > 40")
        press(tab, "Cure")
        wait(tab, "s.turned && s.ready && s.step > 0")
        now = state(tab)
        assert (now["turned"], now["wanted"], now["setup"]["d_depth"]) == (True, True, 2)
        assert "begins anew" in now["notice"]


def test_a_link_to_a_preset_that_stops_elsewhere_has_its_cure(browser):
    with visit(browser, "#lab1--r1-0_05--r2-0_05--d_depth-0--steps-77--seed-4") as tab:
        assert state(tab)["preset"] == "weak_critic"
        assert tab.get_by_role("button", name="Critic too weak").get_attribute("aria-pressed") == "true"
        assert tab.get_by_role("button", name="Cure").is_visible()
        field(tab, "d_width").evaluate("(e) => { e.value = 8; e.dispatchEvent(new Event('change')); }")
        wait(tab, "s.preset === 'custom'")
        assert not tab.get_by_role("button", name="Cure").is_visible()


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 720)])
def test_play_cure_and_the_whole_plane_fit_one_screen(width, height, browser):
    with visit(browser, viewport={"width": width, "height": height}) as tab:
        tab.add_style_tag(content="body { font-family: DejaVu Sans; max-width: 688px; }")
        tab.wait_for_timeout(100)
        top = tab.locator(".part-lab").bounding_box()["y"]
        for element in (tab.get_by_role("button", name="Play"), tab.locator(".turn"), tab.locator(".plane")):
            box = element.bounding_box()
            assert box["y"] + box["height"] - top < height - 210  # as much stands above it on its page


def test_each_player_can_be_moved_alone(browser):
    with visit(browser, data={"preset": "rotation"}) as tab:
        counts = []
        for name in ("Step D", "Step D", "Step G", "Step both"):
            press(tab, name)
            before = counts[-1] if counts else [0, 0]
            wait(tab, f"s.criticStep + s.step > {sum(before)}")
            counts.append([state(tab)["criticStep"], state(tab)["step"]])
        assert counts == [[1, 0], [2, 0], [2, 1], [3, 2]]
        assert not state(tab)["wanted"]


def test_in_slow_motion_the_players_take_turns(browser):
    with visit(browser) as tab:
        tab.get_by_label("slow motion").check()
        press(tab, "Play")
        seen = []
        for half in ("D has moved.", "G has moved."):
            tab.get_by_text(half).wait_for()
            seen.append([state(tab)["criticStep"], state(tab)["step"]])
        assert seen == [[1, 0], [1, 1]]


def test_a_run_stops_where_it_was_told_to_and_goes_on_when_asked(browser):
    with visit(browser, "#lab1--steps-20--batch-8--g_width-8--d_width-8") as tab:
        for stop in (20, 40):
            press(tab, "Play")
            wait(tab, f"s.step === {stop} && !s.wanted")
            assert f"Stopped after {stop} steps" in state(tab)["notice"]


def test_a_learning_rate_changes_as_the_game_runs_and_a_width_starts_a_new_one(browser):
    with visit(browser) as tab:
        press(tab, "Play")
        wait(tab, "s.step > 20")
        tab.get_by_text("All settings").click()
        field(tab, "r1").fill("1")
        field(tab, "r1").press("Enter")
        wait(tab, "s.setup.r1 === 1")
        assert state(tab)["step"] > 20
        assert state(tab)["wanted"]
        field(tab, "d_width").fill("8")
        field(tab, "d_width").press("Enter")
        wait(tab, "s.ready && s.step === 0 && !s.wanted")
        assert state(tab)["preset"] == "custom"


def test_a_preset_that_does_not_exist_is_told(browser):
    with visit(browser, data={"preset": "constructor"}) as tab:
        assert state(tab)["notice"] == "There is no preset constructor; the standard set-up is shown."


@pytest.mark.parametrize("data", ["grid", "swiss_roll", "two_moons", "blob", "drawn"])
def test_every_data_set_trains_and_is_drawn(data, browser):
    with visit(browser, f"#lab1--data-{data}--batch-8--g_width-8--d_width-8--steps-100") as tab:
        press(tab, "Play")
        wait(tab, "s.step === 100 && s.status.includes('paused')")
        total = {"grid": 25, "drawn": 1}.get(data)
        found = state(tab)["metrics"]
        assert (found and found["total"]) == total
        assert ("modes" in state(tab)["status"]) == (total is not None)


def test_a_loss_that_explodes_is_told_and_survived(browser):
    with visit(
        browser, "#lab1--loss-wasserstein--g_rate-1--d_rate-1--g_optimizer-sgd--d_optimizer-sgd"
    ) as tab:
        press(tab, "Play")
        wait(tab, "s.notice.startsWith('Stopped: step')")
        press(tab, "Reset")
        wait(tab, "s.ready && s.step === 0")


# Links and files


def test_a_link_brings_the_same_set_up_to_another_reader(browser):
    with visit(browser) as tab:
        field(tab, "loss").select_option("hinge")
        field(tab, "data").select_option("grid")
        field(tab, "seed").fill("17")
        tab.get_by_text("All settings").click()
        field(tab, "gp").fill("0.25")
        field(tab, "n_critic").fill("3")
        press(tab, "Link to this set-up")
        link, sent = tab.evaluate("location.hash"), state(tab)["setup"]
        assert tab.get_by_label("Link to this set-up").last.input_value() == HOME + link
    with visit(browser, link) as tab:
        assert state(tab)["setup"] == sent
        assert (sent["loss"], sent["seed"], sent["gp"], sent["n_critic"]) == ("hinge", 17, 0.25, 3)


def test_a_link_that_cannot_be_read_is_told(browser):
    with visit(browser, "#lab7--loss-hinge") as tab:
        assert state(tab)["preset"] == "custom" or state(tab)["setup"]["loss"] == "non_saturating"
        assert "newer lab" in state(tab)["notice"]
        tab.evaluate("location.hash = 'lab1--seed-5'")
        wait(tab, "s.setup.seed === 5 && s.notice === ''")


def test_the_run_and_the_picture_can_be_saved(browser, tmp_path):
    with visit(browser, "#lab1--steps-60--batch-16") as tab:
        press(tab, "Play")
        wait(tab, "s.step === 60")
        files = {}
        for kind, name in (("json", "Save run (JSON)"), ("png", "Save picture (PNG)")):
            with tab.expect_download() as download:
                press(tab, name)
            files[kind] = tmp_path / kind
            assert download.value.suggested_filename == f"ganlab-custom-seed0-step60.{kind}"
            download.value.save_as(files[kind])
        run = json.loads(files["json"].read_text(encoding="utf-8"))
        assert (run["format"], run["version"], run["step"]) == ("ganlab-lab", 1, 60)
        assert run["link"] == "lab1--batch-16--steps-60"
        assert run["columns"]["step"] == list(range(1, 61))
        assert len(run["fake"]) == 2 * 250
        assert files["png"].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


# Drawing


def test_data_can_be_drawn_by_pointer_and_by_keyboard(browser):
    with visit(browser) as tab:
        field(tab, "data").select_option("drawn")
        plane = tab.locator("canvas.plane")
        box = plane.bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + box["height"] / 4, steps=4)
        tab.mouse.up()
        points = state(tab)["setup"]["points"]
        assert len(points) == 5
        assert points[0] == pytest.approx([0, 1.4], abs=0.03)
        assert points[-1] == pytest.approx([1.4, 1.4], abs=0.03)
        plane.focus()
        for key in ("ArrowLeft", "ArrowDown", "ArrowDown", "Space"):
            tab.keyboard.press(key)
        assert state(tab)["setup"]["points"][-1] == pytest.approx([1.2, 1.0], abs=0.06)
        tab.keyboard.press("Backspace")
        assert state(tab)["setup"]["points"] == points
        press(tab, "Play")
        wait(tab, "s.metrics && s.metrics.total === 5")
        press(tab, "Clear the points")
        assert state(tab)["setup"]["points"] == []


# Circumstances


def test_the_game_waits_while_it_is_out_of_sight(browser):
    with visit(browser) as tab:
        tab.evaluate("document.body.style.paddingBottom = '5000px'")
        press(tab, "Play")
        wait(tab, "s.step > 5")
        tab.evaluate("scrollTo(0, 5000)")
        wait(tab, "s.held.offscreen && s.mode === 'paused'")
        before = state(tab)["step"]
        tab.wait_for_timeout(300)
        assert state(tab)["step"] == before
        assert "waiting until it is in view" in state(tab)["status"]
        tab.evaluate("scrollTo(0, 0)")
        wait(tab, f"s.step > {before}")


@pytest.mark.parametrize("script", [OLD, SHUT], ids=["no worker", "worker refused"])
def test_without_a_worker_the_page_trains_by_itself_and_says_so(script, browser):
    with visit(browser, script=script) as tab:
        assert state(tab)["notice"].startswith("No worker can be started here")
        press(tab, "Play")
        wait(tab, "s.step > 10")
        press(tab, "Pause")
        wait(tab, "s.mode === 'paused'")


def test_without_javascript_a_sentence_stands_there(browser):
    with visit(browser, java_script_enabled=False) as tab:
        assert tab.get_by_text("which needs JavaScript").is_visible()


def test_a_reader_who_wants_no_motion_gets_two_pictures_a_second(browser):
    count = """(() => { const brush = CanvasRenderingContext2D.prototype, draw = brush.drawImage;
      window.pictures = 0;
      brush.drawImage = function (...a) { window.pictures++; draw.apply(this, a); }; })()"""
    with visit(browser, script=count, reduced_motion="reduce") as tab:
        assert not state(tab)["wanted"]
        press(tab, "Play")
        wait(tab, "s.step > 5")
        before, began = tab.evaluate("[pictures, performance.now()]")
        tab.wait_for_timeout(1000)
        after, ended = tab.evaluate("[pictures, performance.now()]")
        assert after - before <= 2 + 2 * (ended - began) / 1000


def test_a_small_lab_has_what_its_preset_turns_on(browser):
    with visit(browser, "#lab1--seed-9", data={"preset": "collapse", "compact": True}) as tab:
        names = tab.evaluate("[...document.querySelectorAll('.part-lab [name]')].map((e) => e.name)")
        assert names == ["loss", "r1", "g_rate", "d_rate", "seed"]
        assert not tab.get_by_text("All settings").count()
        assert state(tab)["setup"]["seed"] == 0  # a link is for the full lab
        assert state(tab)["preset"] == "collapse"


@pytest.mark.parametrize("compact", [True, False], ids=["compact", "full"])
def test_the_lab_fits_a_phone_in_both_themes(compact, browser):
    with visit(browser, viewport={"width": 360, "height": 740}, data={"compact": compact}) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        for theme in ("light", "dark"):
            tab.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        paper = tab.evaluate(
            "getComputedStyle(document.querySelector('.part-lab')).getPropertyValue('--paper')"
        )
        assert paper.strip() == "#16181c"


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_picture_stays_where_it_is_as_the_game_runs(width, browser):
    place = "document.querySelector('.part-lab .plane').getBoundingClientRect().top + scrollY"
    with visit(browser, viewport={"width": width, "height": 740}) as tab:
        tab.add_style_tag(content="body { font-family: DejaVu Sans; }")
        before = tab.evaluate(place)
        press(tab, "Play")
        tab.wait_for_function("document.querySelector('.part-lab .count').textContent.includes('modes')")
        assert tab.evaluate(place) == before


@pytest.mark.parametrize("width", [360, 1280])
def test_play_and_the_picture_fit_one_screen(width, browser):
    """At the height of a small laptop, less the bar that stays at the top of a page."""
    with visit(browser, viewport={"width": width, "height": 720}) as tab:
        button = tab.get_by_role("button", name="Play", exact=True).bounding_box()
        plane = tab.locator(".part-lab .plane").bounding_box()
        assert plane["y"] + plane["height"] - button["y"] <= 720 - 64


def test_the_lab_on_the_whole_screen_keeps_its_ground(browser):
    with visit(browser, color_scheme="light") as tab:
        tab.evaluate("document.querySelector('.part-lab').requestFullscreen()")
        tab.wait_for_function("document.fullscreenElement !== null")
        ground = tab.evaluate("getComputedStyle(document.querySelector('.part-lab')).backgroundColor")
        assert ground == "rgb(255, 255, 255)"


def test_a_lab_of_no_width_and_a_lab_that_is_taken_away_do_no_harm(browser):
    with visit(browser) as tab:
        press(tab, "Play")
        tab.evaluate("document.getElementById('around').style.width = '0'")
        tab.wait_for_timeout(100)
        tab.evaluate("document.getElementById('around').style.width = ''")
        tab.evaluate("document.querySelector('[data-part=lab]').lab.destroy()")
        tab.wait_for_timeout(100)
        assert tab.locator(".part-lab").count() == 0


def test_every_control_has_a_name_and_can_be_reached(browser):
    with visit(browser) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        nameless = tab.evaluate(
            "[...document.querySelectorAll('.part-lab :is(button, input, select, canvas)')].filter((e) => "
            "!(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label')) || e.tabIndex < 0 "
            "&& e.tagName !== 'CANVAS').map((e) => e.outerHTML)"
        )
        assert nameless == []


VALUES = ("", "0", "-1", "3.7", "1e-9", "99999999", "1e30", "0.01", "5")


def test_no_order_of_clicks_and_numbers_breaks_the_lab(browser):
    """A seeded monkey: any field, any value, any button, any link; each field stays within its range."""
    monkey = random.Random(11)
    act = """([kind, which, value]) => {
      const lab = document.querySelector('.part-lab');
      const pick = (list) => list[which % list.length];
      const buttons = [...lab.querySelectorAll('button')].filter((b) => !/Save/.test(b.textContent));
      if (kind === 'button') pick(buttons).click();
      else if (kind === 'link') location.hash = value;
      else {
        const input = pick([...lab.querySelectorAll('input[name], select')]);
        if (input.tagName === 'SELECT') input.selectedIndex = which % input.options.length;
        else input.value = value;
        input.dispatchEvent(new Event('change'));
      }
    }"""
    links = [
        "lab1--seed-3",
        "lab1--batch-1e9",
        "lab2",
        "lab1--loss-x",
        "elsewhere",
        "lab1--g_depth-0--d_depth-4",
    ]
    with visit(browser) as tab:
        for _ in range(120):
            kind = monkey.choice(["button", "field", "field", "link"])
            value = monkey.choice(links if kind == "link" else VALUES)
            tab.evaluate(act, [kind, monkey.randrange(100), value])
        tab.evaluate("location.hash = 'lab1--batch-8'")
        wait(tab, "s.setup.batch === 8 && s.ready")
        press(tab, "Reset")
        wait(tab, "s.ready && s.step === 0")
        press(tab, "Step both")
        wait(tab, "s.step === 1")
        setup = state(tab)["setup"]
        assert all(value is not None for value in setup.values())
