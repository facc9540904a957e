"""Twelve folders of different kinds and faults go through the shell's command, with its own choices, for 12 seconds.

Six are trained on, and six are refused by one sentence; of neither is a byte changed.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from aigc_apps import prototype
from aigc_utils import kittens, provenance

import numpy as np
import pytest
from folders import FILM, contents, save
from PIL import Image

COUNT = 120  # pictures of a folder that is enough to train on


def drawn(count=COUNT):
    """Kittens that differ, uint8 (n, 32, 32, 3)."""
    return kittens.sample(count, seed=5)[0]


# --- the folders -----------------------------------------------------------------------------------------------------


def colour(folder):
    return save(drawn(), folder)


def grey_classes_in_a_zip(folder):
    grey = drawn().mean(-1).astype(np.uint8)
    pale = grey.mean((1, 2)) > np.median(grey.mean((1, 2)))
    save(grey[pale], folder / "pale")
    save(grey[~pale], folder / "dark")
    archive = shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    return Path(archive)


def faults(folder):
    """128 files: 4 cannot be read, and 8 of the pictures are left out, for each reason there is."""
    images = drawn()
    save(images[:60], folder / "ginger")
    save(images[60:115], folder / "grey", "jpg")
    save(images[:3], folder / "ginger" / "again", first=500)  # exact repeats
    save(images[115:117], folder / "rare")
    save(images[117:119], folder)  # beside the classes
    Image.fromarray(np.tile(images[119], (1, 4, 1))).save(folder / "grey" / "panorama.png")
    (folder / "grey" / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder / "grey" / "film.mp4").write_bytes(FILM)
    (folder / "grey" / "half.png").write_bytes((folder / "ginger" / "000.png").read_bytes()[:200])
    (folder / "grey" / "empty.png").write_bytes(b"")
    Image.fromarray(np.tile(images[119], (1, 2, 1))).save(folder / "grey" / "wide.bmp")
    return folder


def tall_photographs(folder):
    """JPEGs of three by four with the orientation of a phone that was held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    large = [Image.fromarray(image).resize((400, 300)) for image in drawn()]
    return save(large, folder, "jpg", exif=exif)


def formats(folder):
    """Palettes, transparency, 16 bits of grey, WebP and GIF, in a folder within a folder: no classes."""
    images = drawn()
    see_through = [Image.fromarray(np.dstack([image, np.full((32, 32), 200, np.uint8)])) for image in images[:30]]
    save([Image.fromarray(image).quantize(64) for image in images[30:60]], folder / "all" / "palette", "gif")
    save(images[60:90], folder / "all" / "palette", "webp")
    save([image[..., 0].astype(np.uint16) * 257 for image in images[90:]], folder / "all" / "palette", "tiff")
    return save(see_through, folder / "all" / "palette", "png").parents[1]


def names(folder):
    """Spaces, accents and a hidden folder in the names; three classes of very different sizes."""
    images = drawn(150)
    save(images[:12], folder / "schöne Katzen")
    save(images[12:26], folder / "två")
    save(images[140:], folder / ".cache")
    return save(images[26:140], folder / "the rest") and folder


def empty(folder):
    folder.mkdir()
    return folder


def three(folder):
    return save(drawn(3), folder)


def alike(folder):
    return save(np.repeat(drawn(1), COUNT, axis=0), folder)


def one_of_one(folder):
    return save(drawn(1), folder / "only").parent


def panorama(folder):
    folder.mkdir()
    Image.new("L", (30_000, 40)).save(folder / "panorama.png")
    return folder


def film(folder):
    folder.write_bytes(FILM)
    return folder


# --- what becomes of them --------------------------------------------------------------------------------------------


def shell(path, out):
    """Run the command as a reader types it; return (exit status, printed, complained)."""
    arguments = [sys.executable, "-m", "aigc_apps.prototype", path, "--minutes", "0.2", "--out", out]
    environment = os.environ | {"PYTHONPATH": str(Path(prototype.__file__).parents[2]), "PYTHONUTF8": "1"}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("make", "settings", "said"),
    [
        (colour, {"family": "GAN", "grey": False, "size": 32}, ["120 pictures can be read (120 PNG)."]),
        (grey_classes_in_a_zip, {"family": "flow", "grey": True}, ["2 classes: dark 60, pale 60", "0 of 120"]),
        (
            faults,
            {"family": "flow", "grey": False},
            [
                "124 pictures can be read (1 BMP, 55 JPEG, 68 PNG).",
                "4 files cannot be read",
                "1 picture was left out: more than 3 times as long as wide.",
                "2 pictures were left out: beside the folders",
                "3 pictures were left out: exact repeats of others, 0 of which",
                "2 pictures were left out: the class rare has fewer than 10",
                "2 classes: ginger 60, grey 56",
                "2 are not square",
            ],
        ),
        (tall_photographs, {"family": "GAN", "size": 32}, ["120 JPEG", "300 to 300 pixels; 120 are not square"]),
        (formats, {"grey": False}, ["30 GIF, 30 PNG, 30 TIFF, 30 WEBP", "90 of 120 pictures have colours"]),
        (names, {"family": "flow"}, ["3 classes: schöne Katzen 12, the rest 114, två 14"]),
    ],
)
def test_a_folder_that_is_trained_on(make, settings, said, tmp_path):
    path = make(tmp_path / "my pictures")
    before, out = contents(path), tmp_path / "out"
    status, printed, complained = shell(path, out)
    assert status == 0, complained
    for sentence in said:
        assert sentence in printed
    assert "not readable" not in printed  # the facts tell what cannot be read, once
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {name: run["settings"][name] for name in settings} == settings
    assert run["ended"] == "its time was up" and run["verdict"]["answer"] in ("yes", "no", "not decidable")
    assert sorted(file.name for file in out.iterdir()) == sorted(prototype.LEFT)
    assert provenance.read(out / "samples.png").mark
    assert contents(path) == before


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (empty, "holds no readable picture among 0 files"),
        (three, "received 3 different pictures; expected 100 or more"),
        (alike, "received 1 different pictures; expected 100 or more"),
        (one_of_one, "received 1 different pictures; expected 100 or more"),
        (panorama, "received 0 different pictures"),
        (film, "neither a zip nor a tar file. Expected a folder of pictures"),
    ],
)
def test_a_folder_that_is_refused(make, said, tmp_path):
    path = make(tmp_path / "my pictures")
    before = contents(tmp_path)
    status, _, complained = shell(path, tmp_path / "out")
    assert status == 1 and said in complained and len(complained.strip().splitlines()) == 1, complained
    assert contents(tmp_path) == before and not (tmp_path / "out").exists()
