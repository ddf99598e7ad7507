"""Rules on dose against closed forms: boxes in a dose that rises linearly."""

from dataclasses import replace
from typing import Any

import pytest
from analytic_patient import CORD, GTV, PTV, Box, Case, LinearDose, dose_protocol, plan_uid

from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.doses import DoseType
from rtfractions.errors import RTFractionsError
from rtfractions.notices import Notice
from rtfractions.patient import Lesion
from rtfractions.plans import PlanKind, Prescription, PrescriptionSource
from rtfractions.records import TreatmentRecord
from rtfractions.schedule_text import parse
from rtfractions.structures import RefusedStructure

DOSE = LinearDose()
LUNGS = (Box("Lung_L", -40, 0, at_mm=(30, 0)), Box("Lung_R", 0, 40, at_mm=(-30, 0)))


def organ(metric: str, *limits: dict[str, Any], structure: str = "SpinalCord", **rule: Any) -> dict[str, Any]:
    return {"structure": structure, "metric": metric, "limits": list(limits), **rule}


def review(case: Case, *organs: dict[str, Any], **protocol: Any) -> PatientFindings:
    return check(case.patient(), dose_protocol(organs=organs, **protocol).protocol)


def of_organs(case: Case, *organs: dict[str, Any], **protocol: Any) -> list[Finding]:
    return [f for f in review(case, *organs, **protocol).findings if f.rule.startswith("organ.")]


def only(case: Case, rule: dict[str, Any], **protocol: Any) -> Finding:
    (found,) = of_organs(case, rule, **protocol)
    return found


class TestNumbers:
    @pytest.mark.parametrize(
        ("metric", "unit", "expected"),
        [
            ("D2cc[Gy]", "Gy", CORD.dose_to_hottest(DOSE, 2 / 8)),
            ("D0.035cc[Gy]", "Gy", CORD.dose_to_hottest(DOSE, 0.035 / 8)),
            ("D50%[Gy]", "Gy", 20.0),
            ("D25%[%]", "%", 100 * 24.0 / 24),
            ("DC6cc[Gy]", "Gy", CORD.dose_to_hottest(DOSE, 2 / 8)),
            ("V22Gy[%]", "%", 100 * CORD.part_with_at_least(DOSE, 22)),
            ("V22Gy[cc]", "cc", 8 * CORD.part_with_at_least(DOSE, 22)),
            ("CV22Gy[cc]", "cc", 8 * (1 - CORD.part_with_at_least(DOSE, 22))),
            ("V75%[cc]", "cc", 8 * CORD.part_with_at_least(DOSE, 18)),
            ("Mean[Gy]", "Gy", 20.0),
            ("Max[Gy]", "Gy", DOSE.gy(40)),
        ],
    )
    def test_what_is_observed_is_the_closed_form(self, metric: str, unit: str, expected: float) -> None:
        found = only(Case(), organ(metric, {"mandatory": f"< 200 {unit}"}))
        assert found.observed == pytest.approx(expected, abs=2e-4)
        assert (found.unit, found.structure, found.plan_uid) == (unit, "SpinalCord", plan_uid(0))
        assert (found.verdict, found.required) == ("per_protocol", 200)
        assert found.distance == pytest.approx(expected - 200, abs=2e-4)

    @pytest.mark.parametrize(
        ("metric", "limit", "expected", "unit"),
        [
            ("D2cc[Gy]", "< 20 Gy", 4 - 2, "cc"),  # half of 8 cm3 gets 20 Gy
            ("D25%[Gy]", "< 20 Gy", 50 - 25, "%"),
            ("D2cc[Gy]", "< 26 Gy", 1 - 2, "cc"),
            ("DC6cc[Gy]", "<= 20 Gy", 6 - 4, "cc"),  # only 4 cm3 get less than 20 Gy
            ("V22Gy[%]", "< 25 %", 24 - 22, "Gy"),  # the hottest quarter gets 24 Gy
            ("CV22Gy[cc]", ">= 4 cc", 22 - 20, "Gy"),
            ("D25%[%]", "< 75 %", 62.5 - 25, "%"),  # 75 % of 24 Gy are 18 Gy
        ],
    )
    def test_the_distance_in_the_other_direction_of_the_histogram(
        self, metric: str, limit: str, expected: float, unit: str
    ) -> None:
        found = only(Case(), organ(metric, {"mandatory": limit}))
        assert found.volume_distance is not None
        assert found.distance is not None
        assert found.volume_distance[0] == pytest.approx(expected, abs=2e-3)
        assert found.volume_distance[1] == unit
        assert (found.volume_distance[0] > 0) == (found.distance > 0)

    def test_near_maximum_volumes_are_not_interchanged(self) -> None:  # protocols.md 3.1 trap (a)
        volumes = (0.03, 0.035, 0.1, 0.5)
        found = of_organs(Case(), *(organ(f"D{v}cc[Gy]", {"objective": "< 1 Gy"}) for v in volumes))
        expected = [CORD.dose_to_hottest(DOSE, volume / 8) for volume in volumes]
        assert [finding.observed for finding in found] == pytest.approx(expected, abs=2e-4)

    def test_lungs_are_put_together_and_the_gtv_is_taken_out(self) -> None:
        gtv = replace(GTV, at_mm=(30, 0), low_mm=-30.0, high_mm=-10.0)
        ptv = replace(PTV, at_mm=(30, 0), low_mm=-40.0, high_mm=0.0)
        rules = [
            organ("Mean[Gy]", {"objective": "< 30 Gy"}, structure="Lungs", **extra)
            for extra in ({}, {"minus": "GTV"})
        ]
        whole, without = of_organs(Case((ptv, gtv, *LUNGS)), *rules)
        assert whole.observed == pytest.approx(20.0, abs=1e-3)
        # lungs of 128 cm3 at 20 Gy, without 8 cm3 at 16 Gy
        assert without.observed == pytest.approx((128 * 20 - 8 * 16) / 120, abs=0.02)
        assert without.structure == "Lung_L + Lung_R - GTV"


class TestConverted:
    def test_eqd2_and_the_alpha_beta_that_changes_the_verdict(self) -> None:
        # D2cc is 24 Gy in 3 fractions: EQD2 = 24 (8 + r) / (2 + r), 60 Gy at r = 2 (192 - 120) / (60 - 24) = 2
        found = only(Case(), organ("D2cc[EQD2Gy(a/b=3)]", {"mandatory": "< 60 Gy"}))
        assert found.observed == pytest.approx(24 * 11 / 5, abs=1e-3)
        assert found.unit == "EQD2Gy(a/b=3)"
        assert found.verdict == "per_protocol"
        assert found.alpha_beta_flip_gy == pytest.approx(2.0, rel=1e-3)
        assert "alpha/beta 2 Gy would change it" in found.message

    def test_bed(self) -> None:
        # BED = 24 (1 + 8 / r): 88 Gy at r = 3, 120 Gy at r = 2
        found = only(Case(), organ("D2cc[BEDGy(a/b=3)]", {"mandatory": "< 120 Gy"}))
        assert found.observed == pytest.approx(88, abs=1e-3)
        assert found.alpha_beta_flip_gy == pytest.approx(2.0, rel=1e-3)

    def test_a_volume_at_converted_dose(self) -> None:
        # 24 Gy in 3 fractions are EQD2 52.8 Gy at 3 Gy; a quarter of the cord has it
        found = only(Case(), organ("V52.8EQD2Gy(a/b=3)[%]", {"mandatory": "< 30 %"}))
        assert found.observed == pytest.approx(25, abs=0.01)
        # 23.2 Gy, which 30 % have, are EQD2 52.8 Gy where 23.2 (23.2 / 3 + r) = 52.8 (2 + r)
        expected = (23.2**2 / 3 - 105.6) / (52.8 - 23.2)
        assert found.alpha_beta_flip_gy == pytest.approx(expected, rel=1e-3)

    def test_no_flip_where_no_alpha_beta_changes_it(self) -> None:
        found = only(Case(), organ("D2cc[EQD2Gy(a/b=3)]", {"mandatory": "< 200 Gy"}))
        assert found.alpha_beta_flip_gy is None

    def test_physical_dose_has_no_flip(self) -> None:
        assert only(Case(), organ("D2cc[Gy]", {"mandatory": "< 25 Gy"})).alpha_beta_flip_gy is None

    def test_a_plan_of_several_fraction_groups_without_their_doses_is_not_converted(self) -> None:
        case = Case(fractions=(2, 1))
        converted, physical = of_organs(
            case,
            organ("D2cc[EQD2Gy(a/b=3)]", {"mandatory": "< 90 Gy"}),
            organ("D2cc[Gy]", {"mandatory": "< 90 Gy"}),
        )
        assert (converted.verdict, physical.verdict) == ("not_evaluable", "per_protocol")


class TestWhatIsNotThere:
    """Nothing of this may pass (H1, H15, E34)."""

    @pytest.mark.parametrize(
        ("case", "verdict", "why"),
        [
            (Case((PTV, GTV)), "not_evaluable", "no structure SpinalCord"),
            (Case((PTV, replace(CORD, name="my cord, perhaps"))), "not_evaluable", "no structure SpinalCord"),
            (Case((PTV, replace(CORD, name="Cord"), CORD)), "query", "may each be SpinalCord"),
            (
                Case((PTV,), [RefusedStructure(2, "Cord", RTFractionsError("it has no contours"))]),
                "not_evaluable",
                "it has no contours",
            ),
            (Case((PTV, replace(CORD, low_mm=40.0))), "not_evaluable", "no closed contours"),
            (Case((PTV, replace(CORD, low_mm=70.0, high_mm=80.0))), "not_evaluable", "outside the dose grid"),
            (Case(lowest_mm=0.0), "not_evaluable", "at least 24.00 Gy, < 90 Gy; only 50"),
            (Case(doses=False), "not_evaluable", "no dose of the plan was read"),
            (Case(dose_type=DoseType.EFFECTIVE), "not_evaluable", "EFFECTIVE"),
            (Case(kind=PlanKind.ION), "not_evaluable", "no RBE"),
            (Case(kind=PlanKind.BRACHYTHERAPY), "not_evaluable", "brachytherapy"),  # A20
            (Case(dose=LinearDose(0.0, 0.0)), "not_evaluable", "0 everywhere"),  # C18
            (Case((PTV, replace(CORD, name="SpinalCanal"))), "query", "stands for SpinalCord"),
        ],
    )
    def test_a_limit_is_not_found_kept(self, case: Case, verdict: str, why: str) -> None:
        found = only(case, organ("D2cc[Gy]", {"mandatory": "< 90 Gy"}))
        assert found.verdict == verdict
        assert why in found.message

    def test_more_volume_than_there_is_has_no_answer(self) -> None:  # H1
        found = only(Case(), organ("DC700cc[Gy]", {"mandatory": "< 90 Gy"}))
        assert found.verdict == "not_evaluable"
        assert found.observed is None
        assert "8 cm3" in found.message

    def test_what_is_known_to_be_missed_is_missed_whatever_the_rest_gets(self) -> None:
        # 2 cm3 of the upper half, which is known, have 24 Gy
        half = Case(lowest_mm=0.0)
        missed = only(half, organ("D2cc[Gy]", {"mandatory": "< 22 Gy"}))
        assert missed.verdict == "deviation_unacceptable"
        assert "at least 24.00 Gy" in missed.message
        # ... but of a band only the last limit is missed for certain
        between = only(half, organ("D2cc[Gy]", {"objective": "< 22 Gy", "mandatory": "< 30 Gy"}))
        assert between.verdict == "not_evaluable"

    def test_what_two_sides_need_is_not_found_kept_on_one(self) -> None:
        case = Case((PTV, replace(CORD, name="Kidney_L")))
        both = only(case, organ("Mean[Gy]", {"mandatory": "< 90 Gy"}, structure="Kidneys"))
        assert both.verdict == "not_evaluable"
        left, right = of_organs(case, organ("Mean[Gy]", {"mandatory": "< 90 Gy"}, structure="Kidney"))
        assert (left.verdict, right.verdict) == ("per_protocol", "not_evaluable")

    def test_of_several_structures_the_one_that_is_empty_is_named(self) -> None:
        empty = replace(LUNGS[1], low_mm=LUNGS[1].high_mm)
        found = only(
            Case((PTV, LUNGS[0], empty)), organ("Mean[Gy]", {"mandatory": "< 90 Gy"}, structure="Lungs")
        )
        assert found.verdict == "not_evaluable"
        assert "'Lung_R': it has no closed contours" in found.message

    def test_nothing_is_taken_out_that_is_not_known_to_be_the_lesions(self) -> None:
        gtv_elsewhere = replace(GTV, at_mm=(45, 0))
        for boxes in ((PTV, CORD), (PTV, CORD, gtv_elsewhere)):
            found = only(Case(boxes), organ("Mean[Gy]", {"mandatory": "< 90 Gy"}, minus="GTV"))
            assert found.verdict == "not_evaluable"
            assert "GTV" in found.message

    def test_contours_that_a_person_must_look_at_keep_no_limit(self) -> None:  # E28, E30
        doubted = replace(CORD, notices=(Notice("structure.self-crossing", "contours cross themselves"),))
        kept = only(Case((PTV, doubted)), organ("D2cc[Gy]", {"mandatory": "< 90 Gy"}))
        missed = only(Case((PTV, doubted)), organ("D2cc[Gy]", {"mandatory": "< 9 Gy"}))
        # D2cc is 24 Gy: beyond the objective; what is in doubt may be beyond the mandatory limit as well
        between = organ("D2cc[Gy]", {"objective": "< 20 Gy", "mandatory": "< 25 Gy"})
        assert only(Case(), between).verdict == "variation_acceptable"
        assert only(Case((PTV, doubted)), between).verdict == "query"
        assert (kept.verdict, missed.verdict) == ("query", "deviation_unacceptable")
        assert "contours cross themselves" in kept.message

    def test_a_surrogate_says_no_more_than_it_can(self) -> None:
        canal = Case((PTV, replace(CORD, name="SpinalCanal")))
        for limit, metric, says in (
            ("< 90 Gy", "D2cc[Gy]", "what lies within it gets no more"),
            ("< 90 Gy", "Mean[Gy]", "says nothing of the structure meant"),
            ("< 9 Gy", "D2cc[Gy]", "need not be so in the structure meant"),
        ):
            found = only(canal, organ(metric, {"mandatory": limit}))
            assert found.verdict == "query"
            assert says in found.message


def test_the_headline_names_the_structure() -> None:
    rules = dose_protocol(organs=[organ("D2cc[Gy]", {"mandatory": "< 9 Gy"})]).protocol
    headline = check(Case().patient(), rules).headline
    assert headline == "deviation unacceptable (a protocol): SpinalCord: D2cc[Gy] 24.00 Gy, not < 9 Gy"


class TestCourse:
    TWO = Case(
        (PTV, GTV, CORD, Box("PTV2", -20, 0, 20, "PTV", (40, 40))), (), ("24 Gy / 3",) * 2, ("PTV", "PTV2")
    )

    def test_a_limit_kept_by_one_of_two_plans_is_not_found_kept(self) -> None:
        found = of_organs(self.TWO, organ("D2cc[Gy]", {"mandatory": "< 90 Gy"}))
        assert [(f.verdict, f.plan_uid) for f in found] == [
            ("not_evaluable", plan_uid(0)),
            ("not_evaluable", plan_uid(1)),
        ]
        assert all(f.message.startswith("this plan only: ") for f in found)

    def test_a_limit_missed_by_one_of_two_plans_is_missed(self) -> None:
        found = of_organs(self.TWO, organ("D2cc[Gy]", {"mandatory": "< 20 Gy"}))
        assert [f.verdict for f in found] == ["deviation_unacceptable"] * 2

    @pytest.mark.parametrize(
        ("metric", "limit", "verdict"),
        [
            ("D50%[Gy]", {"mandatory": ">= 19 Gy"}, "per_protocol"),
            ("D50%[Gy]", {"mandatory": ">= 21 Gy"}, "not_evaluable"),
            ("D50%[Gy]", {"objective": ">= 21 Gy", "mandatory": ">= 19 Gy"}, "not_evaluable"),
            ("V22Gy[%]", {"mandatory": ">= 50 %"}, "not_evaluable"),  # 37.5 % have it
            ("CV22Gy[cc]", {"mandatory": ">= 4 cc"}, "not_evaluable"),  # 5 cc are spared, by this plan
            ("CV22Gy[cc]", {"mandatory": ">= 6 cc"}, "deviation_unacceptable"),
        ],
    )
    def test_what_is_not_summed_can_only_add_dose(
        self, metric: str, limit: dict[str, str], verdict: str
    ) -> None:
        found = of_organs(self.TWO, organ(metric, limit))
        assert [f.verdict for f in found] == [verdict] * 2

    def test_a_limit_on_each_plan_needs_no_sum(self) -> None:
        found = of_organs(self.TWO, organ("D2cc[Gy]", {"mandatory": "< 90 Gy"}, sum_over="plan"))
        assert [f.verdict for f in found] == ["per_protocol"] * 2

    def test_a_limit_kept_by_the_only_plan_is_not_kept_where_records_are_of_another(self) -> None:
        patient = Case().patient()
        rules = dose_protocol(organs=[organ("D2cc[Gy]", {"mandatory": "< 90 Gy"})]).protocol
        record = TreatmentRecord(sop_instance_uid="1.9", plan_uid="1.2.3.4.99", fraction_group=1)
        for records, verdict in (((), "per_protocol"), ((record,), "not_evaluable")):
            findings = check(replace(patient, records=records), rules).findings
            (found,) = (f for f in findings if f.rule == "organ.r0")
            assert found.verdict == verdict
        assert found.message.endswith("treatment records are of 1 other plan, whose dose is not summed")

    def test_a_limit_kept_by_the_only_plan_is_not_kept_where_a_lesion_has_another(self) -> None:
        patient = Case().patient()
        other = Lesion(
            "L2", Prescription(parse("24 Gy / 3"), PrescriptionSource.LESION_SHEET), plan_uid="1.2.9"
        )
        rules = dose_protocol(organs=[organ("D2cc[Gy]", {"mandatory": "< 90 Gy"})]).protocol
        findings = check(replace(patient, lesions=(*patient.lesions, other)), rules).findings
        (found,) = (f for f in findings if f.rule == "organ.r0")
        assert found.verdict == "not_evaluable"
        assert found.message.endswith(
            "which plan treats lesion 'L2' is not known, and its dose is not summed"
        )

    def test_earlier_radiotherapy_has_its_line_in_every_review(self) -> None:
        (line,) = (f for f in review(Case()).findings if f.rule == "prior_radiotherapy")
        assert (line.verdict, line.message) == ("info", "earlier radiotherapy: not stated")

    def test_a_limit_on_the_sum_with_earlier_radiotherapy(self) -> None:
        rule = organ("D2cc[Gy]", {"mandatory": "< 90 Gy"}, sum_over="course_and_prior")
        found = only(Case(), rule)
        assert found.verdict == "not_evaluable"
        assert "earlier radiotherapy is not stated" in found.message
        missed = only(Case(), organ("D2cc[Gy]", {"mandatory": "< 9 Gy"}, sum_over="course_and_prior"))
        assert missed.verdict == "deviation_unacceptable"


class TestKindsOfLimits:
    def test_what_is_recorded_is_told_and_not_compared(self) -> None:
        for kind in ("record", "dose_response"):
            found = only(Case(), organ("D2cc[Gy]", {"kind": kind, "mandatory": "< 9 Gy", "risk": "rate <5%"}))
            assert (found.verdict, found.required) == ("info", None)
            assert found.observed == pytest.approx(24.0, abs=1e-3)
            assert "rate <5%" in found.message

    def test_a_disabled_limit_is_told_and_not_compared(self) -> None:
        found = only(Case(), organ("D2cc[Gy]", {"mandatory": "< 9 Gy", "disabled": "known from memory only"}))
        assert (found.verdict, found.observed) == ("info", None)
        assert "known from memory only" in found.message

    def test_what_is_printed_as_no_single_number_is_for_a_person(self) -> None:
        found = only(Case(), organ("V12Gy[cc]", {"printed": "10-15 cc"}))
        assert found.verdict == "query"
        assert "10-15 cc" in found.message

    def test_each_limit_that_is_for_the_plan_has_its_finding(self) -> None:
        limits = ({"mandatory": "< 90 Gy"}, {"fractions": [3], "mandatory": "< 9 Gy"})
        found = of_organs(Case(), organ("D2cc[Gy]", *limits))
        assert [f.verdict for f in found] == ["per_protocol", "deviation_unacceptable"]

    def test_another_number_of_fractions_does_not_apply(self) -> None:
        found = only(Case(), organ("D2cc[Gy]", {"fractions": [5], "mandatory": "< 9 Gy"}))
        assert found.verdict == "not_applicable"

    def test_the_source_and_its_worst_grade_stand_in_the_finding(self) -> None:
        found = only(Case(), organ("D2cc[Gy]", {"mandatory": "< 9 Gy"}), worst_grade="query")
        assert found.verdict == "query"
        assert found.source is not None
        assert found.source.label == "a protocol"


class TestUncertainty:
    SMALL = replace(CORD, low_mm=-6.0, high_mm=6.0, side_mm=8.0)

    def test_other_ends_of_contours_that_change_the_verdict_are_told(self) -> None:
        # a structure of 0.77 cm3: its half of most dose lies in the last slices, whose ends are a choice
        observed = only(Case((PTV, self.SMALL)), organ("Max[Gy]", {"objective": "< 90 Gy"})).observed
        assert isinstance(observed, float)
        near = only(Case((PTV, self.SMALL)), organ("Max[Gy]", {"objective": f"< {observed + 0.001:.6f} Gy"}))
        far = only(Case((PTV, self.SMALL)), organ("Max[Gy]", {"objective": "< 90 Gy"}))
        assert far.uncertain is None
        assert near.uncertain is not None

    def test_a_large_structure_far_from_small_volumes_is_not_tried(self) -> None:
        large = Box("Liver", -40, 40, 40.0)
        found = only(Case((PTV, large)), organ("D50%[Gy]", {"objective": "< 20.1 Gy"}, structure="Liver"))
        assert found.uncertain is None
