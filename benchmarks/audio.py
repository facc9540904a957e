"""Spoken digits: two judges, a flow over log-mel pictures, vocoders at equal seconds, what generated words are worth.

    AIGC_DATA_DIR=FOLDER python benchmarks/audio.py [judges | flow | vocoder | compare | generated | value] …

Without a name all parts run, in this order, about 45 CPU minutes. FOLDER/fsdd/recordings holds the Free Spoken Digit
Dataset (3,000 WAV files). The first three write weights to data/pretrained, all write their part of audio.json.
Takes 0 to 4 of every digit and speaker are held out from everything; `value` leaves one speaker out, too.
"""

import functools
import json
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import audio, checks, files, metrics, models, runtime, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

BUILD, SHIPPED, STORE = HERE.parent / "build" / "audio", HERE.parent / "data" / "pretrained", HERE / "audio.json"
HELD_OUT, FEW = range(0, 5), range(5, 8)  # takes
COMPONENTS, FLOW_STEPS = 160, 6000


class Digits(NamedTuple):
    """Words (n, LENGTH), and what each is: its digit, its speaker's number, its take, (n,) each."""

    words: np.ndarray
    digit: np.ndarray
    speaker: np.ndarray
    take: np.ndarray

    def where(self, chosen):
        """Return the part that a mask or indices (n,) choose."""
        return Digits(*(part[chosen] for part in self))


@functools.cache
def recordings():
    """Return all `Digits` of the data set that are no longer than a picture, and how many are longer."""
    found, longer = [], 0
    for path in sorted((runtime.data_dir() / "fsdd" / "recordings").glob("*.wav")):
        digit, speaker, take = path.stem.split("_")
        try:
            word = audio.as_word(audio.read(path, audio.WORD.rate)[0])
        except ValueError:
            longer += 1
            continue
        found.append((word, int(digit), audio.SPEAKERS.index(speaker), int(take)))
    return Digits(*map(np.array, zip(*found, strict=True))), longer


def save(model, name):
    """Ship a network's weights, without the state of its optimizer."""
    finished = models.build(name)
    finished.set_weights(model.get_weights())
    training.save_weights(finished, SHIPPED / f"{name}.weights.h5")


def parts():
    """Return the `Digits` to train on and those held out."""
    digits, _ = recordings()
    held_out = np.isin(digits.take, HELD_OUT)
    return digits.where(~held_out), digits.where(held_out)


# --- pictures ---------------------------------------------------------------------------------------------------------

TOP = -10.0  # decibels of a picture's white
RANGE = 60.0  # decibels by which its black is below


def as_pictures(words):
    """Return the log-mel pictures, uint8 (n, 64, 64, 1), of words (n, LENGTH): high bands above, time to the right."""
    levels = np.clip((audio.log_mel(words) - TOP) / RANGE + 1, 0, 1)
    return np.rint(255 * levels).astype(np.uint8).swapaxes(-1, -2)[..., ::-1, :, None]


def as_levels(pictures):
    """Return the decibels (n, frames, bands) that pictures, uint8 or floats in [-1, 1], (n, 64, 64, 1), hold."""
    levels = (checks.unit_images(pictures, channels=(1,))[..., ::-1, :, 0] - 1) / 2
    return levels.swapaxes(-1, -2) * RANGE + TOP


# --- recognisers -----------------------------------------------------------------------------------------------------


def varied(pictures, seed):
    """Return pictures (n, 64, 64, 1) in [-1, 1] moved in time by -3 to 8 frames, up to 6 dB softer or louder, in noise.

    Noise is a level below which nothing is heard, up to -34 dB; for half of the pictures there is none.
    """
    draw = functools.partial(tf.random.stateless_uniform, dtype=tf.float32)
    count, shift = tf.shape(pictures)[0], tf.random.stateless_uniform((), [seed, 1], -3, 9, tf.int32)
    padded = tf.pad(pictures, [[0, 0], [0, 0], [8, 3], [0, 0]], constant_values=-1.0)
    moved = padded[:, :, 8 - shift : 72 - shift]
    louder = moved + draw((count, 1, 1, 1), [seed, 2], -0.2, 0.2)
    floor = draw((count, 1, 1, 1), [seed, 3], -2.2, 0.2) + 0.05 * tf.random.stateless_normal(tf.shape(moved), [seed, 4])
    return tf.clip_by_value(tf.maximum(louder, floor), -1.0, 1.0)


def fit(model, batch, steps):
    """Train a compiled model for so many steps on ``batch(step)``."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*shuffle=True.*")  # Keras says so of every tf.data.Dataset
        model.fit(training.endless(batch), steps_per_epoch=steps, epochs=1, verbose=0)


def train_reader(model, pictures, targets, steps, seed, change=None, rate=3e-3, batch_size=64):
    """Train a recogniser on pictures, uint8, and targets {head: (n,)}, each step on a batch put through ``change``."""
    with tf.device("CPU"):
        pictures, targets = tf.constant(pictures), {head: tf.constant(value) for head, value in targets.items()}
    count = len(pictures)

    def batch(step):
        places = tf.random.stateless_uniform((batch_size,), [seed, step], maxval=count, dtype=tf.int32)
        x = tf.cast(tf.gather(pictures, places), tf.float32) / 127.5 - 1
        x = change(x, step) if change else x
        return x, {head: tf.gather(value, places) for head, value in targets.items()}

    falling = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=rate, warmup_steps=min(100, steps // 4))
    model.compile(keras.optimizers.AdamW(falling, weight_decay=0.01), loss="sparse_categorical_crossentropy")
    fit(model, batch, steps)
    return model


def judges():
    """Train both judges on the same recordings; the first may select, the second measures."""
    train, held_out = parts()
    found = {"recordings": len(train.words), "held out": len(held_out.words), "longer than a picture": recordings()[1]}
    right = {}
    for name, seed in (("digit_judge", 1), ("digit_second_judge", 7)):
        keras.utils.set_random_seed(seed)
        targets = {"digit": train.digit, "speaker": train.speaker}
        begin = time.process_time()
        model = train_reader(models.build(name), as_pictures(train.words), targets, 1000, seed, varied)
        save(model, name)
        read = metrics.as_feature_network(model).probabilities(as_pictures(held_out.words))
        right[name] = read["digit"].argmax(1) == held_out.digit
        speaker = read["speaker"].argmax(1) == held_out.speaker
        found[name] = {"digit": float(right[name].mean()), "speaker": float(speaker.mean())}
        found[name]["CPU seconds"] = round(time.process_time() - begin)
        print(name, found[name], flush=True)
    wrong = [~value for value in right.values()]
    found["wrong"] = {
        "first": int(wrong[0].sum()),
        "second": int(wrong[1].sum()),
        "both": int((wrong[0] & wrong[1]).sum()),
    }
    return found


# --- the flow --------------------------------------------------------------------------------------------------------


class Basis(NamedTuple):
    """Principal components of pictures: ``mean`` (4096,), ``directions`` (k, 4096) and ``spread`` (k,) along them."""

    mean: np.ndarray
    directions: np.ndarray
    spread: np.ndarray

    def encode(self, pictures):
        """Return pictures, uint8 (n, 64, 64, 1), as vectors (n, k) of variance 1 in each number."""
        return (pictures.reshape(len(pictures), -1) / 127.5 - 1 - self.mean) @ self.directions.T / self.spread

    def decode(self, vectors):
        """Return the float pictures (n, 64, 64, 1) in [-1, 1] of vectors (n, k)."""
        flat = self.mean + (vectors * self.spread) @ self.directions
        return np.clip(flat, -1, 1).astype(np.float32).reshape(-1, 64, 64, 1)


def basis_of(pictures, components):
    """Return the `Basis` of some pictures."""
    flat = pictures.reshape(len(pictures), -1) / 127.5 - 1
    mean = flat.mean(axis=0)
    _, spread, directions = np.linalg.svd(flat - mean, full_matrices=False)
    return Basis(mean, directions[:components], spread[:components] / np.sqrt(len(flat)))


def train_flow(velocity, vectors, labels, steps, batch_size=256, seed=0, rate=2e-3):
    """Train a flow over vectors (n, k), told labels (n, 2), a batch of random ones a step; it ends on its average."""
    flow = training.FlowMatching(velocity, seed=seed)
    falling = keras.optimizers.schedules.CosineDecay(0.0, steps, 0.02, warmup_target=rate, warmup_steps=200)
    flow.compile(keras.optimizers.Adam(falling, 0.9, 0.99, use_ema=True, ema_momentum=0.998, global_clipnorm=1.0))
    with tf.device("CPU"):
        vectors, labels = tf.constant(vectors, tf.float32), tf.constant(labels, tf.int32)

    def batch(step):
        places = tf.random.stateless_uniform((batch_size,), [seed, step], maxval=len(vectors), dtype=tf.int32)
        return tf.gather(vectors, places), tf.gather(labels, places)

    fit(flow, batch, steps)
    return flow


def draw_pictures(flow, basis, asked, seed, **options):
    """Return float pictures (n, 64, 64, 1) that a flow over a basis draws for labels (n, 2)."""
    noise = np.random.default_rng(seed).standard_normal((len(asked), len(basis.spread)), np.float32)
    return basis.decode(flow.generate(noise, labels=asked, **options))


def flow():
    """Train the flow on all recordings but those held out; ship it and its basis."""
    begin, (train, _) = time.process_time(), parts()
    pictures = as_pictures(train.words)
    basis = Basis(*(part.astype(np.float16) for part in basis_of(pictures, COMPONENTS)))
    with files.replacing(SHIPPED / "digit_basis.npz") as part, open(part, "wb") as file:
        np.savez(file, **basis._asdict())
    labels = np.stack([train.digit, train.speaker], axis=1)
    made = train_flow(models.build("digit_flow"), shipped_basis().encode(pictures), labels, FLOW_STEPS)
    save(made.velocity, "digit_flow")
    return {"steps": FLOW_STEPS, "batch": 256, "CPU seconds": round(time.process_time() - begin)}


def shipped_basis():
    """Return the `Basis` that travels with the project."""
    with np.load(runtime.shipped("pretrained", "digit_basis.npz")) as arrays:
        return Basis(*(arrays[name].astype(np.float32) for name in Basis._fields))


# --- vocoders --------------------------------------------------------------------------------------------------------

YARDSTICK = audio.Frames(window=256, hop=64, fft=256)  # of the distance: none of the vocoders works with these


def spectra_in_decibels(words, least=-70.0):
    """Return decibels (n, frames, bins) of words by the yardstick, at least ``least``."""
    power = np.abs(2 * audio.stft(words, YARDSTICK) / audio.hann(YARDSTICK.window).sum()) ** 2
    return np.maximum(audio.decibels(power), least)


def log_spectral_distance(real, made):
    """Return the distance (n,) in decibels: root mean square over bins, mean over the frames in which ``real`` sounds.

    A frame sounds if its loudest bin is at most 40 dB below the loudest of the word (Gray and Markel 1976 for d₂).
    """
    first, second = spectra_in_decibels(real), spectra_in_decibels(made)
    loudest = first.max(-1)
    sounds = loudest > loudest.max(-1, keepdims=True) - 40
    return (np.sqrt(((first - second) ** 2).mean(-1)) * sounds).sum(-1) / sounds.sum(-1)


def fine_decibels(words):
    """Return the decibels (n, frames, bins) of words (n, LENGTH), at least -80: what a vocoder has to guess."""
    power = np.abs(2 * audio.stft(words) / audio.hann(audio.WORD.window).sum()) ** 2
    return np.maximum(audio.decibels(power), -80)


def beside(levels):
    """Return each frame of decibels (n, frames, bands) with the two beside it, (n, frames, 3·bands); 0 is -40 dB."""
    padded = np.pad((levels + 40) / 30, [(0, 0), (1, 1), (0, 0)])
    return np.concatenate([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], -1)


def fit_linear(words, penalty=3.0):
    """Return the ridge regression of fine decibels on `beside`, in closed form: (3·bands, bins) and (bins,)."""
    given, wanted = beside(as_levels(as_pictures(words))), (fine_decibels(words) + 40) / 30
    given, wanted = (part.reshape(-1, part.shape[-1]) for part in (given, wanted))
    means = given.mean(0), wanted.mean(0)
    given, wanted = given - means[0], wanted - means[1]
    slopes = np.linalg.solve(given.T @ given + penalty * np.eye(given.shape[1]), given.T @ wanted)
    return slopes, means[1] - means[0] @ slopes


def linear_guess(slopes, constant):
    """Return a function: decibels (n, frames, bands) -> decibels (n, frames, bins), linear in three frames."""
    return lambda levels: 30 * (beside(levels) @ slopes + constant) - 40


def network_guess(network):
    """Return a function: decibels (n, frames, bands) -> decibels (n, frames, bins), by a network `models.unmel`."""
    network = tf.function(network, reduce_retracing=True)
    return lambda levels: 30 * network(tf.constant((levels + 40) / 30, tf.float32)).numpy().astype(float) - 40


def guessed_magnitudes(guess, levels, updates=5):
    """Return magnitudes (n, frames, bins) for decibels (n, frames, bands): a guess of the bins, made to agree."""
    return audio.magnitudes(levels, updates=updates, start=guess(levels))


def vocoder(steps=6000, batch_size=16):
    """Train the network that guesses fine spectra: it begins as the ridge regression, and learns what is left.

    The loss is the mean squared error of decibels over frames that sound, as in `log_spectral_distance`.
    """
    keras.utils.set_random_seed(3)
    begin, (train, _) = time.process_time(), parts()
    network = models.build("digit_vocoder")
    slopes, constant = fit_linear(train.words)
    network.get_layer("linear").set_weights([slopes.reshape(3, -1, slopes.shape[-1]), constant])
    levels, fine = as_levels(as_pictures(train.words)), fine_decibels(train.words)
    loudest = fine.max(-1)
    sounds = loudest > loudest.max(-1, keepdims=True) - 40
    with tf.device("CPU"):
        pairs = [tf.constant((values + 40) / 30, tf.float32) for values in (levels, fine)]
        sounds = tf.constant(sounds, tf.float32)

    def batch(step):
        places = tf.random.stateless_uniform((batch_size,), [3, step], maxval=len(levels), dtype=tf.int32)
        gain = tf.random.stateless_uniform((batch_size, 1, 1), [4, step], -0.2, 0.2)  # 6 dB softer or louder
        return *(tf.gather(part, places) + gain for part in pairs), tf.gather(sounds, places)

    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=1e-3, warmup_steps=100)
    network.compile(keras.optimizers.Adam(rate), loss="mse")
    fit(network, batch, steps)
    save(network, "digit_vocoder")
    return {"steps": steps, "batch": batch_size, "CPU seconds": round(time.process_time() - begin)}


def ways_to_magnitudes(names=("classical", "linear", "learnt")):
    """Return {name: function of decibels (n, frames, bands)}; the linear one is fitted to what the network heard."""
    guesses = {
        "linear": lambda: linear_guess(*fit_linear(parts()[0].words)),
        "learnt": lambda: network_guess(models.load_pretrained("digit_vocoder")),
    }
    return {
        name: functools.partial(guessed_magnitudes, guesses[name]()) if name in guesses else audio.magnitudes
        for name in names
    }


VOCODERS = {
    "Griffin–Lim": ("classical", 0.0),
    "fast Griffin–Lim": ("classical", 0.99),
    "linear start": ("linear", 0.99),
    "learnt start": ("learnt", 0.99),
}
BUDGETS = (5, 10, 20, 40, 80)  # CPU milliseconds a word
BATCH = 20  # words at a time


def milliseconds(action, repeats=5):
    """Return the median CPU milliseconds a word of an action on a batch."""
    times = []
    for _ in range(repeats + 1):
        begin = time.process_time()
        action()
        times.append(1000 * (time.process_time() - begin) / BATCH)
    return float(np.median(times[1:]))


@threadpool_limits.wrap(limits=1)
def compare():
    """Compare the vocoders at equal CPU milliseconds a word, NumPy on one core, on all held-out recordings."""
    _, held_out = parts()
    ways, levels = ways_to_magnitudes(), as_levels(as_pictures(held_out.words))
    magnitudes = {name: way(levels) for name, way in ways.items()}
    first = {name: milliseconds(lambda way=way: way(levels[:BATCH])) for name, way in ways.items()}
    some, found = magnitudes["classical"][:BATCH], {"speaker": held_out.speaker.tolist(), "first step, ms": first}
    found["rows"] = []
    costs = {
        m: [milliseconds(lambda k=k, m=m: audio.griffin_lim(some, audio.LENGTH, k, momentum=m)) for k in (2, 12)]
        for m in (0.0, 0.99)
    }
    each = {m: (long - short) / 10 for m, (short, long) in costs.items()}
    fixed = {m: short - 2 * each[m] for m, (short, _) in costs.items()}
    found["an iteration, ms"] = {str(m): round(value, 3) for m, value in each.items()}
    for budget in BUDGETS:
        for name, (way, m) in VOCODERS.items():
            iterations = int((budget - first[way] - fixed[m]) / each[m])
            if iterations < 0:
                continue
            made = audio.griffin_lim(magnitudes[way], audio.LENGTH, iterations, momentum=m)
            distances = log_spectral_distance(held_out.words, made)
            found["rows"].append(
                {"ms": budget, "vocoder": name, "iterations": iterations, "distances": distances.round(3).tolist()}
            )
            print(budget, name, iterations, distances.mean(), flush=True)
    real = np.abs(audio.stft(held_out.words))
    made = audio.griffin_lim(real, audio.LENGTH, 60, momentum=0.99)
    found["true magnitudes, 60 iterations"] = log_spectral_distance(held_out.words, made).round(3).tolist()
    return found


# --- rivals ----------------------------------------------------------------------------------------------------------


def sounding(word):
    """Return a word without the zeros behind it."""
    return word[: np.flatnonzero(word)[-1] + 1]


def stretched(sound, factor, iterations=16):
    """Return a sound ``factor`` times as long at the same pitch: its magnitudes are spread over more frames."""
    magnitudes = np.abs(audio.stft(sound))
    length = round(factor * len(sound))
    places = np.linspace(0, len(magnitudes) - 1, -(-length // audio.WORD.hop))
    below = np.minimum(places.astype(int), max(0, len(magnitudes) - 2))
    part = (places - below)[:, None]
    spread = (1 - part) * magnitudes[below] + part * magnitudes[np.minimum(below + 1, len(magnitudes) - 1)]
    return audio.griffin_lim(spread, length, iterations, momentum=0.99)


def augmented(word, rng):
    """Return a word at another pitch (0.85 to 1.2 times, formants too), speed (0.8 to 1.25 times) and with noise."""
    pitch, slower, noise = rng.integers(85, 121), rng.uniform(0.8, 1.25), 10 ** rng.uniform(-3.2, -2)
    sound = sounding(word)
    most = 0.95 * audio.LENGTH / len(sound)
    changed = stretched(audio.resample(sound, int(pitch), 100), min(slower, most) * pitch / 100)
    return audio.as_word(changed + noise * rng.normal(size=len(changed)))


def joined(first, second):
    """Return the first half of one word and the second half of another, faded into each other over 20 ms."""
    first, second = sounding(first), sounding(second)
    head, tail = first[: len(first) // 2 + 80], second[len(second) // 2 - 80 :]
    fade = np.linspace(0, 1, 160)
    middle = (1 - fade) * head[-160:] + fade * tail[:160]
    return audio.as_word(np.concatenate([head[:-160], middle, tail[160:]])[: audio.LENGTH - 400])


def gaussian_pictures(pictures, count, rng, components=20):
    """Return ``count`` float pictures in [-1, 1] drawn from a Gaussian over the first principal components of some."""
    flat = pictures.reshape(len(pictures), -1) / 127.5 - 1
    mean = flat.mean(axis=0)
    _, spread, directions = np.linalg.svd(flat - mean, full_matrices=False)
    scores = rng.normal(size=(count, components)) * spread[:components] / np.sqrt(len(flat) - 1)
    return np.clip(mean + scores @ directions[:components], -1, 1).reshape(count, *pictures.shape[1:])


def pitches(words, least=60, most=400, voiced=0.5):
    """Return the pitch (n, frames) of words in Hz by autocorrelation, 0 where a frame has no clear one.

    Each frame's autocorrelation is divided by that of the window (Boersma 1993). Of its peaks, the first that is nearly
    as high as the highest counts, because twice the period correlates as well; a parabola tells where it lies.
    """
    power = np.abs(audio.stft(words, audio.Frames(fft=1024))) ** 2
    window = np.fft.irfft(np.abs(np.fft.rfft(audio.hann(audio.WORD.window), 1024)) ** 2)
    first, last = audio.WORD.rate // most, audio.WORD.rate // least
    correlation = np.fft.irfft(power)[..., : last + 2] / window[: last + 2]
    ratio = correlation[..., first - 1 :] / np.maximum(correlation[..., :1], 1e-12)
    before, here, after = ratio[..., :-2], ratio[..., 1:-1], ratio[..., 2:]
    peaks = np.where((here > before) & (here >= after), here, 0)
    loud = power.sum(-1) > 0.01 * power.sum(-1).max(-1, keepdims=True)
    place = (peaks > np.maximum(0.9 * peaks.max(-1, keepdims=True), voiced)).argmax(-1)
    left, middle, right = (np.take_along_axis(part, place[..., None], -1)[..., 0] for part in (before, here, after))
    lag = first + place + 0.5 * (right - left) / np.maximum(2 * middle - left - right, 1e-12)
    return np.where(loud & (peaks.max(-1) > voiced), audio.WORD.rate / lag, 0.0)


# --- generated words -------------------------------------------------------------------------------------------------

MEASURED = ("pitch", "seconds", "higher", "voiceless")
SETS, EACH = 5, 5  # sets of words, and words of each digit and speaker in a set
ASKED = np.array([(digit, speaker) for digit in range(10) for speaker in range(6) for _ in range(EACH)])
GUIDANCE, CHOSEN_BY = (1.0, 1.5, 2.0), 100  # candidates, and the seed of the words by which one is chosen


def spoken(levels, way, iterations=30):
    """Return words (n, LENGTH) for decibels (n, frames, bands): magnitudes by ``way``, phases by fast Griffin–Lim."""
    made = audio.griffin_lim(way(levels), audio.LENGTH, iterations, momentum=0.99)
    return np.stack([audio.as_word(sound) for sound in made])


def rivals(train, way, seed):
    """Return {rival: words} for ASKED, each made from the training recordings of the digit and speaker asked for."""
    rng, made = np.random.default_rng(seed), {name: [] for name in ("copy", "augmented", "joined halves")}
    pictures, drawn = as_pictures(train.words), []
    for digit, speaker in ASKED[::EACH]:
        own = np.flatnonzero((train.digit == digit) & (train.speaker == speaker))
        one, other = (rng.choice(own, EACH, replace=False) for _ in range(2))
        other = np.where(other == one, np.roll(one, 1), other)
        made["copy"] += list(train.words[one])
        made["augmented"] += [augmented(train.words[k], rng) for k in one]
        made["joined halves"] += [joined(train.words[k], train.words[j]) for k, j in zip(one, other, strict=True)]
        drawn.append(gaussian_pictures(pictures[own], EACH, rng))
    made["Gaussian of principal components"] = spoken(as_levels(np.concatenate(drawn)), way)
    return {name: np.stack(list(words)) for name, words in made.items()}


def statistics(words):
    """Return (n, 2): the median pitch of the voiced frames in octaves above 100 Hz (NaN without any), and seconds."""
    found = [np.median(row[row > 0]) if (row > 0).any() else np.nan for row in pitches(words)]
    return np.stack([np.log2(np.array(found) / 100), [len(sounding(word)) / audio.WORD.rate for word in words]], 1)


def far_from(real, made):
    """Return how far two (words, speaker) are in pitch and seconds, speaker by speaker.

    "pitch" and "seconds" are means over speakers of Wasserstein's distance, "higher" is each speaker's difference of
    mean pitches in octaves, and "voiceless" is how many words have no pitch, and are not in these.
    """
    from scipy.stats import wasserstein_distance

    (first, own), (second, other) = ((statistics(words), speaker) for words, speaker in (real, made))
    rows = []
    for speaker in range(6):
        (pitch, seconds), (made_pitch, made_seconds) = first[own == speaker].T, second[other == speaker].T
        pitch, made_pitch = (values[np.isfinite(values)] for values in (pitch, made_pitch))
        apart = wasserstein_distance(pitch, made_pitch), wasserstein_distance(seconds, made_seconds)
        rows.append([*apart, made_pitch.mean() - pitch.mean()])
    rows = np.array(rows)
    found = {"pitch": rows[:, 0].mean(), "seconds": rows[:, 1].mean(), "higher": rows[:, 2].round(4).tolist()}
    return found | {"voiceless": int(np.isnan(second[:, 0]).sum())}


def generated():
    """Measure generated words and rivals: read as asked, distances, statistics, likeness to training recordings."""
    train, held_out = parts()
    network, way = training.FlowMatching(models.load_pretrained("digit_flow")), ways_to_magnitudes(["learnt"])["learnt"]
    basis = shipped_basis()
    first, second = (metrics.feature_network(f"digit{name}_judge") for name in ("", "_second"))

    def read(words, judge=second):
        seen = judge.probabilities(as_pictures(words))
        return seen["digit"].argmax(1), seen["speaker"].argmax(1)

    chosen = {}
    for guidance in GUIDANCE:
        levels = as_levels(draw_pictures(network, basis, ASKED, CHOSEN_BY, guidance=guidance))
        digit, speaker = read(spoken(levels, way), first)
        chosen[guidance] = float(((digit == ASKED[:, 0]) & (speaker == ASKED[:, 1])).mean())
    best = max(chosen, key=chosen.get)
    print(chosen, flush=True)
    pictures = {seed: draw_pictures(network, basis, ASKED, seed, guidance=best) for seed in range(SETS)}
    sets = {}
    for seed in range(SETS):
        own = {"flow": spoken(as_levels(pictures[seed]), way)} | rivals(train, way, seed)
        sets = {name: [*sets.get(name, []), words] for name, words in own.items()}
    own = {"real, by the vocoder": [spoken(as_levels(as_pictures(held_out.words)), way)]}
    sets = {"real": [held_out.words]} | own | sets
    real = second.features(as_pictures(held_out.words))
    views = metrics.training_views(as_pictures(train.words))
    innocent, _ = metrics.copy_ratios(as_pictures(held_out.words), views)
    asked_real = np.stack([held_out.digit, held_out.speaker], 1)
    found = {"guidance": best, "chosen": {str(g): share for g, share in chosen.items()}, "n": len(ASKED), "rows": {}}
    for name, all_words in sets.items():
        asked = asked_real if name.startswith("real") else ASKED
        row = {key: [] for key in ("first judge", "second judge", "speaker", "both wrong", "distance", *MEASURED)}
        for words in all_words:
            digit, speaker = read(words)
            right, right_first = digit == asked[:, 0], read(words, first)[0] == asked[:, 0]
            row["first judge"].append(float(right_first.mean()))
            row["second judge"].append(float(right.mean()))
            row["speaker"].append(float((speaker == asked[:, 1]).mean()))
            row["both wrong"].append(int((~right & ~right_first).sum()))
            row["distance"].append(float(metrics.frechet_distance(real, second.features(as_pictures(words)))))
            far = far_from((held_out.words, held_out.speaker), (words, asked[:, 1]))
            for key in MEASURED:
                row[key].append(far[key])
        if name != "real":
            ratios, _ = metrics.copy_ratios(as_pictures(all_words[0]), views)
            audit = metrics.judge_ratios(ratios, innocent)
            row["flagged"], row["p"] = len(audit.suspects), audit.p_value
        found["rows"][name] = row
        print(name, {key: np.round(np.mean(value), 3) for key, value in row.items()}, flush=True)
    found["floor"] = floor(train, held_out, real, second)
    rng = np.random.default_rng(0)
    planted = rng.choice(len(train.words), 60, replace=False)
    copies = spoken(as_levels(as_pictures(train.words[planted])), way)
    ratios, nearest = metrics.copy_ratios(as_pictures(copies), views)
    audit = metrics.judge_ratios(ratios, innocent, nearest)
    found["planted"] = {"n": 60, "flagged": len(audit.suspects), "right one": int((nearest == planted).sum())}
    return found


def floor(train, held_out, real, judge):
    """Return the distances of disjoint sets of training recordings, five of each digit and speaker in each."""
    rows = {key: [] for key in ("distance", *MEASURED)}
    for begin in range(5, 50, EACH):
        part = train.where(np.isin(train.take, range(begin, begin + EACH)))
        features = judge.features(as_pictures(part.words))
        rows["distance"].append(float(metrics.frechet_distance(real, features)))
        far = far_from((held_out.words, held_out.speaker), (part.words, part.speaker))
        for key in MEASURED:
            rows[key].append(far[key])
    return rows


# --- what they are worth ---------------------------------------------------------------------------------------------

EXTRA = ("augmented", "joined", "generated", "generated, kept")
ARMS = {"few": (), **{kind: (kind,) for kind in EXTRA}, "both": ("augmented", "generated, kept")}
SEEDS, VARIANTS, VALUE_STEPS = 2, 6, 200
VALUE_GUIDANCE = 1.5  # what the first judge chose for the large flow


def small_reader():
    """Return an untrained recogniser of the digit alone, smaller than the judges, of pictures 32×32."""
    return models.classifier({"digit": 10}, 32, (12, 24, 48), channels=1, name="small_reader")


def halved(pictures):
    """Return uint8 pictures (n, 64, 64, 1) at half the resolution: the mean of 2×2 pixels."""
    return np.rint(pictures.reshape(-1, 32, 2, 32, 2, 1).mean(axis=(2, 4))).astype(np.uint8)


def read_digits(pictures, digits, seed):
    """Return a small recogniser trained on pictures (n, 64, 64, 1) as a function: pictures -> digits (n,)."""
    keras.utils.set_random_seed(seed)
    small, targets = halved(pictures), {"digit": digits}
    reader = train_reader(small_reader(), small, targets, VALUE_STEPS, seed, batch_size=48)
    return lambda shown: reader.predict(halved(shown) / np.float32(127.5) - 1, verbose=0)["digit"].argmax(1)


def changed(few, rng):
    """Return {kind: (pictures, digits)} of the few `Digits`: augmented, and every pair of takes joined."""
    words = np.stack([augmented(word, rng) for word in few.words for _ in range(VARIANTS)])
    alike = (few.digit[:, None] == few.digit) & (few.speaker[:, None] == few.speaker)
    heads, tails = np.nonzero(alike & ~np.eye(len(few.digit), dtype=bool))
    halves = np.stack([joined(few.words[k], few.words[j]) for k, j in zip(heads, tails, strict=True)])
    augmented_digits = np.repeat(few.digit, VARIANTS)
    return {"augmented": (as_pictures(words), augmented_digits), "joined": (as_pictures(halves), few.digit[heads])}


def drawn_from(few, seed):
    """Return {kind: (pictures, digits)} that a flow trained on the few `Digits` alone draws, and what is kept of them.

    What a recogniser of the few alone reads as asked is kept: it knows nobody whom the flow does not know.
    """
    pictures, labels = as_pictures(few.words), np.stack([few.digit, few.speaker], axis=1)
    basis = basis_of(pictures, 100)
    velocity = models.vector_velocity(100, 192, classes=(10, 6), name="small_flow")
    network = train_flow(velocity, basis.encode(pictures), labels, 1500, seed=seed)
    asked = np.repeat(np.unique(labels, axis=0), 3 * VARIANTS, axis=0)
    made = draw_pictures(network, basis, asked, 0, guidance=VALUE_GUIDANCE)
    made = np.rint(127.5 * (made + 1)).astype(np.uint8)
    kept = read_digits(pictures, few.digit, 1000 + seed)(made) == asked[:, 0]
    return {"generated": (made, asked[:, 0]), "generated, kept": (made[kept], asked[kept, 0])}


def fold(speaker):
    """Train with few recordings of five speakers and what is made of them; return the accuracies on the sixth."""
    digits, _ = recordings()
    few = digits.where(np.isin(digits.take, FEW) & (digits.speaker != speaker))
    unheard = digits.where(digits.speaker == speaker)
    extra = changed(few, np.random.default_rng(speaker)) | drawn_from(few, speaker)
    judge, own, test = metrics.feature_network("digit_second_judge"), as_pictures(few.words), as_pictures(unheard.words)
    found = {"few": len(few.words), "tested": len(unheard.words), "words": {}, "as asked": {}, "accuracy": {}}
    for kind, (pictures, asked) in extra.items():
        found["words"][kind] = len(asked)
        found["as asked"][kind] = float((judge.probabilities(pictures)["digit"].argmax(1) == asked).mean())
    for arm, kinds in ARMS.items():
        pairs = [(own, few.digit), *(extra[kind] for kind in kinds)]
        pictures, targets = (np.concatenate(column) for column in zip(*pairs, strict=True))
        reads = [read_digits(pictures, targets, 100 * speaker + seed)(test) for seed in range(SEEDS)]
        found["accuracy"][arm] = [float((read == unheard.digit).mean()) for read in reads]
    print(audio.SPEAKERS[speaker], json.dumps(found), flush=True)
    return found


def value():
    """Leave each speaker out once; what is ready is kept in build/audio."""
    found = {}
    for speaker, name in enumerate(audio.SPEAKERS):
        path = BUILD / f"value_{name}.json"
        if not path.exists():
            notebooks.write(path, json.dumps(fold(speaker)))
        found[name] = json.loads(path.read_text(encoding="utf-8"))
    return found


# --- tables ----------------------------------------------------------------------------------------------------------


def table(*rows):
    """Return rows of texts as a table of Markdown, the first being its head."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (rows[0], ["---"] * len(rows[0]), *rows[1:]))


def markdown(result):
    """Return the section of README.md."""
    judged, worth = result["judges"], result["value"]
    distances = [
        (f"{row['ms']}", row["vocoder"], f"{row['iterations']}", f"{np.mean(row['distances']):.2f}")
        for row in result["compare"]["rows"]
    ]
    words = [
        (
            name,
            f"{np.mean(row['second judge']):.1%}",
            f"{np.mean(row['distance']):.2f}",
            f"{np.mean(row['pitch']):.2f}",
            f"{np.mean(row['seconds']):.3f}",
            f"{row.get('flagged', '')}",
        )
        for name, row in result["generated"]["rows"].items()
    ]
    read = {name: [np.mean(row["accuracy"][arm]) for arm in ARMS] for name, row in worth.items()}
    read["mean"] = np.mean(list(read.values()), axis=0)
    readers = [(name, *(f"{share:.1%}" for share in row)) for name, row in read.items()]
    right = [judged[name]["digit"] for name in ("digit_judge", "digit_second_judge")]
    return f"""## Spoken digits

From `audio.json`, for notebook 08: {judged["recordings"]:,} recordings of FSDD to train on, {judged["held out"]} held
out, of which the judges read {right[0]:.1%} and {right[1]:.1%}. Vocoders at equal CPU milliseconds a word, by their
log-spectral distance in decibels:

{table(("ms", "vocoder", "iterations", "distance"), *distances)}

Words and the second judge; distances are those to the held-out recordings, pitch in octaves; near copies of 300:

{table(("words", "read as asked", "Fréchet distance", "pitch", "seconds", "near copies"), *words)}

Digits read correctly on a speaker left out, by recognisers that had 150 recordings of the other five:

{table(("left out", *ARMS), *readers)}
"""


PARTS = {
    "judges": judges,
    "flow": flow,
    "vocoder": vocoder,
    "compare": compare,
    "generated": generated,
    "value": value,
}


if __name__ == "__main__":
    if not set(sys.argv[1:]) <= set(PARTS):
        sys.exit(__doc__)
    tf.config.experimental.enable_op_determinism()
    BUILD.mkdir(parents=True, exist_ok=True)
    for part in sys.argv[1:] or PARTS:
        result = PARTS[part]()
        store = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
        notebooks.write(STORE, json.dumps(store | {part: result}, indent=1) + "\n")
        print(part, json.dumps(result)[:600], flush=True)
