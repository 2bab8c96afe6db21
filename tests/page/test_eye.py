"""What a part makes of news that it is in view: a browser may tell of several changes at once.

Truth is what a reader sees: what is on the screen goes on, and what has left it stands still.
"""

import json
from pathlib import Path

import pytest

from ganlab.page import parts

FILM = json.loads((Path(__file__).parents[2] / "book/exhibits/scale.json").read_text("utf-8"))
EXHIBIT = parts.html("exhibit", {"title": "scale", "film": FILM}, fallback="<p>still</p>")
LAB = parts.html("lab", {}, fallback="<p>still</p>")
STUB = """<script>
window.eyes = [];
window.IntersectionObserver = class {
  constructor(told) { eyes.push(told); }
  observe() {}
  disconnect() {}
};
</script>"""
TELL = "(seen) => eyes.forEach((told) => told(seen.map((isIntersecting) => ({ isIntersecting }))))"
MOVING = "document.querySelector('[data-part=exhibit]').exhibit.state().moving"
OFFSCREEN = "document.querySelector('[data-part=lab]').lab.state().held.offscreen"


@pytest.mark.parametrize(
    ("told", "moves"),
    [
        ([[False]], True),
        ([[False, True]], True),
        ([[True], [False]], False),
        ([[False, True], [True, False]], False),
    ],
)
def test_an_exhibit_stops_once_it_was_in_view_and_has_left_it(visit, told, moves):
    page = visit(EXHIBIT, STUB)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(MOVING)
    for news in told:
        page.evaluate(TELL, news)
    assert page.evaluate(MOVING) == moves


@pytest.mark.parametrize("news", [[True], [False], [False, True], [True, False]])
def test_a_lab_goes_on_by_the_last_it_was_told(visit, news):
    page = visit(LAB, STUB)
    page.evaluate(TELL, news)
    assert page.evaluate(OFFSCREEN) != news[-1]
