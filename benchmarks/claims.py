"""Execute notebooks with other seeds and keep which of their claims hold: `make claims SEEDS=10`.

python benchmarks/claims.py 10 [--first 20] [NOTEBOOK ...]   ten seeds, from 0 or from 20 on, of a line ``SEED = 0``

A finished run is kept in claims.json, so that an interrupted one goes on; a notebook whose code has changed since then
begins anew. The table is claims.md. Where Ray is installed each run is a task of a core: of the cluster that
RAY_ADDRESS names, whose machines have this project in the same folder, else of this machine.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import cluster  # noqa: E402
from tools import notebooks  # noqa: E402

STORE, TABLE = HERE / "claims.json", HERE / "claims.md"
SEED_LINE = re.compile(r"^SEED = \d+", re.MULTILINE)


def code(notebook):
    """Return a notebook's code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def seeded(notebook, seed):
    """Change a notebook's one line ``SEED = …`` to another seed."""
    found = [cell for cell in code(notebook) if SEED_LINE.search(cell.source)]
    if len(found) != 1:
        raise notebooks.Failure(f"received {len(found)} cells with a line 'SEED = …'; expected one.")
    found[0].source = SEED_LINE.sub(f"SEED = {seed}", found[0].source)


def digest(notebook):
    """Return what identifies a notebook's code: a run belongs to the code that it executed."""
    return hashlib.sha256("\0".join(cell.source for cell in code(notebook)).encode()).hexdigest()[:12]


def run(path, seed):
    """Execute one notebook with a seed, over failing cells too; returns the row of the store."""
    notebook = notebooks.read(path)
    seeded(notebook, seed)
    seconds, failed = executed(notebook, "cpu")
    return {
        "seed": seed,
        "seconds": seconds,
        "claims": sum("claim" in notebooks.tags(cell) for cell in code(notebook)),
        "failed": [what_failed(cell) for cell in failed],
    }


def executed(notebook, profile):
    """Execute a notebook in place, over failing cells too; returns the seconds and the cells that should not fail."""
    from nbclient import NotebookClient

    begin = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=notebooks.CELL_TIMEOUT,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(notebooks.NOTEBOOKS)}},
        extra_arguments=["--IPKernelApp.capture_fd_output=False", "--IPKernelApp.log_level=40"],
    ).execute(env=os.environ | {"AIGC_PROFILE": profile})  # the kernel's only: this process may go on to other things
    seconds = round(time.perf_counter() - begin, 1)
    cells = [cell for cell in code(notebook) if "raises-exception" not in notebooks.tags(cell)]
    return seconds, [cell for cell in cells if any(output.output_type == "error" for output in cell.outputs)]


def what_failed(cell):
    """Return a failed cell's first line and its error, in one line."""
    error = next(output for output in cell.outputs if output.output_type == "error")
    return f"{cell.source.splitlines()[0]} | {error.ename}: {error.evalue}"[:300]


def table(store):
    """Return the Markdown table of a store."""
    lines = [
        "| notebook | claim cells | seeds | runs in which every cell passed | what failed |",
        "|---|---|---|---|---|",
    ]
    for name, kept in sorted(store.items()):
        runs = kept["runs"]
        if not runs:  # its code has changed, and its turn has not come yet
            continue
        failures = [f"seed {row['seed']}: `{what}`" for row in runs for what in row["failed"]]
        passed = sum(not row["failed"] for row in runs)
        seeds = ", ".join(str(row["seed"]) for row in runs)
        lines.append(f"| {name} | {runs[0]['claims']} | {seeds} | {passed} | {'; '.join(failures) or 'nothing'} |")
    return "\n".join(lines)


def missing(store, paths, seeds):
    """Return the (path, seed of ``seeds``) still to be run; in the store, notebooks that have changed begin anew."""
    for path in paths:
        source = digest(notebooks.read(path))
        if store.get(path.stem, {}).get("code") != source:
            store[path.stem] = {"code": source, "runs": []}
    known = {(path, row["seed"]) for path in paths for row in store[path.stem]["runs"]}
    return [(path, seed) for path in paths for seed in seeds if (path, seed) not in known]


def main():
    """Run what is missing, and write the table after every run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK")
    given = parser.parse_intermixed_args()
    store = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    paths = [p for p in notebooks.find(given.names) if any(SEED_LINE.search(c.source) for c in code(notebooks.read(p)))]
    jobs = missing(store, paths, range(given.first, given.first + given.seeds))
    for (path, seed), row in zip(jobs, cluster.spread(run, jobs), strict=True):
        store[path.stem]["runs"].append(row)
        print(f"{path.stem}, seed {seed}: {row['failed'] or 'every cell passed'}", flush=True)
        notebooks.write(STORE, json.dumps(store, indent=1) + "\n")
        heading = "# Claims under other seeds\n\nWritten by `make claims`; nothing here is typed by hand.\n\n"
        notebooks.write(TABLE, heading + table(store) + "\n")
    return any(row["failed"] for path in paths for row in store[path.stem]["runs"])


if __name__ == "__main__":
    sys.exit(main())
