"""Networks of the collection: functions that return a ``keras.Model``. Taught in 04_training_a_gan."""

from aigc_utils import runtime
from aigc_utils.runtime import keras

import numpy as np

LEAK = 0.2  # slope of LeakyReLU below zero (Radford et al. 2016)
MOST_TURNS = 32  # half-turns of the fastest of the sines that tell a network the time
LEAST_REST = 0.05  # of a flow's time: a velocity is never divided by less


def generator(
    latent_dim=64, widths=(128, 96, 64), channels=3, full_size=0, batch_norm=True, style=(), start=4, name="generator"
):
    """Return a network from latent vectors (batch, latent_dim) to images in [-1, 1].

    A dense layer makes a map of ``start``×``start`` places and ``widths[0]`` channels. Transposed convolutions with a
    4×4 kernel double the side once for each width: to the next width, and at last to the image (three doublings of 4:
    32×32). Kernel and stride are chosen so that every output pixel is reached by the same number of kernel entries,
    which avoids checkerboards. ``full_size`` > 0 puts a map of that many channels at the image's own side before it.
    Architecture after Radford et al. 2016 (DCGAN).

    ``style`` holds the widths of dense layers that turn the latent vector into a style, which then scales and shifts
    every map (self-modulation, Chen et al. 2019): a decision such as the colour of the eyes need not travel through
    all the layers. Empty, the default: none.
    """
    layers = keras.layers
    latent = layers.Input((latent_dim,), name="latent")
    code = latent
    for width in style:
        code = layers.LeakyReLU(LEAK)(layers.Dense(width)(code))
    style = code if style else None
    image = {"padding": "same", "activation": "tanh", "dtype": "float32", "name": "image"}
    x = layers.Dense(start * start * widths[0], use_bias=not batch_norm)(code)
    x = layers.Reshape((start, start, widths[0]))(x)
    for width in (*widths[1:], *([full_size] if full_size else [])):
        x = _activate(x, batch_norm, style)
        x = layers.Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=not batch_norm)(x)
    x = _activate(x, batch_norm, style)
    last = layers.Conv2D(channels, 3, **image) if full_size else layers.Conv2DTranspose(channels, 4, strides=2, **image)
    return keras.Model(latent, last(x), name=name)


def _activate(x, batch_norm, style=None):
    layers, own = keras.layers, style is None
    if batch_norm:  # momentum 0.9: the running statistics must keep up with a run of a few thousand steps
        x = layers.BatchNormalization(momentum=0.9, center=own, scale=own)(x)
    return layers.LeakyReLU(LEAK)(x if style is None else _styled(x, style))


def _styled(x, style):
    """Return maps that a vector ``style`` scales and shifts, through a dense layer each."""
    layers, width, small = keras.layers, x.shape[-1], keras.initializers.RandomNormal(stddev=0.02)
    scale = layers.Dense(width, kernel_initializer=small, bias_initializer="ones")(style)
    x = layers.Multiply()([x, layers.Reshape((1, 1, width))(scale)])
    return layers.Add()([x, layers.Reshape((1, 1, width))(layers.Dense(width)(style))])


def discriminator(image_size=32, widths=(32, 64, 128), channels=3, full_size=0, batch_norm=False, name="discriminator"):
    """Return a network from images (batch, image_size, image_size, channels) in [-1, 1] to one logit each, (batch, 1).

    Each width halves the side by a strided convolution; ``full_size`` > 0 puts a convolution of that width before
    them, which still sees every pixel. The output is a logit, so losses take it as it is. No batch normalisation by
    default: the R1 penalty needs the gradient of each image's own logit, and batch statistics would mix the images
    (Mescheder et al. 2018).
    """
    layers = keras.layers
    images = layers.Input((image_size, image_size, channels), name="image")
    x = images
    if full_size:
        x = layers.LeakyReLU(LEAK)(layers.Conv2D(full_size, 3, padding="same")(x))
    for index, width in enumerate(widths):
        normalise = batch_norm and index > 0  # DCGAN leaves the first layer without
        x = layers.Conv2D(width, 4, strides=2, padding="same", use_bias=not normalise)(x)
        x = layers.BatchNormalization(momentum=0.9)(x) if normalise else x
        x = layers.LeakyReLU(LEAK)(x)
    logit = layers.Dense(1, dtype="float32", name="logit")(layers.Flatten()(x))
    return keras.Model(images, logit, name=name)


def encoder(latent_dim=32, image_size=32, widths=(32, 64, 128), channels=3, classes=(), name="encoder"):
    """Return a network from images, or [images, labels], to [mean, log_var] of a Gaussian, each (batch, latent_dim).

    Each width halves the side by a strided convolution. With ``classes`` = (5, 3) the integer ``labels`` (batch, 2)
    choose one of five and one of three, and join the image's features (Sohn et al. 2015).
    """
    layers = keras.layers
    images = layers.Input((image_size, image_size, channels), name="image")
    x = images
    for width in widths:
        x = layers.LeakyReLU(LEAK)(layers.Conv2D(width, 4, strides=2, padding="same")(x))
    inputs, x = _beside_labels(images, layers.Flatten()(x), classes)
    mean = layers.Dense(latent_dim, dtype="float32", name="mean")(x)
    small = keras.initializers.RandomNormal(stddev=0.01)  # begins near the prior's variance
    log_var = layers.Dense(latent_dim, kernel_initializer=small, dtype="float32", name="log_var")(x)
    return keras.Model(inputs, [mean, log_var], name=name)


def decoder(latent_dim=32, widths=(128, 96, 64), channels=3, classes=(), name="decoder"):
    """Return a network from latent vectors, or [latent vectors, labels], to images in [-1, 1]: a `generator`.

    No batch normalisation, since each image has a likelihood of its own. ``classes`` as in `encoder`.
    """
    latent = keras.layers.Input((latent_dim,), name="latent")
    inputs, code = _beside_labels(latent, latent, classes)
    return keras.Model(inputs, generator(code.shape[-1], widths, channels, batch_norm=False)(code), name=name)


def _beside_labels(first, features, classes):
    """Return the inputs of a network with labels (after ``first``), and its features beside them as one-hot vectors."""
    if not classes:
        return first, features
    first = first if isinstance(first, list) else [first]
    labels = keras.layers.Input((len(classes),), dtype="int32", name="labels")
    hot = [keras.ops.one_hot(labels[:, index], count) for index, count in enumerate(classes)]
    return [*first, labels], keras.layers.Concatenate()([features, *hot])


def label_classes(network, others):
    """Return the numbers of classes that the labels of a network choose from; () for one without labels.

    Labels are the input after the first ``others``. Their classes are as many as the network's one-hot vectors have
    entries; of a network without such vectors they are unknown: infinity.
    """
    if len(network.inputs) <= others:
        return ()
    width = network.inputs[others].shape[1]
    counts = [one.num_classes for one in _operations(network) if type(one).__name__ == "OneHot"]
    return tuple(counts) if len(counts) == width else (np.inf,) * width


def _operations(network):
    for one in network.operations:
        yield from _operations(one) if hasattr(one, "operations") else (one,)


def velocity(image_size=32, widths=(24, 48, 72), channels=3, classes=(), name="velocity"):
    """Return a network from [images, time], or [images, time, labels], to the images' velocity, of the same shape.

    ``images`` are on their way from noise (time 0) to data (time 1); ``time`` has shape (batch,). A U-Net (Ronneberger
    et al. 2015) first halves the side and then once more for each further width; the time, through sines and cosines,
    scales and shifts its maps. It guesses where the way ends, and the velocity is the rest of the way divided by the
    rest of the time (Li and He 2025): what it must learn is then an image, and never the noise. With ``classes`` =
    (5, 3) the integer ``labels`` (batch, 2) choose one of five and one of three, and −1 says nothing.
    """
    layers, ops = keras.layers, keras.ops
    images, time = layers.Input((image_size, image_size, channels), name="image"), layers.Input((), name="time")
    angles = time[:, None] * (np.pi * np.geomspace(1.0, MOST_TURNS, 16, dtype="float32"))
    inputs, code = _beside_labels([images, time], layers.Concatenate()([ops.sin(angles), ops.cos(angles)]), classes)
    for _ in range(2):
        code = layers.Dense(64, "silu")(code)
    x, skips = layers.Conv2D(widths[0], 4, strides=2, padding="same")(images), []
    for width in widths[1:]:
        skips.append(_residual(x, code))
        x = layers.Conv2D(width, 4, strides=2, padding="same")(skips[-1])
    x = _residual(_residual(x, code), code)
    for skip in reversed(skips):
        x = layers.Conv2DTranspose(skip.shape[-1], 4, strides=2, padding="same")(x)
        x = _residual(layers.Concatenate()([x, skip]), code, skip.shape[-1])
    x = layers.Activation("silu")(_residual(x, code))
    end = layers.Conv2DTranspose(channels, 4, 2, padding="same", kernel_initializer="zeros", dtype="float32")(x)
    rest = ops.maximum(1.0 - time, LEAST_REST)[:, None, None, None]
    return keras.Model(inputs, layers.Subtract(dtype="float32")([end, images]) / rest, name=name)


def vector_velocity(size, width=256, depth=3, classes=(), name="vector_velocity"):
    """Return a network like `velocity` for vectors (batch, size): dense layers that time and labels scale and shift."""
    layers, ops = keras.layers, keras.ops
    points, time = layers.Input((size,), name="points"), layers.Input((), name="time")
    angles = time[:, None] * (np.pi * np.geomspace(1.0, MOST_TURNS, 16, dtype="float32"))
    inputs, code = _beside_labels([points, time], layers.Concatenate()([ops.sin(angles), ops.cos(angles)]), classes)
    code, x = layers.Dense(64, "silu")(code), layers.Dense(width)(points)
    for _ in range(depth):
        inner = layers.Dense(width)(layers.LayerNormalization(center=False, scale=False)(x))
        inner = inner * (1.0 + layers.Dense(width)(code)) + layers.Dense(width)(code)
        x = x + layers.Dense(width, kernel_initializer="zeros")(layers.Activation("silu")(inner))
    end = layers.Dense(size, kernel_initializer="zeros", dtype="float32")(x)
    rest = ops.maximum(1.0 - time, LEAST_REST)[:, None]
    return keras.Model(inputs, layers.Subtract(dtype="float32")([end, points]) / rest, name=name)


def _residual(x, code, width=None):
    """Return x plus two convolutions of it, between which ``code`` scales and shifts the maps."""
    layers, width = keras.layers, width or x.shape[-1]
    inner = layers.Conv2D(width, 3, padding="same")(x)
    inner = layers.Activation("silu")(_styled(inner, code))
    inner = layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(inner)
    return layers.Add()([x if width == x.shape[-1] else layers.Conv2D(width, 1)(x), inner])


def sampler(velocity, steps=12, name="sampler"):
    """Return a network from noise (batch, side, side, channels), or [noise, labels], to the images at the way's end.

    It asks ``velocity`` in equal ``steps`` of Heun's method, as `training.FlowMatching.generate` does, and needs
    nothing of this project when it is loaded again.
    """
    layers, ops = keras.layers, keras.ops
    noise = layers.Input(velocity.inputs[0].shape[1:], name="noise")
    labels = [layers.Input(part.shape[1:], dtype="int32", name="labels") for part in velocity.inputs[2:]]
    points, zeros, size = noise, ops.zeros_like(noise[:, 0, 0, 0]), 1.0 / steps
    for k in range(steps):
        slope = velocity([points, zeros + k * size, *labels])
        if k < steps - 1:
            ahead = velocity([points + size * slope, zeros + (k + 1) * size, *labels])
            slope = (slope + ahead) / 2.0
        points += size * slope
    return keras.Model([noise, *labels] if labels else noise, ops.clip(points, -1.0, 1.0), name=name)


def classifier(
    outputs, image_size=32, widths=(32, 64, 128, 256), dropout=0.2, residual=False, channels=3, name="classifier"
):
    """Return a convolutional classifier of images in [-1, 1] with one softmax a name in ``outputs``.

    ``outputs`` maps the name of each output to its number of classes: {"class": 10}, or {"fur": 5, "eyes": 3}. The
    first width works at full size; each further one halves the side and has two convolutions, with ``residual`` three
    and a shortcut around two of them (another architecture, for an independent judge). The layer "features"
    (batch, widths[-1]), the average over the last map, is what `metrics` measures distances in.
    """
    layers = keras.layers
    images = layers.Input((image_size, image_size, channels), name="image")
    x = _convolution(images, widths[0])
    for width in widths[1:]:
        x = _convolution(layers.MaxPooling2D()(x), width)
        inner = _convolution(x, width)
        x = layers.Add()([x, _convolution(inner, width)]) if residual else inner
        x = layers.Dropout(dropout)(x)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    heads = {
        key: layers.Dense(count, activation="softmax", dtype="float32", name=key)(features)
        for key, count in outputs.items()
    }
    return keras.Model(images, heads, name=name)


def _convolution(x, width):
    x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def listener(outputs, shape=(64, 64), width=48, dropout=0.2, name="listener"):
    """Return a recurrent classifier of log-mel pictures (rows of frequency, columns of time) like `classifier`.

    It reads the columns one after the other, forwards and backwards (GRU, Cho et al. 2014), where `classifier` looks
    at patches. The layer "features" (batch, 2·width) is the mean over time. Taught in 08_audio.
    """
    layers = keras.layers
    images = layers.Input((*shape, 1), name="image")
    x = layers.Dense(width, "relu")(layers.Permute((2, 1))(layers.Reshape(shape)(images)))
    x = layers.Bidirectional(layers.GRU(width, return_sequences=True))(layers.Dropout(dropout)(x))
    features = layers.GlobalAveragePooling1D(name="features")(x)
    dropped = layers.Dropout(dropout)(features)
    heads = {key: layers.Dense(count, "softmax", dtype="float32", name=key)(dropped) for key, count in outputs.items()}
    return keras.Model(images, heads, name=name)


def unmel(bands=64, bins=257, width=160, name="unmel"):
    """Return a network from log-mel decibels (batch, frames, bands), divided by 30, to those of all bins, likewise.

    A linear map of three frames, and what a small network of nine adds to it (nothing, untrained). Taught in 08_audio.
    """
    layers = keras.layers
    levels = layers.Input((None, bands), name="levels")
    x = layers.Conv1D(width, 5, padding="same", activation="gelu")(levels)
    for _ in range(2):
        inner = layers.Conv1D(width, 3, padding="same", activation="gelu")(x)
        x = layers.Add()([x, layers.Dense(width)(inner)])
    linear = layers.Conv1D(bins, 3, padding="same", dtype="float32", name="linear")(levels)
    correction = layers.Dense(bins, kernel_initializer="zeros", dtype="float32")(x)
    return keras.Model(levels, layers.Add(dtype="float32")([linear, correction]), name=name)


class Block(keras.layers.Layer):
    """One layer of a `Transformer`: causal self-attention, then two dense layers, each added to what came in.

    Both normalise first (pre-norm, Xiong et al. 2020). Takes and returns (batch, length, width).
    """

    def __init__(self, width, heads, dropout=0.0, name=None):
        super().__init__(name=name)
        layers, dense = keras.layers, keras.layers.Dense
        self.width, self.heads = width, heads
        self.before_attention, self.before_dense = layers.LayerNormalization(), layers.LayerNormalization()
        self.queries_keys_values, self.joined = dense(3 * width, use_bias=False), dense(width, use_bias=False)
        self.wide, self.narrow, self.dropout = dense(4 * width, "gelu"), dense(width), layers.Dropout(dropout)

    def build(self, shape):
        """Make the weights."""
        for layer in (self.before_attention, self.before_dense, self.queries_keys_values, self.joined, self.wide):
            layer.build(shape)
        self.narrow.build((*shape[:-1], 4 * self.width))

    def split(self, x):
        """Return queries, keys and values of normalised x, each (batch, length, heads, width / heads)."""
        parts = keras.ops.split(self.queries_keys_values(self.before_attention(x)), 3, axis=-1)
        return [keras.ops.reshape(part, (*keras.ops.shape(x)[:2], self.heads, -1)) for part in parts]

    def attention(self, queries, keys):
        """Return the weights (batch, heads, length, length): each place attends to itself and to those before it."""
        length = keras.ops.shape(queries)[1]
        scores = keras.ops.einsum("bqhd,bkhd->bhqk", queries, keys) / float(self.width / self.heads) ** 0.5
        later = keras.ops.triu(keras.ops.ones((length, length)), 1)
        return keras.ops.softmax(keras.ops.cast(scores, "float32") - 1e9 * later)  # float16 ends at 65,504

    def finish(self, x, mixed, training=False):
        """Return x plus the attended values (batch, length, heads, width / heads), plus two dense layers of the sum."""
        mixed = keras.ops.reshape(mixed, keras.ops.shape(x))
        x = x + self.dropout(self.joined(mixed), training=training)
        return x + self.dropout(self.narrow(self.wide(self.before_dense(x))), training=training)

    def call(self, x, training=False):
        """Return the layer's output."""
        queries, keys, values = self.split(x)
        weights = keras.ops.cast(self.attention(queries, keys), values.dtype)
        mixed = keras.ops.einsum("bhqk,bkhd->bqhd", weights, values)
        return self.finish(x, mixed, training)

    def step(self, x, cache, position):
        """Return the output for the one place ``position``, (batch, 1, width), and the cache with its key and value.

        ``cache`` (2, context, batch, heads, width / heads) holds keys and values of all places before.
        """
        query, key, value = self.split(x)
        new = keras.ops.stack([key[:, 0], value[:, 0]])[:, None]
        cache = keras.ops.slice_update(cache, (0, position, 0, 0, 0), new)
        keys, values = cache[0, : position + 1], cache[1, : position + 1]
        scores = keras.ops.einsum("bhd,kbhd->bhk", query[:, 0], keys) / float(self.width / self.heads) ** 0.5
        return self.finish(x, keras.ops.einsum("bhk,kbhd->bhd", keras.ops.softmax(scores), values)), cache


class Transformer(keras.Model):
    """A decoder-only transformer: integer tokens (batch, length <= context) to logits (batch, length, vocabulary).

    The logits at a place are of the token that comes next, given this one and all before it. Places have learnt
    embeddings; the matrix of the token embeddings also makes the logits (Press and Wolf 2017). Taught in 07_text,
    after Vaswani et al. 2017 and Radford et al. 2019 (GPT-2).
    """

    def __init__(self, vocabulary, context=128, width=128, depth=4, heads=4, dropout=0.0, name="transformer"):
        super().__init__(name=name)
        self.vocabulary, self.context, self.width, self.heads = vocabulary, context, width, heads
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.tokens = keras.layers.Embedding(vocabulary, width, embeddings_initializer=small)
        self.places = keras.layers.Embedding(context, width, embeddings_initializer=small)
        self.blocks = [Block(width, heads, dropout, name=f"block_{k}") for k in range(depth)]
        self.dropout, self.norm = keras.layers.Dropout(dropout), keras.layers.LayerNormalization()
        for layer in (self.tokens, self.places, *self.blocks, self.norm):
            layer.build((None, None, width))
        self.built = True

    def embed(self, tokens):
        """Return token plus place embeddings (batch, length, width)."""
        return self.tokens(tokens) + self.places(keras.ops.arange(keras.ops.shape(tokens)[1]))

    def logits(self, x):
        """Return the logits of x (batch, length, width), float32 whatever the layers compute in."""
        x, matrix = (keras.ops.cast(part, "float32") for part in (self.norm(x), self.tokens.embeddings))
        return keras.ops.matmul(x, keras.ops.transpose(matrix))

    def call(self, tokens, training=False):
        """Return the logits of every next token."""
        x = self.dropout(self.embed(tokens), training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(x)

    def attention(self, tokens):
        """Return each layer's attention weights, (layers, batch, heads, length, length)."""
        x, weights = self.embed(tokens), []
        for block in self.blocks:
            weights.append(block.attention(*block.split(x)[:2]))
            x = block(x)
        return keras.ops.stack(weights)

    def empty_cache(self, batch):
        """Return one cache a layer, for `step`."""
        shape = (2, self.context, batch, self.heads, self.width // self.heads)
        return [keras.ops.zeros(shape, self.compute_dtype) for _ in self.blocks]

    def step(self, tokens, cache, position):
        """Return logits (batch, vocabulary) after ``tokens`` (batch,) at ``position``, and the cache with these."""
        x, caches = (self.tokens(tokens) + self.places(position))[:, None], []
        for block, own in zip(self.blocks, cache, strict=True):
            x, updated = block.step(x, own, position)
            caches.append(updated)
        return self.logits(x)[:, 0], caches


KITTEN_HEADS = {"fur": 5, "eyes": 3, "background": 4, "ear_height": 3, "head_size": 3, "stripes": 3, "tilt": 3}
DIGIT_HEADS = {"digit": 10, "speaker": 6}

# name of shipped weights -> the network they belong to; tools/pretrain.py trained them all
PRETRAINED = {
    "kitten_generator": lambda: generator(32, style=(128, 128), name="kitten_generator"),
    "kitten_generator_small": lambda: generator(32, (40, 64, 48), style=(64, 64), name="kitten_generator_small"),
    "kitten_flow": lambda: velocity(classes=(5, 3), name="kitten_flow"),
    "stain_flow": lambda: velocity(classes=(16,), name="stain_flow"),
    "text_lm": lambda: Transformer(1024, context=128, width=128, depth=4, heads=4, dropout=0.1, name="text_lm"),
    "text_copy": lambda: Transformer(1024, context=72, width=96, depth=3, heads=3, name="text_copy"),
    "text_translate": lambda: Transformer(1200, context=58, width=112, depth=3, heads=4, name="text_translate"),
    "cat_generator": lambda: generator(128, (192, 128, 64), full_size=32, name="cat_generator"),
    "kitten_factors": lambda: classifier(KITTEN_HEADS, widths=(16, 32, 64, 128), name="kitten_factors"),
    "cifar10_features": lambda: classifier({"class": 10}, name="cifar10_features"),
    "fashion_flow": lambda: velocity(28, (32, 80), channels=1, classes=(10,), name="fashion_flow"),
    "fashion_judge": lambda: classifier({"class": 10}, 28, (16, 24, 48), 0.1, channels=1, name="fashion_judge"),
    "fashion_second_judge": lambda: classifier(
        {"class": 10}, 28, (12, 20, 40), 0.1, residual=True, channels=1, name="fashion_second_judge"
    ),
    "digit_flow": lambda: vector_velocity(160, classes=(10, 6), name="digit_flow"),
    "digit_judge": lambda: classifier(DIGIT_HEADS, 64, (12, 24, 48, 64), channels=1, name="digit_judge"),
    "digit_second_judge": lambda: listener(DIGIT_HEADS, name="digit_second_judge"),
    "digit_vocoder": lambda: unmel(name="digit_vocoder"),
    "cifar10_judge": lambda: classifier({"class": 10}, widths=(24, 48, 96), residual=True, name="cifar10_judge"),
}


def build(name):
    """Return the untrained network that the shipped weights ``name`` fit; see ``PRETRAINED`` for the names."""
    if name not in PRETRAINED:
        raise ValueError(f"no pretrained network is called {name!r}; expected one of {', '.join(PRETRAINED)}.")
    return PRETRAINED[name]()


def load_pretrained(name):
    """Return a network with the weights that this project trained (data/pretrained/README.md says how)."""
    model = build(name)
    model.load_weights(runtime.shipped("pretrained", f"{name}.weights.h5"))
    return model
