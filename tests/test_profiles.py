"""The gpu profile is what its table says: every setting is found, is executed on a CPU, and can be cut to one step."""

import json
import os
import re
import sys
from pathlib import Path

from tools import contents, notebooks, profiles

import nbformat
import pytest
from claim_runs import changed, code_of, defined, used
from nbformat.v4 import new_code_cell, new_notebook

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import gpu_profile

PATHS = {path.stem: path for path in notebooks.find()}
each_notebook = pytest.mark.parametrize("stem", PATHS)
CELL = """# All settings.
β = 0.5  # no setting of a profile
STEPS = {"cpu": 1500, "gpu": 10_000}[PROFILE]  # of the generator; β₁ = ½
SEEDS = range({"cpu": 5, "gpu": 20}[PROFILE])
RATES = {"cpu": (8, 20), "gpu": (8, 35)}[PROFILE]  # a second"""


# --- the parser ------------------------------------------------------------------------------------------------------


def test_settings_are_read_with_both_values_and_their_comment():
    steps, seeds, rates = profiles.settings_of_cell(CELL, 3, "99_a")
    assert (steps.name, steps.cpu, steps.gpu, steps.comment) == ("STEPS", 1500, 10_000, "of the generator; β₁ = ½")
    assert (seeds.name, seeds.cpu, seeds.gpu, seeds.comment) == ("SEEDS", 5, 20, "")
    assert (rates.cpu, rates.gpu, rates.cell, rates.line) == ((8, 20), (8, 35), 3, 5)
    assert profiles.settings_of_cell("%time = broken", 1, "99_a") == []


@pytest.mark.parametrize(
    "line",
    [
        "STEPS = LENGTHS[PROFILE]",
        'STEPS = {"cpu": 1, "gpu": 2 * n}[PROFILE]',
        'STEPS = {"gpu": 1, "cpu": 2}[PROFILE]',
        'STEPS = {"cpu": 1, "gpu": 2, "tpu": 3}[PROFILE]',
        'STEPS = {"cpu": 1,\n "gpu": 2}[PROFILE]',
        'fit({"cpu": 1, "gpu": 2}[PROFILE])',
        'STEPS, SEEDS = {"cpu": (1, 2), "gpu": (3, 4)}[PROFILE]',
        'def f():\n    return {"cpu": 1, "gpu": 2}[PROFILE]',
    ],
)
def test_a_malformed_setting_is_named_with_its_notebook_and_line(line):
    with pytest.raises(notebooks.Failure, match=r"^99_a, code cell 7, line [23]: received .*; expected NAME = "):
        profiles.settings_of_cell("x = 1\n" + line, 7, "99_a")


@each_notebook
def test_no_use_of_the_profile_escapes(stem):
    """What differs between the profiles is a setting; the one other use is the clock that 06 looks at."""
    sources = [cell.source for cell in code_of(PATHS[stem])]
    uses = sum(len(re.findall(r"\bPROFILE\b", source)) for source in sources)
    starts = sum(len(re.findall(r"^PROFILE = runtime\.start\(", source, re.M)) for source in sources)
    others = {"06_flow_matching": 1}.get(stem, 0)
    assert starts <= 1 and uses == len(profiles.settings(PATHS[stem])) + starts + others
    assert not [source for source in sources if re.search(r"[\"']AIGC_PROFILE|runtime\.profile\(", source)]


@each_notebook
def test_every_setting_says_what_its_claims_expect(stem):
    known = profiles.EXPECTED.get(notebooks.number(PATHS[stem]), {})
    different = [one.name for one in profiles.settings(PATHS[stem]) if one.cpu != one.gpu]
    assert sorted(known) == sorted(different)
    assert all(bounds in (profiles.ANY, profiles.FITTED) for bounds, _ in known.values())


def test_a_setting_without_a_word_on_its_claims_is_an_error():
    one = profiles.settings_of_cell(CELL, 3, "99_a")[0]
    with pytest.raises(notebooks.Failure, match=r"99_a, STEPS: received .*tools/profiles\.py"):
        profiles.expected(Path("99_a.ipynb"), one)


def test_the_list_names_notebooks_with_and_without_settings(capsys):
    profiles.listed(["00", "04"])
    said = capsys.readouterr().out
    assert said.startswith("00_start_here: the same as on a CPU\n04_training_a_gan\n  STEPS 1,000 -> 10,000: ")


# --- one step --------------------------------------------------------------------------------------------------------


def test_one_value_for_the_gpu_is_replaced_and_nothing_else():
    steps, seeds, rates = profiles.settings_of_cell(CELL, 1, "99_a")
    assert profiles.with_gpu(CELL, steps, 1) == CELL.replace("10_000", "1")
    assert profiles.with_gpu(CELL, rates, (1, 2)) == CELL.replace("(8, 35)", "(1, 2)")
    scope = {"PROFILE": "gpu"}
    exec(profiles.with_gpu(CELL, seeds, 3), scope)
    assert scope["SEEDS"] == range(3) and scope["STEPS"] == 10_000


@pytest.fixture
def small(tmp_path):
    """Return a notebook with one setting, a claim that needs what was trained, and a cell that fails in no profile."""
    cells = ['PROFILE = "gpu"', CELL, "trained = STEPS", "assert trained > 100, trained", "rows = [β]"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    notebook.cells[3].metadata.tags = ["claim"]
    nbformat.write(notebook, tmp_path / "99_a.ipynb")
    return tmp_path / "99_a.ipynb"


def test_a_claim_may_fail_after_one_step_and_nothing_else_may(small):
    before, environment = small.read_bytes(), dict(os.environ)
    row = gpu_profile.run(small, {"STEPS": 1})
    assert row["settings"] == {"STEPS": [10_000, 1], "SEEDS": [20, 20], "RATES": [(8, 35), (8, 35)]}
    assert row["not after one step"] == ["assert trained > 100, trained | AssertionError: 1"]
    assert (row["claims"], row["failed"]) == (1, [])
    whole = gpu_profile.run(small, {})
    assert whole["settings"]["STEPS"] == [10_000, 10_000] and whole["not after one step"] == whole["failed"] == []
    assert small.read_bytes() == before and os.environ == environment  # the tests that follow run on the cpu profile


def test_a_claim_that_fails_without_any_cut_is_a_failure(small):
    small.write_text(small.read_text(encoding="utf-8").replace("trained > 100", "trained < 0"), encoding="utf-8")
    assert gpu_profile.run(small, {})["failed"] == ["assert trained < 0, trained | AssertionError: 10000"]


def test_a_setting_that_is_not_there_cannot_be_cut():
    with pytest.raises(notebooks.Failure, match="received EPOCHS; the notebook has no such setting"):
        gpu_profile.shorten(new_notebook(), [], {"EPOCHS": 1})


# --- the stored run --------------------------------------------------------------------------------------------------

STORED = profiles.executed()


@each_notebook
def test_every_setting_was_executed_as_it_is_today(stem):
    assert stem in STORED, f"python benchmarks/gpu_profile.py {stem} executes it"
    short = gpu_profile.SHORT.get(notebooks.number(PATHS[stem]), {})
    today = {one.name: [one.gpu, short.get(one.name, one.gpu)] for one in profiles.settings(PATHS[stem])}
    assert STORED[stem]["settings"] == json.loads(json.dumps(today))
    assert STORED[stem]["failed"] == []


@each_notebook
def test_what_failed_after_one_step_needs_the_training(stem):
    short = set(gpu_profile.SHORT.get(notebooks.number(PATHS[stem]), {}))
    first_lines = {what.split(" | ")[0] for what in STORED.get(stem, {}).get("not after one step", [])}
    assert first_lines <= {source.splitlines()[0] for source in reached(code_of(PATHS[stem]), short)}


def reached(cells, names):
    """Return the sources of the claims that may depend on names: through cells that use them, and what those change."""
    names, found = set(names), []
    modules = frozenset().union(*(defined(c.source) for c in cells if "runtime.start(" in c.source))
    for cell in cells:
        if used(cell.source) & names:
            names |= defined(cell.source) | changed(cell.source, modules)
            found += [cell.source] if "claim" in notebooks.tags(cell) else []
        elif "PROFILE]" not in cell.source:
            names -= defined(cell.source)
    return found


@pytest.mark.parametrize("stem", PATHS)
def test_both_values_consist_of_whole_parts(stem):
    """A loop over parts that do not divide the steps does fewer, or refuses to begin (`training.fit`)."""
    short = gpu_profile.SHORT.get(notebooks.number(PATHS[stem]), {})
    for one in profiles.settings(PATHS[stem]):
        if short.get(one.name, 0) > 1:
            assert one.cpu % short[one.name] == one.gpu % short[one.name] == 0, f"{one.name}: {short[one.name]} parts"


def test_the_tables_follow_from_what_is_stored():
    table = contents.list_of_profiles("")
    assert "| not yet |" not in table and len(table.splitlines()) > 36
    row = {"date": "2026-11-29", "seconds": 61.2, "claims": 3, "not after one step": ["a | AssertionError: "]}
    one, whole = profiles.settings_of_cell(CELL, 3, "99_a")[0], {"settings": {"STEPS": [10_000, 10_000]}, "failed": []}
    short = {"99_a": {"settings": {"STEPS": [10_000, 1]}, "failed": []}}
    assert [profiles.on_a_cpu("99_a", one, found) for found in ({}, short)] == ["not yet", "1"]
    assert profiles.on_a_cpu("99_a", one, short | {"99_a, in full": whole}) == "in full"
    assert profiles.on_a_cpu("99_a", one, short | {"99_a, in full": whole | {"failed": ["x"]}}).endswith(
        "a cell failed"
    )
    text = gpu_profile.markdown({"99_a": row | {"settings": {"STEPS": [10_000, 1]}, "failed": []}})
    assert "| 99_a | 2026-11-29 | 61 | STEPS 1 of 10,000 | 2 of 3 | nothing |" in text
