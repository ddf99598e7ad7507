"""Real plans of several planning systems, where `RTFRACTIONS_EXTERNAL_DATA` names their folder."""

import os
from pathlib import Path

import pytest

from rtfractions.dicom import Reading, read_patients
from rtfractions.plans import PlanKind, PrescriptionSource

DATA = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")

pytestmark = pytest.mark.skipif(
    DATA is None, reason="RTFRACTIONS_EXTERNAL_DATA names no folder of real plans"
)


def read(name: str) -> Reading:
    return read_patients([Path(str(DATA), name)])


@pytest.mark.parametrize(
    ("name", "schedule", "source"),
    [
        ("dicompyler-core/rtplan.dcm", "14 Gy / 7", PrescriptionSource.TARGET),
        ("mdw-dvh-calculator", "40 Gy / 16", PrescriptionSource.TARGET),
        ("pydicom/rtplan.dcm", "30.826203 Gy / 30", PrescriptionSource.TARGET),
        ("dvha-pinnacle/rtplan.dcm", "31.0023 Gy / 5", PrescriptionSource.BEAM_DOSE),
    ],
)
def test_one_target_one_prescription(name: str, schedule: str, source: PrescriptionSource) -> None:
    (patient,) = read(name).patients
    (lesion,) = patient.lesions
    assert str(lesion.prescription.schedule) == schedule
    assert lesion.prescription.source is source


def test_three_fraction_groups_are_three_phases() -> None:
    (patient,) = read("dvha-mlca").patients
    (lesion,) = patient.lesions
    assert lesion.prescription.schedule is not None
    assert [phase.fractions for phase in lesion.prescription.schedule.phases] == [26, 10, 13]
    assert lesion.prescription.unclear is not None


def test_eight_metastases_are_eight_candidates() -> None:
    (patient,) = read("brainlab-elements/plan-RD.dcm").patients
    assert len(patient.lesions) == 8
    assert [
        str(lesion.prescription.schedule) for lesion in patient.lesions if lesion.prescription.schedule
    ] == ["21 Gy / 1"]


def test_two_plans_of_one_uid_are_refused() -> None:
    assert len(read("brainlab-elements").errors) == 2


def test_a_plan_cut_short_is_refused() -> None:
    reading = read("pydicom/rtplan_truncated.dcm")
    assert [error.problem for error in reading.errors] == ["is cut short"]
    (patient,) = reading.patients
    assert patient.lesions == ()
    assert patient.incomplete is not None


@pytest.mark.parametrize(
    ("name", "schedule", "why"),
    [
        ("evil-dicom", "16 Gy / 8", "RBE-weighted is not stated"),
        ("aptg-proton", "1.823 Gy / 1", "known from beam doses"),
        ("topasmc", "26.026 Gy / 14", "known from beam doses"),
        ("opentps", None, "prescribes no dose"),
        ("pydicom/ExplVR_BigEndNoMeta.dcm", None, "prescribes no dose"),
    ],
)
def test_ion_plans_are_counted_and_not_graded(name: str, schedule: str | None, why: str) -> None:
    # F16: none of their beams says that its dose is EFFECTIVE
    (patient,) = (patient for patient in read(name).patients if patient.plans)
    (plan,) = patient.plans
    assert plan.kind is PlanKind.ION
    assert plan.set_aside is None
    (lesion,) = patient.lesions
    assert (None if lesion.prescription.schedule is None else str(lesion.prescription.schedule)) == schedule
    assert why in (lesion.prescription.unclear or str(lesion.prescription.missing))


def test_a_prescription_to_a_point_of_a_derived_plan() -> None:
    # F10: pydicom's own rtplan.dcm prescribes 30.83 Gy to a point, and names its predecessor
    (plan,) = read("pydicom/rtplan.dcm").patients[0].plans
    assert {"plan.point-prescription", "plan.supersedes"} <= {notice.code for notice in plan.notices}
    assert plan.supersedes == ("1.9.999.999.99.9.9999.9999.20030903145128",)


def test_nothing_in_the_whole_folder_breaks_the_reader() -> None:
    reading = read(".")
    assert len(reading.patients) >= 10
    assert all(str(error).isprintable() for error in reading.errors)
