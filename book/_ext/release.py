"""What a release holds: the site, the notebooks and their checksums in one archive, and the book as a PDF.

`python book/_ext/release.py` writes them into `dist`, from the site that `make book` built. The PDF is the
pages of the site but the reference, printed by a browser in the order of the table of contents. Everything
is complete or not there.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

import ganlab

__all__ = ["BROWSERS", "archive", "checksums", "main", "print_book"]

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PAPER: dict = {
    "format": "A4",
    "margin": dict.fromkeys(("top", "bottom", "left", "right"), "18mm"),
    "print_background": True,
    "display_header_footer": True,
    "header_template": "<div></div>",
    "footer_template": '<div style="font-size: 8px; width: 100%; text-align: center">'
    '<span class="title"></span> · <span class="pageNumber"></span></div>',
    "outline": True,
    "tagged": True,
}


def main(root: Path = ROOT) -> int:
    site = root / "_build" / "html"
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if not (site / "index.html").exists() or browser is None:
        missing = (
            "the site is not built: make book" if browser else f"no browser: none of {', '.join(BROWSERS)}"
        )
        print(f"No release was made: {missing}", file=sys.stderr)
        return 1
    name = f"minimax-game-{ganlab.__version__}"
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
        print_book([site / f"{page}.html" for page in _pages(toc)], folder / f"{name}.pdf", browser)
        files = _files(site, "site") | _files(root / "book", "notebooks", "*.ipynb")
        files |= _files(root / "book" / "solutions", "notebooks/solutions", "*.ipynb")
        (folder / f"{name}.tar.gz").write_bytes(archive(name, files))
        made = sorted([folder / f"{name}.pdf", folder / f"{name}.tar.gz"])
        sums = checksums({path.name: path for path in made})
        target = root / "dist"
        target.mkdir(exist_ok=True)
        for path in made:
            print(shutil.move(path, target / path.name))
        (target / "SHA256SUMS").write_text(sums)
    return 0


def checksums(files: dict[str, Path]) -> str:
    """The lines that `sha256sum --check` reads, for {name: file}."""
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def archive(name: str, files: dict[str, Path]) -> bytes:
    """A tar.gz of the files below the folder `name`, with their SHA256SUMS; always the same bytes."""
    contents = {inside: path.read_bytes() for inside, path in files.items()}
    contents["SHA256SUMS"] = checksums(files).encode()
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for inside, content in sorted(contents.items()):
            member = tarfile.TarInfo(f"{name}/{inside}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def print_book(pages: list[Path], target: Path, browser: str) -> None:
    """Print pages of the site one after the other into a PDF, with an outline of all their sections."""
    from playwright.sync_api import sync_playwright
    from pypdf import PdfWriter

    book = PdfWriter()
    with sync_playwright() as playwright:
        tab = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        tab.set_default_timeout(120_000)
        for page in pages:
            tab.goto(page.as_uri(), wait_until="load")
            tab.evaluate(
                "document.querySelectorAll('details.hide, .sd-dropdown').forEach((d) => { d.open = true; })"
            )
            tab.evaluate("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
            tab.evaluate("Promise.all([...document.images].map((image) => image.decode().catch(() => {})))")
            book.append(io.BytesIO(tab.pdf(**_PAPER)))
        tab.context.browser.close()
    with target.open("wb") as file:
        book.write(file)


def _files(folder: Path, inside: str, pattern: str = "**/*") -> dict[str, Path]:
    found = (path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    return {f"{inside}/{path.relative_to(folder).as_posix()}": path for path in found}


def _pages(entry: dict) -> list[str]:
    """Every page of a table of contents in its order, without the reference of the package."""
    here = [entry[key] for key in ("root", "file") if key in entry]
    below = [item for key in ("parts", "chapters", "sections") for item in entry.get(key, ())]
    found = here + [page for item in below for page in _pages(item)]
    return [page for page in found if not page.startswith("book/api/")]


if __name__ == "__main__":
    sys.exit(main())
