"""Measure everything once; writes the tables here and the times in README.md and docs/teaching.md: `make bench`.

python benchmarks/run.py                          all of it, about 2 1/2 hours on 2 cores
python benchmarks/run.py timings [NOTEBOOK ...]   only the times, of all notebooks or of these; what stands stays
python benchmarks/run.py tables                   only the tables here, from what was measured before
"""

import json
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from aigc_utils import runtime  # noqa: E402
from tools import contents, notebooks  # noqa: E402

import advertising  # noqa: E402
import audio  # noqa: E402
import chorales_model  # noqa: E402
import compression  # noqa: E402
import education  # noqa: E402
import fair_match  # noqa: E402
import film  # noqa: E402
import folder  # noqa: E402
import frogs  # noqa: E402
import games_model  # noqa: E402
import gpu_profile  # noqa: E402
import items  # noqa: E402
import kittens as bench  # noqa: E402
import medicine  # noqa: E402
import recommending  # noqa: E402
import scaling  # noqa: E402
import scenery  # noqa: E402
import sdv  # noqa: E402
import service  # noqa: E402
import serving  # noqa: E402
import slider  # noqa: E402
import social  # noqa: E402
import stickers_model  # noqa: E402
import text as writing  # noqa: E402
import tuning  # noqa: E402
import video as moving  # noqa: E402
from import_time import import_seconds  # noqa: E402

TARGETS = (10.0, 5.0)  # Fréchet distances whose time is asked for


def forward_flops(model):
    """Return the operations (2 a multiply-add) of one image's way through convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if not hasattr(layer, "kernel"):
            continue
        places = layer.output.shape[1:3] if len(layer.output.shape) == 4 else (1,)
        if type(layer).__name__ == "Conv2DTranspose":  # every input pixel meets every kernel entry
            places = layer.input.shape[1:3]
        count = 1
        for side in (*places, *layer.kernel.shape):
            count *= side
        total += 2 * count
    return total


def step_flops(recipe):
    """Return the operations of one training step for each image of its batch.

    Forward 1, both gradients 2: the generator runs once with its gradients (3); the discriminator sees real and
    generated pictures with its gradients (6) and once more for the generator (forward and the pictures' gradient, 2).
    The R1 penalty adds a forward, a gradient and their gradients (4), at every r1_every-th step.
    """
    (generator, discriminator), options, *_ = bench.RECIPES[recipe]()
    penalty = 4 / options["r1_every"] if "r1_every" in options else 0
    return 3 * forward_flops(generator) + (8 + penalty) * forward_flops(discriminator)


def first_time(curve, target):
    """Return the seconds after which a curve of (seconds, distance) is first at or below a target, or None."""
    return next((seconds for seconds, distance in curve if distance <= target), None)


def median_or_never(times):
    """Return the median of times, as text, where a run that never arrived counts as slowest."""
    middle = sorted(times, key=lambda t: float("inf") if t is None else t)[len(times) // 2]
    return "never" if middle is None else f"{middle:.0f}"


def kitten_rows(result, recipe, processor):
    """Return the runs of a recipe, one a seed, on the machine as it is or as if it lacked bfloat16."""
    rows = result["runs"] + result["emulated_runs"]
    return [row for row in rows if (row["recipe"], row["processor"]) == (recipe, processor)]


def kitten_table(result, gflops):
    """Return the Markdown table of all recipes, medians over the seeds."""
    head = ["recipe", "bfloat16 in hardware", f"Fréchet distance after {result['seconds']:g} s (each seed)", "median"]
    head += ["median, other network", *(f"seconds to {target:g}" for target in TARGETS), "number type and steps"]
    head += ["images/s", "share of matrix rate", "rarest of 15 combinations", "confidence fur / eyes"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for recipe, processor in bench.RUNS:
        rows = kitten_rows(result, recipe, processor)
        speed = statistics.median(row["images_per_second"] for row in rows)
        cells = [
            recipe,
            "as it is" if processor == bench.NATIVE else "none (emulated)",
            ", ".join(f"{row['distance']:.2f}" for row in rows),
            f"**{statistics.median(row['distance'] for row in rows):.2f}**",
            f"{statistics.median(row['other_distance'] for row in rows):.2f}",
            *(median_or_never([first_time(row["curve"], target) for row in rows]) for target in TARGETS),
            ", ".join(f"{row['policy'].removeprefix('mixed_')} {row['steps']:,}" for row in rows),
            f"{speed:.0f}",
            f"{speed * step_flops(recipe) / 1e9 / gflops:.0%}",
            f"{min(row['rarest_combination'] for row in rows):.1%}",
            f"{min(row['confidence_fur'] for row in rows):.2f} / {min(row['confidence_eyes'] for row in rows):.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def kitten_shares(result):
    """Return the Markdown table of the median distance of ours over that of each other recipe."""
    median = {run: statistics.median(row["distance"] for row in kitten_rows(result, *run)) for run in bench.RUNS}
    lines = ["| median distance of ours over that of | as it is | without bfloat16 |", "|---|---|---|"]
    for recipe in bench.RECIPES:
        if recipe != "ours":
            shares = [median["ours", processor] / median[recipe, bench.NATIVE] for processor in bench.PROCESSORS]
            lines.append(f"| {recipe} | {shares[0]:.2f} | {shares[1]:.2f} |")
    return "\n".join(lines)


def kitten_trials(result):
    """Return the Markdown table of the trials that chose a number type."""
    lines = ["| milliseconds a step, each seed | as it is | without bfloat16 |", "|---|---|---|"]
    for policy in bench.POLICIES:
        cells = [
            ", ".join(f"{row['step_ms'][policy]:.1f}" for row in kitten_rows(result, "ours", processor))
            for processor in bench.PROCESSORS
        ]
        lines.append(f"| {policy.removeprefix('mixed_')} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def kitten_section(result, gflops):
    """Return what README.md says of the kittens."""
    return f"""## Kittens in {result["seconds"]:g} seconds

Distance to 2,000 held-out kittens over {result["network"]}, 2,000 samples; real against real:
{result["real_against_real"]:.2f}. The other network, which never saw a kitten, is {result["other_network"]}.
Seconds are CPU seconds divided by two cores, without compiling and measuring; images/s and the share of the measured
float32 matrix-product rate ({gflops:.0f} GFLOP/s) count the same seconds. The second common recipe has the widths of
ours, and a moving average whose reach was fitted to the run; both are float32. A processor without bfloat16 is
emulated: oneDNN may use {bench.EMULATED} at most. The common recipes do not feel that, and ran once.

{kitten_table(result, gflops)}

{kitten_shares(result)}

The number type of ours was chosen by timing {bench.TRIAL_STEPS} steps in each, after {bench.TRIAL_STEPS} to warm up;
the faster one trained. All these steps were paid for out of the {result["seconds"]:g} seconds.

{kitten_trials(result)}
"""


def time_notebooks(names):
    """Execute notebooks, all or those named; returns {name: (seconds, peak memory in GB of the largest so far)}.

    The seconds are those of a reader in JupyterLab: from the kernel's start to its end after the last cell.
    """
    measured = {}
    for path in notebooks.find(names):
        notebook, begin = notebooks.read(path), time.perf_counter()
        notebooks.execute(notebook, path.stem)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
        measured[path.stem] = (time.perf_counter() - begin, peak)
    return measured


def stored(name):
    """Return what a bench left in NAME.json."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def write_readme():
    """Write the tables as Markdown, from the stored results."""
    timings = stored("timings")
    rows = "\n".join(
        f"| {name} | {seconds:.0f} | {timings['peak_gb'][name]:.1f} |" for name, seconds in timings["notebooks"].items()
    )
    text = f"""# Measurements

Written by `make bench`; nothing here is typed by hand. Machine: {timings["machine"]}.

{kitten_section(stored("kittens"), timings["probe"]["gflops"])}
{tuning.markdown(stored("tuning"))}
{fair_match.markdown(stored("fair_match"))}
{film.markdown(stored("film"))}
{items.markdown(stored("items"))}
{moving.markdown(stored("video"))}
{scenery.markdown(stored("scenery"))}
{advertising.markdown(stored("advertising"))}
{medicine.markdown(stored("medicine"))}
{sdv.markdown(stored("sdv"))}
{education.markdown(stored("education"))}
{recommending.markdown(stored("recommending"))}
{stickers_model.markdown(stored("stickers"))}
{social.markdown(stored("social"))}
{chorales_model.markdown(stored("chorales"))}
{service.markdown(stored("service"))}
{frogs.markdown(stored("frogs"))}
{games_model.markdown(stored("games"))}
{folder.markdown(stored("folder"))}
{writing.markdown(stored("text"))}
{audio.markdown(stored("audio"))}
{serving.markdown(stored("serving"))}
{slider.markdown(stored("slider"))}
{compression.markdown(stored("compression"))}
{scaling.markdown(stored("scaling"))}
## Notebooks

Wall-clock seconds on this machine, CPU profile, from the start of the notebook's kernel to its end; memory is the
largest process so far.

| notebook | seconds | peak memory, GB |
|---|---|---|
{rows}

`import aigc_utils`: {timings["import_ms"]:.1f} ms, best of 7.

{gpu_profile.markdown(stored("gpu_profile"))}"""
    (HERE / "README.md").write_text(text, encoding="utf-8")
    print(text)


def measure_machine():
    """Return what timings.json says of the machine."""
    return {
        "machine": f"{platform.system()} {platform.machine()}, {runtime.report()['CPU cores']} cores",
        "probe": {key: round(value, 1) for key, value in runtime.probe(5).items()},
        "import_ms": round(1000 * import_seconds(), 1),
        "notebooks": {},
        "peak_gb": {},
    }


def measure_times(names=()):
    """Time the notebooks, all (then the import and the machine, too) or those named, and write their tables."""
    measured = time_notebooks(names)
    timings = stored("timings") if names else measure_machine()
    timings["notebooks"] |= {name: round(seconds, 1) for name, (seconds, _) in measured.items()}
    timings["peak_gb"] |= {name: round(peak, 2) for name, (_, peak) in measured.items()}
    for part in ("notebooks", "peak_gb"):
        timings[part] = dict(sorted(timings[part].items()))
    (HERE / "timings.json").write_text(json.dumps(timings, indent=1) + "\n", encoding="utf-8")
    contents.write()


def main():
    """Run the parts that were asked for."""
    part, *names = sys.argv[1:] or ["everything"]
    if part not in ("everything", "timings", "tables") or (names and part != "timings"):
        raise SystemExit(f"received {' '.join(sys.argv[1:])}; expected nothing, timings [NOTEBOOK ...] or tables.")
    if part == "everything":
        bench.main()
        tuning.main()
        fair_match.main()
        advertising.main()
        medicine.main(medicine.SPLITS)
        sdv.main()
        frogs.main()
        folder.main()
        writing.main()
        serving.main()
        slider.main()
        compression.main()
        scaling.main([])
    if part != "tables":
        measure_times(names)
    write_readme()


if __name__ == "__main__":
    main()
