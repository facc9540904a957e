"""In-betweens of drawn sprites: the data, the rivals, the network of notebook 11, and what they are worth.

Usage: AIGC_DATA_DIR=FOLDER python benchmarks/film.py ship tune train feedback measure expression

The stages, in this order; each keeps what the others stored:

    ship        writes data/sprites/held_out.zip, the part that is never trained on
    tune        chooses the parameters of both optical flows on training units
    train       the network, at its full rate; a run that was interrupted goes on when it is called again
    feedback    two continuations of equal length: pictures drawn evenly, and drawn where the network failed
    measure     everything on the held-out units, once
    expression  the network that carries an expression from one kitten to another, and its measurements

FOLDER holds `wesnoth_sequences/` (data/README.md says where it comes from). Notebook 11 shows these functions: they are
written into it from here.
"""

import collections
import functools
import hashlib
import io
import itertools
import json
import re
import sys
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, runtime  # noqa: E402
from benchmarks import common  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from skimage.registration import optical_flow_ilk  # noqa: E402

STORE = HERE / "film.json"
SPRITES = HERE.parent / "data" / "sprites" / "held_out.zip"
LEGS = runtime.cache_dir()  # where a training that was interrupted goes on from
BRANCHES = ("evenly", "where it failed")  # the two last rounds of training
WEIGHTS = {
    "evenly": HERE.parent / "data" / "pretrained" / "film_inbetween.weights.h5",
    "where it failed": HERE.parent / "data" / "pretrained" / "film_inbetween_feedback.weights.h5",
}
ALIKE = 0.9  # overlap of two silhouettes above which their units belong to one family
PARTS = {"held out": 0.20, "validation": 0.12}  # shares of the triplets; the rest is for training
LARGE = 0.05  # a family with a larger share of the triplets trains, whatever the lot says
LEAST_ERROR = (0.5 / 255) ** 2  # what rounding to bytes costs at most: above 54 dB there is nothing to see

# --- the sprites ------------------------------------------------------------------------------------------------------

WORDS = """attack se die ne melee idle bob s fire run bow ranged sword n fly magic blade takeoff inhale throw spear axe
hammer stand pincer pierce kick death slash bite flying claws dying fall impact hover launch teleport mace stinger taunt
kill heal ftouch healing crossbow victory idle2 standing javelin 2claws charge dust float soar tail lightning wind halo
horn sting crouch jarid shield defend fist long die2 hand flame"""  # behind a unit's name: what it does, where it looks
ACTIONS = frozenset(WORDS.split())


def unit_of(name):
    """Return the unit of an animation: "orcs/grunt-attack" is of "orcs/grunt". Men and women of a kind are one unit."""
    folder, words = name.split("/")[0], name.split("/")[-1].split("-")
    while len(words) > 1 and (words[-1] in ACTIONS or words[-1].isdigit()):
        words.pop()
    return f"{folder}/{'-'.join(words).replace('+female', '')}"


def animations(folder):
    """Return {name: {number: RGBA uint8 (height, width, 4)}} of a folder of PNG files NAME-N.png."""
    found = collections.defaultdict(dict)
    for path in sorted(folder.rglob("*.png")):
        name, number = re.fullmatch(r"(.*?)-?(\d+)", path.relative_to(folder).with_suffix("").as_posix()).groups()
        with Image.open(path) as picture:
            found[name][int(number)] = cleared(np.asarray(picture.convert("RGBA")))
    return dict(found)


def cleared(sprite):
    """Return a sprite whose invisible pixels are all (0, 0, 0, 0), whatever colour they had."""
    return np.where(sprite[..., 3:] > 0, sprite, 0).astype(np.uint8)


def triplets(found):
    """Return ([(name, first number, three sprites)], counts of what was left out and why).

    Three consecutive frames make a triplet. Left out are those of different sizes, and those whose three frames are
    all the same: there is nothing to draw.
    """
    kept, left_out = [], collections.Counter()
    for name, frames in found.items():
        for k in sorted(frames):
            if k + 1 in frames and k + 2 in frames:
                three = [frames[k], frames[k + 1], frames[k + 2]]
                if len({sprite.shape for sprite in three}) > 1:
                    left_out["of different sizes"] += 1
                elif all(np.array_equal(three[0], other) for other in three[1:]):
                    left_out["all three the same"] += 1
                else:
                    kept.append((name, k, np.stack(three)))
    return kept, dict(left_out)


def silhouette(sprite, side=80):
    """Return the opacity about a sprite's middle, side × side pixels, averaged over 2 × 2, as a vector."""
    alpha = np.zeros((side, side), np.float32)
    height, width = sprite.shape[:2]
    top, left = (height - side) // 2, (width - side) // 2
    inside = sprite[max(top, 0) : max(top, 0) + side, max(left, 0) : max(left, 0) + side, 3] / 255
    alpha[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]] = inside
    return alpha.reshape(side // 2, 2, side // 2, 2).mean((1, 3)).ravel()


def families(found):
    """Return {unit: family}: units that share a frame, or a silhouette in any pose, are one family, named by the first.

    Artists draw one creature over another: a knight over a horseman, a zombie bat over a bat. Two units overlap by
    Σab / (Σa² + Σb² − Σab) of their opacities a and b; above ALIKE they may not lie on both sides of a split.
    """
    frames = [(unit_of(name), sprite) for name, numbers in found.items() for sprite in numbers.values()]
    units = sorted({unit for unit, _ in frames})
    index = np.array([units.index(unit) for unit, _ in frames])
    masks = np.stack([silhouette(sprite) for _, sprite in frames])
    square, inner = (masks**2).sum(1), masks @ masks.T
    alike = inner > ALIKE * np.maximum(square[:, None] + square - inner, 1e-6)
    digests = [hashlib.sha256(sprite.tobytes()).hexdigest() for _, sprite in frames]
    _, same = np.unique(digests, return_inverse=True)
    pairs = {*zip(*index[np.array(np.nonzero(alike | (same[:, None] == same)))], strict=True)}
    group = list(range(len(units)))
    for a, b in sorted(pairs):
        low, high = sorted((group[a], group[b]))
        group = [low if g == high else g for g in group]
    return {unit: units[group[k]] for k, unit in enumerate(units)}


def split(names, family, seed=0):
    """Return {family: part}: whole families, at random, until a part has its share of the triplets; see PARTS."""
    counts = collections.Counter(family[unit_of(name)] for name in names)
    order = np.random.default_rng(seed).permutation(sorted(counts))
    part, filled = {}, collections.Counter()
    for one in order:
        open_parts = [name for name, share in PARTS.items() if filled[name] < share * len(names)]
        is_large = counts[one] > LARGE * len(names)
        part[str(one)] = "training" if is_large or not open_parts else open_parts[0]
        filled[part[str(one)]] += counts[one]
    return part


@functools.cache
def everything():
    """Return {part: [(name, number, three sprites)]}, {unit: family} and what was left out, of the whole collection."""
    folder = runtime.data_dir()
    if not folder or not (folder / "wesnoth_sequences").is_dir():
        sys.exit("set AIGC_DATA_DIR to a folder that holds wesnoth_sequences/; data/README.md says where to get it.")
    found = animations(folder / "wesnoth_sequences")
    kept, left_out = triplets(found)
    family = families(found)
    part = split([name for name, *_ in kept], family)
    parts = {name: [] for name in ("training", *PARTS)}
    for triplet in kept:
        parts[part[family[unit_of(triplet[0])]]].append(triplet)
    return parts, family, left_out


# --- measure ----------------------------------------------------------------------------------------------------------


def premultiplied(sprites):
    """Return RGBA bytes (…, 4) as floats in [0, 1] whose colours are multiplied by their opacity."""
    unit = np.asarray(sprites, np.float32) / 255
    return np.concatenate([unit[..., :3] * unit[..., 3:], unit[..., 3:]], axis=-1)


def box_of(*sprites):
    """Return the slices (rows, columns) of the smallest box that holds every visible pixel of all sprites."""
    seen = np.any([sprite[..., 3] > 0 for sprite in sprites], axis=0)
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def squared_error(drawn, triplet, channels=3, whole=False):
    """Return the mean squared error of a drawn middle, premultiplied floats (height, width, 4), rounded to bytes.

    Premultiplied colours in the box about all that is visible in the three true frames; ``channels`` 4 counts the
    opacity, too, and ``whole`` takes the whole picture.
    """
    box = (slice(None), slice(None)) if whole else box_of(*triplet)
    rounded = np.rint(np.clip(drawn, 0, 1) * 255) / 255
    return float(np.mean((rounded - premultiplied(triplet[1]))[box][..., :channels] ** 2))


def decibels(errors):
    """Return the peak signal-to-noise ratio of mean squared errors of values in [0, 1]; 54 dB where it is rounding."""
    return -10 * np.log10(np.maximum(errors, LEAST_ERROR))


# --- the rivals -------------------------------------------------------------------------------------------------------

DIS = {"guide": "luma and alpha", "scale": 2, "patch": 8, "stride": 2}  # chosen by `tune`, on training units
MOVED = {"DIS": 0.6, "ILK": 0.6}  # the share of the warped pictures in a blend, the rest is cross-fade; by `tune`, too
ILK = {"guide": "luma and alpha", "radius": 10}


def guides(picture, kind):
    """Return the grey pictures [(height, width)] in [0, 1] that a flow is estimated from, of a premultiplied sprite."""
    if kind == "rgba":
        return [picture[..., k] for k in range(4)]
    luma = picture[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    return [0.6 * luma + 0.4 * picture[..., 3]] if kind == "luma and alpha" else [luma]


def dis_flow(a, b, scale=1, patch=8, stride=3):
    """Return the flow (height, width, 2) in pixels, x first, from a grey picture to another (Kroeger et al. 2016)."""
    engine = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    engine.setFinestScale(0)  # by default it stops at a quarter of the size: too coarse for sprites
    engine.setPatchSize(patch)
    engine.setPatchStride(stride)
    a, b = (np.clip(picture * 255, 0, 255).astype(np.uint8) for picture in (a, b))
    if scale > 1:
        a, b = (cv2.resize(x, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) for x in (a, b))
    flow = engine.calc(a, b, None)
    if scale > 1:
        flow = cv2.resize(flow, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA) / scale
    return flow


def ilk_flow(a, b, radius=7):
    """Return the flow by iterative Lucas-Kanade (Le Besnerais and Champagnat 2005), as `dis_flow` does."""
    down, right = optical_flow_ilk(a, b, radius=radius)
    return np.stack([right, down], axis=-1).astype(np.float32)


def half_flows(first, last, kind, flow):
    """Return two fields (height, width, 2): where a pixel of the middle was in ``first``, and will be in ``last``.

    Half of the flow from the last picture to the first, and half of that from the first to the last, each the mean
    over the guides.
    """
    pairs = list(zip(guides(first, kind), guides(last, kind), strict=True))
    back, forth = (np.mean([flow(*pair[::turn]) for pair in pairs], axis=0) for turn in (-1, 1))
    return 0.5 * back, 0.5 * forth


def warped(picture, field):
    """Return a picture sampled at every pixel's place plus ``field``, bilinearly; beyond its edge it is transparent."""
    height, width = field.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = (x + field[..., 0]).astype(np.float32), (y + field[..., 1]).astype(np.float32)
    return cv2.remap(picture, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def cross_fade(first, last):
    """Return the mean of two premultiplied sprites."""
    return (first + last) / 2


def moved_by(first, last, fields):
    """Return both sprites, each warped to the middle."""
    return warped(first, fields[0]), warped(last, fields[1])


def by_flow(first, last, fields, share):
    """Return the mean of both sprites moved to the middle, ``share`` of it, and the cross-fade for the rest."""
    return share * cross_fade(*moved_by(first, last, fields)) + (1 - share) * cross_fade(first, last)


def softened(first, last, fields, share, gain=3.0, sigma=1.5):
    """Return `by_flow`, blurred where both moved sprites disagree: a guess that errs less where nobody knows."""
    drawn, (a, b) = by_flow(first, last, fields, share), moved_by(first, last, fields)
    apart = cv2.GaussianBlur(np.abs(a - b).mean(-1), (0, 0), sigma)
    unsure = np.clip(gain * apart, 0, 1)[..., None]
    return (1 - unsure) * drawn + unsure * cv2.GaussianBlur(drawn, (0, 0), sigma)


def dis_fields(first, last):
    """Return `half_flows` by DIS with the chosen parameters."""
    options = dict(DIS)
    return half_flows(first, last, options.pop("guide"), functools.partial(dis_flow, **options))


def ilk_fields(first, last):
    """Return `half_flows` by ILK with the chosen parameters."""
    return half_flows(first, last, ILK["guide"], functools.partial(ilk_flow, radius=ILK["radius"]))


def tune(count=200):
    """Print the mean decibels of both flows' parameters on training triplets, best last."""
    pool = everything()[0]["training"]
    chosen = [pool[k] for k in np.random.default_rng(0).choice(len(pool), count, replace=False)]
    kinds, found = ("luma", "luma and alpha", "rgba"), []
    tries = [
        ("DIS", kind, {"scale": s, "patch": p, "stride": q})
        for kind in kinds[1:]
        for s in (1, 2)
        for p, q in ((8, 3), (8, 2), (4, 2))
    ]
    tries += [("ILK", kind, {"radius": radius}) for kind in kinds[:2] for radius in (5, 7, 10)]
    shares = np.linspace(0.4, 1, 7)
    for name, kind, options in tries:
        flow, errors = functools.partial(dis_flow if name == "DIS" else ilk_flow, **options), []
        for _, _, triplet in chosen:
            first, last = premultiplied(triplet[0]), premultiplied(triplet[2])
            fields = half_flows(first, last, kind, flow)
            errors.append([squared_error(by_flow(first, last, fields, share), triplet) for share in shares])
        values = decibels(np.array(errors)).mean(0)
        found += [
            (float(value), float(share.round(1)), name, kind, options)
            for value, share in zip(values, shares, strict=True)
        ]
        print(name, kind, options, values.round(2), flush=True)
    print(*[max(row for row in found if row[2] == name) for name in ("DIS", "ILK")], sep="\n")


# --- the network ------------------------------------------------------------------------------------------------------

SIDE, BATCH, HELD, STEPS, RATE, EMA = 64, 16, 1800, 2600, 1e-3, 0.995
WIDTHS = (32, 48, 72)
PRIOR = (0.0, 0.0, 0.5, 0.5, -1.0, -2.0)  # of the candidates, before anything is learnt


def inbetween_network(widths=WIDTHS):
    """Return the network: (batch, h, w, 16), both sprites and both moved by flow, to the middle (batch, h, w, 4).

    A U-Net at half of the resolution weighs six candidates pixel by pixel (the four given, and their mean softened a
    little and a lot), and adds a remainder. h and w are multiples of 8. Its last layer begins with zeros, and PRIOR
    says with which weights it begins.
    """
    keras, tf = runtime.keras, runtime.tf
    layers = keras.layers
    given = keras.Input((None, None, 16))
    first, last, back, forth = candidates = [given[..., k : k + 4] for k in (0, 4, 8, 12)]

    def soften(x, side):
        return layers.AveragePooling2D(side, strides=1, padding="same")(x)

    def apart(a, b):
        return layers.Lambda(lambda x: tf.reduce_mean(tf.abs(x), axis=-1, keepdims=True))(a - b)

    candidates.append(soften(soften(sum(candidates) / 4, 3), 3))
    candidates.append(soften(candidates[-1], 5))
    doubts = [apart(first, last), apart(back, forth)]
    features = layers.Concatenate()([given, *doubts, soften(doubts[1], 5)])
    x, skips = layers.Lambda(tf.nn.space_to_depth, arguments={"block_size": 2})(features), []

    def convolve(x, width, times=2):
        for _ in range(times):
            x = layers.LeakyReLU(0.1)(layers.Conv2D(width, 3, padding="same")(x))
        return x

    for k, width in enumerate(widths):
        x = convolve(x if k == 0 else layers.AveragePooling2D(2)(x), width)
        skips.append(x)
    for width, skip in zip(widths[-2::-1], skips[-2::-1], strict=True):
        x = convolve(layers.Concatenate()([layers.UpSampling2D()(x), skip]), width)
    x = layers.Conv2D(10 * 4, 3, padding="same", kernel_initializer="zeros")(x)
    x = layers.Lambda(tf.nn.depth_to_space, arguments={"block_size": 2})(x)
    weights = layers.Softmax()(x[..., :6] + tf.constant(PRIOR))
    drawn = sum(weights[..., k : k + 1] * candidate for k, candidate in enumerate(candidates))
    return keras.Model(given, drawn + x[..., 6:], name="film_inbetween")


def examples(name):
    """Return [(height, width, 21)] of a part: first, last, both moved, middle, and 1 within the box that counts."""
    found, kept = [], LEGS / f"film_{name}.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return [arrays[key] for key in arrays.files]
    for *_, triplet in everything()[0][name]:
        first, middle, last = premultiplied(triplet)
        inside = np.zeros((*middle.shape[:2], 1), np.float32)
        inside[box_of(*triplet)] = 1
        moved = moved_by(first, last, dis_fields(first, last))
        stack = np.concatenate([first, last, *moved, middle, inside], axis=-1)
        rows, columns = box_of(*triplet)
        top, left = max(rows.start - 4, 0), max(columns.start - 4, 0)
        found.append(stack[top : rows.stop + 4, left : columns.stop + 4].astype(np.float16))
    np.savez(kept, *found)
    return found


def varied(example, rng, side=SIDE):
    """Return a window (side, side, 21) of an example: shifted, mirrored, turned, run backwards, recoloured."""
    starts = [int(rng.integers(*sorted((0, length - side)), endpoint=True)) for length in example.shape[:2]]
    piece = example[tuple(slice(max(start, 0), max(start, 0) + side) for start in starts)]
    window = np.zeros((side, side, example.shape[-1]), np.float32)
    places = (slice(max(-start, 0), max(-start, 0) + n) for start, n in zip(starts, piece.shape[:2], strict=True))
    window[tuple(places)] = piece
    sprites = window[..., :20].reshape(side, side, 5, 4)  # first, last, both moved, middle
    sprites = sprites[..., [*rng.permutation(3), 3]]
    sprites[..., :3] *= rng.uniform(0.6, 1, 3).astype(np.float32)
    if rng.random() < 0.5:
        sprites = sprites[:, :, [1, 0, 3, 2, 4]]
    window = np.concatenate([sprites.reshape(side, side, 20), window[..., 20:]], axis=-1)
    for axis in (0, 1):
        window = np.flip(window, axis) if rng.random() < 0.5 else window
    return np.swapaxes(window, 0, 1) if rng.random() < 0.5 else window


def loss_of(true, drawn):
    """Return the mean over a batch of ln(mean squared error), the decibels that are measured, opacity counted a bit."""
    tf = runtime.tf
    inside = true[..., 4:]
    square = (true[..., :4] - drawn) ** 2 * tf.constant([1.0, 1.0, 1.0, 0.3]) * inside
    area = tf.reduce_sum(inside, (1, 2, 3))
    return tf.reduce_mean(tf.math.log(tf.reduce_sum(square, (1, 2, 3)) / (3.3 * area + 1e-3) + 1e-4))


def rate_at(step):
    """Return the learning rate: it rises for 100 steps, is held until HELD, and falls to 0 by a cosine until STEPS."""
    fall = max(0.0, (step - HELD) / (STEPS - HELD))
    return RATE * min(1, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * fall))


def evenly():
    """Return how often each training triplet is drawn: 1 / √(triplets of its family), no large one rules."""
    parts, family, _ = everything()
    own = [family[unit_of(name)] for name, *_ in parts["training"]]
    counts = collections.Counter(own)
    return np.array([counts[one] ** -0.5 for one in own])


def learn(network, pool, steps, path, weights, source=None, minutes=60):
    """Train up to ``steps`` steps in all; return the number done, fewer where ``minutes`` of processor time were over.

    ``path`` keeps the state of the run, which goes on from there, or begins with the state in ``source``. ``weights``
    (n,) say how often each example is drawn. The network ends on the moving average of its weights.
    """
    keras, tf = runtime.keras, runtime.tf
    optimizer = keras.optimizers.AdamW(RATE, weight_decay=1e-3, clipnorm=1.0)
    optimizer.build(network.trainable_variables)
    state, start = [*network.trainable_variables, *optimizer.variables], 0
    average = [v.numpy() for v in network.trainable_variables]
    if kept := next((place for place in (path, source) if place and place.exists()), None):
        with np.load(kept) as values:
            start, average = int(values["step"]), [values[f"a{k}"] for k in range(len(average))]
            for k, variable in enumerate(state):
                variable.assign(values[f"v{k}"])
    chance = weights / weights.sum()

    @tf.function(input_signature=[tf.TensorSpec((BATCH, SIDE, SIDE, 21))])
    def descend(batch):
        with tf.GradientTape() as tape:
            loss = loss_of(batch[..., 16:], network(batch[..., :16], training=True))
        optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
        return loss

    begin, losses, step = time.process_time(), [], start
    while step < steps and time.process_time() - begin < 60 * minutes:
        rng, optimizer.learning_rate = np.random.default_rng([0, step]), rate_at(step)
        batch = np.stack([varied(pool[k], rng) for k in rng.choice(len(pool), BATCH, p=chance)])
        losses.append(float(descend(batch)))
        keep, step = min(EMA, (step + 1) / (step + 10)), step + 1
        average = [keep * a + (1 - keep) * v.numpy() for a, v in zip(average, network.trainable_variables, strict=True)]
        if step % 100 == 0 or step == steps:
            decibel = -10 / np.log(10) * np.mean(losses[-100:])
            print(f"{step}: {decibel:.3f} dB, {time.process_time() - begin:.0f} s", flush=True)
            named = {f"v{k}": v.numpy() for k, v in enumerate(state)} | {f"a{k}": a for k, a in enumerate(average)}
            np.savez(path, step=step, **named)
    for variable, value in zip(network.trainable_variables, average, strict=True):
        variable.assign(value)
    return step


VIEWS = ((False, False), (True, True))  # how a pair is shown to a network: run backwards or not, mirrored or not


def prepared(first, last, fields, side=32):
    """Return what the network takes for one pair, (h, w, 16): cut to what is visible, padded to multiples of ``side``.

    The second value puts a drawn piece back into a picture of the sprite's own size.
    """
    stack = np.concatenate([first, last, *moved_by(first, last, fields)], axis=-1)
    rows, columns = (slice(max(s.start - 6, 0), s.stop + 6) for s in box_of(first, last))
    piece = stack[rows, columns]
    height, width = piece.shape[:2]
    padded = np.zeros((-(-height // side) * side, -(-width // side) * side, 16), np.float32)
    padded[:height, :width] = piece

    def back(drawn):
        whole = np.zeros((*first.shape[:2], 4), np.float32)
        whole[rows, columns] = np.clip(drawn[:height, :width], 0, 1)
        return whole

    return padded, back


def viewed(stack, turn, mirror):
    """Return stacks (n, h, w, 16) run backwards and/or mirrored left to right."""
    stack = stack[..., [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11]] if turn else stack
    return stack[:, :, ::-1] if mirror else stack


def draw_all(networks, pairs, fields, views=VIEWS, batch=32):
    """Return ([middle], [spread]) for pairs of premultiplied sprites: means over networks and views, how they differ.

    A view runs the pair backwards or mirrors it; a perfect network would draw the same middle in each.
    """
    tf = runtime.tf
    shape = tf.TensorSpec((None, None, None, 16))
    calls = [tf.function(one, input_signature=[shape], autograph=False) for one in networks]
    ready = [prepared(*pair, both) for pair, both in zip(pairs, fields, strict=True)]
    groups, out, spread = collections.defaultdict(list), [None] * len(pairs), [0.0] * len(pairs)
    for k, (stack, _) in enumerate(ready):
        groups[stack.shape].append(k)
    for members in groups.values():
        for at in range(0, len(members), batch):
            part = members[at : at + batch]
            stack, drawn = np.stack([ready[k][0] for k in part]), []
            for call, (turn, mirror) in itertools.product(calls, views):
                drawn.append(call(viewed(stack, turn, mirror)).numpy()[:, :, :: -1 if mirror else 1])
            for k, each in zip(part, np.stack(drawn, axis=1), strict=True):
                out[k], spread[k] = ready[k][1](each.mean(0)), float(each.std(0).mean())
    return out, spread


def errors_of(networks, part, views=VIEWS):
    """Return the squared errors (n,) of a mean of networks on triplets."""
    pairs = [(premultiplied(t[0]), premultiplied(t[2])) for *_, t in part]
    drawn, _ = draw_all(networks, pairs, [dis_fields(*pair) for pair in pairs], views)
    return np.array([squared_error(d, t) for d, (*_, t) in zip(drawn, part, strict=True)])


def train():
    """Train the network at the full rate, one leg further; print the decibels on the validation units at its end."""
    runtime.start(seed=0)
    parts, *_ = everything()
    network = inbetween_network()
    print(f"{network.count_params():,} weights")
    done = learn(network, examples("training"), HELD, LEGS / "film_base.npz", evenly())
    values = decibels(errors_of([network], parts["validation"]))
    print(f"step {done} of {HELD}: validation {values.mean():.3f} dB")


STRESS, WORST = 4.0, 1 / 3  # how often the feedback round draws a triplet on which the network failed; which these are


def feedback():
    """Go on from `train` twice, with triplets drawn evenly, and with the WORST of them drawn STRESS times as often.

    Both networks ship. Which of them draws, or whether their mean does, is decided by the validation units.
    """
    runtime.start(seed=0)
    parts, *_ = everything()
    pool, base, often, found, both = examples("training"), LEGS / "film_base.npz", evenly(), {}, []
    network = inbetween_network()
    learn(network, pool, HELD, base, often)
    missed = errors_of([network], parts["training"], views=VIEWS[:1])
    hard = np.where(missed > np.quantile(missed, 1 - WORST), STRESS, 1.0)
    for name, weights in zip(BRANCHES, (often, often * hard), strict=True):
        both.append(inbetween_network())
        learn(both[-1], pool, STEPS, LEGS / f"film_{name[:5]}.npz", weights, source=base)
        both[-1].save_weights(WEIGHTS[name])
    for name, networks in (*zip(BRANCHES, ([one] for one in both), strict=True), ("both", both)):
        found[name] = float(decibels(errors_of(networks, parts["validation"])).mean())
        print(f"{name}: validation {found[name]:.3f} dB", flush=True)
    store(
        feedback={"validation": rounded(found), "shipped": max(found, key=found.get), "stress": STRESS, "worst": WORST}
    )


def shipped_networks(which):
    """Return {"evenly", "where it failed", "both"}[which] as a list of networks."""
    found = [inbetween_network() for _ in BRANCHES]
    for network, name in zip(found, BRANCHES, strict=True):
        network.load_weights(WEIGHTS[name])
    return found if which == "both" else [found[BRANCHES.index(which)]]


def store(**found):
    """Add results to film.json."""
    common.add(STORE, found)


def rounded(value, digits=4):
    """Return numbers in lists and mappings, rounded to so many significant digits."""
    if isinstance(value, dict):
        return {name: rounded(each, digits) for name, each in value.items()}
    if np.ndim(value):
        return [rounded(each, digits) for each in value]
    return float(f"{float(value):.{digits}g}")


# --- interpolation in a latent space ----------------------------------------------------------------------------------


TILE = 64  # pixels of the side that the autoencoder takes


def latent_network(width=48, code=24):
    """Return (encoder, decoder): sprites (batch, 64, 64, 4) to codes (batch, 8, 8, code), a tenth of their numbers."""
    keras = runtime.keras
    layers = keras.layers
    given, x = keras.Input((TILE, TILE, 4)), None
    for k in range(3):
        x = layers.Conv2D(width * (k + 1) // 2, 4, strides=2, padding="same")(given if x is None else x)
        x = layers.LeakyReLU(0.1)(x)
    encoder = keras.Model(given, layers.Conv2D(code, 3, padding="same")(x))
    inner = keras.Input((TILE // 8, TILE // 8, code))
    x = layers.LeakyReLU(0.1)(layers.Conv2D(2 * width, 3, padding="same")(inner))
    for k in range(2, -1, -1):
        x = layers.LeakyReLU(0.1)(layers.Conv2D(width * (k + 1) // 2, 3, padding="same")(x))
        x = layers.UpSampling2D()(x)
    return encoder, keras.Model(inner, layers.Conv2D(4, 3, padding="same")(x))


def tiles_of(sprite):
    """Return a sprite in tiles (n, 64, 64, 4), and a function that puts tiles back together."""
    height, width = sprite.shape[:2]
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE, 4), np.float32)
    padded[:height, :width] = sprite
    tiles = padded.reshape(rows, TILE, columns, TILE, 4).swapaxes(1, 2).reshape(-1, TILE, TILE, 4)

    def back(some):
        whole = some.reshape(rows, columns, TILE, TILE, 4).swapaxes(1, 2).reshape(rows * TILE, columns * TILE, 4)
        return whole[:height, :width]

    return tiles, back


def cut_out(sprite, *others):
    """Return a sprite in the box of the keys, so that fewer tiles are needed, and a function that puts it back."""
    rows, columns = box_of(*others)

    def back(piece):
        whole = np.zeros_like(sprite)
        whole[rows, columns] = piece
        return whole

    return sprite[rows, columns], back


def latent(steps=500):
    """Train an autoencoder on single sprites; return draw(first, last) that decodes the mean of two codes."""
    keras = runtime.keras
    pool = examples("training")
    encoder, decoder = latent_network()
    model = keras.Sequential([encoder, decoder])
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(schedule), "mse")
    for k in range(steps):
        rng = np.random.default_rng([1, k])
        batch = np.stack([varied(pool[i], rng, TILE)[..., :4] for i in rng.choice(len(pool), 32)])
        loss = model.train_on_batch(batch, batch)
        if (k + 1) % 250 == 0:
            print(f"autoencoder {k + 1}: {loss:.5f}", flush=True)

    def draw(first, last):
        (a, put), (b, _) = cut_out(first, first, last), cut_out(last, first, last)
        (tiles, back), (others, _) = tiles_of(a), tiles_of(b)
        codes = (encoder(tiles).numpy() + encoder(others).numpy()) / 2
        return put(np.clip(back(decoder(codes).numpy()), 0, 1))

    return draw


# --- what a person must still draw ------------------------------------------------------------------------------------

PIXELS = 1.0  # the tolerance: an error as large as that of the true drawing, moved by so many pixels
SIGNS = ("keys apart", "flows apart", "movement", "views apart", "network apart from cross-fade")


def yardstick(triplet, pixels=PIXELS):
    """Return the squared error of the true middle, moved by so many pixels: the mean over left, right, up and down."""
    middle, moved = premultiplied(triplet[1]), []
    for way in ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)):
        moved.append(warped(middle, np.broadcast_to(np.array(way, np.float32), (*middle.shape[:2], 2))))
    return float(np.mean([squared_error(picture, triplet) for picture in moved]))


def signs(first, last, fields, drawn, spread):
    """Return numbers (5,) that are known before the true middle is: see SIGNS. Each alone: the larger, the harder."""
    box = box_of(first, last)
    apart = np.mean((first - last)[box][..., :3] ** 2)
    moved = np.mean((warped(first, fields[0]) - warped(last, fields[1]))[box][..., :3] ** 2)
    length = np.mean(np.linalg.norm(fields[0] - fields[1], axis=-1)[box])
    changed = np.mean((drawn - cross_fade(first, last))[box][..., :3] ** 2)
    return np.log([apart + 1e-5, moved + 1e-5, length + 1e-2, spread + 1e-5, changed + 1e-5])


def facts(networks, part):
    """Return (errors (n,), signs (n, 5), drawn) of the mean of networks on triplets."""
    pairs = [(premultiplied(t[0]), premultiplied(t[2])) for *_, t in part]
    fields = [dis_fields(*pair) for pair in pairs]
    drawn, spreads = draw_all(networks, pairs, fields)
    errors = np.array([squared_error(d, t) for d, (*_, t) in zip(drawn, part, strict=True)])
    given = zip(pairs, fields, drawn, spreads, strict=True)
    return errors, np.array([signs(*pair, both, d, s) for pair, both, d, s in given]), drawn


def plan(networks, part, family, wrong=0.05):
    """Return the rule that releases in-betweens, learnt on ``part``: {"mean", "scale", "weights", "bias", "least"}.

    A logistic regression says how probably an in-between is within the tolerance; ``least`` is the probability from
    which on it is released. It is the lowest at which, with every family predicted by the others, at most the share
    ``wrong`` of what is released is beyond the tolerance.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.preprocessing import StandardScaler

    errors, found, _ = facts(networks, part)
    good = errors <= np.array([yardstick(t) for *_, t in part])
    scaler = StandardScaler().fit(found)
    inputs, groups = scaler.transform(found), [family[unit_of(name)] for name, *_ in part]
    model = LogisticRegression(C=1.0).fit(inputs, good)
    chance = cross_val_predict(
        LogisticRegression(C=1.0), inputs, good, groups=groups, cv=GroupKFold(10), method="predict_proba"
    )[:, 1]
    order = np.sort(chance)
    least = next((c for c in order if np.mean(~good[chance >= c]) <= wrong), 1.0)
    kept = {"mean": scaler.mean_, "scale": scaler.scale_, "weights": model.coef_[0]}
    summary = {"good": good.mean(), "released": np.mean(chance >= least), "wrong": np.mean(~good[chance >= least])}
    return rounded(kept | {"bias": model.intercept_[0], "least": least, "on validation units": summary}, 6)


def chance_within(rule, found):
    """Return the probability (n,) that in-betweens with these signs (n, 5) are within the tolerance."""
    inputs = (found - np.array(rule["mean"])) / np.array(rule["scale"])
    return 1 / (1 + np.exp(-(inputs @ np.array(rule["weights"]) + rule["bias"])))


# --- measure once -----------------------------------------------------------------------------------------------------


def breathing(part):
    """Return the decibels between neighbouring frames of creatures that only stand: the animations bob, idle, stand."""
    still = {"bob", "idle", "idle2", "stand", "standing"}
    chosen = [t for name, _, t in part if still & set(name.split("-"))]
    return decibels(np.array([squared_error(premultiplied(t[0]), t) for t in chosen]))


def measure():
    """Measure every rival and both networks on the held-out units, and the plan that was learnt on validation units."""
    runtime.start(seed=0)
    parts, family, left_out = everything()
    held = parts["held out"]
    standing, draw = breathing(parts["training"]), latent()
    table = collections.defaultdict(list)
    for *_, triplet in held:
        first, last = premultiplied(triplet[0]), premultiplied(triplet[2])
        drawn = {"copy": first, "cross-fade": cross_fade(first, last), "latent": draw(first, last)}
        drawn["DIS"] = by_flow(first, last, dis_fields(first, last), MOVED["DIS"])
        drawn["DIS, softened"] = softened(first, last, dis_fields(first, last), MOVED["DIS"])
        drawn["ILK"] = by_flow(first, last, ilk_fields(first, last), MOVED["ILK"])
        for kind, picture in drawn.items():
            add(table, kind, picture, triplet)
        middle = premultiplied(triplet[1])
        table["latent, of the true middle"].append(squared_error(draw(middle, middle), triplet))
    print("rivals done", flush=True)
    shipped = json.loads(STORE.read_text(encoding="utf-8"))["feedback"]["shipped"]
    for kind in (*BRANCHES, "both"):
        _, _, drawn = facts(shipped_networks(kind), held)
        for picture, (*_, triplet) in zip(drawn, held, strict=True):
            add(table, kind, picture, triplet)
    networks, gains = shipped_networks(shipped), {}
    rule = plan(networks, parts["validation"], family)
    for name in ("training", "validation"):
        some = parts[name][:: len(parts[name]) // 150]
        pairs = [(premultiplied(t[0]), premultiplied(t[2])) for *_, t in some]
        flow = [by_flow(*pair, dis_fields(*pair), MOVED["DIS"]) for pair in pairs]
        by_dis = decibels(np.array([squared_error(d, t) for d, (*_, t) in zip(flow, some, strict=True)]))
        gains[name] = float((decibels(errors_of(networks, some)) - by_dis).mean())
    counts = {
        name: [len(part), len({unit_of(n) for n, *_ in part}), len({family[unit_of(n)] for n, *_ in part})]
        for name, part in parts.items()
    }
    store(
        counts=counts,
        left_out=left_out,
        gains=rounded(gains),
        names=[f"{name}@{k}" for name, k, _ in held],
        errors=rounded(dict(table)),
        standing=[len(standing), *rounded(np.quantile(standing, (0.1, 0.25, 0.5, 0.75, 0.9)))],
        plan=rule,
    )
    print({kind: round(float(decibels(np.array(values)).mean()), 2) for kind, values in table.items()})


def add(table, kind, picture, triplet):
    """Add the three errors of a drawn middle to a table of lists."""
    table[kind].append(squared_error(picture, triplet))
    table[f"{kind}, with opacity"].append(squared_error(picture, triplet, channels=4))
    table[f"{kind}, whole picture"].append(squared_error(picture, triplet, whole=True))


# --- an expression, carried to another face ---------------------------------------------------------------------------

CARRIED = ("tilt", "ear_height")  # what an expression is here: how the head is held, and the ears
FACES = HERE.parent / "data" / "pretrained" / "film_expression.weights.h5"


def is_new(fur, eyes, background):
    """Return whether a combination of colours is kept from training: a fifth of all sixty."""
    places = [
        kittens.CHOICES[kind].index(one)
        for kind, one in zip(("fur", "eyes", "background"), (fur, eyes, background), strict=True)
    ]
    return (places[0] + 2 * places[1] + 3 * places[2]) % 5 == 0


def carried(count, seed, new):
    """Return (source, driver, target) uint8 (count, 32, 32, 3): the source's face with the driver's expression.

    The sources' colours are combinations that are kept from training where ``new``, and others where not.
    """
    table = kittens.factors(20 * count, seed).to_dict("records")
    drivers = table[10 * count :]
    sources = [f for f in table[: 10 * count] if is_new(f["fur"], f["eyes"], f["background"]) == new][:count]
    rows = [(s, d, s | {name: d[name] for name in CARRIED}) for s, d in zip(sources, drivers, strict=False)]
    return tuple(np.stack([kittens.draw(row[k]) for row in rows]) for k in range(3)), rows


def expression_network(code=6):
    """Return the network: faces (batch, 32, 32, 6) in [-1, 1], source and driver, to the source with that expression.

    The driver passes through ``code`` numbers, so that its colours find no way; a U-Net redraws the source by them.
    """
    keras = runtime.keras
    layers = keras.layers
    given = keras.Input((32, 32, 6))

    def convolve(x, width, stride=1, told=None):
        x = layers.Conv2D(width, 3, strides=stride, padding="same")(x)
        x = x if told is None else x + layers.Reshape((1, 1, width))(layers.Dense(width)(told))
        return layers.LeakyReLU(0.1)(x)

    x = given[..., 3:]
    for width in (16, 32, 48):
        x = convolve(x, width, 2)
    told = layers.Dense(code, activation="tanh")(layers.Flatten()(x))
    own = given[..., :3]
    for width in (16, 32, 48):
        own = convolve(own, width, 2)
    told = layers.Concatenate()([told, layers.Dense(code, activation="tanh")(layers.Flatten()(own))])
    a = convolve(given[..., :3], 24, told=told)
    b = convolve(convolve(a, 48, 2, told), 48, told=told)
    c = convolve(convolve(b, 72, 2, told), 72, told=told)
    d = convolve(convolve(c, 96, 2, told), 96, told=told)
    for width, skip in ((72, c), (48, b), (24, a)):
        d = convolve(layers.Concatenate()([layers.UpSampling2D()(d), skip]), width, told=told)
    return keras.Model(given, layers.Conv2D(3, 3, padding="same", activation="tanh")(d), name="film_expression")


def stacked(source, driver):
    """Return faces as the network takes them: floats (n, 32, 32, 6) in [-1, 1]."""
    return np.concatenate([source, driver], axis=-1).astype(np.float32) / 127.5 - 1


def warped_faces(source, driver):
    """Return every source, warped by the DIS flow from the driver to it: the rival that needs no training."""
    found = []
    for one, other in zip(source, driver, strict=True):
        grey = [cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) / np.float32(255) for face in (other, one)]
        height, width = one.shape[:2]
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        flow = dis_flow(*grey)
        found.append(
            cv2.remap(one, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )
    return np.stack(found)


def expression(count=8000, steps=3000):
    """Train the network that carries an expression, and ship it."""
    runtime.start(seed=0)
    keras = runtime.keras
    (source, driver, target), _ = carried(count, 1, new=False)
    network = expression_network()
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    network.compile(keras.optimizers.Adam(schedule), "mae")
    print(f"{network.count_params():,} weights")
    network.fit(
        stacked(source, driver),
        target.astype(np.float32) / 127.5 - 1,
        batch_size=32,
        epochs=steps * 32 // count,
        verbose=2,
    )
    finished = expression_network()  # without the state of the optimizer
    finished.set_weights(network.get_weights())
    finished.save_weights(FACES)
    (source, driver, target), _ = carried(300, 2, new=True)
    drawn = network.predict(stacked(source, driver), verbose=0)
    print("new colours:", 10 * np.log10(4 / np.mean((drawn - (target / 127.5 - 1)) ** 2, (1, 2, 3))).mean())


# --- the part that ships ----------------------------------------------------------------------------------------------


def ship():
    """Write the held-out animations as one archive of lossless WebP sheets, frames side by side, named NAME@FIRST."""
    parts, family, _ = everything()
    names = sorted({name for name, *_ in parts["held out"]})
    found = animations(runtime.data_dir() / "wesnoth_sequences")
    SPRITES.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(SPRITES, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            for run in runs(found[name]):
                buffer, sheet = io.BytesIO(), np.concatenate([found[name][k] for k in run], axis=1)
                Image.fromarray(sheet).save(buffer, "WEBP", lossless=True, quality=100, method=6, exact=True)
                place = zipfile.ZipInfo(f"{name}@{run[0]}x{len(run)}.webp", (1980, 1, 1, 0, 0, 0))
                archive.writestr(place, buffer.getvalue())
        units = {name: [unit_of(name), family[unit_of(name)]] for name in names}
        place = zipfile.ZipInfo("families.json", (1980, 1, 1, 0, 0, 0))
        archive.writestr(place, json.dumps(units, indent=0), zipfile.ZIP_DEFLATED)
    print(f"{SPRITES.name}: {SPRITES.stat().st_size:,} bytes, {len(names)} animations")


def runs(frames):
    """Return the lists of consecutive numbers of {number: sprite} with one size each."""
    found = []
    for k in sorted(frames):
        if found and k == found[-1][-1] + 1 and frames[k].shape == frames[k - 1].shape:
            found[-1].append(k)
        else:
            found.append([k])
    return [run for run in found if len(run) > 2]


def held_out(path):
    """Return ([(name, first number, three sprites uint8 (3, height, width, 4))], {name: [unit, family]}) of `ship`."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        units = json.loads(archive.read("families.json"))
        for entry in archive.namelist():
            if match := re.fullmatch(r"(.+)@(\d+)x(\d+)\.webp", entry):
                name, first, count = match[1], int(match[2]), int(match[3])
                with Image.open(io.BytesIO(archive.read(entry))) as sheet:
                    frames = np.split(np.asarray(sheet.convert("RGBA")), count, axis=1)
                found.setdefault(name, {}).update({first + k: frame for k, frame in enumerate(frames)})
    return triplets(found)[0], units


def markdown(result):
    """Return the section of benchmarks/README.md that film.json is good for."""
    errors = {kind: np.array(values) for kind, values in result["errors"].items()}
    rows = "\n".join(
        f"| {kind} | {decibels(values).mean():.2f} | {decibels(values.mean()):.2f} | "
        + " | ".join(
            f"{decibels(errors[f'{kind}, {words}']).mean():.2f}" for words in ("with opacity", "whole picture")
        )
        + " |"
        for kind, values in errors.items()
        if not kind.endswith(("opacity", "picture", "middle"))
    )
    shipped, (triplet_count, units, groups) = result["feedback"]["shipped"], result["counts"]["held out"]
    return f"""## Drawings in between

From `film.json`, for notebook 11: {triplet_count} triplets of {units} units in {groups} families that no network was
trained on; decibels of the middle drawing, mean over triplets, of premultiplied colours in the box of what is visible;
of the mean error; with the opacity as a fourth value; over the whole picture. "evenly" and "where it failed" are the
network after its two last rounds, "both" their mean; "{shipped}" is what draws, by the validation units.

| method | dB | of the mean | with opacity | whole picture |
|---|---|---|---|---|
{rows}

The autoencoder gives the true middle itself back at {decibels(errors["latent, of the true middle"]).mean():.1f} dB.
"""


STAGES = (ship, tune, train, feedback, measure, expression)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for name in sys.argv[1:] or [""]:
        stages.get(name, lambda: sys.exit(__doc__))()
