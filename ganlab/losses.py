"""The losses of the two players, as pairs of functions on raw scores.

Every discriminator (or critic) in this package returns raw scores: numbers on the whole real line, before
any sigmoid. Every function here takes the scores of a batch of real samples and of a batch of generated
ones, in that order, and returns a scalar that its player *minimises*. Discriminator losses are the **sum**
of the mean over the real and the mean over the generated batch, so that the logistic ones are 2 log 2 (and
not log 2) for a discriminator that cannot tell the two apart. All logarithms are natural; losses are in nats.

Nothing here computes a probability. A sigmoid followed by a logarithm loses the gradient where the
discriminator is confident; `softplus` keeps it at any finite score. An array or a list of numbers is taken
where a tensor is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import relu

__all__ = [
    "LOSSES",
    "Divergence",
    "GANLoss",
    "find",
    "hinge",
    "label_smoothing",
    "least_squares",
    "level_name",
    "minimax",
    "non_saturating",
    "relativistic_average",
    "relativistic_pairing",
    "softplus",
    "wasserstein",
]

Loss = Callable[[Tensor, Tensor], Tensor]

_FAR = 37  # e^-37 is below half of the precision of float64: from there on softplus(-x) is e^-x
_KEPT = 1 / 3  # of the modes, where the landmark `third` is meant


class Divergence(NamedTuple):
    """How far the two laws are apart, as the loss of the best discriminator tells it.

    For the best D the divergence is offset - slope * d_loss, and no D has a lower loss: so any D, good or
    bad, proves that much or more. `unit`: of the divergence, or the condition under which it holds.

    >>> minimax.divergence.name
    'Jensen-Shannon divergence'
    """

    name: str
    offset: float
    slope: float
    unit: str


class GANLoss(NamedTuple):
    """The two losses of one game, and all that is known of them.

    `loss.discriminator(d_real, d_fake)` and `loss.generator(d_real, d_fake)` take raw scores (N,) and (M,)
    and return a scalar (), to be minimised. They raise `ValueError` where a batch of scores is not
    one-dimensional or is empty, `TypeError` where it holds no real numbers. Nothing else in the package knows
    more of a loss than stands here, and that D's loss is convex in its scores:

    `title`: what it is called where people read. `targets`: the scores that tell real and generated samples
    apart for sure, in that order; infinite for a logit, whose sigmoid is the probability of real; None where
    scores have no origin, and only differences mean something. `blind`: the lowest and the highest score that
    a D should give to all samples alike if it can tell nothing, as where the two laws are equal. `least`: the
    infimum of D's loss over all scores. `third`: the loss of the best D where the generator keeps one of
    three equal modes, evenly and perfectly, NaN where that has no scale. `unit`: of both losses, "" for none.
    `divergence`: what D's loss proves, None for nothing. `relativistic`: whether each score is judged against
    scores of the other kind, so that the generator's loss reads the real scores too. `whole_batch`: whether
    the loss of a batch is more than the mean of the losses of its parts. `saturates`: whether the generator's
    slope vanishes where D is sure.

    >>> scores = torch.zeros(4)
    >>> round(float(non_saturating.discriminator(scores, scores)), 4)  # 2 log 2
    1.3863
    """

    name: str
    title: str
    discriminator: Loss
    generator: Loss
    targets: tuple[float, float] | None
    blind: tuple[float, float]
    least: float
    third: float
    unit: str
    divergence: Divergence | None
    relativistic: bool
    whole_batch: bool
    saturates: bool

    @property
    def logistic(self) -> bool:
        """Whether scores are logits: sigmoid(score) is a probability, and labels can be smoothed."""
        return self.targets is not None and math.isinf(self.targets[0])

    @property
    def equilibrium(self) -> tuple[float, float]:
        """The two losses where the laws are equal and D is best; NaN for G's where it may be any number.

        >>> least_squares.equilibrium
        (0.25, 0.125)
        """
        ends = [end if math.isfinite(end) else math.copysign(1.0, end) for end in self.blind]
        ends = [torch.tensor([end], dtype=torch.float64) for end in ends]
        for_d = self.discriminator(ends[0], ends[0]).item()
        for_g = {self.generator(end, end).item() for end in ends}
        return for_d, for_g.pop() if len(for_g) == 1 else math.nan

    @property
    def reads(self) -> str:
        """What `read` makes of a score, in words.

        >>> least_squares.reads
        'score, cut off at 0 and 1'
        """
        if self.logistic:
            return "probability of real"
        if self.targets is None:
            return "score, lowest to highest"
        return "score, cut off at {1:g} and {0:g}".format(*self.targets)

    def read(self, scores: Tensor) -> Tensor:
        """How sure D is that a sample is real, in [0, 1], from raw scores of any shape.

        The sigmoid of a logit; where there are finite targets, the share of the way from one to the other;
        else the share of the way from the lowest of these scores to the highest, 1/2 where all are the same.

        >>> hinge.read(torch.tensor([-1.0, 0.0, 3.0])).tolist()
        [0.0, 0.5, 1.0]
        """
        if self.logistic:
            return scores.sigmoid()
        if self.targets is not None:
            real, fake = self.targets
            return ((scores - fake) / (real - fake)).clamp(0, 1)
        low, high = scores.min(), scores.max()
        return (scores - low) / (high - low) if high > low else torch.full_like(scores, 0.5)

    def facts(self) -> dict[str, Any]:
        """All of this as JSON can hold it: None for what is infinite or not known.

        >>> hinge.facts()["equilibrium"]
        [{'value': 2.0, 'name': '2'}, None]
        """
        told = self._asdict() | {"logistic": self.logistic, "reads": self.reads}
        told |= {"equilibrium": [_named(level) for level in self.equilibrium]}
        told |= {"divergence": self.divergence and self.divergence._asdict()}
        return {
            key: _finite(value) for key, value in told.items() if key not in ("discriminator", "generator")
        }


def softplus(x: Any) -> Tensor:
    """The softplus log(1 + exp(x)), exact at every finite `x`, as are its first two derivatives.

    It is the cross-entropy of a logit: softplus(-a) = -log sigmoid(a) and softplus(a) = -log(1 - sigmoid(a)).
    `torch.nn.functional.softplus` is linear from 20 on, which loses the second derivative there, and that of
    `torch.logaddexp` is nan where exp(-x) overflows: so below -37 the function is written as e^x.
    `x`: any shape; returns the same shape, in nats.

    Raises `TypeError` where `x` holds no real numbers.
    Source: Goodfellow, Bengio & Courville 2016, eq. 3.31 [goodfellow2016].

    >>> softplus(torch.tensor([-200.0, 0.0, 200.0]))
    tensor([  0.0000,   0.6931, 200.0000])
    """
    x = _as_real(x, "x")
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        near, share = _split(x)
        return torch.logaddexp(near, x.new_zeros(())) * share
    return _Softplus.apply(x)


def _split(x: Tensor) -> tuple[Tensor, Tensor]:
    """`x` kept above -37, and e^(what was cut off): softplus and its slope at x are the product of both."""
    return torch.where(x < -_FAR, -_FAR, x), torch.exp(-relu(-_FAR - x))


class _Softplus(torch.autograd.Function):
    """Softplus and its slope as `torch.logaddexp` has them, with a slope that can be differentiated again.

    A training step pays for the second only where it is asked for. `torch.func` and `torch.compile` take no
    function of this kind without a slower call; they are given the whole formula.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.logaddexp(x, x.new_zeros(()))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (grad,), (x,) = grads, ctx.saved_tensors
        if not torch.is_grad_enabled():
            return grad / (1 + torch.exp(-x))
        near, share = _split(x)
        return grad / (1 + torch.exp(-near)) * share


def _logistic_discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return softplus(-d_real).mean() + softplus(d_fake).mean()


def _minimax_generator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return -softplus(d_fake).mean()


minimax = GANLoss(
    "minimax",
    "saturating (minimax)",
    _logistic_discriminator,
    _minimax_generator,
    targets=(math.inf, -math.inf),
    blind=(0.0, 0.0),
    least=0.0,
    third=_KEPT * math.log((1 + _KEPT) / _KEPT) + math.log(1 + _KEPT),
    unit="nats",
    divergence=Divergence("Jensen-Shannon divergence", math.log(2), 0.5, " nats"),
    relativistic=False,
    whole_batch=False,
    saturates=True,
)
"""The zero-sum game of the first paper; with D = sigmoid(score),

    L_D = E[-log D(x)] + E[-log(1 - D(G(z)))],        L_G = E[log(1 - D(G(z)))].

L_G *saturates*: its derivative in a fake score a is -sigmoid(a), which vanishes as the discriminator grows
sure that the sample is generated. Scores (N,) and (M,) in, scalar in nats out; `ValueError` for other shapes.

Source: Goodfellow et al. 2014, eq. 1 [goodfellow2014].

>>> loss = minimax.generator(torch.zeros(2), torch.zeros(2))  # -log 2 for a score of zero
>>> round(float(loss), 4)
-0.6931
"""


def _non_saturating_generator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return softplus(-d_fake).mean()


non_saturating = minimax._replace(
    name="non_saturating", title="non-saturating", generator=_non_saturating_generator, saturates=False
)
"""The logistic discriminator of `minimax` with a generator that maximises log D(G(z)) instead:

    L_D = E[-log D(x)] + E[-log(1 - D(G(z)))],        L_G = E[-log D(G(z))].

The derivative of L_G in a fake score a is -(1 - sigmoid(a)): exp(-a) times that of `minimax`, and never
larger than 1. Scores (N,) and (M,) in, scalar in nats out; `ValueError` for other shapes.

Source: Goodfellow et al. 2014, section 3 [goodfellow2014].

>>> a = torch.tensor([-20.0], requires_grad=True)
>>> non_saturating.generator(a.detach(), a).backward()
>>> round(float(a.grad), 4)
-1.0
"""


def _least_squares_discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return (d_real - 1).square().mean() / 2 + d_fake.square().mean() / 2


def _least_squares_generator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return (d_fake - 1).square().mean() / 2


least_squares = GANLoss(
    "least_squares",
    "least squares",
    _least_squares_discriminator,
    _least_squares_generator,
    targets=(1.0, 0.0),
    blind=(0.5, 0.5),
    least=0.0,
    third=_KEPT / (2 * (1 + _KEPT)),
    unit="",
    divergence=Divergence("triangular discrimination", 2.0, 8.0, ""),
    relativistic=False,
    whole_batch=False,
    saturates=False,
)
"""The least-squares game with target 1 for real and 0 for generated samples, and the factor 1/2:

    L_D = E[(D(x) - 1)^2] / 2 + E[D(G(z))^2] / 2,        L_G = E[(D(G(z)) - 1)^2] / 2.

The optimal discriminator is the posterior p/(p + q) itself, and L_G pulls a score above 1 *down*.
Scores (N,) and (M,) in, dimensionless scalar out; `ValueError` for other shapes.

Source: Mao et al. 2017, eq. 9 [mao2017].

>>> float(least_squares.discriminator(torch.ones(3), torch.zeros(3)))
0.0
"""


def _wasserstein_discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return d_fake.mean() - d_real.mean()


def _wasserstein_generator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return -d_fake.mean()


wasserstein = GANLoss(
    "wasserstein",
    "Wasserstein",
    _wasserstein_discriminator,
    _wasserstein_generator,
    targets=None,
    blind=(-math.inf, math.inf),
    least=-math.inf,
    third=math.nan,
    unit="units of the data",
    divergence=Divergence("Wasserstein-1 distance", 0.0, 1.0, ", if the critic is 1-Lipschitz"),
    relativistic=False,
    whole_batch=False,
    saturates=False,
)
"""The dual of the Wasserstein-1 distance, for a critic that something else keeps 1-Lipschitz:

    L_D = E[D(G(z))] - E[D(x)],        L_G = -E[D(G(z))].

-L_D is a lower bound of W1 for a 1-Lipschitz critic, and means nothing for any other. Scores (N,) and (M,)
in, scalar in units of the data out; `ValueError` for other shapes.

Source: Arjovsky et al. 2017, eq. 2 and 3 [arjovsky2017wgan].

>>> float(wasserstein.discriminator(torch.tensor([3.0]), torch.tensor([1.0])))
-2.0
"""


def _hinge_discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return relu(1 - d_real).mean() + relu(1 + d_fake).mean()


hinge = GANLoss(
    "hinge",
    "hinge",
    _hinge_discriminator,
    _wasserstein_generator,
    targets=(1.0, -1.0),
    blind=(-1.0, 1.0),
    least=0.0,
    third=2 * _KEPT,
    unit="",
    divergence=Divergence("total variation", 1.0, 0.5, ""),
    relativistic=False,
    whole_batch=False,
    saturates=False,
)
"""The hinge game: the discriminator asks for scores beyond the margin and no further,

    L_D = E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))],        L_G = -E[D(G(z))].

Its minimum over D is 2 (1 - TV), at D = sign(p - q); the slope in a score is at most 1, the loss itself
is not bounded. Scores (N,) and (M,) in, dimensionless scalar out; `ValueError` for other shapes.

Source: Lim & Ye 2017 [lim2017].

>>> float(hinge.discriminator(torch.tensor([2.0]), torch.tensor([0.5])))
1.5
"""


def _relativistic_average_discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return softplus(d_fake.mean() - d_real).mean() + softplus(d_fake - d_real.mean()).mean()


def _relativistic_average_generator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return _relativistic_average_discriminator(d_fake, d_real)


relativistic_average = GANLoss(
    "relativistic_average",
    "relativistic average",
    _relativistic_average_discriminator,
    _relativistic_average_generator,
    targets=None,
    blind=(-math.inf, math.inf),
    least=0.0,
    third=_KEPT * math.log(2),
    unit="nats",
    divergence=None,
    relativistic=True,
    whole_batch=True,
    saturates=False,
)
"""Each score against the mean score of the other kind, r = D(x) and f = D(G(z)):

    L_D = E[softplus(-(r - E f))] + E[softplus(f - E r)],        L_G(r, f) = L_D(f, r).

Both terms, without the factor 1/2. The expectations inside are means over the batch, so the loss of a batch
is not the mean of the losses of its parts. Scores (N,) and (M,) in, scalar in nats out; `ValueError` for
other shapes.

Source: Jolicoeur-Martineau 2018 [jolicoeurmartineau2018].

>>> round(float(relativistic_average.discriminator(torch.ones(2), torch.ones(2))), 4)
1.3863
"""


def _relativistic_pairing_discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    if d_real.shape != d_fake.shape:
        raise ValueError(
            "`d_real` and `d_fake` must have the same length, since the relativistic pairing loss compares "
            f"them one by one, got {len(d_real)} and {len(d_fake)}"
        )
    return softplus(d_fake - d_real).mean()


def _relativistic_pairing_generator(d_real: Tensor, d_fake: Tensor) -> Tensor:
    d_real, d_fake = _scores(d_real, d_fake)
    return _relativistic_pairing_discriminator(d_fake, d_real)


relativistic_pairing = GANLoss(
    "relativistic_pairing",
    "relativistic pairing",
    _relativistic_pairing_discriminator,
    _relativistic_pairing_generator,
    targets=None,
    blind=(-math.inf, math.inf),
    least=0.0,
    third=_KEPT * math.log(2),
    unit="nats",
    divergence=Divergence("Jensen-Shannon divergence of pair and swapped pair", math.log(2), 1.0, " nats"),
    relativistic=True,
    whole_batch=False,
    saturates=False,
)
"""Each real score against the score of one generated sample, r = D(x) and f = D(G(z)):

    L_D = E[softplus(-(r - f))],        L_G = E[softplus(-(f - r))].

Scores (N,) and (N,) in, scalar in nats out; `ValueError` for other shapes and for batches of unequal size.

Source: Jolicoeur-Martineau 2018 [jolicoeurmartineau2018]; Huang et al. 2024, eq. 2 [huang2024].

>>> round(float(relativistic_pairing.generator(torch.ones(2), torch.ones(2))), 4)
0.6931
"""

LOSSES: dict[str, GANLoss] = {
    loss.name: loss
    for loss in (
        minimax,
        non_saturating,
        least_squares,
        wasserstein,
        hinge,
        relativistic_average,
        relativistic_pairing,
    )
}
"""The pairs by name.

>>> LOSSES["hinge"] is hinge
True
"""


def find(loss: str | GANLoss) -> GANLoss:
    """The pair of that name, or the pair itself.

    Raises `ValueError` where `loss` is none of `LOSSES`.

    >>> find("hinge") is find(hinge)
    True
    """
    if isinstance(loss, GANLoss):
        return loss
    if loss not in LOSSES:
        raise ValueError(f"`loss` must be one of {', '.join(LOSSES)}, got {loss!r}")
    return LOSSES[loss]


def level_name(value: float) -> str:
    """How a level is called: in logarithms of 2, or as a fraction, where it is one.

    >>> level_name(2 * math.log(2)), level_name(0.125), level_name(0.3333)
    ('2 log 2', '1/8', '0.3333')
    """
    logs = {2 * math.log(2): "2 log 2", math.log(2): "log 2", -math.log(2): "−log 2"}
    fraction = Fraction(value).limit_denominator(16)
    return logs.get(value, str(fraction) if fraction == value else f"{value:g}")


def _named(level: float) -> dict[str, Any] | None:
    return {"value": level, "name": level_name(level)} if math.isfinite(level) else None


def _finite(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def label_smoothing(loss: GANLoss, smoothing: float, *, fake: float = 0.0) -> GANLoss:
    """The same game with smoothed labels: the discriminator's target is 1 - s for real samples, t for others.

        L_D = E[-(1 - s) log D(x) - s log(1 - D(x))] + E[-t log D(G(z)) - (1 - t) log(1 - D(G(z)))]

    The optimal discriminator becomes ((1 - s) p + t q) / (p + q), and the generator's loss stays as it was;
    what is known of the new pair follows from that, but D's loss is no divergence any more. Only the logistic
    losses have a label to smooth. `smoothing`: s in [0, 1). `fake`: t in [0, 1 - s), 0 for one-sided
    smoothing, which is what is recommended: where there are no real samples, D* is t.

    Raises `ValueError` where `loss` is not logistic or smoothed already, or `smoothing` or `fake` is out of
    its range.
    Source: Salimans et al. 2016, section 3.4 [salimans2016].

    >>> smoothed = label_smoothing(non_saturating, 0.1)
    >>> logit = torch.tensor([9.0]).log()  # D = 0.9, the smoothed target
    >>> d = logit.requires_grad_()
    >>> smoothed.discriminator(d, torch.tensor([-200.0])).backward()
    >>> abs(float(d.grad)) < 1e-6
    True
    """
    if not loss.logistic:
        raise ValueError(
            f"`loss` must be one of {', '.join(n for n, other in LOSSES.items() if other.logistic)} to have "
            f"labels that can be smoothed, got {loss.name}"
        )
    if loss.least:
        raise ValueError(f"`loss` must have labels that are not smoothed yet, got {loss.name}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"`smoothing` must be in [0, 1), got {smoothing}")
    told = 1 - smoothing
    if not 0 <= fake < told:
        raise ValueError(f"`fake` must be at least 0 and below the real label, {told:g}, got {fake}")

    def discriminator(d_real: Tensor, d_fake: Tensor) -> Tensor:
        # softplus(a) = a + softplus(-a), so that s moves weight from one term to the other linearly.
        d_real, d_fake = _scores(d_real, d_fake)
        return loss.discriminator(d_real, d_fake) + smoothing * d_real.mean() - fake * d_fake.mean()

    score = math.log((told + fake) / (1 - fake + smoothing))
    kept = (told * _KEPT + fake) / (1 + _KEPT)  # the best D on the mode that is kept
    labels = f"labels {told:g} and {fake:g}" if fake else f"real label {told:g}"
    return loss._replace(
        name=f"{loss.name}, {labels}",
        title=f"{loss.title}, {labels}",
        discriminator=discriminator,
        blind=(score, score),
        least=_entropy(smoothing, smoothing) + _entropy(fake, fake),
        third=_KEPT * _entropy(smoothing, 1 - kept)
        + _entropy(fake, kept)
        + (1 - _KEPT) * _entropy(smoothing, smoothing),
        divergence=None if smoothing or fake else loss.divergence,
    )


def _entropy(share: float, said: float) -> float:
    """The mean cost, in nats, of saying the probability `said` of what has the probability `share`."""
    return -(1 - share) * math.log(1 - said) - (share and share * math.log(said))


def _scores(d_real: Any, d_fake: Any) -> tuple[Tensor, Tensor]:
    d_real, d_fake = _as_real(d_real, "d_real"), _as_real(d_fake, "d_fake")
    for name, scores in (("d_real", d_real), ("d_fake", d_fake)):
        if scores.ndim != 1 or scores.shape[0] == 0:
            raise ValueError(
                f"`{name}` must be raw scores of shape (N,) with N >= 1, got {tuple(scores.shape)}"
                + ("; squeeze the last axis first" if scores.ndim == 2 and scores.shape[1] == 1 else "")
            )
    return d_real, d_fake


def _as_real(x: Any, name: str) -> Tensor:
    """`x` as a tensor of real numbers: a floating-point tensor as it is, integers in the default dtype."""
    if not isinstance(x, Tensor):
        try:
            x = torch.as_tensor(x)
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                f"`{name}` must be a tensor, an array or a list of numbers, got {x!r:.60}"
            ) from None
    if x.is_complex() or x.dtype == torch.bool:
        raise TypeError(f"`{name}` must hold real numbers, got {x.dtype}")
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
