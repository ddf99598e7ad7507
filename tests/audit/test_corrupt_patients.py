"""Corrupt patients of every class among good ones: the good ones' results are the same bytes."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hazard_corpus import Case
from synthetic_trio import trio, write

LONG = bool(os.environ.get("RTFRACTIONS_FAULTS"))
EVERY = 1 if LONG else 9
"""Of how many cases one is taken; the long mode takes all."""


def corpus(root: Path) -> Iterator[Case]:
    """The cases of the hazard corpus, as the tests of reading have them."""
    for name in ("dose", "plan", "structures"):
        path = root / "tests" / "dicom" / f"test_hazard_corpus_{name}.py"
        spec = importlib.util.spec_from_file_location(f"corpus_of_{name}", path)
        assert spec is not None
        assert spec.loader is not None
        module: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield from module.CASES


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_good_patients_are_the_same_among_corrupt_ones(root: Path, make_cohort: Any, audit: Any) -> None:
    # R3, and R19 with them
    cohort = make_cohort(3)
    good = audit(cohort, output="good")
    cases = list(corpus(root))[::EVERY]
    assert len(cases) > 20
    for number, case in enumerate(cases, start=500):
        files = trio(f"BAD{number}", number)
        case.change(files)
        (cohort / f"0 {number}").mkdir()
        write(files, cohort / f"0 {number}")
    found = audit(cohort)
    assert {name: found.results()[name] for name in good.results()} == good.results()
    assert sum(entry.count for entry in found.document.outcomes) == found.document.patients_found
    outcomes = found.outcomes()
    assert not {"crashed", "timeout", "out_of_memory"} & set(outcomes)
    assert found.document.errors
    # Refused ones are refused with a reason, one line each.
    for line in found.document.patients:
        assert line.headline
    for error in found.document.errors:
        assert error.message
        assert error.message.isprintable()
    assert 3 in found.document.exit_reasons
