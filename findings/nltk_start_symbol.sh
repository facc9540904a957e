#!/usr/bin/env bash
# Subject: NLTK's Witten-Bell model expects a new sentence to start in the middle of one
# Versions: nltk 3.10.4
# Expected: with padding by padded_everygram_pipeline, <s> is a context only: no word is followed by it
# Seen: the padding is counted among the words: <s> has a fifth of the unigrams and a tenth of what follows "cat", so
#   the words that can follow share nine tenths, and every perplexity is too high
# For our users: such a rival looks worse than it is; the n-grams of 07_text have no symbol that only starts
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check nltk==3.10.4
cd "$place"
"$place/venv/bin/python" - <<'PY'
from nltk.lm import WittenBellInterpolated
from nltk.lm.preprocessing import padded_everygram_pipeline

sentences = [s.split() for s in ("the cat sleeps", "the dog sleeps", "a cat plays", "a dog barks", "the cat barks")]
grams, words = padded_everygram_pipeline(2, sentences)
model = WittenBellInterpolated(order=2)
model.fit(grams, words)
after_cat = {word: model.score(word, ["cat"]) for word in sorted(model.vocab)}
print("after 'cat':", {word: round(share, 3) for word, share in after_cat.items()})
assert round(after_cat["<s>"], 3) == 0.1 and round(model.score("<s>"), 3) == 0.2
assert round(sum(share for word, share in after_cat.items() if word != "<s>"), 3) == 0.9
PY
echo "as stated: $(basename "$0")"
