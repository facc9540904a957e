"""A transformer that writes Sokoban levels: its data, its training with the judge in the loop, its measurements.

Usage: AIGC_DATA_DIR=FOLDER python benchmarks/games_model.py ship data train measure

The stages, in this order; each keeps what the others stored:

    ship      writes data/levels/sokoban.txt: the free levels with their solutions
    data      judges the training levels, and makes more by reverse play in rooms and in their walls
    train     the network, then rounds: it writes, the judge keeps, it trains on
    measure   everything in notebook 15's tables, once, on levels of a seed that was not used before

FOLDER holds `sokoban/` (data/README.md says where it comes from). One author's levels train; the free ones, by other
authors, and one collection by the same author are never trained on.
"""

import json
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import runtime  # noqa: E402
from benchmarks.games import (  # noqa: E402
    BRINGS,
    FLOOR,
    TILES,
    WALL,
    allowed,
    as_board,
    as_mask,
    as_tiles,
    canonical,
    distances,
    faults,
    flood,
    judge,
    level_of,
    parse,
    render,
    reverse_play,
    room,
    symmetries,
    tiles_of,
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
    real = [parse(text) for name, (text, _) in everything().items() if part_of(name) == "training"]
    real = [as_tiles(canonical(level)) for level in real]
    small, large = [t for t in real if fits(t)], [t for t in real if not fits(t)]
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
    keep("real", small)
    keep("reverse", levels)


def keep(name, levels):
    """Store levels that the judge solves in three pushes or more, with what it says of them."""
    judged = [(tiles, judge(tiles, STATES)) for tiles in levels]
    judged = [(tiles, said) for tiles, said in judged if not said.fault and said.pushes >= 3]
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


def write(model, asked, seed, constrained=False, batch=250):
    """Return tiles uint8 (n, 10, 10) that the network draws for wishes (n, 4), each in its border of wall.

    Keys and values of earlier tiles are kept. ``constrained`` draws only what can still become a level with one player
    and the wished number of boxes and goals: `allowed`; without, any of the seven tiles.
    """
    rng, step = np.random.default_rng(seed), runtime.tf.function(model.step, reduce_retracing=True)
    found = []
    for begin in range(0, len(asked), batch):
        found.append(_written(step, model, asked[begin : begin + batch], rng, constrained))
    inner = np.concatenate(found).reshape(-1, MOST - 2, MOST - 2)
    return np.pad(inner, ((0, 0), (1, 1), (1, 1)))


def _written(step, model, asked, rng, constrained):
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
        scores = logits.numpy()[:, : len(TILES)].astype(float)
        if constrained:
            scores[~allowed(missing, CONTEXT - 1 - position)] = -np.inf
        drawn = (scores + rng.gumbel(size=scores.shape)).argmax(1)  # a draw from the softmax (Gumbel 1954)
        tokens[:, position + 1] = drawn
        missing = missing - BRINGS[drawn]
    return tokens[:, len(FIELDS) :].astype(np.uint8)


# --- training ---------------------------------------------------------------------------------------------------------

NEAR = 0.3  # a near copy: no two levels of different authors are as near, see `measure`
SHARES = {"real": 0.3, "reverse": 0.35, "own": 0.35}  # of a batch
STEPS, ROUNDS, A_ROUND, ASKED = 1500, 4, 250, 1000


def stored(name):
    """Return (tiles (n, 8, 8), said (n, 5)) of what `keep` stored."""
    with np.load(CACHE / f"{name}.npz") as found:
        return found["tiles"], found["said"]


def example(tiles, said, rng, drop=0.25):
    """Return the tokens (68,) of a level turned or mirrored by lot; each wish is dropped with a chance of ``drop``."""
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
    """Train the network, then rounds in which it writes, the judge keeps what is solved and new, and it trains on."""
    import keras

    runtime.tf.config.threading.set_intra_op_parallelism_threads(1)
    runtime.tf.config.threading.set_inter_op_parallelism_threads(1)
    runtime.start(seed=seed)
    rng, model = np.random.default_rng(seed), network()
    pools = {name: stored(name) for name in ("real", "reverse")}
    total = STEPS + ROUNDS * A_ROUND
    rate = keras.optimizers.schedules.CosineDecay(0.0, total, warmup_target=2e-3, warmup_steps=200, alpha=0.05)
    step, curve, known = stepper(model, rate), [], {fingerprint(t) for name in pools for t in pools[name][0]}
    begin = time.perf_counter()
    for number in range(ROUNDS + 1):
        draw, losses = sampler(pools, rng), []
        for _ in range(A_ROUND if number else STEPS):
            losses.append(float(step(runtime.tf.constant(draw(), runtime.tf.int32))))
            if len(losses) % 200 == 0:
                print(len(losses), round(np.mean(losses[-200:]), 4), round(time.perf_counter() - begin), flush=True)
        if number < ROUNDS:
            said = add_own(model, pools, known, rng)
            curve.append({"loss": round(float(np.mean(losses[-200:])), 4), **said})
            print(curve[-1], round(time.perf_counter() - begin), flush=True)
        model.save_weights(WEIGHTS)
    np.savez_compressed(CACHE / "own.npz", tiles=pools["own"][0], said=pools["own"][1])
    save(training={"curve": curve, "seconds": round(time.perf_counter() - begin), "steps": total})


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
    boxes, bands = np.where(sizes[:, 2] > 6, -1, sizes[:, 2]), rng.integers(len(BANDS), size=ASKED)
    asked = wishes(height=sizes[:, 0], width=sizes[:, 1], boxes=boxes, band=bands)
    drawn = write(model, asked, int(rng.integers(2**31)))
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


def save(**part):
    """Store a part of games.json, the others as they are."""
    found = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    STORE.write_text(json.dumps({**found, **part}, indent=1) + "\n", encoding="utf-8")


STAGES = (ship, data, train)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for name in sys.argv[1:] or [""]:
        stages.get(name, lambda: sys.exit(__doc__))()
