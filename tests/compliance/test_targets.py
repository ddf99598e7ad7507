"""Lesions tied to their targets, and rules on what these get; against closed forms."""

import datetime
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from analytic_patient import CORD, GTV, PTV, Box, Case, LinearDose, dose_protocol, plan_uid

from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.errors import RTFractionsError
from rtfractions.patient import Lesion, Patient, join
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.protocols.entries import StructureAlias
from rtfractions.protocols.overlays import ForProtocol, LesionStructure, Overlay
from rtfractions.schedule_text import parse
from rtfractions.structures import RefusedStructure

DOSE = LinearDose()
V100 = {"structure": "PTV", "metric": "V100%[%]", "limits": [{"objective": ">= 5 %", "mandatory": ">= 1 %"}]}
PTV2 = Box("PTV2", -20, 20, 20, "PTV", (45, 40))


def review(patient: Patient, overlay: Overlay | None = None, **protocol: Any) -> PatientFindings:
    return check(patient, dose_protocol(**({"targets": [V100]} | protocol)).protocol, overlay=overlay)


def found(findings: PatientFindings, rule: str = "target.r0", lesion: int = 0) -> Finding:
    (one,) = (f for f in findings.lesions[lesion].findings if f.rule == rule)
    return one


def sheet(label: str = "L1", **facts: Any) -> Lesion:
    return Lesion(label, Prescription(parse("24 Gy / 3"), PrescriptionSource.LESION_SHEET), **facts)


def beside(case: Case, *lesions: Lesion) -> Patient:
    """The lesions of a sheet beside the files of a case."""
    (joined,) = join(
        [replace(case.patient(), lesions=lesions, plans=(), structure_sets=())], [case.patient()]
    )
    return joined


def overlay(**decided: Any) -> Overlay:
    return Overlay(
        schema="rtfractions.overlay/1",
        name="A. Physicist",
        role="physicist",
        date=datetime.date(2026, 1, 1),
        reason="a test",
        about=ForProtocol(id="TEST", sha256="0" * 64),
        **decided,
    )


class TestTies:
    def test_by_the_plans_dose_reference(self) -> None:
        one = found(review(Case().patient()))
        assert (one.structure, one.plan_uid) == ("PTV", plan_uid(0))

    @pytest.mark.parametrize("named", ["PTV", "target 1"])
    def test_by_a_sheet_that_names_the_structure_or_the_dose_reference(self, named: str) -> None:
        assert found(review(beside(Case(), sheet(structure=named)))).structure == "PTV"

    def test_by_a_sheet_where_the_plan_links_its_only_target_to_nothing(self) -> None:
        case = Case(targets=(None,))
        assert found(review(beside(case, sheet(structure="PTV", plan_uid=plan_uid(0))))).structure == "PTV"

    @pytest.mark.parametrize("structure", ["L1", "PTV"])
    def test_by_an_alias_of_the_lesion_or_of_a_role(self, structure: str) -> None:
        case = Case((replace(PTV, name="Zielvolumen 1", interpreted_type=None), GTV, CORD), targets=(None,))
        alias = StructureAlias(structure=structure, names=("Zielvolumen 1",))
        protocol = msgspec.structs.replace(dose_protocol(targets=[V100]).protocol, aliases=(alias,))
        assert found(check(case.patient(), protocol)).structure == "Zielvolumen 1"

    def test_by_an_overlay_whatever_the_plan_says(self) -> None:
        decided = overlay(lesion_structures=(LesionStructure(patient="P1", lesion="L1", structure="PTV2"),))
        assert found(review(Case((PTV, PTV2, CORD)).patient(), decided)).structure == "PTV2"

    def test_never_by_a_guess(self) -> None:
        # one structure only is drawn as a PTV, and still nobody says that it is the lesion's
        one = found(review(Case(targets=(None,)).patient()))
        assert one.verdict == "query"
        assert "'PTV'" in one.message

    @pytest.mark.parametrize(
        ("case", "lesion", "verdict", "why"),
        [
            (Case(targets=("PTV that is not there",)), None, "not_evaluable", "structure number 99"),
            (
                Case((GTV,), [RefusedStructure(2, "PTV", RTFractionsError("no contours"))], targets=(None,)),
                sheet(structure="PTV", plan_uid=plan_uid(0)),
                "not_evaluable",
                "no contours",
            ),
            (Case(), sheet(structure="PTV9", plan_uid=plan_uid(0)), "not_evaluable", "'PTV9'"),
            (Case(), sheet(plan_uid="1.2.9"), "query", "was not read"),
        ],
    )
    def test_a_target_that_is_not_there(
        self, case: Case, lesion: Lesion | None, verdict: str, why: str
    ) -> None:
        one = found(review(case.patient() if lesion is None else beside(case, lesion)))
        assert one.verdict == verdict
        assert why in one.message

    def test_plan_and_sheet_that_name_different_structures(self) -> None:
        lesion = replace(sheet(structure="PTV2"), plan_uid=plan_uid(0))
        case = Case((PTV, PTV2))
        tied = replace(lesion, plan_target=case.patient().plans[0].targets[0])
        one = found(review(case.patient(tied)))
        assert one.verdict == "query"
        assert "'PTV' by the plan's dose reference; 'PTV2' by the lesion sheet" in one.message

    def test_two_lesions_of_one_structure(self) -> None:
        case = Case((PTV,), (), ("24 Gy / 3",), ("PTV",))
        plan = case.patient().plans[0]
        lesions = [
            replace(sheet(label), plan_uid=plan_uid(0), plan_target=plan.targets[0]) for label in ("L1", "L2")
        ]
        findings = review(case.patient(*lesions))
        assert [found(findings, lesion=i).verdict for i in (0, 1)] == ["query", "query"]

    def test_each_lesion_has_the_dose_of_its_own_plan(self) -> None:
        findings = review(Case((PTV, PTV2), (), ("24 Gy / 3", "22 Gy / 3"), ("PTV", "PTV2")).patient())
        both = [found(findings, lesion=i) for i in (0, 1)]
        assert [(f.structure, f.plan_uid) for f in both] == [("PTV", plan_uid(0)), ("PTV2", plan_uid(1))]
        # 12 to 28 Gy... of the box from -20 to 20 mm: 16 to 24 Gy, of which a quarter is 22 Gy or more
        assert [f.observed for f in both] == pytest.approx([0, 25], abs=0.01)

    def test_a_lesion_that_two_plans_treat_has_no_one_dose(self) -> None:
        case = Case((PTV,), (), ("24 Gy / 3",) * 2, ("PTV",) * 2)
        unclear = Prescription(None, None, unclear="2 plans treat it")
        one = found(review(case.patient(Lesion("L1", unclear))))
        assert one.verdict == "query"
        assert "2 plans treat it" in one.message


class TestWithin:
    def test_the_gtv_within_the_ptv_is_the_lesions(self) -> None:
        (plan,) = review(Case().patient()).plans
        assert [(t.lesion, t.role, t.result.name) for t in plan.targets] == [
            ("L1", "PTV", "PTV"),
            ("L1", "GTV", "GTV"),
        ]

    def test_several_within_one_ptv_are_all_graded(self) -> None:
        second = replace(GTV, name="GTV2", low_mm=12.0, high_mm=18.0)
        rule = V100 | {"structure": "GTV", "metric": "D50%[Gy]", "limits": [{"objective": "> 21 Gy"}]}
        findings = review(Case((PTV, GTV, second)).patient(), targets=[rule])
        both = [f for f in findings.lesions[0].findings if f.rule == "target.r0"]
        assert [(f.structure, f.verdict) for f in both] == [
            ("GTV", "variation_acceptable"),
            ("GTV2", "per_protocol"),
        ]

    def test_one_within_two_ptvs_is_taken_for_neither(self) -> None:
        larger = replace(PTV, name="PTV2", side_mm=50.0)
        findings = review(Case((PTV, larger, GTV), (), ("24 Gy / 3",) * 2, ("PTV", "PTV2")).patient())
        assert {t.role for plan in findings.plans for t in plan.targets} == {"PTV", "GTV"}
        one_plan = Case((PTV, larger, GTV)).patient()
        plan = one_plan.plans[0]
        target = replace(plan.targets[0], name="other", structure_number=2)
        both = replace(plan, targets=(*plan.targets, target))
        lesions = [
            replace(sheet(label), plan_uid=plan.sop_instance_uid, plan_target=one)
            for label, one in zip(("L1", "L2"), both.targets, strict=True)
        ]
        findings = review(replace(one_plan, plans=(both,), lesions=tuple(lesions)))
        assert [t.role for t in findings.plans[0].targets] == ["PTV", "PTV"]
        (told,) = (f for f in findings.findings if f.rule == "target_structures")
        assert (told.verdict, "taken for none" in told.message) == ("info", True)

    @pytest.mark.parametrize(
        "gtv",
        [
            replace(GTV, at_mm=(15, 0)),  # a quarter lies outside
            replace(GTV, at_mm=(45, 0)),
            replace(GTV, name="Tumour", interpreted_type=None),
        ],
    )
    def test_what_is_not_drawn_within_or_not_as_a_gtv_is_not_taken(self, gtv: Box) -> None:
        (plan,) = review(Case((PTV, gtv)).patient()).plans
        assert [t.role for t in plan.targets] == ["PTV"]

    def test_a_role_that_is_not_there_is_not_evaluable(self) -> None:
        rule = V100 | {"structure": "ITV"}
        assert found(review(Case().patient(), targets=[rule])).verdict == "not_evaluable"


class TestDose:
    def test_what_targets_get_is_the_closed_form(self) -> None:
        (plan,) = review(Case(schedules=("20 Gy / 5",)).patient()).plans
        values = {str(one.metric): one.found for one in plan.targets[0].result.metrics}
        expected = {f"D{p}%[Gy]": PTV.dose_to_hottest(DOSE, p / 100) for p in (98, 95, 50, 2)}
        expected |= {
            "D0.03cc[Gy]": PTV.dose_to_hottest(DOSE, 0.03 / PTV.volume_cm3),
            "Mean[Gy]": 20.0,
            "V100%[%]": 50.0,
            # 20 Gy in 5 fractions of 4 Gy: EQD2 20 (4 + r) / (2 + r), BED 20 (1 + 4 / r)
            "D50%[EQD2Gy(a/b=10)]": 20 * 14 / 12,
            "D50%[EQD2Gy(a/b=3)]": 20 * 7 / 5,
            "D50%[BEDGy(a/b=10)]": 28.0,
            "D50%[BEDGy(a/b=3)]": 20 * 7 / 3,
        }
        observed = {name: getattr(values[name], "value", None) for name in expected}
        assert observed == pytest.approx(expected, abs=2e-3)
        assert [(d.quantity, d.alpha_beta_gy) for d in plan.targets[0].result.dvhs] == [
            ("physical", None),
            ("eqd2", 10.0),
            ("eqd2", 3.0),
            ("bed", 10.0),
            ("bed", 3.0),
        ]

    @pytest.mark.parametrize(
        ("schedule", "verdict", "required"),
        [
            ("23.8 Gy / 3", "variation_acceptable", 5),  # 2.5 % of 16 to 24 Gy are above 23.8 Gy
            ("23.2 Gy / 3", "per_protocol", 5),  # 10 %
            ("23.99 Gy / 3", "deviation_unacceptable", 1),  # 0.125 %
        ],
    )
    def test_bands_of_coverage(self, schedule: str, verdict: str, required: float) -> None:
        one = found(review(Case(schedules=(schedule,)).patient()))
        assert (one.verdict, one.required) == (verdict, required)

    def test_percentages_are_of_the_sheets_prescription(self) -> None:
        lesion = Lesion(
            "L1", Prescription(parse("20 Gy / 3"), PrescriptionSource.LESION_SHEET), structure="PTV"
        )
        assert found(review(beside(Case(), lesion))).observed == pytest.approx(50, abs=0.01)

    @pytest.mark.parametrize("source", [PrescriptionSource.BEAM_DOSE, PrescriptionSource.DESCRIPTION])
    def test_no_percentage_is_of_a_prescription_that_grades_nothing(self, source: PrescriptionSource) -> None:
        patient = Case().patient()
        lesion = replace(patient.lesions[0], prescription=Prescription(parse("20 Gy / 3"), source))
        assert found(review(replace(patient, lesions=(lesion,)))).verdict == "not_evaluable"

    def test_a_target_half_outside_the_grid_is_not_covered(self) -> None:  # H7, H19
        one = found(review(Case(schedules=("17 Gy / 3",), lowest_mm=0.0).patient()))
        assert one.verdict == "not_evaluable"

    def test_a_line_on_what_the_target_gets_whatever_the_rules(self) -> None:  # protocols.md R4
        one = found(review(Case(schedules=("16 Gy / 2",)).patient(), targets=[]), "target_dose")
        assert one.verdict == "info"
        # D95% is 16.4 Gy, 102.5 % of 16 Gy, which are 66.7 % of the largest dose, 24 Gy
        assert "D95%[Gy] 16.40 Gy, 102.5 % of the prescription" in one.message
        assert "66.7 % of its largest dose" in one.message

    def test_no_rule_no_other_finding(self) -> None:
        findings = review(Case().patient(), targets=[])
        rules = {f.rule for f in findings.lesions[0].findings}
        assert not {rule for rule in rules if rule.startswith(("target.", "prescription_isodose"))}

    def test_a_lesion_off_study_is_not_graded(self) -> None:
        patient = Case().patient()
        findings = review(replace(patient, lesions=(replace(patient.lesions[0], on_study=False),)))
        assert [f.rule for f in findings.lesions[0].findings] == ["on_study"]


class TestIsodose:
    @pytest.mark.parametrize(
        ("schedule", "verdict", "percent", "end"),
        [
            ("14.4 Gy / 3", "per_protocol", 60, 60),  # the largest dose is 24 Gy
            ("14.39 Gy / 3", "deviation_unacceptable", 1439 / 24, 60),
            ("21.6 Gy / 3", "per_protocol", 90, 90),
            ("21.61 Gy / 3", "deviation_unacceptable", 2161 / 24, 90),
        ],
    )
    def test_both_ends_are_allowed(self, schedule: str, verdict: str, percent: float, end: float) -> None:
        one = found(
            review(Case(schedules=(schedule,)).patient(), isodose=(60.0, 90.0)), "prescription_isodose"
        )
        assert (one.verdict, one.required, one.unit) == (verdict, end, "%")
        assert one.observed == pytest.approx(percent, abs=1e-4)

    def test_without_the_whole_target_it_is_not_evaluable(self) -> None:
        case = Case(schedules=("14.4 Gy / 3",), lowest_mm=0.0)
        one = found(review(case.patient(), isodose=(60.0, 90.0)), "prescription_isodose")
        assert one.verdict == "not_evaluable"
