"""Kittens that move: clips with known factors, what comes next, and clips from nothing; the bench of notebook 09.

Usage: python benchmarks/video.py STAGE …

The stages, in this order; each keeps what the others stored. All trainings together take about 45 minutes of
processor time:

    ship       writes data/earth.mp4, a small part of NASA's clip (only where the package `arcade` is unpacked)
    draw       draws the clips once, into the cache
    flows      chooses the options of both optical flows on training clips
    reader     the network that reads a kitten's factors from a single frame
    frames     the autoencoder: who a kitten is, and its pose, as two short vectors
    small_things    the same, where small things that move count more
    apart      the same, with noise that keeps who and pose apart
    faithful   the decoder alone, held to what a second reader sees
    recurrent  the convolutional LSTM that predicts eight frames, on kittens and on NASA's clip
    dynamics   the recurrent network that predicts poses in the latent space
    flow gan   the two generators of clips
    predict    all predictors on kittens with new colours, once
    predict_earth   the same on the part of NASA's clip that nothing was trained on
    judge      all generated clips, and their rivals, once

Notebook 09 shows these functions: they are written into it from here.
"""

import functools
import hashlib
import inspect
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, losses, metrics, models, runtime, training, video  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from benchmarks import common  # noqa: E402
from benchmarks.motion import POSE, REST, Moving, posed  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from film import dis_flow, ilk_flow  # noqa: E402
from scipy import ndimage  # noqa: E402

STORE = HERE / "video.json"
EARTH = HERE.parent / "data" / "earth.mp4"
PRETRAINED = HERE.parent / "data" / "pretrained"

# --- clips ------------------------------------------------------------------------------------------------------------

FRAMES, RATE, PAST = 16, 10, 8  # frames of a clip, frames a second, and frames that a predictor sees
MOTIONS = ("tilt", "blink", "ear", "ball")
COLOURS = ("fur", "eyes", "background")
SHAPES = ("ear_height", "head_size", "stripes")
SETS = {"training": (800, 3, 1, False), "validation": (60, 2, 2, False), "fresh": (300, 2, 13, False)}
SETS["other"] = (300, 2, 5, False)
SETS["new kittens"] = (
    150,
    2,
    4,
    True,
)  # kittens, clips of each, seed, and whether their colours are kept from training


def track(motion, amount, seed):
    """Return the poses (FRAMES, 5) of a motion; ``amount`` in [0, 1] says how far it goes, ``seed`` all the rest.

    Tilt is a sine. Lids close, and the ear turns, at moments that nobody knows before. The ball rolls out and back;
    whenever it is in the middle a coin decides to which side it rolls next.
    """
    if motion not in MOTIONS or not 0 <= amount <= 1:
        raise ValueError(f"received {motion!r}, amount {amount!r}; expected one of {MOTIONS}, and 0 to 1.")
    rng, t = np.random.default_rng(seed), np.arange(FRAMES) / RATE
    tempo, phase = rng.random(2)
    found = {name: np.full(FRAMES, value) for name, value in REST.items()}
    found["tilt"] += rng.uniform(-4, 4)
    if motion == "tilt":
        found["tilt"] = (5 + 11 * amount) * np.sin(2 * np.pi * ((0.6 + 0.6 * tempo) * t + phase))
    elif motion == "ball":
        cycle = (0.6 + 0.5 * tempo) * t + phase  # a half-turn from the middle to the middle
        found["ball"] = (0.3 + 0.45 * amount) * np.sin(np.pi * (cycle % 1)) * rng.choice([-1, 1], 4)[cycle.astype(int)]
        found["gaze"] = found["ball"] / POSE["ball"]
    else:
        begins = np.cumsum([rng.integers(1, 7), rng.integers(5, 9)]) / RATE
        pulses = np.maximum(0, 1 - np.abs(t - begins[:, None]) * RATE / (2 if motion == "blink" else 3))
        found["lid" if motion == "blink" else "ear"] = (0.5 + 0.5 * amount) * pulses.max(axis=0)
    return np.stack([found[name] for name in POSE], axis=1)


def is_new(kitten):
    """Return whether a kitten's colours are one of the combinations, a fifth of all sixty, that nothing trains on."""
    fur, eyes, background = (kittens.CHOICES[name].index(kitten[name]) for name in COLOURS)
    return (fur + 2 * eyes + 3 * background) % 5 == 0


def cast(count, seed, new):
    """Return ``count`` kittens, a list of their factors, all with colours that are kept from training, or none."""
    found = [kitten for kitten in kittens.factors(12 * count + 60, seed).to_dict("records") if is_new(kitten) == new]
    return found[:count]


def film(kitten, poses):
    """Return a clip, uint8 (frames, 32, 32, 3), of one kitten in poses (frames, 5)."""
    return np.stack([posed(kitten, dict(zip(POSE, pose, strict=True))) for pose in poses.tolist()])


def clips(count, each, seed, new=False):
    """Return (frames uint8 (n, 16, 32, 32, 3), poses (n, 16, 5), a table with a row a clip), n = count · each.

    Every kitten is filmed ``each`` times, in motions that differ.
    """
    rows, rng = [], np.random.default_rng(seed)
    for number, kitten in enumerate(cast(count, seed, new)):
        for asked in rng.permutation(len(MOTIONS))[:each]:
            rows.append({"kitten": number, **kitten, "motion": int(asked), "amount": round(rng.random(), 3)})
    table = pd.DataFrame(rows)
    told = zip(table["motion"], table["amount"], strict=True)
    poses = np.stack([track(MOTIONS[m], amount, [seed, k]) for k, (m, amount) in enumerate(told)])
    return np.stack([film(row, poses[k]) for k, row in enumerate(rows)]), poses, table


def kept(part):
    """Return `clips` of a part of SETS, drawn once and then read from the cache."""
    count, each, seed, new = SETS[part]
    source = "".join(map(inspect.getsource, (Moving, posed, track)))
    version = hashlib.sha256(source.encode()).hexdigest()[:8]
    path = runtime.cache_dir() / f"video-{part.replace(' ', '-')}-{version}-{count}-{each}-{seed}.npz"
    if not path.exists():
        frames, poses, table = clips(count, each, seed, new)
        np.savez(path, frames=frames, poses=poses)
        table.to_json(path.with_suffix(".json"))
    stored = np.load(path)
    return stored["frames"], stored["poses"], pd.read_json(path.with_suffix(".json"))


def draw():
    """Draw all parts."""
    for part in SETS:
        print(part, kept(part)[0].shape, flush=True)


def unit(frames):
    """Return bytes as floats in [0, 1]."""
    return np.asarray(frames, np.float32) / 255


# --- what comes next: predictors without a network ------------------------------------------------------------------

AHEAD = FRAMES - PAST  # horizons


def at_least(past, count, side=1):
    """Return clips as they are; a ValueError where they have fewer frames, or smaller ones, than a predictor needs."""
    _, frames, height, width, _ = np.shape(past)
    if frames < count or min(height, width) < side:
        said = f"received clips of {frames} frames, {height}×{width}"
        raise ValueError(
            f"{said}; expected {count} frames or more of at least {side}×{side} pixels: take a longer clip."
        )
    return past


def copied(past):
    """Return the last frame again and again. Predictors map bytes (n, PAST, h, w, 3) to floats (n, AHEAD, h, w, 3)."""
    return np.repeat(unit(past[:, -1:]), AHEAD, axis=1)


def extrapolated(past):
    """Return each pixel's straight line through its last two values, clipped to what a screen can show."""
    before, last = np.split(unit(at_least(past, 2)[:, -2:]), 2, axis=1)
    return np.clip(last + np.arange(1, AHEAD + 1)[:, None, None, None] * (last - before), 0, 1)


def flow_between(a, b, options):
    """Return the flow (h, w, 2) in pixels from one frame to another (floats), by DIS or ILK on enlarged frames."""
    luma = [frame @ np.array([0.299, 0.587, 0.114], np.float32) for frame in (a, b)]
    if options["kind"] == "DIS":
        return dis_flow(*luma, options["scale"], options["patch"], options["stride"])
    scale, size = options["scale"], luma[0].shape[::-1]
    large = [cv2.resize(x, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) for x in luma]
    return cv2.resize(ilk_flow(*large, options["radius"]), size, interpolation=cv2.INTER_AREA) / scale


def pulled(frame, movement):
    """Return a frame (h, w, 3) in which every pixel shows what was where it would have come from: backward warping."""
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
    places = x - movement[..., 0], y - movement[..., 1]
    return cv2.remap(frame, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def pushed(frame, movement):
    """Return a frame (h, w, 3) whose pixels went where they move to, the faster before the slower; holes are filled."""
    height, width = frame.shape[:2]
    large = [cv2.resize(x, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for x in (frame, movement)]
    y, x = np.mgrid[: 2 * height, : 2 * width] / 2 - 0.25
    x, y = (place + large[1][..., k] for k, place in enumerate((x, y)))
    nearer = np.exp(2 * np.minimum(np.linalg.norm(large[1], axis=-1), 8))
    total, covered = np.zeros((height * width, 4)), np.zeros(height * width)
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column, row = np.floor(x).astype(int) + right, np.floor(y).astype(int) + down
        share = (1 - np.abs(x - column)) * (1 - np.abs(y - row))
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        place, weight = (row * width + column)[inside], (share * nearer)[inside]
        values = np.concatenate([large[0], np.ones_like(large[0][..., :1])], axis=-1)[inside]
        for k in range(4):
            total[:, k] += np.bincount(place, weight * values[:, k], minlength=height * width)
        covered += np.bincount(place, share[inside], minlength=height * width)
    drawn = (total[:, :3] / np.maximum(total[:, 3:], 1e-9)).reshape(height, width, 3)
    holes = (covered < 0.8).reshape(height, width)
    return _filled(drawn, holes) if holes.any() else drawn


def _filled(frame, holes):
    painted = cv2.inpaint(np.rint(frame * 255).astype(np.uint8), holes.astype(np.uint8), 2, cv2.INPAINT_TELEA)
    return np.where(holes[..., None], unit(painted), frame)


def by_flow(past, options):
    """Return what the flow between the last frames says, if it goes on: see `tune` for the options.

    With v the last movement of a pixel and a its change from the one before, the movement by horizon h is
    first[h]·h·v + second[h]·h(h + 1)/2·a, and the frame is share[h] parts moved, the rest the last frame.
    """
    push, found = (pushed if options["push"] else pulled), []
    for clip in unit(at_least(past, 3, 12)[:, -3:]):
        movement, earlier = flow_between(*clip[1:], options), flow_between(*clip[:2], options)
        if not options["push"]:  # ask at the pixel where it ends, not where it begins
            movement, earlier = -flow_between(*clip[:0:-1], options), -flow_between(*clip[1::-1], options)
        rows = []
        for h, (first, second, share) in enumerate(options["weights"], 1):
            whole = first * h * movement + second * h * (h + 1) / 2 * (movement - earlier)
            rows.append(share * push(clip[-1], whole.astype(np.float32)) + (1 - share) * clip[-1])
        found.append(rows)
    return np.clip(np.array(found, np.float32), 0, 1)


def errors(predicted, future):
    """Return root mean squared errors (n, AHEAD) of predictions, in shares of the full range, against bytes."""
    return np.sqrt(((predicted - unit(future)) ** 2).mean(axis=(2, 3, 4)))


def sharpness(frames):
    """Return the mean size of the differences between neighbouring pixels of each frame: floats (…, h, w, 3) to (…)."""
    right, down = np.abs(np.diff(frames, axis=-2)), np.abs(np.diff(frames, axis=-3))
    return right.mean(axis=(-3, -2, -1)) + down.mean(axis=(-3, -2, -1))


def tune(frames, name):
    """Return options for `by_flow`, chosen on training clips (n, 16, h, w, 3): flow, direction, weights by horizon."""
    past, future = frames[:, :PAST], frames[:, PAST:]
    tries = [{"kind": "DIS", "scale": s, "patch": 8, "stride": q} for s in (1, 2, 4) for q in (1, 3)]
    tries += [{"kind": "ILK", "scale": s, "radius": r} for s in (1, 2) for r in (3, 5, 7)]
    found = {}
    for options in tries:
        for push in (False, True):
            both = options | {"push": push, "weights": [[1.0, 0.0, 1.0]] * AHEAD}
            score = errors(by_flow(past, both), future)[:, :4].mean()
            print(name, both["kind"], options, push, round(float(score), 4), flush=True)
            if options["kind"] not in found or score < found[options["kind"]][0]:
                found[options["kind"]] = score, both
    return {kind: _weighed(past, future, options) for kind, (_, options) in found.items()}


def _weighed(past, future, options):
    """Return the options with the best three weights of each horizon on a grid."""
    best = [(np.inf, None)] * AHEAD
    for first in (0.2, 0.4, 0.7, 1.0):
        for second in (0.0, 0.35, 0.7, 1.0, 1.4):
            moved = by_flow(past, options | {"weights": [[first, second, 1.0]] * AHEAD})
            for share in (0.0, 0.25, 0.5, 0.75, 1.0):
                scores = errors(share * moved + (1 - share) * copied(past), future).mean(axis=0)
                best = [min(old, (s, [first, second, share])) for old, s in zip(best, scores.tolist(), strict=True)]
    return options | {"weights": [weights for _, weights in best]}


class Principal:
    """Prediction in the simplest latent space: principal components of frames, and a linear map of the last four.

    It predicts how far the next frames' codes are from the last one's, and adds the picture of that to the last frame.
    ``ridge`` is the weight of the penalty.
    """

    def __init__(self, frames, size=64, ridge=1.0, starts=range(FRAMES - AHEAD - 3, FRAMES - AHEAD + 1)):
        flat = unit(frames).reshape(len(frames) * frames.shape[1], -1)
        self.mean = flat.mean(axis=0)
        _, _, axes = np.linalg.svd(flat[:: max(1, len(flat) // 3000)] - self.mean, full_matrices=False)
        self.axes = axes[:size]
        codes = self.code(frames)
        given, wanted = [], []
        for end in starts:
            if end >= 4 and end + AHEAD <= frames.shape[1]:
                given.append(self.features(codes[:, end - 4 : end]))
                wanted.append((codes[:, end : end + AHEAD] - codes[:, end - 1 : end]).reshape(len(codes), -1))
        given, wanted = np.concatenate(given), np.concatenate(wanted)
        penalty = ridge * np.eye(given.shape[1])
        self.map = np.linalg.solve(given.T @ given + penalty, given.T @ wanted)

    def code(self, frames):
        """Return codes (n, frames, size)."""
        return (unit(frames).reshape(*frames.shape[:2], -1) - self.mean) @ self.axes.T

    def features(self, codes):
        """Return the last code, three differences of codes and 1, a row a clip."""
        return np.concatenate(
            [codes[:, -1], np.diff(codes, axis=1).reshape(len(codes), -1), np.ones((len(codes), 1))], 1
        )

    def __call__(self, past):
        """Return what comes after frames (n, PAST, h, w, 3)."""
        change = (self.features(self.code(past[:, -4:])) @ self.map).reshape(len(past), AHEAD, -1) @ self.axes
        return np.clip(unit(past[:, -1:]) + change.reshape(len(past), AHEAD, *past.shape[2:]), 0, 1).astype(np.float32)


# --- networks ---------------------------------------------------------------------------------------------------------

WHO, HOW = 24, 8  # numbers that say who a kitten is, and how it is held
LEAK = 0.1


def descend(loss_of, networks, batch, steps, rate, name, ema=None):
    """Take ``steps`` of Adam down ``loss_of(*batch(k))``; the rate falls by a cosine. Print the processor's seconds."""
    variables = [variable for network in networks for variable in network.trainable_variables]
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.02),
        0.9,
        0.99,
        use_ema=bool(ema),
        ema_momentum=ema or 0,
    )
    optimizer.build(variables)

    @tf.function
    def step(*given):
        with tf.GradientTape() as tape:
            loss = loss_of(*given)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    begin, mean = time.process_time(), None
    for k in range(steps):
        loss = float(step(*map(tf.constant, batch(k))))
        mean = loss if mean is None else 0.98 * mean + 0.02 * loss
        if (k + 1) % max(1, steps // 10) == 0:
            print(f"{name} {k + 1}: {mean:.5f}, {time.process_time() - begin:.0f} s", flush=True)
    if ema:
        optimizer.finalize_variable_values(variables)
    return round(time.process_time() - begin)


def _convolve(x, width, kernel=3, stride=1):
    layers = keras.layers
    return layers.LeakyReLU(LEAK)(layers.Conv2D(width, kernel, strides=stride, padding="same")(x))


def recurrent_network(height=32, width=32, channels=(16, 32, 40)):
    """Return a network from floats (batch, PAST, height, width, 3) to the next AHEAD; sides are multiples of 4.

    Frames are halved twice; one convolutional LSTM reads them and hands its state to a second, which writes as many
    steps as are asked for (Shi et al. 2015). Each is enlarged beside maps of the last frame, and a gate decides, pixel
    by pixel, whether that frame or a new colour is shown: what does not move stays sharp.
    """
    if height % 4 or width % 4:
        raise ValueError(
            f"received frames of {height}×{width}; expected sides that are multiples of 4: pad or cut them."
        )
    layers, ops = keras.layers, keras.ops
    past = layers.Input((PAST, height, width, 3))
    first = _convolve(ops.reshape(past, (-1, height, width, 3)), channels[0], 4, 2)
    second = _convolve(first, channels[1], 4, 2)
    small, mid = (height // 4, width // 4), (height // 2, width // 2)
    read = ops.reshape(second, (-1, PAST, *small, channels[1]))
    options = {"kernel_size": 3, "padding": "same"}
    _, *state = layers.ConvLSTM2D(channels[2], return_state=True, **options)(read)
    last = ops.repeat(read[:, -1:], AHEAD, axis=1)
    written = layers.ConvLSTM2D(channels[2], return_sequences=True, **options)(last, initial_state=state)

    def beside(x, maps, side):
        maps = ops.repeat(ops.reshape(maps, (-1, PAST, *side, maps.shape[-1]))[:, -1:], AHEAD, axis=1)
        return layers.Concatenate()([x, ops.reshape(maps, (-1, *side, maps.shape[-1]))])

    def doubled(x, width):
        return layers.LeakyReLU(LEAK)(layers.Conv2DTranspose(width, 4, strides=2, padding="same")(x))

    x = doubled(ops.reshape(written, (-1, *small, channels[2])), channels[1])
    x = _convolve(beside(x, first, mid), channels[1])
    x = _convolve(
        beside(doubled(x, channels[0]), ops.reshape(past, (-1, height, width, 3)), (height, width)), channels[0]
    )
    x = ops.reshape(layers.Conv2D(4, 3, padding="same")(x), (-1, AHEAD, height, width, 4))
    gate, old = ops.sigmoid(x[..., 3:] - 1.0), past[:, -1:]
    return keras.Model(past, old + gate * (x[..., :3] - old), name="video_recurrent")


def ask(network, *given, batch=64):
    """Return a network's answers, a NumPy array, to arrays whose first axis is cut into batches."""
    count = len(given[0])
    parts = [
        network([x[k : k + batch] for x in given] if len(given) > 1 else given[0][k : k + batch], training=False)
        for k in range(0, count, batch)
    ]
    return np.concatenate([part.numpy() for part in parts])


def autoencoder():
    """Return three networks: frames in [0, 1] to who (batch, WHO), frames to pose (batch, HOW), and both to a frame."""
    layers = keras.layers

    def encoder(size, widths, name):
        frame = layers.Input((32, 32, 3))
        x = frame
        for width in widths:
            x = _convolve(x, width, 4, 2)
        return keras.Model(frame, layers.Dense(size)(layers.Flatten()(x)), name=name)

    code = layers.Input((WHO + HOW,))
    drawn = models.generator(WHO + HOW, (96, 64, 48), batch_norm=False, style=(96, 96))(code)
    decoder = keras.Model(code, (drawn + 1.0) / 2.0, name="decoder")
    return encoder(WHO, (24, 48, 96), "who"), encoder(HOW, (24, 48, 64), "pose"), decoder


def together(*networks, name):
    """Return one network with the weights of several, to be saved and loaded in one file."""
    inputs = [[keras.Input(part.shape[1:], dtype=part.dtype) for part in network.inputs] for network in networks]
    outputs = [network(given if len(given) > 1 else given[0]) for network, given in zip(networks, inputs, strict=True)]
    return keras.Model([part for given in inputs for part in given], outputs, name=name)


def pose_network(width=96):
    """Return a network from poses (batch, PAST, HOW), standardised, to the AHEAD that follow."""
    layers, ops = keras.layers, keras.ops
    past = layers.Input((PAST, HOW))
    moves = layers.Concatenate()([past[:, 1:], past[:, 1:] - past[:, :-1]])
    state = layers.GRU(width)(moves)
    cell, pose, found = layers.GRUCell(width), past[:, -1], []
    out = layers.Dense(HOW, kernel_initializer="zeros")
    for _ in range(AHEAD):
        state, _ = cell(pose, [state])
        pose = pose + out(state)
        found.append(pose)
    return keras.Model(past, ops.stack(found, axis=1), name="video_dynamics")


HEADS = {"fur": 5, "eyes": 3, "background": 4}
READ = (*SHAPES, *POSE)  # the numbers that are read; a ball that is not there is not asked for its place


def reader_network(widths=(24, 48, 96)):
    """Return a network from frames in [0, 1] to (answers (batch, 21), features (batch, 48)); see `read`."""
    layers = keras.layers
    frame = layers.Input((32, 32, 3))
    x = frame
    for width in widths:
        x = _convolve(x, width, 4, 2)
    features = layers.LeakyReLU(LEAK)(layers.Dense(48)(layers.Flatten()(x)))
    return keras.Model(
        frame, [layers.Dense(sum(HEADS.values()) + len(READ) + 1)(features), features], name="video_reader"
    )


SCALES = np.array([0.225, 0.125, 0.5, 18.0, 1.0, 1.0, 1.0, 0.8], np.float32)  # what a number of READ is divided by
MIDDLES = np.array([0.975, 0.975, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0], np.float32)


def true_factors(poses, table):
    """Return what the reader is asked: classes (n, 16, 3), numbers (n, 16, 8) in units of SCALES, ball (n, 16)."""
    classes = np.stack([[kittens.CHOICES[c].index(v) for v in table[c]] for c in HEADS], axis=1)
    shapes = table[list(SHAPES)].to_numpy(np.float32)
    numbers = np.concatenate([np.repeat(shapes[:, None], FRAMES, axis=1), poses], axis=-1)
    return np.repeat(classes[:, None], FRAMES, axis=1), (numbers - MIDDLES) / SCALES, ~np.isnan(poses[..., -1])


def read(network, frames):
    """Return a `pandas.DataFrame` of what the reader sees in clips (n, frames, 32, 32, 3), a row a frame, clip by clip.

    Columns are the names of HEADS (class numbers), those of READ in their own units, and ``has_ball``. ``ball`` is 0
    where none is seen.
    """
    flat = unit(frames).reshape(-1, 32, 32, 3)
    answers = np.concatenate([network(flat[k : k + 512], training=False)[0] for k in range(0, len(flat), 512)])
    table, place = {}, 0
    for name, count in HEADS.items():
        table[name] = answers[:, place : place + count].argmax(axis=1)
        place += count
    table |= dict(zip(READ, (answers[:, place:-1] * SCALES + MIDDLES).T, strict=True))
    table["has_ball"] = answers[:, -1] > 0
    table["ball"] = np.where(table["has_ball"], table["ball"], 0.0)
    index = pd.MultiIndex.from_product([range(len(frames)), range(frames.shape[1])], names=["clip", "frame"])
    return pd.DataFrame(table, index=index)


def features_of_clips(network, frames):
    """Return features (n, 96) of clips: the mean over time of the reader's, and of their change from frame to frame."""
    flat = unit(frames).reshape(-1, 32, 32, 3)
    found = np.concatenate([network(flat[k : k + 512], training=False)[1] for k in range(0, len(flat), 512)])
    found = found.reshape(*frames.shape[:2], -1)
    return np.concatenate([found.mean(axis=1), np.abs(np.diff(found, axis=1)).mean(axis=1)], axis=1)


# --- clips from nothing -----------------------------------------------------------------------------------------------

LEVELS = ("a little", "middling", "far")  # thirds of the amount
CLASSES = (len(MOTIONS), len(LEVELS))
NUMBERS = WHO + FRAMES * HOW  # a clip in the latent space: who, then sixteen poses


def wishes(table):
    """Return what a clip's table asks for: int32 (n, 2), the motion and the third of its amount."""
    thirds = np.minimum((table["amount"].to_numpy() * len(LEVELS)).astype(int), len(LEVELS) - 1)
    return np.stack([table["motion"].to_numpy(), thirds], axis=1).astype(np.int32)


class Latents:
    """The way from clips to vectors (n, NUMBERS) of mean 0 and variance 1, and back.

    ``scale`` = (means, spreads) of WHO + HOW numbers; those of a pose are the same at all times.
    """

    def __init__(self, who, pose, decoder, scale=((0.0,) * (WHO + HOW), (1.0,) * (WHO + HOW))):
        self.who, self.pose, self.decoder, self.scale = who, pose, decoder, scale
        whole = [np.array([*part[:WHO], *part[WHO:] * FRAMES], np.float32) for part in map(list, scale)]
        self.mean, self.spread = whole
        self.again = runtime.tf.function(lambda codes: who(decoder(codes)), reduce_retracing=True)

    def split(self, vectors):
        """Return (who (n, WHO), poses (n, 16, HOW)) of vectors."""
        return vectors[:, :WHO], vectors[:, WHO:].reshape(len(vectors), -1, HOW)

    def encode(self, frames):
        """Return the vectors of clips, bytes (n, 16 or fewer, 32, 32, 3); who is the mean over the frames."""
        flat = unit(frames).reshape(-1, 32, 32, 3)
        whos, poses = (ask(network, flat, batch=512) for network in (self.who, self.pose))
        whos = whos.reshape(len(frames), -1, WHO).mean(axis=1)
        vectors = np.concatenate([whos, poses.reshape(len(frames), -1)], axis=1)
        return (vectors - self.mean[: vectors.shape[1]]) / self.spread[: vectors.shape[1]]

    def decode(self, vectors):
        """Return clips, bytes (n, 16, 32, 32, 3)."""
        whos, poses = self.split(vectors * self.spread[: vectors.shape[1]] + self.mean[: vectors.shape[1]])
        codes = np.concatenate([np.repeat(whos[:, None], poses.shape[1], axis=1), poses], axis=-1)
        frames = ask(self.decoder, codes.reshape(-1, WHO + HOW).astype(np.float32), batch=512)
        frames = np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8)
        return frames.reshape(*poses.shape[:2], 32, 32, 3)

    def settle(self, vectors, rounds=16, shown=(0, 5, 10, 15)):
        """Return vectors whose kitten is one that the autoencoder knows: drawn in some frames and read again.

        A generator's numbers may lie between two kittens; each round leads nearer to one of them.
        """
        whos, poses = self.split(vectors * self.spread + self.mean)
        poses = poses[:, list(shown)].reshape(-1, HOW)
        for _ in range(rounds):
            codes = np.concatenate([np.repeat(whos, len(shown), axis=0), poses], axis=1)
            whos = self.again(codes.astype(np.float32)).numpy().reshape(len(vectors), -1, WHO).mean(axis=1)
        return np.concatenate([(whos - self.mean[:WHO]) / self.spread[:WHO], vectors[:, WHO:]], axis=1)


def _hot(labels):
    return [keras.ops.one_hot(labels[:, k], count) for k, count in enumerate(CLASSES)]


def clip_velocity(width=224, depth=4):
    """Return the velocity field of clips: [vectors (batch, NUMBERS), time (batch,), wishes (batch, 2)] to velocities.

    As `models.velocity` does, it guesses where the way ends; the rest of the way over the rest of the time is the
    velocity. A wish of −1 says nothing.
    """
    layers, ops = keras.layers, keras.ops
    points, now = layers.Input((NUMBERS,)), layers.Input(())
    labels = layers.Input((len(CLASSES),), dtype="int32")
    angles = now[:, None] * (np.pi * np.geomspace(1.0, 32.0, 8, dtype="float32"))
    told = layers.Dense(width, "silu")(layers.Concatenate()([ops.sin(angles), ops.cos(angles), *_hot(labels)]))
    x = layers.Dense(width)(points)
    for _ in range(depth):
        inner = layers.Activation("silu")(
            layers.Dense(width)(layers.LayerNormalization()(x)) + layers.Dense(width)(told)
        )
        x = x + layers.Dense(width, kernel_initializer="zeros")(inner)
    end = layers.Dense(NUMBERS, kernel_initializer="zeros")(layers.LayerNormalization()(x))
    return keras.Model([points, now, labels], (end - points) / ops.maximum(1.0 - now, 0.05)[:, None], name="video_flow")


NOISE = 64


def clip_generator(width=256):
    """Return the generator of the GAN: [noise (batch, NOISE), wishes (batch, 2)] to vectors (batch, NUMBERS)."""
    layers = keras.layers
    noise, labels = layers.Input((NOISE,)), layers.Input((len(CLASSES),), dtype="int32")
    x = layers.Concatenate()([noise, *_hot(labels)])
    for _ in range(3):
        x = layers.LeakyReLU(LEAK)(layers.Dense(width)(x))
    return keras.Model([noise, labels], layers.Dense(NUMBERS)(x), name="video_gan")


def clip_critic(width=256):
    """Return the discriminator: [vectors (batch, NUMBERS), wishes] to logits; it is shown how poses change, too."""
    layers = keras.layers
    vectors, labels = layers.Input((NUMBERS,)), layers.Input((len(CLASSES),), dtype="int32")
    change = vectors[:, WHO + HOW :] - vectors[:, WHO:-HOW]
    x = layers.Concatenate()([vectors, change, *_hot(labels)])
    for _ in range(3):
        x = layers.LeakyReLU(LEAK)(layers.Dense(width)(x))
    return keras.Model([vectors, labels], layers.Dense(1)(x), name="video_critic")


def penalised_gan(vectors, labels, steps=2400, batch=128, gamma=0.5, rate=1e-3):
    """Return (generator, processor seconds), trained against `clip_critic` with R1 on real vectors."""
    generator, critic = clip_generator(), clip_critic()
    schedule = functools.partial(keras.optimizers.schedules.CosineDecay, rate, steps, alpha=0.05)
    ours = keras.optimizers.Adam(schedule(), 0.0, 0.99, use_ema=True, ema_momentum=0.995)
    theirs = keras.optimizers.Adam(schedule(), 0.0, 0.99)
    ours.build(generator.trainable_variables)
    theirs.build(critic.trainable_variables)

    @tf.function
    def step(real, wish, seed):
        noise = tf.random.stateless_normal((2, batch, NOISE), seed)
        with tf.GradientTape() as tape:
            fake = generator([noise[0], wish])
            logits = critic([real, wish]), critic([fake, wish])
            penalty = losses.r1_penalty(lambda x, training: critic([x, wish], training=training), real)
            loss = losses.logistic_discriminator_loss(*logits) + gamma / 2 * penalty
        theirs.apply(tape.gradient(loss, critic.trainable_variables), critic.trainable_variables)
        with tf.GradientTape() as tape:
            loss = losses.non_saturating_generator_loss(critic([generator([noise[1], wish]), wish]))
        ours.apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)

    rng, begin = np.random.default_rng(0), time.process_time()
    for k in range(steps):
        chosen = rng.integers(0, len(vectors), batch)
        step(tf.constant(vectors[chosen]), tf.constant(labels[chosen]), tf.constant([0, k]))
        if (k + 1) % 1000 == 0:
            print(f"gan {k + 1}, {time.process_time() - begin:.0f} s", flush=True)
    ours.finalize_variable_values(generator.trainable_variables)
    return generator, round(time.process_time() - begin)


class Gaussians:
    """The rival without a network: one Gaussian a wish, with its own mean and the covariance of its motion."""

    def __init__(self, vectors, labels):
        from sklearn.covariance import ledoit_wolf

        self.means = {
            wish: vectors[(labels == wish).all(axis=1)].mean(axis=0) for wish in map(tuple, np.unique(labels, axis=0))
        }
        around = vectors - np.stack([self.means[tuple(wish)] for wish in labels])
        self.roots = [np.linalg.cholesky(ledoit_wolf(around[labels[:, 0] == m])[0]) for m in range(len(MOTIONS))]

    def sample(self, labels, seed=0):
        """Return vectors (n, NUMBERS), one a wish."""
        noise = np.random.default_rng(seed).standard_normal((len(labels), NUMBERS))
        found = [self.means[tuple(wish)] + self.roots[wish[0]] @ z for wish, z in zip(labels, noise, strict=True)]
        return np.array(found, np.float32)


def rivals(latents, frames, vectors, labels, wanted, seed=0):
    """Return {name: clips} of what needs no generator, one clip a wish of ``wanted``, from training clips.

    A training clip as it is; another training kitten with that clip's poses; and a kitten whose pose goes on a
    straight line between the clip's pose at rest and its farthest.
    """
    rng = np.random.default_rng(seed)
    source = np.array([rng.choice(np.flatnonzero((labels == wish).all(axis=1))) for wish in wanted])
    whos = vectors[rng.integers(0, len(vectors), len(wanted)), :WHO]
    moved = np.concatenate([whos, vectors[source, WHO:]], axis=1)
    poses = vectors[source, WHO:].reshape(len(wanted), FRAMES, HOW)
    first = poses[:, 0]
    away = np.linalg.norm(poses - first[:, None], axis=-1).argmax(axis=1)
    line = first[:, None] + np.linspace(0, 1, FRAMES)[:, None] * (poses[np.arange(len(poses)), away] - first)[:, None]
    straight = np.concatenate([whos, line.reshape(len(wanted), -1)], axis=1)
    return {"training clip": frames[source], "transplanted": latents.decode(moved), "line": latents.decode(straight)}


# --- judging clips ----------------------------------------------------------------------------------------------------

OPEN = 0.4  # lids that are closed further hide the colour of the eyes


def deviations(seen):
    """Return how far the three shapes of each clip go from their median, at most, (n, 3), of what `read` saw."""
    shapes = seen[list(SHAPES)].groupby(level="clip")
    return (seen[list(SHAPES)] - shapes.transform("median")).abs().groupby(level="clip").max().to_numpy()


def identity_kept(seen, tolerance):
    """Return whether each clip shows one kitten, (n,): in all frames the colours of the first, shapes within tolerance.

    Eyes are compared in those frames in which they are open. ``tolerance`` (3,) is by how much each shape may differ
    from the clip's median.
    """
    kept = np.ones(seen.index.get_level_values("clip").nunique(), bool)
    for name in HEADS:
        counted = seen[seen["lid"] < OPEN] if name == "eyes" else seen
        one = counted[name].groupby(level="clip").nunique().reindex(range(len(kept)), fill_value=1)
        kept &= one.to_numpy() <= 1
    return kept & (deviations(seen) <= tolerance).all(axis=1)


def motion_shown(seen):
    """Return (motion (n,), amount (n,)) of each clip: which of MOTIONS goes farthest, and how far, 0 to 1."""
    clips = seen.groupby(level="clip")
    swing = (clips["tilt"].max() - clips["tilt"].min()) / 2
    ball = clips["ball"].agg(lambda x: x.abs().max()).to_numpy()
    lid, ear, tilt = clips["lid"].max().to_numpy(), clips["ear"].max().to_numpy(), swing.to_numpy()
    sizes = np.stack([tilt / 9, lid / 0.75, ear / 0.75, np.where(clips["has_ball"].mean() >= 0.5, 9, 0)], axis=1)
    amounts = np.stack([(tilt - 5) / 11, (lid - 0.5) / 0.5, (ear - 0.5) / 0.5, (ball - 0.3) / 0.45], axis=1)
    shown = sizes.argmax(axis=1)
    return shown, amounts[np.arange(len(shown)), shown]


def jerk(seen):
    """Return the root mean square second difference of each clip's read poses, in shares of their ranges, (n,)."""
    poses = (seen[list(POSE)] / list(POSE.values())).to_numpy().reshape(-1, FRAMES, len(POSE))
    return np.sqrt((np.diff(poses, n=2, axis=1) ** 2).mean(axis=(1, 2)))


def flicker(frames):
    """Return the mean size of each clip's second differences in time, in bytes, (n,): a steady change has none."""
    return np.abs(np.diff(frames.astype(np.float32), n=2, axis=1)).mean(axis=(1, 2, 3, 4))


def nearest(frames, training):
    """Return each clip's root mean squared distance in bytes to the nearest training clip, (n,).

    Clips are compared on 8×8 pixels, each less its mean: what is merely lighter is no other clip.
    """
    small = []
    for one in (frames, training):
        coarse = one.reshape(len(one), FRAMES, 8, 4, 8, 4, 3).mean(axis=(3, 5), dtype=np.float32).reshape(len(one), -1)
        small.append(coarse - coarse.mean(axis=1, keepdims=True))
    square = (small[0] ** 2).sum(1)[:, None] + (small[1] ** 2).sum(1) - 2 * small[0] @ small[1].T
    return np.sqrt(np.maximum(square.min(axis=1), 0) / small[0].shape[1])


def over_groups(values, groups, statistic=np.mean, count=1000, seed=0):
    """Return [estimate, low, high]: a statistic of ``values`` (n, …) and its 95 % interval, drawing groups anew.

    Clips of one kitten are drawn together; what the interval ranges over is other kittens.
    """
    values, groups = np.asarray(values), np.asarray(groups)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    rng = np.random.default_rng(seed)
    drawn = [
        statistic(values[np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])])
        for _ in range(count)
    ]
    return [float(statistic(values)), *map(float, np.quantile(drawn, (0.025, 0.975)))]


# --- NASA's clip ------------------------------------------------------------------------------------------------------

EARTH_SPLIT = 180  # frames for training and tuning; the clips that are judged begin after it


def ship():
    """Write data/earth.mp4: every third frame of the clip in the package `arcade`, the globe at 96×96 pixels."""
    import importlib.util

    found = importlib.util.find_spec("arcade")
    if not found:
        sys.exit("unpack the package arcade (pip download arcade, a zip) and put its folder into PYTHONPATH.")
    source = Path(found.submodule_search_locations[0]) / "resources" / "assets" / "video" / "earth.mp4"
    globe = video.read(source).frames[::3, 16:256, 119:359]
    small = np.stack([cv2.resize(frame, (96, 96), interpolation=cv2.INTER_AREA) for frame in globe])
    print(video.write(EARTH, small[:300], RATE).stat().st_size, "bytes")


def earth_parts():
    """Return (frames for training, clips that are judged (n, 16, 96, 96, 3)); a clip begins every 8 frames."""
    frames = video.read(EARTH).frames
    starts = range(EARTH_SPLIT, len(frames) - FRAMES + 1, AHEAD)
    return frames[:EARTH_SPLIT], np.stack([frames[start : start + FRAMES] for start in starts])


# --- stages -----------------------------------------------------------------------------------------------------------


def store(**found):
    """Add what was found to video.json."""
    common.add(STORE, found)


def seconds_of(**found):
    """Add processor seconds of trainings to video.json."""
    before = json.loads(STORE.read_text(encoding="utf-8")).get("seconds", {}) if STORE.exists() else {}
    store(seconds=before | found)


def weights(name):
    """Return the path of shipped weights."""
    return PRETRAINED / f"video_{name}.weights.h5"


def reader():
    """Train the reader on frames of training clips."""
    runtime.start(seed=0)
    network = reader_network()
    spent = _learn_to_read(network, seed=0)
    network.save_weights(weights("reader"))
    seconds_of(reader=spent)


def _learn_to_read(network, seed, steps=2600):
    """Train a reader on frames of training clips, some blurred or noisy; return the processor's seconds."""
    frames, poses, table = kept("training")
    classes, numbers, balls = true_factors(poses, table)
    rng = np.random.default_rng(seed)

    def batch(k):
        clip, at = rng.integers(0, len(frames), 96), rng.integers(0, FRAMES, 96)
        x = unit(frames[clip, at])
        blurred = ndimage.gaussian_filter(x[:24], (0, *[rng.uniform(0, 0.7)] * 2, 0))
        x = np.concatenate([blurred, x[24:]]) + rng.uniform(0, 0.04) * rng.standard_normal(x.shape).astype(np.float32)
        return (
            x.astype(np.float32),
            classes[clip, at].astype(np.int32),
            np.nan_to_num(numbers[clip, at]).astype(np.float32),
            balls[clip, at],
        )

    def loss_of(x, classes, numbers, balls):
        answers, place, loss = network(x, training=True)[0], 0, 0.0
        lids = numbers[:, len(SHAPES) + 2]
        for k, count in enumerate(HEADS.values()):
            one = tf.nn.sparse_softmax_cross_entropy_with_logits(classes[:, k], answers[:, place : place + count])
            loss += tf.reduce_mean(one * tf.cast((lids < OPEN) | (k != 1), tf.float32))
            place += count
        shown = tf.cast(balls, tf.float32)
        wrong = tf.square(answers[:, place:-1] - numbers)
        loss += 8 * tf.reduce_mean(wrong[:, :-1]) + 4 * tf.reduce_mean(wrong[:, -1] * shown)
        return loss + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(shown, answers[:, -1]))

    return descend(loss_of, [network], batch, steps, 2e-3, "reader", ema=0.995)


def errors_of_reader(network, frames, poses, table):
    """Return the reader's errors on clips: shares of wrong classes, and mean absolute errors of numbers."""
    seen, (classes, numbers, balls) = read(network, frames), true_factors(poses, table)
    is_open = (poses[..., 2] < OPEN).ravel()
    found = {name: float(np.mean(seen[name].to_numpy() != classes[..., k].ravel())) for k, name in enumerate(HEADS)}
    found["eyes"] = float(np.mean((seen["eyes"].to_numpy() != classes[..., 1].ravel())[is_open]))
    found["has_ball"] = float(np.mean(seen["has_ball"].to_numpy() != balls.ravel()))
    for k, name in enumerate(READ):
        gap = np.abs(seen[name].to_numpy() - (numbers[..., k] * SCALES[k] + MIDDLES[k]).ravel())
        found[name] = float(np.nanmean(gap))
    return found


def frames(steps=3000):
    """Train the autoencoder: who from some frames of a kitten's clip, pose from another clip of the same kitten."""
    runtime.start(seed=0)
    seconds_of(frames=_frames_shipped(autoencoder(), steps, 2.5e-3, 0.0, seed=0))


def small_things(steps=2600):
    """Go on with the autoencoder, pixels that move counting more: a ball is a hundredth of the picture."""
    runtime.start(seed=0)
    seconds_of(small_things=_frames_shipped(loaded("frames", *autoencoder()), steps, 2e-3, 20.0, seed=1))


def apart(steps=1600):
    """Go on once more, with noise of a third of each number's spread: a pose a bit off may not change who."""
    runtime.start(seed=0)
    seconds_of(apart=_frames_shipped(loaded("frames", *autoencoder()), steps, 1.5e-3, 20.0, seed=2, loose=0.33))


def _frames_shipped(networks, *how, **options):
    """Train an autoencoder as `_learn_frames` does, and ship it; return the processor's seconds."""
    spent = _learn_frames(networks, *how, **options)
    together(*networks, name="video_frames").save_weights(weights("frames"))
    return spent


def _learn_frames(networks, steps, rate, moving, seed, loose=0.0):
    who, pose, decoder = networks
    pictures, _, _ = kept("training")
    each, rng = SETS["training"][1], np.random.default_rng(seed)

    def batch(k):
        kitten = rng.integers(0, len(pictures) // each, (24, 1))
        clips = kitten * each + rng.permuted(np.tile(np.arange(each), (24, 1)), axis=1)[:, :2]
        one = unit(pictures[clips[:, :1], rng.integers(0, FRAMES, (24, 3))])
        other = unit(pictures[clips[:, 1:], rng.integers(0, FRAMES, (24, 4))])
        counts = 1 + moving * np.abs(other - other.mean(axis=1, keepdims=True)).max(axis=-1, keepdims=True)
        return one.reshape(-1, 32, 32, 3), other.reshape(-1, 32, 32, 3), counts.reshape(-1, 32, 32, 1)

    def loss_of(one, other, counts):
        whos = tf.reduce_mean(tf.reshape(who(one, training=True), (24, 3, WHO)), axis=1)
        poses = pose(other, training=True)
        noisy = poses + (0.1 + loose * tf.math.reduce_std(poses, axis=0)) * tf.random.normal(tf.shape(poses))
        whos += 0.3 * loose * tf.math.reduce_std(whos, axis=0) * tf.random.normal(tf.shape(whos))
        gap = decoder(tf.concat([tf.repeat(whos, 4, axis=0), noisy], axis=1), training=True) - other
        wrong = tf.reduce_mean(counts * tf.square(gap)) + 0.05 * tf.reduce_mean(counts * tf.abs(gap))
        return wrong + 1e-5 * tf.reduce_mean(tf.square(poses))

    return descend(loss_of, networks, batch, steps, rate, "frames", ema=0.995)


CRITIC = (32, 40, 64)  # widths of the reader that is asked in training, and by no measure
PICKY = 0.01  # what its answers count beside the pixels


def faithful(rounds=(3, 4), steps=6000):
    """Go on with the decoder alone: both encoders stay, and a second reader must read its frames as the true ones.

    That reader has other widths and another seed than the one that judges. Who is read from another clip. Each of
    the rounds, seeds of what is drawn, begins at the full rate again.
    """
    runtime.start(seed=0)
    critic, path = reader_network(CRITIC), runtime.cache_dir() / "video-critic.weights.h5"
    if not path.exists():
        seconds_of(critic=_learn_to_read(critic, seed=7))
        critic.save_weights(path)
    critic.load_weights(path)
    who, pose, decoder = loaded("frames", *autoencoder())
    pictures, _, _ = kept("training")
    flat = unit(pictures).reshape(-1, 32, 32, 3)
    whos = ask(who, flat, batch=512).reshape(*pictures.shape[:2], WHO).mean(axis=1)
    poses = ask(pose, flat, batch=512).reshape(*pictures.shape[:2], HOW)
    spreads = [x.std(axis=tuple(range(x.ndim - 1))) for x in (whos, poses)]
    each = SETS["training"][1]

    def batch(rng, k):
        clip, at = rng.integers(0, len(pictures), 96), rng.integers(0, FRAMES, 96)
        told_by = clip // each * each + rng.integers(0, each, 96)  # a clip of the same kitten
        noise = [
            rng.standard_normal(x.shape).astype(np.float32) * s
            for x, s in zip((whos[clip], poses[clip, at]), spreads, strict=True)
        ]
        codes = np.concatenate([whos[told_by] + 0.05 * noise[0], poses[clip, at] + 0.05 * noise[1]], axis=1)
        true = unit(pictures[clip, at])
        counts = 1 + 10 * np.abs(true - unit(pictures[clip]).mean(axis=1)).max(axis=-1, keepdims=True)
        return codes, true, counts

    def loss_of(codes, true, counts):
        drawn = decoder(codes, training=True)
        gap = drawn - true
        seen, wanted = critic(drawn, training=False)[0], critic(true, training=False)[0]
        wrong = tf.reduce_mean(counts * tf.square(gap)) + 0.05 * tf.reduce_mean(counts * tf.abs(gap))
        return wrong + PICKY * tf.reduce_mean(tf.minimum(tf.square(seen - wanted), 1.0))

    spent = 0
    for seed in rounds:
        drawn_by = functools.partial(batch, np.random.default_rng(seed))
        spent += descend(loss_of, [decoder], drawn_by, steps, 2e-3, "decoder", ema=0.998)
    together(who, pose, decoder, name="video_frames").save_weights(weights("frames"))
    seconds_of(faithful=spent)


def loaded(name, *networks):
    """Return one network, or several of one file, with shipped weights."""
    whole = together(*networks, name=f"video_{name}") if len(networks) > 1 else networks[0]
    whole.load_weights(runtime.shipped("pretrained", f"video_{name}.weights.h5"))
    return networks if len(networks) > 1 else whole


def latents_of():
    """Return (`Latents`, vectors of the training clips), scaled by what those have; the scale is stored."""
    plain = Latents(*loaded("frames", *autoencoder()))
    version = hashlib.sha256(weights("frames").read_bytes()).hexdigest()[:8]
    path = runtime.cache_dir() / f"video-vectors-{version}.npy"
    if not path.exists():
        np.save(path, plain.encode(kept("training")[0]))
    whos, poses = plain.split(np.load(path))
    scale = [[*f(whos, axis=0).tolist(), *f(poses, axis=(0, 1)).tolist()] for f in (np.mean, np.std)]
    store(scale=common.rounded(scale, 5))
    latents = Latents(plain.who, plain.pose, plain.decoder, common.rounded(scale, 5))
    vectors = np.concatenate([whos, poses.reshape(len(poses), -1)], axis=1)
    return latents, (vectors - latents.mean) / latents.spread


def recurrent(steps=1300, again=250):
    """Train the recurrent network on kittens, then go on with patches of the first part of NASA's clip."""
    runtime.start(seed=0)
    pictures, _, _ = kept("training")
    network, rng = recurrent_network(), np.random.default_rng(0)

    def batch(k):
        clips = unit(pictures[rng.integers(0, len(pictures), 16)])
        clips = clips if rng.random() < 0.5 else clips[:, ::-1]
        return clips[:, :PAST], clips[:, PAST:]

    def loss_of(past, future):
        return tf.reduce_mean(tf.square(network(past, training=True) - future))

    spent = descend(loss_of, [network], batch, steps, 3e-3, "recurrent", ema=0.99)
    network.save_weights(weights("recurrent"))
    earth, _ = earth_parts()

    def patches(k):
        rows, columns, starts = (
            rng.integers(4, 60, 16),
            rng.integers(4, 60, 16),
            rng.integers(0, len(earth) - FRAMES, 16),
        )
        found = unit(
            np.stack(
                [earth[s : s + FRAMES, r : r + 32, c : c + 32] for r, c, s in zip(rows, columns, starts, strict=True)]
            )
        )
        return found[:, :PAST], found[:, PAST:]

    more = descend(loss_of, [network], patches, again, 1e-3, "recurrent, earth", ema=0.98)
    network.save_weights(weights("recurrent_earth"))
    seconds_of(recurrent=spent, recurrent_earth=more)


def dynamics(steps=1600):
    """Train the recurrent network of poses, by the error of the frames that it leads to; clips run backwards, too."""
    runtime.start(seed=0)
    latents, vectors = latents_of()
    pictures, network, rng = kept("training")[0], pose_network(), np.random.default_rng(0)
    mean, spread = latents.mean[WHO : WHO + HOW], latents.spread[WHO : WHO + HOW]
    whos, poses = latents.split(vectors)
    whos = whos * latents.spread[:WHO] + latents.mean[:WHO]

    def batch(k):
        clip, at = rng.integers(0, len(poses), 32), rng.choice(AHEAD, 3, replace=False)
        turn = 1 if rng.random() < 0.5 else -1
        return whos[clip], poses[clip][:, ::turn], at.astype(np.int32), unit(pictures[clip][:, ::turn])

    def loss_of(who, pose, at, true):
        found = network(pose[:, :PAST], training=True)
        chosen = tf.concat([pose[:, PAST - 1 : PAST], tf.gather(found, at, axis=1)], axis=1) * spread + mean
        codes = tf.concat([tf.repeat(who[:, None], 4, axis=1), chosen], axis=-1)
        drawn = tf.reshape(latents.decoder(tf.reshape(codes, (-1, WHO + HOW))), (-1, 4, 32, 32, 3))
        ahead = true[:, PAST - 1 : PAST] + drawn[:, 1:] - drawn[:, :1]  # as `in_latent_space` does
        wrong = tf.reduce_mean(tf.square(ahead - tf.gather(true, at + PAST, axis=1)))
        return wrong + 0.002 * tf.reduce_mean(tf.square(found - pose[:, PAST:]))

    spent = descend(loss_of, [network], batch, steps, 4e-3, "dynamics", ema=0.99)
    network.save_weights(weights("dynamics"))
    seconds_of(dynamics=spent)


def flow(steps=12000):
    """Train the flow over clips' vectors, as 06_flow_matching does."""
    runtime.start(seed=0)
    _, vectors = latents_of()
    labels = wishes(kept("training")[2])
    model, rng = training.FlowMatching(clip_velocity()), np.random.default_rng(0)
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, steps, alpha=0.02)
    optimizer = keras.optimizers.Adam(schedule, 0.9, 0.99, use_ema=True, ema_momentum=0.998)
    model.compile(optimizer)
    step, begin = tf.function(model.train_step), time.process_time()
    for k in range(steps):
        chosen = rng.integers(0, len(vectors), 128)
        loss = step((tf.constant(vectors[chosen]), tf.constant(labels[chosen])))["loss"]
        if (k + 1) % 1000 == 0:
            print(f"flow {k + 1}: {float(loss):.4f}, {time.process_time() - begin:.0f} s", flush=True)
    optimizer.finalize_variable_values(model.trainable_variables)
    model.velocity.save_weights(weights("flow"))
    seconds_of(flow=round(time.process_time() - begin))


def gan():
    """Train the GAN over the same vectors."""
    runtime.start(seed=0)
    _, vectors = latents_of()
    generator, spent = penalised_gan(vectors, wishes(kept("training")[2]))
    generator.save_weights(weights("gan"))
    seconds_of(gan=spent)


def flows():
    """Choose the options of both flows on training clips, for kittens and for NASA's clip."""
    pictures = kept("training")[0]
    chosen = np.random.default_rng(0).choice(len(pictures), 100, replace=False)
    earth, _ = earth_parts()
    windows = np.stack([earth[start : start + FRAMES] for start in range(0, len(earth) - FRAMES + 1, AHEAD)])
    store(flows={"kittens": tune(pictures[chosen], "kittens"), "earth": tune(windows, "earth")})


# --- measured once ----------------------------------------------------------------------------------------------------


class PoseLine:
    """The linear prediction of poses: the change from the last of eight, by least squares with a small ridge."""

    def __init__(self, poses, ridge=10.0):
        given, change = self.features(poses[:, :PAST]), poses[:, PAST:] - poses[:, PAST - 1 : PAST]
        penalty = ridge * np.eye(given.shape[1])
        self.map = np.linalg.solve(given.T @ given + penalty, given.T @ change.reshape(len(change), -1))

    def features(self, past):
        """Return all numbers of eight poses and a 1, a row a clip."""
        return np.concatenate([past.reshape(len(past), -1), np.ones((len(past), 1))], axis=1)

    def __call__(self, past):
        """Return the poses (n, AHEAD, HOW) that follow poses (n, PAST, HOW)."""
        return (past[:, -1:] + (self.features(past) @ self.map).reshape(len(past), -1, HOW)).astype(np.float32)


class NearestPaths:
    """The prediction without a network: the nearest paths of poses of training clips, forwards and backwards.

    Paths are compared by the eight poses seen, relative to the last of them. The mean of the ``count`` nearest,
    weighed by the inverse of their distance, goes on from there.
    """

    def __init__(self, poses, count=3):
        paths = np.concatenate([poses, poses[:, ::-1]])
        self.paths, self.count = paths - paths[:, PAST - 1 : PAST], count

    def __call__(self, past):
        """Return the poses (n, AHEAD, HOW) that follow poses (n, PAST, HOW)."""
        given = (past - past[:, -1:]).reshape(len(past), -1)
        known = self.paths[:, :PAST].reshape(len(self.paths), -1)
        gaps = np.sqrt(np.maximum((given**2).sum(1)[:, None] + (known**2).sum(1) - 2 * given @ known.T, 1e-12))
        nearest = np.argpartition(gaps, self.count, axis=1)[:, : self.count]
        weights = 1 / np.take_along_axis(gaps, nearest, axis=1)
        weights /= weights.sum(axis=1, keepdims=True)
        ahead = (weights[..., None, None] * self.paths[nearest, PAST:]).sum(axis=1)
        return (past[:, -1:] + ahead).astype(np.float32)


def in_latent_space(past, latents, foretell, anchored=True):
    """Return frames predicted as poses: ``foretell`` maps poses (n, PAST, HOW) to the AHEAD that follow.

    Who the kitten is comes from all frames seen. With ``anchored`` the change that the decoder draws is added to the
    last true frame, which keeps what the decoder cannot draw.
    """
    whos, poses = latents.split(latents.encode(past))
    ahead = np.asarray(foretell(poses.astype(np.float32)))
    vectors = np.concatenate([whos, np.concatenate([poses[:, -1:], ahead], axis=1).reshape(len(past), -1)], axis=1)
    drawn = unit(latents.decode(vectors))
    return np.clip(unit(past[:, -1:]) + drawn[:, 1:] - drawn[:, :1], 0, 1) if anchored else drawn[:, 1:]


def predictors(stored, latents, vectors, pictures):
    """Return {name: predictor} for kittens."""
    known = latents.split(vectors)[1]
    line, paths = PoseLine(known), NearestPaths(known)
    network, poses = loaded("recurrent", recurrent_network()), loaded("dynamics", pose_network())
    flows = {kind: functools.partial(by_flow, options=options) for kind, options in stored["flows"]["kittens"].items()}
    return {
        "copy": copied,
        "straight line": extrapolated,
        **flows,
        "components, linear": Principal(pictures, 96, ridge=30.0),
        "latent, linear": lambda past: in_latent_space(past, latents, line),
        "latent, three nearest": lambda past: in_latent_space(past, latents, paths),
        "latent, recurrent": lambda past: in_latent_space(past, latents, lambda given: ask(poses, given)),
        "latent, recurrent, not anchored": lambda past: in_latent_space(
            past, latents, lambda given: ask(poses, given), False
        ),
        "recurrent": lambda past: ask(network, unit(past), batch=50),
    }


NETWORKS = ("latent, recurrent", "latent, recurrent, not anchored", "recurrent")
SIMPLE = ("components, linear", "latent, linear", "latent, three nearest")  # learnt from clips, but no networks


def table_of(found, future, groups):
    """Return {name: {"error", "sharpness"}} of predictions: means and intervals over groups, a row a horizon."""
    rows, sharp = {}, sharpness(unit(future))
    for name, predicted in found.items():
        wrong = errors(predicted, future)
        share = sharpness(predicted) / sharp
        rows[name] = {
            "error": [over_groups(column, groups) for column in wrong.T],
            "sharpness": share.mean(axis=0).tolist(),
        }
    return rows


def predict():
    """Measure all predictors on kittens with new colours; the network and the flow are chosen on validation clips."""
    runtime.start(seed=0)
    stored = json.loads(STORE.read_text(encoding="utf-8"))
    latents, vectors = latents_of()
    ways = predictors(stored, latents, vectors, kept("training")[0])
    checked = kept("validation")[0]
    scores = {name: errors(way(checked[:, :PAST]), checked[:, PAST:])[:, 3].mean() for name, way in ways.items()}
    best, flow, simple = (min(names, key=scores.get) for names in (NETWORKS, ("DIS", "ILK"), SIMPLE))
    clips_, _, told = kept("new kittens")
    past, future, groups = clips_[:, :PAST], clips_[:, PAST:], told["kitten"].to_numpy()
    found = {name: way(past) for name, way in ways.items()}
    found["the true frames, encoded"] = unit(latents.decode(latents.encode(clips_)))[:, PAST:]
    wrong = {name: errors(predicted, future) for name, predicted in found.items()}
    pairs = np.stack([wrong[name][:, 3] for name in (best, flow, "copy", simple)], axis=1)
    sharp = sharpness(found["recurrent"][:, 3]) / sharpness(unit(future[:, 3]))
    store(
        validation={name: float(score) for name, score in scores.items()},
        chosen={"network": best, "flow": flow, "simple": simple},
        predict=common.rounded(table_of(found, future, groups)),
        by_motion={
            name: {
                MOTIONS[m]: common.rounded(over_groups(w[told["motion"] == m, 3], groups[told["motion"] == m]))
                for m in range(4)
            }
            for name, w in wrong.items()
        },
        sharpness_by_motion={MOTIONS[m]: float(sharp[told["motion"] == m].mean().round(3)) for m in range(4)},
        ratio={
            f"to {words}": common.rounded(over_groups(pairs, groups, lambda x, k=k: x[:, 0].mean() / x[:, k].mean()))
            for k, words in ((1, "flow"), (2, "copy"), (3, "simple"))
        }
        | {
            "clips": len(pairs),
            "kittens": len(np.unique(groups)),
        },
    )
    print({name: w[:, 3].mean().round(4) for name, w in wrong.items()}, best, flow, simple)


def predict_earth():
    """Measure the predictors on the part of NASA's clip that nothing was trained on."""
    runtime.start(seed=0)
    stored = json.loads(STORE.read_text(encoding="utf-8"))
    training_part, judged = earth_parts()
    past, future = judged[:, :PAST], judged[:, PAST:]
    found = {"copy": copied(past), "straight line": extrapolated(past)}
    found |= {kind: by_flow(past, options) for kind, options in stored["flows"]["earth"].items()}
    found["components, linear"] = Principal(training_part[None], 24, 30.0, range(4, len(training_part) - AHEAD + 1))(
        past
    )
    network = recurrent_network(96, 96)
    network.load_weights(weights("recurrent"))
    found["recurrent, from kittens"] = ask(network, unit(past), batch=4)
    network.load_weights(weights("recurrent_earth"))
    found["recurrent"] = ask(network, unit(past), batch=4)
    rows = table_of(found, future, np.arange(len(judged)))
    pairs = np.stack([errors(found[name], future)[:, 3] for name in ("DIS", "recurrent", "copy")], axis=1)
    gaps = {
        name: over_groups(pairs[:, k] - pairs[:, 0], np.arange(len(pairs)))
        for k, name in ((1, "recurrent"), (2, "copy"))
    }
    store(earth=common.rounded(rows), earth_less_dis=common.rounded(gaps, 5), earth_clips=len(judged))
    print({name: [round(row["error"][h][0], 4) for h in (0, 3, 7)] for name, row in rows.items()})


def generators(vectors, labels):
    """Return {name: function of (wishes, seed) to vectors} of the flow, the GAN and the Gaussians."""
    field = training.FlowMatching(loaded("flow", clip_velocity()))
    network, gaussians = loaded("gan", clip_generator()), Gaussians(vectors, labels)

    def noise(count, size, seed):
        return np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)

    return {
        "flow": lambda wanted, seed: field.generate(noise(len(wanted), NUMBERS, seed), labels=wanted, batch_size=1000),
        "GAN": lambda wanted, seed: ask(network, noise(len(wanted), NOISE, seed), wanted, batch=1000),
        "Gaussians": gaussians.sample,
    }


def judged(seen, frames, wanted, groups, kept):
    """Return {measure: [estimate, low, high]} of clips that were asked for by wishes; ``kept`` is `identity_kept`."""
    shown, amount = motion_shown(seen)
    values = {
        "identity kept": kept,
        "motion as asked": shown == wanted[:, 0],
        "jerk": jerk(seen),
        "flicker": flicker(frames),
    }
    found = {name: over_groups(value, groups) for name, value in values.items()}
    pairs = np.stack([amount, wanted[:, 1]], axis=1)[shown == wanted[:, 0]]
    found["amount"] = over_groups(pairs, np.arange(len(pairs)), lambda x: np.corrcoef(x.T)[0, 1])
    return found


def distances(features, reference, rounds=100, size=300, seed=0):
    """Return Fréchet distances (rounds,) of random halves, ``size`` clips of each side, the same for all calls."""
    rng = np.random.default_rng(seed)
    halves = [(rng.permutation(len(features))[:size], rng.permutation(len(reference))[:size]) for _ in range(rounds)]
    return np.array([metrics.frechet_distance(features[a], reference[b]) for a, b in halves])


def middle(values):
    """Return [mean, low, high] of values: 95 % of them."""
    return [float(np.mean(values)), *map(float, np.quantile(values, (0.025, 0.975)))]


def two_kittens(count=100, seed=21):
    """Return clips (count, 16, 32, 32, 3) in which a kitten is exchanged half-way for one of the same colours."""
    rng, found = np.random.default_rng(seed), []
    for k, kitten in enumerate(cast(count, seed, False)):
        other = kitten | {name: value for name, value in cast(1, seed + 1000 + k, False)[0].items() if name in SHAPES}
        poses = track(MOTIONS[int(rng.integers(len(MOTIONS)))], rng.random(), [seed, k])
        found.append(np.concatenate([film(kitten, poses[: FRAMES // 2]), film(other, poses[FRAMES // 2 :])]))
    return np.stack(found)


def growing_ears(count=100, share=0.2, seed=22):
    """Return clips in which the ears grow steadily by a share of their range."""
    rng, found = np.random.default_rng(seed), []
    least, most = kittens.RANGES["ear_height"]
    for k, kitten in enumerate(cast(count, seed, False)):
        begin = rng.uniform(least, most - share * (most - least))
        heights = begin + np.linspace(0, share * (most - least), FRAMES)
        poses = track(MOTIONS[int(rng.integers(len(MOTIONS)))], rng.random(), [seed, k])
        found.append(
            np.concatenate([film(kitten | {"ear_height": h}, poses[[t]]) for t, h in enumerate(heights.tolist())])
        )
    return np.stack(found)


def planted(frames):
    """Return clips with what a copyist changes: their brightness, and what an MP4 loses."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lighter = np.clip(frames.astype(int) + 4, 0, 255).astype(np.uint8)
        return np.stack([video.read(video.write(Path(folder) / "a.mp4", clip, RATE)).frames for clip in lighter])


def judge():
    """Measure generated clips and their rivals, one clip for each wish of the fresh clips."""
    runtime.start(seed=0)
    network = loaded("reader", reader_network())
    pictures, _, told = kept("training")
    latents, vectors = latents_of()
    labels = wishes(told)
    fresh, _, fresh_told = kept("fresh")
    other, _, other_told = kept("other")
    checked = kept("validation")[0]
    tolerance = np.quantile(deviations(read(network, checked)), 0.975, axis=0)
    wanted = wishes(fresh_told)
    drawn = {name: make(wanted, 0) for name, make in generators(vectors, labels).items()}
    made = {name: latents.decode(latents.settle(found)) for name, found in drawn.items()}
    made["flow, not settled"] = latents.decode(drawn["flow"])
    made |= rivals(latents, pictures, vectors, labels, wanted)
    made["real, encoded"] = latents.decode(latents.encode(other))
    real = {"real": fresh, "real, others": other}
    bound = np.quantile(nearest(other, pictures), 0.01)
    reference, rows, rounds, kept_by = features_of_clips(network, fresh), {}, {}, {}
    for name, frames in (real | made).items():
        asked = wishes(other_told) if name in ("real, others", "real, encoded") else wanted
        grouped = {"real": fresh_told, "real, others": other_told, "real, encoded": other_told}.get(name)
        groups = np.arange(len(frames)) if grouped is None else grouped["kitten"].to_numpy()
        seen = read(network, frames)
        kept_by[name] = identity_kept(seen, tolerance)
        rows[name] = judged(seen, frames, asked, groups, kept_by[name])
        if name != "real":
            rounds[name] = distances(features_of_clips(network, frames), reference)
            rows[name]["distance"] = middle(rounds[name])
        rows[name]["near a training clip"] = over_groups(nearest(frames, pictures) < bound, groups)
        print(name, {key: np.round(value, 3).tolist() for key, value in rows[name].items()}, flush=True)
    chosen = pictures[np.random.default_rng(1).choice(len(pictures), 60, replace=False)]
    plants = {"copies, lighter and out of an MP4": planted(chosen), "copies, a frame later": np.roll(chosen, 1, axis=1)}
    store(
        reader=errors_of_reader(network, *kept("fresh")),
        tolerance=common.rounded(tolerance),
        judge=common.rounded(rows),
        near={name: common.rounded(np.mean(nearest(frames, pictures) < bound)) for name, frames in plants.items()},
        kept_planted={
            "exchanged for one of the same colours": float(
                identity_kept(read(network, two_kittens()), tolerance).mean()
            ),
            "ears that grow by a fifth": float(identity_kept(read(network, growing_ears()), tolerance).mean()),
        },
        kept_ratio=common.rounded(ratio_of_shares(kept_by["flow"], kept_by["real"], fresh_told["kitten"].to_numpy())),
        kept_more={
            name: common.rounded(over_groups(kept_by["flow"] * 1.0 - kept_by[name], np.arange(len(wanted))))
            for name in ("transplanted", "flow, not settled", "GAN")
        },
        beyond={
            name: float(share)
            for name, share in zip(
                SHAPES, (deviations(read(network, made["real, encoded"])) > tolerance).mean(axis=0), strict=True
            )
        },
        farther={
            name: common.rounded(middle(rounds["flow"] - rounds[name]))
            for name in ("real, others", "training clip", "transplanted", "GAN", "Gaussians", "flow, not settled")
        },
        speed=speed(latents, generators(vectors, labels)),
    )


def ratio_of_shares(ours, theirs, groups, count=2000, seed=0):
    """Return [estimate, low, high] of a share among made clips over that among real ones, by kitten."""
    rng, members = np.random.default_rng(seed), [np.flatnonzero(groups == g) for g in np.unique(groups)]
    found = []
    for _ in range(count):
        drawn = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        found.append(ours[rng.integers(0, len(ours), len(ours))].mean() / theirs[drawn].mean())
    return [ours.mean() / theirs.mean(), *np.quantile(found, (0.025, 0.975))]


def speed(latents, ways, count=8, rounds=9):
    """Return {name: {"first", "draw", "settle", "decode", "whole"}}: seconds for a batch, from wishes to bytes.

    "first" is the whole of the first call, which compiles; the others are medians of the calls after it.
    """
    wanted, found = np.stack([np.arange(count) % 4, np.arange(count) % 3], axis=1).astype(np.int32), {}
    for name in ("flow", "GAN"):
        times = []
        for seed in range(rounds):
            marks = [time.perf_counter()]
            vectors = ways[name](wanted, seed)
            marks.append(time.perf_counter())
            vectors = latents.settle(vectors)
            marks.append(time.perf_counter())
            latents.decode(vectors)
            marks.append(time.perf_counter())
            times.append([*np.diff(marks), marks[-1] - marks[0]])
        middles = np.median(times[1:], axis=0)
        found[name] = {"first": times[0][-1]} | dict(zip(("draw", "settle", "decode", "whole"), middles, strict=True))
        found[name] = common.rounded(found[name], 3)
    return found | {"seconds of film": count * FRAMES / RATE}


def markdown(result):
    """Return the tables as Markdown."""

    def cell(value, digits=3):
        return "{:.{d}f} ({:.{d}f}–{:.{d}f})".format(*value, d=digits)

    def rows(table):
        found = []
        for name, row in table.items():
            wrong = [cell([100 * x for x in row["error"][h - 1]], 1) for h in (1, 4, 8)]
            found.append(f"| {name} | {' | '.join(wrong)} | {row['sharpness'][3]:.2f} |")
        return "\n".join(found)

    names = ("identity kept", "motion as asked", "amount", "distance", "near a training clip")
    judged_rows = "\n".join(
        f"| {name} | {' | '.join(cell(row[key]) if key in row else '' for key in names)} |"
        for name, row in result["judge"].items()
    )
    head = "| predictor | horizon 1 | horizon 4 | horizon 8 | sharpness at 4 |\n|---|---|---|---|---|"
    ratio, fast, (lighter, later) = result["ratio"], result["speed"], result["near"].values()
    return f"""## Clips: what comes next, and clips from nothing

From `video.json`. Root mean squared errors in per cent of the range, with 95 % intervals over kittens:
{ratio["clips"]} clips of {ratio["kittens"]} kittens with colours that nothing was trained on. The best network on
validation clips ({result["chosen"]["network"]}) has {cell(ratio["to flow"], 2)} of the error of the better flow
({result["chosen"]["flow"]}) at horizon 4, and {cell(ratio["to copy"], 2)} of that of the copy.

{head}
{rows(result["predict"])}

NASA's clip, {result["earth_clips"]} clips one after another, intervals over them:

{head}
{rows(result["earth"])}

Clips for 600 wishes, read frame by frame; intervals over clips, of real ones over kittens. Amount is a correlation,
distance that of Fréchet to fresh clips. Identity kept, flow over real: {cell(result["kept_ratio"])}.
Eight clips, {fast["seconds of film"]} s, take {fast["flow"]["whole"]:.2f} s, by the GAN {fast["GAN"]["whole"]:.2f}.
Of 60 training clips, {100 * lighter:.0f} % are found when they are lighter and came out of an MP4, {100 * later:.0f} %
when they begin a frame later.

| clips | {" | ".join(names)} |
|---|---|---|---|---|---|
{judged_rows}
"""


STAGES = (
    ship,
    draw,
    flows,
    reader,
    frames,
    small_things,
    apart,
    faithful,
    recurrent,
    dynamics,
    flow,
    gan,
    predict,
    predict_earth,
    judge,
)

if __name__ == "__main__":
    stages = {stage.__name__: stage for stage in STAGES}
    for name in sys.argv[1:] or [""]:
        stages.get(name, lambda: sys.exit(__doc__))()
