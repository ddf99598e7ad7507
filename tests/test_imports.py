"""The command starts light: what a command does not need, it does not import."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEAVY = ("numpy", "pydicom", "matplotlib", "dicompylercore", "ruamel.yaml", "msgspec", "jinja2", "rich")

SCRIPT = """
import json, sys
from rtfractions_cli.main import main
sys.argv = ["rtfractions", *json.loads(sys.argv[1])]
code = main()
print(json.dumps([name for name in {heavy!r} if name in sys.modules]), file=sys.stderr)
sys.exit(code)
"""


Imported = Callable[..., list[str]]


@pytest.fixture
def imported_by(child_environment: dict[str, str]) -> Imported:
    """``imported_by("bed", "40Gy/10")``: which heavy modules the command imports."""

    def call(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), json.dumps(arguments)],
            env=child_environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[str] = json.loads(done.stderr.splitlines()[-1])
        return found

    return call


@pytest.mark.parametrize("output_format", ["text", "json", "csv"])
def test_bed_imports_nothing_heavy(imported_by: Imported, output_format: str) -> None:
    assert imported_by("bed", "40Gy/10", "--format", output_format) == []


def test_help_imports_nothing_heavy(imported_by: Imported) -> None:
    assert imported_by("--help") == []


@pytest.mark.parametrize("protocol", ["NCT03176173", "review_protocol.yaml"])
def test_a_lesion_sheet_is_graded_without_numpy_and_pydicom(
    imported_by: Imported, samples: Path, protocol: str
) -> None:
    named = str(samples / protocol) if protocol.endswith(".yaml") else protocol
    found = imported_by("check", str(samples / "gensheimer.yaml"), "--protocol", named, "--exit-zero")
    assert not set(found) & {"numpy", "pydicom", "matplotlib"}
