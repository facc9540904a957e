"""What 18_case_speech adds to a voice: recordings that ship, likeness, a detector, labelled films, spoken questions.

    AIGC_DATA_DIR=FOLDER python benchmarks/speech_case.py [clips | fresh | likeness | spoken | marked | detector | …]

`clips` writes data/speech/recordings.ogg and prompts.csv (CC BY-SA 3.0, as the recordings). The other stages add their
parts to speech.json; those that need the trained voice take data/pretrained/speech_voice.npz.
"""

import csv
import hashlib
import json
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import audio, marks, runtime  # noqa: E402
from benchmarks import common, speech, speech_model, speech_voice  # noqa: E402
from benchmarks.speech_model import pitch_of  # noqa: E402
from benchmarks.speech_text import words  # noqa: E402
from benchmarks.speech_voice import RATE, Bank, heard_part  # noqa: E402

import numpy as np  # noqa: E402
from matplotlib import font_manager  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

SHIPPED = HERE.parent / "data" / "speech"
FRESH, SEEN = SHIPPED / "readings_fresh.tsv", SHIPPED / "readings_seen.tsv"
RIGHT_WHEN_FRESH = {"first": 32, "second": 37}  # of the 40 and 40 in SEEN, by the rules of then
SHOWN = 12  # held-out recordings that ship, to be listened to
SPOKEN_QUESTIONS = 60
PART = 30  # held-out prompts, by lot, of the stages that take minutes of a core


# --- recordings that ship --------------------------------------------------------------------------------------------


def shipped_recordings():
    """Return (a table of name, part, text and samples; {name: sound (n,) at RATE}) of the recordings that ship."""
    import pandas as pd

    table = pd.read_csv(runtime.shipped("speech", "prompts.csv"), keep_default_na=False)
    sound, _ = audio.read(runtime.shipped("speech", "recordings.ogg"), RATE)
    kept = table[table["samples"] > 0]
    return table, dict(zip(kept["name"], np.split(sound, np.cumsum(kept["samples"])[:-1]), strict=True))


def bank_of(table, sounds, timelines):
    """Return the `Bank` of the shipped recordings of the training part."""
    by_word, by_phone, said = {}, {}, {}
    for name, line in table.loc[table["part"] == "train", ["name", "text"]].itertuples(index=False):
        said[name] = [word for word in words(line) if word != ","]
        for k, word in enumerate(said[name]):
            by_word.setdefault(word, []).append((name, k))
        for k, phone in enumerate(timelines[name].phone):
            by_phone.setdefault(int(phone), []).append((name, k))
    return Bank({n: sounds[n] for n in said}, {n: timelines[n] for n in said}, said, by_word, by_phone)


def write_ogg(path, sound):
    """Write a sound (n,) at RATE as OGG Vorbis, ten seconds at a time."""
    import soundfile

    with soundfile.SoundFile(path, "w", RATE, 1, format="OGG", subtype="VORBIS", compression_level=0.2) as file:
        for k in range(0, len(sound), 10 * RATE):
            file.write(sound[k : k + 10 * RATE])


def clips():
    """Write the training recordings and a few held-out ones at 8 kHz, and the texts of all; measure what was lost."""
    train, held_out = speech_voice.split()
    said, aligned = speech_voice.texts(), speech_voice.load_timelines(speech.ALIGNED)
    shown = sorted(np.random.default_rng(1).choice(held_out, SHOWN, replace=False).tolist())
    rows, sounds = [], []
    for part, names in (("train", [name for name in train if name in aligned]), ("held out", held_out)):
        for name in names:
            ships = part == "train" or name in shown
            sounds += [speech_voice.recording(name, RATE)] if ships else []
            rows.append([name, part, said[name], len(sounds[-1]) if ships else 0])
    whole = np.concatenate(sounds)
    write_ogg(SHIPPED / "recordings.ogg", whole)
    with open(SHIPPED / "prompts.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["name", "part", "text", "samples"], *rows])
    back, _ = audio.read(SHIPPED / "recordings.ogg", RATE)
    lost = 10 * np.log10(np.mean(whole**2) / np.mean((whole - back[: len(whole)]) ** 2))
    found = {"recordings": len(sounds), "seconds": round(len(whole) / RATE), "noise below, dB": round(float(lost), 1)}
    return {"clips": found | {"bytes": (SHIPPED / "recordings.ogg").stat().st_size}}


def counted(path):
    """Return how many cases of a table are read out right, by the rules and by num2words alone, and the wrong ones."""
    found, wrong = {"cases": 0, "right": 0, "num2words alone": 0}, []
    with open(path, encoding="utf-8", newline="") as file:
        for _, text, said in list(csv.reader(file, delimiter="\t"))[1:]:
            try:
                heard = [word for word in words(text) if word != ","]
            except ValueError as refused:
                heard = [f"refused: {refused}"]
            found["cases"] += 1
            found["right"] += heard == said.split()
            found["num2words alone"] += speech.naive(text) == said.split()
            wrong += [] if heard == said.split() else [[text, " ".join(heard)]]
    return found | {"wrong": wrong}


def fresh():
    """Count the cases written after the rules were frozen. A file's first run is kept: later rules saw it."""
    now, digest = counted(FRESH), hashlib.sha256(FRESH.read_bytes()).hexdigest()
    kept = json.loads(speech.STORE.read_text(encoding="utf-8")).get("fresh readings", {})
    first = kept if kept.get("sha256") == digest else now | {"sha256": digest}
    seen = counted(SEEN) | {"right when fresh": RIGHT_WHEN_FRESH}
    return {"fresh readings": first | {"right since": now["right"]}, "seen readings": seen}


# --- how like the speaker --------------------------------------------------------------------------------------------


def cepstra(sound, count=13):
    """Return mel cepstra (frames, count) in dB of the heard part of a sound (n,) at RATE, without the mean level.

    C_k = 2/M Σ L_m cos(πk(m + ½)/M) for k = 1 … count, where L_m are the decibels of M bands.
    """
    from scipy.fft import dct

    first, last = heard_part(sound, RATE)
    part = sound[first:last]
    levels = np.maximum(audio.log_mel(0.1 * part / np.sqrt(np.mean(part**2))), -70.0)
    return dct(levels, axis=1)[:, 1 : count + 1] / levels.shape[1]


def distortion(one, other):
    """Return the mel-cepstral distortion in dB of two sounds' `cepstra`, mean along the path that warps them best.

    Each frame pair costs √(½ Σ (C_k − C'_k)²) (Kubichek 1993); dynamic time warping with steps of one frame.
    """
    cost = np.sqrt(0.5 * ((one[:, None] - other[None]) ** 2).sum(2))
    total, steps = np.full((len(one) + 1, len(other) + 1), np.inf), np.zeros((len(one) + 1, len(other) + 1))
    total[0, 0] = 0
    for diagonal in range(2, len(one) + len(other) + 1):
        i = np.arange(max(1, diagonal - len(other)), min(len(one), diagonal - 1) + 1)
        j = diagonal - i
        before = np.stack([total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]])
        best = before.argmin(0)
        total[i, j] = before.min(0) + cost[i - 1, j - 1]
        steps[i, j] = np.stack([steps[i - 1, j - 1], steps[i - 1, j], steps[i, j - 1]])[best, np.arange(len(i))] + 1
    return total[-1, -1] / steps[-1, -1]


class Speaker:
    """Two Gaussians of cepstra, the speaker's and other people's: how much likelier a sound is hers, a nat a frame."""

    def __init__(self, own, others):
        rows = [np.concatenate(own), np.concatenate(others)]
        covariances = [np.cov(one.T) for one in rows]
        self.laws = [
            (one.mean(0), np.linalg.inv(c), np.linalg.slogdet(c)[1]) for one, c in zip(rows, covariances, strict=True)
        ]

    def __call__(self, found):
        """Return the mean log-likelihood ratio of cepstra (frames, count); above 0: more like the speaker."""
        each = [
            -0.5 * (np.einsum("tk,kl,tl->t", found - mean, inverse, found - mean) + size)
            for mean, inverse, size in self.laws
        ]
        return float((each[0] - each[1]).mean())


def tune_of(sound):
    """Return (median pitch in Hz, standard deviation in semitones) of a sound at RATE; (0, 0) without any pitch."""
    pitch = pitch_of(sound)
    voiced = pitch[pitch > 0]
    return (float(np.median(voiced)), float(np.std(12 * np.log2(voiced)))) if voiced.size else (0.0, 0.0)


def mean_interval(values, seed=0):
    """Return [mean, low, high]: 95 % by SciPy's bootstrap of 2,000 draws."""
    from scipy.stats import bootstrap

    ends = bootstrap([values], np.mean, n_resamples=2000, method="percentile", rng=seed).confidence_interval
    return common.rounded([np.mean(values), *ends], 3)


def other_people():
    """Return {speaker: cepstra of every other of their recordings, each (frames, count)} of 08's spoken digits."""
    heard, table = audio.load_digits()
    return {
        who: [cepstra(heard[k]) for k in table.index[table["speaker"] == number][::2]]
        for number, who in enumerate(audio.SPEAKERS)
    }


def second_takes(names):
    """Return [(held-out name, another recording of the same words)]."""
    said = {name: tuple(word for word in words(text) if word != ",") for name, text in speech_voice.texts().items()}
    return [(name, other) for name in names for other in said if other != name and said[other] == said[name]]


def some(names, count=PART):
    """Return some of the names by lot, the same in all stages."""
    return sorted(np.random.default_rng(2).choice(names, count, replace=False).tolist())


VOCODED = {  # recordings through the vocoder alone
    "real, vocoder": lambda name: speech_model.vocode(speech_model.log_levels(speech_voice.recording(name, RATE)))
}


def likeness():
    """Compare all systems with recordings of some held-out prompts: distortion, pitch, likeness to the speaker."""
    train, everyone = speech_voice.split()
    names = some(everyone)
    people = other_people()
    own = [cepstra(speech_voice.recording(name, RATE)) for name in some(train, 120)]
    judge = Speaker(own, [one for who in audio.SPEAKERS[:3] for one in people[who]])
    real = {name: speech_voice.recording(name, RATE) for name in names}
    truth = {name: (cepstra(sound), tune_of(sound)) for name, sound in real.items()}
    takes = second_takes(everyone)
    apart = [distortion(*(cepstra(speech_voice.recording(name, RATE)) for name in pair)) for pair in takes]
    others = [judge(one) for who in audio.SPEAKERS[3:] for one in people[who]]
    found = {"prompts": len(names), "second takes": {"pairs": len(takes), "distortion": mean_interval(apart)}}
    found["other people"] = {"speaker": mean_interval(others)}
    for system, speak in (speech.speakers() | VOCODED).items():
        row = {"distortion": [], "speaker": [], "median pitch": [], "spread": [], "pitch off": []}
        for name in names:
            made = speak(name)
            part, (pitch, spread) = cepstra(made), tune_of(made)
            row["distortion"].append(distortion(truth[name][0], part))
            row["speaker"].append(judge(part))
            row["median pitch"].append(pitch)
            row["spread"].append(spread)
            row["pitch off"].append(abs(12 * np.log2(max(pitch, 1) / max(truth[name][1][0], 1))))
        found[system] = {key: mean_interval(values) for key, values in row.items()}
        print(system, found[system], flush=True)
    return {"likeness": found}


# --- the label, and a detector ---------------------------------------------------------------------------------------


def spoken():
    """Let the voice speak all held-out prompts: how fast; is the label found in each file, and nowhere else?"""
    _, names = speech_voice.split()
    voice, say, texts = speech_model.load_voice(), speech.rules(), speech_voice.texts()
    voice.speak(speech_model.phones_of(texts[names[0]], say))  # the first call compiles
    begin, clock = time.process_time(), time.perf_counter()
    made = [voice.speak(speech_model.phones_of(texts[name], say)) for name in names]
    took, clock = time.process_time() - begin, time.perf_counter() - clock
    long = sum(map(len, made)) / RATE
    speed = {"seconds of speech": round(long, 1), "CPU seconds": round(took, 1)}
    speed |= {"times real time, CPU": round(long / took, 1), "times real time, clock": round(long / clock, 1)}
    label = {"files": len(made)}
    label["label found"] = sum(marks.is_heard(np.concatenate([marks.rhythm(RATE), sound]), RATE) for sound in made)
    label["found where none is"] = sum(marks.is_heard(sound, RATE) for sound in made)
    label["found in real recordings"] = sum(marks.is_heard(speech_voice.recording(name, RATE), RATE) for name in names)
    return {"voice speed": speed, "audible label": label}


def marked():
    """Look for the audible label in prompts that carry it, and in as many that do not, by all systems."""
    names = some(speech_voice.split()[1])
    found = {}
    for system, speak in speech.speakers().items():
        made = [speak(name) for name in names]
        with_label = [np.concatenate([marks.rhythm(RATE), sound]) for sound in made]
        found[system] = {
            "files": len(made),
            "label found": sum(marks.is_heard(sound, RATE) for sound in with_label),
            "found where none is": sum(marks.is_heard(sound, RATE) for sound in made),
        }
    return {"audible label by system": found}


def traits(sound):
    """Return numbers (258,) of a sound at RATE for a detector: mean, spread and change of each mel band, and pitch.

    Only the heard part counts, at one loudness: level and silence would tell a file from a recording too easily.
    """
    first, last = heard_part(sound, RATE)
    part = sound[first:last]
    levels = np.maximum(audio.log_mel(0.1 * part / np.sqrt(np.mean(part**2))), -70.0)
    change = np.diff(levels, axis=0)
    pitch = pitch_of(part)
    steps = np.abs(np.diff(12 * np.log2(np.maximum(pitch, 60))))
    moving = steps[(pitch[1:] > 0) & (pitch[:-1] > 0)]
    means = [levels.mean(0), levels.std(0), np.abs(change).mean(0), np.abs(np.diff(change, axis=0)).mean(0)]
    return np.concatenate([*means, [moving.mean() if moving.size else 0.0, (pitch > 0).mean()]])


def through_a_line(sound, seed=0):
    """Return a sound at RATE after a telephone line: 300 to 3,400 Hz, µ-law of 8 bits, noise 35 dB below."""
    from scipy import signal

    band = signal.sosfiltfilt(signal.butter(4, (300, 3400), "bandpass", fs=RATE, output="sos"), sound)
    band = band + 10 ** (-35 / 20) * np.sqrt(np.mean(band**2)) * np.random.default_rng(seed).standard_normal(len(band))
    x = band / max(1.0, np.abs(band).max())
    squeezed = np.rint(127 * np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)) / 127
    return np.sign(squeezed) * np.expm1(np.abs(squeezed) * np.log(256)) / 255


def detector():
    """Train logistic regressions on 60 training prompts, real and by the voice; count errors on held-out prompts.

    One learns from the sounds as they are, the other from them and from the same after a telephone line.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, names = speech_voice.split()
    train = some([name for name in train if len(words(speech_voice.texts()[name])) >= 3], 60)
    names, makers = some(names), speech.speakers() | VOCODED
    found = {"training prompts": len(train), "prompts": len(names)}
    learnt = {system: [makers[system](name) for name in train] for system in ("real", "voice")}
    judged = {system: [makers[system](name) for name in names] for system in makers}
    rows = {line: {who: lined(made, line) for who, made in learnt.items()} for line in (False, True)}
    asked = {line: {who: lined(made, line) for who, made in judged.items()} for line in (False, True)}
    for kind, lines in (("called generated", (False,)), ("called generated, learnt with the line", (False, True))):
        x = np.concatenate([rows[line][who] for line in lines for who in ("real", "voice")])
        law = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
        law.fit(x, np.tile(np.repeat([0, 1], len(train)), len(lines)))
        found[kind] = {
            who + (", telephone line" if line else ""): speech.share(law.predict(asked[line][who]))
            for who in makers
            for line in (False, True)
        }
    return {"detector": found}


def lined(made, line):
    """Return the `traits` (n, 258) of sounds, after a telephone line if ``line``."""
    return np.array([traits(through_a_line(sound) if line else sound) for sound in made])


def long():
    """Speak a text of 2,000 words; say how long that took."""
    voice, say = speech_model.load_voice(), speech.rules()
    text = ("please enter the number of your room, then press pound. " * 200).strip()
    begin, clock = time.process_time(), time.perf_counter()
    sound = voice.speak(speech_model.phones_of(text, say))
    took, clock = time.process_time() - begin, time.perf_counter() - clock
    heard = {"words": len(text.split()), "seconds of speech": round(len(sound) / RATE), "CPU seconds": round(took, 1)}
    heard |= {"times real time, CPU": round(len(sound) / RATE / took, 1), "seconds by the clock": round(clock, 1)}
    return {"long text": heard | {"finite": bool(np.isfinite(sound).all())}}


# --- voice-over ------------------------------------------------------------------------------------------------------


def voice_over(parts, say, rate=10, size=(480, 270)):
    """Return (frames uint8 (n, height, width, 3), sound) of parts [(shown, said)]; each grows in while it is spoken.

    The first frames are those of the audible label, which is put before the sound.
    """
    spoken = [np.concatenate([say(said), np.zeros(RATE // 3)]) for _, said in parts]
    lengths = [len(marks.rhythm(RATE)), *map(len, spoken)]
    ends, frames = np.cumsum(lengths) / RATE, []
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 26)  # comes with matplotlib, and has a ²
    for time_shown in np.arange(round(ends[-1] * rate)) / rate:
        picture = Image.new("RGB", size, (16, 32, 60))
        for k, (shown, _) in enumerate(parts):
            done = np.clip((time_shown - ends[k]) / 0.6, 0, 1)
            grey = tuple(int(16 + done * 230) for _ in range(3))
            if done > 0:
                ImageDraw.Draw(picture).text((30, 60 + 70 * k + 20 * (1 - done)), shown, grey, font)
        frames.append(np.asarray(picture))
    return np.stack(frames), np.concatenate(spoken)


def write_film(path, frames, rate, sound):
    """Write frames uint8 (n, height, width, 3) and a sound at RATE as MP4: H.264 and AAC; return the path."""
    import av

    sound = audio.resample(np.asarray(sound, float), RATE, 16000)
    sound = np.float32(0.9 * sound / np.abs(sound).max())
    with av.open(str(path), "w") as made:
        video, voice = made.add_stream("libx264", rate=rate), made.add_stream("aac", rate=16000, layout="mono")
        video.height, video.width, video.pix_fmt = *frames.shape[1:3], "yuv420p"
        for frame in frames:
            made.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        made.mux(video.encode())
        block = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        block.sample_rate = 16000
        made.mux(voice.encode(block))
        made.mux(voice.encode())
    return path


def moving_card(card, seconds, rate=10, least=0.85):
    """Return frames uint8 (n, height, width, 3) of a card that grows from ``least`` of its size to the whole of it.

    It never leaves the frame, so what it says of its origin stays legible. A bar in ten rows below it says how much has
    been spoken. Height and width are even numbers, as H.264 asks.
    """
    height, width = (side - side % 2 for side in card.shape[:2])
    picture, frames = Image.fromarray(card[:height, :width]), []
    for share in np.linspace(0, 1, round(seconds * rate)):
        size = np.rint((least + (1 - least) * share) * np.array([width, height])).astype(int)
        frame = Image.new("RGB", (width, height + 10), (240, 240, 240))
        left, top = (np.array([width, height]) - size) // 2
        frame.paste(picture.resize(size.tolist(), Image.Resampling.LANCZOS), (int(left), int(top)))
        if share > 0:
            ImageDraw.Draw(frame).rectangle((0, height + 2, round(share * (width - 1)), height + 9), (8, 79, 84))
        frames.append(np.asarray(frame))
    return np.stack(frames)


# --- spoken questions ------------------------------------------------------------------------------------------------


def shop_rows(name):
    """Return the rows of a table of data/shop as dictionaries."""
    with open(runtime.shipped("shop", f"{name}.csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page_finder():
    """Return a function of texts to meanings: ridge on runs of letters, learnt from 19's English training questions."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline

    rows = [
        row
        for row in shop_rows("questions_train")
        if row["language"] == "en" and "+" not in row["meanings"] and row["meanings"] != "none"
    ]
    law = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True), RidgeClassifier())
    law.fit([row["text"].lower() for row in rows], [row["meanings"] for row in rows])
    return lambda texts: law.predict([text.lower() for text in texts]).tolist()


def spoken_answer(meaning):
    """Return 19's English page for a meaning as a text to be spoken: its first sentence without an open slot."""
    [row] = [one for one in shop_rows("answers") if one["meaning"] == meaning and one["language"] == "English"]
    sentences = [one for one in re.split(r"(?<=[.!?])\s+", row["answer"]) if "{" not in one]
    return f"{row['title']}. {sentences[0] if sentences else ''}"


def asked():
    """Let the voice ask 19's test questions, Moonshine write them down, and a classifier find the page."""
    rows = [
        row
        for row in shop_rows("questions_test")
        if row["language"] == "en" and "+" not in row["meanings"] and row["meanings"] != "none"
    ]
    pick = np.random.default_rng(0).choice(len(rows), SPOKEN_QUESTIONS, replace=False)
    rows, find = [rows[k] for k in sorted(pick)], page_finder()
    voice, say = speech_model.load_voice(), speech.rules()
    spoken = [speech.heard(voice.speak(speech_model.phones_of(row["text"], say))) for row in rows]
    said = speech.second_hears(spoken)
    right = {
        how: [int(a == row["meanings"]) for a, row in zip(find(texts), rows, strict=True)]
        for how, texts in {"typed": [row["text"] for row in rows], "spoken": said}.items()
    }
    found = {how: speech.share(one) for how, one in right.items()}
    found["lost, won"] = [
        sum(a > b for a, b in zip(right["typed"], right["spoken"], strict=True)),
        sum(a < b for a, b in zip(right["typed"], right["spoken"], strict=True)),
    ]
    found["heard"] = [[row["text"], row["meanings"], text] for row, text in zip(rows, said, strict=True)]
    return {"spoken questions": found | {"questions": len(rows)}}


STAGES = {
    "clips": clips,
    "fresh": fresh,
    "likeness": likeness,
    "spoken": spoken,
    "marked": marked,
    "detector": detector,
    "long": long,
    "asked": asked,
}

if __name__ == "__main__":
    common.run_stages(STAGES, speech.STORE, __doc__)
