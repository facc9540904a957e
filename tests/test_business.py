"""Intervals, sample sizes, looks, bandit and money, against closed forms, published values and simulation."""

import warnings

from aigc_utils import business
from aigc_utils.business import Assumption

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def assumption(name="price", low=1.0, likely=2.0, high=4.0):
    return Assumption(name, "EUR", low, likely, high, "a test")


# --- intervals -------------------------------------------------------------------------------------------------------


def test_the_interval_is_that_of_newcombes_paper():
    # Newcombe 1998, table II, example (a): 56/70 - 48/80, method 10: 0.0524 to 0.3339
    assert np.allclose(business.difference_interval(48, 80, 56, 70), (0.0524, 0.3339), atol=5e-5)
    # example (h): 10/10 - 0/10: 0.6075 to 1.0000
    assert np.allclose(business.difference_interval(0, 10, 10, 10), (0.6075, 1.0), atol=5e-5)


@given(counts, counts)
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_difference_and_turns_with_the_sides(a, b):
    least, most = business.difference_interval(*a, *b)
    assert -1 - 1e-9 <= least <= b[0] / b[1] - a[0] / a[1] + 1e-9
    assert b[0] / b[1] - a[0] / a[1] - 1e-9 <= most <= 1 + 1e-9
    assert np.allclose(business.difference_interval(*b, *a), (-most, -least))


@given(counts, counts)
@settings(max_examples=30, deadline=None)
def test_more_confidence_is_a_wider_interval(a, b):
    narrow, wide = (business.difference_interval(*a, *b, confidence) for confidence in (0.8, 0.99))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


def test_many_intervals_at_once_are_the_single_ones():
    least, most = business.difference_interval(np.array([3, 5]), 100, np.array([9, 5]), 120)
    assert least.shape == most.shape == (2,)
    assert np.allclose([least[1], most[1]], business.difference_interval(5, 100, 5, 120))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((5, 4, 1, 10), "more hits than visitors"),
        ((-1, 4, 1, 10), "negative count"),
        ((np.nan, 4, 1, 10), "NaN"),
        (([], 4, 1, 10), "no counts"),
        ((0, 0, 1, 10), "0 <= hits <= visitors"),
        ((1, 4, 1, 10, 95), "confidence = 95"),
    ],
)
def test_impossible_counts_are_rejected(arguments, words):
    with pytest.raises(ValueError, match=words):
        business.difference_interval(*arguments)


def test_the_bootstrap_of_normal_means_is_welchs_interval():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 400), rng.normal(0.5, 2, 300)
    exact = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    assert np.allclose(business.bootstrap_interval(a, b), exact, atol=0.03)
    assert business.bootstrap_interval(a, b, seed=1) == business.bootstrap_interval(a, b, seed=1)


def test_large_samples_are_resampled_without_the_acceleration():
    rng = np.random.default_rng(0)
    a, b = rng.exponential(1, 4000), rng.exponential(2, 5000)
    exact = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    assert np.allclose(business.bootstrap_interval(a, b, resamples=500), exact, atol=0.02)


def test_the_bootstrap_moves_with_the_data():
    a, b = np.random.default_rng(1).exponential(size=(2, 100))
    first = np.array(business.bootstrap_interval(a, b, np.median))
    assert np.allclose(business.bootstrap_interval(a, b + 3, np.median), first + 3)


@pytest.mark.parametrize("a", [[], [1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_the_bootstrap_rejects_what_is_no_sample(a):
    with pytest.raises(ValueError, match="two finite numbers or more"):
        business.bootstrap_interval(a, [1.0, 2.0])


# --- power -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "n"), [(0.03, 0.036, 9000), (0.001, 0.004, 1500), (0.0005, 0.01, 300), (0.4, 0.6, 50)]
)
def test_power_agrees_with_simulation_within_a_point(a, b, n):
    rng = np.random.default_rng(5)
    hits = rng.binomial(n, a, 40_000), rng.binomial(n, b, 40_000)
    least, most = business.difference_interval(hits[0], n, hits[1], n)
    assert abs(business.power(a, b, n) - np.mean((least > 0) | (most < 0))) < 0.01


def test_power_without_an_effect_is_the_false_alarm_rate():
    assert abs(business.power(0.05, 0.05, 5000) - 0.05) < 0.003


def test_power_by_hand():
    # one hit of two on one side never excludes 0, two of two against none of two: 1.0 - sqrt(2)·0.658 > 0
    wilson = 2 / (2 + stats.norm.ppf(0.975) ** 2)  # lower end of 2 of 2
    assert 1 - np.sqrt(2) * (1 - wilson) > 0
    assert np.isclose(business.power(0.3, 0.6, 2), 0.7**2 * 0.6**2 + 0.3**2 * 0.4**2, atol=1e-6)


def test_large_tests_use_the_normal_law():
    assert 0.79 < business.power(0.4, 0.401, 3_800_000) < 0.85
    assert abs(business.power(0.03, 0.033, 50_000) - business.power(0.033, 0.03, 50_000)) < 1e-3


@pytest.mark.parametrize(("a", "b"), [(0.03, 0.036), (0.0005, 0.002), (0.2, 0.1)])
def test_a_test_of_that_size_has_the_power_asked_for(a, b):
    found = business.power(a, b, business.sample_size(a, b, 0.9))
    assert 0.9 <= found < 0.91


def test_a_size_is_refused_where_none_would_do():
    with pytest.raises(ValueError, match="two different rates"):
        business.sample_size(0.1, 0.1)
    with pytest.raises(ValueError, match=r"for example 0\.03 for 3 %"):
        business.sample_size(3, 4)
    with pytest.raises(ValueError, match=r"visitors = 0\.5; expected a whole number, 2 or more"):
        business.power(0.1, 0.2, 0.5)


# --- looks -----------------------------------------------------------------------------------------------------------


def test_peeking_gives_the_published_false_alarms():
    # Armitage, McPherson and Rowe 1969, table 2: looks at 5 %
    for looks, expected in ((1, 0.05), (2, 0.083), (3, 0.107), (5, 0.142), (10, 0.193), (20, 0.248)):
        found = business.false_alarms(np.full(looks, stats.norm.ppf(0.975)), np.arange(1, looks + 1) / looks)
        assert abs(found[-1] - expected) < 6e-4


def test_the_bounds_are_the_published_ones():
    # five equal looks, 2.5 % on each side: Lan and DeMets 1983, as in Jennison and Turnbull 2000
    fifths = np.arange(1, 6) / 5
    assert np.allclose(business.sequential_bounds(fifths), (4.877, 3.357, 2.680, 2.290, 2.031), atol=6e-4)
    pocock = business.sequential_bounds(fifths, spending="pocock")
    assert np.allclose(pocock, (2.438, 2.427, 2.410, 2.397, 2.386), atol=6e-4)


@given(st.lists(st.floats(0.05, 1), min_size=1, max_size=5, unique=True), st.sampled_from(["obrien-fleming", "pocock"]))
@settings(max_examples=10, deadline=None)
def test_the_bounds_spend_what_was_planned(parts, spending):
    fractions = np.cumsum(parts) / np.sum(parts)
    fractions[-1] = 1.0
    bounds = business.sequential_bounds(fractions, 0.05, spending)
    assert abs(business.false_alarms(bounds, fractions)[-1] - 0.05) < 1e-4
    assert (np.diff(business.false_alarms(bounds, fractions)) >= 0).all()


def test_one_look_is_the_usual_test():
    assert np.allclose(business.sequential_bounds([1.0], 0.1), stats.norm.ppf(0.95), atol=1e-5)


@pytest.mark.parametrize("fractions", [[], [0.5, 0.5], [0.0, 1.0], [0.5, 1.2], [[0.5, 1.0]], [np.nan, 1]])
def test_looks_that_do_not_rise_are_rejected(fractions):
    with pytest.raises(ValueError, match="expected rising shares"):
        business.sequential_bounds(fractions)


def test_unknown_spending_and_bad_bounds_are_rejected():
    with pytest.raises(ValueError, match="expected one of obrien-fleming, pocock"):
        business.sequential_bounds([1.0], spending="all")
    with pytest.raises(ValueError, match="one z-value above 0 for each"):
        business.false_alarms([1.0, 2.0], [1.0])


# --- bandit ----------------------------------------------------------------------------------------------------------


def test_the_split_loses_the_mean_gap_with_every_visitor():
    regret, shown = business.bandit([0.1, 0.3], 4000, "split", batch=10, repeats=50)
    assert shown.shape == (50, 400, 2) and (shown.sum(-1) == 10).all()
    assert abs(regret[:, -1].mean() - 4000 * 0.1) < 5
    assert np.allclose(regret[:, -1], shown[..., 0].sum(1) * 0.2)


def test_thompson_finds_the_best_arm():
    regret, shown = business.bandit([0.1, 0.2, 0.4], 3000, repeats=40)
    split = business.bandit([0.1, 0.2, 0.4], 3000, "split", repeats=40)[0]
    assert (regret[:, -1] < 0.4 * split[:, -1].mean()).all()
    assert shown[:, -20:, 2].mean() > 0.9 * 20
    assert (np.diff(regret, axis=1) >= 0).all()


def test_equal_arms_cost_nothing():
    assert np.allclose(business.bandit([0.2, 0.2], 100, repeats=3)[0], 0)


@pytest.mark.parametrize(
    ("rates", "options", "words"),
    [
        ([0.1], {}, "two rates or more"),
        ([0.1, 1.2], {}, "a share between 0 and 1"),
        ([0.1, np.nan], {}, "a share between 0 and 1"),
        ([0.1, 0.2], {"policy": "greedy"}, "thompson or split"),
        ([0.1, 0.2], {"batch": 0}, "batch = 0"),
    ],
)
def test_a_bandit_without_a_choice_is_rejected(rates, options, words):
    with pytest.raises(ValueError, match=words):
        business.bandit(rates, 100, **options)


# --- money -----------------------------------------------------------------------------------------------------------


def test_draws_follow_the_triangle_and_the_name_alone():
    drawn = assumption().draw(200_000)
    assert drawn.min() >= 1 and drawn.max() <= 4
    assert abs(drawn.mean() - 7 / 3) < 0.01  # (1 + 2 + 4) / 3
    assert abs(drawn.var() - (1 + 4 + 16 - 2 - 4 - 8) / 18) < 0.01
    assert (assumption().draw(5, 1) == assumption(likely=2.0).draw(5, 1)).all()
    assert (assumption("other").draw(5, 1) != assumption().draw(5, 1)).all()
    assert (assumption(low=2.0, high=2.0).draw(3) == 2).all()


def test_a_product_of_independent_assumptions():
    pair = [assumption("price"), assumption("pieces", 10, 20, 30)]
    found = business.monte_carlo(lambda price, pieces: price * pieces, pair, 200_000)
    assert abs(found.mean() - 7 / 3 * 20) < 0.1
    assert business.monte_carlo(lambda price, pieces: 1.0, pair, 7).shape == (7,)


def test_the_tornado_of_a_linear_model_by_hand():
    pair = [assumption("price"), assumption("pieces", 10, 20, 30)]
    table = business.tornado(lambda price, pieces: 10 * price - pieces, pair)
    assert list(table["name"]) == ["price", "pieces"]
    assert list(table["swing"]) == [30.0, 20.0]
    assert list(table.loc[1, ["result_low", "result_high"]]) == [10.0, -10.0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("price", "EUR", 3, 2, 4, "x"), "low <= likely <= high"),
        (("price", "EUR", 1, 2, np.inf, "x"), "low <= likely <= high"),
        (("price", "EUR", 1, np.nan, 3, "x"), "low <= likely <= high"),
        (("a price", "EUR", 1, 2, 3, "x"), "identifier"),
        (("price", "", 1, 2, 3, "x"), "a unit"),
        (("price", "EUR", 1, 2, 3, ""), "a source"),
    ],
)
def test_an_assumption_says_what_it_is(values, words):
    with pytest.raises(ValueError, match=words):
        Assumption(*values)


def test_the_present_value_by_hand():
    assert np.isclose(business.present_value((-100, 60, 60), 0.1), -100 + 60 / 1.1 + 60 / 1.21)
    assert np.allclose(business.present_value((0, np.array([1.0, 2.0])), 0.0), (1, 2))
    with pytest.raises(ValueError, match="rate = -1"):
        business.present_value((1, 2), -1)


def test_nothing_complains():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        business.difference_interval(np.array([0, 1]), 10, 10, 10)
        business.power(0.1, 0.2, 50)
