"""Advisory sets stand beside the grade and never change it; what an overlay says of a patient."""

import datetime
import json
from dataclasses import replace
from typing import Any

import pytest
from analytic_patient import CORD, GTV, PTV, Box, Case, dose_protocol, plan_uid

from rtfractions import protocols
from rtfractions.biology import eqd2
from rtfractions.compliance import Finding, PatientFindings, check
from rtfractions.patient import Lesion, LesionsFrom, Patient
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.protocols.constraint_library import LoadedConstraintSet, library_set, load_set
from rtfractions.protocols.overlays import (
    Confirmation,
    ForProtocol,
    OrganAlphaBeta,
    Overlay,
    PriorRadiotherapy,
)
from rtfractions.schedule_text import parse

PROTOCOL = dose_protocol().protocol


def constraints(
    *rules: dict[str, Any], name: str = "TEST-SET", aliases: dict[str, str] | None = None
) -> LoadedConstraintSet:
    stated = {"source": "A", "verification": "V1"}
    document = {
        "schema": "rtfractions.constraints/1",
        "id": name,
        "title": "a set",
        "version": "1",
        "sources": [{"id": "A", "kind": "publication", "label": "A 2020", "citation": "made up"}],
        "aliases": [{"structure": own, "names": [drawn]} for own, drawn in (aliases or {}).items()],
        "constraints": [
            {"id": f"c{i}", **one, "limits": [stated | limit for limit in one["limits"]]}
            for i, one in enumerate(rules)
        ],
    }
    text = json.dumps(document)
    return load_set(text, text.encode(), file="set.yaml")


def rule(metric: str, *limits: dict[str, Any], structure: str = "SpinalCord", **other: Any) -> dict[str, Any]:
    return {"structure": structure, "metric": metric, "limits": list(limits), **other}


def advised(
    case: Case, *rules: dict[str, Any], alpha_beta_gy: float | None = None
) -> tuple[PatientFindings, tuple[Finding, ...]]:
    findings = check(
        case.patient(),
        PROTOCOL,
        constraint_sets=[constraints(*rules)],
        constraints_alpha_beta_gy=alpha_beta_gy,
    )
    (found,) = findings.advisory
    return findings, found.findings


class TestAdvisory:
    def test_an_exceeded_limit_stands_in_the_headline_and_changes_no_grade(self) -> None:
        # D2cc is 24 Gy, half of the cord gets 20 Gy
        findings, found = advised(
            Case(),
            rule("D2cc[Gy]", {"mandatory": "< 20 Gy"}),
            rule("Mean[Gy]", {"objective": "< 19 Gy"}),
            rule("Mean[Gy]", {"objective": "< 21 Gy"}),
        )
        assert {f.verdict for f in found} == {"info"}
        assert [f.advice for f in found] == [
            "limit_exceeded",
            "objective_exceeded",
            "kept",
        ]
        assert findings.verdict == "per_protocol"
        assert findings.headline.startswith("per protocol (a protocol)")
        assert findings.headline.endswith("; 2 advisory limits exceeded (TEST-SET)")
        assert findings.exceeds_advisory

    def test_beyond_a_limit_of_unknown_strength_is_no_mere_objective(self) -> None:
        # TG-101 and QUANTEC do not say whether their limits are optimal or mandatory (facts/protocols.md 3.1, trap e)
        _, (found,) = advised(Case(), rule("D2cc[Gy]", {"objective": "< 20 Gy", "strength": "unspecified"}))
        assert found.advice == "limit_exceeded"
        assert "not < 20 Gy (optimal or mandatory: not stated)" in found.message

    def test_between_an_objective_and_its_mandatory_limit_the_objective_is_exceeded(self) -> None:
        band = rule("D2cc[Gy]", {"objective": "< 20 Gy", "mandatory": "< 30 Gy"})
        _, found = advised(Case(), band)
        assert [(f.advice, f.required) for f in found] == [("objective_exceeded", 20), ("kept", 30)]
        # What is exceeded stays so whatever another plan adds; what is kept need not.
        findings, found = advised(Case(schedules=("24 Gy / 3",) * 2, targets=("PTV", None)), band)
        assert [f.advice or f.verdict for f in found] == ["objective_exceeded", "not_evaluable"] * 2
        assert findings.exceeds_advisory

    def test_an_exceeded_cord_maximum_of_tg101_is_a_limit_exceeded(self) -> None:
        # D0.035cc < 21.9 Gy in 3 fractions (facts/constraints/tg101.csv); here it is nearly 28 Gy
        tg101 = library_set("AAPM-TG101-2010")
        findings = check(Case().patient(), PROTOCOL, constraint_sets=[tg101])
        found = {f.rule: f for f in findings.advisory[0].findings}["constraint.SpinalCord-D0.035cc"]
        assert (found.advice, found.required) == ("limit_exceeded", 21.9)

    @pytest.mark.parametrize(
        "of_protocol", [(), (rule("V100%[%]", {"mandatory": ">= 60 %"}, structure="PTV"),)]
    )
    def test_percentages_in_a_target_are_of_its_own_lesion_whatever_the_protocol_asks(
        self, of_protocol: tuple[dict[str, Any], ...]
    ) -> None:
        # 18 Gy are at z = -10 mm of a target from -20 to 20 mm, 13 Gy at -35 mm of one from -40 to -22 mm
        other = Box("PTV2", -40, -22, 20, "PTV", (40, 40))
        lesions = [
            Lesion(
                label,
                Prescription(parse(schedule), PrescriptionSource.LESION_SHEET),
                plan_uid=plan_uid(0),
                structure=name,
            )
            for label, schedule, name in (("A", "18 Gy / 3", "PTV"), ("B", "13 Gy / 3", "PTV2"))
        ]
        findings = check(
            Case((PTV, CORD, other)).patient(*lesions),
            dose_protocol(targets=of_protocol).protocol,
            constraint_sets=[constraints(rule("V100%[%]", {"objective": ">= 95 %"}, structure="PTV"))],
        )
        found = findings.advisory[0].findings
        assert [f.structure for f in found] == ["PTV", "PTV2"]
        assert [f.observed for f in found] == pytest.approx([75.0, 100 * 13 / 18], abs=1e-2)
        # 95 % get 16.4 and 12.18 Gy
        distances = [f.volume_distance for f in found]
        assert [d and d[0] for d in distances] == pytest.approx([16.4 - 18, 12.18 - 13], abs=1e-3)

    def test_nothing_exceeded_is_not_told(self) -> None:
        findings, _ = advised(Case(), rule("D2cc[Gy]", {"mandatory": "< 90 Gy"}))
        assert "advisory" not in findings.headline
        assert not findings.exceeds_advisory

    def test_what_is_missing_is_told_in_the_set_alone(self) -> None:
        findings, (found,) = advised(Case(), rule("D2cc[Gy]", {"mandatory": "< 90 Gy"}, structure="Liver"))
        assert found.verdict == "not_evaluable"
        assert findings.verdict == "per_protocol"

    def test_the_source_and_how_far_it_was_verified_stand_in_the_finding(self) -> None:
        _, (found,) = advised(Case(), rule("D2cc[Gy]", {"mandatory": "< 90 Gy", "conflict": "B has 80 Gy"}))
        assert found.source is not None
        assert found.source.label == "A 2020"
        assert found.limit is not None
        assert found.limit.verification == "V1"
        assert "B has 80 Gy" in found.message

    def test_a_structure_that_the_set_names_itself_is_found_by_that_name(self) -> None:
        # As a set that was imported from a template has it: no structure of the vocabulary.
        limit = rule("D2cc[Gy]", {"mandatory": "< 20 Gy"}, structure="Own")
        for drawn, verdict in [("SpinalCord", "limit_exceeded"), ("Nothing", "not_evaluable")]:
            one = constraints(limit, aliases={"Own": drawn})
            findings = check(Case().patient(), PROTOCOL, constraint_sets=[one])
            assert [f.advice or f.verdict for f in findings.advisory[0].findings] == [verdict]

    def test_dose_response_rows_are_reported_and_never_compared(self) -> None:
        _, (found,) = advised(Case(), rule("Mean[Gy]", {"kind": "dose_response", "mandatory": "< 7 Gy"}))
        assert (found.verdict, found.required) == ("info", None)

    def test_a_patient_of_a_sheet_alone_has_no_dose_to_hold_against_a_set(self) -> None:
        lesion = Lesion("L1", Prescription(parse("24 Gy / 3"), PrescriptionSource.LESION_SHEET))
        patient = Patient("P1", (lesion,), LesionsFrom.SHEET)
        one = constraints(rule("D2cc[Gy]", {"mandatory": "< 90 Gy"}))
        findings = check(patient, PROTOCOL, constraint_sets=[one])
        assert [f.verdict for f in findings.advisory[0].findings] == ["not_evaluable"]
        assert findings.verdict == "per_protocol"


class TestTranslation:
    TEN = Case(schedules=("24 Gy / 10",))

    def test_only_on_request(self) -> None:
        _, (found,) = advised(self.TEN, rule("D2cc[Gy]", {"fractions": [5], "mandatory": "< 23 Gy"}))
        assert (found.verdict, found.basis) == ("not_applicable", None)

    def test_limit_and_dose_are_both_eqd2_from_the_nearest_number_of_fractions(self) -> None:
        limits = [{"fractions": [n], "mandatory": f"< {gy} Gy"} for n, gy in ((1, 10), (3, 18), (5, 23))]
        _, (found,) = advised(self.TEN, rule("D2cc[Gy]", *limits), alpha_beta_gy=2.0)
        # 23 Gy in 5: 23 (4.6 + 2) / 4 = 37.95 Gy; 24 Gy in 10: 24 (2.4 + 2) / 4 = 26.4 Gy
        assert found.required == pytest.approx(37.95)
        assert found.observed == pytest.approx(26.4, abs=1e-3)
        assert (found.advice, found.basis, found.unit) == ("kept", "translated", "EQD2Gy(a/b=2)")
        assert found.message.startswith("translated from 5 fractions to 10 by EQD2 at alpha/beta 2 Gy: ")

    def test_the_dose_of_a_volume_is_translated(self) -> None:
        _, (found,) = advised(
            self.TEN, rule("V20Gy[%]", {"fractions": [5], "mandatory": "< 90 %"}), alpha_beta_gy=2.0
        )
        # 20 Gy in 5 are EQD2 30 Gy, which x (x / 10 + 2) / 4 is at x = 26.06 Gy
        x = (-2 + (4 + 4 * 0.1 * 120) ** 0.5) / 0.2
        assert float(eqd2(x, fractions=10, alpha_beta_gy=2.0)) == pytest.approx(30)
        assert found.observed == pytest.approx(100 * CORD.part_with_at_least(Case().dose, x), abs=0.01)

    def test_a_limit_for_conventional_fractions_is_one_on_eqd2(self) -> None:
        limit = {"dose_per_fraction_gy": [1.8, 2.0], "mandatory": "< 20 Gy"}
        _, (found,) = advised(self.TEN, rule("D2cc[Gy]", limit), alpha_beta_gy=2.0)
        assert found.required == 20
        assert found.observed == pytest.approx(26.4, abs=1e-3)
        assert found.advice == "limit_exceeded"

    def test_limit_and_dose_both_change_with_the_alpha_beta_that_flips_the_verdict(self) -> None:
        # 24 Gy in 6 against 18 Gy in 3: 24 (4 + r) is 18 (6 + r) at r = 2, whatever r it was translated at
        six, limit = Case(schedules=("24 Gy / 6",)), {"fractions": [3], "mandatory": "< 18 Gy"}
        for ratio_gy, verdict in ((1.0, "kept"), (3.0, "limit_exceeded")):
            _, (found,) = advised(six, rule("D2cc[Gy]", limit), alpha_beta_gy=ratio_gy)
            assert found.advice == verdict
            assert found.alpha_beta_flip_gy == pytest.approx(2.0, rel=1e-3)
        # the hottest quarter gets 24 Gy in 6; less of the cord gets what 18 Gy in 3 are at a larger ratio than 2 Gy
        limit = {"fractions": [3], "mandatory": "< 25 %"}
        _, (found,) = advised(six, rule("V18Gy[%]", limit), alpha_beta_gy=3.0)
        assert found.alpha_beta_flip_gy == pytest.approx(2.0, rel=1e-3)

    def test_a_mean_of_another_number_of_fractions_is_not_translated(self) -> None:
        _, (found,) = advised(
            self.TEN, rule("Mean[Gy]", {"fractions": [5], "mandatory": "< 23 Gy"}), alpha_beta_gy=2.0
        )
        assert found.verdict == "not_applicable"
        assert "not translated" in found.message

    def test_a_limit_that_fits_is_not_translated(self) -> None:
        _, (found,) = advised(
            self.TEN, rule("D2cc[Gy]", {"fractions": [10], "mandatory": "< 25 Gy"}), alpha_beta_gy=2.0
        )
        assert (found.basis, found.required) == (None, 25)


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


class TestOverlay:
    @pytest.mark.parametrize(
        ("stated", "verdict"),
        [("none", "per_protocol"), ("30 Gy / 10 to the spine in 2019", "not_evaluable")],
    )
    def test_what_is_stated_of_earlier_radiotherapy(self, stated: str, verdict: str) -> None:
        organs = [rule("D2cc[Gy]", {"mandatory": "< 90 Gy"}, sum_over="course_and_prior")]
        decided = overlay(prior=(PriorRadiotherapy(patient="P1", stated=stated),))
        findings = check(Case().patient(), dose_protocol(organs=organs).protocol, overlay=decided)
        by_rule = {f.rule: f for f in findings.findings}
        assert by_rule["organ.r0"].verdict == verdict
        assert stated in by_rule["prior_radiotherapy"].message

    @pytest.mark.parametrize(("interval_gy", "uncertain"), [((2.5, 4.0), False), ((1.5, 4.0), True)])
    def test_an_interval_of_alpha_beta_that_holds_the_flip_makes_a_verdict_uncertain(
        self, interval_gy: tuple[float, float], uncertain: bool
    ) -> None:
        # the verdict changes at 2 Gy, as test_dose_rules says
        organs = [rule("D2cc[EQD2Gy(a/b=3)]", {"mandatory": "< 60 Gy"})]
        ratio = OrganAlphaBeta(
            structure="SpinalCord", value_gy=3.0, interval_gy=interval_gy, citation="made up"
        )
        findings = check(
            Case().patient(),
            dose_protocol(organs=organs).protocol,
            overlay=overlay(alpha_beta=(ratio,)),
        )
        (found,) = (f for f in findings.findings if f.rule == "organ.r0")
        assert (found.verdict, found.uncertain) == ("per_protocol", uncertain)
        assert ("uncertain" in found.message) == uncertain
        assert findings.verdict == "per_protocol"
        assert findings.headline.endswith("; uncertain in 1 check") == uncertain

    @pytest.mark.parametrize(
        ("metric_gy", "limit", "interval_gy", "uncertain"),
        [
            # EQD2 24 (8 + r) / (2 + r): 50.2 Gy at r = 3.50, nearer to 3 Gy, and 65 Gy at r = 1.51
            (3, {"objective": "< 50.2 Gy", "mandatory": "< 65 Gy"}, (1.0, 3.2), True),
            (3, {"objective": "< 50.2 Gy", "mandatory": "< 65 Gy"}, (1.6, 3.2), False),
            # 60 Gy at 2 Gy: of an interval without the metric's own ratio all is beyond it, or none
            (10, {"mandatory": "< 60 Gy"}, (1.0, 1.8), True),
            (10, {"mandatory": "< 60 Gy"}, (2.2, 4.0), False),
        ],
    )
    def test_another_verdict_anywhere_in_the_interval_makes_it_uncertain(
        self, metric_gy: int, limit: dict[str, str], interval_gy: tuple[float, float], uncertain: bool
    ) -> None:
        organs = [rule(f"D2cc[EQD2Gy(a/b={metric_gy})]", limit)]
        ratio = OrganAlphaBeta(
            structure="SpinalCord", value_gy=interval_gy[1], interval_gy=interval_gy, citation="made up"
        )
        findings = check(
            Case().patient(),
            dose_protocol(organs=organs).protocol,
            overlay=overlay(alpha_beta=(ratio,)),
        )
        (found,) = (f for f in findings.findings if f.rule == "organ.r0")
        assert found.uncertain == uncertain

    def test_a_condition_is_confirmed_and_no_longer_only_stated(self) -> None:
        protocol = protocols.library_protocol("NCT03406468").protocol
        condition = next(e.condition for e in protocol.schedules.allowed if str(e.schedule) == "30 Gy / 10")
        lesion = Lesion("L1", Prescription(parse("30 Gy / 10"), PrescriptionSource.LESION_SHEET))
        patient = Patient("P1", (lesion,), LesionsFrom.SHEET)
        decided = overlay(
            confirmations=(
                Confirmation(patient="P1", lesion="L1", condition=str(condition), note="guideline seen"),
            )
        )
        before, after = (
            check(patient, protocol, overlay=one).lesions[0].findings[0] for one in (None, decided)
        )
        assert (before.verdict, after.verdict, after.basis) == ("query", "per_protocol", "confirmed")


class TestReadings:
    def test_a_verdict_that_another_reading_changes_says_so(self) -> None:
        protocol = protocols.library_protocol("NCT03406468").protocol
        lesion = Lesion("L1", Prescription(parse("30 Gy / 3"), PrescriptionSource.LESION_SHEET))
        findings = check(Patient("P1", (lesion,), LesionsFrom.SHEET), protocol)
        assert findings.lesions[0].findings[0].uncertain is True


class TestPlans:
    def test_nothing_is_kept_between_patients(self) -> None:
        # design.md rule 7: the result for B is the same whether A ran before it or not
        organs = [
            rule("D2cc[Gy]", {"mandatory": "< 90 Gy"}),
            rule("Mean[EQD2Gy(a/b=3)]", {"mandatory": "< 90 Gy"}),
        ]
        protocol = dose_protocol(organs=organs).protocol
        other = Case((replace(PTV, high_mm=10.0), GTV, CORD), schedules=("20 Gy / 5",))
        alone = check(other.patient(), protocol)
        check(Case().patient(), protocol)
        assert check(other.patient(), protocol).findings == alone.findings

    def test_organs_of_a_plan_are_listed_with_their_values(self) -> None:
        liver = Box("Liver", -40, 40)
        organs = [
            rule("D2cc[Gy]", {"mandatory": "< 90 Gy"}),
            rule("D0.1cc[Gy]", {"mandatory": "< 90 Gy"}),
            rule("Mean[Gy]", {"mandatory": "< 90 Gy"}, structure="Liver"),
        ]
        findings = check(Case((PTV, CORD, liver)).patient(), dose_protocol(organs=organs).protocol)
        (plan,) = findings.plans
        assert [(o.name, [str(m.metric) for m in o.metrics]) for o in plan.organs] == [
            ("SpinalCord", ["D2cc[Gy]", "D0.1cc[Gy]"]),
            ("Liver", ["Mean[Gy]"]),
        ]
        assert (plan.fractions, plan.no_dose) == (3, None)
