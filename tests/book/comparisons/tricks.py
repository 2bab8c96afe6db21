"""The comparing sentences of the chapter `tricks`."""

from comparisons import claim, every, less, more, not_shown, seeds

HEALTHY, COLLAPSING, CURES = "tricks_healthy", "tricks_collapsing", "cures_ring"
NONE, NO_CURE, W1, SHARE = "no trick", "no cure", "wasserstein_1", "high_quality"
CIRCLE = "shape without modes"
LABELS = ("real label 0.9", "real label 0.7", "labels 0.9 and 0.1", "labels 0.7 and 0.3")


def nearer(*tricks):
    return [less(trick, NONE, W1) for trick in tricks]


def farther(*tricks):
    return [more(trick, NONE, W1) for trick in tricks]


def level(*tricks):
    return [not_shown(trick, NONE, W1) for trick in tricks]


def both(*tricks):
    return [check._replace(words=check.words | {"both"}) for check in level(*tricks)]


GAMES = HEALTHY, COLLAPSING
CLAIMS = [
    claim(
        "On the healthy game no smoothing of the four is told apart from no trick in $W_1$.",
        HEALTHY,
        *level(*LABELS),
    ),
    claim(
        "The share near a mode is larger with the labels 0.7 and 0.3 on the healthy game, by 0.058.",
        HEALTHY,
        more("labels 0.7 and 0.3", NONE, SHARE),
    ),
    claim(
        "one setting still made it worse.",
        COLLAPSING,
        *farther("betas 0, 0.9"),
    ),
    claim(
        "Ten steps, not in the figure, come nearer, with a median change of -1.75, and capture all eight"
        " modes in nine seeds.",
        CURES,
        less("D steps", NO_CURE, W1, level="10"),
        seeds(9, "D steps", "modes", 8, level="10")._replace(words=frozenset({"all"})),
    ),
    claim(
        "where all ten seeds capture all modes.",
        HEALTHY,
        every(NONE, "modes", 8),
    ),
    claim(
        "five steps end farther than it by 1.2.",
        HEALTHY,
        more("5 D steps", "batch 512", W1),
    ),
    claim(
        "With 0 and 0.999 the share near a mode is less, with a median change of -0.142.",
        HEALTHY,
        less("betas 0, 0.999", NONE, SHARE),
    ),
    claim("Its share near a mode is larger by 0.233.", HEALTHY, more("batch 64", NONE, SHARE)),
    claim(
        "Size 2, which was not run on the healthy game, comes nearer, with a median change of -0.308, and"
        " captures all eight modes in no seed.",
        CURES,
        less("instance noise", NO_CURE, W1, level="2"),
        seeds(0, "instance noise", "modes", 8, level="2")._replace(words=frozenset({"no", "all"})),
    ),
    claim(
        "with noise of size 0.3 it changes by -0.0692, barely told apart;",
        HEALTHY,
        less("noise 0.3", NONE, SHARE),
    ),
    claim(
        "one step ahead with the rate 0.3 comes nearer on the collapsing game, with a median change of"
        " -1.58, and captures all eight modes in no seed.",
        CURES,
        less("unrolling", NO_CURE, W1, level="1 x 0.3"),
        seeds(0, "unrolling", "modes", 8, level="1 x 0.3")._replace(words=frozenset({"no", "all"})),
    ),
    claim(
        "two steps of $D$ have 900 as well, and 7 seeds with all modes.",
        HEALTHY,
        seeds(7, "2 D steps", "modes", 8)._replace(words=frozenset({"all"})),
    ),
    claim(
        "Both unrollings and packs of four end the collapse in eight or nine seeds of ten, and ended farther"
        " from the data on the healthy game.",
        HEALTHY,
        *(
            check._replace(words=check.words | {"both"})
            for check in farther("unrolled 1 x 0.1", "unrolled 5 x 0.1", "packs of 4")
        ),
    ),
    claim(
        "Both unrollings and packs of four end the collapse in eight or nine seeds of ten,",
        CURES,
        *(
            seeds(count, method, "modes", 8, level=level)._replace(words=frozenset({"both"}))
            for method, level, count in (
                ("unrolling", "1 x 0.1", 8),
                ("unrolling", "5 x 0.1", 9),
                ("packs", "4", 9),
            )
        ),
    ),
    claim(
        "Packs of two end it in ten seeds of ten, and are farther from the data than points all around the"
        " circle.",
        CURES,
        seeds(10, "packs", "modes", 8, level="2")._replace(words=frozenset({"all"})),
        more("packs", CIRCLE, W1, level="2"),
    ),
    claim(
        "Both are farther from the data than the circle without modes.",
        CURES,
        *(
            check._replace(words=check.words | {"both"})
            for check in (more("packs", CIRCLE, W1, level=size) for size in ("2", "4"))
        ),
    ),
    claim(
        "Five steps ahead is farther from the data than the circle without modes.",
        CURES,
        more("unrolling", CIRCLE, W1, level="5 x 0.1"),
    ),
    claim(
        "On the collapsing game five steps come nearer to the data, and two are not shown to.",
        CURES,
        less("D steps", NO_CURE, W1, level="5"),
        not_shown("D steps", NO_CURE, W1, level="2"),
    ),
    claim(
        "On the healthy game five steps of $D$ take the samples farther from the data, by 1.62, with"
        " 409 turns.",
        HEALTHY,
        *farther("5 D steps"),
    ),
    claim(
        "A rate of $D$ five times as large takes them farther too.",
        HEALTHY,
        *farther("D's rate x 5"),
    ),
    claim(
        "On the healthy game neither pair with $\\beta_1 = 0$ is told apart from no trick in $W_1$.",
        HEALTHY,
        *level("betas 0, 0.9", "betas 0, 0.999"),
    ),
    claim(
        """the healthy game ends farther from the data, by 0.35, and captures all eight modes in 4 seeds of
        ten.""",
        HEALTHY,
        *farther("betas 0.9, 0.999"),
        seeds(4, "betas 0.9, 0.999", "modes", 8)._replace(words=frozenset({"all"})),
    ),
    claim(
        "On the healthy game the decay 0.99 comes nearer to the data, with a median change of -0.0367.",
        HEALTHY,
        *nearer("average 0.99"),
    ),
    claim(
        "The share of samples near a mode rises by 0.308,",
        HEALTHY,
        more("average 0.99", NONE, SHARE),
    ),
    claim(
        """With 0.999 and 0.9999 the samples of the healthy game are farther, by 0.664 and 1.61, and no
        seed captures all eight modes:""",
        HEALTHY,
        *farther("average 0.999", "average 0.9999"),
        *(seeds(0, row, "modes", 8) for row in ("average 0.999", "average 0.9999")),
        *(seeds(0, row, "modes", 8)._replace(words=frozenset({"no"})) for row in ("average 0.999",)),
    ),
    claim(
        "On the healthy game neither falling rate is told apart from no trick.",
        HEALTHY,
        *level("linear rates", "cosine rates"),
    ),
    claim(
        "On the healthy game a batch of 64 is not told apart from 128 in $W_1$.", HEALTHY, *level("batch 64")
    ),
    claim(
        "A batch of 512 ends farther from the data on the healthy game, by 0.488.",
        HEALTHY,
        *farther("batch 512"),
    ),
    claim(
        """On the collapsing game packs of two and of four come nearer to the data, and capture all eight
        modes in ten and nine seeds of ten.""",
        CURES,
        *(less("packs", NO_CURE, W1, level=size) for size in ("2", "4")),
        *(
            seeds(count, "packs", "modes", 8, level=size)._replace(words=frozenset({"all"}))
            for count, size in ((10, "2"), (9, "4"))
        ),
    ),
    claim(
        "On the healthy game packs of four end farther from the data, by 0.214.",
        HEALTHY,
        *farther("packs of 4"),
    ),
    claim(
        """Packs of two are not told apart in $W_1$, and yet the share of samples near a mode changes by
        -0.196.""",
        HEALTHY,
        *level("packs of 2"),
        less("packs of 2", NONE, SHARE),
    ),
    claim(
        "On the collapsing game the spread comes nearer to the data, with a median change of -0.585,",
        CURES,
        less("batch spread", NO_CURE, W1),
    ),
    claim("On the healthy game it is not told apart from no trick.", HEALTHY, *level("batch spread")),
    claim(
        "On the collapsing game neither 0.3 nor 1 is told apart from no trick.",
        CURES,
        *(not_shown("instance noise", NO_CURE, W1, level=size) for size in ("0.3", "1")),
    ),
    claim(
        "On the healthy game $W_1$ does not tell either size from no trick.",
        HEALTHY,
        *level("noise 0.3", "noise 1"),
    ),
    claim(
        "with noise of size 1 it changes by -0.219, and all eight modes are captured in 6 seeds.",
        HEALTHY,
        less("noise 1", NONE, SHARE),
        seeds(6, "noise 1", "modes", 8)._replace(words=frozenset({"all"})),
    ),
    claim(
        "On the collapsing game both come nearer to the data, with median changes of -2.2 and -1.82,",
        CURES,
        *(
            less("unrolling", NO_CURE, W1, level=size)._replace(words=frozenset({"both", "nearer"}))
            for size in ("1 x 0.1", "5 x 0.1")
        ),
    ),
    claim(
        "On the healthy game both end farther from the data, by 0.419 and 0.76.",
        HEALTHY,
        *(
            check._replace(words=check.words | {"both"})
            for check in farther("unrolled 1 x 0.1", "unrolled 5 x 0.1")
        ),
    ),
    claim(
        "With one step ahead no seed captures all eight modes there.",
        HEALTHY,
        seeds(0, "unrolled 1 x 0.1", "modes", 8)._replace(words=frozenset({"no", "all"})),
    ),
    claim("Nor is any of them on the collapsing game.", COLLAPSING, *level(*LABELS))._replace(
        checks=tuple(check._replace(words=check.words | {"any"}) for check in level(*LABELS))
    ),
    claim(
        """On the collapsing game the pair 0 and 0.9 ends farther from the data, with a bar that barely
        misses zero. The other two pairs are not told apart.""",
        COLLAPSING,
        *farther("betas 0, 0.9"),
        *level("betas 0, 0.999", "betas 0.9, 0.999"),
    ),
    claim(
        """On the collapsing game all three averages come nearer to the data, with median changes of
        -0.613, -0.518 and -0.56, and in no seed is any sample near a mode""",
        COLLAPSING,
        *nearer("average 0.99", "average 0.999", "average 0.9999"),
        *(every(row, "modes", 0) for row in ("average 0.99", "average 0.999", "average 0.9999")),
    ),
    claim("is not shown to help the healthy game,", HEALTHY, *level("betas 0, 0.9")),
    claim("and it harms the collapsing one.", COLLAPSING, *farther("betas 0, 0.9")),
    claim(
        "On the collapsing game neither falling rate is told apart from no trick either, nor are the two"
        " tricks together.",
        COLLAPSING,
        *level("linear rates", "cosine rates", "cosine rates, average 0.99"),
    ),
    claim(
        "the samples are farther by 1.9, and no seed captures all eight modes.",
        HEALTHY,
        *farther("D's rate / 5"),
        seeds(0, "D's rate / 5", "modes", 8)._replace(words=frozenset({"no", "all"})),
    ),
    claim(
        "Half of the generator's rate is not told apart from no trick.",
        HEALTHY,
        *level("G's rate / 2"),
    ),
    claim(
        "Half of the generator's rate is not told apart from no trick.",
        CURES,
        not_shown("both rates", NO_CURE, W1, level="0.001, 0.0002"),
    ),
    claim(
        """On the collapsing game it comes nearer to the data, with a median change of -0.264, and captures
        all eight modes in no seed.""",
        COLLAPSING,
        *nearer("batch 64"),
        seeds(0, "batch 64", "modes", 8)._replace(words=frozenset({"no", "all"})),
    ),
    claim("A batch of 512 is not told apart there.", COLLAPSING, *level("batch 512")),
    *(claim("On both games it is not told apart from no trick.", game, *both("bfloat16")) for game in GAMES),
    claim(
        """On the healthy game, with the weight 0.1, R1 is not told apart from no trick, in every step or
        lazily. Nor are the lazy forms told apart from R1 in every step.""",
        HEALTHY,
        *(
            check._replace(words=check.words | {"every"})
            for check in level("R1", "R1 every 4", "R1 every 16")
        ),
        *(not_shown(row, "R1", W1) for row in ("R1 every 4", "R1 every 16")),
    ),
    claim(
        """On the collapsing game R1 with the weight 10 comes nearer to the data, with a median change of
        -1.97, and captures all eight modes in six seeds.""",
        COLLAPSING,
        *nearer("R1"),
        seeds(6, "R1", "modes", 8)._replace(words=frozenset({"all"})),
    ),
    claim(
        """In every 16th step R1 ends farther from the data than in every step, by 1.61, and captures all
        eight modes in no seed.""",
        COLLAPSING,
        more("R1 every 16", "R1", W1),
        seeds(0, "R1 every 16", "modes", 8)._replace(words=frozenset({"no", "all", "every"})),
    ),
    claim(
        "In every 4th step the bar of the difference just includes zero, with 2 seeds in place of 6.",
        COLLAPSING,
        not_shown("R1 every 4", "R1", W1),
        seeds(2, "R1 every 4", "modes", 8)._replace(words=frozenset({"every"})),
    ),
]
