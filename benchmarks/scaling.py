"""More cores, workers, data and weights: what each costs and brings. Writes scaling.json.

python benchmarks/scaling.py                   all parts, on a quiet machine with two cores
python benchmarks/scaling.py PART ...          some of them, see PARTS at the end
python benchmarks/scaling.py worker JOB NUMBER one worker of a run; JOB is JSON, see `train`
SCALING_ROUNDS=1 python benchmarks/scaling.py  a toy: build/scaling.toy.json

A finished part is kept in the file at once, so that an interrupted run goes on with the part that is named next.
"""

import contextlib
import hashlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import kittens, metrics, models, training  # noqa: E402
from aigc_utils.runtime import keras, tf  # noqa: E402
from benchmarks import cluster  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402

ROUNDS = int(os.environ.get("SCALING_ROUNDS", "3"))
PATH = HERE / "scaling.json" if ROUNDS == 3 else HERE.parent / "build" / "scaling.toy.json"
BATCH = 32  # pictures a step of the generator alone
SHARE, SMALL_SHARE = 64, 16  # pictures a step of each worker
SPEED = {"pictures": 1024, "every": 20, "steps": 40}  # the last epoch is timed
SMALL = {"pictures": 256, "every": 4, "steps": 16, "batch_size": 16, "shrink": 8}  # of the runs that are killed


# --- one worker ------------------------------------------------------------------------------------------------------


def one_core(index):
    """Keep this process to one core, the ``index``-th where the system can say so, and TensorFlow to one thread."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[index % len(cores)]})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def kitten_gan(shrink=1):
    """Return the compiled GAN of 04_training_a_gan, whose maps and styles are ``shrink`` times narrower."""
    narrow, wide, style = (128, 96, 64), (32, 64, 128), (128, 128)
    narrow, wide, style = ([width // shrink for width in widths] for widths in (narrow, wide, style))
    keras.utils.set_random_seed(0)
    gan = training.GAN(models.generator(32, narrow, style=style), models.discriminator(widths=wide, full_size=wide[0]))
    optimizer = keras.optimizers.Adam(2e-3, 0.0, 0.99, use_ema=True, ema_momentum=0.99)
    gan.compile(optimizer, keras.optimizers.Adam(2e-3, 0.0, 0.99), r1_gamma=3.0, r1_every=4)
    return gan


def step_times(kill=None, mark=None):
    """Return a callback and the list in which it keeps when each step has ended.

    At step ``kill`` it kills its own process, which has no chance to tidy up, unless there is a file ``mark`` already.
    """
    ends = []

    def note(batch, logs):
        ends.append(time.perf_counter())
        if kill and int(callback.model.step.numpy()) == kill and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    return callback, ends


def train(job):
    """Train the kitten GAN as ``job`` says, alone or as the worker that TF_CONFIG names; keep what it got in a file.

    ``job``: "folder" of the results, "pictures", "steps" in all, "every" (steps an epoch), "batch_size" of all workers;
    if it likes also "number" (a worker's, without TF_CONFIG), "shrink", "kill" (the step at which worker 1 is killed,
    once) and "checkpoint" (whether there is one).
    """
    number, scope, folder = job.get("number", 0), contextlib.nullcontext, Path(job["folder"])
    together = os.environ.get("TF_CONFIG")
    if together:
        number = json.loads(together)["task"]["index"]
    one_core(number)
    tf.config.experimental.enable_op_determinism()
    if together:
        scope = tf.distribute.MultiWorkerMirroredStrategy().scope
    with scope():
        gan = kitten_gan(job.get("shrink", 1))
    watch, ends = step_times(job.get("kill") if number == 1 else None, folder / "killed")
    pictures, checkpoint = kittens.sample(job["pictures"], seed=0)[0], folder / "run.weights.h5"
    checkpoint, every = checkpoint if job.get("checkpoint") else None, job["every"]
    training.fit(gan, pictures, job["steps"], every, job["batch_size"], checkpoint=checkpoint, callbacks=[watch])
    result = {
        "seconds": (ends[-1] - ends[-every]) / (every - 1),  # a step of the last epoch
        "steps": len(ends),
        "digest": hashlib.sha256(b"".join(weight.tobytes() for weight in gan.get_weights())).hexdigest()[:16],
    }
    (folder / f"worker {number}.json").write_text(json.dumps(result))


def results(folder):
    """Return what the workers of a run have kept, in their order."""
    return [json.loads(path.read_text()) for path in sorted(Path(folder).glob("worker *.json"))]


# --- many workers ----------------------------------------------------------------------------------------------------


def addresses(count):
    """Return TF_CONFIG for each of ``count`` workers on this machine: where all of them listen, and which it is."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    places = {"worker": [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]}
    for one in sockets:
        one.close()
    return [json.dumps({"cluster": places, "task": {"type": "worker", "index": k}}) for k in range(count)]


def run_workers(command, count=2, starts=1, together=True):
    """Run ``command`` with a number, from 0 on, as last word in ``count`` processes; return how often they began.

    Where one fails or is killed, the others, which wait for it, are ended, and all begin anew, up to ``starts`` times:
    then it is a RuntimeError with the end of what that worker said.
    """
    for start in range(1, starts + 1):
        with contextlib.ExitStack() as stack:
            said = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count)]
            told = [{"TF_CONFIG": task} for task in addresses(count)] if together else [{}] * count
            workers = []
            try:
                for k in range(count):
                    options = {"env": os.environ | told[k], "stdout": subprocess.DEVNULL, "stderr": said[k]}
                    workers.append(subprocess.Popen([*command, str(k)], **options))
                while any(one.poll() is None for one in workers) and not any(one.poll() for one in workers):
                    time.sleep(0.05)
                failed = [k for k, one in enumerate(workers) if one.poll()]
            finally:
                for one in workers:
                    one.kill()
                    one.wait()
            if not failed:
                return start
            said[failed[0]].seek(0)
            words = said[failed[0]].read()[-2000:]
    raise RuntimeError(f"worker {failed[0]} of {count} failed at start {start}: {words}")


def run_with_ray(job, count=2, failures=0):
    """Train ``job`` by Ray's own trainer: ``count`` workers with a core each; after a failure all begin anew."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.tensorflow import TensorflowTrainer

    TensorflowTrainer(
        train,
        train_loop_config=job,
        scaling_config=ScalingConfig(num_workers=count, resources_per_worker={"CPU": 1}),
        run_config=RunConfig(storage_path=job["folder"], failure_config=FailureConfig(max_failures=failures)),
    ).fit()


def command(job):
    """Return what `run_workers` runs for a job, here in this file."""
    return [sys.executable, __file__, "worker", json.dumps(job)]


def ray_train_is_there():
    """Return whether Ray's trainer can be imported: Ray alone does not bring all that it needs."""
    try:
        import ray.train.tensorflow  # noqa: F401
    except ImportError:
        return False
    return True


# --- what is measured ------------------------------------------------------------------------------------------------


def speed(share=SHARE, ask_ray=True):
    """Return pictures a second: two trainings side by side, two workers of one training, the same under Ray.

    Ray is asked last: its own dozen processes would disturb the others.
    """

    def rate(name):
        with tempfile.TemporaryDirectory() as folder:
            job = SPEED | {"folder": folder, "batch_size": share if name == "side by side" else 2 * share}
            if name == "Ray":
                run_with_ray(job)
            else:
                run_workers(command(job), together=name == "two workers")
            return round(sum(share / worker["seconds"] for worker in results(folder)), 1)

    rows = [{name: rate(name) for name in ("side by side", "two workers")} for _ in range(ROUNDS)]
    if ask_ray and ray_train_is_there():
        with cluster.engine():
            for row in rows:
                row["Ray"] = rate("Ray")
    return rows


def speed_of_small_shares():
    """Return the same for fewer pictures a worker, between two sums of as many gradients; without Ray."""
    return speed(SMALL_SHARE, ask_ray=False)


def kills():
    """Return, for random steps at which a worker is killed, whether the run ends on the undisturbed one's weights."""
    rows, rng = [], np.random.default_rng()

    def trained(by, **options):
        with tempfile.TemporaryDirectory() as folder:
            job = SMALL | {"folder": folder, "checkpoint": True} | options
            starts = run_with_ray(job, failures=2) if by == "Ray" else run_workers(command(job), starts=2)
            killed = (Path(folder) / "killed").exists()
            return {row["digest"] for row in results(folder)}, killed, starts

    with cluster.engine() if ray_train_is_there() else contextlib.nullcontext() as ray:
        (undisturbed,), *_ = trained("tf.distribute")
        for by in ("tf.distribute", *(["Ray"] if ray else [])):
            for _ in range(ROUNDS):
                step = int(rng.integers(1, SMALL["steps"]))
                digests, killed, _ = trained(by, kill=step)
                rows.append({"by": by, "step": step, "killed": killed, "same": digests == {undisturbed}})
                print(rows[-1], flush=True)
    return rows


def sampled(first, last):
    """Return the pictures of some of the latent vectors, bytes (last − first, 32, 32, 3): a task for `spread`."""
    generator = models.load_pretrained("kitten_generator")
    latent = training.latent_vectors(generator, last)[first:]
    return np.asarray(generator(latent, training=False))


def spreading(count=4000, parts=4):
    """Return the seconds for ``count`` generated pictures in sequence and as tasks of Ray, and how they differ."""
    edges = np.linspace(0, count, parts + 1).astype(int).tolist()
    jobs, row = list(itertools.pairwise(edges)), {"pictures": count, "tasks": parts}
    begin = time.perf_counter()
    one = np.concatenate([sampled(*job) for job in jobs])
    row["in sequence"] = time.perf_counter() - begin
    with cluster.engine() as ray:
        if ray is not None:
            begin = time.perf_counter()
            many = np.concatenate(list(cluster.spread(sampled, jobs)))
            row |= {"Ray": time.perf_counter() - begin, "largest difference": float(np.abs(one - many).max())}
    return row


def reduce_worker(job):
    """Time the sums of one vector over all workers, for several lengths; the first worker keeps the seconds."""
    one_core(job["number"])
    strategy = tf.distribute.MultiWorkerMirroredStrategy()

    @tf.function
    def summed(vector):
        def add(own):
            here = tf.identity(own)  # an input belongs to no device yet
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, here)

        return strategy.run(add, args=(vector,))

    seconds = {}
    for numbers in job["numbers"]:
        vector, times = tf.ones((numbers,)), []
        for _ in range(8):
            begin = time.perf_counter()
            summed(vector)
            times.append(time.perf_counter() - begin)
        seconds[4 * numbers] = float(np.median(times[2:]))
    (Path(job["folder"]) / f"worker {job['number']}.json").write_text(json.dumps(seconds))


def reducing():
    """Return the seconds in which 2 to 4 workers sum vectors of several lengths."""
    rows, numbers = [], [2**k for k in (10, 14, 16, 18, 20, 21, 22)]
    for count in (2, 3, 4):
        with tempfile.TemporaryDirectory() as folder:
            run_workers(command({"folder": folder, "numbers": numbers}), count)
            for size, seconds in results(folder)[0].items():
                rows.append({"workers": count, "bytes": int(size), "seconds": seconds})
    return rows


def reading():
    """Return the milliseconds of `training.batches` for a batch, by the number of pictures (one byte each)."""
    rows = []
    for count in (10**3, 10**4, 10**5, 10**6, 10**7):
        batches = iter(training.batches(np.zeros((count, 1, 1, 1), np.uint8), BATCH, flip=False))
        times = []
        for _ in range(12):
            begin = time.process_time()
            next(batches)
            times.append(time.process_time() - begin)
        rows.append({"pictures": count, "ms": 1000 * float(np.mean(times[4:]))})
    return rows


def generator_step(generator, target, optimizer, jit=False):
    """Return a function that moves a generator once towards pictures (batch, 32, 32, 3), and returns its error."""

    @tf.function(jit_compile=jit)
    def step(latent):
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(generator(latent, training=True) - target))
            loss = optimizer.scale_loss(error)
        optimizer.apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)
        return error

    return step


def kitten_generator(shrink):
    """Return the kitten generator, whose maps and styles are ``shrink`` times narrower."""
    widths, style = ([int(width / shrink) for width in widths] for widths in ((128, 96, 64), (128, 128)))
    return models.generator(32, widths, style=style)


def step_seconds(policy="float32", jit=False, shrink=1, batch=BATCH, rounds=10):
    """Return the seconds of a step of the kitten generator, and those of its first call, which compiles."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    generator, adam = kitten_generator(shrink), keras.optimizers.Adam(1e-4)
    keras.config.set_dtype_policy(before)
    optimizer = keras.optimizers.LossScaleOptimizer(adam) if policy == "mixed_float16" else adam
    optimizer.build(generator.trainable_variables)
    step, latent = generator_step(generator, tf.zeros((batch, 32, 32, 3)), optimizer, jit), tf.ones((batch, 32))
    times = []
    for _ in range(rounds + 2):
        begin = time.perf_counter()
        step(latent).numpy()
        times.append(time.perf_counter() - begin)
    return float(np.median(times[2:])), times[0]


TYPES = {
    "float32": {},
    "mixed_bfloat16": {"policy": "mixed_bfloat16"},
    "mixed_float16": {"policy": "mixed_float16"},
    "float32, XLA": {"jit": True},
}


def types():
    """Return the milliseconds a step of each number type and of XLA, in turns, and the seconds of compiling."""
    rows = []
    for _ in range(ROUNDS):
        for name, options in TYPES.items():
            seconds, first = step_seconds(**options)
            rows.append({"name": name, "ms": 1000 * seconds, "first": first})
    return rows


def sizes():
    """Return the seconds a step of generators of several widths, beside their operations and weights."""
    from run import forward_flops

    rows = []
    for shrink in (8, 4, 2, 1, 0.5):
        generator = kitten_generator(shrink)
        flops, weights = 3 * forward_flops(generator) * BATCH, generator.count_params()
        seconds = min(step_seconds(shrink=shrink)[0] for _ in range(ROUNDS))
        rows.append({"shrink": shrink, "weights": weights, "flops": flops, "seconds": seconds})
    return rows


def onnx_int8():
    """Return size, speed and distance of the kitten generator in ONNX Runtime: float32, and its dynamic int8."""
    import onnxruntime
    from onnxruntime.quantization import quantize_dynamic

    network, held_out = metrics.feature_network("kitten_factors"), kittens.sample(2000, seed=11)[0]
    reference, generator = network.features(held_out), models.load_pretrained("kitten_generator")
    latent, rows = training.latent_vectors(generator, 2000, seed=1).numpy(), []
    generator(latent[:1])  # Keras exports what has been called once
    with tempfile.TemporaryDirectory() as folder:
        paths = {"float32": Path(folder) / "whole.onnx", "dynamic int8": Path(folder) / "int8.onnx"}
        generator.export(paths["float32"], format="onnx", verbose=False)
        quantize_dynamic(paths["float32"], paths["dynamic int8"])
        for name, path in paths.items():
            session, times = onnxruntime.InferenceSession(path), []
            feed = session.get_inputs()[0].name
            for _ in range(50):
                begin = time.perf_counter()
                session.run(None, {feed: latent[:1]})
                times.append(time.perf_counter() - begin)
            images = np.concatenate([session.run(None, {feed: part})[0] for part in np.split(latent, 20)])
            distance = metrics.frechet_distance(reference, network.features(images))
            size, zipped = path.stat().st_size, len(zlib.compress(path.read_bytes(), 9))
            rows.append({"name": name, "bytes": size, "zipped": zipped, "ms": 1000 * float(np.median(times))})
            rows[-1] |= {"distance": round(distance, 3), "operations": operations(path)}
    return rows


def operations(path):
    """Return how often each kind of operation with weights is found in an ONNX file."""
    import onnx

    kinds = [node.op_type for node in onnx.load(path).graph.node]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds)) if kind.startswith(("Conv", "MatMul", "Gemm"))}


# --- results ---------------------------------------------------------------------------------------------------------

PARTS = {
    "speed": speed,
    "small_shares": speed_of_small_shares,
    "kills": kills,
    "spread": spreading,
    "reduce": reducing,
    "reading": reading,
    "sizes": sizes,
    "types": types,
    "onnx": onnx_int8,
}


def medians(rows, key, value):
    """Return {key: median of the values} of a list of rows."""
    names = dict.fromkeys(row[key] for row in rows)
    return {name: float(np.median([row[value] for row in rows if row[key] == name])) for name in names}


def shares(rows, of, to):
    """Return the median, least and most of one entry's share of another, row by row; NaN where none has both."""
    found = [row[of] / row[to] for row in rows if of in row and to in row] or [float("nan")]
    return float(np.median(found)), min(found), max(found)


def markdown(result):
    """Return the section of benchmarks/README.md."""
    speeds, killed = result["speed"], result["kills"]
    names = list(speeds[0])
    lines = "\n".join(
        "| " + " | ".join(f"{row.get(name, float('nan')):.0f}" for name in names) + " |" for row in speeds
    )
    whole = "{:.2f} ({:.2f} to {:.2f})"
    few = whole.format(*shares(result["small_shares"], *names[1::-1]))
    two, by_ray = whole.format(*shares(speeds, *names[1::-1])), whole.format(*shares(speeds, "Ray", names[1]))
    by = {name: [row for row in killed if row["by"] == name] for name in dict.fromkeys(row["by"] for row in killed)}
    ends = "; ".join(
        f"{name}: {sum(row['same'] and row['killed'] for row in rows)} of {len(rows)}" for name, rows in by.items()
    )
    typed = "\n".join(
        f"| {name} | {ms:.1f} | {medians(result['types'], 'name', 'first')[name]:.1f} |"
        for name, ms in medians(result["types"], "name", "ms").items()
    )
    spread = result["spread"]
    many = f"{spread['Ray']:.1f} s as {spread['tasks']} tasks of Ray" if "Ray" in spread else "Ray was not there"
    return f"""## Several workers

From `scaling.json`. Pictures a second of the GAN of `04_training_a_gan` ({SHARE} pictures a step and worker), each
worker on a core of its own: two independent trainings side by side, two workers of one training under `tf.distribute`,
and the same under Ray's trainer. Round by round, two workers over side by side: {two};
Ray over `tf.distribute`: {by_ray}. With {SMALL_SHARE} pictures a step and worker, two workers over side by side: {few}.

| {" | ".join(names)} |
|{"---|" * len(names)}
{lines}

One worker was killed at a random step, and the run began anew from its checkpoint; runs that ended on the weights of
the undisturbed one, bit for bit: {ends}.

{spread["pictures"]:,} pictures from the kitten generator: {spread["in sequence"]:.1f} s in sequence, {many}.

| a step of the kitten generator | ms | seconds of the first, which compiles |
|---|---|---|
{typed}
"""


def main(names):
    """Measure the parts that are named, all where none is, and keep each in the file."""
    for name in names or PARTS:
        found = json.loads(PATH.read_text()) if PATH.exists() else {}
        found |= {"cores": os.cpu_count(), name: PARTS[name]()}
        notebooks.write(PATH, json.dumps(found, indent=1) + "\n")
        print(name, found[name], flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        told, number = json.loads(sys.argv[2]), int(sys.argv[3])
        (reduce_worker if "numbers" in told else train)(told | {"number": number})
    elif set(sys.argv[1:]) <= set(PARTS):
        main(sys.argv[1:])
    else:
        sys.exit(__doc__)
