"""From contours to planes: slabs, holes, overlaps and orientations, row by row of section E of the hazard catalogue."""

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from synthetic import dicom_bytes
from synthetic_structures import (
    BOX_CM3,
    Outline,
    Roi,
    box,
    boxes,
    circle,
    rt_structure_set,
    set_text,
    with_hole,
)

from rtfractions.dicom.reading import DicomError, guarded
from rtfractions.dicom.structure_set import read_structure_set
from rtfractions.structures import Structure

Points = NDArray[np.float64]


def one(outlines: Sequence[Outline | Points], **other: Any) -> Structure:
    """A structure of these contours, written to a file in memory and read."""
    data = dicom_bytes(rt_structure_set("P1", 1, [Roi(1, "S", outlines, **other)]))
    with guarded():
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    return read_structure_set(dataset).named("S")


def codes(structure: Structure) -> list[str]:
    return [notice.code for notice in structure.notices]


# Planes and slabs


def test_a_single_plane_is_told() -> None:  # E20
    with_thickness = one([Outline(boxes()[0], slab_thickness="3")])
    assert with_thickness.volume_cm3 == pytest.approx(3.6)
    assert with_thickness.slab_thickness_mm == 3
    without = one(boxes()[:1])
    assert without.volume_cm3 is None
    for structure, said in ((with_thickness, "as thick as it states: 3 mm"), (without, "no volume")):
        assert codes(structure) == ["structure.one-slice"]
        assert said in structure.notices[0].message


@pytest.mark.parametrize(
    ("stated", "thickness_mm"),
    [(["3", "3"], 3.0), (["3", "2"], None), (["3", None], None), (["0", "0"], None), (["x", "x"], None)],
)
def test_a_slab_thickness_is_taken_when_all_agree(
    stated: list[str | None], thickness_mm: float | None
) -> None:
    dataset = rt_structure_set("P1", 1, [Roi(1, "S", boxes((0, 3)))])
    for item, text in zip(dataset.ROIContourSequence[0].ContourSequence, stated, strict=True):
        if text is not None:
            set_text(item, "ContourSlabThickness", text.encode())
    assert read_structure_set(dataset).named("S").slab_thickness_mm == thickness_mm


def test_irregular_spacing_counts_half_way_to_each_neighbour() -> None:  # E21
    assert one(boxes((0, 2, 5, 8, 10))).volume_cm3 == pytest.approx(4 * 3 * (1.0 + 0.1 + 0.1))


@pytest.mark.parametrize("shrunk", [1.0, 0.99, 0.97])
@pytest.mark.parametrize("distance", [0.004, 0.02, 0.09])
def test_a_contour_drawn_again_on_nearly_its_plane_counts_once(distance: float, shrunk: float) -> None:  # E22
    again = boxes((6 + distance,))[0] * (shrunk, shrunk, 1)
    structure = one([*boxes(), again])
    if distance < 0.01 and shrunk < 1:
        assert codes(structure) == []  # on one plane: a hole
    else:
        assert structure.volume_cm3 == pytest.approx(BOX_CM3, rel=0.01)
        assert len(structure.planes) == 5
        assert codes(structure) == [
            "structure.repeated-contour" if distance < 0.01 else "structure.close-planes"
        ]


def test_a_contour_drawn_again_a_little_aside_counts_once() -> None:  # E22
    structure = one([*boxes(), *boxes((6.02,), centre=(6, 0))])
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(structure) == ["structure.close-planes"]


@pytest.mark.parametrize("jitter", [0.004, 0.01, 0.05])
def test_positions_that_differ_by_rounding_are_one_plane(jitter: float) -> None:  # E22, E23
    outlines = []
    for i, z in enumerate((0, 3, 6, 9, 12)):
        off = jitter * (-1) ** i
        outlines.append(box(z=z + off, width_mm=40, height_mm=30))
        outlines.append(box(z=z - off, width_mm=20, height_mm=10))  # a hole
        outlines.append(box(z=z, width_mm=40, height_mm=30, centre=(100, 0)))  # another part
    structure = one(outlines)
    assert len(structure.planes) == 5
    assert structure.volume_cm3 == pytest.approx(2 * BOX_CM3 - 2 * 1 * 1.5, rel=0.01)
    assert not structure.notices


def test_touching_parts_on_nearly_one_plane_stay_both() -> None:  # E22
    structure = one([*boxes(), *(np.add(points, (39.99, 0, 0.02)) for points in boxes())])
    assert structure.volume_cm3 == pytest.approx(2 * BOX_CM3, rel=1e-3)


def test_planes_closer_than_any_image_keep_the_volume() -> None:  # E22
    structure = one(boxes(np.arange(0, 10, 0.04).round(2).tolist()))
    assert structure.volume_cm3 == pytest.approx(12.0, rel=0.02)


def test_a_gap_of_several_slices_is_left_empty_and_told() -> None:  # E24
    structure = one(boxes((0, 3, 6, 21, 24)))
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(structure) == ["structure.gap"]
    assert "1 gap of up to 15 mm left empty" in structure.notices[0].message


def test_a_gap_of_one_slice_is_bridged_and_told() -> None:  # E24
    structure = one(boxes((0, 3, 9, 12)))
    assert structure.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(structure) == ["structure.gap"]
    assert "1 gap of up to 6 mm bridged" in structure.notices[0].message


def test_planes_far_apart_are_told() -> None:  # E24
    assert codes(one(boxes((0, 40)))) == ["structure.wide-spacing"]


@pytest.mark.parametrize("spacing", [0.5, 1.0, 1.7])
def test_thin_and_off_grid_slices_are_computed(spacing: float) -> None:  # E25, E38
    positions = [round(0.37 + spacing * i, 4) for i in range(40)]
    structure = one(boxes(positions))
    assert structure.volume_cm3 == pytest.approx(4 * 3 * 40 * spacing / 10)
    assert not structure.notices


# Holes, overlaps, crossings

HOLLOW_CM3 = BOX_CM3 - 2.0 * 1.0 * 5 * 0.3


@pytest.mark.parametrize("encoding", ["nested", "opposite", "keyhole", "xor"])
def test_a_hole_is_a_hole_in_every_encoding(encoding: str) -> None:  # E27
    structure = one([outline for z in (0, 3, 6, 9, 12) for outline in with_hole(z, encoding)])
    assert structure.volume_cm3 == pytest.approx(HOLLOW_CM3, rel=1e-9)
    assert not structure.notices


def test_contours_that_overlap_in_part_are_told() -> None:  # E28
    structure = one([*boxes(), *boxes(centre=(30, 0))])
    assert structure.volume_cm3 == pytest.approx(2 * BOX_CM3 - 2 * (1 * 3 * 1.5), rel=2e-3)
    assert codes(structure) == ["structure.overlapping-contours"]
    assert "on 5 planes" in structure.notices[0].message


@pytest.mark.parametrize(
    "change",
    [lambda p: p, lambda p: p[::-1], lambda p: np.roll(p, 2, axis=0), lambda p: np.vstack((p, p[:1]))],
)
def test_a_contour_given_twice_counts_once(change: Callable[[Points], Points]) -> None:  # E29
    everywhere = one([*boxes(), *map(change, boxes())])
    assert everywhere.volume_cm3 == pytest.approx(BOX_CM3)
    assert codes(everywhere) == ["structure.repeated-contour"]
    assert everywhere.notices[0].message.startswith("5 of 10 contours")
    once = one([*boxes(), change(boxes()[2])])
    assert once.volume_cm3 == pytest.approx(BOX_CM3)
    assert once.notices[0].message.startswith("1 of 6 contours")


def test_a_contour_given_three_times_counts_once() -> None:  # E29
    assert one([*boxes(), *boxes(), *boxes()]).volume_cm3 == pytest.approx(BOX_CM3)


def test_a_bow_tie_is_told() -> None:  # E30
    structure = one([points[[0, 2, 1, 3]] for points in boxes()])
    assert structure.volume_cm3 == pytest.approx(BOX_CM3 / 2, rel=2e-3)
    assert codes(structure) == ["structure.self-crossing"]
    assert "even-odd" in structure.notices[0].message


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p[::-1],
        lambda p: [points[::-1] for points in p],
        lambda p: [np.roll(points, 1, axis=0) for points in p],
        lambda p: [np.vstack((points, points[:1])) for points in p],
    ],
    ids=["order", "winding", "start", "first point repeated"],
)
def test_order_winding_and_a_repeated_first_point_do_not_matter(
    change: Callable[[list[Points]], list[Points]],
) -> None:  # E33
    structure = one(change(boxes()))
    assert structure.volume_cm3 == pytest.approx(BOX_CM3, rel=1e-12)
    assert [len(loop) for plane in structure.planes for loop in plane.loops] == [4] * 5
    assert not structure.notices


# Orientation


@pytest.mark.parametrize("off", [0.55, 2.0, 30.0])
def test_a_contour_that_is_not_planar_is_refused(off: float) -> None:  # E31
    contours = [circle(z=z, radius_mm=20, points=8) for z in (0, 3, 6)]
    contours[1][3, 2] += off
    with pytest.raises(DicomError, match="not planar"):
        one(contours)


@pytest.mark.parametrize("off", [0.01, 0.3])
def test_a_contour_that_is_nearly_planar_is_projected(off: float) -> None:  # E31
    contours = [circle(z=z, radius_mm=20, points=8) for z in (0, 3, 6)]
    contours[1][::2, 2] += off / 2
    contours[1][1::2, 2] -= off / 2
    structure = one(contours)
    assert structure.axes.tolist() == np.eye(3).tolist()
    assert structure.volume_cm3 == pytest.approx(8 / 2 * 4 * math.sin(math.pi / 4) * 0.9, rel=1e-4)


@pytest.mark.parametrize(
    ("columns", "axes"),
    [([0, 1, 2], "xyz"), ([2, 0, 1], "yzx"), ([1, 2, 0], "zxy")],
    ids=["transverse", "sagittal", "coronal"],
)
def test_main_orientations_have_the_axes_that_are_said(columns: list[int], axes: str) -> None:  # E32
    drawn = [outline.points_mm for z in (0, 3, 6, 9, 12) for outline in with_hole(z, "nested")]
    structure = one([np.asarray(points)[:, columns] for points in drawn])
    assert structure.axes.tolist() == [np.eye(3)["xyz".index(axis)].tolist() for axis in axes]
    assert structure.positions_mm.tolist() == [0, 3, 6, 9, 12]
    assert structure.volume_cm3 == pytest.approx(HOLLOW_CM3, rel=1e-9)
    assert not structure.notices


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_any_orientation_has_the_same_volume(seed: int) -> None:  # E32
    generator = np.random.default_rng(seed)
    rotation = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    shift = generator.uniform(-300, 300, 3)
    drawn = [np.asarray(outline.points_mm) for z in (0, 3, 6, 9, 12) for outline in with_hole(z, "nested")]
    turned = [points @ rotation + shift for points in drawn]
    structure = one(turned)
    assert structure.volume_cm3 == pytest.approx(HOLLOW_CM3, rel=1e-4)  # written to 0.0001 mm
    assert structure.spacing_mm == pytest.approx(3, abs=1e-3)
    assert np.linalg.det(structure.axes) == pytest.approx(1)
    nearest = np.abs(structure.vertices_mm[:, None] - np.concatenate(turned)[None]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-3
    assert not structure.notices


@pytest.mark.parametrize("degrees", [0.5, 1.0, 5.0])
def test_parts_on_one_tilted_plane_are_on_one_plane(degrees: float) -> None:  # E32
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    tilt = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    parts = [box(z=z, width_mm=10, height_mm=10, centre=(x, 0)) for z in (0, 3, 6) for x in (-100, 100)]
    structure = one([points @ tilt for points in parts])
    assert len(structure.planes) == 3
    assert structure.volume_cm3 == pytest.approx(2 * 0.9, rel=1e-3)


def test_planes_that_are_not_parallel_are_refused() -> None:  # E32
    with pytest.raises(DicomError, match="not parallel"):
        one([*boxes(), *(points[:, [2, 0, 1]] for points in boxes())])
