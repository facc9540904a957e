"""From a folder of pictures, or a table, to a trained generator, a report and a decision.

    prototype.run("my_pictures", minutes=10)                                     in a notebook
    python -m aigc_apps.prototype my_pictures --minutes 10 --out report/        in a shell

Five stages: `look` at the files, `plan` with a reason for each choice, `train` within the time, `judge` on what was set
aside, `leave` a folder behind. The rule of the decision is declared, and printed, before the training. The stages of a
CSV table are those of `prototype.table`. Texts and sounds are still to follow.
"""

import contextlib
import dataclasses
import json
import shutil
import time
from pathlib import Path

from aigc_apps.prototype import report, table
from aigc_apps.prototype.judgement import judge, measured, rule, sampler_of
from aigc_apps.prototype.pictures import MINUTES, look
from aigc_apps.prototype.runs import again, plan, train, weights_sha256, write, writing
from aigc_utils import business, files, plots, provenance, runtime

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


def replay(path, data=None):
    """Train the run of a run.json again, with its steps and its rates; return the same generator, bit for bit.

    ``data`` is where the pictures or the table lie now, by default where they lay. ValueError where they are others,
    and where the weights differ: on another machine, or with other versions.
    """
    run = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    settings, place = run["settings"], Path(data or run["from"])
    runtime.start(settings["seed"])
    of_a_table = "steps" in settings
    found = table.look(place) if of_a_table else look(place, settings["size"], settings["grey"], seed=settings["seed"])
    if found.sha256 != run["data"]:
        raise ValueError(f"received data of SHA-256 {found.sha256}; expected those of the run, {run['data']}.")
    model = table.train(found, table.split(found, settings["seed"])[0], settings) if of_a_table else again(found, run)
    if weights_sha256(model.get_weights()) != run["weights"]:
        versions = ", ".join(f"{name} {value}" for name, value in run["versions"].items())
        raise ValueError(f"the replay ends on other weights. It was trained with {versions}; see runtime.report().")
    return model


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
def _leaving(out, run, page):
    """Write to a report's folder, then what ``page`` returns and run.json; what was needed to go on is deleted."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        yield
        write(out / "report.html", page())
        write(out / "run.json", run)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)


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
    says, out = provenance.Label("aigc_apps.prototype", producer), _room(path, out)
    asked = {"family": family, "flip": flip, "batch_size": batch_size, "width": width, "learning_rate": learning_rate}
    if path.suffix.lower() in TABLES:
        options = {"size": size, "grey": grey, **asked, "family": None}
        if unfit := [name for name, value in options.items() if value is not None]:
            raise ValueError(f"received {', '.join(unfit)} for {path.name}, a table; leave them out.")
        return _run_table(path, minutes, out, family, seed, says)
    return _run_pictures(path, minutes, out, size, grey, seed, says, asked)


def _run_pictures(path, minutes, out, size, grey, seed, says, asked):
    """Do what `run` does for a folder of pictures or a zip; ``asked`` are the other options, see `Settings`."""
    runtime.start(seed)
    times = [time.perf_counter()]
    pictures = look(path, size, grey, minutes, seed)
    settings, reasons = plan(pictures, minutes, seed, says.producer, **asked)
    decision = rule(pictures, settings)
    print(*pictures.facts, *_chosen(dataclasses.asdict(settings), reasons), decision, sep="\n")
    times.append(time.perf_counter())
    model, record = train(pictures, settings, out / UNFINISHED)
    times.append(time.perf_counter())
    figures, shown = judge(pictures, model, settings)
    verdict = decision.apply(**measured(figures))
    record |= _said(path, pictures, reasons, decision, verdict, figures, times)
    record["costs"]["a thousand pictures"] = f"{figures['seconds_per_1000']:.1f} s"
    samples = out / "samples.png"
    with _leaving(out, record, lambda: report.page(pictures, record, decision, verdict, shown, samples.read_bytes())):
        with files.replacing(out / "generator.keras") as partial:
            sampler_of(model).save(partial)
        factor = round(96 / settings.size)  # so that a picture is about 96 pixels wide
        plots.save_image_grid(shown["made"].repeat(factor, axis=1).repeat(factor, axis=2), samples, says)
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
    record = {"settings": settings, "data": found.sha256, "number_type": "float64", "versions": runtime.report()}
    record["weights"] = weights_sha256(model.get_weights())
    times.append(time.perf_counter())
    figures = table.judge(found, places, held_out, model, settings)
    verdict = decision.apply(**table.measured(figures))
    record |= _said(path, found, reasons, decision, verdict, figures, times)
    samples = model.sample(min(len(found.frame), SAMPLES), seed)
    with _leaving(out, record, lambda: report.table_page(record, decision, verdict, samples)):
        table.save(model, out / "generator.npz")
        unlabelled = out / UNFINISHED / "samples.json"
        write(unlabelled, {"rows": json.loads(samples.to_json(orient="records"))})
        provenance.label(unlabelled, says, out / "samples.json")
    return Report(out, verdict, figures)


def _chosen(settings, reasons):
    """Return a sentence about each setting, both by name."""
    return [f"{name} = {settings[name]}: {why}." for name, why in reasons.items()]


def _said(path, found, reasons, decision, verdict, figures, times):
    """Return what run.json says of any run beside its training; ``times`` are those at which its stages began."""
    took = np.diff([*times, time.perf_counter()])
    costs = {stage: f"{seconds:.0f} s" for stage, seconds in zip(("looking", "training", "judging"), took, strict=True)}
    costs |= {"memory, at most": f"{runtime.peak_memory_gb():.1f} GB"}
    said = {"from": str(path.resolve()), "facts": found.facts, "reasons": reasons, "costs": costs}
    return said | {"rule": str(decision), "verdict": dataclasses.asdict(verdict), "figures": figures}
