"""The comparing sentences of the chapter on networks for pictures."""

from comparisons import COMPARING, Check, claim, least, less, more, not_shown, one_way
from comparisons.cells import in_seeds, spans, told, undecided
from ganlab.experiments.studies import Difference, load, median

PAGE = "images#"
AVERAGES = PAGE + "img-c-averages-table"
STUDY, FRECHET, BLURRED = "architectures", "classifier_frechet", "blurred data"
LAST = "the last weights nearer than decay 0.99, taken anew:"
HEART, ABOVE, NEIGHBOUR = "few_images", "known_above", "nearest_known"
BETWEEN = "fewer_images"
MANY, FEW = "30000, no cure", "100, no cure"
CHANGED, PENALISED = "100, DiffAugment", "100, R1+R2"
OURS, DENSE = "fashion_mnist_dcgan", "fashion_mnist"
ZOO, ZOO_FAST = "pytorch-gan-zoo, rate 0.001", "pytorch-gan-zoo, rate 0.003"
TORCHGAN = tuple(f"torchgan, rate {rate}" for rate in ("0.0002", "0.001", "0.003"))
LONG = 1  # of the two averages, the one with the longer memory


def beside(row, other, measure, sign):
    """The measure of a row, less that of another row in the study of few images, seed by seed, has this sign.

    0: no difference is shown.
    """

    def holds(record):
        own, others = record.values(row, measure), load(HEART).values(other, measure)
        return Difference(*median([own[seed] - others[seed] for seed in own])).sign == sign

    words = one_way(measure, sign) if sign else frozenset({"no", "any", *COMPARING})
    return Check(holds, words, f"{measure} of {row} less that of {other}: sign {sign}")


CLAIMS = [
    told(
        "With the statistics of the start both averages are far from the digits, in all ten games.",
        AVERAGES,
        in_seeds(10, 10, "of the start"),
        in_seeds(10, 10, "of the start", LONG),
    ),
    told(
        """With the short memory the other three kinds differ by less than one in every game, in no constant
        direction.""",
        AVERAGES,
        spans(-0.4, 0.6, "decay 0.9, of the newest weights less anew:"),
        spans(-0.3, 0.3, "decay 0.9, averaged less anew:"),
    ),
    told(
        """With the decay 0.99 the statistics taken anew come out ahead of the averaged ones in all ten games,
        and of those of the newest weights in all ten.""",
        AVERAGES,
        in_seeds(10, 10, "averaged", LONG),
        in_seeds(10, 10, "of the newest weights", LONG),
    ),
    told(
        """The last weights have the median 56, and are nearer than this average in 7 of ten games, which
        may be chance.""",
        AVERAGES,
        in_seeds(7, 10, LAST),
        undecided(LAST),
    ),
    told(
        """The Fréchet distance tells them apart: measured in the middle of the way, between the same latents,
        the arc comes out ahead of the line in all ten games.""",
        PAGE + "img-c-middles",
        in_seeds(10, 10, "the middle of the arc nearer than that of the line:"),
    ),
    claim(
        "After 30 seconds of one core the MLP is nearest, with a median of 49.9 [43, 55].",
        STUDY,
        least("MLP", FRECHET),
    ),
    claim(
        "The DCGAN, at 102 [98.1, 107], is nearer than the residual pair, at 185 [174, 204].",
        STUDY,
        less("DCGAN", "residual", FRECHET),
    ),
    claim(
        "The MLP and the DCGAN are nearer than blurred data; the residual pair is farther.",
        STUDY,
        less("MLP", BLURRED, FRECHET),
        less("DCGAN", BLURRED, FRECHET),
        more("residual", BLURRED, FRECHET),
    ),
    claim(
        "The distance with DiffAugment is larger, seed by seed: by 18.6 [9.49, 30.9].",
        "small_data",
        more("DiffAugment", "as they are", FRECHET),
    ),
    claim(
        """With a hundred pictures the discriminator scores a known picture above an unseen one more often
        than with 30 000, and more samples have a known neighbour.""",
        HEART,
        more(FEW, MANY, ABOVE),
        more(FEW, MANY, NEIGHBOUR),
    ),
    claim(
        "In the Fréchet distance no difference is shown between the two.",
        HEART,
        not_shown(FEW, MANY, FRECHET),
    ),
    claim(
        "With DiffAugment the discriminator knows less by heart, and the samples are farther from the data.",
        HEART,
        less(CHANGED, FEW, ABOVE),
        more(CHANGED, FEW, FRECHET),
    ),
    claim(
        """With R1 and R2 fewer samples have a known neighbour, and no difference in the distance is
        shown.""",
        HEART,
        less(PENALISED, FEW, NEIGHBOUR),
        not_shown(PENALISED, FEW, FRECHET),
    ),
    claim(
        """With 30 000 pictures the samples are farther from the data with DiffAugment, by 105 [75.1, 141],
        and with R1 and R2, by 20.9 [7.91, 50.2].""",
        HEART,
        more("30000, DiffAugment", MANY, FRECHET),
        more("30000, R1+R2", MANY, FRECHET),
    ),
    claim(
        "For its samples no difference in the neighbours is shown.",
        HEART,
        not_shown(CHANGED, FEW, NEIGHBOUR),
    ),
    claim(
        "For R1 and R2 no difference is shown in what the discriminator knows.",
        HEART,
        not_shown(PENALISED, FEW, ABOVE),
    ),
    claim(
        "Either cure is shown to help in one of the three measures, and not in the same one.",
        HEART,
        less(CHANGED, FEW, ABOVE),
        not_shown(CHANGED, FEW, NEIGHBOUR),
        more(CHANGED, FEW, FRECHET),
        not_shown(PENALISED, FEW, ABOVE),
        less(PENALISED, FEW, NEIGHBOUR),
        not_shown(PENALISED, FEW, FRECHET),
    ),
    claim(
        "The copies are nearer than any game of the table, at 27.7 [26.5, 33.3]",
        HEART,
        least("copies", FRECHET),
    ),
    claim("In 20 seconds the MLP is nearest.", "peers", least(DENSE, FRECHET)),
    claim(
        "In 60 seconds the MLP is nearest again, and our DCGAN is nearer than the packages.",
        "peers_60",
        least(DENSE, FRECHET),
        *(less(OURS, each, FRECHET) for each in (ZOO_FAST, TORCHGAN[2])),
    ),
    claim(
        """Our DCGAN is nearer than torchgan at 0.0002, 0.001 and 0.003, and than pytorch-gan-zoo at 0.001;
        from pytorch-gan-zoo at 0.003 no difference is shown.""",
        "peers",
        *(less(OURS, each, FRECHET) for each in (*TORCHGAN, ZOO)),
        not_shown(OURS, ZOO_FAST, FRECHET),
    ),
    claim(
        """At 0.003, which was chosen for our own networks, the two packages are nearer than at the rates of
        their examples.""",
        "peers",
        less(ZOO_FAST, ZOO, FRECHET),
        less(TORCHGAN[2], TORCHGAN[0], FRECHET),
    ),
    claim(
        "With a thousand no difference from 30 000 is shown in any measure.",
        BETWEEN,
        *(beside("1000, no cure", MANY, measure, 0) for measure in (FRECHET, ABOVE, NEIGHBOUR)),
    ),
    claim(
        """With 250 the discriminator scores a known picture above an unseen one more often than with 30 000,
        and less often than with a hundred; in the samples no difference from 30 000 is shown.""",
        BETWEEN,
        beside("250, no cure", MANY, ABOVE, 1),
        beside("250, no cure", FEW, ABOVE, -1),
        beside("250, no cure", MANY, FRECHET, 0),
        beside("250, no cure", MANY, NEIGHBOUR, 0),
    ),
]
