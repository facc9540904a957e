"""Distances against closed forms of Gaussians and arrangements counted by hand."""

from aigc_utils import checks, kittens, metrics, models

import numpy as np
import pytest
from defined import in_notebook
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mutual_info_score

gap_of = in_notebook("03", "gap_of", np=np)
mutual_information_gap = in_notebook(
    "03",
    "mutual_information_gap",
    np=np,
    checks=checks,
    stats=stats,
    mutual_info_score=mutual_info_score,
    gap_of=gap_of,
)


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


def test_a_basic_interval_is_mirrored_about_the_figure():
    drawn = np.linspace(1, 3, 41)  # mean 2; 2.5 % and 97.5 % of them: 1.05 and 2.95
    assert metrics.basic_interval(1.5, drawn) == pytest.approx([3 - 2, 3 - 2.95, 3 - 1.05])


def test_features_drawn_again_are_those_of_one_draw_of_the_real_ones():
    """Sets that do not vary lie 2 and 8 apart in every draw; a set drawn like the real ones follows the same draws."""
    zeros, rng = np.zeros((6, 2)), np.random.default_rng(0)
    assert metrics.resampled(zeros, [zeros + 1, zeros + 2], rng, 5).tolist() == [[2, 8]] * 5
    real, made = rng.normal(size=(2, 40, 3))
    drawn = metrics.resampled(real, [made, made + 1], np.random.default_rng(1), 3)
    again = np.random.default_rng(1)
    for row in drawn:
        first, one, other = (part[again.integers(40, size=40)] for part in (real, made, made + 1))
        assert row == pytest.approx([metrics.frechet_distance(first, one), metrics.frechet_distance(first, other)])


def test_paired_sets_are_drawn_by_the_same_rows():
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=(2, 40, 3))
    drawn = metrics.resampled(real, [made, made.copy()], np.random.default_rng(1), 4, paired=True)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    assert len(set(drawn[:, 0])) == 4
    assert metrics.resampled(real, [made, made], np.random.default_rng(1), 4).std(axis=1).min() > 0
    with pytest.raises(ValueError, match=r"sets of \[39, 40\] samples; expected equally many"):
        metrics.resampled(real, [made, made[1:]], rng, paired=True)


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
        (np.zeros((5, 2)), np.zeros((5, 2)), "expected \\(n >= 6"),
        (np.zeros((6, 2)), np.zeros((0, 2)), "expected \\(n >= 1"),
        (np.zeros((6, 2)), np.full((5, 2), np.nan), "NaN"),
        (np.zeros((6, 3)), np.zeros((5, 2)), "fake of shape .5, 2.; expected .n >= ., 3. numbers"),
    ],
)
def test_density_refuses_bad_features(real, fake, message):
    with pytest.raises(ValueError, match=message):
        metrics.density_coverage(real, fake)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros(5), np.zeros((5, 2)), "expected \\(n >= "),
        (np.zeros((0, 2)), np.zeros((5, 2)), "expected \\(n >= "),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "NaN"),
        (np.zeros((5, 3)), np.zeros((5, 2)), "fake of shape .5, 2.; expected .n >= ., 3. numbers"),
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
    for wrong in (images.astype(np.int64), images.astype(np.uint16), images.astype(np.float32)):
        with pytest.raises(ValueError, match="expected .*uint8"):
            network.features(wrong)
    with pytest.warns(UserWarning, match="read as .-1, 1."):
        network.features(images / 255.0)


def test_mutual_information_gap_in_closed_form():
    """Two fair coins: a code that is one of them knows all of it; a copy of that code leaves no gap."""
    coins = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 100)
    gap, shares = mutual_information_gap(coins + 0.0, coins, bins=2)
    assert gap == pytest.approx(1)
    np.testing.assert_allclose(shares, np.eye(2), atol=1e-9)
    gap, _ = mutual_information_gap(np.concatenate([coins, coins], axis=1) + 0.0, coins, bins=2)
    assert gap == pytest.approx(0, abs=1e-9)
    three_quarters = np.repeat([0, 0, 0, 1], 100)  # a code that tells apart half of the zeros, nothing more
    code = np.stack([np.repeat([0.0, 0.0, 1.0, 1.0], 100), np.tile([0.0, 1.0], 200)], axis=1)
    joint = 0.5 * np.log(0.5 / (0.5 * 0.75)) + 0.25 * np.log(0.25 / (0.5 * 0.75)) + 0.25 * np.log(0.25 / (0.5 * 0.25))
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert mutual_information_gap(code, three_quarters[:, None], bins=2)[0] == pytest.approx(joint / entropy)


@pytest.mark.parametrize(
    ("codes", "factors", "words"),
    [
        (np.zeros((4, 2)), np.zeros((3, 1), int), "received factors of int64 .3, 1.; expected integers .4, factors"),
        (np.zeros((4, 2)), np.zeros((4, 1)), "received factors of float64"),
        (np.zeros((4, 2)), np.zeros((4, 1), int), "never changes"),
        (np.full((4, 2), np.nan), np.array([[0], [1], [0], [1]]), "codes with NaN"),
    ],
)
def test_the_gap_names_bad_input(codes, factors, words):
    with pytest.raises(ValueError, match=words):
        mutual_information_gap(codes, factors)


def test_a_constant_code_knows_nothing_however_the_records_are_sorted():
    """One code is 0 throughout, the other the factor: shares 0 and 1, a gap of 1; two constants leave none."""
    factor = np.repeat(np.arange(4), 50)[:, None]
    gap, shares = mutual_information_gap(np.column_stack([np.zeros(200), factor]), factor)
    assert gap == pytest.approx(1) and shares[0, 0] == 0
    assert mutual_information_gap(np.zeros((200, 2)), factor)[0] == 0


def test_a_code_of_few_values_keeps_them():
    """A coin that falls heads in nine of ten is known by its own code in full, with any number of bins."""
    coin = (np.arange(200) % 10 > 0).astype(int)[:, None]
    for bins in (2, 3, 20):
        gap, _ = mutual_information_gap(np.column_stack([coin, np.zeros(200)]), coin, bins)
        assert gap == pytest.approx(1)


def test_too_few_records_for_the_bins_are_refused():
    factor = np.arange(10)[:, None] % 2
    with pytest.raises(ValueError, match="received 10 records for 20 bins; expected five a bin"):
        mutual_information_gap(np.random.default_rng(0).normal(size=(10, 2)), factor)


def awkward(columns, least=1, most=40):
    """Return a strategy of tables full of ties: constants, duplicates, sorted records, few records."""
    values = st.sampled_from([-3.0, 0.0, 0.1, 0.5, 1e6])
    rows = st.lists(values, min_size=columns, max_size=columns)
    tables = st.lists(rows, min_size=least, max_size=most).map(np.array)
    return st.one_of(tables, tables.map(lambda x: np.sort(x, axis=0)), tables.map(lambda x: np.repeat(x, 3, axis=0)))


def said(measure, *arguments):
    """Return a measure's result, or None where it refuses by a sentence."""
    try:
        return measure(*arguments)
    except ValueError as error:
        assert "expected" in str(error) or "a gap needs two" in str(error)
        return None


FAR = [[-3.0, -3.0]] * 5 + [[-3.0, 0.0]] * 2 + [[1e6, 1e6]]  # one point far out: variances of 10¹¹ that cancel
NEAR = [[-3.0, -3.0]] * 7 + [[1e6, 1e6]]


@settings(deadline=None, max_examples=40)
@given(awkward(2), awkward(2))
@example(np.array(FAR), np.array(NEAR))
def test_no_distance_is_a_wrong_number(real, fake):
    for measure in (metrics.precision_recall, metrics.density_coverage):
        found = said(measure, real, fake)
        needed = 4 if measure is metrics.precision_recall else 6
        assert (found is None) == (len(real) < needed or (needed == 4 and len(fake) < 4))
        assert found is None or (min(found) >= 0 and found[1] <= 1)
        itself = said(measure, real, real)  # a copy lies in every ball that its twin has, also in one of radius 0
        assert itself is None or (itself[1] == 1 and itself[0] >= 1)
    distance = said(metrics.frechet_distance, real, fake)
    assert (distance is None) == (min(len(real), len(fake)) < 2)
    if distance is not None:
        apart = ((real.mean(0) - fake.mean(0)) ** 2).sum()
        assert distance >= apart * (1 - 1e-9) - 1e-3 and np.isfinite(metrics.kernel_distance(real, fake, 2)[0])
        assert metrics.frechet_distance(real, real) <= 1e-6 * (1 + np.trace(np.cov(real.T)))


@settings(deadline=None, max_examples=40)
@given(awkward(3, most=30), st.integers(2, 8), st.integers(0, 99))
def test_the_gap_does_not_depend_on_the_order_of_the_records(table, bins, seed):
    codes, factors = table[:, :2], (table[:, 2:] > 0).astype(int)
    found = said(mutual_information_gap, codes, factors, bins)
    assert (found is None) == (len(table) < 5 * bins or len(np.unique(factors)) < 2)
    if found is not None:
        order = np.random.default_rng(seed).permutation(len(table))
        assert mutual_information_gap(codes[order], factors[order], bins)[0] == pytest.approx(found[0], abs=1e-9)
        assert 0 <= found[0] <= 1 + 1e-9 and (found[1] > -1e-9).all() and (found[1] < 1 + 1e-9).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: metrics.kernel_distance(x, x, subsets=0), "subsets = 0"),
        (lambda x: metrics.kernel_distance(x, x, subset_size=1), "subset_size = 1"),
        (lambda x: metrics.precision_recall(x, x, neighbours=0), "neighbours = 0"),
        (lambda x: metrics.density_coverage(x, x, neighbours=2.5), "neighbours = 2.5"),
        (lambda x: mutual_information_gap(x, x.astype(int), bins=1), "bins = 1"),
        (lambda x: metrics.auc_interval(x[:, 0], x[:, 0], 95), "confidence = 95"),
        (lambda x: metrics.judge_ratios(x[:, 0] + 1, x[:, 0] + 1, rank=1.5), "rank=1.5"),
    ],
)
def test_settings_that_cannot_be_are_refused(call, words):
    with pytest.raises(ValueError, match=f"received {words}"):
        call(np.arange(20.0).reshape(10, 2) % 3)


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


@pytest.fixture(scope="module")
def infected(drawn):
    """Return 120 samples: 20 copies, 20 near-copies of the first training pictures, 80 new ones."""
    training, held_out = drawn
    near, _ = metrics.near_copies(training[20:40], seed=1)
    return np.concatenate([training[:20], near, held_out[:80]])


def test_the_audit_refuses_held_out_pictures_that_were_trained_on(drawn, infected):
    """Ten of them among 310 held the threshold so low that nothing was flagged; mirrored ones count as well."""
    training, held_out = drawn
    clean = metrics.memorisation_audit(infected, training, held_out[80:])
    assert len(set(clean.suspects) & set(range(40))) >= 38 and clean.p_value < 1e-6
    assert (clean.ratios[:20] == 0).all()
    overlap = np.concatenate([training[100:105], training[105:110, :, ::-1], held_out[80:]])
    with pytest.raises(ValueError, match=r"10 of 330 held-out images are training images .*held_out\[innocent > 0\]"):
        metrics.memorisation_audit(infected, training, overlap)


def test_a_picture_that_is_49_times_in_training_counts_once(drawn, infected):
    training, held_out = drawn
    often = np.concatenate([training[:1]] * 24 + [training[:1, :, ::-1]] * 24 + [training])
    samples = infected.copy()
    samples[:20], _ = metrics.near_copies(training[:1].repeat(20, axis=0), seed=2)
    with pytest.warns(UserWarning, match="48 of 648 training images repeat another one"):
        found = metrics.memorisation_audit(samples, often, held_out[80:])
    assert len(set(found.suspects) & set(range(20))) >= 18
    assert (found.nearest[:20] == 0).all() and (found.nearest[20:40] == np.arange(68, 88)).mean() > 0.9


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
        (np.zeros((0, 32, 32, 3)), None, r"samples of shape \(0, 32, 32, 3\); expected .*n >= 1"),
        (np.zeros((2, 32)), None, "samples of shape"),
        (np.full((2, 32, 32, 3), np.nan), None, "samples from nan to nan"),
        (np.full((2, 32, 32, 3), 2.0), None, r"samples from 2 to 2; expected \[-1, 1\]"),
        (None, kittens.sample(49, seed=1)[0], "training has 49 different images; expected n >= 50"),
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
    with pytest.raises(ValueError, match="expected uint8|n >= 1"):
        metrics.near_copies(images)


# --- area under the curve --------------------------------------------------------------------------------------------


def test_auc_interval_by_hand():
    """Of the four pairs of (1, 3) and (0, 2) three are won; the shares are ½ and 1, and 1 and ½: variance 2·(1/8)/2."""
    auc, least, most = metrics.auc_interval([1.0, 3.0], [0.0, 2.0])
    assert auc == 0.75 and most == 1.0
    assert least == pytest.approx(0.75 - 1.959964 * np.sqrt(0.125), abs=1e-6)


@pytest.mark.parametrize("positive", [[], [1.0], [np.nan, 1.0], [[1.0, 2.0]]])
def test_auc_interval_names_what_it_received(positive):
    with pytest.raises(ValueError, match="expected .n >= 2,. finite numbers"):
        metrics.auc_interval(positive, [0.0, 1.0])


@pytest.mark.parametrize(("positive", "auc"), [(1.0, 1.0), (-1.0, 0.0), (0.0, 0.5)])
def test_the_auc_interval_where_all_pairs_agree(positive, auc):
    """Clopper and Pearson for k of k pairs, k = min(m, n) = 10: at least (α/2)^(1/10) of all pairs agree."""
    agree = 0.025**0.1
    found = metrics.auc_interval(np.full(10, positive), np.zeros(300))
    assert found == pytest.approx((auc, agree * auc, agree * auc + 1 - agree))
    assert found[0] - found[1] > 0.1 or found[2] - found[0] > 0.1


def test_the_auc_interval_of_agreement_holds_the_truth():
    """AUC 0.95, five scores each: DeLong's interval of width 0 would miss it whenever all 25 pairs agree."""
    rng, shift = np.random.default_rng(0), 2.326  # Φ(2.326/√2) = 0.95
    found = np.array([metrics.auc_interval(rng.normal(shift, 1, 5), rng.normal(0, 1, 5)) for _ in range(300)])
    agreed = found[:, 0] == 1
    assert agreed.sum() > 90 and (found[agreed, 1] < 0.95).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([0.0, 0.1, 1.0]), max_size=12), st.lists(st.sampled_from([0.0, 0.1, 1.0]), max_size=12))
def test_the_auc_interval_is_never_a_point(positive, negative):
    found = said(metrics.auc_interval, positive, negative)
    assert (found is None) == (min(len(positive), len(negative)) < 2)
    if found is not None:
        auc, least, most = found
        assert 0 <= least <= auc <= most <= 1 and least < most
        assert metrics.auc_interval(negative, positive)[0] == pytest.approx(1 - auc)


def test_an_audit_in_blocks_finds_the_same(monkeypatch):
    images = kittens.sample(60, seed=4)[0]
    samples, training = images[:12], images[5:]
    whole = metrics.copy_ratios(samples, training)
    monkeypatch.setattr(metrics, "AT_ONCE", 7)
    parts = metrics.copy_ratios(samples, training)
    np.testing.assert_allclose(parts[0], whole[0], atol=1e-6)
    np.testing.assert_array_equal(parts[1], whole[1])
    assert (parts[0][5:] == 0).all() and parts[1][5:].tolist() == list(range(7))
