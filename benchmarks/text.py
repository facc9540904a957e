"""Text at equal seconds (n-gram, LSTM, transformer), and what a key/value cache saves: writes text.json.

    python benchmarks/text.py

Seconds are CPU seconds of the process, without compiling and measuring. Bits are a character of the first 20,000 tokens
of the test part. Every network reads the same pieces.
"""

import functools
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import models, runtime, text, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402

import numpy as np  # noqa: E402

LOOKS = (15, 30, 60, 120)  # CPU seconds at which the networks are measured
MEASURED, CONTEXT = 20_000, 128
TOP_P = 0.9  # of the writing that is timed


def lstm(vocabulary):
    """Return a network like `models.Transformer`, with one LSTM of 256 in place of the layers."""
    tokens = keras.layers.Input((None,), dtype="int32")
    x = keras.layers.LSTM(256, return_sequences=True)(keras.layers.Embedding(vocabulary, 128)(tokens))
    model = keras.Model(tokens, keras.layers.Dense(vocabulary)(x), name="lstm")
    model.context = CONTEXT
    return model


def race(network, batch, rate, tokens, bits):
    """Return [[CPU seconds, bits a character], …] of one training run with a constant rate."""
    keras.utils.set_random_seed(0)
    model = training.NextToken(network)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.1, beta_2=0.98, global_clipnorm=1.0))
    step = tf.function(model.train_step)
    batches = iter(text.windows(tokens, CONTEXT, batch))
    step(next(batches))
    spent, found = 0.0, []
    for look in LOOKS:
        while spent < look:
            begin = time.process_time()
            step(next(batches))
            spent += time.process_time() - begin
        found.append([round(spent, 1), round(bits(network), 3)])
        print(network.name, found[-1], int(model.step), flush=True)
    return found


def whole_context(network, count):
    """Return write(prompts): a loop like that of `text.writer` which computes the whole context for each token."""

    @tf.function
    def write(prompts):
        written = tf.concat([tf.transpose(prompts), tf.zeros((count, prompts.shape[0]), tf.int32)], 0)
        for position in tf.range(count):
            logits = text.restrict(network(tf.transpose(written[:-1]))[:, position], top_p=TOP_P)
            drawn = tf.random.stateless_categorical(logits, 1, seed=tf.stack([0, position]), dtype=tf.int32)
            written = tf.tensor_scatter_nd_update(written, [[position + 1]], tf.transpose(drawn))
        return tf.transpose(written)

    return lambda prompts: write(tf.constant(prompts)).numpy()


def cache_times(network, batch=8, count=128):
    """Return wall-clock seconds of the cached and two uncached ways to write, the best of three, and if they agree."""
    prompts, found, seconds = np.zeros((batch, 1), np.int32), [], {}
    cached, growing = (
        functools.partial(text.writer(network, kept), count=count, top_p=TOP_P) for kept in (True, False)
    )
    ways = {"cached": cached, "uncached, growing": growing, "uncached, whole context": whole_context(network, count)}
    for name, write in ways.items():
        write(prompts)  # compiles
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            found.append(write(prompts))
            times.append(time.perf_counter() - begin)
        seconds[name] = round(min(times), 3)
    same = all(np.array_equal(found[0], other) for other in found)
    return {"seconds": seconds, "same": same, "layers": len(network.blocks), "batch": batch, "tokens": count}


def markdown(result):
    """Return the section of benchmarks/README.md that text.json is good for."""
    rows = "\n".join(
        f"| {look} | {result['LSTM'][k][1]:.2f} | {result['transformer'][k][1]:.2f} |" for k, look in enumerate(LOOKS)
    )
    (seconds, bits), cache = result["n-gram"][0], result["cache"]
    times = "\n".join(f"| {name} | {spent:.2f} |" for name, spent in cache["seconds"].items())
    return f"""## Text at equal seconds

From `text.json`, for notebook 07: bits a character on {MEASURED:,} held-out pieces of Python's documentation after CPU
seconds of training, one run each, at one setting each. A Witten–Bell 5-gram: {bits:.2f} after {seconds:.1f} s; xz that
has read the training text: {result["xz"]:.2f}.

| CPU seconds | LSTM | transformer |
|---|---|---|
{rows}

Writing {cache["tokens"]} tokens for a batch of {cache["batch"]} with {cache["layers"]} layers, compiled loops, best of
three, wall-clock seconds; the tokens are the same:

| way | seconds |
|---|---|
{times}
"""


def main():
    """Measure everything once."""
    parts = text.python_prose()
    pieces = text.Pieces(runtime.shipped("pretrained", "text_pieces.model"))
    tokens = {part: pieces.encode(text.NEWLINE + prose) for part, prose in parts.items()}
    some = tokens["test"][:MEASURED]
    said = pieces.decode(some[1:])

    def bits(network):
        return text.bits_per_character(text.log_likelihoods(network, some, 64), said)

    begin = time.process_time()
    ngram = text.NGram(parts["train"], 5)
    ngram_bits = text.bits_per_character(ngram.log_likelihoods(said), said)
    seconds = time.process_time() - begin
    result = {
        "n-gram": [[round(seconds, 1), round(ngram_bits, 3)]],
        "xz": round(text.compressed_bits(parts["train"], said), 3),
        "LSTM": race(lstm(pieces.size), 8, 3e-3, tokens["train"], bits),
        "transformer": race(models.Transformer(pieces.size, CONTEXT, 128, 4, 4), 8, 2e-3, tokens["train"], bits),
        "cache": cache_times(models.load_pretrained("text_lm")),
    }
    (HERE / "text.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    runtime.start()
    main()
