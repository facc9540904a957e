"""One of the workers that `test_distribution` starts: trains tiny models and keeps what it got in a file."""

import contextlib
import sys
from pathlib import Path

from aigc_utils import models, training
from aigc_utils.runtime import keras, tf

import numpy as np

IMAGES = np.random.default_rng(5).integers(0, 256, (48, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(48) % 3


def flow(optimizer):
    keras.utils.set_random_seed(0)
    model = training.FlowMatching(models.velocity(8, (4,), classes=(3,)), drop=0.3, seed=4)
    model.compile(optimizer)
    return model


def gan():
    """Return one with batch statistics and a moving average."""
    keras.utils.set_random_seed(0)
    model = training.GAN(models.generator(4, (8,)), models.discriminator(8, (4,)), seed=4)
    adam = keras.optimizers.Adam(1e-3, 0.0, 0.99, use_ema=True, ema_momentum=0.5)
    model.compile(adam, keras.optimizers.Adam(1e-3, 0.0, 0.99), r1_gamma=0.2, r1_every=2)
    return model


def train(kept, name, model, steps, per_epoch, **options):
    """Train and keep the losses and the weights."""
    kept[f"{name} loss"] = training.fit(model, IMAGES, steps, per_epoch, 8, **options)["loss"]
    kept.update({f"{name} {index}": weight for index, weight in enumerate(model.get_weights())})


def train_flows(folder, scope=contextlib.nullcontext):
    """Return what one step down the gradient and what 20 steps and a continued run of them come to."""
    kept, options = {}, {"labels": LABELS, "checkpoint": folder / "flow.weights.h5"}
    with scope():
        step, whole, continued = flow(keras.optimizers.SGD(1.0)), *(flow(keras.optimizers.Adam(1e-3)) for _ in "12")
    kept.update({f"start {index}": weight for index, weight in enumerate(step.get_weights())})
    train(kept, "step", step, 1, 1, labels=LABELS)
    train(kept, "whole", whole, 20, 5, **options)
    train(kept, "continued", continued, 20, 5, **options)
    return kept


def refusals(scope):
    """Return the sentences with which `training.fit` declines what workers cannot do together."""
    with scope():
        clipped = flow(keras.optimizers.SGD(1.0, global_clipnorm=1.0))
    for options in ({"batch_size": 8}, {"batch_size": 7}):
        try:
            training.fit(clipped, IMAGES, 1, 1, labels=LABELS, **options)
        except ValueError as error:
            yield str(error)


if __name__ == "__main__":
    tf.config.experimental.enable_op_determinism()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    folder, number = Path(sys.argv[1]), strategy.cluster_resolver.task_id
    kept = train_flows(folder, strategy.scope) | {"refusals": list(refusals(strategy.scope))}
    with strategy.scope():
        normalised = gan()
    train(kept, "gan", normalised, 4, 2)
    kept["files"] = [path.name for path in folder.iterdir()]
    np.savez(folder.parent / f"worker{number}.npz", **kept)
