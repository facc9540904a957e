"""Bach's four-part chorales: the table that ships, its split by tune, what is coded, rivals, rules of voice leading.

Usage: python benchmarks/chorales.py ship

    ship       writes data/chorales/ from music21's corpus: notes on a grid of sixteenths, one row a piece

Notebook 17 shows these functions: they are written into it from here. The networks live in chorales_model.py.

A piece is an array of notes int (n, 4): voice (0 soprano to 3 bass), start, duration and pitch; start and duration
count sixteenths, four a quarter, and pitch is a MIDI number.
"""

import functools
import itertools
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import preparation, runtime  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

DATA = HERE.parent / "data" / "chorales"
VOICES = ("soprano", "alto", "tenor", "bass")
SHARES = {"train": 0.70, "validation": 0.12, "test": 0.18}
SPLIT = 1726  # chosen at random

# --- the table --------------------------------------------------------------------------------------------------------


class Chorale(NamedTuple):
    """A piece for four voices: ``notes`` int (n, 4) as above, and what is known beside them.

    ``tonic`` is a pitch class 0 to 11, ``mode`` "major" or "minor", ``bar`` the sixteenths of a bar, ``pickup`` those
    before the first whole bar, ``fermatas`` the starts of the soprano's notes that are held, ``tune`` a number that
    settings of one melody share.
    """

    name: str
    title: str
    notes: np.ndarray
    tonic: int
    mode: str
    bar: int
    pickup: int
    fermatas: tuple
    tune: int = -1

    @property
    def length(self):
        """Sixteenths until the last note ends."""
        return int((self.notes[:, 1] + self.notes[:, 2]).max())


MAJOR = (17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587, 0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122)
MINOR = (18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362, 0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623)


def key_of(notes):
    """Return (tonic, mode): the key whose profile correlates best with how long each pitch class sounds.

    The rule is Krumhansl's and Schmuckler's (1990), the profiles are Aarden's (2003), music21's own choice: of four
    profiles theirs agreed best with the last bass note.
    """
    sounding = np.bincount(notes[:, 3] % 12, weights=notes[:, 2], minlength=12)
    keys = [(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]
    profiles = np.array([np.roll({"major": MAJOR, "minor": MINOR}[mode], tonic) for tonic, mode in keys])
    fit = np.corrcoef(np.vstack([sounding, profiles]))[0, 1:]
    return keys[int(np.argmax(fit))]


def corpus_files():
    """Return {name: (path, title)} of the chorales that music21 counts, each file once.

    The name's own file is taken: `corpus.parse("bach/bwv112.5")` opens bwv112.5-sc.mxl, whose name begins the same.
    """
    from music21 import corpus

    folder = Path(corpus.__file__).parent / "bach"
    found = {}
    for entry in corpus.chorales.ChoraleListRKBWV().byRiemenschneider.values():
        name = f"bwv{entry['bwv']}"
        paths = [folder / f"{name}{suffix}" for suffix in (".mxl", ".xml", ".krn")] + sorted(folder.glob(f"{name}*"))
        found.setdefault(name, (next(path for path in paths if path.exists()), entry["title"]))
    return found


def notes_of(part):
    """Return (notes [(start, duration, pitch)], ties joined; starts of fermatas; how many grace notes are left out)."""
    notes, fermatas, graces = [], [], 0
    for one in part.flatten().notes:
        if one.duration.isGrace:
            graces += 1
            continue
        start, duration = 4 * float(one.offset), 4 * float(one.duration.quarterLength)
        tied = one.tie is not None and one.tie.type in ("stop", "continue")
        if tied and notes and notes[-1][2] == one.pitches[-1].midi and notes[-1][0] + notes[-1][1] == start:
            notes[-1][1] += duration
        else:
            notes.append([start, duration, one.pitches[-1].midi])
        if any(type(mark).__name__ == "Fermata" for mark in one.expressions):
            fermatas.append(notes[-1][0])
    return notes, fermatas, graces


def read_score(path):
    """Return (row of the table, notes (n, 4)), or (why it is left out, None), of a file."""
    from music21 import converter

    score = converter.parse(path)
    if len(score.parts) != 4:
        return f"{len(score.parts)} parts", None
    metres = {one.ratioString for one in score.parts[0].recurse().getElementsByClass("TimeSignature")}
    if len(metres) != 1:
        return f"metres {sorted(metres)}", None
    voices = [notes_of(part) for part in score.parts]
    notes = np.array([(voice, *note) for voice, (own, _, _) in enumerate(voices) for note in own])
    if (notes % 1).any():
        return f"{int((notes % 1).any(1).sum())} notes off the grid of sixteenths", None
    notes = notes.astype(np.int16)
    signatures = [one for one in score.parts[0].recurse().getElementsByClass("KeySignature") if hasattr(one, "tonic")]
    first = score.parts[0].getElementsByClass("Measure")[0]
    bar = int(4 * first.barDuration.quarterLength)
    padded = first.paddingLeft > 0
    row = {
        "metre": metres.pop(),
        "bar": bar,
        "pickup": int(4 * first.duration.quarterLength) if padded else 0,
        "named_key": str(signatures[0].name) if signatures else "",
        "fermatas": " ".join(str(int(start)) for start in sorted(set(voices[0][1]))),
        "graces": sum(one[2] for one in voices),
    }
    return row, notes[np.lexsort((notes[:, 0], notes[:, 1]))]


def ship():
    """Write data/chorales/: notes.npz and pieces.csv; print what was left out."""
    rows, every, out = [], [], {}
    for name, (path, title) in corpus_files().items():
        row, notes = read_score(path)
        if notes is None:
            out[name] = row
            continue
        tonic, mode = key_of(notes)
        rows.append({"name": name, "notes": len(notes), "tonic": tonic, "mode": mode, "title": title} | row)
        every.append(notes)
    table = pd.DataFrame(rows)
    print("grace notes left out:", int(table.pop("graces").sum()))
    table["tune"] = tunes(every, list(table["title"]))
    DATA.mkdir(parents=True, exist_ok=True)
    table.to_csv(DATA / "pieces.csv", index=False, lineterminator="\n")
    np.savez_compressed(DATA / "notes.npz", notes=packed(every))
    print(len(table), "pieces,", len(np.concatenate(every)), "notes,", table["tune"].nunique(), "tunes")
    for reason, count in Counter(out.values()).most_common():
        print(count, reason, [name for name, why in out.items() if why == reason][:5])


def packed(every):
    """Return notes of all pieces as uint8 (4, n), starts as steps from the note before; `chorales` undoes it."""
    steps = [np.c_[n[:, 0], np.diff(n[:, 1], prepend=0), n[:, 2], n[:, 3]] for n in every]
    return np.concatenate(steps).astype(np.uint8).T


@functools.cache
def chorales():
    """Return all shipped pieces as a tuple of `Chorale`."""
    table = pd.read_csv(runtime.shipped("chorales", "pieces.csv"), keep_default_na=False)
    with np.load(runtime.shipped("chorales", "notes.npz")) as found:
        flat = found["notes"].T.astype(int)
    pieces = []
    for row, own in zip(table.itertuples(), np.split(flat, np.cumsum(table["notes"])[:-1]), strict=True):
        notes = np.c_[own[:, 0], np.cumsum(own[:, 1]), own[:, 2], own[:, 3]]
        fermatas = tuple(int(start) for start in str(row.fermatas).split())
        pieces.append(Chorale(row.name, row.title, notes, row.tonic, row.mode, row.bar, row.pickup, fermatas, row.tune))
    return tuple(pieces)


def part(name):
    """Return the pieces of "train", "validation" or "test"; all settings of a tune are in the same part."""
    every = chorales()
    where = preparation.group_split([piece.tune for piece in every], SHARES, seed=SPLIT)
    return [every[k] for k in where[name]]


# --- tunes ------------------------------------------------------------------------------------------------------------


def melody(notes):
    """Return the soprano's steps in semitones: its notes of a quarter or more, or that begin on a quarter.

    Short notes between the beats are left out, and notes that repeat the one before: settings differ in those.
    """
    soprano = notes[notes[:, 0] == 0]
    kept = soprano[(soprano[:, 2] >= 4) | (soprano[:, 1] % 4 == 0)][:, 3]
    steps = np.diff(kept)
    return steps[steps != 0]


def edit_distance(first, second):
    """Return Levenshtein's distance of two sequences over the longer one's length, in [0, 1]."""
    row = np.arange(len(second) + 1)
    second, places = np.asarray(second), np.arange(len(second) + 1)
    for k, one in enumerate(first, 1):
        change = np.minimum(row[:-1] + (second != one), row[1:] + 1)
        best = np.concatenate([[k], change])
        row = np.minimum.accumulate(best - places) + places  # an insertion costs 1 a step to the right
    return row[-1] / max(len(first), len(second), 1)


NEAR = 0.4  # two melodies nearer than this are one tune; few pairs lie between 0.3 and 0.4
SHARED = {"tune_fingerprint": 12, "fingerprint": 9}  # so are two pieces that share so long a run of events


def tunes(every, titles):
    """Return int (n,): equal where two pieces, in any key, have one tune by any of four signs; links chain.

    The signs: melodies near one another, equal titles, a long run of the same soprano, one of all four voices.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    melodies, count = [melody(notes) for notes in every], len(every)
    near = np.zeros((count, count), bool)
    for name, least in SHARED.items():
        near |= shared_runs(every, globals()[name]) >= least
    for a in range(count):
        for b in range(a):
            near[a, b] |= titles[a] == titles[b] != "" or edit_distance(melodies[a], melodies[b]) < NEAR
    return connected_components(csr_matrix(near), directed=False)[1]


def shared_runs(every, of):
    """Return int (n, n): the longest run of events, by a fingerprint ``of``, that one piece shares with another."""
    library, found = Library(every, of), np.zeros((len(every), len(every)), int)
    for row, notes in zip(found, every, strict=True):
        np.maximum.at(row, library.owners, library.runs(notes))
    return found


# --- what is coded ----------------------------------------------------------------------------------------------------

HOLD = 0  # a voice goes on
REST = 1  # it stops
FIRST = 2  # it begins the pitch BOTTOM; later symbols are higher pitches
BOTTOM = 28  # MIDI number, after the piece was moved to C major or A minor
SYMBOLS = 64
MIDDLE = (45, 26, 38, 32)  # symbols in the middle of each voice of ORDER, where it has sung nothing
GAPS = 16  # sixteenths to the next event, at most
ORDER = (0, 3, 1, 2)  # within an event: soprano, bass, alto, tenor, and then the gap
CODED = len(ORDER) + 1


def shift_of(tonic, mode):
    """Return the semitones, −6 to 5, by which a key lies above C major or A minor, its common key."""
    return (tonic - (9 if mode == "minor" else 0) + 6) % 12 - 6


class Form(NamedTuple):
    """What is given before a piece is coded: key, metre, length, and where the soprano's fermatas are."""

    tonic: int
    mode: str
    bar: int
    pickup: int
    fermatas: tuple
    length: int

    @property
    def shift(self):
        """Semitones above the common key."""
        return shift_of(self.tonic, self.mode)


def form_of(piece):
    """Return the `Form` of a `Chorale`."""
    return Form(piece.tonic, piece.mode, piece.bar, piece.pickup, piece.fermatas, piece.length)


def encode(notes, form):
    """Return int (n, 5) of a piece's events: symbols of soprano, bass, alto, tenor, and the gap − 1 to the next event.

    An event is a sixteenth at which a voice begins a note or stops; in between everything is held. A long gap is split
    by events at which all four voices hold. With the `Form` this is all of the piece: `decode` undoes it.
    """
    if len(notes) == 0:
        raise ValueError("received no notes; expected int (n, 4): voice, start, duration, pitch.")
    begins = {(voice, start): pitch for voice, start, _, pitch in notes.tolist()}
    stops = {(voice, start + length) for voice, start, length, _ in notes.tolist()} - set(begins)
    stops |= {(voice, 0) for voice in range(4) if (voice, 0) not in begins}
    stops = {one for one in stops if one[1] < form.length}
    times = sorted({time for _, time in [*begins, *stops]} | {0})
    times = [t + k for t, end in zip(times, [*times[1:], form.length], strict=True) for k in range(0, end - t, GAPS)]
    rows = []
    for begin, after in zip(times, [*times[1:], form.length], strict=True):
        said = [_symbol((voice, begin), begins, stops, form.shift) for voice in ORDER]
        rows.append([*said, after - begin - 1])
    return np.array(rows)


def _symbol(place, begins, stops, shift):
    if place in begins:
        symbol = begins[place] - shift - BOTTOM + FIRST
        if not FIRST <= symbol < SYMBOLS:
            raise ValueError(
                f"received pitch {begins[place]}; expected one within {BOTTOM + shift} to {BOTTOM + shift + 61}"
            )
        return symbol
    return REST if place in stops else HOLD


def decode(coded, form):
    """Return the notes int (n, 4) of events (n, 5); what would sound beyond the form's length is cut."""
    open_notes, notes, time = {}, [], 0
    for row in coded.tolist():
        for voice, symbol in zip(ORDER, row, strict=False):
            if symbol != HOLD and voice in open_notes:
                start, pitch = open_notes.pop(voice)
                notes.append((voice, start, time - start, pitch))
            if symbol >= FIRST:
                open_notes[voice] = time, symbol - FIRST + BOTTOM + form.shift
        time = min(time + row[-1] + 1, form.length)
    notes += [(voice, start, time - start, pitch) for voice, (start, pitch) in open_notes.items()]
    notes = np.array([note for note in notes if note[2] > 0])
    return notes[np.lexsort((notes[:, 0], notes[:, 1]))]


class State:
    """Where a piece is while it is coded or drawn, event by event: what sounds, how long, and the places in the bar."""

    def __init__(self, form):
        self.form, self.time, self.sounding, self.age = form, 0, [REST] * 4, [0] * 4
        self.past = [[], [], [], []]  # the symbols that each voice began, in the order of ORDER
        self.gap, self.before = 0, (REST,) * 4

    @property
    def left(self):
        """Sixteenths until the end."""
        return self.form.length - self.time

    @property
    def place(self):
        """Sixteenths since the bar began."""
        return (self.time - self.form.pickup) % self.form.bar

    def to_fermata(self):
        """Return the sixteenths until the next fermata begins (0: here), and until the end if there is none."""
        return min([start - self.time for start in self.form.fermatas if start >= self.time] or [self.left])

    def go(self, row):
        """Move on by one event."""
        self.before = tuple(self.sounding)
        for k, symbol in enumerate(row[:4]):
            if symbol != HOLD:
                self.sounding[k], self.age[k] = int(symbol), 0
                self.past[k].append(int(symbol))
            self.age[k] += int(row[4]) + 1
        self.gap = int(row[4])
        self.time += self.gap + 1


# --- rivals -----------------------------------------------------------------------------------------------------------


def seen_at(state, row):
    """Return {name: value} of what an n-gram may look at, when ``row`` of this event is known so far."""
    known = [int(symbol) for symbol in row]
    k = len(known)
    now = [symbol if symbol != HOLD else state.sounding[voice] for voice, symbol in enumerate(known[:4])]
    past = state.past[k] if k < 4 else []
    own = state.sounding[k] if k < 4 else 0
    beat, place = state.place % 4, state.place
    fermata = min(state.to_fermata(), 5)
    return {
        "mode": state.form.mode,
        "beat": beat,
        "place": (place, state.form.bar),
        "fermata": fermata,
        "end": min(state.left // 4, 4),
        "own": own,
        "age": min(state.age[k], 8) if k < 4 else 0,
        "last": tuple(past[-2:]),
        "longer": tuple(past[-3:]),
        "longest": tuple(past[-5:]),
        "before": state.before[k] if k < 4 else 0,
        "all": tuple(state.sounding),
        "outer": tuple(state.sounding[:2]),
        "gap": state.gap,
        "moves": tuple(symbol != HOLD for symbol in known[:4]),
        "now": tuple(now),
        "bass": now[1] if k > 1 else now[0] if k else 0,
        "classes": tuple(sorted({(s - FIRST) % 12 if s >= FIRST else -1 for s in now})),
        "chord": tuple(sorted({(s - FIRST) % 12 if s >= FIRST else -1 for s in state.sounding})),
        "steps": tuple(a - b for a, b in zip(now, state.sounding, strict=False)),
        "apart": tuple(
            (a - b) % 12 if min(a, b) >= FIRST else 12 for a, b in itertools.combinations(state.sounding, 2)
        ),
        "built": tuple((a - b) % 12 if min(a, b) >= FIRST else 12 for a, b in itertools.combinations(now, 2)),
        "sung": own if own >= FIRST else MIDDLE[k] if k < 4 else 0,
        "under": now[1] if k > 1 and now[1] >= FIRST else now[0] if k and now[0] >= FIRST else MIDDLE[0],
        "repeat": tuple(state.sounding) + tuple(state.before),
    }


CHAINS = (  # each a way to fall back: what is looked at first, and what is added, step by step
    ("beat", "own", "age", "last", "longer", "longest"),
    ("moves", "beat", "own", "now", "all", "gap"),
    ("moves", "own", "bass", "beat", "classes", "chord"),
    ("place", "gap", "moves", "fermata", "own", "mode"),
    ("fermata", "mode", "own", "bass", "classes", "end"),
    ("moves", "gap", "age", "own", "steps", "outer"),
    ("own", "moves", "chord", "classes", "last", "beat"),
    ("moves", "now", "all", "repeat", "place", "longer"),
)


INTERVALS = (  # these count not pitches but intervals, from the pitch that is named first: the same in every key
    ("sung", "moves", "beat", "steps", "apart", "own", "gap"),
    ("sung", "moves", "built", "apart", "mode", "steps"),
    ("under", "moves", "built", "apart", "beat", "steps"),
    ("under", "moves", "mode", "classes", "built", "own"),
)
ABOUT = ("sung", "under")  # pitches that intervals are counted from


class Chain:
    """Counts behind growing contexts, for one of the five things that are coded.

    ``p(x | c₁…cₖ) = (max(n(x) − d, 0) + d·kinds·p(x | c₁…cₖ₋₁)) / n``: absolute discounting, interpolated
    (Ney, Essen and Kneser 1994); at the end everything is equally likely. Where the first name is one of ABOUT, it is
    no context: pitches are counted as intervals from it.
    """

    def __init__(self, names, size, discount=0.6):
        self.about = names[0] if names and names[0] in ABOUT and size == SYMBOLS else None
        self.names, self.size, self.discount = [name for name in names if name not in ABOUT], size, discount
        self.counts = [{} for _ in range(len(self.names) + 1)]
        self.made = {}  # rows as arrays, until they are counted on

    def _moved(self, seen):
        """Return what is taken from a pitch's symbol before it is counted."""
        return seen[self.about] - 2 * SYMBOLS if self.about else 0

    def learn(self, seen, symbol, weight=1.0):
        """Count a symbol behind all contexts."""
        symbol = symbol - self._moved(seen) if symbol >= FIRST else symbol
        for level, key in enumerate(self._keys(seen)):
            row = self.counts[level].setdefault(key, {})
            row[symbol] = row.get(symbol, 0) + weight
            self.made.pop((level, key), None)

    def _keys(self, seen):
        return [tuple(seen[name] for name in self.names[:k]) for k in range(len(self.names) + 1)]

    def level(self, seen):
        """Return how many of the names were matched, at least: 0 where nothing but the empty context was seen."""
        return self.opinion(seen)[1]

    def __call__(self, seen):
        """Return the probabilities (size,) of the next symbol."""
        return self.opinion(seen)[0]

    def opinion(self, seen):
        """Return (probabilities (size,), how many of the names were matched)."""
        found, moved, matched = np.full(self.size, 1.0 / self.size), self._moved(seen), 0
        for level, key in enumerate(self._keys(seen)):
            if key not in self.counts[level]:
                break
            matched = level
            symbols, gains, lost = self._row(level, key)
            if moved:
                places = symbols + np.where(symbols < FIRST, 0, moved)
                inside = (symbols < FIRST) | (places >= FIRST) & (places < self.size)
                symbols, gains = places[inside], gains[inside]
            found *= lost
            found[symbols] += gains
        return found / found.sum(), matched

    def _row(self, level, key):
        """Return (symbols, what each has without the shorter context, the share of that) of a context, kept."""
        if (level, key) not in self.made:
            symbols, counts = (np.array(list(x)) for x in zip(*self.counts[level][key].items(), strict=True))
            gains = np.maximum(counts - self.discount, 0) / counts.sum()
            self.made[level, key] = symbols, gains, np.minimum(self.discount, counts).sum() / counts.sum()
        return self.made[level, key]


CACHED = (CHAINS[1], CHAINS[0], CHAINS[7])  # also learnt from the piece's own past


def fitting_weights(logs, levels, targets, depth, ridge=1e-3):
    """Return the weights (chains, depth) that mix distributions best: see `mixed`; by L-BFGS on the coded symbols.

    ``logs`` (n, chains, size) are logarithms, ``levels`` (n, chains) say how far each chain matched.
    """
    from scipy.optimize import minimize

    n, chains, _ = logs.shape
    which = np.arange(chains)
    start = np.full((chains, depth), 1.0 / chains)

    def loss(flat):
        weights = flat.reshape(chains, depth)
        each = weights[which, levels]
        scores = np.einsum("nc,ncs->ns", each, logs)
        scores -= scores.max(1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(1, keepdims=True)
        told = logs[np.arange(n), :, targets] - np.einsum("ns,ncs->nc", chances, logs)
        slope = np.zeros_like(weights)
        np.add.at(slope, (which[None].repeat(n, 0), levels), -told / n)
        cost = -np.log(chances[np.arange(n), targets] + 1e-300).mean()
        return cost + ridge * ((weights - start) ** 2).sum(), (slope + 2 * ridge * (weights - start)).ravel()

    return minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x.reshape(chains, depth)


def mixed(logs, weights):
    """Return the distribution (size,) that is proportional to the product of p_c^w_c (Mahoney 2005, PAQ's mixing)."""
    scores = weights @ logs
    chances = np.exp(scores - scores.max())
    return chances / chances.sum()


class Ngram:
    """Events from chains of contexts, one or several for each of the five things that are coded.

    ``chains`` are tuples of names of `seen_at`, for each of the five; ``cached`` of them are also learnt from the piece
    itself while it is coded, and forgotten after it. Several chains are `mixed` by weights that `tune` finds.
    """

    def __init__(self, chains, cached=(), discount=0.6):
        self.names, self.discount = [tuple(chains) for _ in range(CODED)], discount
        self.cached, self.weights = tuple(cached), None
        self.chains = [[Chain(names, self._size(k), discount) for names in own] for k, own in enumerate(self.names)]

    @staticmethod
    def _size(k):
        return GAPS if k == CODED - 1 else SYMBOLS

    def learn(self, pieces):
        """Count the events of pieces; return the model."""
        for piece in pieces:
            form = form_of(piece)
            state = State(form)
            for row in encode(piece.notes, form):
                for k, symbol in enumerate(row):
                    seen = seen_at(state, row[:k])
                    for chain in self.chains[k]:
                        chain.learn(seen, int(symbol))
                state.go(row)
        return self

    def fresh(self):
        """Return empty chains for one piece, for `chances`."""
        return [[Chain(names, self._size(k), self.discount) for names in self.cached] for k in range(CODED)]

    def opinions(self, state, row, cache):
        """Return (logarithms (chains, size), how far each matched (chains,)) of the next thing of an event."""
        k, seen = len(row), seen_at(state, row)
        found, levels = zip(*(chain.opinion(seen) for chain in (*self.chains[k], *cache[k])), strict=True)
        return np.log(np.array(found)), np.array(levels)

    def chances(self, state, row, cache):
        """Return the probabilities of the next thing of an event of which ``row`` is known."""
        logs, levels = self.opinions(state, row, cache)
        if len(logs) == 1:
            return np.exp(logs[0])
        return mixed(logs, self.weights[len(row)][np.arange(len(logs)), levels])

    def tune(self, pieces):
        """Find the weights of several chains on pieces that none of them learnt from; return the model."""
        found = [[] for _ in range(CODED)]
        for piece in pieces:
            for k, state, row, symbol, cache in self._through(piece):
                found[k].append((*self.opinions(state, row, cache), symbol))
        depth = 1 + max(len(names) for names in (*self.names[0], *self.cached))
        self.weights = [fitting_weights(*map(np.array, zip(*one, strict=True)), depth) for one in found]
        return self

    def _through(self, piece):
        """Yield (k, state, known part of the event, symbol, own chains) of each thing; then the chains learn it."""
        state, cache = State(form_of(piece)), self.fresh()
        for row in encode(piece.notes, state.form).tolist():
            for k, symbol in enumerate(row):
                yield k, state, row[:k], symbol, cache
                for chain in cache[k]:
                    chain.learn(seen_at(state, row[:k]), symbol)
            state.go(row)

    def costs(self, piece):
        """Return the bits (n, 5) that the events of a piece cost."""
        found = [
            -np.log2(self.chances(state, row, cache)[symbol]) for _, state, row, symbol, cache in self._through(piece)
        ]
        return np.array(found).reshape(-1, CODED)

    def draw(self, form, rng, soprano=None, lawful=False, temperature=1.0):
        """Return the notes of a piece drawn for a form; with ``soprano``, notes (n, 4) of that voice, below it.

        ``lawful`` draws no pitch that is `unlawful`, where there is another.
        """
        state, cache, rows = State(form), self.fresh(), []
        given = None if soprano is None else given_soprano(soprano, form)
        while state.left > 0:
            row = []
            for k in range(CODED):
                chances = self.chances(state, row, cache) * possible(state, k, given)
                if lawful and k < CODED - 1 and (k or given is None):
                    chances = chances * np.where(unlawful(k, state.sounding, row, form.shift), 1e-9, 1.0)
                row.append(drawn(chances, rng, temperature))
            for k in range(CODED):
                for chain in cache[k]:
                    chain.learn(seen_at(state, row[:k]), row[k])
            rows.append(row)
            state.go(row)
        return decode(np.array(rows), form)


def unlawful(k, before, decided, shift):
    """Return bool (…, SYMBOLS): symbols of voice ORDER[k] that leave its range, cross a voice or move in parallel.

    ``before`` holds what the four voices sang, ``decided`` the symbols of this event so far, both in the ORDER: whole
    numbers, or integer tensors (…, 1), as ``shift`` is, too. Parallels are those of `parallels`.
    """
    symbols = np.arange(SYMBOLS, dtype=np.int32)
    pitch = symbols - FIRST + BOTTOM + shift
    bad = (pitch < RANGES[ORDER[k]][0]) | (pitch > RANGES[ORDER[k]][1])
    for j, one in enumerate(decided):
        now = one + before[j] * ((SYMBOLS - one) // SYMBOLS)  # what it sings now: 64 // 64 is 1 for HOLD alone
        apart = symbols - now if ORDER[k] < ORDER[j] else now - symbols  # the higher voice less the lower
        bad = bad | ((apart < 0) & (now >= FIRST))
        old = abs(before[k] - before[j]) % 12
        kept = (abs(symbols - now) % 12 == old) & ((symbols - before[k]) * (now - before[j]) > 0)
        sung = (before[k] >= FIRST) & (before[j] >= FIRST) & (now >= FIRST)
        bad = bad | (kept & sung & ((old == 0) | (old == 7)))
    return bad & (symbols >= FIRST)


def drawn(chances, rng, temperature=1.0):
    """Return a symbol drawn in proportion to chances^(1/temperature)."""
    chances = np.power(chances, 1.0 / temperature)
    return int(rng.choice(len(chances), p=chances / chances.sum()))


def given_soprano(notes, form):
    """Return {time: symbol} of a soprano's notes (n, 4), with its rests."""
    own = notes[notes[:, 0] == 0]
    ends = {int(start + length): REST for _, start, length, _ in own if start + length < form.length}
    return {0: REST} | ends | {int(start): int(pitch) - form.shift - BOTTOM + FIRST for _, start, _, pitch in own}


def possible(state, k, given=None):
    """Return a mask of what may be drawn: no gap beyond the end, and a given soprano as it is, never jumped over."""
    if k == CODED - 1:
        most = (
            state.left
            if given is None
            else min([t for t in given if t > state.time] + [state.form.length]) - state.time
        )
        return np.arange(1, GAPS + 1) <= most
    mask = np.ones(SYMBOLS)
    if k == 0 and given is not None:
        mask = np.zeros(SYMBOLS)
        mask[given.get(state.time, HOLD)] = 1
    return mask


class Markov:
    """A chain of whole events: the next one given what sounds now, smoothed by single events and by single voices.

    ``p(event | sounding) = (n(sounding, event) + kinds·p₁(event)) / (n + kinds)``, Witten's and Bell's weights (1991);
    p₁ mixes all events in the same way with voices that know only their own pitch, so that no event is impossible.
    """

    def __init__(self):
        self.behind, self.every, self.voices = {}, Counter(), Ngram([("own",)])

    def learn(self, pieces):
        """Count; return the model."""
        self.voices.learn(pieces)
        for piece in pieces:
            state = State(form_of(piece))
            for row in encode(piece.notes, state.form):
                self.behind.setdefault(tuple(state.sounding), Counter())[tuple(row.tolist())] += 1
                self.every[tuple(row.tolist())] += 1
                state.go(row)
        return self

    def costs(self, piece):
        """Return the bits (n,) that the events of a piece cost."""
        state, found = State(form_of(piece)), []
        for row, alone in zip(encode(piece.notes, state.form), self.voices.costs(piece).sum(1), strict=True):
            event, chance = tuple(row.tolist()), 2.0**-alone
            for counts in (self.every, self.behind.get(tuple(state.sounding), Counter())):
                total, kinds = sum(counts.values()), len(counts)
                chance = (counts[event] + kinds * chance) / (total + kinds) if total else chance
            found.append(-np.log2(chance))
            state.go(row)
        return np.array(found)

    def draw(self, form, rng, temperature=1.0):
        """Return the notes of a piece drawn for a form."""
        state, rows = State(form), []
        while state.left > 0:
            row = None
            for counts in (self.behind.get(tuple(state.sounding), Counter()), self.every):
                total, kinds = sum(counts.values()), len(counts)
                if total and rng.random() < total / (total + kinds):
                    kinds_of, times = zip(*counts.items(), strict=True)
                    row = list(kinds_of[rng.choice(len(times), p=np.array(times) / total)])
                    break
            if row is None:
                row = []
                for k in range(CODED):
                    row.append(drawn(self.voices.chances(state, row, self.voices.fresh()) * possible(state, k), rng))
            row[-1] = min(row[-1], state.left - 1)
            rows.append(row)
            state.go(row)
        return decode(np.array(rows), form)


def compressed_bits(piece, pieces, compress):
    """Return the bits that a piece adds where a compressor has read the training pieces before it."""

    def text(some):
        return b"".join(encode(one.notes, form_of(one)).astype(np.uint8).tobytes() for one in some)

    before = text(pieces)
    return 8 * (len(compress(before + text([piece]))) - len(compress(before)))


def total_bits(costs):
    """Return the bits of a piece from what its events cost."""
    return float(np.sum(costs))


def bits_a_note(bits, notes):
    """Return bits a note over pieces: all bits by all notes."""
    return float(np.sum(bits) / np.sum(notes))


def tune_interval(bits, other, notes, tunes_of, resamples=4000, seed=0):
    """Return (difference, low, high) in bits a note, ``bits`` less ``other`` of the same pieces.

    The 95 % bootstrap interval draws whole tunes again, with all their settings (Efron 1979).
    """
    gap, notes = np.asarray(bits, float) - np.asarray(other, float), np.asarray(notes, float)
    _, place = np.unique(tunes_of, return_inverse=True)
    gaps, sizes = np.bincount(place, gap), np.bincount(place, notes)
    rows = np.random.default_rng(seed).integers(0, len(gaps), (resamples, len(gaps)))
    drawn_again = gaps[rows].sum(1) / sizes[rows].sum(1)
    return float(gap.sum() / notes.sum()), *map(float, np.quantile(drawn_again, (0.025, 0.975)))


def mean_interval(values, resamples=4000, seed=0, tunes_of=None):
    """Return (mean, low, high) of values of pieces: the 95 % bootstrap interval draws whole tunes, or pieces."""
    many, tunes_of = np.ones(len(values)), range(len(values)) if tunes_of is None else tunes_of
    return tune_interval(values, 0 * many, many, tunes_of, resamples, seed)


# --- rules of voice leading -------------------------------------------------------------------------------------------

RANGES = ((60, 81), (53, 74), (48, 69), (40, 64))  # MIDI pitches that each voice's singers have, by the textbooks
TRIADS = ((0, 4, 7), (0, 3, 7))
SILENT = -1


def sonorities(notes):
    """Return (times (n,), pitches int (n, 4), begun bool (n, 4)): what sounds from each event on; SILENT where nothing.

    An event is a start or an end of a note; ``begun`` says which voices begin a note there.
    """
    times = np.unique(np.r_[notes[:, 1], notes[:, 1] + notes[:, 2]])[:-1]
    pitches, begun = np.full((len(times), 4), SILENT), np.zeros((len(times), 4), bool)
    for voice, start, length, pitch in notes.tolist():
        first, last = np.searchsorted(times, (start, start + length))
        pitches[first:last, voice], begun[first, voice] = pitch, True
    return times, pitches, begun


def parallels(notes):
    """Return [(time, voice, voice, interval)] of parallel fifths (7) and octaves or unisons (0).

    Two voices move at once, in the same direction, from a perfect interval to the same one, compound ones counted.
    """
    times, pitches, _ = sonorities(notes)
    found = []
    for k in range(1, len(times)):
        for high in range(4):
            for low in range(high + 1, 4):
                before, after = pitches[k - 1, [high, low]], pitches[k, [high, low]]
                steps = after - before
                if SILENT in (*before, *after) or steps[0] * steps[1] <= 0:
                    continue
                intervals = abs(before[0] - before[1]) % 12, abs(after[0] - after[1]) % 12
                if intervals in ((7, 7), (0, 0)):
                    found.append((int(times[k]), high, low, int(intervals[0])))
    return found


def crossings(notes):
    """Return [(time, voice)] where a voice comes to lie above the next higher one; each stretch counts once."""
    times, pitches, _ = sonorities(notes)
    both = (pitches[:, :-1] != SILENT) & (pitches[:, 1:] != SILENT)
    wrong = both & (pitches[:, 1:] > pitches[:, :-1])
    first = wrong & ~np.vstack([np.zeros((1, 3), bool), wrong[:-1]])
    return [(int(times[k]), int(v) + 1) for k, v in zip(*np.nonzero(first), strict=True)]


def wide(notes):
    """Return [(time, voice)] where soprano and alto, or alto and tenor, come to lie more than an octave apart."""
    times, pitches, _ = sonorities(notes)
    both = (pitches[:, :2] != SILENT) & (pitches[:, 1:3] != SILENT)
    far = both & (pitches[:, :2] - pitches[:, 1:3] > 12)
    first = far & ~np.vstack([np.zeros((1, 2), bool), far[:-1]])
    return [(int(times[k]), int(v)) for k, v in zip(*np.nonzero(first), strict=True)]


def out_of_range(notes):
    """Return [(time, voice)] of notes that lie beyond their voice's `RANGES`."""
    return [(int(t), int(v)) for v, t, _, p in notes if not RANGES[v][0] <= p <= RANGES[v][1]]


def rough_leaps(notes):
    """Return [(time, voice)] of melodic steps of a tritone, a seventh, or more than an octave."""
    found = []
    for voice in range(4):
        own = notes[notes[:, 0] == voice]
        size = np.abs(np.diff(own[:, 3]))
        found += [(int(t), voice) for t in own[1:, 1][np.isin(size, (6, 10, 11)) | (size > 12)]]
    return found


def dissonant_share(notes):
    """Return the share of quarters at whose beginning what sounds belongs to no major or minor triad."""
    times, pitches, _ = sonorities(notes)
    beats = np.arange(0, times[-1] + 1, 4)
    at = pitches[np.searchsorted(times, beats, side="right") - 1]
    return float(np.mean([not consonant(row) for row in at]))


def consonant(pitches):
    """Return whether all pitches, SILENT ones left out, belong to one major or minor triad."""
    classes = {int(p) % 12 for p in pitches if p != SILENT}
    return any(classes <= {(root + step) % 12 for step in triad} for root in range(12) for triad in TRIADS)


def ends_in_cadence(notes, tonic):
    """Return whether the end is the tonic's triad over the tonic, and the leading note sounded in the chord before."""
    _, pitches, _ = sonorities(notes)
    last, classes = pitches[-1], [{int(p - tonic) % 12 for p in row if p != SILENT} for row in pitches]
    if last[3] == SILENT or (last[3] - tonic) % 12 or not classes[-1] <= {0, 3, 4, 7}:
        return False
    before = [c for c in classes if c != classes[-1]]
    recent = [c for c in classes[-8:-1] if c != classes[-1]][-3:]
    return bool(before) and any(11 in c for c in recent)


RULES = {"parallels": parallels, "crossings": crossings, "spacing": wide, "range": out_of_range, "leaps": rough_leaps}


def corrections(notes, tonic):
    """Return {rule: how often it is broken} of a piece; "end" is 1 where there is no cadence in the key."""
    return {name: len(breaches(notes)) for name, breaches in RULES.items()} | {
        "end": int(not ends_in_cadence(notes, tonic))
    }


def described(notes, form):
    """Return {measure: number} of a piece: what is broken, per 100 quarters, and shares."""
    broken, quarters = corrections(notes, form.tonic), form.length / 4
    return {
        "parallels": 100 * broken["parallels"] / quarters,
        "crossings": 100 * broken["crossings"] / quarters,
        "spacing": 100 * broken["spacing"] / quarters,
        "range": 100 * broken["range"] / len(notes),
        "leaps": 100 * broken["leaps"] / len(notes),
        "dissonant": dissonant_share(notes),
        "cadence": float(not broken["end"]),
        "key": float(key_of(notes) == (form.tonic, form.mode)),
        "corrections": sum(broken.values()),
        "notes": len(notes) / quarters,
    }


def agreement(notes, other):
    """Return the share of quarters at whose beginning two settings have the same bass and the same pitch classes."""
    found = []
    for some in (notes, other):
        times, pitches, _ = sonorities(some)
        beats = np.arange(0, (other[:, 1] + other[:, 2]).max(), 4)
        rows = pitches[np.searchsorted(times, beats, side="right") - 1]
        found.append([(row[3] % 12, frozenset(int(p) % 12 for p in row if p != SILENT)) for row in rows])
    return float(np.mean([one == two for one, two in zip(*found, strict=True)]))


# --- copies -----------------------------------------------------------------------------------------------------------


def fingerprint(notes):
    """Return [tuple] of a piece, one for each event, the same in every key.

    Each holds the intervals of the voices above the lowest that sounds, the step of that one, who begins, how long.
    """
    times, pitches, begun = sonorities(notes)
    lasts = np.diff(np.r_[times, (notes[:, 1] + notes[:, 2]).max()])
    silent = pitches == SILENT
    lowest = pd.DataFrame(np.where(silent, np.nan, pitches)).min(axis=1).ffill().bfill().to_numpy(int)
    above = np.where(silent, SILENT, pitches - lowest[:, None])
    rows = np.c_[above, np.diff(lowest, prepend=lowest[0]), begun, lasts]
    return [tuple(row) for row in rows.tolist()]


def tune_fingerprint(notes):
    """Return [(step, duration)] of a piece's soprano."""
    own = notes[notes[:, 0] == 0]
    return list(zip(np.diff(own[:, 3]).tolist(), own[:-1, 2].tolist(), strict=True))


class Library:
    """Finds the longest run of a piece that stands, in some key, in one of many others."""

    def __init__(self, every, of=fingerprint):
        self.of, self.numbers = of, {}
        each = [[self.numbers.setdefault(one, len(self.numbers)) for one in of(notes)] + [-1] for notes in every]
        self.flat = np.concatenate(each)
        self.owners = np.repeat(np.arange(len(each)), [len(one) for one in each])

    def runs(self, notes):
        """Return int (places,): the longest run of a piece that ends at each place of the others, laid end to end."""
        run = best = np.zeros(len(self.flat), int)
        for one in self.of(notes):
            run = np.where(self.flat == self.numbers.get(one, -2), np.r_[0, run[:-1]] + 1, 0)
            best = np.maximum(best, run)
        return best

    def longest(self, notes):
        """Return how many events the longest common run has."""
        return int(self.runs(notes).max())


# --- what to practise next --------------------------------------------------------------------------------------------


def practice_log(pieces, seed=0, pupils=300):
    """Return (liked 0 or 1 (pupils, pieces), mode of each piece, 1 minor) of simulated pupils. All of it is typed in.

    A pupil has a skill and a taste for minor; a piece has a difficulty, from its notes a quarter and its rough leaps.
    It was met with probability 0.4, and a met piece is liked more often, the nearer its difficulty is to the skill.
    """
    rng = np.random.default_rng(seed)
    hard = np.array([len(p.notes) / p.length + 2 * len(rough_leaps(p.notes)) / len(p.notes) for p in pieces])
    hard = (hard - hard.mean()) / hard.std()
    minor = np.array([int(p.mode == "minor") for p in pieces])
    skill, taste = rng.normal(0, 1, (pupils, 1)), rng.normal(0, 1, (pupils, 1))
    chance = 0.9 * np.exp(-((skill - hard) ** 2)) / (1 + np.exp(-2 * taste * (2 * minor - 1)))
    met = rng.random((pupils, len(pieces))) < 0.4
    return (met & (rng.random(met.shape) < chance)).astype(float), minor


def hit_rate(liked, score, seed=0, top=10):
    """Return, for each pupil, whether one liked piece that was hidden at random is among the ``top`` by ``score``.

    ``score`` returns scores of rows in which the hidden ones are 0; pieces that are known to be liked are left out.
    """
    rng, known = np.random.default_rng(seed), np.array(liked, float)
    rows = np.flatnonzero(known.sum(1) >= 2)
    hidden = [rng.choice(np.flatnonzero(known[row])) for row in rows]
    known[rows, hidden] = 0
    ranked = np.argsort(-(score(known[rows]) - 1e9 * known[rows]), axis=1)[:, :top]
    return [float(place in best) for place, best in zip(hidden, ranked, strict=True)]


if __name__ == "__main__":
    if sys.argv[1:] != ["ship"]:
        sys.exit(__doc__)
    ship()
