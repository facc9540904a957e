"""Draw the pictures of the README and of the notebooks' titles from the shipped weights, into docs/figures.

Usage: python tools/figures.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import models, plots, training  # noqa: E402

import numpy as np  # noqa: E402

ENLARGED = 2  # so that a browser does not blur 32 pixels
FIGURES = {"kittens": ("kitten_generator", 48, 16), "photographs": ("cat_generator", 32, 16)}

if __name__ == "__main__":
    for name, (network, count, columns) in FIGURES.items():
        images = training.sample(models.load_pretrained(network), count, seed=2)
        enlarged = images.repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2)
        path = plots.save_image_grid(
            np.asarray(enlarged),
            ROOT / "docs" / "figures" / f"{name}.png",
            {"generator": network, "seed": "2"},
            columns,
        )
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
