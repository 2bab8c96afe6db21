"""The comparing sentences of the chapter `mode_collapse`."""

from comparisons import Check, claim, every, less, more, not_shown, seeds
from ganlab.experiments.studies import compare, load

W1, NONE, CIRCLE = "wasserstein_1", "no cure", "shape without modes"
CURED = (
    "R1",
    "R2",
    "R1+R2",
    "zero-centred penalty",
    "D's rate",
    "D steps",
    "packs",
    "pairing, R1+R2",
    "unrolling",
)
FOUR = ("cures_ring", "cures_ring_wide", "cures_grid", "cures_grid_wide")
UNCURED = ("spectral norm", "instance noise", "pairing")


def alone(rows, other, measure):
    """Of all methods these alone are shown to have less of the measure than `other`."""

    def holds(record):
        methods = record.plan["methods"]
        return {name for name in methods if compare(record, name, other, measure).sign < 0} == set(rows)

    return Check(holds, frozenset({"only", "nearer"}), f"{measure} of {rows} alone less than of {other}")


def chosen(row, level):
    """The tuning seeds chose this level."""
    return Check(lambda record: record.chosen[row] == level, frozenset(), f"{level} chosen for {row}")


def everywhere(rows, sign):
    """In each of the four studies of cures, each row differs from no cure in this direction; 0: not shown."""

    def holds(_):
        return all(compare(load(name), row, NONE, W1).sign == sign for name in FOUR for row in rows)

    return Check(holds, frozenset({"each", "all", "none", "no", "nearer", "help"}), f"{rows} in all four")


CLAIMS = [
    claim(
        "With the weight 10, R1, R2 and the two together end nearer to the data than the run without a cure.",
        "cures_ring",
        *(less(row, NONE, W1) for row in CURED[:3]),
    ),
    claim(
        "So do the zero-centred penalty, a discriminator of twenty times the rate, and ten of its steps.",
        "cures_ring",
        *(less(row, NONE, W1) for row in CURED[3:6]),
    ),
    claim(
        "So do packs of two, pairing with R1 and R2, and one small step of unrolling.",
        "cures_ring",
        *(less(row, NONE, W1) for row in CURED[6:]),
    ),
    claim(
        """Spectral norm, instance noise and pairing without penalties are not shown to be nearer to the
        data than the run without a cure.""",
        "cures_ring",
        *(not_shown(row, NONE, W1) for row in UNCURED),
    ),
    claim(
        "With a tenth of the generator's rate, one seed of ten captures eight modes.",
        "cures_ring",
        seeds(1, "G's rate", "modes", 8),
    ),
    claim(
        """Packs of two capture eight modes in every seed, and they are farther from the data than the
        circle without modes.""",
        "cures_ring",
        every("packs", "modes", 8),
        more("packs", CIRCLE, W1),
    ),
    claim(
        """At the chosen strengths, only the zero-centred penalty is shown to be nearer to the data than
        this circle.""",
        "cures_ring",
        alone(["zero-centred penalty"], CIRCLE, W1),
    ),
    claim(
        "It captures eight modes in five of the ten seeds.",
        "cures_ring",
        seeds(5, "zero-centred penalty", "modes", 8),
    ),
    claim(
        "the rate 0.002 of the discriminator captures eight modes in every seed",
        "cures_ring",
        every("D's rate", "modes", 8, level="0.002, 0.002"),
    ),
    claim(
        """With the weights 0.1 and 0.5, R1, R2 and the two together are not shown to be nearer to the data
        than the run without a cure.""",
        "cures_ring",
        *(not_shown(row, NONE, W1, level=level) for row in ("R1", "R2", "R1+R2") for level in ("0.1", "0.5")),
    ),
    claim(
        "No weight of the one-centred penalty captures eight modes in any seed.",
        "cures_ring",
        *(
            every("one-centred penalty", "modes", lambda found: found < 8, level=level)
            for level in ("0.1", "0.5", "2", "10")
        ),
    ),
    claim(
        """At this width R1 and R2 together and the zero-centred penalty end nearer to the data than the
        circle without modes.""",
        "cures_ring_wide",
        *(less(row, CIRCLE, W1) for row in ("R1+R2", "zero-centred penalty")),
    ),
    claim(
        """The step of unrolling captures eight modes in two seeds, and is farther from the data than this
        circle.""",
        "cures_ring_wide",
        seeds(2, "unrolling", "modes", 8),
        more("unrolling", CIRCLE, W1),
    ),
    claim(
        """Only the pair of rates 0.001 and 0.001 is shown to be nearer to the data than the square without
        modes.""",
        "cures_grid",
        alone(["both rates"], CIRCLE, W1),
        chosen("both rates", "0.001, 0.001"),
    ),
    claim(
        "R1 alone is farther than this square.",
        "cures_grid",
        more("R1", CIRCLE, W1),
    ),
    claim(
        "samples spread evenly over the square capture 25 modes of 25 in five draws of ten.",
        "cures_grid",
        seeds(5, CIRCLE, "modes", 25),
    ),
    claim(
        """The pair of rates and ten steps of the discriminator, and only these, are shown to be nearer than
        the square.""",
        "cures_grid_wide",
        alone(["both rates", "D steps"], CIRCLE, W1),
        chosen("D steps", "10"),
    ),
    claim(
        "The discriminator's rate alone is farther.",
        "cures_grid_wide",
        more("D's rate", CIRCLE, W1),
    ),
    claim(
        """In each of the four studies R1, R2, the two together, the zero-centred penalty, packs, unrolling,
        ten steps of the discriminator, its rate, and pairing with R1 and R2 end nearer to the data than no
        cure.""",
        "cures_grid_wide",
        everywhere(CURED, -1),
    ),
    claim(
        "Spectral norm, instance noise and pairing alone are shown to do so in none.",
        "cures_grid_wide",
        everywhere(UNCURED, 0),
    ),
    claim(
        "So there are cures that help in all of these settings.",
        "cures_grid_wide",
        everywhere(CURED, -1),
    ),
]
