"""Profile, folders, seeds and the report of the machine."""

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
        assert runtime.start(seed=5) == "cpu"
        draws.append((np.random.rand(), float(tf.random.uniform(()))))
    assert draws[0] == draws[1]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
    assert "TensorFlow" in lines[0] and "seed 5" in lines[0]


def test_tensorflow_is_imported_without_a_word():
    code = "from aigc_utils.runtime import tf; tf.constant(1) + 1"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_another_backend_is_refused():
    code = "from aigc_utils.runtime import keras"
    environment = {**__import__("os").environ, "KERAS_BACKEND": "numpy"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode and "need its TensorFlow backend" in done.stderr


def test_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("AIGC_CACHE_DIR", str(tmp_path / "cache"))
    assert runtime.cache_dir() == tmp_path / "cache" and runtime.cache_dir().is_dir()
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
