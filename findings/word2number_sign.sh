#!/usr/bin/env bash
# Subject: word2number reads "minus five" as 5, "two and a half" as 2 and "nineteen ninety nine" as 1719
# Versions: word2number 1.1
# Expected: the number that was said, or the ValueError that it raises for words that it does not know
# Seen: signs and fractions are dropped without a word ("half a million" is a million); pairs of a year are multiplied
#   and added ("twenty twenty six" is 406). Amounts with hundred, thousand and point are right
# For our users: numbers that a recogniser wrote as words cannot be compared with such a reader
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check word2number==1.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
from word2number.w2n import word_to_num

right = {"two hundred and five": 205, "three point one four": 3.14, "one hundred one thousand": 101_000}
wrong = {
    "minus five": 5,
    "two and a half": 2,
    "half a million": 1_000_000,
    "twenty twenty six": 406,
    "nineteen ninety nine": 1719,
}
for words, number in {**right, **wrong}.items():
    print(f"{words}: {word_to_num(words)}")
    assert word_to_num(words) == number
try:
    word_to_num("a third")
except ValueError as error:
    print(type(error).__name__, str(error)[:44])
else:
    raise AssertionError("a word that it does not know was expected to raise")
PY
echo "as stated: $(basename "$0")"
