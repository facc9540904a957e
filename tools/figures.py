"""Draw the pictures of the README and of the notebooks' titles from the shipped weights, into notebooks/figures.

Pictures that a committed notebook shows are taken from it.

Usage: python tools/figures.py
"""

import base64
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import models, plots, provenance, training  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402

ENLARGED = 3  # so that a browser does not blur 32 pixels


def save(name, images, columns, network):
    """Write notebooks/figures/NAME.png with its label in the metadata; the text beside it says that it is generated."""
    images = plots.as_bytes(images).repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2)
    path = ROOT / "notebooks" / "figures" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    says = provenance.Label(network, "aigc-notebooks", version="tools/figures.py")
    plots.save_image_grid(images, path, says, columns, mark=False)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


FIGURES = {
    "02_gan_math": "def draw_ring(",
    "03_vae": "Held-out kittens, and decoded",
    "05_evaluating": 'title="Seven candidates"',
    "05b_tuning_and_understanding": "Five knobs, found by",
    "06_flow_matching": "def filmstrip(",
    "07_text": "def draw_attention(",
    "08_audio": "def draw_words(",
    "09_video": "shown = latents.decode(",
    "10_scaling": "def draw_growth(",
    "10b_serving": "def draw_load(",
    "11_case_film": "opening = show(",
    "12_case_advertising": "each the first that the three checks passed",
    "13_case_education": "opening, (page, track)",
    "14_case_medicine": "picks = [np.flatnonzero(",
    "15_case_games": "gallery, axes = plt.subplots(",
    "16_case_social_media": "opening = plots.image_rows(",
    "16b_recommending": "opening, (left, right)",
    "17_case_music": "opening, axes = plt.subplots(4, 1",
    "18_case_speech": "opening, axes = plt.subplots(4, 1",
    "19_case_customer_service": "opening, (left, right)",
    "20_prototype_your_own": "def opened(",
    "21_labels": "def draw_survival(",
}  # notebook: what stands in the cell whose figure it is known by


def save_from_notebook(name, words):
    """Write notebooks/figures/NAME.png from the first cell of a notebook that holds the words and shows a figure."""
    cells = [cell for cell in notebooks.read(notebooks.find([name])[0]).cells if words in cell.source]
    pictures = [output.data["image/png"] for output in cells[0].outputs if "image/png" in output.get("data", {})]
    (ROOT / "notebooks" / "figures" / f"{name}.png").write_bytes(base64.b64decode(pictures[0]))


if __name__ == "__main__":
    for name, words in FIGURES.items():
        save_from_notebook(name, words)
    kittens = models.load_pretrained("kitten_generator")
    save("kittens", training.sample(kittens, 48, seed=2), 16, "kitten_generator")
    ends = np.random.default_rng(0).normal(size=(3, 2, kittens.input_shape[-1]))  # the walks that 00 shows
    latent = np.concatenate([plots.latent_line(start, end, 10) for start, end in ends])
    save("start_here", kittens(latent, training=False), 10, "kitten_generator")
