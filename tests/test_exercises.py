"""Every exercise: the stub is "not done yet", plausible wrong answers are explained, the solution passes."""

import contextlib
import functools
import io
import os
import re

from tools import notebooks

import pytest
from answers import WRONG


@functools.cache
def exercises(path):
    """Return {exercise name: {"exercise": source, "check": source, "solution": source}} of one notebook."""
    found, parts = {}, {}
    for cell in notebooks.read(path).cells:
        for tag in {"exercise", "check", "solution"} & set(notebooks.tags(cell)):
            parts = {} if tag == "exercise" else parts
            parts[tag] = cell.source
            if tag == "check":
                name = re.search(r"check\(\s*[\"'](\d\d[a-z]?\.\d+)[\"']", cell.source)
                found[name[1] if name else f"unnamed: {cell.source[:60]}"] = parts
    return found


NOTEBOOKS = {path.stem: path for path in notebooks.find()}
ALL = [(stem, name) for stem, path in NOTEBOOKS.items() for name in exercises(path)]
ANSWERS = [
    pytest.param(stem, name, source, words, id=f"{name}-{number}")
    for stem, by_name in WRONG.items()
    for name, answers in by_name.items()
    for number, (source, words) in enumerate(answers, start=1)
]


@functools.cache
def namespace_after_setup(stem):
    """Run a notebook's cells tagged ``setup`` in its own folder and return what they define."""
    namespace = {"__name__": "__main__"}
    for number, cell in enumerate(notebooks.read(NOTEBOOKS[stem]).cells):
        if "setup" in notebooks.tags(cell):
            execute(cell.source, namespace, f"{stem}, cell {number}")
    return namespace


def execute(source, namespace, where):
    """Execute one cell's source in the notebooks' folder and return what it printed."""
    printed, before = io.StringIO(), os.getcwd()
    os.chdir(notebooks.NOTEBOOKS)
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, where, "exec"), namespace)
    finally:
        os.chdir(before)
    return printed.getvalue()


def verdict(stem, name, answer):
    """Return what the notebook's check says to an answer (source that stands in the stub's place)."""
    namespace = dict(namespace_after_setup(stem))
    execute(answer, namespace, f"answer to {name}")
    return execute(exercises(NOTEBOOKS[stem])[name]["check"], namespace, f"check of {name}")


@pytest.mark.parametrize(("stem", "name"), ALL)
def test_the_untouched_stub_is_not_done_yet(stem, name):
    assert f"Exercise {name}: not done yet." in verdict(stem, name, exercises(NOTEBOOKS[stem])[name]["exercise"])


@pytest.mark.parametrize(("stem", "name"), ALL)
def test_the_solution_is_correct(stem, name):
    parts = exercises(NOTEBOOKS[stem])[name]
    namespace = dict(namespace_after_setup(stem))
    execute(parts["exercise"], namespace, f"stub of {name}")
    execute(parts["check"], namespace, f"check of {name}")
    assert f"Exercise {name}: correct." in execute(parts["solution"], namespace, f"solution of {name}")


@pytest.mark.parametrize(("stem", "name", "source", "words"), ANSWERS)
def test_a_wrong_answer_is_explained(stem, name, source, words):
    said = verdict(stem, name, source)
    assert f"Exercise {name}: not quite." in said
    assert words in said


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_every_exercise_has_a_wrong_answer(stem):
    assert set(WRONG.get(stem, {})) == set(exercises(NOTEBOOKS[stem]))
