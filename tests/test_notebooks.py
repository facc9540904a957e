"""The committed notebooks (executed, normalised, complete, readable by everybody) and the tool that makes them so."""

import base64
import copy
import functools
import re

from tools import contents, notebooks

import nbformat
import pytest
from latex2mathml.converter import convert
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PATHS = {path.stem: path for path in notebooks.find()}
KNOWN_TAGS = {"setup", "formula", "claim", "exercise", "check", "solution", "export", "raises-exception"} | {
    f"nbval-{what}" for what in ("ignore-output", "check-output", "skip")
}
MACHINE = re.compile(r"/(root|home|Users|tmp|work|var/folders)/|[A-Z]:\\\\?Users|site-packages")
STOCK_PHRASES = ("let's", "dive in", "delve", "game-chang", "cutting-edge", "state-of-the-art", "seamless", "unleash")
each_notebook = pytest.mark.parametrize("stem", PATHS)


@functools.cache
def committed(stem):
    """Return a notebook as it is in its file; no test changes it."""
    return notebooks.read(PATHS[stem])


def cells(stem, kind, tag=None):
    """Return a notebook's cells of one kind, "code" or "markdown", those with a tag where one is given."""
    found = [cell for cell in committed(stem).cells if cell.cell_type == kind]
    return [cell for cell in found if tag is None or tag in notebooks.tags(cell)]


def outputs(stem):
    """Return every output of a notebook, with its cell."""
    return [(cell, output) for cell in cells(stem, "code") for output in cell.outputs]


def prose(stem):
    """Return a notebook's Markdown without code, formulas and the targets of links."""
    text = "\n".join(cell.source for cell in cells(stem, "markdown"))
    return re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]+\$|\]\([^)]*\)|<!--.*?-->", " ", text, flags=re.DOTALL)


def test_the_first_notebooks_are_there():
    assert {"00_start_here", "01_data_preparation", "04_training_a_gan"} <= set(PATHS)


@each_notebook
def test_the_file_is_what_render_writes(stem):
    notebook = committed(stem)
    rendered = copy.deepcopy(notebook)
    notebooks.fill(rendered, PATHS[stem])
    for cell, expected in zip(notebook.cells, rendered.cells, strict=True):
        assert cell.source == expected.source, "a generated cell differs from its source: make map, or make render"
        assert cell.cell_type != "code" or cell.source.strip(), "an empty code cell"
    notebooks.normalise(rendered)
    assert [cell.get("execution_count") for cell in notebook.cells] == [
        cell.get("execution_count") for cell in rendered.cells
    ], "cells are not executed in order: make render"
    assert PATHS[stem].read_text(encoding="utf-8") == nbformat.writes(rendered) + "\n", "not normalised: make render"


@each_notebook
def test_no_cell_failed_or_complained(stem):
    for cell, output in outputs(stem):
        assert output.output_type != "error" or "raises-exception" in notebooks.tags(cell), cell.source
        assert output.get("name") != "stderr", (cell.source, output.text)


@each_notebook
def test_cells_that_show_a_figure_have_one(stem):
    assert any("image/png" in output.get("data", {}) for _, output in outputs(stem))
    for cell in cells(stem, "code"):
        if re.search(r"^plt\.show\(\)", cell.source, re.M):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source


@each_notebook
def test_tags_are_known_and_claims_assert(stem):
    for cell in cells(stem, "code"):
        assert set(notebooks.tags(cell)) <= KNOWN_TAGS, cell.source
    claims = cells(stem, "code", "claim")
    assert claims
    assert all("assert" in cell.source for cell in claims)


@each_notebook
def test_every_numbered_equation_has_a_claim(stem):
    text = "\n".join(cell.source for cell in cells(stem, "markdown"))
    equations = re.findall(r"\\qquad\s*\((\d+)\)\s*\$\$", text)
    assert equations == [str(number) for number in range(1, len(equations) + 1)]
    comments = re.findall(r"# equations? ([\d, and]+)", "\n".join(cell.source for cell in cells(stem, "code", "claim")))
    assert set(equations) == set(re.findall(r"\d+", " ".join(comments)))


@each_notebook
def test_one_setup_cell_starts_the_runtime(stem):
    starts = [cell for cell in cells(stem, "code") if "runtime.start(" in cell.source]
    assert len(starts) == 1
    assert {"setup", "nbval-ignore-output"} <= set(notebooks.tags(starts[0])), "it prints versions"


@each_notebook
def test_at_least_three_exercises_with_stub_check_and_solution(stem):
    order = [tag for cell in cells(stem, "code") for tag in notebooks.tags(cell)]
    order = [tag for tag in order if tag in ("exercise", "check", "solution")]
    count = len(order) // 3
    assert count >= 3
    assert order == ["exercise", "check", "solution"] * count
    prompts = re.findall(
        r"^### Exercise (\d\d[a-z]?\.\d+)", "\n".join(cell.source for cell in cells(stem, "markdown")), re.M
    )
    assert prompts == [f"{notebooks.number(PATHS[stem])}.{number}" for number in range(1, count + 1)]
    assert all(cell.metadata.get("jupyter", {}).get("source_hidden") for cell in cells(stem, "code", "solution"))


@each_notebook
def test_files_are_found_from_any_folder(stem):
    for cell in cells(stem, "code"):
        found = re.search(r"\.\./|[\"'](\.\.[\"']|figures/|data/|benchmarks/)", cell.source)
        assert not found, "use runtime.stored or data.load: " + cell.source


@each_notebook
def test_the_notebook_opens_with_its_picture_its_badge_and_colabs_cell(stem):
    first, second = committed(stem).cells[:2]
    assert re.search(r"^!\[[^\]]+\]\(figures/\w+\.png\)$", first.source, re.M), (
        "a picture that lies beside the notebook"
    )
    assert first.source.count(contents.badge(PATHS[stem])) == 1
    assert second.source == contents.colab_cell()


@each_notebook
def test_pictures_in_markdown_are_local_and_have_alternative_text(stem):
    text = "\n".join(cell.source for cell in cells(stem, "markdown"))
    assert not re.findall(r"!\[\s*\]", text)
    assert not re.findall(r"!\[[^\]]*\]\(https?:[^)]*\)|<img[^>]*src=.https?:[^>]*>", text), "works without a network"
    assert all(re.search(r'\balt="[^"]+"', image) for image in re.findall(r"<img[^>]*>", text))


@each_notebook
def test_links_inside_the_repository_lead_somewhere(stem):
    text = "\n".join(cell.source for cell in cells(stem, "markdown"))
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not re.match(r"\w+:", target):
            assert (notebooks.NOTEBOOKS / target).exists(), target


@each_notebook
def test_every_formula_is_set_without_a_leftover_command(stem):
    for cell in cells(stem, "markdown"):
        for display, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", cell.source, re.DOTALL):
            assert "\\" not in convert(display or inline), display or inline  # see findings/latex_arg.sh
            assert not re.search(r"\\\\(?=[a-zA-Z])", display or inline), "a new line and letters, not a command"


@each_notebook
def test_prose_keeps_the_house_rules(stem):
    text = prose(stem)
    assert len(re.findall(r"^# ", text, re.M)) == 1, "one title"
    assert not re.findall(r"\w!(?!\[)", text), "no exclamation marks"
    assert not [phrase for phrase in STOCK_PHRASES if phrase in text.lower().replace("’", "'")]


@each_notebook
def test_the_file_is_small_and_knows_no_machine(stem):
    assert PATHS[stem].stat().st_size < 4e6
    for cell in committed(stem).cells:
        texts = [
            cell.source,
            *(
                str({**output, "data": {**output.get("data", {}), "image/png": ""}})
                for output in cell.get("outputs", [])
            ),
        ]
        assert not [MACHINE.search(text)[0] for text in texts if MACHINE.search(text)], cell.source


# --- the tool --------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Let the tool work in an empty folder."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(notebooks, "BUILD", tmp_path / "build")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "aigc_utils").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/a-fork/of-it"\n')
    return tmp_path


def save(folder, name, *new_cells):
    path = folder / "notebooks" / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=list(new_cells)), path)
    return path


def test_render_is_repeatable(folder):
    path = save(folder, "00_a", new_code_cell("import sys\nprint(1, flush=True)\nprint(2)\nsys.version_info[:1]"))
    assert notebooks.main(["render"]) == 0
    first = path.read_bytes()
    assert notebooks.main(["render", "00"]) == 0
    assert path.read_bytes() == first
    cell = notebooks.read(path).cells[0]
    assert cell.execution_count == 1
    assert [output.output_type for output in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "1\n2\n"


def test_a_failing_notebook_is_named_and_left_as_it_was(folder, capsys):
    path = save(folder, "00_a", new_code_cell("x = 1"), new_markdown_cell("text"), new_code_cell("\nx / 0"))
    before = path.read_bytes()
    assert notebooks.main(["render", "00_a"]) == 1
    said = capsys.readouterr().err
    assert "00_a failed in code cell 2 of 2, which begins 'x / 0': ZeroDivisionError: division by zero" in said
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_unknown_notebook_is_an_error_that_lists_the_known(folder, capsys):
    save(folder, "00_a")
    assert notebooks.main(["run", "99"]) == 1
    assert capsys.readouterr().err == "There is no notebook '99'; there are 00_a.\n"


def test_export_cells_are_written_from_the_module(folder):
    (folder / "aigc_utils" / "m.py").write_text(
        "import a\n\nX = 1\n\n\n@a.b\ndef f(x):\n    return x\n\n\nclass C:\n    y = 2\n"
    )
    assert notebooks.exported("# aigc_utils/m.py: f") == "# aigc_utils/m.py: f\n@a.b\ndef f(x):\n    return x"
    assert notebooks.exported("# aigc_utils/m.py: X, C") == "# aigc_utils/m.py: X, C\nX = 1\n\n\nclass C:\n    y = 2"
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "b.py").write_text("Y = 2\n")
    assert notebooks.exported("# benchmarks/b.py: Y") == "# benchmarks/b.py: Y\nY = 2"
    two = "# aigc_utils/m.py: X,\n#   C\n"
    assert notebooks.exported(two + "X = 0") == two + "X = 1\n\n\nclass C:\n    y = 2"
    with pytest.raises(notebooks.Failure, match=r"m\.py defines no g"):
        notebooks.exported("# aigc_utils/m.py: g")
    with pytest.raises(notebooks.Failure, match="begins with"):
        notebooks.exported("def f(x):")


def test_widgets_leave_no_state():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "IntSlider(value=0)"}
    cell = new_code_cell("slider", outputs=[new_output("display_data", data=dict(view))])
    ignored = new_code_cell("slider", outputs=copy.deepcopy(cell.outputs))
    ignored.metadata.tags = ["nbval-ignore-output"]
    notebook = new_notebook(cells=[cell, ignored], metadata={"widgets": {}})
    notebooks.normalise(notebook)
    assert "widgets" not in notebook.metadata
    assert [cell.outputs and dict(cell.outputs[0].data) for cell in notebook.cells] == [
        {"text/plain": "IntSlider(value=0)"},
        [],
    ]


def test_frames_of_servers_that_are_gone_are_dropped():
    frame = {
        "text/html": '<iframe id="a" src="" width="100%"></iframe><script>port = 43117</script>',
        "text/plain": "x",
    }
    cell = new_code_cell("%tensorboard", outputs=[new_output("display_data", data=frame)])
    notebook = new_notebook(cells=[cell])
    notebooks.normalise(notebook)
    assert notebook.cells[0].outputs == []


def test_what_a_figure_shows_stays_as_its_alternative_text():
    said = {"image/png": {"alt": "Loss; 2 lines.", "width": 3}, "needs_background": "light"}
    cell = new_code_cell("plt.show()", outputs=[new_output("display_data", data={"image/png": PNG}, metadata=said)])
    notebook = new_notebook(cells=[cell])
    notebooks.normalise(notebook)
    assert notebook.cells[0].outputs[0].metadata == {"image/png": {"alt": "Loss; 2 lines."}}
    assert 'alt="Loss; 2 lines."' in notebooks.body(notebook)


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_a_page_needs_no_other_host(folder):
    first = '# Cats\n\nA *first* sentence. A second.\n\n![A "cat"](figures/cat.png)\n\n'
    badges = "[![Colab](https://example.org/b.svg)](https://example.org)\n\n$\\frac{1}{2}$"
    (folder / "notebooks" / "figures").mkdir()
    (folder / "notebooks" / "figures" / "cat.png").write_bytes(base64.b64decode(PNG))
    picture = new_code_cell("plt.show()", outputs=[new_output("display_data", data={"image/png": PNG})])
    solution = new_code_cell("answer = 1")
    solution.metadata.tags = ["solution"]
    links = new_markdown_cell("[next](01_b.ipynb), [after it](05b_c.ipynb)")
    save(folder, "00_a", new_markdown_cell(first + badges), picture, links, solution)
    assert notebooks.main(["book"]) == 0
    text = (folder / "build" / "00_a.html").read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link|iframe)|src=\"http|url\(", text)
    assert "<mfrac>" in text
    assert 'alt="Figure under the heading: Cats"' in text
    assert 'href="01_b.html"' in text and 'href="05b_c.html"' in text
    assert "<summary>Solution</summary>" in text
    index = (folder / "build" / "index.html").read_text(encoding="utf-8")
    assert "<h2>Cats</h2><p>A first sentence.</p>" in index
    assert f'<img src="data:image/png;base64,{PNG}" alt="A &quot;cat&quot;">' in index


def test_student_copies_hold_no_solutions_and_show_their_pictures(folder):
    solution = new_code_cell("answer = 1")
    solution.metadata.tags = ["solution"]
    (folder / "notebooks" / "figures").mkdir()
    (folder / "notebooks" / "figures" / "cat.png").write_bytes(b"a cat")
    first = new_markdown_cell("![a cat](figures/cat.png) [the guide](../docs/teaching.md)")
    save(folder, "00_a", first, new_code_cell("answer = ..."), solution)
    assert notebooks.main(["student"]) == 0
    student = folder / "build" / "student"
    sources = [cell.source for cell in notebooks.read(student / "00_a.ipynb").cells]
    assert sources == ["![a cat](figures/cat.png) [the guide](../../docs/teaching.md)", "answer = ..."]
    assert (student / "figures" / "cat.png").read_bytes() == b"a cat"
