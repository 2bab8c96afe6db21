"""What holds for the scripts of the pages. Truth is CONTRIBUTING.md, and what the linter says of it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ganlab" / "page" / "browser"
TEXTS = {
    path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.rglob("*.*s"))
}
HEX = r"#(?:[0-9a-fA-F]{3,4}){1,2}\b(?!-)"


def files_with(pattern):
    return [name for name, text in TEXTS.items() if re.search(pattern, text)]


def test_elements_are_made_in_one_place():
    assert files_with(r"\bcreateElement(NS)?\(|\binnerHTML\b|\binsertAdjacentHTML\b") == ["kit/elements.js"]


def test_colours_and_what_chooses_them_stand_in_one_style_sheet():
    assert files_with(rf"{HEX}|\b(?:rgba?|hsla?|oklch|color-mix)\(") == ["kit/theme.css"]
    assert files_with(r"data-theme=|data-jp-theme-light=|:not\(\[(?:data-)?theme") == ["kit/theme.css"]


def test_a_dark_system_shows_the_colours_of_a_dark_page():
    blocks = re.findall(r"\{([^{}]*)\}", TEXTS["kit/theme.css"])
    light, dark, system = (dict(re.findall(r"--(\w+): ([^;]+);", block)) for block in blocks)
    assert system.items() <= dark.items()
    assert dark.keys() <= light.keys()
    assert dark.keys() - system.keys() == {
        "right",
        "wrong",
    }  # of the quiz, which stands on the page's own paper


def test_losses_are_known_in_one_place():
    names = "|".join(
        re.findall(r"^  (\w+): (?:separate|relative)\(", TEXTS["training/losses.js"], re.MULTILINE)
    )
    known = {
        name: text.split("export const PRESETS")[0] for name, text in TEXTS.items()
    }  # presets choose one
    assert [name for name, text in known.items() if re.search(rf"(?<![\w-])(?:{names})(?![\w-])", text)] == [
        "training/losses.js"
    ]


def test_the_parts_are_the_modules_beside_the_folders():
    mounts = files_with(r"\nexport function mount\(")
    assert mounts == [name for name in TEXTS if "/" not in name]


@pytest.mark.parametrize(("lines", "refused"), [(60, False), (61, True)])
def test_the_linter_refuses_a_function_of_more_than_60_lines(lines, refused, tmp_path):
    shutil.copy(ROOT / ".oxlintrc.json", tmp_path)
    body = "".join(f"  console.log({i});\n" for i in range(lines - 2))
    (tmp_path / "long.js").write_text(f"export function long() {{\n{body}}}\n", encoding="utf-8")
    command = [Path(sys.executable).parent / "oxlint", "long.js"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert bool(run.returncode) == refused, run.stdout
    assert ("max-lines-per-function" in run.stdout) == refused
