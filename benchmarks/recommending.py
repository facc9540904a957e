"""Who is shown what: real ratings predicted, a list that explores, its worth from a log, and feeds that grow narrow.

Usage: python benchmarks/recommending.py ratings newcomers trap bandit off_policy loop

    ratings      simple rules, neighbours, EASE, factors and two towers on InstEval; asks for AIGC_DATA_DIR
    newcomers    what the first ratings of a new student are good for; asks for AIGC_DATA_DIR
    trap         who was rated: hit rates that measure the timetable; asks for AIGC_DATA_DIR
    bandit       six ways to show new stickers in a simulated community, by what they lose
    off_policy   how often the intervals of a policy's worth hold the truth, in 20,000 simulated logs
    loop         feeds that learn from their own clicks: clicks, mix and concentration, with and without a limit

Each stage keeps what the others stored in recommending.json. Notebook 16b shows these functions: render writes them
into it. InstEval is GPL-2+ and not part of this project: data/README.md says how to get it.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import recommend, runtime  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.games import wilson  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import stats  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from statsmodels.stats.multitest import multipletests  # noqa: E402

STORE = HERE / "recommending.json"
RATINGS = (73_421, 2972, 1128)  # rows, students, lecturers of InstEval

# --- ratings --------------------------------------------------------------------------------------------------------


def read_ratings(seed=0):
    """Return (table, source): InstEval where a data folder holds ``insteval.csv.gz``, else a simulated school.

    Columns: s, d (student, lecturer), studage, lectage, service, dept, numbered from 0; y 1 to 5; ``like`` is y >= 4.
    """
    folders = [runtime.data_dir(), runtime.cache_dir()]
    paths = [folder / "insteval.csv.gz" for folder in folders if folder and (folder / "insteval.csv.gz").is_file()]
    if not paths:
        return simulated_ratings(seed), "a simulated school, standing in for InstEval"
    table = pd.read_csv(paths[0])[["s", "d", "studage", "lectage", "service", "dept", "y"]]
    if (len(table), table["s"].nunique(), table["d"].nunique()) != RATINGS:
        raise ValueError(f"received {len(table)} rows in insteval.csv.gz; expected {RATINGS[0]}: see data/README.md.")
    for name in table.columns[:-1]:
        table[name] = pd.factorize(table[name], sort=True)[0]
    return table.assign(like=(table["y"] >= 4).astype(float)), "InstEval"


def simulated_ratings(seed=0, students=500, lecturers=150, departments=8):
    """Return a table like InstEval's, with ``chance``, the true probability that a rating is 4 or 5.

    A timetable decides who meets whom: about five ratings of six are for the student's own two departments. The rating
    adds a student's mildness (deviation 0.35), a lecturer's quality (0.55) and a department's (0.2); the rest is noise
    (1.15). No student has a taste of their own. The numbers are typed in; the five of six follow from them.
    """
    rng = np.random.default_rng([seed, 16])
    home = rng.integers(departments, size=(students, 2))
    dept = rng.permutation(np.arange(lecturers) % departments)
    rows = []
    for student, count in enumerate(rng.integers(6, 40, students)):
        weights = np.where(np.isin(dept, home[student]), 0.9 * departments / 2, 0.1) * np.exp(
            rng.normal(0, 0.5, lecturers)
        )
        chosen = rng.choice(lecturers, min(count, lecturers), replace=False, p=weights / weights.sum())
        rows.append(np.column_stack([np.full(len(chosen), student), chosen]))
    s, d = np.vstack(rows).T
    mild, good, house = rng.normal(0, 0.35, students), rng.normal(0, 0.55, lecturers), rng.normal(0, 0.2, departments)
    mean = 3.2 + mild[s] + good[d] + house[dept[d]]
    y = np.clip(np.rint(mean + rng.normal(0, 1.15, len(s))), 1, 5).astype(int)
    table = pd.DataFrame({"s": s, "d": d, "studage": rng.integers(4, size=students)[s]})
    table = table.assign(lectage=rng.integers(6, size=len(s)), service=rng.integers(2, size=len(s)), dept=dept[d], y=y)
    return table.assign(like=(y >= 4).astype(float), chance=stats.norm.sf((3.5 - mean) / 1.15))


def split_ratings(table, seed=0):
    """Return the table with ``part``: train, validation and test (3 : 1 : 1 of each student's ratings), and the new.

    A tenth of the students ("new student") and of the lecturers ("new lecturer") have no rating in the first three.
    """
    rng = np.random.default_rng([seed, 1])
    fresh = [np.isin(table[k], rng.permutation(table[k].max() + 1)[: (table[k].max() + 1) // 10]) for k in "sd"]
    place = pd.Series(rng.random(len(table)), table.index).groupby(table["s"]).rank(pct=True)
    known = np.select([place <= 0.6, place <= 0.8], ["train", "validation"], "test")
    part = np.where(fresh[0], np.where(fresh[1], "both new", "new student"), np.where(fresh[1], "new lecturer", known))
    return table.assign(part=part)


# --- models: each returns a function from rows to scores ------------------------------------------------------------


def additive(train, penalties, sizes, rounds=25):
    """Return a model: the mean rating plus an effect of each column, drawn towards 0 by its penalty.

    Ridge regression by backfitting; with a penalty of (noise / deviation of the effects)² it is the mixed-effects
    model's prediction. ``penalties`` {column: ratings' worth}, ``sizes`` {column: number of levels}.
    """
    y = train["y"].to_numpy(float)
    mean, effects = y.mean(), {name: np.zeros(sizes[name]) for name in penalties}
    for _ in range(rounds):
        for name, penalty in penalties.items():
            others = sum((effects[k][train[k].to_numpy()] for k in penalties if k != name), np.zeros(len(y)))
            count = np.bincount(train[name], minlength=sizes[name])
            effects[name] = np.bincount(train[name], y - mean - others, sizes[name]) / (count + penalty)

    def score(rows):
        return mean + sum((effects[k][rows[k].to_numpy()] for k in penalties), np.zeros(len(rows)))

    score.effects = effects
    return score


def surprises(train, base, sizes):
    """Return (students, lecturers): rating less what ``base`` expected; 0 where there is no rating to learn from."""
    matrix = np.zeros((sizes["s"], sizes["d"]))
    matrix[train["s"], train["d"]] = train["y"] - base(train)
    return matrix


def factors(matrix, rank, penalty, rounds=15, seed=0):
    """Return the product of two tables of ``rank`` columns that fits what is not 0: alternating least squares.

    Each step is a ridge regression for every row at once (Koren, Bell and Volinsky 2009).
    """
    known = (matrix != 0).astype(float)
    right = np.random.default_rng(seed).normal(0, 0.5, (matrix.shape[1], rank))

    def solved(mask, values, other):
        square = mask @ (other[:, :, None] * other[:, None]).reshape(len(other), -1)
        square = square.reshape(-1, rank, rank) + penalty * np.eye(rank)
        return np.linalg.solve(square, (values @ other)[:, :, None])[:, :, 0]

    for _ in range(rounds):
        left = solved(known, matrix, right)
        right = solved(known.T, matrix.T, left)
    return left @ right.T


def two_towers(train, sizes, width=8, decay=1e-5, epochs=8, seed=0):
    """Return a model of two small networks, one for the student and one for the lecturer; their vectors are multiplied.

    Each reads an identity and what else is known; biases are added. One training row in 20 has its identities
    hidden, so that a newcomer has a vector too. Squared error on the rating, Adam.
    """
    keras = runtime.keras
    keras.utils.set_random_seed(seed)
    columns = {"s": ["s", "studage"], "d": ["d", "dept", "lectage", "service"]}
    inputs, towers, sides = {}, [], []
    for names in columns.values():
        parts = []
        for name in names:
            inputs[name] = keras.layers.Input((), dtype="int32", name=name)
            kept = keras.regularizers.L2(decay) if name in columns else None
            parts.append(keras.layers.Embedding(sizes[name] + 1, width, embeddings_regularizer=kept)(inputs[name]))
        joined = keras.layers.Concatenate()(parts)
        hidden = keras.layers.Dense(16, activation="relu")(joined)
        towers.append(keras.layers.Dense(width)(hidden))
        sides.append(keras.layers.Dense(1)(joined))
    product = keras.layers.Dot(1)(towers)
    model = keras.Model(inputs, keras.layers.Add()([product, *sides]))
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    seen, mean = {k: set(train[k]) for k in columns}, train["y"].mean()

    def encoded(rows, hide=None):
        found = {name: rows[name].to_numpy() + 1 for name in inputs}
        for name in columns:
            unknown = ~np.isin(rows[name], list(seen[name])) | (False if hide is None else hide[name])
            found[name] = np.where(unknown, 0, found[name])
        return {name: value.astype(np.int32) for name, value in found.items()}

    rng = np.random.default_rng(seed)
    hide = {name: rng.random(len(train)) < 0.05 for name in columns}
    model.fit(encoded(train, hide), train["y"].to_numpy(np.float32) - mean, batch_size=512, epochs=epochs, verbose=0)
    return lambda rows: model.predict(encoded(rows), batch_size=8192, verbose=0)[:, 0].astype(float) + mean


SIMPLE = (
    "same for all",
    "lecturer",
    "lecturer by age",
    "segment",
    "lecturer and segment",
    "student and lecturer",
    "all effects",
)
LEARNED = ("item-kNN", "EASE", "factors", "two towers", "two towers alone")
TODAY = "lecturer"  # the best liked first, for everybody
EFFECTS = {
    "same for all": {},
    "lecturer": {"d": 5},
    "lecturer by age": {"d": 5, "by_age": 20},
    "segment": {"segment": 20},
    "lecturer and segment": {"d": 8, "segment": 20},
    "student and lecturer": {"d": 6, "s": 12},
    "all effects": {
        "d": 6, "s": 12, "studage": 10, "lectage": 10, "house": 5, "segment": 40, "by_age": 20, "by_service": 20,
    },
}  # penalties, in ratings  # fmt: skip
SCALES = (0.5, 1, 2)  # of all penalties of a simple rule: validation chooses
GRID = {
    "item-kNN": [(100, 100), (1000, 300), (1000, 1000)],  # neighbours, shrink
    "EASE": [100, 300, 1000, 3000],
    "factors": [(2, 10), (2, 20), (5, 20)],  # rank, penalty
    "two towers": [(8, 1e-5, 1), (8, 1e-3, 2), (8, 1e-3, 4)],  # width, decay, epochs
    "two towers alone": [(8, 1e-5, 2), (8, 1e-3, 2), (8, 1e-5, 4)],
}
DECIDES = 16  # the split that decides: no penalty, grid or rule was looked at on it


def with_segments(table):
    """Return the table with columns that join others: each of their combinations has a number.

    ``house`` (department, service), ``segment`` (that and both ages), ``by_age`` (lecturer, a student's age),
    ``by_service`` (lecturer, service: whether the course is given for another department).
    """
    house = 2 * table["dept"] + table["service"]
    table = table.assign(by_age=4 * table["d"] + table["studage"], by_service=2 * table["d"] + table["service"])
    return table.assign(house=house, segment=(house * 4 + table["studage"]) * 6 + table["lectage"])


def level_counts(table):
    """Return {column: number of levels} of the columns that models read."""
    names = ("s", "d", "studage", "lectage", "service", "dept", "house", "segment", "by_age", "by_service")
    return {name: int(table[name].max()) + 1 for name in names}


def simple_rules(train, sizes):
    """Yield (name, scale of the penalties, model) of the simple rules."""
    for name in SIMPLE:
        for scale in SCALES if EFFECTS[name] else (1,):
            yield name, scale, additive(train, {k: scale * penalty for k, penalty in EFFECTS[name].items()}, sizes)


def learned_models(train, sizes, base, grid):
    """Yield (name, setting, model) of the learned models: all but "two towers alone" add what they find to ``base``."""
    matrix = surprises(train, base, sizes)
    for name, settings in grid.items():
        for setting in settings:
            if name == "two towers alone":
                yield name, setting, two_towers(train, sizes, *setting)
                continue
            if name == "two towers":
                towers = two_towers(train.assign(y=train["y"] - base(train)), sizes, *setting)
                yield name, setting, lambda rows, towers=towers: base(rows) + towers(rows)
                continue
            if name == "EASE":
                extra = matrix @ recommend.ease(matrix, setting)
            elif name == "item-kNN":
                weights = recommend.item_knn(matrix, *setting)
                extra = matrix @ weights / ((matrix != 0) @ np.abs(weights) + 1)
            else:
                extra = factors(matrix, *setting)
            yield name, setting, lambda rows, extra=extra: base(rows) + extra[rows["s"], rows["d"]]


def chances(score, table):
    """Return P(like) for every row: a logistic regression on the score, fitted to the validation ratings (Platt)."""
    scores, kept = score(table), (table["part"] == "validation").to_numpy()
    centre, scale = scores[kept].mean(), scores[kept].std() + 1e-9
    scores = ((scores - centre) / scale)[:, None]
    model = LogisticRegression(C=1e3).fit(scores[kept], table["like"][kept])
    return model.predict_proba(scores)[:, 1]


def fit_ratings(table, grid=None):
    """Return ({name: P(like) of every row}, {name: (setting, log loss)}): the settings that the validation prefers.

    The learned models start from all effects, with the penalties that validation prefers.
    """
    sizes, train = level_counts(table), table[table["part"] == "train"]
    kept, found, chosen, bases = (table["part"] == "validation").to_numpy(), {}, {}, {}

    def judge(models):
        for name, setting, score in models:
            p = chances(score, table)
            loss = float(log_losses(table["like"][kept], p[kept]).mean())
            if name not in chosen or loss < chosen[name][1]:
                found[name], chosen[name], bases[name] = p, (setting, loss), score

    judge(simple_rules(train, sizes))
    judge(learned_models(train, sizes, bases["all effects"], GRID if grid is None else grid))
    return found, chosen


# --- measures -------------------------------------------------------------------------------------------------------


def log_losses(like, p):
    """Return −log of the probability that was given to what happened, for each rating."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return -np.where(np.asarray(like) > 0, np.log(p), np.log1p(-p))


def within_auc(users, like, scores):
    """Return a Series by user: the share of their (liked, not liked) pairs in the right order, ties a half.

    Users who liked all or nothing have no pair and are left out.
    """
    rows = pd.DataFrame({"user": np.asarray(users), "like": np.asarray(like, float), "score": np.asarray(scores)})
    rows["rank"] = rows.groupby("user")["score"].rank()
    by = (
        rows.assign(won=rows["rank"] * rows["like"])
        .groupby("user")
        .agg(n=("like", "size"), m=("like", "sum"), won=("won", "sum"))
    )
    by = by[(by["m"] > 0) & (by["m"] < by["n"])]
    return (by["won"] - by["m"] * (by["m"] + 1) / 2) / (by["m"] * (by["n"] - by["m"]))


def first_pick_gain(users, like, scores):
    """Return a Series by user with two ratings or more: share liked of the best scored, less that of all theirs."""
    rows = pd.DataFrame({"user": np.asarray(users), "like": np.asarray(like, float), "score": np.asarray(scores)})
    groups = rows.groupby("user")
    best = rows[rows["score"] == groups["score"].transform("max")]
    gain = best.groupby("user")["like"].mean() - groups["like"].mean()
    return gain[groups.size() > 1]


def pooled_auc(like, scores, weights):
    """Return the AUC over all ratings (resamples,), ties a half, for weights (resamples, ratings)."""
    order = np.argsort(scores, kind="stable")
    edges = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    weights, liked = weights[:, order], np.asarray(like, bool)[order]
    good = np.add.reduceat(weights * liked, edges, axis=1)
    bad = np.add.reduceat(weights * ~liked, edges, axis=1)
    below = np.cumsum(bad, axis=1) - bad / 2
    return (good * below).sum(1) / (good.sum(1) * bad.sum(1))


def user_weights(users, resamples, seed=0):
    """Return (resamples + 1, ratings): how often each rating's user is drawn; the first row is 1, the sample itself."""
    _, member = np.unique(users, return_inverse=True)
    count = member.max() + 1
    drawn = np.random.default_rng([seed, 2]).multinomial(count, np.full(count, 1 / count), resamples)
    return np.vstack([np.ones(count), drawn])[:, member]


def measured(rows, found, resamples=1000, seed=0):
    """Return {measure: {model: (resamples + 1,)}}: the value and its resamples over users, the same for all models."""
    like, users = rows["like"].to_numpy(), rows["s"].to_numpy()
    weights = user_weights(users, resamples, seed).astype(np.float32)
    once = pd.DataFrame(weights.T).groupby(users).first()
    table = {"AUC": {}, "within": {}, "log loss": {}, "Brier": {}, "first pick": {}}
    for name, p in found.items():
        chunks = np.array_split(weights, max(1, len(weights) // 100))
        table["AUC"][name] = np.concatenate([pooled_auc(like, p, chunk.astype(float)) for chunk in chunks])
        for measure, each in (("log loss", log_losses(like, p)), ("Brier", (p - like) ** 2)):
            table[measure][name] = weights @ each / weights.sum(1)
        for measure, function in (("within", within_auc), ("first pick", first_pick_gain)):
            each = function(users, like, p)
            w = once.loc[each.index].to_numpy()
            table[measure][name] = each.to_numpy() @ w / w.sum(0)
    return table


def ends(values):
    """Return [value, least, most] of (resamples + 1,): the first, and the middle 95 % of the others."""
    return [float(values[0]), *(float(end) for end in np.quantile(values[1:], (0.025, 0.975)))]


def differences(table, measure, against):
    """Return {model: [difference, least, most, Holm's p]} of a measure to the model ``against``, paired by user."""
    names = [name for name in table[measure] if name != against]
    found = {name: table[measure][name] - table[measure][against] for name in names}
    z = [found[name][0] / max(found[name][1:].std(ddof=1), 1e-12) for name in names]
    p = multipletests(2 * stats.norm.sf(np.abs(z)), method="holm")[1]
    return {name: [*ends(found[name]), float(one)] for name, one in zip(names, p, strict=True)}


def calibration_error(like, p, bins=10):
    """Return (mean |gap| of equally filled bins, and by bin: mean p, share liked, size)."""
    order = np.array_split(np.argsort(p, kind="stable"), bins)
    mean, share = (np.array([np.mean(x[k]) for k in order]) for x in (np.asarray(p), np.asarray(like)))
    size = np.array([len(k) for k in order])
    return float(np.sum(size * np.abs(mean - share)) / size.sum()), mean, share, size


def calibration(rows, p, resamples=500, seed=0):
    """Return {"error": [value, least, most], "floor": [mean, 95 %]}: users drawn again, and perfect calibration.

    The floor is what the error would be if every rating were liked with exactly its p: it is not 0.
    """
    rng, like = np.random.default_rng([seed, 3]), rows["like"].to_numpy()
    floor = [calibration_error(rng.random(len(p)) < p, p)[0] for _ in range(resamples)]
    places = list(rows.groupby("s").indices.values())
    drawn = [np.concatenate([places[k] for k in rng.integers(len(places), size=len(places))]) for _ in range(resamples)]
    values = np.array([calibration_error(like, p)[0], *(calibration_error(like[k], p[k])[0] for k in drawn)])
    return {"error": ends(values), "floor": [float(np.mean(floor)), float(np.quantile(floor, 0.95))]}


def crossed_interval(rows, values, resamples=1000, seed=0):
    """Return [mean, least, most] of values (ratings,) where students and lecturers are both drawn again (Owen 2007)."""
    rng, total, weights = np.random.default_rng([seed, 9]), np.zeros(resamples), np.zeros(resamples)
    members = [np.unique(rows[k], return_inverse=True)[1] for k in "sd"]
    for k in range(resamples):
        w = np.ones(len(values))
        for member in members:
            count = member.max() + 1
            w = w * rng.multinomial(count, np.full(count, 1 / count))[member]
        total[k], weights[k] = w @ values, w.sum()
    return ends(np.r_[np.mean(values), total / weights])


def crossed_order(rows, one, other, resamples=1000, seed=0):
    """Return [difference, least, most] of two models' AUC within a student; students and lecturers are drawn again.

    A pair of one student counts as often as the student and both its lecturers are drawn.
    """
    place = np.arange(len(rows))
    frame = pd.DataFrame({"s": rows["s"].to_numpy(), "place": place, "like": rows["like"].to_numpy()})
    pairs = frame[frame["like"] > 0].merge(frame[frame["like"] == 0], on="s")
    good, bad = pairs["place_x"].to_numpy(), pairs["place_y"].to_numpy()
    won = [(p[good] > p[bad]) + 0.5 * (p[good] == p[bad]) for p in (one, other)]
    gain, student = won[0] - won[1], np.unique(pairs["s"], return_inverse=True)[1]
    students, lecturer = student.max() + 1, np.unique(rows["d"], return_inverse=True)[1]
    rng, lecturers, found = np.random.default_rng([seed, 10]), lecturer.max() + 1, []
    for k in range(resamples + 1):
        drawn = np.ones(students) if k == 0 else rng.multinomial(students, np.full(students, 1 / students))
        times = np.ones(lecturers) if k == 0 else rng.multinomial(lecturers, np.full(lecturers, 1 / lecturers))
        w = (times[lecturer[good]] * times[lecturer[bad]]).astype(float)
        total = np.bincount(student, w, students)
        each = np.divide(np.bincount(student, w * gain, students), total, out=np.zeros(students), where=total > 0)
        found.append(drawn @ each / (drawn @ (total > 0)))
    return ends(np.array(found))


def group_gaps(rows, p, column):
    """Return a table by group: ratings, mean p − share liked with its 95 % interval over students, and Holm's p."""
    gap, found = np.asarray(p) - rows["like"].to_numpy(), []
    for level, places in rows.groupby(column).indices.items():
        _, member = np.unique(rows["s"].to_numpy()[places], return_inverse=True)
        sums = np.bincount(member, gap[places] - gap[places].mean())
        error = np.sqrt(len(sums) / max(len(sums) - 1, 1) * (sums @ sums)) / len(places)
        found.append([int(level), len(places), gap[places].mean(), 1.96 * error, max(error, 1e-9)])
    table = pd.DataFrame(found, columns=[column, "ratings", "gap", "half", "error"])
    table["Holm"] = multipletests(2 * stats.norm.sf(np.abs(table["gap"] / table["error"])), method="holm")[1]
    return table.drop(columns="error")


def best(names, chosen):
    """Return the name with the least log loss on the validation ratings."""
    return min(names, key=lambda name: chosen[name][1])


def newcomers(table, known=(0, 1, 3, 10), resamples=2000):
    """Return {known ratings: {model: (resamples + 1,) log loss}} for new students, and how many ratings are judged.

    Ten of a student's ratings, at random, may be known; all models are judged on the same others. A student's
    effect is the mean surprise of what is known, drawn towards 0.
    """
    sizes, train = level_counts(table), table[table["part"] == "train"]
    base = additive(train, EFFECTS["all effects"], sizes)
    weights = recommend.ease(surprises(train, base, sizes), GRID["EASE"][2])
    rows = table[table["part"] == "new student"]
    rows = rows[rows.groupby("s")["s"].transform("size") > max(known) + 1]
    place = rows.sample(frac=1, random_state=0).groupby("s").cumcount().reindex(rows.index)
    judged = place >= max(known)
    weights_by_user = user_weights(rows["s"][judged], resamples)
    surprise, losses = rows["y"] - base(rows), {}
    calibrated = fitted_chance(base, table)
    for count in known:
        seen = place < count
        mild = (surprise * seen).groupby(rows["s"]).sum() / (count + EFFECTS["all effects"]["s"])
        effect = mild[rows["s"]].to_numpy()
        history = np.zeros((sizes["s"], sizes["d"]))
        history[rows["s"][seen], rows["d"][seen]] = (surprise - effect)[seen]
        extra = (history @ weights)[rows["s"], rows["d"]]
        scores = {"all effects": base(rows) + effect, "EASE": base(rows) + effect + extra}
        judging = {name: log_losses(rows["like"], calibrated(x))[judged.to_numpy()] for name, x in scores.items()}
        losses[count] = {name: weights_by_user @ each / weights_by_user.sum(1) for name, each in judging.items()}
    return losses, int(judged.sum())


def fitted_chance(score, table):
    """Return a function from scores to P(like), fitted to the validation ratings."""
    kept = table[table["part"] == "validation"]
    model = LogisticRegression(C=1e3).fit(score(kept)[:, None], kept["like"])
    return lambda scores: model.predict_proba(np.asarray(scores)[:, None])[:, 1]


# --- the trap: who was rated ----------------------------------------------------------------------------------------


def hit_rates(table, seed=0, top=10, penalty=300.0):
    """Return ({rule: hit (students,)}, within AUC of the likes by EASE's score of who is met).

    One rating of each student is hidden; a rule hits where that lecturer is among its first ten of those not yet rated.
    """
    rng = np.random.default_rng([seed, 4])
    shuffled = table.iloc[rng.permutation(len(table))]
    hidden = shuffled.groupby("s").head(1)
    hidden = hidden[hidden["s"].map(table["s"].value_counts()) > 1].sort_values("s")
    met = np.zeros((table["s"].max() + 1, table["d"].max() + 1))
    met[table["s"], table["d"]] = 1
    met[hidden["s"], hidden["d"]] = 0
    dept = table.groupby("d")["dept"].first().reindex(range(met.shape[1]), fill_value=-1).to_numpy()
    own = np.stack([met[:, dept == k].sum(1) for k in range(dept.max() + 1)], axis=1)
    own = (own / np.maximum(own.sum(1, keepdims=True), 1))[:, dept]
    popular = np.tile(met.sum(0), (len(met), 1)) + 1e-3 * rng.random(met.shape[1])
    scores = {"chance": rng.random(met.shape), "popular": popular, "popular in own departments": popular * own}
    scores["EASE"] = met @ recommend.ease(met, penalty)
    rows, found = hidden["s"].to_numpy(), {}
    for name, score in scores.items():
        unmet = np.where(met[rows] > 0, -np.inf, score[rows])
        mine = unmet[np.arange(len(rows)), hidden["d"]]
        found[name] = ((unmet > mine[:, None]).sum(1) < top).astype(float)
    taste = scores["EASE"][table["s"], table["d"]]
    return found, within_auc(table["s"], table["like"], taste)


# --- a community whose tastes are known -----------------------------------------------------------------------------

THEMES = ("cats", "food", "weather", "sport", "party", "travel")


def community(users, stickers, seed=0, base=0.03, slope=0.45):
    """Return (tastes (users, 6), theme of each sticker, chance of a click (users, stickers)). All of it is typed in.

    A user's taste is a share of each theme (Dirichlet 0.5); a sticker has a theme and a quality from 0.4 to 1.6. The
    chance is base + slope · quality · taste for the theme, at most 0.95.
    """
    rng = np.random.default_rng([seed, 5])
    tastes = rng.dirichlet(np.full(len(THEMES), 0.5), users)
    themes = np.arange(stickers) % len(THEMES)
    quality = rng.uniform(0.4, 1.6, stickers)
    return tastes, themes, np.minimum(base + slope * quality * tastes[:, themes], 0.95)


POLICIES = {
    "random": None,
    "popular": None,
    "Thompson, one rate": None,
    "greedy": 0.0,
    "epsilon-greedy": 0.1,
    "LinUCB": 0.5,
    "linear Thompson": 0.3,
}


def explore(policy, setting, rounds=2000, repeats=50, stickers=12, seed=0):
    """Return the regret so far (repeats, rounds): clicks lost against showing each visitor their best new sticker.

    Each round a visitor comes, whose taste is known; the policy shows one of the new stickers and sees a click or none.
    "popular" shows the best share so far, unseen first; "Thompson, one rate" draws one rate a sticker; the last three
    fit a ridge regression of clicks on tastes for each sticker (Li and others 2010; Agrawal and Goyal 2013).
    """
    rng, width = np.random.default_rng([seed, 6]), len(THEMES)
    worlds = [community(300, stickers, 1000 * seed + k) for k in range(repeats)]
    tastes, chance = (np.stack([world[k] for world in worlds]) for k in (0, 2))
    inverse = np.broadcast_to(np.eye(width), (repeats, stickers, width, width)).copy()
    moment, hits, shows = (
        np.zeros((repeats, stickers, width)),
        np.zeros((repeats, stickers)),
        np.zeros((repeats, stickers)),
    )
    every, lost = np.arange(repeats), np.zeros((repeats, rounds))
    for t in range(rounds):
        who = rng.integers(300, size=repeats)
        x, p = tastes[every, who], chance[every, who]
        reach = np.einsum("rski,ri->rsk", inverse, x)
        fitted, spread = np.einsum("rsk,rsk->rs", reach, moment), np.sqrt(np.einsum("rsk,rk->rs", reach, x))
        noise = rng.random((repeats, stickers))
        if policy == "random":
            score = noise
        elif policy == "popular":
            score = np.where(shows > 0, hits / np.maximum(shows, 1), 2) + 1e-6 * noise
        elif policy == "Thompson, one rate":
            score = rng.beta(1 + hits, 1 + shows - hits)
        elif policy in ("greedy", "epsilon-greedy"):
            score = np.where(rng.random((repeats, 1)) < setting, noise, fitted + 1e-6 * noise)
        elif policy == "LinUCB":
            score = fitted + setting * spread + 1e-6 * noise
        else:
            score = fitted + setting * spread * rng.normal(size=fitted.shape)
        shown = score.argmax(1)
        click = rng.random(repeats) < p[every, shown]
        lost[:, t] = p.max(1) - p[every, shown]
        hits[every, shown] += click
        shows[every, shown] += 1
        v = reach[every, shown]  # Sherman and Morrison: one visitor more, without inverting again
        inverse[every, shown] -= v[:, :, None] * v[:, None] / (1 + np.einsum("rk,rk->r", v, x))[:, None, None]
        moment[every, shown] += click[:, None] * x
    return lost.cumsum(1)


# --- the worth of a policy from another one's log -------------------------------------------------------------------


def softmax(scores, floor=0.0):
    """Return probabilities (users, stickers) that grow with the scores, none below floor / stickers."""
    p = np.exp(scores - scores.max(1, keepdims=True))
    return (1 - floor) * p / p.sum(1, keepdims=True) + floor / scores.shape[1]


def policies(kind, users=400, stickers=12, seed=0):
    """Return (tastes, themes, chance, logged, wanted): a community, the policy in use, the one asked about.

    In use: mostly what is popular, at random. Asked about: mostly what fits the taste. "heavy" is the same with a log
    that shows little but the two most popular stickers, so that few events carry large weights; "rare" is "mixed" with
    one click where that has twenty.
    """
    tastes, themes, chance = community(users, stickers, seed)
    if kind == "rare":
        world = policies("mixed", users, stickers, seed)
        return *world[:2], world[2] / 20, *world[3:]
    popular = np.tile(chance.mean(0), (users, 1))
    sharp, floor = {"mixed": (10.0, 0.2), "heavy": (60.0, 0.01)}[kind]
    return tastes, themes, chance, softmax(sharp * popular, floor), softmax(5 * tastes[:, themes], 0.1)


def draw_log(world, events, rng, visits=1):
    """Return (user, shown, click) of events, each user coming ``visits`` times in a row."""
    _, _, chance, logged, _ = world
    users = np.repeat(rng.integers(len(chance), size=events // visits), visits)
    shown = (logged[users].cumsum(1) < rng.random((len(users), 1))).sum(1).clip(max=chance.shape[1] - 1)
    return users, shown, (rng.random(len(users)) < chance[users, shown]).astype(float)


def reward_model(world, log):
    """Return predicted clicks (users, stickers): ridge on (1, taste for the sticker's theme), one slope for all."""
    tastes, themes, *_ = world
    users, shown, clicks = log
    x = np.column_stack([np.ones(len(users)), tastes[users, themes[shown]]])
    level, slope = np.linalg.solve(x.T @ x + np.eye(2), x.T @ clicks)
    return level + slope * tastes[:, themes]


def estimated(world, events, rng, visits=1, by_user=True):
    """Return `recommend.off_policy` of one simulated log; the model of the reward is fitted to an earlier log."""
    *_, logged, wanted = world
    model = reward_model(world, draw_log(world, events, rng))
    users, shown, clicks = draw_log(world, events, rng, visits)
    groups = np.arange(len(users)) // visits if visits > 1 and by_user else None
    mean = (wanted * model).sum(1)
    return recommend.off_policy(
        clicks, logged[users, shown], wanted[users, shown], model[users, shown], mean[users], groups
    )


def covered(kind, simulations, events=2000, seed=0, visits=1, by_user=True, place=0):
    """Return {estimator: [share of intervals that hold the truth, least, most (Wilson), mean error, mean width]}.

    ``place`` is the seed of the community.
    """
    world, rng = policies(kind, seed=place), np.random.default_rng([seed, 7])
    truth = np.mean(np.sum(world[4] * world[2], axis=1))
    runs = [estimated(world, events, rng, visits, by_user) for _ in range(simulations)]
    found = {}
    for name in runs[0]:
        value, least, most = np.array([run[name] for run in runs]).T
        held = int(np.sum((least <= truth) & (truth <= most)))
        found[name] = [*wilson(held, simulations), float(np.mean(value) - truth), float(np.mean(most - least))]
    return found


# --- a feed that learns from its own clicks -------------------------------------------------------------------------

SLOTS = 5  # stickers a visit
FIRST = 4  # visits at random before a policy takes over
FEEDS = (
    "random",
    "popular",
    "own themes",
    "EASE",
    "EASE, re-ranked",
    "EASE, at most 2",
    "EASE, 1 in 5 at random",
    "knows all",
)


def capped(scores, themes, most=2):
    """Return the five best stickers for each user, at most ``most`` of a theme."""
    order, taken = np.argsort(-scores, axis=1), np.zeros((len(scores), themes.max() + 1), int)
    chosen, rows = np.zeros((len(scores), SLOTS), int), np.arange(len(scores))
    filled = np.zeros(len(scores), int)
    for place in order.T:
        fits = (taken[rows, themes[place]] < most) & (filled < SLOTS)
        chosen[rows[fits], filled[fits]] = place[fits]
        taken[rows[fits], themes[place[fits]]] += 1
        filled += fits
    return chosen


def feed_scores(feed, clicks, shows, chance, themes, rng):
    """Return the scores (users, stickers) by which a feed chooses; ``clicks`` and ``shows`` are counts.

    Shares count every click. EASE alone learns from 0 and 1: has this user ever clicked on this sticker?
    """
    noise = 1e-6 * rng.random(clicks.shape)
    if feed == "random":
        return noise
    if feed == "knows all":
        return chance + noise
    popular = (clicks.sum(0) + 1) / (shows.sum(0) + 10)
    if feed == "popular":
        return popular + noise
    if (
        feed == "own themes"
    ):  # the user's share of clicks on the theme, with five views of the mean, times the sticker's
        kinds = np.eye(len(THEMES))[themes]
        mine, seen = clicks @ kinds, shows @ kinds
        return ((mine + 5 * clicks.sum() / shows.sum()) / (seen + 5))[:, themes] * popular + noise
    ever = np.minimum(clicks, 1)
    return ever @ recommend.ease(ever, 20.0) + 0.1 * popular + noise


def follow(feed, seed=0, visits=30, users=150, stickers=60, weight=0.1, tiring=0.0):
    """Return (shown (visits, users, 5), clicked alike, themes of the stickers) of a feed that learns as it goes.

    ``tiring`` takes that share of the chance of a click away where all of the last visit was of the same theme.
    """
    rng = np.random.default_rng([seed, 8])
    _, themes, chance = community(users, stickers, seed)
    clicks, shows, rows = np.zeros((users, stickers)), np.zeros((users, stickers)), np.arange(users)[:, None]
    kinds, recent = np.eye(len(THEMES)), np.zeros((users, len(THEMES)))
    lists, results = [], []
    for visit in range(visits):
        scores = feed_scores("random" if visit < FIRST else feed, clicks, shows, chance, themes, rng)
        if feed == "EASE, re-ranked" and visit >= FIRST:
            liked = clicks @ kinds[themes] + 0.5
            target = (liked / liked.sum(1, keepdims=True) + 1 / len(THEMES)) / 2
            low, high = scores.min(1, keepdims=True), scores.max(1, keepdims=True)
            shown = recommend.rerank((scores - low) / (high - low), themes, SLOTS, weight, target)
        elif feed == "EASE, at most 2" and visit >= FIRST:
            shown = capped(scores, themes)
        else:
            shown = np.argsort(-scores, axis=1)[:, :SLOTS]
            if feed == "EASE, 1 in 5 at random" and visit >= FIRST:
                shown[:, -1] = rng.integers(stickers, size=users)
        tired = 1 - tiring * recent[rows, themes[shown]]
        clicked = rng.random(shown.shape) < chance[rows, shown] * tired
        np.add.at(shows, (rows, shown), 1)
        np.add.at(clicks, (rows, shown), clicked)
        recent = kinds[themes[shown]].mean(1)
        lists.append(shown)
        results.append(clicked)
    return np.array(lists), np.array(results), themes


def gini(counts):
    """Return Gini's coefficient of counts (n,): 0 where all are alike, (n − 1) / n where one has everything."""
    counts = np.sort(np.asarray(counts, float))
    if counts.min() < 0 or not counts.sum() > 0:
        raise ValueError(
            f"received counts from {counts.min()} with sum {counts.sum()}; expected some above 0, none below."
        )
    n = len(counts)
    return float(2 * np.arange(1, n + 1) @ counts / (n * counts.sum()) - (n + 1) / n)


def themes_seen(shares):
    """Return exp(entropy) (…,) of shares (…, k): so many themes in equal parts are as mixed."""
    shares = np.asarray(shares, float)
    return np.exp(-np.sum(shares * np.log(np.where(shares > 0, shares, 1)), axis=-1))


def described(lists, results, themes, stickers=60, last=10):
    """Return {clicks, from the start, themes, all themes, Gini} of the last visits: clicks a slot, mix of each and all.

    "from the start" counts the clicks a slot of all visits in which the policy chose.
    """
    kinds = np.eye(len(THEMES))[themes[lists[-last:]]]
    each = kinds.mean((0, 2))
    return {
        "clicks": float(results[-last:].mean()),
        "from the start": float(results[FIRST:].mean()),
        "themes": float(themes_seen(each).mean()),
        "all themes": float(themes_seen(each.mean(0))),
        "Gini": gini(np.bincount(lists[-last:].ravel(), minlength=stickers)),
    }


def mean_interval(values):
    """Return [mean, least, most] by Student's t over independent worlds."""
    values = np.asarray(values, float)
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return [float(values.mean()), float(values.mean() - half), float(values.mean() + half)]


# --- stages ---------------------------------------------------------------------------------------------------------


def real_ratings():
    """Return InstEval, or end with a sentence."""
    table, source = read_ratings()
    if source != "InstEval":
        raise SystemExit("received no insteval.csv.gz; set AIGC_DATA_DIR to the folder that holds it (data/README.md).")
    return table


def head_to_head(table, seed, resamples=2000):
    """Return (table with parts, models' P(like), measures, settings, best simple rule, best learned one) of a split."""
    table = with_segments(split_ratings(table, seed))
    found, chosen = fit_ratings(table)
    test = (table["part"] == "test").to_numpy()
    results = measured(table[test], {name: p[test] for name, p in found.items()}, resamples, seed)
    return table, found, results, chosen, best(SIMPLE, chosen), best(LEARNED, chosen)


def learned_gain(results, simple, learned):
    """Return [simple, learned, [value, least, most]]: how much better the learned one orders a student's ratings."""
    return [simple, learned, common.rounded(ends(results["within"][learned] - results["within"][simple]), 5)]


def ratings():
    """Compare all models on five splits; the first one is the one that decides."""
    given = real_ratings()
    table, found, results, chosen, simple, learned = head_to_head(given, DECIDES)
    test, new = (table["part"] == "test").to_numpy(), (table["part"] == "new lecturer").to_numpy()
    losses = {name: log_losses(table["like"], p) for name, p in found.items()}
    fresh = measured(table[new], {name: p[new] for name, p in found.items()}, 2000)
    picks = {
        name: table[test].assign(p=p[test]).sort_values("p").groupby("s").tail(1)["d"] for name, p in found.items()
    }
    kept = {
        "parts": table["part"].value_counts().to_dict(),
        "chosen": {name: [setting, round(loss, 5)] for name, (setting, loss) in chosen.items()},
        "best": [simple, learned],
        "measures": {m: {name: ends(v) for name, v in row.items()} for m, row in results.items()},
        "to today": {m: differences(results, m, TODAY) for m in results},
        "to the best simple": {m: differences(results, m, simple) for m in results},
        "new lecturers": {m: {name: ends(v) for name, v in row.items()} for m, row in fresh.items()},
        "new lecturers to the segment": differences(fresh, "log loss", "segment"),
        "crossed": {
            name: crossed_interval(table[test], (losses[name] - losses[simple])[test]) for name in (TODAY, *LEARNED)
        },
        "crossed order": {
            name: crossed_order(table[test], found[name][test], found[simple][test]) for name in (TODAY, *LEARNED)
        },
        "crossed to today": {
            name: crossed_order(table[test], found[name][test], found[TODAY][test])
            for name in ("lecturer by age", simple, learned)
        },
        "calibration": {name: calibration(table[test], found[name][test], 2000) for name in (simple, learned)},
        "reliability": [x.tolist() for x in calibration_error(table["like"][test], found[learned][test])[1:]],
        "departments": group_gaps(table[test], found[learned][test], "dept").round(4).to_dict("list"),
        "first picks": {name: [int(d.nunique()), gini(np.bincount(d))] for name, d in picks.items()},
        "lecturers": int(table[test]["d"].nunique()),
    }
    shares = ("parts", "chosen", "best", "departments", "first picks", "lecturers")
    kept = {key: value if key in shares else common.rounded(value, 5) for key, value in kept.items()}
    splits = [learned_gain(results, simple, learned)]
    for seed in range(4):
        *_, results, _, simple, learned = head_to_head(given, seed, 1000)
        splits.append(learned_gain(results, simple, learned))
        print(seed, splits[-1], flush=True)
    return {"ratings": kept | {"splits": splits}}


def newcoming():
    """Store what a new student's first ratings are good for."""
    losses, judged = newcomers(with_segments(split_ratings(real_ratings(), DECIDES)))
    after, before = losses[10], losses[0]["all effects"]
    changes = {
        "ten known, none": ends(after["all effects"] - before),
        "EASE, all effects": ends(after["EASE"] - after["all effects"]),
    }
    rows = {count: {name: ends(v) for name, v in row.items()} for count, row in losses.items()}
    return {"new students": common.rounded({"log loss": rows, "differences": changes}, 5) | {"ratings": judged}}


def trap():
    """Store the hit rates of who was rated."""
    found, within = hit_rates(real_ratings())
    rates = {name: list(wilson(hits.sum(), len(hits))) for name, hits in found.items()}
    return {"trap": {"hit rates": rates, "within AUC of the likes": mean_interval(within)}}


def bandit():
    """Choose each policy's setting on worlds of their own, then measure its regret on 200 others."""
    tried = {
        "greedy": (0.0,),
        "epsilon-greedy": (0.05, 0.1, 0.15, 0.2),
        "LinUCB": (0.3, 0.5, 0.7, 1.0),
        "linear Thompson": (0.1, 0.15, 0.2, 0.3),
    }
    found, settings, shown = {}, {}, np.arange(99, 5000, 100)
    for policy in POLICIES:
        trials = {s: explore(policy, s, 5000, 50, seed=9)[:, -1].mean() for s in tried.get(policy, (None,))}
        settings[policy] = min(trials, key=trials.get)
        lost = explore(policy, settings[policy], 5000, 200, seed=0)
        found[policy] = {"curve": [mean_interval(lost[:, k]) for k in shown], "last": lost[:, -1].tolist()}
        print(policy, settings[policy], found[policy]["curve"][-1], flush=True)
    pairs = {
        name: mean_interval(np.subtract(found[name].pop("last"), last))
        for last in [found["LinUCB"]["last"]]
        for name in found
        if name != "LinUCB"
    }
    found["LinUCB"].pop("last")
    return {
        "bandit": common.rounded(found, 2),
        "bandit settings": settings,
        "bandit to LinUCB": common.rounded(pairs, 2),
    }


def off_policy():
    """Count how often the intervals hold the truth."""
    plans = {
        "mixed": {},
        "heavy": {"kind": "heavy"},
        "rare clicks": {"kind": "rare"},
        "100 events": {"events": 100},
        "each user 20 times, by user": {"visits": 20},
        "each user 20 times, by event": {"visits": 20, "by_user": False},
    }
    found = {name: covered(**{"kind": "mixed", "simulations": 20_000} | plan) for name, plan in plans.items()}
    others = [covered("mixed", 1000, place=place) for place in range(1, 21)]  # not the community of the first plan
    elsewhere = {name: [row[name][0] for row in others] for name in others[0]}
    weights = {}
    for kind in ("mixed", "heavy"):
        *_, logged, wanted = policies(kind)
        weights[kind] = [float((wanted / logged).max()), float(1 / np.mean((wanted**2 / logged).sum(1)))]
    return {"off-policy": common.rounded(found, 5), "weights": common.rounded(weights), "elsewhere": elsewhere}


def loop(worlds=40):
    """Follow all feeds in the same worlds, with tiring and without, and the re-ranked one by its weight."""
    found, weights = {}, (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

    def lost(limited, plain, key):
        return mean_interval([1 - one[key] / other[key] for one, other in zip(limited, plain, strict=True)])

    for tiring in (0.0, 0.5):
        runs = {feed: [described(*follow(feed, s, tiring=tiring)) for s in range(worlds)] for feed in FEEDS}
        runs |= {
            f"weight {w}": [described(*follow("EASE, re-ranked", s, weight=w, tiring=tiring)) for s in range(worlds)]
            for w in weights
        }
        plain = runs["EASE"]
        found[f"tiring {tiring}"] = {
            name: {k: mean_interval([run[k] for run in row]) for k in row[0]}
            | {"price": lost(row, plain, "clicks"), "price from the start": lost(row, plain, "from the start")}
            for name, row in runs.items()
        }
        print(tiring, flush=True)
    fresh = {}  # the limit is chosen above: its price is measured on worlds that had no say
    for tiring in (0.0, 0.5):
        fed = {
            f: [described(*follow(f, s, tiring=tiring)) for s in range(worlds, 3 * worlds)]
            for f in ("EASE", "EASE, 1 in 5 at random", "own themes")
        }
        plain, limited = fed["EASE"], fed["EASE, 1 in 5 at random"]
        fresh[f"tiring {tiring}"] = {
            "price": lost(limited, plain, "clicks"),
            "price from the start": lost(limited, plain, "from the start"),
            "own themes from the start": lost(fed["own themes"], plain, "from the start"),
            "themes": mean_interval([a["themes"] - b["themes"] for a, b in zip(limited, plain, strict=True)]),
        }
    tastes = [float(themes_seen(community(150, 60, s)[0]).mean()) for s in range(worlds)]
    return {"loop": common.rounded(found), "limit": common.rounded(fresh), "tastes": mean_interval(tastes)}


STAGES = {
    "ratings": ratings,
    "newcomers": newcoming,
    "trap": trap,
    "bandit": bandit,
    "off_policy": off_policy,
    "loop": loop,
}


def markdown(found):
    """Return the section of benchmarks/README.md."""
    kept = found["ratings"]
    lines = [
        "## Recommending",
        "",
        "From `recommending.json`, for notebook 16b: InstEval, split 16 of five, 95 % intervals over students.",
        "",
        "| model | AUC | AUC within a student | log loss | first pick's gain |",
        "|---|---|---|---|---|",
    ]
    for name in kept["measures"]["AUC"]:
        cells = [
            "{:.3f} ({:.3f} to {:.3f})".format(*kept["measures"][m][name])
            for m in ("AUC", "within", "log loss", "first pick")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| off-policy | estimator | intervals that hold the truth, of 20,000 |", "|---|---|---|"]
    for plan, row in found["off-policy"].items():
        lines += [
            f"| {plan} | {name} | {share:.1%} ({least:.1%} to {most:.1%}) |"
            for name, (share, least, most, *_) in row.items()
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    common.run_stages(STAGES, STORE, __doc__)
