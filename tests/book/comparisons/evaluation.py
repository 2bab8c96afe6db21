"""The comparing sentences of the chapter `evaluation`."""

from comparisons import BAD, GOOD, Check
from comparisons.cells import COUNT, below, in_seeds, read, spans, told

TABLE, MORE = "evaluation#eval-c-matrix-table", "evaluation#eval-c-matrix-more"
READ, BIAS, NORMAL = (f"evaluation#eval-c-{name}" for name in ("matrix-read", "bias-table", "moments"))
RADIUS = "median radius of balls around samples"
GENERATORS = (
    "perfect",
    "light blur",
    "blur",
    "light noise",
    "noise",
    "one class lost",
    "five classes lost",
    "one class left",
    "a tenth copied",
    "all copied",
    "copied, repeated",
)


def words(check, *said):
    """The check, which licenses these words too: the printed line counts just what they say."""
    return check._replace(words=check.words | {*said})


def counts(number, expected, how="worse"):
    """So often, of ten, the number calls these generators worse, or better: {generator: count}."""

    def holds(text):
        below = text.split(f"judged {how}\n")[1].split("judged ")[0]
        row = [read(below, f"{number}  ", place, COUNT) for place in range(len(GENERATORS))]
        return all(row[GENERATORS.index(name)] == (str(k), "10") for name, k in expected.items())

    return Check(holds, frozenset(WORDS), f"{number}, {how}: {expected}")


WORDS = {"all", "none", "never", "each", "both", *GOOD, *BAD}
LOST = ("one class lost", "five classes lost", "one class left")
CLAIMS = [
    told(
        "Precision sees the noise in 10 of 10 and the lost class in 1 of 10.",
        TABLE,
        counts("precision", {"noise": 10, "one class lost": 1}),
    ),
    told(
        "Recall sees the lost class in 10 of 10 and the noise in 1 of 10.",
        TABLE,
        counts("recall", {"noise": 1, "one class lost": 10}),
    ),
    told(
        "recall sees both blurs too, and precision sees the one class that is left in 7 of 10.",
        TABLE,
        counts("recall", {"light blur": 10, "blur": 10}),
        counts("precision", {"one class left": 7}),
    ),
    told(
        """Blurred samples lie close together, so that their balls are small: the median radius is 5.9 to 6.2
        for the blur and 7.5 to 7.8 for perfect samples.""",
        READ,
        spans(5.9, 6.2, f"{RADIUS}, blur"),
        spans(7.5, 7.8, f"{RADIUS}, perfect"),
        below(f"{RADIUS}, light blur", f"{RADIUS}, perfect"),
    ),
    told(
        "**Reverse KL** sees lost classes. In the other eight rows together it is worse in 1 of 80.",
        TABLE,
        counts("reverse KL", dict.fromkeys(LOST, 10)),
        counts("reverse KL", dict.fromkeys(set(GENERATORS) - {*LOST, "copied, repeated"}, 0)),
        counts("reverse KL", {"copied, repeated": 1}),
    ),
    told(
        "**The Fréchet distance** sees blur, lost classes and the stronger noise, in 8 to 10 of 10.",
        TABLE,
        counts("Fréchet", {"light blur": 10, "blur": 10, "noise": 9, "one class lost": 8}),
        counts("Fréchet", {"five classes lost": 10, "one class left": 10}),
    ),
    told(
        """**Coverage** sees all faults but the light noise and the copies that do not repeat, in 9 or 10 of
        10.""",
        TABLE,
        counts("coverage", {"light blur": 9, "blur": 10, "noise": 10} | dict.fromkeys(LOST, 10)),
        counts("coverage", {"copied, repeated": 9, "light noise": 2, "all copied": 0, "a tenth copied": 0}),
    ),
    told(
        "**The light noise** is seen by coverage in 2 of 10, and by none of the others more often.",
        TABLE,
        words(counts("coverage", {"light noise": 2}), "more"),
        *(counts(m, {"light noise": 0}) for m in ("reverse KL", "Fréchet", "precision")),
        *(counts(m, {"light noise": 1}) for m in ("recall", "nearer to known")),
    ),
    told(
        "thirteen call them worse in 1 of 130 verdicts, and better in 6.",
        READ,
        words(in_seeds(1, 130, "all copied, 13 metrics"), "worse"),
        words(in_seeds(6, 130, "all copied, 13 metrics", 1), "better"),
    ),
    told(
        """Compared with the known pictures, as one must where nothing was held out, the copies look better
        in 121 of 130.""",
        READ,
        words(in_seeds(121, 130, "the same, compared with the known pictures", 1), "better", "nothing"),
    ),
    told(
        """At 50 pictures perfect samples are farther from the data by the Fréchet distance than noisy samples
        at 400, in 10 of 10 splits.""",
        BIAS,
        words(in_seeds(10, 10, "perfect at 50 farther than noise at 400"), "farther"),
    ),
    told(
        "A fifth of copies is found in 9 of 10.",
        "evaluation#eval-c-copies",
        in_seeds(9, 10, "0.20 "),
    ),
    told(
        "all four ways are judged worse in 10 of 10 splits.",
        "evaluation#eval-c-resize",
        *(
            words(in_seeds(10, 10, f"{way}  "), "worse")
            for way in ("nearest pixel", "bilinear", "bilinear, antialiased", "bicubic, antialiased")
        ),
    ),
    told(
        """The averages are nearer than fresh pictures in 10 of 10 splits at each of the four sizes, and so is
        the light blur.""",
        "evaluation#eval-c-w1",
        *(
            words(in_seeds(10, 10, f"{size} ", place), "nearer")
            for size in (16, 64, 128, 400)
            for place in (0, 1)
        ),
    ),
    told(
        "In the matrix below it calls the light blur worse, each time.",
        MORE,
        counts("sliced W1", {"light blur": 10}),
    ),
    told(
        "F for precision sees five lost classes in 7 of 10 and the noise in 1.",
        MORE,
        counts("F for precision", {"five classes lost": 7, "noise": 1}),
    ),
    told(
        "**One neighbour and the kernel distance** see one lost class in 4 and 5 of 10.",
        MORE,
        counts("1-neighbour", {"one class lost": 4}),
        counts("kernel", {"one class lost": 5}),
    ),
    told(
        "**The exact $W_1$ of 128** never calls the light blur worse, and calls it better in 3 of 10.",
        MORE,
        counts("W1 of 128", {"light blur": 0}),
        counts("W1 of 128", {"light blur": 3}, "better"),
    ),
    told(
        "Recall and one neighbour see them in 10 of 10 and coverage in 9, but the Fréchet distance in 2.",
        TABLE,
        counts("recall", {"copied, repeated": 10}),
        counts("coverage", {"copied, repeated": 9}),
        counts("Fréchet", {"copied, repeated": 2}),
    ),
    told(
        "The Fréchet distance sees it in 0 of 10 cases.",
        NORMAL,
        in_seeds(0, 10, "Fréchet"),
    ),
    told(
        "Precision, density, coverage and the accuracy of one neighbour see it each time.",
        NORMAL,
        *(words(in_seeds(10, 10, m), "each") for m in ("precision", "density", "coverage", "1-neighbour")),
    ),
]
