"""The kitten generator in a quarter of its weights: distilled, and trained from scratch. Writes compression.json.

python benchmarks/compression.py [SEEDS]    three by default; what compression.json holds is kept

Both get the same seconds (of `budget.Clock`, on two cores). The first distilled student is what the collection ships.
"""

import functools
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from aigc_utils.training import LATENT, held_then_cosine  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402
from budget import BUILD, Clock, RateByClock  # noqa: E402

STORE = HERE / "compression.json"
SHIPPED = HERE.parent / "data/pretrained/kitten_generator_small.weights.h5"
TEACHER, STUDENT = "kitten_generator", "kitten_generator_small"
SECONDS, COPYING, SEEDS = 480.0, 0.5, 3  # for each; the share in which the student only copies
BATCH, NEAR = 32, 1.0  # pictures a step; how much the second part still asks for the teacher's pixels
DRAWS, COUNT = 5, 2000  # of pictures to measure by
NETWORKS = "kitten_factors", "cifar10_features"


class Imitation(training.Trainable):
    """A student that learns to draw what its teacher draws from the same latent vector, in mean |difference|.

    Both map latent vectors (batch, n) to images in [-1, 1]. Every step has new vectors, so that the data never end:
    of what ``fit`` takes, the number of pictures in a batch alone counts (Hinton et al. 2015; Aguinaldo et al. 2019).
    """

    def __init__(self, student, teacher, seed=0):
        super().__init__(seed, "imitation")
        self.student, self.teacher = student, teacher
        self.teacher.trainable = False

    def train_step(self, batch):
        """Come nearer to the teacher's pictures once."""
        shape = (tf.shape(batch)[0], self.student.input_shape[-1])
        latent = self.draw(tf.random.stateless_normal, shape, LATENT, self.step.value)
        wanted = self.teacher(latent, training=False)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(self.student(latent, training=True) - wanted))
        self.descend(tape, loss, self.student.trainable_variables)
        return self.report(loss=loss)


class GuidedGAN(training.GAN):
    """A GAN whose generator is also asked for its teacher's pixels: what copying blurs, the discriminator sharpens."""

    def __init__(self, student, discriminator, teacher, near=NEAR, seed=0):
        super().__init__(student, discriminator, seed)
        self.teacher, self.near = teacher, near
        self.teacher.trainable = False

    def train_step(self, real):
        """Improve the discriminator once, then the student once, which is ``near`` · mean |difference| to lose, too."""
        step = self.step.value
        latent = self.latent(tf.shape(real)[0], step)
        wanted = self.teacher(latent, training=False)
        with tf.GradientTape() as tape:
            fake = self.generator(latent, training=True)
        logs = self._train_discriminator(real, tf.stop_gradient(fake), step)
        with tape:
            away = tf.reduce_mean(tf.abs(fake - wanted))
            loss = self.g_loss(self.discriminator(fake, training=True)) + self.near * away
        self.descend(tape, loss, self.generator.trainable_variables)
        return self.report(loss=loss + logs["d_loss"], away=away, **logs)


def trained(model, optimizers, images, seconds):
    """Train a compiled model on ``images`` for so many seconds of two cores; return its steps."""
    clock = Clock(seconds, lambda model, spent: 0.0, np.inf)
    model.steps_per_execution = 10
    training.fit(model, images, 10**7, 100, BATCH, callbacks=[RateByClock(clock, optimizers, held_then_cosine), clock])
    return int(model.step)


def adams(rate):
    """Return a GAN's two optimizers; the generator's keeps a moving average of its weights."""
    average = {"use_ema": True, "ema_momentum": 0.99}
    return [keras.optimizers.Adam(rate, 0.0, 0.99, **options) for options in (average, {})]


def scratch(images, seed, seconds=SECONDS):
    """Return the small generator trained as 04_training_a_gan does, without a teacher, and its steps."""
    keras.utils.set_random_seed(seed)
    gan = training.GAN(models.build(STUDENT), models.discriminator(full_size=16), seed=seed)
    optimizers = adams(2e-3)
    gan.compile(*optimizers, r1_gamma=3.0, r1_every=4)
    return gan.generator, trained(gan, optimizers, images, seconds)


def distilled(images, seed, seconds=SECONDS):
    """Return the small generator that copied its teacher and was then sharpened by a discriminator, and its steps."""
    keras.utils.set_random_seed(seed)
    student, teacher = models.build(STUDENT), models.load_pretrained(TEACHER)
    copying = Imitation(student, teacher, seed)
    optimizers = [keras.optimizers.Adam(3e-3, 0.9, 0.99, use_ema=True, ema_momentum=0.995)]
    copying.compile(*optimizers)
    steps = trained(copying, optimizers, images, COPYING * seconds)
    gan = GuidedGAN(student, models.discriminator(full_size=16), teacher, seed=seed)
    optimizers = adams(1e-3)
    gan.compile(*optimizers, r1_gamma=3.0, r1_every=4)
    return student, steps + trained(gan, optimizers, images, (1 - COPYING) * seconds)


@functools.cache
def judge(name):
    """Return a feature network and its features of held-out kittens."""
    network = metrics.feature_network(name)
    return network, network.features(kittens.sample(COUNT, seed=11)[0])


def distances(pictures):
    """Return {network: mean distance to held-out kittens over some draws}; ``pictures(draw)`` returns COUNT of them."""
    found = {name: [] for name in NETWORKS}
    for draw in range(DRAWS):
        images = pictures(draw)
        for name in NETWORKS:
            network, held_out = judge(name)
            found[name].append(metrics.frechet_distance(held_out, network.features(images)))
    return {name: float(np.mean(values)) for name, values in found.items()}


def of(network):
    """Return the row of a generator: its weights and its distances."""
    return {"weights": network.count_params()} | distances(lambda draw: training.sample(network, COUNT, 100 + draw))


def main(seeds=SEEDS):
    """Fill the store up to a number of seeds of both recipes."""
    runtime.start(0)
    store = json.loads(STORE.read_text()) if STORE.exists() else {"seconds": SECONDS, "rows": []}
    if "teacher" not in store:
        store["teacher"] = of(models.load_pretrained(TEACHER))
        store["real kittens"] = distances(lambda draw: kittens.sample(COUNT, seed=200 + draw)[0])
    images = kittens.sample(4500, seed=0)[0]
    for seed in range(seeds):
        for recipe in (distilled, scratch):
            if any((row["recipe"], row["seed"]) == (recipe.__name__, seed) for row in store["rows"]):
                continue
            network, steps = recipe(images, seed)
            training.save_weights(network, BUILD / "bench" / f"{recipe.__name__}_{seed}.weights.h5")
            if (recipe, seed) == (distilled, 0):
                training.save_weights(network, SHIPPED)
            store["rows"].append({"recipe": recipe.__name__, "seed": seed, "steps": steps} | of(network))
            print(store["rows"][-1], flush=True)
            notebooks.write(STORE, json.dumps(store, indent=1) + "\n")


def markdown(store):
    """Return the section of benchmarks/README.md."""
    teacher, floor = store["teacher"], store["real kittens"]
    first, second = NETWORKS
    rows = [("teacher", "", teacher), *((row["recipe"], row["seed"], row) for row in store["rows"])]
    lines = "\n".join(
        f"| {name} | {seed} | {row['weights']:,} | {row[first]:.2f} | {row[first] / teacher[first]:.2f} "
        f"| {row[second]:.2f} |"
        for name, seed, row in rows
    )
    return f"""## A generator in a quarter of its weights

From `compression.json`: the kitten generator distilled into a quarter of its weights, and the same small network
trained from scratch, each for {store["seconds"]:.0f} seconds of two cores. Distances of {COUNT:,} pictures to {COUNT:,}
held-out kittens, means of {DRAWS} draws; other drawn kittens have {floor[first]:.2f} and {floor[second]:.2f}.

| generator | seed | weights | {first} | over the teacher's | {second} |
|---|---|---|---|---|---|
{lines}
"""


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
