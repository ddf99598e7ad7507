"""How long BED and EQD2 of a large dose grid take, as a multiple of one ``numpy.multiply`` over the same array.

Run ``python tests/benchmarks/eqd2_grid.py``. The grid has 60 million voxels of float64; both write into an array made
before, ours after checking every voxel. The aim is at most 3. The memory is the peak of what is allocated meanwhile.
"""

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from rtfractions.biology import bed, eqd2

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Wall time of one pass."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(works: dict[str, Work], rounds: int) -> dict[str, float]:
    """Median wall time of each, over rounds in which they take turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()  # the first pass touches the memory
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}


def peak_memory(work: Work) -> int:
    """Largest number of bytes allocated at one time."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main() -> None:
    """Print the medians, their ratios and the memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument("--size", type=float, default=1.0, help="part of the full size")
    arguments = parser.parse_args()
    dose = np.random.default_rng(1).random(max(1, round(60_000_000 * arguments.size))) * 80
    single = dose.astype(np.float32)
    out = np.zeros_like(dose)
    works: dict[str, Work] = {
        "numpy.multiply": lambda: np.multiply(dose, dose, out=out),
        "bed": lambda: bed(dose, fractions=30, alpha_beta_gy=3, out=out),
        "eqd2": lambda: eqd2(dose, fractions=30, alpha_beta_gy=3, out=out),
        "eqd2 of float32": lambda: eqd2(single, fractions=30, alpha_beta_gy=3, out=out),
    }
    times = compare(works, arguments.rounds)
    for name, median in times.items():
        print(f"{median * 1000:9.1f} ms   {peak_memory(works[name]) / 2**20:7.2f} MiB extra   {name}")
    print(f"{dose.nbytes / 2**20:25.0f} MiB the dose itself")
    for name in ("bed", "eqd2", "eqd2 of float32"):
        print(
            f"{times[name] / times['numpy.multiply']:9.2f}      {name}: ratio to numpy.multiply (aim: at most 3)"
        )


if __name__ == "__main__":
    main()
