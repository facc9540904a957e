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

import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import runtime  # noqa: E402
from benchmarks import games  # noqa: E402

import numpy as np  # noqa: E402

STORE = HERE / "games.json"
LEVELS = HERE.parent / "data" / "levels" / "sokoban.txt"
WEIGHTS = HERE.parent / "data" / "pretrained" / "games_levels.weights.h5"
CACHE = runtime.cache_dir() / "games"
FREE = re.compile(r"(xsokoban|gri|mgerhardy|multiplayer)")  # public domain or CC0: these ship, and never train
HELD_OUT = re.compile(r"microban02")  # by the author of the training levels, but never trained on either
MOST = 10  # the largest height and width, with the border
STATES = 30_000  # the judge's limit while training

# --- the levels -------------------------------------------------------------------------------------------------------


def read_levels(folder):
    """Return {name: (text of the level, moves or "")} of a folder of NAME.sok and NAME.sol."""
    found = {}
    for path in sorted(folder.glob("*.sok")):
        lines = path.read_text(encoding="latin-1").splitlines()
        board = [line for line in lines if line.strip() and set(line) <= set(games.TILES)]
        moves = path.with_suffix(".sol")
        found[path.stem] = "\n".join(board), moves.read_text().strip() if moves.exists() else ""
    return found


def everything():
    """Return `read_levels` of the whole collection."""
    folder = runtime.data_dir()
    if not folder or not (folder / "sokoban").is_dir():
        sys.exit("set AIGC_DATA_DIR to a folder that holds sokoban/; data/README.md says where to get it.")
    return read_levels(folder / "sokoban")


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
    window = np.where(tiles[top : top + height, left : left + width] == games.WALL, games.WALL, games.FLOOR)
    window[[0, -1]] = window[:, [0, -1]] = games.WALL
    rest, parts = games.as_board(window != games.WALL), [0]
    while rest:
        parts.append(games.flood(rest & -rest, rest, window.shape[1]))
        rest &= ~parts[-1]
    return games.as_mask(max(parts, key=int.bit_count), *window.shape).astype(np.uint8)


def data(count=4000, seed=0):
    """Store the training levels up to 10 × 10, judged, and ``count`` more by reverse play, a third each in rooms, in
    the walls of the small ones, and in windows of the large ones."""
    real = [games.parse(text) for name, (text, _) in everything().items() if part_of(name) == "training"]
    real = [games.as_tiles(games.canonical(level)) for level in real]
    small, large = [t for t in real if fits(t)], [t for t in real if not fits(t)]
    rng, levels, begin = np.random.default_rng(seed), [], time.perf_counter()
    while len(levels) < count:
        height, width, kind = *rng.integers(6, MOST + 1, 2), rng.integers(3)
        walls = (
            games.room(height, width, rng, (0.45, 0.8))
            if kind == 0
            else small[rng.integers(len(small))]
            if kind == 1
            else cut_out(large[rng.integers(len(large))], height, width, rng)
        )
        boxes = int(rng.choice([2, 3, 4, 5, 6], p=[0.2, 0.3, 0.25, 0.15, 0.1]))
        tiles = games.reverse_play(walls, boxes, rng, int(rng.choice([30, 100])), 100)
        if tiles is not None:
            levels.append(tiles)
        if len(levels) % 500 == 0:
            print(len(levels), round(time.perf_counter() - begin), flush=True)
    keep("real", small)
    keep("reverse", levels)


def keep(name, levels):
    """Store levels that the judge solves in three pushes or more, with what it says of them."""
    judged = [(tiles, games.judge(tiles, STATES)) for tiles in levels]
    judged = [(tiles, said) for tiles, said in judged if not said.fault and said.pushes >= 3]
    CACHE.mkdir(parents=True, exist_ok=True)
    tiles = np.stack([framed(games.as_tiles(games.canonical(games.level_of(one)))) for one, _ in judged])
    said = np.array([(one.height, one.width, one.boxes, one.pushes, one.states) for _, one in judged])
    np.savez_compressed(CACHE / f"{name}.npz", tiles=tiles, said=said)
    print(name, len(levels), "levels,", len(judged), "kept; pushes", np.quantile(said[:, 3], (0.1, 0.5, 0.9)))


def framed(tiles):
    """Return the inner tiles of a level on a canvas of 8 × 8, walls around, at the upper left."""
    canvas = np.zeros((MOST - 2, MOST - 2), np.uint8)
    canvas[: tiles.shape[0] - 2, : tiles.shape[1] - 2] = np.asarray(tiles)[1:-1, 1:-1]
    return canvas


STAGES = (data,)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for name in sys.argv[1:] or [""]:
        stages.get(name, lambda: sys.exit(__doc__))()
