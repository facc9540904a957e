"""The table of topics leads where it says: notebooks and headings that exist, and no notebook is left out."""

import re
from urllib.parse import unquote

from tools import contents, notebooks

import pytest

TEXT = (notebooks.ROOT / "docs" / "topics.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| (?!topic |tool |-)(.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
LINK = re.compile(r"\[([^]]+)\]\(\.\./notebooks/([\w.]+)#([^)]+)\)")


def anchors(path):
    """Return the anchors that Jupyter gives a notebook's headings: their text with a hyphen for each space."""
    prose = "\n".join(cell.source for cell in contents.read_once(path).cells if cell.cell_type == "markdown")
    titles = re.findall(r"^#{2,4} (.+?)\s*$", prose, re.MULTILINE)
    return {title.replace("`", "").replace(" ", "-") for title in titles}


def rows(part):
    found = ROW.findall(PARTS[part])
    assert len(found) == len(re.findall(r"^\| (?!topic |tool )", PARTS[part], re.MULTILINE)), "a row has three cells"
    return found


TOPICS = rows("Topics")
THERE = {path.name: anchors(path) for path in notebooks.find()}


@pytest.mark.parametrize("row", [*TOPICS, *rows("Tools, and when to use which")], ids=lambda row: row[0])
def test_a_row_links_to_sections_that_exist(row):
    links = LINK.findall(" ".join(row[1:]))
    assert links, f"{row[0]!r} needs a link ../notebooks/NAME.ipynb#Its-heading"
    for label, file, anchor in links:
        assert file in THERE, f"{file} is not in notebooks/"
        assert unquote(anchor) in THERE[file], f"{file} has no heading {anchor!r}"
        assert label.startswith(f"{file.split('_')[0]} "), f"{label!r} begins with another number than {file}"


def test_every_notebook_teaches_a_topic():
    named = {file for row in TOPICS for _, file, _ in LINK.findall(row[1])}
    assert named == set(THERE), "docs/topics.md needs a row for each notebook"


def test_what_is_not_taught_has_a_reason():
    left_out = [row for row in TOPICS if row[2] != "–"]
    assert all(": " in row[2] for row in left_out)
    told = " ".join(row[2] for row in left_out)
    assert all(
        topic in told for topic in ("augmented and virtual reality", "surgical simulation", "photorealistic film")
    )


def test_papers_are_cited_with_year_and_place():
    papers = re.findall(r"^- (.+?)(?=^- |\n\n)", PARTS["Resources"].split("Courses")[0], re.MULTILINE | re.DOTALL)
    assert len(papers) == 10
    for paper in papers:
        assert re.search(r"\(20\d\d\): \*[^*]+\*\s+(NeurIPS \d\d|ICLR|CVPR)\.", paper), paper


def test_the_map_in_00_names_every_chapter():
    cells = [cell.source for cell in contents.read_once(notebooks.find(["00"])[0]).cells]
    [drawing] = [source for source in cells if "def draw_concepts" in source]
    drawn = set(re.findall(r"\b(\d\d[a-z]?) ", drawing))
    assert {*contents.chapters(), *contents.PLANNED} - {"00"} <= drawn
