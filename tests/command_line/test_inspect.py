"""``rtfractions inspect``: what a physicist runs first on an unknown folder."""

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from synthetic import dicom_bytes
from synthetic_patient import patient

from rtfractions.dicom import Limits
from rtfractions_cli.inspect_command import inspect

Run = Callable[..., Any]

SPHERE_CM3 = 4 / 3 * math.pi * 2.0**3


@pytest.fixture
def document(run: Run, samples: Path) -> Any:
    return run("inspect", samples / "patient", "--format", "json").json


def test_the_sample_patient_is_told_in_one_tree(run: Run, samples: Path) -> None:
    result = run("inspect", samples / "patient")
    assert result.code == 0
    assert result.err == ""
    lines = result.out.splitlines()
    assert lines[0] == "patient RI-54"
    for said in (
        "24 Gy / 3 to PTV (structure 1), from the target's dose reference",
        "dose (dose.dcm): PLAN, physical, maximum 29.89 Gy, 1.25 times the highest prescription",
        "40 x 40 x 30 voxels of 3 x 3 x 3 mm",
        "structure set 'STRUCTURES' (structures.dcm): 7 structures",
        "refused: the structure has no contours",
        "3 fractions delivered, 2026-01-12 to 2026-01-16 (3 treatment records)",
        "1 patient, 6 files read",
    ):
        assert said in result.out
    assert max(map(len, lines)) <= 140


def test_numbers_are_those_the_sample_was_made_from(document: Any) -> None:
    (found,) = document["patients"]
    (plan,) = found["plans"]
    assert plan["dose"]["maximum_gy"] == pytest.approx(
        30 * math.exp(-3 * 1.5**2 / (2 * 29.938**2)), abs=0.001
    )
    assert plan["targets"][0]["schedule"] == "24 Gy / 3"
    assert plan["targets"][0]["structure_name"] == "PTV"
    assert plan["delivery"] == {"fractions_delivered": 3, "start": "2026-01-12", "end": "2026-01-16"}
    structures = {s["name"]: s for s in found["structure_sets"][0]["structures"]}
    assert structures["PTV"]["volume_cm3"] == pytest.approx(SPHERE_CM3, rel=0.01)
    ring = math.pi * (3.5**2 - 2.5**2) * 9 * 0.3
    assert structures["Ring"]["volume_cm3"] == pytest.approx(ring, rel=0.005)
    assert structures["Heart"]["error"] is not None
    assert structures["Heart"]["volume_cm3"] is None


def test_the_json_is_as_its_schema_says(document: Any, root: Path) -> None:
    schema = json.loads((root / "docs" / "schemas" / "inspect.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    assert document["schema"] == "rtfractions.inspect/1"
    assert {file["modality"] for file in document["inputs"]} == {"RTPLAN", "RTDOSE", "RTSTRUCT", "RTRECORD"}


def test_the_csv_says_what_the_json_says(run: Run, samples: Path, document: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(run("inspect", samples / "patient", "--format", "csv").out)))
    volumes = {row["name"]: float(row["value"]) for row in rows if row["property"] == "volume"}
    structures = document["patients"][0]["structure_sets"][0]["structures"]
    assert volumes == {s["name"]: s["volume_cm3"] for s in structures if s["volume_cm3"] is not None}
    assert {row["unit"] for row in rows if row["property"] == "volume"} == {"cm3"}


def test_an_archive_is_read_without_unpacking_it(run: Run, samples: Path, tmp_path: Path) -> None:
    # S13: members are streamed; their names are only told
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted((samples / "patient").iterdir()):
            packed.write(path, f"../../{path.name}")
    before = sorted(tmp_path.rglob("*"))
    result = run("inspect", archive, "--format", "json").json
    assert result["patients"][0]["plans"][0]["dose"]["maximum_gy"] == pytest.approx(29.887, abs=0.001)
    assert result["inputs"][0]["path"] == f"{archive}!../../dose.dcm"
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_refused_stands_in_the_text_and_on_stderr(run: Run, tmp_path: Path) -> None:
    objects = patient("P1", 1)
    objects["patient/dose.dcm"].DoseUnits = "RELATIVE"
    for name, dataset in objects.items():
        (tmp_path / Path(name).name).write_bytes(dicom_bytes(dataset))
    result = run("inspect", tmp_path)
    said = "dose.dcm, (3004,0002) DoseUnits: the dose is relative to an unknown dose"
    assert result.code == 3
    assert f"refused: {said}" in " ".join(result.out.split())
    assert f"rtfractions: error: {said}" in result.err
    assert "no dose of this plan" in result.out


def test_notes_stand_at_their_object_and_in_json_on_stderr_too(run: Run, tmp_path: Path) -> None:
    objects = patient("P1", 1)
    objects["patient/plan.dcm"].ApprovalStatus = "UNAPPROVED"
    for name, dataset in objects.items():
        (tmp_path / Path(name).name).write_bytes(dicom_bytes(dataset))
    text = run("inspect", tmp_path)
    assert "note: the plan's approval status is unapproved" in text.out
    assert text.err == ""
    as_json = run("inspect", tmp_path, "--format", "json")
    assert as_json.json["patients"][0]["plans"][0]["warnings"][0]["code"] == "plan.not-approved"
    assert "warning: plan.dcm: the plan's approval status" in as_json.err


def test_no_name_birth_date_or_institution_is_printed(run: Run, tmp_path: Path) -> None:
    # S16
    objects = patient("P1", 1)
    for name, dataset in objects.items():
        dataset.PatientName, dataset.PatientBirthDate = "Canary^Name", "19010203"
        dataset.InstitutionName, dataset.OperatorsName = "CanaryHospital", "CanaryOperator"
        dataset.AccessionNumber, dataset.ReferringPhysicianName = "CanaryAcc", "CanaryDoctor"
        dataset.StudyDescription = "CanaryStudy"
        if "Dose" in name:
            dataset.DoseComment = "CanaryComment"
        (tmp_path / Path(name).name).write_bytes(dicom_bytes(dataset))
    for output_format in ("text", "json", "csv"):
        result = run("inspect", tmp_path, "--format", output_format)
        assert "Canary" not in result.out + result.err
        assert "19010203" not in result.out + result.err


def test_names_cannot_act_on_the_terminal(run: Run, tmp_path: Path) -> None:
    # E41, S15
    objects = patient("P1", 1)
    rois = objects["patient/structures.dcm"].StructureSetROISequence
    rois[0].ROIName, rois[1].ROIName = "PTV\x1b[31m", "=1+1"
    objects["patient/plan.dcm"].RTPlanLabel = "a\u202eb"
    for name, dataset in objects.items():
        (tmp_path / Path(name).name).write_bytes(dicom_bytes(dataset))
    for output_format in ("text", "json", "csv"):
        out = run("inspect", tmp_path, "--format", output_format).out
        assert "\x1b" not in out
        assert "\u202e" not in out
    assert ",'=1+1," in run("inspect", tmp_path, "--format", "csv").out


class TestLimits:
    def test_a_limit_can_be_moved(self, run: Run, samples: Path) -> None:
        result = run("inspect", samples / "patient", "--limit", "voxels=1000", "--limit", "contours=10")
        assert result.code == 3
        assert "more than the 1000 that are read" in result.err
        assert "more than the 10" in result.err

    @pytest.mark.parametrize(
        "text", ["voxel=1", "voxels=0", "voxels=-1", "voxels=many", "voxels", "voxels=1e9"]
    )
    def test_what_is_no_limit_is_a_usage_error(self, run: Run, samples: Path, text: str) -> None:
        result = run("inspect", samples / "patient", "--limit", text)
        assert result.code == 2
        assert result.out == ""
        assert "limit" in result.err

    def test_the_help_names_them_all(self) -> None:
        (option,) = [option for option in inspect.params if option.name == "limit"]
        assert isinstance(option, click.Option)
        assert all(field.name in str(option.help) for field in fields(Limits))


def test_an_empty_folder_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("inspect", tmp_path)
    assert result.code == 3
    assert "holds no RT object" in result.err


def test_the_delivery_of_records_is_graded(run: Run, samples: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule,fractions_delivered\nRI-54,L1,24 Gy/3,2\n")
    arguments = ("check", samples / "patient", "--protocol", "NCT03406468", "--format", "json")
    (alone,) = run(*arguments).json["patients"]
    (beside,) = run(*arguments, "--lesions", sheet).json["patients"]
    verdicts = [
        next(c for c in patient["lesions"][0]["checks"] if c["rule"] == "delivery")
        for patient in (alone, beside)
    ]
    assert [check["verdict"] for check in verdicts] == ["per_protocol", "query"]
    assert verdicts[0]["observed"] == 3
    assert verdicts[1]["message"].startswith("delivered 2 by the lesion sheet, 3 by the treatment records")
