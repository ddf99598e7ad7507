"""The benchmarks still run; what they measure is for people, not for a test."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("startup.py", []),
        ("reading.py", ["--size", "0.005"]),
        ("eqd2_grid.py", ["--size", "0.005"]),
    ],
)
def test_benchmark_runs(name: str, size: list[str], child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name(name), "1", *size],
        env=child_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ratio" in done.stdout
