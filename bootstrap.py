"""Set up and run the collection. `make` and the README's Windows lines both call this one file.

    python bootstrap.py setup [--gpu]       make .venv, or bring it up to date with the lock
    python bootstrap.py lab [--gpu] ...     open JupyterLab on the first notebook; the rest goes to JupyterLab
    python bootstrap.py test                linters, unit tests, and every notebook against its committed outputs
    python bootstrap.py test-gpu            every notebook at full length on a GPU (--one-step: cut short, on a CPU)
    python bootstrap.py test-browser        notebooks in a real browser
    python bootstrap.py run NOTEBOOK        execute one notebook and write build/NOTEBOOK.html
    python bootstrap.py book                write the committed notebooks as pages, with build/index.html
    python bootstrap.py render [NOTEBOOK]   execute notebooks and write them back, ready to commit
    python bootstrap.py map                 write tables of notebooks, badges and Colab cells, without executing
    python bootstrap.py student             write copies without solutions to build/student
    python bootstrap.py bench               measure, and rewrite the tables of benchmarks/
    python bootstrap.py lock [--upgrade]    resolve pyproject.toml into both locks again

It uses the standard library alone, and only syntax that Python 2.7 parses, so that any Python can say what is wrong.
"""

from __future__ import print_function

import platform
import sys


def python_problem(version=sys.version_info, largest=sys.maxsize, machine=None):
    """Return one sentence saying why this Python cannot be used here, or None if it can."""
    machine = machine or (platform.system(), platform.machine())
    if not (3, 10) <= tuple(version[:2]) <= (3, 13):
        return (
            "This is Python %d.%d, and TensorFlow needs 3.10, 3.11, 3.12 or 3.13: install one of them and name it, "
            "as in 'make lab PYTHON=python3.12' or 'py -3.12 bootstrap.py lab'." % tuple(version[:2])
        )
    if largest < 2**32:
        return "This is a 32-bit Python, and TensorFlow needs a 64-bit one: install that and name it with PYTHON=."
    if machine == ("Darwin", "x86_64"):
        return (
            "TensorFlow is no longer built for Macs with an Intel processor (nor for an Intel Python on Apple "
            "silicon): use a native arm64 Python, another computer, or the notebooks' Colab links."
        )
    return None


if __name__ == "__main__" and python_problem():
    sys.exit(python_problem())

import argparse
import ast
import glob
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

UV = "0.13.9"
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "aigc-setup.txt"  # written last: without it .venv counts as unfinished
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
ONE_STEP = "--one-step"  # of test-gpu, for a machine without a GPU
LOCKS = {"cpu": ROOT / "requirements.lock", "gpu": ROOT / "requirements-gpu.lock"}


class Failure(Exception):
    """A step went wrong; the message is what the reader sees."""


def environment(**changes):
    """Return this process's environment with .venv first, so that `!python` in a notebook is .venv's."""
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])
    return dict(os.environ, PATH=path, VIRTUAL_ENV=str(VENV), **changes)


def call(*command, **changes):
    """Run a command in the project's folder, with changes to the environment; return its exit status."""
    process = subprocess.Popen([str(word) for word in command], cwd=str(ROOT), env=environment(**changes))
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which answers it itself
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, previous)


def step(what, *command, **changes):
    """Run one command of the set-up; a failure stops everything, with a sentence below what the command said."""
    if call(*command, **changes):
        raise Failure("The set-up stopped while %s (see above). The next call starts it anew." % what)


# --- set-up ----------------------------------------------------------------------------------------------------------


def setup(variant="cpu"):
    """Make .venv hold exactly what the variant's lock says. With nothing to do it starts no process."""
    if variant == "gpu" and not sys.platform.startswith("linux"):
        raise Failure("GPU=1 needs Linux (on Windows: WSL 2): TensorFlow has no GPU package for %s." % sys.platform)
    maker = "Python %d.%d %s in %s" % (sys.version_info[0], sys.version_info[1], platform.machine(), VENV)
    content = hashlib.sha256(LOCKS[variant].read_bytes() + (ROOT / "pyproject.toml").read_bytes() + UV.encode())
    wanted = [maker, variant, content.hexdigest()]
    found = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() and PYTHON.exists() else []
    if found == wanted:
        return
    begin = time.time()
    print("Setting up .venv (%s, packages for %s) ..." % (" ".join(maker.split()[:2]), variant.upper()), flush=True)
    if found[1:2] and found[1] != variant:
        print("It held the packages for %s. 'export GPU=1' makes every make use the GPU." % found[1].upper())
    if found[:1] == [maker]:
        STAMP.unlink()
    else:  # unfinished, moved, or made by another Python
        make_venv()
    step("installing uv", PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv==" + UV)
    # Compiled now, or each start of TensorFlow compiles it anew where Python may not write beside its packages.
    exact = ("--require-hashes", "--compile-bytecode", LOCKS[variant])
    uv("installing the packages", "pip", "sync", "--quiet", "--python", PYTHON, *exact)
    editable = ("--no-deps", "--no-build-isolation", "--editable", ROOT)
    uv("installing aigc_utils", "pip", "install", "--quiet", "--python", PYTHON, *editable)
    STAMP.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    print("Ready after %.0f s." % (time.time() - begin), flush=True)


def make_venv():
    """Make an empty .venv with the Python that runs this file."""
    if importlib.util.find_spec("ensurepip") is None:
        raise Failure("This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv.")
    python = getattr(sys, "_base_executable", None) or sys.executable
    what = "making .venv (close the programs that use it)" if os.name == "nt" else "making .venv"
    step(what, python, "-m", "venv", "--clear", VENV)


def uv(what, *words):
    """Run uv out of .venv, with the mirror and the certificates that the user's pip is configured for."""
    step(what, PYTHON, "-m", "uv", *words, **pip_settings())


def pip_settings():
    """Return pip's index and certificate file as uv's variables: uv does not read pip's configuration."""
    changes = {}
    command = [str(PYTHON), "-m", "pip", "config", "list", "--disable-pip-version-check"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=False).stdout.splitlines()
    for line in lines:  # such as global.index-url='https://...', the settings from the environment first
        name, _, value = line.partition("=")
        if name.endswith(".index-url") and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(os.environ):
            changes.setdefault("UV_DEFAULT_INDEX", ast.literal_eval(value))
        if name.endswith(".cert") and "SSL_CERT_FILE" not in os.environ:
            changes.setdefault("SSL_CERT_FILE", ast.literal_eval(value))
    return changes


# --- commands --------------------------------------------------------------------------------------------------------


def lab(rest):
    """Serve the project's folder, opened on the first notebook."""
    start = ("--ServerApp.root_dir=%s" % ROOT, "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb")
    return call(PYTHON, "-m", "jupyterlab", *(start + tuple(rest)))


def test(rest):
    """Check style, then run unit tests and notebooks in one pytest session, whose last line is the result."""
    style = {
        "ruff check": call(PYTHON, "-m", "ruff", "check", "--quiet", "."),
        "ruff format": call(PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."),
    }
    for name, status in style.items():
        print("%s: %s" % (name, "failed" if status else "passed"), flush=True)
    # Two notebooks at a time on two cores: each waits a third of its time (imports, tracing, drawing). See conftest.py.
    parallel = ("-n", "auto", "--dist", "loadfile")
    status = call(PYTHON, "-m", "pytest", "tests", "notebooks", "--nbval", *parallel, *rest, AIGC_PROFILE="cpu")
    failed = [name for name, result in style.items() if result]
    if failed:
        print("The tests are above; %s failed before them." % " and ".join(failed))
    return status or len(failed)


def test_gpu(rest):
    """Print what each notebook does longer, then run all in full; outputs differ, so only errors and claims count."""
    if ONE_STEP in rest:
        names = [word for word in rest if word != ONE_STEP]
        return call(PYTHON, "tools/profiles.py", *names) or call(PYTHON, "benchmarks/gpu_profile.py", *names)
    see = (
        "import sys; from aigc_utils.runtime import tf; "
        "sys.exit(not tf.config.list_physical_devices('GPU') and "
        "'make test-gpu needs a GPU, and TensorFlow sees none on this machine: check its driver with nvidia-smi.')"
    )
    profile = {"AIGC_PROFILE": "gpu"}
    words = ["pytest", "notebooks", "--nbval-lax", "--nbval-cell-timeout=14400"] + rest
    ready = call(PYTHON, "-c", see, **profile) or call(PYTHON, "tools/profiles.py")
    return ready or call(PYTHON, "-m", *words, **profile)


def test_browser(rest):
    """Drive the first notebook in Chromium."""
    return call(PYTHON, "-m", "pytest", "tests/browser", *rest)


def notebooks(command, rest):
    """Pass a command on to tools/notebooks.py."""
    return call(PYTHON, "tools/notebooks.py", command, *rest)


def bench(rest):
    """Run the benchmarks."""
    return call(PYTHON, "benchmarks/run.py", *rest)


def claims(rest):
    """Execute notebooks with other seeds."""
    return call(PYTHON, "benchmarks/claims.py", *rest)


def lock(rest):
    """Resolve pyproject.toml into one lock an extra; pins stay unless --upgrade is given."""
    if not PYTHON.exists():
        make_venv()
    step("installing uv", PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv==" + UV)
    for variant, path in LOCKS.items():
        extras = ("--extra", variant, "--extra", "dev", "--universal", "--python-version", "3.10")
        options = ("--quiet", "--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links")
        files = ("pyproject.toml", "-o", path.name)
        uv("resolving " + path.name, "pip", "compile", *(options + extras + files + tuple(rest)))
    return 0


COMMANDS = {
    "lab": lab,
    "test": test,
    "test-gpu": test_gpu,
    "test-browser": test_browser,
    "bench": bench,
    "claims": claims,
    "lock": lock,
}
NOTEBOOK_COMMANDS = ("run", "book", "map", "render", "student")


def gpu_is_there():
    """Return whether this machine shows any sign of an NVIDIA GPU, before gigabytes are installed for it."""
    return bool(shutil.which("nvidia-smi") or glob.glob("/dev/nvidia[0-9]*") or os.path.exists("/dev/dxg"))


def main(arguments=None):
    """Run one command line and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["setup"] + list(COMMANDS) + list(NOTEBOOK_COMMANDS))
    parser.add_argument("--gpu", action="store_true", help="use the packages and the profile for a GPU")
    given, rest = parser.parse_known_args(arguments)
    gpu = given.gpu or (given.command == "test-gpu" and ONE_STEP not in rest)
    if gpu and given.command in ("lab", "run"):
        os.environ.setdefault("AIGC_PROFILE", "gpu")
    try:
        if given.command == "test-gpu" and gpu and not gpu_is_there():
            need = "make test-gpu needs an NVIDIA GPU, and this machine shows none."
            raise Failure(need + " On a CPU, make test-gpu ONE_STEP=1 executes its settings, most trainings cut short.")
        if given.command != "lock":
            setup("gpu" if gpu else "cpu")
        if given.command == "setup":
            return 0
        if given.command in NOTEBOOK_COMMANDS:
            return notebooks(given.command, rest)
        return COMMANDS[given.command](rest)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
