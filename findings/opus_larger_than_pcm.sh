#!/usr/bin/env bash
# Subject: one compression level means sizes for Opus that have nothing to do with the sampling rate
# Versions: soundfile 0.14.0 (libsndfile 1.2.2), NumPy 2.2.6
# Expected: Ogg Opus of telephone speech (8,000 samples a second) is smaller than 16-bit PCM, 128 kbit/s, at every
#   `compression_level`, as Ogg Vorbis is
# Seen: level 0 writes about 257 kbit/s and level 0.5 about 132, more than PCM: libsndfile spreads the levels between
#   256 and 6 kbit/s whatever the sampling rate is. Vorbis takes 19 and 14; Opus without a level takes 21
# For our users: no file of this collection is written as Opus, and the recordings of 18 ship as Vorbis
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.2.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import io

import numpy as np
import soundfile

RATE, SECONDS = 8000, 30
t = np.arange(RATE * SECONDS) / RATE
voice = sum(np.sin(2 * np.pi * 120 * k * t + k) / k for k in range(1, 25))  # a buzz of 120 Hz, in syllables
voice = (0.2 * voice * np.maximum(0, np.sin(2 * np.pi * 1.5 * t))).astype("float32")


def rate_of(**options):
    """Return the kbit/s of the file that is written."""
    file = io.BytesIO()
    soundfile.write(file, voice, RATE, **options)
    return len(file.getvalue()) * 8 / SECONDS / 1000


pcm = rate_of(format="WAV", subtype="PCM_16")
rates = {
    (kind, level): rate_of(format="OGG", subtype=kind, compression_level=level)
    for kind in ("VORBIS", "OPUS")
    for level in (0.0, 0.5, 1.0)
}
print(f"PCM {pcm:.0f} kbit/s;", ", ".join(f"{kind} {level}: {rate:.0f}" for (kind, level), rate in rates.items()))
print(f"Opus without a level: {rate_of(format='OGG', subtype='OPUS'):.0f}")
assert 127 < pcm < 129 and max(rates["VORBIS", level] for level in (0.0, 0.5, 1.0)) < pcm
assert rates["OPUS", 0.0] > 1.9 * pcm and rates["OPUS", 0.5] > pcm and rates["OPUS", 1.0] < 8
PY
echo "as stated: $(basename "$0")"
