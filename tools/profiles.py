"""What the gpu profile changes: the lines ``NAME = {"cpu": …, "gpu": …}[PROFILE]  # of what`` of the notebooks.

python tools/profiles.py [NOTEBOOK ...]   print what each notebook does longer under AIGC_PROFILE=gpu

The same list is a table of docs/teaching.md, written by `make map`.
"""

import ast
import io
import json
import sys
import textwrap
import tokenize
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import notebooks

FORM = 'NAME = {"cpu": …, "gpu": …}[PROFILE]  # of what'
IN_FULL = ", in full"  # what follows a notebook's name in gpu_profile.json where nothing was shortened
ANY, FITTED = "any length", "fitted"  # does a claim's bound hold for any length, or was it chosen at the CPU's?
EXPECTED = {  # {notebook: {setting: (ANY or FITTED, what its claims say of what the setting yields)}}
    "01": {"SEEDS": (FITTED, "gentle changes gain at least 5 points on snapshots, turning upside down loses")},
    "02": {"RING_STEPS": (FITTED, "a slow discriminator finds at most 4.5 of 8 clusters, a fast one 1.5 more")},
    "03": {
        "DIGIT_STEPS": (FITTED, "two codes read digits better than PCA's; histograms still need fewer bits"),
        "KITTEN_STEPS": (FITTED, "wishes are obeyed in over half of 1,000; the fur can still be read from the code"),
    },
    "04": {
        "STEPS": (FITTED, "all combinations are drawn; not yet as good as real kittens"),
        "BATCH_SIZE": (FITTED, "as of STEPS"),
        "WIDTHS": (FITTED, "as of STEPS"),
        "TRIAL_STEPS": (FITTED, "two of the faults are worse than the mended program; the great rate collapses"),
    },
    "05b": {"RING_STEPS": (ANY, "the winner is not the default, and covers more than 15 % of the ring")},
    "06": {
        "RING_STEPS": (ANY, "the field's error is small beside the floor; every cluster has its share"),
        "BRIEF_SECONDS": (FITTED, "all three families are nearer than noise and not as near as real kittens"),
        "MEASURED": (FITTED, "ten evaluations and twenty are not told apart; the field is above the floor"),
    },
    "07": {
        "PASSAGES": (FITTED, "colder is more known, more predictable, less varied; no passage is a copy"),
        "DRAWS": (FITTED, "back-translation helps; swapped names bring 40 to 85 % of that"),
    },
    "08": {
        "EACH": (ANY, "the second judge reads at least 95 % as many made words as real ones"),
        "READER_STEPS": (ANY, "nothing: the shares are printed, and the bench decides"),
    },
    "09": {
        "KITTENS": (ANY, "the network's error is at most 0.8 of the flow's"),
        "WISHES": (ANY, "over 90 % of the motions are as asked; planted faults are seen"),
    },
    "10": {"DISTIL_SECONDS": (ANY, "the student's losses fall by at least 30 %")},
    "11": {"FACES": (ANY, "the network carries expressions better than moved pixels do")},
    "12": {"PER_PRODUCT": (FITTED, "75 % or more are read as asked; choosing and guiding gain 3 points each")},
    "13": {"LIVE": (ANY, "the second solver agrees with the key of every exercise")},
    "14": {
        "VAE_STEPS": (FITTED, "nearer to the members than shuffled columns and the Gaussian, and still told apart"),
        "GAN_STEPS": (FITTED, "easier to tell from real records than the VAE"),
        "PATCHES": (FITTED, "stain is as asked; the worst program errs by more than the rule allows"),
    },
    "15": {
        "WRITTEN": (ANY, "every level that is held to its wish has the size and boxes asked for"),
        "UNSEEN_ROOMS": (FITTED, "learning gains less than 0.04 over the best script, and nobody beats the optimum"),
    },
    "16": {
        "PAINTED": (ANY, "nothing: the shares are printed, and the bench decides"),
        "FEEDS": (FITTED, "false winners in over 90 % of feeds when views are counted, in at most 15 % with Holm"),
    },
    "16b": {
        "RESAMPLES": (ANY, "the order of the methods; the intervals are printed"),
        "WORLDS": (ANY, "the order of the policies, by their intervals"),
    },
    "17": {
        "LIVE": (ANY, "each piece costs the bits that the bench stored"),
        "WRITTEN_HERE": (ANY, "files are read back note by note"),
    },
    "18": {"SPOKEN_HERE": (ANY, "no label is heard where none was put")},
    "19": {"ANSWERS": (ANY, "no answer has a sentence without a source")},
    "20": {"MINUTES": (ANY, "the record, the replay and the verdict agree; no quality is promised")},
    "21": {"KEYS": (ANY, "no key rings; scores follow the normal curve")},
}


@dataclass(frozen=True)
class Setting:
    """One setting of both profiles, and where it lies: code cell and line from 1, columns of the gpu value in bytes."""

    name: str
    cpu: object
    gpu: object
    comment: str
    cell: int
    line: int
    columns: tuple


# --- parsing ---------------------------------------------------------------------------------------------------------


def settings(path) -> list[Setting]:
    """Return the settings of a notebook's file, in order; raise ``Failure`` where ``[PROFILE]`` is used otherwise."""
    code = [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code"]
    return [one for k, source in enumerate(code, 1) for one in settings_of_cell(source, k, path.stem)]


def settings_of_cell(source, cell, name) -> list[Setting]:
    """Return the settings of one cell's source; ``cell``, its number, and ``name``, its notebook's, say where it is."""
    if "PROFILE" not in source:
        return []
    found, comments = [], comments_of(source)
    for statement in ast.parse(source).body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Subscript) and getattr(node.slice, "id", "") == "PROFILE":
                target, values = getattr(statement, "targets", [None])[0], values_of(node.value)
                if not isinstance(target, ast.Name) or values is None:
                    line = source.splitlines()[node.lineno - 1].strip()
                    where = f"{name}, code cell {cell}, line {node.lineno}"
                    raise notebooks.Failure(f"{where}: received {line!r}; expected {FORM}, with plain values.")
                (cpu, gpu), comment = map(ast.literal_eval, values), comments.get(statement.end_lineno, "")
                columns = values[1].col_offset, values[1].end_col_offset
                found.append(Setting(target.id, cpu, gpu, comment, cell, values[1].lineno, columns))
    return found


def values_of(node):
    """Return the nodes of both values of a dictionary {"cpu": …, "gpu": …} of literals on one line, else None."""
    try:
        keys = list(ast.literal_eval(node))
    except ValueError:
        return None
    plain = isinstance(node, ast.Dict) and keys == ["cpu", "gpu"] and node.lineno == node.end_lineno
    return node.values if plain else None


def comments_of(source) -> dict[int, str]:
    """Return {line: comment} of a cell."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def with_gpu(source, setting, value) -> str:
    """Return a cell's source in which a setting has another value for the gpu."""
    lines = source.splitlines(keepends=True)
    line, (begin, end) = lines[setting.line - 1].encode(), setting.columns
    lines[setting.line - 1] = (line[:begin] + repr(value).encode() + line[end:]).decode()
    return "".join(lines)


# --- what is told ----------------------------------------------------------------------------------------------------


def executed() -> dict[str, dict]:
    """Return what benchmarks/gpu_profile.py stored, {} where there is nothing."""
    path = notebooks.ROOT / "benchmarks" / "gpu_profile.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def on_a_cpu(stem, setting, stored) -> str:
    """Return how far a setting was executed on a CPU, from what is stored."""
    whole, short = (stored.get(key, {}) for key in (stem + IN_FULL, stem))
    for row in (whole, short):
        if as_tuples(row.get("settings", {}).get(setting.name)) == [setting.gpu] * 2:
            return "in full, and a cell failed" if row["failed"] else "in full"
    values = as_tuples(short.get("settings", {}).get(setting.name))
    return "not yet" if values is None or values[0] != setting.gpu else f"{values[1]:,}"


def as_tuples(values):
    """Return values that were read from JSON with its lists as tuples; None stays."""
    return values and [tuple(value) if isinstance(value, list) else value for value in values]


def as_text(value) -> str:
    """Return a setting's value as it is told."""
    return f"{value:,}" if isinstance(value, int) else str(value).strip("()[]")


def expected(path, setting) -> tuple[str, str]:
    """Return what the claims say of what a setting yields, and whether their bounds hold for any length."""
    if setting.cpu == setting.gpu:
        return "the same in both", "–"
    known = EXPECTED.get(notebooks.number(path), {})
    if setting.name not in known:
        said = f"{path.stem}, {setting.name}: received a setting of the profile without a row of EXPECTED"
        raise notebooks.Failure(f"{said}; expected one in tools/profiles.py that says what the claims then say.")
    return known[setting.name][::-1]


def listed(names):
    """Print, for each notebook, its settings and what its text then expects."""
    for path in notebooks.find(names):
        print(path.stem if settings(path) else f"{path.stem}: the same as on a CPU")
        for one in settings(path):
            claims, bounds = expected(path, one)
            text = f"{one.name} {as_text(one.cpu)} -> {as_text(one.gpu)}: {claims} ({bounds})"
            print(textwrap.fill(text, 112, initial_indent="  ", subsequent_indent="      "))


if __name__ == "__main__":
    listed(sys.argv[1:])
