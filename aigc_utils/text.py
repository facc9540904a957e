"""Text: a real corpus, tokenizers, bits per character, an n-gram and a compressor to compare with, and sampling.

Taught in 07_text. The networks are `models.Transformer`.
"""

import functools
import hashlib
import io
import json
import lzma
import os
import re
from pathlib import Path

from aigc_utils import checks, runtime

import numpy as np

NEWLINE = "\n"
SHINGLE, NEAR = 6, 0.2  # words compared at a time; share of known ones above which a paragraph counts as seen
ATTRIBUTES = ("product", "colour", "material", "fit", "feature", "occasion", "price")
DIRECTIONS, SLOT = ("<zh>", "<en>"), 29  # the last token of a phrase to be translated; tokens of a phrase with it
DOCUMENTATION = re.compile(r'^[ \t]*[rR]?"""(.*?)"""', re.DOTALL | re.MULTILINE)
LEFT_OUT = re.compile(r"site-packages|dist-packages|pydoc_data|idlelib|lib2to3|turtledemo|ensurepip|/tests?/")


# --- a real corpus ---------------------------------------------------------------------------------------------------


@functools.cache
def python_prose():
    """Return {"train", "validation", "test"} of the prose that Python itself carries, a paragraph a line (str each).

    The sources are the language reference (`pydoc_data.topics`) and the documentation strings of the standard library,
    both under the PSF licence. A paragraph that shares more than a fifth of its runs of six words with earlier ones is
    left out, as are code and tables; a hash of its name sends a whole topic or file to one part (80, 10 and 10 %).
    """
    known, parts = set(), {"train": [], "validation": [], "test": []}
    for name, text in sorted(_documents().items()):
        part = {0: "test", 1: "validation"}.get(hashlib.sha256(name.encode()).digest()[0] % 10, "train")
        for paragraph in re.split(r"\n\s*\n", text):
            words = paragraph.split()
            runs = {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}
            if _is_prose(" ".join(words)) and len(runs & known) <= NEAR * len(runs):
                known |= runs
                parts[part].append(" ".join(words) + NEWLINE)
    return {part: "".join(paragraphs) for part, paragraphs in parts.items()}


def shakespeare():
    """Return Tiny Shakespeare (public domain) as {"train", "validation", "test"}: its 80, 10 and 10 %, in order.

    Taken from AIGC_DATA_DIR, the cache or the internet; `data.Unavailable` is raised where none of them has it.
    """
    from aigc_utils import data

    address = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
    digest = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    whole = data.fetch(data.File("tinyshakespeare.txt", 1_115_394, digest, address)).read_text(encoding="utf-8")
    first, second = 8 * len(whole) // 10, 9 * len(whole) // 10
    return {"train": whole[:first], "validation": whole[first:second], "test": whole[second:]}


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
        return "".join(self.alphabet[token] for token in _tokens(tokens, self.size))


class Pieces:
    """Byte-pair encoding by sentencepiece, without loss: what is decoded is what was encoded, line ends included.

    ``path`` is a model file, or the bytes of one, see `train_pieces`. Sennrich et al. 2016; Kudo and Richardson 2018.
    """

    def __init__(self, path):
        import sentencepiece

        content = path if isinstance(path, bytes) else Path(path).read_bytes()
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=content)
        self.size = self.processor.vocab_size()

    def encode(self, text):
        """Return the tokens of a text, int32 (n,)."""
        if "▁" in text:
            raise ValueError("received a text with the character ▁ (U+2581), which sentencepiece keeps for spaces.")
        return np.array(self.processor.encode(text), np.int32)

    def decode(self, tokens):
        """Return the text of tokens."""
        return self.processor.decode(_tokens(tokens, self.size).tolist())

    def pieces(self, tokens):
        """Return each token as the text that it stands for, with ▁ for a space."""
        return [self.processor.id_to_piece(token) for token in _tokens(tokens, self.size).tolist()]


def _tokens(received, size=2**31):
    """Return tokens as int32 (n,), or raise ValueError unless they are whole numbers from 0 to below ``size``."""
    given = np.asarray(received)
    if given.ndim != 1 or (given.size and (given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= size)):
        raise ValueError(f"received tokens {given.dtype} {given.shape}; expected whole numbers (n,), 0 to {size - 1}.")
    return given.astype(np.int32)


def train_pieces(text, size, symbols=()):
    """Return the bytes of a sentencepiece model of ``size`` pieces; the line end and ``symbols`` are pieces whole.

    Lines are broken after 1,000 characters, before a space where there is one: sentencepiece passes over long ones. A
    text that does not fit ``size`` (too short, or with too many different characters) is a ValueError.
    """
    import sentencepiece

    checks.whole(1, size=size)
    lines = [part for line in text.splitlines() for part in re.findall(r".{1,1000}(?=\s|$)|.{1,1000}", line, re.DOTALL)]
    plain = {"model_type": "bpe", "character_coverage": 1.0, "byte_fallback": True, "num_threads": 1, "minloglevel": 3}
    kept = {"normalization_rule_name": "identity", "add_dummy_prefix": False, "remove_extra_whitespaces": False}
    whole = {"user_defined_symbols": [NEWLINE, *symbols], "bos_id": -1, "eos_id": -1, "vocab_size": int(size)}
    buffer = io.BytesIO()
    try:
        train = sentencepiece.SentencePieceTrainer.train
        train(sentence_iterator=iter(lines), model_writer=buffer, **plain, **kept, **whole)
    except RuntimeError as error:
        kinds = f"{len(text):,} characters, {len(set(text)):,} of them different"
        raise ValueError(f"received {kinds}; expected a text that fits {size} pieces. In its words: {error}") from error
    return buffer.getvalue()


# --- yardsticks ------------------------------------------------------------------------------------------------------


def bits_per_character(log_likelihoods, text):
    """Return −Σ log p / (log 2 · characters of ``text``) for the log-likelihoods (nats) of its tokens, of any kind."""
    log_likelihoods = np.asarray(log_likelihoods, float)
    known = log_likelihoods.size and np.isfinite(log_likelihoods).all() and log_likelihoods.max() < 1e-6
    if not len(text) or not known:
        size = f"{log_likelihoods.size} log-likelihoods for {len(text)} characters"
        raise ValueError(f"received {size}; expected a finite number, at most 0, for each token of some text.")
    return -log_likelihoods.sum() / (np.log(2) * len(text))


def compressed_bits(train, test):
    """Return bits per character of ``test`` by xz when it knows ``train``: size(train + test) − size(train)."""
    if not test:
        raise ValueError("received an empty test text; expected at least one character.")
    sizes = [len(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)) for text in (train, train + test)]
    return 8 * (sizes[1] - sizes[0]) / len(test)


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
    from aigc_utils import training  # brings TensorFlow, which reading and counting do not need

    tf, tokens = runtime.tf, _tokens(tokens)
    checks.whole(1, length=length, batch=batch)
    if len(tokens) <= length:
        raise ValueError(f"received {len(tokens)} tokens for windows of {length}; expected more.")

    def one(step):
        starts = tf.random.stateless_uniform(
            (batch, 1), seed=tf.stack([tf.cast(seed, tf.int64), step]), maxval=len(tokens) - length, dtype=tf.int32
        )
        places = starts + tf.range(length + 1)
        chosen = tf.gather(tokens, places)
        return chosen[:, :-1], chosen[:, 1:]

    return training.endless(one, start_step)


def log_likelihoods(model, tokens, stride=32, batch=16):
    """Return log p (nats) of tokens[1:], (n − 1,), each with at least context − stride tokens before it, if there are.

    ``model`` maps (batch, context) to logits and has the attribute ``context``, beyond which no stride may go.
    """
    tf, tokens = runtime.tf, _tokens(tokens)
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
    _tokens([token for row in (*prompts, *answers, [end]) for token in row])
    longest = max(map(len, answers), default=0)
    if max(map(len, prompts), default=0) > slot or slot + longest > length or len(prompts) != len(answers):
        sizes = f"{len(prompts)} prompts for {len(answers)} answers of up to {longest} tokens"
        raise ValueError(f"received {sizes}; expected as many, prompts of at most {slot}, both of at most {length}.")
    full, asked = np.full((len(prompts), length + 1), end, np.int32), np.zeros((len(prompts), length + 1), bool)
    for row, ask, prompt, answer in zip(full, asked, prompts, answers, strict=True):
        row[slot - len(prompt) : slot], row[slot : slot + len(answer)] = prompt, answer
        ask[slot : slot + len(answer) + 1] = True
    return full[:, :-1], np.where(asked, full, -1)[:, 1:]


def restrict(logits, temperature=1.0, top_k=0, top_p=1.0):
    """Return logits (batch, vocabulary) divided by ``temperature``, and −∞ for the tokens that are not to be drawn.

    ``top_k`` > 0 keeps the k likeliest (Fan et al. 2018), ``top_p`` < 1 the fewest likeliest whose probabilities add
    up to p or more (nucleus, Holtzman et al. 2020), after the temperature. The likeliest token is always kept, and so
    are those that tie with the last that is kept. 0 for ``temperature`` means the likeliest, for ``top_k`` all.
    """
    tf = runtime.tf
    if not any(map(tf.is_symbolic_tensor, (temperature, top_k, top_p))):  # `writer` compiles them, and checks before
        _insist_on_knobs(temperature, top_k, top_p)
    logits = logits / tf.maximum(tf.cast(temperature, logits.dtype), 1e-6)
    ordered = tf.sort(logits, direction="DESCENDING")
    before = tf.cumsum(tf.nn.softmax(ordered), exclusive=True, axis=-1)
    kept = tf.reduce_sum(tf.cast((before < top_p) | (before == 0), tf.int32), axis=-1)
    kept = tf.where(top_k > 0, tf.minimum(kept, top_k), kept)
    least = tf.gather(ordered, kept - 1, batch_dims=1)[:, None]
    return tf.where(logits >= least, logits, -np.inf)


def _insist_on_knobs(temperature, top_k, top_p):
    if not (0 <= temperature < np.inf and top_k >= 0 and 0 < top_p <= 1 and int(top_k) == top_k):
        knobs = f"temperature {temperature}, top_k {top_k}, top_p {top_p}"
        raise ValueError(f"received {knobs}; expected 0 or more, a whole number from 0 (all) on, and 0 < top_p <= 1.")


def writer(model, cached=True):
    """Return write(prompts, count, temperature=1, top_k=0, top_p=1, seed=0): tokens int32 (batch, slot + count).

    ``prompts`` are int32 (batch, slot); what `restrict` leaves is drawn. The loop is compiled once for each shape. With
    ``cached`` each place is computed once, and its keys and values are kept; without, all places anew for each token.
    """
    tf = runtime.tf

    def loop(prompts, count, temperature, top_k, top_p, seed):
        batch, slot = prompts.shape
        written = tf.concat([tf.transpose(prompts), tf.zeros((count, batch), tf.int32)], 0)
        cache = model.empty_cache(batch)
        for position in tf.range(0 if cached else slot - 1, slot + count - 1):
            if cached:
                logits, cache = model.step(written[position], cache, position)
            else:
                logits = model(tf.transpose(written[: position + 1]))[:, -1]
            logits = restrict(logits, temperature, top_k, top_p)
            drawn = tf.random.stateless_categorical(logits, 1, seed=tf.stack([seed, position]), dtype=tf.int32)[:, 0]
            drawn = tf.where(position + 1 < slot, written[position + 1], drawn)
            written = tf.tensor_scatter_nd_update(written, [[position + 1]], drawn[None])
        return tf.transpose(written)

    @functools.cache
    def compiled(batch, slot, count):
        tokens, number, share = tf.TensorSpec((batch, slot), tf.int32), tf.TensorSpec((), tf.int32), tf.TensorSpec(())
        return tf.function(loop).get_concrete_function(tokens, count, share, number, share, number)

    def write(prompts, count, temperature=1.0, top_k=0, top_p=1.0, seed=0):
        _insist_on_knobs(temperature, top_k, top_p)
        checks.whole(0, count=count, seed=seed)
        prompts = _tokens(np.ravel(prompts)).reshape(np.shape(prompts))
        if prompts.ndim != 2 or not prompts.size or prompts.shape[1] + count > model.context + 1:
            most = f"(batch, slot) and at most {model.context + 1} tokens in all"
            raise ValueError(f"received prompts of shape {prompts.shape} and count {count}; expected {most}.")
        options = ((temperature, tf.float32), (top_k, tf.int32), (top_p, tf.float32), (seed, tf.int32))
        knobs = [tf.cast(*option) for option in options]
        return compiled(*prompts.shape, int(count))(tf.constant(prompts), *knobs).numpy()

    return write


def translate(model, pieces, phrases, direction, temperature=0.0, seed=0, write=None):
    """Return the phrases in the other language; ``direction`` is "<zh>" or "<en>", the language that they come out in.

    ``temperature`` 0 gives the likeliest tokens. ``write`` is a `writer` of ``model``, to be used again.
    """
    if direction not in DIRECTIONS or isinstance(phrases, str):
        raise ValueError(f"received direction {direction!r}, {type(phrases)}; expected one of {DIRECTIONS}, a list.")
    end = pieces.encode(NEWLINE)[0]
    asked = [pieces.encode(f"{phrase}{direction}") for phrase in phrases]
    prompts, _ = pack(asked, [[]] * len(asked), SLOT, SLOT, end)
    written = (write or writer(model))(prompts, model.context - SLOT, temperature, seed=seed)
    return [pieces.decode(row[SLOT:]).split(NEWLINE)[0] for row in written]


# --- attributes ------------------------------------------------------------------------------------------------------


def named_attributes(copy, vocabulary):
    """Return {attribute: set of values} that a text names.

    ``vocabulary`` = {attribute: {value: [names]}}, as in data/text/vocabulary.json. Names are sought as whole words,
    the longest first, and letters that a name has taken count for no other: "shoulder strap" names no "strap".
    """
    if not isinstance(copy, str):
        raise TypeError(f"received {type(copy).__name__}; expected a text (str).")
    found = {attribute: set() for attribute in vocabulary}
    pattern, owners = _names(json.dumps(vocabulary))
    for match in pattern.finditer(copy):
        attribute, value = owners[match[0].lower()]
        found[attribute].add(value)
    return found


@functools.lru_cache(4)
def _names(vocabulary):
    owners = {
        name.lower(): (attribute, value)
        for attribute, values in json.loads(vocabulary).items()
        for value, names in values.items()
        for name in names
    }
    names = "|".join(re.escape(name) for name in sorted(owners, key=len, reverse=True)) or "(?!)"  # nothing matches
    return re.compile(rf"(?<![\w-])(?<!\d\.)(?:{names})(?![\w-])(?!\.\d)", re.IGNORECASE), owners


def wish(row):
    """Return the prompt that asks for a row of the catalogue, one symbol an attribute: "<product=Bag><colour=red>…"."""
    return "".join(f"<{name}={str(row[name]).replace(' ', '_')}>" for name in ATTRIBUTES)


def wish_symbols(vocabulary):
    """Return the symbols of every value of a vocabulary, for `train_pieces`."""
    return [f"<{name}={value.replace(' ', '_')}>" for name in ATTRIBUTES for value in vocabulary[name]]
