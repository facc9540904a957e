"""The memorisation audit on trial: 200 audits with planted near-copies, 200 without. Writes audit.json.

python benchmarks/audit.py [NETWORK]    of kittens, and of the photographs of cats where they are to be had
python benchmarks/audit.py disguised    what it does not see: copies under changes that it was not made for

An audit looks at 2,000 pictures of the shipped generator; in half of the audits 20 of them (1 %) are near-copies of
training images (flipped, shifted by up to 2 pixels, JPEG, zoomed by up to 1.10). Each audit draws its samples, its
copies and its held-out images from large pools whose ratios are computed once. The audit looks for exactly these
changes, so they are easy. `disguised` plants 20 copies that were changed in other ways.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import data, kittens, metrics, models, runtime, training  # noqa: E402

import numpy as np  # noqa: E402
from scipy import ndimage  # noqa: E402

AUDITS, SAMPLES, PLANTED, LEVEL = 200, 2000, 20, 0.05
POOL, COPIES = 20_000, 4_000  # generated pictures and near-copies to draw from
BINS = np.linspace(0, 1, 51)
DISGUISED = 200  # copies under each disguise to draw from
REFERENCE = 1500  # generated and held-out pictures that the audits of disguised copies draw from
DISGUISES = {  # float pictures (n, side, side, 3) from 0 to 255, and others of the training set, to changed ones
    "blurred, σ = 0.5": lambda x, other: ndimage.gaussian_filter(x, (0, 0.5, 0.5, 0)),
    "blurred, σ = 1": lambda x, other: ndimage.gaussian_filter(x, (0, 1, 1, 0)),
    "blended 90/10": lambda x, other: 0.9 * x + 0.1 * other,
    "blended 70/30": lambda x, other: 0.7 * x + 0.3 * other,
    "15 % darker": lambda x, other: 0.85 * x,
    "turned by 10°": lambda x, other: ndimage.rotate(x, 10, axes=(2, 1), reshape=False, order=1, mode="nearest"),
    "left half": lambda x, other: np.concatenate([x[:, :, :16], other[:, :, 16:]], axis=2),
}


def kitten_images(held_out=5000, others=10_000):
    """Return (training, held-out, other real) kittens; the last two were never trained on."""
    drawn = (kittens.sample(count, seed=seed)[0] for count, seed in ((4500, 0), (held_out, 11), (others, 12)))
    return tuple(drawn)


def cat_images(*_):
    """Return (training, held-out, no others) photographs of cats, or None where they are not to be had."""
    photos, test = data.load("cats"), data.load("cats", "test")
    return (photos.images, test.images, None) if not photos.is_stand_in else None


def trial(generator, images, seed=0):
    """Return the figures of one generator: power, false alarms, and the distribution of the ratios."""
    train, held_out, real = images
    copies, kinds = metrics.near_copies(train[np.random.default_rng(seed).choice(len(train), COPIES)], seed)
    pools = {"generated": training.sample(generator, POOL, seed), "held_out": held_out, "real": real, "copies": copies}
    ratios = {name: metrics.copy_ratios(pool, train)[0] for name, pool in pools.items() if pool is not None}
    reference = min(1000, len(held_out))
    p_values = {"planted": [], "generated": [], "real": []}
    found = {kind: [] for kind in sorted(set(kinds.tolist()))}
    for audit in range(AUDITS):
        rng = np.random.default_rng((seed, audit))
        innocent = rng.choice(ratios["held_out"], reference, replace=False)
        clean = rng.choice(ratios["generated"], SAMPLES, replace=False)
        planted = rng.choice(COPIES, PLANTED, replace=False)
        infected = np.concatenate([clean[PLANTED:], ratios["copies"][planted]])
        p_values["generated"].append(metrics.judge_ratios(clean, innocent).p_value)
        result = metrics.judge_ratios(infected, innocent)
        p_values["planted"].append(result.p_value)
        for place in planted:
            found[kinds[place]].append(bool(ratios["copies"][place] < result.threshold))
        if real is None:  # no others: one half of the held-out images against the other
            new, innocent = np.split(rng.permutation(ratios["held_out"]), 2)
        else:
            new = rng.choice(ratios["real"], SAMPLES, replace=False)
        p_values["real"].append(metrics.judge_ratios(new, innocent).p_value)
    return {
        "audits": AUDITS,
        "samples": SAMPLES,
        "planted": PLANTED,
        "held_out": reference,
        "alarms": {name: int((np.array(values) <= LEVEL).sum()) for name, values in p_values.items()},
        "copies_found": {kind: round(float(np.mean(values)), 3) for kind, values in found.items()},
        "shipped_p_value": round(float(np.median(p_values["generated"])), 4),
        "ratios": {name: np.histogram(values, BINS)[0].tolist() for name, values in ratios.items()},
    }


def disguises(images, others):
    """Return {disguise: uint8 copies} of uint8 training images, with others of them to blend with."""
    pair = images.astype(float), others.astype(float)
    return {name: np.clip(np.rint(change(*pair)), 0, 255).astype(np.uint8) for name, change in DISGUISES.items()}


def disguised(generator, images, seed=0):
    """Return {disguise: share found, alarms of `AUDITS`} for audits like those of `trial` with such copies planted."""
    train, held_out, _ = images
    chosen, others = np.random.default_rng(seed).choice(len(train), (2, DISGUISED), replace=False)
    hidden = disguises(train[chosen], train[others])
    views = metrics.training_views(train)
    pools = {"generated": training.sample(generator, REFERENCE, seed + 1), "held_out": held_out[:REFERENCE], **hidden}
    ratios = {name: metrics.copy_ratios(pool, views)[0] for name, pool in pools.items()}
    reference, result = min(1000, len(held_out)), {}
    for name in hidden:
        found, p_values = [], []
        for audit in range(AUDITS):
            rng = np.random.default_rng((seed, audit))
            innocent = rng.choice(ratios["held_out"], reference, replace=False)
            planted = rng.choice(ratios[name], PLANTED, replace=False)
            clean = rng.choice(ratios["generated"], SAMPLES - PLANTED)
            judged = metrics.judge_ratios(np.concatenate([clean, planted]), innocent)
            found.append((planted < judged.threshold).mean())
            p_values.append(judged.p_value)
        alarms = int((np.array(p_values) <= LEVEL).sum())
        result[name] = {"found": round(float(np.mean(found)), 3), "alarms": alarms}
    return result


def main():
    """Run the trial for the networks named, or for all, whose training images are at hand; what is stored is kept."""
    store = HERE / "audit.json"
    result = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    result |= {"level": LEVEL, "bins": BINS.round(2).tolist()}
    for name, images in (("kitten_generator", kitten_images), ("cat_generator", cat_images)):
        if sys.argv[1:] == ["disguised"]:
            if (images := images(REFERENCE, 1)) is not None:
                result[name]["disguised"] = disguised(models.load_pretrained(name), images)
                print(name, result[name]["disguised"], flush=True)
        elif name in (sys.argv[1:] or [name]) and (images := images()) is not None:
            result[name] = trial(models.load_pretrained(name), images)
            result[name]["disguised"] = disguised(models.load_pretrained(name), images)
            print(name, {key: value for key, value in result[name].items() if key != "ratios"}, flush=True)
    store.write_text(json.dumps(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    runtime.start()
    main()
