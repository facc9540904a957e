"""Clips: read from any file that Pillow or FFmpeg can, written as MP4 or animated WebP, and counted after writing.

Taught in 11_case_film. What a library would do in silence is counted or refused: Pillow merges equal frames that follow
one another, and libx264 takes no odd side. The label of a clip is written by `provenance`.
"""

import dataclasses
import math
import numbers
from pathlib import Path

from aigc_utils import checks, files

import numpy as np

MOST = 3000  # frames; more would fill the memory
FASTEST = {".mp4": 240, ".webp": 50}  # frames a second; browsers slow down a WebP that is faster


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Clip:
    """Frames uint8 (n, height, width, 3) and their rate a second, None where the file tells none (a single picture)."""

    frames: np.ndarray
    rate: float | None

    def __repr__(self):
        n, height, width, _ = self.frames.shape
        return f"{n} frame{'s' * (n > 1)} of {height}×{width}" + (f", {self.rate:.4g} a second" if self.rate else "")


def read(path, most=MOST, rate=None):
    """Return the `Clip` of a video file, or of a picture, animated or not, on black where it is transparent.

    A picture that is shown for longer than others is repeated, so that all frames last equally long: 1 / ``rate``
    seconds (1 to 240 frames a second), if given. Else the rate is a video's own; of an animated picture, that of
    near-equal durations, or their greatest common divisor if 10 ms or more, or the whole rate up to 60 (or 23.976,
    29.97) whose multiples they are to 1 ms: a WebP of 12 a second with every frame twice is read as 6 without a rate.
    Raises ValueError for what is no video, is damaged, changes its size, has more than ``most`` frames or pictures
    that last no whole frames, and FileNotFoundError.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path).expanduser()
    checks.whole(1, most=most)
    rate = rate if rate is None else _checked(rate, ".mp4")
    try:
        with path.open("rb") as file, Image.open(file) as picture:
            frames, seconds, found = _from_picture(path, picture, most)
    except UnidentifiedImageError:
        frames, seconds, found = _from_video(path, most)
    except (OSError, SyntaxError, EOFError) as error:  # Pillow's words for a file that breaks off
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise
        raise ValueError(f"{path} is a damaged picture ({error}); get it again from where it came from.") from error
    if len(sizes := {frame.shape for frame in frames}) != 1:
        said = f"frames of {len(sizes)} sizes" if sizes else "no frame"
        raise ValueError(f"{path} holds {said}; expected a video whose frames all have one size.")
    if len(frames) == 1:
        return Clip(np.stack(frames), None)
    if seconds is not None:
        shown = _shown(path, seconds, rate, found)
        if shown.sum() > most:
            raise _too_many(path, most)
        frames = [frame for frame, count in zip(frames, shown, strict=True) for _ in range(count)]
    return Clip(np.stack(frames), rate or found)


def _checked(rate, kind):
    if not (isinstance(rate, numbers.Real) and 1 <= rate <= FASTEST[kind]):  # NaN fails this too
        raise ValueError(f"received rate={rate!r}; expected 1 to {FASTEST[kind]} frames a second ({kind}).")
    return float(rate)


def _shown(path, seconds, rate, found):
    """Return for how many frames each picture is shown: by its time at ``rate``, else whole frames of ``found``."""
    if found and not rate:
        return np.maximum(1, np.rint(seconds * found)).astype(int)
    shown = np.diff(np.rint(np.cumsum([0, *seconds]) * (rate or 0))).astype(int)
    if shown.min() < 1:
        said = f"received {path} with pictures of {min(seconds):.3g} to {max(seconds):.3g} s, no whole frames"
        wanted = "expected one rate: pass a high enough rate=…, or convert by ffmpeg -i IN -vf fps=25 OUT"
        raise ValueError(f"{said}{f' at {rate=}' if rate else ''}; {wanted}.")
    return shown


def _too_many(path, most):
    return ValueError(f"{path} has more than {most} frames; cut it, or pass most=… if the memory allows it.")


def _off(seconds, rate):
    """Return by how many seconds the worst of the durations misses whole frames, at least one."""
    return np.abs(seconds - np.maximum(1, np.rint(seconds * rate)) / rate).max()


def _from_picture(path, picture, most):
    """Return (frames, seconds of each, rate or None) of a picture; its durations are whole milliseconds."""
    frames, lengths = [], []
    for k in range(getattr(picture, "n_frames", 1)):
        if k == most:
            raise _too_many(path, most)
        if k:
            picture.seek(k)
        frames.append(_on_black(picture))
        lengths.append(round(picture.info.get("duration") or 100))  # browsers take 0 for a tenth of a second
    seconds, common = np.array(lengths) / 1000, 1000 / math.gcd(*lengths)
    mean = 1 / seconds.mean()
    near = round(mean) if abs(round(mean) - mean) <= mean / 100 else mean
    best = min(range(1, 61), key=lambda rate: round(_off(seconds, rate), 6))  # of equals the lowest
    rates = [near, mean, *([common, best] if common <= 100 else [best, common]), 24000 / 1001, 30000 / 1001]
    fits = (rate for rate in rates if rate <= FASTEST[".mp4"] and _off(seconds, rate) < 0.00101)
    return frames, seconds, next(fits, None)


def _on_black(picture):
    from PIL import Image

    rgba = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba))[..., :3].copy()


def _from_video(path, most):
    """Return (frames, seconds of each or None, rate or None) by FFmpeg, turned upright."""
    import av

    frames, starts = [], []
    try:
        with av.open(str(path)) as opened:
            if not opened.streams.video:
                raise ValueError(f"{path} holds no pictures; expected a video.")
            stream = opened.streams.video[0]
            finest = float(stream.guessed_rate or 0)  # of which all times are multiples
            average = float(stream.average_rate or finest) or None
            for frame in opened.decode(video=0):
                if len(frames) == most:
                    raise _too_many(path, most)
                frames.append(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))
                starts.append(frame.time)
                last = float((frame.duration or 0) * frame.time_base)
    except av.FFmpegError as error:  # some kinds of it are ValueErrors, with FFmpeg's words
        raise ValueError(f"{path} is no video, or a damaged one ({error.strerror}); expected a clip.") from error
    if None in starts or not average:
        return frames, None, average
    seconds = np.array([*np.diff(starts), last or 1 / average])
    if np.abs(seconds * average - 1).max() < 1 / 3:  # the times of a phone tremble
        return frames, seconds, average
    whole = 0 < finest <= FASTEST[".mp4"] and _off(seconds[:-1], finest) * finest < 1 / 3
    return frames, seconds, finest if whole else None


def write(path, frames, rate=12):
    """Write frames, uint8 (n, height, width, 3) or grey, as .mp4 (H.264) or .webp (lossless); return the path.

    ``rate``, frames a second, is 1 to 240, for a WebP at most 50. Frames and rate (to 1 %) are read back before the
    file takes its place: else RuntimeError. Equal frames of a WebP become one that is shown for longer, and count as
    often as it is shown. ValueError: another suffix or rate, an odd side of an MP4.
    """
    path, frames = Path(path).expanduser(), checks.images(frames, "frames")
    kind = path.suffix.lower()
    if frames.dtype != np.uint8 or kind not in FASTEST:
        raise ValueError(f"received {frames.dtype} frames for {path.name}; expected uint8, and .mp4 or .webp.")
    rate = _checked(rate, kind)
    if kind == ".mp4" and (frames.shape[1] % 2 or frames.shape[2] % 2):
        size = f"{frames.shape[1]}×{frames.shape[2]}"
        raise ValueError(
            f"received frames of {size}; an MP4 that every player shows has even sides: pad, or use .webp."
        )
    frames = np.broadcast_to(frames, (*frames.shape[:3], 3))
    with files.replacing(path) as partial:
        (_write_mp4 if kind == ".mp4" else _write_webp)(partial, frames, rate)
        found = read(partial, len(frames) + 1, rate if kind == ".webp" else None)
        if found.frames.shape != frames.shape or (found.rate and abs(found.rate / rate - 1) > 0.01):
            said = f"{Clip(frames, rate)} were written to {path} and {found} came back; nothing is kept"
            why = ". A WebP whose frames are all equal is one picture: use .mp4" if len(found.frames) == 1 else ""
            raise RuntimeError(f"{said}{why}.")
    return path


def _write_mp4(path, frames, rate):
    import fractions

    import av

    with av.open(str(path), "w") as made:
        stream = made.add_stream(
            "libx264", rate=fractions.Fraction(rate).limit_denominator(1001), options={"crf": "16"}
        )
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        for frame in frames:
            made.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        made.mux(stream.encode())


def _write_webp(path, frames, rate):
    from PIL import Image

    first, *rest = [Image.fromarray(frame) for frame in frames]
    lengths = np.diff(np.rint(np.arange(len(frames) + 1) * 1000 / rate)).astype(int).tolist()  # ms
    more = {"append_images": rest, "save_all": True, "duration": lengths, "loop": 0} if rest else {}
    first.save(path, "WEBP", lossless=True, quality=90, method=4, **more)
