"""Dance tunes: the table that ships, its split by family, what is coded, rivals, a small transformer, copying.

Usage: python benchmarks/tunes.py ship rivals train measure write

    ship      writes data/tunes/ from music21's corpus (a quarter of an hour: music21 parses 4,246 tunes)
    rivals    compressors and n-grams; their orders are chosen on the validation part
    train     the transformer, some minutes of one core
    measure   held-out bits a note, of each rival and of the transformer
    write     tunes in a key and a metre as asked: how many keep to it, and the longest run that each copies

A tune has one voice: its notes are int (n, 4) as in benchmarks/scores.py, which makes scores, files and sound of them.
"""

import bz2
import functools
import lzma
import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import models, runtime, text, trainables  # noqa: E402
from benchmarks import common, scores  # noqa: E402
from benchmarks.stickers_model import load_half, save_half  # noqa: E402
from benchmarks.text import NGram, added_bits  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

STORE = HERE / "tunes.json"
DATA = HERE.parent / "data" / "tunes"
WEIGHTS = HERE.parent / "data" / "pretrained" / "tunes.npz"
SOURCES = {"airdsAirs": "Aird", "oneills1850": "O'Neill", "ryansMammoth": "Ryan"}
METRES = {"6/8": 12, "9/8": 18, "2/4": 8, "3/4": 12, "4/4": 16, "2/2": 16}  # sixteenths of a bar
MODES = ("major", "minor")
SHARES = {"train": 0.70, "validation": 0.12, "test": 0.18}
SPLIT = 1883  # arbitrary: the year of Ryan's collection
SAME = 14  # notes in a row that two tunes share, for them to count as one family; 12 chain a fifth of all into one
REST = -128  # the pitch of a rest, in the table

# --- the table --------------------------------------------------------------------------------------------------------


class Tune(NamedTuple):
    """A melody: ``pitch`` MIDI numbers or REST, ``duration`` in sixteenths, both (n,), one after the other.

    ``tonic`` a pitch class, ``mode`` of MODES, ``metre`` of METRES, ``pickup`` the sixteenths before the first bar.
    """

    pitch: np.ndarray
    duration: np.ndarray
    tonic: int
    mode: str
    metre: str
    pickup: int
    title: str = ""
    family: int = -1

    def piece(self):
        """Return the tune as a `scores.Piece`."""
        start = np.cumsum(self.duration) - self.duration
        notes = np.column_stack([np.zeros_like(start), start, self.duration, self.pitch])[self.pitch != REST]
        return scores.Piece(notes.astype(int), self.tonic, self.mode, self.metre, self.pickup, (), self.title)


def abc_blocks(written):
    """Return the tunes of an ABC text, each from its line ``X:`` on."""
    return [part for part in re.split(r"(?m)^(?=X:)", written) if part.startswith("X:")]


def read_tune(block):
    """Return a `Tune` of an ABC text as music21 reads it, or why it is left out, in a few words.

    Ornaments are left out, ties are joined, and repeats stand once, as they are written.
    """
    from music21 import converter, stream

    score = converter.parseData(block, format="abc")
    score = score.scores[0] if isinstance(score, stream.Opus) else score
    if len(score.parts) != 1:
        return "several voices"
    part = score.parts[0]
    keys = list(part.recurse().getElementsByClass("Key"))
    metres = list(part.recurse().getElementsByClass("TimeSignature"))
    if len(keys) != 1 or len(metres) != 1 or keys[0].mode not in MODES or metres[0].ratioString not in METRES:
        return "another mode, or several keys or metres"
    rows = rows_of(part.flatten().notesAndRests)
    if rows is None:
        return "chords, or notes off the grid of sixteenths"
    bars = [4 * float(one.offset) for one in part.getElementsByClass("Measure")]
    pickup = first_bar(bars, METRES[metres[0].ratioString])
    if pickup is None or not 16 <= len(rows) <= MOST:
        return "bars of other lengths, or too short or long"
    pitch, duration = np.array(rows).T
    title = re.search(r"(?m)^T:\s*(.*)", block)
    return Tune(
        pitch, duration, keys[0].tonic.pitchClass, keys[0].mode, metres[0].ratioString, pickup, title[1].strip()
    )


def rows_of(elements):
    """Return [(pitch, duration)] of music21's notes and rests, or None for chords and what is off the grid."""
    rows, tied = [], False
    for one in elements:
        if one.duration.isGrace or not one.quarterLength:
            continue
        duration = 4 * float(one.quarterLength)
        if len(getattr(one, "pitches", ())) > 1 or duration != int(duration) or 4 * float(one.offset) % 1:
            return None
        pitch = REST if one.isRest else one.pitches[0].midi
        if tied and rows and rows[-1][0] == pitch:
            rows[-1][1] += int(duration)
        else:
            rows.append([pitch, int(duration)])
        tied = not one.isRest and one.tie is not None and one.tie.type in ("start", "continue")
    return rows


def first_bar(bars, length):
    """Return the pick-up in sixteenths if at least nine in ten barlines agree on it, else None."""
    starts, counts = np.unique(np.array(bars[1:]) % length, return_counts=True)
    if not len(starts) or counts.max() < 0.6 * counts.sum():
        return None
    pickup = starts[counts.argmax()]
    return int(pickup) if pickup == int(pickup) else None


MOST = 220  # notes of a tune


def intervals(tune):
    """Return what is the same in every key: (steps from the note before, duration) of each note but the first."""
    steps = np.diff(tune.pitch.astype(int))
    return [(int(step), int(length)) for step, length in zip(steps, tune.duration[1:], strict=True)]


def grams(sequence, length):
    """Return the set of runs of ``length`` of a sequence."""
    return {tuple(sequence[k : k + length]) for k in range(len(sequence) - length + 1)}


def families(tunes, same=SAME):
    """Return a number for each tune (n,): tunes that share ``same`` notes in a row, or a title, have the same."""
    parent = list(range(len(tunes)))

    def root(k):
        while parent[k] != k:
            parent[k] = k = parent[parent[k]]
        return k

    first = {}
    for k, tune in enumerate(tunes):
        name = re.sub(r"\W|^the|^a ", "", tune.title.lower().split(",")[0])
        for gram in [*grams(intervals(tune), same - 1), *([name] if len(name) > 5 else [])]:
            parent[root(k)] = root(first.setdefault(gram, k))
    return np.array([root(k) for k in range(len(tunes))])


def corpus_blocks():
    """Yield (source, block) of all tunes of the three collections in music21's corpus."""
    from music21 import corpus

    folder = Path(corpus.__file__).parent
    for name, source in SOURCES.items():
        for path in sorted((folder / name).glob("*.abc")):
            for block in abc_blocks(path.read_text(encoding="utf-8", errors="replace")):
                yield source, block


def ship():
    """Write data/tunes/: notes.npz and tunes.csv; print what was left out."""
    kept, out = [], Counter()
    for source, block in corpus_blocks():
        tune = read_tune(block)
        if isinstance(tune, str):
            out[tune] += 1
        else:
            kept.append((source, block, tune))
    write_table(kept, out)


def write_table(kept, out):
    """Write rows (source, block, tune) as the shipped table, without repeats; print the counts."""
    known = common_tokens([tune for *_, tune in kept])
    kept = [row for row in kept if set(tokens_of(row[2])) <= known and is_kept(row[2])]
    seen, single = set(), []
    for row in kept:
        notes = (*intervals(row[2]), row[2].metre)
        if notes not in seen:
            seen.add(notes)
            single.append(row)
    groups = families([tune for *_, tune in single])
    rows = []
    for (source, block, tune), family in zip(single, groups, strict=True):
        by = re.search(r"(?m)^Z:\s*(.*)", block)
        place = {"source": source, "number": re.match(r"X:\s*(\d+)", block)[1], "title": tune.title}
        beside = {"metre": tune.metre, "tonic": tune.tonic, "mode": tune.mode, "pickup": tune.pickup}
        rows.append(place | beside | {"notes": len(tune.pitch), "family": family, "by": credited(by)})
    DATA.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(DATA / "tunes.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
    every = [np.column_stack([tune.pitch, tune.duration]).astype(np.int8) for *_, tune in single]
    np.savez_compressed(DATA / "notes.npz", notes=np.concatenate(every))
    print(len(single), "tunes of", len(set(groups)), "families;", len(kept) - len(single), "repeats;", dict(out))


def credited(found):
    """Return who typed a tune, from its line Z, without addresses."""
    name = re.sub(
        r"(?i)\(?\S+[@:]\S+\)?|^\W*(transcribed|contributed)( by)?|http\S+|<.*?>|\d{8,}|\bby\b",
        " ",
        found[1] if found else "",
    )
    return " ".join(re.sub(r'["*,]', " ", name).split())


@functools.cache
def shipped():
    """Return the tunes of data/tunes/, a list of `Tune`."""
    table = pd.read_csv(DATA / "tunes.csv.gz", keep_default_na=False)
    with np.load(DATA / "notes.npz") as found:
        notes = np.split(found["notes"].astype(int), np.cumsum(table["notes"])[:-1])
    beside = zip(
        table["tonic"], table["mode"], table["metre"], table["pickup"], table["title"], table["family"], strict=True
    )
    return [Tune(*part.T, *row) for part, row in zip(notes, beside, strict=True)]


def parts():
    """Return {"train", "validation", "test"} of the shipped tunes: whole families, at random."""
    tunes = shipped()
    groups = np.unique([tune.family for tune in tunes])
    lot = np.random.default_rng(SPLIT).permutation(groups)
    edges = np.cumsum([round(share * len(groups)) for share in list(SHARES.values())[:-1]])
    names = {g: name for name, own in zip(SHARES, np.split(lot, edges), strict=True) for g in own}
    return {name: [tune for tune in tunes if names[tune.family] == name] for name in SHARES}


# --- what is coded ----------------------------------------------------------------------------------------------------

BAR, END = "|", "."
LEAST = 10  # times that a token occurs in the table; tunes with rarer ones are left out


def base_of(tune):
    """Return the tonic from which pitches are counted: the highest that is not above the mean pitch."""
    mean = tune.pitch[tune.pitch != REST].mean()
    return tune.tonic + 12 * int((mean - tune.tonic) // 12)


def tokens_of(tune):
    """Return a tune's tokens: its key's mode and metre, then (steps above the tonic, duration), BAR and END."""
    base, now, found = base_of(tune), -tune.pickup, [(tune.metre, tune.mode)]
    for pitch, duration in zip(tune.pitch.tolist(), tune.duration.tolist(), strict=True):
        if now % METRES[tune.metre] == 0:
            found.append(BAR)
        found.append((None if pitch == REST else pitch - base, duration))
        now += duration
    return [*found, END]


def tune_of(tokens, base=62):
    """Return a `Tune` of tokens as `tokens_of` gives them, without END or with it; the tonic is the pitch ``base``.

    Raises ValueError where BAR is not at the bars that the metre has: what was written is then not in the metre.
    """
    metre, mode = tokens[0]
    notes = [token for token in tokens[1:] if token not in (BAR, END)]
    before = list(tokens[1:]).index(BAR) if BAR in tokens else len(notes)
    pickup = sum(duration for _, duration in notes[:before])
    pitch = np.array([REST if step is None else base + step for step, _ in notes])
    made = Tune(pitch, np.array([duration for _, duration in notes]), base % 12, mode, metre, pickup)
    if pickup >= METRES[metre] or bars_off(tokens[1:], METRES[metre]):
        raise ValueError("received tokens whose bars are not of the metre.")
    return made


def is_kept(tune):
    """Return whether tokens say all of a tune's notes and bars: no note sounds on over the first barline."""
    try:
        return tune_of(tokens_of(tune), base_of(tune)).pickup == tune.pickup
    except ValueError:
        return False


def bars_off(tokens, length):
    """Return how many of BAR are not where a metre of ``length`` sixteenths has them, or are missing there."""
    now, off, begun, expected = 0, 0, False, False
    for token in tokens:
        if token == BAR:
            off += begun and now % length != 0
            now, begun, expected = (now if begun else 0), True, False
        elif token != END:
            off += begun and expected
            now += token[1]
            expected = begun and now % length == 0
    return int(off)


def common_tokens(tunes):
    """Return the tokens that occur LEAST times or more, and all headers."""
    counts = Counter(token for tune in tunes for token in tokens_of(tune))
    return {token for token, count in counts.items() if count >= LEAST or token[0] in METRES} | {BAR, END}


@functools.cache
def alphabet():
    """Return all tokens in order: END is 0."""
    found = {token for tune in shipped() for token in tokens_of(tune)} - {BAR, END}
    heads = sorted(token for token in found if token[0] in METRES)
    notes = sorted(found - set(heads), key=lambda token: (token[0] is None, token[0] or 0, token[1]))
    return [END, BAR, *heads, *notes]


@functools.cache
def numbers():
    """Return {token: number}."""
    return {token: k for k, token in enumerate(alphabet())}


def coded(tune):
    """Return a tune's numbers (n,), its header first."""
    return np.array([numbers()[token] for token in tokens_of(tune)])


# --- rivals -----------------------------------------------------------------------------------------------------------

DEEPEST = 12
FILL = chr(0x3000)  # before each tune, so that no context reaches into the one before


def as_text(tunes, places=True):
    """Return tunes as characters for `text.NGram`: FILL before each, then a character for each token.

    With ``places`` a token has one character for each place in the bar at which it begins. The place follows from what
    is before, so nothing is told; but contexts then know where in the bar they are.
    """
    return "".join(FILL * DEEPEST + "".join(map(chr, characters(tune, places))) for tune in tunes)


def characters(tune, places):
    """Return the code points (n,) of a tune's tokens."""
    lengths = [token[1] if token not in (BAR, END) else 0 for token in tokens_of(tune)[1:]]
    starts = np.concatenate([[0], np.cumsum([0, *lengths[:-1]]) - tune.pickup])
    return 0x4E00 + coded(tune) * (32 if places else 1) + (starts % METRES[tune.metre] if places else 0)


def costs(tunes, nats):
    """Return the bits (n,) of each tune from log-likelihoods of `as_text`; the header is given, not counted."""
    lengths = [DEEPEST + len(coded(tune)) for tune in tunes]
    every = np.split(-np.asarray(nats) / np.log(2), np.cumsum(lengths)[:-1])
    return np.array([one[DEEPEST + 1 :].sum() for one in every])


def notes_in(tunes):
    """Return the number of notes and rests (n,) of each tune."""
    return np.array([len(tune.pitch) for tune in tunes])


def bits_a_note(bits, tunes, resamples=4000, seed=0):
    """Return (bits a note, least, most): a bootstrap over families, which are what was drawn at random."""
    groups = np.unique([tune.family for tune in tunes], return_inverse=True)[1]
    own, notes = np.bincount(groups, bits), np.bincount(groups, notes_in(tunes))
    draws = np.random.default_rng(seed).integers(len(own), size=(resamples, len(own)))
    ratios = own[draws].sum(1) / notes[draws].sum(1)
    return (float(own.sum() / notes.sum()), *np.quantile(ratios, (0.025, 0.975)).tolist())


def compressed(train, tunes, compress):
    """Return bits a note that ``tunes`` add to what a compressor has read in ``train``, a byte a token."""
    every = [coded(tune)[1:].astype(np.uint8).tobytes() for tune in [*train, *tunes]]
    first, both = b"".join(every[: len(train)]), b"".join(every)
    return added_bits(len(compress(both)), len(compress(first)), notes_in(tunes).sum())


@functools.cache
def ngram(places):
    """Return the n-gram of the training part, of all orders up to DEEPEST."""
    kinds = len(set(as_text(shipped(), places)))
    return NGram(as_text(parts()["train"], places), DEEPEST, kinds)


def ngram_bits(tunes, order, places):
    """Return the bits (n,) of each tune by the n-gram of an order."""
    return costs(tunes, ngram(places).log_likelihoods(as_text(tunes, places), order))


def rivals():
    """Return the validation part's bits a note by order, with and without places; the best order of each."""
    tunes, found = parts()["validation"], {}
    for places, name in ((False, "n-gram"), (True, "n-gram with places")):
        bits = [bits_a_note(ngram_bits(tunes, order, places), tunes)[0] for order in range(DEEPEST + 1)]
        found[name] = {"order": int(np.argmin(bits)), "validation": common.rounded(bits)}
    print(found)
    return {"rivals": found}


# --- the transformer --------------------------------------------------------------------------------------------------

CONTEXT = 300  # tokens: MOST notes, their bars and a header


def network():
    """Return the transformer of notebook 07, small, for `alphabet`."""
    return models.Transformer(len(alphabet()), CONTEXT, width=80, depth=2, heads=4, dropout=0.1, name="tunes")


def table(tunes):
    """Return tokens int32 (n, CONTEXT), END behind, and which of them count: all but header and filling."""
    rows, counted = np.zeros((2, len(tunes), CONTEXT), np.int32)
    for k, tune in enumerate(tunes):
        own = coded(tune)
        rows[k, : len(own)], counted[k, 1 : len(own)] = own, 1
    return rows, counted


def network_bits(net, tunes, batch=32):
    """Return the bits (n,) of each tune by the transformer."""
    tf, (rows, counted) = runtime.tf, table(tunes)
    cost = tf.function(
        lambda some: tf.nn.sparse_softmax_cross_entropy_with_logits(some[:, 1:], net(some, training=False)[:, :-1])
    )
    found = np.concatenate([cost(tf.constant(rows[k : k + batch])).numpy() for k in range(0, len(rows), batch)])
    return (found * counted[:, 1:]).sum(1) / np.log(2)


def load():
    """Return the transformer with the shipped weights."""
    net = network()
    load_half(net, WEIGHTS)
    return net


def batches(tunes, batch, rng):
    """Yield (tokens, targets) without end, int32 (batch, longest of the batch): tunes of nearly the same length."""
    rows, counted = table(tunes)
    lengths = counted.sum(1) + 1
    order = np.argsort(lengths + rng.uniform(0, 1, len(lengths)))
    while True:
        first = rng.integers(0, len(order) - batch + 1)
        pick = order[first : first + batch]
        longest = lengths[pick].max()
        targets = np.where(counted[pick] == 1, rows[pick], -1)[:, 1:longest]
        yield rows[pick, : longest - 1], targets.astype(np.int32)


def train(steps=1500, batch=24, rate=4e-3, seed=1):
    """Train the transformer by `trainables.NextToken`, write its weights, and return what it took."""
    import time

    tf, keras = runtime.tf, runtime.keras
    keras.utils.set_random_seed(seed)
    net, tunes = network(), parts()["train"]
    model = trainables.NextToken(net, seed=seed)
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps - 60, 0.02, warmup_target=rate, warmup_steps=60)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.1, beta_2=0.98, global_clipnorm=1.0)
    model.compile(optimizer)
    form = tf.TensorSpec((None, None), tf.int32)
    draw = functools.partial(batches, tunes, batch, np.random.default_rng(seed))
    data = tf.data.Dataset.from_generator(draw, output_signature=(form, form))
    begin = time.process_time()
    model.fit(data, epochs=10, steps_per_epoch=steps // 10, verbose=2)
    save_half(net, WEIGHTS)
    weights = int(sum(np.prod(one.shape) for one in net.get_weights()))
    return {
        "train": {"steps": steps, "batch": batch, "CPU seconds": round(time.process_time() - begin), "weights": weights}
    }


def measure():
    """Return bits a note on the test part with intervals over families, and of two compressors."""
    own = parts()
    tunes, train_part = own["test"], own["train"]
    plain, best = (
        ngram_bits(tunes, stored()["rivals"][name]["order"], name != "n-gram")
        for name in ("n-gram", "n-gram with places")
    )
    mine = network_bits(load(), tunes)
    found = {name: bits_a_note(ngram_bits(tunes, k, False), tunes) for k, name in enumerate(("uniform", "unigram"))}
    found |= {"n-gram": bits_a_note(plain, tunes), "n-gram with places": bits_a_note(best, tunes)}
    for name, compress in {
        "xz": lambda x: lzma.compress(x, preset=9 | lzma.PRESET_EXTREME),
        "bz2": bz2.compress,
    }.items():
        found[name] = (compressed(train_part, tunes, compress),)
    found |= {"transformer": bits_a_note(mine, tunes), "transformer less n-gram": bits_a_note(mine - best, tunes)}
    return {"bits a note, test": {name: common.rounded(value) for name, value in found.items()}}


def stored():
    """Return what the stages stored."""
    import json

    return json.loads(STORE.read_text(encoding="utf-8"))


# --- writing, and copying ---------------------------------------------------------------------------------------------


def longest_run(tune, library):
    """Return how many notes in a row of a tune, in any key, some tune of a library has.

    ``library(length)`` is the set of its runs of so many intervals (`Library`).
    """
    own, low, high = intervals(tune), 0, 1
    while high < len(tune.pitch) and grams(own, high) & library(high):  # runs are short: do not begin in the middle
        low, high = high, 2 * high
    high = min(high, len(tune.pitch)) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if grams(own, middle) & library(middle) else (low, middle - 1)
    return low + 1 if low else 0


class Library:
    """The runs of some tunes, of each length asked for."""

    def __init__(self, tunes):
        self.all, self.kept = [intervals(tune) for tune in tunes], {}

    def __call__(self, length):
        """Return the set of runs of ``length`` intervals."""
        if length not in self.kept:
            self.kept[length] = set().union(*(grams(one, length) for one in self.all))
        return self.kept[length]


def headers(count, seed=0):
    """Return ``count`` pairs of metre and mode as often as the training part has them."""
    rng, tunes = np.random.default_rng(seed), parts()["train"]
    return [(tunes[k].metre, tunes[k].mode) for k in rng.integers(len(tunes), size=count)]


def write_tunes(net, asked, seed=0, temperature=1.0, top_p=0.98):
    """Return [tokens] that the transformer writes for pairs of metre and mode, each with its header, up to END.

    A tune without an END within the context is cut there.
    """
    prompts = np.array([[numbers()[head]] for head in asked])
    written = text.writer(net)(prompts, CONTEXT - 1, temperature=temperature, top_p=top_p, seed=seed)
    rows = [[alphabet()[k] for k in row] for row in written]
    return [row[: row.index(END) + 1] if END in row else row for row in rows]


def write_by_ngram(asked, seed=0):
    """Return [tokens] that the n-gram of the stored order writes for pairs of metre and mode."""
    return [_by_ngram(head, np.random.default_rng([seed, k])) for k, head in enumerate(asked)]


@functools.cache
def _followers():
    """Return {context: Counter of what follows} of the training part: contexts of 0 to order − 1 tokens with places."""
    order, found = stored()["rivals"]["n-gram with places"]["order"], {}
    for tune in parts()["train"]:
        row = with_places(tokens_of(tune), tune.pickup)
        for k in range(1, len(row)):
            for length in range(min(order, k + 1)):
                found.setdefault(tuple(row[k - length : k]), Counter())[row[k]] += 1
    return found


def with_places(row, pickup):
    """Return [(token, its place in the bar)] of a tune's tokens; the header has place −1."""
    now, length, found = -pickup, METRES[row[0][0]], [(row[0], -1)]
    for token in row[1:]:
        found.append((token, now % length))
        now += token[1] if token not in (BAR, END) else 0
    return found


def _by_ngram(head, rng):
    """Return one tune's tokens: from the longest context on, a shorter one with Witten and Bell's chance.

    Only what begins at the place that has been reached may follow; the first note's place says how long the pick-up is.
    """
    order, row, now = stored()["rivals"]["n-gram with places"]["order"], [(head, -1)], None
    while row[-1][0] != END and len(row) < CONTEXT:
        for length in range(min(order - 1, len(row)), -1, -1):
            seen = _followers().get(tuple(row[len(row) - length :]), {})
            seen = {one: count for one, count in seen.items() if now in (None, one[1])}
            total = sum(seen.values())
            if seen and (not length or rng.random() * (total + len(seen)) >= len(seen)):
                break
        row.append(list(seen)[rng.choice(len(seen), p=np.array(list(seen.values())) / total)])
        token, place = row[-1]
        now = (place + (token[1] if token not in (BAR, END) else 0)) % METRES[head[0]]
    return [token for token, _ in row]


def described(row):
    """Return what a written row of tokens keeps of what was asked: {"ends", "metre", "mode", "tonic"}, each 0 or 1.

    "metre": every bar is as long as it should be. "mode": the third of the mode asked for sounds longer than the other.
    "tonic": the last note is the tonic.
    """
    metre, mode = row[0]
    notes = [token for token in row[1:] if token not in (BAR, END) and token[0] is not None]
    third = {name: sum(d for step, d in notes if step % 12 == size) for name, size in (("major", 4), ("minor", 3))}
    other = MODES[1 - MODES.index(mode)]
    return {
        "ends": int(row[-1] == END),
        "metre": int(not bars_off(row[1:], METRES[metre])),
        "mode": int(third[mode] > third[other]),
        "tonic": int(bool(notes) and notes[-1][0] % 12 == 0),
    }


def runs_of(rows, library):
    """Return the longest run (n,) that each row of tokens shares with a library; bars need not be right."""
    found = []
    for row in rows:
        notes = [token for token in row[1:] if token not in (BAR, END)]
        pitch = np.array([REST if step is None else step for step, _ in notes])
        made = Tune(pitch, np.array([d for _, d in notes]), 0, *row[0][::-1], 0)
        found.append(longest_run(made, library) if len(notes) > 1 else 0)
    return np.array(found)


def write(count=200):
    """Return shares kept of what was asked and the longest runs copied: real held-out tunes, n-gram, transformer."""
    library, asked = Library(parts()["train"]), headers(count, seed=7)
    kinds = {
        "held-out tunes": [tokens_of(tune) for tune in parts()["test"]],
        "n-gram": write_by_ngram(asked, seed=7),
        "transformer": write_tunes(load(), asked, seed=7),
    }
    found = {}
    for name, rows in kinds.items():
        kept, runs = pd.DataFrame([described(row) for row in rows]), runs_of(rows, library)
        found[name] = {"tunes": len(rows)} | common.rounded(kept.mean().to_dict())
        found[name] |= {"run, median": int(np.median(runs)), "run, 95th percentile": int(np.quantile(runs, 0.95))}
        found[name] |= {"run, longest": int(runs.max()), "notes, median": int(np.median([len(row) for row in rows]))}
    limit = found["held-out tunes"]["run, 95th percentile"]
    for name, rows in kinds.items():
        found[name]["share above it"] = common.rounded(np.mean(runs_of(rows, library) > limit))
    return {"written": found}


if __name__ == "__main__":
    stages = {"rivals": rivals, "train": train, "measure": measure, "write": write}
    if sys.argv[1:] == ["ship"]:
        ship()
    else:
        common.run_stages(stages, STORE, __doc__)
