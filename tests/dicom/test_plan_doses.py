"""Which dose is a plan's, and what it says of the plan's prescriptions: from files in a folder to the patient.

Rows are the hazard catalogue's. The dose of `synthetic_trio` grows linearly to 32.14 Gy; at the contours of its target
it has 20.4 Gy in the median. What is right follows from these closed forms and the prescription.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hazard_corpus import dose_is_right, notices, patient, plan_dose, prescription
from pydicom.dataset import Dataset
from synthetic_balls import Target, ball_dose, structure_set
from synthetic_plan import Group, Reference, add_setup_beam, brachy_plan, rt_plan
from synthetic_trio import PTV, Files, field_gy, trio, trio_dose, trio_plan, trio_structures, write

from rtfractions.dicom import Reading, read_patients
from rtfractions.doses import DoseSummation
from rtfractions.plans import PrescriptionSource

PLAN, DOSE, STRUCTURES = "plan.dcm", "dose.dcm", "structures.dcm"
BEAMS_GY = ("0.8", "0.7", "0.5")
SETUP_BEAM = 4

HOT_MM = (2.5, 2.0, 1.5)
"""The voxel of the trio's dose behind its middle."""

Read = Callable[[Files], Reading]


@pytest.fixture
def read_files(tmp_path: Path) -> Read:
    """``read_files(files)``: the reading of a folder with these files."""

    def call(files: Files) -> Reading:
        return read_patients([write(files, tmp_path)])

    return call


def codes(reading: Reading) -> set[str]:
    return {notice.code for notice in notices(reading)}


def refused(reading: Reading, *said: str) -> None:
    """No dose is the plan's, and the refusals of doses say why."""
    told = [str(error) for error in reading.errors]
    assert told
    assert all(any(words in one for one in told) for words in said), told
    assert all(str(error.where.file).startswith("dose") for error in reading.errors)
    assert patient(reading).plan_doses == ()
    assert len(patient(reading).plans) == 1


def plan_with_setup_beam() -> Dataset:
    made = trio_plan()
    assert add_setup_beam(made) == SETUP_BEAM
    return made


def beam(number: int) -> Dataset:
    """The dose of one of the three beams; that of a setup beam is small."""
    part = {1: 0.4, 2: 0.35, 3: 0.25}.get(number, 0.01)
    return trio_dose(part=part, summation="BEAM", beams=(number,), instance=number)


def files_of(*doses: Dataset, plan: Dataset | None = None, drawn: bool = True) -> Files:
    """A plan with its structures and these doses."""
    files: Files = {PLAN: trio_plan() if plan is None else plan}
    files |= {f"dose{i}.dcm": dose for i, dose in enumerate(doses)}
    return {**files, STRUCTURES: trio_structures()} if drawn else files


class TestPlanDose:
    """A17, A24: what is called the dose of the plan, and is of some of its beams."""

    @pytest.mark.parametrize(
        ("named", "lacking"), [((1,), "2, 3"), ((1, 2), "3"), ((3,), "1, 2"), ((1, 2, SETUP_BEAM), "3")]
    )
    def test_of_some_of_the_beams_is_refused(
        self, named: tuple[int, ...], lacking: str, read_files: Read
    ) -> None:
        reading = read_files(files_of(trio_dose(beams=named), plan=plan_with_setup_beam()))
        refused(reading, f"lacks {lacking}", f"of {', '.join(map(str, named))} of the plan's beams")

    @pytest.mark.parametrize("named", [(), (1, 2, 3), (1, 2, 3, SETUP_BEAM)])
    def test_of_all_beams_is_taken(self, named: tuple[int, ...], read_files: Read) -> None:
        reading = read_files(files_of(trio_dose(beams=named), plan=plan_with_setup_beam()))
        assert (reading.errors, codes(reading)) == ((), set())
        dose_is_right(reading)

    def test_of_the_beams_of_one_of_two_groups_is_refused(self, read_files: Read) -> None:
        # F4: beams 1 and 2 are of the second group
        groups = [Group("6", ("2.0",), {1: "12.0"}), Group("4", ("1.0", "1.0"), {1: "8.0"})]
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], groups)
        refused(read_files(files_of(trio_dose(beams=(1,)), plan=plan)), "lacks 2, 3")

    def test_that_names_the_group_alone_is_taken(self, read_files: Read) -> None:
        reading = read_files(files_of(trio_dose(fraction_group=1)))
        assert (reading.errors, codes(reading)) == ((), set())
        dose_is_right(reading)


PLANNED_3 = Target(name="PTV", prescribed_gy=8.0, maximum_gy=9.96)
"""One fraction of 24 Gy in 3: the ratio of its maximum, 0.415, is that of no slip."""


class TestPrescriptions:
    """F11: the maximum of the dose beside the prescription, where no target's contours speak."""

    def of_three(self, *targets: Target, drawn: Sequence[Target] = ()) -> Files:
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "24.0", 7)], [Group("3", (None, None))])
        files: Files = {PLAN: plan, DOSE: ball_dose("P1", 1, targets)}
        return {**files, STRUCTURES: structure_set("P1", 1, drawn)} if drawn else files

    @pytest.mark.parametrize("drawn", [(), (PLANNED_3,)], ids=["not drawn", "drawn"])
    def test_a_plan_dose_that_may_be_of_one_fraction(self, drawn: Sequence[Target], read_files: Read) -> None:
        reading = read_files(self.of_three(PLANNED_3, drawn=drawn))
        assert reading.errors == ()
        found = prescription(reading)
        assert str(found.schedule) == "24 Gy / 3"
        assert found.unclear is not None
        assert "plan.dose-maximum-unusual" in codes(reading)

    @pytest.mark.parametrize("maximum_gy", [24.5, 30.0, 48.0])
    def test_a_plan_dose_of_the_course(self, maximum_gy: float, read_files: Read) -> None:
        whole = Target(name="PTV", prescribed_gy=24.0, maximum_gy=maximum_gy)
        reading = read_files(self.of_three(whole))
        assert (reading.errors, codes(reading)) == ((), set())
        assert prescription(reading).unclear is None

    @pytest.mark.parametrize(
        ("part", "said"),
        [(1.0, set()), (0.1, {"plan.dose-maximum-unusual"}), (3.0, {"plan.dose-maximum-unusual"})],
    )
    def test_beam_doses_beside_an_odd_maximum(self, part: float, said: set[str], read_files: Read) -> None:
        # F6: beam doses x fractions are 20 Gy, the maximum 32.14 Gy x part
        plan = rt_plan("P1", 1, [Reference(1, "PTV", None, PTV)], [Group("10", BEAMS_GY)])
        reading = read_files(files_of(trio_dose(part=part), plan=plan))
        assert reading.errors == ()
        assert (str(prescription(reading).schedule), prescription(reading).source) == (
            "20 Gy / 10",
            PrescriptionSource.BEAM_DOSE,
        )
        assert codes(reading) == said

    def test_the_maximum_is_not_held_against_a_lower_target(self, read_files: Read) -> None:
        # F8: 54 Gy to a tumour within 24 Gy to its surroundings, in 3: 67.5 Gy is 2.8 times the 24 Gy, and near 3
        references = [Reference(1, "GTV", "54.0", 7), Reference(2, "PTV", "24.0", 8)]
        plan = rt_plan("P1", 1, references, [Group("3", (None, None))])
        dose = ball_dose("P1", 1, [Target(name="GTV", prescribed_gy=54.0, maximum_gy=67.5)])
        reading = read_files({PLAN: plan, DOSE: dose})
        assert (reading.errors, codes(reading)) == ((), set())
        found = {lesion.label: lesion.prescription for lesion in patient(reading).lesions}
        assert {name: str(p.schedule) for name, p in found.items()} == {
            "GTV": "54 Gy / 3",
            "PTV": "24 Gy / 3",
        }
        assert {p.unclear for p in found.values()} == {None}
        assert plan_dose(reading).grid.maximum_gy == pytest.approx(67.5, rel=1e-4)


class TestParts:
    """A17, A18, A24: doses of parts are the plan's where all are there and are of its whole course."""

    @pytest.mark.parametrize("extra", [SETUP_BEAM, 9], ids=["setup beam", "foreign beam"])
    def test_the_dose_of_what_is_no_treatment_beam_is_not_added(self, extra: int, read_files: Read) -> None:
        # F20
        doses = [beam(number) for number in (1, 2, 3, extra)]
        reading = read_files(files_of(*doses, plan=plan_with_setup_beam()))
        refused(reading, f"doses of beams 1, 2, 3, {extra}; the plan has 1, 2, 3")

    def test_without_the_dose_of_the_setup_beam_the_others_are_all(self, read_files: Read) -> None:
        reading = read_files(files_of(*map(beam, (1, 2, 3)), plan=plan_with_setup_beam()))
        assert reading.errors == ()
        dose_is_right(reading)

    def test_incomplete_beams_beside_the_fraction_group(self, read_files: Read) -> None:
        reading = read_files(files_of(beam(1), beam(2), trio_dose(summation="FRACTION", instance=9)))
        assert reading.errors == ()
        assert plan_dose(reading).summation is DoseSummation.FRACTION
        assert len(plan_dose(reading).dose_uids) == 1
        dose_is_right(reading)

    def test_incomplete_beams_beside_one_fraction(self, read_files: Read) -> None:
        one = trio_dose(summation="FRACTION", instance=9, part=0.1, scaling="0.0001")
        refused(read_files(files_of(beam(1), beam(2), one)), "the plan has 1, 2, 3", "of one fraction")

    @pytest.mark.parametrize("summation", ["FRACTION", "BEAM"])
    def test_two_fractions_and_an_even_dose_are_not_told_apart(
        self, summation: str, read_files: Read
    ) -> None:
        # A18: 32.14 Gy are 1.07 times 30 Gy, and 2.14 times its half; no contours tell
        plan = rt_plan("P1", 1, [Reference(1, "PTV", "30.0", PTV)], [Group("2", (None, None, None))])
        dose = trio_dose(summation=summation, beams=(1, 2, 3))
        reading = read_files(files_of(dose, plan=plan, drawn=False))
        refused(reading, "of the course or of a fraction is not clear")


def setups(*, hot_gy: float | None = None, whole: float = 1.0, **how: Any) -> list[Dataset]:
    """The doses of three application setups, together `whole` times the linear dose; a voxel beside a source is hot."""
    doses = []
    for number, part in ((1, 0.4), (2, 0.35), (3, 0.25)):
        dose = trio_dose(part=part * whole, summation="BRACHY", beams=(number,), instance=number, **how)
        (group,) = dose.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence
        del group.ReferencedBeamSequence
        item = Dataset()
        item.ReferencedBrachyApplicationSetupNumber = number
        group.ReferencedBrachyApplicationSetupSequence = [item]
        doses.append(dose)
    if hot_gy is not None:
        hot = doses[0]
        stored = np.frombuffer(hot.PixelData, "<u4").copy().reshape(hot.NumberOfFrames, hot.Rows, hot.Columns)
        stored[tuple(np.array(stored.shape) // 2)] = round(hot_gy / float(hot.DoseGridScaling))
        hot.PixelData = stored.tobytes()
        hot["PixelData"].VR = "OW"
    return doses


def sources(fractions: str = "10") -> Dataset:
    return brachy_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group(fractions, BEAMS_GY)])


class TestSources:
    """A20, F16: the maximum beside a source says nothing; the contours of the target do, or nothing does."""

    @pytest.mark.parametrize("hot_gy", [None, 200.0, 2000.0])
    def test_setups_whose_target_has_its_prescription_are_the_course(
        self, hot_gy: float | None, read_files: Read
    ) -> None:
        # The first point of the target, a corner, has 0.74 times the prescription, the median 1.02 times.
        reading = read_files(files_of(*setups(hot_gy=hot_gy), plan=sources()))
        assert reading.errors == ()
        assert plan_dose(reading).summation is DoseSummation.BRACHY
        assert len(plan_dose(reading).dose_uids) == 3
        if hot_gy is None:
            dose_is_right(reading)
        else:
            others_gy = 0.6 * float(field_gy([HOT_MM])[0])
            assert plan_dose(reading).grid.maximum_gy == pytest.approx(hot_gy + others_gy, abs=0.002)

    @pytest.mark.parametrize("hot_gy", [None, 200.0])
    def test_setups_without_contours_are_refused(self, hot_gy: float | None, read_files: Read) -> None:
        reading = read_files(files_of(*setups(hot_gy=hot_gy), plan=sources(), drawn=False))
        refused(reading, "of the course or of a fraction is not clear")

    @pytest.mark.parametrize("hot_gy", [None, 35.0])
    def test_setups_of_one_fraction_are_refused(self, hot_gy: float | None, read_files: Read) -> None:
        # beside a source the maximum of one fraction is that of a course of external beams
        reading = read_files(files_of(*setups(hot_gy=hot_gy, whole=0.1, scaling="0.0001"), plan=sources()))
        refused(reading, "of one fraction")

    def test_some_of_the_setups_are_refused(self, read_files: Read) -> None:
        refused(
            read_files(files_of(*setups()[:2], plan=sources())),
            "application setups 1, 2; the plan has 1, 2, 3",
        )

    def test_a_target_mostly_outside_the_grid_tells_nothing(self, read_files: Read) -> None:
        # E34: three of its eleven planes lie inside, with 0.93 times the prescription
        reading = read_files(files_of(*setups(frames=slice(0, 8)), plan=sources()))
        refused(reading, "of the course or of a fraction is not clear")

    def test_a_target_mostly_inside_the_grid_tells(self, read_files: Read) -> None:
        # E34: eight of its eleven planes, with 0.97 times the prescription
        reading = read_files(files_of(*setups(frames=slice(0, 13)), plan=sources()))
        assert reading.errors == ()
        assert len(plan_dose(reading).dose_uids) == 3

    def test_of_plan_and_files_without_a_change_nothing_is_said(self, read_files: Read) -> None:
        # without a hazard all is right, or the tests above would show nothing
        reading = read_files(trio())
        assert (reading.errors, codes(reading)) == ((), set())
        dose_is_right(reading)
