"""Kittens in 180 seconds: this project's recipe against the common one, three seeds each. Writes kittens.json.

Seconds are those of `budget.Clock`: CPU time divided by two cores, without compiling, drawing and measuring.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402

import numpy as np  # noqa: E402
from budget import LAST_RATE, Clock, Pieces  # noqa: E402

SECONDS, SEEDS, STEPS_PER_EPOCH = 180, (0, 1, 2), 50
MEASURE_EVERY = 20  # seconds of training
OUR_STEPS = 3900  # where the learning rate ends its fall; fits into SECONDS on the machine of the table
OURS = {
    "learning_rate": 2e-3,
    "rate_ratio": 1.0,  # the discriminator's learning rate over the generator's
    "r1_gamma": 3.0,
    "ema_steps": 100.0,  # the average of the generator's weights reaches back about so many steps
    "batch_size": 32,
    "style_width": 128,
}


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
    half, peak = OUR_STEPS // 2, OURS["learning_rate"]  # at the full rate; then along a cosine
    rate = keras.optimizers.schedules.CosineDecay(peak, half, alpha=LAST_RATE, warmup_target=peak, warmup_steps=half)
    return (*our_parts(OURS, (rate, rate)), OURS["batch_size"], OUR_STEPS)


def our_parts(settings, rates, shrink=1):
    """Return (networks, options, optimizers) of our recipe with ``settings`` like `OURS` and the two learning rates.

    All maps of both networks are ``shrink`` times narrower than in 04_training_a_gan.
    """
    style = (settings["style_width"],) * 2
    narrow, wide = (tuple(width // shrink for width in widths) for widths in ((128, 96, 64), (32, 64, 128)))
    networks = models.generator(32, narrow, style=style), models.discriminator(widths=wide, full_size=16 // shrink)
    momentum = 1 - 1 / settings["ema_steps"]
    optimizers = [
        keras.optimizers.Adam(rates[0], 0.0, 0.99, use_ema=True, ema_momentum=momentum),
        keras.optimizers.Adam(rates[1], 0.0, 0.99),
    ]
    return networks, {"r1_gamma": settings["r1_gamma"], "r1_every": 4}, optimizers


RECIPES = {"ours": ours, "common": common}


def weights_path(recipe, seed):
    """Return where `run` leaves the trained generator."""
    return HERE.parent / "build" / "bench" / f"{recipe}_{seed}.weights.h5"


def run(recipe, seed, network, other, images, held_out):
    """Train one recipe with one seed; returns its row of the table. ``other`` is a second network to measure with."""
    keras.utils.set_random_seed(seed)
    (generator, discriminator), options, optimizers, batch_size, steps = RECIPES[recipe]()
    gan = training.GAN(generator, discriminator, seed=seed)
    gan.compile(*optimizers, **options)
    reference = network.features(held_out)

    def distance_of(gan, seconds):
        return metrics.frechet_distance(reference, network.features(training.sample(gan.generator, 2000, seed=1)))

    clock = Clock(SECONDS, distance_of, MEASURE_EVERY)
    training.fit(gan, images, steps or 10**4 * STEPS_PER_EPOCH, STEPS_PER_EPOCH, batch_size, callbacks=[clock])
    training.save_weights(generator, weights_path(recipe, seed))
    samples = training.sample(generator, 2000, seed=1)
    clock.note()
    readings = network.probabilities(samples)
    combinations = np.bincount(readings["fur"].argmax(1) * 3 + readings["eyes"].argmax(1), minlength=15) / len(samples)
    trained = (int(gan.step) - STEPS_PER_EPOCH) * batch_size  # the first epoch's time does not count
    return {
        "recipe": recipe,
        "seed": seed,
        "seconds": round(clock.seconds, 1),
        "steps": int(gan.step),
        "images_per_second": round(trained / clock.seconds),
        "distance": clock.curve[-1][1],
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
    pieces = Pieces("kittens")
    rows = [
        pieces.get(f"{recipe} {seed}", lambda r=recipe, s=seed: run(r, s, network, other, images, held_out))
        for seed in SEEDS
        for recipe in RECIPES
    ]
    real = metrics.frechet_distance(network.features(held_out), network.features(images))
    result = {
        "network": str(network),
        "other_network": str(other),
        "seconds": SECONDS,
        "real_against_real": round(real, 3),
        "runs": rows,
    }
    (HERE / "kittens.json").write_text(json.dumps(result, indent=1) + "\n")
    pieces.forget()


if __name__ == "__main__":
    runtime.start()
    main()
