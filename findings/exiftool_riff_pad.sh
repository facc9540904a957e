#!/usr/bin/env bash
# Subject: exiftool shows a padding byte of RIFF as part of the value
# Versions: exiftool 13.59 (npm exiftool-vendored.pl 13.59.0)
# Expected: a WAV chunk of 3 bytes, which RIFF pads to an even length, is shown as 3 bytes
# Seen: -u -b returns 4 bytes, the last of them NUL; a chunk of 4 bytes is returned as it is
# For our users: a JSON text in a chunk (China's entry AIGC) then ends in NUL, and strict parsers refuse it; `provenance`
#   ends such a text with a blank where its length is odd
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund exiftool-vendored.pl@13.59.0 > /dev/null
tool=node_modules/exiftool-vendored.pl/bin/exiftool
python3 - <<'PY'
import struct

for name, text in (("odd", b"abc"), ("even", b"abcd")):
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16) + struct.pack("<4sI", b"data", 4) + b"\0" * 4
    body = b"WAVE" + form + struct.pack("<4sI", b"AIGC", len(text)) + text + b"\0" * (len(text) % 2)
    open(f"{name}.wav", "wb").write(struct.pack("<4sI", b"RIFF", len(body)) + body)
PY
for name in odd even; do
  echo "$name: $("$tool" -u -b -Unknown_AIGC "$name.wav" | od -An -tx1)"
done
test "$("$tool" -u -b -Unknown_AIGC odd.wav | od -An -tx1 | tr -d ' \n')" = 61626300
test "$("$tool" -u -b -Unknown_AIGC even.wav | od -An -tx1 | tr -d ' \n')" = 61626364
