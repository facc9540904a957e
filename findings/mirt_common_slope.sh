#!/usr/bin/env bash
# Subject: mirt's "1PL" fixes the discrimination that its documentation calls common, and the spread of abilities as well
# Versions: mirt 1.2.0
# Expected: "1PL" estimates one discrimination for all items, or fixes it at 1 and estimates how far abilities spread: two
#   ways to write one model, with one likelihood
# Seen: the slope is 1 and the spread is 1. Ten items of slope 2 are fitted with a log-likelihood 450 lower than by "2PL"
#   with equal slopes, and difficulties come out 1.6 times as far from 0, without a warning
# For our users: 13 compares one discrimination with thirteen; by this "1PL" the comparison would be rigged. Constrain a
#   "2PL" instead
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check mirt==1.2.0 numpy==2.4.6 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import mirt
import numpy as np

rng = np.random.default_rng(0)
ability, difficulty = rng.normal(size=(2000, 1)), np.linspace(-1, 1, 10)
answers = (rng.random((2000, 10)) < 1 / (1 + np.exp(-2 * (ability - difficulty)))).astype(int)
fits = {"1PL": mirt.fit_mirt(answers, "1PL")}
fits["2PL, equal slopes"] = mirt.fit_mirt(answers, "2PL", constraints=[("discrimination", list(range(10)))])
for kind, fit in fits.items():
    slope = np.ravel(fit.model.parameters["discrimination"])[0]
    hard = np.ravel(fit.model.parameters["difficulty"])
    print(f"{kind:18} log-likelihood {fit.log_likelihood:.0f}, slope {slope:.2f}, first difficulty {hard[0]:.2f}")
lost = fits["2PL, equal slopes"].log_likelihood - fits["1PL"].log_likelihood
assert '"1PL": One-parameter logistic (Rasch-like with common discrimination)' in mirt.fit_mirt.__doc__
assert 440 < lost < 460 and np.allclose(np.ravel(fits["1PL"].model.parameters["discrimination"]), 1)
assert np.ravel(fits["1PL"].model.parameters["difficulty"])[0] < -1.55
assert abs(np.ravel(fits["2PL, equal slopes"].model.parameters["difficulty"])[0] + 1) < 0.1
PY
echo "as stated: $(basename "$0")"
