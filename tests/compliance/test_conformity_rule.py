"""Rules on indices, on the patient made up for reviews: its expected indices are those of balls."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_review import ADRENAL, LUNG

from rtfractions import protocols
from rtfractions.compliance import Finding, check
from rtfractions.dicom.patients import read_patients
from rtfractions.doses import PlanDose
from rtfractions.errors import InputFileError
from rtfractions.notices import Notice
from rtfractions.patient import Patient, join
from rtfractions.protocols import Protocol
from rtfractions.sheets import read_sheets
from rtfractions.structures import StructureSet

OFFSET_MM = np.array([14.5, -44.0])
"""In the plane, from the adrenal's target to 27 mm beside the lung's."""

SAMPLES = Path(__file__).parents[2] / "sample_plans"
RULES = """\
conformity:
  worst_grade: deviation_unacceptable
  source: S1
  rules:
    - {id: ci, index: CI_RTOG, limits: [{objective: "<= 1.05", mandatory: "<= 1.5"}]}
    - {id: paddick, index: CI_Paddick, limits: [{mandatory: ">= 0.9"}]}
    - {id: gradient, index: GI, limits: [{kind: record}]}
    - {id: r50, index: "R50%", limits: [{fractions: [3], objective: "<= 4.5"}]}
    - {id: d2cm, index: "D2cm[%]", limits: [{objective: "<= 50 %"}]}
"""


@pytest.fixture(scope="module")
def patient() -> Patient:
    sheet = read_sheets([SAMPLES / "review_lesions.csv"])
    (found,) = join(sheet.patients, read_patients([SAMPLES / "review"]).patients)
    return found


def protocol(*changes: str, rules: str = RULES) -> Protocol:
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in rules
        rules = rules.replace(old, new, 1)
    text = (SAMPLES / "local_protocol.yaml").read_text() + rules
    return protocols.load(text, text.encode(), file="own.yaml").protocol


def found(patient: Patient, *changes: str) -> list[dict[str, Finding]]:
    """The findings on indices of each lesion, by rule."""
    lesions = check(patient, protocol(*changes)).lesions
    return [
        {f.rule.removeprefix("conformity."): f for f in one.findings if "conformity." in f.rule}
        for one in lesions
    ]


def with_grids(patient: Patient, change: Callable[[PlanDose], PlanDose]) -> Patient:
    return replace(patient, plan_doses=tuple(map(change, patient.plan_doses)))


def with_structures(patient: Patient, **changes: Any) -> Patient:
    (one,) = patient.structure_sets
    changed = tuple(
        replace(s, **changes[s.name]) if s.name in changes else s
        for s in one.structures
        if changes.get(s.name, True) is not None
    )
    return replace(patient, structure_sets=(_set(one, changed),))


def _set(one: StructureSet, structures: tuple[Any, ...]) -> StructureSet:
    return replace(one, structures=structures)


def test_bands_and_numbers(patient: Patient) -> None:
    lung, adrenal = found(patient)
    ci = (LUNG.dose.radius_mm / LUNG.planning_mm) ** 3  # 1.077
    assert lung["ci"].observed == pytest.approx(ci, rel=0.01)
    assert lung["ci"].verdict == "variation_acceptable"
    assert (lung["ci"].required, lung["ci"].unit) == (1.05, "ratio")
    assert lung["ci"].message == "CI_RTOG 1.07, not <= 1.05, yet <= 1.5"
    assert lung["ci"].structure == "PTV1_4000"
    assert lung["ci"].source is not None
    assert adrenal["ci"].verdict == "per_protocol"
    # two balls of 15 mm, 1.5 mm apart: 1 - 3d/4R + d^3/16R^3 = 0.925 of either, squared
    assert adrenal["paddick"].observed == pytest.approx(0.925**2, abs=0.012)
    assert adrenal["paddick"].verdict == "deviation_unacceptable"
    assert lung["d2cm"].observed == pytest.approx(100 * float(LUNG.dose.gy(40.0)) / 40, rel=0.015)
    nearest_mm = ADRENAL.planning_mm - 1.5 + 20
    assert adrenal["d2cm"].observed == pytest.approx(100 * float(ADRENAL.dose.gy(nearest_mm)) / 27, rel=0.015)
    assert adrenal["d2cm"].unit == "%"


def test_no_worse_than_the_source_supports(patient: Patient) -> None:
    _, adrenal = found(patient, "worst_grade: deviation_unacceptable", "worst_grade: query")
    assert adrenal["paddick"].verdict == "query"


def test_a_limit_is_for_its_number_of_fractions(patient: Patient) -> None:
    lung, adrenal = found(patient)
    assert lung["r50"].verdict == "not_applicable"
    assert "stated for 3 fractions" in lung["r50"].message
    assert adrenal["r50"].verdict == "variation_acceptable"
    assert adrenal["r50"].observed == pytest.approx(5, rel=0.01)


def test_what_is_recorded_is_not_compared(patient: Patient) -> None:
    lung, _ = found(patient)
    assert (lung["gradient"].verdict, lung["gradient"].required) == ("info", None)
    assert lung["gradient"].observed == pytest.approx(6**0.75, rel=0.01)  # (50/20 - 1) / (50/40 - 1) = 6


def test_without_a_rule_there_is_nothing(patient: Patient) -> None:
    text = (SAMPLES / "local_protocol.yaml").read_text()
    own = protocols.load(text, text.encode(), file="own.yaml").protocol
    findings = check(patient, own).lesions[0].findings
    assert not any("conformity" in f.rule for f in findings)


def test_without_dose_target_or_role_nothing_passes(patient: Patient) -> None:
    # H15
    without_dose = replace(patient, plan_doses=(), doses=())
    without_target = with_structures(patient, PTV1_4000=None, PTV2_2700=None)
    for case in (without_dose, without_target):
        for of_lesion in found(case):
            graded = {name: f.verdict for name, f in of_lesion.items()}
            assert set(graded.values()) <= {"not_evaluable", "not_applicable"}
            assert graded["ci"] == "not_evaluable"
    lung, adrenal = found(patient, "index: CI_RTOG,", "index: CI_RTOG, structure: CTV,")
    assert lung["ci"].verdict == adrenal["ci"].verdict == "not_evaluable"
    assert lung["ci"].message == "CI_RTOG: no CTV is known to belong to the lesion"


def test_a_grid_that_cuts_the_isodose_leaves_it_not_evaluable(patient: Patient) -> None:
    # the lung's half-dose isodose reaches z = 104 mm, its target 92 mm
    def cut(one: PlanDose) -> PlanDose:
        (layer,) = one.grid.layers
        stored = layer.stored[:56]  # up to 100 mm
        offsets = one.grid.frame_offsets_mm[:56]
        grid = replace(one.grid, layers=(replace(layer, stored=stored),), frame_offsets_mm=offsets)
        return replace(one, grid=grid)

    lung, adrenal = found(with_grids(patient, cut), "fractions: [3], ", "")
    assert lung["ci"].verdict == "variation_acceptable"
    assert lung["r50"].verdict == lung["gradient"].verdict == lung["d2cm"].verdict == "not_evaluable"
    assert "cut by the edge of the dose grid" in lung["r50"].message
    assert adrenal["r50"].verdict == "variation_acceptable"


def test_isodoses_of_two_lesions_of_one_plan_must_be_apart(patient: Patient) -> None:
    """Both lesions by the lung's plan, with the adrenal's target moved into the lung's half-dose isodose."""
    uid = patient.plans[0].sop_instance_uid
    (own,) = patient.plans[0].targets
    number = next(s.number for s in patient.structure_sets[0].structures if s.name == "PTV2_2700")
    second = replace(own, name="PTV2_2700", structure_number=number)
    first_plan = replace(patient.plans[0], targets=(own, second))
    lesions = (patient.lesions[0], replace(patient.lesions[1], plan_uid=uid, plan_target=second))
    lesions = (lesions[0], replace(lesions[1], prescription=lesions[0].prescription))
    planes = next(s for s in patient.structure_sets[0].structures if s.name == "PTV2_2700").planes
    moved = tuple(
        replace(p, position_mm=p.position_mm + 112, loops=tuple(loop + OFFSET_MM for loop in p.loops))
        for p in planes
    )
    both = replace(patient, lesions=lesions, plans=(first_plan, *patient.plans[1:]))
    lung, _ = found(with_structures(both, PTV2_2700={"planes": moved}))
    for name in ("ci", "d2cm"):
        assert lung[name].verdict == "not_evaluable"
        assert "PTV2_2700" in lung[name].message


def test_a_boost_within_the_target_is_no_other_lesion(patient: Patient) -> None:
    gtv = next(s for s in patient.structure_sets[0].structures if s.name == "GTV1")
    (own,) = patient.plans[0].targets
    both = replace(patient.plans[0], targets=(own, replace(own, name="boost", structure_number=gtv.number)))
    boosted = found(replace(patient, plans=(both, *patient.plans[1:])))[0]
    for name, without in found(patient)[0].items():
        assert (boosted[name].verdict, boosted[name].observed) == (without.verdict, without.observed)


def test_a_lesion_of_the_plan_whose_target_is_not_known_may_join(patient: Patient) -> None:
    uid = patient.plans[0].sop_instance_uid
    stray = replace(patient.lesions[1], plan_uid=uid, plan_target=None, structure="nowhere", label="L9")
    lung = found(replace(patient, lesions=(patient.lesions[0], stray)))[0]
    assert lung["ci"].verdict == "not_evaluable"
    assert "'L9'" in lung["ci"].message


def test_without_a_body_all_of_the_grid_counts_and_is_said_to(patient: Patient) -> None:
    lung, _ = found(with_structures(patient, BODY={"interpreted_type": "ORGAN"}))
    assert lung["d2cm"].verdict == "per_protocol"
    assert "no one structure is the body" in lung["d2cm"].message


@pytest.mark.parametrize(
    ("index", "limit"),
    [("CI_RTOG", "<= 1.2 %"), ("D2cm[%]", "<= 50"), ("D2cm[%]", "<= 50 Gy"), ("GI", "<= 3 cc")],
)
def test_a_limit_in_another_unit_is_refused_at_load(index: str, limit: str) -> None:
    # I12
    rules = (
        RULES.split("    - {id")[0]
        + f'    - {{id: a, index: "{index}", limits: [{{objective: "{limit}"}}]}}\n'
    )
    with pytest.raises(InputFileError, match=r"has (no unit|the unit %), not as"):
        protocol(rules=rules)


def test_a_doubt_hides_no_deviation_behind_a_variation(patient: Patient) -> None:  # E28
    assert found(patient)[0]["ci"].verdict == "variation_acceptable"
    crossing = (Notice("structure.self-crossing", "contours cross themselves"),)
    doubted = found(with_structures(patient, PTV1_4000={"notices": crossing}))[0]["ci"]
    assert doubted.verdict == "query"
    assert "contours cross themselves" in doubted.message
