"""Functions that a notebook defines for itself, brought to their tests."""

from tools import notebooks


def in_notebook(number, name, **known):
    """Return the function ``name`` of notebook ``number``, whose cell is executed with the names ``known``."""
    (path,) = notebooks.find([number])
    (cell,) = (cell for cell in notebooks.read(path).cells if f"def {name}(" in cell.source)
    exec(cell.source, known)
    return known[name]
