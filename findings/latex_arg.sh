#!/usr/bin/env bash
# Subject: latex2mathml prints \arg as it is written
# Versions: latex2mathml 3.81.1
# Expected: \arg\min is set upright, like \min, or refused
# Seen: \min becomes an operator; \arg becomes an identifier with the text '\arg', backslash and all, and no error
# For our users: make book writes formulas as MathML: a formula uses \operatorname*{argmin}, and a test looks for
#   backslashes in every page
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check latex2mathml==3.81.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import re

from latex2mathml.converter import convert

text = {tex: re.findall(r">([^<>]+)<", convert(tex)) for tex in (r"\arg\min f", r"\operatorname*{argmin}_S f")}
print(text)
assert text[r"\arg\min f"][0] == r"\arg"
assert "\\" not in "".join(text[r"\operatorname*{argmin}_S f"])
PY
echo "as stated: $(basename "$0")"
