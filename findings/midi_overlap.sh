#!/usr/bin/env bash
# Subject: one MIDI file, three readings: a key struck again before it is released
# Versions: mido 1.3.3, pretty_midi 0.2.11, miditoolkit 1.0.1, symusic 0.6.0, music21 10.5.1
# Expected: four readers agree on when two overlapping notes of one pitch end
# Seen: the first release ends the older note for miditoolkit and symusic (0–1 and 0.5–2 beats), both notes for
#   pretty_midi (0–1 and 0.5–1), and music21 ends both at 1 as well; the second release is dropped without a word by
#   those two
# For our users: chorales are full of repeated notes in unison voices: keep one voice a track, and count notes and
#   their lengths after every conversion
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check mido==1.3.3 pretty_midi==0.2.11.post0 miditoolkit==1.0.1 symusic==0.6.0 music21==10.5.1 numpy==2.4.6 'setuptools<81'
cd "$place"
"$place/venv/bin/python" - <<'PY'
import mido

import miditoolkit
import music21
import pretty_midi
import symusic

song = mido.MidiFile(ticks_per_beat=480)
song.tracks.append(mido.MidiTrack())
for kind, velocity, wait in (("on", 80, 0), ("on", 60, 240), ("off", 0, 240), ("off", 0, 480)):
    song.tracks[0].append(mido.Message(f"note_{kind}", note=60, velocity=velocity, time=wait))
song.save("overlap.mid")

ends = {  # beats; the default tempo is half a second a beat
    "miditoolkit": [n.end / 480 for n in miditoolkit.MidiFile("overlap.mid").instruments[0].notes],
    "symusic": [n.end / 480 for n in symusic.Score("overlap.mid").tracks[0].notes],
    "pretty_midi": [float(n.end) / 0.5 for n in pretty_midi.PrettyMIDI("overlap.mid").instruments[0].notes],
    "music21": [
        float(n.offset + n.quarterLength) for n in music21.converter.parse("overlap.mid").flatten().notes
    ],
}
print(ends)
assert ends["miditoolkit"] == ends["symusic"] == [1.0, 2.0]
assert ends["pretty_midi"] == ends["music21"] == [1.0, 1.0]
PY
echo "as stated: $(basename "$0")"
