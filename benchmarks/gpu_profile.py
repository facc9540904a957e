"""Execute every notebook with the settings of the gpu profile on a CPU, each training cut down to one step.

python benchmarks/gpu_profile.py [--full] [NOTEBOOK ...]   those whose code has changed since the stored run

What only measures runs at its full count, and so does what trains for seconds; `SHORT` lists the rest, and --full
leaves nothing out. No notebook is written to. A claim may fail in a notebook that was cut down (tests/test_profiles.py
checks that it needs the training); no other cell may fail anywhere. The store is gpu_profile.json.
"""

import datetime
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tools import notebooks, profiles  # noqa: E402

import common  # noqa: E402
from claims import code, digest, executed, what_failed  # noqa: E402

STORE = HERE / "gpu_profile.json"
SHORT = {  # one step of each part that the notebook's loop consists of
    "02": {"RING_STEPS": 20},  # frames
    "03": {"DIGIT_STEPS": 6, "KITTEN_STEPS": 6},  # epochs
    "04": {"STEPS": 100, "TRIAL_STEPS": 2},  # one epoch has 100 steps; the trials have two epochs
    "05b": {"RING_STEPS": 4},  # reports
    "06": {"RING_STEPS": 1, "BRIEF_SECONDS": 0},  # the clock is looked at after the second epoch
    "08": {"READER_STEPS": 1},
    "14": {"VAE_STEPS": 1, "GAN_STEPS": 1},
}


def shorten(notebook, found, short):
    """Give settings other values for the gpu, in memory; ``found`` are all of the notebook, ``short`` {name: value}."""
    missing = set(short) - {setting.name for setting in found}
    if missing:
        raise notebooks.Failure(f"received {', '.join(sorted(missing))}; the notebook has no such setting.")
    for setting in found:
        if setting.name in short:
            cell = code(notebook)[setting.cell - 1]
            cell.source = profiles.with_gpu(cell.source, setting, short[setting.name])


def run(path, short):
    """Execute one notebook with the settings ``short``, the others in full; returns its row of the store."""
    notebook, found = notebooks.read(path), profiles.settings(path)
    source = digest(notebook)
    shorten(notebook, found, short)
    seconds, failed = executed(notebook, "gpu")
    failed = {what_failed(cell): "claim" in notebooks.tags(cell) for cell in failed}
    may = [what for what, claim in failed.items() if short and claim and "| AssertionError" in what]
    return {
        "code": source,
        "date": datetime.date.today().isoformat(),
        "seconds": seconds,
        "settings": {one.name: [one.gpu, short.get(one.name, one.gpu)] for one in found},
        "claims": sum("claim" in notebooks.tags(cell) for cell in code(notebook)),
        "not after one step": may,
        "failed": [what for what in failed if what not in may],
    }


def markdown(stored):
    """Return the section of benchmarks/README.md."""
    rows = []
    for name, row in sorted(stored.items()):
        said = [f"{key} {profiles.as_text(b)} of {profiles.as_text(a)}" for key, (a, b) in row["settings"].items()]
        lost = [what for what in row["not after one step"] + row["failed"] if "| AssertionError" in what]
        held = f"{row['claims'] - len(lost)} of {row['claims']}"
        what = "; ".join(f"`{one}`".replace(" | ", ": ") for one in row["failed"]) or "nothing"
        cells = (name, row["date"], f"{row['seconds']:.0f}", ", ".join(said) or "none", held, what)
        rows.append(f"| {' | '.join(cells)} |")
    return f"""## The gpu profile, on a CPU

From `gpu_profile.json`: every notebook with AIGC_PROFILE=gpu on one thread of this machine, beside other jobs. What
trains for many steps was cut down to one step of each part of its loop, the first number; what measures ran in full.
A claim that needs the training may fail then; nothing else may.

| notebook | on | seconds | settings | claims that held after that | what else failed |
|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


def main(arguments):
    """Run the notebooks that are named, or all, where their code has changed since; store each as it ends."""
    full, wrong = "--full" in arguments, False
    for path in notebooks.find([name for name in arguments if name != "--full"]):
        short = SHORT.get(notebooks.number(path), {})
        key, stored = path.stem + profiles.IN_FULL * bool(full and short), profiles.executed()
        if stored.get(key, {}).get("code") != digest(notebooks.read(path)) or stored[key]["failed"]:
            stored[key] = run(path, {} if full else short)
            common.add(STORE, {key: stored[key]})
        print(f"{key}: {stored[key]['failed'] or 'no error'}", flush=True)
        wrong |= bool(stored[key]["failed"])
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
