#!/usr/bin/env bash
# Subject: implicit recommends items that it was told to filter out, once the others are used up
# Versions: implicit 0.7.3
# Expected: recommend(..., filter_already_liked_items=True) and filter_items= return other items alone, fewer than N if
#   there are fewer
# Seen: N places are always filled: after the two that are left come the liked and the filtered item, with a score of
#   -3.4e38 and no warning. A caller who takes the identifiers and drops the scores shows them
# For our users: segments and new catalogues have few items: cut by the number of candidates, not by N
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check implicit==0.7.3 numpy==2.4.6 scipy==1.17.1
cd "$place"
OPENBLAS_NUM_THREADS=1 "$place/venv/bin/python" - <<'PY'
import numpy as np
import scipy.sparse
from implicit.als import AlternatingLeastSquares

liked = scipy.sparse.csr_matrix(np.array([[1, 0, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 1, 1]], dtype=np.float32))
model = AlternatingLeastSquares(factors=2, random_state=0, iterations=5)
model.fit(liked, show_progress=False)
ids, scores = model.recommend(0, liked[0], N=4, filter_already_liked_items=True, filter_items=[3])
print("user 0 likes item 0, item 3 is filtered; recommended:", ids.tolist(), scores.tolist())
assert set(ids[:2].tolist()) == {1, 2} and set(ids[2:].tolist()) == {0, 3}
assert (scores[2:] < -1e38).all() and (np.abs(scores[:2]) < 10).all()
PY
echo "as stated: $(basename "$0")"
