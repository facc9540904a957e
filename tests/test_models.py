"""Networks: shapes, ranges and parameter counts worked out by hand."""

from aigc_utils import data, kittens, metrics, models, training
from aigc_utils.runtime import keras, tf

import numpy as np
import pytest


def test_generator_makes_colour_images_in_range():
    images = models.generator(latent_dim=8, widths=(16, 8, 8))(tf.random.stateless_normal((3, 8), seed=(0, 0)))
    assert images.shape == (3, 32, 32, 3)
    assert float(tf.reduce_max(tf.abs(images))) <= 1


@pytest.mark.parametrize(("widths", "side"), [((8,), 8), ((8, 8), 16), ((8, 8, 8, 8), 64)])
@pytest.mark.parametrize("full_size", [0, 4])
def test_every_width_doubles_the_side(widths, side, full_size):
    assert models.generator(4, widths, 1, full_size).output_shape == (None, side, side, 1)


def test_a_larger_start_makes_larger_images():
    assert models.generator(4, (8, 8, 8), 1, start=6).output_shape == (None, 48, 48, 1)


def test_generator_parameters_by_hand():
    """Dense 2·(16·3), BN 4·3, transposed 4·4·3·2, BN 4·2, then a transposed 4·4·2·1 + 1 or a plain 3·3·2·1 + 1."""
    assert models.generator(2, (3, 2), channels=1).count_params() == 96 + 12 + 96 + 8 + 33
    assert models.generator(2, (3,), channels=1, full_size=2).count_params() == 96 + 12 + 96 + 8 + 19


def test_style_scales_and_shifts_every_map():
    """Dense 2·5 + 5; 5·(16·3); BN's two statistics and the style's two dense layers for 3 and for 2 channels; image."""
    styled = models.generator(2, (3, 2), channels=1, style=(5,))
    assert styled.count_params() == 15 + 240 + (2 * 3 + 2 * 6 * 3) + 96 + (2 * 2 + 2 * 6 * 2) + 33
    # multiply by 0 and add 0: nothing of the latent vector may pass
    for layer in styled.layers[3:]:
        if type(layer).__name__ == "Dense" and layer.kernel.shape[0] == 5 and layer.units < 16:
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    images = styled(tf.random.stateless_normal((4, 2), seed=(0, 3)), training=False)
    np.testing.assert_allclose(images, 0, atol=1e-6)


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


def test_a_convolution_at_full_size_comes_first():
    """3·3·1·4 + 4 for it, then 4·4·4·2 + 2 and the logit 4·4·2 + 1."""
    assert models.discriminator(8, (2,), 1, full_size=4).count_params() == 40 + 130 + 33


@pytest.mark.parametrize("residual", [False, True])
def test_classifier_has_one_distribution_a_head(residual):
    network = models.classifier({"fur": 5, "eyes": 3}, widths=(4, 8, 8), residual=residual)
    heads = network(tf.zeros((2, 32, 32, 3)))
    assert {key: tuple(value.shape) for key, value in heads.items()} == {"fur": (2, 5), "eyes": (2, 3)}
    np.testing.assert_allclose(tf.reduce_sum(heads["fur"], axis=1), 1, atol=1e-5)
    assert network.get_layer("features").output.shape == (None, 8)


def test_a_classifier_may_see_grey_pictures_of_another_side():
    network = models.classifier({"class": 10}, 28, (4, 8, 8), channels=1)
    assert network(tf.zeros((2, 28, 28, 1)))["class"].shape == (2, 10)


@pytest.mark.parametrize("name", models.PRETRAINED)
def test_shipped_weights_load(name):
    loaded, fresh = models.load_pretrained(name), models.build(name)
    assert loaded.count_params() == fresh.count_params()
    assert all(np.isfinite(weight).all() for weight in loaded.get_weights())


def test_shipped_kitten_networks_know_their_trade():
    """Untrained ones would read every fifth fur and be some hundred away from real kittens."""
    images, table = kittens.sample(500, seed=3)
    network = metrics.feature_network("kitten_factors")
    truth = [kittens.CHOICES["fur"].index(name) for name in table["fur"]]
    assert (network.probabilities(images)["fur"].argmax(1) == truth).mean() > 0.98
    samples = training.sample(models.load_pretrained("kitten_generator"), 500)
    assert metrics.frechet_distance(network.features(images), network.features(samples)) < 10


@pytest.fixture(scope="module")
def generated_cats():
    return training.sample(models.load_pretrained("cat_generator"), 200)


@pytest.mark.parametrize("judge", ["cifar10_features", "cifar10_judge"])
def test_shipped_classifiers_see_cats_in_the_shipped_generator(judge, generated_cats):
    """Untrained ones would say so of every tenth picture."""
    guesses = metrics.feature_network(judge).probabilities(generated_cats)["class"].argmax(1)
    assert (guesses == data.CIFAR10_CLASSES.index("cat")).mean() > 0.5


@pytest.fixture(scope="module")
def generated_products():
    """Return 400 pictures of the classes 0, 1, …, 9, 0, …"""
    flow = training.FlowMatching(models.load_pretrained("fashion_flow"))
    return flow.sample(400, seed=3, steps=10, solver="euler", labels=np.arange(400) % 10)


@pytest.mark.parametrize("judge", ["fashion_judge", "fashion_second_judge"])
def test_shipped_judges_read_products_real_and_generated(judge, generated_products):
    """On 400 of each; on all 10,000 test photos, and on more pictures, notebook 12 asserts 90 % and 85 %."""
    photos, network = data.load("fashion-mnist-test", "test"), metrics.feature_network(judge)
    read = network.probabilities(photos.images[:400])["class"].argmax(1)
    assert (read == photos.labels[:400]).mean() > 0.86
    asked = np.arange(400) % 10
    assert (network.probabilities(generated_products)["class"].argmax(1) == asked).mean() > 0.8


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="kitten_generator"):
        models.load_pretrained("dog_generator")


@pytest.mark.parametrize("classes", [(), (5, 3)])
def test_encoder_and_decoder_fit_together(classes):
    encoder, decoder = models.encoder(6, widths=(4, 8), classes=classes), models.decoder(6, (8, 8, 8), classes=classes)
    labels = [tf.constant([[0, 2], [4, 0]])] if classes else []
    images = tf.zeros((2, 32, 32, 3))
    mean, log_var = encoder([images, *labels] if classes else images)
    assert mean.shape == log_var.shape == (2, 6)
    assert np.abs(log_var).max() < 0.1  # begins near the prior's variance
    decoded = np.asarray(decoder([mean, *labels] if classes else mean))
    assert decoded.shape == (2, 32, 32, 3) and np.abs(decoded).max() <= 1


def test_labels_change_what_is_decoded():
    decoder = models.decoder(2, (8, 8, 8), classes=(3,))
    drawn = np.asarray(decoder([tf.zeros((3, 2)), tf.constant([[0], [1], [1]])]))
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-6
    np.testing.assert_array_equal(drawn[1], drawn[2])


@pytest.mark.parametrize("classes", [(), (5, 3)])
def test_a_fresh_velocity_leads_to_grey(classes):
    """The end of every way is 0: velocity −x / (1 − t), and never more than 20 times x."""
    network = models.velocity(widths=(4, 6), classes=classes)
    points, time = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype(np.float32), np.float32([0, 0.5, 1])
    labels = [np.array([[4, 2]] * 3)] if classes else []
    expected = -points * np.float32([1, 2, 20])[:, None, None, None]
    np.testing.assert_allclose(network([points, time, *labels]), expected, rtol=1e-5)


def test_time_and_labels_change_the_velocity_and_minus_one_says_nothing():
    network = models.velocity(8, (4, 6), classes=(3,))
    rng = np.random.default_rng(1)
    network.set_weights([0.3 * rng.normal(size=weight.shape) for weight in network.get_weights()])
    points, labels = np.ones((4, 8, 8, 3), np.float32), np.array([[0], [-1], [2], [2]])
    at_start, later = (np.asarray(network([points, np.full(4, t, np.float32), labels])) for t in (0.1, 0.2))
    assert min(np.abs(at_start[k] - at_start[2]).max() for k in (0, 1)) > 1e-4
    np.testing.assert_array_equal(at_start[2], at_start[3])
    assert np.abs(at_start - later).max() > 1e-3


@pytest.mark.parametrize("classes", [(), (5, 3)])
def test_networks_know_the_classes_of_their_labels(classes, tmp_path):
    velocity, decoder = models.velocity(8, (4,), classes=classes), models.decoder(2, (8,), classes=classes)
    decoder.save(tmp_path / "decoder.keras")
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    assert models.label_classes(velocity, 2) == classes == models.label_classes(decoder, 1)
    assert models.label_classes(loaded, 1) == classes
    assert models.label_classes(keras.Model(velocity.inputs, velocity(velocity.inputs)), 2) == classes


def test_classes_of_a_network_without_one_hot_vectors_are_unknown():
    inputs = [keras.layers.Input((2,)), keras.layers.Input((1,))]
    assert models.label_classes(keras.Model(inputs, keras.layers.Concatenate()(inputs)), 1) == (np.inf,)


@pytest.mark.parametrize("classes", [(), (3,)])
def test_a_sampler_draws_what_the_flow_draws_and_is_loaded_without_this_project(classes, tmp_path):
    velocity, rng = models.velocity(8, (4,), 1, classes), np.random.default_rng(0)
    velocity.set_weights([0.3 * rng.normal(size=weight.shape) for weight in velocity.get_weights()])
    noise = rng.normal(size=(3, 8, 8, 1)).astype(np.float32)
    labels = np.array([[0], [2], [1]]) if classes else None
    drawn = training.FlowMatching(velocity).generate(noise, 3, labels=labels)
    models.sampler(velocity, 3).save(tmp_path / "sampler.keras")
    loaded = keras.saving.load_model(tmp_path / "sampler.keras", compile=False)
    again = loaded.predict([noise, labels] if classes else noise, verbose=0)
    np.testing.assert_allclose(again, np.clip(drawn, -1, 1), atol=1e-5)
    assert np.ptp(again) > 0.1
