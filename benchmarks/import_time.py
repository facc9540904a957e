"""Seconds that `import aigc_utils` takes in a process of its own: the best of several."""

import subprocess
import sys

CODE = "import time; begin = time.perf_counter(); import aigc_utils; print(time.perf_counter() - begin)"


def import_seconds(repeats: int = 7) -> float:
    """Return the shortest of ``repeats`` imports of aigc_utils, each in a process of its own, in seconds."""
    return min(float(subprocess.check_output([sys.executable, "-c", CODE], text=True)) for _ in range(repeats))


if __name__ == "__main__":
    print(f"import aigc_utils: {import_seconds() * 1000:.1f} ms (best of 7)")
