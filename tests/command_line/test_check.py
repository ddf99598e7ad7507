"""``rtfractions check``: one review, three forms, and the exit codes of the contract."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from synthetic import dicom_bytes
from synthetic_plan import Group, Reference, rt_plan

from rtfractions.reports.schemas import json_schema

Run = Callable[..., Any]

SHEETS = [
    ("reinduction.csv", "NCT03406468"),
    ("gensheimer.csv", "NCT03176173"),
    ("gensheimer.yaml", "NCT03176173"),
    ("plans/reinduction", "NCT03406468"),
    ("plans/gensheimer", "NCT03176173"),
    ("local.csv", "local_protocol.yaml"),
]


def arguments(samples: Path, name: str, protocol: str) -> list[Any]:
    return [
        "check",
        samples / name,
        "--protocol",
        samples / protocol if protocol.endswith("yaml") else protocol,
    ]


@pytest.mark.parametrize(("name", "protocol"), SHEETS)
def test_text_json_and_csv_agree_on_every_verdict(name: str, protocol: str, run: Run, samples: Path) -> None:
    call = arguments(samples, name, protocol)
    document = run(*call, "--format", "json").json
    table = list(csv.DictReader(io.StringIO(run(*call, "--format", "csv").out)))
    text = run(*call, "--verbose").out

    in_json: dict[tuple[str, str, str], str] = {}
    for patient in document["patients"]:
        in_json[patient["patient"], "", "patient"] = patient["verdict"]
        for check in patient["checks"]:
            in_json[patient["patient"], "", check["rule"]] = check["verdict"]
        for lesion in patient["lesions"]:
            in_json[patient["patient"], lesion["lesion"], "lesion"] = lesion["verdict"]
            for check in lesion["checks"]:
                in_json[patient["patient"], lesion["lesion"], check["rule"]] = check["verdict"]
    in_csv = {(row["patient"], row["lesion"], row["rule"]): row["verdict"] for row in table}
    assert in_csv == in_json
    assert in_text(text) == {key: verdict.replace("_", " ") for key, verdict in in_json.items()}


def in_text(text: str) -> dict[tuple[str, str, str], str]:
    """Every verdict of a verbose text report."""
    found: dict[tuple[str, str, str], str] = {}
    table, patient, lesions = True, "", set()
    for line in text.splitlines():
        if (
            table
            and (cells := [cell for cell in line.split("  ") if cell])
            and len(cells) >= 8
            and cells[0] != "patient"
        ):
            verdict = cells[-1].strip()
            found[cells[0].strip(), cells[1].strip(), "lesion"] = (
                "not applicable" if verdict == "off study" else verdict
            )
            lesions.add(cells[1].strip())
        elif (
            line
            and not line.startswith(" ")
            and ": " in line
            and line.split(": ")[0] in {key[0] for key in found}
        ):
            table, patient = False, line.split(": ")[0]
            found[patient, "", "patient"] = line.split(": ")[1].split(" (")[0]
        elif line.startswith("  ") and not line.startswith("   ") and ": " in line:
            head, verdict = line.strip().split(": ")[:2]
            lesion = next(
                (name for name in sorted(lesions, key=len, reverse=True) if head.startswith(f"{name} ")), ""
            )
            rule = head.removeprefix(lesion).strip()
            if rule not in ("note", "") and not verdict.startswith("prescription from"):
                found[patient, lesion, rule] = verdict.split(" (")[0]
    return found


@pytest.mark.parametrize(("name", "protocol"), SHEETS)
def test_json_fits_its_published_schema(name: str, protocol: str, run: Run, samples: Path) -> None:
    document = run(*arguments(samples, name, protocol), "--format", "json").json
    jsonschema.validate(document, json_schema("check"))


def test_json_holds_what_the_contract_says(run: Run, samples: Path) -> None:
    document = run("check", samples / "reinduction.csv", "--protocol", "NCT03406468", "--format", "json").json
    assert set(document) == {
        *("schema", "program", "generated_at", "inputs", "warnings", "errors", "exit_reasons"),
        *("protocol", "overlay", "patients"),
    }
    assert {"id", "version", "basis", "sha256"} <= set(document["protocol"])
    (source,) = document["inputs"]
    assert set(source) == {"path", "sha256", "modality", "sop_instance_uid"}
    patient = document["patients"][1]
    assert {"patient", "verdict", "headline", "checks", "lesions"} <= set(patient)
    lesion = patient["lesions"][0]
    stated = "lesion, site, schedule, prescription_source, plan_uid, fractions_delivered, verdict, checks, warnings"
    assert set(stated.split(", ")) <= set(lesion)
    stated = (
        "rule, verdict, basis, observed, required, unit, distance, structure, alpha_beta_flip_gy, uncertain, readings, "
        "message, source"
    )
    for check in [*patient["checks"], *lesion["checks"]]:
        assert set(stated.split(", ")) <= set(check)
        numbers = [
            value for value in (check["observed"], check["required"]) if isinstance(value, (int, float))
        ]
        assert bool(numbers) == (check["unit"] is not None)
        assert all(set(reading) == {"id", "text", "verdict"} for reading in check["readings"])
    assert lesion["checks"][0]["basis"] == "stated"


def test_csv_has_the_contracts_columns(run: Run, samples: Path) -> None:
    out = run("check", samples / "gensheimer.csv", "--protocol", "NCT03176173", "--format", "csv").out
    assert out.splitlines()[0] == "patient,lesion,rule,verdict,observed,required,unit,message,source"


@pytest.mark.parametrize(
    ("name", "protocol", "options", "code"),
    [
        ("gensheimer.yaml", "NCT03176173", [], 0),
        ("reinduction.csv", "NCT03406468", [], 1),
        ("reinduction.csv", "NCT03406468", ["--exit-zero"], 0),
        ("plans/reinduction", "NCT03406468", [], 4),
        ("plans/reinduction", "NCT03406468", ["--exit-zero"], 0),
        ("local.csv", "local_protocol.yaml", [], 1),
    ],
)
def test_exit_codes(name: str, protocol: str, options: list[str], code: int, run: Run, samples: Path) -> None:
    assert run(*arguments(samples, name, protocol), *options).code == code


def test_exit_zero_hides_no_refusal(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule\nA,L1,3x8\n")
    result = run("check", sheet, "--protocol", "NCT03406468", "--exit-zero")
    assert result.code == 3
    assert "which number is the dose" in result.err


def test_unusual_schedules_are_accepted_where_asked(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule\nA,L1,2 Gy/30\n")
    call = ["check", sheet, "--protocol", "NCT03406468", "--format", "json"]
    assert run(*call).json["exit_reasons"] == [3, 4]
    accepted = run(*call, "--allow-unusual").json
    assert [lesion["schedule"] for lesion in accepted["patients"][0]["lesions"]] == ["2 Gy / 30"]


def test_several_sheets_are_one_review(run: Run, tmp_path: Path) -> None:
    for name, row in (("a", "A,L1,24 Gy/3"), ("b", "A,L2,24 Gy/3")):
        (tmp_path / f"{name}.csv").write_text(f"patient,lesion,schedule\n{row}\n")
    document = run(
        *("check", tmp_path / "a.csv", tmp_path / "b.csv"), *("--protocol", "NCT03406468", "--format", "json")
    ).json
    (patient,) = document["patients"]
    assert [lesion["lesion"] for lesion in patient["lesions"]] == ["L1", "L2"]
    assert patient["verdict"] == "deviation_unacceptable"  # two lesions where the protocol treats one
    assert len(document["inputs"]) == 2


def test_a_variation_fails_only_where_asked(run: Run, samples: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,schedule,start,end\nLO-02,L1,55 Gy/5,2019-03-04,2019-03-20\n")
    call = ["check", sheet, "--protocol", samples / "local_protocol.yaml"]
    assert run(*call).code == 0
    assert run(*call, "--fail-on", "variation").code == 1


def test_a_refused_row_hides_no_deviation_and_is_not_hidden(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "patient,lesion,schedule\nA,L1,3x8\nB,L1,24 Gy/3\nB,L2,24 Gy/3\nC,L1,8 Gy/1\nA,L2,24 Gy/3\n"
    )
    result = run("check", sheet, "--protocol", "NCT03406468", "--format", "json")
    assert result.code == 3
    assert result.json["exit_reasons"] == [3, 1, 4]
    verdicts = {patient["patient"]: patient["verdict"] for patient in result.json["patients"]}
    assert verdicts == {"A": "not_evaluable", "B": "deviation_unacceptable", "C": "query"}
    assert result.json["errors"][0]["where"] == {
        "file": str(sheet),
        "tag": None,
        "structure": None,
        "row": 2,
        "column": "schedule",
    }
    summary = result.err.splitlines()[-1]
    assert summary == (
        "rtfractions: summary: inputs refused: 1 (exit code 3), patients with a deviation: 1 (exit code 1), "
        "patients undecided: 2 (exit code 4)"
    )


def test_a_written_report_says_what_was_not_read(run: Run, samples: Path, tmp_path: Path) -> None:
    sheet, report = tmp_path / "sheet.csv", tmp_path / "report.txt"
    sheet.write_text("patient,lesion,schedule\nA,L1,3x8\n")
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "a.dcm").write_bytes((samples / "plans/reinduction/a.dcm").read_bytes())
    (tmp_path / "plans" / "b.txt").write_text("no plan")
    run("check", sheet, tmp_path / "plans", "--protocol", "NCT03406468", "-o", report)
    text = " ".join(report.read_text("utf-8").split())
    assert f"refused: {sheet}, row 2, column schedule: '3x8'" in text
    assert f"note: {tmp_path / 'plans'}: passed over: 1 other file" in text
    assert "note: A: no file of this patient was read" in text


def test_dicom_and_a_sheet_together(run: Run, samples: Path) -> None:
    call = ["check", samples / "plans/gensheimer", "--protocol", "NCT03176173", "--format", "json"]
    alone = run(*call)
    assert alone.code == 4
    (patient,) = alone.json["patients"]
    assert [lesion["prescription_source"] for lesion in patient["lesions"]] == ["target_dose_reference"] * 2
    together = run(*call, "--lesions", samples / "gensheimer_plans.csv")
    assert together.code == 0
    (patient,) = together.json["patients"]
    assert [lesion["checks"][1]["rule"] for lesion in patient["lesions"]] == ["prescription"] * 2
    assert [lesion["checks"][1]["verdict"] for lesion in patient["lesions"]] == ["info"] * 2
    assert [source["modality"] for source in together.json["inputs"]] == [None, "RTPLAN"]


def test_the_source_of_each_prescription_is_stated(run: Run, samples: Path) -> None:
    text = " ".join(run("check", samples / "plans/reinduction", "--protocol", "NCT03406468").out.split())
    assert "prescription from the fraction group's dose reference" in text
    assert "prescription from the target's dose reference" in text
    assert "24 Gy / 3 is known from beam doses x fractions only" in text
    assert "listed and not counted: its intent is VERIFICATION" in text


def test_files_and_folders_mix_and_names_are_relative_to_the_folder(run: Run, samples: Path) -> None:
    plans = samples / "plans"
    document = run(
        *("check", plans / "gensheimer", plans / "reinduction" / "a.dcm"),
        *("--protocol", "NCT03406468", "--planned", "--format", "json"),
    ).json
    assert [source["path"] for source in document["inputs"]] == [
        "a.dcm",
        str(plans / "reinduction" / "a.dcm"),
    ]
    assert [patient["patient"] for patient in document["patients"]] == ["GE-51", "RI-51"]


def test_planned_treatment_needs_no_dates(run: Run, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient,lesion,site,schedule\nA,L1,lung,40 Gy/10\n")
    assert run("check", sheet, "--protocol", "NCT03176173").code == 4
    assert run("check", sheet, "--protocol", "NCT03176173", "--planned").code == 0


def test_equal_inputs_give_equal_bytes(run: Run, samples: Path) -> None:
    call = [
        "check",
        samples / "plans/reinduction",
        "--protocol",
        "NCT03406468",
        "--format",
        "json",
        "--reproducible",
    ]
    assert run(*call).out == run(*call).out


def test_a_patients_result_does_not_depend_on_others(run: Run, tmp_path: Path) -> None:
    # hazards D11, R20
    rows = {"A": "A,L1,lung,40 Gy/10\n", "B": "B,L1,,60 Gy/8\n"}
    results = {}
    for order in ("AB", "BA", "B"):
        sheet = tmp_path / f"{order}.csv"
        sheet.write_text("patient,lesion,site,schedule\n" + "".join(rows[name] for name in order))
        document = run("check", sheet, "--protocol", "NCT03176173", "--format", "json").json
        results[order] = next(patient for patient in document["patients"] if patient["patient"] == "B")
    assert results["AB"] == results["BA"] == results["B"]


def test_an_output_never_replaces_an_input(run: Run, samples: Path, tmp_path: Path) -> None:
    sheet, protocol = tmp_path / "sheet.csv", tmp_path / "protocol.yaml"
    sheet.write_bytes((samples / "local.csv").read_bytes())
    protocol.write_bytes((samples / "local_protocol.yaml").read_bytes())
    for target in (sheet, protocol):
        before = target.read_bytes()
        result = run("check", sheet, "--protocol", protocol, "-o", target)
        assert result.code == 3
        assert "is an input of this command" in result.err
        assert target.read_bytes() == before


def test_no_name_birth_date_or_institution_leaves_the_program(run: Run, tmp_path: Path) -> None:
    plan = rt_plan("CANARY-ID", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3")])
    plan.PatientName, plan.PatientBirthDate, plan.InstitutionName = (
        "CANARY^NAME",
        "19010203",
        "CANARY HOSPITAL",
    )
    plan.OperatorsName = plan.ReferringPhysicianName = "CANARY^DOCTOR"
    plan.RTPlanLabel, plan.StudyDescription = "CANARY LABEL", "CANARY STUDY"
    (tmp_path / "plan.dcm").write_bytes(dicom_bytes(plan))
    (tmp_path / "broken.dcm").write_bytes(dicom_bytes(plan)[:-9])
    for output_format in ("text", "json", "csv"):
        result = run("check", tmp_path, "--protocol", "NCT03406468", "-v", "--format", output_format)
        printed = result.out + result.err
        assert "CANARY-ID" in printed  # the contract lets check show the Patient ID
        assert not [word for word in ("CANARY^", "CANARY ", "19010203") if word in printed]


def test_hostile_text_is_harmless_in_every_form(run: Run, tmp_path: Path) -> None:
    # hazards S9, S15, E41
    sheet = tmp_path / "sheet.csv"
    hostile = [
        *('"=HYPERLINK(""x"")"', "+1", "-2+3", "@SUM", "\x1b[31mred", "\u202eevil"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20a"),  # full-width signs count as signs in some spreadsheets
    ]
    sheet.write_text(
        "patient,lesion,site,schedule\n" + "".join(f"{word},{word},{word},24 Gy/3\n" for word in hostile)
    )
    for output_format in ("text", "json", "csv"):
        out = run("check", sheet, "--protocol", "NCT03406468", "--format", output_format).out
        assert "\x1b" not in out
        assert "\u202e" not in out
    rows = list(csv.reader(io.StringIO(out)))
    assert not [
        cell for row in rows for cell in row if cell.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    ]
