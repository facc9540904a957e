"""Drawn kittens: factors that can be seen, samples that can be repeated, a cache that cannot lie."""

import errno
import os
import shutil
import time
from pathlib import Path

from aigc_utils import kittens

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PLAIN = {
    "fur": "ginger",
    "eyes": "green",
    "background": "sky",
    "ear_height": 1.0,
    "head_size": 1.0,
    "stripes": 0.0,
    "tilt": 0.0,
}
FACTORS = st.fixed_dictionaries(
    {name: st.sampled_from(names) for name, names in kittens.CHOICES.items()}
    | {name: st.floats(*limits) for name, limits in kittens.RANGES.items()}
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path))
    return tmp_path / "kittens"


def difference(**changed):
    """Return how far each pixel moves when factors of a plain kitten change, (64, 64)."""
    faces = [kittens.draw(PLAIN | factors, 64).astype(int) for factors in ({}, changed)]
    return np.abs(faces[1] - faces[0]).sum(axis=-1)


def test_the_issue_asks_for_five_furs_and_three_eyes():
    assert (len(kittens.FUR), len(kittens.EYES)) == (5, 3)
    assert set(kittens.FACTORS) == set(PLAIN)


@settings(max_examples=30, deadline=None)
@given(FACTORS, st.sampled_from([8, 32, 50]))
def test_every_combination_can_be_drawn(factors, size):
    face = kittens.draw(factors, size)
    assert face.shape == (size, size, 3) and face.dtype == np.uint8
    np.testing.assert_array_equal(face, kittens.draw(factors, size))


@pytest.mark.parametrize(
    "changed",
    [
        {"fur": "black"},
        {"eyes": "blue"},
        {"background": "rose"},
        {"ear_height": 1.2},
        {"head_size": 0.85},
        {"stripes": 1.0},
        {"tilt": 18.0},
    ],
)
def test_every_factor_can_be_seen(changed):
    assert (difference(**changed) > 60).sum() >= 20


def test_factors_change_what_they_name():
    assert difference(eyes="blue")[44:].max() == 0  # below the eyes
    assert difference(eyes="blue")[:27].max() == 0  # above them
    assert difference(background="rose")[32, 32] == 0  # the middle of the face
    assert difference(ear_height=1.2)[30:].max() == 0


def test_a_level_face_is_nearly_symmetrical():
    """The light in the eyes and rounding apart, left equals right; a tilt breaks it."""
    level, tilted = (kittens.draw(PLAIN | {"tilt": tilt}, 64).astype(int) for tilt in (0.0, 18.0))
    assert np.abs(level - level[:, ::-1]).mean() < 8 < np.abs(tilted - tilted[:, ::-1]).mean()


def test_fur_has_its_colour():
    for name, colour in kittens.FUR.items():
        forehead = kittens.draw(PLAIN | {"fur": name}, 64)[20, 32]
        assert np.abs(forehead.astype(int) - colour).max() <= 6, name


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fur": "pink"}, "fur is 'pink'; expected one of ginger"),
        ({"tilt": 90}, "tilt is 90; expected a number from -18"),
        ({"stripes": float("nan")}, "stripes is nan"),
    ],
)
def test_wrong_factors_are_refused(changed, words):
    with pytest.raises(ValueError, match=words):
        kittens.draw(PLAIN | changed)


def test_missing_factors_are_named():
    with pytest.raises(ValueError, match="factors lack stripes, tilt"):
        kittens.draw({name: value for name, value in PLAIN.items() if name not in ("stripes", "tilt")})


def test_a_sample_is_drawn_from_its_table():
    images, table = kittens.sample(6, seed=1)
    assert images.shape == (6, 32, 32, 3) and images.dtype == np.uint8
    assert list(table.columns) == list(kittens.FACTORS)
    np.testing.assert_array_equal(images[4], kittens.draw(table.iloc[4]))


def test_a_smaller_sample_begins_a_larger_one():
    few, few_factors = kittens.sample(3, seed=2)
    more, more_factors = kittens.sample(7, seed=2)
    np.testing.assert_array_equal(few, more[:3])
    pd.testing.assert_frame_equal(few_factors, more_factors[:3])
    assert (kittens.sample(3, seed=3)[0] != few).any()


def test_factors_are_uniform_and_independent():
    table = kittens.factors(20_000, seed=0)
    for name, names in kittens.CHOICES.items():
        shares = table[name].value_counts(normalize=True)
        assert set(shares.index) == set(names)
        assert np.allclose(shares, 1 / len(names), atol=0.015)  # 4 standard errors
    for name, (least, most) in kittens.RANGES.items():
        assert table[name].between(least, most).all()
    assert abs((table["stripes"] == 0).mean() - 0.4) < 0.015
    assert abs(table["tilt"].mean()) < 0.3 and abs(table["tilt"].std() - 36 / np.sqrt(12)) < 0.2
    assert table[["ear_height", "head_size", "tilt"]].corr().abs().where(~np.eye(3, dtype=bool)).max().max() < 0.03
    joint = pd.crosstab(table["fur"], table["eyes"], normalize=True)
    assert np.allclose(joint, 1 / 15, atol=0.008)


def test_five_thousand_take_seconds_not_minutes():
    """The bar is 10 s on one core; here twice that, for other work slows a core down. The best time counts."""
    rows = kittens.factors(500, seed=9).to_dict("records")
    times = []
    for first in range(0, 500, 25):
        begin = time.process_time()
        faces = [kittens.draw(row) for row in rows[first : first + 25]]
        times.append(time.process_time() - begin)
    assert 200 * min(times) < 20
    assert len({face.tobytes() for face in faces}) == 25


def test_the_cache_answers_the_second_time(cache, monkeypatch):
    first, _ = kittens.sample(5, seed=4)
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(kittens, "draw", None)
    np.testing.assert_array_equal(kittens.sample(5, seed=4)[0], first)


def test_a_damaged_cache_file_is_drawn_anew(cache):
    first, _ = kittens.sample(5, seed=4)
    (file,) = cache.iterdir()
    for damaged in (b"", file.read_bytes()[:200], b"no array"):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(kittens.sample(5, seed=4)[0], first)


def test_an_interrupted_drawing_leaves_nothing_behind(cache, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kittens.sample(2, seed=4)
    assert list(cache.iterdir()) == []


def test_a_cache_file_of_other_images_is_not_believed(cache):
    first, _ = kittens.sample(2, seed=4)
    (file,) = cache.iterdir()
    for others in (first[:1], first.astype(float)):
        with open(file, "wb") as opened:
            np.save(opened, others)
        np.testing.assert_array_equal(kittens.sample(2, seed=4)[0], first)


@pytest.mark.parametrize("trouble", ["a file", "read-only home", "full", "read-only"])
def test_without_a_cache_they_are_drawn_and_that_is_said_once(trouble, cache, monkeypatch, capsys):
    first, _ = kittens.sample(2, seed=4)
    shutil.rmtree(cache)
    kittens._say_once.cache_clear()

    def refusing(*arguments, **options):
        code = errno.ENOSPC if trouble == "full" else errno.EROFS
        raise OSError(code, os.strerror(code))

    if trouble == "a file":
        (cache.parent / "note.txt").write_text("not a folder")
        monkeypatch.setenv("AIGC_CACHE_DIR", str(cache.parent / "note.txt"))
    else:  # root may write everywhere, so the system's refusal is played
        monkeypatch.setattr(*((Path, "mkdir") if trouble == "read-only home" else (np, "save")), refusing)
    for _ in range(2):
        np.testing.assert_array_equal(kittens.sample(2, seed=4)[0], first)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Kittens are drawn anew each time, because the cache cannot be written: ")
    assert not cache.exists() or list(cache.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 2.5}, {"n": "2"}, {"n": 1, "size": 4}, {"n": 1, "seed": -1}])
def test_impossible_samples_are_refused(wrong):
    name, value = list(wrong.items())[-1]
    with pytest.raises(ValueError, match=f"received {name} = {value}; expected a whole number"):
        kittens.sample(**wrong)


def test_whole_numbers_of_every_type_are_taken():
    first, _ = kittens.sample(2, seed=1)
    np.testing.assert_array_equal(kittens.sample(np.int64(2), seed=np.int32(1), size=np.uint8(32))[0], first)
