"""Figures that several notebooks draw. Every function returns the matplotlib Figure."""

import re
import tempfile
import textwrap
from pathlib import Path

from aigc_utils import checks, data, provenance

import numpy as np

# Okabe and Ito 2008: eight colours that survive colour-blindness
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
CELL = 0.55  # inches: the width of one image in a figure


def use_style():
    """Set fonts, colours, resolution and alternative text of all figures; `runtime.start` calls it."""
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
            "figure.dpi": 110,
            "font.size": 9.5,
            "legend.frameon": False,
        }
    )
    _show_with_description()


def _show_with_description():
    """Let a notebook store `description` with every figure, as the metadata "alt" of its PNG."""
    from IPython import get_ipython
    from matplotlib.figure import Figure

    if not (shell := get_ipython()):
        return
    import matplotlib_inline.backend_inline  # noqa: F401  it sets its own formatter on import, and ours wraps that

    formatter = shell.display_formatter.formatters["image/png"]
    plain = formatter.for_type(Figure)
    if plain is None or hasattr(plain, "plain"):  # not shown inline, or wrapped by an earlier call
        return

    def described(figure):
        found = plain(figure)
        png, more = found if isinstance(found, tuple) else (found, {})
        return png, {**more, "alt": description(figure)}

    described.plain = plain
    formatter.for_type(Figure, described)


def description(figure):
    """Return alternative text for a matplotlib Figure: its titles, what each panel draws, axes and legends.

    Panels that read the same are counted and not repeated. It says what is shown, not what is to be seen in it.
    """
    panels = [_panel(axes) for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]
    bars = [axes.get_ylabel() or axes.get_xlabel() for axes in figure.axes if axes.get_label() == "<colorbar>"]
    title = figure.get_suptitle()
    parts = [title] if title else []
    for panel in dict.fromkeys(filter(None, panels)):
        count = panels.count(panel)
        parts.append(f"{count} panels, each: {panel}" if count > 1 else panel)
    parts += [f"colours: {label}" for label in dict.fromkeys(bars) if label]
    return ". ".join(" ".join(part.split()).rstrip(".") for part in parts) + "."


def _panel(axes):
    """Return what one panel shows: title, kinds of marks, axes and legend; "" where nothing is drawn."""
    marks = {
        ("picture", "pictures"): axes.images,
        ("line", "lines"): [line for line in axes.lines if len(line.get_xdata()) > 1],
        ("bar", "bars"): [bar for bars in axes.containers if hasattr(bars, "patches") for bar in bars.patches],
        ("area", "areas"): [one for one in axes.collections if not len(one.get_offsets()) > 1],
        ("cloud of points", "clouds of points"): [one for one in axes.collections if len(one.get_offsets()) > 1],
    }
    drawn = [f"{len(found)} {names[len(found) > 1]}" for names, found in marks.items() if len(found)]
    title = axes.get_title() or axes.get_title("left") or axes.get_title("right")
    if title and drawn == ["1 picture"]:
        return title
    legend = axes.get_legend()
    named = [text.get_text() for text in legend.get_texts()] if legend else []
    said = [title, ", ".join(drawn), _axis(axes.xaxis), _axis(axes.yaxis), "legend: " * bool(named) + ", ".join(named)]
    return "; ".join(filter(None, said)) if drawn or title else ""


def _axis(axis):
    """Return the label of an axis and, where its ticks are words, the first twelve; "" where it has neither."""
    names = [tick.get_text() for tick in axis.get_ticklabels()]
    words = any(re.search(r"[^\W\d_]", name.replace(r"\mathdefault", "")) for name in names)
    said = [axis.get_label_text(), ", ".join(names[:12]) + " …" * (len(names) > 12) if words else ""]
    return f"{axis.axis_name} axis: " + ": ".join(filter(None, said)) if any(said) else ""


def as_bytes(images):
    """Return images (n, height, width, 1 or 3) as uint8; floats are read as [-1, 1]. See `checks.images` for errors."""
    images = checks.images(images)
    return images if images.dtype == np.uint8 else data.to_uint8(images)


def tile(images, columns=8, gap=1):
    """Return one uint8 picture (height, width, 3) with the images side by side, row by row, on white."""
    checks.whole(1, columns=columns)
    checks.whole(0, gap=gap)
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


def _title(figure, axes, title):
    """Write the title above the axes, from their left edge; a title wider than the figure is broken into lines."""
    if title:
        letters = max(20, int(figure.get_figwidth() * 11.5))
        axes.set_title("\n".join(textwrap.wrap(title, letters)), loc="left")


def _hide(axes):
    axes.set(xticks=[], yticks=[])
    axes.set_anchor("W")
    axes.grid(False)
    axes.spines[:].set_visible(False)


def image_grid(images, columns=8, title=None, labels=None, scale=1.0):
    """Return a figure of images (n, height, width, channels), uint8 or float in [-1, 1], row by row.

    ``labels``, n texts, stand above the images, which then lie further apart. ``scale`` 1 makes an image 0.55 inches
    wide.
    """
    import matplotlib.pyplot as plt

    if labels is not None:
        cell = 1.6 * CELL * scale
        return _labelled_grid(as_bytes(images), columns, title, labels, (cell, cell + 0.2))
    picture, width = tile(images, columns), CELL * scale * min(columns, len(images))
    figure, axes = plt.subplots(figsize=(max(3.0, width), width * picture.shape[0] / picture.shape[1] + 0.3))
    axes.imshow(picture)
    _hide(axes)
    _title(figure, axes, title)
    return figure


def _labelled_grid(images, columns, title, labels, cell):
    import matplotlib.pyplot as plt

    if len(labels) != len(images):
        raise ValueError(f"received {len(labels)} labels for {len(images)} images; expected one each.")
    checks.whole(1, columns=columns)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    size = (max(3.0, cell[0] * columns), cell[1] * rows + 0.3)
    figure, panels = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for panel in panels.flat:
        panel.axis("off")
    for panel, image, label in zip(panels.flat, images, labels, strict=False):
        panel.imshow(tile(image[None]))
        panel.set_title(label, fontsize=8, fontweight="normal", loc="center", pad=2)
    if title:
        figure.suptitle(title, fontweight="bold", fontsize=11, x=0.01, ha="left")
    return figure


def image_rows(rows, title=None, scale=1.0):
    """Return a figure with one labelled row of images for each entry of ``rows`` = {label: images (n, h, w, c)}.

    Rows may differ in length. ``scale`` 1 makes an image 0.55 inches wide.
    """
    import matplotlib.pyplot as plt

    if not rows:
        raise ValueError("received no rows; expected {label: images} with one entry at least.")
    rows = {label: as_bytes(images) for label, images in rows.items()}
    most, cell = max(map(len, rows.values())), CELL * scale
    size = (cell * most + 1.8, (cell + 0.04) * len(rows) + 0.3)
    figure, panels = plt.subplots(len(rows), 1, figsize=size, squeeze=False)
    for panel, (label, images) in zip(panels[:, 0], rows.items(), strict=True):
        picture = tile(images, columns=most)
        panel.imshow(picture)
        panel.set_xlim(-0.5, most * (picture.shape[1] + 1) / len(images) - 1.5)  # a short row ends early
        _hide(panel)
        panel.set_ylabel("\n".join(textwrap.wrap(label, 22)), rotation=0, ha="right", va="center", labelpad=6)
    _title(figure, panels[0, 0], title)
    return figure


def hidden_sides(count, seed=0):
    """Return on which side the generated picture of each of ``count`` pairs stands: 0 left, 1 right, by fair coins."""
    return np.random.default_rng(seed).integers(0, 2, count)


def two_alternatives(real, generated, seed=0, reveal=False, columns=4):
    """Return a figure of numbered pairs, in each of which one picture is real and one is generated.

    Both are images (n, height, width, channels), as many of one as of the other. The sides follow from ``seed`` as in
    `widgets.TwoAlternativeTest`; with ``reveal`` each pair says which one was generated.
    """
    pictures, sides = pairs(real, generated, seed), hidden_sides(len(real), seed)
    labels = [f"{n}: {('left', 'right')[s]} is generated" if reveal else f"pair {n}" for n, s in enumerate(sides, 1)]
    title = "Which one is generated?" + (" The answers" if reveal else "")
    return _labelled_grid(pictures, columns, title, labels, (3.4 * CELL, 1.7 * CELL + 0.3))


def pairs(real, generated, seed=0):
    """Return uint8 pictures (n, height, 2·width + 2, 3), a real and a generated one each, see `hidden_sides`."""
    real, generated = as_bytes(real), as_bytes(generated)
    if real.shape != generated.shape:
        shapes = f"{real.shape} real and {generated.shape} generated images"
        raise ValueError(f"received {shapes}; expected as many, of one shape.")
    sides = hidden_sides(len(real), seed)
    both = [[r, g] if side else [g, r] for r, g, side in zip(real, generated, sides, strict=True)]
    return np.stack([tile(np.stack(pair), columns=2, gap=2) for pair in both])


def curves(history, x="step", title=None, panels=None):
    """Return a figure of training curves, side by side in panels that share their horizontal axis.

    ``history`` is {name: values} or a `pandas.DataFrame`; the values under the key ``x``, if there are any, are the
    horizontal axis, else 1, 2, 3, … ``panels`` = {axis label with its unit: [names]}; by default all names in one.
    """
    import matplotlib.pyplot as plt

    panels = panels or {"value": [name for name in history if name != x]}
    unknown = [name for names in panels.values() for name in names if name not in history]
    if unknown:
        raise ValueError(f"history lacks {', '.join(unknown)}; it has {', '.join(map(str, history))}.")
    size = (max(6.5, 3.6 * len(panels)), 2.8)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharex=True)
    for panel, (label, names) in zip(axes[0], panels.items(), strict=True):
        for name in names:
            values = np.asarray(history[name])
            steps = np.asarray(history[x]) if x in history else np.arange(1, len(values) + 1)
            if not len(values) or len(values) != len(steps):
                raise ValueError(f"received {len(values)} values of {name} for {len(steps)} of {x}; expected as many.")
            panel.plot(steps, values, label=name, marker="o" if len(steps) < 30 else None, markersize=3)
        panel.set(xlabel=x, ylabel=label)
        panel.legend()
    if title:
        figure.suptitle(title, fontweight="bold", fontsize=11, x=0.01, ha="left")
    return figure


def tornado(table, likely, title=None, xlabel="result"):
    """Return a figure of `business.tornado`'s table: one bar for each assumption, from its low to its high result.

    ``likely`` is the result with everything likely, where the bars meet; the inputs stand at the ends of the bars.
    """
    import matplotlib.pyplot as plt

    if not len(table) or table["name"].duplicated().any():
        rows = ", ".join(table["name"]) or "none"
        raise ValueError(f"received the rows {rows}; expected one or more, no name twice.")
    ends = table[["result_low", "result_high"]].to_numpy()
    figure, axes = plt.subplots(figsize=(7.2, 0.42 * len(table) + 1.0))
    for k, (row, (low, high)) in enumerate(zip(table.itertuples(), ends, strict=True)):
        for value, number, colour in ((low, row.low, COLOURS[0]), (high, row.high, COLOURS[1])):
            axes.barh(k, value - likely, left=likely, height=0.62, color=colour)
            left = value < likely or (value == likely and number == row.low)
            place = {"xytext": (-4 if left else 4, 0), "textcoords": "offset points", "fontsize": 8}
            axes.annotate(f"{number:,.10g}", (value, k), va="center", ha="right" if left else "left", **place)
    axes.axvline(likely, color="black", linewidth=0.8)
    axes.set(yticks=range(len(table)), xlabel=xlabel)
    axes.set_yticklabels([f"{row.name.replace('_', ' ')}, {row.unit}" for row in table.itertuples()])
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.grid(False, axis="y")
    _title(figure, axes, title)
    return figure


def regret(curves, batch=1, title=None, ylabel="expected hits lost"):
    """Return a figure of regret, {name: (repeats, rounds)} of `business.bandit`: the mean, and 90 % of the repeats.

    ``batch`` visitors make a round. Each curve is named at its end.
    """
    import matplotlib.pyplot as plt

    checks.whole(1, batch=batch)
    if not 1 <= len(curves) <= len(COLOURS):
        raise ValueError(f"received {len(curves) or 'no'} curves; expected 1 to {len(COLOURS)}, a colour each.")
    figure, axes = plt.subplots(figsize=(6.5, 3.2))
    for colour, (name, repeats) in zip(COLOURS, curves.items(), strict=False):
        values = checks.records(np.atleast_2d(repeats), name, 1)
        visitors = batch * np.arange(1, values.shape[1] + 1)
        axes.fill_between(visitors, *np.quantile(values, (0.05, 0.95), axis=0), color=colour, alpha=0.18, linewidth=0)
        axes.plot(visitors, values.mean(0), color=colour)
        end = {"xytext": (5, 0), "textcoords": "offset points", "color": colour, "va": "center"}
        axes.annotate(name, (visitors[-1], values[:, -1].mean()), annotation_clip=False, **end)
    axes.set(xlabel="visitors", ylabel=ylabel)
    _title(figure, axes, title)
    return figure


def latent_line(start, end, steps):
    """Return ``steps`` latent vectors from ``start`` to ``end`` (latent_dim,) at equal angles (Shoemake 1985, slerp).

    Gaussian vectors lie near a sphere; a straight line would cut through its hollow middle. Between opposite vectors no
    way is the shortest: a ValueError.
    """
    checks.whole(1, steps=steps)
    start, end = checks.numbers(start, "start"), checks.numbers(end, "end")
    cosine = start @ end / max(np.linalg.norm(start) * np.linalg.norm(end), 1e-300)
    if not start.any() or not end.any() or cosine < 1e-12 - 1:
        raise ValueError("received opposite vectors, or zeros; expected two with an angle below 180 degrees.")
    turn = np.arccos(min(cosine, 1.0)) / np.pi
    shares = np.linspace((1, 0), (0, 1), steps)
    parts = shares * np.sinc(shares * turn) / np.sinc(turn)  # sines, without 0/0 where both point the same way
    return (parts @ [start, end]).astype(np.float32)


def latent_walk(generator, steps=10, rows=4, seed=0, title=None):
    """Return a figure in which each row leads from one random latent vector to another in ``steps`` pictures.

    ``generator`` is a `keras.Model` from latent vectors (n, latent_dim) to images in [-1, 1].
    """
    ends = np.random.default_rng(seed).normal(size=(rows, 2, generator.input_shape[-1]))
    latent = np.concatenate([latent_line(start, end, steps) for start, end in ends])
    return image_grid(np.asarray(generator(latent, training=False)), columns=steps, title=title)


def save_image_grid(images, path, says, columns=8, mark=True):
    """Write a PNG, JPEG or WebP of generated images, labelled by `provenance.label` with ``says``; return its path.

    ``says`` is a `provenance.Label`; ``mark=False`` leaves out the mark in the corner. The file is written whole or
    not at all.
    """
    from PIL import Image

    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, f"grid{path.suffix}")
        Image.fromarray(tile(images, columns)).save(plain, quality=95)
        return provenance.label(plain, says, path, mark)
