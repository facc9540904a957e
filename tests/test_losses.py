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


def linear_critic(weights):
    return lambda x, training: tf.linalg.matvec(x, tf.constant(weights, tf.float32)) + 3.0


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 99))
def test_gradient_penalty_of_a_linear_critic_is_its_length_less_one_squared(weights, seed):
    real, fake = (tf.random.stateless_normal((6, 3), seed=(seed, k)) for k in (1, 2))
    penalty = float(losses.gradient_penalty(linear_critic(weights), real, fake, (seed, 3)))
    assert penalty == pytest.approx((np.linalg.norm(weights) - 1) ** 2, abs=1e-5)


def test_gradient_penalty_mixes_uniformly_and_pair_by_pair():
    """Real 1, fake 0 and D(x) = x²/2: the slope is ε itself, and E[(ε − 1)²] = 1/3 for a uniform ε."""
    real, fake = tf.ones((20000, 1)), tf.zeros((20000, 1))
    seen = []

    def critic(x, training):
        seen.append(x.numpy())
        return tf.reduce_sum(x * x, axis=1) / 2

    assert float(losses.gradient_penalty(critic, real, fake, (1, 2))) == pytest.approx(1 / 3, abs=0.01)
    assert 0 <= seen[0].min() < 0.001 and 0.999 < seen[0].max() <= 1
    assert np.histogram(seen[0], 10, (0, 1))[0] == pytest.approx(2000, abs=200)


def test_wasserstein_by_hand():
    real, fake = tf.constant([[2.0], [4.0]]), tf.constant([[-1.0], [2.0], [2.0]])
    assert float(losses.wasserstein_critic_loss(real, fake)) == pytest.approx(1 - 3)
    assert losses.adversarial("wasserstein") == (losses.wasserstein_critic_loss, losses.critic_generator_loss)


ONE = tf.ones((2, 1))
PICTURES = tf.zeros((2, 4, 4, 3))


def flat(x, training):
    return tf.reduce_sum(x, axis=(1, 2, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.logistic_discriminator_loss(tf.zeros((0, 1)), ONE), r"real_logits of shape \(0, 1\).*empty"),
        (lambda: losses.logistic_discriminator_loss(ONE, np.full((2, 1), np.nan)), "fake_logits with NaN"),
        (lambda: losses.hinge_discriminator_loss(ONE, fake_logits=PICTURES), r"one number a record: \(batch,\)"),
        (lambda: losses.non_saturating_generator_loss(tf.ones((2, 5))), r"\(2, 5\); expected one number a record"),
        (lambda: losses.saturating_generator_loss(ONE / 0), "saturating_generator_loss received fake_logits with NaN"),
        (lambda: losses.critic_generator_loss(tf.constant(1.0)), r"\(\); expected one number"),
        (lambda: losses.wasserstein_critic_loss(tf.ones((2, 2)), ONE), "real_scores of shape"),
        (lambda: losses.r1_penalty(flat, PICTURES[:0]), "images of shape .0, 4, 4, 3., which is empty"),
        (lambda: losses.r1_penalty(flat, PICTURES / 0), "images with NaN"),
        (lambda: losses.gradient_penalty(flat, PICTURES, PICTURES[:1], (0, 0)), "expected one shape"),
        (lambda: losses.gradient_penalty(flat, PICTURES, PICTURES[..., 0], (0, 0)), "expected one shape"),
        (lambda: losses.gradient_penalty(flat, PICTURES[:0], PICTURES[:0], (0, 0)), "real of shape .*empty"),
        (
            lambda: losses.hinge_discriminator_loss(ONE, np.ones((2, 1))),
            "real_logits of float32, fake_logits of float64",
        ),
        (lambda: losses.critic_generator_loss(np.ones((2, 1), int)), "of int64; expected one floating-point type"),
        (lambda: losses.r1_penalty(flat, np.zeros((2, 4, 4, 3), np.uint8)), "images of uint8; expected one floating"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_losses_work_on_arrays_and_inside_a_graph_of_unknown_batch_size():
    assert float(losses.critic_generator_loss(np.array([1.0, 3.0], np.float32))) == -2
    graph = tf.function(losses.hinge_discriminator_loss, input_signature=[tf.TensorSpec((None, 1))] * 2)
    assert float(graph(ONE, ONE)) == 2
    with pytest.raises(ValueError, match="expected one number a record"):
        tf.function(losses.hinge_discriminator_loss)(PICTURES, PICTURES)


def test_gaussian_kl_by_hand():
    """½(μ² + σ² − 1 − log σ²): ½(4 + 1 − 1 − 0) = 2, and ½(0 + 4 − 1 − log 4) = 1.5 − log 2."""
    kl = losses.gaussian_kl(tf.constant([[2.0, 0.0], [0.0, 0.0]]), tf.constant([[0.0, np.log(4.0)], [0.0, 0.0]]))
    np.testing.assert_allclose(kl, [2 + 1.5 - LOG2, 0], rtol=1e-6, atol=1e-7)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.floats(-3, 3))
def test_gaussian_log_likelihood_is_scipys(values, log_var):
    from scipy.stats import norm

    values = np.array(values, np.float32).reshape(1, 2, 2, 1)
    expected = norm.logpdf(values, 0.5, np.exp(log_var / 2)).sum()
    found = losses.gaussian_log_likelihood(values, np.full_like(values, 0.5), log_var)
    np.testing.assert_allclose(found, [expected], rtol=1e-4, atol=1e-4)


def test_negative_elbo_by_hand():
    likelihood, kl = tf.constant([-10.0, -20.0]), tf.constant([1.0, 3.0])
    assert float(losses.negative_elbo(likelihood, kl)) == pytest.approx(17)
    assert float(losses.negative_elbo(likelihood, kl, beta=4.0)) == pytest.approx(23)


def test_importance_weighted_bound_by_hand():
    """Weights 1 and 3 for the first image have the mean 2; equal weights keep their own logarithm."""
    bound = losses.importance_weighted_bound(tf.constant([[0.0, -700.0], [np.log(3.0), -700.0]], tf.float32))
    np.testing.assert_allclose(bound, [LOG2, -700], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.gaussian_kl(tf.zeros((2, 3)), tf.zeros((2, 4))), "expected one shape"),
        (lambda: losses.gaussian_kl(tf.zeros((0, 3)), tf.zeros((0, 3))), "which is empty"),
        (lambda: losses.gaussian_log_likelihood(PICTURES, PICTURES[:1], 0.0), "expected one shape"),
        (lambda: losses.gaussian_log_likelihood(PICTURES / 0, PICTURES, 0.0), "values with NaN"),
        (lambda: losses.negative_elbo(tf.zeros(3), tf.zeros(2)), "expected one shape"),
        (lambda: losses.importance_weighted_bound(tf.zeros((0, 2))), "log_weights of shape .0, 2., which is empty"),
    ],
)
def test_bad_input_of_the_vae_losses_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_interpolate_by_hand():
    noise, data, time = np.zeros((3, 2)), np.array([[4.0, 8.0]] * 3), np.array([0.0, 0.25, 1.0])
    mixed, velocity = losses.interpolate(noise + 1, data, time)
    np.testing.assert_allclose(mixed, [[1, 1], [1.75, 2.75], [4, 8]])
    np.testing.assert_allclose(velocity, [[3, 7]] * 3)
    pictures, _ = losses.interpolate(np.zeros((2, 4, 4, 3)), np.ones((2, 4, 4, 3)), np.array([0.5, 1.0]))
    np.testing.assert_allclose(pictures[0], 0.5)


def test_flow_matching_loss_by_hand():
    assert float(losses.flow_matching_loss(tf.constant([[1.0, 2.0]]), tf.constant([[0.0, 4.0]]))) == 2.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.interpolate(np.zeros((2, 3)), np.zeros((2, 4)), np.zeros(2)), "expected one shape"),
        (lambda: losses.interpolate(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(3)), "one number a record"),
        (lambda: losses.interpolate(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 1))), "one number a record"),
        (lambda: losses.interpolate(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0)), "which is empty"),
        (lambda: losses.interpolate(np.zeros((1, 3)), np.full((1, 3), np.nan), np.zeros(1)), "data with NaN"),
        (
            lambda: losses.interpolate(np.zeros((2, 3)), np.zeros((2, 3)), np.array([0.5, 1.1])),
            r"time outside \[0, 1\]",
        ),
        (lambda: losses.interpolate(np.zeros((1, 3)), np.zeros((1, 3)), np.array([-0.1])), r"time outside \[0, 1\]"),
        (
            lambda: losses.interpolate(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1, "f4")),
            "time of float32; expected one",
        ),
        (lambda: losses.flow_matching_loss(tf.zeros((2, 3)), tf.zeros((2, 1))), "expected one shape"),
        (lambda: losses.flow_matching_loss(tf.zeros((0, 3)), tf.zeros((0, 3))), "which is empty"),
    ],
)
def test_bad_input_of_flow_matching_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_next_token_loss_by_hand_and_only_where_asked():
    logits, targets = np.zeros((1, 4, 5), np.float32), np.array([[-1, 2, 0, -1]])
    logits[0, 1, 2], logits[0, 0, 3], logits[0, 3, 1] = 1.5, 9.0, 9.0  # the outer two are not asked for
    expected = (np.log(4 + np.exp(1.5)) - 1.5 + np.log(5)) / 2
    assert float(losses.next_token_loss(logits, targets)) == pytest.approx(expected, rel=1e-6)
    assert float(losses.next_token_loss(logits, np.full((1, 4), -1))) == 0


@pytest.mark.parametrize(
    ("predicted", "targets", "message"),
    [
        (np.zeros((2, 3, 5), np.float32), np.zeros((2, 4), int), r"\(2, 3, 5\) for targets of shape \(2, 4\)"),
        (np.zeros((2, 5), np.float32), np.zeros((2,), int), "expected \\(batch, length, vocabulary\\)"),
        (np.zeros((0, 3, 5), np.float32), np.zeros((0, 3), int), "empty"),
        (np.full((1, 2, 5), np.nan, np.float32), np.zeros((1, 2), int), "NaN"),
        (np.zeros((1, 2, 5), np.float32), np.zeros((1, 2)), "targets of float64; expected integers"),
        (np.zeros((1, 2, 5), np.float32), np.array([[0, 5]]), "beyond the 5 tokens"),
        (np.zeros((1, 2, 5), int), np.zeros((1, 2), int), "predicted of int64; expected one floating-point type"),
    ],
)
def test_next_token_loss_refuses_what_does_not_fit(predicted, targets, message):
    with pytest.raises(ValueError, match=message):
        losses.next_token_loss(predicted, targets)
