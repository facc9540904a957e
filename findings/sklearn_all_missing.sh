#!/usr/bin/env bash
# Subject: a column without any value stops the gradient boosting that is known to take missing values
# Versions: scikit-learn 1.9.1, NumPy 2.2.6
# Expected: HistGradientBoostingClassifier sorts missing values to one side of a split, so a column with nothing else is
#   never split on, and does no harm; exported and generated tables have such columns
# Seen: `fit` ends in a ValueError about the shape of a window, which names neither the column nor what it lacks. One
#   number in the column is enough for it to work, and a constant column works too
# For our users: where they train a classifier on a table of their own, such columns have to be dropped first
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.2.6

"$place/env/bin/python" - <<'PY'
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

rng = np.random.default_rng(0)
table = np.column_stack([rng.normal(size=200), np.full(200, np.nan)])
target = table[:, 0] > 0


def outcome(table):
    try:
        return f"fitted, accuracy {HistGradientBoostingClassifier().fit(table, target).score(table, target):.2f}"
    except ValueError as error:
        return f"ValueError: {error}"


everything, all_but_one, constant = outcome(table), table.copy(), table.copy()
all_but_one[0, 1] = 1.0
constant[:, 1] = 1.0
seen = {"all missing": everything, "all but one missing": outcome(all_but_one), "constant": outcome(constant)}
for name, said in seen.items():
    print(f"{name}: {said}")
assert seen["all missing"].startswith("ValueError") and "window shape" in seen["all missing"], "this has changed"
assert "missing" not in seen["all missing"].lower() and "nan" not in seen["all missing"].lower(), "this has changed"
assert seen["all but one missing"].startswith("fitted") and seen["constant"].startswith("fitted"), "this has changed"
PY
echo "as stated: $(basename "$0")"
