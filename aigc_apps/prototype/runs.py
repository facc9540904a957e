"""How `prototype` trains: settings with their reasons, networks, a run within its time that a kill does not lose."""

import contextlib
import dataclasses
import hashlib
import json
import sys
import time

from aigc_apps.prototype.judgement import draw, features, network_of
from aigc_apps.prototype.pictures import MINUTES, facing
from aigc_utils import checks, files, metrics, models, provenance, runtime, training, widgets
from aigc_utils.runtime import keras

import numpy as np

BEST = "step-{}.weights.h5"  # the file of weights that were measured
WATCHED = 256  # pictures that the distance is measured with on the way
AGAIN = "Free some space and call the same again: it goes on from what was kept."


@dataclasses.dataclass(frozen=True)
class Settings:
    """What decides a run beside its pictures. ``width`` 64 is that of the networks of 04 and 06, 32 half of it."""

    minutes: float
    family: str
    size: int
    grey: bool
    flip: bool
    batch_size: int
    width: int
    learning_rate: float
    seed: int
    producer: str

    def __post_init__(self):
        checks.whole(1, batch_size=self.batch_size, width=self.width)
        checks.whole(0, seed=self.seed)
        wanted = {
            "minutes": 0 < self.minutes < 1e5,
            "family": self.family in ("GAN", "flow"),
            "width": self.width % 8 == 0,
            "learning_rate": 0 < self.learning_rate < 1,
        }
        if wrong := [name for name, right in wanted.items() if not right]:
            said = ", ".join(f"{name} = {getattr(self, name)!r}" for name in wrong)
            raise ValueError(f"received {said}; expected minutes above 0, GAN or flow, a width that 8 divides, a rate.")


def plan(pictures, minutes=MINUTES, seed=0, producer="prototype", **asked):
    """Return the `Settings` and {name: reason}. ``asked`` values that are not None win over the rules."""
    family = asked.get("family") or ("flow" if pictures.classes else "GAN")
    one_way, chance = facing(pictures.images)
    because = {
        "GAN": "no classes to ask for, and one pass draws a picture; a flow draws slowly, but covers more "
        "(benchmarks/fair_match.json)",
        "flow": "there are classes to ask for, and a flow takes them (06)",
    }
    side, channels = pictures.images.shape[2:]
    told = f"a mean of half of the pictures tells {one_way:.0%} of the others from their mirror images"
    rules = {
        "family": (family, because.get(family)),
        "flip": (one_way <= 0.6 + chance, f"{told}; mirrored up to {0.6 + chance:.0%}"),
        "batch_size": (32 if family == "GAN" else 16, "as in 05 and 06"),
        "width": (64, "the networks of 04 and 06"),
        "learning_rate": (2e-3, "as in 05 and 06; held for half of the time, then a cosine"),
        "size": (side, "see what was found"),
        "grey": (channels == 1, "see what was found"),
        "minutes": (minutes, "of training"),
        "seed": (seed, "decides all that is random"),
        "producer": (producer, "answers for what is generated, see its label"),
    }
    rules |= {name: (value, "you asked for it") for name, value in asked.items() if value is not None}
    chosen = {name: value for name, (value, _) in rules.items()}
    return Settings(**chosen), {name: why for name, (_, why) in rules.items()}


def build(settings, classes=()):
    """Return a compiled `training.Trainable` and its optimizers; the seed decides its weights."""
    side, channels, width = settings.size, 1 if settings.grey else 3, settings.width
    adam, average = keras.optimizers.Adam, {"use_ema": True, "ema_momentum": 0.99}
    keras.utils.set_random_seed(settings.seed)
    if settings.family == "GAN":  # that of benchmarks/kittens.py
        maps = {"style": (2 * width,) * 2, "start": side // 8}
        generator = models.generator(32, (2 * width, 3 * width // 2, width), channels, **maps)
        discriminator = models.discriminator(side, (width // 2, width, 2 * width), channels, width // 4)
        optimizers = [adam(settings.learning_rate, 0.0, 0.99, **options) for options in (average, {})]
        model = training.GAN(generator, discriminator, settings.seed)
        model.compile(*optimizers, r1_gamma=3.0, r1_every=8)
        return model, optimizers
    widths = tuple(part * width // 8 for part in (3, 6, 9))  # that of benchmarks/fair_match.py
    velocity = models.velocity(side, widths, channels, (len(classes),) if classes else ())
    model = training.FlowMatching(velocity, seed=settings.seed)
    optimizers = [adam(settings.learning_rate, 0.9, 0.99, global_clipnorm=1.0, **average)]
    model.compile(*optimizers)
    return model, optimizers


class _Watch:
    """What is done when an epoch ends: measure where it is time to, keep the best weights, show, write down.

    The measure, on the way, is the distance to training pictures: those held out are for the judgement.
    """

    def __init__(self, model, clock, run, folder, images, labels):
        self.model, self.clock, self.run, self.folder = model, clock, run, folder
        chosen = np.random.default_rng(0).permutation(len(images))[:WATCHED]
        self.reference, self.labels = features(images[chosen]), labels[chosen]
        draw(model, len(chosen), self.labels)  # compiles, so that what `measure` takes is known from the first time on
        self.latest, self.total, self.grid = None, clock.limit, None
        self.due = clock.seconds + self.total / 10
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is not None and hasattr(shell, "kernel"):
            from IPython.display import display

            self.grid = widgets.LiveGrid()
            display(self.grid)

    def epoch_end(self, epoch=None, logs=None):
        """Look at the model, which holds the average of its weights now."""
        weights = network_of(self.model).get_weights()
        if not all(np.isfinite(weight).all() for weight in weights):
            return  # the run ends with this epoch
        self.latest = int(self.model.step), weights
        if measured := self.model.stop_training or self.clock.seconds >= self.due:
            self.measure()
        self.show(measured)
        write(self.folder / "run.json", self.run)

    def measure(self):
        """Put the present distance on the curve; the weights are kept where it is the smallest so far."""
        begin, step = time.perf_counter(), self.latest[0]
        images = draw(self.model, len(self.labels), self.labels)
        distance = metrics.frechet_distance(self.reference, features(images))
        self.run["curve"].append([round(self.clock.seconds, 1), step, round(distance, 3)])
        training.save_weights(network_of(self.model), self.folder / BEST.format(step))
        self.run["kept"] = min(self.run["curve"], key=lambda entry: entry[2])[1]
        cost = time.perf_counter() - begin
        self.clock.limit = self.total - cost  # what the last measure will take
        self.due = self.clock.seconds + max(self.total / 10, 10 * cost)

    def show(self, measured):
        """Say how long it takes, with pictures in a notebook."""
        left = max(0, round(self.total - self.clock.seconds))
        said = f"step {self.latest[0]:,}, {left // 60}:{left % 60:02d} left"
        said += f", distance to training pictures {self.run['curve'][-1][2]:.2f}" if self.run["curve"] else ""
        if self.grid is not None:
            self.grid.update(draw(self.model, 16, self.labels[:16]), said)
        elif sys.stdout.isatty():
            print(f"\r{said:<70}", end="\n" if self.model.stop_training else "", flush=True)
        elif measured:
            print(said, flush=True)

    def finish(self, ended):
        """Measure the last whole epoch where that was not done, and write down how the run ended."""
        step, weights = self.latest
        if step not in [entry[1] for entry in self.run["curve"]]:
            network_of(self.model).set_weights(weights)
            self.measure()
        self.run["ended"] = ended
        write(self.folder / "run.json", self.run)


@contextlib.contextmanager
def writing(path):
    """Say of an error that ``path`` cannot be written, and what to do; one that says so already passes as it is."""
    try:
        yield
    except (OSError, provenance.LabelError) as error:
        if isinstance(error, OSError) and error.strerror is None:
            raise
        raise OSError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}. {AGAIN}") from error


def write(path, content):
    """Write a text, or what JSON can hold, to a file: whole or not at all."""
    text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as partial:
            partial.write_text(text, encoding="utf-8")


def train(pictures, settings, folder):
    """Train within the time; return the model and what run.json says of the run.

    ``folder`` holds checkpoints: a run that was killed goes on from there. After the end of its time, Ctrl-C, or a loss
    that is no number, the model has the best weights that were measured.
    """
    begin = time.perf_counter()
    model, optimizers = build(settings, pictures.classes)
    run, checkpoint = _begun(folder, settings, pictures), folder / "checkpoint.weights.h5"
    images, labels = pictures.training
    options = {"batch_size": settings.batch_size, "flip": settings.flip, "labels": labels if model.labelled else None}
    if not run["ended"]:
        if not run["steps_per_epoch"]:
            seconds = training.step_seconds(model, images, **options)
            run["steps_per_epoch"] = max(1, round(min(60 * settings.minutes / 20, 10) / seconds))
        done = training.resume(model, checkpoint)
        run["record"] = run["record"][: done // run["steps_per_epoch"]]
        run["curve"] = [entry for entry in run["curve"] if entry[1] <= done]
        clock = training.WithinTime(60 * settings.minutes, optimizers, run["record"], begin)
        run["record"] = clock.record
        watch = _Watch(model, clock, run, folder, images, labels)
        callbacks = [clock, keras.callbacks.LambdaCallback(on_epoch_end=watch.epoch_end)]
        steps = run["steps_per_epoch"]
        ended = "its time was up"
        try:
            training.fit(model, images, 10**6 * steps, steps, checkpoint=checkpoint, callbacks=callbacks, **options)
        except (KeyboardInterrupt, FloatingPointError) as error:
            if watch.latest is None:
                raise
            ended = str(error) or "you stopped it"
        run["seconds"] = round(clock.seconds, 1)
        watch.finish(ended)
        print(f"Trained {run['curve'][-1][1]:,} steps in {run['seconds']:.0f} s: {ended}. Kept: step {run['kept']:,}.")
    network_of(model).load_weights(folder / BEST.format(run["kept"]))
    return model, run | {"weights": weights_sha256(network_of(model).get_weights())}


def _begun(folder, settings, pictures):
    """Return what a killed run has written of itself, or the beginning of a new one."""
    new = {"settings": dataclasses.asdict(settings), "data": pictures.sha256, "number_type": "float32"}
    path = folder / "run.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        begun = {"steps_per_epoch": 0, "record": [], "curve": [], "kept": None, "ended": None}
        return new | {"versions": runtime.report()} | begun
    run = json.loads(path.read_text(encoding="utf-8"))
    if different := [name for name in new if run[name] != new[name]]:
        said = f"{folder} holds an unfinished run of other {', '.join(different)}"
        raise ValueError(f"{said}. Call it as it was begun, choose another folder for out, or delete this one.")
    print(f"An unfinished run goes on from {folder}.")
    return run


def again(pictures, run):
    """Return the network of a run.json of these pictures, trained again with its steps and its rates."""
    settings = Settings(**run["settings"])
    model, optimizers = build(settings, pictures.classes)
    images, labels = pictures.training
    labels = labels if model.labelled else None
    clock = training.WithinTime(float("inf"), optimizers, run["record"])
    steps = run["steps_per_epoch"]
    training.fit(model, images, run["kept"], steps, settings.batch_size, settings.flip, labels, callbacks=[clock])
    return network_of(model)


def weights_sha256(weights):
    """Return the SHA-256 of a network's weights, arrays in their order."""
    return hashlib.sha256(b"".join(weight.tobytes() for weight in weights)).hexdigest()
