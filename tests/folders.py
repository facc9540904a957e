"""Folders of pictures as tests write them, and what lies in them afterwards."""

from PIL import Image

FILM = b"\0\0\0\x18ftypmp42" + bytes(100)  # the beginning of a video file


def save(images, folder, suffix="png", first=0, **options):
    """Write pictures to a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, image in enumerate(images, first):
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
            folder / f"{k:03}.{suffix}", **options
        )
    return folder


def contents(path):
    """Return {name: bytes} of all files below a folder, of a single file, or of nothing."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.exists() else []
    return {str(file): file.read_bytes() for file in files if file.is_file()}
