#!/usr/bin/env bash
# Subject: Python's robots.txt parser opens pages that a site has closed
# Versions: urllib.robotparser of CPython 3.11 (3.11.7 here), beside protego 0.7.0
# Expected: RFC 9309: of the rules that fit, the longest counts, * stands for any characters, $ for the end, all groups
#   of one agent belong together, and an empty line ends nothing
# Seen: the first rule that fits counts, so "Allow: /" before "Disallow: /members/" opens everything; rules with * close
#   nothing; of two groups for one agent the first alone is read; an empty line after the agent's drops its rules; a
#   Crawl-delay of half a second is passed over. Protego reads all five as the standard says
# For our users: a crawler fetches what it must not. 01_data_preparation reads the rules with Protego, and its site has
#   an "Allow: /" first
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check protego==0.7.0
cd "$place"
"$place/venv/bin/python" - <<'PY'
import sys
from urllib.robotparser import RobotFileParser

from protego import Protego

closed = {
    "User-agent: *\nAllow: /\nDisallow: /members/": "/members/list.html",
    "User-agent: *\nDisallow: /*.zip$": "/pictures.zip",
    "User-agent: bot\nDisallow: /a\n\nUser-agent: bot\nDisallow: /b": "/b",
    "User-agent: *\n\nDisallow: /private": "/private",
}
print("CPython", sys.version.split()[0])
for text, path in closed.items():
    own = RobotFileParser()
    own.parse(text.splitlines())
    ours, theirs = own.can_fetch("bot", f"http://site{path}"), Protego.parse(text).can_fetch(f"http://site{path}", "bot")
    print(f"{text!r}: {path} is open by Python's parser: {ours}, by Protego: {theirs}")
    assert ours and not theirs
own = RobotFileParser()
own.parse(["User-agent: *", "Crawl-delay: 0.5"])
assert own.crawl_delay("bot") is None and Protego.parse("User-agent: *\nCrawl-delay: 0.5").crawl_delay("bot") == 0.5
PY
echo "as stated: $(basename "$0")"
