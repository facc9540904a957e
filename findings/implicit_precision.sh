#!/usr/bin/env bash
# Subject: implicit's precision@K divides by the smaller of K and the number of relevant items
# Versions: implicit 0.7.3, ranx 0.3.21
# Expected: precision@10 is the share of ten recommended items that are relevant: .1 where one of them is
# Seen: a user with one relevant item, found at place 4 of ten, has precision 1.0; ranx says .1. With one relevant item a
#   user the "precision" of implicit is the hit rate
# For our users: a figure by implicit must not stand beside one by another library.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check implicit==0.7.3 ranx==0.3.21 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import numpy as np
import scipy.sparse
from implicit.evaluation import precision_at_k
from ranx import Qrels, Run, evaluate


class Fixed:
    def recommend(self, users, seen, N=10, **rest):
        ids = np.tile(np.arange(N, dtype=np.int32), (len(users), 1))
        return ids, np.linspace(1, 0, N, dtype=np.float32)[None].repeat(len(users), 0)


seen = scipy.sparse.csr_matrix(([1.0], ([0], [99])), shape=(1, 100))
relevant = scipy.sparse.csr_matrix(([1.0], ([0], [3])), shape=(1, 100))
theirs = precision_at_k(Fixed(), seen, relevant, K=10, show_progress=False)
ranked = Run({"user": {f"item {k}": 1 - k / 10 for k in range(10)}})
other = evaluate(Qrels({"user": {"item 3": 1}}), ranked, "precision@10")
print(f"one relevant item among ten recommended: implicit {theirs:.2f}, ranx {other:.2f}")
assert theirs == 1.0 and abs(other - 0.1) < 1e-9
PY
echo "as stated: $(basename "$0")"
