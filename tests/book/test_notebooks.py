"""What holds for every notebook as a file: how it is executed, and that a stranger's machine can run it."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import nbformat
import notebooks
import pytest
from equations import entries
from nbclient import NotebookClient
from oracles.pages import SOLUTIONS, named

from ganlab import explorables

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = notebooks.in_book()
by_name = named(NOTEBOOKS)
SPOKEN = ("text/plain", "text/latex", "text/markdown")


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


# Scripts of parts


def with_a_part(folder, html):
    """A notebook of one cell that shows `html`, with the facts of its run."""
    path = folder / "page.ipynb"
    output = nbformat.v4.new_output("execute_result", {"text/html": html}, execution_count=1)
    cell = nbformat.v4.new_code_cell("part", outputs=[output], execution_count=1, id="one")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    (folder / "checked").mkdir()
    digest = notebooks.digest(nbformat.read(path, as_version=4))
    record = {"seconds": 7, "digest": digest}
    (folder / "checked" / "page.json").write_text(json.dumps(record))
    return path


def test_a_script_of_yesterday_becomes_that_of_today_and_nothing_else_changes(tmp_path):
    today = explorables.densities((0.0, 1.0), (1.0, 1.0)).html()
    path = with_a_part(
        tmp_path, re.sub(r"(<script type=.module.[^>]*>\n).*?(</script>)", r"\1old\2", today, flags=re.S)
    )
    assert notebooks.renew(path)
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].outputs[0].data["text/html"] == today
    facts = json.loads((tmp_path / "checked" / "page.json").read_text())
    assert facts == {"seconds": 7, "digest": notebooks.digest(notebook)}
    assert not notebooks.renew(path)


def test_outputs_that_are_not_those_of_the_last_run_are_not_renewed(tmp_path):
    path = with_a_part(tmp_path, "<p>no part</p>")
    path.write_text(path.read_text().replace("no part", "by hand"))
    with pytest.raises(ValueError, match="`path` must have the outputs of its last run, got others in "):
        notebooks.renew(path)


# The files


@by_name
def test_the_first_code_cell_installs_the_package_where_there_is_none(path):
    first, *others = code_cells(path)
    assert notebooks.is_colab(first)
    assert not any(map(notebooks.is_colab, others))
    assert first.source == notebooks.colab_cell(notebooks.repository_url())
    assert first.metadata["tags"] == notebooks.COLAB_TAGS


@by_name
def test_every_code_cell_was_executed_in_order(path):
    counts = [cell.execution_count for cell in code_cells(path) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))


@by_name
def test_no_output_is_an_error_or_a_warning_or_an_address(path):
    for cell, output in ((c, o) for c in code_cells(path) for o in c.outputs):
        expected_to_raise = "raises-exception" in cell.metadata.get("tags", ())
        assert output.output_type != "error" or expected_to_raise, cell.source
        assert output.get("name") != "stderr", output.text
        assert not re.search(r"\bat 0x[0-9a-f]{6,}", json.dumps(output)), cell.source


@by_name
def test_what_is_printed_speaks_of_distributions_and_baselines(path):
    """As the glossary does; the package's own docstrings may say law, as `notation` tells."""
    for cell in code_cells(path):
        for output in cell.outputs:
            told = {"text": output.get("text", ""), **output.get("data", {})}
            said = "\n".join(str(text) for kind, text in told.items() if kind in ("text", *SPOKEN))
            assert not re.search(r"\blaws?\b|\bblind\b", said), cell.source


@by_name
def test_the_metadata_is_that_of_the_house(path):
    assert nbformat.read(path, as_version=4).metadata == notebooks.METADATA
    assert len({cell.id for cell in code_cells(path)}) == len(code_cells(path))


@by_name
def test_what_is_said_of_a_run_is_what_the_notebook_holds(path):
    """Where this fails the notebook was changed without a run: `make notebooks` writes both."""
    facts = json.loads((path.parent / "checked" / f"{path.stem}.json").read_text(encoding="utf-8"))
    notebook = nbformat.read(path, as_version=4)
    assert facts["digest"] == notebooks.digest(notebook)
    assert facts["cells"] == sum(bool(cell.outputs) for cell in code_cells(path))
    equations = [] if path in SOLUTIONS else getattr(entries(path.stem), "EQUATIONS", [])
    assert facts["equations"] == len(equations)
    assert date(2026, 1, 1) <= date.fromisoformat(facts["date"]) <= date.today()
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert f"torch=={facts['torch']}\n" in pinned
    assert facts["seconds"] > 0


def test_every_fact_is_of_a_notebook():
    facts = {path.relative_to(ROOT) for path in (ROOT / "book").glob("**/checked/*")}
    assert facts == {path.parent.relative_to(ROOT) / "checked" / f"{path.stem}.json" for path in NOTEBOOKS}


def test_the_fingerprint_sees_code_and_outputs_and_no_prose():
    output = nbformat.v4.new_output("stream", text="1")
    code, prose = (
        nbformat.v4.new_code_cell("print(1)", outputs=[output]),
        nbformat.v4.new_markdown_cell("One."),
    )
    notebook = nbformat.v4.new_notebook(cells=[prose, code])
    before = notebooks.digest(notebook)
    prose.source = "Two."
    assert notebooks.digest(notebook) == before
    output["text"] = "2"
    assert notebooks.digest(notebook) != before


# Executing


def tiny(path, *sources):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T", id="t"), *cells]), path
    )
    return path


def test_executing_twice_gives_the_same_bytes_and_a_colab_cell(tmp_path):
    path = tiny(
        tmp_path / "t.ipynb", "sorted({'b', 'a'})", "print('one'); print('two')", "import os; os.listdir()"
    )
    notebooks.execute(path, "https://github.com/a/b")
    once = path.read_bytes()
    notebooks.execute(path, "https://github.com/a/b")
    assert path.read_bytes() == once
    colab, *others = code_cells(path)
    assert colab.source == notebooks.colab_cell("https://github.com/a/b")
    assert [cell.execution_count for cell in others] == [2, 3, 4]
    assert others[2].outputs[0].data["text/plain"] == "[]"  # it ran in an empty directory


def test_a_notebook_that_fails_is_left_as_it_was(tmp_path):
    path = tiny(tmp_path / "t.ipynb", "1 / 0")
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.execute(path, "https://github.com/a/b")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_in_colab_a_book_without_an_address_says_so_in_one_sentence(capsys):
    """As Colab runs it, where the package is not there; with an address it installs."""
    cell = notebooks.colab_cell(notebooks.PLACEHOLDER)
    assert "%pip" not in cell
    with pytest.raises(SystemExit) as ended:
        exec(cell.replace('find_spec("ganlab")', 'find_spec("no_such_package")'), {})
    assert re.fullmatch(r"[A-Z][^.!?]+\.", str(ended.value))
    assert "no address" in str(ended.value)
    exec(cell, {})
    assert '%pip install -q "ganlab-book @ git+https://github.com/a/b"' in notebooks.colab_cell(
        "https://github.com/a/b"
    )


def test_the_cell_for_colab_is_no_part_of_what_was_run():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    named = [notebooks.prepare(notebook, f"https://github.com/a/{name}") for name in "bc"]
    assert notebooks.digest(named[0]) == notebooks.digest(named[1])


# The address of the repository


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "book" / "solutions").mkdir(parents=True)
    (tmp_path / "_config.yml").write_text(
        "repository:\n  url: https://github.com/OWNER/REPOSITORY  # set me\n"
    )
    (tmp_path / "README.md").write_text("git clone https://github.com/OWNER/REPOSITORY.git\n")
    notebook = notebooks.prepare(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]),
        "https://github.com/OWNER/REPOSITORY",
    )
    for name in ("one", "solutions/two"):
        nbformat.write(notebook, tmp_path / "book" / f"{name}.ipynb")
    return tmp_path


def test_the_address_is_set_in_the_configuration_and_every_notebook(checkout):
    for url in ("https://github.com/you/the-game", "https://github.com/you/the.game_2"):
        touched = notebooks.set_repository(url, checkout)
        assert [path.name for path in touched] == ["_config.yml", "README.md", "one.ipynb", "two.ipynb"]
        assert notebooks.repository_url(checkout) == url
        assert code_cells(checkout / "book" / "one.ipynb")[0].source == notebooks.colab_cell(url)
        assert (checkout / "README.md").read_text() == f"git clone {url}.git\n"


@pytest.mark.parametrize(
    "url",
    ["", "you/name", "https://gitlab.com/you/name", "https://github.com/you", "https://github.com/a/b c"],
)
def test_an_address_that_colab_cannot_open_is_refused_and_nothing_is_written(url, checkout):
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=re.escape("`url` must look like https://github.com/you/name, got")):
        notebooks.set_repository(url, checkout)
    assert {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()} == before


# A stranger's machine. Each notebook runs there once, as `book/conftest.py` has it.


def elsewhere(installed):
    return os.environ | notebooks.ONE_THREAD | {"PYTHONPATH": str(installed)}


def test_the_wheel_is_what_is_imported_elsewhere(installed, tmp_path):
    command = [sys.executable, "-c", "import ganlab; print(ganlab.__file__)"]
    run = subprocess.run(
        command, cwd=tmp_path, env=elsewhere(installed), capture_output=True, text=True, check=True
    )
    assert Path(run.stdout.strip()).is_relative_to(installed)


_PLACE = """
import os
from pathlib import Path
import ganlab, torch
print(list(Path().iterdir()), torch.backends.cpu.get_cpu_capability(), Path(ganlab.__file__).parts[-3])
"""
_DRAWN = """
import matplotlib.pyplot as plt
plt.figure(figsize=(2, 1))
plt.plot([0, {end}])
plt.show()
"""


def test_a_notebook_is_run_on_a_strangers_machine_and_its_figures_are_looked_at(tmp_path):
    cells = [nbformat.v4.new_code_cell(text) for text in (_PLACE, *[_DRAWN.format(end=1)] * 2)]
    made = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(made, kernel_name="python3").execute()
    made.cells[0].outputs[0].text = "[] DEFAULT installed\n"
    made.cells[2].source = _DRAWN.format(end=-1)
    nbformat.write(made, tmp_path / "drawn.ipynb")
    shutil.copy(ROOT / "book" / "conftest.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-c", os.devnull]
    run = subprocess.run(
        [*command, "--rootdir", tmp_path, tmp_path / "drawn.ipynb"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert "1 failed, 2 passed" in run.stdout, run.stdout
    assert "The figure differs from the stored one in over 1 % of its pixels" in run.stdout
