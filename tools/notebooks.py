"""Execute the notebooks and turn them into what is committed, read and handed out.

    python tools/notebooks.py render [NOTEBOOK ...]   execute and write back, normalised: two runs give the same file
    python tools/notebooks.py map                     write tables, badges, Colab cells (contents.py)
    python tools/notebooks.py run NOTEBOOK            execute once and write build/NOTEBOOK.html
    python tools/notebooks.py book                    write the committed notebooks as pages, and build/index.html
    python tools/notebooks.py student                 write copies without solutions to build/student

A notebook is named by its file, its name or its number (04, 05b).
"""

import argparse
import ast
import base64
import hashlib
import html
import io
import itertools
import os
import re
import shutil
import sys
import threading
import time
from copy import deepcopy
from pathlib import Path
from string import Template

from aigc_utils import files

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build"
LARGEST_PICTURE = 120_000  # bytes: a collection of notebooks is cloned by everyone who reads one
CELL_TIMEOUT = 4 * 3600  # seconds: the longest cell on a GPU profile
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Failure(Exception):
    """Something the reader has to mend; the message says what."""


# --- files -----------------------------------------------------------------------------------------------------------


def find(names=()) -> list[Path]:
    """Return the notebooks that the names mean, all of them where no name is given."""
    paths = sorted(path for path in NOTEBOOKS.glob("*.ipynb") if re.match(r"\d\d[a-z]?_", path.name))
    chosen = []
    for name in names:
        wanted = Path(name).name.removesuffix(".ipynb")
        found = [path for path in paths if wanted in (path.stem, number(path))]
        if not found:
            raise Failure(f"There is no notebook {name!r}; there are {', '.join(path.stem for path in paths)}.")
        chosen += found
    return chosen if names else paths


def number(path) -> str:
    """Return a notebook's number, such as 05 or 05b."""
    return path.stem.split("_")[0]


def read(path) -> NotebookNode:
    """Read one notebook file as format 4."""
    return nbformat.read(path, as_version=4)


def write(path, text):
    """Write a text file so that it is either the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def tags(cell) -> list[str]:
    """Return a cell's tags, none being an empty list."""
    return cell.metadata.get("tags", [])


# --- execution -------------------------------------------------------------------------------------------------------


def execute(notebook, name):
    """Execute a notebook in place, in its own folder, with a progress line; a failing cell raises ``Failure``."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    progress = Progress(name, sum(cell.cell_type == "code" for cell in notebook.cells))
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        # C++ log lines stay out of the outputs, and the kernel's own warnings off the terminal.
        extra_arguments=["--IPKernelApp.capture_fd_output=False", "--IPKernelApp.log_level=40"],
        on_cell_execute=progress.begin,
        on_cell_executed=progress.end,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise Failure(f"{progress.where()}: {error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise Failure(f"{progress.where()}: it ran for more than {CELL_TIMEOUT} s.") from error
    except DeadKernelError as error:
        raise Failure(f"{progress.where()}: the kernel died; the memory may have run out.") from error
    finally:
        progress.close()


class Progress:
    """One line on the terminal: which cell of how many, and the seconds since the start."""

    def __init__(self, name, total):
        self.name, self.total, self.number, self.source = name, total, 0, ""
        self.start, self.closed = time.perf_counter(), threading.Event()
        self.live = sys.stdout.isatty()
        if self.live:
            threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while not self.closed.wait(1):
            self._show()

    def _show(self):
        seconds = time.perf_counter() - self.start
        line = f"{self.name}: cell {self.number} of {self.total}, {seconds:.0f} s"
        print(f"\r{line}  " if self.live else line, end="" if self.live else "\n", flush=True)

    def begin(self, cell, cell_index):
        """Note that a code cell starts."""
        self.number, self.source = self.number + 1, cell.source

    def end(self, cell, cell_index, execute_reply):
        """Show that a code cell is done."""
        self._show()

    def close(self):
        """Leave the line as it is."""
        self.closed.set()
        if self.live:
            print()

    def where(self) -> str:
        """Say which cell is the current one."""
        first = next((line for line in self.source.splitlines() if line.strip()), "")
        return f"{self.name} failed in code cell {self.number} of {self.total}, which begins {first.strip()!r}"


# --- what is committed -----------------------------------------------------------------------------------------------


def exported(source: str) -> str:
    """Return the source of an ``export`` cell, whose first line is ``# FOLDER/MODULE.py: NAME[, NAME]``.

    A line of names that ends with a comma goes on in the next. The folder is aigc_utils, aigc_apps or benchmarks:
    where a bench measures at length what a lesson shows, it is the source.
    """
    going_on = itertools.takewhile(lambda line: line.endswith(","), source.splitlines())
    head = source.splitlines()[: len(list(going_on)) + 1]
    first_line = " ".join([*head[:1], *(line.removeprefix("#").strip() for line in head[1:])])
    match = re.fullmatch(r"# ((?:aigc_utils|aigc_apps|benchmarks)/\w+\.py): (\w+(?:, \w+)*)", first_line)
    if not match or not (ROOT / match[1]).is_file():
        raise Failure(f"An export cell begins with '# aigc_utils/MODULE.py: NAME', not with {first_line!r}.")
    text = (ROOT / match[1]).read_text(encoding="utf-8")
    definitions = {}
    for node in ast.parse(text).body:
        targets = getattr(node, "targets", [getattr(node, "target", node)])
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
        lines = text.splitlines()[first - 1 : node.end_lineno]
        definitions |= {getattr(t, "id", getattr(t, "name", None)): "\n".join(lines) for t in targets}
    missing = [name for name in match[2].split(", ") if name not in definitions]
    if missing:
        raise Failure(f"{match[1]} defines no {', '.join(missing)}, which an export cell asks for.")
    return "\n\n\n".join(
        ["\n".join(head) + "\n" + definitions[match[2].split(", ")[0]]]
        + [definitions[name] for name in match[2].split(", ")[1:]]
    )


def fill_exports(notebook):
    """Write the module's source into every cell tagged ``export``."""
    for cell in notebook.cells:
        if "export" in tags(cell):
            cell.source = exported(cell.source)


def fill(notebook, path):
    """Write everything that is generated into a notebook's cells."""
    from tools import contents

    fill_exports(notebook)
    contents.fill(notebook, path)


def normalise(notebook):
    """Keep what is content and drop what differs from run to run or from machine to machine."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count, ids = 0, set()
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in ("tags", "jupyter") if cell.metadata.get(key)}
        )
        cell.id = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        while cell.id in ids:
            cell.id = hashlib.sha256(cell.id.encode()).hexdigest()[:12]
        ids.add(cell.id)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = normal_outputs(cell)


def normal_outputs(cell) -> list[NotebookNode]:
    """Return a code cell's outputs with neighbouring streams joined without the state of widgets and without frames."""
    outputs = []
    for output in cell.outputs:
        if output.output_type == "stream" and outputs and outputs[-1].get("name") == output.name:
            outputs[-1].text += output.text
            continue
        if "data" in output:
            is_widget = output.data.pop("application/vnd.jupyter.widget-view+json", None)
            if is_widget and "nbval-ignore-output" in tags(cell):
                continue  # elsewhere its line of text stays, because nbval compares it
            if "<iframe" in output.data.get("text/html", ""):
                continue  # a window on a server that is gone, such as TensorBoard's
            alt = output.metadata.get("image/png", {}).get("alt")  # what `plots.description` says of a figure
            output.metadata = nbformat.from_dict({"image/png": {"alt": alt}} if alt else {})
            if "image/png" in output.data:
                output.data["image/png"] = small_picture(output.data["image/png"])
        if output.output_type == "execute_result":
            output.execution_count = cell.execution_count
        outputs.append(output)
    return outputs


def small_picture(picture: str) -> str:
    """Return a base64 PNG with a palette of 256 colours where it is larger than ``LARGEST_PICTURE``, else as it is."""
    from PIL import Image

    content = base64.b64decode(picture)
    if len(content) <= LARGEST_PICTURE:
        return picture
    image = Image.open(io.BytesIO(content))
    if image.mode == "P":  # done before
        return picture
    buffer = io.BytesIO()
    image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def render(names):
    """Execute notebooks with the CPU profile and write them back; one that fails stays as it was."""
    os.environ["AIGC_PROFILE"] = "cpu"
    paths = find(names)
    write_map()
    for path in paths:
        before, notebook = read(path), read(path)
        fill(notebook, path)
        execute(notebook, path.stem)
        normalise(notebook)
        if stable(notebook) != stable(before):
            write(path, nbformat.writes(notebook) + "\n")


def write_map(names=()):
    """Write what is generated from the notebooks' texts and times, without executing anything."""
    from tools import contents

    contents.write()


def stable(notebook) -> str:
    """Return a notebook's text without the outputs that may differ from run to run (timings, what the machine is).

    If nothing else has changed, a new run says nothing new, and `render` leaves the file as it is.
    """
    copy = deepcopy(notebook)
    for cell in copy.cells:
        if "nbval-ignore-output" in tags(cell):
            cell.outputs = []
    return nbformat.writes(copy)


# --- pages -----------------------------------------------------------------------------------------------------------


def body(notebook) -> str:
    """Return a notebook as HTML that needs nothing from elsewhere: pictures inside, formulas as MathML."""
    import jinja2
    from bs4 import BeautifulSoup
    from latex2mathml.converter import convert
    from nbconvert import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def inline_math(self, body):
            return convert(body)

        def block_math(self, body):
            return f'<div class="formula">{convert(body, display="block")}</div>'

        def latex_environment(self, name, body):
            return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    class Exporter(HTMLExporter):
        @jinja2.pass_context
        def markdown2html(self, context, source):
            renderer = Renderer(escape=False, embed_images=True, path=str(NOTEBOOKS), exclude_anchor_links=True)
            return MarkdownWithMath(renderer=renderer).render(source)

    describe_pictures(notebook)
    exporter = Exporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    soup = BeautifulSoup(exporter.from_notebook_node(notebook)[0], "html.parser")
    for solution in soup.select(".celltag_solution > .input"):
        fold = solution.wrap(soup.new_tag("details"))
        fold.insert(0, BeautifulSoup("<summary>Solution</summary>", "html.parser"))
    for link in soup.select("a[href]"):
        link["href"] = re.sub(r"^(\d\d[a-z]?_\w+)\.ipynb", r"\1.html", link["href"])
    for image in soup.select('img[src^="http"]'):  # badges
        image.replace_with(image.get("alt", ""))
    return str(soup)


def describe_pictures(notebook):
    """Give every picture among the outputs that has no alternative text the heading above it."""
    heading = "the notebook"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = (re.findall(r"^#+ (.+)$", cell.source, re.M) or [heading])[-1]
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}) and not output.metadata.get("image/png", {}).get("alt"):
                output.metadata["image/png"] = {"alt": f"Figure under the heading: {heading}"}


def page(title, content, home="") -> str:
    """Return a complete HTML page."""
    from pygments.formatters import HtmlFormatter

    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    style = HtmlFormatter(style="tango").get_style_defs(".highlight")
    return template.substitute(title=html.escape(title), highlight=style, home=home, content=content)


def summary(notebook) -> tuple[str, str]:
    """Return a notebook's title and the first sentence below it, as plain text."""
    text = "\n".join(cell.source for cell in notebook.cells[:3] if cell.cell_type == "markdown")
    title = re.search(r"^# (.+)$", text, re.M)
    prose = re.sub(r"^(#|\||!|\[!|<).*$", "", text, flags=re.M)  # headings, tables, pictures, badges
    prose = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", prose)
    paragraph = " ".join(prose.strip().split("\n\n")[0].split())
    return (title[1] if title else "Untitled"), re.split(r"(?<=[.?])\s", paragraph)[0]


def write_page(path, notebook):
    """Write build/NAME.html."""
    target = BUILD / f"{path.stem}.html"
    write(target, page(summary(notebook)[0], body(notebook), home='<a href="index.html">All notebooks</a>'))
    print(f"Wrote {target.relative_to(ROOT)}")


def picture_of(notebook) -> str:
    """Return the picture below a notebook's title as an HTML image that holds its data, or an empty string."""
    found = re.search(r"^!\[([^\]]+)\]\((figures/[^)]+\.png)\)", notebook.cells[0].source, re.MULTILINE)
    if not found:
        return ""
    data = base64.b64encode((NOTEBOOKS / found[2]).read_bytes()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(found[1])}">'


def run(names):
    """Execute one notebook and write it as a page; the notebook's file is not touched."""
    if len(names) != 1:
        known = ", ".join(path.stem for path in find())
        raise Failure(f"Name one notebook, as in 'make run NB=04_training_a_gan'; there are {known}.")
    path = find(names)[0]
    notebook = read(path)
    execute(notebook, path.stem)
    normalise(notebook)
    write_page(path, notebook)


def book(names):
    """Write every notebook as a page from its committed outputs, and an index with a picture of each."""
    cards = []
    for path in find(names):
        notebook = read(path)
        title, sentence = summary(notebook)
        image = picture_of(notebook)
        write_page(path, notebook)
        text = f"<h2>{html.escape(title)}</h2><p>{html.escape(sentence)}</p>"
        cards.append(f'<a class="card" href="{path.stem}.html">{image}{text}</a>')
    heading = "<h1>From raw data to business value with generative models</h1>"
    write(BUILD / "index.html", page("Notebooks", heading + f'<div class="cards">{"".join(cards)}</div>'))
    print("Wrote build/index.html")


def student(names):
    """Write copies without the solution cells, with their pictures; links into the repository are one folder deeper."""
    if (NOTEBOOKS / "figures").is_dir():
        shutil.copytree(NOTEBOOKS / "figures", BUILD / "student" / "figures", dirs_exist_ok=True)
    for path in find(names):
        notebook = read(path)
        notebook.cells = [cell for cell in notebook.cells if "solution" not in tags(cell)]
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = cell.source.replace("](../", "](../../")
        normalise(notebook)
        target = BUILD / "student" / path.name
        write(target, nbformat.writes(notebook) + "\n")
        print(f"Wrote {target.relative_to(ROOT)}")


def main(arguments=None) -> int:
    """Run one command line and return its exit status."""
    commands = {"render": render, "map": write_map, "run": run, "book": book, "student": student}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=commands)
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK")
    given = parser.parse_args(arguments)
    try:
        commands[given.command](given.names)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; no file was changed.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tools import notebooks  # this file as the module that contents.py knows

    sys.exit(notebooks.main())
