#!/usr/bin/env bash
# Subject: bm25s cannot tell size 5 from size 7
# Versions: bm25s 0.3.16
# Expected: the question 'boots in size 7' finds the document 'boots in size 7' before 'boots in size 5'
# Seen: both get the same score, and the wrong one is listed first: the default pattern drops words of one
#   character, digits among them. A Chinese sentence is one word, so a question in Chinese scores 0 everywhere
# For our users: a shop's questions are about sizes; pass token_pattern=r'(?u)\b\w+\b', and cut Chinese text into
#   characters first
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check bm25s==0.3.16 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import bm25s


def find(documents, question, **options):
    quiet = {"show_progress": False}
    index = bm25s.BM25()
    index.index(bm25s.tokenize(documents, **options, **quiet), **quiet)
    found, scores = index.retrieve(bm25s.tokenize(question, **options, **quiet), k=2, **quiet)
    return found[0].tolist(), [round(float(score), 3) for score in scores[0]]


boots = ["boots in size 5", "boots in size 7", "a return takes 14 days"]
tied, told = find(boots, "boots in size 7"), find(boots, "boots in size 7", token_pattern=r"(?u)\b\w+\b")
chinese = find(["退货需要十四天", "尺码表在这里", "保修两年"], "退货")
print("default", tied, "| one character is a word", told, "| Chinese", chinese)
assert tied[1][0] == tied[1][1] > 0
assert told[0][0] == 1 and told[1][0] > told[1][1]
assert chinese[1] == [0.0, 0.0]
PY
echo "as stated: $(basename "$0")"
