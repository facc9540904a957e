"""Kittens in 180 seconds: this project's recipe against two common ones, three seeds each. Writes kittens.json.

python benchmarks/kittens.py                      all runs; "ours" also as on a processor without bfloat16
python benchmarks/kittens.py ours 0 native        one run, in this process; prints its row of kittens.json
KITTEN_SHARE=0.02 python benchmarks/kittens.py    the same code with a fiftieth of the seconds: build/kittens.toy.json

Seconds are those of `budget.Clock`: CPU time divided by two cores, without compiling, drawing and measuring. Each run
has a process of its own, because TensorFlow decides when it is imported which instructions it uses.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from aigc_utils.training import held_then_cosine  # noqa: E402

import numpy as np  # noqa: E402
from budget import BUILD, Clock, Pieces, RateByClock  # noqa: E402

SHARE = float(os.environ.get("KITTEN_SHARE", "1"))  # of the seconds; below 1: a toy
NAME = "kittens" if SHARE == 1 else "kittens.toy"
SECONDS, SEEDS = 180 * SHARE, (0, 1, 2)
MEASURE_EVERY = SECONDS / 9  # seconds of training
EPOCH_IMAGES = 3200  # after so many the clock is looked at
POLICIES, TRIAL_STEPS = ("float32", "mixed_bfloat16"), 10  # number types to choose from; steps that time one
# What oneDNN may use: all that the processor has, or no bfloat16.
PROCESSORS = NATIVE, EMULATED = "native", "AVX512_CORE_VNNI"
OURS = {
    "learning_rate": 2e-3,
    "rate_ratio": 1.0,  # the discriminator's learning rate over the generator's
    "r1_gamma": 3.0,
    "ema_steps": 100.0,  # the average of the generator's weights reaches back about so many steps
    "batch_size": 32,
    "style_width": 128,
}
WIDTHS = (128, 96, 64), (32, 64, 128)  # of the generator's and the discriminator's maps
FULL_SIZE = 16  # of the generator's last map, at the image's own side: half of the common recipe's
NARROW_EMA_STEPS = 200.0  # the best of 20, 60, 200 and 600 after 2,000 steps of another seed
NETWORKS = "kitten_factors", "cifar10_features"  # to measure with


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, whose dozen operations a variable are one of TensorFlow's: a small network pays for each of them."""

    def update_step(self, gradient, variable, learning_rate):
        """Move one variable by the same formula as Keras."""
        index, step = self._get_variable_index(variable), tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class Recipe(NamedTuple):
    """What `run` trains and how: the networks, what `GAN.compile` takes, and so on."""

    networks: tuple
    options: dict
    optimizers: list
    batch_size: int
    at_once: int = 1  # steps that Keras runs without coming back to Python
    factor: Callable = lambda share: 1.0  # of the learning rates, after a share of the time


def common():
    """Return the recipe that most tutorials share (Radford et al. 2016): batch norm in both, Adam, BCE, no average."""
    generator = models.generator(64, (256, 128, 64), full_size=32)
    discriminator = models.discriminator(widths=(64, 128, 256), batch_norm=True)
    optimizers = [keras.optimizers.Adam(2e-4, 0.5, 0.999) for _ in range(2)]
    return Recipe((generator, discriminator), {"loss": "non_saturating"}, optimizers, 64)


def narrow():
    """Return the common recipe with the widths of ours, and with a fitted average of the generator's weights."""
    narrow, wide = WIDTHS
    networks = models.generator(64, narrow, full_size=FULL_SIZE), models.discriminator(widths=wide, batch_norm=True)
    average = {"use_ema": True, "ema_momentum": 1 - 1 / NARROW_EMA_STEPS}
    optimizers = [keras.optimizers.Adam(2e-4, 0.5, 0.999, **options) for options in (average, {})]
    return Recipe(networks, {"loss": "non_saturating"}, optimizers, 64)


def ours():
    """Return the recipe of 04_training_a_gan with cheaper steps, for as long as the clock allows."""
    networks, options, optimizers = our_parts(OURS, (OURS["learning_rate"],) * 2, adam=FusedAdam)
    options["r1_every"] = 8
    return Recipe(networks, options, optimizers, OURS["batch_size"], at_once=10, factor=held_then_cosine)


def our_parts(settings, rates, shrink=1, adam=keras.optimizers.Adam):
    """Return (networks, options, optimizers) of our GAN, also for tuning.py and fair_match.py, with two learning rates.

    ``settings`` are like `OURS`. All maps of both networks are ``shrink`` times narrower than in 04_training_a_gan.
    """
    style = (settings["style_width"],) * 2
    narrow, wide = (tuple(width // shrink for width in widths) for widths in WIDTHS)
    networks = models.generator(32, narrow, style=style), models.discriminator(widths=wide, full_size=16 // shrink)
    momentum = 1 - 1 / settings["ema_steps"]
    optimizers = [adam(rates[0], 0.0, 0.99, use_ema=True, ema_momentum=momentum), adam(rates[1], 0.0, 0.99)]
    return networks, {"r1_gamma": settings["r1_gamma"], "r1_every": 4}, optimizers


RECIPES = {"ours": ours, "common": common, "common, narrow, averaged": narrow}
RUNS = [(recipe, NATIVE) for recipe in RECIPES] + [("ours", EMULATED)]


def weights_path(recipe, seed, processor=NATIVE):
    """Return where `run` leaves the trained generator."""
    return BUILD / "bench" / f"{recipe}_{processor}_{seed}.weights.h5"


def prepare(recipe, seed, policy):
    """Return a compiled GAN, whose weights ``seed`` decides, and its `Recipe`."""
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(seed)
    made = RECIPES[recipe]()
    gan = training.GAN(*made.networks, seed=seed)
    gan.compile(*made.optimizers, **made.options)
    gan.steps_per_execution = made.at_once
    return gan, made


def step_seconds(recipe, policy, images):
    """Return the seconds of one training step with a number type: the mean of TRIAL_STEPS, after as many others."""
    gan, made = prepare(recipe, 0, policy)
    gan.optimizer.use_ema = False  # the steps alone, without what follows an epoch
    clock = Clock(0.0, lambda gan, seconds: 0.0, math.inf)
    training.fit(gan, images, 2 * TRIAL_STEPS, TRIAL_STEPS, made.batch_size, callbacks=[clock])
    return clock.seconds / TRIAL_STEPS


def run(recipe, seed, processor):
    """Train one recipe with one seed; returns its row of the table.

    The common recipes are float32, as published. Ours takes the faster of POLICIES, and pays for finding out.
    """
    images, _ = kittens.sample(4500, seed=0)
    network, other = (metrics.feature_network(name) for name in NETWORKS)
    held_out, _ = kittens.sample(2000, seed=11)
    reference = network.features(held_out)

    def distance_of(gan, seconds):
        return metrics.frechet_distance(reference, network.features(training.sample(gan.generator, 2000, seed=1)))

    costs = {policy: step_seconds(recipe, policy, images) for policy in POLICIES} if recipe == "ours" else {}
    policy = min(costs, key=costs.get, default="float32")
    gan, made = prepare(recipe, seed, policy)
    clock = Clock(SECONDS, distance_of, MEASURE_EVERY, charge_first=True)
    clock.seconds = 2 * TRIAL_STEPS * sum(costs.values())  # the first half of the trials costs as much as the second
    rates = RateByClock(clock, made.optimizers, made.factor)
    steps = EPOCH_IMAGES // made.batch_size
    training.fit(gan, images, 10**4 * steps, steps, made.batch_size, callbacks=[rates, clock])
    training.save_weights(gan.generator, weights_path(recipe, seed, processor))
    samples = training.sample(gan.generator, 2000, seed=1)
    return {
        "recipe": recipe,
        "seed": seed,
        "processor": processor,
        "policy": policy,
        "step_ms": {name: round(1000 * cost, 1) for name, cost in costs.items()},
        "seconds": round(clock.seconds, 1),
        "steps": int(gan.step),
        "images_per_second": round(int(gan.step) * made.batch_size / clock.seconds),
        "distance": clock.curve[-1][1],
        "other_distance": round(metrics.frechet_distance(other.features(held_out), other.features(samples)), 3),
        **seen(network.probabilities(samples)),
        "curve": clock.curve,
    }


def seen(readings):
    """Return what a classifier of fur and eyes sees in samples: the rarest combination, and how sure it is."""
    combinations = np.bincount(readings["fur"].argmax(1) * 3 + readings["eyes"].argmax(1), minlength=15)
    return {
        "rarest_combination": float(combinations.min() / combinations.sum()),
        "confidence_fur": round(float(readings["fur"].max(1).mean()), 3),
        "confidence_eyes": round(float(readings["eyes"].max(1).mean()), 3),
    }


def apart(recipe, seed, processor):
    """Return the row of a `run` in a process of its own, whose oneDNN believes in a given processor."""
    environment = dict(os.environ) if processor == NATIVE else {**os.environ, "ONEDNN_MAX_CPU_ISA": processor}
    command = [sys.executable, __file__, recipe, str(seed), processor]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Run all recipes and seeds, one after the other; each finished run is kept, so that a stopped bench goes on."""
    pieces = Pieces(NAME)
    rows = [
        pieces.get(f"{recipe} {seed} {processor}", lambda job=(recipe, seed, processor): apart(*job))
        for seed in SEEDS
        for recipe, processor in RUNS
    ]
    network, other = (metrics.feature_network(name) for name in NETWORKS)
    real = (network.features(kittens.sample(*drawn)[0]) for drawn in ((2000, 11), (4500, 0)))
    result = {
        "network": str(network),
        "other_network": str(other),
        "seconds": SECONDS,
        "real_against_real": round(metrics.frechet_distance(*real), 3),
        "runs": [row for row in rows if row["processor"] == NATIVE],
        "emulated_runs": [row for row in rows if row["processor"] != NATIVE],
    }
    target = HERE / "kittens.json" if SHARE == 1 else pieces.path.with_name(f"{NAME}.json")
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    pieces.forget()


if __name__ == "__main__":
    runtime.start()
    if len(sys.argv) > 1:
        print(json.dumps(run(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
    else:
        main()
