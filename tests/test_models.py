"""Networks: shapes, ranges and parameter counts worked out by hand."""

from aigc_utils import models
from aigc_utils.runtime import tf

import numpy as np
import pytest


def test_generator_makes_colour_images_in_range():
    images = models.generator(latent_dim=8, widths=(16, 8, 8, 4))(tf.random.stateless_normal((3, 8), seed=(0, 0)))
    assert images.shape == (3, 32, 32, 3)
    assert float(tf.reduce_max(tf.abs(images))) <= 1


@pytest.mark.parametrize(("widths", "side"), [((8, 8), 8), ((8, 8, 8), 16), ((8, 8, 8, 8, 8), 64)])
def test_every_width_after_the_first_doubles_the_side(widths, side):
    assert models.generator(4, widths, channels=1).output_shape == (None, side, side, 1)


def test_generator_parameters_by_hand():
    """Dense 2·(16·3), then BN 4·3, transposed 4·4·3·2, BN 4·2, convolution 3·3·2·1 + 1."""
    assert models.generator(2, (3, 2), channels=1).count_params() == 96 + 12 + 96 + 8 + 19


def test_discriminator_gives_unbounded_logits():
    network = models.discriminator(widths=(4, 8))
    logits = network(1e3 * tf.random.stateless_normal((64, 32, 32, 3), seed=(0, 1)))
    assert logits.shape == (64, 1)
    assert float(tf.reduce_min(logits)) < 0 and float(tf.reduce_max(tf.abs(logits))) > 1  # no sigmoid


def test_discriminator_parameters_by_hand():
    assert models.discriminator(8, (2, 3), channels=1).count_params() == (16 * 2 + 2) + (16 * 2 * 3 + 3) + (
        2 * 2 * 3 + 1
    )


def test_logit_of_an_image_does_not_depend_on_its_neighbours():
    """The R1 penalty needs this; with batch normalisation it is false."""
    images = tf.random.stateless_normal((6, 32, 32, 3), seed=(0, 2))
    network = models.discriminator(widths=(4, 8))
    np.testing.assert_allclose(network(images, training=True)[:1], network(images[:1], training=True), atol=1e-5)
    mixed = models.discriminator(widths=(4, 8), batch_norm=True)
    assert not np.allclose(mixed(images, training=True)[:1], mixed(images[:2], training=True)[:1], atol=1e-3)


@pytest.mark.parametrize("residual", [False, True])
def test_classifier_has_one_distribution_a_head(residual):
    network = models.classifier({"fur": 5, "eyes": 3}, widths=(4, 8, 8), residual=residual)
    heads = network(tf.zeros((2, 32, 32, 3)))
    assert {key: tuple(value.shape) for key, value in heads.items()} == {"fur": (2, 5), "eyes": (2, 3)}
    np.testing.assert_allclose(tf.reduce_sum(heads["fur"], axis=1), 1, atol=1e-5)
    assert network.get_layer("features").output.shape == (None, 8)


@pytest.mark.parametrize("name", models.PRETRAINED)
def test_shipped_weights_load(name):
    loaded, fresh = models.load_pretrained(name), models.build(name)
    assert loaded.count_params() == fresh.count_params()
    assert any(not np.allclose(a, b) for a, b in zip(loaded.get_weights(), fresh.get_weights(), strict=True))
    assert all(np.isfinite(weight).all() for weight in loaded.get_weights())


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="kitten_generator"):
        models.load_pretrained("dog_generator")
