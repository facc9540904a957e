"""Answers in forms that the grader's author did not choose: sympy's printers and the number formats of CLDR write them.

Right answers are the values of generated exercises, wrong ones come from the named errors of the same exercise. Each is
written once, by a printer or in a language that is drawn. Used by `items.py written`.
"""

import collections
import functools

import numpy as np
import sympy
from babel import lists, numbers

SEED = 20_261_201  # drawn with once, after the grader was closed
EUROPE = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"  # official languages of the EU
PRINTERS = {
    "str": sympy.sstr,
    "LaTeX": sympy.latex,
    "Mathematica": sympy.mathematica_code,
    "Maple": sympy.maple_code,
    "R": sympy.rcode,
    "Octave": sympy.octave_code,
    "Julia": sympy.julia_code,
}
FORMS = (sympy.expand, sympy.factor, sympy.together, sympy.collect)
KINDS = {"solutions": "set", "unknowns": "named", "euros": "EUR", "decimals": "rounded"}  # by what the template prints


def key_of(value, kind):
    """Return the grader's key of a right value; ``kind`` is "set", "named", "EUR", "rounded", "number" or "formula"."""
    if kind == "set":
        return {"kind": "set", "values": [str(one) for one in value]}
    if kind == "named":
        return {"kind": "named", "values": {name: str(one) for name, one in zip("xyz", value, strict=False)}}
    if kind == "formula":
        return {"kind": "expression", "value": str(value), "variables": ["x"]}
    key = {"kind": "number", "value": str(value)}
    return key | ({"digits": 2} if kind != "number" else {}) | ({"unit": "EUR"} if kind == "EUR" else {})


def writers(value, kind, rng):
    """Return {name of a writer: answer} for a value; languages and forms are drawn."""
    language, form = str(rng.choice(EUROPE.split())), FORMS[rng.integers(len(FORMS))]
    if kind == "formula":
        changed = form(value, sympy.Symbol("x")) if form is sympy.collect else form(value)
        return {name: write(changed) for name, write in PRINTERS.items()}
    if kind in ("set", "named"):
        return several(value, kind)
    local = functools.partial(numbers.format_decimal, locale=language, decimal_quantization=False)
    if kind == "EUR":
        amount = {"amount, local": numbers.format_currency(float(value), "EUR", locale=language)}
        name = numbers.format_currency(float(value), "EUR", locale="en", format_type="name")
        return amount | {"amount, by name": name, "decimal, local": local(float(value))}
    if kind == "rounded":
        return {"decimal, local": local(float(value)), "str": str(float(value))}
    found = {name: write(value) for name, write in PRINTERS.items()}
    if value.q == 1 or 10**4 % value.q == 0:
        found |= {"decimal, local": local(float(value))}
        found["percent, local"] = numbers.format_percent(float(value), locale=language, decimal_quantization=False)
    if abs(value) > 1 and value.q > 1:
        whole, rest = divmod(abs(value.p), value.q)
        found["mixed"] = f"{'-' if value < 0 else ''}{whole} {rest}/{value.q}"
    return found


def several(value, kind):
    """Return {name of a writer: answer} for a set of solutions, or for the values of x, y and z."""
    chosen = {name: PRINTERS[name] for name in ("str", "LaTeX", "Mathematica", "Maple")}
    if kind == "set":
        return {f"set, {name}": write(sympy.FiniteSet(*value)) for name, write in chosen.items()} | {
            f"list, {style}": lists.format_list([str(one) for one in sorted(value)], style, locale="en")
            for style in ("standard", "or", "unit")
        }
    parts = [f"{name} = {one}" for name, one in zip("xyz", value, strict=False)]
    pairs = {f"list, {style}": lists.format_list(parts, style, locale="en") for style in ("standard", "unit")}
    return pairs | {f"tuple, {name}": chosen[name](sympy.Tuple(*value)) for name in ("str", "LaTeX")}


def drawn(templates, dice, skip):
    """Return (right value, wrong value, kind) of a drawn exercise, or None where its answer is a matrix or unclear."""
    name = dice.pick(sorted(set(templates) - set(skip)))
    try:
        draft = templates[name].draw(dice, dice.whole(1, 3))
    except ValueError:  # a number halfway between two
        return None
    if draft is None:
        return None
    _, right, wrong, show, _ = draft
    kind = KINDS.get(show.__name__, "number" if show.__name__ == "formula" else "formula")
    other = wrong[dice.pick(sorted(wrong))]
    if kind == "number":
        right, other = sympy.Rational(right), sympy.Rational(other)
    return None if same_answer(right, other, kind) else (right, other, kind)


def same_answer(right, other, kind):
    """Tell whether a wrong value is right after all, or so near that a rounded answer cannot tell."""
    if kind in ("set", "named"):
        return right == other
    near = kind in ("EUR", "rounded") and abs(right - other) < sympy.Rational(1, 50)
    return near or sympy.simplify(right - other) == 0


def graded(templates, dice, grade, count, skip=("product", "hessian")):
    """Return (rows [writer, wanted, {outcome: answers}], [wanted, got, answer, key's value] where that does harm).

    ``count`` exercises give one right and one wrong answer each, so answers of one kind are independent.
    """
    table, harm, rng, made = collections.defaultdict(collections.Counter), [], np.random.default_rng(SEED), 0
    while made < count:
        found = drawn(templates, dice, skip)
        if found is None:
            continue
        made += 1
        right, other, kind = found
        key = key_of(right, kind)
        for wanted, value in (("right", right), ("wrong", other)):
            texts = writers(value, kind, rng)
            writer = str(rng.choice(sorted(texts)))
            got = grade(texts[writer], key).outcome
            table[writer, wanted][got] += 1
            if {wanted, got} == {"right", "wrong"}:
                harm.append([wanted, got, texts[writer], str(key.get("value", key.get("values")))])
    return [[*who, dict(counts)] for who, counts in sorted(table.items())], harm
