"""What the networks learn from: point clouds with a known density, and small sets of images.

A source of points has `sample(n, rng)`; an image set is kept whole in memory, as bytes, and `batch(index)`
turns a part of it into numbers in [-1, 1]. `folder` makes such a set of the reader's own pictures. `batches`
makes an endless, seeded and resumable stream of either, and `from_loader` one of a
`torch.utils.data.DataLoader`. Randomness comes from the `torch.Generator` that is passed in and from nowhere
else, on the CPU; points are drawn in float64 and then rounded, so that a seed gives the same points in each
precision.
"""

from ganlab.data.cifar import CIFAR, cifar10
from ganlab.data.entry import DataSet, Source
from ganlab.data.folders import checksum, folder
from ganlab.data.idx import DataError
from ganlab.data.images import IMAGES, Images, Stacked, check_images, digits, fashion_mnist, mnist, stacked
from ganlab.data.loaders import LoaderBatches, from_loader
from ganlab.data.points import POINTS, Mixture, SwissRoll, grid, ring, shared_ring, swiss_roll
from ganlab.data.streams import FreshBatches, Sampler, ShuffledBatches, batches
from ganlab.data.unpaired import (
    UNPAIRED,
    Unpaired,
    UnpairedClasses,
    inverted_digits,
    shoes_and_tops,
    turned_rings,
)

__all__ = [
    "DATASETS",
    "DataError",
    "DataSet",
    "FreshBatches",
    "Images",
    "LoaderBatches",
    "Mixture",
    "Sampler",
    "ShuffledBatches",
    "Source",
    "Stacked",
    "SwissRoll",
    "Unpaired",
    "UnpairedClasses",
    "batches",
    "check_images",
    "checksum",
    "cifar10",
    "digits",
    "fashion_mnist",
    "folder",
    "from_loader",
    "grid",
    "inverted_digits",
    "mnist",
    "ring",
    "shared_ring",
    "shoes_and_tops",
    "stacked",
    "swiss_roll",
    "turned_rings",
]

DATASETS: dict[str, DataSet] = POINTS | IMAGES | CIFAR | UNPAIRED
"""The data sets by name: an entry stands beside the function that it names, in `points`, `images`, `cifar` or
`unpaired`.

>>> DATASETS["ring"].make is ring
True
"""
