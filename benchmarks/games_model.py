"""A transformer that writes Sokoban levels: its data, its training with the judge in the loop, its measurements.

Usage: AIGC_DATA_DIR=FOLDER python benchmarks/games_model.py ship data train rounds temper power compare measure
       controls chance

The stages, in this order; each keeps what the others stored:

    ship      writes data/levels/sokoban.txt: the free levels with their solutions
    data      judges the training levels, and makes more by reverse play in rooms and in their walls
    train     the network, on these
    rounds    it writes, the judge keeps what is solved and new, and it trains on
    temper    how solvable and new depend on the temperature, and a colder one measured like the others
    power     how many of the real levels the judge solves, and all shipped solutions replayed
    compare   the rivals, on the sizes and numbers of boxes of levels that nothing was trained on
    measure   the network on the same, once, with a seed that was not used before
    controls  stronger rivals, and how near levels come to those whose walls they have
    chance    how near the network's levels come to reverse play that it never saw

FOLDER holds `sokoban/` (data/README.md says where it comes from). One author's levels train; the free ones, by other
authors, and one collection by the same author are never trained on.
"""

import functools
import itertools
import json
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import runtime  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.games import (  # noqa: E402
    BOXES,
    BRINGS,
    FLOOR,
    TILES,
    WALL,
    Judged,
    Solution,
    TileModel,
    allowed,
    as_board,
    as_mask,
    as_tiles,
    canonical,
    distances,
    faults,
    flood,
    furnished,
    grouped_wilson,
    judge,
    level_of,
    longest_of,
    parse,
    render,
    repair,
    replay,
    reverse_play,
    room,
    set_free,
    shuffled,
    solve,
    solve_backwards,
    symmetries,
    tiles_of,
    unpacked,
)

import numpy as np  # noqa: E402

STORE = HERE / "games.json"
LEVELS = HERE.parent / "data" / "levels" / "sokoban.txt"
WEIGHTS = HERE.parent / "data" / "pretrained" / "games_levels.weights.h5"
CACHE = runtime.cache_dir() / "games"
FREE = re.compile(r"(xsokoban|gri|mgerhardy|multiplayer)")  # public domain or CC0: these ship, and never train
HELD_OUT = re.compile(r"microban02")  # by the author of the training levels, but never trained on either
NOTICE = """Sokoban levels and a solution of each, free to use. README.md beside this file says how to read it.
xsokoban: public domain, from xsokoban. gri: by GRIGoRusha, public domain. mgerhardy: by Martin Gerhardy, CC0.
"""
MOST = 10  # the largest height and width, with the border
STATES = 30_000  # the judge's limit while training

# --- the levels -------------------------------------------------------------------------------------------------------


def read_levels(folder):
    """Return {name: (text of the level, moves or "")} of a folder of NAME.sok and NAME.sol."""
    found = {}
    for path in sorted(folder.glob("*.sok")):
        lines = path.read_text(encoding="latin-1").splitlines()
        board = [line for line in lines if line.strip() and set(line) <= set(TILES)]
        moves = path.with_suffix(".sol")
        found[path.stem] = "\n".join(board), moves.read_text().strip() if moves.exists() else ""
    return found


def everything():
    """Return `read_levels` of the whole collection."""
    folder = runtime.data_dir()
    if not folder or not (folder / "sokoban").is_dir():
        sys.exit("set AIGC_DATA_DIR to a folder that holds sokoban/; data/README.md says where to get it.")
    return read_levels(folder / "sokoban")


def ship():
    """Write the free levels that have one player, with their solutions, as one text file."""
    free = {name: found for name, found in everything().items() if part_of(name) == "free"}
    kept = {name: (text, moves) for name, (text, moves) in free.items() if not faults(tiles_of(text))}
    blocks = [f"; {name}\n{render(parse(text))}\n= {moves}\n" for name, (text, moves) in kept.items()]
    LEVELS.parent.mkdir(exist_ok=True)
    LEVELS.write_text("\n".join([NOTICE, *blocks]), encoding="ascii")
    print(len(kept), "levels; left out:", sorted(set(free) - set(kept)))


def part_of(name):
    """Return "free", "held out" or "training"."""
    return "free" if FREE.match(name) else "held out" if HELD_OUT.match(name) else "training"


def fits(tiles):
    """Return whether tiles are no larger than the canvas."""
    return max(np.shape(tiles)) <= MOST


def cut_out(tiles, height, width, rng):
    """Return the walls of a window of a large level, with a border: WALL or FLOOR, the largest connected part only."""
    top, left = (
        rng.integers(0, max(1, side - want + 1)) for side, want in zip(tiles.shape, (height, width), strict=True)
    )
    window = np.where(tiles[top : top + height, left : left + width] == WALL, WALL, FLOOR)
    window[[0, -1]] = window[:, [0, -1]] = WALL
    rest, parts = as_board(window != WALL), [0]
    while rest:
        parts.append(flood(rest & -rest, rest, window.shape[1]))
        rest &= ~parts[-1]
    return as_mask(max(parts, key=int.bit_count), *window.shape).astype(np.uint8)


def data(count=4000, seed=0):
    """Store the training levels up to 10 × 10, judged, and ``count`` more by reverse play, a third each in rooms, in
    the walls of the small ones, and in windows of the large ones."""
    small, large = training_levels()
    keep("real", small)
    keep("reverse", by_reverse_play(small, large, count, seed))


def training_levels():
    """Return ([tiles] up to 10 × 10, [tiles] of larger ones) of the real levels that train."""
    real = [parse(text) for name, (text, _) in everything().items() if part_of(name) == "training"]
    real = [as_tiles(canonical(level)) for level in real]
    return [t for t in real if fits(t)], [t for t in real if not fits(t)]


def by_reverse_play(small, large, count, seed):
    """Return ``count`` levels by reverse play, a third each in rooms and in the walls of small and of large levels."""
    rng, levels, begin = np.random.default_rng(seed), [], time.perf_counter()
    while len(levels) < count:
        height, width, kind = *rng.integers(6, MOST + 1, 2), rng.integers(3)
        walls = (
            room(height, width, rng, (0.45, 0.8))
            if kind == 0
            else small[rng.integers(len(small))]
            if kind == 1
            else cut_out(large[rng.integers(len(large))], height, width, rng)
        )
        boxes = int(rng.choice([2, 3, 4, 5, 6], p=[0.2, 0.3, 0.25, 0.15, 0.1]))
        tiles = reverse_play(walls, boxes, rng, int(rng.choice([30, 100])), 100)
        if tiles is not None:
            levels.append(tiles)
        if len(levels) % 500 == 0:
            print(len(levels), round(time.perf_counter() - begin), flush=True)
    return levels


def worthy(levels):
    """Return [(tiles, what the judge says)] of the levels that it solves in three pushes or more."""
    judged = [(tiles, judge(tiles, STATES)) for tiles in levels]
    return [(tiles, said) for tiles, said in judged if not said.fault and said.pushes >= 3]


def keep(name, levels):
    """Store the `worthy` ones of some levels, with what the judge says of them."""
    judged = worthy(levels)
    CACHE.mkdir(parents=True, exist_ok=True)
    tiles = np.stack([framed(as_tiles(canonical(level_of(one)))) for one, _ in judged])
    said = np.array([(one.height, one.width, one.boxes, one.pushes, one.states) for _, one in judged])
    np.savez_compressed(CACHE / f"{name}.npz", tiles=tiles, said=said)
    print(name, len(levels), "levels,", len(judged), "kept; pushes", np.quantile(said[:, 3], (0.1, 0.5, 0.9)))


def framed(tiles):
    """Return the inner tiles of a level on a canvas of 8 × 8, walls around, at the upper left."""
    canvas = np.zeros((MOST - 2, MOST - 2), np.uint8)
    canvas[: tiles.shape[0] - 2, : tiles.shape[1] - 2] = np.asarray(tiles)[1:-1, 1:-1]
    return canvas


# --- the network ------------------------------------------------------------------------------------------------------

BANDS = (3, 10, 20, 40)  # the least pushes of each band of solution lengths; fewer than three are trivial
FIELDS = {"height": range(3, MOST + 1), "width": range(3, MOST + 1), "boxes": range(1, 7), "band": range(len(BANDS))}
FIRST = dict(zip(FIELDS, np.cumsum([len(TILES)] + [len(f) + 1 for f in FIELDS.values()]), strict=False))
VOCABULARY = len(TILES) + sum(len(field) + 1 for field in FIELDS.values())
TEMPERATURE = 0.8  # chosen by an earlier `temper`, on levels of another seed than those that decide
CONTEXT = len(FIELDS) + (MOST - 2) ** 2  # the wishes, then the inner tiles row by row


def band_of(pushes):
    """Return the band 0 to 3 of a number of pushes, three or more."""
    return int(np.searchsorted(BANDS, pushes, side="right")) - 1


def wishes(**asked):
    """Return wishes as tokens int32 (n, 4), of arrays height, width, boxes, band; what is missing or −1 is "any"."""
    unknown = set(asked) - set(FIELDS)
    if unknown:
        raise ValueError(f"received a wish for {', '.join(sorted(unknown))}; expected any of {', '.join(FIELDS)}.")
    count = max((np.size(values) for values in asked.values()), default=1)
    columns = []
    for name, field in FIELDS.items():
        values = np.broadcast_to(asked.get(name, -1), (count,))
        if wrong := sorted({int(value) for value in values} - {-1, *field}):
            raise ValueError(f"received {name} {wrong[0]}; expected {field[0]} to {field[-1]}, or -1 for any.")
        columns.append(FIRST[name] + np.where(values < 0, 0, values - field[0] + 1))
    return np.stack(columns, axis=1).astype(np.int32)


def network():
    """Return the untrained transformer: wishes and tiles int32 (batch, length) to logits of the next token."""
    from aigc_utils import models

    return models.Transformer(VOCABULARY, CONTEXT, width=96, depth=4, heads=4, name="games_levels")


def trained():
    """Return the network with its weights."""
    model = network()
    model.load_weights(WEIGHTS)
    return model


def write(model, asked, seed, constrained=False, temperature=TEMPERATURE, batch=250):
    """Return tiles uint8 (n, 10, 10) that the network draws for wishes (n, 4), each in its border of wall.

    The logits are divided by ``temperature``: 1 draws as the network learnt, less keeps to what is likelier. Keys and
    values of earlier tiles are kept. ``constrained`` draws only what can still become a level with one player and the
    wished number of boxes and goals: `allowed`; without, any of the seven tiles.
    """
    rng, step = np.random.default_rng(seed), runtime.tf.function(model.step, reduce_retracing=True)
    found = []
    for begin in range(0, len(asked), batch):
        found.append(_written(step, model, asked[begin : begin + batch], rng, constrained, temperature))
    inner = np.concatenate(found).reshape(-1, MOST - 2, MOST - 2)
    return np.pad(inner, ((0, 0), (1, 1), (1, 1)))


def _written(step, model, asked, rng, constrained, temperature):
    tf, places = runtime.tf, CONTEXT - len(FIELDS)
    boxes = asked[:, 2] - FIRST["boxes"]
    if constrained and not boxes.all():
        raise ValueError("received no wish for the number of boxes; expected one wherever tiles are constrained.")
    missing, cache = np.stack([np.ones_like(boxes), boxes, boxes], axis=1), model.empty_cache(len(asked))
    tokens = np.concatenate([asked, np.zeros((len(asked), places), np.int32)], axis=1)
    for position in range(CONTEXT - 1):
        logits, cache = step(tf.constant(tokens[:, position]), cache, tf.constant(position))
        if position < len(FIELDS) - 1:
            continue
        scores = logits.numpy()[:, : len(TILES)].astype(float) / temperature
        if constrained:
            scores[~allowed(missing, CONTEXT - 1 - position)] = -np.inf
        drawn = (scores + rng.gumbel(size=scores.shape)).argmax(1)  # a draw from the softmax (Gumbel 1954)
        tokens[:, position + 1] = drawn
        missing = missing - BRINGS[drawn]
    return tokens[:, len(FIELDS) :].astype(np.uint8)


# --- training ---------------------------------------------------------------------------------------------------------

NEAR = 0.3  # a near copy: no two levels of different authors are as near, see `measure`
TRIED, COLDER = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5), 0.9  # temperatures of `temper`, and the least share that is new
SHARES = {"real": 0.3, "reverse": 0.35, "own": 0.35}  # of a batch
STEPS, ROUNDS, A_ROUND, ASKED = 1500, 8, 200, 1000


def stored(name):
    """Return (tiles (n, 8, 8), said (n, 5)) of what `keep` stored."""
    with np.load(CACHE / f"{name}.npz") as found:
        return found["tiles"], found["said"]


def example(tiles, said, rng, drop=0.25):
    """Return the tokens (68,) of a level turned or mirrored at random; each wish is dropped with chance ``drop``."""
    height, width, boxes, pushes, _ = (int(number) for number in said)
    form = symmetries(tiles[: height - 2, : width - 2])[rng.integers(8)]
    boxes = boxes if boxes in FIELDS["boxes"] else -1
    known = {"height": form.shape[0] + 2, "width": form.shape[1] + 2, "boxes": boxes, "band": band_of(pushes)}
    asked = wishes(**{name: value for name, value in known.items() if rng.random() >= drop})
    return np.concatenate([asked[0], framed(np.pad(form, 1)).ravel()])


def sampler(pools, rng, batch=64):
    """Return a function that draws batches of tokens (batch, 68): each pool by SHARES, its bands equally often."""
    chances = {}
    for name, (_, said) in pools.items():
        band = np.array([band_of(pushes) for pushes in said[:, 3]])
        weight = 1 / np.maximum(np.bincount(band, minlength=len(BANDS)), 0.05 * len(band))[band]
        chances[name] = weight / weight.sum()
    names = list(pools)
    shares = np.array([SHARES[name] for name in names])

    def draw():
        chosen = rng.choice(len(names), batch, p=shares / shares.sum())
        rows = []
        for name in (names[k] for k in chosen):
            k = rng.choice(len(chances[name]), p=chances[name])
            rows.append(example(pools[name][0][k], pools[name][1][k], rng))
        return np.stack(rows)

    return draw


def stepper(model, rate):
    """Return a compiled training step: batch of tokens to the mean loss in nats a tile, of the tiles alone."""
    import keras

    tf, optimizer = runtime.tf, keras.optimizers.AdamW(rate, weight_decay=0.01, beta_2=0.98, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(tokens):
        with tf.GradientTape() as tape:
            logits = model(tokens[:, :-1], training=True)[:, len(FIELDS) - 1 :]
            loss = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(tokens[:, len(FIELDS) :], logits, from_logits=True)
            )
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    return step


def train(seed=0):
    """Train the network on real levels and on those by reverse play."""
    pools, begin = {name: stored(name) for name in ("real", "reverse")}, time.perf_counter()
    model, rng = _begin(seed), np.random.default_rng(seed)
    loss = _train_on(stepper(model, rate_over(STEPS)), pools, rng, STEPS, begin)
    model.save_weights(WEIGHTS)
    save(training={"loss": loss, "curve": [], "seconds": round(time.perf_counter() - begin)})


def rounds(seed=1):
    """Go on for ROUNDS: the network writes, the judge keeps what is solved and new, and it trains on; see `add_own`."""
    before = json.loads(STORE.read_text(encoding="utf-8"))["training"]
    curve, begin, seed = before["curve"], time.perf_counter(), seed + len(before["curve"])
    pools = {name: stored(name) for name in SHARES if name != "own" or curve}
    model, rng = _begin(seed), np.random.default_rng(seed)
    model.load_weights(WEIGHTS)
    known = {fingerprint(t) for name in pools for t in pools[name][0]}
    step = stepper(model, rate_over(ROUNDS * A_ROUND, 1.5e-3))
    for _ in range(ROUNDS):
        said = add_own(model, pools, known, rng)
        curve.append({"loss": _train_on(step, pools, rng, A_ROUND, begin), **said})
        print(curve[-1], flush=True)
    model.save_weights(WEIGHTS)
    np.savez_compressed(CACHE / "own.npz", tiles=pools["own"][0], said=pools["own"][1])
    save(training={**before, "curve": curve, "seconds": before["seconds"] + round(time.perf_counter() - begin)})


def _begin(seed):
    runtime.tf.config.threading.set_intra_op_parallelism_threads(1)
    runtime.tf.config.threading.set_inter_op_parallelism_threads(1)
    runtime.start(seed=seed)
    return network()


def rate_over(steps, most=2e-3):
    """Return a rate that rises over 100 steps and falls like a cosine to a twentieth."""
    import keras

    return keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=most, warmup_steps=100, alpha=0.05)


def _train_on(step, pools, rng, steps, begin):
    draw, losses = sampler(pools, rng), []
    for k in range(1, steps + 1):
        losses.append(float(step(runtime.tf.constant(draw(), runtime.tf.int32))))
        if k % 200 == 0:
            print(k, round(np.mean(losses[-200:]), 4), round(time.perf_counter() - begin), flush=True)
    return round(float(np.mean(losses[-200:])), 4)


def temper(seed=177, count=800):
    """Measure some temperatures on sizes and boxes of training levels, and the coldest that COLDER allows on others.

    COLDER: of its solvable levels at least nine in ten are no near copy of a real training level. It and the best
    rival that draws forwards are then measured like the others, with a seed of their own.
    """
    runtime.start(seed=seed)
    model, real = trained(), [t for t in small_levels("training").values() if 2 <= box_count(t) <= 6]
    asked, found = wishes_like([real[k % len(real)] for k in range(count)]), {}
    for temperature in TRIED:
        row = verdicts(list(write(model, asked, seed, temperature=temperature)), {"real": pool("real")}, STATES)
        report(str(temperature), row)
        share, new = np.mean([not fault for fault in row["fault"]]), np.mean(np.array(row["nearest real"]) >= NEAR)
        found[str(temperature)] = {"solvable": round(share, 4), "new": round(new, 4), "apart": row["apart"]}
    colder = min(t for t in TRIED if found[str(t)]["new"] >= COLDER)
    save(temper={"tried": found, "colder": colder, "rows": at_temperature(model, colder, FRESH + 1)})


def at_temperature(model, temperature, seed):
    """Return verdicts on what the network draws for held-out levels at a temperature, and on the best forward rival."""
    (_, real), known, rng = held_out(), known_levels(), np.random.default_rng([seed, 4])
    base = [real[k % len(real)] for k in range(COUNT)]
    drawn = {
        "network": list(write(model, wishes_like(base), seed, temperature=temperature)),
        "same walls and goals": [set_free(tiles, box_count(tiles), rng, same_goals=True) for tiles in base],
    }
    rows, kept = {}, ("fault", *(f"nearest {name}" for name in SHARES))
    for name, some in drawn.items():
        row = verdicts(some, known)
        report(f"{name} at {temperature}", row)
        rows[name] = {key: row[key] for key in kept}
    return rows


def wishes_like(levels, **more):
    """Return wishes (n, 4) for the sizes and numbers of boxes of levels, and ``more``, such as a band."""
    specs = np.array([(*tiles.shape, box_count(tiles)) for tiles in levels])
    return wishes(height=specs[:, 0], width=specs[:, 1], boxes=specs[:, 2], **more)


def fingerprint(tiles):
    """Return what tells inner tiles from others, alike under the eight symmetries; the player is left out."""
    plain = np.array([0, 1, 2, 3, 4, 1, 2], np.uint8)[tiles]
    rows, columns = np.flatnonzero(plain.any(1)), np.flatnonzero(plain.any(0))
    plain = plain[: rows[-1] + 1, : columns[-1] + 1]
    return min(bytes(form.shape) + form.tobytes() for form in symmetries(plain))


def add_own(model, pools, known, rng):
    """Let the network write, and add to pools["own"] what is solved, no copy, and not near a real training level."""
    pick = rng.integers(len(pools["real"][1]), size=ASKED)
    sizes = pools["real"][1][pick, :3]
    boxes = np.where(sizes[:, 2] > 6, rng.integers(3, 7, ASKED), sizes[:, 2])
    bands = rng.integers(len(BANDS), size=ASKED)
    asked = wishes(height=sizes[:, 0], width=sizes[:, 1], boxes=boxes, band=bands)
    drawn = write(model, asked, int(rng.integers(2**31)), constrained=True, temperature=1.0)
    judged = [judge(tiles, STATES) for tiles in drawn]
    kept, granted = [], 0
    for tiles, one, wished in zip(drawn, judged, np.stack([boxes, bands], 1), strict=True):
        if not one.fault and one.pushes >= BANDS[0]:
            granted += one.boxes == wished[0] and band_of(one.pushes) == wished[1]
            inner = framed(as_tiles(canonical(level_of(tiles))))
            if (mark := fingerprint(inner)) not in known:
                known.add(mark)
                kept.append((inner, (one.height, one.width, one.boxes, one.pushes, one.states)))
    near = distances([np.pad(t, 1) for t, _ in kept], [np.pad(t, 1) for t in pools["real"][0]]).min(1) < NEAR
    kept = [one for one, is_near in zip(kept, near, strict=True) if not is_near]
    new = np.stack([tiles for tiles, _ in kept]), np.array([said for _, said in kept])
    old = pools.get("own", (np.zeros((0, *new[0].shape[1:]), np.uint8), np.zeros((0, 5), int)))
    pools["own"] = tuple(np.concatenate(pair) for pair in zip(old, new, strict=True))
    solved = sum(not one.fault for one in judged)
    return {"solved": solved, "granted": int(granted), "kept": len(kept), "of": ASKED}


# --- measure ----------------------------------------------------------------------------------------------------------

FRESH, COUNT = 20261128, 400  # the seed of the levels that decide, and how many of each kind
LIMIT = 10**5  # the judge's limit for these
REPAIRED = ("same walls, boxes not dead",)  # the best forward rival, repaired like the network
ORDERS = range(7)  # neighbours that the Markov chain of tiles may look at


def small_levels(*parts):
    """Return {name: tiles} of the levels of some parts within 10 × 10, unreachable tiles made wall."""
    found = {
        name: as_tiles(canonical(parse(text)))
        for name, (text, _) in everything().items()
        if part_of(name) in parts and not faults(tiles_of(text))
    }
    return {name: tiles for name, tiles in found.items() if fits(tiles)}


def box_count(tiles):
    """Return the number of boxes on tiles."""
    return int(np.isin(tiles, BOXES).sum())


def field():
    """Return the Markov chain of tiles with the best number of neighbours, and {neighbours: bits a tile} of validation.

    Chosen on the sasquatch levels with counts from the others, real and by reverse play; then counted on all.
    """
    rng, real = np.random.default_rng(0), small_levels("training")
    more = [turned(tiles, rng) for tiles in pool("reverse")]
    ours = [form for name, t in real.items() if not name.startswith("sasquatch") for form in symmetries(t)]
    others = [t for name, t in real.items() if name.startswith("sasquatch")]
    bits = {}
    for order in ORDERS:
        bits[order] = bits_a_tile(TileModel(order).fit(ours + more).bits, others)
    best = min(bits, key=bits.get)
    return TileModel(best).fit(more + [form for t in real.values() for form in symmetries(t)]), bits


def turned(tiles, rng):
    """Return one of the eight forms of tiles, at random."""
    return symmetries(tiles)[rng.integers(8)]


def bits_a_tile(cost, levels):
    """Return the bits that ``cost`` gives the inner tiles of levels, a tile."""
    return round(float(sum(map(cost, levels)) / sum((t.shape[0] - 2) * (t.shape[1] - 2) for t in levels)), 4)


def costs(model):
    """Return a function of tiles to the bits of their inner tiles by the network, which is told the size."""

    def cost(tiles):
        height, width = tiles.shape
        tokens = np.concatenate([wishes(height=height, width=width)[0], framed(tiles).ravel()])[None].astype(np.int32)
        chances = runtime.tf.nn.log_softmax(model(runtime.tf.constant(tokens[:, :-1]))[0, len(FIELDS) - 1 :]).numpy()
        taken = chances[np.arange(len(chances)), tokens[0, len(FIELDS) :]].reshape(MOST - 2, MOST - 2)
        return -taken[: height - 2, : width - 2].sum() / np.log(2)

    return cost


def rivals(real, field_model, count, rng):
    """Yield (name, [tiles or None]) of every kind without a network, for the sizes and numbers of boxes of ``real``."""
    base = [real[k % len(real)] for k in range(count)]
    specs = [(*tiles.shape, box_count(tiles)) for tiles in base]
    yield "real levels", list(real)
    yield "tiles shuffled", [shuffled(level_of(tiles), rng) for tiles in base]
    yield "same walls, random boxes", [furnished(tiles, box_count(tiles), rng) for tiles in base]
    live = np.random.default_rng([FRESH, 1])
    yield "same walls, boxes not dead", [furnished(tiles, box_count(tiles), live, alive=True) for tiles in base]
    yield "Markov chain", [field_model.write(h, w, rng) for h, w, _ in specs]
    yield "Markov chain, constrained", [field_model.write(h, w, rng, boxes) for h, w, boxes in specs]
    yield "reverse play, random", [reverse_play(room(h, w, rng), boxes, rng) for h, w, boxes in specs]
    yield "reverse play, far", [reverse_play(room(h, w, rng), boxes, rng, 100, 100) for h, w, boxes in specs]
    yield "reverse play, real walls", [reverse_play(tiles, box_count(tiles), rng, 100, 100) for tiles in base]
    more = np.random.default_rng([FRESH, 2])
    pairs = [[reverse_play(tiles, box_count(tiles), more, 100, 100) for _ in range(2)] for tiles in base]
    yield "reverse play, best of two", [longest_of(pair, LIMIT) for pair in pairs]


def ours(model, real, count, seed):
    """Yield (name, [tiles], asked) of everything that the network writes for the sizes and boxes of ``real``."""
    base = [real[k % len(real)] for k in range(count)]
    bands = np.random.default_rng(seed).integers(len(BANDS), size=count)
    yield "network", list(write(model, wishes_like(base), seed)), None
    yield "network, constrained", list(write(model, wishes_like(base), seed + 1, constrained=True)), None
    yield "network, no wish", list(write(model, np.repeat(wishes(), count, axis=0), seed + 2)), None
    yield "network, bands", list(write(model, wishes_like(base, band=bands), seed + 3)), bands
    hard = np.full(count, len(BANDS) - 1)
    yield "network, longest band", list(write(model, wishes_like(base, band=hard), seed + 4)), hard


def verdicts(drawn, known, limit=LIMIT):
    """Return what the judge says of drawn tiles, a list for each column, and how near the solved come to ``known``."""
    said = [judge(tiles, limit) if tiles is not None else Judged("illegal") for tiles in drawn]
    solved = [as_tiles(canonical(level_of(t))) for t, one in zip(drawn, said, strict=True) if not one.fault]
    solved = [tiles if fits(tiles) else None for tiles in solved]
    found = {name: [getattr(one, name) for one in said] for name in Judged._fields if name != "signature"}
    found["distinct"] = len({one.signature for one in said if not one.fault})
    chosen = [tiles for tiles in solved if tiles is not None]
    for name, levels in known.items():
        found[f"nearest {name}"] = [round(float(x), 3) for x in distances(chosen, levels).min(1)] if chosen else []
    among = distances(chosen, chosen) if len(chosen) > 1 else np.ones((2, 2))
    away = among[~np.eye(len(among), dtype=bool)].reshape(len(among), -1)
    found["apart"], found["near another"] = round(float(away.mean()), 4), int((away.min(1) < NEAR).sum())
    return found


def pool(name):
    """Return the tiles of a stored pool of levels, each with its border."""
    tiles, said = stored(name)
    return [np.pad(t[: h - 2, : w - 2], 1) for t, (h, w, *_) in zip(tiles, said, strict=True)]


def known_levels():
    """Return {pool: [tiles]} of everything that the network was trained on: people's, by reverse play, its own."""
    return {name: pool(name) for name in SHARES}


def held_out():
    """Return {name: tiles} of the small levels that nothing is trained on, and those with two to six boxes."""
    held = small_levels("held out", "free")
    return held, [tiles for tiles in held.values() if 2 <= box_count(tiles) <= 6]


def compare():
    """Measure what draws without a network, on the sizes and boxes of held-out levels; see notebook 15."""
    (held, real), (markov, orders), known, rows, mended = held_out(), field(), known_levels(), {}, {}
    for name, drawn in rivals(real, markov, COUNT, np.random.default_rng(FRESH)):
        rows[name] = verdicts(drawn, known)
        report(name, rows[name])
        if name in REPAIRED:
            mended[name] = repaired(drawn, np.random.default_rng(FRESH))
    specs = [(*tiles.shape, box_count(tiles)) for tiles in real]
    parts = {part: [held[n] for n in held if part_of(n) == part] for part in ("held out", "free")}
    bits = {part: {"Markov chain": bits_a_tile(markov.bits, levels)} for part, levels in parts.items()}
    save(rows=rows, specs=specs, orders=orders, bits=bits, near=apart(held), repair=mended)


def measure():
    """Measure the network on levels of the seed FRESH, once; see the tables of notebook 15."""
    runtime.start(seed=FRESH)
    model, (held, real) = trained(), held_out()
    known = known_levels()
    found = json.loads(STORE.read_text(encoding="utf-8"))
    rows, bits, rng = found["rows"], found["bits"], np.random.default_rng(FRESH)  # of `compare`, which ran before
    for name, drawn, bands in ours(model, real, COUNT, FRESH):
        rows[name] = verdicts(drawn, known) | ({} if bands is None else {"asked band": bands.tolist()})
        report(name, rows[name])
        if name == "network":
            save(repair=found["repair"] | {name: repaired(drawn, rng)})
    for part in bits:
        bits[part]["network"] = bits_a_tile(costs(model), [held[n] for n in held if part_of(n) == part])
    counts = {name: len(levels) for name, levels in known.items()} | {"held out": len(held), "specs": len(real)}
    save(rows=rows, bits=bits, counts=counts)


def controls():
    """Measure rivals that a second review asked for, and how near levels come to those whose walls they have."""
    (_, real), known = held_out(), known_levels()
    base, rows = [real[k % len(real)] for k in range(COUNT)], json.loads(STORE.read_text(encoding="utf-8"))["rows"]
    live, free, same = (np.random.default_rng([FRESH, k]) for k in (1, 3, 4))
    again = [furnished(tiles, box_count(tiles), live, alive=True) for tiles in base]  # the draws of `rivals` once more
    near = {"same walls, boxes not dead": to_base(again, rows["same walls, boxes not dead"]["fault"], real)}
    found = {}
    for name, drawn in (
        ("same walls, boxes free", [set_free(tiles, box_count(tiles), free) for tiles in base]),
        ("same walls and goals", [set_free(tiles, box_count(tiles), same, same_goals=True) for tiles in base]),
    ):
        found[name] = verdicts(drawn, known)
        near[name] = to_base(drawn, found[name]["fault"], real)
        report(name, found[name])
    save(controls={"rows": found, "nearest base": near})


def chance(count=700):
    """Measure how near the network's levels come to reverse play by chance, and what a corner more would find.

    The distances to the nearest of some levels by the same generator that it never saw, and of each lot of as many that
    it was trained on. ``corners``: the shares that are new to people's levels, where levels of different sizes
    are laid on each other at one corner, and at each of the four.
    """
    runtime.start(seed=FRESH)
    (_, real), model, known = held_out(), trained(), known_levels()
    rows = json.loads(STORE.read_text(encoding="utf-8"))["rows"]
    unseen = [
        as_tiles(canonical(level_of(tiles))) for tiles, _ in worthy(by_reverse_play(*training_levels(), count, 1))
    ]
    n, found, corners = len(unseen), {}, {}
    seen = [known["reverse"][k : k + n] for k in range(0, len(known["reverse"]) - n + 1, n)]
    for name, drawn, _ in ours(model, real, COUNT, FRESH):
        solved = solved_tiles(drawn, rows[name]["fault"])
        found[name] = {"seen": [nearest(solved, lot) for lot in seen], "unseen": nearest(solved, unseen)}
        flipped = [[tiles[::down, ::right] for tiles in known["real"]] for down in (1, -1) for right in (1, -1)]
        near = np.array([nearest(solved, pool) for pool in flipped])
        corners[name] = [round(float(np.mean(one >= NEAR)), 4) for one in (near[0], near.min(0))]
    save(chance=found, corners=corners, unseen=n)


def solved_tiles(drawn, faults_of):
    """Return the solved ones of drawn tiles by their faults, cut to what can be reached."""
    return [as_tiles(canonical(level_of(t))) for t, fault in zip(drawn, faults_of, strict=True) if not fault]


def nearest(levels, others):
    """Return the distance of each level to the nearest of some others, rounded."""
    return [round(float(x), 3) for x in distances(levels, others).min(1)]


def to_base(drawn, faults_of, real):
    """Return the distance of each solved level to the real level whose walls it has."""
    bases = [real[k % len(real)] for k, fault in enumerate(faults_of) if not fault]
    solved = solved_tiles(drawn, faults_of)
    return [nearest([tiles], [base])[0] for tiles, base in zip(solved, bases, strict=True)]


def repaired(drawn, rng):
    """Return, of drawn levels, {"solved": [bool], "edits": [int]} after `repair` of those that were not solvable."""
    solved, edits = [], []
    for tiles in drawn:
        whole = tiles is None or not judge(tiles, LIMIT).fault  # None: a rival found no room, so nothing can be mended
        other, number = (tiles, 0) if whole else repair(tiles, rng)
        solved.append(other is not None)
        edits.append(number)
    return {"solved": solved, "edits": edits}


def apart(held):
    """Return quantiles of the distance to the nearest level by another author, on which NEAR was chosen."""
    authors = [list(small_levels("training").values()) + [t for n, t in held.items() if part_of(n) == "held out"]]
    authors.append([t for n, t in held.items() if part_of(n) == "free"])
    found = distances(*authors)
    both = np.concatenate([found.min(0), found.min(1)])
    return {"least": round(float(both.min()), 3), "quantiles": np.quantile(both, (0.05, 0.5)).round(3).tolist()}


def report(name, row):
    """Print one line of a kind."""
    solved = [not fault for fault in row["fault"]]
    pushes = [p for p, s in zip(row["pushes"], solved, strict=True) if s]
    print(f"{name}: {np.mean(solved):.3f} solvable, {np.mean(pushes or [0]):.1f} pushes", flush=True)


def tried(level, states):
    """Return (what solves a level or not, states looked at in all, by which search), of three searches in turn.

    `solve` has 65 % of the ``states``, `solve_backwards` 20 % greedily and 15 % with a weight of 2: shares that were
    chosen after a look at these levels.
    """
    weighted, total = functools.partial(solve_backwards, past=0.5), 0
    for name, share, search in (("A*", 0.65, solve), ("greedy", 0.2, solve_backwards), ("weighted", 0.15, weighted)):
        found = search(level, round(share * states))
        total += found.states
        if getattr(found, "reason", "") != "limit":
            return found, total, name
    return found, total, "none"


def power(states=10**6):
    """Replay every shipped solution, and give every level within 10 × 10 to `tried` with ``states`` states."""
    replayed, rows = 0, []
    for name, (text, moves) in everything().items():
        if faults(tiles_of(text)) or not moves:
            continue
        level = parse(text)
        past = replay(level, unpacked(moves))
        replayed += past[-1].solved
        if max(level.height, level.width) <= MOST:
            found, looked, search = tried(level, states)
            if isinstance(found, Solution) and not replay(level, found.moves)[-1].solved:
                raise RuntimeError(f"{name}: received moves that do not solve it; expected moves that do.")
            theirs = sum(a.boxes != b.boxes for a, b in itertools.pairwise(past))
            rows.append((name, theirs, getattr(found, "pushes", -1), looked, search))
            print(rows[-1], flush=True)
    save(power={"replayed": replayed, "levels": [list(row) for row in rows], "limit": states})


def save(**part):
    """Store a part of games.json."""
    common.add(STORE, part, short_lists)


def short_lists(found):
    """Return results as JSON in which a list of numbers or words is one line."""
    text = common.indented(found)
    return re.sub(r"\[\n\s+([^\[\]{}]*?)\n\s+\]", lambda m: "[" + re.sub(r"\n\s+", " ", m[1]) + "]", text)


def markdown(result):
    """Return the section of benchmarks/README.md that games.json is good for."""
    lines = []
    for kind, row in (result["rows"] | result["controls"]["rows"]).items():
        good = [k for k, fault in enumerate(row["fault"]) if not fault]
        turn = np.arange(len(row["fault"])) % len(result["specs"])
        share, least, most = grouped_wilson([not fault for fault in row["fault"]], turn)
        nearest = np.min([values for name, values in row.items() if name.startswith("nearest ")], axis=0)
        means = [np.mean([row[name][k] for k in good]) for name in ("pushes", "changes")]
        states = np.median([row["states"][k] for k in good])
        lines.append(
            f"| {kind} | {share:.3f} ({least:.3f}–{most:.3f}) | {means[0]:.1f} | {states:.0f} | {means[1]:.1f} | "
            f"{np.mean(nearest >= NEAR):.3f} | {row['apart']:.3f} |"
        )
    levels, counts = result["power"]["levels"], result["counts"]
    solved, fewest = sum(row[2] >= 0 for row in levels), sum(row[4] == "A*" for row in levels)
    edits = [
        e for e, done in zip(*(result["repair"]["network"][key] for key in ("edits", "solved")), strict=True) if done
    ]
    power, repaired_share = result["power"], np.mean(result["repair"]["network"]["solved"])
    return f"""## Sokoban levels

From `games.json`, for notebook 15. The judge replays {power["replayed"]:,} shipped solutions and solves {solved}
of the {len(levels)} levels within 10 × 10 that have one, in {power["limit"]:,} states: {fewest} by the fewest pushes,
the others backwards. The network trained on {counts["real"]} real levels, {counts["reverse"]:,} by reverse play and
{counts["own"]:,} of its own that the judge had solved. Each kind drew {COUNT} levels for the sizes and numbers of boxes
of real levels that nothing was trained on, and intervals count each of these once; "new" is no near copy of anything
that the network was trained on; "apart" is the mean distance of two levels of a kind.
After repair {repaired_share:.3f} of the network's levels can be solved,
with {np.mean(edits):.1f} edits on average (0 where none was needed).

| kind | solvable (95 %) | pushes | states, median | changes of box | new | apart |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


STAGES = (ship, data, train, rounds, temper, power, compare, measure, controls, chance)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for name in sys.argv[1:] or [""]:
        stages.get(name, lambda: sys.exit(__doc__))()
