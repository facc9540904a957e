"""Sound as numbers: files, resampling, the short-time Fourier transform, mel bands, decibels, phases for magnitudes.

Taught in 08_audio. A sound is float64 (n,) of full scale ±1, or a batch (…, n); ``rate`` is in samples a second.
"""

import dataclasses
import functools
import re
from pathlib import Path

from aigc_utils import checks, runtime

import numpy as np

FAINTEST = 1e-10  # power: what is weaker counts as this, 100 dB below full scale


@dataclasses.dataclass(frozen=True)
class Frames:
    """How a sound is cut: ``window`` samples at a time, ``hop`` apart, ``fft`` points, from which ``bands`` of mel."""

    rate: int = 8000
    window: int = 384
    hop: int = 96
    fft: int = 512
    bands: int = 64

    def __post_init__(self):
        checks.whole(1, rate=self.rate, hop=self.hop, window=self.window, fft=self.fft, bands=self.bands)
        if not max(2 * self.hop, 3) <= self.window <= self.fft:
            raise ValueError(f"received {self}; expected 2·hop <= window <= fft, so that the inverse exists.")


WORD, LENGTH = Frames(), 6144  # samples of a spoken word, 0.768 s: 64 frames
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def mono(samples, name="sound"):
    """Return samples (n,) or (n, channels) as float64 (n,): the mean of the channels; integers by their full scale.

    Raises ValueError for no sample, NaN, infinity, other shapes, and floats beyond ±8: integers of unknown full scale.
    """
    given = np.asarray(samples)
    known = given.dtype.kind in "iuf" and given.size and given.ndim in (1, 2)
    if not known or (given.ndim == 2 and given.shape[1] > 64):
        raise ValueError(f"received {name} of {given.dtype} {given.shape}; expected numbers (n,) or (n, at most 64).")
    if given.dtype.kind in "iu":  # uint8 has its zero at 128, as in WAV
        given = given / 2.0 ** (8 * given.dtype.itemsize - 1) - (given.dtype.kind == "u")
    given = given.reshape(len(given), -1).mean(axis=1, dtype=np.float64)
    if not np.abs(given).max() <= 8:  # NaN fails this too
        raise ValueError(f"received {name} with NaN, infinity or values beyond ±8; expected full scale to be 1.")
    return given


def read(path, rate=None):
    """Return (sound, rate) of a file, resampled to ``rate`` if given; ValueError: damaged, cut short or empty."""
    import soundfile

    if not (path := Path(path).expanduser()).is_file():
        raise FileNotFoundError(f"no file {path}; expected a sound such as WAV, FLAC, OGG or MP3.")
    try:
        with soundfile.SoundFile(path) as file:
            promised, found_rate, samples = file.frames, file.samplerate, file.read(dtype="float64")
            # libsndfile takes a WAV or AIFF that was cut short for a shorter one; only its log has the size promised
            cut = re.search(r"(?:data|SSND) : (\d+) \(should be", file.extra_info)
    except soundfile.LibsndfileError as error:
        known = "it is not WAV, FLAC, OGG or MP3, or it is damaged"
        raise ValueError(f"{path} cannot be read as a sound: {known}; get a complete copy.") from error
    if len(samples) < promised or (cut and int(cut[1]) < 2**31):  # a recorder that streams writes 2**32 - 1
        raise ValueError(f"{path} was cut short: it ends after {len(samples):,} samples; get a complete copy.")
    rate = found_rate if rate is None else rate
    return resample(mono(samples, path.name), found_rate, rate), rate


def resample(sound, rate, to):
    """Return a sound (n,) of ``rate`` at the rate ``to``; what that cannot carry is filtered out (no aliases)."""
    from scipy import signal

    checks.whole(1, rate=rate, to=to)
    if np.ndim(sound) != 1:
        raise ValueError(f"received sounds {np.shape(sound)}; expected one (n,): take the mean of channels first.")
    return signal.resample_poly(mono(sound), to // np.gcd(rate, to), rate // np.gcd(rate, to))


@functools.lru_cache
def hann(window):
    """Return Hann's window (window,): ½ − ½ cos 2πk/window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)


def stft(sound, frames=WORD):
    """Return the complex spectra (…, n / hop rounded up, fft / 2 + 1) of a sound (…, n), padded with zeros outside."""
    from scipy import fft

    count = -(-sound.shape[-1] // frames.hop)
    before = (frames.window - frames.hop) // 2
    after = (count - 1) * frames.hop + frames.window - before - sound.shape[-1]
    padded = np.pad(sound, [(0, 0)] * (sound.ndim - 1) + [(before, after)])
    pieces = np.lib.stride_tricks.sliding_window_view(padded, frames.window, -1)[..., :: frames.hop, :]
    return fft.rfft(pieces * hann(frames.window), frames.fft)


def istft(spectra, length, frames=WORD):
    """Return the sound (…, length) whose spectra are nearest to these in squares (Griffin and Lim 1984, equation 6)."""
    from scipy import fft

    pieces = fft.irfft(spectra, frames.fft)[..., : frames.window] * hann(frames.window)
    before = (frames.window - frames.hop) // 2
    weights = _overlap_add(np.broadcast_to(hann(frames.window) ** 2, pieces.shape[-2:]), frames.hop)
    inside = slice(before, before + length)
    return _overlap_add(pieces, frames.hop)[..., inside] / weights[inside]


def _overlap_add(pieces, hop):
    """Return the sum (…, samples) of pieces (…, count, window), each ``hop`` samples after the one before."""
    count, window = pieces.shape[-2:]
    parts = -(-window // hop)
    total = np.zeros((*pieces.shape[:-2], count + parts, hop))
    for k in range(parts):
        part = pieces[..., k * hop : (k + 1) * hop]
        total[..., k : k + count, : part.shape[-1]] += part
    return total.reshape(*pieces.shape[:-2], -1)


def griffin_lim(magnitudes, length, iterations=32, frames=WORD, momentum=0.0, seed=0):
    """Return a sound (…, length) whose spectra have nearly these ``magnitudes`` (…, count, bins), from random phases.

    Momentum 0 is Griffin and Lim 1984; 0.99 its fast form (Perraudin, Balazs and Søndergaard 2013).
    """
    turns = np.random.default_rng(seed).uniform(0, 2 * np.pi, magnitudes.shape)
    spectra, before = magnitudes * np.exp(1j * turns), 0.0
    for _ in range(iterations):
        reached = stft(istft(spectra, length, frames), frames)
        ahead = reached + momentum * (reached - before)
        spectra, before = magnitudes * ahead / np.maximum(np.abs(ahead), 1e-12), reached
    return istft(spectra, length, frames)


def mel(hertz):
    """Return the mel of a frequency (O'Shaughnessy 1987): 1000 at 1000 Hz, a logarithm far above."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def hertz(mel):
    """Return the frequency of a mel."""
    return 700 * (10 ** (np.asarray(mel) / 2595) - 1)


@functools.lru_cache
def mel_filters(frames=WORD):
    """Return triangles (fft / 2 + 1, bands) of height 1 from 0 Hz to rate / 2, with centres equally spaced in mel."""
    edges = hertz(np.linspace(0, mel(frames.rate / 2), frames.bands + 2))
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    bins = np.arange(frames.fft // 2 + 1)[:, None] * (frames.rate / frames.fft)
    filters = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    if not filters.any(axis=0).all():
        raise ValueError(f"received {frames.bands} bands for fft {frames.fft}: some hold no bin. Take fewer, or more.")
    return filters


def magnitudes(levels, frames=WORD, updates=10, start=None):
    """Return magnitudes (…, count, bins) of spectra whose bands have nearly these decibels (…, count, bands).

    By the updates of Lee and Seung 2001 from ``start`` (decibels of the bins), or each band spread over its bins.
    """
    filters, wanted = mel_filters(frames), 10 ** (np.asarray(levels) / 10)
    power = wanted / filters.sum(axis=0) @ filters.T if start is None else 10 ** (start / 10)
    for _ in range(updates):
        power *= (wanted @ filters.T) / np.maximum(power @ filters @ filters.T, 1e-12)
    return np.sqrt(power) * hann(frames.window).sum() / 2


def decibels(power):
    """Return 10·log10 of a power, where 1 is 0 dB; nothing falls below that of FAINTEST."""
    return 10 * np.log10(np.maximum(power, FAINTEST))


def log_mel(sound, frames=WORD):
    """Return decibels (…, frames, bands) of the mel bands' powers; a sine of full scale has -0.1 to 2.6 dB."""
    power = np.abs(2 * stft(sound, frames) / hann(frames.window).sum()) ** 2
    return decibels(power @ mel_filters(frames))


def as_word(sound):
    """Return a spoken word of 8 kHz, (n,) to (LENGTH,): without silence around it, root mean square 0.1, zeros behind.

    What is 30 dB below the loudest 20 ms is silence; 20 ms of it stay. ValueError: silence alone, or a longer word.
    Peaks of a click exceed ±1: scale a word before it is written to a file.
    """
    sound = mono(sound)
    loudness = np.sqrt(np.convolve(sound**2, np.ones(160) / 160, "same"))
    heard = np.flatnonzero(loudness > max(10**-1.5 * loudness.max(), 1e-5))
    sound = sound[max(0, heard[0] - 160) : heard[-1] + 160] if heard.size else sound[:0]
    if not 0 < len(sound) <= LENGTH:
        raise ValueError(f"received {len(sound)} samples between silences; expected a word of at most {LENGTH}, 8 kHz.")
    return np.pad(0.1 * sound / np.sqrt(np.mean(sound**2)), (0, LENGTH - len(sound)))


def load_digits():
    """Return (words (480, LENGTH), a table with their digit, speaker and take) of FSDD (data/digits/README.md)."""
    import pandas as pd

    sound, _ = read(runtime.shipped("digits", "digits.flac"), WORD.rate)
    table = pd.read_csv(runtime.shipped("digits", "index.csv"))
    return np.stack([as_word(sound[k : k + n]) for k, n in zip(table["start"], table["length"], strict=True)]), table
