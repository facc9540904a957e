"""docs/compared.md: facts about others carry the file they were read from, and our own numbers are counted."""

import re

from tools import contents, notebooks

import pytest

TEXT = (notebooks.ROOT / "docs" / "compared.md").read_text(encoding="utf-8")
TABLES, FILES = TEXT.split("## Files that were read")
REFERENCE = re.compile(r"\[([a-z]\d+)\]")
OTHERS = {
    "h": "ageron/handson-ml3",
    "u": "phlippe/uvadlc_notebooks",
    "k": "keras-team/keras-io",
    "d": "d2l-ai/d2l-en",
    "g": "davidADSP/Generative_Deep_Learning_2nd_Edition",
    "p": "udlbook/udlbook",
}
ROWS = [line.strip("|").split(" | ") for line in TABLES.splitlines() if line.startswith("| **")]


def test_every_fact_about_another_project_names_a_file_of_that_project():
    assert len(ROWS) >= 25
    for name, _, *cells, _ in ROWS:
        assert len(cells) == len(OTHERS), name
        for letter, cell in zip(OTHERS, cells, strict=True):
            read = REFERENCE.findall(cell)
            assert all(one[0] == letter for one in read), f"{name}: {cell}"
            assert read or cell.startswith("unknown"), f"{name}: {cell}"


def test_every_file_is_cited_and_listed_with_its_version():
    links = dict(re.findall(r"^\[(\w+)\]: (\S+)$", FILES, re.MULTILINE))
    assert set(links) == set(REFERENCE.findall(TABLES)) == set(re.findall(r"^- \[(\w+)\]", FILES, re.MULTILINE))
    for name, link in links.items():
        assert re.match(rf"https://github\.com/{OTHERS[name[0]]}/blob/[0-9a-f]{{40}}/.", link), link


def test_where_others_are_better_is_said_in_a_third_of_the_rows():
    theirs = [row[0] for row in ROWS if not row[-1].startswith(("here", "equal"))]
    assert len(theirs) >= len(ROWS) / 3


@pytest.mark.parametrize("phrase", contents.counts())
def test_our_numbers_are_those_of_the_repository(phrase):
    said = re.findall(rf"\b([\d,]+) {phrase}\b", " ".join(row[1] for row in ROWS))
    assert said == [f"{contents.counts()[phrase]:,}"], "call make map, and commit what it writes"


def test_only_our_own_column_is_counted(monkeypatch):
    monkeypatch.setattr(contents, "counts", lambda: {"cells": 2300, "notebooks with": 21})
    head = "| | here | other |\n|---|---|---|\n"
    table = f"{head}| size | 9 notebooks with about 1,000 cells, 7 odd cells | 12 cells [h1] |"
    assert contents.compared(table).splitlines()[2] == (
        "| size | 21 notebooks with about 2,300 cells, 7 odd cells | 12 cells [h1] |"
    )


def test_links_into_the_repository_lead_to_files():
    for target in re.findall(r"\]\((?!http|#)([^)]+)\)", TEXT):
        assert (notebooks.ROOT / "docs" / target).exists(), target
