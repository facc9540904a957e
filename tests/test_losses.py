"""Losses against numbers in closed form."""

from aigc_utils import losses
from aigc_utils.runtime import keras, tf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LOG2 = np.log(2.0)
finite = st.lists(st.floats(-30, 30), min_size=1, max_size=8)


def test_undecided_discriminator_pays_two_log_two():
    zeros = tf.zeros((5, 1))
    assert float(losses.logistic_discriminator_loss(zeros, zeros)) == pytest.approx(2 * LOG2, abs=1e-6)
    assert float(losses.non_saturating_generator_loss(zeros)) == pytest.approx(LOG2, abs=1e-6)
    assert float(losses.saturating_generator_loss(zeros)) == pytest.approx(-LOG2, abs=1e-6)


def test_labels_are_the_right_way_round():
    sure_and_right = losses.logistic_discriminator_loss(tf.constant([[9.0]]), tf.constant([[-9.0]]))
    sure_and_wrong = losses.logistic_discriminator_loss(tf.constant([[-9.0]]), tf.constant([[9.0]]))
    assert float(sure_and_right) == pytest.approx(2 * np.log1p(np.exp(-9.0)), rel=1e-3)
    assert float(sure_and_wrong) == pytest.approx(18.0, rel=1e-3)


@settings(deadline=None, max_examples=30)
@given(finite, finite)
def test_logistic_loss_is_binary_cross_entropy_from_logits(real, fake):
    real, fake = np.array(real, np.float32)[:, None], np.array(fake, np.float32)[:, None]
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    expected = entropy(np.ones_like(real), real) + entropy(np.zeros_like(fake), fake)
    assert float(losses.logistic_discriminator_loss(real, fake)) == pytest.approx(float(expected), rel=1e-4, abs=1e-5)


def test_hinge_by_hand():
    real, fake = tf.constant([[2.0], [0.5]]), tf.constant([[-3.0], [0.0]])
    assert float(losses.hinge_discriminator_loss(real, fake)) == pytest.approx((0 + 0.5) / 2 + (0 + 1) / 2)
    assert float(losses.critic_generator_loss(fake)) == pytest.approx(1.5)


def test_generator_gradients_where_the_discriminator_is_sure():
    """d/dt softplus(-t) = -sigmoid(-t): almost -1 at t = -10; the saturating loss has -sigmoid(t): almost 0."""
    logit = tf.Variable([[-10.0]])
    slopes = {}
    for name in ("non_saturating", "saturating"):
        with tf.GradientTape() as tape:
            loss = losses.adversarial(name)[1](logit)
        slopes[name] = float(tape.gradient(loss, logit)[0, 0])
    assert slopes["non_saturating"] == pytest.approx(-1, abs=1e-4)
    assert slopes["saturating"] == pytest.approx(-np.exp(-10), rel=1e-3)


def test_r1_of_a_linear_discriminator_is_the_squared_norm_of_its_weights():
    inputs = keras.Input((4, 4, 3))
    linear = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    images = tf.random.stateless_normal((7, 4, 4, 3), seed=(1, 2))
    expected = float(tf.reduce_sum(linear.trainable_variables[0] ** 2))
    assert float(losses.r1_penalty(linear, images)) == pytest.approx(expected, rel=1e-5)


def test_r1_by_hand_for_a_quadratic():
    """D(x) = Σ x² has gradient 2x, so the penalty is the mean of 4‖x‖²."""
    images = tf.constant(np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3))
    penalty = losses.r1_penalty(lambda x, training: tf.reduce_sum(x * x, axis=(1, 2, 3)), images)
    assert float(penalty) == pytest.approx(4 * float((np.arange(12) ** 2).sum()))


def test_unknown_loss_names_the_choices():
    with pytest.raises(ValueError, match="received|expected one of.*'hinge'"):
        losses.adversarial("minimax")
