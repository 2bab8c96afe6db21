"""The comparing sentences of the chapter `game_dynamics`, and of its quiz."""

import re

from comparisons import BAD, FEWER, GREATER, TOTAL, Check
from comparisons.cells import in_seeds, read, spans, told

RULES, NETWORKS, PREDICTED = (
    f"game_dynamics#dyn-c-{cell}" for cell in ("table-rules2", "net-table", "net-predict")
)
REAL_PART = "largest real part, R1 and R2 less no cure:"
TURNING = "turning, R1 and R2 less no cure:"
BRACKET = r"\[(-?[\d.]+), (-?[\d.]+)\]"


def paired(line, sign):
    """The whole interval of the printed differences lies on that side of zero."""

    def holds(text):
        low, high = map(float, read(text, line, 0, BRACKET))
        return low > 0 if sign > 0 else high < 0

    return Check(holds, frozenset((GREATER if sign > 0 else FEWER) | {"all"}), f"{line} sign {sign}")


def last(text, line):
    """The last number of the one line that begins so."""
    (rest,) = [found for found in text.split("\n") if found.startswith(line)]
    return float(re.findall(r"\d+\.\d+", rest)[-1])


def larger_at_the_end(line, other):
    """The number at the end of one line, the factor at the best step, is above that of the other."""
    return Check(
        lambda text: last(text, line) > last(text, other),
        frozenset(GREATER | BAD | {"best"}),
        f"the last number of {line} above that of {other}",
    )


def says(line, number):
    """The line holds this number, to the printed digit."""
    return Check(
        lambda text: number in next(found for found in text.split("\n") if found.startswith(line)).split(),
        frozenset(TOTAL),
        f"{line}: {number}",
    )


CLAIMS = [
    told(
        "Extragradient needs two, and its best factor is worse.",
        RULES,
        larger_at_the_end("extragradient", "optimism"),
        says("optimism", "0.707"),
    ),
    told(
        "At this step optimism leaves 0.8944 of the distance after each step, extragradient 0.9304.",
        RULES,
        says("optimism", "0.8944"),
        says("extragradient", "0.9304"),
    ),
    told(
        "The paired difference, -0.044 [-0.053, -0.042], has all of its interval below zero.",
        NETWORKS,
        paired(REAL_PART, -1),
        says(REAL_PART, "-0.044"),
    ),
    told(
        "(the paired difference, 0.37 [0.23, 0.44], lies above zero)",
        NETWORKS,
        paired(TURNING, 1),
        says(TURNING, "0.37"),
    ),
    told(
        "They do, in ten seeds of ten of each arm.",
        PREDICTED,
        *(in_seeds(10, 10, arm, place) for arm in ("no cure  ", "R1  ", "R1 and R2  ") for place in (0, 1)),
    ),
    told(
        "In all ten seeds of each arm, steps a tenth shorter bring two close copies of the game together,",
        PREDICTED,
        *(in_seeds(10, 10, arm, 0) for arm in ("no cure  ", "R1  ", "R1 and R2  ")),
    ),
    told(
        "and steps a tenth longer drive them apart",
        PREDICTED,
        *(in_seeds(10, 10, arm, 1) for arm in ("no cure  ", "R1  ", "R1 and R2  ")),
    ),
    told(
        "the simulated distance is 0.999 to 1.001 times the predicted one, in all seeds and arms.",
        PREDICTED,
        spans(0.999, 1.001, "with J taken anew at each place"),
    ),
]
QUIZ = [
    told("R1 and R2 made the largest real part smaller.", NETWORKS, paired(REAL_PART, -1)),
    told(
        "The largest ratio of imaginary part to modulus was larger with them.",
        NETWORKS,
        paired(TURNING, 1),
    ),
]
