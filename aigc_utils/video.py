"""Clips: read from any file that Pillow or FFmpeg can, written as MP4 or animated WebP, and counted after writing.

Taught in 11_case_film. What a library would do in silence is counted or refused: Pillow merges equal frames that follow
one another, and libx264 takes no odd side. The label of a clip is written by `provenance`.
"""

import dataclasses
import math
from pathlib import Path

from aigc_utils import checks, files

import numpy as np

MOST = 3000  # frames; more would fill the memory
FASTEST = 50  # frames a second of a WebP: browsers slow down what is faster


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Clip:
    """Frames uint8 (n, height, width, 3) and their rate a second, None where the file tells none (a single picture)."""

    frames: np.ndarray
    rate: float | None

    def __repr__(self):
        n, height, width, _ = self.frames.shape
        return f"{n} frame{'s' * (n > 1)} of {height}×{width}" + (f", {self.rate:.4g} a second" if self.rate else "")


def read(path, most=MOST):
    """Return the `Clip` of a video file, or of a picture, animated or not, on black where it is transparent.

    A picture that an animated file shows for longer than others is repeated, so that all frames last equally long.
    Raises ValueError for what is no video, is damaged, changes its size or has more than ``most`` frames, and
    FileNotFoundError.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path).expanduser()
    checks.whole(1, most=most)
    try:
        with path.open("rb") as file, Image.open(file) as picture:
            frames, rate = _from_picture(path, picture, most)
    except UnidentifiedImageError:
        frames, rate = _from_video(path, most)
    except (OSError, SyntaxError, EOFError) as error:  # Pillow's words for a file that breaks off
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise
        raise ValueError(f"{path} is a damaged picture ({error}); get it again from where it came from.") from error
    if len(sizes := {frame.shape for frame in frames}) != 1:
        said = f"frames of {len(sizes)} sizes" if sizes else "no frame"
        raise ValueError(f"{path} holds {said}; expected a video whose frames all have one size.")
    return Clip(np.stack(frames), rate)


def _too_many(path, most):
    return ValueError(f"{path} has more than {most} frames; cut it, or pass most=… if the memory allows it.")


def _from_picture(path, picture, most):
    """Return (frames, rate) of a picture; its durations are whole milliseconds."""
    if getattr(picture, "n_frames", 1) == 1:
        return [_on_black(picture)], None
    frames, lengths = [], []
    for k in range(picture.n_frames):
        picture.seek(k)
        frames.append(_on_black(picture))
        lengths.append(round(picture.info.get("duration") or 100))  # browsers take 0 for a tenth of a second
        if sum(lengths) // math.gcd(*lengths) > most:
            raise _too_many(path, most)
    step = math.gcd(*lengths)
    return [frame for frame, length in zip(frames, lengths, strict=True) for _ in range(length // step)], 1000 / step


def _on_black(picture):
    from PIL import Image

    rgba = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba))[..., :3].copy()


def _from_video(path, most):
    """Return (frames, rate) by FFmpeg, turned upright."""
    import av

    frames = []
    try:
        with av.open(str(path)) as opened:
            if not opened.streams.video:
                raise ValueError(f"{path} holds no pictures; expected a video.")
            rate = opened.streams.video[0].average_rate
            for frame in opened.decode(video=0):
                if len(frames) == most:
                    raise _too_many(path, most)
                frames.append(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))
    except av.FFmpegError as error:  # some kinds of it are ValueErrors, with FFmpeg's words
        raise ValueError(f"{path} is no video, or a damaged one ({error.strerror}); expected a clip.") from error
    return frames, float(rate) if rate and len(frames) > 1 else None


def write(path, frames, rate=12):
    """Write frames, uint8 (n, height, width, 3) or grey, as .mp4 (H.264) or .webp (lossless); return the path.

    ``rate`` is in frames a second. All frames are counted in what was written before it takes the file's place: else
    RuntimeError. Equal frames of a WebP become one that is shown for longer, and count as often as it is shown.
    ValueError: another suffix, an odd side of an MP4, a rate of 0, or above 50 for a WebP.
    """
    path, frames = Path(path).expanduser(), checks.images(frames, "frames")
    kind = path.suffix.lower()
    if frames.dtype != np.uint8 or kind not in (".mp4", ".webp"):
        raise ValueError(f"received {frames.dtype} frames for {path.name}; expected uint8, and .mp4 or .webp.")
    if not 0 < rate <= (FASTEST if kind == ".webp" else 1000):  # NaN fails this too
        raise ValueError(f"received rate={rate}; expected frames a second, above 0, for a WebP at most {FASTEST}.")
    if kind == ".mp4" and (frames.shape[1] % 2 or frames.shape[2] % 2):
        size = f"{frames.shape[1]}×{frames.shape[2]}"
        raise ValueError(
            f"received frames of {size}; an MP4 that every player shows has even sides: pad, or use .webp."
        )
    frames = np.broadcast_to(frames, (*frames.shape[:3], 3))
    with files.replacing(path) as partial:
        (_write_mp4 if kind == ".mp4" else _write_webp)(partial, frames, rate)
        found = read(partial, most=len(frames) + 1).frames.shape
        if found != frames.shape:
            said = f"{len(frames)} frames were written to {path} and {found[0]} came back; nothing is kept"
            raise RuntimeError(f"{said}. A WebP of equal frames alone is one picture: use .mp4.")
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
    more = {"append_images": rest, "save_all": True, "duration": round(1000 / rate), "loop": 0} if rest else {}
    first.save(path, "WEBP", lossless=True, quality=90, method=4, **more)
