"""What is read out, how unknown words sound, when a phone is said, and the voices that need no network."""

import datetime

from benchmarks import (
    speech,
    speech_case,
    speech_formants,
    speech_model,
    speech_opinion,
    speech_sounds,
    speech_text,
    speech_voice,
)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("num2words", reason="pip install num2words")
needs_dictionary = pytest.mark.skipif(
    not speech_text.importlib.util.find_spec("pocketsphinx"), reason="pip install pocketsphinx"
)


def said(text):
    return [word for word in speech_text.words(text) if word != ","]


# --- reading out -----------------------------------------------------------------------------------------------------


@needs_dictionary
@pytest.mark.parametrize("case", speech.cases(), ids=lambda case: case[1])
def test_hand_written_cases(case):
    _, text, expected = case
    assert said(text) == expected.split()


def test_a_stop_is_a_pause_but_not_at_the_end():
    assert speech_text.words("Stop. Then go, now!") == ["stop", ",", "then", "go", ",", "now"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "at least one word"),
        ("  ... !", "at least one word"),
        (7, "at least one word"),
        ("按一", "not Latin .*translate the text first"),
        ("√2 → 1", "signs that are not read .→√.; write them"),
        ("word " * 2001, "2,001 words; expected at most 2,000"),
        ("Add 3/4 cup.", "received '3/4', which has no single reading; write it as words"),
        ("At 25:61.", "'25:61', which has no single reading"),
        ("Take 1,5 l.", "'1,5', which has no single reading"),
        ("On 13/13/2026.", "'13/13/2026', which has no single reading"),
    ],
)
def test_what_cannot_be_spoken_is_refused_by_a_sentence(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        speech_text.words(text)


def test_a_raised_figure_is_a_power():
    assert said("5x² + 2y³") == ["five", "x", "squared", "plus", "two", "y", "cubed"]


@needs_dictionary
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("From 1999 to 2005.", "from nineteen ninety nine to two thousand five"),
        ("In 1999 and in 1,999 cases.", "in nineteen ninety nine and in one thousand nine hundred ninety nine cases"),
        ("in 2000 €", "in two thousand euros"),
        ("the 1990s", "the nineteen nineties"),
        ("the 2000s", "the two thousands"),
        ("2026-05-04", "may fourth twenty twenty six"),
        ("On 25/12/2026.", "on december twenty fifth twenty twenty six"),
        ("On the 4th of May, 2026.", "on the fourth of may twenty twenty six"),
        ("May 4-6, 2026", "may fourth to sixth twenty twenty six"),
        ("You may 4 times.", "you may four times"),
        ("Sat, 3 May", "saturday the third of may"),
        ("9am-5pm", "nine a m to five p m"),
        ("$5-10", "five to ten dollars"),
        ("555-0147", "five five five zero one four seven"),  # a telephone number, no range
        ("4111-1111-1111", "four one one one one one one one one one one one"),
        ("5x² - 50x = 0", "five x squared minus fifty x equals zero"),
        ("It is −5 °C", "it is minus five degrees celsius"),
        ("1 kg, 2 kg", "one kilogram two kilograms"),
        ("$3.5 million", "three point five million dollars"),
        ("The answer is no.", "the answer is no"),
        ("No. 5", "number five"),
        ("10 Main St. Boston", "ten main street boston"),
        ("The USA and the IT department", "the u s a and the i t department"),
        ("Write to info@nordhem.com", "write to info at nordhem dot com"),
        ("10\u00a0000 or 5‑6", "ten zero zero zero or five to six"),
        (
            "From 1999-2005, between 1990 and 1995.",
            "from nineteen ninety nine to two thousand five between nineteen ninety and nineteen ninety five",
        ),
        (
            "Our 2025 prices, the 1998 model, Q3 2026",
            "our twenty twenty five prices the nineteen ninety eight model q three twenty twenty six",
        ),
        ("The 80s and 1990s", "the eighties and nineteen nineties"),
        (
            "On 3/4/26, by 12/31, on 14.03.2027",
            "on march fourth twenty twenty six by december thirty first on march fourteenth twenty twenty seven",
        ),
        ("Jan. 2-Feb. 4, Dec. 24 and 25", "january second to february fourth december twenty fourth and twenty fifth"),
        ("On the 2nd and 3rd of June", "on the second and third of june"),
        ("From 3 to 5 March, 12-14 May", "from the third to the fifth of march the twelfth to the fourteenth of may"),
        ("The storm of 1999, one of 2000 callers", "the storm of nineteen ninety nine one of two thousand callers"),
        (
            "-7 kg, -5 €, -.5, -2 1/2 h",
            "minus seven kilograms minus five euros minus point five minus two and a half hours",
        ),
        ("On Sat. and Sun. we rest", "on saturday and sunday we rest"),
        ("10:00 a.m. or 9.30 p.m. EST", "ten a m or nine thirty p m e s t"),
        ("20 USD, EUR 5, 99¢, -$5", "twenty dollars five euros ninety nine cents minus five dollars"),
        ("$5/mo. or €2 billion", "five dollars per month or two billion euros"),
        ("2 1/2 hrs. or 2½ h", "two and a half hours or two and a half hours"),
        ("5 ft. 10 in., 3 lb, 12 oz", "five feet ten inches three pounds twelve ounces"),
        ("5 m² and 100 Mbit/s", "five square meters and one hundred megabits per second"),
        ("A 5 km run and 5 km", "a five kilometer run and five kilometers"),
        ("1250 Main St. and 221 Baker Street", "twelve fifty main street and two twenty one baker street"),
        ("Chapter II", "chapter two"),
        ("AT&T has PDFs and PINs", "a t and t has p d f's and pins"),
        ("v2.1 at 192.168.0.1", "version two point one at one nine two dot one six eight dot zero dot one"),
        ("4x4, 3x faster, 2 × 3", "four by four three times faster two times three"),
        (
            "j.lee@nordhem.co.uk or https://www.nordhem.de/help",
            "j dot lee at nordhem dot co dot u k or w w w dot nordhem dot de slash help",
        ),
    ],
)
def test_what_is_written_short_is_unfolded(text, expected):
    assert said(text) == expected.split()


@needs_dictionary
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your ticket number is 66017.", "your ticket number is six six zero one seven"),  # a number that is a name
        ("Your order no. is C-8821.", "your order number is c eight eight two one"),
        ("Order no. B-12, nos. 3 and 4", "order number b twelve numbers three and four"),
        ("Flight LH 441, rooms 301-305", "flight l h four four one rooms three zero one to three zero five"),
        ("The card ending in 4471", "the card ending in four four seven one"),
        ("Dial 911 or call 1500 people", "dial nine one one or call one thousand five hundred people"),
        ("Your code is 482 913.", "your code is four eight two nine one three"),
        ("Room for 305 guests", "room for three hundred five guests"),
        ("Text to 48226", "text to four eight two two six"),
        ("Order 500 envelopes", "order five hundred envelopes"),  # a number that counts
        ("We have 305 rooms.", "we have three hundred five rooms"),
        ("Booking X7K9Q, form W-9", "booking x seven k nine q form w nine"),
        (
            "503.555.0182, 0800 123 456",
            "five zero three five five five zero one eight two zero eight zero zero one two three four five six",
        ),
        ("1-800-NORDHEM, 97205-1234", "one eight zero zero nordhem nine seven two zero five one two three four"),
        ("ext 305, x4021", "extension three zero five extension four zero two one"),
    ],
)
def test_a_number_is_a_name_or_a_count(text, expected):
    assert said(text) == expected.split()


@needs_dictionary
@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2099, 12, 31)))
@settings(max_examples=60, deadline=None)
def test_a_date_is_read_alike_however_it_is_written(day):
    ways = {f"{day:%B} {day.day}, {day.year}", f"{day:%b}. {day.day} {day.year}", f"{day:%m/%d/%Y}", f"{day:%Y-%m-%d}"}
    assert len({" ".join(said(way)) for way in ways}) == 1


@needs_dictionary
def test_the_letter_a_sounds_like_itself_among_letters():
    sounds = [phones for word, phones in speech_sounds.phonemes("A call at 8 a.m., the USA", None) if word == "a"]
    assert sounds == [("AH",), ("EY",), ("EY",)]


def test_a_minus_before_a_fraction_is_said():  # num2words forgets it: findings/num2words_minus.sh
    assert said("It is -0.5 degrees") == ["it", "is", "minus", "zero", "point", "five", "degrees"]


def test_two_thousand_words_are_read():
    assert len(said("one " * 2000)) == 2000


@given(st.integers(0, 10**12))
@settings(max_examples=60, deadline=None)
def test_digits_never_survive(number):
    words = said(f"Call {number} now, at {number % 24}:{number % 60:02d}, for ${number / 100:.2f}.")
    assert not any(char.isdigit() for word in words for char in word)
    assert words[0] == "call"


@given(st.integers(0, 999_999))
@settings(max_examples=60, deadline=None)
def test_one_by_one_has_a_word_a_digit(number):
    assert len(speech_text.singly(str(number)).split()) == len(str(number))


# --- letters to sounds -----------------------------------------------------------------------------------------------


def test_distance_by_hand():
    assert speech_sounds.distance("kitten", "sitting") == 3
    assert speech_sounds.distance((), ("K", "AE")) == 2
    assert speech_sounds.distance(("K", "AE"), ("K", "AE")) == 0


def test_error_rate_takes_the_nearest_pronunciation():
    rate, wrong = speech_sounds.error_rate([("A",), ("B", "C")], [[("A", "B"), ("A",)], [("B", "D")]])
    assert rate == pytest.approx(1 / 3) and wrong == 0.5


PAIRS = [("cat", ("K", "AE", "T")), ("cot", ("K", "AA", "T")), ("cit", ("S", "IH", "T")), ("tic", ("T", "IH", "K"))]
PAIRS += [("cita", ("S", "IH", "T", "AH")), ("taco", ("T", "AA", "K", "OW")), ("cax", ("K", "AE", "K", "S"))]


def test_letters_are_aligned_with_sounds():
    cost = speech_sounds.fit_alignment(PAIRS * 5)
    assert speech_sounds.aligned("cat", ("K", "AE", "T"), cost) == [("K",), ("AE",), ("T",)]
    assert speech_sounds.aligned("cax", ("K", "AE", "K", "S"), cost) == [("K",), ("AE",), ("K", "S")]
    assert speech_sounds.aligned("a", ("K", "AE", "K"), cost) is None


def test_a_rule_looks_at_its_neighbours_and_travels(tmp_path):
    rules = speech_sounds.train_letters(PAIRS, speech_sounds.fit_alignment(PAIRS * 5))
    speech_sounds.save_rules(rules, tmp_path / "rules.gz")
    again = speech_sounds.load_rules(tmp_path / "rules.gz")
    assert again == rules
    assert speech_sounds.spell("cit", again) == ("S", "IH", "T")  # c before i
    assert speech_sounds.spell("cat", again, levels=1)[0] == "K"  # alone, c is K more often
    assert speech_sounds.spell("é", again) == ("AH",)


def test_shipped_rules_know_a_silent_letter_and_name_only_phones():
    say = speech.rules()
    assert say("kittens") == ("K", "IH", "T", "AH", "N", "Z")
    phones = {phone for sounds in speech_sounds.load_rules(speech.RULES).values() for phone in sounds}
    assert phones <= set(speech_voice.PHONES)


@given(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_every_word_has_sounds(word):
    assert speech_sounds.spell(word, {(0, letter): ("AH",) for letter in "abcdefghijklmnopqrstuvwxyz"})


@needs_dictionary
def test_words_families_are_on_one_side():
    entries = {word: 1 for word in ("appendix", "appendixes", "banana", "bananas", "cat", "cats", "dog")}
    train, test = speech_sounds.split_by_beginning(entries, 3, seed=1)
    assert not {word[:5] for word in train} & {word[:5] for word in test} and {*train, *test} == set(entries)


@needs_dictionary
@pytest.mark.parametrize(("word", "end"), [("asterisk's", "S"), ("waldo's", "Z"), ("church's", "Z")])
def test_the_possessive_follows_the_sound_before_it(word, end):
    phones, known = speech_sounds.look_up(word, None)
    assert known and phones[-1] == end


# --- timelines -------------------------------------------------------------------------------------------------------


def test_timelines_travel(tmp_path):
    found = [("hi", [("HH", 0, 5), ("AY", 5, 9)]), ("<sil>", [("SIL", 14, 4)]), ("a", [("AH", 18, 3)])]
    t = speech_voice.as_timeline(found, before=10, total=40)
    assert t.phone.tolist() == [0, *(speech_voice.PHONES.index(p) for p in ("HH", "AY", "SIL", "AH")), 0]
    assert t.start.tolist() == [0, 10, 15, 24, 28, 31] and t.frames.tolist() == [10, 5, 9, 4, 3, 9]
    assert t.word.tolist() == [-1, 0, 0, -1, 1, -1]
    speech_voice.save_timelines({"one": t, "two": t}, tmp_path / "t.npz")
    again = speech_voice.load_timelines(tmp_path / "t.npz")
    assert list(again) == ["one", "two"]
    assert all((a == b).all() for name in again for a, b in zip(again[name], t, strict=True))


def test_stored_timelines_are_plausible():
    aligned = speech_voice.load_timelines(speech.ALIGNED)
    assert len(aligned) > 500
    for t in aligned.values():
        assert (t.start == np.cumsum(t.frames) - t.frames).all()  # nothing twice, nothing left out
        assert t.frames[t.phone > 0].min() >= 1 and (np.diff(t.word[t.word >= 0]) <= 1).all()
    usual = dict(zip(speech_voice.PHONES, speech_voice.usual_frames(aligned), strict=True))
    assert min(usual[p] for p in ("AY", "AW", "OY", "EY")) > max(usual[p] for p in ("B", "D", "G", "DH", "AH"))


def test_the_heard_part_leaves_out_silence():
    sound = np.concatenate([np.zeros(800), np.sin(np.arange(1600)), np.zeros(800)])
    first, last = speech_voice.heard_part(sound, rate=8000, margin=0.0)
    assert abs(first - 800) <= 80 and abs(last - 2400) <= 80


# --- splicing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def bank():
    """Two recordings of one phone a word, each word a constant of its own: 1 2 3 and 4 5."""
    phones = {"one": ["W"], "two": ["T"], "three": ["TH"], "four": ["F"], "five": ["V"]}
    words = {"a": ["one", "two", "three"], "b": ["four", "five"]}
    timelines, sounds, by_word, by_phone = {}, {}, {}, {}
    for name, said_here in words.items():
        numbers = [speech_voice.PHONES.index(phones[word][0]) for word in said_here]
        count = len(numbers)
        parts = numbers, 10 * np.arange(count), np.full(count, 10), np.arange(count)
        timelines[name] = speech_voice.Timeline(*map(np.array, parts))
        level = {"a": 1, "b": 4}[name]
        sounds[name] = np.repeat(np.arange(level, level + count), 10 * speech_voice.STEP).astype(float)
        for k, (word, number) in enumerate(zip(said_here, numbers, strict=True)):
            by_word.setdefault(word, []).append((name, k))
            by_phone.setdefault(number, []).append((name, k))
    return speech_voice.Bank(sounds, timelines, words, by_word, by_phone)


def test_longest_runs_are_cut_and_unknown_words_are_built_from_phones(bank):
    spoken = [("two", ("T",)), ("three", ("TH",)), ("five", ("V",)), ("fw", ("F", "W"))]
    sound, found = speech_voice.splice(spoken, bank, fade=0.0)
    assert found == 3
    assert sound[:: 10 * speech_voice.STEP].tolist() == [2, 3, 5, 4, 1]


def test_joins_shorten_by_the_fade():
    joined = speech_voice.join([np.ones(100), np.ones(100), np.ones(5)], fade=10)
    assert len(joined) == 100 + 90 + 0 and np.allclose(joined, 1)


# --- formants --------------------------------------------------------------------------------------------------------


def test_every_phone_has_a_sound():
    assert set(speech_formants.SOUNDS) == set(speech_voice.PHONES)


@pytest.mark.parametrize(("frequency", "width"), [(500, 60), (1500, 100), (2500, 150)])
def test_a_resonator_has_its_peak_and_width(frequency, width):
    from scipy import signal

    b, a = speech_formants.resonator(frequency, width)
    hertz, response = signal.freqz(b, a, worN=16384, fs=speech_formants.RATE)
    power = np.abs(response) ** 2
    assert abs(hertz[power.argmax()] - frequency) < 5
    assert np.ptp(hertz[power > power.max() / 2]) == pytest.approx(width, rel=0.05)
    assert power[0] == pytest.approx(1)


@given(st.sampled_from(sorted(speech_formants.VOWELS)), st.integers(100, 300))
@settings(max_examples=20, deadline=None)
def test_a_vowel_has_the_pitch_that_was_asked(vowel, pitch):
    sound = speech_formants.speak([vowel], [1.0], np.full(200, float(pitch)))
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    harmonic = np.arange(len(power)) / pitch  # one bin a hertz
    near = np.abs(harmonic - np.rint(harmonic)) * pitch < 4
    assert power[near].sum() > 0.75 * power.sum()  # the rest is between the harmonics: a pulse falls between samples


def test_two_vowels_differ_where_their_resonances_do():
    def level(sound, low, high):
        return (np.abs(np.fft.rfft(sound))[low:high] ** 2).sum() / (np.abs(np.fft.rfft(sound)) ** 2).sum()

    ee, ah = (speech_formants.speak([vowel], [1.0], np.full(200, 100.0)) for vowel in ("IY", "AA"))
    assert level(ah, 700, 1400) > 5 * level(ee, 700, 1400)
    assert len(ee) == speech_formants.RATE and np.abs(ee).max() == pytest.approx(0.9)


# --- the voice -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pitch", [130.0, 205.0, 310.0])
def test_the_pitch_of_a_vowel_is_found(pitch):
    sound = speech_formants.speak(["AH"], [1.0], np.full(200, pitch))
    found = speech_model.pitch_of(sound)[10:-10]
    assert (found > 0).mean() > 0.95 and np.median(found) == pytest.approx(pitch, rel=0.01)


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).normal(size=8000)
    assert (speech_model.pitch_of(noise) > 0).mean() < 0.1
    assert not speech_model.pitch_of(np.zeros(8000)).any()


def test_the_source_shows_its_harmonics():
    table = speech_model.source_table()
    assert table.shape == (64, 64) and table.max() == 0 and table.min() >= -1
    low = speech_model.source_of(np.array([110.0, 0.0]))
    assert np.ptp(low[0, :20]) > 0.3 and (low[1] == -0.5).all()


def test_frames_belong_to_the_phone_at_their_middle():
    t = speech_voice.Timeline(*(np.array(part) for part in ([0, 1, 2], [0, 3, 6], [3, 3, 6], [-1, 0, 0])))
    # frames of 12 ms have their middles at 6, 18, 30, … ms; phones begin at 0, 30 and 60 ms
    assert speech_model.frame_owner(t, 10).tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2, 2]


def test_places_run_from_nought_to_one():
    place = speech_model.place_of(np.array([[0, 0, 1, 1, 1, 1]]), np.array([[2, 4]]), np.ones((1, 6)))[0]
    assert np.allclose(place[:, 0], [0.25, 0.75, 0.125, 0.375, 0.625, 0.875])
    assert np.allclose(place[:, 0] + place[:, 1], 1) and (place[:, 3] == 1).all()


def test_the_pitch_glides_between_voiced_phones():
    line = speech_model.glide(np.array([4, 2, 4]), np.array([100.0, 0.0, 200.0]))
    assert (line[4:6] == 0).all() and line[0] == 100 and line[-1] == 200 and (np.diff(line[line > 0]) >= 0).all()


def test_what_the_reader_must_tell_comes_from_the_frames():
    owner = np.full((1, speech_model.FRAMES), -1)
    owner[0, :6] = [0, 0, 1, 1, 1, 1]
    pitch = np.zeros((1, speech_model.FRAMES))
    pitch[0, 2:5] = 200 * np.exp(0.1)
    piece = speech_model.Piece(np.zeros((1, 64), int), np.zeros((1, 64), int), owner, pitch, None)
    told, counts = speech_model.targets_of(piece)
    assert np.allclose(told[0, :2], [[np.log(3), 0, 0], [np.log(5), 0.1, 1]])
    assert counts[0, :3].tolist() == [[1, 0, 1], [1, 1, 1], [0, 0, 0]]


def test_a_voice_speaks_as_long_as_it_planned():
    voice = speech_model.Voice()
    phones = ["SIL", "HH", "AY", "SIL"]
    frames, _ = voice.plan([speech_voice.PHONES.index(phone) for phone in phones])
    sound = voice.speak(phones)
    assert len(sound) == frames.sum() * speech_model.WORD.hop and np.isfinite(sound).all()
    assert 2 * sum(w.size for w in voice.weights) < 5e6  # bytes of float16


# --- likeness, detector, opinions, films -----------------------------------------------------------------------------


def test_distortion_follows_the_formula_and_the_path():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(20, 13))
    assert speech_case.distortion(one, one) == 0
    assert speech_case.distortion(one, np.repeat(one, 3, axis=0)) == 0  # three times as slow
    assert speech_case.distortion(one[:1], one[:1] + np.eye(13)[:1] * 2) == pytest.approx(np.sqrt(2))
    other = rng.normal(size=(17, 13))
    assert speech_case.distortion(one, other) == pytest.approx(speech_case.distortion(other, one))


def test_cepstra_do_not_depend_on_loudness_or_silence():
    sound = speech_formants.speak(["AA", "IY"], [0.4, 0.4])
    louder = np.concatenate([np.zeros(4000), 0.3 * sound, np.zeros(4000)])
    one, other = speech_case.cepstra(sound), speech_case.cepstra(louder)
    assert one.shape[1] == 13 and speech_case.distortion(one, other) < 1.0


def test_the_likelier_speaker_is_named():
    rng = np.random.default_rng(0)
    own, others = rng.normal(0, 1, (500, 13)), rng.normal(1, 1, (500, 13))
    judge = speech_case.Speaker([own], [others])
    assert judge(own[:50]) > 5 and judge(others[:50]) < -5  # half of 13 squared distances of 1: 6.5 nats


def test_other_people_are_the_six_of_08():
    people = speech_case.other_people()
    assert len(people) == 6 and all(len(one) == 40 for one in people.values())


def test_a_telephone_line_takes_away_what_is_outside_its_band():
    time = np.arange(8000) / 8000
    low, inside = (speech_case.through_a_line(0.5 * np.sin(2 * np.pi * f * time)) for f in (100, 1000))
    assert np.std(low) < 0.05 * np.std(inside) and np.std(inside) == pytest.approx(0.5 * np.sqrt(0.5), rel=0.05)


def test_a_mean_opinion_counts_listeners():
    mean, low, high = speech_opinion.mean_opinion([[3, 3], [4, 4], [5, 5]])
    assert mean == 4 and high - mean == pytest.approx(4.302653 / np.sqrt(3)) == mean - low
    assert speech_opinion.mean_opinion([[3] * 9, [4] * 9, [5] * 9]) == pytest.approx((mean, low, high))
    for wrong in ([[3, 4]], [[3], [4], [6]], [1, 2, 3]):
        with pytest.raises(ValueError, match="from 1 to 5"):
            speech_opinion.mean_opinion(wrong)


def test_the_listening_test_names_nothing_before_its_end():
    clips = {name: [np.sin(np.arange(800) * k) for k in (1, 2)] for name in ("recorded", "network")}
    test = speech_opinion.OpinionTest(clips, seed=3)
    assert test.order == speech_opinion.blind_order(clips, 3) and len(set(test.order)) == 4
    for done in range(4):
        assert test.caption.value == f"clip {done + 1} of 4" and test.player.value[:4] == b"RIFF"
        test.rate(5 if test.order[done][0] == "recorded" else 2)
    assert test.scores == {"recorded": [5, 5], "network": [2, 2]}
    assert "recorded 5.0" in test.caption.value and "network 2.0" in test.caption.value
    with pytest.raises(ValueError, match="once for each"):
        test.rate(3)
    with pytest.raises(ValueError, match="from 1 to 5"):
        speech_opinion.OpinionTest(clips).rate(6)


def test_a_card_moves_and_its_bar_fills():
    card = np.random.default_rng(0).integers(0, 256, (61, 41, 3), dtype=np.uint8)
    frames = speech_case.moving_card(card, 1.5)
    assert frames.shape == (15, 70, 40, 3) and (frames[-1][:60] == card[:60, :40]).all()  # the whole card, at the end
    assert (frames[0][:4] == 240).all() and (frames[0][:60, 3:37] != 240).any()
    bar = (frames[:, -1] == (8, 79, 84)).all(2).sum(1)
    assert bar[0] == 0 and (np.diff(bar) > 0).all() and bar[-1] == 40


def test_a_page_is_spoken_without_open_slots():
    for row in speech_case.shop_rows("answers"):
        if row["language"] == "English":
            assert "{" not in speech_case.spoken_answer(row["meaning"])


def test_a_question_finds_its_page():
    find = speech_case.page_finder()
    assert find(["How long is the warranty?", "HOW LONG IS THE WARRANTY"]) == ["warranty-length"] * 2
