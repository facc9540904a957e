"""Sounds from anywhere, transforms against sums and closed forms, and the digits that travel with the project."""

import subprocess
import sys

from aigc_utils import audio
from aigc_utils.audio import Frames

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

RATE = 8000


@pytest.fixture(scope="module")
def digits():
    return audio.load_digits()


def sine(hertz, rate=RATE, seconds=0.5):
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def test_import_is_light():
    asked = "import sys; from aigc_utils import audio; print({'tensorflow', 'soundfile', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 16384, -32768], np.int16), [0, 0.5, -1]),
        (np.array([128, 192, 0], np.uint8), [0, 0.5, -1]),
        (np.array([[0, 2**30], [2**31 - 2**30, 0]], np.int32), [0.25, 0.25]),
        (np.array([[0.5, -0.5], [1.0, 0.0]]), [0, 0.5]),
        (np.array([0.25], np.float32), [0.25]),
    ],
)
def test_mono_is_the_mean_of_channels_in_units_of_full_scale(samples, expected):
    assert np.allclose(audio.mono(samples), expected)


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (np.zeros(0), r"float64 \(0,\)"),
        (np.zeros((2, 100)), "at most 64"),
        (np.zeros((2, 2, 2)), r"\(2, 2, 2\)"),
        ([0.0, np.nan], "NaN"),
        ([0.0, np.inf], "infinity"),
        ([0.0, 20_000.0], "full scale"),
        (["a"], "numbers"),
    ],
)
def test_mono_refuses_in_a_sentence(samples, complaint):
    with pytest.raises(ValueError, match=complaint):
        audio.mono(samples)


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_24", 1e-6),
        ("wav", "PCM_U8", 0.01),
        ("wav", "FLOAT", 1e-7),
        ("flac", "PCM_24", 1e-6),
        ("ogg", None, 0.05),
    ],
)
def test_read_knows_depths_and_formats(suffix, subtype, tolerance, tmp_path):
    path, sound = tmp_path / f"tone.{suffix}", 0.5 * sine(440)
    soundfile.write(path, sound, RATE, subtype)
    found, rate = audio.read(path)
    assert rate == RATE and len(found) == len(sound) and np.abs(found - sound).max() < tolerance


def test_read_takes_the_mean_of_stereo_and_resamples(tmp_path):
    path, tone = tmp_path / "stereo.wav", 0.5 * sine(440, 44_100)
    soundfile.write(path, np.stack([tone, 0 * tone], 1), 44_100, "PCM_24")
    found, rate = audio.read(path, RATE)
    assert rate == RATE and len(found) == 4000
    assert np.abs(found - 0.25 * sine(440))[100:-100].max() < 1e-3


@pytest.mark.parametrize("sound", [np.zeros(800), np.array([0.25])])
def test_silence_and_a_single_sample_are_sounds(sound, tmp_path):
    soundfile.write(tmp_path / "a.wav", sound, RATE)
    found, _ = audio.read(tmp_path / "a.wav")
    assert np.allclose(found, sound, atol=1e-4)
    assert np.isfinite(audio.log_mel(found)).all()
    assert np.abs(audio.istft(audio.stft(found), len(found)) - found).max() < 1e-6


def test_damaged_files_are_refused_in_a_sentence(tmp_path):
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, 0.5 * sine(440), RATE)
    soundfile.write(tmp_path / "nan.wav", np.full(9, np.nan), RATE, "FLOAT")
    soundfile.write(tmp_path / "flac.flac", 0.5 * sine(440, seconds=3), RATE)
    (tmp_path / "cut.wav").write_bytes(whole.read_bytes()[:1000])
    soundfile.write(tmp_path / "long.mp3", np.random.default_rng(0).normal(0, 0.1, 40_000), RATE)
    (tmp_path / "short.mp3").write_bytes((tmp_path / "long.mp3").read_bytes()[:5000])
    (tmp_path / "cut.flac").write_bytes((tmp_path / "flac.flac").read_bytes()[:9000])
    (tmp_path / "head.wav").write_bytes(whole.read_bytes()[:20])
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.mp3").write_text("no sound")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    names = ("nan.wav", "cut.wav", "cut.flac", "short.mp3", "head.wav", "empty.wav", "text.mp3", "none.wav")
    for name in names:
        with pytest.raises(ValueError, match=name.split(".")[0]) as refused:
            audio.read(tmp_path / name)
        assert "pipe" not in str(refused.value)  # libsndfile's own words mislead
    with pytest.raises(FileNotFoundError, match="no file"):
        audio.read(tmp_path / "absent.wav")


def test_resampling_keeps_what_fits_and_drops_the_rest():
    kept, folded = (audio.resample(sine(hertz, 44_100), 44_100, RATE) for hertz in (1000, 7000))
    assert np.abs(kept - sine(1000))[200:-200].max() < 0.01
    assert np.abs(folded)[200:-200].max() < 0.01
    assert len(audio.resample(np.zeros(1), 44_100, RATE)) == 1
    with pytest.raises(ValueError, match=r"\(3, 50\)"):
        audio.resample(np.zeros((3, 50)), 44_100, RATE)


def test_a_rate_of_zero_is_refused(tmp_path):
    soundfile.write(tmp_path / "tone.wav", 0.5 * sine(440), RATE)
    with pytest.raises(ValueError, match="= 0"):
        audio.read(tmp_path / "tone.wav", 0)


# --- transforms ------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(2, 40), st.integers(2, 6), st.integers(0, 9))
def test_there_and_back_changes_nothing(length, hop, parts, extra):
    frames = Frames(window=hop * parts + extra % hop, hop=hop, fft=hop * parts + hop + extra)
    sound = np.random.default_rng(length).uniform(-1, 1, (2, length))
    spectra = audio.stft(sound, frames)
    assert spectra.shape == (2, -(-length // hop), frames.fft // 2 + 1)
    assert np.abs(audio.istft(spectra, length, frames) - sound).max() < 1e-6


def test_a_batch_is_its_sounds_one_by_one():
    sounds = np.random.default_rng(0).normal(size=(3, 500))
    assert np.array_equal(audio.stft(sounds)[1], audio.stft(sounds[1]))
    made = audio.griffin_lim(np.abs(audio.stft(sounds)), 500, 3)
    assert made.shape == (3, 500)


@pytest.mark.parametrize(
    "options", [{"hop": 0}, {"window": 100, "hop": 60}, {"window": 600}, {"window": 2, "hop": 1}, {"rate": 8000.0}]
)
def test_frames_without_an_inverse_are_refused(options):
    with pytest.raises(ValueError, match="expected"):
        Frames(**options)


def test_griffin_lim_finds_the_sound_of_a_tone():
    sound = 0.3 * sine(440)
    wanted = np.abs(audio.stft(sound))
    for momentum in (0.0, 0.99):
        found = np.abs(audio.stft(audio.griffin_lim(wanted, len(sound), 60, momentum=momentum)))
        assert ((found - wanted) ** 2).sum() < 0.01 * (wanted**2).sum()
    assert not audio.griffin_lim(0 * wanted, len(sound), 2).any()


def test_mel_and_hertz_are_inverse_and_have_their_fixed_points():
    assert audio.mel(0) == 0 and abs(audio.mel(1000) - 1000) < 0.1 and abs(audio.mel(700) - 2595 * np.log10(2)) < 1e-9
    assert np.allclose(audio.hertz(audio.mel([20, 440, 20_000])), [20, 440, 20_000])


def test_mel_filters_have_height_one_and_share_bins_out():
    filters = audio.mel_filters(Frames(bands=20))
    assert filters.shape == (257, 20) and filters.max() <= 1
    assert np.allclose(filters.sum(axis=1)[20:200], 1)
    odd = Frames(fft=511, bands=20)  # its last bin lies at 255/511 of the rate
    edges = audio.hertz(np.linspace(0, audio.mel(RATE / 2), 22))
    assert abs(audio.mel_filters(odd)[-1, -1] - (edges[-1] - 255 * RATE / 511) / (edges[-1] - edges[-2])) < 1e-9
    with pytest.raises(ValueError, match="hold no bin"):
        audio.mel_filters(Frames(fft=384, bands=200))


def test_levels_of_a_sine():
    tone = sine(1000)
    assert abs(audio.log_mel(tone).max() - audio.log_mel(0.1 * tone).max() - 20) < 1e-6
    assert audio.decibels(np.array([1, 0.1, 0])).tolist() == [0, -10, -100]


def test_magnitudes_have_the_bands_they_were_made_for(digits):
    levels = audio.log_mel(digits[0][0])
    power = (2 * audio.magnitudes(levels) / audio.hann(384).sum()) ** 2 @ audio.mel_filters()
    assert np.abs(audio.decibels(power) - levels)[levels > -60].mean() < 1


# --- words -----------------------------------------------------------------------------------------------------------


def test_a_word_is_trimmed_set_to_one_loudness_and_filled_up():
    tone = 0.01 * sine(500, seconds=0.25)
    word = audio.as_word(np.concatenate([np.zeros(3000), tone, np.zeros(9000)]))
    heard = np.flatnonzero(word)
    assert word.shape == (audio.LENGTH,) and heard[0] < 260 and 2000 < heard[-1] < 2600
    assert np.allclose(audio.as_word(1000 * tone / 100), audio.as_word(tone))
    for sound in (np.zeros(500), [0.0], sine(500, seconds=1)):
        with pytest.raises(ValueError, match="a word of at most"):
            audio.as_word(sound)
    assert np.isfinite(audio.as_word([0.25])).all()


def test_pictures_hold_the_decibels_of_words(digits):
    from benchmarks import audio as bench

    words = digits[0][:3]
    pictures = bench.as_pictures(words)
    assert pictures.shape == (3, 64, 64, 1) and pictures.dtype == np.uint8
    levels = np.clip(audio.log_mel(words), bench.TOP - bench.RANGE, bench.TOP)
    assert np.abs(bench.as_levels(pictures) - levels).max() <= bench.RANGE / 255 / 2 + 1e-4
    high = bench.as_pictures(audio.as_word(sine(3500))[None])[0, ..., 0]
    assert high[:10].max() > 200 > high[32:].max()  # high bands lie above


def test_the_shipped_digits_are_all_there(digits):
    words, table = digits
    assert words.shape == (480, audio.LENGTH) and np.isfinite(words).all()
    assert len(table.drop_duplicates(["digit", "speaker", "take"])) == 480
    assert table.groupby(["digit", "speaker"]).size().eq(8).all() and set(table["take"]) == set(range(8))
    assert np.allclose([np.mean(word[: np.flatnonzero(word)[-1] + 1] ** 2) for word in words], 0.01, rtol=0.01)


# --- the bench -------------------------------------------------------------------------------------------------------


def test_pitch_is_that_of_a_sine_and_none_below_the_range():
    from benchmarks import audio as bench

    for hertz in (80, 100, 150, 300):
        found = bench.pitches(0.1 * sine(hertz)[None])[0]
        assert (found > 0).any() and np.abs(found[found > 0] / hertz - 1).max() < 0.02
    assert not bench.pitches(0.1 * sine(45)[None])[0, 5:-5].any()  # a hum: its best lag is the edge of the range


def test_a_linear_guess_is_the_ridge_regression_that_the_network_begins_as(digits):
    from aigc_utils import models
    from benchmarks import audio as bench

    slopes, constant = bench.fit_linear(digits[0][:12])
    levels = bench.as_levels(bench.as_pictures(digits[0][:3]))
    network = models.unmel()
    network.get_layer("linear").set_weights([slopes.reshape(3, 64, 257), constant])
    assert np.abs(bench.network_guess(network)(levels) - bench.linear_guess(slopes, constant)(levels)).max() < 0.01
    left_over = bench.fine_decibels(digits[0][:12]) - bench.linear_guess(slopes, constant)(
        bench.as_levels(bench.as_pictures(digits[0][:12]))
    )
    assert np.abs(left_over.mean((0, 1))).max() < 1e-3  # a regression with a constant leaves no mean
