"""What is written from other files: 00's map, tables of README.md and docs/, Colab cells and badges.

Sources are the notebooks themselves (title, first sentence, exercises), ``PLANNED`` below, benchmarks/timings.json and
the repository's address in pyproject.toml. `make map` writes them, and so does `make render` before it executes.
"""

import functools
import json
import re

from tools import notebooks, profiles

PLANNED = {  # number: title; a chapter that lies in notebooks/ is planned no longer, listed here or not
    "08": "Audio",
    "09": "Video",
    "10": "Scaling",
    "10b": "Serving",
    "11": "Case: film",
    "13": "Case: education",
    "15": "Case: games",
    "16": "Case: social media",
    "16b": "Recommending",
    "17": "Case: music",
    "18": "Case: speech",
    "19": "Case: customer service",
    "20": "Prototype your own",
    "21": "Labels on what is generated",
}
BRANCH = "main"
BEGIN, END = "<!-- written by make map: {} -->", "<!-- end -->"
COLAB_CELL = "# On Colab the project is fetched first; anywhere else this cell does nothing."
NAMED = re.compile(r"`(\d\d[a-z]?)_\w+`")  # a notebook named in the teaching guide
DOCUMENTS = ("README.md", "docs/teaching.md", "docs/compared.md")


# --- sources ---------------------------------------------------------------------------------------------------------


@functools.cache
def _read(path, stamp):
    return notebooks.read(path)


def read_once(path):
    """Return a notebook that nobody may change; its file is read again when it has changed."""
    return _read(path, path.stat().st_mtime_ns)


def repository() -> str:
    """Return the repository's address from pyproject.toml, the one place where it is set."""
    text = (notebooks.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^Repository = "(https://github\.com/[\w.-]+/[\w.-]+?)/?"', text, re.MULTILINE)
    if not found:
        raise notebooks.Failure('pyproject.toml needs a line Repository = "https://github.com/OWNER/NAME".')
    return found[1]


def chapters() -> dict[str, dict]:
    """Return {number: path, title, made} of every notebook, in order; ``made`` is what the first sentence promises."""
    found = {}
    for path in notebooks.find():
        title, sentence = notebooks.summary(read_once(path))
        made = re.sub(r"^At the end( of this notebook)?,? you will have ", "", sentence)
        found[notebooks.number(path)] = {"path": path, "title": title, "made": re.split(r"[;:]\s", made)[0].rstrip(".")}
    return found


def short(title: str) -> str:
    """Return a chapter's title without what follows its colon, or, for a case, its comma."""
    return re.split(",", title)[0] if title.startswith("Case: ") else title.split(":", maxsplit=1)[0]


def timings() -> dict[str, dict]:
    """Return the measured "notebooks" (seconds) and "peak_gb" by notebook; without a file nothing is measured yet."""
    path = notebooks.ROOT / "benchmarks" / "timings.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"notebooks": {}, "peak_gb": {}}


def measured(part: str, path, digits: int) -> str:
    """Return one measured number of a notebook, or "not measured yet"."""
    value = timings()[part].get(path.stem)
    return "not measured yet" if value is None else f"{value:.{digits}f}"


def counts() -> dict[str, int]:
    """Return {what follows a number of ours in docs/compared.md: that number}; large ones are rounded, so they stay."""
    cells = [read_once(path).cells for path in notebooks.find()]
    every = [cell for one in cells for cell in one]
    prose = "\n".join(cell.source for cell in every if cell.cell_type == "markdown")
    drawn = [out for cell in every for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})]
    tagged = [tag for cell in every for tag in notebooks.tags(cell)]
    return {
        "notebooks with": len(cells),
        "cells": round(len(every), -2),
        "words of text": round(len(prose.split()), -3),
        "minutes on 2 cores": round(sum(timings()["notebooks"].values()) / 60),
        "formula cells": round(tagged.count("formula"), -1),
        "exercises": tagged.count("check"),
        "claim cells": round(tagged.count("claim"), -1),
        "of the notebooks have widgets": sum(any("widgets." in cell.source for cell in one) for one in cells),
        "pictures in the text": len(re.findall(r"!\[[^\]]+\]\(figures/(?!open-in-colab)", prose)),
        "committed figures": round(len(drawn), -1),
        "carry one": round(sum("alt" in out.get("metadata", {}).get("image/png", {}) for out in drawn), -1),
    }


# --- blocks ----------------------------------------------------------------------------------------------------------


def table(header: str, rows) -> str:
    """Return a Markdown table."""
    return "\n".join([header, "|" + "---|" * (header.count("|") - 1), *rows])


def list_of_notebooks(text: str) -> str:
    """Return the README's table, and the planned chapters below it."""
    known = chapters()
    rows = [
        f"| [{number} {entry['title']}](notebooks/{entry['path'].name}) | {entry['made']} "
        f"| {measured('notebooks', entry['path'], 0)} |"
        for number, entry in known.items()
    ]
    planned = " · ".join(f"{number} {title}" for number, title in PLANNED.items() if number not in known)
    below = f"\n\nPlanned: {planned}." if planned else ""
    return table("| notebook | at the end you will have | seconds on 2 cores |", rows) + below


def list_of_times(text: str) -> str:
    """Return the teaching guide's table of times."""
    rows = [
        f"| `{path.stem}` | {measured('notebooks', path, 0)} | {measured('peak_gb', path, 1)} |"
        for path in notebooks.find()
    ]
    return table("| notebook | seconds on 2 cores | peak memory, GB |", rows)


def list_of_exercises(text: str) -> str:
    """Return the index of exercises."""
    rows = []
    for path in notebooks.find():
        prose = "\n".join(cell.source for cell in read_once(path).cells if cell.cell_type == "markdown")
        titles = re.findall(r"^### Exercise (\d\d[a-z]?\.\d+) — (.+)$", prose, re.MULTILINE)
        rows += [f"| {name} | {title} |" for name, title in titles]
    return table("| exercise | title |", rows)


def list_of_profiles(text: str) -> str:
    """Return the teaching guide's table of what the gpu profile changes."""
    rows, stored = [], profiles.executed()
    for path in notebooks.find():
        settings = profiles.settings(path)
        for one in settings:
            values = f"{profiles.as_text(one.cpu)} | {profiles.as_text(one.gpu)} | {one.comment or '–'}"
            claims, bounds = profiles.expected(path, one)
            done = profiles.on_a_cpu(path.stem, one, stored)
            rows.append(f"| `{notebooks.number(path)}` {one.name} | {values} | {claims} | {bounds} | {done} |")
        if not settings:
            rows.append(f"| `{notebooks.number(path)}` | – | – | – | the same in both | – | – |")
    head = "| notebook, setting | CPU | GPU | of what | what its claims say | bounds | executed on a CPU |"
    return table(head, rows)


def syllabus(text: str) -> str:
    """Return the syllabus with its column "here", and each notebook's name as its file has it."""
    known = chapters()
    header, rule, *rows = text.splitlines()
    lines = [header, rule]
    for row in rows:
        session, cell, _, rest = row.strip("|").split("|", 3)
        cell = NAMED.sub(lambda m: f"`{known[m[1]]['path'].stem}`" if m[1] in known else m[0], cell)
        named = NAMED.findall(cell)
        here = [number for number in named if number in known]
        said = "yes" if here == named else ", ".join(f"`{number}`" for number in here)
        lines.append(f"|{session}|{cell}| {said} |{rest}|".replace("|  |", "| |"))
    return "\n".join(lines)


def compared(text: str) -> str:
    """Return a table of docs/compared.md with the numbers of its column "here", the second, counted anew."""
    rows, counted = [row.split(" | ") for row in text.splitlines()], counts()
    for row in rows[2:]:
        for phrase, number in counted.items():
            row[1] = re.sub(rf"\b\d[\d,]*(?= {phrase}\b)", f"{number:,}", row[1])
    return "\n".join(" | ".join(row) for row in rows)


def list_of_chapters(text: str, part: str) -> str:
    """Return one table of 00's gallery: a row a chapter, there or planned, beside what its panel shows.

    ``part`` is the range of whole numbers, such as "01-06"; the sentences on the panels are taken from ``text``.
    """
    first, last = part.split("-")
    panels = dict(re.findall(r"^\| \[?(\d\d[a-z]?) [^|]*\| (.+?) \|$", text, re.MULTILINE))
    known, rows = chapters(), []
    for number in sorted({*known, *PLANNED}):
        if first <= number[:2] <= last:
            name = f"{number} {PLANNED.get(number, '')} (*planned*)"
            if number in known:
                name = f"[{number} {short(known[number]['title'])}]({known[number]['path'].name})"
            rows.append(f"| {name} | {panels.get(number, '–')} |")
    return table("| chapter | what its panel shows |", rows)


BLOCKS = {
    "notebooks": list_of_notebooks,
    "times": list_of_times,
    "profiles": list_of_profiles,
    "exercises": list_of_exercises,
    "syllabus": syllabus,
    "compared": compared,
}


def filled(text: str) -> str:
    """Return a Markdown text with what is between its markers written anew."""

    def block(match):
        name, _, part = match[1].partition(" ")
        content = list_of_chapters(match[2], part) if name == "chapters" else BLOCKS[name](match[2])
        return f"{BEGIN.format(match[1])}\n\n{content}\n\n{END}"

    pattern = BEGIN.format(r"([\w -]+?)") + r"\n\n(.*?)\n\n" + END
    return re.sub(pattern, block, text, flags=re.DOTALL)


# --- notebooks -------------------------------------------------------------------------------------------------------


def badge(path) -> str:
    """Return the link that opens a notebook in Colab."""
    owner_and_name = repository().removeprefix("https://github.com/")
    address = f"https://colab.research.google.com/github/{owner_and_name}/blob/{BRANCH}/notebooks/{path.name}"
    return f"[![Open in Colab](figures/open-in-colab.svg)]({address})"


def colab_cell() -> str:
    """Return the cell that fetches the repository on Colab and installs it."""
    folder = f"/content/{repository().rsplit('/', 1)[1]}"
    return f"""{COLAB_CELL}
import sys

if "google.colab" in sys.modules:
    !git clone -q --depth 1 --branch {BRANCH} {repository()} {folder}
    %cd {folder}/notebooks
    %pip install -q .."""


def fill(notebook, path):
    """Write what is generated into a notebook's cells; none of these needs to be executed again."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)", badge(path), cell.source)
            cell.source = filled(cell.source)
        elif cell.source.startswith(COLAB_CELL):
            cell.source = colab_cell()


# --- files -----------------------------------------------------------------------------------------------------------


def outdated() -> dict:
    """Return {path: text} of every file that `write` would change."""
    changed = {}
    for path in (notebooks.ROOT / name for name in DOCUMENTS):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if filled(text) != text:
            changed[path] = filled(text)
    for path in notebooks.find():
        notebook = notebooks.read(path)
        before = [cell.source for cell in notebook.cells]
        fill(notebook, path)
        if [cell.source for cell in notebook.cells] != before:
            notebooks.normalise(notebook)
            changed[path] = notebooks.nbformat.writes(notebook) + "\n"
    return changed


def write(names=()):
    """Bring every generated table, badge and Colab cell up to date."""
    for path, text in outdated().items():
        notebooks.write(path, text)
        print(f"Wrote {path.relative_to(notebooks.ROOT)}")
