#!/usr/bin/env bash
# Subject: implicit's K nearest neighbours of an item count the item itself
# Versions: implicit 0.7.3
# Expected: CosineRecommender(K=1) keeps for each item the one other item that is most alike, and can recommend by it
# Seen: what is kept is the item itself, with similarity 1. With K=1 no item has a neighbour, and every new item scores 0,
#   without a warning; with K=2 there is one neighbour. A table "20 neighbours" is one of 19
# For our users: an item-kNN has to leave the diagonal out before it keeps k, so that k neighbours are k
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check implicit==0.7.3 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import numpy as np
import scipy.sparse
from implicit.nearest_neighbours import CosineRecommender

liked = scipy.sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=np.float32))
for neighbours in (1, 2):
    model = CosineRecommender(K=neighbours)
    model.fit(liked, show_progress=False)
    alike = model.similarity.toarray()
    ids, scores = model.recommend(0, liked[0], N=1)
    others = (alike - np.diag(np.diag(alike)) > 0).sum(1)
    print(f"K={neighbours}: other items kept {others.tolist()}, best new item for user 0 scores {scores[0]:.2f}")
    assert np.allclose(np.diag(alike), 1) and (others == neighbours - 1).all()
    assert (scores[0] > 0) == (neighbours == 2)
PY
echo "as stated: $(basename "$0")"
