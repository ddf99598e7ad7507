"""Bad inputs: one clear line on stderr, the contract's exit code, never a traceback."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan

SAMPLE = Path(__file__).parents[2] / "sample_plans" / "reinduction.csv"

SHEET_HEADER = "patient,lesion,schedule,start,end,fractions_delivered,max_diameter_mm\n"


def plan(**changes: Any) -> bytes:
    dataset = rt_plan(
        "P1", 1, [Reference(1, "PTV", changes.pop("dose", "24.0"), 7)], [Group(changes.pop("fractions", "3"))]
    )
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dicom_bytes(dataset)


@dataclass(frozen=True)
class Case:
    """A bad input: what is typed (FILE stands for a file of that name and content), and how it must end."""

    arguments: tuple[str, ...]
    code: int
    said: str
    name: str = ""
    content: str | bytes = ""


def typed(*arguments: str, said: str) -> Case:
    return Case(arguments, 2, said)


def sheet(content: str | bytes, said: str, name: str = "sheet.csv") -> Case:
    return Case(("check", "FILE", "--protocol", "NCT03406468"), 3, said, name, content)


def plan_file(content: bytes, said: str) -> Case:
    return sheet(content, said, "plan.dcm")


def protocol(content: str, said: str) -> Case:
    return Case(("check", str(SAMPLE), "--protocol", "FILE"), 2, said, "p.yaml", content)


CASES = [
    typed("bed", "3x8", said="3x8Gy"),
    typed("bed", "50Gy", said="50Gy/N"),
    typed("bed", "66/2.2", said="66Gy@2.2Gy"),
    typed("bed", "60/2", said="60Gy@2Gy"),
    typed("bed", "2,400 cGy", said="2400"),
    typed("bed", "2Gy/30", said="--allow-unusual"),
    typed("bed", "2400Gy/3", said="cGy"),
    typed("bed", "20-24 Gy/1", said="range"),
    typed("bed", "45Gy/30 BID 5/wk", said="BID 10/wk"),
    typed("bed", "70Gy(RBE)/35 + 10Gy/5", said="RBE"),
    typed("bed", "--", "-2Gy/3", said="not a schedule"),
    typed("bed", said="SCHEDULE"),
    typed("bed", "40Gy/10", "--alpha-beta", "0", said="0.1 to 100"),
    typed("bed", "40Gy/10", "--alpha-beta", "-3", said="0.1 to 100"),
    typed("bed", "40Gy/10", "--alpha-beta", "nan", said="0.1 to 100"),
    typed("bed", "40Gy/10", "--alpha-beta", "3,1", said="not a number"),
    typed("bed", "40Gy/10", "--alpha-beta", "101", said="0.1 to 100"),
    typed("bed", "40Gy/10", "--alfa", "3", said="--alfa"),
    typed("bed", "40Gy/10", "--format", "xml", said="xml"),
    typed("beds", "40Gy/10", said="beds"),
    sheet("patient,lesion,shedule\nP1,L1,24 Gy/3\n", "did you mean 'schedule'?"),
    sheet("patient,lesion\nP1,L1\n", "'schedule' is missing"),
    sheet(SHEET_HEADER, "no rows"),
    sheet("", "empty"),
    sheet("patient\xff".encode("latin-1"), "UTF-8"),
    sheet(SHEET_HEADER + "P1,L1,3x8,,,,\n", "row 2, column schedule"),
    sheet(SHEET_HEADER + "P1,L1,24 Gy/3,2019-03-08,2019-03-04,,\n", "row 2, column end"),
    sheet(SHEET_HEADER + "P1,L1,24 Gy/3,2019-03-04,2019-03-05,,\n", "row 2, column end"),
    sheet(SHEET_HEADER + "P1,L1,24 Gy/3,04/03/2019,,,\n", "row 2, column start"),
    sheet(SHEET_HEADER + "P1,L1,24 Gy/3,,,three,\n", "row 2, column fractions_delivered"),
    sheet(SHEET_HEADER + "P1,L1,24 Gy/3,,,,2 cm\n", "row 2, column max_diameter_mm"),
    sheet("- {patient: P1, lesion: L1, shedule: 24 Gy/3}\n", "line 1, column 29", "sheet.yaml"),
    sheet("a: [\n", "YAML", "sheet.yaml"),
    plan_file(b"not DICOM at all", "is no RT object"),
    plan_file(plan()[:900], "cut short"),
    plan_file(plan(dose="2400"), "TargetPrescriptionDose"),
    plan_file(plan(dose="0"), "TargetPrescriptionDose"),
    plan_file(plan(fractions="0"), "NumberOfFractionsPlanned"),
    plan_file(plan(SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"), "is no RT object"),
    plan_file(plan(BeamSequence=[]), "BeamSequence"),
    protocol("", "is empty"),
    protocol("schema: rtfractions.protocol/1\n", "missing"),
    protocol("id: a\nid: b\n", "line 2, column 1"),
    protocol("id: &a b\n", "anchors"),
    protocol("- [\n", "YAML"),
    typed("check", str(SAMPLE), "--protocol", "NCT0340646", said="did you mean NCT03406468?"),
    typed("check", str(SAMPLE), "--protocol", "no-such.yaml", said="cannot be read"),
    typed("check", "missing.csv", "--protocol", "NCT03406468", said="does not exist"),
    typed("check", ".", "--protocol", said="--protocol"),
    typed("check", ".", said="--protocol"),
    typed("check", "--protocol", "NCT03406468", said="PATH"),
    typed("check", str(SAMPLE), "--protocol", "x" * 300, said="no protocol"),
    typed("check", str(SAMPLE), "--protocol", "x" * 300 + ".yaml", said="cannot be read"),
    typed("protocol", "show", "NCT0340646", said="did you mean NCT03406468?"),
    typed("protocol", "validate", "missing.yaml", said="does not exist"),
    typed("protocol", "schema", "chek", said="chek"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{' '.join(case.arguments)[:60]}-{case.said}")
def test_bad_input(case: Case, run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / (case.name or "none")
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    result = run(*(str(path) if word == "FILE" else word for word in case.arguments))
    assert result.code == case.code
    assert "Traceback" not in result.out + result.err
    errors = [line for line in result.err.splitlines() if line.startswith("rtfractions: error: ")]
    others = [line for line in result.err.splitlines() if line not in errors]
    assert len(errors) == 1
    assert all(line.startswith(("rtfractions: warning: ", "rtfractions: summary: ")) for line in others)
    assert case.said in errors[0]
    assert case.name in errors[0]
    assert len(errors[0]) < 500
    if case.code == 2:
        assert result.out == ""


def test_there_are_enough_cases_of_each_kind() -> None:
    kinds = [case.name or case.arguments[0] for case in CASES]
    assert len(CASES) >= 50
    assert {"bed", "sheet.csv", "sheet.yaml", "plan.dcm", "p.yaml", "check", "protocol"} <= set(kinds)


@pytest.mark.parametrize(("name", "code"), [("missing/out.txt", 3), ("x" * 300, 3), (".", 2)])
def test_an_output_that_cannot_be_written_is_refused(
    run: Callable[..., Any], tmp_path: Path, name: str, code: int
) -> None:
    result = run("bed", "40Gy/10", "-q", "-o", tmp_path / name)
    assert result.code == code  # a folder is refused as an option already
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert str(tmp_path) in result.err
