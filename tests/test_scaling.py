"""Workers that are started, watched and killed, jobs that are spread, and what the notebook says without Ray."""

import contextlib
import json
import os
import sys
import types
from pathlib import Path

from aigc_utils import training
from aigc_utils.runtime import tf
from benchmarks import cluster

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import claims
import scaling


def doubled(x):
    return 2 * x


class Engine(types.ModuleType):
    """Ray as far as it is asked: tasks are done when they are fetched, so that their order is seen."""

    def __init__(self, running=False):
        super().__init__("ray")
        self.calls, self.running = [], running

    def is_initialized(self):
        return self.running

    def init(self, address, **options):
        self.calls.append(address)

    def shutdown(self):
        self.calls.append("shutdown")

    def remote(self, num_cpus):
        return lambda function: types.SimpleNamespace(remote=lambda *job: (function, job))

    def get(self, task):
        return task[0](*task[1])


def test_without_ray_jobs_run_one_after_another(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with cluster.engine() as ray:
        assert ray is None
    order = []
    results = cluster.spread(lambda x: order.append(x) or 2 * x, [(3,), (1,)])
    assert not order and next(results) == 6 and order == [3]  # as they are asked for
    assert list(results) == [2]


@pytest.mark.parametrize("address", [None, "ray://head:10001"])
def test_ray_is_started_where_it_is_told_and_ended(monkeypatch, address):
    ray = Engine()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    assert list(cluster.spread(doubled, [(1,), (5,)])) == [2, 10]
    assert ray.calls == [address or "local", "shutdown"]
    with contextlib.suppress(ZeroDivisionError):
        list(cluster.spread(lambda x: 1 / x, [(0,)]))
    assert ray.calls[2:] == [address or "local", "shutdown"]  # after an error too


def test_where_ray_cannot_start_jobs_run_here_and_it_is_said(monkeypatch, capsys):
    ray = Engine()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "init", lambda address, **options: doubled(None) * 1)
    assert list(cluster.spread(doubled, [(4,)])) == [8] and ray.calls == ["shutdown"]
    assert "Ray cannot be started here, so all runs in this process: unsupported operand" in capsys.readouterr().out
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    with pytest.raises(TypeError):  # a cluster that was asked for is not left out
        list(cluster.spread(doubled, [(4,)]))


def test_a_cluster_that_runs_is_used_and_left_running(monkeypatch):
    ray = Engine(running=True)
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert list(cluster.spread(doubled, [(1,)])) == [2] and not ray.calls


def test_workers_learn_where_all_are():
    first, second = (json.loads(text) for text in scaling.addresses(2))
    assert first["cluster"] == second["cluster"] and len(set(first["cluster"]["worker"])) == 2
    assert [task["task"] for task in (first, second)] == [{"type": "worker", "index": k} for k in (0, 1)]


WORKER = """
import json, os, sys, time
folder, number = sys.argv[1], int(sys.argv[2])
together = os.environ.get("TF_CONFIG")
assert (json.loads(together)["task"]["index"] if together else number) == number
open(os.path.join(folder, f"{number} {os.getpid()}"), "w").close()
if number == 1 and len(os.listdir(folder)) < 4 and "fails" in sys.argv[0:] + [os.environ.get("SAYS", "")]:
    sys.exit("no space left")
if together and len(os.listdir(folder)) < 4 and "fails" in os.environ.get("SAYS", ""):
    time.sleep(60)
"""


@pytest.mark.parametrize("together", [True, False])
def test_all_workers_run_once_where_nothing_happens(tmp_path, together):
    assert scaling.run_workers([sys.executable, "-c", WORKER, str(tmp_path)], together=together) == 1
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["0", "1"]


def test_where_one_fails_all_begin_anew_and_nobody_is_left(tmp_path, monkeypatch):
    import psutil

    monkeypatch.setenv("SAYS", "fails")
    assert scaling.run_workers([sys.executable, "-c", WORKER, str(tmp_path)], starts=3) in (2, 3)
    started = [int(path.name.split()[1]) for path in tmp_path.iterdir()]
    assert len(started) >= 4 and not any(psutil.pid_exists(pid) for pid in started)


def test_a_worker_that_always_fails_is_quoted(tmp_path):
    words = "worker 0 of 2 failed at start 2: .*no space left"
    with pytest.raises(RuntimeError, match=f"(?s){words}"):
        scaling.run_workers([sys.executable, "-c", "import sys; sys.exit('no space left')"], starts=2)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_worker_loses_nothing(tmp_path):
    """Two workers, one of which is killed after the second checkpoint: the weights are those of the other run."""
    ends = []
    for name, kill in (("quiet", None), ("killed", 3)):
        folder = tmp_path / name
        folder.mkdir()
        job = scaling.SMALL | {"every": 2, "steps": 4, "folder": str(folder), "checkpoint": True, "kill": kill}
        assert scaling.run_workers(scaling.command(job), starts=2) == (2 if kill else 1)
        ends.append({row["digest"] for row in scaling.results(folder)})
    assert ends[0] == ends[1] and len(ends[0]) == 1


def test_the_sum_of_one_vector_is_the_sums_of_all():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    from aigc_utils import trainables

    pairs = [(tf.reshape(tf.range(6.0), (2, 3)), tf.zeros((2, 3))), (tf.constant([7.0]), tf.zeros((1,)))]
    pairs.append((tf.IndexedSlices(tf.ones((1, 2)), [1], (3, 2)), tf.zeros((3, 2))))
    with strategy.scope():
        summed = strategy.run(lambda: [part for part, _ in trainables._sum_as_one(pairs)])
    for part, expected in zip(summed, ([[0, 1, 2], [3, 4, 5]], [7], [[0, 0], [1, 1], [0, 0]]), strict=True):
        np.testing.assert_array_equal(part, expected)


def test_a_batchs_cost_is_read_from_its_row():
    rows = [{"a": 2, "b": 1}, {"a": 4, "b": 1}, {"a": 9, "b": 1}]
    assert scaling.shares(rows, "a", "b") == (4.0, 2.0, 9.0)
    assert np.isnan(scaling.shares(rows, "a", "Ray")).all()
    assert scaling.medians([{"n": "x", "v": 1}, {"n": "x", "v": 3}, {"n": "y", "v": 5}], "n", "v") == {"x": 2, "y": 5}


def test_claims_that_are_there_are_not_run_again(monkeypatch):
    monkeypatch.setattr(claims, "digest", lambda notebook: notebook)
    monkeypatch.setattr(claims.notebooks, "read", lambda path: path.stem)
    store = {"10_a": {"code": "10_a", "runs": [{"seed": 1}]}, "10b_b": {"code": "older", "runs": [{"seed": 0}]}}
    first, second = Path("10_a"), Path("10b_b")
    assert claims.missing(store, [first, second], range(2)) == [(first, 0), (second, 0), (second, 1)]
    assert store["10b_b"]["runs"] == []
    store["10_a"]["runs"] = [{"seed": 1, "claims": 7, "failed": []}]
    assert claims.table(store).splitlines()[2:] == ["| 10_a | 7 | 1 | 1 | nothing |"]  # 10b's turn has not come yet


def test_a_step_moves_the_generator_in_every_number_type():
    for options in scaling.TYPES.values():
        if not options.get("jit"):
            assert 0 < scaling.step_seconds(shrink=8, batch=2, rounds=1, **options)[0] < 60
    assert training.keras.config.dtype_policy().name == "float32"
