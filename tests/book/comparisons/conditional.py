"""The comparing sentences of the chapter `conditional`."""

from comparisons import about, claim, every, least, less, more, not_shown, seeds

RING, DIGITS, CLOTHES = "conditions_ring", "conditions_digits", "conditions_fashion"
W1, FRECHET, LEAST = "class_wasserstein_1", "class_frechet", "least_class_spread"
GUESSING = ("auxiliary 0.5", "auxiliary 1", "auxiliary 2")

CLAIMS = [
    claim(
        """*Not told* has 0.248 in the median, and perfect samples whose labels are drawn at random have
        0.376.""",
        RING,
        about("not told", "obedience", 0.248, 3),
        about("label ignored", "obedience", 0.376, 3),
    ),
    claim(
        """the twin keeps all twelve modes of classes in eight of ten runs, and three in the other two, which
        obey in about 0.75.""",
        RING,
        seeds(8, "twin", "class_modes", 12)._replace(words=frozenset({"all"})),
        seeds(2, "twin", "class_modes", 3),
        seeds(2, "twin", "obedience", lambda value: round(value, 2) == 0.75),
    ),
    claim(
        "five of ten capture one of the eight modes or none.",
        RING,
        seeds(5, "not told", "modes", lambda value: value <= 1)._replace(words=frozenset({"none"})),
    ),
    claim(
        """By the same distance the embedding is nearer to the data than projection, with a difference of
        -0.0702.""",
        RING,
        less("embedding", "projection", W1),
    ),
    claim(
        """Between concatenation and projection no difference is shown, nor between the twin and
        projection.""",
        RING,
        not_shown("concatenation", "projection", W1),
        not_shown("twin", "projection", W1),
    ),
    claim(
        """**The classifier** is farther from the data than projection at each weight, by 0.823, 0.767 and
        0.733 in the distance in a class.""",
        RING,
        *(more(row, "projection", W1)._replace(words=frozenset({"farther", "each"})) for row in GUESSING),
    ),
    claim(
        "It keeps four of the twelve modes of classes in the median",
        RING,
        *(about(row, "class_modes", 4.0, 0) for row in GUESSING),
    ),
    claim(
        "For projection the whole interval is above the data.",
        RING,
        more("projection", "perfect sampler", "certain"),
    ),
    claim(
        """**By the Frechet distance in a class** no difference between the embedding and projection is
        shown.""",
        DIGITS,
        not_shown("embedding", "projection", FRECHET),
    ),
    claim(
        """The other three that hear of the class are farther than projection: concatenation with +8.85, the
        twin with +21.9, the classifier with +36.9.""",
        DIGITS,
        *(more(row, "projection", FRECHET) for row in ("concatenation", "twin", "auxiliary 1")),
    ),
    claim(
        """**The classifier** obeys about as often as projection, no difference is shown""",
        DIGITS,
        not_shown("auxiliary 1", "projection", "obedience"),
    ),
    claim(
        "Its difference from projection is -0.351.",
        DIGITS,
        less("auxiliary 1", "projection", LEAST),
    ),
    claim(
        "With the twin the least spread is larger than with the classifier, by 0.174.",
        DIGITS,
        more("twin", "auxiliary 1", LEAST)._replace(words=frozenset({"larger", "least"})),
    ),
    *(
        claim(
            "By the distance in a class the two are not told apart, neither on the ring nor here.",
            study,
            not_shown("twin", "auxiliary 1", measure),
        )
        for study, measure in ((RING, W1), (DIGITS, FRECHET))
    ),
    claim(
        """Projection obeys in 0.994, more than real digits do.""",
        DIGITS,
        more("projection", "perfect sampler", "obedience"),
    ),
    claim(
        "Each game chose 0.002, the larger of its two rates.",
        DIGITS,
        *(
            every(row, "obedience", lambda value: 0 <= value <= 1, level="0.002")._replace(
                words=frozenset({"each", "larger"})
            )
            for row in ("not told", "concatenation", "embedding", "projection", "auxiliary 1", "twin")
        ),
    ),
]
CLAIMS += [
    claim(
        """**The classifier obeys more than real clothes do**, in 0.965 against 0.912, and more than
        projection, by 0.078.""",
        CLOTHES,
        more("auxiliary 1", "perfect sampler", "obedience"),
        more("auxiliary 1", "projection", "obedience"),
    ),
    claim(
        "Its classes keep 0.444 of the real spread in the median, against 0.601.",
        CLOTHES,
        less("auxiliary 1", "projection", "class_spread"),
        about("auxiliary 1", "class_spread", 0.444, 3),
        about("projection", "class_spread", 0.601, 3),
    ),
    claim(
        """projection is the nearest of the three: the embedding is farther by 14.8, the classifier by 33.""",
        CLOTHES,
        least("projection", FRECHET),
        more("embedding", "projection", FRECHET),
        more("auxiliary 1", "projection", FRECHET),
    ),
    claim(
        "By the distance that does not look at classes, the classifier and projection are not told apart.",
        CLOTHES,
        not_shown("auxiliary 1", "projection", "classifier_frechet"),
    ),
    *(
        claim(
            """The embedding is farther than projection here, was not told apart from it on the digits, and
            was nearer on the ring.""",
            study,
            check._replace(words=frozenset({"farther", "nearer"})),
        )
        for study, check in (
            (CLOTHES, more("embedding", "projection", FRECHET)),
            (DIGITS, not_shown("embedding", "projection", FRECHET)),
            (RING, less("embedding", "projection", W1)),
        )
    ),
    claim(
        "On the clothes it obeyed more than real ones, and kept less spread than projection.",
        CLOTHES,
        more("auxiliary 1", "perfect sampler", "obedience"),
        less("auxiliary 1", "projection", "class_spread"),
    ),
]
