"""Settings for every pytest run of this project, with or without nbval."""

import functools
import time
from queue import Empty

import matplotlib
import nbval.kernel
import psutil
import pytest

matplotlib.use("Agg")  # unit tests draw without a screen; a notebook's kernel chooses its own backend

MOST_WORKERS, GB_A_WORKER = 4, 4  # TensorFlow uses all cores in each worker; the largest notebook takes 2.4 GB


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return how many test files and notebooks run side by side under ``-n auto``."""
    memory = int(psutil.virtual_memory().total / (GB_A_WORKER * 2**30))
    return max(1, min(MOST_WORKERS, psutil.cpu_count() or 1, memory))


# As in tools/notebooks.py: what C++ code writes to the terminal is not a cell's output.
_QUIET = ["--IPKernelApp.capture_fd_output=False", "--IPKernelApp.log_level=40"]
nbval.kernel.start_new_kernel = functools.partial(nbval.kernel.start_new_kernel, extra_arguments=_QUIET)

_await_reply = nbval.kernel.RunningKernel.await_reply


def _await_reply_of_living_kernel(self, msg_id, timeout=None):
    """Wait like nbval, but fail at once when the kernel is dead (out of memory): nbval waits for the whole timeout."""
    end = time.monotonic() + (timeout or float("inf"))
    while True:
        try:
            return _await_reply(self, msg_id, timeout=1)
        except Empty:
            if not self.km.is_alive():
                raise RuntimeError("The notebook's kernel died; the memory may have run out.") from None
            if time.monotonic() > end:
                raise


nbval.kernel.RunningKernel.await_reply = _await_reply_of_living_kernel
