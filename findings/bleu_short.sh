#!/usr/bin/env bash
# Subject: sacrebleu's corpus BLEU of a perfect translation of three words is 0
# Versions: sacrebleu 2.6.0
# Expected: 100 for a translation that equals its reference
# Seen: 0 by corpus_bleu and 100 by sentence_bleu, for the same pair: a corpus without a single 4-gram has a 4-gram
#   precision of 0, and only sentence_bleu shortens its order
# For our users: product phrases have two or three words: a corpus score of them says 0 for a translator without a
#   mistake. chrF does not need 4-grams
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check sacrebleu==2.6.0
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sacrebleu

hypothesis, reference = "a red bag", "a red bag"
corpus = sacrebleu.corpus_bleu([hypothesis] * 50, [[reference] * 50]).score
sentence = sacrebleu.sentence_bleu(hypothesis, [reference]).score
letters = sacrebleu.corpus_chrf([hypothesis] * 50, [[reference] * 50]).score
print(f"corpus BLEU {corpus:.1f}, sentence BLEU {sentence:.1f}, corpus chrF {letters:.1f}")
assert corpus == 0.0 and round(sentence) == 100 and round(letters) == 100
PY
echo "as stated: $(basename "$0")"
