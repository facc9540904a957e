"""Two processes that train one model, against one process with the whole batch."""

import os
import subprocess
import sys
from pathlib import Path

from aigc_utils import models, training
from aigc_utils.runtime import keras, tf
from benchmarks.scaling import addresses

import numpy as np
import pytest
import two_workers

SCRIPT = Path(two_workers.__file__)


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Return what each of two workers kept; they share the folder of the checkpoint."""
    folder = tmp_path_factory.mktemp("workers") / "run"
    folder.mkdir()
    path = os.pathsep.join([str(SCRIPT.parent.parent), os.environ.get("PYTHONPATH", "")])
    started = []
    for task in addresses(2):
        environment = os.environ | {"TF_CONFIG": task, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, SCRIPT, folder]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    try:
        errors = [one.communicate(timeout=300)[1] for one in started]
    finally:
        for one in started:
            one.kill()
    assert all(one.returncode == 0 for one in started), "\n".join(errors)
    return [np.load(folder.parent / f"worker{index}.npz") for index in (0, 1)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    tf.config.experimental.enable_op_determinism()
    with tf.device("CPU"):
        return two_workers.train_a_flow(tmp_path_factory.mktemp("alone"))


def test_both_workers_end_on_the_same_bits(workers):
    """With batch normalisation and moving averages too."""
    first, second = workers
    assert {"whole 0", "gan 0"} <= set(first) == set(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def gradients(kept):
    """Return the gradients of a flow's first step, from what it moved the weights by."""
    names = sorted(name for name in kept if name.startswith("step ") and kept[name].dtype == np.float32)
    return [(kept[name.replace("step", "start")] - kept[name]) / two_workers.RATE for name in names]


def test_a_steps_gradient_is_that_of_the_whole_batch(workers, alone):
    for shared, whole in zip(gradients(workers[0]), gradients(alone), strict=True):
        np.testing.assert_allclose(shared, whole, atol=1e-5)
        assert np.abs(whole).max() > 1e-3


def test_twenty_steps_lose_what_one_worker_loses(workers, alone):
    assert len(alone["losses"]) == 8 and alone["losses"][-1] < alone["losses"][0]
    np.testing.assert_allclose(workers[0]["losses"], alone["losses"], atol=1e-3)


def test_one_worker_writes_the_checkpoint_and_both_continue_from_it(workers, alone):
    assert list(workers[0]["files"]) == ["flow.weights.h5"]
    for kept in (*workers, alone):
        assert len(kept["again"]) == 1
        for name in (name for name in kept if name.startswith("continued ")):
            np.testing.assert_array_equal(kept[name], kept[name.replace("continued", "whole")])


def test_what_each_worker_would_do_for_itself_is_refused(workers):
    clipped, uneven, several = workers[0]["refusals"]
    assert "steps_per_execution=2 for 2 workers; expected 1" in several
    assert "without clipping" in clipped and "batch_size=7 for 2 workers; expected a multiple" in uneven


def test_a_model_made_outside_the_scope_is_refused():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    outside = training.FlowMatching(models.velocity(8, (4,)))
    with strategy.scope(), pytest.raises(ValueError, match="inside one `with strategy.scope"):
        outside.compile(keras.optimizers.SGD(0.1))
    with strategy.scope():
        inside = training.FlowMatching(models.velocity(8, (4,)))
    with pytest.raises(ValueError, match="inside one `with strategy.scope"):
        inside.compile(keras.optimizers.SGD(0.1))
