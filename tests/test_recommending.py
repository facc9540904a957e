"""Recommending: closed forms, a second way to the same weights, intervals, and measures worked out by hand."""

from aigc_utils import recommend
from benchmarks import recommending as bench

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge


def clicks(users=40, items=9, seed=0):
    return (np.random.default_rng(seed).random((users, items)) < 0.3).astype(float)


# --- items beside items ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [0.3, 5.0, 400.0])
def test_ease_is_a_ridge_for_each_column_that_may_not_use_itself(penalty):
    """Without its own column the constraint is gone: scikit-learn's ridge finds the same weights to 1e-6."""
    matrix = clicks() - 0.2 * clicks(seed=1)
    weights = recommend.ease(matrix, penalty)
    for j in range(matrix.shape[1]):
        others = np.delete(matrix, j, axis=1)
        ridge = Ridge(alpha=penalty, fit_intercept=False, solver="cholesky").fit(others, matrix[:, j])
        assert np.abs(np.delete(weights[:, j], j) - ridge.coef_).max() < 1e-6
    assert not np.diag(weights).any()


@pytest.mark.parametrize("matrix", [np.pad(clicks(), ((0, 0), (0, 3))), clicks(1), clicks(20, 1), np.tile(clicks(), 2)])
def test_ease_survives_empty_columns_one_user_one_item_and_twins(matrix):
    weights = recommend.ease(matrix, 0.01)
    left = matrix.T @ (matrix - matrix @ weights) - 0.01 * weights  # the gradient is 0 but on the diagonal
    assert np.abs(left - np.diag(np.diag(left))).max() < 1e-6 and not np.diag(weights).any()


def test_ease_of_two_equal_items_is_the_shrunken_one():
    assert recommend.ease(np.ones((6, 2)), 3.0) == pytest.approx(np.array([[0, 6 / 9], [6 / 9, 0]]))


def test_item_knn_is_a_cosine_keeps_the_nearest_and_survives_empty_columns():
    matrix = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], float)
    weights = recommend.item_knn(matrix, 1)
    assert weights[:, 0] == pytest.approx([0, 2 / np.sqrt(6), 0, 0]) and not weights[:, 3].any()
    assert (weights != 0).sum(0).max() == 1
    assert recommend.item_knn(matrix, 4, 2.0)[1, 0] == pytest.approx(2 / (np.sqrt(6) + 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: recommend.ease(clicks(), 0), "penalty = 0"),
        (lambda: recommend.ease([[np.nan, 1]], 1.0), "NaN"),
        (lambda: recommend.ease(clicks(), "1"), "penalty = '1'"),
        (lambda: recommend.ease(clicks(), [1.0, 2.0]), "penalty = "),
        (lambda: recommend.ease(np.tile(clicks(), 2), 1e-14), "not accurate"),
        (lambda: recommend.item_knn(clicks(), 0), "neighbours = 0"),
        (lambda: recommend.item_knn(clicks(), 2, "a"), "shrink = 'a'"),
        (lambda: recommend.off_policy([1, 0], [0.5] * 2, [0.5] * 2, [np.nan, 1], [0, 0]), "predicted"),
        (lambda: recommend.off_policy([1, 0], [0.5] * 2, [0.5] * 2, [0, 1], ["a", "b"]), "expected"),
        (lambda: recommend.off_policy([1, 0], [0.5] * 2, [0.5] * 2, confidence=95), "confidence = 95"),
        (lambda: recommend.off_policy([1, 0], [0.5] * 2, [0.5] * 2, groups=["a", None]), "missing"),
        (lambda: recommend.off_policy([1, 0], [0.5] * 2, [0.5] * 2, groups=[1.0, np.nan]), "missing"),
        (lambda: recommend.effective_size([0, 0]), "weights from 0 to 0"),
        (lambda: recommend.effective_size([1, -1]), "weights from -1"),
        (lambda: recommend.rerank(np.zeros((1, 3)), [0, 1, 1], 2, "a", [[0.5, 0.5]]), "weight = 'a'"),
        (lambda: recommend.item_knn(clicks(), 2, -1), "shrink = -1"),
        (lambda: recommend.off_policy([1, 0], [0.5, 0], [0.5, 0.5]), "logged probability is 0"),
        (lambda: recommend.off_policy([1, 0], [0.5, 0.5], [1.5, 0.5]), "from 0.5 to 1.5"),
        (lambda: recommend.off_policy([1, 0], [0.5, 0.5], [0, 0]), "no say"),
        (lambda: recommend.off_policy([1, 0, 1], [0.5, 0.5], [0.5, 0.5]), "unlike lengths"),
        (lambda: recommend.off_policy([1, 0], [0.5, 0.5], [0.5, 0.5], predicted=[1, 0]), "expected both"),
        (lambda: recommend.off_policy([1, 0], [0.5, 0.5], [0.5, 0.5], groups=[3, 3]), "single user"),
        (lambda: recommend.rerank(np.zeros((1, 3)), [0, 1, 1], 4, 0.5, [[0.5, 0.5]]), "count = 4 of 3"),
        (lambda: recommend.rerank(np.zeros((1, 3)), [0, 1, 1], 2, 0.5, [[0.5, 0.6]]), "add up to 1"),
        (lambda: recommend.rerank(np.zeros((1, 3)), [0, 1, 2], 2, 0.5, [[0.5, 0.5]]), "categories"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- off-policy ------------------------------------------------------------------------------------------------------


def test_off_policy_by_hand():
    """Weights 2, 0, 1 and rewards 1, 1, 0: IPS 2/3, SNIPS 2/3; DR adds what the model leaves."""
    found = recommend.off_policy(
        [1, 1, 0], [0.5, 0.5, 0.5], [1, 0, 0.5], predicted=[0.5, 0.5, 0.5], expected=[0.4, 0.4, 0.1]
    )
    assert found["IPS"][0] == pytest.approx(2 / 3) and found["SNIPS"][0] == pytest.approx(2 / 3)
    assert found["DR"][0] == pytest.approx((0.4 + 1 + 0.4 + 0.1 - 0.5) / 3)
    half = 4.302653 * np.std([2, 0, 0], ddof=1) / np.sqrt(3)
    assert found["IPS"][2] - found["IPS"][0] == pytest.approx(half, abs=1e-5)
    assert recommend.effective_size([2, 0, 1]) == pytest.approx(9 / 5)
    assert recommend.effective_size([1e200, 1e200]) == pytest.approx(2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 0.9))
def test_the_policy_in_use_is_worth_its_mean_and_a_perfect_model_leaves_no_doubt(seed, share):
    rng = np.random.default_rng(seed)
    rewards, p = rng.random(30), np.full(30, share)
    found = recommend.off_policy(rewards, p, p, rewards, np.full(30, 0.3))
    assert found["IPS"][0] == pytest.approx(rewards.mean()) == found["SNIPS"][0]
    assert found["DR"] == pytest.approx((0.3, 0.3, 0.3))


def test_users_who_return_widen_the_interval():
    rng = np.random.default_rng(0)
    rewards, p = np.repeat(rng.random(20), 10), np.full(200, 0.5)
    alone, groups = (recommend.off_policy(rewards, p, p, groups=g)["IPS"] for g in (None, np.repeat(np.arange(20), 10)))
    once = recommend.off_policy(rewards[::10], p[::10], p[::10])["IPS"]
    assert groups == pytest.approx(once)  # ten copies of an event say no more than one
    assert groups[2] - groups[1] > 2.5 * (alone[2] - alone[1])


def test_doubly_robust_survives_a_wrong_model_and_a_wrong_weight_but_not_both():
    """One of two stickers is shown at random, 0.8 : 0.2; the new policy shows the second, which earns 0.6."""
    rng = np.random.default_rng(0)
    second = rng.random(200_000) < 0.2
    rewards = (rng.random(len(second)) < np.where(second, 0.6, 0.2)).astype(float)
    logged, wanted = np.where(second, 0.2, 0.8), second.astype(float)
    right, wrong = np.where(second, 0.6, 0.2), np.full(len(second), 0.3)

    def worth(logged, model, mean):
        return recommend.off_policy(rewards, logged, wanted, model, np.full(len(wanted), mean))

    assert worth(logged, wrong, 0.3)["DR"][0] == pytest.approx(0.6, abs=0.01)
    assert worth(np.full(len(second), 0.5), right, 0.6)["DR"][0] == pytest.approx(0.6, abs=0.01)
    assert abs(worth(np.full(len(second), 0.5), wrong, 0.3)["DR"][0] - 0.6) > 0.05


# --- lists -----------------------------------------------------------------------------------------------------------


def test_rerank_goes_from_the_best_scores_to_the_mix_that_is_asked_for():
    scores, themes = np.array([[9.0, 8, 7, 3, 2, 1]]), [0, 0, 0, 1, 1, 2]
    assert recommend.rerank(scores, themes, 3, 0.0, [[0.5, 0.5, 0]]).tolist() == [[0, 1, 2]]
    mixed = recommend.rerank(scores, themes, 4, 1.0, [[0.5, 0.5, 0]])[0]
    assert sorted(mixed) == [0, 1, 3, 4]
    assert sorted(recommend.rerank(scores, themes, 3, 1.0, [[1 / 3, 1 / 3, 1 / 3]])[0]) == [0, 3, 5]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_rerank_shows_nothing_twice(seed, weight):
    rng = np.random.default_rng(seed)
    target = rng.dirichlet(np.ones(3), 4)
    shown = recommend.rerank(rng.normal(size=(4, 8)), rng.integers(3, size=8), 5, weight, target)
    assert all(len(set(row)) == 5 for row in shown.tolist())


def test_a_cap_allows_two_of_a_theme():
    themes = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    shown = bench.capped(np.arange(8.0)[None], themes)
    assert shown.tolist() == [[7, 6, 4, 3, 2]]


# --- measures --------------------------------------------------------------------------------------------------------


def test_within_auc_and_first_pick_by_hand():
    users, like = [1, 1, 1, 2, 2, 3, 3], [1, 0, 0, 1, 0, 1, 1]
    scores = [0.5, 0.5, 0.1, 0.2, 0.9, 0.4, 0.3]
    assert bench.within_auc(users, like, scores).to_dict() == {1: 0.75, 2: 0.0}
    gain = bench.first_pick_gain(users, like, scores)
    assert gain.to_dict() == pytest.approx({1: 0.5 - 1 / 3, 2: -0.5, 3: 0.0})


def test_crossed_order_is_the_difference_of_two_orders_and_wider_where_few_lecturers_share_the_pairs():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"s": np.repeat(np.arange(150), 4), "d": np.tile(np.arange(12), 50)})
    rows["like"] = (rng.random(600) < 0.5).astype(float)
    one, other = rows["d"] + rng.random(600) / 10, pd.Series(rng.random(600))
    found = bench.crossed_order(rows, one.to_numpy(), other.to_numpy(), 300)
    both = [bench.within_auc(rows["s"], rows["like"], p) for p in (one, other)]
    assert found[0] == pytest.approx((both[0] - both[1]).mean())
    by_student = 2 * 1.96 * (both[0] - both[1]).std() / np.sqrt(len(both[0]))
    assert found[2] - found[1] > 1.1 * by_student and found[1] < found[0] < found[2]


def test_learned_models_start_from_the_rule_and_the_settings_are_those_of_the_validation():
    table = bench.with_segments(bench.split_ratings(bench.simulated_ratings(2, 120, 40), 2))
    found, chosen = bench.fit_ratings(table, {"EASE": [1e7], "factors": [(2, 1e6)], "item-kNN": [(5, 1e6)]})
    for name in ("EASE", "factors", "item-kNN"):  # penalties so high that nothing is added
        assert found[name] == pytest.approx(found["all effects"], abs=1e-4)
    assert chosen["all effects"][0] in bench.SCALES and chosen["all effects"][1] > 0
    assert bench.best(bench.SIMPLE, chosen) == min(bench.SIMPLE, key=lambda name: chosen[name][1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_weighted_auc_is_that_of_repeated_rows(seed):
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    like, scores, weights = rng.random(20) < 0.5, rng.integers(5, size=20) / 4, rng.integers(1, 4, 20)
    like[:2] = True, False
    found = bench.pooled_auc(like, scores, weights[None].astype(float))[0]
    assert found == pytest.approx(roc_auc_score(like, scores, sample_weight=weights))


def test_additive_effects_are_ridge_regression():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"s": rng.integers(5, size=60), "d": rng.integers(4, size=60), "y": rng.normal(size=60)})
    score = bench.additive(rows, {"s": 2.0, "d": 3.0}, {"s": 5, "d": 4}, rounds=200)
    x = np.hstack([np.eye(5)[rows["s"]], np.eye(4)[rows["d"]]])
    penalty = np.diag([2.0] * 5 + [3.0] * 4)
    beta = np.linalg.solve(x.T @ x + penalty, x.T @ (rows["y"] - rows["y"].mean()))
    assert score(rows) == pytest.approx(rows["y"].mean() + x @ beta)


def test_factors_find_a_table_of_rank_one():
    rng = np.random.default_rng(0)
    table = np.outer(rng.normal(size=30), rng.normal(size=20))
    seen = np.where(rng.random(table.shape) < 0.7, table, 0)
    assert np.abs(bench.factors(seen, 1, 1e-3, rounds=60) - table).max() < 0.05


def test_calibration_error_of_a_known_gap_and_its_floor():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.1, 0.8, 20_000)
    assert bench.calibration_error(rng.random(len(p)) < p + 0.1, p)[0] == pytest.approx(0.1, abs=0.01)
    rows = pd.DataFrame({"s": np.arange(2000) % 200, "like": (rng.random(2000) < 0.5).astype(float)})
    found = bench.calibration(rows, np.full(2000, 0.5), 50)
    assert 0 < found["floor"][0] < found["floor"][1]


def test_splits_keep_the_new_apart_and_every_rating_once():
    table = bench.split_ratings(bench.simulated_ratings(), 3)
    train = table[table["part"] == "train"]
    for part, column in (("new student", "s"), ("new lecturer", "d")):
        assert not set(table.loc[table["part"] == part, column]) & set(train[column])
    assert not table.duplicated(["s", "d"]).any() and table["part"].value_counts().min() > 0


def test_the_stand_in_is_the_same_each_time_and_its_truth_is_calibrated():
    one, two = (bench.simulated_ratings(5) for _ in range(2))
    assert one.equals(two) and not one.equals(bench.simulated_ratings(6))
    assert abs(one["like"].mean() - one["chance"].mean()) < 4 * 0.5 / np.sqrt(len(one))


def test_a_file_that_is_not_insteval_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_DATA_DIR", str(tmp_path))
    pd.DataFrame(np.ones((3, 7), int), columns=["s", "d", "studage", "lectage", "service", "dept", "y"]).to_csv(
        tmp_path / "insteval.csv.gz"
    )
    with pytest.raises(ValueError, match="received 3 rows"):
        bench.read_ratings()


# --- the simulated community -----------------------------------------------------------------------------------------


def test_gini_and_themes_by_hand():
    assert bench.gini([3, 3, 3]) == pytest.approx(0) and bench.gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert bench.themes_seen([[0.5, 0.5, 0], [1, 0, 0]]) == pytest.approx([2, 1])
    with pytest.raises(ValueError, match="sum 0"):
        bench.gini([0, 0])


def test_inverses_that_are_updated_are_those_of_a_ridge_regression(monkeypatch):
    """With one sticker every visitor's regret is 0, and with two the better one is shown more and more."""
    assert not bench.explore("LinUCB", 0.5, 30, 3, stickers=1).any()
    lost = bench.explore("LinUCB", 0.5, 2000, 10)
    assert np.diff(lost[:, [0, 999, 1999]]).mean(0) @ [1, -2] > 0  # the second thousand costs less than half the first
    assert lost[:, -1].mean() < 0.6 * bench.explore("random", None, 2000, 10)[:, -1].mean()


def test_a_log_follows_the_policy_in_use():
    world = bench.policies("mixed")
    _, shown, clicks = bench.draw_log(world, 200_000, np.random.default_rng(0))
    expected = np.bincount(shown, minlength=12) / len(shown)
    assert expected == pytest.approx(world[3].mean(0), abs=0.01)
    assert clicks.mean() == pytest.approx(np.mean((world[3] * world[2]).sum(1)), abs=0.005)
    assert np.allclose(world[3].sum(1), 1) and np.allclose(world[4].sum(1), 1)


def test_own_themes_follow_a_users_clicks_and_a_rare_log_has_a_twentieth_of_them():
    clicks, shows, themes = np.zeros((2, 6)), np.ones((2, 6)), np.arange(6) // 2
    clicks[0, 2] = clicks[1, 5] = 1
    scores = bench.feed_scores("own themes", clicks, shows, None, themes, np.random.default_rng(0))
    assert scores[0].argmax() == 2 and scores[1].argmax() == 5 and scores[0, 3] > scores[0, [0, 1, 4]].max()
    rare, mixed = bench.policies("rare"), bench.policies("mixed")
    assert np.allclose(20 * rare[2], mixed[2]) and np.array_equal(rare[3], mixed[3])


def test_shares_count_every_click_and_ease_counts_none_twice(monkeypatch):
    once, shows, themes = np.eye(2, 6), np.full((2, 6), 4.0), np.arange(6) // 2
    often = once + 2 * np.eye(2, 6) * [[1], [0]]  # the first user clicked three times on the first sticker

    def scores(feed, clicks):
        return bench.feed_scores(feed, clicks, shows, None, themes, np.random.default_rng(0))

    gained = scores("popular", often) - scores("popular", once)
    assert gained[:, 0] == pytest.approx(2 / 18) and np.allclose(gained[:, 1:], 0)
    assert np.allclose(scores("EASE", often) - scores("EASE", once), 0.1 * gained)
    assert scores("own themes", often)[0, 1] > scores("own themes", once)[0, 1] + 0.01
    seen, original = [], bench.feed_scores
    monkeypatch.setattr(bench, "feed_scores", lambda feed, *rest: seen.append(rest[0].copy()) or original(feed, *rest))
    _, results, _ = bench.follow("own themes", visits=12, users=40)
    assert seen[-1].sum() == results[:-1].sum() and seen[-1].max() > 1


def test_a_feed_shows_five_different_stickers_and_tiring_costs_clicks():
    lists, results, _ = bench.follow("EASE", visits=12, users=40)
    assert lists.shape == results.shape == (12, 40, 5)
    assert all(len(set(row)) == 5 for row in lists.reshape(-1, 5).tolist())
    tired = [bench.described(*bench.follow("knows all", s, 12, 60, tiring=0.5))["clicks"] for s in (0, 1)]
    fresh = [bench.described(*bench.follow("knows all", s, 12, 60))["clicks"] for s in (0, 1)]
    assert max(tired) < min(fresh)
