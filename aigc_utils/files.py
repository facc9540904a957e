"""Files from elsewhere: download, verify, extract; a folder of your own pictures.

What arrives is complete and checked, or it does not arrive. `data` builds on this module and offers its functions under
its own name.
"""

import concurrent.futures
import contextlib
import dataclasses
import glob
import gzip
import hashlib
import os
import secrets
import shutil
import tarfile
import tempfile
import threading
import time
import urllib.parse
import warnings
import zipfile
import zlib
from pathlib import Path

from aigc_utils import runtime

import numpy as np

_FIRST_ANSWER = 6  # seconds that a server has for its first answer: without a network, no notebook should hang
_STALL = 30  # seconds without a byte after which a download counts as broken off
_STALE = 86400  # seconds after which a partial folder must be the remains of a killed process
_AS_IT_IS = {"Accept-Encoding": "identity"}  # else a .gz may arrive unpacked


class DataError(RuntimeError):
    """A file that is damaged, unsafe or cannot be written. The message says what to do."""


class Unavailable(DataError):
    """A file that is not on this machine and that no server would send now."""


def download(url, path, sha256, size_bytes=None, unpacked=False):
    """Download ``url`` to ``path`` and return the path, which afterwards holds the right file or what it held before.

    ``size_bytes`` serves the progress bar and, with 1 % to spare, as a limit. Raises `Unavailable` for everything that
    a network can do, `DataError` for a wrong checksum and for a disk that is full or read-only.

    ``pooch`` does the transfer. It has no limit on size or on the wait for an answer, takes a login page for the file,
    and cannot check what a gzip file holds: that is done here.
    """
    import requests

    path = Path(path).expanduser()
    try:
        with _beside(path) as folder:
            with open(folder / path.name, "xb") as file:
                _receive(url, file, path.name, size_bytes)
            verify(folder / path.name, sha256, unpacked, url)
            os.replace(folder / path.name, path)
    except requests.RequestException as error:  # an OSError too, so it comes first
        raise Unavailable(f"download from {urllib.parse.urlsplit(url).netloc} failed: {_cause(error)}") from error
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


@contextlib.contextmanager
def _beside(path):
    """Make a folder beside ``path`` to work in; delete it afterwards, with those that killed processes left behind."""
    folder = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for other in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            with contextlib.suppress(OSError):
                if time.time() - other.stat().st_mtime > _STALE:
                    shutil.rmtree(other)


@contextlib.contextmanager
def replacing(path):
    """Give a name beside ``path`` to write to. The file then takes the place of ``path``, or is deleted on an error."""
    partial = path.with_name(f".{secrets.token_hex(8)}.{path.name}")  # tempfile's would be unreadable for others
    try:
        yield partial
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _receive(url, file, name, size_bytes):
    """Write what the server sends to a file. A thread does it, since a name look-up cannot be given a limit."""
    import pooch
    from tqdm.auto import tqdm

    host, answered, errors = urllib.parse.urlsplit(url).netloc, threading.Event(), []
    most = float("inf") if size_bytes is None else 1.01 * size_bytes + 1000

    def check(response, **_):
        if response.ok and not response.is_redirect:
            answered.set()
            if "text/html" in response.headers.get("Content-Type", ""):
                raise Unavailable(f"{host} sent a web page instead of the file; the network may ask for a login")

    def work():
        options = {"timeout": (_FIRST_ANSWER, _STALL), "headers": _AS_IT_IS, "hooks": {"response": check}}
        try:
            pooch.HTTPDownloader(chunk_size=1 << 16, **options)(url, file, None)
        except Exception as error:
            errors.append(error)
        answered.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    if not answered.wait(_FIRST_ANSWER):
        raise Unavailable(f"no answer from {host} within {_FIRST_ANSWER} s")
    with tqdm(total=size_bytes, desc=name, unit="B", unit_scale=True, leave=False) as bar:
        while bar.n < file.tell() or worker.is_alive():  # what ends this early closes the file, and so ends the thread
            worker.join(0.1)
            bar.update(file.tell() - bar.n)
            if bar.n > most:
                raise DataError(f"{url} sends more than the {size_bytes:,} bytes that {name} has; stopped.")
    if errors:
        raise errors[0]


def _cause(error):
    """Return the last, most telling line of what requests and urllib3 have wrapped around an error."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def cannot_write(path, error):
    """Return the `DataError` for a file that could not be written, with what to do about it."""
    advice = "Free some space or set AIGC_CACHE_DIR to a folder that you may write to"
    said = f"cannot write {path}: {error.strerror or error}. {advice}"
    return DataError(f"{said}; with AIGC_OFFLINE=1 the stand-in is used instead.")


def verify(path, sha256, unpacked=False, origin=None):
    """Raise `DataError` unless the file has this SHA-256 (``unpacked``: what the gzip file holds has)."""
    digest, size, sha256 = hashlib.sha256(), Path(path).stat().st_size, sha256.lower()
    try:
        with gzip.open(path) if unpacked else open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        received = digest.hexdigest()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        received = f"a damaged gzip file ({error})"
    if received != sha256:
        advice = "Nothing was kept; try again later." if origin else "Delete it, or put an intact copy in its place."
        said = f"expected SHA-256 {sha256}, received {received} in {size:,} bytes"
        raise DataError(f"{origin or path} is not the file it should be: {said}. {advice}")


def extract(archive, folder):
    """Unpack a zip or tar file into a new folder and return its path; the folder appears complete or not at all.

    Raises `DataError` for an archive that is damaged or has a member that would leave the folder (absolute path,
    ``..``) or is no plain file (link, device), `FileExistsError` where ``folder`` exists.
    """
    archive, folder = Path(archive).expanduser(), Path(folder).expanduser()
    if folder.exists():
        raise FileExistsError(f"{folder} exists; expected a folder that can be made anew.")
    try:
        with _beside(folder) as partial:
            for name, opened in _members(archive):
                target = partial / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened as source, open(target, "xb") as file:
                    shutil.copyfileobj(source, file)
            os.replace(partial, folder)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"cannot unpack {archive} to {folder}: {error.strerror or error}.") from error
    except Exception as error:  # zipfile, tarfile and the decompressors raise a dozen kinds
        raise DataError(f"{archive} cannot be read: {error}. Fetch it again; nothing was unpacked.") from error
    return folder


def _members(archive):
    """Yield (relative path, open file) of an archive's plain files; every name is checked before its data is read."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in filter(lambda info: not info.is_dir(), opened.infolist()):
                is_link = info.external_attr >> 28 == 0xA  # the Unix file type, in the upper four bits
                yield _safe_name(info.filename, not is_link), opened.open(info)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            for info in filter(lambda info: not info.isdir(), opened):
                yield _safe_name(info.name, info.isfile()), opened.extractfile(info)
    else:
        raise DataError(f"{archive} is neither a zip nor a tar file.")


def _safe_name(name, is_plain):
    parts = name.replace("\\", "/").split("/")
    if not is_plain or parts[0] == "" or ".." in parts or ":" in parts[0][:2]:
        raise DataError(f"the archive holds {name!r}, a link or a path out of the folder. Nothing was unpacked.")
    return "/".join(parts)


# --- your own images -------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Folder:
    """Images uint8 (n, height, width, 3) of ``paths``, and the (path, reason) of each file that could not be read."""

    images: np.ndarray
    paths: list[Path]
    unreadable: list[tuple[Path, str]]

    def __repr__(self):
        shape = "×".join(str(side) for side in self.images.shape[1:])
        return f"{len(self.paths):,} images {shape}, {len(self.unreadable):,} files not readable"


def load_folder(path, size=(32, 32), crop=True, mapped=False, quiet=False) -> Folder:
    """Read every picture below a folder, in the order of the paths, as uint8 (n, height, width, 3).

    ``size`` is (height, width). The largest centred part of that shape is kept (``crop=False``: all of it, squeezed).
    Turned photos are set upright (EXIF), transparency becomes white, an animation its first frame. White in grey
    pictures of 16 bits is what `_white` says. Linked folders are read too, each folder once. Files and folders that
    cannot be read are named with the reason in ``unreadable``, and on screen unless ``quiet``. Hidden ones are left
    out. All cores read; after a second a bar shows the time left. ``mapped`` keeps the images in a file, see
    `mapped_array`.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is {'a file' if folder.exists() else 'missing'}; expected a folder.")
    if np.shape(size) != (2,) or not all(isinstance(side, int | np.integer) and side >= 1 for side in size):
        raise ValueError(f"size is {size!r}; expected (height, width) in whole pixels, such as (64, 64).")
    names, unreadable = walk(folder)
    images, paths = (mapped_array if mapped else np.empty)((len(names) or 1, *size, 3), np.uint8), []
    for name, read in zip(names, _read_all(names, size, crop, folder.name), strict=True):
        if isinstance(read, Exception):
            unreadable.append((name, _reason(read)))
        else:
            images[len(paths)] = read
            paths.append(name)
    for name, reason in [] if quiet and paths else unreadable:
        print(f"not readable: {name.relative_to(folder)}: {reason}")
    if not paths:
        raise ValueError(f"{folder} holds no readable picture among {len(names)} files; expected JPEG, PNG, WebP, ...")
    return Folder(images[: len(paths)], paths, unreadable)


def mapped_array(shape, dtype):
    """Return an array in a nameless file below the user's cache, which vanishes with it: it may exceed the memory.

    A disk that has no room for it is a `DataError`.
    """
    folder, size = runtime.cache_dir(), int(np.prod(shape)) * np.dtype(dtype).itemsize
    if (free := shutil.disk_usage(folder).free) < size:  # writing to a map of a full disk kills the process
        said = f"{folder} has {free / 1e6:,.0f} MB left; expected {size / 1e6:,.0f} MB for the pictures"
        raise DataError(f"{said}. Free some space, or name another folder by AIGC_CACHE_DIR.")
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype, "w+", shape=tuple(shape))


def walk(folder):
    """Return the sorted files below a folder, and (path, reason) of the folders in it that cannot be opened.

    Linked folders come after the real ones, and each is entered once, for a link may lead back to where it lies.
    """
    found, closed, seen, starts = [], [], set(), [folder]
    for start in starts:  # grows on the way
        for parent, folders, names in os.walk(start, onerror=closed.append):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            if os.path.realpath(parent) in seen:
                folders.clear()
                continue
            seen.add(os.path.realpath(parent))
            starts += [Path(parent, name) for name in folders if os.path.islink(Path(parent, name))]
            found += [Path(parent, name) for name in names if not _is_hidden(name)]
    return sorted(found), [(Path(error.filename), error.strerror) for error in closed]


def _is_hidden(name):
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _reason(error):
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "not a picture in a format that Pillow knows"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels"
    return str(error) or type(error).__name__


def _read_all(names, size, crop, title):
    """Yield each picture, or the error of reading it, in order; Pillow's threads decode side by side."""
    from PIL import Image
    from tqdm.auto import tqdm

    def attempt(name):
        try:
            return _read_image(name, size, crop)
        except Exception as error:  # decoders of broken files raise what they like
            return error

    with warnings.catch_warnings():  # around all threads, which share the filters
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        try:
            read = pool.map(attempt, names)
            yield from tqdm(read, total=len(names), desc=title, unit="picture", delay=1, mininterval=0.5, leave=False)
        finally:
            pool.shutdown(cancel_futures=True)  # Ctrl-C waits for the pictures at hand alone


def _read_image(path, size, crop):
    """Return one picture as uint8 (height, width, 3)."""
    from PIL import Image, ImageOps

    if not path.is_file():  # a pipe would be waited for
        raise ValueError("a broken link, or no plain file")
    height, width = map(int, size)
    with Image.open(path) as opened:
        wide = has_wide_colours(opened)
        opened.draft(None, (4 * max(size), 4 * max(size)))  # a large JPEG is decoded at a fraction of its size
        image = _to_rgb(ImageOps.exif_transpose(opened))
    if wide and np.asarray(image).max() < 64:
        raise ValueError("colours of 16 bits that use at most 14 of them; save it with 8 bits a colour")
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS) if crop else None
    return np.asarray(fitted or image.resize((width, height), Image.Resampling.LANCZOS))


def has_wide_colours(opened):
    """Return whether an opened picture, not yet loaded, has colours of 16 bits, of which Pillow keeps the upper 8."""
    return any(";16" in str(tile[3]) for tile in opened.tile) and not opened.mode.startswith("I")


def _to_rgb(image):
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":  # convert() would clip these at 255
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > 65535:
            raise ValueError(f"pixels of mode {image.mode}, whose range is unknown; expected 8 or 16 bits")
        image = Image.fromarray((values * (255 / _white(values))).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _white(values):
    """Return the value that white has in a grey picture of 16 bits: 2**b − 1 for the least b that holds every pixel.

    b is 8, 10, 12, 14 or 16: cameras and microscopes put their 10, 12 or 14 bits into 16, and no file says so (TIFF's
    MaxSampleValue "is not to be used" for it). So a dark picture of 16 bits comes out brighter, and none black.
    """
    return next(2**bits - 1 for bits in (8, 10, 12, 14, 16) if values.max() < 2**bits)
