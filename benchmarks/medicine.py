"""14's generators of patients over many splits of the breast-cancer table, since one split is one draw of a lot.

Usage: python benchmarks/medicine.py [SPLITS], 20 by default, about 20 s each; a split that medicine.json holds is kept.
Each split gives 284 members and 285 held-out patients, and the split's number seeds the networks.
"""

import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import metrics, tables  # noqa: E402
from aigc_utils.runtime import keras  # noqa: E402

import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402
from sklearn.datasets import load_breast_cancer  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import PolynomialFeatures, StandardScaler  # noqa: E402

STORE = Path(__file__).with_suffix(".json")
SPLITS, STEPS, DRAWS, RELEASE = 20, 1500, 5, 1000  # as in the notebook's cpu profile
JUDGES = {
    "forest": RandomForestClassifier(80, min_samples_leaf=3, random_state=0),
    "quadratic": make_pipeline(
        StandardScaler(),
        PCA(whiten=True),
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(C=0.003, max_iter=500),
    ),
}


def learned(own, labels, powers, match, seed):
    """Return draw(labels, seed) of a VAE trained on the members, as the notebook's ``learn``."""
    ratios = tables.LogRatios(own, powers)
    scores = tables.NormalScores(ratios.forward(own))
    white = tables.Whitening(scores.forward(ratios.forward(own)))
    inputs = white.forward(scores.forward(ratios.forward(own)))
    vae = tables.TableVAE(inputs.shape[1], seed=seed)
    vae.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, STEPS), weight_decay=1e-3))
    tables.fit(vae, inputs, labels, STEPS)
    many = np.tile(labels, 20)
    moments = tables.MatchMoments(vae.sample(many, seed + 99), many, inputs, labels) if match else lambda x, _: x
    return lambda asked, seed: ratios.back(scores.back(white.back(moments(vae.sample(asked, seed), asked))))


def by_class(draw_class):
    """Return draw(labels, seed) from a function (class, count, generator of random numbers) -> records."""

    def draw(asked, seed):
        rng, out = np.random.default_rng(seed), np.empty((len(asked), 30))
        for c in (0, 1):
            out[asked == c] = draw_class(c, int((asked == c).sum()), rng)
        return out

    return draw


def gaussian(table, labels):
    """Return draw(labels, seed) of a Gaussian for each class."""
    moments = {c: (table[labels == c].mean(0), np.cov(table[labels == c], rowvar=False)) for c in (0, 1)}
    return by_class(lambda c, count, rng: rng.multivariate_normal(*moments[c], count))


def generators(own, labels, seed):
    """Return {name: draw(labels, seed)} of both rounds and of what they have to beat."""
    scores, ratios = tables.NormalScores(own), tables.LogRatios(own, tables.cancer_powers())
    ratio_scores = tables.NormalScores(ratios.forward(own))
    plain = gaussian(scores.forward(own), labels)
    told = gaussian(ratio_scores.forward(ratios.forward(own)), labels)
    return {
        "VAE, second round": learned(own, labels, tables.cancer_powers(), True, seed),
        "VAE, first round": learned(own, labels, np.eye(30), False, seed),
        "Gaussian of ratios' scores": lambda asked, k: ratios.back(ratio_scores.back(told(asked, k))),
        "Gaussian of scores": lambda asked, k: scores.back(plain(asked, k)),
        "Gaussian by class": gaussian(own, labels),
        "shuffled columns": by_class(
            lambda c, count, rng: np.stack([rng.choice(column, count) for column in own[labels == c].T], axis=1)
        ),
    }


def measure(draw, own, other, label, other_label):
    """Return the figures of one generator on one split."""
    drawn = [np.column_stack([draw(label, k), label]) for k in range(DRAWS)]
    real = np.column_stack([other, other_label])
    row = {"correlation error": tables.correlation_error(real, np.vstack(drawn))}
    for name, judge in JUDGES.items():
        row[f"{name} AUC"] = metrics.auc_interval(*tables.two_sample_scores(real, drawn[0], judge)[::-1])[0]
    aucs = []
    for table, target in ((own, label), (drawn[0][:, :-1], label)):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(table, target)
        scores = model.decision_function(other)
        aucs.append(metrics.auc_interval(scores[other_label == 1], scores[other_label == 0])[0])
    released = draw(np.resize(label, RELEASE), 0)
    attack = metrics.auc_interval(*(-tables.nearest_distances(x, released, own) for x in (own, other)))
    return {**row, "change of AUC": aucs[1] - aucs[0], "attack": attack}


def run(split):
    """Return the figures of every generator on one split."""
    records, labels = load_breast_cancer(return_X_y=True)
    own, other = train_test_split(np.arange(len(labels)), test_size=0.5, stratify=labels, random_state=split)
    made = generators(records[own], labels[own], split)
    return {
        name: measure(draw, records[own], records[other], labels[own], labels[other]) for name, draw in made.items()
    }


def markdown(store):
    """Return the section of benchmarks/README.md that medicine.json is good for: mean over the splits ± 95 %."""
    columns = ("correlation error", "forest AUC", "quadratic AUC", "change of AUC")
    rows = [["generator", *columns, "attack, AUC"], ["---"] * (len(columns) + 2)]
    for name in store["0"]:
        values = [[*(split[name][key] for key in columns), split[name]["attack"][0]] for split in store.values()]
        half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
        rows.append([name, *(f"{mean:.3f} ± {h:.3f}" for mean, h in zip(np.mean(values, axis=0), half, strict=True))])
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"""## Synthetic patients

From `medicine.json`, for notebook 14: {len(store)} splits of the breast-cancer table; mean, with the half width of its
95 % interval. AUC of two classifiers that tell synthetic from held-out patients (0.5: they cannot); the change of a
classifier's AUC on real patients if it learnt from synthetic ones; and a membership attack (0.5: it learns nothing).

{lines}
"""


def main(splits):
    """Fill the store up to a number of splits."""
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    for split in range(splits):
        if str(split) not in store:
            begin = time.time()
            store[str(split)] = run(split)
            partial = STORE.with_suffix(".partial")
            partial.write_text(json.dumps(store, indent=1) + "\n")
            os.replace(partial, STORE)
            print(f"split {split}: {time.time() - begin:.0f} s", flush=True)
            keras.backend.clear_session()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SPLITS)
