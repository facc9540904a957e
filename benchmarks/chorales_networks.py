"""The two networks of chorales_model.py: a causal writer of events, and a filler of hidden cells.

Notebook 17 shows these classes: they are written into it from here. Importing this file imports TensorFlow.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import models, runtime  # noqa: E402
from benchmarks.chorales import CODED, FIRST, GAPS, HOLD, SYMBOLS  # noqa: E402

import numpy as np  # noqa: E402

keras, tf = runtime.keras, runtime.tf
layers, ops = keras.layers, keras.ops

WIDTH = 96
DEPTH = 3
HEADS = 4
FAR = 96  # events: attention tells distances up to here apart
AGES = 18  # sixteenths that a pitch has sounded, told apart
FERMATA = 34  # and until the next fermata
LEFT = 34  # eighths until the end
SHIFTS = 17  # semitones above the common key, −8 to 8
COLUMNS = (*[SYMBOLS] * 4, GAPS, *[SYMBOLS] * 4, *[AGES] * 4, 72, 4, FERMATA, LEFT, 2, SHIFTS, *[13] * 6)
OFFSETS = np.cumsum([0, *COLUMNS[:-1]])
HIDDEN = SYMBOLS  # a cell that is not shown
BEYOND = SYMBOLS + 1  # a cell outside of the piece
CELLS = SYMBOLS + 2
FILLER_WIDTH = 144
GIVEN = (5 * 8, 10, 10, 2, SHIFTS)  # place of the quarter in the bar, fermata here, quarters left, mode, shift
GIVEN_OFFSETS = np.cumsum([0, *GIVEN[:-1]])


class Near(models.Block):
    """A transformer's layer that knows distances: each head adds a learnt number for each distance (Raffel 2020).

    ``causal``: each place attends to itself and those before it; else to all.
    """

    def __init__(self, width, heads, causal, dropout=0.0):
        super().__init__(width, heads, dropout)
        self.causal = causal

    def build(self, shape):
        """Make the weights."""
        super().build(shape)
        self.bias = self.add_weight(shape=(self.heads, 2 * FAR + 1), initializer="zeros", name="bias")

    def attention(self, queries, keys):
        """Return the weights (batch, heads, length, length)."""
        length = ops.shape(queries)[1]
        places = ops.arange(length)
        apart = places[None] - places[:, None]
        scores = ops.einsum("bqhd,bkhd->bhqk", queries, keys) / float(self.width / self.heads) ** 0.5
        scores = scores + ops.take(self.bias, ops.clip(apart, -FAR, FAR) + FAR, axis=1)[None]
        if self.causal:
            scores = scores - 1e9 * ops.cast(apart > 0, "float32")
        return ops.softmax(scores)

    def step(self, x, cache, position):
        """Return the output for the one place ``position``, (b, 1, width), and the cache with its key and value."""
        query, key, value = self.split(x)
        cache = ops.slice_update(cache, (0, 0, position, 0, 0), ops.stack([key, value]))
        places = ops.arange(ops.shape(cache)[2])
        scores = ops.einsum("bhd,bkhd->bhk", query[:, 0], cache[0]) / float(self.width / self.heads) ** 0.5
        scores = scores + ops.take(self.bias, ops.clip(places - position, -FAR, FAR) + FAR, axis=1)[None]
        scores = ops.softmax(scores - 1e9 * ops.cast(places > position, "float32"))
        return self.finish(x, ops.einsum("bhk,bkhd->bhd", scores, cache[1])[:, None]), cache


class Voices(layers.Layer):
    """Logits of the five things of an event, each told those before it: pitches by themselves and as intervals.

    A pitch's logit is the sum of its own, and of those of its intervals to what the voice sang last, and to the
    voices that are decided: soprano, bass, alto.
    """

    def __init__(self, width, hidden=96, dropout=0.0):
        super().__init__()
        self.width, self.hidden, self.dropout = width, hidden, layers.Dropout(dropout)
        self.symbols = [layers.Embedding(SYMBOLS, width) for _ in range(4)]
        self.moves = [layers.Embedding(2, width) for _ in range(4)]
        self.inner = [layers.Dense(hidden, "gelu") for _ in range(CODED)]
        self.own = [layers.Dense(GAPS if k == 4 else SYMBOLS) for k in range(CODED)]
        self.steps = [layers.Dense((k + 1) * (2 * SYMBOLS - 1)) for k in range(4)]

    def build(self, shape):
        """Make the weights."""
        for layer in (*self.symbols, *self.moves):
            layer.build((None,))
        for layer in self.inner:
            layer.build((*shape[:-1], self.width))
        for layer in (*self.own, *self.steps):
            layer.build((*shape[:-1], self.hidden))

    def one(self, k, x, before, decided, training=False):
        """Return (logits of thing k, x): x (b, n, width), ``before`` (b, n, 4), ``decided`` a list of k (b, n)."""
        if k:
            last = decided[-1]
            now = ops.where(last == HOLD, before[..., k - 1], last)
            x = x + self.symbols[k - 1](now) + self.moves[k - 1](ops.cast(last != HOLD, "int32"))
        inner = self.dropout(self.inner[k](x), training=training)
        logits = self.own[k](inner)
        if k < 4:
            sung = [ops.where(one == HOLD, before[..., j], one) for j, one in enumerate(decided)]
            far = ops.stack([before[..., k], *sung], axis=-1)
            logits = logits + self.by_steps(k, inner, far)
        return logits, x

    def by_steps(self, k, inner, far):
        """Return (b, n, SYMBOLS): the sum over the pitches ``far`` (b, n, k + 1) of the logits of intervals."""
        shape = ops.shape(inner)
        steps = ops.reshape(self.steps[k](inner), (*shape[:2], k + 1, 2 * SYMBOLS - 1))
        places = ops.arange(SYMBOLS) - far[..., None] + SYMBOLS - 1
        found = tf.gather(steps, places, batch_dims=3)
        pitched = ops.cast(far >= FIRST, "float32")[..., None] * ops.cast(ops.arange(SYMBOLS) >= FIRST, "float32")
        return ops.sum(found * pitched, axis=2)

    def call(self, x, before, rows, training=False):
        """Return the logits of all five, each (b, n, size), for events ``rows`` (b, n, 5)."""
        found = []
        for k in range(CODED):
            logits, x = self.one(k, x, before, [rows[..., j] for j in range(k)], training)
            found.append(logits)
        return found


class Writer(keras.Model):
    """A causal transformer over events: `looks` in, logits of the five things of each event out."""

    def __init__(self, dropout=0.2):
        super().__init__(name="chorales_writer")
        self.told = layers.Embedding(sum(COLUMNS), WIDTH, embeddings_initializer="random_normal")
        self.blocks = [Near(WIDTH, HEADS, True, dropout) for _ in range(DEPTH)]
        self.norm, self.dropout = layers.LayerNormalization(), layers.Dropout(dropout)
        self.voices, self.untold = (
            Voices(WIDTH, dropout=dropout),
            layers.Dropout(0.1, noise_shape=(None, None, None, 1)),
        )
        self.told.build((None, None))
        for layer in (*self.blocks, self.norm, self.voices):
            layer.build((None, None, WIDTH))
        self.built = True

    def trunk(self, told, training=False):
        """Return (b, n, WIDTH): what is known before each event; while training some of it is not told."""
        x = self.told(told + OFFSETS.astype("int32"))
        x = self.dropout(ops.sum(self.untold(x, training=training), axis=2), training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self.dropout(self.norm(x), training=training)

    def step(self, told, caches, position):
        """Return what is known before the one event ``position``, (b, 1, WIDTH), for told (b, 1, …), and caches."""
        x, kept = ops.sum(self.told(told + OFFSETS.astype("int32")), axis=2), []
        for block, own in zip(self.blocks, caches, strict=True):
            x, more = block.step(x, own, position)
            kept.append(more)
        return self.norm(x), kept

    def call(self, inputs, training=False):
        """Return the logits of the five things of each event, for [told, what sounded before, events]."""
        told, before, rows = inputs
        return self.voices(self.trunk(told, training=training), before, rows, training=training)


class Filler(keras.Model):
    """A transformer over quarters: cells (b, n, 16), hidden or not, and what is given, to logits of every cell."""

    def __init__(self, dropout=0.1):
        super().__init__(name="chorales_filler")
        width = FILLER_WIDTH
        self.cells = layers.Embedding(16 * CELLS, 32)
        self.joined, self.given = layers.Dense(width), layers.Embedding(sum(GIVEN), width)
        self.blocks = [Near(width, HEADS, False, dropout) for _ in range(DEPTH)]
        self.norm, self.dropout = layers.LayerNormalization(), layers.Dropout(dropout)
        self.spread, self.out = layers.Dense(16 * 48, "gelu"), [layers.Dense(SYMBOLS) for _ in range(4)]
        self.cells.build((None, None))
        self.given.build((None, None))
        self.joined.build((None, None, 16 * 32))
        for layer in (*self.blocks, self.norm, self.spread):
            layer.build((None, None, width))
        for layer in self.out:
            layer.build((None, None, 4, 48 + 32))
        self.built = True

    def call(self, inputs, training=False):
        """Return logits (b, n, 4, 4, SYMBOLS): quarter, voice, sixteenth, for [cells, what is given]."""
        cells, given = inputs
        shape = ops.shape(cells)
        read = self.cells(cells + (CELLS * np.arange(16)).astype("int32"))
        x = self.joined(ops.reshape(read, (shape[0], shape[1], 16 * 32)))
        x = self.dropout(x + ops.sum(self.given(given + GIVEN_OFFSETS.astype("int32")), axis=2), training=training)
        for block in self.blocks:
            x = block(x, training=training)
        x = ops.reshape(self.spread(self.norm(x)), (shape[0], shape[1], 4, 4, 48))  # voice, sixteenth
        read = ops.reshape(read, (shape[0], shape[1], 4, 4, 32))
        x = ops.concatenate([x, read], axis=-1)
        return ops.stack([self.out[voice](x[:, :, voice]) for voice in range(4)], axis=2)
