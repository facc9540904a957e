"""The server of 10b_serving: runtimes by batch size, load, 10,000 requests, 1,000 hostile ones. Writes serving.json.

python benchmarks/serving.py                        all of it, about 15 minutes on 2 quiet cores
python benchmarks/serving.py latency [PART ...]     only these of latency, load, many, hostile, label
"""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_apps import serving  # noqa: E402
from aigc_utils import kittens, models, provenance, runtime  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402
import psutil  # noqa: E402
from PIL import Image  # noqa: E402

PATH = HERE / "serving.json"
BATCHES = (1, 2, 4, 8, 16, 32, 64)
LATENT = 32  # entries of the kitten generator's vectors
SERVERS = {  # name: options of the server
    "Keras, compiled, one by one": ("--engine=keras", "--workers=1", "--batch=1"),
    "ONNX Runtime, one by one": ("--workers=2", "--batch=1"),
    "ONNX Runtime, batches": ("--workers=2", "--batch=8"),
}
RATES = (4, 6, 9, 13, 18, 25, 35, 50, 70, 100)  # requests a second
LIMIT = 0.2  # seconds: 95 % of the answers come within it
REQUESTS, DIFFERENT, HOSTILE = 10_000, 1_000, 1_000


# --- a server and its clients -----------------------------------------------------------------------------------------


class Server:
    """`aigc_apps.serving` in a process of its own, on a free port, with a fresh key; it ends when this one does."""

    def __init__(self, *options, seconds=120):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.key, self.own = secrets.token_hex(16), threading.local()
        command = [sys.executable, "-m", "aigc_apps.serving", f"--port={self.port}", "--while-stdin", *options]
        environment = os.environ | {serving.KEY: self.key}
        given = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "start_new_session": True}  # no Ctrl-C of ours
        self.process = subprocess.Popen(command, env=environment, **given)
        end = time.monotonic() + seconds
        while self.status("/health") != 200:
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise RuntimeError("The server did not start; what it said is above, or on the terminal.")
            time.sleep(0.05)
        self.family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    def status(self, path):
        """Return the status of a GET, 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status
        return 0

    def send(self, body, key=None, method="POST", path="/picture"):
        """Return (status, headers, body) of the answer to one request; each thread keeps its connection."""
        kept = getattr(self.own, "connection", None)
        try:
            connection = kept or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request(method, path, body, {"Authorization": f"Bearer {key or self.key}"})
            answer = connection.getresponse()
            found, self.own.connection = (answer.status, answer.headers, answer.read()), connection
            return found
        except BaseException as error:
            connection.close()
            self.own.connection = None
            if kept and isinstance(error, ConnectionError):  # it was idle for so long that the server had closed it
                return self.send(body, key, method, path)
            raise

    def ask(self, **wish):
        """Return (status, headers, PNG or error) for a wish."""
        return self.send(json.dumps(wish).encode())

    def stop(self):
        """End the server as an operator would; return the processes that are left, which should be none."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.process.stdin.close()
        return psutil.wait_procs(getattr(self, "family", []), 5)[1]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()


def poisson_load(server, rate, count, seed=0):
    """Send ``count`` wishes at the times of a Poisson process, ``rate`` a second; return (seconds, statuses, batches).

    The seconds run from the time when a wish was due: a client that waits for an answer before it asks again would
    spare a slow server, and hide what others would have felt.
    """
    rng = np.random.default_rng(seed)
    due, seeds = np.cumsum(rng.exponential(1 / rate, count)), rng.integers(0, 2**32, count)
    begin = time.perf_counter()

    def ask(k):
        status, headers, _ = server.ask(seed=int(seeds[k]), fur="ginger")
        return time.perf_counter() - begin - due[k], status, int(headers.get("X-Batch-Size", 0))

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        asked = []
        for k in range(count):
            time.sleep(max(0.0, due[k] - (time.perf_counter() - begin)))
            asked.append(pool.submit(ask, k))
        seconds, statuses, batches = zip(*(one.result() for one in asked), strict=True)
    return np.array(seconds), np.array(statuses), np.array(batches)


# --- measurements -----------------------------------------------------------------------------------------------------


def median_ms(action, seconds=1.0, least=5):
    """Return the median milliseconds of an action, after a first one."""
    times, end = [], time.perf_counter() + seconds
    action()
    while len(times) < least or time.perf_counter() < end:
        begin = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - begin))
    return float(np.median(times))


def runtimes(folder):
    """Return {name: function of latent vectors (n, 64)} for the kitten generator, five ways to call one network."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    generator, tf = models.load_pretrained("kitten_generator"), runtime.tf
    paths = {kind: str(folder / f"generator.{kind}") for kind in ("onnx", "tflite")}
    tf.get_logger().setLevel("WARNING")  # else it names its temporary folders
    generator(np.zeros((1, LATENT), np.float32))  # a network that was never called is not exported
    generator.export(paths["onnx"], format="onnx", verbose=False)
    generator.export(paths["tflite"], format="litert", verbose=False)
    session = onnxruntime.InferenceSession(paths["onnx"], providers=["CPUExecutionProvider"])
    compiled = tf.function(lambda z: generator(z, training=False), reduce_retracing=True)
    xla = tf.function(lambda z: generator(z, training=False), jit_compile=True)
    interpreter = Interpreter(paths["tflite"], num_threads=os.cpu_count())
    interpreter.allocate_tensors()
    name, [place], [out] = (
        session.get_inputs()[0].name,
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )

    def litert(z):
        if tuple(interpreter.get_input_details()[0]["shape"]) != z.shape:
            interpreter.resize_tensor_input(place["index"], z.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(place["index"], z)
        interpreter.invoke()
        return interpreter.get_tensor(out["index"])

    return {
        "Keras, eager": lambda z: generator(z, training=False).numpy(),
        "Keras, compiled": lambda z: compiled(z).numpy(),
        "Keras, XLA": lambda z: xla(tf.constant(z)).numpy(),
        "ONNX Runtime": lambda z: session.run(None, {name: z})[0],
        "LiteRT": litert,
    }


def latency():
    """Return {runtime: milliseconds by batch size}."""
    with tempfile.TemporaryDirectory() as folder:
        ways = runtimes(Path(folder))
        latent = np.random.default_rng(0).normal(size=(max(BATCHES), LATENT)).astype(np.float32)
        return {name: [median_ms(lambda w=way, b=b: w(latent[:b])) for b in BATCHES] for name, way in ways.items()}


def label():
    """Return the milliseconds that a label costs: of a file, and of pixels."""
    pixels = np.asarray(Image.fromarray(kittens.sample(1, seed=1)[0][0]).resize((256, 256), Image.Resampling.NEAREST))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kitten.png"
        Image.fromarray(pixels).save(path)
        by_file = median_ms(lambda: provenance.label(path, serving.SAYS))
    return {"file": by_file, "pixels": median_ms(lambda: provenance.labelled_png(pixels, serving.SAYS))}


def load():
    """Return {server: rows (rate, p50, p95, p99, share refused, mean batch)}, until a rate is more than it carries."""
    found = {}
    for name, options in SERVERS.items():
        found[name] = []
        with Server(*options) as server:
            poisson_load(server, 5, 20)
            for rate in RATES:
                seconds, statuses, batches = poisson_load(server, rate, max(100, 8 * rate), seed=rate)
                answered = statuses == 200
                points = [float(q) for q in np.quantile(seconds[answered], (0.5, 0.95, 0.99))]
                row = [rate, *points, float(1 - answered.mean()), float(batches[answered].mean())]
                found[name].append(row)
                print(name, [round(number, 3) for number in row], flush=True)
                if row[2] > 3 * LIMIT or row[4] > 0.05:
                    break
    return found


def carried(rows):
    """Return the highest rate up to which 95 % of the answers came within `LIMIT`, and hardly any was refused."""
    good = list(itertools.takewhile(lambda row: row[2] <= LIMIT and row[4] < 0.01, rows))
    return good[-1][0] if good else 0


# --- every request its picture ----------------------------------------------------------------------------------------


def expected(model, count, seed=0):
    """Return ``count`` wishes as bodies, and the PNG that each must be answered with."""
    rng, api = np.random.default_rng(seed), serving.Kittens(model)
    colours = [(None, *serving.CHOICES[name]) for name in ("fur", "eyes")]
    wishes = [
        {"seed": int(rng.integers(2**53)), "fur": rng.choice(colours[0]), "eyes": rng.choice(colours[1])}
        | {"guidance": float(rng.choice([1.0, 1.5, 3.0]))}
        for _ in range(count)
    ]
    bodies = [json.dumps(wish).encode() for wish in wishes]
    velocity, pictures = serving.onnx_velocity(model), {}
    for first in range(0, count, 8):
        images = serving.draw(velocity, wishes[first : first + 8])
        for body, image, wish in zip(bodies[first : first + 8], images, wishes[first : first + 8], strict=True):
            pictures[body] = api.encode_response((image, wish, 1))[0]
    return pictures


def many(model, requests=REQUESTS, different=DIFFERENT, clients=80):
    """Send requests from many clients, with a new server in the middle; return what happened to them.

    Whoever is refused, or finds no server, asks again. The queue is shorter than the number of clients.
    """
    pictures, happened, lock = expected(model, different), Counter(), threading.Lock()
    bodies, options = list(pictures), (f"--model={model}", "--most-waiting=48")
    servers, begin = [Server(*options)], time.perf_counter()

    def ask(k):
        body = bodies[k % len(bodies)]
        for attempt in itertools.count():
            try:
                status, _, answer = servers[-1].send(body)
            except (OSError, http.client.HTTPException):
                status, answer = 0, b""
            with lock:
                happened[f"status {status}"] += 1
            if status == 200:
                with lock:
                    happened["right" if answer == pictures[body] else "wrong"] += 1
                    happened["repeated"] += attempt > 0
                return
            if status not in (0, 503):
                raise RuntimeError(f"status {status} for {body}")
            time.sleep(1.0 if status == 503 else 0.2)  # as Retry-After says

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        first = [pool.submit(ask, k) for k in range(requests // 2)]
        concurrent.futures.wait(first[: len(first) * 9 // 10])
        left = servers[-1].stop()
        second = [pool.submit(ask, k) for k in range(requests // 2, requests)]  # they find no server at first
        servers.append(Server(*options))
        for one in (*first, *second):
            one.result()
    left += servers[-1].stop()
    counts = {"requests": requests, "different": different, "servers": len(servers), "processes left": len(left)}
    return dict(happened) | counts | {"seconds": time.perf_counter() - begin}


# --- hostile requests -------------------------------------------------------------------------------------------------


def hostile_bodies():
    """Return bodies that are not wishes, each harmless in itself."""
    seeds = ["-1", "9007199254740992", "1" * 900, "-" + "9" * 300, "1.5", "1e3", "1e999", '"7"', "true", "null", "[]"]
    seeds += ["{}", "NaN", "Infinity", "-Infinity"]
    bodies = [f'{{"seed": {seed}}}' for seed in seeds]
    colours = [
        '"pink"',
        "7",
        "true",
        "[]",
        "{}",
        '""',
        '"GINGER"',
        '"\\ud800"',
        '"\\u0000"',
        f'"{"x" * 800}"',
        '["ginger"]',
    ]
    bodies += [f'{{"seed": 1, "{name}": {colour}}}' for name in serving.CHOICES for colour in colours]
    bodies += [
        f'{{"seed": 1, "guidance": {g}}}' for g in ("-1", "5.1", "NaN", "1e999", "-Infinity", '"2"', "null", "[1]")
    ]
    bodies += [
        "",
        " ",
        "x",
        "null",
        "7",
        '"seed"',
        "[]",
        "{}",
        '[{"seed": 1}]',
        '{"seed": 1',
        '{"seed": 1}}',
        "{'seed': 1}",
    ]
    bodies += [
        '{"seed": 1, "seed": 2}',
        '{"seed": 1, "size": 9}',
        '{"Seed": 1}',
        '{"": 1}',
        "[" * 900,
        '{"seed":' * 100,
    ]
    return [body.encode() for body in bodies] + [
        b"\xff\xfe\x00",
        b"\0" * 500,
        b'{"seed": 1, "fur": "\xc3"}',
        b"a" * 5000,
    ]


def hostile_requests(key):
    """Yield (kind, bytes that are sent, seconds between parts); where these are bytes of one part, there is none."""

    def post(body=b"", key=key, path="/picture", method="POST", more="", length=None):
        said = f"Content-Length: {len(body) if length is None else length}\r\n" if length != "" else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{more}{said}\r\n"
        return head.encode("latin-1") + body

    good = b'{"seed": 1}'
    yield from (("body", [post(body)], 0) for body in hostile_bodies())
    yield from (("key", [post(good, bad)], 0) for bad in ("", "x", key[:-1], key + "x", key.upper() + "é", "k" * 5000))
    yield from (("method", [post(good, method=m)], 0) for m in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"))
    paths = (
        "/nothing",
        "/picture/",
        "//picture",
        "/../picture",
        "/%00",
        "/health",
        "/docs",
        "/shutdown",
        f"/{'x' * 3000}",
    )
    yield from (("path", [post(good, path=path)], 0) for path in paths)
    yield "size", [post(b"x" * 50_000)], 0
    yield "size", [post(b"x" * 2_000_000)], 0
    chunked = post(more="Transfer-Encoding: chunked\r\n", length="")
    yield "size", [chunked + (b"%x\r\n" % 60_000 + b"x" * 60_000 + b"\r\n") * 30 + b"0\r\n\r\n"], 0
    yield "chunks", [chunked + b"zz\r\nx\r\n"], 0
    yield from (("length", [post(good, length=length)], 0) for length in ("-1", "x", "1e3", "9" * 30))
    yield "head", [b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n"], 0
    yield from (
        ("no HTTP", [part], 0) for part in (b"\x16\x03\x01\x02\0", b"hello\r\n\r\n", b"GET\r\n\r\n", b"\0" * 100)
    )
    yield "slow head", [b"POST /picture HTTP/1.1\r\n", *[b"X"] * 40], 0.25
    yield "slow body", [post(length=20), *[b"x"] * 40], 0.25
    yield "silent", [b""], 30
    yield "silent", [post(length=20)], 30
    yield "half-closed", [post(good)], -1  # the sender closes its side at once
    yield "half-closed", [post(b"{}")], -1
    yield "gone", [post(good)], -2  # and does not wait for the answer
    yield "gone", [post(b"{}", length=900)], -2


def send_hostile(port, parts, pause, seconds=30):
    """Send one hostile request; return the status of the answer, or 0 where the connection was closed without one."""
    answer, closed = b"", threading.Event()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=seconds) as one:

        def trickle():
            with contextlib.suppress(OSError):
                for part in parts:
                    one.sendall(part)
                    if pause > 0 and closed.wait(pause):
                        break
                if pause < 0:
                    one.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=trickle, daemon=True)
        sender.start()
        if pause == -2:
            sender.join()
            return 0
        try:
            while b"\r\n\r\n" not in answer and (part := one.recv(65536)):
                answer += part
        finally:
            closed.set()
            sender.join()
    words = answer.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") else 0


def resources(server):
    """Return the memory in MB and the open files of all of a server's processes."""
    return [sum(one.memory_info().rss for one in server.family) / 1e6, sum(one.num_fds() for one in server.family)]


def hostile(model, count=HOSTILE, patience=2.0):
    """Send hostile requests, and a wish after every tenth; return statuses by kind, and resources before and after."""
    pictures = expected(model, 20)
    with Server(f"--model={model}", f"--patience={patience}") as server:
        requests = list(hostile_requests(server.key))

        def storm(first, last):
            """Send some; the slow ones are in good company, so the wall-clock time is that of a few."""
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                chosen = [requests[k % len(requests)] for k in range(first, last)]
                sent = [(kind, pool.submit(send_hostile, server.port, parts, pause)) for kind, parts, pause in chosen]
                bodies = list(itertools.islice(itertools.cycle(pictures), (last - first) // 10))
                good = [pool.submit(server.send, body) for body in bodies]
                right = [one.result()[2] == pictures[body] for one, body in zip(good, bodies, strict=True)]
                return Counter((kind, one.result()) for kind, one in sent), right

        storm(0, len(requests))  # what every part of a server allocates once is no leak
        before = resources(server)
        found, right = storm(0, count)
        time.sleep(1)
        after = resources(server)
        pids = [one.is_running() for one in server.family]
        left = server.stop()
    kinds = {kind: {} for kind, _ in found}
    for (kind, status), times in sorted(found.items()):
        kinds[kind][str(status)] = times
    result = {"kinds": kinds, "before": before, "after": after, "wishes": len(right), "right": sum(right)}
    return result | {"all alive": all(pids), "processes left": len(left)}


# --- tables -----------------------------------------------------------------------------------------------------------


def markdown(result):
    """Return the section of benchmarks/README.md."""
    lines = [f"| {name} | " + " | ".join(f"{ms:.2f}" for ms in row) + " |" for name, row in result["latency"].items()]
    head = (
        "| milliseconds a call, by pictures | " + " | ".join(map(str, BATCHES)) + " |\n" + "|---" * (len(BATCHES) + 1)
    )
    rows = [
        f"| {name} | {rate:g} | {p50 * 1000:.0f} | {p95 * 1000:.0f} | {p99 * 1000:.0f} | {no:.1%} | {size:.1f} |"
        for name, found in result["load"].items()
        for rate, p50, p95, p99, no, size in found
    ]
    rates = {name: carried(found) for name, found in result["load"].items()}
    rival, ours = rates["Keras, compiled, one by one"], rates["ONNX Runtime, batches"]
    many, bad = result["many"], result["hostile"]
    statuses = Counter()
    for kind in bad["kinds"].values():
        statuses.update(kind)
    faster, label_ms = result["latency"]["Keras, compiled"][0] / result["latency"]["ONNX Runtime"][0], result["label"]
    load_head = "| server | requests a second | p50, ms | p95, ms | p99, ms | refused | pictures a batch |"
    return f"""## A server

From `serving.json`. The kitten generator, called five ways (medians; both cores):

{head}|
{chr(10).join(lines)}

One picture by ONNX Runtime takes 1/{faster:.1f} of the time of the compiled Keras call. A label takes
{label_ms["file"]:.0f} ms for a file and {label_ms["pixels"]:.1f} ms for pixels.

The server of 10b_serving (the flow, {serving.STEPS} steps of Heun), asked by a Poisson process on the same two cores.
Within 200 ms for 95 % it carries {ours:g} requests a second, and compiled Keras in one process {rival:g}: a factor of
{ours / max(rival, 1e-9):.1f}.

{load_head}
{"|---" * 7}|
{chr(10).join(rows)}

{many["requests"]:,} requests of {many["different"]:,} different wishes, with a new server in the
middle: {many["right"]:,} right, bit by bit, {many.get("wrong", 0)} wrong; {many["repeated"]:,} had to ask again;
{many["processes left"]} processes left. {sum(statuses.values()):,} hostile requests: by status (0: closed without one)
{", ".join(f"{status}: {times}" for status, times in sorted(statuses.items()))}; {bad["right"]} of {bad["wishes"]}
wishes between them right; memory {bad["before"][0]:.0f} → {bad["after"][0]:.0f} MB, open files {bad["before"][1]} →
{bad["after"][1]}.
"""


def main(parts=()):
    """Measure the parts, all where none is named, and write each as soon as it is there."""
    runtime.start(0)
    result = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        model = serving.export(Path(folder) / "flow.onnx")
        work = {"latency": latency, "label": label, "load": load}
        work |= {"many": lambda: many(model), "hostile": lambda: hostile(model)}
        for part in parts or work:
            begin = time.perf_counter()
            result |= {"batches": list(BATCHES), part: work[part]()}
            notebooks.write(PATH, json.dumps(result, indent=1) + "\n")
            print(f"{part}: {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
