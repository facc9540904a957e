"""GAN, VAE and flow matching at the same seconds on the same kittens, three seeds each. Writes fair_match.json, for 06.

python benchmarks/fair_match.py                   about half an hour of two cores
FAIR_SHARE=0.05 python benchmarks/fair_match.py   a twentieth of the seconds, for a try: build/fair_match.toy.json

Seconds are those of `budget.Clock`: CPU time divided by two cores, without compiling, drawing and measuring. All three
train in float32, and each learning rate ends its fall with the time. The GAN is that of 04_training_a_gan, whose
settings took by far the most trials to find; for each of the others fewer than ten were tried. The test kittens are
looked at once, when a run has ended; the curve on the way belongs to other kittens.
"""

import json
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from aigc_utils.training import held_then_cosine  # noqa: E402

import kittens as bench  # noqa: E402
import numpy as np  # noqa: E402
from budget import CORES, Clock, Pieces, RateByClock, cosine  # noqa: E402

SHARE = float(os.environ.get("FAIR_SHARE", "1"))  # of the seconds; below 1: a toy
NAME = "fair_match" if SHARE == 1 else "fair_match.toy"
SECONDS, SEEDS, EPOCH_IMAGES = 180 * SHARE, (0, 1, 2), 800
SAMPLES, NEIGHBOURS_SAMPLES, SAMPLE_SEED = 2000, 1000, 1
BETA, VAE_LATENT = 8.0, 16  # the better of the two weights of 03_vae
FLOW_STEPS = 12  # of Heun's method: 23 evaluations of the network


def gan(seed):
    """Return the GAN of 04_training_a_gan, its optimizers, its batch size and the fall of its learning rate."""
    networks, options, optimizers = bench.our_parts(bench.OURS, (bench.OURS["learning_rate"],) * 2)
    model = training.GAN(*networks, seed=seed)
    model.compile(*optimizers, **options)
    return model, optimizers, bench.OURS["batch_size"], held_then_cosine


def vae(seed):
    """Return the VAE of 03_vae, likewise."""
    networks = models.encoder(VAE_LATENT, widths=(16, 32, 48)), models.decoder(VAE_LATENT, (48, 32, 24))
    model = training.VAE(*networks, beta=BETA, seed=seed)
    model.compile(keras.optimizers.Adam(3e-3))
    return model, [model.optimizer], 32, cosine


def flow(seed):
    """Return the flow of 06_flow_matching, likewise."""
    model = training.FlowMatching(models.velocity(), seed=seed)
    model.compile(keras.optimizers.Adam(2e-3, 0.9, 0.99, use_ema=True, ema_momentum=0.99, global_clipnorm=1.0))
    return model, [model.optimizer], 16, cosine


FAMILIES = {"GAN": gan, "VAE": vae, "flow": flow}


def draw(model, count, seed=SAMPLE_SEED):
    """Return ``count`` images of any of the three."""
    if isinstance(model, training.FlowMatching):
        return model.sample(count, seed, steps=FLOW_STEPS)
    return training.sample(model.decoder if isinstance(model, training.VAE) else model.generator, count, seed)


def cost_of_sampling(model, count=500):
    """Return seconds of two cores for 1,000 images, compiling not included."""
    draw(model, count)
    begin = time.process_time()
    draw(model, count)
    return (time.process_time() - begin) / CORES * 1000 / count


class Laboratory:
    """The images, the two networks to measure with, and the real features."""

    def __init__(self):
        self.networks = {name: metrics.feature_network(name) for name in ("kitten_factors", "cifar10_features")}
        self.images = kittens.sample(4500, seed=0)[0]
        self.on_the_way, self.held_out, self.test = (
            kittens.sample(count, seed=seed)[0] for count, seed in ((1000, 41), (1000, 43), (2000, 42))
        )
        self.features = {name: network.features(self.test) for name, network in self.networks.items()}
        self.curve_features = self.networks["kitten_factors"].features(self.on_the_way)

    def on_the_curve(self, model, seconds):
        """Return the Fréchet distance of 1,000 images to 1,000 kittens that are not the test's."""
        features = self.networks["kitten_factors"].features(draw(model, len(self.on_the_way)))
        return metrics.frechet_distance(self.curve_features, features)

    def judge(self, samples):
        """Return everything that is measured on a finished model's images."""
        features = {name: network.features(samples) for name, network in self.networks.items()}
        distances = {name: metrics.frechet_distance(self.features[name], features[name]) for name in features}
        first = self.features["kitten_factors"][:NEIGHBOURS_SAMPLES], features["kitten_factors"][:NEIGHBOURS_SAMPLES]
        precision, recall = metrics.precision_recall(*first)
        density, coverage = metrics.density_coverage(*first)
        audit = metrics.memorisation_audit(samples[:NEIGHBOURS_SAMPLES], self.images, self.held_out)
        figures = {
            "distance": distances["kitten_factors"],
            "other_distance": distances["cifar10_features"],
            "precision": precision,
            "recall": recall,
            "density": density,
            "coverage": coverage,
            "p_value": audit.p_value,
        }
        return {**{name: round(value, 4) for name, value in figures.items()}, "suspects": len(audit.suspects)}

    def real(self):
        """Return the same figures of real kittens that nobody trained on: what a perfect generator would reach."""
        return self.judge(kittens.sample(SAMPLES, seed=44)[0].astype(np.float32) / 127.5 - 1)


def run(family, seed, lab):
    """Train one family with one seed; returns its row."""
    keras.utils.set_random_seed(seed)
    model, optimizers, batch_size, factor = FAMILIES[family](seed)
    clock = Clock(SECONDS, lab.on_the_curve, SECONDS / 3)
    steps = max(1, EPOCH_IMAGES // batch_size)
    rates = RateByClock(clock, optimizers, factor)
    training.fit(model, lab.images, 10**4 * steps, steps, batch_size, callbacks=[rates, clock])
    return {
        "family": family,
        "seed": seed,
        **lab.judge(draw(model, SAMPLES)),
        "sampling_seconds": round(cost_of_sampling(model), 3),
        "training_seconds": round(clock.seconds, 1),
        "steps": int(model.step),
        "images_seen": int(model.step) * batch_size,
        "weights": sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
        "curve": clock.curve,
    }


def markdown(result):
    """Return the section of benchmarks/README.md that fair_match.json is good for."""
    columns = {
        "Fréchet, test": ("distance", ".2f"),
        "other network": ("other_distance", ".2f"),
        "precision": ("precision", ".2f"),
        "recall": ("recall", ".2f"),
        "suspects of 1,000": ("suspects", "d"),
        "seconds for 1,000 samples": ("sampling_seconds", ".2f"),
        "steps": ("steps", ",d"),
    }
    rows = [["family", *columns], ["---"] * (1 + len(columns))]
    for family in FAMILIES:
        runs = [run for run in result["runs"] if run["family"] == family]
        rows.append([family, *(", ".join(f"{run[key]:{form}}" for run in runs) for key, form in columns.values())])
    real = [f"{result['real'][key]:{form}}" if key in result["real"] else "" for key, form in columns.values()]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in [*rows, ["real kittens", *real]])
    return f"""## GAN, VAE and flow matching at {result["seconds"]:g} seconds each

From `fair_match.json`, for notebook 06. Every seed; {result["samples"]:,} samples and as many test kittens, over
{" and ".join(result["networks"])}. Seconds as above. The flow takes {result["flow_steps"]} steps of Heun's method.

{lines}
"""


def main():
    """Run all families and seeds, one after the other; each finished run is kept, so that a stopped bench goes on."""
    tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy("float32")
    lab, pieces = Laboratory(), Pieces(NAME)
    real = pieces.get("real", lab.real)
    rows = [
        pieces.get(f"{family} {seed}", lambda f=family, s=seed: run(f, s, lab)) for seed in SEEDS for family in FAMILIES
    ]
    result = {
        "networks": [str(network) for network in lab.networks.values()],
        "seconds": SECONDS,
        "samples": SAMPLES,
        "neighbours_samples": NEIGHBOURS_SAMPLES,
        "flow_steps": FLOW_STEPS,
        "beta": BETA,
        "real": real,
        "runs": rows,
    }
    target = HERE / "fair_match.json" if SHARE == 1 else pieces.path.with_name(f"{NAME}.json")
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    pieces.forget()


if __name__ == "__main__":
    runtime.start()
    main()
