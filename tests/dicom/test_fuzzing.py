"""Damaged files in numbers: no traceback, nothing slow, nothing that eats memory.

`RTFRACTIONS_FUZZ` sets how many files are read; 20 000 take some minutes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_damaged_files_are_read_or_refused(root: Path, child_environment: dict[str, str]) -> None:
    count = int(os.environ.get("RTFRACTIONS_FUZZ", "600"))
    command = [sys.executable, str(root / "tests" / "dicom" / "fuzzing.py"), "--count", str(count)]
    if "RTFRACTIONS_EXTERNAL_DATA" in os.environ:
        command += ["--data", os.environ["RTFRACTIONS_EXTERNAL_DATA"]]
    samples = str(root / "sample_plans")
    environment = {
        **child_environment,
        "PYTHONPATH": f"{child_environment['PYTHONPATH']}{os.pathsep}{samples}",
    }
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    counts = json.loads(run.stdout)
    print(counts)
    assert set(counts) <= {"read", "refused", "seconds", "slowest_s", "peak_mib"}, run.stderr
    assert counts["read"] > 0
    assert counts["refused"] > 0
    assert counts["read"] + counts["refused"] == count
