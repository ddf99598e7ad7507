"""What each rule says, beyond the verdict cases. Expected verdicts come from the interface and protocols.md."""

import datetime
from dataclasses import replace
from typing import Any

import pytest

from rtfractions import protocols
from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.compliance.timing_rule import days
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import PlanTarget, Prescription, PrescriptionSource
from rtfractions.protocols import Protocol
from rtfractions.records import Delivery
from rtfractions.schedule_text import parse

RE_INDUCTION = protocols.library_protocol("NCT03406468").protocol
GENSHEIMER = protocols.library_protocol("NCT03176173").protocol


def lesion(schedule: str, label: str = "L1", **facts: Any) -> Lesion:
    return Lesion(label, Prescription(parse(schedule), PrescriptionSource.LESION_SHEET), **facts)


def course(start: str, end: str) -> Delivery:
    return Delivery(datetime.date.fromisoformat(start), datetime.date.fromisoformat(end))


def review(protocol: Protocol, *lesions: Lesion, planned: bool = False, **patient: Any) -> PatientFindings:
    arguments: dict[str, Any] = {"lesions_from": LesionsFrom.SHEET, **patient}
    return check(Patient("P1", lesions, **arguments), protocol, planned=planned)


def finding(findings: PatientFindings, rule: str, lesion: int = 0) -> Finding:
    own = {found.rule: found for found in findings.findings}
    return own.get(rule) or {found.rule: found for found in findings.lesions[lesion].findings}[rule]


class TestSchedule:
    def test_preferred_listed_conditional_and_unclear_are_told_apart(self) -> None:
        for schedule, said in [("24Gy/3", "preferred"), ("30Gy/10", "conditional"), ("30Gy/3", "unclear")]:
            assert said in finding(review(RE_INDUCTION, lesion(schedule)), "schedule").message
        assert "listed, ablative" in finding(review(GENSHEIMER, lesion("50Gy/5")), "schedule").message

    def test_a_condition_on_the_sites_statement_is_stated_not_confirmed(self) -> None:
        shown = lesion("30Gy/10", site="bone", justification="painful metastasis")
        found = finding(review(RE_INDUCTION, shown), "schedule")
        assert (found.verdict, found.basis) == ("per_protocol", "stated")
        assert "not verified" in found.message

    @pytest.mark.parametrize(
        ("facts", "lacking"),
        [
            ({}, "site or intent not given; justification not given"),
            ({"site": "qwertz", "justification": "pain"}, "the site 'qwertz' is not known"),
            ({"site": "bone"}, "justification not given"),
            ({"justification": "pain"}, "site or intent not given"),
            ({"intent": "palliative", "justification": "?"}, "justification not given"),
        ],
    )
    def test_a_condition_not_shown_names_the_missing_field(self, facts: dict[str, str], lacking: str) -> None:
        found = finding(review(RE_INDUCTION, lesion("20Gy/5", **facts)), "schedule")
        assert (found.verdict, found.basis) == ("query", None)
        assert lacking in found.message

    def test_every_reading_of_the_isodose_remark_has_its_verdict(self) -> None:
        # protocols.md 1.1.1: A needs D95%, B is fine, C cannot be judged, D leaves it unlisted
        found = finding(review(RE_INDUCTION, lesion("30Gy/3")), "schedule")
        assert [(r.id, r.verdict) for r in found.readings] == [
            ("A", "not_evaluable"),
            ("B", "per_protocol"),
            ("C", "not_evaluable"),
            ("D", "query"),
        ]

    def test_the_readings_of_srs_differ_for_a_body_site(self) -> None:
        found = finding(review(RE_INDUCTION, lesion("20Gy/1", site="rib", technique="SBRT")), "schedule")
        assert [(r.id, r.verdict) for r in found.readings] == [("A", "query"), ("B", "per_protocol")]

    @pytest.mark.parametrize(
        ("diameter_mm", "dose", "verdict"),
        [
            (20.0, "24Gy/1", "per_protocol"),
            (20.0, "24.000001Gy/1", "per_protocol"),  # 1e-6 Gy of slack
            (20.0, "24.000002Gy/1", "query"),
            (20.1, "24Gy/1", "query"),
            (25.0, "20Gy/1", "query"),
            (41.0, "20Gy/1", "query"),
            (None, "24Gy/1", "per_protocol"),
        ],
    )
    def test_the_dose_for_a_diameter_is_that_of_rtog_90_05(
        self, diameter_mm: float | None, dose: str, verdict: str
    ) -> None:
        # RTOG 90-05: 24 Gy up to 20 mm, 18 Gy up to 30 mm, 15 Gy up to 40 mm
        treated = lesion(dose, site="brain", technique="SRS", max_diameter_mm=diameter_mm)
        assert finding(review(RE_INDUCTION, treated), "schedule").verdict == verdict

    def test_a_smaller_dose_to_a_larger_brain_lesion_is_a_query_with_the_band(self) -> None:
        # protocols.md R7: 15-18 Gy/1 to a > 2 cm brain lesion = query with the RTOG 90-05 note
        found = finding(
            review(RE_INDUCTION, lesion("18Gy/1", site="brain", technique="SRS", max_diameter_mm=25.0)),
            "schedule",
        )
        assert found.verdict == "query"
        assert "RTOG 90-05 has 18 Gy for 25 mm" in found.message

    def test_the_nearest_listed_schedule_is_near_in_dose_and_fractions(self) -> None:
        # 60 Gy/8 against 50/5, 50/10, 27/3, 40/10: 50/10 is nearest. Differences from the D rows of the
        # validation table: 60/8 is BED10 105, EQD2 87.5, BED3 210, EQD2 126; 50/10 (75, 62.5, 133.33, 80).
        nearest = finding(review(GENSHEIMER, lesion("60Gy/8")), "schedule").nearest
        assert nearest is not None
        assert str(nearest.schedule) == "50 Gy / 10"
        ten, three = nearest.differences
        assert (ten.alpha_beta_gy, three.alpha_beta_gy) == (10, 3)
        assert (ten.bed_gy, ten.eqd2_gy) == pytest.approx((30.0, 25.0))
        assert (three.bed_gy, three.eqd2_gy) == pytest.approx((210 - 400 / 3, 46.0))

    def test_nothing_is_called_equivalent(self) -> None:
        message = finding(review(GENSHEIMER, lesion("60Gy/8")), "schedule").message
        assert "not equivalent" in message

    def test_rbe_weighted_dose_is_not_compared_with_photon_dose(self) -> None:
        nearest = finding(review(RE_INDUCTION, lesion("24Gy(RBE)/3")), "schedule").nearest
        assert nearest is not None
        assert nearest.differences == ()

    @pytest.mark.parametrize(
        ("prescription", "verdict"),
        [
            (Prescription(None, None, missing="no dose"), "not_evaluable"),
            (Prescription(parse("24Gy/3"), PrescriptionSource.BEAM_DOSE, unclear="from beam doses"), "query"),
            (Prescription(None, PrescriptionSource.TARGET, unclear="two doses"), "query"),
        ],
    )
    def test_a_prescription_that_grades_nothing(self, prescription: Prescription, verdict: str) -> None:
        found = finding(review(RE_INDUCTION, Lesion("L1", prescription)), "schedule")
        assert found.verdict == verdict
        assert found.message == (prescription.missing or prescription.unclear)


class TestTiming:
    @pytest.mark.parametrize(
        ("start", "end", "inclusive", "elapsed", "weekdays"),
        [
            ("2019-03-04", "2019-03-15", 12, 11, 10),  # Monday to Friday of the next week
            ("2019-03-05", "2019-03-18", 14, 13, 10),  # ten weekdays from any other weekday span 14 days
            ("2019-03-02", "2019-03-17", 16, 15, 10),  # Saturday to Sunday
            ("2019-03-04", "2019-03-04", 1, 0, 1),
            ("2019-03-09", "2019-03-10", 2, 1, 0),
            ("2020-02-24", "2020-03-06", 12, 11, 10),  # over a leap day
        ],
    )
    def test_days_are_counted_as_the_calendar_has_them(
        self, start: str, end: str, inclusive: int, elapsed: int, weekdays: int
    ) -> None:
        dates = datetime.date.fromisoformat(start), datetime.date.fromisoformat(end)
        assert [days(dates, how) for how in ("inclusive", "elapsed", "weekdays")] == [
            inclusive,
            elapsed,
            weekdays,
        ]

    @pytest.mark.parametrize(
        ("end", "verdict", "readings"),
        [
            ("2019-03-17", "per_protocol", ["per_protocol"] * 3),  # 14 days inclusive
            ("2019-03-18", "query", ["query", "per_protocol", "query"]),  # 15: the readings differ
            ("2019-03-20", "query", ["query"] * 3),  # 17: beyond every reading
        ],
    )
    def test_two_weeks_under_each_reading(self, end: str, verdict: str, readings: list[str]) -> None:
        # protocols.md G7: at most 14 inclusive pass, above 14 a query; 15 and 16 may differ, 17 fails under all
        found = finding(
            review(GENSHEIMER, lesion("40Gy/10", delivery=course("2019-03-04", end))), "overall_time"
        )
        assert found.verdict == verdict
        assert [reading.verdict for reading in found.readings] == readings

    def test_sixteen_days_over_two_weekends_are_ten_working_days(self) -> None:
        found = finding(
            review(GENSHEIMER, lesion("40Gy/10", delivery=course("2019-03-02", "2019-03-17"))), "overall_time"
        )
        assert [reading.verdict for reading in found.readings] == ["query", "query", "per_protocol"]

    def test_lesions_in_turn_are_a_query_about_the_scope(self) -> None:
        # protocols.md G8: with lesions treated in turn the scope of the window decides
        first = lesion("40Gy/10", site="lung", delivery=course("2019-03-04", "2019-03-15"))
        second = lesion("27Gy/3", "L2", site="liver", delivery=course("2019-03-18", "2019-03-22"))
        found = finding(review(GENSHEIMER, first, second), "overall_time_together")
        assert found.verdict == "query"
        assert [reading.verdict for reading in found.readings] == ["per_protocol", "query"]

    @pytest.mark.parametrize(
        ("schedule", "verdict"),
        [
            ("40Gy/10 daily", "per_protocol"),
            ("40Gy/10 5/wk", "per_protocol"),
            ("40Gy/10", "not_applicable"),
            ("40Gy/10 QOD", "query"),
            ("40Gy/10 3/wk", "query"),
        ],
    )
    def test_daily_is_one_fraction_a_weekday(self, schedule: str, verdict: str) -> None:
        assert finding(review(GENSHEIMER, lesion(schedule)), "frequency").verdict == verdict

    def test_a_planned_treatment_has_no_dates_and_no_delivery(self) -> None:
        findings = review(GENSHEIMER, lesion("40Gy/10", site="lung"), planned=True)
        assert finding(findings, "overall_time").verdict == "not_applicable"
        assert finding(findings, "delivery").verdict == "not_applicable"
        assert findings.verdict == "per_protocol"

    def test_silence_is_no_rule(self) -> None:
        found = finding(review(RE_INDUCTION, lesion("24Gy/3")), "overall_time")
        assert (found.verdict, found.message, found.source) == ("not_applicable", "no rule", None)


class TestDelivery:
    @pytest.mark.parametrize(
        ("delivered", "verdict"),
        [
            (3, "per_protocol"),
            (4, "deviation_unacceptable"),
            (2, "query"),
            (0, "query"),
            (None, "not_applicable"),
        ],
    )
    def test_delivered_against_prescribed(self, delivered: int | None, verdict: str) -> None:
        findings = review(RE_INDUCTION, lesion("24Gy/3", delivery=Delivery(fractions_delivered=delivered)))
        assert finding(findings, "delivery").verdict == verdict

    def test_the_stop_reason_is_said(self) -> None:
        stopped = Delivery(fractions_delivered=2, stop_reason="toxicity")
        assert (
            "toxicity"
            in finding(review(RE_INDUCTION, lesion("24Gy/3", delivery=stopped)), "delivery").message
        )
        unexplained = Delivery(fractions_delivered=2, stop_reason="n/a")
        assert (
            "no stop reason"
            in finding(review(RE_INDUCTION, lesion("24Gy/3", delivery=unexplained)), "delivery").message
        )


class TestLesions:
    def lesions(self, *sites: str | None) -> tuple[Lesion, ...]:
        return tuple(lesion("40Gy/10", f"L{i}", site=site) for i, site in enumerate(sites))

    @pytest.mark.parametrize(
        ("sites", "verdict", "observed"),
        [
            (["lung"] * 4, "per_protocol", "4"),
            (["lung"] * 5, "deviation_unacceptable", "5"),
            (["lung"] * 4 + ["brain"], "per_protocol", "4"),
            (["lung"] * 4 + [None], "query", "4 to 5"),
            (["lung"] * 5 + [None], "deviation_unacceptable", "5 to 6"),
            (["brain"], "query", "0"),
            ([None], "query", "0 to 1"),
        ],
    )
    def test_only_lesions_at_treated_sites_count(
        self, sites: list[str | None], verdict: str, observed: str
    ) -> None:
        found = finding(review(GENSHEIMER, *self.lesions(*sites)), "lesions")
        assert (found.verdict, found.observed) == (verdict, observed)

    def test_off_study_lesions_count_nowhere(self) -> None:
        off_study = replace(lesion("8Gy/1", "L2"), on_study=False)
        findings = review(RE_INDUCTION, lesion("24Gy/3"), off_study)
        assert finding(findings, "lesions").verdict == "per_protocol"
        assert findings.lesions[1].verdict == "not_applicable"

    def test_a_patient_with_nothing_on_study_is_not_per_protocol(self) -> None:
        # interface: a patient where nothing rolls up is not evaluable
        findings = review(RE_INDUCTION, replace(lesion("24Gy/3"), on_study=False))
        assert findings.verdict == "not_evaluable"

    @pytest.mark.parametrize(("planned", "verdict"), [(False, "query"), (True, "deviation_unacceptable")])
    def test_a_lesion_that_got_no_fraction_may_count_or_not(self, planned: bool, verdict: str) -> None:
        untreated = lesion("24Gy/3", "L2", delivery=Delivery(fractions_delivered=0))
        found = finding(review(RE_INDUCTION, lesion("24Gy/3"), untreated, planned=planned), "lesions")
        assert found.verdict == verdict

    @pytest.mark.parametrize(
        ("lesions_from", "number", "protocol", "verdict"),
        [
            (LesionsFrom.PLAN_LINKS, 1, RE_INDUCTION, "per_protocol"),
            (LesionsFrom.PLAN_LINKS, 2, RE_INDUCTION, "query"),
            (LesionsFrom.PLAN_CANDIDATES, 1, RE_INDUCTION, "per_protocol"),
            (LesionsFrom.PLAN_CANDIDATES, 2, RE_INDUCTION, "query"),
            (LesionsFrom.PLAN_LINKS, 4, GENSHEIMER, "per_protocol"),
            (LesionsFrom.PLAN_LINKS, 5, GENSHEIMER, "query"),
            (LesionsFrom.PLAN_CANDIDATES, 2, GENSHEIMER, "query"),
            (LesionsFrom.SHEET, 2, RE_INDUCTION, "deviation_unacceptable"),
        ],
    )
    def test_targets_of_plans_are_never_a_deviation(
        self, lesions_from: LesionsFrom, number: int, protocol: Protocol, verdict: str
    ) -> None:
        lesions = self.lesions(*["lung"] * number)
        found = finding(review(protocol, *lesions, lesions_from=lesions_from), "lesions")
        assert found.verdict == verdict

    def test_what_was_refused_may_hide_a_lesion(self) -> None:
        findings = review(RE_INDUCTION, lesion("24Gy/3"), incomplete="a row was refused")
        assert finding(findings, "lesions").verdict == "not_evaluable"
        assert finding(findings, "input").verdict == "not_evaluable"
        assert findings.lesions[0].verdict == "per_protocol"

    def test_what_was_refused_counts_without_a_rule_on_lesions(self) -> None:
        protocol = own_protocol(
            "lesions: {min: 1, max: 2, worst_grade: deviation_unacceptable, source: S1}\n", ""
        )
        findings = review(protocol, lesion("24Gy/3"), incomplete="a row was refused")
        assert finding(findings, "lesions").message == "no rule"
        assert finding(findings, "input").verdict == "not_evaluable"

    def test_what_was_refused_hides_no_deviation(self) -> None:
        findings = review(
            RE_INDUCTION, lesion("24Gy/3"), lesion("24Gy/3", "L2"), incomplete="a row was refused"
        )
        assert findings.verdict == "deviation_unacceptable"


class TestPrescription:
    def tied(self, planned: Prescription) -> Lesion:
        return lesion("24Gy/3", plan_target=PlanTarget("PTV", 1, planned))

    @pytest.mark.parametrize(
        ("planned", "verdict", "said"),
        [
            (Prescription(parse("30Gy/10"), PrescriptionSource.TARGET), "query", "30 Gy / 10"),
            (Prescription(parse("24.01Gy/3"), PrescriptionSource.TARGET), "info", "agrees"),
            (Prescription(None, None, unclear="24 and 30 Gy"), "query", "24 and 30 Gy"),
            (Prescription(None, None, missing="no fractions"), "info", "no fractions"),
            (
                Prescription(parse("30Gy/3"), PrescriptionSource.BEAM_DOSE, unclear="beams"),
                "info",
                "not compared",
            ),
        ],
    )
    def test_sheet_against_plan(self, planned: Prescription, verdict: str, said: str) -> None:
        found = finding(review(RE_INDUCTION, self.tied(planned)), "prescription")
        assert found.verdict == verdict
        assert said in found.message

    def test_a_tie_that_fails_is_a_query(self) -> None:
        findings = review(RE_INDUCTION, lesion("24Gy/3", not_tied="the plan it names was not read"))
        assert finding(findings, "prescription").verdict == "query"

    def test_targets_of_no_lesion_are_a_query(self) -> None:
        findings = review(RE_INDUCTION, lesion("24Gy/3"), untied=("PTV b (30 Gy / 3)",))
        assert finding(findings, "plan_targets").verdict == "query"
        assert "PTV b (30 Gy / 3)" in findings.headline


OWN = """\
schema: rtfractions.protocol/1
id: P1
title: A protocol
version: "1"
basis: protocol_document
sources:
  - {id: S1, kind: protocol_document, label: protocol 1, citation: nobody}
lesions: {min: 1, max: 2, worst_grade: deviation_unacceptable, source: S1}
sites: {treated: [extracranial], worst_grade: deviation_unacceptable, source: S1}
schedules:
  list: closed
  match_tolerance_gy: 0.05
  worst_grade: deviation_unacceptable
  source: S1
  allowed:
    - {id: a, schedule: 24 Gy / 3, status: preferred, source: S1}
    - {id: b, schedule: 8 Gy / 1, status: conditional, condition: C1, source: S1}
    - {id: c, schedule: 8 Gy / 1, status: conditional, condition: C2, source: S1}
    - {id: d, schedule: 30 Gy / 3, status: unclear, ambiguity: A1, source: S1}
conditions:
  - {id: C1, text: for bone, needs: [{any: [site], is: [bone]}], ambiguity: A2}
  - {id: C2, text: for palliation, needs: [{any: [intent], is: [palliative]}]}
timing:
  overall: {days: {max: 14, count: inclusive}}
  scope: {of: all_lesions}
  worst_grade: deviation_unacceptable
  source: S1
ambiguities:
  - {id: A1, text: a remark, default: A, readings: [{id: A, text: a, verdict: deviation_unacceptable}, {id: B, text: b, verdict: query}]}
  - {id: A2, text: which bone, default: B, readings: [{id: A, text: any}, {id: B, text: all, needs: [{any: [technique], is: [3D]}]}]}
"""


def own_protocol(*changes: str) -> Protocol:
    text = OWN
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    return protocols.load(text, text.encode(), file="own.yaml").protocol


class TestOtherProtocols:
    @pytest.mark.parametrize(
        ("list_is", "worst_grade", "verdict"),
        [
            ("closed", "deviation_unacceptable", "deviation_unacceptable"),
            ("closed", "query", "query"),
            ("closed", "variation_acceptable", "variation_acceptable"),
            ("open", "deviation_unacceptable", "query"),
            ("stated", "deviation_unacceptable", "query"),
            ("unknown", "deviation_unacceptable", "query"),
            ("open", "variation_acceptable", "query"),
        ],
    )
    def test_only_a_closed_list_makes_an_unlisted_schedule_a_deviation(
        self, list_is: str, worst_grade: str, verdict: str
    ) -> None:
        schedules = "list: closed\n  match_tolerance_gy: 0.05\n  worst_grade: deviation_unacceptable"
        changed = schedules.replace("closed", list_is).replace("deviation_unacceptable", worst_grade)
        protocol = own_protocol(schedules, changed)
        assert finding(review(protocol, lesion("60Gy/8")), "schedule").verdict == verdict

    @pytest.mark.parametrize("worst_grade", ["deviation_unacceptable", "query", "variation_acceptable"])
    def test_no_reading_is_worse_than_the_source_supports(self, worst_grade: str) -> None:
        schedules = "match_tolerance_gy: 0.05\n  worst_grade: deviation_unacceptable"
        protocol = own_protocol(schedules, schedules.replace("deviation_unacceptable", worst_grade))
        assert finding(review(protocol, lesion("30Gy/3")), "schedule").verdict == worst_grade

    @pytest.mark.parametrize("worst_grade", ["deviation_unacceptable", "query", "variation_acceptable"])
    def test_no_site_is_worse_than_the_source_supports(self, worst_grade: str) -> None:
        rule = "treated: [extracranial], worst_grade: deviation_unacceptable"
        protocol = own_protocol(rule, rule.replace("deviation_unacceptable", worst_grade))
        assert finding(review(protocol, lesion("24Gy/3", site="brain")), "site").verdict == worst_grade

    def test_the_best_of_several_entries_for_one_schedule_decides(self) -> None:
        found = finding(
            review(own_protocol(), lesion("8Gy/1", site="liver", intent="Palliative")), "schedule"
        )
        assert (found.verdict, found.basis) == ("per_protocol", "stated")

    def test_message_and_basis_are_those_of_the_reading_that_decides(self) -> None:
        # as it stands the condition is shown; the default reading wants the technique too
        bone = lesion("8Gy/1", site="bone")
        found = finding(review(own_protocol(), bone), "schedule")
        assert (found.verdict, found.basis) == ("query", None)
        assert "not enough under every reading" in found.message
        found = finding(review(own_protocol(), replace(bone, technique="3D")), "schedule")
        assert (found.verdict, found.basis) == ("per_protocol", "stated")
        # and the other way round: not shown as it stands, allowed by the reading
        found = finding(review(own_protocol(), lesion("8Gy/1", site="liver", technique="3D")), "schedule")
        assert (found.verdict, found.basis) == ("per_protocol", "stated")
        assert "not shown" not in found.message

    def test_an_unclear_entry_is_never_the_nearest(self) -> None:
        nearest = finding(review(own_protocol(), lesion("31Gy/3")), "schedule").nearest
        assert nearest is not None
        assert str(nearest.schedule) == "24 Gy / 3"

    def test_the_nearest_weighs_dose_and_fractions(self) -> None:
        # 8 Gy/1 and 24 Gy/3 against 20 Gy/2: ln 2.5 + ln 2 = 1.61 and ln 1.2 + ln 1.5 = 0.59
        nearest = finding(review(own_protocol(), lesion("20Gy/2")), "schedule").nearest
        assert nearest is not None
        assert str(nearest.schedule) == "24 Gy / 3"

    @pytest.mark.parametrize(
        ("second", "verdict"),
        [
            (course("2019-03-15", "2019-03-17"), "per_protocol"),
            (course("2019-03-15", "2019-03-18"), "deviation_unacceptable"),
            (Delivery(), "not_evaluable"),
        ],
    )
    def test_the_time_of_all_lesions_together(self, second: Delivery, verdict: str) -> None:
        first = lesion("24Gy/3", site="lung", delivery=course("2019-03-04", "2019-03-06"))
        findings = review(own_protocol(), first, lesion("24Gy/3", "L2", site="liver", delivery=second))
        assert finding(findings, "overall_time_together").verdict == verdict

    def test_a_lesion_without_dates_hides_no_exceeded_time(self) -> None:
        dates = [course("2019-03-04", "2019-03-06"), course("2019-05-06", "2019-05-08"), Delivery()]
        lesions = [lesion("24Gy/3", f"L{i}", site="lung", delivery=d) for i, d in enumerate(dates)]
        assert (
            finding(review(own_protocol(), *lesions), "overall_time_together").verdict
            == "deviation_unacceptable"
        )

    def test_lesions_off_study_or_out_of_scope_take_no_part_in_the_time(self) -> None:
        lesions = [
            lesion("24Gy/3", "L1", site="lung", delivery=course("2019-03-04", "2019-03-06")),
            lesion("24Gy/3", "L2", site="liver", delivery=course("2019-03-04", "2019-03-06")),
            lesion("24Gy/3", "L3", site="lung", delivery=course("2019-06-03", "2019-06-05"), on_study=False),
            lesion("24Gy/3", "L4", site="brain", delivery=course("2019-06-03", "2019-06-05")),
        ]
        assert finding(review(own_protocol(), *lesions), "overall_time_together").verdict == "per_protocol"

    def test_a_time_for_each_lesion_is_not_checked_together(self) -> None:
        protocol = own_protocol("scope: {of: all_lesions}", "scope: {of: per_lesion}")
        lesions = [lesion("24Gy/3", f"L{i}", delivery=course("2019-03-04", "2019-03-06")) for i in range(2)]
        assert "overall_time_together" not in [found.rule for found in review(protocol, *lesions).findings]


class TestHeadline:
    def test_it_names_what_it_rests_on(self) -> None:
        assert review(RE_INDUCTION, lesion("24Gy/3")).headline == "per protocol (registry record 2020-01-18)"

    def test_it_gives_the_reason(self) -> None:
        headline = review(RE_INDUCTION, lesion("24Gy/3"), lesion("24Gy/3", "L2")).headline
        assert headline.startswith("deviation unacceptable (registry record 2020-01-18): 2 lesions")

    def test_a_rule_of_this_program_is_named_as_such(self) -> None:
        headline = review(RE_INDUCTION, lesion("24Gy/3", delivery=Delivery(fractions_delivered=4))).headline
        assert headline.startswith("deviation unacceptable (this program's rule): lesion L1: more fractions")

    def test_it_says_how_many_conditions_rest_on_a_statement(self) -> None:
        shown = lesion("30Gy/10", site="bone", justification="painful metastasis")
        assert "1 condition accepted on the site's statement" in review(RE_INDUCTION, shown).headline
