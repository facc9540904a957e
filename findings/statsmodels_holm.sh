#!/usr/bin/env bash
# Subject: statsmodels' multipletests collects all of Python's garbage at each call with Holm's method
# Versions: statsmodels 0.15.0, scipy 1.17.1
# Expected: 39 p-values are adjusted in microseconds, as the same library adjusts them by Benjamini and Hochberg
# Seen: `multipletests(p, method="holm")` runs a full garbage collection, once a call; "fdr_bh" and "bonferroni" run none.
#   The more objects are alive, the longer a call takes: with two million small lists several times as long. A simulation that corrects
#   10,000 tables in a process that has TensorFlow loaded takes more than an hour in place of seconds
# For our users: in a loop Holm's adjustment is three lines of NumPy; benchmarks/social.py has them, with a test.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import gc
import time

import numpy as np
from statsmodels.stats.multitest import multipletests

p, collected = np.linspace(0.001, 1, 39), []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]) if phase == "start" else None)
counts = {}
for method in ("holm", "fdr_bh", "bonferroni"):
    collected.clear()
    for _ in range(10):
        multipletests(p, method=method)
    counts[method] = collected.count(2)
print("full garbage collections in ten calls:", counts)


def seconds():
    begin = time.perf_counter()
    for _ in range(10):
        multipletests(p, method="holm")
    return (time.perf_counter() - begin) / 10


few = seconds()
alive = [[k] for k in range(2_000_000)]
many = seconds()
print(f"a call with few objects alive {1000 * few:.1f} ms, with two million {1000 * many:.1f} ms")
assert counts["holm"] >= 10 and counts["fdr_bh"] <= 1 and counts["bonferroni"] <= 1
assert many > few, (few, many)
PY
echo "as stated: $(basename "$0")"
