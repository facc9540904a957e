"""How `prototype` judges on pictures that were set aside: nearness, variety, copies, use; each beside its baselines."""

import functools
import time

from aigc_utils import business, data, metrics, models, preparation, training

import numpy as np

FLOW_STEPS = 12  # of Heun's method, as in 06_flow_matching
AT_ONCE = 256  # pictures that a flow draws at a time: a bound on memory
MOST_JUDGED, MOST_READ, MOST_CHANGED, RESAMPLES, PLANTED = 1000, 4000, 200, 60, 20
GENERATED, OTHERS = "generated", "other real pictures"
COPIES, AUGMENTED = "copies of training pictures", "augmented ones"
CONDITIONS = {
    "near": (
        "Generated pictures are no farther from real ones than plainly augmented training pictures are: upper end of "
        "the 95 % interval of the difference of both Fréchet distances",
        *("<=", 0),
    ),
    "varied": ("They cover at least half as much as other real pictures do: recall over theirs", ">=", 0.5),
    "new": (
        "An audit that finds planted copies does not find them nearer to single training pictures than held-out ones "
        "are: p-value",
        *(">=", 0.05),
    ),
    "useful": (
        "A classifier trained on real and generated pictures reads more held-out ones rightly than one trained on the "
        "real ones: lower end of the 95 % interval of the gain",
        *(">", 0),
    ),
}


def rule(pictures, settings):
    """Return the `business.Rule` of a run, declared before anything is trained."""
    asked = CONDITIONS if pictures.classes and settings.family == "flow" else list(CONDITIONS)[:-1]
    conditions = {name: business.Condition(*CONDITIONS[name], "held out") for name in asked}
    return business.Rule("May the generated pictures be used beside the real ones?", **conditions)


def network_of(model):
    """Return the network that is left when the training is over."""
    return model.velocity if hasattr(model, "velocity") else model.generator


def sampler_of(model):
    """Return the network that makes pictures from noise."""
    return models.sampler(model.velocity, FLOW_STEPS) if hasattr(model, "velocity") else model.generator


def draw(model, count, labels=None, seed=1):
    """Return ``count`` generated pictures, uint8; of the classes ``labels`` (count,) where the model has some."""
    if not hasattr(model, "velocity"):
        return data.to_uint8(training.sample(model.generator, count, seed))
    made = []
    for start in range(0, count, AT_ONCE):
        end = min(start + AT_ONCE, count)
        asked = labels[start:end] if model.labelled else None
        made.append(model.sample(end - start, (seed << 24) + start, steps=FLOW_STEPS, labels=asked))
    return data.to_uint8(np.concatenate(made))


@functools.cache
def feature_network():
    """Return the network for photographs, which sees 32×32 pixels in colour."""
    return metrics.feature_network()


def features(images):
    """Return features (n, 256) of pictures of any size and colour, over `feature_network`."""
    return feature_network().features(metrics.small_bytes(images))


def judge(pictures, model, settings):
    """Return the figures of a trained model, which JSON can hold, and {name: pictures} to show.

    As many pictures are generated as there are held out, 1,000 at most; of each class as many as in the training.
    """
    rng = np.random.default_rng(settings.seed)
    (images, labels), (real, truth) = pictures.training, pictures.held_out
    real, truth = (part[np.sort(rng.permutation(len(truth))[:MOST_JUDGED])] for part in (real, truth))
    count = min(len(images), MOST_JUDGED)
    chosen, asked = rng.permutation(len(images))[:count], labels[rng.permutation(len(images))[:count]]
    begin = time.perf_counter()
    made = draw(model, count, asked)
    figures = {"seconds_per_1000": (time.perf_counter() - begin) * 1000 / count}
    changed, n = augment(images[chosen], settings), min(len(real), count)
    sets = {GENERATED: made, OTHERS: images[chosen], AUGMENTED: changed}
    sets, known_real = {name: features(part) for name, part in sets.items()}, features(real)
    equal = {name: part[:n] for name, part in sets.items()}  # a distance depends on how many are compared
    equal[COPIES] = sets[OTHERS][rng.integers(count, size=n)]
    figures |= {"count": n, "rows": compare(known_real[:n], equal, rng)}
    shown = {"made": made[:64][np.argsort(asked[:64], kind="stable")], "real": real[:32]}
    shown["classes"] = [pictures.classes[k] for k in np.unique(asked[:64])] if model.labelled else []
    try:
        figures["audit"], shown["nearest"] = audit(images, real, made[:n], changed[:MOST_CHANGED], rng)
    except ValueError as error:  # too few pictures that differ
        figures["audit"] = {"problem": str(error), "sees": False}
    if model.labelled and pictures.classes:
        known = rng.permutation(len(images))[:MOST_READ]
        table = features(images[known]), labels[known]
        more = {GENERATED: (sets[GENERATED], asked), AUGMENTED: (sets[AUGMENTED], labels[chosen])}
        figures["use"] = use(table, more, (known_real, truth), rng)
    return figures, shown


def augment(images, settings):
    """Return pictures with the plain random changes of 01_data_preparation, uint8."""
    layer = preparation.augmentation(flip=settings.flip, seed=settings.seed)
    return data.to_uint8(np.asarray(layer(data.to_unit(images), training=True)))


def compare(real, sets, rng):
    """Return {name: figures} for each of ``sets`` = {name: features (n, d)}, as many as ``real``.

    The distance of other real pictures is the floor. ``beyond`` is how much farther they are than augmented pictures:
    the same real ones are drawn again for both.
    """
    found = {name: metrics.frechet_distance(real, part) for name, part in sets.items()}
    drawn = metrics.resampled(real, sets.values(), rng, RESAMPLES)
    drawn, rows = dict(zip(sets, drawn.T, strict=True)), {}
    for name, part in sets.items():
        precision, recall = metrics.precision_recall(real, part)
        beyond, both = found[name] - found[AUGMENTED], drawn[name] - drawn[AUGMENTED]
        near = metrics.basic_interval(found[name], drawn[name])
        row = {"distance": found[name], "unbiased": [max(0.0, end) for end in near]}
        rows[name] = row | {"precision": precision, "recall": recall, "beyond": metrics.basic_interval(beyond, both)}
    return rows


def plant(images, rng):
    """Return {kind: copies of training pictures}, uint8 (n, 32, 32, 3): near ones, blurred ones, and blends of two.

    The last two are not among the changes that the audit undoes.
    """
    from scipy.ndimage import gaussian_filter

    chosen = metrics.small_bytes(images[rng.permutation(len(images))[: 2 * PLANTED]])
    near, others = chosen[:PLANTED], chosen[PLANTED:]
    blended = np.rint(0.7 * near[: len(others)] + 0.3 * others).astype(np.uint8)
    copies = metrics.near_copies(near, int(rng.integers(2**31)))[0]
    return {"near": copies, "blurred": gaussian_filter(near, (0, 1, 1, 0)), "blended": blended}


def audit(images, held_out, made, changed, rng):
    """Return the memorisation audit's figures, and (samples, their nearest training pictures), the most alike first.

    ``control`` is the share of planted copies that it finds; below one half of the near ones it is blind.
    """
    views = metrics.training_views(images)
    innocent = metrics.copy_ratios(held_out, views)[0]
    ratios, nearest = metrics.copy_ratios(made, views)
    found = metrics.judge_ratios(ratios, innocent[innocent > 0], nearest)
    planted = {kind: metrics.copy_ratios(copies, views)[0] for kind, copies in plant(images, rng).items()}
    control = {kind: float(np.mean(planted[kind] < found.threshold)) for kind in planted}
    figures = {"p_value": found.p_value, "suspects": len(found.suspects), "control": control}
    figures["suspects_augmented"] = float(np.mean(metrics.copy_ratios(changed, views)[0] < found.threshold))
    figures["held_out_repeats"] = int(np.sum(innocent == 0))  # mirrored or shifted training pictures
    order = np.argsort(ratios, kind="stable")[:8]
    return figures | {"sees": control["near"] >= 0.5}, (made[order], images[nearest[order]])


def use(table, more, held_out, rng):
    """Return what training on real and on further pictures brings a classifier, by the accuracy on held-out real ones.

    ``table`` and ``held_out`` are (features, labels), ``more`` {name: (features, labels)}. The classifier is logistic
    regression on the features, and every class counts alike. The interval is that of held-out pictures drawn again.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, truth = held_out
    counts = np.bincount(truth)
    weights = 1 / (counts[truth] * np.count_nonzero(counts))
    draws = rng.integers(len(truth), size=(2000, len(truth)))

    def hits(*parts):
        x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500, class_weight="balanced"))
        return weights * (model.fit(x, y).predict(values) == truth)

    alone = hits(table)
    found = {"real": {"accuracy": float(alone.sum())}}
    for name, part in more.items():
        with_more = hits(table, part)
        least, most = np.quantile((with_more - alone)[draws].sum(1), (0.025, 0.975))
        gain = [float(value) for value in (np.sum(with_more - alone), least, most)]
        found[name] = {"accuracy": float(with_more.sum()), "gain": gain}
    return found


def measured(figures):
    """Return {condition: `business.Measured`} of a run's rule; what could not be measured is left out."""
    rows, found = figures["rows"], {"near": figures["rows"][GENERATED]["beyond"][2]}
    if rows[OTHERS]["recall"]:
        found["varied"] = rows[GENERATED]["recall"] / rows[OTHERS]["recall"]
    if figures["audit"]["sees"]:
        found["new"] = figures["audit"]["p_value"]
    if "use" in figures:
        found["useful"] = figures["use"][GENERATED]["gain"][1]
    return {name: business.Measured(value, "held out") for name, value in found.items()}
