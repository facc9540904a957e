#!/usr/bin/env bash
# Subject: JupyterLab drops the alternative text that a notebook stores with a figure, and nbconvert shows it
# Versions: @jupyterlab/rendermime 4.6.6 (with jsdom 26.1.0, esbuild 0.25.12, Node 20); nbconvert 7.17.2, nbformat 5.11.1
# Expected: the output's metadata {"image/png": {"alt": ..., "width": 40}} gives both attributes in both programs
# Seen: nbconvert writes alt and width; JupyterLab's own renderer of pictures writes the width and no alt at all
# For our users: `plots.description` is stored with every figure, and `make book` shows it; in JupyterLab a screen
#   reader gets a figure's name from the text around it alone
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check nbconvert==7.17.2 nbformat==5.11.1
cd "$place"
"$place/venv/bin/python" - <<'PY'
import re

import nbformat
from nbconvert import HTMLExporter

png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
said = {"image/png": {"alt": "Loss by step", "width": 40}}
shown = nbformat.v4.new_output("display_data", data={"image/png": png}, metadata=said)
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("show()", outputs=[shown])])
picture = re.search(r"<img[^>]*>", HTMLExporter(template_name="basic").from_notebook_node(notebook)[0])[0]
print("nbconvert:  ", " ".join(picture.replace(png, "PNG").split()))
assert 'alt="Loss by step"' in picture and "40" in picture
PY
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund @jupyterlab/rendermime@4.6.6 jsdom@26.1.0 esbuild@0.25.12
cat > shown.mjs <<'JS'
import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const registry = new RenderMimeRegistry({ initialFactories: standardRendererFactories });
const metadata = { 'image/png': { alt: 'Loss by step', width: 40 } };
const renderer = registry.createRenderer('image/png');
renderer.renderModel(registry.createModel({ data: { 'image/png': png }, metadata, trusted: true })).then(() => {
  const picture = renderer.node.querySelector('img');
  console.log('JupyterLab:  ', picture.outerHTML.replace(png, 'PNG'));
  if (picture.getAttribute('width') !== '40' || picture.hasAttribute('alt')) process.exit(1);
});
JS
cat > page.cjs <<'JS'
const { JSDOM } = require('jsdom');
const { window } = new JSDOM('', { url: 'http://localhost/' });
for (const name of Object.getOwnPropertyNames(window)) if (!(name in globalThis)) globalThis[name] = window[name];
globalThis.window = window;
globalThis.DragEvent = class extends window.Event {};
require('./bundle.cjs');
JS
npx esbuild shown.mjs --bundle --platform=node --outfile=bundle.cjs --loader:.css=empty --loader:.svg=text --log-level=error
node page.cjs
echo "as stated: $(basename "$0")"
