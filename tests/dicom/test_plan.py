"""RT Plans: what they are beside what they prescribe. The rows named A and F are those of the hazard catalogue (section 1)."""

import datetime
import io
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from synthetic import dicom_bytes, reference, set_raw, uid
from synthetic_plan import Group, Reference, add_setup_beam, brachy_plan, ion_plan, rt_plan

from rtfractions.dicom import Reading
from rtfractions.dicom.plan import read_plan, with_rbe_stated
from rtfractions.dicom.reading import DicomError
from rtfractions.patient import Lesion
from rtfractions.plans import Plan, PlanKind, Prescription

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
