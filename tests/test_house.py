"""What holds for the repository as a whole. Truth here is the house style of CONTRIBUTING.md."""

import ast
import doctest
import importlib
import inspect
import io
import itertools
import os
import pkgutil
import re
import subprocess
import sys
import tokenize
import tomllib

import pytest
from oracles.repository import ROOT, texts
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pybtex.database import parse_file

import ganlab

SOURCES = sorted((ROOT / "ganlab").rglob("*.py"))
MODULES = ["ganlab", *sorted(m.name for m in pkgutil.walk_packages(ganlab.__path__, "ganlab."))]
MODULES = [name for name in MODULES if not name.endswith("__main__")]
SCRIPTS = sorted((ROOT / "book").rglob("*.py"))
MOST_LINES_OF_CODE = 350
MOST_LINES_OF_A_FUNCTION = 60


def lines_of_code(path):
    """How many lines hold something else than a docstring or a comment."""
    text = path.read_text(encoding="utf-8")
    alone = {
        tokenize.NEWLINE,
        tokenize.NL,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.COMMENT,
        tokenize.ENCODING,
    }
    code, last = set(), tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        docstring = token.type == tokenize.STRING and last in alone
        if token.type not in alone and not docstring:
            code.update(range(token.start[0], token.end[0] + 1))
        last = token.type if token.type != tokenize.NL else last
    return len(code)


def attribute_docstrings(path):
    """The string literals that stand below module-level assignments, as {name: (line, docstring)}."""
    found, body = {}, ast.parse(path.read_text(encoding="utf-8")).body
    for statement, following in itertools.pairwise(body):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and is_text:
            for target in targets:
                found[getattr(target, "id", "")] = (following.lineno, following.value.value)
    return found


ATTRIBUTES = {path: attribute_docstrings(path) for path in SOURCES}
DESCRIBED_ATTRIBUTES = {name for names in ATTRIBUTES.values() for name in names}
BIBLIOGRAPHY = set(parse_file(ROOT / "book" / "references.bib", "bibtex").entries)


# The package


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_described(name):
    module = importlib.import_module(name)
    assert module.__doc__, name
    bare = []
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        has_its_own = inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value)
        own = name.count(".") == 1 and not public.startswith(
            "__"
        )  # inside a subpackage a symbol speaks for itself
        described = value.__doc__ if has_its_own else not own or public in DESCRIBED_ATTRIBUTES
        bare += [] if described else [public]
    assert not bare, f"{name} leaves without a docstring: {', '.join(bare)}"


def functions(path):
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_docstring_begins_with_what_is_returned_or_done(path):
    found = [f"{node.name}: {ast.get_docstring(node) or ''}" for node in functions(path)]
    found += [f"{name}: {text}" for name, (_, text) in attribute_docstrings(path).items()]
    assert not [text for text in found if re.match(r"\w+: (?:None\b|Returns?\b)", text)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_source_line_names_an_entry_of_the_bibliography(path):
    for line in re.findall(r"^ *Sources?:.*(?:\n +\S.*)*", path.read_text(encoding="utf-8"), re.MULTILINE):
        keys = re.findall(r"[a-z]+\d{4}\w*", " ".join(re.findall(r"\[([^\]]*)\]", line)))
        assert keys, f"{line.strip()!r} has no key in square brackets"
        assert set(keys) <= BIBLIOGRAPHY, f"not in book/references.bib: {set(keys) - BIBLIOGRAPHY}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples_below_assignments_are_true(path):
    dotted = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    examples = {name: text for name, (_, text) in ATTRIBUTES[path].items() if ">>>" in text}
    for name, text in examples.items():
        module = importlib.import_module(dotted)
        test = doctest.DocTestParser().get_doctest(text, dict(vars(module)), name, str(path), 0)
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        report = []
        runner.run(test, out=report.append)
        assert not runner.failures, "".join(report)


def test_the_front_names_modules_that_exist():
    for name in set(ganlab.__all__) - {"__version__", "reproducible"}:
        assert getattr(ganlab, name)


def floors_of_the_contract():
    """By floor, from the lowest: the wings as import-linter holds them, the only account that is enforced."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = [{wing.strip() for wing in layer.split("|")} for layer in layers if layer != "__main__"]
    return dict(enumerate(reversed(named), start=1))


def floors_of_the_docstring():
    found, floor = {}, 0
    for line in ganlab.__doc__.splitlines():
        if match := re.match(r"    (?:floor (\d)|       )  ((?:[a-z]+  ?)+) {2,}\S", line):
            floor = int(match[1] or floor)
            found.setdefault(floor, set()).update(match[2].split())
    return found


def floors_of_a_table(page):
    found, floor = {}, 0
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\| (\d| ) +\| ((?:`[a-z]+`,? ?)+) ?\|", line):
            floor = int(match[1]) if match[1].strip() else floor
            found.setdefault(floor, set()).update(re.findall(r"`([a-z]+)`", match[2]))
    return found


def test_every_account_of_the_floors_is_that_of_the_contract():
    truth = floors_of_the_contract()
    assert len(truth) <= 8
    assert sum(map(len, truth.values())) <= 16
    assert floors_of_the_docstring() == truth
    assert floors_of_a_table("README.md") == truth
    assert floors_of_a_table("book/api/index.md") == truth


def test_importing_the_package_loads_no_heavy_library():
    code = "import ganlab, sys; print(sorted({'torch', 'sympy', 'matplotlib', 'numpy'} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_has_a_subject_and_a_length_that_can_be_read(path):
    assert not re.search(r"^(utils?|helpers?|common|base|misc)$", path.stem)
    assert lines_of_code(path) <= MOST_LINES_OF_CODE


def lines_besides_the_docstring(function):
    text = function.body[0] if ast.get_docstring(function) is not None else None
    told = text.end_lineno - text.lineno + 1 if text else 0
    return function.end_lineno - function.lineno + 1 - told


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_function_can_be_read_at_once(path):
    lengths = {node.name: lines_besides_the_docstring(node) for node in functions(path)}
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FUNCTION}


# Every file


def test_no_test_imports_from_a_test():
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert len(tests) > 100
    taken = re.compile(r"^\s*(?:from|import) (?:\w+\.)*test_\w+", re.MULTILINE)
    assert [path.name for path in tests if taken.search(path.read_text(encoding="utf-8"))] == []


def test_no_file_knows_somebodys_machine():
    place = re.compile(r"(?<![\w.~:/-])/(?:root|home|Users|work|tmp|opt|mnt|private)/\w")
    found = {name: match[0] for name, text in texts().items() if (match := place.search(text))}
    assert not found


def test_no_file_names_a_package_index():
    host = re.compile(
        r"pypi\.(?:org|python)|pythonhosted\.org|npmjs\.(?:org|com)|anaconda\.org|download\.pytorch"
    )
    assert not {name: match[0] for name, text in texts().items() if (match := host.search(text))} or None


def test_the_words_that_the_house_avoids_are_avoided():
    avoided = re.compile(
        r"\b(?:" + "|".join(["sim" + "ply", "obvi" + "ously", "power" + "ful", "TO" + "DO"]) + r")\b"
    )
    assert not {name: match[0] for name, text in texts().items() if (match := avoided.search(text))}


# The environment


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith(("#", "-")))
    return {canonicalize_name(name): version for name, version in pairs}


def test_the_pins_satisfy_what_the_package_asks_for():
    extras = project()["optional-dependencies"]
    for line in [*project()["dependencies"], *(line for lines in extras.values() for line in lines)]:
        requirement = Requirement(line)
        assert pinned()[canonicalize_name(requirement.name)] in requirement.specifier, line


def test_the_package_has_lower_bounds_only():
    for line in project()["dependencies"]:
        assert {bound.operator for bound in Requirement(line).specifier} == {">="}, line


def test_the_pins_install_on_any_machine():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "-e ."
    assert not [name for name in pinned() if name.startswith(("nvidia-", "cuda-", "triton"))]
    assert not [line for line in lines if "/" in line or line.startswith("--")]


# The front page


def readme_blocks():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("block", readme_blocks(), ids=lambda block: block.splitlines()[0])
def test_the_readme_prints_what_it_says(block, tmp_path):
    """What follows `# -> `, behind code or alone, is a line of output; together they are all of it."""
    expected = [line.rstrip() for line in re.findall(r"# -> (.*)", block)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert [line.rstrip() for line in run.stdout.splitlines()] == expected
