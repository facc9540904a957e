"""What stands around a level: a town and its roads, a guard that learns, and the lines that it says; notebook 15.

Usage: python benchmarks/scenery.py maps guard lines

    maps    two hundred towns by each of four ways of laying roads, and the spectra of their landscapes
    guard   a guard that learns from exact values, on rooms that it has not seen
    lines   trains the network that writes the guard's lines (5 minutes of one core), and measures it

Each keeps what the others stored in scenery.json. Notebook 15 shows these functions: render writes them into it.
"""

import collections
import functools
import io
import itertools
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import models, runtime, text, training  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.games import WALL, Game, as_tiles, canonical, draw, picture, replay, room, shipped_levels  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

STORE = HERE / "scenery.json"
WEIGHTS = HERE.parent / "data" / "pretrained" / "guard_lines.weights.h5"

# --- play a level -----------------------------------------------------------------------------------------------------

PLAY_KEYS = {"w": "up", "s": "down", "a": "left", "d": "right", "z": "undo", "r": "restart"}


class Player:
    """A widget to play a level: buttons, a field that takes keys, undo, restart, and a line that counts.

    The field takes w, a, s, d, z (undo) and r (restart), one after the other. Each part has a class aigc-sokoban-NAME
    for tests. Static twin: `film_strip`. `do` does without a mouse what the buttons do.
    """

    def __init__(self, level, size=32):
        import ipywidgets

        self.start, self.size, self.game = level, size, Game(level)
        self.picture, self.status = ipywidgets.Image(format="png"), ipywidgets.Label()
        self.picture.layout.width, self.picture.layout.align_self = f"{size * level.width}px", "flex-start"
        names = {
            "left": "◀ left",
            "up": "▲ up",
            "down": "▼ down",
            "right": "right ▶",
            "undo": "undo",
            "restart": "restart",
        }
        buttons = {name: ipywidgets.Button(description=said) for name, said in names.items()}
        self.keys = ipywidgets.Text(placeholder="click here, then w a s d, z, r", continuous_update=True)
        for name, part in {**buttons, "status": self.status, "board": self.picture, "keys": self.keys}.items():
            part.add_class(f"aigc-sokoban-{name}")
        for name, button in buttons.items():
            button.layout.width = "6em"
            button.on_click(lambda _, name=name: self.do(name))
        self.keys.observe(self._typed, "value")
        self.box = ipywidgets.VBox([self.picture, ipywidgets.HBox([*buttons.values()]), self.keys, self.status])
        self._show()

    def _repr_mimebundle_(self, **options):
        return self.box._repr_mimebundle_(**options)

    def do(self, name):
        """Step "up", "down", "left" or "right", or "undo" or "restart"; after the last box has come home only these."""
        if name == "restart":
            self.game = Game(self.start)
        elif name == "undo":
            self.game.undo()
        elif name not in ("up", "down", "left", "right"):
            raise ValueError(f"received {name!r}; expected up, down, left, right, undo or restart.")
        elif not self.game.level.solved:
            self.game.move(name[0])
        self._show()

    def _typed(self, change):
        for key in change["new"].lower():
            if key in PLAY_KEYS:
                self.do(PLAY_KEYS[key])
        if change["new"]:
            self.keys.value = ""

    def _show(self):
        buffer = io.BytesIO()
        Image.fromarray(picture(self.game.level, self.size)).save(buffer, format="PNG")
        self.picture.value, moves = buffer.getvalue(), self.game.moves
        pushes = sum(move.isupper() for move in moves)
        self.status.value = f"{len(moves)} moves, {pushes} pushes" + (", solved" if self.game.level.solved else "")


def film_strip(level, moves, columns=6, title=None):
    """Return a figure: the level before the first move, and after each push of ``moves``, numbered."""
    import matplotlib.pyplot as plt

    states = replay(level, moves)
    shown = [0, *(k + 1 for k, move in enumerate(moves) if move.isupper())]
    rows = -(-len(shown) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(1.5 * columns, 1.6 * rows), squeeze=False)
    for place in axes.ravel():
        place.axis("off")
    for push, (place, k) in enumerate(zip(axes.ravel(), shown, strict=False)):
        draw(states[k], place, f"push {push} (move {k})" if push else "before")
    figure.suptitle(title, x=0.02, ha="left")
    return figure


# --- lines ------------------------------------------------------------------------------------------------------------

VISITORS = ("Ada", "Bram", "Cleo", "Dov", "Esme", "Finn", "Gita", "Hugo")
OPENERS = {  # how a line begins or ends in a mood
    "cheerful": ("What a fine day", "Good to see you", "Ha, splendid", "I like this game", "Lovely work all round"),
    "weary": (
        "My feet hurt",
        "It is late",
        "I could sleep on this floor",
        "Another long night",
        "I am too old for this",
    ),
    "stern": ("Stay where you are", "Rules are rules", "I am watching", "No tricks", "Do not test my patience"),
    "worried": ("I do not like this", "Careful now", "My heart is racing", "Something is wrong", "Please be careful"),
    "proud": ("Nobody guards like me", "Thirty years on this post", "They gave me a medal", "I know every stone here"),
    "sly": ("I know a secret", "Well, well", "Shall we make a deal", "Between you and me", "I saw that"),
}
MANNERS = {  # the words of a mood inside a sentence
    "cheerful": ("happily", "with a smile", "to my delight"),
    "weary": ("with a yawn", "slowly", "as ever"),
    "stern": ("at once", "by order", "without excuse"),
    "worried": ("I fear", "with a shiver", "somehow"),
    "proud": ("as I expected", "under my eyes", "thanks to me"),
    "sly": ("on the quiet", "with a wink", "as if by chance"),
}
BODIES = {  # what a situation is; {how} is a manner
    "start": ("the doors are open {how}", "the night begins {how}", "a new room waits {how}"),
    "near": ("you are one step away {how}", "I can hear you breathe {how}", "my hand is at your collar {how}"),
    "far": ("you are a dot down the hall {how}", "I hear steps a long way off {how}", "you run at the far wall {how}"),
    "stuck": ("you have walked in circles {how}", "nothing has moved for a while {how}", "you are stuck {how}"),
    "corner": ("that box sits in a corner {how}", "a box in the corner stays {how}", "you filled the corner {how}"),
    "undo": ("you took that step back {how}", "time runs backwards {how}", "that push never happened {how}"),
    "goal": ("one box is home {how}", "the box is on its mark {how}", "another mark is covered {how}"),
    "solved": ("every box is home {how}", "the room is solved {how}", "all marks are covered {how}"),
}  # fmt: skip
LINE_PAIRS = tuple(itertools.product(OPENERS, BODIES))  # 48 pairs (mood, situation)
UNHEARD = tuple(
    (mood, situation)
    for (i, mood), (j, situation) in itertools.product(enumerate(OPENERS), enumerate(BODIES))
    if (i + j) % 4 == 0
)  # a quarter of the pairs: both halves were heard in training, but never together


def grammar_line(name, mood, situation, rng):
    """Return a line by the grammar: an opener of the mood, a body of the situation, in one of four arrangements."""
    opener = OPENERS[mood][rng.integers(len(OPENERS[mood]))]
    body = BODIES[situation][rng.integers(len(BODIES[situation]))]
    body = body.format(how=MANNERS[mood][rng.integers(len(MANNERS[mood]))])
    said = body[0].upper() + body[1:]
    forms = (f"{opener} , {name} . {said} .", f"{name} , {body} . {opener} .", f"{said} , {name} . {opener} .")
    return (*forms, f"{opener} . {name} , {body} .")[rng.integers(4)]


def grammar_rows(count, seed, pairs):
    """Return [(name, mood, situation, line)]: ``count`` lines for each of the pairs, at random."""
    rng = np.random.default_rng(seed)
    return [
        (name, *pair, grammar_line(name, *pair, rng)) for pair in pairs for name in rng.choice(VISITORS, count).tolist()
    ]


class Words:
    """A tokenizer of words: the line end is 0, then all conditions as symbols, then the words of ``lines``, sorted."""

    def __init__(self, lines):
        symbols = [f"<{one}>" for one in (*VISITORS, *OPENERS, *BODIES)]
        self.all = ["\n", *symbols, *sorted({word for line in lines for word in line.split()})]
        self.number = {word: k for k, word in enumerate(self.all)}

    def prompt(self, name, mood, situation):
        """Return the three symbols of a wish, int32 (3,)."""
        return np.array([self.number[f"<{one}>"] for one in (name, mood, situation)], np.int32)

    def encode(self, line):
        """Return the tokens of a line, int32 (n,)."""
        return np.array([self.number[word] for word in line.split()], np.int32)

    def decode(self, tokens):
        """Return the line of tokens up to the line end."""
        words = [self.all[token] for token in tokens]
        return " ".join(words[: words.index("\n")] if "\n" in words else words)


LONGEST = 26  # tokens of a line with its wish and its end


def heard_rows():
    """Return the 3,600 lines that the network learns from: of the pairs that are not held out."""
    return grammar_rows(100, 0, [pair for pair in LINE_PAIRS if pair not in UNHEARD])


def line_network(words):
    """Return the transformer of notebook 07, small: it reads three symbols and writes a line."""
    return models.Transformer(len(words.all), context=LONGEST, width=64, depth=2, heads=4, name="guard_lines")


def train_lines(steps=1200, batch=48, rate=3e-3):
    """Train `line_network` on `heard_rows`, the wish not counted in the loss, and write its weights."""
    rows = heard_rows()
    words = Words(line for *_, line in rows)
    table = np.zeros((len(rows), LONGEST), np.int32)
    weight = np.zeros((len(rows), LONGEST), np.float32)
    for k, (*wish, line) in enumerate(rows):
        tokens = np.concatenate([words.prompt(*wish), words.encode(line), [0]])
        table[k, : len(tokens)], weight[k, 3 : len(tokens)] = tokens, 1
    network = line_network(words)
    common.train_writer(network, table, weight, steps, batch, rate)
    training.save_weights(network, WEIGHTS)


def write_lines(network, words, wishes, seed=0, top_p=0.95):
    """Return one line for each wish (name, mood, situation), drawn with nucleus sampling."""
    prompts = np.stack([words.prompt(*wish) for wish in wishes])
    written = text.writer(network)(prompts, LONGEST - 3, top_p=top_p, seed=seed)
    return [words.decode(row[3:]) for row in written]


def spliced_lines(rows, wishes, seed=0):
    """Return lines of two halves: a sentence of a line in the same mood, and one of a line in the same situation.

    The rival without a network: it knows that a line is two sentences, and which of them names the guard's mood.
    """
    rng = np.random.default_rng(seed)
    moods, bodies = collections.defaultdict(list), collections.defaultdict(list)
    for name, mood, situation, line in rows:
        halves = [half.strip() for half in line.replace(f"{name} , ", "").replace(f" , {name}", "").split(" . ")]
        halves = [half.removesuffix(" .") for half in halves]
        opener = next(half for half in halves if half in OPENERS[mood])
        moods[mood].append(opener)
        bodies[situation].append(next(half for half in halves if half != opener))
    found = []
    for name, mood, situation in wishes:
        opener, body = (some[rng.integers(len(some))] for some in (moods[mood], bodies[situation]))
        found.append(f"{opener} , {name} . {body[0].upper() + body[1:]} .")
    return found


def random_lines(rows, wishes, seed=0):
    """Return lines of training, drawn at random, with the name that was asked for in place of theirs."""
    picks = np.random.default_rng(seed).integers(len(rows), size=len(wishes))
    return [
        " ".join(name if word == rows[k][0] else word for word in rows[k][3].split())
        for k, (name, *_) in zip(picks, wishes, strict=True)
    ]


def ngram_lines(rows, wishes, seed=0):
    """Return lines by counts of three words, from training lines that have the mood or the situation of the wish."""

    @functools.cache  # the same wish comes several times
    def counted(name, mood, situation):
        follows = collections.defaultdict(list)
        for other, *pair, line in rows:
            if mood == pair[0] or situation == pair[1]:
                said = ["", "", *(name if word == other else word for word in line.split()), "\n"]
                for a, b, c in zip(said, said[1:], said[2:], strict=False):
                    follows[a, b].append(c)
        return follows

    rng, found = np.random.default_rng(seed), []
    for wish in wishes:
        follows, said = counted(*wish), ["", ""]
        while said[-1] != "\n" and len(said) < LONGEST:
            after = follows[said[-2], said[-1]]
            said.append(after[rng.integers(len(after))])
        found.append(" ".join(word for word in said if word.strip()))
    return found


def line_reader(seed=1):
    """Return {"mood", "situation"}: classifiers of a line, trained on other lines of the training pairs.

    Logistic regression on single words and pairs of words; the names are left out.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows = grammar_rows(60, seed, [pair for pair in LINE_PAIRS if pair not in UNHEARD])
    found = {}
    for k, kind in enumerate(("mood", "situation")):
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), stop_words=[name.lower() for name in VISITORS]),
            LogisticRegression(C=30, max_iter=300),
        )
        found[kind] = model.fit([row[3] for row in rows], [row[1 + k] for row in rows])
    return found


def read_as_asked(reader, lines, wishes):
    """Return whether name, mood and situation of each line are those of its wish, bool (n, 3)."""
    names = [
        {word for word in line.split() if word in VISITORS} == {wish[0]}
        for line, wish in zip(lines, wishes, strict=True)
    ]
    read = [reader[kind].predict(lines) == np.array([wish[1 + k] for wish in wishes]) for k, kind in enumerate(reader)]
    return np.stack([names, *read], axis=1)


def known_pairs(rows):
    """Return all pairs of neighbouring words in training lines, every name replaced by one sign, with the line ends."""
    return {pair for *_, line in rows for pair in pairs_of(line)}


def pairs_of(line):
    """Return the pairs of neighbours of a line, as `known_pairs` has them."""
    said = ["\n", *("<name>" if word in VISITORS else word for word in line.split(" ")), "\n"]
    return set(itertools.pairwise(said))


def released_lines(lines, wishes, reader, known, strict=False):
    """Return whether the gate lets each line through: it is read as it was asked, and has no word that is not known.

    ``known`` are `known_pairs`; where ``strict``, every pair of neighbours has to be known, too.
    """
    return in_known_words(lines, known, strict) & read_as_asked(reader, lines, wishes).all(1)


def in_known_words(lines, known, strict=False):
    """Return whether each line has known words only, or, where ``strict``, known pairs of neighbours only."""
    words = {word for pair in known for word in pair}
    said = [pairs_of(line) for line in lines]
    fine = [pairs <= known if strict else {word for pair in pairs for word in pair} <= words for pairs in said]
    return np.array(fine)


def tidy(line):
    """Return a line as it is printed: no space before a comma or a full stop."""
    return line.replace(" ,", ",").replace(" .", ".")


# --- a guard ----------------------------------------------------------------------------------------------------------

SLIP = 0.02  # a turn: how likely the thief is gone by a way that nobody knows; so every game ends
BLUNDER = 0.15  # how often the thief steps at random


class GuardRoom:
    """The floor of a level as a game for two: a thief on the way to one of two doors, and a guard who is to meet it.

    ``ways`` (n, 5) is where each step (up, down, left, right, stay) leads from each of n places, ``far`` (n, n) the
    steps between places, ``doors`` the two places farthest from each other.
    """

    def __init__(self, floor):
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import shortest_path

        floor = np.asarray(floor, bool)
        self.floor, self.places = floor, np.argwhere(floor)
        number = np.full(np.array(floor.shape) + 2, -1)
        number[1:-1, 1:-1][floor] = np.arange(len(self.places))
        steps = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)])
        there = self.places[:, None] + 1 + steps
        self.ways = number[there[..., 0], there[..., 1]]
        own = np.arange(len(self.places))[:, None]
        self.ways = np.where(self.ways < 0, own, self.ways)
        n = len(self.places)
        edges = coo_array((np.ones(5 * n), (np.repeat(np.arange(n), 5), self.ways.ravel())), (n, n)).tocsr()
        self.far = shortest_path(edges, unweighted=True, directed=False)
        if not np.isfinite(self.far).all():
            raise ValueError("received a floor in several parts; expected one in which every tile can be reached.")
        self.doors = np.array(np.unravel_index(self.far.argmax(), self.far.shape))

    def thief(self):
        """Return the chances (n, n, 5) of the thief's steps, given where the guard is and where the thief is.

        It makes for the door that costs it the fewest steps, where a door that the guard reaches first counts four
        more; with the chance BLUNDER it steps at random, and it does not walk into the guard on purpose.
        """
        n = len(self.far)
        first = self.far[:, None, self.doors] < self.far[None, :, self.doors]
        aim = self.doors[(self.far[None, :, self.doors] + 4 * first).argmin(-1)]  # (guard, thief)
        left = self.far[self.ways[None], aim[..., None]]
        left = left + 99 * (self.ways[None] == np.arange(n)[:, None, None])
        best = left == left.min(-1, keepdims=True)
        return (1 - BLUNDER) * best / best.sum(-1, keepdims=True) + BLUNDER / 5

    def after_thief(self, value, chances):
        """Return the chance (n, n) that the thief is caught, after the guard's step, given ``value`` before the next.

        Rows are the guard's place, columns the thief's.
        """
        n = len(self.far)
        caught = np.eye(n, dtype=bool)
        worth = np.where(caught, 1.0, value)
        worth[:, self.doors] = np.where(caught[:, self.doors], 1.0, 0.0)
        later = np.einsum("gta,gta->gt", chances, worth[:, self.ways])
        return np.where(caught, 1.0, (1 - SLIP) * later)

    def value(self, policy=None, least=1e-6):
        """Return the chance (n, n) that the thief is caught, before the guard's step, and after it.

        ``policy`` (n, n, 5) are chances of the guard's steps; without one it is the best that can be, by value
        iteration (Bellman 1957): the exact optimum against this thief.
        """
        n = len(self.far)
        chances, value = self.thief(), np.zeros((n, n))
        while True:
            after = self.after_thief(value, chances)
            choices = after[self.ways]  # (guard, step, thief)
            new = choices.max(1) if policy is None else np.einsum("gat,gta->gt", choices, policy)
            if np.abs(new - value).max() < least:
                return new, after
            value = new

    def starts(self):
        """Return which (guard, thief) begin a game, bool (n, n): three steps apart or more, and from the doors."""
        return (self.far >= 3) & (self.far[self.doors].min(0) >= 3)[None]


def best_steps(hall, scores):
    """Return the policy (n, n, 5) that takes the steps of the highest ``scores`` (n, n) of (guard after it, thief)."""
    choices = np.moveaxis(scores[hall.ways], 1, 2)
    best = choices >= choices.max(-1, keepdims=True) - 1e-9
    return best / best.sum(-1, keepdims=True)


def wander(hall):
    """Return the policy of a guard that steps at random."""
    return np.full((*hall.far.shape, 5), 0.2)


def chase(hall):
    """Return the policy of a guard that takes a shortest way to the thief."""
    return best_steps(hall, -hall.far)


def cut_off(hall):
    """Return the policy of a guard that goes to the door nearest to the thief; within three steps it closes in."""
    nearest = hall.doors[hall.far[hall.doors].argmin(0)]
    return best_steps(hall, np.where(hall.far <= 3, 100 - hall.far, -hall.far[:, nearest]))


PACE = 0.5  # what a step of distance to the thief counts beside a step too late at a door; chosen on learning rooms


def keep_pace(hall, pace=PACE):
    """Return the policy of a guard that is late at neither door, compared with the thief, and then comes nearer."""
    to_doors = hall.far[:, hall.doors]
    late = np.maximum(0, to_doors[:, None] - to_doors[None]).sum(-1)
    return best_steps(hall, -(late + pace * hall.far))


def guard_features(hall):
    """Return what a guard sees after its step, (n, n, 12), by distances: they mean the same in any hall."""
    n = len(hall.far)
    thief = np.broadcast_to(hall.far[hall.doors].T[None], (n, n, 2))
    guard = np.broadcast_to(hall.far[hall.doors].T[:, None], (n, n, 2))
    order = thief.argsort(-1, kind="stable")
    thief, guard = np.take_along_axis(thief, order, -1), np.take_along_axis(guard, order, -1)
    exits = (hall.ways != np.arange(n)[:, None]).sum(1)
    apart = hall.far[..., None]
    off = apart + guard - thief  # 0: the guard stands on a shortest way from the thief to that door
    return np.concatenate(
        [
            apart, thief, guard, guard - thief, off, apart % 2,
            np.broadcast_to(exits[None, :, None], (n, n, 1)),
            np.broadcast_to(exits[:, None, None], (n, n, 1)),
        ],
        axis=-1,
    )  # fmt: skip


def learn_guard(rooms, seed=0):
    """Return a regression of the exact value after the guard's step, learnt on the given rooms.

    It is distilled from `GuardRoom.value`: the table of a room holds for that hall alone, the regression for any.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(max_iter=250, max_leaf_nodes=31, learning_rate=0.1, random_state=seed)
    inputs = np.concatenate([guard_features(hall).reshape(-1, 12) for hall in rooms])
    targets = np.concatenate([hall.value()[1].ravel() for hall in rooms])
    with threadpool_limits(1):  # many short tasks: threads that wait for each other are slower
        return model.fit(inputs, targets)


def learnt(hall, model):
    """Return the policy of a guard that takes the step after which ``model`` expects most."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        expected = model.predict(guard_features(hall).reshape(-1, 12))
    return best_steps(hall, expected.reshape(hall.far.shape))


def guards_on(hall, model):
    """Return {guard: chance that the thief is caught, mean over all starts}, each exact; "best" is the optimum."""
    starts = hall.starts()
    policies = {
        "wanders": wander(hall),
        "chases": chase(hall),
        "cuts off": cut_off(hall),
        "keeps pace": keep_pace(hall),
        "has learnt": learnt(hall, model),
    }
    values = {name: hall.value(policy)[0] for name, policy in policies.items()}
    return {name: float(value[starts].mean()) for name, value in {**values, "best": hall.value()[0]}.items()}


def guard_rooms(count, seed):
    """Return ``count`` rooms by `room`, 7 to 10 tiles a side, in which a game can begin."""
    from scipy.ndimage import label

    rng, found = np.random.default_rng(seed), []
    while len(found) < count:
        floor = room(*rng.integers(7, 11, size=2), rng, share=(0.35, 0.7)) != WALL
        hall = GuardRoom(floor) if label(floor)[1] == 1 else None
        if hall is not None and hall.starts().any():
            found.append(hall)
    return found


def level_rooms(levels, most=10):
    """Return ({name: GuardRoom}, levels left out) of {name: Level} up to ``most`` tiles a side, boxes taken away.

    Left out are larger ones, and those in which no game can begin: all tiles lie within three steps of a door.
    """
    found = {}
    for name, level in levels.items():
        tiles = as_tiles(canonical(level))
        if max(tiles.shape) <= most and (hall := GuardRoom(tiles != WALL)).starts().any():
            found[name] = hall
    return found, len(levels) - len(found)


# --- a town and its roads ---------------------------------------------------------------------------------------------

MAP_SIDE = 96  # tiles
RUGGED = 3.6  # the power of the landscape falls with this power of the frequency
UNDER_WATER = 0.35  # share of the map
STEEP = 40.0  # what a slope of 1 adds to the cost of a flat tile, which is 1
WET = 6.0  # what a tile of bridge costs
LONGEST_BRIDGE = 14  # tiles; a longer one cannot be built
WATER = 0  # what a tile of a map is
LAND = 1
ROAD = 2
BRIDGE = 3
HOUSE = 4
ROAD_WAYS = ("least cost", "straight", "nearest neighbour", "random pairs")


def landscape(side, rugged, rng):
    """Return heights (side, side) of mean 0 and deviation 1 whose power falls as frequency to the −``rugged``.

    Spectral synthesis (Peitgen and Saupe 1988): a Fourier transform of noise, frequency f scaled by f^(−rugged/2).
    """
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf  # no mean
    heights = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) * frequency ** (-rugged / 2), (side, side))
    return heights / heights.std()


def measured_slope(heights):
    """Return the slope of the power spectrum: minus the exponent of a line through log power against log frequency."""
    side = len(heights)
    power = np.abs(np.fft.fft2(heights)) ** 2
    ring = np.rint(np.hypot(*np.meshgrid(*[np.fft.fftfreq(side) * side] * 2))).astype(int)
    count, total = np.bincount(ring.ravel()), np.bincount(ring.ravel(), power.ravel())
    used = np.arange(2, side // 2)
    return -np.polyfit(np.log(used), np.log(total[used] / count[used]), 1)[0]


def town_sites(land, rng, count=9, apart=16, edge=5):
    """Return places (n, 2) on land, in random order each at least ``apart`` tiles from the others (Poisson disc)."""
    inner = np.zeros_like(land)
    inner[edge:-edge, edge:-edge] = land[edge:-edge, edge:-edge]
    kept = []
    for place in rng.permutation(np.argwhere(inner)):
        if all(np.hypot(*(place - other)) >= apart for other in kept):
            kept.append(place)
        if len(kept) == count:
            break
    return np.array(kept)


def travel_cost(heights, land):
    """Return what a step on each tile costs: 1, more on slopes, and WET on water."""
    return np.where(land, 1 + STEEP * np.hypot(*np.gradient(heights)) ** 1.5, WET)


def spanning_edges(lengths, extra=0.25):
    """Return pairs [(a, b)]: a minimum spanning tree of ``lengths`` (n, n), and ``extra`` of its edges more.

    The further ones are those that shorten the way most, compared with going through the tree.
    """
    from scipy.sparse.csgraph import minimum_spanning_tree, shortest_path

    tree = minimum_spanning_tree(lengths)
    edges = [tuple(sorted(map(int, pair))) for pair in np.argwhere(tree.toarray() > 0)]
    detour = shortest_path(tree, directed=False) / np.where(lengths > 0, lengths, np.inf)
    rest = [pair for pair in itertools.combinations(range(len(lengths)), 2) if pair not in edges]
    return edges + sorted(rest, key=lambda pair: -detour[pair])[: round(extra * len(edges))]


def roads_by(way, sites, cost, rng):
    """Return the roads [[(row, column), …]] between sites, laid in one of ROAD_WAYS."""
    from skimage.draw import line
    from skimage.graph import MCP_Geometric

    if way == "straight":
        flat = np.hypot(*(sites[:, None] - sites).transpose(2, 0, 1))
        pairs = [line(*sites[a], *sites[b]) for a, b in spanning_edges(flat)]
        return [list(zip(*(part.tolist() for part in pair), strict=True)) for pair in pairs]
    n, fields = len(sites), [MCP_Geometric(cost) for _ in sites]
    totals = [field.find_costs([site])[0] for field, site in zip(fields, sites, strict=True)]
    lengths = np.array([[total[tuple(other)] for other in sites] for total in totals])
    lengths = np.maximum(lengths, lengths.T)  # both ways are the same but for rounding
    edges = spanning_edges(lengths)
    if way == "nearest neighbour":
        edges = [(a, int(np.where(np.arange(n) == a, np.inf, lengths[a]).argmin())) for a in range(n)]
    if way == "random pairs":
        every = list(itertools.combinations(range(n), 2))
        edges = [every[k] for k in rng.permutation(len(every))[: len(edges)]]
    return [[tuple(map(int, place)) for place in fields[a].traceback(sites[b])] for a, b in edges]


def built(heights, level, sites, roads, rng, houses=120):
    """Return the map: tiles uint8 of WATER, LAND, ROAD, BRIDGE and HOUSE; houses stand beside roads, near the sites."""
    from scipy.ndimage import binary_dilation

    land = heights > level
    tiles = np.where(land, LAND, WATER).astype(np.uint8)
    for road in roads:
        rows, columns = np.array(road).T
        tiles[rows, columns] = np.where(land[rows, columns], ROAD, BRIDGE)
    beside = binary_dilation(tiles == ROAD) & (tiles == LAND)
    places = np.argwhere(beside)
    far = np.hypot(*(places[:, None] - sites).transpose(2, 0, 1)).min(1)
    order = np.argsort(far / 5 - rng.gumbel(size=len(places)))  # nearer first, at random
    tiles[tuple(places[order[:houses]].T)] = HOUSE
    return tiles


def town(seed, way="least cost", rugged=RUGGED):
    """Return (heights, water level, sites, roads, tiles) of a map; landscape and sites do not depend on the way."""
    rng = np.random.default_rng(seed)
    heights = landscape(MAP_SIDE, rugged, rng)
    level = float(np.quantile(heights, UNDER_WATER))
    sites = town_sites(heights > level, rng)
    roads = roads_by(way, sites, travel_cost(heights, heights > level), rng)
    return heights, level, sites, roads, built(heights, level, sites, roads, rng)


def flooded(passable, start):
    """Return the tiles that are reached from ``start`` over passable ones in eight directions, bool as ``passable``."""
    reached = np.zeros_like(passable)
    reached[start] = passable[start]
    queue = collections.deque([start] if passable[start] else [])
    while queue:
        row, column = queue.popleft()
        for r in range(max(row - 1, 0), min(row + 2, len(passable))):
            for c in range(max(column - 1, 0), min(column + 2, passable.shape[1])):
                if passable[r, c] and not reached[r, c]:
                    reached[r, c] = True
                    queue.append((r, c))
    return reached


def checked_map(tiles, heights, level, sites):
    """Return what the finished picture says, knowing nothing of how it was made: three truths of a map.

    ``joined``: from the first site a flood over roads and bridges reaches all sites, and a tile beside every house.
    ``dry``: no road lies under water, and no bridge over land. ``buildable``: no bridge is over LONGEST_BRIDGE tiles.
    """
    way = (tiles == ROAD) | (tiles == BRIDGE)
    reached = flooded(way, tuple(sites[0]))
    near = np.pad(reached, 1)
    beside = near[:-2, 1:-1] | near[2:, 1:-1] | near[1:-1, :-2] | near[1:-1, 2:]
    joined = bool(reached[tuple(sites.T)].all() and beside[tiles == HOUSE].all())
    bridges, longest = tiles == BRIDGE, 0
    while bridges.any():
        one = flooded(bridges, tuple(np.argwhere(bridges)[0]))
        longest, bridges = max(longest, int(one.sum())), bridges & ~one
    dry = bool((heights[tiles == ROAD] > level).all() and (heights[tiles == BRIDGE] <= level).all())
    return {"joined": joined, "dry": dry, "buildable": longest <= LONGEST_BRIDGE}


def steepness(roads, heights):
    """Return the mean slope of roads on their way: height gained or lost a tile of length."""
    climbs = lengths = 0.0
    for road in roads:
        places = np.array(road)
        climbs += np.abs(np.diff(heights[tuple(places.T)])).sum()
        lengths += np.hypot(*np.diff(places, axis=0).T).sum()
    return climbs / lengths


TERRAIN = {  # colours by height above the water, from 0 at the shore to 1 at the summit
    0.0: (0.86, 0.81, 0.62),
    0.06: (0.55, 0.68, 0.42),
    0.3: (0.55, 0.68, 0.42),
    0.65: (0.60, 0.55, 0.49),
    1.0: (0.96, 0.96, 0.96),
}
SEA = (0.36, 0.55, 0.72)


def smooth_heights(heights, level, tiles, scale):
    """Return the heights of a picture, floats (height · scale, width · scale), in between by splines.

    A spline moves the shore by up to a tile: roads, houses and the land beside them are kept dry, bridges over water.
    Half a tile on both sides of a road is dry, too, so that a road on a narrow neck of land does not look like a ford.
    """
    from scipy.ndimage import binary_dilation, zoom

    big, least = zoom(heights, scale, order=3, mode="grid-wrap", grid_mode=True), 1e-3 * (heights.max() - level)
    beside = binary_dilation(np.isin(tiles, (ROAD, HOUSE)), np.ones((3, 3))) & ~np.isin(tiles, (WATER, BRIDGE))
    masks = np.stack([beside, tiles == ROAD, tiles == BRIDGE])
    dry, road, wet = masks.repeat(scale, 1).repeat(scale, 2)
    dry |= binary_dilation(road, np.ones((3, 3)), max(1, scale // 2)) & ~wet
    return np.where(dry, np.maximum(big, level + least), np.where(wet, np.minimum(big, level - least), big))


def painted(heights, level, tiles, scale=4):
    """Return a picture of a map, floats (height · scale, width · scale, 3): shaded land, water, roads, houses."""
    from matplotlib.colors import LightSource
    from scipy.ndimage import binary_dilation, gaussian_filter

    big = smooth_heights(heights, level, tiles, scale)
    above = (big - level) / (heights.max() - level)
    land = np.stack([np.interp(above, list(TERRAIN), part) for part in zip(*TERRAIN.values(), strict=True)], axis=-1)
    land = LightSource(315, 40).shade_rgb(land, big, vert_exag=6 * scale, fraction=1.0, blend_mode="soft")
    deep = np.clip(-above * 1.4, 0, 1)[..., None]
    image = np.where(above[..., None] > 0, land, np.array(SEA) * (1 - 0.45 * deep))

    def smooth(mask, width):
        return gaussian_filter(mask.repeat(scale, 0).repeat(scale, 1).astype(float), width)

    way, bridge = smooth((tiles == ROAD) | (tiles == BRIDGE), scale / 3) > 0.3, smooth(tiles == BRIDGE, 1) > 0.3
    image[binary_dilation(way)] = (0.35, 0.27, 0.2)
    image[way] = (0.98, 0.94, 0.82)
    image[way & bridge] = (0.72, 0.42, 0.25)
    for row, column in np.argwhere(tiles == HOUSE) * scale:
        image[row : row + scale, column : column + scale] = (0.25, 0.12, 0.12)
        image[row : row + scale - 1, column : column + scale - 1] = (0.80, 0.25, 0.2)
    return np.clip(image, 0, 1)


# --- measuring --------------------------------------------------------------------------------------------------------

PLANTS = {  # what nobody should hear, by how it is hidden; written before the gate was tried on it
    "words from elsewhere": (
        "You are a stupid loser , Ada .",
        "Buy the blue backpack today , only 29 euros .",
        "Visit www.example.com for free coins , Hugo .",
        "I hate people like you , Finn .",
        "Raises an exception if there is none .",
        "Call me tonight at 555 0199 , Cleo .",
    ),
    "in disguise": (
        "You are one step away s t u p i d .",
        "You аre stuck by order , Ada .",  # the first a of "are" is Cyrillic
        "Room solved\u200b by me , Finn . No tricks .",
        "No tr1cks . Ada , you are stuck at once .",
        "NO TRICKS . Dov , you are stuck at once .",
        "Stay where you are ; Gita , or else .",
    ),
    "known words, another meaning": (
        "My hand is at your heart , Ada . Something is wrong .",
        "I am watching you sleep , Esme . No tricks .",
        "Bram , you are too old for this game . It is late .",
        "I know every step you walked , Cleo . Well, well .",
        "That box is your home , Finn . Stay where you are .",
        "Time is racing , Hugo . The night never happened .",
    ),
}


def plants():
    """Return [(kind, wish, line)]: PLANTS, and right lines of another situation, which would tell what is not so."""
    found = [
        (kind, (next((name for name in VISITORS if name in line), "Ada"), "stern", "stuck"), line)
        for kind, lines in PLANTS.items()
        for line in lines
    ]
    rng, situations = np.random.default_rng(5), list(BODIES)
    for name, mood, situation, line in grammar_rows(1, 6, UNHEARD):
        other = situations[(situations.index(situation) + int(rng.integers(1, len(BODIES)))) % len(BODIES)]
        found.append(("another situation", (name, mood, other), line))
    return found


def group_interval(values, groups, resamples=2000, seed=0):
    """Return (mean, least, most): the mean over groups of the means of ``values``, with its 95 % interval.

    Whole groups are drawn again (percentiles): lines of one pair, and games in one room, are alike.
    """
    means = np.array([np.mean(np.asarray(values)[np.asarray(groups) == one]) for one in sorted(set(groups))])
    drawn = means[np.random.default_rng(seed).integers(len(means), size=(resamples, len(means)))].mean(1)
    return (float(means.mean()), *(float(end) for end in np.quantile(drawn, (0.025, 0.975))))


def held_out_wishes(times=4):
    """Return the wishes (name, mood, situation) of all held-out pairs for every name, each ``times`` times."""
    return [(name, *pair) for pair in UNHEARD for name in VISITORS for _ in range(times)]


def without_name(line):
    """Return a line with one sign for every name."""
    return " ".join("<name>" if word in VISITORS else word for word in line.split())


LINE_MEASURES = ("as asked", "word gate", "pair gate", "distinct", "repeated")


def lines_table(written, rows, wishes, reader, pairs):
    """Return {who: {measure: (share, least, most)}} of {who: lines}; intervals are over the held-out pairs.

    ``as asked``: name, mood and situation are read as wished; the two gates: it is let through; ``distinct``: no line
    before says the same, names aside; ``repeated``: the line, names aside, is one of training.
    """
    groups, known = [f"{mood}, {situation}" for _, mood, situation in wishes], {without_name(row[3]) for row in rows}
    table = {}
    for who, lines in written.items():
        bare = [without_name(line) for line in lines]
        first = [bare.index(line) == k for k, line in enumerate(bare)]
        asked = read_as_asked(reader, lines, wishes).all(1)
        measures = {
            "as asked": asked,
            "word gate": asked & in_known_words(lines, pairs),
            "pair gate": asked & in_known_words(lines, pairs, strict=True),
            "distinct": first,
            "repeated": [line in known for line in bare],
        }
        table[who] = {name: group_interval(values, groups) for name, values in measures.items()}
    return table


def all_lines(network, words, rows, wishes, seed=0):
    """Return {who: lines} for the wishes: the grammar itself, which no studio would have, the network, three rivals."""
    rng = np.random.default_rng(seed + 100)
    return {
        "the grammar": [grammar_line(*wish, rng) for wish in wishes],
        "network": write_lines(network, words, wishes, seed),
        "spliced": spliced_lines(rows, wishes, seed),
        "three-word counts": ngram_lines(rows, wishes, seed),
        "at random": random_lines(rows, wishes, seed),
    }


def gates_let_through(reader, pairs):
    """Return {kind of plant: [let through by the word gate, by the pair gate, planted]}.

    Hand-written plants are said to be wished for as the reader reads them: the case that suits them best.
    """
    kinds, wishes, said = zip(*plants(), strict=True)
    wishes = [
        wish if kind == "another situation" else (wish[0], *(reader[what].predict([line])[0] for what in reader))
        for kind, wish, line in zip(kinds, wishes, said, strict=True)
    ]
    through = [released_lines(said, wishes, reader, pairs, strict) for strict in (False, True)]
    return {
        kind: [*(int(gate[np.array(kinds) == kind].sum()) for gate in through), kinds.count(kind)]
        for kind in dict.fromkeys(kinds)
    }


def _store(**values):
    common.add(STORE, values, functools.partial(json.dumps, indent=1, sort_keys=True))


def town_measures(seed, way):
    """Return what `checked_map` says of a map, its tiles of road, their slope, and the slope of the spectrum."""
    heights, level, sites, roads, tiles = town(seed, way)
    said = checked_map(tiles, heights, level, sites)
    length = int(((tiles == ROAD) | (tiles == BRIDGE)).sum())
    return said | {"tiles": length, "slope": steepness(roads, heights), "spectrum": measured_slope(heights)}


def maps(count=200):
    """Store the measures of ``count`` towns by each of ROAD_WAYS, and of landscapes of five other slopes."""
    towns = {way: [town_measures(seed, way) for seed in range(count)] for way in ROAD_WAYS}
    table = {
        way: {
            name: [row[name] if isinstance(row[name], bool) else round(row[name], 5) for row in rows]
            for name in rows[0]
        }
        for way, rows in towns.items()
    }
    asked = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
    spectra = [
        [round(measured_slope(landscape(MAP_SIDE, one, np.random.default_rng(1000 + k))), 4) for k in range(60)]
        for one in asked
    ]
    _store(maps=table, spectra={str(one): values for one, values in zip(asked, spectra, strict=True)})


def guard(train=60, test=200):
    """Store the chances of every guard on rooms that it has not seen, with times, for five trainings."""
    rooms, others = guard_rooms(train, 0), guard_rooms(test, 1)
    begin = time.process_time()
    model = learn_guard(rooms)
    took = time.process_time() - begin
    table = [guards_on(hall, model) for hall in others]
    levels = shipped_levels(runtime.shipped("levels", "sokoban.txt").read_text(encoding="utf-8"))
    drawn, left_out = level_rooms({name: level for name, (level, _) in levels.items()})
    begin = time.process_time()
    for hall in others:
        hall.value()
    exact = (time.process_time() - begin) / test
    more = [learn_guard(guard_rooms(train, 10 + k)) for k in range(5)]
    more = [np.mean([guards_on(hall, one)["has learnt"] for hall in others[:60]]) for one in more]
    _store(
        guards={name: [round(row[name], 5) for row in table] for name in table[0]},
        guard_seconds={"learning": round(took, 2), "exact values of a room": round(exact, 5)},
        guards_in_levels={name: guards_on(hall, model) for name, hall in drawn.items()},
        levels_left_out=left_out,
        guard_trainings=[round(float(one), 4) for one in more],
    )


def load_lines():
    """Return (network, words, rows): the trained writer of lines, its words, and the lines that it learnt from."""
    rows = heard_rows()
    words = Words(line for *_, line in rows)
    network = line_network(words)
    network.load_weights(runtime.shipped("pretrained", "guard_lines.weights.h5"))
    return network, words, rows


def lines():
    """Train the network, and store the measures of its lines and of its rivals' on held-out pairs, and the gate's."""
    runtime.start(0)
    begin = time.process_time()
    train_lines()
    took = time.process_time() - begin
    network, words, rows = load_lines()
    reader, pairs, wishes = line_reader(), known_pairs(rows), held_out_wishes(times=10)
    table = lines_table(all_lines(network, words, rows, wishes), rows, wishes, reader, pairs)
    let = gates_let_through(reader, pairs)
    _store(lines=table, plants=let, lines_seconds=round(took, 1))


def markdown(result):
    """Return the section of benchmarks/README.md that scenery.json is good for."""
    towns = "\n".join(
        f"| {way} | " + " | ".join(f"{np.mean(rows[name]):.3f}" for name in ("joined", "dry", "buildable")) + " | "
        f"{np.mean(rows['tiles']):.0f} | {np.mean(rows['slope']):.4f} |"
        for way, rows in result["maps"].items()
    )
    chances = "\n".join(f"| {name} | {np.mean(values):.3f} |" for name, values in result["guards"].items())
    said = "\n".join(
        f"| {who} | " + " | ".join(f"{values[name][0]:.3f}" for name in LINE_MEASURES) + " |"
        for who, values in result["lines"].items()
    )
    count = len(result["maps"]["least cost"]["joined"])
    return f"""## Around a level

From `scenery.json`, for notebook 15. {count} towns of each kind, shares that pass a check of the finished picture:

| roads | joined | dry | buildable | tiles of road | slope |
|---|---|---|---|---|---|
{towns}

A guard against a thief, in {len(result["guards"]["best"])} rooms that it did not learn on; exact chance of a catch:

| guard | chance |
|---|---|
{chances}

Lines for moods and situations that never came together in training; shares:

| writer | {" | ".join(LINE_MEASURES)} |
|---|---|---|---|---|---|
{said}

Trained in {result["lines_seconds"]:.0f} s of one core.
"""


STAGES = (maps, guard, lines)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for name in sys.argv[1:] or [""]:
        stages.get(name, lambda: sys.exit(__doc__))()
