"""A second solver for the exercises of notebook 13: it reads their text, and shares no code with their generator.

Formulas are parsed here from characters, amounts and rates are read from words, and nothing is solved as the generator
does: derivatives come from complex steps and differences, integrals from quadrature, interest from a year-by-year
account, optima from a linear-programming library or a search, and every choice is tried in the question itself. It
imports neither items.py nor sympy.
"""

import cmath
import re
from fractions import Fraction

import numpy as np
from scipy import integrate, optimize

POWERS = {sign: str(k) for k, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
LETTER = r"[xyzp](?!(?!e\^)[a-w])"  # an unknown, and not the beginning of a word
FORMULA = rf"(?<![\w(])(?:e\^|{LETTER}|[−+\d⁰¹²³⁴⁵⁶⁷⁸⁹()/ ])*(?:{LETTER}|[\d⁰¹²³⁴⁵⁶⁷⁸⁹)])"
HALF_CENT = Fraction(1, 200)
PLACES = (-0.7, -0.3, 0.4, 0.9, 1.3)  # where formulas are compared


class Unreadable(ValueError):
    """A text or choice that the solver has no way to read."""


# --- reading ----------------------------------------------------------------------------------------------------------


def parse_formula(text):
    """Return a function of named numbers (x=…, y=…) from a printed formula such as 3x² − 2xe^(4x)."""
    tokens = re.findall(r"\d+(?:\.\d+)?|[xyzp]|e\^|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[−+()/]", text)
    if "".join(tokens) != text.replace(" ", ""):
        raise Unreadable(f"received the formula {text!r}; expected digits, unknowns, signs and brackets.")
    tokens.append("")

    def total():
        parts = [product(-1 if take("−") else 1)]
        while tokens[0] in ("+", "−"):
            parts.append(product(-1 if tokens.pop(0) == "−" else 1))
        return lambda **at: sum(part(**at) for part in parts)

    def product(sign):
        above, below = [power()], []
        while tokens[0] not in ("", "+", "−", ")"):
            (below if take("/") else above).append(power())

        def outcome(**at):
            result = sign
            for part in above:
                result = result * part(**at)
            for part in below:
                result = result / part(**at)
            return result

        return outcome

    def power():
        base = atom()
        if tokens[0] and tokens[0][0] in POWERS:
            n = int("".join(POWERS[sign] for sign in tokens.pop(0)))
            return lambda **at: base(**at) ** n
        return base

    def atom():
        token = tokens.pop(0)
        if token == "e^":
            inner = atom()
            return lambda **at: cmath.exp(inner(**at))
        if token == "(":
            inner = total()
            if not take(")"):
                raise Unreadable(f"received the formula {text!r}; a bracket is not closed.")
            return inner
        if token and token in "xyzp":
            return lambda **at: at[token]
        if not token or not token[0].isdigit():
            raise Unreadable(f"received the formula {text!r}; a number or an unknown is missing.")
        constant = Fraction(token)
        return lambda **at: constant

    def take(sign):
        return bool(tokens[0] == sign and tokens.pop(0))

    found = total()
    if tokens != [""]:
        raise Unreadable(f"received the formula {text!r}; it goes on after its end.")
    return found


def read_groups(pattern, text):
    """Return the groups of the one or first place that a pattern has in a text."""
    match = re.search(pattern, text)
    if not match:
        raise Unreadable(f"received {text!r}; found nothing like {pattern!r} in it.")
    return match.groups()


def read_number(text):
    """Return a printed number as a fraction: −7/3, €1,234.56, −€0.50."""
    match = re.fullmatch(r"(−?)€?([\d,]+(?:\.\d+)?)(?:/(\d+))?", text.strip())
    if not match:
        raise Unreadable(f"received {text!r}; expected a number.")
    value = Fraction(match[2].replace(",", "")) / int(match[3] or 1)
    return -value if match[1] else value


def read_amounts(text):
    """Return all amounts of money of a text."""
    return [read_number(found) for found in re.findall(r"€\d[\d,]*(?:\.\d+)?", text)]


def read_rates(text):
    """Return all percentages of a text, as shares."""
    return [Fraction(found) / 100 for found in re.findall(r"([\d.]+) %", text)]


def read_pair(text):
    """Return {unknown: value} of "x = 3, y = −2"."""
    found = [part.split(" = ") for part in text.split(", ")]
    return {name: read_number(value) for name, value in found}


def read_table(text):
    """Return the rows of "(1 2; 3 4)" as an array of fractions."""
    return np.array(
        [[read_number(entry) for entry in row.split()] for row in text.strip("()").split(";")], dtype=object
    )


def which(choices, is_right):
    """Return the places of the choices that pass a test."""
    return [k for k, choice in enumerate(choices) if is_right(choice)]


def near(exact):
    """Return the test whether a printed number is ``exact``, rounded to two decimals."""
    return lambda choice: abs(read_number(choice) - exact) <= HALF_CENT


# --- one way for each kind of question --------------------------------------------------------------------------------


def try_quadratic(text, choices):
    """Put every printed solution into the equation; a parabola through three of its points says how many there are."""
    if "graph of y" in text:
        left, right = read_groups(rf"y = ({FORMULA})", text)[0], "0"
    else:
        left, right = read_groups(rf"({FORMULA}) = (−?\d+)", text)
    gap = lambda u: parse_formula(left)(x=Fraction(u)) - read_number(right)  # noqa: E731
    low, mid, high = gap(-1), gap(0), gap(1)
    roots = np.roots([float((low + high) / 2 - mid), float((high - low) / 2), float(mid)])
    if len(roots) != 2 or abs(roots.imag).max() > 0 or roots[0] == roots[1]:
        return []

    def is_right(choice):
        values = {read_number(part.removeprefix("x = ")) for part in choice.split(" or ")}
        return len(values) == 2 and all(gap(value) == 0 for value in values)

    return which(choices, is_right)


def try_derivative(text, choices):
    """Compare with the complex-step derivative Im f(x + ih) / h at five points (Squire and Trapp 1998)."""
    f = parse_formula(read_groups(rf"f\(x\) = ({FORMULA})", text)[0])
    slopes = [complex(f(x=complex(u, 1e-30))).imag / 1e-30 for u in PLACES]

    def is_right(choice):
        g = parse_formula(choice.removeprefix("f′(x) = "))
        values = [complex(g(x=u)).real for u in PLACES]
        return np.allclose(values, slopes, rtol=1e-9, atol=1e-9)

    return which(choices, is_right)


def try_elasticity(text, choices):
    """A difference quotient on both sides of the price: exact for a demand that is linear or quadratic."""
    q = parse_formula(read_groups(rf"q\(p\) = ({FORMULA})", text)[0])
    price, step = Fraction(read_groups(r"p = (\d+)", text)[0]), Fraction(1, 1000)
    slope = (q(p=price + step) - q(p=price - step)) / (2 * step)
    return which(choices, near(price * slope / q(p=price))) if q(p=price) > 0 else []


def try_integral(text, choices):
    """Adaptive quadrature; an area or a cost must not come from a function that changes its sign."""
    f = parse_formula(read_groups(rf"f\(x\) = ({FORMULA})", text)[0])
    low, high = (float(read_number(end)) for end in read_groups(r"from x = (−?\d+) to x = (−?\d+)", text))
    value = integrate.quad(lambda u: float(f(x=Fraction(u))), low, high, epsabs=1e-9, epsrel=1e-10)[0]
    if ("area" in text or "cost" in text) and min(f(x=u) for u in np.linspace(low, high, 50)) < 0:
        return []
    return which(choices, lambda choice: abs(float(read_number(choice)) - value) <= 1e-7 * max(1, abs(value)))


def grown(amount, periods):
    """Return an amount after [(rate, years), …] of an account whose interest is paid in once a year."""
    for rate, years in periods:
        for _ in range(years):
            amount += amount * rate
    return amount


def try_interest(text, choices):
    """Follow the account year by year; asked for the amount today, follow one euro and divide."""
    (capital,) = read_amounts(text)
    years = [int(found) for found in re.findall(r"(\d+) years", text)]
    periods = list(zip(read_rates(text), years, strict=True))
    exact = capital / grown(Fraction(1), periods) if "today" in text else grown(capital, periods)
    return which(choices, near(exact))


def try_annuity(text, choices):
    """Follow the account, or the debt: the loan is the one that the last payment takes to 0."""
    (payment,), (rate,) = read_amounts(text), read_rates(text)
    years = int(read_groups(r"(?:for|number|year) (\d+)(?: years)?", text)[0])
    early = "beginning of each year" in text

    def end(balance, sign):
        for _ in range(years):
            balance += sign * payment if early else 0
            balance += balance * rate
            balance += 0 if early else sign * payment
        return balance

    if "today" in text or "loan" in text:
        of_nothing, of_one = end(Fraction(0), -1), end(Fraction(1), -1)
        return which(choices, near(-of_nothing / (of_one - of_nothing)))  # the balance is linear in the loan
    asked = re.search(r"end of year (\d+)", text)
    longer = int(asked[1]) - years if asked else 0
    if longer < 0:
        return []  # asked for a year before the last payment, which is another question
    return which(choices, near(grown(end(Fraction(0), 1), [(rate, longer)])))


def try_payments(text, choices):
    """Borrow the cost, pay in what comes, year by year; what is left at the end is divided by what one euro became."""
    (rate,) = read_rates(text)
    due = {int(t): read_number(f"€{amount}") for amount, t in re.findall(r"€([\d,]+) after (\d+) years?", text)}
    cost = re.search(r"(?:costs|for) €([\d,]+) today", text)
    balance = -read_number(cost[1]) if cost else Fraction(0)
    for year in range(1, max(due) + 1):
        balance += balance * rate + due.get(year, 0)
    return which(choices, near(balance / grown(Fraction(1), [(rate, max(due))])))


def try_product(text, choices):
    """Rows times columns, summed entry by entry."""
    a, b = (read_table(found) for found in read_groups(r"A = (\([^)]*\)) and B = (\([^)]*\))", text))
    b = b.T if "ABᵀ" in text else b
    sums = [[sum(a[i, k] * b[k, j] for k in range(a.shape[1])) for j in range(b.shape[1])] for i in range(a.shape[0])]
    return which(choices, lambda choice: np.array_equal(read_table(choice), np.array(sums, dtype=object)))


def programme(text):
    """Return the gains (x, y) and the limits [(a, b, c)] of a x + b y <= c, from formulas or from a story."""
    if "≤" in text:
        read = lambda part: tuple(int(parse_formula(part)(**at)) for at in ({"x": 1, "y": 0}, {"x": 0, "y": 1}))  # noqa: E731
        goal = read_groups(rf"(?:Maximise|make) ({FORMULA})", text)[0]
        return read(goal), [(*read(side), int(most)) for side, most in re.findall(rf"({FORMULA}) ≤ (\d+)", text)]
    needs = [list(map(int, found)) for found in re.findall(r"needs (\d+) [a-z ]+ and (\d+) [a-z ]+\.", text)]
    stock = list(map(int, read_groups(r"There are (\d+) [a-z ]+ and (\d+) ", text)))
    gain = tuple(map(int, read_groups(r"profit is €(\d+) [a-z ]+ and €(\d+) ", text)))
    return gain, [(*need, most) for *need, most in zip(*needs, stock, strict=True)]


def try_planning(text, choices):
    """Ask a linear-programming library; a goal tilted a little to both sides must lead to one and the same corner."""
    gain, limits = programme(text)
    sides, most = [limit[:2] for limit in limits], [limit[2] for limit in limits]
    tilts = [np.array(gain) + tilt for tilt in ((0, 0), (1e-6, -1e-6), (-1e-6, 1e-6))]
    best = [optimize.linprog(-goal, A_ub=sides, b_ub=most).x for goal in tilts]
    if not np.allclose(best, best[0], atol=1e-5):
        return []
    return which(choices, lambda choice: np.allclose([float(read_pair(choice)[u]) for u in "xy"], best[0], atol=1e-6))


def try_equations(text, choices):
    """Put every choice into every equation; the rank says whether there is only one solution."""
    if "ticket" in text:
        sales = re.findall(r"(\d+) (\w+) tickets? and (\d+) (\w+) tickets? cost €(\d+)", text)
        first, second = read_groups(r"price of an? (\w+) ticket \(x euros\) and of an? (\w+) ticket \(y euros\)", text)
        if any((one, other) != (first, second) for _, one, _, other, _ in sales):
            return []
        lines = [(f"{m}x + {n}y", total) for m, _, n, _, total in sales]
    else:
        lines = re.findall(rf"({FORMULA}) = (−?\d+)", text)
    names = sorted({letter for side, _ in lines for letter in side if letter in "xyz"})
    units = [{name: int(name == one) for name in names} for one in names]
    rank = np.linalg.matrix_rank([[float(parse_formula(side)(**unit)) for unit in units] for side, _ in lines])
    if rank < len(names):
        return []
    return which(
        choices, lambda c: all(parse_formula(side)(**read_pair(c)) == read_number(total) for side, total in lines)
    )


def try_hessian(text, choices):
    """Second differences in exact fractions, whose error is far below the distance of two choices."""
    f = parse_formula(read_groups(rf"f\(x, y\) = ({FORMULA})", text)[0])
    u, v = (
        read_number(end)
        for end in read_groups(r"at (?:the point )?\((−?\d+), (−?\d+)\)|near the point \((−?\d+), (−?\d+)\)", text)
        if end
    )
    h = Fraction(1, 10_000)
    g = lambda i, j: f(x=u + i * h, y=v + j * h)  # noqa: E731
    xx = (g(1, 0) - 2 * g(0, 0) + g(-1, 0)) / h**2
    yy = (g(0, 1) - 2 * g(0, 0) + g(0, -1)) / h**2
    xy = (g(1, 1) - g(1, -1) - g(-1, 1) + g(-1, -1)) / (4 * h**2)
    wanted = np.array([[xx, xy], [xy, yy]])
    return which(choices, lambda choice: abs(read_table(choice) - wanted).max() < Fraction(1, 100))


def try_implicit(text, choices):
    """Walk a little along the curve to both sides by root finding, and take the slope between the two places."""
    left, total = read_groups(rf"(?:equation|curve) ({FORMULA}) = (−?\d+)", text)
    u, v = (read_number(end) for end in read_groups(r"point \((−?\d+), (−?\d+)\)", text))
    f, total = parse_formula(left), read_number(total)
    if f(x=u, y=v) != total:
        return []  # the point is not on the curve
    step = Fraction(1, 10**12)
    below, above = (secant(lambda w, at=at: f(x=at, y=w) - total, v) for at in (u - step, u + step))
    slope = (above - below) / (2 * step)
    return which(choices, lambda choice: abs(read_number(choice) - slope) < Fraction(1, 10**6))


def secant(f, start, digits=60):
    """Return a root of f near ``start``, to about 50 digits: floats are too coarse where a curve is almost upright."""
    last, now = start, start + Fraction(1, 10**8)
    for _ in range(40):
        if f(now) == f(last):
            break
        step = f(now) * (now - last) / (f(now) - f(last))
        last, now = now, Fraction(round((now - step) * 10**digits), 10**digits)
    return now


def try_budget(text, choices):
    """Search the budget line: a right choice lies on it, and no point of a fine grid is better."""
    if "goods" in text:
        (total,) = (read_number(found) for found in read_groups(r"spends (€[\d,]+)", text))
        s, t = map(int, read_groups(r"prices of €(\d+) \(x units\) and €(\d+) \(y units\)", text))
        goal = parse_formula(read_groups(rf"u\(x, y\) = ({FORMULA})", text)[0])
    else:
        side, total = read_groups(rf"({FORMULA}) = (\d+)", text)
        s, t = (parse_formula(side)(**at) for at in ({"x": 1, "y": 0}, {"x": 0, "y": 1}))
        goal = parse_formula(
            read_groups(rf"Maximise ({FORMULA})", text)[0]
            if "Maximise" in text
            else read_groups(rf" is ({FORMULA}) as", text)[0]
        )
        total = read_number(total)
    grid = np.linspace(0, float(total / Fraction(s)), 20_002)[1:-1]
    reached = goal(x=grid, y=(float(total) - float(s) * grid) / float(t)).astype(float).max()

    def is_right(choice):
        at = read_pair(choice)
        inside = s * at["x"] + t * at["y"] == total and min(at.values()) > 0
        return inside and float(goal(**at)) >= reached * (1 - 1e-12)

    return which(choices, is_right)


WAYS = (  # words of a question, and how it is solved: the first that are found
    (r"Hessian", try_hessian),
    (r"dy/dx|tangent", try_implicit),
    (r"Semicolons", try_product),
    (r"≤|profit", try_planning),
    (r"Maximise|as large as possible|utility", try_budget),
    (r"elasticity", try_elasticity),
    (r"integral|integrates|area|marginal cost", try_integral),
    (r"derivative|Differentiate|f′|slope of the function", try_derivative),
    (r"system of equations|all of these equations|has to solve|tickets? cost", try_equations),
    (r"after \d+ years?(?: and|,|\.)[^?]*€|€[\d,]+ after \d+ year", try_payments),
    (r"each year", try_annuity),
    (r"compound|interest", try_interest),
    (r"x", try_quadratic),
)


def solve(text, choices):
    """Return the places of all choices that are right for a printed question: one, if the exercise is a good one."""
    for words, way in WAYS:
        if re.search(words, text):
            return way(text, choices)
    raise Unreadable(f"received {text!r}; expected a question of a kind that the solver knows.")


def meaning(choice):
    """Return what a printed choice means, as something that can be compared with ==."""
    if choice.startswith("f′(x) = "):
        g = parse_formula(choice.removeprefix("f′(x) = "))
        return tuple(round(complex(g(x=u)).real, 9) for u in PLACES)
    if " or " in choice:
        return frozenset(read_number(part.removeprefix("x = ")) for part in choice.split(" or "))
    if choice.startswith("("):
        return tuple(map(tuple, read_table(choice)))
    return tuple(sorted(read_pair(choice).items())) if " = " in choice else read_number(choice)


def distinct(choices):
    """Tell whether no two printed choices mean the same."""
    return len({meaning(choice) for choice in choices}) == len(choices)
