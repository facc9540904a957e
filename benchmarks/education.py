"""An exam of 13 questions: how hard each is, how few would do, whether it is fair, and what a larger bank would add.

Usage: python benchmarks/education.py calibrate forms validity mirt dif other_halves logistic bank

    calibrate  the 2PL of all 729 students, and how often its checks of fit raise a false alarm, by simulation
    forms      adaptive, fixed, two-stage and random forms on held-out students, over many splits; about 4 minutes
    validity   correlations with the earlier score, plain and corrected, with all students drawn again
    mirt       the same correlations by another library, in an environment of its own
    dif        the power and the false alarms of the search for unfair questions, by simulation
    other_halves   how often another held-out half would have shown a question of class C
    logistic   the false alarms of the search by logistic regression, by simulation
    bank       a thin bank with generated exercises, for simulated learners

Each stage keeps what the others stored in education.json. Notebook 13 shows these functions: they are written into it
from here. Answers are floats (students, questions): 1 solved, 0 not, NaN not asked.
"""

import functools
import itertools
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import runtime  # noqa: E402
from benchmarks import common  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import stats  # noqa: E402
from statsmodels.stats.multitest import multipletests  # noqa: E402

STORE = HERE / "education.json"
PINNED = "mirt==1.2.0 numpy==2.4.6 scipy==1.17.1"
LENGTHS = range(1, 9)  # questions asked; the whole exam has 13
SPLITS = 50


def read_exam():
    """Return (answers (729, 13), names of the questions, a table of the students) of data/exam."""
    table = pd.read_csv(runtime.shipped("exam", "math_exam.csv"))
    solved = table.filter(like="solved_")
    return solved.to_numpy(float), [name.removeprefix("solved_") for name in solved], table


# --- the 2PL ----------------------------------------------------------------------------------------------------------

NODES = np.linspace(-5, 5, 61)  # points of quadrature on the scale of ability
PRIOR = np.exp(-NODES * NODES / 2) / np.exp(-NODES * NODES / 2).sum()  # learners are N(0, 1): that fixes the scale


def chance(theta, a, b):
    """Return the 2PL's probability of solving a question: discrimination a, difficulty b (Birnbaum 1968)."""
    return 1 / (1 + np.exp(-a * (theta - b)))


def information(theta, a, b):
    """Return Fisher's information on theta of one answer, a²p(1 − p)."""
    p = chance(theta, a, b)
    return a * a * p * (1 - p)


def posterior(answers, a, b):
    """Return (weights of NODES (n, 61), log-likelihoods (n,)) given answers (n, k); NaN is a question not asked."""
    p = chance(NODES, np.asarray(a)[:, None], np.asarray(b)[:, None])
    asked = ~np.isnan(answers)
    right = np.where(asked, answers, 0)
    joint = PRIOR * np.exp(right @ np.log(p) + (asked - right) @ np.log1p(-p))
    total = joint.sum(1, keepdims=True)
    return joint / total, np.log(total[:, 0])


def ability(answers, a, b):
    """Return (mean, standard deviation), each (n,), of what is known of an ability: the EAP and its standard error."""
    weights, _ = posterior(answers, a, b)
    mean = weights @ NODES
    return mean, np.sqrt(np.maximum(weights @ NODES**2 - mean**2, 0))


def calibrate(answers, common=False, tolerance=1e-4, most=500):
    """Return (a, b, log-likelihood) of the 2PL by marginal maximum likelihood (Bock and Aitkin 1981).

    EM: the students' abilities are what is missing. ``common`` gives one discrimination to all (the Rasch model, 1PL).
    """
    shares = answers.mean(0)
    if not np.all((shares > 0) & (shares < 1)):
        raise ValueError(
            "received a question that all students solved, or none; its difficulty is not finite: leave it out."
        )
    slope, level = np.ones(len(shares)), np.log(shares / (1 - shares))
    for _ in range(most):
        weights, _ = posterior(answers, slope, -level / slope)
        count, right = weights.sum(0), answers.T @ weights  # students and right answers expected at each node
        p = chance(NODES, slope[:, None], (-level / slope)[:, None])
        rest, curve = right - count * p, count * p * (1 - p)
        up, flat = rest @ NODES, rest.sum(1)  # gradient by slope and by level, then the curvatures
        steep, both, plain = curve @ NODES**2, curve @ NODES, curve.sum(1)
        top, below = up - both / plain * flat, steep - both**2 / plain
        step = np.clip(np.full_like(top, top.sum() / below.sum()) if common else top / below, -0.5, 0.5)
        move = (flat - both * step) / plain
        slope, level = slope + step, level + move
        if max(abs(step).max(), abs(move).max()) < tolerance:
            return slope, -level / slope, posterior(answers, slope, -level / slope)[1].sum()
    raise ValueError(f"EM had not settled after {most} rounds; there are too few answers for so many parameters.")


def standard_errors(answers, a, b):
    """Return (of a, of b), each (k,), from the observed information of the marginal likelihood (Louis 1982)."""
    weights, _ = posterior(answers, a, b)
    n, k = answers.shape
    total, mean = np.zeros((2 * k, 2 * k)), np.zeros((n, 2 * k))
    for node, w in zip(NODES, weights.T, strict=True):
        p = chance(node, a, b)
        score = np.stack([(answers - p) * node, answers - p], axis=2).reshape(n, 2 * k)  # by slope and by level
        for j in range(k):
            outer = np.array([[node * node, node], [node, 1]]) * p[j] * (1 - p[j]) * w.sum()
            total[2 * j : 2 * j + 2, 2 * j : 2 * j + 2] += outer
        total -= (score * w[:, None]).T @ score
        mean += score * w[:, None]
    spread = np.linalg.inv(total + mean.T @ mean)
    of_slope, of_level = spread.diagonal()[::2], spread.diagonal()[1::2]
    shared = spread.diagonal(1)[::2]
    return np.sqrt(of_slope), np.sqrt(of_level + b * b * of_slope + 2 * b * shared) / a


def answered(theta, a, b, rng):
    """Return simulated answers (n, k) of learners of abilities theta (n,)."""
    return (rng.random((len(theta), len(a))) < chance(np.asarray(theta)[:, None], a, b)).astype(float)


# --- does it fit? -----------------------------------------------------------------------------------------------------


def score_chances(p):
    """Return the probability of each number solved, (k + 1, nodes), of k questions (Lord and Wingersky 1984)."""
    table = np.ones((1, p.shape[1]))
    for row in p:
        table = np.vstack([table * (1 - row), np.zeros(len(row))]) + np.vstack([np.zeros(len(row)), table * row])
    return table


def shares_by_score(answers, a, b):
    """Return (students, shares solved, shares expected by the 2PL), each (k, k − 1), at total scores 1 … k − 1."""
    p, scores = chance(NODES, a[:, None], b[:, None]), answers.sum(1)
    between = np.arange(1, len(a))
    every = (score_chances(p) @ PRIOR)[between]
    expected = np.array([score_chances(np.delete(p, j, 0))[:-1] @ (PRIOR * p[j]) / every for j in range(len(a))])
    member = scores == between[:, None]
    count = np.tile(member.sum(1), (len(a), 1))
    return count, (member @ answers).T / np.maximum(count, 1), expected


def item_fit(answers, a, b, least=5):
    """Return p-values (k,) of S-X² (Orlando and Thissen 2000): shares solved at each total score, seen and expected.

    Neighbouring scores are put together until ``least`` right and wrong answers are expected of them.
    """
    found = []
    for count, share, model in zip(*shares_by_score(answers, a, b), strict=True):
        cells, cell = [], np.zeros(3)
        for here in np.column_stack([count, count * share, count * model]):
            cell = cell + here
            if min(cell[2], cell[0] - cell[2]) >= least:
                cells.append(cell)
                cell = np.zeros(3)
        cells[-1] = cells[-1] + cell
        n, seen, expected = np.array(cells).T
        square = np.sum((seen - expected) ** 2 / expected + (seen - expected) ** 2 / (n - expected))
        found.append(stats.chi2.sf(square, len(cells) - 2))
    return np.array(found)


def residual_correlations(answers, a, b):
    """Return Yen's Q3, (k, k): correlations of what the model leaves of each answer."""
    mean, _ = ability(answers, a, b)
    return np.corrcoef(answers - chance(mean[:, None], a, b), rowvar=False)


def misfit(answers, a, b):
    """Return {check: value}: largest Q3 above its mean, first eigenvalue of Q3, smallest p-value of S-X²."""
    q3 = residual_correlations(answers, a, b)
    off = q3[np.triu_indices(len(a), 1)]
    first = float(np.linalg.eigvalsh(q3)[-1])
    return {"Q3": float(off.max() - off.mean()), "eigenvalue": first, "S-X²": float(item_fit(answers, a, b).min())}


def law_of_misfit(a, b, students, repeats=300):
    """Return ({check: [5 %, median, 95 %] of `misfit`}, share of S-X² p-values below 5 %) where the 2PL is true.

    Exams are simulated from it and calibrated anew.
    """
    rng, rows, alarms = np.random.default_rng(0), [], []
    for _ in range(repeats):
        made = answered(rng.normal(size=students), a, b, rng)
        found = calibrate(made)[:2]
        rows.append(misfit(made, *found))
        alarms.append(np.mean(item_fit(made, *found) < 0.05))
    law = {key: np.quantile([row[key] for row in rows], (0.05, 0.5, 0.95)).round(5).tolist() for key in rows[0]}
    return law, float(np.mean(alarms))


def calibration():
    """Store the parameters of all students, and the checks of fit with their law where the model is true."""
    answers, names, _ = read_exam()
    a, b, likelihood = calibrate(answers)
    law, alarms = law_of_misfit(a, b, len(answers))
    return {
        "a": a.round(4).tolist(),
        "b": b.round(4).tolist(),
        "names": names,
        "log-likelihood": [likelihood, calibrate(answers, common=True)[2]],
        "law": law,
        "law, half the students": law_of_misfit(a, b, len(answers) // 2)[0],
        "S-X² false alarms": alarms,
    }


# --- forms ------------------------------------------------------------------------------------------------------------


def correlation(x, y):
    """Return the correlation of two vectors; 0 where one is constant, as the score of a form that says nothing."""
    x, y = x - x.mean(), y - y.mean()
    below = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / below) if below else 0.0


def form_abilities(answers, items, a, b):
    """Return the EAP (n,) of a fixed form: one value for each pattern of right and wrong, looked up."""
    items = list(items)
    powers = 1 << np.arange(len(items))
    patterns = (np.arange(1 << len(items))[:, None] & powers > 0).astype(float)
    return ability(patterns, a[items], b[items])[0][(answers[:, items] @ powers).astype(int)]


def all_forms(answers, a, b, length, whole):
    """Return {form: its correlation with the ability of the whole exam}, for every form of a length."""
    forms = itertools.combinations(range(len(a)), length)
    return {form: correlation(form_abilities(answers, form, a, b), whole) for form in forms}


def most_informative(weights, free, a, b, rng=None):
    """Return for each student (n,) the free question with most information at the mean of what is known."""
    value = information((weights @ NODES)[:, None], a, b)
    return np.where(free, value, -1).argmax(1)


def averaged_information(weights, free, a, b, rng=None):
    """Return the free question whose information, averaged over what is known of the student, is largest."""
    value = weights @ information(NODES[:, None], a, b)
    return np.where(free, value, -1).argmax(1)


def by_lot(weights, free, a, b, rng):
    """Return a free question for each student, drawn."""
    return np.where(free, rng.random(free.shape), -1).argmax(1)


def among_best(weights, free, a, b, rng, best=3):
    """Return one of the ``best`` most informative free questions, drawn: "randomesque" (Kingsbury and Zara 1989)."""
    value = np.where(free, information((weights @ NODES)[:, None], a, b), -1)
    place = np.minimum(free.sum(1), best) * rng.random(len(free))
    return np.argsort(-value, axis=1, kind="stable")[np.arange(len(free)), place.astype(int)]


def adaptive(answers, a, b, length, choose=most_informative, rng=None):
    """Return (questions (n, length), EAPs, standard errors) of a test that asks what it chooses next.

    The answers are those on record: a test that was taken whole is played again, each student getting a part of it.
    """
    asked, rows = np.full(answers.shape, np.nan), np.arange(len(answers))
    course = np.empty((len(answers), length), int)
    means, errors = np.empty((2, len(answers), length))
    for step in range(length):
        weights, _ = posterior(asked, a, b)
        course[:, step] = item = choose(weights, np.isnan(asked), a, b, rng)
        asked[rows, item] = answers[rows, item]
        means[:, step], errors[:, step] = ability(asked, a, b)
    return course, means, errors


def remaining(answers, course, a, b):
    """Return the EAP (n,) from the questions that each student was not asked."""
    rest = answers.copy()
    np.put_along_axis(rest, course, np.nan, axis=1)
    return ability(rest, a, b)[0]


def two_stage(answers, a, b, whole):
    """Return (routing form of three, limit, form of two below it, form of two above): the least squared error here."""
    best, items = (np.inf,), range(len(a))
    fives = itertools.combinations(items, 5)
    off = {form: (form_abilities(answers, form, a, b) - whole) ** 2 for form in fives}
    for first in itertools.combinations(items, 3):
        score = answers[:, first].sum(1)
        pairs = list(itertools.combinations([j for j in items if j not in first], 2))
        squares = np.array([off[tuple(sorted(first + pair))] for pair in pairs])
        for limit in (1, 2, 3):
            low = score < limit
            lower, upper = squares[:, low].sum(1), squares[:, ~low].sum(1)
            total = lower.min() + upper.min()
            if total < best[0]:
                best = (total, first, limit, pairs[lower.argmin()], pairs[upper.argmin()])
    return best[1:]


def two_stage_course(answers, plan):
    """Return the questions (n, 5) that a two-stage plan asks each student."""
    first, limit, low, high = plan
    below = answers[:, first].sum(1, keepdims=True) < limit
    return np.hstack([np.tile(first, (len(answers), 1)), np.where(below, low, high)])


def course_answers(answers, course):
    """Return the answers (n, k) to the questions of a course (n, length); NaN for what was not asked."""
    asked = np.full(answers.shape, np.nan)
    np.put_along_axis(asked, course, np.take_along_axis(answers, course, axis=1), axis=1)
    return asked


def course_abilities(answers, course, a, b):
    """Return the EAP (n,) of the questions of a course (n, length)."""
    return ability(course_answers(answers, course), a, b)[0]


def reliability(mean, error):
    """Return the share of the variance of abilities that is not error, from EAPs (n,) and their standard errors."""
    return float(mean.var() / (mean.var() + np.mean(error**2)))


def best_form(answers, a, b, length, whole):
    """Return the form of a length, a tuple of questions, that agrees best with the ability of the whole exam."""
    known = all_forms(answers, a, b, length, whole)
    return max(known, key=known.get)


def halves(count, seed):
    """Return (training, held out): the students of a split, half and half."""
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[: count // 2]), np.sort(order[count // 2 :])


def split_courses(answers, seed, lengths=LENGTHS):
    """Return what one split of the students gives: its parts, parameters, {(kind, length): held-out course}."""
    train, test = halves(len(answers), seed)
    a, b, _ = calibrate(answers[train])
    whole, rng = ability(answers[train], a, b)[0], np.random.default_rng(seed + 1000)
    courses, last = {}, max(lengths)
    for kind, choose in (
        ("adaptive", most_informative),
        ("averaged", averaged_information),
        ("randomesque", among_best),
        ("random", by_lot),
    ):
        course = adaptive(answers[test], a, b, last, choose, rng)[0]
        courses |= {(kind, length): course[:, :length] for length in lengths}
    for length in lengths:
        courses["fixed", length] = np.tile(best_form(answers[train], a, b, length, whole), (len(test), 1))
    courses["two-stage", 5] = two_stage_course(answers[test], two_stage(answers[train], a, b, whole))
    return train, test, a, b, courses


def questions_saved(adaptive_curve, fixed_curve, length):
    """Return how many questions the fixed form needs beyond ``length`` to agree as well (linear in between).

    Both curves are {length: correlation}; NaN where no fixed form on the curve agrees as well.
    """
    lengths = sorted(fixed_curve)
    rising = np.maximum.accumulate([fixed_curve[k] for k in lengths])
    asked = adaptive_curve[length]
    return float(np.interp(asked, rising, lengths)) - length if asked <= rising[-1] else float("nan")


def measure_split(answers, tests, seed):
    """Return {"kind, length": {"whole", "rest", "tests", "rmse", "error"}} on the held-out students of one split."""
    _, test, a, b, courses = split_courses(answers, seed)
    given, earlier = answers[test], tests[test]
    whole, found = ability(given, a, b)[0], {}
    for (kind, length), course in courses.items():
        mean, error = ability(course_answers(given, course), a, b)
        found[f"{kind}, {length}"] = {
            "whole": correlation(mean, whole),
            "rest": correlation(mean, remaining(given, course, a, b)),
            "tests": correlation(mean, earlier),
            "rmse": float(np.sqrt(np.mean((mean - whole) ** 2))),
            "error": float(error.mean()),
            "reliability": reliability(mean, error),
            "exposure": float(max(np.bincount(course.ravel(), minlength=given.shape[1])) / len(given)),
        }
    for length in (4, 5, 6):
        every = all_forms(given, a, b, length, whole).values()
        found[f"mean of all forms, {length}"] = {"whole": float(np.mean(list(every)))}
    error = ability(given, a, b)[1]
    found["exam"] = {"tests": correlation(whole, earlier), "error": float(error.mean())}
    found["exam"]["reliability"] = reliability(whole, error)
    steps = {name: {k: found[f"{name}, {k}"]["whole"] for k in LENGTHS} for name in ("adaptive", "fixed")}
    found["saved"] = {str(k): questions_saved(steps["adaptive"], steps["fixed"], k) for k in range(2, 7)}
    return found | {"apart": questions_apart(answers, seed)}


def questions_apart(answers, seed, aside=5, criteria=20):
    """Return correlations, on the held-out students of a split, with the ability from questions that no form may ask.

    ``aside`` of the questions, drawn, are a criterion; the rest are the bank of all forms, which are chosen on the
    training students by their agreement with that bank. Each number is the mean over so many criteria.
    """
    train, test = halves(len(answers), seed)
    a, b, _ = calibrate(answers[train])
    draws = [np.random.default_rng((seed + 2000, k)) for k in range(criteria)]
    found = [_apart(answers, train, test, a, b, aside, rng) for rng in draws]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def _apart(answers, train, test, a, b, aside, rng):
    """Return the correlations of `questions_apart` for one drawn criterion."""
    order = rng.permutation(answers.shape[1])
    kept, bank = np.sort(order[:aside]), np.sort(order[aside:])
    criterion = ability(answers[test][:, kept], a[kept], b[kept])[0]
    learnt, given, a, b = answers[train][:, bank], answers[test][:, bank], a[bank], b[bank]
    scores = {
        "adaptive, 4": adaptive(given, a, b, 4)[1][:, -1],
        "random, 4": adaptive(given, a, b, 4, by_lot, rng)[1][:, -1],
        "all, 8": ability(given, a, b)[0],
    }
    for length in (4, 5):
        form = best_form(learnt, a, b, length, ability(learnt, a, b)[0])
        scores[f"fixed, {length}"] = form_abilities(given, form, a, b)
    return {name: correlation(score, criterion) for name, score in scores.items()}


def corrected_interval(values, share=1.0):
    """Return (mean, least, most): 95 % for a mean over splits that share records (Nadeau and Bengio 2003).

    Their results hang together, so the variance of a mean over J splits is not s²/J but s²(1/J + share), for ``share``
    held-out records to one of training.
    """
    mean, count = np.mean(values), len(values)
    half = stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) * np.sqrt(1 / count + share)
    return mean, mean - half, mean + half


def resampled(answers, tests, seed=0, repeats=250):
    """Return rows (five adaptive − six fixed, five adaptive − the exam with the earlier score) of one split.

    Both halves of its students are drawn again each time, the questions calibrated and the form chosen anew.
    """
    train, test = halves(len(answers), seed)
    rng, rows = np.random.default_rng(seed), []
    for _ in range(repeats):
        learnt, held = answers[rng.choice(train, len(train))], rng.choice(test, len(test))
        a, b, _ = calibrate(learnt)
        form = best_form(learnt, a, b, 6, ability(learnt, a, b)[0])
        given = answers[held]
        whole, five = ability(given, a, b)[0], adaptive(given, a, b, 5)[1][:, -1]
        six = form_abilities(given, form, a, b)
        shorter = correlation(five, whole) - correlation(six, whole)
        rows.append([shorter, correlation(five, tests[held]) - correlation(whole, tests[held])])
    return np.array(rows).round(5).tolist()


VALID = ("exam", "adaptive, 5", "fixed, 5", "fixed, 6", "two-stage, 5", "random, 5")


def sides(drawn, count, rng):
    """Return (training, held out): drawn students (n,) of ``count``; all copies of a student are on one side."""
    rank = rng.permutation(count)[drawn]
    return drawn[rank < count // 2], drawn[rank >= count // 2]


def validities(answers, tests, train, test, rng):
    """Return {kind of VALID: (r with the earlier score, reliability, r corrected for it)} on the held-out students.

    The correction divides r by the root of the form's reliability (Spearman 1904); the score's own is not known.
    """
    a, b, _ = calibrate(answers[train])
    learnt, given, found = ability(answers[train], a, b)[0], answers[test], {}
    courses = {"exam": np.tile(np.arange(len(a)), (len(test), 1))}
    courses |= {"adaptive, 5": adaptive(given, a, b, 5)[0], "random, 5": adaptive(given, a, b, 5, by_lot, rng)[0]}
    for length in (5, 6):
        courses[f"fixed, {length}"] = np.tile(best_form(answers[train], a, b, length, learnt), (len(test), 1))
    courses["two-stage, 5"] = two_stage_course(given, two_stage(answers[train], a, b, learnt))
    for kind in VALID:
        mean, error = ability(course_answers(given, courses[kind]), a, b)
        r, trust = correlation(mean, tests[test]), reliability(mean, error)
        found[kind] = (r, trust, r / trust**0.5)
    return found


def validity(repeats=200, each=2):
    """Store {kind: rows (r, reliability, corrected r)}, a row a sample of all students, a mean over ``each`` splits."""
    answers, _, table = read_exam()
    tests, rng, rows = table["tests"].to_numpy(float), np.random.default_rng(4), []
    for _ in range(repeats):
        drawn = rng.integers(len(answers), size=len(answers))
        parts = [sides(drawn, len(answers), rng) for _ in range(each)]
        found = [validities(answers, tests, *part, rng) for part in parts]
        rows.append([np.mean([one[kind] for one in found], axis=0) for kind in VALID])
    return dict(zip(VALID, common.rounded(np.swapaxes(rows, 0, 1)), strict=True))


def sympson_hetter(a, b, length, limit, learners=2000, rounds=30, seed=0):
    """Return the probabilities (k,) with which a chosen question is really asked (Sympson and Hetter 1985).

    They are lowered, on simulated learners, until no question is asked of more than about ``limit`` of them.
    """
    rng = np.random.default_rng(seed)
    given, keep = answered(rng.normal(size=learners), a, b, rng), np.ones(len(a))
    for _ in range(rounds):
        chosen = np.zeros(len(a))
        adaptive(given, a, b, length, functools.partial(controlled, keep=keep, chosen=chosen), rng)
        keep = np.minimum(1, limit / np.maximum(chosen / learners, 1e-9))
        keep[np.argsort(-keep)[:length]] = 1.0  # there has to be a test for everyone
    return keep


def controlled(weights, free, a, b, rng, keep, chosen=None):
    """Return the first question, in order of information, that a lottery with chances ``keep`` (k,) lets through."""
    value = np.where(free, information((weights @ NODES)[:, None], a, b), -1)
    order = np.argsort(-value, axis=1, kind="stable")
    free_first = np.take_along_axis(free, order, axis=1)
    passed = (rng.random(order.shape) < keep[order]) & free_first
    place = np.where(passed.any(1), passed.argmax(1), 0)
    if chosen is not None:  # a question counts as chosen whether the lottery lets it through or not
        seen = np.arange(order.shape[1]) <= place[:, None]
        chosen += np.bincount(order[seen & free_first], minlength=len(keep))
    return order[np.arange(len(order)), place]


def exposure_price(answers, seed, length=5, limit=0.6):
    """Return (largest share of students who get one question, correlation), without a limit and then with it."""
    train, test = halves(len(answers), seed)
    a, b, _ = calibrate(answers[train])
    keep = sympson_hetter(a, b, length, limit, seed=seed)
    whole, rng, found = ability(answers[test], a, b)[0], np.random.default_rng(seed), []
    for chances in (np.ones(len(a)), keep):
        course, means, _ = adaptive(answers[test], a, b, length, functools.partial(controlled, keep=chances), rng)
        found += [np.bincount(course.ravel()).max() / len(test), correlation(means[:, -1], whole)]
    return np.round(found, 4).tolist()


def forms():
    """Store every split's figures, the resamples of one split, and the price of exposure control."""
    answers, _, table = read_exam()
    tests = table["tests"].to_numpy(float)
    splits = [common.rounded(measure_split(answers, tests, seed)) for seed in range(SPLITS)]
    control = [exposure_price(answers, seed) for seed in range(20)]
    apart = {}
    for version in (1, 2):
        here = (table["group"] == version).to_numpy()
        apart[str(version)] = [common.rounded(measure_split(answers[here], tests[here], seed)) for seed in range(10)]
    return {
        "splits": splits,
        "resampled": resampled(answers, tests),
        "Sympson-Hetter": control,
        "versions": apart,
    }


# --- mirt, in an environment of its own -------------------------------------------------------------------------------


def masked(shape, course):
    """Return which questions a course (n, length) asks, as booleans of a shape; imports are mirt's."""
    import numpy as np

    asked = np.zeros(shape, bool)
    np.put_along_axis(asked, np.asarray(course), True, axis=1)
    return asked


def mirt_course(model, answers, length):
    """Return the questions (n, length) that mirt's own engine asks; imports are mirt's."""
    import mirt

    # its rule "max_items" cannot be made (findings), so the rule is an error that is never reached
    engine = mirt.CATEngine(model, "MFI", "SE", "EAP", se_threshold=1e-9, max_items=length, n_quadpts=61)
    course = []
    for row in answers:
        engine.reset()
        state = engine.get_current_state()
        while not state.is_complete:
            state = engine.administer_item(int(row[state.next_item]))
        course.append(state.items_administered)
    return course


def by_mirt(folder, lengths):
    """Write mirt.json: the correlations of split*.npz by mirt alone: its 2PL, its EAP, its engine."""
    import itertools
    import json
    from pathlib import Path

    import mirt
    import numpy as np

    def agreement(fit, answers, asked):
        part, whole = (
            np.ravel(mirt.fscores(fit, np.where(mask, answers, -1), n_quadpts=61).theta)
            for mask in (asked, np.ones(answers.shape, bool))
        )
        return float(np.corrcoef(part, whole)[0, 1])

    found = []
    for path in sorted(Path(folder).glob("split*.npz")):
        part = np.load(path)
        train, test = part["train"].astype(int), part["test"].astype(int)
        fit = mirt.fit_mirt(train, "2PL", n_quadpts=61, tol=1e-5, compute_standard_errors=False)
        course = np.array(mirt_course(fit.model, test, max(lengths)))
        row = {
            key: np.ravel(fit.model.parameters[n]).tolist() for key, n in (("a", "discrimination"), ("b", "difficulty"))
        }
        for length in lengths:
            row[f"adaptive, {length}"] = agreement(fit, test, masked(test.shape, course[:, :length]))
            row[f"random, {length}"] = agreement(fit, test, masked(test.shape, part["random"][:, :length]))
            scored = {}
            for form in itertools.combinations(range(train.shape[1]), length):
                scored[form] = agreement(fit, train, masked(train.shape, np.tile(form, (len(train), 1))))
            best = np.tile(max(scored, key=scored.get), (len(test), 1))
            row[f"fixed, {length}"] = agreement(fit, test, masked(test.shape, best))
        found.append(row)
    everyone = np.load(Path(folder) / "everyone.npy").astype(int)
    models = {}
    tied = [("discrimination", list(range(everyone.shape[1])))]  # its "1PL" fixes both slope and spread of ability at 1
    for name, options in {"1PL": {"constraints": tied}, "2PL": {}, "3PL": {"model": "3PL"}}.items():
        chosen = {"model": "2PL", "n_quadpts": 61, "tol": 1e-5, "max_iter": 2000} | options
        fit = mirt.fit_mirt(everyone, compute_standard_errors=False, **chosen)
        models[name] = [float(value) for value in (fit.log_likelihood, fit.aic, fit.bic)]
    (Path(folder) / "mirt.json").write_text(json.dumps([found, models]))


def beside_mirt(splits=3, lengths=(4, 5, 6)):
    """Store our correlations and mirt's on the same splits, and the largest difference."""
    answers, _, _ = read_exam()
    with tempfile.TemporaryDirectory() as place:
        folder, ours = Path(place), []
        python = common.environment(folder / "env", PINNED)
        for seed in range(splits):
            train, test, a, b, courses = split_courses(answers, seed, lengths)
            held, row = answers[test], {}
            whole = ability(held, a, b)[0]
            for kind, length in itertools.product(("adaptive", "fixed", "random"), lengths):
                mean = course_abilities(held, courses[kind, length], a, b)
                row[f"{kind}, {length}"] = correlation(mean, whole)
            ours.append(row | {"a": a.tolist(), "b": b.tolist()})
            np.savez(
                folder / f"split{seed}.npz",
                train=answers[train],
                test=held,
                random=courses["random", max(lengths)],
            )
        np.save(folder / "everyone.npy", answers)
        call = f"by_mirt({str(folder)!r}, {tuple(lengths)!r})"
        common.run_apart(python, [masked, mirt_course, by_mirt], call)
        theirs, models = json.loads((folder / "mirt.json").read_text())
    pairs = list(zip(ours, theirs, strict=True))
    apart = max(abs(o[key] - t[key]) for o, t in pairs for key in o if key not in "ab")
    parameters = max(np.abs(np.subtract(o[key], t[key])).max() for o, t in pairs for key in "ab")
    keys = [key for key in ours[0] if key not in "ab"]
    table = {key: [round(float(np.mean([row[key] for row in rows])), 4) for rows in (ours, theirs)] for key in keys}
    return {
        "table": table,
        "apart": float(apart),
        "parameters": float(parameters),
        "splits": splits,
        "models": models,
    } | {"pinned": PINNED}


# --- is it fair? ------------------------------------------------------------------------------------------------------


def mantel_haenszel(right, focal, score):
    """Return (delta, standard error, p-value) of one question at equal score: ETS's delta, −2.35 log of the odds ratio.

    ``right`` (n,) 0 or 1, ``focal`` (n,) the group that is asked about, ``score`` (n,) whole. Negative: harder for the
    focal group. The p-value has the correction for continuity (Mantel and Haenszel 1959); the standard error is that of
    Robins, Breslow and Greenland (1986).
    """
    _, stratum = np.unique(score, return_inverse=True)
    a, b, c, d = (np.bincount(stratum, (right == r) & (focal == f)) for f in (0, 1) for r in (1, 0))
    total = a + b + c + d
    kept = ((a + b) > 0) & ((c + d) > 0)  # a score that one group alone has says nothing
    a, b, c, d, total = (x[kept] for x in (a, b, c, d, total))
    r, s, p, q = a * d / total, b * c / total, (a + d) / total, (b + c) / total
    if not (r.sum() and s.sum()):
        raise ValueError("one group solved all or nothing at every score; an odds ratio needs both.")
    delta = -2.35 * np.log(r.sum() / s.sum())
    spread = (p @ r / r.sum() ** 2 + (p @ s + q @ r) / (r.sum() * s.sum()) + q @ s / s.sum() ** 2) / 2
    expected = (a + b) * (a + c) / total
    variance = (a + b) * (c + d) * (a + c) * (b + d) / (total**2 * np.maximum(total - 1, 1))
    square = max(abs((a - expected).sum()) - 0.5, 0) ** 2 / variance.sum()
    return delta, 2.35 * np.sqrt(spread), stats.chi2.sf(square, 1)


def ets_class(delta, error, p):
    """Return ETS's class: A negligible, C large (beyond 1.5, and above 1 with 95 %), B between (Zwick 2012)."""
    if p >= 0.05 or abs(delta) < 1:
        return "A"
    return "C" if abs(delta) >= 1.5 and (abs(delta) - 1) / error > stats.norm.ppf(0.95) else "B"


def dif(answers, focal, within=0, rounds=5, matching=None):
    """Return a table, a row a question: delta, its error, p-value and class; "holm" is p corrected for their number.

    "matched" tells which questions the students were matched by in the end, beside the one that is looked at: what
    ``matching`` (k,) names, else the questions of class A, found in rounds ("purified"), as long as these are at least
    half of all. Students are compared within the same version of the exam, where ``within`` (n,) says which it was.
    """
    clean = np.ones(answers.shape[1], bool) if matching is None else np.asarray(matching)
    for _ in range(rounds if matching is None else 1):
        rows, matched = [], clean
        for j, right in enumerate(answers.T):
            used = clean.copy()
            used[j] = True  # the question itself belongs to the score (Holland and Thayer 1988)
            rows.append(mantel_haenszel(right, focal, answers[:, used].sum(1) + 100 * within))
        classes = [ets_class(*row) for row in rows]
        now = np.array([letter == "A" for letter in classes])
        if np.array_equal(now, clean) or 2 * now.sum() < len(now):  # less than half is no score to match by
            break
        clean = now
    table = pd.DataFrame(rows, columns=["delta", "error", "p"])
    return table.assign(ets=classes, holm=holm(table["p"]), matched=matched)


def holm(p):
    """Return p-values (k,) corrected for their number (Holm 1979)."""
    return multipletests(p, method="holm")[1]


def logistic_dif(answers, focal, within=None, matching=None):
    """Return p-values (k, 2) of uniform and non-uniform DIF by logistic regression (Swaminathan and Rogers 1990).

    ``within`` (n,), 0 or 1, is the version of the exam: its effect, and that on the slope, are then allowed for first.
    ``matching`` (k,) says by which questions students are matched, beside the one that is looked at; by default all.
    """
    import statsmodels.api as sm

    used, found = np.ones(answers.shape[1], bool) if matching is None else np.asarray(matching), []
    for j, right in enumerate(answers.T):
        score = stats.zscore(answers[:, used | (np.arange(len(used)) == j)].sum(1))
        known = [np.ones(len(score)), score] + ([] if within is None else [within, within * score])
        columns = np.column_stack([*known, focal, score * focal])
        widths = len(known) + np.arange(3)
        fits = [sm.Logit(right, columns[:, :width]).fit(disp=0).llf for width in widths]
        found.append(stats.chi2.sf(2 * np.diff(fits), 1))
    return np.array(found)


def simulated_dif(a, b, focal, rng, shift=0.0, item=0, impact=0.0):
    """Return answers of learners among whom one question is ``shift`` harder for the focal group, whose mean is lower.

    ``impact`` is how much lower: a difference in ability is no unfairness, and must raise no alarm.
    """
    theta = rng.normal(size=len(focal)) - impact * focal
    harder = np.where(np.arange(len(a)) == item, shift, 0.0)
    p = chance(theta[:, None], a, b + focal[:, None] * harder)
    return (rng.random(p.shape) < p).astype(float)


def dif_check(repeats=150):
    """Store false alarms and power of the search, with groups as large as the real ones, all students and half."""
    answers, _, table = read_exam()
    a, b, _ = calibrate(answers)
    found = {}
    for name, focal in groups(table).items():
        for part, rows in {"all": slice(None), "half": halves(len(answers), 0)[1]}.items():
            mine = focal[rows]
            for shift in (0.0, 0.64, 1.0, 1.5):
                rng, letters, logit = np.random.default_rng(1), [], []
                for k in range(repeats):
                    item = k % len(a)
                    made = simulated_dif(a, b, mine, rng, shift / a[item], item, impact=0.3)
                    table_k = dif(made, mine)
                    letters.append(
                        (table_k["ets"][item], (table_k["ets"] == "C").sum(), (table_k["holm"] < 0.05).sum())
                    )
                    if k < 40 and part == "all" and shift in (0.0, 1.0):
                        logit.append(holm(logistic_dif(made, mine)[:, 0]).min() < 0.05)
                found[f"{name}, {part}, {shift:g}"] = {
                    "C": float(np.mean([letter == "C" for letter, _, _ in letters])),
                    "B or C": float(np.mean([letter != "A" for letter, _, _ in letters])),
                    "any C": float(np.mean([count > 0 for _, count, _ in letters])),
                    "any Holm": float(np.mean([count > 0 for *_, count in letters])),
                    "logistic": float(np.mean(logit)) if logit else None,
                }
    return found


def halves_check(count=100):
    """Store {group: share of ``count`` other held-out halves in which a question is of class C}, and of "either"."""
    answers, _, table = read_exam()
    parts = [halves(len(answers), seed)[1] for seed in range(1, count + 1)]
    found = {
        name: [(dif(answers[part], focal[part])["ets"] == "C").any() for part in parts]
        for name, focal in groups(table).items()
    }
    found["either"] = np.any(list(found.values()), axis=0)
    return {"halves": count} | {name: float(np.mean(any_c)) for name, any_c in found.items()}


def logistic_check(repeats=200):
    """Store how often the logistic search raises a false alarm, after Holm, where no question is unfair to a group.

    Exams are simulated by the curves of each version, with groups whose abilities have the means and spreads estimated
    of the real ones. {group: {"uniform", "not uniform": share of exams with a corrected p-value below 5 %, "as small":
    share with one, of either kind, as small as the smallest of the real exam}}.
    """
    answers, _, table = read_exam()
    second, found = (table["group"] == 2).to_numpy(), {}
    curves = {k: calibrate(answers[second == k])[:2] for k in (False, True)}
    mean, error = ability(answers, *calibrate(answers)[:2])
    trust, rng = reliability(mean, error), np.random.default_rng(5)
    for name, focal in groups(table).items():
        of_group = [mean[focal == k] for k in (0, 1)]
        middle = np.array([x.mean() for x in of_group]) / trust  # an EAP is drawn towards 0
        spread = np.array([x.std() for x in of_group]) / trust**0.5
        real = min(holm(p).min() for p in logistic_dif(answers, focal, second).T)
        rows = []
        for _ in range(repeats):
            theta, made = middle[focal] + spread[focal] * rng.normal(size=len(focal)), np.empty_like(answers)
            for k, curve in curves.items():
                made[second == k] = answered(theta[second == k], *curve, rng)
            rows.append([holm(p).min() for p in logistic_dif(made, focal, second).T])
        uniform, other = np.mean(np.array(rows) < 0.05, axis=0).tolist()
        small = float(np.mean(np.min(rows, axis=1) <= real))
        found[name] = {"uniform": uniform, "not uniform": other, "as small": small, "exams": repeats}
    return found


def groups(table):
    """Return {name: 0 or 1 a student}, 1 for the group that is asked about."""
    return {
        "women": (table["gender"] == "female").to_numpy(int),
        "diploma": (table["study"] == 155).to_numpy(int),
    }


# --- a thin bank and generated exercises, for simulated learners ------------------------------------------------------


def generated_bank(a, b, count, guess, rng, shrunk=True):
    """Return (true a, true b, used a, used b) of the real questions and ``count`` generated ones.

    True difficulties are drawn around 0, as wide as the real ones. What is used in place of them errs by ``guess``, a
    standard deviation. ``shrunk``: difficulties are drawn towards 0 by how little a guess is worth, discriminations are
    the mean real one, flattened by the error left (a logistic curve averaged over a normal error, in its usual
    approximation). Else the guess is taken at its word.
    """
    wide = b.std()
    true_b, true_a = rng.normal(0, wide, count), rng.choice(a, count)
    used_b = true_b + rng.normal(0, guess, count)
    used_a = true_a if guess == 0 else np.full(count, a.mean())
    if shrunk and guess:
        trust = wide**2 / (wide**2 + guess**2)
        left = np.sqrt(1 - trust) * wide
        used_b, used_a = trust * used_b, used_a / np.sqrt(1 + (left * a.mean() / 1.7) ** 2)
    return np.r_[a, true_a], np.r_[b, true_b], np.r_[a, used_a], np.r_[b, used_b]


def bank_error(a, b, count, guess, length, rng, shrunk=True, learners=2000):
    """Return the RMSE after each question (length,) of an adaptive test from real and ``count`` generated ones."""
    true_a, true_b, used_a, used_b = generated_bank(a, b, count, guess, rng, shrunk)
    theta = rng.normal(size=learners)
    means = adaptive(answered(theta, true_a, true_b, rng), used_a, used_b, length)[1]
    return np.sqrt(np.mean((means - theta[:, None]) ** 2, axis=0))


def calibrated_error(a, b, learners, rng, repeats=40):
    """Return the standard deviation of the error of a new question's difficulty, asked of so many learners.

    The learners also answer the real questions, whose parameters are known; the discrimination is taken as the mean.
    """
    errors, grid = [], np.linspace(-4, 4, 161)
    for _ in range(repeats):
        theta, new_b, new_a = rng.normal(size=learners), rng.normal(0, b.std()), rng.choice(a)
        weights, _ = posterior(answered(theta, a, b, rng), a, b)
        right = answered(theta, np.array([new_a]), new_b, rng)[:, 0]
        p = weights @ chance(NODES[:, None], a.mean(), grid)
        score = right @ np.log(p) + (1 - right) @ np.log1p(-p) - grid**2 / (2 * b.std() ** 2)
        errors.append(grid[score.argmax()] - new_b)
    return float(np.sqrt(np.mean(np.square(errors))))


COMMON = ("deriv", "elasticity", "integral", "equations", "lagrange")  # the same in both versions of the exam


def versions(answers, names, group, link=COMMON):
    """Return (differences of difficulty between the two versions, their standard errors, whether not in the link).

    Each version is calibrated by itself. The questions named in ``link`` put both on one scale: the geometric mean of
    their discriminations gives its unit, the mean of their difficulties its origin (Kolen and Brennan 2014, chapter 6).
    The error of that link is not in the standard errors.
    """
    same = np.isin(names, link)
    (a1, b1, _), (a2, b2, _) = (calibrate(answers[group == k]) for k in (1, 2))
    error1, error2 = (standard_errors(answers[group == k], a, b)[1] for k, a, b in ((1, a1, b1), (2, a2, b2)))
    unit = np.exp(np.log(a2[same]).mean() - np.log(a1[same]).mean())  # one unit of version 2 in units of version 1
    moved = unit * (b2 - b2[same].mean()) + b1[same].mean()
    return moved - b1, np.hypot(error1, unit * error2), ~same


def bank(repeats=20, length=13):
    """Store the errors of banks with generated exercises, and how many learners a calibration needs."""
    answers, _, _ = read_exam()
    a, b, _ = calibrate(answers)
    cases = {"13 alone": (0, 0.0, True), "exact": (40, 0.0, True), "exact difficulty": (40, 1e-9, False)}
    for guess in (0.25, 0.5, 0.75, 1.0, 2.0):
        cases |= {f"{guess:g}, shrunk": (40, guess, True), f"{guess:g}, at its word": (40, guess, False)}
    errors = {}
    for name, (count, guess, shrunk) in cases.items():
        rng = np.random.default_rng(2)
        runs = [bank_error(a, b, count, guess, length, rng, shrunk) for _ in range(repeats)]
        errors[name] = [
            np.mean(runs, axis=0).round(4).tolist(),
            (np.std(runs, axis=0) / repeats**0.5).round(5).tolist(),
        ]
    sizes = {str(n): calibrated_error(a, b, n, np.random.default_rng(3), 300) for n in (25, 50, 100, 200, 400)}
    return {"errors": errors, "calibration": sizes}


# --- the store --------------------------------------------------------------------------------------------------------


def line(name, values):
    """Return a row of a Markdown table."""
    return f"| {name} | {' | '.join(str(value) for value in values)} |"


def markdown(result):
    """Return the section of benchmarks/README.md that education.json is good for."""
    splits, mirt = result["forms"]["splits"], result["mirt"]
    kinds = {"adaptive": "adaptive", "fixed": "best fixed form", "two-stage": "two-stage", "random": "random"}
    table = [line("form", [*LENGTHS]), line("---", ["---"] * len(LENGTHS))]
    for kind, name in kinds.items():
        found = [[s[f"{kind}, {k}"]["whole"] for s in splits] if f"{kind}, {k}" in splits[0] else None for k in LENGTHS]
        cells = ["{:.3f} ({:.3f} to {:.3f})".format(*corrected_interval(x)) if x else "" for x in found]
        table.append(line(name, cells))
    apart = [line("form", ["here", "mirt"]), line("---", ["---", "---"])]
    apart += [line(name, [f"{value:.4f}" for value in pair]) for name, pair in mirt["table"].items()]
    power = [line("group, students, planted difference in logits", ["class C", "class B or C"]), "|---|---|---|"]
    power += [line(name, [f"{row['C']:.2f}", f"{row['B or C']:.2f}"]) for name, row in result["dif"].items()]
    alarms = ", ".join(
        f"{name} {row['uniform']:.1%} uniform and {row['not uniform']:.1%} not uniform"
        for name, row in result["logistic"].items()
    )
    valid = [line("form", ["r", "reliability", "r, corrected"]), "|---|---|---|---|"]
    for kind, rows in result["validity"].items():
        middle, least, most = np.quantile(rows, (0.5, 0.025, 0.975), axis=0)
        valid.append(line(kind, map("{:.2f} ({:.2f} to {:.2f})".format, middle, least, most)))
    parts = ["\n".join(part) for part in (table, apart, power, valid)]
    return f"""## An exam, shortened

From `education.json`, for notebook 13: 729 real students and 13 questions. Correlation of a form with the ability by
the whole exam, on held-out students, by the number of questions; means over {len(splits)} splits in halves with 95 %
intervals (Nadeau and Bengio).

{parts[0]}

The same by {mirt["pinned"].split()[0]}, on {mirt["splits"]} splits; the largest difference is {mirt["apart"]:.1g}.

{parts[1]}

How often a planted unfair question is found by Mantel and Haenszel's odds ratio; 0 is a fair one, 0.64 is Δ = 1.5.

{parts[2]}

False alarms of the search by logistic regression, after Holm, in simulated exams without an unfair question:
{alarms}.

Correlation with the earlier score, and corrected for attenuation; medians and 95 % where all students are drawn again.

{parts[3]}
"""


STAGES = {
    "calibrate": calibration,
    "forms": forms,
    "validity": validity,
    "mirt": beside_mirt,
    "dif": dif_check,
    "other_halves": halves_check,
    "logistic": logistic_check,
    "bank": bank,
}


def a_line_a_stage(store):
    """Return results as JSON with one stage a line."""
    return "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in store.items()) + "\n}"


def main(*stages):
    """Run some stages and keep their results."""
    if not stages or set(stages) - set(STAGES):
        sys.exit(__doc__)
    for stage in stages:
        common.add(STORE, {stage: STAGES[stage]()}, a_line_a_stage)
        print(stage, "stored")


if __name__ == "__main__":
    main(*sys.argv[1:])
