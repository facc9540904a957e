"""Tables against closed forms, arrangements counted by hand, and maps that must undo themselves."""

import warnings

from aigc_utils import tables
from aigc_utils.runtime import keras
from benchmarks import medicine
from benchmarks.clinic import correlation_error

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier


def records(count=60, seed=0):
    """Return positive, skewed, correlated records (count, 3)."""
    common = np.random.default_rng(seed).normal(size=(count, 1))
    return np.exp(common + 0.3 * np.random.default_rng(seed + 1).normal(size=(count, 3)))


def test_normal_scores_by_hand():
    """Ranks 2, 1, 3 of three: Φ⁻¹ of 1.5/3, 0.5/3 and 2.5/3; of two equal ones the mean rank counts."""
    assert np.allclose(medicine.normal_scores([5.0, 1.0, 70.0]), stats.norm.ppf([1 / 2, 1 / 6, 5 / 6]))
    assert np.allclose(medicine.normal_scores([4.0, 4.0]), [0, 0])
    with pytest.raises(ValueError, match="expected .n >= 1,. finite numbers"):
        medicine.normal_scores([1.0, np.nan])


def test_scores_and_back_are_the_records():
    x = records()
    scores = tables.NormalScores(x)
    assert np.allclose(scores.back(scores.forward(x)), x, rtol=1e-9, atol=0)
    with pytest.raises(ValueError, match=r"of shape \(60, 2\); expected \(n >= 1, 3\)"):
        scores.forward(x[:, :2])


def test_beyond_the_records_a_column_goes_on_at_its_own_slope():
    """Halves from ½ to 4½ are almost a line in their scores; beyond 4½ that of the last five goes on."""
    x = np.arange(1.0, 10)[:, None] / 2
    scores, ends = tables.NormalScores(x), stats.norm.ppf([4.5 / 9, 8.5 / 9])
    slope = (4.5 - 2.5) / (ends[1] - ends[0])
    assert np.allclose(scores.back(ends[1:, None] + [[0.5]]), 4.5 + 0.5 * slope)
    assert np.allclose(tables.NormalScores(x - 20).back(-ends[1:, None] - [[0.5]]), -19.5 - 0.5 * slope)
    below = scores.back(-ends[1] - np.array([[0.01], [0.5], [2.0], [9.0]]))[:, 0]  # towards 0, and never there
    assert (np.diff(below) < 0).all() and below[0] > 0.475 and below[-1] > 0
    assert (tables.NormalScores(x - 0.5).back([[-9.0]]) == 0).all()  # 0 itself is an end


def test_no_released_cell_is_a_members_cell_and_the_marginals_are_kept():
    x = records(200)
    scores = tables.NormalScores(x)
    released = scores.back(np.random.default_rng(9).normal(size=(5000, 3)))
    assert not any(np.isin(column, own).any() for column, own in zip(released.T, x.T, strict=True))
    assert (released > x.max(0)).any() and (released < x.min(0)).any() and released.min() > 0
    assert np.allclose(
        np.quantile(released, (0.1, 0.5, 0.9), axis=0), np.quantile(x, (0.1, 0.5, 0.9), axis=0), rtol=0.15
    )
    assert np.allclose(scores.forward(released), np.random.default_rng(9).normal(size=(5000, 3)), atol=1e-9)


def test_a_flag_and_ages_come_back_with_their_shares():
    rng = np.random.default_rng(2)
    flag, age = np.arange(500) < 20, rng.integers(30, 60, 500)
    table = np.column_stack([flag, age, rng.normal(size=500)])
    scores = tables.NormalScores(table)
    forward = scores.forward(table)
    assert (scores.back(forward) == table).all()
    assert np.allclose(np.sort(forward, axis=0), stats.norm.ppf((np.arange(500) + 0.5) / 500)[:, None])
    assert np.abs(np.corrcoef(forward.T) - np.corrcoef(table.T)).max() < 0.05  # in random order: no correlation made
    back = scores.back(np.sort(forward, axis=0))
    assert (np.sort(back[:, :2], axis=0) == np.sort(table[:, :2], axis=0)).all()  # 4 % exactly, and whole ages
    assert np.isfinite(scores.forward([[0.5, 20, 99.0], [9, 99, -99.0]])).all()
    few = rng.integers(18, 91, (100, 1))  # more than half of the ages occur once
    assert (tables.NormalScores(few).back(rng.normal(size=(50, 1))) % 1 == 0).all()


def test_zeros_that_many_share_keep_their_share_and_the_rest_is_nobodys():
    rng = np.random.default_rng(3)
    x = np.where(np.arange(300) < 120, 0.0, rng.exponential(size=300))[:, None]
    scores = tables.NormalScores(x)
    forward = scores.forward(x)
    assert np.allclose(np.sort(forward[:, 0]), stats.norm.ppf((np.arange(300) + 0.5) / 300))
    assert np.allclose(scores.back(forward), x, rtol=1e-9, atol=0)
    released = scores.back(rng.normal(size=(4000, 1)))
    assert (released == 0).mean() == pytest.approx(0.4, abs=0.03)
    assert not np.isin(released[released > 0], x).any()


def test_ratios_and_back_are_the_records():
    x = records()
    x[0, 2] = 0.0
    ratios = medicine.LogRatios(x, [[1, 0, 0], [-1, 1, 0], [0, 0, 1]])
    logs = ratios.forward(x)
    assert np.allclose(logs[:, 1], np.log(x[:, 1] / x[:, 0]))
    assert np.allclose(ratios.back(logs), x, atol=1e-12)
    with pytest.raises(ValueError, match="a logarithm needs"):
        medicine.LogRatios(-x, np.eye(3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: medicine.LogRatios(x * [1, 0, 1], np.eye(3)), "a column of zeros"),
        (lambda x: medicine.LogRatios(x, np.ones((3, 3))), "one row follows from others"),
        (lambda x: medicine.LogRatios(x, np.eye(2)), r"powers of shape \(2, 2\)"),
        (lambda x: medicine.LogRatios(x, np.eye(3)).forward(x * 0), "down to 0"),
        (lambda x: medicine.LogRatios(x, np.eye(3)).forward(x[:, :2]), r"expected \(n >= 1, 3\)"),
    ],
)
def test_ratios_refuse_what_has_no_logarithm(call, words):
    with pytest.raises(ValueError, match=f"received .*{words}"):
        call(records())


def test_ratios_too_large_for_a_number_are_refused():
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="received logarithms beyond e.709"):
        medicine.LogRatios(records(), np.eye(3)).back(np.full((1, 3), 710.0))


def test_cancer_powers_can_be_undone_and_leave_circles_alone():
    powers = medicine.cancer_powers()
    assert abs(np.linalg.det(powers)) == pytest.approx(1)
    radius = np.log(7.0)  # a circle: perimeter 2πr, area πr²
    logs = np.zeros(30)
    logs[[0, 2, 3]] = radius, np.log(2 * np.pi) + radius, np.log(np.pi) + 2 * radius
    assert np.allclose((powers @ logs)[[2, 3]], np.log([2 * np.pi, np.pi]))


def test_whitening_and_back():
    x = records()
    white = medicine.Whitening(x)
    assert np.allclose(np.cov(white.forward(x), rowvar=False), np.eye(3))
    assert np.allclose(white.back(white.forward(x)), x)
    small = medicine.Whitening(1e-8 * x)  # whatever the unit
    assert np.allclose(np.cov(small.forward(1e-8 * x), rowvar=False), np.eye(3))
    still = np.column_stack([x, np.ones(60)])
    white = medicine.Whitening(still)
    assert np.allclose(white.back(white.forward(still)), still)


def test_matched_moments_are_those_of_the_records():
    x, y, label = records(80), records(80, seed=5) ** 2, np.arange(80) % 2
    matched = medicine.MatchMoments(y, label, x, label)(y, label)
    for c in (0, 1):
        assert np.allclose(matched[label == c].mean(0), x[label == c].mean(0))
        assert np.allclose(np.cov(matched[label == c].T), np.cov(x[label == c].T))


def test_moments_are_matched_only_where_they_can_be():
    x, label = records(80), np.arange(80) % 2
    match = medicine.MatchMoments(x.astype(int), label[:, None], x, label)  # whole numbers do not cut the result
    assert np.allclose(match(x.astype(int), label[:, None]).mean(0), x.mean(0))
    for made, made_label, words in (
        (x, label * 0, r"generated records of class 1 of shape \(0, 3\)"),
        (x, np.arange(80) // 79, r"generated records of class 1 of shape \(1, 3\)"),
        (x * [1, 0, 1], label, "too few directions"),
        (x, label[:5], "expected class numbers .80,."),
    ):
        with pytest.raises(ValueError, match=words):
            medicine.MatchMoments(made, made_label, x, label)
    with pytest.raises(ValueError, match=r"received the labels \{2\}; expected some of \{0, 1\}"):
        match(x, label + 1)
    constant = np.column_stack([x, np.ones(80)])
    assert np.allclose(medicine.MatchMoments(constant, label, constant, label)(constant, label), constant, atol=1e-6)


def test_correlation_error_by_hand():
    """Ranks that agree against ranks that are turned round: 1 − (−1) = 2 for the only pair."""
    up = np.arange(10.0)
    assert correlation_error(np.c_[up, up**3], np.c_[up, -up]) == pytest.approx(2)
    assert correlation_error(np.c_[up, up], np.c_[up, np.exp(up)]) == pytest.approx(0)
    with pytest.raises(ValueError, match="received 2 and 3 columns"):
        correlation_error(np.c_[up, up], np.c_[up, up, up])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a constant is independent of all: 0 against 1
        assert correlation_error(np.c_[up, up], np.c_[up, up * 0]) == pytest.approx(1)


def test_two_samples_that_differ_are_told_apart_and_the_same_are_not():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(100, 2))
    for shift, least, most in ((6.0, 0.99, 1.0), (0.0, 0.3, 0.65)):
        a, b = tables.two_sample_scores(real, rng.normal(size=(80, 2)) + shift, LogisticRegression())
        assert len(a) == 100 and len(b) == 80
        assert least <= (b[:, None] > a).mean() <= most


def test_exact_copies_cannot_be_told_from_their_originals():
    """Copies in other folds gave an AUC of 0.02 with a neighbour as judge; together they tie with their twins."""
    real = np.random.default_rng(0).normal(size=(60, 2))
    for judge in (KNeighborsClassifier(1), LogisticRegression()):
        a, b = tables.two_sample_scores(real, real[::-1], judge)
        assert np.allclose(a, b[::-1])
        assert (b[:, None] > a).mean() + 0.5 * (b[:, None] == a).mean() == pytest.approx(0.5)


def test_records_that_all_repeat_cannot_be_split_into_folds():
    with pytest.raises(ValueError, match="received 1 and 60 different records; expected 5 folds or more"):
        tables.two_sample_scores(np.ones((60, 3)), records(), LogisticRegression())


def test_nearest_distances_by_hand():
    """log(1 + x/median) with median 1: 0, log 2 and log 4 in the only column, whose deviation is the unit."""
    training = np.array([[0.0], [1.0], [3.0]])
    unit = np.std(np.log([1.0, 2.0, 4.0]))
    assert np.allclose(medicine.nearest_distances(training, [[1.0]], training), np.log([2, 1, 2]) / unit)
    assert np.allclose(medicine.nearest_distances(training, training, training, skip=1), np.log([2, 2, 2]) / unit)
    rare = np.array([[0.0], [0.0], [0.0], [1.0]])  # where most are 0, the others' median is the unit: log 1 and log 2
    assert np.allclose(
        medicine.nearest_distances(rare, [[1.0]], rare), np.log([2, 2, 2, 1]) / np.std(np.log([1, 1, 1, 2]))
    )


@pytest.mark.parametrize(
    ("training", "synthetic", "skip", "words"),
    [
        ([[1.0, 2], [1, 3]], [[1.0, 2]], 0, r"the columns \[0\] constant"),
        ([[-1.0, 2], [1, 3]], [[1.0, 2]], 0, "from -1 on"),
        ([[0.0, 2], [1, 3]], [[1.0, 2]], 1, r"synthetic of shape \(1, 2\); expected \(n >= 2, 2\)"),
        ([[0.0, 2], [1, 3]], [[1.0]], 0, r"synthetic of shape \(1, 1\)"),
        ([[0.0, 2], [1, 3]], [[1.0, 2]], -1, "skip = -1"),
    ],
)
def test_distances_without_a_unit_are_refused(training, synthetic, skip, words):
    with pytest.raises(ValueError, match=f"received .*{words}"):
        medicine.nearest_distances([[1.0, 2.0]], synthetic, training, skip)


def test_a_vae_learns_where_the_records_are():
    rng, label = np.random.default_rng(0), np.arange(200) % 2
    x = rng.normal(size=(200, 2)) * 0.3 + np.where(label[:, None] == 1, 2.0, -2.0)
    vae = tables.TableVAE(2, latent_dim=2, width=8)
    vae.compile(keras.optimizers.Adam(1e-2))
    tables.fit(vae, x, label, steps=200, batch_size=32)
    drawn = vae.sample(label, seed=1)
    assert drawn.shape == (200, 2) and (drawn == vae.sample(label[:, None], seed=1)).all()
    with pytest.raises(ValueError, match="labels from 1 to 2; expected 0 to 1"):
        vae.sample(label + 1)
    with pytest.raises(ValueError, match="labels from 1 to 2; expected 0 to 1"):
        tables.fit(vae, x, label + 1)
    for c, place in ((1, 2.0), (0, -2.0)):
        assert np.allclose(drawn[label == c].mean(0), place, atol=0.3)
        assert (drawn[label == c].std(0) < 1).all()


def awkward(columns):
    """Return a strategy of tables full of ties: constants, duplicates, sorted records, few records."""
    row = st.lists(st.sampled_from([0.0, 0.1, 1.0, 7.0, 1e6]), min_size=columns, max_size=columns)
    rows = st.lists(row, min_size=1, max_size=20).map(np.array)
    return st.one_of(rows, rows.map(lambda x: np.sort(x, axis=0)), rows.map(lambda x: np.repeat(x, 4, axis=0)))


def said(measure, *arguments):
    """Return a measure's result, or None where it refuses by a sentence."""
    try:
        return measure(*arguments)
    except ValueError as error:
        assert str(error).startswith("received")
        return None


@settings(deadline=None, max_examples=40)
@given(awkward(3), awkward(3))
def test_awkward_tables_give_the_right_value_or_a_sentence(one, other):
    if (scores := said(tables.NormalScores, one)) is not None:
        np.testing.assert_allclose(scores.back(scores.forward(one)), one, rtol=1e-9)
        assert np.isfinite(scores.back(scores.forward(other))).all()
    if (ratios := said(medicine.LogRatios, one, np.eye(3))) is not None:
        np.testing.assert_allclose(ratios.back(ratios.forward(one)), one, rtol=1e-9, atol=1e-9)
        logs = said(ratios.forward, other)
        assert logs is None or np.isfinite(logs).all()
    error = said(correlation_error, one, other)
    assert (error is None) == (min(len(one), len(other)) < 3)
    assert error is None or 0 <= error <= 2
    assert error is None or correlation_error(one, one) == 0
    distances = said(medicine.nearest_distances, other, one, one)
    assert (distances is None) == (len(one) < 2 or (one.min(0) == one.max(0)).any())
    if distances is not None:
        assert np.isfinite(distances).all() and (distances >= 0).all()
        assert (medicine.nearest_distances(one, one, one) < 1e-6).all()


@settings(deadline=None, max_examples=25)
@given(awkward(2), awkward(2))
def test_awkward_classes_are_matched_or_refused(one, other):
    def match(made, real):
        return medicine.MatchMoments(made, np.zeros(len(made)), real, np.zeros(len(real)))(made, np.zeros(len(made)))

    if (found := said(match, one, other)) is not None:
        np.testing.assert_allclose(found.mean(0), other.mean(0), rtol=1e-6, atol=1e-3)
        np.testing.assert_allclose(np.cov(found.T), np.cov(other.T), rtol=1e-4, atol=1e-4 * other.var(0).max() + 1e-9)


# --- tables of mixed columns -----------------------------------------------------------------------------------------


def test_a_column_by_hand():
    """Texts in the order of their rows' other column, decimals as they come, a gap that is counted."""
    frame = pd.DataFrame({"size": [1.25, 2.5, np.nan, 4.0] * 5, "kind": ["c", "a", "a", "b"] * 5})
    size, kind = tables.FrameScores(frame).columns
    assert (size.levels, size.values[:6], size.gaps, size.decimals) == (None, [1.25] * 5 + [2.5], 5, 2)
    assert kind.levels in (["c", "a", "b"], ["b", "a", "c"]) and kind.values == [0] * 5 + [1] * 10 + [2] * 5
    assert kind.coded(pd.Series(["a", None, "new"]))[0] == 1
    assert np.isnan(kind.coded(pd.Series(["a", None, "new"]))[1:]).all()
    assert kind.decoded(np.array([1.0, np.nan])).tolist()[0] == "a"
    with pytest.raises(ValueError, match="received a table whose rows are all the same"):
        tables.FrameScores(pd.DataFrame({"a": [1, 1], "b": ["x", "x"]}))


def test_scores_lie_in_the_interval_of_their_value_and_gaps_anywhere():
    """Half of the flags are true: their scores are above 0, the others' below; a gap follows what its row says."""
    flag, rng = np.arange(400) % 2 == 0, np.random.default_rng(0)
    size = flag + rng.normal(0, 0.3, 400)
    frame = pd.DataFrame({"flag": flag, "size": np.where(np.arange(400) < 100, np.nan, size), "other": size})
    scale = tables.FrameScores(frame)
    scores = scale.forward(frame)
    assert ((scores[:, 0] > 0) == (flag == (scale.columns[0].levels[1]))).all()
    known = stats.norm.ppf((stats.rankdata(size[100:]) - 0.5) / 300)
    assert np.allclose(scores[100:, 1], known) and np.isfinite(scores).all()
    assert np.corrcoef(scores[:100, 1], size[:100])[0, 1] > 0.9
    assert ((scores[:, 2] > stats.norm.ppf(0.75)) == (np.arange(400) < 100)).all()


def test_ties_in_random_order_would_hide_what_hangs_together():
    """Two flags cut from normals of correlation 0.9 agree in 1 − arccos(0.9)/π = 85.6 % of rows; so do those made."""
    x = np.random.default_rng(1).multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 3000)
    model = tables.Copula.fit(pd.DataFrame(x > 0, columns=["a", "b"]))
    made = model.sample(6000, seed=2)
    assert (made["a"] == made["b"]).mean() == pytest.approx(1 - np.arccos(0.9) / np.pi, abs=0.025)


def test_a_covariance_shrinks_where_there_are_few_rows_and_hardly_where_there_are_many():
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(20, 15)), rng.normal(size=(5000, 1)) + 0.01 * rng.normal(size=(5000, 2))
    laws = [tables.FrameScores(pd.DataFrame(x)).moments(x)[1] for x in (few, many)]
    assert np.linalg.eigvalsh(np.corrcoef(few.T)).min() < 0.05 < 0.2 < np.linalg.eigvalsh(laws[0]).min()
    assert laws[1][0, 1] > 0.999 and np.allclose(laws[1].diagonal(), 1)


def test_a_copula_keeps_laws_gaps_and_what_hangs_together():
    rng = np.random.default_rng(4)
    size = rng.normal(size=500)
    frame = pd.DataFrame({"size": size.round(2), "weight": np.exp(size + 0.3 * rng.normal(size=500)).round(3)})
    frame["kind"] = pd.cut(size, [-9, -1, 0, 9], labels=["c", "a", "b"]).astype(str)
    frame["count"] = rng.poisson(3, 500)
    frame["size"] = frame["size"].where(0.7 * size + 0.7 * rng.normal(size=500) < 0.7)
    made = tables.Copula.fit(frame).sample(4000, seed=1)
    assert made.dtypes.equals(frame.dtypes) and list(made) == list(frame)
    for name in ("size", "weight", "count"):
        assert stats.ks_2samp(made[name].dropna(), frame[name].dropna()).statistic < 0.07
    shares = [x["kind"].value_counts(normalize=True).sort_index() for x in (made, frame)]
    assert np.allclose(*shares, atol=0.03)
    assert made["size"].isna().mean() == pytest.approx(frame["size"].isna().mean(), abs=0.03)
    absent = [
        x["size"].isna()[x["weight"] > 1].mean() - x["size"].isna()[x["weight"] <= 1].mean() for x in (made, frame)
    ]
    assert absent[0] == pytest.approx(absent[1], abs=0.08) and absent[1] > 0.3
    ranks = [x[["size", "weight"]].corr("spearman").iloc[0, 1] for x in (made, frame)]
    assert ranks[0] == pytest.approx(ranks[1], abs=0.05)
    assert (made["size"].dropna() * 100 % 1).round(6).isin([0, 1]).all()  # two decimals, as in the table


def frames():
    """Return a strategy of small frames: fractions, whole numbers, texts, flags, gaps, constants."""
    gap = st.none()
    kinds = {
        "fraction": st.one_of(gap, st.floats(-1e6, 1e6)),
        "whole": st.integers(-1000, 1000),
        "text": st.one_of(gap, st.sampled_from(["", "x", "ß", "nan", "1"])),
        "flag": st.booleans(),
        "flag with gaps": st.one_of(gap, st.booleans()),
    }
    rows = st.fixed_dictionaries(kinds)
    return st.lists(rows, min_size=20, max_size=40).map(lambda found: pd.DataFrame(found).assign(same="a", none=np.nan))


@settings(deadline=None, max_examples=15)
@given(frames())
def test_frames_come_back_from_their_scores(frame):
    frame["fraction"] = frame["fraction"].astype(float)
    if (scale := said(tables.FrameScores, frame)) is None:
        return
    scores = scale.forward(frame)
    back = scale.back(scores)
    assert np.isfinite(scores).all()
    pd.testing.assert_frame_equal(back.isna(), frame.isna())
    assert back.dtypes.equals(frame.dtypes)
    for name in set(frame) - {"fraction", "whole"}:
        assert back[name].dropna().tolist() == frame[name].dropna().tolist()
    np.testing.assert_allclose(back["fraction"], frame["fraction"], rtol=1e-6, atol=1e-6)
    assert (back["whole"] == frame["whole"]).all()
    again = tables.FrameScores(columns=scale.columns)
    assert (again.forward(frame) == scores).all()
