"""How a claim is run by itself: the cells that it depends on are executed, with a bug or without, and then the claim.

A slow cell that a bug does not touch is executed once: later runs take its values from the run without the bug.
"""

import ast
import builtins
import contextlib
import functools
import io
import linecache
import os
import pickle
import random
import symtable
import time
import types
from unittest import mock

from tools import notebooks

import matplotlib.pyplot as plt
import numpy as np
from breakages import Bug, broken, names_defined

SLOW = 0.2  # seconds from which a cell's values are kept


# --- what a cell reads and writes ------------------------------------------------------------------------------------


@functools.cache
def parsed(source):
    """Return a cell's statements, none where it holds shell commands."""
    try:
        return ast.parse(source).body
    except SyntaxError:
        return []


@functools.cache
def defined(source):
    """Return the names that a cell defines for the cells after it."""
    return frozenset().union(*(names_defined(node) for node in parsed(source)))


@functools.cache
def used(source):
    """Return the names that a cell reads, inside its functions too, without having defined them itself before."""
    return frozenset(_read_first(parsed(source), set()))


def _read_first(statements, own):
    needed = set()
    for node in statements:
        if isinstance(node, ast.For | ast.With):
            heads = [node.iter] if isinstance(node, ast.For) else [item.context_expr for item in node.items]
            targets = [node.target] if isinstance(node, ast.For) else [item.optional_vars for item in node.items]
            needed |= set().union(*(_reads(ast.Expr(head)) for head in heads)) - own
            own |= {n.id for target in targets if target for n in ast.walk(target) if isinstance(n, ast.Name)}
            needed |= _read_first(node.body, own)
        else:
            needed |= _reads(node) - own
            own |= names_defined(node)
    return needed


def _reads(statement):
    """Return the names that one statement takes from outside, those of function bodies among them."""
    body = [] if isinstance(statement, ast.FunctionDef | ast.ClassDef) else ast.walk(statement)
    names = {getattr(node.target, "id", "") for node in body if isinstance(node, ast.AugAssign)} - {""}
    tables = [symtable.symtable(ast.unparse(statement), "cell", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        outer = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (outer or s.is_global())}
    return names


@functools.cache
def changed(source, modules):
    """Return the names of objects that a cell changes by a method call or an index; modules and built-ins are none."""
    roots = set()
    for statement in parsed(source):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        for place in (statement.value if isinstance(statement, ast.Expr) else None, *targets):
            node = place
            while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
                node = node.func if isinstance(node, ast.Call) else node.value
            roots |= {node.id} if isinstance(node, ast.Name) and node is not place else set()
    return frozenset(roots - modules - set(dir(builtins)))


# --- which cells a claim needs ---------------------------------------------------------------------------------------


@functools.cache
def code_of(path):
    """Return the code cells of a notebook."""
    return [cell for cell in notebooks.read(path).cells if cell.cell_type == "code"]


def claim_of(cells, edit):
    """Return the index of the claim cell that an edit is for."""
    claims = [index for index, cell in enumerate(cells) if "claim" in notebooks.tags(cell)]
    if isinstance(edit, Bug):
        found = [index for index in claims if edit.claim in cells[index].source]
        assert len(found) == 1, f"{len(found)} claim cells hold {edit.claim!r}; one should"
        return found[0]
    for index in claims:
        words = [line for line in cells[index].source.splitlines() if line.startswith("# equation")]
        if str(edit.equation) in "".join(c if c.isdigit() else " " for c in " ".join(words)).split():
            return index
    raise AssertionError(f"no claim cell names equation {edit.equation}")


def cells_needed(cells, claim, given=""):
    """Return the cells that a claim depends on, in order: the notebook's beginning, and definitions of what is used.

    The source ``given`` is one of them where it is not empty: after what it reads, instead of what it defines.
    """
    modules = frozenset().union(*(defined(c.source) for c in cells if "runtime.start(" in c.source))
    needed, chosen = set(used(cells[claim].source) | used(given)) - defined(given), []
    for cell in reversed(cells[:claim]):
        if needed & (defined(cell.source) | changed(cell.source, modules)) or "runtime.start(" in cell.source:
            chosen.insert(0, cell)
            needed |= used(cell.source) - defined(given)
    if given:
        before = used(given) | defined(given)
        places = [k for k, c in enumerate(chosen) if "runtime.start(" in c.source or defined(c.source) & before]
        chosen.insert(max(places, default=-1) + 1, notebooks.nbformat.v4.new_code_cell(given))
    return chosen


# --- runs ------------------------------------------------------------------------------------------------------------


def run_claim(path, edit, as_it_is=False):
    """Run the claim that an edit is for, with the edit or as it is, and return whether it "held" or "failed"."""
    cells = code_of(path)
    claim = claim_of(cells, edit)
    needed = cells_needed(cells, claim, edit.given)
    sources = [cell.source for cell in needed]
    kept = _kept.setdefault((path, claim, edit.given), {})
    edited = list(sources), cells[claim].source
    if not as_it_is:
        formulas = [k for k, cell in enumerate(needed) if "formula" in notebooks.tags(cell)]
        edited = edited_cells(sources, cells[claim].source, edit, formulas)
    namespace, before = {"__name__": "__main__"}, os.getcwd()
    os.chdir(notebooks.NOTEBOOKS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.ExitStack() as stack:
            patching = isinstance(edit, Bug) and edit.patch and not as_it_is
            patch = functools.partial(patch_function, edit, namespace, stack) if patching else bool
            _execute(sources, *edited, namespace, kept, patch)
            try:
                exec(compiled(edited[1], "the claim"), namespace)
            except AssertionError:
                return "failed"
            return "held"
    finally:
        os.chdir(before)
        plt.close("all")  # the cells' figures


def compiled(source, what):
    """Return a cell's code; its source stays known, because AutoGraph reads the loops of a `tf.function` there."""
    name = f"{what} {source[:60]!r} {hash(source):x}"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    return compile(source, name, "exec")


_kept = {}  # {(path, claim, given): {number of a slow cell: its values}}


def edited_cells(sources, claim, edit, formulas):
    """Return the cells' sources and the claim's with one edit applied; it must have one place."""
    if isinstance(edit, Bug) and edit.patch:
        return list(sources), claim
    if isinstance(edit, Bug):
        count = sum(source.count(edit.old) for source in [*sources, claim])
        assert count == 1, f"{edit.old!r} is in the cells that the claim depends on {count} times; once is expected"
        edited = [broken(source, edit) for source in sources]
        result = edited, broken(claim, edit)
        assert _asserts(result[1]) == _asserts(claim), "the bug would change what the claim asserts"
        return result
    places = [k for k in formulas if edit.where in defined(sources[k])]
    assert len(places) == 1, "the claim depends on one formula cell that defines what is to be broken"
    return [broken(source, edit) if k == places[0] else source for k, source in enumerate(sources)], claim


def _asserts(source):
    return [ast.dump(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]


def patch_function(edit, namespace, stack):
    """Replace a function until the stack is left, in its module or class and wherever the set-up cell imported it."""
    first, *way, last = edit.patch.split(".")
    owner = functools.reduce(getattr, way, namespace[first])
    original = getattr(owner, last)
    replacement = eval(edit.new, {**namespace, "original": original})
    stack.enter_context(mock.patch.object(owner, last, replacement))
    namespace.update({name: replacement for name, value in namespace.items() if value is original})
    return True


def _execute(sources, edited, claim, namespace, kept, patch):
    """Execute cells; slow ones that no edit has touched are taken from ``kept``, or kept there."""
    touched, as_it_is, patched = set(), sources == edited, False
    for number, (source, actual) in enumerate(zip(sources, edited, strict=True)):
        read = reach(source, sources[:number])
        untouched = actual == source and not patched and not touched & read
        if number in kept and untouched:
            replay(source, kept[number], namespace)
        else:
            before = saved(namespace) if as_it_is and not patched else None
            begin = time.perf_counter()
            exec(compiled(actual, "cell"), namespace)
            if before and time.perf_counter() - begin > SLOW and "runtime.start(" not in source:
                later = set().union(*(reach(other, sources) for other in [*sources[number + 1 :], claim]))
                left = values_left(source, read, later, before, namespace)
                kept |= {} if left is None else {number: left}
        if not untouched:
            touched |= defined(actual) | defined(source) | changed(source, frozenset())
        if "runtime.start(" in source:
            patched = patch() or patched


def reach(source, earlier):
    """Return the names that a cell reads, with those that the functions among them read."""
    names = set(used(source))
    while True:
        more = {
            name
            for statement in (node for cell in earlier for node in parsed(cell))
            if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name in names
            for name in used(ast.unparse(statement))
        }
        if more <= names:
            return names
        names |= more


# --- values that are kept --------------------------------------------------------------------------------------------

LIBRARIES = {"builtins", "numpy", "pandas", "collections", "datetime", "random"}
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, np.ufunc, type(np.random.default_rng))
SHARED = (type, types.ModuleType, *FUNCTIONS)


@functools.cache
def _is_data(kind):
    return kind.__module__.split(".")[0] in LIBRARIES and not issubclass(kind, SHARED)


class _Saver(pickle.Pickler):
    """Pickle data by value; all else (functions, networks, figures) goes into ``shared`` and stays the same object."""

    def __init__(self, file):
        super().__init__(file, protocol=4)  # later protocols hand out the arrays' buffers as objects of their own
        self.shared = []

    def persistent_id(self, obj):
        if _is_data(type(obj)):
            return None
        self.shared.append(obj)
        return len(self.shared) - 1


class _Loader(pickle.Unpickler):
    def persistent_load(self, pid):
        return self.shared[pid]


def pickled(value):
    """Return the bytes of an object's data, and the objects that are not data."""
    buffer = io.BytesIO()
    saver = _Saver(buffer)
    try:
        saver.dump(value)
    except (TypeError, AttributeError, pickle.PicklingError):  # it holds a generator, an open file or the like
        return b"", [value]
    return buffer.getvalue(), saver.shared


def saved(namespace):
    """Return {name: what `pickled` returns} for all names."""
    return {name: pickled(value) for name, value in namespace.items() if name != "__builtins__"}


def values_left(source, read, later, before, namespace):
    """Return what a cell has left under the names that are read later, or None where it may not be kept.

    It may not where the cell changed anything else (a generator of random numbers, say), where it had or leaves an
    object that is not data (a network that is trained further), or where a value belongs to one run alone.
    """
    new, after = defined(source), saved(namespace)
    same = all(after[name][0] == old[0] for name, old in before.items() if name not in new)
    own = {node.name for node in parsed(source) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    values = {name: namespace[name] for name in (new & later) - own if name in namespace}
    left = pickled((values, random.getstate(), np.random.get_state()))
    objects = [*left[1], *(obj for name in read & set(before) for obj in before[name][1])]
    plain = all(isinstance(obj, SHARED) for obj in objects)
    return left if same and plain and not any(_is_of_notebook(obj, namespace) for obj in left[1]) else None


def _is_of_notebook(value, namespace):
    return getattr(value, "__globals__", None) is namespace or getattr(value, "__module__", None) == "__main__"


def replay(source, left, namespace):
    """Do what a cell did: define its functions again, for this run, and put copies of its values into place."""
    kinds = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    definitions = ast.Module([node for node in parsed(source) if isinstance(node, kinds)], [])
    exec(compile(definitions, "definitions of a kept cell", "exec"), namespace)
    loader = _Loader(io.BytesIO(left[0]))
    loader.shared = left[1]
    values, of_python, of_numpy = loader.load()
    namespace.update(values)
    random.setstate(of_python)
    np.random.set_state(of_numpy)
