"""The rule of a business case is an object: declared and printed in section 1, applied unchanged in the verdict."""

import ast
import re

from tools import notebooks

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

CASES = {path.stem: path for path in notebooks.find() if "_case_" in path.stem}


def sections(cells):
    """Return [(heading of the section, statements)] of the code cells, exercises left out."""
    heading, found = "", []
    for cell in cells:
        if cell.cell_type == "markdown":
            heading = (re.findall(r"^## (.+)$", cell.source, re.M) or [heading])[-1]
        elif not {"exercise", "check", "solution"} & set(notebooks.tags(cell)) and "google.colab" not in cell.source:
            found.append((heading, ast.parse(cell.source).body))
    return found


def _is_call(node, *names):
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names


def _stored(statement):
    """Return the names that a statement binds, deletes or changes by an attribute or an index."""
    kinds = ast.Store | ast.Del
    found = []
    for node in ast.walk(statement):
        if isinstance(getattr(node, "ctx", None), kinds):
            while isinstance(node, ast.Attribute | ast.Subscript):
                node = node.value  # noqa: PLW2901
            found += [node.id] if isinstance(node, ast.Name) else []
    return found


def _shown(statement, name):
    calls = [node for node in ast.walk(statement) if _is_call(node, "print", "display")]
    nodes = [inner for call in calls for argument in call.args for inner in ast.walk(argument)]
    nodes += [statement.value] if isinstance(statement, ast.Expr) else []
    return any(isinstance(node, ast.Name) and node.id == name for node in nodes)


def problems(cells):
    """Return what is wrong with a case's rules, a sentence each."""
    parts = sections(cells)
    statements = [(heading, node) for heading, nodes in parts for node in nodes]
    declared = [(h, node.targets[0].id) for h, node in statements if isinstance(node, ast.Assign) and _is_rule(node)]
    numbered = [heading for heading, _ in parts if re.match(r"\d", heading)]
    last = {numbered[-1] if numbered else "", *(heading for heading, _ in parts if "verdict" in heading.lower())}
    said = [] if declared else ["section 1 declares no business.Rule"]
    for where, name in declared:
        if not re.match(r"1\b", where):
            said.append(f"{name} is declared in {where!r}, not in section 1")
        if not any(_shown(node, name) for heading, node in statements if heading == where):
            said.append(f"{name} is not printed where it is declared")
        if sum(_stored(node).count(name) for _, node in statements) > 1:
            said.append(f"{name} is changed after its declaration")
        if not any(_applies(node, name) for heading, node in statements if heading in last):
            said.append(f"{name} is not applied in the verdict")
    return said


def _is_rule(node):
    return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and _is_call(node.value, "Rule")


def _applies(statement, name):
    calls = [node for node in ast.walk(statement) if _is_call(node, "apply")]
    return any(getattr(getattr(call.func, "value", None), "id", "") == name for call in calls)


@pytest.mark.parametrize("stem", CASES)
def test_a_case_applies_the_rule_that_it_declared(stem):
    assert problems(notebooks.read(CASES[stem]).cells) == []


# --- the check itself ------------------------------------------------------------------------------------------------

DECLARED = "rule = business.Rule(lift=condition)\nprint(rule)"


def case(*, first=DECLARED, second="x = 1", last="verdict = rule.apply(lift=measured)", heading="## 10. The end"):
    """Return the cells of a small case."""
    sources = ("# Case", "", "## 1. Decision", first, "## 2. Cost", second, heading, last, "## Exercises", "rule = 1")
    kinds = [new_code_cell if k % 2 else new_markdown_cell for k in range(len(sources))]
    cells = [kind(source) for kind, source in zip(kinds, sources, strict=True)]
    cells[-1].metadata.tags = ["solution"]
    return cells


@pytest.mark.parametrize(
    "good",
    [
        case(),
        case(first="rule = Rule(lift=condition)\nrule"),
        case(first=DECLARED + "\nsafe = business.Rule(a=b)\ndisplay(safe)", last="rule.apply(a=1), safe.apply(a=b)"),
        case(second="print(rule)"),
        case(last="print(rule.apply(lift=m).answer)", heading="## The verdict, and what would change it"),
    ],
)
def test_a_case_in_order_has_no_problem(good):
    assert problems(good) == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (case(first="x = 2"), "section 1 declares no business.Rule"),
        (case(first="x = 2", second=DECLARED), "rule is declared in '2. Cost', not in section 1"),
        (case(first="rule = business.Rule(lift=c)"), "rule is not printed where it is declared"),
        (case(first="rule = business.Rule(lift=c)", second="rule"), "rule is not printed where it is declared"),
        (case(second=DECLARED), "rule is changed after its declaration"),
        (case(second="rule.conditions['a'] = 1"), "rule is changed after its declaration"),
        (case(second="rule.conditions = 1"), "rule is changed after its declaration"),
        (case(last="for rule in (1, 2):\n    rule.apply(a=b)"), "rule is changed after its declaration"),
        (case(last="verdict = business.Rule(lift=c).apply(lift=1)"), "rule is not applied in the verdict"),
        (case(second="rule.apply(lift=m)", last="x = 1"), "rule is not applied in the verdict"),
        (case(first=DECLARED + "\nsafe = business.Rule(a=b)\nprint(safe)"), "safe is not applied in the verdict"),
    ],
)
def test_a_case_out_of_order_is_named(bad, problem):
    assert problem in problems(bad)
