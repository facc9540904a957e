"""The corpus, tokenizers, yardsticks, packing, sampling and attributes, against numbers by hand."""

import csv
import json

from aigc_utils import models, runtime, text
from aigc_utils.runtime import keras, tf

import numpy as np
import pytest

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
    parts = text.python_prose()
    lines = {part: set(prose.splitlines()) for part, prose in parts.items()}
    assert len(parts["train"]) > 400_000 and min(len(parts["validation"]), len(parts["test"])) > 30_000
    assert not lines["train"] & lines["test"] and not lines["validation"] & lines["test"]
    assert all(len(line) >= 60 and line[-1] in ".:" for line in lines["test"])


def test_characters_there_and_back():
    tokenizer = text.Characters("banana")
    assert tokenizer.size == 3 and tokenizer.encode("nab").tolist() == [2, 0, 1]
    assert tokenizer.decode([2, 0, 1]) == "nab"
    with pytest.raises(ValueError, match="'x'"):
        tokenizer.encode("box")


@pytest.mark.parametrize("said", ["a\n\nb", "  two  spaces ", "tab\there", "中文 é 🙂", ""])
def test_pieces_lose_nothing(said):
    pieces = text.Pieces(text.train_pieces("the cat sat on the mat\nthe cat ate\n" * 20, 290, ["<x=y>"]))
    assert pieces.decode(pieces.encode(said)) == said
    assert len(pieces.encode("<x=y>")) == 1
    with pytest.raises(ValueError, match="U\\+2581"):
        pieces.encode("▁")


def test_bits_by_hand():
    assert text.bits_per_character(np.log([0.5, 0.25]), "abc") == pytest.approx(1.0)
    for wrong, said in (([], "a"), ([-1.0], ""), ([np.nan], "a")):
        with pytest.raises(ValueError, match="finite number"):
            text.bits_per_character(wrong, said)


def test_n_gram_by_hand():
    """After "a" came b, b and c: total 3, kinds 2. Without context: a 3, b 2, c 1 of 6, kinds 3."""
    model = text.NGram("ababac", order=2)
    single = (2 + 3 / 256) / 9  # b
    assert np.exp(model.log_likelihoods("ab")[1]) == pytest.approx((2 + 2 * single) / 5)
    assert np.exp(model.log_likelihoods("ab", order=1)[1]) == pytest.approx(single)
    with pytest.raises(ValueError, match="order 0"):
        text.NGram("abc", order=0)


def test_compressor_knows_what_it_read():
    rng = np.random.default_rng(0)
    noise = "".join(rng.choice(list("abcdefgh"), 4000))
    assert text.compressed_bits(noise, noise) < 0.2
    assert text.compressed_bits("", noise) > 2.9  # eight letters, alike: 3 bits each
    with pytest.raises(ValueError, match="empty"):
        text.compressed_bits("a", "")


def test_windows_are_shifted_by_one():
    tokens, following = next(iter(text.windows(np.arange(50), 7, 3, seed=1)))
    np.testing.assert_array_equal(tokens + 1, following)
    assert tokens.shape == (3, 7)
    with pytest.raises(ValueError, match="expected more"):
        text.windows(np.arange(5), 7, 3)


@pytest.mark.parametrize("length", [3, 13, 40])
def test_log_likelihoods_are_those_of_the_network(network, length):
    tokens = np.random.default_rng(length).integers(0, 11, length)
    found = text.log_likelihoods(network, tokens, stride=4)
    assert found.shape == (length - 1,)
    whole = tf.nn.log_softmax(network(tokens[None, :12])).numpy()[0]
    for k in range(min(length - 1, 12)):
        assert found[k] == pytest.approx(whole[k, tokens[k + 1]], abs=1e-4)
    if length == 40:  # the last is scored in a window that ends with it
        last = tf.nn.log_softmax(network(tokens[None, -13:-1])).numpy()[0, -1, tokens[-1]]
        assert np.isfinite(found).all() and found[-1] < 0 and abs(found[-1] - last) < 2


def test_pack_asks_for_the_answer_and_its_end():
    tokens, targets = text.pack([[5], [6, 7]], [[1, 2], [3]], slot=2, length=5, end=0)
    assert tokens.tolist() == [[0, 5, 1, 2, 0], [6, 7, 3, 0, 0]]
    assert targets.tolist() == [[-1, 1, 2, 0, -1], [-1, 3, 0, -1, -1]]
    with pytest.raises(ValueError, match="at most 1"):
        text.pack([[5, 5]], [[1]], slot=1, length=5, end=0)


@pytest.mark.parametrize(
    ("options", "kept"),
    [({}, 4), ({"top_k": 2}, 2), ({"top_p": 0.5}, 1), ({"top_p": 0.51}, 2), ({"top_k": 3, "top_p": 0.75}, 2)],
)
def test_restrict_keeps_the_likeliest(options, kept):
    logits = tf.constant(np.log([[0.15, 0.5, 0.1, 0.25]]), tf.float32)
    left = text.restrict(logits, **options).numpy()[0]
    assert set(np.flatnonzero(np.isfinite(left))) == set([1, 3, 0, 2][:kept])


def test_temperature_zero_takes_the_likeliest_and_the_cache_changes_nothing(network):
    prompts = np.array([[1, 2], [3, 4], [5, 6]])
    for options in ({"temperature": 0.0}, {"top_k": 5}, {"top_p": 0.8, "seed": 3}):
        first, second = (text.writer(network, cached)(prompts, 10, **options) for cached in (True, False))
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first[:, :2], prompts)
    greedy = text.writer(network)(prompts, 1, temperature=0.0)
    np.testing.assert_array_equal(greedy[:, 2], np.argmax(network(prompts)[:, -1], axis=-1))
    with pytest.raises(ValueError, match="at most 13"):
        text.writer(network)(prompts, 12)


def test_attributes_are_whole_words_and_the_longest_wins():
    found = text.named_attributes("A navy blue T-shirt for €19.90, no bagpipe.", VOCABULARY)
    assert found == {"colour": {"navy"}, "product": {"T-shirt/top"}, "price": {"19.90"}}
    assert text.named_attributes("RED shirt, bag", VOCABULARY)["product"] == {"Shirt", "Bag"}
    assert not any(text.named_attributes("", VOCABULARY).values())
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
    parts = text.python_prose()
    pieces = text.Pieces(runtime.shipped("pretrained", "text_pieces.model"))
    tokens = pieces.encode(text.NEWLINE + parts["test"])[:2001]
    said = pieces.decode(tokens[1:])
    bits = text.bits_per_character(text.log_likelihoods(models.load_pretrained("text_lm"), tokens), said)
    assert bits < text.bits_per_character(text.NGram(parts["train"]).log_likelihoods(said), said) - 0.05
