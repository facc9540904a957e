"""The GAN step, its batches, and a run that is killed."""

import multiprocessing
import os
import time
import types
from pathlib import Path

from aigc_utils import files, losses, models, training
from aigc_utils.runtime import keras, tf

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
STEPS, PER_EPOCH = 12, 3


@pytest.fixture(autouse=True)
def deterministic():
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()


def tiny_networks():
    return models.generator(4, (8,)), models.discriminator(8, (4,))


def tiny_gan(seed=0, rate=1e-3, ema=True, **compile_options):
    keras.utils.set_random_seed(0)
    gan = training.GAN(*tiny_networks(), seed=seed)
    options = {"use_ema": True, "ema_momentum": 0.5} if ema else {}
    gan.compile(
        keras.optimizers.Adam(rate, 0.0, 0.99, **options),
        keras.optimizers.Adam(rate, 0.0, 0.99),
        **{"r1_gamma": 0.2, "r1_every": 2, **compile_options},
    )
    return gan


def weights_of(gan):
    return gan.generator.get_weights() + gan.discriminator.get_weights()


def run_to_the_end(checkpoint, report=None):
    """Train the tiny GAN to STEPS; a child process reports each step, so that the test can kill it there."""

    class Report(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            report.send(int(self.model.step))
            time.sleep(0.05)

    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    gan = tiny_gan()
    gan.run_eagerly = True  # in the time that a graph takes to be traced, all these steps are done
    callbacks = [Report()] if report else []
    training.fit(gan, IMAGES, STEPS, PER_EPOCH, batch_size=8, checkpoint=checkpoint, callbacks=callbacks)
    return gan


def test_an_epoch_shows_every_image_once_and_the_next_in_another_order():
    images = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    shown = np.concatenate([batch[:, 0, 0, 0] for batch in training.batches(images, 10).take(8).as_numpy_iterator()])
    shown = np.rint((shown + 1) * 127.5).astype(int)
    assert sorted(shown[:40]) == list(range(40)) == sorted(shown[40:])
    assert list(shown[:40]) != list(shown[40:])


def test_batch_k_is_a_function_of_seed_and_k():
    straight = list(training.batches(IMAGES, 8, seed=3).take(9).as_numpy_iterator())
    later = next(iter(training.batches(IMAGES, 8, seed=3, start_step=7).as_numpy_iterator()))
    other = next(iter(training.batches(IMAGES, 8, seed=4, start_step=7).as_numpy_iterator()))
    np.testing.assert_array_equal(straight[7], later)
    assert not np.array_equal(later, other)


def test_images_in_a_file_make_the_same_batches():
    mapped = files.mapped_array(IMAGES.shape, np.uint8)
    mapped[:] = IMAGES
    straight, read = (training.batches(images, 8, seed=3, labels=np.arange(len(IMAGES))) for images in (IMAGES, mapped))
    for one, other in zip(straight.take(9).as_numpy_iterator(), read.take(9).as_numpy_iterator(), strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)


def test_no_thread_of_tensorflow_tunes_the_batches():
    """It may hold up the end of a run for as long as the run took; see `training.endless`."""
    assert training.batches(IMAGES, 8).options().autotune.enabled is False


def test_a_label_goes_with_its_image_mirrored_or_not():
    images = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    for batch, labels in training.batches(images, 8, labels=np.arange(40)).take(10).as_numpy_iterator():
        np.testing.assert_array_equal(np.rint((batch[:, 0, 0, 0] + 1) * 127.5), labels)


def test_batches_are_photos_in_the_generators_range_some_of_them_mirrored():
    batch = next(iter(training.batches(IMAGES[:1].repeat(64, axis=0), 64).as_numpy_iterator()))
    plain = IMAGES[0].astype(np.float32) / 127.5 - 1
    straight = [np.allclose(image, plain, atol=1e-6) for image in batch]
    mirrored = [np.allclose(image, plain[:, ::-1], atol=1e-6) for image in batch]
    assert all(a != b for a, b in zip(straight, mirrored, strict=True))
    assert 16 < sum(mirrored) < 48


@pytest.mark.parametrize(
    ("images", "message"),
    [(IMAGES / 255.0, "expected uint8"), (IMAGES[0], "expected .n, height, width"), (IMAGES[:5], "lower batch_size")],
)
def test_unfit_images_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        training.batches(images, 8)


def test_discriminator_learns_to_tell_real_from_fake():
    """Against a generator that stands still (learning rate 0) the game is plain classification."""
    gan = tiny_gan(rate=1e-2, ema=False)
    gan.optimizer.learning_rate = 0.0
    history = training.fit(gan, IMAGES, 40, 20, batch_size=8)
    assert history["d_real"][-1] > 0.6 > 0.4 > history["d_fake"][-1]
    assert int(gan.step) == 40


def test_generators_final_weights_are_the_moving_average():
    gan = tiny_gan()
    training.fit(gan, IMAGES, 6, 3, batch_size=8)
    for weight, average in zip(
        gan.generator.trainable_variables, gan.optimizer._model_variables_moving_average, strict=True
    ):
        np.testing.assert_array_equal(weight, average)


def test_a_run_that_a_callback_ends_keeps_the_moving_average():
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(gan, "stop_training", epoch == 1))
    gan, planned = tiny_gan(), tiny_gan()
    training.fit(gan, IMAGES, STEPS, PER_EPOCH, batch_size=8, callbacks=[stop])
    training.fit(planned, IMAGES, 2 * PER_EPOCH, PER_EPOCH, batch_size=8)
    assert int(gan.step) == 2 * PER_EPOCH
    for early, whole in zip(weights_of(gan), weights_of(planned), strict=True):
        np.testing.assert_array_equal(early, whole)


def test_labels_travel_with_their_images():
    images = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    for pictures, labels in training.batches(images, 8, labels=np.arange(40)).take(7).as_numpy_iterator():
        np.testing.assert_array_equal(np.rint((pictures[:, 0, 0, 0] + 1) * 127.5), labels)
    with pytest.raises(ValueError, match="received 3 labels for 40 images"):
        training.batches(images, 8, labels=[1, 2, 3])


def test_moving_average_follows_its_recurrence():
    """After one step from w₀ to w₁ with momentum ½ the average is (w₀ + w₁)/2."""
    gan, plain = tiny_gan(), tiny_gan(ema=False)
    start = plain.generator.trainable_variables[0].numpy()
    training.fit(gan, IMAGES, 1, 1, batch_size=8)
    training.fit(plain, IMAGES, 1, 1, batch_size=8)
    stepped = plain.generator.trainable_variables[0].numpy()
    first = gan.generator.trainable_variables[0].numpy()
    # Keras starts the average from zero-free initial values or from the first step, by version: both are accepted.
    assert np.allclose(first, (start + stepped) / 2, atol=1e-6) or np.allclose(first, stepped, atol=1e-6)


def test_clipping_and_accumulation_are_the_optimizers_own():
    variable = keras.Variable(np.zeros(4, np.float32))
    clipped = keras.optimizers.SGD(1.0, global_clipnorm=1.0)
    clipped.apply([tf.constant([30.0, 0.0, 40.0, 0.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [-0.6, 0.0, -0.8, 0.0], atol=1e-6)
    gan = training.GAN(*tiny_networks())
    gan.compile(keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2), keras.optimizers.Adam(1e-3))
    before = gan.generator.trainable_variables[0].numpy()
    training.fit(gan, IMAGES, 1, 1, batch_size=8)
    np.testing.assert_array_equal(gan.generator.trainable_variables[0], before)  # one of two gradients: no step yet
    training.fit(gan, IMAGES, 2, 1, batch_size=8)
    assert not np.array_equal(gan.generator.trainable_variables[0], before)


def test_lazy_r1_has_the_weight_of_a_steady_one(monkeypatch):
    """At every k-th step the penalty counts k times, so its mean weight over k steps is γ/2."""
    asked = []
    monkeypatch.setattr(losses, "r1_penalty", lambda network, images: asked.append(1) or tf.constant(1.0))
    gan = tiny_gan(r1_every=4)
    assert [float(gan._penalty(None, tf.constant(step, tf.int64))) for step in range(5)] == [1, 0, 0, 0, 1]
    assert asked


def test_stopped_run_continues_to_the_same_weights(tmp_path):
    straight = tiny_gan()
    training.fit(straight, IMAGES, STEPS, PER_EPOCH, batch_size=8)
    first = tiny_gan()
    training.fit(first, IMAGES, 6, PER_EPOCH, batch_size=8, checkpoint=tmp_path / "run.weights.h5")
    second = tiny_gan()
    training.fit(second, IMAGES, STEPS, PER_EPOCH, batch_size=8, checkpoint=tmp_path / "run.weights.h5")
    for a, b in zip(weights_of(straight), weights_of(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_killed_at_random_steps_continues_to_the_same_weights(tmp_path):
    """SIGKILL at 5 random steps, each time in a fresh process; the survivor ends in the bits of an unbroken run."""
    expected = weights_of(run_to_the_end(tmp_path / "straight.weights.h5"))
    moments = np.random.default_rng(20).choice(np.arange(1, STEPS), 5, replace=False)
    checkpoint = tmp_path / "killed.weights.h5"
    # The server imports TensorFlow once; each child is a process of its own, with its own TensorFlow runtime.
    context = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
    if os.name != "nt":
        context.set_forkserver_preload([__name__])
    for moment in sorted(int(m) for m in moments):
        reader, writer = context.Pipe(duplex=False)
        child = context.Process(target=run_to_the_end, args=(checkpoint, writer))
        child.start()
        while reader.recv() < moment:
            pass
        child.kill()
        child.join()
        assert child.exitcode != 0
    for a, b in zip(expected, weights_of(run_to_the_end(checkpoint)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_not_a_number_stops_the_run_and_spares_the_checkpoint(tmp_path):
    checkpoint = tmp_path / "run.weights.h5"
    gan = tiny_gan()
    training.fit(gan, IMAGES, 6, PER_EPOCH, batch_size=8, checkpoint=checkpoint)
    broken = tiny_gan()
    broken.d_loss = lambda real, fake: losses.logistic_discriminator_loss(real, fake) * float("nan")
    with pytest.raises(FloatingPointError, match="no longer a finite number at step 4.*Lower the learning rate"):
        training.fit(broken, IMAGES, STEPS, PER_EPOCH, batch_size=8, checkpoint=checkpoint)
    spared = tiny_gan()
    assert training.resume(spared, checkpoint) == 3
    assert all(np.isfinite(weight).all() for weight in spared.get_weights())


def test_full_disk_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    gan = tiny_gan()
    path = tmp_path / "run.weights.h5"
    training.save_weights(gan, path)
    good = path.read_bytes()

    def full(partial, overwrite):
        Path(partial).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gan, "save_weights", full)
    with pytest.raises(OSError, match="No space left.*the previous file is unharmed"):
        training.save_weights(gan, path)
    assert path.read_bytes() == good and list(tmp_path.iterdir()) == [path]


def test_checkpoint_of_another_model_is_refused(tmp_path):
    path = tmp_path / "run.weights.h5"
    training.save_weights(tiny_gan(), path)
    other = training.GAN(models.generator(5, (8,)), models.discriminator(8, (4,)))
    other.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    with pytest.raises(ValueError, match="does not fit this model"):
        training.resume(other, path)
    with pytest.raises(ValueError, match="ends in"):
        training.Checkpoint(tmp_path / "run.ckpt")
    truncated = tmp_path / "cut.weights.h5"
    truncated.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="does not fit this model"):
        training.resume(tiny_gan(), truncated)


def test_same_seed_same_pictures():
    generator = models.generator(4, (8,))
    a, b = training.sample(generator, 7, seed=1), training.sample(generator, 7, seed=1)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a[:3], training.sample(generator, 3, seed=1), atol=1e-5)
    assert not np.array_equal(a, training.sample(generator, 7, seed=2))


def tiny_vae(seed=0, classes=(), optimizer=None, **options):
    keras.utils.set_random_seed(0)
    networks = models.encoder(3, 8, (4,), classes=classes), models.decoder(3, (8,), classes=classes)
    vae = training.VAE(*networks, seed=seed, **options)
    vae.compile(optimizer or keras.optimizers.Adam(2e-3, use_ema=True, ema_momentum=0.5))
    return vae


@pytest.mark.parametrize("classes", [(), (5,)])
def test_a_stopped_vae_continues_to_the_same_weights(tmp_path, classes):
    labels = np.arange(40) % 5 if classes else None
    whole, second = (tiny_vae(classes=classes) for _ in range(2))
    options = {"steps_per_epoch": PER_EPOCH, "batch_size": 8, "labels": labels, "checkpoint": tmp_path / "a.weights.h5"}
    training.fit(whole, IMAGES, STEPS, **options)
    # a checkpoint is written when an epoch begins, so the second run repeats the last epoch
    assert len(training.fit(second, IMAGES, STEPS, **options)["loss"]) == 1
    for expected, found in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_vaes_loss_is_its_parts_and_learns_the_size_of_the_noise():
    """Flat grey pictures: only the noise is left to learn, and its variance falls."""
    flat = np.full((16, 8, 8, 3), 140, np.uint8)
    vae = tiny_vae(beta=4.0)
    history = training.fit(vae, flat, 60, 20, batch_size=8)
    parts = np.array(history["reconstruction"]) + 4.0 * np.array(history["kl"])
    np.testing.assert_allclose(history["loss"], parts / (8 * 8 * 3), rtol=1e-4)
    assert history["loss"][-1] < history["loss"][0]
    assert float(vae.noise_log_var) < 0


def test_latent_vectors_are_the_mean_and_the_noise_of_a_step():
    vae = tiny_vae(seed=5)
    images = training.batches(IMAGES, 8).take(1).get_single_element()
    latent, mean, log_var = vae.encode(images, step=7)
    noise = tf.random.stateless_normal((8, 3), seed=training.stream(5, training.LATENT, 7))
    np.testing.assert_allclose(latent, mean + np.exp(0.5 * log_var) * noise, rtol=1e-5)
    assert training.sample(vae.decoder, 5).shape == (5, 8, 8, 3)


def tiny_flow(classes=(), **options):
    keras.utils.set_random_seed(0)
    flow = training.FlowMatching(models.velocity(8, (4,), classes=classes), **options)
    flow.compile(keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.5))
    return flow


@pytest.mark.parametrize("classes", [(), (5,)])
def test_a_stopped_flow_continues_to_the_same_weights(tmp_path, classes):
    labels = np.arange(40)[:, None] % 5 if classes else None
    whole, second = (tiny_flow(classes) for _ in range(2))
    options = {"steps_per_epoch": PER_EPOCH, "batch_size": 8, "labels": labels, "checkpoint": tmp_path / "a.weights.h5"}
    training.fit(whole, IMAGES, STEPS, **options)
    assert len(training.fit(second, IMAGES, STEPS, **options)["loss"]) == 1
    for expected, found in zip(whole.get_weights(), second.get_weights(), strict=True):
        # on a busy machine the last bit has differed once in three runs; what does it is not known
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_step_that_reports_nothing_but_its_loss_is_watched():
    """Keras would put its own loss, which stays 0, in its place, and never see that it is not finite."""
    broken = tiny_flow()
    assert training.fit(broken, IMAGES, 3, 3, batch_size=8)["loss"][0] > 0
    broken.velocity.set_weights([np.full_like(weight, np.nan) for weight in broken.velocity.get_weights()])
    with pytest.raises(FloatingPointError, match="no longer a finite number"):
        training.fit(broken, IMAGES, 6, 3, batch_size=8)


def test_a_share_of_the_labels_is_hidden():
    """Where all are hidden, the weights that labels would reach have no gradient."""
    for drop, changes in ((1.0, False), (0.0, True)):
        flow = tiny_flow((5,), drop=drop)
        dense = next(layer for layer in flow.velocity.layers if isinstance(layer, keras.layers.Dense))
        before = dense.kernel.numpy()[32:]  # behind 16 sines and 16 cosines of the time
        for batch in training.batches(IMAGES, 8, labels=np.arange(40) % 5).take(4):
            flow.train_step(batch)
        assert (np.abs(dense.kernel.numpy()[32:] - before).max() > 0) == changes


def field(of):
    """Return an untrained flow of points (n, 1) whose velocity is ``of``(points, time, label)."""
    points, time, labels = (
        keras.layers.Input(shape, dtype=dtype) for shape, dtype in (((1,), None), ((), None), ((1,), "int32"))
    )
    return training.FlowMatching(keras.Model([points, time, labels], of(points, time[:, None], labels)))


def test_euler_and_heun_by_hand():
    """Along dx/dt = t in two steps: 0 + ½·½, and (0 + ½)/2·½ + ½·½, since Heun's last step is Euler's."""
    flow, start = field(lambda points, time, labels: 0 * points + time), np.zeros((3, 1), np.float32)
    np.testing.assert_allclose(flow.generate(start, 2, "euler"), 0.25)
    np.testing.assert_allclose(flow.generate(start, 2, "heun", batch_size=2), 0.375)
    np.testing.assert_allclose(flow.generate(start + 5, 1, "heun"), 5)


def test_guidance_by_hand():
    """The velocity is the label, and −1 where nothing is said: −1 + w·(2 + 1)."""
    flow = field(lambda points, time, labels: 0 * points + keras.ops.cast(labels, "float32"))
    start, labels = np.zeros((2, 1), np.float32), np.full((2, 1), 2)
    for weight, expected in ((None, 2), (1, 2), (0.0, -1), (3.0, 8)):
        np.testing.assert_allclose(flow.generate(start, 4, labels=labels, guidance=weight), expected)
    np.testing.assert_allclose(flow.generate(start, 4), -1)


def test_bad_requests_to_a_flow_are_named():
    flow = tiny_flow()
    for options, words in (
        ({"solver": "midpoint"}, "expected 'euler' or 'heun'"),
        ({"steps": 0}, "steps >= 1"),
        ({"labels": np.zeros((2, 1), int)}, "model without classes"),
    ):
        with pytest.raises(ValueError, match=words):
            flow.sample(2, **options)
    with pytest.raises(ValueError, match=r"of shape \(3, 1\); expected class numbers \(2,\)"):
        tiny_flow((5,)).sample(2, labels=np.zeros((3, 1), int))


def test_a_flows_samples_follow_from_the_seed():
    flow = tiny_flow()
    rng = np.random.default_rng(0)  # a fresh field ends in grey, whatever the noise
    flow.velocity.set_weights([0.1 * rng.normal(size=weight.shape) for weight in flow.velocity.get_weights()])
    a, b = (flow.sample(3, seed=1, steps=2) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.shape == (3, 8, 8, 3) and np.abs(a).max() <= 1
    assert not np.array_equal(a, flow.sample(3, seed=2, steps=2))


def tiny_writer(optimizer=None):
    keras.utils.set_random_seed(0)
    model = training.NextToken(models.Transformer(7, context=6, width=8, depth=1, heads=2))
    model.compile(optimizer or keras.optimizers.SGD(0.5))
    return model


def token_batches(start=0, end=30):
    rows = np.arange(12)[:, None] + np.arange(7)  # counting up, modulo 7
    batches = [(rows[k : k + 4, :-1] % 7, rows[k : k + 4, 1:] % 7) for k in (0, 4, 8)]
    return [batches[step % 3] for step in range(start, end)]


def test_a_step_lowers_the_loss_of_the_tokens_asked_for():
    model = tiny_writer()
    (tokens, targets), *_ = token_batches()
    before = float(losses.next_token_loss(model(tokens), targets))
    assert float(model.train_step((tokens, targets))["loss"]) == pytest.approx(before, rel=1e-5)
    assert float(losses.next_token_loss(model(tokens), targets)) < before and int(model.step) == 1
    weights = model.network.get_weights()
    model.train_step((tokens, np.full_like(targets, -1)))  # nothing is asked for: nothing is learnt
    for old, new in zip(weights, model.network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_it_learns_to_count():
    model = tiny_writer()
    step = tf.function(model.train_step)
    for _ in range(4):
        for batch in token_batches():
            step(batch)
    tokens, targets = token_batches()[0]
    assert (np.asarray(model(tokens)).argmax(-1) == targets).mean() > 0.9


def test_a_stopped_writer_continues_to_the_same_weights(tmp_path):
    checkpoint, whole, first = tmp_path / "a.weights.h5", tiny_writer(), tiny_writer()
    for batch in token_batches(0, 9):
        whole.train_step(batch)
    for batch in token_batches(0, 4):
        first.train_step(batch)
    training.save_weights(first, checkpoint)
    second = tiny_writer()
    start = training.resume(second, checkpoint)
    assert start == 4
    for batch in token_batches(start, 9):
        second.train_step(batch)
    for expected, found in zip(whole.network.get_weights(), second.network.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


LABELS = np.arange(40) % 5


def test_labels_without_a_second_axis_are_those_with_one():
    flow, vae = tiny_flow((5,)), tiny_vae(classes=(5,))
    rng = np.random.default_rng(0)
    flow.velocity.set_weights([0.1 * rng.normal(size=weight.shape) for weight in flow.velocity.get_weights()])
    seen = []
    for labels in (LABELS[:4], LABELS[:4, None]):
        latent, *_ = vae.encode(IMAGES[:4], labels)
        told = tf.function(lambda labels: flow.told(labels, 4))(tf.constant(labels))  # as a step of `fit` sees them
        seen.append([flow.sample(4, labels=labels, steps=1), latent, vae([latent, labels]), told])
    for flat, column in zip(*seen, strict=True):
        np.testing.assert_array_equal(flat, column)
    assert seen[0][3].shape == (4, 1) and np.abs(np.diff(seen[0][0], axis=0)).max() > 1e-3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS + 1, "from 1 to 5; expected .* to 4 for 5 classes"),
        (LABELS + 99, "for 5 classes"),
        (np.eye(5)[LABELS], "One-hot rows become class numbers"),
        (LABELS + 0.5, "expected whole numbers"),
        (LABELS[:30], "class numbers .40,."),
        (None, "received no labels for a model with classes"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    flow, vae = tiny_flow((5,)), tiny_vae(classes=(5,))
    for attempt in (
        lambda: training.fit(flow, IMAGES, 2, 1, 8, labels=labels),
        lambda: training.fit(vae, IMAGES, 2, 1, 8, labels=labels),
        lambda: vae.encode(IMAGES, labels),
        *([lambda: flow.sample(40, labels=labels), lambda: vae([np.zeros((40, 3)), labels])] * (labels is not None)),
    ):
        with pytest.raises(ValueError, match=message):
            attempt()


def test_no_label_is_for_flows_and_no_labels_for_a_gan():
    assert tiny_flow((5,)).told([-1, 4], 2).numpy().tolist() == [[-1], [4]]
    with pytest.raises(ValueError, match="expected 0 to 4"):
        tiny_vae(classes=(5,)).told([-1, 4], 2)
    with pytest.raises(ValueError, match="received labels for a model without classes"):
        training.fit(tiny_gan(), IMAGES, 2, 1, 8, labels=LABELS)


def test_a_vae_encodes_bytes_as_the_floats_they_stand_for():
    vae = tiny_vae()
    np.testing.assert_array_equal(vae.encode(IMAGES)[1], vae.encode(IMAGES / np.float32(127.5) - 1)[1])
    with pytest.raises(ValueError, match="from 0 to 255; expected"):
        vae.encode(IMAGES.astype(np.float32))


def test_grey_images_get_their_channel():
    assert next(iter(training.batches(IMAGES[..., 0], 8))).shape == (8, 8, 8, 1)


def test_what_was_compiled_wins_over_the_checkpoint(tmp_path):
    """Rates go from a number to a schedule and back; the moments and the count of steps come from the checkpoint."""
    rates = (1e-2, 1e-5, keras.optimizers.schedules.PolynomialDecay(1e-3, 4, 0.0), 1e-4)
    models_, path = [tiny_writer(keras.optimizers.Adam(rate)) for rate in rates], tmp_path / "a.weights.h5"
    models_[0].train_step(token_batches()[0])
    for before, after, rate in zip(models_, models_[1:], (1e-5, 7.5e-4, 1e-4), strict=False):
        training.save_weights(before, path)
        assert training.resume(after, path) == 1 == int(after.optimizer.iterations.numpy())
        assert float(keras.ops.convert_to_numpy(after.optimizer.learning_rate)) == pytest.approx(rate)
        for one in ("_momentums", "_velocities"):
            for expected, found in zip(getattr(models_[0].optimizer, one), getattr(after.optimizer, one), strict=True):
                np.testing.assert_array_equal(found, expected)
    training.save_weights(models_[0], path)
    models_[1].load_weights(path)  # Keras' own way brings the checkpoint's rate, as ever
    assert float(keras.ops.convert_to_numpy(models_[1].optimizer.learning_rate)) == pytest.approx(1e-2)
    for other in (keras.optimizers.SGD(1e-3), keras.optimizers.Adam(1e-3, use_ema=True)):
        with pytest.raises(ValueError, match="does not fit this model"):
            training.resume(tiny_writer(other), path)


def test_a_run_ends_where_it_was_asked_to_or_says_why_not():
    flow = tiny_flow()
    for done, steps, per_epoch, message in (
        (3, 10, 5, "model that has done 3; .* steps_per_epoch=5. 1 would do"),
        (9, 10, 10, "1 would do"),
        (8, 12, 6, "2 would do"),
        (0, 7, 5, "multiples of steps_per_epoch=5"),
        (12, 6, 3, "received steps=6 in all, but 12 are done"),
        (0, 0, 1, "steps = 0; expected a whole number"),
    ):
        flow.step.assign(done)
        with pytest.raises(ValueError, match=message):
            training.fit(flow, IMAGES, steps, per_epoch, 8)
    with pytest.raises(ValueError, match="call model.compile"):
        training.fit(training.GAN(*tiny_networks()), IMAGES, 2, 1, 8)


def test_steps_that_run_at_once_do_not_run_on_beyond_the_end():
    """Keras itself goes on to the next multiple: two of five would become six."""
    flow = tiny_flow()
    flow.steps_per_execution = 2
    with pytest.raises(ValueError, match="steps_per_epoch=5 for a model of steps_per_execution=2; .*=1 would do"):
        training.fit(flow, IMAGES, 5, 5, 8)
    training.fit(flow, IMAGES, 4, 4, 8)
    assert int(flow.step) == 4


def test_two_that_write_one_path_leave_the_last_complete_file(tmp_path, monkeypatch):
    """The second begins and ends while the first is writing."""
    slow, quick, path = tiny_vae(), tiny_vae(), tmp_path / "a.weights.h5"
    quick.step.assign(7)
    write = slow.save_weights

    def interrupted(name, overwrite):
        Path(name).write_bytes(b"half")
        training.save_weights(quick, path)
        assert training.resume(tiny_vae(), path) == 7 and Path(name).read_bytes() == b"half"
        write(name, overwrite=overwrite)

    monkeypatch.setattr(slow, "save_weights", interrupted)
    training.save_weights(slow, path)
    assert training.resume(quick, path) == 0  # the slow one's
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def policy():
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy("float32")


def movement(network, model, batch):
    before = network.get_weights()
    model.train_step(batch)
    return [new - old for old, new in zip(before, network.get_weights(), strict=True)]


def test_in_float16_steps_are_as_large_as_in_float32(policy):
    """Each network under SGD, whose steps are as small as gradients that are rounded to 0 or divided by a scale."""
    moved, batch = {}, tf.constant(IMAGES[:8] / np.float32(127.5) - 1)
    for name in ("float32", "mixed_float16", "mixed_bfloat16"):
        policy(name)
        gan, vae = training.GAN(*tiny_networks()), tiny_vae(optimizer=keras.optimizers.SGD(1.0))
        gan.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0))
        for model in (gan, vae):
            model.set_weights([0.1 * np.sin(np.arange(w.size) + 1).reshape(w.shape) for w in model.get_weights()])
            model.step.assign(0)
        moved[name] = movement(gan, gan, batch) + movement(vae, vae, batch)
        scaled = [isinstance(one, keras.optimizers.LossScaleOptimizer) for one in (gan.optimizer, gan.d_optimizer)]
        assert scaled == 2 * [name == "mixed_float16"]
    for name in ("mixed_float16", "mixed_bfloat16"):
        for change, expected in zip(moved[name], moved["float32"], strict=True):
            np.testing.assert_allclose(change, expected, atol=0.1 * np.abs(expected).max() + 1e-3)
    assert max(np.abs(change).max() for change in moved["mixed_float16"][:-1]) > 0.01


def test_a_run_in_float16_ends_on_its_average_and_continues(policy, tmp_path):
    policy("mixed_float16")
    whole, second = tiny_gan(), tiny_gan()
    for model in (whole, second):
        training.fit(model, IMAGES, 6, 3, 8, checkpoint=tmp_path / "a.weights.h5")
    for expected, found in zip(weights_of(whole), weights_of(second), strict=True):
        np.testing.assert_array_equal(found, expected)
    averages = whole.optimizer.inner_optimizer._model_variables_moving_average
    for weight, average in zip(whole.generator.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(weight, average)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_a_writer_writes_in_half_the_bits(policy, name):
    policy(name)
    model = tiny_writer()
    (tokens, targets), *_ = token_batches()
    losses_ = [float(model.train_step((tokens, targets))["loss"]) for _ in range(4)]
    assert losses_[-1] < losses_[0]
    cache, expected = model.network.empty_cache(len(tokens)), model(tokens)
    for place in range(3):
        logits, cache = model.network.step(tf.constant(tokens[:, place]), cache, tf.constant(place))
        np.testing.assert_allclose(logits, expected[:, place], atol=0.05)
    assert logits.dtype == expected.dtype == "float32"


# --- a run within its time -------------------------------------------------------------------------------------------


@pytest.fixture
def wall(monkeypatch):
    """A clock on the wall that goes on only when it is told to."""
    clock = types.SimpleNamespace(now=100.0)
    monkeypatch.setattr(training.time, "perf_counter", lambda: clock.now)
    return clock


def pass_epochs(clock, wall, lengths, first=0):
    """Let epochs of so many seconds pass; returns how many the clock allowed, and the optimizer's rate in each."""
    clock.set_model(types.SimpleNamespace(stop_training=False))
    rates = []
    for epoch, length in enumerate(lengths, first):
        clock.on_epoch_begin(epoch)
        rates.append(clock.optimizers[0].learning_rate)
        wall.now += length
        clock.on_epoch_end(epoch)
        if clock.model.stop_training:
            break
    return len(rates), rates


def test_a_run_ends_where_the_next_epoch_would_end_farther_from_the_limit(wall):
    """Of epochs of 10 s: 30 s are nearer to 34 than 40 are, and farther from 36."""
    clock = training.WithinTime(34.0, [types.SimpleNamespace(learning_rate=2.0)])
    assert pass_epochs(clock, wall, [10.0] * 9)[0] == 3
    later = training.WithinTime(36.0, [types.SimpleNamespace(learning_rate=2.0)])
    assert pass_epochs(later, wall, [10.0] * 9)[0] == 4


def test_rates_follow_the_clock_and_the_record_repeats_them(wall):
    """Held for 20 of 40 s; at 30 s a cosine's half: (1 + 0.05) / 2 of the rate 2."""
    clock = training.WithinTime(40.0, [types.SimpleNamespace(learning_rate=2.0)], begin=90.0)  # 10 s ago
    assert pass_epochs(clock, wall, [10.0, 10.0, 10.0]) == (3, [2.0, 2.0, pytest.approx(1.05)])
    assert clock.record == [[20.0, 1.0], [30.0, 1.0], [40.0, pytest.approx(0.525)]]
    again = training.WithinTime(float("inf"), [types.SimpleNamespace(learning_rate=2.0)], clock.record)
    assert pass_epochs(again, wall, [1.0, 1.0, 1.0]) == (3, [2.0, 2.0, pytest.approx(1.05)])
    on = training.WithinTime(40.0, [types.SimpleNamespace(learning_rate=2.0)], clock.record[:2])
    assert on.seconds == 30.0 and pass_epochs(on, wall, [10.0], first=2) == (1, [pytest.approx(1.05)])


def test_timing_a_step_leaves_the_model_as_it_was():
    gan, other = tiny_gan(), tiny_gan()
    seconds = training.step_seconds(gan, IMAGES, 2, batch_size=8)
    assert 0 < seconds < 5 and int(gan.step) == 0
    for one in (gan, other):
        training.fit(one, IMAGES, 4, 2, batch_size=8)
    for first, second in zip(weights_of(gan), weights_of(other), strict=True):
        np.testing.assert_array_equal(first, second)
