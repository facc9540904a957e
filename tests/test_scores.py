"""benchmarks/scores.py: spelling, bars and ties by hand, files read back by other libraries, sound in closed form."""

import dataclasses
import xml.etree.ElementTree as ET

from aigc_utils import provenance
from benchmarks import scores

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

SAYS = provenance.Label(system="chorale_network", producer="score-press", version="1")
SCALE = np.array([(0, 4 * k, 4, pitch) for k, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))])
C_MAJOR = scores.Piece(SCALE, 0, "major", title="Scale")


def four_parts(bars=2):
    """Return a piece of four voices: C, F, G, C in whole bars."""
    chords = [(72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (72, 67, 64, 48)]
    rows = [(v, 16 * k, 16, chords[k % 4][v]) for k in range(bars) for v in range(4)]
    return scores.Piece(np.array(rows), 0, "major", title="Cadence")


# --- pieces and spelling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"notes": np.zeros((0, 4), int)}, "expected integers"),
        ({"notes": SCALE.astype(float)}, "expected integers"),
        ({"notes": SCALE + np.array([4, 0, 0, 0])}, "expected voices 0 to 3"),
        ({"notes": SCALE + np.array([0, 0, 1, 0])}, "voice 0 has two notes at once, at sixteenth 4"),
        ({"tonic": 12}, "the key is 12"),
        ({"mode": "dorian"}, "the key is 0 'dorian'"),
        ({"metre": "4/5"}, "received the metre '4/5'"),
        ({"pickup": 16}, "the pick-up has 16"),
    ],
)
def test_a_piece_says_what_is_wrong_with_it(change, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(C_MAJOR, **change)


BY_HAND = [  # pitch, tonic, mode, name
    (60, 0, "major", "C4"),
    (61, 0, "major", "C#4"),
    (63, 0, "major", "E-4"),
    (70, 0, "major", "B-4"),
    (68, 9, "minor", "G#4"),
    (70, 9, "minor", "B-4"),
    (59, 6, "major", "B3"),
    (65, 6, "major", "E#4"),
    (60, 1, "minor", "B#3"),
    (59, 3, "minor", "B3"),
    (66, 10, "major", "F#4"),
    (54, 7, "minor", "F#3"),
]


@pytest.mark.parametrize(("pitch", "tonic", "mode", "name"), BY_HAND)
def test_pitches_are_spelled_as_a_musician_would(pitch, tonic, mode, name):
    assert scores.name_of(pitch, tonic, mode) == name


def test_every_name_sounds_as_its_pitch_and_scales_have_seven_letters():
    from music21 import pitch as pitches

    for tonic in range(12):
        for mode, steps in (("major", (0, 2, 4, 5, 7, 9, 11)), ("minor", (0, 2, 3, 5, 7, 8, 10))):
            names = [scores.name_of(pitch, tonic, mode) for pitch in range(24, 108)]
            assert [pitches.Pitch(name).midi for name in names] == list(range(24, 108))
            assert len({scores.spell(60 + tonic + step, tonic, mode)[0] for step in steps}) == 7


@pytest.mark.parametrize(
    ("tonic", "mode", "sharps"),
    [
        *[(0, "major", 0), (7, "major", 1), (5, "major", -1), (6, "major", 6), (1, "major", -5), (9, "minor", 0)],
        *[(4, "minor", 1), (0, "minor", -3), (3, "minor", 6)],
    ],
)
def test_key_signatures(tonic, mode, sharps):
    assert scores.signature(tonic, mode) == sharps


# --- bars, ties, dynamics, tempo --------------------------------------------------------------------------------------


def test_a_note_over_a_barline_is_tied():
    assert scores.pieces_of(14, 23, 0, 16) == [(14, 2), (16, 6), (22, 1)]
    assert scores.pieces_of(0, 5, 4, 16) == [(0, 4), (4, 1)]
    assert scores.pieces_of(0, 16, 0, 12) == [(0, 12), (12, 4)]


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 11), st.sampled_from([8, 12, 16, 24]))
def test_signs_fill_a_time_and_cross_no_barline(start, duration, pickup, bar):
    parts = scores.pieces_of(start, start + duration, pickup % bar, bar)
    assert sum(d for _, d in parts) == duration and {d for _, d in parts} <= set(scores.WRITTEN)
    now = start
    for begin, length in parts:
        assert begin == now and (begin - pickup % bar) // bar == (begin + length - 1 - pickup % bar) // bar
        now += length


def test_barlines_by_hand():
    assert scores.barlines(C_MAJOR) == [0, 16, 32]
    up = scores.Piece(SCALE, 0, "major", pickup=4)
    assert scores.barlines(up) == [0, 4, 20, 32]  # the last bar lacks the pick-up
    longer = scores.Piece(np.vstack([SCALE, (0, 32, 4, 60)]), 0, "major", pickup=4)
    assert scores.barlines(longer) == [0, 4, 20, 36]


def test_phrases_end_with_fermatas_or_after_four_bars():
    piece = scores.Piece(SCALE, 0, "major", fermatas=(12, 28))
    assert scores.phrases(piece) == [(0, 16), (16, 32)]
    assert scores.phrases(four_parts(6)) == [(0, 64), (64, 96)]
    held = np.array([(0, 0, 16, 72), (0, 16, 16, 71), (3, 12, 2, 48), (3, 14, 2, 50)])  # the bass alone moves there
    assert scores.phrases(scores.Piece(held, 0, "major", fermatas=(12,))) == [(0, 16), (16, 32)]


def test_loudness_is_an_arch_over_each_phrase():
    piece = scores.Piece(SCALE, 0, "major", fermatas=(28,))
    level = scores.velocities(piece)
    assert level[0] == 48 and level[4] == 80 and (np.diff(level[:5]) > 0).all() and (np.diff(level[4:]) < 0).all()


def test_the_clock_is_steady_and_slows_over_the_last_bar():
    steady = scores.clock(C_MAJOR, 60, slowest=1)
    assert np.allclose(steady, np.arange(33) / 4)
    slowing = scores.clock(C_MAJOR, 60)
    assert np.allclose(slowing[:17], steady[:17])
    steps = np.diff(slowing)[16:]
    assert (np.diff(steps) > 0).all() and np.isclose(steps[-1], 0.25 / 0.6)


def test_transposing_moves_the_key_and_nothing_else():
    moved = scores.transposed(four_parts(), 9)
    assert moved.tonic == 9 and np.array_equal(moved.notes - four_parts().notes, np.tile([0, 0, 0, 9], (8, 1)))


# --- files, read back by verovio and mido -----------------------------------------------------------------------------


@st.composite
def any_piece(draw):
    """Return a piece of one or four voices with gaps, ties, unisons, crossings and repeated notes."""
    rows = []
    for voice in draw(st.sampled_from([(0,), (0, 1, 2, 3), (1, 3)])):
        now = draw(st.integers(0, 5))
        for gap, duration, pitch in draw(
            st.lists(
                st.tuples(st.sampled_from([0, 0, 0, 3]), st.integers(1, 23), st.integers(40, 80)),
                min_size=1,
                max_size=6,
            )
        ):
            rows.append((voice, now + gap, duration, pitch))
            now += gap + duration
    metre = draw(st.sampled_from(["4/4", "3/4", "6/8", "2/4", "3/2"]))
    pickup = draw(st.integers(0, scores.sixteenths(metre) - 1))
    fermatas = tuple(draw(st.lists(st.sampled_from([row[1] for row in rows]), max_size=2)))
    return scores.Piece(
        np.array(rows),
        draw(st.integers(0, 11)),
        draw(st.sampled_from(["major", "minor"])),
        metre,
        pickup,
        fermatas,
        "练习",
    )


def counted(piece):
    """Return the sounding notes with voices counted from 0 among those that sing."""
    notes = piece.notes.copy()
    notes[:, 0] = np.searchsorted(np.unique(notes[:, 0]), notes[:, 0])
    return scores.sounding(notes)


def tie_of_two_staves():
    """Return soprano and tenor in unison over a barline, which verovio tied crosswise (see `scores.with_own_voice`)."""
    rows = [(0, 0, 13, 40), (1, 0, 1, 40), (2, 0, 11, 40), (3, 0, 1, 40), (2, 11, 12, 68), (0, 13, 11, 68)]
    return scores.Piece(np.array(rows), 0, "major")


def test_ties_stay_in_their_voice():
    piece = tie_of_two_staves()
    assert scores.read_musicxml(scores.to_musicxml(piece)) == scores.sounding(piece.notes)


FEW = settings(
    max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)


@FEW
@given(any_piece())
def test_verovio_reads_the_musicxml_back(piece):
    text = scores.to_musicxml(piece, says=SAYS)
    expected = counted(piece) if len(scores.staves_of(piece)) == 1 else scores.sounding(piece.notes)
    assert scores.read_musicxml(text) == expected
    assert scores.label_in_musicxml(text) == scores.label_fields(piece, SAYS)


@FEW
@given(any_piece())
def test_mido_reads_the_midi_back(tmp_path, piece):
    notes, label, tempi = scores.read_midi(scores.to_midi(piece, tmp_path / "a.mid", tempo=90, says=SAYS))
    assert notes == counted(piece)
    assert label == scores.label_fields(piece, SAYS)
    starts = np.array([quarter for _, quarter in tempi] + [piece.length / 4])
    seconds = np.diff(starts) @ np.array([seconds for seconds, _ in tempi])
    assert seconds == pytest.approx(scores.clock(piece, 90)[-1], rel=1e-3)


def bach(number):
    """Return a chorale from music21's corpus, in F sharp minor whatever its key, titled by its number."""
    from music21 import corpus

    rows, fermatas = [], []
    score = corpus.parse(f"bach/bwv{number}")
    for voice, part in enumerate(score.parts):
        for note in part.stripTies().flatten().notes:
            rows.append((voice, 4 * note.offset, 4 * note.quarterLength, note.pitches[-1].midi))
            if voice == 0 and any(type(mark).__name__ == "Fermata" for mark in note.expressions):
                fermatas.append(int(4 * note.offset))
    first = score.parts[0].getElementsByClass("Measure").first()
    pickup = int(4 * first.duration.quarterLength) if first.paddingLeft else 0
    metre = first.timeSignature.ratioString
    return scores.Piece(np.array(rows).astype(int), 6, "minor", metre, pickup, fermatas, f"BWV {number}")


CHORALES = [
    "255",
    "256",
    "257",
    "258",
    "259",
    "260",
    "261",
    "263",
    "264",
    "265",
    "266",
    "267",
    "268",
    "269",
    "270",
    "271",
    "272",
    "66.6",
    "153.1",
    "40.3",
]


@pytest.mark.parametrize("number", CHORALES)
def test_real_chorales_are_read_back(tmp_path, number):
    piece = bach(number)
    assert scores.read_musicxml(scores.to_musicxml(piece)) == scores.sounding(piece.notes)
    assert scores.read_midi(scores.to_midi(piece, tmp_path / "a.mid"))[0] == scores.sounding(piece.notes)


def test_each_voice_has_a_midi_channel_of_its_own(tmp_path):
    import mido

    file = mido.MidiFile(scores.to_midi(four_parts(), tmp_path / "a.mid"))
    channels = [{one.channel for one in track if one.type == "note_on"} for track in file.tracks]
    assert [found for found in channels if found] == [{0}, {1}, {2}, {3}]


def test_a_part_of_a_musicxml_file_is_refused():
    text = scores.to_musicxml(four_parts())
    with pytest.raises(ValueError, match="cut short"):
        scores.read_musicxml(text[: len(text) // 2])
    with pytest.raises(ValueError, match="does not read"):
        scores.read_musicxml("<html/></score-partwise>")


def test_without_a_label_nothing_is_claimed(tmp_path):
    text = scores.to_musicxml(four_parts())
    assert scores.label_in_musicxml(text) == {} and "AI" not in text and "Music21" not in text
    assert scores.read_midi(scores.to_midi(four_parts(), tmp_path / "a.mid"))[1] == {}


def test_the_score_has_key_metre_dynamics_and_a_ritardando():
    piece = scores.transposed(four_parts(4), 2)
    root = ET.fromstring(scores.to_musicxml(piece, tempo=84).encode())
    assert root.findtext(".//fifths") == "2" and root.findtext(".//beats") == "4"
    assert root.findtext(".//per-minute") == "84" and "rit." in [one.text for one in root.iter("words")]
    kinds = [one.get("type") for one in root.iter("wedge")]
    assert kinds == ["crescendo", "stop", "diminuendo", "stop"]
    assert root.findtext(".//staves") == "2"


# --- engraving --------------------------------------------------------------------------------------------------------


SVG = "{http://www.w3.org/2000/svg}"


def staff_lines(svg):
    """Return (viewBox of the drawing, ends (n, 4) of its staff lines), in verovio's units."""
    root = ET.fromstring(svg)
    box = next(one for one in root.iter(f"{SVG}svg") if one.get("class") == "definition-scale")
    margin = next(one for one in box if one.get("class") == "page-margin").get("transform")
    shift = np.array([float(x) for x in margin[len("translate(") : -1].split(",")] * 2)
    lines = [
        [float(x) for x in path.get("d").replace("M", " ").replace("L", " ").split()]
        for staff in box.iter(f"{SVG}g")
        if (staff.get("class") or "").split()[:1] == ["staff"]
        for path in staff
        if path.tag.endswith("path")
    ]
    return np.array(box.get("viewBox").split(), float), np.array(lines) + shift


@pytest.mark.parametrize("bars", [2, 24])
def test_no_staff_is_cut_off(bars):
    pages = scores.engrave(scores.to_musicxml(four_parts(bars), says=SAYS))
    assert scores.VISIBLE in pages[0] and "Cadence" in pages[0]
    for page in pages:
        box, lines = staff_lines(page)
        assert len(lines) % 10 == 0 and len(lines)
        assert (lines[:, [0, 2]] >= 0).all() and (lines[:, [0, 2]] <= box[2]).all()
        assert (lines[:, [1, 3]] >= 0).all() and (lines[:, [1, 3]] <= box[3]).all()


def test_the_piano_roll_has_a_bar_for_each_note():
    figure = scores.piano_roll(four_parts())
    bars = [(one.get_x(), one.get_width()) for one in figure.axes[0].patches]
    assert len(bars) == 8 and bars[0] == (1, 1) and bars[1] == (2, 1)


# --- sound ------------------------------------------------------------------------------------------------------------


def test_harmonics_are_the_sum_of_sines():
    turns, heights = np.linspace(0, 99, 5001), np.array([1.0, 0.0, -0.5, 0.25])
    fading = np.linspace(1, 0.5, 5001)
    expected = sum(h * fading**k * np.sin(2 * np.pi * k * turns) for k, h in enumerate(heights, 1))
    assert np.abs(scores.harmonics(turns, heights, fading) - expected).max() < 1e-5
    assert np.abs(scores.harmonics(turns, heights[:1]) - np.sin(2 * np.pi * turns)).max() < 1e-5


@pytest.mark.parametrize("name", scores.TIMBRES)
@pytest.mark.parametrize("pitch", [45, 69, 100])
def test_a_note_has_its_pitch_begins_and_ends_in_silence_and_does_not_fold_over(name, pitch):
    timbre = scores.TIMBRES[name]
    note = scores.tone(pitch, 1.0, timbre)
    assert len(note) == round((1 + timbre.release) * scores.RATE) and abs(note[0]) < 1e-6 and abs(note[-1]) < 1e-3
    power = np.abs(np.fft.rfft(note * np.hanning(len(note)))) ** 2
    hertz = np.fft.rfftfreq(len(note), 1 / scores.RATE)
    near = np.abs(hertz / scores.hertz(pitch) - np.round(hertz / scores.hertz(pitch))) * scores.hertz(pitch) < 40
    assert power[near & (hertz > 50)].sum() > 0.999 * power.sum()  # on multiples of the pitch
    lowest = hertz[np.flatnonzero(power > 0.01 * power.max())[0]]
    assert abs(lowest / scores.hertz(pitch) - 1) < 0.015  # a quarter of a semitone


def test_middle_c_and_a():
    assert scores.hertz(69) == 440 and scores.hertz(60) == pytest.approx(261.6256, abs=1e-4)


@pytest.mark.parametrize("name", scores.TIMBRES)
def test_a_note_ends_without_a_click(name):
    """A jump is seen in second differences: where a note ends they are no larger than while it is held."""
    timbre = scores.TIMBRES[name]
    note = scores.tone(60, 0.5, timbre)
    bend = np.abs(np.diff(note, 2, prepend=0, append=[0, 0][:1]))
    held = bend[round(timbre.attack * scores.RATE) : round(0.5 * scores.RATE)].max()
    assert bend[-200:].max() < 0.2 * held and bend[:20].max() <= held


def test_a_rendered_piece_has_its_length_its_peak_and_its_sides():
    piece = scores.Piece(np.array([(0, 0, 16, 72)]), 0, "major")
    sound = scores.render(piece, 60, slowest=1)
    assert sound.shape == (round((4 + scores.TAIL) * scores.RATE) + 1, 2)
    assert np.abs(sound).max() == pytest.approx(0.9) and np.abs(sound[-1]).max() == 0
    left, right = np.sqrt(np.mean(sound**2, axis=0))
    assert left > 1.5 * right  # the soprano is on the left
    before, after = sound[: round(3.9 * scores.RATE)], sound[round(4.2 * scores.RATE) :]
    assert np.sqrt(np.mean(after**2)) < 0.2 * np.sqrt(np.mean(before**2))


def test_an_unknown_timbre_and_a_sound_that_clips_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected one of organ, choir, plucked"):
        scores.render(four_parts(), timbre="tuba")
    with pytest.raises(ValueError, match="it clips"):
        scores.write_sound(tmp_path / "a.wav", np.ones((10, 2)))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_sound_file_is_read_back(tmp_path, suffix):
    import soundfile

    sound = scores.render(four_parts(1), 120)
    back, rate = soundfile.read(scores.write_sound(tmp_path / f"a.{suffix}", sound))
    assert rate == 44_100 and back.shape == sound.shape and np.abs(back - sound).max() <= 1 / 32768


# --- loudness ---------------------------------------------------------------------------------------------------------


def sine(decibels, seconds=3.0, hertz=997, sides=(1, 1)):
    """Return a stereo sine of a peak in dBFS."""
    t = np.arange(round(seconds * scores.RATE)) / scores.RATE
    return np.outer(10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * t), sides)


def test_a_sine_has_the_loudness_of_bs1770():
    """997 Hz gains 0.691 dB, which the formula takes off: two sides at −20 dBFS are −20 LUFS, one side 3.01 less."""
    assert scores.loudness(sine(-20))[:2] == pytest.approx((-20, -20), abs=0.05)
    assert scores.loudness(sine(-20, sides=(1, 0))).integrated == pytest.approx(-23.01, abs=0.05)
    assert scores.loudness(sine(-33.3, seconds=1.234)).integrated == pytest.approx(
        -33.3, abs=0.1
    )  # the last block is filled up


def test_the_true_peak_lies_between_samples():
    """A quarter of the sampling rate, 45° off: every sample is 3.01 dB below the peak."""
    t = np.arange(scores.RATE)
    wave = 0.5 * np.sin(np.pi * t / 2 + np.pi / 4) * scores.envelope(len(t), 9000, 9000)  # a sudden start overshoots
    found = scores.loudness(np.stack([wave, wave], axis=1))
    assert np.abs(wave).max() == pytest.approx(0.5 / 2**0.5)
    assert found.peak == pytest.approx(-6.02, abs=0.1)


def test_what_has_no_loudness_is_refused():
    with pytest.raises(ValueError, match="at least 0.4 s"):
        scores.loudness(sine(-20, seconds=0.3))
    with pytest.raises(ValueError, match="silence"):
        scores.loudness(np.zeros((scores.RATE, 2)))
    with pytest.raises(ValueError, match="stereo"):
        scores.loudness(sine(-20)[:, 0])


@pytest.mark.parametrize("target", [-30.0, -16.0, -9.0])
def test_a_target_loudness_is_met_below_the_peak(target):
    rng = np.random.default_rng(0)
    sound = sine(-20) * rng.uniform(0.2, 1, 6)[np.minimum(np.arange(3 * scores.RATE) // 22050, 5)][:, None]
    sound[::9000] *= 4  # clicks, which have to be limited for the loudest target
    found = scores.loudness(scores.at_loudness(sound, target))
    assert found.integrated == pytest.approx(target, abs=0.11) and found.peak <= -1


def test_a_loudness_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="Ask for less"):
        scores.at_loudness(sine(-20), 2.0)


def test_the_limiter_leaves_quiet_sounds_alone():
    assert np.allclose(scores.limited(sine(-20), 0.5), sine(-20))
    assert np.abs(scores.limited(sine(0), 0.5)).max() <= 0.5 + 1e-9


# --- background music -------------------------------------------------------------------------------------------------


def store():
    """Return eight short pieces, four of either mode, of different lengths."""
    major = [four_parts(bars) for bars in (3, 4, 5, 6)]
    flat = [np.isin(piece.notes[:, 3] % 12, (4, 9, 11)) for piece in major]
    minor = [np.column_stack([p.notes[:, :3], p.notes[:, 3] - low]) for p, low in zip(major, flat, strict=True)]
    return major + [scores.Piece(notes, 0, "minor") for notes in minor]


@pytest.mark.parametrize(
    ("mood", "seconds", "target"), [("calm", 20, -23), ("bright", 12.3456, -16), ("sad", 25, -30), ("tense", 9, -14)]
)
def test_background_music_is_as_asked_in_the_file(tmp_path, mood, seconds, target):
    import soundfile

    sound, played = scores.background(store(), seconds, mood, target)
    back, rate = soundfile.read(scores.write_sound(tmp_path / "music.flac", sound))
    found, asked = scores.loudness(back), scores.MOODS[mood]
    assert rate == 44_100 and len(back) == round(seconds * rate)
    assert abs(found.integrated - target) <= 0.5 and found.peak <= -1
    assert {piece.mode for piece in played["pieces"]} == {asked.mode}
    measured = scores.measured(back, played)
    assert abs(measured["tempo"] / asked.tempo - 1) <= scores.STRETCH
    assert abs(measured["register"] - asked.register) <= 0.5
    assert measured["minor"] == (asked.mode == "minor")
    assert np.sqrt(np.mean(back[-100:] ** 2)) < 1e-3  # it has faded or died away


def test_the_audible_label_takes_none_of_time_and_loudness(tmp_path):
    import soundfile

    sound, _ = scores.background(store(), 20, "sad", mark=True)
    path = provenance.label(scores.write_sound(tmp_path / "music.flac", sound), SAYS, mark=False)
    back, rate = soundfile.read(path)
    found = provenance.read(path)
    assert len(back) == 20 * rate and scores.loudness(back).integrated == pytest.approx(-23, abs=0.2)
    assert found.mark and found.iptc == SAYS.iptc() and found.aigc["ContentProducer"] == "score-press"
    assert not provenance.read(scores.write_sound(tmp_path / "b.flac", scores.background(store(), 20, "sad")[0])).mark


def test_it_ends_with_the_cadence_and_the_echo():
    """Asked for as long as the piece lasts, and for a little more, it is played to its end, a little slower."""
    piece = four_parts(4)
    seconds = scores.clock(piece, 60)[-1]
    played, tempo, ends = scores.programme([piece], seconds, 60)
    assert ends == "cadence" and tempo == pytest.approx(60) and played[-1].length == piece.length
    played, tempo, ends = scores.programme([piece], 1.05 * seconds, 60)
    assert ends == "cadence" and tempo == pytest.approx(60 / 1.05)
    assert scores.programme([piece], 0.5 * seconds, 60)[2] == "fade"


def test_brightness_orders_the_moods():
    bright = {mood: scores.measured(*scores.background(store(), 8, mood))["brightness"] for mood in scores.MOODS}
    assert min(bright["bright"], bright["tense"]) > 1.3 * max(bright["calm"], bright["sad"])


def test_cadences_rest_on_the_tonic():
    notes = four_parts(4).notes
    piece = scores.Piece(notes, 0, "major", fermatas=(16, 32, 48))  # the second bar has an F below, the third a G
    assert scores.cadences(piece) == [64]
    assert scores.cadences(dataclasses.replace(piece, tonic=7)) == [48, 64]


def test_a_cut_piece_ends_where_it_was_cut():
    part = scores.until(four_parts(4), 24)
    assert part.length == 24 and len(part.notes) == 8 and part.notes[-1, 2] == 8


@pytest.mark.parametrize(
    ("mood", "seconds", "pieces", "said"),
    [
        ("happy", 10, store(), "expected one of calm, bright, sad, tense"),
        ("calm", 2, store(), "expected 3 to 3600"),
        ("sad", 10, store()[:4], "none in minor"),
    ],
)
def test_music_that_cannot_be_made_is_refused(mood, seconds, pieces, said):
    with pytest.raises(ValueError, match=said):
        scores.background(pieces, seconds, mood)


# --- the listening test -----------------------------------------------------------------------------------------------


def test_the_listening_test_counts_and_hides():
    import io

    import soundfile

    real, generated = [sine(-20, 0.1)] * 6, [sine(-20, 0.1, 440)] * 6
    test = scores.ListeningTest(real, generated, seed=3)
    for side, pair in zip(test.sides, test.sounds, strict=True):
        heard = soundfile.read(io.BytesIO(pair[side]))[0]
        assert np.abs(heard - generated[0]).max() < 1e-4
    for side in test.sides[:5]:
        test.answer(side)
        assert "right" not in test.caption.value
    first, second = test.players
    assert (first.value, second.value) == tuple(test.sounds[5])
    test.answer(1 - test.sides[5])
    low, high = test.interval()
    assert test.correct == 5 and test.caption.value.startswith("5 of 6 right; 95 % interval 36% to 100%")
    assert low == pytest.approx(0.3588, abs=1e-4) and high == pytest.approx(0.9958, abs=1e-4)
    with pytest.raises(ValueError, match="once for each pair"):
        test.answer(0)
    with pytest.raises(ValueError, match="expected as many"):
        scores.ListeningTest(real, generated[:2])


def test_the_static_twin_has_the_same_sides_and_no_names():
    figure = scores.blind_rolls([four_parts(1)] * 3, [four_parts(3)] * 3, seed=3)
    wide = [len(axes.patches) == 12 for axes in figure.axes]
    assert [wide[2 * k : 2 * k + 2].index(True) for k in range(3)] == scores.ListeningTest(
        [sine(-9)] * 3, [sine(-9)] * 3, 3
    ).sides.tolist()
    assert {axes.get_title("left") for axes in figure.axes} == {
        f"pair {k}, {side}" for k in (1, 2, 3) for side in ("left", "right")
    }
