"""A voice from a source and a filter, by rule: pulses or noise, through resonances that move from sound to sound.

Taught in 18_case_speech. After D. H. Klatt (1980): Software for a Cascade/Parallel Formant Synthesizer, JASA 67(3),
971–995; the vowels' resonances are those of 28 women in G. E. Peterson and H. L. Barney (1952), JASA 24(2), 175–184.
No recording is used.
"""

from typing import NamedTuple

import numpy as np
from scipy import signal

RATE = 8000  # samples a second
FINE = 40  # samples with one filter, 5 ms


class Sound(NamedTuple):
    """A phone: three resonances in Hz, how loud voice and noise are (0 to 1), the noise's band in Hz, and its kind."""

    formants: tuple
    voice: float = 1.0
    noise: float = 0.0
    band: tuple = (500, 3900)
    kind: str = ""  # "stop": silence, then a burst; "glide": two resonances are given, from one to the other


VOWELS = {
    "IY": (310, 2790, 3310),
    "IH": (430, 2480, 3070),
    "EH": (610, 2330, 2990),
    "AE": (860, 2050, 2850),
    "AA": (850, 1220, 2810),
    "AO": (590, 920, 2710),
    "UH": (470, 1160, 2680),
    "UW": (370, 950, 2670),
    "AH": (760, 1400, 2780),
    "ER": (500, 1640, 1960),
}
GLIDES = {"EY": ("EH", "IY"), "AY": ("AA", "IH"), "OY": ("AO", "IH"), "AW": ("AA", "UH"), "OW": ("AO", "UH")}
CONSONANTS = {
    "W": Sound((330, 730, 2300), 0.6),
    "Y": Sound((300, 2700, 3300), 0.6),
    "R": Sound((400, 1250, 1700), 0.7),
    "L": Sound((390, 1250, 2900), 0.6),
    "M": Sound((270, 1100, 2300), 0.4),
    "N": Sound((270, 1700, 2600), 0.4),
    "NG": Sound((270, 2300, 2900), 0.4),
    "HH": Sound((600, 1600, 2800), 0.0, 0.10),
    "F": Sound((400, 1300, 2500), 0.0, 0.07, (1000, 3900)),
    "TH": Sound((400, 1500, 2700), 0.0, 0.06, (1400, 3900)),
    "S": Sound((400, 1800, 2800), 0.0, 0.25, (3300, 3950)),
    "SH": Sound((400, 1900, 2700), 0.0, 0.40, (1900, 3600)),
    "V": Sound((300, 1300, 2500), 0.3, 0.03, (1000, 3900)),
    "DH": Sound((300, 1500, 2700), 0.3, 0.02, (1400, 3900)),
    "Z": Sound((300, 1800, 2800), 0.25, 0.15, (3300, 3950)),
    "ZH": Sound((300, 1900, 2700), 0.25, 0.20, (1900, 3600)),
    "P": Sound((400, 900, 2300), 0.0, 0.25, (400, 1500), "stop"),
    "T": Sound((400, 1800, 2800), 0.0, 0.40, (2800, 3950), "stop"),
    "K": Sound((400, 2100, 2600), 0.0, 0.35, (1400, 2600), "stop"),
    "B": Sound((300, 900, 2300), 0.15, 0.12, (400, 1500), "stop"),
    "D": Sound((300, 1800, 2800), 0.15, 0.18, (2600, 3950), "stop"),
    "G": Sound((300, 2100, 2600), 0.15, 0.18, (1400, 2600), "stop"),
    "CH": Sound((400, 1900, 2700), 0.0, 0.50, (1900, 3700), "stop"),
    "JH": Sound((300, 1900, 2700), 0.15, 0.30, (1900, 3700), "stop"),
    "SIL": Sound((500, 1500, 2500), 0.0),
}
SOUNDS = {
    **{name: Sound(formants) for name, formants in VOWELS.items()},
    **{name: Sound((VOWELS[a], VOWELS[b]), kind="glide") for name, (a, b) in GLIDES.items()},
    **CONSONANTS,
}
WIDTHS = (70.0, 100.0, 150.0)  # Hz: of the three resonances


def tracks(phones, steps, ease=8):
    """Return what drives source and filter: resonances (n, 3) in Hz, voice (n,), noise (n,), bands (n, 2) for n steps.

    ``steps`` are the lengths of the phones. Resonances and voice move over from phone to phone in ``ease`` steps.
    """
    formants, voice, noise, bands = [], [], [], []
    for phone, count in zip(phones, steps, strict=True):
        sound, closed = SOUNDS[phone], 0
        part = np.linspace(0, 1, count)[:, None]
        pair = sound.formants if sound.kind == "glide" else (sound.formants, sound.formants)
        formants.append(np.array(pair[0]) * (1 - part) + np.array(pair[1]) * part)
        if sound.kind == "stop":  # mouth closed, then open
            closed = max(count - (12 if phone in {"CH", "JH"} else 5), count // 3)
        voice.append(np.full(count, sound.voice))
        noise.append(np.where(np.arange(count) < closed, 0.0, sound.noise))
        bands.append(np.tile(sound.band, (count, 1)))
    smooth = np.hanning(ease + 2)[1:-1] / np.hanning(ease + 2)[1:-1].sum()
    formants, voice = np.concatenate(formants), np.concatenate(voice)
    padded = np.pad(np.column_stack([formants, voice]), [(ease // 2, ease - 1 - ease // 2), (0, 0)], "edge")
    eased = np.stack([np.convolve(column, smooth, "valid") for column in padded.T], 1)
    return eased[:, :3], eased[:, 3], np.concatenate(noise), np.concatenate(bands)


def pulses(pitch):
    """Return pulses (n,) for a pitch in Hz at each sample, all harmonics alike."""
    phase = np.cumsum(pitch) / RATE
    crossed = np.diff(np.floor(phase), prepend=0.0) > 0
    late = crossed * (phase % 1) * RATE / pitch  # samples since the pulse: it is shared by the two around it
    train = crossed - late + np.append(late[1:], 0.0)
    return signal.lfilter([1.0, -1.0], [1.0, -0.95], train)


def resonator(frequency, width):
    """Return the coefficients (b, a) of a resonance and its width in Hz, gain 1 at 0 Hz (Klatt 1980, equation 1)."""
    radius = np.exp(-np.pi * width / RATE)
    a1, a2 = -2 * radius * np.cos(2 * np.pi * frequency / RATE), radius**2
    return np.array([1 + a1 + a2]), np.array([1.0, a1, a2])


def through_resonances(source, formants):
    """Return a source (n·FINE,) through three resonances one after the other, whose places (n, 3) change each step."""
    sound = source
    for k, width in enumerate(WIDTHS):
        state, done = np.zeros(2), np.empty_like(sound)
        for step, frequency in enumerate(formants[:, k]):
            b, a = resonator(frequency, width)
            part = slice(step * FINE, (step + 1) * FINE)
            done[part], state = signal.lfilter(b, a, sound[part], zi=state)
        sound = done
    return sound


def hiss(noise, bands, rng):
    """Return noise (n·FINE,) whose loudness (n,) and band (n, 2) change by step; bands are faded."""
    white, total = rng.standard_normal(len(noise) * FINE), np.zeros(len(noise) * FINE)
    loudness = np.convolve(np.repeat(noise, FINE), np.ones(FINE) / FINE, "same")
    for band in np.unique(bands, axis=0):
        filtered = signal.sosfilt(signal.butter(3, band, "bandpass", fs=RATE, output="sos"), white)
        here = np.convolve(np.repeat((bands == band).all(axis=1), FINE).astype(float), np.ones(FINE) / FINE, "same")
        total += filtered * here * loudness
    return total


def contour(count, high=170.0, low=120.0):
    """Return a pitch (n,) in Hz that falls over a sentence, as in a statement."""
    return np.linspace(high, low, count)


def speak(phones, seconds, pitch=None, seed=0):
    """Return the sound (n,) of phones with their lengths in seconds; peak 0.9. ``pitch`` in Hz: one for each 5 ms."""
    steps = np.maximum(1, np.rint(np.asarray(seconds) * RATE / FINE)).astype(int)
    formants, voice, noise, bands = tracks(phones, steps)
    pitch = contour(len(voice)) if pitch is None else np.asarray(pitch)
    buzz = pulses(np.repeat(pitch, FINE)) * np.repeat(voice, FINE)
    made = through_resonances(buzz, formants)
    made += 0.25 * np.abs(made).max() * hiss(noise, bands, np.random.default_rng(seed))
    return 0.9 * made / max(np.abs(made).max(), 1e-9)
