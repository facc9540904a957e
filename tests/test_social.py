"""Captions, the simulated feed, the guards and the widget of benchmarks/social.py."""

import functools
import time

from benchmarks import social, stickers

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holms_p_values_are_those_of_statsmodels(p):
    assert np.allclose(social.holm(np.array(p)), multipletests(p, method="holm")[1], atol=1e-12)


def test_a_look_by_posts_is_welchs_and_by_views_the_pooled_test_of_two_shares():
    table = social.feed(300, 3)
    chosen, share = social.looks(table)["animals"], (table["likes"] / table["views"]).to_numpy()
    found, welch = social.mined(table).loc["animals"], stats.ttest_ind(share[chosen], share[~chosen], equal_var=False)
    assert found["p"] == pytest.approx(welch.pvalue)
    assert found[["low", "high"]].tolist() == pytest.approx(list(welch.confidence_interval()))
    counts = [[table.loc[rows, "likes"].sum(), table.loc[rows, "views"].sum()] for rows in (chosen, ~chosen)]
    square = stats.chi2_contingency([[k, n - k] for k, n in counts], correction=False)
    assert social.mined(table, "views").loc["animals", "p"] == pytest.approx(square.pvalue)


def test_a_feed_follows_its_effects_and_its_seed():
    table = social.feed(4000, 1, {("theme", "food"): 1.0})
    means = table.groupby("theme")["logit"].mean()
    assert means["food"] - means.drop("food").mean() == pytest.approx(1.0, abs=0.1)
    assert table["logit"].std() < 0.7 and (table["likes"] <= table["views"]).all()
    assert social.feed(50, 4).equals(social.feed(50, 4)) and not social.feed(50, 4).equals(social.feed(50, 5))


def test_looks_with_too_few_posts_are_left_out():
    assert all(3 <= chosen.sum() <= 57 for chosen in social.looks(social.feed(60, 2)).values())


def test_a_miner_that_corrects_announces_no_more_than_one_that_does_not():
    for seed in range(5):
        found = social.winners(social.feed(400, seed))
        assert found["posts, Holm"] <= found["posts, BH"] <= found["posts"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(social.VOICES)), st.integers(0, 1000), st.integers(0, 1000))
def test_every_caption_of_the_grammar_names_its_wish_and_can_be_read_back(tone, index, seed):
    pairs = social.asked_of(social.captioned()[stickers.TRAIN])
    attribute, thing = pairs[index % len(pairs)]
    line, words = social.caption(tone, attribute, thing, np.random.default_rng(seed)), _words()
    assert social.names_wish(line, attribute, thing)
    assert words.decode(words.encode(line)) == line
    assert len(words.prompt(tone, attribute, thing)) + len(words.encode(line)) <= social.CAPTION_TOKENS


@functools.cache
def _words():
    return social.Words()


def test_what_names_a_wish():
    assert social.names_wish("look : my blue bell pepper says hello .", "blue", "bell pepper")
    assert not social.names_wish("look : my blue bell says hello .", "blue", "bell pepper")
    assert not social.names_wish("look : my blue bell pepper and a red one .", "blue", "bell pepper")
    assert not social.names_wish("my bell pepper is blue .", "blue", "bell pepper")


def test_filling_in_is_right_by_construction_and_the_lot_is_not():
    rows = social.caption_rows(social.captioned()[stickers.TRAIN][:400], 1, 3)
    asked = [("dry", "blue", "whale"), ("warm", "sad", "cloud")]
    for line, (_, attribute, thing) in zip(social.spliced_captions(rows, asked), asked, strict=True):
        assert social.names_wish(line, attribute, thing)
    assert set(social.lot_captions(rows, asked)) <= {row[3] for row in rows}


def test_the_shipped_writer_names_held_out_wishes():
    network, words = social.load_captions()
    asked = [
        (tone, *pair) for pair in social.asked_of(social.captioned()[stickers.TEST][::30]) for tone in social.VOICES
    ]
    lines = social.write_captions(network, words, asked, 3)
    assert np.mean([social.names_wish(line, *wish[1:]) for line, wish in zip(lines, asked, strict=True)]) > 0.8


# --- the guards -------------------------------------------------------------------------------------------------------


def test_what_is_forbidden_is_counted_by_hand():
    things = [stickers.wishes()[0][k] for k in social.forbidden_places()]
    assert len(things) == 4 * 10 + 23 + 2 * 3  # mug, glass, bomb, dice in ten colours; the devil; innuendo
    assert {social.forbidden(wish) for wish in things} == {"alcohol", "weapons", "gambling", "the devil", "innuendo"}
    assert not social.forbidden(stickers.Wish("expression", "peach", "sad"))


@pytest.mark.parametrize(
    "said",
    ["a red apple", "Could I have a sad cloud, please?", "an OK hand with medium-dark skin", "a sticker of a pink pig"],
)
def test_plain_wishes_pass_every_guard(said):
    assert [guard(said) for guard in social.GUARDS.values()] == ["", "", ""]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("a blue bomb", "weapons"),
        ("a loving peach", "innuendo"),
        ("a red apple with a knife", "knife"),
        ("a cloud that is not sad", "beside the sad cloud: not"),
        ("a thick purple eggplant", "thick"),
        ("please " * 14 + "a red apple", "17 words"),
        ("a r3d apple", "sign that is not read"),
        ("a red аpple", "sign that is not read"),  # its first a is Cyrillic
        ("an apple", "no thing with a colour"),
        ("", "no thing with a colour"),
        ("a red apple and a blue bomb", "words beside"),
    ],
)
def test_the_guard_of_meaning_says_why(said, why):
    assert why in social.by_meaning(said)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_what_the_guard_of_meaning_lets_pass_is_one_allowed_wish(said):
    if not social.by_meaning(said):
        wish = stickers.understood(said)
        assert (
            wish and not social.forbidden(wish) and not stickers.unknown_words(" ".join([wish.thing, wish.attribute]))
        )


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(social.forbidden_places().tolist()), st.integers(0, 500))
def test_no_wording_of_a_forbidden_wish_passes_or_is_offered(index, seed):
    said = stickers.phrase(stickers.wishes()[0][index], np.random.default_rng(seed))
    assert social.by_meaning(said) and social.by_list(said) and social.offered(said) is None


def test_disguises_are_taken_away():
    assert social.plain_letters("ＢＯＭＢ b\u200bomb b0mb bömb") == "bomb bomb bomb bomb"
    assert social.by_long_list("b o-m.b") == "bomb" and social.by_list("b o-m.b") == ""


def test_the_plants_are_those_of_the_card():
    table = social.planted()
    assert len(table) == 500 and table["forbidden"].sum() == 250 and table["text"].is_unique
    assert social.guarded(table, "meaning")["forbidden"] == [0, 250]


@pytest.mark.parametrize(
    ("wish", "means", "right"),
    [
        (("expression", "cloud", "sad"), "happy cloud", False),
        (("expression", "cloud", "happy"), "happy cloud", True),
        (("colour", "apple", "red"), "apple", True),
        (("colour", "apple", "red"), "apple + car", False),
        (("colour", "sun", "blue"), "happy sun", False),
    ],
)
def test_an_offer_is_compared_with_what_was_meant(wish, means, right):
    assert social.as_meant(stickers.Wish(*wish), means) == right


@pytest.mark.parametrize(
    ("attribute", "said", "denied"),
    [
        ("red", "an apple, not red, green", True),
        ("green", "an apple, not red, green", False),
        ("brown", "a teddy bear that isn’t brown, make it white", True),
        ("happy", "a face that is neither happy nor sad, neutral", True),
        ("sad", "a face that is neither happy nor sad, neutral", True),
        ("light", "a waving hand, not medium-light", False),
        ("red", "a note in red", False),
    ],
)
def test_what_a_text_denies(attribute, said, denied):
    assert social.denied(attribute, said) == denied


def test_a_long_wish_is_refused_before_it_is_read():
    begin = time.perf_counter()
    assert "900000 words" in social.by_meaning("a red apple " * 300_000)
    assert time.perf_counter() - begin < 5


def test_a_line_break_parts_words():
    assert social.offered("a red\napple") == stickers.Wish("colour", "apple", "red")


# --- the widget -------------------------------------------------------------------------------------------------------


def test_the_widget_draws_what_is_allowed_and_says_why_not():
    asked = []

    def painter(texts, seed):
        asked.append((texts, seed))
        return np.zeros((1, 32, 32, 3), np.uint8)

    maker = social.StickerMaker(painter, lambda images: images.repeat(2, 1).repeat(2, 2))
    assert maker.draw("a blue bomb") is None and maker.status.value == "Not drawn: weapons."
    assert not asked and not maker.picture.value
    assert maker.draw("a cloud that is not so sad") is None and maker.status.value.endswith(
        "Did you mean: a sad cloud?"
    )
    assert maker.draw("a red apple").shape == (64, 64, 3) and maker.status.value.startswith("Drawn: a red apple")
    maker.wish.value = "a green apple"
    maker.button.click()
    assert asked == [(["a red apple"], 1), (["a green apple"], 2)] and bytes(maker.picture.value).startswith(b"\x89PNG")
