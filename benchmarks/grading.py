"""Grading an answer in the learner's own form: right, wrong, or a question back. No answer is ever executed.

A key says what is asked for:

    {"kind": "number", "value": "2/3", "digits": 2, "unit": "EUR" | "%" | "years", "variable": "x"}
    {"kind": "set", "values": ["3", "-2"]}          all solutions, in any order
    {"kind": "named", "values": {"x": "2", "y": "3"}}
    {"kind": "expression", "value": "2*x+2", "variables": ["x"]}

``digits``, ``unit`` and ``variable`` may be left out. With ``digits`` an answer is right within half a unit of the last
digit; without them only the exact value is.
"""

import ast
import dataclasses
import math
import operator
import re
from fractions import Fraction

LONGEST = 120  # characters of an answer
LARGEST = 64  # the largest exponent that is worked out
TRIED = [Fraction(k, 7) + Fraction(1, 11) for k in (-13, -5, -2, 1, 3, 8, 12, 19)]  # where formulas are compared
STYLES = (".", ",")  # the sign before the decimals; the other one groups thousands
UNITS = {  # name: (what it measures, how much of it)
    **dict.fromkeys(("€", "eur", "euro", "euros"), ("EUR", 1)),
    **dict.fromkeys(("ct", "cent", "cents"), ("EUR", Fraction(1, 100))),
    **dict.fromkeys(("$", "usd"), ("USD", 1)),
    **dict.fromkeys(("%", "percent"), ("%", 1)),
    **dict.fromkeys(("years", "year", "yrs", "yr", "a", "y"), ("years", 1)),
    **dict.fromkeys(("months", "month"), ("years", Fraction(1, 12))),
    **dict.fromkeys(("days", "day"), ("years", Fraction(1, 365))),
}
COUNTED = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
WORDS = {word: str(k) for k, word in enumerate(COUNTED.split())} | {
    "hundred": "100",
    "thousand": "1000",
    "half": "(1/2)",
}
SCALES = {"thousand": "1000", "million": "1000000", "mio": "1000000", "billion": "1000000000"}
FILLERS = (
    "i get got have find the it is are takes costs holds account amount answer result solution value equals after "
    "about approx approximately roughly circa ca my"
)
SIGNS = {  # what a learner may type, and how it is read; in this order
    **dict.fromkeys("−–", "-"),
    **dict.fromkeys("·⋅×∙", "*"),
    **dict.fromkeys("′’", "'"),
    **dict.fromkeys(("≈", "~", "\u00a0", "\u202f", "\\(", "\\)"), " "),
    **{"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "π": " pi ", "√": " sqrt "},
    **{"{": "(", "}": ")", "[": "(", "]": ")", "**": "^"},
}
HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹"
LOW = "₀₁₂₃₄₅₆₇₈₉"
FUNCTIONS = {"sqrt": math.sqrt, "exp": math.exp, "ln": math.log, "log": math.log, "sin": math.sin, "cos": math.cos}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class Unreadable(ValueError):
    """An answer that cannot be read with certainty; the message asks for another form."""


@dataclasses.dataclass(frozen=True)
class Grade:
    """``outcome`` "right", "wrong" or "ask", and a sentence for the learner."""

    outcome: str
    message: str


# --- from characters to a value ---------------------------------------------------------------------------------------


def clean(answer):
    """Return an answer in lower case with plain signs: minus, times, powers, roots, fractions, spaces."""
    if not isinstance(answer, str) or not answer.strip() or len(answer) > LONGEST:
        raise Unreadable(f"Please write a number or formula of at most {LONGEST} characters.")
    text = answer.strip()
    text = text[1:-1] if len(text) > 2 and text[0] == text[-1] == "$" else text
    text = re.sub(f"[{HIGH}]+", lambda m: "^" + "".join(str(HIGH.index(sign)) for sign in m[0]), text)
    text = re.sub(f"[{LOW}]", lambda m: str(LOW.index(m[0])), text)
    for sign, plain in SIGNS.items():
        text = text.replace(sign, plain)
    text = re.sub(r"\s+", " ", text.lower()).strip()
    return text.rstrip(". ") if re.search(r"\w\.$|\)\.$|€\.$", text) else text


def decimal(token, style, grouped=True):
    """Return a number such as 1,234.5 or 1.25e6 as a fraction's text, "(12345/10)", where ``style`` leads the decimals.

    Raises Unreadable where the digits are not grouped by threes. Without ``grouped``, 1.414 is no thousand.
    """
    digits, _, power = token.partition("e")
    other = "," if style == "." else "."
    whole, _, rest = digits.partition(style)
    if (rest and not rest.isdigit()) or len(power.lstrip("+-")) > 2:
        raise Unreadable(f"Please write {token} in another way.")
    groups = re.split(rf"[ '{other}]", whole)
    if len(groups) > 1:
        used = {sign for sign in whole if not sign.isdigit()}
        by_threes = 0 < len(groups[0]) < 4 and all(len(group) == 3 for group in groups[1:]) and len(used) == 1
        unclear = len(groups) == 2 and other in used and not rest and not grouped
        if not by_threes or whole[0] == "0" or unclear:
            raise Unreadable(f"Please write {token} in another way.")
    value = Fraction(f"{''.join(groups) or 0}.{rest or 0}") * Fraction(10) ** int(power or 0)
    return f"({value.numerator}/{value.denominator})" if value.denominator > 1 else f"({value.numerator})"


NUMBER = r"\d+(?:[ '.,]\d{3})*(?:[.,]\d+)?(?:e[+-]?\d+)?(?![\d])|[.,]\d+"
TOKEN = re.compile(rf"(?P<number>{NUMBER})|(?P<word>[a-z]+)|(?P<sign>[-+*/^()])|(?P<dot>[.,](?!\d))|(?P<space> )")


def python_of(text, names, style, grouped=True):
    """Return arithmetic as Python's: implied products and powers are written out, letters are only ``names`` and e."""
    parts, place = [], 0
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found or (found.lastgroup == "dot" and not parts):
            raise Unreadable(f"Please write only the result; {text[place : place + 12]!r} cannot be read.")
        place = found.end()
        if found.lastgroup == "number":
            parts.append(decimal(found[0], style, grouped))
        elif found.lastgroup == "sign":
            parts.append("**" if found[0] == "^" else found[0])
        elif found.lastgroup == "word":
            parts += letters(found[0], names)
        elif found.lastgroup == "dot" and text[place:].strip():
            raise Unreadable("Please write one result, with a point or a comma before the decimals.")
    return "".join(joined(parts))


def letters(word, names):
    """Split a word into functions and unknowns: xx is x times x, and a word that is neither is not read."""
    if word in FUNCTIONS or word in ("pi", *names):
        return [word]
    if all(letter in names or (letter == "e" and names) for letter in word):
        return list(word)
    raise Unreadable(f"Please write only the result, without {word!r}.")


def joined(parts):
    """Insert the products that are not written, and brackets behind a function that has none."""
    previous = ""
    for part in parts:
        if previous in FUNCTIONS and part != "(":
            yield f"({part})"
            part = ")"  # noqa: PLW2901
        else:
            value_before = previous not in ("", "+", "-", "*", "/", "**", "(", *FUNCTIONS)
            if value_before and part not in ("+", "-", "*", "/", "**", ")"):
                if all(re.fullmatch(r"\(\d+(/\d+)?\)", one) for one in (previous, part)):
                    raise Unreadable("Please write one number; a sign is missing between two.")
                yield "*"
            yield part
        previous = part


def value_of(node, at):  # noqa: PLR0911 (one return a kind of node)
    """Return the value of a parsed expression: fractions as long as it can be exact, else a float."""
    if isinstance(node, ast.Expression):
        return value_of(node.body, at)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Fraction(node.value)
    if isinstance(node, ast.Name) and (node.id in at or node.id in ("e", "pi")):
        return at[node.id] if node.id in at else getattr(math, node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -value_of(node.operand, at) if isinstance(node.op, ast.USub) else value_of(node.operand, at)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](value_of(node.left, at), value_of(node.right, at))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = value_of(node.left, at), value_of(node.right, at)
        if abs(power) > LARGEST or abs(base) > 10**12:
            raise Unreadable("Please work the power out.")
        return base ** int(power) if power == int(power) else float(base) ** float(power)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FUNCTIONS and len(node.args) == 1:
        return FUNCTIONS[node.func.id](float(value_of(node.args[0], at)))
    raise Unreadable("Please write only numbers, letters of the question, + − · / ^ and brackets.")


def tree_of(text, names=(), style=".", grouped=True):
    """Return the parsed tree of an answer, not yet evaluated."""
    try:
        return ast.parse(python_of(text, names, style, grouped), mode="eval")
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise Unreadable("Please write one complete result; a sign or a bracket is missing.") from error


def evaluate(tree, at):
    """Return a real value, or raise Unreadable where there is none: a division by 0, the root of a negative number."""
    try:
        found = value_of(tree, at)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable("Please write a result that exists.") from error
    if isinstance(found, complex) or not math.isfinite(found):
        raise Unreadable("Please write a real number.")
    return found


# --- the kinds of answers ---------------------------------------------------------------------------------------------


def equal(found, wanted, digits=None):
    """Tell whether a value is the wanted one: exactly, or within half a unit of the last digit that was asked for."""
    if digits is not None:
        slack = Fraction(1, 2 * 10**digits)
        exact = isinstance(found, Fraction) and isinstance(wanted, Fraction)
        return abs(found - wanted) <= (slack if exact else float(slack) + 1e-12)
    if isinstance(found, Fraction) and isinstance(wanted, Fraction):
        return found == wanted
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)


def plain(text):
    """Write number words as digits, and leave out words that only surround a result."""
    text = re.sub(r"\b(p\.a|per year|a year|per annum)\b\.?", " ", text).replace("per cent", "percent")
    text = re.sub(r"\bminus\b", "-", text)
    text = re.sub(r"\b(one|a) half\b", "(1/2)", text)
    text = re.sub(r"\b(one|a) thousand\b", "1000", text)
    text = re.sub(r"([\d.,]+) (thousand|million|mio|billion)\b\.?", lambda m: f"{m[1]} * {SCALES[m[2]]}", text)
    text = re.sub(r"[a-z]{2,}", lambda m: WORDS.get(m[0], m[0]), text)
    text = re.sub(r"\b([a-z])(?: is|:)(?= )", r"\1 =", text)
    fillers = re.compile(r"^\W*([a-z]+)\.?(?= )")
    while (word := fillers.match(text)) and word[1] in FILLERS.split() and re.search(r"\d", text):
        text = text[word.end() :].strip(" :")
    return re.sub(r"(?<![\d.,])(\d+) (\d+)/(\d+)(?![\d.,])", mixed, text).strip()


def mixed(match):
    """Write 1 3/4 as (1+3/4); 1 500/3 stays, because it may be 1,500 thirds."""
    whole, above, below = match.groups()
    return f"({whole}+{above}/{below})" if int(above) < int(below) else match[0]


def unit_apart(text):
    """Return (text without its unit, unit or None, factor)."""
    text = re.sub(r",-+$", "", text)
    ends = re.fullmatch(r"(.*[\d)./]) ?(€|\$|%|[a-z]+)", text), re.fullmatch(r"()(€|\$|eur|euro|usd) ?(.*)", text)
    for match in ends:
        if match and match[2] in UNITS:
            unit, factor = UNITS[match[2]]
            return (match[1] or match.group(match.lastindex)).strip(), unit, factor
    return text, None, 1


def number_reading(text, key, style):
    """Return (outcome, value shown) of one reading of a number."""
    text, unit, factor = unit_apart(text)
    letter, parts = None, [part.strip() for part in text.split("=")]
    if len(parts) > 1:
        named = [part for part in parts if re.fullmatch(r"[a-z](_?\d)?", part)]
        letter = named[0] if named else None
        parts = [part for part in parts if part and part not in named]
    parts = [re.sub(r"(?<=\d) ?x ?(?=\d)", "*", part).replace(":", "/") for part in parts]
    parts = [unit_apart(part)[0] for part in parts]
    values = [evaluate(tree_of(part, (), style, key.get("digits") != 3), {}) for part in parts]
    if not values or any(not equal(one, values[-1], key.get("digits")) for one in values):
        raise Unreadable("Please write one result.")
    found, asked, digits = values[-1] * factor, key.get("unit"), key.get("digits")
    wanted = evaluate(tree_of(key["value"]), {})
    if unit == "%" and asked is None:
        found, unit = found / 100, None
    if equal(found, wanted, digits) and unit in (None, asked):
        if key.get("variable") and letter and letter[0] != key["variable"]:
            raise Unreadable(f"You give {letter}. Please give {key['variable']}.")
        return "right"
    if asked == "%" and unit is None and equal(found * 100, wanted, digits):
        raise Unreadable("Please write the number in percent, with the sign %.")
    if equal(found, wanted, digits) and asked is None:
        raise Unreadable("Please write the number without a unit.")
    return "wrong"


def both_signs(text):
    """Return a text with ±, or the two texts that it stands for."""
    text = re.sub(r"\+ ?/? ?-(?! ?\+)", "±", text)
    return [text.replace("±", "+"), text.replace("±", "-")] if "±" in text else [text]


def listed(text):
    """Return the ways to read a list of numbers, each a list of texts: a bare comma may separate or lead decimals."""
    inner = re.fullmatch(r"\((.*)\)", text)
    bare = inner[1] if inner and "(" not in inner[1] else text
    strong = re.sub(r" (and|or|&|∨|v|/) |;|\||, |,(?=-)", ";", bare)
    strong = re.sub(r"(?<=[\d)]) (?=[a-z]_?\d? ?=)", ";", strong)
    if ";" not in strong and re.fullmatch(r"-?[\d./]+( -?[\d./]+)+", strong):
        strong = strong.replace(" ", ";")
    ways = [strong.split(";")]
    if inner and bare is not text:
        return [strong.replace(",", ";").split(";")] if ";" not in strong else ways
    return [*ways, strong.split(",")] if ";" not in strong and "," in strong else ways


def set_reading(text, key, style):
    """Return the outcomes of the ways to read a set of solutions."""
    if text in ("no solution", "none"):
        return ["wrong"]
    if text.count("(") != text.count(")"):
        raise Unreadable("Please close the bracket.")
    text = re.sub(r"^(l|x|s) ?(=|∈) ?(?=\()", "", text)
    wanted = sorted(evaluate(tree_of(value), {}) for value in key["values"])
    outcomes = []
    for way in listed(text):
        parts = [re.sub(r"^ ?[a-z]_?\d? ?= ?", "", part.strip()).strip() for part in way]
        parts = [one for part in parts for one in both_signs(part)]
        found = sorted({evaluate(tree_of(part, (), style, key.get("digits") != 3), {}) for part in parts})
        matches = len(found) == len(wanted) and all(
            equal(one, other, key.get("digits")) for one, other in zip(found, wanted, strict=True)
        )
        outcomes.append("right" if matches else "wrong")
    return outcomes


def named_reading(text, key, style):
    """Return the outcomes of the ways to read values of several unknowns: by name, or in the order of the question."""
    names = list(key["values"])
    text = re.sub(rf"^\( ?{'[ ,|;]+'.join(names)} ?\) ?= ?", "", text).replace(":", "=")
    outcomes = []
    for way in listed(text):
        pairs = [re.fullmatch(r"([a-z]) ?= ?(.+)", part.strip()) for part in way]
        given = [pair[1] for pair in pairs if pair]
        if len(way) != len(names) or (given and sorted(given) != sorted(names)):
            if len(way) == 1 and len(listed(text)) > 1:
                outcomes.append("ask")
                continue
            raise Unreadable(f"Please write one value for each of {' and '.join(names)}, such as {names[0]} = 1.")
        texts = {pair[1]: pair[2] for pair in pairs} if given else dict(zip(names, way, strict=True))
        found = {name: evaluate(tree_of(part.strip(), (), style), {}) for name, part in texts.items()}
        hit = all(equal(found[name], evaluate(tree_of(key["values"][name]), {}), key.get("digits")) for name in names)
        outcomes.append("right" if hit else "wrong")
    return outcomes


def expression_reading(text, key, style):
    """Compare two formulas at rational points: exactly where both stay rational."""
    text = re.sub(r"^([a-z]'? ?(\([a-z]\))?|d[a-z]/d[a-z]) ?= ?", "", text)
    text = re.sub(r" ?(\(|for )[a-z] ?≠ ?-?\d+\)?$", "", text)
    names = key["variables"]
    given, wanted = tree_of(text, names, style), tree_of(key["value"].replace("**", "^"), names)
    compared = 0
    for k, first in enumerate(TRIED):
        at = {name: first + Fraction(3 * j, 5 + k) for j, name in enumerate(names)}
        try:
            right = evaluate(wanted, at)
        except Unreadable:
            continue  # the key itself has no value here
        try:
            if not equal(evaluate(given, at), right):
                return "wrong"
        except Unreadable as error:
            if "exists" not in str(error) and "real" not in str(error):
                raise
            continue
        compared += 1
    if compared < 3:
        raise Unreadable("Please write the formula in another way.")
    return "right"


READINGS = {"number": number_reading, "set": set_reading, "named": named_reading, "expression": expression_reading}


def grade(answer, key):
    """Return the `Grade` of a learner's answer: "right", "wrong", or "ask" with a request to write it another way.

    A number that can be read in two ways (1,000 is a thousand, or one with three decimals) is asked about where that
    makes a difference; it is not guessed.
    """
    if key.get("kind") not in READINGS:
        raise ValueError(f"received a key of kind {key.get('kind')!r}; expected one of {', '.join(READINGS)}.")
    outcomes, complaint = set(), None
    try:
        text = plain(clean(answer))
        for style in STYLES:
            try:
                found = READINGS[key["kind"]](text, key, style)
                outcomes |= {found} if isinstance(found, str) else set(found)
            except Unreadable as error:
                complaint = complaint or str(error)
    except Unreadable as error:
        complaint = str(error)
    if len(outcomes) == 1 and outcomes != {"ask"}:
        (outcome,) = outcomes
        return Grade(outcome, "Right." if outcome == "right" else "Not right.")
    if outcomes:
        return Grade(
            "ask", "This can be read in two ways. Please write thousands without a sign, and decimals as in 2.50."
        )
    return Grade("ask", complaint)
