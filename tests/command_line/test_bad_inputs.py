"""Bad inputs: one clear line on stderr, the contract's exit code, never a traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from make_samples import Group, Reference, dicom_bytes, rt_plan

SHEET_HEADER = "patient,lesion,schedule,start,end,fractions_delivered,max_diameter_mm\n"


def plan(**changes: Any) -> bytes:
    dataset = rt_plan(
        "P1", 1, [Reference(1, "PTV", changes.pop("dose", "24.0"), 7)], [Group(changes.pop("fractions", "3"))]
    )
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dicom_bytes(dataset)


BED: list[tuple[list[str], str]] = [
    (["bed", "3x8"], "3x8Gy"),
    (["bed", "50Gy"], "50Gy/N"),
    (["bed", "66/2.2"], "66Gy@2.2Gy"),
    (["bed", "60/2"], "60Gy@2Gy"),
    (["bed", "2,400 cGy"], "2400"),
    (["bed", "2Gy/30"], "--allow-unusual"),
    (["bed", "2400Gy/3"], "cGy"),
    (["bed", "20-24 Gy/1"], "range"),
    (["bed", "45Gy/30 BID 5/wk"], "BID 10/wk"),
    (["bed", "70Gy(RBE)/35 + 10Gy/5"], "RBE"),
    (["bed", "--", "-2Gy/3"], "not a schedule"),
    (["bed"], "SCHEDULE"),
    (["bed", "40Gy/10", "--alpha-beta", "0"], "0.1 to 100"),
    (["bed", "40Gy/10", "--alpha-beta", "-3"], "0.1 to 100"),
    (["bed", "40Gy/10", "--alpha-beta", "nan"], "0.1 to 100"),
    (["bed", "40Gy/10", "--alpha-beta", "3,1"], "not a number"),
    (["bed", "40Gy/10", "--alpha-beta", "101"], "0.1 to 100"),
    (["bed", "40Gy/10", "--alfa", "3"], "--alfa"),
    (["bed", "40Gy/10", "--format", "xml"], "xml"),
    (["beds", "40Gy/10"], "beds"),
]

FILES: list[tuple[str, str | bytes, int, str]] = [
    ("sheet.csv", "patient,lesion,shedule\nP1,L1,24 Gy/3\n", 3, "did you mean 'schedule'?"),
    ("sheet.csv", "patient,lesion\nP1,L1\n", 3, "'schedule' is missing"),
    ("sheet.csv", SHEET_HEADER, 3, "no rows"),
    ("sheet.csv", "", 3, "empty"),
    ("sheet.csv", "patient\xff".encode("latin-1"), 3, "UTF-8"),
    ("sheet.csv", SHEET_HEADER + "P1,L1,3x8,,,,\n", 3, "row 2, column schedule"),
    ("sheet.csv", SHEET_HEADER + "P1,L1,24 Gy/3,2019-03-08,2019-03-04,,\n", 3, "row 2, column end"),
    ("sheet.csv", SHEET_HEADER + "P1,L1,24 Gy/3,2019-03-04,2019-03-05,,\n", 3, "row 2, column end"),
    ("sheet.csv", SHEET_HEADER + "P1,L1,24 Gy/3,04/03/2019,,,\n", 3, "row 2, column start"),
    ("sheet.csv", SHEET_HEADER + "P1,L1,24 Gy/3,,,three,\n", 3, "row 2, column fractions_delivered"),
    ("sheet.csv", SHEET_HEADER + "P1,L1,24 Gy/3,,,,2 cm\n", 3, "row 2, column max_diameter_mm"),
    ("sheet.yaml", "- {patient: P1, lesion: L1, shedule: 24 Gy/3}\n", 3, "line 1, column 29"),
    ("sheet.yaml", "a: [\n", 3, "YAML"),
    ("plan.dcm", b"not DICOM at all", 3, "no DICOM file"),
    ("plan.dcm", plan()[:900], 3, "cut short"),
    ("plan.dcm", plan(dose="2400"), 3, "TargetPrescriptionDose"),
    ("plan.dcm", plan(dose="0"), 3, "TargetPrescriptionDose"),
    ("plan.dcm", plan(fractions="0"), 3, "NumberOfFractionsPlanned"),
    ("plan.dcm", plan(SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"), 3, "no RT Plan"),
    ("plan.dcm", plan(BeamSequence=[]), 3, "BeamSequence"),
]

PROTOCOLS: list[tuple[str, str, str]] = [
    ("p.yaml", "", "is empty"),
    ("p.yaml", "schema: rtfractions.protocol/1\n", "missing"),
    ("p.yaml", "id: a\nid: b\n", "line 2, column 1"),
    ("p.yaml", "id: &a b\n", "anchors"),
    ("p.yaml", "- [\n", "YAML"),
    ("NCT0340646", "", "did you mean NCT03406468?"),
    ("no-such.yaml", "", "cannot be read"),
]


def one_clear_line(err: str, said: str) -> bool:
    lines = [line for line in err.splitlines() if not line.startswith("rtfractions: warning: ")]
    errors = [line for line in lines if line.startswith("rtfractions: error: ")]
    return (
        len(errors) == 1
        and len(lines) <= 2
        and said in errors[0]
        and "Traceback" not in err
        and len(errors[0]) < 500
    )


@pytest.mark.parametrize(
    ("arguments", "said"), BED, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_what_is_typed_wrong_is_usage(run: Callable[..., Any], arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert one_clear_line(result.err, said), result.err


@pytest.mark.parametrize(("name", "content", "code", "said"), FILES)
def test_a_bad_file_is_refused_by_name(
    run: Callable[..., Any], tmp_path: Path, name: str, content: str | bytes, code: int, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("check", path, "--protocol", "NCT03406468")
    assert result.code == code
    assert one_clear_line(result.err, said), result.err
    assert name in result.err


@pytest.mark.parametrize(("name", "content", "said"), PROTOCOLS)
def test_a_bad_protocol_is_usage(
    run: Callable[..., Any], samples: Path, tmp_path: Path, name: str, content: str, said: str
) -> None:
    protocol = tmp_path / name if name == "p.yaml" else Path(name)
    if name == "p.yaml":
        protocol.write_text(content)
    for result in (
        run("check", samples / "reinduction.csv", "--protocol", protocol),
        run("protocol", "show", protocol),
    ):
        assert (result.code, result.out) == (2, "")
        assert one_clear_line(result.err, said), result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "missing.csv", "--protocol", "NCT03406468"], "does not exist"),
        (["check", ".", "--protocol"], "--protocol"),
        (["check", "."], "--protocol"),
        (["check", "--protocol", "NCT03406468"], "PATH"),
        (["protocol", "validate", "missing.yaml"], "does not exist"),
        (["protocol", "schema", "chek"], "chek"),
    ],
)
def test_missing_paths_and_options_are_usage(
    run: Callable[..., Any], arguments: list[str], said: str
) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert one_clear_line(result.err, said), result.err


def test_two_sheets_are_usage(run: Callable[..., Any], samples: Path) -> None:
    sheet = samples / "reinduction.csv"
    result = run("check", sheet, "--lesions", sheet, "--protocol", "NCT03406468")
    assert (result.code, result.out) == (2, "")
    assert one_clear_line(result.err, "one lesion sheet"), result.err


@pytest.mark.parametrize("name", ["missing/out.txt", "."])
def test_an_output_that_cannot_be_written_is_refused(
    run: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    result = run("bed", "40Gy/10", "-q", "-o", tmp_path / name)
    assert result.code in (2, 3)
    assert result.out == ""
    assert one_clear_line(result.err, str(tmp_path)), result.err
