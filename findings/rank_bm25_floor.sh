#!/usr/bin/env bash
# Subject: rank-bm25 ranks the pages with the word that was asked for below those without it
# Versions: rank-bm25 0.2.2
# Expected: its floor for common words, a quarter of the mean inverse document frequency, keeps weights above 0
# Seen: in a small collection most words are common, the mean itself is negative, and so is the floor: a page with
#   the word gets less than 0, a page without it 0. BM25Plus ranks them the right way round
# For our users: a help centre with a few pages is such a collection; 19_case_customer_service uses bm25s
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check rank-bm25==0.2.2 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import numpy as np
from rank_bm25 import BM25Okapi, BM25Plus

pages = ["order refund", "order refund card", "order delivery", "order refund delivery"]
words = [page.split() for page in pages]
for engine in (BM25Okapi, BM25Plus):
    scores = engine(words).get_scores(["refund"])
    print(engine.__name__, dict(zip(pages, np.round(scores, 3).tolist(), strict=True)))
okapi, plus = (engine(words).get_scores(["refund"]) for engine in (BM25Okapi, BM25Plus))
assert okapi.argmax() == 2 and okapi[2] == 0 and max(okapi[[0, 1, 3]]) < 0
assert plus.argmin() == 2
PY
echo "as stated: $(basename "$0")"
