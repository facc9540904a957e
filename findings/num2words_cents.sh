#!/usr/bin/env bash
# Subject: num2words reads an amount of money in two ways: 1 is a cent and 1.0 a dollar, and a text loses its last zero
# Versions: num2words 0.5.14
# Expected: the number 1 and the number 1.0 are the same amount; the price "3.10" is read with both of its decimals
# Seen: 1 gives "zero dollars, one cent", 1.0 "one dollar, zero cents"; "3.10" as a cardinal is "three point one"
# For our users: benchmarks/speech_text.py reads prices itself, in whole units and cents, with cases written by hand
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check num2words==0.5.14
cd "$place"
"$place/venv/bin/python" - <<'PY'
from num2words import num2words

whole, real = (num2words(amount, to="currency", currency="USD") for amount in (1, 1.0))
text = num2words("3.10")
print(repr(whole), repr(real), repr(text))
assert whole == "zero dollars, one cent" and real == "one dollar, zero cents" and text == "three point one"
PY
echo "as stated: $(basename "$0")"
