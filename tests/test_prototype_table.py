"""A CSV table from its first look to a verdict: what is said of bad ones, what is kept, what the attacks find."""

import json
from pathlib import Path

from aigc_apps.prototype import table as prototype
from aigc_utils import business, tables
from aigc_utils.files import DataError

import numpy as np
import pandas as pd
import pytest

HEAD = "size,weight,kind\n"


def people(count=240, seed=0):
    """Return a frame of mixed columns that hang together, with gaps in two of them, and one that never changes."""
    rng = np.random.default_rng(seed)
    size = rng.normal(170, 10, count).round(1)
    weight = (size - 100 + rng.normal(0, 4, count)).round(2)
    kind = np.where(size + rng.normal(0, 5, count) > 170, "tall", np.where(rng.random(count) < 0.5, "low", "small"))
    income = pd.Series(rng.integers(10, 90, count)).where(rng.random(count) > 0.3 * (size > 170))
    frame = pd.DataFrame({"size": size, "weight": weight, "kind": kind, "old": weight > 75, "income": income})
    return frame.assign(kind=frame.kind.where(rng.random(count) > 0.1), planet="earth")


def written(folder, content, name="people.csv"):
    """Return the path of a new file."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """Return the `Table` of 240 people."""
    return prototype.look(written(tmp_path_factory.mktemp("table"), people().to_csv(index=False)))


@pytest.fixture(scope="module")
def settings(looked):
    """Return settings of a copula."""
    return prototype.plan(looked, family="copula")[0]


# --- look ------------------------------------------------------------------------------------------------------------


def test_a_look_keeps_types_and_says_what_it_found(looked):
    assert looked.frame.dtypes.astype(str).tolist()[:2] == ["float64", "float64"]
    assert looked.frame["old"].dtype == bool and len(looked.frame) == 240 and len(looked.sha256) == 64
    facts = " ".join(looked.facts)
    gaps = looked.frame.isna().mean()
    for words in (
        "240 rows of 6 columns, separated by commas.",
        "3 of numbers, 2 of texts, 1 of true or false.",
        f"income {gaps['income']:.1%}",
        f"kind {gaps['kind']:.1%}",
        "Always the same, and so in what is generated: planet.",
        "240 different rows are left, few for a generator.",
    ):
        assert words in facts


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_a_mark_at_the_beginning_and_decimal_commas_are_read(tmp_path, looked, separator):
    decimal = "," if separator == ";" else "."
    text = people().to_csv(index=False, sep=separator, decimal=decimal)
    found = prototype.look(written(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    pd.testing.assert_frame_equal(found.frame, looked.frame)


def test_what_is_left_out_is_counted_and_said(tmp_path):
    frame = people().assign(
        number=range(240), name=[f"person {k}" for k in range(240)], code=2**60 + np.arange(240) ** 2
    )
    frame = pd.concat([frame, frame.iloc[:7].assign(number=range(240, 247))])
    found = prototype.look(written(tmp_path, frame.reset_index(drop=True).to_csv()))  # with an index that has no name
    facts = " ".join(found.facts)
    assert (
        "4 columns were left out: column 1 (it counts the rows), number (it counts the rows), name (240 different texts"
        in facts
    )
    assert "code (numbers beyond 2^53" in facts and "7 rows repeat others and are kept once" in facts
    assert len(found.frame) == 240 and not {"number", "name", "code"} & set(found.frame)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (b"\x00\x01" * 40, "zero bytes"),
        (HEAD.encode() + "1,2,größer\n".encode("latin-1") * 200, "no UTF-8 text .*save it as 'CSV UTF-8'"),
        ("size\n" + "\n".join(map(str, range(200))), "a table of 1 columns; expected 2 to 500"),
        (HEAD + "1,2,a\n1,2\n" * 100, "row 2 has 2 cells; expected 3"),
        (HEAD + "1,2,a\n1,2,3,4\n" * 100, "row 2 has 4 cells; expected 3"),
        (HEAD + '1,2,"a\n' * 100, "cannot be read as CSV: .*a quote that is not closed"),
        ("1.5,2,a\n" * 200, "the first line '1.5, 2, a'; expected a name"),
        ("size,size,kind\n" + "1,2,a\n" * 200, "expected a name for each column, all different"),
        (HEAD + "1,2,a\n" * 200, "1 different rows, and 0 columns that vary; expected 100 and 2"),
        (HEAD + "".join(f"{k % 97},2,a\n" for k in range(200)), "97 different rows, and 1 columns"),
        (HEAD + "".join(f"{k * k},inf,a\n" for k in range(200)), "infinite numbers in weight"),
        (HEAD, "0 different rows"),
    ],
)
def test_what_cannot_be_trained_on_is_one_sentence(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        prototype.look(written(tmp_path, content))


def test_missing_large_and_changing_files_are_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="is missing, or a folder; expected a CSV file"):
        prototype.look(tmp_path)
    path, read = written(tmp_path, people().to_csv(index=False)), Path.read_bytes
    with monkeypatch.context() as changed:
        changed.setattr(prototype, "MOST_BYTES", 10)
        with pytest.raises(ValueError, match="MB; expected at most 0"):
            prototype.look(path)

    def grow(self):
        with open(self, "ab") as opened:
            opened.write(b"\n")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", grow)
    with pytest.raises(DataError, match="changed while it was read"):
        prototype.look(path)


# --- split, plan, train ----------------------------------------------------------------------------------------------


def test_equal_rows_are_never_on_both_sides():
    frame = pd.DataFrame({"a": np.repeat(np.arange(40), 5), "b": np.repeat([None, "x"], 100)})
    training, held_out = prototype.split(prototype.Table(frame, (), ""), seed=3)
    assert sorted([*training, *held_out]) == list(range(200)) and len(held_out) == 60
    assert not set(frame["a"][training]) & set(frame["a"][held_out])


def test_the_plan_counts_steps_and_takes_what_you_ask_for(looked):
    chosen, reasons = prototype.plan(looked, minutes=0.1, family="VAE")
    assert chosen == {"family": "VAE", "steps": 300, "seed": 0, "minutes": 0.1}
    assert set(reasons) == set(chosen) and reasons["family"] == "you asked for it"
    assert prototype.plan(looked, family="copula")[0]["steps"] == prototype.STEPS
    for wrong in ({"family": "GAN"}, {"minutes": 0}, {"minutes": float("nan")}, {"seed": -1}):
        with pytest.raises(ValueError, match="received"):
            prototype.plan(looked, **wrong)


def test_the_family_that_training_rows_tell_less_is_chosen(looked, monkeypatch):
    """A VAE of one step is told from anything; none of the rows that it is judged on are held out."""
    seen, detection = [], prototype.detection
    monkeypatch.setattr(prototype, "detection", lambda real, *rest: seen.append(real) or detection(real, *rest))
    chosen, reasons = prototype.plan(looked, minutes=1 / prototype.STEPS_A_MINUTE)
    assert chosen["family"] == "copula" and "the lower one" in reasons["family"] and chosen["steps"] == 1
    assert len(seen) == 2 and all(set(rows.index) <= set(prototype.split(looked)[0]) for rows in seen)


@pytest.mark.parametrize("family", prototype.FAMILIES)
def test_a_replay_and_a_saved_model_give_the_same_rows(looked, tmp_path, family):
    places, _ = prototype.split(looked)
    asked = {"family": family, "steps": 20, "seed": 1, "minutes": 1}
    first, again = (prototype.train(looked, places, asked) for _ in range(2))
    made = first.sample(300, seed=5)
    pd.testing.assert_frame_equal(made, again.sample(300, seed=5))
    prototype.save(first, tmp_path / "model.npz")
    pd.testing.assert_frame_equal(made, prototype.load(tmp_path / "model.npz").sample(300, seed=5))
    assert not made.equals(first.sample(300, seed=6)) and made.dtypes.equals(looked.frame.dtypes)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:  # every part is there without pickle
        assert all(stored[name].dtype != object for name in stored.files)


# --- judge -----------------------------------------------------------------------------------------------------------


def test_codes_of_a_gap_are_the_median_and_a_flag():
    scale = tables.FrameScores(pd.DataFrame({"a": [1.0, 2.0, 9.0, np.nan], "b": ["x", "y", "x", "y"]}))
    asked = pd.DataFrame({"a": [np.nan, 5.0], "b": ["x", "y"]})
    codes = prototype.encoded(asked, scale)
    assert codes[:, :2].tolist() == [[2.0, 1.0], [5.0, 0.0]] and sorted(codes[:, 2]) == [0, 1]


def test_attack_scores_by_hand():
    """Four released numbers: a person at the second stands on rank 1.5 + 0.5 of 5, and on the spot where a row lies."""
    from scipy.stats import norm

    released = np.array([[1.0], [2.0], [3.0], [4.0]])
    places = norm.ppf(np.array([1, 2, 3, 4]) / 5)
    found = prototype.attack_scores(np.array([[2.0], [9.0]]), released)
    beyond = norm.ppf(0.9)
    assert np.allclose(found["nearest record"], [0, places[3] - beyond])
    assert np.allclose(found["Mahalanobis"], -(np.array([places[1], beyond]) ** 2) / np.var(places, ddof=1))


def test_shuffled_columns_keep_their_values_and_types(looked):
    made = prototype.shuffled(looked.frame, 4000, seed=1)
    assert made.dtypes.equals(looked.frame.dtypes) and len(made) == 4000
    assert set(made["kind"].dropna()) == {"tall", "low", "small"} and (made["planet"] == "earth").all()
    assert made["income"].isna().mean() == pytest.approx(looked.frame["income"].isna().mean(), abs=0.03)
    assert abs(made["size"].corr(made["weight"])) < 0.06 < 0.8 < looked.frame["size"].corr(looked.frame["weight"])


def test_distances_by_hand():
    """Shares ½ and ½ against ¼ and ¾ are ¼ apart, numbers that do not overlap 1; the ranks go with 2/√5 and −√0.6."""
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "x", "y", "y"]})
    made = pd.DataFrame({"a": [8.0, 7.0, 6.0, 5.0], "b": ["x", "y", "y", "y"]})
    found, error = prototype.distances(frame, made, tables.FrameScores(frame))
    assert found == {"a": 1.0, "b": 0.25} and error == pytest.approx(2 / 5**0.5 + 0.6**0.5)


def test_a_verdict_with_its_baselines(looked, settings):
    places, held_out = prototype.split(looked)
    model = prototype.train(looked, places, settings)
    figures = json.loads(json.dumps(prototype.judge(looked, places, held_out, model, settings)))
    rows = figures["rows"]
    assert list(rows) == [prototype.GENERATED, prototype.COPIES, prototype.SHUFFLED]
    assert rows[prototype.COPIES]["attacks"]["nearest record"][1] > 0.9  # copies are found
    assert figures["sees"] and rows[prototype.GENERATED]["attacks"]["nearest record"][1] < 0.5
    assert rows[prototype.SHUFFLED]["sharper"][1] > rows[prototype.GENERATED]["sharper"][2]
    assert rows[prototype.COPIES]["sharper"][1] < 0.6  # the floor
    rule, found = prototype.rule(looked), prototype.measured(figures)
    assert set(found) == set(rule.conditions) and rule.apply(**found).answer == "yes"
    assert found["near"] == business.Measured(
        max(auc[2] for auc in rows[prototype.GENERATED]["detection"].values()), "held out"
    )
    blind = prototype.measured(figures | {"sees": False})
    assert rule.apply(**blind).answer == "not decidable"


def test_a_model_that_copies_is_refused(looked, settings, monkeypatch):
    """It gives training rows: no classifier tells them from held-out ones, and the attack does."""
    places, held_out = prototype.split(looked)
    model = prototype.train(looked, places, settings)
    own = looked.frame.iloc[places]
    monkeypatch.setattr(model, "sample", lambda count, seed=0: own.sample(count, replace=True, random_state=seed))
    verdict = prototype.rule(looked).apply(
        **prototype.measured(prototype.judge(looked, places, held_out, model, settings))
    )
    assert verdict.answer == "no" and [reason for reason in verdict.reasons if "fails: Two attacks" in reason]
