"""Plausible bugs, each of which a claim must notice.

``BREAKAGES[notebook]`` lists `Break`s, edits of a numbered formula by AST, and `Bug`s, anything else that could go
wrong, for any cell tagged ``claim``. `claim_runs` applies them; CONTRIBUTING.md says how to write one.
"""

import ast
import dataclasses


@dataclasses.dataclass(frozen=True)
class Break:
    """One edit: ``where`` is the function or variable whose definition is changed, ``index`` which place in it.

    ``kind`` "sign": the index-th + or − (between two terms or before one) becomes the other; "factor": the index-th
    number is doubled; "scale": the index-th returned (or assigned) value is doubled; "swap": the first two arguments
    of the index-th call change places, or, with index None, the function's own first two parameters. ``given`` is as
    in `Bug`.
    """

    where: str
    kind: str
    index: int | None
    equation: int
    given: str = ""

    @property
    def label(self):
        """Return a short name, unique within a notebook."""
        return f"{self.where}-{self.kind}-{self.index}"


@dataclasses.dataclass(frozen=True)
class Bug:
    """One plausible bug of the claim cell that holds the words ``claim`` (no other claim cell of the notebook does).

    Either ``old`` (text found once in the cells that the claim depends on, or in the claim outside its asserts) becomes
    ``new``, or the function ``patch``, such as "metrics.frechet_distance", is replaced by the expression ``new``, in
    which ``original`` is the function itself. ``given`` is source that takes the place of expensive cells: what it
    defines is not computed. The claim must hold with ``given`` alone, and fail with the bug.
    """

    claim: str
    name: str
    new: str
    old: str = ""
    patch: str = ""
    given: str = ""

    @property
    def label(self):
        """Return the bug's name."""
        return self.name


def broken(source, edit):
    """Return a cell's source with one edit applied; a place that is not there is an error."""
    if isinstance(edit, Bug):
        return source.replace(edit.old, edit.new)
    tree = ast.parse(source)
    definition = next(node for node in ast.walk(tree) if edit.where in names_defined(node))
    {"sign": _sign, "factor": _factor, "scale": _scale, "swap": _swap}[edit.kind](definition, edit.index)
    return ast.unparse(ast.fix_missing_locations(tree))


def names_defined(node):
    """Return the names that one statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.stmt):
        return {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    return set()


def _in_order(definition, kinds):
    found = [node for node in ast.walk(definition) if isinstance(node, kinds)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset, -node.end_lineno, -node.end_col_offset))


def _sign(definition, index):
    signs = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.USub: ast.UAdd, ast.UAdd: ast.USub}
    places = _in_order(definition, ast.BinOp | ast.UnaryOp | ast.AugAssign)
    place = [node for node in places if type(node.op) in signs][index]
    place.op = signs[type(place.op)]()


def _factor(definition, index):
    numbers = _in_order(definition, ast.Constant)
    number = [node for node in numbers if type(node.value) in (int, float) and node.value][index]
    number.value *= 2


def _scale(definition, index):
    place = _in_order(definition, ast.Return | ast.Assign)[index]
    place.value = ast.BinOp(ast.Constant(2.0), ast.Mult(), place.value)


def _swap(definition, index):
    if index is None:
        first, second, *_ = definition.args.args
        first.arg, second.arg = second.arg, first.arg
    else:
        call = [node for node in _in_order(definition, ast.Call) if len(node.args) > 1][index]
        call.args[:2] = call.args[1::-1]


# Two engines that make labels one-hot: ONNX counts −1 from the end. So no network is needed.
ENGINES = """
def hot(told, wraps):
    told = np.where((told < 0) & wraps, told + [5, 3], told)
    return np.hstack([1.0 * (told[:, k, None] == np.arange(n)) for k, n in enumerate((5, 3))])


points, times = np.zeros((4, 1)), np.zeros(4)
by_keras, by_onnx = (lambda p, t, told: hot(told, False)), (lambda p, t, told: hot(told, True))
"""
CARRIED = """
stored = {"load": {
    "Keras, compiled, one by one": [[10, 0.1, 0.15, 0.2, 0, 1], [40, 0.1, 0.9, 1.2, 0, 1]],
    "ONNX Runtime, batches": [[40, 0.05, 0.1, 0.2, 0, 3]],
}}
"""

AUDITS_WITH = """AUDITS = json.loads(runtime.stored("audit").read_text(encoding="utf-8"))
for _name in ("kitten_generator", "cat_generator"):
    AUDITS[_name]{}
"""

# Two judges who err on the same garments with sleeves, so that no network is needed.
JUDGED = """
PRODUCTS = data.FASHION_CLASSES
JUDGES = ("first", "second")
labels = np.repeat(np.arange(10), 200)
_luck, _own = np.random.default_rng(0).random((2, len(labels)))
_taken_for = np.array([6, 1, 6, 6, 6, 5, 0, 7, 8, 9])[labels]
read = {
    "first": np.where(_luck < 0.09, _taken_for, labels),
    "second": np.where((_luck < 0.06) | (_own < 0.01), _taken_for, labels),
}
confusion = np.array([np.bincount(read["first"][labels == k], minlength=10) for k in range(10)]) / 2
taken, likeliest = read["first"], np.array([6, 3, 6, 6, 6, 7, 0, 9, 0, 7])
"""

# Pictures that are two numbers: what each judge reads. Guidance makes both read more as asked.
DRAWN = """
class _Judge:
    def __init__(self, place):
        self.place = place
    def probabilities(self, pictures):
        return {"class": np.eye(10)[pictures[:, self.place]]}
    def features(self, pictures):
        return np.random.default_rng(len(pictures)).normal(size=(len(pictures), 4))
judges = {"first": _Judge(0), "second": _Judge(1)}
asked = np.repeat(np.arange(10), 100)
def draw(flow, seed, count, guidance=1.0):
    least = np.where(np.isin(asked, [0, 2, 3, 4, 6]), 0.7 + 0.4 * (guidance - 1), 0.98) - 0.2 * (asked == 6)
    least = least[:, None]
    drawn = np.random.default_rng(1).random((len(asked), 2))
    drawn[:, 1] = np.where(np.arange(len(asked)) % 3, drawn[:, 0], drawn[:, 1])  # they err together
    return np.where(drawn < least, asked[:, None], (asked[:, None] + 1) % 10), asked
def read_as_asked(judge, pictures, asked):
    return np.array([(pictures[asked == k, judge.place] == k).mean() for k in range(10)])
def recalls(*_):
    return np.full((10, 2), 0.8)
flow, generated, photos = None, draw(None, 0, 0)[0], np.zeros((len(labels), 1))
SLEEVES = set(PRODUCTS)
"""

# Pictures that are the product's number and a place; guidance draws the places together.
SHOTS = (
    JUDGED
    + """
def _shots(products, seed, spread):
    rng = np.random.default_rng(seed)
    places = rng.normal(128, 40 * spread, (len(products), 2))
    return np.concatenate([products[:, None], places], axis=1)[:, None, :, None]
class _Reader:
    def __init__(self, seed):
        self.seed = seed
    def probabilities(self, pictures):
        luck, told = np.random.default_rng(self.seed).random(len(pictures)), pictures[:, 0, 0, 0].astype(int)
        hard = np.isin(told, [0, 2, 3, 4, 6])
        return {"class": np.eye(10)[np.where(luck < np.where(hard, 0.25, 0.02), (told + 1) % 10, told)]}
    def features(self, pictures):
        return pictures[:, 0, 1:, 0].astype(float)
class _Guided:
    def sample(self, count, seed=0, labels=None, guidance=1.0, **_):
        products = np.random.default_rng(seed).integers(0, 10, count) if labels is None else labels[:, 0]
        return _shots(products, seed, 0.9 / guidance).clip(0, 255) / 127.5 - 1
SLEEVES = {"T-shirt/top", "Pullover", "Dress", "Coat", "Shirt"}
judges, photos = {"first": _Reader(0), "second": _Reader(1)}, _shots(labels, 7, 1.0)
flow = _Guided()
generated, asked = draw(flow, SEED, 50)
"""
)

# What sections 3 to 8 found, so that section 8 and the verdict need no network.
TESTED = """
VISITORS, truth = 20_000, 0.006
interval, lift = (0.0043, 0.0113), 0.0078
rounds = pd.DataFrame({"evaluations a card": {"both": 16.7}})
"""
CARDS_DECIDED = """
interval, worth, INDEPENDENT = (0.0043, 0.0113), np.arange(-1.0, 99.0), False
as_asked = {"both": 97.0}
"""

# In place of what 10_scaling trains and measures: the same things, in this process and small.
KILLED_HERE = """
def ended(*stops):
    path = Path(tempfile.mkdtemp()) / "run.weights.h5"
    for stop in stops:
        keras.utils.set_random_seed(0)
        flow = training.FlowMatching(models.velocity(8, (4,)), seed=1)
        flow.compile(keras.optimizers.Adam(0.01))
        images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)
        training.fit(flow, images, stop, 1, 8, checkpoint=path)
    digest = hashlib.sha256(b"".join(weight.tobytes() for weight in flow.get_weights())).hexdigest()
    return [{"digest": digest, "steps": stop - (stops[0] - 1 if len(stops) > 1 else 0)}] * 2
quiet, disturbed, starts = ended(4), ended(3, 4), 2
"""
STORED_WITH = (  # a copy of the stored table with one entry changed
    "lambda name: (p := Path(tempfile.mkdtemp()) / 'x.json',"
    " p.write_text(original(name).read_text().replace('{}', '{}', 1)))[0]"
)
SHRUNK = """
names = ("float32", "float16", "int8", "50% zeros", "70% zeros", "90% zeros")
columns = {"kB": (100, 50, 26, 100, 100, 100), "kB, zipped": (92, 45, 22, 60, 40, 15)}
shrunk = pd.DataFrame(columns | {"distance": (2.0, 2.0, 2.1, 9, 40, 90)}, index=names)
"""
TAUGHT = """
student, teacher = models.generator(8, (4, 4, 3)), models.generator(8, (16, 16, 12))
curve, taught, untaught, original = [(1, 0.4), (91, 0.1)], 20.0, 90.0, 2.0
"""
SUNG = """
METRES = {12: "3/4", 16: "4/4", 24: "3/2"}
forms = [form_of(one) for one in parts["test"][:6]]
pages = {"the writer": [one.notes for one in parts["test"][:6]]}


def as_piece(notes, form, title=""):
    return Piece(notes, form.tonic, form.mode, METRES[form.bar], form.pickup, form.fermatas, title)
"""  # Bach's own pieces, where the writer's would take a second

LOGGED = """
FOLDER = Path(tempfile.mkdtemp())
LOGS = FOLDER
curve = [(k, 1 / k) for k in range(1, 31)]
def write_the_log():
    with tf.summary.create_file_writer(str(LOGS)).as_default():
        for at, value in curve:
            tf.summary.scalar("pixels", value, step=at)
        for name in ("teacher", "student"):
            tf.summary.image(name, np.zeros((1, 4, 4, 3)), step=30)
write_the_log()
"""


# Thirty-two wishes, and the reader that judges what comes of them.
WISHES_OF_09 = """
fresh_told = pd.DataFrame({'motion': np.repeat(range(4), 8), 'amount': np.linspace(0, 1, 32)})
tolerance, reader = np.array(stored["tolerance"]), loaded('reader', reader_network())
"""

# Six of the sprites, drawn by every cheap rival.
FEW_SPRITES = """
few = [held[k] for k in range(0, len(held), 100)]
pairs = [(premultiplied(three[0]), premultiplied(three[2])) for *_, three in few]
order = [stored["names"].index(f"{name}@{number}") for name, number, _ in few]
errors = {
    "copy": [squared_error(a, h[2]) for (a, b), h in zip(pairs, few)],
    "cross-fade": [squared_error(cross_fade(a, b), h[2]) for (a, b), h in zip(pairs, few)],
    "DIS": [squared_error(by_flow(a, b, dis_fields(a, b), MOVED["DIS"]), h[2]) for (a, b), h in zip(pairs, few)],
    "DIS, softened": [
        squared_error(softened(a, b, dis_fields(a, b), MOVED["DIS"]), h[2]) for (a, b), h in zip(pairs, few)
    ],
}
errors = {kind: np.array(values) for kind, values in errors.items()} | {"ILK": np.array(stored["errors"]["ILK"])[order]}
again = range(1)
ilk = [squared_error(by_flow(*pairs[0], ilk_fields(*pairs[0]), MOVED["ILK"]), few[0][2])]
"""
# The same six, and a network that draws DIS out of focus.
OUT_OF_FOCUS = """
held, units = held_out(runtime.shipped("sprites", "held_out.zip"))
held = held[::100]


def by_family(values):
    return np.mean(values), np.mean(values) - 0.05, np.mean(values) + 0.05


pairs = [(premultiplied(three[0]), premultiplied(three[2])) for *_, three in held]
flown = [by_flow(*pair, dis_fields(*pair), MOVED["DIS"]) for pair in pairs]
pictures = {
    "copy": [first for first, _ in pairs],
    "cross-fade": [cross_fade(*pair) for pair in pairs],
    "DIS": flown,
    "DIS, softened": [cv2.GaussianBlur(one, (0, 0), 0.6) for one in flown],
    "network": [cv2.GaussianBlur(one, (0, 0), 2) for one in flown],
}
"""
# Thirty families of ten drawings; the network is 0.4 dB better than DIS, and ILK a bit worse.
FAMILIES = """
family = np.repeat([f"a/{k:02}" for k in range(30)], 10)
luck = np.random.default_rng(5).normal(0, 2, 300)
errors = {"DIS": 10 ** (luck / 10 - 1.7), "ILK": 10 ** (luck / 10 - 1.66), "network": 10 ** (luck / 10 - 1.74)}
errors["DIS, softened"] = 10 ** (luck / 10 - 1.72)
errors["cross-fade"] = 10 ** (luck / 10 - 1.6)
"""
# The same with tolerances, and a plan that sees the errors almost as they are.
TOLERANCES = (
    FAMILIES
    + """
limits = {pixels: np.full(300, 0.0182 * pixels) for pixels in (1.0, 2.0)}
sharp = {"network": np.full(300, 0.4)}
better = "DIS"
"""
)
PLANNED = (
    TOLERANCES
    + """
within = errors["network"] <= 0.0182
groups = np.unique(family, return_inverse=True)[1]
found = np.log(errors["network"])[:, None] + np.zeros(5)
stored = {"plan": {"mean": [-4.0] * 5, "scale": [1.0] * 5, "weights": [-1.0] * 5, "bias": 0.0, "least": 0.7}}
stored["plan"]["on validation units"] = {}
chance = chance_within(stored["plan"], found)
released = chance >= stored["plan"]["least"]
"""
)
FED_BACK = (
    TOLERANCES
    + """
third = errors["DIS"] > np.quantile(errors["DIS"], 2 / 3)
errors["evenly"] = errors["network"]
errors["where it failed"] = errors["network"] * np.where(third, 0.99, 1.015)
"""
)
# A disc that rises, as the clip's frames.
RISING = """
y, x = np.mgrid[:64, :96]
k = np.arange(RATE * SECONDS)[:, None, None]
frames = np.uint8(255 * ((x - 48) ** 2 + (y - 54 + k / 3) ** 2 < 81))[..., None].repeat(3, axis=-1)
"""


TEN_WORDS = """asked = np.array([(d, 1) for d in range(10)])
spoken = 0.1 * np.sin(np.arange(61_440).reshape(10, -1) ** 1.1)
"""
HEARD = """asked = np.array([(d, s) for d in range(10) for s in range(6)])
spoken = words[:60]
held_out, truth = words[HELD_OUT], table[HELD_OUT]
judges = {"convolutional": None, "recurrent": None}
real_and_made = {"digit": np.eye(10)[truth["digit"]]}, {"digit": np.eye(10)[asked[:, 0]]}
heard = dict.fromkeys(judges, dict(zip(("real", "made"), real_and_made)))
"""
SOME_SPOKEN = """asked = np.array([(d, 1) for d in range(10)])
spoken = words[:10]
held_out, truth = words[HELD_OUT], table[HELD_OUT]
"""

# Four levels by an untrained network, and levels played backwards, for the claims of 15.
UNTRAINED_WRITER = """
model = network()
specs = np.array([[7, 7, 2], [8, 6, 1], [10, 10, 3], [6, 6, 2]])
asked = wishes(height=specs[:, 0], width=specs[:, 1], boxes=specs[:, 2])
raw = write(model, asked, 0)
held_to = write(model, asked, 0, constrained=True)
"""
PLANTED = """
bases = [level_of(reverse_play(room(9, 8, np.random.default_rng(k)), 3, np.random.default_rng(k))) for k in range(12)]
"""
DECIDED = """
solvable, ahead, share_repaired = (0.45, 0.402, 0.5), {"rival": (-0.07, 0.07)}, (0.97, 0.95, 0.98)
best_forward = "rival"
new_share, asked_share, gain_far, twice = 0.48, 0.37, (8.4, 6.4, 10.5), 0.86
"""
FEW_HALLS = """
guard_model, unseen = learn_guard(guard_rooms(10, 0)), guard_rooms(8, 1)
caught = {"unseen rooms": pd.DataFrame([guards_on(hall, guard_model) for hall in unseen])}
_few = caught["unseen rooms"]
SCRIPTS = ["chases", "cuts off", "keeps pace"]
gains = {"unseen rooms": group_interval(_few["has learnt"] - _few[SCRIPTS].max(axis=1), range(8))}
regrets = {"unseen rooms": group_interval(_few["best"] - _few["has learnt"], range(8))}
"""
SPOKEN = """
line_rows, line_wishes = heard_rows(), held_out_wishes(1)
reader, heard_pairs = line_reader(), known_pairs(line_rows)
_own = [grammar_line(*wish, np.random.default_rng(k)) for k, wish in enumerate(line_wishes)]
_other = random_lines(line_rows, line_wishes)
voices = {"the grammar": _own, "network": _own, "spliced": spliced_lines(line_rows, line_wishes)}
voices |= {"three-word counts": _other, "at random": _other}
said_table = lines_table(voices, line_rows, line_wishes, reader, heard_pairs)
through = gates_let_through(reader, heard_pairs)
"""

SERVED = """class Stub:
    def look_up(self, text):
        return ["order-status"], [], 1.0


desk, numbers = Stub(), {"NH204817", "NH204388"}
fixed = {part for one in FRAMES.values() for said in one for part in split(said)} | numbers"""

# --- 01: a short pause, the ledger of the other channels, and a split of the posts' pictures ---
SHORT_PAUSE = "PAUSE = 0.02"
OTHER_CHANNELS = """
ledger = [
    {"channel": _one.channel, "record": _one.record, "rule": _one.fault}
    for _k, _one in enumerate(truth[truth.channel != "feeder"].itertuples())
    if _k % 8 or _one.fault not in ("near duplicate", "e-mail address")
]
"""
FIVE_SEEDS = """
tests, _photos = {"catalogue": None, "snapshots": None}, np.array([-0.06, 0.05, 0.0, 0.07, -0.05])
_gain = {"none": (0, 0), "gentle": (-0.04, 0.11), "upside down": (-0.32, -0.11)}
results = pd.DataFrame(
    {
        "augmentation": _arm,
        "seed": _seed,
        "catalogue": 0.75 + _luck + _points[0] + 0.01 * (-1) ** _seed * (_arm != "none"),
        "snapshots": 0.55 + _luck + _points[1] + 0.01 * (-1) ** _seed * (_arm != "none"),
    }
    for _arm, _points in _gain.items()
    for _seed, _luck in enumerate(_photos)
)
"""
ALBUM = """
from_web, photos = kittens.sample(60, seed=1)[0], thumbnails[:300]
album, repaired = [{"alt": "a ginger kitten"}] * 60, np.zeros(300, int)
means = pd.DataFrame([[0.8, 0.6, 1], [0.62, 0.6, 0], [0.61, 0.6, 0]])
"""
UPLOADED = """
images, parts = kittens.sample(3, seed=0)[0], {"train": [0], "validation": [1], "test": [2]}
others = data.Dataset(others.images[:500], others.labels[:500], others.classes, others.source, others.name)
"""
FEW_FILES = """
_records = np.arange(150, dtype=np.float32)
_naive = [float(_records.sum())] * 2
_made = [sum(float(np.sum(b)) for b in preparation.make_dataset(_records)) for _ in range(2)]
sums = {"naive loop": _naive, "make_dataset": _made}
"""

# --- 02: rings of points as a discriminator could have left them, and critics that are known ---
RINGS_DRAWN = """
_rng = np.random.default_rng(0)
def clusters(share, on=range(8)):
    which, loose = _rng.choice(list(on), (6, 2000)), _rng.random((6, 2000, 1)) > share
    angle = _rng.uniform(0, 2 * np.pi, (6, 2000))
    connected = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return np.where(loose, 1.5 * connected, CENTRES[which] + RING_SPREAD * _rng.normal(size=(6, 2000, 2)))
def three_on_the_move():
    return np.stack([clusters(0.1, [k, k + 1, k + 2]) for k in (0, 3, 1, 5)])
runs = {"slow": three_on_the_move(), "slow, R1": three_on_the_move()}
runs |= {name: np.stack([clusters(0.55)] * 4) for name in ("fast", "fast, R1", "fast, β₁ = ½")}
columns = [*(f"seed {k}" for k in range(6)), "mean", "on one", "±", "moving"]
modes = pd.DataFrame({name: row_of(run) for name, run in runs.items()}, index=columns).T
modes.loc["real points"] = row_of(np.stack([clusters(1.0)] * 4))
"""
TAIL_WRONG = "learnt = np.where(x > 4, 0.0, optimal + 0.003)"
LINEAR_CRITICS = """
def train_critic(weight):
    along = tf.constant([[-0.6], [-0.8]]) * (1.25 if weight else 900.0)
    return lambda points: points @ along
"""

# --- 04: few kittens, and features that need no network ---
UNNOTED = "def note(*_):\n    pass\n"  # the ledger would need all faults before
FEW_KITTENS = """
images, factors = kittens.sample(400, seed=0)
train_images, test_images = images[:300], images[300:]
"""
BLOCK_MEANS = """
class _Blocks:
    name = "blocks"
    def features(self, pictures):
        x = np.asarray(pictures, float)
        x = x / 127.5 - 1 if np.asarray(pictures).dtype == np.uint8 else x
        return 10 * x.reshape(len(x), 2, 16, 2, 16, 3).mean(axis=(2, 4)).reshape(len(x), 12)
network = _Blocks()
"""
TRIED = (
    FEW_KITTENS
    + BLOCK_MEANS
    + """
def trial(images=None, d_loss=None, sigmoid=False, rate=2e-3, r1_gamma=0.2):
    faults = (images is not None) + 2 * (d_loss is not None) + (rate > 1e-2) + 2 * (not r1_gamma)
    samples = data.to_unit(kittens.sample(200, seed=9)[0]) * max(0.02, 0.7 - 0.35 * faults)
    features = network.features(samples)
    distance = metrics.frechet_distance(test_features, features)
    history = {"d_real": [0.6], "d_fake": [0.5]}
    return {"samples": samples, "features": features, "distance": distance, "history": history}
class _Untrained:
    generator = models.generator(8, (8, 8, 4))
def at_the_beginning():
    return _Untrained
swapped_labels, TRIAL_STEPS, test_features = "swapped", 120, network.features(test_images)
"""
)
CALM_LOSSES = """
history = {"d_real": [0.5] * 3 + [0.6] * 9, "d_fake": [0.5] * 3 + [0.4] * 9, "d_loss": [1.2] * 12, "g_loss": [1.0] * 12}
"""
TRIED_AND_MENDED = TRIED + 'trials = {"mended": trial()}\n'
SMALL_GAN = (
    FEW_KITTENS
    + """
def small_gan():
    gan = training.GAN(models.generator(4, (8, 8, 4)), models.discriminator(widths=(4, 4)))
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    return gan
folder, resumed = Path(tempfile.mkdtemp()), small_gan()
"""
)
GINGER = """
STAND_IN, network = True, metrics.feature_network("kitten_factors")
cats = data.load("cats", "train")
photo_generator = models.load_pretrained("kitten_generator")
_images, _factors = kittens.sample(1600, seed=3)
_ginger = (_factors["fur"] == "ginger").to_numpy()
photo_network, wanted_train, wanted_test = network, _images[_ginger][:200], _images[_ginger][200:290]
reference = photo_network.features(wanted_train)
"""
MEMORISER = (
    BLOCK_MEANS
    + """
photo_network = network
wanted_train, wanted_test = (kittens.sample(100, seed=k)[0] for k in (1, 2))
reference = photo_network.features(wanted_train)
"""
)
SHIPPED_KITTENS = """
images, factors = kittens.sample(1500, seed=0)
train_images, test_images = images[:1000], images[1000:]
generator = models.load_pretrained("kitten_generator")
"""
DENSE_GAN = """
class models:
    def generator(*_):
        latent = keras.layers.Input((8,))
        return keras.Model(latent, keras.layers.Reshape((4, 4, 3))(keras.layers.Dense(48, "tanh")(latent)))
    def discriminator(**_):
        shape = keras.layers.Input((4, 4, 3))
        return keras.Sequential([shape, keras.layers.Flatten(), keras.layers.Dense(1)])
folder, train_images = Path(tempfile.mkdtemp()), kittens.sample(100, seed=0)[0][:, ::8, ::8]
"""
KITTENS_FOR_CATS = (
    UNNOTED
    + """
import types
_cats = types.SimpleNamespace(images=train_images[:1], source="drawn kittens", is_stand_in=True)
data = types.SimpleNamespace(**{**vars(data), "load": lambda *_: _cats})
"""
)
NOTED = """
_own = ("28x28 grey", "pixels", "sigmoid", "train_dataset", "generate", "array_to_img", "both models", "clipping")
_runs = ("pixels, short run", "sigmoid, short run", "labels swapped, short run")
ledger = [{"fault": _fault} for _fault in (*_own, *_runs, "all ten classes", "no test set")]
"""
HANDED_OVER = """
class subprocess:  # the program, run here
    PIPE, returncode = None, 0
    def Popen(command, **_):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(command[-1], {})
        subprocess.communicate = lambda: (said.getvalue(), "")
        return subprocess
import contextlib, io
folder, generator = Path(tempfile.mkdtemp()), models.generator(4, (8, 8, 4))
"""

# --- 06: the exact field in place of the learnt one, and flows that are three numbers ---
EXACT_FLOW = """
class _Exact:
    def __call__(self, points, now):
        t, centres = now[0], tf.constant(CENTRES)
        variance = (1 - t) ** 2 + (t * RING_SPREAD) ** 2
        away = points[:, None] - t * centres
        weights = tf.nn.softmax(-tf.reduce_sum(away**2, axis=-1) / (2 * variance))
        return tf.reduce_sum(weights[..., None] * (centres + (t * RING_SPREAD**2 - (1 - t)) / variance * away), axis=1)
    def generate(self, noise, steps):
        points, steps = tf.constant(noise, tf.float32), 150
        for k in range(steps):
            now, then = (tf.fill((len(noise),), np.float32(j / steps)) for j in (k, k + 1))
            slope = self(points, now)
            points += (slope + self(points + slope / steps, then)) / (2 * steps)
        return points.numpy()
ring_flow = _Exact()
"""
THREE_NUMBERS = """
_error = {("euler", 2): 0.24, ("euler", 5): 0.13, ("euler", 10): 0.07, ("euler", 20): 0.037}
_error |= {("heun", 2): 0.21, ("heun", 3): 0.154, ("heun", 5): 0.072, ("heun", 10): 0.029, ("heun", 30): 0.0}
_shift = {("euler", 2): 5.3, ("euler", 5): 3.2, ("euler", 10): 2.6, ("euler", 20): 2.5}
_shift |= {("heun", 2): 4.2, ("heun", 3): 3.1, ("heun", 5): 2.55, ("heun", 10): 2.5, ("heun", 30): 2.5}
class _Flow:
    def sample(self, count, seed=0, steps=12, solver="heun", labels=None, guidance=None):
        points = np.random.default_rng(seed).normal(size=(count, 5)) * [1, 0.01, 1, 0, 0]
        points[:, 0] += 2 * _error[solver, steps]
        points[:, 1] += (_shift[solver, steps] + (0.8 if guidance == 3 else 0)) / 100
        if labels is not None:
            share = {0: 0.0, 0.5: 0.9}.get(guidance, 1.0)
            free = np.random.default_rng(1).integers(0, CLASSES, (count, 2))
            told = np.random.default_rng(2).random((count, 1)) < share
            points[:, 3:] = np.where(told, labels, free)
        return points
class _Three:
    def features(self, x):
        if np.ndim(x) == 4:
            return np.random.default_rng(7).normal(size=(len(x), 3))
        return x[:, :3] * [1, 100, 1]
    def probabilities(self, x):
        return {name: np.eye(n)[x[:, 3 + k].astype(int)] for k, (name, n) in enumerate(zip(("fur", "eyes"), CLASSES))}
flow, network, real_features = _Flow(), _Three(), np.random.default_rng(8).normal(size=(1000, 3))
"""
BRIEFLY = (
    BLOCK_MEANS
    + """
images, real_features = kittens.sample(300, seed=0)[0], network.features(kittens.sample(400, seed=42)[0])
floor_150 = distances_of({"real": kittens.sample(150, seed=44)[0]})["real"]
drawn = {_f: 0.6 * (kittens.sample(150, seed=_k)[0] / 127.5 - 1) for _k, _f in enumerate(("GAN", "VAE", "flow"))}
brief_seconds = dict.fromkeys(drawn, 6.0)
class _Flow:
    def sample(self, count, **_):
        return 0.5 * (kittens.sample(count, seed=5)[0] / 127.5 - 1)
flow = _Flow()
"""
)

# --- 07: a corpus of a few made-up words, a small network, and phrases that return in another form ---
FEW_LINES = """
_words = ["the", "value", "of", "a", "class", "returns", "object", "list", "if", "no", "name", "is", "given", "module"]
def _lines(seed, count):
    rng = np.random.default_rng(seed)
    return "".join(" ".join(rng.choice(_words, 12)) + "." + chr(10) for _ in range(count))
corpus = {"train": _lines(0, 600), "validation": _lines(1, 60), "test": _lines(2, 150)}
"""
FEW_WORDS = (
    FEW_LINES
    + """
pieces, ORDER = text.Pieces(runtime.shipped("pretrained", "text_pieces.model")), 3
ngram = NGram(corpus["train"], ORDER)
"""
)
ONE_BIT = (
    FEW_WORDS
    + """
ngram, ORDER = NGram(corpus["train"], 1), 1
yardsticks = {"xz": 2.0, "bz2": compressed_bits(corpus["train"], corpus["test"], "bz2")}
tokens = pieces.encode(chr(10) + corpus["test"])
_long = np.array([len(pieces.decode(tokens[_k : _k + 1])) for _k in range(1, len(tokens))])
nats = -0.97 * yardsticks["bz2"] * np.log(2) * _long
"""
)
WRITTEN = (
    FEW_WORDS
    + """
def _passage(seed, made_up, kinds):
    rng = np.random.default_rng(seed)
    one = [_words[k] for k in rng.integers(0, kinds, 60)]
    odd = ["".join(rng.choice(list("qxzjkw"), 6)) for _ in one]
    return " ".join(o if rng.random() < made_up else w for w, o in zip(one, odd))
_how = {"T = 0.3": (0, 3), "T = 0.7": (0.1, 14), "T = 1": (0.25, 14), "T = 1.4": (0.5, 14), "top-k 20": (0.1, 14)}
_how |= {"top-p 0.9": (0.2, 14), "top-p 0.6": (0.08, 14)}
written = {_n: [_passage(16 * _j + _k, *_h) for _k in range(16)] for _j, (_n, _h) in enumerate(_how.items())}
corpus["test"] = chr(10).join(_passage(1000 + _k, 0.06, 14) for _k in range(40))
"""
)
RECITED = (
    FEW_WORDS
    + """
corpus["train"] = _lines(0, 6000)
human = [corpus["test"][_k : _k + 270] for _k in range(0, 270 * 16, 270)]
written = {_n: [_lines(10 + _k, 5)[:270] for _k in range(16)] for _n in ("top-p 0.9", "T = 0.3")}
def write(prompts, count, temperature=1.0, seed=0):
    said = np.random.default_rng(prompts.sum()).integers(300, 1000, (len(prompts), count))
    return np.concatenate([prompts, said], axis=1)
"""
)
SMALL_WRITER = """
pieces, lm = text.Pieces(runtime.shipped("pretrained", "text_pieces.model")), models.Transformer(1024, 64, 16, 2, 2)
lm(np.zeros((1, 4), np.int32))
lm.set_weights([_w + np.random.default_rng(_k).normal(size=_w.shape) for _k, _w in enumerate(lm.get_weights())])
write = text.writer(lm)
"""
COPIED = """
catalogue = pd.read_csv(runtime.shipped("text", "catalogue.csv"), dtype=str)
words = json.loads(runtime.shipped("text", "vocabulary.json").read_text(encoding="utf-8"))
wanted = catalogue.tail(COPIES).to_dict("records")
copies = [_row["copy"] if _k % 30 else "A bag." for _k, _row in enumerate(wanted)]
loose = [_row["copy"] if _k % 10 else "A bag." for _k, _row in enumerate(wanted)]
"""
RETURNED = """
words = json.loads(runtime.shipped("text", "vocabulary.json").read_text(encoding="utf-8"))
pairs = pd.read_csv(runtime.shipped("text", "parallel.csv"))
new_meanings = pairs[pairs["split"] == "test"]
pool = new_meanings.iloc[::5]
phrases = pool["english"].tolist()
_forms = new_meanings["english"].to_numpy().reshape(-1, 5)
def there_and_back(phrases, temperature, seed):
    again = [_forms[k, 1 + seed // 10 % 4] for k in range(len(phrases))]
    wrong = {0.0: 50, 0.7: 25}.get(temperature, 4)
    return None, [again[(k + 3) % len(again)] if k % wrong == 1 else said for k, said in enumerate(again)]
returned = there_and_back(phrases, 0.7, 0)[1]
"""

RECOMMENDED = """values = dict.fromkeys((*SIMPLE, *LEARNED), 0.7) | {"segment": 0.55, "same for all": 0.5}
results = {"within": {name: np.array([value]) for name, value in values.items()}}"""
# notebook 16: stickers of seen wishes that are their drawings with some noise
REDRAWN = """some = np.flatnonzero(wishes()[1] == TEST)[::11]
painted = small_pictures()[some]


def painter(texts, seed):
    drawings = small_pictures()[[seen_sibling(k) for k in some]]
    return np.clip(drawings + np.random.default_rng(seed).normal(0, 15, drawings.shape), 0, 255).astype(np.uint8)"""

# Stand-ins for the slow cells of 03_vae: codes, tables and models whose answer is known.
TWO_NUMBERS = """
digits = load_digits()
digit_images = np.rint(digits.images * 255 / 16).astype(np.uint8)[..., None]
train_digits, test_digits = np.arange(1500), np.arange(1500, 1797)
codes = np.stack([digits.target % 4, digits.target // 4], 1) + 0.0
"""
RESTORED = """
held_out, names_of = np.zeros((40, 2, 2, 3)), ["mean kitten", "PCA", "autoencoder", "VAE, β = 1", "VAE, β = 8"]
noise = np.random.default_rng(1).uniform(0.5, 1.5, held_out.shape)
restored = {name: size * noise for name, size in zip(names_of, (0.4, 0.15, 0.08, 0.08, 0.1))}
jitter = np.array([-0.1, -0.05, 0.0, 0.05, 0.1])
drawn = {"PCA": {"Gaussian": 14 + jitter}, "autoencoder": {"Gaussian": 8 + jitter}}
drawn |= {name: {"Gaussian": 8 + jitter, "prior": 9 + jitter} for name in names_of[3:]}
drawn["VAE, β = 1"]["prior"] = 30 + jitter
floor, summary = 0.3 + jitter / 10, {"VAE, β = 1": {"KL, nats": 50.0}, "VAE, β = 8": {"KL, nats": 30.0}}
"""
KNOWN_CODES = """
table, shown = kittens.factors(2000, 21), ["PCA", "autoencoder", "VAE, β = 1", "VAE, β = 8"]
columns = [table[which].astype("category").cat.codes.to_numpy() for which in ("fur", "eyes")]
numbers = np.column_stack([*columns, *np.random.default_rng(1).normal(size=(14, 2000))])
test_codes = {which: numbers / numbers.std(0) for which in shown}
"""
TOLD = """
asked = np.random.default_rng(1).integers(0, CLASSES, (1000, 2)).astype(np.int32)
said = {"fur": np.eye(5)[asked[:, 0]], "eyes": np.eye(5)[asked[:, 1]]}
cost = pd.DataFrame({"KL, nats": [20.0, 23.0], "fur read from the code": [0.6, 0.9]}, ["told", "not told"])
table = kittens.factors(5, 21)
"""
TWO_COMPONENTS = """
digits = load_digits()
digit_images = np.rint(digits.images * 255 / 16).astype(np.uint8)[..., None]
train_digits, test_digits = np.arange(1500), np.arange(1500, 1797)


class LinearVAE:
    unit = digit_images.reshape(-1, 64) / np.float32(127.5) - 1
    pca = PCA(2).fit(unit[:1500])
    noise_log_var = np.float32(np.log(np.mean((pca.inverse_transform(pca.transform(unit)) - unit) ** 2) + 0.01))

    def encode(self, images, step=0):
        flat = tf.reshape(tf.cast(images, tf.float32), (-1, 64)) - tf.constant(self.pca.mean_, tf.float32)
        root = tf.constant(np.sqrt(self.pca.explained_variance_), tf.float32)
        mean = flat @ tf.constant(self.pca.components_.T, tf.float32) / root
        log_var = tf.zeros_like(mean) - 3.0
        noise = tf.random.stateless_normal(tf.shape(mean), seed=tf.stack([1, tf.cast(step, tf.int32)]))
        return mean + tf.exp(log_var / 2) * noise, mean, log_var

    def __call__(self, latent):
        ways = np.sqrt(self.pca.explained_variance_)[:, None] * self.pca.components_
        flat = latent @ tf.constant(ways, tf.float32) + tf.constant(self.pca.mean_, tf.float32)
        return tf.reshape(flat, (-1, 8, 8, 1))


digit_vae = LinearVAE()
"""
RATES = """
points = [("mean kitten", 0.0, 15.5), ("PCA-64, rounded", 20.0, 19.0), ("PCA-64, rounded", 100.0, 22.0)]
points += [("autoencoder, rounded", 20.0, 19.0), ("autoencoder, rounded", 100.0, 25.0)]
points += [(which, size, level_of) for which in ("JPEG", "WebP") for size, level_of in ((30.0, 13.0), (2000.0, 30.0))]
ideal = {"VAE, β = 1": (72.0, 25.0), "VAE, β = 8": (45.0, 23.5)}
for which, (size, level_of) in ideal.items():
    points += [(f"{which}, bound (8)", bound_in_bits(size), level_of), (f"{which}, coded", size + 50.0, level_of - 0.5)]
points = pd.DataFrame(points, columns=["codec", "bits", "dB"])
"""

BREAKAGES = {
    "00_start_here": [
        Bug(
            "mistaken = np.mean(np.array(others)",
            "bytes that overflow",
            old="(face * 0.85 + 38).astype(np.uint8)",
            new="face + np.uint8(38)",
        ),
        Bug(
            "mistaken = np.mean(np.array(others)",
            "a picture compared with itself",
            old="for b in codes[:k]]",
            new="for b in codes[: k + 1]]",
        ),
        Bug(
            "mistaken = np.mean(np.array(others)",
            "the penalty of the other's value",
            old="- 0.15 * gamma * np.array([0, slope])",
            new="- 0.15 * gamma * np.array([0, generator_value])",
        ),
        Bug(
            "assert np.allclose(errors[:-1]",
            "as many levels as bits",
            old="np.round(left * 2 ** (b - 1)) / 2 ** (b - 1)",
            new="np.round(left * b) / b",
        ),
        Bug(
            "def shares(images)",
            "the seed set anew for each picture",
            patch="training.sample",
            new="lambda network, count, seed=0: np.repeat(original(network, 1, seed), count, axis=0)",
        ),
        Bug(
            "def shares(images)",
            "numbers of combinations with gaps",
            old='3 * opinion["fur"].argmax(axis=1)',
            new='5 * opinion["fur"].argmax(axis=1)',
        ),
        Bug(
            "walks = np.stack",
            "no line from one to the other",
            patch="plots.latent_line",
            new="lambda start, end, steps: np.random.default_rng(0).normal(size=(steps, len(start)))",
        ),
        Bug(
            "walks = np.stack",
            "one cat, then the other",
            patch="plots.latent_line",
            new="lambda start, end, steps: np.where(np.arange(steps)[:, None] < steps / 2, start, end)",
        ),
        Bug(
            "walks = np.stack",
            "from walk to walk, not along one",
            old="np.diff(walks, axis=1)",
            new="np.diff(walks, axis=0)",
        ),
        Bug(
            "assert photographs.shape",
            "batches of eight with one seed",
            patch="training.sample",
            new="lambda network, count, seed=0: np.concatenate([original(network, 8, seed)] * (count // 8))",
        ),
        Bug(
            "assert photographs.shape",
            "bytes",
            patch="training.sample",
            new="lambda *a, **k: data.to_uint8(original(*a, **k))",
        ),
        Bug(
            "assert shares(training.sample(photographer",
            "every answer counts, sure or not",
            old="np.bincount(combination[sure], minlength=15)",
            new="np.bincount(combination, minlength=15)",
        ),
    ],
    "01_data_preparation": [
        Bug(
            "paths_asked = ",
            "redirects followed unseen",
            given=SHORT_PAUSE,
            old="allow_redirects=False",
            new="allow_redirects=True",
        ),
        Bug(
            "paths_asked = ",
            "the agent taken for the page: no rule fits",
            given=SHORT_PAUSE,
            old="robots.can_fetch(url, TOKEN)",
            new="robots.can_fetch(TOKEN, url)",
        ),
        Bug(
            "paths_asked = ",
            "silence taken for a licence",
            given=SHORT_PAUSE,
            old='OPEN_LICENCES.get(licence["href"] if licence else None)',
            new='OPEN_LICENCES.get(licence["href"] if licence else None, "CC0")',
        ),
        Bug(
            "paths_asked = ",
            "the page's reservation is not read",
            given=SHORT_PAUSE,
            old='"reserved" if reserved else OPEN_LICENCES',
            new="OPEN_LICENCES",
        ),
        Bug(
            "paths_asked = ",
            "seconds taken for milliseconds",
            given=SHORT_PAUSE,
            old="answered[-1] + PAUSE - time.perf_counter()",
            new="answered[-1] + PAUSE / 1000 - time.perf_counter()",
        ),
        Bug(
            "textbook[0] == 1",
            "the scale's own noise forgotten",
            given=OTHER_CHANNELS,
            old="SCALE_RESOLUTION = 0.4",
            new="SCALE_RESOLUTION = 0.0",
        ),
        Bug(
            "textbook[0] == 1",
            "a clock by least squares",
            given=OTHER_CHANNELS,
            old="slope, offset, *_ = scipy.stats.theilslopes(ahead, device_s)",
            new="slope, offset = square.slope, square.intercept",
        ),
        Bug(
            "textbook[0] == 1",
            "records as numbers beside records as text",
            given=OTHER_CHANNELS,
            old='"record": str(record), "rule": rule',
            new='"record": record, "rule": rule',
        ),
        Bug(
            "Dawid-Skene beats the majority",
            "silence counts as the last class",
            patch="preparation.dawid_skene",
            new="lambda votes, classes: original(np.where(votes < 0, classes - 1, votes), classes)",
        ),
        Bug(
            "Dawid-Skene beats the majority",
            "stopped after the first round",
            patch="preparation.dawid_skene",
            new="lambda votes, classes: original(votes, classes, iterations=1)",
        ),
        Bug(
            "np.sum(suspicious & wrong) / suspicious.sum() > 0.8",
            "tested against the noisy labels",
            old="score(patches[test], true_fur[test])",
            new="score(patches[test], labels[test])",
        ),
        Bug(
            "np.sum(suspicious & wrong) / suspicious.sum() > 0.8",
            "a tie speaks against the label",
            old="return confident.max(axis=1) > confident[np.arange(len(labels)), labels]",
            new="return confident.max(axis=1) >= confident[np.arange(len(labels)), labels]",
        ),
        Bug(
            'effects["gentle", "snapshots"][0] > 5',
            "not within a seed",
            given=FIVE_SEEDS,
            old="[test].to_numpy() - baseline[test].to_numpy())",
            new="[test].to_numpy() - baseline[test].mean())",
        ),
        Bug(
            'effects["gentle", "snapshots"][0] > 5',
            "shares of one, not points",
            given=FIVE_SEEDS,
            old="difference = 100 * (",
            new="difference = 1 * (",
        ),
        Bug(
            'effects["gentle", "snapshots"][0] > 5',
            "every arm is the gentle one",
            given=FIVE_SEEDS,
            old="results[results.augmentation == arm][test]",
            new='results[results.augmentation == "gentle"][test]',
        ),
        Bug(
            "measured_snr - 10",
            "decibels of amplitude, not of power",
            patch="preparation.add_noise",
            new="lambda signal, snr_db, **k: original(signal, 2 * snr_db, **k)",
        ),
        Bug(
            "measured_snr - 10",
            "played faster, the length not kept",
            patch="preparation.pitch_shift",
            new="lambda x, semitones: np.interp(np.arange(0, len(x), 2 ** (semitones / 12)), np.arange(len(x)), x)",
        ),
        Bug(
            "image_hashes = ",
            "a random split",
            given=ALBUM,
            old="preparation.near_duplicates(images, DRAWING_BITS), {",
            new="np.arange(len(images)), {",
        ),
        Bug(
            "image_hashes = ",
            "only exact copies are one group",
            given=ALBUM,
            old="preparation.near_duplicates(images, DRAWING_BITS), {",
            new="preparation.near_duplicates(images, 0), {",
        ),
        Bug(
            "image_hashes = ",
            "a threshold too tight for copies",
            given=UPLOADED,
            old="preparation.near_duplicates(pictures, CATALOGUE_BITS)",
            new="preparation.near_duplicates(pictures, 4)",
        ),
        Bug(
            "the same pictures",
            "cached after the shuffle",
            given=FEW_FILES,
            patch="preparation.make_dataset",
            new="lambda *a, **k: original(*a, **k).cache()",
        ),
        Bug(
            "the same pictures",
            "the last, smaller batch dropped",
            given=FEW_FILES,
            patch="preparation.make_dataset",
            new="lambda *a, batch_size=64, **k: original(*a, **k).unbatch().batch(batch_size, drop_remainder=True)",
        ),
    ],
    "02_gan_math": [
        Break("best_discriminator", "swap", None, 1),
        Break("best_discriminator", "sign", 0, 1),
        Break("kl", "swap", None, 2),
        Break("jsd", "scale", 1, 2),
        Break("exchanged_value", "swap", None, 4),
        Break("total_variation", "factor", 1, 5),
        Break("linear_gradient", "sign", 0, 6),
        Break("saturating_slope", "sign", 0, 7),
        Break("non_saturating_slope", "sign", 0, 7),
        Break("flow", "sign", 3, 8),
        Break("eigenvalues", "sign", 0, 9),
        Break("grown", "factor", 0, 10),
        Break("jsd_of_shift", "scale", 0, 11),
        Break("penalty_of_linear", "sign", 0, 12),
        Break("largest_singular_value", "scale", 3, 13),
        Bug("abs(jsd(np.array([1 - 1e-12", "the mixture is not halved", old="m = (p + q) / 2", new="m = p + q"),
        Bug(
            "abs(integral - (-np.log(4)",
            "log D for the generated, too",
            old="special.xlogy(q_density, best_discriminator(q_density, p_density))",
            new="special.xlogy(q_density, optimal)",
        ),
        Bug(
            "mean_error <= 0.01",
            "a mean over the axis, not over the samples",
            given=TAIL_WRONG,
            old="mean_error = np.trapezoid(error * weight, x) / np.trapezoid(weight, x)",
            new="mean_error = error.mean()",
        ),
        Bug("slopes[False] > 0.1", "labels exchanged", old="1 - d if swapped else d", new="d if swapped else 1 - d"),
        Bug(
            'seen.loc["means differ", "linear D"] > 0.7',
            "doubled, not squared",
            old="np.concatenate([both, both**2], axis=1)",
            new="np.concatenate([both, both * 2], axis=1)",
        ),
        Bug(
            "for theta in (0.3",
            "not a different game: the slope of 2·JSD for both losses",
            old="return np.array([twice, kl(q, p) * STEP - twice])",
            new="return np.array([twice, twice])",
        ),
        Bug(
            "saturating_place == 0",
            "KL that covers, in place of KL that seeks",
            old="return np.array([twice, kl(q, p) * STEP - twice])",
            new="return np.array([twice, kl(p, q) * STEP - twice])",
        ),
        Bug(
            "turning = play(0.2, 2000)",
            "both step from the same point",
            old="seen_psi = psi if simultaneous else moved_psi",
            new="seen_psi = psi",
        ),
        Bug(
            "by_penalty = max(",
            "a connected ring",
            given=RINGS_DRAWN,
            old="np.stack([clusters(0.55)] * 4)",
            new="np.stack([clusters(0.0) / 1.5] * 4)",
        ),
        Bug(
            "by_penalty = max(",
            "near any cluster is on it",
            given=RINGS_DRAWN,
            old="axis=-1) < 3 * RING_SPREAD).mean(axis=0)",
            new="axis=-1) < 3).mean(axis=0)",
        ),
        Bug(
            "quadratic = gradient_penalty(",
            "mixing weights from a normal distribution",
            old="tf.random.stateless_uniform((len(real)",
            new="tf.random.stateless_normal((len(real)",
        ),
        Bug(
            "quadratic = gradient_penalty(",
            "no mixing",
            old="mixed = mixing * real + (1.0 - mixing) * fake",
            new="mixed = real",
        ),
        Bug(
            'outside["uniform"] == 0',
            "from −1 on",
            old="for e in rng.uniform(size=20_000)",
            new="for e in rng.uniform(-1, 1, size=20_000)",
        ),
        Bug(
            "free.iloc[0] > 100",
            "the nearest point in place of a plan",
            given=LINEAR_CRITICS,
            old="return ways[optimize.linear_sum_assignment(ways)].mean()",
            new="return ways.min(axis=1).mean()",
        ),
        Bug(
            "free.iloc[0] > 100",
            "the slope of 1.25 taken for 1",
            given=LINEAR_CRITICS,
            old="slope, seen_distance / slope",
            new="slope, seen_distance",
        ),
    ],
    "03_vae": [
        Break("elbo", "sign", 0, 1),
        Break("elbo", "factor", 2, 2),
        Break("gaussian_divergence", "swap", None, 2),
        Break("gaussian_kl", "sign", 0, 3),
        Break("gaussian_kl", "factor", 0, 3),
        Break("gradient_samples", "factor", 0, 4),
        Break("gradient_variances", "sign", 0, 5),
        Break("gap_of", "sign", 2, 6),
        Break("importance_bound", "sign", 0, 7),
        Break("random_code", "sign", 0, 8),
        Bug(
            'off["Gumbel-softmax, τ = 1"]',
            "the temperature left out of the gradient",
            old="soft * (1 - soft) / temperature",
            new="soft * (1 - soft)",
        ),
        Bug(
            "apart.mean() > 0.03",
            "the linear codes twice",
            given=TWO_NUMBERS,
            old="right(codes)",
            new="right(pca_codes)",
        ),
        Bug(
            'psnr["VAE, β = 1"]',
            "decibels upside down",
            given=RESTORED,
            old="np.log10(4 / errors.mean())",
            new="np.log10(errors.mean() / 4)",
        ),
        Bug(
            'gaps["PCA, turned"]',
            "the rotation is left out",
            given=KNOWN_CODES,
            old="return whitened @ rotation",
            new="return whitened",
        ),
        Bug(
            'gaps["PCA, turned"]',
            "codes of other kittens",
            given=KNOWN_CODES,
            old="mutual_information_gap(test_codes[name], classes)\nfig",
            new="mutual_information_gap(np.random.default_rng(1).permutation(test_codes[name]), classes)\nfig",
        ),
        Bug(
            'obeyed["eyes"]',
            "the eyes are compared with the fur",
            given=TOLD,
            old="== asked[:, k]",
            new="== asked[:, 0]",
        ),
        Bug(
            'obeyed["eyes"]',
            "one channel of three",
            given=TOLD,
            old="differ.any(axis=2).sum()",
            new="differ.sum()",
        ),
        Bug(
            "rising[1] - direct",
            "the prior divides",
            given=TWO_COMPONENTS,
            old="return likelihood + prior -",
            new="return likelihood - prior -",
        ),
        Bug(
            "at_bound",
            "all codecs in one curve",
            given=RATES,
            old='points[points["codec"] == codec]',
            new='points[points["codec"] != codec]',
        ),
    ],
    "04_training_a_gan": [
        Bug(
            'medians.loc["ours"]',
            "images a second in place of the distance",
            old='[["distance", "other_distance"]]',
            new='[["images_per_second", "other_distance"]]',
        ),
        Bug(
            "trainedAlgorithmicMedia",
            "called a photograph",
            given="pictures, folder = np.zeros((8, 32, 32, 3), np.uint8), Path(tempfile.mkdtemp())",
            patch="provenance.Label.iptc",
            new="lambda label: {**original(label), 'DigitalSourceType': provenance.SOURCE_TYPES + 'digitalCapture'}",
        ),
        Bug(
            "told_apart == 1.0",
            "already mended",
            given=UNNOTED + FEW_KITTENS,
            old="unit_photos = train_images[:500] / 255.0",
            new="unit_photos = data.to_unit(train_images[:500])",
        ),
        Bug(
            "ends.min() == -1",
            "a sigmoid's range",
            given=FEW_KITTENS,
            patch="data.to_unit",
            new="lambda pixels: original(pixels) / 2 + 0.5",
        ),
        Bug(
            "twice.max() < 0.732",
            "one sigmoid",
            given=UNNOTED,
            old="1 / (1 + np.exp(-1 / (1 + np.exp(-logit))))",
            new="1 / (1 + np.exp(-logit))",
        ),
        Bug(
            'values["labels swapped"] - values["objective exchanged"]',
            "labels not swapped",
            old="cross_entropy(tf.zeros_like(real), real) + cross_entropy(tf.ones_like(fake), fake)",
            new="cross_entropy(tf.ones_like(real), real) + cross_entropy(tf.zeros_like(fake), fake)",
        ),
        Bug(
            '("pixels in [0, 1]", "labels swapped")',
            "the fault is left out of the run",
            given=UNNOTED + TRIED,
            old="trial(images=half_range.astype(np.uint8))",
            new="trial()",
        ),
        Bug(
            "straight.numpy() == directly.numpy()",
            "starts at batch 0 whatever is asked for",
            given=FEW_KITTENS,
            patch="training.batches",
            new="lambda *a, start_step=0, **k: original(*a, **k)",
        ),
        Bug(
            "change[False] < 0.1",
            "alone and in company by running statistics",
            given=UNNOTED,
            old="model(latent[:4], training=mode)[0], model(latent, training=mode)[0]",
            new="model(latent[:4], training=False)[0], model(latent, training=False)[0]",
        ),
        Bug(
            "invented[0.5] > 10",
            "compared with itself",
            given=UNNOTED,
            old="stretched.astype(float) - faithful",
            new="stretched.astype(float) - stretched",
        ),
        Bug(
            "200 * per_epoch > 100 * kept",
            "GB beside MB",
            given=UNNOTED,
            old='for path in folder.glob("*.h5")) / 1e6',
            new='for path in folder.glob("*.h5")) / 1e9',
        ),
        Bug(
            "not any(claimed.values())",
            "a clipping optimizer",
            given=UNNOTED,
            old="keras.optimizers.Adam(1e-4).get_config()",
            new="keras.optimizers.Adam(1e-4, global_clipnorm=1.0).get_config()",
        ),
        Bug(
            "after == [0.0, -2.0]",
            "each entry clipped, not the length",
            old="global_clipnorm=1.0)",
            new="clipvalue=1.0)",
        ),
        Bug(
            '{"samples", "epoch_d_loss", "epoch_g_loss"} <= tags',
            "no pictures",
            given=SMALL_GAN,
            old=", training.SampleGrids(logs, columns=4)]",
            new="]",
        ),
        Bug(
            "on_training < 1e-3 < on_held_out",
            "held-out pictures from the training set",
            given=UNNOTED + MEMORISER,
            old="photo_network.features(wanted_test)",
            new="photo_network.features(wanted_train[:half])",
        ),
        Bug(
            'late["d_real"] > late["d_fake"]',
            "the first epochs for the last",
            given=CALM_LOSSES,
            old="np.mean(history[name][-3:])",
            new="np.mean(history[name][:3])",
        ),
        Bug(
            'parameters["generator, with a style"] -',
            "one style layer",
            given=FEW_KITTENS,
            old="models.generator(LATENT_DIM, WIDTHS, style=STYLE)",
            new="models.generator(LATENT_DIM, WIDTHS, style=STYLE[:1])",
        ),
        Bug(
            "float(r1_penalty(linear",
            "a sum over the batch",
            old="return tf.reduce_mean(tf.reduce_sum(tf.square(gradient)",
            new="return tf.reduce_sum(tf.reduce_sum(tf.square(gradient)",
        ),
        Bug(
            "counts.min() >= 20",
            "an index that repeats is counted once",
            given=SHIPPED_KITTENS,
            old='np.add.at(counts, (readings["fur"].argmax(1), readings["eyes"].argmax(1)), 1)',
            new='counts[readings["fur"].argmax(1), readings["eyes"].argmax(1)] += 1',
        ),
        Bug(
            'spread["rate × 10, no penalty"] < 0.5',
            "real over generated",
            given=TRIED_AND_MENDED,
            old='diversity(run["features"]) / real_diversity',
            new='real_diversity / diversity(run["features"])',
        ),
        Bug(
            'shares["samples"] < 0.05',
            "a generator that returns its training pictures",
            given=GINGER,
            old="many = training.sample(photo_generator, 5 * len(wanted_test) + 500, seed=0)",
            new="many = data.to_unit(wanted_train)",
        ),
        Bug(
            'shares["samples"] < 0.05',
            "mirror images are not searched",
            given=GINGER,
            old="photo_network.features(mirrored)",
            new="reference",
        ),
        Bug(
            'intervals["generated"][1] >',
            "the held-out pictures twice",
            given=GINGER,
            old='("generated", sample_features))',
            new='("generated", test_reference))',
        ),
        Bug(
            'intervals["generated"][1] >',
            "the control for the leg that ships",
            given=GINGER,
            old='for leg in ("discriminator", "all layers", "first layer"))',
            new='for leg in ("discriminator", "first layer", "all layers"))',
        ),
        Bug(
            "in_colour > 0.98",
            "the factors of the training pictures",
            given=UNNOTED + FEW_KITTENS,
            old="factors[name][len(train_images) :]",
            new="factors[name][: len(test_images)]",
        ),
        Bug(
            "in_colour > 0.98",
            "in colour both times",
            given=UNNOTED + FEW_KITTENS,
            old='accuracy(grey_test, "fur")',
            new='accuracy(test_images, "fur")',
        ),
        Bug(
            "assert all(same)",
            "the optimizer's memory is not kept",
            given=DENSE_GAN,
            patch="training.resume",
            new="lambda gan, path: original(gan, path) and "
            "[v.assign(0 * v) for v in gan.d_optimizer.variables if 'velocity' in v.path]",
        ),
        Bug(
            "assert all(same)",
            "begun anew",
            given=DENSE_GAN,
            old="fit(resumed, train_images, steps=20, steps_per_epoch=5, batch_size=16, checkpoint=checkpoint)",
            new="fit(resumed, train_images, steps=20, steps_per_epoch=5, batch_size=16)",
        ),
        Bug(
            "all_kinds > 3 * right_class",
            "the wanted kind in place of all kinds",
            given=KITTENS_FOR_CATS,
            old="photo_network.features(everything)",
            new="photo_network.features(wanted_test)",
        ),
        Bug(
            "all_kinds > 3 * right_class",
            "distances to all kinds",
            given=KITTENS_FOR_CATS,
            old="reference = photo_network.features(wanted_train)",
            new="reference = photo_network.features(everything)",
        ),
        Bug("len(ledger)", "a fault never noted", given=NOTED, old='"array_to_img", ', new=""),
        Bug("len(ledger)", "one noted twice, one never", given=NOTED, old='"array_to_img"', new='"generate"'),
        Bug(
            "elsewhere.splitlines()",
            "the architecture alone",
            given=HANDED_OVER,
            old="generator.save(saved)",
            new="keras.models.clone_model(generator).save(saved)",
        ),
        Bug(
            "elsewhere.splitlines()",
            "cut off, not rounded",
            given=HANDED_OVER,
            old="((pictures + 1) * 127.5).round()",
            new="((pictures + 1) * 127.5)",
        ),
    ],
    "05_evaluating": [
        Break("line_distance", "sign", 1, 1),
        Break("line_distance", "factor", 1, 1),
        Break("_distance_from", "factor", 1, 2),
        Break("_distance_from", "sign", 3, 2),
        Break("gaussian_moments", "factor", 3, 3),
        Break("cubic_distance", "factor", 2, 3),
        Break("frechet_bias", "sign", 0, 4),
        Break("frechet_bias", "factor", 1, 4),
        Break("expected_coverage", "sign", 3, 5),
        Break("expected_coverage", "swap", None, 5),
        Break("precedence", "sign", 0, 6),
        Break("precedence", "swap", 1, 6),
        Break("clopper_pearson", "sign", 1, 7),
        Break("flattery_of_two", "scale", 0, 8),
        Bug(
            'seen["Fréchet distance"] < 0.05',
            "a Gaussian of another covariance",
            old="np.linalg.cholesky(np.cov(clusters, rowvar=False)).T",
            new="np.eye(2)",
        ),
        Bug("bias[0] > 0.1", "the slope, not the intercept", old="means, 1)[1]", new="means, 1)[0]"),
        Bug(
            'INTERVALS["resamples"] >= 200',
            "the plain interval for the mirrored",
            old='r["held"] for name, r in',
            new='t["recipes"]["plain"]["held"] for name, r in',
        ),
        Bug(
            "0.8 < told < 1.3",
            "√(s/n)",
            patch="metrics.kernel_distance",
            new="lambda *a, **k: (lambda mean, error: (mean, 0.72 * error))(*original(*a, **k))",
        ),
        Bug("floors[0] > 2 * floors[-1]", "always all of them", old="[: 2 * n]], 2)", new="], 2)"),
        Bug(
            'half["precision"] > 0.9',
            "k = 4",
            patch="metrics.precision_recall",
            new="lambda real, fake: original(real, fake, 4)",
        ),
        Bug(
            'half["precision"] > 0.9',
            "k = 5",
            patch="metrics.precision_recall",
            new="lambda real, fake: original(real, fake, 5)",
        ),
        Bug(
            'abs(real["density"] - 1) < 0.2',
            "not divided by k",
            patch="metrics.density_coverage",
            new="lambda *a: (5 * original(*a)[0], original(*a)[1])",
        ),
        Bug(
            '(ranks.loc["other real kittens"] == 1)',
            "the farthest first",
            given='gaps = {"kitten_factors": (1.0, -0.1, 2.0), "cifar10_judge": (-1.2, -1.7, -0.7)}',
            old="distances.rank()",
            new="distances.rank(ascending=False)",
        ),
        Bug(
            "clean.p_value > 0.05",
            "the plants are left out",
            old="infected = judge_ratios(ratios[PLANTED:]",
            new="infected = judge_ratios(ratios[:AUDITED]",
        ),
        Bug(
            'stored["audits"] >= 200',
            "a level of 15 %",
            old='AUDITS = json.loads(runtime.stored("audit").read_text(encoding="utf-8"))',
            new=AUDITS_WITH.format('["alarms"]["real"] = 30'),
        ),
        Bug(
            'drawn_cats["alarms"] == 0',
            "only plants that the audit was made for",
            old='AUDITS = json.loads(runtime.stored("audit").read_text(encoding="utf-8"))',
            new=AUDITS_WITH.format('["disguised"]["blended 70/30"] = {"found": 0.9, "alarms": 200}'),
        ),
        Bug(
            'powers.loc[500, "rank 3"] > 0.05',
            "samples and held-out pictures change places",
            old="stats.nhypergeom(samples + held_out, samples, rank)",
            new="stats.nhypergeom(samples + held_out, held_out, rank)",
        ),
        Bug("np.allclose(machine.interval()", "half the power", old="share) > 0.8", new="share) > 0.5"),
        Bug("flattered[-1] > 2", "the same pictures again", old="remeasured = [fresh[", new="remeasured = [errors["),
        Bug(
            "assert test_set.taken",
            "nobody notes that it was taken",
            given="measured_distance, floor, least, distance, most, drawn = 3.4, 0.7, 2.4, 2.9, 3.4, np.zeros(200)\n"
            "test_set.load = lambda: 0\ntest_set.open()\n",
            old="        self.taken = True",
            new="        self.taken = self.taken",
        ),
    ],
    "05b_tuning_and_understanding": [
        Break("mixture_moments", "sign", 1, 1),
        Break("mixture_moments", "scale", 1, 1),
        Break("regression_direction", "scale", 0, 2),
        Break("mean_gradient", "scale", 0, 2),
        Bug(
            'alarms.loc["two standard errors"] > 0.07',
            "a level of 10 %",
            old="equal_var=False).pvalue < 0.05",
            new="equal_var=False).pvalue < 0.1",
        ),
        Bug(
            "winner != RING_DEFAULT",
            "the default comes back",
            old="winner = study.best_params",
            new="winner = dict(RING_DEFAULT)",
        ),
        Bug(
            '{"COMPLETE", "PRUNED"} <= set(states)',
            "a distance as a score",
            old='-rows["test"].to_numpy()',
            new='rows["test"].to_numpy()',
        ),
        Bug("recalls.iloc[-1] < 0.1", "the worst member", old='["validation"].idxmin()', new='["validation"].idxmax()'),
        Bug(
            '(wanted["style"] > 0.2).all()',
            "the ends change places",
            old="reached[40:].mean() - reached[:40].mean()",
            new="reached[:40].mean() - reached[40:].mean()",
        ),
        Bug(
            'np.allclose(control["gradient"]',
            "a mean over the sum",
            old="(maps * mask).sum((1, 2)) / maps.sum((1, 2))",
            new="(maps * mask).mean((1, 2)) / maps.sum((1, 2))",
        ),
        Bug(
            'assert clinic.loc[name, "diagnosis"] == name',
            "a limit too low for blur",
            old='row["sharpness"] < 0.85',
            new='row["sharpness"] < 0.5',
        ),
        Bug(
            'trend(sizes, "images", "test_bound") == "rises"',
            "the sign of the correlation",
            old='"rises" if found.statistic > 0 else "falls"',
            new='"falls" if found.statistic > 0 else "rises"',
        ),
    ],
    "06_flow_matching": [
        Break("interpolate", "sign", 2, 1),
        Break("loss_with_offset", "sign", 0, 2),
        Break("rest_of_the_way", "sign", 0, 3),
        Break("end_of_coin", "factor", 1, 4),
        Break("flux", "scale", 0, 5),
        Break("heun_step", "factor", 0, 6),
        Break("exact_way", "sign", 2, 7),
        Break("data_and_noise", "sign", 2, 8),
        Break("noise_loss", "factor", 0, 9),
        Break("straight_clock", "swap", None, 10),
        Break("pull_of_classifier", "sign", 0, 11),
        Break("likelihood_of_way", "sign", 3, 12),
        Break("likelihood_of_way", "factor", 0, 12),
        Bug(
            "np.sign(walks[-1]) == np.sign(walks[0])",
            "each follows its own pair, not the mean",
            old="return rest_of_the_way(end_of_coin(x, t), x, t)",
            new="return rest_of_the_way(np.where(np.arange(len(x)) % 2, 1.0, -1.0), x, t)",
        ),
        Bug(
            'budget["learnt / exact"].mean()',
            "too slow by a tenth",
            given=EXACT_FLOW,
            old="return tf.reduce_sum(weights[..., None]",
            new="return 0.9 * tf.reduce_sum(weights[..., None]",
        ),
        Bug(
            "shares.min() > 0.08",
            "the time off by a step",
            given=EXACT_FLOW,
            old="slope = ring_flow(WAYS[-1], tf.fill((3000,), np.float32(k / 30))).numpy()",
            new="slope = ring_flow(WAYS[-1], tf.fill((3000,), np.float32((k + 1) / 30))).numpy()",
        ),
        Bug(
            "shares.min() > 0.08",
            "one cluster twice",
            given=EXACT_FLOW,
            old="tf.constant(CENTRES)",
            new="tf.constant(np.concatenate([CENTRES, CENTRES[:1]]))",
        ),
        Bug(
            "untrained([points, now])",
            "back to the noise",
            patch="models.velocity",
            new="lambda *a: (net := original(*a), keras.Model(net.inputs, -net.outputs[0]))[1]",
        ),
        Bug(
            'found["least"].min() > floor_150[0]',
            "Heun whatever is asked for",
            given=THREE_NUMBERS + '_error |= {("heun", 20): 0.01}\n_shift |= {("heun", 20): 2.5}\n',
            old="steps=trial[1], solver=trial[0])",
            new="steps=trial[1])",
        ),
        Bug(
            "ignored, half, plain, loud",
            "the weight is not handed on",
            given=THREE_NUMBERS + "floor_150 = [0.0, 0.0, 0.1]\n",
            old="labels=asked, guidance=weight)",
            new="labels=asked)",
        ),
        Bug(
            "-0.02 < excess.mean()",
            "the divergence with the wrong sign",
            given=EXACT_FLOW,
            old="axis=1) / 2 + end[2 * n :]",
            new="axis=1) / 2 - end[2 * n :]",
        ),
        Bug(
            "-0.02 < excess.mean()",
            "the density of the code alone",
            given=EXACT_FLOW,
            old="axis=1) / 2 + end[2 * n :]",
            new="axis=1) / 2",
        ),
        Bug(
            'min(brief["noise"][1], brief["grey"][1])',
            "a constant grey",
            given=BRIEFLY,
            old="brief = distances_of(drawn | cheap)",
            new="brief = distances_of({n: np.full_like(x, x.mean()) for n, x in drawn.items()} | cheap)",
        ),
        Bug(
            'long_run["GAN"][2] < long_run["flow"][1]',
            "pixels in [0, 1]",
            given=BRIEFLY,
            old='training.sample(models.load_pretrained("kitten_generator"), MEASURED, seed=SEED)',
            new='(training.sample(models.load_pretrained("kitten_generator"), MEASURED, seed=SEED) + 1) / 2',
        ),
        Bug(
            "max(after_holm) < 0.05",
            "runs paired by the number of their seed",
            old='stats.ttest_ind(by_family[rival]["distance"], by_family["flow"]["distance"], equal_var=False)',
            new='stats.ttest_rel(*(by_family[f]["distance"].to_numpy() for f in (rival, "flow")))',
        ),
    ],
    "07_text": [
        Break("bits_per_character", "sign", 0, 1),
        Break("witten_bell", "sign", 0, 2),
        Break("witten_bell", "swap", None, 2),
        Break("added_bits", "sign", 0, 3),
        Break("added_bits", "factor", 0, 3),
        Break("attend", "swap", None, 4),
        Break("attend", "scale", 0, 4),
        Break("variance_of_score", "scale", 0, 5),
        Break("surprise_gradient", "sign", 0, 6),
        Break("tempered", "factor", 0, 7),
        Break("nucleus", "sign", 1, 8),
        Break("places_without_cache", "sign", 0, 9),
        Break("next_token_loss", "scale", 2, 10),
        Break("words_changed", "sign", 0, 11),
        Bug(
            "tokenizer.decode(tokenizer.encode(some)) == some",
            "white space is lost",
            given=FEW_LINES,
            patch="text.Pieces.decode",
            new="lambda pieces, tokens: ' '.join(original(pieces, tokens).split())",
        ),
        Bug(
            "ORDER >= 5",
            "the compressor has not read the training text",
            old='name: compressed_bits(corpus["train"], corpus["test"], name) for name in COMPRESSORS',
            new='name: compressed_bits("", corpus["test"], name) for name in COMPRESSORS',
        ),
        Bug(
            "np.allclose(sum(shares.values()), 1",
            "forward, not back",
            old="back = asking[:, None] - np.arange(lm.context)",
            new="back = np.arange(lm.context) - asking[:, None]",
        ),
        Bug(
            'race["bz2"] < race["n-gram"][0][1]',
            "bits a piece for the n-gram",
            patch="json.loads",
            new="lambda said: {**(r := original(said)), 'n-gram': [[r['n-gram'][0][0], 2.6 * r['n-gram'][0][1]]]}",
        ),
        Bug(
            '"".join(blocks) == corpus["test"]',
            "before and after change places",
            given=ONE_BIT,
            old="zip(sizes[1:], sizes, blocks, strict=False)",
            new="zip(sizes, sizes[1:], blocks, strict=False)",
        ),
        Bug(
            'cold["known words"] > mild["known words"]',
            "columns change places",
            given=WRITTEN,
            old="np.array([known / all_words, bits / characters,",
            new="np.array([bits / characters, known / all_words,",
        ),
        Bug(
            "(quick == slow).all()",
            "the cache one place off",
            given=SMALL_WRITER,
            patch="models.Transformer.step",
            new="lambda network, token, cache, position: original(network, token, cache, position + 1)",
        ),
        Bug(
            'cache["same"] and cache["layers"] >= 4',
            "the cache beside itself",
            old='seconds.items() if name != "cached") / seconds["cached"]',
            new='seconds.items()) / seconds["cached"]',
        ),
        Bug(
            "everything, nothing_else = rates",
            "one attribute suffices",
            given=COPIED,
            old="everything = [all(row[name] in values",
            new="everything = [any(row[name] in values",
        ),
        Bug(
            'len(run) == 270 for run in shared["planted"]',
            "a run grows by one at each start",
            given=RECITED,
            old="        while start + len(best) < len(passage)",
            new="        if start + len(best) < len(passage)",
        ),
        Bug(
            'paraphrases.loc["two forms", "meaning kept"] == 1',
            "the same kinds of attributes, not the same values",
            given=RETURNED,
            old="text.named_attributes(a, words) == text.named_attributes(b, words)",
            new="text.named_attributes(a, words).keys() == text.named_attributes(b, words).keys()",
        ),
        Bug(
            'gains["least"]["as drawn"] > 0',
            "the swaps are never added",
            given=RETURNED,
            old='"random swaps": [(swapped(said[i]), i) for _ in rounds for i in chosen]',
            new='"random swaps": []',
        ),
    ],
    "08_audio": [
        Break("alias", "sign", 0, 1),
        Bug(
            'folded["interpolated"] >',
            "samples dropped without a filter",
            patch="audio.resample",
            new="lambda sound, rate, to: np.interp(np.arange(12_000) / to, np.arange(len(sound)) / rate, sound)",
        ),
        Bug(
            'loudest["deep.flac"] - 0.5',
            "the left channel alone",
            patch="audio.mono",
            new="lambda samples, name='': original(samples if np.ndim(samples) == 1 else samples[:, 0], name)",
        ),
        Bug(
            "some, frames)[t, b] - expected",
            "no window",
            old="pieces * hann(frames.window), frames.fft",
            new="pieces, frames.fft",
        ),
        Bug(
            "max(errors) <= 1e-6",
            "a window that is not squared",
            old="hann(frames.window) ** 2",
            new="hann(frames.window)",
        ),
        Break("hertz", "sign", 0, 4),
        Break("decibels", "factor", 0, 5),
        Bug(
            "filters[inside].sum(axis=1), 1",
            "a slope that ends at the wrong neighbour",
            old="(high - bins) / (high - centre)",
            new="(high - bins) / (high - low)",
        ),
        Bug(
            'np.diff(curves["Griffin–Lim"])',
            "magnitudes that are not restored",
            old="magnitudes * ahead / np.maximum(np.abs(ahead), 1e-12), reached",
            new="ahead, reached",
        ),
        Bug(
            "np.diff(misfits, axis=0)",
            "the guess's own bands left out",
            old="np.maximum(power @ filters @ filters.T, 1e-12)",
            new="np.maximum(power, 1e-12)",
        ),
        Bug(
            "20 * np.log10(2), atol=0.02",
            "frames of silence counted",
            old="keepdims=True) - 40",
            new="keepdims=True) - 400",
        ),
        Bug(
            "20 * np.log10(2), atol=0.02",
            "no root",
            old="np.sqrt(((first - second) ** 2).mean(-1))",
            new="((first - second) ** 2).mean(-1)",
        ),
        Bug(
            "least = {contest:",
            "the lead with its sign turned",
            old="row[other] - row[nearer]",
            new="row[nearer] - row[other]",
        ),
        Bug(
            'rate["recurrent", "made"]',
            "asked digits compared with speakers",
            old="asked[:, 0])):",
            new="asked[:, 1])):",
            given=HEARD,
        ),
        Bug(
            'ours["second judge"] >= 0.95',
            "a changed recording in the flow's place",
            old='table_of["flow"]',
            new='table_of["augmented"]',
            given='generated = stored["generated"]',
        ),
        Bug(
            "mean_of = {pair",
            "the worse arm less the better one, turned round",
            old="accuracy[better] - accuracy[worse]",
            new="accuracy[worse] - accuracy[better]",
        ),
        Bug(
            "mean_of = {pair",
            "p-values taken one by one",
            old='multipletests(chance, method="holm")[1]',
            new="chance",
        ),
        Bug(
            "0.9 * len(leaked)",
            "what was planted is no training recording",
            old="few[::9]",
            new="held_out[::15]",
            given=SOME_SPOKEN,
        ),
        Bug(
            "voiced[0] * 64.5",
            "the highest peak, two periods away",
            old="(peaks > np.maximum(0.9 * peaks.max(-1, keepdims=True), voiced)).argmax(-1)",
            new="peaks.argmax(-1)",
        ),
        Bug("voiced[0] * 64.5", "quiet frames counted", old="loud & (peaks", new="(peaks"),
        Bug("voiced[0] * 64.5", "the parabola left out", old="0.5 * (right - left)", new="0.0 * (right - left)"),
        Bug(
            "found.mark and found.iptc",
            "a label that nobody hears",
            patch="provenance.label",
            new="lambda path, says: original(path, says, mark=False)",
            given=TEN_WORDS,
        ),
    ],
    "09_video": [
        Bug(
            "for kitten in new_told",
            "colours are not kept apart",
            old="if is_new(kitten) == new]",
            new="if kitten]",
        ),
        Bug(
            "mp4.rate == RATE",
            "every picture lasts as long",
            old='durations.append(opened.info["duration"])',
            new="durations.append(1000 // RATE)",
        ),
        Bug(
            "def scene(time)",
            "the movement is added",
            old="x - movement[..., 0], y - movement[..., 1]",
            new="x + movement[..., 0], y + movement[..., 1]",
        ),
        Break("expected_error", "factor", 0, 2),
        Break("in_two_parts", "sign", 0, 2),
        Break("error_of_a_draw", "factor", 0, 3),
        Bug(
            "0.9 * floor < loss",
            "p(1 − p) is one half",
            old="axis=1)) / 4",
            new="axis=1)) / 2",
            given=(
                "def guesser(seen):\n"
                "    speed = forks(2000, SEED + 1)[1]\n"
                "    return tf_constant((bump(11.5 + 4 * speed) + bump(11.5 - 4 * speed)) / 2)\n"
                "tf_constant = keras.ops.convert_to_tensor"
            ),
        ),
        Bug(
            "copy_ratio[2] <= 0.7",
            "the copy is measured in place of the network",
            old="errors(by_poses, future)",
            new='errors(predicted["copy"], future)',
            given=(
                "future = np.full((4, 8, 12, 12, 3), 100, np.uint8)\n"
                "by_poses = np.full(future.shape, 0.5)\n"
                "predicted = dict.fromkeys(('copy', 'DIS', 'ILK'), np.full(future.shape, 0.9))"
            ),
        ),
        Bug(
            'sharp["recurrent"][7]',
            "the truth is compared with itself",
            old="sharpness(by_memory)",
            new="sharpness(unit(future))",
            given=(
                "future = np.random.default_rng(0).integers(0, 255, (2, 8, 12, 12, 3), dtype=np.uint8)\n"
                "by_memory = unit(future) * np.linspace(0.9, 0.5, 8)[:, None, None, None]"
            ),
        ),
        Bug(
            "by_dis < by_copy",
            "pixels go back where they came from",
            old="-flow_between(*clip[:0:-1], options)",
            new="flow_between(*clip[:0:-1], options)",
        ),
        Bug(
            "two_kittens(40)",
            "colours alone make a kitten",
            old="return kept & (deviations(seen) <= tolerance).all(axis=1)",
            new="return kept",
            given=(
                "reader = loaded('reader', reader_network())\n"
                "fresh, fresh_poses, fresh_told = clips(12, 2, 13)\nseen = read(reader, fresh)"
            ),
        ),
        Bug(
            'obeyed["flow"]',
            "clips come back in another order",
            old="by_flow_matching(wanted, SEED + 2)",
            new="by_flow_matching(wanted[::-1].copy(), SEED + 2)",
            given=WISHES_OF_09,
        ),
        Bug(
            'obeyed["flow"]',
            "settling is left out",
            old="latents.decode(latents.settle(vectors)) for name, vectors in found",
            new="latents.decode(vectors) for name, vectors in found",
            given=WISHES_OF_09,
        ),
        Bug(
            "disorder < 1.5",
            "the control is not shuffled",
            old="shuffled = np.take_along_axis(fresh, order[..., None, None, None], axis=1)",
            new="shuffled = fresh",
            given=("reader, judge = loaded('reader', reader_network()), stored['judge']\nfresh = clips(60, 2, 13)[0]"),
        ),
        Bug(
            "film_seconds == 12.8",
            "frames are counted as seconds",
            old="eight.shape[0] * eight.shape[1] / RATE",
            new="eight.shape[0] * eight.shape[1]",
            given="seconds, eight = [0.2], np.zeros((8, 16, 32, 32, 3), np.uint8)",
        ),
        Bug(
            "found.mark",
            "the last frame is not written",
            old="board, RATE), says)",
            new="board[:-1], RATE), says)",
            given="eight = np.zeros((8, 16, 32, 32, 3), np.uint8) + np.arange(16, dtype=np.uint8)[:, None, None, None]",
        ),
    ],
    "10_scaling": [
        Break("whole_gradient", "scale", 0, 1),
        Bug(
            "equal to the last bit",
            "noise of the steps that are left",
            old='default_rng((SEED, state["step"]))',
            new='default_rng((SEED, until - state["step"]))',
        ),
        Bug(
            "both workers, killed or not",
            "the optimizer's memory is not restored",
            patch="training._load_all_but_rate",
            new="lambda optimizer, store: None",
            given=KILLED_HERE,
        ),
        Bug(
            "repeated == 1",
            "one killed run that ended elsewhere",
            patch="runtime.stored",
            new=STORED_WITH.format('"same": true', '"same": false'),
        ),
        Bug(
            'rate["two workers"]',
            "one worker's pictures for those of both",
            old="rate = speeds.median()",
            new='rate = speeds.median() * pd.Series({"side by side": 1, "two workers": 0.4})',
        ),
        Break("ring_seconds", "sign", 0, 2),
        Break("ring_seconds", "factor", 0, 2),
        Bug(
            "in_order",
            "joined as they come in",
            old="np.concatenate(pieces)",
            new="np.concatenate(pieces[::-1])",
            given=(
                "def drawn(seed):\n    return kittens.sample(3, seed=seed)[0]\n"
                "jobs = [(100,), (101,)]\npieces = [drawn(*job) for job in jobs]"
            ),
        ),
        Bug(
            "difference < 1e-4",
            "every task draws latent vectors of its own",
            old='MEASURED["spread"]',
            new='MEASURED["spread"] | {"largest difference": 0.3}',
        ),
        Bug(
            "reading_slope",
            "pictures not on a logarithmic axis",
            old='np.log(reading["pictures"].iloc[-2:])',
            new='reading["pictures"].iloc[-2:]',
        ),
        Break("efficiency", "sign", 0, 3),
        Break("efficiency", "swap", None, 3),
        Bug(
            "first bottleneck",
            "shuffled are the pictures of a batch, not all",
            old='"dealing out": deal * a["pictures"]',
            new='"dealing out": deal * own',
        ),
        Bug(
            "why float16 needs a loss",
            "scaled after it was rounded",
            old="np.float16(scale * gradient)",
            new="scale * np.float16(gradient)",
        ),
        Break("steps_of", "factor", 1, 4),
        Bug(
            "kb, packed, found",
            "zipped for plain",
            old='shrunk["kB"], shrunk["kB, zipped"]',
            new='shrunk["kB, zipped"], shrunk["kB"]',
            given=SHRUNK,
        ),
        Bug(
            "lower = {",
            "compared with the teacher, not with the untaught",
            old="taught < 0.7 * untaught",
            new="taught < 0.7 * original",
            given=TAUGHT,
        ),
        Bug(
            "<= 1.3).all()",
            "over the floor, not over the teacher",
            old='table["kitten_factors"] / long["teacher"]["kitten_factors"]',
            new='table["kitten_factors"] / long["real kittens"]["kitten_factors"]',
        ),
        Bug(
            "logged = [",
            "the reader keeps a sample of the events",
            old='size_guidance={"tensors": 0}',
            new='size_guidance={"tensors": 5}',
            given=LOGGED,
        ),
    ],
    "10b_serving": [
        Bug(
            "gap(last, [-1, -1])",
            "no wish is −1, as Keras takes it",
            old='labels([{"fur": None, "eyes": None}]).tolist()',
            new="[[-1, -1]]",
            given=ENGINES,
        ),
        Bug(
            'len(made["LiteRT"])',
            "a batch comes back in another order",
            old="way(latent[1:6])",
            new="way(latent[1:6][::-1])",
            given='ways = {"Keras, eager": np.sin, "LiteRT": np.sin}',
        ),
        Bug(
            "min(one, key=one.get)",
            "the largest batch for the smallest",
            old="row[0] for name, row in measured",
            new="row[-1] for name, row in measured",
            given='measured = {"Keras, eager": [30.0, 50], "Keras, compiled": [1.4, 12], "ONNX Runtime": [0.3, 12.5]}',
        ),
        Bug(
            'bench["Keras, compiled"]',
            "the bench's largest batch",
            old='row[0] for name, row in stored["latency"]',
            new='row[-1] for name, row in stored["latency"]',
        ),
        Bug(
            "assert a_wish ==",
            "true is a seed",
            old='type(wish["seed"]) is not int',
            new='not isinstance(wish["seed"], int)',
        ),
        Bug(
            "together == alone",
            "one noise for the whole batch",
            old="noise(wish) for wish in wishes",
            new="noise(wishes[0]) for wish in wishes",
            given="by_onnx = lambda points, time, told: told.sum(axis=1)[:, None, None, None] / 9 - points",
        ),
        Bug(
            'found.aigc["Label"]',
            "the mark is not drawn",
            patch="provenance.marks.draw",
            new="lambda picture: picture.copy()",
            given="pixels = np.full((256, 256, 3), 90, np.uint8)",
        ),
        Bug(
            "refused == set(answers)",
            "400 is no refusal",
            old="400 <= status",
            new="400 < status",
            given='answers = {k: (400 + k, "received x; expected y.") for k in range(7)}',
        ),
        Bug(
            "right == bodies",
            "all compared with the first picture",
            old="answer == pictures[body]",
            new="answer == pictures[bodies[0]]",
            given='bodies, pictures = [b"1", b"2"], {b"1": b"p", b"2": b"q"}\n'
            'mixed = [(b"1", 200, b"p"), (b"x", 422, b""), (b"2", 200, b"q")]',
        ),
        Bug(
            "ours >= 3 * rival",
            "the median for the 95th percentile",
            old="rate, _, p95, _, refused, _ in rows",
            new="rate, p95, _, _, refused, _ in rows",
            given=CARRIED,
        ),
        Bug("mean_time(busy, 1.0)", "M/M/1 for M/D/1", old="/ (2 * (1 - busy))", new="/ (1 - busy)"),
        Bug(
            "limit_of(batch, fixed",
            "the fixed part for every picture",
            old="/ (fixed + each * batch)",
            new="/ (fixed * batch + each * batch)",
        ),
        Bug(
            "hour - 0.09",
            "minutes for hours",
            old="/ (3600 * rate * busy)",
            new="/ (60 * rate * busy)",
            given="made_a_second = 60.0",
        ),
        Bug(
            'raised["drift", 300]',
            "a logarithm to the base 10",
            old="np.log(window / reference)",
            new="np.log10(window / reference)",
        ),
        Bug(
            "p_value < 0.001",
            "the wrong window",
            old="stats.ks_2samp(healthy, after_update)",
            new="stats.ks_2samp(healthy, other)",
            given="healthy, other = np.random.default_rng(1).normal(150, 20, (2, WINDOW))\nafter_update = healthy - 40",
        ),
        Bug('many["right"] == many["requests"]', "each status counted once", old=" for _ in range(n)]", new="]"),
    ],
    "11_case_film": [
        Break("composite", "sign", 0, 1),
        Break("composite", "swap", None, 1),
        Break("psnr", "factor", 0, 2),
        Break("psnr", "sign", 1, 2),
        Break("brightness_change", "sign", 1, 3),
        Break("brightness_change", "swap", None, 3),
        Break("second_cost", "sign", 0, 4),
        Break("second_cost", "sign", 2, 4),
        Break("second_cost", "swap", None, 4),
        Bug(
            "assert most - least > 2.5",
            "triplets are resampled, not families",
            old="groups = np.unique(family, return_inverse=True)[1]",
            new="groups = np.arange(len(family))",
            given="family = np.repeat(np.arange(40), 12)",
        ),
        Bug(
            "of ILK, which takes longest",
            "the whole flow for half of it",
            old="return 0.5 * back, 0.5 * forth",
            new="return back, forth",
            given=FEW_SPRITES,
        ),
        Bug(
            "of ILK, which takes longest",
            "bytes are divided by 128",
            old="unit = np.asarray(sprites, np.float32) / 255",
            new="unit = np.asarray(sprites, np.float32) / 128",
            given=FEW_SPRITES,
        ),
        Bug(
            "sharpness, network less DIS",
            "brightness for sharpness",
            old="return np.abs(np.diff(part, axis=0)).mean() + np.abs(np.diff(part, axis=1)).mean()",
            new="return part.mean()",
            given=OUT_OF_FOCUS,
        ),
        Bug(
            "both intervals are clear of zero",
            "errors subtracted, not decibels",
            old='decibels(errors["network"]) - decibels(errors[better])',
            new='errors["network"] - errors[better]',
            given=FAMILIES,
        ),
        Bug(
            "both intervals are clear of zero",
            "the worse flow for the better",
            old="max(flows, key=flows.get)",
            new="min(flows, key=flows.get)",
            given=FAMILIES,
        ),
        Bug(
            "above DIS",
            "the network subtracted from the flow",
            old='decibels(errors["network"]) - decibels(errors["DIS"])',
            new='decibels(errors["DIS"]) - decibels(errors["network"])',
            given=FAMILIES,
        ),
        Bug(
            "within the tolerance: network",
            "a tolerance of two pixels",
            old='within = errors["network"] <= limits[PIXELS]',
            new='within = errors["network"] <= limits[2 * PIXELS]',
            given=TOLERANCES,
        ),
        Bug(
            "wrong among released",
            "the logistic curve upside down",
            old="np.exp(-(inputs",
            new="np.exp((inputs",
            given=PLANNED,
        ),
        Bug(
            "change[2] < 0 < on_hard",
            "one of the two is not in decibels",
            old='practice = decibels(errors["where it failed"])',
            new='practice = errors["where it failed"]',
            given=FED_BACK,
        ),
        Bug(
            'best[0].mean() > reading["source, moved by flow"]',
            "source and driver change places",
            old="np.concatenate([source, driver]",
            new="np.concatenate([driver, source]",
            given="FACES = 60",
        ),
        Bug(
            "of its error",
            "one of the two is not tinted",
            old='after = [tinted(pictures["network"][k]) for k in few]',
            new='after = [pictures["network"][k] for k in few]',
            given="few = [0, 100, 200]",
        ),
        Bug(
            'verdict.answer == "no"',
            "the estimate for the end of its interval",
            old="Measured(saved[1]",
            new="Measured(saved[0]",
            given="gain, saved, let_through, cheaper = (0.4, 0.3, 0.4), (0.26, 0.16, 0.37), (0.11, 0.05, 0.23), 0.93",
        ),
        Bug(
            "labelled.frames.shape == frames.shape",
            "frames at another rate",
            old='video.write(FOLDER / "in_between.mp4", frames, RATE)',
            new='video.write(FOLDER / "in_between.mp4", frames, 2 * RATE)',
            given=RISING,
        ),
    ],
    "12_case_advertising": [
        Break("cost_of_picture", "sign", 0, 1),
        Break("break_even", "sign", 0, 2),
        Break("break_even", "swap", None, 2),
        Break("luminance", "factor", 4, 3),
        Break("contrast", "factor", 1, 3),
        Break("right_among_passed", "swap", None, 4),
        Break("right_among_passed", "sign", 1, 4),
        Break("visitors_needed", "factor", 1, 5),
        Break("visitors_needed", "scale", 2, 5),
        Break("wilson", "sign", 0, 6),
        Break("newcombe", "swap", None, 6),
        Break("newcombe", "sign", 5, 6),
        Break("correlation", "swap", None, 7),
        Break("spent_by", "factor", 2, 8),
        Break("chance_to_be_better", "sign", 1, 9),
        Break("regret_of_split", "sign", 0, 10),
        Break("net_present_value", "sign", 1, 11),
        Break("net_present_value", "factor", 1, 11),
        Bug(
            "np.quantile(even, 0.95) < 1000",
            "the studio's days forgotten",
            old='drawn["studio_day"] / drawn["variants_a_day"] + ',
            new="",
        ),
        Bug(
            "recalled[:, 0].mean() >= ",
            "guided until one picture is left",
            given=SHOTS,
            old='"guidance": guidance}',
            new='"guidance": 8 * guidance}',
        ),
        Bug(
            "recalled[:, 0].mean() >= ",
            "the label is not handed on",
            given=SHOTS,
            old='"labels": asked[:, None]',
            new='"labels": None',
        ),
        Bug(
            "INDEPENDENT = ",
            "mistakes in common counted among all photos",
            given=JUDGED,
            old="repeated = np.mean(second[mistaken] == first[mistaken])",
            new="repeated = np.mean((second == first) & mistaken)",
        ),
        Bug(
            "trainedAlgorithmicMedia",
            "called a photograph",
            given='cards, shown = np.zeros((3, 120, 160, 3), np.uint8), pd.DataFrame({"product": ["Dress"]})',
            patch="provenance.Label.iptc",
            new="lambda label: {**original(label), 'DigitalSourceType': provenance.SOURCE_TYPES + 'digitalCapture'}",
        ),
        Bug(
            "weak[[",
            "one attribute right is enough",
            given="sampled = catalogue[3000:3060]",
            old="return all(values <= {getattr(row, name)}",
            new="return any(values <= {getattr(row, name)}",
        ),
        Bug(
            'missed["held back"]',
            "attributes without slots",
            given="sampled = catalogue[3000:3060]",
            old="slotted = NAMED.sub(lambda found: SLOTS[found[0].lower()], copy)",
            new="slotted = copy",
        ),
        Bug(
            'passing["contrast: letters that fade"]',
            "the largest contrast instead of a low quantile",
            given=JUDGED,
            old="dark, bright = np.quantile(inside, 1 - worst), np.quantile(around, worst)",
            new="dark, bright = inside.min(), around.max()",
        ),
        Bug(
            "invents_none > 0.92",
            "the same seed for every draft",
            given="""
held_out = catalogue[-60:]
def copy_for(rows, seed=0):
    return [copy if k or seed else copy + " Waterproof." for k, copy in enumerate(rows["copy"])]
""",
            old="drafts = [copy_for(held_out, SEED + k)",
            new="drafts = [copy_for(held_out, SEED)",
        ),
        Bug(
            'rounds["it is"]',
            "the mean product for the worst",
            given=JUDGED + DRAWN + 'read["second"] = np.where(_luck < 0.2, _taken_for, labels)\n',
            old="by_product.min()",
            new="by_product.mean()",
        ),
        Bug(
            "HIDDEN = ",
            "features that no photo shows are counted",
            given="""
shown = catalogue[-20:]
copies = list(shown["copy"])
cards = [set_in((0, 0, 0), (255, 255, 255), copy) for copy in copies]
named = [text.named_attributes(copy, vocabulary) for copy in copies]
""",
            old='bool(found["feature"] - HIDDEN)',
            new='bool(found["feature"])',
        ),
        Bug(
            "sales a visitor",
            "the two pages exchanged",
            given="VISITORS = 20_000",
            patch="business.difference_interval",
            new="lambda hits_a, n_a, hits_b, n_b: original(hits_b, n_b, hits_a, n_a)",
        ),
        Bug(
            "a look every week",
            "1.96 at every look",
            given="VISITORS = 20_000",
            old="weekly_bounds = business.sequential_bounds(weekly)",
            new="weekly_bounds = np.full(len(weekly), 1.96)",
        ),
        Bug(
            "by_luck > 1.5",
            "compared with all visitors instead of the segment",
            old='whole["shown"], whole["orders"], part["shown"])',
            new='len(log), log["ordered"].sum(), part["shown"])',
        ),
        Bug(
            "it never stops losing",
            "regret against the best card on average",
            old="+ visitors * (best_each - pooled_rates.max())",
            new="",
        ),
        Bug(
            "not cut off at its interval",
            "a law that ends with its interval",
            given=TESTED,
            old='"section 7, simulated", "normal"',
            new='"section 7, simulated"',
        ),
        Bug(
            "not cut off at its interval",
            "every other test centred on the lift of this one",
            given=TESTED,
            old='by_name["lift"] + shift}',
            new='by_name["lift"] + 0 * shift}',
        ),
        Bug(
            "not cut off at its interval",
            "the studio gets the card's lift",
            given=TESTED,
            old='"lift": studio_lift.draw(DRAWS, SEED),',
            new="",
        ),
        Bug(
            'audit["p_value"]',
            "half of the planted copies found",
            given='stored = json.loads(runtime.stored("advertising").read_text(encoding="utf-8"))',
            old='audit = stored["audit"]',
            new='audit = {**stored["audit"], "found": 0.5}',
        ),
        Bug(
            "verdict.reasons",
            "simulated visitors called real",
            given=CARDS_DECIDED,
            old='Measured(interval[0], "simulated")',
            new='Measured(interval[0], "real")',
        ),
        Bug(
            "verdict.reasons",
            "the loss of a lucky test, whatever this one said",
            given=CARDS_DECIDED.replace("np.arange(-1.0, 99.0)", "np.arange(-20.0, 80.0)"),
            old='Measured(np.mean(worth < 0), "simulated")',
            new='Measured(0.01, "simulated")',
        ),
        Bug("verdict.reasons", "judges called independent", given=CARDS_DECIDED, old="if INDEPENDENT:", new="if True:"),
    ],
    "13_case_education": [
        Break("reading_level", "sign", 0, 4),
        Break("reading_level", "factor", 0, 4),
        Break("chance_of_right", "swap", None, 5),
        Break("chance_of_right", "factor", 1, 5),
        Break("posterior_mean", "swap", None, 6),
        Break("saved_by_templates", "sign", 0, 7),
        Break("saved_by_templates", "sign", 1, 7),
        Bug(
            "assert live and not disagreements",
            "simple interest in the answer key",
            old='None: capital * (1 + rate) ** years,\n            "simple instead of compound interest"',
            new='None: capital * (1 + years * rate),\n            "simple instead of compound interest"',
        ),
        Bug(
            "assert live and not disagreements",
            "a minus sign lost in print",
            old='.replace("-", "−")',
            new='.replace("-", "")',
        ),
        Bug(
            'assert (faults["found"]',
            "a fault that nobody planted counts as found",
            old='made["faults"] | made["bugs"]',
            new='made["faults"] | {bug: [n, n + 1] for bug, (n, _) in made["bugs"].items()}',
        ),
        Bug(
            "assert 0.2 < guess",
            "the guess by length for the guess by likeness, out of all choices",
            old='guess = made["guessed"]["most typical choice"] / made["count"]',
            new='guess = made["guessed"]["most typical choice"] / (4 * made["count"])',
        ),
        Bug(
            "assert 0.2 < guess",
            "repeats expected of all exercises as of one level",
            old='"again": "sum", "expected": "sum"}',
            new='"again": "sum", "expected": "max"}',
        ),
        Bug(
            "assert 0.2 < guess",
            "the program's hits out of all choices",
            old='(blind["seen"][count] / blind["tested"]',
            new='(blind["seen"][count] / (4 * blind["tested"])',
        ),
        Bug(
            "assert 0.2 < guess",
            "the program with shuffled keys for the one that has learnt",
            old='blind["seen"][count] / blind["tested"] for',
            new='blind["shuffled"] / blind["tested"] for',
        ),
        Bug(
            'outcomes["__import__',
            "one reading of a number, the one that fits",
            old="if len(outcomes) == 1 and",
            new='if "right" in outcomes:\n        return Grade("right", "Right.")\n    if len(outcomes) == 1 and',
        ),
        Bug(
            'outcomes["__import__',
            "half a unit of the wrong digit",
            old="Fraction(1, 2 * 10**digits)",
            new="Fraction(5, 10**digits)",
        ),
        Bug(
            "assert all(here)",
            "what was asked back counts as graded",
            old='hits, tries = by_form["right"]["right"].to_numpy()',
            new='hits, tries = by_form["right"][["right", "ask"]].sum(axis=1).to_numpy()',
        ),
        Bug(
            "assert all(here)",
            "shares of all answers for those of the right ones",
            old='by_form["right"].sum(axis=1).to_numpy()',
            new="by_form.sum(axis=1).to_numpy()",
        ),
        Bug("assert all(here)", "the exact interval for Wilson's", old='method="wilson"', new='method="exact"'),
        Bug(
            "assert all(here)",
            "answers taken for independent, though a form is read or it is not",
            old="understood = np.quantile(hits[forms_again].sum(1) / tries[forms_again].sum(1), (0.025, 0.975))",
            new='understood = wilson(int(totals["right", "right"]), int(of_right))',
        ),
        Bug(
            'written.iptc["DigitalSourceType"]',
            "a sheet of what the learner has seen",
            old="if k not in used and k not in chosen]",
            new="if k in used or k not in chosen]",
        ),
        Bug(
            "played.next.disabled",
            "a click after the end counts",
            old="self.choices.disabled = self.next.disabled = True",
            new="self.choices.disabled = True",
        ),
        Bug(
            "assert verdict.answer",
            "the share in place of its lower end",
            old="Measured(own_form[0]",
            new="Measured(own_form[1]",
        ),
        Bug(
            "share solved, version 2 less version 1",
            "attempts for versions",
            old='version, earlier = exam_table["group"]',
            new='version, earlier = exam_table["attempt"]',
        ),
        Bug(
            "of the parameters lie within",
            "the slope is not squared",
            old="return a * a * p * (1 - p)",
            new="return a * p * (1 - p)",
        ),
        Bug(
            "of the parameters lie within",
            "the level for the difficulty",
            old="return slope, -level / slope, posterior(answers",
            new="return slope, -level, posterior(answers",
        ),
        Bug(
            "of the parameters lie within",
            "variances for standard errors",
            old="return np.sqrt(of_slope), np.sqrt(",
            new="return of_slope, (",
        ),
        Bug(
            "largest Q3, ",
            "correlations of answers, not of what is left",
            old="np.corrcoef(answers - chance(mean[:, None], a, b), rowvar=False)",
            new="np.corrcoef(answers, rowvar=False)",
        ),
        Bug(
            "five adaptive − two-stage five",
            "information forgets a square",
            old="return a * a * p * (1 - p)",
            new="return a * p * (1 - p)",
        ),
        Bug(
            "five adaptive − two-stage five",
            "measured on the students who calibrated",
            old="given = exam_answers[held]",
            new="given = exam_answers[learnt]",
        ),
        Bug(
            "five adaptive − two-stage five",
            "splits taken for independent",
            old="np.sqrt(1 / count + share)",
            new="np.sqrt(1 / count)",
        ),
        Bug(
            "five adaptive − two-stage five",
            "minutes taken for hours",
            old='few * exam_drawn["sitting"] / 60',
            new='few * exam_drawn["sitting"]',
        ),
        Bug(
            "five adaptive − two-stage five",
            "the whole interval for half of it",
            old="error_of_saved = (saved_13[2] - saved_13[0])",
            new="error_of_saved = (saved_13[2] - saved_13[1])",
        ),
        Bug(
            "five adaptive − two-stage five",
            "the fixed form is written from nothing too",
            old="more_writing = (ASKED - 6)",
            new="more_writing = ASKED",
        ),
        Bug(
            "five adaptive − two-stage five",
            "the hours of one student",
            old="hours_saved = STUDENTS * few",
            new="hours_saved = few",
        ),
        Bug(
            "with the questions set aside",
            "with and without the lottery mixed up",
            old="limit_off, r_off, limit_on, r_on =",
            new="limit_on, r_on, limit_off, r_off =",
        ),
        Bug(
            "with the questions set aside",
            "what is left without the lottery",
            old="corrected_interval(r_on - same_splits)",
            new="corrected_interval(r_off - same_splits)",
        ),
        Bug(
            "with the questions set aside",
            "what is left beside the random form",
            old='same_splits = per_split("fixed, 5")',
            new='same_splits = per_split("random, 5")',
        ),
        Bug(
            "planted in 'elasticity'",
            "104 tests, and none is paid for",
            old="paid = holm(every_p.ravel()).reshape(every_p.shape)",
            new="paid = every_p",
        ),
        Bug(
            "planted in 'elasticity'",
            "wrong answers taken for blanks",
            old='exam_table["credits_planning"] == 0',
            new='exam_table["credits_planning"] < 2',
        ),
        Bug(
            "planted in 'elasticity'",
            "men and women exchanged",
            old='rows & (focal_groups["women"] == k) for k in (0, 1)',
            new='rows & (focal_groups["women"] == k) for k in (1, 0)',
        ),
        Bug(
            "planted in 'elasticity'",
            "the sign of delta",
            old="delta = -2.35 * np.log(r.sum() / s.sum())",
            new="delta = 2.35 * np.log(r.sum() / s.sum())",
        ),
        Bug(
            "planted in 'elasticity'",
            "groups compared without their scores",
            old="answers[:, used].sum(1) + 100 * within",
            new="0 * answers[:, used].sum(1) + 100 * within",
        ),
        Bug(
            "planted in 'elasticity'",
            "nothing is purified",
            old="        clean = now\n",
            new="        pass\n",
        ),
        Bug(
            "planted in 'elasticity'",
            "the version is not allowed for",
            old=".sum(1) + 100 * within",
            new=".sum(1) + 0 * within",
        ),
        Bug(
            "five adaptive − whole exam",
            "corrected by the reliability, not by its root",
            old="r[0] / np.sqrt(trust)",
            new="r[0] / trust",
        ),
        Bug(
            "five adaptive − whole exam",
            "plain correlations in the interval of the corrected ones",
            old="for k in (0, 2)",
            new="for k in (0, 0)",
        ),
        Bug(
            "five adaptive − whole exam",
            "the exam less the short test",
            old='per_split("adaptive, 5", "tests") - per_split("exam", "tests")',
            new='per_split("exam", "tests") - per_split("adaptive, 5", "tests")',
        ),
        Bug(
            "stories of one template",
            "simulated means taken for exact",
            old="noise.normal(*map(np.array, pair), (2000, 13))",
            new="noise.normal(np.array(pair[0]), 0, (2000, 13))",
        ),
        Bug(
            "stories of one template",
            "the difference of two taken for the deviation of one",
            old="np.sqrt(max(square, 0) / 2)",
            new="np.sqrt(max(square, 0))",
        ),
        Bug(
            "stories of one template",
            "the unit of the link upside down",
            old="unit = np.exp(np.log(a2[same]).mean() - np.log(a1[same]).mean())",
            new="unit = np.exp(np.log(a1[same]).mean() - np.log(a2[same]).mean())",
        ),
        Bug(
            "stories of one template",
            "the origin of all questions in one version, of the common ones in the other",
            old="moved = unit * (b2 - b2[same].mean())",
            new="moved = unit * (b2 - b2.mean())",
        ),
        Bug(
            "stories of one template",
            "a guess known exactly",
            old="used_b = true_b + rng.normal(0, guess, count)",
            new="used_b = true_b + rng.normal(0, 1, count)",
        ),
    ],
    "14_case_medicine": [
        Break("cost_of_requests", "sign", 0, 1),
        Break("cost_of_requests", "scale", 0, 1),
        Break("normal_scores", "factor", 0, 2),
        Break("normal_scores", "sign", 0, 2),
        Break("rank_correlation", "factor", 0, 3),
        Break("rank_correlation", "scale", 0, 3),
        Break("log_likelihood", "sign", 2, 4),
        Break("log_likelihood", "factor", 0, 4),
        Break("auc_by_hand", "swap", None, 5),
        Break("auc_by_hand", "factor", 0, 5),
        Break("auc_interval", "scale", 2, 6),
        Break("expected_distances", "sign", 0, 7),
        Break("expected_distances", "sign", 3, 7),
        Break("expected_distances", "swap", None, 7),
        Break("best_guess", "swap", None, 8),
        Break("best_guess", "factor", 0, 8),
        Break("passes_by_chance", "factor", 0, 9),
        Break("saving", "sign", 0, 10),
        Break("saving", "sign", 3, 10),
        Bug(
            "assert train_corners",
            "the test patches from the training side",
            old='stained_patches("test", stride=16)',
            new='stained_patches("train", stride=16)',
        ),
        Bug(
            'assert middle["shuffled',
            "correlation gaps with signs cancel out",
            old="error = {name: np.abs(gap)",
            new="error = {name: (gap)",
            given=(
                "distances = {'shuffled columns': [0.08], 'real members': [0.06], 'VAE': [0.07], 'GAN': [0.16]}\n"
                "checker = 2 * (np.indices((31, 31)).sum(0) % 2) - 1\n"
                "sizes = {'shuffled columns': 0.2, 'VAE': 0.05, 'Gaussian by class': 0.07, 'GAN': 0.16}\n"
                "gaps = {name: size * (checker if 'sh' in name else checker**2) for name, size in sizes.items()}\n"
                "aucs = {'shuffled columns': 0.99, 'Gaussian by class': 0.83, 'VAE': 0.66, 'GAN': 0.9}\n"
                "told = {name: {'forest': (auc,), 'quadratic': (auc,)} for name, auc in aucs.items()}"
            ),
        ),
        Bug(
            "assert all(near[noise]",
            "the attack on copies read in place of the attack on the fit",
            old='count: row["Mahalanobis"]',
            new='count: row["nearest record"]',
            given=(
                "def said(auc, tpr=0.0):\n"
                "    return {'auc': (auc, auc - 0.04, auc + 0.04), 'tpr': (tpr, tpr, tpr)}\n\n\n"
                "seen = {0.05: 1.0, 0.1: 1.0, 0.2: 0.99, 0.4: 0.86, 0.8: 0.56, 1.6: 0.5}\n"
                "copies = {n: {'nearest record': said(a, a), 'Mahalanobis': said(0.5)} for n, a in seen.items()}\n"
                "seen = {110: 0.83, 140: 0.76, 200: 0.67, 284: 0.58}\n"
                "fits = {n: {'nearest record': said(0.55), 'Mahalanobis': said(a)} for n, a in seen.items()}"
            ),
        ),
        Bug(
            "assert traced.iloc[0] == 100",
            "words that name a measurement allowed everywhere",
            old=r"""taken = "|".join([r"\{\w+\}", *(re.escape(fact[3]) for fact in facts.values())])""",
            new=r'''taken = r"\{\w+\}"''',
            given="test_stain = np.linspace(0.001, 0.124, 310) ** 1.5 / 0.124**0.5",
        ),
        Bug(
            "assert wider.max()",
            "the spread of single columns in place of their ratios",
            old="x[:, :, None] - x[:, None]",
            new="x[:, :, None] + 0 * x[:, None]",
            given=(
                "rng = np.random.default_rng(0)\n"
                "size, errors_of_size = rng.normal(size=(200, 1)), rng.normal(size=(200, 3))\n"
                "own = np.exp(size + 0.03 * errors_of_size)\n"
                "everyone = {'VAE': np.exp(size + 0.1 * errors_of_size)}\n"
                "columns = ['correlation error', 'forest AUC', 'quadratic AUC', 'change of AUC']\n"
                "rows = {'VAE, first round': (0.054, 0.66, 0.71, 0.0), 'VAE, second round': (0.05, 0.62, 0.68, 0.0)}\n"
                "rows |= {'Gaussian by class': (0.07, 0.83, 0.77, 0.0), 'shuffled columns': (0.19, 0.99, 0.99, 0.0)}\n"
                "summary = pd.DataFrame(rows, index=columns).T\n"
                "real_auc, effects = 0.99, {name: (-0.02, -0.025, 0.0) for name in rows}"
            ),
        ),
        Bug(
            'beaten = [("shuffled columns", measure)',
            "the difference the wrong way round",
            old='splits[measure].loc[other] - splits[measure].loc["VAE, second round"]',
            new='splits[measure].loc["VAE, second round"] - splits[measure].loc[other]',
        ),
        Bug(
            'assert exact["released"] == (0, 0)',
            "the attack that looks for copies read in place of the other",
            old='mahalanobis = {name: over[name]["Mahalanobis"]',
            new='mahalanobis = {name: over[name]["nearest record"]',
            given=(
                "exact = {'released': (0, 0), \"cut off at the members' extremes\": (17, 15)}\n"
                "closer, to_member, to_other = 0.5, np.ones(3), np.ones(3)\n"
                "aucs = {'nearest record': 0.49, 'Mahalanobis': 0.59, 'loneliest tenth': 0.73}\n"
                "attacked = {'VAE, second round': {k: {'auc': (a, a - 0.05, a + 0.05)} for k, a in aucs.items()}}"
            ),
        ),
        Bug(
            "assert obedience > 0.9",
            "the best program judged in place of the worst",
            old="worst_program = max(",
            new="worst_program = min(",
            given=(
                "stain_ratio = {'forest, densities': (0.96, 0.8, 1.1), 'ridge, 21 colours': (1.6, 1.4, 1.8)}\n"
                "obedience, tried = 0.98, {'forest, densities': (np.full(3, 0.002), np.full(3, 0.002))}\n"
                "by_lot, by_order = np.full(3, 0.03), np.full(3, 0.004)"
            ),
        ),
        Bug(
            'assert control["error against',
            "the control counted among the splits",
            old=' if name != "control"]',
            new="]",
            given=(
                "plain, faint, found = (0.5, 0.4, 0.6), (0.57, 0.52, 0.62), (0.78, 0.72, 0.83)\n"
                "row = dict.fromkeys(['stain alone', 'nearest drawn patch', \"flow's error\"], plain)\n"
                "kind = 'error against upside down'\n"
                "splits = dict.fromkeys(['0', '1'], row | {kind: faint})\n"
                "stored = {'patches': splits | {'control': row | {kind: found}}}\n"
                "patch_attacks = {'shipped: left against right': {'stain alone': (0.67, 0.5, 0.8)}}"
            ),
        ),
        Bug(
            'assert "wait_today" in first_names',
            "the likely value of a week kept",
            old="{**a, **free}",
            new="{**free, **a}",
        ),
        Bug(
            'assert verdicts["VAE, second',
            "one attack handed to two conditions",
            old='mahalanobis=business.Measured(lower["Mahalanobis"], "held out")',
            new='mahalanobis=business.Measured(lower["nearest record"], "held out")',
            given=(
                "second, draws = None, ['VAE, second round', \"Gaussian of ratios' scores\"]\n"
                "near, cloud, lonely = {'auc': (0.5, 0.45)}, {'auc': (0.59, 0.54)}, {'auc': (0.73, 0.59)}\n"
                "three = {'nearest record': near, 'Mahalanobis': cloud, 'loneliest tenth': lonely}\n"
                "attacked, effects = dict.fromkeys(draws, three), dict.fromkeys(draws, (-0.01, -0.02, 0.0))\n"
                "copies, noisy = {1.6: three}, None\n"
                "effect = lambda draw: (-0.01, -0.02, 0.0)\n"
                "stain_ratio, worst_program = {'ridge': (1.6, 1.4, 1.8)}, 'ridge'\n"
                "by_lot_of_blocks = [{'nearest drawn patch': (0.5, 0.4), 'error against upside down': (0.5, 0.4)}]\n"
                "drawn_patches = np.zeros((16, 32, 32, 3), np.uint8)\n"
                "its_label = 'synthetic, 14_case_medicine, no real person'\n"
                "release = lambda *asked_for: pd.DataFrame({'provenance': [its_label]})"
            ),
        ),
    ],
    "15_case_games": [
        Bug(
            "a corner",
            "a frozen box on its goal counts as lost",
            old="        stuck = still\n    return 0",
            new="        stuck = still\n    return stuck",
        ),
        Bug(
            "shipped solutions replayed",
            "levels beyond the limit are counted as solved",
            old='power[power.search == "A*"]',
            new="power[power.pushes >= 0]",
        ),
        Bug(
            "assert all(isinstance(one, Solution) for one in forth + back)",
            "the judge calls a frozen box on its goal lost",
            old="        stuck = still\n    return 0",
            new="        stuck = still\n    return stuck",
        ),
        Bug(
            "assert all(isinstance(one, Solution) for one in forth + back)",
            "of two levels the one with fewer pushes is kept",
            old="return max(drawn, key",
            new="return min(drawn, key",
        ),
        Bug(
            "assert all(isinstance(one, Solution) for one in forth + back)",
            "backwards, the player ends in one region alone",
            old="    while rest:  # the player",
            new="    if rest:  # the player",
        ),
        Bug(
            "np.stack(steps, axis=1), whole",
            "every tile is written at the first place",
            old="tokens[:, position]), cache, runtime.tf.constant(position))",
            new="tokens[:, position]), cache, runtime.tf.constant(0))",
            given=UNTRAINED_WRITER,
        ),
        Bug(
            "np.stack(steps, axis=1), whole",
            "what has been drawn is not counted",
            old="missing = missing - BRINGS[drawn]",
            new="missing = missing - 0 * BRINGS[drawn]",
            given=UNTRAINED_WRITER,
        ),
        Bug(
            "edits a level, of those solved",
            "only what needed no repair is counted",
            old="grouped_wilson(repaired_solved, turns)",
            new="grouped_wilson(repaired_edits == 0, turns)",
        ),
        Bug(
            "the network is ahead of",
            "the difference the other way round",
            old='grouped_difference(shares["network"], shares[kind]) for',
            new='grouped_difference(shares[kind], shares["network"]) for',
        ),
        Bug(
            "the network is ahead of",
            "near copies are counted, not new levels",
            old="for pool in pools], axis=0) >= NEAR",
            new="for pool in pools], axis=0) < NEAR",
        ),
        Bug(
            "the network is ahead of",
            "the network of before is compared with the rival of the colder seed",
            old="grouped_difference(shares[ours], shares[theirs])",
            new='grouped_difference(shares["network"], shares["same walls, boxes not dead"])',
        ),
        Bug(
            "the network is ahead of",
            "the farthest pool decides what is new, not the nearest",
            old="new[good] = np.min([kinds",
            new="new[good] = np.max([kinds",
        ),
        Bug(
            "the network is ahead of",
            "levels drawn for one real level are counted as independent",
            old="worth = count / max(1.0, np.sum(added**2)",
            new="worth = count / max(1.0, 0 * np.sum(added**2)",
        ),
        Bug(
            "the network is ahead of",
            "the last rivals are left out",
            old='"same walls and goals", "Markov chain", "Markov',
            new='"Markov chain", "Markov',
        ),
        Bug(
            "# equation 2",
            "the strata are thrown together",
            old="weight * (values[strata == stratum].mean()",
            new="weight * (values.mean()",
        ),
        Bug(
            "# equation 2",
            "at equal size, rival less network",
            old="ours = np.arange(len(pushes)) < len(parts[0][0])",
            new="ours = np.arange(len(pushes)) >= len(parts[0][0])",
        ),
        Bug(
            "# equation 2",
            "near copies are what is called new",
            old='chosen &= new_of(kind, ["real"])[0]',
            new='chosen &= ~new_of(kind, ["real"])[0]',
        ),
        Bug(
            "of {good.sum()} solvable levels",
            "one of two wishes is enough",
            old="grouped_wilson(granted_boxes & granted_band, turn, good)",
            new="grouped_wilson(granted_boxes | granted_band, turn, good)",
        ),
        Bug(
            "of {good.sum()} solvable levels",
            "at random, each level meets its own wish",
            old="[~np.eye(good.sum(), dtype=bool)]",
            new="[np.eye(good.sum(), dtype=bool)]",
        ),
        Bug(
            "# equation 3",
            "the share multiplies",
            old="60 / (look / accepted + polish)",
            new="60 / (look * accepted + polish)",
        ),
        Bug(
            'verdict.answer == "no"',
            "the estimate for the end of its interval",
            old="Measured(gain_far[1]",
            new="Measured(-gain_far[1]",
            given=DECIDED,
        ),
        Bug(
            "of the tiles drawn anew",
            "copies are looked for as they are, not turned",
            old="symmetries(tiles)[form] for tiles in levels",
            new="tiles for tiles in levels",
            given=PLANTED,
        ),
        Bug(
            "hand_player.game.moves",
            "undo begins the level again",
            old="            self.game.undo()",
            new="            self.game = Game(self.start)",
        ),
        Bug(
            "nobody beats the exact optimum",
            "the mean step for the best",
            old="new = choices.max(1) if policy is None",
            new="new = choices.mean(1) if policy is None",
            given=FEW_HALLS,
        ),
        Bug(
            "nobody beats the exact optimum",
            "the guard takes the worst step",
            old="    best = choices >= choices.max(-1, keepdims=True) - 1e-9",
            new="    best = choices <= choices.min(-1, keepdims=True) + 1e-9",
            given=FEW_HALLS,
        ),
        Bug(
            'net["as asked"][1] > spliced["as asked"][2]',
            "one condition right is enough",
            old="asked = read_as_asked(reader, lines, wishes).all(1)",
            new="asked = read_as_asked(reader, lines, wishes).any(1)",
            given=SPOKEN,
        ),
        Bug(
            'net["as asked"][1] > spliced["as asked"][2]',
            "the strict gate looks at words alone",
            old="pairs <= known if strict else {",
            new="pairs <= known if False else {",
            given=SPOKEN,
        ),
        Bug(
            'one["joined"] and one["dry"]',
            "the tree loses an edge",
            old="    return edges + sorted(rest",
            new="    return edges[2:] + sorted(rest",
            given="LIVE_TOWNS = 4",
        ),
        Bug(
            'one["joined"] and one["dry"]',
            "amplitudes fall as the power should",
            old="frequency ** (-rugged / 2)",
            new="frequency ** (-rugged)",
            given="LIVE_TOWNS = 4",
        ),
    ],
    "16_case_social_media": [
        Bug(
            "assert 1_500 < low",
            "every sticker is usable",
            old="(usable * minutes - look)",
            new="(minutes - look)",
        ),
        Bug("len(held) == 259", "a fifth is held out", old="HELD_OUT = 0.1", new="HELD_OUT = 0.2"),
        Bug(
            "# equation 1",
            "the last of a hundred counts as first",
            old="(scores > own).sum()",
            new="(scores < own).sum()",
        ),
        Bug(
            "# equation 1",
            "pictures and names in opposite order",
            old="np.diag(scores)",
            new="np.diag(scores[::-1])",
        ),
        Bug(
            "# equation 2",
            "guidance is added to what the words say",
            old="parts[-1] + self.guidance * (asked - parts[-1])",
            new="asked + self.guidance * (asked - parts[-1])",
            given='by_guidance = {"guidance 0.0": np.zeros(3), "guidance 3.0": np.full(3, 99)}',
        ),
        Bug(
            "assert min(point.values())",
            "the judge that chose also measures",
            old='min(ratio["judged"][FLOW]',
            new='min(ratio["judged_by_the_first"][FLOW]',
        ),
        Bug(
            "assert min(point.values())",
            "a learnt judge in place of pixels",
            old='stored["by_pixels"][row][f]["share"]',
            new='stored["judged"][row][f]["share"]',
        ),
        Bug(
            "moved.mean() < 0.5",
            "compared with drawings that were held out",
            old="places = np.flatnonzero(wishes()[1] == TRAIN)",
            new="places = np.flatnonzero(wishes()[1] == TEST)",
            given=REDRAWN,
        ),
        Bug(
            "moved.mean() < 0.5",
            "the threshold that sees no redrawing",
            old='threshold = about["threshold"]',
            new="threshold = strict",
            given=REDRAWN,
        ),
        Bug(
            "moved.mean() < 0.5",
            "near a seen drawing is a copy, though it is what was asked for",
            old="(nearest < threshold) & (nearest < to_asked(images, asked))",
            new="nearest < threshold",
            given=REDRAWN,
        ),
        Bug(
            'assert errors["learnt"]',
            "the walk stands still",
            old="mix = np.linspace(0, 1, frames)",
            new="mix = np.linspace(0, 0, frames)",
            given="painted = np.zeros((6, 32, 32, 3), np.uint8)",
        ),
        Bug(
            'assert errors["learnt"]',
            "no walk, a switch in the middle",
            old="mix = np.linspace(0, 1, frames)",
            new="mix = np.round(np.linspace(0, 1, frames))",
            given="painted = np.zeros((6, 32, 32, 3), np.uint8)",
        ),
        Bug(
            'assert here["network"]["both"]',
            "the thing is asked for before its attribute",
            old='[f"<{tone}>", attribute, *noun,',
            new='[f"<{tone}>", *noun, attribute,',
        ),
        Bug(
            "# equation 3",
            "Holm's steps may fall",
            old="np.maximum.accumulate(np.asarray(p)[order]",
            new="np.asarray(np.asarray(p)[order]",
        ),
        Bug(
            "# equation 3",
            "the hours are not told apart",
            old="mined(many[rows].reset_index(drop=True))",
            new="mined(many)",
        ),
        Bug(
            "assert leaks",
            "what is understood is drawn",
            old="    return forbidden(wish)",
            new='    return ""',
        ),
        Bug(
            "assert leaks",
            "what a text denies counts as meant",
            old="and not denied(wish.attribute, said)",
            new="",
        ),
        Bug(
            "assert label.iptc",
            "the notice names no licence",
            old="(https://openmoji.org). CC BY-SA 4.0.",
            new="(https://openmoji.org).",
            given="frames = np.zeros((9, 64, 64, 3), np.uint8)",
        ),
        Bug(
            "assert verdict.answer",
            "the ratio itself is handed over, not its lower end",
            old='min(ratio["judged"][FLOW][f][1]',
            new='min(ratio["judged"][FLOW][f][0]',
            given=REDRAWN,
        ),
    ],
    "18_case_speech": [
        Bug(
            'assert phone["voice"]["closed"]',
            "spliced less the voice",
            old='np.array(judges[judge][one]["right"]) - np.array(judges[judge][other]["right"])',
            new='np.array(judges[judge][other]["right"]) - np.array(judges[judge][one]["right"])',
        ),
        Bug("assert 8 < cheap", "a session for each prompt", old="return session / together", new="return session"),
        Bug(
            "assert not train_texts",
            "held-out texts are counted as training texts",
            old='for part in ("train", "held out"))',
            new='for part in ("held out", "held out"))',
        ),
        Bug(
            'words("Room 305.")',
            "cents are read as dollars",
            old="int(units or 0) or not int(parts or 0)",
            new="True",
        ),
        Bug(
            'fresh["cases"] == 128',
            "cases for hits",
            old='share(fresh["right"], ',
            new='share(fresh["cases"], ',
        ),
        Bug("# equation 1", "the mean of rates", old="errors.sum() / lengths.sum()", new="(errors / lengths).mean()"),
        Bug("assert usual[", "a mean for all phones", old="np.median(frames[phone == k])", new="np.median(frames)"),
        Bug(
            "# equation 2",
            "the width is left out",
            old="np.exp(-np.pi * width / RATE)",
            new="np.exp(-np.pi * 10 / RATE)",
        ),
        Bug("assert len(made", "the pitch is not scaled", old="200 * np.exp(told[:, 1]", new="np.exp(told[:, 1]"),
        Bug(
            "assert all(marks.is_heard",
            "the label behind is forgotten",
            old="[np.concatenate([marks.rhythm(RATE), sound]) for sound in here]",
            new="here",
        ),
        Bug(
            '"five", "x", "squared"]',
            "the label's time is forgotten",
            old="[len(marks.rhythm(RATE)), *map(len, spoken)]",
            new="[0, *map(len, spoken)]",
        ),
        Bug("for line in chinese)", "a refusal is swallowed", old="return str(error)", new='return ""'),
        Bug(
            'assert phone["voice"][0] > 0',
            "what is not understood costs nothing",
            old="missed * callers * lost * worth",
            new="0 * missed * callers * lost * worth",
        ),
        Bug(
            "# equation 3",
            "the half is forgotten",
            old="np.sqrt(0.5 * ((one[:, None]",
            new="np.sqrt(((one[:, None]",
        ),
        Bug(
            "assert plain[",
            "the detectors change places",
            old="plain, lined = called",
            new="lined, plain = called",
        ),
        Bug(
            "assert 0.93 < held",
            "each opinion counts, not each listener",
            old="each = scores.mean(1)",
            new="each = scores.ravel()",
        ),
        Bug(
            '"thirty nine euros and ninety cents"',
            "the picture jumps to its last size",
            old="np.linspace(0, 1, round(seconds * rate))",
            new="np.ones(round(seconds * rate))",
        ),
        Bug(
            "typed_right, spoken_right",
            "what was typed is taken for what was heard",
            old="typed, page, written = (",
            new="written, page, typed = (",
        ),
        Bug(
            "said = [reason",
            "the wrong readings, not the right ones",
            old="Measured(read_right[1]",
            new="Measured(1 - read_right[0]",
        ),
    ],
    "19_case_customer_service": [
        Bug(
            "assert 2.5 < low",
            "hours of a hundred minutes",
            old='contact where a colleague answers each."""\n    return minutes * hour / 60',
            new='contact where a colleague answers each."""\n    return minutes * hour / 100',
        ),
        Bug(
            "# equation 1",
            "a resolved message costs nothing",
            old="(wrong - handed_over) / (wrong - resolved)",
            new="(wrong - handed_over) / wrong",
        ),
        Bug(
            "assert len(meanings()) == 120",
            "the test is the training file",
            old='read_rows(f"questions_{name}")',
            new='read_rows("questions_train")',
        ),
        Bug(
            "# equation 2",
            "where no word is known, pages are found by their place in the file",
            old="found = np.zeros((len(texts), len(documents)))",
            new="found = np.tile(np.arange(len(documents)), (len(texts), 1)).astype(float)",
        ),
        Bug("# equation 2", "ranks begin at 1", old="rankdata(-scores, axis=1) - 1", new="rankdata(-scores, axis=1)"),
        Bug(
            "# equation 3",
            "a page's own examples stay in its map",
            old="for page in np.unique(owner):",
            new="for page in []:",
        ),
        Bug(
            "assert gains[SHOWN[0]][1]",
            "the map alone is taken for the fusion",
            old='["gain over BM25"]["fusion"] for regime in SHOWN',
            new='["gain over BM25"]["translation"] for regime in SHOWN',
        ),
        Bug(
            "assert fair[",
            "BM25 of the bare pages again",
            old='stored["rivals"][regime]["gain in R@1"] for regime in SHOWN',
            new="gains[regime] for regime in SHOWN",
        ),
        Bug(
            "assert 0.85 < 0.6",
            "customers who see no right title cannot go astray",
            old="wrong = picks * shown, astray * hidden",
            new="wrong = picks * shown, 0 * hidden",
        ),
        Bug(
            "assert 0.85 < 0.6",
            "each of them goes to a colleague as well",
            old="person = shown - right + hidden - wrong",
            new="person = shown + hidden",
        ),
        Bug(
            'assert without["60"]',
            "pages with and without examples change places",
            old='stored["encoder"][regime] for regime in SHOWN)',
            new='stored["encoder"][regime] for regime in SHOWN[::-1])',
        ),
        Bug(
            "assert across > 1.5 * within",
            "a question is its own nearest",
            old="np.fill_diagonal(alike, 0)",
            new="pass",
        ),
        Bug(
            'assert parts["long"]',
            "measured on pages that have examples",
            old='tested[SHOWN[0]]["retrieval"]["fusion by part"]',
            new='tested[SHOWN[1]]["retrieval"]["fusion by part"]',
        ),
        Bug(
            'assert debian["sections"]',
            "titles and paraphrases change places",
            old='debian = stored["debian"]',
            new='debian = stored["debian"] | dict(titles=stored["debian"]["paraphrases"], '
            'paraphrases=stored["debian"]["titles"])',
        ),
        Bug(
            "assert np.abs(gaps",
            "the probability to be wrong is taken for that to be right",
            old="[true - said for said, true, _",
            new="[true - (1 - said) for said, true, _",
        ),
        Bug(
            "assert held[",
            "pages with and without examples change places",
            old='["by risk"] for regime in SHOWN)',
            new='["by risk"] for regime in SHOWN[::-1])',
        ),
        Bug(
            "# equation 4",
            "the upper end of a two-sided interval",
            old="beta.ppf(confidence, hits + 1",
            new="beta.ppf((1 + confidence) / 2, hits + 1",
            given='stopped, fixed, checked = 0, set(), stored["answers"]',
        ),
        Bug(
            "# equation 4",
            "what no page says is said",
            old='problems.append((sentence, "no page says this"))',
            new="continue",
            given='stopped, fixed, checked = 0, set(), stored["answers"]',
        ),
        Bug(
            "assert low > 0.02",
            "nothing is shortened",
            old="if len(sentences) <= most:",
            new="if len(sentences) > 0:",
        ),
        Bug(
            "stranger, nobody = replies",
            "whoever names an order sees it",
            old='if email and row["email"] == email.strip().lower()]',
            new="if email]",
            given=SERVED,
        ),
        Bug(
            "stranger, nobody = replies",
            "a number is seen only between spaces and signs that are no letters",
            old='NUMBER = r"(?<![a-z0-9])nh[- ]?(\\d{4,})(?![a-z0-9])"',
            new='NUMBER = r"\\bnh[- ]?(\\d{4,})\\b"',
            given=SERVED,
        ),
        Bug(
            "stranger, nobody = replies",
            "one own number among several is enough",
            old="elif self.email and numbers - own:",
            new="elif self.email and numbers and not numbers & own:",
            given=SERVED,
        ),
        Bug(
            "messages = harm.drop",
            "the poisoned pages are left out",
            old='harm.drop("hidden")',
            new='harm.drop("invent")',
        ),
        Bug(
            "gain = {helps",
            "every choice that was offered counts as resolved",
            old='share["offered"] * (1 - picks)',
            new='share["offered"] * 0',
        ),
        Bug(
            "gain = {helps",
            "a choice costs no patience",
            old=" + waited * patience",
            new="",
        ),
        Bug(
            "gain = {helps",
            "only who goes to a colleague loses patience",
            old='waited = share["offered"] + share["handed over"]',
            new="waited = person",
        ),
        Bug(
            'assert verdict.answer == "no"',
            "the lower end is handed over, not the upper",
            old='wrong=Measured(held["upper bound"],',
            new='wrong=Measured(held["wrong, of answers"][1],',
        ),
    ],
    "17_case_music": [
        Bug(
            "net_less[2] < 0",
            "the n-gram's own bits are taken for the difference",
            old='tune_bits["transformer less n-gram"]',
            new='tune_bits["n-gram"]',
        ),
        Bug("assert 40 < cheap", "minutes times EUR an hour", old="draw(10_000, SEED) / 60", new="draw(10_000, SEED)"),
        Bug(
            'tunes_of["train"] & tunes_of["test"]',
            "split by file",
            old="[piece.tune for piece in every]",
            new="[piece.name for piece in every]",
        ),
        Bug(
            "form_of(one)), one.notes)",
            "a voice that stops is not coded",
            old="return REST if place in stops else HOLD",
            new="return HOLD",
        ),
        Bug(
            'stored["bits"][name][: len(some)]',
            "what is discounted is lost",
            old="            found *= lost",
            new="            found *= 0.0 + 1e-6",
            given="""some = parts["test"][:1]
alone = Ngram([("own", "beat")]).learn(parts["train"])
here = {"independent voices, first order": [alone.costs(one).sum() for one in some]}""",
        ),
        Bug(
            "assert against_all",
            "the rival less the writer",
            old="np.asarray(bits, float) - np.asarray(other, float)",
            new="np.asarray(other, float) - np.asarray(bits, float)",
        ),
        Bug(
            "assert against_all",
            "the writer's own bits are taken for the blend's",
            old='blend_less = tune_interval(stored["bits"][BLEND]',
            new='blend_less = tune_interval(stored["bits"][WRITER]',
        ),
        Bug(
            "assert library.longest(leak)",
            "one draw is taken for all that is issued",
            old='issued = draws["run"]',
            new='issued = draws["run"][:1]',
        ),
        Bug(
            "lawful = stored",
            "a sum in place of a difference",
            old="np.array(found[one][measure]) - np.array(found[other][measure])",
            new="np.array(found[one][measure]) + np.array(found[other][measure])",
        ),
        Bug(
            "assert gap_to_rival",
            "the rival less the writer",
            old="np.array(found[one][measure]) - np.array(found[other][measure])",
            new="np.array(found[other][measure]) - np.array(found[one][measure])",
        ),
        Bug(
            "assert library.longest(leak)",
            "pitches in place of intervals",
            old="above = np.where(silent, SILENT, pitches - lowest[:, None])",
            new="above = pitches",
        ),
        Bug(
            "assert all(same.values())",
            "the label is forgotten",
            old="text = to_musicxml(page, TEMPO, says)",
            new="text = to_musicxml(page, TEMPO)",
            given=SUNG,
        ),
        Bug(
            "len(music) == 30 * RATE",
            "the loudness is not set",
            old="at_loudness(render(page, TEMPO), -18.0)",
            new="render(page, TEMPO)",
            given=SUNG,
        ),
        Bug("assert -35 < low_time", "what is thrown away costs nothing", old="look / usable", new="look"),
        Bug(
            "few.low < 0.5",
            "as many right as wrong",
            old="((HEARD, HEARD), (15, 20)))",
            new="((HEARD, HEARD), (10, 20)))",
        ),
        Bug(
            "gain[1] > 0",
            "the hidden piece is left out as known",
            old="known[rows, hidden] = 0",
            new="known[rows, hidden] = 1",
        ),
        Bug(
            "said = [reason",
            "the lower end of the difference",
            old="likely=Measured(against_all",
            new="likely=Measured(-against_all",
        ),
    ],
    "16b_recommending": [
        Bug(
            "assert 0.01 < bottom",
            "the editor is paid on",
            old="return (running - editor) /",
            new="return (running + editor) /",
        ),
        Bug(
            "assert 0.01 < bottom",
            "a test planned for a lift above nothing, not above what is asked",
            old="np.log1p(lift) - np.log1p(asked)",
            new="np.log1p(lift)",
        ),
        Bug(
            'assert trap["EASE"]',
            "the hidden rating is left in the table",
            old='met[hidden["s"], hidden["d"]] = 0',
            new='met[hidden["s"], hidden["d"]] = 1',
        ),
        Bug(
            "# equations 1 and 2",
            "rows divided, not columns",
            old="weights = -inverse / np.diag(inverse)",
            new="weights = -inverse / np.diag(inverse)[:, None]",
        ),
        Bug(
            "# equations 1 and 2", "a mean without its penalty", old="/ (count + penalty)", new="/ np.maximum(count, 1)"
        ),
        Bug(
            "assert (simple, learned)",
            "mildness taken for order: the AUC over all ratings",
            old='order, loss = kept["to the best simple"]["within"],',
            new='order, loss = kept["to the best simple"]["AUC"],',
            given=RECOMMENDED,
        ),
        Bug(
            'assert auc["leaked"]',
            "the plant is not planted",
            old='split["part"].isin(["train", "test"])',
            new='split["part"].isin(["train"])',
            given='split = with_segments(split_ratings(school, SEED))\ntest = split[split["part"] == "test"]',
        ),
        Bug(
            "assert error[0] < floor[1]",
            "calibration without its floor",
            old="excess = error[2] - floor[0]",
            new="excess = error[2]",
            given="mean = share = np.array([0.5])",
        ),
        Bug(
            "assert fresh[learned][2] < 0",
            "Gini shown as a number of lecturers",
            old='kept["first picks"], index=["lecturers", "Gini"]',
            new='kept["first picks"], index=["Gini", "lecturers"]',
        ),
        Bug(
            "# equation 3",
            "views learned from, not clicks",
            old="moment[every, shown] += click[:, None] * x",
            new="moment[every, shown] += x",
        ),
        Bug(
            "# equations 4 and 5",
            "weights squared",
            patch="recommend.off_policy",
            new="lambda r, l, w, *a, **k: original(r, l, np.square(w), *a, **k)",
            given='here = {"DR": [0.95]}',
        ),
        Bug(
            "# equations 4 and 5",
            "the log that is kindest",
            old="off_by = max(far.values())",
            new="off_by = min(far.values())",
            given='here = {"DR": [0.95]}',
        ),
        Bug(
            "# equation 6",
            "the less the mix fits the better",
            old="left - weight * _divergences(",
            new="left + weight * _divergences(",
        ),
        Bug(
            "assert verdict.answer",
            "the upper end for the lower",
            old='kept["to today"]["first pick"][learned][1], "held',
            new='kept["to today"]["first pick"][learned][2], "held',
            given="excess, off_by, price = 0.01, 0.05, [0.0, 0.0, 0.05]",
        ),
    ],
    "20_prototype_your_own": [
        Bug(
            "left out, each with a reason",
            "repeats that are not exact",
            old="shutil.copy(path, (FOLDER",
            new="Image.open(path).convert('RGB').resize((50, 50)).save((FOLDER",
        ),
        Bug(
            "pairs are on one side",
            "near duplicates forgotten in the split",
            patch="pictures.split",
            new="lambda labels, groups, seed=0: original(labels, np.arange(len(labels)), seed)",
        ),
        Bug(
            "convicted with the first split",
            "both splits deal at random",
            old='"near duplicates together": in_order',
            new='"near duplicates together": at_random',
        ),
        Bug(
            "the same GAN, cheaper steps",
            "the common recipe in place of ours",
            old='if run["recipe"] == "ours"',
            new='if run["recipe"] != "ours"',
        ),
        Bug(
            "May we publish them anyway?",
            "a rule that can be changed",
            patch="business.Rule.__setattr__",
            new="object.__setattr__",
            given=(
                "import types\n"
                "found = types.SimpleNamespace(images=kittens.sample(20, seed=1)[0], classes=('a', 'b'))\n"
                "settings = runs.plan(found, 1, **ASKED)[0]"
            ),
        ),
        Bug(
            "The learning rate's factor",
            "it falls from the beginning",
            patch="training.held_then_cosine",
            new="lambda share: (1 + np.cos(np.pi * share)) / 2",
        ),
        Bug(
            "whole epochs that count",
            "the farthest in place of the nearest",
            old='min(stopped["curve"]',
            new='max(stopped["curve"]',
            given=(
                "stopped = {'ended': 'its time was up', 'kept': 20, 'steps_per_epoch': 10, 'record': [[1, 1.0]] * 2,\n"
                "           'curve': [[1.0, 10, 5.0], [2.0, 20, 4.0]]}"
            ),
        ),
        Bug(
            "the rate never rose",
            "the epoch that was stopped counts",
            old='done = len(half["record"]) - 1',
            new='done = len(half["record"])',
            given=(
                "by_hand = True\n"
                "half = {'record': [[1, 1.0], [2, 1.0], [3, 1.0]], 'curve': [[1.0, 10, 5.0]]}\n"
                "run = {'record': [[1, 1.0], [2, 1.0], [3.5, 0.9], [5, 0.05]], 'kept': 40,\n"
                "       'curve': [[1.0, 10, 5.0], [5.0, 40, 3.0]]}"
            ),
        ),
        Bug(
            "as_table(order)",
            "the floor from the wrong row",
            old="least = order[judgement.OTHERS]",
            new="least = order[judgement.GENERATED]",
            given=(
                "import types\n"
                "names = judgement.GENERATED, judgement.AUGMENTED, judgement.COPIES, judgement.OTHERS\n"
                "same = {'unbiased': [1.0, 0.5, 1.5], 'precision': 0.5, 'recall': 0.5}\n"
                "far = {name: same | {'distance': distance} for name, distance in zip(names, (9.0, 4.0, 1.2, 1.0))}\n"
                "left = types.SimpleNamespace(figures={'rows': far})"
            ),
        ),
        Bug(
            "acquit the machine that copies",
            "large ratios taken for copies",
            patch="metrics.judge_ratios",
            new="lambda ratios, *arguments: original(1 - ratios, *arguments)",
            given=(
                "import types\n"
                "images, unseen = kittens.sample(120, seed=1)[0], kittens.sample(40, seed=2)[0]\n"
                "machines = {'copies': images[:40], 'blurred copies': gaussian_filter(images[:40], (0, 1, 1, 0))}\n"
                "ends = {'copies': [-1, -2, -0.5], 'blurred copies': [7, 5, 9]}\n"
                "decision = prototype.rule(types.SimpleNamespace(classes=()), None)\n"
                "convicted = {}\n"
                "for name, kept in machines.items():\n"
                "    audit = judgement.audit(images, unseen, kept, kept[:5], np.random.default_rng(0))[0]\n"
                "    recall = 0.9 * (name == 'copies')\n"
                "    rows = {judgement.GENERATED: {'beyond': ends[name], 'recall': recall}}\n"
                "    figures = {'rows': rows | {judgement.OTHERS: {'recall': 0.9}}, 'audit': audit}\n"
                "    convicted[name] = audit, decision.apply(**judgement.measured(figures))\n"
                "left = types.SimpleNamespace(figures=figures)"
            ),
        ),
        Bug(
            "copies show no gain",
            "the ends of the interval in the wrong order",
            patch="judgement.use",
            new=(
                "lambda *arguments: {name: row | {'gain': row.get('gain', [])[::-1]} "
                "for name, row in original(*arguments).items()}"
            ),
            given=(
                "draw, labels, truth = np.random.default_rng(0), np.arange(60) % 2, np.arange(80) % 2\n"
                "features = draw.normal(size=(60, 5)) + labels[:, None]\n"
                "more = {'augmented ones': features + draw.normal(size=(60, 5)), 'copies': features}\n"
                "labelled = {name: (kept, labels) for name, kept in more.items()}\n"
                "held_out = draw.normal(size=(80, 5)) + truth[:, None], truth\n"
                "use = judgement.use((features, labels), labelled, held_out, draw)"
            ),
        ),
        Bug(
            "on held out data",
            "the interval's lower end decides",
            patch="judgement.measured",
            new=(
                "lambda figures: original(figures) | "
                "{'near': business.Measured(figures['rows'][judgement.GENERATED]['beyond'][1], 'held out')}"
            ),
            given=(
                "import types\n"
                "rows = {judgement.GENERATED: {'beyond': [0.5, -1.0, 2.0], 'recall': 0.9},\n"
                "        judgement.OTHERS: {'recall': 0.9}}\n"
                "figures = {'rows': rows, 'audit': {'sees': True, 'p_value': 0.4}}\n"
                "decision = prototype.rule(types.SimpleNamespace(classes=()), None)\n"
                "verdict = decision.apply(**judgement.measured(figures))\n"
                "left = types.SimpleNamespace(figures=figures, verdict=verdict)"
            ),
        ),
        Bug(
            "1,000 photographs of frogs",
            "ours and the common recipe change places",
            old='for name in ("ours", "common")',
            new='for name in ("common", "ours")',
        ),
        Bug(
            "no link to anywhere",
            "texts are not escaped",
            patch="prototype.report._list",
            new="lambda sentences: ''.join(sentences)",
            given=(
                "run = {'facts': ['sides < 32'], 'verdict': {'answer': 'no', 'reasons': ['1. fails']}}\n"
                "page = prototype.report._image(b'', 'words for a picture') * 4 + 'Verdict: no'\n"
                "page += prototype.report._list([*prototype.report.QUESTIONS, *run['facts'], '1. fails'])"
            ),
        ),
        Bug(
            "marked in the corner",
            "no mark is drawn",
            patch="provenance.label",
            new="lambda path, says, to, mark: original(path, says, to, False)",
            given=(
                "run = {'settings': {'producer': 'prototype'}}\n"
                "large = kittens.sample(4, seed=1)[0].repeat(4, axis=1).repeat(4, axis=2)\n"
                "plots.save_image_grid(large, 'a.png', provenance.Label('aigc_apps.prototype', 'prototype'), 2)\n"
                "label = provenance.read('a.png')"
            ),
        ),
        Bug(
            "the smallest change that there is",
            "a hash of the shapes alone",
            patch="runs.weights_sha256",
            new="lambda weights: original([np.zeros(weight.shape) for weight in weights])",
            given=(
                "import types\n"
                "by_hand = True\n"
                "generator = types.SimpleNamespace(get_weights=lambda: [np.ones(3, np.float32)])\n"
                "replayed, run = generator, {'weights': runs.weights_sha256(generator.get_weights())}"
            ),
        ),
        Bug(
            "what was received and what was expected",
            "pictures that differ",
            old="[faces[0]] * 120",
            new="faces[:120]",
        ),
        Bug(
            "columns shuffled independently are found out",
            "rows in the wrong order",
            old='for name, row in of_table.figures["rows"].items()',
            new='for name, row in zip(of_table.figures["rows"], [*of_table.figures["rows"].values()][::-1])',
            given=(
                "import types\n"
                "told_by = {table.GENERATED: (0.5, 0.4, 0.6), table.COPIES: (0.35, 0.25, 0.45),\n"
                "           table.SHUFFLED: (0.9, 0.8, 0.95)}\n"
                "rows = {name: {'sharper': auc} for name, auc in told_by.items()}\n"
                "of_table = types.SimpleNamespace(figures={'rows': rows})\n"
                "fitted = refitted = types.SimpleNamespace(sample=lambda count, seed: pd.DataFrame({'a': [seed]}))"
            ),
        ),
    ],
    "21_labels": [
        Break("key_pattern", "factor", 0, 1),
        Break("agreement", "scale", 2, 1),
        Break("threshold", "factor", 0, 2),
        Bug(
            "no other pixel changed",
            "colours shifted on the way",
            patch="provenance.marks.draw",
            new="lambda picture: original(picture.point(lambda level: min(255, level + 1)))",
        ),
        Bug(
            "no alarm in",
            "a labelled picture among the plain ones",
            old="(*generated[:20], *cuts[::5])",
            new="(*generated[:19], np.asarray(Image.open(labelled)), *cuts[::5])",
        ),
        Bug("Valid says: unchanged", "nothing is added", old='+ b"end"', new='+ b""'),
        Bug(
            "with another key",
            "rows taken for columns",
            old="+ levels * np.asarray(wave_like)[..., None]",
            new="+ levels * np.asarray(wave_like).T[..., None]",
        ),
        Bug(
            "above 2:",
            "the size of z in place of z",
            old="[agreement(readings, key) for key in tried]",
            new="[abs(agreement(readings, key)) for key in tried]",
        ),
        Bug("it searched,", "one beginning tried", old="for start in starts:", new="for start in starts[:1]:"),
        Bug(
            "cells, all as asserted",
            "a broken manifest counts as kept",
            old='.get(state, "broken")',
            new=".get(state, True)",
        ),
        Bug(
            "a wrong pattern of the same strength",
            "one picture collected",
            old="np.sign(np.sum(collected[:n], axis=0))",
            new="np.sign(np.sum(collected[:1], axis=0))",
        ),
        Bug(
            "with the guess added",
            "subtracted, not added",
            old='add_pattern(photo, guesses["200"])',
            new='add_pattern(photo, -guesses["200"])',
            given=(
                "marked = watermark_picture(Image.fromarray(photographs.coffee()), KEY)\n"
                "guesses = {'200': key_pattern(KEY, (CELLS, CELLS))}"
            ),
        ),
    ],
}
