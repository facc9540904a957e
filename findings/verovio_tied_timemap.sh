#!/usr/bin/env bash
# Subject: verovio's time map counts a tied note twice, and verovio's own MIDI plays it once
# Versions: verovio 6.4.1, mido 1.3.3
# Expected: a C of two tied whole notes is one sound of eight quarters in both
# Seen: the time map ends it after four quarters and begins another; the MIDI file holds one note of eight quarters
# For our users: who highlights or counts notes by the time map joins ties first; benchmarks/scores.py does, by the MEI
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check verovio==6.4.1 mido==1.3.3
cd "$place"
"$place/venv/bin/python" - <<'PY'
import base64
import io
import json

import mido
import verovio

note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration>{}<type>whole</type><notations>{}</notations></note>"
bars = [
    "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    + note.format("<tie type=\"start\"/>", "<tied type=\"start\"/>"),
    note.format("<tie type=\"stop\"/>", "<tied type=\"stop\"/>"),
]
measures = "".join(f"<measure number=\"{k + 1}\">{bar}</measure>" for k, bar in enumerate(bars))
text = (
    "<score-partwise version=\"4.0\"><part-list><score-part id=\"P1\"><part-name>A</part-name></score-part></part-list>"
    f"<part id=\"P1\">{measures}</part></score-partwise>"
)
toolkit = verovio.toolkit()
assert toolkit.loadData(text) and "<tie " in toolkit.getMEI()
found = toolkit.renderToTimemap()
found = json.loads(found) if isinstance(found, str) else found
begins = [entry["qstamp"] for entry in found for _ in entry.get("on", [])]
file = mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))
played = [one for track in file.tracks for one in track if one.type == "note_on" and one.velocity]
length = sum(one.time for one in file.tracks[-1]) / file.ticks_per_beat
print("time map begins notes at quarters", begins, "| MIDI notes:", len(played), "of quarters", round(length, 2))
assert begins == [0, 4] and len(played) == 1 and length > 7.9
PY
echo "as stated: $(basename "$0")"
