"""The comparing sentences of the chapter on the minimax game, which stand on its own cells."""

from comparisons.cells import at_least, below, in_seeds, spans, told

PAGE = "minimax_game#"
MINIMAX, JOINT = "one optimizer, minimax", "one optimizer, non-saturating"
ON_REAL, ON_GENERATED, SUM = range(3)
EARLIER = "from step 50 to step 200 the distance falls in"
LATER = "from step 200 to step 500 the distance falls in"

CLAIMS = [
    told(
        """With the label 0 the mean answer rises in no seed: the generator gives itself away. With the other
        two losses it rises in all ten.""",
        PAGE + "gam-13",
        in_seeds(0, 10, "cross-entropy with label 0"),
        in_seeds(10, 10, "minimax"),
        in_seeds(10, 10, "non-saturating"),
    ),
    told(
        """$D$ answers 0.49 to 0.50 with cleared gradients, and 0.66 to 0.67 with the gradient left over.""",
        PAGE + "gam-31d",
        spans(0.49, 0.50, "none, perfect generator", ON_REAL),
        spans(0.49, 0.50, "none, perfect generator", ON_GENERATED),
        spans(0.66, 0.67, "gradient not cleared", ON_REAL),
        spans(0.66, 0.67, "gradient not cleared", ON_GENERATED),
    ),
    told(
        "$D$ answers 0.97 or more to generated samples.",
        PAGE + "gam-31d",
        spans(0.97, 0.99, MINIMAX, ON_GENERATED),
    ),
    told(
        """the sum ends at 1.39, but the answers give the fault away: 0.99 or more to real samples, about 0.50
        to generated ones.""",
        PAGE + "gam-31d",
        spans(1.39, 1.39, JOINT, SUM),
        spans(0.99, 1.00, JOINT, ON_REAL),
        spans(0.50, 0.51, JOINT, ON_GENERATED),
    ),
    told(
        """From step 50 to step 200, and again to step 500, the distance of the samples falls in all five
        seeds. The generator's loss first rises in all five, then falls in three and rises in two.""",
        PAGE + "gam-40",
        in_seeds(5, 5, EARLIER),
        in_seeds(0, 5, EARLIER, 1),
        in_seeds(5, 5, LATER),
        in_seeds(3, 5, LATER, 1),
    ),
    told(
        """In the first 150 steps the generator's loss *rises* in all ten runs, to 3.2 or more, and the
        discriminator's ends below its baseline in all ten.""",
        PAGE + "gam-43",
        in_seeds(10, 10, "G's loss rises in"),
        at_least(3.2, "G's loss rises in"),
        in_seeds(10, 10, "D's loss ends below its baseline in"),
    ),
    told(
        """In every seed the linear discriminator ends at its baseline or just above, at 1.39 to 1.41,
        because it cannot use a difference in spread. The one with hidden layers sees the difference and
        ends lower, at 1.01 to 1.02.""",
        PAGE + "gam-45",
        spans(1.39, 1.41, "linear"),
        spans(1.01, 1.02, "hidden layers"),
        below("hidden layers", "linear"),
    ),
]
