"""1,000 photographs of frogs in a folder: `prototype.run` for 15 minutes against the common recipe. Writes frogs.json.

python benchmarks/frogs.py              three seeds; needs AIGC_DATA_DIR with CIFAR-10
python benchmarks/frogs.py ours 0       one run, in this process; prints its row
FROG_MINUTES=1 python benchmarks/frogs.py      a toy: build/frogs.toy.json

Both run at the same time, each on one core of its own where the system can say so, for the same seconds by the clock on
the wall, compiling included. Both train on the pictures that `prototype` does not hold out, mirrored at random. The
distance is that of 2,000 generated frogs to the 5,000 frogs of CIFAR-10's other part, which nobody trained on, over the
features of a classifier of CIFAR-10.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_apps import prototype  # noqa: E402
from aigc_apps.prototype import judgement, pictures  # noqa: E402
from aigc_utils import data, metrics, runtime, training  # noqa: E402
from aigc_utils.runtime import keras  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

MINUTES = float(os.environ.get("FROG_MINUTES", "15"))
PATH = HERE / "frogs.json" if MINUTES == 15 else HERE.parent / "build" / "frogs.toy.json"
FROG, SEEDS, COUNT, PRODUCERS = 6, (0, 1, 2), 2000, ("ours", "common")
RESAMPLES = 60


def frogs(split):
    """Return CIFAR-10's frogs, uint8 (n, 32, 32, 3): 1,000 of "test", 5,000 of "train"."""
    found = data.load("cifar10", split)
    return found.images[np.ravel(found.labels) == FROG]


def folder_of_frogs(folder):
    """Write the 1,000 frogs as JPEG files and return the folder."""
    for k, image in enumerate(frogs("test")):
        Image.fromarray(image).save(folder / f"{k:04}.jpg", quality=95)
    return folder


def ours(folder, seed):
    """Return ``COUNT`` pictures of what `prototype.run` leaves, and what its run.json says."""
    report = prototype.run(folder / "frogs", MINUTES, folder / "report", seed=seed)
    run = json.loads((report.folder / "run.json").read_text(encoding="utf-8"))
    generator = keras.saving.load_model(report.folder / "generator.keras", compile=False)
    row = {"steps": run["kept"], "seconds": run["seconds"], "verdict": run["verdict"]["answer"], "curve": run["curve"]}
    return data.to_uint8(training.sample(generator, COUNT, seed=1)), row | {"family": run["settings"]["family"]}


def common(folder, seed):
    """Return ``COUNT`` pictures of the recipe that most tutorials share, and its steps and seconds."""
    from kittens import common as recipe

    photographs = pictures.look(folder / "frogs", minutes=MINUTES, seed=seed).training[0]
    keras.utils.set_random_seed(seed)
    made = recipe()
    gan = training.GAN(*made.networks, seed=seed)
    gan.compile(*made.optimizers, **made.options)
    clock = training.WithinTime(60 * MINUTES, made.optimizers, factor=lambda share: 1.0)
    training.fit(gan, photographs, 10**7, 10, made.batch_size, callbacks=[clock])
    row = {"steps": int(gan.step), "seconds": round(clock.seconds, 1)}
    return data.to_uint8(training.sample(gan.generator, COUNT, seed=1)), row


def run(name, seed):
    """Return the row of one run."""
    if hasattr(os, "sched_setaffinity"):  # before TensorFlow counts its threads
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[PRODUCERS.index(name) % len(cores)]})
    runtime.start(seed)
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        (folder / "frogs").mkdir()
        folder_of_frogs(folder / "frogs")
        made, row = {"ours": ours, "common": common}[name](folder, seed)
    network = judgement.feature_network()
    real, found = network.features(frogs("train")), network.features(made)
    rng = np.random.default_rng(0)
    again = [rng.integers(len(found), size=len(found)) for _ in range(RESAMPLES)]
    drawn = [metrics.frechet_distance(real, found[places]) for places in again]
    distance = metrics.frechet_distance(real, found)
    precision, recall = metrics.precision_recall(real[:COUNT], found)
    row |= {"name": name, "seed": seed, "distance": round(distance, 3), "precision": precision, "recall": recall}
    return row | {"interval": [round(end, 3) for end in metrics.basic_interval(distance, drawn)[1:]]}


def floor():
    """Return the distance of the 1,000 real frogs to the other 5,000."""
    parts = [judgement.features(frogs(split)) for split in ("test", "train")]
    return round(metrics.frechet_distance(*parts), 3)


def markdown(result):
    """Return the section of benchmarks/README.md."""
    rows = result["rows"]
    pairs = [[row["distance"] for row in rows if row["seed"] == seed] for seed in sorted({row["seed"] for row in rows})]
    ratios = ", ".join(f"{ours / common:.2f}" for ours, common in pairs)
    lines = "\n".join(
        f"| {row['name']} | {row['seed']} | {row['steps']:,} | {row['distance']:.2f} ({row['interval'][0]:.2f} to "
        f"{row['interval'][1]:.2f}) | {row['precision']:.2f} | {row['recall']:.2f} | {row.get('verdict', '')} |"
        for row in rows
    )
    return f"""## A folder of frogs

From `frogs.json`: `prototype.run` on 1,000 JPEGs of CIFAR-10's frogs for {result["minutes"]:g} minutes, of which it
trains on 800, against the common recipe on the same 800 for the same seconds. Both ran at the same time, each on one
core. {COUNT:,} generated pictures against 5,000 other frogs, over the features of a classifier of CIFAR-10; the 1,000
real frogs have {result["floor"]:.2f}. The intervals are those of the pictures that were drawn: how much the seed does
is seen between the rows. Ours over the common recipe's, seed by seed: {ratios}.

| recipe | seed | steps kept | distance (95 % interval) | precision | recall | verdict |
|---|---|---|---|---|---|---|
{lines}
"""


def main():
    """Measure all seeds, a pair at a time."""
    if data.load("cifar10", "test").is_stand_in:
        print("CIFAR-10 is not on this machine, and no server sends it: frogs.json stays as it is.")
        return
    rows, least = [], floor()
    for seed in SEEDS:
        with contextlib.ExitStack() as stack:
            started = [
                stack.enter_context(
                    subprocess.Popen([sys.executable, __file__, name, str(seed)], stdout=subprocess.PIPE, text=True)
                )
                for name in PRODUCERS
            ]
            said = [process.communicate()[0] for process in started]
        if any(process.returncode for process in started):
            sys.exit("a run failed, see above")
        rows += [json.loads(text.splitlines()[-1]) for text in said]
        print([(row["name"], row["distance"], row["interval"]) for row in rows[-2:]], flush=True)
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(json.dumps({"minutes": MINUTES, "floor": least, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print("\n" + json.dumps(run(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
