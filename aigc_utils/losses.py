"""Losses as pure functions of tensors: of the adversarial game (taught in 02 and 04), the VAE (03), flow matching (06).

An adversarial loss takes *logits*: the discriminator ends in a linear layer. A sigmoid there, followed by a loss that
applies another one, is the classic mistake that 04 measures.
"""

import functools
import inspect

from aigc_utils.runtime import tf

import numpy as np


def checked(loss=None, *, alike=()):
    """Let a loss reject, by a sentence, input that is empty, not finite, of another type, or of an unfitting shape.

    Arguments called …logits or …scores have shape (batch,) or (batch, 1); those named in ``alike`` have one shape.
    Values are only looked at outside `tf.function`: inside, `training.fit` stops on a loss that is not finite.
    """
    if loss is None:
        return functools.partial(checked, alike=alike)
    signature = inspect.signature(loss)

    @functools.wraps(loss)
    def check(*arguments, **options):
        given, types = signature.bind(*arguments, **options).arguments, {}
        for name, value in given.items():
            if hasattr(value, "shape") and not callable(value) and name != "seed":
                tensor = tf.convert_to_tensor(value)
                _check(f"{loss.__name__} received {name}", name.endswith(("logits", "scores")), tensor)
                types |= {name: tensor.dtype.name} if name != "targets" and len(tensor.shape) else {}
        if len(set(types.values())) > 1 or not all(name.startswith(("float", "bfloat")) for name in types.values()):
            said = ", ".join(f"{name} of {kind}" for name, kind in types.items())
            raise ValueError(f"{loss.__name__} received {said}; expected one floating-point type, as float32.")
        shapes = [tf.TensorShape(given[name].shape) for name in alike]
        if not all(shape.is_compatible_with(shapes[0]) for shape in shapes):
            said = ", ".join(f"{name} {shape}" for name, shape in zip(alike, shapes, strict=True))
            raise ValueError(f"{loss.__name__} received shapes that differ: {said}; expected one shape.")
        return loss(*arguments, **options)

    return check


def _check(received, logits, value):
    shape = value.shape.as_list() if value.shape.rank is not None else []
    if 0 in shape:
        raise ValueError(f"{received} of shape {tuple(shape)}, which is empty; expected at least one record.")
    if logits and (len(shape) not in (1, 2) or shape[1:] not in ([], [1], [None])):
        raise ValueError(f"{received} of shape {tuple(shape)}; expected one number a record: (batch,) or (batch, 1).")
    if value.dtype.is_floating and tf.executing_eagerly() and not bool(tf.reduce_all(tf.math.is_finite(value))):
        raise ValueError(f"{received} with NaN or infinite values; look for their source before this loss.")


@checked
def logistic_discriminator_loss(real_logits, fake_logits):
    """Return the discriminator's loss −E[log D(x)] − E[log(1 − D(G(z)))], a scalar ≥ 0.

    ``real_logits`` and ``fake_logits`` have shape (batch, 1) or (batch,); D = sigmoid(logit). Goodfellow et al. 2014,
    equation 1, with the sign turned so that the discriminator minimises it. At D = ½ everywhere it is 2·log 2.
    """
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


@checked
def non_saturating_generator_loss(fake_logits):
    """Return −E[log D(G(z))], a scalar ≥ 0: the generator's loss of Goodfellow et al. 2014, section 3."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


@checked
def saturating_generator_loss(fake_logits):
    """Return E[log(1 − D(G(z)))], a scalar ≤ 0: the min-max game's own loss, whose gradient fades where D is sure."""
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


@checked
def hinge_discriminator_loss(real_logits, fake_logits):
    """Return E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))] of the raw logits D (Lim and Ye 2017)."""
    return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_logits))


@checked
def wasserstein_critic_loss(real_scores, fake_scores):
    """Return E[D(G(z))] − E[D(x)], any real number: minus the critic's lower bound of the Wasserstein-1 distance.

    ``real_scores`` and ``fake_scores`` are the raw outputs (batch, 1) or (batch,) of a critic whose slope is at most 1,
    which a penalty (see 02) or spectral normalisation sees to (Arjovsky et al. 2017, equation 3 with the sign turned).
    """
    return tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)


@checked
def critic_generator_loss(fake_logits):
    """Return −E[D(G(z))]: the generator's side of the hinge and the Wasserstein losses."""
    return -tf.reduce_mean(fake_logits)


@checked
def r1_penalty(discriminator, images):
    """Return E[‖∇ₓD(x)‖²] over a batch of real images (batch, height, width, channels), a scalar ≥ 0.

    Mescheder et al. 2018, equation 9, without its factor γ/2. For a linear discriminator D(x) = wᵀx + b it is ‖w‖².
    """
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(discriminator(images, training=True))
    gradient = tape.gradient(total, images)
    return tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=tuple(range(1, len(images.shape)))))


@checked(alike=("mean", "log_var"))
def gaussian_kl(mean, log_var):
    """Return KL(N(mean, exp(log_var)) ‖ N(0, 1)), summed over the latent axis: (batch,) nats ≥ 0.

    ``mean`` and ``log_var`` have shape (batch, latent_dim). Kingma and Welling 2014, appendix B.
    """
    return 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_var) - 1.0 - log_var, axis=-1)


@checked(alike=("values", "mean"))
def gaussian_log_likelihood(values, mean, log_var):
    """Return log N(values; mean, exp(log_var)), summed over all axes but the first: (batch,) nats.

    ``values`` and ``mean`` have one shape (batch, …); ``log_var`` is one number or fits it.
    """
    log_density = -0.5 * (np.log(2 * np.pi) + log_var + tf.square(values - mean) * tf.exp(-log_var))
    return tf.reduce_sum(log_density, axis=tuple(range(1, len(values.shape))))


@checked(alike=("log_likelihood", "kl"))
def negative_elbo(log_likelihood, kl, beta=1.0):
    """Return −E[log p(x|z)] + β·KL, the mean over the batch in nats; both arguments have shape (batch,).

    With β = 1 it is an upper bound of −log p(x) (Kingma and Welling 2014, equation 3); Higgins et al. 2017 for β > 1.
    """
    return tf.reduce_mean(beta * kl - log_likelihood)


@checked
def importance_weighted_bound(log_weights):
    """Return log of the mean weight over the samples, (batch,) nats: a lower bound of log p(x) that rises with them.

    ``log_weights`` (samples, batch) are log p(x, z) − log q(z|x) for z drawn from q. With one sample it is an estimate
    of the ELBO (Burda et al. 2016, equation 8).
    """
    return tf.reduce_logsumexp(log_weights, axis=0) - np.log(len(log_weights))


@checked(alike=("noise", "data"))
def interpolate(noise, data, time):
    """Return (mixed, velocity): the point (1 − t)·noise + t·data on the way, and the way's velocity, data − noise.

    ``noise`` and ``data`` have one shape (batch, …); ``time`` (batch,) lies in [0, 1], where 0 is noise and 1 data.
    Lipman et al. 2023, equation 22 with σ_min = 0; Liu et al. 2023, equation 1.
    """
    noise, data, time = (tf.convert_to_tensor(value) for value in (noise, data, time))
    if len(time.shape) != 1 or not time.shape.is_compatible_with(data.shape[:1]):
        raise ValueError(f"interpolate received time of shape {tuple(time.shape)}; expected one number a record.")
    if tf.executing_eagerly() and not bool(tf.reduce_all((time >= 0) & (time <= 1))):
        raise ValueError("interpolate received time outside [0, 1]; expected 0 for noise to 1 for data.")
    time = tf.reshape(time, (-1, *[1] * (len(data.shape) - 1)))
    return (1.0 - time) * noise + time * data, data - noise


@checked(alike=("predicted", "velocity"))
def flow_matching_loss(predicted, velocity):
    """Return E[(predicted − velocity)²], a scalar ≥ 0, the mean over records and values; both have one shape.

    Its minimum over all fields is the mean velocity of the ways through a point, E[data − noise | mixed], and is not 0
    (Lipman et al. 2023, equation 23 and theorem 2).
    """
    return tf.reduce_mean(tf.square(predicted - velocity))


# name -> (discriminator's loss of real and fake logits, generator's loss of fake logits)
ADVERSARIAL = {
    "non_saturating": (logistic_discriminator_loss, non_saturating_generator_loss),
    "saturating": (logistic_discriminator_loss, saturating_generator_loss),
    "hinge": (hinge_discriminator_loss, critic_generator_loss),
    "wasserstein": (wasserstein_critic_loss, critic_generator_loss),
}


def adversarial(name: str):
    """Return the pair (discriminator_loss, generator_loss) called ``name``; see ``ADVERSARIAL`` for the names."""
    if name not in ADVERSARIAL:
        raise ValueError(f"loss is {name!r}; expected one of {', '.join(map(repr, ADVERSARIAL))}.")
    return ADVERSARIAL[name]


@checked
def next_token_loss(predicted, targets):
    """Return the mean of −log p(target) over the targets that are asked for, in nats a token, a scalar ≥ 0.

    ``predicted`` are logits (batch, length, vocabulary), ``targets`` (batch, length) integers; one below 0 is left out.
    """
    if len(predicted.shape) != 3 or not tf.TensorShape(targets.shape).is_compatible_with(predicted.shape[:2]):
        shapes = f"{tuple(predicted.shape)} for targets of shape {tuple(targets.shape)}"
        raise ValueError(f"received logits {shapes}; expected (batch, length, vocabulary) for (batch, length).")
    if not tf.as_dtype(targets.dtype).is_integer:
        raise ValueError(f"received targets of {targets.dtype}; expected integers, the tokens' numbers.")
    if tf.executing_eagerly() and int(tf.reduce_max(targets)) >= predicted.shape[-1]:
        raise ValueError(f"received targets beyond the {predicted.shape[-1]} tokens; expected 0 to less.")
    asked = tf.cast(targets >= 0, predicted.dtype)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(targets, 0), logits=predicted)
    return tf.reduce_sum(asked * each) / tf.maximum(tf.reduce_sum(asked), 1.0)
