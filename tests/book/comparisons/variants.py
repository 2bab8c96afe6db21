"""The comparing sentences of the chapter `variants`."""

from itertools import combinations

from comparisons import COMPARING, Check, claim, largest, less, more, not_shown
from ganlab.experiments.studies import Difference, compare, load, median

RING, GRID, DISTANCE, SHARE = "variants_ring", "variants_grid", "wasserstein_1", "high_quality"
IMAGES, FRECHET = "variants_fashion", "classifier_frechet"
PLAIN, SPECTRAL, PAIRED, CLIPPED = (
    "non-saturating",
    "hinge, spectral norm",
    "pairing, R1+R2",
    "WGAN, clipping",
)
LEVEL_ON_RING = (
    "saturating",
    "least squares",
    "hinge",
    "relativistic average",
    SPECTRAL,
    CLIPPED,
    "WGAN-GP",
)
LEVEL_ON_GRID = (
    "least squares",
    "hinge",
    "relativistic average",
    CLIPPED,
    "WGAN-GP",
    "DRAGAN",
    PAIRED,
)
FARTHER_ON_IMAGES = (
    "least squares",
    "relativistic average",
    SPECTRAL,
    CLIPPED,
    "WGAN-GP",
    "DRAGAN",
    PAIRED,
)
LEVEL = """By the distance $W_1$, on the ring and on the grid no difference from the non-saturating loss
    is shown for seven of the other nine."""
AGAIN = """by $W_1$ on the ring and on the grid seven of nine variants are not told apart from the
    non-saturating loss"""
STRONG = (CLIPPED, "WGAN-GP", "DRAGAN", PAIRED)
WORSE_ON_RING = ("saturating", "hinge", SPECTRAL, CLIPPED, "WGAN-GP", PAIRED)

LATE = (SPECTRAL, CLIPPED, "WGAN-GP", PAIRED)
SETTLED = ("saturating", PLAIN, "least squares", "hinge", "relativistic average", "DRAGAN")


def second_half(row, sign):
    """From half of the turns to all the distance changes with this sign, seed by seed; 0: none is shown."""

    def holds(record):
        ways = [c["along"] for c in record.cells if (c["method"], c["phase"]) == (row, "judging")]
        return Difference(*median([way[2][1] - way[1][1] for way in ways])).sign == sign

    words = frozenset({"nearer"} if sign < 0 else {"no", *COMPARING})
    return Check(holds, words, f"{row}, second half: sign {sign}")


def chosen_again(row):
    """More trials choose what was chosen before."""
    return Check(
        lambda record: record.chosen[row] == record.chosen[f"{row}, as before"], frozenset(), f"{row}: again"
    )


def told_apart(count, measure):
    """So many of all pairs of methods differ by this measure."""

    def holds(record):
        pairs = combinations(record.plan["methods"], 2)
        return sum(compare(record, *pair, measure).sign != 0 for pair in pairs) == count

    return Check(holds, frozenset({"all"}), f"{measure}: {count} pairs told apart")


def orders(one, other):
    """For each pair that is told apart by the distance in both studies 1, and -1 where it turns round."""
    found = {}
    for pair in combinations(load(one).plan["methods"], 2):
        measures = (FRECHET if study == IMAGES else DISTANCE for study in (one, other))
        first, second = (
            compare(load(study), *pair, measure).sign
            for study, measure in zip((one, other), measures, strict=True)
        )
        if first and second:
            found[pair] = first * second
    return found


def turned(one, other, count, of):
    """Of so many pairs that are told apart by the distance in both studies so many turn round."""

    def holds(record):
        ways = list(orders(one, other).values())
        return (ways.count(-1), len(ways)) == (count, of)

    words = frozenset({"all"} if count == of else ())
    return Check(holds, words, f"{one} and {other}: {count} of {of} pairs turn round")


def turned_at_equal_rates(*expected):
    """Of the pairs with equal rates on offer these turn round between the ring and the grid."""

    def holds(record):
        turned = [pair for pair, way in orders(RING, GRID).items() if way < 0]
        equal = {pair for pair in turned if len({name in STRONG for name in pair}) == 1}
        return equal == {*expected}

    return Check(holds, frozenset(), f"turned round at equal rates: {expected}")


def of_each_strength():
    """The methods with a strength are exactly those of this page's group."""

    def holds(record):
        return {name for name, levels in record.plan["methods"].items() if ", " in next(iter(levels))} == {
            *STRONG
        }

    return Check(holds, frozenset({"all"}), "the methods with a strength")


CLAIMS = [
    claim(
        """On the ring the sentence of 2018 is not contradicted for seven of nine variants: no difference
        from the non-saturating loss is shown.""",
        RING,
        *(not_shown(each, PLAIN, DISTANCE) for each in LEVEL_ON_RING),
    ),
    claim(
        "DRAGAN is nearer, with a difference of -0.11, and pairing with R1 and R2 is, with -0.099.",
        RING,
        less("DRAGAN", PLAIN, DISTANCE),
        less(PAIRED, PLAIN, DISTANCE),
    ),
    claim("Between these two no difference is shown.", RING, not_shown("DRAGAN", PAIRED, DISTANCE)),
    *(
        claim(
            "By the distance 19 pairs are told apart on the ring, 18 on the grid and 35 on the images.",
            study,
            told_apart(count, measure),
        )
        for study, count, measure in ((RING, 19, DISTANCE), (GRID, 18, DISTANCE), (IMAGES, 35, FRECHET))
    ),
    claim(
        """By the share of high-quality points six of nine are worse than the non-saturating loss: the
        saturating loss, the hinge with and without spectral normalisation, clipping, WGAN-GP, and pairing
        with R1 and R2""",
        RING,
        *(less(each, PLAIN, SHARE) for each in WORSE_ON_RING),
        *(not_shown(each, PLAIN, SHARE) for each in LEVEL_ON_RING if each not in WORSE_ON_RING),
        not_shown("DRAGAN", PLAIN, SHARE),
    ),
    claim(
        """By the share five of nine are worse than the non-saturating loss: spectral normalisation, which is
        nearer by the distance, and all four variants with a strength.""",
        GRID,
        *(less(each, PLAIN, SHARE) for each in (SPECTRAL, *STRONG)),
        *(not_shown(each, PLAIN, SHARE) for each in LEVEL_ON_GRID if each not in STRONG),
        not_shown("saturating", PLAIN, SHARE),
        less(SPECTRAL, PLAIN, DISTANCE),
        of_each_strength(),
    ),
    claim(
        "On the ring the hinge alone is farther than the hinge with spectral normalisation by the distance.",
        RING,
        more("hinge", SPECTRAL, DISTANCE),
    ),
    claim("On the images it is nearer", IMAGES, less("hinge", SPECTRAL, FRECHET)),
    *(
        claim("by the share it is better on the ring and on the grid.", study, more("hinge", SPECTRAL, SHARE))
        for study in (RING, GRID)
    ),
    claim(
        """On the grid the two variants that were nearer on the ring are not told apart from the
        non-saturating loss.""",
        GRID,
        *(not_shown(each, PLAIN, DISTANCE) for each in ("DRAGAN", PAIRED)),
    ),
    claim(
        "Two others are nearer: the saturating loss, and the hinge with spectral normalisation.",
        GRID,
        *(less(each, PLAIN, DISTANCE) for each in ("saturating", SPECTRAL)),
    ),
    claim(
        "Eight pairs are told apart on the ring as well as on the grid, and all eight turn round.",
        RING,
        turned(RING, GRID, 8, 8),
    ),
    claim(
        """Not alone: two of the eight pairs, the relativistic average against the saturating loss and against
        the hinge, had equal ones.""",
        RING,
        turned_at_equal_rates(("saturating", "relativistic average"), ("hinge", "relativistic average")),
    ),
    claim(
        """Of 14 pairs that are told apart on the ring and on the images all turn round; of 16, on the grid
        and on the images, 2 do.""",
        IMAGES,
        turned(IMAGES, RING, 14, 14),
        turned(IMAGES, GRID, 2, 16),
    ),
    claim(
        """And where two variants are told apart on the ring and on another data set, the order of the two
        turns round.""",
        RING,
        turned(RING, GRID, 8, 8),
        turned(RING, IMAGES, 14, 14),
    ),
    claim(
        """On the ring four variants still come nearer in the second half of their time: spectral
        normalisation, clipping, WGAN-GP, and pairing with R1 and R2.""",
        RING,
        *(second_half(each, -1) for each in LATE),
    ),
    claim(
        "No change in the second half is shown for the other six.",
        RING,
        *(second_half(each, 0) for each in SETTLED),
    ),
    *(
        claim(sentence, study, *(not_shown(each, PLAIN, DISTANCE) for each in level))
        for sentence in (LEVEL, AGAIN)
        for study, level in ((RING, LEVEL_ON_RING), (GRID, LEVEL_ON_GRID))
    ),
    claim(
        "On small pictures, after so few trials, seven of these nine are farther from the data.",
        IMAGES,
        *(more(each, PLAIN, FRECHET) for each in FARTHER_ON_IMAGES),
    ),
    claim(
        "On Fashion-MNIST seven are farther.",
        IMAGES,
        *(more(each, PLAIN, FRECHET) for each in FARTHER_ON_IMAGES),
    ),
    claim(
        "The hinge is not told apart from the non-saturating loss.",
        IMAGES,
        not_shown("hinge", PLAIN, FRECHET),
    ),
    claim(
        "WGAN-GP chose the rate 0.01, and with it is nearer to the data than with 0.003.",
        "variants_weights",
        less("WGAN-GP", "WGAN-GP, as before", DISTANCE),
        Check(lambda record: record.chosen["WGAN-GP"] == "0.01, 1", frozenset(), "the rate is 0.01"),
    ),
    claim(
        "DRAGAN and pairing chose the old trial again.",
        "variants_weights",
        *(chosen_again(each) for each in ("DRAGAN", PAIRED)),
    ),
    claim(
        "The saturating loss is nearer to the data, with a difference of -4.93.",
        IMAGES,
        less("saturating", PLAIN, FRECHET),
    ),
    claim(
        "The other seven are farther",
        IMAGES,
        *(more(each, PLAIN, FRECHET) for each in FARTHER_ON_IMAGES),
    ),
    claim("and clipping, the farthest of all, with +81.5.", IMAGES, largest(CLIPPED, FRECHET)),
]
