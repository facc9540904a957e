"""How it is trained: batches, callbacks that Keras does not have, checkpoints, and `fit` around ``keras.Model.fit``.

Taught in 04_training_a_gan. Everything random is a function of (seed, step), so a run that was killed continues from
its checkpoint to the same weights, bit for bit, as a run that was not. What is trained is written in `trainables`,
and asked for here: ``training.GAN``.
"""

import functools
import math
import time
import warnings
from pathlib import Path

from aigc_utils import checks, files, plots
from aigc_utils.runtime import keras, tf
from aigc_utils.trainables import DROP, FLIP, LATENT, SHUFFLE, TIME, latent_vectors, sample, stream  # noqa: F401

# isort: split
from aigc_utils.trainables import GAN, VAE, FlowMatching, NextToken, Trainable  # noqa: F401

import numpy as np


def endless(batch, start_step=0):
    """Return an endless `tf.data.Dataset` of ``batch(step)`` from step ``start_step`` on, made in the background.

    TensorFlow does not tune it: both numbers are chosen here, and its tuning thread sleeps ever longer, so that in one
    run of eight the end of `fit` had to wait for it, for as long again as the training had taken.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    steps = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max)
    return steps.map(batch, num_parallel_calls=2, deterministic=True).prefetch(4).with_options(options)


def _insist_on_pictures(images, batch_size, labels):
    """Return images that make a batch at least, as an array, or raise a ValueError."""
    checks.whole(1, batch_size=batch_size)
    images = np.asarray(images)
    if images.dtype != np.uint8:
        wanted = "uint8 (n, height, width, channels): floats in [-1, 1] become bytes by data.to_uint8(images)"
        raise ValueError(f"received images of {images.dtype} {images.shape}; expected {wanted}.")
    images = checks.images(images)
    if len(images) < batch_size:
        raise ValueError(f"received {len(images)} images for batches of {batch_size}; lower batch_size or add images.")
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"received {len(labels)} labels for {len(images)} images; expected one for each.")
    return images


def batches(images, batch_size=64, seed=0, start_step=0, flip=True, labels=None):
    """Return an endless `tf.data.Dataset` of float32 batches in [-1, 1] that begins with batch ``start_step``.

    ``images`` are uint8 (n, height, width, channels), grey ones also without the last; a `numpy.memmap` stays on the
    disk. Every epoch is a new permutation without replacement (an incomplete last batch is dropped); ``flip`` mirrors
    each image left to right with probability ½. Batch k depends on ``seed`` and k alone. With ``labels`` (n, …) a batch
    is (images, their labels).
    """
    mapped, images = isinstance(images, np.memmap), _insist_on_pictures(images, batch_size, labels)
    per_epoch = len(images) // batch_size
    with tf.device("CPU"):  # not the array: a dataset's graph would copy it whenever it is optimised
        pictures = None if mapped else tf.constant(images)

    def pick(places):
        if not mapped:
            return tf.gather(pictures, places)
        read = tf.numpy_function(images.__getitem__, [places], tf.uint8, stateful=False)
        return tf.ensure_shape(read, (batch_size, *images.shape[1:]))

    def batch(step):
        own = stream(seed, SHUFFLE, step // per_epoch)
        order = tf.random.experimental.stateless_shuffle(tf.range(len(images)), own)
        first = tf.cast(step % per_epoch, tf.int32) * batch_size
        places = order[first : first + batch_size]
        chosen = pick(places)
        if flip:  # a choice between whole pictures of bytes: seven times as fast as tf.where on their numbers
            mirrored = tf.random.stateless_uniform((batch_size,), seed=stream(seed, FLIP, step)) < 0.5
            both = tf.stack([chosen, tf.reverse(chosen, [2])], axis=1)
            chosen = tf.gather(both, tf.cast(mirrored, tf.int32), batch_dims=1)
        chosen = tf.cast(chosen, tf.float32) / 127.5 - 1.0
        return chosen if labels is None else (chosen, tf.gather(labels, places))

    return endless(batch, start_step)


class SampleGrids(keras.callbacks.Callback):
    """Write a grid of pictures of fixed latent vectors to TensorBoard, under "samples", at the end of every epoch."""

    def __init__(self, log_dir, rows=4, columns=4, seed=0):
        super().__init__()
        self.log_dir, self.rows, self.columns, self.seed = str(log_dir), rows, columns, seed

    def on_epoch_end(self, epoch, logs=None):
        """Draw the grid with the generator as it is: the moving average, where there is one."""
        images = sample(self.model.generator, self.rows * self.columns, self.seed)
        with tf.summary.create_file_writer(self.log_dir).as_default():
            grid = plots.tile(images, self.columns, gap=0)[None]
            tf.summary.image("samples", grid, step=int(self.model.step.numpy()))


class RefreshBatchNorm(keras.callbacks.Callback):
    """Give a generator's batch normalisation the statistics that belong to its averaged weights, at an epoch's end.

    The layers' running statistics follow the weights of the moment; beside the moving average of the weights they are
    those of another network, and its pictures suffer (Izmailov et al. 2018, section 3.2, "batch normalization"). List
    it after `SwapEMAWeights`. Training itself never reads these statistics, so it is not changed.
    """

    def __init__(self, count=1000, seed=0):
        super().__init__()
        self.count, self.seed = count, seed

    def on_epoch_end(self, epoch, logs=None):
        """Pass ``count`` latent vectors through the generator as one batch, and keep that batch's statistics."""
        generator = self.model.generator
        layers = [layer for layer in generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
        momenta = [layer.momentum for layer in layers]
        for layer in layers:
            layer.momentum = 0.0  # forget what was
        generator(latent_vectors(generator, self.count, self.seed), training=True)
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


LAST_RATE = 0.05  # of a learning rate, at the end of its fall


def held_then_cosine(share):
    """Return the learning rate's factor after a share of the time: 1 for one half, then a cosine to LAST_RATE."""
    fall = max(0.0, 2 * share - 1)
    return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * fall)) / 2


class WithinTime(keras.callbacks.Callback):
    """End a run after so many ``seconds`` by the clock on the wall, and let its learning rates fall with them.

    ``record`` is [[seconds at an epoch's end, factor of the rates in it], …]. A run that goes on begins with what was
    recorded of it, and its clock goes on from there; given to another run of the same steps, whose ``seconds`` are
    infinite, it repeats the rates. ``begin`` is when the clock began, by `time.perf_counter`; by default now.
    ``factor`` gives that of the rates after a share of the time.
    """

    def __init__(self, seconds, optimizers, record=(), begin=None, factor=held_then_cosine):
        super().__init__()
        self.fall = factor
        self.limit, self.optimizers, self.record = seconds, optimizers, [list(entry) for entry in record]
        self.rates = [float(optimizer.learning_rate) for optimizer in optimizers]
        before = self.record[-1][0] if self.record else 0.0
        self.zero = (time.perf_counter() if begin is None else begin) - before

    @property
    def seconds(self):
        """The seconds that are used up."""
        return time.perf_counter() - self.zero

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rates for the epoch."""
        self.begin = self.seconds
        known = epoch < len(self.record)
        self.factor = self.record[epoch][1] if known else self.fall(min(1.0, self.begin / self.limit))
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            optimizer.learning_rate = rate * self.factor

    def on_epoch_end(self, epoch, logs=None):
        """End the run where the next epoch would end farther from the limit than this one."""
        if epoch == len(self.record):
            self.record.append([round(self.seconds, 3), self.factor])
        if self.seconds + (self.seconds - self.begin) / 2 >= self.limit:
            self.model.stop_training = True


def step_seconds(model, images, steps=8, **options):
    """Return the seconds of a training step, compiling left out; afterwards the model is as it was.

    The mean over ``steps``, after half as many; ``options`` are those of `fit`.
    """
    variables = [*model.variables, *(variable for one in _optimizers(model) for variable in one.variables)]
    before, times = [variable.numpy() for variable in variables], []
    count, stamp = steps + steps // 2, lambda batch, logs: times.append(time.perf_counter())
    fit(model, images, count, count, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=stamp)], **options)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return (times[-1] - times[-1 - steps]) / steps


class EndOnAverage(keras.callbacks.Callback):
    """Leave the averaged weights in a model whose run a callback ends before its last epoch.

    `SwapEMAWeights` prepares for what Keras does after the last epoch only where that is the last one planned; after
    an earlier end the momentary weights would take the place of their average. List it last.
    """

    averaged = None  # nothing to restore

    def on_epoch_end(self, epoch, logs=None):
        """Keep the weights as callbacks see them, if this is the end."""
        if self.model.stop_training:
            self.averaged = self.model.get_weights()

    def on_train_end(self, logs=None):
        """Put them back."""
        if self.averaged is not None:
            self.model.set_weights(self.averaged)


class Checkpoint(keras.callbacks.Callback):
    """Keep the state of a run (weights, optimizers, moving averages, step) in one file, for `resume`.

    Saves when an epoch begins, because a checkpoint must hold the weights that training goes on from: at an epoch's
    end `SwapEMAWeights` may have exchanged them. List it after `SwapEMAWeights`. The file is replaced as a whole, so a
    kill or a full disk leaves the previous one. Weights that are not finite are never saved.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        if not self.path.name.endswith(".weights.h5"):
            raise ValueError(f"received the checkpoint path {str(path)!r}; expected a name that ends in '.weights.h5'.")

    def on_epoch_begin(self, epoch, logs=None):
        """Save the state of the run, except before its first step."""
        step = int(self.model.step.numpy())
        if step:
            if not all(np.isfinite(weight).all() for weight in self.model.get_weights()):
                raise FloatingPointError(_not_finite(step, self.path))
            if self.model.distribute_strategy.extended.should_checkpoint:  # one of several workers
                save_weights(self.model, self.path)


def save_weights(model, path):
    """Write a model's weights to ``path`` (NAME.weights.h5): either the whole file or, after an error, no change.

    Of several processes that write the same path at a time, the last to finish wins.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with files.replacing(path) as partial:
            model.save_weights(partial, overwrite=True)
    except OSError as error:
        kept = "the previous file is unharmed" if path.exists() else "nothing was left behind"
        advice = f"Free some space or choose a folder you may write to; {kept}"
        raise OSError(f"could not write the weights to {path}: {error}. {advice}.") from error


def resume(model, path):
    """Load a checkpoint into a compiled `Trainable` and return its step; 0 where there is no file at ``path`` yet.

    What ``compile`` was told wins over what the checkpoint was trained with: learning rate, momenta, decay, clipping.
    """
    path = Path(path)
    if not path.exists():
        return 0
    for optimizer in _optimizers(model):
        optimizer.load_own_variables = functools.partial(_load_all_but_rate, optimizer)
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        advice = "Use the networks and optimizers that it was written with, or delete it to begin anew."
        raise ValueError(f"the checkpoint {path} does not fit this model: {error} {advice}") from error
    finally:
        for optimizer in _optimizers(model):
            del optimizer.load_own_variables
    return int(model.step.numpy())


def _optimizers(model):
    """Return a model's optimizers, and those inside of them that LossScaleOptimizer has wrapped."""
    outer = [one for one in (model.optimizer, getattr(model, "d_optimizer", None)) if one is not None]
    return outer + [one.inner_optimizer for one in outer if hasattr(one, "inner_optimizer")]


def _load_all_but_rate(optimizer, store):
    """Load an optimizer's variables; the rate of a checkpoint, second where no schedule made it, is left out."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    variables = [variable for variable in optimizer.variables if variable is not inner._learning_rate]
    stored = [store[str(index)] for index in range(len(store.keys()))]
    if len(stored) == len(variables) + 1:
        del stored[len(optimizer.variables) - len(inner.variables) + 1]
    for variable, value in zip(variables, stored, strict=True):
        variable.assign(value)


def fit(
    model, images, steps, steps_per_epoch=100, batch_size=64, flip=True, labels=None, checkpoint=None, callbacks=()
):
    """Train a compiled `Trainable` up to ``steps`` steps in all and return the history of its epochs.

    ``images`` are uint8 (n, height, width, channels); ``labels`` (n, k), or (n,) for k = 1, choose among the model's
    classes. An *epoch* here is ``steps_per_epoch`` steps: how often callbacks look, not a pass over the data. With
    ``checkpoint`` (a path NAME.weights.h5) the run continues from there if the file exists, and keeps it up to date.
    Callbacks see the moving average of the weights (EMA) at the end of an epoch, if the optimizer has one, and the run
    ends on it; ``model.stop_training = True`` in a callback ends the run with its epoch. A loss that is not finite
    stops the run with a FloatingPointError.

    Several workers of a `tf.distribute.Strategy` train one model, with ``batch_size`` pictures a step in all, each its
    own share: make networks, model and optimizers and compile inside ``with strategy.scope():``, then call `fit` with
    the same arguments in every process. One of them writes the checkpoint, all read it.
    """
    if not model.compiled:
        raise ValueError("received a model without an optimizer; call model.compile(optimizer) first.")
    checks.whole(1, steps=steps, steps_per_epoch=steps_per_epoch)
    labels = model.told(labels, len(images)) if model.labelled or labels is not None else None
    if checkpoint:
        resume(model, checkpoint)
    start = int(model.step.numpy())
    _refuse_other_ends(start, steps, steps_per_epoch, model.steps_per_execution)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*shuffle=True.*")  # Keras says so of every tf.data.Dataset
        history = keras.Model.fit(
            model,
            _shares(model, batches(images, batch_size, model.seed, start, flip, labels), batch_size),
            initial_epoch=start // steps_per_epoch,
            epochs=steps // steps_per_epoch,
            steps_per_epoch=steps_per_epoch,
            callbacks=_callbacks(model, checkpoint, callbacks),
            verbose=0,
        )
    if int(model.step.numpy()) < steps and not np.isfinite(history.history["loss"][-1]):
        raise FloatingPointError(_not_finite(int(model.step.numpy()), checkpoint))
    return history.history


def _refuse_other_ends(start, steps, steps_per_epoch, at_once):
    """Raise ValueError where whole epochs from step ``start``, ``at_once`` steps at a time, do not end at ``steps``."""
    if steps_per_epoch % at_once:  # Keras would go on to the next multiple
        said = f"received {steps_per_epoch=} for a model of steps_per_execution={at_once}; expected a multiple of it"
        raise ValueError(f"{said}. steps_per_execution={math.gcd(steps_per_epoch, at_once)} would do.")
    if steps % steps_per_epoch or start % steps_per_epoch:
        said = f"received steps={steps} for a model that has done {start}; expected multiples of {steps_per_epoch=}"
        raise ValueError(f"{said}. {math.gcd(start, steps, steps_per_epoch)} would do, or a new model.")
    if start > steps:
        raise ValueError(f"received steps={steps} in all, but {start} are done already; ask for more, or begin anew.")


def _callbacks(model, checkpoint, callbacks):
    averaged = getattr(model.optimizer, "inner_optimizer", model.optimizer).use_ema  # not of one that scales the loss
    before = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if averaged else []
    if model.distribute_strategy.num_replicas_in_sync > 1:
        before += [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: _share_statistics(model))]
    if averaged and isinstance(model, GAN):
        most = 32 * 32 * 1000  # pixels: a bound on memory
        before += [RefreshBatchNorm(min(1000, most // math.prod(model.generator.output_shape[1:3])))]
    before += [Checkpoint(checkpoint)] if checkpoint else []
    return [*before, keras.callbacks.TerminateOnNaN(), *callbacks, *([EndOnAverage()] if averaged else [])]


def _share_statistics(model):
    """Give all workers the mean of what each has counted in its own batches, the statistics of batch normalisation."""
    counted = [variable.value for variable in model.non_trainable_variables if variable.dtype == "float32"]

    @tf.function
    def share():
        mean = functools.partial(tf.distribute.get_replica_context().all_reduce, tf.distribute.ReduceOp.MEAN)
        for variable in counted:
            variable.assign(mean(tf.identity(variable)))

    model.distribute_strategy.run(share)


def _shares(model, dataset, batch_size):
    """Return the dataset as it is for one worker; for several each one's own share of every batch."""
    strategy = model.distribute_strategy
    workers = strategy.num_replicas_in_sync
    if workers == 1:
        return dataset
    unfit = ("clipnorm", "global_clipnorm", "clipvalue", "gradient_accumulation_steps", "inner_optimizer")
    if model.steps_per_execution > 1:  # TensorFlow then asks for a placeholder of its own making
        raise ValueError(f"received steps_per_execution={model.steps_per_execution} for {workers} workers; expected 1.")
    if batch_size % workers or any(getattr(one, name, None) for one in _optimizers(model) for name in unfit):
        wanted = "a multiple of their number, and optimizers without clipping, accumulation and loss scaling"
        said = f"received {batch_size=} for {workers} workers; expected {wanted}"
        raise ValueError(f"{said}, which each worker would do for itself.")

    def own(context):
        here = workers // context.num_input_pipelines  # replicas of this process: they take turns
        first = here * context.input_pipeline_id

        def share(*batch):
            parts = [tf.reshape(x, (workers, -1, *x.shape[1:]))[first : first + here] for x in batch]
            return tuple(parts) if len(parts) > 1 else parts[0]

        return dataset.map(share).unbatch()

    return strategy.distribute_datasets_from_function(own)


def _not_finite(step, checkpoint):
    kept = f"The last good state is in {checkpoint}." if checkpoint else "No checkpoint was asked for."
    advice = "clip the gradients (global_clipnorm in the optimizer) or look for bad values in the images"
    said = f"the loss or a weight is no longer a finite number at step {step}"
    return f"{said}. Lower the learning rate, {advice}. {kept}"
