#!/usr/bin/env bash
# Subject: a word error rate that is a number of words
# Versions: jiwer 4.0.0
# Expected: the word error rate of something heard where nothing was said is not defined, is infinite, or is refused
# Seen: with an empty reference the "rate" is the number of words that were heard, and nothing is said about it: 1 for one
#   word, 20 for twenty. In a list of pairs the same words count as insertions against the words of all other references,
#   so the rate of the list is not the mean of its rates, however the mean is weighted by words
# For our users: pauses and silent files belong into a test of a recogniser, which invents words there; count them apart
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check jiwer==4.0.0
"$place/venv/bin/python" - <<'PY'
import jiwer

invented = {count: jiwer.wer("", " ".join(["word"] * count)) for count in (0, 1, 2, 20)}
for count, rate in invented.items():
    print(f"nothing was said, {count} words were heard: word error rate {rate}")
said, heard = ["", "open the door"], ["thank you", "open the door"]
apart, together = [jiwer.wer(one, other) for one, other in zip(said, heard)], jiwer.wer(said, heard)
by_words = sum(rate * len(text.split()) for rate, text in zip(apart, said)) / 3
print(f"one silent file and one of three words, heard rightly: {apart} apart, {together:.2f} together, {by_words} by words")
assert invented == {0: 0, 1: 1, 2: 2, 20: 20}, "this has changed"
assert apart == [2, 0] and abs(together - 2 / 3) < 1e-9 and by_words == 0, "this has changed"
PY
echo "as stated: $(basename "$0")"
