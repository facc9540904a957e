#!/usr/bin/env bash
# Subject: Keras ends on the weights of the moment where a callback stops a run on its average
# Versions: keras 3.15.1 on jax 0.10.2
# Expected: SwapEMAWeights(swap_on_epoch=True) leaves the moving average in the model, however the run ends
# Seen: it does after the last planned epoch; after stop_training in the same epoch the callbacks see the average,
#   and the model is left with the momentary weights
# For our users: early stopping throws away what it has just measured. training.fit ends with a callback of its own,
#   EndOnAverage
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


class Watch(keras.callbacks.Callback):
    def __init__(self, stop):
        super().__init__()
        self.stop = stop

    def on_epoch_end(self, epoch, logs=None):
        self.seen = float(self.model.get_weights()[0][0, 0])
        self.model.stop_training = self.stop and epoch == 2


def run(epochs, stop):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    watch = Watch(stop)
    data = np.ones((8, 1), "float32")
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    model.fit(data, data, epochs=epochs, batch_size=8, verbose=0, callbacks=[swap, watch])
    return round(watch.seen, 4), round(float(model.get_weights()[0][0, 0]), 4)


planned, stopped = run(3, False), run(100, True)
print(f"(seen by callbacks, left in the model): planned end {planned}, stopped in the same epoch {stopped}")
assert planned[0] == planned[1] == stopped[0] == 0.2432
assert stopped[1] == 0.488
PY
echo "as stated: $(basename "$0")"
