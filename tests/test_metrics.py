"""Distances against closed forms of Gaussians and arrangements counted by hand."""

from aigc_utils import kittens, metrics, models

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


def test_the_kernel_distances_error_holds_the_true_value():
    """On a line, N(0, 1) and N(½, 1): the first three moments differ by ½, ¼ and ⅛ + 3/2."""
    rng, truth = np.random.default_rng(1), 3 * 0.5**2 + 3 * 0.25**2 + 1.625**2
    pairs = [metrics.kernel_distance(rng.normal(0, 1, (300, 1)), rng.normal(0.5, 1, (300, 1)), 20) for _ in range(100)]
    means, errors = np.transpose(pairs)
    assert (np.abs(means - truth) < 2 * errors).mean() > 0.85
    assert 0.7 < errors.mean() / means.std() < 1.7


def test_the_kernel_distance_of_few_samples_has_no_error():
    assert np.isnan(metrics.kernel_distance(np.zeros((3, 1)), np.ones((3, 1)))[1])
    assert np.isnan(metrics.kernel_distance(np.eye(9), np.eye(9), subsets=1)[1])


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


def test_density_and_coverage_counted_by_hand():
    """Balls of radius 1 around 0…3: 0.5 and 1.5 lie in two each, the far ones in none; only the ball of 3 is empty."""
    real = np.array([[0.0], [1.0], [2.0], [3.0]])
    fake = np.array([[0.5], [1.5], [50.0], [51.0]])
    assert metrics.density_coverage(real, fake, neighbours=1) == (1.0, 0.75)


def test_an_outlier_among_the_real_hardly_moves_density():
    """Nine real points 0…8 and one at 100, whose ball of radius 92 swallows fakes at 20: one ball of ten each."""
    real, fake = np.append(np.arange(9.0), 100.0)[:, None], np.full((10, 1), 20.0)
    assert metrics.precision_recall(real, fake, neighbours=1)[0] == 1
    assert metrics.density_coverage(real, fake, neighbours=1) == (1.0, 0.1)
    assert metrics.density_coverage(real, fake, neighbours=2) == (0.5, 0.1)


def test_density_may_exceed_one_and_a_single_fake_is_enough():
    real = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    assert metrics.density_coverage(real, np.zeros((1, 1)), neighbours=2) == (2.0, 1.0)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(6, 40), st.integers(1, 4))
def test_a_copy_of_the_real_is_covered(seed, count, size):
    real = np.random.default_rng(seed).normal(size=(count, size))
    density, coverage = metrics.density_coverage(real, real)
    assert coverage == 1 and density >= (1 + 5) / 5 - 1e-9  # each point lies in its own ball; 5 others, on average


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((5, 2)), np.zeros((5, 2)), "expected \\(samples >= 6"),
        (np.zeros((6, 2)), np.zeros((0, 2)), "expected \\(samples >= 1"),
        (np.zeros((6, 2)), np.full((5, 2), np.nan), "NaN"),
        (np.zeros((6, 3)), np.zeros((5, 2)), "same feature network"),
    ],
)
def test_density_refuses_bad_features(real, fake, message):
    with pytest.raises(ValueError, match=message):
        metrics.density_coverage(real, fake)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros(5), np.zeros((5, 2)), "expected \\(samples"),
        (np.zeros((0, 2)), np.zeros((5, 2)), "expected \\(samples"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "NaN"),
        (np.zeros((5, 3)), np.zeros((5, 2)), "same feature network"),
    ],
)
@pytest.mark.parametrize("measure", [metrics.frechet_distance, metrics.kernel_distance, metrics.precision_recall])
def test_bad_features_are_refused(measure, real, fake, message):
    with pytest.raises(ValueError, match=message):
        measure(real, fake)


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


def test_mutual_information_gap_in_closed_form():
    """Two fair coins: a code that is one of them knows all of it; a copy of that code leaves no gap."""
    coins = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 100)
    gap, shares = metrics.mutual_information_gap(coins + 0.0, coins, bins=2)
    assert gap == pytest.approx(1)
    np.testing.assert_allclose(shares, np.eye(2), atol=1e-9)
    gap, _ = metrics.mutual_information_gap(np.concatenate([coins, coins], axis=1) + 0.0, coins, bins=2)
    assert gap == pytest.approx(0, abs=1e-9)
    three_quarters = np.repeat([0, 0, 0, 1], 100)  # a code that tells apart half of the zeros, nothing more
    code = np.stack([np.repeat([0.0, 0.0, 1.0, 1.0], 100), np.tile([0.0, 1.0], 200)], axis=1)
    joint = 0.5 * np.log(0.5 / (0.5 * 0.75)) + 0.25 * np.log(0.25 / (0.5 * 0.75)) + 0.25 * np.log(0.25 / (0.5 * 0.25))
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert metrics.mutual_information_gap(code, three_quarters[:, None], bins=2)[0] == pytest.approx(joint / entropy)


@pytest.mark.parametrize(
    ("codes", "factors", "words"),
    [
        (np.zeros((4, 2)), np.zeros((3, 1), int), "received factors of int64 .3, 1.; expected integers .4, factors"),
        (np.zeros((4, 2)), np.zeros((4, 1)), "received factors of float64"),
        (np.zeros((4, 2)), np.zeros((4, 1), int), "never changes"),
        (np.full((4, 2), np.nan), np.array([[0], [1], [0], [1]]), "codes holds NaN"),
    ],
)
def test_the_gap_names_bad_input(codes, factors, words):
    with pytest.raises(ValueError, match=words):
        metrics.mutual_information_gap(codes, factors)


# --- memorisation ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    images, _ = kittens.sample(5000, seed=0)
    return images[:600], images[4500:4900]  # training, held out


@pytest.mark.parametrize("kind", ["flip", "shift", "JPEG", "zoom"])
def test_near_copies_are_found_beside_their_original(drawn, kind):
    training, _ = drawn
    copies, kinds = metrics.near_copies(training[:160], seed=1)
    ratios, nearest = metrics.copy_ratios(copies[kinds == kind], training)
    assert (nearest == np.flatnonzero(kinds == kind)).mean() > 0.95
    assert np.median(ratios) < 0.15
    if kind in ("flip", "shift"):  # the search undoes these exactly
        assert ratios.max() < 0.02


def test_near_copies_change_a_little_and_repeat():
    images, _ = kittens.sample(40, seed=5)
    copies, kinds = metrics.near_copies(images, seed=2)
    assert copies.dtype == np.uint8 and copies.shape == images.shape
    assert set(kinds) == {"flip", "shift", "JPEG", "zoom"}
    assert all((copy != image).any() for copy, image in zip(copies, images, strict=True))
    assert (copies[kinds == "flip"] == images[kinds == "flip"][:, :, ::-1]).all()
    assert (metrics.near_copies(images, seed=2)[0] == copies).all()


def test_the_audit_finds_planted_copies_and_clears_new_kittens(drawn):
    training, held_out = drawn
    innocent, _ = kittens.sample(400, seed=9)
    clear = metrics.memorisation_audit(innocent, training, held_out)
    assert clear.p_value > 0.05
    guilty = innocent.copy()
    guilty[:12], _ = metrics.near_copies(training[100:112], seed=3)
    found = metrics.memorisation_audit(guilty, training, held_out)
    assert found.p_value < 0.01
    assert len(set(found.suspects[:12]) & set(range(12))) >= 10
    assert (found.nearest[:12] == np.arange(100, 112)).mean() > 0.8
    assert (np.diff(found.ratios[found.suspects]) >= 0).all()


def test_the_p_value_by_hand():
    """Two samples, two held-out, rank 1: both samples come first in 1/6 of all orders, one or both in ½."""
    assert metrics.judge_ratios(np.array([0.1, 0.2]), np.array([0.3, 0.4]), rank=1).p_value == pytest.approx(1 / 6)
    assert metrics.judge_ratios(np.array([0.1, 0.5]), np.array([0.3, 0.4]), rank=1).p_value == pytest.approx(1 / 2)
    assert metrics.judge_ratios(np.array([0.6, 0.5]), np.array([0.3, 0.4]), rank=1).p_value == 1


def test_the_p_value_is_at_most_the_level_as_often_as_it_says():
    rng = np.random.default_rng(0)
    values = [metrics.judge_ratios(rng.random(200), rng.random(100)).p_value for _ in range(2000)]
    assert np.mean(np.array(values) <= 0.05) == pytest.approx(0.04, abs=0.015)  # discrete: a little below 0.05
    assert np.mean(np.array(values) <= 0.5) == pytest.approx(0.47, abs=0.05)


def test_copy_ratios_by_hand():
    """Flat grey pictures: distances are differences of brightness; 0.1 from the first, 0.2 and 0.3 from the others."""
    grey = np.array([100, 125, 150], np.uint8)[:, None, None, None].repeat(32, 1).repeat(32, 2)
    sample = np.full((1, 32, 32, 1), 75, np.uint8)
    ratios, nearest = metrics.copy_ratios(sample, grey, neighbours=3)
    assert ratios == pytest.approx([25 / 50], abs=1e-3) and nearest == [0]


def test_training_images_prepared_once_give_the_same_ratios(drawn):
    training, held_out = drawn
    prepared = metrics.training_views(training)
    for images in (held_out[:3], training[:2]):
        for one, other in zip(
            metrics.copy_ratios(images, training), metrics.copy_ratios(images, prepared), strict=True
        ):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("samples", "training", "words"),
    [
        (np.zeros((0, 32, 32, 3)), None, r"samples has shape \(0, 32, 32, 3\); expected \(n >= 1"),
        (np.zeros((2, 32, 32)), None, "samples has shape"),
        (np.full((2, 32, 32, 3), np.nan), None, "samples holds NaN"),
        (np.full((2, 32, 32, 3), 2.0), None, r"outside \[-1, 1\]"),
        (None, np.zeros((49, 32, 32, 3), np.uint8), "training has 49 images; expected n >= 50"),
    ],
)
def test_the_audit_names_bad_input(drawn, samples, training, words):
    with pytest.raises(ValueError, match=words):
        metrics.copy_ratios(drawn[0][:2] if samples is None else samples, drawn[0] if training is None else training)


def test_the_audit_refuses_a_rank_beyond_the_held_out_images():
    with pytest.raises(ValueError, match="received rank=3 for 2 held-out images"):
        metrics.judge_ratios(np.ones(5), np.ones(2))


@pytest.mark.parametrize(("ratios", "innocent"), [([], [0.5] * 3), ([np.nan], [0.5] * 3), ([0.5], [np.nan] * 3)])
def test_the_audit_refuses_ratios_that_are_none(ratios, innocent):
    with pytest.raises(ValueError, match="expected what copy_ratios returns"):
        metrics.judge_ratios(np.array(ratios), np.array(innocent))


@pytest.mark.parametrize(
    "images", [np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8, 1), np.uint8), np.zeros((0, 8, 8, 3), "u1")]
)
def test_near_copies_name_bad_input(images):
    with pytest.raises(ValueError, match="expected uint8"):
        metrics.near_copies(images)


# --- area under the curve --------------------------------------------------------------------------------------------


def test_auc_interval_by_hand():
    """Of the four pairs of (1, 3) and (0, 2) three are won; the shares are ½ and 1, and 1 and ½: variance 2·(1/8)/2."""
    auc, least, most = metrics.auc_interval([1.0, 3.0], [0.0, 2.0])
    assert auc == 0.75 and most == 1.0
    assert least == pytest.approx(0.75 - 1.959964 * np.sqrt(0.125), abs=1e-6)
    assert metrics.auc_interval([1.0, 1.0], [1.0, 1.0]) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("positive", [[], [1.0], [np.nan, 1.0], [[1.0, 2.0]]])
def test_auc_interval_names_what_it_received(positive):
    with pytest.raises(ValueError, match="expected two finite scores or more"):
        metrics.auc_interval(positive, [0.0, 1.0])
