"""A checker of replies that shares no code with what writes them: it reads the tables itself. For notebook 19.

It gets a reply as one text, and who is signed in. Whatever it cannot trace to a source is named, and not said.
"""

import functools
import re

from aigc_utils import runtime

import pandas as pd

COLUMNS = {
    "order": ("order",),
    "status": ("status", "status_chinese"),
    "size": ("size", "size_chinese"),
    "delivery date": ("delivery date",),
}
FIGURE = re.compile(r"\d+(?:[.:]\d+)?")


@functools.cache
def table(name):
    """Return a table of data/shop, all as text."""
    return pd.read_csv(runtime.shipped("shop", f"{name}.csv"), dtype=str, keep_default_na=False)


@functools.cache
def templates():
    """Return [(pattern of a page's whole sentence, slots in it, meaning)]: a slot matches anything short."""
    found = []
    for row in table("answers").itertuples():
        for sentence in split(row.answer):
            names = re.findall(r"\{([a-z ]+)\}", sentence)
            pattern = re.sub(r"\\\{[a-z\\ ]+\\\}", "(.{1,20}?)", re.escape(sentence))
            found.append((re.compile(pattern), names, row.meaning))
    return found


def split(text):
    """Return the sentences of a text: a full stop between digits ends none."""
    marks = re.sub(r"([。？！]|(?<!\d)[.?!](?=\s|$)|[.?!](?=\s))", "\\1\n", text)
    return [line.strip() for line in marks.split("\n") if line.strip()]


@functools.cache
def facts_of(number):
    """Return the facts of a number, as dictionaries."""
    return table("facts").query("number == @number").to_dict("records")


def units_after(text, place, chinese):
    """Return the units of the facts that fit a number: those whose unit stands right behind it, or before it."""
    number = FIGURE.match(text, place)
    behind = re.sub(r"^(?: to |至)[\d.:]+", "", text[number.end() :]).lstrip().lower()
    column = "unit_chinese" if chinese else "unit"
    return {
        row["unit"]
        for row in facts_of(number[0])
        if row["unit"] == "time"
        or behind.startswith(row[column].lower())
        or text[:place].rstrip().endswith(row[column])
    }


def untraced(reply, email, fixed):
    """Return [(sentence, why it has no source)] of a reply; ``fixed`` are the sentences and titles allowed as they are.

    A sentence is a page's own, word for word, or one of ``fixed``. What stands in a slot is the same row of an order
    of the signed-in address. A bare order number has to be one of that address.
    """
    orders, problems = table("orders"), []
    own = orders[orders["email"] == (email or "").strip().lower()]
    for sentence in split(reply):
        if sentence in fixed or sentence in set(own["order"]):
            continue
        found = [(m, names) for pattern, names, _ in templates() if (m := pattern.fullmatch(sentence))]
        if not found:
            problems.append((sentence, "no page says this"))
        elif not any(_from_one_order(m.groups(), names, own) for m, names in found):
            problems.append((sentence, "not from an order of this customer"))
    return problems


def _from_one_order(values, names, own):
    fits = [
        all(value in {row[column] for column in COLUMNS[name]} for value, name in zip(values, names, strict=True))
        for _, row in own.iterrows()
    ]
    return not names or any(fits)


def unknown_figures(reply, email):
    """Return the numbers of a reply that are neither a fact with its unit nor of an order of this customer.

    This is the weaker check that people write first: it reads the numbers and no words.
    """
    own = table("orders")
    own = " ".join(own[own["email"] == (email or "").strip().lower()].to_numpy().ravel().tolist())
    rest = reply
    for value in sorted(set(own.split()), key=len, reverse=True):
        if FIGURE.search(value):
            rest = re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", " ", rest)
    chinese = bool(re.search("[\u4e00-\u9fff]", reply))
    return [m[0] for m in FIGURE.finditer(rest) if not units_after(rest, m.start(), chinese)]
