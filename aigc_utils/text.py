"""Text: a tokenizer, sampling, and the attributes that a text names. Taught in 07_text.

The networks are `models.Transformer`. The corpus, the yardsticks and the translator lie in benchmarks/text.py.
"""

import functools
import json
import re
from pathlib import Path

from aigc_utils import checks, runtime

import numpy as np

NEWLINE = "\n"
ATTRIBUTES = ("product", "colour", "material", "fit", "feature", "occasion", "price")


# --- tokens ----------------------------------------------------------------------------------------------------------


class Pieces:
    """Byte-pair encoding by sentencepiece, without loss: what is decoded is what was encoded, line ends included.

    ``path`` is a model file, or its bytes; tools/pretrain.py makes one. Sennrich et al. 2016; Kudo and Richardson 2018.
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
        return self.processor.decode(as_tokens(tokens, self.size).tolist())

    def pieces(self, tokens):
        """Return each token as the text that it stands for, with ▁ for a space."""
        return [self.processor.id_to_piece(token) for token in as_tokens(tokens, self.size).tolist()]


def as_tokens(received, size=2**31):
    """Return tokens as int32 (n,), or raise ValueError unless they are whole numbers from 0 to below ``size``."""
    given = np.asarray(received)
    if given.ndim != 1 or (given.size and (given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= size)):
        raise ValueError(f"received tokens {given.dtype} {given.shape}; expected whole numbers (n,), 0 to {size - 1}.")
    return given.astype(np.int32)


# --- writing ---------------------------------------------------------------------------------------------------------


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
        prompts = as_tokens(np.ravel(prompts)).reshape(np.shape(prompts))
        if prompts.ndim != 2 or not prompts.size or prompts.shape[1] + count > model.context + 1:
            most = f"(batch, slot) and at most {model.context + 1} tokens in all"
            raise ValueError(f"received prompts of shape {prompts.shape} and count {count}; expected {most}.")
        options = ((temperature, tf.float32), (top_k, tf.int32), (top_p, tf.float32), (seed, tf.int32))
        knobs = [tf.cast(*option) for option in options]
        return compiled(*prompts.shape, int(count))(tf.constant(prompts), *knobs).numpy()

    return write


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
