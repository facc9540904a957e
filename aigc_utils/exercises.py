"""Exercises that check themselves: one function. What is checked stands in the notebook's own check cell."""


def check(name, answer, *rules):
    """Print whether an exercise is open, wrong (and why) or right.

    ``answer`` is None or ``...`` while the exercise is untouched. ``rules`` are pairs (predicate of the answer,
    explanation shown when it is false), tried in order; a predicate that raises counts as false and its error is named.
    """
    if answer is None or answer is ...:
        print(f"Exercise {name}: not done yet.")
        return
    for predicate, explanation in rules:
        try:
            passed, problem = bool(predicate(answer)), ""
        except Exception as error:
            passed, problem = False, f" ({type(error).__name__}: {error})"
        if not passed:
            print(f"Exercise {name}: not quite. {explanation}{problem}")
            return
    print(f"Exercise {name}: correct.")
