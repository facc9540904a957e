#!/usr/bin/env bash
# Subject: girth's two-parameter model calls a question that everybody answers the hardest of all
# Versions: girth 0.8.0
# Expected: the least difficulty that the estimate can take, as girth's own one-parameter model says
# Seen: rasch_mml gives -6, twopl_mml gives +6 (with discrimination 0.2); a question that nobody answers gets +6 from
#   both. No warning. With two wrong answers in 2,000 the sign is right again
# For our users: a pilot of a test easily has such a question. 13_case_education compares its own fit with mirt
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check girth==0.8.0 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import warnings

import girth
import numpy as np

warnings.simplefilter("error")
rng = np.random.default_rng(0)
difficulty, ability = np.linspace(-1, 1, 6), rng.normal(size=2000)
answers = (rng.random((6, 2000)) < 1 / (1 + np.exp(difficulty[:, None] - ability))).astype(int)
solved = answers.copy()
solved[2] = 1
for name, expected in (("rasch_mml", -6), ("twopl_mml", 6)):
    found = getattr(girth, name)(solved)
    print(name, {key: np.round(np.atleast_1d(value), 2).tolist() for key, value in found.items() if key[0] == "D"})
    assert round(found["Difficulty"][2], 2) == expected
    others = np.delete(found["Difficulty"], 2)
    assert np.abs(others - np.delete(difficulty, 2)).max() < 0.25  # the rest is right
solved[2, :2] = 0
assert girth.twopl_mml(solved)["Difficulty"][2] < -4
PY
echo "as stated: $(basename "$0")"
