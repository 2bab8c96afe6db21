"""Two editions for a course: the students' without outputs and solutions, the teacher's with all there is.

`python book/_ext/teach.py [students] [teachers]` writes both, or one, into `dist`, without the reference of
the package. The students' edition keeps every check: the fields below the exercises, the cells that ask for
an answer, and the quizzes. The teacher's has the solutions, a second set of exercises whose answers stand
nowhere else, lesson plans of 50 and of 90 minutes, and slides.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import slides
import yaml

__all__ = ["chapters", "for_students", "lesson_page", "main", "students_sources", "teachers_sources"]

ROOT = Path(__file__).resolve().parents[2]
KEPT = {"quiz", "remove-input"}  # what a page draws by itself: without it a reader would find an empty place
SOLUTIONS = re.compile(r"(?m)(?:^| )The solutions (?:stand on pages|have a page) of their own\.")
PLAN = ("minutes", "what is done", "where it stands")


def chapters(root: Path = ROOT) -> list[Path]:
    """The chapters, in the order of the book: the notebooks that have a page of solutions."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    names = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    found = [root / f"{name}.ipynb" for name in names if (root / f"{name}.ipynb").exists()]
    return [path for path in found if (path.parent / "solutions" / path.name).exists()]


# The students' edition


def for_students(notebook):
    """A copy of a notebook without outputs, but for the quiz and drawings, and without links to solutions."""
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            if not KEPT & set(cell.metadata.get("tags", ())):
                cell.outputs = []
        else:
            cell.source = _without_figures(_without_solutions(cell.source))
    return notebook


def _without_solutions(markdown: str) -> str:
    text = re.sub(r"\n\n\[Solution\]\((?:\.\./)*solutions/[^)]*\)", "", markdown)
    text = re.sub(r"\[([^\]]*)\]\((?:\.\./)*solutions/[^)]*\)", r"\1", text)
    return SOLUTIONS.sub("", text).replace("; solutions are on a page of their own.", ".")


def _without_figures(markdown: str) -> str:
    """A text that names figures without their number, since students have still to draw them."""
    text = re.sub(r"\{(?:num)?ref\}`[\w-]*-fig-[\w-]*`", "the figure", markdown)
    return re.sub(r"\{(?:num)?ref\}`([^`<]+) <[\w-]*-fig-[\w-]*>`", r"\1", text)


def students_sources(root: Path, folder: Path) -> None:
    """Write the sources of the students' edition of the book in `root` into `folder`."""
    _copy(root, folder, leave=("checked", "solutions", "_teach"))
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    toc["parts"] = [part for part in toc["parts"] if part["caption"] != "Solutions"]
    _configure(folder, toc, "The Minimax Game, for students")
    for path in sorted((folder / "book").glob("*.ipynb")):
        nbformat.write(for_students(nbformat.read(path, as_version=4)), path)
    _rewrite(folder, lambda text: _without_figures(_without_solutions(text)))


# The teacher's edition


def teachers_sources(root: Path, folder: Path) -> None:
    """Write the sources of the teacher's edition into `folder`: the book, and a page to teach a chapter."""
    _copy(root, folder, leave=("_teach",))
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages = folder / "book" / "teach"
    pages.mkdir()
    for path in chapters(root):
        (pages / f"{path.stem}.md").write_text(lesson_page(root, path), encoding="utf-8")
    lessons = [{"file": f"book/teach/{path.stem}"} for path in chapters(root)]
    solutions = next(i for i, part in enumerate(toc["parts"]) if part["caption"] == "Solutions")
    toc["parts"].insert(solutions + 1, {"caption": "For teachers", "chapters": lessons})
    _configure(folder, toc, "The Minimax Game, for teachers")


def lesson_page(root: Path, path: Path) -> str:
    """The page in Markdown from which a chapter is taught: plans, the second set of exercises, the slides."""
    plan = yaml.safe_load(
        (root / "book" / "_teach" / "plans" / f"{path.stem}.yml").read_text(encoding="utf-8")
    )
    second = yaml.safe_load(
        (root / "book" / "_teach" / "exercises" / f"{path.stem}.yml").read_text(encoding="utf-8")
    )
    title = nbformat.read(path, as_version=4).cells[0].source.split("\n")[0].removeprefix("# ")
    blocks = [
        f"# Teaching: {title}",
        f"How to teach [{title}](../{path.name}) in 50 or in 90 minutes, and four exercises whose answers "
        f"stand nowhere else. The [solutions](../solutions/{path.name}) of its own exercises have a page. "
        f'<a href="../../../slides/{path.stem}.html">Slides</a> show its figures and equations.',
        f"**Before the class.** {plan['before']}",
    ]
    for minutes, word in ((50, "Fifty"), (90, "Ninety")):
        rows = [[str(cell) for cell in row] for row in plan[minutes]]
        table = ["| " + " | ".join(cells) + " |" for cells in (PLAN, ("---",) * 3, *rows)]
        blocks += [f"## {word} minutes", "\n".join(table)]
    blocks += [f"**What goes wrong in class.** {plan['trouble']}", "## A second set of exercises"]
    for place, exercise in enumerate(second, 1):
        blocks += [f"### {place}. {exercise['title']}", exercise["task"].strip()]
        blocks += [":::{admonition} Answer\n:class: dropdown\n", f"{_answer(exercise)}\n\n:::"]
    return "\n\n".join(blocks) + "\n"


def _answer(exercise: dict) -> str:
    return f"**{exercise['answer']}.** {exercise['solution'].strip()}"


# Both


def _copy(root: Path, folder: Path, leave: tuple[str, ...] = ()) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "api", *leave)
    shutil.copytree(root / "book", folder / "book", ignore=ignored)
    _rewrite(folder, _without_reference)


def _rewrite(folder: Path, change) -> None:
    """Change every page in Markdown that stands in the book itself."""
    for path in sorted((folder / "book").glob("*.md")):
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _without_reference(markdown: str) -> str:
    """A text without links to the pages of the package; their words stay, a bare name as code."""
    text = re.sub(r"\{doc\}`([^`<]+) <api/\w+>`", r"\1", markdown)
    return re.sub(r"\{doc\}`api/(\w+)`", r"`\1`", text)


def _configure(folder: Path, toc: dict, title: str) -> None:
    toc["parts"] = [part for part in toc["parts"] if part["caption"] != "The package"]
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    config = re.sub(r"^title: .*$", f"title: {title}", config, flags=re.M)
    (folder / "_config.yml").write_text(config, encoding="utf-8")
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")


def _build(folder: Path, target: Path) -> None:
    """Build the book in `folder` and move its site to `target`; a warning is an error."""
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", folder]
    subprocess.run([*command, "-W", "-n", "--keep-going", "-q"], check=True)
    shutil.copytree(folder / "_build" / "html", target)


def main(editions: list[str], root: Path = ROOT) -> int:
    """Write the named editions into `dist`, each complete or not at all; 2 where one has another name."""
    if unknown := set(editions) - set(EDITIONS):
        print(f"No edition is called {min(unknown)}: there are {', '.join(EDITIONS)}", file=sys.stderr)
        return 2
    for edition in editions or EDITIONS:
        with tempfile.TemporaryDirectory() as directory:
            made = _made(edition, root, Path(directory))
            target = root / "dist" / edition
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(exist_ok=True)
            print(shutil.move(made, target))
    return 0


def _made(edition: str, root: Path, directory: Path) -> Path:
    """The folder of an edition: its notebooks, its site, and for teachers the slides."""
    folder, made = directory / "sources", directory / edition
    folder.mkdir()
    EDITIONS[edition](root, folder)
    for path in [*folder.glob("book/*.ipynb"), *folder.glob("book/solutions/*.ipynb")]:
        copy = made / "notebooks" / path.relative_to(folder / "book")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    if edition == "teachers":
        (made / "slides").mkdir()
        for number, path in enumerate(chapters(root), 1):
            text = slides.slides(nbformat.read(path, as_version=4), number)
            (made / "slides" / f"{path.stem}.html").write_text(text, encoding="utf-8")
    _build(folder, made / "site")
    return made


EDITIONS = {"students": students_sources, "teachers": teachers_sources}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
