"""What the networks learn from: point clouds with a known density, and small sets of images.

A source of points has `sample(n, rng)`; an image set is kept whole in memory, as bytes, and `batch(index)`
turns a part of it into numbers in [-1, 1]. `batches` makes an endless, seeded and resumable stream of
either. Randomness comes from the `torch.Generator` that is passed in and from nowhere else, on the CPU;
points are drawn in float64 and then rounded, so that a seed gives the same points in each precision.
"""

from ganlab.data.idx import DataError
from ganlab.data.images import Images, Stacked, check_images, digits, fashion_mnist, mnist, stacked
from ganlab.data.points import Mixture, SwissRoll, grid, ring, swiss_roll
from ganlab.data.sets import DATASETS, DataSet, Source
from ganlab.data.streams import FreshBatches, Sampler, ShuffledBatches, batches

__all__ = [
    "DATASETS",
    "DataError",
    "DataSet",
    "FreshBatches",
    "Images",
    "Mixture",
    "Sampler",
    "ShuffledBatches",
    "Source",
    "Stacked",
    "SwissRoll",
    "batches",
    "check_images",
    "digits",
    "fashion_mnist",
    "grid",
    "mnist",
    "ring",
    "stacked",
    "swiss_roll",
]
