"""Clips as they come: counted back, of odd size, one frame, held frames, without a rate, damaged, or no clip at all."""

import fractions
import wave

from aigc_utils import provenance, video

import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)


def moving(n=6, height=16, width=24):
    """Return frames in which a bright square moves to the right on grey."""
    frames = np.full((n, height, width, 3), 90, np.uint8)
    for k in range(n):
        frames[k, 4:10, 2 * k : 2 * k + 6] = (220, 60, 30)
    return frames


def test_an_mp4_comes_back_with_its_frames_size_and_rate(tmp_path):
    frames = moving(height=32, width=48)
    clip = video.read(video.write(tmp_path / "a.mp4", frames, rate=12))
    assert clip.frames.shape == frames.shape and clip.rate == 12
    assert np.abs(clip.frames.astype(int) - frames).mean() < 4
    assert repr(clip) == "6 frames of 32×48, 12 a second"


def test_a_webp_comes_back_bit_by_bit_also_of_odd_size(tmp_path):
    frames = moving(height=15, width=23)
    clip = video.read(video.write(tmp_path / "a.webp", frames, rate=10))
    assert np.array_equal(clip.frames, frames) and clip.rate == 10


def test_equal_frames_that_pillow_merges_are_counted_as_often_as_they_are_shown(tmp_path):
    frames = moving()[[0, 0, 0, 1, 2, 2]]
    path = video.write(tmp_path / "a.webp", frames, rate=12)
    with Image.open(path) as stored:
        assert stored.n_frames == 3  # what a reader who counts pictures would see
    assert np.array_equal(video.read(path).frames, frames)


def test_frames_that_are_all_equal_would_be_one_picture_and_are_refused(tmp_path):
    with pytest.raises(RuntimeError, match="3 frames .* 1 frame .* came back; nothing is kept.* all equal is one pic"):
        video.write(tmp_path / "a.webp", moving()[[0, 0, 0]])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("held", [2, 3])
@pytest.mark.parametrize("rate", [10, 12, 24, 29.97, 48.3])
def test_a_clip_on_twos_is_written_and_counted_at_its_rate(tmp_path, held, rate):
    frames = moving(8).repeat(held, axis=0)
    path = video.write(tmp_path / "a.webp", frames, rate)
    assert np.array_equal(video.read(path, rate=rate).frames, frames)
    clip = video.read(path)  # no file of evenly held pictures tells how many frames one was
    assert np.array_equal(clip.frames, frames[::held]) and clip.rate == pytest.approx(rate / held, rel=0.01)


def stored(path, durations):
    """Write one picture for each of ``durations``, in ms, as another tool would."""
    first, *rest = (Image.fromarray(frame) for frame in moving(len(durations), width=40))
    first.save(path, save_all=True, append_images=rest, duration=durations, lossless=True)
    return path


@pytest.mark.parametrize("rate", [10, 12, 24, 25, 30, 60])
@pytest.mark.parametrize("whole", [np.floor, np.rint, np.ceil])
@pytest.mark.parametrize("held", [{}, {3: 2}, {0: 3, 5: 100}, {7: 90}])
def test_durations_of_whole_milliseconds_have_the_rate_that_they_stand_for(tmp_path, rate, whole, held):
    counts = [held.get(k, 1) for k in range(8)]
    ends = whole(np.cumsum([0, *counts]) * 1000 / rate).astype(int)
    clip = video.read(stored(tmp_path / "a.webp", np.diff(ends).tolist()))
    assert (len(clip.frames), clip.rate) == (sum(counts), rate)


@pytest.mark.parametrize(
    ("durations", "count", "rate"),
    [
        ([33, 33, 34] * 2 + [33, 33], 8, 30),
        ([100, 101] * 4, 8, 10),
        ([100] * 4 + [101] * 4, 8, 10),
        ([83] * 8, 8, 12),
        ([133, 134] * 4, 8, 1000 / 133.5),
        ([3000, 3000], 2, 1 / 3),
        ([34, 68, 34], 4, 1000 / 34),
        ([42, 42, 2085, 42, 41], 54, 24000 / 1001),
    ],
)
def test_durations_by_other_tools_are_not_taken_for_milliseconds(tmp_path, durations, count, rate):
    clip = video.read(stored(tmp_path / "a.webp", durations))
    assert len(clip.frames) == count and clip.rate == pytest.approx(rate)


def test_durations_of_no_common_frame_are_refused_until_a_rate_is_given(tmp_path):
    path = stored(tmp_path / "a.webp", [101, 137, 211, 20])
    with pytest.raises(
        ValueError, match="pictures of 0.02 to 0.211 s, .* pass a high enough rate=…, or convert by ffmpeg -i"
    ):
        video.read(path)
    clip = video.read(path, rate=50)
    assert clip.rate == 50 and len(clip.frames) == round(0.469 * 50)
    with pytest.raises(ValueError, match="at rate=6.0"):  # a picture would be lost
        video.read(path, rate=6)
    with pytest.raises(ValueError, match="more than 10 frames; cut it"):
        video.read(path, most=10, rate=50)


def of_times(path, starts, base, frames=None):
    """Write a video whose pictures start at ``starts``, in 1 / ``base`` seconds."""
    import av

    frames = moving(len(starts)) if frames is None else frames
    with av.open(str(path), "w") as made:
        stream = made.add_stream("libx264", rate=min(base, 30))
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        stream.codec_context.time_base = fractions.Fraction(1, base)
        for start, frame in zip(starts, frames, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = start, stream.codec_context.time_base
            made.mux(stream.encode(picture))
        made.mux(stream.encode())
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_video_that_holds_pictures_longer_repeats_them(tmp_path, name):
    clip = video.read(of_times(tmp_path / name, [0, 1, 4, 5, 7], 10))
    assert clip.rate == 10
    assert np.abs(clip.frames.astype(int) - moving(5)[[0, 1, 1, 1, 2, 3, 3, 4]]).mean() < 4
    assert len(video.read(tmp_path / name, rate=20).frames) == 16
    few = of_times(
        tmp_path / "dropped.mp4", [*range(40), *range(42, 90), *range(91, 120)], 30, moving(1).repeat(117, 0)
    )
    assert repr(video.read(few)) == "120 frames of 16×24, 30 a second"


def test_a_video_that_trembles_keeps_its_frames_and_one_without_a_rate_is_refused(tmp_path):
    clip = video.read(of_times(tmp_path / "phone.mp4", [0, 19, 40, 61, 80, 99, 121, 140, 160, 181], 600))
    assert len(clip.frames) == 10 and clip.rate == pytest.approx(30, rel=0.01)
    path = of_times(tmp_path / "screen.mp4", [0, 17, 330, 391, 892, 1203, 1210], 1000)
    with pytest.raises(ValueError, match="screen.mp4 with pictures of .* expected one rate: .* ffmpeg -i"):
        video.read(path)
    assert len(video.read(path, rate=200).frames) == pytest.approx(1.22 * 200, abs=5)


@pytest.mark.parametrize("name", ["a.mp4", "a.webp"])
@pytest.mark.parametrize("rate", [1, 7.5, 12.345, 23.976, 24000 / 1001, 29.6, np.float32(49.2), fractions.Fraction(25)])
def test_the_rate_comes_back_to_a_hundredth(tmp_path, name, rate):
    clip = video.read(video.write(tmp_path / name, moving(10, width=40), rate))
    assert len(clip.frames) == 10 and clip.rate == pytest.approx(float(rate), rel=0.01)


def test_frames_of_unequal_length_are_repeated_so_that_all_last_equally_long(tmp_path):
    first, *rest = (Image.fromarray(frame) for frame in moving(3))
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=[100, 300, 200])
    clip = video.read(tmp_path / "a.gif")
    assert len(clip.frames) == 6 and clip.rate == 10
    assert [len(np.unique(clip.frames[k : k + 2], axis=0)) for k in range(5)] == [2, 1, 1, 2, 1]


@pytest.mark.parametrize("name", ["a.mp4", "a.webp", "a.png"])
def test_a_single_frame_has_no_rate(tmp_path, name):
    if name == "a.png":
        Image.fromarray(moving(1)[0]).save(tmp_path / name)
    else:
        video.write(tmp_path / name, moving(1))
    clip = video.read(tmp_path / name)
    assert clip.frames.shape == (1, 16, 24, 3) and clip.rate is None


def test_a_stream_without_times_is_read_whole(tmp_path):
    import av

    with av.open(str(tmp_path / "a.h264"), "w", format="h264") as made:  # a bare stream: no container tells a rate
        stream = made.add_stream("libx264", rate=12)
        stream.height, stream.width, stream.pix_fmt = 16, 24, "yuv420p"
        for frame in moving():
            made.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        made.mux(stream.encode())
    assert video.read(tmp_path / "a.h264").frames.shape == (6, 16, 24, 3)


def test_an_mp4_of_odd_size_by_others_is_read(tmp_path):
    import av

    frames = moving(height=15, width=23)
    with av.open(str(tmp_path / "a.mp4"), "w") as made:
        stream = made.add_stream("mpeg4", rate=12)
        stream.height, stream.width, stream.pix_fmt = 15, 23, "yuv420p"
        for frame in frames:
            made.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        made.mux(stream.encode())
    clip = video.read(tmp_path / "a.mp4")
    assert clip.frames.shape == frames.shape and clip.rate == 12


def test_grey_frames_and_what_is_transparent(tmp_path):
    grey = moving()[..., :1]
    assert np.array_equal(video.read(video.write(tmp_path / "a.webp", grey)).frames, grey.repeat(3, axis=-1))
    Image.new("RGBA", (4, 4), (200, 100, 50, 0)).save(tmp_path / "b.png")
    assert not video.read(tmp_path / "b.png").frames.any()


def test_what_is_no_clip_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("no video at all, but a text of some length\n" * 20)
    whole = video.write(tmp_path / "whole.webp", RNG.integers(0, 255, (3, 40, 40, 3), np.uint8)).read_bytes()
    (tmp_path / "cut.webp").write_bytes(whole[: len(whole) // 3])
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    for name in ("empty.mp4", "text.mp4", "cut.webp"):
        with pytest.raises(ValueError, match="no video|damaged"):
            video.read(tmp_path / name)
    with pytest.raises(ValueError, match="holds no pictures; expected a video"):
        video.read(tmp_path / "sound.wav")
    with pytest.raises(FileNotFoundError):
        video.read(tmp_path / "missing.mp4")
    with pytest.raises(ValueError, match="more than 2 frames; cut it"):
        video.read(tmp_path / "whole.webp", most=2)


@pytest.mark.parametrize(
    ("name", "frames", "rate", "said"),
    [
        ("a.mp4", moving(height=15), 12, "15×24; an MP4 that every player shows has even sides"),
        ("a.avi", moving(), 12, "expected uint8, and .mp4 or .webp"),
        ("a.webp", moving() / 255.0 * 2 - 1, 12, "received float"),
        ("a.mp4", moving(), 0, "received rate=0"),
        ("a.mp4", moving(), float("nan"), "received rate=nan"),
        ("a.mp4", moving(), float("inf"), "received rate=inf"),
        ("a.mp4", moving(), None, "received rate=None; expected 1 to 240 frames a second"),
        ("a.mp4", moving(), "12", "received rate='12'"),
        ("a.mp4", moving(), 0.0001, "received rate=0.0001"),
        ("a.mp4", moving(), 241, "received rate=241"),
        ("a.webp", moving(), 60, "received rate=60; expected 1 to 50 frames"),
        ("a.mp4", moving()[0], 12, "A single image becomes a batch"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(tmp_path, name, frames, rate, said):
    with pytest.raises(ValueError, match=said):
        video.write(tmp_path / name, frames, rate)
    assert not list(tmp_path.iterdir())


def test_a_clip_takes_its_label_and_keeps_its_frames(tmp_path):
    frames = RNG.integers(0, 255, (1, 96, 128, 3), np.uint8).repeat(5, axis=0)
    path = video.write(tmp_path / "a.mp4", frames, rate=12)
    labelled = provenance.label(path, provenance.Label("test", "aigc-notebooks"))
    clip = video.read(labelled)
    assert clip.frames.shape == frames.shape and clip.rate == 12
    assert provenance.read(labelled).iptc["DigitalSourceType"].endswith("trainedAlgorithmicMedia")
