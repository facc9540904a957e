#!/usr/bin/env bash
# Subject: importing music21 in a notebook changes, a second later, how every later matplotlib figure is drawn
# Versions: music21 10.5.1, matplotlib 3.11.1, ipykernel 7.3.0, matplotlib-inline 0.2.2, nbclient 0.11.0
# Expected: a figure of 2 × 1 inches at 100 dots an inch is 200 × 100 pixels, whatever was imported before
# Seen: 200 × 100 right after the import, 400 × 200 two seconds later: a timer of the package sets the notebook's
#   inline format to "retina"; so a figure's size depends on how long the cells between took
# For our users: 17_case_music stops that timer after its import and sets the format back to "png"
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  music21==10.5.1 matplotlib==3.11.1 ipykernel==7.3.0 matplotlib-inline==0.2.2 nbclient==0.11.0
cd "$place"
JUPYTER_PLATFORM_DIRS=1 "$place/venv/bin/python" - <<'PY'
import base64
import struct

import nbformat
from nbclient import NotebookClient

draw = "plt.figure(figsize=(2, 1), dpi=100); plt.plot([1, 2]); plt.show()"
start = """%matplotlib inline
import time
import matplotlib.pyplot as plt
%config InlineBackend.print_figure_kwargs = {'bbox_inches': None}
"""
cells = [start + draw, "import music21\n" + draw, "time.sleep(2)", draw]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
sizes = []
for cell in notebook.cells:
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            sizes.append(struct.unpack(">II", base64.b64decode(output.data["image/png"])[16:24]))
print("before the import, right after it, two seconds later:", sizes)
assert sizes == [(200, 100), (200, 100), (400, 200)]
PY
echo "as stated: $(basename "$0")"
