"""The DVH benchmarks still run; what they measure is for people, not for a test."""

import subprocess
import sys
from pathlib import Path

import pytest

REVIEW = [
    str(Path(__file__).parents[2] / "sample_plans" / "review" / name)
    for name in ("dose1.dcm", "structures.dcm")
]


@pytest.mark.parametrize(
    ("name", "options", "shows"),
    [
        ("dvh_accuracy.py", ["60"], "ours"),
        ("dvh_speed.py", ["1", "--structures", "4"], "ours"),
        ("dvh_limits.py", ["1"], "capsule"),
        ("dvh_steep.py", [*REVIEW, "--points", "2000"], "D50%"),
    ],
)
def test_benchmark_runs(name: str, options: list[str], shows: str, child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name(name), *options],
        env=child_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shows in done.stdout
