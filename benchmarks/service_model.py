"""A small encoder for messages and help pages, trained here: two towers that share their weights, contrastive loss.

For notebook 19, which does not use it: `python benchmarks/service_model.py encoder` measures it on training questions,
out of fold, beside BM25, and adds what it found to service.json.
"""

import sys
import time
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from aigc_utils import runtime  # noqa: E402

from common import run_stages  # noqa: E402
from service import (  # noqa: E402
    FOLDS,
    LANGUAGES,
    REGIMES,
    STORE,
    as_lists,
    bm25_scores,
    gain,
    groups,
    learning,
    measured,
    pages,
    plain,
    questions,
    single,
    words_of,
)

BUCKETS = 4096  # for words, Chinese signs and pairs of signs, and pieces of three letters
WIDTH = 48
STEPS = 120
TEMPERATURE = 12.0
DROPPED = 0.3  # share of a text's pieces that a training step does not see


def pieces(text):
    """Return {bucket: weight} of a text: words count 1, pieces of three letters 0.35, hashed by CRC-32."""
    found = {}
    for word in words_of(plain(text)):
        spelt = f"<{word}>"
        parts = [spelt[k : k + 3] for k in range(len(spelt) - 2)] if word.isascii() and len(word) > 3 else []
        for piece, weight in [(word, 1.0), *((part, 0.35) for part in parts)]:
            bucket = zlib.crc32(piece.encode()) % BUCKETS
            found[bucket] = found.get(bucket, 0.0) + weight
    return found


def counted(texts):
    """Return float32 (n, BUCKETS): log(1 + weight) of the pieces of each text."""
    found = np.zeros((len(texts), BUCKETS), np.float32)
    for row, text in enumerate(texts):
        for bucket, weight in pieces(text).items():
            found[row, bucket] = np.log1p(weight)
    return found


def page_texts(language):
    """Return what is read of each page: its title three times, and its answer."""
    return [f"{title}. {title}. {title}. {answer}" for title, answer in pages(language)]


def encoded(counts, weight, vectors):
    """Return unit vectors (n, BUCKETS + WIDTH): the weighted pieces themselves, and what their vectors add up to."""
    counts = counts * weight
    both = np.concatenate([counts, counts @ vectors], 1)
    return both / np.sqrt(np.sum(both**2, 1, keepdims=True) + 1e-9)


def train(learn, steps=STEPS, seed=0):
    """Train on questions of one meaning each, and return (weight (BUCKETS,), vectors (BUCKETS, WIDTH)), float32.

    The loss is the cross-entropy of the right page among all pages that have a question in ``learn``, the neighbours
    (the hardest negatives) among them, and half of that between two questions of one page (Radford et al. 2021).
    A page without a question is no negative: it would only learn never to be the answer.
    """
    tf, keras = runtime.tf, runtime.keras
    rng, random = np.random.default_rng(seed), tf.random.Generator.from_seed(seed)
    right = np.array([min(one["right"]) for one in learn])
    known, place = np.unique(right, return_inverse=True)
    asked = counted([one["text"] for one in learn])
    read = np.stack([counted(page_texts(language))[known] for language in LANGUAGES])
    language = np.array([list(LANGUAGES).index(one["language"]) for one in learn])
    rare = np.log((1 + len(asked)) / (1 + (asked > 0).sum(0))).astype(np.float32)
    log_weight = tf.Variable(np.log(np.maximum(rare, 0.1)))
    vectors = tf.Variable(rng.normal(0, 0.03, (BUCKETS, WIDTH)).astype(np.float32))
    optimizer, variables = keras.optimizers.AdamW(5e-3, weight_decay=1e-3), [log_weight, vectors]
    groups = [np.flatnonzero(place == k) for k in range(len(known))]

    def vec(counts):
        counts = counts * tf.cast(random.uniform(tf.shape(counts)) > DROPPED, tf.float32) * tf.exp(log_weight)
        return tf.nn.l2_normalize(tf.concat([counts, counts @ vectors], 1), 1)

    @tf.function
    def learn_once(some, labels, spoken):
        with tf.GradientTape() as tape:
            ours, theirs = vec(some), [vec(tf.constant(part)) for part in read]
            scores = [TEMPERATURE * tf.matmul(ours, part, transpose_b=True) for part in theirs]
            scores = tf.where(spoken[:, None] == 0, scores[0], scores[1])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
            half = tf.shape(some)[0] // 2  # rows k and half + k ask for the same page
            alike = TEMPERATURE * tf.matmul(ours[:half], ours[half:], transpose_b=True)
            loss += 0.5 * tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(half), alike))
        optimizer.apply(tape.gradient(loss, variables), variables)

    for _ in range(steps):
        chosen = rng.choice(len(groups), min(48, len(groups)), replace=False)
        rows = np.array([rng.choice(groups[k], 2, replace=len(groups[k]) < 2) for k in chosen]).T.ravel()
        learn_once(tf.constant(asked[rows]), tf.constant(place[rows]), tf.constant(language[rows]))
    return np.exp(log_weight.numpy()), vectors.numpy()


def encoder_scores(messages, network):
    """Return the cosine of each message's vector with each page's of its language, (messages, 120)."""
    found = np.zeros((len(messages), len(pages("en"))))
    for language in LANGUAGES:
        rows = [k for k, one in enumerate(messages) if one["language"] == language]
        if rows:
            asked = encoded(counted([messages[k]["text"] for k in rows]), *network)
            found[rows] = asked @ encoded(counted(page_texts(language)), *network).T
    return found


def encoder(steps=(15, 60)):
    """Measure the encoder out of fold: {regime: {steps: measures with intervals, gain over BM25, seconds}}."""
    messages, found = single(questions("train")), {}
    right, lexical = np.array([min(one["right"]) for one in messages]), bm25_of(messages)
    for regime in REGIMES:
        group = groups(messages, regime)
        for count in steps:
            begin, scores = time.process_time(), np.zeros((len(messages), len(pages("en"))))
            for fold in range(FOLDS):
                rows = np.flatnonzero(group == fold)
                network = train(learning(messages, regime, fold), count)
                scores[rows] = encoder_scores([messages[k] for k in rows], network)
            seconds = (time.process_time() - begin) / FOLDS
            measures = measured(scores, right) | {"gain over BM25": gain(scores, lexical, right), "seconds": seconds}
            found.setdefault(regime, {})[str(count)] = as_lists(measures)
            print(regime, count, measures["R@1"], flush=True)
    return {"encoder": found}


def bm25_of(messages):
    """Return BM25's scores of messages over the pages of their languages."""
    found = np.zeros((len(messages), len(pages("en"))))
    for language in LANGUAGES:
        rows = [k for k, one in enumerate(messages) if one["language"] == language]
        found[rows] = bm25_scores([messages[k]["text"] for k in rows], [words_of(one) for one in page_texts(language)])
    return found


if __name__ == "__main__":
    runtime.start(seed=0)
    run_stages({"encoder": encoder}, STORE, __doc__)
