"""What a release holds: the site, the notebooks and their checksums in one archive, and the book as a PDF.

`python book/_ext/release.py` writes them into `dist`, from the site that `make book` built. The PDF is the
book on one page, printed by the browser that the tests use. Everything is complete or not there.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import ganlab

__all__ = ["BROWSERS", "archive", "checksums", "main", "print_page"]

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FOOT = '<div style="font-size: 8px; width: 100%; text-align: center"><span class="pageNumber"></span></div>'


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
        print_page(_one_page(root, folder).as_uri(), folder / f"{name}.pdf", browser)
        files = _files(site, "site") | _files(root / "book", "notebooks", "*.ipynb")
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


def print_page(address: str, target: Path, browser: str) -> None:
    """Print a page to a PDF with page numbers, an outline, and what is folded on the screen unfolded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        tab = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        tab.set_default_timeout(300_000)
        tab.goto(address, wait_until="load")
        tab.evaluate("document.querySelectorAll('details.hide').forEach((fold) => { fold.open = true; })")
        tab.evaluate("document.fonts.ready.then(() => true)")
        margin = {"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"}
        tab.pdf(
            path=target,
            format="A4",
            margin=margin,
            print_background=True,
            display_header_footer=True,
            header_template="<div></div>",
            footer_template=_FOOT,
            outline=True,
            tagged=True,
        )
        tab.context.browser.close()


def _files(folder: Path, inside: str, pattern: str = "**/*") -> dict[str, Path]:
    found = (path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    return {f"{inside}/{path.relative_to(folder).as_posix()}": path for path in found}


def _one_page(root: Path, output: Path) -> Path:
    """The book built as one long page."""
    jupyter_book = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", jupyter_book, "build", root, "--path-output", output, "-q"]
    subprocess.run([*command, "--builder", "singlehtml"], check=True, stdout=subprocess.DEVNULL)
    return output / "_build" / "singlehtml" / "index.html"


if __name__ == "__main__":
    sys.exit(main())
