"""The hazard catalogue's sections A, B and C as files in a folder: meaning, grid and pixels of a dose.

Each case is the trio of plan, dose and structures with one thing wrong. What is right is the catalogue's: a dose
that is the closed form everywhere in the target, or a refusal at an attribute and no dose of the plan, or a notice
beside an unchanged dose.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hazard_corpus import (
    STORED_GY,
    Case,
    Check,
    also_noted,
    case,
    dose_is_right,
    no_plan_dose,
    noted,
    notices,
    patient,
    plan_dose,
    prescription,
    refused,
    volume,
)
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)
from synthetic import dicom_bytes, reference, uid
from synthetic_plan import Group, Reference, brachy_plan, rt_plan
from synthetic_structures import Roi, box
from synthetic_trio import (
    BOX_CENTRE_MM,
    BOX_VOLUME_CM3,
    PTV,
    SHAPE,
    SPACING_MM,
    Change,
    Edit,
    Files,
    characters,
    edited,
    field_gy,
    in_turn,
    setting,
    trio,
    trio_dose,
    trio_plan,
    trio_ptv,
    trio_structures,
    without,
    write,
)

from rtfractions.dicom import Reading, read_patients
from rtfractions.doses import DoseSummation, DoseType

DOSE = "dose.dcm"
SOME_POINTS = np.array([[0.0, 0.0, 0.0], [10.0, -20.0, 15.0], [-57.5, -42.0, -28.5], [57.5, 42.0, 28.5]])


# --- what is changed ---


def dose(*edits: Edit) -> Change:
    return edited(DOSE, *edits)


def doses(*files: Dataset | bytes) -> Change:
    """Other doses in place of the trio's."""

    def change(folder: Files) -> None:
        del folder[DOSE]
        folder |= {f"dose{i}.dcm": file for i, file in enumerate(files, start=1)}

    return change


def grid(**how: Any) -> Change:
    """The same field on a grid laid otherwise."""

    def change(folder: Files) -> None:
        folder[DOSE] = trio_dose(**how)

    return change


def without_plan(folder: Files) -> None:
    del folder["plan.dcm"]


def beam(number: int, **others: Any) -> Dataset:
    """The dose of one of the plan's three beams."""
    part = {1: 0.8, 2: 0.7, 3: 0.5}[number] / 2.0
    return trio_dose(part=part, summation="BEAM", beams=(number,), instance=number, **others)


def beams(**others: Any) -> list[Dataset]:
    return [beam(number, **others) for number in (1, 2, 3)]


def mended(file: Dataset, *edits: Edit) -> Dataset:
    for edit in edits:
        edit(file)
    return file


def stored(change: Any) -> Edit:
    """Change the stored integers, read as unsigned and written as they come out."""

    def edit(dataset: Dataset) -> None:
        values = np.frombuffer(dataset.PixelData, "<u4").astype(np.int64).reshape(SHAPE)
        dataset.PixelData = change(values).astype("<u4").tobytes()

    return edit


def pixel_bytes(change: Callable[[bytes], bytes]) -> Edit:
    """Change the bytes of the pixel data."""

    def edit(dataset: Dataset) -> None:
        dataset.PixelData = change(dataset.PixelData)

    return edit


def as_floats(dataset: Dataset) -> None:
    dataset.FloatPixelData = np.frombuffer(dataset.PixelData, "<u4").astype("<f4").tobytes()
    del dataset.PixelData


def one_voxel(value: int, at: tuple[int, int, int] = (3, 4, 5)) -> Edit:
    def change(values: Any) -> Any:
        values[at] = value
        return values

    return stored(change)


def in_syntax(syntax: str) -> Change:
    """The dose in another transfer syntax, rightly."""

    def change(folder: Files) -> None:
        dataset = folder[DOSE]
        assert isinstance(dataset, Dataset)
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u4").astype(">u4").tobytes()
        folder[DOSE] = run_lengths() if syntax == RLELossless else dicom_bytes(dataset, syntax)

    return change


def run_lengths() -> bytes:
    """The trio's dose in 16 bits, compressed by pydicom."""
    dataset = trio_dose(bits=16)
    values = np.frombuffer(dataset.PixelData, "<u2").reshape(SHAPE)
    dataset.file_meta = FileMetaDataset()
    dataset.compress(RLELossless, values, encoding_plugin="pydicom", generate_instance_uid=False)
    return dicom_bytes(dataset, RLELossless)


def said_to_be_in(syntax: str, *edits: Edit) -> Change:
    """The dose's pixel data wrapped as fragments of a transfer syntax that they are not in."""

    def change(folder: Files) -> None:
        dataset = mended(trio_dose(), *edits)
        dataset.PixelData = encapsulate([dataset.PixelData[:2000]] * SHAPE[0])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        folder[DOSE] = dicom_bytes(dataset, syntax)

    return change


def bytes_changed(change_bytes: Any) -> Change:
    def change(folder: Files) -> None:
        dataset = folder[DOSE]
        assert isinstance(dataset, Dataset)
        folder[DOSE] = change_bytes(dicom_bytes(dataset))

    return change


def with_icon(too_long: int) -> Change:
    """Before the pixel data an icon whose own are fragments, in an item of explicit length (pydicom#2324).

    Writers that forget the first item and the headers in that length are 24 bytes short. A length that is too
    long takes the dose's own pixel data into the icon.
    """

    def change(folder: Files) -> None:
        data = run_lengths()
        start = data.index(b"\xe0\x7f\x10\x00OB")
        item = b"\xfe\xff\x00\xe0"
        icon = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + item + bytes(4)
        icon += item + (64).to_bytes(4, "little") + bytes(64) + b"\xfe\xff\xdd\xe0" + bytes(4)
        item += (len(icon) + too_long).to_bytes(4, "little") + icon
        sequence = b"\x88\x00\x00\x02SQ\0\0" + (len(item) + too_long).to_bytes(4, "little") + item
        folder[DOSE] = data[:start] + sequence + data[start:]

    return change


def with_explicit_length(folder: Files) -> None:
    """Fragments in pixel data of explicit length."""
    data = run_lengths()
    start = data.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    end = data.rindex(b"\xfe\xff\xdd\xe0\0\0\0\0")
    folder[DOSE] = data[: start - 4] + (end - start).to_bytes(4, "little") + data[start:end]


def without_meta(data: bytes) -> bytes:
    """Preamble and file meta information cut off."""
    return data[144 + int.from_bytes(data[140:144], "little") :]


def registration(folder: Files) -> None:
    """A Spatial Registration beside the trio."""
    other = trio_dose()
    other.SOPClassUID, other.Modality, other.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.1", "REG", uid(8, 1)
    folder["registration.dcm"] = other


def two_beam_grids(folder: Files) -> None:
    """Beam doses of which one lies on a grid shifted by 2.5 mm."""
    doses(beam(1), beam(2, moved_mm=(2.5, 0.0, 0.0)), beam(3))(folder)


def two_phases(folder: Files) -> None:
    """Two plans of one patient with 5 and 25 fractions, each with its dose."""
    folder |= {"plan.dcm": trio_plan(fractions="5"), "plan2.dcm": boost_plan()}
    second = trio_dose(instance=2)
    second.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = uid(1, 2)
    folder["dose2.dcm"] = second


def boost_plan() -> Dataset:
    """A second plan on the same structures: 20 Gy in 25 fractions."""
    boost = rt_plan("P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("25", ("0.4", "0.4"))])
    boost.SOPInstanceUID = uid(1, 2)
    return boost


def brachytherapy(folder: Files) -> None:
    """A brachytherapy plan and the dose of its three setups."""
    folder["plan.dcm"] = brachy_plan(
        "P1", 1, [Reference(1, "PTV", "20.0", PTV)], [Group("10", ("0.8", "0.7", "0.5"))]
    )
    whole = trio_dose(summation="BRACHY", beams=(1, 2, 3))
    group = whole.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence[0]
    group.ReferencedBrachyApplicationSetupSequence = []
    for number in (1, 2, 3):
        item = Dataset()
        item.ReferencedBrachyApplicationSetupNumber = number
        group.ReferencedBrachyApplicationSetupSequence.append(item)
    del group.ReferencedBeamSequence
    folder[DOSE] = whole


def stored_dvh(dataset: Dataset) -> None:
    """A DVH of a target with half of the dose, whose scaling is 0.01."""
    item = Dataset()
    item.DVHType, item.DoseUnits, item.DoseType, item.DVHVolumeUnits = "CUMULATIVE", "GY", "PHYSICAL", "CM3"
    item.DVHDoseScaling, item.DVHNumberOfBins, item.DVHData = "0.01", 1, [1000, 68.244]
    item.DVHMeanDose = "10.2"
    dataset.DVHSequence = [item]


# --- what is right ---


def gone(keyword: str = "", said: str = "", file: str = DOSE) -> tuple[Check, ...]:
    """A refusal of the dose, and no dose of the plan."""
    return refused(file, keyword, said), no_plan_dose


def spacing_is(reading: Reading) -> None:
    """Rows 4 mm and columns 5 mm apart, 22 of them and 24."""
    found = plan_dose(reading).grid
    assert found.spacing_mm == SPACING_MM[1:]
    assert found.shape == SHAPE
    assert np.array_equal(found.position_mm(0, 0, 1) - found.position_mm(0, 0, 0), [5, 0, 0])
    assert np.array_equal(found.position_mm(0, 1, 0) - found.position_mm(0, 0, 0), [0, 4, 0])


def field_is_at(points: Sequence[Sequence[float]]) -> Check:
    """The closed form at these points."""

    def check(reading: Reading) -> None:
        sampled, inside = plan_dose(reading).grid.sample_gy(np.array(points))
        assert inside.all()
        assert sampled == pytest.approx(field_gy(points), abs=STORED_GY + 1e-9)

    return check


def no_dose_at(points: Sequence[Sequence[float]]) -> Check:
    """No dose is known at these points: neither 0 nor that of the nearest voxel."""

    def check(reading: Reading) -> None:
        sampled, inside = plan_dose(reading).grid.sample_gy(np.array(points))
        assert not inside.any()
        assert not len(sampled)

    return check


def nearly_right(reading: Reading) -> None:
    """Right to 0.01 Gy: the orientation is rounded."""
    dose_is_right(reading, 0.01)


def effective(reading: Reading) -> None:
    assert plan_dose(reading).dose_type is DoseType.EFFECTIVE


def only_the_plans_own(reading: Reading) -> None:
    """One file is the plan's dose."""
    assert plan_dose(reading).summation is DoseSummation.PLAN
    assert len(plan_dose(reading).dose_uids) == 1


def not_for_external_protocols(reading: Reading) -> None:
    assert prescription(reading).unclear is not None


def each_phase_has_its_own(reading: Reading) -> None:
    """Each plan's dose is its own, with its own number of fractions; nothing is a sum."""
    found = patient(reading)
    fractions = {plan.sop_instance_uid: plan.fraction_groups[0].fractions for plan in found.plans}
    assert {dose.plan_uid: fractions[dose.plan_uid] for dose in found.plan_doses} == {
        uid(1, 1): 5,
        uid(1, 2): 25,
    }
    for one in found.plan_doses:
        sampled, _ = one.grid.sample_gy(SOME_POINTS)
        assert sampled == pytest.approx(field_gy(SOME_POINTS), abs=STORED_GY + 1e-9)


def physical_sum_is_there(reading: Reading) -> None:
    """The dose stands as the physical sum that it is."""
    (only,) = patient(reading).doses
    sampled, _ = only.grid.sample_gy(SOME_POINTS)
    assert sampled == pytest.approx(field_gy(SOME_POINTS), abs=STORED_GY + 1e-9)
    assert only.summation is DoseSummation.MULTI_PLAN


def negatives_are_kept(reading: Reading) -> None:
    assert plan_dose(reading).grid.minimum_gy == -0.005
    assert any("1 voxel" in notice.message for notice in notices(reading))


def all_said(*texts: str) -> Check:
    """A refusal that says all of these."""

    def check(reading: Reading) -> None:
        assert any(all(text in error.message for text in texts) for error in reading.errors)

    return check


RIGHT = (noted(), dose_is_right)
"""Right, and nothing said."""


def small(moved_mm: tuple[float, float] = (0.0, 0.0), side_mm: float = 2.0) -> Roi:
    """A target of a few mm."""
    planes = [BOX_CENTRE_MM[2] + i for i in (-1.0, 0.0, 1.0)]
    return trio_ptv([box(z=z, width_mm=side_mm, height_mm=side_mm, centre=moved_mm) for z in planes])


def target(ptv: Roi) -> Change:
    def change(folder: Files) -> None:
        folder["structures.dcm"] = trio_structures(ptv=ptv)

    return change


N = SHAPE[0]
C10, S10 = np.cos(np.radians(10)), np.sin(np.radians(10))

MEANING = [
    case("A1", "scaling missing", dose(without("DoseGridScaling")), *gone("DoseGridScaling", "missing")),
    case("A2", "scaling 0", dose(setting(DoseGridScaling="0")), *gone("DoseGridScaling")),
    case("A3", "scaling negative", dose(setting(DoseGridScaling="-0.001")), *gone("DoseGridScaling")),
    case("A4", "scaling empty", dose(setting(DoseGridScaling=None)), *gone("DoseGridScaling", "missing")),
    case(
        "A5",
        "scaling NaN",
        dose(characters("DoseGridScaling", "NaN")),
        *gone("DoseGridScaling", "not a number"),
    ),
    case(
        "A5",
        "scaling inf",
        dose(characters("DoseGridScaling", "inf")),
        *gone("DoseGridScaling", "not a number"),
    ),
    case(
        "A6",
        "comma",
        dose(characters("DoseGridScaling", "1,0E-3")),
        *gone("DoseGridScaling", "decimal comma"),
    ),
    case("A7", "two scalings", dose(characters("DoseGridScaling", "0.001\\0.002")), *gone("DoseGridScaling")),
    case(
        "A8", "scaling huge", dose(setting(DoseGridScaling="1e4")), *gone("DoseGridScaling", "largest dose")
    ),
    case(
        "A8", "scaling 100 times", dose(setting(DoseGridScaling="0.1")), *gone("DoseGridScaling", "1000 Gy")
    ),
    case(
        "A9",
        "scaling over 16 characters",
        dose(characters("DoseGridScaling", "0.0010000000000000000")),
        noted("dose.scaling-too-long"),
        dose_is_right,
    ),
    case(
        "A11",
        "rescale slope",
        dose(setting(RescaleSlope="2", RescaleIntercept="5")),
        noted("dose.rescale-ignored"),
        dose_is_right,
    ),
    case("A12", "relative", dose(setting(DoseUnits="RELATIVE")), *gone("DoseUnits", "relative")),
    case("A13", "no units", dose(without("DoseUnits")), *gone("DoseUnits", "missing")),
    case("A14", "cGy", dose(setting(DoseUnits="CGY")), *gone("DoseUnits", "CGY")),
    case("A15", "difference", dose(setting(DoseType="ERROR")), *gone("DoseType", "ERROR")),
    case(
        "A16",
        "effective",
        dose(setting(DoseType="EFFECTIVE")),
        noted("dose.effective", "plan.dose-of-other-type"),
        dose_is_right,
        effective,
    ),
    case("A17", "one beam of three", doses(beam(1)), *gone("DoseSummationType", "1, 2, 3", file="dose1.dcm")),
    case(
        "A17", "two beams of three", doses(*beams()[:2]), *gone("DoseSummationType", "1, 2", file="dose1.dcm")
    ),
    case("A17", "all beams", doses(*beams()), noted("dose.summation", "dose.put-together"), dose_is_right),
    case(
        "A17",
        "no beam named",
        dose(setting(DoseSummationType="BEAM")),
        *gone("ReferencedBeamSequence"),
    ),
    case(
        "A18",
        "fraction group, whole course",
        dose(setting(DoseSummationType="FRACTION")),
        noted("dose.summation", "dose.put-together"),
        dose_is_right,
    ),
    case(
        "A18",
        "one fraction",
        grid(part=0.1, scaling="0.0001", summation="FRACTION"),
        *gone("DoseSummationType", "of one fraction"),
    ),
    case(
        "A19", "control point", dose(setting(DoseSummationType="CONTROL_POINT")), *gone("DoseSummationType")
    ),
    case(
        "A20",
        "brachytherapy",
        brachytherapy,
        also_noted("dose.summation"),
        dose_is_right,
        not_for_external_protocols,
    ),
    case("A21", "record", dose(setting(DoseSummationType="RECORD")), *gone("DoseSummationType", "RECORD")),
    case("A21", "beam session", grid(summation="BEAM_SESSION", beams=(1,)), *gone("DoseSummationType")),
    case("A21", "fraction session", grid(summation="FRACTION_SESSION"), *gone("DoseSummationType")),
    case(
        "A22",
        "sum of two plans",
        dose(
            setting(
                DoseSummationType="MULTI_PLAN",
                ReferencedRTPlanSequence=[
                    reference("1.2.840.10008.5.1.4.1.1.481.5", uid(1, number)) for number in (1, 2)
                ],
            )
        ),
        no_plan_dose,
        physical_sum_is_there,
        also_noted("dose.summation"),
    ),
    case(
        "A22",
        "a sum that names one plan",
        dose(setting(DoseSummationType="MULTI_PLAN")),
        *gone("DoseSummationType", "MULTI_PLAN"),
    ),
    case(
        "A23",
        "two doses 2 % apart",
        doses(trio_dose(instance=1), trio_dose(instance=2, scaling="0.00102")),
        *gone("", "2 doses", file="dose1.dcm"),
        all_said("dose1.dcm", "dose2.dcm"),
    ),
    case(
        "A24",
        "plan and its beams",
        doses(trio_dose(instance=9), *beams()[:2]),
        noted("dose.summation", "dose.parts-beside-plan"),
        dose_is_right,
        only_the_plans_own,
    ),
    case(
        "A25",
        "a file for each plane",
        doses(*(trio_dose(instance=i + 1, frames=slice(i, i + 1)) for i in range(N))),
        *(refused(f"dose{i + 1}.dcm", "NumberOfFrames", "single plane") for i in range(N)),
        no_plan_dose,
    ),
    # A27: what is stored as DVH has no part in the dose. Both are not compared before there is a DVH engine.
    case("A27", "stored DVH of half the dose", dose(stored_dvh), dose_is_right),
    case(
        "A29",
        "a relative beam",
        doses(beam(1), mended(beam(2), setting(DoseUnits="RELATIVE")), beam(3)),
        *gone("DoseUnits", "relative", file="dose2.dcm"),
    ),
    case(
        "A29",
        "an effective beam",
        doses(beam(1), mended(beam(2), setting(DoseType="EFFECTIVE")), beam(3)),
        *gone("", "physical and effective", file="dose1.dcm"),
    ),
    case("A30", "5 and 25 fractions", two_phases, noted(), each_phase_has_its_own),
]

GEOMETRY = [
    case("B1", "absolute offsets", grid(z_is_offset=True), *RIGHT),
    case(
        "B2",
        "offsets from 5",
        dose(setting(GridFrameOffsetVector=[5 + 3 * i for i in range(N)])),
        *gone("GridFrameOffsetVector"),
    ),
    case("B3", "decreasing", grid(offsets_mm=[-3.0 * i for i in range(N)]), *RIGHT),
    case(
        "B3", "decreasing, absolute", grid(offsets_mm=[-3.0 * i for i in range(N)], z_is_offset=True), *RIGHT
    ),
    case("B4", "non-uniform", grid(offsets_mm=[3.0 * i + (i % 3) * 0.7 for i in range(N)]), *RIGHT),
    case(
        "B5", "no offsets", dose(without("GridFrameOffsetVector")), *gone("GridFrameOffsetVector", "missing")
    ),
    *(
        case(
            "B6",
            f"{count} offsets",
            dose(setting(GridFrameOffsetVector=[3 * i for i in range(count)])),
            *gone("GridFrameOffsetVector", f"{count}"),
        )
        for count in (N - 1, N + 1)
    ),
    case("B7", "all offsets 0", dose(setting(GridFrameOffsetVector=[0] * N)), *gone("GridFrameOffsetVector")),
    case(
        "B7",
        "an offset twice",
        dose(setting(GridFrameOffsetVector=[0, *(3 * i for i in range(N - 1))])),
        *gone("GridFrameOffsetVector"),
    ),
    case(
        "B8",
        "not monotonic",
        dose(setting(GridFrameOffsetVector=[0, 6, 3, *(3 * i for i in range(3, N))])),
        *gone("GridFrameOffsetVector"),
    ),
    case("B9", "single frame", grid(frames=slice(0, 1)), *gone("NumberOfFrames", "single plane")),
    case(
        "B10",
        "pointer elsewhere",
        dose(setting(FrameIncrementPointer=0x00181063)),
        noted("dose.frame-pointer"),
        dose_is_right,
    ),
    *(
        case("B11", name, grid(orientation=orientation), *RIGHT)
        for name, orientation in {
            "head first prone": (-1, 0, 0, 0, -1, 0),
            "head first decubitus right": (0, -1, 0, 1, 0, 0),
            "head first decubitus left": (0, 1, 0, -1, 0, 0),
            "feet first supine": (-1, 0, 0, 0, 1, 0),
            "feet first prone": (1, 0, 0, 0, -1, 0),
            "feet first decubitus right": (0, 1, 0, 1, 0, 0),
            "feet first decubitus left": (0, -1, 0, -1, 0, 0),
        }.items()
    ),
    case("B12", "sagittal", grid(orientation=(0, 1, 0, 0, 0, -1)), *RIGHT),
    case("B12", "coronal", grid(orientation=(1, 0, 0, 0, 0, -1)), *RIGHT),
    case("B13", "tilted by 10 degrees", grid(orientation=(1, 0, 0, 0, C10, S10)), *RIGHT),
    case("B14", "no orientation", dose(without("ImageOrientationPatient")), *gone("ImageOrientationPatient")),
    *(
        case("B14", name, dose(setting(ImageOrientationPatient=values)), *gone("ImageOrientationPatient"))
        for name, values in {
            "orientation of zeros": [0] * 6,
            "orientation not unit": [2, 0, 0, 0, 1, 0],
            "orientation not orthogonal": [1, 0, 0, 0.1736, 0.9848, 0],
            "orientation of 3 values": [1, 0, 0],
        }.items()
    ),
    case(
        "B15",
        "float noise",
        dose(setting(ImageOrientationPatient=[0.99999, 0.0001, 0, -0.0001, 0.99999, 0])),
        noted(),
        nearly_right,
    ),
    case(
        "B15",
        "beyond the tolerance",
        dose(setting(ImageOrientationPatient=[0.99, 0.0001, 0, -0.0001, 0.99999, 0])),
        *gone("ImageOrientationPatient"),
    ),
    case("B16", "rows 4 mm, columns 5 mm", grid(), *RIGHT, spacing_is, field_is_at(SOME_POINTS.tolist())),
    case("B17", "no spacing", dose(without("PixelSpacing")), *gone("PixelSpacing", "missing")),
    case("B18", "spacing 0", dose(setting(PixelSpacing=[0, 5])), *gone("PixelSpacing")),
    case("B18", "spacing negative", dose(setting(PixelSpacing=[4, -5])), *gone("PixelSpacing")),
    case("B18", "one spacing", dose(setting(PixelSpacing=[4])), *gone("PixelSpacing")),
    case(
        "B19", "no position", dose(without("ImagePositionPatient")), *gone("ImagePositionPatient", "missing")
    ),
    case(
        "B19",
        "position of 2 values",
        dose(setting(ImagePositionPatient=[0, 0])),
        *gone("ImagePositionPatient"),
    ),
    case(
        "B19",
        "position NaN",
        dose(characters("ImagePositionPatient", "0\\nan\\0")),
        *gone("ImagePositionPatient"),
    ),
    # B20: half a voxel would be 0.25 + 0.1 + 0.225 Gy.
    case("B20", "first voxel's centre", grid(), field_is_at([[-57.5, -42.0, -28.5]]), dose_is_right),
    case("B21", "22 rows, 24 columns", grid(), spacing_is),
    case(
        "B22",
        "0.4 mm off a plane",
        grid(),
        field_is_at([[3.0, -7.0, -28.5 + 3.0 * k + 0.4] for k in range(19)]),
    ),
    # B23: no voxel's centre lies in the target; its volume is the contours', not the voxels'.
    case("B23", "2 mm target on 5 mm voxels", target(small((0.5, 1.0))), volume(PTV, 0.012), noted()),
    case(
        "B24",
        "corners on voxel centres",
        target(trio_ptv([box(z=1.5 + 3 * i, width_mm=20, height_mm=16, centre=(2.5, 6)) for i in range(4)])),
        noted(),
        volume(PTV, 20 * 16 * 12 / 1000),
        field_is_at([[-7.5, -2.0, 1.5], [12.5, 14.0, 10.5]]),
    ),
    case("B25", "in the outer half voxel", grid(), no_dose_at([[58.5, 0, 0], [0, -43.5, 0], [0, 0, 29.5]])),
    case("B26", "beams on two grids", two_beam_grids, *gone("", "different grids", file="dose1.dcm")),
    case(
        "B27",
        "another frame of reference",
        dose(setting(FrameOfReferenceUID=uid(4, 77))),
        *gone("FrameOfReferenceUID"),
    ),
    # B27: a registration is seen and not applied; what is in another frame stays refused.
    case(
        "B27",
        "another frame, and a registration",
        in_turn(dose(setting(FrameOfReferenceUID=uid(4, 77))), registration),
        *gone("FrameOfReferenceUID"),
        also_noted("registration.not-applied"),
    ),
]

PIXELS = [
    case(
        "C1",
        "32 bits said to be 16",
        dose(setting(BitsAllocated=16, BitsStored=16, HighBit=15)),
        *gone("PixelData"),
    ),
    case(
        "C1",
        "16 bits said to be 32",
        in_turn(grid(bits=16), dose(setting(BitsAllocated=32, BitsStored=32, HighBit=31))),
        *gone("PixelData"),
    ),
    case("C2", "16 bits", grid(bits=16), *RIGHT),
    case("C2", "all of 32 bits", grid(scaling="8e-9"), *RIGHT),
    case(
        "C3",
        "signed, wrapped",
        in_turn(grid(scaling="8e-9"), dose(setting(PixelRepresentation=1))),
        *gone("PixelRepresentation"),
    ),
    case(
        "C4",
        "a voxel below 0",
        dose(setting(PixelRepresentation=1), one_voxel(-5, (0, 0, 0))),
        noted("dose.negative"),
        dose_is_right,
        negatives_are_kept,
    ),
    case(
        "C5",
        "24 of 32 bits",
        dose(setting(BitsStored=24, HighBit=23)),
        noted("dose.bits-stored"),
        dose_is_right,
    ),
    case("C5", "8 of 32 bits", dose(setting(BitsStored=8, HighBit=7)), *gone("BitsStored")),
    case("C6", "a voxel short", dose(pixel_bytes(lambda data: data[:-4])), *gone("PixelData")),
    case(
        "C6",
        "a frame short",
        dose(pixel_bytes(lambda data: data[: -22 * 24 * 4])),
        *gone("PixelData"),
    ),
    case("C6", "a row more said", dose(setting(Rows=23)), *gone("PixelData")),
    case("C7", "a row less said", dose(setting(Rows=21)), *gone("PixelData")),
    case(
        "C7",
        "a frame too long",
        dose(pixel_bytes(lambda data: data + bytes(22 * 24 * 4))),
        *gone("PixelData"),
    ),
    case("C7", "padding", dose(pixel_bytes(lambda data: data + b"\0\0")), *RIGHT),
    case("C7", "no padding", dose(pixel_bytes(lambda data: data + b"\1\0")), *gone("PixelData")),
    case("C8", "no pixel data", dose(without("PixelData")), *gone("PixelData", "no dose grid")),
    case("C8", "empty pixel data", dose(setting(PixelData=b"")), *gone("PixelData", "no dose grid")),
    case("C9", "no number of frames", dose(without("NumberOfFrames")), *gone("NumberOfFrames", "missing")),
    case("C9", "19 frames said", dose(setting(NumberOfFrames=19)), *gone("PixelData")),
    case("C9", "21 frames said", dose(setting(NumberOfFrames=21)), *gone("PixelData")),
    case(
        "C10",
        "floats",
        dose(as_floats),
        *gone("FloatPixelData"),
    ),
    case("C11", "three samples", dose(setting(SamplesPerPixel=3)), *gone("SamplesPerPixel")),
    case(
        "C11",
        "MONOCHROME1",
        dose(setting(PhotometricInterpretation="MONOCHROME1")),
        *gone("PhotometricInterpretation"),
    ),
    case("C12", "big endian", in_syntax(ExplicitVRBigEndian), *RIGHT),
    case("C13", "deflated", in_syntax(DeflatedExplicitVRLittleEndian), *RIGHT),
    case("C13", "run lengths", in_syntax(RLELossless), *RIGHT),
    case("C13", "no decoder", said_to_be_in(JPEGLSLossless), *gone("PixelData", "JPEG-LS Lossless")),
    case("C14", "lossy", dose(setting(LossyImageCompression="01")), *gone("LossyImageCompression")),
    case(
        "C14",
        "lossy syntax",
        said_to_be_in(JPEGBaseline8Bit),
        *gone("TransferSyntaxUID", "JPEG Baseline"),
    ),
    case(
        "C15",
        "little endian said to be big",
        bytes_changed(lambda data: data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0", 1)),
        *gone(),
    ),
    case(
        "C16", "no preamble", bytes_changed(lambda data: data[132:]), noted("file.no-preamble"), dose_is_right
    ),
    case("C16", "no file meta", bytes_changed(without_meta), noted("file.no-preamble"), dose_is_right),
    case(
        "C16",
        "no DICOM at all",
        bytes_changed(lambda _: b"GRID 24 22 20\n" + b"20.0137 " * 200),
        also_noted("folder.passed-over"),
        no_plan_dose,
    ),
    case("C17", "icon in an item of explicit length", with_icon(0), *RIGHT),
    case("C17", "icon in an item 24 bytes short", with_icon(-24), *RIGHT),
    case("C17", "icon in an item 100 bytes too long", with_icon(100), *gone("PixelData")),
    case("C17", "fragments in an explicit length", with_explicit_length, *RIGHT),
    case("C18", "all zero", dose(stored(lambda values: values * 0)), also_noted("dose.all-zero")),
    case("C19", "one hot voxel", dose(one_voxel(2**32 - 1)), *gone("DoseGridScaling", "largest dose")),
    case("C19", "one voxel of 9703 Gy", dose(one_voxel(9_703_000)), *gone("DoseGridScaling", "1000 Gy")),
    case(
        "C19",
        "one voxel of 9703 Gy, no plan",
        in_turn(dose(one_voxel(9_703_000)), without_plan),
        refused(DOSE, "DoseGridScaling", "1000 Gy"),
    ),
    case(
        "C20",
        "SOP class of a CT",
        dose(setting(SOPClassUID="1.2.840.10008.5.1.4.1.1.2")),
        *gone("", "SOP class"),
    ),
    case("C20", "modality of a CT", dose(setting(Modality="CT")), *gone("", "modality")),
]

CASES: list[Case] = [*MEANING, *GEOMETRY, *PIXELS]


@pytest.mark.parametrize("hazard", CASES, ids=str)
def test_of_doses(hazard: Case, tmp_path: Path) -> None:
    files = trio()
    hazard.change(files)
    reading = read_patients([write(files, tmp_path)])
    for check in hazard.checks:
        check(reading)


def test_of_the_trio_itself_nothing_is_said(tmp_path: Path) -> None:
    # B16, B20, C2: without a hazard all is right, or the cases above would show nothing
    reading = read_patients([write(trio(), tmp_path)])
    noted()(reading)
    dose_is_right(reading)
    volume(PTV, BOX_VOLUME_CM3)(reading)
