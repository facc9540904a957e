"""`prototype.table` beside SDV's GaussianCopulaSynthesizer: two tables, many splits, the same judges for all.

Usage: python benchmarks/sdv.py [SPLITS], 15 by default (75 s each, two tables together); what sdv.json holds is kept.
SDV is under the Business Source License, so it is no dependency: the versions below are installed into a temporary
environment, without what only its neural synthesizers need, and it runs there in processes of its own.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_apps.prototype import table as prototype  # noqa: E402
from aigc_utils import tables  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.education import corrected_interval  # noqa: E402
from benchmarks.medicine import found_at  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

STORE = Path(__file__).with_suffix(".json")
SPLITS = 15
PINNED = (
    "sdv==2.0.0 copulas==0.14.0 rdt==2.0.0 sdmetrics==0.32.0 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 "
    "scikit-learn==1.9.1 joblib==1.6.0 threadpoolctl==3.8.0 plotly==7.1.0 narwhals==2.29.0 packaging==26.4 "
    "tqdm==4.70.1 cloudpickle==3.1.3 graphviz==0.21 platformdirs==4.14.8 pyyaml==6.0.4 faker==40.63.0 "
    "python-dateutil==2.9.0.post0 pytz==2026.6 tzdata==2026.6 six==1.17.0 boto3==1.44.8 botocore==1.44.8 "
    "s3transfer==0.19.3 jmespath==1.1.0 urllib3==2.8.0"
)
SDV = {"SDV, as it comes": "beta", "SDV, kernel densities": "gaussian_kde"}  # the law of each column
OURS = {"copula": "copula", "VAE": "VAE", "chosen": None}
WEAKER = 0.9  # of each correlation of the copula's scores: nearer to nobody in particular, and easier to tell
WEAK = f"copula, {WEAKER:g} of each correlation"
OTHERS = (WEAK, prototype.COPIES, prototype.SHUFFLED)
KEYS = ("forest", "quadratic", "Mahalanobis", "nearest record")
LEANINGS = "extremely liberal, liberal, slightly liberal, moderate, slightly conservative, conservative"
LEANINGS = dict(enumerate([*LEANINGS.split(", "), "extremely conservative"], 1))
SCHOOLS = "grades 1 to 8, some high school, high school, some college, college degree, master, doctor"
SCHOOLS = dict(enumerate(SCHOOLS.split(", "), 1))


# --- two tables ------------------------------------------------------------------------------------------------------


def cancer():
    """Return scikit-learn's breast-cancer table: 569 rows, 30 columns of fractions and the diagnosis."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    return data.frame.drop(columns="target").assign(diagnosis=data.target_names[data.target])


def voters(seed=0):
    """Return 944 people of the American National Election Study of 1996 (public domain), with gaps that are made.

    Statsmodels brings it. What its codebook names is a text, the vote is true or false, ages and numbers are whole. The
    answers are real. The gaps are drawn here: incomes of the old are missing more often, opinions of those who watch
    little news, and one vote in ten at random.
    """
    from statsmodels.datasets import anes96

    data, rng = anes96.load_pandas().data, np.random.default_rng(seed)
    party = {0: "strong democrat", 1: "weak democrat", 5: "weak republican", 6: "strong republican"}
    chance = rng.random((3, len(data)))
    return pd.DataFrame(
        {
            "place": data.popul.astype(int),
            "news": data.TVnews.astype(int),
            "leaning": data.selfLR.map(LEANINGS),
            "Clinton": data.ClinLR.map(LEANINGS).where(chance[0] > 0.3 - data.TVnews / 30),
            "party": data.PID.map(party).fillna("independent"),
            "age": data.age.astype(int),
            "school": data.educ.map(SCHOOLS),
            "income": data.income.where(chance[1] > 1 / (1 + np.exp(4 - data.age / 20))),
            "Dole": (data.vote == 1).astype(object).where(chance[2] > 0.1),
        }
    )


TABLES = {"cancer": cancer, "voters": voters}


# --- SDV, in a process of its own ------------------------------------------------------------------------------------


def synthesize(folder, laws, count):
    """Fit SDV to training.csv, write each law's rows, and the quality of every CSV of rows; imports are SDV's."""
    import json
    import warnings
    from pathlib import Path

    import pandas as pd
    from sdv.evaluation import evaluate_quality
    from sdv.metadata import Metadata
    from sdv.single_table import GaussianCopulaSynthesizer

    warnings.filterwarnings("ignore")
    folder = Path(folder)
    frame, real = (pd.read_csv(folder / f"{name}.csv") for name in ("training", "held out"))
    metadata = Metadata.detect_from_dataframes({"table": frame}, infer_keys=None)
    for name, law in laws.items():
        model = GaussianCopulaSynthesizer(metadata, default_distribution=law)
        model.fit({"table": frame})
        made = model.sample(count)
        (made if isinstance(made, pd.DataFrame) else made["table"]).to_csv(folder / f"made {name}.csv", index=False)
    found = {}
    for path in sorted(folder.glob("made *.csv")):
        report = evaluate_quality({"table": real}, {"table": pd.read_csv(path)}, metadata, verbose=False)
        found[path.stem[5:]] = report.get_score()
    (folder / "quality.json").write_text(json.dumps(found))


def run_sdv(python, folder, count):
    """Run `synthesize` in that environment; return SDV's frames and the quality of all, each by name."""
    common.run_apart(python, [synthesize], f"synthesize({str(folder)!r}, {SDV!r}, {count})")
    frames = {name: pd.read_csv(folder / f"made {name}.csv") for name in SDV}
    return frames, json.loads((folder / "quality.json").read_text())


# --- the bench -------------------------------------------------------------------------------------------------------


def measure(made, own, real, scale):
    """Return the figures of generated rows, each a number; AUCs of detection and attacks by name."""
    released = prototype.encoded(made, scale)
    ours, theirs = (
        prototype.attack_scores(prototype.encoded(frame, scale), released)["Mahalanobis"] for frame in (own, real)
    )
    found = prototype.detection(real, made.iloc[: len(real)], scale)[0] | prototype.attacks(made, own, real, scale)
    columns, correlation = prototype.distances(real, made, scale)
    row = {name: auc[0] for name, auc in found.items()}
    row |= {"found at 1 %": found_at(ours, theirs)[0], "correlation error": correlation}
    return row | {"column distance": float(np.mean(list(columns.values())))}


def weakened(model):
    """Return a copula whose scores hang together `WEAKER` times as much."""
    law = model.root @ model.root.T
    law = WEAKER * law + (1 - WEAKER) * np.diag(law.diagonal())
    return tables.Copula(model.scores, model.mean, np.linalg.cholesky(law))


def run(name, split, python):
    """Return the figures of one split of a table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        TABLES[name]().to_csv(folder / "table.csv", index=False)
        table = prototype.look(folder / "table.csv")
        places, held_out = prototype.split(table, split)
        own, real = table.frame.iloc[places], table.frame.iloc[held_out]
        count, made, seconds = max(len(own), prototype.RELEASED), {}, {}
        for family in prototype.FAMILIES:
            begin = time.perf_counter()
            model = prototype.train(table, places, prototype.plan(table, seed=split, family=family)[0])
            made[family], seconds[family] = model.sample(count, split + 1), time.perf_counter() - begin
            if family == "copula":
                made[WEAK] = weakened(model).sample(count, split + 1)
        made |= {
            prototype.COPIES: own.sample(count, replace=True, random_state=split),
            prototype.SHUFFLED: prototype.shuffled(own, count, split),
        }
        for part, frame in {"training": own, "held out": real, **{f"made {n}": f for n, f in made.items()}}.items():
            frame.to_csv(folder / f"{part}.csv", index=False)
        begin = time.perf_counter()
        frames, quality = run_sdv(python, folder, count)
        seconds["SDV, both, and its report"] = time.perf_counter() - begin
        scale = tables.FrameScores(table.frame)
        rows = {n: {**measure(f, own, real, scale), "quality": quality[n]} for n, f in (made | frames).items()}
        chosen = prototype.plan(table, seed=split)[0]["family"]
        return {"rows": rows, "chosen": chosen, "seconds": seconds, "training": len(own), "held out": len(real)}


def rows_of(splits, name):
    """Return the figures of a generator, one row a split; "chosen" is the family that training rows chose there."""
    return [split["rows"][split["chosen"] if name == "chosen" else name] for split in splits]


def having(splits, name):
    """Return the splits that have a generator's row: for `WEAK` not the first ten, on which its share was chosen."""
    return [split for split in splits if name == "chosen" or name in split["rows"]]


def section(splits):
    """Return the two Markdown tables of a table: all figures, and our differences to SDV's."""
    share = splits[0]["held out"] / splits[0]["training"]
    columns = [*KEYS, "found at 1 %", "quality", "column distance", "correlation error"]
    lines = [["rows", *columns], ["---"] * (len(columns) + 1)]
    for name in (*OURS, *SDV, *OTHERS):
        rows = rows_of(having(splits, name), name)
        found = [corrected_interval([row[key] for row in rows], share) for key in columns]
        lines.append([name, *(f"{mean:.3f} ± {most - mean:.3f}" for mean, _, most in found)])
    pairs = [["difference", *KEYS], ["---"] * (len(KEYS) + 1)]
    for ours in (*OURS, WEAK):
        for theirs in SDV:
            asked = having(splits, ours)
            both = list(zip(rows_of(asked, ours), rows_of(asked, theirs), strict=True))
            found = [corrected_interval([a[key] - b[key] for a, b in both], share) for key in KEYS]
            pairs.append([f"{ours} − {theirs}", *("{:+.3f} ({:+.3f} to {:+.3f})".format(*f) for f in found)])
    return "\n\n".join("\n".join(f"| {' | '.join(row)} |" for row in part) for part in (lines, pairs))


def verdict(splits):
    """Return a sentence on what was chosen against SDV as it comes: whose interval of the difference leaves 0 out."""
    share, said = splits[0]["held out"] / splits[0]["training"], {"lower": [], "higher": [], "not told apart": []}
    for key in KEYS:
        pairs = zip(rows_of(splits, "chosen"), rows_of(splits, next(iter(SDV))), strict=True)
        _, least, most = corrected_interval([a[key] - b[key] for a, b in pairs], share)
        said["lower" if most < 0 else "higher" if least > 0 else "not told apart"].append(key)
    found = "; ".join(f"{how}: {', '.join(keys)}" for how, keys in said.items() if keys)
    return f"Chosen against SDV as it comes, {found}."


def markdown(store):
    """Return the section of benchmarks/README.md that sdv.json is good for."""
    said = {
        "cancer": "scikit-learn's breast-cancer table: 30 columns of fractions and the diagnosis",
        "voters": "The American National Election Study of 1996 from statsmodels: texts, whole numbers, one column of "
        "true and false, and gaps that the bench made in three columns",
    }
    text = f"""## Tables, beside SDV

From `sdv.json`: SDV {store["versions"]["sdv"]}'s GaussianCopulaSynthesizer, sdmetrics {store["versions"]["sdmetrics"]}.
Detection: AUC of two classifiers that tell generated from held-out rows (0.5: they cannot). Attacks: AUC of telling
training rows from held-out ones by the released rows (0.5: nobody can), and the share of training rows that the
Mahalanobis attack finds at 1 % false alarms. Quality is SDV's own report on the held-out rows, 1 at best. Lower is
better for all the rest. "Chosen" is the family that training rows alone chose. Means over the splits, with intervals of
95 % that allow for splits sharing rows (Nadeau and Bengio). An interval that holds 0 does not show that two are equal.

Copies of training rows are the floor of detection. The Mahalanobis attack sees means and correlations alone, so it
finds most where these are exactly those of the training rows, as in copies, and nothing in shuffled columns. So
closeness has its price: the row "{WEAK}" buys back what the attack finds, and the quadratic classifier tells its rows
more easily. Its share was chosen on the first ten splits; its figures are those of the others.
"""
    for name, splits in store["tables"].items():
        found = list(splits.values())
        sizes = f"{found[0]['training']} training and {found[0]['held out']} held-out rows, {len(found)} splits"
        chosen = sum(split["chosen"] == "VAE" for split in found)
        text += (
            f"\n{said[name]}; {sizes}. The VAE was chosen in {chosen} of them. {verdict(found)}\n\n{section(found)}\n"
        )
    return text


def main(splits=SPLITS):
    """Fill the store up to a number of splits of both tables."""
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    store.setdefault("versions", dict(pin.split("==") for pin in PINNED.split()))
    kept = store.setdefault("tables", {name: {} for name in TABLES})
    missing = [(name, split) for split in range(splits) for name in TABLES if str(split) not in kept[name]]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        python = common.environment(Path(folder), PINNED)
        for name, split in missing:
            begin = time.perf_counter()
            kept[name][str(split)] = run(name, split, python)
            notebooks.write(STORE, json.dumps(store, indent=1) + "\n")
            print(f"{name}, {split}: {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
