"""The projector of a page: a figure or a part on the whole screen. Truth is what a browser shows."""

import base64
import io
from pathlib import Path

import pytest
from oracles.films import film
from PIL import Image

from ganlab import explorables

STATIC = Path(__file__).parents[2] / "book" / "static"
HEAD = f"<style>{(STATIC / 'minimax.css').read_text('utf-8')}</style>"
SCRIPT = f"<script>{(STATIC / 'projector.js').read_text('utf-8')}</script>"


def figure(name):
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(buffer, "png")
    source = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return f'<figure id="{name}"><img src="{source}" alt="A {name}."><figcaption><p>{name}</p></figure>'


@pytest.fixture
def page(visit):
    part = explorables.player(film(frames=4)).html()
    body = f'<div class="bd-article"><p>Text.</p>{figure("one")}<p>More.</p>{part}{figure("two")}</div>'
    return visit(body + SCRIPT, HEAD, viewport={"width": 1280, "height": 720})


def shown(page):
    return page.evaluate(
        "[...document.querySelectorAll('dialog[open] > *')].map((e) => e.dataset.part ?? e.id)"
    )


def test_a_click_shows_a_figure_large_and_escape_takes_it_back(page):
    page.hover("#one")
    page.locator("#one").get_by_role("button", name="Full screen").click()
    assert shown(page) == ["one"]
    assert page.locator("#one img").bounding_box()["height"] >= 0.6 * 720
    caption = page.locator("#one figcaption p")
    assert float(caption.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 24
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog').open")
    places = page.evaluate(
        "[...document.querySelector('.bd-article').children].map((e) => e.id || e.tagName)"
    )
    assert places[:4] == ["P", "one", "P", places[3]]
    assert page.evaluate("document.activeElement.closest('figure').id") == "one"


def test_arrows_step_from_figure_to_figure_and_through_a_film(page):
    page.locator("#one .project").focus()
    page.keyboard.press("f")
    assert shown(page) == ["one"]
    page.keyboard.press("ArrowLeft")  # there is none before
    assert shown(page) == ["one"]
    page.keyboard.press("ArrowRight")
    assert shown(page) == ["player"]
    slider = page.get_by_role("slider")
    page.keyboard.press("ArrowRight")
    assert (shown(page), slider.input_value()) == (["player"], "1")
    page.keyboard.press("PageDown")
    assert shown(page) == ["two"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("PageUp")
    assert shown(page) == ["one"]
    page.keyboard.press("f")
    assert shown(page) == []


def test_the_type_of_a_part_is_large_and_it_still_plays(page):
    page.hover("[data-part=player]")
    page.keyboard.press("f")
    assert shown(page) == ["player"]
    size = page.locator(".said").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 20
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('input[type=range]').value === '3'")
    plane, drive = (page.locator(what).first.bounding_box() for what in ("canvas", ".drive"))
    assert plane["y"] + plane["height"] <= 720
    assert drive["y"] >= 0


def test_without_the_pointer_or_the_focus_the_key_does_nothing(page):
    page.mouse.move(5, 5)
    page.keyboard.press("f")
    assert page.locator("dialog").count() == 0


def test_a_tap_shows_a_figure_on_a_phone(visit):
    body = f'<div class="bd-article">{figure("one")}{figure("two")}</div>'
    page = visit(body + SCRIPT, HEAD, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.locator("#one .project").tap()
    assert shown(page) == ["one"]
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 360
    page.locator("#one .project").tap()
    assert shown(page) == []
