#!/usr/bin/env bash
# Subject: music21's corpus opens another file than the one that was named in full, where its name goes on
# Versions: music21 10.5.1
# Expected: corpus.parse("bach/bwv112.5") opens bwv112.5.mxl, the four-part chorale, which is in the corpus
# Seen: it opens bwv112.5-sc.mxl, a score of seven parts; "bach/bwv190.7" opens bwv190.7-inst.mxl, of fifteen. A name is
#   taken as the beginning of a file's name, and the first in order wins; only the ending .mxl makes it exact
# For our users: benchmarks/chorales.py takes the file with that whole name, so a piece is the one that is asked for
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
from music21 import corpus

seen = {}
for name in ("bwv112.5", "bwv112.5.mxl", "bwv190.7", "bwv190.7.mxl"):
    score = corpus.parse(f"bach/{name}")
    seen[name] = score.metadata.corpusFilePath.split("/")[-1], len(score.parts)
    print(f"{name:14s} opens {seen[name][0]}, {seen[name][1]} parts")
assert seen["bwv112.5"] == ("bwv112.5-sc.mxl", 7) and seen["bwv112.5.mxl"] == ("bwv112.5.mxl", 4)
assert seen["bwv190.7"] == ("bwv190.7-inst.mxl", 15) and seen["bwv190.7.mxl"] == ("bwv190.7.mxl", 4)
PY
echo "as stated: $(basename "$0")"
