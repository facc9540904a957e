"""The checks that all public functions share: images, labels, tables of records, whole numbers, shares.

Each returns what it received in the one form that the code behind it expects, or raises a sentence that says what was
received, what was expected and what to do.
"""

import warnings

import numpy as np


def _array(received, name, dtype=None):
    try:
        return np.asarray(received, dtype)
    except (TypeError, ValueError) as error:  # NumPy's words for texts and rows of different lengths
        raise ValueError(f"received {name} that cannot be read: {error}; expected an array of numbers.") from error


def images(received, name="images", channels=(1, 3), least=1):
    """Return images as uint8, or float32 in [-1, 1], (n, height, width, channels), n >= ``least``.

    Grey images may lack the last axis. Other dtypes, ranges, shapes and NaN are a ValueError. Floats that lie in
    [0, 1] are warned about, because they cannot be told from pale ones in [-1, 1].
    """
    given = _array(received, name)
    if given.ndim == 3 and 1 in channels and given.shape[-1] not in (1, 3, *channels):
        given = given[..., None]
    if given.ndim != 4 or given.shape[-1] not in channels or not given.size or len(given) < least:
        wanted = f"(n, height, width, {' or '.join(map(str, channels))}), n >= {least}"
        said = f"received {name} of shape {given.shape}; expected {wanted}"
        raise ValueError(f"{said}. A single image becomes a batch of one by image[None].")
    if given.dtype == np.uint8:
        return given
    if not np.issubdtype(given.dtype, np.floating):
        said = f"received {name} of {given.dtype}; expected uint8 in [0, 255] or floats in [-1, 1]"
        raise ValueError(f"{said}. Bytes of another type become right by images.astype('uint8').")
    low, high = given.min(), given.max()
    if not max(-low, high) <= 1.001:  # NaN fails this too
        said = f"received {given.dtype} {name} from {low:g} to {high:g}; expected [-1, 1] or uint8"
        raise ValueError(f"{said}. Map bytes by data.to_unit(images); NaN comes from a training that diverged.")
    if 0 <= low < high:
        said = f"received {name} from {low:g} to {high:g}, read as [-1, 1]"
        warnings.warn(f"{said}. If they are meant to lie in [0, 1], pass 2 * images - 1.", stacklevel=3)
    return given.astype(np.float32, copy=False)


def unit_images(received, name="images", channels=(1, 3), least=1):
    """Return `images` as float32 in [-1, 1]: bytes are converted."""
    given = images(received, name, channels, least)
    return given.astype(np.float32) / 127.5 - 1 if given.dtype == np.uint8 else given


def labels(received, count, classes, name="labels", missing=False):
    """Return labels as int32 (count, k), for ``classes`` = (number of classes, …) with k entries.

    Whole numbers from 0 to that number less one; with ``missing`` also −1, "no label". (count,) is taken for k = 1.
    Fractions, labels out of range, one-hot rows and other shapes are a ValueError.
    """
    given, width = _array(received, name), len(classes)
    given = given[:, None] if given.ndim == 1 and width == 1 else given
    if given.shape != (count, width):
        wanted = f"({count},) or ({count}, 1)" if width == 1 else f"({count}, {width})"
        said = f"received {name} of shape {np.shape(received)}; expected class numbers {wanted}"
        raise ValueError(f"{said}. One-hot rows become class numbers by labels.argmax(axis=1).")
    if given.dtype.kind not in "iub" and not (given.dtype.kind == "f" and (given == np.floor(given)).all()):
        raise ValueError(f"received {name} of {given.dtype}; expected whole numbers: the index of each class.")
    least = -1 if missing else 0
    for column, most in zip(given.T, classes, strict=True):
        if count and not (least <= column.min() and column.max() < min(most, 2**31)):
            wanted = f"{least} to {most - 1} for {most} classes. Classes are counted from 0"
            raise ValueError(f"received {name} from {column.min():g} to {column.max():g}; expected {wanted}.")
    return given.astype(np.int32)


def records(received, name="records", least=2, columns=None):
    """Return a table of finite numbers as float64 (n, columns), n >= ``least``, or raise ValueError."""
    given = _array(received, name, np.float64)
    if given.ndim != 2 or len(given) < least or not given.shape[1] or columns not in (None, given.shape[1]):
        wanted = f"(n >= {least}, {columns or 'columns'}) numbers"
        raise ValueError(f"received {name} of shape {given.shape}; expected {wanted}.")
    if not np.isfinite(given).all():
        raise ValueError(f"received {name} with NaN or infinite values; look for their source, or drop those rows.")
    return given


def numbers(received, name="values", least=1):
    """Return finite numbers as float64 (n,), n >= ``least``, or raise ValueError."""
    given = _array(received, name, np.float64)
    if given.ndim != 1 or len(given) < least or not np.isfinite(given).all():
        raise ValueError(f"received {name} of shape {given.shape}, or NaN; expected (n >= {least},) finite numbers.")
    return given


def whole(least, **values):
    """Raise ValueError unless each of the named values is one whole number, ``least`` or more."""
    for name, value in values.items():
        if not (isinstance(value, int | np.integer) and value >= least):
            raise ValueError(f"received {name} = {value}; expected a whole number, {least} or more.")


def shares(**values):
    """Raise ValueError unless each of the named values (numbers or arrays) lies between 0 and 1, both excluded."""
    for name, value in values.items():
        given = _array(value, name, float)
        if not given.size or not ((given > 0) & (given < 1)).all():
            raise ValueError(f"received {name} = {value}; expected a share between 0 and 1, for example 0.03 for 3 %.")
