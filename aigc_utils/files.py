"""Files from elsewhere: download, verify, extract. What arrives is complete and checked, or it does not arrive.

`data` builds on this module and offers its functions under its own name.
"""

import contextlib
import gzip
import hashlib
import os
import queue
import secrets
import shutil
import tarfile
import threading
import time
import urllib.parse
import zipfile
import zlib
from pathlib import Path

_FIRST_ANSWER = 6  # seconds that a server has for its first answer: without a network, no notebook should hang
_STALL = 30  # seconds without a byte after which a download counts as broken off
_STALE = 86400  # seconds after which a partial file must be the remains of a killed process


class DataError(RuntimeError):
    """A file that is damaged, unsafe or cannot be written. The message says what to do."""


class Unavailable(DataError):
    """A file that is not on this machine and that no server would send now."""


def download(url, path, sha256, size_bytes=None, unpacked=False):
    """Download ``url`` to ``path`` and return the path, which afterwards holds the right file or what it held before.

    ``size_bytes`` serves the progress bar and, with 1 % to spare, as a limit. Raises `Unavailable` for everything that
    a network can do, `DataError` for a wrong checksum and for a disk that is full or read-only.

    Why not ``keras.utils.get_file``: it has no timeout, keeps a file whose checksum is wrong, writes under the final
    name (two kernels at once read each other's halves) and turns to a shared temporary folder where its own is
    read-only.
    """
    import requests

    path = Path(path)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        with open(partial, "xb") as file:
            _receive(_ask(url), file, path.name, size_bytes)
        verify(partial, sha256, unpacked, url)
        os.replace(partial, path)
    except requests.RequestException as error:  # an OSError too, so it comes first
        raise Unavailable(f"download from {urllib.parse.urlsplit(url).netloc} failed: {_cause(error)}") from error
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def _sweep(path):
    """Delete partial downloads of ``path`` that a killed process left behind."""
    for partial in path.parent.glob(f".{path.name}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > _STALE:
                partial.unlink()


def _ask(url):
    """Return the server's answer, body unread. A thread waits for it, since a name look-up cannot be given a limit."""
    import requests

    answers, host = queue.SimpleQueue(), urllib.parse.urlsplit(url).netloc

    def ask():
        try:
            headers = {"Accept-Encoding": "identity"}  # else a .gz may arrive unpacked
            answers.put(requests.get(url, stream=True, timeout=(_FIRST_ANSWER, _STALL), headers=headers))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_FIRST_ANSWER)
    except queue.Empty:
        raise Unavailable(f"no answer from {host} within {_FIRST_ANSWER} s") from None
    if isinstance(answer, Exception):
        raise answer
    answer.raise_for_status()
    if "text/html" in answer.headers.get("Content-Type", ""):
        raise Unavailable(f"{host} sent a web page instead of the file; the network may ask for a login")
    return answer


def _receive(response, file, name, size_bytes):
    from tqdm.auto import tqdm

    most = float("inf") if size_bytes is None else 1.01 * size_bytes + 1000
    with response, tqdm(total=size_bytes, desc=name, unit="B", unit_scale=True, leave=False) as bar:
        for chunk in response.iter_content(1 << 16):
            file.write(chunk)
            bar.update(len(chunk))
            if file.tell() > most:
                raise DataError(f"{response.url} sends more than the {size_bytes:,} bytes that {name} has; stopped.")


def _cause(error):
    """Return the last, most telling line of what requests and urllib3 have wrapped around an error."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def cannot_write(path, error):
    """Return the `DataError` for a file that could not be written, with what to do about it."""
    return DataError(
        f"cannot write {path}: {error.strerror or error}. Free some space or set AIGC_CACHE_DIR to a folder that you "
        "may write to; with AIGC_OFFLINE=1 the stand-in is used instead."
    )


def verify(path, sha256, unpacked=False, origin=None):
    """Raise `DataError` unless the file has this SHA-256 (``unpacked``: what the gzip file holds has)."""
    digest, size = hashlib.sha256(), Path(path).stat().st_size
    try:
        with gzip.open(path) if unpacked else open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        received = digest.hexdigest()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        received = f"a damaged gzip file ({error})"
    if received != sha256:
        advice = "Nothing was kept; try again later." if origin else "Delete it, or put an intact copy in its place."
        raise DataError(
            f"{origin or path} is not the file it should be: expected SHA-256 {sha256}, received {received} "
            f"in {size:,} bytes. {advice}"
        )


def extract(archive, folder):
    """Unpack a zip or tar file into a new folder and return its path; the folder appears complete or not at all.

    Raises `DataError` for an archive that is damaged or has a member that would leave the folder (absolute path,
    ``..``) or is no plain file (link, device), `FileExistsError` where ``folder`` exists.
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists; expected a folder that can be made anew.")
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        partial.mkdir(parents=True)
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
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _members(archive):
    """Yield (relative path, open file) of an archive's plain files; every name is checked before its data is read."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                is_link = info.external_attr >> 28 == 0xA  # the Unix file type, in the upper four bits
                if not info.is_dir():
                    yield _safe_name(info.filename, not is_link), opened.open(info)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            for info in opened:
                if not info.isdir():
                    yield _safe_name(info.name, info.isfile()), opened.extractfile(info)
    else:
        raise DataError(f"{archive} is neither a zip nor a tar file.")


def _safe_name(name, is_plain):
    parts = name.replace("\\", "/").split("/")
    if not is_plain or parts[0] == "" or ".." in parts or ":" in parts[0][:2]:
        raise DataError(f"the archive holds {name!r}, a link or a path out of the folder. Nothing was unpacked.")
    return "/".join(parts)
