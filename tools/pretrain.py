"""Train the networks whose weights this project ships in data/pretrained/. See data/pretrained/README.md.

Usage: python tools/pretrain.py NAME, with one of the names at the end of this file

The CIFAR-10 networks need the photographs (AIGC_DATA_DIR, the cache or the internet). The generators keep a checkpoint
below build/pretrain/ and continue from it, so a run may be stopped at any time.
"""

import io
import itertools
import json
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import checks, data, kittens, metrics, models, text, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from benchmarks import clinic  # noqa: E402
from benchmarks.text import (  # noqa: E402
    DIRECTIONS,
    SLOT,
    bits_per_character,
    log_likelihoods,
    pack,
    python_prose,
    translate,
    windows,
)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

BUILD = ROOT / "build" / "pretrain"
SHIPPED = ROOT / "data" / "pretrained"
NOISE_SHARE = 0.15  # of a batch of the factor classifier: pictures of nothing, for which every answer is equally right
CENTRED = {"low_precision": False, "shift": 0, "mirror": False}  # product photos are centred; all shoes look left


def train_classifier(
    name,
    images,
    targets,
    test,
    epochs,
    seed,
    batch_size=128,
    noise=False,
    low_precision=True,
    shift=4,
    mirror=True,
    build=models.build,
    folder=SHIPPED,
):
    """Train a classifier on uint8 images and integer targets {head: (n,)}; returns its test accuracies.

    Every picture is seen moved by up to ``shift`` pixels and, with ``mirror``, half of them the other way round.
    """
    keras.config.set_dtype_policy("mixed_bfloat16" if low_precision else "float32")
    model = build(name)
    counts = {head: model.get_layer(head).units for head in targets}
    steps_per_epoch, side, most = len(images) // batch_size, images.shape[1], 2 * shift + 1
    pad = [[0, 0], [shift, shift], [shift, shift], [0, 0]]

    def batch(indices):
        place = [seed, tf.cast(indices[0], tf.int32)]
        crop = tf.random.stateless_uniform((2,), seed=place, maxval=most, dtype=tf.int32)
        coin = tf.random.stateless_uniform((batch_size, 1, 1, 1), seed=[seed + 1, tf.cast(indices[0], tf.int32)]) < 0.5
        x = tf.cast(tf.gather(images, indices), tf.float32) / 127.5 - 1
        x = tf.pad(x, pad, mode="REFLECT")[:, crop[0] : crop[0] + side, crop[1] : crop[1] + side]
        x = tf.where(coin, x[:, :, ::-1], x) if mirror else x
        y = {head: tf.one_hot(tf.gather(targets[head], indices), count) for head, count in counts.items()}
        return with_noise(x, y, indices) if noise else (x, y)

    def with_noise(x, y, indices):
        """Replace the first pictures of a batch by noise of many grains, strengths and colours, with even targets."""
        count = int(NOISE_SHARE * batch_size)
        draw = [tf.random.stateless_normal((count, 32, 32, 3), seed=[seed + 2, tf.cast(indices[0], tf.int32)])]
        draw += [tf.nn.avg_pool2d(draw[0], grain, 1, "SAME") * grain for grain in (2, 5)]
        level = tf.random.stateless_uniform((3, count, 1, 1, 3), seed=[seed + 3, tf.cast(indices[0], tf.int32)])
        grains = tf.stack([draw[k % len(draw)][k] for k in range(count)])
        noise = tf.round(level[0]) * (2 * level[1] - 1) + 1.5 * level[2, ..., :1] * grains
        even = {head: tf.ones((count, counts[head])) / counts[head] for head in y}
        y = {head: tf.concat([even[head], one_hot[count:]], 0) for head, one_hot in y.items()}
        return tf.concat([tf.clip_by_value(noise, -1, 1), x[count:]], 0), y

    dataset = tf.data.Dataset.range(len(images)).shuffle(len(images), seed=seed).batch(batch_size, drop_remainder=True)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps_per_epoch * epochs, warmup_target=3e-3, warmup_steps=min(300, steps_per_epoch)
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.01), loss="categorical_crossentropy")
    model.fit(dataset.map(batch, num_parallel_calls=2).prefetch(4), epochs=epochs, verbose=2)
    keras.config.set_dtype_policy("float32")
    finished = build(name)
    finished.set_weights(model.get_weights())
    training.save_weights(finished, folder / f"{name}.weights.h5")
    guesses = metrics.as_feature_network(finished).probabilities(test[0])
    return {head: float((guesses[head].argmax(1) == test[1][head]).mean()) for head in counts}


def kitten_targets(table):
    """Return {head: integers (n,)}: names by their index, numbers by the third of their range that they lie in."""
    targets = {name: np.array([names.index(value) for value in table[name]]) for name, names in kittens.CHOICES.items()}
    for name, (least, most) in kittens.RANGES.items():
        targets[name] = np.clip((3 * (table[name].to_numpy() - least) / (most - least)).astype(int), 0, 2)
    # a mirrored kitten leans the other way: as images are mirrored at random, only how far it leans can be asked
    lean = np.abs(table["tilt"].to_numpy()) / kittens.RANGES["tilt"][1]
    targets["tilt"] = np.clip((3 * lean).astype(int), 0, 2)
    return targets


def kitten_factors():
    """The factor classifier: reads fur, eyes and the other factors of a kitten; its features measure distances."""
    images, table = kittens.sample(8000, seed=10)
    test_images, test_table = kittens.sample(2000, seed=11)
    return train_classifier(
        "kitten_factors",
        images,
        kitten_targets(table),
        (test_images, kitten_targets(test_table)),
        10,
        2,
        64,
        noise=True,
    )


def photographs(name, split):
    """Return photographs of the catalogue, never their stand-in."""
    photos = data.load(name, split)
    if photos.is_stand_in:
        raise SystemExit(f"The photographs {name} are not here: connect to the internet or set AIGC_DATA_DIR.")
    return photos


def ten_classes(name, photos, epochs, seed, **options):
    """A classifier of CIFAR-10 or Fashion-MNIST, whose test photos are held out from all networks."""
    train, test = photographs(photos, "train"), photographs(photos, "test")
    targets, test_targets = {"class": train.labels.astype("int32")}, {"class": test.labels}
    return train_classifier(name, train.images, targets, (test.images, test_targets), epochs, seed, **options)


class Report(keras.callbacks.Callback):
    """Print the distance to held-out pictures every few epochs."""

    def __init__(self, network, held_out, every=4):
        super().__init__()
        self.network, self.every = network, every
        self.reference, self.begin = network.features(held_out), time.time()

    def on_epoch_end(self, epoch, logs=None):
        """Measure the moving average, which the model holds at the end of an epoch."""
        if epoch % self.every == self.every - 1:
            samples = training.sample(self.model.generator, 2000, seed=77)
            distance = metrics.frechet_distance(self.reference, self.network.features(samples))
            line = {key: round(float(value), 3) for key, value in logs.items()}
            print(
                f"step {int(self.model.step)}, {time.time() - self.begin:.0f} s, distance {distance:.3f}, {line}",
                flush=True,
            )


def train_generator(
    name, images, network, held_out, rates, steps, discriminator, average, batch_size=64, r1_gamma=0.5, folder=SHIPPED
):
    """Train a shipped generator from its checkpoint on; returns its distance to the held-out pictures.

    ``rates`` = {step: learning rate from there on}; ``discriminator`` holds the arguments of `models.discriminator`.
    The arithmetic is bfloat16, which these processors do faster.
    """
    keras.config.set_dtype_policy("mixed_bfloat16")
    gan = training.GAN(models.build(name), models.discriminator(**discriminator), seed=0)
    optimizers = (
        keras.optimizers.Adam(rates[0], 0.0, 0.99, use_ema=True, ema_momentum=average),
        keras.optimizers.Adam(rates[0], 0.0, 0.99),
    )
    gan.compile(*optimizers, r1_gamma=r1_gamma, r1_every=4)

    def set_rate(epoch, logs=None):
        for optimizer in optimizers:
            optimizer.learning_rate = next(rate for step, rate in reversed(rates.items()) if epoch * 250 >= step)

    report = Report(network, held_out)
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=set_rate), report]
    training.fit(gan, images, steps, 250, batch_size, checkpoint=BUILD / f"{name}_gan.weights.h5", callbacks=callbacks)
    keras.config.set_dtype_policy("float32")
    finished = models.build(name)
    finished.set_weights(gan.generator.get_weights())
    training.save_weights(finished, folder / f"{name}.weights.h5")
    samples = network.features(training.sample(finished, 2000, seed=1))
    return {"distance": metrics.frechet_distance(report.reference, samples)}


def cat_generator():
    """The generator of photographs: 5,000 cats of CIFAR-10, by a discriminator and then by a third network."""
    cats, held_out = photographs("cats", "train"), photographs("cats", "test")
    network, path = metrics.feature_network("cifar10_features"), BUILD / "cat_generator.weights.h5"
    if not path.exists():
        rates = {0: 5e-4, 8000: 2.5e-4, 10000: 1e-4}
        sizes = {"widths": (48, 96, 192)}
        train_generator(
            "cat_generator", cats.images, network, held_out.images, rates, 11250, sizes, 0.999, folder=BUILD
        )
    generator = models.build("cat_generator")
    first = [layer for layer in generator.layers if layer.trainable_variables][:2]  # dense, batch normalisation
    legs = {
        BUILD / "cat_generator_all.weights.h5": (generator.trainable_variables, 3e-5),  # benchmarks/cats.py: why not
        SHIPPED / path.name: ([weight for layer in first for weight in layer.trainable_variables], 2e-4),
    }
    for to, (weights, rate) in legs.items():
        if to.parent == SHIPPED or not to.exists():
            generator.load_weights(path)
            approach(generator, weights, cats.images, tutor(), 600, rate)
            training.save_weights(generator, to)
    samples = network.features(training.sample(generator, 2000, seed=1))
    return {"distance": metrics.frechet_distance(network.features(held_out.images), samples)}


def tutor():
    """Return a classifier of CIFAR-10 that neither measures nor judges a generator, and does not ship."""
    path = BUILD / "tutor.weights.h5"

    def build(name):
        return models.classifier({"class": 10}, widths=(32, 64, 128), dropout=0.1, name=name)

    if not path.exists():
        print(ten_classes("tutor", "cifar10", epochs=6, seed=31, build=build, folder=BUILD))
    network = build("tutor")
    network.load_weights(path)
    return network


def approach(generator, weights, images, network, steps, rate, batch_size=512):
    """Move some of a generator's weights, in place, towards the Fréchet distance 0 in the maps of ``network``.

    After Mathiasen and Hvilshøj 2020, *Backpropagating through Fréchet Inception Distance*: the distance of a batch is
    the loss. Three are added, each as a share of the real features' spread: the last map and the middle one, averaged
    over their places, and the picture itself as 4×4 colours. Batch normalisation keeps its statistics, so that what is
    measured is what will be drawn; the weights that remain are an average over about 50 steps.
    """
    relus = [layer.output for layer in network.layers if isinstance(layer, keras.layers.ReLU)]
    maps = keras.Model(network.input, [relus[2], relus[4]])

    def describe(pictures, seed):
        looks = [shifted(pictures, [seed, k]) for k in range(2)]
        middle, last = maps(looks[0], training=False)
        colours = tf.reshape(tf.nn.avg_pool2d(looks[1], 8, 8, "VALID"), (-1, 48))
        return [tf.reduce_mean(last, (1, 2)), tf.reduce_mean(middle, (1, 2)), colours]

    units = data.to_unit(images)
    parts = [describe(units[k : k + 250], 10**6 + seed + k) for seed in range(4) for k in range(0, len(units), 250)]
    wanted = [moments(np.concatenate(part).astype(np.float64)) for part in zip(*parts, strict=True)]
    averages = [tf.Variable(weight) for weight in weights]
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps - 20, alpha=0.05, warmup_target=rate, warmup_steps=20)
    adam = keras.optimizers.Adam(schedule, 0.9, 0.99, global_clipnorm=5.0)
    adam.build(weights)

    @tf.function
    def step(number, decay):
        latent = tf.random.stateless_normal((batch_size, generator.input_shape[-1]), [17, number])
        with tf.GradientTape() as tape:
            made = describe(generator(latent, training=False), number)
            shares = [distance_share(part, real) for part, real in zip(made, wanted, strict=True)]
            loss = shares[0] + 0.5 * shares[1] + 0.5 * shares[2]
        adam.apply(tape.gradient(loss, weights), weights)
        for average, weight in zip(averages, weights, strict=True):
            average.assign(decay * average + (1 - decay) * weight)
        return tf.stack(shares)

    for number in range(steps):
        shares = step(tf.constant(number), tf.constant(min(0.98, (1 + number) / (10 + number)), tf.float32))
        if number % 50 == 49:
            print(f"step {number + 1} of {steps}, shares of the spread {shares.numpy().round(4)}", flush=True)
    for average, weight in zip(averages, weights, strict=True):
        weight.assign(average)


def shifted(pictures, seed, most=2):
    """Return pictures (n, side, side, c), each mirrored or not and shifted by up to ``most`` pixels at random."""
    count, side = tf.shape(pictures)[0], pictures.shape[1]
    coin = tf.random.stateless_uniform((count, 1, 1, 1), seed) < 0.5
    down, right = tf.unstack(tf.random.stateless_uniform((2, count, 1), seed, 0, 2 * most + 1, tf.int32))
    x = tf.where(coin, pictures[:, :, ::-1], pictures)
    x = tf.pad(x, [[0, 0], [most, most], [most, most], [0, 0]], mode="SYMMETRIC")
    x = tf.gather(x, tf.range(side)[None] + down, axis=1, batch_dims=1)
    return tf.gather(x, tf.range(side)[None] + right, axis=2, batch_dims=1)


def moments(features):
    """Return (mean, covariance, its root) of features (n, d), as float32 tensors."""
    return [tf.constant(part, tf.float32) for part in metrics._moments(features)]


def distance_share(features, real):
    """Return the Fréchet distance of a batch of features to real moments, over the trace of their covariance."""
    mean, covariance, root = real
    centre, spread = tf.reduce_mean(features, 0), tf.linalg.trace(covariance)
    centred = features - centre
    own = tf.matmul(centred, centred, transpose_a=True) / tf.cast(tf.shape(features)[0] - 1, tf.float32)
    values = tf.linalg.eigvalsh(root @ own @ root + 1e-6 * spread / len(mean) * tf.eye(len(mean)))
    cross = tf.reduce_sum(tf.sqrt(tf.maximum(values, 1e-12)))
    return (tf.reduce_sum((centre - mean) ** 2) + spread + tf.linalg.trace(own) - 2 * cross) / spread


def kitten_generator():
    """The generator of kittens: notebook 04's recipe with a longer run and a longer average."""
    images, held_out = kittens.sample(4500, seed=0)[0], kittens.sample(2000, seed=11)[0]
    network = metrics.feature_network("kitten_factors")
    rates = {0: 2e-3, 3000: 1e-3, 4000: 5e-4, 5000: 2e-4, 5500: 5e-5}
    return train_generator(
        "kitten_generator",
        images,
        network,
        held_out,
        rates,
        6000,
        {"full_size": 16},
        0.999,
        batch_size=32,
        r1_gamma=3.0,
    )


def kitten_flow():
    """The velocity field of kittens that can be told fur and eyes: 06's recipe with a longer run, in float32."""
    images, table = kittens.sample(4500, seed=0)
    labels = np.stack([kitten_targets(table)[name] for name in ("fur", "eyes")], axis=1)
    flow, steps = training.FlowMatching(models.build("kitten_flow"), seed=0), 9000
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 200, alpha=0.02, warmup_target=2e-3, warmup_steps=200)
    flow.compile(keras.optimizers.Adam(rate, 0.9, 0.99, use_ema=True, ema_momentum=0.999, global_clipnorm=1.0))
    training.fit(flow, images, steps, 250, 16, labels=labels, checkpoint=BUILD / "kitten_flow_run.weights.h5")
    training.save_weights(flow.velocity, SHIPPED / "kitten_flow.weights.h5")
    network, held_out = metrics.feature_network("kitten_factors"), kittens.sample(2000, seed=11)[0]
    samples = flow.sample(2000, seed=1)
    return {"distance": metrics.frechet_distance(network.features(held_out), network.features(samples))}


def stain_flow():
    """The velocity field of histology patches that can be told the amount of brown dye, for notebook 14."""
    images, stain, _ = clinic.stained_patches("train")
    edges, centres = clinic.stain_levels(stain)
    labels = np.digitize(stain, edges).astype("int32")[:, None]
    flow, steps = training.FlowMatching(models.build("stain_flow"), seed=0), 5000
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 200, alpha=0.02, warmup_target=2e-3, warmup_steps=200)
    flow.compile(keras.optimizers.Adam(rate, 0.9, 0.99, use_ema=True, ema_momentum=0.998, global_clipnorm=1.0))
    training.fit(flow, images, steps, 250, 32, labels=labels, checkpoint=BUILD / "stain_flow_run.weights.h5")
    training.save_weights(flow.velocity, SHIPPED / "stain_flow.weights.h5")
    asked = np.arange(160) % clinic.STAIN_LEVELS
    samples = data.to_uint8(flow.sample(160, seed=1, labels=asked[:, None]))
    from skimage import color

    measured = color.rgb2hed(samples)[..., 2].mean(axis=(1, 2))
    return {"correlation of asked and measured stain": float(np.corrcoef(centres[asked], measured)[0, 1])}


def train_transformer(name, dataset, steps, rate, every=250, report=None):
    """Train a shipped transformer from its checkpoint on, in float32; ``dataset(step)`` gives batches from a step on.

    ``report(network)`` is printed every 1,000 steps.
    """
    model = training.NextToken(models.build(name), seed=0)
    warm_up = steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, 0.02, warmup_target=rate, warmup_steps=warm_up
    )
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=0.1, beta_2=0.98, global_clipnorm=1.0))
    checkpoint = BUILD / f"{name}_run.weights.h5"
    start, begin = training.resume(model, checkpoint), time.process_time()

    def look(epoch, logs):
        said = report(model.network) if report and (epoch + 1) * every % 1000 == 0 else ""
        print(
            f"step {(epoch + 1) * every}, {time.process_time() - begin:.0f} s of one core",
            logs["loss"],
            said,
            flush=True,
        )

    callbacks = [training.Checkpoint(checkpoint), keras.callbacks.TerminateOnNaN()]
    callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=look))
    model.fit(
        dataset(start),
        initial_epoch=start // every,
        epochs=steps // every,
        steps_per_epoch=every,
        callbacks=callbacks,
        verbose=0,
    )
    training.save_weights(model.network, SHIPPED / f"{name}.weights.h5")
    return model.network


def train_pieces(said, size, symbols=()):
    """Return the bytes of a sentencepiece model of ``size`` pieces; the line end and ``symbols`` are pieces whole.

    Lines are broken after 1,000 characters, before a space where there is one: sentencepiece passes over long ones. A
    text that does not fit ``size`` (too short, or with too many different characters) is a ValueError.
    """
    import sentencepiece

    checks.whole(1, size=size)
    lines = [part for line in said.splitlines() for part in re.findall(r".{1,1000}(?=\s|$)|.{1,1000}", line, re.DOTALL)]
    plain = {"model_type": "bpe", "character_coverage": 1.0, "byte_fallback": True, "num_threads": 1, "minloglevel": 3}
    kept = {"normalization_rule_name": "identity", "add_dummy_prefix": False, "remove_extra_whitespaces": False}
    whole = {"user_defined_symbols": [text.NEWLINE, *symbols], "bos_id": -1, "eos_id": -1, "vocab_size": int(size)}
    buffer = io.BytesIO()
    try:
        train = sentencepiece.SentencePieceTrainer.train
        train(sentence_iterator=iter(lines), model_writer=buffer, **plain, **kept, **whole)
    except RuntimeError as error:
        kinds = f"{len(said):,} characters, {len(set(said)):,} of them different"
        raise ValueError(f"received {kinds}; expected a text that fits {size} pieces. In its words: {error}") from error
    return buffer.getvalue()


def text_lm():
    """The language model: prose of Python's documentation in pieces, which it trains on the training part, too."""
    parts, path = python_prose(), SHIPPED / "text_pieces.model"
    path.write_bytes(train_pieces(parts["train"], 1024))
    pieces = text.Pieces(path)
    tokens = {part: pieces.encode(text.NEWLINE + prose) for part, prose in parts.items()}
    some = tokens["validation"][:8000]

    def bits(network, part=some):
        return bits_per_character(log_likelihoods(network, part), pieces.decode(part[1:]))

    network = train_transformer(
        "text_lm", lambda step: windows(tokens["train"], 128, 8, 0, step), 4500, 2.5e-3, report=bits
    )
    return {f"{part} bits a character": bits(network, tokens[part]) for part in ("validation", "test")}


def packed_batches(tokens, targets, batch, seed=0):
    """Return a function of the step from which on batches of packed rows are drawn with replacement."""

    def one(step):
        seeds = tf.stack([tf.cast(seed, tf.int64), step])
        places = tf.random.stateless_uniform((batch,), seed=seeds, maxval=len(tokens), dtype=tf.int32)
        return tf.gather(tokens, places), tf.gather(targets, places)

    return lambda start: training.endless(one, start)


def wish_symbols(vocabulary):
    """Return the symbols of every value of a vocabulary, for `train_pieces`."""
    return [f"<{name}={value.replace(' ', '_')}>" for name in text.ATTRIBUTES for value in vocabulary[name]]


def text_copy():
    """The network that writes ad copy for seven attributes; the last 500 rows of the catalogue are held out."""
    rows = pd.read_csv(ROOT / "data" / "text" / "catalogue.csv", dtype=str).to_dict("records")
    words = json.loads((ROOT / "data" / "text" / "vocabulary.json").read_text(encoding="utf-8"))
    train, test, path = rows[:-500], rows[-500:], SHIPPED / "copy_pieces.model"
    path.write_bytes(train_pieces("\n".join(row["copy"] for row in train), 1024, wish_symbols(words)))
    pieces = text.Pieces(path)
    end, slot = pieces.encode(text.NEWLINE)[0], len(text.ATTRIBUTES)
    prompts, answers = ([pieces.encode(said(row)) for row in train] for said in (text.wish, lambda row: row["copy"]))
    packed = pack(prompts, answers, slot, 72, end)
    network = train_transformer("text_copy", packed_batches(*packed, 32), 1500, 3e-3)
    written = text.writer(network)(np.stack([pieces.encode(text.wish(row)) for row in test]), 65, top_p=0.9)
    said = [pieces.decode(row[slot:]).split(text.NEWLINE)[0] for row in written]
    found = [text.named_attributes(copy, words) for copy in said]
    print(*said[:8], sep="\n")
    both = list(zip(test, found, strict=True))
    return {
        "names all": np.mean([all(row[name] in values for name, values in named.items()) for row, named in both]),
        "invents none": np.mean([all(values <= {row[name]} for name, values in named.items()) for row, named in both]),
    }


def text_translate():
    """The network that translates product phrases, from English to Chinese and back."""
    pairs = pd.read_csv(ROOT / "data" / "text" / "parallel.csv")
    train, path = pairs[pairs["split"] == "train"], SHIPPED / "translate_pieces.model"
    both = "\n".join([*train["english"], *train["chinese"]])
    path.write_bytes(train_pieces(both, 1200, DIRECTIONS))
    pieces, prompts, answers = text.Pieces(path), [], []
    for _, group in train.groupby("meaning"):  # every form in one language goes with every form in the other
        for english, chinese in itertools.product(group["english"], group["chinese"]):
            prompts += [pieces.encode(english + "<zh>"), pieces.encode(chinese + "<en>")]
            answers += [pieces.encode(chinese), pieces.encode(english)]
    packed = pack(prompts, answers, SLOT, 58, pieces.encode(text.NEWLINE)[0])
    network = train_transformer("text_translate", packed_batches(*packed, 32), 2500, 3e-3)
    held_out = pairs[pairs["split"] == "test"].drop_duplicates("meaning")
    chinese = translate(network, pieces, held_out["english"], "<zh>")
    english = translate(network, pieces, chinese, "<en>")
    print(*zip(held_out["english"][:8], chinese[:8], english[:8], strict=True), sep="\n")
    words = json.loads((ROOT / "data" / "text" / "vocabulary.json").read_text(encoding="utf-8"))
    meanings = [[text.named_attributes(phrase, words) for phrase in said] for said in (held_out["english"], english)]
    return {"meaning kept there and back": np.mean([a == b for a, b in zip(*meanings, strict=True)])}


def fashion_flow():
    """The velocity field of product photos that is told the product: 06's recipe, in float32, in two rounds."""
    train, flow = photographs("fashion-mnist", "train"), training.FlowMatching(models.build("fashion_flow"), seed=0)
    for steps in (5500, 12_000):  # the second round begins again at a higher rate, from the checkpoint of the first
        rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 200, 0.02, warmup_target=2e-3, warmup_steps=200)
        flow.compile(keras.optimizers.Adam(rate, 0.9, 0.99, use_ema=True, ema_momentum=0.999, global_clipnorm=1.0))
        path = BUILD / "fashion_flow_run.weights.h5"
        training.fit(flow, train.images, steps, 250, 32, flip=False, labels=train.labels[:, None], checkpoint=path)
    training.save_weights(flow.velocity, SHIPPED / "fashion_flow.weights.h5")
    return judged(flow)


def judged(flow, count=100):
    """Return the share of ``count`` pictures a product that the judge reads as the product asked for."""
    labels = np.repeat(np.arange(10), count)[:, None]
    samples = flow.sample(len(labels), seed=1, labels=labels)
    guesses = metrics.feature_network("fashion_judge").probabilities(samples)["class"].argmax(1)
    return {"as asked": float((guesses == labels[:, 0]).mean())}


RUNS = {
    "stain_flow": stain_flow,
    "fashion_judge": lambda: ten_classes("fashion_judge", "fashion-mnist", epochs=4, seed=1, **CENTRED),
    "fashion_second_judge": lambda: ten_classes("fashion_second_judge", "fashion-mnist", epochs=4, seed=7, **CENTRED),
    "fashion_flow": fashion_flow,
    "cat_generator": cat_generator,
    "kitten_generator": kitten_generator,
    "kitten_flow": kitten_flow,
    "kitten_factors": kitten_factors,
    "text_lm": text_lm,
    "text_copy": text_copy,
    "text_translate": text_translate,
    "cifar10_features": lambda: ten_classes("cifar10_features", "cifar10", epochs=8, seed=1),
    "cifar10_judge": lambda: ten_classes("cifar10_judge", "cifar10", epochs=5, seed=7),
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in RUNS:
        sys.exit(__doc__)
    begin = time.time()
    tf.config.experimental.enable_op_determinism()
    BUILD.mkdir(parents=True, exist_ok=True)
    figures = RUNS[sys.argv[1]]()
    figures["seconds"] = round(time.time() - begin)
    print(json.dumps(figures, indent=1))
