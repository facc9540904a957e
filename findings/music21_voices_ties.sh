#!/usr/bin/env bash
# Subject: a piano score with two voices a staff, written by music21, is tied across the staves by verovio
# Versions: music21 10.5.1, verovio 6.4.1
# Expected: both hands hold the same pitch over a barline: one tie within the upper staff, one within the lower
# Seen: music21 counts voices from 1 on each staff; verovio joins by voice and pitch, so one tie leads from the upper
#   staff to the lower and one back, and no error is raised
# For our users: benchmarks/scores.py numbers the voices of the lower staff 5 and 6, and a property test compares the
#   notes that sound
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1 verovio==6.4.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import re

import verovio
from music21 import layout, meter, note, stream, tie
from music21.musicxml.m21ToXml import GeneralObjectExporter


def staff(low):
    part = stream.PartStaff()
    for number in (1, 2):
        bar = stream.Measure(number=number)
        if number == 1:
            bar.append(meter.TimeSignature("4/4"))
        for voice, pitch in (("1", "C4"), ("2", low)):
            line, held = stream.Voice(id=voice), note.Note(pitch, quarterLength=4)
            if voice == "1":
                held.tie = tie.Tie("start" if number == 1 else "stop")
            line.append(held)
            bar.insert(0, line)
        part.append(bar)
    return part


def ties(text):
    """Return (staff where a tie begins, staff where it ends) of all ties that verovio reads."""
    toolkit = verovio.toolkit()
    assert toolkit.loadData(text)
    mei, place = toolkit.getMEI(), {}
    for number, inside in re.findall(r"<staff [^>]*n=\"(\d)\">(.*?)</staff>", mei, re.S):
        place |= dict.fromkeys(re.findall(r"<note xml:id=\"(.*?)\"", inside), number)
    return sorted((place[a], place[b]) for a, b in re.findall(r"startid=\"#(.*?)\" endid=\"#(.*?)\"", mei))


hands = [staff("A3"), staff("G3")]
score = stream.Score([*hands, layout.StaffGroup(hands, symbol="brace")])
text = GeneralObjectExporter(score).parse().decode()
renumbered = re.sub(
    r"<note.*?</note>",
    lambda found: re.sub("<voice>(.)", lambda v: f"<voice>{int(v[1]) + 4}", found[0]) if "<staff>2" in found[0] else found[0],
    text,
    flags=re.S,
)
print("as music21 writes it:    ", ties(text))
print("lower voices as 5 and 6: ", ties(renumbered))
assert ties(text) == [("1", "2"), ("2", "1")]
assert ties(renumbered) == [("1", "1"), ("2", "2")]
PY
echo "as stated: $(basename "$0")"
