"""What to show to whom: weights between items, the worth of one policy in another's log, and lists that stay mixed.

Taught in 16b_recommending. Users are rows and items are columns.
"""

from aigc_utils import checks

import numpy as np

# --- items beside items ----------------------------------------------------------------------------------------------


def ease(matrix, penalty):
    """Return weights (items, items), diagonal 0: ``matrix @ weights`` scores every item for every user.

    ``matrix`` (users, items) holds clicks (0 or 1), or what a rating is above what was expected (0: not rated). The
    weights minimise ‖X − XB‖² + penalty·‖B‖² with diag B = 0, in closed form: B_ij = −P_ij / P_jj for
    P = (XᵀX + penalty·I)⁻¹ (Steck 2019, equation 8).
    """
    matrix = checks.records(matrix, "matrix", least=1)
    _number("penalty", penalty, "a number above 0: without it two equal items divide 0", lambda x: x > 0)
    products = matrix.T @ matrix + penalty * np.eye(matrix.shape[1])
    inverse = np.linalg.inv(products)
    if not np.linalg.norm(products, 1) * np.linalg.norm(inverse, 1) < 1e10:  # of its digits too few would be right
        raise ValueError(
            f"received penalty = {penalty:g} for columns with products up to {np.abs(products).max():g}; expected "
            "more: the inverse is not accurate. Take a larger penalty."
        )
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def item_knn(matrix, neighbours, shrink=0.0):
    """Return weights (items, items), diagonal 0: the cosine of two items' columns, for the nearest of each item.

    A column keeps the ``neighbours`` weights that are largest in size. ``shrink`` >= 0 is added to the product of the
    two lengths, so that items which few users know count less (Sarwar and others 2001; the shrinkage is Bell's and
    Koren's, 2007). Items that nobody knows have weights 0.
    """
    matrix = checks.records(matrix, "matrix", least=1)
    checks.whole(1, neighbours=neighbours)
    _number("shrink", shrink, "a number, 0 or more", lambda x: x >= 0)
    products, length = matrix.T @ matrix, np.linalg.norm(matrix, axis=0)
    below = np.outer(length, length) + shrink
    weights = np.divide(products, below, out=np.zeros_like(products), where=below > 0)
    np.fill_diagonal(weights, 0)
    if neighbours < len(weights):
        far = np.argsort(-np.abs(weights), axis=0, kind="stable")[neighbours:]
        np.put_along_axis(weights, far, 0, axis=0)
    return weights


def _number(name, received, wanted, fits):
    """Raise ValueError unless the value is one finite number that fits."""
    if not (isinstance(received, int | float | np.number) and np.isfinite(received) and fits(received)):
        raise ValueError(f"received {name} = {received!r}; expected {wanted}.")


# --- the worth of a policy that was not in use -----------------------------------------------------------------------


def off_policy(rewards, logged, wanted, predicted=None, expected=None, groups=None, confidence=0.95):
    """Return {"IPS", "SNIPS", "DR": (value, least, most)} of a policy, from the log of another one.

    Arrays are (n,), an event each: ``rewards``; the probability with which the policy in use (``logged`` > 0) and the
    new one (``wanted``) show what was shown. "DR" needs a model of the reward that was not fitted to these events:
    ``predicted`` for what was shown, ``expected`` for what the new policy would show. ``groups`` names each event's
    user where users return: whole users are then what varies. Intervals are by Student's t from the influence of each
    event (or user); they are too short where a few weights (see `effective_size`) or a few clicks carry the sum.
    Sources: Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Dudík, Langford and Li 2011.
    """
    rewards, weights = checks.numbers(rewards, "rewards", 2), policy_weights(logged, wanted)
    given = [a for a in (predicted, expected, groups) if a is not None]
    if len(weights) != len(rewards) or any(np.shape(a) != rewards.shape for a in given):
        raise ValueError(f"received arrays of unlike lengths; expected {len(rewards)} entries each, one an event.")
    if (predicted is None) != (expected is None):
        raise ValueError("received one of predicted and expected; expected both (for DR), or none.")
    if predicted is not None:
        predicted, expected = checks.numbers(predicted, "predicted"), checks.numbers(expected, "expected")
    _number("confidence", confidence, "a share between 0 and 1, such as 0.95", lambda x: 0 < x < 1)
    if not weights.any():
        raise ValueError("received a log in which nothing was shown that the new policy would show: it has no say.")
    ips, snips = np.mean(weights * rewards), weights @ rewards / weights.sum()
    relative = snips + weights * (rewards - snips) / weights.mean()
    influences = {"IPS": (ips, weights * rewards), "SNIPS": (snips, relative)}
    if predicted is not None:
        doubly = expected + weights * (rewards - predicted)
        influences["DR"] = (doubly.mean(), doubly)
    return {name: _interval(value, parts - value, groups, confidence) for name, (value, parts) in influences.items()}


def policy_weights(logged, wanted):
    """Return the weights wanted / logged (n,) of a log's events."""
    logged, wanted = checks.numbers(logged, "logged"), checks.numbers(wanted, "wanted")
    if logged.shape != wanted.shape or min(logged.min(), 1 - logged.max(), wanted.min(), 1 - wanted.max()) < 0:
        raise ValueError(
            f"received {len(logged)} logged probabilities from {logged.min():g} to {logged.max():g} and {len(wanted)} "
            f"wanted from {wanted.min():g} to {wanted.max():g}; expected as many of each, from 0 to 1, one an event."
        )
    if not logged.all():
        raise ValueError("received an event whose logged probability is 0; expected above 0: it was shown.")
    return wanted / logged


def effective_size(weights):
    """Return (Σw)² / Σw²: so many events of equal weight would say as much (Kish 1965)."""
    weights = checks.numbers(weights, "weights")
    if not (weights.min() >= 0 and weights.max() > 0):
        raise ValueError(
            f"received weights from {weights.min():g} to {weights.max():g}; expected 0 or more, some above."
        )
    weights = weights / weights.max()
    return float(weights.sum() ** 2 / (weights @ weights))


def _interval(value, influences, groups, confidence):
    """Return (value, least, most) from influences (n,) whose mean is 0; those of a group are added up first."""
    from scipy import stats

    if groups is not None:
        import pandas as pd

        if pd.isna(np.asarray(groups, object)).any():
            raise ValueError("received a group that is missing (None or NaN); expected the user of each event.")
        _, member = np.unique(groups, return_inverse=True)
        sums = np.bincount(member, influences)
        influences = sums * len(sums) / len(influences)
    if len(influences) < 2:
        raise ValueError("received a single user; expected two or more, else nothing says how much users differ.")
    half = stats.t.ppf(0.5 + confidence / 2, len(influences) - 1) * influences.std(ddof=1) / np.sqrt(len(influences))
    return float(value), float(value - half), float(value + half)


# --- lists that stay mixed -------------------------------------------------------------------------------------------


def rerank(scores, categories, count, weight, target):
    """Return items (users, count): a list for each user, chosen one by one, that is good and mixed as asked.

    Each step takes the item that is best by (1 − weight)·Σ scores − weight·KL(target ‖ mix of the list): calibrated
    recommending (Steck 2018). ``scores`` (users, items), finite; ``categories`` (items,) numbers 0 … k − 1; ``target``
    (users, k) shares that add up to 1; ``weight`` 0 (by score alone) to 1 (by the mix alone; ties go to the score).
    """
    scores, target = checks.records(scores, "scores", least=1), checks.records(target, "target", least=1)
    categories = checks.labels(categories, scores.shape[1], (target.shape[1],), "categories")[:, 0]
    checks.whole(1, count=count)
    _number("weight", weight, "a share from 0 to 1", lambda x: 0 <= x <= 1)
    if count > scores.shape[1] or len(target) != len(scores):
        raise ValueError(
            f"received count = {count} of {scores.shape[1]} items and {len(target)} targets for {len(scores)} users; "
            "expected no more items than there are, and a target for each user."
        )
    if (target < 0).any() or not np.allclose(target.sum(1), 1):
        raise ValueError("received targets that are negative or do not add up to 1; expected shares of the categories.")
    left, rows = scores.copy(), np.arange(len(scores))
    shown, counts, tie = [], np.zeros(target.shape), 1e-9 / max(np.ptp(scores), 1e-300)
    for step in range(1, count + 1):
        worth = (1 - weight + tie) * left - weight * _divergences(target, counts, step)[:, categories]
        chosen = worth.argmax(1)
        counts[rows, categories[chosen]] += 1
        left[rows, chosen] = -np.inf
        shown.append(chosen)
    return np.stack(shown, axis=1)


def _divergences(target, counts, step, smooth=0.01):
    """Return KL(target ‖ mix) (users, k) after one more item of each category; the mix is smoothed as Steck does."""
    mix = (counts[:, None] + np.eye(target.shape[1])) / step
    smoothed = (1 - smooth) * mix + smooth * target[:, None]
    ratio = np.divide(target[:, None], smoothed, out=np.ones_like(smoothed), where=smoothed > 0)
    return np.sum(target[:, None] * np.log(np.maximum(ratio, 1e-300)), axis=2)
