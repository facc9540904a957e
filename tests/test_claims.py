"""Claims with teeth: a claim holds as the notebook is, and fails under each of the bugs that breakages.py names."""

import ast
import time
from pathlib import Path

from tools import notebooks

import breakages
import claim_runs
import pytest
from breakages import BREAKAGES, Break, Bug, broken
from claim_runs import changed, claim_of, code_of, run_claim, used
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

PATHS = {path.stem: path for path in notebooks.find()}
CLAIMS = {}  # {(notebook, index of the claim cell, given): its bugs}
for _stem, _edits in BREAKAGES.items():
    for _edit in _edits:
        CLAIMS.setdefault((_stem, claim_of(code_of(PATHS[_stem]), _edit), _edit.given), []).append(_edit)
RUNS = [  # each claim as it is, then under its bugs, so that what it depends on is computed once
    pytest.param(stem, edit, as_it_is, id=f"{stem.split('_')[0]}-{'as it is before ' * as_it_is}{edit.label}")
    for (stem, _, _), edits in CLAIMS.items()
    for edit, as_it_is in [(edits[0], True), *((edit, False) for edit in edits)]
]


@pytest.mark.parametrize(("stem", "edit", "as_it_is"), RUNS)
def test_a_claim_holds_as_it_is_and_fails_under_its_bugs(stem, edit, as_it_is):
    assert run_claim(PATHS[stem], edit, as_it_is) == ("held" if as_it_is else "failed")


@pytest.mark.parametrize(
    "stem", [stem for stem, edits in BREAKAGES.items() if any(isinstance(e, Break) for e in edits)]
)
def test_at_least_three_formulas_are_broken(stem):
    assert len({edit.where for edit in BREAKAGES[stem] if isinstance(edit, Break)}) >= 3


@pytest.mark.parametrize(
    ("kind", "index", "expected"),
    [
        ("sign", 0, "def f(p, q):\n    return p - log(p, q) * 2"),
        ("factor", 0, "def f(p, q):\n    return p + log(p, q) * 4"),
        ("scale", 0, "def f(p, q):\n    return 2.0 * (p + log(p, q) * 2)"),
        ("swap", 0, "def f(p, q):\n    return p + log(q, p) * 2"),
        ("swap", None, "def f(q, p):\n    return p + log(p, q) * 2"),
    ],
)
def test_the_edits_do_what_they_say(kind, index, expected):
    assert broken("def f(p, q):\n    return p + log(p, q) * 2", Break("f", kind, index, 1)) == expected


def test_a_cell_needs_what_it_does_not_define_itself():
    assert used("x += y") == {"x", "y"}
    cell = "for k in range(n):\n    a = k + b\n    c = a\nwith open(f) as g:\n    g.read()\n"
    assert used(cell) == {"range", "n", "b", "open", "f"}
    assert used("def f(x):\n    y = x + z\n    return [y * w for w in v]\nf(1)") == {"z", "v"}
    assert used("x = x + 1\nx") == {"x"}


def test_a_printed_line_changes_nothing():
    assert changed("print(1)\nlist.append(2)\nmodel.fit(3)\nx[0] = 4\nnp.put(x)", frozenset({"np"})) == {"model", "x"}


# --- every claim has a bug -------------------------------------------------------------------------------------------


def claims(stem):
    """Return {index among the code cells: source} of a notebook's claims."""
    cells = enumerate(code_of(PATHS[stem]))
    return {index: cell.source for index, cell in cells if "claim" in notebooks.tags(cell)}


@pytest.mark.parametrize("stem", PATHS)
def test_every_claim_has_a_bug_under_which_it_fails(stem):
    with_bugs = {index for name, index, _ in CLAIMS if name == stem}
    missing = [source for index, source in claims(stem).items() if index not in with_bugs]
    assert not missing, "name a plausible bug of these claims in tests/breakages.py (CONTRIBUTING.md says how)"


def test_no_two_preparations_have_one_name():
    """Else the bugs of one notebook would run with what was prepared for another."""
    names = [
        target.id
        for node in ast.parse(Path(breakages.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
    ]
    assert len(names) > 20 and sorted(names) == sorted(set(names))


# --- the machinery, on small notebooks -------------------------------------------------------------------------------

COUNTED = """def mean(values):
    return sum(values) / len(values)"""
CLAIM = """rows.append(mean(rows))
print(len(rows))
assert rows[-1] == 3.0, rows
assert math.isclose(math.hypot(3, 4), 5)"""


def saved_notebook(folder, *sources):
    """Write a notebook of code cells, the last of which is a claim, and return its path."""
    cells = [new_code_cell(source) for source in sources]
    cells[-1].metadata.tags = ["claim"]
    path = folder / "00_small.ipynb"
    write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def small(tmp_path):
    return saved_notebook(tmp_path, "import math\n# runtime.start(", COUNTED, "rows = [1.0, 2.0, 6.0]", CLAIM)


@pytest.mark.parametrize(
    "bug",
    [
        Bug("mean(rows)", "n − 1 instead of n", old="/ len(values)", new="/ (len(values) - 1)"),
        Bug("mean(rows)", "a row lost", old="[1.0, 2.0, 6.0]", new="[1.0, 2.0]"),
        Bug("mean(rows)", "the mean of all but the last", old="mean(rows)", new="mean(rows[:-1])"),
        Bug("mean(rows)", "the sum", patch="math.hypot", new="lambda *a: original(*a) + 1"),
        Bug("mean(rows)", "rows by hand", given="rows = [3.0]", old="/ len(values)", new="/ 2"),
    ],
    ids=lambda bug: bug.name,
)
def test_a_bug_is_seen_by_its_claim(small, bug):
    assert [run_claim(small, bug, as_it_is) for as_it_is in (True, False, True)] == ["held", "failed", "held"]


@pytest.mark.parametrize(
    ("bug", "complaint"),
    [
        (Bug("no such words", "x", old="a", new="b"), "0 claim cells hold"),
        (Bug("mean(rows)", "x", old="rows", new="b"), "times; once is expected"),
        (Bug("mean(rows)", "x", old="nowhere", new="b"), "0 times; once is expected"),
        (Bug("mean(rows)", "x", old="== 3.0", new="== 4.0"), "would change what the claim asserts"),
    ],
)
def test_a_bug_without_its_place_is_an_error(small, bug, complaint):
    with pytest.raises(AssertionError, match=complaint):
        run_claim(small, bug)


def test_a_bug_that_changes_nothing_is_not_seen(small):
    assert run_claim(small, Bug("mean(rows)", "the same", old="/ len(values)", new="/ float(len(values))")) == "held"


def test_given_values_take_the_place_of_a_cell_that_would_train(tmp_path):
    path = saved_notebook(
        tmp_path, "# runtime.start(", "n = 2", "def f(x):\n    return n * x", "y = train()", "z = f(y)", "assert z == 6"
    )
    bug = Bug("assert z", "once too often", given="y = n + 1", old="n * x", new="n * n * x")
    assert [run_claim(path, bug, True), run_claim(path, bug)] == ["held", "failed"]


def test_a_slow_cell_is_executed_once_and_again_where_the_bug_touches_it(tmp_path, monkeypatch):
    pauses, pause = [], time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: (pauses.append(seconds), pause(seconds)))
    cells = "def f(x):\n    return x", "k = 3", "time.sleep(0.25)\nrows = [f(1), 2, 6]"
    path = saved_notebook(tmp_path, "import time\n# runtime.start(", *cells, "rows += [k]\nassert sum(rows) == 12")
    other = Bug("sum(rows)", "four", old="k = 3", new="k = 4")
    assert [run_claim(path, other, True), run_claim(path, other), run_claim(path, other)] == [
        "held",
        "failed",
        "failed",
    ]
    assert len(pauses) == 1
    assert run_claim(path, Bug("sum(rows)", "twice", old="return x", new="return 2 * x")) == "failed"
    assert len(pauses) == 2


def test_the_source_of_a_cells_function_is_known(tmp_path):
    """AutoGraph asks for it, to compile the loops of a `tf.function`."""
    cells = "def f(x):\n    return x", "k = 1", "assert 'return x' in inspect.getsource(f) and k == 1"
    path = saved_notebook(tmp_path, "import inspect\n# runtime.start(", *cells)
    bug = Bug("inspect.getsource", "two", old="k = 1", new="k = 2")
    assert [run_claim(path, bug, True), run_claim(path, bug)] == ["held", "failed"]


@pytest.mark.parametrize(
    "slow",
    [
        "time.sleep(0.25)\nx = rng.random()",
        "time.sleep(0.25)\nx = {'f': f}",
        "time.sleep(0.25)\nx = Box()",
        "time.sleep(0.25)\nx = [(k for k in range(3))]",
        "box.n = 1\nx = 1\ntime.sleep(0.25)",
    ],
)
def test_a_slow_cell_that_leaves_more_than_data_is_not_kept(tmp_path, slow):
    first = "import time\nimport numpy as np\n# runtime.start("
    things = "rng = np.random.default_rng(0)\nclass Box:\n    n = 0\nbox = Box()\ndef f(x):\n    return x"
    path = saved_notebook(tmp_path, first, things, "y = 1", slow, "x, box, rng\nassert y == 1")
    bug = Bug("y == 1", "two", old="y = 1", new="y = 2")
    assert [run_claim(path, bug, True), run_claim(path, bug)] == ["held", "failed"]
    assert not any(kept for (where, *_), kept in claim_runs._kept.items() if where == path)
