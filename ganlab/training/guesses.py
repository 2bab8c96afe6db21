"""What a pair whose discriminator guesses the classes adds to its two losses.

A discriminator of `ganlab.networks.auxiliary_discriminator` gives, beside its scores, the log-probabilities
(H, N) that its classifiers find for the label of each sample. The first of them, c, learns from real and
generated samples, and both players want it to be right. The second one, t, where there is one, learns from
generated samples alone, and the generator wants it to be wrong: without it the generator is paid for samples
whose class is plain, whatever the data holds.
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["discriminator_guessing", "generator_guessing", "guessing_weight"]


def discriminator_guessing(real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator adds to its loss, a scalar: how badly its classifiers guess.

        -E log c(y | x) - E log c(y | G(z, y)) - E log t(y | G(z, y))

    `real`, `fake`: (H, N) log-probabilities of the labels, H = 1 or 2; with H = 1 there is no last term.
    Source: Odena et al. 2017, equation 3 [odena2017]; the twin, Gong et al. 2019, section 3.2 [gong2019].

    >>> import torch
    >>> half = torch.tensor([[0.5]]).log()
    >>> print(f"{discriminator_guessing(half, half).item():.6f}")  # 2 log 2
    1.386294
    """
    loss = -real[0].mean() - fake[0].mean()
    return loss if len(fake) == 1 else loss - fake[1].mean()


def generator_guessing(fake: Tensor) -> Tensor:
    """What the generator adds to its loss, a scalar.

        -E log c(y | G(z, y)) + E log t(y | G(z, y))

    `fake`: (H, N) log-probabilities of the labels, H = 1 or 2; with H = 1 there is no last term.
    Source: Odena et al. 2017, equation 3 [odena2017]; the twin, Gong et al. 2019, section 3.2 [gong2019].

    >>> import torch
    >>> generator_guessing(torch.tensor([[0.5], [0.5]]).log()).item()
    0.0
    """
    loss = -fake[0].mean()
    return loss if len(fake) == 1 else loss + fake[1].mean()


def guessing_weight(discriminator: nn.Module, weight: float) -> float:
    """The weight of the loss of the guesses in a game: 0 where the discriminator does not guess.

    Raises `ValueError` where it does and the weight is not positive.

    >>> guessing_weight(nn.Linear(2, 1), 1.0)
    0.0
    """
    if not getattr(discriminator, "classifies", False):
        return 0.0
    if not weight > 0:
        raise ValueError(
            f"`class_weight` must be positive, got {weight}: a classifier without a loss tells nothing"
        )
    return weight
