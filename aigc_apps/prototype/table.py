"""`prototype` for a CSV table: look at it, choose a copula or a VAE, fit it, judge it on rows that were set aside."""

import csv
import dataclasses
import hashlib
import io
import json
from pathlib import Path

from aigc_apps.prototype.pictures import counted
from aigc_utils import business, checks, files, metrics, preparation, tables

import numpy as np

LEAST, MOST_COLUMNS, MOST_BYTES = 100, 500, 500e6  # different rows; columns; bytes of the file
HELD_OUT, MOST_HELD_OUT = 0.3, 2000  # share of the rows; rows
RELEASED, MOST_MEMBERS = 1000, 10_000  # rows that an attacker gets, at least; training rows that are looked for
STEPS, STEPS_A_MINUTE = 1500, 3000  # of the VAE: those of 14, and how many two cores make at least
MOST_CROSSED = 60  # columns: of more, the second classifier takes no products of two
PLANTED, NOISE = 0.25, 0.1  # share of near-copies in the planted table, and how far off they lie in normal scores
GENERATED, COPIES, SHUFFLED = "generated", "copies of training rows", "columns shuffled independently"
FAMILIES = ("copula", "VAE")
MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Table:
    """What `look` found: a pandas.DataFrame, sentences about it, and the SHA-256 of the file."""

    frame: object
    facts: tuple[str, ...]
    sha256: str


def look(path):
    """Return the `Table` of a CSV file with a line of names; ValueError where there is none to train on.

    UTF-8, cells separated by a comma, semicolon, tab or bar. Left out, counted and said: texts of which more than half
    differ, numbers that only count the rows, and repeated rows. A file that changes meanwhile is a `DataError`.
    """
    path = Path(path).expanduser()
    text, digest = _text(path)
    frame, separator = _parsed(path, text)
    rows = counted(len(frame), "row", "rows")
    facts = [f"{rows} of {len(frame.columns)} columns, separated by {MARKS[separator]}."]
    if out := {name: why for name in frame if (why := _left_out(frame[name]))}:
        said = ", ".join(f"{name} ({why})" for name, why in out.items())
        facts.append(f"{counted(len(out), 'column was', 'columns were')} left out: {said}.")
    kept = frame.drop(columns=list(out)).drop_duplicates(ignore_index=True)
    if repeats := len(frame) - len(kept):
        again = counted(repeats, "row repeats another and is", "rows repeat others and are")
        facts.append(f"{again} kept once: what is frequent among them becomes rarer.")
    varied = sum(kept[name].nunique() > 1 for name in kept)
    if len(kept) < LEAST or varied < 2:
        said = f"received {len(kept):,} different rows, and {varied} columns that vary; expected {LEAST} and 2, or more"
        raise ValueError(f"{path}: {said}. {' '.join(facts)}")
    return Table(kept, (*facts, *_said(kept)), digest)


def _text(path):
    """Return the text of a file that nobody writes to, and its SHA-256."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing, or a folder; expected a CSV file.")
    before = path.stat()
    if before.st_size > MOST_BYTES:
        raise ValueError(f"{path} has {before.st_size / 1e6:,.0f} MB; expected at most {MOST_BYTES / 1e6:,.0f}.")
    content, after = path.read_bytes(), path.stat()
    if (before.st_size, before.st_mtime_ns) != (len(content), after.st_mtime_ns):
        raise files.DataError(f"{path} changed while it was read. Wait until nothing writes to it, and call again.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"{path} is no UTF-8 text (byte {error.start:,}); expected a CSV file"
        raise ValueError(f"{said}. In a spreadsheet, save it as 'CSV UTF-8'.") from error
    if "\0" in text or not text.strip():
        raise ValueError(f"{path} {'holds zero bytes' if text.strip() else 'is empty'}; expected a CSV file.")
    return text, hashlib.sha256(content).hexdigest()


def _parsed(path, text):
    """Return the pandas.DataFrame of a CSV text, of which every row has a cell for each name, and the separator."""
    import pandas as pd

    first = text.splitlines()[:20]
    try:
        widths = {mark: np.median([len(row) for row in csv.reader(first, delimiter=mark)]) for mark in MARKS}
        separator = max(widths, key=widths.get)
        rows = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if row)
        names = [name.strip() or f"column {k}" for k, name in enumerate(next(rows), 1)]
        wrong = next(((number, len(row)) for number, row in enumerate(rows, 1) if len(row) != len(names)), None)
    except csv.Error as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}; look for a quote that is not closed.") from error
    if wrong:
        said = f"row {wrong[0]:,} has {wrong[1]} cells; expected {len(names)}, as many as the first line has names"
        raise ValueError(f"{path}: {said}. A cell with {MARKS[separator]} in it needs quotes.")
    numbers = [name for name in names if name.replace(".", "", 1).replace(",", "", 1).lstrip("+-").isdigit()]
    if not 2 <= len(names) <= MOST_COLUMNS:
        raise ValueError(f"{path}: received a table of {len(names)} columns; expected 2 to {MOST_COLUMNS}.")
    if numbers or len(set(names)) < len(names):
        said = f"received the first line {', '.join(names)[:80]!r}; expected a name for each column, all different"
        raise ValueError(f"{path}: {said}, no numbers. Write such a line above the rows.")
    decimal = "," if separator == ";" and "." not in "".join(first[1:]) else "."
    frame = pd.read_csv(io.StringIO(text), sep=separator, decimal=decimal, low_memory=False, index_col=False)
    frame.columns = names
    if endless := [name for name in frame.select_dtypes("number") if np.isinf(frame[name].to_numpy(float)).any()]:
        raise ValueError(f"{path}: received infinite numbers in {', '.join(endless)}; leave such cells empty.")
    return frame, separator


def _left_out(column):
    """Return why a column is left out, or an empty text."""
    given, kind = column.dropna(), column.dtype.kind
    if kind in "iu" and len(given) > 1 and (np.diff(given) == 1).all():
        return "it counts the rows"
    if kind in "iu" and len(given) and given.astype(float).abs().max() > 2**53:
        return "numbers beyond 2^53, which are names"
    if kind in "biuf" or given.nunique() <= len(given) / 2:
        return ""
    return f"{given.nunique():,} different texts: names, dates or free text"


def _said(frame):
    """Return sentences about the columns of a frame."""
    kinds = {"f": "numbers", "i": "numbers", "u": "numbers", "b": "true or false"}
    found = [kinds.get(frame[name].dropna().infer_objects().dtype.kind, "texts") for name in frame]
    said = [f"Columns: {', '.join(f'{found.count(kind)} of {kind}' for kind in sorted(set(found)))}."]
    shares = frame.isna().mean()
    if gaps := [f"{name} {share:.1%}" for name, share in shares.sort_values(ascending=False).items() if share]:
        columns = counted(len(gaps), "column has", "columns have")
        said.append(f"{columns} gaps (empty, NA, …), and so has what is generated: {', '.join(gaps[:5])}.")
    if still := [name for name in frame if frame[name].nunique(dropna=False) == 1]:
        said.append(f"Always the same, and so in what is generated: {', '.join(still)}.")
    return [*said, f"{len(frame):,} different rows are left{'' if len(frame) >= 1000 else ', few for a generator'}."]


def split(table, seed=0):
    """Return (training, held-out) places of rows; equal rows are never on both sides."""
    share = min(HELD_OUT, MOST_HELD_OUT / len(table.frame))
    groups = table.frame.groupby(list(table.frame), dropna=False, sort=False).ngroup()
    parts = preparation.group_split(groups, {"training": 1 - share, "held out": share}, seed)
    return parts["training"], parts["held out"]


def plan(table, minutes=10, seed=0, family=None):
    """Return (settings, reasons), both by name. Training rows alone choose the family; ``family`` wins over them."""
    if family not in (None, *FAMILIES) or not 0 < minutes < 1e5:
        raise ValueError(f"received family={family!r}, minutes={minutes}; expected {' or '.join(FAMILIES)}, and time.")
    checks.whole(0, seed=seed)
    inner = dataclasses.replace(table, frame=table.frame.iloc[split(table, seed)[0]])
    steps = max(1, int(min(STEPS_A_MINUTE * minutes, max(STEPS, 4 * len(inner.frame)))))
    settings = {"family": family, "steps": steps, "seed": seed, "minutes": minutes}
    reasons = {"family": "you asked for it", "minutes": "at most, of a VAE", "seed": "decides all that is random"}
    reasons["steps"] = f"of a VAE: as in 14, four a row where there are many; at most {STEPS_A_MINUTE:,} a minute"
    if family is None:
        places, rest = split(inner, seed)
        others, scale, found = inner.frame.iloc[rest], tables.FrameScores(inner.frame), {}
        for name in FAMILIES:
            made = train(inner, places, settings | {"family": name}).sample(len(others), seed)
            found[name] = detection(others, made, scale)[1]
        settings["family"] = min(found, key=lambda name: found[name][0])
        said = ", ".join("{} {:.2f} ({:.2f} to {:.2f})".format(name, *auc) for name, auc in found.items())
        reasons["family"] = f"told from training rows that it was not fitted to by an AUC of: {said}; the lower one"
    return settings, reasons


def train(table, places, settings):
    """Return the `tables.Copula` fitted to the rows at ``places``; it has sample(count, seed) -> pandas.DataFrame."""
    steps = settings["steps"] if settings["family"] == "VAE" else 0
    return tables.Copula.fit(table.frame.iloc[places], settings["seed"], steps)


def save(model, path):
    """Write a model as .npz, without pickle. It holds each training column, sorted: all of its values, but no row."""
    about = {"columns": [dataclasses.asdict(column) for column in model.scores.columns], "seed": model.scores.seed}
    mean, root, *weights = model.get_weights()
    named = {f"w{k}": weight for k, weight in enumerate(weights)}
    with files.replacing(Path(path)) as partial, open(partial, "wb") as opened:
        np.savez(opened, about=json.dumps(about), mean=mean, root=root, **named)


def load(path):
    """Return the model that `save` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        about, mean, root = json.loads(str(stored["about"])), stored["mean"], stored["root"]
        weights = [stored[f"w{k}"] for k in range(len(stored.files) - 3)]
    scores = tables.FrameScores(columns=[tables.Column(**column) for column in about["columns"]], seed=about["seed"])
    model = tables.Copula(scores, mean, root)
    if weights:
        model.vae = tables.TableVAE(len(root), seed=about["seed"])
        model.vae.set_weights(weights)
    return model


def rule(table):
    """Return the `business.Rule` of a table, declared before anything is fitted."""
    conditions = {
        "near": (
            "Classifiers hardly tell generated from held-out rows: upper end of the 95 % interval of the sharper one's "
            "AUC (above 0.75, more than 29 % of the rows would have to change: AUC <= 1/2 + d - d^2/2)",
            *("<=", 0.75),
        ),
        "private": (
            "Two attacks, which find near-copies that were planted, do not tell who was in the training: lower end of "
            "the 95 % interval of the better one's AUC",
            *("<=", 0.5),
        ),
        "better": (
            "They are nearer to held-out rows than columns shuffled independently: how far both intervals lie apart",
            *(">", 0),
        ),
    }
    conditions = {name: business.Condition(*parts, "held out") for name, parts in conditions.items()}
    return business.Rule("May the generated rows be used in place of the real ones?", **conditions)


def encoded(frame, scale):
    """Return the codes of a frame by a `tables.FrameScores`; a gap gets the median, and has a flag beside it."""
    codes = scale.codes(frame)
    return np.where(np.isnan(codes), [np.median(values) for *_, values in scale.parts], codes)


def detection(real, made, scale):
    """Return ({classifier: (AUC, least, most)}, the largest of them) of telling generated rows from real ones.

    One classifier looks at thresholds, and one at squares and products of two columns.
    """
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    crossed = PolynomialFeatures(2 if len(scale.parts) <= MOST_CROSSED else 1, include_bias=False)
    parts = StandardScaler(), PCA(whiten=True), crossed, StandardScaler(), LogisticRegression(C=0.003, max_iter=500)
    forest = RandomForestClassifier(80, min_samples_leaf=3, random_state=0)
    pair, found = (encoded(real, scale), encoded(made, scale)), {}
    for name, classifier in {"forest": forest, "quadratic": make_pipeline(*parts)}.items():
        of_real, of_made = tables.two_sample_scores(*pair, classifier)
        found[name] = metrics.auc_interval(of_made, of_real)
    return found, max(found.values())


def attack_scores(people, released):
    """Return {attack: (n,)} of encoded people (n, k) on encoded released rows (m, k): higher means "was trained on".

    All in normal scores of the ranks among the released rows. "Mahalanobis" is minus the squared distance from their
    mean, "nearest record" minus the distance to the nearest one.
    """
    from scipy.stats import norm
    from sklearn.neighbors import NearestNeighbors

    def ranked(column, others):
        places = np.searchsorted(others, column, "left") + np.searchsorted(others, column, "right")
        return norm.ppf((places / 2 + 0.5) / (len(others) + 1))

    order = np.sort(released, axis=0).T
    people, released = (np.stack(list(map(ranked, table.T, order)), axis=1) for table in (people, released))
    gap = people - released.mean(0)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(released, rowvar=False)), rcond=1e-6, hermitian=True)
    near = NearestNeighbors(n_neighbors=1).fit(released).kneighbors(people)[0][:, 0]
    return {"Mahalanobis": -np.einsum("ij,jk,ik->i", gap, inverse, gap), "nearest record": -near}


def attacks(released, members, others, scale):
    """Return {attack: (AUC, least, most)} of telling members from others by released rows; 95 % for both at once."""
    table = encoded(released, scale)
    ours, theirs = (attack_scores(encoded(frame, scale), table) for frame in (members, others))
    return {name: metrics.auc_interval(ours[name], theirs[name], 0.975) for name in ours}


def shuffled(frame, count, seed=0):
    """Return ``count`` rows whose columns are drawn from a frame's columns, each by itself."""
    rng = np.random.default_rng(seed)
    return frame.iloc[:0].assign(**{n: frame[n].array[rng.integers(len(frame), size=count)] for n in frame})


def planted(model, own, made, seed=0):
    """Return generated rows, a quarter of them replaced by near-copies of training rows."""
    import pandas as pd

    copied = own.sample(int(PLANTED * len(made)), replace=True, random_state=seed)
    scores = model.scores.forward(copied)
    noise = np.random.default_rng(seed).normal(size=scores.shape)
    return pd.concat([model.scores.back(scores + NOISE * noise), made.iloc[len(copied) :]], ignore_index=True)


def distances(real, made, scale):
    """Return {column: Kolmogorov and Smirnov's distance} and the mean |difference| of the rank correlations.

    Texts count as their places; a column's gaps are a column of their own.
    """
    from scipy.stats import ks_2samp, rankdata

    codes, found = (scale.codes(real), scale.codes(made)), {}
    for j, (k, gaps, _) in enumerate(scale.parts):
        known = [code[np.isfinite(code[:, j]), j] for code in codes]
        name = scale.columns[k].name + (", gaps" if gaps else "")
        found[name] = float(ks_2samp(*known).statistic) if min(map(len, known)) else 1.0
    with np.errstate(invalid="ignore"):  # 0/0 of a constant
        laws = [np.nan_to_num(np.corrcoef(rankdata(encoded(x, scale), axis=0), rowvar=False)) for x in (real, made)]
    return found, float(np.abs(laws[0] - laws[1])[np.triu_indices(len(scale.parts), 1)].mean())


def judge(table, places, held_out, model, settings):
    """Return the figures of a model on held-out rows, which JSON can hold, its baselines beside it.

    Copies of training rows are other real rows: how well they are told from the held-out ones is the floor. Of many
    training rows, `MOST_MEMBERS` are looked for, in as many generated ones.
    """
    own, real, scale = table.frame.iloc[places], table.frame.iloc[held_out], tables.FrameScores(table.frame)
    own, seed = own.sample(min(len(own), MOST_MEMBERS), random_state=settings["seed"]), settings["seed"]
    count = max(len(own), RELEASED)
    sets = {
        GENERATED: model.sample(count, seed + 1),
        COPIES: own.sample(count, replace=True, random_state=seed),
        SHUFFLED: shuffled(own, count, seed),
    }
    figures = {"training": len(own), "held_out": len(real), "released": count, "rows": {}}
    for name, made in sets.items():
        found, sharper = detection(real, made.iloc[: len(real)], scale)
        row = {"detection": found, "sharper": sharper, "attacks": attacks(made, own, real, scale)}
        row["columns"], row["correlation_error"] = distances(real, made, scale)
        figures["rows"][name] = row
    control = attacks(planted(model, own, sets[GENERATED], seed), own, real, scale)
    return figures | {"control": control, "sees": control["nearest record"][1] > 0.5}


def measured(figures):
    """Return {condition: `business.Measured`} of the rule; attacks that miss what was planted prove nothing."""
    rows = figures["rows"]
    near = rows[GENERATED]["sharper"][2]
    found = {"near": near, "better": rows[SHUFFLED]["sharper"][1] - near}
    if figures["sees"]:
        found["private"] = max(auc[1] for auc in rows[GENERATED]["attacks"].values())
    return {name: business.Measured(value, "held out") for name, value in found.items()}
