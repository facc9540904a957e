"""The psychometrics of benchmarks/education.py, against closed forms and values worked out by hand."""

import itertools
import json

from benchmarks import education as exam

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def bank():
    """Return a, b of six questions."""
    return np.array([0.7, 1.0, 1.3, 1.6, 0.9, 1.2]), np.array([-1.5, -0.8, -0.2, 0.4, 0.9, 1.6])


@pytest.fixture(scope="module")
def made(bank):
    """Return 4,000 simulated learners' abilities and answers."""
    rng = np.random.default_rng(3)
    theta = rng.normal(size=4000)
    return theta, exam.answered(theta, *bank, rng)


def test_the_exam_is_whole():
    answers, names, table = exam.read_exam()
    assert answers.shape == (729, 13) and set(np.unique(answers)) == {0, 1} and len(set(names)) == 13
    assert np.array_equal(answers.sum(1), table["nsolved"]) and table["tests"].between(0, 26).all()
    credits = table.filter(like="credits_").to_numpy()
    assert np.array_equal(credits == 2, answers == 1)  # 1 and 0 are both not solved: wrong, and left blank
    assert set(exam.COMMON) < set(names)
    assert exam.groups(table)["women"].sum() == 326 and exam.groups(table)["diploma"].sum() == 146


@given(st.floats(0.2, 3), st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=30, deadline=None)
def test_information_is_the_squared_slope_over_the_variance_and_largest_at_the_difficulty(a, b, theta):
    assert exam.information(b, a, b) == pytest.approx(a * a / 4)
    p, step = exam.chance(theta, a, b), 1e-5
    slope = (exam.chance(theta + step, a, b) - exam.chance(theta - step, a, b)) / (2 * step)
    assert exam.information(theta, a, b) == pytest.approx(slope**2 / (p * (1 - p)), rel=1e-4)
    assert exam.information(theta, a, b) <= a * a / 4 + 1e-12


def test_without_an_answer_the_prior_is_all_that_is_known(bank):
    nothing = np.full((2, 6), np.nan)
    mean, error = exam.ability(nothing, *bank)
    assert mean == pytest.approx([0, 0], abs=1e-12) and error == pytest.approx([1, 1], abs=1e-3)
    weights, likelihood = exam.posterior(nothing, *bank)
    assert np.allclose(weights, exam.PRIOR) and np.allclose(likelihood, 0)


def test_two_opposite_answers_to_the_same_question_leave_the_mean_and_narrow_it():
    a, b = np.array([1.5, 1.5]), np.zeros(2)
    mean, error = exam.ability(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), a, b)
    assert mean[0] == pytest.approx(0, abs=1e-12) and mean[1] == pytest.approx(-mean[2]) and mean[1] > 0.5
    assert error[0] < 0.9


def test_known_parameters_are_found_again_within_their_errors(bank, made):
    a, b, likelihood = exam.calibrate(made[1])
    of_a, of_b = exam.standard_errors(made[1], a, b)
    assert np.all(np.abs(a - bank[0]) < 3.5 * of_a) and np.all(np.abs(b - bank[1]) < 3.5 * of_b)
    assert np.all((of_a > 0.02) & (of_a < 0.2))
    assert likelihood > exam.posterior(made[1], *bank)[1].sum()  # no other parameters are likelier


def test_standard_errors_are_those_of_the_likelihoods_curvature(made):
    """One question at a time is bent: the second difference of the marginal likelihood by all parameters."""
    answers = made[1][:500, :3]
    a, b, _ = exam.calibrate(answers, tolerance=1e-7, most=5000)

    def likelihood(x):
        return exam.posterior(answers, x[::2], -x[1::2] / x[::2])[1].sum()

    at, step = np.column_stack([a, -a * b]).ravel(), 1e-3
    moves = np.eye(6) * step
    curve = np.array(
        [
            [
                likelihood(at + u + v) - likelihood(at + u - v) - likelihood(at - u + v) + likelihood(at - u - v)
                for v in moves
            ]
            for u in moves
        ]
    ) / (4 * step * step)
    spread = np.linalg.inv(-curve)
    assert exam.standard_errors(answers, a, b)[0] == pytest.approx(np.sqrt(spread.diagonal()[::2]), rel=0.01)


def test_one_discrimination_for_all_is_never_likelier(made):
    a, _, free = exam.calibrate(made[1][:800])
    common, _, bound = exam.calibrate(made[1][:800], common=True)
    assert np.ptp(common) == 0 and np.ptp(a) > 0 and bound < free


def test_a_question_that_all_solved_is_refused():
    answers = np.ones((5, 3))
    answers[:2, :2] = 0
    with pytest.raises(ValueError, match="all students solved"):
        exam.calibrate(answers)


def test_chances_of_each_score_are_those_of_counting_by_hand():
    p = np.array([[0.2], [0.5], [0.9]])
    table = exam.score_chances(p)[:, 0]
    by_hand = np.zeros(4)
    for pattern in itertools.product((0, 1), repeat=3):
        by_hand[sum(pattern)] += np.prod([q if x else 1 - q for x, q in zip(pattern, p[:, 0], strict=True)])
    assert table == pytest.approx(by_hand) and table.sum() == pytest.approx(1)


def test_fit_finds_a_question_that_all_solve_alike_and_no_other(bank, made):
    answers = made[1].copy()
    answers[:, 2] = np.where(made[0] ** 2 < 0.45, 1, 0)  # the middle solves it, the best and the weakest do not
    a, b, _ = exam.calibrate(made[1])
    assert exam.item_fit(made[1], a, b).min() > 0.001
    a, b, _ = exam.calibrate(answers, most=5000)
    assert exam.item_fit(answers, a, b)[2] < 1e-6


def test_a_question_asked_twice_has_the_largest_residual_correlation(made):
    answers = np.column_stack([made[1], made[1][:, 1]])
    a, b, _ = exam.calibrate(made[1])
    q3 = exam.residual_correlations(answers, np.r_[a, a[1]], np.r_[b, b[1]])
    assert q3[1, 6] == pytest.approx(1)  # the very same residuals
    off = q3[np.triu_indices(6, 1)]
    assert off.mean() < 0 and off.max() < 0.1  # among six others: somewhat negative


def test_a_form_looked_up_is_a_form_computed(bank, made):
    asked = np.full((50, 6), np.nan)
    asked[:, [4, 1]] = made[1][:50, [4, 1]]
    assert exam.form_abilities(made[1][:50], (4, 1), *bank) == pytest.approx(exam.ability(asked, *bank)[0])
    found = exam.all_forms(made[1][:300], *bank, 5, exam.ability(made[1][:300], *bank)[0])
    assert len(found) == 6 and max(found.values()) < 1


def test_an_adaptive_test_begins_alike_asks_nothing_twice_and_ends_as_the_whole(bank, made):
    given = made[1][:60]
    course, means, errors = exam.adaptive(given, *bank, 6)
    assert len(set(course[:, 0])) == 1 and course[0, 0] == exam.information(0, *bank).argmax()
    assert all(sorted(row) == list(range(6)) for row in course)
    mean, error = exam.ability(given, *bank)
    assert means[:, -1] == pytest.approx(mean) and errors[:, -1] == pytest.approx(error)
    assert exam.remaining(given, course, *bank) == pytest.approx(np.zeros(60), abs=1e-12)
    assert exam.course_abilities(given, course[:, :2], *bank) == pytest.approx(means[:, 1])


@pytest.mark.parametrize("choose", [exam.averaged_information, exam.among_best, exam.by_lot])
def test_every_way_to_choose_takes_a_free_question(bank, made, choose):
    course = exam.adaptive(made[1][:40], *bank, 6, choose, np.random.default_rng(1))[0]
    assert all(sorted(row) == list(range(6)) for row in course)


def test_catsim_chooses_the_same_questions(bank, made):
    from catsim.item_bank import ItemBank
    from catsim.selection import MaxInfoSelector

    items, given = ItemBank(np.column_stack(bank)), made[1][:12]
    course, means, _ = exam.adaptive(given, *bank, 4)
    for row, known in zip(course, means, strict=True):
        for step in range(4):
            theta = 0.0 if step == 0 else known[step - 1]
            chosen = MaxInfoSelector().select(
                item_bank=items, administered_items=row[:step].tolist(), est_theta=float(theta)
            )
            assert chosen == row[step]


def test_a_two_stage_plan_branches_at_its_limit():
    answers = np.array([[1.0, 1, 1, 0, 0], [0, 0, 0, 1, 1], [1, 0, 0, 1, 0]])
    course = exam.two_stage_course(answers[:, [0, 1, 2, 3, 4, 3, 4]], ((0, 1, 2), 2, (3, 4), (5, 6)))
    assert course.tolist() == [[0, 1, 2, 5, 6], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]


def test_questions_saved_are_read_off_between_two_lengths():
    fixed = {3: 0.7, 4: 0.8, 5: 0.9}
    assert exam.questions_saved({4: 0.85}, fixed, 4) == pytest.approx(0.5)
    assert exam.questions_saved({3: 0.7}, fixed, 3) == pytest.approx(0)
    assert np.isnan(exam.questions_saved({4: 0.95}, fixed, 4))  # no fixed form agrees as well: nothing is made up


def test_no_form_is_asked_what_is_set_aside_for_all():
    answers = exam.read_exam()[0].copy()
    order = np.random.default_rng((2007, 0)).permutation(13)
    found = exam.questions_apart(answers, 7, criteria=1)
    answers[:, order[5:]] = answers[:, order[5:]][np.random.default_rng(0).permutation(729)]  # other people's bank
    assert found["all, 8"] > 0.4 and abs(exam.questions_apart(answers, 7, criteria=1)["all, 8"]) < 0.2


def test_what_is_stored_meets_the_bar():
    store = json.loads(exam.STORE.read_text(encoding="utf-8"))
    assert store["mirt"]["apart"] < 0.01 and len(store["forms"]["splits"]) >= 20
    assert len(store["mirt"]["table"]) == 9 and "mirt==1.2.0" in exam.markdown(store)


def test_the_interval_over_splits_is_wider_than_that_of_independent_ones():
    values = [0.1, 0.2, 0.3, 0.4]
    mean, least, most = exam.corrected_interval(values, share=0.5)
    sd = np.std(values, ddof=1)
    assert mean == pytest.approx(0.25) and most - mean == pytest.approx(3.18245 * sd * np.sqrt(0.25 + 0.5), rel=1e-5)
    assert mean - least == pytest.approx(most - mean)


def test_exposure_control_keeps_its_limit(bank):
    keep = exam.sympson_hetter(*bank, 2, 0.6, learners=600, rounds=15)
    rng = np.random.default_rng(5)
    given = exam.answered(rng.normal(size=600), *bank, rng)
    chosen = np.zeros(6)
    course = exam.adaptive(given, *bank, 2, lambda *g: exam.controlled(*g, keep, chosen), rng)[0]
    asked = np.bincount(course.ravel(), minlength=6) / 600
    assert asked.max() < 0.75 and np.all(chosen / 600 >= asked - 1e-9)
    assert np.bincount(exam.adaptive(given, *bank, 2)[0].ravel()).max() == 600  # without: one for everybody


def test_mantel_haenszel_by_hand():
    """Two scores. Score 1: reference 30 of 40 solved, focal 20 of 40; score 2: 40 of 50, and 25 of 40."""
    rows = [(1, 0, 1)] * 30 + [(0, 0, 1)] * 10 + [(1, 1, 1)] * 20 + [(0, 1, 1)] * 20
    rows += [(1, 0, 2)] * 40 + [(0, 0, 2)] * 10 + [(1, 1, 2)] * 25 + [(0, 1, 2)] * 15
    right, focal, score = np.array(rows).T
    delta, error, p = exam.mantel_haenszel(right, focal, score)
    odds = (30 * 20 / 80 + 40 * 15 / 90) / (10 * 20 / 80 + 10 * 25 / 90)
    assert delta == pytest.approx(-2.35 * np.log(odds))
    from statsmodels.stats.contingency_tables import StratifiedTable

    theirs = StratifiedTable([np.array([[30, 10], [20, 20]]), np.array([[40, 10], [25, 15]])])
    assert error == pytest.approx(2.35 * theirs.logodds_pooled_se)
    assert p == pytest.approx(theirs.test_null_odds(correction=True).pvalue)
    assert exam.mantel_haenszel(right, 1 - focal, score)[0] == pytest.approx(-delta)


@pytest.mark.parametrize(
    ("delta", "error", "p", "letter"),
    [
        (2.5, 0.5, 0.001, "C"),
        (-2.5, 0.5, 0.001, "C"),
        (1.6, 0.5, 0.01, "B"),
        (1.2, 0.3, 0.01, "B"),
        (0.9, 0.1, 0.001, "A"),
        (3.0, 2.0, 0.2, "A"),
    ],
)
def test_the_classes_of_ets(delta, error, p, letter):
    assert exam.ets_class(delta, error, p) == letter


def test_holm_by_hand():
    assert exam.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_a_planted_unfair_question_is_found_and_a_mere_difference_in_ability_is_not(bank):
    a, b = np.tile(bank[0], 2), np.tile(bank[1], 2)
    focal, rng = np.arange(1500) % 2, np.random.default_rng(2)
    fair = exam.dif(exam.simulated_dif(a, b, focal, rng, impact=0.5), focal)
    assert (fair["ets"] == "C").sum() == 0
    planted = exam.dif(exam.simulated_dif(a, b, focal, rng, shift=1.5, item=3, impact=0.5), focal)
    assert planted["ets"][3] == "C" and planted["delta"][3] < 0 and planted["holm"][3] < 0.01
    both = exam.logistic_dif(exam.simulated_dif(a, b, focal, rng, shift=1.5, item=3), focal)
    assert both[3, 0] < 1e-4 and both.shape == (12, 2)


def test_generated_questions_are_shrunk_by_what_a_guess_is_worth(bank):
    rng = np.random.default_rng(0)
    a, b = bank
    true_a, true_b, used_a, used_b = exam.generated_bank(a, b, 4000, b.std(), rng)
    assert np.array_equal(true_a[:6], used_a[:6]) and np.array_equal(true_b[:6], b)
    slope = np.polyfit(used_b[6:], true_b[6:], 1)[0]
    assert slope == pytest.approx(1, abs=0.08)  # what is used is what is expected
    assert np.std(used_b[6:]) == pytest.approx(b.std() / np.sqrt(2), rel=0.05) and used_a[6] < a.mean()
    exact = exam.generated_bank(a, b, 30, 0.0, rng)
    assert np.array_equal(exact[1], exact[3]) and np.array_equal(exact[0], exact[2])


def test_two_versions_on_one_scale_differ_where_a_story_does(bank):
    rng, names = np.random.default_rng(4), [*exam.COMMON, "quad", "planning"]
    a, b = np.ones(7), np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 0.0, 0.5])
    other = b + np.array([0, 0, 0, 0, 0, 1.0, 0])
    first = exam.answered(rng.normal(size=3000), a, b, rng)
    second = exam.answered(rng.normal(0.5, 1, 3000), a, other, rng)  # abler students
    group = np.repeat([1, 2], 3000)
    apart, error, story = exam.versions(np.vstack([first, second]), names, group)
    assert story.tolist() == [False] * 5 + [True] * 2
    assert abs(apart[5] - 1) < 3.5 * error[5] and abs(apart[6]) < 3.5 * error[6] and error.max() < 0.2


def test_versions_whose_students_differ_in_spread_are_put_on_one_unit():
    """The second version's students are twice as spread: its calibration has half the unit, twice the slopes."""
    rng, names = np.random.default_rng(7), [*exam.COMMON, "low", "high"]
    a, b = np.full(7, 1.2), np.array([-1.5, -0.7, 0.0, 0.7, 1.5, -1.8, 1.8])
    first = exam.answered(rng.normal(size=4000), a, b, rng)
    second = exam.answered(rng.normal(0.4, 2, 4000), a, b, rng)
    group = np.repeat([1, 2], 4000)
    apart, error, _ = exam.versions(np.vstack([first, second]), names, group)
    assert np.all(np.abs(apart) < 4 * error) and error.max() < 0.15
    alone = exam.calibrate(second)[1]  # not linked: (b − 0.4) / 2
    assert alone == pytest.approx((b - 0.4) / 2, abs=0.12)
    _, wide, _ = exam.versions(np.vstack([second, first]), names, group)  # seen from the other version: half as large
    assert wide == pytest.approx(error / 2, rel=0.15)


def unfair_exam(shift=1.1, students=3000):
    """Return (answers (n, 12), focal (n,), planted (12,)): three questions are ``shift`` harder for the focal group."""
    rng, focal = np.random.default_rng(11), np.arange(students) % 2
    a, b, planted = np.full(12, 1.2), np.linspace(-1.5, 1.5, 12), np.isin(np.arange(12), (2, 5, 8))
    theta = rng.normal(size=students) - 0.3 * focal
    p = exam.chance(theta[:, None], a, b + focal[:, None] * planted * shift / a)
    return (rng.random(p.shape) < p).astype(float), focal, planted


def test_unfair_questions_leave_the_score_and_do_not_make_others_look_unfair():
    answers, focal, planted = unfair_exam()
    once, pure = exam.dif(answers, focal, rounds=1), exam.dif(answers, focal)
    assert once["matched"].all() and np.array_equal(pure["matched"], ~planted)  # the set that is left, by name
    assert once["delta"][~planted].mean() > 0.6 and (once["ets"][~planted] != "A").any()  # contaminated
    assert abs(pure["delta"][~planted].mean()) < 0.2 and (pure["ets"][~planted] == "A").all()
    assert (pure["ets"][planted] == "C").all() and np.all(pure["delta"][planted] < once["delta"][planted])
    known = exam.dif(answers, focal, matching=~planted)
    assert known.equals(pure)


def test_logistic_regression_by_the_purified_score_flags_the_planted_questions_alone():
    answers, focal, planted = unfair_exam()
    by_all = exam.logistic_dif(answers, focal)[:, 0]
    pure = exam.logistic_dif(answers, focal, matching=~planted)[:, 0]
    assert exam.holm(by_all)[~planted].min() < 1e-3 and exam.holm(pure)[~planted].min() > 0.05
    assert np.array_equal(exam.holm(pure) < 0.01, planted)


def test_with_too_few_fair_questions_nothing_is_purified():
    rng, focal = np.random.default_rng(5), np.arange(3000) % 2
    p = exam.chance(rng.normal(size=3000)[:, None], 1.2, np.tile([-0.5, 0.5, -0.5, 0.5], (3000, 1)))
    p = np.where(focal[:, None] * (np.arange(4) < 3), exam.chance(np.log(p / (1 - p)), 1, [[2, 2, -2, 0]]), p)
    found = exam.dif((rng.random(p.shape) < p).astype(float), focal)
    assert (found["ets"] != "A").sum() > 2 and found["matched"].all()


def test_a_question_that_one_version_has_harder_is_not_unfair_within_versions():
    """Most of the focal group sat the second version, where question 4 is harder for everybody."""
    rng, version = np.random.default_rng(8), np.repeat([1, 2], 1500)
    focal = (rng.random(3000) < np.where(version == 2, 0.8, 0.2)).astype(int)
    a, b = np.full(12, 1.2), np.linspace(-1.5, 1.5, 12)
    harder = (version == 2)[:, None] * (np.arange(12) == 4) * 1.5
    p = exam.chance(rng.normal(size=3000)[:, None], a, b + harder)
    answers = (rng.random(p.shape) < p).astype(float)
    assert exam.dif(answers, focal)["ets"][4] == "C"
    within = exam.dif(answers, focal, version)
    assert (within["ets"] == "A").all() and within["holm"].min() > 0.05
    assert exam.holm(exam.logistic_dif(answers, focal)[:, 0])[4] < 1e-6
    assert exam.holm(exam.logistic_dif(answers, focal, version == 2)[:, 0]).min() > 0.05


def test_the_floor_of_the_logistic_search_is_made_of_fair_exams(monkeypatch, bank):
    rng, (a, b) = np.random.default_rng(2), bank
    focal, version = rng.integers(2, size=1000), 1 + rng.integers(2, size=1000)
    answers = exam.simulated_dif(a, b, focal, rng, shift=2.0, item=3)
    table = exam.pd.DataFrame({"group": version})
    monkeypatch.setattr(exam, "read_exam", lambda: (answers, [], table))
    monkeypatch.setattr(exam, "groups", lambda _: {"focal": focal})
    found = exam.logistic_check(repeats=12)["focal"]
    assert found["uniform"] <= 0.35 and found["not uniform"] <= 0.35 and found["as small"] <= 0.1


def test_an_unfair_question_is_found_within_versions_too():
    rng, version, focal = np.random.default_rng(9), np.repeat([1, 2], 1500), np.arange(3000) % 2
    a, b = np.full(12, 1.2), np.linspace(-1.5, 1.5, 12)
    answers = exam.simulated_dif(a, b, focal, rng, shift=1.2, item=6)
    found = exam.dif(answers, focal, version)
    assert found["ets"].tolist() == ["C" if k == 6 else "A" for k in range(12)]
    assert np.array_equal(exam.holm(exam.logistic_dif(answers, focal, version == 2)[:, 0]) < 0.01, np.arange(12) == 6)


def test_all_copies_of_a_student_lie_on_one_side():
    rng = np.random.default_rng(0)
    drawn = rng.integers(50, size=50)
    train, test = exam.sides(drawn, 50, rng)
    assert not set(train) & set(test) and sorted([*train, *test]) == sorted(drawn) and 10 < len(train) < 40


def test_a_validity_is_corrected_by_the_root_of_the_reliability():
    """A second score that is the ability itself: corrected, every form reaches about what no error would leave."""
    rng, theta = np.random.default_rng(1), np.random.default_rng(2).normal(size=3000)
    a, b = np.full(13, 1.5), np.linspace(-1.8, 1.8, 13)
    answers = exam.answered(theta, a, b, rng)
    found = exam.validities(answers, theta, *exam.halves(3000, 0), rng)
    assert set(found) == set(exam.VALID)
    for r, trust, corrected in found.values():
        assert corrected == pytest.approx(r / np.sqrt(trust)) and corrected == pytest.approx(1, abs=0.04)
        assert r < 0.95
    assert found["exam"][1] > found["fixed, 6"][1] > found["fixed, 5"][1] - 0.02


def test_a_question_of_class_b_leaves_the_score_too():
    answers, focal, planted = unfair_exam(0.55, 6000)
    found = exam.dif(answers, focal)
    assert "B" in set(found["ets"][planted]) and np.array_equal(found["matched"], ~planted)


def test_the_question_itself_belongs_to_the_score():
    """Where all curves are alike but for difficulty, students of one score differ in nothing, unless it is left out."""
    rng, focal = np.random.default_rng(3), np.arange(8000) % 2
    a, b = np.full(10, 1.5), np.tile([-1.0, -0.5, 0.0, 0.5, 1.0], 2)
    answers = exam.simulated_dif(a, b, focal, rng, impact=1.0)
    found = exam.dif(answers, focal, matching=np.arange(10) < 5)
    assert abs(found["delta"][5:].mean()) < 0.15 and (found["ets"] == "A").all()
    left_out = [exam.mantel_haenszel(answers[:, j], focal, answers[:, :5].sum(1))[0] for j in range(5, 10)]
    assert np.mean(left_out) < -0.5
