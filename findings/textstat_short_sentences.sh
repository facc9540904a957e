#!/usr/bin/env bash
# Subject: a readability score that does not count short sentences, but counts their words
# Versions: textstat 0.7.13
# Expected: five sentences of two words are five sentences, and the simplest text there is
# Seen: a sentence of one or two words is left out of `sentence_count`, while `lexicon_count` keeps its words; if no other
#   sentence remains, the count is 1. So a text in sentences of two words has one long sentence, its words a sentence grow
#   with the text, and its reading grade is above that of the same words in sentences of three or four
# For our users: texts for beginners and lines of a dialogue are graded too hard; 13 counts sentences itself
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check textstat==0.7.13
"$place/venv/bin/python" - <<'PY'
import textstat

pairs = 4 * ["Dogs run", "Cats sleep", "Birds sing", "Fish swim", "Cows eat"]
texts = {
    "sentences of two words": " ".join(f"{pair}." for pair in pairs),
    "the same words, sentences of four": " ".join(f"{a} {b.lower()}." for a, b in zip(pairs[::2], pairs[1::2])),
}
seen = {}
for name, text in texts.items():
    counted = textstat.sentence_count(text), textstat.lexicon_count(text)
    seen[name] = (*counted, textstat.words_per_sentence(text), textstat.automated_readability_index(text))
    print(f"{name}: {text.count('.')} full stops, {counted[0]} sentences, {counted[1]} words, grade {seen[name][3]:.1f}")
short, longer = seen.values()
assert short[:3] == (1, 40, 40.0), "this has changed"
assert longer[2] == 4.0 and short[3] > longer[3] + 15, "this has changed"
assert textstat.sentence_count("Come in now. Sit down. Rest.") == 1, "this has changed"
PY
echo "as stated: $(basename "$0")"
