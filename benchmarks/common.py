"""What the benches share: results that are added to a stored JSON, and libraries in an environment of their own."""

import inspect
import json
import os
import subprocess
import sys
import venv

import numpy as np


def indented(found):
    """Return results as JSON with one number a line."""
    return json.dumps(found, indent=1)


def add(path, found, as_text=indented):
    """Add results to a JSON file, the others as they are; ``as_text`` turns all of them into its text."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(as_text(before | found) + "\n", encoding="utf-8", newline="\n")


def run_stages(stages, store, usage):
    """Run the stages, functions by name, that the command line names, and add what each returns to a JSON file.

    Without a name, or with one that is not there, print ``usage`` and end before anything is run.
    """
    names = sys.argv[1:]
    if not names or set(names) - set(stages):
        sys.exit(usage)
    for name in names:
        add(store, stages[name]())


def train_writer(network, tokens, counted, steps, batch, rate=3e-3, seed=1):
    """Train a transformer on rows of tokens int32 (n, length), of whose next ones ``counted`` (n, length) says which
    count in the loss: AdamW (Loshchilov and Hutter 2019), sixty steps of warming up, then a cosine.
    """
    from aigc_utils import runtime

    tf, keras = runtime.tf, runtime.keras
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps - 60, 0.02, warmup_target=rate, warmup_steps=60)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.1, beta_2=0.98, global_clipnorm=1.0)

    @tf.function
    def learn(some, weights):
        with tf.GradientTape() as tape:
            guess = network(some, training=True)[:, :-1]
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(some[:, 1:], guess)
            loss = tf.reduce_sum(each * weights[:, 1:]) / tf.reduce_sum(weights)
        optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
        return loss

    rng = np.random.default_rng(seed)
    for step in range(steps):
        pick = rng.integers(len(tokens), size=batch)
        loss = learn(tf.constant(tokens[pick]), tf.constant(counted[pick], tf.float32))
        if step % 250 == 249:
            print(f"step {step + 1}: {float(loss):.3f} nats a word", flush=True)


def rounded(value, digits=4):
    """Return numbers of any nesting rounded to so many decimals."""
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [rounded(one, digits) for one in value]
    return round(float(value), digits)


def environment(folder, pinned):
    """Return the Python of a new environment in a folder, with what ``pinned`` ("NAME==VERSION …") names, no more."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", *pinned.split()], check=True)
    return python


def run_apart(python, functions, call):
    """Run a call in another Python, which is given the source of some functions and nothing else of ours."""
    source = "\n".join([*map(inspect.getsource, functions), call])
    subprocess.run([python, "-I", "-c", source], check=True, stdout=subprocess.DEVNULL)
