"""What one picture of a slider costs: the kitten generator called as it is, and compiled as the widget runs it.

Usage: python benchmarks/slider.py. Both ways take turns in one process, so that whatever else runs hinders both alike;
wall-clock and processor milliseconds, medians. "Called and shown" is the slider's movement before it was compiled.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import models, plots, widgets  # noqa: E402

import numpy as np  # noqa: E402

STORE = Path(__file__).with_suffix(".json")
CALLS = 200


def ways(generator):
    """Return {way: function of a step}: every step another latent vector, or another place of the slider."""
    latent = np.random.default_rng(0).normal(size=(CALLS + 1, 1, generator.input_shape[-1])).astype(np.float32)
    _, angle, _ = widgets.latent_explorer(generator).children

    def move(step):
        angle.value = 5 * (step % 70) + 5

    made = {
        "called": lambda step: np.asarray(generator(latent[step], training=False)),
        "compiled": lambda step: generator.predict_on_batch(latent[step]),
        "called and shown": lambda step: widgets._png(plots.tile(made["called"](step))),
        "slider moved": move,
    }
    return made


def measure(generator):
    """Return {way: medians in milliseconds}, the first call's, and the largest difference of the pictures."""
    before = time.perf_counter()
    made = ways(generator)
    built = time.perf_counter() - before
    took = {way: [] for way in made}
    for step in range(CALLS):
        for way, run in made.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run(step)
            took[way].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = {way: np.median(1000 * np.array(times[1:]), axis=0) for way, times in took.items()}
    differences = [np.abs(made["called"](step) - made["compiled"](step)).max() for step in range(50)]
    return {
        "calls": CALLS - 1,
        "ms": {way: {"wall": round(wall, 2), "processor": round(cpu, 2)} for way, (wall, cpu) in medians.items()},
        "first_ms": {way: round(1000 * times[0][0], 1) for way, times in took.items()},
        "built_ms": round(1000 * built),
        "largest_difference": float(np.max(differences)),
    }


def markdown(result):
    """Return the section of benchmarks/README.md."""
    times = result["ms"]
    shares = [times["compiled"][clock] / times["called"][clock] for clock in ("wall", "processor")]
    rows = "\n".join(f"| {way} | {t['wall']:.1f} | {t['processor']:.1f} |" for way, t in times.items())
    return f"""## One picture for a slider

From `slider.json`: the kitten generator, one latent vector, medians of {result["calls"]} calls in turns, milliseconds.

| way | wall-clock | processor |
|---|---|---|
{rows}

Compiled it takes {shares[0]:.2f} of the call's time ({shares[1]:.2f} of its processor time);
the pictures differ by {result["largest_difference"]:g} at most. A slider's first movement took
{result["first_ms"]["slider moved"]:.0f} ms, because the widget compiles while it is built
({result["built_ms"] / 1000:.1f} s).
"""


def main():
    """Measure, and store the result."""
    result = measure(models.load_pretrained("kitten_generator"))
    STORE.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
