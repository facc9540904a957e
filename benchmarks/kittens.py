"""Kittens in 180 seconds: this project's recipe against the common one, three seeds each. Writes kittens.json.

Seconds are those of two cores: the process's CPU time divided by two, without compiling, drawing and measuring. Unlike
the wall clock it does not blame a recipe for what else the machine was doing; on an idle machine the two agree.
"""

import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402

import numpy as np  # noqa: E402

SECONDS, CORES, SEEDS, STEPS_PER_EPOCH = 180, 2, (0, 1, 2), 50
MEASURE_EVERY = 20  # seconds of training
OUR_STEPS = 3900  # where the learning rate ends its fall; fits into SECONDS on the machine of the table


def common():
    """Return the recipe that most tutorials share (Radford et al. 2016): batch norm in both, Adam, BCE, no average."""
    keras.config.set_dtype_policy("float32")
    generator = models.generator(64, (256, 128, 64), full_size=32)
    discriminator = models.discriminator(widths=(64, 128, 256), batch_norm=True)
    optimizers = [keras.optimizers.Adam(2e-4, 0.5, 0.999) for _ in range(2)]
    return (generator, discriminator), {"loss": "non_saturating"}, optimizers, 64, None


def ours():
    """Return the recipe of 04_training_a_gan, for as many steps as fit, with mixed precision (bfloat16)."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    networks = models.generator(32, style=(128, 128)), models.discriminator(full_size=16)
    half = OUR_STEPS // 2  # at the full rate; then along a cosine
    rate = keras.optimizers.schedules.CosineDecay(2e-3, half, alpha=0.05, warmup_target=2e-3, warmup_steps=half)
    optimizers = [
        keras.optimizers.Adam(rate, 0.0, 0.99, use_ema=True, ema_momentum=0.99),
        keras.optimizers.Adam(rate, 0.0, 0.99),
    ]
    return networks, {"r1_gamma": 3.0, "r1_every": 4}, optimizers, 32, OUR_STEPS


RECIPES = {"ours": ours, "common": common}


class Clock(keras.callbacks.Callback):
    """Count the seconds of training, measure the distance now and then, and stop when the time is up."""

    def __init__(self, network, reference):
        super().__init__()
        self.network, self.reference, self.curve = network, reference, []
        self.seconds, self.first_step = 0.0, STEPS_PER_EPOCH  # the first epoch compiles: its time does not count
        self.measure_at = MEASURE_EVERY

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.begin = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        """Stop the clock; measure, and end the run, if it is time."""
        if epoch == 0:
            return
        self.seconds += (time.process_time() - self.begin) / CORES
        finished = self.seconds > SECONDS
        if finished or self.seconds >= self.measure_at:
            self.measure_at += MEASURE_EVERY
            features = self.network.features(training.sample(self.model.generator, 2000, seed=1))
            self.curve.append([round(self.seconds, 1), round(metrics.frechet_distance(self.reference, features), 3)])
        self.model.stop_training = finished


def weights_path(recipe, seed):
    """Return where `run` leaves the trained generator."""
    return HERE.parent / "build" / "bench" / f"{recipe}_{seed}.weights.h5"


def run(recipe, seed, network, other, images, held_out):
    """Train one recipe with one seed; returns its row of the table. ``other`` is a second network to measure with."""
    keras.utils.set_random_seed(seed)
    (generator, discriminator), options, optimizers, batch_size, steps = RECIPES[recipe]()
    gan = training.GAN(generator, discriminator, seed=seed)
    gan.compile(*optimizers, **options)
    clock = Clock(network, network.features(held_out))
    training.fit(gan, images, steps or 10**4 * STEPS_PER_EPOCH, STEPS_PER_EPOCH, batch_size, callbacks=[clock])
    training.save_weights(generator, weights_path(recipe, seed))
    samples = training.sample(generator, 2000, seed=1)
    distance = metrics.frechet_distance(clock.reference, network.features(samples))
    clock.curve.append([round(clock.seconds, 1), round(distance, 3)])
    readings = network.probabilities(samples)
    combinations = np.bincount(readings["fur"].argmax(1) * 3 + readings["eyes"].argmax(1), minlength=15) / len(samples)
    trained = (int(gan.step) - clock.first_step) * batch_size
    return {
        "recipe": recipe,
        "seed": seed,
        "seconds": round(clock.seconds, 1),
        "steps": int(gan.step),
        "images_per_second": round(trained / clock.seconds),
        "distance": round(distance, 3),
        "other_distance": round(metrics.frechet_distance(other.features(held_out), other.features(samples)), 3),
        "rarest_combination": float(combinations.min()),
        "confidence_fur": round(float(readings["fur"].max(1).mean()), 3),
        "confidence_eyes": round(float(readings["eyes"].max(1).mean()), 3),
        "curve": clock.curve,
    }


def main():
    """Run all recipes and seeds, one after the other; each finished run is kept, so that a stopped bench goes on."""
    tf.config.experimental.enable_op_determinism()
    images, _ = kittens.sample(4500, seed=0)
    held_out, _ = kittens.sample(2000, seed=11)
    network, other = metrics.feature_network("kitten_factors"), metrics.feature_network("cifar10_features")
    partial = HERE.parent / "build" / "kittens.partial.json"
    partial.parent.mkdir(exist_ok=True)
    rows = json.loads(partial.read_text()) if partial.exists() else []
    for seed in SEEDS:
        for recipe in RECIPES:
            if not any((row["recipe"], row["seed"]) == (recipe, seed) for row in rows):
                rows.append(run(recipe, seed, network, other, images, held_out))
                partial.write_text(json.dumps(rows))
                print({key: value for key, value in rows[-1].items() if key != "curve"}, flush=True)
    real = metrics.frechet_distance(network.features(held_out), network.features(images))
    result = {
        "network": str(network),
        "other_network": str(other),
        "seconds": SECONDS,
        "real_against_real": round(real, 3),
        "runs": rows,
    }
    (HERE / "kittens.json").write_text(json.dumps(result, indent=1) + "\n")
    partial.unlink()


if __name__ == "__main__":
    runtime.start()
    main()
