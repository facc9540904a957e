"""Two networks for chorales: a writer that goes on event by event, and a filler that completes what is hidden.

Usage: python benchmarks/chorales_model.py writer SECONDS | filler SECONDS | longer SECONDS DROPOUT | STAGE …

    writer     trains the writer for so many seconds of processor time, in legs: a run that ended goes on
    filler     the same for the filler
    longer     trains another writer, SECONDS DROPOUT: would more time have helped the one that ships?
    rivals     bits a note of the rivals on the test tunes, and what was chosen on the validation tunes
    others     pieces and settings of the test melodies by Bach and by the rivals, measured
    laws       the same by the best rival where it draws nothing unlawful, at temperatures of its own
    bits       the bits a note of the networks, and of the writer blended with the best rival
    choose     temperatures, and how a given melody is harmonised, on the validation tunes
    write      pieces and settings of the test melodies by the networks, measured

Results go to benchmarks/chorales.json. A piece is what chorales.py says.
"""

import copy
import functools
import itertools
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import runtime  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.chorales import (  # noqa: E402
    CACHED,
    CHAINS,
    CODED,
    FIRST,
    HOLD,
    INTERVALS,
    REST,
    SYMBOLS,
    Library,
    Markov,
    Ngram,
    State,
    agreement,
    bits_a_note,
    compressed_bits,
    corrections,
    decode,
    described,
    encode,
    form_of,
    given_soprano,
    mean_interval,
    part,
    possible,
    total_bits,
    tune_fingerprint,
    tune_interval,
    unlawful,
)
from benchmarks.chorales_networks import (  # noqa: E402
    AGES,
    BEYOND,
    DEPTH,
    FERMATA,
    HEADS,
    HIDDEN,
    LEFT,
    SHIFTS,
    WIDTH,
    Filler,
    Writer,
)
from benchmarks.games_model import short_lists  # noqa: E402
from benchmarks.stickers_model import load_half, save_half  # noqa: E402

import numpy as np  # noqa: E402

STORE = HERE / "chorales.json"
PRETRAINED = HERE.parent / "data" / "pretrained"
CACHE = runtime.cache_dir() / "chorales"

# --- the writer -------------------------------------------------------------------------------------------------------


def look(state, row):
    """Return int (len(COLUMNS),): what the writer is told before an event; ``row`` is the event before it."""
    form = state.form
    place = state.place + {12: 0, 16: 24}.get(form.bar, 48)
    ages = [min(age, AGES - 1) for age in state.age]
    return [
        *row,
        *state.sounding,
        *ages,
        place,
        place % 4,
        min(state.to_fermata(), FERMATA - 1),
        min(state.left // 2, LEFT - 1),
        int(form.mode == "minor"),
        form.shift + 8,
        *[(a - b) % 12 if min(a, b) >= FIRST else 12 for a, b in itertools.combinations(state.sounding, 2)],
    ]


def looks(piece):
    """Return (what is told (n, len(COLUMNS)), events (n, 5), what sounded before each of them (n, 4)) of a piece."""
    form, row, told, sounding = form_of(piece), [REST] * 4 + [0], [], []
    state, coded = State(form), encode(piece.notes, form)
    for event in coded:
        told.append(look(state, row))
        sounding.append(list(state.sounding))
        row = event.tolist()
        state.go(row)
    return np.array(told, np.int32), coded.astype(np.int32), np.array(sounding, np.int32)


def new_writer():
    """Return the untrained writer."""
    return Writer()


# --- the filler -------------------------------------------------------------------------------------------------------


def cells_of(piece):
    """Return int32 (quarters, 16): a symbol for each voice, in ORDER, and sixteenth; before the pickup is BEYOND."""
    form = form_of(piece)
    lead = -form.pickup % 4
    quarters = -(-(lead + form.length) // 4)
    grid = np.full((4, 4 * quarters), BEYOND)
    grid[:, lead : lead + form.length] = HOLD
    time = lead
    for row in encode(piece.notes, form):
        grid[:, time] = row[:4]
        time += row[4] + 1
    return grid.reshape(4, quarters, 4).transpose(1, 0, 2).reshape(quarters, 16).astype(np.int32)


def notes_of_cells(cells, form):
    """Return the notes of cells (quarters, 16), none of them hidden."""
    lead = -form.pickup % 4
    grid = cells.reshape(-1, 4, 4).transpose(1, 0, 2).reshape(4, -1)[:, lead : lead + form.length]
    rows = [[*grid[:, time], 0] for time in range(form.length)]
    return decode(np.array(rows), form)


def given_of(form):
    """Return int32 (quarters, len(GIVEN)): what the filler is told of each quarter."""
    lead = -form.pickup % 4
    quarters = -(-(lead + form.length) // 4)
    found = []
    for k in range(quarters):
        time = 4 * k - lead
        place = (time - form.pickup) % form.bar // 4
        kind = {12: 0, 16: 1}.get(form.bar, 2)
        nearest = min([max(start - time, -4) // 4 for start in form.fermatas if start >= time - 3], default=9)
        left = min((form.length - time) // 4, 9)
        found.append((place + 8 * kind, min(nearest + 1, 9), left, int(form.mode == "minor"), form.shift + 8))
    return np.array(found, np.int32)


def new_filler():
    """Return the untrained filler."""
    return Filler()


def hide(cells, rng, kind):
    """Return bool (quarters, 16): which cells to hide.

    ``kind`` 0: any, at random; 1: any but the soprano's; 2: those of some quarters, but for the soprano's. How many
    follows from a uniform share, so that every number of hidden cells is as likely.
    """
    share = rng.uniform(0.02, 1.0)
    hidden = rng.random(cells.shape) < share
    if kind == 2:
        begin, size = rng.integers(len(cells)), rng.integers(1, len(cells) + 1)
        hidden[:] = False
        hidden[begin : begin + size] = rng.random((len(hidden[begin : begin + size]), 16)) < 0.5 + share / 2
    if kind:
        hidden[:, :4] = False
    return hidden & (cells != BEYOND)


def filler(seconds):
    """Train the filler."""
    runtime.start(seed=2)
    tf, network = runtime.tf, new_filler()
    data = [(cells_of(piece), given_of(form_of(piece))) for piece in part("train")]
    check = part("validation")
    rng, batch, window = np.random.default_rng(2), 16, 32

    def draw(step):
        rows = [data[k] for k in rng.integers(len(data), size=batch)]
        begins = [rng.integers(0, max(1, len(r[0]) - window + 1)) for r in rows]
        cut = [[part[b : b + window] for part in r] for r, b in zip(rows, begins, strict=True)]
        hidden = padded([hide(c[0], rng, rng.integers(3)) for c in cut], window)
        cells, given = padded([c[0] for c in cut], window, BEYOND), padded([c[1] for c in cut], window)
        given[..., -1] = np.clip(given[..., -1] + rng.integers(-2, 3, (batch, 1)), 0, SHIFTS - 1)
        counted = hidden / np.maximum(hidden.sum((1, 2), keepdims=True), 1)
        parts = np.where(hidden, HIDDEN, cells), given, np.where(hidden, cells, 0), counted.astype(np.float32)
        return [tf.constant(x) for x in parts]

    def loss_of(parts):
        return filler_loss(network, parts, True) / batch

    watch = functools.partial(filler_watch, network, check)
    save(filler=train_in_legs(network, loss_of, draw, float(seconds), watch=watch))


def filler_loss(network, parts, training):
    """Return the weighted nats of the hidden cells of a batch (shown, given, right, counted), all summed."""
    tf, (shown, given, right, counted) = runtime.tf, parts
    logits = network([shown, given], training=training)
    shape = tf.shape(shown)
    right = tf.reshape(right, (shape[0], shape[1], 4, 4))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(right, logits)
    return tf.reduce_sum(each * tf.reshape(counted, tf.shape(each)))


def any_order_bits(network, piece, rng, draws=24, soprano=False):
    """Return an unbiased estimate of a piece's bits where its cells come in a random order, the soprano given or not.

    For k = 1 … N hidden of N cells, all equally likely, N·(mean bits of the hidden cells) has the chain rule's cost of
    a random order as its mean (Uria, Murray and Larochelle 2014).
    """
    tf, cells, given = runtime.tf, cells_of(piece), given_of(form_of(piece))
    free = cells != BEYOND
    if soprano:
        free[:, :4] = False
    places, n = np.argwhere(free), int(free.sum())
    hidden, weights = np.zeros((draws, *cells.shape), bool), np.zeros((draws, 1, 1), np.float32)
    for draw in range(draws):
        count = 1 + int((draw + rng.random()) / draws * n)  # stratified
        some = places[rng.permutation(n)[:count]]
        hidden[draw, some[:, 0], some[:, 1]] = True
        weights[draw] = n / count / draws
    parts = np.where(hidden, HIDDEN, cells), np.repeat(given[None], draws, 0), np.where(hidden, cells, 0)
    parts = [tf.constant(x, tf.int32) for x in parts] + [tf.constant(hidden * weights, tf.float32)]
    return float(_filler_graph(network)(*parts)) / np.log(2)


@functools.cache
def _filler_graph(network):
    return runtime.tf.function(lambda *parts: filler_loss(network, parts, False), reduce_retracing=True)


def filler_watch(network, pieces):
    """Return the filler's bits a note in a random order over some pieces, estimated."""
    rng, some = np.random.default_rng(0), pieces[:12]
    return sum(any_order_bits(network, p, rng, 8) for p in some) / sum(len(p.notes) for p in some)


class Brush:
    """Fills in what is hidden with the filler, by blocked Gibbs sampling with ever smaller blocks."""

    def __init__(self, network=None):
        self.network = network or load_half(new_filler(), runtime.shipped("pretrained", "chorales_filler.npz"))
        self._logits = runtime.tf.function(lambda cells, given: self.network([cells, given]), reduce_retracing=True)

    def __call__(self, cells, hidden, forms, seed=0, sweeps=30, temperature=1.0):
        """Return cells (quarters, 16) of each piece with the hidden ones filled in.

        In sweep n of N a share max(0.05, 1 − n / (0.8·N)) of the cells that were hidden is hidden again and drawn
        together (Yao and others 2014; so do Huang and others 2017, *Coconet*).
        """
        rng, longest = np.random.default_rng(seed), max(len(one) for one in cells)
        full = padded(cells, longest, BEYOND)
        free = padded(hidden, longest)
        given = padded([given_of(form) for form in forms], longest)
        for sweep in range(sweeps):
            share = max(0.05, 1 - sweep / (0.8 * sweeps))
            again = free & (rng.random(free.shape) < share) if sweep else free
            logits = self._read(np.where(again, HIDDEN, full), given) / temperature
            noise = rng.gumbel(size=logits.shape)
            full = np.where(again, (logits + noise).argmax(-1), full)
        return [one[: len(own)] for one, own in zip(full, cells, strict=True)]

    def _read(self, cells, given):
        """Return the logits (pieces, quarters, 16, SYMBOLS)."""
        tf = runtime.tf
        found = self._logits(tf.constant(cells, tf.int32), tf.constant(given, tf.int32)).numpy()
        return found.reshape(*cells.shape, SYMBOLS)

    def harmonise(self, pieces, seed=0, **options):
        """Return notes of three voices under the soprano of each `Chorale`."""
        cells, forms = [cells_of(p) for p in pieces], [form_of(p) for p in pieces]
        hidden = [(one != BEYOND) & (np.arange(16) >= 4) for one in cells]
        filled = self(cells, hidden, forms, seed, **options)
        return [notes_of_cells(one, form) for one, form in zip(filled, forms, strict=True)]


# --- training ---------------------------------------------------------------------------------------------------------


def train_in_legs(network, loss_of, draw, seconds, rate=3e-3, watch=None, every=30, folder=PRETRAINED):
    """Train for ``seconds`` of processor time by AdamW with a cosine over that time; return the figures of the run.

    A leg that was ended goes on from its last checkpoint. What is kept in ``folder`` is the moving average of the
    weights, where ``watch`` was least.
    """
    tf, keras = runtime.tf, runtime.keras
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.1, beta_2=0.98, global_clipnorm=1.0)
    weights = network.trainable_variables
    optimizer.build(weights)
    path = CACHE / f"{network.name}.npz"
    average, used, step, log = [w.numpy() for w in weights], 0.0, 0, []
    kept = lambda: [*weights, *optimizer.variables]  # noqa: E731
    if path.exists():
        with np.load(path) as found:
            for k, one in enumerate(kept()):
                one.assign(found[f"w{k}"])
            average = [found[f"a{k}"] for k in range(len(weights))]
            used, step, log = float(found["used"]), int(found["step"]), found["log"].tolist()
    average = [tf.Variable(one) for one in average]

    @tf.function(reduce_retracing=True)
    def learn(batch, decay):
        with tf.GradientTape() as tape:
            loss = loss_of(batch)
        optimizer.apply(tape.gradient(loss, weights), weights)
        for mean, one in zip(average, weights, strict=True):
            mean.assign(decay * mean + (1 - decay) * one.value)
        return loss

    begin, last, losses = time.process_time() - used, used, []
    while used < seconds:
        share = used / seconds
        optimizer.learning_rate.assign(rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * share)) + 1e-6)
        losses.append(float(learn(draw(step), tf.constant(min(0.998, step / (step + 20)), tf.float32))))
        step, used = step + 1, time.process_time() - begin
        if used - last > every or used >= seconds:
            last, raw = used, [w.numpy() for w in weights]
            CACHE.mkdir(parents=True, exist_ok=True)
            states = {f"w{k}": one.numpy() for k, one in enumerate(kept())}
            states |= {f"a{k}": one.numpy() for k, one in enumerate(average)}
            for one, mean in zip(weights, average, strict=True):
                one.assign(mean)
            log.append((round(used), step, round(float(np.mean(losses)), 4), round(watch(), 4) if watch else 0.0))
            np.savez(path, used=used, step=step, log=np.array(log), **states)
            print(*log[-1], flush=True)
            if log[-1][-1] <= min(row[-1] for row in log):  # the validation tunes choose where to stop
                save_half(network, folder / f"{network.name}.npz")
            if used < seconds:
                for one, value in zip(weights, raw, strict=True):
                    one.assign(value)
            losses = []
    return {"seconds": round(used), "steps": step, "log": log, "weights": int(sum(np.prod(w.shape) for w in weights))}


def padded(rows, length, fill=0):
    """Return arrays stacked, each filled up to ``length`` rows."""
    return np.stack([np.pad(r, ((0, length - len(r)), (0, 0)), constant_values=fill) for r in rows])


def writer_loss(network, batch, training):
    """Return nats of the things of all events of a batch (told, before, rows, counted (b, n)), a tensor (b, n, 5)."""
    tf = runtime.tf
    told, before, rows, counted = batch
    logits = network([told, before, rows], training=training)
    parts = [tf.nn.sparse_softmax_cross_entropy_with_logits(rows[..., k], logits[k]) for k in range(CODED)]
    return tf.stack(parts, axis=-1) * counted[..., None]


def writer(seconds):
    """Train the writer."""
    save(writer=train_writer(new_writer(), seconds, PRETRAINED))


def longer(seconds, dropout):
    """Train another writer, which does not ship, with another share of dropout."""
    network = Writer(float(dropout))
    network.name = f"chorales_writer_{dropout}"
    save(longer=stored().get("longer", {}) | {dropout: train_writer(network, seconds, CACHE)})


def train_writer(network, seconds, folder):
    """Train a writer; keep its weights in ``folder``; return the figures of the run."""
    runtime.start(seed=1)
    tf = runtime.tf
    data = [looks(piece) for piece in part("train")]
    check = [piece for piece in part("validation")]
    rng, batch, window = np.random.default_rng(1), 12, 80

    def draw(step):
        rows = [data[k] for k in rng.integers(len(data), size=batch)]
        begins = [rng.integers(0, max(1, len(r[0]) - window + 1)) for r in rows]
        cut = [[part[b : b + window] for part in r] for r, b in zip(rows, begins, strict=True)]
        told, coded, before = (padded([c[k] for c in cut], window) for k in range(3))
        told[..., -7] = np.clip(told[..., -7] + rng.integers(-2, 3, (batch, 1)), 0, SHIFTS - 1)
        counted = padded([np.ones((len(c[0]), 1), np.float32) for c in cut], window)[..., 0]
        return [tf.constant(x) for x in (told, before, coded, counted)]

    def loss_of(parts):
        return tf.reduce_sum(writer_loss(network, parts, True)) / tf.reduce_sum(parts[3])

    watch = functools.partial(writer_rate, network, check)
    return train_in_legs(network, loss_of, draw, float(seconds), watch=watch, folder=folder)


def writer_bits(network, pieces):
    """Return the bits (events, 5) of each piece by the writer."""
    return [sum_bits(network, piece) for piece in pieces]


def sum_bits(network, piece, step=64):
    """Return the bits (n, 5) of the things of a piece's events."""
    tf, (told, coded, before) = runtime.tf, looks(piece)
    n, length = len(told), -(-len(told) // step) * step
    counted = np.r_[np.ones(n), np.zeros(length - n)][None].astype(np.float32)
    parts = [padded([x], length) for x in (told, before, coded)]
    return _graph(network)(*[tf.constant(x) for x in (*parts, counted)]).numpy()[0, :n] / np.log(2)


@functools.cache
def _graph(network):
    return runtime.tf.function(lambda *parts: writer_loss(network, parts, False), reduce_retracing=True)


def writer_rate(network, pieces):
    """Return the writer's bits a note over all pieces."""
    return float(sum(b.sum() for b in writer_bits(network, pieces)) / sum(len(p.notes) for p in pieces))


class Pen:
    """Draws pieces with the writer, an event of all pieces at a time; its graph is compiled once."""

    def __init__(self, network=None):
        self.network = network or load_half(new_writer(), runtime.shipped("pretrained", "chorales_writer.npz"))
        self._next = runtime.tf.function(self._draw, reduce_retracing=True)

    def _draw(self, told, before, caches, position, noise, law):
        """Return the next event of each piece (b, 5) and the caches: the likeliest thing after Gumbel's noise.

        ``law`` (5,) is what an `unlawful` pitch of each voice loses: 0, or so much that nothing else must be left.
        """
        ops, decided = runtime.keras.ops, []
        x, caches = self.network.step(told, caches, position)
        shift = told[..., -7:-6] - 8
        for k in range(CODED):
            logits, x = self.network.voices.one(k, x, before, decided)
            if k < CODED - 1:
                sung = [before[..., j, None] for j in range(4)]
                bad = unlawful(k, sung, [one[..., None] for one in decided], shift)
                logits = logits - law[k] * ops.cast(bad, "float32")
            decided.append(ops.cast(ops.argmax(logits + noise[:, k, None, : logits.shape[-1]], axis=-1), "int32"))
        return ops.concatenate(decided, axis=-1), caches

    def __call__(self, forms, seed=0, temperature=1.0, sopranos=None, lawful=False):
        """Return the notes of a piece for each form; with ``sopranos``, notes of that voice for each, under them.

        ``lawful`` draws no pitch that is `unlawful`, where there is another.
        """
        law = np.full(CODED, 1e4 if lawful else 0.0, np.float32)
        law[0] = 0.0 if sopranos is not None else law[0]
        tf, rng, many = runtime.tf, np.random.default_rng(seed), len(forms)
        states, rows = [State(form) for form in forms], [[[REST] * 4 + [0]] for _ in forms]
        given = [None if sopranos is None else given_soprano(sopranos[k], forms[k]) for k in range(many)]
        longest = max(form.length for form in forms)
        caches = [tf.zeros((2, many, longest, HEADS, WIDTH // HEADS)) for _ in range(DEPTH)]
        for position in range(longest):
            if all(state.left <= 0 for state in states):
                break
            told = [[look(s, row[-1])] for s, row in zip(states, rows, strict=True)]
            before = [[state.sounding] for state in states]
            noise = temperature * rng.gumbel(size=(many, CODED, SYMBOLS)) + barred(states, given)
            inputs = [tf.constant(told, tf.int32), tf.constant(before, tf.int32), caches, tf.constant(position)]
            decided, caches = self._next(*inputs, tf.constant(noise, tf.float32), tf.constant(law))
            for state, row, event in zip(states, rows, decided.numpy().tolist(), strict=True):
                if state.left > 0:
                    row.append(event)
                    state.go(event)
        return [decode(np.array(row[1:]), form) for row, form in zip(rows, forms, strict=True)]


def barred(states, given):
    """Return (b, 5, SYMBOLS): 0 for what may be drawn, −1e9 for what may not."""
    found = np.full((len(states), CODED, SYMBOLS), -1e9)
    for row, state, own in zip(found, states, given, strict=True):
        for k in range(CODED):
            allowed = possible(state, k, own) if state.left > 0 else [1]
            row[k, : len(allowed)][np.asarray(allowed) > 0] = 0.0
    return found


# --- rivals and measurements ------------------------------------------------------------------------------------------

UNIFORM, UNIGRAM, ALONE = "uniform", "each voice by itself, no context", "independent voices, first order"
MARKOV, SINGLE, MIXTURE = "Markov chain of sonorities", "n-gram, one chain", "mixture of n-grams"
TOLD = "mixture with intervals"  # the same, and chains that count intervals, as the writer does
HALF = f"{TOLD}, weights from half"  # of the validation tunes: how much hangs on them
BLEND = "writer and that mixture, blended"
BACH, WRITER, FILLER = "held-out Bach", "writer (causal)", "filler (hidden cells)"


def learnt_rivals():
    """Return {name: model} learnt from the training tunes; what has to be chosen is chosen on the validation tunes."""
    train, check = part("train"), part("validation")
    found = {UNIFORM: Ngram([()]), UNIGRAM: Ngram([()]), ALONE: Ngram([("own", "beat")])}
    found[MARKOV] = Markov()
    found[MIXTURE] = Ngram(CHAINS, CACHED)
    found[TOLD] = Ngram(CHAINS + INTERVALS, CACHED + INTERVALS[:1])
    for name in (UNIGRAM, ALONE, MARKOV, MIXTURE, TOLD):
        found[name].learn(train)
        print("learnt", name, flush=True)
    found[SINGLE], table = single_chain(found[MIXTURE], check)
    found[MIXTURE].tune(check)
    found[TOLD].tune(check)
    save(chosen_chain=table)
    return found


def single_chain(mixture, check):
    """Return (the best chain at its best order as a model, {chain and order: bits a note}) on validation tunes."""
    notes, table, best = sum(len(piece.notes) for piece in check), {}, None
    for place, names in enumerate(CHAINS[:3]):
        for order in range(2, len(names) + 1):
            model = Ngram([names[:order]])
            for own, whole in zip(model.chains, mixture.chains, strict=True):
                own[0].counts = whole[place].counts[: order + 1]
            bits = sum(model.costs(piece).sum() for piece in check) / notes
            table[" ".join(names[:order])] = round(float(bits), 4)
            print(names[:order], bits, flush=True)
            if round(float(bits), 4) == min(table.values()):
                best = model
    return best, table


def rivals():
    """Store the bits of every test piece by every rival, and keep the rivals for `write`."""
    import bz2
    import lzma
    import pickle

    test, train, models = part("test"), part("train"), learnt_rivals()
    found = {name: [total_bits(model.costs(piece)) for piece in test] for name, model in models.items()}
    half = copy.copy(models[TOLD]).tune(part("validation")[::2])
    found[HALF] = [total_bits(half.costs(piece)) for piece in test]
    for name, compress in (("bz2", bz2.compress), ("lzma", functools.partial(lzma.compress, preset=9))):
        found[name] = [compressed_bits(piece, train, compress) for piece in test]
    notes = [len(piece.notes) for piece in test]
    for name, bits in found.items():
        print(name, round(bits_a_note(bits, notes), 3), flush=True)
    save(
        notes=notes,
        tunes=[int(piece.tune) for piece in test],
        names=[piece.name for piece in test],
        bits=common.rounded(found, 2),
        things=common.rounded(sum(models[MIXTURE].costs(piece).sum(0) for piece in test) / sum(notes)),
    )
    with open(CACHE / "rivals.pkl", "wb") as file:
        pickle.dump(models, file)


def kept_rivals():
    """Return what `rivals` learnt."""
    import pickle

    with open(CACHE / "rivals.pkl", "rb") as file:
        return pickle.load(file)


def stored():
    """Return chorales.json."""
    return json.loads(STORE.read_text(encoding="utf-8"))


def bits():
    """Store the bits of every test piece by the two networks."""
    runtime.start(seed=0)
    test, rng = part("test"), np.random.default_rng(0)
    pen, brush = load_half(new_writer(), PRETRAINED / "chorales_writer.npz"), Brush().network
    own, model, check = writer_bits(pen, test), kept_rivals()[TOLD], part("validation")
    found = {WRITER: [float(one.sum()) for one in own]}
    both = by_thing(writer_bits(pen, check)), by_thing(map(model.costs, check))
    shares = np.array([best_share(*pair) for pair in zip(*both, strict=True)])
    found[BLEND] = [float(blended(mine, model.costs(one), shares).sum()) for mine, one in zip(own, test, strict=True)]
    found[FILLER] = [any_order_bits(brush, piece, rng, 48) for piece in test]
    given = [any_order_bits(brush, piece, rng, 48, soprano=True) for piece in test]
    notes = [len(piece.notes) for piece in test]
    print({name: bits_a_note(one, notes) for name, one in found.items()}, flush=True)
    save(
        bits=stored()["bits"] | common.rounded(found, 2),
        given_soprano=common.rounded(given, 2),
        blend=common.rounded(shares, 3),
    )


def by_thing(costs):
    """Return the bits (5, all events) of pieces, each (events, 5)."""
    return np.concatenate(list(costs)).T


def blended(first, second, share):
    """Return the bits of what two models mix, ``share`` of the first's probability and the rest of the second's."""
    return -np.log2(share * 2.0**-first + (1 - share) * 2.0**-second)


def best_share(first, second):
    """Return the share of the first model in [0, 1] with the fewest bits, for bits (n,) of two models."""
    from scipy.optimize import minimize_scalar

    return float(minimize_scalar(lambda s: blended(first, second, s).sum(), bounds=(0, 1), method="bounded").x)


def measured(drawn, forms, library, tune_library):
    """Return {measure: [number of each piece]}, with the longest run from training pieces, and that of the tune."""
    rows = [described(notes, form) for notes, form in zip(drawn, forms, strict=True)]
    found = {name: [row[name] for row in rows] for name in rows[0]}
    found["run"] = [library.longest(notes) for notes in drawn]
    found["tune run"] = [tune_library.longest(notes) for notes in drawn]
    broken = [corrections(notes, form.tonic) for notes, form in zip(drawn, forms, strict=True)]
    return found | {f"broken {name}": [row[name] for row in broken] for name in broken[0]}


def libraries():
    """Return the two `Library` of the training pieces: all voices, and tunes."""
    train = [piece.notes for piece in part("train")]
    return Library(train), Library(train, tune_fingerprint)


TEMPERATURES = (1.0, 0.8, 0.6)


def choose():
    """Store the temperature, and who harmonises, chosen on the validation tunes.

    The temperature with the fewest corrections a piece, of those that copy no more than held-out Bach does (at most
    one piece in twenty with a run beyond Bach's 95 % quantile). Who harmonises: the most chords in common with Bach.
    """
    runtime.start(seed=0)
    check, pen, brush = part("validation"), Pen(), Brush()
    forms, (library, tune_library) = [form_of(piece) for piece in check], libraries()
    bach = measured([piece.notes for piece in check], forms, library, tune_library)
    limit, table = float(np.quantile(bach["run"], 0.95)), {}
    for temperature in TEMPERATURES:
        found = measured(pen(forms, 11, temperature, lawful=True), forms, library, tune_library)
        sung = pen(forms, 12, temperature, [piece.notes for piece in check], lawful=True)
        filled = brush.harmonise(check, 13, temperature=temperature)
        row = {"corrections": np.mean(found["corrections"]), "beyond": np.mean(np.array(found["run"]) > limit)}
        for name, made in (("writer", sung), ("filler", filled)):
            row[f"{name} agrees"] = np.mean(
                [agreement(one, piece.notes) for one, piece in zip(made, check, strict=True)]
            )
            row[f"{name} corrections"] = np.mean(
                [sum(corrections(one, form.tonic).values()) for one, form in zip(made, forms, strict=True)]
            )
        table[str(temperature)] = common.rounded(row)
        print(temperature, table[str(temperature)], flush=True)
    fit = [t for t in TEMPERATURES if table[str(t)]["beyond"] <= 0.05] or [1.0]
    pairs = [(name, t) for name in ("writer", "filler") for t in TEMPERATURES]
    who, at = max(pairs, key=lambda pair: table[str(pair[1])][f"{pair[0]} agrees"])
    chosen = {"temperature": min(fit, key=lambda t: table[str(t)]["corrections"]), "harmonises": who, "at": at}
    save(choices=chosen | {"table": table, "limit": limit, "bach": common.rounded(np.mean(bach["corrections"]))})


SEED = 1729  # of the pieces that are measured, once
DRAWS = 5  # of a piece for each form, by seeds from SEED on: how much hangs on the draw


def keep(part_of_store, found):
    """Add the measures of some kinds of pieces to those that are stored, and print their means."""
    for name, row in found.items():
        print(name, {key: round(float(np.mean(x)), 3) for key, x in row.items()}, flush=True)
    before = stored().get(part_of_store, {})
    save(**{part_of_store: before | common.rounded(found, 3)})


def under(drawn_pieces, sopranos, forms, both):
    """Return `measured` of settings of given melodies, with their agreement with Bach's."""
    agrees = [agreement(one, own) for one, own in zip(drawn_pieces, sopranos, strict=True)]
    return measured(drawn_pieces, forms, *both) | {"agrees": agrees}


def others():
    """Store the measures of pieces, and of settings of the test melodies, by Bach and by the rivals."""
    test, models = part("test"), kept_rivals()
    forms, both, rng = [form_of(piece) for piece in test], libraries(), np.random.default_rng(SEED)
    bach = [piece.notes for piece in test]
    keep("written", {BACH: measured(bach, forms, *both)})
    keep("harmonised", {BACH: under(bach, bach, forms, both)})
    for name in (ALONE, MARKOV, SINGLE, MIXTURE):
        keep("written", {name: measured([models[name].draw(form, rng) for form in forms], forms, *both)})
    for name in (ALONE, MIXTURE):
        made = [models[name].draw(form, rng, own) for form, own in zip(forms, bach, strict=True)]
        keep("harmonised", {name: under(made, bach, forms, both)})


def laws():
    """Store the measures of pieces by the best rival, drawn as the writer's are: lawful, and cooler if that is better.

    Its temperatures are chosen on the validation tunes by the rules of `choose`.
    """
    test, check, model = part("test"), part("validation"), kept_rivals()[TOLD]
    both, table, bach = libraries(), {}, [piece.notes for piece in test]

    def drawn(pieces, temperature, sung, lot):
        rng = np.random.default_rng([SEED, lot])
        forms, given = [form_of(piece) for piece in pieces], [piece.notes if sung else None for piece in pieces]
        return forms, [model.draw(f, rng, own, True, temperature) for f, own in zip(forms, given, strict=True)]

    for temperature in TEMPERATURES:
        forms, made = drawn(check, temperature, False, 11)
        found, sung = measured(made, forms, *both), drawn(check, temperature, True, 12)[1]
        row = {"corrections": np.mean(found["corrections"])}
        row["beyond"] = np.mean(np.array(found["run"]) > stored()["choices"]["limit"])
        row["agrees"] = np.mean([agreement(one, piece.notes) for one, piece in zip(sung, check, strict=True)])
        table[str(temperature)] = common.rounded(row)
        print(temperature, table[str(temperature)], flush=True)
    fit = [t for t in TEMPERATURES if table[str(t)]["beyond"] <= 0.05] or [1.0]
    cool = min(fit, key=lambda t: table[str(t)]["corrections"])
    at = max(TEMPERATURES, key=lambda t: table[str(t)]["agrees"])
    save(rival_choices={"temperature": cool, "at": at, "table": table})
    forms, made = drawn(test, cool, False, 1)
    keep("written", {f"{TOLD}, lawful": measured(made, forms, *both)})
    keep("harmonised", {f"{TOLD}, lawful": under(drawn(test, at, True, 2)[1], bach, forms, both)})


def write():
    """Store the measures of pieces by the networks in the forms of the test tunes, one for each; once."""
    runtime.start(seed=SEED)
    test, choices, pen = part("test"), stored()["choices"], Pen()
    forms, both, cool = [form_of(piece) for piece in test], libraries(), stored()["choices"]["temperature"]
    keep("written", {WRITER: measured(pen(forms, SEED), forms, *both)})
    keep("written", {f"{WRITER}, temperature {cool}": measured(pen(forms, SEED, cool), forms, *both)})
    keep("written", {f"{WRITER}, lawful": measured(pen(forms, SEED, cool, lawful=True), forms, *both)})
    draws = {}
    for seed in range(SEED, SEED + DRAWS):
        found = measured(pen(forms, seed, cool, lawful=True), forms, *both)
        for name, values in found.items():
            draws.setdefault(name, []).append(max(values) if name == "run" else np.mean(values))
    save(draws=common.rounded(draws, 3))
    bach = [piece.notes for piece in test]
    filled = Brush().harmonise(test, SEED, temperature=choices["at"])
    keep("harmonised", {f"{FILLER}, Gibbs": under(filled, bach, forms, both)})
    keep("harmonised", {f"{WRITER}, melody given": under(pen(forms, SEED, choices["at"], bach), bach, forms, both)})
    sung = pen(forms, SEED, choices["at"], bach, lawful=True)
    keep("harmonised", {f"{WRITER}, melody given, lawful": under(sung, bach, forms, both)})


def save(**part):
    """Store a part of chorales.json."""
    common.add(STORE, part, short_lists)


def markdown(found):
    """Return the section of benchmarks/README.md that chorales.json is good for."""
    notes, tunes = found["notes"], found["tunes"]
    lines = []
    for name, own in sorted(found["bits"].items(), key=lambda pair: -sum(pair[1])):
        low, high = tune_interval(own, np.zeros(len(own)), notes, tunes)[1:]
        lines.append(f"| {name} | {bits_a_note(own, notes):.3f} ({low:.3f} to {high:.3f}) |")
    rows = []
    for name, own in found["written"].items():
        ends = [
            mean_interval(own[key], tunes_of=tunes)
            for key in ("parallels", "dissonant", "cadence", "key", "corrections")
        ]
        rows.append(f"| {name} | " + " | ".join("{:.2f} ({:.2f} to {:.2f})".format(*one) for one in ends) + " |")
    return "\n".join(
        [
            "## Chorales",
            "",
            f"From `chorales.json`, for notebook 17: bits a note on {len(notes)} held-out chorales of "
            f"{len(set(tunes))} tunes (intervals draw tunes), and what pieces in the same forms look like.",
            "",
            "| model | bits a note |",
            "|---|---|",
            *lines,
            "",
            "| pieces by | parallels in 100 quarters | dissonant quarters | cadence | key as asked | broken rules |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


TRAINED = {"writer": writer, "filler": filler, "longer": longer}
STAGES = (rivals, others, laws, bits, choose, write)

if __name__ == "__main__":
    names = sys.argv[1:]
    if names[:1] and names[0] in TRAINED:
        TRAINED[names[0]](*names[1:])
    else:
        stages = {stage.__name__: stage for stage in STAGES}
        for name in names or [""]:
            stages.get(name, lambda: sys.exit(__doc__))()
