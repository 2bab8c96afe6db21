"""The comparing sentences of the chapter `mode_collapse`."""

from comparisons import Check, claim, every, less, middle, more, not_shown, seeds
from comparisons.cells import read, spans, told
from ganlab.experiments.studies import compare, load

W1, SHARE, NONE, CIRCLE = "wasserstein_1", "high_quality", "no cure", "shape without modes"
FOUR = ("cures_ring", "cures_ring_wide", "cures_grid", "cures_grid_wide")
UNCURED = ("spectral norm", "instance noise", "pairing")


def alone(rows, other, measure):
    """Of all methods these alone are shown to have less of the measure than `other`."""

    def holds(record):
        methods = record.plan["methods"]
        return {name for name in methods if compare(record, name, other, measure).sign < 0} == set(rows)

    return Check(holds, frozenset({"only", "nearer"}), f"{measure} of {rows} alone less than of {other}")


def just(count, row, measure, value):
    """In so many seeds the measure is `value`, and in no other."""
    return Check(seeds(count, row, measure, value).holds, frozenset({"only"}), f"{count} seeds of {row}")


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

    return Check(holds, frozenset({"each", "none", "no", "nearer", "both", "help"}), f"{rows} in all four")


def at_each(rows, levels, *, nearer):
    """In each of the four studies, each row at each strength has less of W1 than no cure, or none has."""

    def holds(_):
        signs = {
            compare(load(name), row, NONE, W1, level=level).sign
            for name in FOUR
            for row in rows
            for level in levels
        }
        return signs == {-1} if nearer else -1 not in signs

    words = {"each", "all", "nearer", "helps"} if nearer else {"none", "no", "any", "nearer", "help"}
    return Check(holds, frozenset(words), f"{rows} at {levels} less than {NONE}: {nearer}")


def pushes_agree(row, level, sign, spread=0, most=None):
    """In each of the four studies, the row at this strength has a lower mean cosine than no cure (sign -1).

    Or it is not shown to have one (sign 0). Of its spread of scores the difference has the sign `spread`, and
    its median is less than the share `most` of that without a cure.
    """

    def holds(_):
        for record in map(load, FOUR):
            lower = compare(record, row, NONE, "push_cosine", level=level).sign < 0
            wide = compare(record, row, NONE, "score_sd", level=level).sign
            ratio = middle(record, row, "score_sd", level) / middle(record, NONE, "score_sd")
            if lower != (sign < 0) or (spread and wide != spread) or (most is not None and ratio >= most):
                return False
        return True

    words = {"less", "each"} if sign else {"not", "less", "any"}
    return Check(holds, frozenset(words | ({"more"} if spread > 0 else set())), f"pushes of {row} {level}")


def judged_throughout():
    """In each of the four studies, every level of every method ran on each of the judging seeds."""

    def whole(record):
        plan = record.plan
        wanted = {
            (method, level, seed)
            for method, levels in plan["methods"].items()
            for level in levels
            for seed in plan["judging"]
        }
        cells = [cell for cell in record.cells if cell["phase"] == "judging"]
        return wanted <= {(cell["method"], cell["level"], cell["seed"]) for cell in cells}

    return Check(lambda _: all(whole(load(name)) for name in FOUR), frozenset({"every", "all"}), "all judged")


def few_nearer_than(other, most):
    """In each study at most so many methods have less of W1 than `other`, and no method in all four."""

    def holds(_):
        nearer = []
        for record in map(load, FOUR):
            methods = record.plan["methods"]
            nearer.append({name for name in methods if compare(record, name, other, W1).sign < 0})
        return max(map(len, nearer)) == most and not set.intersection(*nearer)

    return Check(holds, frozenset({"each", "most", "no", "all", "nearer"}), f"at most {most} beat {other}")


def alone_everywhere(row, other, measure):
    """In each of the four studies the row has more of the measure than `other`, and no other row has."""

    def holds(_):
        above = [
            {name for name in record.plan["methods"] if compare(record, name, other, measure).sign > 0}
            for record in map(load, FOUR)
        ]
        return set.intersection(*above) == {row}

    return Check(holds, frozenset({"only", "more", "each"}), f"{measure} of {row} alone above {other}")


def most_level_with(other):
    """In each study, of the methods with less of W1 than no cure, fewer than half have less than `other`."""

    def holds(_):
        for record in map(load, FOUR):
            enders = [m for m in record.plan["methods"] if compare(record, m, NONE, W1).sign < 0]
            if 2 * sum(compare(record, m, other, W1).sign < 0 for m in enders) >= len(enders):
                return False
        return True

    return Check(holds, frozenset({"most", "not", "nearer"}), f"most cures not less than {other}")


def far_from_perfect():
    """Of the cures that the first figure draws, most end within half of the shape's distance from it.

    None ends nearer to the perfect sampler than to the shape.
    """
    drawn = ("D's rate", "D steps", "packs", "R1", "R2", "R1+R2")

    def holds(_):
        near = []
        for record in map(load, FOUR):
            perfect, shape = (middle(record, row, W1) for row in ("perfect sampler", CIRCLE))
            far = [middle(record, row, W1) for row in drawn]
            if min(far) < (perfect + shape) / 2:
                return False
            near += [abs(each - shape) < shape / 2 for each in far]
        return 2 * sum(near) > len(near)

    return Check(holds, frozenset({"most", "none"}), "most near the shape, none near the perfect sampler")


def printed(value, line, place, words=()):
    """The number at this place of the one line that begins so is as told."""
    return Check(
        lambda text: int(read(text, line, place, r"\d+")) == value, frozenset(words), f"{line}: {value}"
    )


CLAIMS = [
    told(
        "Two samples of 1000 from the data are 0.07 to 0.17 apart",
        "mode_collapse#mode-collapse-07",
        spans(0.07, 0.17, "W1 of two samples of the data, nine times"),
    ),
    told(
        """In every run, at 17 or more of the 50 looks, the discriminator is *worse than one that gives every
        sample the same score*, by more than three standard errors.""",
        "mode_collapse#mode-collapse-17",
        printed(17, "looks of 50 at which D is worse than one score for all", 0, ("worse", "more", "every")),
    ),
    told(
        "In runs whose truth is known, about half of the collapsed ones hide behind *cannot tell*.",
        "mode_collapse#mode-collapse-alarms-table",
        printed(50, "collapsed", 7),
    ),
    claim(
        """Most of them are not shown to bring the samples nearer to the data than points spread evenly over
        the ring or the grid.""",
        "cures_ring",
        most_level_with(CIRCLE),
    ),
    claim(
        """A discriminator as fast as the generator, or twice as fast, ends nearer to the data than the game
        without a cure in each of the four settings.""",
        "cures_grid_wide",
        at_each(["D's rate"], ["0.002, 0.002", "0.002, 0.004"], nearer=True),
    ),
    claim(
        "*Packs help too, and so does R1 with a large weight.*",
        "cures_grid_wide",
        everywhere(["packs"], -1),
        at_each(["R1"], ["2", "10"], nearer=True),
    ),
    claim(
        "With the weights 0.1 and 0.5, R1 is not shown to help in any of the four.",
        "cures_grid_wide",
        at_each(["R1"], ["0.1", "0.5"], nearer=False),
    ),
    claim(
        "With the weights 2 and 10 it helps in each.",
        "cures_grid_wide",
        at_each(["R1"], ["2", "10"], nearer=True),
    ),
    claim(
        """With the weight 10, the scores spread less than a fifth as widely as without a cure, in each of the
        four settings, and the pushes agree less.""",
        "cures_grid_wide",
        pushes_agree("R1", "10", -1, spread=-1, most=1 / 5),
    ),
    claim(
        """A discriminator as fast as the generator also has pushes that agree less, but its scores spread
        *more*.""",
        "cures_grid_wide",
        pushes_agree("D's rate", "0.002, 0.002", -1, spread=1),
    ),
    claim(
        "With the weights 0.1 and 0.5 the pushes are not shown to agree less in any setting.",
        "cures_grid_wide",
        pushes_agree("R1", "0.1", 0),
        pushes_agree("R1", "0.5", 0),
    ),
    claim(
        "Most marks lie near the dotted line, and none lies at the dashed one.",
        "cures_ring",
        far_from_perfect(),
    ),
    claim(
        """Only the discriminator's rate is shown to put more samples near a mode than evenly spread points
        have, in each of the four.""",
        "cures_grid_wide",
        alone_everywhere("D's rate", CIRCLE, SHARE),
    ),
    claim(
        "But on the ring with width 64 the weight 2 still leaves one mode, in the median run.",
        "cures_ring",
        Check(lambda record: middle(record, "R1", "modes", "2") == 1, frozenset(), "R1 2: one mode"),
    ),
    claim(
        """At the chosen strengths, in each study at most two cures are shown to be nearer to the data than
        the shape without modes, and no cure in all four.""",
        "cures_ring",
        few_nearer_than(CIRCLE, 2),
    ),
    claim(
        """A tenth of the generator's rate, batch spread and the one-centred penalty are nearer than the run
        without a cure.""",
        "cures_ring",
        *(less(row, NONE, W1) for row in ("G's rate", "batch spread", "one-centred penalty")),
    ),
    claim(
        """But with a tenth of the generator's rate, only one seed of ten captures eight modes, and with the
        one-centred penalty no sample is near any mode.""",
        "cures_ring",
        just(1, "G's rate", "modes", 8),
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
        "Every strength was judged in all four settings (next figure).",
        "cures_grid_wide",
        judged_throughout(),
    ),
    claim(
        """With the weights 0.1 and 0.5, R1, R2 and the two together are shown to be nearer to the data than
        no cure in none of the four.""",
        "cures_grid_wide",
        at_each(["R1", "R2", "R1+R2"], ["0.1", "0.5"], nearer=False),
    ),
    claim(
        """With the weight 2, R1 and the two together are nearer in each, and with the weight 10 all three
        are.""",
        "cures_grid_wide",
        at_each(["R1", "R1+R2"], ["2"], nearer=True),
        at_each(["R1", "R2", "R1+R2"], ["10"], nearer=True),
    ),
    claim(
        """On the wide grid, R1 and R2 together with the weight 0.5 capture 25 modes of 25 in three seeds of
        ten, too few to show a difference.""",
        "cures_grid_wide",
        seeds(3, "R1+R2", "modes", 25, level="0.5"),
        not_shown("R1+R2", NONE, W1, level="0.5"),
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
        """At this width R1 and R2 together capture eight modes in all ten seeds with the weight 2, in three
        with the weight 10.""",
        "cures_ring_wide",
        every("R1+R2", "modes", 8, level="2"),
        seeds(3, "R1+R2", "modes", 8, level="10"),
    ),
    claim(
        """Only the pair of rates 0.001 and 0.001 is shown to be nearer to the data than the square without
        modes.""",
        "cures_grid",
        alone(["both rates"], CIRCLE, W1),
        chosen("both rates", "0.001, 0.001"),
    ),
    claim(
        "R1 with the weight 2, which the tuning seeds chose, is farther than this square.",
        "cures_grid",
        chosen("R1", "2"),
        more("R1", CIRCLE, W1),
    ),
    claim(
        "With the weight 10 it is nearer.",
        "cures_grid",
        less("R1", CIRCLE, W1, level="10"),
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
        """In each of the four studies R1, R2, the two together, the zero-centred penalty, packs and
        unrolling end nearer to the data than no cure.""",
        "cures_grid_wide",
        everywhere(["R1", "R2", "R1+R2", "zero-centred penalty", "packs", "unrolling"], -1),
    ),
    claim(
        "So do ten steps of the discriminator, its rate, both rates, and pairing with R1 and R2.",
        "cures_grid_wide",
        everywhere(["D steps", "D's rate", "both rates", "pairing, R1+R2"], -1),
    ),
    claim(
        """Spectral norm, instance noise and pairing alone, at the chosen strengths, are shown to do so in
        none.""",
        "cures_grid_wide",
        everywhere(UNCURED, 0),
    ),
]
