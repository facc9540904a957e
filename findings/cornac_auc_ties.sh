#!/usr/bin/env bash
# Subject: cornac's AUC counts a tie as a loss, so scores that take few values look worse than chance
# Versions: cornac 2.3.5, scipy 1.17.1
# Expected: a tie counts one half, as in the Mann-Whitney statistic that the AUC is: scores that are all equal have .5
# Seen: scores that are all equal have 0. Counts 3, 3, 2, 2, 1, 1, of which the second and the third item are relevant:
#   .625, where the Mann-Whitney statistic gives .75. A popularity ranking, whose counts tie, loses most
# For our users: an AUC by cornac puts simple rivals, whose scores tie, too low beside a model with real-valued scores.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check cornac==2.3.5 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from cornac.metrics import AUC
from scipy.stats import mannwhitneyu

for scores, relevant, seen, half in (([1.0] * 6, [1, 2], 0.0, 0.5), ([3.0, 3, 2, 2, 1, 1], [1, 2], 0.625, 0.75)):
    scores, relevant = np.array(scores), np.array(relevant)
    theirs = AUC().compute(item_indices=np.arange(6), pd_scores=scores, gt_pos=relevant)
    others = np.delete(scores, relevant)
    usual = mannwhitneyu(scores[relevant], others).statistic / (len(relevant) * len(others))
    print(f"scores {scores.tolist()}, relevant {relevant.tolist()}: cornac {theirs:.4f}, Mann-Whitney {usual:.4f}")
    assert abs(theirs - seen) < 1e-9 and abs(usual - half) < 1e-9
PY
echo "as stated: $(basename "$0")"
