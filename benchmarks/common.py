"""What the benches share: results that are added to a stored JSON, and libraries in an environment of their own."""

import inspect
import json
import os
import subprocess
import venv

import numpy as np


def indented(found):
    """Return results as JSON with one number a line."""
    return json.dumps(found, indent=1)


def add(path, found, as_text=indented):
    """Add results to a JSON file, the others as they are; ``as_text`` turns all of them into its text."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(as_text(before | found) + "\n", encoding="utf-8", newline="\n")


def rounded(value, digits=4):
    """Return numbers of any nesting rounded to so many decimals."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [rounded(one, digits) for one in value]
    return round(float(value), digits)


def environment(folder, pinned):
    """Return the Python of a new environment in a folder, with what ``pinned`` ("NAME==VERSION …") names, no more."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", *pinned.split()], check=True)
    return python


def run_apart(python, functions, call):
    """Run a call in another Python, which is given the source of some functions and nothing else of ours."""
    source = "\n".join([*map(inspect.getsource, functions), call])
    subprocess.run([python, "-I", "-c", source], check=True, stdout=subprocess.DEVNULL)
