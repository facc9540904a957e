"""Text at equal seconds (n-gram, LSTM, transformer), and what a key/value cache saves: writes text.json.

    python benchmarks/text.py

Seconds are CPU seconds of the process, without compiling and measuring. Bits are a character of the first 20,000 tokens
of the test part. Every network reads the same pieces. Notebook 07 shows the first functions: they are written into it
from here.
"""

import bz2
import functools
import hashlib
import json
import lzma
import os
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import checks, models, runtime, text, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402

import numpy as np  # noqa: E402

LOOKS = (15, 30, 60, 120)  # CPU seconds at which the networks are measured
MEASURED, CONTEXT = 20_000, 128
TOP_P = 0.9  # of the writing that is timed
SHINGLE = 6  # words compared at a time
NEAR = 0.2  # share of known ones above which a paragraph counts as seen
DIRECTIONS = ("<zh>", "<en>")  # the last token of a phrase to be translated
SLOT = 29  # tokens of a phrase with it
DOCUMENTATION = re.compile(r'^[ \t]*[rR]?"""(.*?)"""', re.DOTALL | re.MULTILINE)
COMPRESSORS = {
    "xz": functools.partial(lzma.compress, preset=9 | lzma.PRESET_EXTREME),
    "bz2": functools.partial(bz2.compress, compresslevel=9),
}
LEFT_OUT = re.compile(r"(?:site|dist)-packages|pydoc_data|idlelib|lib2to3|turtledemo|ensurepip|/tests?/")


# --- a real corpus ---------------------------------------------------------------------------------------------------


@functools.cache
def python_prose():
    """Return {"train", "validation", "test"} of the prose that Python itself carries, a paragraph a line (str each).

    The sources are the language reference (`pydoc_data.topics`) and the documentation strings of the standard library,
    both under the PSF licence. A paragraph that shares more than a fifth of its runs of six words with earlier ones is
    left out, as are code and tables; a hash of its name sends a whole topic or file to one part (80, 10 and 10 %).
    """
    known, parts = set(), {"train": [], "validation": [], "test": []}
    for name, document in sorted(_documents().items()):
        part = {0: "test", 1: "validation"}.get(hashlib.sha256(name.encode()).digest()[0] % 10, "train")
        for paragraph in re.split(r"\n\s*\n", document):
            words = paragraph.split()
            runs = {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}
            if _is_prose(" ".join(words)) and len(runs & known) <= NEAR * len(runs):
                known |= runs
                parts[part].append(" ".join(words) + "\n")
    return {part: "".join(paragraphs) for part, paragraphs in parts.items()}


def _documents():
    from pydoc_data import topics

    library = Path(os.__file__).parent
    found = {f"topic {name}": text for name, text in topics.topics.items()}
    for path in [*library.glob("*.py"), *library.glob("*/*.py")]:
        name = path.relative_to(library).as_posix()
        if not LEFT_OUT.search(f"/{name}"):
            found[name] = "\n\n".join(DOCUMENTATION.findall(path.read_text("utf-8", "ignore")))
    return found


def _is_prose(text):
    letters = sum(character.isalpha() or character == " " for character in text)
    plain = text.isascii() and ">>>" not in text and "::=" not in text
    return len(text) >= 60 and plain and text[-1] in ".:" and letters > 0.9 * len(text)


# --- tokens ----------------------------------------------------------------------------------------------------------


class Characters:
    """The simplest tokenizer: a number for each of the characters that ``text`` holds; another one is an error."""

    def __init__(self, text):
        self.alphabet = sorted(set(text))
        self.size, self.number = len(self.alphabet), {character: k for k, character in enumerate(self.alphabet)}

    def encode(self, text):
        """Return the tokens of a text, int32 (n,)."""
        unknown = sorted(set(text) - set(self.alphabet))
        if unknown:
            raise ValueError(f"received the characters {unknown}; this tokenizer was made from a text without them.")
        return np.array([self.number[character] for character in text], np.int32)

    def decode(self, tokens):
        """Return the text of tokens."""
        return "".join(self.alphabet[token] for token in text.as_tokens(tokens, self.size))


# --- yardsticks ------------------------------------------------------------------------------------------------------


def bits_per_character(log_likelihoods, text):
    """Return −Σ log p / (log 2 · characters of ``text``) for the log-likelihoods (nats) of its tokens, of any kind."""
    log_likelihoods = np.asarray(log_likelihoods, float)
    known = log_likelihoods.size and np.isfinite(log_likelihoods).all() and log_likelihoods.max() < 1e-6
    if not len(text) or not known:
        size = f"{log_likelihoods.size} log-likelihoods for {len(text)} characters"
        raise ValueError(f"received {size}; expected a finite number, at most 0, for each token of some text.")
    return -log_likelihoods.sum() / (np.log(2) * len(text))


def added_bits(size_of_both, size_of_first, characters):
    """Return the bits a character that a text adds to what a compressor has read, from two sizes in bytes."""
    return 8 * (size_of_both - size_of_first) / characters


def compressed_bits(train, test, by="xz"):
    """Return bits per character of ``test`` by a compressor that knows ``train``: size(train + test) − size(train).

    ``by`` is "xz" or "bz2". Up to 900,000 bytes bz2 sorts all together; of a longer text it forgets what came before.
    """
    if not test:
        raise ValueError("received an empty test text; expected at least one character.")
    return added_bits(*(len(COMPRESSORS[by](said.encode())) for said in (train + test, train)), len(test))


class NGram:
    """A character n-gram that mixes all orders up to ``order`` by Witten and Bell's weights (1991).

    ``order`` 5 means four characters of context. The contexts of each length are hashed to 64 bits and sorted. More
    than ``alphabet`` different characters, in this text and a later one, are a ValueError: shares would sum to over 1.
    """

    def __init__(self, text, order=5, alphabet=256):
        checks.whole(1, order=order, alphabet=alphabet, characters=len(text))
        self.order, self.alphabet, self.tables, self.known = order, alphabet, [], set(text)
        codes = _codes(text)
        for length in range(order):
            context = _contexts(codes, length)
            pairs, first, counts = np.unique(_pair(context, codes), return_index=True, return_counts=True)
            contexts, totals = np.unique(context, return_counts=True)
            kinds = np.unique(context[first], return_counts=True)[1]
            self.tables.append((pairs, counts, contexts, totals, kinds))

    def log_likelihoods(self, text, order=None):
        """Return log p (nats) of each character given those before it, (n,), by this ``order`` or the highest."""
        kinds = len(self.known | set(text))
        if order not in (None, *range(self.order + 1)) or kinds > self.alphabet:
            most = f"expected an order up to {self.order}, no more than alphabet = {self.alphabet}"
            raise ValueError(f"received order {order}, {kinds} different characters with those of before; {most}.")
        codes = _codes(text)
        p = np.full(len(codes), 1 / self.alphabet)
        for length, (pairs, counts, contexts, totals, kinds) in enumerate(self.tables[:order]):
            context = _contexts(codes, length)
            count = _look_up(pairs, counts, _pair(context, codes))
            total, kind = (_look_up(contexts, values, context) for values in (totals, kinds))
            p = np.where(total > 0, (count + kind * p) / np.maximum(total + kind, 1), p)
        return np.log(p)


def _codes(text):
    return np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)


def _contexts(codes, length):
    """Return a hash of the ``length`` codes before each place."""
    padded, hashed = np.concatenate([np.zeros(length, np.uint64), codes]), np.zeros(len(codes), np.uint64)
    for k in range(length):
        hashed = hashed * np.uint64(6364136223846793005) + padded[k : k + len(codes)] + np.uint64(1)
    return hashed


def _pair(context, codes):
    return (context * np.uint64(0x9E3779B97F4A7C15)) ^ (codes * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(7))


def _look_up(keys, values, wanted):
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)


# --- networks --------------------------------------------------------------------------------------------------------


def windows(tokens, length, batch, seed=0, start_step=0):
    """Return an endless `tf.data.Dataset` of (tokens, next tokens), int32 (batch, length) each, from random places."""
    tokens = text.as_tokens(tokens)
    checks.whole(1, length=length, batch=batch)
    if len(tokens) <= length:
        raise ValueError(f"received {len(tokens)} tokens for windows of {length}; expected more.")

    def one(step):
        own = tf.stack([tf.cast(seed, tf.int64), step])
        starts = tf.random.stateless_uniform((batch, 1), own, maxval=len(tokens) - length, dtype=tf.int32)
        places = starts + tf.range(length + 1)
        chosen = tf.gather(tokens, places)
        return chosen[:, :-1], chosen[:, 1:]

    return training.endless(one, start_step)


def log_likelihoods(model, tokens, stride=32, batch=16):
    """Return log p (nats) of tokens[1:], (n − 1,), each with at least context − stride tokens before it, if there are.

    ``model`` maps (batch, context) to logits and has the attribute ``context``, beyond which no stride may go.
    """
    tokens = text.as_tokens(tokens)
    context, n = model.context, len(tokens) - 1
    checks.whole(1, stride=stride, batch=batch)
    if n < 1 or stride > context:
        raise ValueError(f"received {n + 1} tokens, stride {stride}; expected 2 or more, a stride up to {context}.")
    starts = [0, *range(stride, max(1, n - context + stride), stride)] if n > context else [0]
    found, done = np.zeros(n), 0
    padded = np.concatenate([tokens, np.zeros(context, np.int32)])
    forward = tf.function(lambda x: tf.nn.log_softmax(model(x, training=False)))
    for first in range(0, len(starts), batch):
        group = starts[first : first + batch]
        rows = np.stack([padded[s : s + context + 1] for s in group])
        scores = np.take_along_axis(forward(rows[:, :-1]).numpy(), rows[:, 1:, None], 2)[..., 0]
        for start, score in zip(group, scores, strict=True):
            end = min(start + context, n)
            found[done:end] = score[done - start : end - start]
            done = max(done, end)
    return found


def pack(prompts, answers, slot, length, end):
    """Return (tokens, targets), int32 (n, length) each, that teach a network to continue prompts by answers.

    ``prompts`` and ``answers`` are lists of tokens. A prompt fills ``slot`` places, from the left with ``end``; after
    the answer comes ``end``. Targets are −1 in the prompt and after the end, where nothing is asked.
    """
    checks.whole(0, slot=slot, length=length)
    text.as_tokens([token for row in (*prompts, *answers, [end]) for token in row])
    longest = max(map(len, answers), default=0)
    if max(map(len, prompts), default=0) > slot or slot + longest > length or len(prompts) != len(answers):
        sizes = f"{len(prompts)} prompts for {len(answers)} answers of up to {longest} tokens"
        raise ValueError(f"received {sizes}; expected as many, prompts of at most {slot}, both of at most {length}.")
    full, asked = np.full((len(prompts), length + 1), end, np.int32), np.zeros((len(prompts), length + 1), bool)
    for row, ask, prompt, answer in zip(full, asked, prompts, answers, strict=True):
        row[slot - len(prompt) : slot], row[slot : slot + len(answer)] = prompt, answer
        ask[slot : slot + len(answer) + 1] = True
    return full[:, :-1], np.where(asked, full, -1)[:, 1:]


def translate(model, pieces, phrases, direction, temperature=0.0, seed=0, write=None):
    """Return the phrases in the other language; ``direction`` is "<zh>" or "<en>", the language that they come out in.

    ``temperature`` 0 gives the likeliest tokens. ``write`` is a `writer` of ``model``, to be used again.
    """
    if direction not in DIRECTIONS or isinstance(phrases, str):
        raise ValueError(f"received direction {direction!r}, {type(phrases)}; expected one of {DIRECTIONS}, a list.")
    end = pieces.encode(text.NEWLINE)[0]
    asked = [pieces.encode(f"{phrase}{direction}") for phrase in phrases]
    prompts, _ = pack(asked, [[]] * len(asked), SLOT, SLOT, end)
    written = (write or text.writer(model))(prompts, model.context - SLOT, temperature, seed=seed)
    return [pieces.decode(row[SLOT:]).split(text.NEWLINE)[0] for row in written]


# --- the bench -------------------------------------------------------------------------------------------------------


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
    batches = iter(windows(tokens, CONTEXT, batch))
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
has read the training text: {result["xz"]:.2f}, bz2 that has: {result["bz2"]:.2f}.

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
    parts = python_prose()
    pieces = text.Pieces(runtime.shipped("pretrained", "text_pieces.model"))
    tokens = {part: pieces.encode(text.NEWLINE + prose) for part, prose in parts.items()}
    some = tokens["test"][:MEASURED]
    said = pieces.decode(some[1:])

    def bits(network):
        return bits_per_character(log_likelihoods(network, some, 64), said)

    begin = time.process_time()
    ngram = NGram(parts["train"], 5)
    ngram_bits = bits_per_character(ngram.log_likelihoods(said), said)
    seconds = time.process_time() - begin
    result = {
        "n-gram": [[round(seconds, 1), round(ngram_bits, 3)]],
        **{name: round(compressed_bits(parts["train"], said, name), 3) for name in COMPRESSORS},
        "LSTM": race(lstm(pieces.size), 8, 3e-3, tokens["train"], bits),
        "transformer": race(models.Transformer(pieces.size, CONTEXT, 128, 4, 4), 8, 2e-3, tokens["train"], bits),
        "cache": cache_times(models.load_pretrained("text_lm")),
    }
    (HERE / "text.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    runtime.start()
    main()
