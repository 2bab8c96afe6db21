"""A part in a browser, on a page of its own."""

import contextlib
from pathlib import Path

import axe_playwright_python
import pytest

DRAWN = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(done));
  setTimeout(done, 10_000);
})"""
"""What a part draws first is there: on a busy machine a page is loaded some time before it is drawn, and
where none is drawn at all the test that needs it says so."""


@pytest.fixture
def visit(browser, tmp_path):
    """A function of HTML that opens it from a file; nothing else may be asked for or complained of."""
    with contextlib.ExitStack() as stack:

        def visit(html, head="", **context):
            address = tmp_path / f"{len(list(tmp_path.iterdir()))}.html"
            start = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>{head}'
            address.write_text(
                f'{start}<meta name="viewport" content="width=device-width"><body>{html}', "utf-8"
            )
            tab = stack.enter_context(contextlib.closing(browser.new_context(**context)))
            page = tab.new_page()
            page.complaints = []
            page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.on("request", lambda r: r.url.startswith("http") and page.complaints.append(r.url))
            page.goto(address.as_uri())
            if context.get("java_script_enabled", True):
                page.evaluate(DRAWN)
            pages.append(page)
            return page

        pages = []
        yield visit
        assert [complaint for page in pages for complaint in page.complaints] == []


LOOK = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html]))"""


@pytest.fixture
def axe():
    """A function of a page that says what axe finds wrong with it."""
    script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

    def look(page):
        page.evaluate(script)
        return page.evaluate(LOOK)

    return look
