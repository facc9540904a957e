"""One of the workers that `test_distribution` starts: trains tiny models and keeps what it got in a file."""

import contextlib
import sys
from pathlib import Path

from aigc_utils import models, training
from aigc_utils.runtime import keras, tf

import numpy as np

IMAGES = np.random.default_rng(5).integers(0, 256, (48, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(48) % 3
BATCH = {"batch_size": 8}


def flow(optimizer):
    keras.utils.set_random_seed(0)
    model = training.FlowMatching(models.velocity(8, (4,), classes=(3,)), drop=0.3, seed=4)
    model.compile(optimizer)
    return model


def gan(batch_norm):
    keras.utils.set_random_seed(0)
    generator = models.generator(4, (8,), batch_norm=batch_norm)
    model = training.GAN(generator, models.discriminator(8, (4,)), seed=4)
    adam = keras.optimizers.Adam(1e-3, 0.0, 0.99, use_ema=not batch_norm, ema_momentum=0.5)
    model.compile(adam, keras.optimizers.Adam(1e-3, 0.0, 0.99), r1_gamma=0.2, r1_every=2)
    return model


def results(folder, scope=contextlib.nullcontext):
    """Return what one worker gets: a name to an array each."""
    kept = {}

    def run(name, model, *steps, **options):
        kept[f"{name} loss"] = training.fit(model, IMAGES, *steps, **BATCH, **options)["loss"]
        kept.update({f"{name} {k}": weight for k, weight in enumerate(model.get_weights())})

    with scope():
        step, whole, first, second = (
            flow(make()) for make in [lambda: keras.optimizers.SGD(1.0)] + 3 * [lambda: keras.optimizers.Adam(1e-3)]
        )
        plain, normalised = gan(False), gan(True)
    run("step", step, 1, 1, labels=LABELS)
    run("flow", whole, 20, 4, labels=LABELS)
    checkpoint = folder / "flow.weights.h5"
    run("first", first, 12, 4, labels=LABELS, checkpoint=checkpoint)
    run("second", second, 20, 4, labels=LABELS, checkpoint=checkpoint)
    run("gan", plain, 20, 4)
    run("batch norm", normalised, 8, 4)
    kept["files"] = sorted(path.name for path in folder.iterdir())
    return kept


if __name__ == "__main__":
    tf.config.experimental.enable_op_determinism()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    folder, number = Path(sys.argv[1]), strategy.cluster_resolver.task_id
    np.savez(folder.parent / f"worker{number}.npz", **results(folder, strategy.scope))
