"""Drawing by class and within a bound: against the truncated normal distribution of SciPy."""

import pytest
import torch
from scipy import stats

from ganlab.experiments import EXPERIMENTS, build_game, change
from ganlab.experiments.draws import labels_of, samples_of, stream, truncated

GAME = build_game(change(EXPERIMENTS["shared_ring_projection"], width=8))


@pytest.mark.parametrize("bound", [0.1, 0.7, 2.0])
def test_truncated_latents_have_the_truncated_normal_distribution(bound):
    z = torch.randn(20_000, generator=stream(5), dtype=torch.float64)
    kept = truncated(z, bound)
    assert kept.abs().max() <= bound
    law = stats.truncnorm(-bound, bound)
    assert stats.kstest(kept.numpy(), law.cdf).pvalue > 1e-3
    assert torch.equal(kept.argsort(), z.argsort())  # the order of the latents is kept
    quantiles = torch.tensor(law.ppf(stats.norm.cdf(z[:50].numpy())))
    torch.testing.assert_close(kept[:50], quantiles, rtol=1e-6, atol=1e-9)


def test_a_bound_that_is_far_changes_nothing_and_one_that_is_none_is_refused():
    z = torch.randn(100, generator=stream(5))
    torch.testing.assert_close(truncated(z, 30.0), z, rtol=1e-5, atol=1e-5)
    for bound in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="`truncation` must be positive"):
            truncated(z, bound)


def test_one_class_or_each_in_turn_is_asked_for():
    assert labels_of(GAME, 5).tolist() == [0, 1, 2, 3, 0]
    assert labels_of(GAME, 3, 2).tolist() == [2, 2, 2]
    assert labels_of(build_game(EXPERIMENTS["ring"]), 3) is None
    latents = truncated(torch.randn(6, GAME.latent_dim, generator=stream(), dtype=GAME.dtype), 0.5)
    with torch.no_grad():
        found = GAME.shown(latents, torch.full((6,), 2))
    assert torch.equal(samples_of(GAME, 6, stream(), label=2, truncation=0.5), found)
    with pytest.raises(ValueError, match="`label` must be from 0 to 3, got 4"):
        samples_of(GAME, 6, stream(), label=4)
    with pytest.raises(ValueError, match="`label` must be left out for networks without classes, got 0"):
        samples_of(build_game(EXPERIMENTS["ring"]), 6, stream(), label=0)
