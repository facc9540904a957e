"""A claim must fail when the formula beside it is wrong: formulas are broken by AST, and the claim is run."""

import ast
import builtins
import contextlib
import io
import os
import symtable

from tools import notebooks

import pytest
from breakages import BREAKAGES, Break, broken, names_defined

PATHS = {path.stem: path for path in notebooks.find()}
ALL = [
    pytest.param(stem, edit, id=f"{stem[:2]}-{edit.where}-{edit.kind}-{edit.index}")
    for stem, edits in BREAKAGES.items()
    for edit in edits
]


def parsed(source):
    """Return a cell's statements, none where it holds shell commands."""
    try:
        return ast.parse(source).body
    except SyntaxError:
        return []


def defined(source):
    """Return the names that a cell defines for the cells after it."""
    return set().union(*(names_defined(node) for node in parsed(source)))


def used(source):
    """Return the names that a cell reads, inside its functions too, without having defined them itself before."""
    return _read_first(parsed(source), set())


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
    tables, names = [symtable.symtable(ast.unparse(statement), "cell", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        outer = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (outer or s.is_global())}
    return names


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
    return roots - modules - set(dir(builtins))


def claim_of(cells, equation):
    """Return the index of the claim cell that names an equation."""
    for index, cell in enumerate(cells):
        words = [line for line in cell.source.splitlines() if line.startswith("# equation")]
        numbers = "".join(c if c.isdigit() else " " for c in " ".join(words)).split()
        if "claim" in notebooks.tags(cell) and str(equation) in numbers:
            return index
    raise AssertionError(f"no claim cell names equation {equation}")


def cells_needed(cells, claim):
    """Return the cells that a claim depends on, in order: the notebook's beginning, and definitions of what is used."""
    modules = set().union(*(defined(c.source) for c in cells if "runtime.start(" in c.source))
    needed, chosen = used(cells[claim].source), []
    for cell in reversed(cells[:claim]):
        if needed & (defined(cell.source) | changed(cell.source, modules)) or "runtime.start(" in cell.source:
            chosen.append(cell)
            needed |= used(cell.source)
    return chosen[::-1]


def run_claim(stem, equation, edit=None):
    """Execute what a claim depends on, with a formula broken or not, and then the claim itself."""
    cells = [cell for cell in notebooks.read(PATHS[stem]).cells if cell.cell_type == "code"]
    claim = claim_of(cells, equation)
    namespace, before, edited = {"__name__": "__main__"}, os.getcwd(), 0
    os.chdir(notebooks.NOTEBOOKS)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in cells_needed(cells, claim):
                source = cell.source
                if edit and edit.where in defined(source) and "formula" in notebooks.tags(cell):
                    source, edited = broken(source, edit), edited + 1
                exec(compile(source, f"{stem}: {source[:40]!r}", "exec"), namespace)
            assert edited == bool(edit), "the claim depends on one formula cell that defines what is to be broken"
            try:
                exec(compile(cells[claim].source, f"claim of equation {equation}", "exec"), namespace)
            except AssertionError:
                return "failed"
            return "held"
    finally:
        os.chdir(before)


@pytest.mark.parametrize(("stem", "edit"), ALL)
def test_a_broken_formula_fails_its_claim(stem, edit):
    assert run_claim(stem, edit.equation, edit) == "failed"


@pytest.mark.parametrize(("stem", "equation"), sorted({(s, e.equation) for s, es in BREAKAGES.items() for e in es}))
def test_the_claim_holds_with_the_formula_as_it_is(stem, equation):
    assert run_claim(stem, equation) == "held"


@pytest.mark.parametrize("stem", BREAKAGES)
def test_at_least_three_formulas_are_broken(stem):
    assert len({edit.where for edit in BREAKAGES[stem]}) >= 3


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
    cell = "for k in range(n):\n    a = k + b\n    c = a\nwith open(f) as g:\n    g.read()\n"
    assert used(cell) == {"range", "n", "b", "open", "f"}
    assert used("def f(x):\n    y = x + z\n    return [y * w for w in v]\nf(1)") == {"z", "v"}
    assert used("x = x + 1\nx") == {"x"}


def test_a_printed_line_changes_nothing():
    assert changed("print(1)\nlist.append(2)\nmodel.fit(3)\nx[0] = 4\nnp.put(x)", {"np"}) == {"model", "x"}
