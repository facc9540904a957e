#!/usr/bin/env bash
# Subject: a fermata of music21 is written upside down by default
# Versions: music21 10.5.1
# Expected: expressions.Fermata() on a note of a single voice is the upright sign above the staff
# Seen: MusicXML type="inverted", which engravers draw below the staff
# For our users: benchmarks/scores.py sets the type "upright" and the place "above" by hand
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import re

from music21 import expressions, note, stream
from music21.musicxml.m21ToXml import GeneralObjectExporter


def written(change=None):
    held = expressions.Fermata()
    if change:
        held.type = change
    one = note.Note("C4", quarterLength=4)
    one.expressions.append(held)
    text = GeneralObjectExporter(stream.Score([stream.Part([one])])).parse().decode()
    return re.findall("<fermata type=\"(.*?)\"", text)


print("default:", written(), "| upright by hand:", written("upright"))
assert written() == ["inverted"] and written("upright") == ["upright"]
PY
echo "as stated: $(basename "$0")"
