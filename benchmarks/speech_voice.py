"""The recorded prompts, which phoneme sounds when in them, and three ways to speak without a network.

Taught in 18_case_speech. The recordings are Asterisk's English prompts, spoken by Allison Smith for telephone menus
(CC BY-SA 3.0): asterisk_en/NAME.g722 and core-sounds-en.txt in the folder named by AIGC_DATA_DIR. What is spliced from
them carries the same licence. Sounds are (n,) at RATE, 8,000 samples a second.
"""

import csv
import functools
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from aigc_utils import audio, files, runtime
from benchmarks import speech_text

import numpy as np

RATE, RECORDED = 8000, 16000  # samples a second: of the telephone, and of the recordings
STEP = RATE // 100  # samples in a frame of the alignment, 10 ms
PHONES = tuple(
    re.findall(
        r"\w+",
        "SIL AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH",
    )
)

# What is heard where the list says something else
OTHERWISE = {"spy-iax": "eeks", "spy-iax2": "eeks", "spy-dahdi": "dottie", "spy-h323": "H three two three"}


# --- the recordings --------------------------------------------------------------------------------------------------


def spoken_text(line):
    """Return what is said of a line of the list: what is in brackets is a remark or a beep, no speech."""
    return re.sub(r"\[.*?\]|\(.*?\)|<.*?>", " ", line).replace("umute", "unmute").strip(" .") + "."


def recordings_folder():
    """Return the folder of the recordings; FileNotFoundError where it is not."""
    folder = Path(runtime.data_dir() or ".") / "asterisk_en"
    if not (folder / "core-sounds-en.txt").is_file():
        raise FileNotFoundError(f"no recordings in {folder}; expected Asterisk's English prompts (see data/README.md).")
    return folder


@functools.cache
def texts():
    """Return {name: text} of the recordings that hold speech, by name."""
    folder, found = recordings_folder(), {}
    for line in (folder / "core-sounds-en.txt").read_text(encoding="utf-8").splitlines():
        name, _, said = line.partition(":")
        said = spoken_text(OTHERWISE.get(name, said))
        if not line.startswith(";") and (folder / f"{name}.g722").is_file() and re.search(r"\w", said):
            found[name.strip()] = said
    return dict(sorted(found.items()))


@functools.lru_cache(64)
def recording(name, rate=RECORDED):
    """Return a recording as float64 (n,), full scale ±1, at a rate; G.722 is decoded by FFmpeg."""
    import av

    with av.open(recordings_folder() / f"{name}.g722", format="g722") as file:
        sound = np.concatenate([frame.to_ndarray().ravel() for frame in file.decode(audio=0)]) / 32768
    return sound if rate == RECORDED else audio.resample(sound, RECORDED, rate)


def split():
    """Return (training, held-out) names: 110 different texts of three words or more were held out by lot, once.

    data/speech/prompts.csv keeps which. Drawn anew after a reading has changed, they would be others, and the voice has
    learnt from those. What has the words of a held-out prompt is in neither part; parts of it may be in training texts.
    """
    said = {name: tuple(w for w in speech_text.words(text) if w != ",") for name, text in texts().items()}
    with open(runtime.shipped("speech", "prompts.csv"), encoding="utf-8", newline="") as file:
        held_out = sorted(row["name"] for row in csv.DictReader(file) if row["part"] == "held out")
    taken = {said[name] for name in held_out}
    return [name for name in said if said[name] not in taken], held_out


# --- which phoneme when ----------------------------------------------------------------------------------------------


class Timeline(NamedTuple):
    """Phones of a recording: number in PHONES, first frame, frames, number of the word (-1: silence), (k,) each."""

    phone: np.ndarray
    start: np.ndarray
    frames: np.ndarray
    word: np.ndarray


def decoder(**options):
    """Return pocketsphinx's decoder of its own English model, silent."""
    import pocketsphinx

    pocketsphinx.set_loglevel("FATAL")
    return pocketsphinx.Decoder(samprate=RECORDED, **options)


def aligner():
    """Return a decoder for `align`: with the usual beams and search for the best path, valid alignments fail."""
    return decoder(lm=None, bestpath=False, cmn="batch", beam=1e-100, pbeam=1e-100, wbeam=1e-80)


def as_bytes(sound):
    """Return a sound as 16-bit samples, made softer where it exceeds full scale."""
    return np.rint(32767 * sound / max(1.0, np.abs(sound).max())).astype("<i2").tobytes()


def heard_part(sound, rate=RECORDED, below=42.0, margin=0.03):
    """Return (first, last) sample of a sound without the silence around it: ``below`` dB under its loudest 20 ms."""
    size = rate // 50
    loudness = np.sqrt(np.convolve(sound**2, np.ones(size) / size, "same"))
    heard = np.flatnonzero(loudness > 10 ** (-below / 20) * loudness.max())
    return max(0, heard[0] - round(margin * rate)), min(len(sound), heard[-1] + round(margin * rate))


def align(listener, sound, said):
    """Return the `Timeline` of a recording (n,) at RECORDED for words [(word, phonemes)]; ValueError: they do not fit.

    Viterbi's path through hidden Markov models of phones (Huggins-Daines et al. 2006), in two passes: words, then
    phones. Of several pronunciations of a word the one that fits best is taken.
    """
    first, last = heard_part(sound)
    first -= first % (RECORDED // 100)
    said = [(word, phones) for word, phones in said if word != ","]
    for word, phones in said:
        if listener.lookup_word(word) is None:
            listener.add_word(word, " ".join(phones), True)
    try:
        listener.set_align_text(" ".join(word for word, _ in said))
        for again in (False, True):
            if again:
                listener.set_alignment()
            listener.start_utt()
            listener.process_raw(as_bytes(sound[first:last]), full_utt=True)
            listener.end_utt()
        found = [(w.name, [(p.name, p.start, p.duration) for p in w]) for w in listener.get_alignment()]
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"the recording does not fit the words {' '.join(word for word, _ in said)!r}.") from error
    return as_timeline(found, 100 * first // RECORDED, -(-100 * len(sound) // RECORDED))


def as_timeline(found, before, total):
    """Return the `Timeline` of [(word, [(phone, start, frames)])], with silence around it up to ``total`` frames."""
    rows, number = [(0, 0, before, -1)] if before else [], -1
    for name, phones in found:
        silent = name.startswith(("<", "["))
        number += not silent
        for phone, start, frames in phones:
            rows.append((0 if silent else PHONES.index(phone), start + before, frames, -1 if silent else number))
    end = rows[-1][1] + rows[-1][2]
    rows += [(0, end, total - end, -1)] if total > end else []
    return Timeline(*np.array(rows).T)


def save_timelines(timelines, path):
    """Write {name: Timeline} compactly: numbers of phones, frames and words one after the other."""
    parts = {
        field: np.concatenate([getattr(t, field) for t in timelines.values()]) for field in ("phone", "frames", "word")
    }
    with files.replacing(Path(path)) as part, open(part, "wb") as file:
        np.savez_compressed(
            file,
            names=np.array(list(timelines)),
            lengths=np.array([len(t.phone) for t in timelines.values()], np.uint16),
            phone=parts["phone"].astype(np.uint8),
            frames=parts["frames"].astype(np.uint16),
            word=parts["word"].astype(np.int16),
        )


def load_timelines(path):
    """Return {name: Timeline} that `save_timelines` wrote."""
    with np.load(path) as stored:
        ends = np.cumsum(stored["lengths"].astype(int))
        pieces = [np.split(stored[field].astype(int), ends[:-1]) for field in ("phone", "frames", "word")]
        names = stored["names"].tolist()
    return {
        name: Timeline(phone, np.cumsum(frames) - frames, frames, word)
        for name, phone, frames, word in zip(names, *pieces, strict=True)
    }


def usual_frames(timelines):
    """Return the median frames (len(PHONES),) of each phone."""
    phone = np.concatenate([t.phone for t in timelines.values()])
    frames = np.concatenate([t.frames for t in timelines.values()])
    return np.array([np.median(frames[phone == k]) if (phone == k).any() else 8.0 for k in range(len(PHONES))])


# --- splicing --------------------------------------------------------------------------------------------------------


class Bank(NamedTuple):
    """What is cut from: each recording's sound (n,) at RATE, its timeline and words; where each word and phone is."""

    sounds: dict
    timelines: dict
    words: dict
    by_word: dict
    by_phone: dict


def make_bank(names, timelines, rate=RATE):
    """Return the `Bank` of some aligned recordings."""
    by_word, by_phone, words = {}, {}, {}
    for name in names:
        words[name] = [word for word in speech_text.words(texts()[name]) if word != ","]
        for k, word in enumerate(words[name]):
            by_word.setdefault(word, []).append((name, k))
        for k, phone in enumerate(timelines[name].phone):
            by_phone.setdefault(int(phone), []).append((name, k))
    sounds = {name: recording(name, rate) for name in names}
    return Bank(sounds, {name: timelines[name] for name in names}, words, by_word, by_phone)


def longest(sequence, places, sequences):
    """Return (name, place, length) of the longest run at the beginning of a sequence among places [(name, place)]."""
    best = (None, 0, 0)
    for name, place in places:
        other, run = sequences[name], 0
        while run < len(sequence) and place + run < len(other) and other[place + run] == sequence[run]:
            run += 1
        best = max(best, (name, place, run), key=lambda entry: entry[2])
    return best


def cut_words(bank, name, place, count):
    """Return the sound of ``count`` words of a recording from word ``place`` on."""
    t = bank.timelines[name]
    inside = np.flatnonzero((t.word >= place) & (t.word < place + count))
    return bank.sounds[name][STEP * t.start[inside[0]] : STEP * (t.start[inside[-1]] + t.frames[inside[-1]])]


def cut_phones(bank, phones):
    """Return sounds for phonemes that no recorded word has: the longest recorded runs, one after the other."""
    numbers, sounds = [PHONES.index(phone) for phone in phones], []
    sequences = {name: t.phone for name, t in bank.timelines.items()}
    while numbers:
        name, place, run = longest(numbers, bank.by_phone.get(numbers[0], []), sequences)
        if name is None:  # a phone that nobody said
            numbers = numbers[1:]
            continue
        t = bank.timelines[name]
        end = t.start[place + run - 1] + t.frames[place + run - 1]
        sounds.append(bank.sounds[name][STEP * t.start[place] : STEP * end])
        numbers = numbers[run:]
    return sounds


def splice(said, bank, pause=0.15, fade=0.008):
    """Return (sound, words found as words): the longest recorded runs of words, unknown words from runs of phones.

    A stop is a pause in seconds; neighbours are faded into each other over ``fade`` seconds.
    """
    pieces, found, words = [], 0, [word for word, _ in said]
    while words:
        name, place, run = longest(words, bank.by_word.get(words[0], []), bank.words)
        if run:
            pieces.append(cut_words(bank, name, place, run))
        elif words[0] == ",":
            pieces.append(np.zeros(round(pause * RATE)))
        else:
            pieces += cut_phones(bank, said[len(said) - len(words)][1])
        found += run
        words = words[max(run, 1) :]
    return join(pieces, round(fade * RATE)), found


def join(pieces, fade):
    """Return sounds one after the other, each faded over ``fade`` samples into the next."""
    total = np.zeros(0)
    for piece in pieces:
        size = min(fade, len(total), len(piece))
        ramp = np.linspace(0, 1, size)
        middle = total[len(total) - size :] * (1 - ramp) + piece[:size] * ramp
        total = np.concatenate([total[: len(total) - size], middle, piece[size:]])
    return total


# --- a program of another kind ---------------------------------------------------------------------------------------


def espeak(text, voice="en-us", rate=RATE):
    """Return the sound that espeak-ng (GPL-3) makes of a text; FileNotFoundError where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, "--", text], check=True, capture_output=True)
        return audio.read(path, rate)[0]
