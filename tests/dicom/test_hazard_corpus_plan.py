"""The hazard catalogue's sections D and F as files in a folder: what belongs together, and what is prescribed.

Each case is the trio of plan, dose and structures of one patient with one thing wrong. What is right is the
catalogue's: a prescription that the plan states, or a refusal at an attribute and no plan, or a notice beside it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from hazard_corpus import (
    STORED_GY,
    Case,
    Check,
    also_noted,
    case,
    dose_is_right,
    no_plan,
    no_plan_dose,
    noted,
    patient,
    plan,
    prescription,
    refused,
    structure_refused,
    volume,
)
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage
from synthetic import dicom_bytes, reference, uid
from synthetic_plan import Group, Reference, add_setup_beam, brachy_plan, ion_plan, rt_plan
from synthetic_record import Beam, beams_record
from synthetic_structures import rt_structure_set
from synthetic_trio import (
    BOX_PLANES_MM,
    BOX_VOLUME_CM3,
    OAR,
    OAR_VOLUME_CM3,
    PTV,
    Change,
    Edit,
    Files,
    box_outlines,
    box_points,
    characters,
    edited,
    field_gy,
    in_turn,
    item_of,
    setting,
    trio,
    trio_dose,
    trio_external,
    trio_plan,
    trio_ptv,
    trio_structures,
    without,
    write,
)

from rtfractions.dicom import Reading, read_patients
from rtfractions.files import sha256_hex
from rtfractions.patient import Patient
from rtfractions.plans import PlanKind, PrescriptionSource

PLAN, DOSE, STRUCTURES = "plan.dcm", "dose.dcm", "structures.dcm"
BEAMS_GY = ("0.8", "0.7", "0.5")
TEST_FILES = Path(pydicom.data.__file__).parent / "test_files"
"""Samples that come with pydicom."""


# --- what is changed ---


def in_plan(*edits: Edit) -> Change:
    return edited(PLAN, *edits)


def group(*edits: Edit) -> Edit:
    """Edit the plan's fraction group."""
    return item_of("FractionGroupSequence", 0, *edits)


def target(*edits: Edit) -> Edit:
    """Edit the plan's dose reference."""
    return item_of("DoseReferenceSequence", 0, *edits)


def beam(index: int, *edits: Edit) -> Edit:
    """Edit a beam of the fraction group."""
    return group(item_of("ReferencedBeamSequence", index, *edits))


def left_out(*names: str) -> Change:
    def change(files: Files) -> None:
        for name in names:
            del files[name]

    return change


def replaced(**files: Callable[[], Dataset | bytes]) -> Change:
    """Other files in place of the trio's, or beside them."""

    def change(folder: Files) -> None:
        folder |= {f"{name}.dcm": make() for name, make in files.items()}

    return change


def alone(references: Sequence[Reference], groups: Sequence[Group], *edits: Edit) -> Change:
    """Another plan, without dose and structures."""

    def change(folder: Files) -> None:
        folder.clear()
        folder[PLAN] = rt_plan("P1", 1, references, groups)
        in_plan(*edits)(folder)

    return change


def same_dose_everywhere(gy: float) -> Change:
    """A dose of the same Gy in all voxels."""

    def change(folder: Files) -> None:
        dataset = folder[DOSE]
        assert isinstance(dataset, Dataset)
        voxels = len(dataset.PixelData) // 4
        dataset.PixelData = np.full(voxels, round(gy * 1000), "<u4").tobytes()

    return change


def hot_corner(gy: float) -> Change:
    """One voxel at the edge of the grid is hot."""

    def change(folder: Files) -> None:
        dataset = folder[DOSE]
        assert isinstance(dataset, Dataset)
        dataset.PixelData = dataset.PixelData[:-4] + round(gy * 1000).to_bytes(4, "little")

    return change


def second_plan(**values: Any) -> Dataset:
    """Another plan on the same structures."""
    other = trio_plan()
    other.SOPInstanceUID = uid(1, 2)
    for keyword, value in values.items():
        setattr(other, keyword, value)
    return other


def other_set(number: int) -> Dataset:
    """A structure set of five planes of the target, of the same frame of reference."""
    found = rt_structure_set("P1", 1, [trio_ptv(box_outlines(BOX_PLANES_MM[:5])), trio_external()])
    found.SOPInstanceUID = uid(5, number)
    return found


def a_setup_beam(dataset: Dataset) -> None:
    """A setup beam with a dose of 5 Gy."""
    add_setup_beam(dataset, dose_gy="5.0")


def plan_of(dose_gy: str, count: str, beams_gy: Sequence[str]) -> Dataset:
    return rt_plan("P1", 1, [Reference(1, "PTV", dose_gy, PTV)], [Group(count, beams_gy)])


def in_frame(dataset: Dataset, frame: str) -> Dataset:
    """A structure set as a whole in another frame of reference."""
    dataset.FrameOfReferenceUID = frame
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = frame
    for item in dataset.StructureSetROISequence:
        item.ReferencedFrameOfReferenceUID = frame
    return dataset


def by_algorithm(dataset: Dataset, version: str) -> Dataset:
    dataset.SoftwareVersions = version
    return dataset


def no_frame_of_structures(dataset: Dataset) -> None:
    del dataset.FrameOfReferenceUID
    del dataset.ReferencedFrameOfReferenceSequence
    for item in dataset.StructureSetROISequence:
        del item.ReferencedFrameOfReferenceUID


def patients_of_ids(*ids: str) -> Change:
    """The trio of each of these patients in one folder."""

    def change(folder: Files) -> None:
        folder.clear()
        for number, id_ in enumerate(ids, start=1):
            folder |= {f"{number} {name}": file for name, file in trio(id_, number).items()}

    return change


def sum_of_two_plans(folder: Files) -> None:
    """Two plans of 5 and 25 fractions, and one dose that is their sum."""
    folder |= {PLAN: trio_plan(fractions="5"), "plan2.dcm": second_plan()}
    edited(DOSE, setting(DoseSummationType="MULTI_PLAN"))(folder)
    dataset = folder[DOSE]
    assert isinstance(dataset, Dataset)
    dataset.ReferencedRTPlanSequence.append(reference(RTPlanStorage, uid(1, 2)))


def group_doses(*groups: int) -> Change:
    """A plan of two fraction groups, 12 Gy / 6 and 8 Gy / 4, and the doses of these groups."""

    def change(folder: Files) -> None:
        del folder[DOSE]
        prescribed_by_groups = [Group("6", ("2.0",), {1: "12.0"}), Group("4", ("2.0",), {1: "8.0"})]
        folder[PLAN] = rt_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], prescribed_by_groups)
        for number in groups:
            folder[f"dose{number}.dcm"] = trio_dose(
                part={1: 0.6, 2: 0.4}[number], summation="FRACTION", fraction_group=number, instance=number
            )

    return change


def records(fractions: int) -> Change:
    """A plan of 30 fractions, and a record of each of so many sessions."""

    def change(folder: Files) -> None:
        folder[PLAN] = trio_plan(fractions="30")
        edited(
            PLAN,
            beam(0, setting(BeamDose="0.3")),
            beam(1, setting(BeamDose="0.2")),
            beam(2, setting(BeamDose="0.2")),
        )(folder)
        for i in range(1, fractions + 1):
            beams = [Beam(number, str(i)) for number in (1, 2, 3)]
            record = beams_record("P1", 100 + i, beams, plan_number=1, date=f"202601{i:02}")
            folder[f"record{i:02}.dcm"] = record

    return change


def cut(part: float) -> Change:
    """The plan without its end."""

    def change(folder: Files) -> None:
        dataset = folder[PLAN]
        assert isinstance(dataset, Dataset)
        data = dicom_bytes(dataset)
        folder[PLAN] = data[: int(len(data) * part)]

    return change


def sample(name: str) -> Change:
    """One of pydicom's samples alone."""

    def change(folder: Files) -> None:
        folder.clear()
        folder[PLAN] = (TEST_FILES / name).read_bytes()

    return change


# --- what is right ---


def gone(keyword: str, said: str = "") -> tuple[Check, ...]:
    """A refusal of the plan, and nothing prescribed."""
    return refused(PLAN, keyword, said), no_plan


def prescribed(text: str, source: PrescriptionSource = PrescriptionSource.TARGET) -> Check:
    """A prescription that may be graded."""

    def check(reading: Reading) -> None:
        found = prescription(reading)
        assert str(found.schedule) == text
        assert found.source is source
        assert found.unclear is None
        assert found.missing is None

    return check


def known_and_not_graded(text: str, source: PrescriptionSource) -> Check:
    """A prescription that is known, and grades nothing."""

    def check(reading: Reading) -> None:
        found = prescription(reading)
        assert str(found.schedule) == text
        assert found.source is source
        assert found.unclear is not None

    return check


def nothing_prescribed(*said: str) -> Check:
    """No schedule, and so no BED; what is missing or unclear says these."""

    def check(reading: Reading) -> None:
        found = prescription(reading)
        assert found.schedule is None
        told = f"{found.missing or ''} {found.unclear or ''}"
        assert all(text in told for text in said), told

    return check


def each_target(**schedules: str) -> Check:
    """Each target has its own prescription."""

    def check(reading: Reading) -> None:
        found = {lesion.label: str(lesion.prescription.schedule) for lesion in patient(reading).lesions}
        assert found == schedules
        assert [one.structure_number for one in plan(reading).targets] == list(range(1, len(schedules) + 1))

    return check


def labels(*of_patients: str) -> Check:
    """The patients, by ID."""

    def check(reading: Reading) -> None:
        assert [one.label for one in reading.patients] == list(of_patients)

    return check


def no_dose_without_plan(reading: Reading) -> None:
    """The dose is there, and is no plan's: how many fractions it has is not known."""
    found = patient(reading)
    assert len(found.doses) == 1
    assert not found.plan_doses


def no_dose_of_any_plan(reading: Reading) -> None:
    """Nothing of one patient is used for another."""
    assert reading.patients
    assert not any(one.plan_doses for one in reading.patients)


def in_phases(*phases: tuple[float, int]) -> Check:
    """The prescription's phases, as Gy and fractions."""

    def check(reading: Reading) -> None:
        schedule = prescription(reading).schedule
        assert schedule is not None
        assert [(float(phase.total_dose_gy), phase.fractions) for phase in schedule.phases] == list(phases)

    return check


def unclear(reading: Reading) -> None:
    """What is prescribed is not graded without a person."""
    assert prescription(reading).unclear is not None


def no_structures(reading: Reading) -> None:
    assert not patient(reading).structure_sets
    assert patient(reading).plans


def both_sets_stand_apart(reading: Reading) -> None:
    """Each set has its own target; the plan says which is its own."""
    first, second = patient(reading).structure_sets
    assert plan(reading).structure_set_uid == first.sop_instance_uid
    assert first.named("PTV").volume_cm3 == pytest.approx(BOX_VOLUME_CM3)
    assert second.named("PTV").volume_cm3 == pytest.approx(BOX_VOLUME_CM3 * 5 / 11)


def each_patient_is_whole(reading: Reading) -> None:
    """Both patients have their own plan, dose and structures, and nothing of the other's."""
    for number, one in enumerate(reading.patients, start=1):
        assert [found.sop_instance_uid for found in one.plans] == [uid(1, number)]
        assert [found.sop_instance_uid for found in one.structure_sets] == [uid(5, number)]
        assert [found.plan_uid for found in one.plan_doses] == [uid(1, number)]
        doses, _ = one.plan_doses[0].grid.sample_gy(box_points())
        assert np.abs(doses - field_gy(box_points())).max() < STORED_GY


def no_dose_is_missing(reading: Reading) -> None:
    """Each patient has one plan and its dose."""
    for one in reading.patients:
        assert [dose.plan_uid for dose in one.plan_doses] == [found.sop_instance_uid for found in one.plans]


def both_hashes_are_said(reading: Reading) -> None:
    """Both files are refused, and what tells them apart is said."""
    told = [error for error in reading.errors if error.where.file in (DOSE, "dose2.dcm")]
    assert {error.where.file for error in told} == {DOSE, "dose2.dcm"}
    contents = [dicom_bytes(trio_dose()), dicom_bytes(trio_dose(scaling="0.002"))]
    assert all(sha256_hex(data)[:12] in error.message for error in told for data in contents)


def both_are_named(reading: Reading) -> None:
    """The candidates are listed."""
    assert any("dose2.dcm" in error.message and DOSE in error.message for error in reading.errors)


def kind(expected: PlanKind) -> Check:
    def check(reading: Reading) -> None:
        assert plan(reading).kind is expected

    return check


def delivered(fractions: int | None) -> Check:
    """What was delivered is what the records say; planned are 30."""

    def check(reading: Reading) -> None:
        (lesion,) = patient(reading).lesions
        assert lesion.delivery.fractions_delivered == fractions
        assert str(lesion.prescription.schedule) == "20 Gy / 30"

    return check


def fractions(count: int | None) -> Check:
    def check(reading: Reading) -> None:
        assert [one.fractions for one in plan(reading).fraction_groups] == [count]

    return check


def beam_dose_is(gy: str) -> Check:
    """The dose of the treatment beams in one fraction."""

    def check(reading: Reading) -> None:
        (only,) = plan(reading).fraction_groups
        assert str(only.beam_dose_gy) == gy

    return check


def set_aside(reading: Reading) -> None:
    """The plan is listed and not counted."""
    assert plan(reading).set_aside is not None
    assert not patient(reading).lesions


def per_day(count: float) -> Check:
    def check(reading: Reading) -> None:
        (only,) = plan(reading).fraction_groups
        assert only.per_day == count

    return check


def none_is_the_latest(reading: Reading) -> None:
    """Both plans count, and of neither it is known that it is what is given."""
    found = patient(reading)
    assert [one.set_aside for one in found.plans] == [None, None]
    (lesion,) = found.lesions
    assert lesion.prescription.schedule is None
    assert lesion.prescription.unclear is not None
    assert [dose.plan_uid for dose in found.plan_doses] == [uid(1, 1)]


IDENTITY = [
    case(
        "D1",
        "dose of another",
        edited(DOSE, setting(PatientID="P2")),
        refused(DOSE, "PatientID"),
        no_plan_dose,
    ),
    case(
        "D1",
        "structures of another",
        edited(STRUCTURES, setting(PatientID="P2")),
        refused(DOSE, "PatientID"),
        refused(PLAN, "PatientID"),
        labels("P1", "P2"),
        no_dose_of_any_plan,
    ),
    case(
        "D1",
        "plan of another",
        in_plan(setting(PatientID="P2")),
        refused(DOSE, "PatientID"),
        refused(PLAN, "PatientID"),
        labels("P1", "P2"),
        no_dose_of_any_plan,
    ),
    case(
        "D2",
        "frame of the dose",
        edited(DOSE, setting(FrameOfReferenceUID=uid(4, 77))),
        refused(DOSE, "FrameOfReferenceUID"),
        no_plan_dose,
    ),
    case(
        "D2",
        "frame of the structures",
        replaced(structures=lambda: in_frame(trio_structures(), uid(4, 77))),
        refused(STRUCTURES, "FrameOfReferenceUID"),
        no_structures,
    ),
    case(
        "D2",
        "frame of the dose, no plan",
        in_turn(left_out(PLAN), edited(DOSE, setting(FrameOfReferenceUID=uid(4, 77)))),
        refused(DOSE, "FrameOfReferenceUID"),
    ),
    case(
        "D3",
        "frame of the target",
        replaced(structures=lambda: trio_structures(ptv=trio_ptv(frame=uid(4, 77)))),
        structure_refused(PTV, "ReferencedFrameOfReferenceUID"),
        volume(OAR, OAR_VOLUME_CM3),
    ),
    case(
        "D4",
        "no frame of the dose",
        edited(DOSE, without("FrameOfReferenceUID")),
        noted("dose.no-frame-of-reference"),
        dose_is_right,
    ),
    case(
        "D4",
        "no frame of the structures",
        edited(STRUCTURES, no_frame_of_structures),
        also_noted("structure-set.no-frame-of-reference"),
        volume(PTV, BOX_VOLUME_CM3),
    ),
    case(
        "D5",
        "no plan",
        left_out(PLAN),
        noted("dose.plan-missing"),
        no_dose_without_plan,
    ),
    case(
        "D5",
        "another plan",
        edited(DOSE, item_of("ReferencedRTPlanSequence", 0, setting(ReferencedSOPInstanceUID=uid(1, 77)))),
        noted("dose.plan-missing"),
        no_dose_without_plan,
        prescribed("20 Gy / 10"),
    ),
    case(
        "D6",
        "another version of the structures",
        in_plan(item_of("ReferencedStructureSetSequence", 0, setting(ReferencedSOPInstanceUID=uid(5, 77)))),
        noted("plan.other-structure-set", "dose.other-structure-set"),
        prescribed("20 Gy / 10"),
    ),
    # D6, D7: what the target of the right set would excuse (see F11), no other set excuses.
    case(
        "D6",
        "another version of the structures covers its target",
        in_turn(
            in_plan(
                item_of("ReferencedStructureSetSequence", 0, setting(ReferencedSOPInstanceUID=uid(5, 77)))
            ),
            hot_corner(200.0),
        ),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "D7",
        "two structure sets",
        in_turn(replaced(structures2=lambda: other_set(2)), hot_corner(200.0)),
        both_sets_stand_apart,
        prescribed("20 Gy / 10"),
    ),
    case(
        "D7",
        "two structure sets, none named",
        in_turn(
            replaced(structures2=lambda: other_set(2)),
            in_plan(without("ReferencedStructureSetSequence")),
            hot_corner(200.0),
        ),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "D8",
        "one UID, two contents",
        replaced(dose2=lambda: trio_dose(scaling="0.002")),
        refused(DOSE),
        refused("dose2.dcm"),
        both_hashes_are_said,
        no_plan_dose,
    ),
    case("D8", "a copy", replaced(dose2=trio_dose), noted("file.copy"), dose_is_right),
    case(
        "D9", "two patients", patients_of_ids("P1", "P2"), noted(), labels("P1", "P2"), each_patient_is_whole
    ),
    case(
        "D10",
        "padded",
        edited(DOSE, characters("PatientID", "P1  ")),
        noted(),
        labels("P1"),
        dose_is_right,
    ),
    *(
        case(
            "D10",
            what,
            patients_of_ids("P012", other),
            labels(*sorted(("P012", other))),
            no_dose_is_missing,
            also_noted("patient.similar-id"),
        )
        for what, other in {"leading zeros": "P12", "lower case": "p012", "a blank": "P 012"}.items()
    ),
    case(
        "D12",
        "two algorithms",
        replaced(dose2=lambda: by_algorithm(trio_dose(instance=2, scaling="0.00102"), "AXB")),
        refused(DOSE, "DoseSummationType", "2 doses"),
        both_are_named,
        no_plan_dose,
    ),
]

PRESCRIPTION = [
    case(
        "F1",
        "no number of fractions",
        in_plan(group(without("NumberOfFractionsPlanned"))),
        nothing_prescribed("NumberOfFractionsPlanned"),
        fractions(None),
    ),
    case(
        "F1",
        "number of fractions empty",
        in_plan(group(setting(NumberOfFractionsPlanned=None))),
        nothing_prescribed("NumberOfFractionsPlanned"),
        fractions(None),
    ),
    *(
        case(
            row,
            f"{text} fractions",
            in_plan(group(characters("NumberOfFractionsPlanned", text))),
            *gone(keyword),
        )
        for keyword in ("NumberOfFractionsPlanned",)
        for row, text in (("F2", "0"), ("F2", "-10"), ("F3", "30.5"), ("F3", "1e1"), ("F3", "10\\20"))
    ),
    case(
        "F4",
        "two groups, one total",
        alone([Reference(1, "PTV", "20.0", PTV)], [Group("5", ("2.0",)), Group("5", ("2.0",))]),
        nothing_prescribed("5 + 5 fractions", "not stated"),
    ),
    case(
        "F4",
        "two groups, each its own dose",
        group_doses(1, 2),
        in_phases((12, 6), (8, 4)),
        noted("dose.summation", "dose.put-together"),
        dose_is_right,
    ),
    case(
        "F4",
        "two groups, the dose of one",
        group_doses(1),
        refused("dose1.dcm", "DoseSummationType", "fraction groups"),
        in_phases((12, 6), (8, 4)),
        no_plan_dose,
    ),
    case(
        "F5", "no fraction groups", in_plan(without("FractionGroupSequence")), nothing_prescribed("Fraction")
    ),
    case(
        "F6",
        "no dose reference",
        in_plan(without("DoseReferenceSequence")),
        known_and_not_graded("20 Gy / 10", PrescriptionSource.BEAM_DOSE),
    ),
    case("F7", "nothing prescribed", alone([], [Group("10", (None, None))]), nothing_prescribed("no dose")),
    case(
        "F8",
        "three targets, the last lowest",
        alone(
            [Reference(1, "A", "60.0", 1), Reference(2, "B", "66.0", 2), Reference(3, "C", "54.0", 3)],
            [Group("30", (None, None))],
        ),
        each_target(A="60 Gy / 30", B="66 Gy / 30", C="54 Gy / 30"),
    ),
    case(
        "F9",
        "prescribed to an organ at risk",
        in_plan(target(setting(DoseReferenceType="ORGAN_AT_RISK"))),
        *gone("TargetPrescriptionDose", "no target"),
    ),
    *(
        case(
            "F10",
            structure_type.lower(),
            alone([Reference(1, "PTV", "20.0", None, structure_type)], [Group("10", BEAMS_GY)]),
            noted("plan.point-prescription"),
            prescribed("20 Gy / 10"),
        )
        for structure_type in ("POINT", "COORDINATES")
    ),
    case("F10", "30.83 Gy to a point", sample("rtplan.dcm"), also_noted("plan.point-prescription")),
    case("F11", "maximum 1.6 times", in_turn(), noted(), prescribed("20 Gy / 10")),
    case("F11", "maximum 2.19 times", hot_corner(43.8), noted(), prescribed("20 Gy / 10")),
    case(
        "F11",
        "maximum 3 times",
        hot_corner(60.0),
        noted("plan.dose-maximum-unusual"),
        prescribed("20 Gy / 10"),
    ),
    case(
        "F11",
        "dose of a fraction prescribed",
        in_turn(in_plan(target(setting(TargetPrescriptionDose="2.0"))), same_dose_everywhere(20.4)),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "F11",
        "dose of a fraction in the grid",
        same_dose_everywhere(2.04),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "F11",
        "100 times",
        in_turn(in_plan(target(setting(TargetPrescriptionDose="0.2"))), same_dose_everywhere(20.4)),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "F11",
        "maximum n times, target covered",
        hot_corner(200.0),
        noted("plan.dose-maximum-unusual"),
        prescribed("20 Gy / 10"),
    ),
    case(
        "F11",
        "maximum n times, no target",
        in_turn(left_out(STRUCTURES), hot_corner(200.0)),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "F11",
        "two fractions, twice the dose in the target",
        in_turn(replaced(plan=lambda: plan_of("20.0", "2", ("10.0",))), same_dose_everywhere(40.0)),
        *gone("TargetPrescriptionDose"),
    ),
    case(
        "F11",
        "two fractions, on the 50 % line",
        in_turn(replaced(plan=lambda: plan_of("20.0", "2", ("10.0",))), hot_corner(40.0)),
        noted(),
        prescribed("20 Gy / 2"),
    ),
    case(
        "F12",
        "in cGy",
        in_plan(target(setting(TargetPrescriptionDose="2000"))),
        *gone("TargetPrescriptionDose", "cGy"),
    ),
    *(
        case(
            "F13",
            text,
            in_plan(target(characters("TargetPrescriptionDose", text))),
            *gone("TargetPrescriptionDose"),
        )
        for text in ("NaN", "0", "-20", "inf", "20,5")
    ),
    case(
        "F14",
        "PTV_6600",
        in_plan(target(setting(DoseReferenceDescription="PTV_6600"))),
        noted("plan.name-contradicts"),
        prescribed("20 Gy / 10"),
    ),
    case(
        "F14",
        "a dose in a name only",
        alone([Reference(1, "PTV 60Gy/30", None, PTV)], [Group("30", (None,))]),
        nothing_prescribed("no dose"),
    ),
    case(
        "F15",
        "unapproved",
        in_plan(setting(ApprovalStatus="UNAPPROVED")),
        noted("plan.not-approved"),
        prescribed("20 Gy / 10"),
        dose_is_right,
    ),
    case(
        "F15",
        "approval not stated",
        in_plan(without("ApprovalStatus")),
        noted("plan.not-approved"),
        prescribed("20 Gy / 10"),
    ),
    case(
        "F15",
        "rejected",
        in_plan(setting(ApprovalStatus="REJECTED")),
        also_noted("plan.set-aside"),
        set_aside,
    ),
    case(
        "F16",
        "brachytherapy",
        replaced(
            plan=lambda: brachy_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("10", BEAMS_GY)])
        ),
        kind(PlanKind.BRACHYTHERAPY),
        unclear,
    ),
    case(
        "F16",
        "ions",
        replaced(plan=lambda: ion_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("10", BEAMS_GY)])),
        kind(PlanKind.ION),
        fractions(10),
        unclear,
    ),
    case("F17", "12 of 30 recorded", records(12), delivered(12)),
    case("F17", "nothing recorded", records(0), delivered(None)),
    case(
        "F18",
        "a sum of two plans",
        sum_of_two_plans,
        no_plan_dose,
        also_noted("dose.several-plans"),
    ),
    case(
        "F19",
        "twice a day",
        in_plan(
            group(
                setting(
                    NumberOfFractionPatternDigitsPerDay=2,
                    RepeatFractionCycleLength=1,
                    FractionPattern="11111111110000",
                )
            )
        ),
        noted("plan.several-fractions-a-day"),
        per_day(2),
        fractions(10),
    ),
    case(
        "F20",
        "a setup beam with a dose",
        in_plan(a_setup_beam),
        noted(),
        beam_dose_is("2.0"),
        prescribed("20 Gy / 10"),
    ),
    case(
        "F20",
        "a setup beam, and no dose reference",
        in_plan(
            a_setup_beam,
            without("DoseReferenceSequence"),
        ),
        beam_dose_is("2.0"),
        known_and_not_graded("20 Gy / 10", PrescriptionSource.BEAM_DOSE),
    ),
    case(
        "F20",
        "a beam without monitor units",
        in_plan(beam(2, setting(BeamMeterset="0"))),
        noted("plan.beam-without-meterset"),
        beam_dose_is("1.5"),
        prescribed("20 Gy / 10"),
    ),
    case(
        "F21",
        "beam doses to different points",
        in_plan(
            without("DoseReferenceSequence"),
            *(beam(i, setting(BeamDoseSpecificationPoint=[10 * i, 0, 0])) for i in range(3)),
        ),
        also_noted("plan.beam-dose-points-differ"),
        known_and_not_graded("20 Gy / 10", PrescriptionSource.BEAM_DOSE),
    ),
    *(
        case("F22", f"{part:.0%} of the file", cut(part), *gone("", "cut short"))
        for part in (0.5, 0.7, 0.9, 0.999)
    ),
    case("F22", "pydicom's own", sample("rtplan_truncated.dcm"), refused(PLAN)),
    case(
        "F22",
        "cut before the beams",
        in_plan(without("BeamSequence", "ApprovalStatus")),
        *gone("BeamSequence"),
    ),
    case("F23", "4 beams said", in_plan(group(setting(NumberOfBeams=4))), *gone("NumberOfBeams", "4 beams")),
    case("F23", "2 beams said", in_plan(group(setting(NumberOfBeams=2))), *gone("NumberOfBeams")),
    case(
        "F24",
        "frame of the plan",
        in_plan(setting(FrameOfReferenceUID=uid(4, 77))),
        refused(DOSE, "FrameOfReferenceUID"),
        no_dose_of_any_plan,
        prescribed("20 Gy / 10"),
    ),
    case("F25", "two plans of one day", replaced(plan2=second_plan), none_is_the_latest),
    case(
        "F25",
        "a later plan",
        replaced(plan2=lambda: second_plan(RTPlanDate="20260202")),
        none_is_the_latest,
    ),
    case(
        "F25",
        "no date",
        in_turn(in_plan(setting(RTPlanDate=None, RTPlanTime=None)), replaced(plan2=second_plan)),
        none_is_the_latest,
    ),
]

CASES: list[Case] = [*IDENTITY, *PRESCRIPTION]
ROWS_TESTED_ALONE = {"D11"}
"""Rows that are no change of one folder; each is named at its test."""


@pytest.mark.parametrize("hazard", CASES, ids=str)
def test_of_plans(hazard: Case, tmp_path: Path) -> None:
    files = trio()
    hazard.change(files)
    reading = read_patients([write(files, tmp_path)])
    for check in hazard.checks:
        check(reading)


def all_of(found: Patient) -> list[Any]:
    """Everything that a patient is, as values that can be compared."""
    return [
        found.label,
        found.lesions,
        found.plans,
        found.incomplete,
        found.all_notices(),
        *(dose.grid.block_gy(slice(None)).tobytes() for dose in found.doses),
        *(dose.grid.block_gy(slice(None)).tobytes() for dose in found.plan_doses),
        *(str(one.error) for structures in found.structure_sets for one in structures.refused),
        *(
            (structure.name, structure.volume_cm3, structure.vertices_mm.tobytes())
            for structures in found.structure_sets
            for structure in structures.structures
        ),
    ]


def test_a_patient_is_the_same_whoever_was_read_before(tmp_path: Path) -> None:
    # D11: both have something wrong, so that there is something to leak
    first, second = trio("P1", 1), trio("P2", 2)
    edited(DOSE, setting(DoseUnits="RELATIVE"))(first)
    in_plan(group(setting(NumberOfFractionsPlanned=None)))(first)
    edited(DOSE, setting(DoseSummationType="FRACTION"))(second)
    second[STRUCTURES] = trio_structures("P2", 2, ptv=trio_ptv([]))
    a, b = write(first, tmp_path / "a"), write(second, tmp_path / "b")
    alone_, before, behind = (read_patients(folders).patients[-1] for folders in ([b], [a, b], [b, a]))
    assert alone_.label == "P2"
    assert alone_.all_notices()
    assert all_of(alone_) == all_of(before) == all_of(behind)
