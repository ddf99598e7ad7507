"""RT Structure Sets, row by row of section E of the hazard catalogue, and the real ones; planes: test_contour_planes."""

import io
import logging
import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from synthetic import dicom_bytes
from synthetic_structures import (
    BOX_CM3,
    Outline,
    Roi,
    box,
    boxes,
    circle,
    frame_of_reference,
    rt_structure_set,
    set_text,
    text_of_points,
    with_hole,
)

from rtfractions.dicom.reading import DicomError, guarded
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.errors import RTFractionsError
from rtfractions.structures import Structure, StructureError, StructureSet

DATA = os.environ.get("RTFRACTIONS_EXTERNAL_DATA")

Points = NDArray[np.float64]


def read(*rois: Roi, **other: Any) -> StructureSet:
    """The structures, written to a file in memory and read."""
    return parsed(dicom_bytes(rt_structure_set("P1", 1, rois, **other)))


def parsed(data: bytes) -> StructureSet:
    with guarded():
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    return read_structure_set(dataset)


def one(outlines: Sequence[Outline | Points], **other: Any) -> Structure:
    return read(Roi(1, "S", outlines, **other)).named("S")


def codes(structure: Structure | StructureSet) -> list[str]:
    return [notice.code for notice in structure.notices]


def test_an_ordinary_structure_has_nothing_to_be_said_of_it() -> None:
    ordinary = rt_structure_set(
        "P1", 1, [Roi(3, "PTV", boxes(), "PTV", volume="18.1"), Roi(4, "Cord", boxes())], label="CT 1"
    )
    found = parsed(dicom_bytes(ordinary))
    assert found.sop_instance_uid == ordinary.SOPInstanceUID
    assert found.label == "CT 1"
    assert found.frame_of_reference_uid == ordinary.FrameOfReferenceUID
    assert [structure.number for structure in found.structures] == [3, 4]
    assert not found.refused
    assert not found.notices
    ptv = found.named("PTV")
    assert ptv.interpreted_type == "PTV"
    assert ptv.frame_of_reference_uid == ordinary.FrameOfReferenceUID
    assert ptv.contour_count == 5
    assert ptv.spacing_mm == 3
    assert ptv.stated_volume_cm3 == 18.1
    assert ptv.volume_cm3 == pytest.approx(BOX_CM3, rel=1e-12)
    assert ptv.positions_mm.tolist() == [0, 3, 6, 9, 12]
    assert np.array_equal(ptv.vertices_mm, np.concatenate(boxes()))
    assert not ptv.notices


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_encodings_are_read_alike(syntax: str) -> None:
    ordinary = rt_structure_set("P1", 1, [Roi(1, "S", [circle(z=z, radius_mm=20) for z in (0, 2.5)])])
    in_memory = read_structure_set(ordinary).named("S")
    assert np.array_equal(parsed(dicom_bytes(ordinary, syntax)).named("S").vertices_mm, in_memory.vertices_mm)


def test_a_dataset_made_in_memory_is_read_as_from_a_file() -> None:
    made = rt_structure_set("P1", 1, [Roi(1, "S", boxes())])
    for item in made.ROIContourSequence[0].ContourSequence:
        assert len(item.ContourData) == 12  # converted by pydicom
    assert read_structure_set(made).named("S").volume_cm3 == pytest.approx(BOX_CM3)


# What is there, and what it is called


@pytest.mark.parametrize(
    "roi",
    [Roi(1, "S", []), Roi(1, "S", None), Roi(1, "S", contour_item=False)],
    ids=["none", "absent", "no item"],
)
def test_a_structure_without_contours_is_refused_alone(roi: Roi) -> None:  # E1
    found = read(roi, Roi(2, "Other", boxes()))
    assert [structure.name for structure in found.structures] == ["Other"]
    with pytest.raises(DicomError, match=r"\(3006,0040\) ContourSequence, structure 'S': .*no contours"):
        found.named("S")
    assert found.refused[0].number == 1


def test_contours_of_no_structure_are_told() -> None:  # E3
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", boxes())])
    dataset.ROIContourSequence[0].ReferencedROINumber = 99
    found = read_structure_set(dataset)
    assert codes(found) == ["structure-set.dangling-contours"]
    assert "(99)" in found.notices[0].message
    with pytest.raises(DicomError, match="no contours"):
        found.named("S")


def test_two_items_of_contours_for_one_structure_are_refused() -> None:
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", boxes()), Roi(2, "T", boxes())])
    dataset.ROIContourSequence[1].ReferencedROINumber = 1
    with pytest.raises(DicomError, match="two items"):
        read_structure_set(dataset).named("S")


def test_a_number_given_twice_is_refused() -> None:  # E4
    found = read(Roi(1, "A", boxes()), Roi(1, "B", boxes()), Roi(2, "C", boxes()))
    assert [structure.name for structure in found.structures] == ["C"]
    for name in ("A", "B"):
        with pytest.raises(DicomError, match="2 structures have the number 1"):
            found.named(name)


def test_a_structure_without_number_is_refused() -> None:
    found = read(Roi(None, "A", boxes()), Roi(2, "C", boxes()))
    assert [structure.name for structure in found.structures] == ["C"]
    assert found.refused[0].number is None
    with pytest.raises(DicomError, match=r"\(3006,0022\) ROINumber.*missing"):
        found.named("A")


def test_a_name_given_twice_is_found_by_number_only() -> None:  # E5
    found = read(Roi(1, "PTV", boxes()), Roi(2, "PTV", boxes((0, 3))))
    assert found.numbered(2).volume_cm3 == pytest.approx(4 * 3 * 0.6)
    with pytest.raises(StructureError, match="choose by number"):
        found.named("PTV")


@pytest.mark.parametrize("name", ["ptv", " PTV", "PTV\u3000"])
def test_names_that_nearly_agree_are_ambiguous(name: str) -> None:  # E6
    found = read(Roi(1, "PTV", boxes()), Roi(2, name, boxes()))
    with pytest.raises(StructureError, match="choose by number"):
        found.named("PTV")


@pytest.mark.parametrize("name", [None, "", "  "])
def test_a_structure_without_name_is_kept_by_number(name: str | None) -> None:  # E7
    found = read(Roi(7, name, boxes()))
    assert found.numbered(7).volume_cm3 == pytest.approx(BOX_CM3)
    assert found.numbered(7).name == "(ROI 7, unnamed)"
    assert codes(found.numbered(7)) == ["structure.unnamed"]


@pytest.mark.parametrize(
    "name",
    ["<b>x</b>", "=1+1", "../../etc", "a\u202eb", "a\x1b[31mb"],
    ids=["html", "formula", "path", "bidi", "ansi"],
)
def test_odd_names_are_carried_and_printed_escaped(name: str) -> None:  # E41
    found = read(Roi(1, name, boxes((0, 20))))
    assert found.numbered(1).name == name
    assert str(found.numbered(1).notices[0]).isprintable()


@pytest.mark.parametrize(
    ("stated", "raw", "name", "sure"),
    [
        ("ISO_IR 100", "Läsion".encode("latin-1"), "Läsion", True),
        ("ISO_IR 192", "Läsion".encode(), "Läsion", True),
        ("GB18030", "靶区".encode("gb18030"), "靶区", True),
        ("\\ISO 2022 IR 87", b"\x1b$B" + "標的".encode("iso2022_jp")[3:], "標的", True),
        ("ISO_IR 192", "Läsion".encode("latin-1"), "L\ufffdsion", False),
        ("Not Supplied", "Läsion".encode("latin-1"), None, False),
        ("", "Läsion".encode("latin-1"), None, False),
        ("ISO_IR 6", "Läsion".encode(), None, False),
        ("Not Supplied", b"PTV", "PTV", True),
    ],
)
def test_names_are_decoded_or_doubted(stated: str, raw: bytes, name: str | None, sure: bool) -> None:  # E42
    marker = b"NAMENAMENAMENAME"
    raw += b" " * (len(marker) - len(raw))
    data = dicom_bytes(rt_structure_set("P1", 1, [Roi(1, marker.decode(), boxes())]))
    charset = stated.encode()
    charset += b" " * (len(charset) % 2)
    old = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"
    assert data.count(old) == 1
    data = data.replace(old, b"\x08\x00\x05\x00CS" + len(charset).to_bytes(2, "little") + charset)
    structure = parsed(data.replace(marker, raw)).numbered(1)
    assert name is None or structure.name == name
    assert structure.name.isprintable()
    assert codes(structure) == ([] if sure else ["structure.name-undecoded"])


# Frames of reference


def test_a_structure_in_another_frame_of_reference_is_refused() -> None:  # D3
    found = read(Roi(1, "MR", boxes(), frame="1.2.3.4"), Roi(2, "CT", boxes()))
    assert [structure.name for structure in found.structures] == ["CT"]
    with pytest.raises(DicomError, match="another frame of reference"):
        found.named("MR")


def test_of_several_frames_each_structure_keeps_its_own() -> None:  # D3
    ours, other = frame_of_reference(1), "1.2.3.4"
    found = read(
        Roi(1, "CT", boxes()),
        Roi(2, "MR", boxes(), frame=other),
        Roi(3, "?", boxes(), frame=None),
        frames=[ours, other],
    )
    assert found.frame_of_reference_uid is None
    assert found.named("CT").frame_of_reference_uid == ours
    assert found.named("MR").frame_of_reference_uid == other
    with pytest.raises(DicomError, match="2 frames of reference"):
        found.named("?")


def test_a_structure_that_states_no_frame_is_in_the_sets() -> None:
    found = read(Roi(1, "S", boxes(), frame=None))
    assert found.named("S").frame_of_reference_uid == frame_of_reference(1)


def test_the_frame_of_the_images_stands_against_that_of_the_set() -> None:
    found = read(Roi(1, "S", boxes(), frame="1.2.3.4"), frames=["1.2.3.4"])
    assert found.frame_of_reference_uid == "1.2.3.4"
    assert codes(found) == ["structure-set.frame-of-reference"]
    assert found.named("S").frame_of_reference_uid == "1.2.3.4"


def test_no_frame_is_none() -> None:  # D4
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", boxes(), frame=None)])
    del dataset.FrameOfReferenceUID
    del dataset.ReferencedFrameOfReferenceSequence
    assert read_structure_set(dataset).frame_of_reference_uid is None
    assert read_structure_set(dataset).named("S").frame_of_reference_uid is None


# Kinds of contours


def test_points_are_points() -> None:  # E8
    structure = one([Outline([[1, 2, 3]], kind="POINT"), Outline([[4, 5, 6]], kind="POINT")])
    assert structure.points_mm.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert not structure.closed
    assert structure.volume_cm3 is None
    assert not structure.notices


@pytest.mark.parametrize("kind", ["OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_open_contours_are_no_volume(kind: str) -> None:  # E8
    with pytest.raises(DicomError, match="are open, and enclose no volume"):
        one([Outline(points, kind=kind) for points in boxes()])


def test_points_and_open_contours_beside_closed_ones_are_told() -> None:  # E9
    beside = [Outline([[0, 0, 0]], kind="POINT"), Outline([[0, 0, 0], [1, 0, 0]], kind="OPEN_PLANAR")]
    structure = one([*boxes(), *beside])
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert len(structure.points_mm) == 1
    assert codes(structure) == ["structure.open-contour", "structure.point-beside-contours"]


@pytest.mark.parametrize(
    ("kind", "found"), [(None, "is missing in contour 2"), ("CLOSED", "is 'CLOSED' in contour 2")]
)
def test_a_contour_of_unknown_kind_is_refused(kind: str | None, found: str) -> None:  # E10
    first, second = boxes((0, 3))
    with pytest.raises(DicomError, match=rf"\(3006,0042\) ContourGeometricType.*{found}"):
        one([first, Outline(second, kind=kind)])


# Contours that cannot be


def test_contours_of_two_points_are_left_out_and_counted() -> None:  # E11
    structure = one([*boxes(), box(z=3, width_mm=1, height_mm=1)[:2], boxes((3,))[0][:1]])
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(structure) == ["structure.empty-contour"]
    assert structure.notices[0].message.startswith("2 of 7 contours")


def test_only_contours_of_two_points_are_refused() -> None:  # E11
    with pytest.raises(DicomError, match="no contour of 5 has three different points"):
        one([points[:2] for points in boxes()])


@pytest.mark.parametrize(
    "points",
    [[[0, 0, 0], [10, 5, 0], [20, 10, 0]], [[1, 1, 0]] * 4, [[0, 0, 0], [10, 0, 0], [0, 0, 0], [10, 0, 0]]],
    ids=["collinear", "one place", "to and fro"],
)
def test_contours_without_area_are_refused(points: list[list[float]]) -> None:  # E12
    with pytest.raises(DicomError, match="no contour of 2 encloses an area"):
        one([np.add(points, (0.0, 0.0, z)) for z in (0, 3)])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"0\\0\\0\\10\\0\\0\\10\\10", r"contour 2 has 8 values, not \(x, y, z\) of points"),  # E13
        (b"0\\0\\0\\nan\\0\\0\\10\\10\\0", "'nan' is not a number"),  # E15
        (b"0\\0\\0\\inf\\0\\0\\10\\10\\0", "'inf' is not a number"),  # E15
        (b"0\\0\\nan\\10\\0\\nan\\10\\10\\nan", "'nan' is not a number"),  # E16
        (b"0\\0\\0\\1e999\\0\\0\\10\\10\\0", "coordinate inf mm"),  # E15
        (b"0\\0\\0\\1e9\\0\\0\\10\\10\\0", r"coordinate 1e\+09 mm, which no patient has"),
        (b"0\\0\\0\\10,5\\0\\0\\10\\10\\0", "'10,5' is not a number: a decimal comma is not DICOM"),  # E17
        (b"0,0\\0,0\\0,0\\9,5\\0,0\\0,0\\9,5\\9,5\\0,0", "decimal comma"),  # E17
        (b"0\\0\\0\\1_0\\0\\0\\10\\10\\0", "'1_0' is not a number"),  # I18
        (b"0\\0\\0\\10\\\\0\\10\\10\\0", "'' is not a number"),
        (b"0\\0\\0\\10\\0\\0\\10\\10\\[0]", "is not a number"),
        (b"0\\0\\0\\10\\0\\0\\10\\10\\null", "is not a number"),
        (b"0\\0\\0\\10\\0\\0\\10\\10\\0x1", "is not a number"),
        (b"0\\0\\0\\10\\0\\0\\10\\10\\1 1", "'1 1' is not a number"),
        (b"", "contour 2 has no coordinates"),  # E18
        (b"  ", "contour 2 has no coordinates"),  # E18
        (b"0\\0\\0\\10\\0\\0\\10\\10\\0", "has 3 of the 4 points that it states"),  # E14
    ],
)
def test_coordinates_that_cannot_be_are_refused(data: bytes, problem: str) -> None:
    count = "4" if "4 points" in problem else None
    bad = Outline(boxes((3,))[0], data=data, point_count=count)
    found = read(Roi(1, "S", [boxes((0,))[0], bad, boxes((6,))[0]]), Roi(2, "Other", boxes()))
    assert [structure.name for structure in found.structures] == ["Other"]
    with pytest.raises(DicomError, match=rf"\(3006,0050\) ContourData, structure 'S': .*{problem}"):
        found.named("S")


@pytest.mark.parametrize(
    "data",
    [
        b"+0\\-00.\\3\\0040\\.0\\3.0\\4E1\\+3.0e+01\\ 3 \\0\\30\\3\0",
        b"0\\0\\3\\40\\0\\3\\40\\30\\3\\0\\30\\3\0",
        b" 0\\0 \\3\\40\\ 0\\3\\40\\30\\3\\0\\30\\3   ",
        b"0.00000000000000000000000000\\0\\3\\40\\0\\3\\40\\30\\3\\0\\30\\3",
    ],
)
def test_every_decimal_of_the_standard_is_read(data: bytes) -> None:
    corner = boxes((0, 6), centre=(20, 15))
    structure = one([corner[0], Outline(corner[0], data=data), corner[1]])
    assert structure.volume_cm3 == pytest.approx(4 * 3 * 0.9)
    assert structure.positions_mm.tolist() == [0, 3, 6]


@given(st.lists(st.floats(-99_999, 99_999), min_size=9, max_size=60))
@settings(deadline=None, max_examples=50)
def test_coordinates_come_out_as_they_went_in(values: list[float]) -> None:
    values = values[: len(values) // 3 * 3]
    texts = [f"{value:.9g}" for value in values]
    point = Outline(np.zeros((len(values) // 3, 3)), kind="POINT", data="\\".join(texts).encode())
    assert one([point]).points_mm.ravel().tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("count", ["3", "", "x"])
def test_another_number_of_points_than_stated_is_told(count: str) -> None:  # E14
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", [Outline(points) for points in boxes()])])
    for item in dataset.ROIContourSequence[0].ContourSequence[:2]:
        set_text(item, "NumberOfContourPoints", count.encode())
    structure = read_structure_set(dataset).named("S")
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(structure) == ["structure.point-count"]
    assert structure.notices[0].message.startswith("2 of 5 contours")


def test_contour_data_over_64_kib_are_read() -> None:  # E19
    contours = [circle(z=z, radius_mm=50, points=5000) for z in (0, 3)]
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", contours)])
    assert len(text_of_points(contours[0])) > 2**16
    for syntax in (ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian):
        structure = parsed(dicom_bytes(dataset, syntax)).named("S")
        assert structure.volume_cm3 == pytest.approx(math.pi * 25 * 0.6, rel=1e-5)


@pytest.mark.parametrize("count", ["5000", None])
def test_contour_data_with_an_overflown_length_are_refused(count: str | None) -> None:  # E19
    contour = Outline(circle(z=0, radius_mm=50, points=5000), point_count=count)
    data = dicom_bytes(rt_structure_set("P1", 1, [Roi(1, "S", [contour])]))
    text = text_of_points(contour.points_mm)
    text += b" " * (len(text) % 2)
    header = b"\x06\x30\x50\x00UN\0\0" + len(text).to_bytes(4, "little")
    assert data.count(header) == 1
    data = data.replace(header, b"\x06\x30\x50\x00DS" + (len(text) % 2**16).to_bytes(2, "little"))
    with pytest.raises(RTFractionsError):
        parsed(data).named("S")


def test_a_structure_is_refused_without_the_others_when_its_contours_are_no_sequence() -> None:
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", boxes()), Roi(2, "T", boxes())])
    del dataset.ROIContourSequence[0].ContourSequence
    set_text(dataset.ROIContourSequence[0], 0x3006_0040, b"0\\0\\0 ")
    found = read_structure_set(dataset)
    assert [structure.name for structure in found.structures] == ["T"]
    with pytest.raises(DicomError):
        found.named("S")


# What is stated beside the contours


def test_an_offset_with_a_slab_thickness_moves_the_contour() -> None:  # E43
    outlines = [Outline(points, slab_thickness="3", offset="0\\0\\1.5") for points in boxes()]
    structure = one(outlines)
    assert structure.positions_mm.tolist() == [1.5, 4.5, 7.5, 10.5, 13.5]
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(structure) == ["structure.contour-offset"]
    assert "5 contours moved by up to 1.5 mm" in structure.notices[0].message


def test_an_offset_without_a_slab_thickness_says_nothing() -> None:  # E43
    structure = one([Outline(points, offset="0\\0\\1.5") for points in boxes()])
    assert structure.positions_mm.tolist() == [0, 3, 6, 9, 12]
    assert codes(structure) == ["structure.contour-offset"]
    assert "not applied" in structure.notices[0].message


def test_an_offset_of_nothing_is_not_told() -> None:  # E43
    assert not one([Outline(points, slab_thickness="3", offset="0\\0\\0") for points in boxes()]).notices


@pytest.mark.parametrize("offset", ["1\\0\\1.5", "0\\0"])
def test_an_offset_that_cannot_be_is_refused(offset: str) -> None:  # E43
    with pytest.raises(DicomError, match=r"\(3006,0045\) ContourOffsetVector"):
        one([Outline(points, slab_thickness="3", offset=offset) for points in boxes()])


@pytest.mark.parametrize(
    ("stated", "told"), [("18.0", False), ("19.9", False), ("36.0", True), ("9.0", True), ("0", False)]
)
def test_a_stated_volume_that_differs_is_told(
    stated: str, told: bool
) -> None:  # E44; 0 is what Pinnacle writes
    structure = one(boxes(), volume=stated)
    assert codes(structure) == (["structure.stated-volume"] if told else [])
    assert structure.stated_volume_cm3 == (float(stated) or None)
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)


def test_a_stated_volume_that_is_no_number_is_told() -> None:  # E44
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", boxes())])
    set_text(dataset.StructureSetROISequence[0], "ROIVolume", b"18,0")
    assert codes(read_structure_set(dataset).named("S")) == ["structure.stated-volume"]


def test_types_that_disagree_are_none() -> None:
    dataset = rt_structure_set("P1", 1, [Roi(1, "A", boxes(), "PTV"), Roi(2, "B", boxes(), "CTV")])
    dataset.RTROIObservationsSequence[1].ReferencedROINumber = 1
    found = read_structure_set(dataset)
    assert [structure.interpreted_type for structure in found.structures] == [None, None]


# The set as a whole


def test_a_set_without_uid_is_refused() -> None:
    dataset = rt_structure_set("P1", 1, [])
    del dataset.SOPInstanceUID
    with pytest.raises(DicomError, match=r"\(0008,0018\) SOPInstanceUID.*missing"):
        read_structure_set(dataset)


def test_a_set_without_structures_is_told() -> None:
    assert codes(read()) == ["structure-set.empty"]


@pytest.mark.parametrize(
    ("limit", "tag"),
    [
        ({"maximum_structures": 1}, "StructureSetROISequence has 2 items, more than the 1 that are read"),
        ({"maximum_contours": 9}, "ContourSequence has 10 contours, more than the 9 that are read"),
        ({"maximum_points": 39}, "ContourData has 40 contour points, more than the 39 that are read"),
    ],
)
def test_more_than_is_read_is_refused_before_it_is_decoded(limit: dict[str, int], tag: str) -> None:  # S6
    bad = [Outline(points, data=text_of_points(points).replace(b"15", b"xx")) for points in boxes()]
    dataset = rt_structure_set("P1", 1, [Roi(1, "A", bad), Roi(2, "B", bad)])
    with pytest.raises(DicomError) as refused:
        read_structure_set(dataset, **limit)
    assert tag.split(" ", 1)[1] in str(refused.value)
    assert tag.split(" ", 1)[0] in str(refused.value)
    exactly = {name: value + 1 for name, value in limit.items()}
    assert len(read_structure_set(dataset, **exactly).refused) == 2


def test_two_readings_are_the_same() -> None:
    first, second = (one([*boxes(), *boxes(centre=(30, 0))]) for _ in range(2))
    assert first.volume_cm3 == second.volume_cm3
    assert first.notices == second.notices


def mutated(data: bytes, random: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        at = random.randrange(132, len(changed) - 50)
        match random.randrange(5):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                changed[at] = random.choice(b"0123456789.-+eE,\\ \0nai")
            case 2:
                del changed[at : at + random.randrange(1, 40)]
            case 3:
                changed[at:at] = changed[at - random.randrange(1, 40) : at]
            case 4:
                changed[at : at + 4] = bytes(random.choice((0, 127, 255)) for _ in range(4))
    return bytes(changed)


def test_damaged_files_are_read_or_refused(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    oblique = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    rois = [
        Roi(1, "PTV", [outline for z in (0, 3, 6) for outline in with_hole(z, "nested")], volume="9.0"),
        Roi(2, "Öl", [Outline([[1, 2, 3]], kind="POINT")]),
        Roi(3, "Sagittal", [points[:, [2, 0, 1]] for points in boxes()]),
        Roi(4, "Oblique", [Outline(p @ oblique, slab_thickness="3", offset="0\\0\\0") for p in boxes()]),
    ]
    dataset = rt_structure_set("P1", 1, rois)
    syntaxes = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
    seeds = [dicom_bytes(dataset, syntax) for syntax in syntaxes]
    source = random.Random(20260102)
    read_sets = refused_sets = refused = 0
    for _ in range(1500):
        try:
            found = parsed(mutated(source.choice(seeds), source))
        except RTFractionsError:
            refused_sets += 1
            continue
        read_sets += 1
        refused += len(found.refused)
        for structure in found.structures:
            volume = structure.volume_cm3
            assert volume is None or (math.isfinite(volume) and volume > 0)
            assert np.isfinite(structure.vertices_mm).all()
            assert all(str(notice).isprintable() for notice in structure.notices)
        assert all(str(one.error).isprintable() for one in found.refused)
    assert read_sets > 500
    assert refused_sets > 50
    assert refused > 500


# Real files


def real(name: str) -> StructureSet:
    with guarded():
        dataset = pydicom.dcmread(Path(str(DATA), name), force=True)
    return read_structure_set(dataset)


needs_data = pytest.mark.skipif(
    DATA is None, reason="RTFRACTIONS_EXTERNAL_DATA names no folder of real files"
)


@needs_data
def test_a_cube_of_known_size_has_its_volume() -> None:  # E26
    found = real("aptg-proton/RS1.2.752.243.1.1.20221209135909128.2180.16718.dcm")
    cube = found.named("Cube101010")
    assert cube.volume_cm3 == pytest.approx(1050.0, rel=1e-6)
    assert cube.interpreted_type == "PTV"
    assert not found.named("LoPo").closed
    assert not found.refused
    assert not [notice for structure in found.structures for notice in structure.notices]


@needs_data
def test_a_breast_plan_with_contours_in_contours() -> None:  # E1, E27
    found = real("dicompyler-core/rtss.dcm")
    assert [one.name for one in found.refused] == ["Areola"]
    assert len(found.structures) == 9
    assert not [notice for structure in found.structures for notice in structure.notices]
    lung = found.named("Lt Lung")
    assert lung.contour_count == 165
    assert len(lung.planes) == 80
    raster = sum(raster_mm2(plane.loops, 0.5) for plane in lung.planes) * 3 / 1000
    assert lung.volume_cm3 == pytest.approx(raster, rel=1e-3)


@needs_data
def test_pinnacle_points_and_volumes() -> None:  # E8, E44
    found = real("dvha-pinnacle/rtst.dcm")
    assert not found.refused
    assert [one.name for one in found.structures if not one.closed] == [
        *("rlat bb", "llat bb", "ant bb", "refPoint", "TxISO", "rx 5 x 5.5Gy")
    ]
    assert {notice.code for one in found.structures for notice in one.notices} == {
        "structure.gap",
        "structure.empty-contour",
    }
    brain = found.named("Normal Brain")
    raster = sum(raster_mm2(plane.loops, 0.5) for plane in brain.planes) / 1000
    assert brain.volume_cm3 == pytest.approx(raster, rel=1e-3)


@needs_data
@pytest.mark.parametrize(
    ("name", "structures", "refused"),
    [
        ("mdw-dvh-calculator/RS.1.2.246.352.71.4.2088656855.2402030.20110920095607.dcm", 1, 6),
        ("opentps/RS1.2.826.0.1.3680043.8.498.84013257063663267327474594711005032139.dcm", 1, 0),
        ("pydicom/rtstruct.dcm", 3, 0),
    ],
)
def test_the_other_real_sets_are_read(name: str, structures: int, refused: int) -> None:
    found = real(name)
    assert len(found.structures) == structures
    assert len(found.refused) == refused
    assert all("no contours" in str(one.error) for one in found.refused)


def raster_mm2(loops: Sequence[Points], step: float) -> float:
    """Area by counting points of a grid that lie in an odd number of loops."""
    corners = np.concatenate(loops)
    u = np.arange(corners[:, 0].min() + 0.31 * step, corners[:, 0].max(), step)
    count = 0
    for v in np.arange(corners[:, 1].min() + 0.29 * step, corners[:, 1].max(), step):
        crossings = []
        for loop in loops:
            a, b = loop, np.roll(loop, -1, axis=0)
            over = (a[:, 1] > v) != (b[:, 1] > v)
            a, b = a[over], b[over]
            crossings.append(a[:, 0] + (v - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
        count += int((np.searchsorted(np.sort(np.concatenate(crossings)), u) % 2).sum())
    return count * step * step
