"""Identifiers planted in every input are in no byte that an audit writes, prints or logs."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from synthetic import dicom_bytes
from synthetic_patient import patient
from synthetic_plan import Group, Reference, rt_plan

PLANTED = "XPLANTEDX"
"""Stands in every identifier; a number behind it tells which."""


def planted(dataset: Dataset, number: int) -> Dataset:
    """The object with an identifier in every attribute that should hold one, and in private ones."""
    dataset.PatientID = f"{PLANTED}01-{number}"
    dataset.PatientName = f"{PLANTED}02^Jane"
    dataset.OtherPatientIDs = f"{PLANTED}03"
    dataset.PatientBirthDate = "19330711"
    dataset.PatientBirthName = f"{PLANTED}04"
    dataset.PatientAddress = f"{PLANTED}05"
    dataset.PatientMotherBirthName = f"{PLANTED}06"
    dataset.PatientTelephoneNumbers = f"{PLANTED}07"
    dataset.PatientComments = f"{PLANTED}08"
    dataset.MedicalRecordLocator = f"{PLANTED}09"
    dataset.AccessionNumber = f"{PLANTED}10"
    dataset.InstitutionName = f"{PLANTED}11"
    dataset.InstitutionAddress = f"{PLANTED}12"
    dataset.InstitutionalDepartmentName = f"{PLANTED}13"
    dataset.ReferringPhysicianName = f"{PLANTED}14"
    dataset.OperatorsName = f"{PLANTED}15"
    dataset.PerformingPhysicianName = f"{PLANTED}16"
    dataset.StationName = f"{PLANTED}17"
    dataset.StudyID = f"{PLANTED}18"
    dataset.StudyDescription = f"{PLANTED}19"
    dataset.SeriesDescription = f"{PLANTED}20"
    dataset.ReviewerName = f"{PLANTED}21"
    dataset.IssuerOfPatientID = f"{PLANTED}22"
    dataset.ProtocolName = f"{PLANTED}23"
    block = dataset.private_block(0x0011, f"{PLANTED}24", create=True)
    block.add_new(0x01, "LO", f"{PLANTED}25")
    return dataset


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Whole patients, and one of each way to be refused."""
    root = tmp_path / "in" / f"{PLANTED}30"
    for number in (1, 2):
        for name, dataset in patient("P", number).items():
            path = root / f"{PLANTED}31 {number}" / f"{PLANTED}32 {Path(name).name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dicom_bytes(planted(dataset, number)))
    plans = {
        "fractions": rt_plan("P", 3, [Reference(1, "PTV", "24.0", 7)], [Group("-3")]),
        "dose": rt_plan("P", 4, [Reference(1, "PTV", "-24.0", 7)], [Group("3")]),
        "copy": rt_plan("P", 5, [Reference(1, "PTV", "24.0", 7)], [Group("3")]),
    }
    for number, (name, plan) in enumerate(plans.items(), start=3):
        (root / f"{PLANTED}33 {name}.dcm").write_bytes(dicom_bytes(planted(plan, number)))
    whole = dicom_bytes(planted(plans["copy"], 5))
    (root / f"{PLANTED}34.dcm").write_bytes(whole)  # a copy
    (root / f"{PLANTED}35.dcm").write_bytes(whole[:-40])  # cut short
    (root / f"{PLANTED}36.dcm").write_bytes(whole[:400])  # without a whole header
    other = rt_plan("P", 6, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
    (root / f"{PLANTED}37.dcm").write_bytes(dicom_bytes(planted(other, 6)))
    other.RTPlanLabel = "another"
    (root / f"{PLANTED}38.dcm").write_bytes(dicom_bytes(other))
    similar = rt_plan("P", 7, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
    planted(similar, 1).PatientID = f"{PLANTED.lower()}01-1"
    (root / f"{PLANTED}39.dcm").write_bytes(dicom_bytes(similar))
    (root / f"{PLANTED}40.txt").write_text(PLANTED)
    return root


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A lesion sheet with names where they belong, and where they do not."""
    path = tmp_path / f"{PLANTED}41.csv"
    path.write_text(
        "patient,lesion,schedule,site,start\n"
        f"{PLANTED}01-1,L1,24 Gy/3,lung,\n"
        f"{PLANTED}42,L1,24 Gy/3,lung,\n"
        f"{PLANTED}43,L1,{PLANTED}44,lung,\n"
        f"{PLANTED}45,L1,24 Gy/3,lung,{PLANTED}46\n"
        f"{PLANTED}47,L1,24 Gy/3,lung,,{PLANTED}48\n",
        "utf-8",
    )
    return path


def found_in(text: str | bytes) -> set[str]:
    data = text if isinstance(text, bytes) else text.encode()
    pattern = rb"(?i)" + PLANTED.encode() + rb"\d*|19330711|1933-07-11|1\.2\.826\.0\.1\.3680043[0-9.]*"
    return {match.decode() for match in re.findall(pattern, data)}


@pytest.mark.parametrize("form", ["text", "json", "csv", "html", "junit"])
def test_no_identifier_is_written_printed_or_logged(
    form: str, cohort: Path, sheet: Path, run_inline: Any, tmp_path: Path
) -> None:
    # S16, S17, S19
    out = tmp_path / "out"
    command = ("audit", cohort, "--lesions", sheet, "--protocol", "NCT03406468", "-o", out, "-v")
    for _ in range(2):
        result = run_inline(*command, "--format", form, "--progress", "json")
        assert result.code == 3
        assert found_in(result.out) == set()
        assert found_in(result.err) == set()
    for again in (("report", out, "--format", form), ("report", out, "--format", "checks")):
        result = run_inline(*again)
        assert found_in(result.out + result.err) == set()
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) > 20
    for path in written:
        assert found_in(str(path.relative_to(out))) == set()
        assert found_in(path.read_bytes()) == set(), path.name
    refused = run_inline(*command, "--planned")
    assert found_in(refused.out + refused.err.replace(str(out), "")) == set()


def test_nor_by_worker_processes(cohort: Path, sheet: Path, start: Any, tmp_path: Path) -> None:
    # S16: what libraries print there goes nowhere
    out = tmp_path / "out"
    command = ("audit", cohort, "--lesions", sheet, "--protocol", "NCT03406468", "-o", out)
    code, printed, err = start(*command).finish()
    assert code == 3
    assert found_in(printed + err) == set()
    assert {
        name for path in out.rglob("*") if path.is_file() for name in found_in(path.read_bytes())
    } == set()


def test_what_is_asked_for_is_shown(cohort: Path, sheet: Path, run_inline: Any, tmp_path: Path) -> None:
    # The same search finds IDs and paths where identifiers are included, and names of people not even then.
    out = tmp_path / "out"
    command = ("audit", cohort, "--lesions", sheet, "--protocol", "NCT03406468", "-o", out, "-v")
    result = run_inline(*command, "--include-identifiers")
    assert {f"{PLANTED}01", f"{PLANTED}42", f"{PLANTED}35", f"{PLANTED}41"} <= found_in(
        result.out + result.err
    )
    written = {name for path in out.rglob("*") if path.is_file() for name in found_in(path.read_bytes())}
    assert {f"{PLANTED}01", f"{PLANTED}32"} <= written
    of_people = {f"{PLANTED}{number:02d}" for number in (*range(2, 22), *range(23, 26))}
    assert not written & of_people
    assert not {path.name for path in out.rglob("*") if found_in(path.name)}


def test_two_runs_with_one_key_give_the_same_names(cohort: Path, run_inline: Any, tmp_path: Path) -> None:
    def names(out: str, *options: Any) -> set[str]:
        run_inline("audit", cohort, "--protocol", "NCT03406468", "-o", tmp_path / out, "-q", *options)
        return {path.stem for path in (tmp_path / out / "patients").glob("*.json")}

    key = ("--pseudonym-key", tmp_path / "key")
    assert names("a", *key) == names("b", *key)
    assert not names("a", *key) & names("c", "--pseudonym-key", tmp_path / "other")
    assert (tmp_path / "key").exists()


def test_that_a_key_was_made_is_said_once(cohort: Path, run_inline: Any, tmp_path: Path) -> None:
    command = ("audit", cohort, "--protocol", "NCT03406468", "--pseudonym-key", tmp_path / "key")
    first = run_inline(*command, "-o", tmp_path / "a")
    again = run_inline(*command, "-o", tmp_path / "b")
    assert f"a pseudonym key was made: keep it, and keep it secret ({tmp_path / 'key'})" in first.err
    assert "key was made" not in again.err
    assert (tmp_path / "key").read_text().strip() not in first.out + first.err


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/x", "CON", "a\0b", "x" * 57, "P.", "é", "<img src=x>", "=1+1"]
)
def test_no_name_of_a_file_is_made_of_an_id(name: str, run_inline: Any, tmp_path: Path) -> None:
    # S2, S8, S9: thirty outputs of one hostile ID lie in the folder, and hold it as inert text at most
    cohort, out = tmp_path / "cohort", tmp_path / "deep" / "er" / "out"
    cohort.mkdir()
    plan = rt_plan(name.replace("\0", ""), 1, [Reference(1, name[:60], "24.0", 7)], [Group("3")])
    (cohort / "plan.dcm").write_bytes(dicom_bytes(plan))
    before = set(tmp_path.rglob("*"))
    run_inline("audit", cohort, "--protocol", "NCT03406468", "-o", out, "--include-identifiers", "-q")
    made = {path for path in tmp_path.rglob("*") if path not in before and path.is_file()}
    assert {path.relative_to(out).parts[0] for path in made} <= {
        *("patients", "cohort.json", "run.log", ".lock"),
        *("summary.txt", "summary.json", "summary.csv", "checks.csv", "summary.html", "summary.xml"),
    }
    assert all(
        re.fullmatch(r"P[0-9a-f]{16}\.(json|html)", path.name) for path in (out / "patients").iterdir()
    )
    page = (out / "summary.html").read_text("utf-8")
    assert "<img src=x>" not in page
    assert "\n=1+1" not in (out / "checks.csv").read_text("utf-8")
