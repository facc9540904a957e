"""Guess the right choice without reading the question: what four choices alone give away to whoever has seen many.

Run by `python benchmarks/items.py`, stage guessing. The guesser is trained on exercises whose answers are known, and
tested on others. It sees the topic and the choices, and neither the text nor the place of a choice.
"""

import collections
import re

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

SEEN = (10, 40, 160)  # exercises of each topic whose answers the guesser has seen
TESTED = 150  # exercises of each topic on which it is measured
SEED = 20_261_205  # drawn with once
ENTRIES = 4  # numbers of a choice that are looked at one by one


def numbers(choice):
    """Return the numbers of a printed choice, in order: €1,200.50 is 1200.5, x = −2 is −2."""
    found = re.findall(r"−?\d[\d,]*(?:\.\d+)?", choice.replace("€", ""))
    return [float(one.replace("−", "-").replace(",", "")) for one in found]


def likeness(choices):
    """Return how many signs each choice shares with the three others, (4,)."""
    signs = [collections.Counter(re.findall(r"\d+|[^\d\s]", choice)) for choice in choices]
    return np.array([sum((one & other).total() for other in signs if other is not one) for one in signs])


def traits(choices):
    """Return what can be seen of each choice beside the others, (4, 12 + 5 · ENTRIES); NaN where there is no number."""
    every, shared = [numbers(choice) for choice in choices], likeness(choices)
    table = np.full((len(choices), ENTRIES), np.nan)
    for row, found in zip(table, every, strict=True):
        row[: len(found)] = found[:ENTRIES]
    sets = [sorted(map(abs, found)) for found in every]
    length, rows = np.array([len(choice) for choice in choices]), []
    for k, (choice, found) in enumerate(zip(choices, every, strict=True)):
        row = [length[k], length[k] - length.mean(), shared[k], np.sum(shared > shared[k]), len(found)]
        row += [
            found.count(0),
            sum(x < 0 for x in found),
            sum(x % 1 > 0 for x in found),
            sum(x % 10 == 0 for x in found),
        ]
        row += [choice.count("−"), choice.endswith("0"), sets.count(sets[k])]
        for column in table.T:
            value, size = column[k], np.abs(np.delete(column, k))
            row += [np.sum(column < value), np.sum(np.abs(column) < abs(value)), np.sum(column == value)]
            mean = np.mean(size) if np.isfinite(size).all() else 0
            row += [np.sum(column == -value), value / mean if mean else np.nan]
        rows.append(row)
    return np.array(rows, float)


def described(items, topics):
    """Return (traits and topic of every choice (n, 4, d), places of the keys (n,))."""
    seen = [np.column_stack([traits(i.choices), np.full(len(i.choices), topics.index(i.template))]) for i in items]
    return np.array(seen), np.array([item.key for item in items])


def guesses(seen, keys, tested):
    """Return the guessed places (m,): the choice of each tested exercise that looks most like a right one."""
    right = np.arange(seen.shape[1]) == keys[:, None]
    known = np.isfinite(seen).any((0, 1))  # a trait that no choice has is none
    seen, tested = seen[..., known], tested[..., known]
    model = HistGradientBoostingClassifier(max_iter=150, random_state=0)
    model.fit(seen.reshape(-1, seen.shape[2]), right.ravel())
    return model.predict_proba(tested.reshape(-1, seen.shape[2]))[:, 1].reshape(len(tested), -1).argmax(1)


def measured(batch, topics):
    """Return what is stored: {"seen": {exercises seen of a topic: hits}, "shuffled", "tested", "topics": shares}."""
    tested, truth = described(batch(TESTED * len(topics), SEED), topics)
    seen, keys = described(batch(max(SEEN) * len(topics), SEED + 1), topics)
    found, hits = {}, None
    for count in SEEN:
        hits = guesses(seen[: count * len(topics)], keys[: count * len(topics)], tested) == truth
        found[str(count)] = int(hits.sum())
    wrong_keys = np.random.default_rng(SEED).permutation(keys)  # a guesser that learns nothing
    shares = {topic: round(float(hits[k :: len(topics)].mean()), 3) for k, topic in enumerate(topics)}
    lost = int((guesses(seen, wrong_keys, tested) == truth).sum())
    return {"seen": found, "shuffled": lost, "tested": len(truth), "topics": shares}
