#!/usr/bin/env bash
# Subject: RecTools' NDCG@K divides by the best sum of K hits, not by the best that a user's relevant items allow
# Versions: RecTools 0.17.0, ranx 0.3.21
# Expected: a list whose first place holds the only relevant item is perfect: NDCG@10 is 1, as Järvelin and Kekäläinen (2002) define it
# Seen: RecTools says .2201, which is 1 / (1/log2(2) + … + 1/log2(11)); ranx says 1. `divide_by_achievable=True`, which is
#   not its default, gives 1 as well. Of two users with perfect lists the one with more relevant items counts more
# For our users: an NDCG by RecTools must not be compared with one by another library, nor across data sets.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check RecTools==0.17.0 ranx==0.3.21 numpy==1.26.4 pandas==2.3.3
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import pandas as pd
from ranx import Qrels, Run, evaluate
from rectools.metrics import NDCG

given = pd.DataFrame({"user_id": 1, "item_id": range(10), "rank": range(1, 11)})
liked = pd.DataFrame({"user_id": [1], "item_id": [0]})
theirs = NDCG(k=10).calc_per_user(given, liked)[1]
achievable = NDCG(k=10, divide_by_achievable=True).calc_per_user(given, liked)[1]
run = Run({"1": {str(item): 1 - item / 10 for item in range(10)}})
other = evaluate(Qrels({"1": {"0": 1}}), run, "ndcg@10")
print(f"the only relevant item first: RecTools {theirs:.4f}, with divide_by_achievable {achievable:.4f}, ranx {other:.4f}")
assert abs(theirs - 1 / (1 / np.log2(np.arange(2, 12))).sum()) < 1e-9
assert achievable == other == 1.0
PY
echo "as stated: $(basename "$0")"
