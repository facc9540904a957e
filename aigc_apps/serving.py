"""A server of kittens: a wish in JSON goes in, a labelled PNG comes out. LitServe on FastAPI, with ONNX Runtime.

    AIGC_SERVING_KEY=… python -m aigc_apps.serving --port 8000 --workers 2

    POST /picture   {"seed": 7, "fur": "ginger", "eyes": "green", "guidance": 1.5}, header Authorization: Bearer KEY
    GET /           a page that asks;  /health  200 once all workers are warm;  /metrics  for Prometheus, with the key

`Gate` reads, checks, refuses and counts before LitServe is asked, so that a batch holds good wishes only. Nothing of a
request is logged. Taught in 10b_serving.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import functools
import hashlib
import hmac
import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from queue import Empty

from aigc_utils import data, files, kittens, provenance, runtime

import litserve
import numpy as np
import prometheus_client as prometheus
import psutil
import uvicorn
from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse
from litserve.loops.simple_loops import BatchedLoop
from litserve.server import RegularRequestHandler
from litserve.utils import LitAPIStatus, LoopResponseType, wrap_litserve_start
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.auto import AutoHTTPProtocol

KEY = "AIGC_SERVING_KEY"  # the environment variable
MOST_HEAD, MOST_BYTES, MOST_READ = 10_000, 1000, 100_000  # bytes of a head; of a body; of one that is refused politely
PATIENCE = 5.0  # seconds for a head, and for a body; twice as long for a picture
MOST_SEED, MOST_GUIDANCE = 2**53 - 1, 5.0  # beyond this seed a browser's numbers are not exact
CHOICES = {name: kittens.CHOICES[name] for name in ("fur", "eyes")}
STEPS, ENLARGED = 12, 8  # of Heun's method; so that the mark can be read
SAYS = provenance.Label("kitten_flow", "aigc-notebooks", version="10b_serving")
SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # bounds of the histogram of latencies
PATHS = {"/": "GET", "/health": "GET", "/metrics": "GET", "/picture": "POST"}
PAGE = Path(__file__).with_name("serving.html")
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src blob: data:; connect-src 'self'"
)
AGAIN, CLOSE, ASK = {"Retry-After": "1"}, {"Connection": "close"}, {"WWW-Authenticate": "Bearer"}


# --- from a wish to a picture -----------------------------------------------------------------------------------------


class Refused(Exception):
    """A request that gets no picture: a status, a reason (one word, for the metrics), a sentence, headers."""

    def __init__(self, status, reason, sentence, headers=None):
        super().__init__(sentence)
        self.status, self.reason, self.headers = status, reason, headers


def read_wish(body):
    """Return a body, bytes of JSON, as {"seed", "fur", "eyes", "guidance"}, or raise `Refused`.

    Only the seed is needed. Without a colour the picture may have any; a guidance above 1 exaggerates what is wished.
    """

    def refuse(received, expected, reason, status=422):
        raise Refused(status, reason, f"received {ascii(received)[:60]}; expected {expected}.")

    try:
        given = json.loads(body.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        refuse(body[:40], "a JSON object without repeated names", "json", 400)
    wish = {"seed": None, "fur": None, "eyes": None, "guidance": 1.0}
    if not isinstance(given, dict) or not {"seed"} <= {*given} <= {*wish}:
        refuse(given, "an object with seed and, where wished, fur, eyes, guidance", "names")
    wish |= given
    if type(wish["seed"]) is not int or not 0 <= wish["seed"] <= MOST_SEED:
        refuse(wish["seed"], f"seed, a whole number from 0 to {MOST_SEED}", "seed")
    if type(wish["guidance"]) not in (int, float) or not 0 <= wish["guidance"] <= MOST_GUIDANCE:  # so does NaN
        refuse(wish["guidance"], f"guidance, a number from 0 to {MOST_GUIDANCE:g}", "guidance")
    for name, choices in CHOICES.items():
        if wish[name] not in (None, *choices):
            refuse(wish[name], f"{name}, one of {', '.join(choices)}", name)
    return wish


def _once(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)


def export(path):
    """Write the shipped flow's velocity field as an ONNX file, in some seconds; return its path."""
    from aigc_utils import models

    network, path = models.load_pretrained("kitten_flow"), Path(path)
    network([np.zeros((1, *part.shape[1:]), part.dtype) for part in network.inputs])  # one never called is not exported
    with files.replacing(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about tf2onnx
        network.export(partial, format="onnx", verbose=False)
    return path


def exported():
    """Return the cached ONNX file of the shipped flow, which is written if there is none of these weights yet."""
    weights = runtime.shipped("pretrained", "kitten_flow.weights.h5").read_bytes()
    path = runtime.cache_dir() / f"kitten_flow_{hashlib.sha256(weights).hexdigest()[:12]}.onnx"
    return path if path.exists() else export(path)


def onnx_velocity(path, threads=1):
    """Return the field of an ONNX file as a function of points (n, 32, 32, 3), time (n,) and labels (n, 2)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda *given: session.run(None, dict(zip(("image", "time", "labels"), given, strict=True)))[0]


def keras_draw():
    """Return a function like `draw`: Keras' compiled sampler draws one wish after the other. It is the rival in 10b."""
    from aigc_utils import models, training

    flow = training.FlowMatching(models.load_pretrained("kitten_flow"))

    def one(wish):
        told = np.where(labels([wish]) == labels([dict.fromkeys(CHOICES)]), -1, labels([wish]))
        return flow.generate(noise(wish)[None], STEPS, labels=told, guidance=wish["guidance"])[0]

    return lambda wishes: data.to_uint8(np.clip(np.stack([one(wish) for wish in wishes]), -1, 1))


def labels(wishes):
    """Return the wishes' class numbers, int32 (n, 2); where nothing is wished it is the number after the last.

    Keras takes −1 for that, too, but ONNX counts −1 from the end: it would be the wish for the last colour.
    """
    numbers = {name: {word: k for k, word in enumerate((*words, None))} for name, words in CHOICES.items()}
    return np.array([[numbers[name][wish[name]] for name in CHOICES] for wish in wishes], np.int32)


def noise(wish):
    """Return the noise (32, 32, 3) that a wish's seed decides."""
    return np.random.default_rng(wish["seed"]).standard_normal((32, 32, 3), np.float32)


def draw(velocity, wishes):
    """Return pictures, uint8 (n, 32, 32, 3), one a wish: Heun's method from the noise that its seed decides."""
    points = np.stack([noise(wish) for wish in wishes])
    guidance = np.array([wish["guidance"] for wish in wishes], np.float32)[:, None, None, None]
    twice = np.flatnonzero(guidance != 1)  # these are asked without their wishes too, in the same call
    told = np.concatenate([labels(wishes), labels([dict.fromkeys(CHOICES)] * len(twice)).reshape(-1, len(CHOICES))])

    def slope(points, time):
        asked = np.concatenate([points, points[twice]])
        found = velocity(asked, np.full(len(asked), time, np.float32), told)
        slopes, untold = found[: len(points)].copy(), found[len(points) :]
        slopes[twice] = untold + guidance[twice] * (slopes[twice] - untold)
        return slopes

    size = np.float32(1 / STEPS)
    for k in range(STEPS):
        first = slope(points, k * size)
        last = slope(points + size * first, (k + 1) * size) if k < STEPS - 1 else first
        points = points + size * (first + last) / 2
    return data.to_uint8(np.clip(points, -1, 1))


# --- LitServe ---------------------------------------------------------------------------------------------------------


class Patient(BatchedLoop):
    """LitServe's loop of batches, whose idle worker sleeps: the original asks its queue a thousand times a second."""

    def get_batch_requests(self, lit_api, request_queue, transport):
        """Return the requests that come within ``batch_timeout`` of the first, and those that have waited too long."""
        found = []
        with contextlib.suppress(Empty):
            found.append(request_queue.get(timeout=1.0))  # without an end, a worker that is killed takes one with it
            while len(found) < lit_api.max_batch_size:
                found.append(request_queue.get(timeout=lit_api.batch_timeout))
        batch, late = [], []
        for consumer, number, begin, wish in found:
            self.put_response(transport, consumer, number, (), LitAPIStatus.START, LoopResponseType.REGULAR)
            is_late = time.monotonic() - begin > lit_api.request_timeout
            (late if is_late else batch).append((consumer, number, *[wish] * (not is_late)))
        return batch, late


class Kittens(litserve.LitAPI):
    """What each of LitServe's workers does: a batch of wishes becomes (PNG, size of the batch, brightness) for each."""

    def __init__(self, model, engine="onnx", batch=8, wait=0.002):
        super().__init__(batch, wait, loop=Patient())
        self.model, self.engine = model, engine

    def setup(self, device):
        """Load the network, and draw a batch of every size before the first request comes."""
        threading.Thread(target=end_with_parent, daemon=True).start()
        self.draw = keras_draw() if self.engine == "keras" else functools.partial(draw, onnx_velocity(self.model))
        for count in range(1, self.max_batch_size + 1):
            self.encode_response(self.predict([read_wish(b'{"seed": 0}')] * count)[0])

    def predict(self, wishes):
        """Return (picture, its wish, size of the batch) for each wish of a batch."""
        return [(image, wish, len(wishes)) for image, wish in zip(self.draw(wishes), wishes, strict=True)]

    def unbatch(self, output):
        """Return the list as it is."""
        return output

    def encode_response(self, output):
        """Return the picture as a labelled PNG, the size of its batch, and its brightness in [0, 255]."""
        image, wish, size = output
        says = dataclasses.replace(SAYS, prompt=", ".join(f"{name}: {wish[name] or 'any'}" for name in CHOICES))
        return provenance.labelled_png(image.repeat(ENLARGED, 0).repeat(ENLARGED, 1), says), size, float(image.mean())


def end_with_parent():
    """Wait until the parent has ended, however that was; then end this process and the parent's other children."""
    parent = multiprocessing.parent_process()
    children = psutil.Process(parent.pid).children()  # LitServe's manager among them, which would live on
    parent.join()
    _end([one for one in children if one.pid != os.getpid()])
    os._exit(1)


def _end(processes):
    """End processes by their ids: asked first, then forced."""
    for act in ("terminate", "kill"):
        for one in processes:
            with contextlib.suppress(psutil.Error):
                getattr(one, act)()
        processes = psutil.wait_procs(processes, 3)[1]


# --- HTTP -------------------------------------------------------------------------------------------------------------


class Impatient(AutoHTTPProtocol):
    """uvicorn's connection, closed when a head is too long or takes too long: uvicorn alone waits for ever."""

    seconds = PATIENCE

    def connection_made(self, transport):
        """Give the first head its time."""
        super().connection_made(transport)
        self.late, self.head = self.loop.call_later(self.seconds, transport.close), 0

    def data_received(self, data):
        """Read on, and look whether a head is still incomplete."""
        super().data_received(data)
        if self.cycle and not self.cycle.response_complete:  # a request is being answered
            self.late, self.head = self.late and self.late.cancel(), 0
            return
        self.late = self.late or self.loop.call_later(self.seconds, self.transport.close)
        self.head += len(data)
        if self.head > MOST_HEAD:
            self.transport.close()

    def connection_lost(self, exc):
        """Forget the clock."""
        super().connection_lost(exc)
        self.late = self.late and self.late.cancel()


class Gate:
    """The application before LitServe's: every request is read, checked and counted here, before it gets a place."""

    def __init__(self, server, key, most_waiting=64):
        self.server, self.key, self.most, self.waiting = server, f"Bearer {key}".encode(), most_waiting, 0
        self.ready = False  # once it is, the manager is asked no more
        self.handler, self.registry = RegularRequestHandler(server.lit_api, server), prometheus.CollectorRegistry()
        counter = functools.partial(prometheus.Counter, registry=self.registry)
        histogram = functools.partial(prometheus.Histogram, registry=self.registry)
        self.requests = counter("pictures_requests", "Requests by the status of their answer", ["path", "status"])
        self.refused = counter("pictures_refused", "Requests without a picture, by reason", ["reason"])
        self.wishes = counter("pictures_wishes", "Colours that were wished", ["factor", "value"])
        self.seconds = histogram("pictures_seconds", "Seconds from head to answer", buckets=SECONDS)
        self.batches = histogram("pictures_batch_size", "Pictures by the size of their batch", buckets=(1, 2, 4, 8, 16))
        self.brightness = histogram("pictures_brightness", "Mean of a picture's bytes", buckets=range(90, 211, 10))

    async def __call__(self, scope, receive, send):
        """Answer one request; start and end of the server are LitServe's."""
        if scope["type"] == "lifespan":
            return await self.server.app(scope, receive, send)
        begin, request = time.perf_counter(), Request(scope, receive)
        try:
            response = await self.answer(request)
        except Refused as no:
            self.refused.labels(no.reason).inc()
            response = JSONResponse({"error": str(no)}, no.status, no.headers)
        except ClientDisconnect:
            return self.refused.labels("gone").inc()
        path = scope["path"] if scope["path"] in PATHS else "another"
        self.requests.labels(path, response.status_code).inc()
        response.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})
        await response(scope, receive, send)
        self.seconds.observe(time.perf_counter() - begin)

    async def answer(self, request):
        """Return the response to a request, or raise `Refused`."""
        path, method = request.scope["path"], request.method
        if path not in PATHS:
            raise Refused(404, "path", f"received {ascii(path)[:60]}; expected one of {', '.join(PATHS)}.")
        if method != PATHS[path]:
            said = f"received {ascii(method)[:20]}; expected {PATHS[path]}."
            raise Refused(405, "method", said, {"Allow": PATHS[path]})
        if path == "/":
            return Response(PAGE.read_bytes(), media_type="text/html", headers={"Content-Security-Policy": POLICY})
        self.ready = self.ready or all(state == "ready" for state in self.server.workers_setup_status.values())
        if not self.ready:
            raise Refused(503, "start", "the server is warming up; ask again in a few seconds.", AGAIN)
        if path == "/health":
            return Response("ok")
        if not hmac.compare_digest(request.headers.get("authorization", "").encode("latin-1"), self.key):
            raise Refused(401, "key", "received no key or a wrong one; expected Authorization: Bearer KEY.", ASK)
        if path == "/metrics":
            return Response(prometheus.generate_latest(self.registry), media_type="text/plain; version=0.0.4")
        return await self.picture(read_wish(await self.body(request)))

    async def body(self, request):
        """Return a request's body; a long or slow one is refused."""

        async def read():
            body, size = b"", 0
            async for part in request.stream():
                body, size = (body + part)[: MOST_BYTES + 1], size + len(part)
                if size > MOST_READ:
                    break
            return body

        try:
            body = await asyncio.wait_for(read(), Impatient.seconds)
        except asyncio.TimeoutError as error:
            said = f"received no whole body within {Impatient.seconds:g} s; expected a wish, which is short."
            raise Refused(408, "slow", said, CLOSE) from error
        if len(body) > MOST_BYTES:
            raise Refused(
                413, "size", f"received more than {MOST_BYTES} bytes; expected a wish, which is shorter.", CLOSE
            )
        return body

    async def picture(self, wish):
        """Return the response with a wish's picture, unless too many are waiting."""
        if self.waiting >= self.most:
            raise Refused(503, "queue", f"{self.most} wishes are waiting already; ask again in a second.", AGAIN)
        self.waiting += 1
        try:
            made = self.handler.handle_request(wish, dict)
            png, size, brightness = await asyncio.wait_for(made, 2 * Impatient.seconds)
        except (HTTPException, asyncio.TimeoutError) as error:  # it waited too long, or its worker was ended
            raise Refused(503, "late", "the picture was not made in time; ask again in a second.", AGAIN) from error
        finally:
            self.waiting -= 1
        self.batches.observe(size)
        self.brightness.observe(brightness)
        for name in CHOICES:
            self.wishes.labels(name, wish[name] or "any").inc()
        return Response(png, media_type="image/png", headers={"X-Batch-Size": str(size)})


def serve(port, key, model, engine="onnx", workers=2, batch=8, most_waiting=64, patience=PATIENCE):
    """Serve on 127.0.0.1 until SIGTERM or SIGINT; then answer what was accepted, and end every process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again when it has stopped
    logging.getLogger("litserve.server").setLevel(logging.CRITICAL)  # its monitor asks a manager that has ended
    Impatient.seconds = patience
    options = {"workers_per_device": workers, "timeout": 2 * patience, "restart_workers": True}
    server = litserve.LitServer(Kittens(model, engine, batch), accelerator="cpu", disable_openapi_url=True, **options)
    try:
        with wrap_litserve_start(server, worker_monitor=True):
            gate = Gate(server, key, most_waiting)
            limits = {"timeout_keep_alive": 15, "timeout_graceful_shutdown": 10, "limit_concurrency": 512, "ws": "none"}
            quiet = {"log_level": "error", "access_log": False, "server_header": False}
            uvicorn.run(gate, host="127.0.0.1", port=port, http=Impatient, **limits, **quiet)
    finally:
        _end(psutil.Process().children(recursive=True))


def _end_with_stdin():
    """Wait until the standard input is closed, as the end of whoever started us closes it; then stop."""
    while os.read(0, 1):  # not sys.stdin: LitServe's manager, a fork, would wait for ever for its lock
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main():
    """Read the arguments, export the network where it was not yet, and serve."""
    parser = argparse.ArgumentParser(prog="python -m aigc_apps.serving", description=f"The key: {KEY}.")
    for name, value in {"port": 8000, "workers": 2, "batch": 8, "most-waiting": 64, "patience": PATIENCE}.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--engine", choices=("onnx", "keras"), default="onnx")
    parser.add_argument("--model", type=Path, help="an ONNX file; by default one is exported to the cache")
    parser.add_argument("--while-stdin", action="store_true", help="end when the standard input is closed")
    given = vars(parser.parse_args())
    key = os.environ.pop(KEY, "")
    if len(key) < 16 or not key.isascii() or not key.isprintable():
        parser.error(f"{KEY} holds {len(key)} characters; expected 16 or more printable ones, without accents.")
    if given.pop("while_stdin"):
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    if given["model"] is None and given["engine"] == "onnx":
        given["model"] = exported()
    serve(key=key, **given)


if __name__ == "__main__":
    main()
