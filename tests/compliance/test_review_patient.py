"""The synthetic patient for reviews, from its files to its findings: numbers from the closed forms of its doses."""

from pathlib import Path

import pytest
from synthetic_review import ADRENAL, LUNG, Target

from rtfractions import protocols
from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.dicom import read_patients
from rtfractions.dosimetry.evaluation import Value
from rtfractions.patient import Patient, join
from rtfractions.protocols.constraint_library import find_set
from rtfractions.sheets import read_sheets

SAMPLES = Path(__file__).parents[2] / "sample_plans"


@pytest.fixture(scope="module")
def patient() -> Patient:
    sheet = read_sheets([SAMPLES / "review_lesions.csv"])
    (found,) = join(sheet.patients, read_patients([SAMPLES / "review"]).patients)
    return found


@pytest.fixture(scope="module")
def findings(patient: Patient) -> PatientFindings:
    protocol = protocols.load_file(SAMPLES / "review_protocol.yaml", name="review_protocol.yaml").protocol
    return check(patient, protocol, constraint_sets=[find_set("AAPM-TG101-2010")])


def of(findings: PatientFindings, lesion: int) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings.lesions[lesion].findings}


@pytest.mark.parametrize(
    ("lesion", "target", "roles"), [(0, LUNG, ["PTV", "ITV", "GTV"]), (1, ADRENAL, ["PTV", "GTV"])]
)
def test_each_lesion_has_its_targets(
    findings: PatientFindings, lesion: int, target: Target, roles: list[str]
) -> None:
    plan = findings.plans[lesion]
    assert [one.role for one in plan.targets] == roles
    assert plan.targets[0].result.name == target.name
    assert {one.lesion for one in plan.targets} == {f"L{lesion + 1}"}
    # the prescribed dose in % of the largest: 40 of 50 Gy, 27 of 36 Gy
    percent = 100 * target.dose.prescribed_gy / target.dose.maximum_gy
    assert plan.targets[0].isodose_percent == pytest.approx(percent, rel=0.005)


def test_what_the_targets_get(findings: PatientFindings) -> None:
    # D95% of a ball in the middle of a dose that falls off: that on the ball which holds 95 % of it
    values = {str(m.metric): m.found for m in findings.plans[0].targets[0].result.metrics}
    physical, converted = (values[f"D95%[{unit}]"] for unit in ("Gy", "EQD2Gy(a/b=10)"))
    assert isinstance(physical, Value)
    assert isinstance(converted, Value)
    expected = float(LUNG.dose.gy(LUNG.planning_mm * 0.95 ** (1 / 3)))
    assert physical.value == pytest.approx(expected, rel=0.015)
    assert converted.value == pytest.approx(expected * (expected / 10 + 10) / 12, rel=0.02)


def test_organs_of_one_of_two_plans_are_met_by_none_of_them(findings: PatientFindings) -> None:
    verdicts: dict[str, set[str]] = {}
    for finding in findings.findings:
        verdicts.setdefault(finding.rule, set()).add(finding.verdict)
    assert verdicts["organ.cord-max"] == {"not_evaluable"}
    assert verdicts["organ.lungs-v20"] == {"not_evaluable"}
    assert verdicts["organ.heart-mean"] == {"per_protocol"}  # a limit on each plan
    assert verdicts["organ.stomach"] == {
        "per_protocol",
        "variation_acceptable",
    }  # found as Magen, by an alias
    assert verdicts["organ.bowel"] == {"not_evaluable"}  # not drawn
    assert "not_applicable" in verdicts["organ.esophagus"]  # stated for 3 fractions, and one plan has 10


def test_the_gap_in_the_coverage_of_the_second_lesion_is_uncertain(findings: PatientFindings) -> None:
    coverage = of(findings, 1)["target.ptv-v100"]
    assert (coverage.verdict, coverage.uncertain) == ("variation_acceptable", True)
    assert of(findings, 0)["target.ptv-v100"].verdict == "per_protocol"


def test_an_advisory_set_without_an_exceeded_limit_is_silent_in_the_headline(
    findings: PatientFindings,
) -> None:
    (advisory,) = findings.advisory
    assert not advisory.exceeded
    assert "advisory" not in findings.headline
    # ten fractions are none of the set's, and nothing is interpolated
    of_lung = [f for f in advisory.findings if f.plan_uid == findings.plans[0].uid]
    assert {f.verdict for f in of_lung} <= {"not_applicable", "not_evaluable"}
