"""Kittens in a pose: the tilt of the head, the gaze, the lids, an ear, and a ball beside them. Shown in 09_video."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aigc_utils import checks, kittens

import numpy as np
from PIL import Image, ImageDraw

POSE = {"tilt": 18.0, "gaze": 1.0, "lid": 1.0, "ear": 1.0, "ball": 0.8}  # greatest size: degrees, then shares
REST = {"tilt": 0.0, "gaze": 0.0, "lid": 0.0, "ear": 0.0, "ball": np.nan}  # NaN: there is no ball


class Moving(kittens._Face):
    """A face whose pupils, lids and right ear are where the factors ``gaze``, ``lid`` and ``ear`` put them."""

    def ellipse(self, centre, radii, fill, power=2.0):
        """Draw an ellipse; a pupil, which is known by its radii, is shifted by the gaze."""
        is_pupil = radii == (0.072, 0.15)
        super().ellipse((centre[0] + 0.11 * self.factors["gaze"] * is_pupil, centre[1]), radii, fill, power)

    turned, hinge = None, np.array((0.36, -0.3))

    def polygon(self, points, fill):
        """Draw a polygon, about the hinge of the ear while that is turned."""
        super().polygon(points if self.turned is None else (points - self.hinge) @ self.turned + self.hinge, fill)

    def ear(self, sign):
        """Draw an ear; the right one (sign 1) is turned by up to 48 degrees."""
        angle = np.deg2rad(-48.0 * self.factors["ear"])
        if sign > 0 and angle:
            self.turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        super().ear(sign)
        self.turned = None

    def eye(self, sign):
        """Draw an eye, and over it the lid as far as it is closed."""
        super().eye(sign)
        if self.factors["lid"] > 0:
            t, edge = np.linspace(0, 2 * np.pi, 48, endpoint=False), -0.235 + 0.43 * self.factors["lid"]
            rim = np.stack([0.31 * sign + 0.205 * np.cos(t), np.minimum(0.215 * np.sin(t) - 0.02, edge)], axis=1)
            self.polygon(rim, self.shade)
            self.stroke(rim[rim[:, 1] > edge - 1e-9], 0.03, self.line)


def posed(factors, pose, size=32):
    """Return a face, uint8 (size, size, 3), in a ``pose`` {name of POSE: number}; at REST it is `kittens.draw`'s."""
    for name, most in POSE.items():
        if not abs(pose[name]) <= most and not (name == "ball" and np.isnan(pose[name])):
            raise ValueError(f"{name} is {pose[name]!r}; expected a number from -{most:g} to {most:g}.")
    checks.whole(8, size=size)
    side, told = size * kittens._SUPERSAMPLING, kittens._checked({**factors, "tilt": pose["tilt"]})
    image = Image.fromarray(kittens._backdrop(kittens.BACKGROUND[told["background"]], side))
    canvas = ImageDraw.Draw(image)
    Moving(canvas, side, {**told, **pose}).draw()
    if not np.isnan(pose["ball"]):
        for radius, shift, fill in ((0.15, 0, (150, 30, 60)), (0.125, 0, (226, 60, 84)), (0.04, 0.05, (255, 220, 220))):
            x, y = 1 + pose["ball"] + shift, 1.8 - shift
            box = np.array([x - radius, y - radius, x + radius, y + radius]) * side / 2
            canvas.ellipse(box.tolist(), fill)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))
