"""What the benches compute beside training: clock, finished pieces, rates, mixtures, noise. Numbers by hand."""

import json
import sys
import types
from pathlib import Path

from aigc_utils import runtime, training
from benchmarks import common

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import audit
import budget
import clinic
import intervals
import kittens as bench
import medicine
import run
import sdv
import tuning


@pytest.fixture
def cpu(monkeypatch):
    """Give the benches a processor whose time stands still unless it is told otherwise."""
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(budget.time, "process_time", lambda: clock.now)
    return clock


def run_epochs(clock, cpu, lengths):
    """Let epochs of so many CPU seconds pass, and ten more after each; returns how many the clock allowed."""
    clock.set_model(types.SimpleNamespace(stop_training=False))
    for epoch, length in enumerate(lengths):
        clock.on_epoch_begin(epoch)
        cpu.now += length
        clock.on_epoch_end(epoch)
        cpu.now += 10
        if clock.model.stop_training:
            return epoch + 1
    return len(lengths)


@pytest.mark.parametrize(
    ("charge_first", "epochs", "curve"),
    [(False, 4, [[4.0, 40.0], [6.0, 60.0]]), (True, 3, [[4.0, 40.0], [6.0, 60.0]])],
)
def test_clock_counts_half_the_cpu_time_and_stops(cpu, charge_first, epochs, curve):
    clock = budget.Clock(5.0, lambda model, seconds: 10 * seconds, every=3.0, charge_first=charge_first)
    assert run_epochs(clock, cpu, [100.0, 4.0, 4.0, 4.0, 4.0]) == epochs
    assert clock.seconds == 6.0 and clock.share == 1.0
    assert clock.curve == curve


def test_pieces_are_made_once_even_after_a_stop(cpu, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(budget, "BUILD", tmp_path / "build")

    def make():
        cpu.now += 3.0
        return {"distance": 1.5}

    assert budget.Pieces("bench").get("a", make) == {"distance": 1.5}
    again = budget.Pieces("bench")
    assert again.get("a", lambda: pytest.fail("made twice")) == {"distance": 1.5}
    assert again.seconds() == 1.5  # three CPU seconds on two cores
    again.forget()
    assert not list((tmp_path / "build").iterdir())


def test_rates_follow_the_share_of_the_time():
    assert [training.held_then_cosine(share) for share in (0, 0.3, 0.5)] == [1, 1, 1]
    assert training.held_then_cosine(0.75) == pytest.approx((1 + 0.05) / 2)
    assert training.held_then_cosine(1) == pytest.approx(0.05)
    assert [budget.cosine(share) for share in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


def test_a_mixture_takes_turns_and_no_latent_vector_twice():
    parts = [np.stack([np.full(7, member), np.arange(7)], axis=1) for member in range(3)]
    mixed = tuning.mixture(parts)
    assert mixed[:, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert mixed[:, 1].tolist() == list(range(7))
    assert np.array_equal(tuning.mixture(parts[:1]), parts[0])


def test_a_judge_of_one_corner_is_found_there():
    mask, pictures = np.zeros((2, 8, 8), bool), np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    mask[:, :4, :4] = True
    weight = mask[..., None].astype(np.float32)
    for make in (tuning.gradient_map, tuning.occlusion_map):
        maps = make(lambda x: tuning.tf.reduce_sum(x * weight, axis=(1, 2, 3))[:, None], pictures)
        assert tuning.concentration(maps, mask) == pytest.approx(4)  # all of it in a quarter of the area
    assert tuning.concentration(np.ones((2, 8, 8)), mask) == pytest.approx(1)


def test_disguises_change_a_picture_as_they_say():
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    made = audit.disguises(images, images[::-1])
    assert all(copy.shape == images.shape and copy.dtype == np.uint8 for copy in made.values())
    assert np.array_equal(made["left half"][0, :, :16], images[0, :, :16])
    assert np.array_equal(made["left half"][0, :, 16:], images[1, :, 16:])
    assert np.abs(made["blended 70/30"] - (0.7 * images + 0.3 * images[::-1])).max() <= 0.5 + 1e-9
    assert np.abs(made["15 % darker"] - 0.85 * images).max() <= 0.5 + 1e-9


def test_recipes_of_intervals_are_those_of_their_names():
    drawn = np.arange(200.0)
    found = intervals.recipes(100.0, drawn)
    assert found["plain"] == pytest.approx((4.975, 194.025))
    assert found["mirrored"] == pytest.approx((200 - 194.025, 200 - 4.975))
    assert found["mirrored, 20 draws"] == pytest.approx((200 - 18.525, 200 - 0.475))
    assert np.mean(found["less the bias ± 1.96 deviations"]) == pytest.approx(200 - 99.5)


def test_label_noise_replaces_its_share_and_leaves_the_original():
    labels = np.zeros((3000, 2), np.int32)
    noisy = tuning.with_noise(labels, 0.4, np.random.default_rng(0))
    assert not labels.any()
    assert np.array_equal(tuning.with_noise(labels, 0.0, np.random.default_rng(0)), labels)
    changed = noisy.any(axis=1).mean()  # one in 15 random labels happens to be right
    assert changed == pytest.approx(0.4 * 14 / 15, abs=4 * np.sqrt(0.4 * (14 / 15) * (1 / 15) / 3000))
    assert noisy.max(axis=0).tolist() == [4, 2]


def test_stained_patches_never_share_a_pixel():
    train, test = clinic.stained_patches("train", 32), clinic.stained_patches("test", 32)
    for images, stain, corners in (train, test):
        assert images.dtype == np.uint8 and images.shape == (len(stain), 32, 32, 3) and corners.shape == (len(stain), 2)
        assert 0 <= stain.min() < stain.max() < 1
    assert (len(train[0]), len(test[0])) == (16 * 9, 16 * 5)
    assert train[2][:, 1].max() + 32 + 32 <= test[2][:, 1].min()  # a whole patch between them
    edges, centres = clinic.stain_levels(train[1])
    assert len(edges) == 15 and (np.diff(centres) > 0).all()
    assert np.bincount(np.digitize(train[1], edges)).tolist() == [9] * 16
    with pytest.raises(ValueError, match="split='validation'"):
        clinic.stained_patches("validation")
    with pytest.raises(ValueError, match="n >= 16"):
        clinic.stain_levels(train[1][:3])
    for ties, empty in ((np.zeros(20), 15), (np.r_[np.zeros(10), np.arange(1.0, 11)], 7)):
        with pytest.raises(ValueError, match=f"ties that leave {empty} of 16 bins empty"):
            clinic.stain_levels(ties)
    for stride in (0, 2.5):
        with pytest.raises(ValueError, match=f"stride = {stride}"):
            clinic.stained_patches(stride=stride)


# --- medicine: attacks -----------------------------------------------------------------------------------------------


def test_found_at_counts_the_members_above_the_allowed_false_alarms():
    members, others = np.array([5.0, 3.0, 1.0, 0.0]), np.array([4.0, 0.5, 2.0])
    assert medicine.found_at(members, others, rate=0.3)[0] == 0.25  # not one of three: only 5 lies above all
    assert medicine.found_at(members, others, rate=0.34)[0] == 0.5  # the 4 is allowed: 5 and 3 lie above 2
    assert medicine.found_at(others, others)[0] == 0  # equal is not above
    share, least, most = medicine.found_at(np.arange(100.0), np.arange(100.0) - 50)
    assert share == 0.51 and 0.3 < least < share < most < 0.7


def test_block_auc_is_the_share_of_pairs_and_knows_that_blocks_hang_together():
    scores, others = np.array([1.0, 3.0]), np.array([0.0, 2.0])
    assert medicine.block_auc(scores, [0, 1], others, [0, 1])[0] == 0.75
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.arange(12), 6)
    high, low = (np.repeat(rng.normal(size=12), 6) for _ in range(2))  # six equal patches a block
    widths = [most - least for _, least, most in (medicine.block_auc(high, b, low, b) for b in (blocks, range(72)))]
    assert widths[0] > 1.5 * widths[1]


def test_mahalanobis_scores_depend_on_no_unit_and_fall_with_the_distance():
    rng = np.random.default_rng(0)
    table, labels = np.exp(rng.normal(size=(200, 30))), np.arange(200) % 2
    people = np.exp(np.vstack([np.zeros(30), np.full(30, 2.5)]))
    scores = medicine.mahalanobis_scores(people, np.zeros(2), table, labels)
    assert scores[0] > scores[1] and scores[0] <= 0
    units = 10.0 ** rng.integers(-3, 4, 30)
    assert np.allclose(scores, medicine.mahalanobis_scores(people * units, np.zeros(2), table * units, labels))


def test_pixel_distances_see_a_patch_and_its_mirror_image():
    drawn = np.random.default_rng(0).integers(0, 250, (3, 32, 32, 3)).astype(np.uint8)
    assert medicine.pixel_distances(drawn[:1, :, ::-1], drawn)[0] < 0.1
    assert medicine.pixel_distances(drawn[1:2] + 3, drawn)[0] == pytest.approx(3, abs=0.01)


def test_slide_blocks_are_shared_out_by_lot():
    (ours, stain, blocks), (theirs, _, others) = medicine.slide_blocks(0, 32)
    assert ours.shape == theirs.shape == (128, 32, 32, 3) and stain.shape == (128,)
    assert sorted({*blocks, *others}) == list(range(64)) and not {*blocks} & {*others}


def test_fused_adam_is_adam():
    """Both move weights alike, over a few steps of changing gradients; the moving average, too."""
    keras, tf = runtime.keras, runtime.tf
    paths = []
    for adam in (keras.optimizers.Adam, bench.FusedAdam):
        weights = keras.Variable(np.array([1.0, -2.0, 0.5], np.float32))
        optimizer = adam(0.1, 0.5, 0.99, use_ema=True, ema_momentum=0.9)
        optimizer.build([weights])
        for step in range(4):
            optimizer.apply([tf.constant([0.3, -1.0, 0.01]) * (step - 1.5)], [weights])
        paths.append([weights.numpy(), optimizer._model_variables_moving_average[0].numpy()])
    assert np.allclose(*paths, rtol=0, atol=1e-6)
    assert np.abs(paths[0][0] - [1.0, -2.0, 0.5]).min() > 0.05


def kitten_runs(distances, recipe, processor=bench.NATIVE):
    """Return rows like those of kittens.json."""
    costs = {policy: 40.0 for policy in bench.POLICIES}
    return [
        {"recipe": recipe, "processor": processor, "distance": distance, "step_ms": costs} for distance in distances
    ]


def test_kitten_shares_are_of_medians_and_the_emulated_runs_are_kept_apart():
    names = [name for name in bench.RECIPES if name != "ours"]
    native = [*kitten_runs([3.0, 1.0, 2.0], "ours"), *kitten_runs([20.0, 1.0, 30.0], names[0])]
    native += kitten_runs([8.0, 8.0, 8.0], names[1])
    result = {"runs": native, "emulated_runs": kitten_runs([4.0, 4.0, 9.0], "ours", bench.EMULATED)}
    lines = run.kitten_shares(result).splitlines()
    assert lines[2:] == [f"| {names[0]} | 0.10 | 0.20 |", f"| {names[1]} | 0.25 | 0.50 |"]
    assert "| float32 | 40.0, 40.0, 40.0 | 40.0, 40.0, 40.0 |" in run.kitten_trials(result)


def test_the_interval_over_splits_allows_for_shared_rows():
    """Differences 1, 2, 3: mean 2, deviation 1, t of two degrees of freedom 4.303; 3/7 is added to 1/3."""
    mean, least, most = sdv.corrected_interval([1.0, 2.0, 3.0], 3 / 7)
    assert mean == 2 and most - mean == pytest.approx(4.3027 * (1 / 3 + 3 / 7) ** 0.5, abs=1e-3)
    assert mean - least == pytest.approx(most - mean)


def test_the_verdict_beside_sdv_names_what_leaves_zero_out():
    low = dict.fromkeys(sdv.KEYS, 0.5) | {"forest": 0.6, "Mahalanobis": 0.55}
    rows = [{"copula": {key: value + k / 1e4 for key, value in low.items()}} for k in range(4)]
    other = dict.fromkeys(sdv.KEYS, 0.5) | {"forest": 0.9}
    splits = [{"rows": row | {name: other for name in sdv.SDV}, "chosen": "copula"} for row in rows]
    found = sdv.verdict([split | {"held out": 3, "training": 7} for split in splits])
    assert "lower: forest; higher: Mahalanobis; not told apart: quadratic, nearest record." in found


def test_the_voters_have_the_gaps_that_are_said():
    frame = sdv.voters()
    assert frame.shape == (944, 9) and set(frame.columns[frame.isna().any()]) == {"Clinton", "income", "Dole"}
    assert frame["age"][frame["income"].isna()].mean() > frame["age"].mean() + 3


def test_results_are_added_to_a_store_and_the_others_stay(tmp_path):
    store = tmp_path / "store.json"
    common.add(store, {"a": [1], "b": 2})
    common.add(store, {"b": common.rounded({"c": [0.123456, np.float32(2)]})})
    assert json.loads(store.read_text()) == {"a": [1], "b": {"c": [0.1235, 2.0]}}
    common.add(store, {}, json.dumps)
    assert store.read_text() == '{"a": [1], "b": {"c": [0.1235, 2.0]}}\n'


def doubled(path):
    path.write_text(str(2 * int(path.read_text())))


def test_a_function_runs_in_another_python_with_nothing_else_of_ours(tmp_path):
    number = tmp_path / "number"
    number.write_text("21")
    call = f"import pathlib, sys; assert 'benchmarks' not in sys.modules; doubled(pathlib.Path({str(number)!r}))"
    common.run_apart(sys.executable, [doubled], call)
    assert number.read_text() == "42"
