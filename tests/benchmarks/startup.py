"""How long ``rtfractions bed 40Gy/10`` takes to start, as a multiple of ``python -c "import click"``.

Run ``python tests/benchmarks/startup.py``. Both are timed in turn in one run, and the medians compared; the aim
is at most 2.5. Nothing is asserted: what the command imports is tested in ``tests/test_imports.py``.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import click": ["-c", "import click"],
    "rtfractions bed 40Gy/10": ["-m", "rtfractions_cli", "bed", "40Gy/10"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one run of the interpreter."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - started


def measure(rounds: int) -> dict[str, float]:
    """Median wall time of each command in seconds, over rounds in which they take turns."""
    for arguments in COMMANDS.values():
        seconds(arguments)  # the first run compiles
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Print the medians and their ratio."""
    peer, own = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30).items()
    for name, median in (peer, own):
        print(f"{median * 1000:7.1f} ms  {name}")
    print(f"{own[1] / peer[1]:7.2f}     ratio (aim: at most 2.5)")


if __name__ == "__main__":
    main()
