"""The comparing sentences of the chapter `unpaired`."""

from comparisons import TOTAL, Check, claim, every, less, more, not_shown, seeds
from ganlab.experiments.studies import median

RINGS, NEAR, DIGITS = "translations_36", "translations_20", "translators"
CLOTHES, ALONE = "translators_fashion", "adversarial alone"
PAIR, PAIRS = "cycle, one pair", "cycle, five pairs"


def found(row, among, count=None, *, different=None):
    """The symmetric map of each seed is in `among`, or of `count` seeds; so many different ones occur."""

    def holds(record):
        numbers = [cell["symmetry"] for cell in record.cells if cell["method"] == row]
        inside = sum(number in among for number in numbers)
        known = len({number for number in numbers if number is not None})
        return inside == (len(numbers) if count is None else count) and different in (None, known)

    return Check(holds, frozenset(TOTAL), f"symmetries of {row} in {sorted(among)}, {count or 'all'}")


FLIPS = range(5, 10)

CLAIMS = [
    claim(
        """With the critics alone each of the ten seeds finds a symmetric map. There are six different ones
        among them, and one seed has the true map.""",
        RINGS,
        found("adversarial alone", range(10), different=6),
        found("adversarial alone", {0}, 1),
    ),
    claim(
        """With the cycle each seed has a symmetric map again. There are seven different ones, and no seed
        has the true map.""",
        RINGS,
        found("cycle", range(10), different=7),
        found("cycle", {0}, 0),
    ),
    claim(
        "What the cycle has changed is the cycle error,",
        RINGS,
        less("cycle", "adversarial alone", "cycle_error"),
    ),
    claim(
        "All twenty seeds have found one of the ten orders that a turn or a reflection makes.",
        RINGS,
        found("adversarial alone", range(10)),
        found("cycle", range(10)),
    ),
    claim(
        "With one pair three seeds find the true map, and in the other seven it is a reflection.",
        RINGS,
        found(PAIR, {0}, 3),
        found(PAIR, FLIPS, 7),
    ),
    claim(
        "With five pairs all ten seeds find the true map.",
        RINGS,
        found(PAIRS, {0}),
        every(PAIRS, "right", lambda share: share > 0.99),
    ),
]
CLAIMS += [
    claim(
        "leaves two maps: the true one in three seeds and another turn in seven.",
        RINGS,
        found("move", {0, 4}),
        found("move", {0}, 3),
    ),
    claim(
        """where the truth is the nearest turn, all ten seeds find the true map, with no cycle and with no
        pair.""",
        NEAR,
        found("move", {0})._replace(words=frozenset({*TOTAL, "nearest"})),
    ),
    claim("The cycle alone finds it in one seed of ten.", NEAR, found("cycle", {0}, 1)),
    claim(
        "With the cycle and the cost together all ten seeds find it at 20 degrees.",
        NEAR,
        found("cycle, move", {0}),
    ),
    claim(
        """At 20 degrees the map error is smaller with the cycle than without, 0.0141 against 0.0391 in the
        median.""",
        NEAR,
        less("cycle, move", "move", "map_error"),
    ),
    claim(
        """At 36 degrees four seeds have the true map then, four the other turn, and two a map that is none of
        the ten.""",
        RINGS,
        found("cycle, move", {0}, 4),
        found("cycle, move", {4}, 4),
        found("cycle, move", {None}, 2)._replace(words=frozenset(TOTAL)),
    ),
    claim(
        "Three seeds have the true map and four have another turn, the same one in each",
        RINGS,
        found("cycle, still start", {0}, 3),
        found("cycle, still start", {4}, 4),
    ),
    claim(
        "No reflection occurs. Three seeds end in a map that is none of the ten",
        RINGS,
        found("cycle, still start", FLIPS, 0),
        found("cycle, still start", {None}, 3),
    ),
    claim(
        "for dense translators a difference from no move is not shown.",
        DIGITS,
        not_shown("dense", "no move", "right"),
        not_shown("dense, cycle", "no move", "right"),
    ),
    claim(
        """With convolutions the map error is smaller with the cycle than without, and a few more digits are
        right.""",
        DIGITS,
        less("convolutions, cycle", "convolutions", "map_error"),
        more("convolutions, cycle", "convolutions", "right"),
    ),
    claim(
        """Their cycle error is 2.93 in the median, and their Frechet distance is larger than that of the
        convolutions.""",
        DIGITS,
        *(more(f"dense{cycle}", f"convolutions{cycle}", "classifier_frechet") for cycle in ("", ", cycle")),
    ),
    claim(
        "convolutions found the right digit with the cycle and without.",
        DIGITS,
        *(every(f"convolutions{c}", "right", lambda share: share > 0.97) for c in ("", ", cycle")),
        *(more(f"convolutions{c}", f"dense{c}", "right") for c in ("", ", cycle")),
    ),
]


def near(value):
    """Whether a share is `value` to two decimals, as the cell prints it."""
    return lambda share: f"{share:.2f}" == f"{value:.2f}"


SHARES = ("right", "arrived", "least_right")
CLAIMS += [
    claim(
        "With the cycle 0.991 of the translations are right in the median.",
        CLOTHES,
        Check(
            lambda record: str(median(list(record.values("cycle", "right").values()))).startswith("0.991 "),
            frozenset(),
            "median right of the cycle is printed as 0.991",
        ),
    ),
    claim(
        "In nine of ten seeds the share is 0.94 or above, and in the tenth it is 0.63. There 0.97 arrive:",
        CLOTHES,
        seeds(9, "cycle", "right", lambda share: share > 0.935),
        seeds(1, "cycle", "right", near(0.63)),
        seeds(1, "cycle", "arrived", near(0.97)),
    ),
    claim(
        "In the median more are right than of real images.",
        CLOTHES,
        more("cycle", "real images", "right"),
    ),
    claim(
        "With the cycle the three numbers are larger than with either of the other games.",
        CLOTHES,
        *(more("cycle", other, share) for other in (ALONE, "move") for share in SHARES),
    ),
    claim(
        "Between these two no difference is shown.",
        CLOTHES,
        *(not_shown("move", ALONE, share) for share in SHARES),
    ),
    claim(
        """In eighteen of these twenty runs the share that arrived is 0.80 or below. The two others are of the
        critics alone.""",
        CLOTHES,
        every("move", "arrived", lambda share: share < 0.805),
        seeds(8, ALONE, "arrived", lambda share: share < 0.805),
    ),
    claim(
        "One has 0.93 right. In the other one 0.96 arrive, and 0.04 are right: it makes tops of shoes.",
        CLOTHES,
        Check(
            lambda record: (
                [
                    (f"{right:.2f}", f"{arrived:.2f}")
                    for right, arrived in zip(
                        record.values(ALONE, "right").values(),
                        record.values(ALONE, "arrived").values(),
                        strict=True,
                    )
                    if arrived > 0.805
                ]
                == [("0.04", "0.96"), ("0.93", "0.93")]
            ),
            frozenset(),
            "right and arrived of the two runs that arrived",
        ),
    ),
    claim(
        """nine of ten games with the cycle found the right kinds, and two of twenty without it arrived.""",
        CLOTHES,
        seeds(9, "cycle", "right", lambda share: share > 0.935),
        seeds(2, ALONE, "arrived", lambda share: share > 0.805),
        seeds(0, "move", "arrived", lambda share: share > 0.805),
    ),
]
