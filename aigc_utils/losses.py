"""Losses of the adversarial game, as pure functions of tensors. Taught in 02_gan_math and 04_training_a_gan.

Every loss takes *logits*: the discriminator ends in a linear layer. A sigmoid there, followed by a loss that applies
another one, is the classic mistake that 04 measures.
"""

from aigc_utils.runtime import tf


def logistic_discriminator_loss(real_logits, fake_logits):
    """Return the discriminator's loss −E[log D(x)] − E[log(1 − D(G(z)))], a scalar ≥ 0.

    ``real_logits`` and ``fake_logits`` have shape (batch, 1) or (batch,); D = sigmoid(logit). Goodfellow et al. 2014,
    equation 1, with the sign turned so that the discriminator minimises it. At D = ½ everywhere it is 2·log 2.
    """
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def non_saturating_generator_loss(fake_logits):
    """Return −E[log D(G(z))], a scalar ≥ 0: the generator's loss of Goodfellow et al. 2014, section 3."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def saturating_generator_loss(fake_logits):
    """Return E[log(1 − D(G(z)))], a scalar ≤ 0: the min-max game's own loss, whose gradient fades where D is sure."""
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


def hinge_discriminator_loss(real_logits, fake_logits):
    """Return E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))] of the raw logits D (Lim and Ye 2017)."""
    return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_logits))


def critic_generator_loss(fake_logits):
    """Return −E[D(G(z))]: the generator's side of the hinge and the Wasserstein losses."""
    return -tf.reduce_mean(fake_logits)


def r1_penalty(discriminator, images):
    """Return E[‖∇ₓD(x)‖²] over a batch of real images (batch, height, width, channels), a scalar ≥ 0.

    Mescheder et al. 2018, equation 9, without its factor γ/2. For a linear discriminator D(x) = wᵀx + b it is ‖w‖².
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(discriminator(images, training=True))
    gradient = tape.gradient(total, images)
    return tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=tuple(range(1, len(images.shape)))))


# name -> (discriminator's loss of real and fake logits, generator's loss of fake logits)
ADVERSARIAL = {
    "non_saturating": (logistic_discriminator_loss, non_saturating_generator_loss),
    "saturating": (logistic_discriminator_loss, saturating_generator_loss),
    "hinge": (hinge_discriminator_loss, critic_generator_loss),
}


def adversarial(name: str):
    """Return the pair (discriminator_loss, generator_loss) called ``name``; see ``ADVERSARIAL`` for the names."""
    if name not in ADVERSARIAL:
        raise ValueError(f"loss is {name!r}; expected one of {', '.join(map(repr, ADVERSARIAL))}.")
    return ADVERSARIAL[name]
