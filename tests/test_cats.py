"""The second leg of the cats' generator: the distance that it descends, the shifts, and the test that looks at it."""

import sys
from pathlib import Path

from aigc_utils import metrics
from aigc_utils.runtime import keras, tf
from tools import pretrain

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import cats


@pytest.fixture(scope="module")
def two_sets():
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 6)), rng.normal(0.3, 1.4, size=(300, 6)) @ np.diag([1, 2, 1, 1, 1, 0.5])


def test_the_share_is_the_frechet_distance_over_the_real_spread(two_sets):
    real, made = two_sets
    expected = metrics.frechet_distance(real, made) / np.trace(np.cov(real, rowvar=False))
    share = pretrain.distance_share(tf.constant(made, tf.float32), pretrain.moments(real))
    assert float(share) == pytest.approx(expected, rel=1e-3)


def test_descending_the_share_brings_the_sets_together(two_sets):
    real, made = two_sets
    wanted, points = pretrain.moments(real), tf.Variable(made.astype(np.float32))
    before = float(pretrain.distance_share(points, wanted))
    adam = keras.optimizers.Adam(0.05)
    for _ in range(100):
        with tf.GradientTape() as tape:
            share = pretrain.distance_share(points, wanted)
        adam.apply([tape.gradient(share, points)], [points])
    assert before > 0.3 and float(pretrain.distance_share(points, wanted)) < 0.01


def test_shifted_pictures_are_windows_of_the_padded_picture_or_of_its_mirror_image():
    pictures = np.random.default_rng(1).normal(size=(12, 8, 8, 3)).astype(np.float32)
    for picture, moved in zip(pictures, pretrain.shifted(tf.constant(pictures), [3, 4]).numpy(), strict=True):
        windows = [
            np.pad(one, ((2, 2), (2, 2), (0, 0)), "symmetric")[down : down + 8, right : right + 8]
            for one in (picture, picture[:, ::-1])
            for down in range(5)
            for right in range(5)
        ]
        assert sum(np.array_equal(window, moved) for window in windows) == 1
    assert len({moved.tobytes() for moved in pretrain.shifted(tf.ones((9, 8, 8, 3)), [1, 2]).numpy()}) == 1


def test_the_two_sample_test_tells_dark_from_bright_and_not_dark_from_dark(monkeypatch):
    monkeypatch.setattr(cats, "STEPS", 12)
    monkeypatch.setattr(cats, "BATCH", 16)
    rng = np.random.default_rng(2)
    dark, again, new, newer = (rng.normal(-0.5, 0.1, (100, 32, 32, 3)).astype(np.float32) for _ in range(4))
    assert cats.told_apart(dark, -again, new, -newer, seed=0) > 0.95
    assert 0.35 < cats.told_apart(dark, again, new, newer, seed=0) < 0.65
