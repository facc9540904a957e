#!/usr/bin/env bash
# Subject: one pixel a millionth below zero adds 6 dB of PSNR
# Versions: scikit-image 0.26.0
# Expected: two pictures that differ by less than can be seen have the same PSNR, to a thousandth of a dB
# Seen: 39.88 dB becomes 45.90: for floats the assumed range is 1 if the first picture has no negative value and 2
#   if it has one. Exchanging the arguments gives the first figure back
# For our users: pictures in [-1, 1] and [0, 1] both occur here, and a resampled one leaves [0, 1] by a hair: always
#   pass data_range
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import numpy as np
from skimage.metrics import peak_signal_noise_ratio

rng = np.random.default_rng(0)
picture = rng.random((32, 32))
picture[0, 0] = 0.0
noisy = np.clip(picture + 0.01 * rng.normal(size=picture.shape), 0, 1)
touched = picture.copy()
touched[0, 0] = -1e-6
plain, shifted, turned = (
    peak_signal_noise_ratio(a, b) for a, b in ((picture, noisy), (touched, noisy), (noisy, touched))
)
print(f"{plain:.2f} dB, with the one pixel {shifted:.2f} dB, arguments exchanged {turned:.2f} dB")
assert abs(shifted - plain - 20 * np.log10(2)) < 0.01
assert abs(turned - plain) < 0.01
PY
echo "as stated: $(basename "$0")"
