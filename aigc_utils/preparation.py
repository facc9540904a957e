"""From collected records to batches: near-duplicates, weak labels, augmentation, splits, feed, data card.

Each function is taught in 01_data_preparation. TensorFlow is imported only by the functions that need it.
"""

import dataclasses
from pathlib import Path

from aigc_utils import checks, files

import numpy as np

# --- clean -----------------------------------------------------------------------------------------------------------


def perceptual_hashes(images, hash_size=16):
    """Return a bool array (n, hash_size²): the signs of each picture's lowest frequencies around their median.

    ``images`` is a sequence of uint8 arrays (h, w, 3), (h, w, 1) or (h, w), sizes may differ. Colour plays no part
    (Zauner 2010, pHash, as the library ``imagehash`` computes it).
    """
    import imagehash

    return np.stack([imagehash.phash(picture, hash_size).hash.ravel() for picture in _pictures(images)])


def _pictures(images):
    """Yield uint8 arrays of any sizes as `PIL.Image`."""
    from PIL import Image

    kinds = sorted({str(np.asarray(image).dtype) for image in images})
    if kinds != ["uint8"]:
        raise ValueError(f"received images of {kinds}; expected some of uint8. Floats become bytes by data.to_uint8.")
    for image in images:
        checked = checks.images(np.asarray(image)[None])[0]
        yield Image.fromarray(checked[..., 0] if checked.shape[-1] == 1 else checked)


def hash_distances(first, second):
    """Return the number of bits (n, m) in which hashes (n, bits) and (m, bits) differ."""
    a, b = (2 * np.asarray(hashes, np.float32) - 1 for hashes in (first, second))
    return ((a.shape[1] - a @ b.T) / 2).astype(np.int32)


def looks(images, hash_size=16):
    """Return what `linked` compares of n pictures: hashes, whether they are plain (n,), and colours (n, 48)."""
    seen = [
        (np.ptp(picture.convert("L")) <= 16, np.ravel(picture.convert("RGB").resize((4, 4))))
        for picture in _pictures(images)
    ]
    plain, colours = (np.array(part) for part in zip(*seen, strict=True))
    return perceptual_hashes(images, hash_size), plain, colours


def near_duplicates(images, threshold=24, hash_size=16):
    """Return a group number (n,) for each picture, equal where hashes are at most ``threshold`` bits apart.

    The right threshold depends on the data (drawings and catalogue photos resemble each other more than snapshots do):
    look at the pairs around it. Links chain: a ~ b and b ~ c put all three into one group. Time grows with n².
    Plain pictures, whose brightness varies by at most 16 of 255, have no hash: they are linked where their colours, on
    a grid of 4×4, differ by at most 8.
    """
    return linked(looks(images, hash_size), threshold)


def linked(found, threshold):
    """Return `near_duplicates` of pictures of which `looks` was taken, for several thresholds."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial.distance import cdist

    hashes, plain, colours = found
    count = len(hashes)
    groups = np.arange(count)
    for start in range(0, count, 200):  # a bound on memory: what is linked so far is one link from each to its group
        part, rest = slice(start, start + 200), slice(start, None)
        alike = (hash_distances(hashes[part], hashes[rest]) <= threshold) & ~plain[rest]
        alike[plain[part]] = (cdist(colours[part][plain[part]], colours[rest], "chebyshev") <= 8) & plain[rest]
        leaders = np.unique(groups, return_index=True)[1][groups]
        pairs = np.c_[[np.arange(count), leaders], np.array(np.nonzero(alike)) + start]
        links = csr_matrix((np.ones(pairs.shape[1], bool), pairs), (count, count))
        groups = connected_components(links, directed=False)[1]
    return groups


# --- label -----------------------------------------------------------------------------------------------------------


def dawid_skene(votes, classes, iterations=50, smoothing=0.1):
    """Combine noisy voters by EM, without knowing the truth; return (posteriors, confusions, prior).

    ``votes`` (n, voters) holds class numbers and -1 for "says nothing". ``posteriors`` is (n, classes);
    ``confusions[v, true, said]`` is the estimated habit of voter v when it speaks, ``prior`` (classes,) the share of
    each class. Voters are assumed independent given the class (Dawid and Skene 1979, equations 2.3 to 2.5);
    ``smoothing`` votes are added to every cell. Starts from the shares of votes.
    """
    checks.whole(1, classes=classes, iterations=iterations, records=len(votes))
    if np.ndim(votes) != 2 or not smoothing > 0:
        raise ValueError(f"received votes {np.shape(votes)}, smoothing {smoothing}; expected (n, voters) and > 0.")
    votes = checks.labels(votes, len(votes), (classes,) * np.shape(votes)[1], "votes", missing=True)
    said = (votes[..., None] == np.arange(classes)).astype(float)  # (n, voters, classes), all zero where silent
    posteriors = said.sum(axis=1) + 1 / classes
    posteriors /= posteriors.sum(axis=1, keepdims=True)
    for _ in range(iterations):
        prior = posteriors.mean(axis=0)  # M step
        confusions = np.einsum("nt,nvs->vts", posteriors, said) + smoothing
        confusions /= confusions.sum(axis=2, keepdims=True)
        scores = np.log(prior) + np.einsum("nvs,vts->nt", said, np.log(confusions))  # E step
        posteriors = np.exp(scores - scores.max(axis=1, keepdims=True))
        posteriors /= posteriors.sum(axis=1, keepdims=True)
    return posteriors, confusions, prior


# --- augment ---------------------------------------------------------------------------------------------------------


def augmentation(*, flip=True, degrees=10, shift=0.1, zoom=0.1, colour=0.15, seed=0):
    """Return random changes of images in [-1, 1] as a ``keras.Sequential``; it acts only where ``training=True``.

    Horizontal mirror with probability 1/2; rotation by up to ``degrees``; a crop that moves by up to the share
    ``shift`` of the side and enlarges by up to ``zoom``; brightness and contrast changed by up to the share ``colour``.
    Zero switches a change off. Borders repeat the nearest pixel, and values stay in [-1, 1]. Images without a channel
    or beyond [-1, 1], such as bytes, which would become white all over, are an error.
    """
    from aigc_utils.runtime import keras, tf

    knobs = {"shift": shift, "zoom": zoom, "colour": colour}
    checks.shares(**{name: share for name, share in knobs.items() if share})

    def checked(images):
        if len(images.shape) != 4:
            raise ValueError(f"received images {images.shape}; expected (n, h, w, channels), by images[..., None].")
        most = tf.reduce_max(tf.abs(tf.cast(images, tf.float32)))
        tf.debugging.assert_less_equal(most, 1.001, "received images beyond [-1, 1]: map bytes by data.to_unit(images)")
        return images

    layers, fill, seed = keras.layers, {"fill_mode": "nearest"}, int(seed)
    chosen = [
        layers.Lambda(checked, name="checked"),
        flip and layers.RandomFlip("horizontal", seed=seed),
        degrees and layers.RandomRotation(degrees / 360, seed=seed + 1, **fill),
        shift and layers.RandomTranslation(shift, shift, seed=seed + 2, **fill),
        zoom and layers.RandomZoom((-zoom, 0.0), seed=seed + 3, **fill),
        colour and layers.RandomBrightness(colour, value_range=(-1, 1), seed=seed + 4),
        colour and layers.RandomContrast(colour, value_range=(-1, 1), seed=seed + 5),
    ]
    return keras.Sequential([layer for layer in chosen if layer], name="augmentation")


def add_noise(signal, snr_db, seed=0):
    """Return a sound with white noise at a signal-to-noise ratio in dB, exact for this signal: 10·log10(P_s / P_n).

    Silence, which has no such ratio, and NaN are a ValueError.
    """
    signal = np.asarray(signal, float)
    power = np.mean(signal**2) if signal.size else 0
    if not (0 < power < np.inf and np.abs(snr_db) <= 200):
        raise ValueError(f"received a sound of power {power}, snr_db {snr_db}; expected some sound, -200 to 200 dB.")
    noise = np.random.default_rng(seed).normal(size=signal.shape)
    return signal + noise * np.sqrt(power / 10 ** (snr_db / 10) / np.mean(noise**2))


def pitch_shift(signal, semitones, frame=1024):
    """Return a mono sound (n,) moved by ``semitones`` (12 double the frequency) with its length kept.

    A phase vocoder stretches the time (Flanagan and Golden 1966; Laroche and Dolson 1999), then resampling squeezes
    it back and moves every frequency with it. ``frame`` samples should hold several periods of the lowest tone; a sound
    shorter than that, more than 48 semitones and NaN are a ValueError.
    """
    from scipy import signal as dsp

    checks.whole(16, frame=frame)
    signal, frame = checks.numbers(signal, "signal", frame), int(frame)
    if not abs(semitones) <= 48:
        raise ValueError(f"received semitones = {semitones}; expected at most 48 up or down, four octaves.")
    rate, hop = 2 ** (semitones / 12), frame // 4
    longer = np.pad(signal, (0, frame + int(frame / rate)))  # else the last moment would be missing
    _, _, spectrum = dsp.stft(longer, nperseg=frame, noverlap=frame - hop)
    magnitude, phase = np.abs(spectrum), np.angle(spectrum)
    expected = 2 * np.pi * hop * np.arange(len(spectrum))[:, None] / frame
    turn = np.diff(phase, axis=1) - expected
    advance = expected + turn - 2 * np.pi * np.round(turn / (2 * np.pi))  # true phase step of every bin
    places = np.arange(0, spectrum.shape[1] - 1, 1 / rate)
    left, share = places.astype(int), places % 1
    loudness = (1 - share) * magnitude[:, left] + share * magnitude[:, left + 1]
    turned = phase[:, :1] + np.cumsum(np.hstack([np.zeros_like(phase[:, :1]), advance[:, left[:-1]]]), axis=1)
    _, stretched = dsp.istft(loudness * np.exp(1j * turned), nperseg=frame, noverlap=frame - hop)
    positions = np.arange(len(signal)) * rate
    return np.interp(positions, np.arange(len(stretched)), stretched)


# --- feed ------------------------------------------------------------------------------------------------------------


def group_split(groups, shares, seed=0):
    """Return {part: sorted record numbers}, with every group of ``groups`` (n,) whole in one part.

    ``shares`` is {part: share}, summing to 1, such as {"train": 0.8, "test": 0.2}. Groups come in random order, and
    each goes where most is still missing. A part that would stay empty takes the smallest group of the part that is
    furthest above its share. Fewer groups than parts are a ValueError: one part would have nothing.
    """
    if not abs(sum(shares.values()) - 1) <= 1e-9 or not min(shares.values()) > 0:
        raise ValueError(f"shares sum to {sum(shares.values()):.3f}: {shares}; expected shares above 0 that sum to 1.")
    names, place, counts = np.unique(np.ravel(groups), return_inverse=True, return_counts=True)
    if np.size(groups) != len(groups) or len(names) < len(shares):
        raise ValueError(f"received {len(names)} groups, {np.shape(groups)}; expected (n,) with a group for each part.")
    order = np.random.default_rng(seed).permutation(len(names))
    missing = {part: share * counts.sum() for part, share in shares.items()}
    home = np.empty(len(names), object)
    for index in order:
        part = max(missing, key=missing.get)
        home[index] = part
        missing[part] -= counts[index]
    for part in shares:
        if part not in home:
            giver = min((other for other in shares if (home == other).sum() > 1), key=missing.get)
            smallest = min(np.flatnonzero(home == giver), key=lambda index: counts[index])
            home[smallest] = part
            missing[giver] += counts[smallest]
    return {part: np.flatnonzero(home[place] == part) for part in shares}


def make_dataset(records, labels=None, *, batch_size=64, load=None, augment=None, training=False, seed=0):
    """Return a ``tf.data.Dataset`` of batches of images, or of (images, labels).

    ``records`` are images or whatever ``load`` (a function of one record, in TensorFlow operations) turns into an
    image; loaded images are cached in memory. With ``training`` the order changes every epoch and ``augment`` (images
    -> images) is applied after the cache, so that every epoch sees fresh changes. It wants floats: bytes are a
    ValueError, since the same records without ``augment`` would reach the model as bytes.
    """
    from aigc_utils.runtime import tf

    checks.whole(1, batch_size=batch_size, records=len(records))
    if labels is not None and len(labels) != len(records):
        raise ValueError(f"received {len(records)} records, {len(labels)} labels; expected a label for each record.")

    def first(function):
        return function if labels is None else lambda image, label: (function(image), label)

    parallel = tf.data.AUTOTUNE
    dataset = tf.data.Dataset.from_tensor_slices(records if labels is None else (records, labels))
    if load:
        dataset = dataset.map(first(load), num_parallel_calls=parallel).cache()
    spec = dataset.element_spec if labels is None else dataset.element_spec[0]
    if augment and not spec.dtype.is_floating:
        raise ValueError(f"received {spec.dtype.name} images; augment expects floats in [-1, 1]: data.to_unit(images).")
    if training:
        dataset = dataset.shuffle(len(records), seed=seed, reshuffle_each_iteration=True)
    dataset = dataset.batch(batch_size)
    if training and augment:
        dataset = dataset.map(first(lambda images: augment(images, training=True)))  # in order: it draws random numbers
    return dataset.prefetch(parallel)


# --- document --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class DataCard:
    """What whoever uses a data set must know, as Markdown (after Gebru et al. 2021, "Datasheets for datasets").

    ``facts`` is {question: answer}; ``tables`` {heading: DataFrame}; ``limits`` a list of sentences.
    """

    title: str
    facts: dict
    tables: dict
    limits: list

    def markdown(self):
        """Return the card as Markdown."""
        facts = [f"- **{question}:** {answer}" for question, answer in self.facts.items()]
        parts = [f"# {self.title}", "\n".join(facts)]
        parts += [f"## {heading}\n\n{table_as_markdown(table)}" for heading, table in self.tables.items()]
        parts += ["## Limits\n\n" + "\n".join(f"- {limit}" for limit in self.limits)]
        return "\n\n".join(parts) + "\n"

    def save(self, path):
        """Write the card to a file, whole or not at all, and return its path."""
        path = Path(path).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as partial:
            partial.write_text(self.markdown(), encoding="utf-8")
        return path


def table_as_markdown(frame):
    """Return a DataFrame as a Markdown table (pandas' own needs another package)."""
    rows = [list(map(str, frame.columns)), ["---"] * len(frame.columns)]
    rows += [[str(value).replace("|", "\\|") for value in row] for row in frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
