"""A lesion sheet beside files: the sheet says what the lesions are, plans are tied and never guessed."""

import datetime
from dataclasses import replace

import pytest

from rtfractions.names import normal
from rtfractions.patient import Lesion, LesionsFrom, Patient, join
from rtfractions.plans import Plan, PlanKind, PlanTarget, Prescription, PrescriptionSource
from rtfractions.records import Delivery
from rtfractions.schedule_text import parse


def prescription(text: str) -> Prescription:
    return Prescription(parse(text), PrescriptionSource.TARGET)


def plan(uid: str, *names: str) -> Plan:
    targets = tuple(PlanTarget(name, i, prescription("24Gy/3")) for i, name in enumerate(names))
    return Plan(uid, targets, kind=PlanKind.EXTERNAL_BEAM)


def on_sheet(*lesions: Lesion) -> Patient:
    return Patient("P1", lesions, LesionsFrom.SHEET)


def in_files(*plans: Plan) -> Patient:
    return Patient("P1", (), LesionsFrom.PLAN_LINKS, plans)


def lesion(label: str = "L1", plan_uid: str | None = None, structure: str | None = None) -> Lesion:
    return Lesion(label, prescription("24Gy/3"), plan_uid=plan_uid, structure=structure)


REJECTED = replace(plan("1", "PTV"), set_aside="it was rejected")


class TestTies:
    @pytest.mark.parametrize(
        ("lesions", "plans", "names"),
        [
            ([lesion()], [plan("1", "PTV")], ["PTV"]),
            ([lesion(plan_uid="2")], [plan("1", "PTV a"), plan("2", "PTV b")], ["PTV b"]),
            ([lesion(structure="GTV")], [plan("1", "PTV", "GTV")], ["GTV"]),
            ([lesion("L1", structure="A"), lesion("L2", structure="B")], [plan("1", "A", "B")], ["A", "B"]),
            ([lesion(), replace(lesion("L2"), on_study=False)], [plan("1", "PTV")], ["PTV", None]),
            ([lesion()], [REJECTED], [None]),
        ],
    )
    def test_a_lesion_is_tied_where_one_target_can_be_meant(
        self, lesions: list[Lesion], plans: list[Plan], names: list[str | None]
    ) -> None:
        (joined,) = join([on_sheet(*lesions)], [in_files(*plans)])
        assert [lesion.plan_target and lesion.plan_target.name for lesion in joined.lesions] == names
        assert [lesion.not_tied for lesion in joined.lesions] == [None] * len(lesions)

    @pytest.mark.parametrize(
        ("lesions", "plans", "why"),
        [
            ([lesion()], [plan("1", "PTV", "GTV")], "2 targets"),
            ([lesion()], [plan("1", "PTV"), plan("2", "PTV")], "2 targets"),
            ([lesion(plan_uid="3")], [plan("1", "PTV")], "3, was not read"),
            ([lesion(plan_uid="1")], [REJECTED], "1, is not counted: it was rejected"),
            ([lesion(structure="gtv")], [plan("1", "PTV", "GTV")], "no target of the plans is named 'gtv'"),
            ([lesion("L1"), lesion("L2")], [plan("1", "PTV")], "is not stated"),
            ([lesion("L1", "1"), lesion("L2", "1")], [plan("1", "PTV")], "belongs to lesion L2 too"),
        ],
    )
    def test_where_none_or_several_can_be_meant_it_is_said(
        self, lesions: list[Lesion], plans: list[Plan], why: str
    ) -> None:
        (joined,) = join([on_sheet(*lesions)], [in_files(*plans)])
        assert why in str(joined.lesions[0].not_tied)

    def test_a_tie_names_its_plan(self) -> None:
        (joined,) = join([on_sheet(lesion())], [in_files(plan("1.2", "PTV"))])
        assert joined.lesions[0].plan_uid == "1.2"

    def test_targets_that_belong_to_no_lesion_are_named(self) -> None:
        (joined,) = join([on_sheet(lesion(structure="PTV a"))], [in_files(plan("1", "PTV a", "PTV b"))])
        assert joined.untied == ("PTV b (24 Gy / 3)",)

    def test_a_refused_plan_leaves_its_patient_incomplete(self) -> None:
        (joined,) = join([on_sheet(lesion())], [replace(in_files(), incomplete="a plan was refused")])
        assert joined.incomplete == "a plan was refused"


class TestPatients:
    def test_those_of_only_one_side_stay_and_say_so(self) -> None:
        others = [replace(in_files(), label="P2"), in_files(plan("1", "PTV"))]
        joined = join([on_sheet(lesion()), replace(on_sheet(lesion()), label="P3")], others)
        assert [patient.label for patient in joined] == ["P1", "P3", "P2"]
        codes = [[notice.code for notice in patient.notices] for patient in joined]
        assert codes == [[], ["patient.no-files"], ["patient.not-on-sheet"]]

    def test_one_side_alone_is_as_it_is(self) -> None:
        assert join([on_sheet(lesion())], []) == (on_sheet(lesion()),)
        assert join([], [in_files()]) == (in_files(),)

    @pytest.mark.parametrize("other", ["p-01", "P-1", "P 01", "p01", "\uff30-01"])
    def test_nearly_the_same_id_is_said_and_never_taken(self, other: str) -> None:
        # hazards D10: exact match after trimming; a near match is a warning
        patients = [replace(on_sheet(lesion()), label=label) for label in ("P-01", other, "Q")]
        joined = join(patients, [])
        assert [patient.label for patient in joined] == ["P-01", other, "Q"]
        assert [len(patient.notices) for patient in joined] == [1, 1, 0]
        assert repr(other) in joined[0].notices[0].message

    def test_different_numbers_are_not_similar(self) -> None:
        patients = [replace(on_sheet(lesion()), label=label) for label in ("P10", "P1", "P100")]
        assert [patient.notices for patient in join(patients, [])] == [(), (), ()]


def test_names_are_compared_after_unicode_normalisation_and_never_nearly() -> None:
    # hazards E6: NFC and NFD are one name; case and inner blanks are not
    assert normal("PTV Ho\u0308he") == normal("PTV H\u00f6he ")
    assert normal("PTV 1") != normal("PTV  1")
    assert normal("0012") != normal("12")


class TestTreatmentRecords:
    RECORDED = Delivery(datetime.date(2026, 1, 12), datetime.date(2026, 1, 16), 3)

    def joined(self, stated: Delivery) -> Delivery:
        files = in_files(replace(plan("1", "PTV"), delivery=self.RECORDED))
        (patient,) = join([on_sheet(replace(lesion(), delivery=stated))], [files])
        return patient.lesions[0].delivery

    def test_they_say_what_the_sheet_does_not(self) -> None:
        assert self.joined(Delivery()) == self.RECORDED
        reason = Delivery(fractions_delivered=3, stop_reason="none")
        assert self.joined(reason) == replace(self.RECORDED, stop_reason="none")

    def test_where_they_differ_the_sheet_stands_and_it_is_said(self) -> None:
        found = self.joined(Delivery(fractions_delivered=2, start=datetime.date(2026, 1, 13)))
        assert (found.fractions_delivered, found.start) == (2, datetime.date(2026, 1, 13))
        assert found.unclear == (
            "delivered 2 by the lesion sheet, 3 by the treatment records; "
            "started 2026-01-13 by the lesion sheet, 2026-01-12 by the treatment records"
        )


def test_no_patient_is_lost() -> None:
    # D10: the two IDs are one text in two Unicode forms
    files = [Patient(label, (), LesionsFrom.PLAN_LINKS) for label in ("L\u00e9a", "Le\u0301a")]
    joined = join([], files)
    assert [patient.label for patient in joined] == ["L\u00e9a", "Le\u0301a"]
    assert all("is similar" in str(patient.notices) for patient in joined)
