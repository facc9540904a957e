#!/usr/bin/env bash
# Subject: copulas turns a 0/1 column into fractions and negative numbers
# Versions: copulas 0.14.1
# Expected: a column that holds only 0 and 1 comes back as 0 and 1, about as often, or is refused
# Seen: a share of 4 % comes back as a smooth density: not one value is 0 or 1, two in five are negative, and the
#   mean is kept. No warning
# For our users: 20 and 14: a synthetic flag must be drawn as a category, before or beside the copula
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check copulas==0.14.1 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import warnings

import numpy as np
import pandas as pd
from copulas.multivariate import GaussianMultivariate

warnings.simplefilter("ignore")  # of the fit's search among distributions; none is about the flag
rng = np.random.default_rng(0)
real = pd.DataFrame({"value": rng.normal(size=500), "flag": (rng.random(500) < 0.04).astype(float)})
copula = GaussianMultivariate(random_state=0)
copula.fit(real)
flag = copula.sample(2000)["flag"]
print(f"0 or 1: {flag.isin([0.0, 1.0]).mean():.3f}; negative: {(flag < 0).mean():.2f}; mean {flag.mean():.3f}")
assert not flag.isin([0.0, 1.0]).any()
assert (flag < 0).mean() > 0.3
assert abs(flag.mean() - real["flag"].mean()) < 0.02
PY
echo "as stated: $(basename "$0")"
