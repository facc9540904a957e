#!/usr/bin/env bash
# Subject: music21 writes itself as the composer of a MusicXML file that names none
# Versions: music21 10.5.1
# Expected: a score with a title and no composer gives a file without <creator>
# Seen: <creator type="composer">Music21</creator>; without metadata the title becomes "Music21 Fragment", too
# For our users: a file would name a wrong author; benchmarks/scores.py names the system that made the piece, in its
#   label, or takes the line out
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import re

from music21 import metadata, note, stream
from music21.musicxml.m21ToXml import GeneralObjectExporter


def written(score):
    text = GeneralObjectExporter(score).parse().decode()
    return [re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text) for tag in ("creator", "movement-title")]


plain = stream.Score([stream.Part([note.Note("C4", quarterLength=4)])])
titled = stream.Score([stream.Part([note.Note("C4", quarterLength=4)])])
titled.metadata = metadata.Metadata(title="A tune")
print("no metadata:", written(plain), "| title only:", written(titled))
assert written(plain) == [["Music21"], ["Music21 Fragment"]]
assert written(titled) == [["Music21"], ["A tune"]]
PY
echo "as stated: $(basename "$0")"
