"""A histology slide as patches with their stain: what 14, its bench and the training of its flow draw from."""

from aigc_utils import checks

import numpy as np

SLIDE_COLUMNS = {"train": (0, 304), "test": (336, 512)}  # of 512; between them 32 columns that belong to neither
STAIN_LEVELS = 16  # bins of equal frequency among the training patches, for a generator that is told the stain


def stained_patches(split: str = "train", stride: int = 4):
    """Return (images, stain, corners) of 32×32 patches of scikit-image's immunohistochemistry slide; no download.

    ``images`` are uint8 (n, 32, 32, 3); ``stain`` (n,) is the mean amount of DAB, the brown dye, by colour
    deconvolution (Ruifrok and Johnston 2001; `skimage.color.rgb2hed`), in units of optical density; ``corners`` (n, 2)
    are row and column of the upper left pixel. A gap of 32 columns parts the splits, so no pixel is in both.
    """
    from skimage import color
    from skimage import data as pictures

    if split not in SLIDE_COLUMNS:
        raise ValueError(f"received split={split!r}; expected one of {', '.join(SLIDE_COLUMNS)}.")
    checks.whole(1, stride=stride)
    slide = pictures.immunohistochemistry()
    brown = color.rgb2hed(slide)[..., 2]
    first, last = SLIDE_COLUMNS[split]
    corners = np.array(
        [(row, column) for row in range(0, 481, stride) for column in range(first, last - 31, stride)], np.int64
    )
    images = np.stack([slide[row : row + 32, column : column + 32] for row, column in corners])
    stain = np.array([brown[row : row + 32, column : column + 32].mean() for row, column in corners])
    return images, stain, corners


def stain_levels(stain):
    """Return (edges, centres) of `STAIN_LEVELS` bins of equal frequency: the inner edges, and each bin's mean stain.

    Ties that leave a bin empty are a ValueError: take more patches.
    """
    stain = checks.numbers(stain, "stain", STAIN_LEVELS)
    edges = np.quantile(stain, np.linspace(0, 1, STAIN_LEVELS + 1)[1:-1])
    level = np.digitize(stain, edges)
    sizes = np.bincount(level, minlength=STAIN_LEVELS)
    if not sizes.all():
        raise ValueError(f"received stain with ties that leave {(sizes == 0).sum()} of {STAIN_LEVELS} bins empty.")
    return edges, np.array([stain[level == k].mean() for k in range(STAIN_LEVELS)])
