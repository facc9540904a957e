"""Drawn cat faces with known factors: the first data set a learner meets, and the stand-in for photographs of cats.

A face is drawn from seven named factors, so what a generator has learnt can be counted instead of guessed. Drawing
needs no download and no licence. Shapes are drawn four times larger than asked for and averaged down.
"""

import contextlib
import functools
import hashlib
from pathlib import Path

from aigc_utils import checks, files, runtime

import numpy as np

FUR = {
    "ginger": (226, 136, 56),
    "grey": (128, 138, 152),
    "black": (52, 48, 56),
    "cream": (244, 222, 184),
    "brown": (128, 80, 48),
}
EYES = {"green": (94, 190, 82), "blue": (66, 146, 236), "amber": (250, 186, 26)}
BACKGROUND = {"rose": (246, 196, 204), "sky": (182, 216, 244), "mint": (188, 232, 206), "lilac": (214, 200, 242)}
CHOICES = {"fur": tuple(FUR), "eyes": tuple(EYES), "background": tuple(BACKGROUND)}
RANGES = {  # least and greatest value of the factors that are numbers
    "ear_height": (0.75, 1.2),  # times the usual height
    "head_size": (0.85, 1.1),  # times the usual size
    "stripes": (0.0, 1.0),  # how dark they are, 0: none
    "tilt": (-18.0, 18.0),  # degrees, positive: clockwise
}
FACTORS = ("fur", "eyes", "ear_height", "head_size", "stripes", "tilt", "background")
_SUPERSAMPLING = 4


def draw(factors, size=32):
    """Return one face, uint8 (size, size, 3), from a mapping with an entry for each name in ``FACTORS``.

    ``fur``, ``eyes`` and ``background`` are names of ``CHOICES``; the others are numbers within ``RANGES``.
    """
    from PIL import Image, ImageDraw

    checks.whole(8, size=size)
    factors = _checked(factors)
    side = size * _SUPERSAMPLING
    image = Image.fromarray(_backdrop(BACKGROUND[factors["background"]], side))
    _Face(ImageDraw.Draw(image), side, factors).draw()
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def _checked(factors):
    missing = [name for name in FACTORS if name not in factors]
    if missing:
        raise ValueError(f"factors lack {', '.join(missing)}; expected all of {', '.join(FACTORS)}.")
    checked = {name: factors[name] for name in FACTORS}
    for name, names in CHOICES.items():
        if checked[name] not in names:
            raise ValueError(f"{name} is {checked[name]!r}; expected one of {', '.join(names)}.")
    for name, (least, most) in RANGES.items():
        if not least <= float(checked[name]) <= most:
            raise ValueError(f"{name} is {checked[name]!r}; expected a number from {least} to {most}.")
    return checked


@functools.lru_cache(maxsize=32)
def _backdrop(colour, side):
    """Return a soft light from above, uint8 (side, side, 3)."""
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    light = 1.06 - 0.16 * (y + 0.5) - 0.25 * (x**2 + y**2)
    return np.clip(np.array(colour) * light[..., None], 0, 255).astype(np.uint8)


def _mix(colour, other, share):
    return tuple(round(a + share * (b - a)) for a, b in zip(colour, other, strict=True))


@functools.lru_cache(maxsize=64)
def _superellipse(centre, radii, power):
    """Return 48 points (48, 2) of the curve |x|^power + |y|^power = 1, stretched by the radii and moved."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    curve = np.stack([np.sign(c) * np.abs(c) ** (2 / power), np.sign(s) * np.abs(s) ** (2 / power)], axis=1)
    return np.array(centre) + curve * radii


class _Face:
    """The shapes of one face, in coordinates of the head: (0, 0) its centre, (0, -1) up, 1 = half the picture.

    They are collected first: NumPy moves the points of all together in the time that it takes for those of one.
    """

    def __init__(self, canvas, side, factors):
        self.canvas, self.side, self.factors = canvas, side, factors
        self.shapes = []  # (points, fill, width of the line; None: filled), from back to front
        angle = np.deg2rad(float(factors["tilt"]))
        self.turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        self.scale = float(factors["head_size"])
        self.fur = FUR[factors["fur"]]
        dark = sum(self.fur) < 250
        self.shade = _mix(self.fur, (255, 255, 255) if dark else (40, 20, 20), 0.16 if dark else 0.22)
        self.stripe = _mix(self.fur, (255, 255, 255) if dark else (50, 25, 20), 0.55 * float(factors["stripes"]))
        self.muzzle = _mix(self.fur, (255, 250, 244), 0.62)
        self.line = (74, 48, 52)

    def polygon(self, points, fill):
        self.shapes.append((points, fill, None))

    def ellipse(self, centre, radii, fill, power=2.0):
        """Fill a superellipse; power 2 is the ellipse, a larger one is squarer."""
        self.polygon(_superellipse(centre, radii, power), fill)

    def stroke(self, points, width, fill):
        self.shapes.append((points, fill, max(1, round(width * self.scale * self.side / 2))))

    def paint(self):
        """Draw the shapes on the canvas; the neck, not the centre, tilts."""
        points = np.concatenate([points for points, _, _ in self.shapes]) * self.scale
        moved = (points - (0, 0.5)) @ self.turn + (0, 0.62)
        pixels = ((moved + 1) * self.side / 2).ravel().tolist()  # Pillow reads numbers in a row fastest
        begin = 0
        for points, fill, width in self.shapes:
            end = begin + 2 * len(points)
            if width is None:
                self.canvas.polygon(pixels[begin:end], fill=fill)
            else:
                self.canvas.line(pixels[begin:end], fill=fill, width=width, joint="curve")
            begin = end

    def draw(self):
        self.ellipse((0, 1.02), (0.62, 0.62), self.shade, power=2.4)  # shoulders
        for sign in (-1, 1):
            self.ear(sign)
        self.ellipse((0, 0.03), (0.68, 0.57), self.fur, power=2.25)
        self.stripes()
        self.ellipse((-0.17, 0.33), (0.24, 0.19), self.muzzle)
        self.ellipse((0.17, 0.33), (0.24, 0.19), self.muzzle)
        self.ellipse((0, 0.44), (0.2, 0.13), self.muzzle)
        for sign in (-1, 1):
            self.cheek(sign)
            self.eye(sign)
        self.nose_and_mouth()
        self.paint()

    def ear(self, sign):
        tip = -0.93 * float(self.factors["ear_height"]) + 0.02
        outer = np.array([(-0.66, -0.02), (-0.63, tip * 0.75), (-0.56, tip), (-0.46, tip * 0.94), (-0.1, -0.48)])
        inner = np.array([(-0.56, -0.2), (-0.55, tip * 0.78), (-0.53, tip * 0.84), (-0.24, -0.44)])
        self.polygon(outer * (-sign, 1), self.fur)
        self.polygon(inner * (-sign, 1), (240, 164, 164))

    def stripes(self):
        if self.factors["stripes"] <= 0:
            return
        for x, low in ((-0.17, -0.24), (0.0, -0.17), (0.17, -0.24)):
            top = -0.53 + 0.1 * abs(x)
            self.polygon([(x * 1.25 - 0.055, top), (x * 1.25 + 0.055, top), (x, low)], self.stripe)
        for sign in (-1, 1):
            for y in (0.16, 0.32):
                self.polygon([(sign * 0.655, y - 0.05), (sign * 0.62, y + 0.055), (sign * 0.46, y + 0.02)], self.stripe)

    def cheek(self, sign):
        for end, start in (((0.92, 0.22), (0.36, 0.3)), ((0.92, 0.4), (0.36, 0.37))):
            self.stroke(np.array([start, end]) * (sign, 1), 0.014, _mix(self.line, (255, 255, 255), 0.45))

    def eye(self, sign):
        x, y = 0.31 * sign, -0.02
        self.ellipse((x, y), (0.205, 0.215), self.line)
        self.ellipse((x, y + 0.005), (0.182, 0.19), EYES[self.factors["eyes"]])
        self.ellipse((x, y + 0.005), (0.072, 0.15), (26, 22, 30))
        self.ellipse((x + 0.065, y - 0.085), (0.055, 0.06), (255, 255, 255))
        self.ellipse((x - 0.06, y + 0.09), (0.026, 0.03), (255, 255, 255))

    def nose_and_mouth(self):
        nose = [(-0.085, 0.2), (-0.03, 0.185), (0.03, 0.185), (0.085, 0.2), (0.02, 0.275), (-0.02, 0.275)]
        self.polygon(nose, (226, 112, 124))
        self.stroke([(0, 0.27), (0, 0.35)], 0.022, self.line)
        t = np.linspace(0, np.pi, 9)
        for sign in (-1, 1):
            curve = np.stack([sign * (0.085 - 0.085 * np.cos(t)), 0.35 + 0.07 * np.sin(t)], axis=1)
            self.stroke(curve, 0.022, self.line)


def sample(n, seed=0, size=32):
    """Return ``n`` faces, uint8 (n, size, size, 3), and a `pandas.DataFrame` of their factors, a row each.

    Factors are independent and uniform over ``CHOICES`` and ``RANGES``; four in ten faces have no stripes. Face i
    depends on ``seed`` and i alone, so a smaller sample is the beginning of a larger one. Drawn once, then read from
    the cache; where that cannot be written they are drawn each time, which is said once.
    """
    table = factors(n, seed)
    checks.whole(8, size=size)
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]  # no changed drawing from an old cache
    name = f"{version}-{int(seed)}-{int(n)}-{int(size)}.npy"
    images = _cached(name, (n, size, size, 3))
    if images is None:
        images = np.stack([draw(row, int(size)) for row in table.to_dict("records")])
        _save(name, images)
    return images, table


def factors(n, seed=0):
    """Return a `pandas.DataFrame` of ``n`` random sets of factors, a column for each name in ``FACTORS``."""
    import pandas as pd

    checks.whole(1, n=n)
    checks.whole(0, seed=seed)
    numbers = np.random.default_rng(int(seed)).random((int(n), len(FACTORS) + 1))
    table = {}
    for column, name in enumerate(FACTORS):
        share = numbers[:, column]
        if name in CHOICES:
            table[name] = np.array(CHOICES[name])[(share * len(CHOICES[name])).astype(int)]
        else:
            least, most = RANGES[name]
            table[name] = (least + share * (most - least)).round(4)
    table["stripes"] = np.where(numbers[:, -1] < 0.4, 0.0, table["stripes"])
    return pd.DataFrame(table)


def _cached(name, shape):
    """Return the images of this shape that the cache holds under ``name``, or None: then they are drawn anew."""
    with contextlib.suppress(EOFError, OSError, ValueError):
        images = np.load(runtime.cache_dir() / "kittens" / name)
        return images if images.shape == shape and images.dtype == np.uint8 else None


def _save(name, images):
    """Write images to the cache, whole or not at all; where that cannot be done, say so once."""
    try:
        folder = runtime.cache_dir() / "kittens"
        folder.mkdir(exist_ok=True)
        with files.replacing(folder / name) as partial:
            np.save(partial, images)
    except OSError as error:
        _say_once(f"Kittens are drawn anew each time, because the cache cannot be written: {error.strerror or error}.")


@functools.cache
def _say_once(sentence):
    print(sentence)
