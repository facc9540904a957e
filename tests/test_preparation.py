"""aigc_utils.preparation against closed forms, and data/collect against the truth that was planted in it."""

import csv
import json
import subprocess
import sys
from pathlib import Path

from aigc_utils import checks, kittens, preparation

import numpy as np
import pytest
from defined import in_notebook
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
COLLECT = ROOT / "data" / "collect"
hampel, suspicious_labels = (in_notebook("01", name, np=np, checks=checks) for name in ("hampel", "suspicious_labels"))


# --- clean -----------------------------------------------------------------------------------------------------------


def test_hampel_finds_spikes_and_keeps_steps():
    values = np.r_[np.full(30, 5.0), np.full(30, 90.0)] + 0.1 * np.sin(np.arange(60))
    values[[10, 40]] += [3, -50]
    assert np.flatnonzero(hampel(values, 11, 4, least_scale=0.1)).tolist() == [10, 40]


def test_hampel_ignores_nan_and_needs_a_scale_on_level_ground():
    values = np.full(25, 7.0)
    values[[3, 12]] = np.nan, 7.2
    assert hampel(values).tolist() == (np.arange(25) == 12).tolist()
    assert not hampel(values, least_scale=0.1).any()


@pytest.mark.parametrize("window", [2, 4, 1])
def test_hampel_wants_an_odd_window(window):
    with pytest.raises(ValueError, match="odd window"):
        hampel(np.zeros(9), window)


SERIES = st.lists(st.sampled_from([0.0, 1.0, 2.5, 1e6, -1e6, np.nan, np.inf, -np.inf]), min_size=1, max_size=20)


@settings(max_examples=50, deadline=None)
@given(SERIES, st.sampled_from([3, 5, np.int64(11)]), st.sampled_from([0.0, 0.5]))
def test_hampel_of_ties_constants_and_short_series_follows_the_definition(values, window, least):
    """Window by window, with Python's loop: also for one record and for windows longer than the series."""
    expected = []
    for k, value in enumerate(values):
        near = [v for v in values[max(0, k - window // 2) : k + window // 2 + 1] if np.isfinite(v)]
        scale = max(1.4826 * np.median(np.abs(near - np.median(near))), least) if near else np.nan
        expected.append(np.isinf(value) or bool(near and abs(value - np.median(near)) > 3 * scale))
    assert hampel(values, window, 3.0, least).tolist() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": []},
        {"values": [[1.0]]},
        {"window": 11.5},
        {"threshold": 0},
        {"threshold": np.nan},
        {"least_scale": -1},
        {"least_scale": np.nan},
    ],
)
def test_hampel_refuses(wrong):
    with pytest.raises(ValueError, match="received"):
        hampel(**{"values": [1.0, 2.0], **wrong})


def test_plain_pictures_are_told_apart_by_their_colour():
    colours = [(255, 0, 0), (0, 0, 255), (90, 90, 90), (255, 255, 255), (0, 0, 0), (93, 88, 90)]
    plain = np.stack([np.full((28, 28, 3), colour, np.uint8) for colour in colours])
    assert preparation.near_duplicates(plain).tolist() == [0, 1, 2, 3, 4, 2]
    shade = np.linspace(0, 6, 28).astype(np.uint8)[:, None, None]
    noise = np.random.default_rng(0).integers(0, 3, plain.shape).astype(np.uint8)
    for change in (shade, noise):  # a hash would see the change, and nothing else
        assert preparation.near_duplicates(plain // 2 + change).tolist() == [0, 1, 2, 3, 4, 2]
    kitten = kittens.sample(1, seed=3, size=28)[0]
    groups = preparation.near_duplicates([*plain[:1], *kitten, *plain[:1]], threshold=24).tolist()
    assert groups == [0, 1, 0]
    halves = np.full((2, 28, 28, 3), (255, 0, 0), np.uint8)  # of the same brightness: red and a green like it, mirrored
    halves[0, :, :14] = halves[1, :, 14:] = (0, 130, 0)
    assert preparation.near_duplicates(halves).tolist() == [0, 1]


def test_near_duplicates_of_grey_pictures_and_of_one():
    grey = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), np.uint8)
    grey[3] = grey[1]
    for images in (grey, grey[..., 0], list(grey)):
        assert preparation.near_duplicates(images).tolist() == [0, 1, 2, 1]
    assert preparation.near_duplicates(grey[:1]).tolist() == [0]
    for wrong in (grey[..., 0] / 255, grey.astype(int), []):
        with pytest.raises(ValueError, match="expected some of uint8"):
            preparation.near_duplicates(wrong)
    with pytest.raises(ValueError, match="received images of shape"):
        preparation.near_duplicates(np.zeros((2, 8, 8, 4), np.uint8))


def test_near_duplicates_link_copies_only():
    images = kittens.sample(6, seed=3, size=64)[0]
    darker = (images[0] * 0.85).astype(np.uint8)
    smaller = images[2].reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)).astype(np.uint8)
    groups = preparation.near_duplicates([*images, darker, smaller], threshold=16)
    assert groups[6] == groups[0]
    assert groups[7] == groups[2]
    assert len(set(groups)) == 6


def test_near_duplicates_are_found_across_blocks():
    images = np.random.default_rng(0).integers(0, 256, (1002, 16, 16, 1), np.uint8)
    images[1001] = images[3]
    images[[5, 999]] = 7
    groups = preparation.near_duplicates(images, 8)
    assert groups[1001] == groups[3] and groups[999] == groups[5] and len(set(groups)) == 1000


def test_hash_distances_count_bits():
    bits = np.random.default_rng(0).random((5, 64)) < 0.5
    expected = [[np.sum(a != b) for b in bits] for a in bits]
    assert preparation.hash_distances(bits, bits).tolist() == expected


# --- label -----------------------------------------------------------------------------------------------------------


def spoken(rng, truth, accuracies, coverage=0.8):
    """Return votes of independent voters with given accuracies, for three classes."""
    votes = np.stack(
        [np.where(rng.random(len(truth)) < a, truth, (truth + rng.integers(1, 3, len(truth))) % 3) for a in accuracies]
    )
    return np.where(rng.random(votes.shape) < coverage, votes, -1).T


def test_dawid_skene_learns_whom_to_believe():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 3000)
    accuracies = np.array([0.9, 0.75, 0.5, 0.4, 0.4])
    votes = spoken(rng, truth, accuracies)
    posteriors, confusions, prior = preparation.dawid_skene(votes, 3)
    assert np.allclose(posteriors.sum(axis=1), 1)
    assert np.allclose(confusions.sum(axis=2), 1)
    assert np.allclose(prior, 1 / 3, atol=0.05)
    assert np.allclose(np.einsum("t,vtt->v", prior, confusions), accuracies, atol=0.06)
    counts = (votes[..., None] == np.arange(3)).sum(axis=1)
    majority = np.mean(counts.argmax(axis=1) == truth)
    assert np.mean(posteriors.argmax(axis=1) == truth) > majority + 0.05


def test_dawid_skene_of_a_silent_record_is_the_prior():
    votes = np.array([[0, 0]] * 30 + [[1, 1]] * 10 + [[-1, -1]])
    posteriors, _, prior = preparation.dawid_skene(votes, 2)
    assert posteriors[-1] == pytest.approx(prior, abs=0.01)
    assert posteriors[0, 0] > 0.99 > 0.01 > posteriors[35, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"votes": [[0, 3]]},
        {"votes": [[0.5, 1]]},
        {"votes": [[np.nan, 1]]},
        {"votes": [0, 1]},
        {"votes": np.zeros((0, 2), int)},
        {"classes": 0},
        {"iterations": 0},
        {"smoothing": 0},
        {"smoothing": np.nan},
    ],
)
def test_dawid_skene_refuses(wrong):
    with pytest.raises(ValueError, match="received .* expected"):
        preparation.dawid_skene(**{"votes": [[0, 1]], "classes": 3, **wrong})


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda voters: st.lists(st.lists(st.integers(-1, 2), min_size=voters, max_size=voters), min_size=1, max_size=12)
    )
)
@pytest.mark.filterwarnings("error")
def test_dawid_skene_gives_shares_whatever_the_votes(votes):
    """One record, silence, voters that agree or repeat each other: the shares sum to 1, and order plays no part."""
    posteriors, confusions, prior = preparation.dawid_skene(votes, 3)
    assert posteriors.shape == (len(votes), 3) and (posteriors >= 0).all() and (confusions > 0).all()
    for shares in (posteriors, confusions, prior):
        np.testing.assert_allclose(shares.sum(axis=-1), 1)
    np.testing.assert_allclose(preparation.dawid_skene(votes[::-1], 3)[0][::-1], posteriors, atol=1e-6)


def test_dawid_skene_of_a_tie_is_a_tie():
    for votes in ([[0, 1]], [[-1, -1]], [[0, 1], [1, 0]]):
        np.testing.assert_allclose(preparation.dawid_skene(votes, 2)[0], 0.5)


def test_suspicious_labels_follow_the_definition():
    labels = [0, 0, 0, 1, 1]
    probabilities = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.45, 0.55]]
    # thresholds: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.8 + 0.55) / 2 = 0.675
    assert suspicious_labels(labels, probabilities).tolist() == [False, False, True, False, False]
    with pytest.raises(ValueError, match=r"no record carries label \[1\]"):
        suspicious_labels([0, 0], [[1, 0], [1, 0]])
    as_column = suspicious_labels(np.array(labels)[:, None], probabilities)
    assert as_column.tolist() == [False, False, True, False, False]


@pytest.mark.parametrize("classes", [1, 2, 3, 7])
def test_a_classifier_that_cannot_tell_contradicts_no_label(classes):
    labels = np.repeat(np.arange(classes), 3)
    assert not suspicious_labels(labels, np.full((len(labels), classes), 1 / classes)).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(0, 9))
def test_suspicious_labels_does_not_depend_on_the_order_of_records_or_classes(seed, classes, more):
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(classes), rng.integers(0, classes, more)]
    probabilities = rng.integers(1, 4, (len(labels), classes)).astype(float)  # full of ties and duplicates
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = suspicious_labels(labels, probabilities)
    order, names = rng.permutation(len(labels)), rng.permutation(classes)
    assert (suspicious_labels(labels[order], probabilities[order]) == found[order]).all()
    assert (suspicious_labels(np.argsort(names)[labels], probabilities[:, names]) == found).all()


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        ([0, 1, 3], np.full((3, 3), 1 / 3)),
        ([0, 1, 99], np.full((3, 3), 1 / 3)),
        ([0, 1, -1], np.full((3, 3), 1 / 3)),
        ([0, 1], np.full((3, 2), 0.5)),
        ([0, 1], [[0.5, 0.5], [np.nan, 1]]),
        ([0, 1], [[5.0, -4.0], [0, 1]]),
        ([0, 1], [[3.0, 2.0], [0, 1]]),
        ([0, 1], [0.5, 0.5]),
        ([], np.zeros((0, 2))),
    ],
)
def test_suspicious_labels_refuses(labels, probabilities):
    with pytest.raises(ValueError, match="received"):
        suspicious_labels(labels, probabilities)


# --- augment ---------------------------------------------------------------------------------------------------------


def test_augmentation_acts_in_training_only():
    images = kittens.sample(8, seed=0)[0].astype(np.float32) / 127.5 - 1
    layer = preparation.augmentation(seed=1)
    assert np.array_equal(layer(images, training=False), images)
    changed = np.asarray(layer(images, training=True))
    assert changed.shape == images.shape
    assert np.abs(changed - images).mean() > 0.02


def test_augmentation_can_be_a_mirror_alone():
    images = np.random.default_rng(0).uniform(-1, 1, (40, 8, 8, 1)).astype(np.float32)
    layer = preparation.augmentation(degrees=0, shift=0, zoom=0, colour=0)
    changed = np.asarray(layer(images, training=True))
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(changed, images, strict=True)]
    kept = [np.array_equal(a, b) for a, b in zip(changed, images, strict=True)]
    assert np.array_equal(mirrored, np.logical_not(kept))
    assert 8 < sum(mirrored) < 32


def test_augmentation_keeps_the_range():
    images = np.random.default_rng(0).choice([-1, 1], (20, 16, 16, 3)).astype(np.float32)
    layer = preparation.augmentation(degrees=90, shift=0.5, zoom=0.5, colour=0.9, seed=np.int64(2))
    assert np.abs(layer(images, training=True)).max() <= 1


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.full((2, 8, 8, 1), 2, np.uint8), "beyond"),
        (np.full((2, 8, 8, 1), 255.0, np.float32), "beyond"),
        (np.full((2, 8, 8, 1), np.nan, np.float32), "beyond"),
        (np.zeros((2, 8, 8), np.float32), r"expected \(n, h, w, channels\)"),  # else turned upside down
    ],
)
def test_augmentation_refuses_other_ranges_and_shapes(images, words, training):
    with pytest.raises(Exception, match=words):
        preparation.augmentation()(images, training=training)


@pytest.mark.parametrize("wrong", [{"shift": 2}, {"zoom": 1}, {"zoom": -0.1}, {"colour": 1.5}, {"colour": np.nan}])
def test_augmentation_refuses_knobs_that_are_no_shares(wrong):
    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        preparation.augmentation(**wrong)


@pytest.mark.parametrize(
    ("signal", "snr_db"),
    [
        (np.zeros(9), 10),
        ([], 10),
        ([np.nan, 1], 10),
        ([1.0, np.inf], 10),
        ([1.0, 2], np.nan),
        ([1e-200, 0], 10),
        ([1.0], 900),
    ],
)
def test_silence_has_no_signal_to_noise_ratio(signal, snr_db):
    with pytest.raises(ValueError, match="expected some sound"):
        preparation.add_noise(signal, snr_db)


@pytest.mark.parametrize("signal", [[3.0], np.full(50, -2.0), np.ones((4, 2))])
def test_noise_of_one_sample_a_constant_and_stereo(signal):
    noise = preparation.add_noise(signal, 6) - signal
    assert 10 * np.log10(np.mean(np.square(signal)) / np.mean(noise**2)) == pytest.approx(6)


@settings(max_examples=25, deadline=None)
@given(st.integers(64, 400), st.sampled_from([-48, -7.5, 0, 1, 48]), st.sampled_from(["zeros", "constant", "tone"]))
def test_pitch_of_silence_constants_and_short_sounds(length, semitones, kind):
    sound = {"zeros": np.zeros(length), "constant": np.ones(length), "tone": np.sin(np.arange(length))}[kind]
    shifted = preparation.pitch_shift(sound, semitones, frame=64)
    assert shifted.shape == (length,) and np.isfinite(shifted).all() and (kind != "zeros" or not shifted.any())
    if semitones == 0:
        np.testing.assert_allclose(shifted, sound, atol=1e-9)  # to its last sample


@pytest.mark.parametrize(
    "wrong",
    [
        *({"signal": np.ones(1023)}, {"signal": np.ones((1024, 2))}, {"signal": np.full(1024, np.nan)}),
        *({"semitones": 49}, {"semitones": np.nan}, {"frame": 8}, {"frame": 100.5}),
    ],
)
def test_pitch_shift_refuses(wrong):
    with pytest.raises(ValueError, match="received .* expected"):
        preparation.pitch_shift(**{"signal": np.ones(1024), "semitones": 1, **wrong})


@pytest.mark.parametrize("snr_db", [-5, 0, 20])
def test_noise_has_the_power_that_was_asked_for(snr_db):
    signal = np.sin(np.arange(4000) / 9)
    noise = preparation.add_noise(signal, snr_db) - signal
    assert 10 * np.log10(np.mean(signal**2) / np.mean(noise**2)) == pytest.approx(snr_db)


@pytest.mark.parametrize("semitones", [-12, -3, 0, 5, 12])
def test_pitch_moves_and_length_stays(semitones):
    rate = 8000
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    shifted = preparation.pitch_shift(tone, semitones)
    assert len(shifted) == len(tone)
    peak = np.abs(np.fft.rfft(shifted * np.hanning(rate), 8 * rate)).argmax() / 8
    assert peak == pytest.approx(440 * 2 ** (semitones / 12), rel=0.003)


# --- feed ------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=120), st.integers(0, 5))
def test_groups_never_straddle_a_split(groups, seed):
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    if len(set(groups)) < 3:
        with pytest.raises(ValueError, match="with a group for each part"):
            preparation.group_split(groups, shares, seed)
        return
    parts = preparation.group_split(groups, shares, seed)
    groups = np.array(groups)
    assert all(len(members) for members in parts.values())
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(groups)))
    homes = [set(groups[members]) for members in parts.values()]
    assert sum(map(len, homes)) == len(set(groups.tolist()))


def test_shares_are_met_where_groups_allow():
    parts = preparation.group_split(np.repeat(np.arange(500), 2), {"train": 0.8, "test": 0.2})
    assert {name: len(members) for name, members in parts.items()} == {"train": 800, "test": 200}


@pytest.mark.parametrize("seed", range(20))
def test_no_part_of_five_equal_groups_is_empty(seed):
    groups = np.repeat(list("abcde"), 10)
    parts = preparation.group_split(groups, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed)
    assert {name: len(members) for name, members in parts.items()} == {"train": 30, "validation": 10, "test": 10}


def test_an_empty_part_takes_the_smallest_group():
    groups = np.repeat([0, 1, 2], [1000, 7, 5])
    for seed in range(5):  # whichever comes first, the large one trains
        parts = preparation.group_split(
            groups[:, None], {"train": 0.98, "test": 0.01, "validation": 0.01}, np.int64(seed)
        )
        assert len(parts["train"]) == 1000 and {len(parts["test"]), len(parts["validation"])} == {5, 7}


@pytest.mark.parametrize(
    ("groups", "shares"),
    [
        ([0, 1], {"train": 0.5}),
        ([0, 1], {"train": 0.5, "test": np.nan}),
        ([0, 1, 2], {"train": 1.2, "test": -0.2}),
        ([0, 1, 2], {"train": 1.0, "test": 0.0}),
        ([0, 1], {}),
        ([], {"train": 0.5, "test": 0.5}),
        (np.zeros((2, 2)), {"train": 1.0}),
    ],
)
def test_group_split_refuses(groups, shares):
    with pytest.raises(ValueError, match="expected"):
        preparation.group_split(groups, shares)


def test_dataset_gives_every_record_once_in_new_company():
    dataset = preparation.make_dataset(np.arange(20), np.arange(20) * 2, batch_size=6, training=True, seed=1)
    epochs = [list(dataset.as_numpy_iterator()) for _ in range(2)]
    for epoch in epochs:
        assert [len(images) for images, _ in epoch] == [6, 6, 6, 2]
        assert sorted(np.concatenate([images for images, _ in epoch])) == list(range(20))
        assert all(np.array_equal(2 * images, labels) for images, labels in epoch)
    assert not np.array_equal(epochs[0][0][0], epochs[1][0][0])


def test_dataset_loads_once_and_augments_every_time():
    from aigc_utils.runtime import tf

    loads, noise = tf.Variable(0), tf.random.Generator.from_seed(0)

    def load(record):
        loads.assign_add(1)
        return tf.cast(record, tf.float32)

    def augment(images, training):
        assert training
        return images + noise.uniform(tf.shape(images))

    dataset = preparation.make_dataset(np.arange(10), load=load, augment=augment, training=True)
    first, second = (np.sort(np.concatenate(list(dataset.as_numpy_iterator()))) for _ in range(2))
    assert int(loads) == 10
    assert first.astype(int).tolist() == second.astype(int).tolist() == list(range(10))
    assert not np.allclose(first, second)
    plain = preparation.make_dataset(np.arange(10), load=load, augment=augment)
    assert np.concatenate(list(plain.as_numpy_iterator())).tolist() == list(range(10))


@pytest.mark.parametrize("training", [True, False])
def test_bytes_are_not_augmented_in_silence(training):
    """Until they were refused, every pixel became 1.0 in training, and none was changed for testing."""
    images, layer = np.full((4, 8, 8, 3), 90, np.uint8), preparation.augmentation()
    with pytest.raises(ValueError, match=r"received uint8 images; augment expects floats in \[-1, 1\]"):
        preparation.make_dataset(images, augment=layer, training=training)
    with pytest.raises(ValueError, match="received uint8 images"):
        preparation.make_dataset(np.arange(4), [1, 2, 3, 4], load=lambda k: images[0], augment=layer, training=True)
    raw = preparation.make_dataset(images.astype(np.float32), augment=layer, training=True)
    with pytest.raises(Exception, match=r"beyond \[-1, 1\]"):
        next(iter(raw))


@pytest.mark.parametrize(
    "wrong", [{"labels": [1]}, {"records": []}, {"batch_size": 0}, {"batch_size": 2.5}, {"labels": [[1, 2, 3]]}]
)
def test_dataset_refuses(wrong):
    with pytest.raises(ValueError, match="received .*expected"):
        preparation.make_dataset(**{"records": [1, 2, 3], **wrong})


# --- document --------------------------------------------------------------------------------------------------------


def test_data_card_is_markdown_and_saved_whole(tmp_path):
    import pandas as pd

    card = preparation.DataCard("Cats", {"Size": 3}, {"Parts": pd.DataFrame({"part": ["a|b"], "n": [3]})}, ["Few."])
    path = card.save(tmp_path / "deep" / "card.md")
    assert path.read_text(encoding="utf-8") == (
        "# Cats\n\n- **Size:** 3\n\n## Parts\n\n| part | n |\n| --- | --- |\n| a\\|b | 3 |\n\n## Limits\n\n- Few.\n"
    )
    assert list(path.parent.iterdir()) == [path]


# --- data/collect ----------------------------------------------------------------------------------------------------


def rows(name):
    with open(COLLECT / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_generator_gives_the_shipped_texts(tmp_path):
    subprocess.run([sys.executable, ROOT / "tools" / "make_collect_data.py", tmp_path], check=True, cwd=ROOT)
    for name in ("truth.csv", "fur.csv", "feeder.csv", "posts.jsonl", "site/robots.txt", "site/album-3.html"):
        assert (tmp_path / name).read_bytes() == (COLLECT / name).read_bytes(), name
    names = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {path.relative_to(COLLECT) for path in COLLECT.rglob("*") if path.is_file()} - {Path("README.md")}


def test_the_truth_names_records_that_exist():
    identifiers, number = {"clock"}, 0
    for number, line in enumerate((COLLECT / "posts.jsonl").read_bytes().splitlines(), start=1):
        identifiers.add(f"line {number}")
        try:
            identifiers.add(json.loads(line)["id"])
        except (ValueError, TypeError, KeyError):
            continue
    pages = "".join(path.read_text(encoding="utf-8") for path in (COLLECT / "site").rglob("*.html"))
    for row in rows("truth.csv"):
        if row["channel"] == "feeder":
            assert row["record"] == "clock" or int(row["record"]) % 120 == 0
        else:
            assert row["record"] in identifiers or f'src="{row["record"]}"' in pages, row


def test_the_shipped_files_are_small():
    assert sum(path.stat().st_size for path in COLLECT.rglob("*") if path.is_file()) < 1e6
