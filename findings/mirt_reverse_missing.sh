#!/usr/bin/env bash
# Subject: mirt's reverse_score turns an unanswered question into the highest answer, and beyond
# Versions: mirt 1.2.0
# Expected: −1, which the package's own functions read as "not answered", is still −1 (or missing) after the scale of an
#   item is turned round
# Seen: it becomes the highest score plus one: 5 on a scale that ends at 4. itemstats, which left the −1 out, now counts
#   it, so the mean of two answers, 0 and 1, becomes 4 where 3.5 is right. NaN is kept
# For our users: whoever prepares a questionnaire for 13's models turns −1 into NaN first
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check mirt==1.2.0 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import mirt
import numpy as np

answers = np.array([[0.0, 4.0], [1.0, 2.0], [-1.0, 1.0]])  # three people, two items scored 0 to 4, one not answered
before = mirt.itemstats(answers)
turned = mirt.reverse_score(answers, items=[0], max_score=4)
after = mirt.itemstats(turned)
print(turned[:, 0], before.n_missing[0], after.n_missing[0], before.mean[0], after.mean[0])
assert turned[:, 0].tolist() == [4, 3, 5]
assert (before.n_missing[0], after.n_missing[0]) == (1, 0)
assert np.isclose(before.mean[0], 0.5) and np.isclose(after.mean[0], 4)
kept = mirt.reverse_score(np.where(answers < 0, np.nan, answers), items=[0], max_score=4)
assert np.isnan(kept[2, 0]) and np.isclose(mirt.itemstats(kept).mean[0], 3.5)
PY
echo "as stated: $(basename "$0")"
