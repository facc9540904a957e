"""Catalogue, loaders, downloads with every fault we could think of, archives, a user's own images, pixel ranges."""

import dataclasses
import errno
import functools
import gzip
import hashlib
import http.server
import importlib.util
import io
import os
import pickle
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import time
import types
import zipfile
import zlib
from pathlib import Path

from aigc_utils import data, files, kittens, runtime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

REAL_DATA = os.environ.get("AIGC_DATA_DIR")  # before the tests hide it
CONTENT = np.random.default_rng(0).bytes(400_000)  # does not compress
SHA256 = hashlib.sha256(CONTENT).hexdigest()
_sample = kittens.sample


@functools.cache
def few_kittens(n, seed):
    """Draw a twentieth of the faces: 5,000 take seconds."""
    return _sample(n // 20, seed)


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Give each test folders of its own, and no way out to the internet: a proxy that refuses every connection."""
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))  # bound, not listening
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{refusing.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        for name in ("AIGC_DATA_DIR", "AIGC_OFFLINE", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
        monkeypatch.setattr(data, "_announced", set())
        monkeypatch.setattr(data, "_unreachable", {})
        monkeypatch.setattr(kittens, "sample", few_kittens)
        yield


class Handler(http.server.BaseHTTPRequestHandler):
    """A file server with bad habits: the path names the habit."""

    def do_GET(self):
        self.server.requests.append(self.path)
        habit = self.path.strip("/").split("/")[0]
        if habit == "hang":
            self.server.release.wait(20)
        self.send_response({"404": 404, "500": 500, "moved": 302}.get(habit, 200))
        is_page = habit in ("login", "moved", "404")
        self.send_header("Content-Type", "text/html; charset=utf-8" if is_page else "application/gzip")
        if habit == "moved":
            self.send_header("Location", "/good")
        if habit == "packing" and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_header("Content-Encoding", "gzip")
        if habit != "unannounced":
            self.send_header("Content-Length", str(len(self.server.content) + 5000 * (habit == "truncated")))
        self.end_headers()
        half = len(self.server.content) // 2
        try:
            self.wfile.write(self.server.content[:half])
            if habit in ("slow", "stall"):
                self.server.release.wait({"slow": 1.0, "stall": 20}[habit])
            if habit != "unannounced":
                self.wfile.write(self.server.content[half:])
        except OSError:
            pass  # the client has gone

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.content, server.release = [], CONTENT, threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.release.set()
        server.shutdown()


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))


# --- catalogue -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", data.CATALOGUE.values(), ids=data.CATALOGUE)
def test_entry_is_complete_and_agrees_with_its_card(entry):
    assert data.CATALOGUE[entry.name] is entry
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in entry.sha256.values())
    assert entry.stand_in is None or data.CATALOGUE[entry.stand_in].stand_in is None
    readme = runtime.shipped("README.md").read_text(encoding="utf-8")
    card = readme.split(f"\n## `{entry.name}`\n", 1)[1].split("\n## ")[0]
    facts = [f"**{entry.title}**", entry.source, entry.licence, entry.citation, entry.stand_in or "none needed"]
    facts += [*entry.sha256.values(), *(Path(name).name for name in entry.sha256)]
    facts += [f"{entry.size_bytes:,} bytes"] if entry.files else []
    assert [fact for fact in facts if fact not in card] == []


def test_readme_has_no_card_without_an_entry():
    readme = runtime.shipped("README.md").read_text(encoding="utf-8")
    assert re.findall("^## `(.*)`$", readme, re.MULTILINE) == list(data.CATALOGUE)


def test_addresses_and_checksum_are_those_of_keras():
    folder = Path(importlib.util.find_spec("keras").origin).parent / "src" / "datasets"
    cifar, fashion = ((folder / name).read_text(encoding="utf-8") for name in ("cifar10.py", "fashion_mnist.py"))
    (file,) = data.CATALOGUE["cifar10"].files
    assert file.url in cifar and file.sha256 in cifar
    assert file.keras_name == re.search('dirname = "(.*)"', cifar)[1] + "_archive"
    for file in data.CATALOGUE["fashion-mnist"].files:
        base, name = file.url.rsplit("/", 1)
        assert base in fashion and name in fashion and f'"{Path(file.name).parent}"' in fashion


def test_import_is_light():
    code = (
        "import sys; from aigc_utils import data; print({'tensorflow', 'keras', 'requests', 'PIL'} & set(sys.modules))"
    )
    root = Path(data.__file__).parents[1]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert run.stdout == "set()\n"


# --- load ------------------------------------------------------------------------------------------------------------


def cifar10_archive(path):
    """Write an archive like Krizhevsky's, 20 photos a batch; red is the class × 10, green the row, blue the column."""
    labels = np.arange(20) % 10
    photos = np.zeros((20, 3, 32, 32), np.uint8)
    photos[:, 0] = labels[:, None, None] * 10
    photos[:, 1], photos[:, 2] = np.arange(32)[:, None], np.arange(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name in ("data_batch_4", "readme.html", "test_batch", *(f"data_batch_{i}" for i in (3, 2, 5, 1))):
            batch = {b"data": photos.reshape(20, -1), b"labels": labels.tolist()}
            content = b"text" if name.endswith("html") else pickle.dumps(batch, protocol=2)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path.read_bytes()


def expect(monkeypatch, content, url):
    """Make the catalogue expect ``content`` at ``url`` as CIFAR-10."""
    file = dataclasses.replace(
        data._CIFAR10, url=url, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
    )
    monkeypatch.setattr(data, "_CIFAR10", file)


def write_npz(folder, count=20, **changes):
    photos, labels = np.zeros((count, 32, 32, 3), np.uint8), (np.arange(count) % 10).astype(np.uint8)
    arrays = {"x_train": photos, "y_train": labels, "x_test": photos[:10], "y_test": labels[:10], **changes}
    folder.mkdir(exist_ok=True)
    np.savez(folder / "cifar10.npz", **arrays)


@pytest.mark.parametrize("name", data.CATALOGUE)
def test_what_load_returns_without_a_network(name):
    begin = time.monotonic()
    train, test = data.load(name, "train"), data.load(name, "test")
    assert time.monotonic() - begin < 100  # it does not hang; drawing kittens on a busy machine takes most of this
    for dataset in (train, test):
        assert dataset.images.dtype == np.uint8 and dataset.images.ndim == 4 and dataset.labels.dtype == np.int64
        assert dataset.images.shape[1:] == ((28, 28, 1) if "fashion" in name else (32, 32, 3))
        assert len(dataset) == len(dataset.images) == len(dataset.labels) > 0
        assert set(dataset.labels) == set(range(len(dataset.classes)))
        assert dataset.images.flags.writeable and dataset.images.flags.c_contiguous
        assert (
            dataset.is_stand_in == ("standing in for" in dataset.source) == (data.CATALOGUE[name].stand_in is not None)
        )
    assert {image.tobytes() for image in train.images}.isdisjoint(image.tobytes() for image in test.images)
    assert (data.load(name, "test").images == test.images).all()


def test_absence_is_told_once(capsys):
    cats = data.load("cats")
    assert cats.source == "drawn kittens, standing in for CIFAR-10's cats"
    assert cats.classes == ("cat",) and (len(cats), len(data.load("cats", "test"))) == (5000 // 20, 1000 // 20)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("CIFAR-10's cats: not available (") and "In its place: drawn kittens." in line
    assert repr(cats) == f"{cats.source}: 250 images 32×32×3 (cat)"


def test_load_names_what_there_is():
    with pytest.raises(ValueError, match="no data set 'dogs'; the catalogue has cifar10, "):
        data.load("dogs")
    with pytest.raises(ValueError, match="split is 'validation'; expected one of train, test"):
        data.load("kittens", "validation")


@pytest.mark.parametrize("place", ["AIGC_DATA_DIR", "cache", "keras"])
def test_original_cifar10_is_read_wherever_it_lies(place, tmp_path, monkeypatch):
    name = "datasets/cifar-10-batches-py-target_archive" if place == "keras" else "cifar-10-python.tar.gz"
    content = cifar10_archive(tmp_path / place / name)
    expect(monkeypatch, content, "http://127.0.0.1:9/never-asked")
    if place == "AIGC_DATA_DIR":
        monkeypatch.setenv("AIGC_DATA_DIR", str(tmp_path / place))
    before = tree(tmp_path / place)
    train, test, cats = data.load("cifar10"), data.load("cifar10", "test"), data.load("cats")
    assert (len(train), len(test), len(cats)) == (100, 20, 10)
    assert (train.images[:, 0, 0, 0] == 10 * train.labels).all()  # red says the class, so photos and labels match
    assert (train.images[7, 5, 9] == (70, 5, 9)).all()  # green the row, blue the column
    assert (cats.images[..., 0] == 30).all() and cats.classes == ("cat",) and not cats.labels.any()
    assert (train.source, cats.source, train.is_stand_in) == ("CIFAR-10", "CIFAR-10's cats", False)
    assert repr(train) == "CIFAR-10: 100 images 32×32×3 (10 classes of 10)"
    assert tree(tmp_path / place) == before  # a data folder may be read-only


def test_jpeg_copy_comes_before_a_download(tmp_path, monkeypatch, server):
    write_npz(tmp_path / "data")
    monkeypatch.setenv("AIGC_DATA_DIR", str(tmp_path / "data"))
    expect(monkeypatch, CONTENT, f"{server.url}/good")
    for name in ("cifar10", "cifar10-jpeg"):
        photos = data.load(name)
        assert (photos.source, photos.name, photos.is_stand_in) == ("CIFAR-10 (JPEG copy)", "cifar10-jpeg", False)
    assert data.load("cats").source == "CIFAR-10's cats (JPEG copy)"
    assert len(data.load("cats", "test")) == 1 and server.requests == []


@pytest.mark.parametrize("damage", ["cut", "no array", "wrong type", "wrong labels"])
def test_damaged_jpeg_copy_is_named(damage, tmp_path, monkeypatch):
    changes = {"wrong type": {"x_train": np.zeros((20, 32, 32, 3))}, "wrong labels": {"y_train": np.full(20, 10)}}
    write_npz(tmp_path / "data", **changes.get(damage, {}))
    path = tmp_path / "data" / "cifar10.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:50_000])
    elif damage == "no array":
        np.savez(path, x_test=np.zeros(3))
    monkeypatch.setenv("AIGC_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(data.DataError, match=r"cifar10\.npz"):
        data.load("cats")


def test_wrong_local_file_is_named_and_kept(tmp_path, monkeypatch):
    path = tmp_path / "cache" / "cifar-10-python.tar.gz"
    cifar10_archive(path)
    with pytest.raises(data.DataError, match=r"python\.tar\.gz is not the file.*expected SHA-256 6d958be.*Delete it"):
        data.load("cifar10")
    assert path.exists()


def test_download_goes_to_the_cache_once(tmp_path, monkeypatch, server, capsys):
    server.content = cifar10_archive(tmp_path / "archive")
    expect(monkeypatch, server.content, f"{server.url}/good")
    assert len(data.load("cats")) == 10 and len(data.load("cifar10", "test")) == 20
    assert server.requests == ["/good"]
    assert tree(tmp_path / "cache") == ["cifar-10-python.tar.gz"] and capsys.readouterr().out == ""


def test_a_silent_server_is_asked_once(monkeypatch, server, capsys):
    monkeypatch.setattr(files, "_FIRST_ANSWER", 0.3)
    expect(monkeypatch, CONTENT, f"{server.url}/hang")
    assert all(data.load(name, split).is_stand_in for name in ("cats", "cifar10") for split in data.SPLITS)
    assert server.requests == ["/hang"]
    assert "no answer from 127.0.0.1" in capsys.readouterr().out


def test_offline_asks_nobody(monkeypatch, server, capsys):
    monkeypatch.setenv("AIGC_OFFLINE", "1")
    expect(monkeypatch, CONTENT, f"{server.url}/good")
    assert data.load("cats").is_stand_in and server.requests == []
    assert "AIGC_OFFLINE is set" in capsys.readouterr().out


def test_a_wrong_download_is_an_error_not_a_stand_in(tmp_path, monkeypatch, server):
    expect(monkeypatch, CONTENT[:-1] + b"?", f"{server.url}/good")
    with pytest.raises(data.DataError, match="is not the file it should be"):
        data.load("cats")
    assert tree(tmp_path / "cache") == []


def test_load_works_where_no_cache_can_be_made(tmp_path, monkeypatch, server):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "file"))
    assert len(data.load("fashion-mnist-test")) == 8000
    expect(monkeypatch, CONTENT, f"{server.url}/good")
    with pytest.raises(data.DataError, match="cannot write the cache folder.*AIGC_CACHE_DIR.*AIGC_OFFLINE"):
        data.load("cats")


@pytest.mark.parametrize("there", ["train", "t10k"])
def test_fashion_mnist_splits_come_from_one_source(there, tmp_path, monkeypatch):
    folder = tmp_path / "data" / "fashion-mnist"
    folder.mkdir(parents=True)
    images, labels = np.arange(2 * 28 * 28, dtype=np.uint8).tobytes(), bytes([3, 8])
    idx = {f"{there}-images-idx3": b"\0\0\x08\x03\0\0\0\x02\0\0\0\x1c\0\0\0\x1c" + images}
    idx[f"{there}-labels-idx1"] = b"\0\0\x08\x01\0\0\0\x02" + labels
    found = tuple(data._fashion(name, 1, hashlib.sha256(content).hexdigest()) for name, content in idx.items())
    for file, content in zip(found, idx.values(), strict=True):
        (tmp_path / "data" / file.name).write_bytes(gzip.compress(content))
    monkeypatch.setattr(data, "_FASHION_TRAIN" if there == "train" else "_FASHION_TEST", found)
    monkeypatch.setenv("AIGC_DATA_DIR", str(tmp_path / "data"))
    train, test = data.load("fashion-mnist"), data.load("fashion-mnist", "test")
    assert train.is_stand_in == test.is_stand_in == (there == "t10k")
    if there == "train":  # the test photos are shipped, so both splits are the real ones
        assert train.labels.tolist() == [3, 8] and (train.images.ravel() == np.frombuffer(images, np.uint8)).all()
        assert len(test) == 10_000


def test_shipped_photos_are_debians():
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in runtime.shipped("fashion-mnist").glob("*.gz")
    }
    assert digests == {  # of the files as Debian packs them
        "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
        "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    }
    assert "Zalando SE" in runtime.shipped("fashion-mnist", "LICENSE").read_text(encoding="utf-8")


@pytest.mark.skipif(not REAL_DATA, reason="AIGC_DATA_DIR is not set")
def test_real_photographs(monkeypatch):
    monkeypatch.setenv("AIGC_DATA_DIR", REAL_DATA)
    train, test = data.load("cats"), data.load("cats", "test")
    assert (train.images.shape, test.images.shape) == ((5000, 32, 32, 3), (1000, 32, 32, 3))
    assert not train.is_stand_in and train.source.startswith("CIFAR-10's cats")
    assert np.bincount(data.load("cifar10", "test").labels).tolist() == [1000] * 10
    fashion = data.load("fashion-mnist")
    assert fashion.images.shape == (60_000, 28, 28, 1) and not fashion.is_stand_in


# --- download --------------------------------------------------------------------------------------------------------


def test_download_replaces_what_was_there(tmp_path, server):
    path = tmp_path / "new" / "folder" / "file.bin"
    for _ in range(2):
        assert data.download(f"{server.url}/good", path, SHA256, len(CONTENT)) == path
        assert path.read_bytes() == CONTENT and tree(path.parent) == ["file.bin"]
        path.write_bytes(b"old")


def test_a_checksum_may_be_written_in_capitals(tmp_path, server):
    path = data.download(f"{server.url}/good", tmp_path / "file.bin", SHA256.upper())
    data.verify(path, SHA256.upper())
    assert path.read_bytes() == CONTENT


def test_a_file_that_has_moved_is_followed(tmp_path, server):
    """The answer that says where to is a web page, and no login."""
    path = data.download(f"{server.url}/moved", tmp_path / "file.bin", SHA256)
    assert path.read_bytes() == CONTENT and server.requests == ["/moved", "/good"]


def test_checksum_of_the_content_ignores_the_gzip_header(tmp_path, server):
    for mtime in (0, 1_500_000_000):
        server.content = gzip.compress(CONTENT, 1, mtime=mtime)
        data.download(f"{server.url}/good", tmp_path / "file.gz", SHA256, unpacked=True)


def test_a_gzip_file_arrives_as_it_is(tmp_path, server):
    server.content = gzip.compress(CONTENT, 1)
    path = data.download(f"{server.url}/packing", tmp_path / "a.gz", hashlib.sha256(server.content).hexdigest())
    assert path.read_bytes() == server.content


@pytest.mark.parametrize(
    ("habit", "kind", "message"),
    [
        ("404", data.Unavailable, "404"),
        ("500", data.Unavailable, "500"),
        ("hang", data.Unavailable, r"no answer from 127.0.0.1:\d+ within 0.4 s|timed out"),
        ("stall", data.Unavailable, "from 127.0.0.1.* failed: .*timed out"),
        ("truncated", data.Unavailable, "400000 bytes read, 5000 more expected"),
        ("unannounced", data.DataError, "expected SHA-256 .*, received .* in 200,000 bytes"),
        ("login", data.Unavailable, "a web page instead of the file"),
        ("too long", data.DataError, "sends more than the 300,000 bytes"),
        ("wrong checksum", data.DataError, "expected SHA-256 0000.*, received .* Nothing was kept"),
        ("no gzip", data.DataError, "received a damaged gzip file"),
        ("cut gzip", data.DataError, "received a damaged gzip file"),
        ("no server", data.Unavailable, "from 127.0.0.1.* failed: "),
        ("no name server", data.Unavailable, r"no answer from 127.0.0.1:\d+ within 0.4 s"),
        ("no network", data.Unavailable, "from nowhere.invalid failed: "),
    ],
)
def test_faulty_download_changes_nothing(habit, kind, message, tmp_path, monkeypatch, server):
    patience = 0.4 if habit in ("hang", "stall", "no name server") else 20.0  # a busy machine answers late
    monkeypatch.setattr(files, "_FIRST_ANSWER", patience)
    monkeypatch.setattr(files, "_STALL", patience)
    url, sha256 = f"{server.url}/{habit.replace(' ', '-')}", SHA256
    if habit == "no server":
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    elif habit == "no name server":
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2))
    elif habit == "no network":
        url = "https://nowhere.invalid/file"
    elif habit == "cut gzip":
        server.content = gzip.compress(CONTENT, 1)[:-1000]
    elif habit == "wrong checksum":
        sha256 = "0" * 64
    path = tmp_path / "file.bin"
    path.write_bytes(b"what was there before")
    with pytest.raises(data.DataError, match=message) as caught:
        data.download(url, path, sha256, 300_000 if habit == "too long" else None, unpacked="gzip" in habit)
    assert caught.type is kind
    assert tree(tmp_path) == ["file.bin"] and path.read_bytes() == b"what was there before"


@pytest.fixture
def small_disk(tmp_path):
    """Return a function that mounts a disk of 100 kB, where the system lets us."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", f"size=100k,{options}", "tmpfs", str(folder)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("only root on Linux may mount a disk; the next test simulates one")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(("options", "message"), [("rw", "No space left on device"), ("ro", "Read-only file system")])
def test_real_disk_that_is_full_or_read_only(options, message, small_disk, server, tmp_path, monkeypatch):
    folder = small_disk(options)
    with pytest.raises(data.DataError, match=f"cannot write .*: {message}. Free some space or set AIGC_CACHE_DIR"):
        data.download(f"{server.url}/good", folder / "file.bin", SHA256)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("file.bin", CONTENT)
    with pytest.raises(data.DataError, match=f"cannot unpack .*: {message}"):
        data.extract(archive, folder / "photos")
    assert tree(folder) == []
    monkeypatch.setenv("AIGC_CACHE_DIR", str(folder))
    server.content = cifar10_archive(tmp_path / "archive") + bytes(200_000)
    expect(monkeypatch, server.content, f"{server.url}/good")
    with pytest.raises(data.DataError, match=message):
        data.load("cats")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_simulated_disk_that_refuses(code, tmp_path, monkeypatch, server):
    class Refusing(io.FileIO):
        def write(self, block):
            super().write(block[:1000])
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files, "open", lambda path, mode: Refusing(path, mode.replace("b", "")), raising=False)
    with pytest.raises(data.DataError, match=f"cannot write .*file.bin: {os.strerror(code)}"):
        data.download(f"{server.url}/good", tmp_path / "file.bin", SHA256)
    assert tree(tmp_path) == []


def downloading(url, path):
    """Start another process that downloads."""
    # Where the tests run in the background of a shell, SIGINT is ignored and children inherit that.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listen}; from aigc_utils import data; data.download({url!r}, {str(path)!r}, {SHA256!r})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=Path(data.__file__).parents[1], stderr=subprocess.DEVNULL)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a single process")
@pytest.mark.parametrize("kind", ["SIGINT", "SIGKILL"])
def test_stopped_download_leaves_nothing_that_counts(kind, tmp_path, server):
    path = tmp_path / "file.bin"
    process = downloading(f"{server.url}/stall", path)
    end = time.monotonic() + 20
    while not any(partial.stat().st_size for partial in tmp_path.glob(".*.part")):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    process.send_signal(getattr(signal, kind))
    process.wait(10)
    leftovers = list(tmp_path.iterdir())
    assert path not in leftovers and (kind == "SIGKILL" or leftovers == [])
    for partial in leftovers:  # a day later
        os.utime(partial, (0, 0))
    data.download(f"{server.url}/good", path, SHA256)
    assert tree(tmp_path) == ["file.bin"] and path.read_bytes() == CONTENT


def test_two_processes_download_at_once(tmp_path, server):
    path = tmp_path / "file.bin"
    processes = [downloading(f"{server.url}/slow", path) for _ in range(2)]
    assert [process.wait(20) for process in processes] == [0, 0]
    assert tree(tmp_path) == ["file.bin"] and path.read_bytes() == CONTENT and len(server.requests) == 2


# --- archives --------------------------------------------------------------------------------------------------------


def write_archive(path, members):
    """Write (name, content) members; content may be a `tarfile` type for a link or a device."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = (0o120777 if content == tarfile.SYMTYPE else 0o100644) << 16
                archive.writestr(info, content)
        return path
    with tarfile.open(path, f"w:{path.suffix[1:]}".removesuffix("tar")) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE):
                info.type, info.linkname = content, "../secret"
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz"])
def test_extract(name, tmp_path):
    members = [("cat.txt", b"miau"), ("./deep/er/empty.txt", b""), ("deep/12.30.bin", CONTENT)]
    folder = data.extract(write_archive(tmp_path / name, members), tmp_path / "out" / "cats")
    assert tree(folder) == ["cat.txt", "deep", "deep/12.30.bin", "deep/er", "deep/er/empty.txt"]
    assert (folder / "deep" / "12.30.bin").read_bytes() == CONTENT and tree(tmp_path / "out")[0] == "cats"
    with pytest.raises(FileExistsError, match="cats exists"):
        data.extract(tmp_path / name, folder)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize(
    "member",
    [
        ("../escaped.txt", b"!"),
        ("deep/../../escaped.txt", b"!"),
        ("/escaped.txt", b"!"),
        ("..\\escaped.txt", b"!"),
        ("C:\\escaped.txt", b"!"),
        ("link", tarfile.SYMTYPE),
        ("link", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
    ],
)
def test_hostile_archive_unpacks_nothing(name, member, tmp_path):
    if name == "a.zip" and member[1] in (tarfile.LNKTYPE, tarfile.CHRTYPE):
        pytest.skip("a zip file has neither hard links nor devices")
    archive = write_archive(tmp_path / name, [("cat.txt", b"miau"), member])
    with pytest.raises(data.DataError, match=r"the archive holds .* Nothing was unpacked"):
        data.extract(archive, tmp_path / "cats")
    assert tree(tmp_path) == [name]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.txt", "a.locked.zip", "missing.zip"])
def test_unreadable_archive_unpacks_nothing(name, tmp_path):
    path = tmp_path / name
    if name == "a.txt":
        path.write_text("no archive")
    elif name != "missing.zip":
        write_archive(path, [("cat.txt", b"miau"), ("noise.bin", CONTENT)])
        content = bytearray(path.read_bytes())
        if name == "a.locked.zip":  # the flag of an encrypted member, in the central directory
            content[content.index(b"PK\1\2") + 8] |= 1
            content[6] |= 1
        elif name == "a.zip":
            content[200_000] ^= 255
        else:
            content = content[:200_000]
        path.write_bytes(content)
    with pytest.raises(data.DataError, match=path.name):
        data.extract(path, tmp_path / "cats")
    assert tree(tmp_path) == ([] if name == "missing.zip" else [name])


# --- your own images -------------------------------------------------------------------------------------------------


def test_load_folder_reads_the_usual_formats(tmp_path):
    colour = (200, 100, 50)
    (tmp_path / "more").mkdir()
    names = ["a.jpg", "b.png", "c.webp", "d.bmp", "e.tiff", "f.gif", "more/A.JPEG"]
    for name in names:
        Image.new("RGB", (40, 30), colour).save(tmp_path / name)
    for hidden in (".hidden.png", ".DS_Store", "more/Thumbs.db"):
        (tmp_path / hidden).write_text("not for you")
    folder = data.load_folder(str(tmp_path), size=(16, 24))
    assert folder.images.shape == (7, 16, 24, 3) and folder.images.dtype == np.uint8 and folder.unreadable == []
    assert [str(path.relative_to(tmp_path)).replace("\\", "/") for path in folder.paths] == names
    assert np.abs(folder.images.astype(int) - colour).max() <= 4
    assert repr(folder) == "7 images 16×24×3, 0 files not readable"


def pictures():
    """Yield (name, picture, the colour it should have, options to save it with)."""
    yield "grey.png", Image.new("L", (9, 9), 77), (77, 77, 77), {}
    yield "one-bit.png", Image.new("1", (9, 9), 1), (255, 255, 255), {}
    yield "16-bit.png", Image.fromarray(np.full((9, 9), 128 * 257, np.uint16)), (128, 128, 128), {}
    yield "16-bit.tiff", Image.fromarray(np.full((9, 9), 65535, np.uint16)), (255, 255, 255), {}
    yield "half-clear.png", Image.new("RGBA", (9, 9), (255, 0, 0, 128)), (255, 127, 127), {}
    yield "clear-grey.png", Image.new("LA", (9, 9), (0, 0)), (255, 255, 255), {}
    yield "clear-rgb.png", Image.new("RGB", (9, 9), (1, 2, 3)), (255, 255, 255), {"transparency": (1, 2, 3)}
    yield "palette.png", Image.new("RGB", (9, 9), (10, 200, 30)).quantize(4), (10, 200, 30), {}
    yield "clear-palette.gif", Image.new("P", (9, 9), 0), (255, 255, 255), {"transparency": 0}
    yield "cmyk.jpg", Image.new("CMYK", (9, 9), (0, 255, 255, 0)), (255, 0, 0), {"quality": 100}
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    yield "film.gif", frames[0], (255, 0, 0), {"save_all": True, "append_images": frames[1:]}
    yield "film.webp", frames[0], (255, 0, 0), {"save_all": True, "append_images": frames[1:], "lossless": True}


@pytest.mark.parametrize(("name", "picture", "colour", "options"), list(pictures()), ids=[p[0] for p in pictures()])
def test_load_folder_converts_every_kind_of_pixel(name, picture, colour, options, tmp_path):
    picture.save(tmp_path / name, **options)
    image = data.load_folder(tmp_path, size=(8, 8)).images[0].astype(int)
    assert np.abs(image - colour).max() <= 2


@pytest.mark.parametrize("suffix", ["tiff", "png"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_white_of_a_deep_picture_is_what_its_brightest_pixel_needs(bits, suffix, tmp_path):
    """Half of it is black, half has the greatest value of this depth: all of white, whatever the depth."""
    pixels = np.zeros((8, 8), np.uint16)
    pixels[:, 4:] = 2**bits - 1
    pixels[0, 4:] = 2 ** (bits - 1)
    Image.fromarray(pixels).save(tmp_path / f"deep.{suffix}")
    image = data.load_folder(tmp_path, size=(8, 8)).images[0]
    assert image[4, 0].tolist() == [0, 0, 0] and image[4, 7].tolist() == [255] * 3 and image[0, 7].tolist() == [128] * 3


def test_deep_colours_that_would_be_black_are_named(tmp_path):
    """A PNG with 16 bits a channel, of which 12 are used: Pillow keeps the upper 8, so 15 of 255 is left."""
    for name, most in (("dark", 4095), ("full", 65535)):
        lines = b"".join(b"\0" + np.full(12, most, ">u2").tobytes() for _ in range(4))
        chunks = (
            (b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(lines)),
            (b"IEND", b""),
        )
        parts = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks]
        (tmp_path / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    folder = data.load_folder(tmp_path, size=(4, 4))
    assert [path.name for path in folder.paths] == ["full.png"] and (folder.images == 255).all()
    assert "at most 14 of them" in folder.unreadable[0][1]


@pytest.mark.skipif(os.name == "nt", reason="links and pipes as Unix has them")
def test_load_folder_follows_links_once(tmp_path, capsys):
    album, elsewhere = tmp_path / "album", tmp_path / "elsewhere"
    for folder in (album / "real", elsewhere / "deep", elsewhere / ".hidden"):
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 8), "red").save(folder / "cat.png")
    (album / "a link").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(album)  # a loop
    (album / "again").symlink_to(album / "real")  # the same pictures twice
    (album / "linked.png").symlink_to(album / "real" / "cat.png")  # a link to a file is a file
    (album / "broken.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(album / "pipe.png")
    found = data.load_folder(album, size=np.array([8, 8]))
    names = [path.relative_to(album).as_posix() for path in found.paths]
    assert names == ["a link/deep/cat.png", "linked.png", "real/cat.png"]
    assert [path.name for path, _ in found.unreadable] == ["broken.png", "pipe.png"]
    assert capsys.readouterr().out.count("a broken link, or no plain file") == 2


def test_load_folder_names_a_folder_that_is_closed(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "cat.png")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may open every folder
    folder = data.load_folder(tmp_path)
    assert folder.unreadable == [(tmp_path / "closed", "Permission denied")] and len(folder.images) == 1


def test_load_folder_sets_photos_upright_and_crops_the_middle(tmp_path):
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, 100:200] = 255  # black, white, black from left to right
    pixels[:50, :, 1:] = 0  # its upper half is red where it was white
    for name, orientation in (("flat", 1), ("turned", 6)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(np.rot90(pixels, orientation // 6)).save(tmp_path / f"{name}.png", exif=exif)
    flat, turned = data.load_folder(tmp_path, size=(20, 20)).images
    assert (flat == turned).all()
    assert (flat[2, 10] == (255, 0, 0)).all() and (flat[-3, [2, -3]] > 250).all()
    squeezed = data.load_folder(tmp_path, size=(20, 20), crop=False).images[0]
    assert (squeezed[-3, 2] < 5).all() and (squeezed[-3, 10] > 250).all()


def test_load_folder_shrinks_a_large_photo_well(tmp_path):
    y, x = np.mgrid[0:1500, 0:2000]
    Image.fromarray(np.stack([x // 8, y // 8, (x + y) % 2 * 255], -1).astype(np.uint8)).save(
        tmp_path / "a.jpg", quality=95
    )
    image = data.load_folder(tmp_path, size=(30, 40)).images[0].astype(int)
    assert abs(image[15, 20, 0] - 127) < 8 and abs(image[15, 20, 1] - 96) < 8  # 250 × ½ and 187 × ½, roughly
    assert np.abs(image[..., 2] - 127).max() < 12  # a fine chequerboard becomes grey, not stripes


def test_load_folder_names_what_it_cannot_read_and_goes_on(tmp_path, capsys, monkeypatch):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "good.png")
    content = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[:2000])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "letter.png").write_text("Dear cat")
    Image.new("L", (200, 100)).save(tmp_path / "huge.png")
    Image.new("F", (8, 8)).save(tmp_path / "measured.tiff")
    (tmp_path / "sub.jpg").mkdir()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    folder = data.load_folder(tmp_path)
    assert [path.name for path in folder.paths] == ["good.png"] and folder.images.shape == (1, 32, 32, 3)
    reasons = {path.name: reason for path, reason in folder.unreadable}
    assert list(reasons) == ["cut.png", "empty.jpg", "huge.png", "letter.png", "measured.tiff"]
    assert reasons["huge.png"] == "more than 10,000 pixels" and "truncated" in reasons["cut.png"]
    assert reasons["letter.png"] == reasons["empty.jpg"] == "not a picture in a format that Pillow knows"
    assert "whose range is unknown" in reasons["measured.tiff"]
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"not readable: {name}: {reason}" for name, reason in reasons.items()]
    assert data.load_folder(tmp_path, quiet=True).unreadable == folder.unreadable and not capsys.readouterr().out


def test_load_folder_keeps_pictures_in_a_nameless_file(tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "cache"))
    for k, image in enumerate(np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)):
        Image.fromarray(image).save(tmp_path / f"{k}.png")
    (tmp_path / "1.png").write_bytes(b"broken")
    held, mapped = (data.load_folder(tmp_path, mapped=option) for option in (False, True))
    np.testing.assert_array_equal(held.images, mapped.images)
    assert isinstance(mapped.images, np.memmap) and not isinstance(held.images, np.memmap)
    if os.name == "posix":  # elsewhere it has a name until it is closed
        assert list((tmp_path / "cache").iterdir()) == []


def test_a_full_disk_is_named_before_pictures_are_written_to_it(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=2_900_000))
    assert files.mapped_array((10, 10), np.uint8).shape == (10, 10)
    with pytest.raises(data.DataError, match="has 3 MB left; expected 3 MB for the pictures. Free some space"):
        files.mapped_array((1000, 1000, 3), np.uint8)


def test_load_folder_refuses_what_is_no_folder_of_pictures(tmp_path):
    with pytest.raises(NotADirectoryError, match="missing; expected a folder"):
        data.load_folder(tmp_path / "nowhere")
    (tmp_path / "note.txt").write_text("Dear cat")
    with pytest.raises(NotADirectoryError, match="a file; expected a folder"):
        data.load_folder(tmp_path / "note.txt")
    with pytest.raises(ValueError, match="no readable picture among 1 files"):
        data.load_folder(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no readable picture among 0 files"):
        data.load_folder(tmp_path / "empty")
    for size in ((0, 5), (32,), 64, (32.0, 32.0), "32", None):
        with pytest.raises(ValueError, match=r"size is .*; expected \(height, width\)"):
            data.load_folder(tmp_path, size=size)


# --- pixel ranges ----------------------------------------------------------------------------------------------------


@given(hnp.arrays(np.uint8, hnp.array_shapes(max_dims=4, max_side=6)))
def test_to_unit_and_back_changes_nothing(images):
    unit = data.to_unit(images)
    assert unit.dtype == np.float32 and unit.shape == images.shape and np.abs(unit).max() <= 1
    assert (data.to_uint8(unit) == images).all()
    assert (data.to_uint8(unit.astype(np.float64)) == images).all()


@given(hnp.arrays(np.float32, 5, elements=st.floats(-2, 2, width=32)))
def test_to_uint8_rounds_to_the_nearest_and_clips(values):
    nearest = np.abs(data.to_unit(np.arange(256, dtype=np.uint8))[:, None] - np.clip(values, -1, 1)).min(0)
    assert (np.abs(data.to_unit(data.to_uint8(values)) - np.clip(values, -1, 1)) <= nearest + 1e-6).all()


def test_pixel_ranges_have_fixed_ends_and_refuse_others():
    assert data.to_unit(np.array([0, 255], np.uint8)).tolist() == [-1, 1]
    assert data.to_uint8(np.array([-2.0, -1, 0, 1, 2])).tolist() == [0, 0, 128, 255, 255]
    with pytest.raises(TypeError, match="received float64 images; expected uint8"):
        data.to_unit(np.zeros(3))
    with pytest.raises(TypeError, match="received uint8 images; expected floating point"):
        data.to_uint8(np.zeros(3, np.uint8))
    for value in (np.nan, np.inf, 2.1, 255.0):
        with pytest.raises(ValueError, match=r"NaN or infinite values; expected \[-1, 1\]"):
            data.to_uint8(np.array([0, value]))
