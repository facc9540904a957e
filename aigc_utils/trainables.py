"""What is trained: GAN, VAE, next-token model and flow, each a ``keras.Model`` with its step. `training` says how.

Everybody asks `training` for these names: it is the one door to both rooms.
"""

from aigc_utils import checks, losses, models
from aigc_utils.runtime import keras, tf

import numpy as np

# One stream of random numbers per use, so that the numbers of one never depend on another being drawn.
SHUFFLE, FLIP, LATENT, TIME, DROP = range(5)


def stream(seed, use, step):
    """Return the seed pair for `tf.random.stateless_*` that belongs to a run's ``seed``, a use and a step."""
    return tf.stack([tf.cast(seed, tf.int64) * 16 + use, tf.cast(step, tf.int64)])


def _sum_as_one(pairs):
    """Return pairs of gradient and variable, the gradients summed over all workers: one message, not one for each."""
    gradients, variables = zip(
        *((tf.convert_to_tensor(gradient), variable) for gradient, variable in pairs), strict=True
    )
    flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], axis=0)
    flat = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, flat)
    parts = tf.split(flat, [gradient.shape.num_elements() for gradient in gradients])
    return [(tf.reshape(part, variable.shape), variable) for part, variable in zip(parts, variables, strict=True)]


class Trainable(keras.Model):
    """What `fit` trains: a model that counts its steps, and whose noise ``seed`` and that count decide.

    A subclass has a ``train_step(batch)`` that draws noise by `draw`, learns by `descend` and returns its figures by
    `report`, among them "loss", which `fit` watches; these know of the other workers of a `tf.distribute.Strategy`.
    ``classes`` are the numbers of classes of its labels, () for a model without.
    """

    may_miss = False  # whether a label may be −1, "nothing is said"

    def __init__(self, seed=0, name=None, classes=()):
        super().__init__(name=name)
        self.seed, self.classes, self.labelled = seed, classes, bool(classes)
        self.step = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="step")
        self.built = True

    @property
    def metrics(self):
        """No metrics of Keras' own: in place of a step's only entry "loss" it would show its tracker, which stays 0."""
        return []

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Build nothing: everything is built, and Keras' way of building fails on batches of several workers."""

    def compile(self, optimizer):
        """Choose the optimizer; clipping, accumulation and the moving average of weights (EMA) are its options."""
        super().compile(optimizer=self._ready(optimizer, self.trainable_variables), auto_scale_loss=False)

    def _ready(self, optimizer, variables):
        """Return the optimizer with its own variables made; for a network in float16 it scales the loss."""
        half = "float16" in {network.compute_dtype for network in self.layers}  # where small gradients would be 0
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(variables)
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            optimizer._all_reduce_sum_gradients = _sum_as_one
        of_this_strategy = tf.distribute.get_strategy().extended.variable_created_in_scope
        if not all(of_this_strategy(variable.value) for variable in self.variables + optimizer.variables):
            said = "received networks, a model or an optimizer from another strategy's scope, or from none"
            raise ValueError(f"{said}; make and compile all of them inside one `with strategy.scope():`.")
        return optimizer

    def _workers(self):
        """Return how many workers share this step's batch, and which of them this one is, from 0."""
        replica = tf.distribute.get_replica_context()
        return (replica.num_replicas_in_sync, replica.replica_id_in_sync_group) if replica else (1, 0)

    def draw(self, law, shape, use, step):
        """Return random numbers of ``law``, `tf.random.stateless_normal` or `_uniform`, a row for each example.

        Several workers share the rows that one alone would draw.
        """
        (workers, own), (count, *row) = self._workers(), shape
        rows = law((count * workers, *row), seed=stream(self.seed, use, step))
        return rows if workers == 1 else rows[own * count : (own + 1) * count]

    def told(self, labels, count):
        """Return ``count`` labels as int32 (count, k), for k = 1 also from (count,); a ValueError names a wrong one."""
        if not self.labelled or labels is None:
            made = "with" if self.labelled else "without"
            raise ValueError(f"received {'no ' if labels is None else ''}labels for a model {made} classes.")
        if tf.is_symbolic_tensor(labels):  # inside a graph, whose caller has checked the values
            return tf.cast(labels[:, None] if len(labels.shape) == 1 else labels, tf.int32)
        return tf.constant(checks.labels(labels, count, self.classes, missing=self.may_miss))

    def descend(self, tape, loss, variables=None, optimizer=None):
        """Take a step down the gradient of ``loss``, the mean over the batches of all workers; default: the model's."""
        variables, optimizer = variables or self.trainable_variables, optimizer or self.optimizer
        scale = optimizer.scale_loss(tf.ones_like(loss)) / self._workers()[0]  # optimizers add the workers' gradients
        optimizer.apply(tape.gradient(loss, variables, scale), variables)

    def report(self, **figures):
        """Count the step and return its figures; (1,) where several workers train, which Keras averages over axis 0."""
        self.step.assign_add(1)
        return figures if self._workers()[0] == 1 else {key: tf.reshape(x, (1,)) for key, x in figures.items()}


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
        optimizer = self._ready(optimizer, self.generator.trainable_variables)
        keras.Model.compile(self, optimizer=optimizer, auto_scale_loss=False)
        self.d_loss, self.g_loss = losses.adversarial(loss)
        self.d_optimizer = self._ready(d_optimizer, self.discriminator.trainable_variables)
        self.r1_gamma, self.r1_every = r1_gamma, r1_every

    def latent(self, count, step):
        """Return the noise (count, latent_dim) of a training step, a function of the run's seed and ``step`` alone."""
        return self.draw(tf.random.stateless_normal, (count, self.latent_dim), LATENT, step)

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
        self.descend(tape, g_loss, self.generator.trainable_variables)
        # TerminateOnNaN watches the entry "loss": the sum is NaN or infinite as soon as one of the two is.
        return self.report(loss=g_loss + logs["d_loss"], g_loss=g_loss, **logs)

    def _train_discriminator(self, real, fake, step):
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fake, training=True)
            d_loss = self.d_loss(real_logits, fake_logits)
            penalty = self._penalty(real, step)
            total = d_loss + 0.5 * self.r1_gamma * self.r1_every * penalty
        self.descend(tape, total, self.discriminator.trainable_variables, self.d_optimizer)
        d_real, d_fake = (tf.reduce_mean(tf.sigmoid(logits)) for logits in (real_logits, fake_logits))
        return {"d_loss": d_loss, "r1": penalty, "d_real": d_real, "d_fake": d_fake}

    def _penalty(self, real, step):
        if not self.r1_gamma:
            return tf.constant(0.0)
        due = step % self.r1_every == 0
        return tf.cond(due, lambda: losses.r1_penalty(self.discriminator, real), lambda: tf.constant(0.0))


class VAE(Trainable):
    """An encoder and a decoder that raise a lower bound of the images' likelihood under ``fit``.

    ``encoder`` maps images to [mean, log_var], ``decoder`` latent vectors to images in [-1, 1]; with classes both take
    [input, labels], and ``fit`` takes labels too. The observation noise is one number, learnt with the rest: its size
    decides how many bits the latent vector is worth (σ-VAE, Rybkin et al. 2021).
    """

    def __init__(self, encoder, decoder, beta=1.0, seed=0, name="vae"):
        super().__init__(seed, name, models.label_classes(decoder, 1))
        self.encoder, self.decoder, self.beta = encoder, decoder, beta
        self.noise = self.add_weight(shape=(), initializer="zeros", name="noise")

    @property
    def noise_log_var(self):
        """The logarithm of the observation noise's variance, a scalar; it learns at ten times the networks' rate."""
        return 10.0 * self.noise.value

    def call(self, latent, training=False):
        """Return decoded images in [-1, 1] for latent vectors (batch, latent_dim), or [latent vectors, labels]."""
        if self.labelled:
            latent = [latent[0], self.told(latent[1], latent[0].shape[0])]
        return self.decoder(latent, training=training)

    def encode(self, images, labels=None, step=0, training=False):
        """Return (latent, mean, log_var), each (batch, latent_dim); latent = mean + σ·ε, ε of the seed and ``step``.

        ``images`` are uint8 or floats in [-1, 1]. With classes ``labels`` are (batch, k), or (batch,) for k = 1.
        """
        shape = self.encoder.inputs[0].shape
        if len(shape) == 4 and not tf.is_symbolic_tensor(images):
            images = tf.constant(checks.unit_images(images, channels=shape[-1:]))
        inputs = [images, self.told(labels, images.shape[0])] if self.labelled else images
        mean, log_var = self.encoder(inputs, training=training)
        noise = self.draw(tf.random.stateless_normal, (tf.shape(mean)[0], *mean.shape[1:]), LATENT, step)
        return mean + tf.exp(0.5 * log_var) * noise, mean, log_var

    def train_step(self, batch):
        """Raise the bound once; returns the loss in nats a value, and its two parts in nats an image."""
        images, labels = batch if self.labelled else (batch, None)
        with tf.GradientTape() as tape:
            latent, mean, log_var = self.encode(images, labels, self.step.value, training=True)
            decoded = self([latent, labels] if self.labelled else latent, training=True)
            likelihood = losses.gaussian_log_likelihood(images, decoded, self.noise_log_var)
            kl = losses.gaussian_kl(mean, log_var)
            loss = losses.negative_elbo(likelihood, kl, self.beta) / float(np.prod(images.shape[1:]))
        self.descend(tape, loss)
        return self.report(loss=loss, reconstruction=-tf.reduce_mean(likelihood), kl=tf.reduce_mean(kl))


class NextToken(Trainable):
    """A network that learns under ``fit`` to predict the next token: tokens (batch, length) to logits, see `models`.

    A batch is (tokens, targets), both int32 (batch, length). Targets below 0 are not asked for: the prompt, or nothing
    after the end. Taught in 07_text.
    """

    def __init__(self, network, seed=0, name="next_token"):
        super().__init__(seed, name)
        self.network = network

    def call(self, tokens, training=False):
        """Return the logits of every next token."""
        return self.network(tokens, training=training)

    def train_step(self, batch):
        """Lower the mean cross-entropy, in nats a token, once."""
        tokens, targets = batch
        with tf.GradientTape() as tape:
            loss = losses.next_token_loss(self.network(tokens, training=True), targets)
        self.descend(tape, loss)
        return self.report(loss=loss)


class FlowMatching(Trainable):
    """A velocity field that carries noise to images, trained under ``fit`` to follow straight ways between pairs.

    ``velocity`` maps [points, time] to velocities of the points' shape, or [points, time, labels]; see
    `models.velocity`. With labels ``fit`` takes labels too, and a share ``drop`` of them is hidden (−1), so that one
    network learns the field with and without them, for guidance (Ho and Salimans 2022).
    """

    may_miss = True

    def __init__(self, velocity, drop=0.1, seed=0, name="flow"):
        super().__init__(seed, name, models.label_classes(velocity, 2))
        self.velocity, self.drop = velocity, drop

    def call(self, points, time, labels=None, guidance=None, training=False):
        """Return velocities of points (batch, …) at ``time`` (batch,).

        ``labels`` are (batch, k), or (batch,) for k = 1, and −1 says nothing; None: of all labels together. A
        ``guidance`` w gives v(nothing) + w·(v(labels) − v(nothing)), which for w = 1 is v(labels): None gives that with
        one evaluation less.
        """
        if not self.labelled:
            return self.velocity([points, time], training=training)
        nothing = tf.fill((tf.shape(points)[0], len(self.classes)), -1)
        labels = None if labels is None else self.told(labels, points.shape[0])
        told = self.velocity([points, time, nothing if labels is None else labels], training=training)
        if labels is None or guidance is None:
            return told
        untold = self.velocity([points, time, nothing], training=training)
        return untold + guidance * (told - untold)

    def train_step(self, batch):
        """Follow the ways between a batch and as much noise for one step."""
        data, labels = batch if self.labelled else (batch, None)
        count, step = tf.shape(data)[0], self.step.value
        noise = self.draw(tf.random.stateless_normal, (count, *data.shape[1:]), LATENT, step)
        time = self.draw(tf.random.stateless_uniform, (count,), TIME, step)
        if self.labelled:
            hidden = self.draw(tf.random.stateless_uniform, (count, 1), DROP, step) < self.drop
            labels = tf.where(hidden, -1, self.told(labels, data.shape[0]))
        mixed, velocity = losses.interpolate(noise, data, time)
        with tf.GradientTape() as tape:
            loss = losses.flow_matching_loss(self(mixed, time, labels, training=True), velocity)
        self.descend(tape, loss)
        return self.report(loss=loss)

    def generate(self, noise, steps=12, solver="heun", labels=None, guidance=None, batch_size=250):
        """Return the points at time 1, float32 (n, …), that the field carries ``noise`` (n, …) to in equal steps.

        ``solver`` "euler" asks the field once a step, "heun" twice (but once in the last step, whose end has no time
        left). ``labels`` and ``guidance`` as in `call`.
        """
        if solver not in ("euler", "heun") or steps < 1:
            raise ValueError(f"received solver={solver!r}, steps={steps}; expected 'euler' or 'heun', and steps >= 1.")
        noise, parts = tf.cast(noise, tf.float32), []
        labels = None if labels is None else self.told(labels, len(noise))
        guidance = None if guidance in (None, 1) else tf.constant(guidance, tf.float32)
        for first in range(0, len(noise), batch_size):
            told = None if labels is None else labels[first : first + batch_size]
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


def latent_vectors(generator, count, seed=0):
    """Return the latent vectors (count, latent_dim) that ``seed`` decides; a smaller count is the beginning of more."""
    if len(generator.inputs) > 1:
        said = f"received {generator.name}, a network of {len(generator.inputs)} inputs; expected latent vectors alone"
        raise ValueError(f"{said}. Where it takes labels too, call it yourself: network([latent, labels]).")
    return tf.random.stateless_normal((count, generator.input_shape[-1]), seed=stream(seed, LATENT, -1))


def sample(generator, count, seed=0, batch_size=250):
    """Return ``count`` generated images, float32 in [-1, 1], from the latent vectors that ``seed`` decides."""
    latent = latent_vectors(generator, count, seed)
    parts = [generator(latent[i : i + batch_size], training=False) for i in range(0, count, batch_size)]
    return tf.concat(parts, axis=0).numpy()
