#!/usr/bin/env bash
# Subject: floor division and remainder of negative whole numbers change when a Keras model is exported to ONNX
# Versions: keras 3.15.1, tensorflow-cpu 2.21.0, tf2onnx 1.17.0, onnx 1.23.2, onnxruntime 1.32.0
# Expected: the exported model gives the model's outputs: -7 // 3 is -3, and -7 % 3 is 2
# Seen: ONNX's Div of whole numbers rounds towards zero, and the export adds nothing for floor: -2; the remainder, made
#   from such a division, takes the sign of the number: -1 in place of 2. Positive numbers are right
# For our users: places in a grid, bins and wrapped indices are reckoned in this way. Compare an export on negative
#   inputs, too; add a multiple of the divisor before dividing
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0 \
  tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$place"
"$place/venv/bin/python" 2> /dev/null - <<'PY'
import keras
import numpy as np
import onnxruntime

numbers = keras.layers.Input((6,), dtype="int32", name="numbers")
model = keras.Model(numbers, [keras.ops.floor_divide(numbers, 3), keras.ops.mod(numbers, 3)])
given = np.array([[-7, -6, -1, 1, 7, 8]], "int32")
by_keras = [part.numpy()[0] for part in model(given)]
model.export("model.onnx", format="onnx", verbose=False)
by_onnx = [part[0] for part in onnxruntime.InferenceSession("model.onnx").run(None, {"numbers": given})]
for name, first, second in zip(("// 3", "% 3"), by_keras, by_onnx):
    print(f"{given[0].tolist()} {name}: Keras {first.tolist()}, ONNX Runtime {second.tolist()}")
assert (by_keras[0] == given[0] // 3).all() and (by_keras[1] == given[0] % 3).all()
assert (by_onnx[0][[0, 2]] == [-2, 0]).all() and (by_onnx[0][3:] == by_keras[0][3:]).all()
assert (by_onnx[1][[0, 2]] != by_keras[1][[0, 2]]).all() and (by_onnx[1][3:] == by_keras[1][3:]).all()
PY
echo "as stated: $(basename "$0")"
