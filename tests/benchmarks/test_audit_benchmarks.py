"""The benchmark of audits still runs; what it measures is for people, not for a test."""

import subprocess
import sys
from pathlib import Path


def test_benchmark_runs(child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name("audit_speed.py"), "3"],
        env=child_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "given again" in done.stdout
