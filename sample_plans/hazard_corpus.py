"""What the cases of the hazard corpus have in common: a trio with one thing wrong, and what is right of reading it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from synthetic_trio import BOX_MEAN_GY, Change, box_points, field_gy

from rtfractions.dicom import Reading
from rtfractions.doses import PlanDose
from rtfractions.errors import RTFractionsError
from rtfractions.notices import Notice
from rtfractions.patient import Patient
from rtfractions.plans import Plan, Prescription
from rtfractions.structures import StructureSet

Check = Callable[[Reading], None]

STORED_GY = 0.0005
"""Doses are stored in steps of 0.001 Gy, and so right to half of that, for each file of a sum."""


@dataclass(frozen=True)
class Case:
    """One way in which a row of the hazard catalogue (sections A to F) arises.

    Attributes
    ----------
    row : str
        The row, as ``"A12"``.
    what : str
        How it arises, in a word or two.
    change : Change
        What is changed in the files of the trio.
    checks : tuple of Check
        What is right of their reading.
    """

    row: str
    what: str
    change: Change
    checks: tuple[Check, ...]

    def __str__(self) -> str:
        return f"{self.row} {self.what}"


def case(row: str, what: str, change: Change, *checks: Check) -> Case:
    """A case; all its checks must hold."""
    return Case(row, what, change, checks)


def patient(reading: Reading) -> Patient:
    """The only patient."""
    (only,) = reading.patients
    return only


def plan(reading: Reading) -> Plan:
    """The only plan of the only patient."""
    (only,) = patient(reading).plans
    return only


def prescription(reading: Reading) -> Prescription:
    """What the only plan prescribes to its only target."""
    (target,) = plan(reading).targets
    (lesion,) = patient(reading).lesions
    assert lesion.prescription == target.prescription
    return target.prescription


def plan_dose(reading: Reading) -> PlanDose:
    """The only dose of a plan of the only patient."""
    (only,) = patient(reading).plan_doses
    return only


def structure_set(reading: Reading) -> StructureSet:
    """The only structure set of the only patient."""
    (only,) = patient(reading).structure_sets
    return only


def notices(reading: Reading) -> list[Notice]:
    """All that was said, of whatever."""
    return [*reading.notices, *(notice for one in reading.patients for notice in one.all_notices())]


def refused(file: str, keyword: str = "", said: str = "") -> Check:
    """The file is refused, at the attribute if one is given, with those words."""

    def check(reading: Reading) -> None:
        told = [str(error) for error in reading.errors]
        at = [e for e in reading.errors if e.where.file == file and keyword in (e.where.tag or "")]
        assert at, told
        assert any(said in error.message for error in at), told

    return check


def noted(*codes: str) -> Check:
    """Notices of these codes and no other, and no refusal."""

    def check(reading: Reading) -> None:
        assert not reading.errors, [str(error) for error in reading.errors]
        assert {notice.code for notice in notices(reading)} == set(codes), list(map(str, notices(reading)))

    return check


def also_noted(code: str) -> Check:
    """A notice of that code, among whatever else is said."""

    def check(reading: Reading) -> None:
        assert code in {notice.code for notice in notices(reading)}, list(map(str, notices(reading)))

    return check


def no_plan_dose(reading: Reading) -> None:
    """No dose stands for any plan; plan and structures are there."""
    assert all(not one.plan_doses for one in reading.patients)
    assert any(one.plans for one in reading.patients)
    assert any(one.structure_sets for one in reading.patients)


def no_plan(reading: Reading) -> None:
    """No plan, nothing prescribed, no dose of a plan; and it is said that something is missing."""
    for one in reading.patients:
        assert not one.plans
        assert not one.lesions
        assert not one.plan_doses
        assert one.incomplete is not None


def dose_is_right(reading: Reading, tolerance_gy: float = STORED_GY) -> None:
    """The plan's dose is the linear field everywhere in the box, and its mean there the known one."""
    points = box_points()
    found = plan_dose(reading)
    doses, inside = found.grid.sample_gy(points)
    assert inside.all()
    tolerance_gy = tolerance_gy * len(found.dose_uids) + 1e-9
    assert np.abs(doses - field_gy(points)).max() < tolerance_gy
    assert abs(doses.mean() - BOX_MEAN_GY) < tolerance_gy


def structure_refused(number: int | None, keyword: str, said: str = "") -> Check:
    """The structure is refused by itself, at the attribute, with those words; the others of the set stand."""

    def check(reading: Reading) -> None:
        found = structure_set(reading)
        told: list[RTFractionsError] = [one.error for one in found.refused if one.number == number]
        assert told, [str(one.error) for one in found.refused]
        for error in told:
            assert error.where.file == "structures.dcm"
            assert error.where.structure is not None
            assert keyword in (error.where.tag or ""), str(error)
            assert said in error.message
        assert number not in {one.number for one in found.structures}
        assert found.structures

    return check


def volume(number: int, cm3: float, *, within: float = 1e-6) -> Check:
    """The volume of a structure, within a part of it."""

    def check(reading: Reading) -> None:
        found = structure_set(reading).numbered(number).volume_cm3
        assert found is not None
        assert abs(found / cm3 - 1) < within, f"{found} cm3 for {cm3}"

    return check
