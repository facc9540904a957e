"""The shared checks: what passes comes back in one form; what does not is refused by a sentence with advice."""

import warnings

from aigc_utils import checks

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

BYTES = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
UNIT = BYTES.astype(np.float32) / np.float32(127.5) - 1


def test_bytes_and_unit_floats_pass_unchanged():
    assert checks.images(BYTES) is BYTES
    assert checks.images(UNIT) is UNIT
    assert checks.images(UNIT.astype(np.float64)).dtype == np.float32
    np.testing.assert_array_equal(checks.unit_images(BYTES), UNIT)
    assert checks.unit_images(UNIT) is UNIT


def test_grey_may_lack_the_last_axis():
    assert checks.images(BYTES[..., 0]).shape == (5, 4, 6, 1)
    with pytest.raises(ValueError, match=r"shape \(5, 4, 6\); expected \(n, height, width, 3\)"):
        checks.images(BYTES[..., 0], channels=(3,))


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (BYTES.astype(np.int64), "of int64; expected uint8.*astype"),
        (BYTES.astype(np.uint16), "of uint16; expected uint8"),
        (BYTES > 9, "of bool; expected uint8"),
        (BYTES.astype(np.float32), r"from 0 to 25\d; expected \[-1, 1\] or uint8.*to_unit"),
        (UNIT * np.nan, "NaN comes from a training"),
        (UNIT - 0.1, "expected .-1, 1. or uint8"),
        (BYTES[0], r"shape \(4, 6, 3\).*image\[None\]"),
        (BYTES[:0], "n >= 1"),
        (BYTES[:, :, :, :2], r"expected \(n, height, width, 1 or 3\)"),
        ("cat.png", "expected"),
        ([[1, 2], [3]], "expected an array of numbers"),
        (None, "expected"),
    ],
)
def test_other_images_are_refused_with_advice(received, words):
    with pytest.raises(ValueError, match=f"received .*pictures.*{words}"):
        checks.images(received, "pictures")


def test_floats_in_0_to_1_are_warned_about_and_flat_or_signed_ones_are_not():
    with pytest.warns(UserWarning, match=r"from 0 to 1, read as \[-1, 1\].*2 \* images - 1"):
        checks.images(np.linspace(0, 1, 48).reshape(1, 4, 4, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checks.images(np.zeros((1, 4, 4, 3)))
        checks.images(UNIT)


def test_labels_come_back_in_columns():
    for received in ([0, 2, 1], [[0], [2], [1]], np.array([0.0, 2.0, 1.0])):
        found = checks.labels(received, 3, (3,))
        assert found.dtype == np.int32 and found.tolist() == [[0], [2], [1]]
    assert checks.labels([[0, 4], [1, 0]], 2, (2, 5)).tolist() == [[0, 4], [1, 0]]
    assert checks.labels([-1, 1], 2, (2,), missing=True).tolist() == [[-1], [1]]


@pytest.mark.parametrize(
    ("received", "words"),
    [
        ([1, 2, 3], "from 1 to 3; expected 0 to 2 for 3 classes. Classes are counted from 0"),
        ([0, 1, 99], "from 0 to 99"),
        ([-1, 0, 1], "from -1 to 1; expected 0"),
        ([0, 1, 0.5], "of float64; expected whole numbers"),
        ([0, 1, np.nan], "expected whole numbers"),
        ([0, 1, np.inf], "from 0 to inf"),
        (np.eye(3, dtype=int), r"shape \(3, 3\); expected class numbers \(3,\) or \(3, 1\).*argmax"),
        ([0, 1], r"shape \(2,\)"),
        (["a", "b", "c"], "expected whole numbers"),
    ],
)
def test_other_labels_are_refused(received, words):
    with pytest.raises(ValueError, match=f"received kinds.*{words}"):
        checks.labels(received, 3, (3,), "kinds")


def test_labels_of_two_kinds_need_two_columns():
    with pytest.raises(ValueError, match=r"expected class numbers \(2, 2\)"):
        checks.labels([0, 1], 2, (2, 2))


@settings(deadline=None, max_examples=50)
@given(arrays.arrays(st.sampled_from([np.int64, np.uint8, np.float64]), arrays.array_shapes(max_dims=3, max_side=4)))
def test_what_passes_is_what_was_received(received):
    for check in (lambda: checks.records(received, least=1), lambda: checks.numbers(received)):
        try:
            found = check()
        except ValueError as error:
            assert "received" in str(error) and ("expected" in str(error) or "look for their source" in str(error))
        else:
            assert found.dtype == np.float64 and np.isfinite(found).all() and found.ndim in (1, 2) and found.size
            np.testing.assert_array_equal(found, received)


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (np.zeros((1, 2)), r"shape \(1, 2\); expected \(n >= 2, 3\) numbers"),
        (np.zeros((2, 2)), r"shape \(2, 2\); expected \(n >= 2, 3\)"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.full((2, 3), np.nan), "NaN or infinite"),
        ([["a", "b", "c"]] * 2, "expected an array of numbers"),
        ([[1, 2, 3], [4, 5]], "expected an array of numbers"),
        (None, "shape"),
    ],
)
def test_other_tables_are_refused(received, words):
    with pytest.raises(ValueError, match=f"received table.*{words}"):
        checks.records(received, "table", columns=3)


@pytest.mark.parametrize("received", [[], [[1.0]], [np.inf], ["x"], 3.0])
def test_other_numbers_are_refused(received):
    with pytest.raises(ValueError, match="received scores.*expected"):
        checks.numbers(received, "scores")


@pytest.mark.parametrize("value", [1, 0, -3, 2.5, np.nan, np.inf, None, "2", [2], 2 + 1j])
def test_whole_numbers_from_two_on(value):
    with pytest.raises(ValueError, match="received steps = .*; expected a whole number, 2 or more"):
        checks.whole(2, steps=value)
    checks.whole(2, steps=2, epochs=np.int64(3), rounds=np.uint8(4))


@pytest.mark.parametrize("value", [0, 1, 95, -0.1, np.nan, [], [0.5, 1.0], None])
def test_shares_lie_between_0_and_1(value):
    with pytest.raises(ValueError, match="received confidence = .*; expected a share between 0 and 1"):
        checks.shares(confidence=value)
    checks.shares(confidence=0.95, rates=[0.1, 0.2])
    with pytest.raises(ValueError, match="received confidence that cannot be read"):
        checks.shares(confidence="95 %")
