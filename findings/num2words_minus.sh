#!/usr/bin/env bash
# Subject: num2words loses the minus sign of numbers between -1 and 0, in every language that was tried
# Versions: num2words 0.5.14
# Expected: -0.5 is "minus zero point five", as -1.5 is "minus one point five"
# Seen: -0.5 is "zero point five", in German "null Komma fünf", in French "zéro virgule cinq": the sign is taken from
#   the whole part, which is 0; -1.5 keeps it
# For our users: benchmarks/speech_text.py says "minus" itself, before num2words sees a number; a test sees to that
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check num2words==0.5.14
cd "$place"
"$place/venv/bin/python" - <<'PY'
from num2words import num2words

expected = {
    "en": ("zero point five", "minus one point five"),
    "de": ("null Komma fünf", "minus eins Komma fünf"),
    "fr": ("zéro virgule cinq", "moins un virgule cinq"),
}
for language, said in expected.items():
    seen = tuple(num2words(number, lang=language) for number in (-0.5, -1.5))
    print(language, "-0.5:", seen[0], "| -1.5:", seen[1])
    assert seen == said and num2words(0.5, lang=language) == seen[0]
PY
echo "as stated: $(basename "$0")"
