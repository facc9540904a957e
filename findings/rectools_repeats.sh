#!/usr/bin/env bash
# Subject: RecTools counts a repeated interaction of the test part as another hit, so its MAP can exceed 1
# Versions: RecTools 0.17.0
# Expected: an interaction that is in the log twice, as a song played twice is, is one relevant item, or is refused
# Seen: three relevant items in the first three places have MAP@10 1, precision@10 .3 and NDCG@10 .47; with one of them
#   logged twice the same list has MAP 1.2083, precision .4 (four hits, where three items are relevant) and NDCG .69
# For our users: drop repeats of (user, item) from the test part before any metric of RecTools is asked.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check RecTools==0.17.0 numpy==1.26.4 pandas==2.3.3
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
import pandas as pd
from rectools.metrics import MAP, NDCG, Precision

given = pd.DataFrame({"user_id": 1, "item_id": range(10), "rank": range(1, 11)})
log = pd.DataFrame({"user_id": 1, "item_id": [0, 0, 1, 2]})
found = {}
for metric in (MAP(k=10), Precision(k=10), NDCG(k=10)):
    name = type(metric).__name__
    found[name] = [metric.calc_per_user(given, table)[1] for table in (log.drop_duplicates(), log)]
    print("{}: each item once {:.4f}, one of them twice {:.4f}".format(name, *found[name]))
assert found["MAP"][0] == 1.0 and abs(found["MAP"][1] - 1.2083) < 1e-4
assert [round(value, 4) for value in found["Precision"]] == [0.3, 0.4]
assert [round(value, 3) for value in found["NDCG"]] == [0.469, 0.689]
PY
echo "as stated: $(basename "$0")"
