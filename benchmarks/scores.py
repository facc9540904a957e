"""Notes as scores, files and sound: MusicXML, MIDI, engraving, a synthesiser, background music, a listening test.

A piece holds notes int (n, 4): voice (0 soprano to 3 bass), start, duration and pitch; start and duration count
sixteenths, four a quarter, and pitch is a MIDI number. Notebook 17 shows these functions: they are written into it
from here.
"""

import contextlib
import dataclasses
import itertools
import json
import math
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import marks, plots, widgets  # noqa: E402

import numpy as np  # noqa: E402

VOICES = ("soprano", "alto", "tenor", "bass")
FIFTHS = "FCGDAEB"  # letters along the line of fifths, from −1
LOWEST = {"major": -3, "minor": -5}  # the flattest of twelve spellings, in fifths from the tonic
VISIBLE = "AI-generated (AI生成)"  # what a reader of the page sees, in the title
WRITTEN = (16, 12, 8, 6, 4, 3, 2, 1)  # sixteenths of notes that have a sign of their own, with at most one dot

# --- pieces -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Piece:
    """Notes and what is known beside them.

    ``notes`` int (n, 4) as above, ordered by start and voice here; ``tonic`` a pitch class 0 to 11, ``mode`` "major" or
    "minor", ``metre`` such as "4/4", ``pickup`` the sixteenths before the first whole bar, ``fermatas`` the starts of
    notes that are held: there a phrase ends. Raises ValueError, which names the first fault.
    """

    notes: np.ndarray
    tonic: int
    mode: str
    metre: str = "4/4"
    pickup: int = 0
    fermatas: tuple = ()
    title: str = ""

    def __post_init__(self):
        notes = np.asarray(self.notes)
        if fault := fault_of(notes) or fault_beside(self):
            raise ValueError(f"received a piece in which {fault}.")
        order = np.lexsort((notes[:, 0], notes[:, 1]))
        object.__setattr__(self, "notes", notes[order].astype(int))
        object.__setattr__(self, "fermatas", tuple(int(start) for start in self.fermatas))

    @property
    def length(self):
        """Sixteenths until the last note ends."""
        return int((self.notes[:, 1] + self.notes[:, 2]).max())

    @property
    def bar(self):
        """Sixteenths of a bar."""
        return sixteenths(self.metre)


def sixteenths(metre):
    """Return the sixteenths of a bar of a metre such as "6/8"; ValueError for one that they do not fill."""
    found = re.fullmatch(r"([1-9]\d?)/(1|2|4|8|16)", str(metre))
    if not found:
        raise ValueError(f"received the metre {metre!r}; expected one such as '4/4', '3/4' or '6/8'.")
    return int(found[1]) * 16 // int(found[2])


def fault_of(notes):
    """Return what is wrong with notes (n, 4), in words, or "": shape, ranges, a voice that sings two notes at once."""
    if notes.ndim != 2 or notes.shape[1:] != (4,) or not len(notes) or notes.dtype.kind not in "iu":
        return f"notes are {notes.dtype} {notes.shape}; expected integers (n, 4), n at least 1"
    least, most = notes.min(axis=0), notes.max(axis=0)
    if least[0] < 0 or most[0] > 3 or least[1] < 0 or least[2] < 1 or least[3] < 12 or most[3] > 120:
        return f"columns run from {least.tolist()} to {most.tolist()}; expected voices 0 to 3, pitches 12 to 120"
    for voice in np.unique(notes[:, 0]):
        own = notes[notes[:, 0] == voice]
        own = own[np.argsort(own[:, 1], kind="stable")]
        if (own[:-1, 1] + own[:-1, 2] > own[1:, 1]).any():
            at = own[1:, 1][own[:-1, 1] + own[:-1, 2] > own[1:, 1]][0]
            return f"voice {voice} has two notes at once, at sixteenth {at}"
    return ""


def fault_beside(piece):
    """Return what is wrong with key, metre or pick-up, in words, or ""."""
    if piece.tonic not in range(12) or piece.mode not in LOWEST:
        return f"the key is {piece.tonic!r} {piece.mode!r}; expected a tonic 0 to 11 and 'major' or 'minor'"
    if not 0 <= piece.pickup < sixteenths(piece.metre):
        return f"the pick-up has {piece.pickup} sixteenths; expected fewer than a bar of {piece.metre}"
    return ""


def transposed(piece, steps):
    """Return a piece ``steps`` semitones higher, its key with it."""
    notes = piece.notes + np.array([0, 0, 0, steps])
    return dataclasses.replace(piece, notes=notes, tonic=(piece.tonic + steps) % 12)


def phrases(piece):
    """Return [(start, end)] of phrases in sixteenths: each ends with the upper voice's note under a fermata.

    Without fermatas a phrase has four bars.
    """
    upper = piece.notes[piece.notes[:, 0] == piece.notes[:, 0].min()]
    ends = [s + d for _, s, d, _ in upper.tolist() if any(s <= held < s + d for held in piece.fermatas)]
    if not ends:
        ends = list(range(piece.pickup + 4 * piece.bar, piece.length, 4 * piece.bar))
    edges = sorted({0, piece.length, *(end for end in ends if end < piece.length)})
    return list(itertools.pairwise(edges))


# --- spelling ---------------------------------------------------------------------------------------------------------


def signature(tonic, mode):
    """Return the sharps of a key, −5 to 6; flats count below 0, and of two spellings the one with fewer signs holds."""
    major = (tonic + (3 if mode == "minor" else 0)) % 12
    return (7 * major + 5) % 12 - 5


def spell(pitch, tonic, mode):
    """Return (letter, sharps, octave) of a MIDI number in a key: (71, 0, "major") is ("B", 0, 4).

    Of the names of a pitch class that one is taken which lies nearest on the line of fifths: in C major E flat to
    G sharp, in A minor B flat to D sharp (Temperley 2001, *The Cognition of Basic Musical Structures*, ch. 5).
    """
    centre = signature(tonic, mode) + (3 if mode == "minor" else 0)
    lowest = centre + LOWEST[mode]
    place = lowest + (7 * pitch - lowest) % 12
    sharps = (place + 1) // 7
    return FIFTHS[(place + 1) % 7], sharps, (pitch - sharps) // 12 - 1


def name_of(pitch, tonic, mode):
    """Return music21's name of a pitch, such as "F#4" or "B-3"."""
    letter, sharps, octave = spell(pitch, tonic, mode)
    return letter + ("#" * sharps if sharps > 0 else "-" * -sharps) + str(octave)


# --- the score --------------------------------------------------------------------------------------------------------


def pieces_of(start, end, pickup, bar):
    """Return [(start, duration)] that fill a time with signs of WRITTEN, none of which crosses a barline."""
    parts = []
    while start < end:
        left = bar - (start - pickup) % bar  # until the next barline
        duration = next(d for d in WRITTEN if d <= min(left, end - start))
        parts.append((start, duration))
        start += duration
    return parts


def barlines(piece):
    """Return the starts of bars and the end of the last, which lacks the pick-up where that fits."""
    first = [0] if piece.pickup else []
    count = max(1, math.ceil((piece.length - piece.pickup) / piece.bar))
    starts = first + [piece.pickup + k * piece.bar for k in range(count)]
    end = starts[-1] + piece.bar
    return [*starts, end - piece.pickup if end - piece.pickup >= piece.length else end]


def events(piece, voice):
    """Return [(start, duration, note, tie)] of a voice with its rests; note is a row of ``notes`` or None."""
    found, now, end = [], 0, barlines(piece)[-1]
    for note in piece.notes[piece.notes[:, 0] == voice].tolist():
        found += [(*part, None, None) for part in pieces_of(now, note[1], piece.pickup, piece.bar)]
        now = note[1] + note[2]
        parts = pieces_of(note[1], now, piece.pickup, piece.bar)
        for k, part in enumerate(parts):
            last = k == len(parts) - 1
            tie = None if len(parts) == 1 else "start" if k == 0 else "stop" if last else "continue"
            found.append((*part, note, tie))
    return found + [(*part, None, None) for part in pieces_of(now, end, piece.pickup, piece.bar)]


def as_note(piece, event):
    """Return the music21 note or rest of an event, tied, with its fermata and how loud it is (`velocities`)."""
    from music21 import expressions, note, tie

    _, duration, row, tied = event
    if row is None:
        return note.Rest(quarterLength=duration / 4)
    made = note.Note(name_of(row[3], piece.tonic, piece.mode), quarterLength=duration / 4)
    made.volume.velocity = int(velocities(piece, np.array([row]))[0])
    if len(staves_of(piece)) > 1:
        made.stemDirection = "down" if row[0] % 2 else "up"
    if tied:
        made.tie = tie.Tie(tied)
    if row[1] in piece.fermatas and row[0] == 0 and tied in (None, "stop"):
        held = expressions.Fermata()
        held.type, held.placement = "upright", "above"
        made.expressions.append(held)
    return made


def velocities(piece, notes=None, base=64, swing=16):
    """Return how loud notes are (n,), 1 to 127: an arch over each phrase, from base − swing up and back."""
    notes = piece.notes if notes is None else notes
    level = np.empty(len(notes))
    for start, end in phrases(piece):
        inside = (notes[:, 1] >= start) & (notes[:, 1] < end)
        level[inside] = -np.cos(2 * np.pi * (notes[inside, 1] - start) / (end - start))
    return np.clip(np.round(base + swing * level), 1, 127).astype(int)


def paces(piece, slowest=0.6):
    """Return the pace (length,) of each sixteenth, 1 the tempo: over the last bar it falls evenly to ``slowest``."""
    pace = np.ones(piece.length)
    last = min(piece.bar, piece.length)
    pace[-last:] = np.linspace(1, slowest, last + 1)[1:]
    return pace


def clock(piece, tempo, slowest=0.6):
    """Return the seconds (length + 1,) at which sixteenths begin, at ``tempo`` quarters a minute (`paces`)."""
    return np.concatenate([[0], np.cumsum(15 / (tempo * paces(piece, slowest)))])


def staves_of(piece):
    """Return the voices of each staff: one staff for one voice, else soprano and alto over tenor and bass."""
    present = set(piece.notes[:, 0].tolist())
    return [tuple(present)] if len(present) == 1 else [(0, 1), (2, 3)]


def as_score(piece, tempo=None, says=None):
    """Return a music21 score: key, metre, ties over barlines, fermatas, dynamics, tempo, and a ritardando at the end.

    ``tempo`` are quarters a minute, or None for none; ``says`` is a `provenance.Label`, by which the file is labelled.
    """
    from music21 import layout, metadata, stream

    score = stream.Score()
    title = f"{piece.title or 'Untitled'} · {VISIBLE}" if says else piece.title or "Untitled"
    score.metadata = metadata.Metadata(title=title, composer=says.system if says else " ")
    staves = staves_of(piece)
    parts = [staff(piece, voices, k == len(staves) - 1 and len(staves) > 1) for k, voices in enumerate(staves)]
    for part in parts:
        score.insert(0, part)
    if len(parts) > 1:
        score.insert(0, layout.StaffGroup(parts, symbol="brace", barTogether=True))
    if tempo:
        mark_expression(piece, score, parts[0], tempo)
    return score


def staff(piece, voices, low):
    """Return a music21 part: the bars of some voices on one staff, in the bass clef where ``low``."""
    from music21 import clef, key, meter, stream

    part = stream.PartStaff() if len(staves_of(piece)) > 1 else stream.Part()
    lines, every = barlines(piece), {voice: events(piece, voice) for voice in voices}
    for k, (start, end) in enumerate(itertools.pairwise(lines)):
        bar = stream.Measure(number=k + (0 if piece.pickup else 1))
        if k == 0:
            bar.insert(0, clef.BassClef() if low else clef.TrebleClef())
            bar.insert(0, key.KeySignature(signature(piece.tonic, piece.mode)))
            bar.insert(0, meter.TimeSignature(piece.metre))
            bar.paddingLeft = (piece.bar - piece.pickup) / 4 if piece.pickup else 0
        for number, voice in enumerate(voices, 1):
            into = bar if len(voices) == 1 else stream.Voice(id=str(number))
            for event in every[voice]:
                if start <= event[0] < end:
                    into.insert((event[0] - start) / 4, as_note(piece, event))
            if into is not bar:
                bar.insert(0, into)
        part.append(bar)
    part.measure(lines and len(lines) - 2 + (0 if piece.pickup else 1)).rightBarline = "final"
    return part


def mark_expression(piece, score, top, tempo):
    """Write the tempo, a hairpin to the middle of each phrase and back, and the ritardando of `paces` into a score."""
    from music21 import dynamics, expressions
    from music21 import tempo as tempi

    upper = [one.voices[0] if one.voices else one for one in top.getElementsByClass("Measure")]
    sung = [one for part in upper for one in part.getElementsByClass("Note")]
    starts = np.array([4 * float(one.getOffsetInHierarchy(score)) for one in sung])
    first, last = top.getElementsByClass("Measure").first(), top.getElementsByClass("Measure").last()
    first.insert(0, tempi.MetronomeMark(number=tempo))
    first.insert(0, dynamics.Dynamic("mp"))
    last.insert(0, expressions.TextExpression("rit."))
    for start, end in phrases(piece):
        inside = np.flatnonzero((starts >= start) & (starts < end))
        if len(inside) >= 4:
            middle = len(inside) // 2
            low, before, after, high = (sung[inside[k]] for k in (0, middle - 1, middle, -1))
            top.insert(0, dynamics.Crescendo(low, before))
            top.insert(0, dynamics.Diminuendo(after, high))


# --- files ------------------------------------------------------------------------------------------------------------


def label_fields(piece, says):
    """Return {name: text} that says how a file was made: GB 45438's entry and IPTC's properties (`provenance.Label`).

    Without a number of its own the label gets the beginning of the SHA-256 of the notes.
    """
    import hashlib

    number = says.number or hashlib.sha256(piece.notes.astype("<i4").tobytes()).hexdigest()[:32]
    says = dataclasses.replace(says, number=number)
    return {"AIGC": json.dumps(says.aigc(), separators=(",", ":"))} | says.iptc()


def to_musicxml(piece, tempo=72, says=None):
    """Return a piece as MusicXML text; ``says`` puts a label into ``rights`` and ``miscellaneous`` of its head.

    No rule names a place in MusicXML: these fields are a convention of this project. The date is left out, so that the
    same piece gives the same text.
    """
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    text = GeneralObjectExporter(as_score(piece, tempo, says)).parse().decode("utf-8")
    text = re.sub(r"\s*<encoding-date>.*?</encoding-date>", "", text)
    text = re.sub(r"<note.*?</note>", with_own_voice, text, flags=re.DOTALL)
    for k, name in enumerate(re.findall(r'<score-part id="(.*?)"', text), 1):
        text = text.replace(f'"{name}"', f'"P{k}"')
    if not says:
        return re.sub(r'\s*<creator type="composer">.*?</creator>', "", text)
    fields = ET.Element("miscellaneous")
    for key, value in label_fields(piece, says).items():
        ET.SubElement(fields, "miscellaneous-field", name=key).text = value
    text = text.replace("<encoding>", f"<rights>{VISIBLE}</rights>\n    <encoding>", 1)
    return text.replace("</identification>", f"  {ET.tostring(fields, 'unicode')}\n  </identification>", 1)


def with_own_voice(found):
    """Return the text of a matched note, with voices 5 and 6 in the lower staff.

    music21 numbers the voices of both staves 1 and 2; verovio then ties equal pitches from one staff to the other.
    """
    text = found[0]
    return re.sub("<voice>(.)", lambda v: f"<voice>{int(v[1]) + 4}", text) if "<staff>2" in text else text


def label_in_musicxml(text):
    """Return {name: text} of the fields ``miscellaneous`` of a MusicXML text."""
    root = ET.fromstring(text.encode("utf-8"))
    return {one.get("name"): one.text for one in root.iterfind("identification/miscellaneous/miscellaneous-field")}


def to_midi(piece, path, tempo=72, says=None):
    """Write a piece as a MIDI file, a track and a channel for each voice; return the path.

    Velocities and tempo follow `velocities` and `paces`; ``says`` becomes a copyright event and text events.
    """
    from music21 import midi

    file = midi.translate.streamToMidiFile(as_parts(piece, tempo))
    texts = [("SEQUENCE_TRACK_NAME", piece.title or "Untitled")]
    if says:
        texts.append(("COPYRIGHT_NOTICE", f"{VISIBLE} {says.system}, {says.producer}"))
        texts += [("TEXT_EVENT", f"{name}={text}") for name, text in label_fields(piece, says).items()]
    for k, track in enumerate(file.tracks[1:], 1):  # music21 gives equal instruments one channel, where unisons collide
        for event in track.events:
            if event.channel is not None:
                event.channel = k
    head = file.tracks[0]
    for kind, text in reversed(texts):
        event = midi.MidiEvent(head, type=midi.MetaEvents[kind], channel=1)
        event.data = text.encode("utf-8")
        head.events[:0] = [midi.DeltaTime(head, time=0), event]
    file.open(str(path), "wb")
    file.write()
    file.close()
    return Path(path)


def as_parts(piece, tempo):
    """Return a music21 score for MIDI: a part without bars for each voice, in a channel of its own, and the tempo."""
    from music21 import instrument, key, meter, note, stream
    from music21 import tempo as tempi

    score, level = stream.Score(), velocities(piece)
    for voice in np.unique(piece.notes[:, 0]):
        part = stream.Part()
        part.insert(0, instrument.Choir())
        for row, velocity in zip(piece.notes.tolist(), level, strict=True):
            if row[0] == voice:
                one = note.Note(row[3], quarterLength=row[2] / 4)
                one.volume.velocity = int(velocity)
                part.insert(row[1] / 4, one)
        score.insert(0, part)
    first = score.parts[0]
    first.insert(0, meter.TimeSignature(piece.metre))
    first.insert(0, key.KeySignature(signature(piece.tonic, piece.mode)))
    for start, pace in enumerate(paces(piece)):
        if start == 0 or pace != paces(piece)[start - 1]:
            first.insert(start / 4, tempi.MetronomeMark(number=round(tempo * pace, 2)))
    return score


# --- read back by another library -------------------------------------------------------------------------------------


def sounding(notes):
    """Return what is heard of notes, [(voice, start, duration, pitch)] ordered: no bars, ties or names."""
    return sorted(tuple(int(value) for value in row) for row in np.asarray(notes))


def read_musicxml(text):
    """Return the sounding notes of a MusicXML text as verovio reads it; the voice counts from the upper staff down.

    verovio's time map lists each note of a tie by itself, so they are joined by MEI's ``tie`` elements; and it takes
    part of a file for a whole one, so the text has to be whole. Raises ValueError.
    """
    import verovio

    if not text.rstrip().endswith("</score-partwise>"):
        raise ValueError("received MusicXML that was cut short; expected it to end with </score-partwise>.")
    toolkit = verovio.toolkit()
    if not toolkit.loadData(text):
        raise ValueError("verovio does not read the text as MusicXML.")
    mei = ET.fromstring(toolkit.getMEI())
    times = {}
    for moment in toolkit.renderToTimemap():
        for name in moment.get("on", []):
            times[name] = [moment["qstamp"]]
        for name in moment.get("off", []):
            times[name].append(moment["qstamp"])
    return joined(_places(mei), times, _ties(mei), toolkit)


_MEI = "{http://www.music-encoding.org/ns/mei}"
_ID = "{http://www.w3.org/XML/1998/namespace}id"


def _places(mei):
    """Return {id of a note: (staff, layer)} of MEI, counted from 0; the lower staff has layers 5 and 6."""
    found = {}
    for staff_ in mei.iter(f"{_MEI}staff"):
        for layer in staff_.iter(f"{_MEI}layer"):
            place = int(staff_.get("n")) - 1, (int(layer.get("n")) - 1) % 4
            found |= {one.get(_ID): place for one in layer.iter(f"{_MEI}note")}
    return found


def _ties(mei):
    """Return {id of a note: id of the note that it is tied to} of MEI."""
    return {one.get("startid")[1:]: one.get("endid")[1:] for one in mei.iter(f"{_MEI}tie")}


def joined(places, times, ties, toolkit):
    """Return the sounding notes of what verovio read: ids with their places, times in quarters and ties."""
    found, continued = [], set(ties.values())
    for name in times.keys() - continued:
        last = name
        while last in ties:
            last = ties[last]
        start, end = round(4 * times[name][0]), round(4 * times[last][1])
        pitch = toolkit.getMIDIValuesForElement(name)["pitch"]
        found.append((2 * places[name][0] + places[name][1], start, end - start, pitch))
    return sorted(found)


def read_midi(path):
    """Return (sounding notes, {name: text} of the label, [(seconds a quarter, quarter)]) of a MIDI file, by mido.

    The voice of a note is the number of its track among those with notes. Raises ValueError for a note without an end.
    """
    import mido

    file = mido.MidiFile(path, charset="utf-8")
    per, found, label, tempi = file.ticks_per_beat / 4, [], {}, []
    voices = [track for track in file.tracks if any(one.type == "note_on" for one in track)]
    for track in file.tracks:
        now, open_ = 0, {}
        for one in track:
            now += one.time
            if one.type == "note_on" and one.velocity:
                open_.setdefault((one.channel, one.note), []).append(now)
            elif one.type in ("note_off", "note_on"):
                start = open_[one.channel, one.note].pop(0)
                found.append((voices.index(track), round(start / per), round((now - start) / per), one.note))
            elif one.type == "set_tempo":
                tempi.append((one.tempo / 1e6, now / file.ticks_per_beat))
            elif one.type == "text" and "=" in one.text:
                label |= [one.text.split("=", 1)]
        if any(open_.values()):
            raise ValueError(f"{path} has a note that does not end.")
    return sorted(found), label, tempi


# --- engraving --------------------------------------------------------------------------------------------------------


def engrave(text, scale=40, width=2100):
    """Return the pages of a MusicXML text as SVG texts, engraved by verovio; ``width`` in tenths of a millimetre.

    Raises ValueError for a text that verovio does not read.
    """
    import verovio

    toolkit = verovio.toolkit()
    options = {"scale": scale, "pageWidth": width, "adjustPageHeight": True, "breaks": "auto", "footer": "none"}
    toolkit.setOptions(options | {"xmlIdSeed": 1, "mnumInterval": 0, "svgViewBox": True})
    if not toolkit.loadData(text):
        raise ValueError("verovio does not read the text as MusicXML; read it back with `read_musicxml` first.")
    return [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]


def piano_roll(piece, axes=None, seconds=None):
    """Draw a piece's notes as bars over time, a colour a voice; return the figure.

    Time in bars, or in seconds by ``seconds`` (length + 1,) as from `clock`; dotted lines mark where phrases end.
    """
    import matplotlib.pyplot as plt

    axes = plt.subplots(figsize=(9, 3), layout="constrained")[1] if axes is None else axes
    at = (np.arange(piece.length + 1) - piece.pickup) / piece.bar + 1 if seconds is None else np.asarray(seconds)
    for voice in np.unique(piece.notes[:, 0]):
        own = piece.notes[piece.notes[:, 0] == voice]
        begin = at[own[:, 1]]
        width = at[own[:, 1] + own[:, 2]] - begin
        axes.barh(own[:, 3], width, left=begin, height=0.8, color=f"C{voice}", ec="white", lw=0.4, label=VOICES[voice])
    for _, end in phrases(piece):
        axes.axvline(at[end], color="grey", ls=":", lw=0.8)
    axes.set(xlabel="bar" if seconds is None else "time (s)", ylabel="pitch (MIDI number)", title=piece.title)
    axes.legend(ncols=4, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    return axes.figure


# --- sound ------------------------------------------------------------------------------------------------------------

RATE = 44_100  # samples a second
PLACES = (-0.5, -0.2, 0.2, 0.5)  # of the voices between the loudspeakers, −1 left to 1 right
VOWEL = ((320, 120, 1.0), (800, 140, 0.3), (2300, 250, 0.03))  # Hz, width in Hz, height: a sung "oo", roughly


class Timbre(NamedTuple):
    """How a note sounds: ``heights`` of its harmonics, or None for a sung vowel; the rest in seconds or 1/seconds.

    A note fades by ``decay`` a second, its k-th harmonic by k·``damping`` more; ``vibrato`` in cents, five a second.
    """

    heights: tuple | None
    attack: float
    release: float
    decay: float = 0.0
    damping: float = 0.0
    vibrato: float = 0.0


TIMBRES = {
    "organ": Timbre((1.0, 0.8, 0.5, 0.7, 0.2, 0.5, 0.1, 0.5, 0.0, 0.2, 0.0, 0.3), attack=0.03, release=0.12),
    "choir": Timbre(None, attack=0.09, release=0.18, vibrato=12),
    "plucked": Timbre(tuple(k**-0.6 for k in range(1, 19)), attack=0.004, release=0.08, decay=1.0, damping=0.5),
}


def hertz(pitch):
    """Return the frequency of a MIDI number, equal temperament, 440 Hz for 69."""
    return 440.0 * 2.0 ** ((np.asarray(pitch) - 69) / 12)


def heights_of(timbre, frequency, rate):
    """Return the heights (k,) of a note's harmonics, their powers adding to 1; none lies above 0.45 of the rate."""
    count = max(1, int(0.45 * rate / frequency))
    if timbre.heights is None:
        at = frequency * np.arange(1, min(count, 24) + 1)
        heights = sum(h / (1 + ((at - f) / w) ** 2) for f, w, h in VOWEL) + 0.3 * (at == frequency)
    else:
        heights = np.array(timbre.heights[:count])
    return heights / np.sqrt(np.sum(heights**2))


def harmonics(turns, heights, fading=1.0):
    """Return Σ_k heights[k − 1]·fading^k·sin(2πk·turns) in float32 for turns (n,), by Clenshaw's recurrence (1955).

    One sine and one cosine a sample serve all harmonics. Whole turns are taken off in float64, before the rounding.
    """
    phase = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    fading, heights = np.asarray(fading, np.float32), np.asarray(heights, np.float32)
    twice, square = 2 * fading * np.cos(phase), fading * fading
    last = before = np.zeros_like(phase)
    for height in heights[::-1]:
        last, before = height + twice * last - square * before, last
    return fading * np.sin(phase) * last


def envelope(count, attack, release):
    """Return a loudness (count,) that rises from 0 and falls to 0 as half a cosine over so many samples: no clicks."""
    level = np.ones(count)
    for ramp, part in ((min(attack, count), level), (min(release, count), level[::-1])):
        part[:ramp] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(ramp) / ramp)
    return level


def tone(pitch, seconds, timbre, rate=RATE):
    """Return a note (n,), root mean square about 0.7 while it is held; it sounds on for ``release`` after its end."""
    frequency = float(hertz(pitch))
    count = round((seconds + timbre.release) * rate)
    t = np.arange(count) / rate
    turns = frequency * t
    if timbre.vibrato:
        swing = (2 ** (timbre.vibrato / 1200) - 1) * frequency / (2 * np.pi * 5)  # turns, for a swing of 5 Hz
        turns += swing * (1 - np.cos(2 * np.pi * 5 * t)) * np.minimum(1, t / 0.4)
    fading = np.exp(-timbre.damping * t) if timbre.damping else 1.0
    level = envelope(count, round(timbre.attack * rate), round(timbre.release * rate))
    if timbre.decay:
        level *= np.exp(-timbre.decay * t)
    return level * harmonics(turns, heights_of(timbre, frequency, rate), fading)


def reverb(sound, rate=RATE, seconds=1.6, wet=0.2):
    """Return a stereo sound (n, 2) with the echo of a room in which sound falls by 60 dB in ``seconds``.

    The room's answer is noise under an exponential (Moorer 1979), another for each side, with the energy ``wet``² .
    """
    from scipy import signal

    count = round(seconds * rate)
    answer = np.random.default_rng(0).normal(size=(count, 2)) * 10 ** (-3 * np.arange(count) / count)[:, None]
    answer *= wet / np.sqrt(np.sum(answer**2, axis=0))
    return sound + signal.oaconvolve(sound, answer, axes=0)[: len(sound)]


TAIL = 1.5  # seconds after the last note in which release and echo fade


def render(piece, tempo=72, timbre="organ", wet=0.2, slowest=0.6, base=64, swing=16, rate=RATE):
    """Return a piece as a stereo sound, float64 (n, 2), peak 0.9, with TAIL seconds after its last note.

    ``tempo`` in quarters a minute, slowing to ``slowest`` over the last bar (`clock`); loudness by `velocities`.
    ``timbre`` is a name of TIMBRES.
    """
    if timbre not in TIMBRES:
        raise ValueError(f"received timbre {timbre!r}; expected one of {', '.join(TIMBRES)}.")
    at = clock(piece, tempo, slowest)
    level = (velocities(piece, base=base, swing=swing) / 127) ** 1.5
    voices = np.zeros((4, round((at[-1] + TAIL) * rate) + 1))
    for (voice, start, duration, pitch), height in zip(piece.notes.tolist(), level, strict=True):
        note = height * tone(pitch, at[start + duration] - at[start], TIMBRES[timbre], rate)
        first = round(at[start] * rate)
        voices[voice, first : first + len(note)] += note[: voices.shape[1] - first]
    turn = np.pi / 4 * (1 + np.array(PLACES))
    sound = reverb(voices.T @ np.stack([np.cos(turn), np.sin(turn)], axis=1), rate, wet=wet)
    faded = round(0.05 * rate)
    sound[-faded:] *= envelope(2 * faded, faded, faded)[faded:, None]
    return 0.9 * sound / np.abs(sound).max()


def write_sound(path, sound, rate=RATE):
    """Write a sound of full scale ±1 as 16-bit FLAC or WAV, by the suffix; return the path. ValueError if it clips."""
    import soundfile

    if not np.abs(sound).max(initial=0) < 1:
        raise ValueError(f"received a sound whose peak is {np.abs(sound).max():.3f}; expected below 1, or it clips.")
    soundfile.write(path, sound, rate, subtype="PCM_16")
    return Path(path)


# --- loudness ---------------------------------------------------------------------------------------------------------


class Loudness(NamedTuple):
    """``integrated`` in LUFS and true ``peak`` in dBTP (ITU-R BS.1770), ``range`` in LU (EBU Tech 3342)."""

    integrated: float
    peak: float
    range: float


def loudness(sound, rate=RATE):
    """Return the `Loudness` of a stereo sound (n, 2), by FFmpeg's filter ebur128 through PyAV.

    Raises ValueError below 0.4 s, the least block that BS.1770 counts, and for a sound that is below its gate.
    """
    sound = np.asarray(sound, np.float32)
    if sound.ndim != 2 or sound.shape[1] != 2 or len(sound) < 0.4 * rate:
        raise ValueError(f"received a sound {sound.shape} at {rate} a second; expected stereo (n, 2), at least 0.4 s.")
    blocks = -len(sound) % (rate // 10)  # the filter answers every tenth of a second
    told = dict(_filtered(np.pad(sound, [(0, blocks), (0, 0)]), rate))
    found = {key.rsplit(".", 1)[-1]: float(value) for key, value in told.items()}
    if not found["I"] > -70:
        raise ValueError("received a sound below −70 LUFS; BS.1770 counts it as silence.")
    return Loudness(found["I"], 20 * math.log10(max(found["true_peak"], 1e-4)), found["LRA"])


def _filtered(sound, rate):
    """Return what ebur128 says after the last sample of a float32 sound (n, 2)."""
    from fractions import Fraction

    import av
    import av.filter

    graph, told = av.filter.Graph(), {}
    source = graph.add_abuffer(sample_rate=rate, format="fltp", layout="stereo", time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    for first in [*range(0, len(sound), rate), None]:
        frame = None
        if first is not None:
            part = np.ascontiguousarray(sound[first : first + rate].T)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate, first
        graph.push(frame)
        with contextlib.suppress(av.BlockingIOError, av.EOFError):
            while True:
                told = graph.pull().metadata
    return told


def limited(sound, ceiling, rate=RATE):
    """Return a sound (n, 2) whose samples stay within ± ``ceiling``: turned down 5 ms ahead of a peak, smoothly."""
    from scipy import ndimage

    reach = round(0.005 * rate)
    needed = np.minimum(1, ceiling / np.maximum(np.abs(sound).max(axis=1), 1e-9))
    least = ndimage.minimum_filter1d(needed, 2 * reach + 1)
    return sound * ndimage.uniform_filter1d(least, reach)[:, None]


def at_loudness(sound, target, rate=RATE, peak=-1.0):
    """Return a stereo sound at ``target`` LUFS whose true peak is at most ``peak`` dBTP; peaks are limited if need be.

    Raises ValueError where that is not reached within 0.1 LU: the sound is then too peaky for so loud a target.
    """
    sound, margin = np.asarray(sound, float), 0.2
    for _ in range(12):
        found = loudness(sound, rate)
        if abs(found.integrated - target) <= 0.1 and found.peak <= peak - 0.02:  # the filter tells three digits
            return sound
        sound = sound * 10 ** ((target - found.integrated) / 20)
        if found.peak + target - found.integrated > peak - 0.05:
            sound, margin = limited(sound, 10 ** ((peak - margin) / 20), rate), margin + 0.1
    said = f"received target {target} LUFS with peaks below {peak} dBTP; reached were {found}"
    raise ValueError(f"{said}. Ask for less.")


# --- background music -------------------------------------------------------------------------------------------------


class Mood(NamedTuple):
    """What stands for a mood: ``tempo`` in quarters a minute, ``mode``, mean pitch, timbre, loudness and echo."""

    tempo: float
    mode: str
    register: float
    timbre: str
    base: int
    swing: int
    wet: float


# The cues that listeners and players agree on most (Juslin and Laukka 2004, table 2): tempo, mode, register, timbre,
# how loud. The numbers are ours.
MOODS = {
    "calm": Mood(60, "major", 58, "choir", 48, 8, 0.35),
    "bright": Mood(108, "major", 66, "plucked", 84, 16, 0.15),
    "sad": Mood(52, "minor", 56, "choir", 44, 14, 0.35),
    "tense": Mood(126, "minor", 61, "organ", 92, 22, 0.10),
}
STRETCH = 0.08  # by how much the tempo may be changed so that a cadence falls on the end
GAP = 0.6  # seconds between two pieces


def at_register(piece, register):
    """Return a piece moved by whole semitones so that its mean pitch, by duration, is nearest ``register``."""
    mean = np.average(piece.notes[:, 3], weights=piece.notes[:, 2])
    return transposed(piece, round(float(register - mean)))


def cadences(piece):
    """Return the ends, in sixteenths, of phrases whose lowest last note is the tonic, and the end of the piece."""
    ends = []
    for _, end in phrases(piece):
        last = piece.notes[(piece.notes[:, 1] < end) & (piece.notes[:, 1] + piece.notes[:, 2] >= end)]
        if (len(last) and last[:, 3].min() % 12 == piece.tonic) or end == piece.length:
            ends.append(end)
    return ends


def until(piece, end):
    """Return a piece up to a sixteenth ``end``."""
    notes = piece.notes[piece.notes[:, 1] < end].copy()
    notes[:, 2] = np.minimum(notes[:, 2], end - notes[:, 1])
    return dataclasses.replace(piece, notes=notes)


def programme(pieces, seconds, tempo):
    """Return ([pieces in order, the last cut at a cadence], the tempo at which they last ``seconds``, "cadence").

    The pieces are repeated as long as needed. Where no cadence lies within STRETCH of the end, the last piece is not
    cut, the tempo stays, and the third is "fade".
    """
    chosen, past, best = [], 0.0, (STRETCH, None, None)
    while past < (1 + STRETCH) * seconds:
        piece = pieces[len(chosen) % len(pieces)]
        for end in cadences(piece):
            part = until(piece, end)
            lasts = past + clock(part, tempo)[-1]
            if abs(lasts / seconds - 1) < best[0]:
                best = abs(lasts / seconds - 1), [*chosen, part], tempo * lasts / seconds
        chosen.append(piece)
        past += clock(piece, tempo)[-1] + GAP * 60 / tempo
    return (best[1], float(best[2]), "cadence") if best[1] else (chosen, tempo, "fade")


def with_mark(sound, target, rate=RATE):
    """Return a stereo sound with the rhythm that marks generated sound before it, as loud as ``target`` LUFS.

    `provenance.label` plays it at −12 dBFS: half a minute at −23 LUFS then is 0.65 LU too loud, and 1.4 s too long.
    """
    rhythm = marks.rhythm(rate) * 10 ** (target / 20) / marks.LOUDNESS
    return np.vstack([np.column_stack([rhythm, rhythm]), sound])


def background(pieces, seconds, mood, target=-23.0, seed=0, mark=False, rate=RATE):
    """Return (sound (n, 2), what was played) of exactly round(seconds·rate) samples, at ``target`` LUFS.

    ``mood`` is a name of MOODS; pieces of its mode are played, in an order by ``seed``, moved to its register, at its
    tempo. It ends with a cadence, or with a fade of 3 s at most where none falls near the end (`programme`). The true
    peak is at most −1 dBTP. What was played: tempo, "ends", and the pieces as they sound. ``mark`` puts the audible
    label before the music, within the time asked for; write the rest by ``provenance.label(…, mark=False)``.
    """
    if mood not in MOODS:
        raise ValueError(f"received mood {mood!r}; expected one of {', '.join(MOODS)}.")
    if not 3 <= seconds <= 3600:
        raise ValueError(f"received {seconds!r} seconds; expected 3 to 3600.")
    asked, count = MOODS[mood], round(seconds * rate)
    if mark:
        count -= len(marks.rhythm(rate))
    fitting = [at_register(piece, asked.register) for piece in pieces if piece.mode == asked.mode]
    if not fitting:
        raise ValueError(f"received {len(pieces)} pieces, none in {asked.mode}; the mood {mood!r} is played in it.")
    rng = np.random.default_rng(seed)
    for _ in range(30):  # orders, until one has a cadence near the end
        order = rng.permutation(len(fitting))
        played, tempo, ends = programme([fitting[k] for k in order], count / rate - TAIL, asked.tempo)
        if ends == "cadence":
            break
    sound, now = np.zeros((count, 2)), 0.0
    for piece in played:
        part = render(piece, tempo, asked.timbre, asked.wet, base=asked.base, swing=asked.swing, rate=rate)
        first = round(now * rate)
        sound[first : first + len(part)] += part[: max(0, count - first)]
        now += clock(piece, tempo)[-1] + GAP * 60 / tempo
    faded = round((0.05 if ends == "cadence" else min(3, count / rate / 4)) * rate)
    sound[-faded:] *= envelope(2 * faded, faded, faded)[faded:, None]
    if mark:
        sound = with_mark(at_loudness(sound, target, rate), target, rate)
    return at_loudness(sound, target, rate), {"tempo": tempo, "ends": ends, "pieces": played}


def measured(sound, played, rate=RATE):
    """Return {name: value} of what a mood is made of, measured on the sound or on the notes that were played.

    "tempo" is quarters a minute; "minor" the share of pieces whose third above the tonic sounds longer small than
    large; "register" the mean pitch by duration; "brightness" the spectral centroid in Hz.
    """
    from scipy import signal

    hertz_, power = signal.welch(np.asarray(sound).mean(axis=1), rate, nperseg=4096)
    notes = np.vstack([piece.notes for piece in played["pieces"]])
    return {
        "tempo": played["tempo"],
        "minor": float(np.mean([minor_third(piece) for piece in played["pieces"]])),
        "register": float(np.average(notes[:, 3], weights=notes[:, 2])),
        "brightness": float(hertz_ @ power / power.sum()),
    }


def minor_third(piece):
    """Return whether the small third above the tonic sounds longer than the large one."""
    above = (piece.notes[:, 3] - piece.tonic) % 12
    return int(piece.notes[above == 3, 2].sum() > piece.notes[above == 4, 2].sum())


# --- who hears the difference? ----------------------------------------------------------------------------------------


class ListeningTest(widgets.TwoAlternativeTest):
    """A test for a person: pairs of a real and a generated sound, two buttons, and a count with its interval.

    ``real`` and ``generated`` are lists of as many stereo sounds (n, 2); the sides follow from ``seed``, and `answer`,
    ``correct`` and `interval` are those of the test with pictures. Make both at one loudness (`at_loudness`), tempo and
    timbre, or these are what is heard. Static twin: `blind_rolls`.
    """

    def __init__(self, real, generated, seed=0, rate=RATE):
        import ipywidgets

        if len(real) != len(generated) or not len(real):
            raise ValueError(f"received {len(real)} real and {len(generated)} generated sounds; expected as many.")
        self.sides, self.answers = plots.hidden_sides(len(real), seed), []
        pairs = zip(real, generated, self.sides, strict=True)
        self.sounds = [[encoded(x, rate) for x in ((r, g) if side else (g, r))] for r, g, side in pairs]
        self.players = [ipywidgets.Audio(format="flac", autoplay=False, loop=False) for _ in range(2)]
        self.caption = ipywidgets.Label()
        names = ("left", "right")
        buttons = [ipywidgets.Button(description=f"{name} is generated") for name in names]
        for index, button in enumerate(buttons):
            button.on_click(lambda _, index=index: len(self.answers) < len(self.sides) and self.answer(index))
        columns = [ipywidgets.VBox(pair) for pair in zip(self.players, buttons, strict=True)]
        self.box = ipywidgets.VBox([ipywidgets.HBox(columns), self.caption])
        self._show()

    def _show(self):
        done, count = len(self.answers), len(self.sides)
        for player, sound in zip(self.players, self.sounds[min(done, count - 1)], strict=True):
            player.value = sound
        ended = "" if done < count else "{} of {} right; 95 % interval {:.0%} to {:.0%}; chance: 50%"
        self.caption.value = (
            ended.format(self.correct, count, *self.interval()) if ended else f"pair {done + 1} of {count}"
        )


def encoded(sound, rate=RATE):
    """Return a sound as the bytes of a 16-bit FLAC file."""
    import io

    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def blind_rolls(real, generated, seed=0):
    """Draw pairs of pieces as piano rolls without names, on the sides that `ListeningTest` has; return the figure."""
    import matplotlib.pyplot as plt

    sides = plots.hidden_sides(len(real), seed)
    figure, grid = plt.subplots(len(real), 2, figsize=(11, 2.2 * len(real)), squeeze=False, layout="constrained")
    for k, (row, side) in enumerate(zip(grid, sides, strict=True)):
        pair = (real[k], generated[k]) if side else (generated[k], real[k])
        for axes, piece, name in zip(row, pair, ("left", "right"), strict=True):
            piano_roll(piece, axes)
            axes.get_legend().remove()
            axes.set_title(f"pair {k + 1}, {name}", loc="left")
    return figure
