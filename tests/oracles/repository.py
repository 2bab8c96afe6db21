"""The repository as git would commit it."""

import functools
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


TEXT = {".py", ".md", ".ipynb", ".yml", ".toml", ".cff", ".bib", ".js", ".css", ".txt", ""}


VENDORED = "book/static/katex/"


def tracked_files():
    """What git would commit: with it, files not yet added are checked too; without it, every visible file."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )
    except (OSError, subprocess.CalledProcessError):
        listed = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if ".venv" not in p.parts]
    return [ROOT / name for name in sorted(listed) if name and (ROOT / name).is_file()]


def texts():
    own = (p for p in tracked_files() if not p.relative_to(ROOT).as_posix().startswith(VENDORED))
    return {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in own if p.suffix in TEXT}


@functools.cache
def wheel():
    """A folder with the package as its wheel holds it, built from what git would commit and nothing else."""
    folder = Path(_folder().name)
    source, wheels, target = (folder / name for name in ("source", "wheels", "installed"))
    needed = ("ganlab", "pyproject.toml", "README.md", "LICENSE")
    for path in tracked_files():
        relative = path.relative_to(ROOT)
        if relative.parts[0] in needed:
            (source / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source / relative)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, source]
    build = subprocess.run(command, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout[-2000:] + build.stderr[-2000:]
    zipfile.ZipFile(next(wheels.glob("*.whl"))).extractall(target)
    return target


@functools.cache
def _folder():
    return tempfile.TemporaryDirectory(prefix="wheel")  # removed when the process ends
