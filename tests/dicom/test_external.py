"""Real files of several planning systems: each read right, or refused with the reason its README gives.

They lie where `RTFRACTIONS_EXTERNAL_DATA` says, and are no part of the project. What each must give stands below, from
the README of that folder; numbers of doses and volumes are worked out again with plain pydicom and numpy.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from rtfractions.dicom import Limits, Reading, read_patients
from rtfractions.dicom.dose import read_dose
from rtfractions.doses import DoseSummation, DoseType
from rtfractions.patient import Patient
from rtfractions.plans import PlanKind, PrescriptionSource

DATA = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")

pytestmark = pytest.mark.skipif(
    DATA is None, reason="RTFRACTIONS_EXTERNAL_DATA names no folder of real files"
)

Run = Callable[..., Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class File:
    """What a file must give by itself.

    `refused` is words of its refusal; `schedules` are those of a plan's targets, None where it prescribes none, and
    `unclear` what is said of why they are not graded; `dose` is its maximum in Gy and its shape; `structures` counts
    those read, and `empty` names those refused for want of contours.
    """

    refused: str | None = None
    schedules: dict[str, str | None] | None = None
    source: PrescriptionSource | None = PrescriptionSource.TARGET
    unclear: str | None = None
    kind: PlanKind = PlanKind.EXTERNAL_BEAM
    dose: tuple[float, tuple[int, int, int]] | None = None
    structures: int | None = None
    empty: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()


RELATIVE = File(refused="(3004,0002) DoseUnits: the dose is relative to an unknown dose")
UNAPPROVED = frozenset({"plan.not-approved"})
NO_PLAN = frozenset({"dose.plan-missing"})
BY_BEAM_DOSES = "known from beam doses x fractions only"
METASTASES = File(
    schedules={"PTV Met 01 +1.0 mm": "21 Gy / 1"}
    | {f"PTV Met 0{i} +{0.5 if i < 7 else 1.0} mm": None for i in range(2, 9)},
    codes=UNAPPROVED,
)

FILES: dict[str, File] = {
    "README.md": File(refused="is no RT object"),
    # RayStation, protons: one fraction, known from the beam's dose, of which the plan says that it is physical
    "aptg-proton/RD1.2.752.243.1.1.20221209141208883.1000.23750.dcm": File(
        dose=(1.98041723805, (107, 105, 105)), codes=NO_PLAN
    ),
    "aptg-proton/RP1.2.752.243.1.1.20221209141208883.9000.73261.dcm": File(
        schedules={"target": "1.823 Gy / 1"},
        kind=PlanKind.ION,
        codes=UNAPPROVED,
        source=PrescriptionSource.BEAM_DOSE,
        unclear=BY_BEAM_DOSES,
    ),
    "aptg-proton/RS1.2.752.243.1.1.20221209135909128.2180.16718.dcm": File(structures=5),
    # two exports of one plan, named RD and RS; one metastasis of eight has a prescription
    "brainlab-elements/plan-RD.dcm": METASTASES,
    "brainlab-elements/structures-RS.dcm": METASTASES,
    "dicompyler-core/ct.0.dcm": File(refused="is no RT object"),
    "dicompyler-core/rtdose.dcm": File(dose=(14.680764, (98, 129, 194)), codes=NO_PLAN),
    "dicompyler-core/rtplan.dcm": File(
        schedules={"Breast": "14 Gy / 7"}, codes=UNAPPROVED | {"plan.reference-point"}
    ),
    "dicompyler-core/rtss.dcm": File(structures=9, empty=frozenset({"Areola"})),
    "dosepy/RTDose_3D.dcm": File(dose=(13.64770118630724, (60, 90, 102)), codes=NO_PLAN),
    # three fraction groups of Pinnacle, no dose reference
    "dvha-mlca/rtplan.dcm": File(
        schedules={"target": "41.0529 Gy / 26 + 15.6207 Gy / 10 + 20.524 Gy / 13"},
        codes=UNAPPROVED,
        source=PrescriptionSource.BEAM_DOSE,
        unclear=BY_BEAM_DOSES,
    ),
    "dvha-pinnacle/rtdose.dcm": File(dose=(35.03652864, (108, 115, 103)), codes=NO_PLAN | {"dose.summation"}),
    "dvha-pinnacle/rtplan.dcm": File(
        schedules={"target": "31.0023 Gy / 5"},
        codes=UNAPPROVED,
        source=PrescriptionSource.BEAM_DOSE,
        unclear=BY_BEAM_DOSES,
    ),
    "dvha-pinnacle/rtst.dcm": File(
        structures=18, codes=frozenset({"structure.gap", "structure.empty-contour"})
    ),
    # F16: no beam says that its dose is RBE-weighted
    "evil-dicom/MultpleFL.dcm": File(
        schedules={"PTV Bst": "16 Gy / 8"},
        kind=PlanKind.ION,
        unclear="RBE-weighted is not stated",
        codes=frozenset({"plan.reference-point"}),
    ),
    "eyeplan/rtdose.dcm": File(refused="the dose is a single plane, not a volume"),  # B9; "9896 Gy" too
    "mdw-dvh-calculator/RP.1.2.246.352.71.5.2088656855.377051.20110920152006.dcm": File(
        schedules={"BREL": "40 Gy / 16"}, codes=UNAPPROVED
    ),
    "mdw-dvh-calculator/RS.1.2.246.352.71.4.2088656855.2402030.20110920095607.dcm": File(
        structures=1, empty=frozenset({"BREL", "CTV", "Cavity", "Field", "Matchplane", "X1"})
    ),
    "opentps/Dose_SmallWaterPhantom_resampled_optimized.dcm": File(
        refused="(0008,0018) SOPInstanceUID: is missing"
    ),
    "opentps/Plan_SmallWaterPhantom_resampled_optimized.dcm": File(
        schedules={"OpenTPS created": None}, source=None, kind=PlanKind.ION, codes=UNAPPROVED
    ),
    "opentps/RS1.2.826.0.1.3680043.8.498.84013257063663267327474594711005032139.dcm": File(
        refused="says two things about what it is, by SOP class and modality (RT Dose and RT Structure Set)"
    ),
    "pydicom/ExplVR_BigEndNoMeta.dcm": File(
        schedules={"target": None},
        source=None,
        kind=PlanKind.ION,
        codes=UNAPPROVED | {"file.no-preamble"},
    ),
    # A12: all of them say RELATIVE, whatever their encoding, frames and value representations
    **{
        f"pydicom/{name}.dcm": RELATIVE
        for name in (
            "badVR",
            "rtdose",
            "rtdose_1frame",
            "rtdose_expb",
            "rtdose_expb_1frame",
            "rtdose_rle",
            "rtdose_rle_1frame",
        )
    },
    # F10: prescribed to a point, and derived from another plan
    "pydicom/rtplan.dcm": File(
        schedules={"PTV": "30.826203 Gy / 30"},
        codes=UNAPPROVED | {"plan.point-prescription", "plan.supersedes"},
    ),
    "pydicom/rtplan_truncated.dcm": File(refused="is cut short"),  # F22
    "pydicom/rtstruct.dcm": File(
        structures=3, codes=frozenset({"file.no-preamble", "structure.stated-volume"})
    ),
    "pymedphys-data/RD.TBB_feet_in_supine.dcm": File(
        dose=(1.6219334226201092, (81, 101, 101)), codes=NO_PLAN
    ),
    "pymedphys-data/rtdose_non_square_pixels.dcm": File(refused="has no SOP Class UID"),
    "topasmc/rtip_demo.dcm": File(
        schedules={"target": "26.026 Gy / 14"},
        kind=PlanKind.ION,
        codes=UNAPPROVED,
        source=PrescriptionSource.BEAM_DOSE,
        unclear=BY_BEAM_DOSES,
    ),
}

DOSES = [name for name, file in FILES.items() if file.dose is not None]


@dataclass(frozen=True)
class Folder:
    """What a folder must give: words of its refusals, and by patient the maximum of each plan's dose."""

    refused: tuple[str, ...] = ()
    maxima_gy: dict[str, tuple[float, ...]] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()


SAME_UID = "shares its SOP Instance UID with"

FOLDERS: dict[str, Folder] = {
    "aptg-proton": Folder((), {"WTR303030": (1.98041723805,)}, UNAPPROVED),
    "brainlab-elements": Folder((SAME_UID, SAME_UID), {"D06027": ()}),
    "dicompyler-core": Folder(
        (),
        {"123456": (14.680764,)},
        UNAPPROVED | {"plan.reference-point", "folder.passed-over"},
    ),
    "dosepy": Folder((), {"12345": ()}, NO_PLAN),
    "dvha-mlca": Folder((), {"ANON11264": ()}, UNAPPROVED),
    # A18: FRACTION on the dose of the whole course, 1.13 times the prescription
    "dvha-pinnacle": Folder(
        (),
        {"ANON70393": (35.03652864,)},
        UNAPPROVED | {"dose.summation", "dose.put-together", "structure.gap", "structure.empty-contour"},
    ),
    "evil-dicom": Folder(
        (),
        {"(no patient ID, study 1.2.840.113704.1.111.3348.1359138864.32)": ()},
        frozenset({"plan.reference-point"}),
    ),
    "eyeplan": Folder(("a single plane",), {"1234": ()}),
    "mdw-dvh-calculator": Folder((), {"TEST PHYS BREAST": ()}, UNAPPROVED),
    "opentps": Folder(
        ("says two things about what it is", "SOPInstanceUID: is missing"),
        {
            "(no patient ID, study 1.2.826.0.1.3680043.8.498.12168420238179363843782685541505376310)": (),
            "(no patient ID, study 1.2.826.0.1.3680043.8.498.43160105648525185462077256856484737210)": (),
        },
        UNAPPROVED,
    ),
    "pydicom": Folder(
        ("is cut short", *[SAME_UID] * 7),
        {
            "(no patient ID, study 1.2.333.4444.5.6.7.8.9)": (),
            "id00001": (),
            "id11111": (),
            "tPhantom30sep": (),
        },
        UNAPPROVED
        | {"plan.point-prescription", "plan.supersedes", "file.no-preamble", "structure.stated-volume"},
    ),
    "pymedphys-data": Folder(("has no SOP Class UID",), {"water": ()}, NO_PLAN),
    "topasmc": Folder((), {"0001": ()}, UNAPPROVED),
}


def path_of(name: str) -> Path:
    return Path(str(DATA), name)


def read(name: str) -> Reading:
    return read_patients([path_of(name)])


def the_patient(name: str) -> Patient:
    reading = read(name)
    assert reading.errors == ()
    (patient,) = reading.patients
    return patient


def plain(name: str) -> Dataset:
    """The file as pydicom reads it."""
    return pydicom.dcmread(path_of(name), force=True)


def codes_of(reading: Reading) -> set[str]:
    notices = [notice for patient in reading.patients for notice in patient.all_notices()]
    return {notice.code for notice in (*reading.notices, *notices)}


def test_every_file_and_folder_has_its_expectation() -> None:
    there = {str(path.relative_to(str(DATA))) for path in Path(str(DATA)).rglob("*") if path.is_file()}
    assert there == set(FILES)
    assert {name.split("/")[0] for name in FILES if "/" in name} == set(FOLDERS)


@pytest.mark.parametrize("name", FILES)
def test_a_file_gives_what_is_known_of_it(name: str) -> None:
    expected, reading = FILES[name], read(name)
    if expected.refused is not None:
        (error,) = reading.errors
        assert expected.refused in str(error)
        assert name.split("/")[-1] in str(error)
        for patient in reading.patients:
            assert (patient.plans, patient.doses, patient.structure_sets) == ((), (), ())
        return
    assert reading.errors == ()
    (patient,) = reading.patients
    assert codes_of(reading) == expected.codes
    assert len(patient.doses) == (expected.dose is not None)
    for dose in patient.doses:
        assert expected.dose is not None
        assert dose.grid.maximum_gy == pytest.approx(expected.dose[0], rel=1e-12)
        assert dose.grid.shape == expected.dose[1]
    assert len(patient.structure_sets) == (expected.structures is not None)
    for of in patient.structure_sets:
        assert len(of.structures) == expected.structures
        assert {refused.name for refused in of.refused} == expected.empty
    assert all(
        "has no contours" in str(refused.error) for of in patient.structure_sets for refused in of.refused
    )
    found = {lesion.label: lesion.prescription for lesion in patient.lesions}
    assert {name: p.schedule and str(p.schedule) for name, p in found.items()} == (expected.schedules or {})
    if expected.schedules is not None:
        (plan,) = patient.plans
        assert (plan.kind, plan.set_aside) == (expected.kind, None)
        prescribed = [p for p in found.values() if p.schedule is not None]
        assert all(p.source is expected.source for p in prescribed)
        assert all((expected.unclear or "None") in str(p.unclear) for p in prescribed)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_gives_what_is_known_of_it(name: str, run: Run) -> None:
    expected, reading = FOLDERS[name], read(name)
    assert len(reading.errors) == len(expected.refused)
    for words in set(expected.refused):
        assert sum(words in str(error) for error in reading.errors) == expected.refused.count(words)
    assert {
        patient.label: tuple(dose.grid.maximum_gy for dose in patient.plan_doses)
        for patient in reading.patients
    } == {label: pytest.approx(maxima, rel=1e-12) for label, maxima in expected.maxima_gy.items()}
    assert codes_of(reading) == expected.codes
    shown = run("inspect", path_of(name))
    assert (shown.code, "Traceback" in shown.err) == (3 if expected.refused else 0, False)


@pytest.mark.parametrize("name", DOSES)
def test_every_voxel_is_what_pydicom_and_the_scaling_say(name: str) -> None:
    dataset = plain(name)
    (dose,) = the_patient(name).doses
    doses_gy = dataset.pixel_array * float(dataset.DoseGridScaling)
    assert np.array_equal(np.concatenate(list(dose.grid.blocks_gy())), doses_gy)
    assert dose.dose_type is DoseType.PHYSICAL
    assert dose.summation is (
        DoseSummation.FRACTION if name.startswith("dvha-pinnacle") else DoseSummation.PLAN
    )


@pytest.mark.parametrize(
    ("name", "voxel", "position_mm"),
    [
        # worked out by hand: position of the first voxel, columns of 2.5 mm to the left, frames of 3 mm upwards
        ("dicompyler-core/rtdose.dcm", (10, 0, 4), (-228.6541915 + 10, -419.2444776, -122.4407 + 30)),
        ("dicompyler-core/rtdose.dcm", (0, 8, 0), (-228.6541915, -419.2444776 + 20, -122.4407)),
        ("dvha-pinnacle/rtdose.dcm", (107, 114, 102), (-99.8876 + 204, -18.0941 + 228, 90.0825 + 214)),
        ("aptg-proton/RD1.2.752.243.1.1.20221209141208883.1000.23750.dcm", (53, 52, 51), (-1.5, 0.5, 0.0)),
        ("dosepy/RTDose_3D.dcm", (1, 2, 3), (-92.9 + 6, -328.3 + 4, -59 + 2)),
        # B11: feet first, columns go to the right, rows to the back, so frames go downwards, 2.5 mm each
        ("pymedphys-data/RD.TBB_feet_in_supine.dcm", (4, 3, 2), (95.90417554, -93.38342162, 90.0)),
    ],
)
def test_a_voxel_lies_where_the_header_puts_it(
    name: str, voxel: tuple[int, int, int], position_mm: tuple[float, float, float]
) -> None:
    (dose,) = the_patient(name).doses
    assert dose.grid.position_mm(*voxel) == pytest.approx(position_mm, abs=1e-9)
    sampled, _ = dose.grid.sample_gy(np.array([position_mm]))
    dataset = plain(name)
    assert sampled[0] == pytest.approx(dataset.pixel_array[voxel] * float(dataset.DoseGridScaling), rel=1e-9)


def test_relative_doses_in_every_encoding_hold_the_same_numbers() -> None:
    # C12, C13: the refusal comes from the unit, not from the encoding; made Gy, plan-less, they read alike
    grids = []
    for name in ("rtdose", "rtdose_expb", "rtdose_rle"):
        dataset = plain(f"pydicom/{name}.dcm")
        dataset.DoseUnits, dataset.DoseSummationType = "GY", "PLAN"
        grids.append(np.concatenate(list(read_dose(dataset, limits=Limits()).grid.blocks_gy())))
    assert grids[0].max() == pytest.approx(1.254)
    assert np.array_equal(grids[0], grids[1])
    assert np.array_equal(grids[0], grids[2])


def loops_by_plane(dataset: Dataset, number: int) -> dict[float, list[Floats]]:
    """In-plane points of the closed contours of a structure, by z."""
    planes: dict[float, list[Floats]] = {}
    for item in dataset.ROIContourSequence:
        if item.ReferencedROINumber == number:
            for contour in item.get("ContourSequence", []):
                points = np.array([float(value) for value in contour.ContourData]).reshape(-1, 3)
                if len(points) > 2:
                    planes.setdefault(round(float(points[0, 2]), 2), []).append(points[:, :2])
    return planes


def shoelace_mm2(loop: Floats) -> float:
    x, y = loop.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def is_inside(loop: Floats, others: list[Floats]) -> bool:
    """Whether the first point of a loop lies in an odd number of others: a ray to the right crosses them."""
    x, y = loop[0]
    crossings = 0
    for other in others:
        a, b = other, np.roll(other, -1, axis=0)
        across = (a[:, 1] > y) != (b[:, 1] > y)
        a, b = a[across], b[across]
        at_y = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
        crossings += int(np.count_nonzero(at_y > x))
    return crossings % 2 == 1


def plain_volume_cm3(dataset: Dataset, number: int) -> float:
    """Shoelace areas, inner contours taken off, times the usual distance of the planes."""
    planes = loops_by_plane(dataset, number)
    area = 0.0
    for loops in planes.values():
        for i, loop in enumerate(loops):
            area += (-1 if is_inside(loop, loops[:i] + loops[i + 1 :]) else 1) * shoelace_mm2(loop)
    return area * float(np.median(np.diff(sorted(planes)))) / 1000


@pytest.mark.parametrize(
    ("name", "structures"),
    [
        (
            "dicompyler-core/rtss.dcm",
            ["BODY", "Breast", "Heart", "Lt Lung", "Tumor Bed", "Tumor Bed Block"],
        ),
        ("dvha-pinnacle/rtst.dcm", ["GTV", "Brainstem", "PTV 1mm (off brainstem)", "External", "Medulla"]),
        ("mdw-dvh-calculator/RS.1.2.246.352.71.4.2088656855.2402030.20110920095607.dcm", ["BODY"]),
    ],
)
def test_volumes_are_those_of_shoelace_areas(name: str, structures: list[str]) -> None:
    (found,), dataset = the_patient(name).structure_sets, plain(name)
    for structure in map(found.named, structures):
        expected = plain_volume_cm3(dataset, structure.number)
        assert structure.volume_cm3 == pytest.approx(expected, rel=2e-3), structure.name


@pytest.mark.parametrize(
    ("name", "structure", "volume_cm3"),
    [
        # 21 planes of 100 mm x 100 mm, 5 mm apart, half a slice beyond both ends
        ("aptg-proton/RS1.2.752.243.1.1.20221209135909128.2180.16718.dcm", "Cube101010", 1050.0),
        # 3 planes of 400 mm x 300 mm, 10 mm apart; 49200 is what the file states
        ("pydicom/rtstruct.dcm", "patient", 3600.0),
    ],
)
def test_volumes_known_in_closed_form(name: str, structure: str, volume_cm3: float) -> None:
    (found,) = the_patient(name).structure_sets
    assert found.named(structure).volume_cm3 == pytest.approx(volume_cm3, rel=1e-6)


def test_contours_inside_another_are_holes() -> None:
    # E27: 77 contours of "Lt Lung" lie inside another
    dataset = plain("dicompyler-core/rtss.dcm")
    planes = loops_by_plane(dataset, 6)
    inner = sum(
        is_inside(loop, loops[:i] + loops[i + 1 :])
        for loops in planes.values()
        for i, loop in enumerate(loops)
    )
    assert inner == 77
    lung = the_patient("dicompyler-core/rtss.dcm").structure_sets[0].named("Lt Lung")
    assert len(lung.planes) == len(planes)
    filled = sum(shoelace_mm2(loop) for loops in planes.values() for loop in loops) * 3 / 1000
    assert lung.volume_cm3 is not None
    assert lung.volume_cm3 < filled - 1


def test_stored_histograms_agree_with_dose_and_contours() -> None:
    # Of the planning system, not the truth: it counts voxels and draws ends its own way. 3 % covers that for
    # structures of many voxels; the wires (Borders, Nodes, Scar) are thinner than one, BODY is larger than the grid.
    dataset = plain("dicompyler-core/rtdose.dcm")
    patient = the_patient("dicompyler-core")
    (dose,), (structures,) = patient.plan_doses, patient.structure_sets
    stored = {item.DVHReferencedROISequence[0].ReferencedROINumber: item for item in dataset.DVHSequence}
    for number in (4, 5, 6, 9, 10):
        volume = structures.numbered(number).volume_cm3
        assert volume == pytest.approx(float(stored[number].DVHData[1]), rel=0.03)
    maximum_percent = max(float(item.DVHMaximumDose) for item in dataset.DVHSequence)
    assert dose.grid.maximum_gy == pytest.approx(14.0 * maximum_percent / 100, rel=1e-5)


def test_stored_histograms_of_eclipse_agree_with_the_dose() -> None:
    dataset = plain("dosepy/RTDose_3D.dcm")
    (dose,) = the_patient("dosepy/RTDose_3D.dcm").doses
    stored = max(float(item.DVHMaximumDose) for item in dataset.DVHSequence)
    assert dose.grid.maximum_gy == pytest.approx(stored, rel=1e-6)


def test_points_of_pinnacle_have_positions_and_no_volume() -> None:
    (structures,) = the_patient("dvha-pinnacle/rtst.dcm").structure_sets
    points = [s for s in structures.structures if not s.planes]
    assert [s.name for s in points] == ["rlat bb", "llat bb", "ant bb", "refPoint", "TxISO", "rx 5 x 5.5Gy"]
    assert all(s.points_mm.shape == (1, 3) and s.volume_cm3 is None for s in points)


def test_why_pinnacles_fraction_dose_is_of_the_whole_course() -> None:
    # A18
    (concluded,) = [n for n in the_patient("dvha-pinnacle").notices if n.code == "dose.put-together"]
    assert "the maximum of 35.04 Gy is 1.13 times the 31.0023 Gy / 5 prescribed" in concluded.message
    assert "whole course" in concluded.message


def test_a_prescription_to_a_point_of_a_derived_plan() -> None:
    # F10
    (plan,) = the_patient("pydicom/rtplan.dcm").plans
    assert plan.supersedes == ("1.9.999.999.99.9.9999.9999.20030903145128",)


def test_a_plan_cut_short_marks_its_patient() -> None:
    # F22
    (patient,) = read("pydicom/rtplan_truncated.dcm").patients
    assert (patient.lesions, patient.incomplete) == ((), "a plan was refused")


def test_the_whole_folder_names_each_refusal_once(run: Run) -> None:
    reading = read(".")
    labels = {label for folder in FOLDERS.values() for label in folder.maxima_gy}
    assert {patient.label for patient in reading.patients} == labels
    assert sum(len(folder.refused) for folder in FOLDERS.values()) == len(reading.errors)
    assert all(str(error).isprintable() for error in reading.errors)
    shown = run("inspect", path_of("."), "--format", "json")
    assert shown.code == 3
    assert len(shown.json["errors"]) == len(reading.errors)


def test_the_dose_of_opentps_reads_once_it_has_a_uid() -> None:
    # A16, B10: what else is odd in it refuses nothing
    dataset = plain("opentps/Dose_SmallWaterPhantom_resampled_optimized.dcm")
    dataset.SOPInstanceUID = "1.2.3"
    dose = read_dose(dataset, limits=Limits())
    assert dose.dose_type is DoseType.EFFECTIVE
    assert dose.grid.maximum_gy == pytest.approx(25.0829238893001, rel=1e-12)
    assert {notice.code for notice in dose.notices} == {"dose.effective", "dose.frame-pointer"}


def test_non_square_pixels_and_descending_frames_lie_where_they_should() -> None:
    # B3, B16: rows 1.03125 mm apart, columns 1.00790 mm, frames downwards from z = 18.5 mm; 77 of 65 x 77
    dataset = plain("pymedphys-data/rtdose_non_square_pixels.dcm")
    assert len(dataset.PixelData) == 77 * 65 * 77 * 2
    dataset.SOPInstanceUID, dataset.DoseType, dataset.DoseSummationType = "1.2.3", "PHYSICAL", "PLAN"
    dose = read_dose(dataset, limits=Limits())
    stored = np.frombuffer(dataset.PixelData, "<u2").reshape(77, 65, 77)
    assert np.array_equal(np.concatenate(list(dose.grid.blocks_gy())), stored[::-1] * 0.15)
    lowest = 18.5 + float(dataset.GridFrameOffsetVector[-1])
    assert dose.grid.position_mm(0, 1, 2) == pytest.approx(
        (-36.367813110350 + 2 * 1.00789473684210, -68.439962291717 + 1.03125, lowest), abs=1e-9
    )
