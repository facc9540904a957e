#!/usr/bin/env bash
# Subject: math-verify reads 1.5e-3 as 1.5, so a grader takes one for the other
# Versions: math-verify 0.9.0 (latex2sympy2_extended 1.11.0, sympy 1.14.0)
# Expected: the number that every calculator and programming language writes so, or nothing, as for words
# Seen: what stands before the e is the answer: 1.5 is right where 1.5e-3 was asked for, 0.0015 is wrong; between dollar
#   signs e becomes Euler's number. "1.5*10^3" is read, "1.5 x 10^3" is 1,000. No error and no word of doubt
# For our users: 13_case_education has a grader of its own, which reads 1e3 as a thousand
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'math-verify[antlr4_13_2]==0.9.0' \
  latex2sympy2_extended==1.11.0 sympy==1.14.0
cd "$place"
"$place/venv/bin/python" - <<'PY'
from math_verify import parse, verify

pairs = {
    ("1500", "1.5*10^3"): True,
    ("1.5e-3", "1.5"): True,
    ("1.5e-3", "0.0015"): False,
    ("1", "1e3"): True,
    ("1000", "1e3"): False,
    ("$1e3$", "1000"): False,
    ("1500", "1.5 x 10^3"): False,
}
for (asked, answer), expected in pairs.items():
    right = verify(parse(asked), parse(answer))
    print(f"asked for {asked}, answered {answer}: {right}; read as {parse(asked)[0]} and {parse(answer)[0]}")
    assert right == expected
PY
echo "as stated: $(basename "$0")"
