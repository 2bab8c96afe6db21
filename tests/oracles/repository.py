"""The repository as git would commit it."""

import subprocess
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
