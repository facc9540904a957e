#!/usr/bin/env bash
# Subject: sentencepiece leaves a long line out of its training text
# Versions: sentencepiece 0.2.3
# Expected: a text of one line of 5,500 bytes is learnt from, or refused
# Seen: lines beyond 4,192 bytes are skipped; at minloglevel=2 nothing is said, and letters that occur only there
#   are unknown to the model
# For our users: a Chinese paragraph of 1,400 characters is one such line. train_pieces in tools/pretrain.py cuts
#   lines first
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check sentencepiece==0.2.3
cd "$place"
"$place/venv/bin/python" - <<'PY'
import io

import sentencepiece


def train(lines):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe", vocab_size=30, character_coverage=1.0,
        hard_vocab_limit=False, minloglevel=2,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


known, long_line = ["the cat sat on the mat"] * 50, "zebra quiz " * 500
whole, cut = train([*known, long_line]), train([*known, *["zebra quiz " * 5] * 100])
unknown = {name: pieces.unk_id() in pieces.encode("zebra") for name, pieces in (("whole", whole), ("cut", cut))}
print(f"{len(long_line)} bytes; 'zebra' has unknown letters: {unknown}")
assert unknown == {"whole": True, "cut": False}
PY
echo "as stated: $(basename "$0")"
