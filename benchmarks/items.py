"""Exercises without end: templates with parameters, solutions by sympy, and wrong choices from known errors.

Usage: python benchmarks/items.py measure grade written guessing

    measure    makes 10,000 exercises of a seed that nothing was developed with, and has each solved by second_solver.py
    grade      grades the answers of own_form.json, which was written before grading.py
    written    grades answers that sympy's printers and the number formats of 24 languages wrote (other_writers.py)
    guessing   lets a program guess the right choice from the choices alone (guessing.py)

All keep their results in items.json. Notebook 13 shows some of these functions: they are written into it from here.
"""

import collections
import dataclasses
import functools
import html
import itertools
import json
import re
import sys
import time
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import common  # noqa: E402

import numpy as np  # noqa: E402
import sympy  # noqa: E402

STORE = HERE / "items.json"
FRESH_SEED = 20_261_130  # of the 10,000 exercises; development used seeds below 1,000 and the two before (see README)
COUNT = 10_000
WRONG = 3  # wrong choices beside the right one
LEVELS = (1, 2, 3)
MOST_DRAWS = 2000  # per exercise; the narrowest template needs about ten
NAMES = "Ada Amir Bela Chen Dana Emil Fatou Greta Hugo Ines Jonas Kira Leo Mona Noah Olga Pia Ravi Sara Tom"
x, y, z, p = sympy.symbols("x y z p")

# --- what an exercise is ----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Item:
    """One exercise: ``choices`` are texts, ``key`` the place of the right one, ``errors`` the error behind each other.

    ``difficulty`` is intended, in logits: what the template's author thinks, and nothing that was measured.
    """

    template: str
    level: int
    wording: int
    text: str
    choices: tuple
    key: int
    errors: tuple
    parameters: tuple
    difficulty: float


class Halfway(ValueError):
    """A number that two roundings would claim: −0.045 is −0.05 for some and −0.04 for others."""


class Dice:
    """Draws parameters, and multiplies up in ``ways`` how many choices each draw had."""

    def __init__(self, seed):
        self.rng, self.ways = np.random.default_rng(seed), 1

    def pick(self, options):
        """Draw one of several options."""
        options = list(options)
        self.ways *= len(options)
        return options[int(self.rng.integers(len(options)))]

    def whole(self, low, high, *but):
        """Draw a whole number from ``low`` to ``high``, both included, that is none of ``but``."""
        return self.pick([k for k in range(low, high + 1) if k not in but])

    def name(self):
        """Draw a first name: decoration, and no parameter."""
        return self.rng.choice(NAMES.split()).item()


TEMPLATES = {}


def template(difficulty):
    """Register a function of (dice, level) that returns wordings, right value, {error: wrong value}, how to show one.

    It returns None for parameters that make no sensible exercise. ``difficulty`` is that of level 2.
    """

    def register(draw):
        TEMPLATES[draw.__name__] = types.SimpleNamespace(draw=draw, difficulty=difficulty)
        return draw

    return register


def same(a, b):
    """Tell whether two choices have one value: numbers, pairs, matrices, sets of solutions, or formulas in x."""
    if isinstance(a, frozenset) or isinstance(b, frozenset) or isinstance(a, tuple):
        return a == b
    return sympy.expand(a - b) == 0


def most_typical(choices):
    """Return the place of the choice that shares the most signs with the others: a guess that needs no question."""
    signs = [collections.Counter(re.findall(r"\d+|[^\d\s]", choice)) for choice in choices]
    shared = [sum((one & other).total() for other in signs if other is not one) for one in signs]
    return int(np.argmax(shared))


def picked_errors(right, wrong, show, rng):
    """Draw three errors, so that the right choice is the most typical of the four about as often as chance has it.

    Every wrong choice is a variation of the right one, so the right one would be the most typical far too often.
    """
    triples = list(itertools.combinations(wrong, WRONG))
    leaks = [most_typical([show(right), *(show(wrong[error]) for error in triple)]) == 0 for triple in triples]
    wanted = rng.random() < 1 / (WRONG + 1)
    fitting = [triple for triple, leak in zip(triples, leaks, strict=True) if leak == wanted] or triples
    return fitting[int(rng.integers(len(fitting)))]


def has_distinct(right, wrong, show):
    """Tell whether some three errors give four choices of four values that look different."""
    for triple in itertools.combinations(wrong.values(), WRONG):
        pairs = itertools.combinations([right, *triple], 2)
        if not any(show(a) == show(b) or same(a, b) for a, b in pairs):
            return True
    return False


def make(name, seed, level=None, tally=None):
    """Return the `Item` of a template that follows from ``seed``; ``level`` 1, 2 or 3, by default drawn.

    Where two of the four choices have one value, or look alike, all is drawn again. ``tally`` counts that, and adds up
    the ways of the draws that can be kept with some of the errors: their sum over "drawn" estimates how many sets of
    parameters there are (Knuth 1975: the mean of the product of branchings is the number of leaves).
    """
    if name not in TEMPLATES or level not in (None, *LEVELS):
        known = ", ".join(TEMPLATES)
        raise ValueError(f"received template {name!r}, level {level!r}; expected one of {known} and level 1, 2 or 3.")
    dice, tally = Dice(seed), collections.Counter() if tally is None else tally
    level = level or int(dice.rng.integers(1, 4))
    for _ in range(MOST_DRAWS):
        dice.ways = 1
        tally[name, level, "drawn"] += 1
        try:
            draft = TEMPLATES[name].draw(dice, level)
        except Halfway:
            draft = None
        if draft is None:
            tally[name, level, "not sensible"] += 1
            continue
        wordings, right, wrong, show, parameters = draft
        errors = [None, *picked_errors(right, wrong, show, dice.rng)]
        values = [right if error is None else wrong[error] for error in errors]
        pairs = [(a, b) for k, a in enumerate(values) for b in values[:k]]
        if len({show(value) for value in values}) < len(values) or any(same(a, b) for a, b in pairs):
            tally[name, level, "equal choices"] += 1
            tally[name, level, "ways"] += dice.ways * has_distinct(right, wrong, show)
            continue
        tally[name, level, "ways"] += dice.ways
        order = dice.rng.permutation(len(values))
        wording = int(dice.rng.integers(len(wordings)))
        return Item(
            template=name,
            level=level,
            wording=wording,
            text=wordings[wording],
            choices=tuple(show(values[k]) for k in order),
            key=int(np.flatnonzero(order == 0)[0]),
            errors=tuple(errors[k] for k in order),
            parameters=parameters,
            difficulty=TEMPLATES[name].difficulty + 0.8 * (level - 2),
        )
    raise RuntimeError(f"{name}, level {level}: no exercise in {MOST_DRAWS} draws; widen the template's parameters.")


# --- how mathematics is printed ---------------------------------------------------------------------------------------


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def formula(expression):
    """Return a sympy expression as a school book prints it: 3x² − 2x, 12(3x + 1)³, 2xe^(3x)."""
    text = re.sub(r"\*\*(\d+)", lambda match: match[1].translate(RAISED), str(expression))
    return text.replace("exp(", "e^(").replace("*", "").replace("-", "−")


def whole_euros(amount):
    """Return 1200 as €1,200."""
    return f"€{amount:,}"


def rounded(value):
    """Return a number to two decimals, exactly, or raise `Halfway`."""
    sign = -1 if value < 0 else 1
    if abs(sympy.Rational(value)) * 100 % 1 == sympy.Rational(1, 2):
        raise Halfway(f"received {value}; expected a number that is not halfway between two.")
    return sign * sympy.Rational(sympy.floor(abs(sympy.Rational(value)) * 100 + sympy.Rational(1, 2)), 100)


def decimals(value):
    """Return a value that has two decimals as text: −0.50."""
    whole, rest = divmod(int(abs(value) * 100), 100)
    return f"{'−' if value < 0 else ''}{whole}.{rest:02d}"


def euros(value):
    """Return a value that has two decimals as money: €1,234.50."""
    whole, rest = divmod(int(abs(value) * 100), 100)
    return f"{'−' if value < 0 else ''}€{whole:,}.{rest:02d}"


def solutions(values):
    """Return a set of solutions as text: x = −2 or x = 3."""
    return " or ".join(f"x = {formula(value)}" for value in sorted(values))


def unknowns(values):
    """Return the values of x, y (and z) as text: x = 2, y = 3."""
    return ", ".join(f"{name} = {formula(value)}" for name, value in zip("xyz", values, strict=False))


def matrix(rows):
    """Return rows as text: (1 2; 3 4)."""
    return "(" + "; ".join(" ".join(formula(value) for value in row) for row in rows) + ")"


def rows_of(found):
    """Return a matrix of sympy as a tuple of rows."""
    return tuple(tuple(row) for row in sympy.Matrix(found).tolist())


def number_of(count, one):
    """Return 1 year, 2 years."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


# --- the templates: one for each topic of the real exam ---------------------------------------------------------------


@template(-1.0)
def quadratic(dice, level):
    """Two rational solutions; from level 2 on the square has a factor, at level 3 one solution is a fraction."""
    x = sympy.Symbol("x")
    numbers = [k for k in range(-12, 13) if k]
    first, second = dice.pick([(a, b) for a in numbers for b in numbers if (a < b or level == 3) and a + b and a != b])
    factor = 1 if level == 1 else dice.whole(2, 5)
    right = {sympy.Integer(first), sympy.Rational(second, factor) if level == 3 else sympy.Integer(second)}
    if len(right) < 2 or (level == 3 and second % factor == 0):
        return None
    left = sympy.expand(factor * sympy.prod(x - value for value in right))
    moved = dice.pick((0, left.coeff(x, 0)))
    equation = f"{formula(left - moved)} = {formula(-moved)}"
    found = sympy.solve(left, x)
    a, b = sorted(found)
    wrong = {
        "both signs lost": {-a, -b},
        "one sign lost": {a, -b},
        "divided by a instead of 2a": {2 * a, 2 * b},
        "coefficients read as solutions": {left.coeff(x, 1), left.coeff(x, 0)},
    }
    if level > 1:
        wrong["the factor of the square ignored"] = {factor * a, factor * b}
    wordings = [
        f"Solve the equation {equation}.",
        f"Which values of x satisfy {equation}?",
        f"Find all solutions of {equation}.",
        f"{dice.name()} is looking for all numbers x with {equation}. Which numbers are they?",
        f"For which values of x is the equation {equation} true?",
    ]
    if moved == 0:
        wordings.append(f"Where does the graph of y = {formula(left)} cross the x-axis?")
    sets = {error: frozenset(values) for error, values in wrong.items() if len(values) == 2}
    return wordings, frozenset(found), sets, solutions, (tuple(found), factor, int(moved != 0))


@template(-0.6)
def derivative(dice, level):
    """A polynomial; a power of a linear function; a power times an exponential function."""
    x = sympy.Symbol("x")
    if level == 1:
        a, b, c = dice.whole(2, 9), dice.whole(-9, 9, 0), dice.whole(-9, 9, 0)
        n = dice.whole(3, 5)
        f = a * x**n + b * x**2 + c * x
        wrong = {
            "powers not lowered": a * n * x**n + 2 * b * x**2 + c * x,
            "exponents not brought down": a * x ** (n - 1) + b * x + c,
            "linear term lost": a * n * x ** (n - 1) + 2 * b * x,
            "powers not lowered, linear term lost": a * n * x**n + 2 * b * x**2,
            "exponents not brought down, linear term lost": a * x ** (n - 1) + b * x,
            "integrated instead of differentiated": sympy.integrate(f, x),
            "linear term not differentiated": a * n * x ** (n - 1) + 2 * b * x + c * x,
        }
        parameters = (a, b, c, n)
    elif level == 2:
        a, b, n, c = dice.whole(2, 9), dice.whole(-9, 9, 0), dice.whole(3, 7), dice.whole(1, 5)
        f = c * (a * x + b) ** n
        wrong = {
            "inner derivative forgotten": c * n * (a * x + b) ** (n - 1),
            "power not lowered": c * n * a * (a * x + b) ** n,
            "inner derivative forgotten, power not lowered": c * n * (a * x + b) ** n,
            "exponent not brought down": c * a * (a * x + b) ** (n - 1),
            "inner function replaced by its derivative": c * n * a * x ** (n - 1),
            "only the exponent lowered": c * (a * x + b) ** (n - 1),
        }
        parameters = (a, b, n, c)
    else:
        a, n, c = dice.whole(-9, 9, 0, 1), dice.whole(2, 6), dice.whole(-9, 9, 0)
        f = c * x**n * sympy.exp(a * x)
        wrong = {
            "product rule forgotten": c * n * a * x ** (n - 1) * sympy.exp(a * x),
            "inner derivative forgotten": c * n * x ** (n - 1) * sympy.exp(a * x) + c * x**n * sympy.exp(a * x),
            "first term of the product rule lost": c * a * x**n * sympy.exp(a * x),
            "power not lowered": c * n * x**n * sympy.exp(a * x) + a * c * x**n * sympy.exp(a * x),
            "second term of the product rule lost": c * n * x ** (n - 1) * sympy.exp(a * x),
            "sign of the quotient rule used": c * n * x ** (n - 1) * sympy.exp(a * x) - a * c * x**n * sympy.exp(a * x),
        }
        parameters = (a, n, c)
    given = f"f(x) = {formula(f)}"
    wordings = [
        f"Differentiate {given}.",
        f"What is the derivative of {given}?",
        f"Find f′(x) for {given}.",
        f"{dice.name()} needs the slope of the function {given} at every x. Which formula gives it?",
        f"A function is given by {given}. Which function is its derivative?",
    ]
    return wordings, sympy.diff(f, x), wrong, lambda value: f"f′(x) = {formula(value)}", (level, *parameters)


@template(0.2)
def elasticity(dice, level):
    """The price elasticity p q′(p) / q(p) of a demand that falls with the price."""
    slope, price = dice.whole(2, 9), dice.whole(3, 20)
    power = 2 if level == 3 else 1
    step = 10 if level == 1 else 1
    sold = dice.whole(12 if level > 1 else 2, 90 if level > 1 else 20)
    demand = sympy.Integer(slope * price**power + step * sold)
    q = demand - slope * p**power
    there, change = q.subs(p, price), sympy.diff(q, p).subs(p, price)
    right = rounded(price * change / there)
    wrong = {
        "sign lost": -right,
        "fraction upside down": rounded(there / (price * change)),
        "slope instead of elasticity": rounded(change),
        "slope forgotten": rounded(-price / there),
        "price forgotten": rounded(change / there),
        "divided by the demand at price 0": rounded(price * change / demand),
    }
    if right == 0 or abs(right) > 20:
        return None
    curve = f"q(p) = {demand} − {formula(slope * p**power)}"
    ware = ["tickets", "notebooks", "lamps", "umbrellas", "T-shirts"][int(dice.rng.integers(5))]
    asked = f"Find the price elasticity of demand at p = {price}. Round to two decimals."
    wordings = [
        f"At a price of p euros a shop sells {curve} {ware} a week. {asked}",
        f"The demand for {ware} depends on their price p: {curve}. {asked}",
        f"{dice.name()} estimates the demand function {curve}. {asked}",
        f"A market has the demand function {curve}. The price is now p = {price}. "
        "What is the price elasticity of demand? Round to two decimals.",
    ]
    return wordings, right, wrong, decimals, (slope, price, int(demand), power)


@template(0.0)
def integral(dice, level):
    """The definite integral of a polynomial; only positive functions are called costs or areas."""
    low = dice.whole(1, 4) if level < 3 else dice.whole(-4, -1)
    high = low + dice.whole(1, 4)
    sign = (1,) if level < 3 else (1, -1)
    coefficients = [dice.pick(sign) * dice.whole(1, 9) for _ in range(level + 1)]
    if level < 3:
        coefficients[-1] *= 2 if level == 1 else 3
    f = sum(c * x**k for k, c in enumerate(coefficients))
    whole = sympy.Poly(f, x).integrate().as_expr()
    powers = sum(c * x ** (k + 1) for k, c in enumerate(coefficients))
    right = whole.subs(x, high) - whole.subs(x, low)
    wrong = {
        "lower limit forgotten": whole.subs(x, high),
        "limits exchanged": -right,
        "limits added instead of subtracted": whole.subs(x, high) + whole.subs(x, low),
        "not integrated at all": f.subs(x, high) - f.subs(x, low),
        "not divided by the new exponent": powers.subs(x, high) - powers.subs(x, low),
        "differentiated instead of integrated": sympy.diff(f, x).subs(x, high) - sympy.diff(f, x).subs(x, low),
    }
    limits = f"from x = {formula(low)} to x = {formula(high)}"
    wordings = [
        f"Compute the integral of f(x) = {formula(f)} {limits}.",
        f"What is the definite integral of f(x) = {formula(f)} {limits}?",
        f"{dice.name()} integrates f(x) = {formula(f)} {limits}. What is the result?",
    ]
    if level < 3:
        wordings += [
            f"How large is the area between the x-axis and the graph of f(x) = {formula(f)} {limits}?",
            f"The marginal cost of a product is f(x) = {formula(f)} euros per unit. "
            f"By how many euros do the costs rise when the output grows {limits}?",
        ]
    return wordings, right, wrong, formula, (tuple(coefficients), low, high)


@template(-0.4)
def interest(dice, level):
    """Compound interest: the final capital; the capital needed today; two rates one after the other."""
    capital, years = 100 * dice.whole(5, 95), dice.whole(3, 9)
    rate = sympy.Rational(dice.whole(2, 16), 200)
    who, percent = dice.name(), f"{float(100 * rate):g} %"
    if level == 1:
        exact = {
            None: capital * (1 + rate) ** years,
            "simple instead of compound interest": capital * (1 + years * rate),
            "one year too few": capital * (1 + rate) ** (years - 1),
            "one year too many": capital * (1 + rate) ** (years + 1),
            "interest without the capital": capital * (1 + rate) ** years - capital,
        }
        wordings = [
            f"{who} puts {whole_euros(capital)} into a savings account that pays {percent} interest a year. "
            f"The interest is compounded yearly. How much is in the account after {years} years? Round to cents.",
            f"A capital of {whole_euros(capital)} earns {percent} compound interest a year. "
            f"What is it worth after {years} years? Round to cents.",
            f"A bank pays {percent} interest a year, and the interest stays in the account. "
            f"To what amount does a deposit of {whole_euros(capital)} grow in {years} years? Round to cents.",
        ]
        parameters = (capital, years, rate)
    elif level == 2:
        exact = {
            None: capital / (1 + rate) ** years,
            "simple instead of compound interest": capital / (1 + years * rate),
            "compounded instead of discounted": capital * (1 + rate) ** years,
            "percentage taken off every year": capital * (1 - rate) ** years,
            "one year too few": capital / (1 + rate) ** (years - 1),
        }
        wordings = [
            f"{who} wants to have {whole_euros(capital)} in {years} years. An account pays {percent} compound interest "
            "a year. How much has to be paid in today? Round to cents.",
            f"Which amount, invested today at {percent} compound interest a year, grows to {whole_euros(capital)} "
            f"in {years} years? Round to cents.",
            f"A bill of {whole_euros(capital)} is due in {years} years. The bank pays {percent} compound interest a "
            "year. How much must be set aside today to pay the bill? Round to cents.",
        ]
        parameters = (capital, years, rate)
    else:
        later, then = dice.whole(2, 6, years), sympy.Rational(dice.whole(2, 16), 200)
        after = f"{float(100 * then):g} %"
        exact = {
            None: capital * (1 + rate) ** years * (1 + then) ** later,
            "simple instead of compound interest": capital * (1 + years * rate + later * then),
            "mean of the two rates used": capital * (1 + (rate + then) / 2) ** (years + later),
            "the two periods exchanged": capital * (1 + rate) ** later * (1 + then) ** years,
            "second period forgotten": capital * (1 + rate) ** years,
        }
        wordings = [
            f"{who} invests {whole_euros(capital)}. The account pays {percent} compound interest a year for the first "
            f"{years} years and {after} a year for the next {later} years. How much is in the account at the end? "
            "Round to cents.",
            f"A deposit of {whole_euros(capital)} earns {percent} a year for the first {years} years, then {after} a "
            f"year for the next {later} years, with compound interest. What is it worth at the end? Round to cents.",
        ]
        parameters = (capital, years, rate, later, then)
    values = {error: rounded(value) for error, value in exact.items()}
    return wordings, values.pop(None), values, euros, (level, *parameters)


@template(0.5)
def annuity(dice, level):
    """Equal yearly payments: saved at the end of each year; at the beginning; their worth today."""
    payment, years = 50 * dice.whole(2, 60), dice.whole(3, 8)
    rate = sympy.Rational(dice.whole(2, 16), 200)
    grown = [payment * (1 + rate) ** k for k in range(years + 1)]
    late, early = sum(grown[:-1]), sum(grown[1:])
    today = sum(payment / (1 + rate) ** k for k in range(1, years + 1))
    who, each, percent = dice.name(), whole_euros(payment), f"{float(100 * rate):g} %"
    shared = {
        "interest forgotten": years * payment,
        "all payments treated as if made at once": years * payment * (1 + rate) ** years,
        "simple interest on every payment": sum(payment * (1 + k * rate) for k in range(years)),
    }
    if level == 1:
        right = late
        wrong = shared | {"payments moved to the beginning of the year": early, "discounted instead": today}
        wordings = [
            f"{who} pays {each} into an account at the end of each year, for {years} years. The account pays {percent} "
            "interest a year. How much is in the account right after the last payment? Round to cents.",
            f"At the end of each year {each} is paid into a fund that earns {percent} a year. "
            f"What is the fund worth right after payment number {years}? Round to cents.",
        ]
    elif level == 2:
        right = early
        wrong = shared | {"payments moved to the end of the year": late, "discounted instead": today}
        wordings = [
            f"{who} pays {each} into an account at the beginning of each year, for {years} years. The account pays "
            f"{percent} interest a year. How much is in the account at the end of year {years}? Round to cents.",
            f"At the beginning of each year {each} is paid into a fund that earns {percent} a year. "
            f"What is the fund worth at the end of year {years}? Round to cents.",
        ]
    else:
        right = today
        wrong = {
            "interest forgotten": years * payment,
            "compounded instead of discounted": late,
            "first payment not discounted": today * (1 + rate),
            "all payments treated as if made at the end": years * payment / (1 + rate) ** years,
        }
        wordings = [
            f"An insurance company pays {who} {each} at the end of each year, for {years} years. "
            f"At an interest rate of {percent} a year, what are all these payments together worth today? "
            "Round to cents.",
            f"{who} pays off a loan with {each} at the end of each year, for {years} years. "
            f"The bank charges {percent} interest a year. How large was the loan at the beginning? Round to cents.",
        ]
    values = {error: rounded(value) for error, value in wrong.items()}
    return wordings, rounded(right), values, euros, (level, payment, years, rate)


@template(0.4)
def payments(dice, level):
    """The present value of two payments; a net present value; one with gaps between the payments."""
    rate = sympy.Rational(dice.whole(2, 20), 200)
    due = {1: (1, 2), 2: (1, 2, 3)}.get(level) or (1, dice.whole(2, 4), dice.whole(5, 8))
    amounts = [100 * dice.whole(5, 60) for _ in due]
    cost = 0 if level == 1 else 100 * dice.whole(20, 120)
    if not sum(amounts) * 0.6 < cost < sum(amounts) * 1.2 and level > 1:
        return None

    def worth(factor, paid=cost):
        return rounded(sum(amount * factor(t) for amount, t in zip(amounts, due, strict=True)) - paid)

    right = worth(lambda t: 1 / (1 + rate) ** t)
    wrong = {
        "not discounted": worth(lambda t: 1),
        "every payment one year too early": worth(lambda t: 1 / (1 + rate) ** (t - 1)),
        "every payment one year too late": worth(lambda t: 1 / (1 + rate) ** (t + 1)),
        "simple instead of compound interest": worth(lambda t: 1 / (1 + t * rate)),
        "compounded instead of discounted": worth(lambda t: (1 + rate) ** t),
        "discounted by one year only": worth(lambda t: 1 / (1 + rate)),
    }
    if level > 1:
        wrong["cost forgotten"] = worth(lambda t: 1 / (1 + rate) ** t, 0)
    listed = [f"{whole_euros(amount)} after {number_of(t, 'year')}" for amount, t in zip(amounts, due, strict=True)]
    flow, percent = ", ".join(listed[:-1]) + " and " + listed[-1], f"{float(100 * rate):g} %"
    thing = ["machine", "patent", "solar roof", "delivery van"][int(dice.rng.integers(4))]
    if level == 1:
        wordings = [
            f"A contract pays {flow}. The interest rate is {percent} a year. "
            "What is the contract worth today? Round to cents.",
            f"{dice.name()} will receive {flow}. At {percent} interest a year, what is the present value of the "
            "payments? Round to cents.",
        ]
    else:
        wordings = [
            f"A {thing} costs {whole_euros(cost)} today. It brings in {flow}. The interest rate is {percent} a year. "
            "What is the net present value of this investment? Round to cents.",
            f"{dice.name()} can buy a {thing} for {whole_euros(cost)} today and expects returns of {flow}. "
            f"Find the net present value at an interest rate of {percent} a year. Round to cents.",
        ]
    return wordings, right, wrong, euros, (level, rate, due, tuple(amounts), cost)


@template(-0.8)
def product(dice, level):
    """The product of two square matrices; at level 3 the second one is transposed first."""
    low = 1 if level == 1 else -5
    a, b = (sympy.Matrix(2, 2, [dice.whole(low, 6, 0) for _ in range(4)]) for _ in range(2))
    wrong = {
        "order exchanged": b * a,
        "multiplied entry by entry": a.multiply_elementwise(b),
        "result transposed": (a * b).T,
        "first matrix transposed": a.T * b,
        "added instead of multiplied": a + b,
    }
    if level < 3:
        right, asked = a * b, "AB"
        wrong["second matrix transposed"] = a * b.T
    else:
        right, asked = a * b.T, "ABᵀ"
        wrong["transposition forgotten"] = a * b
        wrong["result transposed"] = (a * b.T).T
        wrong["order exchanged"] = b.T * a
    given = f"A = {matrix(rows_of(a))} and B = {matrix(rows_of(b))}"
    note = "Semicolons separate the rows."
    wordings = [
        f"Let {given}. {note} Compute {asked}.",
        f"Two matrices are given: {given}. {note} What is {asked}?",
        f"{dice.name()} multiplies matrices. {note} What is {asked} for {given}?",
    ]
    wrong = {error: rows_of(value) for error, value in wrong.items()}
    return wordings, rows_of(right), wrong, matrix, (level, rows_of(a), rows_of(b))


def corners(limits):
    """Return the feasible corners of a x + b y <= c, x >= 0, y >= 0, by sympy."""
    lines = [*[a * x + b * y - c for a, b, c in limits], x, y]
    pairs = [(one, other) for k, one in enumerate(lines) for other in lines[:k]]
    found = {corner for pair in pairs for corner in sympy.linsolve(pair, x, y)}
    return [
        (u, v)
        for u, v in found
        if u.is_number and v.is_number and u >= 0 and v >= 0 and all(a * u + b * v <= c for a, b, c in limits)
    ]


STORIES = (
    ("bakery", "boxes of rolls", "box of rolls", "boxes of cakes", "box of cakes", "kg of flour", "hours of work"),
    ("workshop", "shelves", "shelf", "tables", "table", "boards", "hours of work"),
    ("garden centre", "large baskets", "large basket", "small baskets", "small basket", "plants", "minutes of work"),
)


@template(0.9)
def planning(dice, level):
    """A linear programme with two limits and one best corner: where the limits meet, or at level 3 anywhere."""
    best = (dice.whole(1, 8), dice.whole(1, 8))
    limits = []
    for _ in range(2):
        a, b = dice.whole(1, 6), dice.whole(1, 6)
        limits.append((a, b, a * best[0] + b * best[1]))
    gain = (dice.whole(2, 12), dice.whole(2, 12))
    (a1, b1, c1), (a2, b2, c2) = limits
    if a1 * b2 == a2 * b1:
        return None
    reached = sorted(((gain[0] * u + gain[1] * v, (u, v)) for u, v in corners(limits)), reverse=True)
    top, right = reached[0]
    if reached[1][0] == top or (level < 3 and right != best) or not all(value.is_integer for value in right):
        return None
    wrong = {
        "all into x": (min(sympy.Rational(c1, a1), sympy.Rational(c2, a2)), sympy.Integer(0)),
        "all into y": (sympy.Integer(0), min(sympy.Rational(c1, b1), sympy.Rational(c2, b2))),
        "x and y exchanged": right[::-1],
        "one unit beyond a limit": (right[0] + 1, right[1]),
        "a limit not used up": (max(right[0] - 1, 0), max(right[1] - 1, 0)),
        "corner where the limits meet, though not the best": best,
    }
    if right == best:
        del wrong["corner where the limits meet, though not the best"]
    wrong = {
        error: tuple(map(sympy.Integer, value)) for error, value in wrong.items() if all(v == int(v) for v in value)
    }
    if len(wrong) < WRONG:
        return None
    shop, many_x, one_x, many_y, one_y, first, second = STORIES[int(dice.rng.integers(len(STORIES)))]
    bounds = ", ".join(f"{formula(a * x + b * y)} ≤ {c}" for a, b, c in limits)
    goal = formula(gain[0] * x + gain[1] * y)

    def needs(a, b):
        return f"{unit_of(a, first)} and {unit_of(b, second)}"

    story = (
        f"A {shop} makes x {many_x} and y {many_y}. A {one_x} needs {needs(a1, a2)}. A {one_y} needs {needs(b1, b2)}. "
        f"There are {unit_of(c1, first)} and {unit_of(c2, second)}. The profit is €{gain[0]} for a {one_x} and "
        f"€{gain[1]} for a {one_y}. Which plan makes the profit as large as possible?"
    )
    wordings = [
        f"Maximise {goal} subject to {bounds}, x ≥ 0 and y ≥ 0. Where is the maximum?",
        f"Find the x and y that make {goal} as large as possible under the limits {bounds}, x ≥ 0 and y ≥ 0.",
        story,
    ]
    return wordings, tuple(right), wrong, unknowns, (tuple(limits), gain)


def unit_of(count, unit):
    """Return a count with its unit, in the singular for 1: 1 hour of work, 2 hours of work."""
    first, *rest = unit.split(" ")
    first = first[:-1] if count == 1 and first.endswith("s") else first
    return " ".join([str(count), first, *rest])


@template(-0.9)
def equations(dice, level):
    """Linear equations with whole solutions: two unknowns; with negative coefficients; three unknowns."""
    size, low = (3 if level == 3 else 2), (1 if level == 1 else -6)
    right = tuple(sympy.Integer(dice.whole(1 if level == 1 else -9, 9, 0)) for _ in range(size))
    table = sympy.Matrix(size, size, [dice.whole(low, 6, 0) for _ in range(size * size)])
    if table.det() == 0:
        return None
    totals = table * sympy.Matrix(right)
    (found,) = sympy.linsolve((table, totals), *(x, y, z)[:size])
    wrong = {
        "x and y exchanged": (right[1], right[0], *right[2:]),
        "sign of x lost": (-right[0], *right[1:]),
        "sign of y lost": (right[0], -right[1], *right[2:]),
        "right in the first equation only": (right[0] + table[0, 1], right[1] - table[0, 0], *right[2:]),
        "right in the last equation only": (right[0] + table[-1, 1], right[1] - table[-1, 0], *right[2:]),
    }
    sides = [formula(sum(c * u for c, u in zip(table.row(k), (x, y, z), strict=False))) for k in range(size)]
    lines = [f"{side} = {formula(total)}" for side, total in zip(sides, totals, strict=True)]
    system = ", ".join(lines[:-1]) + " and " + lines[-1]
    wordings = [
        f"Solve the system of equations {system}.",
        f"Which numbers satisfy all of these equations: {system}?",
        f"{dice.name()} has to solve {system}. What is the solution?",
    ]
    if level == 1:
        (a, b), (c, d) = table.tolist()
        what = [("adult", "child"), ("day", "evening"), ("single", "return")][int(dice.rng.integers(3))]

        def tickets(m, n):
            return f"{number_of(m, f'{what[0]} ticket')} and {number_of(n, f'{what[1]} ticket')}"

        wordings.append(
            f"Together, {tickets(a, b)} cost €{totals[0]}, and {tickets(c, d)} cost €{totals[1]}. "
            f"What is the price of {article(what[0])} ticket (x euros) and of {article(what[1])} ticket (y euros)?"
        )
    return wordings, tuple(found), wrong, unknowns, (tuple(table), right)


def article(word):
    """Return a word behind its indefinite article."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


@template(0.7)
def hessian(dice, level):
    """The matrix of second derivatives of a polynomial in x and y at a point."""
    a, b, c = dice.whole(1, 6), dice.whole(-6, 6, 0), dice.whole(1, 6)
    f = {
        1: a * x**2 + b * x * y + c * y**2,
        2: a * x**2 * y + b * x * y**2 + c * y**3,
        3: a * x**3 * y + b * x**2 * y**2 + c * x * y**3,
    }[level]
    here = (dice.whole(1, 4), dice.whole(1, 4)) if level < 3 else (dice.whole(-3, 3, 0), dice.whole(-3, 3, 0))
    at = dict(zip((x, y), here, strict=True))
    (xx, xy), (_, yy) = sympy.hessian(f, (x, y)).subs(at).tolist()
    gx, gy = f.diff(x).subs(at), f.diff(y).subs(at)
    wrong = {
        "mixed derivative forgotten": ((xx, 0), (0, yy)),
        "second derivatives in x and y exchanged": ((yy, xy), (xy, xx)),
        "sign of the mixed derivative lost": ((xx, -xy), (-xy, yy)),
        "first instead of second derivatives": ((gx, xy), (xy, gy)),
        "mixed derivative counted twice": ((xx, 2 * xy), (2 * xy, yy)),
        "diagonal and mixed derivatives exchanged": ((xy, xx), (yy, xy)),
    }
    wrong = {error: tuple(tuple(map(sympy.Integer, row)) for row in rows) for error, rows in wrong.items()}
    given, point = f"f(x, y) = {formula(f)}", f"({formula(here[0])}, {formula(here[1])})"
    note = "Semicolons separate the rows."
    wordings = [
        f"Find the Hessian matrix of {given} at the point {point}. {note}",
        f"What is the Hessian matrix of {given} at {point}? {note}",
        f"{dice.name()} wants to know whether {given} is convex near the point {point}. "
        f"What is the Hessian matrix there? {note}",
    ]
    return wordings, ((xx, xy), (xy, yy)), wrong, matrix, (level, a, b, c, here)


@template(0.8)
def implicit(dice, level):
    """The slope of a curve that an equation describes, at a point of it."""
    a, b, c = dice.whole(1, 5), dice.whole(-5, 5, 0), dice.whole(1, 5)
    here = (dice.whole(1, 5), dice.whole(1, 5)) if level < 3 else (dice.whole(-4, 4, 0), dice.whole(-4, 4, 0))
    mixed = {1: 0, 2: b * x * y, 3: b * x**2 * y}[level]
    power = 3 if level == 3 else 2
    f = a * x**power + mixed + c * y**2
    at = dict(zip((x, y), here, strict=True))
    fx, fy = (f.diff(symbol).subs(at) for symbol in (x, y))
    through = sympy.diff(mixed, y).subs(at)  # what d/dx misses where the product rule is forgotten
    if 0 in (fx, fy, fy - through):
        return None
    total = f.subs(at)
    right = sympy.idiff(f - total, y, x).subs(at)
    wrong = {
        "sign lost": -right,
        "fraction upside down": 1 / right,
        "fraction upside down and sign lost": -1 / right,
        "y treated as a constant": sympy.Integer(fx),
        "derivative in y instead": sympy.Integer(fy),
    }
    if level > 1:
        wrong["product rule forgotten"] = -fx / (fy - through)
    given, point = f"{formula(f)} = {formula(total)}", f"({formula(here[0])}, {formula(here[1])})"
    wordings = [
        f"The equation {given} describes a curve through the point {point}. What is its slope dy/dx there?",
        f"Near the point {point} the equation {given} defines y as a function of x. Find dy/dx at this point.",
        f"{dice.name()} draws the tangent to the curve {given} at the point {point}. "
        "What is the slope of this tangent?",
    ]
    return wordings, right, wrong, formula, (level, a, b, c, here)


@template(1.0)
def lagrange(dice, level):
    """The largest product of powers of x and y on a budget line, by Lagrange's conditions."""
    m, n = dice.pick({1: [(1, 1)], 2: [(2, 1), (3, 1)], 3: [(2, 3), (3, 2), (3, 4), (4, 3), (1, 3), (1, 4)]}[level])
    s, t = dice.whole(1, 12), dice.whole(1, 12)
    scale = dice.whole(1, 10)
    if s == t:
        return None
    budget = (m + n) * s * t * scale
    f, weight = x**m * y**n, sympy.Symbol("weight")
    slack = s * x + t * y - budget
    conditions = [f.diff(x) - weight * s, f.diff(y) - weight * t, slack]
    positive = [found for found in sympy.solve(conditions, x, y, weight, dict=True) if found[x] * found[y] != 0]
    if len(positive) != 1:
        return None
    right = (positive[0][x], positive[0][y])
    wrong = {
        "prices exchanged": (m * scale * s, n * scale * t),
        "whole budget spent on each": ((m + n) * scale * t, (m + n) * scale * s),
        "x and y exchanged": right[::-1],
        "half of the solution": (sympy.Rational(right[0], 2), sympy.Rational(right[1], 2)),
    }
    if m != n:
        wrong["exponents exchanged"] = (n * scale * t, m * scale * s)
        wrong["exponents ignored"] = (sympy.Rational(budget, 2 * s), sympy.Rational(budget, 2 * t))
    wrong = {error: tuple(map(sympy.Rational, value)) for error, value in wrong.items()}
    wrong = {error: value for error, value in wrong.items() if all(v.is_integer for v in value)}
    if len(wrong) < WRONG:
        return None
    line, goal = f"{formula(s * x + t * y)} = {budget}", formula(f)
    wordings = [
        f"Maximise {goal} subject to {line} with x > 0 and y > 0. Where is the maximum?",
        f"For which x > 0 and y > 0 with {line} is {goal} as large as possible?",
        f"{dice.name()} spends {whole_euros(budget)} on two goods with prices of €{s} (x units) and €{t} (y units). "
        f"The utility is u(x, y) = {goal}. Which quantities give the highest utility?",
    ]
    return wordings, right, wrong, unknowns, (m, n, s, t, scale)


# --- checks of a text, without solving it -----------------------------------------------------------------------------


def lix(text):
    """Return the reading level of Björnsson (1968): words a sentence plus the percentage of words over six letters.

    Only words of letters count: a formula is neither long nor short. Below 30 a text is very easy, above 50 hard.
    """
    words = re.findall(r"[A-Za-zÀ-ÿ]{2,}|\b[AaI]\b", text)
    sentences = len(re.findall(r"[.?!](?=\s|$)", text))
    if not words or not sentences:
        raise ValueError(
            f"received {text!r}; expected words, and a sentence that ends in a full stop or question mark."
        )
    return len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words)


# --- a test to take ---------------------------------------------------------------------------------------------------


ABILITIES = np.linspace(-4, 4, 161)  # where the posterior is worked out, in logits


def solving_chance(ability, difficulty, guessing=1 / (WRONG + 1)):
    """Return the probability of a right choice: Rasch's model above the chance of a blind guess, in [guessing, 1]."""
    return guessing + (1 - guessing) / (1 + np.exp(difficulty - ability))


def ability_after(difficulties, right):
    """Return (mean, standard deviation) of the ability after answers: expected a posteriori, standard normal before.

    ``difficulties`` and ``right`` have an entry for each answer. Without answers that is (0, 1), nearly.
    """
    weights = np.exp(-(ABILITIES**2) / 2)
    for difficulty, hit in zip(difficulties, right, strict=True):
        chance = solving_chance(ABILITIES, difficulty)
        weights = weights * (chance if hit else 1 - chance)
    weights = weights / weights.sum()
    mean = weights @ ABILITIES
    return float(mean), float(np.sqrt(weights @ (ABILITIES - mean) ** 2))


def next_item(ability, bank, used):
    """Return the place of the exercise whose intended difficulty is nearest: of topics that were asked least so far."""
    asked = collections.Counter(bank[k].template for k in used)
    free = [k for k in range(len(bank)) if k not in used]
    if not free:
        raise ValueError(f"received a bank of {len(bank)} exercises, all used; expected one that is left.")
    return min(free, key=lambda k: (asked[bank[k].template], abs(bank[k].difficulty - ability), k))


class TestToTake:
    """An adaptive test of ``length`` questions from a bank, with buttons; `answer` does without a mouse what they do.

    ``used`` and ``right`` grow with every answer; ``course`` holds (ability, its standard deviation) after each.
    """

    def __init__(self, bank, length=5, select=next_item):
        import ipywidgets

        self.bank, self.length, self.select = bank, length, select
        self.used, self.right, self.course = [], [], [ability_after([], [])]
        self.question, self.result = ipywidgets.HTML(), ipywidgets.HTML()
        self.choices = ipywidgets.RadioButtons(layout={"width": "auto"})
        self.next = ipywidgets.Button(description="Answer", button_style="primary")
        for part, name in ((self.choices, "choice"), (self.next, "next"), (self.result, "result")):
            part.add_class(f"aigc-test-{name}")
        self.next.on_click(lambda _: self._press())
        self.box = ipywidgets.VBox([self.question, self.choices, self.next, self.result])
        self._ask()

    def _ask(self):
        self.present = self.select(self.course[-1][0], self.bank, self.used)
        item = self.bank[self.present]
        self.question.value = f"<b>Question {len(self.used) + 1} of {self.length}.</b> {html.escape(item.text)}"
        self.choices.options, self.choices.index = item.choices, None

    def _press(self):
        if len(self.used) < self.length and self.choices.index is not None:
            self.answer(self.choices.index)

    def answer(self, place):
        """Choose the answer at a place of the present question, and go on to the next one or to the result."""
        if len(self.used) == self.length or not 0 <= place < len(self.choices.options):
            given = f"answer {place!r} after {len(self.used)} of {self.length} questions"
            raise ValueError(f"received {given}; expected the place of a choice, once for each question.")
        self.used.append(self.present)
        self.right.append(place == self.bank[self.present].key)
        self.course.append(ability_after([self.bank[k].difficulty for k in self.used], self.right))
        if len(self.used) < self.length:
            self._ask()
            return
        self.choices.disabled = self.next.disabled = True
        mean, spread = self.course[-1]
        lines = [
            f"{self.bank[k].template}: "
            + ("right" if hit else f"wrong; the answer is {self.bank[k].choices[self.bank[k].key]}")
            for k, hit in zip(self.used, self.right, strict=True)
        ]
        said = f"{sum(self.right)} of {self.length} right. Ability {mean:.1f} ± {spread:.1f} logits, if the intended "
        self.result.value = "<br>".join([said + "difficulties are right.", *map(html.escape, lines)])

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)


def sheet_for(ability, missed, bank, used, count=6):
    """Return the places of ``count`` exercises for one learner: topics that were missed come first, a step easier.

    ``missed`` are the templates that went wrong, ``used`` the places that the learner has seen already.
    """
    chosen = []
    for topic in itertools.cycle([*dict.fromkeys(missed), None]):
        goal = ability - 0.5 if topic else ability
        taken = {bank[k].template for k in chosen}
        free = [k for k in range(len(bank)) if k not in used and k not in chosen]
        fitting = [k for k in free if bank[k].template == topic or (topic is None and bank[k].template not in taken)]
        chosen += sorted(fitting, key=lambda k: (abs(bank[k].difficulty - goal), k))[:1]
        if len(chosen) == count or not fitting:
            return chosen


# --- faults, planted to see whether they are found --------------------------------------------------------------------


def restated(choice):
    """Return another way to print the value of a choice."""
    if choice.startswith("f′(x) = "):
        return choice.replace(" = ", " = 0 + ", 1) if " = −" not in choice else choice.replace(" = −", " = 0 − ", 1)
    for separator in (" or ", ", "):
        if separator in choice and " = " in choice:
            return separator.join(reversed(choice.split(separator)))
    if choice.startswith("("):
        return re.sub(r"\d+", lambda match: f"{2 * int(match[0])}/2", choice, count=1)
    return (
        choice + "0" if "." in choice else re.sub(r"^(−?)(\d+)", lambda m: f"{m[1]}{2 * int(m[2])}/2", choice, count=1)
    )


def changed(text, rng, start="", end="$"):
    """Return a text in which one number behind ``start``, before ``end``, has grown by half (at least by 1)."""
    begin = re.search(start, text).end()
    found = list(re.finditer(r"[1-9]\d*", text[begin : begin + re.search(end, text[begin:]).start()]))
    if not found:
        return text
    match = found[int(rng.integers(len(found)))]
    grown = int(match[0]) + max(1, int(match[0]) // 2)
    return f"{text[: begin + match.start()]}{grown}{text[begin + match.end() :]}"


WHERE = {  # only numbers that the answer depends on: not those of a goal, nor a point at which all is constant
    "planning": (r"(?=≤)|There are", "The profit|and y ≥|, x ≥|$"),
    "hessian": (r"f\(x, y\) = ", " at | is convex"),
}


def planted(item, kind, rng, other):
    """Return an `Item` with a fault of a kind; ``other`` is an exercise of the same template and level."""
    choices, wrong = list(item.choices), [k for k in range(len(item.choices)) if k != item.key]
    if kind == "answer key at a wrong choice":
        return dataclasses.replace(item, key=int(rng.choice(wrong)))
    if kind == "a number of the text changed":
        if (item.template, item.level) == ("planning", 3):
            return item  # one of its limits may be slack: changing that is no fault
        if item.template == "integral" and sum(item.parameters[1:]) == 0:
            return item  # from −a to a odd powers have no part in the answer
        return dataclasses.replace(item, text=changed(item.text, rng, *WHERE.get(item.template, ("", "$"))))
    if kind == "text of another exercise":
        return dataclasses.replace(item, text=other.text)
    if kind == "two right choices":
        choices[int(rng.choice(wrong))] = restated(choices[item.key])
    else:  # no right choice
        choices[item.key] = changed(choices[item.key], rng) if re.search("[1-9]", choices[item.key]) else "1"
    return dataclasses.replace(item, choices=tuple(choices))


FAULTS = (
    "answer key at a wrong choice",
    "a number of the text changed",
    "text of another exercise",
    "two right choices",
    "no right choice",
)
BUGS = {  # names of functions of this module, and what a slip of the pen could make of them
    "cents cut off instead of rounded": ("rounded", lambda value: sympy.Rational(sympy.floor(value * 100), 100)),
    "a leading minus not printed": ("formula", lambda value, right=formula: right(value).removeprefix("−")),
    "cents printed without their zero": (
        "euros",
        lambda value, right=euros: re.sub(r"\.0(\d)$", r".\1", right(value)),
    ),
    "unknowns printed in the wrong order": (
        "unknowns",
        lambda values, right=unknowns: right((values[1], values[0], *values[2:])),
    ),
    "matrices printed by columns": ("matrix", lambda rows, right=matrix: right(tuple(zip(*rows, strict=True)))),
}


# --- the bench --------------------------------------------------------------------------------------------------------


def keep(**results):
    """Add results to the store."""
    common.add(STORE, results, functools.partial(json.dumps, indent=1, ensure_ascii=False))


def batch(count, seed, tally=None):
    """Return ``count`` exercises, the templates in turn; their seeds are the pairs (seed, k)."""
    names = list(TEMPLATES)
    return [make(names[k % len(names)], [seed, k], tally=tally) for k in range(count)]


def solved(item):
    """Return the second solver's choices, or the reason why it has none."""
    from benchmarks import second_solver

    try:
        return second_solver.solve(item.text, item.choices)
    except (ValueError, ArithmeticError) as error:
        return f"{type(error).__name__}: {error}"


def planted_found(items, rng):
    """Return {kind of fault: [found, planted]} of the second solver."""
    found = {}
    for kind in FAULTS:
        found[kind] = [0, 0]
        for k, item in enumerate(items):
            others = [o for o in items if (o.template, o.level) == (item.template, item.level) and o is not item]
            others = [o for o in others if o.choices[o.key] != item.choices[item.key]]
            bad = planted(item, kind, rng, others[k % len(others)])
            if bad != item:
                found[kind][0] += solved(bad) != [bad.key]
                found[kind][1] += 1
    return found


def bugs_found(seed, count):
    """Return {bug: [found, exercises that it spoils]} and those not found; one function is broken at a time."""
    found, unseen, healthy = {}, [], batch(count, seed)
    for bug, (name, broken) in BUGS.items():
        right = globals()[name]
        globals()[name] = broken
        try:
            ill = batch(count, seed)
        finally:
            globals()[name] = right
        pairs = zip(ill, healthy, strict=True)
        sound = ("product", "hessian") if name == "formula" else ()  # all entries lose their minus alike
        faulty = [
            i
            for i, h in pairs
            if (i.text, i.choices[i.key]) != (h.text, h.choices[h.key])
            and i.parameters == h.parameters  # else the bug led to another draw, and that exercise may be sound
            and i.errors == h.errors  # else it was drawn on another way
            and i.template not in sound
        ]
        missed = [[one.text, list(one.choices)] for one in faulty if solved(one) == [one.key]]
        found[bug] = [len(faulty) - len(missed), len(faulty)]
        unseen += missed
    return found, unseen


def repeats(items, tally):
    """Return rows [template, level, exercises, sets of parameters, wordings, repeated parameters, expected repeats]."""
    rows = []
    for name in TEMPLATES:
        for level in LEVELS:
            mine = [item for item in items if (item.template, item.level) == (name, level)]
            space = tally[name, level, "ways"] / tally[name, level, "drawn"]
            texts = len({item.wording for item in mine})
            pairs = collections.Counter(item.parameters for item in mine)
            again = len(mine) - len(pairs)
            expected = len(mine) - space * -np.expm1(len(mine) * np.log1p(-1 / space))
            rows.append([name, level, len(mine), round(space), texts, again, round(float(expected), 1)])
    return rows


def measure():
    """Make the exercises of the fresh seed, solve each by the other solver, plant faults, and keep all counts."""
    from benchmarks import second_solver

    tally, begin = collections.Counter(), time.perf_counter()
    items = batch(COUNT, FRESH_SEED, tally)
    made, rng = time.perf_counter() - begin, np.random.default_rng(FRESH_SEED)
    bugs, unseen = bugs_found(FRESH_SEED + 1, 30 * len(TEMPLATES))
    begin = time.perf_counter()
    answers = [solved(item) for item in items]
    taken = time.perf_counter() - begin
    disagree = [
        [item.text, list(item.choices), item.key, got]
        for item, got in zip(items, answers, strict=True)
        if got != [item.key]
    ]
    levels = {name: lix(" ".join(item.text for item in items if item.template == name)) for name in TEMPLATES}
    typical = [most_typical(item.choices) == item.key for item in items]
    longest = [max(range(4), key=lambda k, item=item: len(item.choices[k])) == item.key for item in items]
    totals = {
        what: sum(n for key, n in tally.items() if key[2] == what)
        for what in ("drawn", "equal choices", "not sensible")
    }
    keep(
        count=COUNT,
        seed=FRESH_SEED,
        disagree=disagree,
        alike=sum(not second_solver.distinct(item.choices) for item in items),
        drawn=totals,
        same_text=COUNT - len({item.text for item in items}),
        repeats=repeats(items, tally),
        lix={name: round(value, 1) for name, value in levels.items()},
        keys=np.bincount([item.key for item in items], minlength=4).tolist(),
        guessed={"most typical choice": int(sum(typical)), "longest choice": int(sum(longest))},
        typical={name: round(float(np.mean(typical[k :: len(TEMPLATES)])), 3) for k, name in enumerate(TEMPLATES)},
        errors=dict(collections.Counter(f"{i.template}: {e}" for i in items for e in i.errors if e)),
        faults=planted_found(items[: 100 * len(TEMPLATES)], rng),
        bugs=bugs,
        unseen=unseen,
        seconds={"made": round(made, 1), "solved": round(taken, 1)},
        bank=[dataclasses.asdict(item) for item in small_bank()],
    )


def small_bank(seed=13, each=5):
    """Return the exercises that the notebook chooses from: ``each`` of every template and level."""
    return [
        dataclasses.replace(make(name, [seed, k, level], level), parameters=())
        for name in TEMPLATES
        for level in LEVELS
        for k in range(each)
    ]


def grade():
    """Grade the answers that were written before the grader, and keep every outcome."""
    from benchmarks import grading

    blocks = json.loads((HERE / "own_form.json").read_text(encoding="utf-8"))
    rows = [
        [block["question"], answer, wanted, grading.grade(answer, block["key"]).outcome]
        for block in blocks
        for wanted in ("right", "wrong", "ask")
        for answer in block[wanted]
    ]
    keep(graded=rows, keys_graded={block["question"]: block["key"] for block in blocks})


def written():
    """Grade answers whose forms sympy and CLDR chose, and keep the counts and every harmful outcome."""
    from benchmarks import grading, other_writers

    table, harm = other_writers.graded(TEMPLATES, Dice(other_writers.SEED), grading.grade, 2000)
    keep(written=table, written_harm=harm)


def guessing():
    """Let a program guess from the choices alone, and keep how often it is right."""
    from benchmarks import guessing as blind

    keep(blind=blind.measured(batch, list(TEMPLATES)))


def markdown(result):
    """Return the section of benchmarks/README.md that items.json is good for."""
    spaces = {name: min(row[3] for row in result["repeats"] if row[0] == name) for name in result["lix"]}
    rows = "\n".join(
        f"| {name} | {spaces[name]:,} | {result['lix'][name]} | {result['typical'][name]:.1%} "
        f"| {result['blind']['topics'][name]:.1%} |"
        for name in spaces
    )
    faults = "\n".join(f"| {name} | {a} of {b} |" for name, (a, b) in (result["faults"] | result["bugs"]).items())
    right = sum(wanted == got for *_, wanted, got in result["graded"])
    other = {"right": collections.Counter(), "wrong": collections.Counter()}
    for _, wanted, counts in result["written"]:
        other[wanted].update(counts)
    most = max(map(int, result["blind"]["seen"]))
    seen = ", ".join(f"{hits:,} after {count}" for count, hits in result["blind"]["seen"].items())
    return f"""## Generated exercises

From `items.json`, for notebook 13: {result["count"]:,} exercises of seed {result["seed"]}; a second solver, which reads
only their text, disagrees with the key on {len(result["disagree"])}, and in {result["alike"]} of them two choices have
the same value. Two earlier fresh seeds had shown faults: 20,261,128 one of the solver, whose differences were too
coarse where a curve is almost upright; 20,261,129 two of the generator, numbers halfway between two roundings. Each was
mended, and another seed was drawn. "space": sets of parameters at the level that has fewest (Knuth's estimate);
"guessed": how often the choice that shares most signs with the others is right; "by program": how often a classifier
is right that sees the four choices alone, and has learnt from {most} exercises of each topic with their answers.

| template | space | LIX | guessed | by program |
|---|---|---|---|---|
{rows}

| planted fault | found |
|---|---|
{faults}

Answers in the learner's own form graded as a list asks that was written before the grader: {right} of
{len(result["graded"])}. Answers that sympy's printers and CLDR's number formats wrote: {other["right"]["right"]:,} of
{other["right"].total():,} right ones are graded right, {other["wrong"]["wrong"]:,} of {other["wrong"].total():,} wrong
ones wrong, {len(result["written_harm"])} the other way round; the rest is asked back. The program that guesses from
the choices alone is right in {seen} exercises of each topic seen, of {result["blind"]["tested"]:,}; with
shuffled keys in {result["blind"]["shuffled"]}.
"""


STAGES = (measure, grade, written, guessing)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for stage in sys.argv[1:] or [""]:
        stages.get(stage, lambda: sys.exit(__doc__))()
