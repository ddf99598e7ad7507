"""The synthetic patient for reviews: read without doubts, its doses as their closed forms say."""

from math import pi
from pathlib import Path

import pytest
from synthetic_review import ADRENAL, INTERNAL_MM, LUNG, TARGETS, RadialDose, Target

from rtfractions import protocols
from rtfractions.dicom.patients import read_patients
from rtfractions.dosimetry import structure_dvh
from rtfractions.dosimetry.indices import INDICES
from rtfractions.patient import Patient
from rtfractions.protocols import overlays
from rtfractions.protocols.applied_overlays import applied
from rtfractions.protocols.loader import library_protocol

SAMPLES = Path(__file__).parents[2] / "sample_plans"


@pytest.fixture(scope="module")
def patient() -> Patient:
    reading = read_patients([SAMPLES / "review"])
    assert not reading.errors
    assert not reading.notices
    (patient,) = reading.patients
    assert not patient.all_notices()
    return patient


def test_it_is_small_enough_to_live_with(samples: Path) -> None:
    assert sum(path.stat().st_size for path in (samples / "review").iterdir()) < 1_500_000


def test_each_plan_has_its_lesion_its_dose_and_all_of_its_fractions(patient: Patient) -> None:
    assert [lesion.label for lesion in patient.lesions] == ["PTV1_4000", "PTV2_2700"]
    assert [str(lesion.prescription.schedule) for lesion in patient.lesions] == ["40 Gy / 10", "27 Gy / 3"]
    assert [lesion.delivery.fractions_delivered for lesion in patient.lesions] == [10, 3]
    assert len(patient.plan_doses) == 2


@pytest.mark.parametrize("target", TARGETS, ids=["lung", "adrenal"])
def test_targets_are_balls(patient: Patient, target: Target) -> None:
    named = patient.structure_sets[0].named
    drawn = {target.name: target.planning_mm, f"GTV{target.number}": target.gross_mm}
    for name, radius_mm in drawn.items():
        volume_cm3 = named(name).volume_cm3
        assert volume_cm3 == pytest.approx(4 / 3 * pi * radius_mm**3 / 1000, rel=0.01), name
    assert named("ITV1").volume_cm3 == pytest.approx(4 / 3 * pi * INTERNAL_MM**3 / 1000, rel=0.01)


def test_the_closed_form_holds_the_prescribed_isodose() -> None:
    dose = RadialDose((0, 0, 0), 36.0, 27.0, radius_mm=15.0, power=3.0)
    assert dose.gy(0.0) == 36.0
    assert dose.gy(15.0) == pytest.approx(27.0)
    assert dose.radius_of_mm(27.0) == 15.0
    assert dose.gy(dose.radius_of_mm(5.0)) == pytest.approx(5.0)
    assert dose.radius_of_mm(13.5) == pytest.approx(15 * 5 ** (1 / 3))  # (36/13.5 - 1) / (36/27 - 1) = 5


def test_doses_are_their_closed_forms(patient: Patient) -> None:
    """D95% of a ball around the centre of the dose is that on the ball that holds 95 % of it."""
    structures, lung, adrenal = patient.structure_sets[0], *patient.plan_doses
    ptv = structure_dvh(structures.named(LUNG.name), lung.grid)
    at_95_percent_gy = LUNG.dose.gy(LUNG.planning_mm * 0.95 ** (1 / 3))
    assert ptv.dose_to_hottest(0.95 * ptv.volume_cm3) == pytest.approx(float(at_95_percent_gy), rel=0.015)
    gtv = structure_dvh(structures.named("GTV2"), adrenal.grid)
    assert gtv.dose_to_hottest(0.03) == pytest.approx(ADRENAL.dose.maximum_gy, rel=0.01)


def test_the_overlay_fits_the_protocol_of_the_library() -> None:
    loaded = overlays.load_overlay(SAMPLES / "review_overlay.yaml", "review_overlay.yaml")
    protocol = applied(library_protocol("NCT03176173"), loaded.overlay)
    assert protocol.timing is not None
    assert protocol.timing.max_gap_days == 4


def test_the_protocol_states_a_rule_of_every_kind() -> None:
    path = SAMPLES / "review_protocol.yaml"
    protocol = protocols.load(path.read_text(), path.read_bytes(), file=path.name).protocol
    stated = {name for name in protocol.__struct_fields__ if getattr(protocol, name)}
    kinds = {"prescription_isodose", "targets", "conformity", "organs_at_risk", "aliases", "timing", "sites"}
    assert kinds <= stated
    assert protocol.conformity is not None
    assert {rule.index for rule in protocol.conformity.rules} == set(INDICES)
