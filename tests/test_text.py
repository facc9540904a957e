"""The corpus, tokenizers, yardsticks, packing, sampling and attributes, against numbers by hand."""

import csv
import json

from aigc_utils import models, runtime, text
from aigc_utils.runtime import keras, tf
from benchmarks import text as lesson
from tools import pretrain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

VOCABULARY = {
    "colour": {"navy": ["navy", "navy blue"], "red": ["red"]},
    "product": {"T-shirt/top": ["T-shirt"], "Shirt": ["shirt"], "Bag": ["bag"]},
    "price": {"19.90": ["19.90"], "9.90": ["9.90"]},
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = models.Transformer(11, context=12, width=8, depth=2, heads=2)
    model.set_weights(
        [
            weight + 0.3 * np.random.default_rng(k).normal(size=weight.shape)
            for k, weight in enumerate(model.get_weights())
        ]
    )
    return model


def test_the_corpus_is_prose_in_three_parts_that_share_no_paragraph():
    parts = lesson.python_prose()
    lines = {part: set(prose.splitlines()) for part, prose in parts.items()}
    assert len(parts["train"]) > 400_000 and min(len(parts["validation"]), len(parts["test"])) > 30_000
    assert not lines["train"] & lines["test"] and not lines["validation"] & lines["test"]
    assert all(len(line) >= 60 and line[-1] in ".:" for line in lines["test"])


def test_characters_there_and_back():
    tokenizer = lesson.Characters("banana")
    assert tokenizer.size == 3 and tokenizer.encode("nab").tolist() == [2, 0, 1]
    assert tokenizer.decode([2, 0, 1]) == "nab"
    with pytest.raises(ValueError, match="'x'"):
        tokenizer.encode("box")


@pytest.mark.parametrize("said", ["a\n\nb", "  two  spaces ", "tab\there", "中文 é 🙂", ""])
def test_pieces_lose_nothing(said):
    pieces = text.Pieces(pretrain.train_pieces("the cat sat on the mat\nthe cat ate\n" * 20, 290, ["<x=y>"]))
    assert pieces.decode(pieces.encode(said)) == said
    assert len(pieces.encode("<x=y>")) == 1
    with pytest.raises(ValueError, match="U\\+2581"):
        pieces.encode("▁")


@pytest.mark.parametrize("tokens", [[-1], [3], [[0, 1]], [0.5], ["a"]])
def test_tokens_that_mean_nothing_are_refused(tokens):
    with pytest.raises(ValueError, match=r"received tokens .*; expected whole numbers \(n,\), 0 to 2\."):
        lesson.Characters("ban").decode(tokens)


def trained_on(line, size):
    return text.Pieces(pretrain.train_pieces(line, size))


@pytest.mark.parametrize("length", [999, 1000, 1001, 24_000])
def test_a_long_line_is_learnt_from(length):
    """sentencepiece passes over a line of more than 4,192 bytes; the words of all of it become pieces."""
    half = length // 2 // 7 * 7
    pieces = trained_on(("carpet " * half)[:half] + ("violin " * length)[: length - half], 290)
    assert len(pieces.encode(" carpet violin")) == 2


def test_a_chinese_paragraph_is_learnt_from():
    paragraph = "".join(np.random.default_rng(0).permutation([*("天地", "玄黄", "宇宙", "洪荒") * 188]))
    assert len(paragraph) == 1504 and len(paragraph.encode()) > 4192
    assert trained_on(paragraph, 275).encode("宇宙洪荒").size <= 2


@pytest.mark.parametrize(
    ("said", "size"), [("", 300), ("\n\n", 300), ("abc", 1000), ("abc", 10), ("abc", 0), ("abc", 2.5)]
)
def test_a_text_that_does_not_fit_its_size_is_refused(said, size):
    with pytest.raises(ValueError, match="received .*; expected"):
        pretrain.train_pieces(said, size)


def test_bits_by_hand():
    assert lesson.bits_per_character(np.log([0.5, 0.25]), "abc") == pytest.approx(1.0)
    assert lesson.bits_per_character([0.0], "a") == 0
    for wrong, said in (([], "a"), ([-1.0], ""), ([np.nan], "a"), ([0.5], "a"), ([-np.inf], "a")):
        with pytest.raises(ValueError, match="finite number"):
            lesson.bits_per_character(wrong, said)


def test_n_gram_by_hand():
    """After "a" came b, b and c: total 3, kinds 2. Without context: a 3, b 2, c 1 of 6, kinds 3."""
    model = lesson.NGram("ababac", order=2)
    single = (2 + 3 / 256) / 9  # b
    assert np.exp(model.log_likelihoods("ab")[1]) == pytest.approx((2 + 2 * single) / 5)
    assert np.exp(model.log_likelihoods("ab", order=1)[1]) == pytest.approx(single)
    np.testing.assert_allclose(np.exp(model.log_likelihoods("ab", order=0)), 1 / 256)
    for wrong in ({"order": 0}, {"order": 2.5}, {"alphabet": 0}, {"text": ""}):
        with pytest.raises(ValueError, match="expected a whole number, 1 or more"):
            lesson.NGram(**{"text": "abc", **wrong})
    for order in (-1, 3, "2"):
        with pytest.raises(ValueError, match="expected an order up to 2"):
            model.log_likelihoods("ab", order=order)


@settings(max_examples=30, deadline=None)
@given(st.text("abc", min_size=1, max_size=30), st.text("abc", max_size=5), st.integers(1, 6))
def test_an_n_gram_gives_shares_that_sum_to_one(said, start, order):
    """After any beginning, over the whole alphabet: also for one character, constants, and an order beyond the text."""
    model = lesson.NGram(said, order, alphabet=4)
    shares = [np.exp(model.log_likelihoods(start + letter))[-1] for letter in "abcd"]
    assert min(shares) > 0 and sum(shares) == pytest.approx(1)


def test_an_n_gram_refuses_more_characters_than_its_alphabet():
    """The share of each would be right, and their sum above 1: bits per character would come out too low."""
    with pytest.raises(ValueError, match="3 different characters .* no more than alphabet = 2"):
        lesson.NGram("abab", 2, alphabet=2).log_likelihoods("abc")


def test_compressor_knows_what_it_read():
    rng = np.random.default_rng(0)
    noise = "".join(rng.choice(list("abcdefgh"), 4000))
    assert lesson.compressed_bits(noise, noise) < 0.2
    assert lesson.compressed_bits("", noise) > 2.9  # eight letters, alike: 3 bits each
    with pytest.raises(ValueError, match="empty"):
        lesson.compressed_bits("a", "")


def test_bz2_learns_from_what_it_read_too():
    rng = np.random.default_rng(1)
    noise = "".join(rng.choice(list("abcdefgh"), 4000))
    assert lesson.compressed_bits(noise, noise, "bz2") < 0.8 * lesson.compressed_bits("", noise, "bz2")
    assert 2.9 < lesson.compressed_bits("", noise, "bz2") < 3.5
    with pytest.raises(KeyError, match="zip"):
        lesson.compressed_bits("a", "b", "zip")


def test_windows_are_shifted_by_one():
    tokens, following = next(iter(lesson.windows(np.arange(50), 7, 3, seed=1)))
    np.testing.assert_array_equal(tokens + 1, following)
    assert tokens.shape == (3, 7)
    with pytest.raises(ValueError, match="expected more"):
        lesson.windows(np.arange(5), 7, 3)
    for wrong in (np.arange(50)[:, None], np.arange(50) / 2, np.arange(-1, 49)):
        with pytest.raises(ValueError, match="received tokens"):
            lesson.windows(wrong, 7, 3)
    for length, batch in ((0, 3), (7, 0), (7, 2.5)):
        with pytest.raises(ValueError, match="expected a whole number"):
            lesson.windows(np.arange(50), length, batch)


@pytest.mark.parametrize("length", [3, 13, 40])
def test_log_likelihoods_are_those_of_the_network(network, length):
    tokens = np.random.default_rng(length).integers(0, 11, length)
    found = lesson.log_likelihoods(network, tokens, stride=4)
    assert found.shape == (length - 1,)
    whole = tf.nn.log_softmax(network(tokens[None, :12])).numpy()[0]
    for k in range(min(length - 1, 12)):
        assert found[k] == pytest.approx(whole[k, tokens[k + 1]], abs=1e-4)
    if length == 40:  # the last is scored in a window that ends with it
        last = tf.nn.log_softmax(network(tokens[None, -13:-1])).numpy()[0, -1, tokens[-1]]
        assert np.isfinite(found).all() and found[-1] < 0 and abs(found[-1] - last) < 2


def test_log_likelihoods_refuse_gaps_and_single_tokens(network):
    for tokens, stride in (([3], 4), ([], 4), (range(9), 13)):
        with pytest.raises(ValueError, match="expected 2 or more, a stride up to 12"):
            lesson.log_likelihoods(network, tokens, stride)
    with pytest.raises(ValueError, match="received stride = 0"):
        lesson.log_likelihoods(network, range(9), 0)


def test_pack_asks_for_the_answer_and_its_end():
    tokens, targets = lesson.pack([[5], [6, 7]], [[1, 2], [3]], slot=2, length=5, end=0)
    assert tokens.tolist() == [[0, 5, 1, 2, 0], [6, 7, 3, 0, 0]]
    assert targets.tolist() == [[-1, 1, 2, 0, -1], [-1, 3, 0, -1, -1]]
    with pytest.raises(ValueError, match="at most 1"):
        lesson.pack([[5, 5]], [[1]], slot=1, length=5, end=0)
    for prompts, answers, slot in (([[-1]], [[1]], 2), ([[1]], [[-1]], 2), ([[]], [[1]], -1), ([[0.5]], [[1]], 2)):
        with pytest.raises(ValueError, match="received .*; expected"):
            lesson.pack(prompts, answers, slot, 5, 0)


@pytest.mark.parametrize(
    ("options", "kept"),
    [({}, 4), ({"top_k": 2}, 2), ({"top_p": 0.5}, 1), ({"top_p": 0.51}, 2), ({"top_k": 3, "top_p": 0.75}, 2)],
)
def test_restrict_keeps_the_likeliest(options, kept):
    logits = tf.constant(np.log([[0.15, 0.5, 0.1, 0.25]]), tf.float32)
    left = text.restrict(logits, **options).numpy()[0]
    assert set(np.flatnonzero(np.isfinite(left))) == set([1, 3, 0, 2][:kept])


@pytest.mark.parametrize(
    "wrong",
    [
        *({"top_k": -1}, {"top_k": 2.5}, {"top_p": 0}, {"top_p": 1.5}, {"top_p": np.nan}),
        *({"temperature": -1}, {"temperature": np.nan}, {"temperature": np.inf}),
    ],
)
def test_knobs_that_mean_nothing_are_refused(wrong, network):
    for use in (lambda: text.restrict(tf.zeros((1, 4)), **wrong), lambda: text.writer(network)([[1]], 2, **wrong)):
        with pytest.raises(ValueError, match="received temperature .*; expected"):
            use()


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.float32, (2, 5), elements=st.sampled_from([-3, 0, 0.5, 2])), st.integers(0, 7), st.floats(0.05, 1))
def test_restrict_of_ties_keeps_whole_ties(logits, top_k, top_p):
    left = text.restrict(tf.constant(logits), 0.7, top_k, top_p).numpy()
    for row, kept in zip(logits, np.isfinite(left), strict=True):
        assert kept[row == row.max()].all() and (row[kept].min() > row[~kept]).all()
        assert (
            kept.sum() >= min(top_k or 5, 5)
            or np.exp(row[kept] / 0.7).sum() >= (top_p - 1e-5) * np.exp(row / 0.7).sum()
        )


def test_writer_refuses(network):
    write = text.writer(network)
    for prompts, count, seed in (
        ([[-1]], 2, 0),
        ([[0.5]], 2, 0),
        ([[1]], -1, 0),
        ([[1]], 1.5, 0),
        ([[1]], 2, -1),
        ([1], 2, 0),
    ):
        with pytest.raises(ValueError, match="received"):
            write(prompts, count, seed=seed)


def test_translate_refuses_another_language_and_a_single_phrase():
    for phrases, direction in ((["red bag"], "zh"), ("red bag", "<zh>")):
        with pytest.raises(ValueError, match="expected one of .*<zh>.*, a list"):
            lesson.translate(None, None, phrases, direction)


def test_temperature_zero_takes_the_likeliest_and_the_cache_changes_nothing(network):
    prompts, quick, slow = np.array([[1, 2], [3, 4], [5, 6]]), text.writer(network), text.writer(network, cached=False)
    for options in ({"temperature": 0.0}, {"top_k": 5}, {"top_p": 0.8, "seed": 3}):
        first, second = (write(prompts, np.int64(10), **options) for write in (quick, slow))
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first[:, :2], prompts)
    greedy = quick(prompts, 1, temperature=0.0)
    np.testing.assert_array_equal(greedy[:, 2], np.argmax(network(prompts)[:, -1], axis=-1))
    with pytest.raises(ValueError, match="at most 13"):
        quick(prompts, 12)


def test_attributes_are_whole_words_and_the_longest_wins():
    found = text.named_attributes("A navy blue T-shirt for €19.90, no bagpipe.", VOCABULARY)
    assert found == {"colour": {"navy"}, "product": {"T-shirt/top"}, "price": {"19.90"}}
    assert text.named_attributes("RED shirt, bag", VOCABULARY)["product"] == {"Shirt", "Bag"}
    assert not any(text.named_attributes("", VOCABULARY).values())
    assert text.named_attributes("red", {}) == {} and text.named_attributes("red", {"colour": {}}) == {"colour": set()}
    with pytest.raises(TypeError, match="expected a text"):
        text.named_attributes(None, VOCABULARY)


def test_every_text_of_the_shipped_data_names_its_row_and_nothing_else():
    words = json.loads(runtime.shipped("text", "vocabulary.json").read_text(encoding="utf-8"))
    for file, column, least in (("catalogue.csv", "copy", 1500), ("parallel.csv", "english", 2000)):
        with open(runtime.shipped("text", file), encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        assert len(rows) >= least
        for row in rows:
            found = {name: values for name, values in text.named_attributes(row[column], words).items() if values}
            assert found == {name: {row[name]} for name in words if name in row}, row[column]


def test_parallel_phrases_have_four_forms_and_no_meaning_on_both_sides():
    with open(runtime.shipped("text", "parallel.csv"), encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    meanings = {}
    for row in rows:
        meanings.setdefault(row["meaning"], []).append(row)
    for forms in meanings.values():
        assert len({row["split"] for row in forms}) == 1
        assert len({row["english"] for row in forms}) >= 4 and len({row["chinese"] for row in forms}) >= 4
    sides = [
        {
            tuple(forms[0][a] for a in text.ATTRIBUTES if a in forms[0])
            for forms in meanings.values()
            if forms[0]["split"] == side
        }
        for side in ("train", "test")
    ]
    assert not sides[0] & sides[1]


def test_the_shipped_copy_network_names_what_was_asked():
    """Of the held-out rows; an untrained one would name nothing."""
    with open(runtime.shipped("text", "catalogue.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[-100:]
    words = json.loads(runtime.shipped("text", "vocabulary.json").read_text(encoding="utf-8"))
    pieces = text.Pieces(runtime.shipped("pretrained", "copy_pieces.model"))
    prompts = np.stack([pieces.encode(text.wish(row)) for row in rows])
    written = text.writer(models.load_pretrained("text_copy"))(prompts, 65, top_p=0.9)
    copies = [pieces.decode(row[prompts.shape[1] :]).split(text.NEWLINE)[0] for row in written]
    named = [text.named_attributes(copy, words) for copy in copies]
    pairs = list(zip(rows, named, strict=True))
    assert np.mean([all(row[key] in values for key, values in found.items()) for row, found in pairs]) > 0.8
    assert np.mean([all(values <= {row[key]} for key, values in found.items()) for row, found in pairs]) > 0.85


def test_the_shipped_language_model_foresees_more_than_the_n_gram():
    parts = lesson.python_prose()
    pieces = text.Pieces(runtime.shipped("pretrained", "text_pieces.model"))
    tokens = pieces.encode(text.NEWLINE + parts["test"])[:2001]
    said = pieces.decode(tokens[1:])
    bits = lesson.bits_per_character(lesson.log_likelihoods(models.load_pretrained("text_lm"), tokens), said)
    assert bits < lesson.bits_per_character(lesson.NGram(parts["train"]).log_likelihoods(said), said) - 0.05
