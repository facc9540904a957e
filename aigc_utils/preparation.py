"""From collected records to batches: outliers, near-duplicates, weak labels, augmentation, splits, feed, data card.

Each function is taught in 01_data_preparation. TensorFlow is imported by the functions that need it only.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np

# --- clean -----------------------------------------------------------------------------------------------------------


def hampel(values, window=11, threshold=3.0, least_scale=0.0):
    """Return a mask (n,) of outliers: further than ``threshold`` robust deviations from the median of their window.

    ``values`` (n,) may hold NaN, which is never an outlier. ``window`` is an odd number of samples. The deviation is
    1.4826 times the window's median absolute deviation (the standard deviation, if the values are normal), at least
    ``least_scale``: set it to the sensor's resolution, or constant stretches flag their smallest change. After Hampel
    1974; as a moving filter: Davies and Gather 1993.
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or window % 2 == 0 or window < 3:
        raise ValueError(f"received values {values.shape}, window {window}; expected (n,) and an odd window >= 3.")
    padded = np.pad(values, window // 2, constant_values=np.nan)
    windows = np.ma.masked_invalid(np.lib.stride_tricks.sliding_window_view(padded, window))
    median = np.ma.median(windows, axis=1)
    scale = 1.4826 * np.ma.median(np.ma.abs(windows - median[:, None]), axis=1)
    with np.errstate(invalid="ignore"):
        far = np.abs(values - median.filled(np.nan)) > threshold * np.maximum(scale.filled(np.nan), least_scale)
    return far & np.isfinite(values)


def perceptual_hashes(images, hash_size=16):
    """Return a bool array (n, hash_size²): the signs of each picture's lowest frequencies around their median.

    ``images`` is a sequence of uint8 arrays (h, w, 3) or (h, w), sizes may differ. Colour plays no part (Zauner 2010,
    pHash, as the library ``imagehash`` computes it).
    """
    import imagehash
    from PIL import Image

    return np.stack([imagehash.phash(Image.fromarray(image), hash_size).hash.ravel() for image in images])


def hash_distances(first, second):
    """Return the number of bits (n, m) in which hashes (n, bits) and (m, bits) differ."""
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return (a @ (1 - b).T + (1 - a) @ b.T).astype(int)


def near_duplicates(images, threshold=24, hash_size=16):
    """Return a group number (n,) for each picture, equal where hashes are at most ``threshold`` bits apart.

    The right threshold depends on the data (drawings and catalogue photos resemble each other more than snapshots do):
    look at the pairs around it. Links chain: a ~ b and b ~ c put all three into one group. Memory grows with n².
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    hashes = perceptual_hashes(images, hash_size)
    linked = hash_distances(hashes, hashes) <= threshold
    return connected_components(csr_matrix(linked), directed=False)[1]


# --- label -----------------------------------------------------------------------------------------------------------


def dawid_skene(votes, classes, iterations=50, smoothing=0.1):
    """Combine noisy voters by EM, without knowing the truth; return (posteriors, confusions, prior).

    ``votes`` (n, voters) holds class numbers and -1 for "says nothing". ``posteriors`` is (n, classes);
    ``confusions[v, true, said]`` is the estimated habit of voter v when it speaks, ``prior`` (classes,) the share of
    each class. Voters are assumed independent given the class (Dawid and Skene 1979, equations 2.3 to 2.5);
    ``smoothing`` votes are added to every cell. Starts from the shares of votes.
    """
    votes = np.asarray(votes)
    if votes.ndim != 2 or not ((votes >= -1) & (votes < classes)).all():
        raise ValueError(f"received votes of shape {votes.shape}; expected (n, voters) of -1 to {classes - 1}.")
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


def suspicious_labels(labels, probabilities):
    """Return a mask (n,) of labels that a classifier contradicts with more than usual confidence.

    ``probabilities`` (n, classes) must be out of sample (cross-validated). A class counts as confident for a record if
    its probability reaches that class's mean probability among the records labelled with it; a label is suspicious if
    the likeliest confident class is another one (confident learning, Northcutt et al. 2021, section 3).
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, float)
    classes = probabilities.shape[1]
    missing = sorted(set(range(classes)) - set(labels.tolist()))
    if missing:
        raise ValueError(f"no record carries label {missing}; each of the {classes} classes needs one at least.")
    thresholds = np.array([probabilities[labels == k, k].mean() for k in range(classes)])
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    return (confident.max(axis=1) >= 0) & (confident.argmax(axis=1) != labels)


# --- augment ---------------------------------------------------------------------------------------------------------


def augmentation(*, flip=True, degrees=10, shift=0.1, zoom=0.1, colour=0.15, seed=0):
    """Return random changes of images in [-1, 1] as a ``keras.Sequential``; it acts only where ``training=True``.

    Horizontal mirror with probability 1/2; rotation by up to ``degrees``; a crop that moves by up to the share
    ``shift`` of the side and enlarges by up to ``zoom``; brightness and contrast changed by up to the share ``colour``.
    Zero switches a change off. Borders repeat the nearest pixel, and values may leave [-1, 1] a little: clip to show.
    """
    from aigc_utils.runtime import keras

    layers, fill = keras.layers, {"fill_mode": "nearest"}
    chosen = [
        flip and layers.RandomFlip("horizontal", seed=seed),
        degrees and layers.RandomRotation(degrees / 360, seed=seed + 1, **fill),
        shift and layers.RandomTranslation(shift, shift, seed=seed + 2, **fill),
        zoom and layers.RandomZoom((-zoom, 0.0), seed=seed + 3, **fill),
        colour and layers.RandomBrightness(colour, value_range=(-1, 1), seed=seed + 4),
        colour and layers.RandomContrast(colour, value_range=(-1, 1), seed=seed + 5),
    ]
    return keras.Sequential([layer for layer in chosen if layer], name="augmentation")


def add_noise(signal, snr_db, seed=0):
    """Return a sound with white noise at a signal-to-noise ratio in dB, exact for this signal: 10·log10(P_s / P_n)."""
    signal = np.asarray(signal, float)
    noise = np.random.default_rng(seed).normal(size=signal.shape)
    wanted = np.mean(signal**2) / 10 ** (snr_db / 10)
    return signal + noise * np.sqrt(wanted / np.mean(noise**2))


def pitch_shift(signal, semitones, frame=1024):
    """Return a mono sound (n,) moved by ``semitones`` (12 double the frequency) with its length kept.

    A phase vocoder stretches the time (Flanagan and Golden 1966; Laroche and Dolson 1999), then resampling squeezes
    it back and moves every frequency with it. ``frame`` samples should hold several periods of the lowest tone.
    """
    from scipy import signal as dsp

    rate, hop = 2 ** (semitones / 12), frame // 4
    _, _, spectrum = dsp.stft(signal, nperseg=frame, noverlap=frame - hop)
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
    each goes where most is still missing, so that the parts come as close to their shares as the groups allow.
    """
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"shares sum to {sum(shares.values()):.3f}; expected 1.")
    names, counts = np.unique(np.asarray(groups), return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    missing = {part: share * counts.sum() for part, share in shares.items()}
    home = np.empty(len(names), object)
    for index in order:
        part = max(missing, key=missing.get)
        home[index] = part
        missing[part] -= counts[index]
    place = home[np.searchsorted(names, groups)]
    return {part: np.flatnonzero(place == part) for part in shares}


def make_dataset(records, labels=None, *, batch_size=64, load=None, augment=None, training=False, seed=0):
    """Return a ``tf.data.Dataset`` of batches of images, or of (images, labels).

    ``records`` are images or whatever ``load`` (a function of one record, in TensorFlow operations) turns into an
    image; loaded images are cached in memory. With ``training`` the order changes every epoch and ``augment`` (images
    -> images) is applied after the cache, so that every epoch sees fresh changes.
    """
    from aigc_utils.runtime import tf

    def first(function):
        return function if labels is None else lambda image, label: (function(image), label)

    parallel = tf.data.AUTOTUNE
    dataset = tf.data.Dataset.from_tensor_slices(records if labels is None else (records, labels))
    if load:
        dataset = dataset.map(first(load), num_parallel_calls=parallel).cache()
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
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(self.markdown(), encoding="utf-8")
        os.replace(partial, path)
        return path


def table_as_markdown(frame):
    """Return a DataFrame as a Markdown table (pandas' own needs another package)."""
    rows = [list(map(str, frame.columns)), ["---"] * len(frame.columns)]
    rows += [[str(value).replace("|", "\\|") for value in row] for row in frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
