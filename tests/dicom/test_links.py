"""The objects of one patient put together: what refers to what, and what must not be concluded from it.

Rows are the hazard catalogue's. Each folder is the trio of `synthetic_trio`, 20 Gy in 10 fractions by three beams,
with another object or another reference.
"""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hazard_corpus import dose_is_right, notices, patient, plan, plan_dose, prescription, structure_set
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage, RTStructureSetStorage
from synthetic import reference, uid
from synthetic_plan import Group, Reference, brachy_plan, ion_plan, rt_plan
from synthetic_record import Beam, beams_record
from synthetic_structures import Roi
from synthetic_trio import (
    OAR,
    PTV,
    Edit,
    Files,
    box_outlines,
    edited,
    item_of,
    setting,
    trio,
    trio_dose,
    trio_ptv,
    trio_structures,
    without,
    write,
)

from rtfractions import protocols
from rtfractions.compliance import check
from rtfractions.dicom import Reading, read_patients
from rtfractions.doses import DoseType
from rtfractions.patient import Lesion, LesionsFrom, Patient, join
from rtfractions.plans import Prescription, PrescriptionSource
from rtfractions.schedule_text import parse
from rtfractions.verdicts import Verdict

PLAN, PLAN_2, DOSE, STRUCTURES = "plan.dcm", "plan2.dcm", "dose.dcm", "structures.dcm"
UID, UID_2 = uid(1, 1), uid(1, 2)
BEAMS_GY = ("0.8", "0.7", "0.5")
FRAME, OTHER_FRAME, THIRD_FRAME = uid(4, 1), uid(4, 50), uid(4, 60)

Read = Callable[[Files], Reading]


@pytest.fixture
def read_files(tmp_path: Path) -> Read:
    """``read_files(files)``: the reading of a folder with these files."""

    def call(files: Files) -> Reading:
        return read_patients([write(files, tmp_path)])

    return call


def plan_of(
    number: int,
    *,
    dose_gy: str = "20.0",
    fractions: str = "10",
    roi: int | None = PTV,
    name: str = "PTV",
    **others: Any,
) -> Dataset:
    """A plan on the trio's structure set; `number` is its own."""
    made = rt_plan("P1", 1, [Reference(1, name, dose_gy, roi)], [Group(fractions, BEAMS_GY)], **others)
    made.SOPInstanceUID = uid(1, number)
    return made


def dose_of(*plans: int, **how: Any) -> Dataset:
    """The linear dose as that of these plans."""
    made = trio_dose(instance=plans[0], **how)
    made.ReferencedRTPlanSequence = [reference(RTPlanStorage, uid(1, number)) for number in plans]
    return made


def codes(reading: Reading) -> set[str]:
    return {notice.code for notice in notices(reading)}


def files_noted(reading: Reading, code: str) -> set[str | None]:
    """The files of which a notice speaks."""
    return {notice.where.file for notice in notices(reading) if notice.code == code}


def refusals(reading: Reading) -> list[tuple[str | None, str]]:
    """Files that were refused, and why."""
    return [(error.where.file, str(error)) for error in reading.errors]


class TestSuccessors:
    """D7, F15, F25: which of two plans was treated, a reference between them does not say."""

    def both_are_counted(self, reading: Reading) -> None:
        assert reading.errors == ()
        found = patient(reading)
        assert {one.sop_instance_uid: one.set_aside for one in found.plans} == {UID: None, UID_2: None}
        (lesion,) = found.lesions
        assert lesion.prescription.schedule is None
        assert "2 plans treat it, with 20 Gy / 10 and 24 Gy / 3" in str(lesion.prescription.unclear)
        assert lesion.plan_uid is None

    @pytest.mark.parametrize("approval", ["APPROVED", "UNAPPROVED"])
    @pytest.mark.parametrize("names", [(PLAN, PLAN_2), (PLAN_2, PLAN)], ids=["first", "last"])
    def test_neither_plan_is_set_aside(self, names: tuple[str, str], approval: str, read_files: Read) -> None:
        old, new = names
        derived = plan_of(2, dose_gy="24.0", fractions="3", relations={UID: "PREDECESSOR"}, approval=approval)
        reading = read_files({**trio(), old: plan_of(1), new: derived})
        self.both_are_counted(reading)
        assert files_noted(reading, "plan.supersedes") == {new}
        assert files_noted(reading, "plan.superseded") == {old}

    def test_each_derived_from_the_other(self, read_files: Read) -> None:
        first = plan_of(1, relations={UID_2: "PREDECESSOR"})
        second = plan_of(2, dose_gy="24.0", fractions="3", relations={UID: "PREDECESSOR"})
        reading = read_files({**trio(), PLAN: first, PLAN_2: second})
        self.both_are_counted(reading)
        assert (
            files_noted(reading, "plan.superseded")
            == files_noted(reading, "plan.supersedes")
            == {PLAN, PLAN_2}
        )

    def test_derived_from_itself(self, read_files: Read) -> None:
        reading = read_files({**trio(), PLAN: plan_of(1, relations={UID: "PREDECESSOR"})})
        assert reading.errors == ()
        assert codes(reading) == {"plan.supersedes"}
        assert (str(prescription(reading).schedule), prescription(reading).unclear) == ("20 Gy / 10", None)
        dose_is_right(reading)

    @pytest.mark.parametrize(
        "not_counted",
        [{"approval": "REJECTED"}, {"intent": "VERIFICATION"}, {"geometry": "TREATMENT_DEVICE"}],
    )
    def test_what_is_not_counted_replaces_nothing(
        self, not_counted: dict[str, Any], read_files: Read
    ) -> None:
        successor = plan_of(2, dose_gy="24.0", fractions="3", relations={UID: "PREDECESSOR"}, **not_counted)
        reading = read_files({**trio(), PLAN_2: successor})
        assert reading.errors == ()
        found = patient(reading)
        assert [one.set_aside is None for one in found.plans] == [True, False]
        (lesion,) = found.lesions
        assert (str(lesion.prescription.schedule), lesion.prescription.unclear) == ("20 Gy / 10", None)
        assert lesion.plan_uid == UID
        assert found.incomplete is None
        assert codes(reading) == {"plan.set-aside"}

    def test_a_chain_of_three(self, read_files: Read) -> None:
        second, third = (plan_of(n, relations={uid(1, n - 1): "PREDECESSOR"}) for n in (2, 3))
        reading = read_files({**trio(), PLAN_2: second, "plan3.dcm": third})
        (lesion,) = patient(reading).lesions
        assert "3 plans treat it" in str(lesion.prescription.unclear)
        assert files_noted(reading, "plan.superseded") == {PLAN, PLAN_2}


def sessions(
    days: Sequence[tuple[int, str]], *, plan_number: int = 1, beams: Sequence[int] = (1, 2, 3)
) -> Files:
    """A record of each session: number of the fraction and day."""
    return {
        f"record{i:02}.dcm": beams_record(
            "P1", 100 + i, [Beam(beam, str(number)) for beam in beams], plan_number=plan_number, date=day
        )
        for i, (number, day) in enumerate(days)
    }


class TestDelivery:
    """F17: what was given of each plan, by its own records."""

    def test_a_fraction_number_given_whole_on_two_days_counts_nothing(self, read_files: Read) -> None:
        days = [(1, "20260112"), (2, "20260113"), (2, "20260114")]
        reading = read_files({**trio(), **sessions(days)})
        given = plan(reading).delivery
        assert given.fractions_delivered is None
        assert (given.start, given.end) == (datetime.date(2026, 1, 12), datetime.date(2026, 1, 14))
        assert files_noted(reading, "delivery.fraction-repeated") == {PLAN}
        assert patient(reading).lesions[0].delivery == given

    def test_a_session_exported_twice_counts_once(self, read_files: Read) -> None:
        reading = read_files({**trio(), **sessions([(1, "20260112"), (2, "20260113"), (2, "20260113")])})
        assert plan(reading).delivery.fractions_delivered == 2
        assert "delivery.fraction-repeated" not in codes(reading)
        assert "delivery.more-than-specified" in codes(reading)

    def test_an_interrupted_fraction_ended_the_next_day_counts_once(self, read_files: Read) -> None:
        stopped = [Beam(1, "2"), Beam(2, "2"), Beam(3, "2", "150", "400", termination="MACHINE")]
        rest = [Beam(3, "2", "250", "250", kind="CONTINUATION")]
        files = sessions([(1, "20260112"), (3, "20260115")])
        files["stopped.dcm"] = beams_record("P1", 201, stopped, plan_number=1, date="20260113")
        files["rest.dcm"] = beams_record("P1", 202, rest, plan_number=1, date="20260114")
        reading = read_files({**trio(), **files})
        assert plan(reading).delivery.fractions_delivered == 3
        assert codes(reading) == set()

    def test_a_fraction_ended_in_two_further_parts_counts_once(self, read_files: Read) -> None:
        stopped = [Beam(1, "1"), Beam(2, "1"), Beam(3, "1", "150", "400", termination="MACHINE")]
        files: Files = {"stopped.dcm": beams_record("P1", 201, stopped, plan_number=1, date="20260113")}
        for i, (part, day) in enumerate((("100", "20260114"), ("150", "20260115"))):
            rest = [Beam(3, "1", part, part, kind="CONTINUATION")]
            files[f"rest{i}.dcm"] = beams_record("P1", 202 + i, rest, plan_number=1, date=day)
        reading = read_files({**trio(), **files})
        assert plan(reading).delivery.fractions_delivered == 1
        assert codes(reading) == set()

    def two_plans_and_records_of_one(self, read_files: Read) -> Reading:
        records = sessions([(i, f"202601{i:02}") for i in range(1, 26)])
        first, boost = plan_of(1, dose_gy="50.0", fractions="25"), plan_of(2, dose_gy="16.0", fractions="8")
        files = {PLAN: first, PLAN_2: boost, STRUCTURES: trio_structures(), **records}
        reading = read_files(files)
        assert reading.errors == ()
        return reading

    def test_records_of_one_of_two_plans_of_one_target_are_that_plans(self, read_files: Read) -> None:
        found = patient(self.two_plans_and_records_of_one(read_files))
        given = {one.sop_instance_uid: one.delivery.fractions_delivered for one in found.plans}
        assert given == {UID: 25, UID_2: None}
        (lesion,) = found.lesions
        assert lesion.delivery.fractions_delivered is None  # of 33, were the two plans one course

    def test_a_lesion_sheet_that_names_the_plan_has_its_records(self, read_files: Read) -> None:
        found = patient(self.two_plans_and_records_of_one(read_files))
        stated = Prescription(parse("50Gy/25"), PrescriptionSource.LESION_SHEET)
        sheet = Patient("P1", (Lesion("L1", stated, plan_uid=UID),), LesionsFrom.SHEET)
        (joined,) = join([sheet], [found])
        assert joined.lesions[0].delivery.fractions_delivered == 25

    @pytest.mark.parametrize("treated", [True, False])
    def test_a_rejected_plan_that_was_treated_is_missing(self, treated: bool, read_files: Read) -> None:
        # F15, F17
        files = {**trio(), PLAN_2: plan_of(2, approval="REJECTED")}
        reading = read_files(files | (sessions([(1, "20260112")], plan_number=2) if treated else {}))
        assert reading.errors == ()
        assert files_noted(reading, "plan.set-aside-treated") == ({PLAN_2} if treated else set())
        assert patient(reading).incomplete == ("a plan that was treated is set aside" if treated else None)
        assert [str(lesion.prescription.schedule) for lesion in patient(reading).lesions] == ["20 Gy / 10"]

    def test_more_fractions_than_planned_are_said(self, read_files: Read) -> None:
        reading = read_files({**trio(), **sessions([(i, f"202601{i:02}") for i in range(1, 13)])})
        assert plan(reading).delivery.fractions_delivered == 12
        assert codes(reading) == {"delivery.more-than-planned"}


def no_frame(dataset: Dataset) -> None:
    del dataset.FrameOfReferenceUID


def two_frames(**others: Any) -> Dataset:
    """The trio's structures in a set that lists another frame of reference beside theirs."""
    return trio_structures(frames=[FRAME, OTHER_FRAME], **others)


class TestFrames:
    """D2, D3, F24: positions in two frames of reference cannot be compared."""

    @pytest.mark.parametrize("frame", [OTHER_FRAME, THIRD_FRAME], ids=["the set's other", "of none"])
    @pytest.mark.parametrize("roi", [PTV, None], ids=["linked", "not linked"])
    def test_a_dose_in_a_frame_of_neither_plan_nor_target_is_refused(
        self, roi: int | None, frame: str, read_files: Read
    ) -> None:
        files: Files = {PLAN: plan_of(1, roi=roi), DOSE: trio_dose(), STRUCTURES: two_frames()}
        edited(PLAN, no_frame)(files)
        edited(DOSE, setting(FrameOfReferenceUID=frame))(files)
        reading = read_files(files)
        ((file, told),) = refusals(reading)
        assert file == DOSE
        assert "FrameOfReferenceUID" in told or "(0020,0052)" in told
        assert "another frame of reference" in told
        assert patient(reading).plan_doses == ()
        assert str(prescription(reading).schedule) == "20 Gy / 10"
        assert {s.number for s in structure_set(reading).structures} == {PTV, OAR, 3}

    def test_a_dose_without_a_plan_in_a_frame_of_none_of_its_structures_is_refused(
        self, read_files: Read
    ) -> None:
        files: Files = {DOSE: trio_dose(), STRUCTURES: two_frames()}
        edited(DOSE, setting(FrameOfReferenceUID=THIRD_FRAME))(files)
        reading = read_files(files)
        assert [file for file, told in refusals(reading) if "frame of reference" in told] == [DOSE]
        assert patient(reading).doses == ()

    def test_a_dose_that_names_no_set_in_a_frame_of_none_of_the_plans_structures_is_refused(
        self, read_files: Read
    ) -> None:
        files: Files = {PLAN: plan_of(1, roi=None), DOSE: trio_dose(), STRUCTURES: two_frames()}
        edited(PLAN, no_frame)(files)
        edited(DOSE, setting(FrameOfReferenceUID=THIRD_FRAME), without("ReferencedStructureSetSequence"))(
            files
        )
        reading = read_files(files)
        assert [file for file, told in refusals(reading) if "frame of reference" in told] == [DOSE]
        assert patient(reading).plan_doses == ()

    def test_a_dose_in_the_frame_of_other_structures_than_the_target_is_refused(
        self, read_files: Read
    ) -> None:
        drawn = two_frames(more=[Roi(4, "MR", box_outlines(), frame=OTHER_FRAME)])
        files: Files = {PLAN: plan_of(1), DOSE: trio_dose(), STRUCTURES: drawn}
        edited(PLAN, no_frame)(files)
        edited(DOSE, setting(FrameOfReferenceUID=OTHER_FRAME))(files)
        reading = read_files(files)
        assert [file for file, told in refusals(reading) if "its target 'PTV'" in told] == [DOSE]
        assert patient(reading).plan_doses == ()

    def test_a_dose_in_another_frame_than_the_plan_alone_is_refused(self, read_files: Read) -> None:
        files: Files = {PLAN: plan_of(1), DOSE: trio_dose()}
        edited(DOSE, setting(FrameOfReferenceUID=THIRD_FRAME))(files)
        reading = read_files(files)
        assert [file for file, told in refusals(reading) if "than its plan" in told] == [DOSE]
        assert patient(reading).plan_doses == ()

    def test_a_dose_in_the_frame_of_the_target_is_taken(self, read_files: Read) -> None:
        files: Files = {PLAN: plan_of(1), DOSE: trio_dose(), STRUCTURES: two_frames()}
        edited(PLAN, no_frame)(files)
        reading = read_files(files)
        assert (reading.errors, codes(reading)) == ((), set())
        dose_is_right(reading)

    def in_two_frames(self) -> list[Dataset]:
        """Two plans with their doses in two frames of reference, on one structure set that has both."""
        second, dose = plan_of(2, roi=4, name="PTV2"), dose_of(2)
        for dataset in (second, dose):
            dataset.FrameOfReferenceUID = OTHER_FRAME
        own = Roi(4, "PTV2", box_outlines(), "PTV", frame=OTHER_FRAME)
        return [plan_of(1), second, dose_of(1), dose, two_frames(more=[own])]

    @pytest.mark.parametrize("order", [1, -1], ids=["in order", "in reverse"])
    def test_plans_in_two_frames_keep_their_structures(self, order: int, read_files: Read) -> None:
        files: Files = {f"{i}.dcm": dataset for i, dataset in enumerate(self.in_two_frames()[::order])}
        reading = read_files(files)
        assert refusals(reading) == []
        assert codes(reading) == set()
        found = patient(reading)
        assert {s.number for s in structure_set(reading).structures} == {PTV, OAR, 3, 4}
        assert structure_set(reading).refused == ()
        schedules = {lesion.label: str(lesion.prescription.schedule) for lesion in found.lesions}
        assert schedules == {"PTV": "20 Gy / 10", "PTV2": "20 Gy / 10"}
        assert {dose.plan_uid for dose in found.plan_doses} == {UID, UID_2}
        assert found.incomplete is None

    def test_what_is_drawn_in_a_third_frame_is_refused_by_itself(self, read_files: Read) -> None:
        first, second, dose, other_dose, _ = self.in_two_frames()
        more = [
            Roi(4, "PTV2", box_outlines(), "PTV", frame=OTHER_FRAME),
            Roi(5, "MR", box_outlines(), frame=THIRD_FRAME),
        ]
        drawn = trio_structures(frames=[FRAME, OTHER_FRAME, THIRD_FRAME], more=more)
        reading = read_files(
            {PLAN: first, PLAN_2: second, DOSE: dose, "dose2.dcm": other_dose, STRUCTURES: drawn}
        )
        assert refusals(reading) == []
        assert [one.number for one in structure_set(reading).refused] == [5]
        assert {s.number for s in structure_set(reading).structures} == {PTV, OAR, 3, 4}


class TestTargets:
    """D7, F8, E39: a link to nothing is none, and one to an organ is doubtful."""

    def test_a_structure_the_set_lacks(self, read_files: Read) -> None:
        reading = read_files({**trio(), PLAN: plan_of(1, roi=99)})
        assert reading.errors == ()
        assert codes(reading) == {"plan.structure-missing"}
        assert files_noted(reading, "plan.structure-missing") == {PLAN}
        found = patient(reading)
        assert found.lesions_from is LesionsFrom.PLAN_CANDIDATES
        assert plan(reading).targets[0].structure_number is None
        assert str(prescription(reading).schedule) == "20 Gy / 10"

    def test_without_a_structure_set_a_link_stands(self, read_files: Read) -> None:
        files = trio()
        del files[STRUCTURES]
        reading = read_files(files)
        assert codes(reading) == set()
        assert patient(reading).lesions_from is LesionsFrom.PLAN_LINKS

    def test_a_structure_that_was_refused_is_not_missing(self, read_files: Read) -> None:
        # D3: it is there, and is told by itself
        reading = read_files({**trio(), STRUCTURES: trio_structures(ptv=trio_ptv(frame=THIRD_FRAME))})
        assert [one.number for one in structure_set(reading).refused] == [PTV]
        assert codes(reading) == set()
        assert patient(reading).lesions_from is LesionsFrom.PLAN_LINKS

    @pytest.mark.parametrize(
        ("roi", "name", "said"),
        [
            (OAR, "PTV", {"plan.target-is-organ"}),
            (3, "PTV", {"plan.target-is-organ"}),
            (OAR, "OAR", set()),  # as the whole brain is
            (PTV, "Metastasis", set()),
        ],
        ids=["organ", "outline", "organ of that name", "target of another name"],
    )
    def test_a_structure_of_another_kind(self, roi: int, name: str, said: set[str], read_files: Read) -> None:
        files = trio()
        files[PLAN] = plan_of(1, roi=roi, name=name)
        reading = read_files(files)
        assert reading.errors == ()
        assert codes(reading) == said
        assert patient(reading).lesions_from is LesionsFrom.PLAN_LINKS

    def test_plans_on_several_sets_are_a_query(self, read_files: Read) -> None:
        # D7: the same lesion may be drawn in each, so that two targets are no two lesions
        second, drawn = plan_of(2), trio_structures()
        second.ReferencedStructureSetSequence = [reference(RTStructureSetStorage, uid(5, 2))]
        drawn.SOPInstanceUID = uid(5, 2)
        reading = read_files({**trio(), PLAN_2: second, "structures2.dcm": drawn})
        assert reading.errors == ()
        assert codes(reading) == {"patient.several-structure-sets"}
        found = patient(reading)
        assert [lesion.label for lesion in found.lesions] == ["PTV", "PTV (2)"]
        assert found.lesions_from is LesionsFrom.PLAN_CANDIDATES
        one_lesion = protocols.library_protocol("NCT03406468").protocol
        (lesions,) = (f for f in check(found, one_lesion, planned=False).findings if f.rule == "lesions")
        assert lesions.verdict is Verdict.QUERY
        assert "candidate" in lesions.message


def ions(dose_type: str | None) -> Dataset:
    return ion_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("10", BEAMS_GY)], dose_type=dose_type)


def effective_dose() -> Dataset:
    return trio_dose(dose_type="EFFECTIVE")


class TestDoses:
    """A16, A22, C19, D6: whose dose a file is, and of what kind."""

    @pytest.mark.parametrize(
        ("planned", "dose", "schedule", "is_other"),
        [
            (lambda: ions("EFFECTIVE"), trio_dose, "20 Gy(RBE) / 10", True),
            (lambda: ions("EFFECTIVE"), effective_dose, "20 Gy(RBE) / 10", False),
            (lambda: ions(None), effective_dose, "20 Gy(RBE) / 10", False),
            (lambda: plan_of(1), effective_dose, "20 Gy / 10", True),
            (lambda: plan_of(1), trio_dose, "20 Gy / 10", False),
        ],
        ids=[
            "ions, physical",
            "ions, effective",
            "ions, said by the dose",
            "photons, effective",
            "photons, physical",
        ],
    )
    def test_a_dose_of_another_type_than_the_prescription(
        self,
        planned: Callable[[], Dataset],
        dose: Callable[[], Dataset],
        schedule: str,
        is_other: bool,
        read_files: Read,
    ) -> None:
        reading = read_files({**trio(), PLAN: planned(), DOSE: dose()})
        assert reading.errors == ()
        assert str(prescription(reading).schedule) == schedule
        assert ("plan.dose-of-other-type" in codes(reading)) is is_other
        is_effective = dose is effective_dose
        assert plan_dose(reading).dose_type is (DoseType.EFFECTIVE if is_effective else DoseType.PHYSICAL)

    @pytest.mark.parametrize("summation", ["PLAN", "MULTI_PLAN"])
    def test_a_dose_of_two_plans_is_the_dose_of_neither(self, summation: str, read_files: Read) -> None:
        # A22: whatever it calls itself
        files = {**trio(), PLAN_2: plan_of(2, roi=OAR, name="OAR"), DOSE: dose_of(1, 2, summation=summation)}
        reading = read_files(files)
        assert refusals(reading) == []
        found = patient(reading)
        assert found.plan_doses == ()
        assert [len(dose.plan_uids) for dose in found.doses] == [2]
        assert files_noted(reading, "dose.several-plans") == {DOSE}

    def test_a_sum_beside_the_doses_of_two_plans(self, read_files: Read) -> None:
        # A22, A24
        total = dose_of(1, 2, scaling="0.002")
        total.SOPInstanceUID = uid(6, 77)
        doses: Files = {
            "dose1.dcm": dose_of(1),
            "dose2.dcm": dose_of(2),
            "sum.dcm": total,
        }
        reading = read_files({PLAN: plan_of(1), PLAN_2: plan_of(2), STRUCTURES: trio_structures(), **doses})
        assert refusals(reading) == []
        maxima = {dose.plan_uid: dose.grid.maximum_gy for dose in patient(reading).plan_doses}
        assert maxima == pytest.approx({UID: 32.1387, UID_2: 32.1387}, abs=0.001)

    @pytest.mark.parametrize(
        ("named", "said"),
        [(uid(5, 77), {DOSE}), (uid(5, 1), set()), (None, set())],
        ids=["another", "its plan's", "none"],
    )
    def test_the_structure_set_of_the_dose(self, named: str | None, said: set[str], read_files: Read) -> None:
        # D6
        files = trio()
        edit: Edit = (
            without("ReferencedStructureSetSequence")
            if named is None
            else item_of("ReferencedStructureSetSequence", 0, setting(ReferencedSOPInstanceUID=named))
        )
        edited(DOSE, edit)(files)
        reading = read_files(files)
        assert files_noted(reading, "dose.other-structure-set") == said
        assert codes(reading) == ({"dose.other-structure-set"} if said else set())
        dose_is_right(reading)

    @pytest.mark.parametrize("summation", ["BRACHY", "BRACHY_SESSION"])
    def test_near_a_source_there_is_more_than_1000_gy(self, summation: str, read_files: Read) -> None:
        # C19: and the dose says itself that it is near one
        hot = with_hot_voxel(trio_dose(summation=summation, beams=(1,)), 9703.0)
        reading = read_files({DOSE: hot})
        assert reading.errors == ()
        assert [dose.grid.maximum_gy for dose in patient(reading).doses] == pytest.approx([9703.0])

    @pytest.mark.parametrize(("maximum_gy", "taken"), [(999.0, True), (9703.0, False)])
    def test_of_external_beams_there_is_not(self, maximum_gy: float, taken: bool, read_files: Read) -> None:
        # C19: the contours of the target, which has its prescription, excuse no flipped bit
        reading = read_files({**trio(), DOSE: with_hot_voxel(trio_dose(), maximum_gy)})
        assert [file for file, _ in refusals(reading)] == ([] if taken else [DOSE])
        assert len(patient(reading).plan_doses) == taken

    def test_the_plan_dose_of_sources_may_be_hot(self, read_files: Read) -> None:
        # C19, F16
        sources = brachy_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("10", BEAMS_GY)])
        reading = read_files({**trio(), PLAN: sources, DOSE: with_hot_voxel(trio_dose(), 2000.0)})
        assert reading.errors == ()
        assert plan_dose(reading).grid.maximum_gy == pytest.approx(2000.0)


def with_hot_voxel(dose: Dataset, gy: float) -> Dataset:
    """One voxel in the middle of a dose of 32 bits is hot."""
    stored = np.frombuffer(dose.PixelData, "<u4").copy().reshape(dose.NumberOfFrames, dose.Rows, dose.Columns)
    stored[tuple(np.array(stored.shape) // 2)] = round(gy / float(dose.DoseGridScaling))
    dose.PixelData = stored.tobytes()
    dose["PixelData"].VR = "OW"
    return dose


class TestWhatIsKept:
    """Grids may be left out, and a lesion sheet may come beside: nothing that was said or read is lost for it."""

    def files(self) -> Files:
        odd = effective_dose()
        odd.RescaleSlope = "2"
        return {**trio(), DOSE: odd, **sessions([(1, "20260112")])}

    def test_without_grids_the_notices_of_doses_stay(self, tmp_path: Path) -> None:
        # A11, A16
        folder = write(self.files(), tmp_path)
        whole, light = (read_patients([folder], with_grids=kept) for kept in (True, False))
        found = patient(light)
        assert (found.doses, found.plan_doses, found.structure_sets) == ((), (), ())
        assert {"dose.effective", "dose.rescale-ignored"} <= codes(light)
        assert set(notices(light)) == set(notices(whole))
        assert (found.plans, found.lesions, found.records) == (
            patient(whole).plans,
            patient(whole).lesions,
            patient(whole).records,
        )

    def test_beside_a_lesion_sheet_all_that_was_read_stays(self, read_files: Read) -> None:
        found = patient(read_files(self.files()))
        stated = Prescription(parse("20Gy/10"), PrescriptionSource.LESION_SHEET)
        (joined,) = join([Patient("P1", (Lesion("L1", stated),), LesionsFrom.SHEET)], [found])
        assert joined.lesions_from is LesionsFrom.SHEET
        assert joined.lesions[0].plan_uid == UID
        for kept in ("plans", "doses", "plan_doses", "structure_sets", "records"):
            assert getattr(joined, kept) == getattr(found, kept)
            assert len(getattr(joined, kept)) == 1
        assert {notice.code for notice in joined.all_notices()} >= {"dose.effective", "dose.rescale-ignored"}
