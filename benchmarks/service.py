"""An inbox of messages: which of 120 help pages answers one, and how sure is that? For notebook 19.

python benchmarks/service.py STAGE ...   choose, test, rivals (see `STAGES`); results go to service.json
`choose` sees the training questions only, and freezes weights and thresholds; `test` reads the test questions, once.
`rivals` came after it, from a review: BM25 with settings chosen on training questions, and on pages with questions.
"""

import csv
import functools
import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import hstack
from scipy.special import softmax
from scipy.stats import beta, rankdata
from sklearn.feature_extraction.text import TfidfVectorizer

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from aigc_utils import runtime  # noqa: E402

from common import run_stages  # noqa: E402

STORE = HERE / "service.json"
LANGUAGES = {"en": "English", "zh": "Chinese"}
FOLDS = 4  # of meanings, or of questions
SAYS_LITTLE = """
a an the i im ive my me we you your its it is are was be been am do does did have has had to of in on at for with and or
but that this so what when how can could would will if not from as by there they he she his her them please hi hello
just any some one get got u ur
"""
STOP = set(SAYS_LITTLE.split())
ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "ly", "s", "e")
ORDER = r"\bnh[- ]?\d+\b"


# --- the data --------------------------------------------------------------------------------------------------------


def read_rows(name):
    """Return the rows of a table of data/shop as dictionaries."""
    with open(runtime.shipped("shop", f"{name}.csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def meanings():
    """Return the 120 meanings, in the order of the file."""
    return [row["meaning"] for row in read_rows("meanings")]


@functools.cache
def pages(language):
    """Return [(title, answer)] of all meanings in a language "en" or "zh"; slots are still in their braces."""
    own = {row["meaning"]: row for row in read_rows("answers") if row["language"] == LANGUAGES[language]}
    return [(own[name]["title"], own[name]["answer"]) for name in meanings()]


def questions(name):
    """Return the messages of a file, "train" or "test", each with ``right``: the numbers of its meanings, a set."""
    rows = read_rows(f"questions_{name}")
    return [row | {"right": {meanings().index(m) for m in row["meanings"].split("+") if m != "none"}} for row in rows]


def meaning_folds(seed=19):
    """Return int (120,): the fold of each meaning, 0 to 3, drawn at random, 30 meanings each."""
    return np.random.default_rng(seed).permutation(len(meanings())) % FOLDS


# --- words -----------------------------------------------------------------------------------------------------------


def stem(word):
    """Return an English word without its ending, and without the second of two equal letters at its end."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def words_of(text):
    """Return stems of English words, and Chinese signs and pairs of signs; order numbers become one word."""
    text = re.sub(ORDER, " ordernumber ", re.sub(r"\{.*?\}", " ", text.lower()))
    english = [word.replace("'", "") for word in re.findall(r"[a-z']+|\d+", text)]
    signs = re.findall("[\u4e00-\u9fff]+", text)
    pairs = [run[k : k + 2] for run in signs for k in range(len(run) - 1)]
    return [stem(word) for word in english if word and word not in STOP] + [c for run in signs for c in run] + pairs


def plain(text):
    """Return a text in small letters without order numbers and slots."""
    return re.sub(r"\s+", " ", re.sub(ORDER + r"|\{.*?\}", " ", text.lower())).strip()


# --- retrieval: scores float (messages, 120 pages), more is better ---------------------------------------------------


def bm25_scores(texts, documents, k1=1.2, b=0.75):
    """Return BM25's scores (n, documents); documents are lists of words.

    bm25s returns *some* documents, with score 0, where it knows no word of a message; here such a row is all zeros,
    so that every page ties. Without that, pages would seem to be found by their place in the file.
    """
    import bm25s

    index = bm25s.BM25(k1=k1, b=b)
    index.index(documents, show_progress=False)
    found = np.zeros((len(texts), len(documents)))
    for row, text in enumerate(texts):
        known = [word for word in words_of(text) if word in index.vocab_dict]
        if known:
            found[row] = index.get_scores(known)
    return found


def ranks_of_all(scores):
    """Return each page's rank by its scores, from 0 on; pages that tie share their mean rank."""
    return rankdata(-scores, axis=1) - 1


def fused_by_rank(scores, offset=10):
    """Return the sum of 1 / (offset + rank) over several scores: reciprocal-rank fusion (Cormack et al. 2009)."""
    return sum(1 / (offset + ranks_of_all(one)) for one in scores)


def standardised(scores):
    """Return each message's scores with mean 0 and deviation 1 over the pages."""
    return (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-9)


def translation(examples, targets, owner, penalty=0.5):
    """Return a linear map float (words, pages) from words of customers to pages: supervised semantic indexing.

    ``examples`` (n, words) and ``targets`` (pages, words) are unit TF-IDF vectors, ``owner`` (n,) the page that answers
    each example. Ridge regression carries an example to its page's words (after Bai et al. 2009). The column of a page
    is learnt *without that page's own examples*: their block is taken out of the inverse by the Schur complement. So a
    page with examples has no advantage over one without, and what is learnt is how customers' words translate.
    """
    inverse = np.linalg.inv(examples @ examples.T + penalty * np.eye(len(examples)))
    fits = (targets[owner] - targets.mean(0)) @ targets.T  # (examples, pages)
    for page in np.unique(owner):
        own, other = owner == page, owner != page
        fits[own, page] = -np.linalg.solve(inverse[np.ix_(own, own)], inverse[np.ix_(own, other)] @ fits[other, page])
    return examples.T @ (inverse @ fits)


def ridge_classifier(alike, owner, count, penalty=1.0):
    """Return what the examples weigh for each page (n, count): ridge regression on the classes, in the dual.

    ``alike`` (n, n) is the likeness of the examples. It is the linear classifier of their words and letters.
    """
    return np.linalg.solve(alike + penalty * np.eye(len(owner)), np.eye(count)[owner] - 1 / count)


ALONE = ("BM25", "TF-IDF, words", "TF-IDF, letters", "translation")  # treat pages with and without examples alike
WITH = (*ALONE, "nearest example", "classifier")


class Finder:
    """All retrievers of one language, fitted to its pages and to training questions of one meaning each.

    Pages whose questions are not among them are pages without examples: only their own text tells what they are.
    """

    def __init__(self, language, learn):
        learn = [one for one in learn if one["language"] == language]
        self.documents = [f"{title}. {title}. {title}. {answer}" for title, answer in pages(language)]
        examples = [plain(one["text"]) for one in learn]
        owner = np.array([min(one["right"]) for one in learn], int)
        self.by_words, self.by_letters = vectoriser("words"), vectoriser("letters")
        written = [plain(one) for one in self.documents]
        known = {"words": self.by_words.fit_transform([*written, *examples])}
        known["letters"] = self.by_letters.fit_transform([*written, *examples])
        self.pages_words, self.pages_letters = (known[kind][: len(written)] for kind in ("words", "letters"))
        self.examples, self.owner = known["letters"], np.concatenate([np.arange(len(written)), owner])
        words = known["words"][len(written) :].toarray()
        self.map = translation(words, self.pages_words.toarray(), owner)
        self.both = hstack([known["words"], known["letters"]]).tocsr()
        self.classifier = ridge_classifier((self.both @ self.both.T).toarray() / 2, self.owner, len(written))

    def scores(self, texts):
        """Return {retriever: scores (texts, pages)}."""
        written = [plain(one) for one in texts]
        words, letters = self.by_words.transform(written), self.by_letters.transform(written)
        found = {"BM25": bm25_scores(texts, [words_of(one) for one in self.documents])}
        found["TF-IDF, words"] = (words @ self.pages_words.T).toarray()
        found["TF-IDF, letters"] = (letters @ self.pages_letters.T).toarray()
        found["three by rank"] = fused_by_rank(list(found.values()))
        found["translation"] = np.asarray(words @ self.map)
        alike = (letters @ self.examples.T).toarray()
        pages_of = range(len(self.documents))
        found["nearest example"] = np.stack([alike[:, self.owner == page].max(1) for page in pages_of], axis=1)
        found["classifier"] = (hstack([words, letters]).tocsr() @ self.both.T).toarray() / 2 @ self.classifier
        return found


def vectoriser(kind):
    """Return an unfitted TF-IDF of "words" or of "letters": runs of 1 to 4 letters or signs."""
    how = {"analyzer": words_of} if kind == "words" else {"analyzer": "char", "ngram_range": (1, 4)}
    return TfidfVectorizer(sublinear_tf=True, **how)


def all_scores(messages, finders):
    """Return {retriever: scores (messages, 120)}; ``finders`` is {language: Finder}."""
    found = {}
    for language, finder in finders.items():
        rows = [k for k, one in enumerate(messages) if one["language"] == language]
        if rows:
            for name, part in finder.scores([messages[k]["text"] for k in rows]).items():
                found.setdefault(name, np.zeros((len(messages), part.shape[1])))[rows] = part
    return found


def finders_for(learn):
    """Return {language: Finder} fitted to training questions."""
    return {language: Finder(language, learn) for language in LANGUAGES}


# --- fusion with learnt weights --------------------------------------------------------------------------------------


def stacked(scores, names):
    """Return float (messages, pages, retrievers): the standardised scores of the named retrievers."""
    return np.stack([standardised(scores[name]) for name in names], axis=2)


def fusion_weights(features, right, penalty=0.01):
    """Return the weights of retrievers that make the right pages likeliest: a conditional logit (McFadden 1974).

    ``features`` is float (n, pages, retrievers), ``right`` int (n,); the penalty is on the weights' squares.
    """

    def loss(weights):
        chances = softmax(features @ weights, axis=1)
        own = features[np.arange(len(right)), right]
        slope = (own - np.einsum("nd,ndk->nk", chances, features)).mean(0)
        likely = np.log(chances[np.arange(len(right)), right] + 1e-12).mean()
        return penalty * weights @ weights - likely, 2 * penalty * weights - slope

    return minimize(loss, np.full(features.shape[2], 0.5), jac=True).x


# --- how sure: a calibrated probability, and what follows ------------------------------------------------------------


JOINTS = (
    r"(?<=[.?!;])\s+|(?<=[。？！；])|\s+(?:and also|also|and|plus|another thing|after that|by the way)\s+"
    r"|另外|还有|顺便|此外"
)
COSTS = {"resolved": 0.05, "offered": 0.55, "handed over": 5.0, "half": 4.55, "wrong": 25.0}  # EUR, by assumption
MOST_WRONG = 0.04  # of the answers given: upper end of a one-sided 95 % interval


def parts_of(text):
    """Return the parts of a message that could be questions of their own: clauses of some length, at most four."""
    found = [part.strip() for part in re.split(JOINTS, text, flags=re.I) if part]
    long = [part for part in found if len(words_of(part)) >= 3]
    return long[:4] if len(long) > 1 else []


def with_parts(messages):
    """Return (messages and then all their parts, int array: of each the place of its message)."""
    parts = [(k, one | {"text": part}) for k, one in enumerate(messages) for part in parts_of(one["text"])]
    return [*messages, *(part for _, part in parts)], np.array([*range(len(messages)), *(k for k, _ in parts)])


def evidence(scores, fused, names):
    """Return float (n, 4): what speaks for the first page: its chance, lead, likeness to what is known, votes."""
    rows, top = np.arange(len(fused)), fused.argmax(1)
    chances, ordered = softmax(fused, axis=1), np.sort(fused, axis=1)
    likeness = scores["nearest example" if "nearest example" in names else "TF-IDF, letters"][rows, top]
    votes = sum((scores[name].argmax(1) == top).astype(float) for name in names)
    return np.stack([np.log(chances[rows, top] + 1e-9), ordered[:, -1] - ordered[:, -2], likeness, votes], axis=1)


def calibrator(features, right):
    """Return Platt's scaling with several inputs, as a dict: mean, deviation, weights, bias; ``right`` is bool (n,)."""
    from sklearn.linear_model import LogisticRegression

    mean, deviation = features.mean(0), features.std(0) + 1e-9
    fitted = LogisticRegression(C=1.0).fit((features - mean) / deviation, right)
    return dict(mean=mean, deviation=deviation, weights=fitted.coef_[0], bias=fitted.intercept_[0])


def probability(model, features):
    """Return the calibrated probability that the first page is right, float (n,)."""
    scaled = (features - np.array(model["mean"])) / np.array(model["deviation"])
    return 1 / (1 + np.exp(-(scaled @ np.array(model["weights"]) + model["bias"])))


def decisions(top, sure, parent, count, alone, part):
    """Return of each message the pages that answer it, a set: two where two parts are surer than ``part``, or one.

    ``top`` and ``sure`` are of messages and then parts; an empty set means that a person or a choice has to help.
    """
    found = []
    for k in range(count):
        own = sorted((j for j in np.flatnonzero(parent == k) if j >= count), key=lambda j: -sure[j])
        named = list(dict.fromkeys(int(top[j]) for j in own if sure[j] >= part))[:2]
        found.append(set(named) if len(named) == 2 else {int(top[k])} if sure[k] >= alone else set())
    return found


def offers(read, parent, count):
    """Return of each message the pages to choose from: its first three, and the first page of each of its parts."""
    found = [list(one) for one in read["offered"][:count]]
    for place in range(count, len(parent)):
        page, own = int(read["top"][place]), found[parent[place]]
        if page not in own and len(own) < 5:
            own.append(page)
    return found


def outcome(answered, offered, right):
    """Return what became of a message: a key of COSTS; ``offered`` are the pages shown where none is sure enough.

    "offered" takes it for granted that a customer who sees the right page, or both, picks it: nobody was asked.
    """
    if not answered:
        return "offered" if right and right <= set(map(int, offered)) else "handed over"
    return "wrong" if answered - right else "resolved" if answered == right else "half"


def upper_bound(hits, count, confidence=0.95):
    """Return the exact one-sided upper bound of a share (Clopper and Pearson 1934)."""
    return 1.0 if hits >= count else float(beta.ppf(confidence, hits + 1, count - hits))


def chosen_thresholds(read, rights):
    """Return {"by cost", "by risk"}: (alone, part) with the least cost of COSTS, all and those that keep MOST_WRONG.

    Where no pair keeps it, the one with the least upper bound of wrong answers is returned.
    """
    trials, shown = [], offers(read, read["parent"], len(rights))
    for alone in np.arange(0.3, 1.0, 0.02):
        for part in (0.5, 0.6, 0.7, 0.8, 0.9, 1.1):
            ends = [
                outcome(answered, offered, right)
                for answered, offered, right in zip(
                    decisions(read["top"], read["sure"], read["parent"], len(rights), alone, part),
                    shown,
                    rights,
                    strict=True,
                )
            ]
            given = sum(end in ("resolved", "half", "wrong") for end in ends)
            bound = upper_bound(ends.count("wrong"), given) if given else 1.0
            trials.append((float(np.mean([COSTS[end] for end in ends])), bound, [float(alone), float(part)]))
    safe = [one for one in trials if one[1] <= MOST_WRONG]
    by_risk = min(safe) if safe else min(trials, key=lambda one: one[1])
    return {"by cost": min(trials)[2], "by risk": by_risk[2]}


# --- training questions out of fold: weights, calibration and thresholds ---------------------------------------------


REGIMES = {"pages without examples": ALONE, "pages with examples": WITH}


def groups(messages, regime):
    """Return int (n,): the fold in which a message is held out, by its (first) meaning or by its place in the file."""
    folds, seen, found = meaning_folds(), {}, []
    for place, one in enumerate(messages):
        first = min(one["right"], default=None)
        seen[first] = seen.get(first, -1) + 1
        by_meaning = regime == "pages without examples" and first is not None
        found.append(folds[first] if by_meaning else (place if first is None else seen[first]) % FOLDS)
    return np.array(found)


def single(messages):
    """Return the messages that have exactly one meaning."""
    return [one for one in messages if len(one["right"]) == 1]


def learning(train, regime, fold):
    """Return the training questions that the retrievers of a fold may learn from: none of a meaning in it."""
    own = single(train)
    return [one for one, group in zip(own, groups(own, regime), strict=True) if group != fold]


def out_of_fold(every, group, train, regime):
    """Return {retriever: scores} of messages and parts, each by retrievers that did not learn from its fold."""
    found = {}
    for fold in range(FOLDS):
        rows = np.flatnonzero(group == fold)
        for name, part in all_scores([every[k] for k in rows], finders_for(learning(train, regime, fold))).items():
            found.setdefault(name, np.zeros((len(every), part.shape[1])))[rows] = part
    return found


def asking(messages):
    """Return (places of the messages with one meaning, int array of these meanings)."""
    rows = [k for k, one in enumerate(messages) if len(one["right"]) == 1]
    return np.array(rows), np.array([min(messages[k]["right"]) for k in rows])


def fitted(messages, scores, names, keep=None):
    """Return the weights of a fusion and its calibrator, fitted to scores of training questions out of fold.

    ``keep`` are the places of the messages to use, by default all. Messages out of scope and those with two meanings
    teach the calibrator what is not right; of the latter, either of the two counts as right.
    """
    keep = np.arange(len(messages)) if keep is None else keep
    features, (rows, right) = stacked(scores, names), asking(messages)
    use = np.isin(rows, keep)
    weights = fusion_weights(features[rows[use]], right[use])
    fused = features[: len(messages)][keep] @ weights
    hit = np.array([int(top) in messages[k]["right"] for k, top in zip(keep, fused.argmax(1), strict=True)])
    kept = {name: part[: len(messages)][keep] for name, part in scores.items()}
    return {"names": list(names), "weights": weights, "sure": calibrator(evidence(kept, fused, names), hit)}


def readings(scores, model):
    """Return {fused, top, sure, offered}: what a fitted model reads in the scores of messages (and parts)."""
    fused = stacked(scores, model["names"]) @ np.array(model["weights"])
    sure = probability(model["sure"], evidence(scores, fused, model["names"]))
    return {"fused": fused, "top": fused.argmax(1), "sure": sure, "offered": np.argsort(-fused, axis=1)[:, :3].tolist()}


def read_by_fold(scores, models, group):
    """Return the readings of messages and parts, those of each fold by its own model."""
    found = {}
    for fold, model in enumerate(models):
        rows = np.flatnonzero(group == fold)
        for key, values in readings({name: one[rows] for name, one in scores.items()}, model).items():
            part = np.array(values)
            found.setdefault(key, np.zeros((len(group), *part.shape[1:]), part.dtype))[rows] = part
    return found


# --- measures, whose intervals resample meanings ---------------------------------------------------------------------


def ranks_of_right(scores, right):
    """Return the rank of the right page, from 0 on; ties count half."""
    own = scores[np.arange(len(right)), right][:, None]
    return (scores > own).sum(1) + ((scores == own).sum(1) - 1) / 2


def cluster_means(values, cluster, resamples=2000, seed=0):
    """Return (mean, low, high): a mean of ``values`` (n,) and its 95 % interval; whole clusters are resampled."""
    values, (_, place) = np.asarray(values, float), np.unique(cluster, return_inverse=True)
    total, count = np.bincount(place, values), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(len(total), size=(resamples, len(total)))
    means = total[drawn].sum(1) / count[drawn].sum(1)
    return [float(values.mean()), *(float(one) for one in np.quantile(means, (0.025, 0.975)))]


def measured(scores, right):
    """Return {"R@1", "R@3", "R@5", "MRR"}, each [mean, low, high] by meanings, of one retriever."""
    ranks = ranks_of_right(scores, right)
    found = {f"R@{k}": ranks < k - 0.5 for k in (1, 3, 5)} | {"MRR": 1 / (1 + ranks)}
    return {name: cluster_means(values, right) for name, values in found.items()}


def gain(scores, rival, right):
    """Return [mean, low, high] of the difference in R@1 of two retrievers on the same questions, by meanings."""
    hits = [ranks_of_right(one, right) < 0.5 for one in (scores, rival)]
    return cluster_means(hits[0].astype(float) - hits[1], right)


def by_part(messages, rows, right, scores):
    """Return {language or style: [R@1, low, high, questions]} of one retriever."""
    hit, found = ranks_of_right(scores, right) < 0.5, {}
    for key in ("language", "style"):
        values = np.array([messages[k][key] for k in rows])
        for value in sorted(set(values)):
            own = values == value
            found[value] = [*cluster_means(hit[own], right[own]), int(own.sum())]
    return found


def retrieval_table(messages, scores, fused):
    """Return the measures of every retriever on the messages of one meaning, the fusion's gain, and its parts."""
    rows, right = asking(messages)
    every = {name: one[rows] for name, one in scores.items()} | {"fusion": fused[rows]}
    found = {"table": {name: measured(one, right) for name, one in every.items()}}
    found["gain over BM25"] = {n: gain(one, every["BM25"], right) for n, one in every.items() if n != "BM25"}
    best = max((n for n in every if n != "fusion"), key=lambda n: found["table"][n]["R@1"][0])
    found["gain over the best single"] = [best, *gain(every["fusion"], every[best], right)]
    return found | {"fusion by part": by_part(messages, rows, right, every["fusion"])}


def service_table(messages, read, parent, thresholds):
    """Return what became of messages under thresholds: counts, shares with intervals by meanings, cost, and risk."""
    answered = decisions(read["top"], read["sure"], parent, len(messages), *thresholds)
    shown = offers(read, parent, len(messages))
    ends = [outcome(a, o, one["right"]) for a, o, one in zip(answered, shown, messages, strict=True)]
    cluster = [one["meanings"] if one["right"] else f"none {k}" for k, one in enumerate(messages)]
    cluster = np.unique([name.split("+")[0] for name in cluster], return_inverse=True)[1]
    inside = np.array([bool(one["right"]) for one in messages])
    given = np.array([end in ("resolved", "half", "wrong") for end in ends])
    is_end = {name: np.array([end == name for end in ends]) for name in COSTS}
    found = {"ends": {kind: _counted(ends, own) for kind, own in kinds_of(messages).items()}}
    found["resolved alone, of in scope"] = cluster_means(is_end["resolved"][inside], cluster[inside])
    helped = is_end["resolved"] | is_end["offered"]
    found["resolved, or offered"] = cluster_means(helped[inside], cluster[inside])
    found["answers given"] = int(given.sum())
    found["wrong, of all messages"] = [
        *cluster_means(is_end["wrong"], cluster),
        cluster_upper(is_end["wrong"], cluster),
    ]
    if given.any():
        wrong = is_end["wrong"][given]
        found["wrong, of answers"] = cluster_means(wrong, cluster[given])
        resampled = cluster_upper(wrong, cluster[given])
        found["upper bound"] = max(upper_bound(int(wrong.sum()), len(wrong)), resampled)
    found["cost"] = cluster_means([COSTS[end] for end in ends], cluster)
    return found


def cluster_upper(values, cluster, resamples=4000, seed=1):
    """Return the one-sided 95 % upper end of a mean, whole clusters resampled."""
    total, count = (np.bincount(np.unique(cluster, return_inverse=True)[1], part) for part in (values, None))
    drawn = np.random.default_rng(seed).integers(len(total), size=(resamples, len(total)))
    return float(np.quantile(total[drawn].sum(1) / count[drawn].sum(1), 0.95))


def kinds_of(messages):
    """Return {kind of message: bool array}: one question, two, out of scope, and two styles."""
    size = np.array([len(one["right"]) for one in messages])
    style = np.array([one["style"] for one in messages])
    return {"one question": size == 1, "two questions": size == 2, "out of scope": size == 0} | {
        name: (style == name) & (size == 1) for name in ("angry", "typos")
    }


def _counted(ends, own):
    return {name: int(sum(end == name for end, is_own in zip(ends, own, strict=True) if is_own)) for name in COSTS}


def two_found(messages, read, parent):
    """Return [both pages first in two parts, one of them, messages] of the messages with two meanings."""
    two = [k for k, one in enumerate(messages) if len(one["right"]) == 2]
    first = [{int(read["top"][j]) for j in np.flatnonzero(parent == k)} for k in two]
    hits = [len(some & messages[k]["right"]) for some, k in zip(first, two, strict=True)]
    return [hits.count(2), hits.count(1), len(two)]


def risk_curve(messages, read):
    """Return [[share answered, wrong of the answers, low, high]] of the surest messages: one page for each message.

    Exact two-sided 95 % intervals (Clopper and Pearson); a page that is one of two right ones is not wrong.
    """
    count = len(messages)
    order = np.argsort(-read["sure"][:count], kind="stable")
    wrong = np.array([int(read["top"][k]) not in messages[k]["right"] for k in order])
    found = []
    for share in np.arange(0.05, 1.001, 0.05):
        n = round(share * count)
        k = int(wrong[:n].sum())
        found.append([share, k / n, 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1)), upper_bound(k, n, 0.975)])
    return found


def reliability(messages, read, bins=5):
    """Return [[mean probability, share right, messages]] in bins of equal size, and Brier's score."""
    sure, top = read["sure"][: len(messages)], read["top"]
    right = np.array([int(top[k]) in one["right"] for k, one in enumerate(messages)], float)
    parts = np.array_split(np.argsort(sure), bins)
    table = [[float(sure[p].mean()), float(right[p].mean()), len(p)] for p in parts]
    return {"bins": table, "Brier": float(np.mean((sure - right) ** 2)), "of the mean": float(right.var())}


# --- stages ----------------------------------------------------------------------------------------------------------


def as_lists(found):
    """Return arrays and numbers of any nesting as lists and floats, rounded to five decimals."""
    if isinstance(found, dict):
        return {key: as_lists(one) for key, one in found.items()}
    if isinstance(found, list | tuple | np.ndarray):
        return [as_lists(one) for one in found]
    return round(float(found), 5) if isinstance(found, float | np.floating) else found


def choose():
    """Choose by training questions alone: weights, calibrators and thresholds of both regimes, frozen in the store."""
    train, found = questions("train"), {}
    every, parent = with_parts(train)
    for regime, names in REGIMES.items():
        fold_of = groups(train, regime)
        scores = out_of_fold(every, fold_of[parent], train, regime)
        models = [fitted(train, scores, names, np.flatnonzero(fold_of != fold)) for fold in range(FOLDS)]
        read = read_by_fold(scores, models, fold_of[parent]) | {"parent": parent}
        thresholds = chosen_thresholds(read, [one["right"] for one in train])
        found[regime] = {
            "retrieval": retrieval_table(train, scores, read["fused"][: len(train)]),
            "thresholds": thresholds,
            "service": {name: service_table(train, read, parent, pair) for name, pair in thresholds.items()},
            "reliability": reliability(train, read),
            "two": two_found(train, read, parent),
            "model": fitted(train, scores, names),
            "models by fold": models if regime == "pages without examples" else [],
        }
        print(regime, found[regime]["thresholds"], flush=True)
    return {"chosen": as_lists(found)}


def test():
    """Measure once on the other writer's questions with what `choose` froze: no number here chooses anything."""
    frozen = json.loads(STORE.read_text(encoding="utf-8"))["chosen"]
    train, messages, found = questions("train"), questions("test"), {}
    every, parent = with_parts(messages)
    for regime in REGIMES:
        chosen = frozen[regime]
        if chosen["models by fold"]:
            group = groups(messages, regime)[parent]
            scores = out_of_fold(every, group, train, regime)
            read = read_by_fold(scores, chosen["models by fold"], group)
        else:
            scores = all_scores(every, finders_for(single(train)))
            read = readings(scores, chosen["model"])
        found[regime] = {
            "retrieval": retrieval_table(messages, scores, read["fused"][: len(messages)]),
            "service": {n: service_table(messages, read, parent, pair) for n, pair in chosen["thresholds"].items()},
            "risk": risk_curve(messages, read),
            "reliability": reliability(messages, read),
            "two": two_found(messages, read, parent),
        }
    return {"test": as_lists(found)}


def bm25_over(messages, learn, k1, b, title):
    """Return BM25's scores (messages, 120); a page is its title, ``title`` times, its answer and its questions."""
    found = np.zeros((len(messages), len(meanings())))
    for language in LANGUAGES:
        rows = [k for k, one in enumerate(messages) if one["language"] == language]
        written = [words_of(" ".join([*[head] * title, said])) for head, said in pages(language)]
        for one in learn:
            if one["language"] == language:
                written[min(one["right"])] += words_of(one["text"])
        found[rows] = bm25_scores([messages[k]["text"] for k in rows], written, k1, b)
    return found


def tuned_bm25(train, regime, learns):
    """Return (k1, b, title) with the best R@1 out of fold on training questions; ``learns``: pages get questions."""
    _, right = asking(train)
    group, scores = groups(train, regime), {}
    for k1, b, title in itertools.product((0.8, 1.2, 2.0, 4.0), (0.25, 0.5, 0.75, 1.0), (1, 3, 5)):
        ranks = np.zeros(len(train))
        for fold in range(FOLDS) if learns else [None]:
            rows = np.flatnonzero(group == fold) if learns else np.arange(len(train))
            learn = learning(train, regime, fold) if learns else []
            ranks[rows] = ranks_of_right(bm25_over([train[k] for k in rows], learn, k1, b, title), right[rows])
        scores[k1, b, title] = float(np.mean(ranks < 0.5))
    return max(scores, key=scores.get), max(scores.values())


def rivals():
    """Give BM25 its best chance: settings chosen on training questions, pages with their questions; then test it."""
    frozen = json.loads(STORE.read_text(encoding="utf-8"))["chosen"]
    train, messages, found = single(questions("train")), questions("test"), {}
    rows, right = asking(messages)
    for regime, learns in zip(REGIMES, (False, True), strict=True):
        (k1, b, title), best = tuned_bm25(train, regime, learns)
        asked = [messages[k] for k in rows]
        scores = bm25_over(asked, train if learns else [], k1, b, title)
        if learns:
            fused = readings(all_scores(asked, finders_for(train)), frozen[regime]["model"])["fused"]
        else:
            group = groups(messages, regime)[rows]
            every = out_of_fold(asked, group, questions("train"), regime)
            fused = read_by_fold(every, frozen[regime]["models by fold"], group)["fused"]
        hits = {k: [(ranks_of_right(one, right) < k - 0.5).astype(float) for one in (fused, scores)] for k in (1, 3)}
        found[regime] = {"k1": k1, "b": b, "title": title, "R@1 out of fold": best, "test": measured(scores, right)}
        found[regime] |= {f"gain in R@{k}": cluster_means(one[0] - one[1], right) for k, one in hits.items()}
        print(regime, found[regime], flush=True)
    return {"rivals": as_lists(found)}


def markdown(found):
    """Return the section of benchmarks/README.md."""
    lines = [
        "## Customer service",
        "",
        "From `service.json`, for notebook 19: 600 questions of another writer, the right one of 120 pages first; 95 %",
        "intervals resample meanings.",
        "",
    ]
    lines += ["| retriever | " + " | ".join(REGIMES) + " |", "|---|" + "---|" * len(REGIMES)]
    tables = [found["test"][regime]["retrieval"]["table"] for regime in REGIMES]
    rows = {name: [one[name] for one in tables] for name in tables[0]}
    rows["BM25, settings chosen, given the same examples (after a review)"] = [
        found["rivals"][regime]["test"] for regime in REGIMES
    ]
    for name, cells in rows.items():
        lines.append(f"| {name} | " + " | ".join("{:.3f} ({:.3f}–{:.3f})".format(*one["R@1"]) for one in cells) + " |")
    checked, attacked = found["answers"], found["attacks"]
    lines += [
        "",
        f"{checked['answers']:,} answers checked, {checked['stopped']['each sentence traced']} without a source. "
        f"{attacked['answered, of'][1]} attacks: an upper bound of {attacked['upper bound of harm']:.4f} did harm.",
    ]
    return "\n".join(lines) + "\n"


STAGES = {"choose": choose, "test": test, "rivals": rivals}

if __name__ == "__main__":
    run_stages(STAGES, STORE, __doc__)
