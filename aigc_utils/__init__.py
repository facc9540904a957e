"""Shared helpers of the notebook collection "from data to business value with generative AI".

Import the module you need: ``from aigc_utils import data, kittens, training``. Importing the package itself loads
nothing else, so that it stays instant and does not pull in TensorFlow; modules are loaded when first used.
"""

import importlib
import pkgutil

__version__ = "0.1.0"

_MODULES = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
__all__ = list(_MODULES)


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_MODULES)}")


def __dir__():
    return sorted([*globals(), *_MODULES])
