"""RT Doses: one dose from every encoding of it, and a refusal of what is no dose. Rows are the hazard catalogue's."""

import io
import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from synthetic import dicom_bytes
from synthetic_dose import linear_dose, rt_dose

from rtfractions.dicom.dose import read_dose
from rtfractions.dicom.limits import Limits
from rtfractions.dicom.reading import DicomError, dataset_of
from rtfractions.doses import Dose

# The trio of the hazard catalogue: 20.0137 + 0.10 x + 0.05 y + 0.15 z Gy on 24 x 22 x 20 voxels of 5 x 4 x 3 mm.
ORIGIN = (-57.5, -42.0, -28.5)
SPACING = (3.0, 4.0, 5.0)
GRADIENT = (0.10, 0.05, 0.15)
STORED = linear_dose(
    (20, 22, 24), position_mm=ORIGIN, spacing_mm=SPACING, at_origin=20.0137, gradient=GRADIENT
)


Floats = NDArray[np.float64]


def dose(**changes: Any) -> Dataset:
    return rt_dose("P1", 100, STORED, position_mm=ORIGIN, spacing_mm=SPACING[1:], **changes)


def read(data: Dataset | bytes, limits: Limits | None = None) -> Dose:
    whole = data if isinstance(data, bytes) else dicom_bytes(data)
    return read_dose(dataset_of(whole, limits or Limits()), limits=limits or Limits())


def codes(found: Dose) -> set[str]:
    return {notice.code for notice in found.notices}


def test_the_trio_is_read_as_the_closed_form() -> None:
    # B16, B20, C2
    found = read(dose())
    points = np.array([[0.0, 0.0, 0.0], [10.0, -20.0, 15.0], *[np.array(ORIGIN)]])
    sampled, inside = found.grid.sample_gy(points)
    assert inside.all()
    assert sampled == pytest.approx(20.0137 + points @ np.array(GRADIENT), abs=0.001)
    assert not found.notices


@dataclass(frozen=True)
class Encoding:
    """One of the ways in which a file can hold a dose."""

    axes: tuple[Floats, ...]
    """Directions along which frame, row and column number grow."""
    descending: bool
    absolute: bool
    syntax: str
    bits: int
    preamble: bool


def directions() -> list[tuple[Floats, ...]]:
    """All 24 right-handed ways to lay frame, row and column along the patient's axes."""
    unit = np.eye(3)
    found: list[tuple[Floats, ...]] = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=2):
            row, column = signs[0] * unit[order[0]], signs[1] * unit[order[1]]
            found.append((np.cross(column, row), row, column))
    return found


SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
]
encodings = st.builds(
    Encoding,
    axes=st.sampled_from(directions()),
    descending=st.booleans(),
    absolute=st.booleans(),
    syntax=st.sampled_from(SYNTAXES),
    bits=st.sampled_from([16, 32]),
    preamble=st.booleans(),
)


def run_lengths(frame: NDArray[Any], size: int) -> bytes:
    """A frame as RLE (PS3.5 Annex G): the bytes of each rank apart, highest first, here in literal runs only."""
    ranks = frame.astype(f">u{size}").tobytes()
    segments = []
    for rank in range(size):
        plain = ranks[rank::size]
        runs = [plain[i : i + 128] for i in range(0, len(plain), 128)]
        packed = b"".join(bytes([len(run) - 1]) + run for run in runs)
        segments.append(packed + b"\0" * (len(packed) % 2))
    starts = list(itertools.accumulate(map(len, segments[:-1]), initial=64))
    header = np.zeros(16, "<u4")
    header[: size + 1] = [size, *starts]
    return header.tobytes() + b"".join(segments)


def encoded(stored: NDArray[Any], z_mm: NDArray[np.float64], how: Encoding) -> bytes:
    """A dose on an axial grid of 5 x 4 mm at the planes `z_mm`, as `how` says."""
    order: list[int] = []
    signs: list[int] = []
    for axis in how.axes:
        patient = int(np.argmax(np.abs(axis)))
        order.append(2 - patient)
        signs.append(int(axis[patient]))
    if how.descending:
        signs[0] = -signs[0]
    coordinates = [np.asarray(z_mm), ORIGIN[1] + np.arange(stored.shape[1]) * 4.0]
    coordinates.append(ORIGIN[0] + np.arange(stored.shape[2]) * 5.0)
    laid = stored.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    along = [coordinates[number][::sign] for number, sign in zip(order, signs, strict=True)]
    first = np.zeros(3)
    for number, values in zip(order, along, strict=True):
        first[2 - number] = values[0]
    offsets = (along[0] - along[0][0]) * (how.axes[0][2 - order[0]])
    standard = np.allclose(how.axes[1], [0, 1, 0]) and np.allclose(how.axes[2], [1, 0, 0])
    if how.absolute and standard:
        offsets = along[0]
    dataset = rt_dose(
        "P1",
        100,
        laid,
        position_mm=list(first),
        orientation=[*how.axes[2], *how.axes[1]],
        spacing_mm=(abs(along[1][1] - along[1][0]), abs(along[2][1] - along[2][0])),
        offsets_mm=list(offsets),
        bits=how.bits,
    )
    if how.syntax == ExplicitVRBigEndian:
        dataset.PixelData = laid.astype(f">u{how.bits // 8}").tobytes()
    elif how.syntax == RLELossless:
        frames = [run_lengths(frame, how.bits // 8) for frame in laid]
        dataset.PixelData = encapsulate(frames)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    data = dicom_bytes(dataset, how.syntax)
    deflated = how.syntax == DeflatedExplicitVRLittleEndian
    return data if how.preamble or deflated else data[132:]


@settings(max_examples=150, deadline=None)
@given(encodings, st.lists(st.sampled_from([2.0, 3.0, 2.5]), min_size=4, max_size=6), st.booleans())
def test_one_dose_from_every_encoding_of_it(how: Encoding, steps: list[float], even: bool) -> None:
    # B1, B3, B4, B11, B12, C2, C12, C13, C16: the values are exact, and so are their places
    uneven = not even and abs(how.axes[0][2]) == 1  # rows and columns are always evenly spaced
    z_mm: Floats = np.cumsum([-10.0, *(steps if uneven else [3.0] * len(steps))])
    stored = np.random.default_rng(len(z_mm)).integers(0, 65536, (len(z_mm), 3, 5))
    found = read(encoded(stored, z_mm, how)).grid
    doses = found.block_gy(slice(None))
    places = {
        tuple(np.round(found.position_mm(index[0], index[1], index[2]), 6) + 0.0): doses[index]
        for index in np.ndindex(*found.shape)
    }
    expected = {
        (ORIGIN[0] + x * 5.0, ORIGIN[1] + y * 4.0, round(float(z_mm[z]), 6)): stored[z, y, x] * 0.001
        for z, y, x in np.ndindex(*stored.shape)
    }
    assert places == expected


def test_an_oblique_grid_is_read_by_its_affine() -> None:
    # B13: tilted by 10 degrees about x; the closed form is the same field in patient coordinates
    c, s = np.cos(np.radians(10)), np.sin(np.radians(10))
    rows_along, columns_along = np.array([0, c, s]), np.array([1.0, 0.0, 0.0])
    normal = np.cross(columns_along, rows_along)
    steps = np.array([3.0 * normal, 4.0 * rows_along, 5.0 * columns_along])
    places = np.array(ORIGIN) + np.moveaxis(np.indices(STORED.shape), 0, -1) @ steps
    stored = np.round((20.0137 + places @ np.array(GRADIENT)) * 1000).astype(int)
    found = read(
        rt_dose(
            "P1",
            1,
            stored,
            position_mm=ORIGIN,
            orientation=[*columns_along, *rows_along],
            spacing_mm=(4.0, 5.0),
        )
    )
    point = np.array([[3.0, -5.0, 4.0]])
    sampled, inside = found.grid.sample_gy(point)
    assert inside.all()
    assert sampled == pytest.approx(20.0137 + point @ np.array(GRADIENT), abs=0.001)


def test_orientation_with_float_noise_is_read() -> None:
    # B15
    noisy = [0.99999, 0.0001, 0, -0.0001, 0.99999, 0]
    assert read(dose(orientation=noisy)).grid.shape == STORED.shape


Change = Callable[[Dataset], None]


def setting(**values: Any) -> Change:
    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return change


def without(*keywords: str) -> Change:
    def change(dataset: Dataset) -> None:
        for keyword in keywords:
            delattr(dataset, keyword)

    return change


def raw(keyword: str, text: str) -> Change:
    """Put characters into an attribute that pydicom would not write."""

    def change(dataset: Dataset) -> None:
        dataset[keyword] = pydicom.dataelem.DataElement(dataset[keyword].tag, "LO", text)

    return change


def written(dataset: Dataset, change: Change) -> bytes:
    change(dataset)
    # The text was put in as LO; implicit VR carries no VR, so that the file shows what it would from a vendor.
    return dicom_bytes(dataset, ImplicitVRLittleEndian)


N = STORED.shape[0]


@pytest.mark.parametrize(
    ("row", "change", "tag", "said"),
    [
        ("A1", without("DoseGridScaling"), "DoseGridScaling", "missing"),
        ("A2", setting(DoseGridScaling="0"), "DoseGridScaling", "cannot be"),
        ("A3", setting(DoseGridScaling="-0.001"), "DoseGridScaling", "cannot be"),
        ("A4", setting(DoseGridScaling=""), "DoseGridScaling", "missing"),
        ("A5", raw("DoseGridScaling", "NaN"), "DoseGridScaling", "not a number"),
        ("A5", raw("DoseGridScaling", "inf"), "DoseGridScaling", "not a number"),
        ("A6", raw("DoseGridScaling", "1,0E-3"), "DoseGridScaling", "decimal comma"),
        ("A7", raw("DoseGridScaling", "0.001\\0.002"), "DoseGridScaling", "not a number"),
        ("A8", setting(DoseGridScaling="1e4"), "DoseGridScaling", "100000 Gy"),
        ("A12", setting(DoseUnits="RELATIVE"), "DoseUnits", "relative"),
        ("A13", without("DoseUnits"), "DoseUnits", "missing"),
        ("A14", setting(DoseUnits="CGY"), "DoseUnits", "no unit"),
        ("A15", setting(DoseType="ERROR"), "DoseType", "differences"),
        ("A15", without("DoseType"), "DoseType", "missing"),
        ("A17", setting(DoseSummationType="BEAM"), "ReferencedBeamSequence", "names none"),
        ("A17", without("DoseSummationType"), "DoseSummationType", "missing"),
        (
            "B2",
            setting(GridFrameOffsetVector=[5 + 3 * i for i in range(N)]),
            "GridFrameOffsetVector",
            "neither",
        ),
        ("B5", without("GridFrameOffsetVector"), "GridFrameOffsetVector", "missing"),
        (
            "B6",
            setting(GridFrameOffsetVector=[3 * i for i in range(N - 1)]),
            "GridFrameOffsetVector",
            "19 offsets",
        ),
        (
            "B6",
            setting(GridFrameOffsetVector=[3 * i for i in range(N + 1)]),
            "GridFrameOffsetVector",
            "21 offsets",
        ),
        ("B7", setting(GridFrameOffsetVector=[0] * N), "GridFrameOffsetVector", "grows"),
        ("B7", setting(GridFrameOffsetVector=[0, 0, *range(1, N - 1)]), "GridFrameOffsetVector", "grows"),
        (
            "B8",
            setting(GridFrameOffsetVector=[0, 6, 3, *range(9, 9 + N - 3)]),
            "GridFrameOffsetVector",
            "grows",
        ),
        ("B14", without("ImageOrientationPatient"), "ImageOrientationPatient", "missing"),
        ("B14", setting(ImageOrientationPatient=[0] * 6), "ImageOrientationPatient", "unit"),
        ("B14", setting(ImageOrientationPatient=[2, 0, 0, 0, 1, 0]), "ImageOrientationPatient", "unit"),
        (
            "B14",
            setting(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
            "ImageOrientationPatient",
            "right angles",
        ),
        ("B14", setting(ImageOrientationPatient=[1, 0, 0]), "ImageOrientationPatient", "3 values"),
        ("B17", without("PixelSpacing"), "PixelSpacing", "missing"),
        ("B18", setting(PixelSpacing=[0, 5]), "PixelSpacing", "cannot be"),
        ("B18", setting(PixelSpacing=[4, -5]), "PixelSpacing", "cannot be"),
        ("B18", setting(PixelSpacing=[4]), "PixelSpacing", "1 values"),
        ("B19", without("ImagePositionPatient"), "ImagePositionPatient", "missing"),
        ("B19", setting(ImagePositionPatient=[0, 0]), "ImagePositionPatient", "2 values"),
        ("B19", raw("ImagePositionPatient", "0\\nan\\0"), "ImagePositionPatient", "not a number"),
        ("C1", setting(BitsAllocated=16, BitsStored=16, HighBit=15), "PixelData", "holds"),
        ("C5", setting(BitsStored=8, HighBit=7), "BitsStored", "more than the 8 bits"),
        ("C5", setting(BitsStored=24, HighBit=31), "BitsStored", "cannot be"),
        ("C6", lambda d: setting(PixelData=d.PixelData[:-4])(d), "PixelData", "holds"),
        ("C6", setting(Rows=23), "PixelData", "holds"),
        ("C7", setting(Rows=21), "PixelData", "holds"),
        ("C7", lambda d: setting(PixelData=d.PixelData + b"\0" * 4)(d), "PixelData", "holds"),
        ("C7", lambda d: setting(PixelData=d.PixelData + b"\1\0")(d), "PixelData", "holds"),
        ("C8", without("PixelData"), "PixelData", "no dose grid"),
        ("C8", setting(PixelData=b""), "PixelData", "no dose grid"),
        ("C9", without("NumberOfFrames"), "NumberOfFrames", "missing"),
        ("C9", setting(NumberOfFrames=19), "PixelData", "holds"),
        ("C9", setting(NumberOfFrames=0), "NumberOfFrames", "cannot be"),
        ("C11", setting(SamplesPerPixel=3), "SamplesPerPixel", "nothing an RT Dose"),
        ("C11", setting(PhotometricInterpretation="MONOCHROME1"), "PhotometricInterpretation", "MONOCHROME2"),
        ("C14", setting(LossyImageCompression="01"), "LossyImageCompression", "with loss"),
    ],
)
def test_what_is_no_dose_is_refused_with_its_tag(row: str, change: Change, tag: str, said: str) -> None:
    assert row
    with pytest.raises(DicomError) as refused:
        read(written(dose(), change))
    assert tag in str(refused.value.where.tag)
    assert said in refused.value.message


def test_a_single_plane_is_no_volume() -> None:
    # B9, A25
    with pytest.raises(DicomError, match="single plane"):
        read(rt_dose("P1", 1, STORED[:1]))


def test_floats_for_voxels_are_refused() -> None:
    # C10
    dataset = dose()
    del dataset.PixelData
    dataset.FloatPixelData = STORED.astype("<f4").tobytes()
    with pytest.raises(DicomError, match="floats"):
        read(dataset)


def test_one_hot_voxel_is_refused() -> None:
    # C19: a flipped bit gave 9703 Gy
    hot = STORED.copy()
    hot[3, 4, 5] = 2**32 - 1
    with pytest.raises(DicomError, match="above the 100000 Gy"):
        read(rt_dose("P1", 1, hot))


def test_signed_voxels_that_wrapped_are_refused() -> None:
    # C3
    wrapped = (STORED.astype(np.int64) * 100_000) % 2**32
    dataset = rt_dose("P1", 1, wrapped, scaling="1e-8")
    assert (wrapped >= 2**31).any()
    dataset.PixelRepresentation = 1
    with pytest.raises(DicomError, match="below 0"):
        read(dataset)


def test_a_little_noise_below_zero_is_counted_and_kept() -> None:
    # C4
    noisy = STORED.astype(np.int32)
    noisy[0, 0, :3] = -5
    dataset = dose()
    dataset.PixelData = noisy.astype("<i4").tobytes()
    dataset.PixelRepresentation = 1
    found = read(dataset)
    assert codes(found) == {"dose.negative"}
    assert "3 voxels" in found.notices[0].message
    assert found.grid.minimum_gy == -0.005


@pytest.mark.parametrize(("part", "is_noise"), [(0.04, True), (0.06, False), (0.3, False)])
def test_a_twentieth_of_the_maximum_below_zero_is_no_noise(part: float, is_noise: bool) -> None:
    # C4: the maximum stays as it was
    stored = STORED.astype(np.int64)
    stored[0, 0, 0] = -round(part * STORED.max())
    dataset = dose()
    dataset.PixelData, dataset.PixelRepresentation = stored.astype("<i4").tobytes(), 1
    if is_noise:
        assert codes(read(dataset)) == {"dose.negative"}
        return
    with pytest.raises(DicomError, match="below 0") as refused:
        read(dataset)
    assert "PixelRepresentation" in str(refused.value.where.tag)


@pytest.mark.parametrize(
    ("row", "change", "code"),
    [
        ("A9", raw("DoseGridScaling", "0.0010000000000000000"), "dose.scaling-too-long"),
        ("A11", setting(RescaleSlope="2", RescaleIntercept="5"), "dose.rescale-ignored"),
        ("A16", setting(DoseType="EFFECTIVE"), "dose.effective"),
        ("A18", setting(DoseSummationType="FRACTION"), "dose.summation"),
        ("A19", setting(DoseSummationType="CONTROL_POINT"), "dose.summation"),
        ("A20", setting(DoseSummationType="BRACHY"), "dose.summation"),
        ("A21", setting(DoseSummationType="RECORD"), "dose.summation"),
        ("A22", setting(DoseSummationType="MULTI_PLAN"), "dose.summation"),
        ("B10", setting(FrameIncrementPointer=0x00181063), "dose.frame-pointer"),
        ("B10", without("FrameIncrementPointer"), "dose.frame-pointer"),
        ("C5", setting(BitsStored=24, HighBit=23), "dose.bits-stored"),
        ("D4", without("FrameOfReferenceUID"), "dose.no-frame-of-reference"),
    ],
)
def test_what_is_odd_is_noted_and_the_dose_unchanged(row: str, change: Change, code: str) -> None:
    assert row
    found = read(written(dose(), change))
    assert codes(found) == {code}
    assert np.array_equal(found.grid.block_gy(slice(None)), STORED * 0.001)


def test_a_dose_of_nothing_but_zeros_is_noted() -> None:
    # C18
    assert codes(read(rt_dose("P1", 1, np.zeros((3, 4, 5), int)))) == {"dose.all-zero"}


def test_a_dose_near_a_source_may_be_high() -> None:
    stored = np.full((3, 4, 5), 50_000_000)
    assert read(rt_dose("P1", 1, stored)).grid.maximum_gy == 50_000


def test_absolute_offsets_are_defined_for_one_orientation_only() -> None:
    # B1, B2
    offsets = [ORIGIN[2] + 3.0 * i for i in range(N)]
    assert read(dose(offsets_mm=offsets)).grid.position_mm(0, 0, 0)[2] == ORIGIN[2]
    with pytest.raises(DicomError, match="neither 0"):
        read(dose(offsets_mm=offsets, orientation=(-1, 0, 0, 0, -1, 0)))


@pytest.mark.parametrize("off_mm", [0.005, -0.005, 0.02, -0.02, 1.0, 4.0])
def test_absolute_offsets_start_where_the_first_frame_lies(off_mm: float) -> None:
    # B2: to the hundredth of a mm that files round to; Image Position says where the frames are
    dataset = dose(offsets_mm=[ORIGIN[2] + off_mm + 3.0 * i for i in range(N)])
    if abs(off_mm) <= 0.01:
        assert read(dataset).grid.position_mm(0, 0, 0).tolist() == list(ORIGIN)
        return
    with pytest.raises(DicomError, match="neither 0"):
        read(dataset)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_a_grid_further_away_than_ten_metres_is_refused(axis: int, sign: int) -> None:
    # B19
    position = list(ORIGIN)
    position[axis] = sign * 9_999.0
    dataset = rt_dose("P1", 100, STORED, position_mm=position)
    assert read(dataset).grid.position_mm(0, 0, 0).tolist() == position
    dataset.ImagePositionPatient[axis] = str(sign * 10_001)
    with pytest.raises(DicomError, match="further from the origin") as refused:
        read(dataset)
    assert "ImagePositionPatient" in str(refused.value.where.tag)


def test_a_grid_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    # S4
    dataset = dose()
    dataset.Rows = dataset.Columns = 65535
    with pytest.raises(DicomError, match="more than the"):
        read(dataset)
    with pytest.raises(DicomError, match="more than the 1000 that"):
        read(dose(), Limits(voxels=1000))


def test_run_lengths_that_cannot_hold_the_grid_are_refused() -> None:
    # S4: 20 000 x 20 000 made pydicom ask for 22.4 GiB
    dataset = dose()
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = 2, 10_000, 10_000
    dataset.PixelData = encapsulate([b"\0" * 64] * 2)
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(DicomError, match="cannot decompress"):
        read(dicom_bytes(dataset, RLELossless))


def test_what_a_report_needs_is_carried_along() -> None:
    dataset = dose(beams=(1, 2), summation="BEAM")
    dataset.ManufacturerModelName, dataset.SoftwareVersions = "System", "1.2"
    found = read(dataset)
    assert found.calculated_by == "rtfractions samples System 1.2"
    assert found.heterogeneity == ("IMAGE",)
    assert found.beams == (1, 2)
    assert found.grid.frame_spacing_mm == (3.0, 3.0)


@pytest.mark.parametrize(
    ("numbers", "found"), [((1,), 1), ((2,), 2), ((1, 2), None), ((2, 1), None), ((), None)]
)
def test_the_fraction_group_is_known_where_one_is_named(numbers: tuple[int, ...], found: int | None) -> None:
    # A18, F4: of two groups, the dose is of neither alone
    dataset = dose(summation="FRACTION")
    groups = [Dataset() for _ in numbers]
    for group, number in zip(groups, numbers, strict=True):
        group.ReferencedFractionGroupNumber = number
    dataset.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = groups
    assert read(dataset).fraction_group == found


def test_the_public_big_endian_and_run_length_files_hold_one_dose() -> None:
    # C12, C13: pydicom's own samples, which are RELATIVE; here as copies that say GY
    grids = []
    for name in ("rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"):
        data = Path(str(pydicom.data.get_testdata_file(name))).read_bytes()
        found = dataset_of(data.replace(b"RELATIVE", b"GY      "), Limits())
        found.DoseSummationType = "PLAN"
        grids.append(read_dose(found, limits=Limits()).grid)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its UIDs are no valid ones
            expected = pydicom.dcmread(io.BytesIO(data)).pixel_array
        assert np.array_equal(grids[-1].block_gy(slice(None)), expected * 1e-6)
    assert all(grid.coincides_with(grids[0]) for grid in grids)
