"""What the second leg of the cats' generator changed, and what it did not. Writes cats.json, for notebook 04.

python benchmarks/cats.py [LEG ...]   about 5 minutes a leg of two cores; needs CIFAR-10 and what
                                      `tools/pretrain.py cat_generator` leaves below build/pretrain/

The generator is trained by a discriminator first; then weights are moved down a Fréchet distance in the maps of a
third network: those of all layers, or only those of the first, which decides what is drawn and not how. A measure that
has become the target is no longer evidence by itself. So other networks measure here, and so does a *classifier
two-sample test* (Lopez-Paz and Oquab 2017): a fresh network learns to tell photographs from generated pictures, and its
accuracy on pictures that it has not seen is .5 where it finds no difference.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import data, losses, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from tools import pretrain  # noqa: E402

import common  # noqa: E402
import numpy as np  # noqa: E402

LEGS = {
    "discriminator": pretrain.BUILD / "cat_generator.weights.h5",
    "all layers": pretrain.BUILD / "cat_generator_all.weights.h5",
    "first layer": pretrain.SHIPPED / "cat_generator.weights.h5",
}
STORE = HERE / "cats.json"
CAT = data.CIFAR10_CLASSES.index("cat")
NETWORKS = ("cifar10_features", "cifar10_judge")
SEEDS, SAMPLES = (0, 1, 2), 1000
LEARNT, STEPS, BATCH = 4000, 800, 64  # pictures of each kind that the two-sample test learns from, and how long


def told_apart(real, fake, held_out, fresh, seed):
    """Return the share of new pictures that a fresh network sorts rightly; all are in [-1, 1], (n, 32, 32, 3)."""
    keras.utils.set_random_seed(seed)
    network = models.discriminator(widths=(48, 96, 192), full_size=32)
    adam = keras.optimizers.Adam(5e-4, 0.5, 0.99)
    adam.build(network.trainable_variables)

    @tf.function
    def learn(photographs, generated):
        with tf.GradientTape() as tape:
            loss = losses.logistic_discriminator_loss(
                network(photographs, training=True), network(generated, training=True)
            )
        adam.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)

    rng = np.random.default_rng(seed)
    for step in range(STEPS):
        batch = [part[rng.integers(len(part), size=BATCH)] for part in (real, fake)]
        batch = [pretrain.shifted(tf.constant(part), [seed, 2 * step + k], most=1) for k, part in enumerate(batch)]
        learn(*batch)
    photographs, generated = (network.predict(part, batch_size=250, verbose=0)[:, 0] for part in (held_out, fresh))
    return float(((photographs > 0).mean() + (generated < 0).mean()) / 2)


def distances(real, pictures):
    """Return the figures of pictures by each network; ``real`` = {network: (training features, held-out ones)}."""
    found = {}
    for name, (known, new) in real.items():
        network = metrics.feature_network(name)
        features = network.features(pictures)
        precision, recall = metrics.precision_recall(known[: len(features)], features)
        found[name] = {
            "Fréchet to training": metrics.frechet_distance(known, features),
            "Fréchet to held out": metrics.frechet_distance(new, features),
            "kernel to held out": metrics.kernel_distance(new, features)[0],
            "precision": precision,
            "recall": recall,
            "called a cat": (network.probabilities(pictures)["class"].argmax(1) == CAT).mean(),
        }
    return found


def main():
    """Measure each leg with three seeds, and as many photographs: held-out ones, and ones of the training set."""
    legs = sys.argv[1:] or list(LEGS)
    if set(legs) - set(LEGS):
        raise SystemExit(f"received {', '.join(legs)}; expected any of {', '.join(LEGS)}.")
    cats, held_out = (pretrain.photographs("cats", split).images for split in ("train", "test"))
    real, new = data.to_unit(cats), data.to_unit(held_out)
    both = {name: [metrics.feature_network(name).features(part) for part in (cats, held_out)] for name in NETWORKS}
    some = [cats[np.random.default_rng(seed).choice(len(cats), SAMPLES, replace=False)] for seed in SEEDS]
    found = {"samples": SAMPLES, "learnt": LEARNT}
    found["legs"] = json.loads(STORE.read_text(encoding="utf-8"))["legs"] if STORE.exists() else {}
    found |= {"held out": distances(both, held_out), "training": [distances(both, part) for part in some]}
    for leg in legs:
        generator = models.build("cat_generator")
        generator.load_weights(LEGS[leg])
        rows = []
        for seed in SEEDS:
            samples = training.sample(generator, LEARNT + SAMPLES, seed=1000 + seed)
            fresh, learnt = samples[:SAMPLES], samples[SAMPLES:]
            row = {"networks": distances(both, fresh)}
            row["told apart"] = told_apart(real[:LEARNT], learnt, new, fresh, seed)
            print(leg, seed, json.dumps(common.rounded(row, 3)), flush=True)
            rows.append(row)
        found["legs"][leg] = rows
    common.add(STORE, common.rounded(found, 5))


if __name__ == "__main__":
    runtime.start()
    main()
