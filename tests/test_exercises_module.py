"""The verdicts of `exercises.check`: open, wrong with its reason, right."""

from aigc_utils import exercises

import pytest

POSITIVE = (lambda x: x > 0, "It should be above zero.")
EVEN = (lambda x: x % 2 == 0, "It should be even.")


def verdict(capsys, answer, *rules):
    assert exercises.check("00.1", answer, *rules) is None  # or the notebook would echo it
    return capsys.readouterr().out


@pytest.mark.parametrize("untouched", [None, ...])
def test_an_untouched_answer_is_not_done_yet(capsys, untouched):
    assert verdict(capsys, untouched, POSITIVE) == "Exercise 00.1: not done yet.\n"


def test_an_untouched_function_is_not_done_yet(capsys):
    rule = (lambda f: f(1) == 2, "One should become two.")
    assert verdict(capsys, lambda x: ..., rule) == "Exercise 00.1: not done yet.\n"


def test_a_missing_return_is_suspected(capsys):
    def double(x):
        2 * x

    said = verdict(capsys, double, (lambda f: f(1) == 2, "One should become two."))
    assert said == "Exercise 00.1: not done yet. double returns None; is its 'return' missing?\n"


def test_the_first_rule_that_fails_is_explained(capsys):
    assert verdict(capsys, -1, POSITIVE, EVEN) == "Exercise 00.1: not quite. It should be above zero.\n"
    assert verdict(capsys, 1, POSITIVE, EVEN) == "Exercise 00.1: not quite. It should be even.\n"


def test_all_rules_passed_is_correct(capsys):
    assert verdict(capsys, 2, POSITIVE, EVEN) == "Exercise 00.1: correct.\n"
    assert verdict(capsys, lambda x: x + 1, (lambda f: f(1) == 2, "")) == "Exercise 00.1: correct.\n"


def test_zero_and_false_are_answers(capsys):
    assert "not quite" in verdict(capsys, 0, POSITIVE)
    assert "correct" in verdict(capsys, False, (lambda x: x is False, ""))


def test_an_error_in_a_rule_is_a_wrong_answer_that_names_the_error(capsys):
    said = verdict(capsys, "two", POSITIVE)
    assert said.startswith("Exercise 00.1: not quite. It should be above zero. (TypeError: ")
    said = verdict(capsys, lambda: 2, (lambda f: f(1) == 2, "One should become two."))
    assert "takes 0 positional arguments" in said


def test_a_rule_may_give_an_array_of_one_truth(capsys):
    import numpy as np

    assert "correct" in verdict(capsys, np.array([3.0]), (lambda x: x == 3, ""))
    assert "ValueError" in verdict(capsys, np.array([3.0, 3.0]), (lambda x: x == 3, "Only one number is expected."))


def test_an_exercise_without_rules_is_refused():
    with pytest.raises(ValueError, match="exercise 00.1 has no rules, so any answer would pass"):
        exercises.check("00.1", 3)
