"""What RT Plans prescribe. The rows named A and F are those of the hazard catalogue (section 1)."""

from decimal import Decimal
from typing import Any

import pytest
from pydicom.dataset import Dataset
from synthetic import set_raw
from synthetic_plan import Group, Reference, rt_plan

from rtfractions.dicom import Reading
from rtfractions.patient import Lesion, LesionsFrom
from rtfractions.plans import Plan, PrescriptionSource

Read = Any


def codes(plan: Plan) -> list[str]:
    return [notice.code for notice in plan.notices]


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


def test_doses_are_exact_decimals(read: Read) -> None:
    (lesion,) = lesions(read(rt_plan("P1", 1, [Reference(1, "PTV", "40.05", 7)], [Group("15")])))
    assert lesion.prescription.schedule is not None
    assert lesion.prescription.schedule.total_dose_gy == Decimal("40.05")
    assert lesion.prescription.schedule.dose_per_fraction_gy == 2.67
