#!/usr/bin/env bash
# Subject: scikit-learn's English stop words hold "bill", "call", "fire" and "interest": whole messages become empty
# Versions: scikit-learn 1.7.2
# Expected: `TfidfVectorizer(stop_words="english")` drops words without a meaning of their own ("the", "of")
# Seen: of nine messages that customers write ("move my bill", "call me back"), seven keep not one word, so that their
#   vectors are zero and no page is nearer than another; no error and no warning is given
# For our users: 19_case_customer_service ranks with BM25 and keeps all words; 15's scenery names its own few stop words
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.7.2
cd "$place"
"$place/venv/bin/python" - <<'PY'
import warnings

from sklearn.feature_extraction.text import TfidfVectorizer

messages = [
    "move my bill",
    "call me back",
    "show me the bill",
    "describe the system",
    "no interest for me",
    "found a fire",
    "fill in the amount",
    "cancel my contract",
    "where is my parcel",
]
warnings.simplefilter("error")  # a warning would be seen
reader = TfidfVectorizer(stop_words="english")
kept = [message for message, row in zip(messages, reader.fit_transform(messages)) if row.nnz]
print("messages that keep a word:", kept)
print("all words that are kept:", list(reader.get_feature_names_out()))
print({word: word in reader.get_stop_words() for word in ("bill", "call", "fire", "interest", "amount", "system")})
assert kept == ["cancel my contract", "where is my parcel"] and {*reader.get_feature_names_out()} == {"cancel", "contract", "parcel"}
PY
echo "as stated: $(basename "$0")"
