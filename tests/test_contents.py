"""The map keeps itself true: tables, badges and Colab cells are what `make map` would write from their sources."""

import json
import subprocess

from tools import contents, notebooks

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def test_nothing_generated_differs_from_its_source():
    assert not [path.name for path in contents.outdated()], "call make map, and commit what it writes"


def test_every_block_is_there():
    documents = [notebooks.ROOT / name for name in contents.DOCUMENTS]
    cells = notebooks.read(notebooks.find(["00"])[0]).cells
    texts = [path.read_text(encoding="utf-8") for path in documents] + [cell.source for cell in cells]
    begins = {line for text in texts for line in text.splitlines() if line.startswith(contents.BEGIN[:20])}
    blocks = (*contents.BLOCKS, "chapters 01-06", "chapters 07-10", "chapters 11-99")
    assert begins == {contents.BEGIN.format(name) for name in blocks}


def test_every_first_sentence_says_what_the_reader_will_have():
    for path in notebooks.find():
        title, sentence = notebooks.summary(notebooks.read(path))
        assert sentence.startswith(("At the end you will have ", "At the end of this notebook you will have ")), title


def test_times_are_of_notebooks_that_are_there_and_of_all_that_are_committed():
    there = {path.stem for path in notebooks.find()}
    for part in ("notebooks", "peak_gb"):
        timed = set(contents.timings()[part])
        assert timed <= there, "make bench, or delete their rows from benchmarks/timings.json"
        assert committed() & there <= timed, "python benchmarks/run.py timings NOTEBOOK measures one"


def committed():
    """Return the notebooks of the last commit, none where this is no clone."""
    command = ["git", "ls-tree", "--name-only", "HEAD", "notebooks/"]
    try:
        said = subprocess.run(command, cwd=notebooks.ROOT, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return set()
    return {name.removeprefix("notebooks/").removesuffix(".ipynb") for name in said.split() if name.endswith(".ipynb")}


# --- the tool, on a small collection ---------------------------------------------------------------------------------

TITLES = {
    "00_start": "Start here: cats",
    "05_judge": "Judging: numbers",
    "05b_tune": "Tuning",
    "12_case_ads": "Case: ads, in colours",
}
README = "# Name\n\n<!-- written by make map: notebooks -->\n\nold\n\n<!-- end -->\n\nafter\n"
GUIDE = """<!-- written by make map: syllabus -->

| session | notebooks | here | can | talk |
|---|---|---|---|---|
| 1 | `00_start` | | run | why |
| 2 | `05_old_name`, `08_audio` | yes | judge | how |
| 3 | `20_own` | yes | build | what |

<!-- end -->
<!-- written by make map: times -->

<!-- end -->
"""
GALLERY = """A
<!-- written by make map: chapters 01-10 -->

| chapter | what its panel shows |
|---|---|
| 05 Judging (*planned*) | a distance |
| 10 Older title (*planned*) | bits |

<!-- end -->
B"""


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """Let the tool work on four small notebooks, a README and a teaching guide."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(contents, "PLANNED", {"05b": "Never shown", "08": "Audio", "10": "Scaling"})
    for name in ("notebooks", "benchmarks", "docs"):
        (tmp_path / name).mkdir()
    for stem, title in TITLES.items():
        first = f"# {title}\n\nAt the end you will have **made {stem}, by\nhand**; and more. Then.\n\n"
        badge = f"[![Open in Colab](old.svg)](https://old/{stem})\n"
        cells = [new_markdown_cell(first + badge), new_code_cell(contents.COLAB_CELL), new_markdown_cell(GALLERY)]
        notebook = new_notebook(cells=cells if stem == "00_start" else cells[:2])
        notebook.cells.append(new_markdown_cell(f"### Exercise {stem.split('_')[0]}.1 — one"))
        nbformat.write(notebook, tmp_path / "notebooks" / f"{stem}.ipynb")
    times = {"notebooks": {"00_start": 32.7, "05_judge": 60.2}, "peak_gb": {"00_start": 1.08}}
    (tmp_path / "benchmarks" / "timings.json").write_text(json.dumps(times))
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/a-fork/of-it"\n')
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "docs" / "teaching.md").write_text(GUIDE.replace("times -->\n", "times -->\n\nold\n"), encoding="utf-8")
    return tmp_path


def test_numbers_with_a_letter_follow_their_number(collection):
    (collection / "notebooks" / "5_no.ipynb").write_text("")
    assert [path.stem for path in notebooks.find()] == list(TITLES)
    assert [path.stem for path in notebooks.find(["05b"])] == ["05b_tune"]
    assert [path.stem for path in notebooks.find(["05"])] == ["05_judge"]


def test_map_writes_everything_once(collection):
    assert notebooks.main(["map"]) == 0
    assert (collection / "README.md").read_text(encoding="utf-8") == (
        "# Name\n\n<!-- written by make map: notebooks -->\n\n"
        "| notebook | at the end you will have | seconds on 2 cores |\n|---|---|---|\n"
        "| [00 Start here: cats](notebooks/00_start.ipynb) | made 00_start, by hand | 33 |\n"
        "| [05 Judging: numbers](notebooks/05_judge.ipynb) | made 05_judge, by hand | 60 |\n"
        "| [05b Tuning](notebooks/05b_tune.ipynb) | made 05b_tune, by hand | not measured yet |\n"
        "| [12 Case: ads, in colours](notebooks/12_case_ads.ipynb) | made 12_case_ads, by hand | not measured yet |\n\n"
        "Planned: 08 Audio · 10 Scaling.\n\n<!-- end -->\n\nafter\n"
    )
    guide = (collection / "docs" / "teaching.md").read_text(encoding="utf-8")
    assert "| 1 | `00_start` | yes | run | why |\n| 2 | `05_judge`, `08_audio` | `05` | judge | how |" in guide
    assert "| 3 | `20_own` | | build | what |" in guide
    assert "| `05_judge` | 60 | not measured yet |\n| `05b_tune` | not measured yet | not measured yet |" in guide
    assert not contents.outdated()


def test_the_gallery_keeps_its_sentences_and_learns_what_is_there(collection):
    contents.write()
    gallery = notebooks.read(collection / "notebooks" / "00_start.ipynb").cells[2].source
    assert gallery.splitlines()[3:-2] == [
        "| chapter | what its panel shows |",
        "|---|---|",
        "| [05 Judging](05_judge.ipynb) | a distance |",
        "| [05b Tuning](05b_tune.ipynb) | – |",
        "| 08 Audio (*planned*) | – |",
        "| 10 Scaling (*planned*) | bits |",
        "",
    ]


def test_a_forks_links_lead_to_the_fork(collection):
    contents.write()
    first, second, *_ = notebooks.read(collection / "notebooks" / "05b_tune.ipynb").cells
    address = "https://colab.research.google.com/github/a-fork/of-it/blob/main/notebooks/05b_tune.ipynb"
    assert f"[![Open in Colab](figures/open-in-colab.svg)]({address})" in first.source
    assert "!git clone -q --depth 1 --branch main https://github.com/a-fork/of-it /content/of-it\n" in second.source
    (collection / "pyproject.toml").write_text("")
    with pytest.raises(notebooks.Failure, match="needs a line Repository"):
        contents.outdated()


def test_the_index_of_exercises_follows_the_notebooks(collection):
    assert contents.list_of_exercises("").splitlines()[2:] == [f"| {n}.1 | one |" for n in ("00", "05", "05b", "12")]


def test_a_case_is_called_by_what_it_is_about():
    assert contents.short("Case: medicine, where the data may not travel") == "Case: medicine"
    assert contents.short("Flow matching: straight ways") == "Flow matching"
