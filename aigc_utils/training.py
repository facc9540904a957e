"""Training with ``keras.Model.fit``: steps, batches, and the callbacks that Keras does not have.

Taught in 04_training_a_gan. Everything random is a function of (seed, step), so a run that was killed continues from
its checkpoint to the same weights, bit for bit, as a run that was not.
"""

import contextlib
import os
import warnings
from pathlib import Path

from aigc_utils import losses
from aigc_utils.runtime import keras, tf

import numpy as np

# One stream of random numbers per use, so that the numbers of one never depend on another being drawn.
SHUFFLE, FLIP, LATENT, TIME, DROP = range(5)


def stream(seed, use, step):
    """Return the seed pair for `tf.random.stateless_*` that belongs to a run's ``seed``, a use and a step."""
    return tf.stack([tf.cast(seed, tf.int64) * 16 + use, tf.cast(step, tf.int64)])


def endless(batch, start_step=0):
    """Return an endless `tf.data.Dataset` of ``batch(step)`` from step ``start_step`` on, made in the background.

    TensorFlow does not tune it: both numbers are chosen here, and its tuning thread sleeps ever longer, so that in one
    run of eight the end of `fit` had to wait for it, for as long again as the training had taken.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    steps = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max)
    return steps.map(batch, num_parallel_calls=2, deterministic=True).prefetch(4).with_options(options)


def batches(images, batch_size=64, seed=0, start_step=0, flip=True, labels=None):
    """Return an endless `tf.data.Dataset` of float32 batches in [-1, 1] that begins with batch ``start_step``.

    ``images`` are uint8 (n, height, width, channels). Every epoch is a new permutation without replacement (an
    incomplete last batch is dropped); ``flip`` mirrors each image left to right with probability ½. Batch k depends on
    ``seed`` and k alone. With ``labels`` (n, …) a batch is the pair (images, their labels).
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(
            f"received images of {images.dtype} {images.shape}; expected uint8 (n, height, width, channels)."
        )
    if len(images) < batch_size:
        raise ValueError(f"received {len(images)} images for batches of {batch_size}; lower batch_size or add images.")
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"received {len(labels)} labels for {len(images)} images; expected one for each.")
    per_epoch = len(images) // batch_size
    with tf.device("CPU"):
        pictures = tf.constant(images)  # not the array: a dataset's graph would copy it whenever it is optimised

    def batch(step):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(images)), seed=stream(seed, SHUFFLE, step // per_epoch)
        )
        first = tf.cast(step % per_epoch, tf.int32) * batch_size
        places = order[first : first + batch_size]
        chosen = tf.gather(pictures, places)
        if flip:  # a choice between whole pictures of bytes: seven times as fast as tf.where on their numbers
            mirrored = tf.random.stateless_uniform((batch_size,), seed=stream(seed, FLIP, step)) < 0.5
            both = tf.stack([chosen, tf.reverse(chosen, [2])], axis=1)
            chosen = tf.gather(both, tf.cast(mirrored, tf.int32), batch_dims=1)
        chosen = tf.cast(chosen, tf.float32) / 127.5 - 1.0
        return chosen if labels is None else (chosen, tf.gather(labels, places))

    return endless(batch, start_step)


class Trainable(keras.Model):
    """What `fit` trains: a model that counts its steps, and whose noise ``seed`` and that count decide.

    A subclass has a ``train_step(batch)`` that returns a dictionary with the entry "loss", which `fit` watches, and
    that ends in ``self.step.assign_add(1)``.
    """

    def __init__(self, seed=0, name=None):
        super().__init__(name=name)
        self.seed = seed
        self.step = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="step")
        self.built = True

    @property
    def metrics(self):
        """No metrics of Keras' own: in place of a step's only entry "loss" it would show its tracker, which stays 0."""
        return []


class GAN(Trainable):
    """A generator and a discriminator that play against each other under ``fit``.

    ``generator`` maps (batch, latent_dim) to images in [-1, 1]; ``discriminator`` maps images to logits (batch, 1).
    ``fit`` takes real batches, see `batches`. ``seed`` and the model's own ``step`` decide all noise.
    """

    def __init__(self, generator, discriminator, seed=0, name="gan"):
        super().__init__(seed, name)
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim = generator.input_shape[-1]

    def compile(self, optimizer, d_optimizer, loss="non_saturating", r1_gamma=0.0, r1_every=1):
        """Choose optimizers, the loss by name (see `losses.ADVERSARIAL`) and the R1 penalty.

        ``optimizer`` is the generator's. Clipping, gradient accumulation and the moving average of weights (EMA) are
        Keras' own: ``Adam(global_clipnorm=…, gradient_accumulation_steps=…, use_ema=True)``. The R1 penalty (weight
        γ/2 = r1_gamma/2) is computed at every ``r1_every``-th step, and then counts ``r1_every`` times.
        """
        super().compile(optimizer=optimizer)
        self.d_loss, self.g_loss = losses.adversarial(loss)
        self.d_optimizer, self.r1_gamma, self.r1_every = d_optimizer, r1_gamma, r1_every
        optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    def latent(self, count, step):
        """Return the noise (count, latent_dim) of a training step, a function of the run's seed and ``step`` alone."""
        return tf.random.stateless_normal((count, self.latent_dim), seed=stream(self.seed, LATENT, step))

    def call(self, latent, training=False):
        """Return generated images in [-1, 1] for latent vectors (batch, latent_dim)."""
        return self.generator(latent, training=training)

    def train_step(self, real):
        """Improve the discriminator once, then the generator once, on one batch of real images."""
        step = self.step.value
        latent = self.latent(tf.shape(real)[0], step)
        with tf.GradientTape() as tape:
            fake = self.generator(latent, training=True)
        logs = self._train_discriminator(real, tf.stop_gradient(fake), step)
        with tape:  # goes on recording: the generator runs once a step, and is judged by the improved discriminator
            g_loss = self.g_loss(self.discriminator(fake, training=True))
        variables = self.generator.trainable_variables
        self.optimizer.apply(tape.gradient(g_loss, variables), variables)
        self.step.assign_add(1)
        # TerminateOnNaN watches the entry "loss": the sum is NaN or infinite as soon as one of the two is.
        return {"loss": g_loss + logs["d_loss"], "g_loss": g_loss, **logs}

    def _train_discriminator(self, real, fake, step):
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fake, training=True)
            d_loss = self.d_loss(real_logits, fake_logits)
            penalty = self._penalty(real, step)
            total = d_loss + 0.5 * self.r1_gamma * self.r1_every * penalty
        variables = self.discriminator.trainable_variables
        self.d_optimizer.apply(tape.gradient(total, variables), variables)
        return {
            "d_loss": d_loss,
            "r1": penalty,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
        }

    def _penalty(self, real, step):
        if not self.r1_gamma:
            return tf.constant(0.0)
        return tf.cond(
            step % self.r1_every == 0, lambda: losses.r1_penalty(self.discriminator, real), lambda: tf.constant(0.0)
        )


class VAE(Trainable):
    """An encoder and a decoder that raise a lower bound of the images' likelihood under ``fit``.

    ``encoder`` maps images to [mean, log_var], ``decoder`` latent vectors to images in [-1, 1]; with classes both take
    [input, labels], and ``fit`` takes labels too. The observation noise is one number, learnt with the rest: its size
    decides how many bits the latent vector is worth (σ-VAE, Rybkin et al. 2021).
    """

    def __init__(self, encoder, decoder, beta=1.0, seed=0, name="vae"):
        super().__init__(seed, name)
        self.encoder, self.decoder, self.beta = encoder, decoder, beta
        self.noise = self.add_weight(shape=(), initializer="zeros", name="noise")
        self.labelled = isinstance(decoder.input, list)

    @property
    def noise_log_var(self):
        """The logarithm of the observation noise's variance, a scalar; it learns at ten times the networks' rate."""
        return 10.0 * self.noise.value

    def compile(self, optimizer):
        """Choose the optimizer; clipping, accumulation and the moving average of weights (EMA) are its options."""
        super().compile(optimizer=optimizer)
        optimizer.build(self.trainable_variables)

    def call(self, latent, training=False):
        """Return decoded images in [-1, 1] for latent vectors (batch, latent_dim), or [latent vectors, labels]."""
        return self.decoder(latent, training=training)

    def encode(self, images, labels=None, step=0, training=False):
        """Return (latent, mean, log_var), each (batch, latent_dim); latent = mean + σ·ε, ε of the seed and ``step``."""
        mean, log_var = self.encoder([images, labels] if self.labelled else images, training=training)
        noise = tf.random.stateless_normal(tf.shape(mean), seed=stream(self.seed, LATENT, step))
        return mean + tf.exp(0.5 * log_var) * noise, mean, log_var

    def train_step(self, batch):
        """Raise the bound once; returns the loss in nats a value, and its two parts in nats an image."""
        images, labels = batch if self.labelled else (batch, None)
        with tf.GradientTape() as tape:
            latent, mean, log_var = self.encode(images, labels, self.step.value, training=True)
            decoded = self.decoder([latent, labels] if self.labelled else latent, training=True)
            likelihood = losses.gaussian_log_likelihood(images, decoded, self.noise_log_var)
            kl = losses.gaussian_kl(mean, log_var)
            loss = losses.negative_elbo(likelihood, kl, self.beta) / float(np.prod(images.shape[1:]))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.step.assign_add(1)
        return {"loss": loss, "reconstruction": -tf.reduce_mean(likelihood), "kl": tf.reduce_mean(kl)}


class NextToken(Trainable):
    """A network that learns under ``fit`` to foresee the next token: tokens (batch, length) to logits, see `models`.

    A batch is (tokens, targets), both int32 (batch, length). Targets below 0 are not asked for: the prompt, or nothing
    after the end. Taught in 07_text.
    """

    def __init__(self, network, seed=0, name="next_token"):
        super().__init__(seed, name)
        self.network = network

    def compile(self, optimizer):
        """Choose the optimizer; clipping and the moving average of weights (EMA) are its options."""
        super().compile(optimizer=optimizer)
        optimizer.build(self.network.trainable_variables)

    def call(self, tokens, training=False):
        """Return the logits of every next token."""
        return self.network(tokens, training=training)

    def train_step(self, batch):
        """Lower the mean cross-entropy, in nats a token, once."""
        tokens, targets = batch
        with tf.GradientTape() as tape:
            loss = losses.next_token_loss(self.network(tokens, training=True), targets)
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.step.assign_add(1)
        return {"loss": loss}


class FlowMatching(Trainable):
    """A velocity field that carries noise to images, trained under ``fit`` to follow straight ways between pairs.

    ``velocity`` maps [points, time] to velocities of the points' shape, or [points, time, labels]; see
    `models.velocity`. With labels ``fit`` takes labels too, and a share ``drop`` of them is hidden (−1), so that one
    network learns the field with and without them, for guidance (Ho and Salimans 2022).
    """

    def __init__(self, velocity, drop=0.1, seed=0, name="flow"):
        super().__init__(seed, name)
        self.velocity, self.drop, self.labelled = velocity, drop, len(velocity.inputs) == 3

    def compile(self, optimizer):
        """Choose the optimizer; clipping, accumulation and the moving average of weights (EMA) are its options."""
        super().compile(optimizer=optimizer)
        optimizer.build(self.velocity.trainable_variables)

    def call(self, points, time, labels=None, guidance=None, training=False):
        """Return velocities of points (batch, …) at ``time`` (batch,).

        ``labels`` None: of all labels together. A ``guidance`` w gives v(nothing) + w·(v(labels) − v(nothing)), which
        for w = 1 is v(labels): None gives that with one evaluation less.
        """
        if not self.labelled:
            return self.velocity([points, time], training=training)
        nothing = tf.fill((tf.shape(points)[0], self.velocity.inputs[2].shape[1]), -1)
        told = self.velocity([points, time, nothing if labels is None else labels], training=training)
        if labels is None or guidance is None:
            return told
        untold = self.velocity([points, time, nothing], training=training)
        return untold + guidance * (told - untold)

    def train_step(self, batch):
        """Follow the ways between a batch and as much noise for one step."""
        data, labels = batch if self.labelled else (batch, None)
        count, step = tf.shape(data)[0], self.step.value
        noise = tf.random.stateless_normal(tf.shape(data), seed=stream(self.seed, LATENT, step))
        time = tf.random.stateless_uniform((count,), seed=stream(self.seed, TIME, step))
        if self.labelled:
            hidden = tf.random.stateless_uniform((count, 1), seed=stream(self.seed, DROP, step)) < self.drop
            labels = tf.where(hidden, -1, tf.cast(labels, tf.int32))
        mixed, velocity = losses.interpolate(noise, data, time)
        with tf.GradientTape() as tape:
            loss = losses.flow_matching_loss(self(mixed, time, labels, training=True), velocity)
        variables = self.velocity.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.step.assign_add(1)
        return {"loss": loss}

    def generate(self, noise, steps=12, solver="heun", labels=None, guidance=None, batch_size=250):
        """Return the points at time 1, float32 (n, …), that the field carries ``noise`` (n, …) to in equal steps.

        ``solver`` "euler" asks the field once a step, "heun" twice (but once in the last step, whose end has no time
        left). ``labels`` (n, …) and ``guidance`` as in `call`.
        """
        if solver not in ("euler", "heun") or steps < 1:
            raise ValueError(f"received solver={solver!r}, steps={steps}; expected 'euler' or 'heun', and steps >= 1.")
        if labels is not None and (not self.labelled or len(labels) != len(noise)):
            raise ValueError(
                f"received {len(labels)} labels for {len(noise)} points"
                + ("; expected one for each." if self.labelled else ", but this field was trained without labels.")
            )
        noise, parts = tf.convert_to_tensor(noise), []
        guidance = None if guidance in (None, 1) else tf.constant(guidance, tf.float32)
        for first in range(0, len(noise), batch_size):
            told = None if labels is None else tf.cast(labels[first : first + batch_size], tf.int32)
            part = noise[first : first + batch_size]
            parts.append(self._integrate(part, tf.constant(steps), told, guidance, solver == "heun"))
        return tf.concat(parts, axis=0).numpy()

    @tf.function(reduce_retracing=True)
    def _integrate(self, points, steps, labels, guidance, heun):
        size, ones = 1.0 / tf.cast(steps, tf.float32), tf.ones(tf.shape(points)[:1])
        for k in tf.range(steps):
            time = tf.cast(k, tf.float32) * size
            slope = self(points, time * ones, labels, guidance)
            if heun and k < steps - 1:
                ahead = self(points + size * slope, (time + size) * ones, labels, guidance)
                slope = (slope + ahead) / 2
            points += size * slope
        return points

    def sample(self, count, seed=0, **options):
        """Return ``count`` generated images, float32 in [-1, 1], from noise that ``seed`` decides; see `generate`."""
        shape = (count, *self.velocity.inputs[0].shape[1:])
        noise = tf.random.stateless_normal(shape, seed=stream(seed, LATENT, -1))
        return np.clip(self.generate(noise, **options), -1, 1)


class SampleGrids(keras.callbacks.Callback):
    """Write a grid of pictures of fixed latent vectors to TensorBoard, under "samples", at the end of every epoch."""

    def __init__(self, log_dir, rows=4, columns=4, seed=0):
        super().__init__()
        self.log_dir, self.rows, self.columns, self.seed = str(log_dir), rows, columns, seed

    def on_epoch_end(self, epoch, logs=None):
        """Draw the grid with the generator as it is: the moving average, where there is one."""
        images = sample(self.model.generator, self.rows * self.columns, self.seed)
        _, height, width, channels = images.shape
        grid = images.reshape(self.rows, self.columns, height, width, channels).swapaxes(1, 2)
        grid = grid.reshape(1, self.rows * height, self.columns * width, channels)
        with tf.summary.create_file_writer(self.log_dir).as_default():
            tf.summary.image("samples", (grid + 1) / 2, step=int(self.model.step))


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


class EndOnAverage(keras.callbacks.Callback):
    """Leave the averaged weights in a model whose run a callback ends before its last epoch.

    `SwapEMAWeights` prepares for what Keras does after the last epoch only where that is the last one planned; after
    an earlier end the momentary weights would take the place of their average. List it last.
    """

    def on_train_begin(self, logs=None):
        """Begin with nothing to restore."""
        self.averaged = None

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
        step = int(self.model.step)
        if step:
            if not all(np.isfinite(weight).all() for weight in self.model.get_weights()):
                raise FloatingPointError(_not_finite(step, self.path))
            save_weights(self.model, self.path)


def save_weights(model, path):
    """Write a model's weights to ``path`` (NAME.weights.h5): either the whole file or, after an error, no change."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name[: -len('.weights.h5')]}.partial.weights.h5")
    try:
        model.save_weights(partial, overwrite=True)
        os.replace(partial, path)
    except OSError as error:
        raise OSError(
            f"could not write the weights to {path}: {error}. Free some space or choose a folder you may write to; "
            f"{'the previous file is unharmed' if path.exists() else 'nothing was left behind'}."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def resume(model, path):
    """Load a checkpoint into a compiled `Trainable` and return its step; 0 where there is no file at ``path`` yet."""
    path = Path(path)
    if not path.exists():
        return 0
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"the checkpoint {path} does not fit this model: {error} Use the networks and optimizers that it was "
            "written with, or delete it to begin anew."
        ) from error
    return int(model.step)


def fit(
    model, images, steps, steps_per_epoch=100, batch_size=64, flip=True, labels=None, checkpoint=None, callbacks=()
):
    """Train a compiled `Trainable` up to ``steps`` steps in all and return the history of its epochs.

    ``images`` are uint8 (n, height, width, channels); ``labels`` go with them, see `batches`. An *epoch* here is
    ``steps_per_epoch`` steps: how often callbacks look, not a pass over the data. With ``checkpoint`` (a
    path NAME.weights.h5) the run continues from there if the file exists, and keeps it up to date. Callbacks see the
    moving average of the weights (EMA) at the end of an epoch, if the optimizer has one, and the run ends on it;
    ``model.stop_training = True`` in a callback ends the run with its epoch. A loss that is not finite stops the run
    with a FloatingPointError.
    """
    if steps % steps_per_epoch:
        raise ValueError(f"received steps={steps}; expected a multiple of steps_per_epoch={steps_per_epoch}.")
    start = resume(model, checkpoint) if checkpoint else int(model.step)
    averaged = model.optimizer.use_ema
    before = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if averaged else []
    before += [RefreshBatchNorm()] if averaged and isinstance(model, GAN) else []
    before += [Checkpoint(checkpoint)] if checkpoint else []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*shuffle=True.*")  # Keras says so of every tf.data.Dataset
        history = keras.Model.fit(
            model,
            batches(images, batch_size, model.seed, start, flip, labels),
            initial_epoch=start // steps_per_epoch,
            epochs=steps // steps_per_epoch,
            steps_per_epoch=steps_per_epoch,
            callbacks=[*before, keras.callbacks.TerminateOnNaN(), *callbacks, *([EndOnAverage()] if averaged else [])],
            verbose=0,
        )
    if int(model.step) < steps and not np.isfinite(history.history["loss"][-1]):
        raise FloatingPointError(_not_finite(int(model.step), checkpoint))
    return history.history


def _not_finite(step, checkpoint):
    return (
        f"the loss or a weight is no longer a finite number at step {step}. Lower the learning rate, clip the "
        "gradients (global_clipnorm in the optimizer) or look for bad values in the images. "
        + (f"The last good state is in {checkpoint}." if checkpoint else "No checkpoint was asked for.")
    )


def latent_vectors(generator, count, seed=0):
    """Return the latent vectors (count, latent_dim) that ``seed`` decides; a smaller count is the beginning of more."""
    return tf.random.stateless_normal((count, generator.input_shape[-1]), seed=stream(seed, LATENT, -1))


def sample(generator, count, seed=0, batch_size=250):
    """Return ``count`` generated images, float32 in [-1, 1], from the latent vectors that ``seed`` decides."""
    latent = latent_vectors(generator, count, seed)
    parts = [generator(latent[i : i + batch_size], training=False) for i in range(0, count, batch_size)]
    return tf.concat(parts, axis=0).numpy()
