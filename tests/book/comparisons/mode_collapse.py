"""The comparing sentences of the chapter `mode_collapse`."""

from comparisons import Check, claim, every, less, more, not_shown, seeds
from ganlab.experiments.studies import compare, load

W1, SHARE, NONE, CIRCLE = "wasserstein_1", "high_quality", "no cure", "shape without modes"
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


def beats_in_both(rows, other):
    """These methods, None for none, have less of W1 and a larger high-quality share than `other`."""

    def holds(record):
        better = {
            name
            for name in record.plan["methods"]
            if compare(record, name, other, W1).sign < 0 and compare(record, name, other, SHARE).sign > 0
        }
        return better == set(rows or ())

    return Check(
        holds, frozenset({"no", "beat", "both"} if not rows else {"beat", "both"}), f"{rows} in both"
    )


def everywhere(rows, sign):
    """In each of the four studies of cures, each row differs from no cure in this direction; 0: not shown."""

    def holds(_):
        return all(compare(load(name), row, NONE, W1).sign == sign for name in FOUR for row in rows)

    return Check(holds, frozenset({"each", "none", "no", "nearer", "both"}), f"{rows} in all four")


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
        """At the chosen strengths, spectral norm, instance noise and pairing without penalties are not
        shown to be nearer to the data than the run without a cure.""",
        "cures_ring",
        *(not_shown(row, NONE, W1) for row in UNCURED),
    ),
    claim(
        "A tenth of the generator's rate, batch spread and the one-centred penalty are nearer too.",
        "cures_ring",
        *(less(row, NONE, W1) for row in ("G's rate", "batch spread", "one-centred penalty")),
    ),
    claim(
        """Yet with a tenth of the generator's rate, one seed of ten captures eight modes, and with the
        one-centred penalty no sample is near any mode.""",
        "cures_ring",
        seeds(1, "G's rate", "modes", 8),
        chosen("G's rate", "0.0002, 0.0002"),
        every("one-centred penalty", "high_quality", 0),
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
        "The zero-centred penalty has a lower share than the circle.",
        "cures_ring",
        less("zero-centred penalty", CIRCLE, SHARE),
    ),
    claim(
        "The discriminator's rate has a higher one, 0.335, and $W_1$ does not tell it from the circle.",
        "cures_ring",
        more("D's rate", CIRCLE, SHARE),
        not_shown("D's rate", CIRCLE, W1),
    ),
    claim(
        "No cure is shown to beat the circle in both.",
        "cures_ring",
        beats_in_both(None, CIRCLE),
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
        """Ten steps of the discriminator capture eight modes in every seed, and are farther from the data
        than this circle.""",
        "cures_ring_wide",
        every("D steps", "modes", 8),
        chosen("D steps", "10"),
        more("D steps", CIRCLE, W1),
    ),
    claim(
        "So is the step of unrolling, by a hair, with eight modes in two seeds.",
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
        "R1 with the weight 2 is farther than this square.",
        "cures_grid",
        chosen("R1", "2"),
        more("R1", CIRCLE, W1),
    ),
    claim(
        "samples spread evenly over the square capture 25 modes of 25 in five draws of ten.",
        "cures_grid",
        seeds(5, CIRCLE, "modes", 25),
    ),
    claim(
        """The pair of rates and ten steps of the discriminator, and only these, are shown to be nearer
        than the square.""",
        "cures_grid_wide",
        alone(["both rates", "D steps"], CIRCLE, W1),
        chosen("D steps", "10"),
    ),
    claim(
        "Of the cures that help, the discriminator's rate is farther.",
        "cures_grid_wide",
        more("D's rate", CIRCLE, W1),
        less("D's rate", NONE, W1),
    ),
    claim(
        """In each of the four studies R1, R2, the two together, the zero-centred penalty, packs,
        unrolling, ten steps of the discriminator, its rate, both rates, and pairing with R1 and R2 end
        nearer to the data than no cure.""",
        "cures_grid_wide",
        everywhere([*CURED, "both rates"], -1),
    ),
    claim(
        """Spectral norm, instance noise and pairing alone, at the chosen strengths, are shown to do so in
        none.""",
        "cures_grid_wide",
        everywhere(UNCURED, 0),
    ),
    claim(
        """On the ring, noise of size 2, which the tuning seeds did not choose, is nearer than the run
        without a cure.""",
        "cures_ring",
        less("instance noise", NONE, W1, level="2"),
        chosen("instance noise", "1"),
    ),
]
