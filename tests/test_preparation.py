"""aigc_utils.preparation against closed forms, and data/collect against the truth that was planted in it."""

import csv
import json
import subprocess
import sys
from pathlib import Path

from aigc_utils import kittens, preparation

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
COLLECT = ROOT / "data" / "collect"


# --- clean -----------------------------------------------------------------------------------------------------------


def test_hampel_finds_spikes_and_keeps_steps():
    values = np.r_[np.full(30, 5.0), np.full(30, 90.0)] + 0.1 * np.sin(np.arange(60))
    values[[10, 40]] += [3, -50]
    assert np.flatnonzero(preparation.hampel(values, 11, 4, least_scale=0.1)).tolist() == [10, 40]


def test_hampel_ignores_nan_and_needs_a_scale_on_level_ground():
    values = np.full(25, 7.0)
    values[[3, 12]] = np.nan, 7.2
    assert preparation.hampel(values).tolist() == (np.arange(25) == 12).tolist()
    assert not preparation.hampel(values, least_scale=0.1).any()


@pytest.mark.parametrize("window", [2, 4, 1])
def test_hampel_wants_an_odd_window(window):
    with pytest.raises(ValueError, match="odd window"):
        preparation.hampel(np.zeros(9), window)


def test_near_duplicates_link_copies_only():
    images = kittens.sample(6, seed=3, size=64)[0]
    darker = (images[0] * 0.85).astype(np.uint8)
    smaller = images[2].reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)).astype(np.uint8)
    groups = preparation.near_duplicates([*images, darker, smaller], threshold=16)
    assert groups[6] == groups[0]
    assert groups[7] == groups[2]
    assert len(set(groups)) == 6


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


def test_dawid_skene_refuses_unknown_classes():
    with pytest.raises(ValueError, match="expected"):
        preparation.dawid_skene(np.array([[0, 3]]), 3)


def test_suspicious_labels_follow_the_definition():
    labels = [0, 0, 0, 1, 1]
    probabilities = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.45, 0.55]]
    # thresholds: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.8 + 0.55) / 2 = 0.675
    assert preparation.suspicious_labels(labels, probabilities).tolist() == [False, False, True, False, False]
    with pytest.raises(ValueError, match=r"no record carries label \[1\]"):
        preparation.suspicious_labels([0, 0], [[1, 0], [1, 0]])


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
    parts = preparation.group_split(groups, {"train": 0.7, "validation": 0.1, "test": 0.2}, seed)
    groups = np.array(groups)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(groups)))
    homes = [set(groups[members]) for members in parts.values()]
    assert sum(map(len, homes)) == len(set(groups.tolist()))


def test_shares_are_met_where_groups_allow():
    parts = preparation.group_split(np.repeat(np.arange(500), 2), {"train": 0.8, "test": 0.2})
    assert {name: len(members) for name, members in parts.items()} == {"train": 800, "test": 200}
    with pytest.raises(ValueError, match="sum to"):
        preparation.group_split([0, 1], {"train": 0.5})


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
