// Compiles Python for the interpreter that runs in a page: `node compile.js PYODIDE JOBS`, where JOBS is JSON,
// [{"sources": FOLDER, "archive": FILE}, ...]. An archive holds the bytecode of a folder, without docstrings.

const fs = require("node:fs");

const [, , home, jobs] = process.argv;

const PYTHON = `
import ast, os, zipfile
from importlib import _bootstrap_external as files

def silent(tree):
    "The tree with an empty text for each docstring: some modules add to theirs."
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
                first.value.value = ""
    return tree

def archive(sources, target):
    with zipfile.ZipFile(target, "w") as bundle:
        for folder, folders, names in os.walk(sources):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                inside = os.path.relpath(path, sources)
                with open(path, "rb") as file:
                    code = compile(silent(ast.parse(file.read())), inside, "exec", dont_inherit=True)
                bytecode = files._code_to_hash_pyc(code, bytes(8), False)
                bundle.writestr(zipfile.ZipInfo(inside + "c"), bytecode, zipfile.ZIP_DEFLATED, 9)
`;

async function main() {
  const { loadPyodide } = require(`${home}/pyodide.js`);
  const pyodide = await loadPyodide({ indexURL: home });
  pyodide.runPython(PYTHON);
  pyodide.FS.mkdir("/in");
  for (const { sources, archive } of JSON.parse(jobs)) {
    pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: sources }, "/in");
    pyodide.runPython('archive("/in", "/archive.zip")');
    fs.writeFileSync(archive, pyodide.FS.readFile("/archive.zip"));
    pyodide.FS.unmount("/in");
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
