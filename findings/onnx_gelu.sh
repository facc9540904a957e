#!/usr/bin/env bash
# Subject: Keras exports a layer with GELU to ONNX without a word, and no ONNX runtime can load the file
# Versions: keras 3.15.1, tensorflow-cpu 2.21.0, tf2onnx 1.17.0, onnx 1.23.2, onnxruntime 1.32.0
# Expected: the usual activation of transformers becomes ONNX's Erf, or the export says that it cannot be exported
# Seen: export returns; the file holds an operator Erfc, which ONNX does not have, and the runtime refuses it with
#   INVALID_GRAPH. The approximate form, by tanh, is exported and loaded, and so are silu, mish and softplus
# For our users: load what you have exported, in the same program, and compare one output: 10b_serving does. In a network
#   that is to be exported, take keras.ops.gelu(x, approximate=True)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0 \
  tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$place"
"$place/venv/bin/python" 2> /dev/null - <<'PY'
import functools

import keras
import numpy as np
import onnxruntime

given = np.linspace(-3, 3, 7, dtype="float32")[None]
tanh = functools.partial(keras.activations.gelu, approximate=True)
for name, activation in {"gelu": "gelu", "gelu by tanh": tanh, "silu": "silu", "mish": "mish"}.items():
    inputs = keras.layers.Input((7,), name="x")
    model = keras.Model(inputs, keras.layers.Activation(activation)(inputs))
    wanted = model(given).numpy()
    model.export("model.onnx", format="onnx", verbose=False)
    try:
        found = onnxruntime.InferenceSession("model.onnx").run(None, {"x": given})[0]
    except Exception as error:
        said = str(error)
        print(f"{name}: exported, not loaded:", said[said.find("Error No Op") :])
        assert name == "gelu" and "No Op registered for Erfc" in said
    else:
        print(f"{name}: largest difference {np.abs(found - wanted).max():.0e}")
        assert name != "gelu" and np.allclose(found, wanted, atol=1e-5)
PY
echo "as stated: $(basename "$0")"
