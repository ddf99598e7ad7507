"""`fractions/` and `cli/` are source roots: nothing in them may hide the standard library."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("source_root", "package"), [("fractions", "rtfractions"), ("cli", "rtfractions_cli")]
)
def test_a_source_root_holds_one_package_and_no_module(root: Path, source_root: str, package: str) -> None:
    entries = [entry for entry in (root / source_root).iterdir() if entry.name != "__pycache__"]
    assert [entry.name for entry in entries] == [package]
    assert package not in sys.stdlib_module_names


def test_fractions_is_the_standard_librarys() -> None:
    import fractions

    assert fractions.__file__ is not None
    assert Path(fractions.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_from_the_root_fractions_is_the_standard_librarys(root: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    script = "import fractions; print(fractions.Fraction(1, 3))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1/3\n"


def test_no_test_folder_is_a_package_or_named_after_ours(root: Path) -> None:
    folders = [folder for folder in (root / "tests").rglob("*") if folder.is_dir()]
    assert not [folder for folder in folders if (folder / "__init__.py").exists()]
    assert not {folder.name for folder in folders} & {"rtfractions", "rtfractions_cli"}
