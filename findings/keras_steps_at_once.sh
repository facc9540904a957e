#!/usr/bin/env bash
# Subject: Keras trains more steps than an epoch has, where steps_per_execution does not divide them
# Versions: keras 3.15.1 on jax 0.10.2 (the same with tensorflow 2.21.0)
# Expected: what the docstring of compile says: "the execution will be truncated to the size of the epoch"
# Seen: an epoch of 80 steps, 50 at once, trains 100; an epoch of 10, 64 at once, trains 64. No word of it, and the
#   history has as many epochs as planned. With data that end by themselves the count is right
# For our users: a notebook said 80 steps and trained 100. It asks for all steps at once now and claims their number;
#   training.fit refuses what does not divide
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 'jax[cpu]==0.10.2' numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np


def endless():
    while True:
        yield np.ones((8, 1), "float32"), np.ones((8, 1), "float32")


def steps_done(data, asked, at_once):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=at_once)
    model.fit(data, epochs=1, steps_per_epoch=asked, verbose=0, shuffle=False)
    return int(model.optimizer.iterations)


for asked, at_once, expected in ((80, 40, 80), (80, 50, 100), (10, 64, 64)):
    done = steps_done(endless(), asked, at_once)
    print(f"asked for {asked} steps, {at_once} at once: {done} done")
    assert done == expected
PY
echo "as stated: $(basename "$0")"
