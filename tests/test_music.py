"""Chorales: coding there and back, rivals that add up to 1, rules of voice leading by hand, copies, networks."""

import bz2

from benchmarks import chorales

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = chorales.chorales()
FORM = chorales.Form(0, "major", 16, 0, (), 16)


def chord(time, pitches, length=4):
    """Return notes of four voices that begin together."""
    return [(voice, time, length, pitch) for voice, pitch in enumerate(pitches)]


def piece(*chords, length=4):
    """Return notes of chords one after the other."""
    return np.array([note for k, pitches in enumerate(chords) for note in chord(length * k, pitches, length)])


def higher(notes, steps):
    """Return notes so many semitones higher."""
    return np.array(notes) + np.array([0, 0, 0, steps])


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_is_what_the_card_says():
    assert len(PIECES) == 328 and sum(len(one.notes) for one in PIECES) == 75185
    assert len({one.name for one in PIECES}) == 328
    for one in PIECES:
        ends = one.notes[:, 1] + one.notes[:, 2]
        assert set(one.notes[:, 0]) == {0, 1, 2, 3} and one.notes[:, 2].min() >= 1
        assert all(ends[one.notes[:, 0] == voice].max() == one.length for voice in range(4))
        assert set(one.fermatas) <= set(one.notes[one.notes[:, 0] == 0][:, 1])


def test_no_voice_sings_two_notes_at_once():
    for one in PIECES:
        for voice in range(4):
            own = one.notes[one.notes[:, 0] == voice]
            assert (own[:-1, 1] + own[:-1, 2] <= own[1:, 1]).all(), (one.name, voice)


def test_settings_of_a_tune_are_in_one_part():
    parts = {name: chorales.part(name) for name in chorales.SHARES}
    assert sum(map(len, parts.values())) == len(PIECES)
    tunes = {name: {one.tune for one in some} for name, some in parts.items()}
    titles = {name: {one.title for one in some} for name, some in parts.items()}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not tunes[one] & tunes[other] and not titles[one] & titles[other]
    assert 0.65 < len(parts["train"]) / len(PIECES) < 0.75


def test_no_held_out_piece_shares_a_long_run_with_a_training_piece():
    train = [one.notes for one in chorales.part("train")]
    library = chorales.Library(train)
    assert max(library.longest(one.notes) for one in chorales.part("test")[:20]) < chorales.SHARED["fingerprint"]


def test_key_of_a_scale_and_of_its_transpositions():
    scale = [(0, k, 1, p) for k, p in enumerate((60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60))]
    for steps in range(12):
        assert chorales.key_of(higher(np.array(scale), steps)) == (steps, "major")
    minor = [(0, k, 1, p) for k, p in enumerate((57, 59, 60, 62, 64, 65, 68, 69, 64, 60, 57))]
    assert chorales.key_of(np.array(minor)) == (9, "minor")


# --- tunes ------------------------------------------------------------------------------------------------------------


def plain_distance(a, b):
    """Return Levenshtein's distance by the textbook's table."""
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    table[:, 0], table[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            change = table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            table[i, j] = min(change, table[i - 1, j] + 1, table[i, j - 1] + 1)
    return table[-1, -1]


@given(st.lists(st.integers(0, 3), max_size=9), st.lists(st.integers(0, 3), max_size=9))
def test_edit_distance_is_levenshteins(a, b):
    assert np.isclose(chorales.edit_distance(a, b), plain_distance(a, b) / max(len(a), len(b), 1))


def test_edit_distance_by_hand():
    assert chorales.edit_distance(list("kitten"), list("sitting")) == 3 / 7


def test_a_melody_is_the_same_in_every_key_and_without_passing_notes():
    long = np.array([(0, 0, 4, 60), (0, 4, 4, 64), (0, 8, 4, 64), (0, 12, 4, 67)])
    passing = np.array([(0, 0, 2, 60), (0, 2, 2, 62), (0, 4, 4, 64), (0, 8, 4, 64), (0, 12, 4, 67)])
    assert chorales.melody(long).tolist() == chorales.melody(passing).tolist() == [4, 3]
    assert chorales.melody(higher(long, 5)).tolist() == [4, 3]


# --- coding -----------------------------------------------------------------------------------------------------------


def test_every_shipped_piece_comes_back_from_its_code():
    for one in PIECES:
        form = chorales.form_of(one)
        assert np.array_equal(chorales.decode(chorales.encode(one.notes, form), form), one.notes), one.name


def test_a_chord_is_coded_by_hand():
    """C major: E is 64 = BOTTOM 28 + 36, so 36 + FIRST = 38; the alto moves after two sixteenths, the tenor stops."""
    notes = np.array([(0, 0, 4, 64), (1, 0, 2, 60), (2, 0, 2, 55), (3, 0, 4, 48), (1, 2, 2, 59)])
    form = FORM._replace(length=4)
    assert chorales.encode(notes, form).tolist() == [[38, 22, 34, 29, 1], [0, 0, 33, 1, 1]]


def test_keys_meet_in_c_major_and_a_minor():
    assert [chorales.shift_of(k, "major") for k in (0, 7, 5, 6)] == [0, -5, 5, -6]
    assert [chorales.shift_of(k, "minor") for k in (9, 4, 2)] == [0, -5, 5]
    notes = piece((64, 60, 55, 48))
    codes = [chorales.encode(higher(notes, k), chorales.Form(k, "major", 16, 0, (), 4)).tolist() for k in range(-5, 6)]
    assert all(code == codes[0] for code in codes)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_voices_do_it_comes_back(data):
    length, notes = data.draw(st.integers(1, 40)), []
    for voice in range(4):
        time = data.draw(st.integers(0, length - 1))
        while time < length:
            lasts = data.draw(st.integers(1, length - time))
            notes.append((voice, time, lasts, data.draw(st.integers(40, 80))))
            time += lasts + data.draw(st.sampled_from((0, 0, 1, 20)))
    notes = np.array(notes)
    notes = notes[np.lexsort((notes[:, 0], notes[:, 1]))]
    form = FORM._replace(length=length)
    if (notes[:, 1] + notes[:, 2]).max() == length:
        assert np.array_equal(chorales.decode(chorales.encode(notes, form), form), notes)


def test_a_pitch_beyond_the_alphabet_and_no_notes_are_refused():
    with pytest.raises(ValueError, match="received pitch 120"):
        chorales.encode(np.array([(0, 0, 4, 120)]), FORM)
    with pytest.raises(ValueError, match="received no notes"):
        chorales.encode(np.zeros((0, 4), int), FORM)


# --- rivals -----------------------------------------------------------------------------------------------------------


def test_an_empty_chain_costs_the_logarithm_of_its_size():
    some = PIECES[0]
    model = chorales.Ngram([()])
    events = len(chorales.encode(some.notes, chorales.form_of(some)))
    assert np.isclose(model.costs(some).sum(), events * (4 * np.log2(64) + np.log2(16)))


def test_a_chain_by_hand():
    """Seen: 3, 3, 5 behind one context. d = 0.6: (2 − 0.6)/3 + 0.6·2/3·p, with p the same of the empty context."""
    chain = chorales.Chain(("own",), 8, 0.6)
    for symbol in (3, 3, 5):
        chain.learn({"own": 1}, symbol)
    base = np.full(8, 0.05)
    base[[3, 5]] += [1.4 / 3, 0.4 / 3]
    again = 0.4 * base
    again[[3, 5]] += [1.4 / 3, 0.4 / 3]
    assert np.allclose(chain({"own": 2}), base) and np.allclose(chain({"own": 1}), again)
    assert chain.level({"own": 2}) == 0 and chain.level({"own": 1}) == 1


def test_a_chain_of_intervals_is_the_same_in_every_key():
    """Seen: two semitones up from 20, twice. From 30 that is 32: (2 − 0.6)/2 and 0.6/2 of the uniform base, twice."""
    chain = chorales.Chain(("sung", "beat"), chorales.SYMBOLS, 0.6)
    for _ in range(2):
        chain.learn({"sung": 20, "beat": 0}, 22)
    chances = chain({"sung": 30, "beat": 0})
    assert chances.argmax() == 32 and np.isclose(chances[32], 0.7 + 0.3 * (0.7 + 0.3 / 64))
    assert np.isclose(chances.sum(), 1) and chain({"sung": 63, "beat": 0}).argmax() != 65


@pytest.fixture(scope="module")
def learnt():
    some = chorales.part("train")[:12]
    mixture = chorales.Ngram(chorales.CHAINS[:3], chorales.CACHED[:1]).learn(some)
    return {
        "one": chorales.Ngram([chorales.CHAINS[1]]).learn(some),
        "mixture": mixture.tune(chorales.part("validation")[:3]),
        "Markov": chorales.Markov().learn(some),
    }


@pytest.mark.parametrize("name", ["one", "mixture"])
def test_probabilities_add_up_to_one(learnt, name):
    model, some = learnt[name], chorales.part("test")[0]
    state = chorales.State(chorales.form_of(some))
    for row in chorales.encode(some.notes, state.form)[:12]:
        for k in range(chorales.CODED):
            chances = model.chances(state, row[:k], model.fresh())
            assert np.isclose(chances.sum(), 1) and (chances > 0).all()
        state.go(row)


def test_mixing_helps_where_the_weights_were_found(learnt):
    some = chorales.part("validation")[:3]
    assert sum(learnt["mixture"].costs(p).sum() for p in some) < sum(learnt["one"].costs(p).sum() for p in some)


def test_the_markov_chain_adds_up_to_one_over_what_it_saw():
    """Of one piece with one event: the probability of that event behind silence, by hand."""
    notes = piece((64, 60, 55, 48))
    one = chorales.Chorale("x", "", notes, 0, "major", 16, 0, (), 0)
    model = chorales.Markov().learn([one])
    alone = 2.0 ** -model.voices.costs(one).sum()
    assert np.isclose(2.0 ** -model.costs(one)[0], (1 + (1 + alone) / 2) / 2)


@pytest.mark.parametrize("name", ["one", "mixture", "Markov"])
def test_drawn_pieces_fit_their_form(learnt, name):
    form = chorales.form_of(chorales.part("test")[1])
    notes = learnt[name].draw(form, np.random.default_rng(0))
    assert (notes[:, 1] + notes[:, 2]).max() <= form.length and (notes[:, 2] > 0).all()


def test_a_given_soprano_is_kept(learnt):
    some = chorales.part("test")[2]
    drawn = learnt["one"].draw(chorales.form_of(some), np.random.default_rng(0), some.notes)
    assert np.array_equal(drawn[drawn[:, 0] == 0], some.notes[some.notes[:, 0] == 0])


def test_a_compressor_that_has_seen_the_piece_adds_little():
    some = chorales.part("train")[:3]
    new, old = (chorales.compressed_bits(p, some, bz2.compress) for p in (chorales.part("test")[0], some[0]))
    assert old < new


def test_mixed_with_one_weight_is_that_chain():
    logs = np.log(np.array([[0.7, 0.3], [0.1, 0.9]]))
    assert np.allclose(chorales.mixed(logs, np.array([1.0, 0.0])), [0.7, 0.3])
    assert np.allclose(chorales.mixed(logs, np.array([1.0, 1.0])), [0.07 / 0.34, 0.27 / 0.34])


def test_fitting_weights_finds_the_chain_that_is_right():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 400)
    right = np.where(np.arange(2) == targets[:, None], 0.9, 0.1)
    logs = np.log(np.stack([np.full((400, 2), 0.5), right], axis=1))
    weights = chorales.fitting_weights(logs, np.zeros((400, 2), int), targets, 1)
    assert weights[1, 0] > 1  # always right, so it is trusted more than it says


# --- rules of voice leading -------------------------------------------------------------------------------------------


def test_parallel_fifths_by_hand():
    """Soprano G4 A4 over bass C3 D3: compound fifths in the same direction."""
    assert chorales.parallels(piece((67, 64, 60, 48), (69, 65, 62, 50)))[0][1:] in ((0, 2, 7), (0, 3, 7))
    kinds = {found[1:] for found in chorales.parallels(piece((67, 64, 60, 48), (69, 65, 62, 50)))}
    assert kinds == {(0, 2, 7), (0, 3, 7), (2, 3, 0)}


def test_no_parallels_by_contrary_motion_or_by_staying():
    assert chorales.parallels(piece((67, 64, 60, 48), (67, 65, 60, 48))) == []
    contrary = piece((67, 64, 52, 48), (74, 64, 52, 43))  # fifth to fifth in opposite directions
    assert chorales.parallels(contrary) == []
    assert chorales.parallels(piece((67, 62, 53, 48), (69, 60, 57, 49))) == []  # a fifth, then a sixth


def test_crossing_spacing_range_and_leaps_by_hand():
    crossed = piece((60, 64, 55, 48), (60, 64, 55, 48), (67, 64, 55, 48))
    assert chorales.crossings(crossed) == [(0, 1)]  # one stretch, though two chords
    assert chorales.wide(piece((79, 64, 55, 48), (76, 64, 50, 48))) == [(0, 0), (4, 1)]
    assert chorales.out_of_range(piece((83, 64, 55, 48), (79, 64, 55, 38))) == [(0, 0), (4, 3)]
    assert chorales.rough_leaps(piece((60, 60, 55, 48), (66, 60, 55, 48), (65, 60, 55, 60))) == [(4, 0)]


def test_dissonance_by_hand():
    assert chorales.consonant([67, 64, 60, 48]) and chorales.consonant([69, 64, 60, 45]) and chorales.consonant([60])
    assert not chorales.consonant([67, 65, 60, 48]) and not chorales.consonant([65, 62, 59, 47])
    assert chorales.dissonant_share(piece((67, 64, 60, 48), (65, 62, 59, 43))) == 0.5


def test_cadence_by_hand():
    ends = piece((65, 62, 59, 43), (64, 60, 55, 48))
    assert chorales.ends_in_cadence(ends, 0)
    assert not chorales.ends_in_cadence(ends, 7)
    assert not chorales.ends_in_cadence(piece((64, 60, 55, 48), (62, 59, 55, 43)), 0)
    assert not chorales.ends_in_cadence(piece((65, 60, 57, 53), (64, 60, 55, 48)), 0)  # IV–I has no leading note


def test_corrections_add_up():
    broken = chorales.corrections(piece((67, 64, 60, 48), (69, 65, 62, 50)), 0)
    assert broken == {"parallels": 3, "crossings": 0, "spacing": 0, "range": 0, "leaps": 0, "end": 1}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 57), st.integers(-5, 5))
def test_rules_do_not_depend_on_the_key(place, steps):
    notes = chorales.part("test")[place].notes
    moved = higher(notes, steps)
    for rule in (chorales.parallels, chorales.crossings, chorales.wide, chorales.rough_leaps):
        assert rule(notes) == rule(moved)
    assert chorales.dissonant_share(notes) == chorales.dissonant_share(moved)


def test_agreement_with_itself_is_one_and_with_another_bass_less():
    notes = piece((67, 64, 60, 48), (65, 62, 59, 43))
    other = piece((67, 64, 60, 52), (65, 62, 59, 43))
    assert chorales.agreement(notes, notes) == 1 and chorales.agreement(other, notes) == 0.5


# --- copies -----------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 57), st.integers(-5, 5))
def test_a_planted_copy_is_found_in_every_key(place, steps):
    notes = chorales.part("test")[place].notes
    library = chorales.Library([notes])
    assert library.longest(higher(notes, steps)) == len(chorales.fingerprint(notes))


def test_the_longest_run_by_hand():
    known = piece((67, 64, 60, 48), (65, 62, 59, 43), (64, 60, 55, 48), (65, 60, 57, 53))
    new = piece((72, 67, 64, 48), (65, 62, 59, 43), (64, 60, 55, 48), (62, 59, 55, 43))
    assert chorales.Library([known]).longest(new) == 2
    assert chorales.shared_runs([known, new], chorales.fingerprint).tolist() == [[4, 2], [2, 4]]


def test_intervals_hold_their_mean():
    difference, low, high = chorales.tune_interval([10, 20, 30], [12, 24, 36], [10, 10, 10], [0, 0, 1])
    assert np.isclose(difference, -0.4) and low <= difference <= high < 0
    assert chorales.mean_interval([1.0, 1.0, 1.0]) == (1.0, 1.0, 1.0)
    assert chorales.mean_interval([0.0, 0.0, 1.0, 1.0], tunes_of=[0, 1, 0, 1]) == (0.5, 0.5, 0.5)


# --- networks ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench():
    from benchmarks import chorales_model

    chorales_model.runtime.start(seed=0)
    return chorales_model


def test_what_the_writer_is_told_comes_before_the_event(bench):
    """Change the last event: nothing that is told before it changes; and all told numbers are in their ranges."""
    some = chorales.part("test")[0]
    from benchmarks import chorales_networks as networks

    told, coded, before = bench.looks(some)
    assert (told >= 0).all() and (told < np.array(networks.COLUMNS)).all()
    other = chorales.decode(np.vstack([coded[:-1], [40, 20, 35, 30, coded[-1, 4]]]), chorales.form_of(some))
    again, _, _ = bench.looks(some._replace(notes=other))
    assert np.array_equal(told, again) and (before[1:] >= chorales.REST).all()


def test_event_by_event_is_as_all_at_once(bench):
    tf, network = bench.runtime.tf, bench.new_writer()
    told = bench.looks(chorales.part("test")[0])[0][:9]
    whole = network.trunk(tf.constant(told[None])).numpy()[0]
    caches = [tf.zeros((2, 1, 12, bench.HEADS, bench.WIDTH // bench.HEADS)) for _ in range(bench.DEPTH)]
    for k in range(9):
        one, caches = network.step(tf.constant(told[None, k : k + 1]), caches, tf.constant(k))
        assert np.allclose(one[0, 0], whole[k], atol=1e-5)


def test_the_writer_does_not_see_what_comes(bench):
    tf, network = bench.runtime.tf, bench.new_writer()
    told, coded, before = (x[None, :20] for x in bench.looks(chorales.part("test")[0]))
    changed = coded.copy()
    changed[0, 10:] = [60, 20, 40, 35, 2]
    one, other = (network([tf.constant(x) for x in (told, before, rows)]) for rows in (coded, changed))
    for k in range(chorales.CODED):
        assert np.allclose(one[k][0, :10], other[k][0, :10], atol=1e-6)
    assert np.allclose(one[0][0, 10], other[0][0, 10], atol=1e-6)  # the soprano of event 10 is not told its own symbol
    assert not np.allclose(one[1][0, 10], other[1][0, 10], atol=1e-6)  # the bass is


def test_the_pen_keeps_form_and_melody(bench):
    some = chorales.part("test")[:2]
    forms, pen = [chorales.form_of(one) for one in some], bench.Pen(bench.new_writer())
    for one, form, own in zip(pen(forms, 0, 1.0, [p.notes for p in some]), forms, some, strict=True):
        assert np.array_equal(one[one[:, 0] == 0], own.notes[own.notes[:, 0] == 0])
        assert (one[:, 1] + one[:, 2]).max() <= form.length


def test_cells_come_back_and_the_brush_keeps_the_melody(bench):
    from benchmarks import chorales_networks as networks

    for one in chorales.chorales()[::9]:
        form = chorales.form_of(one)
        assert np.array_equal(bench.notes_of_cells(bench.cells_of(one), form), one.notes)
        assert len(bench.given_of(form)) == len(bench.cells_of(one))
        assert (bench.given_of(form) < np.array(networks.GIVEN)).all()
    some = chorales.part("test")[:2]
    filled = bench.Brush(bench.new_filler()).harmonise(some, 0, sweeps=2)
    for one, own in zip(filled, some, strict=True):
        assert np.array_equal(one[one[:, 0] == 0], own.notes[own.notes[:, 0] == 0])


def test_hidden_cells_are_of_the_kind_asked_for(bench):
    cells, rng = bench.cells_of(chorales.chorales()[0]), np.random.default_rng(0)
    shares = [bench.hide(cells, rng, 0).mean() for _ in range(300)]
    assert 0.4 < np.mean(shares) < 0.6 and np.std(shares) > 0.2
    assert not any(bench.hide(cells, rng, kind)[:, :4].any() for kind in (1, 2) for _ in range(20))


def test_any_order_bits_of_a_uniform_filler_are_known(bench):
    """A filler that knows nothing gives each of N cells 6 bits, whatever the order."""
    some, network = chorales.chorales()[0], bench.new_filler()
    for layer in network.out:
        layer.kernel.assign(0 * layer.kernel)
    found = bench.any_order_bits(network, some, np.random.default_rng(0), 8)
    assert np.isclose(found, 6 * 4 * some.length, rtol=1e-3)


def test_simulated_pupils_like_what_fits_and_the_hidden_piece_is_found():
    liked, minor = chorales.practice_log(chorales.part("train")[:40], 0, pupils=60)
    assert liked.shape == (60, 40) and set(np.unique(liked)) == {0.0, 1.0} and minor.shape == (40,)
    assert np.mean(chorales.hit_rate(liked, lambda known: liked[liked.sum(1) >= 2], 0, top=40)) == 1.0
    perfect = chorales.hit_rate(liked, lambda known: liked[liked.sum(1) >= 2], 0, top=1)
    assert np.mean(perfect) == 1.0


# --- laws -------------------------------------------------------------------------------------------------------------


def test_unlawful_symbols_by_hand():
    """In C major, soprano G4 to A4 over bass C3 D3: parallel to the soprano's step is what the bass may not sing."""
    code = lambda pitch: pitch - chorales.BOTTOM + chorales.FIRST  # noqa: E731
    before = [code(67), code(48), code(64), code(60)]
    bad = chorales.unlawful(1, before, [code(69)], 0)  # the bass, where the soprano has gone to A4
    assert bad[code(50)] and not bad[code(53)]  # D3 makes fifths, F3 does not
    assert not bad[chorales.HOLD] and not bad[chorales.REST]
    assert bad[code(39)] and bad[code(65)]  # out of the bass's range
    held = chorales.unlawful(1, before, [chorales.HOLD], 0)
    assert not held[code(48)] and not held[code(41)]  # the soprano stays, so nothing is parallel
    alto = chorales.unlawful(2, before, [code(69), code(53)], 0)
    assert alto[code(71)] and alto[code(52)] and not alto[code(65)]  # above the soprano, out of range; F4 is right


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(40, 75), min_size=4, max_size=4), st.lists(st.integers(40, 75), min_size=3, max_size=3))
def test_what_is_lawful_makes_no_parallels_and_no_crossing(before, after):
    """Every last voice that `unlawful` allows makes two chords in which it moves in no parallel with the others."""
    order = [before[voice] for voice in chorales.ORDER]
    code = lambda pitch: pitch - chorales.BOTTOM + chorales.FIRST  # noqa: E731
    bad = chorales.unlawful(3, [code(p) for p in order], [code(p) for p in after], 0)
    for symbol in np.flatnonzero(~bad[chorales.FIRST :]) + chorales.FIRST:
        pitch = int(symbol) - chorales.FIRST + chorales.BOTTOM
        now = [after[0], after[2], pitch, after[1]]
        found = chorales.parallels(piece(before, now))
        assert not any(2 in one[1:3] for one in found)
        assert after[2] >= pitch >= after[1] and chorales.RANGES[2][0] <= pitch <= chorales.RANGES[2][1]


def test_two_models_are_blended_by_their_probabilities(bench):
    """Of probabilities 1/2 and 1/8, half of each is 5/16; two models that are right by turns get half each."""
    assert bench.blended(np.array([1.0]), np.array([3.0]), 0.5) == pytest.approx(-np.log2(5 / 16))
    assert bench.best_share(np.array([1.0, 3.0]), np.array([3.0, 1.0])) == pytest.approx(0.5, abs=1e-4)
    assert bench.best_share(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == pytest.approx(1, abs=1e-4)
