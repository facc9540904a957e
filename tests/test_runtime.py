"""Profile, folders, seeds and the report of the machine."""

import os
import subprocess
import sys

from aigc_utils import runtime

import numpy as np
import pytest


def test_profile_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("AIGC_PROFILE", raising=False)
    assert runtime.profile() == "cpu"
    monkeypatch.setenv("AIGC_PROFILE", "gpu")
    assert runtime.profile() == "gpu"
    monkeypatch.setenv("AIGC_PROFILE", "tpu")
    with pytest.raises(ValueError, match="'tpu'; expected one of cpu, gpu"):
        runtime.profile()


def test_start_prints_one_line_and_makes_random_numbers_repeat(capsys):
    tf = runtime.tf
    draws = []
    for _ in range(2):
        assert runtime.start(seed=np.int64(5)) == "cpu"
        draws.append((np.random.rand(), float(tf.random.uniform(()))))
    assert draws[0] == draws[1]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
    assert "TensorFlow" in lines[0] and "seed 5" in lines[0]


def test_tensorflow_is_imported_without_a_word():
    code = "from aigc_utils.runtime import tf; tf.constant(1) + 1"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def fails_at_once(tmp_path, **environment):
    """Return the last line of the error with which ``start`` ends in a new process, before TensorFlow is imported."""
    code = "import sys; from aigc_utils import runtime; sys.modules['keras'] = None; runtime.start()"
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    return done.stderr.splitlines()[-1]


def test_another_backend_is_refused(tmp_path):
    needs = "RuntimeError: Keras' backend is 'jax' here, but the notebooks need 'tensorflow'"
    assert fails_at_once(tmp_path, KERAS_BACKEND="jax").startswith(needs)
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    assert fails_at_once(tmp_path, KERAS_BACKEND="").startswith(needs)
    assert "import of keras halted" in fails_at_once(tmp_path, KERAS_BACKEND="tensorflow")  # which overrides the file


def test_switched_off_assertions_are_refused(tmp_path):
    assert "Python's __debug__ is False here, but the notebooks need True" in fails_at_once(
        tmp_path, PYTHONOPTIMIZE="1"
    )


@pytest.mark.parametrize("content", ["", "[]", "{", '{"backend": null}'])
def test_a_settings_file_that_says_nothing_means_tensorflow(content, monkeypatch, tmp_path):
    (tmp_path / "keras.json").write_text(content)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert runtime._backend() == "tensorflow"


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        (
            "dtype_policy",
            "mixed_float16",
            "Keras' dtype policy is 'mixed_float16' here, but the notebooks need 'float32'",
        ),
        ("dtype_policy", "mixed_bfloat16", "dtype policy is 'mixed_bfloat16'"),
        ("floatx", "float64", "floatx is 'float64'"),
        ("image_data_format", "channels_first", "image_data_format is 'channels_first' here.* need 'channels_last'"),
    ],
)
def test_start_refuses_settings_that_the_notebooks_are_not_made_for(setting, value, words):
    config = runtime.keras.config
    before = getattr(config, setting)()
    getattr(config, f"set_{setting}")(value)
    try:
        with pytest.raises(RuntimeError, match=words):
            runtime.start()
    finally:
        getattr(config, f"set_{setting}")(before)


@pytest.mark.parametrize("name", ["KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"])
def test_start_refuses_a_limit_on_training(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    with pytest.raises(RuntimeError, match=f"{name} is '1' here, but the notebooks need None"):
        runtime.start()


@pytest.mark.parametrize("seed", [-1, 0.5, "5", None])
def test_start_refuses_what_is_no_seed(seed):
    with pytest.raises(ValueError, match="received seed = .*; expected a whole number, 0 or more"):
        runtime.start(seed=seed)


def test_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "cache"))
    assert runtime.cache_dir() == tmp_path / "cache" and runtime.cache_dir().is_dir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("AIGC_CACHE_DIR", "~/c")
    assert runtime.cache_dir() == tmp_path / "c" and runtime.cache_dir().is_dir()
    monkeypatch.chdir(tmp_path)
    assert runtime.stored("timings").is_file() and runtime.shipped("pretrained").is_dir()
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file cannot be made.*set AIGC_CACHE_DIR to another"):
        runtime.cache_dir()
    monkeypatch.setenv("AIGC_DATA_DIR", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError, match="not a folder"):
        runtime.data_dir()
    monkeypatch.delenv("AIGC_DATA_DIR")
    assert runtime.data_dir() is None
    assert runtime.shipped("pretrained").is_dir()
    with pytest.raises(FileNotFoundError, match="no_such_file is missing"):
        runtime.shipped("no_such_file")


def test_report_and_probe_and_memory():
    report = runtime.report()
    assert report["Python"] == ".".join(map(str, sys.version_info[:3])) and int(report["CPU cores"]) >= 1
    assert {"keras", "memory", "GPU", "profile"} <= set(report)
    measured = runtime.probe(seconds=0.2)
    assert measured["gflops"] > 0.1 and measured["images_per_second"] > 1
    assert 0.05 < runtime.peak_memory_gb() < 1000


def test_start_says_that_the_cache_cannot_be_written(monkeypatch, tmp_path, capsys):
    runtime.start()
    assert "cache" not in capsys.readouterr().out
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "file"))
    runtime.start()
    assert "The cache cannot be written: what is drawn or fetched is not kept" in capsys.readouterr().out
