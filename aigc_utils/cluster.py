"""The same function over many jobs, on a cluster where there is one. Taught in 10_scaling."""

import contextlib
import os


@contextlib.contextmanager
def engine():
    """Give the package Ray, connected to the cluster that RAY_ADDRESS names, else to one on this machine alone.

    What was started here ends with the block. Without Ray (``pip install "aigc-utils[scale]"``) it gives None.
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
    ray.init(os.environ.get("RAY_ADDRESS", "local"), log_to_driver=False, logging_level="ERROR")
    try:
        yield ray
    finally:
        ray.shutdown()


def spread(function, jobs):
    """Yield ``function(*job)`` for every job, in their order: tasks of a core each with Ray, else one after another."""
    with engine() as ray:
        if ray is None:
            yield from (function(*job) for job in jobs)
        else:
            task = ray.remote(num_cpus=1)(function)
            yield from map(ray.get, [task.remote(*job) for job in jobs])
