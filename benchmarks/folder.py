"""Reading a folder of pictures: on one core and on all; and the memory of a prototype against the number of pictures.

python benchmarks/folder.py              what folder.json lacks, into folder.json
python benchmarks/folder.py 10000 GAN    the memory of so many pictures, in this process

The pictures are JPEGs: drawn kittens enlarged to 4,000×3,000 pixels for the reading, soft patches of 64×64 for the
memory. A run looks, trains some steps of either family and judges, as `prototype.run` does.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STORE = HERE / "folder.json"
sys.path.insert(0, str(HERE.parent))

from aigc_utils import files, kittens, runtime  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

RUNS = ((1_000, "GAN"), (1_000, "flow"), (10_000, "GAN"), (100_000, "GAN"))
PHOTOS, ROUNDS = 40, 5
SIDE = 64


def photographs(folder, count=PHOTOS):
    """Write ``count`` JPEGs of 12 megapixels: enlarged kittens with noise, so that they have a photo's bytes."""
    rng = np.random.default_rng(0)
    for k, image in enumerate(kittens.sample(count, seed=1)[0]):
        large = np.asarray(Image.fromarray(image).resize((4000, 3000), Image.Resampling.BICUBIC))
        noisy = large + rng.integers(-8, 9, large.shape[:2])[..., None]
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{k}.jpg", quality=90)


def reading(folder):
    """Return the seconds a photograph that `files.load_folder` takes on one core and on all, in turns."""
    seconds, cores = {"one core": [], "all cores": []}, os.cpu_count()
    for _ in range(ROUNDS):
        for name, workers in (("one core", 1), ("all cores", cores)):
            os.cpu_count = lambda workers=workers: workers
            begin = time.perf_counter()
            files.load_folder(folder)
            seconds[name].append((time.perf_counter() - begin) / PHOTOS)
    os.cpu_count = lambda: cores
    return {name: float(np.median(times)) for name, times in seconds.items()}


def small(folder, count):
    """Write ``count`` different pictures of 64×64 pixels, soft patches of colour, in two class folders."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir()
    for k in range(count):
        patches = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
        patches.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / "ab"[k % 2] / f"{k}.jpg")


def memory(count, family):
    """Run a prototype of one family on ``count`` pictures; return its peak memory and the seconds of each stage."""
    from aigc_apps.prototype import judgement, pictures, runs

    runtime.start(0)
    row = {"pictures": count, "family": family}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small(folder, count)
        begin = time.perf_counter()
        found = pictures.look(folder, SIDE)
        row["looking"] = time.perf_counter() - begin
        row["GB, looking"] = runtime.peak_memory_gb()
        settings = runs.plan(found, 0.5, family=family)[0]
        model = runs.train(found, settings, folder / "run")[0]
        row["GB, training"] = runtime.peak_memory_gb()
        begin = time.perf_counter()
        judgement.judge(found, model, settings)
        row["judging"] = time.perf_counter() - begin
    return row | {"GB": runtime.peak_memory_gb()}


def markdown(result):
    """Return the section of benchmarks/README.md."""
    reading = result["reading"]
    rows = "\n".join(
        f"| {row['pictures']:,} | {row['family']} | {row['looking']:.0f} | {row['judging']:.0f} | "
        f"{row['GB, looking']:.1f} | {row['GB']:.1f} |"
        for row in result["memory"]
    )
    return f"""## A folder of pictures

From `folder.json`. A JPEG of 12 megapixels takes {1000 * reading["one core"]:.0f} ms on one core and
{1000 * reading["all cores"]:.0f} ms on all {result["cores"]}, medians of {ROUNDS} readings of {PHOTOS}, in turns:
{reading["all cores"] / reading["one core"]:.2f} of the time. Seconds and largest memory of a prototype at {SIDE}×{SIDE}
pixels, half a minute of training; other jobs ran beside it, which costs seconds but no memory:

| pictures | family | looking, s | judging, s | GB after looking | GB at most |
|---|---|---|---|---|---|
{rows}
"""


def main():
    """Fill folder.json: the reading where it is missing, and the runs that it lacks."""
    found = json.loads(STORE.read_text()) if STORE.exists() else {}
    if "reading" not in found:
        with tempfile.TemporaryDirectory() as folder:
            photographs(Path(folder))
            found |= {"reading": reading(folder), "cores": os.cpu_count()}
        notebooks.write(STORE, json.dumps(found, indent=1) + "\n")
    rows = found.setdefault("memory", [])
    for count, family in RUNS:
        if any((row["pictures"], row["family"]) == (count, family) for row in rows):
            continue
        out = subprocess.run(
            [sys.executable, __file__, str(count), family], check=True, stdout=subprocess.PIPE, text=True
        )
        rows.append(json.loads(out.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
        notebooks.write(STORE, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(memory(int(sys.argv[1]), sys.argv[2])))
    else:
        main()
