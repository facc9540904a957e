#!/usr/bin/env bash
# Subject: Keras exports recurrent layers to LiteRT in a form that LiteRT's own interpreter refuses to run
# Versions: keras 3.15.1, tensorflow-cpu 2.21.0, ai-edge-litert 2.3.0
# Expected: export(format="litert") of a GRU or an LSTM makes a file that the package ai-edge-litert runs
# Seen: export returns; the file holds operators of TensorFlow itself (tensor lists of the loop), and the interpreter
#   raises RuntimeError, "Select TensorFlow op(s) ... not supported". With unroll=True the same layer runs and agrees
# For our users: a text, sound or film network with a recurrent layer that is meant for a phone needs unroll=True at
#   export, or convolutions. 10b_serving loads each file that it exports before it believes in it
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0 \
  ai-edge-litert==2.3.0
cd "$place"
"$place/venv/bin/python" 2> /dev/null - <<'PY'
import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

given = np.random.default_rng(0).normal(size=(1, 11, 6)).astype("float32")
for layer in (keras.layers.GRU, keras.layers.LSTM):
    for unroll in (False, True):
        inputs = keras.layers.Input((11, 6))
        model = keras.Model(inputs, layer(5, unroll=unroll)(inputs))
        wanted = model(given).numpy()
        model.export("model.tflite", format="litert", verbose=False)
        try:
            interpreter = Interpreter(model_path="model.tflite")
            interpreter.allocate_tensors()
        except RuntimeError as error:
            print(f"{layer.__name__}, unroll={unroll}: {str(error)[:76]}")
            assert not unroll and "Select TensorFlow op(s)" in str(error)
            continue
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], given)
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        print(f"{layer.__name__}, unroll={unroll}: largest difference {np.abs(found - wanted).max():.0e}")
        assert unroll and np.allclose(found, wanted, atol=1e-5)
PY
echo "as stated: $(basename "$0")"
