"""Distances against closed forms of Gaussians and arrangements counted by hand."""

from aigc_utils import metrics, models

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def exact(mean, variances):
    """Return points whose sample mean and (diagonal) sample covariance are exactly those given."""
    size = len(mean)
    points = np.concatenate([np.eye(size), -np.eye(size)]) * np.sqrt((2 * size - 1) / 2)
    return points * np.sqrt(variances) + mean


def test_frechet_of_gaussians_in_closed_form():
    """Diagonal covariances: ‖μ₁ − μ₂‖² + Σ(σ₁ − σ₂)²."""
    a = exact(np.array([0.0, 1.0, 2.0]), np.array([1.0, 4.0, 9.0]))
    b = exact(np.array([1.0, 1.0, 0.0]), np.array([4.0, 4.0, 1.0]))
    assert metrics.frechet_distance(a, b) == pytest.approx(5 + (1 + 0 + 4), rel=1e-9)


def test_frechet_with_a_rotated_covariance():
    """Non-diagonal: Σ₁ = I, Σ₂ = RDRᵀ gives Tr(I) + Tr(D) − 2 Tr(D^½) whatever the rotation."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    a = exact(np.zeros(3), np.ones(3))
    b = exact(np.zeros(3), np.array([1.0, 4.0, 16.0])) @ turn
    assert metrics.frechet_distance(a, b) == pytest.approx(0 + 1 + 9, rel=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(1, 6))
def test_frechet_is_a_symmetric_distance(seed, count, size):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(count, size)), rng.normal(1, 2, size=(count + 1, size))
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-5)
    assert metrics.frechet_distance(a, b) == pytest.approx(metrics.frechet_distance(b, a), rel=1e-4, abs=1e-5)
    assert metrics.frechet_distance(a, b) > 0


def test_kernel_distance_by_hand():
    """One feature, two points each, one subset: k(x, y) = (xy + 1)³."""
    x, y = np.array([[0.0], [1.0]]), np.array([[2.0], [-1.0]])
    within_x, within_y = 1.0, (-2 + 1) ** 3
    between = np.mean([1, 1, 27, 0])
    mean, _ = metrics.kernel_distance(x, y, subsets=1)
    assert mean == pytest.approx(within_x + within_y - 2 * between)


def test_kernel_distance_is_unbiased_for_equal_distributions():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4000, 8)), rng.normal(size=(4000, 8))
    mean, error = metrics.kernel_distance(a, b)
    assert abs(mean) < 4 * error
    far, _ = metrics.kernel_distance(a, b + 1)
    assert far > 50 * abs(mean)


def test_precision_and_recall_counted_by_hand():
    """Balls of radius 1 (first neighbour) around 0…3; fakes at 0.5, 1.5 (1 apart) and far away at 50, 51."""
    real = np.array([[0.0], [1.0], [2.0], [3.0]])
    fake = np.array([[0.5], [1.5], [50.0], [51.0]])
    assert metrics.precision_recall(real, fake, neighbours=1) == (0.5, 0.75)


def test_collapsed_samples_have_no_recall():
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(200, 4)), rng.normal(scale=0.01, size=(200, 4))
    precision, recall = metrics.precision_recall(real, fake)
    assert precision > 0.95 and recall < 0.05


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros(5), np.zeros((5, 2)), "expected \\(samples"),
        (np.zeros((0, 2)), np.zeros((5, 2)), "expected \\(samples"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "NaN"),
        (np.zeros((5, 3)), np.zeros((5, 2)), "same feature network"),
    ],
)
def test_bad_features_are_refused(real, fake, message):
    with pytest.raises(ValueError, match=message):
        metrics.frechet_distance(real, fake)


def test_feature_network_takes_bytes_and_floats_alike():
    network = metrics.as_feature_network(models.classifier({"class": 3}, widths=(4, 8), name="tiny"))
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    assert str(network) == "tiny, layer features"
    assert network.features(images).shape == (5, 8)
    np.testing.assert_allclose(
        network.features(images), network.features(images.astype(np.float32) / 127.5 - 1), atol=1e-5
    )
    assert network.probabilities(images)["class"].shape == (5, 3)
    with pytest.raises(ValueError, match="expects"):
        network.features(images[:, :16])
