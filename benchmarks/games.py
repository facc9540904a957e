"""Sokoban levels: their form, a complete solver as judge, simple rivals, and what notebook 15 measures on them.

Notebook 15 shows these functions: they are written into it from here. The network lives in games_model.py.

A board is a whole number with one bit a tile, row by row (bit = row · width + column): sets of tiles are joined by |,
shifted by one step or by a row, and a flood fill is a few shifts. All of it is plain Python.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402

TILES = "# .$*@+"  # wall, floor, goal, box, box on a goal, player, player on a goal: the usual text form
WALL, FLOOR, GOAL, BOX, BOX_ON_GOAL, PLAYER, PLAYER_ON_GOAL = range(7)
DIRECTIONS = "udlr"  # up, down, left, right; capitals are pushes

# --- the form of a level ----------------------------------------------------------------------------------------------


class Level(NamedTuple):
    """A level: its size in tiles, and sets of tiles as whole numbers with one bit a tile; ``player`` has one bit."""

    height: int
    width: int
    walls: int
    goals: int
    boxes: int
    player: int

    @property
    def solved(self):
        """Whether every box lies on a goal."""
        return self.boxes == self.goals

    def steps(self):
        """Return {direction: how far a step moves in bits}, of "udlr"."""
        return dict(zip(DIRECTIONS, (-self.width, self.width, -1, 1), strict=True))


def bits(board):
    """Yield the set bits of a board, each as a board of its own, lowest first."""
    while board:
        low = board & -board
        yield low
        board ^= low


def shifted(board, step):
    """Return a board moved by ``step`` bits, up if positive."""
    return board << step if step > 0 else board >> -step


def flood(seed, free, width):
    """Return all tiles of ``free`` that are connected to ``seed``; walls have to enclose them."""
    while True:
        grown = (seed | seed << 1 | seed >> 1 | seed << width | seed >> width) & free
        if grown == seed:
            return seed
        seed = grown


def tiles_of(text):
    """Return text as tiles uint8 (height, width), indices into TILES; short lines are filled up with floor."""
    lines = [line.rstrip() for line in text.splitlines()] if isinstance(text, str) else []
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError(f"received a level without a tile: {text!r:.40}; expected lines of {TILES!r}.")
    if unknown := sorted(set("".join(lines)) - set(TILES)):
        raise ValueError(f"received {''.join(unknown)!r} in a level; expected only the tiles {TILES!r}.")
    width = max(map(len, lines))
    return np.array([[TILES.index(tile) for tile in line.ljust(width)] for line in lines], np.uint8)


def as_board(mask):
    """Return a mask bool (height, width) as a board."""
    return int.from_bytes(np.packbits(np.ravel(mask), bitorder="little").tobytes(), "little")


def as_mask(board, height, width):
    """Return a board as a mask bool (height, width)."""
    packed = np.frombuffer(board.to_bytes((height * width + 7) // 8, "little"), np.uint8)
    return np.unpackbits(packed, count=height * width, bitorder="little").reshape(height, width).astype(bool)


def faults(tiles):
    """Return what keeps tiles (height, width) from being a level: a list of sentences, empty for a legal level."""
    tiles = np.asarray(tiles)
    players = int(np.isin(tiles, (PLAYER, PLAYER_ON_GOAL)).sum())
    boxes = int(np.isin(tiles, (BOX, BOX_ON_GOAL)).sum())
    goals = int(np.isin(tiles, (GOAL, BOX_ON_GOAL, PLAYER_ON_GOAL)).sum())
    found = []
    if players != 1:
        found.append(f"received {players} players; expected exactly one, @ or + on a goal.")
    if boxes != goals or not boxes:
        found.append(f"received {boxes} boxes and {goals} goals; expected the same number of both, at least one.")
    if players and is_open(tiles):
        found.append("received a level that the player can walk out of; close its border with #.")
    return found


def is_open(tiles):
    """Return whether a player can walk to the edge of the tiles, boxes taken away."""
    height, width = tiles.shape
    inside = np.zeros((height + 2, width + 2), bool)
    inside[1:-1, 1:-1] = tiles != WALL
    edge = np.zeros_like(inside)
    edge[1:-1, 1:-1] = inside[1:-1, 1:-1]
    edge[2:-2, 2:-2] = False
    player = np.zeros_like(inside)
    player[1:-1, 1:-1] = np.isin(tiles, (PLAYER, PLAYER_ON_GOAL))
    return bool(flood(as_board(player), as_board(inside), width + 2) & as_board(edge))


def level_of(tiles):
    """Return tiles (height, width) as a Level, or raise ValueError with what is wrong, see `faults`."""
    tiles = np.asarray(tiles)
    if found := faults(tiles):
        raise ValueError(" ".join(found))
    kinds = (WALL,), (GOAL, BOX_ON_GOAL, PLAYER_ON_GOAL), (BOX, BOX_ON_GOAL), (PLAYER, PLAYER_ON_GOAL)
    return Level(*tiles.shape, *(as_board(np.isin(tiles, kind)) for kind in kinds))


def as_tiles(level):
    """Return a Level as tiles uint8 (height, width)."""
    walls, goals, boxes, player = (as_mask(board, level.height, level.width) for board in level[2:])
    tiles = np.where(walls, WALL, np.where(goals, GOAL, FLOOR))
    tiles = np.where(boxes, np.where(goals, BOX_ON_GOAL, BOX), tiles)
    return np.where(player, np.where(goals, PLAYER_ON_GOAL, PLAYER), tiles).astype(np.uint8)


def parse(text):
    """Return a level's text as a Level. Lines may be of different lengths; what is no level is a ValueError."""
    return level_of(tiles_of(text))


def render(level):
    """Return a Level, or tiles (height, width), as text."""
    tiles = as_tiles(level) if isinstance(level, Level) else np.asarray(level)
    return "\n".join("".join(TILES[tile] for tile in row).rstrip() for row in tiles)


# --- playing ----------------------------------------------------------------------------------------------------------


def step(level, direction):
    """Return the Level after a step "u", "d", "l" or "r" (in either case), or the same Level where it is blocked."""
    if direction.lower() not in DIRECTIONS or len(direction) != 1:
        raise ValueError(f"received the step {direction!r}; expected one of u, d, l, r.")
    way = level.steps()[direction.lower()]
    ahead = shifted(level.player, way)
    if ahead & level.boxes:
        beyond = shifted(ahead, way)
        if beyond & (level.walls | level.boxes):
            return level
        return level._replace(boxes=level.boxes ^ ahead ^ beyond, player=ahead)
    return level if ahead & level.walls else level._replace(player=ahead)


class Game:
    """A level being played: `move`, `undo`, and the moves so far ("udlr", pushes as capitals)."""

    def __init__(self, level):
        self.past = [level]
        self.moves = ""

    @property
    def level(self):
        """The level as it is now."""
        return self.past[-1]

    def move(self, direction):
        """Take a step; returns whether anything moved."""
        after = step(self.level, direction)
        if after == self.level:
            return False
        pushed = after.boxes != self.level.boxes
        self.moves += direction.upper() if pushed else direction.lower()
        self.past.append(after)
        return True

    def undo(self):
        """Take the last step back; returns whether there was one."""
        if len(self.past) == 1:
            return False
        self.past.pop()
        self.moves = self.moves[:-1]
        return True


def unpacked(moves):
    """Return moves with their repeats written out: "3u2(dl)" is "uuudldl"."""
    while match := re.search(r"(\d+)\(([^()]*)\)", moves):
        moves = moves[: match.start()] + int(match[1]) * match[2] + moves[match.end() :]
    return re.sub(r"(\d+)([a-zA-Z])", lambda match: int(match[1]) * match[2], moves)


def replay(level, moves):
    """Return the levels [before, after each move …] of moves "udlr"; a blocked move is a ValueError."""
    game = Game(level)
    for k, move in enumerate(moves):
        if not game.move(move):
            raise ValueError(f"received move {k + 1}, {move!r}, which is blocked; expected moves that can be made.")
    return game.past


# --- the judge --------------------------------------------------------------------------------------------------------


class Solution(NamedTuple):
    """A solution: its pushes (the fewest possible), its moves as "udlr" (pushes as capitals), states looked at."""

    pushes: int
    moves: str
    states: int


class Unsolved(NamedTuple):
    """No solution: ``reason`` is "none" (proved: there is none) or "limit" (not known), states looked at."""

    reason: str
    states: int


def push_distances(level, floor):
    """Return boards [tiles from which a box needs 0, 1, 2 … pushes to the nearest goal] on a floor without boxes.

    What is in none of them is a *dead square*: a box that lies there never reaches a goal.
    """
    layers, found = [], level.goals & floor
    layer = found
    while layer:
        layers.append(layer)
        before = 0  # a box on t, with the player on t - way, is pushed to t + way
        for way in level.steps().values():
            before |= shifted(layer, -way) & shifted(floor, way)
        layer = before & floor & ~found
        found |= layer
    return layers


class Board(NamedTuple):
    """What the search needs of a level: sets of tiles, and the fewest pushes that each tile is ``away`` from a goal."""

    floor: int
    goals: int
    walls: int
    alive: int  # the floor without dead squares
    across: int  # tiles with a dead square on the left and on the right
    along: int  # and above and below
    away: dict
    width: int
    size: int


def board_of(level):
    """Return the Board of a Level: everything that the player cannot reach counts as wall."""
    width, size = level.width, level.height * level.width
    everywhere = (1 << size) - 1
    floor = flood(level.player, ~level.walls & everywhere, width)
    layers = push_distances(level, floor)
    away = {tile: far for far, layer in enumerate(layers) for tile in bits(layer)}
    alive = sum(layers)
    dead = floor & ~alive
    pairs = (dead << 1) & (dead >> 1), (dead << width) & (dead >> width)
    return Board(floor, level.goals & floor, ~floor & everywhere, alive, *pairs, away, width, size)


def solve(level, states=10**6):
    """Return a Solution with the fewest pushes, or Unsolved once more than ``states`` states were looked at.

    A* (Hart, Nilsson, Raphael 1968) over pushes. A state is the set of boxes and the region that the player can reach;
    the bound is the sum over boxes of the fewest pushes to any goal. Cut off are states with a box on a dead square or
    with a frozen box beside a goal: from those no solution exists, so the search stays complete.
    """
    board = board_of(level)
    boxes = level.boxes & board.floor
    if (level.boxes ^ level.goals) & ~board.floor or boxes & ~board.alive:
        return Unsolved("none", 1)  # a box or a goal that nobody can reach, or a box on a dead square
    size, goals, away = board.size, board.goals, board.away
    start = boxes << size | flood(level.player, board.floor & ~boxes, level.width)
    came = {start: (0, None)}  # state: (pushes so far, the state before)
    bound = sum(away[box] for box in bits(boxes))
    queue = {bound: [(start, 0, bound)]}
    while queue:
        if not queue.get(bound):
            queue.pop(bound, None)
            bound += 1
            continue
        state, pushes, left = queue[bound].pop()
        if came[state][0] < pushes:
            continue  # reached by fewer pushes meanwhile
        if state >> size == goals:
            return Solution(pushes, _moves(level, came, state, size), len(came))
        if len(came) > states:
            return Unsolved("limit", len(came))
        pushes += 1
        for new, box, place in pushed(board, state):
            known = came.get(new)
            if known is None or known[0] > pushes:
                came[new] = (pushes, state)
                rest = left - away[box] + away[place]
                queue.setdefault(pushes + rest, []).append((new, pushes, rest))
    return Unsolved("none", len(came))


def pushed(board, state):
    """Return [(state after a push, where the box was, where it is)], without those that are lost for certain.

    A box is frozen if it is blocked on both axes; along an axis it is blocked by a wall or a frozen box at either side,
    or by dead squares at both. The largest such set is what is left after taking away, again and again, what can move.
    """
    floor, goals, walls, alive, across, along, _, width, size = board
    boxes, region = state >> size, state & ((1 << size) - 1)
    free, found = alive & ~boxes, []
    for way in (1, -1, width, -width):
        ready = boxes & region << way & free >> way if way > 0 else boxes & region >> -way & free << -way
        while ready:
            box = ready & -ready
            ready ^= box
            place = box << way if way > 0 else box >> -way
            stuck = after = boxes ^ box ^ place
            while stuck & ~goals:
                solid = walls | stuck
                still = stuck & (solid << 1 | solid >> 1 | across) & (solid << width | solid >> width | along)
                if still == stuck:
                    break
                stuck = still
            if stuck & ~goals:
                continue  # a frozen box beside a goal
            found.append((after << size | flood(box, floor & ~after, width), box, place))
    return found


def walk(level, target):
    """Return a shortest walk "udlr" of the player to ``target`` (a board of one tile), pushing nothing."""
    free = ~(level.walls | level.boxes)
    trail, edge = {level.player: ""}, [level.player]
    while target not in trail:
        after = []
        for tile in edge:
            for name, way in level.steps().items():
                place = shifted(tile, way)
                if place & free and place not in trail:
                    trail[place] = trail[tile] + name
                    after.append(place)
        if not after:
            raise ValueError("received a target that the player cannot reach; expected a tile of the player's region.")
        edge = after
    return trail[target]


def _moves(level, came, state, size):
    """Return the moves "udlr" from the level to a state of the search."""
    chain = []
    while state is not None:
        chain.append(state >> size)
        state = came[state][1]
    moves, outside = "", level.boxes & ~chain[-1]
    for boxes in chain[-2::-1]:
        before = level.boxes & ~outside
        box, place = before & ~boxes, boxes & ~before
        way = place.bit_length() - box.bit_length()
        name = next(name for name, step_bits in level.steps().items() if step_bits == way)
        moves += walk(level, shifted(box, -way)) + name.upper()
        level = level._replace(boxes=boxes | outside, player=box)
    return moves


# --- pictures ---------------------------------------------------------------------------------------------------------

COLOURS = {"floor": (236, 232, 222), "wall": (68, 72, 84), "goal": (0, 114, 178), "box": (230, 159, 0)}
COLOURS |= {"done": (0, 158, 115), "player": (204, 51, 17)}  # told apart by shape and lightness, too


def sprites(size=16):
    """Return the drawings uint8 (7, size, size, 3) of all TILES, in their order."""
    y, x = np.mgrid[:size, :size] * 2.0 / (size - 1) - 1
    diamond, disc = abs(x) + abs(y) < 0.45, x**2 + y**2 < 0.5
    square, cross = np.maximum(abs(x), abs(y)) < 0.72, abs(abs(x) - abs(y)) < 0.2
    found = np.empty((len(TILES), size, size, 3), np.uint8)
    found[:] = COLOURS["floor"]
    found[WALL] = COLOURS["wall"]
    for tile in (GOAL, PLAYER_ON_GOAL):
        found[tile][diamond] = COLOURS["goal"]
    for tile, colour in ((BOX, "box"), (BOX_ON_GOAL, "done")):
        found[tile][square] = COLOURS[colour]
        found[tile][square & cross] = np.array(COLOURS[colour]) * 6 // 10
    for tile in (PLAYER, PLAYER_ON_GOAL):
        found[tile][disc] = COLOURS["player"]
    found[PLAYER_ON_GOAL][diamond] = COLOURS["goal"]
    return found


def picture(level, size=16):
    """Return a Level, or tiles (height, width), as RGB bytes (height · size, width · size, 3)."""
    tiles = as_tiles(level) if isinstance(level, Level) else np.asarray(level)
    height, width = tiles.shape
    return sprites(size)[tiles].transpose(0, 2, 1, 3, 4).reshape(height * size, width * size, 3)


def draw(level, ax, title=None):
    """Draw a Level, or tiles (height, width), on Matplotlib axes without ticks; returns the axes."""
    ax.imshow(picture(level), interpolation="nearest")
    ax.axis("off")
    if title:
        ax.set_title(title, fontsize=8)
    return ax
