"""Truth here: NumPy's moments, SciPy's matrix square root, and files as other tools write them."""

import io

import numpy as np
import pytest
import torch
from scipy import linalg
from torch.testing import assert_close

from ganlab.evaluation.moments import Moments, frechet, of_features, read, write


def features(seed, n=200, f=6):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, f)) @ rng.normal(size=(f, f)) + rng.normal(size=f)


def by_square_root(x, y):
    """The distance as it is usually computed: |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)), by SciPy."""
    (m, c), (n, d) = ((z.mean(0), np.atleast_2d(np.cov(z, rowvar=False))) for z in (x, y))
    root = linalg.sqrtm(c @ d)
    return np.sum((m - n) ** 2) + np.trace(c + d - 2 * root.real)


@pytest.mark.parametrize(("f", "n"), [(1, 50), (6, 200), (40, 300)])
def test_the_distance_of_moments_is_that_of_scipys_square_root(f, n):
    x, y = features(0, n, f), features(1, n, f) * 0.7
    assert_close(frechet(of_features(x), of_features(y)), by_square_root(x, y), rtol=1e-8, atol=1e-9)
    assert frechet(of_features(x), of_features(x)) == pytest.approx(0, abs=1e-9)


def test_moments_are_those_of_numpy():
    x = features(2)
    found = of_features(torch.from_numpy(x))
    np.testing.assert_allclose(found.mean, x.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(x, rowvar=False), rtol=1e-12, atol=1e-12)
    assert found.covariance.dtype == torch.float64
    assert of_features(torch.from_numpy(x).float()).mean.dtype == torch.float64


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_files_of_other_tools_are_read(save, dtype, tmp_path):
    x, y = features(3), features(4)
    save(
        tmp_path / "real.npz",
        mu=x.mean(0).astype(dtype),
        sigma=np.cov(x, rowvar=False).astype(dtype),
        count=len(x),  # not ours to ask for
    )
    near = 1e-9 if dtype == np.float64 else 1e-4
    found = frechet(read(tmp_path / "real.npz"), of_features(y))
    assert_close(found, by_square_root(x, y), rtol=near, atol=0)


def test_what_is_written_is_read_by_numpy_as_mu_and_sigma(tmp_path):
    x = features(5)
    write(tmp_path / "real.npz", of_features(x))
    with np.load(tmp_path / "real.npz", allow_pickle=False) as stored:
        assert sorted(stored) == ["mu", "sigma"]
        assert stored["mu"].dtype == stored["sigma"].dtype == np.float64
        np.testing.assert_allclose(stored["sigma"], np.cov(x, rowvar=False), rtol=1e-12)
    assert [path.name for path in tmp_path.iterdir()] == ["real.npz"]
    assert_close(read(tmp_path / "real.npz"), of_features(x), rtol=1e-14, atol=1e-14)


def test_a_singular_covariance_that_was_rounded_to_float32_is_read(tmp_path):
    x, y = features(6, n=20, f=30), features(7, n=400, f=30)  # fewer samples than features: rank 19
    rounded = np.cov(x, rowvar=False).astype(np.float32)
    assert np.linalg.eigvalsh(rounded.astype(np.float64))[0] < 0
    np.savez(tmp_path / "few.npz", mu=x.mean(0), sigma=rounded)
    stored = read(tmp_path / "few.npz")
    assert_close(frechet(stored, of_features(y)), by_square_root(x, y), rtol=1e-3, atol=0)


def held(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def one_array():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


MU, SIGMA = np.zeros(3), np.eye(3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"real\.npz must be a \.npz file with `mu` and `sigma`: "),
        (b"mu sigma", r"real\.npz must be a \.npz file with `mu` and `sigma`: "),
        (held(mu=MU, sigma=SIGMA)[:-40], r"real\.npz must be a \.npz file with `mu` and `sigma`: "),
        (one_array(), "it is one array, and no archive of several"),
        (held(mu=MU), "it has no `sigma`, only mu"),
        (held(sigma=SIGMA, m=MU), "it has no `mu`, only sigma, m"),
        (held(mu=SIGMA, sigma=SIGMA), r"`mu` of .*real\.npz must have shape \(F,\), got \(3, 3\)"),
        (held(mu=MU, sigma=MU), r"`sigma` of .* must have shape \(3, 3\) beside `mu`, got \(3,\)"),
        (held(mu=MU, sigma=np.eye(4)), r"must have shape \(3, 3\) beside `mu`, got \(4, 4\)"),
        (held(mu=MU, sigma=np.eye(3, 4)), r"must have shape \(3, 3\) beside `mu`, got \(3, 4\)"),
        (held(mu=MU.astype(int), sigma=SIGMA), "`mu` of .* must be floating-point numbers, got int64"),
        (held(mu=MU, sigma=np.array([{}])), "must be a .npz file with `mu` and `sigma`: "),
        (held(mu=MU * np.nan, sigma=SIGMA), "`mu` of .* must be finite, got infinity or NaN"),
        (held(mu=MU, sigma=np.full((3, 3), np.inf)), "`sigma` of .* must be finite, got infinity or NaN"),
        (held(mu=MU, sigma=np.tri(3)), "`sigma` of .* must be symmetric, got a difference of 1"),
        (held(mu=MU, sigma=SIGMA - 2), "must be positive semi-definite, got an eigenvalue -5"),
    ],
)
def test_a_file_of_something_else_is_refused_by_name_and_left_alone(content, message, tmp_path):
    (tmp_path / "real.npz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "real.npz")
    assert (tmp_path / "real.npz").read_bytes() == content


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match=r"real\.npz"):
        read(tmp_path / "real.npz")


def test_other_features_other_shapes_and_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match="`second` must be of 6 features, as `first`, got 5"):
        frechet(of_features(features(0)), of_features(features(1, f=5)))
    with pytest.raises(ValueError, match=r"`moments` must be a mean \(F,\) and a covariance \(F, F\), got"):
        write(tmp_path / "a.npz", Moments(torch.zeros(3), torch.eye(2)))
    with pytest.raises(
        ValueError, match=r"`features` must have shape \(N, F\) with N at least 2, got \(1, 6"
    ):
        of_features(features(0, n=1))
    with pytest.raises(ValueError, match="`features` must be finite"):
        of_features([[0.0], [float("nan")]])
    assert not list(tmp_path.iterdir())


# --- Through the features of FID ---


def test_fid_against_a_file_is_fid_against_the_images_that_it_sums_up(tmp_path, pixels, rng):
    from ganlab.evaluation.metrics import fid_kid, inception_features

    real, fake = (2 * torch.rand(n, 1, 2, 2, generator=rng) - 1 for n in (60, 50))
    write(tmp_path / "real.npz", of_features(inception_features(real, extractor=pixels)))
    found = frechet(
        read(tmp_path / "real.npz"), of_features(inception_features(fake, extractor=pixels, batch_size=7))
    )
    assert_close(found, fid_kid(real, fake, extractor=pixels).fid, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("held_there", "message"),
    [
        (b"not weights", "`weights` must be a file that PyTorch wrote, got "),
        ({"fc.weight": torch.zeros(10, 64)}, r"with `fc.weight` \(1008, 2048\), got .* with \(10, 64\)"),
        ([1.0], r"with `fc.weight` \(1008, 2048\), got .* with none"),
    ],
)
def test_a_file_of_other_weights_is_refused_by_name(held_there, message, tmp_path, rng):
    from ganlab.evaluation.metrics import fid_kid, inception_features

    path, images = tmp_path / "weights.pth", 2 * torch.rand(2, 3, 8, 8, generator=rng) - 1
    if isinstance(held_there, bytes):
        path.write_bytes(held_there)
    else:
        torch.save(held_there, path)
    for measure in (
        lambda **given: fid_kid(images, images, **given),
        lambda **g: inception_features(images, **g),
    ):
        with pytest.raises(ValueError, match=message):
            measure(weights=path)
        with pytest.raises(OSError, match="nowhere"):
            measure(weights=tmp_path / "nowhere.pth")


@pytest.mark.slow
def test_weights_of_the_network_are_read_from_their_file_without_a_network(tmp_path, rng, monkeypatch):
    from torch_fidelity import feature_extractor_inceptionv3 as inception

    from ganlab.evaluation.metrics import inception_features

    torch.set_default_dtype(torch.float32)
    with monkeypatch.context() as patch:  # the network with random weights, since the real ones are elsewhere
        patch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(inception.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = inception.FeatureExtractorInceptionV3("any", ["2048"], verbose=False)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    images = torch.randint(0, 256, (3, 3, 8, 8), generator=rng, dtype=torch.uint8)
    (wanted,) = network(images)
    found = inception_features(images / 127.5 - 1, weights=tmp_path / "weights.pth")
    assert found.shape == (3, 2048)
    assert_close(found, wanted, rtol=1e-4, atol=1e-5)
