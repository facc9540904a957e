"""Folders of many kinds and faults go through the command; figures by hand; a run that is stopped, killed, replayed."""

import errno
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path

from aigc_apps import prototype
from aigc_apps.prototype import __main__, judgement, pictures, report, runs, table
from aigc_utils import business, files, kittens, plots, provenance, training
from aigc_utils.runtime import keras, tf

import numpy as np
import pandas as pd
import pytest
from folders import FILM, contents, save
from PIL import Image

COUNT = 120  # pictures of a folder that is enough to train on
QUICK = ["--minutes", "0.04", "--width", "8"]


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Train without graphs, whose tracing takes longer than these trainings, in epochs of one step; resample little."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judgement, "RESAMPLES", 5)
        patched.setattr(judgement, "FLOW_STEPS", 2)
        patched.setattr(training, "step_seconds", lambda *arguments, **options: 1.0)
        tf.config.run_functions_eagerly(True)
        yield
        tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def drawn():
    """Kittens that differ, uint8 (n, 32, 32, 3)."""
    return kittens.sample(COUNT, seed=5)[0]


def command(*arguments):
    """Call the command as a shell would; return its exit status."""
    return __main__.main([str(argument) for argument in arguments])


class Page(html.parser.HTMLParser):
    """What a page holds: its tags with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def reloaded(out):
    """Run the four lines of the report in its folder; return the pictures that they draw."""
    page = (out / "report.html").read_text(encoding="utf-8")
    lines = Page(page[page.index("Load it again") :]).text.split("Load it again")[-1].strip()
    assert len(lines.splitlines()) == 4
    names, before = {}, os.getcwd()
    os.chdir(out)
    try:
        exec(lines, names)
    finally:
        os.chdir(before)
    return names["pictures"]


# --- runs to the end -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(drawn, tmp_path_factory):
    """A folder of colour pictures that was trained on, its report, and what was printed."""
    folder = tmp_path_factory.mktemp("plain")
    given = save(drawn, folder / "cats")
    before = contents(given)
    assert command(given, "--out", folder / "out", *QUICK) == 0
    assert contents(given) == before
    return folder


def test_a_run_leaves_four_files_and_nothing_else(plain):
    assert sorted(path.name for path in (plain / "out").iterdir()) == sorted(prototype.LEFT)


def test_the_report_needs_nothing_else_and_describes_its_pictures(plain):
    page = Page((plain / "out" / "report.html").read_text(encoding="utf-8"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe"})
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 4
    for attributes in images:
        assert attributes["src"].startswith("data:image/png;base64,") and len(attributes["alt"]) > 10
    run = json.loads((plain / "out" / "run.json").read_text(encoding="utf-8"))
    assert f"Verdict: {run['verdict']['answer']}" in page.text
    for said in (*report.QUESTIONS, *run["facts"], run["rule"], *run["verdict"]["reasons"]):
        assert said in page.text


def test_samples_are_labelled(plain):
    found = provenance.read(plain / "out" / "samples.png")
    assert found.mark and found.aigc["ContentProducer"] == "prototype"
    assert found.iptc["AISystemUsed"] == "aigc_apps.prototype"


def test_four_lines_load_a_gan(plain):
    made = reloaded(plain / "out")
    assert made.shape == (16, 32, 32, 3) and 0 <= made.min() < made.max() <= 255


def test_run_json_says_what_was_trained(plain):
    run = json.loads((plain / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["settings"]["family"] == "GAN" and not run["settings"]["grey"] and run["settings"]["size"] == 32
    assert run["number_type"] == "float32" and run["versions"]["keras"] == keras.__version__
    assert run["kept"] in [step for _, step, _ in run["curve"]] and run["kept"] % run["steps_per_epoch"] == 0
    assert [name for name in prototype.rule(types.SimpleNamespace(classes=()), None).conditions] == [
        "near",
        "varied",
        "new",
    ]


def test_an_earlier_report_is_not_replaced(plain, capsys):
    before = contents(plain)
    assert command(plain / "cats", "--out", plain / "out", *QUICK) == 1
    assert "of an earlier run; name another folder" in capsys.readouterr().err
    assert contents(plain) == before


def test_a_zip_of_grey_classes_trains_a_flow_that_takes_them(drawn, tmp_path, capsys):
    grey = drawn.mean(-1).astype(np.uint8)
    middle = np.median(grey.mean((1, 2)))
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        for k, image in enumerate(grey):
            name = f"{k:03}.png"
            Image.fromarray(image).save(tmp_path / name)
            archive.write(tmp_path / name, f"shop/{'dark' if image.mean() < middle else 'pale'}/{name}")
    assert command(tmp_path / "shop.zip", "--out", tmp_path / "out", *QUICK) == 0
    assert "2 classes: dark" in capsys.readouterr().out
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["settings"]["family"] == "flow" and run["settings"]["grey"]
    assert set(run["figures"]["use"]) == {"real", "generated", "augmented ones"}
    assert len(run["verdict"]["reasons"]) == 4
    assert reloaded(tmp_path / "out").shape == (16, 32, 32, 1)


def test_ctrl_c_keeps_the_best(drawn, tmp_path, monkeypatch):
    calls, epoch_end = [], runs._Watch.epoch_end

    def stop(self, *arguments, **options):
        epoch_end(self, *arguments, **options)
        calls.append(self.latest[0])
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs._Watch, "epoch_end", stop)
    assert command(save(drawn, tmp_path / "cats"), "--out", tmp_path / "out", *QUICK, "--minutes=9") == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["ended"] == "you stopped it" and calls[1] == run["curve"][-1][1]
    assert run["kept"] == min(run["curve"], key=lambda entry: entry[2])[1]


def test_a_killed_run_goes_on_and_is_replayed_bit_for_bit(drawn, tmp_path, capsys, monkeypatch):
    folder, calls, epoch_end = save(drawn, tmp_path / "cats"), [], runs._Watch.epoch_end

    class Killed(BaseException):
        pass

    def die(self, *arguments, **options):
        epoch_end(self, *arguments, **options)
        calls.append(self.latest[0])
        if len(calls) in (3, 6):
            raise Killed if len(calls) == 3 else KeyboardInterrupt

    monkeypatch.setattr(runs._Watch, "epoch_end", die)
    again = [folder, "--out", tmp_path / "out", *QUICK, "--minutes=9"]
    with pytest.raises(Killed):
        command(*again)
    half = json.loads((tmp_path / "out" / "unfinished" / "run.json").read_text(encoding="utf-8"))
    assert half["ended"] is None and len(half["record"]) == 3
    assert command(*again, "--seed=1") == 1
    assert "an unfinished run of other settings" in capsys.readouterr().err
    assert command(*again) == 0
    assert "An unfinished run goes on" in capsys.readouterr().out
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["record"][:2] == half["record"][:2]  # the third epoch's checkpoint was not written yet
    assert calls[3] == 3 * run["steps_per_epoch"] and run["record"][2][0] > half["record"][1][0]
    network = prototype.replay(tmp_path / "out" / "run.json")
    assert runs.weights_sha256(network.get_weights()) == run["weights"]
    kept = keras.saving.load_model(tmp_path / "out" / "generator.keras", compile=False)
    assert runs.weights_sha256(kept.get_weights()) == run["weights"]
    (folder / "000.png").unlink()
    with pytest.raises(ValueError, match="expected those of the run"):
        prototype.replay(tmp_path / "out" / "run.json")


def test_a_full_disk_at_the_end_loses_nothing(drawn, tmp_path, capsys, monkeypatch):
    folder = save(drawn, tmp_path / "cats")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(plots, "save_image_grid", full)
        assert command(folder, "--out", tmp_path / "out", *QUICK) == 1
    assert "No space left on device. Free some space and call the same again" in capsys.readouterr().err
    assert not (tmp_path / "out" / "run.json").exists() and (tmp_path / "out" / "unfinished").is_dir()
    monkeypatch.setattr(training, "fit", lambda *arguments, **options: pytest.fail("trained twice"))
    assert command(folder, "--out", tmp_path / "out", *QUICK) == 0
    assert (tmp_path / "out" / "report.html").exists() and not (tmp_path / "out" / "unfinished").exists()


def test_a_run_that_diverges_keeps_what_it_had(drawn, tmp_path, monkeypatch):
    folder, epoch_end = save(drawn, tmp_path / "cats"), runs._Watch.epoch_end

    def poison(self, *arguments, **options):
        epoch_end(self, *arguments, **options)
        if len(self.clock.record) == 2:
            weights = self.model.discriminator.trainable_variables[0]
            weights.assign(np.full(weights.shape, np.nan))

    monkeypatch.setattr(runs._Watch, "epoch_end", poison)
    report = prototype.run(folder, 1, tmp_path / "out", width=8)
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert "no longer a finite number" in run["ended"] and run["kept"] <= 2 * run["steps_per_epoch"]
    assert report.verdict.answer in ("no", "not decidable") and np.isfinite(
        report.figures["rows"]["generated"]["distance"]
    )


def test_another_process_replays_a_run(drawn, tmp_path):
    """A shell's run, with graphs; its learning rate falls with its time."""
    save(drawn, tmp_path / "cats")
    arguments = ["cats", "--minutes", "0.2", "--width", "8"]
    environment = os.environ | {"PYTHONPATH": str(Path(prototype.__file__).parents[2])}
    subprocess.run([sys.executable, "-m", "aigc_apps.prototype", *arguments], cwd=tmp_path, env=environment, check=True)
    path = tmp_path / "cats_report" / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    factors = [factor for _, factor in run["record"]]
    assert run["ended"] == "its time was up" and sorted(factors, reverse=True) == factors
    again = f"from aigc_apps import prototype; prototype.replay({str(path)!r})"
    subprocess.run([sys.executable, "-c", again], env=environment, check=True)


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people():
    """A table of 200 rows in which an age, a group and a size hang together, and some sizes are missing."""
    rng = np.random.default_rng(0)
    age = rng.integers(20, 80, 200)
    size = np.round(150 + age / 4 + rng.normal(0, 4, 200), 1)
    found = pd.DataFrame(
        {"age": age, "group": np.where(age + rng.normal(0, 8, 200) > 50, "old", "young"), "size": size}
    )
    return found.assign(size=found["size"].where(rng.random(200) > 0.1))


def test_a_table_leaves_four_files_that_are_loaded_and_replayed(people, tmp_path):
    people.to_csv(tmp_path / "people.csv", index=False)
    assert command(tmp_path / "people.csv", "--out", tmp_path / "out", "--minutes", "0.01") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(prototype.LEFT_OF_A_TABLE)
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    for said in (*run["facts"], run["rule"], *run["verdict"]["reasons"], f"Verdict: {run['verdict']['answer']}"):
        assert said in page.text
    found = provenance.read(tmp_path / "out" / "samples.json")
    assert found.mark and found.aigc["ContentProducer"] == "prototype"
    rows = json.loads((tmp_path / "out" / "samples.json").read_text(encoding="utf-8"))["rows"]
    assert len(rows) == len(people.drop_duplicates()) and set(rows[0]) == {"age", "group", "size"}
    again = prototype.replay(tmp_path / "out" / "run.json")
    kept = table.load(tmp_path / "out" / "generator.npz")
    pd.testing.assert_frame_equal(again.sample(50, 3), kept.sample(50, 3))
    (tmp_path / "people.csv").write_text("age,group\n1,2\n" * 200, encoding="utf-8")
    with pytest.raises(ValueError, match="different rows"):
        prototype.replay(tmp_path / "out" / "run.json")


def test_what_is_no_table_gets_a_sentence(people, tmp_path, capsys):
    people.head(20).to_csv(tmp_path / "few.csv", index=False)
    for arguments, message in (
        (["few.csv"], "received 20 different rows, and 3 columns that vary; expected 100 and 2, or more"),
        (["missing.csv"], "is missing, or a folder; expected a CSV file"),
        (["few.csv", "--size=32", "--grey"], "received size, grey for few.csv, a table; leave them out"),
        (["few.csv", "--family=GAN"], "received 20 different rows"),
    ):
        assert command(tmp_path / arguments[0], "--out", tmp_path / "out", *arguments[1:]) == 1
        said = capsys.readouterr().err.strip()
        assert message in said and len(said.splitlines()) == 1 and not (tmp_path / "out").exists()


# --- what is refused -------------------------------------------------------------------------------------------------


def same(drawn, folder):
    return save(np.repeat(drawn[:1], COUNT, axis=0), folder)


def long(drawn, folder):
    folder.mkdir()
    Image.new("L", (30_000, 40)).save(folder / "panorama.png")
    return folder


def texts(drawn, folder):
    folder.mkdir()
    (folder / "film.mp4").write_bytes(FILM)
    return folder


def film(drawn, folder):
    folder.write_bytes(FILM)
    return folder


def damaged(drawn, folder):
    save(drawn[:20], folder)
    archive = Path(shutil.make_archive(str(folder), "zip", folder))
    archive.write_bytes(archive.read_bytes()[:-200])
    return archive


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda drawn, folder: folder, "is missing; expected a folder of pictures"),
        (lambda drawn, folder: folder.mkdir() or folder, "holds no readable picture among 0 files"),
        (texts, "holds no readable picture among 1 files"),
        (film, "neither a zip nor a tar file. Expected a folder of pictures"),
        (damaged, "Expected a folder of pictures"),
        (lambda drawn, folder: save(drawn[:3], folder), "received 3 different pictures; expected 100 or more"),
        (same, "received 1 different pictures; expected 100 or more.* 119 pictures were left out: exact repeats"),
        (long, "received 0 different pictures.* more than 3 times as long as wide"),
        (lambda drawn, folder: save(drawn[:1], folder / "only").parent, "received 1 different pictures"),
    ],
    ids=[
        "missing",
        "empty",
        "a film inside",
        "a film",
        "a damaged zip",
        "three",
        "all alike",
        "panorama",
        "one of one",
    ],
)
def test_what_cannot_be_trained_on_gets_a_sentence(make, message, drawn, tmp_path, capsys):
    path = make(drawn, tmp_path / "given")
    before = contents(tmp_path)
    assert command(path, "--out", tmp_path / "out", *QUICK) == 1
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1 and "Traceback" not in said
    assert re.search(message, said), said
    assert contents(tmp_path) == before and not (tmp_path / "out").exists()


def test_a_folder_that_changes_while_it_is_read_is_named(drawn, tmp_path, capsys, monkeypatch):
    folder, load = save(drawn[:20], tmp_path / "cats"), files.load_folder

    def slow(*arguments, **options):
        read = load(*arguments, **options)
        save(drawn[20:22], folder, first=900)
        (folder / "000.png").unlink()
        return read

    monkeypatch.setattr(files, "load_folder", slow)
    assert command(folder, "--out", tmp_path / "out", *QUICK) == 1
    assert "changed while it was read: 3 files, such as 000.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "message"),
    [("cats/report", "in the folder of pictures"), ("cats/000.png/report", "in the folder"), ("file", "is a file")],
)
def test_an_unfit_place_for_the_report_is_named_at_once(out, message, drawn, tmp_path, capsys):
    folder = save(drawn[:3], tmp_path / "cats")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert command(folder, "--out", tmp_path / out, *QUICK) == 1
    assert message in capsys.readouterr().err


def test_no_space_is_said_before_the_training(drawn, tmp_path, capsys, monkeypatch):
    folder = save(drawn[:3], tmp_path / "cats")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=3e6))
    assert command(folder, "--out", tmp_path / "out", *QUICK) == 1
    assert "has 3 MB left; expected 100 MB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [("--minutes=0", "minutes = 0.0"), ("--width=12", "width = 12"), ("--producer=my shop", "printable ASCII")],
)
def test_wrong_options_are_named(option, message, plain, tmp_path, capsys):
    assert command(plain / "cats", "--out", tmp_path / "out", *QUICK, option) == 1
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_ctrl_c_before_the_first_epoch_stops(plain, tmp_path, monkeypatch, capsys):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "step_seconds", stop)
    assert command(plain / "cats", "--out", tmp_path / "out", *QUICK) == 130
    assert "The same call goes on" in capsys.readouterr().err


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (1000, "1,000 rows")])
def test_one_is_told_from_many(number, said):
    assert pictures.counted(number, "row", "rows") == said


def test_classes_are_the_first_folders_below_what_all_share():
    assert pictures._top_folders(["all/a/1.png", "all/a/x/2.png", "all/b/3.png"]) == ["a", "a", "b"]
    assert pictures._top_folders(["a/1.png", "a/2.png"]) == ["", ""]
    assert pictures._top_folders(["a/1.png", "2.png"]) == ["", ""]
    assert pictures._top_folders(["a/1.png", "b/1.png", "2.png"]) == ["a", "b", ""]


@pytest.mark.parametrize(
    ("shorter", "minutes", "side"),
    [(500, 10, 32), (500, 22.4, 32), (500, 22.5, 48), (500, 40, 64), (50, 40, 48), (20, 40, 32), (500, 1, 32)],
)
def test_the_size_is_what_the_pictures_have_and_the_time_allows(shorter, minutes, side):
    """48×48 pixels are 2.25 times those of 32×32, which ask for ten minutes, and 64×64 four times."""
    assert pictures._size(None, [shorter], minutes)[0] == side
    assert pictures._size(48, [shorter], minutes)[0] == 48
    with pytest.raises(ValueError, match="received size = 40; expected one of 32, 48, 64"):
        pictures._size(40, [shorter], minutes)


def test_facing_one_way_is_seen():
    """Every picture brighter on its left is told from its mirror image; of half of each kind no more than half."""
    rng = np.random.default_rng(0)
    left = rng.integers(0, 100, (400, 32, 32, 1), dtype=np.uint8)
    left[:, :, :16] += 50
    assert pictures.facing(left) == (1, 200**-0.5)
    left[::4], left[1::4] = left[::4, :, ::-1], left[1::4, :, ::-1]
    assert abs(pictures.facing(left)[0] - 0.5) < 0.1


def test_near_duplicates_are_never_on_both_sides():
    groups = np.array([0] * 30 + list(range(1, 71)) + list(range(71, 171)))
    labels = np.array([0] * 100 + [1] * 100, np.int32)
    labels[5] = 1  # a near duplicate in another class
    training_places, held_out = pictures.split(labels, groups, seed=3)
    assert sorted([*training_places, *held_out]) == list(range(200))
    assert not set(groups[training_places]) & set(groups[held_out])
    assert (labels[held_out] == 1).sum() == 20 and 10 <= (labels[held_out] == 0).sum() <= 30
    again = pictures.split(labels, groups, seed=3)
    assert [part.tolist() for part in again] == [training_places.tolist(), held_out.tolist()]


def test_generated_pictures_like_real_ones_are_near_and_others_are_not():
    rng = np.random.default_rng(0)
    real, near = rng.normal(size=(2, 200, 4))
    sets = {judgement.GENERATED: near, judgement.AUGMENTED: near + 1}
    rows = judgement.compare(real, sets, np.random.default_rng(1))
    assert rows[judgement.AUGMENTED]["beyond"] == [0, 0, 0]
    assert rows[judgement.GENERATED]["beyond"][2] < 0 < rows[judgement.GENERATED]["distance"] < 1
    assert rows[judgement.AUGMENTED]["distance"] == pytest.approx(4, abs=1)  # 4 values moved by 1
    swapped = {judgement.GENERATED: near + 1, judgement.AUGMENTED: near}
    assert judgement.compare(real, swapped, np.random.default_rng(1))[judgement.GENERATED]["beyond"][1] > 0


def test_use_is_the_gain_of_further_pictures():
    """Ten real pictures leave the border between two classes open; a thousand more close it, and swapped ones harm."""
    rng = np.random.default_rng(0)

    def drawn_table(count):
        labels = np.arange(count) % 2
        return rng.normal(size=(count, 20)) + np.where(labels[:, None], 0.4, -0.4), labels

    real, good, held_out = drawn_table(10), drawn_table(1000), drawn_table(400)
    found = judgement.use(real, {"good": good, "swapped": (good[0], 1 - good[1])}, held_out, rng)
    assert found["good"]["gain"][1] > 0 > found["swapped"]["gain"][2]
    assert found["good"]["accuracy"] - found["real"]["accuracy"] == pytest.approx(found["good"]["gain"][0])


def figures(**changed):
    row = {"distance": 2.0, "precision": 0.8, "recall": 0.3, "beyond": [-1, -2.0, -0.5]}
    made = {
        "rows": {judgement.GENERATED: row, judgement.OTHERS: row | {"recall": 0.5}},
        "audit": {"sees": True, "p_value": 0.4},
        "use": {judgement.GENERATED: {"gain": [0.02, 0.01, 0.03]}},
    }
    return made | changed


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, "yes"),
        ({"audit": {"sees": False, "p_value": 0.4}}, "not decidable"),
        ({"audit": {"sees": True, "p_value": 0.01}}, "no"),
        ({"use": {judgement.GENERATED: {"gain": [0.02, 0.0, 0.03]}}}, "no"),
    ],
)
def test_the_rule_decides(changed, answer):
    given, settings = types.SimpleNamespace(classes=("a", "b")), types.SimpleNamespace(family="flow")
    verdict = prototype.rule(given, settings).apply(**judgement.measured(figures(**changed)))
    assert verdict.answer == answer and isinstance(verdict, business.Verdict)


def test_a_generator_that_copies_is_found_out(drawn):
    rng = np.random.default_rng(0)
    train, held_out = drawn[:90], drawn[90:]
    found, (made, nearest) = judgement.audit(train, held_out, train[:30], train[:5, :, ::-1], rng)
    assert found["suspects"] == 30 and found["p_value"] < 0.001 and found["suspects_augmented"] == 1
    np.testing.assert_array_equal(made, nearest)
    assert found["sees"] and found["control"]["near"] >= 0.5
