#!/usr/bin/env bash
# Subject: a Keras model that is exported to ONNX takes the label −1, "no class", for the last class
# Versions: keras 3.15.1, tensorflow-cpu 2.21.0, tf2onnx 1.17.0, onnx 1.23.2, onnxruntime 1.32.0
# Expected: model.export(format="onnx") gives the outputs of the model; one_hot of −1 is a row of zeros
# Seen: ONNX's operator OneHot counts −1 from the end, and the export does not allow for it: the row of the last class.
#   A number after the last class gives zeros in both
# For our users: in conditional models −1 often means "nothing is said", and the wrong pictures look plausible.
#   serving.labels sends the number after the last class; 10b_serving shows the fault
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

labels = keras.layers.Input((), dtype="int32", name="labels")
model = keras.Model(labels, keras.ops.one_hot(labels, 3))
given = np.array([0, 2, -1, 3], "int32")
by_keras = model(given).numpy()
model.export("model.onnx", format="onnx", verbose=False)
by_onnx = onnxruntime.InferenceSession("model.onnx").run(None, {"labels": given})[0]
for label, first, second in zip(given, by_keras, by_onnx):
    print(f"label {label:2}: Keras {first}, ONNX Runtime {second}")
assert (by_keras[[0, 1, 3]] == by_onnx[[0, 1, 3]]).all()
assert not by_keras[2].any() and by_onnx[2].tolist() == [0, 0, 1]
PY
echo "as stated: $(basename "$0")"
