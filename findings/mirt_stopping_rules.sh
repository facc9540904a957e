#!/usr/bin/env bash
# Subject: two of the four stopping rules that mirt's adaptive test documents cannot be made by their names
# Versions: mirt 1.2.0
# Expected: CATEngine(model, stopping_rule="max_items", max_items=3) asks three questions; its documentation lists "SE",
#   "max_items", "theta_change" and "classification"
# Seen: "max_items" and "classification" raise a TypeError about an argument that is missing, for "max_items" the very one that was given.
#   "SE" with max_items=3 does stop after three
# For our users: an adaptive test of a fixed length, as in 13, takes the rule "SE" with a threshold that is never reached
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
chance = 1 / (1 + np.exp(-1.2 * (rng.normal(size=(500, 1)) - np.linspace(-2, 2, 20))))
model = mirt.fit_mirt((rng.random((500, 20)) < chance).astype(int), "2PL").model
assert all(f'"{rule}"' in mirt.CATEngine.__doc__ for rule in ("max_items", "classification", "theta_change"))


def asked(**rule):
    """Return how many questions a test with this rule asks, or the error."""
    try:
        engine = mirt.CATEngine(model, **rule)
    except TypeError as error:
        return str(error)
    state, count = engine.get_current_state(), 0
    while not state.is_complete:
        state, count = engine.administer_item(1), count + 1
    return count


found = {rule: asked(stopping_rule=rule, max_items=3) for rule in ("max_items", "classification", "theta_change")}
found["SE"] = asked(stopping_rule="SE", se_threshold=1e-9, max_items=3)
print(found)
assert "missing 1 required positional argument: 'max_items'" in found["max_items"]
assert "missing 1 required positional argument: 'cut_score'" in found["classification"]
assert found["SE"] == found["theta_change"] == 3
PY
echo "as stated: $(basename "$0")"
