"""What the training benches share: a clock that ends a run, and a file of finished pieces, so that a bench goes on."""

import json
import math
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import files  # noqa: E402
from aigc_utils.runtime import keras  # noqa: E402

CORES = 2
BUILD = HERE.parent / "build"


class Clock(keras.callbacks.Callback):
    """Count the seconds of training, measure now and then, and stop when the time is up.

    Seconds are those of two cores: the process's CPU time divided by two. Unlike the wall clock it does not blame a
    run for what else the machine was doing; on an idle machine the two agree. ``measure(model, seconds)`` returns a
    number: ``curve`` holds [seconds, number] after every ``every`` seconds and at the end. The first epoch compiles, so
    its own time does not count; with ``charge_first`` it costs as much as the second, else nothing.
    """

    def __init__(self, limit, measure, every, charge_first=False):
        super().__init__()
        self.limit, self.measure, self.every, self.charge_first = limit, measure, every, charge_first
        self.seconds, self.measure_at, self.curve = 0.0, every, []

    @property
    def share(self):
        """The share of the time that is used up, in [0, 1]."""
        return min(1.0, self.seconds / self.limit)

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.begin = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        """Stop the clock; measure, and end the run, if it is time."""
        if epoch == 0:
            return
        spent = (time.process_time() - self.begin) / CORES
        self.seconds += 2 * spent if epoch == 1 and self.charge_first else spent
        self.model.stop_training = self.seconds > self.limit
        if self.model.stop_training or self.seconds >= self.measure_at:
            self.measure_at += self.every
            self.note()

    def note(self):
        """Measure, and put the number on the curve."""
        self.curve.append([round(self.seconds, 1), round(self.measure(self.model, self.seconds), 3)])


def cosine(share):
    """Return the learning rate's factor after a share of the time: a cosine from 1 to 0."""
    return (1 + math.cos(math.pi * share)) / 2


class RateByClock(keras.callbacks.Callback):
    """Let the learning rates of ``optimizers`` follow the clock, so that each run ends its fall with its budget."""

    def __init__(self, clock, optimizers, factor):
        super().__init__()
        self.clock, self.optimizers, self.factor = clock, optimizers, factor
        self.rates = [float(optimizer.learning_rate) for optimizer in optimizers]

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rates for the epoch."""
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            optimizer.learning_rate = rate * self.factor(self.clock.share)


class Pieces:
    """Finished pieces of a bench in build/NAME.partial.json: a stopped bench goes on with the first one that lacks."""

    def __init__(self, name):
        self.path = BUILD / f"{name}.partial.json"
        self.path.parent.mkdir(exist_ok=True)
        self.done = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def get(self, key, make):
        """Return the piece ``key``, a value that JSON can hold; ``make()`` it if it is not there yet."""
        if key not in self.done:
            begin = time.process_time()
            value = make()
            self.done[key] = {"value": value, "seconds": (time.process_time() - begin) / CORES}
            with files.replacing(self.path) as partial:
                partial.write_text(json.dumps(self.done), encoding="utf-8")
            print(key, {name: part for name, part in value.items() if name != "curve"}, flush=True)
        return self.done[key]["value"]

    def seconds(self):
        """Return what all pieces cost, compiling and measuring included, in seconds of two cores."""
        return sum(piece["seconds"] for piece in self.done.values())

    def forget(self):
        """Delete the file, once the result stands elsewhere."""
        self.path.unlink(missing_ok=True)
