"""A lesion sheet beside files: the sheet says what the lesions are, plans are tied and never guessed."""

from dataclasses import replace

import pytest

from rtfractions.patient import (
    Lesion,
    LesionsFrom,
    Patient,
    Plan,
    PlanTarget,
    Prescription,
    PrescriptionSource,
    join,
    same_name,
)
from rtfractions.schedule_text import parse


def prescription(text: str) -> Prescription:
    return Prescription(parse(text), PrescriptionSource.TARGET)


def plan(uid: str, *names: str) -> Plan:
    return Plan(uid, tuple(PlanTarget(name, i, prescription("24Gy/3")) for i, name in enumerate(names)))


def on_sheet(*lesions: Lesion) -> Patient:
    return Patient("P1", lesions, LesionsFrom.SHEET)


def in_files(*plans: Plan) -> Patient:
    return Patient("P1", (), LesionsFrom.PLAN_LINKS, plans)


def lesion(label: str = "L1", plan_uid: str | None = None, structure: str | None = None) -> Lesion:
    return Lesion(label, prescription("24Gy/3"), plan_uid=plan_uid, structure=structure)


def tied_names(patient: Patient) -> list[str | None]:
    return [lesion.plan_target.name if lesion.plan_target else None for lesion in patient.lesions]


@pytest.mark.parametrize(
    ("lesions", "plans", "names"),
    [
        ([lesion()], [plan("1", "PTV")], ["PTV"]),
        ([lesion()], [plan("1", "PTV", "GTV")], [None]),
        ([lesion()], [plan("1", "PTV"), plan("2", "PTV")], [None]),
        ([lesion(plan_uid="2")], [plan("1", "PTV a"), plan("2", "PTV b")], ["PTV b"]),
        ([lesion(plan_uid="3")], [plan("1", "PTV")], [None]),
        ([lesion(structure="GTV")], [plan("1", "PTV", "GTV")], ["GTV"]),
        ([lesion(structure="gtv")], [plan("1", "PTV", "GTV")], [None]),
        ([lesion("L1"), lesion("L2")], [plan("1", "PTV")], [None, None]),
        ([lesion("L1", structure="A"), lesion("L2", structure="B")], [plan("1", "A", "B")], ["A", "B"]),
        ([lesion()], [replace(plan("1", "PTV"), set_aside="rejected")], [None]),
    ],
)
def test_a_lesion_is_tied_only_where_one_target_can_be_meant(
    lesions: list[Lesion], plans: list[Plan], names: list[str | None]
) -> None:
    (joined,) = join([on_sheet(*lesions)], [in_files(*plans)])
    assert tied_names(joined) == names
    untied = [lesion for lesion in joined.lesions if lesion.plan_target is None]
    assert all("lesion.not-tied" in [notice.code for notice in lesion.notices] for lesion in untied)


def test_patients_of_only_one_side_stay_and_say_so() -> None:
    others = [replace(in_files(), label="P2"), in_files(plan("1", "PTV")), replace(in_files(), label="p3")]
    joined = join([on_sheet(lesion()), replace(on_sheet(lesion()), label="P3")], others)
    assert [patient.label for patient in joined] == ["P1", "P3", "P2", "p3"]
    assert [[notice.code for notice in patient.notices] for patient in joined] == [
        [],
        ["patient.no-files"],
        ["patient.not-on-sheet"],
        ["patient.not-on-sheet"],
    ]
    # hazards D10: a near match is said, never taken
    assert "'p3' is similar" in joined[1].notices[0].message


def test_one_side_alone_is_as_it_is() -> None:
    assert join([on_sheet(lesion())], []) == (on_sheet(lesion()),)
    assert join([], [in_files()]) == (in_files(),)


def test_a_refused_plan_leaves_the_sheets_lesions_whole() -> None:
    (joined,) = join([on_sheet(lesion())], [replace(in_files(), incomplete="a plan was refused")])
    assert joined.incomplete is None


def test_names_are_the_same_after_unicode_normalisation_and_never_nearly() -> None:
    # hazards E6: NFC and NFD are one name; case and inner blanks are not
    assert same_name("PTV Ho\u0308he", "PTV H\u00f6he ")
    assert not same_name("PTV 1", "PTV  1")
    assert not same_name("0012", "12")
