"""RT Plans. The rows named A and F are those of the hazard catalogue (section 1)."""

import datetime
import io
from decimal import Decimal
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from synthetic import dicom_bytes, reference, uid
from synthetic_plan import Group, Reference, add_setup_beam, brachy_plan, ion_plan, rt_plan

from rtfractions.dicom import Reading
from rtfractions.dicom.plan import read_plan, with_rbe_stated
from rtfractions.dicom.reading import DicomError
from rtfractions.patient import Lesion, LesionsFrom
from rtfractions.plans import Plan, PlanKind, Prescription, PrescriptionSource

Read = Any


def plan_of(dataset: Dataset) -> Plan:
    """The plan as it is read from a file."""
    return read_plan(pydicom.dcmread(io.BytesIO(dicom_bytes(dataset))))


def codes(plan: Plan) -> list[str]:
    return [notice.code for notice in plan.notices]


def prescription_of(dataset: Dataset) -> Prescription:
    (target,) = plan_of(dataset).targets
    return target.prescription


def lesions(reading: Reading) -> list[Lesion]:
    assert not reading.errors
    return [lesion for patient in reading.patients for lesion in patient.lesions]


def schedules(reading: Reading) -> dict[str, str | None]:
    return {
        lesion.label: str(lesion.prescription.schedule) if lesion.prescription.schedule else None
        for lesion in lesions(reading)
    }


class TestSources:
    def test_a_target_dose_reference(self, read: Read, ordinary_plan: Dataset) -> None:
        (lesion,) = lesions(read(ordinary_plan))
        assert str(lesion.prescription.schedule) == "24 Gy / 3"
        assert lesion.prescription.source is PrescriptionSource.TARGET
        assert lesion.plan_uid == ordinary_plan.SOPInstanceUID

    def test_the_fraction_groups_own_dose_comes_first(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3", doses_gy={1: "24.0"})])
        (lesion,) = lesions(read(plan))
        assert lesion.prescription.source is PrescriptionSource.FRACTION_GROUP

    def test_sources_that_disagree_are_said_and_none_is_taken(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "40.0", 7)], [Group("3", doses_gy={1: "24.0"})])
        (lesion,) = lesions(read(plan))
        assert lesion.prescription.schedule is None
        assert "24 Gy" in str(lesion.prescription.unclear)
        assert "40 Gy" in str(lesion.prescription.unclear)

    def test_beam_doses_are_known_and_grade_nothing(self, read: Read) -> None:
        # F6: no dose reference; the prescription from beam dose x fractions is a query
        (lesion,) = lesions(read(rt_plan("P1", 1, [], [Group("3", ("4.5", "3.5"))])))
        assert str(lesion.prescription.schedule) == "24 Gy / 3"
        assert lesion.prescription.source is PrescriptionSource.BEAM_DOSE
        assert lesion.prescription.unclear is not None

    def test_a_description_is_known_and_grades_nothing(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [], [Group("3", (None,))])
        plan.PrescriptionDescription = "3 x 8 Gy"
        (lesion,) = lesions(read(plan))
        assert str(lesion.prescription.schedule) == "24 Gy / 3"
        assert lesion.prescription.source is PrescriptionSource.DESCRIPTION
        assert lesion.prescription.unclear is not None

    @pytest.mark.parametrize("description", [None, "as discussed", "3x8"])
    def test_where_nothing_prescribes_nothing_is_known(self, read: Read, description: str | None) -> None:
        # F7: never 0
        plan = rt_plan("P1", 1, [], [Group("3", (None,))])
        if description is not None:
            plan.PrescriptionDescription = description
        (lesion,) = lesions(read(plan))
        assert lesion.prescription.schedule is None
        assert lesion.prescription.missing is not None

    def test_a_name_is_no_prescription(self, read: Read) -> None:
        # F14: "PTV_6600" says nothing
        (lesion,) = lesions(
            read(rt_plan("P1", 1, [Reference(1, "PTV_6600", None, 7)], [Group("3", (None,))]))
        )
        assert lesion.prescription.schedule is None

    def test_beam_doses_of_several_targets_are_nobodys_prescription(self, read: Read) -> None:
        # F21: beam doses are to points of their own
        plan = rt_plan(
            "P1", 1, [Reference(1, "PTV a", None, 1), Reference(2, "PTV b", None, 2)], [Group("3")]
        )
        assert [lesion.prescription.schedule for lesion in lesions(read(plan))] == [None, None]

    @pytest.mark.parametrize("beams", [("4.0", None), (None, None)])
    def test_beam_doses_that_are_not_all_there_say_nothing(
        self, read: Read, beams: tuple[str | None, ...]
    ) -> None:
        (lesion,) = lesions(read(rt_plan("P1", 1, [], [Group("3", beams)])))
        assert lesion.prescription.schedule is None

    def test_beam_doses_of_some_groups_say_nothing(self, read: Read) -> None:
        (lesion,) = lesions(read(rt_plan("P1", 1, [], [Group("3"), Group("5", (None,))])))
        assert lesion.prescription.schedule is None

    def test_setup_beams_have_no_part_in_the_dose(self, read: Read) -> None:
        # F20
        plan = rt_plan("P1", 1, [], [Group("3", ("8.0", "1.0"))])
        plan.BeamSequence[1].TreatmentDeliveryType = "SETUP"
        (lesion,) = lesions(read(plan))
        assert str(lesion.prescription.schedule) == "24 Gy / 3"

    def test_a_setup_beam_needs_no_dose(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [], [Group("3", ("8.0", None))])
        plan.BeamSequence[1].TreatmentDeliveryType = "SETUP"
        (lesion,) = lesions(read(plan))
        assert str(lesion.prescription.schedule) == "24 Gy / 3"

    @pytest.mark.parametrize(
        ("group_dose", "total", "agree"),
        [("24.0", "24.01", True), ("24.0", "24.02", False), ("24.0", None, True)],
    )
    def test_two_statements_agree_within_a_hundredth(
        self, read: Read, group_dose: str, total: str | None, agree: bool
    ) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", total, 7)], [Group("3", doses_gy={1: group_dose})])
        (lesion,) = lesions(read(plan))
        assert (lesion.prescription.schedule is not None) is agree

    @pytest.mark.parametrize(
        ("beams", "description", "unclear", "codes"),
        [
            (("4.0", "4.0"), None, False, []),
            (("5.0", "5.0"), None, False, []),  # 24 Gy on the 80 % line: 30 Gy at the point
            (("24.0",), None, True, []),  # beam doses are totals: 3 times too much
            (("2.7",), None, True, []),  # or the prescription is n times too large: 8.1 of 24 Gy
            (("19.0",), None, False, ["plan.beam-doses-differ"]),
            (("800.0",), None, None, []),  # no beam has 800 Gy a fraction
            (("4.0", "4.0"), "30 Gy / 3", False, ["plan.description-differs"]),
            (("4.0", "4.0"), "3 x 8 Gy", False, []),
            (("4.0", "4.0"), "as discussed", False, []),
        ],
    )
    def test_a_plan_that_contradicts_itself_says_so(
        self,
        read: Read,
        beams: tuple[str, ...],
        description: str | None,
        unclear: bool | None,
        codes: list[str],
    ) -> None:
        # F11: only ratios of n or 100, or their inverse, are taken for a slip; 1.0 to 2.2 is ordinary
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3", beams)])
        if description is not None:
            plan.PrescriptionDescription = description
        reading = read(plan)
        if unclear is None:
            assert "BeamDose" in str(reading.errors[0])
            return
        (lesion,) = lesions(reading)
        assert (lesion.prescription.unclear is not None) is unclear
        assert [notice.code for notice in reading.patients[0].plans[0].notices] == codes

    def test_with_two_fractions_beam_doses_cannot_tell_a_slip(self, read: Read) -> None:
        (lesion,) = lesions(read(rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("2", ("24.0",))])))
        assert lesion.prescription.unclear is None

    def test_a_dose_that_may_be_of_one_fraction_is_a_query(self, read: Read) -> None:
        # F11: 2 Gy over 30 fractions is hardly a total
        (lesion,) = lesions(read(rt_plan("P1", 1, [Reference(1, "PTV", "2.0", 7)], [Group("30")])))
        assert "below 0.5 Gy a fraction" in str(lesion.prescription.unclear)


class TestTargets:
    def test_every_target_has_its_own_dose_reference(self, read: Read) -> None:
        # F8: 54 of 66/60/54 must not win
        references = [
            Reference(i, f"PTV{dose}", dose, i) for i, dose in enumerate(["66.0", "60.0", "54.0"], start=1)
        ]
        reading = read(rt_plan("P1", 1, references, [Group("30")]))
        assert schedules(reading) == {
            "PTV66.0": "66 Gy / 30",
            "PTV60.0": "60 Gy / 30",
            "PTV54.0": "54 Gy / 30",
        }
        assert reading.patients[0].lesions_from is LesionsFrom.PLAN_LINKS

    def test_two_references_to_one_structure_are_one_target(self, read: Read) -> None:
        references = [
            Reference(1, "PTV", "24.0", 7),
            Reference(2, "PTV edge", None, 7),
            Reference(3, "PTV", "24.0", 7),
        ]
        assert schedules(read(rt_plan("P1", 1, references, [Group("3")]))) == {"PTV": "24 Gy / 3"}

    def test_two_doses_to_one_structure_are_a_query(self, read: Read) -> None:
        references = [Reference(1, "PTV", "24.0", 7), Reference(2, "PTV", "30.0", 7)]
        (lesion,) = lesions(read(rt_plan("P1", 1, references, [Group("3")])))
        assert lesion.prescription.schedule is None
        assert "24 Gy and 30 Gy" in str(lesion.prescription.unclear)

    def test_a_reference_point_of_a_target_is_no_further_lesion(self, read: Read) -> None:
        # as Eclipse writes it: a SITE with the prescription, a calculation point with its own dose
        references = [
            Reference(1, "Breast", "14.0", structure_type="SITE"),
            Reference(2, "CALC POINT", "11.31", structure_type="COORDINATES"),
        ]
        reading = read(rt_plan("P1", 1, references, [Group("7")]))
        assert schedules(reading) == {"Breast": "14 Gy / 7"}
        assert "plan.reference-point" in [notice.code for notice in reading.patients[0].plans[0].notices]

    def test_points_without_a_dose_are_further_candidates(self, read: Read) -> None:
        # as Brainlab Elements writes several metastases: one SITE with the dose, one point for each
        references = [
            Reference(1, "PTV Met 01", "21.0", structure_type="SITE"),
            Reference(2, "PTV Met 01", None, structure_type="COORDINATES"),
            Reference(3, "PTV Met 02", None, structure_type="COORDINATES"),
        ]
        reading = read(rt_plan("P1", 1, references, [Group("1", (None,))]))
        assert schedules(reading) == {"PTV Met 01": "21 Gy / 1", "PTV Met 02": None}
        assert reading.patients[0].lesions_from is LesionsFrom.PLAN_CANDIDATES

    @pytest.mark.parametrize(
        ("name", "dose", "labels", "codes"),
        [
            ("PTV liver", "24.0", ["PTV lung", "PTV liver"], ["plan.point-prescription"]),
            ("ISO", "25.3", ["PTV lung"], ["plan.reference-point"]),
            ("PTV lung", "30.0", ["PTV lung"], ["plan.reference-point"]),
            ("PTV lung", "24.0", ["PTV lung"], []),
        ],
    )
    def test_a_point_prescribed_to_like_a_volume_may_be_a_lesion(
        self, read: Read, name: str, dose: str, labels: list[str], codes: list[str]
    ) -> None:
        references = [
            Reference(1, "PTV lung", "24.0", 4),
            Reference(2, name, dose, 9, structure_type="POINT"),
        ]
        reading = read(rt_plan("P1", 1, references, [Group("3")]))
        assert list(schedules(reading)) == labels
        assert [notice.code for notice in reading.patients[0].plans[0].notices] == codes

    def test_a_reference_that_does_not_say_target_prescribes_nothing_for_sure(self, read: Read) -> None:
        (lesion,) = lesions(read(rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7, kind=None)], [Group("3")])))
        assert lesion.prescription.schedule is None
        assert "DoseReferenceType" in str(lesion.prescription.unclear)

    def test_a_prescription_to_a_point_only_is_said(self, read: Read) -> None:
        # F10: pydicom's own rtplan.dcm prescribes 30.83 Gy to a point
        reading = read(rt_plan("P1", 1, [Reference(1, "ISO", "24.0", structure_type="POINT")], [Group("3")]))
        assert schedules(reading) == {"ISO": "24 Gy / 3"}
        assert "plan.point-prescription" in [notice.code for notice in reading.patients[0].plans[0].notices]

    def test_a_volumes_dose_may_stand_on_its_point(self, read: Read) -> None:
        references = [Reference(1, "PTV", None, 7), Reference(2, "PTV", "24.0", structure_type="COORDINATES")]
        reading = read(rt_plan("P1", 1, references, [Group("3")]))
        assert schedules(reading) == {"PTV": "24 Gy / 3"}
        assert reading.patients[0].lesions_from is LesionsFrom.PLAN_LINKS
        assert "plan.point-prescription" in [notice.code for notice in reading.patients[0].plans[0].notices]

    def test_organs_at_risk_are_no_targets(self, read: Read) -> None:
        references = [Reference(1, "PTV", "24.0", 7), Reference(2, "Cord", None, 2, kind="ORGAN_AT_RISK")]
        assert list(schedules(read(rt_plan("P1", 1, references, [Group("3")])))) == ["PTV"]


class TestFractionGroups:
    def test_each_fraction_group_is_a_phase(self, read: Read) -> None:
        # F4: the first must not stand for all
        plan = rt_plan(
            "P1",
            1,
            [Reference(1, "PTV", "66.0", 7)],
            [Group("25", doses_gy={1: "50.0"}), Group("8", doses_gy={1: "16.0"})],
        )
        assert schedules(read(plan)) == {"PTV": "50 Gy / 25 + 16 Gy / 8"}

    def test_a_total_over_several_groups_is_not_divided_by_guess(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "66.0", 7)], [Group("25"), Group("8")])
        (lesion,) = lesions(read(plan))
        assert lesion.prescription.schedule is None
        assert "25 + 8 fractions" in str(lesion.prescription.unclear)

    @pytest.mark.parametrize("total", ["24.0", None])
    def test_a_group_that_states_nothing_is_not_passed_over(self, read: Read, total: str | None) -> None:
        plan = rt_plan(
            "P1", 1, [Reference(1, "PTV", total, 7)], [Group("3", doses_gy={1: "24.0"}), Group("5")]
        )
        (lesion,) = lesions(read(plan))
        assert lesion.prescription.schedule is None
        assert "what another gives is not stated" in str(lesion.prescription.unclear)

    def test_groups_of_their_own_targets_are_told_apart(self, read: Read) -> None:
        references = [Reference(1, "PTV a", None, 1), Reference(2, "PTV b", None, 2)]
        groups = [Group("3", doses_gy={1: "24.0"}), Group("5", doses_gy={2: "25.0"})]
        assert schedules(read(rt_plan("P1", 1, references, groups))) == {
            "PTV a": "24 Gy / 3",
            "PTV b": "25 Gy / 5",
        }

    def test_two_doses_for_one_reference_in_a_group_are_a_query(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", None, 7)], [Group("3", doses_gy={1: "30.0"})])
        again = Dataset()
        again.TargetPrescriptionDose, again.ReferencedDoseReferenceNumber = "24.0", 1
        plan.FractionGroupSequence[0].ReferencedDoseReferenceSequence.append(again)
        (lesion,) = lesions(read(plan))
        assert "24 Gy and 30 Gy" in str(lesion.prescription.unclear)

    @pytest.mark.parametrize(
        ("digits", "pattern", "schedule"),
        [
            (2, "11" * 5 + "00" * 2, "24 Gy / 3 BID"),
            (2, "10" * 5 + "00" * 2, "24 Gy / 3"),
            (1, "1111100", "24 Gy / 3"),
            (3, "111" * 7, "24 Gy / 3 TID"),
        ],
    )
    def test_a_pattern_of_several_fractions_a_day_is_read(
        self, read: Read, ordinary_plan: Dataset, digits: int, pattern: str, schedule: str
    ) -> None:
        # F19
        group = ordinary_plan.FractionGroupSequence[0]
        group.NumberOfFractionPatternDigitsPerDay, group.FractionPattern = digits, pattern
        assert schedules(read(ordinary_plan)) == {"PTV": schedule}

    @pytest.mark.parametrize("groups", [[], [Group(None)]])
    def test_missing_fractions_refuse_only_what_needs_them(self, read: Read, groups: list[Group]) -> None:
        # F1, F5
        (lesion,) = lesions(read(rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], groups)))
        assert lesion.prescription.schedule is None
        assert "NumberOfFractionsPlanned" in str(lesion.prescription.missing)


@pytest.mark.filterwarnings(
    "ignore:.*(Invalid value|is not valid) for:UserWarning"
)  # pydicom's, on writing them
class TestImpossibleValues:
    @pytest.mark.parametrize(
        ("keyword", "value"),
        [
            ("NumberOfFractionsPlanned", b"0 "),  # F2
            ("NumberOfFractionsPlanned", b"-3"),
            ("NumberOfFractionsPlanned", b"30.5"),  # F3: pydicom reads 30.5
            ("NumberOfFractionsPlanned", b"1e2 "),  # F3: pydicom reads 100
            ("NumberOfFractionsPlanned", b"3\\4 "),
            ("NumberOfFractionsPlanned", b"1001"),
            ("NumberOfFractionsPlanned", b"3.0 "),
        ],
    )
    def test_fractions(self, read: Read, ordinary_plan: Dataset, keyword: str, value: bytes) -> None:
        set_raw(ordinary_plan.FractionGroupSequence[0], keyword, "IS", value)
        self.refused(read(ordinary_plan), keyword)

    @pytest.mark.parametrize(
        "value",
        [
            b"NaN ",
            b"inf ",
            b"0.0 ",
            b"-24 ",
            b"2400",
            b"24,0",
            b"24\\30 ",
            b"0x18",
            b"1_0 ",
            b"1e400 ",
            b"200.01",
        ],
    )
    def test_prescriptions(self, read: Read, ordinary_plan: Dataset, value: bytes) -> None:
        # F12, F13; I18 to I20: pydicom accepts "1_0", "NaN" and hands over text for "24,0"
        set_raw(ordinary_plan.DoseReferenceSequence[0], "TargetPrescriptionDose", "DS", value)
        self.refused(read(ordinary_plan), "TargetPrescriptionDose")

    def test_a_prescription_to_an_organ_at_risk(self, read: Read) -> None:
        # F9
        references = [Reference(1, "PTV", "24.0", 7), Reference(2, "Cord", "24.0", 2, kind="ORGAN_AT_RISK")]
        self.refused(read(rt_plan("P1", 1, references, [Group("3")])), "TargetPrescriptionDose")

    def test_a_plan_that_lacks_a_beam_it_names(self, read: Read, ordinary_plan: Dataset) -> None:
        # F22: the end of the file may be gone
        del ordinary_plan.BeamSequence[1]
        self.refused(read(ordinary_plan), "BeamSequence")

    def test_a_fraction_group_that_miscounts_its_beams(self, read: Read, ordinary_plan: Dataset) -> None:
        # F23
        ordinary_plan.FractionGroupSequence[0].NumberOfBeams = 3
        self.refused(read(ordinary_plan), "NumberOfBeams")

    def test_a_prescription_of_a_group_to_an_organ_at_risk(self, read: Read) -> None:
        references = [Reference(1, "PTV", "24.0", 7), Reference(2, "Cord", None, 2, kind="ORGAN_AT_RISK")]
        plan = rt_plan("P1", 1, references, [Group("3", doses_gy={1: "24.0", 2: "10.0"})])
        self.refused(read(plan), "TargetPrescriptionDose")

    def test_a_prescription_of_a_group_to_nothing(self, read: Read) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3", doses_gy={9: "30.0"})])
        self.refused(read(plan), "TargetPrescriptionDose")

    @pytest.mark.parametrize("dose", ["-4.0", "201"])
    def test_beam_doses(self, read: Read, dose: str) -> None:
        self.refused(read(rt_plan("P1", 1, [], [Group("3", ("4.0", dose))])), "BeamDose")

    def test_doubled_numbers(self, read: Read) -> None:
        references = [Reference(1, "PTV", "24.0", 7), Reference(1, "GTV", "30.0", 8)]
        self.refused(read(rt_plan("P1", 1, references, [Group("3")])), "DoseReferenceNumber")

    @staticmethod
    def refused(reading: Reading, keyword: str) -> None:
        (error,) = reading.errors
        assert str(error).startswith("0.dcm, (300")
        assert keyword in str(error)
        (patient,) = reading.patients
        assert patient.lesions == ()
        assert patient.incomplete is not None


@pytest.mark.filterwarnings("ignore:.*for VR CS:UserWarning")  # pydicom's, of the small letters written here
class TestSetAside:
    @pytest.mark.parametrize("intent", ["VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE", "Verification"])
    def test_plans_no_patient_was_treated_with(self, read: Read, ordinary_plan: Dataset, intent: str) -> None:
        ordinary_plan.PlanIntent = intent
        self.listed_and_not_counted(read(ordinary_plan), intent.upper())

    def test_plans_without_a_patient(self, read: Read, ordinary_plan: Dataset) -> None:
        ordinary_plan.RTPlanGeometry = "TREATMENT_DEVICE"
        self.listed_and_not_counted(read(ordinary_plan), "TREATMENT_DEVICE")

    @pytest.mark.parametrize("status", ["REJECTED", "rejected"])
    def test_rejected_plans(self, read: Read, ordinary_plan: Dataset, status: str) -> None:
        ordinary_plan.ApprovalStatus = status
        self.listed_and_not_counted(read(ordinary_plan), "rejected")

    def test_plans_that_verify_another(self, read: Read, ordinary_plan: Dataset) -> None:
        # the relationship is defined for verification plans alone
        related = rt_plan("P1", 2, [], [], relations={"1.2.3": "VERIFIED_PLAN"})
        ordinary_plan.ReferencedRTPlanSequence = related.ReferencedRTPlanSequence
        self.listed_and_not_counted(read(ordinary_plan), "verifies another plan")

    def test_what_they_say_of_themselves_is_read(self, ordinary_plan: Dataset) -> None:
        ordinary_plan.PlanIntent = "VERIFICATION"
        plan = plan_of(ordinary_plan)
        assert (plan.label, plan.intent, plan.fraction_groups) == ("PLAN 100", "VERIFICATION", ())

    def test_electrons_count(self, read: Read, ordinary_plan: Dataset) -> None:
        ordinary_plan.BeamSequence[0].RadiationType = "ELECTRON"
        assert len(lesions(read(ordinary_plan))) == 1

    @staticmethod
    def listed_and_not_counted(reading: Reading, why: str) -> None:
        (patient,) = reading.patients
        assert patient.lesions == ()
        (plan,) = patient.plans
        assert why in str(plan.set_aside)
        assert [notice.code for notice in plan.notices] == ["plan.set-aside"]

    @pytest.mark.parametrize(("status", "said"), [("APPROVED", False), ("UNAPPROVED", True), ("", True)])
    def test_plans_that_are_not_approved_count_and_say_so(
        self, read: Read, ordinary_plan: Dataset, status: str, said: bool
    ) -> None:
        # F15
        ordinary_plan.ApprovalStatus = status
        (plan,) = read(ordinary_plan).patients[0].plans
        assert plan.set_aside is None
        assert ("plan.not-approved" in [notice.code for notice in plan.notices]) is said


class TestOutline:
    """What a plan says of itself as a whole."""

    def test_an_ordinary_plan(self, ordinary_plan: Dataset) -> None:
        plan = plan_of(ordinary_plan)
        assert plan.kind is PlanKind.EXTERNAL_BEAM
        assert plan.label == "PLAN 100"
        assert plan.date == datetime.date(2026, 1, 2)
        assert plan.approval == "APPROVED"
        assert plan.intent == "CURATIVE"
        assert plan.frame_of_reference_uid == uid(4, 100)
        assert plan.structure_set_uid == uid(5, 100)
        assert plan.radiation == ("PHOTON",)
        assert plan.supersedes == ()
        (group,) = plan.fraction_groups
        assert (group.number, group.fractions, group.beams) == (1, 3, (1, 2))
        assert group.beam_dose_gy == 8
        assert plan.notices == ()

    @pytest.mark.filterwarnings("ignore:.*(Invalid value|is not valid) for:UserWarning")
    @pytest.mark.parametrize(
        ("date", "expected", "said"),
        [
            (b"20240229", datetime.date(2024, 2, 29), []),
            (b"20230229", None, ["plan.date-unreadable"]),
            (b"2024.02.29", None, ["plan.date-unreadable"]),
            (b"24-02-29", None, ["plan.date-unreadable"]),
            (b"20240101\\20240102", None, ["plan.date-unreadable"]),
            (b"", None, []),
        ],
    )
    def test_dates(
        self, ordinary_plan: Dataset, date: bytes, expected: datetime.date | None, said: list[str]
    ) -> None:
        # F25: a date is told, and nothing is chosen by it; I: eight digits or nothing
        set_raw(ordinary_plan, "RTPlanDate", "DA", date)
        plan = read_plan(ordinary_plan)
        assert plan.date == expected
        assert codes(plan) == said

    def test_several_structure_sets_are_none(self, ordinary_plan: Dataset) -> None:
        ordinary_plan.ReferencedStructureSetSequence.append(reference("1.2.840.10008.5.1.4.1.1.481.3", "1.2"))
        plan = plan_of(ordinary_plan)
        assert plan.structure_set_uid is None
        assert codes(plan) == ["plan.several-structure-sets"]

    def test_no_structure_set_is_none(self, ordinary_plan: Dataset) -> None:
        del ordinary_plan.ReferencedStructureSetSequence
        plan = plan_of(ordinary_plan)
        assert plan.structure_set_uid is None
        assert codes(plan) == []

    @pytest.mark.parametrize(
        ("relation", "supersedes"),
        [("PREDECESSOR", ("1.2.3",)), ("PRIOR", ()), ("ALTERNATIVE", ()), ("CONCURRENT", ())],
    )
    def test_only_a_predecessor_is_superseded(self, relation: str, supersedes: tuple[str, ...]) -> None:
        # PRIOR was treated before this plan, CONCURRENT is treated with it: neither is replaced
        plan = plan_of(
            rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3")], relations={"1.2.3": relation})
        )
        assert plan.supersedes == supersedes
        assert codes(plan) == ["plan.supersedes"] * len(supersedes)

    def test_a_fraction_group_may_be_number_0(self, ordinary_plan: Dataset) -> None:
        # as OpenTPS numbers groups, beams and dose references
        ordinary_plan.FractionGroupSequence[0].FractionGroupNumber = 0
        ordinary_plan.DoseReferenceSequence[0].DoseReferenceNumber = 0
        second = rt_plan("P1", 2, [Reference(1, "PTV 2", "20.0", 8)], [Group("3")]).DoseReferenceSequence[0]
        ordinary_plan.DoseReferenceSequence.append(second)
        plan = plan_of(ordinary_plan)
        assert plan.fraction_groups[0].number == 0
        assert len(plan.targets) == 2

    @pytest.mark.parametrize(
        ("sequence", "keyword"),
        [("FractionGroupSequence", "FractionGroupNumber"), ("BeamSequence", "BeamNumber")],
    )
    def test_doubled_numbers(self, sequence: str, keyword: str) -> None:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3"), Group("3")])
        setattr(plan[sequence].value[1], keyword, 1)
        with pytest.raises(DicomError, match=keyword):
            plan_of(plan)

    def test_a_beam_named_twice_by_its_group(self, ordinary_plan: Dataset) -> None:
        # F23
        ordinary_plan.FractionGroupSequence[0].ReferencedBeamSequence[1].ReferencedBeamNumber = 1
        with pytest.raises(DicomError, match="ReferencedBeamNumber"):
            plan_of(ordinary_plan)


class TestBeams:
    def test_a_group_may_count_only_the_beams_that_treat(self, ordinary_plan: Dataset) -> None:
        # F23: the setup beam is listed and not counted; another number is still refused
        add_setup_beam(ordinary_plan)
        group = ordinary_plan.FractionGroupSequence[0]
        group.NumberOfBeams = 2
        assert plan_of(ordinary_plan).fraction_groups[0].beams == (1, 2)
        group.NumberOfBeams = 1
        with pytest.raises(DicomError, match="NumberOfBeams"):
            plan_of(ordinary_plan)

    def test_setup_beams_are_no_part_of_a_fraction(self, ordinary_plan: Dataset) -> None:
        # F20
        setup = add_setup_beam(ordinary_plan, dose_gy="1.5")
        ordinary_plan.BeamSequence[-1].RadiationType = "ELECTRON"
        plan = plan_of(ordinary_plan)
        (group,) = plan.fraction_groups
        assert setup not in group.beams
        assert group.beam_dose_gy == 8
        assert plan.radiation == ("PHOTON",)

    @pytest.mark.parametrize("kind", ["OPEN_PORTFILM", "TRMT_PORTFILM"])
    def test_port_films_are_no_part_of_a_fraction(self, ordinary_plan: Dataset, kind: str) -> None:
        # F20
        ordinary_plan.BeamSequence[1].TreatmentDeliveryType = kind
        (group,) = plan_of(ordinary_plan).fraction_groups
        assert group.beams == (1,)
        assert group.beam_dose_gy == 4

    def test_a_beam_without_a_delivery_type_treats(self, ordinary_plan: Dataset) -> None:
        # the attribute is optional
        for beam in ordinary_plan.BeamSequence:
            del beam.TreatmentDeliveryType
        (group,) = plan_of(ordinary_plan).fraction_groups
        assert group.beams == (1, 2)

    @pytest.mark.parametrize(
        ("dose", "said"), [("4.0", ["plan.beam-without-meterset"]), ("0", []), (None, [])]
    )
    def test_a_beam_without_monitor_units_gives_nothing(self, dose: str | None, said: list[str]) -> None:
        # F20
        dataset = rt_plan("P1", 1, [], [Group("3", ("8.0", dose))])
        dataset.FractionGroupSequence[0].ReferencedBeamSequence[1].BeamMeterset = "0"
        plan = plan_of(dataset)
        (group,) = plan.fraction_groups
        assert group.beams == (1,)
        assert group.beam_dose_gy == 8
        assert str(plan.targets[0].prescription.schedule) == "24 Gy / 3"
        assert codes(plan) == said

    @pytest.mark.parametrize(
        ("points", "said"),
        [
            ([["0", "0", "0"], ["0", "0", "10"]], ["plan.beam-dose-points-differ"]),
            ([["-27.7578", "75.8538", "-235"], ["-27.7579", "75.8538", "-235"]], []),
            ([["0", "0", "0"], None], []),
        ],
    )
    def test_beam_doses_to_different_points_are_said(
        self, points: list[list[str] | None], said: list[str]
    ) -> None:
        # F21
        dataset = rt_plan("P1", 1, [], [Group("3")])
        for beam, point in zip(dataset.FractionGroupSequence[0].ReferencedBeamSequence, points, strict=True):
            if point is not None:
                beam.BeamDoseSpecificationPoint = point
        plan = plan_of(dataset)
        assert codes(plan) == said
        assert plan.targets[0].prescription.unclear is not None  # never graded

    def test_several_fractions_a_day_are_said(self, ordinary_plan: Dataset) -> None:
        # F19
        group = ordinary_plan.FractionGroupSequence[0]
        group.NumberOfFractionPatternDigitsPerDay, group.FractionPattern = 2, "11" * 5 + "00" * 2
        assert codes(plan_of(ordinary_plan)) == ["plan.several-fractions-a-day"]


class TestNames:
    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("PTV_6600", "66 Gy"),
            ("PTV66", "66 Gy"),
            ("PTV_66", "66 Gy"),
            ("ptv 50.4", "50.4 Gy"),
            ("PTV_50p4Gy", "50.4 Gy"),
            ("Boost 6600cGy", "66 Gy"),
            ("CTV_66,5Gy", "66.5 Gy"),
        ],
    )
    def test_a_name_that_contradicts_is_said(self, name: str, says: str) -> None:
        # F14: 60 Gy in 30 are prescribed
        plan = plan_of(rt_plan("P1", 1, [Reference(1, name, "60.0", 7)], [Group("30", ("1.0", "1.0"))]))
        assert codes(plan) == ["plan.name-contradicts"]
        assert f"says {says}" in plan.notices[0].message
        assert str(plan.targets[0].prescription.schedule) == "60 Gy / 30"
        assert plan.targets[0].prescription.unclear is None

    @pytest.mark.parametrize(
        "name",
        [
            "PTV_6000",
            "PTV60",
            "PTV_60Gy/30",
            "PTV_200x30",  # TG-263 writes dose per fraction x fractions so
            "30 x 2Gy",
            "PTV_High",
            "PTV 12",  # the twelfth metastasis
            "PTV50%",
            "PTV 2019-03-04",
            "PTV_3mm",
            "iso",
            "Lung 4000",  # not a target's name
            "PTV_59.9",
        ],
    )
    def test_other_names_are_not(self, name: str) -> None:
        # F14
        plan = plan_of(rt_plan("P1", 1, [Reference(1, name, "60.0", 7)], [Group("30", ("1.0", "1.0"))]))
        assert codes(plan) == []

    def test_a_name_may_speak_of_one_phase(self) -> None:
        # F4, F14
        groups = [Group("25", doses_gy={1: "50.0"}), Group("8", doses_gy={1: "16.0"})]
        plan = plan_of(rt_plan("P1", 1, [Reference(1, "PTV_5000", "66.0", 7)], groups))
        assert codes(plan) == []


class TestOtherRadiation:
    """F16: ions, neutrons and brachytherapy are read and counted, and never graded as dose of photons."""

    REFERENCES = (Reference(1, "PTV", "60.0", 7),)
    GROUPS = (Group("30", ("1.0", "1.0")),)

    def test_an_ion_plan_is_counted_and_unclear(self, read: Read) -> None:
        reading = read(ion_plan("P1", 1, self.REFERENCES, self.GROUPS))
        (lesion,) = lesions(reading)
        assert str(lesion.prescription.schedule) == "60 Gy / 30"
        assert "whether" in str(lesion.prescription.unclear)
        assert "RBE-weighted" in str(lesion.prescription.unclear)
        (plan,) = reading.patients[0].plans
        assert (plan.kind, plan.radiation, plan.set_aside) == (PlanKind.ION, ("PROTON",), None)
        assert plan.fraction_groups[0].beams == (1, 2)

    def test_effective_beam_doses_prescribe_rbe_weighted_dose(self) -> None:
        # A16
        own = prescription_of(ion_plan("P1", 1, self.REFERENCES, self.GROUPS, dose_type="EFFECTIVE"))
        assert str(own.schedule) == "60 Gy(RBE) / 30"
        assert own.unclear is None

    def test_one_beam_that_does_not_say_so_leaves_it_open(self) -> None:
        plan = ion_plan("P1", 1, self.REFERENCES, self.GROUPS, dose_type="EFFECTIVE")
        plan.FractionGroupSequence[0].ReferencedBeamSequence[1].BeamDoseType = "PHYSICAL"
        own = prescription_of(plan)
        assert str(own.schedule) == "60 Gy / 30"
        assert own.unclear is not None

    def test_a_setup_beam_need_not_say_so(self) -> None:
        # F20
        plan = ion_plan("P1", 1, self.REFERENCES, self.GROUPS, dose_type="EFFECTIVE")
        add_setup_beam(plan)
        read = plan_of(plan)
        assert str(read.targets[0].prescription.schedule) == "60 Gy(RBE) / 30"
        assert read.radiation == ("PROTON",)

    @pytest.mark.parametrize("radiation", ["PROTON", "NEUTRON"])
    def test_so_are_plans_of_beams_of_other_radiation(self, ordinary_plan: Dataset, radiation: str) -> None:
        ordinary_plan.BeamSequence[0].RadiationType = radiation
        plan = plan_of(ordinary_plan)
        assert plan.radiation == tuple(sorted(["PHOTON", radiation]))
        assert plan.kind is PlanKind.EXTERNAL_BEAM
        assert "RBE-weighted" in str(plan.targets[0].prescription.unclear)

    @pytest.mark.parametrize(
        ("effective", "schedule", "unclear"),
        [(True, "60 Gy(RBE) / 30", None), (False, "60 Gy / 30", "physical dose of ions")],
    )
    def test_the_dose_grid_may_say_it(self, effective: bool, schedule: str, unclear: str | None) -> None:
        # A16
        plan = with_rbe_stated(plan_of(ion_plan("P1", 1, self.REFERENCES, self.GROUPS)), effective=effective)
        own = plan.targets[0].prescription
        assert str(own.schedule) == schedule
        assert own.unclear is None if unclear is None else unclear in str(own.unclear)

    def test_the_dose_grid_lifts_no_other_doubt(self) -> None:
        plan = with_rbe_stated(plan_of(ion_plan("P1", 1, (), self.GROUPS)), effective=True)
        own = plan.targets[0].prescription
        assert str(own.schedule) == "60 Gy(RBE) / 30"
        assert "beam doses" in str(own.unclear)

    @pytest.mark.parametrize("effective", [True, False])
    def test_the_dose_grid_changes_no_plan_of_photons(self, ordinary_plan: Dataset, effective: bool) -> None:
        plan = plan_of(ordinary_plan)
        assert with_rbe_stated(plan, effective=effective) == plan

    def test_a_physical_grid_does_not_unsay_what_the_plan_says(self) -> None:
        plan = plan_of(ion_plan("P1", 1, self.REFERENCES, self.GROUPS, dose_type="EFFECTIVE"))
        assert with_rbe_stated(plan, effective=False) == plan

    def test_a_description_in_rbe_weighted_dose_agrees(self) -> None:
        plan = ion_plan("P1", 1, self.REFERENCES, self.GROUPS)
        plan.PrescriptionDescription = "60 Gy(RBE)/30"
        assert codes(plan_of(plan)) == []

    def test_a_brachytherapy_plan_is_counted_and_unclear(self, read: Read) -> None:
        # A20
        reading = read(brachy_plan("P1", 1, [Reference(1, "HR-CTV", "28.0", 7)], [Group("4", ("7.0",))]))
        (lesion,) = lesions(reading)
        assert str(lesion.prescription.schedule) == "28 Gy / 4"
        assert "brachytherapy" in str(lesion.prescription.unclear)
        (plan,) = reading.patients[0].plans
        assert plan.kind is PlanKind.BRACHYTHERAPY
        assert plan.set_aside is None
        (group,) = plan.fraction_groups
        assert group.beams == (1,)
        assert group.beam_dose_gy == 7

    def test_doses_of_application_setups_are_known_and_grade_nothing(self) -> None:
        # F6
        own = prescription_of(brachy_plan("P1", 1, [], [Group("4", ("3.0", "4.0"))]))
        assert str(own.schedule) == "28 Gy / 4"
        assert own.unclear is not None

    def test_a_group_that_miscounts_its_application_setups(self) -> None:
        # F23
        plan = brachy_plan("P1", 1, [], [Group("4", ("7.0",))])
        plan.FractionGroupSequence[0].NumberOfBrachyApplicationSetups = 2
        with pytest.raises(DicomError, match="NumberOfBrachyApplicationSetups"):
            plan_of(plan)

    def test_a_group_of_an_application_setup_that_is_not_there(self) -> None:
        # F22
        plan = brachy_plan("P1", 1, [], [Group("4", ("7.0",))])
        plan.ApplicationSetupSequence[0].ApplicationSetupNumber = 9
        with pytest.raises(DicomError, match="ApplicationSetupSequence"):
            plan_of(plan)


def test_doses_are_exact_decimals(read: Read) -> None:
    (lesion,) = lesions(read(rt_plan("P1", 1, [Reference(1, "PTV", "40.05", 7)], [Group("15")])))
    assert lesion.prescription.schedule is not None
    assert lesion.prescription.schedule.total_dose_gy == Decimal("40.05")
    assert lesion.prescription.schedule.dose_per_fraction_gy == 2.67


def set_raw(item: Dataset, keyword: str, vr: str, value: bytes) -> None:
    """Put bytes into an item that pydicom's own writer would refuse."""
    from pydicom.datadict import tag_for_keyword
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    number = tag_for_keyword(keyword)
    assert number is not None
    tag = Tag(number)
    item._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
