"""The benchmarks still run; what they measure is for people, not for a test."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["startup.py"])
def test_benchmark_runs(name: str, child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name(name), "1"],
        env=child_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ratio" in done.stdout
