"""Sokoban levels: their form, a complete solver as judge, simple rivals, and what notebook 15 measures on them.

Notebook 15 shows these functions: they are written into it from here. The network lives in games_model.py.

A board is a whole number with one bit a tile, row by row (bit = row · width + column): sets of tiles are joined by |,
shifted by one step or by a row, and a flood fill is a few shifts. All of it is plain Python.
"""

import functools
import itertools
import re
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402
from scipy import optimize, stats  # noqa: E402

TILES = "# .$*@+"  # wall, floor, goal, box, box on a goal, player, player on a goal: the usual text form
WALL = 0
FLOOR = 1
GOAL = 2
BOX = 3
BOX_ON_GOAL = 4
PLAYER = 5
PLAYER_ON_GOAL = 6
PLAYERS = (PLAYER, PLAYER_ON_GOAL)
BOXES = (BOX, BOX_ON_GOAL)
GOALS = (GOAL, BOX_ON_GOAL, PLAYER_ON_GOAL)
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


def grown(board, width):
    """Return a board and the four neighbours of each of its tiles."""
    return board | board << 1 | board >> 1 | board << width | board >> width


def flood(seed, free, width):
    """Return all tiles of ``free`` that are connected to ``seed``; walls have to enclose them."""
    while True:
        wider = (seed | seed << 1 | seed >> 1 | seed << width | seed >> width) & free
        if wider == seed:
            return seed
        seed = wider


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
    players, boxes, goals = (int(np.isin(tiles, kinds).sum()) for kinds in (PLAYERS, BOXES, GOALS))
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
    player[1:-1, 1:-1] = np.isin(tiles, PLAYERS)
    return bool(flood(as_board(player), as_board(inside), width + 2) & as_board(edge))


def level_of(tiles):
    """Return tiles (height, width) as a Level, or raise ValueError with what is wrong, see `faults`."""
    tiles = np.asarray(tiles)
    if found := faults(tiles):
        raise ValueError(" ".join(found))
    return Level(*tiles.shape, *(as_board(np.isin(tiles, kinds)) for kinds in ((WALL,), GOALS, BOXES, PLAYERS)))


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


def shipped_levels(text):
    """Return {name: (Level, moves "udlr")} of a collection as text: "; name", the level's lines, "= moves"."""
    found = {}
    for block in re.split(r"^; ", text.replace("\r\n", "\n"), flags=re.M)[1:]:
        name, *lines = block.rstrip().split("\n")
        if not lines or not lines[-1].startswith("= "):
            raise ValueError(f"received level {name!r} without a line of moves; expected '= moves' at its end.")
        found[name] = parse("\n".join(lines[:-1])), unpacked(lines[-1][2:])
    return found


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
    """A solution: its pushes (by `solve` the fewest), its moves as "udlr" (pushes as capitals), states looked at."""

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
    with a frozen box that is not on a goal: from those no solution exists, so the search stays complete.
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
            chain = [one >> size for one in _chain(came, state)]
            return Solution(pushes, _moves(level, chain[::-1]), len(came))
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


def frozen(board, boxes):
    """Return the boxes that are frozen and on no goal, a board: where there is one, no solution is left.

    A box is frozen if it is blocked on both axes; along an axis it is blocked by a wall or a frozen box at either side,
    or by dead squares at both. The largest such set is what is left after taking away, again and again, what can move.
    """
    _, goals, walls, _, across, along, _, width, _ = board
    stuck = boxes
    while stuck & ~goals:
        solid = walls | stuck
        still = stuck & (solid << 1 | solid >> 1 | across) & (solid << width | solid >> width | along)
        if still == stuck:
            return stuck & ~goals
        stuck = still
    return 0


def pushed(board, state):
    """Return [(state after a push, where the box was, where it is)], without those that are lost for certain."""
    floor, _, _, alive, _, _, _, width, size = board
    boxes, region = state >> size, state & ((1 << size) - 1)
    free, found = alive & ~boxes, []
    for way in (1, -1, width, -width):
        ready = boxes & region << way & free >> way if way > 0 else boxes & region >> -way & free << -way
        while ready:
            box = ready & -ready
            ready ^= box
            place = box << way if way > 0 else box >> -way
            after = boxes ^ box ^ place
            if frozen(board, after):
                continue
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


def _chain(came, state):
    """Return the states of a search from ``state`` back to where it began; ``came`` is {state: (…, state before)}."""
    chain = []
    while state is not None:
        chain.append(state)
        state = came[state][1]
    return chain


def _moves(level, chain):
    """Return the moves "udlr" that bring the boxes of a level from chain[0], where they are, to chain[1], chain[2] …"""
    moves, outside = "", level.boxes & ~chain[0]
    for boxes in chain[1:]:
        before = level.boxes & ~outside
        box, place = before & ~boxes, boxes & ~before
        way = place.bit_length() - box.bit_length()
        name = next(name for name, step_bits in level.steps().items() if step_bits == way)
        moves += walk(level, shifted(box, -way)) + name.upper()
        level = level._replace(boxes=boxes | outside, player=box)
    return moves


# --- simple rivals ----------------------------------------------------------------------------------------------------


def canonical(level):
    """Return a Level whose unreachable tiles are wall, cut to one ring of wall around what can be reached."""
    floor = flood(level.player, ~level.walls & ((1 << level.height * level.width) - 1), level.width)
    tiles = np.where(as_mask(floor, level.height, level.width), as_tiles(level), WALL)
    rows, columns = np.flatnonzero((tiles != WALL).any(1)), np.flatnonzero((tiles != WALL).any(0))
    return level_of(np.pad(tiles[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1))


def shuffled(level, rng):
    """Return tiles of a level in random order within its outer ring."""
    tiles = as_tiles(level)
    inner = tiles[1:-1, 1:-1]
    tiles[1:-1, 1:-1] = rng.permutation(inner.ravel()).reshape(inner.shape)
    return tiles


def furnished(tiles, boxes, rng, alive=False):
    """Return tiles with a player, boxes and goals at random places of the floor, or None where there is no room.

    With ``alive`` the boxes are drawn last, from the places where a box by itself could be pushed to a goal.
    """
    tiles = np.where(np.asarray(tiles) == WALL, WALL, FLOOR).astype(np.uint8)
    places = np.flatnonzero(tiles)
    if len(places) < 2 * boxes + 1:
        return None
    chosen = rng.permutation(places)[: 2 * boxes + 1]
    tiles.flat[chosen[0]], tiles.flat[chosen[1 : boxes + 1]], tiles.flat[chosen[boxes + 1 :]] = PLAYER, BOX, GOAL
    if alive:
        places = as_mask(board_of(level_of(tiles)).alive, *tiles.shape) & np.isin(tiles, (FLOOR, BOX))
        if places.sum() < boxes:
            return None
        tiles[tiles == BOX] = FLOOR
        tiles.flat[rng.permutation(np.flatnonzero(places))[:boxes]] = BOX
    return tiles


def side_by_side(places, count, width):
    """Return ``count`` of some places, a board: side by side as far as that goes, as goals in most levels by people."""
    chosen = places[0]
    while chosen.bit_count() < count:
        beside = [place for place in places if place & ~chosen & grown(chosen, width)]
        chosen |= (beside or [place for place in places if place & ~chosen])[0]
    return chosen


def set_free(tiles, boxes, rng, same_goals=False, tries=30):
    """Return tiles with a player and boxes at random, no box dead or frozen at the start; None: not in ``tries`` draws.

    Goals lie side by side, at random, or, with ``same_goals``, where those of ``tiles`` are: as many as ``boxes``.
    """
    floor = np.asarray(tiles) != WALL
    (height, width), places = floor.shape, [1 << int(place) for place in rng.permutation(np.flatnonzero(floor))]
    if len(places) < boxes + 1:
        return None
    goals = as_board(np.isin(tiles, GOALS)) if same_goals else side_by_side(places, boxes, width)
    for _ in range(tries):
        level = Level(height, width, as_board(~floor), goals, goals, places[rng.integers(len(places))])
        board = board_of(level)
        free = list(bits(board.alive & ~goals & ~level.player))
        level = level._replace(boxes=sum(free[k] for k in rng.permutation(len(free))[:boxes]))
        if len(free) >= boxes and not frozen(board, level.boxes):
            return as_tiles(level)
    return None


def room(height, width, rng, share=(0.4, 0.75)):
    """Return tiles WALL or FLOOR (height, width) of a random room: a walk that turns and widens until it is large."""
    tiles = np.zeros((height, width), np.uint8)
    inner = tiles[1:-1, 1:-1]
    wanted = rng.uniform(*share) * inner.size
    place, way = np.array([rng.integers(inner.shape[0]), rng.integers(inner.shape[1])]), np.array([0, 1])
    while inner.sum() < wanted:
        if rng.random() < 0.35:
            way = rng.permutation([rng.choice([-1, 1]), 0])
        tall, wide = rng.choice([1, 1, 2], 2)
        inner[place[0] : place[0] + tall, place[1] : place[1] + wide] = FLOOR
        place = np.clip(place + way, 0, np.array(inner.shape) - 1)
    return tiles


def pulled(boxes, region, floor, width):
    """Return [(boxes, region)] after every single pull: what would come just before, in a game played backwards."""
    found, free = [], floor & ~boxes
    for way in (1, -1, width, -width):
        for box in bits(boxes & shifted(region, -way)):  # the player stands at box + way and steps back
            place = shifted(box, way)
            if shifted(place, way) & free:
                after = boxes ^ box ^ place
                found.append((after, flood(shifted(place, way), floor & ~after, width)))
    return found


def reverse_play(tiles, boxes, rng, beam=1, depth=60):
    """Return tiles of a level that is solvable by construction, or None where nothing can be pulled.

    Boxes begin on random goals of the room ``tiles`` and are pulled ``depth`` times at most, and no state comes twice.
    With ``beam`` 1 that is a random game played backwards. Else the ``beam`` states are kept whose boxes lie farthest
    from goals in all: while there are fewer, the last are as far from solved as can be (Taylor and Parberry 2011).
    """
    tiles = np.where(np.asarray(tiles) == WALL, WALL, FLOOR).astype(np.uint8)
    (height, width), floor = tiles.shape, as_board(tiles != WALL)
    places = [1 << int(place) for place in rng.permutation(np.flatnonzero(tiles))]
    if len(places) < boxes + 2:
        return None
    goals = side_by_side(places, boxes, width)
    empty = Level(height, width, as_board(tiles == WALL), goals, goals, places[0])
    away = {tile: far for far, layer in enumerate(push_distances(empty, floor)) for tile in bits(layer)}
    regions, rest = [], floor & ~goals
    while rest:
        regions.append(flood(rest & -rest, floor & ~goals, width))
        rest &= ~regions[-1]
    layer, seen = [(goals, region) for region in regions], set()
    for _ in range(depth):
        seen.update(layer)
        after = sorted({new for state in layer for new in pulled(*state, floor, width)} - seen)
        if not after:
            break
        lot = rng.permutation(len(after))
        if beam > 1:
            far = [sum(away[box] for box in bits(after[k][0])) for k in lot]
            lot = lot[np.argsort(far, kind="stable")[::-1]]
        layer = [after[k] for k in lot[:beam]]
    if layer[0][0] == goals:
        return None
    start, region = layer[rng.integers(len(layer))]
    stands = list(bits(region))
    return as_tiles(empty._replace(boxes=start, player=stands[rng.integers(len(stands))]))


def pushed_from(box, level, floor):
    """Return {tile: fewest pushes} of the tiles to which a box can be pushed from the tile ``box``, no other near."""
    away, layer, far = {}, box, 0
    while layer:
        away |= dict.fromkeys(bits(layer), far)
        after = 0  # pushed from t to t + way by a player who stands on t - way
        for way in level.steps().values():
            after |= shifted(layer & shifted(floor, way), way) & floor
        layer, far = sum(tile for tile in bits(after) if tile not in away), far + 1
    return away


def farther(level, floor, boxes):
    """Return a function of boards of boxes: the fewest pushes that bring ``boxes`` there, each on its own, or None.

    Which box goes where is the cheapest assignment, so no sequence of pushes is shorter. None: there is no assignment.
    """
    starts = [pushed_from(box, level, floor) for box in bits(boxes)]
    never = 10**4
    costs = {tile: [start.get(tile, never) for start in starts] for tile in set().union(*starts)}

    @functools.cache
    def far(others):
        table = np.array([costs.get(tile, [never] * len(starts)) for tile in bits(others)])
        total = int(table[optimize.linear_sum_assignment(table)].sum())
        return total if total < never else None

    return far


def solve_backwards(level, states=10**6, past=0.0):
    """Return a Solution, not the shortest, or Unsolved once more than ``states`` states were looked at.

    Best first over pulls from the solved states, in the order of `farther` + ``past`` · pulls so far: 0 is greedy, 0.5
    is A* with a weight of 2 (Pohl 1970). Only what cannot be assigned is cut off, so "none" is a proof here, too.
    """
    width, floor = level.width, board_of(level).floor
    boxes, goals = level.boxes & floor, level.goals & floor
    if (level.boxes ^ level.goals) & ~floor:
        return Unsolved("none", 1)
    far, rest = farther(level, floor, boxes), floor & ~goals
    end, came, queue = (boxes, flood(level.player, floor & ~boxes, width)), {}, {}

    def add(state, pulls, before):
        if state not in came and (left := far(state[0])) is not None:
            came[state] = (pulls, before)
            queue.setdefault(left + past * pulls, []).append(state)

    while rest:  # the player may end in any region
        region = flood(rest & -rest, floor & ~goals, width)
        add((goals, region), 0, None)
        rest &= ~region
    while queue:
        state = queue[least := min(queue)].pop()
        if not queue[least]:
            del queue[least]
        if state == end:
            chain = [one for one, _ in _chain(came, state)]
            return Solution(len(chain) - 1, _moves(level, chain), len(came))
        if len(came) > states:
            return Unsolved("limit", len(came))
        for new in pulled(*state, floor, width):
            add(new, came[state][0] + 1, state)
    return Unsolved("none", len(came))


# what each tile of TILES brings: a player, a box, a goal
BRINGS = np.array([(0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1)])


def allowed(missing, left):
    """Return which tiles bool (n, 7) may come next, of levels that lack ``missing`` (n, 3) players, boxes, goals.

    ``left`` places are left with this one. Nothing too many, and what is missing has to fit into the places after: a
    box and a goal fit on one, and so do a player and a goal, but not a player and a box.
    """
    after = np.asarray(missing)[:, None] - BRINGS
    players, boxes, goals = np.moveaxis(after, -1, 0)
    return (after >= 0).all(-1) & (np.maximum(players + boxes, goals) <= left - 1)


class TileModel:
    """A Markov chain of tiles, row by row: the chances of a tile given its neighbours above and to the left.

    ``order`` 0 to 5 neighbours of NEIGHBOURS; counts are backed off by Witten and Bell (1991) from each context to the
    one without its last neighbour.
    """

    NEIGHBOURS = ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0))

    def __init__(self, order):
        self.order, self.counts = order, {}

    def context(self, tiles, row, column):
        """Return the neighbours of a place, a tuple; beyond the edge is wall."""
        height, width = tiles.shape
        places = [(row + down, column + right) for down, right in self.NEIGHBOURS[: self.order]]
        return tuple(int(tiles[r, c]) if 0 <= r < height and 0 <= c < width else WALL for r, c in places)

    def fit(self, levels):
        """Count the inner tiles of levels, tiles (height, width) each; returns the model."""
        for tiles in levels:
            for row in range(1, tiles.shape[0] - 1):
                for column in range(1, tiles.shape[1] - 1):
                    context = self.context(tiles, row, column)
                    for length in range(self.order + 1):
                        self.counts.setdefault(context[:length], np.zeros(len(TILES)))[tiles[row, column]] += 1
        return self

    def chances(self, tiles, row, column):
        """Return the chances (7,) of the tile at a place, given the tiles before it."""
        context, found = self.context(tiles, row, column), np.full(len(TILES), 1 / len(TILES))
        for length in range(self.order + 1):
            counts = self.counts.get(context[:length])
            if counts is None:
                break
            kinds = np.count_nonzero(counts)
            found = (counts + kinds * found) / (counts.sum() + kinds)
        return found

    def bits(self, tiles):
        """Return the bits that the inner tiles of a level cost, in all."""
        rows, columns = (range(1, side - 1) for side in tiles.shape)
        return -sum(np.log2(self.chances(tiles, row, column)[tiles[row, column]]) for row in rows for column in columns)

    def write(self, height, width, rng, boxes=None):
        """Return tiles drawn row by row; with ``boxes`` only what can still become one player and so many of both."""
        tiles, missing = np.zeros((height, width), np.uint8), np.array([[1, boxes or 0, boxes or 0]])
        places = [(row, column) for row in range(1, height - 1) for column in range(1, width - 1)]
        for k, (row, column) in enumerate(places):
            chances = self.chances(tiles, row, column)
            if boxes:
                chances = (chances + 1e-9) * allowed(missing, len(places) - k)[0]
            tiles[row, column] = rng.choice(len(TILES), p=chances / chances.sum())
            missing = missing - BRINGS[tiles[row, column]]
        return tiles


# --- measures ---------------------------------------------------------------------------------------------------------


class Judged(NamedTuple):
    """What the judge says of tiles: a ``fault``, or "" where they can be solved, and numbers of the solution.

    The fault is "illegal" by `faults`, "none" or "limit" by `solve`, or "done": solved before the first push.
    """

    fault: str
    height: int = 0
    width: int = 0
    boxes: int = 0
    pushes: int = 0
    states: int = 0
    changes: int = 0
    signature: str = ""


def judge(tiles, states=10**5):
    """Return what `solve` says of tiles (height, width), as Judged; the size is that of what can be reached."""
    if faults(tiles):
        return Judged("illegal")
    found = solve(level_of(tiles), states)
    if isinstance(found, Unsolved):
        return Judged(found.reason, states=found.states)
    if not found.pushes:
        return Judged("done")
    level = canonical(level_of(tiles))
    size = level.height, level.width, level.boxes.bit_count()
    changes, signature = said_of(level, found.moves)
    return Judged("", *size, found.pushes, found.states, changes, signature)


def said_of(level, moves):
    """Return (how often the next push is of another box, the pushes' directions in the first of eight symmetries)."""
    changes, last, pushes = 0, None, ""
    for before, after in itertools.pairwise(replay(level, moves)):
        if before.boxes != after.boxes:
            changes += last is not None and after.player != last
            last = after.boxes & ~before.boxes
            pushes += next(name for name, way in level.steps().items() if shifted(after.player, way) == last)
    forms = []
    for turn in ("udlr", "lrdu", "durl", "rlud"):  # what u, d, l, r become by 0 to 3 quarter turns to the left
        turned = pushes.translate(str.maketrans("udlr", turn))
        forms += [turned, turned.translate(str.maketrans("lr", "rl"))]
    return changes, min(forms)


def symmetries(tiles):
    """Return the eight turned and mirrored forms of tiles."""
    turned = [np.rot90(tiles, k) for k in range(4)]
    return [form for one in turned for form in (one, one[:, ::-1])]


def coded(levels, shift=(0, 0)):
    """Return tiles as float32 (n, 400): four kinds on a canvas of 10 × 10 without the border, the player left out.

    The kinds are floor, goal, box, box on a goal; walls are 0 everywhere. ``shift`` −1 to 1 moves them on the canvas.
    """
    canvas = np.zeros((len(levels), 10, 10), np.uint8)
    for board, tiles in zip(canvas, levels, strict=True):
        inner = np.asarray(tiles)[1:-1, 1:-1]
        top, left = 1 + shift[0], 1 + shift[1]
        board[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    canvas[canvas == PLAYER], canvas[canvas == PLAYER_ON_GOAL] = FLOOR, GOAL
    return (canvas[..., None] == np.arange(1, 5)).reshape(len(levels), -1).astype(np.float32)


def distances(levels, others):
    """Return the distances (n, m) in [0, 1] of levels up to 10 × 10: the share of different tiles, the player aside.

    Counted are tiles that are no wall in at least one of both; the least over eight symmetries and shifts by one tile.
    Levels of different sizes are laid on each other at one corner only, so d(a, b) may differ from d(b, a).
    """
    theirs = coded(others)
    sizes, best = theirs.sum(1), np.ones((len(levels), len(others)), np.float32)
    inside = theirs.reshape(len(others), 100, 4).sum(-1)
    for form in range(8):
        turned = [symmetries(tiles)[form] for tiles in levels]
        for shift in itertools.product((-1, 0, 1), repeat=2):
            ours = coded(turned, shift)
            both = ours.reshape(len(levels), 100, 4).sum(-1) @ inside.T
            best = np.minimum(best, 1 - ours @ theirs.T / (ours.sum(1)[:, None] + sizes - both))
    return best


def wilson(hits, count, confidence=0.95):
    """Return (share, least, most) of ``hits`` of ``count`` by Wilson's score interval (1927)."""
    return hits / count, *stats.binomtest(int(hits), int(count)).proportion_ci(confidence, method="wilson")


def by_group(hits, groups, of=None):
    """Return (share of the rows ``of`` that are ``hits``, what each group adds to its error (g,)).

    ``groups`` numbers the rows 0 … g − 1: rows of a group were drawn for the same real level, and may be alike. The
    sum of the squares of what groups add is the variance of the share, linearised (Cochran 1977, ratio of two sums).
    """
    of = np.ones(len(hits), bool) if of is None else np.asarray(of, bool)
    top, bottom = np.bincount(groups, np.asarray(hits, bool) & of), np.bincount(groups, of)
    share = top.sum() / bottom.sum()
    return share, (top - share * bottom) / bottom.sum() * np.sqrt(len(top) / (len(top) - 1))


def grouped_wilson(hits, groups, of=None):
    """Return (share, least, most): Wilson's interval for as many independent rows as the groups are worth, at most all.

    A share of 0 or 1 says nothing of its groups: there all rows count.
    """
    share, added = by_group(hits, groups, of)
    count = len(hits) if of is None else int(np.sum(of))
    worth = count / max(1.0, np.sum(added**2) / (share * (1 - share) / count)) if 0 < share < 1 else count
    z = stats.norm.ppf(0.975)
    middle, root = share + z**2 / (2 * worth), z * np.sqrt(share * (1 - share) / worth + (z / (2 * worth)) ** 2)
    return tuple(float(one) for one in (share, *((middle + sign * root) / (1 + z**2 / worth) for sign in (-1, 1))))


def grouped_difference(one, other):
    """Return (least, most) of the share ``one`` less the share ``other``, each as `by_group` returns it (Student's t).

    Groups of the same number belong to the same real level in both.
    """
    (share, added), (other_share, other_added) = one, other
    error = np.sqrt(np.sum((added - other_added) ** 2)) * stats.t.ppf(0.975, len(added) - 1)
    return float(share - other_share - error), float(share - other_share + error)


def longest_of(drawn, states=10**5):
    """Return of some tiles the ones that need most pushes by `judge`; the first tiles where it solves none of them."""
    drawn = [tiles for tiles in drawn if tiles is not None]
    return max(drawn, key=lambda tiles: judge(tiles, states).pushes, default=None)


# --- repair -----------------------------------------------------------------------------------------------------------


def swapped_out(tiles, kinds, keep, rng):
    """Return tiles that keep ``keep`` of the tiles of some kinds, at random; the others lose player, box or goal."""
    tiles = tiles.copy()
    places = rng.permutation(np.flatnonzero(np.isin(tiles, list(kinds))))
    for place in places[keep:]:
        tiles.flat[place] = kinds[int(tiles.flat[place])]
    return tiles


def legal(tiles, rng):
    """Return (tiles with one player and as many boxes as goals, at least one; edits), nothing else being changed."""
    before = np.asarray(tiles)
    tiles = swapped_out(before, {PLAYER: FLOOR, PLAYER_ON_GOAL: GOAL}, 1, rng)
    boxes, goals = (int(np.isin(tiles, kinds).sum()) for kinds in (BOXES, GOALS))
    number = max(1, min(boxes, goals))
    tiles = swapped_out(tiles, {BOX: FLOOR, BOX_ON_GOAL: GOAL}, number, rng)
    tiles = swapped_out(tiles, {GOAL: FLOOR, BOX_ON_GOAL: BOX, PLAYER_ON_GOAL: PLAYER}, number, rng)
    for kinds, new in ((PLAYERS, PLAYER), (BOXES, BOX), (GOALS, GOAL)):
        inner = np.argwhere(tiles[1:-1, 1:-1] <= FLOOR) + 1
        if not np.isin(tiles, kinds).any() and len(inner):
            tiles[tuple(inner[rng.integers(len(inner))])] = new
    return tiles, int((tiles != before).sum())


def edited(tiles, rng):
    """Return tiles after one edit at random: a box, a goal or the player moves to a free tile, or a wall is opened."""
    tiles = tiles.copy()
    inner = tiles[1:-1, 1:-1]
    kinds = {BOX: FLOOR, BOX_ON_GOAL: GOAL}, {GOAL: FLOOR, BOX_ON_GOAL: BOX}, {PLAYER: FLOOR, PLAYER_ON_GOAL: GOAL}
    choice = rng.integers(4)
    if choice == 3:
        places = np.argwhere(inner == WALL)
        if len(places):
            inner[tuple(places[rng.integers(len(places))])] = FLOOR
        return tiles
    places, free = np.argwhere(np.isin(inner, list(kinds[choice]))), np.argwhere(inner == FLOOR)
    if len(places) and len(free):
        place, target = (tuple(some[rng.integers(len(some))]) for some in (places, free))
        inner[target] = (BOX, GOAL, PLAYER)[choice]
        inner[place] = kinds[choice][int(inner[place])]
    return tiles


def misplaced(tiles):
    """Return how many boxes and goals of legal tiles are plainly lost: out of reach, or a box on a dead square."""
    level = level_of(tiles)
    board = board_of(level)
    return (level.boxes & ~board.alive).bit_count() + (level.goals & ~board.floor).bit_count()


def repair(tiles, rng, tries=60, most=10, keep=8, states=1000):
    """Return (tiles that can be solved, edits), or (None, edits) where none was found.

    The number of players, boxes and goals is put right first; each tile that changes for it is an edit. Then rounds of
    one more edit each: ``tries`` random edits of the ``keep`` levels of the round before with the fewest `misplaced`.
    So a level with few edits is found before one with more. A level that is solved from the start does not count.
    """
    tiles, first = legal(tiles, rng)
    pool = [tiles]
    for number in range(most + 1):
        found = {other.tobytes(): other for other in pool if not faults(other)}
        ranked = sorted((misplaced(other), k, other) for k, other in enumerate(found.values()))
        for lost, _, other in ranked:
            if not lost and not judge(other, states).fault:
                return other, first + number
        best = [other for *_, other in ranked[:keep]] or [tiles]
        pool = [edited(best[k % len(best)], rng) for k in range(tries)]
    return None, first + most


# --- pictures ---------------------------------------------------------------------------------------------------------

COLOURS = {  # told apart by shape and lightness, too
    "floor": (236, 232, 222),
    "wall": (68, 72, 84),
    "goal": (0, 114, 178),
    "box": (230, 159, 0),
    "done": (0, 158, 115),
    "player": (204, 51, 17),
}


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
