"""What all tests share: the command line run in this process, and where the samples are."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Result:
    """How a run of the command line ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def root() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture
def samples() -> Path:
    """The folder of the sample plans."""
    return ROOT / "sample_plans"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``run("bed", "40Gy/10")``: the command as a user types it."""
    from rtfractions_cli.main import main

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["rtfractions", *map(str, arguments)])
        code = main()
        captured = capsys.readouterr()
        return Result(int(code), captured.out, captured.err)

    return call


@pytest.fixture
def child_environment() -> dict[str, str]:
    """Environment of a child process that finds the packages, installed or not."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("fractions", "cli"))}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, for tests that open pages as a reader does."""
    program = next(
        (found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None
    )
    if program is None:
        pytest.skip("there is no Chromium here: pages were not opened in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
