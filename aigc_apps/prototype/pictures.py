"""What `prototype` does first: look at a folder of pictures, clean it, say what was found, and set a part aside."""

import contextlib
import dataclasses
import hashlib
import json
import tempfile
import warnings
from pathlib import Path

from aigc_utils import files, preparation, runtime

import numpy as np

SIZES = (32, 48, 64)  # pixels of a side
MINUTES = 10  # that 32×32 needs on two cores (benchmarks/README.md); a larger picture more, by its area
LONGEST = 3  # times as long as wide: of a longer picture the centred square shows less than a third
LEAST, LEAST_CLASS = 100, 10  # different pictures in all, and groups of near duplicates in a class
HELD_OUT, MOST_HELD_OUT = 0.2, 2000  # share of the pictures, and their number at most
MOST_IN_A_GROUP = 0.2  # of all pictures: beyond, pictures that are merely alike were taken for near duplicates


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Pictures:
    """What `look` found: uint8 (n, side, side, 1 or 3), labels (n,) into ``classes``, which are () without subfolders.

    The first ``trained`` pictures are to be trained on, the others are held out. ``images`` lie in a file that vanishes
    with them (`numpy.memmap`): a set may be larger than the memory. ``facts`` are sentences, ``sha256`` is that of
    pictures and classes.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    names: list[str]
    trained: int
    facts: tuple[str, ...]
    sha256: str

    @property
    def training(self):
        """The (images, labels) to train on."""
        return self.images[: self.trained], self.labels[: self.trained]

    @property
    def held_out(self):
        """The (images, labels) that are set aside."""
        return self.images[self.trained :], self.labels[self.trained :]


def counted(number, one, more):
    """Return a number before the words for one, or for more."""
    return f"{number:,} {one if number == 1 else more}"


@contextlib.contextmanager
def _opened(path):
    """Give the folder of pictures that ``path`` is, or that the archive ``path`` holds."""
    path = Path(path).expanduser()
    if path.is_dir():
        yield path
    elif not path.exists():
        raise FileNotFoundError(f"{path} is missing; expected a folder of pictures, or a zip of one.")
    else:
        with tempfile.TemporaryDirectory() as folder:
            try:
                unpacked = files.extract(path, Path(folder, path.stem))
            except files.DataError as error:
                raise files.DataError(f"{error} Expected a folder of pictures, or a zip of one.") from error
            yield unpacked


def _stamps(folder):
    """Return {path: (bytes, time of change)} of all files."""
    found = {}
    for path in files.walk(folder)[0]:
        with contextlib.suppress(OSError):
            found[path] = (path.stat().st_size, path.stat().st_mtime_ns)
    return found


def _header(path):
    """Return (format, shorter side, longer side) of a picture; None where there is none."""
    from PIL import Image

    with contextlib.suppress(Exception), warnings.catch_warnings():  # `files.load_folder` says what is wrong
        warnings.simplefilter("ignore")
        with Image.open(path if path.is_file() else None) as opened:
            return opened.format, *sorted(opened.size)
    return None


def _size(asked, shorter, minutes):
    """Return the side in pixels, and why."""
    if asked is not None:
        if asked not in SIZES:
            raise ValueError(f"received size = {asked}; expected one of {', '.join(map(str, SIZES))}.")
        return asked, "you asked for it"
    median, speed = np.median(shorter), 10 if runtime.profile() == "gpu" else 1
    asks = {side: MINUTES * (side / SIZES[0]) ** 2 / speed for side in SIZES}
    chosen = max([side for side in SIZES if side <= median and asks[side] <= minutes], default=SIZES[0])
    said = ", ".join(f"{side} needs {asks[side]:g} minutes" for side in SIZES)
    return chosen, f"the shorter side is {median:g} pixels in the median, and {said}"


def look(path, size=None, grey=None, minutes=MINUTES, seed=0):
    """Return the `Pictures` of a folder, or a zip of one; ValueError where they are none to train on.

    The centred square of each is kept. Left out, counted and said: what cannot be read, what is more than `LONGEST`
    times as long as wide, exact repeats, pictures beside the folders of classes, classes of fewer than `LEAST_CLASS`.
    ``seed`` decides which are held out. A folder that changes meanwhile is a `DataError`.
    """
    with _opened(path) as folder:
        before = _stamps(folder)
        headers = {name: found for name in before if (found := _header(name))}
        side, why = _size(size, [header[1] for header in headers.values()] or [0], minutes)
        found = files.load_folder(folder, (side, side), mapped=True, quiet=True)
        if changed := {name for name, _ in before.items() ^ _stamps(folder).items()}:
            example = min(changed).relative_to(folder)
            said = f"{path} changed while it was read: {counted(len(changed), 'file', 'files')}, such as {example}"
            raise files.DataError(f"{said}. Wait until nothing writes to it, and call again; nothing was kept.")
        facts = [*_counted(headers, found, folder), f"Size {side}×{side}: {why}."]
        names = [str(name.relative_to(folder)) for name in found.paths]
    long = [headers[name][2] > LONGEST * headers[name][1] if name in headers else False for name in found.paths]
    kept, tops, groups = _cleaned(found.images, names, np.array(long), facts)
    if grey is None:
        colourful = sum(np.mean(np.ptp(found.images[k], axis=-1) > 8) > 0.01 for k in kept)  # of its pixels
        facts.append(f"{colourful:,} of {len(kept):,} pictures {'has' if colourful == 1 else 'have'} colours.")
        grey = not colourful
    classes, labels = _classes(tops, facts)
    training, held_out = split(labels, groups, seed)
    facts.append(f"{len(kept):,} pictures are left{'' if len(kept) >= 1000 else ', few for a generator'}.")
    facts.append(f"{len(held_out):,} of them are held out.")
    order = np.r_[training, held_out]
    images = _ordered(found.images, kept[order], grey)
    digest = hashlib.sha256(images)
    digest.update(json.dumps([images.shape, classes]).encode() + labels[order].astype("<i4").tobytes())
    names = [names[k] for k in kept[order]]
    return Pictures(images, labels[order], classes, names, len(training), tuple(facts), digest.hexdigest())


def _counted(headers, found, folder):
    """Return sentences about the files."""
    formats, shorter, longer = zip(*(headers[name] for name in found.paths if name in headers), strict=True)
    kinds = ", ".join(f"{formats.count(kind):,} {kind}" for kind in sorted(set(formats)))
    said = [f"{counted(len(found.paths), 'picture', 'pictures')} can be read ({kinds})."]
    if found.unreadable:
        examples = "; ".join(f"{name.relative_to(folder)}: {reason}" for name, reason in found.unreadable[:3])
        left_out = counted(len(found.unreadable), "file cannot be read and was", "files cannot be read and were")
        said.append(f"{left_out} left out ({examples}).")
    cut = counted(np.count_nonzero(np.less(shorter, longer)), "is", "are")
    ends = f"{min(shorter)} to {max(shorter)} pixels"
    return [*said, f"The shorter side has {ends}; {cut} not square: the centred square is kept."]


def _cleaned(images, names, long, facts):
    """Return the places (n,) of the pictures that are left, the class folder of each, and its group of duplicates."""
    tops, kept = np.array(_top_folders(names)), np.arange(len(images))

    def leave_out(kept, wrong, why):
        if wrong.any():
            facts.append(f"{counted(wrong.sum(), 'picture was', 'pictures were')} left out: {why}.")
        return kept[~wrong]

    kept = leave_out(kept, long, f"more than {LONGEST} times as long as wide")
    if (tops != "").any():
        kept = leave_out(kept, tops[kept] == "", "beside the folders that are the classes")
    first = {}
    owner = np.array([first.setdefault(hashlib.sha256(images[k]).digest(), k) for k in kept], int)
    elsewhere = counted(np.count_nonzero(tops[owner] != tops[kept]), "of which lies", "of which lie")
    kept = leave_out(kept, owner != kept, f"exact repeats of others, {elsewhere} in another class")
    _insist(len(kept), facts)
    groups = _groups([images[k] for k in kept], facts)
    sizes = {top: len(set(groups[tops[kept] == top])) for top in set(tops[kept])}
    small = [top for top, size in sorted(sizes.items()) if top and size < LEAST_CLASS]
    wrong = np.isin(tops[kept], small)
    few = f"the class {small[0]} has" if len(small) == 1 else f"the classes {', '.join(small)} have"
    kept = leave_out(kept, wrong, f"{few} fewer than {LEAST_CLASS} that differ")
    _insist(len(kept), facts)
    return kept, tops[kept], np.unique(groups[~wrong], return_inverse=True)[1]


def _insist(count, facts):
    """Raise ValueError where too few pictures are left."""
    if count < LEAST:
        said = f"received {count} different pictures; expected {LEAST} or more, and thousands for a good generator"
        advice = "Collect more; 01_data_preparation shows how, and how augmentation helps."
        raise ValueError(f"{said}. {' '.join(facts)} {advice}")


def _top_folders(names):
    """Return each picture's class, the first folder below that which all share; "" without one, or where one is all."""
    parts = [Path(name).parts for name in names]
    while all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    tops = [part[0] if len(part) > 1 else "" for part in parts]
    return tops if len({*tops} - {""}) > 1 else [""] * len(tops)


def _groups(images, facts):
    """Return a number (n,) for each picture, equal for near duplicates, with a sentence about them."""
    looks = preparation.looks(images)
    for threshold in (24, 12, 6, 0):  # of 256 bits; 24 is that of 01_data_preparation for drawings
        groups = preparation.linked(looks, threshold)
        counts = np.bincount(groups)
        if counts.max() <= MOST_IN_A_GROUP * len(images):
            break
    else:
        facts.append("The pictures are so much alike that near duplicates among them cannot be told: look yourself.")
        return np.arange(len(images))
    alike = f"hashes at most {threshold} of 256 bits apart"
    facts.append(f"{counts[counts > 1].sum():,} pictures have near duplicates ({alike}): these stay together.")
    return groups


def _classes(tops, facts):
    """Return the names of the classes, () for one, and the labels (n,) into them."""
    classes, labels, counts = np.unique(tops, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        return (), labels.astype(np.int32)
    sizes = ", ".join(f"{name} {count:,}" for name, count in zip(classes, counts, strict=True))
    uneven = " They are uneven: whatever is rare is learnt badly." if counts.max() > 10 * counts.min() else ""
    facts.append(f"{len(classes)} classes: {sizes}.{uneven}")
    return tuple(map(str, classes)), labels.astype(np.int32)


def _ordered(images, places, grey):
    """Return the pictures at ``places`` in a file of their own, in grey where that is asked for."""
    copied = files.mapped_array((len(places), *images.shape[1:3], 1 if grey else 3), np.uint8)
    for k, image in enumerate(images[place] for place in places):
        copied[k] = np.rint(image @ np.float32([0.299, 0.587, 0.114]))[..., None] if grey else image
    return copied


def split(labels, groups, seed=0):
    """Return (training, held-out) places: a share of every class is set aside, near duplicates never on both sides."""
    share = min(HELD_OUT, MOST_HELD_OUT / len(labels))
    first = np.unique(groups, return_index=True)[1]
    own = labels[first][groups]  # a group counts for the class of its first picture
    parts = {"training": [], "held out": []}
    for label in np.unique(own):
        members = np.flatnonzero(own == label)
        found = preparation.group_split(groups[members], {"training": 1 - share, "held out": share}, (seed, int(label)))
        for part, places in found.items():
            parts[part].append(members[places])
    return tuple(np.sort(np.concatenate(places)) for places in parts.values())


def facing(images):
    """Return the share of every second picture that the mean of the others tells from its mirror image, and its error.

    Half where both sides look alike, give or take the error (two standard deviations); 1 where all shoes point the
    same way.
    """
    images = images[:: -(-len(images) // 4000)]  # a bound on memory
    count, side = images.shape[:2]
    means = images.mean(-1, dtype=np.float32).reshape(count, 8, side // 8, 8, side // 8).mean((2, 4))
    odd = (means - means[:, :, ::-1])[:, :, :4].reshape(count, -1)
    seen = odd[1::2] @ odd[::2].mean(0) > 0
    return float(seen.mean()), 1 / len(seen) ** 0.5
