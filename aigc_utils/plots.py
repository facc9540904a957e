"""Figures that several notebooks draw. Every function returns the matplotlib Figure."""

import json
import os
from pathlib import Path

import numpy as np

# Okabe and Ito 2008: eight colours that survive colour-blindness
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def use_style():
    """Set fonts, colours and resolution of all figures; `runtime.start` calls it."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.grid": True,
            "grid.alpha": 0.25,
            "axes.axisbelow": True,
            "figure.constrained_layout.use": True,
            "figure.figsize": (6.5, 3.2),
            "figure.dpi": 90,
            "font.size": 9.5,
            "legend.frameon": False,
            "image.interpolation": "nearest",
        }
    )


def as_bytes(images):
    """Return images (n, height, width, channels) as uint8: bytes stay, floats are read as [-1, 1]."""
    images = np.asarray(images)
    if images.ndim == 3 and images.shape[-1] not in (1, 3):
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise ValueError(f"received images of shape {images.shape}; expected (n, height, width, 1 or 3), n >= 1.")
    if images.dtype == np.uint8:
        return images
    if not np.isfinite(images).all() or np.abs(images).max() > 1.001:
        raise ValueError(
            f"received {images.dtype} images from {np.nanmin(images):g} to {np.nanmax(images):g}; expected floats in "
            "[-1, 1] or uint8. data.to_unit maps bytes to [-1, 1]."
        )
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)


def tile(images, columns=8, gap=1):
    """Return one uint8 picture (height, width, 3) with the images side by side, row by row, on white."""
    images = as_bytes(images)
    images = np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
    count, height, width, _ = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for index, image in enumerate(images):
        y, x = index // columns * (height + gap), index % columns * (width + gap)
        canvas[y : y + height, x : x + width] = image
    return canvas


def _blank(width, height, title):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(width, height))
    axes.axis("off")
    if title:
        axes.set_title(title)
    return figure, axes


def image_grid(images, columns=8, title=None, labels=None, scale=1.0):
    """Return a figure of images (n, height, width, channels), uint8 or float in [-1, 1], row by row.

    ``labels``, n texts, stand below the images. ``scale`` 1 gives a column 0.55 inches.
    """
    picture = tile(images, columns)
    count = len(np.asarray(images))
    columns = min(columns, count)
    rows = -(-count // columns)
    cell = 0.55 * scale
    if labels is None:
        figure, axes = _blank(
            max(3.0, cell * columns), cell * rows * picture.shape[0] / rows / (picture.shape[1] / columns) + 0.35, title
        )
        axes.imshow(picture)
        return figure
    if len(labels) != count:
        raise ValueError(f"received {len(labels)} labels for {count} images; expected one each.")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(rows, columns, figsize=(cell * columns * 1.6, cell * rows * 2.0 + 0.3), squeeze=False)
    for panel in axes.flat:
        panel.axis("off")
    for panel, image, label in zip(axes.flat, as_bytes(images), labels, strict=False):
        panel.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
        panel.set_title(label, fontsize=7.5, fontweight="normal", loc="center", pad=2)
    if title:
        figure.suptitle(title, fontweight="bold", fontsize=11, x=0.01, ha="left")
    return figure


def image_rows(rows, title=None, scale=1.0):
    """Return a figure with one labelled row of images for each entry of ``rows`` = {label: images (n, h, w, c)}."""
    import matplotlib.pyplot as plt

    most = max(len(images) for images in rows.values())
    cell = 0.55 * scale
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(cell * most + 1.6, (cell + 0.04) * len(rows) + 0.35), squeeze=False
    )
    for panel, (label, images) in zip(axes[:, 0], rows.items(), strict=True):
        panel.imshow(tile(images, columns=most))
        panel.set(xticks=[], yticks=[])
        panel.grid(False)
        panel.spines[:].set_visible(False)
        panel.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=6)
    if title:
        axes[0, 0].set_title(title)
    return figure


def curves(history, x="step", title=None, panels=None):
    """Return a figure of training curves: ``history`` is {name: values} with its x values under the key ``x``.

    ``panels`` = {y label: [names]} gives one panel each, side by side.
    """
    import matplotlib.pyplot as plt

    panels = panels or {"value": [name for name in history if name != x]}
    figure, axes = plt.subplots(1, len(panels), figsize=(max(6.5, 3.6 * len(panels)), 2.8), squeeze=False)
    for panel, (label, names) in zip(axes[0], panels.items(), strict=True):
        for name in names:
            panel.plot(
                history[x], history[name], label=name, marker="o" if len(history[x]) < 30 else None, markersize=3
            )
        panel.set(xlabel=x, ylabel=label)
        panel.legend()
    if title:
        figure.suptitle(title, fontweight="bold", fontsize=11, x=0.01, ha="left")
    return figure


def latent_line(start, end, steps):
    """Return ``steps`` latent vectors from ``start`` to ``end`` (latent_dim,) at equal angles (Shoemake 1985, slerp).

    Gaussian vectors lie near a sphere; a straight line would cut through its hollow middle.
    """
    angle = np.arccos(np.clip(start @ end / (np.linalg.norm(start) * np.linalg.norm(end)), -1, 1))
    share = np.linspace(0, 1, steps)[:, None]
    return ((np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)).astype(np.float32)


def latent_walk(generator, steps=10, rows=4, seed=0, title=None):
    """Return a figure in which each row leads from one random latent vector to another in ``steps`` pictures."""
    ends = np.random.default_rng(seed).normal(size=(rows, 2, generator.input_shape[-1]))
    latent = np.concatenate([latent_line(start, end, steps) for start, end in ends])
    return image_grid(np.asarray(generator(latent, training=False)), columns=steps, title=title)


def save_image_grid(images, path, provenance, columns=8):
    """Write a PNG of generated images with a provenance label in its metadata, and return its path.

    ``provenance`` = {key: text} says what made it. It is stored as text entries, and as XMP with IPTC's digital source
    type "trainedAlgorithmicMedia", the vocabulary of press and image archives. The file is written whole or not at all.
    """
    from PIL import Image, PngImagePlugin

    path = Path(path)
    label = {**{key: str(value) for key, value in provenance.items()}, "digital_source_type": GENERATED}
    info = PngImagePlugin.PngInfo()
    info.add_itxt("provenance", json.dumps(label, ensure_ascii=False))
    info.add_itxt(
        "XML:com.adobe.xmp",
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'Iptc4xmpExt:DigitalSourceType="{GENERATED}"/></rdf:RDF></x:xmpmeta>',
    )
    partial = path.with_name(path.name + ".partial")
    try:
        Image.fromarray(tile(images, columns)).save(partial, format="PNG", pnginfo=info)
        os.replace(partial, path)
    except OSError as error:
        raise OSError(f"could not write {path}: {error}. Choose a folder that exists and has free space.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def read_provenance(path):
    """Return the provenance label {key: text} of a PNG written by `save_image_grid`; {} where there is none."""
    from PIL import Image

    with Image.open(path) as image:
        return json.loads(image.info.get("provenance", "{}"))
