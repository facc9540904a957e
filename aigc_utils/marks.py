"""Marks that people see or hear on generated content: "AI生成" in a picture's corner, a rhythm before a sound.

China's GB 45438-2025 asks for both (second-hand, see 21_labels): text of at least 5 % of the shorter side, and short
long, short short: the letters A and I in Morse code. Each is found again by its pixels or its rhythm alone.
"""

import functools

from aigc_utils import checks, runtime

import numpy as np

TEXT = "AI生成"  # "AI" and the word for "generated"
LEAST = 12  # pixels: Chinese characters that are lower cannot be read
SHARE = 0.05  # of the shorter side, the least height of the text
SOUGHT = 320  # pixels of the shorter side of a picture in which a mark is sought
FAINTEST = 9  # pixels of the text there: what is lower looks like anything
MOST, ENLARGED = 2**22, 4  # pixels of that picture, however long it is; by how much a small one is enlarged
HEIGHTS = np.geomspace(0.03, 0.6, 64)  # of the shorter side: what crops, screens and enlargements make of a mark
ALIKE = 0.8  # least correlation with the drawn mark; 21_labels measures its false alarms

RHYTHM = (1, -1, 3, -3, 1, -1, 1)  # units of sound (+) and silence (-): · –   · ·
UNIT, PAUSE = 0.1, 0.3  # seconds of a unit, and between mark and content
PITCH, LOUDNESS = 1000, 0.25  # Hz, and amplitude where full scale is 1


@functools.lru_cache
def badge(height):
    """Return the mark as a grey picture, uint8 (rows, columns): white text of ``height`` pixels or more on black."""
    from PIL import Image, ImageDraw, ImageFont

    checks.whole(1, height=height)
    path, edge = str(runtime.shipped("fonts", "mark.otf")), max(2, height // 4)
    for size in range(height, 4 * height):
        font = ImageFont.truetype(path, size)
        left, top, right, bottom = font.getbbox(TEXT)
        picture = Image.new("L", (right - left + 2 * edge, bottom - top + 2 * edge))
        ImageDraw.Draw(picture).text((edge - left, edge - top), TEXT, 255, font)
        if (np.asarray(picture) > 127).any(axis=1).sum() >= height:
            break
    return np.asarray(picture)


def badge_for(size):
    """Return the mark for a picture of ``size`` (width, height): its text has SHARE of the shorter side, or LEAST."""
    return badge(max(LEAST, int(np.ceil(SHARE * min(size)))))


def draw(picture):
    """Return a copy of a Pillow image with the mark in its lower right corner; the mode is RGB, RGBA, L or LA.

    A picture of another mode is converted where that loses nothing; else, and where the mark does not fit, ValueError.
    """
    from PIL import Image

    if picture.mode not in ("RGB", "RGBA", "L", "LA", "1", "P", "PA"):
        raise ValueError(f"received a picture of mode {picture.mode}; expected 8 bits a colour: .convert('RGB').")
    mode = {"1": "L", "P": "RGB"}.get(picture.mode, picture.mode)
    if picture.has_transparency_data and mode not in ("RGBA", "LA"):
        mode = "RGBA"  # a colour that counts as transparent could be that of the mark
    marked, mark = picture.convert(mode), Image.fromarray(badge_for(picture.size))
    corner = (marked.width - mark.width, marked.height - mark.height)
    if min(corner) < 0:
        said = f"received a picture of {marked.width}×{marked.height} pixels; the mark takes {mark.width}×{mark.height}"
        raise ValueError(f"{said}. Enlarge the picture, or put several into one grid.")
    marked.paste(mark.convert(mode), corner)
    return marked


def likenesses(picture):
    """Yield the largest correlation in [-1, 1] of any place of a Pillow image with the mark, size after size.

    Like scikit-image's ``match_template``, but the picture is transformed once for all sizes: a fifth of the time.
    """
    from PIL import Image, ImageFilter
    from scipy import fft, ndimage

    scale = min(SOUGHT / min(picture.size), (MOST / (picture.width * picture.height)) ** 0.5, ENLARGED)
    mark, blur = Image.fromarray(badge(64)), ImageFilter.GaussianBlur(1)
    small = picture.convert("RGB").convert("L").resize([max(1, round(scale * side)) for side in picture.size])
    faint = np.random.default_rng(0).normal(size=(small.height, small.width))  # plain areas have no correlation
    pixels = np.asarray(small.filter(blur), float) + faint
    pixels -= pixels.mean()
    squares = pixels**2
    shape = [fft.next_fast_len(side, real=True) for side in pixels.shape]
    transformed = fft.rfft2(pixels, shape)
    heights = HEIGHTS * min(small.size)
    for rows in np.unique(np.round(heights[heights >= FAINTEST] * mark.height / 64).astype(int)):
        columns = round(rows * mark.width / mark.height)
        if rows > small.height or columns > small.width:
            continue
        template = np.asarray(mark.resize((columns, rows)).filter(blur), float)
        template = (template - template.mean()) / template.std() / template.size
        places = np.s_[: small.height - rows + 1, : small.width - columns + 1]
        products = fft.irfft2(transformed * fft.rfft2(template, shape).conj(), shape)[places]
        mean, square = (
            ndimage.uniform_filter(part, (rows, columns), origin=(-(rows // 2), -(columns // 2)))[places]
            for part in (pixels, squares)
        )
        yield float((products / np.sqrt(square - mean**2)).max())


def is_seen(picture):
    """Return whether a Pillow image carries the mark: at some size its likeness is at least ALIKE."""
    return any(likeness >= ALIKE for likeness in likenesses(picture))


def rhythm(rate):
    """Return the mark as a sound, float64 (n,) in [-1, 1] at ``rate`` samples a second, with the pause after it."""
    checks.whole(4 * PITCH, rate=rate)
    parts = [_tone(part, rate) if part > 0 else np.zeros(round(-part * UNIT * rate)) for part in RHYTHM]
    return np.concatenate([*parts, np.zeros(round(PAUSE * rate))])


def _tone(units, rate):
    """Return a tone whose ends fade over 5 ms, so that they do not click."""
    count = round(units * UNIT * rate)
    fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.005 * rate))
    return LOUDNESS * fade * np.sin(2 * np.pi * PITCH * np.arange(count) / rate)


def is_heard(sound, rate):
    """Return whether a sound (n,) or (n, channels), at ``rate`` samples a second, holds the rhythm anywhere.

    A hundredth of a second sounds where at least half of its energy lies at PITCH. Parts may be 30 % off their length.
    """
    mono, block = np.asarray(sound, float), round(rate / 100)
    mono = mono.mean(axis=1) if mono.ndim == 2 else mono
    blocks = mono[: len(mono) // block * block].reshape(-1, block)
    wave = np.exp(-2j * np.pi * PITCH * np.arange(block) / rate)
    at_pitch, power = 2 * np.abs((blocks * wave).mean(axis=1)) ** 2, (blocks**2).mean(axis=1)
    on = (at_pitch > 0.5 * power) & (power > 1e-3 * power.max(initial=0))
    edges = np.concatenate([[0], np.flatnonzero(np.diff(on)) + 1, [len(on)]])
    lengths = np.diff(edges) / 100 / UNIT * np.where(on[edges[:-1]], 1, -1) if len(on) else np.zeros(0)
    if len(lengths) < len(RHYTHM):
        return False
    found = np.lib.stride_tricks.sliding_window_view(lengths, len(RHYTHM))
    return any(np.allclose(part, RHYTHM, rtol=0.3, atol=0.25) for part in found)
