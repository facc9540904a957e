"""Intervals, sample sizes, looks, bandit and money, against closed forms, published values and simulation."""

import dataclasses
import warnings

from aigc_utils import business
from aigc_utils.business import Assumption, Condition, Measured, Rule

import numpy as np
import pytest
from hypothesis import example, given, settings
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
@example((0, 1), (162, 162))  # without clipping its end was 1 + 2e-16 at one confidence and 1 at another
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
        ((0.03, 1, 0.035, 1), "30 of 1,000, not 0.03 of 1"),
        ((1, 10.5, 1, 10), "not whole"),
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


@given(counts, counts, st.sampled_from([0.5, 0.95, 0.9999]))
@settings(max_examples=25, deadline=None)
def test_the_interval_is_finite_for_one_visitor_no_hit_and_all_hits(a, b, confidence):
    for side_a in (a, (0, a[1]), (a[1], a[1]), (0, 1), (1, 1)):
        assert np.isfinite(business.difference_interval(*side_a, *b, confidence)).all()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(2, 9))
@settings(max_examples=15, deadline=None)
def test_the_bootstrap_of_constants_is_their_difference(a, b, count):
    found = business.bootstrap_interval(np.full(count, a), np.full(count + 1, b), resamples=20)
    assert np.allclose(found, b - a, rtol=1e-9, atol=1e-9)


@given(st.lists(st.integers(0, 2), min_size=2, max_size=8), st.lists(st.integers(0, 1), min_size=2, max_size=8))
@settings(max_examples=30, deadline=None)
def test_the_bootstrap_of_ties_lies_within_what_the_samples_allow(a, b):
    for statistic in (np.mean, np.median):
        least, most = business.bootstrap_interval(a, b, statistic, resamples=30)
        assert min(b) - max(a) - 1e-9 <= least <= most <= max(b) - min(a) + 1e-9


@pytest.mark.parametrize("a", [[], [1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_the_bootstrap_rejects_what_is_no_sample(a):
    with pytest.raises(ValueError, match=r"sample a of shape .*finite numbers"):
        business.bootstrap_interval(a, [1.0, 2.0])


@pytest.mark.parametrize("confidence", [0, 1, 95, np.nan])
def test_the_bootstrap_rejects_what_is_no_confidence(confidence):
    with pytest.raises(ValueError, match="confidence = .*; expected a share"):
        business.bootstrap_interval([1, 2], [1, 2], confidence=confidence)


def test_the_bootstrap_rejects_a_statistic_that_is_not_defined():
    with pytest.raises(ValueError, match="always finite"):
        business.bootstrap_interval([0, 1], [0, 1], lambda x, axis: x.sum(axis) / 0.0, resamples=20)


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


rates = st.floats(1e-6, 1 - 1e-6)


@given(rates, rates, st.integers(2, 40), st.sampled_from([0.001, 0.05, 0.5]))
@settings(max_examples=30, deadline=None)
def test_power_is_a_probability_and_the_same_from_either_side(a, b, visitors, alpha):
    found = business.power(a, b, visitors, alpha)
    assert 0 <= found <= 1 and np.isclose(found, business.power(b, a, visitors, alpha), atol=1e-6)
    assert np.isclose(found, business.power(1 - a, 1 - b, visitors, alpha), atol=1e-6)  # misses counted as hits


def test_power_by_hand():
    # one hit of two on one side never excludes 0, two of two against none of two: 1.0 - sqrt(2)·0.658 > 0
    wilson = 2 / (2 + stats.norm.ppf(0.975) ** 2)  # lower end of 2 of 2
    assert 1 - np.sqrt(2) * (1 - wilson) > 0
    assert np.isclose(business.power(0.3, 0.6, 2), 0.7**2 * 0.6**2 + 0.3**2 * 0.4**2, atol=1e-6)


def test_large_tests_use_the_normal_law():
    assert 0.79 < business.power(0.4, 0.401, 3_800_000) < 0.85
    assert abs(business.power(0.03, 0.033, 50_000) - business.power(0.033, 0.03, 50_000)) < 1e-3


@pytest.mark.parametrize(("a", "b"), [(0.03, 0.04), (0.0005, 0.004), (0.2, 0.1), (0.4, 0.401)])
def test_a_test_of_that_size_has_the_power_asked_for(a, b):
    visitors = business.sample_size(a, b, 0.9)
    assert business.power(a, b, visitors - 1) < 0.9 <= business.power(a, b, visitors) < 0.91


@pytest.mark.parametrize(
    ("a", "b", "target"),
    [(0.834, 0.268, 0.8), (0.03, 0.06, 0.06), (0.05, 0.95, 0.99), (0.001, 0.5, 0.5), (0.5, 0.8, 0.9), (0.98, 0.6, 0.3)],
)
def test_from_that_size_on_the_power_stays(a, b, target):
    visitors = business.sample_size(a, b, target)
    assert business.power(a, b, max(2, visitors - 1)) < target or visitors == 2
    assert all(business.power(a, b, n) >= target for n in range(visitors, 2 * visitors + 20))


def test_a_size_is_refused_where_none_would_do():
    for rates, target in (((0.1, 0.1), 0.8), ((0.1, 0.1 + 1e-9), 0.8), ((0.1, 0.2), 0.05), ((0.1, 0.2), 0.9999999)):
        with pytest.raises(ValueError, match="two different rates"):
            business.sample_size(*rates, target)
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
    assert abs(business.false_alarms(bounds, fractions)[-1] - 0.05) < 1e-9
    assert (np.diff(business.false_alarms(bounds, fractions)) >= 0).all()


@given(st.lists(st.tuples(st.floats(1e-5, 1), st.floats(1e-3, 50)), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_false_alarms_of_any_bounds_are_probabilities_between_the_single_looks_and_their_sum(looks):
    steps, bounds = np.array(looks).T
    fractions = np.cumsum(steps) / max(1.0, np.sum(steps) * (1 + 1e-9))
    found, alone = business.false_alarms(bounds, fractions), 2 * stats.norm.sf(bounds)
    assert (found >= np.maximum.accumulate(alone) - 1e-7).all() and (found <= np.cumsum(alone) + 1e-7).all()
    assert (found <= 1 + 1e-7).all()


def test_one_look_is_the_usual_test():
    assert np.allclose(business.sequential_bounds([1.0], 0.1), stats.norm.ppf(0.95), atol=1e-5)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6])
def test_a_look_that_follows_at_once_changes_nothing_afterwards(gap):
    # the closer the second look, the nearer the last bound to that of the looks at 0.5 and 1 alone
    alone, close = business.sequential_bounds([0.5, 1.0]), business.sequential_bounds([0.5, 0.5 + gap, 1.0])
    assert alone[0] == pytest.approx(close[0]) and abs(alone[1] - close[2]) < max(gap, 2e-6)


def test_close_looks_agree_with_the_multivariate_normal_law():
    fractions, bounds = np.array([0.3, 0.301, 0.7]), np.array([2.1, 2.0, 2.05])
    correlations = np.sqrt(np.minimum.outer(fractions, fractions) / np.maximum.outer(fractions, fractions))
    law = stats.multivariate_normal(cov=correlations, seed=0, abseps=1e-7, releps=1e-7)
    assert business.false_alarms(bounds, fractions)[-1] == pytest.approx(
        1 - law.cdf(bounds, lower_limit=-bounds), abs=1e-5
    )


@pytest.mark.parametrize("wide", [10, 100, np.inf])
def test_a_bound_that_nothing_reaches_is_no_look(wide):
    found = business.false_alarms([wide, stats.norm.ppf(0.975)], [0.5, 1.0])
    assert found == pytest.approx([0, 0.05], abs=1e-9)
    assert business.false_alarms([wide], [0.2]) == pytest.approx([0], abs=1e-9)


@pytest.mark.parametrize("alpha", [1e-20, 1e-9, 0.5, 0.99, 0.999999])
@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_any_alpha_is_spent(alpha, spending):
    looks = [0.2, 0.21, 1.0]
    assert business.sequential_bounds([1.0], alpha, spending) == pytest.approx([stats.norm.isf(alpha / 2)])
    assert business.false_alarms(business.sequential_bounds(looks, alpha, spending), looks)[-1] == pytest.approx(alpha)


def test_where_nothing_may_be_spent_the_bound_is_infinite():
    assert business.sequential_bounds([1e-4, 0.5, 1.0]) == pytest.approx(
        [np.inf, *business.sequential_bounds([0.5, 1])]
    )


@pytest.mark.parametrize(
    "fractions", [[], [0.5, 0.5], [0.5, 0.5 + 1e-9, 1.0], [0.0, 1.0], [0.5, 1.2], [[0.5, 1.0]], [np.nan, 1]]
)
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


@given(st.integers(1, 30), st.integers(1, 12), st.lists(st.sampled_from([0, 0.3, 1]), min_size=2, max_size=3))
@settings(max_examples=25, deadline=None)
def test_every_visitor_is_served(visitors, batch, rates):
    for policy in ("thompson", "split"):
        regret, shown = business.bandit(rates, visitors, policy, batch, repeats=2)
        assert regret.shape == shown.shape[:2] == (2, -(-visitors // batch))
        assert (shown.sum((1, 2)) == visitors).all() and (shown[:, :-1].sum(-1) == batch).all()
        assert np.allclose(regret[:, -1], (shown.sum(1) * (max(rates) - np.array(rates))).sum(-1))


def test_sure_arms_are_found_at_once():
    shown = business.bandit([0.0, 1.0], 500, batch=10, repeats=20)[1]
    assert shown[:, -10:, 1].mean() > 9.8


@pytest.mark.parametrize(
    ("rates", "options", "words"),
    [
        ([0.1], {}, r"n >= 2"),
        ([0.1, 1.2], {}, "expected shares 0 to 1"),
        ([0.1, np.nan], {}, "or NaN"),
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


def test_the_tornado_sees_a_model_that_bends_back():
    table = business.tornado(lambda x, y: x**2 + y, [assumption("x", -2, 0, 2), assumption("y", 0, 0, 0)])
    assert list(table["swing"]) == [4.0, 0.0] and list(table["result_low"]) == [4.0, 0.0]


@given(st.tuples(st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100)).map(sorted))
@settings(max_examples=25, deadline=None)
def test_draws_and_swings_of_any_assumption_are_numbers(values):
    one = assumption("price", *values)
    drawn = one.draw(50)
    assert (drawn >= one.low).all() and (drawn <= one.high).all()
    assert business.tornado(lambda price: price, [one])["swing"][0] == pytest.approx(one.high - one.low)


def test_the_normal_law_passes_the_ends_of_its_interval():
    law = Assumption("lift", "points", 0.4, 1.0, 1.6, "a test", "normal")
    drawn = law.draw(100_000)
    assert abs(drawn.mean() - 1) < 0.01 and abs((drawn < 0.4).mean() - 0.025) < 0.002
    assert abs((drawn < 0).mean() - stats.norm.cdf(-1 / (0.6 / 1.959964))) < 3e-4  # a loss is possible
    assert (Assumption("lift", "points", 1, 1, 1, "a test", "normal").draw(3) == 1).all()


@pytest.mark.parametrize("found", [business.monte_carlo, business.tornado])
def test_names_and_results_are_checked(found):
    with pytest.raises(ValueError, match="price more than once"):
        found(lambda price: price, [assumption(), assumption(high=9.0)])
    with pytest.raises(ValueError, match="expected every assumption once"):
        found(lambda: 1.0, [])
    with pytest.raises(ValueError, match="NaN or infinity from the model"):
        found(lambda price: price * np.nan, [assumption()])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("class", "EUR", 1, 2, 3, "x"), "no keyword"),
        (("price", "  ", 1, 2, 3, "x"), "a unit"),
        (("price", "EUR", 1, 2, 3, "x", "uniform"), "triangular or normal"),
        (("price", "EUR", 3, 2, 4, "x"), "low <= likely <= high"),
        (("price", "EUR", 1, 2, np.inf, "x"), "low <= likely <= high"),
        (("price", "EUR", 1, np.nan, 3, "x"), "low <= likely <= high"),
        (("a price", "EUR", 1, 2, 3, "x"), "can be an argument"),
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
    assert business.present_value((), 0.1) == 0
    for flows, rate in (((1, 2), -1), ((1, np.nan), 0.1), ((1, 2), np.nan)):
        with pytest.raises(ValueError, match="above -1, and finite flows"):
            business.present_value(flows, rate)


def test_nothing_complains():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        business.difference_interval(np.array([0, 1]), 10, 10, 10)
        business.power(0.1, 0.2, 50)


# --- the rule --------------------------------------------------------------------------------------------------------

RULE = Rule(
    "Publish?",
    wrong=Condition("At most one card in twenty is wrong.", "<=", 0.05, "held out"),
    lift=Condition("Visitors order more.", ">", 0.0, "real"),
)


def applied(wrong=(0.05, "held out"), lift=(0.001, "real")):
    given = {"wrong": wrong, "lift": lift}
    return RULE.apply(**{name: Measured(*value) for name, value in given.items() if value})


@pytest.mark.parametrize(
    ("wrong", "lift", "answer"),
    [
        ((0.05, "held out"), (0.001, "real"), "yes"),
        ((0.05, "real"), (0.001, "real"), "yes"),  # better data than asked for
        ((0.0501, "held out"), (0.001, "real"), "no"),
        ((0.05, "held out"), (0.0, "real"), "no"),  # "more" is more than 0
        ((0.05, "held out"), (0.001, "held out"), "not decidable"),
        ((0.05, "held out"), (-0.1, "simulated"), "not decidable"),  # weaker data do not say no either
        ((0.2, "held out"), (0.001, "simulated"), "no"),  # one failed condition is enough
        ((0.2, "simulated"), (0.001, "real"), "not decidable"),
        ((0.05, "held out"), None, "not decidable"),
        ((0.2, "held out"), None, "no"),
        (None, None, "not decidable"),
    ],
)
def test_the_rule_decides_as_it_was_written(wrong, lift, answer):
    verdict = applied(wrong, lift)
    assert verdict.answer == answer and str(verdict).endswith(f"Verdict: {answer}.")
    assert len(verdict.reasons) == 2 and all(c.sentence in str(verdict) for c in RULE.conditions.values())


def test_the_reasons_say_what_is_missing():
    assert "1. holds: At most one" in str(applied()) and "0.05 on held out data, asked <= 0.05" in str(applied())
    weaker = str(applied(lift=(0.001, "simulated")))
    assert "2. not decidable: Visitors order more. (asks for real data; measured 0.001 on simulated data" in weaker
    assert "2. not decidable: Visitors order more. (not measured on real data)" in str(applied(lift=None))
    assert "1. fails:" in str(applied(wrong=(0.5, "real")))


@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from(business.DATA), st.sampled_from(business.DATA))
@settings(max_examples=40, deadline=None)
def test_a_rule_never_says_yes_on_weaker_data(value, threshold, asked, has):
    rule = Rule("Publish?", one=Condition("It is enough.", ">=", threshold, asked))
    adequate = business.DATA.index(has) >= business.DATA.index(asked)
    expected = ("yes" if value >= threshold else "no") if adequate else "not decidable"
    assert rule.apply(one=Measured(value, has)).answer == expected


def test_a_declared_rule_cannot_be_changed():
    for name in ("question", "conditions", "_conditions", "other"):
        with pytest.raises(AttributeError, match="declare another|no setter"):
            setattr(RULE, name, {})
    RULE.conditions.clear()  # a copy
    assert list(RULE.conditions) == ["wrong", "lift"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        RULE.conditions["lift"].threshold = -1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        Measured(1.0, "real").data = "simulated"
    assert "2. Visitors order more. (lift > 0, on real data)" in str(RULE)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RULE.apply(lifts=Measured(1, "real")), "lifts; expected a Measured for any of wrong, lift"),
        (lambda: RULE.apply(lift=0.3), "lift; expected a Measured"),
        (lambda: Rule("Publish?"), "no condition"),
        (lambda: Rule(" ", lift=RULE.conditions["lift"]), "no question"),
        (lambda: Rule("Publish?", lift="more"), "a condition of another kind"),
        (lambda: Condition("It is enough.", "==", 1, "real"), "'=='"),
        (lambda: Condition("It is enough.", ">=", np.nan, "real"), "a finite number"),
        (lambda: Condition("It is enough.", ">=", 1, "true"), "simulated, held out, real"),
        (lambda: Condition(" ", ">=", 1, "real"), "without a sentence"),
        (lambda: Measured(np.nan, "real"), "expected a number"),
        (lambda: Measured(1, "guessed"), "'guessed' data"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
