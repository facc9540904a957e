"""What a notebook runs on: profile, seeds, quiet import of TensorFlow, folders, and a report of the machine."""

import contextlib
import functools
import json
import os
import platform
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from aigc_utils import checks

PROFILES = ("cpu", "gpu")
_KERAS = "unset KERAS_BACKEND, or mend .keras/keras.json in your home folder,"  # where Keras' settings come from
_PROBE_SIZE = 2048  # side of the square matrices whose product `probe` times


def __getattr__(name):
    """Give ``runtime.tf`` and ``runtime.keras``, imported on first use and without TensorFlow's start-up lines."""
    if name in ("tf", "keras"):
        return _import_quietly()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.cache
def _import_quietly():
    _insist("Keras' backend", _backend(), "tensorflow", _KERAS)  # before Keras looks for another one
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # else off on processors without AVX-512, a fifth slower there
    with _silenced_stderr():
        import keras
        import tensorflow as tf
    _insist("Keras' backend", keras.backend.backend(), "tensorflow", _KERAS)  # imported before us, perhaps
    return {"tf": tf, "keras": keras}


def _backend():
    """Return the backend that Keras will choose: that of KERAS_BACKEND, else of its settings file."""
    settings = Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras")) / "keras.json"
    chosen = None
    with contextlib.suppress(OSError, ValueError, AttributeError):  # Keras too passes over a file that it cannot read
        chosen = json.loads(settings.read_text(encoding="utf-8")).get("backend")
    return os.environ.get("KERAS_BACKEND") or chosen or "tensorflow"


def _insist(name, received, needed, advice):
    if received != needed:
        raise RuntimeError(f"{name} is {received!r} here, but the notebooks need {needed!r}: {advice} and restart.")


def _insist_on_settings():
    """Raise RuntimeError where a setting from outside would break the notebooks later, or let claims pass unread."""
    _insist("Python's __debug__", __debug__, True, "without it no assert is run; unset PYTHONOPTIMIZE, leave out -O,")
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        _insist(name, os.environ.get(name), None, "it cuts training short; unset it")
    config = _import_quietly()["keras"].config
    _insist("Keras' floatx", config.floatx(), "float32", _KERAS)
    _insist("Keras' image_data_format", config.image_data_format(), "channels_last", _KERAS)
    policy = config.dtype_policy().name
    _insist("Keras' dtype policy", policy, "float32", "call keras.config.set_dtype_policy('float32') later, if at all,")


@contextlib.contextmanager
def _silenced_stderr():
    """Send file descriptor 2 to nowhere: TensorFlow's C++ start-up lines listen to no environment variable."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def profile() -> str:
    """Return "cpu" or "gpu": how long the notebooks train, from the environment variable AIGC_PROFILE (default cpu)."""
    name = os.environ.get("AIGC_PROFILE", "cpu")
    if name not in PROFILES:
        raise ValueError(f"AIGC_PROFILE is {name!r}; expected one of {', '.join(PROFILES)}, or unset it for cpu.")
    return name


def start(seed: int = 0) -> str:
    """Make a notebook reproducible and print one line about where it runs.

    Seeds Python, NumPy and TensorFlow, makes TensorFlow's operations deterministic (same machine, same thread count:
    bit-identical results) and sets the figure style. Returns the profile, "cpu" or "gpu". Raises RuntimeError where
    Keras or Python is set to what the notebooks are not made for.
    """
    checks.whole(0, seed=seed)
    _insist_on_settings()
    tf, keras = _import_quietly()["tf"], _import_quietly()["keras"]
    keras.utils.set_random_seed(int(seed))
    tf.config.experimental.enable_op_determinism()
    from aigc_utils import plots

    plots.use_style()
    try:
        tempfile.TemporaryFile(dir=cache_dir()).close()
    except OSError as error:
        print(f"The cache cannot be written: what is drawn or fetched is not kept ({error}).")
    device = f"{len(gpus)} GPU" if (gpus := tf.config.list_physical_devices("GPU")) else f"{os.cpu_count()} CPU cores"
    versions = f"Python {platform.python_version()} · TensorFlow {tf.__version__} · Keras {keras.__version__}"
    print(f"{versions} · {device} · profile {profile()} · seed {seed}")
    return profile()


def cache_dir() -> Path:
    """Return the folder for downloads and drawn data (AIGC_CACHE_DIR, else the user's cache), made or an OSError."""
    import platformdirs

    named = os.environ.get("AIGC_CACHE_DIR") or platformdirs.user_cache_dir("aigc_utils", appauthor=False)
    folder = Path(named).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        advice = f"{folder} cannot be made ({error.strerror}); set AIGC_CACHE_DIR to another"
        raise OSError(error.errno, advice) from error
    return folder


def data_dir() -> Path | None:
    """Return the folder named by AIGC_DATA_DIR, or None where it is unset; a folder that is not there is an error."""
    name = os.environ.get("AIGC_DATA_DIR")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"AIGC_DATA_DIR is {name!r}, not a folder; name that of your data sets, or unset it.")
    return folder


def shipped(*parts: str) -> Path:
    """Return the path of a file or folder that travels with this project (below ``data/`` of the checkout)."""
    return _in_project("data", "_shipped", *parts)


def stored(name: str) -> Path:
    """Return the path of a bench's stored result, ``benchmarks/NAME.json``, from whatever folder Python was started."""
    return _in_project("benchmarks", "_stored", f"{name}.json")


def _in_project(folder, packed, *parts):
    here = Path(__file__).resolve().parent
    for root in (here.parent / folder, here / packed):
        if root.joinpath(*parts).exists():
            return root.joinpath(*parts)
    advice = f"restore it with 'git checkout -- {folder}', or install aigc_utils again"
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from the project's folder {folder}; {advice}.")


def report() -> dict[str, str]:
    """Return what a reader needs to know of this machine: versions, cores, memory, GPU, profile (all as text)."""
    import psutil

    tf = _import_quietly()["tf"]
    packages = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "matplotlib", "jupyterlab", "ipywidgets")
    versions = {}
    for name in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    gpus, details = tf.config.list_physical_devices("GPU"), tf.config.experimental.get_device_details
    return {
        "Python": platform.python_version(),
        **versions,
        "system": f"{platform.system()} {platform.machine()}",
        "CPU cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "GPU": ", ".join(details(gpu).get("device_name", gpu.name) for gpu in gpus) or "none",
        "profile": profile(),
    }


def probe(seconds: float = 5.0) -> dict[str, float]:
    """Measure how fast this machine is, in about ``seconds`` (wall clock).

    Returns ``gflops`` (float32 matrix product of side 2048, 2·n³ operations each) and ``images_per_second`` (training
    steps of a small convolutional network on batches of 64 pictures, 32×32×3). Both are the best of several repeats.
    """
    tf, keras = _import_quietly()["tf"], _import_quietly()["keras"]
    matrix = tf.random.stateless_normal((_PROBE_SIZE, _PROBE_SIZE), seed=(0, 0))
    gflops = 2 * _PROBE_SIZE**3 / 1e9 / _best_time(lambda: tf.reduce_sum(matrix @ matrix).numpy(), 0.3 * seconds)
    layers = keras.layers
    halve = [layers.Conv2D(width, 4, strides=2, padding="same", activation="relu") for width in (48, 96)]
    model = keras.Sequential([layers.Input((32, 32, 3)), *halve, layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    images, targets = tf.zeros((64, 32, 32, 3)), tf.zeros((64, 1))
    model.train_on_batch(images, targets)
    step = _best_time(lambda: model.train_on_batch(images, targets), 0.5 * seconds)
    return {"gflops": gflops, "images_per_second": 64 / step}


def _best_time(action, seconds):
    """Return the shortest of the wall-clock times of ``action``, repeated for ``seconds`` (twice at least)."""
    action()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times)


def peak_memory_gb() -> float:
    """Return the largest resident memory of this process so far, in GB (10⁹ bytes)."""
    import psutil

    info = psutil.Process().memory_info()
    if hasattr(info, "peak_wset"):  # Windows
        return info.peak_wset / 1e9
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
