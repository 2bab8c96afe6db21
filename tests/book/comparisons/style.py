"""The comparing sentences of the chapter `style`: what is so in how many of its five seeds."""

from comparisons import COMPARING, SUPERLATIVE, TOTAL, Check, claim

STUDY = "styles"
METHODS = ("skips", "skips, mixing", "growing")
WORDS = frozenset({*COMPARING, *TOTAL, *SUPERLATIVE} - {"best", "worst", "better", "worse"})


def cells(record, method):
    return sorted((c for c in record.cells if c["method"] == method), key=lambda c: c["seed"])


def survival(begin, last):
    return lambda cell: cell["survival"][last - 1][begin - 1]


def within(low, high, methods=METHODS, count=None):
    """In each run of these methods, or in so many, the first number is smaller than the second."""

    def holds(record):
        found = [low(c) < high(c) for method in methods for c in cells(record, method)]
        return sum(found) == (len(found) if count is None else count)

    return Check(holds, WORDS, f"one number below another in {count or 'all'} runs of {', '.join(methods)}")


def between(number, low, high, count):
    """In so many seeds the number of one method is smaller than that of another."""

    def holds(record):
        pairs = zip(cells(record, low), cells(record, high), strict=True)
        return sum(number(a) < number(b) for a, b in pairs) == count

    return Check(holds, WORDS, f"{low} below {high} in {count} seeds")


def frechet(cell):
    return cell["classifier_frechet"]


def at(share, column):
    return lambda cell: next(row[column] for row in cell["truncation"] if row[0] == share)


def half(cell):
    return cell["along"][1][1]


def seen(kind):
    """A measure in the space that the synthesis network sees: styles, or latents where nothing maps them."""
    return lambda cell: cell[f"{kind}_{'w' if cell['method'] == 'mapping' else 'z'}"]


BARE, WITH, WITHOUT = "mapping", "mapping", "no mapping"
MIXING = ("skips, mixing",)
CLAIMS = [
    claim(
        """Without the mapping network the path length is smaller in all six seeds, and so is its quotient by
        the squared distance of the ends.""",
        BARE,
        between(seen("path"), WITHOUT, WITH, 6),
        between(seen("detour"), WITHOUT, WITH, 6),
    ),
    claim(
        "The samples are nearer to the data without it, again in all six.",
        BARE,
        between(frechet, WITHOUT, WITH, 6),
    ),
    claim(
        "With it the probe names the class more often, in all six.",
        BARE,
        between(seen("probe"), WITHOUT, WITH, 6),
    ),
    claim(
        "Precision is larger with the network in five of six seeds, and recall is smaller in all six.",
        BARE,
        between(at(1.0, 1), WITHOUT, WITH, 5),
        between(at(1.0, 2), WITH, WITHOUT, 6),
    ),
    claim(
        """In each of the fifteen runs the way through $W$ has a smaller path length than the way through
        $Z$, and the probe names the class more often from $w$ than from $z$.""",
        STUDY,
        within(lambda c: c["path_w"], lambda c: c["path_z"]),
        within(lambda c: c["probe_z"], lambda c: c["probe_w"]),
    ),
    claim(
        "In no run does it make more than two hundredths of the variance of the pixels.",
        STUDY,
        within(lambda c: c["noise_share"], lambda c: 0.02),
    ),
    claim(
        """In each of the fifteen runs layers 1 and 2 keep the class more often than layers 3 to 6 do, which
        are twice as many.""",
        STUDY,
        within(survival(3, 6), survival(1, 2)),
    ),
    claim(
        "With mixing the first four layers keep the class more often than without, in all five seeds.",
        STUDY,
        between(survival(1, 4), "skips", "skips, mixing", 5),
    ),
    claim(
        "In a growing pair it is layers 1 and 2 that keep it more often than in skips, in all five seeds.",
        STUDY,
        between(survival(1, 2), "skips", "growing", 5),
    ),
    claim(
        "recall falls in each of the fifteen runs, and precision rises in fourteen of them.",
        STUDY,
        within(at(0.7, 2), at(1.0, 2)),
        within(at(1.0, 1), at(0.7, 1), METHODS, 14),
    ),
    claim(
        "At a share of 0.7 recall fell in all fifteen runs and precision rose in fourteen.",
        STUDY,
        within(at(0.7, 2), at(1.0, 2)),
        within(at(1.0, 1), at(0.7, 1), METHODS, 14),
    ),
    claim(
        "The two coarsest layers kept the class more often than the four others together.",
        STUDY,
        within(survival(3, 6), survival(1, 2)),
    ),
    claim(
        """precision lies below that of $\\psi = 1$ in three of five, and in one of five of each of the
        other methods.""",
        STUDY,
        within(at(0.3, 1), at(1.0, 1), MIXING, 3),
        *(within(at(0.3, 1), at(1.0, 1), (method,), 1) for method in ("skips", "growing")),
    ),
    claim(
        "it is behind skips in all five seeds:",
        STUDY,
        between(half, "skips", "growing", 5),
    ),
    claim(
        "At the end it is nearer to the data than skips in four seeds of five, and farther in one.",
        STUDY,
        between(frechet, "growing", "skips", 4),
    ),
    claim(
        "Growing is nearer than *skips with mixing* in all five seeds.",
        STUDY,
        between(frechet, "growing", "skips, mixing", 5),
    ),
    claim(
        "With mixing skips are farther from the data in four seeds of five.",
        STUDY,
        between(frechet, "skips", "skips, mixing", 4),
    ),
]
