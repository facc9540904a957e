"""Does the interval of a Fréchet distance hold the true distance as often as it says? Writes intervals.json, for 05.

python benchmarks/intervals.py   about 10 minutes of one core

The population is known: 5,000 kittens that were drawn and 5,000 that the shipped generator made, over the features of
"kitten_factors". Their distance is the true one. Each experiment draws a sample from both, with replacement, and asks
every recipe for its 95 % interval.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, runtime, training  # noqa: E402

import common  # noqa: E402
import numpy as np  # noqa: E402

POOL, EXPERIMENTS = 5_000, 100
SAMPLES = (1000, 300)  # pictures on each side
RESAMPLES = 200  # draws with replacement
FEW = 20  # as many as are too few


def recipes(figure, drawn):
    """Return {recipe: (least, most)} of one experiment's distance and its draws."""
    few, spread = drawn[:FEW], 1.96 * np.std(drawn, ddof=1)
    corrected = 2 * figure - drawn.mean()
    return {
        "plain": tuple(np.quantile(drawn, (0.025, 0.975))),
        f"mirrored, {FEW} draws": tuple(metrics.basic_interval(figure, few)[1:]),
        "mirrored": tuple(metrics.basic_interval(figure, drawn)[1:]),
        "less the bias ± 1.96 deviations": (corrected - spread, corrected + spread),
    }


def coverage(pools, samples, seed=0):
    """Return how often each recipe's interval holds the distance of the pools, (real, fake) features, and its width."""
    truth, figures, held, widths = metrics.frechet_distance(*pools), [], {}, {}
    for k in range(EXPERIMENTS):
        rng = np.random.default_rng((seed, samples, k))
        parts = [pool[rng.integers(0, len(pool), samples)] for pool in pools]
        figures.append(metrics.frechet_distance(*parts))
        drawn = metrics.resampled(parts[0], parts[1:], rng, RESAMPLES)[:, 0]
        for name, (least, most) in recipes(figures[-1], drawn).items():
            held.setdefault(name, []).append(least <= truth <= most)
            widths.setdefault(name, []).append(most - least)
    found = {name: {"held": int(np.sum(held[name])), "width": round(float(np.mean(widths[name])), 3)} for name in held}
    return {"truth": round(truth, 3), "mean": round(float(np.mean(figures)), 3), "recipes": found}


def main():
    """Run all experiments."""
    network = metrics.feature_network("kitten_factors")
    made = training.sample(models.load_pretrained("kitten_generator"), POOL, seed=100)
    pools = [network.features(images) for images in (kittens.sample(POOL, seed=100)[0], made)]
    found = {"network": str(network), "pool": POOL, "experiments": EXPERIMENTS, "resamples": RESAMPLES}
    for samples in SAMPLES:
        found[str(samples)] = coverage(pools, samples)
        print(samples, found[str(samples)], flush=True)
        common.add(HERE / "intervals.json", found)


if __name__ == "__main__":
    runtime.start()
    main()
