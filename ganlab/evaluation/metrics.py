"""How good the two players are: modes and distances for the one, the error of its scores for the other.

Counting modes alone hides collapse: a generator can touch all eight and put half of its mass on one. So the
count never comes without the divergence of the mode histogram from the true weights, nor without what a
perfect sampler would score. A distance between samples is biased upwards, and is read beside the same bias:
what two draws of the data are apart. Whatever draws anything takes its `rng`; NaN among samples is an error.

Distances of images are distances of their features. With the features of our own small classifiers they are
`classifier_frechet` and `classifier_kernel`; the names FID and KID belong to one network, Inception v3, whose
features only `fid_kid` reads. A claim about a training method needs seeds: `over_seeds` sums them up.
`diagnose` reads loss curves, and is that of `ganlab.evaluation.diagnosis`.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from http.client import HTTPException
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.data import Mixture, Sampler, check_images
from ganlab.data.streams import as_sampler
from ganlab.evaluation.diagnosis import diagnose
from ganlab.theory.divergences import jensen_shannon, kl
from ganlab.theory.probability import ArrayLike, as_floating
from ganlab.theory.transport import empirical_frechet, empirical_wasserstein_1

__all__ = [
    "DiscriminatorError",
    "Fidelity",
    "ModeCoverage",
    "SampleDistance",
    "Spread",
    "classifier_frechet",
    "classifier_kernel",
    "diagnose",
    "discriminator_error",
    "empirical_distance_to_data",
    "fid_kid",
    "inception_features",
    "mode_coverage",
    "over_seeds",
    "perfect_sampler_share",
    "spread",
]

_MOST_POINTS = 5000
_BLOCK = 1024


class ModeCoverage(NamedTuple):
    """What samples make of the modes of a mixture, by the rule in `mode_coverage`."""

    modes: int  # captured, of `total`
    total: int
    high_quality: float  # share of all samples
    reverse_kl: float  # nats
    jensen_shannon: float  # nats
    counts: Tensor  # (K,) high-quality samples nearest to each mode


def mode_coverage(samples: ArrayLike, mixture: Mixture, *, radius: float = 3.0) -> ModeCoverage:
    """The modes of the mixture that the samples capture, and how evenly they do.

    A sample is of high quality if it lies within `radius` standard deviations (Euclidean) of its nearest
    centre; a mode is captured if it is the nearest of at least one such sample. With h the histogram of the
    high-quality samples over the modes and w the mode weights, `reverse_kl` = KL(h || w) and `jensen_shannon`
    = JSD(h, w), in nats: the first is log K for all mass on one of K equal modes. Where no sample is of high
    quality there is no histogram, and both are NaN: unknown, which is worse than any value, and not zero.

    samples: (N, D). The usual N is 2500 in the literature and 10 000 in our tables; beside the share of
    high-quality samples read `perfect_sampler_share`. Raises `ValueError` where the shape is not (N, D) with
    N at least 1, a sample is NaN, or `radius` is not positive, and `TypeError` where `mixture` is none;
    samples at infinity are merely far away.
    Source: Srivastava et al. 2017 [srivastava2017]; Lin et al. 2018 [lin2018].

    >>> from ganlab.data import ring
    >>> coverage = mode_coverage(ring().centers[:4], ring())
    >>> coverage.modes, coverage.total, coverage.high_quality
    (4, 8, 1.0)
    >>> print(f"{coverage.reverse_kl:.6f}")  # half of the modes, evenly: log 2
    0.693147
    """
    if not isinstance(mixture, Mixture):
        raise TypeError(f"`mixture` must be a `Mixture`, as `data.ring()` makes one, got {mixture!r}")
    if not radius > 0:
        raise ValueError(f"`radius` must be positive, in standard deviations, got {radius}")
    samples = as_floating(samples, name="samples")
    _check_points(samples, mixture.centers.shape[1])
    offsets = samples.detach().double()[:, None] - mixture.centers.double()
    distance, nearest = offsets.norm(dim=-1).min(-1)
    near = distance <= radius * mixture.std
    counts = torch.bincount(nearest[near], minlength=len(mixture.centers))
    share, unknown = near.double().mean().item(), not near.any()
    histogram = counts.double() / counts.sum()
    return ModeCoverage(
        modes=int((counts > 0).sum()),
        total=len(counts),
        high_quality=share,
        reverse_kl=math.nan if unknown else kl(histogram, mixture.probabilities).item(),
        jensen_shannon=math.nan if unknown else jensen_shannon(histogram, mixture.probabilities).item(),
        counts=counts,
    )


def perfect_sampler_share(dim: int = 2, radius: float = 3.0) -> float:
    """The share of high-quality samples that the mixture's own samples reach: below 1 for any finite radius.

    P(chi_dim <= radius): the probability that a Gaussian in `dim` dimensions falls within `radius` standard
    deviations of its centre, 1 - exp(-radius^2 / 2) in the plane. Modes near each other share their samples'
    tails, so that it is a lower bound; with centres 3 radius apart, or more, it is exact to nine digits.
    Raises `ValueError` where `dim` is no positive integer or `radius` is not positive.

    >>> print(f"{perfect_sampler_share():.6f}")  # 1 - exp(-9/2)
    0.988891
    """
    if isinstance(dim, bool) or not isinstance(dim, int) or dim < 1:
        raise ValueError(f"`dim` must be a positive integer, got {dim!r}")
    if not radius > 0:
        raise ValueError(f"`radius` must be positive, in standard deviations, got {radius}")
    half_dim, half_square = torch.tensor([dim / 2, radius**2 / 2], dtype=torch.float64)
    return torch.special.gammainc(half_dim, half_square).item()


class DiscriminatorError(NamedTuple):
    """How far scores are from the log-density ratio that the optimal discriminator returns."""

    correlation: float  # Pearson's, in [-1, 1]
    mean_absolute: float  # nats


def discriminator_error(scores: ArrayLike, log_ratio: ArrayLike) -> DiscriminatorError:
    """The error of a discriminator's logits against those of the optimal one, log p_data(x) - log p_g(x).

    `correlation` is Pearson's, NaN where either side is constant; `mean_absolute` is mean |score - log
    ratio| in nats. A discriminator can order points well (correlation near 1) and be far off in scale.
    scores, log_ratio: (N,), N at least 2, finite. Raises `ValueError` where they are not.
    Source: D* = p_data / (p_data + p_g), Goodfellow et al. 2014, proposition 1 [goodfellow2014].

    >>> error = discriminator_error(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 3.0]))
    >>> print(f"{error.correlation:.6f} {error.mean_absolute:.6f}")
    1.000000 1.500000
    """
    scores, log_ratio = as_floating(scores, name="scores"), as_floating(log_ratio, name="log_ratio")
    if scores.ndim != 1 or len(scores) < 2 or scores.shape != log_ratio.shape:
        shapes = f"{tuple(scores.shape)} and {tuple(log_ratio.shape)}"
        raise ValueError(f"`scores` and `log_ratio` must both have shape (N,), N at least 2, got {shapes}")
    pair = torch.stack([scores.detach().double(), log_ratio.detach().double()])
    if not pair.isfinite().all():
        raise ValueError("`scores` and `log_ratio` must be finite, got infinity or NaN")
    centered = pair - pair.mean(1, keepdim=True)
    norms = centered.norm(dim=1)
    correlation = (centered[0] @ centered[1] / norms.prod()).clamp(-1, 1).item()
    return DiscriminatorError(correlation, (pair[0] - pair[1]).abs().mean().item())


# --- Over seeds ---


class Spread(NamedTuple):
    """A number over seeds: mean, its standard error, lowest, highest, and how many seeds there are.

    >>> print(spread([8, 8, 7, 8]))
    7.75 +- 0.25 (7 to 8 over 4 seeds)
    """

    mean: float
    standard_error: float  # NaN for one seed
    lowest: float
    highest: float
    seeds: int  # all, the unknown ones too
    unknown: int = 0  # seeds whose value is NaN

    def __str__(self) -> str:
        seeds = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        unknown = f", unknown for {self.unknown}" if self.unknown else ""
        return (
            f"{self.mean:.4g} +- {self.standard_error:.2g} "
            f"({self.lowest:.4g} to {self.highest:.4g} over {seeds}{unknown})"
        )


def spread(values: ArrayLike, *, skip_unknown: bool = False) -> Spread:
    """The mean of a number over seeds, with its standard error and range.

    The standard error is the standard deviation (divided by S - 1) over the root of S: NaN for one seed, and
    where a value is infinite. A NaN means that a seed has no value, often the worst of news, so it makes the
    mean and the standard error NaN; `skip_unknown` leaves such seeds out of both. Lowest and highest are of
    the known values either way, and `unknown` counts the others.

    values: (S,), one number a seed. Raises `ValueError` where it is not one-dimensional or is empty.

    >>> spread([1.0, 2.0, 3.0]).mean, spread([1.0, float("nan")]).unknown
    (2.0, 1)
    """
    values = as_floating(values, name="values").detach().double().cpu()
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"`values` must be (S,), one number a seed, got {tuple(values.shape)}")
    known = values[~values.isnan()]
    counted = known if skip_unknown else values
    mean = counted.mean().item() if len(counted) else math.nan
    error = (counted.std() / len(counted) ** 0.5).item() if len(counted) > 1 else math.nan
    low, high = (known.min().item(), known.max().item()) if len(known) else (math.nan, math.nan)
    return Spread(mean, error, low, high, len(values), len(values) - len(known))


def over_seeds(records: Sequence[Any], *, skip_unknown: bool = False) -> dict[str, Spread]:
    """The spread of each number in the records of several seeds, by the name of its field.

    `records`: one named tuple a seed, such as `mode_coverage` returns for the samples of one generator; with
    samples (S, N, D) of S generators, `[mode_coverage(x, mixture) for x in samples]`. Fields that are no
    single numbers are left out; NaN is treated as by `spread`.

    Raises `TypeError` where they are no named tuples, `ValueError` where there is no record, or they are not
    all of one kind.

    >>> from ganlab.data import ring
    >>> samples = torch.stack([ring().centers, ring().centers[:4].repeat(2, 1)])  # of two generators
    >>> found = over_seeds([mode_coverage(x, ring()) for x in samples])
    >>> print(found["modes"])
    6 +- 2 (4 to 8 over 2 seeds)
    """
    if any(not hasattr(record, "_fields") for record in records):
        kinds = ", ".join(sorted({type(record).__name__ for record in records}))
        raise TypeError(f"`records` must be named tuples, one a seed, got {kinds}")
    if not records or len({type(record) for record in records}) > 1:
        kinds = sorted({type(record).__name__ for record in records})
        raise ValueError(f"`records` must be some of one kind, got {' and '.join(kinds) or 'none'}")
    columns = {name: [getattr(record, name) for record in records] for name in records[0]._fields}
    return {
        name: spread(values, skip_unknown=skip_unknown)
        for name, values in columns.items()
        if all(isinstance(value, int | float) for value in values)
    }


# --- Distances ---


class SampleDistance(NamedTuple):
    """The distance of samples to data, and that of a perfect sampler, each over several draws of the data."""

    samples: Spread
    perfect: Spread


def empirical_distance_to_data(
    samples: ArrayLike, source: Sampler, rng: torch.Generator, *, repeats: int = 3
) -> SampleDistance:
    """The empirical Wasserstein-1 distance of samples to as many draws of the data, and a perfect sampler's.

    `samples` W1(samples, data draw), `perfect` W1(data draw, data draw), all of N points, in the unit of the
    points, over `repeats` draws. The empirical distance is biased upwards: for the true law it is not 0 but
    `perfect`, which falls only as N^(-1/2) in the plane (up to a logarithm) and as N^(-1/D) from three
    dimensions on. Compare the two at one N; never compare distances at two.

    samples: (N, D), 1 <= N <= 5000: each of the 2 `repeats` transport problems is solved exactly, with N^2
    costs in memory and in time that grows faster than N^2, so that a thousand points are a good number.
    source: anything with `sample(n, rng, *, dtype=None)`, such as a mixture of `ganlab.data`.
    Raises `TypeError` where `source` is no such thing, and `ValueError` where the shape is not that, a sample
    is not finite, or `repeats` is not positive.
    Source: Villani 2009 [villani2009]; the rate, Fournier & Guillin 2015 [fournier2015].

    >>> from ganlab.data import ring
    >>> rng = torch.Generator().manual_seed(0)
    >>> far = empirical_distance_to_data(ring().sample(100, rng) + torch.tensor([10.0, 0.0]), ring(), rng)
    >>> 9.5 < far.samples.mean < 10.5, far.perfect.highest < 1
    (True, True)
    """
    samples, source = as_floating(samples, name="samples"), as_sampler(source, "source")
    if repeats < 1:
        raise ValueError(f"`repeats` must be at least 1, got {repeats}")
    if len(samples) > _MOST_POINTS:
        raise ValueError(f"`samples` must be at most {_MOST_POINTS} for exact transport, got {len(samples)}")
    draws = [source.sample(len(samples), rng, dtype=torch.float64) for _ in range(2 * repeats)]
    first, second = draws[::2], draws[1::2]
    _check_points(samples, first[0].shape[1])
    return SampleDistance(
        spread([empirical_wasserstein_1(real, samples.detach().double()) for real in first]),
        spread([empirical_wasserstein_1(real, other) for real, other in zip(first, second, strict=True)]),
    )


def classifier_frechet(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    """The squared Frechet distance of Gaussians fitted to two sets of features. It is no FID.

    |m - m'|^2 + tr(C + C' - 2 (C^(1/2) C' C^(1/2))^(1/2)) of the means and the unbiased covariances, in
    float64. The trace is computed as a sum of squares (`ganlab.theory.transport.frechet_gaussian`), so that
    the singular covariances of a collapsed generator, or of fewer samples than features, are no special case:
    the value is real, not negative, and 0 for equal features up to rounding.

    It is biased upwards: N samples each of one law N(m, s^2 I) of F features are about
    s^2 (F (F + 1) / 2 + 2 F) / N apart, and not 0. So compare at equal N only, and beside the distance of
    two halves of the real features. It sees two moments, and no more, of what the classifier sees.

    real_features (N, F), fake_features (M, F), N and M at least 2, of one classifier. Raises `ValueError`
    where they are not, or a feature is not finite.
    Source: Heusel et al. 2017, eq. 6 [heusel2017], on features of another network.

    >>> classifier_frechet(torch.tensor([[0.0], [2.0]]), torch.tensor([[3.0], [5.0]]))
    9.0
    """
    return empirical_frechet(*_features(real_features, fake_features)).item()


def classifier_kernel(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    """The unbiased squared kernel distance of two sets of features, under a cubic kernel. It is no KID.

    The mean of k(x, x') over pairs of different real features, plus the same of the generated ones, minus
    twice the mean over mixed pairs, k(x, y) = (x . y / F + 1)^3: zero on average where the laws agree,
    and then negative about as often as not. It sees three moments. Its expectation does not depend on N,
    so that distances at different N may be compared; only the noise differs.

    real_features (N, F), fake_features (M, F), N and M at least 2; memory does not grow with N^2. Raises
    `ValueError` where they are not, or a feature is not finite.
    Source: Binkowski et al. 2018, section 4 [binkowski2018]; Gretton et al. 2012, eq. 3 [gretton2012].

    >>> same = torch.tensor([[0.0], [0.0]])
    >>> classifier_kernel(same, same), classifier_kernel(same, same + 1)  # k: 1, 8 and 1
    (0.0, 7.0)
    """
    real, fake = _features(real_features, fake_features)
    within = sum((_kernel_sum(x, x) - _diagonal_sum(x)) / (len(x) * (len(x) - 1)) for x in (real, fake))
    return within - 2 * _kernel_sum(real, fake) / (len(real) * len(fake))


class Fidelity(NamedTuple):
    """FID, and the mean and the standard deviation of KID over its subsets.

    `kid_std` is NaN, unknown, where each subset is all of the images of both sets: there is one value then.
    """

    fid: float
    kid: float
    kid_std: float


def fid_kid(
    real_images: ArrayLike,
    fake_images: ArrayLike,
    *,
    weights: str | PathLike[str] | None = None,
    extractor: str | None = None,
    subset_size: int = 1000,
    seed: int = 0,
    batch_size: int = 64,
    device: str = "cpu",
) -> Fidelity:
    """The FID and the KID of two sets of images, by the package torch-fidelity.

    FID is the squared Frechet distance of the 2048 features of its Inception v3, KID the kernel distance of
    `classifier_kernel` on them, as the mean over 100 subsets of `subset_size` images, or of all where there
    are fewer. The weights of the network are downloaded when it is first used (`weights` None), or read from
    the file `weights`, in the form in which torch-fidelity offers them; the name of an extractor registered
    with `torch_fidelity.register_feature_extractor` needs no network. A value by another extractor must not
    be reported as FID or KID. Below 2048 images the fitted covariance is singular and FID is mostly bias;
    published values are at 10 000 or 50 000 images.

    real_images (N, C, H, W), fake_images (M, C, H, W) in [-1, 1], N and M at least 2. What the network sees:
    x becomes the byte round(127.5 (x + 1)), halves to the even byte; one channel is repeated to three. Real
    images without a value below 0 are taken for what they are, images in [0, 1], and refused; of generated
    ones, which may be as bright as that, a warning says so.
    Raises `ImportError` without the package; `OSError` where the weights are damaged, or are nowhere and
    cannot be downloaded; `ValueError` or `TypeError` where the images are not such, `subset_size` is below 2,
    or the file `weights` holds others.
    Source: Heusel et al. 2017 [heusel2017]; Binkowski et al. 2018 [binkowski2018].

    >>> fid_kid(torch.zeros(2, 2, 8, 8), torch.zeros(2, 2, 8, 8))
    Traceback (most recent call last):
    ValueError: `real_images` must have 1 or 3 channels and at least 2 images, got (2, 2, 8, 8)
    """
    inputs = [_rgb_bytes(x, f"{kind}_images") for kind, x in (("real", real_images), ("fake", fake_images))]
    _check_range(inputs[0], inputs[1])
    if subset_size < 2:
        raise ValueError(f"`subset_size` must be at least 2, got {subset_size}")
    torch_fidelity = _torch_fidelity("fid_kid")
    with _inception_weights(weights) if extractor is None else nullcontext():
        found = torch_fidelity.calculate_metrics(
            input1=_ByteImages(inputs[0]),
            input2=_ByteImages(inputs[1]),
            fid=True,
            kid=True,
            kid_subset_size=min(subset_size, *map(len, inputs)),
            feature_extractor=extractor,
            feature_extractor_weights_path=None if weights is None else str(weights),
            rng_seed=seed,
            batch_size=batch_size,
            cuda=device != "cpu",
            cache=False,
            save_cpu_ram=True,  # no worker processes
            verbose=False,
        )
    one_subset = len(inputs[0]) == len(inputs[1]) <= subset_size
    return Fidelity(
        found["frechet_inception_distance"],
        found["kernel_inception_distance_mean"],
        math.nan if one_subset else found["kernel_inception_distance_std"],
    )


def inception_features(
    images: ArrayLike,
    *,
    weights: str | PathLike[str] | None = None,
    extractor: str | None = None,
    batch_size: int = 64,
    device: str = "cpu",
) -> Tensor:
    """The features (N, 2048) of images that FID compares, by the package torch-fidelity.

    Their moments are what `ganlab.evaluation.moments` keeps: the FID of two sets is the `frechet` distance of
    their `of_features`, and one of the two may come from a file.

    images (N, C, H, W) in [-1, 1], N at least 2. `weights`, `extractor` and what is raised as in `fid_kid`.
    Source: Heusel et al. 2017 [heusel2017].

    >>> inception_features(torch.zeros(1, 3, 8, 8))
    Traceback (most recent call last):
    ValueError: `images` must have 1 or 3 channels and at least 2 images, got (1, 3, 8, 8)
    """
    levels = _rgb_bytes(images, "images")
    _torch_fidelity("inception_features")
    from torch_fidelity import utils

    named = {"fid": True, "feature_extractor": extractor, "verbose": False}
    layer, cuda = utils.resolve_feature_layer_for_metric("fid", **named), device != "cpu"
    with _inception_weights(weights) if extractor is None else nullcontext():
        network = utils.create_feature_extractor(
            utils.resolve_feature_extractor(**named),
            [layer],
            cuda=cuda,
            verbose=False,
            feature_extractor_weights_path=None if weights is None else str(weights),
        )
    return utils.get_featuresdict_from_dataset(_ByteImages(levels), network, batch_size, cuda, True, False)[
        layer
    ]


def _torch_fidelity(name: str) -> Any:
    try:
        import torch_fidelity
    except ImportError as error:
        raise ImportError(f'`{name}` needs torch-fidelity: pip install "ganlab-book[fidelity]"') from error
    return torch_fidelity


@contextmanager
def _inception_weights(given: str | PathLike[str] | None) -> Iterator[None]:
    """A context in which damaged or missing weights are an error that says where, and what to do."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    if given is not None:
        _check_weights(Path(given))
        yield
        return
    name = URL_INCEPTION_V3.rsplit("/", 1)[1]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    checksum = name.removesuffix(".pth").rsplit("-", 1)[1]  # the first digits, as PyTorch names such files
    if path.is_file() and not hashlib.sha256(path.read_bytes()).hexdigest().startswith(checksum):
        raise OSError(f"{path} is damaged: its SHA-256 is not the one in its name; delete or replace it")
    try:
        yield
    except (OSError, HTTPException) as error:
        if path.is_file():
            raise
        raise OSError(
            f"the weights of Inception v3 are not in {path} and could not be downloaded ({error}); connect "
            "to the network, or put the file there"
        ) from error


def _check_weights(path: Path) -> None:
    """Refuse a file that holds anything but the weights of that network; nothing in it is run."""
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # what a damaged file raises is up to PyTorch
        raise ValueError(f"`weights` must be a file that PyTorch wrote, got {path} ({error})") from None
    shape = tuple(getattr(held.get("fc.weight") if isinstance(held, dict) else None, "shape", ()))
    if shape != (1008, 2048):
        raise ValueError(
            f"`weights` must be those of the Inception v3 of FID, with `fc.weight` (1008, 2048), got {path} "
            f"with {shape or 'none'}"
        )


class _ByteImages(torch.utils.data.Dataset[Tensor]):
    """Images as torch-fidelity takes them: one uint8 tensor (3, H, W) an index."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]


def _check_range(real: Tensor, fake: Tensor) -> None:
    """Of bytes: nothing below the middle, and not one grey all over."""
    bright = {name: 127 < x.min() < x.max() for name, x in (("real_images", real), ("fake_images", fake))}
    said = "must lie within [-1, 1], got none below 0: images in [0, 1] become such by 2 x - 1"
    if bright["real_images"]:
        raise ValueError(f"`real_images` {said}")
    if bright["fake_images"]:
        warnings.warn(f"`fake_images` {said}", stacklevel=3)


def _rgb_bytes(images: ArrayLike, name: str) -> Tensor:
    keeps = isinstance(images, Tensor | np.ndarray)  # its dtype, so that each value is rounded as it was
    images = torch.as_tensor(images) if keeps else as_floating(images, name=name)
    try:
        check_images(images)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("`x`", f"`{name}`")) from None
    if images.shape[1] not in (1, 3) or len(images) < 2:
        shape = tuple(images.shape)
        raise ValueError(f"`{name}` must have 1 or 3 channels and at least 2 images, got {shape}")
    levels = (127.5 * (images.detach().cpu() + 1)).round().to(torch.uint8)
    return levels.expand(-1, 3, -1, -1)


def _features(real_features: ArrayLike, fake_features: ArrayLike) -> tuple[Tensor, Tensor]:
    real = as_floating(real_features, name="real_features").detach().double()
    fake = as_floating(fake_features, name="fake_features").detach().double()
    for name, x in (("real_features", real), ("fake_features", fake)):
        if x.ndim != 2 or len(x) < 2 or x.shape[1] == 0:
            raise ValueError(f"`{name}` must have shape (N, F) with N at least 2, got {tuple(x.shape)}")
        if not x.isfinite().all():
            raise ValueError(f"`{name}` must be finite, got infinity or NaN")
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            "`real_features` and `fake_features` must be of one classifier, got "
            f"{real.shape[1]} and {fake.shape[1]} features"
        )
    return real, fake


def _kernel_sum(x: Tensor, y: Tensor) -> float:
    return sum(((block @ y.T / y.shape[1] + 1) ** 3).sum().item() for block in x.split(_BLOCK))


def _diagonal_sum(x: Tensor) -> float:
    return ((x.square().mean(1) + 1) ** 3).sum().item()


def _check_points(samples: Tensor, dim: int) -> None:
    if samples.ndim != 2 or len(samples) == 0 or samples.shape[1] != dim:
        shape = tuple(samples.shape)
        raise ValueError(f"`samples` must have shape (N, {dim}) with N at least 1, got {shape}")
    if samples.isnan().any():
        count = int(samples.isnan().any(1).sum())
        raise ValueError(f"`samples` must not hold NaN, got it in {count} of {len(samples)} points")
