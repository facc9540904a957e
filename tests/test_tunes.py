"""benchmarks/tunes.py: reading, coding and copying on tunes small enough to check by hand, and the shipped table."""

from benchmarks import tunes

import numpy as np
import pytest

JIG = """X: 7
T: By hand
M: 6/8
L: 1/8
Z: Transcribed by Ann Other, ann@example.org
K: G
D | G2 B {c}d2 B | A3- A2 z | G6 |]
"""


def by_hand(pitch=(62, 67, 71, 74, 71, 69, tunes.REST, 67), duration=(2, 4, 2, 4, 2, 10, 2, 12), **change):
    made = tunes.Tune(np.array(pitch), np.array(duration), 7, "major", "6/8", 2, "By hand")
    return made._replace(**change)


def test_an_abc_tune_is_read():
    tune = tunes.read_tune(JIG.replace("G6", "G2 B d2 B | G2 B d2 B | G6"))
    assert tune.pitch.tolist() == [62, 67, 71, 74, 71, 69, tunes.REST, *[67, 71, 74, 71] * 2, 67]
    assert tune.duration.tolist() == [2, 4, 2, 4, 2, 10, 2, *[4, 2, 4, 2] * 2, 12]
    assert (tune.tonic, tune.mode, tune.metre, tune.pickup, tune.title) == (7, "major", "6/8", 2, "By hand")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("K: G", "K: Gmix", "another mode"),
        ("G2 B", "[GB]2 B", "chords"),
        ("G2 B", "(3GAB B", "chords, or notes off the grid"),
        ("M: 6/8", "M: 5/4", "another mode, or several keys or metres"),
        ("G6", "G6", "too short"),
    ],
)
def test_what_is_left_out_is_said(old, new, said):
    assert said in tunes.read_tune(JIG.replace(old, new))


def test_who_typed_it_is_kept_and_addresses_are_not():
    import re

    assert tunes.credited(re.search("Z: (.*)", JIG)) == "Ann Other" and tunes.credited(None) == ""


def test_tokens_by_hand():
    tokens = tunes.tokens_of(by_hand())
    assert tunes.base_of(by_hand()) == 67
    bars = [(0, 4), (4, 2), (7, 4), (4, 2), "|", (2, 10), (None, 2), "|", (0, 12), "."]
    assert tokens == [("6/8", "major"), (-5, 2), "|", *bars]


def test_a_bar_that_is_too_long_is_counted():
    good = tunes.tokens_of(by_hand())[1:]
    assert tunes.bars_off(good, 12) == 0
    assert tunes.bars_off([one for one in good if one != "|"] + ["|"], 12) == 0  # the first barline is a pick-up's end
    assert tunes.bars_off(["|", (0, 4), (4, 4), "|", (0, 12), "."], 12) == 1
    assert tunes.bars_off(["|", (0, 12), (0, 4), "|", (0, 12), "."], 12) == 2  # one is missing, and one is wrong
    with pytest.raises(ValueError, match="not of the metre"):
        tunes.tune_of([("6/8", "major"), "|", (0, 4), "|", (0, 12)])


def test_shipped_tunes_come_back_from_their_tokens():
    for tune in tunes.shipped():
        back = tunes.tune_of(tunes.tokens_of(tune), tunes.base_of(tune))
        assert np.array_equal(back.pitch, tune.pitch) and np.array_equal(back.duration, tune.duration)
        assert back[2:6] == tuple(tune[2:6])


def test_the_table_has_no_repeats_and_its_tunes_are_pieces():
    every = tunes.shipped()
    assert len({(*tunes.intervals(tune), tune.metre) for tune in every}) == len(every) == 2328
    piece = every[0].piece()
    assert piece.length == every[0].duration.sum() and len(piece.notes) == (every[0].pitch != tunes.REST).sum()


def test_no_run_of_a_family_is_in_two_parts():
    parts = tunes.parts()
    library = tunes.Library(parts["train"])
    for name in ("validation", "test"):
        assert max(tunes.longest_run(tune, library) for tune in parts[name]) < tunes.SAME
    assert not {t.family for t in parts["train"]} & {t.family for t in parts["test"]}


def test_families_by_hand():
    rng = np.random.default_rng(0)
    long = by_hand(rng.integers(60, 80, 40), np.full(40, 2), title="A")
    moved = long._replace(pitch=long.pitch + 3, title="B")
    part = by_hand(np.concatenate([rng.integers(60, 80, 20), long.pitch[5:18]]), np.full(33, 2), title="C")
    named = by_hand(rng.integers(60, 80, 40), np.full(40, 4), title="The Soldier's Joy")
    same = by_hand(rng.integers(60, 80, 40), np.full(40, 4), title="Soldiers Joy, the")
    found = tunes.families([long, moved, part, named, same])
    assert found[0] == found[1] != found[2] and found[3] == found[4]
    assert len(set(tunes.families([long, moved, part], 13))) == 1


def test_the_longest_run_is_that_of_dynamic_programming():
    rng = np.random.default_rng(1)
    make = lambda n: by_hand(60 + rng.integers(0, 3, n), rng.integers(1, 3, n))  # noqa: E731
    for _ in range(40):
        one, other = make(30), make(60)
        a, b = tunes.intervals(one), tunes.intervals(other)
        best = np.zeros((len(a) + 1, len(b) + 1), int)
        for i in range(len(a)):
            for j in range(len(b)):
                best[i + 1, j + 1] = best[i, j] + 1 if a[i] == b[j] else 0
        assert tunes.longest_run(one, tunes.Library([other])) == best.max() + (best.max() > 0)


def test_bits_are_counted_without_the_header():
    some = tunes.parts()["test"][:5]
    nats = np.full(len(tunes.as_text(some)), -np.log(2))
    assert tunes.costs(some, nats).tolist() == [len(tunes.coded(tune)) - 1 for tune in some]
    mean, least, most = tunes.bits_a_note(tunes.notes_in(some) * 3.0, some)
    assert mean == least == most == 3


def test_places_tell_nothing_that_was_not_before():
    """Characters with places are one to one with tokens, given those before: the same tune, the same tokens."""
    tune = tunes.parts()["test"][0]
    plain, placed = (tunes.characters(tune, places) - 0x4E00 for places in (False, True))
    assert np.array_equal(placed // 32, plain)
    now = -tune.pickup
    for token, place in zip(tunes.tokens_of(tune)[1:], placed[1:] % 32, strict=True):
        assert place == now % tunes.METRES[tune.metre]
        now += token[1] if token not in (tunes.BAR, tunes.END) else 0


def test_what_was_asked_is_judged_by_hand():
    good = tunes.tokens_of(by_hand())
    assert tunes.described(good) == {"ends": 1, "metre": 1, "mode": 1, "tonic": 1}
    minor = [("6/8", "minor"), *good[1:-2]]
    assert tunes.described(minor) == {"ends": 0, "metre": 1, "mode": 0, "tonic": 0}


def test_the_ngram_writes_in_the_metre():
    rows = tunes.write_by_ngram(tunes.headers(60, seed=7), seed=7)  # the first of those that `write` measured
    assert np.mean([tunes.described(row)["metre"] for row in rows]) > 0.9
    assert tunes.write_by_ngram([("3/4", "minor")], seed=1) == tunes.write_by_ngram([("3/4", "minor")], seed=1)


def test_the_transformer_costs_what_its_logits_say():
    net, some = tunes.load(), tunes.parts()["test"][:3]
    rows, _ = tunes.table(some)
    logits = net(rows).numpy().astype(float)
    chance = np.exp(logits - logits.max(-1, keepdims=True))
    chance /= chance.sum(-1, keepdims=True)
    for k, bits in enumerate(tunes.network_bits(net, some)):
        own = tunes.coded(some[k])
        assert bits == pytest.approx(-np.log2(chance[k, np.arange(len(own) - 1), own[1:]]).sum(), rel=1e-4)


def test_batches_do_not_ask_for_header_or_filling():
    tokens, targets = next(tunes.batches(tunes.parts()["validation"], 8, np.random.default_rng(0)))
    assert tokens.shape == targets.shape and (targets >= -1).all()
    assert np.array_equal(
        np.where(targets[:, :-1] >= 0, tokens[:, 1:], 0), np.where(targets[:, :-1] >= 0, targets[:, :-1], 0)
    )
