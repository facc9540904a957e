"""Exercises that check themselves: one function. What is checked stands in the notebook's own check cell."""

import functools
import inspect


class _Untouched(Exception):
    """A function to be written returned what its stub returns."""


def check(name, answer, *rules):
    """Print whether an exercise is open, wrong (and why) or right; return nothing.

    ``answer`` is None or ``...`` while the exercise is untouched, or a function that returns one of these. ``rules``
    are pairs (predicate of the answer, explanation shown when it is false), tried in order; a predicate that raises
    counts as false and its error is named.
    """
    if not rules:
        raise ValueError(f"exercise {name} has no rules, so any answer would pass; expected (predicate, explanation).")
    print(f"Exercise {name}: {_verdict(answer, rules)}")


def _verdict(answer, rules):
    if answer is None or answer is ...:
        return "not done yet."
    answer = _watched(answer) if inspect.isfunction(answer) else answer
    for predicate, explanation in rules:
        try:
            passed, problem = bool(predicate(answer)), ""
        except _Untouched as error:
            return f"not done yet.{error}"
        except Exception as error:
            passed, problem = False, f" ({type(error).__name__}: {error})"
        if not passed:
            return f"not quite. {explanation}{problem}"
    return "correct."


def _watched(function):
    """Return the function with an alarm on a result that only a stub, or a missing ``return``, gives."""

    @functools.wraps(function)
    def call(*arguments, **options):
        result = function(*arguments, **options)
        if result is ...:
            raise _Untouched("")
        if result is None:
            raise _Untouched(f" {function.__name__} returns None; is its 'return' missing?")
        return result

    return call
