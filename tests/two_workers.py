"""One of the workers that `test_distribution` starts: trains tiny models and keeps what it got in a file."""

import contextlib
import sys
from pathlib import Path

from aigc_utils import models, training
from aigc_utils.runtime import keras, tf

import numpy as np

IMAGES = np.random.default_rng(5).integers(0, 256, (48, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(48) % 3


RATE = 0.01


def flow(**options):
    """Return one whose weights are all away from 0, where gradients vanish."""
    rng = np.random.default_rng(6)
    model = training.FlowMatching(models.velocity(8, (4,), classes=(3,)), drop=0.3, seed=4)
    model.velocity.set_weights([0.1 * rng.normal(size=weight.shape) for weight in model.velocity.get_weights()])
    model.compile(keras.optimizers.SGD(RATE, momentum=0.2, **options))
    return model


def gan():
    """Return one with batch statistics and a moving average."""
    keras.utils.set_random_seed(0)
    model = training.GAN(models.generator(4, (8,)), models.discriminator(8, (4,)), seed=4)
    adam = keras.optimizers.Adam(1e-3, 0.0, 0.99, use_ema=True, ema_momentum=0.5)
    model.compile(adam, keras.optimizers.Adam(1e-3, 0.0, 0.99), r1_gamma=0.2, r1_every=2)
    return model


def weights(name, model):
    return {f"{name} {index}": weight for index, weight in enumerate(model.get_weights())}


def train_a_flow(folder, scope=contextlib.nullcontext):
    """Return a flow's weights after 0, 1 and 20 steps, and after going on from a checkpoint; the losses until 20."""
    options = {"batch_size": 8, "labels": LABELS}
    with scope():
        model = flow()
    kept = weights("start", model)
    losses = training.fit(model, IMAGES, 1, 1, **options)["loss"]
    kept |= weights("step", model)
    losses += training.fit(model, IMAGES, 4, 1, **options)["loss"]
    options["checkpoint"] = folder / "flow.weights.h5"
    losses += training.fit(model, IMAGES, 20, 4, **options)["loss"]
    kept |= weights("whole", model)
    again = training.fit(model, IMAGES, 20, 4, **options)["loss"]  # its last epoch, from the checkpoint
    return kept | weights("continued", model) | {"losses": losses, "again": again}


def refusals(scope):
    """Return the sentences with which `training.fit` declines what workers cannot do together."""
    with scope():
        clipped = flow(global_clipnorm=1.0)
        several = flow()
    several.steps_per_execution = 2
    for model, options in ((clipped, {"batch_size": 8}), (clipped, {"batch_size": 7}), (several, {"batch_size": 8})):
        try:
            training.fit(model, IMAGES, 2, 2, labels=LABELS, **options)
        except ValueError as error:
            yield str(error)


if __name__ == "__main__":
    tf.config.experimental.enable_op_determinism()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    folder, number = Path(sys.argv[1]), strategy.cluster_resolver.task_id
    kept = train_a_flow(folder, strategy.scope) | {"refusals": list(refusals(strategy.scope))}
    with strategy.scope():
        normalised = gan()
    training.fit(normalised, IMAGES, 4, 2, 8)
    kept |= weights("gan", normalised) | {"files": [path.name for path in folder.iterdir()]}
    np.savez(folder.parent / f"worker{number}.npz", **kept)
