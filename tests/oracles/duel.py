"""The modules of the two games, run in Node, and links to games that are broken on purpose."""

import json
import random
import subprocess

from oracles.scripts import FOLDER, NODE

NAMES = ("levels", "smoothed", "borders", "pushing", "trainer", "links", "plane")


def node(body, value=None):
    """What a body of JavaScript returns that knows the modules of the games as `duel`, and `input`."""
    files = [(FOLDER / "duel" / f"{name}.js").as_uri() for name in NAMES]
    script = f"const files = await Promise.all({json.dumps(files)}.map((file) => import(file)));"
    script += "const duel = Object.assign({}, ...files);"
    script += f"const input = {json.dumps(value)};\nconsole.log(JSON.stringify((() => {{{body}}})()));"
    ran = subprocess.run([NODE, "--input-type=module", "-"], input=script, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


def links(count):
    """Broken links of all kinds, seeded."""
    letters = random.Random(13)
    alphabet = "play1--_-.e+0123456789abcdefxyz%#{}<>\"'/\\é∞ \n"
    names = ["as", "level", "seed", "points", "round", "__proto__", "toString", "who"]
    words = ["generator", "discriminator", "1", "2", "9", "0", "-1", "1e999", "NaN", "", "null", "30", "999"]
    words += ["00ff" * 20, "00ff" * 19, "7f7f" * 20, "30_00ff80ff", "120_" + "_".join(["00ff80ff"] * 9)]
    words += ["5_" + "80ff" * 24, "5_" + "80ff" * 25, "9" * 400, "30_7f7f7f7f"]
    for _ in range(count):
        yield "play" + "".join(letters.choices(alphabet, k=letters.randrange(60)))
        parts = [f"{letters.choice(names)}-{letters.choice(words)}" for _ in range(letters.randrange(9))]
        yield "--".join(["play1", *parts])
