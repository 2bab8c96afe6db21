"""Points stand out from what lies beside them, on light pages and on dark ones. Truth is WCAG 2.2.

Success criterion 1.4.11 asks for a ratio of three between a mark and what is beside it. The scripts of the
parts draw into a canvas with eight pixels to one of the page, so that mark, edge and ground are seen apart.
"""

import contextlib
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from ganlab import parts, plotting

PACKAGE = Path(parts.__file__).resolve().parents[1]
HOME = "http://parts.test/"
DENSE, SIZE = 8, 260
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8"><title>t</title>
<link rel="icon" href="data:,"><style>{style}</style>
<body><div class="explorable part-lab"><canvas style="width: 260px; height: 260px"></canvas></div>
<script type="module">
  import {{ palette }} from "/page/browser/kit/palette.js";
  import {{ drawPlane }} from "/page/browser/lab/plane.js";
  import {{ paint }} from "/page/browser/player/pictures.js";
  const canvas = document.querySelector("canvas");
  window.draw = (part, said, fake) => {{
    if (part === "film") {{
      const run = {{ extent: 1, resolution: 4, middle: 127, real: [[0, 0]], fakeAt: () => [[0, 0]],
        fieldAt: () => Array(16).fill(255 * said), arrowsAt: () => [] }};
      paint(canvas, run, 0, {{ field: true, real: !fake, fake }});
    }} else {{
      const ctx = canvas.getContext("2d");
      canvas.width = canvas.height = {dense} * {size};
      ctx.setTransform({dense}, 0, 0, {dense}, 0, 0);
      const score = Math.max(-99, Math.min(99, Math.log(said / (1 - said))));
      const here = new Float64Array([0, 0]), none = new Float64Array(0);
      drawPlane(ctx, {size}, {{ frame: {{ field: Array(16).fill(score), fake: fake ? here : none,
        arrows: none, manifold: none, ticks: 1 }}, real: fake ? none : here, extent: 1,
        setup: {{ loss: "minimax" }}, shown: {{ field: true }}, colors: palette(canvas) }});
    }}
    const side = canvas.width, middle = side / 2;
    const image = canvas.getContext("2d").getImageData(middle, middle, middle, 1).data;
    return Array.from({{ length: middle }}, (_, i) => [0, 1, 2].map((k) => image[4 * i + k]));
  }};
</script></body></html>"""


@contextlib.contextmanager
def drawer(browser, theme):
    """A page that draws one mark in its middle, and gives the colours from there to the right."""

    def answer(route):
        path = route.request.url.removeprefix(HOME).split("?")[0]
        if path:
            kind = "application/json" if path.endswith(".json") else "text/javascript"
            route.fulfill(body=(PACKAGE / path).read_text("utf-8"), content_type=kind)
        else:
            sheet = PACKAGE / "page" / "browser" / "kit" / "theme.css"
            page = PAGE.format(theme=theme, style=sheet.read_text("utf-8"), dense=DENSE, size=SIZE)
            route.fulfill(body=page, content_type="text/html")

    with contextlib.closing(browser.new_context(device_scale_factor=DENSE)) as context:
        context.route("**/*", answer)
        tab = context.new_page()
        tab.goto(HOME)
        tab.wait_for_function("window.draw")
        yield lambda *asked: np.array(tab.evaluate("(asked) => draw(...asked)", list(asked)), dtype=float)


def luminance(color):
    part = np.asarray(color) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def stretches(colors):
    """The colours that stay the same for at least half a pixel of the page, in order."""
    change = np.flatnonzero(np.abs(np.diff(colors, axis=0)).max(1) > 2)
    ends = np.concatenate([[0], change + 1, [len(colors)]])
    return [colors[a] for a, b in itertools.pairwise(ends) if b - a >= DENSE / 2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("part", ["lab", "film"])
@pytest.mark.parametrize("fake", [False, True], ids=["real", "generated"])
def test_a_point_stands_out_whatever_the_discriminator_says_there(part, theme, fake, browser):
    with drawer(browser, theme) as draw:
        for said in (0.0, 0.3, 0.7, 1.0):
            mark, beside, *_ = stretches(draw(part, said, fake))
            assert contrast(mark, beside) >= 3, (said, mark, beside)


def test_the_contrast_is_that_of_the_standard():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.005)


def turned(color):
    """What `invert(0.93) hue-rotate(180deg)` makes of a colour, by Filter Effects Module Level 1."""
    inverted = 0.93 - 0.86 * np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    grey = np.array([0.213, 0.715, 0.072])
    return 255 * np.clip(2 * (grey @ inverted) - inverted, 0, 1)  # half a turn about grey


def test_on_a_dark_page_a_player_has_the_colour_that_drawings_show_there():
    sheet = (PACKAGE / "page" / "browser" / "kit" / "theme.css").read_text("utf-8")
    dark = dict(re.findall(r"--(\w+): (#\w{6});", sheet.split("}")[1]))
    for role in ("real", "fake", "discriminator", "other"):
        shown = [int(dark[role][i : i + 2], 16) for i in (1, 3, 5)]
        np.testing.assert_allclose(shown, turned(plotting.COLORS[role]), atol=1)
