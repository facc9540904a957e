"""The same function over many jobs, on a cluster where there is one. Taught in 10_scaling."""

import contextlib
import os


@contextlib.contextmanager
def engine():
    """Yield the module of Ray, connected to the cluster that RAY_ADDRESS names, else to one on this machine alone.

    What was started here ends with the block. Without Ray (``pip install "aigc-utils[scale]"``), and where it cannot be
    started here, which it says, it yields None.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        yield None
        return
    if ray.is_initialized():  # by a block around this one, which ends it
        yield ray
        return
    try:
        ray.init(os.environ.get("RAY_ADDRESS", "local"), log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # of several kinds: a busy machine, which gets 30 seconds, ends in a bare Exception
        ray.shutdown()
        if "RAY_ADDRESS" in os.environ:
            raise
        print(f"Ray cannot be started here, so all runs in this process: {error}")
        ray = None
    try:
        yield ray
    finally:
        if ray:
            ray.shutdown()


def spread(function, jobs):
    """Yield ``function(*job)`` for every job, in their order: tasks of a core each with Ray, else one after another."""
    with engine() as ray:
        if ray is None:
            yield from (function(*job) for job in jobs)
        else:
            task = ray.remote(num_cpus=1)(function)
            yield from map(ray.get, [task.remote(*job) for job in jobs])
