#!/usr/bin/env bash
# Subject: rouge-score gives a Chinese sentence 0 against itself
# Versions: rouge-score 0.1.2
# Expected: a sentence against itself has ROUGE-L 1, in any script
# Seen: 0 for Chinese, 1 for English: the default tokenizer keeps only a–z and 0–9, so no token is left, and nothing
#   is said. An umlaut cuts a German word in two
# For our users: 07's translator writes Chinese; a score of 0 would read as a failed model. Count characters, or
#   pass a tokenizer
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check rouge-score==0.1.2 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
from rouge_score import rouge_scorer

scorer = rouge_scorer.RougeScorer(["rougeL"])
same = {text: scorer.score(text, text)["rougeL"].fmeasure for text in ("a red dress", "红色的连衣裙")}
print(same)
assert same == {"a red dress": 1.0, "红色的连衣裙": 0}
halves = scorer._tokenizer.tokenize("Größe")
print(halves)
assert halves == ["gr", "e"]
PY
echo "as stated: $(basename "$0")"
