"""Kittens in a pose, and what 09's bench computes of their clips: values by hand, planted faults, odd clips."""

import sys
from pathlib import Path

from aigc_utils import kittens
from benchmarks import motion

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import video as bench

KITTEN = kittens.factors(1, 5).to_dict("records")[0]
RNG = np.random.default_rng(0)


# --- drawing ----------------------------------------------------------------------------------------------------------


def test_at_rest_a_kitten_is_the_one_that_kittens_draws():
    for kitten in kittens.factors(4, 3).to_dict("records"):
        assert np.array_equal(motion.posed(kitten, motion.REST | {"tilt": kitten["tilt"]}), kittens.draw(kitten))


@pytest.mark.parametrize(
    ("name", "value", "rows", "columns"),
    [
        ("lid", 1.0, (10, 22), (6, 27)),
        ("ear", 1.0, (0, 18), (14, 32)),
        ("gaze", -1.0, (10, 22), (6, 27)),
        ("ball", 0.5, (25, 32), (20, 30)),
    ],
)
def test_each_factor_changes_its_own_part_of_the_picture(name, value, rows, columns):
    changed = (motion.posed(KITTEN, motion.REST) != motion.posed(KITTEN, motion.REST | {name: value})).any(axis=-1)
    assert changed.any()
    changed[slice(*rows), slice(*columns)] = False
    assert not changed.any()


@pytest.mark.parametrize(("name", "value"), [("tilt", 20), ("lid", np.nan), ("ball", 0.9), ("ear", np.inf)])
def test_a_pose_out_of_range_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is .* expected a number from"):
        motion.posed(KITTEN, motion.REST | {name: value})


# --- clips ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", bench.MOTIONS)
def test_tracks_stay_in_range_and_go_as_far_as_asked(name):
    for seed in range(40):
        for amount in (0.0, 0.5, 1.0):
            poses = bench.track(name, amount, seed)
            assert (np.abs(np.nan_to_num(poses)) <= list(motion.POSE.values())).all()
            tilt, _, lid, ear, ball = np.abs(poses).T
            if name in ("blink", "ear"):
                assert np.isclose((lid if name == "blink" else ear).max(), 0.5 + 0.5 * amount)
            elif name == "ball":
                assert 0.5 * (0.3 + 0.45 * amount) < ball.max() <= 0.3 + 0.45 * amount
            else:
                assert tilt.max() <= 5 + 11 * amount
            assert name == "ball" or np.isnan(ball).all()


def test_a_ball_changes_sides_only_in_the_middle():
    for seed in range(40):
        ball = bench.track("ball", 1.0, seed)[:, 4]
        turns = np.flatnonzero(np.sign(ball[1:]) != np.sign(ball[:-1]))
        assert (np.abs(ball[turns]) < 0.3).all() and (np.abs(ball[turns + 1]) < 0.3).all()


def test_unknown_motions_are_refused():
    for asked in (("run", 0.5), ("tilt", 1.5), ("tilt", np.nan)):
        with pytest.raises(ValueError, match="expected one of"):
            bench.track(*asked, 0)


def test_clips_are_a_function_of_their_seed_and_keep_new_colours_apart():
    frames, poses, table = bench.clips(2, 2, 9)
    again = bench.clips(1, 2, 9)[0]
    assert frames.shape == (4, 16, 32, 32, 3) and poses.shape == (4, 16, 5)
    assert np.array_equal(frames[:2], again)
    assert table["motion"].iloc[0] != table["motion"].iloc[1] and (table["kitten"] == [0, 0, 1, 1]).all()
    assert all(map(bench.is_new, bench.cast(5, 1, True))) and not any(map(bench.is_new, bench.cast(5, 1, False)))
    every = [
        {"fur": f, "eyes": e, "background": b} for f in kittens.FUR for e in kittens.EYES for b in kittens.BACKGROUND
    ]
    assert sum(map(bench.is_new, every)) == 12  # a fifth of sixty


# --- what comes next --------------------------------------------------------------------------------------------------


def test_errors_sharpness_and_straight_lines_by_hand():
    past = np.zeros((1, 8, 12, 12, 3), np.uint8)
    past[0, 6], past[0, 7] = 51, 102
    line = bench.extrapolated(past)[0, :, 0, 0, 0]
    assert np.allclose(line, np.minimum(0.4 + 0.2 * np.arange(1, 9), 1))
    assert np.allclose(bench.copied(past), 0.4)
    future = np.full((1, 8, 12, 12, 3), 153, np.uint8)
    assert np.allclose(bench.errors(bench.copied(past), future), 0.2)
    stripes = np.zeros((12, 12, 3))
    stripes[:, ::2] = 1
    assert bench.sharpness(stripes) == 1 and bench.sharpness(np.ones((12, 12, 3))) == 0


def test_pixels_are_pulled_and_pushed_to_the_right_place():
    frame = np.zeros((20, 20, 3), np.float32)
    frame[8:11, 5:8] = 1
    moved = np.roll(frame, 3, axis=1)
    everywhere = np.broadcast_to(np.array([3, 0], np.float32), (20, 20, 2))
    assert np.allclose(bench.pulled(frame, everywhere)[:, 3:], moved[:, 3:])
    of_the_square = np.where(frame[..., :2] > 0, everywhere, 0).astype(np.float32)
    pushed = bench.pushed(frame, of_the_square)
    assert pushed[9, 9].min() > 0.9 and pushed[9, 5].max() < 0.5  # it arrived, and the hole behind it was filled


def test_flow_predicts_a_steady_movement_on_frames_of_odd_size():
    y, x = np.mgrid[:33, :47]
    frames = np.stack([np.sin((x - 1.5 * t) / 4) + np.cos((y - 0.5 * t) / 5) for t in range(16)])
    clip = np.repeat(np.rint(64 * frames + 128).astype(np.uint8)[None, ..., None], 3, axis=-1)
    for options in ({"kind": "DIS", "scale": 2, "patch": 8, "stride": 1}, {"kind": "ILK", "scale": 1, "radius": 5}):
        whole = options | {"push": False, "weights": [[1.0, 0.0, 1.0]] * 8}
        inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
        wrong = bench.errors(bench.by_flow(clip[:, :8], whole)[inner], clip[:, 8:][inner])[0]
        still = bench.errors(bench.copied(clip[:, :8])[inner], clip[:, 8:][inner])[0]
        assert wrong.shape == (8,) and wrong[0] < 0.4 * still[0]


def test_clips_that_are_too_short_or_too_small_are_refused_in_a_sentence():
    one = np.zeros((1, 1, 20, 20, 3), np.uint8)
    options = {"kind": "DIS", "scale": 1, "patch": 8, "stride": 1, "push": False, "weights": [[1.0, 0.0, 1.0]] * 8}
    for predict in (bench.extrapolated, lambda clip: bench.by_flow(clip, options)):
        with pytest.raises(ValueError, match="received clips of 1 frames, 20×20; expected . frames or more"):
            predict(one)
    with pytest.raises(ValueError, match="at least 12×12"):
        bench.by_flow(np.zeros((1, 8, 9, 20, 3), np.uint8), options)
    with pytest.raises(ValueError, match="33×32; expected sides that are multiples of 4"):
        bench.recurrent_network(33, 32)


def test_a_linear_latent_space_predicts_what_is_linear():
    patterns = RNG.normal(size=(2, 12 * 12 * 3))
    speed = RNG.uniform(-1, 1, (60, 2))
    weights = speed[:, None] * np.arange(16)[:, None]  # codes that move steadily
    frames = 128 + 2 * (weights @ patterns).reshape(60, 16, 12, 12, 3)
    predict = bench.Principal(frames[:40], 2, ridge=1e-6)
    wrong, still = (bench.errors(way(frames[40:, :8]), frames[40:, 8:]).mean() for way in (predict, bench.copied))
    assert wrong < 0.1 * still


# --- judging ----------------------------------------------------------------------------------------------------------


def seen_as(poses, clips=1, **columns):
    """Return what a faultless reader would say of clips in these poses (n, 16, 5)."""
    flat = poses.reshape(-1, 5)
    table = {"fur": 1, "eyes": 2, "background": 0, "ear_height": 1.0, "head_size": 1.0, "stripes": 0.0}
    table |= dict(zip(motion.POSE, np.nan_to_num(flat).T, strict=True)) | {"has_ball": ~np.isnan(flat[:, 4])}
    index = pd.MultiIndex.from_product([range(len(poses)), range(16)], names=["clip", "frame"])
    return pd.DataFrame(table | columns, index=index)


def test_motion_and_amount_are_read_from_tracks():
    amounts = np.tile([0.1, 0.5, 0.9], 8)
    poses = np.stack([bench.track(name, a, k) for name in bench.MOTIONS for k, a in enumerate(amounts)])
    shown, amount = bench.motion_shown(seen_as(poses))
    assert (shown == np.repeat(range(4), 24)).mean() > 0.95
    assert np.corrcoef(amount, np.tile(amounts, 4))[0, 1] > 0.85


def test_one_frame_of_another_kitten_spoils_a_clip_but_closed_eyes_hide_their_colour():
    poses = np.stack([bench.track("blink", 1.0, k) for k in range(3)])
    seen, tolerance = seen_as(poses), np.array([0.1, 0.1, 0.2])
    assert bench.identity_kept(seen, tolerance).all()
    closed = seen["lid"] > bench.OPEN
    seen.loc[closed, "eyes"] = 0
    assert closed.any() and bench.identity_kept(seen, tolerance).all()
    seen.loc[(1, 7), "fur"] = 4
    seen.loc[(2, 3), "head_size"] = 1.2
    assert bench.identity_kept(seen, tolerance).tolist() == [True, False, False]


def test_planted_clips_exchange_shapes_and_grow_ears_but_keep_their_colours():
    two, ears = bench.two_kittens(3), bench.growing_ears(3)
    assert two.shape == ears.shape == (3, 16, 32, 32, 3)
    assert (two[:, :, 0, 0] == two[:, :1, 0, 0]).all()  # one background
    assert not np.array_equal(two[0, 7], two[0, 8]) and not np.array_equal(ears[0, 0], ears[0, 15])
    assert bench.ratio_of_shares(*np.ones((3, 4))) == [1, 1, 1]


def test_the_nearest_path_of_poses_goes_on_where_the_last_frame_is():
    paths = np.cumsum(RNG.normal(size=(5, 16, 8)), axis=1)
    nearest = bench.NearestPaths(paths, count=1)
    found = nearest(paths[3:4, :8] + 2.0)  # the same path elsewhere
    assert np.allclose(found, paths[3:4, 8:] + 2.0, atol=1e-4)
    assert np.allclose(nearest(paths[2:3, ::-1][:, :8]), paths[2:3, ::-1][:, 8:], atol=1e-4)  # backwards


def test_jerk_and_flicker_of_steady_changes_are_zero():
    poses = np.zeros((2, 16, 5))
    poses[0, :, 0] = np.arange(16)
    poses[1, ::2, 0] = 18.0  # full swing to and fro: second differences of ±2 ranges in one of five factors
    assert np.allclose(bench.jerk(seen_as(poses)), [0, np.sqrt(4 / 5)])
    frames = np.zeros((2, 16, 2, 2, 3), np.uint8)
    frames[0] += np.arange(0, 32, 2, dtype=np.uint8)[:, None, None, None]
    frames[1, ::2] = 100
    assert np.allclose(bench.flicker(frames), [0, 200])


def test_nearest_clips_and_intervals_over_groups():
    frames = RNG.integers(0, 255, (5, 16, 32, 32, 3), dtype=np.uint8)
    assert np.allclose(bench.nearest(frames[:2], frames), 0, atol=0.1)
    assert np.allclose(bench.nearest(frames[:1] // 2 + 10, frames[:1] // 2), 0, atol=0.1)  # lighter is no other clip
    halves = frames[:1] // 2
    halves[:, :8] += 20  # ±10 about the mean
    assert np.allclose(bench.nearest(halves, frames[:1] // 2), 10, atol=0.05)
    assert bench.over_groups(np.full(6, 0.7), [0, 0, 1, 1, 2, 2]) == [pytest.approx(0.7)] * 3
    estimate, low, high = bench.over_groups([0.0] * 10 + [1.0] * 10, [0] * 10 + [1] * 10)
    assert (estimate, low, high) == (0.5, 0.0, 1.0)  # two groups: the interval is everything


def test_vectors_are_split_scaled_and_put_together_again():
    latents = bench.Latents(None, None, None, ([1.0] * 24 + [2.0] * 8, [3.0] * 32))
    assert latents.mean.shape == (bench.NUMBERS,) and latents.mean[23] == 1 and latents.mean[24] == 2
    whos, poses = latents.split(np.arange(2 * bench.NUMBERS).reshape(2, -1))
    assert whos.shape == (2, 24) and poses.shape == (2, 16, 8) and poses[0, 1, 0] == 32


def test_wishes_are_motion_and_third():
    table = pd.DataFrame({"motion": [0, 3, 2], "amount": [0.0, 0.34, 1.0]})
    assert bench.wishes(table).tolist() == [[0, 0], [3, 1], [2, 2]]
