"""The server of 10b: wishes, pictures and labels by hand; then a real one, with a network of five operations."""

import json
import os
import subprocess
import sys
from pathlib import Path

from aigc_apps import serving
from aigc_utils import marks, provenance

import numpy as np
import onnx
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import serving as bench

EMPTY = {"fur": None, "eyes": None, "guidance": 1.0}

# --- wishes -----------------------------------------------------------------------------------------------------------


def test_a_wish_needs_a_seed_alone():
    assert serving.read_wish(b'{"seed": 0}') == {"seed": 0} | EMPTY
    most = serving.MOST_SEED
    full = {"seed": most, "fur": "brown", "eyes": "blue", "guidance": 5}
    assert serving.read_wish(json.dumps(full).encode()) == full


@pytest.mark.parametrize("body", [body for body in bench.hostile_bodies() if len(body) <= serving.MOST_BYTES])
def test_what_is_no_wish_is_refused_in_one_sentence(body):
    with pytest.raises(serving.Refused) as refused:
        serving.read_wish(body)
    said = str(refused.value)
    assert said.startswith("received ") and "expected" in said and said.endswith(".") and len(said) < 200
    assert said.isascii() and refused.value.status in (400, 422)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.dictionaries(st.sampled_from(["seed", *EMPTY, "x"]), JSON).map(json.dumps))
def test_any_body_is_a_wish_or_a_sentence(body):
    try:
        wish = serving.read_wish(body if isinstance(body, bytes) else body.encode())
    except serving.Refused as refused:
        assert "expected" in str(refused)
    else:
        assert type(wish["seed"]) is int and 0 <= wish["guidance"] <= 5 and set(wish) == {"seed", *EMPTY}


# --- pictures ---------------------------------------------------------------------------------------------------------


def wish(seed, **given):
    return {"seed": seed} | EMPTY | given


def test_no_wish_is_the_number_after_the_last():
    """−1 would be the last colour for ONNX."""
    assert serving.labels([wish(1), wish(2, fur="ginger", eyes="amber")]).tolist() == [[5, 3], [0, 2]]


def test_twelve_steps_of_heun_by_hand():
    """For v = −x a step of Heun multiplies by 1 − h + h²/2; the last one, an Euler step, by 1 − h."""
    noise = np.random.default_rng(3).standard_normal((32, 32, 3), np.float32)
    end = noise * (1 - 1 / 12 + 1 / 288) ** 11 * (1 - 1 / 12)
    [image] = serving.draw(lambda points, time, told: -points, [wish(3)])
    assert np.abs(image - np.clip((end + 1) * 127.5, 0, 255)).max() <= 0.51


def test_guidance_goes_beyond_the_wish():
    """A field of 0.2 without the wish and 0.3 with it: the way is 0.2 + w · 0.1 for each, whatever its company."""

    def field(points, time, told):
        return np.where((told == [5, 3]).all(axis=1), 0.2, 0.3).astype(np.float32)[:, None, None, None] + 0 * points

    ways = [wish(1, fur="grey", guidance=weight) for weight in (1.0, 0.0, 3.0)] + [wish(1, guidance=2.0)]
    images = serving.draw(field, ways).astype(float)
    start = np.random.default_rng(1).standard_normal((32, 32, 3), np.float32)
    inside = np.abs(start) < 0.4
    for image, way in zip(images, (0.3, 0.2, 0.5, 0.2), strict=True):
        assert np.abs(image[inside] - (start[inside] + way + 1) * 127.5).max() <= 0.51


def test_a_labelled_png_is_read_by_everybody(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(provenance.labelled_png(pixels, serving.SAYS))
    found = provenance.read(path)
    assert found.mark and not found.problems and found.iptc == serving.SAYS.iptc()
    assert found.aigc["ProduceID"] and found.aigc["Label"] == "1"
    with Image.open(path) as picture:
        seen = np.asarray(picture)
    rows, columns = marks.badge(13).shape
    assert (seen[:-rows] == pixels[:-rows]).all() and (seen[:, :-columns] == pixels[:, :-columns]).all()
    assert provenance.labelled_png(pixels, serving.SAYS) == path.read_bytes()
    with pytest.raises(ValueError, match="the mark takes"):
        provenance.labelled_png(pixels[:16, :16], serving.SAYS)
    with pytest.raises(ValueError, match="received images of"):
        provenance.labelled_png(pixels[..., :2], serving.SAYS)


def test_new_weights_are_exported_anew(monkeypatch, tmp_path):
    written = []
    monkeypatch.setattr(serving.runtime, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(serving.runtime, "shipped", lambda *parts: tmp_path / "weights")
    monkeypatch.setattr(serving, "export", lambda path: written.append(path) or path.touch() or path)
    for weights in (b"old", b"old", b"new"):
        (tmp_path / "weights").write_bytes(weights)
        assert serving.exported().exists()
    assert len(written) == 2 and written[0] != written[1]


def test_a_label_that_was_not_written_is_noticed(monkeypatch):
    monkeypatch.setattr(provenance._carriers, "_packet", lambda *a: b"<x/>")
    with pytest.raises(provenance.LabelError, match="could not be read back"):
        provenance.labelled_png(np.zeros((64, 64, 3), np.uint8), serving.SAYS)


# --- a server ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Write a velocity field of five operations: −points + the labels' sum / 10."""
    nodes = [
        helper.make_node("Neg", ["image"], ["back"]),
        helper.make_node("ReduceSum", ["labels", "axis"], ["sum"], keepdims=1),
        helper.make_node("Cast", ["sum"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "tenth"], ["push"]),
        helper.make_node("Reshape", ["push", "shape"], ["wide"]),
        helper.make_node("Add", ["back", "wide"], ["velocity"]),
    ]
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        helper.make_tensor("tenth", TensorProto.FLOAT, [], [0.1]),
        helper.make_tensor("shape", TensorProto.INT64, [4], [-1, 1, 1, 1]),
    ]
    shape = ["n", 32, 32, 3]
    inputs = [
        helper.make_tensor_value_info("image", TensorProto.FLOAT, shape),
        helper.make_tensor_value_info("time", TensorProto.FLOAT, ["n"]),
        helper.make_tensor_value_info("labels", TensorProto.INT32, ["n", 2]),
    ]
    out = [helper.make_tensor_value_info("velocity", TensorProto.FLOAT, shape)]
    made = helper.make_model(helper.make_graph(nodes, "small", inputs, out, constants), ir_version=8)
    made.opset_import[0].version = 17
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    onnx.save(made, path)
    return path


@pytest.fixture
def start(model):
    """Return a function that starts a server; all are ended after the test."""
    started = []

    def begin(*options):
        started.append(bench.Server(f"--model={model}", *options))
        return started[-1]

    yield begin
    for server in started:
        server.stop()


def test_every_answer_is_the_right_picture_over_a_new_server(model):
    done = bench.many(model, requests=240, different=40, clients=60)
    assert done["right"] == 240 and "wrong" not in done and done["repeated"] > 0 and not done["processes left"]


def test_hostile_requests_get_no_500_and_spoil_nothing(model):
    count = len(list(bench.hostile_requests("k" * 32)))
    found = bench.hostile(model, count, patience=0.7)
    assert found["wishes"] == found["right"] > 5 and found["all alive"] and not found["processes left"]
    statuses = {int(status) for kind in found["kinds"].values() for status in kind}
    assert statuses <= {0, *range(400, 500)} and {400, 401, 404, 405, 408, 413, 422} <= statuses
    assert set(found["kinds"]["size"]) == {"413"} and set(found["kinds"]["key"]) == {"401"}
    (before, files_before), (after, files_after) = found["before"], found["after"]
    assert after < before + 30 and files_after <= files_before + 5


def test_a_full_queue_says_when_to_ask_again_and_metrics_count(start, capfd):
    server = start("--most-waiting=1", "--workers=1", "--batch=1")
    with bench.concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = [one.result() for one in [pool.submit(server.ask, seed=k, fur="grey") for k in range(90)]]
    refused = [headers for status, headers, _ in answers if status == 503]
    assert refused and all(headers["Retry-After"] == "1" for headers in refused)
    assert {status for status, _, _ in answers} == {200, 503}
    assert server.send(None, "wrong", "GET", "/metrics")[0] == 401
    said = server.send(None, method="GET", path="/metrics")[2].decode()
    good = len(answers) - len(refused)
    for line in (
        f'pictures_requests_total{{path="/picture",status="200"}} {good}.0',
        f'pictures_refused_total{{reason="queue"}} {len(refused)}.0',
        'pictures_refused_total{reason="key"} 1.0',
        f'pictures_wishes_total{{factor="fur",value="grey"}} {good}.0',
        f"pictures_batch_size_count {good}.0",
    ):
        assert line in said.splitlines()
    assert server.key not in said and not server.stop()
    logged = capfd.readouterr()
    assert server.key not in logged.out + logged.err and "grey" not in logged.out + logged.err


@pytest.mark.parametrize("end", ["closed input", "killed"])
def test_no_process_outlives_a_server_whose_owner_is_gone(start, end):
    server = start()
    assert len(server.family) >= 4
    server.process.stdin.close() if end == "closed input" else server.process.kill()
    assert not psutil.wait_procs(server.family, 20)[1]


def test_a_worker_that_dies_is_replaced(start):
    server = start("--workers=1", "--patience=1")
    worker = next(one for one in server.family[1:] if "spawn_main" in " ".join(one.cmdline()))
    worker.kill()
    statuses = []
    while not statuses or (statuses[-1] != 200 and len(statuses) < 200):
        statuses.append(server.ask(seed=1)[0])
        bench.time.sleep(0.1)
    assert statuses[-1] == 200 and set(statuses) <= {200, 503}
    server.family += psutil.Process(server.process.pid).children(recursive=True)
    assert not server.stop()


@pytest.mark.parametrize("key", ["short", "ключ ключ ключ ключ", ""])
def test_a_weak_key_is_refused_and_not_shown(key):
    command = [sys.executable, "-m", "aigc_apps.serving"]
    done = subprocess.run(command, env=os.environ | {serving.KEY: key}, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and f"holds {len(key)} characters" in done.stderr
    assert not key or key not in done.stderr + done.stdout


# --- the bench's arithmetic -------------------------------------------------------------------------------------------


def test_a_rate_is_carried_while_answers_are_quick_and_given():
    rows = [
        [1, 0.1, 0.15, 0.2, 0.0, 1.0],
        [2, 0.1, 0.2, 0.3, 0.0, 1.0],
        [3, 0.1, 0.1, 0.1, 0.02, 1.0],
        [4, 0, 0, 0, 0, 1],
    ]
    assert bench.carried(rows) == 2
    assert bench.carried([[1, 0.1, 0.21, 0.3, 0.0, 1.0]]) == 0


def test_the_section_names_what_was_measured():
    rates = {name: [[4 * k, 0.01, 0.02, 0.03, 0.0, 1.0]] for k, name in enumerate(bench.SERVERS, start=1)}
    names = ("Keras, eager", "Keras, compiled", "ONNX Runtime")
    result = {
        "latency": {name: [8.0 / k] * len(bench.BATCHES) for k, name in enumerate(names, start=1)},
        "label": {"file": 250.0, "pixels": 2.5},
        "load": rates,
        "many": {"requests": 9, "different": 3, "right": 9, "repeated": 2, "processes left": 0},
        "hostile": {
            "kinds": {"a": {"400": 3}, "b": {"0": 1}},
            "before": [1, 2],
            "after": [3, 4],
            "wishes": 2,
            "right": 2,
        },
    }
    said = bench.markdown(result)
    assert "takes 1/1.5 of the time" in said and "a factor of\n3.0" in said and "0: 1, 400: 3" in said
    assert "9 right" in said.replace("\n", " ") and "memory 1 → 3 MB" in said.replace("\n", " ")
