"""Exercises of notebook 13: templates, second solver, grader and test, against values worked out by hand."""

import ast
import collections
import dataclasses
from fractions import Fraction
from pathlib import Path

from benchmarks import grading, guessing, items, other_writers, second_solver

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]


def number(value, **more):
    return {"kind": "number", "value": value, **more}


# --- the generator ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", items.TEMPLATES)
def test_an_exercise_has_one_right_choice_that_the_second_solver_finds(name):
    for level in items.LEVELS:
        item = items.make(name, [3, level], level)
        assert second_solver.solve(item.text, item.choices) == [item.key]
        assert second_solver.distinct(item.choices) and item.errors[item.key] is None
        assert len(set(item.errors)) == len(item.choices) == 1 + items.WRONG
        assert item == items.make(name, [3, level], level), "the seed says it all"
        assert items.lix(item.text) > 0 and "  " not in item.text and item.text[-1] in ".?"


def test_an_unknown_template_or_level_is_an_error_that_names_the_known():
    with pytest.raises(ValueError, match="expected one of quadratic, derivative"):
        items.make("poetry", 0)
    with pytest.raises(ValueError, match="level 1, 2 or 3"):
        items.make("quadratic", 0, level=4)


def test_equal_choices_are_drawn_again_and_counted(monkeypatch):
    def twice(dice, level):
        wrong = dice.whole(1, 2)
        shown = {"a": items.sympy.Integer(wrong), "b": items.sympy.Integer(5), "c": items.sympy.Integer(6)}
        return ["What is it?"], items.sympy.Integer(1), shown, str, (wrong,)

    monkeypatch.setitem(items.TEMPLATES, "twice", items.types.SimpleNamespace(draw=twice, difficulty=0.0))
    tally = collections.Counter()
    kept = [items.make("twice", seed, 2, tally) for seed in range(60)]
    assert {item.parameters for item in kept} == {(2,)}
    assert tally["twice", 2, "drawn"] == 60 + tally["twice", 2, "equal choices"] > 60
    assert tally["twice", 2, "ways"] / tally["twice", 2, "drawn"] == pytest.approx(1, abs=0.35), "one sound set of two"


def test_a_set_of_parameters_counts_as_one_though_some_of_its_errors_make_equal_choices(monkeypatch):
    def often(dice, level):
        right, wrong = dice.whole(1, 8), {"a": 10, "b": 10, "c": 11, "d": 12}  # two of the four triples are sound
        shown = {error: items.sympy.Integer(value) for error, value in wrong.items()}
        return ["What is it?"], items.sympy.Integer(right), shown, str, (right,)

    monkeypatch.setitem(items.TEMPLATES, "often", items.types.SimpleNamespace(draw=often, difficulty=0.0))
    tally = collections.Counter()
    for seed in range(40):
        items.make("often", seed, 2, tally)
    assert tally["often", 2, "equal choices"] > 10
    assert tally["often", 2, "ways"] == 8 * tally["often", 2, "drawn"], "eight sets of parameters, all of them possible"


def test_a_template_without_a_sound_exercise_is_an_error(monkeypatch):
    monkeypatch.setitem(items.TEMPLATES, "never", items.types.SimpleNamespace(draw=lambda *_: None, difficulty=0.0))
    with pytest.raises(RuntimeError, match="no exercise in 2000 draws"):
        items.make("never", 0)


def test_mathematics_is_printed_as_a_school_book_does():
    x = items.x
    assert items.formula(3 * x**2 - 2 * x) == "3x² − 2x" and items.formula(12 * (3 * x + 1) ** 10) == "12(3x + 1)¹⁰"
    assert items.formula(-2 * x * items.sympy.exp(3 * x)) == "−2xe^(3x)"
    assert items.euros(items.rounded(items.sympy.Rational(-123456, 100))) == "−€1,234.56"
    assert [items.rounded(items.sympy.Rational(v, 1000)) * 100 for v in (126, -126, 124)] == [13, -13, 12]
    with pytest.raises(items.Halfway, match="not halfway"):
        items.rounded(items.sympy.Rational(-9, 200))
    assert items.matrix(((1, -2), (3, 4))) == "(1 −2; 3 4)"
    assert items.unit_of(1, "hours of work") == "1 hour of work" and items.unit_of(1, "kg of flour") == "1 kg of flour"
    assert items.corners([(1, 1, 4)]) and set(items.corners([(1, 1, 4)])) == {(0, 0), (4, 0), (0, 4)}


def test_the_reading_level_of_a_text():
    assert items.lix("The dog sees a beautiful cat. It runs.") == pytest.approx(4 + 100 / 8)
    with pytest.raises(ValueError, match="expected words"):
        items.lix("3x + 2 = 0")


def test_errors_are_picked_so_that_the_most_typical_choice_is_right_by_chance():
    found = [items.make("quadratic", [9, k]) for k in range(150)]
    typical = np.mean([items.most_typical(item.choices) == item.key for item in found])
    assert 0.15 < typical < 0.4  # 0.46 where three errors are drawn evenly


# --- a guess without the question -------------------------------------------------------------------------------------


def test_traits_do_not_tell_the_place_of_a_choice():
    choices, order = ("x = −6 or x = 4", "x = 6 or x = −4", "x = 1/2 or x = 10", "x = −3"), [2, 0, 3, 1]
    found = guessing.traits(choices)
    np.testing.assert_array_equal(guessing.traits([choices[k] for k in order]), found[order])
    assert guessing.numbers("−€1,200.50") == [-1200.5] and guessing.numbers("x = −2/3") == [-2, 3]
    assert guessing.likeness(["12", "12", "3"]).tolist() == [1, 1, 0]


@pytest.mark.parametrize(("low", "least", "most"), [(10, 0.13, 0.38), (0, 0.9, 1)])
def test_a_guesser_finds_a_leak_and_nothing_where_there_is_none(low, least, most):
    rng = np.random.default_rng(3)

    def made(count):  # the key is drawn like the other choices, or is the only one below 10
        keys = rng.integers(4, size=count)
        values = rng.integers(10, 100, size=(count, 4))
        values[np.arange(count), keys] = rng.integers(low, 100 if low else 10, size=count)
        return [
            items.Item("one", 1, 0, "", tuple(map(str, row)), int(key), (), (), 0.0)
            for row, key in zip(values, keys, strict=True)
        ]

    seen, keys = guessing.described(made(300), ["one"])
    tested, truth = guessing.described(made(100), ["one"])
    assert least < np.mean(guessing.guesses(seen, keys, tested) == truth) <= most


# --- the second solver ------------------------------------------------------------------------------------------------


def test_the_second_solver_shares_no_code_with_the_generator():
    tree = ast.parse((ROOT / "benchmarks" / "second_solver.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"cmath", "re", "fractions", "numpy", "scipy"}


@pytest.mark.parametrize(
    ("text", "choices", "right"),
    [
        ("Solve the equation x² − x − 6 = 0.", ["x = −2 or x = 3", "x = −3 or x = 2", "x = 3 or x = −2"], [0, 2]),
        ("Find all solutions of x² + 1 = 0.", ["x = −1 or x = 1"], []),
        ("Differentiate f(x) = 2(3x − 1)³.", ["f′(x) = 18(3x − 1)²", "f′(x) = 6(3x − 1)²"], [0]),
        ("Ada puts €1,000 into an account that pays 10 % interest a year. How much after 2 years?", ["€1,210.00"], [0]),
        ("What must be paid in today to have €1,210 in 2 years at 10 % compound interest?", ["€1,000.00"], [0]),
        (
            "A fund: at the beginning of each year €100 for 2 years at 10 % interest a year.",
            ["€231.00", "€210.00"],
            [0],
        ),
        ("A fund: at the end of each year €100 for 2 years at 10 % interest a year.", ["€231.00", "€210.00"], [1]),
        ("A van costs €100 today. It brings in €110 after 1 year and €121 after 2 years. Rate 10 %.", ["€100.00"], [0]),
        ("Compute the integral of f(x) = 3x² from x = −1 to x = 2.", ["9", "18/2", "7"], [0, 1]),
        ("Find the price elasticity at p = 10 of q(p) = 120 − 2p. Round.", ["−0.20", "0.20"], [0]),
        ("Let A = (1 2; 3 4) and B = (0 1; 1 0). Semicolons separate rows.", ["(2 1; 4 3)", "(3 4; 1 2)"], [0]),
        ("Maximise 2x + y subject to x + y ≤ 4, x ≤ 3, x ≥ 0 and y ≥ 0.", ["x = 3, y = 1", "y = 1, x = 3"], [0, 1]),
        ("Maximise x + y subject to x + y ≤ 4, x ≤ 3, x ≥ 0 and y ≥ 0.", ["x = 3, y = 1"], []),
        ("Solve the system of equations x + y = 3 and 2x + 2y = 6.", ["x = 1, y = 2"], []),
        ("What is the Hessian matrix of f(x, y) = x²y at (1, 2)?", ["(4 2; 2 0)"], [0]),
        ("The curve x² + y² = 25 goes through the point (3, 4). Find dy/dx.", ["−3/4", "3/4"], [0]),
        ("The curve x² + y² = 26 goes through the point (3, 4). Find dy/dx.", ["−3/4"], []),
        ("Maximise xy subject to 2x + y = 8 with x > 0 and y > 0.", ["x = 2, y = 4", "x = 4, y = 0"], [0]),
    ],
)
def test_the_second_solver_reads_and_solves(text, choices, right):
    assert second_solver.solve(text, choices) == right


def test_what_the_second_solver_cannot_read_is_an_error():
    for text in ("Who wrote it?", "Solve the equation."):
        with pytest.raises(second_solver.Unreadable, match="received"):
            second_solver.solve(text, ["1"])
    for formula in ("3x +", "(3x", "3x)", "3 @ x", ""):
        with pytest.raises(second_solver.Unreadable, match="received the formula"):
            second_solver.parse_formula(formula)


def test_the_parser_keeps_the_order_of_operations():
    f = second_solver.parse_formula("−2x² + 3(x − 1)³/2 − xy")
    assert f(x=Fraction(3), y=Fraction(2)) == -18 + 12 - 6


def test_planted_faults_are_faults():
    rng = np.random.default_rng(0)
    first, other = items.make("interest", 1, 1), items.make("interest", 2, 1)
    for kind in items.FAULTS:
        bad = items.planted(first, kind, rng, other)
        assert bad != first and items.solved(bad) != [bad.key]
    assert second_solver.meaning(items.restated("x = 1, y = 2")) == second_solver.meaning("x = 1, y = 2")
    assert all(
        second_solver.meaning(items.restated(c)) == second_solver.meaning(c) for c in ("−3", "0.50", "(1 2; 3 4)")
    )


# --- the grader -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "outcome", "answers"),
    [
        (number("3/4"), "right", ["3/4", "0.75", "0,75", "6/8", "75%", "¾", "= 3/4"]),
        (number("3/4"), "wrong", ["0.7", "4/3", "7.5", "-3/4"]),
        (number("-9/4"), "right", ["-2 1/4", "-2¼", "−2.25"]),
        (number("7", variable="x"), "right", ["x=7", "7=x", "x = 14/2 = 7", "Seven", "the answer is 7"]),
        (number("7", variable="x"), "ask", ["y = 7", "x>7", "7 or 8", "x = 7 = 8", "", " ", "7" * 200]),
        (number("2500.5", digits=2, unit="EUR"), "right", ["2.500,50 €", "€2,500.50", "2500,5", "250050 cents"]),
        (number("2500", unit="EUR"), "ask", ["2,500", "2.500"]),
        (number("2500", unit="EUR"), "wrong", ["2,501", "2500 $", "2500 years", "2.501"]),
        (number("5", unit="%"), "ask", ["0.05"]),
        (number("2", unit="years"), "right", ["2", "24 months", "2 years", "two years"]),
        (number("0.125", digits=3), "right", ["0.125", "1/8", ".125"]),
        ({"kind": "set", "values": ["1", "-4"]}, "right", ["1, -4", "{1,-4}", "x1=1, x2=-4", "-1.5 ± 2.5", "-4 1"]),
        ({"kind": "set", "values": ["1", "-4"]}, "wrong", ["1", "4 and -1", "1, -4, 0", "no solution"]),
        ({"kind": "set", "values": ["1", "4"]}, "ask", ["1,4", "1 and", "{1, 4"]),
        ({"kind": "named", "values": {"x": "1", "y": "4"}}, "right", ["y = 4; x = 1", "(1, 4)", "(1|4)"]),
        ({"kind": "named", "values": {"x": "1", "y": "4"}}, "ask", ["x=1", "1,4", "a = 1, b = 4"]),
        ({"kind": "expression", "value": "ln(x)", "variables": ["x"]}, "right", ["ln x", "log(x)"]),
        ({"kind": "expression", "value": "1/x", "variables": ["x"]}, "right", ["x^-1", "1/x"]),
    ],
)
def test_answers_are_graded(key, outcome, answers):
    assert {answer: grading.grade(answer, key).outcome for answer in answers} == dict.fromkeys(answers, outcome)


@pytest.mark.parametrize(
    "attack",
    [
        "__import__('os')",
        "().__class__",
        "lambda: 1",
        "9**9**9",
        "2^2^2^2^2^2",
        "x" * 119,
        "(" * 100,
        "[1 for _ in 'a']",
    ],
)
def test_code_and_monsters_are_asked_back(attack):
    for key in (number("1"), {"kind": "expression", "value": "x", "variables": ["x"]}):
        assert grading.grade(attack, key).outcome != "right"
    assert grading.grade(attack, number("1")).outcome == "ask"


def test_a_key_of_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="expected one of number, set, named, expression"):
        grading.grade("1", {"kind": "essay"})


@settings(max_examples=50, deadline=None)
@given(st.fractions(-999, 999, max_denominator=60), st.integers(1, 9))
def test_every_way_to_write_a_fraction_is_right(value, times):
    key = number(f"{value.numerator}/{value.denominator}")
    above, below = value.numerator * times, value.denominator * times
    for text in (f"{above}/{below}", f"x = {above} / {below}", f"({above})/({below})", f"{-above}/{-below}"):
        assert grading.grade(text, key).outcome == "right"
    assert grading.grade(f"{above + 1}/{below}", key).outcome == "wrong"


@settings(max_examples=50, deadline=None)
@given(st.decimals(0, 999_999, places=2))
def test_money_in_london_and_berlin(value):
    english, key = f"{value:,}", number(str(value), digits=2, unit="EUR")
    german = english.translate(str.maketrans(",.", ".,"))
    for text in (english, german, f"€{english}", f"{german} €", f"{value} euros"):
        assert grading.grade(text, key).outcome == "right"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gets_an_outcome_and_none_an_exception(text):
    for key in (
        number("3", unit="EUR"),
        {"kind": "set", "values": ["1", "2"]},
        {"kind": "named", "values": {"x": "1", "y": "2"}},
    ):
        assert grading.grade(text, key).outcome in ("right", "wrong", "ask")
    assert grading.grade(text, {"kind": "expression", "value": "x+1", "variables": ["x"]}).outcome in (
        "right",
        "wrong",
        "ask",
    )


# --- the test to take -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bank():
    return [
        items.make(name, [5, level], level) for name in ("quadratic", "interest", "product") for level in items.LEVELS
    ]


def test_abilities_follow_the_answers():
    assert items.ability_after([], []) == pytest.approx((0, 1), abs=1e-3)
    assert items.solving_chance(0.5, 0.5) == 0.625
    up, down = items.ability_after([0], [True]), items.ability_after([0], [False])
    assert up[0] > 0 > down[0] and up[1] < 1 and down[1] < 1
    assert -down[0] > up[0], "a right answer may be a guess, and tells less"


def test_the_next_exercise_is_of_a_topic_asked_least_and_near(bank):
    first = items.next_item(0.0, bank, [])
    assert abs(bank[first].difficulty) == min(abs(item.difficulty) for item in bank)
    second = items.next_item(0.0, bank, [first])
    assert bank[second].template != bank[first].template
    with pytest.raises(ValueError, match="all used"):
        items.next_item(0.0, bank, list(range(len(bank))))


def test_the_buttons_of_the_test(bank):
    test = items.TestToTake(bank, length=3)
    test.next.click()
    assert not test.used, "nothing was chosen"
    for hit in (True, False, True):
        key = bank[test.present].key
        test.choices.index = key if hit else (key + 1) % 4
        test.next.click()
    assert test.right == [True, False, True] and "2 of 3 right" in test.result.value and test.next.disabled
    test.next.click()
    assert len(test.used) == 3, "after the end nothing happens"
    with pytest.raises(ValueError, match="once for each question"):
        test.answer(0)
    assert "aigc-test-choice" in test.choices._dom_classes


def test_a_sheet_begins_with_what_went_wrong(bank):
    sheet = items.sheet_for(0.0, ["interest"], bank, used=[0], count=3)
    assert bank[sheet[0]].template == "interest" and 0 not in sheet and len(set(sheet)) == len(sheet)


def test_the_stored_bank_is_what_the_templates_make():
    stored = items.json.loads(items.STORE.read_text(encoding="utf-8"))
    assert stored["count"] == items.COUNT and stored["seed"] == items.FRESH_SEED
    again = items.make("product", [13, 0, 2], 2)
    found = next(one for one in stored["bank"] if (one["template"], one["level"]) == ("product", 2))
    assert found["text"] == again.text and tuple(found["choices"]) == again.choices
    assert dataclasses.asdict(again).keys() == found.keys()


# --- answers that others write ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "writer", "answer"),
    [
        (sympy.Rational(-7, 4), "number", "str", "-7/4"),
        (sympy.Rational(-7, 4), "number", "LaTeX", "- \\frac{7}{4}"),
        (sympy.Rational(-7, 4), "number", "mixed", "-1 3/4"),
        (sympy.Rational(-7, 4), "number", "Julia", "-7 // 4"),
        (sympy.Rational(5, 2), "EUR", "amount, by name", "2.50 euros"),
        (frozenset({sympy.Integer(3), sympy.Integer(-2)}), "set", "set, str", "{-2, 3}"),
        (frozenset({sympy.Integer(3), sympy.Integer(-2)}), "set", "list, or", "-2 or 3"),
        ((sympy.Integer(2), sympy.Integer(3), sympy.Integer(9)), "named", "list, standard", "x = 2, y = 3, and z = 9"),
        ((sympy.Integer(2), sympy.Integer(3)), "named", "tuple, str", "(2, 3)"),
    ],
)
def test_printers_write_a_value_as_by_hand(value, kind, writer, answer):
    assert other_writers.writers(value, kind, np.random.default_rng(0))[writer] == answer


def test_languages_write_decimals_with_points_and_commas():
    rng, value = np.random.default_rng(0), sympy.Rational(5, 2)
    found = {other_writers.writers(value, "rounded", rng)["decimal, local"] for _ in range(60)}
    assert found == {"2.5", "2,5"}
    assert "1/3" not in str(other_writers.writers(sympy.Rational(1, 3), "number", rng).get("percent, local"))


def test_a_wrong_value_that_rounds_to_the_right_one_is_not_used():
    third = sympy.Rational(1, 3)
    assert other_writers.same_answer(third, sympy.Rational(34, 100), "rounded")
    assert not other_writers.same_answer(third, sympy.Rational(34, 100), "number")
    x = sympy.Symbol("x")
    assert other_writers.same_answer(2 * (x + 1), 2 * x + 2, "formula")
    assert not other_writers.same_answer(2 * (x + 1), 2 * x + 1, "formula")


def test_every_drawn_answer_is_counted_once_and_harm_is_kept():
    dice = items.Dice(1)
    table, harm = other_writers.graded(items.TEMPLATES, dice, lambda *_: grading.Grade("right", ""), 20)
    counts = collections.Counter()
    for _, wanted, outcomes in table:
        counts[wanted] += sum(outcomes.values())
    assert counts == {"right": 20, "wrong": 20} and len(harm) == 20
    assert {tuple(row[:2]) for row in harm} == {("wrong", "right")}
    again, none = other_writers.graded(items.TEMPLATES, items.Dice(1), grading.grade, 20)
    assert not none and [row[:2] for row in again] == [row[:2] for row in table]
