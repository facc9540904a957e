"""Prompts nobody recorded: what the front end does, how well the recordings align, and who is understood.

    AIGC_DATA_DIR=FOLDER python benchmarks/speech.py [letters | readings | alignment | closed | opened | second | …]

FOLDER/asterisk_en holds Asterisk's prompts. Needs pocketsphinx, jiwer and num2words; espeak-ng speaks, too,
where it is installed. `second` makes an environment of its own for a second recogniser, moonshine-voice 0.0.49 (MIT):
release 0.1.5 downloads its model, this one carries it. The stages write their parts of speech.json,
data/speech/letters.json.gz and data/speech/alignment.npz (learnt from the recordings: CC BY-SA 3.0, as they are).
"""

import csv
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import audio  # noqa: E402
from benchmarks import common, speech_formants, speech_sounds, speech_text, speech_voice  # noqa: E402

import numpy as np  # noqa: E402

STORE, SHIPPED, BUILD = HERE / "speech.json", HERE.parent / "data" / "speech", HERE.parent / "build" / "speech"
VOICE = HERE.parent / "data" / "pretrained" / "speech_voice.npz"  # by benchmarks/speech_model.py
RULES, ALIGNED, READINGS = SHIPPED / "letters.json.gz", SHIPPED / "alignment.npz", SHIPPED / "readings.tsv"


# --- what is said ----------------------------------------------------------------------------------------------------


def rules():
    """Return the function that spells an unknown word into phonemes by the rules that travel with the project."""
    table = speech_sounds.load_rules(RULES)
    return lambda word: speech_sounds.spell(word, table)


def letters():
    """Learn how letters sound from 115,000 words of the dictionary; measure it on 2,000 words of other families."""
    train, test = speech_sounds.split_by_beginning(speech_sounds.plain_words(), 2000, seed=0)
    pairs = [(word, said[0]) for word, said in train.items()]
    begin, some = time.process_time(), np.random.default_rng(0).permutation(len(pairs))[:20_000]
    cost = speech_sounds.fit_alignment([pairs[k] for k in some])
    table = speech_sounds.train_letters(pairs, cost)
    SHIPPED.mkdir(exist_ok=True)
    speech_sounds.save_rules(table, RULES)
    found = {"training words": len(train), "test words": len(test), "rules": len(table)}
    found |= {"bytes": RULES.stat().st_size, "CPU seconds": round(time.process_time() - begin), "error": {}}
    for level, (left, right) in enumerate(speech_sounds.SIDES):
        spelt = [speech_sounds.spell(word, table, level + 1) for word in test]
        wrong = [
            min(speech_sounds.distance(said, one) / len(one) for one in said_by_people)
            for said, said_by_people in zip(spelt, test.values(), strict=True)
        ]
        rate, words = speech_sounds.error_rate(spelt, list(test.values()))
        half = 1.96 * np.std(wrong, ddof=1) / np.sqrt(len(wrong))
        found["error"][f"{left} to the left, {right} to the right"] = common.rounded([rate, words, half])
    return {"letters": found}


def naive(text):
    """Return the words of a text whose numbers are read by num2words alone, its signs left out: the simple rival."""
    import num2words

    text = re.sub(r"\d+(?:\.\d+)?", lambda m: f" {num2words.num2words(m[0])} ", text.replace(",", ""))
    return re.findall("[a-z']+", re.sub(" and |-", " ", text.lower()))


def cases():
    """Return [(kind, text, what is said)] that were written by hand."""
    with open(READINGS, encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file, delimiter="\t")][1:]


def readings():
    """Count the hand-written cases that are read out as a person would; the cases and the rules have one author."""
    found = {}
    for kind, text, said in cases():
        row = found.setdefault(kind, {"cases": 0, "right": 0, "num2words alone": 0})
        row["cases"] += 1
        row["right"] += [word for word in speech_text.words(text) if word != ","] == said.split()
        row["num2words alone"] += naive(text) == said.split()
    return {"readings": found}


# --- which phoneme when ----------------------------------------------------------------------------------------------


def joined_boundary(listener, first, second, pause, say):
    """Return how far in seconds the aligned end and beginning of two recordings are from where they were joined."""
    sounds = [speech_voice.recording(name) for name in (first, second)]
    sounds = [sound[slice(*speech_voice.heard_part(sound, margin=0.0))] for sound in sounds]
    rate = speech_voice.RECORDED
    both = np.concatenate([sounds[0], 1e-4 * np.random.default_rng(0).standard_normal(round(pause * rate)), sounds[1]])
    said = [pair for name in (first, second) for pair in speech_sounds.phonemes(speech_voice.texts()[name], say)]
    t = speech_voice.align(listener, both, said)
    count = len([word for word, _ in speech_sounds.phonemes(speech_voice.texts()[first], say) if word != ","])
    ends = (t.start + t.frames)[(t.word >= 0) & (t.word < count)].max()
    begins = t.start[t.word >= count].min()
    true = len(sounds[0]) / rate
    return abs(ends / 100 - true), abs(begins / 100 - true - pause)


def alignment():
    """Align all recordings and check it: on joins whose place is known, and on texts that are wrong."""
    say, said, aligned, begin = rules(), speech_voice.texts(), {}, time.process_time()
    listener, failed = speech_voice.aligner(), []
    for name, text in said.items():
        try:
            spoken = speech_sounds.phonemes(text, say)
            aligned[name] = speech_voice.align(listener, speech_voice.recording(name), spoken)
        except ValueError:
            failed.append(name)
    speech_voice.save_timelines(aligned, ALIGNED)
    found = {"recordings": len(said), "aligned": len(aligned), "failed": failed, "bytes": ALIGNED.stat().st_size}
    found["seconds"] = round(sum(t.frames.sum() for t in aligned.values()) / 100)
    found["words"] = int(sum(t.word.max() + 1 for t in aligned.values()))
    found["phones"] = int(sum((t.phone > 0).sum() for t in aligned.values()))
    found["unknown words"] = sorted(
        {word for text in said.values() for word in speech_text.words(text) if not speech_sounds.look_up(word, say)[1]}
        - {","}
    )
    usual = speech_voice.usual_frames(aligned)
    found["median frames"] = dict(zip(speech_voice.PHONES, usual.astype(int).tolist(), strict=True))
    rng = np.random.default_rng(1)
    short = [name for name in aligned if aligned[name].word.max() < 3 and len(aligned[name].phone) < 16]
    pairs = [rng.choice(short, 2, replace=False) for _ in range(60)]
    errors = np.array([joined_boundary(listener, *pair, 0.3, say) for pair in pairs]).ravel()
    found["known joins"] = {
        "joins": len(pairs),
        "median ms": round(1000 * float(np.median(errors))),
        "90 % within ms": round(1000 * float(np.quantile(errors, 0.9))),
    }
    found["CPU seconds"] = round(time.process_time() - begin)
    return {"alignment": found}


# --- who speaks ------------------------------------------------------------------------------------------------------


def training_bank():
    """Return the `Bank` of the training recordings, those that could be aligned."""
    train, _ = speech_voice.split()
    aligned = speech_voice.load_timelines(ALIGNED)
    return speech_voice.make_bank([name for name in train if name in aligned], aligned)


def formant_voice(said, usual):
    """Return the formant synthesiser's sound for [(word, phonemes)], each phone 1.3 times as long as is usual.

    Tempo, pitch and the level of the noise were chosen by ear of a recogniser on eight training prompts.
    """
    phones = ["SIL", *(phone for _, part in said for phone in part), "SIL"]
    seconds = [usual[speech_voice.PHONES.index(phone)] / 100 for phone in phones]
    return speech_formants.speak(phones, 1.3 * np.minimum(seconds, 0.2))


def speakers():
    """Return {system: function of a held-out name -> its sound at RATE}."""
    say, bank, said = rules(), training_bank(), speech_voice.texts()
    usual = speech_voice.usual_frames(bank.timelines)
    found = {
        "real": lambda name: speech_voice.recording(name, speech_voice.RATE),
        "spliced": lambda name: speech_voice.splice(speech_sounds.phonemes(said[name], say), bank)[0],
        "formants": lambda name: formant_voice(speech_sounds.phonemes(said[name], say), usual),
    }
    if shutil.which("espeak-ng"):
        for system, voice in (("espeak-ng", "en-us"), ("espeak-ng, female", "en-us+f3")):
            found[system] = lambda name, v=voice: speech_voice.espeak(" ".join(speech_text.words(said[name])), v)
    if VOICE.is_file():
        from benchmarks import speech_model

        voice = speech_model.load_voice(VOICE)
        found["voice"] = lambda name: voice.speak(speech_model.phones_of(said[name], say))
    return found


def heard(sound, rate=speech_voice.RATE):
    """Return a sound as a recogniser gets it: at 16,000 samples a second, root mean square 0.05, silence around it."""
    sound = audio.resample(np.asarray(sound, float), rate, speech_voice.RECORDED)
    sound = np.pad(sound, speech_voice.RECORDED // 5)
    return 0.05 * sound / np.sqrt(np.mean(sound**2))


# --- who is understood -----------------------------------------------------------------------------------------------


def expected_words(name):
    """Return the words of a prompt."""
    return [word for word in speech_text.words(speech_voice.texts()[name]) if word != ","]


def understood(text):
    """Return the words of what a recogniser wrote, [] for nothing."""
    try:
        return [word for word in speech_text.words(text) if word != ","]
    except ValueError:
        return []


def listen(listener, sound):
    """Return what pocketsphinx hears in a sound at 16,000 samples a second."""
    listener.start_utt()
    listener.process_raw(speech_voice.as_bytes(sound), full_utt=True)
    listener.end_utt()
    return listener.hyp().hypstr if listener.hyp() else ""


def closed_listener(names, say):
    """Return pocketsphinx's decoder that knows the prompts ``names`` alone."""
    listener = speech_voice.decoder(lm=None, cmn="batch")
    for word in sorted({word for name in names for word in expected_words(name)}):
        if listener.lookup_word(word) is None:
            listener.add_word(word, " ".join(speech_sounds.look_up(word, say)[0]), True)
    choices = " | ".join(" ".join(expected_words(name)) for name in names)
    listener.add_jsgf_string("prompts", f"#JSGF V1.0; grammar prompts; public <prompt> = {choices};")
    listener.activate_search("prompts")
    return listener


def nearest(said, names):
    """Return the prompt whose words are nearest to what was heard, by edits of letters."""
    from rapidfuzz.distance import Levenshtein

    texts = [" ".join(expected_words(name)) for name in names]
    return names[int(np.argmin([Levenshtein.normalized_distance(" ".join(said), text) for text in texts]))]


def word_error_rate(names, said):
    """Return jiwer's word error rate of what was heard, with a 95 % interval over prompts (bootstrap)."""
    import jiwer

    counts = []
    for name, words in zip(names, said, strict=True):
        out = jiwer.process_words(" ".join(expected_words(name)), " ".join(words))
        counts.append((out.substitutions + out.deletions + out.insertions, len(expected_words(name))))
    counts = np.array(counts)
    draws = counts[np.random.default_rng(0).integers(len(counts), size=(2000, len(counts)))].sum(1)
    low, high = np.quantile(draws[:, 0] / draws[:, 1], [0.025, 0.975])
    return common.rounded([counts[:, 0].sum() / counts[:, 1].sum(), low, high])


def share(right):
    """Return the share of right answers with Wilson's 95 % interval."""
    from scipy import stats

    interval = stats.binomtest(int(sum(right)), len(right)).proportion_ci(method="wilson")
    return common.rounded([np.mean(right), interval.low, interval.high])


def judged(names, said, chosen):
    """Return what a judge says of a system: closed set, word error rate, each answer; None is left out."""
    row = {}
    if chosen is not None:
        right = [int(a == b) for a, b in zip(chosen, names, strict=True)]
        row |= {"closed": share(right), "right": right}
    if said is not None:
        row |= {"word error rate": word_error_rate(names, said), "said": [" ".join(words) for words in said]}
    return row


def held_out_sounds(judge, measure):
    """Return (held-out names, {system: their sounds as recognisers get them}); also the real voice at its full band.

    Systems of which the judge's measure is in speech.json are left out: delete a row to have it heard again.
    """
    _, names = speech_voice.split()
    known = {
        name for name, row in json.loads(STORE.read_text(encoding="utf-8")).get(judge, {}).items() if measure in row
    }
    whole = {"real, 16 kHz": lambda name: speech_voice.recording(name, speech_voice.RECORDED)}
    sounds = {}
    for system, speak in (whole | speakers()).items():
        rate = speech_voice.RECORDED if system in whole else speech_voice.RATE
        if system not in known:
            sounds[system] = [heard(speak(name), rate) for name in names]
    return names, sounds


def choose(names, spoken, say):
    """Return which of the prompts pocketsphinx takes each sound for, "" for none; it knows no other sentence."""
    closed, by_text = closed_listener(names, say), {" ".join(expected_words(name)): name for name in names}
    return [by_text.get(listen(closed, sound), "") for sound in spoken]


def write_down(spoken):
    """Return the words that pocketsphinx hears in each sound, of any words that it knows."""
    opened = speech_voice.decoder(cmn="batch")
    return [understood(listen(opened, sound)) for sound in spoken]


def keep(judge, system, row):
    """Add a judge's row on one system to speech.json, what is there of it stays."""
    before = json.loads(STORE.read_text(encoding="utf-8")).get(judge, {})
    common.add(STORE, {judge: before | {system: before.get(system, {}) | row}})
    print(judge, system, row.get("closed"), row.get("word error rate"), flush=True)


def closed():
    """Let pocketsphinx choose among the held-out prompts, for all systems."""
    names, sounds = held_out_sounds("pocketsphinx", "closed")
    say = rules()
    for system, spoken in sounds.items():
        seconds = round(sum(map(len, spoken)) / speech_voice.RECORDED)
        keep("pocketsphinx", system, judged(names, None, choose(names, spoken, say)) | {"seconds": seconds})
    return {"held out": names, "splicing": splicing_of(names)}


def opened():
    """Let pocketsphinx write down what it hears of all systems; compare the voice with each of the others."""
    names, sounds = held_out_sounds("pocketsphinx", "word error rate")
    for system, spoken in sounds.items():
        keep("pocketsphinx", system, judged(names, write_down(spoken), None))
    rows = json.loads(STORE.read_text(encoding="utf-8"))["pocketsphinx"]
    said = {system: [line.split() for line in row["said"]] for system, row in rows.items()}
    gaps = {other: rate_gap(names, said["voice"], said[other]) for other in said if other != "voice"}
    return {"word error rate, the voice less": gaps}


def rate_gap(names, one, other, seed=0):
    """Return [difference, low, high] of two word error rates on the same prompts, resampled in pairs."""
    import jiwer

    counts = []
    for name, *both in zip(names, one, other, strict=True):
        right = expected_words(name)
        edits = [jiwer.wer(" ".join(right), " ".join(said)) * len(right) for said in both]
        counts.append((*edits, len(right)))
    counts = np.array(counts)
    draws = counts[np.random.default_rng(seed).integers(len(counts), size=(2000, len(counts)))].sum(1)
    low, high = np.quantile((draws[:, 0] - draws[:, 1]) / draws[:, 2], [0.025, 0.975])
    return common.rounded([(counts[:, 0] - counts[:, 1]).sum() / counts[:, 2].sum(), low, high])


def splicing_of(names):
    """Return the share of the held-out words that are in the training recordings, and the mean run that is cut out."""
    bank, pieces, found, total = training_bank(), 0, 0, 0
    for name in names:
        words = expected_words(name)
        total += len(words)
        while words:
            _, _, run = speech_voice.longest(words, bank.by_word.get(words[0], []), bank.words)
            found, pieces, words = found + run, pieces + 1, words[max(run, 1) :]
    return {
        "words": total,
        "found as words": common.rounded(found / total),
        "words a piece": common.rounded(total / pieces),
    }


MOONSHINE = "moonshine-voice==0.0.49 numpy==2.2.6 sounddevice==0.5.6 cffi==2.1.1 pycparser==3.12 "
MOONSHINE += "requests==2.32.5 urllib3==2.5.0 certifi==2025.8.3 idna==3.10 charset-normalizer==3.4.3 "
MOONSHINE += "tqdm==4.67.1 filelock==3.19.1 platformdirs==4.4.0"


def hear_all(folder):
    """Write heard.json: what Moonshine's tiny model (Jeffries et al. 2024) hears in each sound of a folder's NPZ."""
    import json
    from pathlib import Path

    import numpy as np
    from moonshine_voice import ModelArch, Transcriber, get_model_path

    model = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY)
    with np.load(Path(folder) / "sounds.npz") as sounds:
        said = {
            name: " ".join(line.text for line in model.transcribe_without_streaming(sounds[name].tolist(), 16000).lines)
            for name in sounds.files
        }
    (Path(folder) / "heard.json").write_text(json.dumps(said), encoding="utf-8")


def second_hears(spoken):
    """Return the text that Moonshine, in an environment of its own, writes for sounds at 16,000 samples a second."""
    python = BUILD / "moonshine" / "bin" / "python"
    if not python.is_file():
        python = common.environment(BUILD / "moonshine", MOONSHINE)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "sounds.npz", **{str(k): s.astype(np.float32) for k, s in enumerate(spoken)})
        common.run_apart(python, [hear_all], f"hear_all({folder!r})")
        text = json.loads((Path(folder) / "heard.json").read_text(encoding="utf-8"))
    return [text[str(k)] for k in range(len(spoken))]


def second():
    """Let Moonshine, which aligned nothing, judge all systems: the nearest prompt to what it writes is its choice."""
    names, sounds = held_out_sounds("moonshine", "closed")
    for system, spoken in sounds.items():
        said = [understood(text) for text in second_hears(spoken)]
        keep("moonshine", system, judged(names, said, [nearest(words, names) for words in said]))
    stored = json.loads(STORE.read_text(encoding="utf-8"))
    return {"both wrong": both_wrong(stored["pocketsphinx"], stored["moonshine"])}


def again():
    """Let Moonshine hear the voice once more, on another machine: rounding differs there, and so do the sounds."""
    _, names = speech_voice.split()
    speak = speakers()["voice"]
    said = [understood(text) for text in second_hears([heard(speak(name)) for name in names])]
    keep("moonshine", "voice, again", judged(names, said, [nearest(words, names) for words in said]))
    return {}


def both_wrong(first, second):
    """Return for each system how many prompts either judge misunderstands, and both: they may err together."""
    found = {}
    for system in first.keys() & second.keys():
        a, b = (1 - np.array(judge[system]["right"]) for judge in (first, second))
        found[system] = {"first": int(a.sum()), "second": int(b.sum()), "both": int((a & b).sum())}
        found[system]["both by chance"] = common.rounded(float(a.mean() * b.mean() * len(a)), 1)
    return dict(sorted(found.items()))


STAGES = {
    "letters": letters,
    "readings": readings,
    "alignment": alignment,
    "closed": closed,
    "opened": opened,
    "second": second,
    "again": again,
}

if __name__ == "__main__":
    common.run_stages(STAGES, STORE, __doc__)
