#!/usr/bin/env bash
# Subject: FFmpeg's loudness filter gives loudness in LUFS and the true peak as a plain ratio, in the same metadata
# Versions: PyAV 18.1.0 (it carries FFmpeg), NumPy 2.4.6
# Expected: beside I and LRA in decibels, the true peak in dBTP, as the filter's own summary prints it
# Seen: a sine at -20 dBFS reads I = -20.0 and true_peak = 0.100, with three decimals
# For our users: a limit of -1 compared with that number would pass everything; benchmarks/scores.py takes 20 log10
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import contextlib
import math
from fractions import Fraction

import av
import av.filter
import numpy as np

rate = 48000
wave = 0.1 * np.sin(2 * np.pi * 997 * np.arange(4 * rate) / rate)
sound = np.ascontiguousarray(np.stack([wave, wave]).astype(np.float32))
graph, told = av.filter.Graph(), {}
source = graph.add_abuffer(sample_rate=rate, format="fltp", layout="stereo", time_base=Fraction(1, rate))
meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
source.link_to(meter)
meter.link_to(sink)
graph.configure()
frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
frame.sample_rate, frame.pts = rate, 0
for part in (frame, None):
    graph.push(part)
    with contextlib.suppress(av.BlockingIOError, av.EOFError):
        while True:
            told = dict(graph.pull().metadata) or told
loud = float(told["lavfi.r128.I"])
peak = {key: value for key, value in told.items() if key.endswith("true_peak")}
print("I:", loud, "| true peak:", peak)
[value] = map(float, peak.values())
assert abs(loud + 20) < 0.1 and abs(20 * math.log10(value) + 20) < 0.1
PY
echo "as stated: $(basename "$0")"
