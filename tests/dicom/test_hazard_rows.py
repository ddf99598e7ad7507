"""Which rows of the hazard catalogue (sections A to F) the corpus has a case for, and why it has none for the rest."""

import importlib.util
from pathlib import Path

SECTIONS = {"A": 30, "B": 27, "C": 20, "D": 12, "E": 44, "F": 25}
"""How many rows each section has."""

WITHOUT_A_CASE = {
    "A10": "how a dose is written, which no file read shows: test_writing.py",
    "A26": "what a written sum must not hold, which no file read shows: test_writing.py",
    "A28": "kinds of stored DVH, read by the dvh command alone: test_second_opinion.py",
}

IN_PART = {
    "A27": "that a stored DVH replaces no dose; both are compared in test_second_opinion.py",
    "A30": "that phases keep their own dose and fractions; conversion before summation is in dosimetry/",
    "B23": "volume and dose at points; the notice of few voxels in a structure belongs to its DVH",
    "B25": "that no dose is made up in the outer half voxel; the covered fraction belongs to the DVH",
    "B27": "that another frame of reference is refused; a registration is noted, and not applied",
    "E34": "that the volume stays whole and no dose is made up; the covered fraction belongs to the DVH",
    "E35": "as E34",
    "E36": "as E34; its DVH is refused",
    "E37": "volume and dose at points; the notice belongs to the DVH",
}
"""What is shown of rows of which a file read shows only a part."""


def test_every_row_has_a_case_or_a_reason() -> None:
    rows = {f"{section}{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)}
    with_case = set()
    for path in sorted(Path(__file__).parent.glob("test_hazard_corpus_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with_case |= {hazard.row for hazard in module.CASES} | getattr(module, "ROWS_TESTED_ALONE", set())
    assert with_case | set(WITHOUT_A_CASE) == rows
    assert not with_case & set(WITHOUT_A_CASE)
    assert set(IN_PART) <= with_case
    for row, reason in sorted(WITHOUT_A_CASE.items()):
        print(f"{row} has no case: {reason}")
