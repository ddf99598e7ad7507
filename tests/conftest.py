"""What all tests share: the command line run in this process, and where the samples are."""

import json
import os
import sys
from collections.abc import Callable
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
