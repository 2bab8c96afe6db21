"""A site of the book as a browser meets it: built, served and visited."""

import contextlib
import functools
import http.server
import itertools
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import axe_playwright_python
import minimax
import nbformat
import notebooks
import yaml
from bs4 import BeautifulSoup

from oracles.pages import ROOT

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1440, "height": 900}
WIDTH = "[document.documentElement.scrollWidth, window.innerWidth]"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FOLD = re.compile(rb'<details class="admonition hide.*?</details>', re.DOTALL)
LOOK = """async ([exclude, dark]) => {
  await new Promise((turn) => requestAnimationFrame(() => requestAnimationFrame(turn)));
  const fading = document.getAnimations().filter(({ effect, playState }) =>
    playState === "running" && effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(fading.map(({ finished }) => finished));  // a colour half way is no colour
  const rules = dark ? { runOnly: { type: "rule", values: ["color-contrast"] } } : {};
  const found = await axe.run({ exclude }, { resultTypes: ["violations"], ...rules });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html]));
}"""


def build(source, output):
    jupyter_book = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", jupyter_book, "build", source, "--path-output", output]
    run = subprocess.run([*command, "-W", "-n", "--keep-going"], capture_output=True, text=True)
    return run.returncode, re.sub(r"\x1b\[[\d;]*m", "", run.stdout + run.stderr)


def small_book(folder, pages, *, url=minimax.PLACEHOLDER):
    """A book with the configuration of the real one and other pages, {name: Markdown or notebook}."""
    (folder / "book").mkdir(parents=True)
    for shared in ("_ext", "static", "references.bib"):
        (folder / "book" / shared).symlink_to(ROOT / "book" / shared)
    shutil.copy(ROOT / "_config.yml", folder)
    if notebooks.repository_url(folder) != url:
        notebooks.set_repository(url, folder)
    for name, content in pages.items():
        text = content if isinstance(content, str) else nbformat.writes(content)
        (folder / "book" / f"{name}{'.md' if isinstance(content, str) else '.ipynb'}").write_text(text)
    first, *others = pages
    chapters = [{"file": f"book/{name}"} for name in others]
    toc = {"format": "jb-book", "root": f"book/{first}"} | ({"chapters": chapters} if chapters else {})
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    return folder


def built(folder):
    """The pages of a book that builds without a warning."""
    code, log = build(folder, folder)
    assert code == 0, log
    return folder / "_build" / "html"


@functools.cache
def parsed(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(path):
    """The names in a page to which an address may lead."""
    return {element["id"] for element in parsed(path).find_all(id=True)}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Says nothing, and sends a page whose address ends in `?in_pieces` as a slow network brings it."""

    def log_message(self, *_):
        pass

    def send_error(self, code, *_):
        """The page for what does not exist, as a host of static pages shows it at any address."""
        content = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def copyfile(self, source, outputfile):
        if not self.path.endswith("?in_pieces"):
            super().copyfile(source, outputfile)
            return
        text = source.read()
        step, folds = len(text) // 8 + 1, FOLD.finditer(text)
        opened = {fold.end() for fold in itertools.islice(folds, 3)}  # behind a fold, a cell may go on
        cuts = sorted({*range(step, len(text), step), *opened})
        for start, end in itertools.pairwise([0, *cuts, len(text)]):
            outputfile.write(text[start:end])
            time.sleep(0.2 if end in opened else 0.05)


@contextlib.contextmanager
def served(folder):
    """The address of a folder of pages while it is served."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def left(request):
    """Whether a request ended because its page was left: what comes with the first sign of a reader may."""
    return request.failure == "net::ERR_ABORTED"


@contextlib.contextmanager
def visit(browser, address, **context):
    """A loaded page, with what went wrong on it so far in `page.complaints`."""
    with contextlib.closing(browser.new_context(**context)) as tab:
        page = tab.new_page()
        page.complaints = []
        page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "requestfailed", lambda request: left(request) or page.complaints.append(f"failed: {request.url}")
        )
        page.on("response", lambda r: r.status >= 400 and page.complaints.append(f"{r.status}: {r.url}"))
        page.visited = []
        page.on("request", lambda request: page.visited.append(request.url))
        page.goto(address, wait_until="networkidle")
        page.wait_for_load_state("load")  # on a busy machine it may come after the network is idle
        yield page
