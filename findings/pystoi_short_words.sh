#!/usr/bin/env bash
# Subject: a short word is unintelligible beside itself
# Versions: pystoi 0.4.1, NumPy 2.2.6
# Expected: the intelligibility (STOI) of a recording compared with itself is 1, or there is no figure for one that is too
#   short
# Seen: below about 0.4 s of sound the figure is 0.00001, the value of something that nobody understands; a warning says
#   so once, and the number goes on into means. What counts is the sound that is left when silence is taken out, so a word
#   of 0.35 s within a file of one second gets it too
# For our users: spoken digits last 0.3 to 0.6 s; a mean STOI of such words measures how many of them are short
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pystoi==0.4.1 numpy==2.2.6
"$place/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from pystoi import stoi

RATE = 8000
rng = np.random.default_rng(0)


def word(seconds, file_seconds):
    """Return a swelling tone with a little noise, of some seconds in a file that may be longer."""
    t = np.arange(int(RATE * file_seconds)) / RATE
    tone = np.sin(2 * np.pi * 300 * t) * (1 + 0.5 * np.sin(2 * np.pi * 4 * t))
    return np.where(t < seconds, tone, 0) + 1e-4 * rng.normal(size=len(t))


seen = {(a, b): stoi(x := word(a, b), x, RATE) for a, b in ((0.30, 0.30), (0.38, 0.38), (0.35, 1.0), (0.45, 0.45), (1.0, 1.0))}
for (seconds, file_seconds), figure in seen.items():
    print(f"{seconds:.2f} s of sound in {file_seconds:.2f} s, compared with itself: {figure:.5f}")
assert all(seen[key] == 1e-5 for key in ((0.30, 0.30), (0.38, 0.38), (0.35, 1.0))), "this has changed"
assert all(seen[key] > 0.999 for key in ((0.45, 0.45), (1.0, 1.0))), "this has changed"
PY
echo "as stated: $(basename "$0")"
