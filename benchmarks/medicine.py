"""14's generators over many splits, since one split is one draw of a lot, and the attacks on what they release.

Usage: python benchmarks/medicine.py [SPLITS [PATCH_SPLITS]], 20 and 3 by default; what medicine.json holds is kept.
A split of the breast-cancer table gives 284 members and 285 held-out patients (about 20 s each). A split of the slide
gives 32 member blocks and 32 held-out ones, chosen at random, so that the two sides are alike (minutes each). The
split's number seeds the networks. Notebook 14 shows these functions: they are written into it from here.
"""

import functools
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import checks, data, metrics, models, tables, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from benchmarks.clinic import STAIN_LEVELS, correlation_error, stain_levels  # noqa: E402
from tools import notebooks  # noqa: E402

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
SPLITS, PATCH_SPLITS, STEPS, DRAWS, RELEASE = 20, 3, 1500, 5, 1000  # steps and on: as in the notebook's cpu profile
PATCH_STEPS = 1500  # times 32 patches: each is seen as often as in the shipped flow's 5,000 steps on 8,349 patches
BLOCK = 64  # pixels of a block's side: neighbouring patches are no independent witnesses
TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)  # between noise (0) and patch (1), where the flow's error is taken
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


# --- columns ---------------------------------------------------------------------------------------------------------


def normal_scores(column):
    """Return Φ⁻¹((rank − ½)/n) of a column (n,): standard normal whatever its law. Ties share their mean rank."""
    column = checks.numbers(column, "a column")
    return stats.norm.ppf((stats.rankdata(column) - 0.5) / len(column))


class LogRatios:
    """Records to logarithms of ratios and back: row k of ``powers`` (columns, columns) holds the exponents of ratio k.

    Zeros are lifted by a third of the smallest positive value of their column, and taken off again on the way back.
    """

    def __init__(self, records, powers):
        records = checks.records(records)
        self.powers = checks.records(powers, "powers", records.shape[1], records.shape[1])
        if (records < 0).any() or (records.max(0) == 0).any():
            raise ValueError(f"received {records.min():.3g} or a column of zeros; a logarithm needs numbers >= 0.")
        if np.linalg.matrix_rank(self.powers) < len(self.powers):
            raise ValueError("received powers of which one row follows from others: there would be no way back.")
        lowest = np.where(records > 0, records, np.inf).min(0)
        self.lift, self.inverse = np.where(records.min(0) > 0, 0.0, lowest / 3), np.linalg.inv(self.powers)

    def forward(self, records):
        """Return the logarithms (n, columns) of the ratios of records (n, columns)."""
        lifted = checks.records(records, least=1, columns=len(self.lift)) + self.lift
        if not (lifted > 0).all():
            raise ValueError(f"received values down to {np.min(records):.3g} where the first records were all above 0.")
        return np.log(lifted) @ self.powers.T

    def back(self, logarithms):
        """Return the records of such logarithms."""
        records = np.exp(checks.records(logarithms, "logarithms", 1, len(self.lift)) @ self.inverse.T)
        return np.maximum(checks.records(records, "logarithms beyond e^709: records", 1) - self.lift, 0.0)


def cancer_powers():
    """Return exponents (30, 30) for scikit-learn's breast-cancer table: sizes as they are, all else relative to them.

    Its columns are ten means, their ten errors and the ten worst values. Errors and worst values become shares of the
    mean; a perimeter is divided by the radius, and an area by its square.
    """
    powers = np.eye(30)
    powers[10:20, :10] -= np.eye(10)
    powers[20:, :10] -= np.eye(10)
    for block, square in ((0, 2), (10, 1), (20, 2)):  # an error of 1 % in the radius is one of 2 % in the area: of size
        powers[block + 2] -= powers[block]
        powers[block + 3] -= square * powers[block]
    return powers


class Whitening:
    """Centre records and turn them to uncorrelated axes of variance 1, and back (symmetric root of the covariance)."""

    def __init__(self, records):
        records = checks.records(records)
        self.mean = records.mean(0)
        values, self.vectors = np.linalg.eigh(np.atleast_2d(np.cov(records, rowvar=False)))
        self.roots = np.sqrt(values.clip(1e-14 * (values.max() or 1.0)))

    def forward(self, records):
        """Return records (n, columns), whitened; where the first ones did not vary, they have no variance here."""
        return (checks.records(records, least=1, columns=len(self.mean)) - self.mean) @ (self.vectors / self.roots)

    def back(self, white):
        """Return the records of whitened ones."""
        white = checks.records(white, "whitened records", 1, len(self.mean))
        return white @ (self.vectors * self.roots).T + self.mean


class MatchMoments:
    """A map, class by class, that gives generated records the mean and covariance of the training records.

    It is linear: x ↦ (x − m₁) C₁^(−½) C₂^½ + m₂, with moments 1 of many generated records and 2 of the training ones.
    """

    def __init__(self, generated, generated_labels, records, labels):
        generated, records = checks.records(generated, "generated"), checks.records(records)
        self.maps, generated_labels = {}, checks.labels(generated_labels, len(generated), (np.inf,))[:, 0]
        labels = checks.labels(labels, len(records), (np.inf,))[:, 0]
        for c in np.unique(labels):
            source, target = generated[generated_labels == c], records[labels == c]
            target = checks.records(target, f"records of class {c}")
            source = checks.records(source, f"generated records of class {c}", 2, target.shape[1])
            before, wanted = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (source, target))
            turn = _power(before, -0.5) @ _power(wanted, 0.5)
            if not np.allclose(turn.T @ before @ turn, wanted, atol=1e-6 * wanted.max()):
                raise ValueError(f"received generated records of class {c} that vary in too few directions; make more.")
            self.maps[int(c)] = source.mean(0), turn, target.mean(0)

    def __call__(self, generated, labels):
        """Return generated records (n, columns), mapped."""
        out = checks.records(generated, "generated", 1).copy()
        labels = checks.labels(labels, len(out), (np.inf,))[:, 0]
        if unknown := set(labels.tolist()) - set(self.maps):
            raise ValueError(f"received the labels {unknown}; expected some of {set(self.maps)}.")
        for c, (mean, turn, target) in self.maps.items():
            out[labels == c] = (out[labels == c] - mean) @ turn + target
        return out


def _power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values.clip(1e-14 * (values.max() or 1.0)) ** exponent) @ vectors.T


# --- generators of patients ------------------------------------------------------------------------------------------


def learned(own, labels, powers, match=False, seed=0, steps=1500):
    """Return draw(labels, seed) -> records of a VAE trained on the members' records ``own`` (n, columns)."""
    ratios = LogRatios(own, powers)
    scores = tables.NormalScores(ratios.forward(own))
    white = Whitening(scores.forward(ratios.forward(own)))
    inputs = white.forward(scores.forward(ratios.forward(own)))
    vae = tables.TableVAE(inputs.shape[1], seed=seed)
    vae.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-3))
    tables.fit(vae, inputs, labels, steps)
    many = np.tile(labels, 20)
    moments = MatchMoments(vae.sample(many, seed + 99), many, inputs, labels) if match else lambda x, _: x
    return lambda asked, seed: ratios.back(scores.back(white.back(moments(vae.sample(asked, seed), asked))))


def by_class(draw_class):
    """Return draw(labels, seed) from a function (class, count, generator of random numbers) -> records."""

    def draw(asked, seed):
        rng = np.random.default_rng(seed)
        made = [draw_class(c, int((asked == c).sum()), rng) for c in (0, 1)]
        out = np.empty((len(asked), made[0].shape[1]))
        out[asked == 0], out[asked == 1] = made
        return out

    return draw


def gaussian(table, labels):
    """Return draw(labels, seed) of a Gaussian for each class."""
    moments = {c: (table[labels == c].mean(0), np.cov(table[labels == c], rowvar=False)) for c in (0, 1)}
    return by_class(lambda c, count, rng: rng.multivariate_normal(*moments[c], count))


def shuffled(table, labels):
    """Return draw(labels, seed) that deals out every column anew within each class: nothing hangs together."""
    return by_class(
        lambda c, count, rng: np.stack([rng.choice(column, count) for column in table[labels == c].T], axis=1)
    )


def baselines(own, labels):
    """Return {name: draw} of what a generator has to beat; each is a few lines of statistics."""
    scores, ratios = tables.NormalScores(own), LogRatios(own, cancer_powers())
    ratio_scores = tables.NormalScores(ratios.forward(own))
    plain = gaussian(scores.forward(own), labels)
    told = gaussian(ratio_scores.forward(ratios.forward(own)), labels)
    return {
        "Gaussian of ratios' scores": lambda asked, k: ratios.back(ratio_scores.back(told(asked, k))),
        "Gaussian of scores": lambda asked, k: scores.back(plain(asked, k)),
        "Gaussian by class": gaussian(own, labels),
        "shuffled columns": shuffled(own, labels),
    }


# --- attacks on a table ----------------------------------------------------------------------------------------------


def nearest_distances(records, synthetic, training, skip=0):
    """Return the distance (n,) of each record to its nearest synthetic one, in standard deviations of ``training``.

    All are (…, columns) of numbers >= 0 (below it they count as 0), compared as log(1 + x/median): columns of any unit
    weigh the same. Where half of a column is 0, the median is that of the others. ``skip`` nearest ones are passed
    over: 1 where the records themselves are among the others.
    """
    from sklearn.neighbors import NearestNeighbors

    checks.whole(0, skip=skip)
    training = checks.records(training, "training")
    records = checks.records(records, "records", 1, training.shape[1])
    synthetic = checks.records(synthetic, "synthetic", skip + 1, training.shape[1])
    still = np.flatnonzero(training.min(0) == training.max(0))
    if len(still) or (training < 0).any():
        said = f"training records from {training.min():.3g} on, the columns {still.tolist()} constant"
        raise ValueError(f"received {said}; expected numbers >= 0 whose deviation is a unit: drop the others.")
    median = np.array([np.median(column) or np.median(column[column > 0]) for column in training.T])
    logs = [np.log1p(np.maximum(x, 0) / median) for x in (records, synthetic, training)]
    spread = logs[2].std(0)
    return NearestNeighbors(n_neighbors=skip + 1).fit(logs[1] / spread).kneighbors(logs[0] / spread)[0][:, skip]


def mahalanobis_scores(people, labels, table, table_labels):
    """Return (n,): the higher, the nearer a person lies to the cloud of released records of the same diagnosis.

    Minus the squared Mahalanobis distance. All that it needs is the released table: its columns as logarithms of
    ratios, made normal, and their mean and covariance in each class.
    """
    lift, powers = np.median(table, axis=0) / 100, cancer_powers()  # lifted, since a Gaussian knows no zero
    ratios = [np.log(np.maximum(x, 0) + lift) @ powers.T for x in (table, people)]
    scores = tables.NormalScores(ratios[0])
    cloud, points = (scores.forward(x) for x in ratios)
    out = np.empty(len(people))
    for c in (0, 1):
        inverse = np.linalg.inv(np.cov(cloud[table_labels == c], rowvar=False))
        gap = points[labels == c] - cloud[table_labels == c].mean(0)
        out[labels == c] = -np.einsum("ij,jk,ik->i", gap, inverse, gap)
    return out


def found_at(members, others, rate=0.01, resamples=1000, seed=0):
    """Return (share, least, most) of ``members`` above all but a share ``rate`` of the ``others``' scores.

    The true-positive rate at a false-positive rate of at most ``rate``, with a 95 % bootstrap interval over both.
    """
    allowed, rng = int(rate * len(others)), np.random.default_rng(seed)

    def share(ours, theirs):
        bar = -np.partition(-theirs, allowed, axis=-1)[..., allowed]
        return (ours > bar[..., None]).mean(-1)

    drawn = [x[rng.integers(0, len(x), (resamples, len(x)))] for x in (members, others)]
    return float(share(members, others)), *(float(q) for q in np.quantile(share(*drawn), (0.025, 0.975)))


def attacks(table, asked, own, labels, other, other_labels):
    """Return {attack: {"auc": (AUC, least, most), "tpr": (share at 1 % false alarms, least, most)}} on a table.

    The loneliest tenth of each group are those who lie furthest from the nearest other record of their own group.
    """
    people = ((own, labels), (other, other_labels))
    near = [-nearest_distances(x, table, own) for x, _ in people]
    alone = [nearest_distances(x, x, own, skip=1) for x, _ in people]
    scores = {
        "nearest record": near,
        "Mahalanobis": [mahalanobis_scores(x, y, table, asked) for x, y in people],
        "loneliest tenth": [score[gap > np.quantile(gap, 0.9)] for score, gap in zip(near, alone, strict=True)],
    }
    return {name: {"auc": metrics.auc_interval(*pair), "tpr": found_at(*pair)} for name, pair in scores.items()}


# --- an attack on patches --------------------------------------------------------------------------------------------


def flow_errors(flow, patches, levels, times=TIMES, seed=0):
    """Return (times, n): the flow's mean squared error on patches (bytes) of stain levels (n,) at each time.

    Every patch meets the same four noises.
    """
    patches = np.asarray(patches, np.float32) / 127.5 - 1
    noise = tf.random.stateless_normal((4, 1, *patches.shape[1:]), [seed, 14])
    velocity, told = tf.function(flow.__call__), np.asarray(levels, np.int32)[:, None]
    errors = np.zeros((len(times), len(patches)))
    for k, moment in enumerate(times):
        for e in noise:
            way = velocity((1 - moment) * e + moment * patches, tf.fill([len(patches)], moment), told)
            errors[k] += tf.reduce_mean((way - (patches - e)) ** 2, axis=(1, 2, 3)).numpy() / len(noise)
    return errors


def flow_scores(flow, patches, levels):
    """Return {attack: (n,)}: minus the flow's error, and the error on the patch upside down divided by it.

    Some patches are harder than others, trained on or not. Upside down a patch is as hard, and was never trained on:
    training only mirrored left and right. Logarithms, mean over the times.
    """
    own, turned = (np.log(flow_errors(flow, x, levels)).mean(0) for x in (patches, patches[:, ::-1]))
    return {"flow's error": -own, "error against upside down": turned - own}


def block_auc(scores, blocks, others, other_blocks, resamples=1000, seed=0):
    """Return (AUC, least, most) of scores (n,) against others (m,); the bootstrap draws whole blocks of the slide."""
    rng = np.random.default_rng(seed)
    wins = (scores[:, None] > others) + 0.5 * (scores[:, None] == others)
    (rows, row), (columns, column) = (np.unique(b, return_inverse=True) for b in (blocks, other_blocks))
    ours, theirs = np.eye(len(rows))[row], np.eye(len(columns))[column]  # which block a patch is of
    sums, counts = ours.T @ wins @ theirs, np.outer(ours.sum(0), theirs.sum(0))
    a, b = (rng.multinomial(k, np.full(k, 1 / k), resamples) for k in sums.shape)
    drawn = ((a @ sums) * b).sum(1) / ((a @ counts) * b).sum(1)
    return float(wins.mean()), *(float(q) for q in np.quantile(drawn, (0.025, 0.975)))


def slide_blocks(split, stride):
    """Return [(patches, stain, block numbers)] of the member blocks and of the held-out ones, chosen at random."""
    from skimage import color
    from skimage import data as pictures

    slide = pictures.immunohistochemistry()
    brown, side = color.rgb2hed(slide)[..., 2], len(slide) // BLOCK
    order, groups = np.random.default_rng(split).permutation(side**2), []
    for chosen in np.split(order, 2):
        places = [
            (block, block // side * BLOCK + down, block % side * BLOCK + right)
            for block in chosen
            for down in range(0, BLOCK - 31, stride)
            for right in range(0, BLOCK - 31, stride)
        ]
        cut = [(slice(y, y + 32), slice(x, x + 32)) for _, y, x in places]
        groups.append(
            (
                np.stack([slide[c] for c in cut]),
                np.array([brown[c].mean() for c in cut]),
                np.array([block for block, *_ in places]),
            )
        )
    return groups


def run_patches(split, stride=4):
    """Return {attack: (AUC, least, most)} on a flow trained by the shipped recipe on half of the slide's blocks.

    A patch every ``stride`` pixels is trained on: every 4th as in the shipped flow. With 32 there are 128 patches, each
    seen nineteen times as often: the positive control.
    """
    patches, stain, _ = slide_blocks(split, stride)[0]
    edges, _ = stain_levels(stain)
    flow = training.FlowMatching(models.build("stain_flow"), seed=split)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, PATCH_STEPS - 200, alpha=0.02, warmup_target=2e-3, warmup_steps=200
    )
    flow.compile(keras.optimizers.Adam(rate, 0.9, 0.99, use_ema=True, ema_momentum=0.998, global_clipnorm=1.0))
    levels = np.digitize(stain, edges).astype("int32")[:, None]
    training.fit(flow, patches, PATCH_STEPS, 250, 32, labels=levels)
    asked = np.arange(320) % STAIN_LEVELS
    drawn = data.to_uint8(flow.sample(320, seed=split, labels=asked[:, None], steps=10, solver="euler"))
    groups = slide_blocks(split, max(16, stride))  # every one of the members' was trained on
    scores = [
        {
            "stain alone": stain,
            "nearest drawn patch": -pixel_distances(patches, drawn),
            **flow_scores(flow, patches, np.digitize(stain, edges)),
        }
        for patches, stain, _ in groups
    ]
    blocks = [b for *_, b in groups]
    return {name: block_auc(scores[0][name], blocks[0], scores[1][name], blocks[1]) for name in scores[0]}


def pixel_distances(patches, drawn):
    """Return (n,): root mean squared distance, in bytes, of each patch to the nearest drawn one or its mirror image."""
    flat = np.concatenate([drawn, drawn[:, :, ::-1]]).reshape(2 * len(drawn), -1).astype(np.float32)
    rows = np.asarray(patches).reshape(len(patches), -1).astype(np.float32)
    squares = (rows**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * rows @ flat.T
    return np.sqrt(squares.min(1).clip(0) / rows.shape[1])


# --- the bench -------------------------------------------------------------------------------------------------------


def measure(draw, own, other, labels, other_labels):
    """Return the figures of one generator on one split."""
    drawn = [np.column_stack([draw(labels, k), labels]) for k in range(DRAWS)]
    real = np.column_stack([other, other_labels])
    row = {"correlation error": correlation_error(real, np.vstack(drawn))}
    for name, judge in JUDGES.items():
        row[f"{name} AUC"] = metrics.auc_interval(*tables.two_sample_scores(real, drawn[0], judge)[::-1])[0]
    aucs = []
    for table in (own, drawn[0][:, :-1]):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(table, labels)
        scores = model.decision_function(other)
        aucs.append(metrics.auc_interval(scores[other_labels == 1], scores[other_labels == 0])[0])
    asked = np.resize(labels, RELEASE)
    found = attacks(draw(asked, 0), asked, own, labels, other, other_labels)
    return {**row, "change of AUC": aucs[1] - aucs[0], "attacks": found}


def run(split):
    """Return the figures of every generator on one split of the patients."""
    records, labels = load_breast_cancer(return_X_y=True)
    own, other = train_test_split(np.arange(len(labels)), test_size=0.5, stratify=labels, random_state=split)
    made = {
        "VAE, second round": learned(records[own], labels[own], cancer_powers(), True, split),
        "VAE, first round": learned(records[own], labels[own], np.eye(30), False, split),
        **baselines(records[own], labels[own]),
    }
    return {
        name: measure(draw, records[own], records[other], labels[own], labels[other]) for name, draw in made.items()
    }


def markdown(store):
    """Return the section of benchmarks/README.md that medicine.json is good for: mean over the splits ± 95 %."""
    columns = ("correlation error", "forest AUC", "quadratic AUC", "change of AUC")
    splits = store["patients"].values()
    rows = [["generator", *columns, "nearest-record attack", "Mahalanobis attack", "found at 1 %"]]
    rows.append(["---"] * len(rows[0]))
    for name in store["patients"]["0"]:
        values = []
        for split in splits:
            near, cloud = split[name]["attacks"]["nearest record"], split[name]["attacks"]["Mahalanobis"]
            values.append([*(split[name][key] for key in columns), near["auc"][0], cloud["auc"][0], cloud["tpr"][0]])
        half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
        rows.append([name, *(f"{mean:.3f} ± {h:.3f}" for mean, h in zip(np.mean(values, axis=0), half, strict=True))])
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    patches = "\n".join(
        f"- {split}: " + ", ".join(f"{name} {v[0]:.3f} ({v[1]:.3f} to {v[2]:.3f})" for name, v in row.items())
        for split, row in store["patches"].items()
    )
    return f"""## Synthetic patients and patches

From `medicine.json`, for notebook 14: {len(splits)} splits of the breast-cancer table; mean, with the half width of its
95 % interval. AUC of two classifiers that tell synthetic from held-out patients (0.5: they cannot); the change of a
classifier's AUC on real patients if it learnt from synthetic ones; the AUC of two membership attacks (0.5: they learn
nothing), and the share of members that the second one finds at 1 % false alarms.

{lines}

Attacks on flows trained on half of the slide's blocks, chosen at random: AUC, with an interval over blocks. The control
learnt from 128 patches only, and saw each nineteen times as often.

{patches}
"""


def fill(store, part, runs):
    """Make the runs {name: function} of a part that the store lacks, and write the store after each."""
    kept = store.setdefault(part, {})
    for name, run_split in runs.items():
        if name not in kept:
            begin = time.time()
            kept[name] = run_split()
            notebooks.write(STORE, json.dumps(store, indent=1) + "\n")
            print(f"{part}, {name}: {time.time() - begin:.0f} s", flush=True)
            keras.backend.clear_session()


def main(splits, patch_splits=PATCH_SPLITS):
    """Fill the store up to a number of splits of the patients and of the slide."""
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    fill(store, "patients", {str(k): functools.partial(run, k) for k in range(splits)})
    patches = {str(k): functools.partial(run_patches, k) for k in range(patch_splits)}
    fill(store, "patches", patches | {"control": functools.partial(run_patches, 0, 32)})


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]) if len(sys.argv) > 1 else (SPLITS,))
