"""Tables against closed forms, arrangements counted by hand, and maps that must undo themselves."""

from aigc_utils import tables
from aigc_utils.runtime import keras

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression


def records(count=60, seed=0):
    """Return positive, skewed, correlated records (count, 3)."""
    common = np.random.default_rng(seed).normal(size=(count, 1))
    return np.exp(common + 0.3 * np.random.default_rng(seed + 1).normal(size=(count, 3)))


def test_normal_scores_by_hand():
    """Ranks 2, 1, 3 of three: Φ⁻¹ of 1.5/3, 0.5/3 and 2.5/3; of two equal ones the mean rank counts."""
    assert np.allclose(tables.normal_scores([5.0, 1.0, 70.0]), stats.norm.ppf([1 / 2, 1 / 6, 5 / 6]))
    assert np.allclose(tables.normal_scores([4.0, 4.0]), [0, 0])
    with pytest.raises(ValueError, match="expected finite numbers"):
        tables.normal_scores([1.0, np.nan])


def test_scores_and_back_are_the_records():
    x = records()
    scores = tables.NormalScores(x)
    assert np.allclose(scores.back(scores.forward(x)), x)
    assert (scores.back(np.full((1, 3), 99.0)) == x.max(0)).all()  # nothing leaves the range
    with pytest.raises(ValueError, match="received 2 columns; expected 3"):
        scores.forward(x[:, :2])


def test_ratios_and_back_are_the_records():
    x = records()
    x[0, 2] = 0.0
    ratios = tables.LogRatios(x, [[1, 0, 0], [-1, 1, 0], [0, 0, 1]])
    logs = ratios.forward(x)
    assert np.allclose(logs[:, 1], np.log(x[:, 1] / x[:, 0]))
    assert np.allclose(ratios.back(logs), x, atol=1e-12)
    with pytest.raises(ValueError, match="a logarithm needs"):
        tables.LogRatios(-x, np.eye(3))


def test_cancer_powers_can_be_undone_and_leave_circles_alone():
    powers = tables.cancer_powers()
    assert abs(np.linalg.det(powers)) == pytest.approx(1)
    radius = np.log(7.0)  # a circle: perimeter 2πr, area πr²
    logs = np.zeros(30)
    logs[[0, 2, 3]] = radius, np.log(2 * np.pi) + radius, np.log(np.pi) + 2 * radius
    assert np.allclose((powers @ logs)[[2, 3]], np.log([2 * np.pi, np.pi]))


def test_whitening_and_back():
    x = records()
    white = tables.Whitening(x)
    assert np.allclose(np.cov(white.forward(x), rowvar=False), np.eye(3))
    assert np.allclose(white.back(white.forward(x)), x)


def test_matched_moments_are_those_of_the_records():
    x, y, label = records(80), records(80, seed=5) ** 2, np.arange(80) % 2
    matched = tables.MatchMoments(y, label, x, label)(y, label)
    for c in (0, 1):
        assert np.allclose(matched[label == c].mean(0), x[label == c].mean(0))
        assert np.allclose(np.cov(matched[label == c].T), np.cov(x[label == c].T))


def test_correlation_error_by_hand():
    """Ranks that agree against ranks that are turned round: 1 − (−1) = 2 for the only pair."""
    up = np.arange(10.0)
    assert tables.correlation_error(np.c_[up, up**3], np.c_[up, -up]) == pytest.approx(2)
    assert tables.correlation_error(np.c_[up, up], np.c_[up, np.exp(up)]) == pytest.approx(0)
    with pytest.raises(ValueError, match="received 2 and 3 columns"):
        tables.correlation_error(np.c_[up, up], np.c_[up, up, up])


def test_two_samples_that_differ_are_told_apart_and_the_same_are_not():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(100, 2))
    for shift, least, most in ((6.0, 0.99, 1.0), (0.0, 0.3, 0.65)):
        a, b = tables.two_sample_scores(real, rng.normal(size=(80, 2)) + shift, LogisticRegression())
        assert len(a) == 100 and len(b) == 80
        assert least <= (b[:, None] > a).mean() <= most


def test_nearest_distances_by_hand():
    """log(1 + x/median) with median 1: 0, log 2 and log 4 in the only column, whose deviation is the unit."""
    training = np.array([[0.0], [1.0], [3.0]])
    unit = np.std(np.log([1.0, 2.0, 4.0]))
    assert np.allclose(tables.nearest_distances(training, [[1.0]], training), np.log([2, 1, 2]) / unit)
    assert np.allclose(tables.nearest_distances(training, training, training, skip=1), np.log([2, 2, 2]) / unit)


def test_a_vae_learns_where_the_records_are():
    rng, label = np.random.default_rng(0), np.arange(200) % 2
    x = rng.normal(size=(200, 2)) * 0.3 + np.where(label[:, None] == 1, 2.0, -2.0)
    vae = tables.TableVAE(2, latent_dim=2, width=8)
    vae.compile(keras.optimizers.Adam(1e-2))
    tables.fit(vae, x, label, steps=200, batch_size=32)
    drawn = vae.sample(label, seed=1)
    assert drawn.shape == (200, 2) and (drawn == vae.sample(label, seed=1)).all()
    for c, place in ((1, 2.0), (0, -2.0)):
        assert np.allclose(drawn[label == c].mean(0), place, atol=0.3)
        assert (drawn[label == c].std(0) < 1).all()
