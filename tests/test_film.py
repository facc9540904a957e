"""The sprites' split, errors and variations of benchmarks/film.py, on drawings small enough to work out by hand."""

import itertools

from benchmarks import film

import numpy as np
import pytest


def square(left=4, top=4, colour=(200, 100, 50), side=6, size=16):
    """Return a sprite with one opaque square."""
    sprite = np.zeros((size, size, 4), np.uint8)
    sprite[top : top + side, left : left + side] = (*colour, 255)
    return sprite


def test_a_unit_is_a_name_without_what_it_does_and_where_it_looks():
    names = [
        "orcs/grunt-attack",
        "elves-wood/archer+female-sword",
        "undead/bat-se",
        "undead-skeletal/archer/archer-die",
    ]
    found = [film.unit_of(name) for name in names]
    assert found == ["orcs/grunt", "elves-wood/archer", "undead/bat", "undead-skeletal/archer"]
    assert film.unit_of("human-loyalists/master-at-arms-idle") == "human-loyalists/master-at-arms"


def test_triplets_are_consecutive_and_what_is_left_out_is_counted():
    frames = {1: square(1), 2: square(2), 3: square(3), 5: square(4), 6: square(4), 7: square(4), 8: square(5, size=18)}
    kept, left_out = film.triplets({"a/b-run": frames})
    assert [(name, k) for name, k, _ in kept] == [("a/b-run", 1)]
    assert left_out == {"all three the same": 1, "of different sizes": 1}


def test_units_that_share_a_frame_or_a_silhouette_are_one_family_and_never_split():
    found = {
        "a/knight-run": {1: square(2), 2: square(3)},
        "a/rider-run": {1: square(2, colour=(0, 0, 255))},  # the same silhouette in blue
        "b/bat-fly": {1: square(9, 9, side=3), 2: square(2, 10, side=3)},
        "b/ghost-fly": {1: square(9, 9, side=3)},  # the very same frame
        "c/elf-idle": {1: square(0, 0, side=2)},
    }
    family = film.families(found)
    assert family["a/knight"] == family["a/rider"] and family["b/bat"] == family["b/ghost"]
    assert len(set(family.values())) == 3
    names = ["a/knight-run"] * 4 + ["a/rider-run"] * 4 + ["b/bat-fly", "b/ghost-fly", "c/elf-idle"]
    part = film.split(names, family)
    assert set(part) == set(family.values()) and part[family["a/knight"]] == "training"  # too large for the lot


def test_errors_count_premultiplied_colours_within_the_box():
    clear = square()
    clear[0, 0, :3] = 255  # an invisible white
    assert not film.premultiplied(clear)[0, 0].any()
    triplet = np.stack([square(4), square(4), square(4)])
    drawn = film.premultiplied(square(4))
    drawn[..., 0] += 0.1 * (drawn[..., 3] > 0)
    red = (np.rint((200 / 255 + 0.1) * 255) / 255 - 200 / 255) ** 2
    assert film.squared_error(drawn, triplet) == pytest.approx(red / 3, rel=1e-4)
    assert film.squared_error(drawn, triplet, channels=4) == pytest.approx(red / 4, rel=1e-4)
    assert film.squared_error(drawn, triplet, whole=True) == pytest.approx(red / 3 * 36 / 256, rel=1e-4)
    assert film.decibels(np.array([0.01, 0.0])) == pytest.approx([20, 20 * np.log10(510)])


def test_the_yardstick_is_the_error_of_the_drawing_moved_by_a_pixel():
    triplet = np.stack([square(4, colour=(255, 255, 255))] * 3)
    triplet[0] = square(3, colour=(255, 255, 255), side=8)  # the box is 8 by 8 or more
    box = film.box_of(*triplet)
    area = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
    lost_and_gained = {film.yardstick(triplet, pixels) * area for pixels in (1.0,)}.pop()
    assert 6 <= lost_and_gained <= 12  # a row of six is lost, and one gained where the box still reaches
    assert film.yardstick(triplet, 0.0) == 0 and film.yardstick(triplet, 0.5) < film.yardstick(triplet, 1.0)


def moving():
    """Return an example whose middle is the first sprite moved by (2, 1); both moved sprites are right."""
    first, middle, last = (film.premultiplied(square(12 + 2 * k, 14 + k, size=40)) for k in range(3))
    inside = np.zeros((40, 40, 1), np.float32)
    inside[14:22, 12:24] = 1
    fields = [np.broadcast_to(np.array(v, np.float32), (40, 40, 2)) for v in ((-2, -1), (2, 1))]
    return np.concatenate([first, last, *film.moved_by(first, last, fields), middle, inside], axis=-1)


def test_variations_keep_what_the_drawings_say_of_each_other():
    example, seen = moving(), set()
    assert np.array_equal(example[..., 8:12], example[..., 16:20])  # moved by the true flow it is the middle
    for seed in range(60):
        window = film.varied(example, np.random.default_rng(seed))
        first, last, back, forth, middle, inside = np.split(window, (4, 8, 12, 16, 20), axis=-1)
        assert np.array_equal(back, middle) and np.array_equal(forth, middle)
        assert inside.sum() == 96 and middle[..., 3].sum() == example[..., 19].sum()
        ways = [np.argwhere(sprite[..., 3]).mean(0) - np.argwhere(middle[..., 3]).mean(0) for sprite in (first, last)]
        assert ways[0] == pytest.approx(-ways[1]) and sorted(abs(ways[0])) == pytest.approx([1, 2])
        seen.add(tuple(ways[0]))
    assert len(seen) == 8  # forwards and backwards, mirrored, turned


@pytest.mark.parametrize("view", list(itertools.product([False, True], repeat=2)))
def test_a_view_is_the_same_motion_seen_otherwise(view):
    turn, mirror = view
    stack = moving()[None, ..., :16]
    parts = np.split(film.viewed(stack, *view), 4, axis=-1)
    order = (1, 0, 3, 2) if turn else (0, 1, 2, 3)
    for part, k in zip(parts, order, strict=True):
        expected = stack[..., 4 * k : 4 * k + 4]
        assert np.array_equal(part, expected[:, :, ::-1] if mirror else expected)


def test_softening_leaves_alone_what_both_sides_agree_on():
    still = film.premultiplied(square(12, 14, size=40))
    fields = (np.zeros((40, 40, 2), np.float32),) * 2
    assert np.allclose(film.softened(still, still, fields, 0.6), still, atol=1e-6)
    other = film.premultiplied(square(20, 14, size=40))
    drawn = film.by_flow(still, other, fields, 0.6)
    assert np.abs(film.softened(still, other, fields, 0.6) - drawn).max() > 0.05


def test_what_is_cut_out_for_the_network_comes_back_to_its_place():
    first, last = film.premultiplied(square(20, 9, size=50)), film.premultiplied(square(24, 9, size=50))
    stack, back = film.prepared(first, last, (np.zeros((50, 50, 2)),) * 2)
    assert stack.shape[0] % 32 == stack.shape[1] % 32 == 0
    assert np.array_equal(back(stack[..., :4]), first) and np.array_equal(back(stack[..., 4:8]), last)


def test_both_flows_find_a_small_movement():
    y, x = np.mgrid[:48, :48]
    hill = [np.exp(-((x - 22 - k) ** 2 + (y - 24) ** 2) / 40).astype(np.float32) for k in (0, 2)]
    for flow in (film.dis_flow, film.ilk_flow):
        right, down = flow(*hill)[24, 22]
        assert right == pytest.approx(2, abs=0.4) and down == pytest.approx(0, abs=0.3)


def test_the_plan_gives_a_probability_by_its_weights():
    rule = {"mean": [1.0, 0.0], "scale": [2.0, 1.0], "weights": [-1.0, 0.5], "bias": 0.2}
    chance = film.chance_within(rule, np.array([[1.0, 0.0], [3.0, 2.0]]))
    assert chance == pytest.approx([1 / (1 + np.exp(-0.2)), 1 / (1 + np.exp(-0.2))])
