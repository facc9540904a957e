"""From a folder of pictures, or a table, to a trained generator, a report and a decision.

    prototype.run("my_pictures", minutes=10)                                     in a notebook
    python -m aigc_utils.prototype my_pictures --minutes 10 --out report/        in a shell

Five stages: `look` at the files, `plan` with a reason for each choice, `train` within the time, `judge` on what was set
aside, `leave` a folder behind. The rule of the decision is declared, and printed, before the training. The stages of a
CSV table are those of `prototype.table`. Texts and sounds are still to follow.
"""

import contextlib
import dataclasses
import functools
import json
import shutil
import time
from pathlib import Path

from aigc_utils import business, files, plots, provenance, runtime
from aigc_utils.prototype import report, table
from aigc_utils.prototype.judgement import FLOW_STEPS, judge, measured, network_of
from aigc_utils.prototype.pictures import MINUTES, look
from aigc_utils.prototype.runs import Settings, build, plan, train, weights_sha256, write, writing

import numpy as np

LEAST_SPACE = 100e6  # bytes that a run may write
TABLES, SAMPLES = (".csv", ".tsv"), 1000  # suffixes of a table; rows that are left
UNFINISHED = "unfinished"  # the folder in which a run keeps what it needs to go on
# What a run leaves; the last one says that all is there.
LEFT = ("report.html", "generator.keras", "samples.png", "run.json")
LEFT_OF_A_TABLE = ("report.html", "generator.npz", "samples.json", "run.json")


@dataclasses.dataclass(frozen=True, repr=False)
class Report:
    """What `run` returns: the folder with everything, the verdict and the figures behind it."""

    folder: Path
    verdict: business.Verdict
    figures: dict

    def __repr__(self):
        return f"{self.verdict}\n{self.folder / LEFT[0]}"


def rule(pictures, settings):
    """Return the `business.Rule` of a run, declared before anything is trained."""
    condition = functools.partial(business.Condition, data="held out")
    conditions = {
        "near": condition(
            "Generated pictures are no farther from real ones than plainly augmented training pictures are: upper end "
            "of the 95 % interval of the difference of both Fréchet distances",
            "<=",
            0,
        ),
        "varied": condition(
            "They cover at least half as much as other real pictures do: recall over theirs", ">=", 0.5
        ),
        "new": condition(
            "An audit that finds planted copies does not find them nearer to single training pictures than held-out "
            "ones are: p-value",
            ">=",
            0.05,
        ),
    }
    if pictures.classes and settings.family == "flow":
        conditions["useful"] = condition(
            "A classifier trained on real and generated pictures reads more held-out ones rightly than one trained on "
            "the real ones: lower end of the 95 % interval of the gain",
            ">",
            0,
        )
    return business.Rule("May the generated pictures be used beside the real ones?", **conditions)


def replay(path, data=None):
    """Train the run of a run.json again, with its steps and its rates; return the same generator, bit for bit.

    ``data`` is where the pictures or the table lie now, by default where they lay. ValueError where they are others,
    and where the weights differ: on another machine, or with other versions.
    """
    run = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    runtime.start(run["settings"]["seed"])
    again = _table_again if "steps" in run["settings"] else _pictures_again
    found, weights = again(run, Path(data or run["from"]))
    if weights != run["weights"]:
        versions = ", ".join(f"{name} {value}" for name, value in run["versions"].items())
        raise ValueError(f"the replay ends on other weights. It was trained with {versions}; see runtime.report().")
    return found


def _pictures_again(run, path):
    """Return the network of a run of pictures, trained again, and the SHA-256 of its weights."""
    from aigc_utils import training

    settings = Settings(**run["settings"])
    found = look(path, settings.size, settings.grey, seed=settings.seed)
    _insist_on_the_same(found, run)
    model, optimizers = build(settings, found.classes)
    images, labels = found.training
    clock = training.WithinTime(float("inf"), optimizers, run["record"])
    steps = run["steps_per_epoch"]
    labels = labels if model.labelled else None
    training.fit(model, images, run["kept"], steps, settings.batch_size, settings.flip, labels, callbacks=[clock])
    return network_of(model), weights_sha256(network_of(model).get_weights())


def _table_again(run, path):
    """Return the model of a run of a table, fitted again, and the SHA-256 of its weights."""
    found = table.look(path)
    _insist_on_the_same(found, run)
    model = table.train(found, table.split(found, run["settings"]["seed"])[0], run["settings"])
    return model, weights_sha256(table.weights(model))


def _insist_on_the_same(found, run):
    if found.sha256 != run["data"]:
        raise ValueError(f"received data of SHA-256 {found.sha256}; expected those of the run, {run['data']}.")


def _room(path, out):
    """Return the folder for the report, which is not made yet; an error says why there can be none."""
    path = path.resolve()
    out = Path(f"{path.stem}_report" if out is None else out).expanduser()
    places = (out.resolve(), *out.resolve().parents)
    if path in places:
        raise ValueError(f"received out = {str(out)!r}, in the folder of pictures; expected one beside it.")
    taken = [name for name in {*LEFT, *LEFT_OF_A_TABLE} if (out / name).exists()]
    if taken and not (out / UNFINISHED).exists():
        raise FileExistsError(
            f"{out} has {', '.join(sorted(taken))} of an earlier run; name another folder, or delete these."
        )
    there = next(place for place in places if place.exists())
    if not there.is_dir():
        raise NotADirectoryError(f"received out = {str(out)!r}, but {there} is a file; name another folder.")
    if (free := shutil.disk_usage(there).free) < LEAST_SPACE:
        said = f"{there} has {free / 1e6:.0f} MB left; expected {LEAST_SPACE / 1e6:.0f} MB for the run"
        raise OSError(f"{said}. Free some space, or name another folder.")
    return out


@contextlib.contextmanager
def _leaving(out):
    """Write to a report's folder; what the run needed to go on is deleted once all is there."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        yield
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)


def leave(out, model, run, page, shown, says):
    """Write what a run leaves behind, each file whole or not at all, and delete what it needed to go on.

    ``page`` makes the report from the bytes of samples.png.
    """
    from aigc_utils import models

    with _leaving(out):
        network = models.sampler(model.velocity, FLOW_STEPS) if hasattr(model, "velocity") else model.generator
        with files.replacing(out / "generator.keras") as partial:
            network.save(partial)
        plots.save_image_grid(report.enlarged(shown["made"][:64]), out / "samples.png", says)
        write(out / "report.html", page((out / "samples.png").read_bytes()))
        write(out / "run.json", run)


def run(
    path,
    minutes=MINUTES,
    out=None,
    *,
    size=None,
    grey=None,
    family=None,
    flip=None,
    batch_size=None,
    width=None,
    learning_rate=None,
    seed=0,
    producer="prototype",
):
    """Train a generator on the pictures of a folder or a zip, or on a table, and return a `Report` on what it left.

    First-level subfolders are classes; a table is a CSV file, and of the options only ``family`` and ``seed`` are for
    it. ``minutes`` are those of the training; ``out`` is by default NAME_report in the working folder. What is None is
    chosen by a rule, which is printed; see `Settings` and `table.plan`. ``producer`` is who answers for what is
    generated: printable ASCII without spaces, for the label. The same call goes on with a run that was killed.
    """
    path = Path(path).expanduser()
    says, out = provenance.Label("aigc_utils.prototype", producer), _room(path, out)
    asked = {"family": family, "flip": flip, "batch_size": batch_size, "width": width, "learning_rate": learning_rate}
    if path.suffix.lower() in TABLES:
        options = {"size": size, "grey": grey, **asked, "family": None}
        if unfit := [name for name, value in options.items() if value is not None]:
            raise ValueError(f"received {', '.join(unfit)} for {path.name}, a table; leave them out.")
        return _run_table(path, minutes, out, family, seed, says)
    runtime.start(seed)
    times = [time.perf_counter()]
    pictures = look(path, size, grey, minutes, seed)
    settings, reasons = plan(pictures, minutes, seed, producer, **asked)
    decision = rule(pictures, settings)
    print(*pictures.facts, *_chosen(dataclasses.asdict(settings), reasons), decision, sep="\n")
    times.append(time.perf_counter())
    model, record = train(pictures, settings, out / UNFINISHED)
    times.append(time.perf_counter())
    figures, shown = judge(pictures, model, settings)
    verdict = decision.apply(**measured(figures))
    times.append(time.perf_counter())
    record |= _said(path, pictures, reasons, decision, verdict, figures, times)
    record["costs"]["a thousand pictures"] = f"{figures['seconds_per_1000']:.1f} s"
    page = functools.partial(report.page, pictures, record, decision, verdict, shown)
    leave(out, model, record, page, shown, says)
    return Report(out, verdict, figures)


def _run_table(path, minutes, out, family, seed, says):
    """Do what `run` does for a CSV table."""
    runtime.start(seed)
    times = [time.perf_counter()]
    found = table.look(path)
    decision = table.rule(found)
    print(*found.facts, decision, sep="\n")
    settings, reasons = table.plan(found, minutes, seed, family)
    print(*_chosen(settings, reasons), sep="\n")
    times.append(time.perf_counter())
    places, held_out = table.split(found, seed)
    model = table.train(found, places, settings)
    times.append(time.perf_counter())
    figures = table.judge(found, places, held_out, model, settings)
    verdict = decision.apply(**table.measured(figures))
    times.append(time.perf_counter())
    record = {"settings": settings, "data": found.sha256, "number_type": "float64", "versions": runtime.report()}
    record |= {"weights": weights_sha256(table.weights(model))}
    record |= _said(path, found, reasons, decision, verdict, figures, times)
    samples = model.sample(min(len(found.frame), SAMPLES), seed)
    with _leaving(out):
        table.save(model, out / "generator.npz")
        rows = {"rows": json.loads(samples.to_json(orient="records"))}
        write(out / UNFINISHED / "samples.json", rows)
        provenance.label(out / UNFINISHED / "samples.json", says, out / "samples.json")
        write(out / "report.html", report.table_page(record, decision, verdict, samples))
        write(out / "run.json", record)
    return Report(out, verdict, figures)


def _chosen(settings, reasons):
    """Return a sentence about each setting, both by name."""
    return [f"{name} = {settings[name]}: {why}." for name, why in reasons.items()]


def _said(path, found, reasons, decision, verdict, figures, times):
    """Return what run.json says of any run beside its training."""
    costs = dict(zip(("looking", "training", "judging"), (f"{took:.0f} s" for took in np.diff(times)), strict=True))
    costs |= {"memory, at most": f"{runtime.peak_memory_gb():.1f} GB"}
    said = {"from": str(path.resolve()), "facts": found.facts, "reasons": reasons, "costs": costs}
    return said | {"rule": str(decision), "verdict": dataclasses.asdict(verdict), "figures": figures}
